#include "broker/dialog/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {

namespace {

using dialog::SecurityDecision;
using dialog::SecurityType;
using dialog::Verdict;
using proto::ErrorCode;

// ---- the matrix of reference service-broker.md 2.3 ----

enum class Binding { none, anonymous, full };
struct Cell {
  bool has_certificate;
  bool encryption_on;
  Binding binding;
  SecurityType type;
  int delayed;  // 0: not
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's.
void PrintTo(const Cell& cell, std::ostream* out) {
  *out << (cell.has_certificate ? "certificate" : "no certificate")
       << ", ENCRYPTION = " << (cell.encryption_on ? "ON" : "OFF") << ", binding "
       << static_cast<int>(cell.binding);
}

class DecisionMatrixTest : public testing::TestWithParam<Cell> {
 protected:
  Side side{"InitiatorDb", true};

  void arrange(const Cell& cell) {
    owner = side.add_user("MyService_owner");
    const std::int32_t proxy = side.add_user("ImgProc_proxy");
    side.add_certificate("ImgProc_cert", proxy, Initiator::peers_certificate());
    if (cell.has_certificate) {
      side.add_certificate("MyService_cert", owner, Initiator::certificate(),
                           {.private_key = &initiator_key()});
    }
    if (cell.binding != Binding::none) {
      side.add_binding("ToImageProcessor", "ImageProcessor", proxy,
                       cell.binding == Binding::anonymous);
    }
  }
  SecurityDecision decide(bool encryption_on) {
    return dialog::decide_security(side.instance(), side.database, owner, "ImageProcessor",
                                   encryption_on, kNow);
  }
  std::int32_t owner = 0;
};

TEST_P(DecisionMatrixTest, GivesTheTypeOrTheReasonToWait) {
  arrange(GetParam());

  const SecurityDecision decision = decide(GetParam().encryption_on);

  EXPECT_EQ(decision.delayed ? decision.delayed->number() : 0, GetParam().delayed);
  EXPECT_EQ(decision.type(), GetParam().type);
  const bool is_ready = GetParam().delayed == 0;
  EXPECT_EQ(decision.parties.source.is_set(), is_ready && GetParam().type == SecurityType::full);
  EXPECT_EQ(decision.parties.destination.is_set(),
            is_ready && GetParam().type != SecurityType::none);
}

TEST_P(DecisionMatrixTest, NeedsAMasterKeyThatOpensByItselfWhereverThereIsSecurity) {
  arrange(GetParam());
  side.close_master_key();

  const SecurityDecision decision = decide(GetParam().encryption_on);

  const bool asks_for_security = GetParam().encryption_on || GetParam().binding != Binding::none;
  EXPECT_EQ(decision.delayed ? decision.delayed->number() : 0, asks_for_security ? 28050 : 0);
}

INSTANTIATE_TEST_SUITE_P(
    Matrix, DecisionMatrixTest,
    testing::Values(Cell{true, true, Binding::none, SecurityType::none, 9727},
                    Cell{true, true, Binding::anonymous, SecurityType::anonymous, 0},
                    Cell{true, true, Binding::full, SecurityType::full, 0},
                    Cell{true, false, Binding::none, SecurityType::none, 0},
                    Cell{true, false, Binding::anonymous, SecurityType::anonymous, 0},
                    Cell{true, false, Binding::full, SecurityType::full, 0},
                    Cell{false, true, Binding::none, SecurityType::none, 9727},
                    Cell{false, true, Binding::anonymous, SecurityType::anonymous, 0},
                    Cell{false, true, Binding::full, SecurityType::full, 9731},
                    Cell{false, false, Binding::none, SecurityType::none, 0},
                    Cell{false, false, Binding::anonymous, SecurityType::anonymous, 0},
                    Cell{false, false, Binding::full, SecurityType::full, 9731}));

TEST(DecisionTest, ADatabaseWithoutMasterKeyDelaysASecuredDialogWith28050AndSaysWhichDatabase) {
  Side side("NoKeyDb", false);
  const std::int32_t owner = side.add_user("MyService_owner");

  const auto decision =
      dialog::decide_security(side.instance(), side.database, owner, "ImageProcessor", true, kNow);

  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->code, ErrorCode::session_keys_need_master_key);
  EXPECT_THAT(decision.delayed->text(), testing::HasSubstr("NoKeyDb"));
  EXPECT_EQ(dialog::check_local(side.instance(), side.database, side.database, true)->number(),
            28050);
  EXPECT_FALSE(dialog::check_local(side.instance(), side.database, side.database, false));
}

TEST(DecisionTest, TheServiceNameOfABindingIsComparedByteByByte) {
  Initiator initiator;

  const auto decision = dialog::decide_security(initiator.instance(), initiator.database,
                                                initiator.owner, "imageprocessor", true, kNow);

  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->code, ErrorCode::no_remote_service_binding);
}

