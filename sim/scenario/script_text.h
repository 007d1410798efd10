// Writes a parsed script back as a file: batches with GO n, :connect, --# lines. The form of a bundle: what a sweep has changed in a
// script can be read, edited and repeated by `ssbsim run`.
//
//   Shape   comment lines | `--#` lines about the whole (scenario, claim, seed, modes ...) | an `--# instance` line for each instance,
//           in the order of their first use, which decides their addresses | the steps.
//   Reading it gives the same steps, whatever :setvar, :r and $(name) stood in the original.
//   Not kept  warnings; and a line of a batch that a variable turned into a `--#` directive would be read as one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/scenario/script.h"

namespace ssb::sim::scenario {

// `head`: lines of a comment, without their `--`. `seed` goes before the script's own.
[[nodiscard]] std::string script_text(const Script& script, std::string_view head,
                                      std::optional<std::uint64_t> seed);
// The step of one directive, given as after `--#`; one that is no step, or does not parse, is our own bug (SSB_CHECK).
[[nodiscard]] Step directive_step(std::string_view text, const Place& place);

}  // namespace ssb::sim::scenario
