// First messages that a receiver refuses: reference service-broker.md 2.7, step by step.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/dialog/security.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {

namespace {

using dialog::Refusal;

class TargetTest : public testing::Test {
 protected:
  // The refusal of a first message that was made before `change`.
  Refusal refusal_after(const std::function<void()>& change, proto::TimePoint now = kNow) {
    const auto message = dialog_.first(decide(initiator));
    change();
    const auto opened = dialog_.open_at_target(message, now);
    if (opened) {
      ADD_FAILURE() << "it was opened";
      return {};
    }
    EXPECT_FALSE(opened.error().may_answer);
    EXPECT_FALSE(opened.error().answer);
    EXPECT_FALSE(opened.error().error.text().empty());
    return opened.error();
  }
  Initiator initiator;
  Target target;
  Dialog dialog_{initiator, target};
};

// ---- steps 3 to 6 at the target, cold and with a cached KEK ----

struct Step {
  const char* name;
  void (*change)(Target&);
  std::chrono::hours later;
  int step;
  int number;
  int audit_subclass;
  const char* audit_text;
};
// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's.
void PrintTo(const Step& step, std::ostream* out) {
  *out << step.name;
}

// Another certificate with the same issuer and serial number: its signature, which nobody checks, differs.
void put_lookalike(Target& target, std::int32_t id) {
  target.change<pb::Certificate>(id, [&](pb::Certificate& row) {
    row.mutable_der()->back() ^= 1;
    if (id == target.own_certificate) keys::put_private_key(row, target_key(), target.master_key());
  });
}

// Another one with them, whose key is too short for dialogs.
void put_short_key(Target& target, std::int32_t id) {
  static const auto key = crypto::RsaPrivateKey::generate(512);
  const auto& named = Initiator::peers_certificate();
  const auto certificate = crypto::X509Certificate::make_self_signed(
      {"Image Processor Identity", kNow - 24h, kNow + 24h, {}, named.serial()}, key);
  target.change<pb::Certificate>(id, [&](pb::Certificate& row) {
    row.set_der(proto::to_string(certificate.der()));
    keys::put_private_key(row, key, target.master_key());
  });
}

class StepTest : public testing::TestWithParam<Step> {
 protected:
  void expect_refused(bool is_warm) {
    Initiator initiator;
    Target target;
    Dialog first(initiator, target);
    Dialog second(initiator, target);
    const auto decision = decide(initiator);
    const auto warming = first.first(decision);
    const auto message = second.first(decision);
    if (is_warm) {
      ASSERT_TRUE(first.open_at_target(warming));
      ASSERT_TRUE(second.open_at_target(message)->was_kek_cached);
    }
    GetParam().change(target);

    const auto opened = second.open_at_target(message, kNow + GetParam().later);

    ASSERT_FALSE(opened);
    const Refusal& refusal = opened.error();
    EXPECT_EQ(refusal.step, GetParam().step);
    EXPECT_EQ(refusal.error.number(), GetParam().number) << refusal.error.text();
    EXPECT_EQ(refusal.audit_subclass, GetParam().audit_subclass);
    EXPECT_EQ(refusal.audit_text, GetParam().audit_text);
    EXPECT_FALSE(refusal.may_answer);
    EXPECT_EQ(refusal.event, proto::EventClass::message_undeliverable);
  }
};

TEST_P(StepTest, RefusesWithItsReason) {
  expect_refused(false);
}
TEST_P(StepTest, RefusesWithTheSameReasonWhenTheKekIsCached) {
  expect_refused(true);
}

void set_private_key_protection(Target& target, const std::string& protection) {
  target.change<pb::Certificate>(target.own_certificate, [&](pb::Certificate& row) {
    row.set_private_key_protection(protection);
  });
}
void unchanged(Target&) {}

INSTANTIATE_TEST_SUITE_P(
    All, StepTest,
    testing::Values(
        Step{"source certificate dropped",
             [](Target& at) { at.drop<pb::Certificate>(at.peer_certificate); }, 0h, 3, 11229, 2,
             "Cert not found"},
        Step{"destination certificate dropped",
             [](Target& at) { at.drop<pb::Certificate>(at.own_certificate); }, 0h, 3, 11229, 2,
             "Cert not found"},
        Step{"certificates expired here", unchanged, 24h * 366, 4, 28025, 2,
             "Not in valid time period"},
        Step{"certificates not valid yet here", unchanged, -48h, 4, 28024, 2,
             "Not in valid time period"},
        Step{"grant ran out", unchanged, 9h, 4, 28011, 2, "Not in valid time period"},
        Step{"grant of the future", unchanged, -5h, 4, 28011, 2, "Not in valid time period"},
        Step{"private key removed", [](Target& at) { set_private_key_protection(at, "NA"); }, 0h, 5,
             9733, 2, "Private key not found"},
        Step{"private key under a password",
             [](Target& at) { set_private_key_protection(at, "PW"); }, 0h, 5, 9737, 2,
             "Private key not found"},
        Step{"master key closed", [](Target& at) { at.close_master_key(); }, 0h, 5, 11229, 2,
             "Private key not found"},
        Step{"private key too short", [](Target& at) { put_short_key(at, at.own_certificate); }, 0h,
             5, 9734, 2, "Private key size incompatible with crypto provider"},
        Step{"source certificate replaced by a lookalike",
             [](Target& at) { put_lookalike(at, at.peer_certificate); }, 0h, 6, 9630, 3,
             "Invalid Signature"},
        Step{"destination certificate replaced by a lookalike",
             [](Target& at) { put_lookalike(at, at.own_certificate); }, 0h, 7, 11230, 0, ""}));

TEST_F(TargetTest, AMissingCertificateIsNamedAndWhatIsThereInsteadToo) {
  const Refusal refusal = refusal_after([&] {
    target.drop<pb::Certificate>(target.peer_certificate);
    target.add_certificate("MyService_2007", target.user,
                           issue("My Service Identity", initiator_key()));
  });
  ASSERT_EQ(refusal.detail.size(), 2u);
  EXPECT_EQ(refusal.detail[0].first, "looked_for");
  EXPECT_THAT(
      refusal.detail[0].second,
      testing::AllOf(testing::HasSubstr("source certificate: issuer CN=My Service Identity serial"),
                     testing::HasSubstr(Initiator::certificate().serial_text())));
  EXPECT_EQ(refusal.detail[1].first, "found_instead");
  EXPECT_THAT(refusal.detail[1].second, testing::StartsWith("MyService_2007 serial "));
}

TEST_F(TargetTest, TheDatesOfTheDestinationCertificateCountToo) {
  initiator.drop<pb::Certificate>(initiator.peer_certificate);
  target.drop<pb::Certificate>(target.own_certificate);
  const auto short_lived = issue("Short", target_key(), kNow - 1h, kNow + 1h);
  initiator.add_certificate("Short", initiator.proxy, short_lived);
  target.add_certificate("Short", target.owner, short_lived, {.private_key = &target_key()});

  const Refusal refusal = refusal_after([] {}, kNow + 2h);

  EXPECT_EQ(refusal.error.number(), 28025);
  EXPECT_THAT(refusal.detail,
              testing::Contains(testing::Pair("certificate", "Short (destination)")));
}

TEST_F(TargetTest, AMasterKeyThatIsMissingOrClosedIsLoggedWithItsErrorCode) {
  const Refusal closed = refusal_after([&] { target.close_master_key(); });
  ASSERT_TRUE(closed.log);
  EXPECT_EQ(closed.log->number(), 28054);
  EXPECT_EQ(closed.log->parameters.at(1), "32");

  const Refusal missing = refusal_after([&] { target.drop<pb::MasterKey>(catalog::kMasterKeyId); });
  ASSERT_TRUE(missing.log);
  EXPECT_EQ(missing.log->parameters.at(1), "25");
}

TEST_F(TargetTest, InactiveCertificatesAreGoodEnoughToVerifyAndToOpen) {
  for (const auto id : {target.own_certificate, target.peer_certificate}) {
    target.change<pb::Certificate>(
        id, [](pb::Certificate& row) { row.set_is_active_for_begin_dialog(false); });
  }
  EXPECT_TRUE(dialog_.open_at_target(dialog_.first(decide(initiator))));
}

// ---- messages with one part of their security header changed ----

class ForgedTest : public TargetTest {
 protected:
  using Change = std::function<void(envelope::DialogHeader&)>;
  // Opens the first message after a change of its header (and so of its additional data).
  Refusal refusal_of(const Change& change) {
    const auto message = dialog_.first(decide(initiator));
    auto header = *Parsed(message).header;
    change(header);
    return refusal_of_message({.header = dialog::serialize_header(header), .body = message.body});
  }
  Refusal refusal_of_message(const proto::DialogMessage& message) {
    const Parsed parsed(message);
    EXPECT_TRUE(parsed.is_well_formed()) << parsed.header.error().text();
    const auto opened = dialog::open_first(target.instance(), target.database, parsed.arrived(),
                                           *target.keys, kNow);
    if (opened) {
      ADD_FAILURE() << "it was opened";
      return {};
    }
    return opened.error();
  }
  static envelope::SecurityHeader& first_of(envelope::DialogHeader& header) {
    return *header.mutable_security()->mutable_first();
  }
  static void change_grant(envelope::DialogHeader& header,
                           const std::function<void(envelope::KeyExchangeGrant&)>& change) {
    envelope::KeyExchangeGrant grant;
    ASSERT_TRUE(grant.ParseFromString(first_of(header).grant()));
    change(grant);
    first_of(header).set_grant(grant.SerializeAsString());
  }
};

TEST_F(ForgedTest, ASignatureOfAnotherSizeIsRefusedBeforeRsa) {
  const Refusal refusal =
      refusal_of([](auto& header) { first_of(header).set_grant_signature(std::string(128, 's')); });
  EXPECT_EQ(refusal.step, 6);
  EXPECT_EQ(refusal.error.number(), 9629);
  EXPECT_THAT(refusal.audit_text, testing::HasSubstr("signature"));
}

TEST_F(ForgedTest, AKeyExchangeKeyOfAnotherSizeIsRefusedBeforeRsa) {
  const Refusal refusal = refusal_of([](auto& header) {
    change_grant(header, [](auto& grant) { grant.set_wrapped_kek(std::string(128, 'w')); });
  });
  EXPECT_EQ(refusal.step, 5);
  EXPECT_EQ(refusal.error.number(), 11264);
  EXPECT_THAT(refusal.audit_text, testing::HasSubstr("key exchange key"));
}

TEST_F(ForgedTest, TheSignatureCoversEveryFieldOfTheGrant) {
  const std::function<void(envelope::KeyExchangeGrant&)> changes[] = {
      [](auto& grant) { grant.set_kek_id(std::string(16, 'k')); },
      [](auto& grant) { grant.mutable_wrapped_kek()->back() ^= 1; },
      [](auto& grant) { grant.set_not_before_us(grant.not_before_us() - 1); },
      [](auto& grant) { grant.set_not_after_us(grant.not_after_us() + 1); },
  };
  for (const auto& change : changes) {
    const Refusal refusal = refusal_of([&](auto& header) { change_grant(header, change); });
    EXPECT_EQ(refusal.step, 6);
    EXPECT_EQ(refusal.error.number(), 9630);
    EXPECT_EQ(refusal.audit_subclass, dialog::kAuditInvalidSignature);
  }
}

TEST_F(ForgedTest, AWarmCacheDoesNotExtendAGrant) {
  ASSERT_TRUE(dialog_.open_at_target(dialog_.first(decide(initiator))));
  const Refusal refusal = refusal_of([](auto& header) {
    change_grant(header,
                 [](auto& grant) { grant.set_not_after_us(grant.not_after_us() + 3'600'000'000); });
  });
  EXPECT_EQ(refusal.error.number(), 9630);
}

TEST_F(ForgedTest, TheSecurityHeaderOfOneConversationDoesNotFitAnother) {
  Dialog other(initiator, target);
  const auto donor = *Parsed(other.first(decide(initiator))).header;
  const Refusal whole =
      refusal_of([&](auto& header) { *header.mutable_security() = donor.security(); });
  EXPECT_EQ(whole.error.number(), 11230);
  EXPECT_THAT(whole.error.text(), testing::HasSubstr("MAC"));
  const Refusal part = refusal_of([&](auto& header) {
    first_of(header).set_dialog_part(donor.security().first().dialog_part());
  });
  EXPECT_EQ(part.error.number(), 11230);
}

TEST_F(ForgedTest, AnyAddressingThatIsChangedBreaksTheMac) {
  const Change changes[] = {
      [](auto& header) { header.set_from_service("OtherService"); },
      [](auto& header) { header.set_to_service("OtherProcessor"); },
      [](auto& header) { header.set_from_broker(std::string(16, 'b')); },
      [](auto& header) { header.clear_to_broker(); },
      [](auto& header) { header.set_conversation_id(std::string(16, 'c')); },
      [](auto& header) { header.mutable_security()->set_session_key_id(std::string(16, 'k')); },
  };
  for (const auto& change : changes) {
    const Refusal refusal = refusal_of(change);
    EXPECT_EQ(refusal.step, 7);
    EXPECT_EQ(refusal.error.number(), 11230);
    EXPECT_THAT(refusal.error.text(), testing::HasSubstr("MAC"));
  }
}

TEST_F(ForgedTest, WhatOnlyTheBodysTagCoversIsCoveredToo) {
  const Change changes[] = {
      [](auto& header) { header.set_contract("OtherContract"); },
      [](auto& header) { header.set_message_type("OtherType"); },
      [](auto& header) { header.set_lifetime_remaining_us(1); },
      [](auto& header) { header.mutable_ack()->set_next_sequence(1); },
      [](auto& header) { header.mutable_security()->set_nonce_counter(99); },
      [](auto& header) { header.mutable_security()->set_incarnation_id(std::string(16, 'i')); },
      [](auto& header) { header.set_saw_first_ack(true); },
  };
  for (const auto& change : changes) {
    const Refusal refusal = refusal_of(change);
    EXPECT_EQ(refusal.error.number(), 11230);
    EXPECT_THAT(refusal.error.text(), testing::HasSubstr("body"));
  }
}

TEST_F(ForgedTest, AGrantForOneConversationIsRefusedInAnother) {
  initiator.keys->sign_every_dialog = true;
  Dialog other(initiator, target);
  const auto donor = *Parsed(other.first(decide(initiator))).header;
  const Refusal refusal =
      refusal_of([&](auto& header) { *header.mutable_security() = donor.security(); });
  EXPECT_EQ(refusal.step, 6);
  EXPECT_EQ(refusal.error.number(), 11221);
}

TEST_F(ForgedTest, StrippedOfItsSignatureAMessageIsNotEvenAnonymous) {
  const Refusal refusal = refusal_of([](auto& header) {
    change_grant(header, [](auto& grant) { grant.clear_source(); });
    first_of(header).clear_grant_signature();
  });
  EXPECT_EQ(refusal.step, 7);
  EXPECT_THAT(refusal.error.text(), testing::HasSubstr("key exchange key does not open"));
}

TEST_F(ForgedTest, StrippedOfAllSecurityTheSenderIsPublicAndMayNotSend) {
  const auto message = dialog_.first(decide(initiator));
  auto header = *Parsed(message).header;
  header.clear_security();
  header.set_total_length(message.body.size());
  const Parsed parsed({.header = dialog::serialize_header(header), .body = message.body});
  const auto opened =
      dialog::open_first(target.instance(), target.database, parsed.arrived(), *target.keys, kNow);
  ASSERT_TRUE(opened);

  const auto allowed =
      dialog::authorize_first(target.instance(), target.database, target.service_row(), *opened);

  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().error.number(), 11215);
}

// ---- attackers with valid certificates of their own ----

class EvilPeerTest : public ForgedTest {
 protected:
  // Mallory is a known user of the target and may send; her database has the target's certificate, as everybody's.
  EvilPeerTest() {
    user = target.add_user("Mallory");
    target.add_certificate("Mallory_cert", user, certificate);
    target.grant(user, catalog::ObjectClass::service, target.service, "SEND");
  }
  crypto::X509Certificate certificate = issue("Mallory", attacker_key());
  std::int32_t user = 0;

  void set_source(envelope::KeyExchangeGrant& grant) const {
    grant.mutable_source()->set_issuer(proto::to_string(certificate.issuer_der()));
    grant.mutable_source()->set_serial(proto::to_string(certificate.serial()));
    grant.mutable_source()->set_sha256(proto::to_string(certificate.fingerprint()));
  }
  static void sign(envelope::SecurityHeader& first) {
    const std::string text = "ssbsim 1 grant" + first.grant();
    first.set_grant_signature(proto::to_string(attacker_key().sign_pss(proto::as_bytes(text))));
  }
};

TEST_F(EvilPeerTest, CannotPutAnothersKeyExchangeKeyUnderHerOwnSignature) {
  const Refusal refusal = refusal_of([&](auto& header) {
    change_grant(header, [&](auto& grant) { set_source(grant); });
    sign(first_of(header));
  });
  EXPECT_EQ(refusal.step, 7);
  EXPECT_THAT(refusal.error.text(), testing::HasSubstr("key exchange key does not open"));
}

TEST_F(EvilPeerTest, CannotSignInTheNameOfAnother) {
  const Refusal refusal = refusal_of([](auto& header) {
    sign(first_of(header));
    first_of(header).set_grant_signature(first_of(header).grant_signature() +
                                         first_of(header).grant_signature());
  });
  EXPECT_EQ(refusal.error.number(), 9630);
}

TEST_F(EvilPeerTest, CannotSpoilAnotherConversationsKeysByTakingItsIds) {
  const auto honest = dialog_.first(decide(initiator));
  Initiator evil;
  evil.drop<pb::Certificate>(evil.own_certificate);
  evil.add_certificate("Mallory_cert", evil.owner, certificate, {.private_key = &attacker_key()});
  Dialog forged(evil, target);
  forged.conversation = dialog_.conversation;
  forged.initiators_key =
      dialog::SessionKey{dialog_.initiators_key->id, crypto::random_secret(16), {}};
  const auto opened = forged.open_at_target(forged.first(decide(evil)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->source_user, user);  // she is herself, whatever ids she uses

  const auto honest_opened = dialog_.open_at_target(honest);

  ASSERT_TRUE(honest_opened) << honest_opened.error().error.text();
  EXPECT_EQ(honest_opened->source_user, target.user);
}

TEST_F(EvilPeerTest, GarbageInAnonymousSecurityIsHeldBackAndSignedMessagesAreNot) {
  initiator.change<pb::RemoteServiceBinding>(initiator.binding,
                                             [](auto& binding) { binding.set_is_anonymous(true); });
  const auto anonymous = dialog_.first(decide(initiator));
  int held_back_after = -1;
  for (int i = 0; i < 40 && held_back_after < 0; ++i) {
    auto header = *Parsed(anonymous).header;
    change_grant(header, [i](auto& grant) {  // another one each time, and never the right one
      grant.mutable_wrapped_kek()->back() ^= static_cast<char>(i + 1);
    });
    const Refusal refusal =
        refusal_of_message({.header = dialog::serialize_header(header), .body = anonymous.body});
    EXPECT_EQ(refusal.error.number(), 11230);
    if (refusal.error.text().find("too many") != std::string::npos) held_back_after = i;
  }
  EXPECT_EQ(held_back_after, dialog::kFailedUnwrapsMax);
  EXPECT_FALSE(dialog_.open_at_target(anonymous));  // same address, anonymous too
  EXPECT_TRUE(dialog_.open_at_target(anonymous, kNow, "10.0.0.8:4022"));  // another address
  initiator.change<pb::RemoteServiceBinding>(
      initiator.binding, [](auto& binding) { binding.set_is_anonymous(false); });
  Dialog signed_dialog(initiator, target);
  EXPECT_TRUE(signed_dialog.open_at_target(signed_dialog.first(decide(initiator))));
}

TEST_F(EvilPeerTest, ReplayedGrantsWithRubbishAreNotHeldAgainstTheirSigner) {
  const auto message = dialog_.first(decide(initiator));
  auto header = *Parsed(message).header;
  first_of(header).mutable_dialog_mac()->back() ^= 1;
  for (int i = 0; i < 2 * dialog::kFailedUnwrapsMax; ++i) {
    const Refusal refusal =
        refusal_of_message({.header = dialog::serialize_header(header), .body = message.body});
    EXPECT_THAT(refusal.error.text(), testing::HasSubstr("MAC"));
  }
  EXPECT_TRUE(dialog_.open_at_target(message));
}

// ---- steps 8 to 10 ----

class AuthorizationTest : public TargetTest {
 protected:
  // As after a cache hit: nothing of authorization may be remembered.
  dialog::Checked<> authorize() {
    const auto decision = decide(initiator);
    Dialog warming(initiator, target);
    EXPECT_TRUE(warming.open_at_target(warming.first(decision)));
    const auto opened = dialog_.open_at_target(dialog_.first(decision));
    EXPECT_TRUE(opened->was_kek_cached);
    return dialog::authorize_first(target.instance(), target.database, target.service_row(),
                                   *opened);
  }
};

TEST_F(AuthorizationTest, WithoutSendTheInitiatorHearsOf8494) {
  target.drop<pb::Permission>(target.send_grant);
  const auto refused = authorize();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, 8);
  EXPECT_EQ(refused.error().error.number(), 11215);
  EXPECT_THAT(refused.error().error.text(),
              testing::AllOf(testing::HasSubstr("MyService_user"), testing::HasSubstr("TargetDb"),
                             testing::HasSubstr("ImageProcessor")));
  EXPECT_TRUE(refused.error().may_answer);
  ASSERT_TRUE(refused.error().answer);
  EXPECT_EQ(refused.error().answer->number(), 8494);
}

TEST_F(AuthorizationTest, ADenyOfSendCountsMoreThanTheGrant) {
  target.grant(target.user, catalog::ObjectClass::service, target.service, "SEND", "D");
  EXPECT_EQ(authorize().error().error.number(), 11215);
}

TEST_F(AuthorizationTest, WithoutConnectToTheDatabaseItIsRefusedWith11211) {
  target.grant(target.user, catalog::ObjectClass::database, 0, "CONNECT", "D");
  const auto refused = authorize();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, 8);
  EXPECT_EQ(refused.error().error.number(), 11211);
}

TEST_F(AuthorizationTest, ACertificateOfAUserWithoutControlOfTheServiceIsRefusedWith28056) {
  const auto bystander = target.add_user("Bystander");
  target.change<pb::Certificate>(target.own_certificate,
                                 [&](pb::Certificate& row) { row.set_owner(bystander); });
  const auto refused = authorize();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, 9);
  EXPECT_EQ(refused.error().error.number(), 28056);
  EXPECT_FALSE(refused.error().answer);

  target.grant(bystander, catalog::ObjectClass::service, target.service, "CONTROL");
  EXPECT_TRUE(authorize());
}

TEST_F(AuthorizationTest, AServiceOwnerWhoMayNotReceiveIsRefusedWith8401) {
  const auto queue = target.service_row().queue();
  target.grant(target.owner, catalog::ObjectClass::object, queue, "RECEIVE", "D");
  target.change<pb::Queue>(queue, [](pb::Queue& row) { row.set_owner(catalog::kDbo); });
  const auto refused = authorize();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, 10);
  EXPECT_EQ(refused.error().error.number(), 8401);
  EXPECT_EQ(refused.error().audit_subclass, dialog::kAuditRunAsTargetFailure);
}

