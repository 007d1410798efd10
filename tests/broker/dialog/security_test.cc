// Sealing and opening between two sides, as the engine does it.
#include "broker/dialog/security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/crypto/random.h"
#include "proto/error_code.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {

namespace {

using dialog::EndpointKeys;
using dialog::SecurityType;
using proto::ErrorCode;

std::string text(proto::ByteView bytes) {
  return proto::to_string(bytes);
}

// What an engine does after open_first: the keys of both ends for what follows.
EndpointKeys at_initiator(const Dialog& dialog, const dialog::SessionKey* inbound = nullptr) {
  return {dialog.parties.type, true, &*dialog.initiators_key, inbound};
}
EndpointKeys at_target(const Dialog& dialog, const dialog::OpenedFirst& opened,
                       const dialog::SessionKey* outbound = nullptr) {
  return {dialog.parties.type, false, outbound, &*opened.session_key};
}

class RoundTripTest : public testing::Test {
 protected:
  dialog::Checked<dialog::Opened> open_at(Side& side, const proto::DialogMessage& message,
                                          const EndpointKeys& endpoint) {
    const Parsed parsed(message);
    return dialog::open(parsed.arrived(), endpoint, *side.keys);
  }
  Initiator initiator;
  Target target;
  Dialog dialog_{initiator, target};
};

TEST_F(RoundTripTest, FullSecurityCarriesARequestItsReplyAndWhatFollows) {
  const auto request = dialog_.first(decide(initiator));
  auto opened = dialog_.open_at_target(request);
  ASSERT_TRUE(opened) << opened.error().error.text();
  EXPECT_EQ(text(opened->body), kRequest);
  EXPECT_EQ(opened->type, SecurityType::full);
  EXPECT_EQ(opened->source_user, target.user);
  EXPECT_EQ(opened->destination_owner, target.owner);
  EXPECT_EQ(opened->session_key->key, dialog_.initiators_key->key);
  EXPECT_EQ(opened->created, kNow);
  EXPECT_EQ(opened->grant_not_after, kNow + dialog::kGrantLifetime);
  EXPECT_THAT(opened->detail,
              testing::Contains(testing::Pair(
                  "identity", "MyService_user (id " + std::to_string(target.user) + ")")));
  EXPECT_TRUE(
      dialog::authorize_first(target.instance(), target.database, target.service_row(), *opened));

  // The ack of message 0 comes under the initiator's key, before the target has one (D20).
  const auto ack = dialog::seal(ack_header_of(dialog_.conversation, false), {},
                                *opened->session_key, *target.keys)
                       .value();
  const auto opened_ack = open_at(initiator, ack, at_initiator(dialog_));
  ASSERT_TRUE(opened_ack) << opened_ack.error().error.text();
  EXPECT_EQ(opened_ack->key->id, dialog_.initiators_key->id);

  const auto decision = dialog::decide_reply(target.instance(), target.database, target.owner,
                                             opened->source_user, kNow);
  const auto reply = dialog_.first_reply(decision, *opened->session_key).value();
  ASSERT_TRUE(dialog::is_first_reply(*Parsed(reply).header, at_initiator(dialog_)));
  auto opened_reply = dialog_.open_at_initiator(reply);
  ASSERT_TRUE(opened_reply) << opened_reply.error().error.text();
  EXPECT_EQ(text(opened_reply->body), kReply);
  EXPECT_EQ(opened_reply->source_user, initiator.proxy);

  const auto second = dialog::seal(message_header(dialog_.conversation, true, 1, 3),
                                   proto::as_bytes("two"), *dialog_.initiators_key, *initiator.keys)
                          .value();
  EXPECT_EQ(text(open_at(target, second, at_target(dialog_, *opened, &*dialog_.targets_key))->body),
            "two");
  const auto answer = dialog::seal(message_header(dialog_.conversation, false, 1, 5),
                                   proto::as_bytes("three"), *dialog_.targets_key, *target.keys)
                          .value();
  const auto opened_answer =
      open_at(initiator, answer, at_initiator(dialog_, &*opened_reply->session_key));
  ASSERT_TRUE(opened_answer);
  EXPECT_EQ(text(opened_answer->body), "three");
  EXPECT_EQ(opened_answer->key->id, dialog_.targets_key->id);
}

TEST_F(RoundTripTest, NothingOfTheBodyIsReadableOnTheWire) {
  const auto request = dialog_.first(decide(initiator));
  EXPECT_EQ(text(request.header).find("kitten"), std::string::npos);
  EXPECT_EQ(text(request.body).find("kitten"), std::string::npos);
  EXPECT_EQ(text(request.header).find(proto::to_string(dialog_.initiators_key->key.view())),
            std::string::npos);
}

TEST_F(RoundTripTest, ARetransmittedFirstMessageOpensAtTheEndpointToo) {
  const auto request = dialog_.first(decide(initiator));
  const auto opened = dialog_.open_at_target(request);
  ASSERT_TRUE(opened);

  const auto again = dialog_.first(decide(initiator), kNow + 4s);

  EXPECT_NE(again.header, request.header);
  EXPECT_EQ(text(open_at(target, again, at_target(dialog_, *opened))->body), kRequest);
}

TEST_F(RoundTripTest, ARetryAfterTheGrantRanOutIsWrappedAgainUnderANewOne) {
  const auto decision = decide(initiator);
  const auto request = dialog_.first(decision);
  const auto later = kNow + dialog::kGrantLifetime + dialog::kClockSkewMax;
  const auto late = dialog_.open_at_target(request, later);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().error.code, ErrorCode::grant_out_of_time);
  EXPECT_EQ(late.error().step, 4);

