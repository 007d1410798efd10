#include "broker/catalog/lock_waits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::broker::catalog {
namespace {

using testing::ElementsAre;

// Transaction n is of session 50 + n.
std::optional<LockWaits::Deadlock> wait(LockWaits& waits, std::uint64_t transaction,
                                        std::uint64_t holder, int priority = 0) {
  waits.refused(transaction, holder);
  return waits.wait(transaction, {static_cast<std::int32_t>(50 + transaction), priority});
}

TEST(LockWaitsTest, AQueueOfWaitsIsNoCircle) {
  LockWaits waits;

  EXPECT_FALSE(wait(waits, 2, 1));
  EXPECT_FALSE(wait(waits, 3, 2));
  EXPECT_FALSE(wait(waits, 4, 2));
  EXPECT_EQ(waits.choices(), 0U);
}

TEST(LockWaitsTest, WhoClosesTheCircleGivesWayAmongEquals) {
  LockWaits waits;
  ASSERT_FALSE(wait(waits, 1, 2));
  ASSERT_FALSE(wait(waits, 2, 3));

  const auto found = wait(waits, 3, 1);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->victim, 3U);
  EXPECT_THAT(found->sessions, ElementsAre(53, 51, 52));
  EXPECT_NE(waits.chosen_among(3), nullptr);
  EXPECT_EQ(waits.chosen_among(1), nullptr);
  EXPECT_EQ(waits.choices(), 1U);
}

TEST(LockWaitsTest, TheLowestPriorityGivesWayWhereverItWaits) {
  LockWaits waits;
  ASSERT_FALSE(wait(waits, 1, 2));
  ASSERT_FALSE(wait(waits, 2, 3, kDeadlockPriorityLow));

  const auto found = wait(waits, 3, 1);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->victim, 2U);
  ASSERT_NE(waits.chosen_among(2), nullptr);
  EXPECT_EQ(waits.chosen_among(3), nullptr);
}

// It asks again before the victim has ended: nobody else is chosen.
TEST(LockWaitsTest, OneVictimIsEnough) {
  LockWaits waits;
  ASSERT_FALSE(wait(waits, 1, 2, kDeadlockPriorityLow));
  ASSERT_TRUE(wait(waits, 2, 1));

  EXPECT_FALSE(wait(waits, 2, 1));

  EXPECT_EQ(waits.choices(), 1U);
}

TEST(LockWaitsTest, WhoWaitsNoMoreIsInNoCircle) {
  LockWaits waits;
  ASSERT_FALSE(wait(waits, 1, 2));
  waits.forget(1);

  EXPECT_FALSE(wait(waits, 2, 1));

  waits.refused(1, 2);
  EXPECT_TRUE(waits.wait(1, {51, 0}));
  waits.forget(1);
  EXPECT_EQ(waits.chosen_among(1), nullptr);
}

// Others wait in a circle of which this one is no part: following them ends.
TEST(LockWaitsTest, ACircleOfOthersIsNotItsOwn) {
  LockWaits waits;
  ASSERT_FALSE(wait(waits, 1, 2));
  ASSERT_TRUE(wait(waits, 2, 1));

  EXPECT_FALSE(wait(waits, 3, 1));
}

}  // namespace
}  // namespace ssb::broker::catalog
