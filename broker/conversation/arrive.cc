// Messages from the network: where they belong, whose they are, and whether their keys open them. Nothing changes before all of that
// is known; the order of the questions is that of reference service-broker.md 2.7.
#include "broker/conversation/state.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

std::optional<proto::BrokerId> broker_id(const std::string& bytes) {
  return bytes.empty() ? std::nullopt : proto::BrokerId::from_bytes(proto::as_bytes(bytes));
}

proto::ConversationId conversation_of(const Header& header) {
  return proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()))
      .value_or(proto::ConversationId{});
}

// A first message that names no broker may come to several targets: the dialog belongs to the one that answered first.
bool is_of_another_target(const Endpoint& endpoint, const Header& header) {
  return endpoint.is_initiator && endpoint.far_broker &&
         broker_id(header.from_broker()) != endpoint.far_broker;
}

// The conversation that header bytes name, and whether they are for its initiator: where parse_header accepts them, they begin with
// kind and conversation id, and the direction follows. Nothing is believed of it: it only finds what might read them.
std::optional<std::pair<proto::ConversationId, bool>> name_of_peer(proto::ByteView bytes) {
  constexpr std::size_t kIdAt = 4;
  constexpr std::size_t kDirectionAt = kIdAt + 16;
  const bool fits = bytes.size() > kDirectionAt + 1 && bytes[0] == 0x08 && bytes[1] < 0x80 &&
                    bytes[2] == 0x12 && bytes[3] == 16;
  if (!fits) return std::nullopt;
  const auto id = proto::ConversationId::from_bytes(bytes.subspan(kIdAt, 16));
  if (!id) return std::nullopt;
  const bool from_initiator = bytes[kDirectionAt] == 0x18 && bytes[kDirectionAt + 1] == 1;
  return std::pair(*id, !from_initiator);
}

bool is_ack(proto::ByteView bytes) {
  return bytes[1] == Header::ACK;
}

}  // namespace

void Engine::State::arrived(const proto::DialogMessage& message, std::string_view from_address,
                            proto::TimePoint now) {
  if (const auto name = name_of_peer(message.header)) {
    Lane* lane = lanes.find(*name);
    auto* header_reader =
        lane == nullptr ? nullptr : &lane->readers.at(is_ack(message.header) ? 1 : 0);
    const Header* read =
        header_reader == nullptr || !*header_reader ? nullptr : (*header_reader)->read(message);
    if (read != nullptr) {
      parsed(message, *read, &(*header_reader)->ids(), from_address, now);
      return;
    }
  }
  const auto header = dialog::parse_message(message, from_address);
  if (header) {
    parsed(message, *header, nullptr, from_address, now);
    return;
  }
  proto::TraceRecord out;
  out.at = now;
  out.event = proto::EventClass::corrupted_message;
  out.error = header.error();
  out.text = header.error().text();
  out.detail = {{"peer", std::string(from_address)}};
  trace(std::move(out));
}

void Engine::State::remember_header(const dialog::Arrived& message) {
  const Header& header = message.header;
  if (header.kind() != Header::SEQUENCED && header.kind() != Header::ACK) return;
  if (header.is_end_dialog() || header.is_error()) return;  // no message follows it
  const auto name = name_of_peer(message.header_bytes);
  SSB_CHECK(name);
  Lane* lane = lanes.find(*name);
  if (lane == nullptr) lane = &lanes.put(*name, Lane{});
  auto& header_reader = lane->readers.at(is_ack(message.header_bytes) ? 1 : 0);
  if (header_reader && header_reader->has_given(header)) return;
  header_reader.emplace(message.header_bytes, header);
}

void Engine::State::parsed(const proto::DialogMessage& message, const Header& header,
                           const dialog::HeaderIds* ids, std::string_view from_address,
                           proto::TimePoint now) {
  const routing::Arrival arrival{header.to_service(), broker_id(header.to_broker()),
                                 header.from_initiator()};
  const auto route = routes.arrive(instance, arrival, now);
  switch (route->kind) {
    case routing::Destination::Kind::remote: return forward(message, header, *route, now);
    case routing::Destination::Kind::delayed:
      return not_taken(header, arrival, *route, from_address, now);
    case routing::Destination::Kind::local: break;
  }
  const store::DatabaseId id = route->database;
  DatabaseState* state = database(id);
  if (state == nullptr || !instance.info(id).is_broker_enabled()) {
    undeliverable(id, header,
                  proto::Error(proto::ErrorCode::target_broker_disabled, database_name(id)), {},
                  now);
    return;
  }
  const dialog::Arrived arrived_message{header, message.header, message.body, from_address, ids};
  if (Endpoint* found = endpoint(*state, conversation_of(header), !header.from_initiator()))
    arrived_at(*found, arrived_message, now);
  else
    arrived_first(*state, arrived_message, now);
}

