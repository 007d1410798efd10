// The two hosts of the tests of judges.
#pragma once

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

inline constexpr Host kA = 0;
inline constexpr Host kB = 1;

}  // namespace ssb::sim::judges