  const auto again = dialog_.first(decision, later);

  const auto opened = dialog_.open_at_target(again, later);
  ASSERT_TRUE(opened) << opened.error().error.text();
  EXPECT_EQ(opened->session_key->key, dialog_.initiators_key->key);
  EXPECT_EQ(opened->created, kNow);
}

TEST_F(RoundTripTest, OneGrantServesManyDialogsAndIsOpenedOnce) {
  const auto decision = decide(initiator);
  Dialog other(initiator, target);
  const auto first = dialog_.first(decision);
  const auto second = other.first(decision);
  EXPECT_EQ(Parsed(first).header->security().first().grant(),
            Parsed(second).header->security().first().grant());

  EXPECT_FALSE(dialog_.open_at_target(first)->was_kek_cached);
  EXPECT_TRUE(other.open_at_target(second)->was_kek_cached);
  EXPECT_NE(dialog_.initiators_key->key, other.initiators_key->key);
}

TEST_F(RoundTripTest, WithSignEveryDialogAGrantServesItsOwnConversationOnly) {
  initiator.keys->sign_every_dialog = true;
  const auto decision = decide(initiator);
  Dialog other(initiator, target);
  const auto first = dialog_.first(decision);
  const auto second = other.first(decision);
  const auto grant_of = [](const proto::DialogMessage& message) {
    return Parsed(message).header->security().first().grant();
  };

  EXPECT_NE(grant_of(first), grant_of(second));
  EXPECT_EQ(grant_of(first),
            grant_of(dialog_.first(decision, kNow + 4s)));  // but not a signature a retry
  EXPECT_TRUE(dialog_.open_at_target(first));
  EXPECT_TRUE(other.open_at_target(second));
}

TEST(AnonymousTest, OneKeyServesBothWaysAndTheReplyHasNoSecurityHeader) {
  Initiator initiator(/*is_anonymous=*/true);
  Target target;
  target.grant(catalog::kPublic, catalog::ObjectClass::service, target.service, "SEND");
  Dialog dialog(initiator, target);
  const auto request = dialog.first(decide(initiator));
  EXPECT_TRUE(Parsed(request).header->security().first().grant_signature().empty());

  auto opened = dialog.open_at_target(request);
  ASSERT_TRUE(opened) << opened.error().error.text();
  EXPECT_EQ(opened->type, SecurityType::anonymous);
  EXPECT_EQ(opened->source_user, catalog::kPublic);
  EXPECT_EQ(opened->destination_owner, target.owner);
  EXPECT_EQ(text(opened->body), kRequest);
  EXPECT_TRUE(
      dialog::authorize_first(target.instance(), target.database, target.service_row(), *opened));

  const auto reply = dialog::seal(message_header(dialog.conversation, false, 0, kReply.size()),
                                  proto::as_bytes(kReply), *opened->session_key, *target.keys)
                         .value();
  const Parsed parsed(reply);
  ASSERT_TRUE(parsed.is_well_formed());
  EXPECT_FALSE(parsed.header->security().has_first());
  EXPECT_FALSE(dialog::is_first_reply(*parsed.header, at_initiator(dialog)));
  const auto opened_reply = dialog::open(parsed.arrived(), at_initiator(dialog), *initiator.keys);
  ASSERT_TRUE(opened_reply) << opened_reply.error().error.text();
  EXPECT_EQ(text(opened_reply->body), kReply);
}

