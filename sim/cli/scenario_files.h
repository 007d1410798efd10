// What the subcommands that take scenarios share: which files, and how they are read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/script.h"

namespace ssb::sim::cli {

// What was asked for cannot be done; the text is for the user.
struct UsageError {
  std::string text;
};

[[nodiscard]] std::optional<std::string> read_file(const std::string& path);
// Of :r in a script: regular files only, so that no device or pipe stands for a script without end.
[[nodiscard]] std::optional<std::string> read_included_file(const std::string& path);
// The files themselves, and every *.sql below the folders, by name. Throws std::system_error for what is not there, UsageError for a
// folder without any.
[[nodiscard]] std::vector<std::string> scenario_files(const std::vector<std::string>& paths);
// `variables`: "name=value" each, else UsageError.
[[nodiscard]] scenario::ScriptOptions script_options(const std::vector<std::string>& variables);
// Reads and parses; std::runtime_error when it cannot be read.
[[nodiscard]] scenario::Script read_script(const std::string& file,
                                           const std::vector<std::string>& variables);
// The file that was asked for, or the user's own.
[[nodiscard]] std::filesystem::path key_pool_file(const std::string& asked);

}  // namespace ssb::sim::cli
