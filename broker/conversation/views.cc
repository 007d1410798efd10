// Rows of the engine's sys views and of queues.
#include "broker/conversation/state.h"

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

std::vector<Row> conversation_endpoints(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  for (const auto handle : database->index.handles()) {
    const auto seen = state.look_at(*database, database->index.find(handle));
    const Endpoint& e = *seen.first;
    if (e.is_initiator && e.state == EndpointState::closed)
      continue;  // gone, but for late repetitions of its peer
    rows.push_back(
        {guid(e.handle),
         guid(e.conversation),
         bit(e.is_initiator),
         number(e.contract),
         guid(e.group),
         number(e.service),
         expiry(e),
         text(state_code(e.state)),
         text(state_description(e.state)),
         text(e.far_service),
         e.far_broker ? guid(*e.far_broker) : null(),
         number(e.principal),
         number(e.far_principal),
         key_id(e.outbound),
         key_id(e.inbound),
         e.saw_first_ack ? datetime(e.security_timestamp) : text("1900-01-01 00:00:00.000"),
         e.timer_at == proto::kNever ? text("1900-01-01 00:00:00.000") : datetime(e.timer_at),
         number(static_cast<std::int64_t>(e.send_sequence)),
         proto::Bytes(6, 0),
         number(e.end_sequence),
         number(static_cast<std::int64_t>(e.receive_sequence)),
         number(e.receive_fragment),
         number(0),
         number(-1),
         number(-1),
         number(0),
         bit(e.asks != nullptr || e.notifies != 0),
         number(e.priority)});
  }
  return rows;
}

std::vector<Row> conversation_groups(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  const DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  for (const auto& group : database->index.groups())
    rows.push_back({guid(group.id), number(group.service), bit(false)});
  return rows;
}

std::vector<Row> transmission_queue(Engine::State& state, store::DatabaseId id) {
  std::vector<Row> rows;
  const DatabaseState* database = state.database(id);
  if (database == nullptr) return rows;
  for (const auto& [handle, endpoint] : database->awake) {  // who sleeps has nothing to send
    const Endpoint& e = *endpoint;
    for (const PendingMessage& message : e.pending) {
      const auto body = state.pending_body(e, message);
      rows.push_back({guid(e.handle), text(e.far_service),
                      text(e.far_broker ? e.far_broker->text() : std::string()),
                      text(e.own_service), text(e.contract_name), datetime(message.enqueued),
                      number(static_cast<std::int64_t>(message.sequence)),
                      text(message.message_type), bit(message.is_error), bit(message.is_end_dialog),
                      body ? Value(proto::to_bytes(*body)) : null(),
                      text(e.status ? e.status->text() : std::string()), number(e.priority)});
    }
  }
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
