// Records of the engine in a database, and how they are read back.
//
//   conversation   handle -> stored.proto Conversation, written once a group commit when it changed
//   fragment       handle | 4 bytes index, big-endian -> body: of the one message that is arriving in parts
//   tombstone      conversation id -> 8 bytes microseconds of Unix time, little-endian: replay protection after a conversation has gone
//   message_pack, message_removed: messages that wait (message_log.h)
#include <algorithm>

#include "broker/conversation/state.h"
#include "broker/keys/key_hierarchy.h"
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

stored::Conversation parse_row(const proto::Bytes& bytes) {
  stored::Conversation row;
  if (!row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw store::StoreFailure(
        "a row of the conversation engine does not parse: the database file is damaged");
  }
  return row;
}

constexpr std::size_t kTimeBytes = 8;

proto::Bytes time_bytes(proto::TimePoint time) {
  const auto us = static_cast<std::uint64_t>(proto::to_unix_us(time));
  proto::Bytes out;
  for (std::size_t i = 0; i < kTimeBytes; ++i)
    out.push_back(static_cast<std::uint8_t>(us >> (8 * i)));
  return out;
}
proto::TimePoint time_of(const proto::Bytes& bytes) {
  std::uint64_t us = 0;
  for (std::size_t i = 0; i < std::min(bytes.size(), kTimeBytes); ++i)
    us |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return proto::from_unix_us(static_cast<std::int64_t>(us));
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
  return out;
}

}  // namespace

proto::Bytes fragment_key(const proto::ConversationHandle& handle, std::uint32_t fragment) {
  proto::Bytes key = proto::to_bytes(handle.view());
  for (int shift = 24; shift >= 0; shift -= 8)
    key.push_back(static_cast<std::uint8_t>(fragment >> shift));
  return key;
}

void Engine::State::keep_tombstone(store::DatabaseId id, proto::ConversationId conversation,
                                   proto::TimePoint until) {
  instance.store().put_record(id, kTombstoneTable, conversation.view(),
                              std::make_shared<const proto::Bytes>(time_bytes(until)));
}

