// Tries cures in forks of the run: the same run again up to the place, the cure, and time for the retries.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/doctor/cure.h"
#include "sim/scenario/near.h"
#include "sim/why/inquiry.h"

namespace ssb::sim::why {
namespace {

using proto::EventClass;
using proto::TraceRecord;
using scenario::NodeRecord;

constexpr proto::Duration kLook = std::chrono::seconds(1);
constexpr int kLifetimeExceeded = static_cast<int>(proto::ErrorCode::lifetime_exceeded);

// "HOST_B 160/11229", of what went wrong behind a place.
std::set<std::string> refusals_of(const Play& play) {
  std::set<std::string> out;
  const auto& records = play.simulation->records();
  for (std::size_t i = play.record_mark; i < records.size(); ++i) {
    const TraceRecord& record = records[i].record;
    const bool is_refusal = record.event == EventClass::message_undeliverable ||
                            record.event == EventClass::corrupted_message ||
                            record.event == EventClass::forwarded_message_dropped ||
                            record.event == EventClass::queue_disabled;
    if (!is_refusal) continue;
    out.insert(record.error
                   ? fmt::format("{} {}/{}", records[i].node, static_cast<int>(record.event),
                                 record.error->number())
                   : fmt::format("{} {}", records[i].node, static_cast<int>(record.event)));
  }
  return out;
}

std::map<std::string, Waiting> waiting_of(const Play& play) {
  std::map<std::string, Waiting> out;
  for (Waiting& one : find_waiting(*play.simulation)) {
    const std::string key = one.place() + one.conversation_id;
    out.emplace(key, std::move(one));
  }
  return out;
}

std::string of_message(const Waiting& one) {
  return fmt::format("a message of '{}' to '{}'", one.own_service, one.far_service);
}

constexpr std::string_view kItsPassword = "'its password'";
constexpr std::size_t kPasswordsMax = 24;

void add_passwords(const scenario::Script& script, const std::regex& pattern,
                   std::vector<std::string>& out) {
  for (const scenario::Step& step : script.steps) {
    const auto* batch = std::get_if<scenario::Batch>(&step.action);
    if (batch == nullptr) continue;
    for (std::sregex_iterator found(batch->text.begin(), batch->text.end(), pattern), end;
         found != end && out.size() < kPasswordsMax; ++found) {
      if (std::ranges::find(out, (*found)[1].str()) == out.end()) out.push_back((*found)[1].str());
    }
  }
}

// The literals behind PASSWORD = in the batches of a script, those of master keys first.
std::vector<std::string> passwords_of(const scenario::Script& script) {
  static const std::regex of_master_keys(
      R"re(MASTER\s+KEY\s[^;']*PASSWORD\s*=\s*N?('(?:[^']|'')*'))re", std::regex::icase);
  static const std::regex any(R"re(PASSWORD\s*=\s*N?('(?:[^']|'')*'))re", std::regex::icase);
  std::vector<std::string> out;
  add_passwords(script, of_master_keys, out);
  add_passwords(script, any, out);
  return out;
}

std::vector<std::string> with_password(std::vector<std::string> lines,
                                       const std::string& password) {
  for (std::string& line : lines) {
    const std::size_t at = line.find(kItsPassword);
    if (at != std::string::npos) line.replace(at, kItsPassword.size(), password);
  }
  return lines;
}

class Cures {
 public:
  Cures(const Subject& subject, Play& control, Explanation& explanation)
      : subject_(subject), control_(control), explanation_(explanation) {}

  void run() {
    const bool is_gone = is_there() && !is_waiting(*control_.simulation, waiting());
    if (is_gone && !ends_undelivered(control_)) return by_itself();
    while (is_there() && !explanation_.causes.back().cure.empty()) {
      Play fork = play_cures({});
      if (!fork.problem.empty()) return does_not_run(fork);
      if (helps(fork)) return note_changes(fork);
      explanation_.trial.outcome = Outcome::did_not_help;
      if (!find_next_cause(fork)) break;
    }
    try_begun_anew();
    if (is_gone && explanation_.trial.outcome == Outcome::not_tried)
      explanation_.trial.outcome = Outcome::runs_out;
  }

 private:
  [[nodiscard]] const Waiting& waiting() const { return explanation_.waiting; }
  [[nodiscard]] bool is_message() const { return waiting().kind == Waiting::Kind::message; }
  [[nodiscard]] bool is_unread() const { return waiting().kind == Waiting::Kind::unread; }
  [[nodiscard]] bool is_there() const { return is_message() || is_unread(); }

