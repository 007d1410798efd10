// Whether a load measured the nodes or the generator itself.
//
//   Source  benchmarks.md, procedure point 6.
#pragma once

#include <string>
#include <vector>

#include "sim/load/run.h"

namespace ssb::sim::load {

struct Verdict {
  std::vector<std::string> reasons;  // why it is INVALID; empty: VALID
  std::vector<std::string> notes;    // what a reader must know all the same
  bool is_saturated = false;         // open loop: less came through than was offered

  [[nodiscard]] bool is_valid() const { return reasons.empty(); }
};

[[nodiscard]] Verdict judge(const LoadResult& result);

}  // namespace ssb::sim::load