TEST(DecisionTest, ADelayedDialogProceedsOnceTheBindingsUserHasACertificate) {
  Initiator initiator;
  initiator.drop<pb::Certificate>(initiator.peer_certificate);
  const auto before = decide(initiator);
  ASSERT_TRUE(before.delayed);
  EXPECT_EQ(before.delayed->number(), 9731);
  EXPECT_THAT(before.delayed->text(), testing::HasSubstr("ImgProc_proxy"));

  const auto id =
      initiator.add_certificate("ImgProc_2009", initiator.proxy, Initiator::peers_certificate());

  const auto after = decide(initiator);
  EXPECT_FALSE(after.delayed);
  EXPECT_EQ(after.parties.destination.id, id);
}

TEST(DecisionTest, ADroppedUserOfTheBindingDelaysWith9728) {
  Initiator initiator;
  initiator.drop<pb::Principal>(initiator.proxy);
  const auto decision = decide(initiator);
  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->number(), 9728);
}

// ---- the choice of a certificate ----

struct Disqualified {
  const char* name;
  CertificateOptions options;
  std::chrono::hours starts;
  std::chrono::hours ends;
  bool for_signing_only;
  Verdict verdict;
  int number;
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's.
void PrintTo(const Disqualified& row, std::ostream* out) {
  *out << row.name;
}

class DisqualificationTest : public testing::TestWithParam<Disqualified> {
 protected:
  Side side{"Db", true};
  std::int32_t owner = side.add_user("Service_owner");
  std::int32_t add(const Disqualified& row) {
    return side.add_certificate("Only_cert", owner,
                                issue("Only", attacker_key(), kNow + row.starts, kNow + row.ends),
                                row.options);
  }
};

TEST_P(DisqualificationTest, TheOnlyCandidateSaysWhyItWasNotTaken) {
  add(GetParam());

  const auto sign = dialog::choose_signing_certificate(side.objects(), owner, kNow);

  ASSERT_EQ(sign.candidates.size(), 1u);
  EXPECT_EQ(sign.candidates[0].verdict, GetParam().verdict);
  EXPECT_FALSE(sign.chosen);
  ASSERT_TRUE(sign.error);
  EXPECT_EQ(sign.error->number(), GetParam().number);
  EXPECT_THAT(sign.error->text(),
              testing::AllOf(testing::HasSubstr("Only_cert"), testing::HasSubstr("Service_owner")));
  EXPECT_THAT(sign.candidates[0].reason, testing::StartsWith("not taken: "));
}

TEST_P(DisqualificationTest, AnUnfitCandidateWithALaterExpiryIsPassedOver) {
  const std::int32_t unfit = add(GetParam());
  const auto fit =
      side.add_certificate("Fit_cert", owner, issue("Fit", attacker_key(), kNow - 2h, kNow + 2h),
                           {.private_key = &attacker_key()});

  const auto sign = dialog::choose_signing_certificate(side.objects(), owner, kNow);
  const auto encrypt = dialog::choose_encryption_certificate(side.objects(), owner, kNow);

  EXPECT_EQ(sign.chosen, fit);
  EXPECT_FALSE(sign.error);
  // To encrypt for somebody needs no private key here.
  EXPECT_EQ(encrypt.chosen, GetParam().for_signing_only ? unfit : fit);
}

INSTANTIATE_TEST_SUITE_P(
    All, DisqualificationTest,
    testing::Values(
        Disqualified{"no private key", {}, -24h, 24h * 90, true, Verdict::no_private_key, 9733},
        Disqualified{"password",
                     {&attacker_key(), "Pass.word 1"},
                     -24h,
                     24h * 90,
                     true,
                     Verdict::private_key_under_password,
                     9737},
        Disqualified{"not active",
                     {&attacker_key(), "", false},
                     -24h,
                     24h * 90,
                     false,
                     Verdict::not_active,
                     9767},
        Disqualified{"not yet valid",
                     {&attacker_key()},
                     24h,
                     24h * 90,
                     false,
                     Verdict::not_yet_valid,
                     28024},
        Disqualified{"expired", {&attacker_key()}, -48h, -24h, false, Verdict::expired, 28025}));

class ChoiceTest : public testing::Test {
 protected:
  Side side{"Db", true};
  std::int32_t owner = side.add_user("Service_owner");
  std::int32_t add(const std::string& name, proto::TimePoint not_after,
                   const CertificateOptions& options = {&attacker_key()}) {
    return side.add_certificate(name, owner, issue(name, attacker_key(), kNow - 24h, not_after),
                                options);
  }
};

TEST_F(ChoiceTest, TheLatestExpiryIsTakenWhateverTheOrderOfMaking) {
  add("y2009", kNow + 24h * 100);
  const auto latest = add("y2010", kNow + 24h * 400);
  add("y2008", kNow + 24h * 30);

  const auto choice = dialog::choose_signing_certificate(side.objects(), owner, kNow);

  EXPECT_EQ(choice.chosen, latest);
  EXPECT_EQ(choice.valid, 3u);
  ASSERT_EQ(choice.candidates.size(), 3u);
  EXPECT_EQ(choice.candidates[0].verdict, Verdict::expires_earlier);
  EXPECT_EQ(choice.candidates[0].reason, "not taken: y2010 expires later");
  EXPECT_EQ(choice.candidates[1].verdict, Verdict::taken);
  EXPECT_EQ(choice.candidates[1].reason, "taken: latest expiry of 3 valid");
  EXPECT_EQ(choice.candidates[2].verdict, Verdict::expires_earlier);
}

TEST_F(ChoiceTest, OfEqualExpiriesTheOneMadeLastIsTakenAndTheOtherSaysSo) {
  add("first", kNow + 24h * 100);
  const auto last = add("second", kNow + 24h * 100);

  const auto choice = dialog::choose_signing_certificate(side.objects(), owner, kNow);

  EXPECT_EQ(choice.chosen, last);
  EXPECT_EQ(choice.candidates[0].reason,
            "not taken: second expires at the same time and was made later");
}

TEST_F(ChoiceTest, BothEndsOfTheValidityCount) {
  const auto start = kNow - 24h;
  const auto end = kNow + 24h;
  add("only", end);
  EXPECT_FALSE(dialog::choose_signing_certificate(side.objects(), owner, start - 1us).chosen);
  EXPECT_TRUE(dialog::choose_signing_certificate(side.objects(), owner, start).chosen);
  EXPECT_TRUE(dialog::choose_signing_certificate(side.objects(), owner, end).chosen);
  EXPECT_FALSE(dialog::choose_signing_certificate(side.objects(), owner, end + 1us).chosen);
}

TEST_F(ChoiceTest, WithNoneUsableTheReasonIsThatOfTheCandidateWithTheFewestFlaws) {
  add("expired and inactive", kNow - 1h, {&attacker_key(), "", false});
  add("inactive", kNow + 24h * 10, {&attacker_key(), "", false});

  const auto choice = dialog::choose_signing_certificate(side.objects(), owner, kNow);

  ASSERT_TRUE(choice.error);
  EXPECT_EQ(choice.error->number(), 9767);
  EXPECT_THAT(choice.error->parameters, testing::Contains("inactive"));
}

TEST_F(ChoiceTest, CertificatesOfOthersAreShownOnlyWhereTheOwnerHasNone) {
  const auto other = side.add_user("Somebody");
  side.add_certificate("Others_cert", other, issue("Other", attacker_key()),
                       {.private_key = &attacker_key()});
  const auto without = dialog::choose_signing_certificate(side.objects(), owner, kNow);
  ASSERT_EQ(without.candidates.size(), 1u);
  EXPECT_EQ(without.candidates[0].verdict, Verdict::owned_by_other);
  EXPECT_THAT(without.candidates[0].reason, testing::HasSubstr("Somebody"));
  EXPECT_EQ(without.error->number(), 9731);

  add("own", kNow + 1h);

  EXPECT_EQ(dialog::choose_signing_certificate(side.objects(), owner, kNow).candidates.size(), 1u);
}

TEST_F(ChoiceTest, ACertificateIsFoundAgainUnderAnotherIdButNotAnotherUnderItsId) {
  const auto id = add("cert", kNow + 24h);
  const auto row = *side.objects().table<pb::Certificate>().find(id);
  const auto ref = dialog::reference_to(row);
  ASSERT_EQ(dialog::find_certificate(side.objects(), ref)->id(), id);

  side.change<pb::Certificate>(id, [](pb::Certificate& other) {
    other.set_der(proto::to_string(issue("x", attacker_key()).der()));
  });
  EXPECT_EQ(dialog::find_certificate(side.objects(), ref), nullptr);

  const auto x509 = crypto::X509Certificate::from_der(proto::as_bytes(row.der()));
  const auto imported = side.add_certificate("cert again", owner, *x509);
  ASSERT_NE(dialog::find_certificate(side.objects(), ref), nullptr);
  EXPECT_EQ(dialog::find_certificate(side.objects(), ref)->id(), imported);
}

// ---- the reply ----

TEST(ReplyDecisionTest, TheTargetTakesItsOwnersCertificateAndOneOfTheInitiatorsUser) {
  Target target;
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  ASSERT_FALSE(decision.delayed);
  EXPECT_EQ(decision.type(), SecurityType::full);
  EXPECT_EQ(decision.parties.source.id, target.own_certificate);
  EXPECT_EQ(decision.parties.destination.id, target.peer_certificate);
  EXPECT_EQ(decision.parties.remote_user, target.user);
}

TEST(ReplyDecisionTest, WaitsWith9768WhenTheInitiatorsUserWasDropped) {
  Target target;
  target.drop<pb::Principal>(target.user);
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->number(), 9768);
}

