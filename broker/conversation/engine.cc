// The engine's doors that need no more than a line or two each; statements.cc, commit.cc, transmit.cc and arrive.cc hold the rest.
#include "broker/conversation/engine.h"

#include <algorithm>

#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {

Engine::Engine(catalog::Instance& instance, catalog::SystemViews& views, EngineOptions options)
    : state_(std::make_unique<State>(instance, options)) {
  state_->register_views(views);
  state_->instance.store().before_flush([state = state_.get()] { state->write_changes(); });
}

Engine::~Engine() {
  state_->instance.store().before_flush({});
}

void Engine::open_database(store::DatabaseId id, proto::TimePoint now) {
  DatabaseState& state = state_->databases[id];
  state.id = id;
  state.keys.sign_every_dialog = state_->sign_every_dialog;
  state.keys.describes = state_->traces_messages;
  state_->load(state, now);
}

void Engine::close_database(store::DatabaseId id) {
  if (const DatabaseState* closed = state_->database(id))
    dialog::add(state_->counts_of_closed, closed->keys.counts);
  state_->databases.erase(id);
}

dialog::OperationCounts Engine::operation_counts() const {
  dialog::OperationCounts sum = state_->counts_of_closed;
  for (const auto& [id, data] : state_->databases) dialog::add(sum, data.keys.counts);
  return sum;
}

// ---- DDL ----

proto::Result<void> Engine::set_broker(catalog::Transaction& transaction, store::DatabaseId id,
                                       BrokerOption option, proto::TimePoint now) {
  State& state = *state_;
  pb::Database info = state.instance.info(id);
  switch (option) {
    case BrokerOption::enable_broker:
      for (const auto& [other, catalog] : state.instance.databases()) {
        const auto& row = state.instance.info(other);
        const bool clash =
            other != id && row.is_broker_enabled() && row.broker_id() == info.broker_id();
        if (clash) return proto::Error(proto::ErrorCode::broker_id_in_use, row.name());
      }
      info.set_is_broker_enabled(true);
      break;
    case BrokerOption::disable_broker: info.set_is_broker_enabled(false); break;
    case BrokerOption::new_broker: {
      info.set_broker_id(proto::to_string(crypto::random_guid().view()));
      info.set_is_broker_enabled(true);
      DatabaseState& data = *state.database(id);
      for (const auto handle : state.handles(id)) state.cleanup(*state.endpoint(id, handle), now);
      SSB_CHECK(data.index.size() == 0);
      break;
    }
    case BrokerOption::error_broker_conversations: {
      info.set_is_broker_enabled(true);
      for (const auto handle : state.handles(id)) {
        Endpoint& endpoint = *state.endpoint(id, handle);
        if (endpoint.is_active())
          state.fail(endpoint, -9719, proto::Error(proto::ErrorCode::database_restored).text(),
                     now);
        state.rest_early(*state.database(id));
      }
      break;
    }
  }
  state.instance.put_info(transaction, info);
  ++state.changes;
  return {};
}

void Engine::catalog_changed(store::DatabaseId id, proto::TimePoint now) {
  State& state = *state_;
  if (DatabaseState* changed = state.database(id))
    changed->keys.catalog_changed(state.instance, id);
  ++state.changes;
  if (DatabaseState* changed = state.database(id)) {
    state.release_held(*changed, now);
    state.end_dropped_notifications(*changed, now);
  }
  // A route, certificate or service of one database can be what a dialog of another one waits for.
  for (auto& [database_id, data] : state.databases) {
    for (auto& [handle, endpoint] : data.awake) {
      if (endpoint->pending.empty() || !endpoint->status || endpoint->in_flight) continue;
      endpoint->attempts = 0;
      endpoint->retry_at = now;
      state.schedule(*endpoint);
    }
  }
}

