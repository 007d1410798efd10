// Results of loads that never ran, for what judges, writes and merges them.
#pragma once

#include "sim/load/report.h"

namespace ssb::sim::load::test {

// Ten seconds of 1,000 messages a second, each 2 ms on its way.
inline LoadResult good_result(Arrival arrival = Arrival::poisson) {
  constexpr int kSeconds = 10;
  LoadResult result;
  result.workload.arrival = arrival;
  result.workload.rate = arrival == Arrival::closed ? 0 : 1000;
  for (int i = 0; i < kSeconds; ++i) {
    Interval interval;
    interval.seconds = 1;
    interval.initiator.messages = interval.target.messages = 1000;
    interval.initiator.transactions = interval.target.transactions = 50;
    interval.initiator.cpu = interval.target.cpu = kSecond / 20;
    if (arrival != Arrival::closed) interval.initiator.lag.record(50'000, 1000);
    interval.initiator.to_ack.record(2'500'000 + i, 1000);
    interval.target.to_receive.record(2'000'000 + i, 1000);
    result.total.seconds += interval.seconds;
    result.total.initiator.add(interval.initiator);
    result.total.target.add(interval.target);
    result.intervals.push_back(interval);
  }
  result.sent = result.received = kSeconds * 1000;
  return result;
}

inline Report report_of(LoadResult result, const std::string& shard = "0/1") {
  Report report;
  report.version = "1.0";
  report.build = "abc";
  report.arguments = " load --rate 1000";
  report.shard = shard;
  report.environment = {{"cpu", "a <processor> & more"}};
  report.seals_before = 1'000'000;
  report.seals_after = 1'020'000;
  report.result = std::move(result);
  report.verdict = judge(report.result);
  report.is_complete = true;
  return report;
}

}  // namespace ssb::sim::load::test
