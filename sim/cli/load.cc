// `ssbsim load`: messages between two nodes of its own, counted, checked and timed; its result files compared and shown.
#include <fstream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/cli/cli.h"
#include "sim/cli/load_files.h"
#include "sim/cli/load_options.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/stop_signals.h"
#include "sim/cli/sweep_totals.h"
#include "sim/cli/version.h"
#include "sim/load/ceiling.h"
#include "sim/load/compare.h"
#include "sim/load/environment.h"
#include "sim/load/exchange.h"
#include "sim/load/report.h"
#include "sim/load/run.h"
#include "sim/scenario/key_pool.h"
#include "sim/sweep/shard.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using load::Arrival;

constexpr int kFindRunsMax = 24;
constexpr int kTriesOfARate = 3;

struct LoadCommandOptions {
  load::Workload workload;
  LoadOutputs outputs;
  int processes = 2;
  LoadNodeOptions nodes;
  bool find_max = false;
  double duration_s = 10;
  double warm_up_s = 2;
  std::string shard;
  load::RemoteTarget remote;  // when it has a folder to exchange in
  double wait_s = 600;
};

int exit_code_of(const load::Report& report) {
  if (!report.result.violations.empty()) return 1;
  if (report.result.was_stopped) return kExitStopped;
  return report.verdict.is_valid() ? 0 : kExitInvalid;
}

class LoadCommand {
 public:
  LoadCommand(Context& context, const LoadCommandOptions& options)
      : context_(context), options_(options), workload_(options.workload) {
    const auto time = [](double seconds) {
      return static_cast<load::Nanoseconds>(seconds * static_cast<double>(load::kSecond));
    };
    options.nodes.apply(workload_);
    workload_.duration = time(options.duration_s);
    workload_.warm_up = time(options.warm_up_s);
    if (workload_.rate > 0 && workload_.is_closed()) workload_.arrival = Arrival::poisson;
    if (workload_.rate <= 0 && !workload_.is_closed() && !options.find_max)
      throw UsageError{"--arrivals is of an open loop: say --rate too"};
    folder_ = options.nodes.data_folder();
    choose_target();
    choose_shard();
  }

  int run() {
    if (options_.find_max) return find_max();
    load::Report report = new_report(workload_);
    if (const auto done = options_.outputs.finished(report)) {
      context_.out << load::text_of(*done);
      return 0;
    }
    measure(report, part_of(workload_));
    const int code = exit_code_of(report);
    options_.outputs.write(report, code, context_.out);
    return code;
  }

 private:
  void choose_target() {
    const bool is_remote = !options_.remote.exchange.empty();
    if (!is_remote && (!options_.remote.target.empty() || !options_.remote.listen.empty()))
      throw UsageError{
          "--target and --listen are of a load with a target elsewhere: say --exchange too"};
    if (!is_remote) return;
    if (options_.remote.listen.empty())
      throw UsageError{
          "--exchange: say --listen too, the host:port at which the target reaches this"};
    for (const std::string* at : {&options_.remote.listen, &options_.remote.target}) {
      if (!at->empty() && !load::parse_host_port(*at))
        throw UsageError{fmt::format("'{}' is no host:port", *at)};
    }
    if (options_.find_max)
      throw UsageError{"--find-max needs many loads, and a target elsewhere serves one"};
    workload_.is_remote = true;
  }
  void choose_shard() {
    if (!options_.shard.empty()) {
      const auto shard = sweep::parse_shard(options_.shard);
      if (!shard) throw UsageError{fmt::format("--shard takes i/n, not '{}'", options_.shard)};
      shard_ = *shard;
      return;
    }
    const auto found = sweep::shard_of(environment);
    if (const auto* why = std::get_if<std::string>(&found)) throw UsageError{*why};
    shard_ = std::get<sweep::Shard>(found);
  }

  load::Report new_report(const load::Workload& workload) {
    load::Report report;
    report.version = version();
    report.build = build_id();
    report.arguments = context_.arguments;
    report.shard = fmt::format("{}/{}", shard_.index, shard_.count);
    report.environment = load::environment_record(folder_);
    report.result.workload = workload;
    report.result.processes = options_.processes;
    return report;
  }

