// What the statements check and queue in their transaction; nothing of it happens before COMMIT (commit.cc).
#include <algorithm>

#include "broker/catalog/permissions.h"
#include "broker/conversation/priority.h"
#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

using proto::Error;
using proto::ErrorCode;

constexpr std::size_t kServiceNameMax = 256;
constexpr std::int64_t kLifetimeMax = 2147483647;

const pb::Contract::Usage* usage_of(const pb::Contract& contract, std::int32_t type) {
  const auto found = std::find_if(
      contract.usages().begin(), contract.usages().end(),
      [type](const pb::Contract::Usage& usage) { return usage.message_type() == type; });
  return found == contract.usages().end() ? nullptr : &*found;
}

template <typename Object>
const Object* find_exact_or_folded(const catalog::Catalog& catalog, std::string_view name) {
  const auto& table = catalog.table<Object>();
  const Object* exact = table.find_if([name](const Object& o) { return o.name() == name; });
  return exact != nullptr ? exact : table.find(name);
}

proto::Result<std::optional<proto::BrokerId>> broker_of(const catalog::Instance& instance,
                                                        const BeginDialogRequest& request) {
  if (!request.broker_instance) return std::optional<proto::BrokerId>{};
  if (catalog::names_equal(*request.broker_instance, "CURRENT DATABASE")) {
    const auto id =
        proto::BrokerId::from_bytes(proto::as_bytes(instance.info(request.database).broker_id()));
    SSB_CHECK(id.has_value());
    return id;
  }
  const auto guid = proto::Guid::parse(*request.broker_instance);
  if (!guid) return Error(ErrorCode::bad_broker_instance, *request.broker_instance);
  return std::optional(proto::BrokerId{*guid});
}

// Names and numbers of BEGIN DIALOG that need no look-up.
proto::Result<void> check_request(const BeginDialogRequest& request) {
  if (request.lifetime_s < 1 || request.lifetime_s > kLifetimeMax) {
    return Error(ErrorCode::lifetime_out_of_range, std::to_string(request.lifetime_s));
  }
  const std::size_t characters = proto::to_utf16le(request.to_service).size() / 2;
  if (characters == 0 || characters > kServiceNameMax)
    return Error(ErrorCode::bad_service_name, std::to_string(characters));
  return {};
}

}  // namespace

// The group that a new conversation joins: the related one's, the named one, or `group`, a new one.
static proto::Result<proto::ConversationGroupId> group_for(Engine::State& state,
                                                           catalog::Transaction& transaction,
                                                           DatabaseState& database,
                                                           const BeginDialogRequest& request,
                                                           const pb::Service& service,
                                                           proto::ConversationGroupId group) {
  if (request.related_conversation) {
    const auto related =
        state.visible(transaction, request.database, *request.related_conversation);
    if (!related) return related.error();
    group = (*related)->group;
  } else if (request.related_group) {
    group = *request.related_group;
  }
  const EndpointIndex::Group* found = database.index.group(group);
  if (found != nullptr && found->service != 0 && found->service != service.id()) {
    const pb::Service* other = state.service(request.database, found->service);
    return Error(ErrorCode::related_conversation_service, service.name(),
                 other == nullptr ? "" : other->name());
  }
  if (auto locked = state.lock_group(transaction, database, group); !locked) return locked.error();
  database.index.hold_group(group, service.id());
  return group;
}

