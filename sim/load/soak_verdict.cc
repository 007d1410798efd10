#include "sim/load/soak_verdict.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace ssb::sim::load {
namespace {

namespace json = boost::json;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of values with their place in [0, 1): the first quarter against the last.
Growth growth_of(const std::vector<std::pair<double, double>>& values) {
  std::vector<double> first;
  std::vector<double> last;
  for (const auto& [place, value] : values) {
    if (place < 0.25) first.push_back(value);
    if (place >= 0.75) last.push_back(value);
  }
  return {.first = median(first),
          .last = median(last),
          .samples_first = first.size(),
          .samples_last = last.size()};
}

// The second from which a node's memory should stay as it is: each kind of fault that its last life sees has come once by then, and the
// next one with it, for whatever they need for the first time stays with the process.
std::size_t settled(const SoakResult& result, std::size_t life) {
  const Nanoseconds begin = static_cast<Nanoseconds>(life) * kSecond;
  std::set<FaultKind> seen;
  Nanoseconds last_new = begin;
  for (const Fault& fault : result.faults) {
    if (fault.at >= begin && seen.insert(fault.kind).second) last_new = fault.at;
  }
  const auto next = std::find_if(result.faults.begin(), result.faults.end(),
                                 [last_new](const Fault& fault) { return fault.at > last_new; });
  const Nanoseconds from = next == result.faults.end() ? result.workload.duration : next->at;
  return static_cast<std::size_t>((from + kSecond - 1) / kSecond);
}

Growth memory_of(const SoakResult& result, std::size_t from, std::uint64_t SoakSecond::*kb) {
  std::vector<std::pair<double, double>> values;
  const std::size_t end = result.seconds.size();
  for (std::size_t i = from; i < end; ++i) {
    const std::uint64_t value = result.seconds[i].*kb;
    if (value > 0)
      values.emplace_back(static_cast<double>(i - from) / static_cast<double>(end - from),
                          static_cast<double>(value));
  }
  return growth_of(values);
}

void judge_memory(const SoakResult& result, const char* who, std::size_t from, const Growth& growth,
                  SoakVerdict& verdict) {
  const std::size_t seconds = result.seconds.size() - std::min(from, result.seconds.size());
  if (seconds < kMemorySecondsMin) {
    verdict.reasons.push_back(
        fmt::format("the {} had {} s after each fault had come once since it was killed last: its "
                    "memory says nothing below {} s",
                    who, seconds, kMemorySecondsMin));
  } else if (growth.samples_first == 0 || growth.samples_last == 0) {
    verdict.reasons.push_back(fmt::format("the {} did not say what memory it has", who));
  } else if (growth.last > kMemoryGrowthMax * growth.first) {
    verdict.failures.push_back(fmt::format("the memory of the {} grew from {:.1f} to {:.1f} MiB",
                                           who, growth.first / 1024, growth.last / 1024));
  }
}

void judge_latency(const Growth& growth, SoakVerdict& verdict) {
  if (std::min(growth.samples_first, growth.samples_last) < kQuietSecondsMin) {
    verdict.reasons.push_back(fmt::format(
        "{} quiet seconds in the first quarter and {} in the last: latency says nothing below {}",
        growth.samples_first, growth.samples_last, kQuietSecondsMin));
  } else if (growth.last >
             std::max(kLatencyGrowthMax * growth.first, growth.first + kLatencyGrowthLeastMs)) {
    verdict.failures.push_back(
        fmt::format("the median latency of quiet seconds grew from {:.2f} to {:.2f} ms",
                    growth.first, growth.last));
  }
}

std::map<std::string, int> counted(const std::vector<Fault>& faults) {
  std::map<std::string, int> out;
  for (const Fault& fault : faults) ++out[name(fault.kind)];
  return out;
}

json::object to_json(const Growth& growth) {
  return {{"first_quarter", growth.first},
          {"last_quarter", growth.last},
          {"samples_first", growth.samples_first},
          {"samples_last", growth.samples_last}};
}

json::array strings(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace

const char* SoakVerdict::text() const {
  if (!failures.empty()) return "FAILED";
  return reasons.empty() ? "VALID" : "INVALID";
}
int SoakVerdict::exit_code() const {
  constexpr int kInvalid = 4;
  if (!failures.empty()) return 1;
  return reasons.empty() ? 0 : kInvalid;
}

SoakVerdict judge(const SoakResult& result) {
  SoakVerdict verdict;
  verdict.failures = result.load.violations;
  if (result.load.was_stopped) verdict.reasons.emplace_back("stopped before its time");
  const auto planned = soak_plan(result.workload.duration, result.workload.security).size();
  if (result.faults.size() < planned)
    verdict.reasons.push_back(
        fmt::format("{} of {} faults were done", result.faults.size(), planned));
  if (result.load.received == 0) verdict.reasons.emplace_back("nothing was received");
  for (const auto* side : {&result.load.total.initiator, &result.load.total.target}) {
    if (side->swapped_kb > 0) verdict.reasons.emplace_back("memory was swapped out");
  }
  const std::size_t initiator_from = settled(result, result.initiator_life);
  const std::size_t target_from = settled(result, result.target_life);
  verdict.initiator_kb = memory_of(result, initiator_from, &SoakSecond::initiator_kb);
  verdict.target_kb = memory_of(result, target_from, &SoakSecond::target_kb);
  std::vector<std::pair<double, double>> latencies;
  for (std::size_t i = 0; i < result.seconds.size(); ++i) {
    const SoakSecond& second = result.seconds[i];
    if (second.is_quiet && second.p50_ms > 0)
      latencies.emplace_back(static_cast<double>(i) / static_cast<double>(result.seconds.size()),
                             second.p50_ms);
  }
  verdict.latency_ms = growth_of(latencies);
  judge_memory(result, "initiator", initiator_from, verdict.initiator_kb, verdict);
  judge_memory(result, "target", target_from, verdict.target_kb, verdict);
  judge_latency(verdict.latency_ms, verdict);
  return verdict;
}

std::string text_of(const SoakResult& result, const SoakVerdict& verdict) {
  std::string out =
      fmt::format("{}: soak of {:.0f} s, {}\n", verdict.text(),
                  static_cast<double>(result.workload.duration) / static_cast<double>(kSecond),
                  describe(result.workload));
  for (const std::string& text : verdict.failures) out += "FAILED    " + text + "\n";
  for (const std::string& text : verdict.reasons) out += "INVALID   " + text + "\n";
  if (result.found_per_second > 0)
    out +=
        fmt::format("rate      {:.0f}/s, {:.0f} % of {:.0f}/s that a closed loop reached before\n",
                    result.workload.rate, 100 * result.workload.rate / result.found_per_second,
                    result.found_per_second);
  for (const auto& [what, count] : counted(result.faults))
    out += fmt::format("fault     {} x {}\n", count, what);
  const auto memory = [&](const char* who, const Growth& growth) {
    if (growth.samples_first == 0 || growth.samples_last == 0) return;
    out += fmt::format(
        "memory    {}: {:.1f} MiB in the first quarter of what is looked at, {:.1f} MiB in the "
        "last\n",
        who, growth.first / 1024, growth.last / 1024);
  };
  memory("initiator", verdict.initiator_kb);
  memory("target", verdict.target_kb);
  if (verdict.latency_ms.samples_first > 0 && verdict.latency_ms.samples_last > 0)
    out += fmt::format(
        "latency   median of quiet seconds: {:.2f} ms in the first quarter, {:.2f} ms in the "
        "last\n",
        verdict.latency_ms.first, verdict.latency_ms.last);
  out +=
      fmt::format("{} dialogs, {} sent, {} received: {}\n", result.load.dialogs, result.load.sent,
                  result.load.received,
                  result.load.violations.empty() ? "each exactly once and in order" : "VIOLATED");
  return out;
}

std::string json_of(const SoakResult& result, const SoakVerdict& verdict,
                    const json::object& header) {
  json::object first{{"type", "header"}, {"kind", "soak"}, {"workload", describe(result.workload)}};
  for (const auto& [key, value] : header) first[key] = value;
  std::string out = json::serialize(first) + "\n";
  for (const Fault& fault : result.faults)
    out += json::serialize(json::object{
               {"type", "fault"},
               {"what", name(fault.kind)},
               {"at_s", static_cast<double>(fault.at) / static_cast<double>(kSecond)}}) +
           "\n";
  for (std::size_t i = 0; i < result.seconds.size(); ++i) {
    const SoakSecond& second = result.seconds[i];
    out += json::serialize(json::object{{"type", "second"},
                                        {"index", i},
                                        {"quiet", second.is_quiet},
                                        {"sent", second.sent},
                                        {"received", second.received},
                                        {"initiator_kb", second.initiator_kb},
                                        {"target_kb", second.target_kb},
                                        {"p50_ms", second.p50_ms},
                                        {"p99_ms", second.p99_ms}}) +
           "\n";
  }
  json::object faults;
  for (const auto& [what, count] : counted(result.faults)) faults[what] = count;
  return out +
         json::serialize(json::object{{"type", "summary"},
                                      {"verdict", verdict.text()},
                                      {"failures", strings(verdict.failures)},
                                      {"reasons", strings(verdict.reasons)},
                                      {"rate", result.workload.rate},
                                      {"found_per_second", result.found_per_second},
                                      {"faults", std::move(faults)},
                                      {"initiator_kb", to_json(verdict.initiator_kb)},
                                      {"target_kb", to_json(verdict.target_kb)},
                                      {"latency_ms", to_json(verdict.latency_ms)},
                                      {"dialogs", result.load.dialogs},
                                      {"sent", result.load.sent},
                                      {"received", result.load.received},
                                      {"violations", strings(result.load.violations)},
                                      {"exit", verdict.exit_code()}}) +
         "\n";
}

}  // namespace ssb::sim::load
