#include "sim/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ssb::sim::load {
namespace {

constexpr unsigned kExactBits = 11;  // values below 2^11 are exact
constexpr std::uint64_t kExact = 1ULL << kExactBits;
constexpr std::uint64_t kPerDoubling = kExact / 2;

}  // namespace

std::size_t Histogram::bucket_of(std::uint64_t value) {
  value = std::min(value, kValueMax);
  if (value < kExact) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kExactBits;
  return static_cast<std::size_t>(shift * kPerDoubling + (value >> shift));
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
  if (bucket < kExact) return bucket;
  const std::uint64_t shift = (bucket - kPerDoubling) / kPerDoubling;
  const std::uint64_t top = bucket - shift * kPerDoubling;
  return ((top + 1) << shift) - 1;
}

void Histogram::record(std::int64_t value, std::uint64_t times) {
  if (times == 0) return;
  const std::uint64_t at = value < 0 ? 0 : std::min(static_cast<std::uint64_t>(value), kValueMax);
  const std::size_t bucket = bucket_of(at);
  if (counts_.size() <= bucket) counts_.resize(bucket + 1);
  counts_[bucket] += times;
  count_ += times;
  max_ = std::max(max_, at);
}

void Histogram::add(const Histogram& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  *this = Histogram();
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted =
      std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(highest_in(i), max_);
  }
  return max_;
}

std::vector<std::pair<std::size_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::size_t, std::uint64_t>> out;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) out.emplace_back(i, counts_[i]);
  }
  return out;
}

bool Histogram::add_bucket(std::size_t bucket, std::uint64_t count) {
  if (bucket > bucket_of(kValueMax)) return false;
  record(static_cast<std::int64_t>(highest_in(bucket)), count);
  return true;
}

void Histogram::set_max(std::uint64_t max) {
  max_ = std::min(max, kValueMax);
}

}  // namespace ssb::sim::load
