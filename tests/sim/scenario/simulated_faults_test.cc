// Each fault that a scenario can ask for, in virtual time: that it really did something, and that the instances stand it.
#include "sim/scenario/simulated_faults.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/allocation.h"
#include "sim/scenario/crash_sweep.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/scenario/warm_up.h"
#include "tests/sim/scenario/two_instances.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::scenario {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// `file` says where :r looks.
Report run(const std::string& text, std::uint64_t seed = 1,
           const std::string& file = SSB_SOURCE_DIR "/scenarios/restart/a.sql") {
  const auto simulation = make_simulation({.seed = seed, .keys = test_key});
  const Script script =
      parse_script(file, text, {.variables = {}, .environment = {}, .read_file = read_file});
  Report report = Runner(script, *simulation).run();
  for (const ScriptMessage& problem : report.problems) ADD_FAILURE() << problem.line();
  return report;
}

const std::string kPlain(kTwoInstances);
const std::string kFull =
    "--# clock 2020-03-01\n:setvar count 5\n:r ../setup/full_security.sqlcmd\n";

constexpr const char* kSendFive = R"sql(
:connect HOST_A
USE Db;
DECLARE @h uniqueidentifier, @i int;
BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;
SET @i = 0;
WHILE @i < 5 BEGIN SEND ON CONVERSATION @h (CAST(@i AS nvarchar(10))); SET @i = @i + 1; END
GO
)sql";
constexpr const char* kAllFive = R"sql(
--# expect delivered 5 to q on HOST_B.Db
--# expect status none on HOST_A.Db
)sql";

// By what is there: a crash takes with it the trace of what was committed before it.
constexpr const char* kFiveInTheQueue = R"sql(
--# expect status none on HOST_A.Db
:connect HOST_B
--# repeatable
USE Db;
SELECT COUNT(*) FROM q WHERE CAST(message_body AS nvarchar(10)) = CAST(message_sequence_number AS nvarchar(10));
GO
--# expect value '5'
)sql";

// ---- clocks ----

