// What tells two failures of a sweep apart: the scenario and the first thing that went wrong in it.
#pragma once

#include <string>

#include "sim/scenario/report.h"

namespace ssb::sim::sweep {

// "scenarios/a.sql: judge exactly once", "scenarios/a.sql:12: expectation"; empty for a run that has not failed. Lines of a generated
// script say nothing: there it is what was expected, with # for numbers.
[[nodiscard]] std::string failure_key(const scenario::Report& report, bool is_generated);
// The same failure in a few lines: what was expected, what was seen.
[[nodiscard]] std::string failure_text(const scenario::Report& report);

}  // namespace ssb::sim::sweep
