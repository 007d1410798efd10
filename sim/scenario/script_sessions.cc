// What ScriptParser knows of the sessions of a script: which are there, and where a batch waits.
#include <fmt/format.h>

#include "sim/scenario/near.h"
#include "sim/scenario/script_parser.h"

namespace ssb::sim::scenario {
namespace {

std::string session_text(const std::string& session) {
  return session.empty() ? "the session of :connect" : fmt::format("session '{}'", session);
}

}  // namespace

ScriptParser::SessionKey ScriptParser::key_of(const std::string& session) const {
  return {to_lower(node_), to_lower(session)};
}

void ScriptParser::note_connected(const std::string& node) {
  // There is one of :connect, wherever it is.
  std::erase_if(sessions_, [](const auto& entry) { return entry.first.second.empty(); });
  node_ = node;
  session_.clear();
  sessions_[key_of("")] = false;
}

void ScriptParser::forget_sessions_of(const std::string& node) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.first.first == to_lower(node); });
}

void ScriptParser::take_session(const UseSession& use, std::string_view text, const Place& place) {
  if (refuse_unsent(place)) return;
  if (!is_connected_ && !use.closes) note_connected(std::string(kOnlyNode));
  const SessionKey key = key_of(use.session);
  if (use.closes) {
    if (sessions_.erase(key) == 0)
      error(
          place_in(text, use.session, place),
          fmt::format("there is no {} {}here: --# session {} begins it", session_text(use.session),
                      node_.empty() ? "" : "on " + node_ + " ", use.session));
    if (key == key_of(session_)) session_.clear();  // back to that of :connect
    return add_step(place, use);
  }
  session_ = use.session;
  if (!use.session.empty()) sessions_.try_emplace(key, false);
  if (sessions_.size() > kNamedSessionsMax)
    error(place, fmt::format("more than {} sessions at a time; close some with --# session NAME "
                             "closed",
                             kNamedSessionsMax));
  add_step(place, use);
}

void ScriptParser::take_await(const Await& await, std::string_view text, const Place& place) {
  if (refuse_unsent(place)) return;
  const auto known = sessions_.find(key_of(await.session));
  if (known == sessions_.end() || !known->second) {
    error(place_in(text, await.session, place),
          fmt::format("no batch waits in {} here; --# expect waits stands before one that does",
                      session_text(await.session)));
    return;
  }
  known->second = false;
  add_step(place, await);
}

void ScriptParser::note_batch(const Batch& batch, const Place& place) {
  if (batch.is_to_wait && batch.repeat != 1)
    error(place, "a batch that is expected to wait runs once: GO without a number");
  if (batch.is_to_wait && batch.is_repeatable)
    error(place, "a batch that is expected to wait cannot be --# repeatable");
  if (!is_connected_) note_connected(std::string(kOnlyNode));
  bool& waits = sessions_[key_of(session_)];
  if (waits)
    error(place,
          fmt::format("a batch waits in {}: --# await{} lets it end before the next one begins",
                      session_text(session_), session_.empty() ? "" : " " + session_));
  waits = batch.is_to_wait;
}

}  // namespace ssb::sim::scenario