TEST(AnonymousTest, ASecurityHeaderInTheReplyIsRefused) {
  Initiator initiator(/*is_anonymous=*/true);
  Target target;
  Dialog dialog(initiator, target);
  const auto opened = dialog.open_at_target(dialog.first(decide(initiator)));
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  const auto reply = dialog.first_reply(decision, *opened->session_key).value();
  const Parsed parsed(reply);

  const auto refused = dialog::open(parsed.arrived(), at_initiator(dialog), *initiator.keys);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, ErrorCode::header_inconsistent);
}

TEST(NoSecurityTest, MessagesTravelAsTheyAreAndTheSenderIsPublic) {
  Initiator initiator;
  initiator.drop<pb::RemoteServiceBinding>(initiator.binding);
  Target target;
  Dialog dialog(initiator, target);
  const auto request = dialog.first(decide(initiator, kNow, /*encryption_on=*/false));
  EXPECT_EQ(text(request.body), kRequest);

  const auto opened = dialog.open_at_target(request);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->type, SecurityType::none);
  EXPECT_EQ(opened->source_user, catalog::kPublic);
  EXPECT_FALSE(opened->destination_owner);
  EXPECT_FALSE(opened->session_key);
  const auto denied =
      dialog::authorize_first(target.instance(), target.database, target.service_row(), *opened);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().error.number(), 11215);

  const Parsed later(dialog::clear_message(message_header(dialog.conversation, true, 1, 2),
                                           proto::as_bytes("ok")));
  const auto opened_later =
      dialog::open(later.arrived(), {SecurityType::none, false, nullptr, nullptr}, *target.keys);
  ASSERT_TRUE(opened_later);
  EXPECT_EQ(text(opened_later->body), "ok");
  EXPECT_EQ(opened_later->key, nullptr);
}

// ---- memory that is used again ----

TEST(SealLaterTest, AMessageThatWasUsedCarriesTheNextAndOpensAlikeWithAndWithoutIds) {
  const dialog::SessionKey key = dialog::SessionKey::make();
  dialog::DatabaseKeys sender;
  dialog::DatabaseKeys receiver;
  const auto conversation = crypto::random_id<proto::ConversationId>();
  proto::envelope::DialogHeader header = message_header(conversation, true, 1, 0);
  dialog::set_security(header, key, sender.incarnation);
  const dialog::LaterHeaderWriter writer(header);
  std::optional<dialog::LaterHeaderReader> reader;
  proto::DialogMessage message;
  for (const std::size_t size : {16'384, 1, 1024, 0, 65'536, 17, 1024}) {
    const proto::Bytes body(size, static_cast<std::uint8_t>(size % 251 + 1));
    dialog::Varying varying = dialog::varying_of(header);
    varying.total_length = size;
    ASSERT_TRUE(
        dialog::seal_later(writer, varying, conversation, true, body, &key, sender, message));
    ASSERT_EQ(message.body.size(), size + dialog::kSealOverheadBytes);
    const Parsed parsed(message);
    ASSERT_TRUE(parsed.is_well_formed());
    const EndpointKeys endpoint{SecurityType::full, false, nullptr, &key};

    const auto opened = dialog::open(parsed.arrived(), endpoint, receiver);
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(proto::to_bytes(opened->body), body);

    if (!reader) reader.emplace(message.header, *parsed.header);
    const auto* read = reader->read(message);
    ASSERT_NE(read, nullptr);
    const auto again = dialog::open({*read, message.header, message.body, "peer", &reader->ids()},
                                    endpoint, receiver);
    ASSERT_TRUE(again) << size;
    EXPECT_EQ(proto::to_bytes(again->body), body);

    message.body.back() ^= 1;
    const auto damaged = dialog::open({*read, message.header, message.body, "peer", &reader->ids()},
                                      endpoint, receiver);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().error.code, ErrorCode::cannot_decrypt);
    EXPECT_EQ(proto::Bytes(receiver.plaintext.begin(),
                           receiver.plaintext.begin() + static_cast<std::ptrdiff_t>(size)),
              proto::Bytes(size))
        << "something of what was refused stays";
  }
}

// ---- the key that a message must have ----