proto::Result<proto::ConversationHandle> Engine::begin_dialog(catalog::Transaction& transaction,
                                                              const catalog::SecurityContext& who,
                                                              const BeginDialogRequest& request,
                                                              proto::TimePoint now) {
  State& state = *state_;
  if (auto valid = check_request(request); !valid) return valid.error();
  const catalog::Catalog& catalog = *state.instance.database(request.database);
  if (!state.instance.info(request.database).is_broker_enabled()) {
    return Error(ErrorCode::broker_not_active, state.database_name(request.database));
  }
  const auto* service = find_exact_or_folded<pb::Service>(catalog, request.from_service);
  if (service == nullptr) {
    return Error(ErrorCode::unknown_service, request.from_service,
                 state.database_name(request.database));
  }
  const auto* contract = find_exact_or_folded<pb::Contract>(catalog, request.contract);
  if (contract == nullptr) return Error(ErrorCode::unknown_contract, request.contract);
  const auto broker = broker_of(state.instance, request);
  if (!broker) return broker.error();
  const pb::Queue* queue = catalog.table<pb::Queue>().find(service->queue());
  if (queue != nullptr) {
    const auto allowed = catalog::require_permission(state.instance, who, request.database,
                                                     catalog::ObjectClass::object, queue->id(),
                                                     queue->name(), "RECEIVE");
    if (!allowed) return allowed.error();
  }
  DatabaseState& database = *state.database(request.database);
  const auto drawn = crypto::random_guids<3>();
  const auto group = group_for(state, transaction, database, request, *service,
                               proto::ConversationGroupId{drawn[0]});
  if (!group) return group.error();

  auto endpoint = std::make_unique<Endpoint>();
  endpoint->database = request.database;
  endpoint->handle = state.new_handle(request.database, drawn[1]);
  endpoint->conversation = proto::ConversationId{drawn[2]};
  endpoint->is_initiator = true;
  endpoint->group = *group;
  endpoint->service = service->id();
  endpoint->own_service = service->name();
  endpoint->contract = contract->id();
  endpoint->contract_name = contract->name();
  endpoint->far_service = request.to_service;
  endpoint->far_broker = *broker;
  endpoint->priority = priority_of(catalog, contract->id(), service->id(), request.to_service);
  endpoint->created = now;
  endpoint->expires = request.lifetime_s == kLifetimeMax
                          ? proto::kNever
                          : now + std::chrono::seconds(request.lifetime_s);
  endpoint->encryption = request.encryption;
  const auto handle = endpoint->handle;
  PendingWork& work = State::work(transaction);
  const bool is_known = work.begun.contains(handle) ||
                        database.index.find(endpoint->conversation, true) != EndpointIndex::kNone;
  if (is_known) throw crypto::RandomFailure("the random source gives an id that it gave before");
  work.begun[handle] = endpoint.get();
  work.list.push_back({request.database, BeginWork{std::move(endpoint)}});
  return handle;
}

// The message type of a SEND, checked against the contract and the sender's role.
static proto::Result<const pb::MessageType*> type_for_send(const catalog::Catalog& catalog,
                                                           const Endpoint& endpoint,
                                                           std::string_view name) {
  const auto* type = find_exact_or_folded<pb::MessageType>(catalog, name);
  if (type == nullptr) return Error(ErrorCode::unknown_message_type, std::string(name));
  const auto* contract = catalog.table<pb::Contract>().find(endpoint.contract);
  if (contract == nullptr) return Error(ErrorCode::unknown_contract, endpoint.contract_name);
  const auto* usage = usage_of(*contract, type->id());
  if (usage == nullptr)
    return Error(ErrorCode::message_type_not_in_contract, type->name(), contract->name());
  if (endpoint.is_initiator && !usage->sent_by_initiator())
    return Error(ErrorCode::initiator_sends_target_type, type->name());
  if (!endpoint.is_initiator && !usage->sent_by_target())
    return Error(ErrorCode::target_sends_initiator_type, type->name());
  return type;
}