proto::Bytes serialized(const google::protobuf::MessageLite& row) {
  proto::Bytes out(row.ByteSizeLong());
  row.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

void Engine::State::store_endpoint(const Endpoint& endpoint) {
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
  row.set_grant_not_after_us(proto::to_unix_us(endpoint.grant_not_after));
  if (endpoint.outbound)
    put_key(row.mutable_outbound(), *endpoint.outbound, endpoint.outbound_sealed);
  if (endpoint.inbound) put_key(row.mutable_inbound(), *endpoint.inbound, endpoint.inbound_sealed);
  instance.store().put_record(endpoint.database, kConversationTable, endpoint.handle.view(),
                              std::make_shared<const proto::Bytes>(serialized(row)));
}

void Engine::State::load(DatabaseState& state, proto::TimePoint now) {
  store::Store& store = instance.store();
  for (const auto table : {kConversationTable, kFragmentTable, kTombstoneTable})
    store.open_records(state.id, table);
  std::optional<proto::Secret> master_key;
  if (auto opened = keys::open_by_service_master_key(instance, state.id))
    master_key = std::move(*opened);

  for (const auto& [key, row] : store.records(state.id, kConversationTable)) {
    const auto handle = proto::ConversationHandle::from_bytes(key);
    if (!handle) continue;
    auto loaded = endpoint_of(parse_row(*row), *handle, state.id);
    if (master_key) open_keys(*loaded, *master_key);
    add_endpoint(std::move(loaded));
  }
  state.messages = std::make_unique<MessageLog>(
      store, state.id,
      [this, &state](const StoredMessage& message, const stored::MessageClass& message_class,
                     const MessagePlace&,
                     const MessagePlace& to) { message_moved(state, message, message_class, to); });
  state.messages->load(
      [&](const StoredMessage& message, const stored::MessageClass& message_class,
          const MessagePlace& place) { load_message(state, message, message_class, place, now); });
  // Packs keep no order between them once messages have moved from one to another.
  for (auto& [handle, loaded] : state.endpoints) {
    std::sort(
        loaded->pending.begin(), loaded->pending.end(),
        [](const PendingMessage& a, const PendingMessage& b) { return a.sequence < b.sequence; });
  }
  for (const auto& [key, until] : store.records(state.id, kTombstoneTable)) {
    const auto id = proto::ConversationId::from_bytes(key);
    if (id) state.tombstones[*id] = time_of(*until);
  }
  for (auto& [handle, loaded] : state.endpoints) schedule(*loaded);
}

void Engine::State::load_message(DatabaseState& state, const StoredMessage& message,
                                 const stored::MessageClass& message_class,
                                 const MessagePlace& place, proto::TimePoint now) {
  const auto handle = id_of<proto::ConversationHandle>(message_class.handle());
  const auto found = state.endpoints.find(handle);
  Endpoint* owner = found == state.endpoints.end() ? nullptr : found->second.get();
  if (message.kind == StoredKind::transmission) {
    if (owner == nullptr) return;
    owner->pending.push_back({message.sequence, message_class.message_type_name(),
                              message_class.is_end_dialog(), message_class.is_error(),
                              message_class.has_body(), place.body_bytes,
                              proto::from_unix_us(message.enqueued_us), place});
    owner->retry_at = now;
    return;
  }
  QueueEntry entry;
  entry.order = message.order;
  entry.conversation = handle;
  entry.sequence = message.sequence;
  entry.place = place;
  entry.rank = static_cast<std::uint8_t>(message_class.rank());
  entry.priority = static_cast<std::uint8_t>(message_class.priority());
  state.next_order = std::max(state.next_order, entry.order + 1);
  // MOVE CONVERSATION changes the group of a conversation, not its messages.
  const auto group =
      owner == nullptr ? id_of<proto::ConversationGroupId>(message_class.group_id()) : owner->group;
  state.queues[message_class.queue()].add(group, entry);
}

void Engine::State::message_moved(DatabaseState& state, const StoredMessage& message,
                                  const stored::MessageClass& message_class,
                                  const MessagePlace& to) {
  const auto found = state.endpoints.find(id_of<proto::ConversationHandle>(message_class.handle()));
  Endpoint* owner = found == state.endpoints.end() ? nullptr : found->second.get();
  if (message.kind == StoredKind::transmission) {
    SSB_CHECK(owner != nullptr && !owner->pending.empty());
    const std::uint64_t first = owner->pending.front().sequence;
    owner->pending.at(static_cast<std::size_t>(message.sequence - first)).place = to;
    return;
  }
  const auto group =
      owner == nullptr ? id_of<proto::ConversationGroupId>(message_class.group_id()) : owner->group;
  QueueEntry* entry = state.queues[message_class.queue()].find(group, message.order);
  SSB_CHECK(entry != nullptr);
  entry->place = to;
}

void Engine::State::touch(Endpoint& endpoint) {
  touch_later(endpoint);
  is_urgent = true;
}

void Engine::State::touch_later(Endpoint& endpoint) {
  database(endpoint.database)->dirty.insert(endpoint.handle);
  has_gathered = true;
}

void Engine::State::schedule(Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  if (endpoint.scheduled != proto::kNever) state.due.erase({endpoint.scheduled, endpoint.handle});
  proto::TimePoint at = std::min(endpoint.retry_at, endpoint.timer_at);
  if (endpoint.is_active()) at = std::min(at, endpoint.expires);
  if (endpoint.state == EndpointState::closed) {
    const bool has_date =
        endpoint.saw_first_ack || endpoint.is_initiator;  // close() dates a closed initiator
    at = endpoint.expires == proto::kNever ? proto::kNever : endpoint.expires + kClosedRetention;
    if (has_date) at = endpoint.security_timestamp;
  }
  endpoint.scheduled = at;
  if (at != proto::kNever) state.due.emplace(at, endpoint.handle);
}

void Engine::State::add_endpoint(std::unique_ptr<Endpoint> added) {
  Endpoint& endpoint = *added;
  DatabaseState& state = *database(endpoint.database);
  Group& group = state.groups[endpoint.group];
  group.members.insert(endpoint.handle);
  group.service = endpoint.service;
  state.by_conversation[{endpoint.conversation, endpoint.is_initiator}] = &endpoint;
  state.endpoints[endpoint.handle] = std::move(added);
}

void Engine::State::remove_endpoint(Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  const proto::ConversationHandle handle = endpoint.handle;
  if (endpoint.scheduled != proto::kNever) state.due.erase({endpoint.scheduled, handle});
  state.dirty.erase(handle);
  Group& group = state.groups[endpoint.group];
  group.members.erase(handle);
  if (group.members.empty() && group.locked_by == 0) state.groups.erase(endpoint.group);
  state.by_conversation.erase({endpoint.conversation, endpoint.is_initiator});
  instance.store().erase_record(state.id, kConversationTable, handle.view());
  // Of a message whose rest will never come.
  for (std::uint32_t i = 0; i < endpoint.receive_fragment; ++i)
    instance.store().erase_record(state.id, kFragmentTable, fragment_key(handle, i));
  state.endpoints.erase(handle);
}

void Engine::State::write_changes() {
  is_urgent = false;
  has_gathered = false;
  for (auto& [id, state] : databases) {
    if (state.messages) state.messages->write();
    for (const auto& handle : state.dirty) store_endpoint(*state.endpoints.at(handle));
    state.dirty.clear();
  }
}

std::optional<proto::ByteView> Engine::State::pending_body(const Endpoint& endpoint,
                                                           const PendingMessage& message) const {
  if (!message.has_body) return std::nullopt;
  return databases.at(endpoint.database).messages->body(message.place);
}

}  // namespace ssb::broker::conversation
