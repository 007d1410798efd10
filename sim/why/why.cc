#include "sim/why/why.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "sim/scenario/near.h"
#include "sim/why/inquiry.h"
#include "sim/why/play.h"

namespace ssb::sim::why {
namespace {

bool is_asked(const Waiting& waiting, const Question& question) {
  const auto is = [&](const std::string& id) {
    return scenario::equal_ignoring_case(question.conversation, id);
  };
  if (!question.conversation.empty() && !is(waiting.handle) && !is(waiting.conversation_id))
    return false;
  return !question.message || (waiting.has_sequence() && *question.message >= waiting.sequence &&
                               *question.message <= waiting.sequence + waiting.behind);
}

// What holds the same thing up the same way is told once; but what has little time left by itself.
std::vector<Explanation> group(std::vector<Explanation> all) {
  std::vector<Explanation> out;
  for (Explanation& one : all) {
    const auto key = [](const Explanation& of) {
      return std::pair(
          std::tie(of.causes.front().id, of.causes.front().place, of.causes.front().text,
                   of.waiting.kind, of.waiting.is_initiator, of.waiting.far_service),
          of.trial.lifetime_left.has_value());
    };
    const auto same =
        std::ranges::find_if(out, [&](const Explanation& other) { return key(other) == key(one); });
    if (same == out.end())
      out.push_back(std::move(one));
    else
      ++same->others;
  }
  return out;
}

// Of a message whose dialog runs out while a cure is tried.
std::optional<proto::Duration> lifetime_left(const doctor::Instances& instances,
                                             const Waiting& waiting) {
  const auto at = std::ranges::find(instances.all, waiting.node, &doctor::Subject::name);
  if (at == instances.all.end() || waiting.kind != Waiting::Kind::message) return std::nullopt;
  const bool is_soon = waiting.expires < at->now + kTrial;
  return is_soon ? std::optional(std::max(waiting.expires - at->now, proto::Duration{}))
                 : std::nullopt;
}

std::string nothing_text(bool has_waiting, const Question& question) {
  if (!question.conversation.empty() && !question.message)
    return "that conversation is not in ERROR, and no message of it waits";
  if (has_waiting && question.message)
    return fmt::format("message {} waits in no transmission queue of that conversation",
                       *question.message);
  return "no message waits in a transmission queue, no dialog is in ERROR, none was lost, and no "
         "queue with "
         "activation is left unread";
}

std::string nobody_text(const std::string& conversation) {
  return fmt::format(
      "there is no conversation '{}' in this run; of one that is gone only the conversation_id is "
      "known, not the handle",
      conversation);
}

}  // namespace

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::leaving: return "leaving the sender";
    case Phase::connection: return "connection";
    case Phase::locating: return "finding the service";
    case Phase::security_header: return "security header";
    case Phase::permission: return "permission";
    case Phase::contents: return "contract and message type";
    case Phase::queue: return "queue";
    case Phase::acknowledgement: return "acknowledgement";
    case Phase::receiving: return "RECEIVE";
  }
  return "";
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_tried: return "not tried";
    case Outcome::helped: return "helped";
    case Outcome::helps_the_next: return "helps the next dialog";
    case Outcome::did_not_help: return "did not help";
    case Outcome::does_not_run: return "does not run";
    case Outcome::by_itself: return "by itself";
    case Outcome::runs_out: return "runs out";
  }
  return "";
}

std::size_t steps_before_line(const scenario::Script& script, int line) {
  const auto found = std::ranges::find_if(script.steps, [&](const scenario::Step& step) {
    return step.place.file == script.file && step.place.line >= line;
  });
  return static_cast<std::size_t>(found - script.steps.begin());
}

Answer explain(const Subject& subject, const Question& question) {
  Play base = play(subject, {});
  Answer answer;
  if (!base.report.problems.empty() || base.report.verdict == scenario::Verdict::environment ||
      base.simulation->instances().empty()) {
    answer.nothing = base.report.reason.empty() ? "the scenario does not run" : base.report.reason;
    return answer;
  }
  answer.at = base.stopped;
  answer.virtual_time = base.stopped - base.report.start;
  const std::vector<Waiting> all = find_waiting(*base.simulation);
  const doctor::Instances instances = instances_of(*base.simulation);
  for (const Waiting& waiting : all) {
    if (!is_asked(waiting, question)) continue;
    const Symptom symptom = read_symptom(waiting, base.simulation->records());
    Cause cause = find_cause(instances, waiting, symptom);
    cause.held = find_held(instances, waiting, cause);
    answer.explanations.push_back({.waiting = waiting, .causes = {std::move(cause)}, .trial = {}});
    answer.explanations.back().trial.lifetime_left = lifetime_left(instances, waiting);
  }
  if (answer.explanations.empty()) {
    answer.is_of_nobody =
        !question.conversation.empty() && !is_conversation(*base.simulation, question.conversation);
    answer.nothing = answer.is_of_nobody ? nobody_text(question.conversation)
                                         : nothing_text(!all.empty(), question);
  }
  answer.explanations = group(std::move(answer.explanations));
  if (answer.explanations.size() > kShownMax) {
    answer.left_out = answer.explanations.size() - kShownMax;
    answer.explanations.resize(kShownMax);
  }
  base.simulation->advance_to(base.stopped + kTrial);
  for (Explanation& explanation : answer.explanations) try_cures(subject, base, explanation);
  return answer;
}

}  // namespace ssb::sim::why
