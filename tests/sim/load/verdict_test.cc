#include "sim/load/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/load/result_of.h"

namespace ssb::sim::load {
namespace {

using test::good_result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(VerdictTest, AGoodOpenLoopIsValidWithoutNotes) {
  const Verdict verdict = judge(good_result());

  EXPECT_THAT(verdict.reasons, IsEmpty());
  EXPECT_THAT(verdict.notes, IsEmpty());
  EXPECT_FALSE(verdict.is_saturated);
}

TEST(VerdictTest, AClosedLoopIsNamedAsSuch) {
  const Verdict verdict = judge(good_result(Arrival::closed));

  EXPECT_TRUE(verdict.is_valid());
  EXPECT_THAT(verdict.notes, ElementsAre(HasSubstr("closed loop")));
}

TEST(VerdictTest, AScheduleThatIsLateIsInvalid) {
  LoadResult result = good_result();
  result.total.initiator.lag.record(5'000'000, 500);

  EXPECT_THAT(judge(result).reasons, ElementsAre(HasSubstr("the generator itself was late")));
}

TEST(VerdictTest, ALagThatIsSmallBesideTheLatencyDoesNotMatter) {
  LoadResult result = good_result();
  result.total.initiator.lag.record(5'000'000, 500);
  result.total.target.to_receive.clear();
  result.total.target.to_receive.record(100'000'000, 10'000);

  EXPECT_THAT(judge(result).reasons, IsEmpty());
}

TEST(VerdictTest, AGeneratorThatTakesACoreIsTheLimit) {
  LoadResult result = good_result(Arrival::closed);
  result.total.target.generator_cpu = 9 * kSecond;  // of ten

  EXPECT_THAT(judge(result).reasons, ElementsAre(HasSubstr("90 % of a core at the target")));
}

TEST(VerdictTest, LessThanOfferedIsSaturatedAndNotInvalid) {
  LoadResult result = good_result();
  result.total.target.messages = 9'000;

  const Verdict verdict = judge(result);

  EXPECT_TRUE(verdict.is_valid());
  EXPECT_TRUE(verdict.is_saturated);
  EXPECT_THAT(verdict.notes, ElementsAre(HasSubstr("90.0 % of what was offered")));
}

TEST(VerdictTest, ViolationsSwappingAndSilenceAreInvalid) {
  LoadResult violated = good_result();
  violated.violations = {"dialog 1: message 3 came where 2 was due"};
  LoadResult swapped = good_result();
  swapped.total.initiator.swapped_kb = 4;

  EXPECT_FALSE(judge(violated).is_valid());
  EXPECT_FALSE(judge(swapped).is_valid());
  EXPECT_FALSE(judge(LoadResult()).is_valid());
}

TEST(VerdictTest, WhatIsNotFlushedAndOneProcessAreSaid) {
  LoadResult result = good_result();
  result.workload.flushed = false;
  result.processes = 1;
  result.was_stopped = true;

  EXPECT_THAT(judge(result).notes, ElementsAre(HasSubstr("stopped"), HasSubstr("NOT flushed"),
                                               HasSubstr("one process")));
}

}  // namespace
}  // namespace ssb::sim::load
