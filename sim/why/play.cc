#include "sim/why/play.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/scenario/runner.h"

namespace ssb::sim::why {
namespace {

using scenario::Script;
using scenario::Step;

constexpr std::string_view kCureName = "the cure";

Script parse_cure(const std::vector<std::string>& cure) {
  std::string text;
  for (const std::string& line : cure) text += line + "\n";
  return scenario::parse_script(kCureName, text, {});
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Play play(const Subject& subject, const std::vector<std::string>& cure,
          std::optional<std::size_t> again) {
  Play out;
  Script added = parse_cure(cure);
  if (!added.errors.empty()) {
    out.problem = added.errors.front().line();
    return out;
  }
  Script script = subject.script;
  if (again) added.steps.push_back(script.steps.at(*again));
  added.steps.insert(added.steps.begin(),
                     Step{.place = {}, .action = scenario::Settle{scenario::kSettleAtMost}});
  added.steps.push_back(Step{.place = {}, .action = scenario::Exit{}});
  // What comes behind stays in the script and is not run: attackers and the clock are read from all of it.
  const std::size_t end = std::min(subject.steps, script.steps.size());
  script.steps.insert(script.steps.begin() + static_cast<std::ptrdiff_t>(end),
                      std::make_move_iterator(added.steps.begin()),
                      std::make_move_iterator(added.steps.end()));
  out.simulation = subject.simulate();
  out.report = scenario::Runner(script, *out.simulation).run();
  out.record_mark = out.report.records.size();
  out.stopped = out.simulation->now();
  const auto first = std::ranges::find_if(out.report.entries, [](const scenario::Entry& entry) {
    return entry.place.file == kCureName;
  });
  if (first != out.report.entries.end()) {
    out.record_mark = first->record;
    out.stopped = first->at;
  } else if (!cure.empty()) {
    out.problem = "the run ends before it";
  }
  for (const scenario::Failure& failure : out.report.failures) {
    if (failure.place.file == kCureName && out.problem.empty())
      out.problem = first_line(failure.seen);
  }
  return out;
}

doctor::Instances instances_of(const scenario::Simulation& simulation) {
  doctor::Instances out;
  for (const scenario::Simulation::Seen& seen : simulation.instances()) {
    out.all.push_back({.name = seen.name,
                       .instance = seen.instance,
                       .now = seen.now,
                       .why_not = seen.instance == nullptr ? "it does not run" : ""});
  }
  out.resolve = [&simulation](std::size_t from, const std::string& host) {
    return simulation.leads_to(from, host);
  };
  return out;
}

}  // namespace ssb::sim::why