// ---- the reply ----

class ReplyTest : public TargetTest {
 protected:
  void SetUp() override {
    auto opened = dialog_.open_at_target(dialog_.first(decide(initiator)));
    ASSERT_TRUE(opened);
    key = opened->session_key->clone();
  }
  proto::DialogMessage reply() {
    const auto decision =
        dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
    return dialog_.first_reply(decision, key).value();
  }
  dialog::SessionKey key;
};

TEST_F(ReplyTest, UnderACertificateOfAnotherUserIsRefusedEvenByWhoKnowsTheSessionKey) {
  const auto certificate = issue("Impostor", attacker_key());
  target.add_certificate("Impostor_cert", target.owner, certificate,
                         {.private_key = &attacker_key()});
  target.drop<pb::Certificate>(target.own_certificate);
  const auto other = initiator.add_user("Other");
  initiator.add_certificate("Impostor_cert", other, certificate);

  const auto refused = dialog_.open_at_initiator(reply());

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, 3);
  EXPECT_EQ(refused.error().error.number(), 11229);
  EXPECT_THAT(refused.error().error.text(),
              testing::AllOf(testing::HasSubstr("Other"), testing::HasSubstr("ImgProc_proxy")));
}

TEST_F(ReplyTest, AnotherCertificateOfTheBindingsUserIsFine) {
  const auto certificate = issue("Next year's", target_key(), kNow - 1h, kNow + 24h * 700);
  target.add_certificate("ImgProc_2010", target.owner, certificate, {.private_key = &target_key()});
  initiator.add_certificate("ImgProc_2010", initiator.proxy, certificate);
  EXPECT_TRUE(dialog_.open_at_initiator(reply()));
}

