#include "transport/net/patience.h"

#include <gtest/gtest.h>

namespace ssb::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 200us;
constexpr int kMany = 100;

TEST(PatienceTest, LooksWhileAnswersComeWithinTheLimit) {
  Patience patience(kLimit);
  for (int i = 0; i < kMany; ++i) {
    patience.worked(1024);
    patience.waited(150us);
    ASSERT_EQ(patience.now(), kLimit);
  }
}

TEST(PatienceTest, SleepsAtOnceWhereAnswersTakeLonger) {
  Patience patience(kLimit);
  for (int i = 0; i < kMany; ++i) patience.waited(250us);
  EXPECT_EQ(patience.now(), 0us);
}

TEST(PatienceTest, FewShortWaitsMakeUpForALongOne) {
  Patience patience(kLimit);
  for (int i = 0; i < kMany; ++i) patience.waited(50us);
  patience.waited(1h);
  patience.waited(1h);
  ASSERT_EQ(patience.now(), 0us);
  for (int i = 0; i < 8; ++i) patience.waited(50us);
  EXPECT_EQ(patience.now(), kLimit);
}

TEST(PatienceTest, SleepsAtOnceAtFullSpeed) {
  Patience patience(kLimit);
  for (int i = 0; i < kMany; ++i) {
    patience.worked(64 * 1024);
    patience.waited(10us);
  }
  EXPECT_EQ(patience.now(), 0us);
}

TEST(PatienceTest, WhereOthersWantTheProcessorItSleepsForLongerAndLonger) {
  Patience patience(kLimit);
  const auto refusals = [&patience] {
    int count = 0;
    for (; patience.now() == 0us; ++count) patience.waited(50us);
    return count;
  };
  patience.waited(50us);
  patience.interrupted();
  const int first = refusals();
  patience.interrupted();
  EXPECT_EQ(refusals(), 2 * first);
  for (int i = 0; i < 2 * first; ++i) patience.waited(50us);
  patience.interrupted();
  EXPECT_EQ(refusals(), first);
  for (int i = 0; i < kMany; ++i) {
    patience.interrupted();
    EXPECT_LE(refusals(), 1 << 16);
  }
}

TEST(PatienceTest, WithoutALimitNeverLooks) {
  Patience patience(0us);
  patience.waited(0us);
  EXPECT_EQ(patience.now(), 0us);
}

}  // namespace
}  // namespace ssb::net
