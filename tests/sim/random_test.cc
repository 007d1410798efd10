#include "sim/random.h"

#include <set>

#include <gtest/gtest.h>

#include "broker/crypto/random.h"

namespace ssb::sim {
namespace {

TEST(RandomTest, RepeatsForASeedAndDiffersForAnother) {
  Random one(7);
  Random same(7);
  Random other(8);
  int equal = 0;

  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = one();
    ASSERT_EQ(value, same());
    equal += value == other() ? 1 : 0;
  }

  EXPECT_EQ(equal, 0);
  EXPECT_EQ(one.draws(), 1000U);
}

TEST(RandomTest, AStreamDependsOnSeedAndNameAlone) {
  Random root(7);
  Random before = root.split("node A");
  (void)root();
  Random after = root.split("node A");
  Random other = root.split("node B");

  const std::uint64_t first = before();
  EXPECT_EQ(first, after());
  EXPECT_NE(first, other());
  EXPECT_NE(first, Random(8).split("node A")());
}

TEST(RandomTest, BelowReachesEveryValueAndNoOther) {
  Random random(1);
  std::set<std::uint64_t> seen;

  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));

  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomTest, ChanceIsAboutAsOftenAsItSays) {
  Random random(1);
  int hits = 0;

  for (int i = 0; i < 10'000; ++i) hits += random.chance(0.2) ? 1 : 0;

  EXPECT_GT(hits, 1'800);
  EXPECT_LT(hits, 2'200);
  EXPECT_FALSE(random.chance(0));
}

TEST(RandomTest, OpenSslDrawsFromItWhileSeeded) {
  const auto drawn = [](std::uint64_t seed) {
    Random random(seed);
    const SeededOpenSsl seeded(random);
    return broker::crypto::random_guid();
  };

  const proto::Guid one = drawn(5);
  const proto::Guid unseeded = broker::crypto::random_guid();

  EXPECT_EQ(one, drawn(5));
  EXPECT_NE(one, drawn(6));
  EXPECT_NE(unseeded, broker::crypto::random_guid());  // OpenSSL's own is back
}

TEST(RandomTest, OpenSslTakesTheStreamThatIsInUse) {
  Random first(1);
  Random second(2);
  Random second_again(2);
  proto::Bytes drawn(16);
  proto::Bytes expected(16);

  {
    SeededOpenSsl seeded(first);
    seeded.use(second);
    broker::crypto::random_bytes(drawn);
  }
  second_again.fill(expected);

  EXPECT_EQ(drawn, expected);
  EXPECT_EQ(first.draws(), 0U);
}

TEST(RandomTest, OneSeededSourceMayLiveInsideAnother) {
  Random outer(1);
  Random inner(2);
  Random outer_again(1);
  proto::Bytes drawn(16);
  proto::Bytes expected(16);

  {
    const SeededOpenSsl seeded(outer);
    {
      const SeededOpenSsl nested(inner);
      broker::crypto::random_bytes(drawn);
    }
    broker::crypto::random_bytes(drawn);
  }
  outer_again.fill(expected);

  EXPECT_EQ(drawn, expected);
  EXPECT_GT(inner.draws(), 0U);
}

}  // namespace
}  // namespace ssb::sim