void Engine::service_dropped(store::DatabaseId id, std::int32_t service, proto::TimePoint now) {
  State& state = *state_;
  DatabaseState* data = state.database(id);
  if (data == nullptr) return;
  for (const auto handle : state.handles(id)) {
    const auto ref = data->index.find(handle);
    if (data->index.group(data->index.at(ref).group)->service != service) continue;
    Endpoint& endpoint = *state.endpoint(id, handle);
    const bool was_begun = !endpoint.is_initiator || endpoint.sent_highest > 0;
    if (endpoint.is_active() && was_begun) {
      state.tell_peer(endpoint, -8470,
                      proto::Error(proto::ErrorCode::remote_service_dropped).text(), now);
    }
    state.cleanup(endpoint, now);
  }
}

bool Engine::queue_is_empty(store::DatabaseId id, std::int32_t queue) const {
  const DatabaseState* data = state_->database(id);
  if (data == nullptr) return true;
  const auto found = data->queues.find(queue);
  return found == data->queues.end() || found->second.is_empty();
}

// ---- network ----

void Engine::message_arrived(const proto::DialogMessage& message, std::string_view from_address,
                             proto::TimePoint now) {
  try {
    state_->arrived(message, from_address, now);
  } catch (const crypto::RandomFailure& failure) {
    // Drawn is before anything changes (or where the change waits, and says so): as if it had been lost on the way.
    const auto header = dialog::parse_message(message, from_address);
    SSB_CHECK(header);
    const proto::Error error(proto::ErrorCode::encryption_failed, failure.what());
    state_->undeliverable(0, *header, error, {{"peer", std::string(from_address)}}, now);
  }
}

void Engine::link_failed(std::string_view address, const proto::Error& error,
                         proto::TimePoint now) {
  if (const auto link = state_->links.find(address); link != state_->links.end())
    state_->links.erase(link);  // its queue is gone
  for (auto& [id, data] : state_->databases) {
    for (auto& [handle, endpoint] : data.awake) {
      const bool waits =
          endpoint->address == address && (endpoint->in_flight || endpoint->waits_for_room);
      if (!waits) continue;
      endpoint->in_flight = false;
      endpoint->waits_for_room = false;
      endpoint->next_to_send = endpoint->acknowledged;
      endpoint->next_fragment = endpoint->acknowledged_fragment;
      if (endpoint->retry_at == proto::kNever) state_->back_off(*endpoint, now);
      state_->set_status(*endpoint, error, now);
      endpoint->status_is_of_link = true;
    }
  }
}

void Engine::link_room(std::string_view address, std::size_t bytes, proto::TimePoint now) {
  State& state = *state_;
  const auto found = state.links.find(address);
  if (found == state.links.end()) return;
  LinkQueue& link = found->second;
  link.bytes -= std::min(link.bytes, bytes);
  // Not for every message that leaves: those that wait would get it one by one.
  if (link.bytes > kLinkBytesMax / 2) return;
  link.is_giving = true;
  std::size_t turns = 0;
  for (const auto& [priority, owners] : link.waiting) turns += owners.size();
  for (; turns > 0 && link.bytes < kLinkBytesMax; --turns) {
    const auto first = link.waiting.begin();
    const auto [id, handle] = first->second.front();
    first->second.pop_front();
    if (first->second.empty()) link.waiting.erase(first);
    Endpoint* endpoint = state.endpoint(id, handle);
    if (endpoint == nullptr) continue;
    endpoint->waits_for_room = false;
    if (!endpoint->pending.empty()) state.pump(*endpoint, now);
  }
  link.is_giving = false;
  if (link.bytes == 0 && link.waiting.empty()) state.links.erase(found);
}

void Engine::link_ready(std::string_view address, proto::TimePoint now) {
  for (auto& [id, data] : state_->databases) {
    std::vector<proto::ConversationHandle> waiting;
    for (const auto& [handle, endpoint] : data.awake) {
      if (!endpoint->pending.empty() && endpoint->address == address) waiting.push_back(handle);
    }
    for (const auto handle : waiting) {
      Endpoint* endpoint = state_->endpoint(id, handle);
      if (endpoint == nullptr || endpoint->pending.empty() || endpoint->address != address)
        continue;
      if (endpoint->status_is_of_link) state_->set_status(*endpoint, std::nullopt, now);
      if (endpoint->in_flight) continue;
      state_->pump(*endpoint, now);
    }
  }
}

