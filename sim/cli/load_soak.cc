// `ssbsim load soak`: a long load at a share of what the nodes can do, while certificates are replaced, nodes killed and connections cut.
#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/load_files.h"
#include "sim/cli/load_options.h"
#include "sim/cli/stop_signals.h"
#include "sim/cli/sweep_totals.h"
#include "sim/cli/version.h"
#include "sim/load/environment.h"
#include "sim/load/report.h"
#include "sim/load/soak_verdict.h"

namespace ssb::sim::cli {
namespace {

using load::Nanoseconds;

struct SoakCommandOptions {
  load::Workload workload;
  LoadNodeOptions nodes;
  double duration_s = 600;
  double warm_up_s = 5;
  double find_s = 10;
  double share = 0.7;
  std::string json;
};

Nanoseconds time_of(double seconds) {
  return static_cast<Nanoseconds>(seconds * static_cast<double>(load::kSecond));
}

class SoakCommand {
 public:
  SoakCommand(Context& context, const SoakCommandOptions& options)
      : context_(context), options_(options), workload_(options.workload) {
    options.nodes.apply(workload_);
    workload_.duration = time_of(options.duration_s);
    workload_.warm_up = time_of(options.warm_up_s);
  }

  int run() {
    load::SoakOptions soak;
    if (workload_.rate <= 0) {
      soak.found_per_second = find();
      if (signals_.seen()) return kExitStopped;
      workload_.rate = std::max(1.0, options_.share * soak.found_per_second);
    }
    choose_dialogs();
    workload_.arrival = load::Arrival::poisson;
    workload_.keeps_progress = true;
    soak.run = run_options(workload_);
    // A peer that could not be reached is tried again after a minute at the latest.
    soak.run.drain_at_most = 150 * load::kSecond;
    if (!options_.nodes.is_quiet)
      soak.on_line = [this](const std::string& line) { context_.err << line << std::endl; };
    const load::SoakResult result = load::run_soak(soak);
    const load::SoakVerdict verdict = load::judge(result);
    write(result, verdict);
    if (result.load.was_stopped && verdict.failures.empty()) return kExitStopped;
    return verdict.exit_code();
  }

 private:
  load::RunOptions run_options(const load::Workload& workload) {
    load::RunOptions run;
    run.workload = workload;
    run.folder = options_.nodes.data_folder();
    run.key_pool = key_pool_file(options_.nodes.key_pool);
    run.wants_stop = [this] { return signals_.seen().has_value(); };
    if (!options_.nodes.is_quiet) {
      run.on_interval = [this](const load::LoadResult& so_far) {
        const std::string line = load::progress_line(so_far);
        if (!line.empty()) context_.err << line << std::endl;
      };
    }
    return run;
  }

  // What a closed loop of the same messages reaches, without faults.
  double find() {
    load::Workload closed = workload_;
    closed.arrival = load::Arrival::closed;
    closed.duration = time_of(options_.find_s);
    closed.warm_up = std::min(closed.warm_up, closed.duration / 2);
    closed.keeps_progress = true;
    const load::LoadResult result = load::run_load(run_options(closed));
    if (!result.violations.empty()) throw load::LoadFailure(result.violations.front());
    context_.out << fmt::format("a closed loop reaches {:.0f}/s\n", result.per_second())
                 << std::flush;
    return result.per_second();
  }

  // Certificates matter to new dialogs alone, and a dialog that has ended is kept for half an hour, which is no leak: few, each for a
  // sixth of the time.
  void choose_dialogs() {
    if (workload_.per_dialog > 0) return;
    constexpr double kLives = 6;
    workload_.per_dialog = static_cast<std::uint64_t>(
        std::max(1.0, workload_.rate / workload_.dialogs * options_.duration_s / kLives));
  }

  void write(const load::SoakResult& result, const load::SoakVerdict& verdict) {
    const std::string json =
        load::json_of(result, verdict,
                      {{"version", version()},
                       {"build", build_id()},
                       {"arguments", context_.arguments},
                       {"environment", load::environment_record(options_.nodes.data_folder())}});
    if (options_.json == "-") {
      context_.out << json;
      return;
    }
    context_.out << load::text_of(result, verdict);
    if (!options_.json.empty()) replace_file(options_.json, json);
  }

  Context& context_;
  const SoakCommandOptions& options_;
  load::Workload workload_;
  StopSignals signals_;
};

}  // namespace

void add_load_soak(CLI::App& parent, Context& context) {
  auto options = std::make_shared<SoakCommandOptions>();
  CLI::App* command = parent.add_subcommand(
      "soak", "Long, at a share of the maximum, while certificates, nodes and connections change");
  command->footer(
      "Exit codes: 0 valid, 1 a message was lost, repeated or changed, or memory or latency grew,\n"
      "4 it was too short or too disturbed to say, 75 stopped by a signal.\n"
      "Example:\n  ssbsim load soak --json soak.jsonl");
  add_message_options(*command, options->workload);
  add_node_options(*command, options->nodes);
  command
      ->add_option("--rate", options->workload.rate,
                   "Messages a second (default: the share of what is found)")
      ->check(CLI::Range(1.0, 1e8));
  command->add_option("--share", options->share, "Of the maximum that a closed loop reaches before")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command->add_option("--find-duration", options->find_s, "Seconds in which that is looked for")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command->add_option("--duration", options->duration_s, "Seconds that are measured")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command->add_option("--warm-up", options->warm_up_s, "Seconds before that")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_option("--seed", options->workload.seed, "Of the Poisson schedule")
      ->capture_default_str();
  command->add_option("--json", options->json, "JSON lines to this file, or - for standard output");
  command->callback([&context, options] {
    guarded(context, [&] { return SoakCommand(context, *options).run(); });
  });
}

}  // namespace ssb::sim::cli
