// Scenarios in virtual time: faults, crashes at every write, and runs that repeat.
#include "sim/scenario/simulated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/runner.h"
#include "sim/scenario/transcript.h"
#include "tests/sim/scenario/two_instances.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::scenario {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;

struct Simulated {
  Report report;
  Fingerprint fingerprint;
  std::map<std::string, std::uint64_t> probes;
};

Simulated run_simulated(std::string_view text, std::uint64_t seed = 1) {
  const auto simulation = make_simulation({.seed = seed, .keys = test_key});
  const Script script = parse_script("a.sql", text, {});
  Simulated run;
  run.report = Runner(script, *simulation).run();
  run.fingerprint = simulation->fingerprint();
  run.probes = simulation->probes();
  return run;
}

constexpr std::string_view kSendTen = R"sql(
:connect HOST_A
USE Db;
DECLARE @h uniqueidentifier, @i int;
BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;
SET @i = 0;
WHILE @i < 10 BEGIN SEND ON CONVERSATION @h (CAST(@i AS nvarchar(10))); SET @i = @i + 1; END
GO
)sql";
constexpr std::string_view kAllInOrder = R"sql(
--# expect delivered 10 to q on HOST_B.Db
--# expect status none
:connect HOST_B
USE Db;
SELECT COUNT(*) FROM q WHERE CAST(message_body AS nvarchar(10)) <> CAST(message_sequence_number AS nvarchar(10));
GO
--# expect value '0'
)sql";