TEST(SimulatedClockTest, ANodesOwnTimeFollowsItsDriftAndJumps) {
  const Report report = run(
      "--# clock 2020-03-01\n:connect A\n--# drift A +100000ppm\n--# advance 10h\n"
      "SELECT CONVERT(varchar(19), GETUTCDATE(), 120)\nGO\n--# expect value '2020-03-01 11:00:00'\n"
      "--# drift A 0ppm\n--# jump A -2h\n"
      "SELECT CONVERT(varchar(19), GETUTCDATE(), 120)\nGO\n--# expect value '2020-03-01 09:00:00'\n"
      "--# jump A +1d\n--# drift A -1000000ppm\n--# advance 5d\n"
      "SELECT CONVERT(varchar(19), GETUTCDATE(), 120)\nGO\n--# expect value '2020-03-02 "
      "09:00:00'\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("clock.jumped", 2)));
  EXPECT_THAT(report.probes, Contains(Pair("clock.drifts", 3)));
}

TEST(SimulatedClockTest, ADeadlineIsThatOfTheNodesOwnClock) {
  // An hour of its own time: half of one of the world's where its clock goes twice as fast.
  const auto minutes_of = [](const std::string& change) {
    const Report report = run("--# clock 2020-03-01\n:connect A\n" + change +
                              "WAITFOR DELAY '01:00:00'\nGO\nSELECT 1\nGO\n--# expect value 1\n");
    EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
    return std::chrono::round<std::chrono::minutes>(report.end - report.start).count();
  };

  EXPECT_EQ(minutes_of(""), 60);
  EXPECT_EQ(minutes_of("--# drift A +1000000ppm\n"), 30);
  EXPECT_EQ(minutes_of("--# drift A -500000ppm\n"), 120);
}

TEST(SimulatedClockTest, DialogsGoOnWhenClocksJumpInEitherDirection) {
  const Report report =
      run(kPlain + "--# advance 1d\n--# partition HOST_A | HOST_B\n" + kSendFive +
          "--# jump HOST_A -3h\n--# jump HOST_B +3h\n--# drift HOST_B -300000ppm\n"
          "--# advance 1m\n--# heal\n--# advance 6h\n" +
          kAllFive);

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

// ---- the network ----

TEST(SimulatedNetworkTest, EachFaultOfALinkIsReachedAndHarmsNothing) {
  for (const auto& [fault, probe] :
       {std::pair("link HOST_A -> HOST_B jitter 50ms", "network.jittered"),
        std::pair("link HOST_A -> HOST_B clog 3s", "network.clogged"),
        std::pair("link HOST_A -> HOST_B cut connect refused", "network.connect_refused"),
        std::pair("link HOST_A -> HOST_B cut connect lost", "network.connect_lost"),
        std::pair("link HOST_A -> HOST_B stall 2s", "network.stalled"),
        std::pair("partition HOST_A -> HOST_B", "network.partitioned"),
        std::pair("partition HOST_B -> HOST_A", "network.partitioned"),
        std::pair("swizzle HOST_A | HOST_B for 2m", "network.swizzled")}) {
    const Report report = run(kPlain + "--# " + fault + "\n" + kSendFive +
                              "--# advance 5m\n--# heal\n--# advance 30m\n" + kAllFive);

    EXPECT_EQ(report.verdict, Verdict::passed) << fault << ": " << failures_of(report);
    EXPECT_THAT(report.probes, Contains(Key(probe))) << fault;
  }
}

TEST(SimulatedNetworkTest, AOneWayPartitionHoldsBackItsDirectionAlone) {
  const Report held = run(kPlain + "--# partition HOST_A -> HOST_B\n" + kSendFive +
                          "--# advance 5m\n--# expect delivered 0 to q on HOST_B.Db\n");

  EXPECT_EQ(held.verdict, Verdict::passed) << failures_of(held);
}

TEST(SimulatedNetworkTest, ASwizzleCutsAndHealsEachDirectionOnce) {
  const Report report =
      run(kPlain + "--# swizzle HOST_A | HOST_B for 30s\n--# advance 31s\n" + kSendFive + kAllFive);

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("network.swizzled", 2)));
  const Report healed = run(kPlain +
                            "--# swizzle HOST_A | HOST_B for 30s\n--# heal\n--# advance "
                            "31s\n" +
                            kSendFive + kAllFive);
  EXPECT_EQ(healed.verdict, Verdict::passed) << failures_of(healed);
  EXPECT_THAT(healed.probes, Not(Contains(Key("network.swizzled"))));
}

TEST(SimulatedHopTest, AChangedMessageOfASecureDialogIsRefusedAndComesAgainWhole) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Report report = run(kFull +
                                  "--# net HOST_A -> HOST_B corrupt 40%\n--# net HOST_B -> HOST_A "
                                  "corrupt 40%\n:r ../setup/send_orders.sqlcmd\n--# advance 1h\n"
                                  "--# heal\n--# advance 10m\n"
                                  "--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver\n"
                                  "--# expect status none on HOST_A.Sender\n"
                                  ":r ../setup/orders_in_order.sqlcmd\n",
                              seed);

    EXPECT_EQ(report.verdict, Verdict::passed) << seed << ": " << failures_of(report);
    EXPECT_THAT(report.probes, Contains(Key("hop.corrupted"))) << seed;
  }
}

