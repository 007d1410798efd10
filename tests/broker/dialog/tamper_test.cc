// An attacker on the wire who changes, cuts, reflects or moves sealed messages: every byte, every kind of message.
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/dialog/security.h"
#include "proto/error_code.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {

namespace {

using dialog::EndpointKeys;
using dialog::SecurityType;
using proto::DialogMessage;
using proto::Error;

// What a receiver says to a message: nullopt when it takes it.
using Receiver = std::function<std::optional<Error>(const Parsed&)>;

// How often each error number was given.
using Tally = std::map<int, int>;

std::optional<Error> answer(const DialogMessage& message, const Receiver& receive,
                            const std::string& peer) {
  const Parsed parsed(message, peer);
  return parsed.is_well_formed() ? receive(parsed) : parsed.header.error();
}

// Flips bits of every byte of header and body, one at a time; each must be refused with a reason.
Tally refuse_every_flip(const DialogMessage& message, const Receiver& receive) {
  Tally tally;
  for (std::size_t at = 0; at < message.header.size() + message.body.size(); ++at) {
    for (const std::uint8_t mask : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      DialogMessage changed = message;
      const bool is_in_header = at < message.header.size();
      (is_in_header ? changed.header[at] : changed.body[at - message.header.size()]) ^= mask;
      const auto refused =
          answer(changed, receive, "peer " + std::to_string(at));  // its own budget of failures
      if (!refused) {
        ADD_FAILURE() << "taken with a change of byte " << at;
        continue;
      }
      EXPECT_FALSE(refused->text().empty());
      ++tally[refused->number()];
    }
  }
  return tally;
}

void refuse_every_truncation(const DialogMessage& message, const Receiver& receive) {
  for (std::size_t size = 0; size < message.header.size(); ++size) {
    DialogMessage cut = message;
    cut.header.resize(size);
    EXPECT_TRUE(answer(cut, receive, "peer")) << size;
  }
  for (std::size_t size = 0; size < message.body.size(); ++size) {
    DialogMessage cut = message;
    cut.body.resize(size);
    EXPECT_TRUE(answer(cut, receive, "peer")) << size;
  }
  DialogMessage longer = message;
  longer.body.push_back(0);
  EXPECT_TRUE(answer(longer, receive, "peer"));
}

class TamperTest : public testing::Test {
 protected:
  Receiver target_first() {
    return [this](const Parsed& parsed) -> std::optional<Error> {
      // Only a message that still begins a dialog comes here; an engine without the endpoint drops the others (11213).
      if (parsed.header->kind() != envelope::DialogHeader::BEGIN ||
          !parsed.header->from_initiator()) {
        return Error(proto::ErrorCode::not_first_message);
      }
      const auto opened = dialog::open_first(target.instance(), target.database, parsed.arrived(),
                                             *target.keys, kNow);
      if (!opened) return opened.error().error;
      const auto allowed = dialog::authorize_first(target.instance(), target.database,
                                                   target.service_row(), *opened);
      return allowed ? std::nullopt : std::optional(allowed.error().error);
    };
  }
  Receiver initiator_reply() {
    return [this](const Parsed& parsed) -> std::optional<Error> {
      if (!dialog::is_first_reply(*parsed.header,
                                  {SecurityType::full, true, &*dialog_.initiators_key, nullptr})) {
        return Error(proto::ErrorCode::session_key_differs);
      }
      const auto opened =
          dialog::open_reply_first(initiator.instance(), initiator.database, parsed.arrived(),
                                   dialog_.parties, *dialog_.initiators_key, *initiator.keys, kNow);
      return opened ? std::nullopt : std::optional(opened.error().error);
    };
  }
  static Receiver endpoint(Side& side, const EndpointKeys& keys) {
    return [&side, keys](const Parsed& parsed) -> std::optional<Error> {
      const auto opened = dialog::open(parsed.arrived(), keys, *side.keys);
      return opened ? std::nullopt : std::optional(opened.error().error);
    };
  }
  void make_anonymous() {
    initiator.change<pb::RemoteServiceBinding>(
        initiator.binding, [](auto& binding) { binding.set_is_anonymous(true); });
    target.grant(catalog::kPublic, catalog::ObjectClass::service, target.service, "SEND");
  }
  Initiator initiator;
  Target target;
  Dialog dialog_{initiator, target};
};

// The error that a flip inside of `field`, as it stands in the header, gives.
int refusal_within(const DialogMessage& message, std::string_view field, const Receiver& receive) {
  const std::size_t at = std::string(proto::as_text(message.header)).find(field);
  EXPECT_NE(at, std::string::npos);
  DialogMessage changed = message;
  changed.header[at + field.size() / 2] ^= 1;
  const auto refused = answer(changed, receive, "field");
  return refused ? refused->number() : 0;
}

TEST_F(TamperTest, EveryByteOfAFirstMessageInFullSecurityCounts) {
  const auto message = dialog_.first(decide(initiator));
  const Tally cold = refuse_every_flip(message, target_first());
  ASSERT_FALSE(answer(message, target_first(), "peer"));
  const Tally warm = refuse_every_flip(message, target_first());
  refuse_every_truncation(message, target_first());

  // Each way to fail is seen: not parsed, not found, wrong signature, wrong MAC or tag.
  for (const Tally& tally : {cold, warm}) {
    for (const int number : {28007, 11229, 9630, 11230})
      EXPECT_GT(tally.contains(number) ? tally.at(number) : 0, 0) << number;
  }
  EXPECT_FALSE(answer(message, target_first(), "peer"));  // and the original is still taken
}

TEST_F(TamperTest, EachFieldOfTheSecurityHeaderSaysWhatIsWrongWithIt) {
  const auto message = dialog_.first(decide(initiator));
  const auto header = *Parsed(message).header;
  const auto& first = header.security().first();
  envelope::KeyExchangeGrant grant;
  envelope::DialogPart part;
  ASSERT_TRUE(grant.ParseFromString(first.grant()) && part.ParseFromString(first.dialog_part()));
  const Receiver receive = target_first();

  EXPECT_EQ(refusal_within(message, grant.source().serial(), receive), 11229);
  EXPECT_EQ(refusal_within(message, grant.source().sha256(), receive), 9630);
  EXPECT_EQ(refusal_within(message, grant.destination().serial(), receive), 11229);
  EXPECT_EQ(refusal_within(message, grant.destination().sha256(), receive), 9630);
  EXPECT_EQ(refusal_within(message, grant.kek_id(), receive), 9630);
  EXPECT_EQ(refusal_within(message, grant.wrapped_kek(), receive), 9630);
  EXPECT_EQ(refusal_within(message, first.grant_signature(), receive), 9630);
  EXPECT_EQ(refusal_within(message, part.salt(), receive), 11230);
  EXPECT_EQ(refusal_within(message, part.wrapped_session_key(), receive), 11230);
  EXPECT_EQ(refusal_within(message, first.dialog_mac(), receive), 11230);
  EXPECT_EQ(refusal_within(message, header.contract(), receive), 11230);
}

TEST_F(TamperTest, EveryByteOfAFirstMessageInAnonymousSecurityCounts) {
  make_anonymous();
  const auto message = dialog_.first(decide(initiator));
  refuse_every_flip(message, target_first());
  ASSERT_FALSE(answer(message, target_first(), "peer"));
  refuse_every_flip(message, target_first());
  refuse_every_truncation(message, target_first());
  EXPECT_FALSE(answer(message, target_first(), "peer"));
}

TEST_F(TamperTest, EveryByteOfTheFirstReplyCounts) {
  const auto opened = dialog_.open_at_target(dialog_.first(decide(initiator)));
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  const auto reply = dialog_.first_reply(decision, *opened->session_key).value();

  const Tally cold = refuse_every_flip(reply, initiator_reply());
  ASSERT_FALSE(answer(reply, initiator_reply(), "peer"));
  refuse_every_flip(reply, initiator_reply());
  refuse_every_truncation(reply, initiator_reply());

  for (const int number : {28007, 11229, 9630, 11230})
    EXPECT_GT(cold.contains(number) ? cold.at(number) : 0, 0) << number;
  const std::string reply_mac = Parsed(reply).header->security().first().reply_mac();
  EXPECT_EQ(refusal_within(reply, reply_mac, initiator_reply()), 11230);
}

class LaterTest : public TamperTest {
 protected:
  // Both keys known to both, without the exchange.
  dialog::SessionKey initiators = dialog::SessionKey::make();
  dialog::SessionKey targets = dialog::SessionKey::make();
  proto::ConversationId conversation = crypto::random_id<proto::ConversationId>();
  [[nodiscard]] EndpointKeys at_initiator() const {
    return {SecurityType::full, true, &initiators, &targets};
  }
  [[nodiscard]] EndpointKeys at_target() const {
    return {SecurityType::full, false, &targets, &initiators};
  }
  DialogMessage seal(Side& side, const envelope::DialogHeader& header, std::string_view body,
                     const dialog::SessionKey& key) {
    return dialog::seal(header, proto::as_bytes(body), key, *side.keys).value();
  }
  DialogMessage second() {
    return seal(initiator, message_header(conversation, true, 1, 6), "second", initiators);
  }
};

TEST_F(LaterTest, EveryByteOfALaterMessageCounts) {
  const auto message = second();
  refuse_every_flip(message, endpoint(target, at_target()));
  ASSERT_FALSE(answer(message, endpoint(target, at_target()), "peer"));
  refuse_every_flip(message, endpoint(target, at_target()));
  refuse_every_truncation(message, endpoint(target, at_target()));
}

TEST_F(LaterTest, EveryByteOfAnAckCounts) {
  const auto ack = seal(target, ack_header_of(conversation, false), "", initiators);
  ASSERT_FALSE(answer(ack, endpoint(initiator, at_initiator()), "peer"));
  refuse_every_flip(ack, endpoint(initiator, at_initiator()));
  refuse_every_truncation(ack, endpoint(initiator, at_initiator()));
}

TEST_F(LaterTest, ReflectedMessagesAreRefusedInFullAndInAnonymousSecurity) {
  const auto message = second();
  EXPECT_EQ(answer(message, endpoint(initiator, at_initiator()), "peer")->number(), 11221);
  const EndpointKeys anonymous{SecurityType::anonymous, true, &initiators, &initiators};
  EXPECT_EQ(answer(message, endpoint(initiator, anonymous), "peer")->number(), 11221);

  // With the direction turned round in the header, neither additional data nor key fit any more.
  auto header = *Parsed(message).header;
  header.set_from_initiator(false);
  const DialogMessage turned{.header = dialog::serialize_header(header), .body = message.body};
  EXPECT_EQ(answer(turned, endpoint(initiator, anonymous), "peer")->number(), 11230);
}

TEST_F(LaterTest, AMessageDoesNotMoveToAnotherConversation) {
  const auto message = second();
  auto header = *Parsed(message).header;
  header.set_conversation_id(std::string(16, 'x'));
  const DialogMessage moved{.header = dialog::serialize_header(header), .body = message.body};
  EXPECT_EQ(answer(moved, endpoint(target, at_target()), "peer")->number(), 11230);
}

TEST_F(LaterTest, AHeaderOfOneMessageDoesNotCarryTheBodyOfAnother) {
  const auto second_message = second();
  const auto third =
      seal(initiator, message_header(conversation, true, 2, 6), "third!", initiators);
  EXPECT_EQ(answer({.header = third.header, .body = second_message.body},
                   endpoint(target, at_target()), "peer")
                ->number(),
            11230);
  auto renumbered = *Parsed(third).header;
  renumbered.set_sequence(1);
  EXPECT_EQ(answer({.header = dialog::serialize_header(renumbered), .body = third.body},
                   endpoint(target, at_target()), "peer")
                ->number(),
            11230);
}

}  // namespace

}  // namespace ssb::broker::tests
