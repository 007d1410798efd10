// Scenarios stopped where something is wrong: `why` names the phase and the cause, its cure works when it is tried, and the doctor finds
// the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/why/play.h"
#include "tests/sim/why/asked.h"

namespace ssb::sim::why {
namespace {

struct Stopped {
  const char* file;
  const char* before;  // the line that begins so, where it is stopped; empty: its end
  Phase phase;
  std::string cause;  // "SB-C003 HOST_B.Receiver", of the first cause
  Outcome outcome;
  const char* contract = "";  // that no conversation tells of any more
};

// The message that waits because of it; there may be others.
const Explanation* find(const Answer& answer, const std::string& cause) {
  for (const Explanation& one : answer.explanations) {
    if (one.causes.front().id + " " + one.causes.front().place == cause) return &one;
  }
  return nullptr;
}

class StoppedTest : public testing::TestWithParam<Stopped> {};

TEST_P(StoppedTest, NamesPhaseAndCauseAndTriesTheCure) {
  const Stopped& stopped = GetParam();

  const Asked asked = ask_file(stopped.file, stopped.before);

  const Explanation* found = find(asked.answer, stopped.cause);
  ASSERT_NE(found, nullptr) << asked.story();
  EXPECT_EQ(found->causes.front().phase, stopped.phase) << asked.story();
  EXPECT_EQ(found->trial.outcome, stopped.outcome) << asked.story();
  if (stopped.outcome == Outcome::helped) {
    EXPECT_EQ(found->trial.deliveries, 1U) << asked.story();
  }
  EXPECT_FALSE(found->causes.front().cure.empty() && found->causes.front().no_cure.empty());
}

// What is wrong in a catalog the doctor says, too, without a message and without being told which dialog.
TEST_P(StoppedTest, TheDoctorFindsTheSame) {
  const Stopped& stopped = GetParam();
  if (stopped.cause.starts_with("SB-W")) return;  // of this conversation alone
  const std::string file = kScenarios + stopped.file;
  scenario::Script script = parse(file, doctor::text_of(file));
  script.steps.resize(steps_until(script, doctor::text_of(file), stopped.before));
  std::size_t drawn = 0;
  const auto simulation = simulate(drawn)();
  (void)scenario::Runner(script, *simulation).run();

  const auto findings = doctor::examine(instances_of(*simulation), {.contract = stopped.contract});

  const bool is_found = std::ranges::any_of(findings, [&](const doctor::Finding& finding) {
    return finding.verdict == doctor::Verdict::not_ok &&
           std::string(doctor::check_of(finding.check).id) + " " + finding.place() == stopped.cause;
  });
  EXPECT_TRUE(is_found) << stopped.cause;
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, StoppedTest,
    testing::Values(
        Stopped{"failures/certificate_missing_at_target.sql", "--# note The cure",
                Phase::security_header, "SB-C003 HOST_B.Receiver", Outcome::helped},
        Stopped{"failures/expired_certificate.sql", "--# note A new certificate", Phase::leaving,
                "SB-C001 HOST_A.Sender", Outcome::helped},
        Stopped{"failures/expired_certificate_with_a_known_key.sql", "", Phase::security_header,
                "SB-C006 HOST_B.Receiver", Outcome::not_tried},
        Stopped{"failures/master_key_dropped.sql", "--# note The cure", Phase::security_header,
                "SB-K002 HOST_B.Receiver", Outcome::helped},
        Stopped{"failures/no_binding.sql", "--# note The cure", Phase::leaving,
                "SB-S001 HOST_A.Sender", Outcome::helped},
        Stopped{"failures/no_send_permission.sql", "--# note The cure", Phase::permission,
                "SB-P001 HOST_B.Receiver", Outcome::helps_the_next},
        Stopped{"failures/no_way_back.sql", "--# note The cure", Phase::acknowledgement,
                "SB-R001 HOST_B.Receiver", Outcome::helped},
        Stopped{"failures/outbound_only.sql", "--# note Login, user", Phase::connection,
                "SB-E007 HOST_A.master", Outcome::helped},
        Stopped{"failures/outbound_only.sql",
                "GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A", Phase::connection,
                "SB-E008 HOST_B.master", Outcome::helped},
        Stopped{"failures/poison_message.sql", "--# note The cure", Phase::queue,
                "SB-Q002 HOST_B.Receiver", Outcome::helped},
        Stopped{"failures/reply_signed_by_another_user.sql", "--# note Given to",
                Phase::security_header, "SB-C011 HOST_A.Sender", Outcome::helped},
        Stopped{"failures/service_owner_may_not_receive.sql", "--# note Nobody is told",
                Phase::permission, "SB-P004 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f01_no_master_key_in_one_database.sql", "--# note One cure", Phase::leaving,
                "SB-K001 HOST_A.Shop", Outcome::helped},
        Stopped{"corpus/f03_target_certificate_not_imported.sql", "--# note The cure",
                Phase::leaving, "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"rollover/latest_expiry_trap.sql", "--# note The cure", Phase::security_header,
                "SB-C003 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql", "--# note 1.", Phase::leaving,
                "SB-R001 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql",
                "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_B", Phase::connection,
                "SB-E001 HOST_B", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql", "--# expect event 160 error 11215",
                Phase::permission, "SB-P001 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f21_unknown_service.sql", "--# note The cure", Phase::leaving,
                "SB-R001 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f24_fire_and_forget.sql", "--# note The cure", Phase::contents,
                "SB-Q004 HOST_B.Receiver", Outcome::helps_the_next, "ExpressContract"},
        Stopped{"corpus/f26_cleanup_before_the_acknowledgement.sql", "--# note What is left",
                Phase::acknowledgement, "SB-W004 HOST_A.Sender", Outcome::helps_the_next},
        Stopped{"corpus/f46_transmission_queue_of_msdb.sql", "--# note Plain END", Phase::leaving,
                "SB-Q001 HOST_A.msdb", Outcome::not_tried},
        Stopped{"certificates/anonymous_verifies_the_target.sql", "--# note The cure",
                Phase::security_header, "SB-C004 HOST_C.Receiver", Outcome::helps_the_next},
        Stopped{"certificates/binding_user_expired.sql", "--# note The cure", Phase::leaving,
                "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/binding_user_wrong_owner.sql", "--# note The cure", Phase::leaving,
                "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/in_flight_dropped_at_the_sender.sql", "--# note The cure",
                Phase::leaving, "SB-W003 HOST_A.Sender", Outcome::helps_the_next},
        Stopped{"certificates/in_flight_expired.sql", "--# note A new certificate", Phase::leaving,
                "SB-C001 HOST_A.Sender", Outcome::helps_the_next},
        Stopped{"certificates/in_flight_target_copy_dropped.sql", "--# note The cure",
                Phase::leaving, "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/initiator_not_active.sql", "--# note The cure",
                Phase::security_header, "SB-C003 HOST_B.Receiver", Outcome::helped},
        Stopped{"certificates/master_key_of_an_anonymous_initiator.sql", "--# note The cure",
                Phase::leaving, "SB-K002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/master_key_of_the_target_replies.sql", "--# expect errorlog 28054",
                Phase::security_header, "SB-K002 HOST_B.Receiver", Outcome::helped},
        Stopped{"certificates/removed_trust.sql", "--# note The cure", Phase::security_header,
                "SB-C005 HOST_B.Receiver", Outcome::helps_the_next},
        Stopped{"certificates/reply_dates.sql", "--# note The cure", Phase::leaving,
                "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/reply_fails_where_the_request_works.sql", "--# note The cure",
                Phase::security_header, "SB-C012 HOST_A.Sender", Outcome::did_not_help},
        Stopped{"certificates/reply_for_an_expired_copy.sql", "--# note The cure", Phase::leaving,
                "SB-C001 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f19_forwarder_without_routes.sql", "--# note One half of the cure",
                Phase::locating, "SB-R003 HOST_C.msdb", Outcome::helped},
        Stopped{"failures/refused_in_one_instance.sql", "--# mark", Phase::permission,
                "SB-P001 HOST_A.Shop", Outcome::helps_the_next},
        Stopped{"failures/refused_in_one_instance.sql", "--# note The cures.", Phase::contents,
                "SB-Q004 HOST_A.Shop", Outcome::helps_the_next, "NotTaken"},
        Stopped{"failures/no_route_fits.sql", "--# expect status 9750", Phase::locating,
                "SB-W010 HOST_B.Receiver", Outcome::not_tried},
        Stopped{"configuration/f23_never_ended.sql", "--# note A dialog that finds", Phase::leaving,
                "SB-W011 HOST_A.Sender", Outcome::helped},
        Stopped{"configuration/missing_binding.sql", "--# note The handler knows", Phase::leaving,
                "SB-W011 HOST_A.Sender", Outcome::helped},
        Stopped{"configuration/answer_is_an_error.sql", "--# note The error is", Phase::leaving,
                "SB-W012 HOST_A.Sender", Outcome::helped},
        Stopped{"configuration/missing_binding.sql", "--# expect status 9727", Phase::leaving,
                "SB-W012 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f49_returns_without_receive.sql", "--# note The cure", Phase::receiving,
                "SB-W014 HOST_B.Receiver", Outcome::helped},
        Stopped{"activation/procedure_missing.sql", "CREATE PROCEDURE take_order", Phase::receiving,
                "SB-Q003 HOST_A.Shop", Outcome::not_tried},
        Stopped{"activation/as_a_user_without_rights.sql", "GRANT EXECUTE", Phase::receiving,
                "SB-P006 HOST_A.Shop", Outcome::did_not_help},
        Stopped{"activation/as_a_user_without_rights.sql", "--# note The right alone",
                Phase::receiving, "SB-W014 HOST_A.Shop", Outcome::did_not_help},
        Stopped{"activation/refused.sql", "", Phase::receiving, "SB-Q006 HOST_A.Shop",
                Outcome::did_not_help},
        Stopped{"activation/transaction_left_open.sql", "--# note The cure", Phase::receiving,
                "SB-W013 HOST_A.Shop", Outcome::not_tried},
        Stopped{"corpus/f39_owner_cannot_be_resolved.sql", "--# note Whatever acts",
                Phase::permission, "SB-P007 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f39_owner_cannot_be_resolved.sql", "--# note The cure", Phase::permission,
                "SB-P007 HOST_B.Receiver", Outcome::helped},
        Stopped{"dialogs/forwarder.sql", "ALTER ENDPOINT broker_endpoint", Phase::locating,
                "SB-R007 HOST_C", Outcome::helped}),
    [](const auto& stopped) {
      std::string name = std::to_string(stopped.index) + "_" + stopped.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

std::string with_lines(const char* setup, const char* rest) {
  return std::string("--# clock 2020-03-01\n:r ../setup/") + setup + ".sqlcmd\n" + rest;
}
constexpr const char* kSend = ":setvar body \"an order\"\n:r ../setup/send_order.sqlcmd\n";

Asked ask_text(const std::string& text, const Question& question = {}) {
  return ask(kScenarios + "failures/a.sql", text, "", question);
}

TEST(WhyTest, AllIsWellWhereNothingWaits) {
  const Asked asked = ask_text(with_lines("full_security", kSend));

  EXPECT_TRUE(asked.answer.explanations.empty()) << asked.story();
  EXPECT_THAT(asked.answer.nothing, testing::HasSubstr("no message waits"));
}

TEST(WhyTest, AnInstanceThatDoesNotRunIsNamed) {
  const Asked asked =
      ask_text(with_lines("full_security", "--# crash HOST_B\n") + kSend + "--# advance 1m\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Explanation& only = asked.answer.explanations.front();
  EXPECT_EQ(only.causes.front().id, "SB-W001") << asked.story();
  EXPECT_EQ(only.causes.front().place, "HOST_B");
}

TEST(WhyTest, ANetworkThatSwallowsMessagesIsToldApartFromASilentTarget) {
  const Asked asked = ask_text(with_lines("full_security", "") +
                               "--# net HOST_A -> HOST_B loss 100%\n" + kSend + "--# advance 1m\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Explanation& only = asked.answer.explanations.front();
  EXPECT_EQ(only.causes.front().id, "SB-W002") << asked.story();
  EXPECT_EQ(only.causes.front().phase, Phase::connection);
  EXPECT_TRUE(only.waiting.status.empty());
}

TEST(WhyTest, AnAcknowledgementThatIsLostIsNoCauseAtTheTarget) {
  const Asked asked = ask_text(with_lines("full_security", "") +
                               "--# net HOST_B -> HOST_A loss 100%\n" + kSend + "--# advance 1m\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  EXPECT_EQ(asked.answer.explanations.front().causes.front().id, "SB-W008") << asked.story();
}

TEST(WhyTest, WhatGoesOnByItselfNeedsNoCure) {
  const Asked asked = ask_text(with_lines("full_security", "") +
                               "--# link HOST_A -> HOST_B connect refused\n"
                               "--# crash HOST_B back after 2m\n" +
                               kSend + "--# link HOST_A -> HOST_B connect ok\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  EXPECT_EQ(asked.answer.explanations.front().trial.outcome, Outcome::by_itself) << asked.story();
}

// With END CONVERSATION, and without: the first one is told nothing, the second one finds -8489 in its queue.
TEST(WhyTest, ADialogThatRunsOutIsNoCure) {
  const std::string begin =
      "CREATE DATABASE D;\nGO\nUSE D;\nCREATE QUEUE q;\nCREATE SERVICE s ON QUEUE "
      "q;\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE s TO SERVICE 'nowhere' WITH "
      "ENCRYPTION = OFF, LIFETIME = 100;\nSEND ON CONVERSATION @h (N'one');\n";
  for (const char* end : {"GO\n", "END CONVERSATION @h;\nGO\n"}) {
    const Asked asked = ask_text(":connect A\n" + begin + end);

    ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
    const Trial& trial = asked.answer.explanations.front().trial;
    EXPECT_EQ(trial.outcome, Outcome::runs_out) << asked.story();
    EXPECT_EQ(trial.ends_with, "-8489");
    EXPECT_EQ(trial.lifetime_left, std::chrono::seconds(100));
    EXPECT_THAT(asked.story(), testing::HasSubstr("LIFETIME ends at +100 s"));
  }
}

// Of two dialogs that the same thing holds up only one has a LIFETIME: it is not told as one of the other's kind.
TEST(WhyTest, ACureThatIsInTimeIsToldWhatTimeThereIs) {
  const Asked asked = ask_file("failures/broker_disabled_at_target.sql", "--# note The cure");

  ASSERT_EQ(asked.answer.explanations.size(), 2U) << asked.story();
  std::size_t limited = 0;
  for (const Explanation& one : asked.answer.explanations) {
    EXPECT_EQ(one.trial.outcome, Outcome::helped) << asked.story();
    if (one.trial.lifetime_left) ++limited;
  }
  EXPECT_EQ(limited, 1U) << asked.story();
}

TEST(WhyTest, ADialogOfABrokerIdThatIsGoneIsToldApart) {
  const Asked asked = ask_file("failures/broker_id_gone.sql", "--# note The cure");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Cause& cause = asked.answer.explanations.front().causes.front();
  EXPECT_EQ(cause.id, "SB-W010") << asked.story();
  EXPECT_EQ(cause.phase, Phase::locating);
  EXPECT_EQ(cause.place, "HOST_A.Sender");
  EXPECT_THAT(cause.no_cure, testing::HasSubstr("END CONVERSATION"));
}

// What cleanup leaves: silence where the dialog is encrypted, -8462 where it is not.
TEST(WhyTest, ADialogThatTheOtherSideHasForgottenIsOver) {
  constexpr const char* kForget =
      "GO\n--# advance 1s\n:connect HOST_B\nUSE Receiver;\nDECLARE @h uniqueidentifier;\nSELECT @h "
      "= "
      "conversation_handle FROM sys.conversation_endpoints;\nEND CONVERSATION @h WITH CLEANUP;\n"
      "GO\n:connect HOST_A\nUSE Sender;\nDECLARE @h uniqueidentifier;\nSELECT @h = "
      "conversation_handle FROM sys.conversation_endpoints;\nSEND ON CONVERSATION @h MESSAGE TYPE "
      "[Order] (N'two');\nGO\n--# advance 1m\n";
  constexpr const char* kClear =
      ":connect HOST_A\nUSE Sender;\nDROP REMOTE SERVICE BINDING to_receiver;\nGO\n:connect "
      "HOST_B\nUSE "
      "Receiver;\nGRANT SEND ON SERVICE::ReceiverService TO public;\nGO\n:connect HOST_A\nUSE "
      "Sender;\n"
      "DECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE "
      "'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;\nSEND ON CONVERSATION "
      "@h "
      "MESSAGE TYPE [Order] (N'one');\n";
  for (const char* begin : {kSend, kClear}) {
    const Asked asked = ask_text(with_lines("full_security", begin) + kForget);

    ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
    EXPECT_EQ(asked.answer.explanations.front().causes.front().id, "SB-W004") << asked.story();
  }
}

// Only the owner's key could be used, and it is gone: the request was opened while it was there, the reply waits.
TEST(WhyTest, AReplyThatCannotBeSignedIsExplained) {
  const Asked asked =
      ask_text(with_lines("full_security", kSend) +
               "--# advance 1s\n:connect HOST_B\nUSE Receiver;\nALTER CERTIFICATE receiver_cert "
               "REMOVE PRIVATE "
               "KEY;\nDECLARE @h uniqueidentifier;\nRECEIVE TOP (1) @h = conversation_handle FROM "
               "ReceiverQueue;\nSEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'got "
               "it');\nGO\n--# advance "
               "1m\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Cause& cause = asked.answer.explanations.front().causes.front();
  EXPECT_EQ(cause.id + " " + cause.place, "SB-C005 HOST_B.Receiver") << asked.story();
  EXPECT_EQ(cause.phase, Phase::leaving);
}

TEST(WhyTest, AQueueThatNothingReadsIsReadBehindTheCure) {
  const Asked asked = ask_text(
      "--# clock 2020-03-01\n:r ../setup/shop.sqlcmd\nUSE Shop;\nGO\nCREATE PROCEDURE take AS "
      "RECEIVE "
      "TOP (1) * FROM WarehouseQueue;\nGO\nALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = "
      "ON, "
      "PROCEDURE_NAME = take, MAX_QUEUE_READERS = 0, EXECUTE AS OWNER);\nDECLARE @h "
      "uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON "
      "CONTRACT [OrderContract] WITH ENCRYPTION = OFF;\nSEND ON CONVERSATION @h MESSAGE TYPE "
      "[Order] "
      "(N'a lamp');\nGO\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Explanation& only = asked.answer.explanations.front();
  EXPECT_EQ(only.waiting.kind, Waiting::Kind::unread);
  EXPECT_EQ(only.causes.front().id, "SB-Q006") << asked.story();
  EXPECT_EQ(only.causes.front().phase, Phase::receiving);
  EXPECT_EQ(only.trial.outcome, Outcome::helped) << asked.story();
  EXPECT_THAT(asked.story(), testing::HasSubstr("tried in a fork: received"));
}

// Its transaction is open for an hour, and the second order belongs to the same group.
TEST(WhyTest, AGroupThatIsHeldIsToldApartFromAProcedureThatFails) {
  const Asked asked = ask_text(
      "--# clock 2020-03-01\n:r ../setup/shop.sqlcmd\nUSE Shop;\nGO\nCREATE PROCEDURE take "
      "AS\nBEGIN\n"
      "BEGIN TRANSACTION;\nRECEIVE TOP (1) * FROM WarehouseQueue;\nWAITFOR DELAY '01:00:00';\n"
      "COMMIT;\nEND;\nGO\nALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME "
      "= "
      "take, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG "
      "@h "
      "FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH "
      "ENCRYPTION = OFF;\nSEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');\nSEND ON "
      "CONVERSATION @h MESSAGE TYPE [Order] (N'a table');\nGO\n");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  EXPECT_EQ(asked.answer.explanations.front().causes.front().id, "SB-W015") << asked.story();
}

TEST(WhyTest, OneConversationAndOneMessageCanBeChosen) {
  const std::string text = with_lines("full_security",
                                      ":connect HOST_B\nUSE Receiver;\nDROP CERTIFICATE "
                                      "sender_cert;\nGO\n") +
                           kSend + kSend + "--# advance 1m\n";
  const Asked all = ask_text(text);
  ASSERT_EQ(all.answer.explanations.size(), 1U) << all.story();
  EXPECT_EQ(all.answer.explanations.front().others, 1U);
  const std::string handle = all.answer.explanations.front().waiting.handle;

  const Asked one = ask_text(text, {.conversation = handle, .message = 0});

  ASSERT_EQ(one.answer.explanations.size(), 1U) << one.story();
  EXPECT_EQ(one.answer.explanations.front().others, 0U);
  EXPECT_TRUE(ask_text(text, {.conversation = handle, .message = 7}).answer.explanations.empty());
  EXPECT_FALSE(ask_text(text, {.conversation = handle, .message = 7}).answer.is_of_nobody);
  const Asked nobody = ask_text(text, {.conversation = "nobody"});
  EXPECT_TRUE(nobody.answer.explanations.empty());
  EXPECT_TRUE(nobody.answer.is_of_nobody) << nobody.story();
}

TEST(WhyTest, ACertificateComesBackUnderTheUserThatHoldsSend) {
  const Asked asked = ask_file("failures/certificate_missing_at_target.sql", "--# note The cure");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  const Explanation& only = asked.answer.explanations.front();
  EXPECT_EQ(only.causes.size(), 1U) << asked.story();
  EXPECT_THAT(only.causes.front().cure,
              testing::Contains(testing::HasSubstr("AUTHORIZATION [sender_user]")));
}

TEST(WhyTest, TheSameQuestionHasTheSameAnswer) {
  const auto tell = [] {
    return ask_file("failures/no_way_back.sql", "--# note The cure").story();
  };
  EXPECT_EQ(tell(), tell());
}

// A cure that does not cure must show as such: without it the trial would prove nothing.
TEST(WhyTest, TheFourOmissionsComeToLightOneAfterTheOther) {
  const Asked asked = ask_file("corpus/f20_four_omissions.sql", "--# note 1.");

  ASSERT_EQ(asked.answer.explanations.size(), 1U) << asked.story();
  std::vector<std::string> ids;
  for (const Cause& cause : asked.answer.explanations.front().causes)
    ids.push_back(cause.id + " " + cause.place);
  EXPECT_THAT(ids, testing::IsSupersetOf(
                       {"SB-R001 HOST_A.Sender", "SB-E001 HOST_B", "SB-P001 HOST_B.Receiver"}))
      << asked.story();
  EXPECT_EQ(asked.answer.explanations.front().trial.outcome, Outcome::helped) << asked.story();
}

}  // namespace
}  // namespace ssb::sim::why