TEST_F(ReplyTest, WithoutTheInitiatorsSessionKeyIsRefused) {
  key = dialog::SessionKey{key.id, crypto::random_secret(16), {}};
  const auto refused = dialog_.open_at_initiator(reply());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.number(), 11230);
  EXPECT_THAT(refused.error().error.text(), testing::HasSubstr("initiator's session key"));
}

TEST_F(ReplyTest, WithoutASecurityHeaderIsAuditedAsSuch) {
  const auto header = message_header(dialog_.conversation, false, 0, 4);
  const auto clear = dialog::clear_message(header, proto::as_bytes("fake"));
  const auto under_initiators_key =
      dialog::seal(header, proto::as_bytes("fake"), key, *target.keys).value();

  const auto refused_clear = dialog_.open_at_initiator(clear);
  const auto refused_sealed = dialog_.open_at_initiator(under_initiators_key);

  ASSERT_FALSE(refused_clear);
  EXPECT_EQ(refused_clear.error().error.number(), 11232);
  EXPECT_EQ(refused_clear.error().audit_subclass, dialog::kAuditNoSecurityHeader);
  ASSERT_FALSE(refused_sealed);
  EXPECT_EQ(refused_sealed.error().error.number(), 11229);
}

TEST_F(ReplyTest, OfOneConversationDoesNotAnswerAnother) {
  Dialog other(initiator, target);
  auto opened = other.open_at_target(other.first(decide(initiator)));
  ASSERT_TRUE(opened);
  const auto message = reply();
  auto header = *Parsed(message).header;
  header.set_conversation_id(proto::to_string(other.conversation.view()));
  const auto refused =
      other.open_at_initiator({.header = dialog::serialize_header(header), .body = message.body});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.number(), 11230);
}

TEST_F(ReplyTest, WhenTheInitiatorsPrivateKeyIsGoneIsRefusedWith9733) {
  const auto message = reply();
  initiator.change<pb::Certificate>(initiator.own_certificate, [](pb::Certificate& row) {
    row.set_private_key_protection("NA");
  });
  EXPECT_EQ(dialog_.open_at_initiator(message).error().error.number(), 9733);
}

TEST_F(ReplyTest, NeedsNoPermissionsAtTheInitiator) {
  initiator.grant(initiator.proxy, catalog::ObjectClass::database, 0, "CONNECT", "D");
  EXPECT_TRUE(dialog_.open_at_initiator(reply()));
}

}  // namespace

}  // namespace ssb::broker::tests