// The sender keeps what is dropped here, and tries again.
void Engine::State::not_taken(const Header& header, const routing::Arrival& arrival,
                              const routing::Destination& to, std::string_view from_address,
                              proto::TimePoint now) {
  const Detail peer{{"peer", std::string(from_address)}};
  const proto::Error refusal = routing::refusal_of(instance, arrival);
  proto::TraceRecord out;
  out.at = now;
  out.conversation_id = conversation_of(header).text();
  out.detail = {{"from_service", header.from_service()}, {"to_service", header.to_service()}};
  out.detail.insert(out.detail.end(), peer.begin(), peer.end());
  if (auto asked = ask_for_route(catalog::kMsdb, to, header.to_service(), now)) {
    out.event = proto::EventClass::message_classify;
    out.subclass = 3;
    out.subclass_name = "Delayed";
    out.error = std::move(asked);
  } else if (refusal.code == proto::ErrorCode::no_route_to_forward) {
    out.event = proto::EventClass::forwarded_message_dropped;
    out.error = refusal;
    out.text = refusal.text();
  } else {
    undeliverable(0, header, refusal, peer, now);
    return;
  }
  trace(std::move(out));
}

void Engine::State::forward(const proto::DialogMessage& message, const Header& header,
                            const routing::Destination& to, proto::TimePoint now) {
  const pb::Endpoint* endpoint = routing::broker_endpoint(instance);
  const bool enabled = endpoint != nullptr && endpoint->is_message_forwarding_enabled();
  proto::TraceRecord out;
  out.at = now;
  out.conversation_id = conversation_of(header).text();
  out.detail = {{"from_service", header.from_service()},
                {"to_service", header.to_service()},
                {"address", to.address},
                {"hops_remaining", std::to_string(message.hops_remaining)}};
  if (!enabled || message.hops_remaining == 0) {
    out.event = proto::EventClass::forwarded_message_dropped;
    out.error = enabled ? proto::Error(proto::ErrorCode::hop_limit_reached, header.from_service(),
                                       std::to_string(proto::kHopsMax))
                        : proto::Error(proto::ErrorCode::forwarding_disabled);
    out.text = out.error->text();
    trace(std::move(out));
    return;
  }
  out.event = proto::EventClass::message_classify;
  out.subclass = 2;
  out.subclass_name = "Remote";
  trace(std::move(out));
  hand_over(to.address, message);
}

void Engine::State::refused(store::DatabaseId id, const dialog::Arrived& message,
                            const dialog::Refusal& refusal, proto::TimePoint now) {
  Detail detail = refusal.detail;
  detail.emplace_back("step", std::to_string(refusal.step));
  detail.emplace_back("peer", std::string(message.peer));
  const std::string conversation = conversation_of(message.header).text();
  if (refusal.audit_subclass != dialog::kAuditNone) {
    static constexpr const char* kNames[] = {"", "No Security Header", "No Certificate",
                                             "Invalid Signature", "Run As Target Failure"};
    proto::TraceRecord audit;
    audit.at = now;
    audit.event = proto::EventClass::audit_conversation;
    audit.subclass = refusal.audit_subclass;
    audit.subclass_name = kNames[refusal.audit_subclass];
    audit.database = database_name(id);
    audit.conversation_id = conversation;
    audit.text = refusal.audit_text;
    audit.detail = detail;
    trace(std::move(audit));
  }
  if (refusal.log) log_error(id, conversation, *refusal.log, now);
  if (refusal.event == proto::EventClass::message_undeliverable) {
    undeliverable(id, message.header, refusal.error, std::move(detail), now);
    return;
  }
  proto::TraceRecord out;
  out.at = now;
  out.event = refusal.event;
  out.database = database_name(id);
  out.conversation_id = conversation;
  out.error = refusal.error;
  out.text = refusal.error.text();
  out.detail = std::move(detail);
  trace(std::move(out));
}

