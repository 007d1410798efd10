// The files that `ssbsim load` writes and reads.
//
//   Shape   NAME.partial, fsync, rename: a file of that name is whole. What was stopped stays NAME.partial, without "complete": true.
//   Errors  UsageError for a file of another load, or of none; std::system_error of the disk.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "sim/load/report.h"

namespace ssb::sim::cli {

// Whole, or what was there before. Throws std::system_error.
void replace_file(const std::string& file, std::string_view text);

[[nodiscard]] load::Report read_load(const std::string& file);
// Whether the file begins with the header of a load.
[[nodiscard]] bool is_load_file(const std::string& file);

struct LoadOutputs {
  std::string json;  // "-": standard output, in place of the text
  std::string csv;
  std::string html;

  // The result when the JSON file is there already, whole, of the same load.
  [[nodiscard]] std::optional<load::Report> finished(const load::Report& report) const;
  // The text goes to `out`.
  void write(const load::Report& report, int exit_code, std::ostream& out) const;
};

}  // namespace ssb::sim::cli