class EstablishedTest : public RoundTripTest {
 protected:
  void SetUp() override {
    auto opened = dialog_.open_at_target(dialog_.first(decide(initiator)));
    ASSERT_TRUE(opened);
    inbound_at_target = opened->session_key->clone();
    const auto decision =
        dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
    auto reply =
        dialog_.open_at_initiator(dialog_.first_reply(decision, inbound_at_target).value());
    ASSERT_TRUE(reply);
    inbound_at_initiator = reply->session_key->clone();
  }
  [[nodiscard]] EndpointKeys initiators() const {
    return {SecurityType::full, true, &*dialog_.initiators_key, &inbound_at_initiator};
  }
  [[nodiscard]] EndpointKeys targets() const {
    return {SecurityType::full, false, &*dialog_.targets_key, &inbound_at_target};
  }
  proto::DialogMessage seal(Side& side, const envelope::DialogHeader& header,
                            const dialog::SessionKey& key) {
    return dialog::seal(header, proto::Bytes(header.total_length()), key, *side.keys).value();
  }
  int refused_with(Side& side, const proto::DialogMessage& message, const EndpointKeys& endpoint) {
    const auto opened = open_at(side, message, endpoint);
    return opened ? 0 : opened.error().error.number();
  }
  dialog::SessionKey inbound_at_target;
  dialog::SessionKey inbound_at_initiator;
};

TEST_F(EstablishedTest, AcksAndErrorsMayAnswerUnderEitherKeyButMessagesOnlyUnderTheSendersOwn) {
  const auto message = message_header(dialog_.conversation, false, 1, 4);
  auto error = ack_header_of(dialog_.conversation, false);
  error.set_kind(envelope::DialogHeader::ERROR);
  for (const auto& header : {ack_header_of(dialog_.conversation, false), error}) {
    EXPECT_EQ(refused_with(initiator, seal(target, header, *dialog_.targets_key), initiators()), 0);
    EXPECT_EQ(refused_with(initiator, seal(target, header, inbound_at_target), initiators()), 0);
  }
  EXPECT_EQ(refused_with(initiator, seal(target, message, *dialog_.targets_key), initiators()), 0);
  EXPECT_EQ(refused_with(initiator, seal(target, message, inbound_at_target), initiators()), 11233);
}

TEST_F(EstablishedTest, SecuredAndUnsecuredDoNotMix) {
  const auto header = message_header(dialog_.conversation, true, 1, 4);
  const auto sealed = seal(initiator, header, *dialog_.initiators_key);
  const auto clear = dialog::clear_message(header, proto::as_bytes("fake"));
  EXPECT_EQ(refused_with(target, sealed, {SecurityType::none, false, nullptr, nullptr}), 11231);
  EXPECT_EQ(refused_with(target, clear, targets()), 11232);
}

TEST_F(EstablishedTest, AnotherSessionKeyIsRefusedWith11233) {
  const auto key = dialog::SessionKey::make();
  EXPECT_EQ(
      refused_with(target, seal(initiator, message_header(dialog_.conversation, true, 1, 4), key),
                   targets()),
      11233);
}

TEST_F(EstablishedTest, ASecondFirstMessageWithAnotherKeyChangesNothing) {
  Dialog other(initiator, target);
  other.conversation = dialog_.conversation;  // the conversation id is taken from the wire
  EXPECT_EQ(refused_with(target, other.first(decide(initiator)), targets()), 11233);
}

TEST_F(EstablishedTest, AForgedAckIsRefusedAsCorruptedMessage) {
  auto ack = seal(target, ack_header_of(dialog_.conversation, false), *dialog_.targets_key);
  ack.body[0] ^= 1;
  const auto refused = open_at(initiator, ack, initiators());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.number(), 11230);
  EXPECT_EQ(refused.error().event, proto::EventClass::corrupted_message);
  EXPECT_FALSE(refused.error().may_answer);
}

TEST_F(EstablishedTest, InventedIncarnationsFillNoCache) {
  const std::size_t before = target.keys->messages.size();
  auto message =
      seal(initiator, message_header(dialog_.conversation, true, 1, 4), *dialog_.initiators_key);
  for (int i = 0; i < 50; ++i) {
    auto header = *Parsed(message).header;
    header.mutable_security()->set_incarnation_id(proto::to_string(crypto::random_guid().view()));
    EXPECT_EQ(
        refused_with(target, {.header = dialog::serialize_header(header), .body = message.body},
                     targets()),
        11230);
  }
  EXPECT_EQ(target.keys->messages.size(), before);
  EXPECT_EQ(refused_with(target, message, targets()), 0);
}