void Engine::State::arrived_first(DatabaseState& state, const dialog::Arrived& message,
                                  proto::TimePoint now) {
  const Header& header = message.header;
  const bool sequenced = dialog::is_sequenced(header);
  if (header.kind() != Header::BEGIN || !header.from_initiator()) {
    const auto error = sequenced ? proto::Error(proto::ErrorCode::not_first_message)
                                 : proto::Error(proto::ErrorCode::no_such_conversation,
                                                conversation_of(header).text());
    undeliverable(state.id, header, error, {{"peer", std::string(message.peer)}}, now);
    // Without security the sender can be told; with it there is no key to tell it under.
    if (sequenced && !header.has_security()) {
      answer_error(state.id, header, nullptr, proto::Error(proto::ErrorCode::remote_endpoint_gone),
                   now);
    }
    return;
  }
  if (state.tombstones.contains(conversation_of(header))) {
    undeliverable(state.id, header, proto::Error(proto::ErrorCode::endpoint_already_closed),
                  {{"tombstone", "yes"}}, now);
    return;
  }
  if (header.fragment_index() !=
      0) {  // a later part before the first: the endpoint is made by the first
    undeliverable(state.id, header, proto::Error(proto::ErrorCode::out_of_sequence, "0", "0"), {},
                  now);
    return;
  }
  auto opened = dialog::open_first(instance, state.id, message, state.keys, now);
  if (!opened) {
    refused(state.id, message, opened.error(), now);
    return;
  }
  begin_target(state, message, std::move(*opened), now);
}

proto::Result<void> Engine::State::take_security(Endpoint& endpoint, dialog::OpenedFirst& opened) {
  endpoint.parties.type = opened.type;
  endpoint.is_secured =
      opened.type != dialog::SecurityType::full;  // full: the reply is decided when there is one
  endpoint.far_principal = opened.source_user;
  endpoint.principal = opened.destination_owner.value_or(0);
  endpoint.encryption = opened.type != dialog::SecurityType::none;
  endpoint.grant_not_after = opened.grant_not_after;
  if (!opened.session_key) return {};
  if (opened.type == dialog::SecurityType::anonymous)
    endpoint.outbound = opened.session_key->clone();
  endpoint.inbound = std::move(*opened.session_key);
  return keep_keys(endpoint);
}

void Engine::State::trace_identity(const Endpoint& endpoint, const char* what,
                                   const dialog::OpenedFirst& opened, proto::TimePoint now) {
  if (!traces_messages) return;
  auto out = record(proto::EventClass::security_decision, 0, what, endpoint, now);
  out.detail.emplace_back("security", dialog::security_type_name(opened.type));
  out.detail.insert(out.detail.end(), opened.detail.begin(), opened.detail.end());
  trace(std::move(out));
}

void Engine::State::begin_target(DatabaseState& state, const dialog::Arrived& message,
                                 dialog::OpenedFirst opened, proto::TimePoint now) {
  const Header& header = message.header;
  const dialog::SessionKey* key = opened.session_key ? &*opened.session_key : nullptr;
  const catalog::Catalog& catalog = *std::as_const(instance).database(state.id);
  const pb::Service* service = routing::find_service(catalog, header.to_service());
  if (service == nullptr) {
    undeliverable(state.id, header,
                  proto::Error(proto::ErrorCode::to_service_not_found, header.to_service()), {},
                  now);
    if (!header.to_broker().empty()) {
      answer_error(state.id, header, key,
                   proto::Error(proto::ErrorCode::remote_service_unknown, header.to_service()),
                   now);
    }
    return;
  }
  if (auto authorized = dialog::authorize_first(instance, state.id, *service, opened);
      !authorized) {
    refused(state.id, message, authorized.error(), now);
    if (authorized.error().answer)
      answer_error(state.id, header, key, *authorized.error().answer, now);
    return;
  }
  auto wrong = check_contract(catalog, *service, header);
  auto made = target_of(header, state.id, *service, now);
  if (!wrong) wrong = check_type(catalog, made->contract, header);
  if (!wrong && header.fragment_count() <= 1) wrong = check_body(catalog, header, opened.body);
  if (wrong) {
    undeliverable(state.id, header, wrong->error, {}, now);
    answer_error(state.id, header, key, wrong->answer, now);
    return;
  }
  const pb::Queue* queue = queue_of(state.id, service->id());
  if (queue == nullptr ||
      (is_held_back(*made) && !has_room_to_hold(*made, header.total_length()))) {
    undeliverable(state.id, header,
                  proto::Error(proto::ErrorCode::destination_queue_disabled,
                               queue == nullptr ? "" : queue->name()),
                  {}, now);
    return;
  }
  Endpoint& endpoint = *made;
  if (const auto taken = take_security(endpoint, opened); !taken) {
    undeliverable(state.id, header, taken.error(), {}, now);
    return;
  }
  add_endpoint(std::move(made));
  touch(endpoint);
  schedule(endpoint);
  trace_begun(endpoint, 12, "Dialog Created", now);
  trace_identity(endpoint, "Accepted", opened, now);
  endpoint.ack_with_inbound = true;
  accept(endpoint, {header, opened.body, &message}, now);
}

