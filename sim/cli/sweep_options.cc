#include "sim/cli/sweep_options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/cli/option_checks.h"
#include "sim/cli/scenario_files.h"

namespace ssb::sim::cli {

void add_sweep_options(CLI::App& command, SweepOptions& options) {
  command.footer(
      "Run r of S scenarios is scenario r mod S with seed first + r / S, whatever --shard and -j "
      "are.\n"
      "A failure is shrunk and written to --out as a script that `ssbsim run` repeats.\n"
      "The shard is taken from --shard, SSBSIM_SHARD and SSBSIM_SHARDS, Slurm, Kubernetes, Nomad "
      "or\n"
      "GNU parallel. SIGTERM and SIGUSR1 stop it with exit code 75, --budget with 124; the same "
      "command goes on.\n"
      "Examples:\n"
      "  ssbsim sweep scenarios --seeds 0-99 --out found\n"
      "  ssbsim sweep scenarios --seeds 0-99999 -j 2 --budget 10m --json -\n"
      "  ssbsim sweep scenarios --seeds 0-99999 --shard 3/16 --json shard-3.jsonl");
  command.add_option("path", options.paths, "Files, or folders with *.sql files");
  command.add_option("-v,--variable", options.variables, "name=value of a $(name)")->take_all();
  command.add_option("--seeds", options.seeds, "A number, or first-last")->capture_default_str();
  command.add_option("-j,--jobs", options.jobs, "Processes [as many as may be used]")
      ->check(positive_number);
  command.add_option("--budget", options.budget, "Begins no run after this real time, like 10m");
  command.add_option("--max-runs", options.max_runs, "Of all shards together")->check(seed_number);
  command.add_option("--shard", options.shard, "i/n: the part i, from 0, of n");
  command.add_option(
      "--json", options.json_file,
      "Write JSON lines to this file, which is the checkpoint too; -: standard output");
  command.add_option("--out", options.out_folder,
                     "Folder for bundles, and for shard-I-of-N.jsonl without --json");
  command
      .add_option("--check-every", options.check_every,
                  "Run every n-th twice and compare all that happened; 0: none")
      ->check(number_from_0)
      ->capture_default_str();
  command.add_flag("--canary", options.has_canary,
                   "First run a scenario that must fail; exit 13 when it does not");
  command.add_flag("--generate", options.is_generated, "Generated workloads instead of scenarios");
  command
      .add_option("--run-timeout", options.run_timeout_s,
                  "Seconds of real time after which a run is a failure and its process is killed")
      ->check(positive_number)
      ->capture_default_str();
  command
      .add_option("--awake-endpoints", options.awake_endpoints_max,
                  "Idle conversations that each database keeps in memory, as in run")
      ->capture_default_str();
  command.add_option("--mem-limit", options.memory_bytes, "Of each process, like 2G")
      ->transform(CLI::AsSizeValue(false));
  command
      .add_option("--shrink-runs", options.shrink_runs, "Runs to make one failure smaller; 0: none")
      ->check(number_from_0)
      ->capture_default_str();
  command.add_option("--key-pool", options.key_pool_file,
                     "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
}

void parse_seeds(const std::string& text, sweep::Runs& runs) {
  const std::size_t dash = text.find('-');
  const std::string first = text.substr(0, dash);
  const std::string last = dash == std::string::npos ? first : text.substr(dash + 1);
  const auto is_number = [](const std::string& digits) { return seed_number(digits).empty(); };
  if (is_number(first) && is_number(last)) {
    runs.first_seed = std::stoull(first);
    runs.last_seed = std::stoull(last);
  }
  if (!is_number(first) || !is_number(last) || runs.last_seed < runs.first_seed)
    throw UsageError{fmt::format("--seeds takes a number or a range like 0-999, not '{}'", text)};
}

}  // namespace ssb::sim::cli