  // What this shard does of the whole.
  load::Workload part_of(const load::Workload& whole) const {
    load::Workload part = whole;
    part.rate /= static_cast<double>(shard_.count);
    part.seed += shard_.index;
    return part;
  }

  void measure(load::Report& report, const load::Workload& part) {
    load::RunOptions run;
    run.workload = part;
    run.processes = options_.processes;
    if (workload_.is_remote) {
      run.remote = options_.remote;
      run.remote->wait =
          static_cast<load::Nanoseconds>(options_.wait_s * static_cast<double>(load::kSecond));
    }
    run.folder = folder_;
    run.key_pool = key_pool_file(options_.nodes.key_pool);
    run.wants_stop = [this] { return signals_.seen().has_value(); };
    if (!options_.nodes.is_quiet) {
      run.on_interval = [this](const load::LoadResult& so_far) {
        const std::string line = load::progress_line(so_far);
        if (!line.empty()) context_.err << line << std::endl;
      };
    }
    const load::Workload whole = report.result.workload;
    if (shard_.count > 1)
      context_.err << fmt::format("shard {} of {}, as {} says\n", shard_.index, shard_.count,
                                  shard_.source);
    report.seals_before = load::seals_per_second(whole.size_bytes);
    report.result = load::run_load(run);
    report.seals_after = load::seals_per_second(whole.size_bytes);
    const auto& total = report.result.total;
    if (total.initiator.costs.dialogs.rsa_wraps + total.target.costs.dialogs.rsa_wraps > 0) {
      scenario::KeyPool pool(run.key_pool);
      pool.start_run(1);
      report.rsa = load::rsa_costs(pool.draw(whole.rsa_bits).native());
    }
    report.result.workload = whole;
    report.verdict = load::judge(report.result);
    report.is_complete = !report.result.was_stopped;
  }

  load::Report try_rate(const load::Workload& workload) {
    load::Report report = new_report(workload);
    measure(report, part_of(workload));
    context_.out << fmt::format("{:.1f}/s: {}\n", workload.rate,
                                !report.verdict.is_valid()    ? report.verdict.reasons.front()
                                : report.verdict.is_saturated ? "not kept up"
                                                              : "kept up")
                 << std::flush;
    return report;
  }

  int find_max() {
    load::Workload workload = workload_;
    if (workload.is_closed()) workload.arrival = Arrival::poisson;
    constexpr double kFirstRate = 1000;
    std::optional<load::Report> best;
    int end = 0;  // why the search ended before its time
    const auto found = load::find_max(
        workload_.rate > 0 ? workload_.rate : kFirstRate, kFindRunsMax, [&](double rate) {
          workload.rate = rate;
          std::optional<load::Report> report;
          // What measured the generator says nothing of the nodes, and is done again.
          for (int i = 0; i < kTriesOfARate && end == 0 && !report; ++i) {
            report = try_rate(workload);
            end = exit_code_of(*report);
            if (end != kExitInvalid) continue;
            if (i + 1 < kTriesOfARate) end = 0;
            report.reset();
          }
          if (!report || end != 0 || report->verdict.is_saturated) return false;
          best = std::move(report);
          return true;
        });
    if (end != 0) {
      context_.err << fmt::format(
          "ssbsim: the search has ended without a result; {:.1f}/s was kept up\n", found.rate);
      return end;
    }
    if (!best) {
      context_.out << "no rate was kept up\n";
      return kExitInconclusive;
    }
    context_.out << fmt::format(
        "kept up at most {:.1f}/s{}\n", found.rate,
        found.beyond > 0 ? fmt::format("; not {:.1f}/s", found.beyond) : "; no limit was found");
    options_.outputs.write(*best, 0, context_.out);
    return found.beyond > 0 ? 0 : kExitInconclusive;
  }

  Context& context_;
  const LoadCommandOptions& options_;
  load::Workload workload_;  // of all shards
  fs::path folder_;
  sweep::Shard shard_;
  StopSignals signals_;
};

void add_outputs(CLI::App& command, LoadOutputs& outputs) {
  command.add_option("--json", outputs.json, "JSON lines to this file, or - for standard output");
  command.add_option("--csv", outputs.csv, "A row a second to this file");
  command.add_option("--html", outputs.html, "One page with plots, which needs no network");
}

