// Makes a failing case smaller: leaves out parts as long as the same failure stays.
//
//   Delta debugging: large chunks first, then smaller ones, down to single parts, until none can go or the attempts are used up.
//   Source  Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.
#pragma once

#include <functional>
#include <vector>

namespace ssb::sim::sweep {

// Of each part, whether it stays. `fails` says whether the same failure is there with those; it is known to be with all of
// `start`. `attempts` is counted down with each question; none is asked when it is 0.
[[nodiscard]] std::vector<bool> shrink(
    std::vector<bool> start, int& attempts,
    const std::function<bool(const std::vector<bool>& kept)>& fails);

}  // namespace ssb::sim::sweep