TEST(ReplyDecisionTest, WaitsWith9767WhenItsOwnCertificateIsNotActive) {
  Target target;
  target.change<pb::Certificate>(target.own_certificate, [](pb::Certificate& row) {
    row.set_is_active_for_begin_dialog(false);
  });
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->number(), 9767);
}

TEST(ReplyDecisionTest, WaitsWith28050WhenItsMasterKeyDoesNotOpen) {
  Target target;
  target.close_master_key();
  const auto decision =
      dialog::decide_reply(target.instance(), target.database, target.owner, target.user, kNow);
  ASSERT_TRUE(decision.delayed);
  EXPECT_EQ(decision.delayed->number(), 28050);
}

// ---- the record ----

TEST(DescribeTest, NamesTypeBindingCertificatesAndEveryCandidate) {
  Initiator initiator;
  const auto expired = issue("Old", attacker_key(), kNow - 48h, kNow - 24h);
  initiator.add_certificate("MyService_2007", initiator.owner, expired,
                            {.private_key = &attacker_key()});

  const auto lines = dialog::describe(decide(initiator));

  const std::string thumbprint = proto::to_hex(Initiator::peers_certificate().thumbprint());
  EXPECT_THAT(lines,
              testing::IsSupersetOf(std::vector<std::pair<std::string, std::string>>{
                  {"security", "full"},
                  {"encryption", "ON"},
                  {"binding", "ToImageProcessor (user ImgProc_proxy)"},
                  {"encrypt", "ImgProc_cert expires 2009-11-26 thumbprint " + thumbprint +
                                  " latest of 1 valid"},
                  {"candidate",
                   "ImgProc_cert of 'ImgProc_proxy', to encrypt: taken: latest expiry of 1 valid"},
                  {"candidate",
                   "MyService_cert of 'MyService_owner', to sign: taken: latest expiry of 1 valid"},
                  {"candidate",
                   "MyService_2007 of 'MyService_owner', to sign: not taken: expired 2008-11-25 "
                   "09:00:00.000 UTC"},
              }));
}

TEST(DescribeTest, ADelayedDecisionSaysWhatItWaitsFor) {
  Initiator initiator;
  initiator.drop<pb::RemoteServiceBinding>(initiator.binding);
  const auto decision = decide(initiator);
  EXPECT_THAT(dialog::describe(decision),
              testing::Contains(testing::Pair("delayed", decision.delayed->text())));
}

}  // namespace

}  // namespace ssb::broker::tests
