// `ssbsim load`: messages between two nodes of its own, counted, checked and timed.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "broker/store/store.h"
#include "sim/cli/cli.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/stop_signals.h"
#include "sim/load/body.h"
#include "sim/load/run.h"
#include "sim/scenario/data_folder.h"

namespace ssb::sim::cli {
namespace {

using load::Arrival;
using load::LoadResult;
using load::Security;

constexpr int kExitStopped = 75;

struct LoadCommandOptions {
  load::Workload workload;
  int processes = 2;
  bool not_flushed = false;
  bool clear_transport = false;
  double duration_s = 10;
  double warm_up_s = 2;
  std::string folder;
  std::string key_pool;
};

std::string text_of(const LoadResult& result) {
  const auto& total = result.total;
  const auto per_message = [&](load::Nanoseconds time) {
    return total.target.messages == 0
               ? 0.0
               : static_cast<double>(time) / static_cast<double>(total.target.messages) / 1000;
  };
  std::string out = load::describe(result.workload) + "\n";
  out += fmt::format("received /s        {:.0f}\n", result.per_second());
  out += fmt::format(
      "cpu us/message     initiator {:.2f}, target {:.2f}; the generator's own {:.2f} and {:.2f}\n",
      per_message(total.initiator.cpu), per_message(total.target.cpu),
      per_message(total.initiator.generator_cpu), per_message(total.target.generator_cpu));
  out += fmt::format("transactions       initiator {}, target {}\n", total.initiator.transactions,
                     total.target.transactions);
  out += fmt::format("flushes            initiator {}, target {}\n", total.initiator.flushes,
                     total.target.flushes);
  const auto latency = [&](const char* label, const load::Histogram& histogram) {
    if (histogram.count() == 0) return;
    const auto ms = [&](double percent) {
      return static_cast<double>(histogram.percentile(percent)) / 1e6;
    };
    out += fmt::format("{:<18} p50 {:.3f} p90 {:.3f} p99 {:.3f} p99.9 {:.3f} max {:.3f} ms\n",
                       label, ms(50), ms(90), ms(99), ms(99.9), ms(100));
  };
  latency("schedule lag", total.initiator.lag);
  latency("send to ack", total.initiator.to_ack);
  latency("send to receive", total.target.to_receive);
  latency("round trip", total.initiator.round_trip);
  out += fmt::format("exactly once       {} sent, {} received, each in order: {}\n", result.sent,
                     result.received, result.violations.empty() ? "yes" : "NO");
  for (const std::string& text : result.violations) out += "  " + text + "\n";
  return out;
}

int run_load_command(Context& context, LoadCommandOptions options) {
  options.workload.flushed = !options.not_flushed;
  options.workload.transport_encrypted = !options.clear_transport;
  const auto time = [](double seconds) {
    return static_cast<load::Nanoseconds>(seconds * static_cast<double>(load::kSecond));
  };
  options.workload.duration = time(options.duration_s);
  options.workload.warm_up = time(options.warm_up_s);
  if (options.workload.rate > 0 && options.workload.is_closed())
    options.workload.arrival = Arrival::poisson;
  StopSignals signals;
  load::RunOptions run;
  run.workload = options.workload;
  run.processes = options.processes;
  run.folder = options.folder.empty() ? std::filesystem::temp_directory_path()
                                      : std::filesystem::path(options.folder);
  run.key_pool = key_pool_file(options.key_pool);
  run.wants_stop = [&signals] { return signals.seen().has_value(); };
  try {
    const LoadResult result = load::run_load(run);
    context.out << text_of(result);
    if (!result.violations.empty()) return 1;
    return result.was_stopped ? kExitStopped : 0;
  } catch (const load::LoadFailure& failure) {
    context.err << "ssbsim: " << failure.what() << '\n';
    return kExitEnvironment;
  }
}

}  // namespace

void add_load(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoadCommandOptions>();
  load::Workload& workload = options->workload;
  CLI::App* command =
      app.add_subcommand("load", "Messages between two nodes at full speed or at a rate, measured");
  command->footer("Example:\n  ssbsim load --duration 5 --security full --size 1024");
  command->add_option("--security", workload.security, "full, anonymous or none")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Security>{
          {"full", Security::full}, {"anonymous", Security::anonymous}, {"none", Security::none}}))
      ->default_str("full");
  command->add_option("--rsa-bits", workload.rsa_bits, "Of every certificate")
      ->check(CLI::IsMember({1024, 2048, 3072, 4096}))
      ->capture_default_str();
  command->add_flag("--clear-transport", options->clear_transport,
                    "ENCRYPTION = DISABLED at the endpoints: no TLS between the nodes");
  command->add_option("--size", workload.size_bytes, "Bytes of a body")
      ->check(CLI::Range(load::kStampBytes, 64U << 20U))
      ->capture_default_str();
  command->add_option("--dialogs", workload.dialogs, "Dialogs that are sent on at the same time")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--messages-per-dialog", workload.per_dialog,
                      "Then it is ended and a new one begun; 0: never");
  command
      ->add_option("--messages-per-transaction", workload.per_transaction,
                   "SENDs of a transaction, and what a RECEIVE takes, at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--receivers", workload.receivers, "RECEIVEs that wait at the same time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      ->add_option("--in-flight", workload.in_flight,
                   "Closed loop: messages sent and not yet received")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--rate", workload.rate, "Open loop: messages a second")
      ->check(CLI::Range(0.001, 1e8));
  command->add_option("--arrivals", workload.arrival, "Open loop: constant or poisson (default)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Arrival>{
          {"constant", Arrival::constant}, {"poisson", Arrival::poisson}}));
  command->add_flag("--request-reply", workload.request_reply,
                    "The target answers each message; the round trip is timed");
  command->add_flag("--not-flushed", options->not_flushed,
                    "The stores of both nodes leave it to the system when a commit is on the disk");
  command->add_option("--duration", options->duration_s, "Seconds that are measured")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command->add_option("--warm-up", options->warm_up_s, "Seconds before that")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--processes", options->processes,
                   "2: a process a node; 1: both in this one, each on its own thread")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  command->add_option("--data", options->folder,
                      "Where the nodes' data is while it runs (default: the folder for temporary "
                      "files)");
  command->add_option("--key-pool", options->key_pool,
                      "File of throw-away RSA keys (default: the user's cache)");
  command->callback([&context, options] {
    try {
      context.exit_code = run_load_command(context, *options);
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
