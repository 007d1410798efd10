// Options that the loads share, and what becomes of what goes wrong in them.
#pragma once

#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/cli.h"
#include "sim/cli/scenario_files.h"
#include "sim/load/run.h"

namespace ssb::sim::cli {

inline constexpr int kExitInvalid =
    4;  // the load measured itself, or could not show what it is for

// How the nodes are run.
struct LoadNodeOptions {
  bool not_flushed = false;
  bool clear_transport = false;
  bool sign_every_dialog = false;
  bool is_quiet = false;
  std::string folder;
  std::string key_pool;

  void apply(load::Workload& workload) const;
  [[nodiscard]] std::filesystem::path data_folder() const;
};

// What is sent, and how it is secured.
void add_message_options(CLI::App& command, load::Workload& workload);
// When it is sent.
void add_loop_options(CLI::App& command, load::Workload& workload);
void add_node_options(CLI::App& command, LoadNodeOptions& options);

// Runs it; its exit code, or that of what it threw.
template <typename Command>
void guarded(Context& context, Command command) {
  try {
    context.exit_code = command();
  } catch (const UsageError& error) {
    context.err << "ssbsim: " << error.text << '\n';
    context.exit_code = kExitUsage;
  } catch (const load::LoadFailure& failure) {
    context.err << "ssbsim: " << failure.what() << '\n';
    context.exit_code = kExitEnvironment;
  }
}

// Subcommands of `load`.
void add_load_soak(CLI::App& parent, Context& context);
void add_load_target(CLI::App& parent, Context& context);

}  // namespace ssb::sim::cli
