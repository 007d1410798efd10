#include "sim/load/arrivals.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "sim/load/histogram.h"

namespace ssb::sim::load {
namespace {

constexpr Nanoseconds kMillisecond = kSecond / 1000;

TEST(ArrivalsTest, AConstantScheduleHasEqualGaps) {
  Arrivals arrivals(Arrival::constant, 1000, 1);

  const auto due = arrivals.due(10 * kMillisecond, kSecond, 100);

  ASSERT_EQ(due.size(), 11U);
  for (std::size_t i = 0; i < due.size(); ++i)
    EXPECT_EQ(due[i], static_cast<Nanoseconds>(i) * kMillisecond);
}

TEST(ArrivalsTest, PoissonGapsHaveTheirMeanAndItsSpread) {
  Arrivals arrivals(Arrival::poisson, 1000, 7);
  constexpr int kCount = 100'000;
  double sum = 0;
  double squares = 0;
  Nanoseconds before = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto gap = static_cast<double>(arrivals.next() - before) / 1e6;
    before = arrivals.next();
    arrivals.pop();
    sum += gap;
    squares += gap * gap;
  }

  const double mean = sum / kCount;
  const double deviation = std::sqrt(squares / kCount - mean * mean);

  EXPECT_NEAR(mean, 1, 0.02);
  EXPECT_NEAR(deviation, 1, 0.03);  // of an exponential distribution it is the mean
}

TEST(ArrivalsTest, TheSameSeedIsTheSameScheduleAndAnotherIsAnother) {
  Arrivals one(Arrival::poisson, 100, 5);
  Arrivals same(Arrival::poisson, 100, 5);
  Arrivals other(Arrival::poisson, 100, 6);

  const auto times = one.due(kSecond, kSecond, 1000);

  EXPECT_EQ(times, same.due(kSecond, kSecond, 1000));
  EXPECT_NE(times, other.due(kSecond, kSecond, 1000));
}

TEST(ArrivalsTest, WhatIsLateIsStillDueAndNothingAfterTheEndIs) {
  Arrivals arrivals(Arrival::constant, 1000, 1);

  std::size_t count = 0;
  // Nobody asked for a whole second; then a hundred at a time.
  for (auto due = arrivals.due(2 * kSecond, kSecond, 100); !due.empty();
       due = arrivals.due(2 * kSecond, kSecond, 100))
    count += due.size();

  EXPECT_EQ(count, 1000U);
  EXPECT_GE(arrivals.next(), kSecond);
}

// A service in virtual time: it takes a microsecond for a message, but in the first 200 ms of each second it does nothing.
struct Latencies {
  Histogram from_intended, from_sending;
};
Latencies load_stalling_service(Arrivals& arrivals, Nanoseconds until) {
  Latencies out;
  Nanoseconds now = 0;
  while (arrivals.next() < until) {
    now = std::max(now, arrivals.next());
    for (const Nanoseconds intended : arrivals.due(now, until, 1)) {
      const Nanoseconds sent = now;
      constexpr Nanoseconds kStall = 200 * kMillisecond;
      if (now % kSecond < kStall) now += kStall - now % kSecond;
      now += 1000;
      out.from_intended.record(now - intended);
      out.from_sending.record(now - sent);
    }
  }
  return out;
}

TEST(ArrivalsTest, AStallShowsInTheLatencyFromTheIntendedStartAndHidesFromTheOther) {
  Arrivals arrivals(Arrival::constant, 1000, 1);

  const Latencies latencies = load_stalling_service(arrivals, 10 * kSecond);

  EXPECT_EQ(latencies.from_intended.count(), 10'000U);
  EXPECT_GE(latencies.from_intended.percentile(99), 150 * kMillisecond);
  EXPECT_LT(latencies.from_sending.percentile(99), 20 * kMillisecond);
}

}  // namespace
}  // namespace ssb::sim::load