proto::Result<void> Engine::send(catalog::Transaction& transaction,
                                 const catalog::SecurityContext& who, store::DatabaseId database,
                                 proto::ConversationHandle conversation,
                                 std::string_view message_type, std::optional<proto::Bytes> body,
                                 proto::TimePoint now) {
  State& state = *state_;
  const auto found = state.visible(transaction, database, conversation);
  if (!found) return found.error();
  const Endpoint& endpoint = **found;
  if (auto locked = state.lock_group(transaction, *state.database(database), endpoint.group);
      !locked)
    return locked.error();
  const EndpointState current = state.state_in(transaction, endpoint);
  switch (current) {
    case EndpointState::started_outbound:
    case EndpointState::started_inbound:
    case EndpointState::conversing: break;
    case EndpointState::disconnected_inbound:
    case EndpointState::disconnected_outbound:
    case EndpointState::error:
    case EndpointState::closed:
      return Error(ErrorCode::invalid_state_for_send, state_code(current));
  }
  const catalog::Catalog& catalog = *state.instance.database(database);
  const auto type = type_for_send(catalog, endpoint, message_type);
  if (!type) return type.error();
  if (body && body->size() > kMessageBytesMax)
    return Error(ErrorCode::message_too_large, std::to_string(kMessageBytesMax));
  if ((*type)->validation() == "E" && body && !body->empty()) {
    return Error(ErrorCode::body_fails_validation, "EMPTY", (*type)->name());
  }
  const pb::Queue* queue = state.queue_of(database, endpoint.service);
  const bool is_retained = queue != nullptr && queue->is_retention_enabled();
  if (queue != nullptr) {
    const auto allowed =
        catalog::require_permission(state.instance, who, database, catalog::ObjectClass::object,
                                    queue->id(), queue->name(), "RECEIVE");
    if (!allowed) return allowed.error();
  }
  if (is_retained && !queue->is_enqueue_enabled())
    return Error(ErrorCode::queue_disabled_with_retention, queue->name());
  PendingWork& work = State::work(transaction);
  work.states[conversation] = EndpointState::conversing;
  work.list.push_back(
      {database, SendWork{conversation, (*type)->name(), std::move(body), is_retained, now}});
  return {};
}

// ---- RECEIVE and GET CONVERSATION GROUP ----

// END CONVERSATION takes the messages of its conversation off the queue: for its own transaction at once.
static bool has_ended(const PendingWork& work, const QueueEntry& entry) {
  const auto found = work.states.find(entry.conversation);
  return found != work.states.end() && (found->second == EndpointState::disconnected_outbound ||
                                        found->second == EndpointState::closed);
}

static std::vector<QueueEntry*> waiting_for(const catalog::Transaction& transaction,
                                            QueueIndex& queue, proto::ConversationGroupId group,
                                            const std::optional<proto::ConversationHandle>& only,
                                            std::size_t at_most) {
  std::vector<QueueEntry*> entries = queue.waiting(group, only, at_most);
  const PendingWork* work = Engine::State::work_of(transaction);
  const auto ended = [work](const QueueEntry* entry) { return has_ended(*work, *entry); };
  if (work == nullptr || std::none_of(entries.begin(), entries.end(), ended)) return entries;
  entries = queue.waiting(group, only, SIZE_MAX);
  entries.erase(std::remove_if(entries.begin(), entries.end(), ended), entries.end());
  entries.resize(std::min(entries.size(), at_most));
  return entries;
}

static std::optional<proto::ConversationGroupId> next_group(
    const DatabaseState& database, QueueIndex& queue, const catalog::Transaction& transaction) {
  return queue.next([&](proto::ConversationGroupId group) {
    const auto lock = database.locks.find(group);
    if (lock == database.locks.end()) return true;
    return lock->second == transaction.id &&
           !waiting_for(transaction, queue, group, std::nullopt, 1).empty();
  });
}

static proto::Result<const pb::Queue*> queue_for_receive(Engine::State& state,
                                                         const catalog::SecurityContext& who,
                                                         store::DatabaseId database,
                                                         std::int32_t id) {
  const pb::Queue* queue = state.instance.database(database)->table<pb::Queue>().find(id);
  if (queue == nullptr) return Error(ErrorCode::unknown_object, std::to_string(id));
  const auto allowed = catalog::require_permission(
      state.instance, who, database, catalog::ObjectClass::object, id, queue->name(), "RECEIVE");
  if (!allowed) return allowed.error();
  if (!queue->is_receive_enabled()) return Error(ErrorCode::queue_disabled, queue->name());
  return queue;
}

