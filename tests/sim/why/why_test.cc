// Scenarios stopped where something is wrong: `why` names the phase and the cause, its cure works when it is tried, and the doctor finds
// the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/why/asked.h"

namespace ssb::sim::why {
namespace {

struct Stopped {
  const char* file;
  const char* before;  // the line that begins so, where it is stopped; empty: its end
  Phase phase;
  std::string cause;  // "SB-C003 HOST_B.Receiver", of the first cause
  Outcome outcome;
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

INSTANTIATE_TEST_SUITE_P(
    Scenarios, StoppedTest,
    testing::Values(
        Stopped{"failures/certificate_missing_at_target.sql", "--# note The cure",
                Phase::security_header, "SB-C003 HOST_B.Receiver", Outcome::helped},
        Stopped{"failures/expired_certificate.sql", "--# note A new certificate", Phase::leaving,
                "SB-C001 HOST_A.Sender", Outcome::helped},
        Stopped{"failures/expired_certificate_with_a_known_key.sql", "", Phase::security_header,
                "SB-C006 HOST_B.Receiver", Outcome::did_not_help},
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
        Stopped{"corpus/f15_newest_certificate_of_dbo.sql", "--# note The cure",
                Phase::security_header, "SB-C003 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql", "--# note 1.", Phase::leaving,
                "SB-R001 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql", ":connect HOST_B", Phase::connection,
                "SB-E001 HOST_B", Outcome::helped},
        Stopped{"corpus/f20_four_omissions.sql", "USE Receiver;", Phase::permission,
                "SB-P001 HOST_B.Receiver", Outcome::helped},
        Stopped{"corpus/f21_unknown_service.sql", "--# note The cure", Phase::leaving,
                "SB-R001 HOST_A.Sender", Outcome::helped},
        Stopped{"corpus/f24_fire_and_forget.sql", "--# note The cure", Phase::contents,
                "SB-Q004 HOST_B.Receiver", Outcome::helps_the_next},
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
        Stopped{"certificates/master_key_of_the_target_replies.sql", "OPEN MASTER KEY",
                Phase::security_header, "SB-K002 HOST_B.Receiver", Outcome::helped},
        Stopped{"certificates/removed_trust.sql", "--# note The cure", Phase::security_header,
                "SB-C005 HOST_B.Receiver", Outcome::helped},
        Stopped{"certificates/reply_dates.sql", "--# note The cure", Phase::leaving,
                "SB-C002 HOST_A.Sender", Outcome::helped},
        Stopped{"certificates/reply_fails_where_the_request_works.sql", "--# note The cure",
                Phase::security_header, "SB-C012 HOST_A.Sender", Outcome::did_not_help},
        Stopped{"certificates/reply_for_an_expired_copy.sql", "--# note The cure", Phase::leaving,
                "SB-C001 HOST_A.Sender", Outcome::helped},
        Stopped{"dialogs/forwarder.sql", "ALTER ENDPOINT broker_endpoint", Phase::locating,
                "SB-R007 HOST_C", Outcome::helped}),
    [](const auto& stopped) {
      std::string name = std::to_string(stopped.index) + "_" + stopped.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

}  // namespace
}  // namespace ssb::sim::why
