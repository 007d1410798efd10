// Runs of one scenario in the simulator, and why a message of one is not where it should be: what `run` and `explain` share.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/fingerprint.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/report.h"
#include "sim/scenario/simulated.h"
#include "sim/why/why.h"

namespace ssb::sim::cli {

struct SimulatedSettings {
  std::uint64_t seed = 1;
  bool as_product = false;
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;
  int batch_timeout_s = 120;
};

struct SimulatedRun {
  scenario::Report report;
  Fingerprint fingerprint;
};

class SimulatedRuns {
 public:
  SimulatedRuns(scenario::KeyPool& pool, SimulatedSettings settings)
      : pool_(pool), settings_(settings) {}

  // With what a first run needs done before it, where that counts (warm_up.h).
  [[nodiscard]] SimulatedRun run(const scenario::Script& script, const std::string& capture_file);
  [[nodiscard]] SimulatedRun run_again(const scenario::Script& script);
  // Where the first expectation failed, else at the end of the script.
  [[nodiscard]] why::Answer explain(const scenario::Script& script, const scenario::Report& report,
                                    const why::Question& question);

 private:
  [[nodiscard]] std::unique_ptr<scenario::Simulation> simulate(const std::string& capture_file);

  scenario::KeyPool& pool_;
  SimulatedSettings settings_;
};

// The one that failed first of all expectations; nullptr: none did.
[[nodiscard]] const scenario::Failure* failed_expectation(const scenario::Report& report);

}  // namespace ssb::sim::cli
