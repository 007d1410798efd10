// How conversations end: errors, closed rows and their retention, tombstones, everything that time does.
#include <algorithm>
#include <cstdlib>

#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

// A link that failed says nothing about the message: the next try may well pass.
bool is_link_failure(const proto::Error& error) {
  return error.code == proto::ErrorCode::connection_failed ||
         error.code == proto::ErrorCode::receive_failed ||
         error.code == proto::ErrorCode::send_failed;
}

constexpr std::int32_t code_of(proto::ErrorCode code) {
  return -static_cast<std::int32_t>(code);
}

constexpr std::int32_t kPeerIsGone = code_of(proto::ErrorCode::remote_endpoint_gone);

// Error codes of which both sides know, or after which there is no other side.
bool is_known_to_peer(std::int64_t code) {
  return code == kPeerIsGone || code == code_of(proto::ErrorCode::remote_service_dropped) ||
         code == code_of(proto::ErrorCode::remote_database_restored) ||
         code == code_of(proto::ErrorCode::already_acknowledged_elsewhere);
}

// What an endpoint that has just been errored by `code` answers its peer.
std::int32_t error_for_peer(const Endpoint& endpoint, std::int64_t code) {
  const bool has_peer = !endpoint.is_initiator || endpoint.first_acknowledged;
  if (code == code_of(proto::ErrorCode::database_restored))
    return code_of(proto::ErrorCode::remote_database_restored);
  if (code == code_of(proto::ErrorCode::lifetime_exceeded))
    return code_of(proto::ErrorCode::lifetime_exceeded);
  return is_known_to_peer(code) || !has_peer ? 0 : kPeerIsGone;
}

}  // namespace

void Engine::State::tell_peer(Endpoint& endpoint, std::int64_t code, std::string_view description,
                              proto::TimePoint now) {
  const proto::Bytes body = error_body(code, description);
  if (tell_here(endpoint, body, now)) return;
  static_cast<void>(can_use_keys(endpoint));  // opens what can be opened
  const auto keys = endpoint.keys();
  const dialog::SessionKey* key = keys.inbound != nullptr ? keys.inbound : keys.outbound;
  if (endpoint.parties.type != dialog::SecurityType::none && key == nullptr) return;
  send_unsequenced(endpoint.database, header_of(endpoint, Header::ERROR), body, key, now);
}

void Engine::State::tell_error(Endpoint& endpoint, proto::TimePoint now) {
  const bool was_begun = !endpoint.is_initiator || endpoint.sent_highest > 0;
  if (endpoint.error_for_peer == 0 || !was_begun) return;
  const auto code = static_cast<proto::ErrorCode>(-endpoint.error_for_peer);
  tell_peer(endpoint, endpoint.error_for_peer, proto::Error(code).text(), now);
}

bool Engine::State::enter_error(Endpoint& endpoint, const BodyError& error, proto::TimePoint now) {
  const auto code = std::strtoll(error.code.c_str(), nullptr, 10);
  drop_pending(endpoint);
  endpoint.error_for_peer = error_for_peer(endpoint, code);
  endpoint.timer_at = proto::kNever;
  if (endpoint.state == EndpointState::disconnected_outbound) {
    close(endpoint, now);  // the application has ended: it never sees the error
    return false;
  }
  if (own_dialog_over(endpoint, error, now)) return false;
  endpoint.state = EndpointState::error;
  touch(endpoint);
  schedule(endpoint);
  return true;
}

void Engine::State::hear_error(Endpoint& endpoint, proto::ByteView body, proto::TimePoint now) {
  if (!enter_error(endpoint, read_error_body(body), now)) return;
  enqueue(endpoint, {std::string(kErrorType), endpoint.receive_sequence, 1, body}, now);
}

void Engine::State::fail(Endpoint& endpoint, std::int64_t code, std::string_view description,
                         proto::TimePoint now) {
  const std::string number = std::to_string(code);
  if (!enter_error(endpoint, BodyError{number, std::string(description)}, now)) return;
  trace_conversation(endpoint, 4, "Broker Initiated Error", now, {{"code", number}});
  enqueue_error(endpoint, code, description, now);
  if (code == code_of(proto::ErrorCode::database_restored)) tell_error(endpoint, now);
}

