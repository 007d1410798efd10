#include "sim/scenario/crash_sweep.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

// More steps than any run has.
constexpr std::int64_t kFarAway = std::int64_t{1} << 40;

constexpr std::array<std::pair<std::string_view, Crash::Counted>, 4> kCounted = {{
    {"step", Crash::Counted::step},
    {"write", Crash::Counted::write},
    {"sync", Crash::Counted::sync},
    {"allocation", Crash::Counted::allocation},
}};

std::vector<Step>::const_iterator first_repeatable(const Script& script) {
  return std::find_if(script.steps.begin(), script.steps.end(), [](const Step& step) {
    const auto* batch = std::get_if<Batch>(&step.action);
    return batch != nullptr && batch->is_repeatable;
  });
}

Script with_steps(const Script& script, const std::vector<decltype(Step::action)>& actions) {
  Script changed = script;
  const auto at = first_repeatable(script) - script.steps.begin();
  if (at == std::ssize(script.steps)) return changed;
  const Place place = script.steps[static_cast<std::size_t>(at)].place;
  std::vector<Step> steps;
  steps.reserve(actions.size());
  for (const auto& action : actions) steps.push_back({place, action});
  changed.steps.insert(changed.steps.begin() + at, steps.begin(), steps.end());
  return changed;
}

}  // namespace

std::string_view counted_name(Crash::Counted counted) {
  for (const auto& [name, value] : kCounted) {
    if (value == counted) return name;
  }
  return "";
}

std::optional<Crash::Counted> parse_counted(std::string_view text) {
  for (const auto& [name, value] : kCounted) {
    if (equal_ignoring_case(name, text)) return value;
  }
  return std::nullopt;
}

std::string CrashPoint::text() const {
  std::string out = fmt::format("{}:{}", node, number);
  if (counted != Crash::Counted::step) out += fmt::format(":{}", counted_name(counted));
  if (is_torn) out += ":torn";
  return out;
}

std::optional<CrashPoint> parse_crash_point(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  if (parts.size() < 2 || parts[0].empty()) return std::nullopt;
  CrashPoint point;
  point.node = parts[0];
  const char* const end = parts[1].data() + parts[1].size();
  const auto [at, error] = std::from_chars(parts[1].data(), end, point.number);
  if (error != std::errc() || at != end || point.number < 1) return std::nullopt;
  for (std::size_t i = 2; i < parts.size(); ++i) {
    const auto counted = parse_counted(parts[i]);
    if (!counted && !equal_ignoring_case(parts[i], "torn")) return std::nullopt;
    if (counted) point.counted = *counted;
    point.is_torn = point.is_torn || !counted;
  }
  return point;
}

bool can_be_swept(const Script& script) {
  return first_repeatable(script) != script.steps.end();
}

Script with_crash(const Script& script, const CrashPoint& point) {
  std::vector<decltype(Step::action)> actions;
  if (point.is_torn) {
    DiskFault torn;
    torn.node = point.node;
    torn.mode = "torn";
    actions.emplace_back(torn);
  }
  Crash crash;
  crash.node = point.node;
  crash.after = point.number - 1;
  crash.counted = point.counted;
  crash.returns_after = kReturnsAfter;
  actions.emplace_back(crash);
  return with_steps(script, actions);
}

Script with_counting(const Script& script, Crash::Counted counted) {
  std::vector<decltype(Step::action)> actions;
  for (const std::string& node : script.nodes) {
    Crash crash;
    crash.node = node;
    crash.after = kFarAway - 1;
    crash.counted = counted;
    actions.emplace_back(crash);
  }
  return with_steps(script, actions);
}

std::vector<StepCount> counted_steps(const Script& script, const Simulation& simulation,
                                     Crash::Counted counted) {
  std::vector<StepCount> counts;
  for (const std::string& node : script.nodes) {
    const auto left = static_cast<std::int64_t>(simulation.steps_until_crash(node, counted));
    counts.push_back({node, left == 0 ? 0 : kFarAway - left});
  }
  return counts;
}

std::vector<CrashPoint> crash_points(const std::vector<StepCount>& counts,
                                     const SweepRange& range) {
  std::vector<CrashPoint> points;
  for (const StepCount& count : counts) {
    if (!range.node.empty() && !equal_ignoring_case(range.node, count.node)) continue;
    const std::int64_t last = std::min(count.steps, range.to.value_or(count.steps));
    for (std::int64_t number = range.from; number <= last; number += range.every) {
      for (const bool is_torn : {false, true}) {
        if (is_torn ? range.torn : range.whole)
          points.push_back({count.node, number, range.counted, is_torn});
      }
    }
  }
  return points;
}

bool has_crashed(const Probes& probes) {
  return probes.contains("storage.failed") || probes.contains("memory.failed") ||
         probes.contains("memory.withstood");
}

}  // namespace ssb::sim::scenario
