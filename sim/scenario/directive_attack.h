// Reads what stands after `--# attack`: an attack of the table, its seat and its parameters.
#pragma once

#include "sim/scenario/words.h"

namespace ssb::sim::scenario {

// attack NAME at wire A|B | NAME at hop A|B | NAME as peer NAME [PARAMETER VALUE]... | by configuration
[[nodiscard]] Attack parse_attack(Words& words);

}  // namespace ssb::sim::scenario
