#include "sim/sweep/failure_key.h"

#include <fmt/format.h>

namespace ssb::sim::sweep {
namespace {

std::string without_numbers(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) {
      out.push_back(c);
    } else if (!out.ends_with('#')) {
      out.push_back('#');
    }
  }
  return out;
}

}  // namespace

std::string failure_key(const scenario::Report& report, bool is_generated) {
  if (!report.findings.empty())
    return fmt::format("{}: judge {}", report.file, report.findings.front().judge);
  if (!report.failures.empty()) {
    const scenario::Failure& failure = report.failures.front();
    return is_generated ? fmt::format("{}: {}, {}", report.file, failure.what,
                                      without_numbers(failure.expected))
                        : fmt::format("{}: {}", failure.place.text(), failure.what);
  }
  if (scenario::exit_code(report.verdict) == 0) return "";
  return fmt::format("{}: {}", report.file, scenario::verdict_name(report.verdict));
}

std::string failure_text(const scenario::Report& report) {
  if (!report.findings.empty()) {
    const scenario::JudgeFinding& finding = report.findings.front();
    return fmt::format("{}{}: {}", finding.judge, finding.node.empty() ? "" : " on " + finding.node,
                       finding.text);
  }
  if (!report.failures.empty()) {
    const scenario::Failure& failure = report.failures.front();
    return fmt::format("{} {}: expected {}, seen {}", failure.place.text(), failure.what,
                       failure.expected, failure.seen);
  }
  if (!report.problems.empty()) return report.problems.front().line();
  return report.reason;
}

}  // namespace ssb::sim::sweep
