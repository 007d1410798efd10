#include "sim/cli/load_files.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/cli/scenario_files.h"
#include "sim/cli/sweep_file.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& file) {
  throw std::system_error(errno, std::generic_category(), file);
}

void write_whole(const std::string& file, std::string_view text) {
  if (fs::path(file).has_parent_path()) fs::create_directories(fs::path(file).parent_path());
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail(file);
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(file);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  const bool is_synced = ::fsync(descriptor) == 0;
  if (::close(descriptor) != 0 || !is_synced) fail(file);
}

std::string json_of(const load::Report& report, int exit_code) {
  std::string out = load::header_line(report) + "\n";
  std::size_t index = 0;
  for (const load::Interval& interval : report.result.intervals)
    out += load::interval_line(index++, interval) + "\n";
  return out + load::summary_line(report, exit_code) + "\n";
}

}  // namespace

void replace_file(const std::string& file, std::string_view text) {
  write_whole(file + ".partial", text);
  fs::rename(file + ".partial", file);
}

load::Report read_load(const std::string& file) {
  const auto text = read_file(file);
  if (!text) throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", file));
  try {
    return load::read_report(*text);
  } catch (const std::runtime_error& error) {
    throw UsageError{fmt::format("'{}' is no result of a load: {}", file, error.what())};
  }
}

bool is_load_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  std::getline(in, line);
  const auto header = parse_line(line);
  const auto* kind = header ? header->if_contains("kind") : nullptr;
  return kind != nullptr && *kind == "load";
}

std::optional<load::Report> LoadOutputs::finished(const load::Report& report) const {
  if (json.empty() || json == "-" || !fs::exists(json)) return std::nullopt;
  load::Report there = read_load(json);
  const std::string difference =
      identity_difference(load::identity_of(there), load::identity_of(report));
  if (!difference.empty())
    throw UsageError{
        fmt::format("'{}' is of another load ({}); name another, or remove it", json, difference)};
  return there;
}

void LoadOutputs::write(const load::Report& report, int exit_code, std::ostream& out) const {
  if (json == "-") {
    out << json_of(report, exit_code);
  } else {
    out << load::text_of(report);
  }
  if (!json.empty() && json != "-") {
    if (report.is_complete) {
      replace_file(json, json_of(report, exit_code));
    } else {
      write_whole(json + ".partial", json_of(report, exit_code));
    }
  }
  if (!csv.empty()) replace_file(csv, load::csv_of(report));
  if (!html.empty()) replace_file(html, load::html_of(report));
}

}  // namespace ssb::sim::cli
