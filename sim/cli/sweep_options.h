// What `ssbsim sweep` takes on its command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/conversation/engine.h"
#include "sim/sweep/shard.h"

namespace CLI {
class App;
}

namespace ssb::sim::cli {

struct SweepOptions {
  std::vector<std::string> paths;
  std::vector<std::string> variables;
  std::string seeds = "0-99";
  int jobs = 0;
  std::string budget;
  std::uint64_t max_runs = UINT64_MAX;
  std::string shard;
  std::string json_file;
  std::string out_folder;
  std::uint64_t check_every = 50;
  bool has_canary = false;
  bool is_generated = false;
  int run_timeout_s = 120;
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;
  std::uint64_t memory_bytes = 0;
  int shrink_runs = 150;
  std::string key_pool_file;
};

// Declares them, with their help, to be stored in `options`.
void add_sweep_options(CLI::App& command, SweepOptions& options);
// "7" or "0-99"; UsageError when it is neither.
void parse_seeds(const std::string& text, sweep::Runs& runs);

}  // namespace ssb::sim::cli
