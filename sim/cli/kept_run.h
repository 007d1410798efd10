// A run in one file, as `ssbsim run --bundle FILE` writes it: what it takes to run it again exactly, on another machine, too.
//
//   Shape   one JSON object: "type": "ssbsim run", "shape": 1, build, file, texts of all files by path, values of variables by name,
//           seed, options, and what came of it (verdict, fingerprint). Throw-away keys come from the seed (key_pool.h).
//           The values of variables stand in it as they are, passwords, too: mode 0600.
//   Errors  NotKept for what is none, or of another shape.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/cli/simulated_runs.h"
#include "sim/scenario/script.h"

namespace ssb::sim::cli {

struct KeptRun {
  std::string build;
  std::string file;
  std::map<std::string, std::string> texts;                   // of `file` and what it includes
  std::map<std::string, std::string, std::less<>> variables;  // by lower-case name
  std::map<std::string, std::string> environment;             // of what the script has asked for
  SimulatedSettings settings;
  std::string crash;              // as --crash takes it
  std::optional<int> until_line;  // as --until-line
  std::string verdict;
  std::string fingerprint;
};

struct NotKept : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads like `options`, and notes in `kept` what was read.
[[nodiscard]] scenario::ScriptOptions noting(const scenario::ScriptOptions& options, KeptRun& kept);
void write_kept_run(const std::string& path, const KeptRun& kept);
[[nodiscard]] KeptRun read_kept_run(const std::string& path);
// The script of the run, from the texts that it brings along.
[[nodiscard]] scenario::Script script_of(const KeptRun& kept);

// As if the file ended before that line.
void cut_before_line(scenario::Script& script, int line);

}  // namespace ssb::sim::cli
