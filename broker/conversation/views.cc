// Rows of the engine's sys views and of queues: what is committed, and over it what the session that reads has pending (own_work.h).
#include "broker/conversation/own_work.h"
#include "broker/conversation/state.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

using store::Row;
using store::Value;

Value text(std::string value) {
  return value;
}
Value number(std::int64_t value) {
  return value;
}
Value bit(bool value) {
  return std::int64_t{value ? 1 : 0};
}
Value null() {
  return std::monostate{};
}
template <typename Id>
Value guid(const Id& id) {
  return id.text();
}
Value key_id(const std::optional<dialog::SessionKey>& key) {
  return key ? guid(key->id) : guid(proto::Guid{});
}

Value datetime(proto::TimePoint at) {
  // datetime ends in 9999; a dialog without LIFETIME expires in about 68 years.
  return proto::to_datetime_text(at);
}

Value expiry(const Endpoint& endpoint) {
  constexpr std::chrono::seconds kDefaultLifetime{2147483647};
  return datetime(endpoint.expires == proto::kNever ? endpoint.created + kDefaultLifetime
                                                    : endpoint.expires);
}

Row endpoint_row(const Endpoint& e, const OwnConversation* own) {
  const EndpointState state = own != nullptr ? own->state : e.state;
  const proto::TimePoint timer_at = own != nullptr ? own->timer_at : e.timer_at;
  const std::uint64_t send_sequence = own != nullptr ? own->send_sequence : e.send_sequence;
  return {guid(e.handle),
          guid(e.conversation),
          bit(e.is_initiator),
          number(e.contract),
          guid(own != nullptr ? own->group : e.group),
          number(e.service),
          expiry(e),
          text(state_code(state)),
          text(state_description(state)),
          text(e.far_service),
          e.far_broker ? guid(*e.far_broker) : null(),
          number(e.principal),
          number(e.far_principal),
          key_id(e.outbound),
          key_id(e.inbound),
          e.saw_first_ack ? datetime(e.security_timestamp) : text("1900-01-01 00:00:00.000"),
          timer_at == proto::kNever ? text("1900-01-01 00:00:00.000") : datetime(timer_at),
          number(static_cast<std::int64_t>(send_sequence)),
          proto::Bytes(6, 0),
          number(own != nullptr ? own->end_sequence : e.end_sequence),
          number(static_cast<std::int64_t>(e.receive_sequence)),
          number(e.receive_fragment),
          number(0),
          number(-1),
          number(-1),
          number(0),
          bit(e.asks != nullptr || e.notifies != 0),
          number(e.priority)};
}

// A closed initiator is gone, but for late repetitions of its peer.
bool has_row(const Endpoint& endpoint, const OwnConversation* own) {
  const EndpointState state = own != nullptr ? own->state : endpoint.state;
  if (own != nullptr && own->is_gone) return false;
  return !endpoint.is_initiator || state != EndpointState::closed;
}

std::vector<Row> conversation_endpoints(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  const OwnWork work(state, id);
  for (const auto handle : database->index.handles()) {
    const auto seen = state.look_at(*database, database->index.find(handle));
    const OwnConversation* own = work.find(handle);
    if (has_row(*seen.first, own)) rows.push_back(endpoint_row(*seen.first, own));
  }
  for (const auto& [handle, own] : work.conversations()) {
    if (own.begun != nullptr && has_row(*own.begun, &own))
      rows.push_back(endpoint_row(*own.begun, &own));
  }
  return rows;
}

std::vector<Row> conversation_groups(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  const DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  const std::uint64_t reader = state.reader == nullptr ? 0 : state.reader->id;
  for (const auto& group : database->index.groups()) {
    // Made by a transaction that has not ended: its own session alone sees it.
    const auto lock = database->locks.find(group.id);
    const bool is_of_other =
        group.members == 0 && lock != database->locks.end() && lock->second != reader;
    if (!is_of_other) rows.push_back({guid(group.id), number(group.service), bit(false)});
  }
  return rows;
}

Row transmission_row(const Endpoint& e, const PendingMessage& message, Value body) {
  return {guid(e.handle),
          text(e.far_service),
          text(e.far_broker ? e.far_broker->text() : std::string()),
          text(e.own_service),
          text(e.contract_name),
          datetime(message.enqueued),
          number(static_cast<std::int64_t>(message.sequence)),
          text(message.message_type),
          bit(message.is_error),
          bit(message.is_end_dialog),
          std::move(body),
          text(e.status ? e.status->text() : std::string()),
          number(e.priority)};
}