TEST(SimulatedHopTest, OnlyTheEndOfADialogIsHit) {
  const Report report =
      run(kPlain + "--# net HOST_A -> HOST_B loss 100% only end\n" + kSendFive +
          "DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
          "sys.conversation_endpoints; END CONVERSATION @h\nGO\n--# advance 1m\n"
          ":connect HOST_B\nUSE Db\nGO\nSELECT COUNT(*) FROM q\nGO\n--# expect value 5\n"
          "--# heal\n--# advance 10m\nSELECT COUNT(*) FROM q\nGO\n--# expect value 6\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Key("hop.lost")));
}

// ---- disks ----

TEST(SimulatedDiskTest, EachFaultOfADiskIsReachedAndTheInstanceReturns) {
  for (const auto& [fault, probe] :
       {std::pair("disk HOST_B fails write 2", "storage.step_failed"),
        std::pair("disk HOST_B fails sync 1", "storage.step_failed"),
        std::pair("disk HOST_B fails step 3", "storage.step_failed"),
        std::pair("crash HOST_B after write 2", "storage.failed"),
        std::pair("crash HOST_B after sync 1", "storage.failed"),
        std::pair("crash HOST_B after step 3 back after 1s", "node.returned")}) {
    const Report report =
        run(kPlain + "--# " + fault + "\n" + kSendFive +
            "--# advance 10s\n--# restart HOST_B\n--# advance 10m\n" + kFiveInTheQueue);

    EXPECT_EQ(report.verdict, Verdict::passed) << fault << ": " << failures_of(report);
    EXPECT_THAT(report.probes, Contains(Key(probe))) << fault;
  }
}

TEST(SimulatedDiskTest, AnUnreadableDiskKeepsTheInstanceDownUntilItIsRepaired) {
  const Report report = run(
      kPlain + kSendFive + kAllFive +
      "--# crash HOST_B back after 5s\n--# disk HOST_B unreadable\n--# advance 1m\n"
      "--# disk HOST_B ok\n--# advance 10s\n:connect HOST_B\nUSE Db\nSELECT COUNT(*) FROM q\nGO\n"
      "--# expect value 5\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Key("storage.read_failed")));
  EXPECT_THAT(report.probes, Contains(Pair("node.returned", 1)));
}

TEST(SimulatedDiskTest, RotAndMisdirectedWritesReallyHappen) {
  const Report report = run(kPlain + "--# disk HOST_B misdirects 1\n" + kSendFive +
                            "--# settle\n--# disk HOST_B rot\n--# expect delivered 5 to q on "
                            "HOST_B.Db\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("storage.misdirected", 1)));
  EXPECT_THAT(report.probes, Contains(Pair("storage.rotted", 1)));
  const Report nowhere = run(kPlain + "--# disk HOST_B rot '/store/none.ssb' 0\n");
  EXPECT_THAT(failures_of(nowhere), HasSubstr("no durable byte"));
}

TEST(SimulatedDiskTest, StatesOfADiskAddUpUntilItIsOk) {
  const Report report =
      run(kPlain + "--# disk HOST_B slow\n--# disk HOST_B lying\n--# disk HOST_B torn\n" +
          kSendFive + kAllFive + "--# disk HOST_B ok\n--# crash HOST_B\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_GT(report.end - report.start, std::chrono::milliseconds(100));
  EXPECT_THAT(report.probes, Contains(Key("storage.sync_lied")));
}

// What it was to roll back goes with the store: its sessions must not try.
TEST(SimulatedDiskTest, AnInstanceMayGoDownWithATransactionOpenInASession) {
  const Report report =
      run(kPlain + "--# link HOST_A -> HOST_B stall 5s\n" + kSendFive +
          ":connect HOST_B\nUSE Db\nGO\n--# crash HOST_B after step 0 back after 1s\n"
          "--# repeatable\nBEGIN TRANSACTION\nCREATE TABLE t (n int)\nWAITFOR DELAY '00:00:20'\n"
          "COMMIT\nGO\n--# advance 10m\n" +
          kFiveInTheQueue);

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("node.returned", 1)));
}

// ---- memory ----

class SimulatedMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_fail_allocations()) GTEST_SKIP() << "a sanitizer has its own operator new";
  }
  // Twice in the same process, and alike.
  static Report run_warm(const std::string& text) {
    std::vector<Fingerprint> seen;
    Report report;
    const Script script =
        parse_script(SSB_SOURCE_DIR "/scenarios/restart/a.sql", text,
                     {.variables = {}, .environment = {}, .read_file = read_file});
    const auto run_once = [&](const Script& what) {
      const auto simulation = make_simulation({.seed = 1, .keys = test_key});
      report = Runner(what, *simulation).run();
      seen.push_back(simulation->fingerprint());
    };
    warm_up(script, run_once);
    EXPECT_GE(seen.size(), 1U) << "it counts allocations";
    seen.clear();
    run_once(script);
    run_once(script);
    EXPECT_EQ(Fingerprint::first_difference(seen[0], seen[1]), std::nullopt);
    return report;
  }
};

