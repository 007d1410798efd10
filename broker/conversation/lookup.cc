#include <array>
#include <iterator>

#include "broker/conversation/state.h"
#include "broker/crypto/digest.h"
#include "proto/error_code.h"
#include "proto/fast_hash.h"

namespace ssb::broker::conversation {
namespace {

std::string between(const std::string& text, std::string_view open, std::string_view close) {
  const auto begin = text.find(open);
  if (begin == std::string::npos) return {};
  const auto end = text.find(close, begin + open.size());
  return end == std::string::npos ? std::string()
                                  : text.substr(begin + open.size(), end - begin - open.size());
}

}  // namespace

DatabaseState* Engine::State::database(store::DatabaseId id) {
  const auto found = databases.find(id);
  return found == databases.end() ? nullptr : &found->second;
}

Endpoint* Engine::State::endpoint(store::DatabaseId id, proto::ConversationHandle handle) {
  DatabaseState* state = database(id);
  if (state == nullptr) return nullptr;
  return awake(*state, state->index.find(handle));
}

Endpoint* Engine::State::endpoint(DatabaseState& state, proto::ConversationId conversation,
                                  bool is_initiator) {
  return awake(state, state.index.find(conversation, is_initiator));
}

proto::Result<const Endpoint*> Engine::State::visible(const catalog::Transaction& transaction,
                                                      store::DatabaseId id,
                                                      proto::ConversationHandle handle,
                                                      bool with_closed_rows) {
  if (const PendingWork* pending = work_of(transaction)) {
    const auto begun = pending->begun.find(handle);
    if (begun != pending->begun.end() && begun->second->database == id) return begun->second;
  }
  const Endpoint* found = endpoint(id, handle);
  const bool is_closed = found != nullptr && state_in(transaction, *found) == EndpointState::closed;
  const bool is_row = is_closed && found->state == EndpointState::closed && !found->is_initiator;
  const bool gone = found == nullptr || (is_closed && !(with_closed_rows && is_row));
  if (gone) return proto::Error(proto::ErrorCode::unknown_conversation, handle.text());
  return found;
}

EndpointState Engine::State::state_in(const catalog::Transaction& transaction,
                                      const Endpoint& endpoint) const {
  if (const PendingWork* pending = work_of(transaction)) {
    const auto found = pending->states.find(endpoint.handle);
    if (found != pending->states.end()) return found->second;
  }
  return endpoint.state;
}

proto::Result<void> Engine::State::lock_group(catalog::Transaction& transaction,
                                              DatabaseState& state, proto::ConversationGroupId id) {
  PendingWork& pending = work(transaction);
  const auto [lock, is_new] = state.locks.try_emplace(id, transaction.id);
  if (lock->second != transaction.id) {
    instance.lock_waits().refused(transaction.id, lock->second);
    return proto::Error(proto::ErrorCode::lock_timeout,
                        "conversation group " + id.text() + " is locked by another transaction");
  }
  if (!is_new) return {};
  state.index.hold_group(id, 0);
  pending.locks.emplace(state.id, id);
  return {};
}

const pb::Service* Engine::State::service(store::DatabaseId id, std::int32_t service_id) const {
  const catalog::Catalog* found = std::as_const(instance).database(id);
  return found == nullptr ? nullptr : found->table<pb::Service>().find(service_id);
}

const pb::Queue* Engine::State::queue_of(store::DatabaseId id, std::int32_t service_id) const {
  const pb::Service* found = service(id, service_id);
  return found == nullptr
             ? nullptr
             : std::as_const(instance).database(id)->table<pb::Queue>().find(found->queue());
}

std::string Engine::State::database_name(store::DatabaseId id) const {
  return std::as_const(instance).database(id) == nullptr ? std::string() : instance.info(id).name();
}

PendingWork& Engine::State::work(catalog::Transaction& transaction) {
  if (!transaction.dialogs) transaction.dialogs = std::make_unique<PendingWork>();
  return static_cast<PendingWork&>(*transaction.dialogs);
}

const PendingWork* Engine::State::work_of(const catalog::Transaction& transaction) {
  return static_cast<const PendingWork*>(transaction.dialogs.get());
}

void Engine::State::log_error(store::DatabaseId database, std::string conversation,
                              proto::Error error, proto::TimePoint now) {
  proto::TraceRecord out;
  out.at = now;
  out.event = proto::EventClass::error_log;
  out.database = database_name(database);
  out.conversation_id = std::move(conversation);
  out.text = error.text();
  out.error = std::move(error);
  trace(std::move(out));
}

proto::TraceRecord Engine::State::record(proto::EventClass event, int subclass,
                                         std::string subclass_name, const Endpoint& endpoint,
                                         proto::TimePoint now) const {
  proto::TraceRecord out;
  out.at = now;
  out.event = event;
  out.subclass = subclass;
  out.subclass_name = std::move(subclass_name);
  out.database = database_name(endpoint.database);
  out.conversation_id = endpoint.conversation.text();
  constexpr std::size_t kEntries = 8;  // with what most callers add
  out.detail.reserve(kEntries);
  out.detail.emplace_back("from_service", endpoint.own_service);
  out.detail.emplace_back("to_service", endpoint.far_service);
  out.detail.emplace_back("role", endpoint.is_initiator ? "initiator" : "target");
  out.detail.emplace_back("conversation_handle", endpoint.handle.text());
  return out;
}

void Engine::State::trace_conversation(const Endpoint& endpoint, int subclass, const char* name,
                                       proto::TimePoint now, Detail more) {
  if (!traces_messages) return;
  auto out = record(proto::EventClass::conversation, subclass, name, endpoint, now);
  out.text = state_description(endpoint.state);
  std::move(more.begin(), more.end(), std::back_inserter(out.detail));
  trace(std::move(out));
}

void Engine::State::trace_begun(const Endpoint& endpoint, int subclass, const char* name,
                                proto::TimePoint now, Detail more) {
  if (!traces_messages) return;
  const EndpointIndex& index = database(endpoint.database)->index;
  if (index.group(endpoint.group)->members == 1) trace_group(endpoint, kGroupCreated, now);
  trace_conversation(endpoint, subclass, name, now, std::move(more));
}

void Engine::State::trace_group(const Endpoint& endpoint, int subclass, proto::TimePoint now) {
  if (!traces_messages) return;
  auto out = record(proto::EventClass::conversation_group, subclass,
                    subclass == kGroupCreated ? "Create" : "Drop", endpoint, now);
  out.text = endpoint.group.text();
  out.detail.emplace_back("conversation_group", endpoint.group.text());
  trace(std::move(out));
}

std::string digest_of(const Header& parsed, proto::ByteView header, proto::ByteView body) {
  if (!parsed.has_security()) return {};
  return proto::to_hex(proto::fast_hash_128(std::array{header, body}));
}

std::string escaped_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      default: escaped.push_back(c);
    }
  }
  return escaped;
}

proto::Bytes xml_body(std::string_view xml) {
  proto::Bytes body{0xFF, 0xFE};
  const proto::Bytes text = proto::to_utf16le(xml);
  body.insert(body.end(), text.begin(), text.end());
  return body;
}

proto::Bytes error_body(std::int64_t code, std::string_view description) {
  return xml_body(
      "<?xml version=\"1.0\"?><Error "
      "xmlns=\"http://schemas.microsoft.com/SQL/ServiceBroker/Error\"><Code>" +
      std::to_string(code) + "</Code><Description>" + escaped_xml(description) +
      "</Description></Error>");
}

BodyError read_error_body(proto::ByteView body) {
  const std::string text = proto::from_utf16le(body);
  return {between(text, "<Code>", "</Code>"), between(text, "<Description>", "</Description>")};
}

}  // namespace ssb::broker::conversation
