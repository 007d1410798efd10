// Answers of `why` for programs.
#include <boost/json.hpp>

#include "sim/cli/report_output.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;

json::array strings_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object evidence_json(const why::Evidence& evidence) {
  json::object out{{"node", evidence.node},
                   {"event", evidence.event},
                   {"subclass", evidence.subclass},
                   {"times", evidence.times},
                   {"text", evidence.text}};
  if (evidence.error) {
    out["error"] = *evidence.error;
    out["state"] = evidence.state;
  }
  return out;
}

json::object cause_json(const why::Cause& cause) {
  json::array evidence;
  for (const why::Evidence& one : cause.evidence) evidence.push_back(evidence_json(one));
  json::array held;
  for (const why::Held& one : cause.held)
    held.push_back(json::object{{"place", one.place}, {"lines", strings_of(one.lines)}});
  return {{"id", cause.id},
          {"title", cause.title},
          {"phase", static_cast<int>(cause.phase)},
          {"phase_name", std::string(why::phase_name(cause.phase))},
          {"at", cause.at},
          {"place", cause.place},
          {"text", cause.text},
          {"product", cause.product},
          {"evidence", std::move(evidence)},
          {"held", std::move(held)},
          {"cure", strings_of(cause.cure)},
          {"no_cure", cause.no_cure}};
}

const char* kind_text(why::Waiting::Kind kind) {
  switch (kind) {
    case why::Waiting::Kind::message: return "message";
    case why::Waiting::Kind::error: return "error";
    case why::Waiting::Kind::lost: return "lost";
    case why::Waiting::Kind::unread: return "unread";
  }
  return "";
}

json::object trial_json(const why::Trial& trial) {
  json::object out{{"outcome", std::string(why::outcome_name(trial.outcome))},
                   {"deliveries", trial.deliveries},
                   {"changes", strings_of(trial.changes)},
                   {"problem", trial.problem}};
  if (trial.delivered_after) out["delivered_after_us"] = trial.delivered_after->count();
  if (trial.lifetime_left) out["lifetime_left_us"] = trial.lifetime_left->count();
  if (!trial.ends_with.empty()) out["ends_with"] = trial.ends_with;
  if (trial.left_after) out["left_after_us"] = trial.left_after->count();
  return out;
}

}  // namespace

std::vector<std::string> json_lines(const why::Answer& answer) {
  std::vector<std::string> lines;
  if (answer.explanations.empty())
    lines.push_back(json::serialize(json::object{{"type", "why"}, {"nothing", answer.nothing}}));
  for (const why::Explanation& explanation : answer.explanations) {
    const why::Waiting& waiting = explanation.waiting;
    json::array causes;
    for (const why::Cause& cause : explanation.causes) causes.push_back(cause_json(cause));
    lines.push_back(
        json::serialize(json::object{{"type", "why"},
                                     {"at", proto::to_iso_text(answer.at)},
                                     {"of_the_simulator_instead", answer.is_of_another_run},
                                     {"kind", kind_text(waiting.kind)},
                                     {"place", waiting.place()},
                                     {"conversation_handle", waiting.handle},
                                     {"conversation", waiting.conversation_id},
                                     {"from_service", waiting.own_service},
                                     {"to_service", waiting.far_service},
                                     {"sequence", waiting.sequence},
                                     {"status", waiting.status},
                                     {"sent", waiting.sent},
                                     {"behind", waiting.behind},
                                     {"others", explanation.others},
                                     {"causes", std::move(causes)},
                                     {"trial", trial_json(explanation.trial)}}));
  }
  return lines;
}

}  // namespace ssb::sim::cli