// A test is a process of its own under ctest: these are its first runs.
TEST_F(SimulatedMemoryTest, AnInstanceThatRunsOutOfMemoryReturnsWithWhatItHad) {
  for (const int n : {0, 1, 60, 150, 401, 450, 490, 500}) {
    const Report report =
        run_warm(kPlain + fmt::format("--# crash HOST_B after allocation {} back after 1s\n", n) +
                 kSendFive + "--# advance 10m\n" + kFiveInTheQueue);

    EXPECT_EQ(report.verdict, Verdict::passed) << n << ": " << failures_of(report);
    EXPECT_THAT(report.probes, Contains(Pair("memory.failed", 1))) << n;
    EXPECT_THAT(report.probes, Contains(Pair("node.returned", 1))) << n;
  }
}

TEST_F(SimulatedMemoryTest, ASecondTimeCountsFromWhereItIsSet) {
  const std::string crash = "--# crash HOST_B after allocation 20 back after 1s\n";
  const Report report =
      run_warm(kPlain + crash + kSendFive + "--# advance 10m\n" + crash + kFiveInTheQueue);

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("memory.failed", 2)));
}

TEST_F(SimulatedMemoryTest, ItIsTheOneInstanceThatRunsOut) {
  const Report report = run_warm(kPlain + "--# crash HOST_A after allocation 300000\n" + kSendFive +
                                 "--# advance 10m\n" + kFiveInTheQueue);

  EXPECT_THAT(report.probes, Not(Contains(Key("memory.failed"))));
}

TEST_F(SimulatedMemoryTest, ScriptsThatCountNoneAreNotRunTwice) {
  int runs = 0;
  warm_up(parse_script("a.sql", kPlain + "--# crash HOST_B after write 1\n", {}),
          [&](const Script&) { ++runs; });

  EXPECT_EQ(runs, 0);
}

// ---- keys ----

TEST(SimulatedKeyTest, WithoutItsMachineKeyOnlyPasswordsOpenAnything) {
  const std::string make =
      "--# clock 2020-03-01\n:connect A\nCREATE DATABASE Db\nGO\nUSE Db\n"
      "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!'\nGO\n";
  const std::string restart = "--# restart A\n:connect A\nUSE Db\n";
  const std::string use = "CREATE CERTIFICATE c WITH SUBJECT = 'c'\nGO\n";

  const Report lost = run(make + "--# key A machine lost\n" + restart + "--# expect error 15581\n" +
                          use + "OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Pass_word_1!'\n" + use);
  const Report found =
      run(make + "--# key A machine lost\n" + restart + "--# expect error 15581\n" + use +
          "--# key A machine found\n" + restart + use);

  EXPECT_EQ(lost.verdict, Verdict::passed) << failures_of(lost);
  EXPECT_THAT(lost.probes, Contains(Pair("key.machine_lost", 1)));
  EXPECT_EQ(found.verdict, Verdict::passed) << failures_of(found);
  EXPECT_THAT(found.probes, Contains(Pair("key.machine_found", 1)));
}

