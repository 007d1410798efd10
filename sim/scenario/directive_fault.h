// The `--#` lines that set faults: of clocks, crashes, the network, disks, keys and randomness. A part of parse_directive.
//
//   Errors  as words.h: a WordError, which parse_directive catches.
#pragma once

#include "sim/scenario/directive.h"
#include "sim/scenario/words.h"

namespace ssb::sim::scenario {

[[nodiscard]] Directive parse_drift(Words& words);
[[nodiscard]] Directive parse_jump(Words& words);
[[nodiscard]] Directive parse_crash(Words& words);
[[nodiscard]] Directive parse_net(Words& words);
[[nodiscard]] Directive parse_link(Words& words);
[[nodiscard]] Directive parse_partition(Words& words);
[[nodiscard]] Directive parse_swizzle(Words& words);
[[nodiscard]] Directive parse_disk(Words& words);
[[nodiscard]] Directive parse_key(Words& words);
[[nodiscard]] Directive parse_owner(Words& words);
[[nodiscard]] Directive parse_random(Words& words);

}  // namespace ssb::sim::scenario