  [[nodiscard]] bool has_cure() const { return !explanation_.causes.front().cure.empty(); }

  void does_not_run(const Play& fork) const {
    explanation_.trial.outcome = Outcome::does_not_run;
    explanation_.trial.problem = fork.problem;
  }

  // This dialog is lost: the batch that began it, once more behind the cure. Of a reply there is none.
  void try_begun_anew() {
    const auto step = waiting().is_initiator && !is_unread() ? step_of_begin() : std::nullopt;
    const bool is_ours = explanation_.causes.front().id.starts_with("SB-W");
    if (!step || (!has_cure() && !is_ours)) return;
    for (;;) {
      Play fork = play_cures(step);
      if (!fork.problem.empty()) return does_not_run(fork);
      if (helps_the_next(fork)) return note_changes(fork);
      if (has_cure()) explanation_.trial.outcome = Outcome::did_not_help;
      if (is_message() || !has_cure() || !find_next_cause(fork)) return;
    }
  }

  // A password that only its owner knows: where the script names it, that one.
  [[nodiscard]] Play play_cures(std::optional<std::size_t> again) const {
    const std::vector<std::string> cure = lines(again.has_value());
    Play fork = play(subject_, cure, again);
    const auto needs_password = [](const std::string& line) {
      return line.find(kItsPassword) != std::string::npos;
    };
    if (fork.problem.empty() || std::ranges::none_of(cure, needs_password)) return fork;
    for (const std::string& password : passwords_of(subject_.script)) {
      Play other = play(subject_, with_password(cure, password), again);
      if (!other.problem.empty()) continue;
      explanation_.trial.has_password = true;
      return other;
    }
    return fork;
  }

  [[nodiscard]] std::vector<std::string> lines(bool goes_on) const {
    std::vector<std::string> out;
    for (const Cause& cause : explanation_.causes)
      out.insert(out.end(), cause.cure.begin(), cause.cure.end());
    if (!goes_on) return out;
    out.push_back(":connect " + waiting().node);
    out.push_back(fmt::format("USE {};", doctor::bracketed(waiting().database)));
    out.emplace_back("GO");
    return out;
  }

  // The batch in which the conversation begins.
  [[nodiscard]] std::optional<std::size_t> step_of_begin() const {
    const auto& records = control_.report.records;
    const auto first = std::ranges::find_if(records, [&](const NodeRecord& one) {
      return scenario::equal_ignoring_case(one.record.conversation_id, waiting().conversation_id);
    });
    const auto at = static_cast<std::size_t>(first - records.begin());
    const auto entry =
        std::ranges::find_if(control_.report.entries, [&](const scenario::Entry& one) {
          return one.kind == scenario::Entry::Kind::output && one.record > at;
        });
    if (entry == control_.report.entries.end() || entry->node != waiting().node ||
        entry->step >= subject_.steps)
      return std::nullopt;
    return entry->step;
  }

  void by_itself() {
    Trial& trial = explanation_.trial;
    trial.outcome = Outcome::by_itself;
    trial.deliveries = deliveries_of(control_);
  }

  [[nodiscard]] std::size_t deliveries_of(const Play& play) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(play.simulation->records(),
                              [&](const NodeRecord& one) { return is_delivery(one, waiting()); }));
  }

  // Its dialog ended with an error, and the message was on no queue. An application that has ended its side is told nothing.
  [[nodiscard]] bool ends_undelivered(const Play& play) const {
    if (deliveries_of(play) > 0) return false;
    const auto& records = play.simulation->records();
    for (std::size_t i = play.record_mark; i < records.size(); ++i) {
      const TraceRecord& record = records[i].record;
      const bool is_it =
          records[i].node == waiting().node && record.event == EventClass::message_delivered &&
          record.subclass_name == "Broker Error" &&
          scenario::equal_ignoring_case(record.conversation_id, waiting().conversation_id);
      if (is_it) explanation_.trial.ends_with = record.text;
    }
    if (explanation_.trial.ends_with.empty() && explanation_.trial.lifetime_left)
      explanation_.trial.ends_with = fmt::format("-{}", kLifetimeExceeded);
    return !explanation_.trial.ends_with.empty();
  }

