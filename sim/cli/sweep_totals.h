// What the runs of a sweep come to: counted from their JSON lines, alike while it runs, when it is resumed, and when shards are merged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

namespace ssb::sim::cli {

inline constexpr int kExitInconclusive = 2;
inline constexpr int kExitNondeterministic = 3;
inline constexpr int kExitStopped = 75;  // a checkpoint is written: run me again
inline constexpr int kExitBudget = 124;

// The more severe of two exit codes.
[[nodiscard]] int worse_exit(int one, int other);

struct FailureGroup {
  std::uint64_t count = 0;
  std::uint64_t first_run = 0;
  std::string scenario;
  std::uint64_t seed = 0;
  std::string failure;
  std::string bundle;  // the file, once there is one
};
struct ProbeHits {
  std::uint64_t count = 0;  // in all runs
  std::uint64_t runs = 0;
  std::string scenario;  // of the first run that hit it
  std::uint64_t seed = 0;
};

class SweepTotals {
 public:
  // Every probe that is known before one is hit.
  SweepTotals();

  // A line of type "run".
  void add(const boost::json::object& line);
  void add_bundle(const std::string& key, const std::string& file) { groups_[key].bundle = file; }

  [[nodiscard]] std::uint64_t runs() const { return runs_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] const std::map<std::string, FailureGroup>& groups() const { return groups_; }
  [[nodiscard]] std::size_t probes_known() const { return probes_.size(); }
  [[nodiscard]] std::size_t probes_hit() const;
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // For the summary line.
  [[nodiscard]] boost::json::object json() const;
  // For people: several lines.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::vector<std::string> never_hit() const;
  // Fewest and most runs of one scenario: how many seeds each had.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> seeds_each() const;
  [[nodiscard]] std::string coverage_text() const;

  std::uint64_t runs_ = 0, failed_ = 0, inconclusive_ = 0, events_ = 0, checked_ = 0;
  // Runs by the worst that was planned for them.
  std::uint64_t without_faults_ = 0, late_ = 0, with_faults_ = 0;
  std::int64_t virtual_us_ = 0;
  int exit_code_ = 0;
  std::map<std::string, FailureGroup> groups_;
  std::map<std::string, ProbeHits> probes_;
  std::map<std::string, std::uint64_t> fault_kinds_;  // runs in which each was planned
  std::map<std::string, std::uint64_t> scenarios_;    // runs of each
  std::vector<std::string> nondeterministic_;         // "a.sql seed 3: ..."
};

}  // namespace ssb::sim::cli
