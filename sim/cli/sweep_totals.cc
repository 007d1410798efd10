#include "sim/cli/sweep_totals.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "proto/trace.h"
#include "sim/sweep/fault_kinds.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;

std::uint64_t number(const json::object& line, std::string_view name) {
  const auto* value = line.if_contains(name);
  return value == nullptr ? 0 : value->to_number<std::uint64_t>();
}

std::string text_of(const json::object& line, std::string_view name) {
  const auto* value = line.if_contains(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

// "event.160" is "event.160 Broker:Message Undeliverable".
std::string shown(const std::string& probe) {
  constexpr std::string_view kEvent = "event.";
  if (!probe.starts_with(kEvent)) return probe;
  const auto event = static_cast<proto::EventClass>(std::stoi(probe.substr(kEvent.size())));
  return fmt::format("{} {}", probe, proto::event_class_name(event));
}

// Of a kind that this build does not know: harm.
sweep::FaultKind::Effect effect_of(std::string_view name) {
  const auto kinds = sweep::fault_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const sweep::FaultKind& kind) { return kind.name == name; });
  return found == kinds.end() ? sweep::FaultKind::Effect::harm : found->effect;
}

}  // namespace

int worse_exit(int one, int other) {
  // From harmless to what hides everything else.
  constexpr std::array kOrder = {0,  kExitBudget, kExitInconclusive, 1, kExitNondeterministic, 11,
                                 12, 13};
  const auto rank = [&](int code) {
    return std::find(kOrder.begin(), kOrder.end(), code) - kOrder.begin();
  };
  return rank(one) < rank(other) ? other : one;
}

SweepTotals::SweepTotals() {
  for (const auto& kind : sweep::fault_kinds()) {
    fault_kinds_[std::string(kind.name)] = 0;
    if (!kind.probe.empty()) probes_[std::string(kind.probe)] = {};
  }
  // Of reference service-broker.md 2.7; the parser of messages does the two before.
  constexpr int kFirstStep = 3, kLastStep = 10;
  for (int step = kFirstStep; step <= kLastStep; ++step)
    probes_[fmt::format("refused.step.{}", step)] = {};
  constexpr int kHighest = 20'000;
  for (int event = 1; event < kHighest; ++event) {
    if (std::string_view(proto::event_class_name(static_cast<proto::EventClass>(event))) !=
        "unknown")
      probes_[fmt::format("event.{}", event)] = {};
  }
}

void SweepTotals::add(const json::object& line) {
  const std::string scenario = text_of(line, "scenario");
  const std::uint64_t seed = number(line, "seed");
  ++runs_;
  events_ += number(line, "events");
  virtual_us_ += static_cast<std::int64_t>(number(line, "virtual_us"));
  const auto code = static_cast<int>(number(line, "code"));
  exit_code_ = worse_exit(exit_code_, code);
  if (code == kExitInconclusive) ++inconclusive_;
  if (const std::string key = text_of(line, "key"); !key.empty()) {
    ++failed_;
    FailureGroup& group = groups_[key];
    const std::uint64_t run = number(line, "run");
    if (group.count++ == 0 || run < group.first_run) {
      group.first_run = run;
      group.scenario = scenario;
      group.seed = seed;
      group.failure = text_of(line, "failure");
    }
  }
  if (line.contains("checked")) ++checked_;
  if (line.contains("differs")) {
    exit_code_ = worse_exit(exit_code_, kExitNondeterministic);
    nondeterministic_.push_back(
        fmt::format("{} seed {}: {}", scenario, seed, text_of(line, "differs")));
  }
  ++scenarios_[scenario];
  bool is_late = false;
  bool is_harmed = false;
  if (const auto* faults = line.if_contains("faults"); faults != nullptr && faults->is_array()) {
    for (const auto& value : faults->get_array()) {
      const std::string kind(value.as_string());
      ++fault_kinds_[kind];
      const auto effect = effect_of(kind);
      is_late = is_late || effect == sweep::FaultKind::Effect::lateness;
      is_harmed = is_harmed || effect == sweep::FaultKind::Effect::harm ||
                  effect == sweep::FaultKind::Effect::clock;
    }
  }
  ++(is_harmed ? with_faults_ : is_late ? late_ : without_faults_);
  if (const auto* probes = line.if_contains("probes"); probes != nullptr && probes->is_object()) {
    for (const auto& [name, count] : probes->get_object()) {
      ProbeHits& hits = probes_[std::string(name)];
      const auto times = count.to_number<std::uint64_t>();
      if (times > 0 && hits.runs++ == 0) {
        hits.scenario = scenario;
        hits.seed = seed;
      }
      hits.count += times;
    }
  }
}

