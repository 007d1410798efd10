#include "sim/sweep/shrink.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ssb::sim::sweep {
namespace {

TEST(ShrinkTest, TwoGuiltyOfTwoHundredAreFound) {
  int attempts = 500;
  const auto fails = [](const std::vector<bool>& kept) { return kept[17] && kept[163]; };

  const auto left = shrink(std::vector<bool>(200, true), attempts, fails);

  EXPECT_EQ(std::count(left.begin(), left.end(), true), 2);
  EXPECT_TRUE(left[17] && left[163]);
  EXPECT_GT(attempts, 0);
}

TEST(ShrinkTest, PartsThatNeedEachOtherStayTogether) {
  int attempts = 500;
  // The fourth alone fails, and so do the third and fourth: but never the fifth without the third.
  const auto fails = [](const std::vector<bool>& kept) { return kept[3] && (!kept[4] || kept[2]); };

  const auto left = shrink(std::vector<bool>(6, true), attempts, fails);

  EXPECT_EQ(left, (std::vector<bool>{false, false, false, true, false, false}));
}

TEST(ShrinkTest, NothingIsLeftOfWhatFailsWithoutAnything) {
  int attempts = 10;

  const auto left =
      shrink(std::vector<bool>(8, true), attempts, [](const std::vector<bool>&) { return true; });

  EXPECT_EQ(std::count(left.begin(), left.end(), true), 0);
  EXPECT_EQ(attempts, 9);
}

TEST(ShrinkTest, AttemptsAreBounded) {
  int attempts = 7;
  int asked = 0;

  const auto left = shrink(std::vector<bool>(100, true), attempts, [&](const std::vector<bool>&) {
    ++asked;
    return false;
  });

  EXPECT_EQ(asked, 7);
  EXPECT_EQ(std::count(left.begin(), left.end(), true), 100);
}

}  // namespace
}  // namespace ssb::sim::sweep
