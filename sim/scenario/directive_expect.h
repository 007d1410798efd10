// Parses what follows `--# expect`.
#pragma once

#include "sim/scenario/words.h"

namespace ssb::sim::scenario {

// Throws WordError.
[[nodiscard]] Expectation parse_expectation(Words& words);

}  // namespace ssb::sim::scenario