std::size_t SweepTotals::probes_hit() const {
  return static_cast<std::size_t>(std::count_if(probes_.begin(), probes_.end(),
                                                [](const auto& p) { return p.second.count > 0; }));
}

std::vector<std::string> SweepTotals::never_hit() const {
  std::vector<std::string> names;
  for (const auto& [name, hits] : probes_) {
    if (hits.count == 0) names.push_back(shown(name));
  }
  for (const auto& [name, count] : fault_kinds_) {
    if (count == 0) names.push_back("fault " + name);
  }
  return names;
}

std::pair<std::uint64_t, std::uint64_t> SweepTotals::seeds_each() const {
  if (scenarios_.empty()) return {0, 0};
  const auto [fewest, most] =
      std::minmax_element(scenarios_.begin(), scenarios_.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
  return {fewest->second, most->second};
}

std::string SweepTotals::coverage_text() const {
  const auto [fewest, most] = seeds_each();
  return fmt::format(
      "{} scenario{}, {} seeds each; runs with faults {}, with delay only {}, without faults {}\n",
      scenarios_.size(), scenarios_.size() == 1 ? "" : "s",
      fewest == most ? std::to_string(most) : fmt::format("{} to {}", fewest, most), with_faults_,
      late_, without_faults_);
}

json::object SweepTotals::json() const {
  json::array groups;
  for (const auto& [key, group] : groups_) {
    json::object out{{"key", key},
                     {"count", group.count},
                     {"first_run", group.first_run},
                     {"scenario", group.scenario},
                     {"seed", group.seed},
                     {"failure", group.failure}};
    if (!group.bundle.empty()) out["bundle"] = group.bundle;
    groups.push_back(std::move(out));
  }
  json::object probes;
  for (const auto& [name, hits] : probes_) {
    if (hits.count == 0) continue;
    probes[name] = json::object{{"count", hits.count},
                                {"runs", hits.runs},
                                {"scenario", hits.scenario},
                                {"seed", hits.seed}};
  }
  json::object faults;
  for (const auto& [name, count] : fault_kinds_) faults[name] = count;
  const auto missed = never_hit();
  return {{"runs", runs_},
          {"failed", failed_},
          {"inconclusive", inconclusive_},
          {"checked_twice", checked_},
          {"nondeterministic", json::array(nondeterministic_.begin(), nondeterministic_.end())},
          {"scenarios", scenarios_.size()},
          {"seeds_each", json::array{seeds_each().first, seeds_each().second}},
          {"with_faults", with_faults_},
          {"with_delay_only", late_},
          {"without_faults", without_faults_},
          {"events", events_},
          {"virtual_us", virtual_us_},
          {"groups", std::move(groups)},
          {"faults", std::move(faults)},
          {"probes", std::move(probes)},
          {"never_hit", json::array(missed.begin(), missed.end())}};
}

std::string SweepTotals::text() const {
  std::string out = fmt::format(
      "{} runs, {} failed{} · {} nondeterministic of {} checked · probes {}/{} hit\n", runs_,
      failed_, inconclusive_ == 0 ? "" : fmt::format(", {} inconclusive", inconclusive_),
      nondeterministic_.size(), checked_, probes_hit(), probes_.size());
  out += coverage_text();
  for (const std::string& difference : nondeterministic_)
    out += fmt::format("NONDETERMINISTIC {}\n", difference);
  for (const auto& [key, group] : groups_) {
    out += fmt::format("FAIL {}  x{}  first: {} seed {}\n     {}\n", key, group.count,
                       group.scenario, group.seed, group.failure);
    if (!group.bundle.empty()) out += fmt::format("     repeat: ssbsim run {}\n", group.bundle);
  }
  const auto missed = never_hit();
  if (!missed.empty()) out += fmt::format("never hit: {}\n", fmt::join(missed, ", "));
  return out;
}

}  // namespace ssb::sim::cli
