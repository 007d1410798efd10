// What a process makes once, at its first use, made before it can count: allocations that a scenario counts are then those of
// the scenario, in the first run of a process as in any later one.
//
//   `--# crash HOST_B after allocation N` counts what the node allocates, and what it uses for the first time allocates more (the
//   descriptors of protobuf messages above all, which do not stand it either when memory runs out while they are made).
//   Source  our own.
#pragma once

#include <functional>

#include "sim/scenario/script.h"

namespace ssb::sim::scenario {

// Runs the script through `run`, whose outcome is of no interest, when it counts allocations; without those crashes, and again with
// them when there are several: what comes after the first has its first uses, too.
void warm_up(const Script& script, const std::function<void(const Script&)>& run);

}  // namespace ssb::sim::scenario