TEST(SimulatedKeyTest, ADamagedMasterKeyCopyLeavesThePassword) {
  const Report report =
      run("--# clock 2020-03-01\n:connect A\nCREATE DATABASE Db\nGO\nUSE Db\n"
          "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!'\nGO\n"
          "--# key A.Db damage master\n--# restart A\n:connect A\nUSE Db\nGO\n"
          "--# expect error 15581\nCREATE CERTIFICATE c WITH SUBJECT = 'c'\nGO\n"
          "OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Pass_word_1!'\n"
          "CREATE CERTIFICATE c WITH SUBJECT = 'c'\nGO\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("key.damaged", 1)));
}

TEST(SimulatedKeyTest, ADamagedCertificateHarmsItsDialogsAlone) {
  const Report report =
      run(kFull +
          "--# key HOST_A.Sender damage certificate sender_cert\n--# restart HOST_A\n"
          ":r ../setup/send_orders.sqlcmd\n--# settle\n"
          "--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver\n"
          "--# key HOST_A.Sender damage certificate sender_cert\n--# restart HOST_A\n"
          "--# advance 10m\n--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(failures_of(run(kPlain + "--# key HOST_A.Db damage certificate none\n")),
              HasSubstr("has no certificate none"));
}

// ---- randomness ----

TEST(SimulatedRandomTest, AnInstanceWithABrokenSourceDoesNotStart) {
  for (const std::string fault : {"constant", "repeats", "repeats 9", "fails"}) {
    const Report fresh =
        run("--# instance A\n--# random A " + fault + "\n:connect A\nPRINT 'x'\nGO\n");
    const Report again = run(kPlain + "--# random HOST_A " + fault + "\n--# restart HOST_A\n");

    EXPECT_EQ(fresh.verdict, Verdict::environment) << fault << failures_of(fresh);
    EXPECT_THAT(failures_of(fresh), HasSubstr("the random source gives"));
    EXPECT_THAT(failures_of(again), HasSubstr("the random source gives"));
    EXPECT_THAT(again.probes, Contains(Key("random.start_refused")));
  }
}

TEST(SimulatedRandomTest, ItComesBackByItselfWhenTheSourceIsWell) {
  const Report report =
      run(kPlain + "--# random HOST_B constant\n--# crash HOST_B back after 10s\n" + kSendFive +
          "--# advance 1m\n--# expect errorlog 15209 on HOST_B\n"
          "--# expect delivered 0 to q on HOST_B.Db\n"
          "--# random HOST_B ok\n--# advance 5m\n" +
          kAllFive);

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(report.probes, Contains(Pair("random.start_refused", testing::Ge(5))));
  EXPECT_THAT(report.probes, Contains(Key("random.faulty")));
}

TEST(SimulatedRandomTest, StatementsFailAndChangeNothingWhileTheSourceIsBroken) {
  for (const std::string fault : {"constant", "repeats", "fails"}) {
    const Report report = run(
        kPlain + "--# random HOST_A " + fault +
        "\n:connect HOST_A\nUSE Db;\nGO\n"
        "--# expect error 15209\nSELECT NEWID();\nGO\n"
        "--# expect error 15209\nCREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';\nGO\n"
        "--# expect error 15209\nCREATE DATABASE Other;\nGO\n"
        "--# expect error 15209\nDECLARE @h uniqueidentifier;\n"
        "BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;\nGO\n"
        "SELECT COUNT(*) FROM sys.conversation_endpoints;\nGO\n--# expect value '0'\n"
        "SELECT COUNT(*) FROM sys.databases WHERE name = 'Other';\nGO\n--# expect value '0'\n"
        "--# random HOST_A ok\nCREATE DATABASE Other;\n"
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';\nGO\n" +
        kSendFive + kAllFive);

    EXPECT_EQ(report.verdict, Verdict::passed) << fault << failures_of(report);
    EXPECT_THAT(report.probes, Contains(Key("random.faulty"))) << fault;
  }
}

TEST(SimulatedRandomTest, ASourceWithAPeriodOfTwoGivesNoSecondHandle) {
  const std::string begin =
      "DECLARE @h uniqueidentifier;\n"
      "BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;\nGO\n";
  const Report report =
      run(kPlain + "--# random HOST_A repeats 2\n:connect HOST_A\nUSE Db;\nGO\n" + begin +
          "--# expect error 15209\n" + begin +
          "SELECT COUNT(*) FROM sys.conversation_endpoints;\nGO\n--# expect value '1'\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

}  // namespace
}  // namespace ssb::sim::scenario