// From the peer to this side; a DialogTimer is from itself.
Row held_row(const Endpoint& e, QueuedMessage message, const std::string& broker_id) {
  const bool is_timer = message.message_type_name == kDialogTimerType;
  const auto to_broker = proto::BrokerId::from_bytes(proto::as_bytes(broker_id));
  return {guid(e.handle),
          text(e.own_service),
          text(to_broker ? to_broker->text() : std::string()),
          text(is_timer ? e.own_service : e.far_service),
          text(e.contract_name),
          datetime(message.enqueue_time),
          number(message.message_sequence_number),
          text(message.message_type_name),
          bit(message.message_type_name == kErrorType),
          bit(message.message_type_name == kEndDialogType),
          message.message_body ? Value(*std::move(message.message_body)) : null(),
          text(proto::Error(proto::ErrorCode::target_queue_busy).text()),
          number(message.priority)};
}

// What is held for queues that are off.
void add_held(Engine::State& state, DatabaseState& database, const OwnWork& work,
              std::vector<Row>& rows) {
  for (const auto& [handle, messages] : database.held) {
    if (work.has_ended(handle)) continue;
    const auto ref = database.index.find(handle);
    const auto seen = state.look_at(database, ref);
    const auto group = database.index.at(ref).group;
    for (const auto& [order, entry] : messages) {
      rows.push_back(held_row(*seen.first, state.read_queued(database.id, group, entry),
                              state.instance.info(database.id).broker_id()));
    }
  }
}

std::vector<Row> transmission_queue(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  const OwnWork work(state, id);
  for (const auto& [handle, endpoint] : database->awake) {  // who sleeps has nothing to send
    const OwnConversation* own = work.find(handle);
    if (own != nullptr && own->drops_pending) continue;
    for (const PendingMessage& message : endpoint->pending) {
      const auto body = state.pending_body(*endpoint, message);
      rows.push_back(
          transmission_row(*endpoint, message, body ? Value(proto::to_bytes(*body)) : null()));
    }
  }
  for (const auto& [handle, own] : work.conversations()) {
    if (own.sent.empty()) continue;
    auto seen = own.begun != nullptr ? Engine::State::Seen{own.begun, nullptr}
                                     : state.look_at(*database, database->index.find(handle));
    for (const OwnMessage& one : own.sent) {
      const bool has_body = one.body != nullptr && one.body->has_value();
      rows.push_back(
          transmission_row(*seen.first, one.message, has_body ? Value(**one.body) : null()));
    }
  }
  add_held(state, *database, work, rows);
  return rows;
}

std::vector<Row> queue_rows(Engine::State& state, store::DatabaseId id, std::int64_t queue) {
  std::vector<Row> rows;
  DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  for (QueuedMessage& m : state.queue_contents(*database, static_cast<std::int32_t>(queue))) {
    rows.push_back({number(m.status), number(m.priority), number(m.queuing_order),
                    guid(m.conversation_group_id), guid(m.conversation_handle),
                    number(m.message_sequence_number), text(std::move(m.service_name)),
                    number(m.service_id), text(std::move(m.service_contract_name)),
                    number(m.service_contract_id), text(std::move(m.message_type_name)),
                    number(m.message_type_id), text(std::move(m.validation)),
                    m.message_body ? Value(*std::move(m.message_body)) : null(),
                    datetime(m.enqueue_time)});
  }
  return rows;
}

}  // namespace

void Engine::State::register_views(catalog::SystemViews& views) {
  views.set_rows("sys.conversation_endpoints", [this](store::DatabaseId id, std::int64_t) {
    return conversation_endpoints(*this, id);
  });
  views.set_rows("sys.conversation_groups", [this](store::DatabaseId id, std::int64_t) {
    return conversation_groups(*this, id);
  });
  views.set_rows("sys.transmission_queue", [this](store::DatabaseId id, std::int64_t) {
    return transmission_queue(*this, id);
  });
  views.set_rows("queue", [this](store::DatabaseId id, std::int64_t queue) {
    return queue_rows(*this, id, queue);
  });
}

}  // namespace ssb::broker::conversation
