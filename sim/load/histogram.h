// Counts of values at a relative error of at most 0.1 %, however many there are: latencies. Two of them add up to one, bit for bit.
//
//   Shape   values below 2,048 have a bucket each; above, each doubling has 1,024 buckets of one width.
//   Units   any; loads use nanoseconds. Values above kValueMax (about 4.9 hours) count as kValueMax.
//   Source  after Gil Tene's High Dynamic Range histogram; its C library is in Debian 12 for Go and Java only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ssb::sim::load {

class Histogram {
 public:
  static constexpr std::uint64_t kValueMax = (1ULL << 44U) - 1;

  void record(std::int64_t value, std::uint64_t times = 1);  // negative: 0
  void add(const Histogram& other);
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }  // exact
  // The largest value that its bucket stands for, never above max(). `percent` 0 to 100; 0 when there is none.
  [[nodiscard]] std::uint64_t percentile(double percent) const;

  // (bucket, count) of what is not empty, by bucket: what is kept and sent.
  [[nodiscard]] std::vector<std::pair<std::size_t, std::uint64_t>> buckets() const;
  // False: there is no such bucket.
  [[nodiscard]] bool add_bucket(std::size_t bucket, std::uint64_t count);
  void set_max(std::uint64_t max);  // after add_bucket, which only knows the bucket's end

  // The bucket of a value, and the largest value in it.
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
  [[nodiscard]] static std::uint64_t highest_in(std::size_t bucket);

 private:
  std::vector<std::uint64_t> counts_;  // as long as the largest bucket needs
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace ssb::sim::load
