// The clocks of a load: CLOCK_MONOTONIC, which the processes of one machine share, and processor time.
#pragma once

#include <ctime>

#include "sim/load/workload.h"

namespace ssb::sim::load {

[[nodiscard]] inline Nanoseconds read_clock(clockid_t clock) {
  timespec at{};
  ::clock_gettime(clock, &at);
  return at.tv_sec * kSecond + at.tv_nsec;
}
[[nodiscard]] inline Nanoseconds monotonic_now() {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace ssb::sim::load
