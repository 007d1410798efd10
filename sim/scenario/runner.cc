#include "sim/scenario/runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "proto/overloaded.h"
#include "sim/scenario/near.h"
#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {
namespace {

using broker::tsql::DatabaseChanged;
using broker::tsql::Output;
using broker::tsql::RowCount;
using broker::tsql::RowSet;

// Of virtual time: an instance that comes back by itself has done so.
constexpr proto::Duration kReturnsWithin = std::chrono::minutes(1);

// [Sales], as T-SQL takes any name.
std::string quoted_name(const std::string& name) {
  std::string out = "[";
  for (const char c : name) out += c == ']' ? std::string("]]") : std::string(1, c);
  return out + "]";
}

}  // namespace

proto::TimePoint default_start() {
  using namespace std::chrono;
  return sys_days(year(2008) / 11 / 26) + hours(9);
}

Report Runner::run() {
  report_.file = script_.file;
  report_.title = script_.title;
  report_.claims = script_.claims;
  report_.corpus = script_.corpus;
  report_.catalogue = script_.catalogue;
  report_.nodes = script_.nodes;
  report_.text_hash = script_.text_hash;
  report_.expectations = script_.expectation_count();
  report_.warnings = script_.warnings;
  if (!script_.errors.empty()) {
    report_.verdict = Verdict::does_not_parse;
    report_.problems = script_.errors;
    return report_;
  }
  if (!is_supported()) return report_;
  report_.verdict = report_.expectations == 0 ? Verdict::nothing_checked : Verdict::passed;
  for (const ScriptMessage& warning : script_.warnings)
    add_entry(Entry::Kind::warning, warning.place, warning.text);
  declare_nodes();
  report_.start = backend_.now();
  try {
    for (; step_ < script_.steps.size(); ++step_) run_step(script_.steps[step_]);
  } catch (const Stop&) {
    // The report says why.
  }
  close_all();
  report_.findings = backend_.judge();
  const bool is_weak = script_.catalogue && script_.catalogue->is_weak;  // judges see that, too
  if (!report_.findings.empty() && !is_weak && report_.verdict != Verdict::environment)
    report_.verdict = Verdict::failed;
  report_.probes = backend_.probes();
  note_what_never_came();
  report_.read_by_attackers = backend_.read_by_attackers();
  report_.end = backend_.now();
  report_.records = backend_.records();
  return report_;
}

// A run that met its expectations shows nothing about a fault that was not there.
void Runner::note_what_never_came() {
  if (report_.verdict != Verdict::passed && report_.verdict != Verdict::nothing_checked) return;
  std::vector<std::string> missing = backend_.faults_not_come();
  if (const std::string idle = idle_attacker(report_.probes);
      !idle.empty() && backend_.wants_all_faults())
    missing.push_back(idle);
  if (missing.empty()) return;
  report_.verdict = Verdict::inconclusive;
  report_.reason = fmt::format("{}", fmt::join(missing, "; "));
}

bool Runner::is_supported() {
  const auto refuse = [&](const std::string& why) {
    report_.verdict = Verdict::inconclusive;
    report_.reason = why;
    return false;
  };
  for (const InstanceOptions& options : script_.instances) {
    if (const auto why = backend_.unsupported(options))
      return refuse(fmt::format("--# instance {}: {}", options.node, *why));
  }
  for (const Step& step : script_.steps) {
    if (const auto why = backend_.unsupported(step))
      return refuse(fmt::format("{}: {}", step.place.text(), *why));
  }
  return true;
}

void Runner::declare_nodes() {
  proto::TimePoint start = default_start();
  for (const Step& step : script_.steps) {
    if (const auto* clock = std::get_if<SetClock>(&step.action)) start = clock->start;
  }
  backend_.set_start(start);
  for (const std::string& node : script_.nodes) {
    const auto options =
        std::find_if(script_.instances.begin(), script_.instances.end(),
                     [&](const InstanceOptions& o) { return equal_ignoring_case(o.node, node); });
    backend_.declare(node, options == script_.instances.end() ? nullptr : &*options);
  }
  for (const Step& step : script_.steps) {
    const auto* attack = std::get_if<Attack>(&step.action);
    if (attack != nullptr && attack->seat != Attack::Seat::configuration) backend_.foresee(step);
  }
}

