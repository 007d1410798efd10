// What a scenario shows, in the order of its script, without what differs from run to run: the same on every back end.
#pragma once

#include <optional>
#include <string>

#include "sim/scenario/report.h"

namespace ssb::sim::scenario {

// Results, messages and the outcomes of expectations, a line each. GUIDs, keys, thumbprints and serial numbers are labels in the order
// of their appearance (<guid 1>, <bytes 1>); moments are <time>.
[[nodiscard]] std::string transcript(const Report& report);

// The first line in which two transcripts differ, both told; nullopt when they are alike.
[[nodiscard]] std::optional<std::string> transcript_difference(const std::string& one_name,
                                                               const std::string& one,
                                                               const std::string& other_name,
                                                               const std::string& other);

}  // namespace ssb::sim::scenario
