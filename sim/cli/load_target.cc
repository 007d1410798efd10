// `ssbsim load target`: the receiving side of a load whose sending side is `ssbsim load --exchange` in another process, on whatever machine.
#include <fmt/format.h>

#include "sim/cli/load_options.h"
#include "sim/cli/stop_signals.h"
#include "sim/cli/sweep_totals.h"
#include "sim/load/exchange.h"
#include "sim/load/remote_target.h"

namespace ssb::sim::cli {
namespace {

struct TargetCommandOptions {
  std::string exchange;
  std::string listen;
  std::string folder;
  std::string key_pool;
  double wait_s = 600;
  bool is_quiet = false;
};

int run_target(Context& context, const TargetCommandOptions& options) {
  if (!load::parse_host_port(options.listen))
    throw UsageError{fmt::format("'{}' is no host:port", options.listen)};
  StopSignals signals;
  LoadNodeOptions node;
  node.folder = options.folder;
  load::TargetOptions target;
  target.exchange = options.exchange;
  target.listen = options.listen;
  target.folder = node.data_folder();
  target.key_pool = key_pool_file(options.key_pool);
  target.wait = static_cast<load::Nanoseconds>(options.wait_s * static_cast<double>(load::kSecond));
  target.wants_stop = [&signals] { return signals.seen().has_value(); };
  if (!options.is_quiet)
    target.on_note = [&context](const std::string& line) { context.err << line << std::endl; };
  const load::TargetResult result = load::serve_target(target);
  context.out << fmt::format("{} received: {}\n", result.received,
                             result.violation.empty() ? "each exactly once and in order"
                                                      : "VIOLATED: " + result.violation);
  if (!result.violation.empty()) return 1;
  return result.was_stopped ? kExitStopped : 0;
}

}  // namespace

void add_load_target(CLI::App& parent, Context& context) {
  auto options = std::make_shared<TargetCommandOptions>();
  CLI::App* command =
      parent.add_subcommand("target", "The receiving side of a load that is sent from elsewhere");
  command->footer(
      "Exit codes: 0 all that came was right, 1 a message was lost, repeated, out of order or "
      "changed,\n75 stopped by a signal, or the initiator has gone.\n"
      "Example:\n"
      "  ssbsim load target --listen 10.0.0.2:4022 --exchange /shared/load\n"
      "  ssbsim load --listen 10.0.0.1:4022 --exchange /shared/load --rate 1000   (elsewhere)");
  command
      ->add_option("--exchange", options->exchange,
                   "The folder for what both must know, shared or copied")
      ->required();
  command
      ->add_option("--listen", options->listen,
                   "HOST:PORT at which the initiator reaches this; port 0: a free one")
      ->required();
  command->add_option("--data", options->folder,
                      "Where the node's data is while it runs (default: the folder for temporary "
                      "files)");
  command->add_option("--key-pool", options->key_pool,
                      "File of throw-away RSA keys (default: the user's cache)");
  command->add_option("--wait", options->wait_s, "Seconds for the initiator to introduce itself")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command->add_flag("--quiet", options->is_quiet, "Nothing on standard error");
  command->callback(
      [&context, options] { guarded(context, [&] { return run_target(context, *options); }); });
}

}  // namespace ssb::sim::cli
