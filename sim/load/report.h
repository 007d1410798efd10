// The result of a load as a file and for people: JSON lines, text, CSV, and one page of HTML that needs no network.
//
//   Shape   JSON lines: {"type": "header", "kind": "load", "identity": {...}, "environment": {...}}, one "interval" a second, and a
//           "summary" with "complete": true. Histograms are whole, so that files can be merged.
//   Errors  std::runtime_error for text that is no such file.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "sim/load/ceiling.h"
#include "sim/load/run.h"
#include "sim/load/verdict.h"

namespace ssb::sim::load {

struct Report {
  std::string version, build, arguments;
  std::string shard = "0/1";
  boost::json::object environment;
  double seals_before = 0, seals_after = 0;  // a second, one core: the ceiling
  RsaCosts rsa;                              // of one operation here; zeros when none was counted
  LoadResult result;
  Verdict verdict;
  bool is_complete = false;

  [[nodiscard]] double seals() const { return (seals_before + seals_after) / 2; }
};

[[nodiscard]] boost::json::object to_json(const Workload& workload);
// Throws std::out_of_range, std::runtime_error or boost::system::system_error for what is none.
[[nodiscard]] Workload workload_of(const boost::json::object& object);

// What must agree for files to belong together; the shard is in it.
[[nodiscard]] boost::json::object identity_of(const Report& report);

// Lines without their end.
[[nodiscard]] std::string header_line(const Report& report);
[[nodiscard]] std::string interval_line(std::size_t index, const Interval& interval);
[[nodiscard]] std::string summary_line(const Report& report, int exit_code);
[[nodiscard]] Report read_report(std::string_view text);

// Where the processor time of a message goes, both nodes together, in microseconds.
struct Cost {
  std::string what;
  double us = 0;
};
[[nodiscard]] std::vector<Cost> costs_of(const Report& report);

[[nodiscard]] std::string text_of(const Report& report);
[[nodiscard]] std::string csv_of(const Report& report);
[[nodiscard]] std::string html_of(const Report& report);
// "1234/s now, p99 ...": of the last interval.
[[nodiscard]] std::string progress_line(const LoadResult& so_far);

}  // namespace ssb::sim::load
