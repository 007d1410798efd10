// Makes a scenario from a number: a world, dialogs in it, and what the oracle expects of each, as a script that can be read and run.
//
//   The same number gives the same text, always. Sentences of the script that only ssbsim understands are `--#` lines; the rest is T-SQL.
//   Source  our own; the language is docs/scenarios.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/oracle.h"

namespace ssb::sim::workload {

// One forecast that the script's expectations come from, in the order of the script.
struct Told {
  std::string from, to;  // services
  enum class Kind { first, reply, later } kind = Kind::first;
  Forecast forecast;
};
struct Generated {
  std::string text;
  std::vector<Told> told;
};
[[nodiscard]] Generated generate(std::uint64_t seed);
[[nodiscard]] std::string generate_scenario(std::uint64_t seed);

}  // namespace ssb::sim::workload
