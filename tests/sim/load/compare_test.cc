#include "sim/load/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/load/result_of.h"

namespace ssb::sim::load {
namespace {

using test::good_result;
using test::report_of;
using testing::HasSubstr;
using testing::Not;

TEST(CompareTest, RangesThatOverlapAreNotRanked) {
  const Samples one{{100, 101, 102, 103, 140}};

  EXPECT_EQ(rank(one, {{139, 150, 151, 152, 153}}), Ranking::no_difference);
  EXPECT_EQ(rank(one, {{141, 150, 151, 152, 153}}), Ranking::second_higher);
  EXPECT_EQ(rank({{141, 150, 151, 152, 153}}, one), Ranking::first_higher);
}

TEST(CompareTest, LessThanATenthIsNoDifference) {
  EXPECT_EQ(rank({{100, 100, 100, 100, 100}}, {{108, 108, 108, 108, 108}}), Ranking::no_difference);
}

TEST(CompareTest, FewerThanFiveSamplesSayNothing) {
  EXPECT_EQ(rank({{1, 1, 1, 1}}, {{5, 5, 5, 5, 5}}), Ranking::too_few);
}

TEST(CompareTest, ALoadIsNoDifferentFromItselfAndAFasterOneIsFaster) {
  const Report report = report_of(good_result());
  Report faster = report;
  for (Interval& interval : faster.result.intervals) interval.target.messages *= 2;

  EXPECT_THAT(compare({report}, {report}), HasSubstr("no difference"));
  EXPECT_THAT(compare({report}, {report}), Not(HasSubstr("higher")));
  EXPECT_THAT(compare({report}, {faster}), HasSubstr("2.00  B is higher"));
}

TEST(CompareTest, SeveralRunsAreASampleEach) {
  const std::vector<Report> two(2, report_of(good_result()));

  EXPECT_THAT(compare(two, two), HasSubstr("too few samples to say"));
}

TEST(FindMaxTest, TheCapacityOfAServiceIsFoundWithinAFewPercent) {
  for (const double capacity : {3.0, 777.0, 100'000.0}) {
    const auto found = find_max(1000, 40, [capacity](double rate) { return rate <= capacity; });

    EXPECT_LE(found.rate, capacity);
    EXPECT_GE(found.rate, 0.95 * capacity);
    EXPECT_GT(found.beyond, capacity);
  }
}

TEST(FindMaxTest, AServiceThatDoesNothingOrEverythingEndsTheSearch) {
  const auto nothing = find_max(1000, 40, [](double) { return false; });
  const auto everything = find_max(1000, 8, [](double) { return true; });

  EXPECT_EQ(nothing.rate, 0);
  EXPECT_LT(nothing.runs, 40);
  EXPECT_EQ(everything.runs, 8);
  EXPECT_EQ(everything.beyond, 0);
}

}  // namespace
}  // namespace ssb::sim::load
