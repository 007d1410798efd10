#include "sim/scenario/attack_verdict.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace ssb::sim::scenario {
namespace {

using proto::EventClass;

constexpr std::size_t kRefusalsShown = 3;

bool is_evidence(const proto::TraceRecord& record) {
  switch (record.event) {
    case EventClass::audit_conversation:
    case EventClass::message_undeliverable:
    case EventClass::corrupted_message:
    case EventClass::queue_disabled:
    case EventClass::forwarded_message_dropped: return true;
    case EventClass::audit_login:
    case EventClass::connection: return record.error.has_value();
    case EventClass::error_log:
    case EventClass::conversation:
    case EventClass::conversation_group:
    case EventClass::message_classify:
    case EventClass::remote_message_acknowledgement:
    case EventClass::activation:
    case EventClass::security_decision:
    case EventClass::message_sent:
    case EventClass::message_delivered:
    case EventClass::handshake_step:
    case EventClass::message_status: return false;
  }
  return false;
}

void add_evidence(const Report& report, std::size_t from, AttackResult& result) {
  std::map<std::tuple<int, int, int, int, std::string>, std::uint64_t> counts;
  for (std::size_t i = from; i < report.records.size(); ++i) {
    const proto::TraceRecord& record = report.records[i].record;
    if (is_evidence(record)) {
      const bool is_audit =
          record.event == EventClass::audit_conversation || record.event == EventClass::audit_login;
      ++counts[{static_cast<int>(record.event), is_audit ? record.subclass : 0,
                record.error ? record.error->number() : 0, record.error ? record.error->state : 0,
                report.records[i].node}];
    }
    if (record.event == EventClass::message_delivered && record.find("queue") != nullptr)
      ++result.delivered;
    const std::string* kind = record.find("kind");
    if (record.event == EventClass::message_sent && kind != nullptr && *kind == "ERROR")
      ++result.errors_sent;
  }
  for (const auto& [what, count] : counts) {
    const auto& [event, subclass, error, state, node] = what;
    result.refusals.push_back({event, subclass, error, state, node, count});
  }
  std::stable_sort(result.refusals.begin(), result.refusals.end(),
                   [](const Refusals& a, const Refusals& b) { return b.count < a.count; });
}

// The first thing that did not happen before, or after, an entry of the story.
const Entry* failed_entry(const Report& report, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (report.entries[i].kind == Entry::Kind::failed) return &report.entries[i];
  }
  return nullptr;
}

std::string failure_text(const Report& report, const Entry& entry) {
  const Failure& failure = report.failures.at(entry.failure);
  return fmt::format("{}: {} {}; seen: {}", failure.place.text(), failure.what, failure.expected,
                     failure.seen);
}

std::string what_prevents(const Report& report) {
  std::string text = report.reason;
  for (const ScriptMessage& problem : report.problems)
    text += (text.empty() ? "" : "\n") + problem.line();
  return text.empty() ? verdict_name(report.verdict) : text;
}

std::size_t met_between(const Report& report, std::size_t from, std::size_t to) {
  return static_cast<std::size_t>(
      std::count_if(report.entries.begin() + static_cast<std::ptrdiff_t>(from),
                    report.entries.begin() + static_cast<std::ptrdiff_t>(to),
                    [](const Entry& entry) { return entry.kind == Entry::Kind::met; }));
}

// Why nothing is proved; empty: something is.
std::string what_is_open(const Report& report, std::size_t attack) {
  std::string idle = idle_attacker(report.probes);
  const bool is_idle = report.verdict == Verdict::inconclusive && !idle.empty();
  if (report.verdict == Verdict::does_not_parse || report.verdict == Verdict::environment ||
      (report.verdict == Verdict::inconclusive && !is_idle))
    return what_prevents(report);
  if (const Entry* failed = failed_entry(report, 0, attack))
    return "the sanity leg failed: " + failure_text(report, *failed);
  if (attack == report.entries.size()) return "the script never came to an attack";
  if (met_between(report, 0, attack) == 0) return "nothing is checked before the attack";
  return idle;
}

}  // namespace

const char* verdict_name(AttackVerdict verdict) {
  switch (verdict) {
    case AttackVerdict::safe: return "SAFE";
    case AttackVerdict::weak_by_design: return "WEAK BY DESIGN";
    case AttackVerdict::unsafe: return "UNSAFE";
    case AttackVerdict::inconclusive: return "INCONCLUSIVE";
  }
  return "";
}

std::string Refusals::text() const {
  std::string out = std::to_string(event);
  if (subclass != 0) out += fmt::format(".{}", subclass);
  if (error != 0) out += fmt::format("/{}", error);
  if (error != 0 && state > 1) out += fmt::format(" state {}", state);
  out += " at " + node;
  if (count > 1) out += fmt::format(" ×{}", count);
  return out;
}

std::string AttackResult::evidence() const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(refusals.size(), kRefusalsShown); ++i)
    parts.push_back(refusals[i].text());
  if (refusals.size() > kRefusalsShown)
    parts.push_back(fmt::format("{} more kinds", refusals.size() - kRefusalsShown));
  parts.push_back(fmt::format("delivered {}", delivered));
  if (errors_sent > 0) parts.push_back(fmt::format("errors sent {}", errors_sent));
  if (bodies_read > 0) parts.push_back(fmt::format("bodies read {}", bodies_read));
  return fmt::format("{}", fmt::join(parts, ", "));
}

AttackResult judge_attack(const Report& report) {
  AttackResult result;
  const auto first =
      std::find_if(report.entries.begin(), report.entries.end(),
                   [](const Entry& entry) { return entry.kind == Entry::Kind::attack; });
  const auto attack = static_cast<std::size_t>(first - report.entries.begin());
  for (const auto& [name, count] : report.probes) {
    if (name.starts_with("attack.") && name.ends_with(".applied")) result.applied += count;
  }
  result.bodies_read = report.read_by_attackers.size();
  if (first != report.entries.end()) add_evidence(report, first->record, result);
  result.reason = what_is_open(report, attack);
  result.is_sane = first != report.entries.end() && failed_entry(report, 0, attack) == nullptr &&
                   met_between(report, 0, attack) > 0;
  if (!result.reason.empty()) return result;
  const bool is_weak = report.catalogue && report.catalogue->is_weak;
  if (report.verdict == Verdict::failed || (!report.findings.empty() && !is_weak)) {
    result.verdict = AttackVerdict::unsafe;
    for (const Entry& entry : report.entries) {
      if (entry.kind == Entry::Kind::failed)
        result.reason += (result.reason.empty() ? "" : "\n") + failure_text(report, entry);
    }
    for (const JudgeFinding& finding : report.findings)
      result.reason += fmt::format("{}judge '{}' at {}: {}", result.reason.empty() ? "" : "\n",
                                   finding.judge, finding.node, finding.text);
    if (result.reason.empty()) result.reason = report.reason;
    return result;
  }
  if (met_between(report, attack, report.entries.size()) == 0) {
    result.reason = "nothing is checked after the attack";
    return result;
  }
  result.verdict = is_weak ? AttackVerdict::weak_by_design : AttackVerdict::safe;
  return result;
}

}  // namespace ssb::sim::scenario
