// The scenarios of this repository: at the failing point the doctor names the cause; where all is well it finds nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/doctor/examined.h"

namespace ssb::sim::doctor {
namespace {

using testing::Contains;
using testing::IsEmpty;

struct Failing {
  const char* file;
  const char* before;  // up to this text of the file
  std::string cause;
};

class FailingTest : public testing::TestWithParam<Failing> {};

TEST_P(FailingTest, NamesTheCause) {
  const Failing& failing = GetParam();
  const std::string file = kScenarios + failing.file;
  const std::string text = text_of(file);
  const std::size_t end =
      std::string_view(failing.before).empty() ? text.size() : text.find(failing.before);
  ASSERT_NE(end, std::string::npos) << file;

  const Examined examined = examine_script(file, text.substr(0, end));

  EXPECT_THAT(examined.bad(), Contains(failing.cause)) << examined.story();
}

INSTANTIATE_TEST_SUITE_P(
    Failures, FailingTest,
    testing::Values(
        Failing{"failures/certificate_missing_at_target.sql", "--# note The cure",
                "SB-C003 HOST_B.Receiver"},
        Failing{"failures/expired_certificate.sql", "--# note A new certificate",
                "SB-C001 HOST_A.Sender"},
        Failing{"failures/expired_certificate_with_a_known_key.sql", "", "SB-C006 HOST_B.Receiver"},
        Failing{"failures/master_key_dropped.sql", "--# note The cure", "SB-K002 HOST_B.Receiver"},
        Failing{"failures/no_binding.sql", "--# note The cure", "SB-S001 HOST_A.Sender"},
        Failing{"failures/no_send_permission.sql", "--# note The cure", "SB-P001 HOST_B.Receiver"},
        Failing{"failures/no_way_back.sql", "--# note The cure", "SB-R001 HOST_B.Receiver"},
        Failing{"failures/outbound_only.sql", "--# note Login, user", "SB-E007 HOST_B.master"},
        Failing{"failures/outbound_only.sql",
                "GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A", "SB-E008 HOST_B.master"},
        Failing{"failures/poison_message.sql", "--# note The cure", "SB-Q002 HOST_B.Receiver"},
        Failing{"failures/reply_signed_by_another_user.sql", "--# note Given to",
                "SB-C011 HOST_A.Sender"},
        Failing{"failures/service_owner_may_not_receive.sql", "--# note Nobody is told",
                "SB-P004 HOST_B.Receiver"},
        Failing{"corpus/f01_no_master_key_in_one_database.sql", "--# note One cure",
                "SB-K001 HOST_A.Shop"},
        Failing{"corpus/f03_target_certificate_not_imported.sql", "--# note The cure",
                "SB-C002 HOST_A.Sender"},
        Failing{"rollover/latest_expiry_trap.sql", "--# note The cure", "SB-C003 HOST_B.Receiver"},
        Failing{"corpus/f19_forwarder_without_routes.sql", "--# note One half",
                "SB-R003 HOST_C.msdb"},
        Failing{"configuration/wildcard_trap.sql", "--# note The cure", "SB-R009 HOST_A.Sender"},
        Failing{"corpus/f21_unknown_service.sql", "--# note The cure", "SB-R001 HOST_A.Sender"},
        Failing{"corpus/f24_fire_and_forget.sql", "--# expect queue error",
                "SB-Q004 HOST_B.Receiver"},
        Failing{"dialogs/forwarder.sql", "--# note MESSAGE_FORWARDING", "SB-R007 HOST_C"},
        Failing{"keys/machine_key_lost.sql", "--# key HOST_A machine found", "SB-K003 HOST_A"},
        Failing{"attacks/b03_same_issuer_and_serial_dialog.sql", "--# note Both in one database",
                "SB-C007 HOST_B.Receiver"},
        Failing{"attacks/b03_same_issuer_and_serial_endpoint.sql", "--# note HOST_B installs",
                "SB-E011 HOST_B.master"},
        Failing{"attacks/b07_activated_before_deployed.sql", "--# note The cure",
                "SB-C003 HOST_B.Receiver"},
        Failing{"attacks/b18_connect_granted_to_public.sql", "--# note The same stranger",
                "SB-E009 HOST_B.master"},
        Failing{"attacks/b26_odd_key_sizes.sql", "--# note A dialog stays",
                "SB-C008 HOST_A.Sender"},
        Failing{"attacks/h05_routing_loop.sql", "--# note Everything else",
                "SB-R008 HOST_A.Sender"},
        Failing{"attacks/h07_receive_on_a_queue_that_is_off.sql", "--# note Nor does waiting",
                "SB-Q002 HOST_B.Receiver"}),
    [](const auto& failing) {
      std::string name = failing.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name + "_" + failing.param.cause.substr(3, 4);
    });

TEST(TruthTest, FourOmissionsOfTheCorpusAreExactlyFourFindings) {
  const std::string file = kScenarios + "corpus/f20_four_omissions.sql";
  const std::string text = text_of(file);

  const Examined examined = examine_script(file, text.substr(0, text.find("--# note 1.")));

  EXPECT_THAT(examined.bad(),
              testing::ElementsAre("SB-E001 HOST_B", "SB-P001 HOST_B.Receiver",
                                   "SB-R001 HOST_A.Sender", "SB-R001 HOST_B.Receiver"))
      << examined.story();
}

class SoundTest : public testing::TestWithParam<const char*> {};

TEST_P(SoundTest, HasNoErrorAndNoWarning) {
  const std::string file = kScenarios + GetParam();

  const Examined examined = examine_script(file, text_of(file));

  EXPECT_THAT(examined.bad(), IsEmpty()) << examined.story();
  EXPECT_NE(examined.find(CheckId::R001, Verdict::ok), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Baselines, SoundTest,
    testing::Values("dialogs/anonymous.sql", "dialogs/clear_transport.sql", "dialogs/forwarder.sql",
                    "dialogs/full_security.sql", "dialogs/large_message.sql",
                    "dialogs/move_and_receive.sql", "dialogs/no_encryption.sql",
                    "dialogs/same_instance.sql", "failures/no_way_back.sql",
                    "failures/certificate_missing_at_target.sql", "rollover/latest_expiry_trap.sql",
                    "corpus/f20_four_omissions.sql", "rollover/initiator_certificate.sql",
                    "rollover/target_certificate.sql"));

// Also those that come later.
TEST(TruthTest, NoDialogThatWorksHasAnErrorOrAWarning) {
  for (const auto& entry : std::filesystem::directory_iterator(kScenarios + "dialogs")) {
    const std::string file = entry.path().string();
    const Examined examined = examine_script(file, text_of(file));
    EXPECT_THAT(examined.bad(), IsEmpty()) << file << "\n" << examined.story();
  }
}

}  // namespace
}  // namespace ssb::sim::doctor