void Runner::run_step(const Step& step) {
  const Place& place = step.place;
  const auto fault = [&] {
    is_settled_ = false;
    require(backend_.apply(step), place, "the fault cannot be set");
  };
  std::visit(proto::Overloaded{
                 [&](const Batch& batch) { run_batch(batch, place); },
                 [&](const Connect& action) { connect(action, place); },
                 [&](const UseSession& use) { use_session(use, place); },
                 [&](const Await& action) { await(action, place); },
                 [&](const OnError& on_error) { error_exits_ = on_error.exits; },
                 [&](const Exit&) { throw Stop{}; },
                 [&](const Note& note) { add_entry(Entry::Kind::note, place, note.text); },
                 [&](const CopyFile& action) { copy(action, place); },
                 [&](const SetClock&) {},  // taken by declare_nodes
                 [&](const Advance& advance) { backend_.advance_to(backend_.now() + advance.by); },
                 [&](const AdvanceUntil& until) {
                   if (until.time < backend_.now()) {
                     fail(place, "--# until",
                          fmt::format("a time after {}", proto::to_datetime_text(backend_.now())),
                          proto::to_datetime_text(until.time));
                     throw Stop{};
                   }
                   backend_.advance_to(until.time);
                 },
                 [&](const Skew& skew) { backend_.skew(skew.node, skew.by); },
                 [&](const Drift& drift) { backend_.drift(drift.node, drift.ppm); },
                 [&](const Jump& jump) { backend_.jump(jump.node, jump.by); },
                 [&](const Settle& settle) { backend_.settle(settle.at_most); },
                 [&](const Mark&) {
                   settle_first();
                   record_mark_ = backend_.records().size();
                   wire_mark_ = backend_.wire_position();
                 },
                 [&](const Restart& action) { restart(action.node, place); },
                 [&](const Crash& action) {
                   if (!action.after) crash(action, place);
                   // Set off sooner or later, or by itself back.
                   if (action.after || action.returns_after) fault();
                 },
                 [&](const NetFault&) { fault(); },
                 [&](const LinkFault&) { fault(); },
                 [&](const Partition&) { fault(); },
                 [&](const Swizzle&) { fault(); },
                 [&](const KeyFault&) { fault(); },
                 [&](const OwnerLost&) { fault(); },
                 [&](const RandomFault&) { fault(); },
                 [&](const Heal&) { fault(); },
                 [&](const DiskFault&) { fault(); },
                 [&](const Attack& attack) {
                   if (attack.seat != Attack::Seat::configuration) fault();
                   add_entry(Entry::Kind::attack, place, seat_text(attack));
                 },
                 [&](const Expectation& expectation) {
                   if (expectation.is_about_next_batch()) {
                     waiting_.push_back(expectation);
                     waiting_places_.push_back(place);
                   } else {
                     check_expectation(expectation, place);
                   }
                 },
             },
             step.action);
  const bool is_quiet_step = std::holds_alternative<Note>(step.action) ||
                             std::holds_alternative<Expectation>(step.action) ||
                             std::holds_alternative<Mark>(step.action) ||
                             std::holds_alternative<Settle>(step.action);
  if (!is_quiet_step) is_settled_ = false;
}

// ---- sessions and batches ----

void Runner::run_batch(const Batch& batch, const Place& place) {
  Awaited awaited{.batch = &batch,
                  .place = place,
                  .expected = std::exchange(waiting_, {}),
                  .places = std::exchange(waiting_places_, {}),
                  .step = step_};
  const bool has_gone = !session_->name.empty() && !batch.is_repeatable && session_->is_open &&
                        !backend_.is_open(session_->id);
  if (has_gone) lose_sessions_of(node_, fmt::format("the session ended when {} went down", node_));
  if (!session_->is_open) return fail_without_session(place);
  if (session_->waiting) end_waiting(*session_);  // where --# await was left out (sweeps do that)
  if (!session_->is_open) return fail_without_session(place);
  if (batch.is_to_wait) return begin_waiting(std::move(awaited));
  for (std::int64_t i = 0; i < batch.repeat; ++i) {
    ++report_.batches;
    auto output = run_once(batch, place);
    is_settled_ = false;
    if (!output) {
      fail(place, "cannot run the batch", "its end", output.error().text);
      if (output.error().is_environment) report_.verdict = Verdict::environment;
      throw Stop{};
    }
    const bool is_last = i + 1 == batch.repeat || closes_session(*output);
    const bool goes_on = take_output(*session_, awaited, *output, is_last);
    if (!session_->is_open && i + 1 < batch.repeat)
      fail(place, "cannot run the batch again", fmt::format("{} times", batch.repeat),
           session_->down_reason);
    if (!goes_on) break;
  }
}