// The group that a request with a WHERE clause names. One that the transaction itself holds is known, also when its conversations have
// ended in it; so is one whose endpoints are kept for a while after their end.
static proto::Result<std::optional<proto::ConversationGroupId>> requested_group(
    Engine::State& state, catalog::Transaction& transaction, const ReceiveRequest& request,
    const pb::Queue& queue) {
  if (request.group) {
    const auto* group = state.database(request.database)->index.group(*request.group);
    if (group == nullptr)
      return Error(ErrorCode::unknown_conversation_group, request.group->text());
    const pb::Queue* own = state.queue_of(request.database, group->service);
    if (own != nullptr && own->id() != queue.id())
      return Error(ErrorCode::group_of_other_queue, request.group->text(), queue.name());
    return request.group;
  }
  const auto endpoint = state.visible(transaction, request.database, *request.conversation);
  if (!endpoint) return endpoint.error();
  return std::optional((*endpoint)->group);
}

proto::Result<std::vector<QueuedMessage>> Engine::receive(catalog::Transaction& transaction,
                                                          const catalog::SecurityContext& who,
                                                          const ReceiveRequest& request,
                                                          proto::TimePoint now) {
  State& state = *state_;
  static_cast<void>(now);
  const auto queue = queue_for_receive(state, who, request.database, request.queue);
  if (!queue) return queue.error();
  DatabaseState& database = *state.database(request.database);
  QueueIndex& index = database.queues[request.queue];
  std::optional<proto::ConversationGroupId> group;
  if (request.group || request.conversation) {
    auto named = requested_group(state, transaction, request, **queue);
    if (!named) return named.error();
    group = *named;
  } else {
    group = next_group(database, index, transaction);
  }
  std::vector<QueuedMessage> received;
  if (!group) return received;
  const auto at_most = static_cast<std::size_t>(std::max<std::int64_t>(0, request.top));
  const auto entries = waiting_for(transaction, index, *group, request.conversation, at_most);
  if (entries.empty()) return received;
  if (auto locked = state.lock_group(transaction, database, *group); !locked) return locked.error();
  ReceiveWork work{request.queue, *group, {}, (*queue)->is_retention_enabled()};
  work.orders.reserve(entries.size());
  received.reserve(entries.size());
  for (const QueueEntry* entry : entries) {
    work.orders.push_back(entry->order);
    received.push_back(state.read_queued(request.database, *group, *entry));
  }
  index.take(*group, entries, transaction.id);
  State::work(transaction).list.push_back({request.database, std::move(work)});
  return received;
}

proto::Result<std::optional<proto::ConversationGroupId>> Engine::get_conversation_group(
    catalog::Transaction& transaction, const catalog::SecurityContext& who,
    store::DatabaseId database, std::int32_t queue_id, proto::TimePoint now) {
  State& state = *state_;
  static_cast<void>(now);
  const auto queue = queue_for_receive(state, who, database, queue_id);
  if (!queue) return queue.error();
  DatabaseState& data = *state.database(database);
  const auto group = next_group(data, data.queues[queue_id], transaction);
  if (!group) return group;
  if (auto locked = state.lock_group(transaction, data, *group); !locked) return locked.error();
  return group;
}

void Engine::receive_noticed(store::DatabaseId database, std::int32_t queue, bool is_empty,
                             proto::TimePoint now) {
  DatabaseState* data = state_->database(database);
  if (data == nullptr) return;
  QueueReading& reading = data->readings[queue];
  ++reading.receives;
  reading.last_was_empty = is_empty;
  if (is_empty) reading.empty_at = now;
}

QueueReading Engine::reading(store::DatabaseId database, std::int32_t queue) const {
  const DatabaseState* data = state_->database(database);
  if (data == nullptr) return {};
  const auto found = data->readings.find(queue);
  return found == data->readings.end() ? QueueReading{} : found->second;
}

