#include "sim/load/merge.h"

#include <stdexcept>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "sim/sweep/shard.h"

namespace ssb::sim::load {
namespace {

std::string identity_without_shard(const Report& report) {
  auto identity = identity_of(report);
  identity.erase("shard");
  return boost::json::serialize(identity);
}

void add(LoadResult& sum, const LoadResult& one) {
  if (sum.intervals.size() < one.intervals.size()) sum.intervals.resize(one.intervals.size());
  for (std::size_t i = 0; i < one.intervals.size(); ++i) {
    sum.intervals[i].seconds = std::max(sum.intervals[i].seconds, one.intervals[i].seconds);
    sum.intervals[i].initiator.add(one.intervals[i].initiator);
    sum.intervals[i].target.add(one.intervals[i].target);
  }
  sum.total.seconds = std::max(sum.total.seconds, one.total.seconds);
  sum.total.initiator.add(one.total.initiator);
  sum.total.target.add(one.total.target);
  sum.sent += one.sent;
  sum.received += one.received;
  sum.replied += one.replied;
  sum.dialogs += one.dialogs;
  sum.was_stopped = sum.was_stopped || one.was_stopped;
  sum.violations.insert(sum.violations.end(), one.violations.begin(), one.violations.end());
}

}  // namespace

Merged merge(const std::map<std::string, Report>& reports) {
  Merged merged;
  if (reports.empty()) throw std::runtime_error("there is nothing to merge");
  const auto& [first_file, first] = *reports.begin();
  merged.report = first;
  merged.report.result = LoadResult();
  merged.report.result.workload = first.result.workload;
  merged.report.result.processes = first.result.processes;
  std::map<std::uint64_t, const Report*> by_shard;
  std::uint64_t shards = 0;
  std::vector<std::string> reasons;
  for (const auto& [file, report] : reports) {
    const auto shard = sweep::parse_shard(report.shard);
    if (!shard) throw std::runtime_error(fmt::format("'{}' does not say which shard it is", file));
    if (shards == 0) shards = shard->count;
    if (identity_without_shard(report) != identity_without_shard(first) || shard->count != shards)
      throw std::runtime_error(
          fmt::format("'{}' and '{}' are of different loads", first_file, file));
    if (!report.is_complete) {
      merged.missing.push_back(fmt::format("'{}' is not complete", file));
      continue;
    }
    if (!by_shard.emplace(shard->index, &report).second) {
      ++merged.duplicates;
      continue;
    }
    add(merged.report.result, report.result);
    for (const std::string& reason : report.verdict.reasons)
      reasons.push_back(fmt::format("shard {}: {}", report.shard, reason));
  }
  for (std::uint64_t i = 0; i < shards; ++i) {
    if (!by_shard.contains(i))
      merged.missing.push_back(fmt::format("shard {}/{} is missing", i, shards));
  }
  merged.report.shard = "0/1";
  merged.report.is_complete = merged.missing.empty();
  merged.report.verdict = judge(merged.report.result);
  // Each shard's generator was judged on its own machine: shares of a core do not add up over machines.
  merged.report.verdict.reasons = std::move(reasons);
  if (shards > 1)
    merged.report.verdict.notes.push_back(
        fmt::format("{} shards that are taken to have run at the same time; the ceiling is that of "
                    "one core of the first",
                    shards));
  return merged;
}

}  // namespace ssb::sim::load