bool Runner::take_output(Session& session, const Awaited& batch, const Output& output,
                         bool is_last) {
  note_result(session, output, batch.batch->text);
  remember_variables(session);
  Entry entry{.kind = Entry::Kind::output,
              .place = batch.place,
              .record = backend_.records().size(),
              .at = backend_.now(),
              .node = session.node,
              .session = session.name,
              .text = {},
              .output = output,
              .step = batch.step};
  report_.entries.push_back(std::move(entry));
  const bool is_met =
      judge_batch(*batch.batch, batch.place, output, batch.expected, batch.places, is_last);
  if (closes_session(output)) {
    close(session,
          fmt::format("an error of severity {} or above closed the session", kClosingSeverity));
    session.is_closed_by_error = true;
  }
  return is_met && session.is_open;
}

Outcome<Output> Runner::run_once(const Batch& batch, const Place& place) {
  if (!batch.is_repeatable) return backend_.run_batch(session_->id, batch.text);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (!backend_.is_open(session_->id)) connect_again(place);
    auto output = backend_.run_batch(session_->id, batch.text);
    if (backend_.is_open(session_->id)) return output;
  }
  return Reason{.text = fmt::format("{} went down each of {} times", node_, kAttemptsMax)};
}

void Runner::connect_again(const Place& place) {
  add_entry(Entry::Kind::note, place,
            fmt::format("{} has gone down; the batch runs on a new session", node_));
  // Where it does not come back by itself, it is started.
  const proto::TimePoint until = backend_.now() + kReturnsWithin;
  while (!backend_.is_running(node_) && backend_.step(until)) {
  }
  if (!backend_.is_running(node_))
    require(backend_.start(node_), place, fmt::format("{} cannot be started", node_));
  const Connect& how = session_->connected;
  const auto session = backend_.open_session(how.node, how.login, how.password);
  if (!session) {
    fail(place, "cannot connect again", fmt::format("a session on {}", node_),
         session.error().text);
    throw Stop{};
  }
  session_->id = *session;
  // Whether that succeeds shows in the batch.
  (void)backend_.run_batch(session_->id, "USE " + quoted_name(session_->database));
}

bool Runner::closes_session(const Output& output) {
  return std::any_of(output.begin(), output.end(), [](const auto& item) {
    const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
    return message != nullptr && message->severity >= kClosingSeverity;
  });
}

void Runner::note_result(Session& session, const Output& output, const std::string& text) {
  bool returned = false;
  for (const auto& item : output) {
    returned =
        returned || std::holds_alternative<RowSet>(item) || std::holds_alternative<RowCount>(item);
    if (const auto* changed = std::get_if<DatabaseChanged>(&item))
      session.database = changed->database;
  }
  if (!returned) return;
  last_result_ = output;
  last_batch_ = text;
  has_result_ = true;
}

void Runner::remember_variables(const Session& session) {
  for (const std::string& name : script_.state_variables) {
    if (auto value = backend_.variable(session.id, name))
      variables_[{to_lower(session.node), to_lower(name)}] = *value;
  }
}

bool Runner::judge_batch(const Batch& batch, const Place& place, const Output& output,
                         std::span<const Expectation> expected, std::span<const Place> places,
                         bool is_last) {
  const BatchFindings findings = check_batch(expected, output);
  bool is_met = findings.unexpected.empty();
  for (const Finding& finding : findings.findings) is_met = is_met && finding.is_met;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!findings.findings[i].is_met) {
      fail(places[i], "expectation", expected[i].text, findings.findings[i].seen);
    } else if (is_last || !is_met) {  // each is counted once, however often the batch runs
      met(places[i], expected[i].text);
    }
  }
  if (findings.unexpected.empty()) return is_met;
  std::string seen;
  for (const auto& message : findings.unexpected) seen += message_text(message);
  while (seen.ends_with('\n')) seen.pop_back();
  const auto& first = findings.unexpected.front();
  const Place at =
      first.procedure.empty() && !batch.lines.empty() ? batch.place_of(first.line) : place;
  fail(at, "unexpected error", expected.empty() ? "no error" : "no other error", seen);
  if (error_exits_) throw Stop{};
  return false;
}

