#include "sim/scenario/report.h"

#include <stdexcept>

#include <fmt/format.h>

namespace ssb::sim::scenario {
namespace {

// From harmless to what hides everything else.
int severity(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return 0;
    case Verdict::nothing_checked: return 1;
    case Verdict::inconclusive: return 2;
    case Verdict::failed: return 3;
    case Verdict::differs: return 4;
    case Verdict::does_not_parse: return 5;
    case Verdict::environment: return 6;
  }
  return 6;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return "PASS";
    case Verdict::nothing_checked: return "RAN, nothing checked";
    case Verdict::failed: return "FAIL";
    case Verdict::inconclusive: return "INCONCLUSIVE";
    case Verdict::differs: return "NONDETERMINISTIC";
    case Verdict::does_not_parse: return "DOES NOT PARSE";
    case Verdict::environment: return "COULD NOT RUN";
  }
  return "";
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
    case Verdict::nothing_checked: return 0;
    case Verdict::failed: return 1;
    case Verdict::inconclusive: return 2;
    case Verdict::differs: return 3;
    case Verdict::does_not_parse: return 11;
    case Verdict::environment: return 12;
  }
  return 13;
}

Verdict worse(Verdict a, Verdict b) {
  return severity(a) < severity(b) ? b : a;
}

std::string idle_attacker(const Probes& probes) {
  for (const auto& [name, count] : probes) {
    if (count == 0 && name.starts_with("attack."))
      return fmt::format("the probe {} was never hit: the attacker did nothing", name);
  }
  return "";
}

void throw_exception_from_error(const Reason& reason, const boost::source_location&) {
  throw std::logic_error("unexpected failure: " + reason.text);
}

}  // namespace ssb::sim::scenario
