// What `explain` knows, as it was when the program was built.
#pragma once

#include <string>

namespace ssb::sim::cli {

[[nodiscard]] std::string explain_json();    // proto/explain.json
[[nodiscard]] std::string events_json();     // proto/events.json
[[nodiscard]] std::string absent_numbers();  // docs/errors.md, with the numbers that never come
// "9727 scenarios/failures/no_binding.sql", a line each: which scenario expects, and so provokes, which number.
[[nodiscard]] std::string scenario_numbers();

}  // namespace ssb::sim::cli