bool Engine::has_free_messages(store::DatabaseId database, std::int32_t queue) const {
  const DatabaseState* data = state_->database(database);
  if (data == nullptr) return false;
  const auto found = data->queues.find(queue);
  return found != data->queues.end() && found->second
                                            .next([data](proto::ConversationGroupId group) {
                                              return !data->locks.contains(group);
                                            })
                                            .has_value();
}

// ---- END, TIMER, MOVE ----

// What is asked for on a conversation. `clean_up`: END CONVERSATION WITH CLEANUP.
enum class Act { end, clean_up, set_timer, move };

// The documentation speaks of the owner of the conversation: here the owner of its service, and whoever may receive for it, as a handler
// must be able to end what it has received. A timer is also for who may SEND to the service. CLEANUP tells the other side nothing, so
// the permission to receive is not enough; and of a conversation that is over it is the administrator's.
static proto::Result<void> check_act(Engine::State& state, catalog::Transaction& transaction,
                                     const catalog::SecurityContext& who, const Endpoint& endpoint,
                                     Act act) {
  using catalog::ObjectClass;
  const store::DatabaseId id = endpoint.database;
  const catalog::Catalog& catalog = *std::as_const(state.instance).database(id);
  const auto user = catalog::user_in(state.instance, who, id);
  if (!user) return user.error();
  const auto may = [&](ObjectClass kind, std::int32_t object, std::string_view permission) {
    return catalog::has_permission(catalog, *user, kind, object, permission);
  };
  if (may(ObjectClass::database, 0, "CONTROL")) return {};
  const EndpointState current = state.state_in(transaction, endpoint);
  const bool is_over = act == Act::clean_up && current == EndpointState::closed;
  if (!is_over && may(ObjectClass::service, endpoint.service, "CONTROL")) return {};
  const pb::Queue* queue = state.queue_of(id, endpoint.service);
  const bool may_receive = queue != nullptr && may(ObjectClass::object, queue->id(), "RECEIVE");
  if (act != Act::clean_up && may_receive) return {};
  if (act == Act::set_timer && may(ObjectClass::service, endpoint.service, "SEND")) return {};
  static constexpr const char* kNames[] = {"end", "clean up", "set a timer on", "move"};
  const std::string administrators = "db_owner and sysadmin";
  const std::string owners = "the owner of its service, " + administrators;
  std::string who_may = is_over ? administrators : owners;
  if (act != Act::clean_up) who_may = "who has RECEIVE on its queue, " + owners;
  return Error(ErrorCode::conversation_permission, kNames[static_cast<std::size_t>(act)],
               endpoint.handle.text(), state_code(current), who_may);
}

proto::Result<void> Engine::end(catalog::Transaction& transaction,
                                const catalog::SecurityContext& who, store::DatabaseId database,
                                proto::ConversationHandle conversation, const EndRequest& request,
                                proto::TimePoint now) {
  State& state = *state_;
  const auto found = state.visible(transaction, database, conversation, request.cleanup);
  if (!found) return found.error();
  const Endpoint& endpoint = **found;
  const Act act = request.cleanup ? Act::clean_up : Act::end;
  if (auto may = check_act(state, transaction, who, endpoint, act); !may) return may.error();
  if (request.error_code && (*request.error_code <= 0 || *request.error_code > INT32_MAX))
    return Error(ErrorCode::bad_error_code);
  if (request.error_code && request.error_description.empty())
    return Error(ErrorCode::error_description_missing);
  if (auto locked = state.lock_group(transaction, *state.database(database), endpoint.group);
      !locked)
    return locked.error();
  const EndpointState current = state.state_in(transaction, endpoint);
  const bool ended_before =
      current == EndpointState::disconnected_outbound || current == EndpointState::closed;
  if (ended_before && !request.cleanup)
    return Error(ErrorCode::invalid_state_for_end, state_code(current));
  const bool peer_is_done =
      current == EndpointState::disconnected_inbound || current == EndpointState::error;
  PendingWork& work = State::work(transaction);
  work.states[conversation] = (request.cleanup || peer_is_done)
                                  ? EndpointState::closed
                                  : EndpointState::disconnected_outbound;
  work.list.push_back({database, EndWork{conversation, request, now}});
  return {};
}

