// Two loads side by side, and the greatest rate that one keeps up: both say "not known" rather than what the samples do not carry.
//
//   Source  benchmarks.md: nothing is claimed on fewer than five samples a side, nor under 10 %, nor when the ranges overlap.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/load/report.h"

namespace ssb::sim::load {

struct Samples {
  std::vector<double> values;

  [[nodiscard]] double min() const;
  [[nodiscard]] double median() const;  // 0 when there are none
  [[nodiscard]] double max() const;
};

enum class Ranking { first_higher, second_higher, no_difference, too_few };
[[nodiscard]] Ranking rank(const Samples& first, const Samples& second);

// Each side one file, whose intervals are the samples, or several of the same load, a sample each.
[[nodiscard]] std::string compare(const std::vector<Report>& first,
                                  const std::vector<Report>& second);

struct FoundRate {
  double rate = 0;    // the greatest that was kept up; 0: none
  double beyond = 0;  // the least that was not; 0: none was found
  int runs = 0;
};
// `keeps_up` runs a load at that rate. Doubles or halves from `first`, then halves the gap until it is 5 % or `runs_max` are used up.
[[nodiscard]] FoundRate find_max(double first, int runs_max,
                                 const std::function<bool(double rate)>& keeps_up);

}  // namespace ssb::sim::load
