#include "sim/load/verdict.h"

#include <algorithm>

#include <fmt/format.h>

namespace ssb::sim::load {
namespace {

constexpr double kAchievedMin = 0.995;
constexpr double kGeneratorShareMax = 0.8;  // of a core
constexpr double kLagShareMax = 0.1;        // of the median latency
constexpr double kLagMax = 1e6;             // ns: or below this
constexpr double kFewMessages = 5;  // on the way at the begin and the end of what is counted

double share_of_core(Nanoseconds time, double seconds) {
  return seconds > 0 ? static_cast<double>(time) / seconds / static_cast<double>(kSecond) : 0;
}

void judge_schedule(const LoadResult& result, Verdict& verdict) {
  const auto& total = result.total;
  const auto lag = static_cast<double>(total.initiator.lag.percentile(99));
  const Histogram& latency = latency_of(result.workload, total);
  const auto median = static_cast<double>(latency.percentile(50));
  if (lag >= kLagMax && lag >= kLagShareMax * median)
    verdict.reasons.push_back(fmt::format(
        "the schedule lag's p99 is {:.3f} ms: the generator itself was late", lag / 1e6));
  const auto offered = static_cast<double>(total.initiator.lag.count());
  const auto achieved = static_cast<double>(total.target.messages);
  // What is on the way when the measured time ends is not what a node could not do.
  const double on_the_way =
      kFewMessages +
      (total.seconds > 0 ? offered / total.seconds * median / static_cast<double>(kSecond) : 0);
  if (offered == 0) {
    verdict.reasons.emplace_back("nothing was offered in the measured time");
  } else if (offered - achieved > std::max((1 - kAchievedMin) * offered, on_the_way)) {
    verdict.is_saturated = true;
    verdict.notes.push_back(
        fmt::format("SATURATED: {:.1f} % of what was offered came through in the measured time; "
                    "latencies are those of a growing backlog",
                    100 * achieved / offered));
  }
}

}  // namespace

Verdict judge(const LoadResult& result) {
  Verdict verdict;
  const auto& total = result.total;
  if (!result.violations.empty())
    verdict.reasons.emplace_back("not every message came exactly once, in order and unchanged");
  if (result.intervals.empty() || total.target.messages == 0)
    verdict.reasons.emplace_back("nothing was received in the measured time");
  if (!result.workload.is_closed()) judge_schedule(result, verdict);
  for (const auto* side : {&total.initiator, &total.target}) {
    const char* who = side == &total.initiator ? "initiator" : "target";
    const double share = share_of_core(side->generator_cpu, total.seconds);
    if (share >= kGeneratorShareMax)
      verdict.reasons.push_back(fmt::format(
          "the generator took {:.0f} % of a core at the {}: it was the limit", 100 * share, who));
    if (side->swapped_kb > 0)
      verdict.reasons.push_back(
          fmt::format("{} kB of the {} were swapped out", side->swapped_kb, who));
  }
  if (result.was_stopped) verdict.notes.emplace_back("stopped before its time");
  if (!result.workload.flushed)
    verdict.notes.emplace_back("NOT flushed: a crash of the machine may lose committed messages");
  if (result.workload.is_closed())
    verdict.notes.emplace_back(
        "closed loop: a slow node is asked less, so these latencies say nothing of an offered "
        "rate");
  if (result.processes == 1) verdict.notes.emplace_back("both nodes in one process, a thread each");
  return verdict;
}

}  // namespace ssb::sim::load