void Engine::take_actions(Actions& out, proto::TimePoint now) {
  state_->send_due_acks(now);
  out.reserve(out.size() + state_->actions.size());  // trace records are large: moved once
  for (Action& action : state_->actions) out.push_back(std::move(action));
  state_->actions.clear();
}

bool Engine::needs_flush() const {
  return state_->is_urgent;
}

bool Engine::has_gathered() const {
  return state_->has_gathered;
}

std::vector<Fill> Engine::fills() const {
  Fill grants{"key exchange keys of its own", 0, dialog::kGrantsMax};
  Fill opened{"opened key exchange keys", 0, dialog::kOpenedKeksMax};
  Fill unwraps{"sources of failed unwraps", 0, dialog::kUnwrapSourcesMax};
  Fill message_keys{"message keys", 0, dialog::kMessageKeysMax};
  Fill held{"bytes of messages held for queues that are off", 0, kHeldBytesMax};
  Fill tombstones{"tombstones", 0, kTombstonesMax};
  Fill resting{"idle conversations in memory", 0, state_->awake_endpoints_max};
  const Fill lanes{"headers of conversations in use", state_->lanes.size(), kLanesMax};
  // The pack that was used last stays, and may be one large message.
  Fill packs{"bytes of stored packs in memory", 0, kPackCacheBytes + kMessageBytesMax};
  Fill messages{"messages of a conversation in flight", 0, kWindowMessages};
  Fill fragments{"fragments of a message in flight", 0, kWindowFragments};
  Fill asked{"requests to the Broker Configuration service", 0, kConfigurationRequestsMax};
  Fill parts{"fragments of a message that arrives", 0,
             kMessageBytesMax / proto::kFragmentBodyBytesMax + 1};
  const auto raise = [](Fill& fill, std::uint64_t to) { fill.is = std::max(fill.is, to); };
  for (const auto& [id, data] : state_->databases) {
    raise(grants, data.keys.grants.size());
    raise(opened, data.keys.opened.size());
    raise(unwraps, data.keys.failed_unwraps.size());
    raise(message_keys, data.keys.messages.size());
    raise(tombstones, data.tombstones.size());
    raise(held, data.held_bytes);
    raise(resting, data.resting.size());
    raise(asked, std::max(data.asked.size(), data.answered.size()));
    if (data.messages) raise(packs, data.messages->sizes().cached_bytes);
    for (const auto& [handle, endpoint] : data.awake) {
      const Endpoint& e = *endpoint;
      raise(messages, e.next_to_send - std::min(e.next_to_send, e.acknowledged));
      if (e.next_to_send == e.acknowledged) {
        raise(fragments, e.next_fragment - std::min(e.next_fragment, e.acknowledged_fragment));
      }
      raise(parts, e.receive_fragment);
    }
  }
  return {grants, opened, unwraps,  message_keys, held,  tombstones, resting,
          lanes,  packs,  messages, fragments,    parts, asked};
}

std::optional<std::uint64_t> Engine::acknowledged(store::DatabaseId database,
                                                  proto::ConversationHandle conversation) const {
  DatabaseState* data = state_->database(database);
  if (data == nullptr) return std::nullopt;
  const auto seen = state_->look_at(*data, data->index.find(conversation));
  return seen.first == nullptr ? std::nullopt : std::optional(seen.first->acknowledged);
}

std::size_t Engine::awake_endpoints(store::DatabaseId database) const {
  const DatabaseState* data = state_->database(database);
  return data == nullptr ? 0 : data->awake.size();
}

std::uint64_t Engine::changes() const {
  return state_->changes;
}

std::vector<proto::ConversationHandle> Engine::State::handles(store::DatabaseId id) {
  const DatabaseState* state = database(id);
  return state == nullptr ? std::vector<proto::ConversationHandle>() : state->index.handles();
}

}  // namespace ssb::broker::conversation
