#include "sim/load/compare.h"

#include <algorithm>

#include <fmt/format.h>

namespace ssb::sim::load {
namespace {

constexpr std::size_t kSamplesMin = 5;
constexpr double kRatioMin = 1.1;
constexpr double kGapMax = 1.05;
constexpr double kRateMin = 1;  // messages a second: below this nothing is looked for

using Value = std::function<double(const LoadResult& result, const Interval& interval)>;

Samples samples_of(const std::vector<Report>& reports, const Value& value) {
  Samples out;
  if (reports.size() == 1) {
    for (const Interval& interval : reports.front().result.intervals)
      out.values.push_back(value(reports.front().result, interval));
  } else {
    for (const Report& report : reports)
      out.values.push_back(value(report.result, report.result.total));
  }
  return out;
}

std::string row(const char* label, const Samples& first, const Samples& second) {
  const char* verdict = "";
  switch (rank(first, second)) {
    case Ranking::first_higher: verdict = "A is higher"; break;
    case Ranking::second_higher: verdict = "B is higher"; break;
    case Ranking::no_difference: verdict = "no difference"; break;
    case Ranking::too_few: verdict = "too few samples to say"; break;
  }
  const double ratio = first.median() > 0 ? second.median() / first.median() : 0;
  return fmt::format("{:<26}{:>12.2f} ({:.2f}-{:.2f}){:>12.2f} ({:.2f}-{:.2f}){:>8.2f}  {}\n",
                     label, first.median(), first.min(), first.max(), second.median(), second.min(),
                     second.max(), ratio, verdict);
}

double per_message_us(const Measures& measures) {
  return measures.messages == 0
             ? 0
             : static_cast<double>(measures.cpu) / static_cast<double>(measures.messages) / 1e3;
}

}  // namespace

double Samples::min() const {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}
double Samples::max() const {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}
double Samples::median() const {
  if (values.empty()) return 0;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

Ranking rank(const Samples& first, const Samples& second) {
  if (std::min(first.values.size(), second.values.size()) < kSamplesMin) return Ranking::too_few;
  if (first.min() > second.max() && first.median() >= kRatioMin * second.median())
    return Ranking::first_higher;
  if (second.min() > first.max() && second.median() >= kRatioMin * first.median())
    return Ranking::second_higher;
  return Ranking::no_difference;
}

std::string compare(const std::vector<Report>& first, const std::vector<Report>& second) {
  std::string out;
  for (const auto* side : {&first, &second}) {
    const Report& report = side->front();
    out += fmt::format(
        "{}: {}, build {}, {}{}\n", side == &first ? "A" : "B", describe(report.result.workload),
        report.build,
        side->size() == 1 ? "its seconds are the samples" : fmt::format("{} runs", side->size()),
        std::all_of(side->begin(), side->end(),
                    [](const Report& one) { return one.verdict.is_valid(); })
            ? ""
            : ", INVALID");
  }
  out += fmt::format("{:<26}{:>12} {:<17}{:>12} {:<15}{:>8}\n", "", "A median", "(min-max)",
                     "B median", "(min-max)", "B/A");
  const auto add = [&](const char* label, const Value& value) {
    out += row(label, samples_of(first, value), samples_of(second, value));
  };
  add("received /s", [](const LoadResult&, const Interval& interval) {
    return interval.seconds > 0 ? static_cast<double>(interval.target.messages) / interval.seconds
                                : 0;
  });
  add("initiator cpu us/message", [](const LoadResult&, const Interval& interval) {
    return per_message_us(interval.initiator);
  });
  add("target cpu us/message",
      [](const LoadResult&, const Interval& interval) { return per_message_us(interval.target); });
  for (const double percent : {50.0, 99.0}) {
    add(fmt::format("latency p{} ms", percent).c_str(),
        [percent](const LoadResult& result, const Interval& interval) {
          const Histogram& latency = latency_of(result.workload, interval);
          return static_cast<double>(latency.percentile(percent)) / 1e6;
        });
  }
  return out;
}

FoundRate find_max(double first, int runs_max, const std::function<bool(double rate)>& keeps_up) {
  FoundRate found;
  double rate = first;
  while (found.runs < runs_max && rate >= kRateMin) {
    ++found.runs;
    if (keeps_up(rate)) {
      found.rate = rate;
    } else {
      found.beyond = rate;
    }
    if (found.beyond == 0) {
      rate *= 2;
    } else if (found.rate == 0) {
      rate /= 2;
    } else if (found.beyond <= kGapMax * found.rate) {
      break;
    } else {
      rate = (found.rate + found.beyond) / 2;
    }
  }
  return found;
}

}  // namespace ssb::sim::load