std::string script(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

TEST(SimulationTest, MessagesArriveOverTheSimulatedNetwork) {
  const Simulated run = run_simulated(script({kTwoInstances, kSendTen, kAllInOrder}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
  EXPECT_TRUE(run.probes.empty());
}

TEST(SimulationTest, OneSeedGivesOneCourse) {
  const std::string text = script({kTwoInstances, "--# net HOST_A -> HOST_B loss 30%\n", kSendTen,
                                   "--# advance 10m\n", kAllInOrder});

  const Simulated one = run_simulated(text, 3);
  const Simulated again = run_simulated(text, 3);
  const Simulated other = run_simulated(text, 4);

  EXPECT_EQ(one.fingerprint.text(), again.fingerprint.text());
  EXPECT_EQ(Fingerprint::first_difference(one.fingerprint, again.fingerprint), std::nullopt);
  EXPECT_NE(one.fingerprint.text(), other.fingerprint.text());
  EXPECT_NE(Fingerprint::first_difference(one.fingerprint, other.fingerprint), std::nullopt);
  EXPECT_EQ(transcript(one.report), transcript(other.report));
}

TEST(SimulationTest, JudgesLookAndChangeNothing) {
  const std::string text = script({kTwoInstances, "--# net HOST_A -> HOST_B loss 30%\n", kSendTen,
                                   "--# crash HOST_B\n--# restart HOST_B\n--# advance 10m\n"});
  const auto run_with = [&](bool is_judged) {
    const auto simulation = make_simulation({.keys = test_key, .is_judged = is_judged});
    const Report report = Runner(parse_script("a.sql", text, {}), *simulation).run();
    EXPECT_TRUE(report.findings.empty()) << findings_of(report);
    return simulation->fingerprint();
  };

  const Fingerprint with = run_with(true);
  const Fingerprint without = run_with(false);

  EXPECT_EQ(Fingerprint::first_difference(with, without), std::nullopt);
}

TEST(SimulationTest, HealAllStartsEveryInstanceAndAsksTheJudges) {
  const Simulated run =
      run_simulated(script({kTwoInstances, "--# net HOST_A -> HOST_B loss 100%\n--# crash HOST_B\n",
                            kSendTen, "--# heal all\n", kAllInOrder}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
  EXPECT_GE(run.report.end - run.report.start, std::chrono::minutes(5));
}

TEST(SimulationTest, EachFaultOfAHopIsReachedAndHarmsNothing) {
  const auto run_with = [](const std::string& fault) {
    return run_simulated(script({kTwoInstances, "--# net HOST_A -> HOST_B " + fault + "\n",
                                 "--# net HOST_B -> HOST_A " + fault + "\n", kSendTen,
                                 "--# advance 30m\n--# heal\n--# advance 2m\n", kAllInOrder}));
  };

  for (const auto& [fault, probe] :
       {std::pair("loss 40%", "hop.lost"), std::pair("duplicate 50%", "hop.repeated"),
        std::pair("reorder 50%", "hop.reordered"), std::pair("delay 300ms", "hop.delayed"),
        std::pair("loss 70% only ack", "hop.lost")}) {
    const Simulated run = run_with(fault);
    EXPECT_EQ(run.report.verdict, Verdict::passed) << fault << ": " << failures_of(run.report);
    EXPECT_THAT(run.probes, Contains(Key(probe))) << fault;
  }
}

TEST(SimulationTest, AFilteredFaultLeavesOtherMessagesAlone) {
  const Simulated run = run_simulated(
      script({kTwoInstances, "--# net HOST_A -> HOST_B loss 100% only begin\n", kSendTen,
              "--# advance 1m\n--# expect delivered 0 to q on HOST_B.Db\n",
              "--# net HOST_A -> HOST_B loss 100% only error\n", "--# advance 2m\n", kAllInOrder}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
}

// Until a run has no crash in it any more: every write of the target's life with ten messages.
TEST(SimulationTest, TheTargetMayLosePowerAtAnyWrite) {
  int crashes = 0;
  for (int write = 0; write < 200; ++write) {
    const Simulated run = run_simulated(
        script(
            {kTwoInstances,
             "--# disk HOST_B torn\n--# crash HOST_B after write " + std::to_string(write) + "\n",
             kSendTen, "--# advance 10s\n--# restart HOST_B\n--# advance 2m\n", kAllInOrder}),
        static_cast<std::uint64_t>(write) + 1);
    const bool has_come = run.probes.contains("storage.failed");
    ASSERT_EQ(run.report.verdict, has_come ? Verdict::passed : Verdict::inconclusive)
        << "at write " << write << ": " << failures_of(run.report);
    if (!has_come) break;
    ++crashes;
  }
  EXPECT_GT(crashes, 3);
  EXPECT_LT(crashes, 200);
}

TEST(SimulationTest, AYearWithALiveDialogPassesQuickly) {
  const Simulated run =
      run_simulated(script({kTwoInstances, kSendTen, kAllInOrder, "--# advance 365d\n",
                            R"sql(
:connect HOST_A
USE Db
SELECT state FROM sys.conversation_endpoints
GO
--# expect value 'CO'
SELECT CONVERT(varchar(10), GETUTCDATE(), 120)
GO
--# expect value '2021-03-01'
)sql"}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
}

TEST(SimulationTest, ASlowDiskDelaysWhatRestsOnIt) {
  const auto time_of = [](const std::string& mode) {
    const Simulated run = run_simulated(
        script({kTwoInstances, "--# disk HOST_B " + mode + "\n", kSendTen, kAllInOrder}));
    EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
    return run.report.end - run.report.start;
  };

  EXPECT_GT(time_of("slow"), time_of("ok") + std::chrono::milliseconds(100));
}

TEST(SimulationTest, ABatchOfManyStatementsGoesOnAfterEachSlice) {
  const Simulated run = run_simulated(
      ":connect A\nDECLARE @i int = 0;\nWHILE @i < 5000 SET @i = @i + 1;\nSELECT @i;\nGO\n"
      "--# expect value '5000'\n");

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
}

TEST(SimulationTest, ALoopThatNeverEndsIsCancelledAfterItsRealTime) {
  std::chrono::steady_clock::time_point time{};
  const auto simulation = make_simulation(
      {.keys = test_key, .batch_timeout = std::chrono::seconds(5), .real_time = [&] {
         return time += std::chrono::seconds(1);
       }});
  const Script script = parse_script(
      "a.sql", ":connect A\nDECLARE @i int = 0 WHILE 1 = 1 SET @i += 1\nGO\nSELECT 1\nGO\n", {});

  const Report report = Runner(script, *simulation).run();

  EXPECT_THAT(failures_of(report), HasSubstr("within 5 s of real time"));
  EXPECT_EQ(report.end, report.start);  // statements take no virtual time
}

TEST(SimulationTest, WhatItCannotDoIsSaidBeforeTheRun) {
  EXPECT_EQ(run_simulated("--# instance A at=/data\n:connect A\n").report.verdict,
            Verdict::inconclusive);
}

// ---- attackers ----

TEST(SimulationTest, AnAttackerRepeatsWhatItHasSeenBeforeItsStep) {
  const Simulated run = run_simulated(
      script({kTwoInstances, kSendTen, kAllInOrder,
              "--# mark\n--# attack replay at hop HOST_A|HOST_B from HOST_A which each\n"
              "--# expect event 160 error 11218 on HOST_B\n"
              "--# expect delivered 0 to q on HOST_B.Db\n"}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
  EXPECT_EQ(run.probes.at("attack.replay.applied"), 10U);
}

TEST(SimulationTest, AnAttackerThatFindsNothingToDoSaysSo) {
  const Simulated run = run_simulated(
      script({kTwoInstances, "--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin\n",
              kSendTen}));

  EXPECT_EQ(run.probes.at("attack.replay.applied"), 0U);
}

TEST(SimulationTest, AnAttackerOnTheWireKeepsWhatItDoesNotSendOn) {
  const Simulated run = run_simulated(
      script({kTwoInstances, "--# attack cut at wire HOST_A|HOST_B step 400 until 2000\n", kSendTen,
              "--# advance 10m\n", kAllInOrder}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
  EXPECT_GE(run.probes.at("attack.cut.applied"), 5U);  // of six, one may have ended before its cut
}

TEST(SimulationTest, APeerTakesTheHostOfAnInstance) {
  const Simulated run =
      run_simulated(script({kTwoInstances, "--# attack silent as peer HOST_B\n", kSendTen,
                            "--# advance 30s\n--# expect status 9755\n"}));

  EXPECT_EQ(run.report.verdict, Verdict::passed) << failures_of(run.report);
  EXPECT_GT(run.probes.at("attack.silent.applied"), 0U);
}

TEST(SimulationTest, AttackersDrawFromStreamsOfTheirOwn) {
  const std::string text =
      script({kTwoInstances, "--# attack tamper at wire HOST_A|HOST_B times 1\n", kSendTen,
              "--# advance 2m\n", kAllInOrder});

  const Simulated one = run_simulated(text, 3);
  const Simulated again = run_simulated(text, 3);

  EXPECT_EQ(one.report.verdict, Verdict::passed) << failures_of(one.report);
  EXPECT_EQ(one.fingerprint.text(), again.fingerprint.text());
}

}  // namespace
}  // namespace ssb::sim::scenario
