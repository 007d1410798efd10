// The shards of one load, which ran at the same time, as one result.
//
//   Errors  std::runtime_error when two of them are of different loads; what is missing stands in the result.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/load/report.h"

namespace ssb::sim::load {

struct Merged {
  Report report;
  std::vector<std::string> missing;  // shards that are not there, or not complete
  int duplicates = 0;
};

// Name of the file -> its report.
[[nodiscard]] Merged merge(const std::map<std::string, Report>& reports);

}  // namespace ssb::sim::load