void Engine::State::close(Endpoint& endpoint, proto::TimePoint now) {
  drop_pending(endpoint);
  drop_queued(endpoint);
  if (endpoint.expires > now) tell_error(endpoint, now);  // a lifetime the peer keeps by itself
  endpoint.state = EndpointState::closed;
  endpoint.timer_at = proto::kNever;
  if (endpoint.is_initiator) {
    endpoint.security_timestamp =
        now + (endpoint.error_for_peer == 0 ? kInitiatorRetention : kClosedRetention);
  } else if (endpoint.saw_first_ack) {
    // That was long ago, perhaps, and what the initiator repeats wants an ack.
    endpoint.security_timestamp = std::max(endpoint.security_timestamp, now + kClosedRetention);
  }
  trace_conversation(endpoint, 5, "Terminate Dialog", now);
  request_over(endpoint, true, now);
  touch(endpoint);
  schedule(endpoint);
}

// It outlives every grant under which the first message can have been sealed, also those that never came here: an initiator makes new
// ones until it has the first ack, and somebody may keep such a copy. They were made before now, by a clock at most so far ahead.
void Engine::State::bury(const Endpoint& endpoint, proto::TimePoint now) {
  if (endpoint.is_initiator || endpoint.parties.type == dialog::SecurityType::none) return;
  DatabaseState& state = *database(endpoint.database);
  if (state.tombstones.size() >= kTombstonesMax) return;
  const auto until =
      std::max(endpoint.grant_not_after, now + dialog::kClockSkewMax + dialog::kGrantLifetime);
  state.tombstones[endpoint.conversation] = until;
  keep_tombstone(endpoint.database, endpoint.conversation, until);
}

void Engine::State::expire_endpoint(Endpoint& endpoint, proto::TimePoint now) {
  const proto::ConversationHandle handle = endpoint.handle;
  const store::DatabaseId id = endpoint.database;
  if (endpoint.state == EndpointState::closed) {
    if (!as_product) bury(endpoint, now);
    remove_endpoint(endpoint, now);
    return;
  }
  if (endpoint.is_active() && endpoint.expires <= now) {
    fail(endpoint, -8489, proto::Error(proto::ErrorCode::lifetime_exceeded).text(), now);
    ++changes;
    return;
  }
  if (endpoint.timer_at <= now) {
    endpoint.timer_at = proto::kNever;
    enqueue(endpoint, {std::string(kDialogTimerType), 0, 0, std::nullopt}, now);
    touch(endpoint);
  }
  if (endpoint.retry_at <= now) {
    endpoint.retry_at = proto::kNever;
    endpoint.next_to_send = endpoint.acknowledged;
    endpoint.next_fragment = endpoint.acknowledged_fragment;
    endpoint.in_flight = false;
    pump(endpoint, now);
  }
  if (Endpoint* still = this->endpoint(id, handle)) schedule(*still);
}

void Engine::expire(proto::TimePoint now) {
  for (auto& [id, state] : state_->databases) {
    for (;;) {
      const auto first = state.index.first_due();
      if (first == EndpointIndex::kNone || state.index.at(first).due > now) break;
      Endpoint* endpoint = state_->awake(state, first);
      state.index.set_due(first, proto::kNever);
      endpoint->scheduled = proto::kNever;
      state_->expire_endpoint(*endpoint, now);
      state_->rest_early(state);
    }
    std::erase_if(state.tombstones, [&, id = id](const auto& tombstone) {
      if (tombstone.second + dialog::kClockSkewMax > now) return false;
      state_->instance.store().erase_record(id, kTombstoneTable, tombstone.first.view());
      return true;
    });
  }
}

proto::TimePoint Engine::deadline() const {
  if (!state_->acks_held.empty()) return {};  // with the next turn
  proto::TimePoint at = proto::kNever;
  for (const auto& [id, state] : state_->databases) {
    const auto first = state.index.first_due();
    if (first != EndpointIndex::kNone) at = std::min(at, state.index.at(first).due);
  }
  return at;
}

proto::TimePoint Engine::settle_deadline() const {
  if (!state_->acks_held.empty()) return {};  // with the next turn
  proto::TimePoint at = proto::kNever;
  for (const auto& [id, state] : state_->databases) {
    at = std::min(at, state.index.first_timer());
    for (const auto* some : {&state.used, &state.busy}) {
      for (const Endpoint* endpoint : *some) {
        at = std::min(at, endpoint->timer_at);
        const bool refused = (endpoint->status && !is_link_failure(*endpoint->status)) ||
                             endpoint->attempts > kSettleAttempts;
        if (!refused) at = std::min(at, endpoint->retry_at);
      }
    }
  }
  return at;
}

}  // namespace ssb::broker::conversation
