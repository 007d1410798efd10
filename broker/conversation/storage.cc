// Records of the engine in a database, and how they are read back.
//
//   conversation       number, 8 bytes big-endian | handle -> stored.proto Conversation, written once a group commit when it changed;
//                      numbers grow, so new ones stand together
//   conversation_head  the same key -> what the index holds of it, written when that changed: 16 bytes conversation id | 16 group id
//                      | 8 due, us since 1970 | 4 service | 1 flags; little-endian; flags: 1 initiator, 2 has a conversation timer
//   fragment           handle | 4 bytes index, big-endian -> body: of the one message that is arriving in parts
//   tombstone          conversation id -> 8 bytes microseconds of Unix time, little-endian: replay protection after a conversation has gone
//   message_pack, message_heads, message_removed: messages that wait (message_log.h)
#include <algorithm>

#include "broker/conversation/event_notification.h"
#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
namespace {

namespace stored = ssb::proto::stored;

std::string text_of(proto::ByteView bytes) {
  return proto::to_string(bytes);
}
std::int64_t us_or_zero(proto::TimePoint t) {
  return t == proto::kNever ? 0 : proto::to_unix_us(t);
}
proto::TimePoint never_if_zero(std::int64_t us) {
  return us == 0 ? proto::kNever : proto::from_unix_us(us);
}

template <typename Id>
Id id_of(const std::string& bytes) {
  const auto id = Id::from_bytes(proto::as_bytes(bytes));
  return id.value_or(Id{});
}

[[noreturn]] void throw_damaged() {
  throw store::StoreFailure(
      "a row of the conversation engine does not parse: the database file is damaged");
}

stored::Conversation parse_row(const proto::Bytes& bytes) {
  stored::Conversation row;
  if (!row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) throw_damaged();
  return row;
}

// ---- numbers: little-endian in values, big-endian in keys, whose order is that of the numbers ----

void put_number(proto::Bytes& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}
std::uint64_t get_number(proto::ByteView bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number |= std::uint64_t{bytes[i]} << (8 * i);
  return number;
}
void put_key_number(proto::Bytes& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}
std::uint64_t get_key_number(proto::ByteView bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

constexpr std::size_t kTimeBytes = 8;

proto::Bytes time_bytes(proto::TimePoint time) {
  proto::Bytes out;
  put_number(out, static_cast<std::uint64_t>(proto::to_unix_us(time)), kTimeBytes);
  return out;
}
proto::TimePoint time_of(proto::ByteView bytes) {
  if (bytes.size() != kTimeBytes) throw_damaged();
  return proto::from_unix_us(static_cast<std::int64_t>(get_number(bytes)));
}

void put_key(stored::SessionKey* out, const dialog::SessionKey& key, const proto::Bytes& sealed) {
  out->set_id(text_of(key.id.view()));
  out->set_sealed(text_of(sealed));
}

// The key as stored: with empty bytes where it cannot be opened now (open_keys tries again).
std::optional<dialog::SessionKey> get_key(const stored::SessionKey& in) {
  if (in.id().empty()) return std::nullopt;
  dialog::SessionKey key;
  key.id = id_of<proto::KeyId>(in.id());
  return key;
}

dialog::CertificateRef reference_of(std::int32_t id, const std::string& sha256) {
  dialog::CertificateRef ref;
  ref.id = id;
  if (sha256.size() == ref.sha256.size())
    std::copy(sha256.begin(), sha256.end(), ref.sha256.begin());
  return ref;
}

dialog::Parties parties_of(const stored::Parties& row) {
  dialog::Parties parties;
  parties.type = static_cast<dialog::SecurityType>(row.type());
  parties.source = reference_of(row.source(), row.source_sha256());
  parties.destination = reference_of(row.destination(), row.destination_sha256());
  parties.remote_user = row.remote_user();
  return parties;
}

void put_parties(stored::Parties* row, const dialog::Parties& parties) {
  row->set_type(static_cast<int>(parties.type));
  row->set_source(parties.source.id);
  row->set_source_sha256(text_of(parties.source.sha256));
  row->set_destination(parties.destination.id);
  row->set_destination_sha256(text_of(parties.destination.sha256));
  row->set_remote_user(parties.remote_user);
}

// When something is to be done with it, retries left out.
proto::TimePoint due_of(const Endpoint& endpoint) {
  if (endpoint.state == EndpointState::closed) {
    const bool has_date =
        endpoint.saw_first_ack || endpoint.is_initiator;  // close() dates a closed initiator
    if (has_date) return endpoint.security_timestamp;
    return endpoint.expires == proto::kNever ? proto::kNever : endpoint.expires + kClosedRetention;
  }
  return endpoint.is_active() ? std::min(endpoint.timer_at, endpoint.expires) : endpoint.timer_at;
}

constexpr std::uint8_t kInitiatorFlag = 1;
constexpr std::uint8_t kTimerFlag = 2;
constexpr std::size_t kGroupAt = 16;
constexpr std::size_t kDueAt = 32;
constexpr std::size_t kServiceAt = 40;
constexpr std::size_t kFlagsAt = 44;
constexpr std::size_t kHeadBytes = 45;

proto::Bytes head_of(const Endpoint& endpoint) {
  proto::Bytes out;
  out.reserve(kHeadBytes);
  const auto conversation = endpoint.conversation.view();
  const auto group = endpoint.group.view();
  out.insert(out.end(), conversation.begin(), conversation.end());
  out.insert(out.end(), group.begin(), group.end());
  put_number(out, static_cast<std::uint64_t>(proto::to_unix_us(due_of(endpoint))), kTimeBytes);
  put_number(out, static_cast<std::uint32_t>(endpoint.service), sizeof(std::uint32_t));
  const bool has_timer = endpoint.timer_at != proto::kNever;
  put_number(out, (endpoint.is_initiator ? kInitiatorFlag : 0U) | (has_timer ? kTimerFlag : 0U), 1);
  return out;
}

proto::Bytes key_of(const EndpointIndex::Entry& entry) {
  proto::Bytes key;
  const auto handle = entry.handle.view();
  key.reserve(kConversationNumberBytes + handle.size());
  put_key_number(key, entry.number, kConversationNumberBytes);
  key.insert(key.end(), handle.begin(), handle.end());
  return key;
}

std::pair<EndpointIndex::Entry, std::int32_t> entry_of(proto::ByteView key, proto::ByteView head) {
  if (key.size() < kConversationNumberBytes || head.size() != kHeadBytes) throw_damaged();
  EndpointIndex::Entry entry;
  const auto handle = proto::ConversationHandle::from_bytes(key.subspan(kConversationNumberBytes));
  if (!handle) throw_damaged();
  entry.handle = *handle;
  entry.conversation = *proto::ConversationId::from_bytes(head.first(kGroupAt));
  entry.group = *proto::ConversationGroupId::from_bytes(head.subspan(kGroupAt, kGroupAt));
  entry.due = time_of(head.subspan(kDueAt, kTimeBytes));
  entry.number = get_key_number(key.first(kConversationNumberBytes));
  entry.is_initiator = (head[kFlagsAt] & kInitiatorFlag) != 0;
  entry.has_timer = (head[kFlagsAt] & kTimerFlag) != 0;
  return {entry,
          static_cast<std::int32_t>(get_number(head.subspan(kServiceAt, sizeof(std::uint32_t))))};
}

// MOVE CONVERSATION changes the group of a conversation, not its messages.
proto::ConversationGroupId group_of(const DatabaseState& state, EndpointIndex::Ref owner,
                                    const stored::MessageClass& message_class) {
  return owner == EndpointIndex::kNone ? id_of<proto::ConversationGroupId>(message_class.group_id())
                                       : state.index.at(owner).group;
}

// All tables are made together, and older versions had no heads.
void refuse_older(const store::Store& store, store::DatabaseId database) {
  const auto tables =
      store.query(database, "SELECT 1 FROM sqlite_schema WHERE name = ?1 OR name = ?2",
                  {std::string(kConversationTable), std::string(kConversationHeadTable)});
  if (tables.value().rows.size() != 1) return;
  throw store::StoreFailure(
      "database " + std::to_string(database) +
      " was written by an older ssbsim, whose conversations this one does not read: end them with "
      "that one, or make the instance anew");
}

stored::Conversation row_of(const Endpoint& endpoint) {
  stored::Conversation row;
  row.set_conversation_id(text_of(endpoint.conversation.view()));
  row.set_is_initiator(endpoint.is_initiator);
  row.set_group_id(text_of(endpoint.group.view()));
  row.set_service(endpoint.service);
  row.set_own_service(endpoint.own_service);
  row.set_contract(endpoint.contract);
  row.set_contract_name(endpoint.contract_name);
  row.set_state(state_code(endpoint.state));
  row.set_far_service(endpoint.far_service);
  if (endpoint.far_broker) row.set_far_broker(text_of(endpoint.far_broker->view()));
  row.set_expires_us(us_or_zero(endpoint.expires));
  row.set_created_us(proto::to_unix_us(endpoint.created));
  row.set_encryption(endpoint.encryption);
  row.set_is_secured(endpoint.is_secured);
  put_parties(row.mutable_parties(), endpoint.parties);
  row.set_principal(endpoint.principal);
  row.set_far_principal(endpoint.far_principal);
  row.set_send_sequence(endpoint.send_sequence);
  row.set_acknowledged(endpoint.acknowledged);
  row.set_acknowledged_fragment(endpoint.acknowledged_fragment);
  row.set_receive_sequence(endpoint.receive_sequence);
  row.set_receive_fragment(endpoint.receive_fragment);
  row.set_receive_length(endpoint.receive_length);
  row.set_timer_us(us_or_zero(endpoint.timer_at));
  row.set_security_timestamp_us(proto::to_unix_us(endpoint.security_timestamp));
  row.set_priority(endpoint.priority);
  row.set_first_acknowledged(endpoint.first_acknowledged);
  row.set_end_sequence(endpoint.end_sequence);
  row.set_reply_seen(endpoint.reply_seen);
  row.set_address(endpoint.address);
  row.set_notifies(endpoint.notifies);
  row.set_awaits_answer(endpoint.awaits_answer);
  row.set_error_for_peer(endpoint.error_for_peer);
  if (endpoint.asks) {
    row.set_asks_for(static_cast<int>(endpoint.asks->kind));
    row.set_asks_about(endpoint.asks->service);
  }
  row.set_grant_not_after_us(proto::to_unix_us(endpoint.grant_not_after));
  if (endpoint.outbound)
    put_key(row.mutable_outbound(), *endpoint.outbound, endpoint.outbound_sealed);
  if (endpoint.inbound) put_key(row.mutable_inbound(), *endpoint.inbound, endpoint.inbound_sealed);
  return row;
}

std::unique_ptr<Endpoint> endpoint_of(const stored::Conversation& row,
                                      proto::ConversationHandle handle,
                                      store::DatabaseId database) {
  auto out = std::make_unique<Endpoint>();
  out->database = database;
  out->handle = handle;
  out->conversation = id_of<proto::ConversationId>(row.conversation_id());
  out->is_initiator = row.is_initiator();
  out->group = id_of<proto::ConversationGroupId>(row.group_id());
  out->service = row.service();
  out->own_service = row.own_service();
  out->contract = row.contract();
  out->contract_name = row.contract_name();
  out->far_service = row.far_service();
  if (!row.far_broker().empty()) out->far_broker = id_of<proto::BrokerId>(row.far_broker());
  out->created = proto::from_unix_us(row.created_us());
  out->expires = never_if_zero(row.expires_us());
  out->priority = row.priority();
  out->state = parse_state(row.state()).value_or(EndpointState::closed);
  out->encryption = row.encryption();
  out->is_secured = row.is_secured();
  out->parties = parties_of(row.parties());
  out->principal = row.principal();
  out->far_principal = row.far_principal();
  out->outbound = get_key(row.outbound());
  out->inbound = get_key(row.inbound());
  out->outbound_sealed = proto::to_bytes(row.outbound().sealed());
  out->inbound_sealed = proto::to_bytes(row.inbound().sealed());
  out->reply_seen = row.reply_seen();
  out->grant_not_after = proto::from_unix_us(row.grant_not_after_us());
  out->send_sequence = row.send_sequence();
  out->acknowledged = row.acknowledged();
  out->acknowledged_fragment = row.acknowledged_fragment();
  out->next_to_send = row.acknowledged();
  out->next_fragment = row.acknowledged_fragment();
  out->sent_highest =
      row.send_sequence();  // a crash forgets which were handed over: all may have been
  out->first_acknowledged = row.first_acknowledged();
  out->end_sequence = row.end_sequence();
  out->receive_sequence = row.receive_sequence();
  out->receive_fragment = row.receive_fragment();
  out->receive_length = row.receive_length();
  out->timer_at = never_if_zero(row.timer_us());
  out->security_timestamp = proto::from_unix_us(row.security_timestamp_us());
  out->saw_first_ack = row.security_timestamp_us() != 0;
  out->address = row.address();
  out->notifies = row.notifies();
  out->awaits_answer = row.awaits_answer();
  out->error_for_peer = row.error_for_peer();
  if (row.asks_for() != 0) {
    out->asks = std::make_unique<ConfigurationRequest>(ConfigurationRequest{
        static_cast<ConfigurationRequest::Kind>(row.asks_for()), row.asks_about()});
  }
  return out;
}

}  // namespace

proto::Bytes fragment_key(const proto::ConversationHandle& handle, std::uint32_t fragment) {
  proto::Bytes key = proto::to_bytes(handle.view());
  put_key_number(key, fragment, sizeof fragment);
  return key;
}

void Engine::State::keep_tombstone(store::DatabaseId id, proto::ConversationId conversation,
                                   proto::TimePoint until) {
  instance.store().put_record(id, kTombstoneTable, conversation.view(),
                              std::make_shared<const proto::Bytes>(time_bytes(until)));
}

std::optional<proto::Bytes> Engine::record_key(store::DatabaseId database,
                                               proto::ConversationHandle conversation) const {
  const DatabaseState* data = state_->database(database);
  const auto ref = data == nullptr ? EndpointIndex::kNone : data->index.find(conversation);
  if (ref == EndpointIndex::kNone) return std::nullopt;
  return key_of(data->index.at(ref));
}

proto::Bytes serialized(const google::protobuf::MessageLite& row) {
  proto::Bytes out(row.ByteSizeLong());
  row.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

void Engine::State::store_endpoint(const DatabaseState& state, Endpoint& endpoint) {
  const proto::Bytes key = key_of(state.index.at(endpoint.ref));
  endpoint.is_row_of_this_run = true;
  instance.store().put_record(state.id, kConversationTable, key,
                              std::make_shared<const proto::Bytes>(serialized(row_of(endpoint))));
  proto::Bytes head = head_of(endpoint);
  if (endpoint.stored_head && *endpoint.stored_head == head) return;
  endpoint.stored_head = std::make_shared<const proto::Bytes>(std::move(head));
  instance.store().put_record(state.id, kConversationHeadTable, key, endpoint.stored_head);
}

std::unique_ptr<Endpoint> Engine::State::read_endpoint(DatabaseState& state,
                                                       EndpointIndex::Ref ref) {
  const EndpointIndex::Entry& entry = state.index.at(ref);
  const store::RecordValue row =
      instance.store().record(state.id, kConversationTable, key_of(entry));
  if (!row) {
    throw store::StoreFailure("the row of conversation " + entry.handle.text() +
                              " is gone: the database file is damaged");
  }
  auto read = endpoint_of(parse_row(*row), entry.handle, state.id);
  read->ref = ref;
  read->scheduled = entry.due;
  if (!entry.has_slept) {  // the address is that of an earlier run
    read->address.clear();
    read->is_row_of_this_run = false;
  }
  return read;
}

// All entries first: the tables of the index are then made once, in their size.
void Engine::State::load_index(DatabaseState& state) {
  std::vector<std::pair<EndpointIndex::Entry, std::int32_t>> loaded;
  instance.store().each_record(
      state.id, kConversationHeadTable,
      [&](const store::Store::Record& head) { loaded.push_back(entry_of(head.key, *head.value)); });
  if (!loaded.empty()) state.next_number = loaded.back().first.number + 1;
  state.index.reserve(loaded.size());
  for (const auto& [entry, service] : loaded) {
    const auto ref = state.index.add(entry, service);
    if (ref == EndpointIndex::kNone) throw_damaged();
    if (service == kBrokersOwnService) find_request(state, ref);
    if (service == kEventNotificationService) find_notification(state, ref);
  }
}

void Engine::State::load(DatabaseState& state, proto::TimePoint now) {
  store::Store& store = instance.store();
  refuse_older(store, state.id);
  for (const auto table :
       {kConversationTable, kConversationHeadTable, kFragmentTable, kTombstoneTable})
    store.open_records(state.id, table);
  load_index(state);
  state.messages = std::make_unique<MessageLog>(
      store, state.id,
      [this, &state](const StoredMessage& message, const stored::MessageClass& message_class,
                     const MessagePlace&,
                     const MessagePlace& to) { message_moved(state, message, message_class, to); });
  state.messages->load(
      [&](const StoredMessage& message, const stored::MessageClass& message_class,
          const MessagePlace& place) { load_message(state, message, message_class, place, now); });
  for (auto& [handle, sender] : state.awake) {
    // Packs keep no order between them once messages have moved from one to another.
    std::sort(
        sender->pending.begin(), sender->pending.end(),
        [](const PendingMessage& a, const PendingMessage& b) { return a.sequence < b.sequence; });
    schedule(*sender);
  }
  for (const auto& [key, until] : store.records(state.id, kTombstoneTable)) {
    const auto id = proto::ConversationId::from_bytes(key);
    if (id) state.tombstones[*id] = time_of(*until);
  }
  release_held(state, now);
}

void Engine::State::load_message(DatabaseState& state, const StoredMessage& message,
                                 const stored::MessageClass& message_class,
                                 const MessagePlace& place, proto::TimePoint now) {
  const auto handle = id_of<proto::ConversationHandle>(message_class.handle());
  const auto ref = state.index.find(handle);
  if (message.kind == StoredKind::transmission) {
    Endpoint* owner = awake(state, ref);
    if (owner == nullptr) return;
    owner->pending.push_back({message.sequence, message_class.message_type_name(),
                              message_class.is_end_dialog(), message_class.is_error(),
                              message_class.has_body(), place.body_bytes,
                              proto::from_unix_us(message.enqueued_us), place});
    owner->retry_at = now;
    return;
  }
  state.next_order = std::max(state.next_order, message.order + 1);
  const bool is_retained =
      message.kind == StoredKind::retained_received || message.kind == StoredKind::retained_sent;
  if (is_retained) {
    load_retained(state, message, message_class, place);
    return;
  }
  QueueEntry entry;
  entry.order = message.order;
  entry.conversation = handle;
  entry.sequence = message.sequence;
  entry.place = place;
  entry.rank = static_cast<std::uint8_t>(message_class.rank());
  entry.priority = static_cast<std::uint8_t>(message_class.priority());
  if (message.kind == StoredKind::held)
    load_held(state, entry);
  else
    state.queues[message_class.queue()].add(group_of(state, ref, message_class), entry);
}

void Engine::State::message_moved(DatabaseState& state, const StoredMessage& message,
                                  const stored::MessageClass& message_class,
                                  const MessagePlace& to) {
  const auto ref = state.index.find(id_of<proto::ConversationHandle>(message_class.handle()));
  if (message.kind == StoredKind::transmission) {
    Endpoint* owner = ref == EndpointIndex::kNone ? nullptr : state.index.at(ref).awake;
    SSB_CHECK(owner != nullptr && !owner->pending.empty());
    const std::uint64_t first = owner->pending.front().sequence;
    owner->pending.at(static_cast<std::size_t>(message.sequence - first)).place = to;
    return;
  }
  if (message.kind != StoredKind::queued) {
    load_message(state, message, message_class, to, {});
    return;
  }
  QueueEntry* entry =
      state.queues[message_class.queue()].find(group_of(state, ref, message_class), message.order);
  SSB_CHECK(entry != nullptr);
  entry->place = to;
}

void Engine::State::touch(Endpoint& endpoint) {
  touch_later(endpoint);
  is_urgent = true;
}

void Engine::State::touch_later(Endpoint& endpoint) {
  endpoint.is_dirty = true;
  use(endpoint);
  has_gathered = true;
}

void Engine::State::schedule(Endpoint& endpoint) {
  endpoint.scheduled = std::min(endpoint.retry_at, due_of(endpoint));
  if (endpoint.ref != EndpointIndex::kNone)
    database(endpoint.database)->index.set_due(endpoint.ref, endpoint.scheduled);
}

void Engine::State::add_endpoint(std::unique_ptr<Endpoint> added) {
  Endpoint& endpoint = *added;
  DatabaseState& state = *database(endpoint.database);
  EndpointIndex::Entry entry;
  entry.handle = endpoint.handle;
  entry.conversation = endpoint.conversation;
  entry.is_initiator = endpoint.is_initiator;
  entry.group = endpoint.group;
  entry.number = state.next_number++;
  entry.awake = &endpoint;
  endpoint.ref = state.index.add(entry, endpoint.service);
  SSB_CHECK(endpoint.ref != EndpointIndex::kNone);
  endpoint.rest = Rest::used;
  endpoint.rest_at = state.used.insert(state.used.end(), &endpoint);
  state.awake.emplace(endpoint.handle, std::move(added));
}

void Engine::State::remove_endpoint(Endpoint& endpoint, proto::TimePoint now) {
  DatabaseState& state = *database(endpoint.database);
  const proto::ConversationHandle handle = endpoint.handle;
  const proto::Bytes key = key_of(state.index.at(endpoint.ref));
  for (const auto table : {kConversationTable, kConversationHeadTable})
    instance.store().erase_record(state.id, table, key);
  // Of a message whose rest will never come.
  for (std::uint32_t i = 0; i < endpoint.receive_fragment; ++i)
    instance.store().erase_record(state.id, kFragmentTable, fragment_key(handle, i));
  use(endpoint);
  state.used.erase(endpoint.rest_at);
  state.index.remove(endpoint.ref);
  if (state.index.group(endpoint.group)->members == 0) trace_group(endpoint, kGroupDropped, now);
  if (!state.locks.contains(endpoint.group))
    state.index.forget_group_without_members(endpoint.group);
  state.awake.erase(handle);
}

void Engine::State::write_changes() {
  is_urgent = false;
  has_gathered = false;
  for (auto& [id, state] : databases) {
    if (state.messages) state.messages->write();
    rest(state);
  }
}

std::optional<proto::ByteView> Engine::State::pending_body(const Endpoint& endpoint,
                                                           const PendingMessage& message) const {
  if (!message.has_body) return std::nullopt;
  return databases.at(endpoint.database).messages->body(message.place);
}

}  // namespace ssb::broker::conversation