// ---- instances and files ----

void Runner::copy(const CopyFile& copy, const Place& place) {
  require(
      backend_.copy_file(copy), place,
      fmt::format("cannot copy '{}' from {} to {}", copy.from_name, copy.from_node, copy.to_node));
}

void Runner::crash(const Crash& crash, const Place& place) {
  lose_sessions_of(crash.node, fmt::format("the session ended when {} crashed", crash.node));
  require(backend_.crash(crash.node), place, fmt::format("cannot crash {}", crash.node));
}

void Runner::restart(const std::string& node, const Place& place) {
  lose_sessions_of(node, fmt::format("the session ended when {} was restarted", node));
  if (backend_.is_running(node))
    require(backend_.stop(node), place, fmt::format("cannot stop {}", node));
  require(backend_.start(node), place, fmt::format("cannot start {}", node));
}

// ---- expectations that stand after a batch ----

View Runner::view() {
  return {.backend = backend_,
          .node = node_,
          .database = session_->database,
          .record_mark = record_mark_,
          .wire_mark = wire_mark_,
          .last_result = has_result_ ? &last_result_ : nullptr,
          .last_batch = last_batch_,
          .variables = &variables_,
          .script = &script_};
}

void Runner::settle_first() {
  if (!is_settled_) backend_.settle(kSettleAtMost);
  is_settled_ = true;
}

Finding Runner::look_until_met(const Expectation& expectation) {
  const proto::TimePoint until = backend_.now() + *expectation.within;
  is_settled_ = false;
  const auto* event = std::get_if<ExpectEvent>(&expectation.what);
  const bool must_hold = event != nullptr && event->is_absent;
  Finding finding = check(expectation, view());
  while (finding.is_met == must_hold && backend_.step(until)) finding = check(expectation, view());
  return finding.is_met == must_hold ? check(expectation, view()) : finding;
}

void Runner::check_expectation(const Expectation& expectation, const Place& place) {
  Finding finding;
  if (expectation.within) {
    finding = look_until_met(expectation);
  } else {
    settle_first();
    finding = check(expectation, view());
  }
  if (finding.is_met) {
    met(place, expectation.text);
  } else {
    fail(place, "expectation", expectation.text, finding.seen);
  }
}

// ---- the report ----

void Runner::add_entry(Entry::Kind kind, const Place& place, std::string text) {
  Entry entry{.kind = kind,
              .place = place,
              .record = backend_.records().size(),
              .at = backend_.now(),
              .node = node_,
              .session = session_->name,
              .text = std::move(text),
              .output = {},
              .step = step_};
  report_.entries.push_back(std::move(entry));
}

void Runner::met(const Place& place, const std::string& text) {
  ++report_.met;
  add_entry(Entry::Kind::met, place, text);
}

void Runner::fail(const Place& place, std::string what, std::string expected, std::string seen) {
  report_.verdict = Verdict::failed;
  add_entry(Entry::Kind::failed, place, expected);
  report_.entries.back().failure = report_.failures.size();
  report_.failures.push_back({.place = place,
                              .what = std::move(what),
                              .expected = std::move(expected),
                              .seen = std::move(seen),
                              .known = what_nodes_know(backend_, script_.nodes),
                              .step = step_});
  if (report_.failures.size() == kFailuresMax) {
    report_.reason = fmt::format("stopped after {} failures", kFailuresMax);
    throw Stop{};
  }
}

void Runner::require(const Outcome<>& outcome, const Place& place, const std::string& what) {
  if (outcome) return;
  fail(place, what, "success", outcome.error().text);
  if (outcome.error().is_environment) report_.verdict = Verdict::environment;
  throw Stop{};
}

}  // namespace ssb::sim::scenario