void add_run_options(CLI::App& command, LoadCommandOptions& options) {
  add_node_options(command, options.nodes);
  command.add_option("--duration", options.duration_s, "Seconds that are measured")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command.add_option("--warm-up", options.warm_up_s, "Seconds before that")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--processes", options.processes,
                  "2: a process a node; 1: both in this one, each on its own thread")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  command.add_flag("--find-max", options.find_max,
                   "Look for the greatest rate that is kept up, a run each");
  command.add_option("--exchange", options.remote.exchange,
                     "The target is `ssbsim load target` elsewhere: the folder for what both must "
                     "know, shared or copied");
  command.add_option("--listen", options.remote.listen,
                     "HOST:PORT at which that target reaches this; port 0: a free one");
  command.add_option("--target", options.remote.target,
                     "HOST:PORT of that target (default: as it says itself)");
  command.add_option("--wait", options.wait_s, "Seconds for it to introduce itself")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command.add_option("--shard", options.shard,
                     "i/n: this is part i of n; else as the scheduler's environment says");
}

void add_compare(CLI::App& parent, Context& context) {
  auto first = std::make_shared<std::vector<std::string>>();
  auto second = std::make_shared<std::vector<std::string>>();
  CLI::App* command = parent.add_subcommand("compare", "Two loads side by side");
  command->footer(
      "With one file a side its seconds are the samples; with more, each file is one.\n"
      "Example:\n  ssbsim load compare before.jsonl after.jsonl\n"
      "  ssbsim load compare a1.jsonl b1.jsonl --more-a a2.jsonl --more-b b2.jsonl");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "A and B")->required()->expected(2);
  command->add_option("--more-a", *first, "More runs of A");
  command->add_option("--more-b", *second, "More runs of B");
  command->callback([&context, files, first, second] {
    guarded(context, [&] {
      std::vector<load::Report> a = {read_load((*files)[0])};
      std::vector<load::Report> b = {read_load((*files)[1])};
      for (const std::string& file : *first) a.push_back(read_load(file));
      for (const std::string& file : *second) b.push_back(read_load(file));
      context.out << load::compare(a, b);
      return 0;
    });
  });
}

void add_show(CLI::App& parent, Context& context) {
  auto file = std::make_shared<std::string>();
  auto outputs = std::make_shared<LoadOutputs>();
  CLI::App* command = parent.add_subcommand("show", "A result file as text, CSV or a page");
  command->footer("Example:\n  ssbsim load show result.jsonl --html result.html");
  command->add_option("file", *file, "What --json wrote")->required();
  command->add_option("--csv", outputs->csv, "A row a second to this file");
  command->add_option("--html", outputs->html, "One page with plots, which needs no network");
  command->callback([&context, file, outputs] {
    guarded(context, [&] {
      const load::Report report = read_load(*file);
      outputs->write(report, 0, context.out);
      return report.is_complete ? 0 : kExitInconclusive;
    });
  });
}

}  // namespace

void add_load(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoadCommandOptions>();
  CLI::App* command =
      app.add_subcommand("load", "Messages between two nodes at full speed or at a rate, measured");
  command->footer(
      "Exit codes: 0 valid, 1 a message was lost, repeated, out of order or changed, 4 the "
      "generator\n"
      "was the limit, 75 stopped by a signal.\n"
      "Examples:\n"
      "  ssbsim load --duration 5 --security full --size 1024\n"
      "  ssbsim load --rate 2000 --duration 30 --json result.jsonl --html result.html");
  add_message_options(*command, options->workload);
  add_loop_options(*command, options->workload);
  add_run_options(*command, *options);
  add_outputs(*command, options->outputs);
  add_compare(*command, context);
  add_show(*command, context);
  add_load_soak(*command, context);
  add_load_target(*command, context);
  command->require_subcommand(0, 1);
  command->callback([&context, options, command] {
    if (!command->get_subcommands().empty()) return;
    guarded(context, [&] { return LoadCommand(context, *options).run(); });
  });
}

}  // namespace ssb::sim::cli
