#include "sim/load/soak.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "sim/load/soak_verdict.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SoakPlanTest, TenMinutesHaveAFaultInEachHalfMinuteAndNoKillInTheSecondHalf) {
  constexpr Nanoseconds kDuration = 600 * kSecond;

  const auto plan = soak_plan(kDuration, Security::full);

  ASSERT_EQ(plan.size(), 19U);
  for (const Fault& fault : plan) {
    if (fault.kind == FaultKind::kill_target || fault.kind == FaultKind::kill_initiator) {
      EXPECT_LE(fault.at, kDuration / 2);
    }
  }
  EXPECT_EQ(plan.front().at, 30 * kSecond);
}

TEST(SoakPlanTest, TheShortestHasEachKindOnce) {
  const auto plan = soak_plan(kSecond, Security::full);

  ASSERT_EQ(plan.size(), 6U);
  for (int kind = 0; kind < 6; ++kind) {
    EXPECT_EQ(
        std::count_if(plan.begin(), plan.end(),
                      [&](const Fault& fault) { return static_cast<int>(fault.kind) == kind; }),
        1);
  }
}

TEST(SoakPlanTest, WhatHasNoCertificateReplacesNone) {
  for (const Fault& fault : soak_plan(600 * kSecond, Security::none)) {
    EXPECT_NE(fault.kind, FaultKind::replace_target_certificate);
    EXPECT_NE(fault.kind, FaultKind::replace_initiator_certificate);
  }
}

// ---- what is judged ----

// Ten minutes in which all is well.
SoakResult good_soak() {
  SoakResult result;
  result.workload.duration = 600 * kSecond;
  result.workload.rate = 1000;
  result.faults = soak_plan(result.workload.duration, Security::full);
  result.initiator_life = 181;
  result.target_life = 271;
  for (int i = 0; i < 600; ++i)
    result.seconds.push_back({.is_quiet = i % 30 >= 20,
                              .sent = 1000,
                              .received = 1000,
                              .initiator_kb = 80'000,
                              .target_kb = 90'000,
                              .p50_ms = i % 30 >= 20 ? 5.0 : 500.0,
                              .p99_ms = 9});
  result.load.sent = result.load.received = 600'000;
  return result;
}

TEST(SoakVerdictTest, WhatLosesNothingAndGrowsNotIsValid) {
  const SoakVerdict verdict = judge(good_soak());

  EXPECT_STREQ(verdict.text(), "VALID") << text_of(good_soak(), verdict);
  EXPECT_EQ(verdict.exit_code(), 0);
}

TEST(SoakVerdictTest, AViolationFailsItWhateverElse) {
  SoakResult result = good_soak();
  result.load.violations = {"dialog: message 4 came where 3 was due (lost or out of order)"};
  result.faults.clear();

  const SoakVerdict verdict = judge(result);

  EXPECT_STREQ(verdict.text(), "FAILED");
  EXPECT_EQ(verdict.exit_code(), 1);
}

TEST(SoakVerdictTest, MemoryThatGrowsMoreThanFivePercentInTheLastLifeFailsIt) {
  for (const bool is_target : {false, true}) {
    SoakResult result = good_soak();
    for (std::size_t i = 540; i < result.seconds.size(); ++i) {
      auto& kb = is_target ? result.seconds[i].target_kb : result.seconds[i].initiator_kb;
      kb += kb / 20 - 100;  // almost
    }
    EXPECT_STREQ(judge(result).text(), "VALID");
    for (std::size_t i = 500; i < result.seconds.size(); ++i) {
      auto& kb = is_target ? result.seconds[i].target_kb : result.seconds[i].initiator_kb;
      kb += kb / 15;
    }

    const SoakVerdict verdict = judge(result);

    EXPECT_STREQ(verdict.text(), "FAILED");
    EXPECT_THAT(verdict.failures, Contains(HasSubstr(is_target ? "the target" : "the initiator")));
  }
}

TEST(SoakVerdictTest, MemoryBeforeTheLastLifeAndWhileItSettlesIsNotLookedAt) {
  SoakResult result = good_soak();
  // The last kind that is new to the target's life comes at 390 s, to the initiator's at 330 s; each until the next fault.
  for (std::size_t i = 0; i < 420; ++i) result.seconds[i].target_kb = 10'000;
  for (std::size_t i = 0; i < 360; ++i) result.seconds[i].initiator_kb = 10'000;

  EXPECT_STREQ(judge(result).text(), "VALID");
  for (std::size_t i = 420; i < 465; ++i) result.seconds[i].target_kb = 10'000;
  EXPECT_STREQ(judge(result).text(), "FAILED");
}

TEST(SoakVerdictTest, LatencyOfQuietSecondsThatGrowsFailsIt) {
  SoakResult result = good_soak();
  for (std::size_t i = 440; i < result.seconds.size(); ++i) {
    if (result.seconds[i].is_quiet) result.seconds[i].p50_ms = 8;
  }

  const SoakVerdict verdict = judge(result);

  EXPECT_THAT(verdict.failures, Contains(HasSubstr("latency")));
}

TEST(SoakVerdictTest, WhatIsTooShortOrStoppedShowsNothing) {
  SoakResult is_short = good_soak();
  is_short.target_life = 560;
  SoakResult has_no_quiet = good_soak();
  for (SoakSecond& second : has_no_quiet.seconds) second.is_quiet = false;
  SoakResult has_stopped = good_soak();
  has_stopped.load.was_stopped = true;
  SoakResult lacks_faults = good_soak();
  lacks_faults.faults.pop_back();
  SoakResult has_nothing = good_soak();
  has_nothing.load.received = 0;
  for (const SoakResult& result :
       {is_short, has_no_quiet, has_stopped, lacks_faults, has_nothing}) {
    const SoakVerdict verdict = judge(result);

    EXPECT_STREQ(verdict.text(), "INVALID");
    EXPECT_EQ(verdict.exit_code(), 4);
  }
}

// ---- two nodes ----

class SoakTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ssb-soak-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.run.folder = folder_;
    options_.run.key_pool = folder_ / "keys";
    Workload& workload = options_.run.workload;
    workload.rsa_bits = 1024;
    workload.dialogs = 3;
    workload.arrival = Arrival::constant;
    workload.rate = 100;
    workload.per_dialog = 20;
    workload.per_transaction = 5;
    workload.flushed = false;
    workload.keeps_progress = true;
    workload.warm_up = 0;
    workload.duration = 5 * kSecond;
    options_.run.drain_at_most = 150 * kSecond;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path folder_;
  SoakOptions options_;
};

TEST_F(SoakTest, NothingIsLostOrRepeatedOverKillsCutsStallsAndNewCertificates) {
  const SoakResult result = run_soak(options_);

  EXPECT_THAT(result.load.violations, IsEmpty());
  EXPECT_EQ(result.load.sent, 500U);
  EXPECT_EQ(result.load.received, 500U);
  EXPECT_EQ(result.faults.size(), 6U);
  EXPECT_GT(result.initiator_life, 0U);
  EXPECT_GT(result.target_life, 0U);
  EXPECT_GE(result.load.dialogs, 25U);
  // New dialogs have used the new certificates: a key exchange key for each.
  EXPECT_GE(result.load.total.initiator.costs.dialogs.grant_misses, 2U);
}

}  // namespace
}  // namespace ssb::sim::load
