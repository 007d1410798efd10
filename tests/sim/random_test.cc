#include "sim/random.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "broker/crypto/digest.h"
#include "broker/crypto/failure.h"
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

// What the engine says of a source with that fault, once its self-test and once a single draw.
std::string said_of(Random::Fault fault, std::uint64_t period, bool is_self_test) {
  Random random(5);
  const SeededOpenSsl seeded(random);
  int faulty = 0;
  random.set_fault(fault, period, [&faulty] { ++faulty; });
  try {
    if (is_self_test) {
      broker::crypto::check_random();
    } else {
      static_cast<void>(broker::crypto::random_guid());
    }
  } catch (const broker::crypto::RandomFailure& failure) {
    EXPECT_GT(faulty, 0);
    return failure.what();
  }
  return "";
}

TEST(RandomTest, TheSelfTestAndEachDrawRefuseABrokenSource) {
  using Fault = Random::Fault;
  // OpenSSL 3.0 leaks 64 bytes at its end where nothing but a random method of one's own was used.
  static_cast<void>(broker::crypto::sha256({}));

  for (const bool is_self_test : {true, false}) {
    EXPECT_EQ(said_of(Fault::none, 1, is_self_test), "");
    EXPECT_EQ(said_of(Fault::constant, 1, is_self_test), "the random source gives constant bytes");
    EXPECT_EQ(said_of(Fault::repeats, 1, is_self_test),
              "the random source gives the same bytes again");
    EXPECT_EQ(said_of(Fault::fails, 1, is_self_test), "the random source gives nothing");
  }
  // What comes again later a single draw cannot notice.
  EXPECT_EQ(said_of(Fault::repeats, 2, true), "the random source gives the same bytes again");
  EXPECT_EQ(said_of(Fault::repeats, 2, false), "");
  EXPECT_EQ(said_of(Fault::repeats, broker::crypto::kSelfTestDraws - 1, true),
            "the random source gives the same bytes again");
}

TEST(RandomTest, AKeyThatCameBeforeIsRefused) {
  Random random(5);
  const SeededOpenSsl seeded(random);
  broker::crypto::KeyDraws draws;

  random.set_fault(Random::Fault::repeats, 2);  // found by the witnesses
  EXPECT_THROW(static_cast<void>(draws.draw(16)), broker::crypto::RandomFailure);
  random.set_fault(Random::Fault::repeats, 2 + broker::crypto::KeyDraws::kWitnesses);
  EXPECT_EQ(draws.draw(16).size(), 16U);  // nothing tells yet
  EXPECT_THROW(static_cast<void>(draws.draw(16)), broker::crypto::RandomFailure);

  random.set_fault(Random::Fault::none);
  EXPECT_EQ(draws.draw(16).size(), 16U);
}

TEST(RandomTest, AfterAFaultItGoesOnAsIfThereHadBeenNone) {
  Random random(7);
  Random same(7);
  std::array<std::uint8_t, 16> faulty{};
  std::array<std::uint8_t, 16> expected{};

  random.set_fault(Random::Fault::repeats, 3);
  EXPECT_TRUE(random.give(faulty));
  random.set_fault(Random::Fault::none);
  same.fill(expected);

  EXPECT_NE(faulty, expected);
  EXPECT_TRUE(random.give(faulty));
  EXPECT_EQ(faulty, expected);
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
