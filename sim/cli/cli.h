// The program `ssbsim`: its subcommands, their options and exit codes.
//
//   Errors  exit codes of batch-contract.md 6.2: 10 usage, 11 a scenario does not parse, 12 environment, 13 our own bug.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ssb::sim::cli {

inline constexpr int kExitUsage = 10;
inline constexpr int kExitEnvironment = 12;
inline constexpr int kExitInternal = 13;

// What the subcommands share.
struct Context {
  std::ostream& out;  // both without control characters of others (safe_output.h)
  std::ostream& err;
  std::ostream& progress;  // standard error as it is: a line there may go back to its begin
  std::string arguments;   // as given, for the line that repeats a run
  int exit_code = 0;
};

void add_run(CLI::App& app, Context& context);
void add_sweep(CLI::App& app, Context& context);
void add_merge(CLI::App& app, Context& context);
void add_crash_sweep(CLI::App& app, Context& context);
void add_load(CLI::App& app, Context& context);
void add_node(CLI::App& app, Context& context);
void add_attack(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_snapshot(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_generate(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

// The whole program; `arguments` without the program's name.
[[nodiscard]] int run_program(const std::vector<std::string>& arguments, std::ostream& out,
                              std::ostream& err);

// Throws std::system_error when what was written did not arrive: the disk is full, nobody reads.
void require_output(std::ostream& out);

// A variable of the environment, or "".
[[nodiscard]] std::string environment(const char* name);

}  // namespace ssb::sim::cli
