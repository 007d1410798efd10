// The file of one shard of a sweep: a header line, a line a run in the order of their numbers, a summary line. What is there is the
// checkpoint: a sweep that was stopped goes on after the last whole line.
//
//   Shape   NAME.partial while it grows, NAME once the summary is written: fsync, then rename. A header has an object "identity": what
//           must agree for runs to belong together.
//   Errors  UsageError when the file is of another sweep, or a device; std::system_error of the disk.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

namespace ssb::sim::cli {

// nullopt when the text is no JSON object.
[[nodiscard]] std::optional<boost::json::object> parse_line(std::string_view line);
// How two identities differ: "seeds: \"0-9\" there, \"0-99\" here"; empty when they are alike.
[[nodiscard]] std::string identity_difference(const boost::json::object& there,
                                              const boost::json::object& here);

class SweepFile {
 public:
  explicit SweepFile(std::filesystem::path file) : file_(std::move(file)) {}
  SweepFile(const SweepFile&) = delete;
  SweepFile& operator=(const SweepFile&) = delete;
  ~SweepFile();

  // False when the whole sweep is in the file already. Otherwise takes the lines of a sweep that was stopped, or begins with `header`.
  [[nodiscard]] bool open(const boost::json::object& header,
                          const std::function<void(const boost::json::object&)>& on_line);
  // The exit code that the summary of a whole file gives.
  [[nodiscard]] int finished_code() const;
  void append(const std::string& line);  // one write
  void sync();
  void finish(const std::string& summary);
  // As far as it has come: the summary ends the checkpoint, and goes when the sweep goes on.
  void leave(const std::string& summary);
  [[nodiscard]] std::filesystem::path partial() const { return file_.string() + ".partial"; }

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace ssb::sim::cli
