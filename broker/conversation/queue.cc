// Messages on queues: rows of queue_message and their index.
#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
void Engine::State::enqueue(Endpoint& endpoint, NewMessage message, proto::TimePoint now) {
  DatabaseState& state = *database(endpoint.database);
  const catalog::Catalog& catalog = *std::as_const(instance).database(endpoint.database);
  const pb::Service* service = this->service(endpoint.database, endpoint.service);
  if (service == nullptr) return;  // dropped with messages on their way
  const pb::MessageType* type = catalog.table<pb::MessageType>().find_if(
      [&message](const pb::MessageType& t) { return t.name() == message.type; });
  proto::stored::QueuedMessage row;
  row.set_group_id(proto::to_string(endpoint.group.view()));
  row.set_service(endpoint.service);
  row.set_service_name(service->name());
  row.set_contract(endpoint.contract);
  row.set_contract_name(endpoint.contract_name);
  row.set_message_type(type == nullptr ? 0 : type->id());
  row.set_message_type_name(message.type);
  row.set_validation(type == nullptr ? "N" : type->validation());
  row.set_sequence(message.sequence);
  row.set_rank(message.rank);
  row.set_priority(endpoint.priority);
  row.set_has_body(message.body.has_value());
  row.set_enqueued_us(proto::to_unix_us(now));

  QueueEntry entry{state.next_order++,
                   endpoint.handle,
                   endpoint.group,
                   message.sequence,
                   message.rank,
                   endpoint.priority,
                   0};
  store::Value body = message.body ? store::Value(std::move(*message.body)) : store::Value();
  instance.store().write(
      endpoint.database,
      "INSERT INTO queue_message (queuing_order, queue, handle, row, body) VALUES (?1, ?2, ?3, ?4, "
      "?5)",
      {entry.order, std::int64_t{service->queue()}, proto::to_bytes(endpoint.handle.view()),
       serialized(row), std::move(body)});
  QueueIndex& queue = state.queues[service->queue()];
  queue.by_group[entry.group].insert(entry.order);
  queue.entries.emplace(entry.order, entry);
  ++changes;
}

void Engine::State::enqueue_error(Endpoint& endpoint, std::int64_t code,
                                  std::string_view description, proto::TimePoint now) {
  enqueue(endpoint,
          {std::string(kErrorType), endpoint.receive_sequence, 1, error_body(code, description)},
          now);
}

void Engine::State::drop_queued(const Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  const pb::Queue* own = queue_of(endpoint.database, endpoint.service);
  if (own == nullptr) return;
  QueueIndex& queue = state.queues[own->id()];
  const auto orders = queue.by_group.find(endpoint.group);
  if (orders == queue.by_group.end()) return;
  std::vector<std::int64_t> dropped;
  for (const std::int64_t order : orders->second) {
    if (queue.entries.at(order).conversation == endpoint.handle) dropped.push_back(order);
  }
  for (const std::int64_t order : dropped) {
    orders->second.erase(order);
    queue.entries.erase(order);
    instance.store().write(endpoint.database, "DELETE FROM queue_message WHERE queuing_order = ?1",
                           {order});
  }
  if (orders->second.empty()) queue.by_group.erase(orders);
}

QueuedMessage Engine::State::read_queued(store::DatabaseId id, const QueueEntry& entry) const {
  auto found = instance.store().query(
      id, "SELECT row, body FROM queue_message WHERE queuing_order = ?1", {entry.order});
  SSB_CHECK(found.has_value() && found->rows.size() == 1);
  proto::stored::QueuedMessage row;
  const auto& bytes = std::get<proto::Bytes>(found->rows[0][0]);
  SSB_CHECK(row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  QueuedMessage message;
  message.status = 1;
  message.priority = entry.priority;
  message.queuing_order = entry.order;
  message.conversation_group_id = entry.group;
  message.conversation_handle = entry.conversation;
  message.message_sequence_number = static_cast<std::int64_t>(row.sequence());
  message.service_name = row.service_name();
  message.service_id = row.service();
  message.service_contract_name = row.contract_name();
  message.service_contract_id = row.contract();
  message.message_type_name = row.message_type_name();
  message.message_type_id = row.message_type();
  message.validation = row.validation();
  message.validation.resize(2, ' ');
  if (row.has_body()) {
    auto* body = std::get_if<proto::Bytes>(&found->rows[0][1]);
    message.message_body = body == nullptr ? proto::Bytes{} : std::move(*body);
  }
  message.enqueue_time = proto::from_unix_us(row.enqueued_us());
  return message;
}

}  // namespace ssb::broker::conversation
