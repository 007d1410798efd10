#include "sim/cli/simulated_runs.h"

#include <algorithm>

#include "sim/scenario/runner.h"
#include "sim/scenario/warm_up.h"

namespace ssb::sim::cli {

std::unique_ptr<scenario::Simulation> SimulatedRuns::simulate(const std::string& capture_file) {
  pool_.start_run(settings_.seed);
  return scenario::make_simulation(
      {.seed = settings_.seed,
       .keys = [this](int bits) { return pool_.draw(bits); },
       .capture_file = capture_file,
       .as_product = settings_.as_product,
       .awake_endpoints_max = settings_.awake_endpoints_max,
       .batch_timeout = std::chrono::seconds(settings_.batch_timeout_s),
       .real_time = std::chrono::steady_clock::now});
}

SimulatedRun SimulatedRuns::run(const scenario::Script& script, const std::string& capture_file) {
  scenario::warm_up(script, [&](const scenario::Script& warm) { (void)run_again(warm); });
  const auto simulation = simulate(capture_file);
  SimulatedRun run;
  run.report = scenario::Runner(script, *simulation).run();
  run.report.seed = settings_.seed;
  run.fingerprint = simulation->fingerprint();
  return run;
}

SimulatedRun SimulatedRuns::run_again(const scenario::Script& script) {
  const auto simulation = simulate({});
  SimulatedRun run;
  run.report = scenario::Runner(script, *simulation).run();
  run.fingerprint = simulation->fingerprint();
  return run;
}

why::Answer SimulatedRuns::explain(const scenario::Script& script, const scenario::Report& report,
                                   const why::Question& question) {
  const scenario::Failure* failure = failed_expectation(report);
  return why::explain({.script = script,
                       .steps = failure == nullptr ? script.steps.size() : failure->step + 1,
                       .simulate = [this] { return simulate({}); }},
                      question);
}

const scenario::Failure* failed_expectation(const scenario::Report& report) {
  const auto found = std::ranges::find(report.failures, "expectation", &scenario::Failure::what);
  return found == report.failures.end() ? nullptr : &*found;
}

}  // namespace ssb::sim::cli
