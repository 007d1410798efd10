// An answer as people read it.
#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/wrapped.h"
#include "sim/why/why.h"

namespace ssb::sim::why {
namespace {

using scenario::append_wrapped;

constexpr const char* kIndent = "      ";

std::string plural(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string seconds_text(proto::Duration time) {
  return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(time).count());
}

std::string evidence_text(const Evidence& evidence) {
  std::string out = fmt::format("{} {}", evidence.node, evidence.event);
  if (evidence.error)
    out += fmt::format("/{}", *evidence.error);
  else if (evidence.subclass != 0)
    out += fmt::format(" subclass {}", evidence.subclass);
  if (evidence.times > 1) out += fmt::format(" ×{}", evidence.times);
  return out;
}

void append_head(std::string& out, const Explanation& explanation) {
  const Waiting& waiting = explanation.waiting;
  std::string text;
  switch (waiting.kind) {
    case Waiting::Kind::message:
      text = fmt::format("message {} of '{}' to '{}' is {} in the transmission queue of {}, ",
                         waiting.sequence, waiting.own_service, waiting.far_service,
                         waiting.is_held ? "acknowledged and held" : "still", waiting.place());
      text += waiting.status.empty() ? "status EMPTY" : "status: " + waiting.status;
      if (waiting.sent > 0) text += fmt::format("; sent {}", plural(waiting.sent, "time"));
      if (waiting.behind > 0) text += fmt::format("; {} behind it", waiting.behind);
      break;
    case Waiting::Kind::error:
      text = fmt::format("the dialog of '{}' with '{}' is in ERROR at {}: {}", waiting.own_service,
                         waiting.far_service, waiting.place(), waiting.status);
      break;
    case Waiting::Kind::unread:
      text =
          fmt::format("message {} of service '{}' lies on queue {} of {}, and nobody receives it",
                      waiting.sequence, waiting.own_service, waiting.queue, waiting.place());
      if (waiting.behind > 0) text += fmt::format("; {} behind it", waiting.behind);
      break;
    case Waiting::Kind::lost:
      text = fmt::format(
          "a message of '{}' to '{}' was refused with {} when its sender, {}, had ended the "
          "conversation: it is nowhere now, and nobody was told",
          waiting.own_service, waiting.far_service, waiting.status, waiting.place());
      break;
  }
  if (explanation.others > 0)
    text += fmt::format("; so {} of {}", explanation.others == 1 ? "is that" : "are those",
                        plural(explanation.others, "other conversation"));
  append_wrapped(out, "WHY   ", kIndent, text);
  if (!waiting.handle.empty())
    append_wrapped(out, kIndent, kIndent, "conversation " + waiting.handle);
}

void append_cause(std::string& out, const Cause& cause, bool is_first) {
  std::string events;
  for (const Evidence& evidence : cause.evidence)
    events += (events.empty() ? "" : ", ") + evidence_text(evidence);
  append_wrapped(out, is_first ? kIndent : "THEN  ", kIndent,
                 fmt::format("phase {} of {}: {} at {}{}", static_cast<int>(cause.phase), kPhases,
                             phase_name(cause.phase), cause.at,
                             events.empty() ? "" : "   (events: " + events + ")"));
  append_wrapped(out, kIndent, std::string(kIndent) + "  ",
                 fmt::format("{} {}, {}: {}   [{}]", cause.id, cause.title, cause.place, cause.text,
                             cause.product.empty() ? "SQL Server does the same" : cause.product));
  for (const Held& held : cause.held) {
    bool is_first_line = true;
    const std::string place = held.place + "  ";
    const std::string below(place.size(), ' ');
    for (const std::string& line : held.lines) {
      append_wrapped(out, std::string(kIndent) + (is_first_line ? place : below),
                     std::string(kIndent) + below + "  ", line);
      is_first_line = false;
    }
  }
}

// T-SQL is to be copied: its lines are never cut.
void append_cure(std::string& out, const Cause& cause) {
  constexpr std::string_view kConnect = ":connect ";
  constexpr std::string_view kCopy = "--# ";
  if (cause.cure.empty()) {
    append_wrapped(out, "FIX   ", kIndent,
                   cause.no_cure.empty() ? "no cure is known" : "no T-SQL: " + cause.no_cure);
    return;
  }
  const char* begin = "FIX   ";
  for (const std::string& line : cause.cure) {
    if (line == "GO") continue;
    if (line.starts_with(kConnect)) {
      out += fmt::format("{}on {}\n", begin, line.substr(kConnect.size()));
    } else {
      out += fmt::format("{}  {}\n", begin,
                         line.starts_with(kCopy) ? line.substr(kCopy.size()) : line);
    }
    begin = kIndent;
  }
}

std::string trial_text(const Explanation& explanation) {
  const Trial& trial = explanation.trial;
  const std::string counted = trial.deliveries == 1   ? "exactly once"
                              : trial.deliveries == 0 ? "not seen on a queue"
                                                      : fmt::format("{} TIMES", trial.deliveries);
  switch (trial.outcome) {
    case Outcome::not_tried: return "";
    case Outcome::helped:
      if (explanation.waiting.kind == Waiting::Kind::unread)
        return fmt::format("tried in a fork: received (+{})", seconds_text(*trial.left_after));
      if (explanation.waiting.is_held)
        return fmt::format("tried in a fork: put on its queue at once, {}", counted);
      if (!trial.delivered_after)
        return fmt::format("tried in a fork: acknowledged at the next retry (+{}), delivered {}",
                           seconds_text(*trial.left_after), counted);
      return fmt::format("tried in a fork: delivered at the next retry (+{}), {}",
                         seconds_text(*trial.delivered_after), counted);
    case Outcome::helps_the_next:
      return fmt::format(
          "tried in a fork: {}; the batch that began it, run once more{}: {} delivered, no error",
          explanation.waiting.kind == Waiting::Kind::message
              ? "this dialog stays as it is, END CONVERSATION"
              : "nothing brings this one back",
          explanation.causes.front().cure.empty() ? "" : " behind the cure",
          plural(trial.deliveries, "message"));
    case Outcome::did_not_help:
      return fmt::format("tried in a fork: DID NOT HELP within {}; no further cure is known",
                         seconds_text(kTrial));
    case Outcome::does_not_run: return "tried in a fork: THE CURE DOES NOT RUN: " + trial.problem;
    case Outcome::by_itself:
      if (explanation.waiting.kind == Waiting::Kind::unread)
        return fmt::format("no cure is needed: in a fork without any it is received within {}",
                           seconds_text(kTrial));
      return fmt::format(
          "no cure is needed: in a fork without any it goes on by itself within {}, delivered {}",
          seconds_text(kTrial), counted);
    case Outcome::runs_out:
      return fmt::format(
          "in a fork without any cure its dialog ends within {} with error {}, and the message is "
          "delivered nowhere",
          seconds_text(kTrial), trial.ends_with);
  }
  return "";
}

// A cure that comes behind the end of the dialog comes too late, and none of the outcomes above says so.
std::string lifetime_text(const Trial& trial) {
  if (!trial.lifetime_left) return "";
  return fmt::format(
      "its LIFETIME ends at +{}: what is not delivered by then is dropped, with error -8489 to "
      "whoever has not ended the conversation",
      seconds_text(*trial.lifetime_left));
}

void append_trial(std::string& out, const Explanation& explanation) {
  std::string text = trial_text(explanation);
  if (text.empty()) return;
  const Trial& trial = explanation.trial;
  if (trial.outcome == Outcome::helped || trial.outcome == Outcome::helps_the_next) {
    std::string changes;
    for (const std::string& change : trial.changes) changes += "; " + change;
    text += changes.empty() ? ", nothing else changed" : changes;
    if (trial.has_password) text += "; with a password that the script names";
  }
  append_wrapped(out, kIndent, std::string(kIndent) + "  ", text);
}

}  // namespace

std::string text_of(const Answer& answer) {
  std::string out;
  if (answer.is_of_another_run)
    append_wrapped(
        out, "WHY   ", kIndent,
        "over TCP nothing can be played again, and no cure is tried there; the same steps in "
        "the simulator:");
  if (!answer.nothing.empty()) append_wrapped(out, "WHY   ", kIndent, answer.nothing);
  for (const Explanation& explanation : answer.explanations) {
    append_head(out, explanation);
    bool is_first = true;
    const bool is_by_itself = explanation.trial.outcome == Outcome::by_itself;
    for (const Cause& cause : explanation.causes) {
      append_cause(out, cause, is_first);
      if (!is_by_itself || !cause.cure.empty()) append_cure(out, cause);
      is_first = false;
    }
    append_trial(out, explanation);
    const std::string lifetime = lifetime_text(explanation.trial);
    if (!lifetime.empty()) append_wrapped(out, kIndent, std::string(kIndent) + "  ", lifetime);
  }
  if (answer.left_out > 0)
    append_wrapped(out, kIndent, kIndent,
                   fmt::format("{} not shown: name one with --conversation",
                               plural(answer.left_out, "other cause")));
  return out;
}

}  // namespace ssb::sim::why
