// Messages on queues.
#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {

const proto::Bytes& Engine::State::queued_class_of(Endpoint& endpoint, const pb::Service& service,
                                                   const NewMessage& message) {
  const std::uint64_t version = instance.catalog_version();
  if (!endpoint.queued_class) endpoint.queued_class = std::make_unique<WrittenClass>();
  WrittenClass& last = *endpoint.queued_class;
  const bool is_alike = last.catalog_version == version && last.group == endpoint.group &&
                        last.message_type == message.type && last.rank == message.rank &&
                        last.has_body == message.body.has_value();
  if (is_alike) return last.bytes;
  const catalog::Catalog& catalog = *std::as_const(instance).database(endpoint.database);
  const pb::MessageType* type = catalog.table<pb::MessageType>().find_if(
      [&message](const pb::MessageType& t) { return t.name() == message.type; });
  proto::stored::MessageClass common;
  common.set_handle(proto::to_string(endpoint.handle.view()));
  common.set_message_type_name(message.type);
  common.set_has_body(message.body.has_value());
  common.set_queue(service.queue());
  common.set_group_id(proto::to_string(endpoint.group.view()));
  common.set_service(endpoint.service);
  common.set_service_name(service.name());
  common.set_contract(endpoint.contract);
  common.set_contract_name(endpoint.contract_name);
  common.set_message_type(type == nullptr ? 0 : type->id());
  common.set_validation(type == nullptr ? "N" : type->validation());
  common.set_rank(message.rank);
  common.set_priority(endpoint.priority);
  last = {version,      endpoint.group,    message.type, message.body.has_value(),
          message.rank, serialized(common)};
  return last.bytes;
}

void Engine::State::enqueue(Endpoint& endpoint, const NewMessage& message, proto::TimePoint now) {
  DatabaseState& state = *database(endpoint.database);
  const pb::Service* service = this->service(endpoint.database, endpoint.service);
  if (service == nullptr) return;  // dropped with messages on their way
  const bool is_held = is_held_back(endpoint);
  QueueEntry entry;
  entry.order = state.next_order++;
  entry.conversation = endpoint.handle;
  entry.sequence = message.sequence;
  entry.rank = static_cast<std::uint8_t>(message.rank);
  entry.priority = static_cast<std::uint8_t>(endpoint.priority);
  entry.place = state.messages->add({is_held ? StoredKind::held : StoredKind::queued,
                                     message.sequence, entry.order, proto::to_unix_us(now)},
                                    queued_class_of(endpoint, *service, message),
                                    message.body.value_or(proto::ByteView()));
  if (is_held)
    hold(endpoint, entry, message.type, now);
  else
    state.queues[service->queue()].add(endpoint.group, entry);
  touch(endpoint);
  ++changes;
}

void Engine::State::enqueue_error(Endpoint& endpoint, std::int64_t code,
                                  std::string_view description, proto::TimePoint now) {
  enqueue(endpoint,
          {std::string(kErrorType), endpoint.receive_sequence, 1,
           proto::ByteView(error_body(code, description))},
          now);
}

void Engine::State::drop_queued(const Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  drop_retained(endpoint);
  drop_held(endpoint);
  const pb::Queue* own = queue_of(endpoint.database, endpoint.service);
  is_urgent = true;
  // Of a service that has just been dropped nobody knows the queue any more.
  for (auto& [id, queue] : state.queues) {
    if (own != nullptr && own->id() != id) continue;
    queue.remove_conversation(endpoint.group, endpoint.handle, [&state](const QueueEntry& entry) {
      state.messages->remove(entry.place);
    });
  }
}

QueuedMessage Engine::State::read_queued(store::DatabaseId id, proto::ConversationGroupId group,
                                         const QueueEntry& entry) {
  DatabaseState& state = databases.at(id);
  MessageLog& log = *state.messages;
  LastClass& last = state.read_class;
  const std::uint32_t class_offset = log.class_offset(entry.place);
  if (last.pack != entry.place.pack || last.offset != class_offset) {
    const proto::ByteView bytes = log.message_class(entry.place);
    SSB_CHECK(last.parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    last.pack = entry.place.pack;
    last.offset = class_offset;
  }
  const proto::stored::MessageClass& common = last.parsed;
  QueuedMessage message;
  message.status = 1;
  message.priority = entry.priority;
  message.queuing_order = entry.order;
  message.conversation_group_id = group;
  message.conversation_handle = entry.conversation;
  message.message_sequence_number = static_cast<std::int64_t>(entry.sequence);
  message.service_name = common.service_name();
  message.service_id = common.service();
  message.service_contract_name = common.contract_name();
  message.service_contract_id = common.contract();
  message.message_type_name = common.message_type_name();
  message.message_type_id = common.message_type();
  message.validation = common.validation();
  message.validation.resize(2, ' ');
  message.enqueue_time = proto::from_unix_us(log.message(entry.place).enqueued_us);
  if (common.has_body()) message.message_body = proto::to_bytes(log.body(entry.place));
  return message;
}

}  // namespace ssb::broker::conversation