proto::Result<void> Engine::set_timer(catalog::Transaction& transaction,
                                      const catalog::SecurityContext& who,
                                      store::DatabaseId database,
                                      proto::ConversationHandle conversation, std::int64_t seconds,
                                      proto::TimePoint now) {
  State& state = *state_;
  const auto found = state.visible(transaction, database, conversation);
  if (!found) return found.error();
  const Endpoint& endpoint = **found;
  if (auto may = check_act(state, transaction, who, endpoint, Act::set_timer); !may)
    return may.error();
  if (auto locked = state.lock_group(transaction, *state.database(database), endpoint.group);
      !locked)
    return locked.error();
  const EndpointState current = state.state_in(transaction, endpoint);
  switch (current) {
    case EndpointState::started_outbound:
    case EndpointState::started_inbound:
    case EndpointState::conversing:
    case EndpointState::disconnected_inbound: break;
    case EndpointState::disconnected_outbound:
    case EndpointState::error:
    case EndpointState::closed:
      return Error(ErrorCode::invalid_state_for_timer, state_code(current));
  }
  if (seconds < 0 || seconds > kLifetimeMax)
    return Error(ErrorCode::wrong_argument_type, "The TIMEOUT", "seconds from 0 to 2147483647");
  const proto::TimePoint at = now + std::chrono::seconds(seconds);
  if (endpoint.expires != proto::kNever && at > endpoint.expires)
    return Error(ErrorCode::timer_beyond_lifetime);
  State::work(transaction).list.push_back({database, TimerWork{conversation, at}});
  return {};
}

proto::Result<void> Engine::move(catalog::Transaction& transaction,
                                 const catalog::SecurityContext& who, store::DatabaseId database,
                                 proto::ConversationHandle conversation,
                                 proto::ConversationGroupId group, proto::TimePoint now) {
  State& state = *state_;
  static_cast<void>(now);
  const auto found = state.visible(transaction, database, conversation);
  if (!found) return found.error();
  const Endpoint& endpoint = **found;
  if (auto may = check_act(state, transaction, who, endpoint, Act::move); !may) return may.error();
  DatabaseState& data = *state.database(database);
  if (auto locked = state.lock_group(transaction, data, endpoint.group); !locked)
    return locked.error();
  const EndpointState current = state.state_in(transaction, endpoint);
  if (current == EndpointState::disconnected_outbound || current == EndpointState::closed)
    return Error(ErrorCode::invalid_state_for_move, state_code(current));
  const EndpointIndex::Group* destination = data.index.group(group);
  if (destination == nullptr || destination->service != endpoint.service) {
    return Error(ErrorCode::move_destination_invalid, group.text());
  }
  if (auto locked = state.lock_group(transaction, data, group); !locked) return locked.error();
  State::work(transaction).list.push_back({database, MoveWork{conversation, group}});
  return {};
}

std::optional<std::string> Engine::transmission_status(
    store::DatabaseId database, proto::ConversationHandle conversation) const {
  const DatabaseState* data = state_->database(database);
  const auto ref = data == nullptr ? EndpointIndex::kNone : data->index.find(conversation);
  if (ref == EndpointIndex::kNone) {  // or the session that asks has begun it
    const PendingWork* own = state_->reader == nullptr ? nullptr : State::work_of(*state_->reader);
    const bool is_own = own != nullptr && own->begun.contains(conversation) &&
                        own->begun.at(conversation)->database == database;
    return is_own ? std::optional(std::string()) : std::nullopt;
  }
  const Endpoint* endpoint = data->index.at(ref).awake;  // who sleeps has no problem
  return endpoint != nullptr && endpoint->status ? endpoint->status->text() : std::string();
}

}  // namespace ssb::broker::conversation