  [[nodiscard]] bool helps(Play& fork) const {
    Trial& trial = explanation_.trial;
    const std::size_t before = deliveries_of(control_);
    for (proto::Duration after{}; after <= kTrial; after += kLook) {
      fork.simulation->advance_to(fork.stopped + after);
      if (!trial.delivered_after && before == 0 && deliveries_of(fork) > 0)
        trial.delivered_after = after;
      if (!trial.left_after && !is_waiting(*fork.simulation, waiting())) trial.left_after = after;
    }
    trial.deliveries = deliveries_of(fork);
    if (!trial.left_after) return false;
    trial.outcome = Outcome::helped;
    return is_unread() || trial.deliveries > 0;
  }

  [[nodiscard]] bool helps_the_next(Play& fork) const {
    fork.simulation->advance_to(fork.simulation->now() + kTrial);
    Trial& trial = explanation_.trial;
    trial.deliveries = 0;
    trial.delivered_after.reset();
    bool has_error = false;
    const auto& records = fork.simulation->records();
    std::set<std::string> older;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const TraceRecord& record = records[i].record;
      if (i < fork.record_mark) older.insert(record.conversation_id);
      if (record.event != EventClass::message_delivered || older.contains(record.conversation_id))
        continue;
      const bool is_there = value_of(record, "from_service") == waiting().far_service &&
                            value_of(record, "to_service") == waiting().own_service;
      const bool is_back = value_of(record, "from_service") == waiting().own_service &&
                           value_of(record, "to_service") == waiting().far_service;
      if (is_there && record.subclass_name == "Delivered") ++trial.deliveries;
      has_error = has_error || (is_back && record.subclass_name == "Broker Error");
    }
    if (has_error || trial.deliveries == 0) return false;
    trial.outcome = Outcome::helps_the_next;
    return true;
  }

  // What holds it up behind the cures so far; false: nothing new.
  [[nodiscard]] bool find_next_cause(const Play& fork) {
    if (explanation_.causes.size() == kCuresMax) return false;
    const std::vector<Waiting> all = find_waiting(*fork.simulation);
    const auto same = std::ranges::find_if(all, [&](const Waiting& one) {
      const bool is_same_dialog =
          scenario::equal_ignoring_case(one.conversation_id, waiting().conversation_id);
      return one.place() == waiting().place() &&
             (one.kind == Waiting::Kind::unread) == is_unread() &&
             (is_same_dialog || (!is_message() && one.own_service == waiting().own_service &&
                                 one.far_service == waiting().far_service));
    });
    if (same == all.end()) return false;
    const doctor::Instances instances = instances_of(*fork.simulation);
    const Symptom symptom = read_symptom(*same, fork.simulation->records());
    Cause next = find_cause(instances, *same, symptom);
    const bool is_known = std::ranges::any_of(explanation_.causes, [&](const Cause& one) {
      return one.id == next.id && one.place == next.place && one.text == next.text;
    });
    const bool is_found = next.id.starts_with("SB-W") == false;
    if (is_known || (next.cure.empty() && !is_found)) return false;
    next.held = find_held(instances, *same, next);
    explanation_.causes.push_back(std::move(next));
    return !explanation_.causes.back().cure.empty();
  }

  void note_changes(const Play& fork) const {
    std::vector<std::string>& changes = explanation_.trial.changes;
    const auto without = waiting_of(control_);
    const auto with = waiting_of(fork);
    if (explanation_.trial.outcome == Outcome::helped) {
      std::size_t gone = 0;
      for (const auto& [key, one] : without) {
        const bool is_it =
            scenario::equal_ignoring_case(one.conversation_id, waiting().conversation_id);
        if (!is_it && one.has_sequence() && !with.contains(key)) ++gone;
      }
      if (gone > 0)
        changes.push_back(
            fmt::format("{} other conversation{} on", gone, gone == 1 ? " goes" : "s go"));
      for (const auto& [key, one] : with) {
        if (!without.contains(key) && one.kind != Waiting::Kind::unread)
          changes.push_back(of_message(one) + " waits now");
      }
    }
    const std::set<std::string> before = refusals_of(control_);
    for (const std::string& refusal : refusals_of(fork)) {
      if (!before.contains(refusal)) changes.push_back("new event " + refusal);
    }
  }

  const Subject& subject_;
  Play& control_;
  Explanation& explanation_;
};

}  // namespace

void try_cures(const Subject& subject, Play& control, Explanation& explanation) {
  Cures(subject, control, explanation).run();
}

}  // namespace ssb::sim::why