// Nothing of the message can be believed, so nothing changes: the peer tries again.
dialog::Refusal Engine::State::refuse_closed_keys(const Endpoint& endpoint) const {
  constexpr int kOpeningStep = 7;  // of reference service-broker.md 2.7
  if (!keys::open_by_service_master_key(instance, endpoint.database)) {
    return dialog::refuse_without_master_key(instance, endpoint.database, kOpeningStep,
                                             "Session key not accessible");
  }
  dialog::Refusal refusal;  // lost, or a copy of the database has another master key
  refusal.step = kOpeningStep;
  refusal.error =
      proto::Error(proto::ErrorCode::security_context_missing,
                   "the session key of its conversation does not open by the database master key");
  return refusal;
}

void Engine::State::arrived_at(Endpoint& endpoint, const dialog::Arrived& message,
                               proto::TimePoint now) {
  const Header& header = message.header;
  DatabaseState& state = *database(endpoint.database);
  if (header.to_service() != endpoint.own_service) {
    undeliverable(endpoint.database, header,
                  proto::Error(proto::ErrorCode::to_service_differs, header.to_service(),
                               endpoint.own_service),
                  {}, now);
    return;
  }
  if (!can_use_keys(endpoint)) {
    refused(endpoint.database, message, refuse_closed_keys(endpoint), now);
    return;
  }
  const auto tell_another_target = [&] {
    const proto::Error error(proto::ErrorCode::already_acknowledged_elsewhere);
    undeliverable(endpoint.database, header, error, {{"from_broker", "another target's"}}, now);
    if (header.kind() == Header::ERROR) return;
    answer_error(endpoint.database, header, endpoint.outbound ? &*endpoint.outbound : nullptr,
                 error, now);
  };
  proto::Bytes first_body;
  proto::ByteView body;
  if (dialog::is_first_reply(header, endpoint.keys())) {
    auto opened = dialog::open_reply_first(instance, endpoint.database, message, endpoint.parties,
                                           *endpoint.outbound, state.keys, now);
    if (!opened) {
      refused(endpoint.database, message, opened.error(), now);
      return;
    }
    if (is_of_another_target(endpoint, header)) return tell_another_target();
    endpoint.inbound = std::move(opened->session_key);
    if (const auto kept = keep_keys(endpoint); !kept) {
      endpoint.inbound.reset();
      undeliverable(endpoint.database, header, kept.error(), {}, now);
      return;
    }
    trace_identity(endpoint, "Confirmed", *opened, now);
    endpoint.ack_with_inbound = true;
    first_body = std::move(opened->body);
    body = first_body;
  } else {
    auto opened = dialog::open(message, endpoint.keys(), state.keys);
    if (!opened) {
      refused(endpoint.database, message, opened.error(), now);
      return;
    }
    if (is_of_another_target(endpoint, header)) return tell_another_target();
    // An ack answers under the key of the message that it answers (claim D20).
    endpoint.ack_with_inbound =
        opened->key == nullptr || !endpoint.outbound || opened->key != &*endpoint.outbound;
    body = opened->body;
    remember_header(message);
  }
  accept(endpoint, {header, body, &message}, now);
}

void Engine::State::answer_error(store::DatabaseId id, const Header& header,
                                 const dialog::SessionKey* key, const proto::Error& answer,
                                 proto::TimePoint now) {
  if (header.has_security() && key == nullptr) return;
  Header reply;
  reply.set_kind(Header::ERROR);
  reply.set_conversation_id(header.conversation_id());
  reply.set_from_initiator(!header.from_initiator());
  reply.set_from_service(header.to_service());
  reply.set_to_service(header.from_service());
  reply.set_from_broker(instance.info(id).broker_id());
  reply.set_to_broker(header.from_broker());
  send_unsequenced(id, reply, error_body(-std::int64_t{answer.number()}, answer.text()), key, now);
}

void Engine::State::undeliverable(store::DatabaseId id, const Header& header,
                                  const proto::Error& error, Detail detail, proto::TimePoint now) {
  proto::TraceRecord out;
  out.at = now;
  out.event = proto::EventClass::message_undeliverable;
  const bool sequenced = dialog::is_sequenced(header);
  out.subclass = sequenced ? 1 : 2;
  out.subclass_name = sequenced ? "Sequenced Message" : "Unsequenced Message";
  out.database = database_name(id);
  out.conversation_id = conversation_of(header).text();
  out.error = error;
  out.text = error.text();
  out.detail = {{"from_service", header.from_service()},
                {"to_service", header.to_service()},
                {"sequence", std::to_string(header.sequence())}};
  out.detail.insert(out.detail.end(), detail.begin(), detail.end());
  trace(std::move(out));
}

}  // namespace ssb::broker::conversation
