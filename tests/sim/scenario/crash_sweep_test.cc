// Crash points: how they are written, where they are put into a script, and the batches that run again.
#include "sim/scenario/crash_sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/runner.h"
#include "tests/sim/scenario/fake_backend.h"
#include "tests/sim/scenario/two_instances.h"

namespace ssb::sim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CrashPointTest, TextAndPointAreOneAndTheSame) {
  for (const char* text :
       {"HOST_B:17", "HOST_B:17:torn", "A:1:allocation", "A:3:sync:torn", "A:2:write"}) {
    const auto point = parse_crash_point(text);
    ASSERT_TRUE(point) << text;
    EXPECT_EQ(point->text(), text);
  }
  for (const char* text :
       {"", "HOST_B", "HOST_B:", ":3", "A:0", "A:-1", "A:x", "A:1:melted", "A:1:", "A:1.5"})
    EXPECT_FALSE(parse_crash_point(text)) << text;
}

TEST(CrashPointTest, PointsGoThroughNodesNumbersAndTornWrites) {
  const std::vector<StepCount> counts = {{"A", 2}, {"B", 5}};
  SweepRange range;
  const auto texts = [&] {
    std::vector<std::string> out;
    for (const CrashPoint& point : crash_points(counts, range)) out.push_back(point.text());
    return out;
  };

  range.node = "a";
  EXPECT_THAT(texts(), ElementsAre("A:1", "A:1:torn", "A:2", "A:2:torn"));
  range = {};
  range.every = 2;
  range.torn = false;
  EXPECT_THAT(texts(), ElementsAre("A:1", "B:1", "B:3", "B:5"));
  range = {};
  range.node = "B";
  range.from = 4;
  range.to = 9;
  range.whole = false;
  EXPECT_THAT(texts(), ElementsAre("B:4:torn", "B:5:torn"));
  range.node = "C";
  EXPECT_THAT(texts(), IsEmpty());
}

TEST(CrashPointTest, TheCrashStandsBeforeTheFirstRepeatableBatch) {
  const Script script =
      parse_script("a.sql", ":connect A\nSELECT 1\nGO\n--# repeatable\nSELECT 2\nGO\n", {});
  ASSERT_TRUE(can_be_swept(script));

  const Script armed = with_crash(script, *parse_crash_point("A:17:torn"));

  ASSERT_EQ(armed.steps.size(), script.steps.size() + 2);
  EXPECT_EQ(std::get<DiskFault>(armed.steps[2].action).mode, "torn");
  const auto& crash = std::get<Crash>(armed.steps[3].action);
  EXPECT_EQ(crash.after, 16);
  EXPECT_EQ(crash.counted, Crash::Counted::step);
  EXPECT_EQ(crash.returns_after, kReturnsAfter);
  EXPECT_TRUE(std::get<Batch>(armed.steps[4].action).is_repeatable);
  EXPECT_FALSE(can_be_swept(parse_script("a.sql", ":connect A\nSELECT 1\nGO\n", {})));
}

// ---- batches that run again ----

constexpr std::string_view kRepeatable =
    ":connect A\nUSE Db\nGO\n--# repeatable\nSELECT 2\nGO\n--# expect value 7\n";

TEST(RepeatableTest, ABatchRunsAgainOnANewSessionInItsDatabase) {
  FakeBackend backend;
  backend.batches["USE Db"] = {broker::tsql::DatabaseChanged{"Db"}};
  backend.batches["SELECT 2"] = {row_set({"n"}, {{std::int64_t{7}}})};
  int crashes = 2;
  backend.on_batch = [&](FakeBackend& fake, BackendSession session) {
    if (fake.calls.back() != "batch A: SELECT 2" || crashes-- <= 0) return;
    fake.lost.insert(session);
    fake.running.erase("A");
  };
  const Script script = parse_script("a.sql", kRepeatable, {});

  const Report report = Runner(script, backend).run();

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_THAT(backend.calls,
              ElementsAre("declare A", "start A", "open A", "batch A: USE Db", "batch A: SELECT 2",
                          "start A", "open A", "batch A: USE [Db]", "batch A: SELECT 2", "start A",
                          "open A", "batch A: USE [Db]", "batch A: SELECT 2", "settle", "close"));
}

TEST(RepeatableTest, AnInstanceThatComesBackByItselfIsWaitedFor) {
  FakeBackend backend;
  backend.batches["SELECT 2"] = {row_set({"n"}, {{std::int64_t{7}}})};
  bool is_first = true;
  backend.on_batch = [&](FakeBackend& fake, BackendSession session) {
    if (fake.calls.back() != "batch A: SELECT 2" || !std::exchange(is_first, false)) return;
    fake.lost.insert(session);
    fake.running.erase("A");
  };
  int steps = 0;
  backend.on_step = [&](FakeBackend& fake) {
    if (++steps == 3) fake.running.insert("A");
  };
  const Script script = parse_script("a.sql", kRepeatable, {});

  const Report report = Runner(script, backend).run();

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_EQ(std::count(backend.calls.begin(), backend.calls.end(), "start A"), 1);
  EXPECT_EQ(steps, 3);
}

TEST(RepeatableTest, OneThatGoesDownEachTimeIsGivenUp) {
  FakeBackend backend;
  backend.on_batch = [&](FakeBackend& fake, BackendSession session) { fake.lost.insert(session); };
  const Script script = parse_script("a.sql", kRepeatable, {});

  const Report report = Runner(script, backend).run();

  EXPECT_EQ(report.verdict, Verdict::failed);
  EXPECT_THAT(failures_of(report), HasSubstr("went down each of 10 times"));
}

}  // namespace
}  // namespace ssb::sim::scenario