TEST_F(EstablishedTest, AReopenedDatabaseSealsUnderAnotherIncarnation) {
  const auto header = message_header(dialog_.conversation, true, 1, 4);
  const auto before = seal(initiator, header, *dialog_.initiators_key);
  initiator.reopen();
  const auto after = seal(initiator, header, *dialog_.initiators_key);

  EXPECT_NE(Parsed(before).header->security().incarnation_id(),
            Parsed(after).header->security().incarnation_id());
  EXPECT_NE(before.body, after.body);
  EXPECT_EQ(refused_with(target, before, targets()), 0);
  EXPECT_EQ(refused_with(target, after, targets()), 0);
}

TEST_F(EstablishedTest, NoNonceComesTwiceWhateverTheConversationOrKey) {
  std::set<std::uint64_t> nonces;
  Dialog other(initiator, target);
  for (int i = 0; i < 20; ++i) {
    const auto header =
        message_header(i % 2 == 0 ? dialog_.conversation : other.conversation, true, 1, 4);
    const auto message =
        seal(initiator, header, i % 3 == 0 ? inbound_at_initiator : *dialog_.initiators_key);
    EXPECT_TRUE(nonces.insert(Parsed(message).header->security().nonce_counter()).second);
  }
}

TEST_F(EstablishedTest, AnIncarnationWithoutNoncesSealsNoMore) {
  initiator.keys->incarnation.skip_to(dialog::kSealsMax);
  const auto sealed = dialog::seal(message_header(dialog_.conversation, true, 1, 0), {},
                                   *dialog_.initiators_key, *initiator.keys);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, ErrorCode::session_key_not_retrievable);
}

// ---- what seal_first reports ----

class SealFirstTest : public testing::Test {
 protected:
  int seal_error(proto::TimePoint now = kNow) {
    Dialog dialog(initiator, initiator);
    const auto key = dialog::SessionKey::make();
    const auto sealed = dialog::seal_first(initiator.instance(), initiator.database,
                                           message_header(dialog.conversation, true, 0, 0), {},
                                           {parties, now, nullptr}, key, *initiator.keys, now);
    return sealed ? 0 : sealed.error().number();
  }
  Initiator initiator;
  dialog::Parties parties = decide(initiator).parties;
};

TEST_F(SealFirstTest, ACertificateThatIsGoneOrOutOfDateStopsTheNextGrant) {
  EXPECT_EQ(seal_error(kNow + 24h * 366), 28025);
  EXPECT_EQ(seal_error(kNow - 48h), 28024);
  initiator.drop<pb::Certificate>(initiator.own_certificate);
  EXPECT_EQ(seal_error(), 9731);
}

TEST_F(SealFirstTest, AGrantInTheCacheServesUntilTheCatalogChanges) {
  EXPECT_EQ(seal_error(), 0);
  initiator.drop<pb::Certificate>(initiator.peer_certificate);
  initiator.keys->catalog_changed(initiator.instance(), initiator.database);
  EXPECT_EQ(seal_error(), 9731);
}

TEST_F(SealFirstTest, AGrantEndsWithItsCertificates) {
  const auto end = kNow + 1h;
  initiator.change<pb::Certificate>(initiator.peer_certificate, [end](pb::Certificate& row) {
    row.set_der(proto::to_string(issue("Short", target_key(), kNow - 1h, end).der()));
  });
  parties = decide(initiator).parties;
  EXPECT_EQ(seal_error(), 0);
  EXPECT_EQ(seal_error(end), 0);
  EXPECT_EQ(seal_error(end + 1us), 28025);
}

TEST_F(SealFirstTest, AClosedMasterKeyOrAMissingPrivateKeyStopsTheSignature) {
  initiator.close_master_key();
  EXPECT_EQ(seal_error(), 15581);
}

TEST_F(SealFirstTest, KeysThatAreTooShortAreRefused) {
  const auto short_key = crypto::RsaPrivateKey::generate(768);
  initiator.change<pb::Certificate>(initiator.peer_certificate, [&](pb::Certificate& row) {
    row.set_der(proto::to_string(issue("Short", short_key).der()));
  });
  parties = decide(initiator).parties;
  EXPECT_EQ(seal_error(), 9735);

  Initiator other;
  other.drop<pb::Certificate>(other.own_certificate);
  other.add_certificate("Short_cert", other.owner, issue("Short", short_key),
                        {.private_key = &short_key});
  Dialog dialog(other, other);
  const auto key = dialog::SessionKey::make();
  const auto sealed = dialog::seal_first(
      other.instance(), other.database, message_header(dialog.conversation, true, 0, 0), {},
      {decide(other).parties, kNow, nullptr}, key, *other.keys, kNow);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().number(), 9734);
}

}  // namespace

}  // namespace ssb::broker::tests
