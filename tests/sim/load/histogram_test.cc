#include "sim/load/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/load/measures.h"
#include "sim/random.h"

namespace ssb::sim::load {
namespace {

// Of all sizes alike: 1 ns to hours.
std::vector<std::int64_t> values(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<std::int64_t>(std::exp(random.unit() * 30)));
  return out;
}

TEST(HistogramTest, EachValueIsInABucketWhoseEndIsAtMostAThousandthAway) {
  for (const std::int64_t value : values(1, 100'000)) {
    const auto exact = static_cast<std::uint64_t>(value);

    const std::uint64_t end = Histogram::highest_in(Histogram::bucket_of(exact));

    ASSERT_GE(end, exact);
    ASSERT_LE(static_cast<double>(end - exact), 0.001 * static_cast<double>(exact)) << value;
  }
}

TEST(HistogramTest, BucketsFollowEachOtherWithoutGap) {
  for (std::size_t bucket = 0; bucket < 20'000; ++bucket)
    ASSERT_EQ(Histogram::bucket_of(Histogram::highest_in(bucket) + 1), bucket + 1);
}

TEST(HistogramTest, PercentilesAreThoseOfTheSortedValues) {
  auto all = values(2, 10'001);
  Histogram histogram;
  for (const std::int64_t value : all) histogram.record(value);
  std::sort(all.begin(), all.end());

  for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = std::max(1.0, std::ceil(percent / 100 * static_cast<double>(all.size())));
    const auto exact = static_cast<double>(all[static_cast<std::size_t>(rank) - 1]);
    const auto seen = static_cast<double>(histogram.percentile(percent));
    EXPECT_GE(seen, exact) << percent;
    EXPECT_LE(seen, 1.001 * exact) << percent;
  }
  EXPECT_EQ(histogram.max(), static_cast<std::uint64_t>(all.back()));
}

TEST(HistogramTest, PartsAddUpToTheWholeBitForBit) {
  const auto all = values(3, 30'000);
  Histogram whole;
  std::vector<Histogram> parts(3);
  for (std::size_t i = 0; i < all.size(); ++i) {
    whole.record(all[i]);
    parts[i % parts.size()].record(all[i]);
  }

  Histogram sum;
  for (const Histogram& part : parts) sum.add(histogram_of(to_json(part)));

  EXPECT_EQ(boost::json::serialize(to_json(sum)), boost::json::serialize(to_json(whole)));
  EXPECT_EQ(sum.count(), all.size());
}

TEST(HistogramTest, WhatIsNoBucketIsRefused) {
  Histogram histogram;

  EXPECT_FALSE(histogram.add_bucket(Histogram::bucket_of(Histogram::kValueMax) + 1, 1));
  EXPECT_THROW(static_cast<void>(histogram_of(boost::json::parse(R"({"max": 1})"))),
               std::runtime_error);
  EXPECT_THROW(static_cast<void>(
                   histogram_of(boost::json::parse(R"({"max": 1, "buckets": [999999999, 1]})"))),
               std::runtime_error);
  EXPECT_EQ(histogram.count(), 0U);
}

TEST(HistogramTest, NegativeAndHugeValuesCountAtTheEnds) {
  Histogram histogram;

  histogram.record(-5);
  histogram.record(INT64_MAX);

  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.max(), Histogram::kValueMax);
}

}  // namespace
}  // namespace ssb::sim::load
