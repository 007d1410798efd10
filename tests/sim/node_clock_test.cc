// A node's clock: what it shows, and when it will show something.
#include "sim/node_clock.h"

#include <gtest/gtest.h>

namespace ssb::sim {
namespace {

using proto::Duration;
using proto::TimePoint;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint(std::chrono::sys_days(std::chrono::year(2008) / 11 / 26));

TEST(NodeClockTest, ANewClockShowsTheWorldsTime) {
  const NodeClock clock;

  EXPECT_EQ(clock.shows(kStart), kStart);
  EXPECT_EQ(clock.world_time_of(kStart), kStart);
  EXPECT_EQ(clock.world_time_of(proto::kNever), proto::kNever);
}

TEST(NodeClockTest, SkewIsFromTheWorldAndAJumpFromWhatItShows) {
  NodeClock clock;

  clock.set_skew(kStart, hours(3));
  EXPECT_EQ(clock.shows(kStart + seconds(5)), kStart + hours(3) + seconds(5));
  clock.jump(kStart + seconds(5), -hours(4));
  EXPECT_EQ(clock.shows(kStart + seconds(5)), kStart - hours(1) + seconds(5));
  EXPECT_EQ(clock.world_time_of(kStart), kStart + hours(1));
  clock.set_skew(kStart + hours(2), Duration(0));
  EXPECT_EQ(clock.shows(kStart + hours(2)), kStart + hours(2));
}

TEST(NodeClockTest, DriftAddsUpAndStaysWhenItEnds) {
  NodeClock clock;
  clock.set_drift(kStart, 100);

  EXPECT_EQ(clock.shows(kStart + seconds(10'000)), kStart + seconds(10'001));
  clock.set_drift(kStart + seconds(10'000), 0);
  EXPECT_EQ(clock.shows(kStart + seconds(20'000)), kStart + seconds(20'001));
}

TEST(NodeClockTest, ItNeverWakesBeforeItsTimeUnderAnyDrift) {
  for (const std::int64_t ppm : {-999'999, -500'000, -37, -1, 1, 50, 999'999, 1'000'000}) {
    NodeClock clock;
    clock.set_skew(kStart, -hours(1));
    clock.set_drift(kStart, ppm);
    for (const Duration wanted : {Duration(1), Duration(7), Duration(seconds(1)),
                                  Duration(microseconds(1'234'567'891)), Duration(days(400))}) {
      const TimePoint deadline = clock.shows(kStart) + wanted;
      const TimePoint world = clock.world_time_of(deadline);
      if (world == proto::kNever) {  // in more than ten thousand years
        EXPECT_EQ(ppm, -999'999);
        continue;
      }
      EXPECT_GE(clock.shows(world), deadline) << ppm;
      EXPECT_LT(clock.shows(world - Duration(1)), deadline) << ppm;
    }
  }
}

TEST(NodeClockTest, OneThatStandsStillNeverGetsThere) {
  NodeClock clock;
  clock.set_drift(kStart, kDriftPpmMin);

  EXPECT_EQ(clock.shows(kStart + days(365)), kStart);
  EXPECT_EQ(clock.world_time_of(kStart + Duration(1)), proto::kNever);
  EXPECT_LE(clock.world_time_of(kStart), kStart);
}

}  // namespace
}  // namespace ssb::sim
