// Reports for programs: JSON lines and JUnit XML.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/report.h"
#include "sim/why/why.h"

namespace ssb::sim::cli {

// A report with what only the program knows.
struct FinishedRun {
  scenario::Report report;
  double real_ms = 0;
  std::string net;                    // "tcp" or "sim"; empty: nothing ran
  bool is_for_simulator_too = false;  // one over tcp
  std::string fingerprint;            // of the simulator
  std::optional<why::Answer> why{};
};
struct Counts {
  int passed = 0, failed = 0, nothing_checked = 0, inconclusive = 0,
      broken = 0;  // broken: does not parse, or could not run
};
[[nodiscard]] Counts count(const std::vector<FinishedRun>& runs);
[[nodiscard]] std::string counts_text(const Counts& counts);

// One JSON object a line, without its end: the first of the output, one for each thing of a run, the last of the output.
[[nodiscard]] std::string json_header(const std::string& arguments);
[[nodiscard]] std::vector<std::string> json_lines(const FinishedRun& run);
[[nodiscard]] std::string json_summary(const std::vector<FinishedRun>& runs, int exit_code);

// One for each explanation, or one that says that there is none.
[[nodiscard]] std::vector<std::string> json_lines(const why::Answer& answer);

[[nodiscard]] std::string junit_xml(const std::vector<FinishedRun>& runs);

}  // namespace ssb::sim::cli
