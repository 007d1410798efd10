// Where in a scenario an instance can be made to crash, one place a run: from its first repeatable batch on.
//
//   Shape   a point as text: NODE:N, NODE:N:torn, NODE:N:write, NODE:N:sync:torn, NODE:N:allocation
//   Units   N counts from 1: storage steps (all that changes the disk), unless it says what.
//   Source  our own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/simulated.h"

namespace ssb::sim::scenario {

struct CrashPoint {
  std::string node;
  std::int64_t number = 1;
  Crash::Counted counted = Crash::Counted::step;
  bool is_torn = false;  // the write that is under way may end at any byte

  [[nodiscard]] std::string text() const;
  friend bool operator==(const CrashPoint&, const CrashPoint&) = default;
};
// nullopt: not a point.
[[nodiscard]] std::optional<CrashPoint> parse_crash_point(std::string_view text);
[[nodiscard]] std::string_view counted_name(Crash::Counted counted);
[[nodiscard]] std::optional<Crash::Counted> parse_counted(std::string_view text);

// Whether it has a repeatable batch: without one there is no place from which to count.
[[nodiscard]] bool can_be_swept(const Script& script);
// The script with that crash armed, and the instance back by itself after kReturnsAfter.
[[nodiscard]] Script with_crash(const Script& script, const CrashPoint& point);
inline constexpr proto::Duration kReturnsAfter = std::chrono::seconds(1);

// The script with crashes armed that are too far away to come, and then how many steps its instances have done.
[[nodiscard]] Script with_counting(const Script& script, Crash::Counted counted);
struct StepCount {
  std::string node;
  std::int64_t steps = 0;
};
[[nodiscard]] std::vector<StepCount> counted_steps(const Script& script,
                                                   const Simulation& simulation,
                                                   Crash::Counted counted);

struct SweepRange {
  std::string node;  // empty: every one
  std::int64_t from = 1;
  std::optional<std::int64_t> to;  // empty: the last
  std::int64_t every = 1;
  Crash::Counted counted = Crash::Counted::step;
  bool whole = true;  // without torn writes
  bool torn = true;
};
// In the order of nodes and numbers.
[[nodiscard]] std::vector<CrashPoint> crash_points(const std::vector<StepCount>& counts,
                                                   const SweepRange& range);

// Whether the crash of such a run has come; of an allocation also that it failed, and nobody minded.
[[nodiscard]] bool has_crashed(const Probes& probes);

}  // namespace ssb::sim::scenario
