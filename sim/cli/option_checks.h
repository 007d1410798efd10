// What values the options of several subcommands may have; CLI11 says what is wrong with one before anything runs.
//
//   Shape   each takes the text of a value and returns what is wrong with it, or "" (CLI::Option::check).
//   Errors  CLI11's own checks print the bounds of a double, 309 digits, and take -1 for the largest number without a sign.
#pragma once

#include <string>

namespace ssb::sim::cli {

// 1, 2, 3, ... in at most nine digits: of processes, seconds, steps.
[[nodiscard]] std::string positive_number(const std::string& text);
// 0, too.
[[nodiscard]] std::string number_from_0(const std::string& text);
// 0 to 999999999999999999, as in --seeds.
[[nodiscard]] std::string seed_number(const std::string& text);

}  // namespace ssb::sim::cli
