// The sending side: what waits in the transmission queue, where it goes, under which keys, and when it goes again.
//
//   Before the first acknowledgement only the first fragment of message 0 is in flight: it makes the far endpoint, and tells which
//   broker the dialog is pinned to. Then a window opens. Delivery is in order, so acknowledgements are cumulative, and a retry goes back
//   to the first thing that was not acknowledged.
#include <algorithm>
#include <utility>

#include "broker/conversation/priority.h"
#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "proto/check.h"
#include "proto/error_code.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
namespace {

const char* kind_name(const Header& header) {
  static constexpr const char* kNames[] = {"NONE", "BEGIN", "SEQUENCED", "ACK",
                                           "ERROR"};  // by number
  const auto kind = static_cast<std::size_t>(header.kind());
  return kind < std::size(kNames) ? kNames[kind] : "NONE";
}

// As it was sealed: with its nonce.
Header sealed_header(const proto::DialogMessage& message) {
  Header header;
  SSB_CHECK(header.ParseFromArray(message.header.data(), static_cast<int>(message.header.size())));
  return header;
}

Detail sent_detail(const Header& header, const proto::DialogMessage& message,
                   const std::string& address) {
  constexpr std::size_t kEntries = 19;  // with those of trace_sent
  Detail detail;
  detail.reserve(kEntries);
  detail.emplace_back("from_service", header.from_service());
  detail.emplace_back("to_service", header.to_service());
  detail.emplace_back("role", header.from_initiator() ? "initiator" : "target");
  detail.emplace_back("kind", kind_name(header));
  detail.emplace_back("sequence", std::to_string(header.sequence()));
  detail.emplace_back("fragment", std::to_string(header.fragment_index()));
  detail.emplace_back("fragments", std::to_string(header.fragment_count()));
  detail.emplace_back("message_type", header.message_type());
  detail.emplace_back("bytes", std::to_string(message.header.size() + message.body.size()));
  detail.emplace_back("body_bytes", std::to_string(message.body.size()));
  detail.emplace_back("address", address);
  if (header.has_ack()) detail.emplace_back("ack", std::to_string(header.ack().next_sequence()));
  if (header.has_security()) {
    const auto incarnation =
        proto::Guid::from_bytes(proto::as_bytes(header.security().incarnation_id()));
    detail.emplace_back("incarnation", incarnation.value_or(proto::Guid{}).text());
    detail.emplace_back("nonce", std::to_string(header.security().nonce_counter()));
    detail.emplace_back("message_xxh3", digest_of(header, message.header, message.body));
  }
  return detail;
}

}  // namespace

void Engine::State::queue_for_sending(Endpoint& endpoint, PendingMessage message,
                                      proto::ByteView body) {
  message.sequence = endpoint.send_sequence++;
  if (!endpoint.sent_class) endpoint.sent_class = std::make_unique<WrittenClass>();
  WrittenClass& last = *endpoint.sent_class;
  const bool is_plain = !message.is_end_dialog && !message.is_error;
  const bool is_alike = is_plain && last.catalog_version != 0 &&
                        last.message_type == message.message_type &&
                        last.has_body == message.has_body;
  if (!is_alike) {
    proto::stored::MessageClass common;
    common.set_handle(proto::to_string(endpoint.handle.view()));
    common.set_message_type_name(message.message_type);
    common.set_is_end_dialog(message.is_end_dialog);
    common.set_is_error(message.is_error);
    common.set_has_body(message.has_body);
    // Nothing of it is the catalog's.
    last = {is_plain ? 1U : 0U, {}, message.message_type, message.has_body, 0, serialized(common)};
  }
  message.place = database(endpoint.database)
                      ->messages->add({StoredKind::transmission, message.sequence, 0,
                                       proto::to_unix_us(message.enqueued)},
                                      last.bytes, body);
  endpoint.pending.push_back(std::move(message));
  touch(endpoint);
}

void Engine::State::pump(Endpoint& endpoint, proto::TimePoint now) {
  if (endpoint.pending.empty()) return;
  if (!instance.info(endpoint.database).is_broker_enabled()) {
    set_status(
        endpoint,
        proto::Error(proto::ErrorCode::broker_disabled_in_sender, database_name(endpoint.database)),
        now);
    back_off(endpoint, now);
    return;
  }
  if (auto open = awaited_answer(endpoint)) {
    set_status(endpoint, std::move(open), now);
    back_off(endpoint, now);
    return;
  }
  const auto route = routes.classify(
      instance, {endpoint.database, endpoint.far_service, endpoint.far_broker}, now);
  const routing::Destination& to = *route;
  switch (to.kind) {
    case routing::Destination::Kind::local: pump_local(endpoint, to, now); return;
    case routing::Destination::Kind::remote: pump_remote(endpoint, to, now); return;
    case routing::Destination::Kind::delayed: break;
  }
  auto why = to.error;
  if (!endpoint.asks) {
    if (auto asked = ask_for_route(endpoint.database, to, endpoint.far_service, now))
      why = std::move(asked);
  }
  auto classified = record(proto::EventClass::message_classify, 3, "Delayed", endpoint, now);
  classified.error = why;
  trace(std::move(classified));
  set_status(endpoint, std::move(why), now);
  back_off(endpoint, now);
}

void Engine::State::pump_remote(Endpoint& endpoint, const routing::Destination& to,
                                proto::TimePoint now) {
  if (!secure(endpoint, now)) return;
  if (endpoint.address != to.address) {
    if (traces_messages) {
      auto classified = record(proto::EventClass::message_classify, 2, "Remote", endpoint, now);
      classified.detail.emplace_back("route", to.route);
      classified.detail.emplace_back("address", to.address);
      trace(std::move(classified));
    }
    endpoint.address = to.address;
    endpoint.waits_for_room = false;
  }
  const bool met = endpoint.acknowledged > 0 || endpoint.acknowledged_fragment > 0;
  std::uint64_t bytes = 0;
  while (endpoint.next_to_send < endpoint.send_sequence) {
    const bool first_fragment = endpoint.next_to_send == 0 && endpoint.next_fragment == 0;
    if ((!met && !first_fragment) || !has_room(endpoint)) break;
    const auto& message =
        endpoint.pending[static_cast<std::size_t>(endpoint.next_to_send - endpoint.acknowledged)];
    const auto ahead = endpoint.next_to_send - endpoint.acknowledged;
    if (ahead >= kWindowMessages || bytes >= kWindowBytes) break;
    if (endpoint.next_fragment >= endpoint.acknowledged_fragment + kWindowFragments && ahead == 0)
      break;
    const std::uint32_t fragment = endpoint.next_fragment;
    const std::uint64_t sequence = message.sequence;
    const std::uint32_t fragments = message.fragment_count();
    bytes += std::min<std::uint64_t>(message.length, proto::kFragmentBodyBytesMax);
    if (!transmit_fragment(endpoint, message, fragment, now)) return;
    const bool last = fragment + 1 >= fragments;
    endpoint.next_to_send = last ? sequence + 1 : sequence;
    endpoint.next_fragment = last ? 0 : fragment + 1;
    endpoint.sent_highest = std::max(endpoint.sent_highest, sequence + 1);
    endpoint.in_flight = true;
    // Sent and not acknowledged is blank: what stood in the way before does so no longer.
    if (!endpoint.status_is_of_link) set_status(endpoint, std::nullopt, now);
  }
  if (endpoint.in_flight && endpoint.retry_at == proto::kNever) back_off(endpoint, now);
}

void Engine::State::hand_over(const std::string& address, proto::DialogMessage message) {
  links[address].bytes += proto::link_bytes_of(message);
  actions.emplace_back(Transmit{address, std::move(message)});
}

bool Engine::State::has_room(Endpoint& endpoint) {
  const auto link = links.find(endpoint.address);
  if (link == links.end()) return true;
  // Who comes new goes behind those that wait: what waits long is written twice, to the journal and then to the tables.
  const bool is_next = link->second.waiting.empty() || link->second.is_giving;
  if (is_next && link->second.bytes < kLinkBytesMax) return true;
  if (!std::exchange(endpoint.waits_for_room, true)) {
    const bool is_honoured = instance.info(endpoint.database).is_honor_broker_priority_on();
    link->second.waiting[is_honoured ? endpoint.priority : kDefaultPriority].emplace_back(
        endpoint.database, endpoint.handle);
  }
  return false;
}

bool Engine::State::secure(Endpoint& endpoint, proto::TimePoint now) {
  const bool reply = !endpoint.is_initiator;
  if (!can_use_keys(endpoint)) {
    set_status(endpoint,
               proto::Error(proto::ErrorCode::session_keys_need_master_key,
                            database_name(endpoint.database)),
               now);
    back_off(endpoint, now);
    return false;
  }
  if (endpoint.is_secured &&
      (endpoint.parties.type == dialog::SecurityType::none || endpoint.outbound))
    return true;
  const pb::Service* service = this->service(endpoint.database, endpoint.service);
  if (service == nullptr) return false;
  const auto decided =
      reply ? decisions.decide_reply(instance, endpoint.database, service->owner(),
                                     endpoint.far_principal, now)
            : decisions.decide_security(instance, endpoint.database, service->owner(),
                                        endpoint.far_service, endpoint.encryption, now);
  const dialog::SecurityDecision& decision = *decided;
  if (auto asked = ask_for_binding(endpoint, decision, now)) {
    set_status(endpoint, std::move(asked), now);
    back_off(endpoint, now);
    return false;
  }
  show_decision(endpoint, decision, now);
  if (decision.delayed) {
    set_status(endpoint, decision.delayed, now);
    back_off(endpoint, now);
    return false;
  }
  return secure_first(endpoint, decision, now);
}

void Engine::State::show_decision(Endpoint& endpoint, const dialog::SecurityDecision& decision,
                                  proto::TimePoint now) {
  if (!traces_messages && !decision.delayed) return;
  const auto described = dialog::describe(decision);
  std::string summary;
  for (const auto& [name, value] : described)
    summary.append(name).append("=").append(value).append("\n");
  if (summary == endpoint.decision_shown) return;
  auto shown = record(proto::EventClass::security_decision, 0,
                      endpoint.is_initiator ? "Begin" : "Reply", endpoint, now);
  shown.detail.insert(shown.detail.end(), described.begin(), described.end());
  shown.error = decision.delayed;
  trace(std::move(shown));
  endpoint.decision_shown = std::move(summary);
}

proto::Result<void> Engine::State::make_keys(Endpoint& endpoint, dialog::SecurityType type) {
  return crypto::guarded([&] {
    endpoint.outbound = dialog::SessionKey::make(database(endpoint.database)->keys.draws);
    if (endpoint.is_initiator && type == dialog::SecurityType::anonymous)
      endpoint.inbound = endpoint.outbound->clone();
    return keep_keys(endpoint);
  });
}

bool Engine::State::secure_first(Endpoint& endpoint, const dialog::SecurityDecision& decision,
                                 proto::TimePoint now) {
  endpoint.parties = decision.parties;
  endpoint.principal = decision.sign ? decision.sign->principal_id : 0;
  if (decision.type() != dialog::SecurityType::none) {
    if (endpoint.is_initiator) endpoint.far_principal = decision.parties.remote_user;
    if (const auto made = make_keys(endpoint, decision.type()); !made) {
      endpoint.outbound.reset();
      if (endpoint.is_initiator) endpoint.inbound.reset();
      set_status(endpoint, made.error(), now);
      back_off(endpoint, now);
      return false;
    }
  }
  endpoint.is_secured = true;
  touch(endpoint);
  return true;
}

Header Engine::State::header_of(const Endpoint& endpoint, Header::Kind kind) const {
  Header header;
  header.set_kind(kind);
  header.set_conversation_id(proto::to_string(endpoint.conversation.view()));
  header.set_from_initiator(endpoint.is_initiator);
  header.set_from_service(endpoint.own_service);
  header.set_to_service(endpoint.far_service);
  header.set_from_broker(instance.info(endpoint.database).broker_id());
  if (endpoint.far_broker) header.set_to_broker(proto::to_string(endpoint.far_broker->view()));
  header.set_saw_first_ack(endpoint.is_initiator && endpoint.first_acknowledged);
  return header;
}

proto::ByteView Engine::State::body_part(const Endpoint& endpoint, const PendingMessage& message,
                                         std::uint32_t fragment) const {
  const proto::ByteView whole = pending_body(endpoint, message).value_or(proto::ByteView());
  if (message.fragment_count() == 1) return whole;
  const std::size_t offset = std::size_t{fragment} * proto::kFragmentBodyBytesMax;
  return whole.subspan(offset,
                       std::min<std::size_t>(proto::kFragmentBodyBytesMax, whole.size() - offset));
}

void Engine::State::trace_sent(const Endpoint& endpoint, const proto::DialogMessage& sealed,
                               const char* kek, proto::TimePoint now) {
  const Header header = sealed_header(sealed);
  auto sent = record(proto::EventClass::message_sent, 0, kind_name(header), endpoint, now);
  sent.detail = sent_detail(header, sealed, endpoint.address);
  sent.detail.emplace_back("security", dialog::security_type_name(endpoint.parties.type));
  if (kek != nullptr) sent.detail.emplace_back("kek", kek);
  if (endpoint.outbound) sent.detail.emplace_back("session_key", endpoint.outbound->id.text());
  if (endpoint.attempts > 0) sent.detail.emplace_back("retry", std::to_string(endpoint.attempts));
  trace(std::move(sent));
  if (header.has_ack()) trace_ack_sent(endpoint, header, now);
}

void Engine::State::trace_ack_sent(const Endpoint& endpoint, const Header& header,
                                   proto::TimePoint now) {
  const bool is_ack = header.kind() == Header::ACK;
  auto out =
      record(proto::EventClass::remote_message_acknowledgement, is_ack ? 2 : 1,
             is_ack ? "Acknowledgement Sent" : "Message with Acknowledgement Sent", endpoint, now);
  out.detail.emplace_back("ack", std::to_string(header.ack().next_sequence()));
  out.detail.emplace_back("fragment", std::to_string(header.ack().next_fragment()));
  trace(std::move(out));
}

dialog::Varying Engine::State::varying_of(const Endpoint& endpoint, const PendingMessage& message,
                                          std::uint32_t fragment, proto::TimePoint now) const {
  dialog::Varying varying;
  varying.sequence = message.sequence;
  varying.fragment_index = fragment;
  varying.fragment_count = message.fragment_count();
  varying.total_length = message.length;
  varying.is_end_dialog = message.is_end_dialog;
  varying.is_error = message.is_error;
  if (endpoint.expires != proto::kNever)
    varying.lifetime_remaining_us = static_cast<std::uint64_t>((endpoint.expires - now).count());
  // An ack rides along, but not on a first message: until its security header is accepted nothing in it counts.
  if (endpoint.ack_due && message.sequence != 0)
    varying.ack = dialog::Varying::Ack{endpoint.receive_sequence, endpoint.receive_fragment};
  varying.saw_first_ack = endpoint.is_initiator && endpoint.first_acknowledged;
  return varying;
}

Header Engine::State::header_of(const Endpoint& endpoint, const PendingMessage& message,
                                const dialog::Varying& varying) const {
  Header header = header_of(endpoint, message.sequence == 0 ? Header::BEGIN : Header::SEQUENCED);
  if (message.sequence == 0 && endpoint.is_initiator) header.set_contract(endpoint.contract_name);
  if (!message.is_end_dialog && !message.is_error) header.set_message_type(message.message_type);
  dialog::set_varying(header, varying);
  return header;
}

const dialog::LaterHeaderWriter& Engine::State::writer_of(const Endpoint& endpoint,
                                                          const PendingMessage& message,
                                                          const dialog::SessionKey* key) {
  const std::pair name(endpoint.conversation, endpoint.is_initiator);
  Lane* found = lanes.find(name);
  Lane& lane = found != nullptr ? *found : lanes.put(name, Lane{});
  // On the wire the type of an end or an error is no type.
  const bool has_type = !message.is_end_dialog && !message.is_error;
  const std::string_view type = has_type ? std::string_view(message.message_type) : "";
  const bool fits = lane.writer && lane.database == endpoint.database &&
                    lane.message_type == type && lane.far_broker == endpoint.far_broker &&
                    lane.session_key_id.has_value() == (key != nullptr) &&
                    (key == nullptr || lane.session_key_id == key->id);
  if (fits) return *lane.writer;
  Header header = header_of(endpoint, Header::SEQUENCED);
  header.set_message_type(std::string(type));
  if (key != nullptr)
    dialog::set_security(header, *key, database(endpoint.database)->keys.incarnation);
  lane.database = endpoint.database;
  lane.message_type = type;
  lane.far_broker = endpoint.far_broker;
  lane.session_key_id = key == nullptr ? std::nullopt : std::optional(key->id);
  return lane.writer.emplace(header);
}

proto::Result<proto::DialogMessage> Engine::State::seal_fragment(Endpoint& endpoint,
                                                                 const PendingMessage& message,
                                                                 const dialog::Varying& varying,
                                                                 bool with_header,
                                                                 proto::TimePoint now) {
  dialog::DatabaseKeys& keys = database(endpoint.database)->keys;
  const proto::ByteView body = body_part(endpoint, message, varying.fragment_index);
  const bool is_clear = endpoint.parties.type == dialog::SecurityType::none;
  const dialog::SessionKey* key = is_clear ? nullptr : &*endpoint.outbound;
  // An end has no type on the wire, so it would need a writer of its own, for one message.
  if (message.sequence > 0 && !message.is_end_dialog) {
    proto::DialogMessage sealed;
    const auto done =
        dialog::seal_later(writer_of(endpoint, message, key), varying, endpoint.conversation,
                           endpoint.is_initiator, body, key, keys, sealed);
    if (!done) return done.error();
    return sealed;
  }
  Header header = header_of(endpoint, message, varying);
  if (is_clear) return dialog::clear_message(header, body);
  if (!with_header) return dialog::seal(std::move(header), body, *key, keys);
  const dialog::SessionKey* initiators =
      endpoint.is_initiator || !endpoint.inbound ? nullptr : &*endpoint.inbound;
  return dialog::seal_first(instance, endpoint.database, std::move(header), body,
                            {endpoint.parties, endpoint.created, initiators}, *key, keys, now);
}

bool Engine::State::transmit_fragment(Endpoint& endpoint, const PendingMessage& message,
                                      std::uint32_t fragment, proto::TimePoint now) {
  const dialog::Varying varying = varying_of(endpoint, message, fragment, now);
  dialog::DatabaseKeys& keys = database(endpoint.database)->keys;
  const std::size_t grants_before = keys.grants.size();
  const auto type = endpoint.parties.type;
  const bool with_header = message.sequence == 0 && type != dialog::SecurityType::none &&
                           (endpoint.is_initiator || type == dialog::SecurityType::full);
  auto sealed =
      crypto::guarded([&] { return seal_fragment(endpoint, message, varying, with_header, now); });
  if (!sealed) {  // it stays in the transmission queue
    set_status(endpoint, sealed.error(), now);
    back_off(endpoint, now);
    return false;
  }
  if (varying.ack) endpoint.ack_due = false;
  if (traces_messages) {
    const char* kek = nullptr;
    if (with_header) kek = keys.grants.size() > grants_before ? "new" : "known";
    trace_sent(endpoint, *sealed, kek, now);
  }
  hand_over(endpoint.address, std::move(*sealed));
  return true;
}

// ---- acknowledgements ----

void Engine::State::acknowledge(Endpoint& endpoint, std::uint64_t next_sequence,
                                std::uint32_t next_fragment, proto::TimePoint now) {
  const bool behind =
      next_sequence < endpoint.acknowledged ||
      (next_sequence == endpoint.acknowledged && next_fragment <= endpoint.acknowledged_fragment);
  if (behind || next_sequence > endpoint.send_sequence)
    return;  // old news, or more than was ever sent (28010)
  if (next_sequence > endpoint.acknowledged) {
    MessageLog& log = *database(endpoint.database)->messages;
    while (!endpoint.pending.empty() && endpoint.pending.front().sequence < next_sequence) {
      log.remove(endpoint.pending.front().place);
      endpoint.pending.pop_front();
    }
  }
  endpoint.acknowledged = next_sequence;
  endpoint.acknowledged_fragment = next_fragment;
  if (endpoint.next_to_send < next_sequence) {
    endpoint.next_to_send = next_sequence;
    endpoint.next_fragment = next_fragment;
  } else if (endpoint.next_to_send == next_sequence) {
    endpoint.next_fragment = std::max(endpoint.next_fragment, next_fragment);
  }
  if (next_sequence > 0) endpoint.first_acknowledged = true;
  endpoint.attempts = 0;
  endpoint.retry_at = proto::kNever;
  endpoint.in_flight =
      endpoint.next_to_send > next_sequence ||
      (endpoint.next_to_send == next_sequence && endpoint.next_fragment > next_fragment);
  set_status(endpoint, std::nullopt, now);
  // After a crash that forgets the ack the messages are sent once more, and the peer drops them as duplicates.
  touch_later(endpoint);
  ++changes;
  const bool end_acknowledged = endpoint.end_sequence >= 0 &&
                                next_sequence > static_cast<std::uint64_t>(endpoint.end_sequence);
  if (endpoint.state == EndpointState::disconnected_outbound && end_acknowledged) {
    trace_conversation(endpoint, 10, "Received END CONVERSATION Ack", now);
    close(endpoint, now);
    return;
  }
  if (endpoint.in_flight) back_off(endpoint, now);
  schedule(endpoint);
}

void Engine::State::ack_due(Endpoint& endpoint) {
  if (endpoint.ack_due) return;
  endpoint.ack_due = true;
  acks_due.emplace_back(endpoint.database, endpoint.handle);
}

// Who has received a message at once may be about to answer it: its acknowledgement waits for one turn, and rides along if it can.
void Engine::State::send_due_acks(proto::TimePoint now) {
  const auto was_received = [this](const Endpoint& endpoint) {
    return std::find(groups_received.begin(), groups_received.end(),
                     std::pair(endpoint.database, endpoint.group)) != groups_received.end();
  };
  const std::vector<Owner> held = std::exchange(acks_held, {});
  for (const auto& [id, handle] : std::exchange(acks_due, {})) {
    Endpoint* endpoint = this->endpoint(id, handle);
    if (endpoint == nullptr || !endpoint->ack_due) continue;
    if (was_received(*endpoint))
      acks_held.emplace_back(id, handle);
    else
      send_ack(*endpoint, now);
  }
  for (const auto& [id, handle] : held) {
    Endpoint* endpoint = this->endpoint(id, handle);
    if (endpoint != nullptr && endpoint->ack_due) send_ack(*endpoint, now);
  }
  groups_received.clear();
}

void Engine::State::send_ack(Endpoint& endpoint, proto::TimePoint now) {
  endpoint.ack_due = false;
  Header header = header_of(endpoint, Header::ACK);
  header.mutable_ack()->set_next_sequence(endpoint.receive_sequence);
  header.mutable_ack()->set_next_fragment(endpoint.receive_fragment);
  const auto keys = endpoint.keys();
  const dialog::SessionKey* key = endpoint.ack_with_inbound ? keys.inbound : keys.outbound;
  if (endpoint.parties.type != dialog::SecurityType::none && key == nullptr)
    return;  // nothing can be proven: silence
  send_unsequenced(endpoint.database, header, {}, key, now);
}

void Engine::State::send_unsequenced(store::DatabaseId id, const Header& header,
                                     proto::ByteView body, const dialog::SessionKey* key,
                                     proto::TimePoint now) {
  const auto broker = proto::BrokerId::from_bytes(proto::as_bytes(header.to_broker()));
  const auto route = routes.classify(instance, {id, header.to_service(), broker}, now);
  const routing::Destination& to = *route;
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  proto::TraceRecord out;
  out.at = now;
  out.database = database_name(id);
  out.conversation_id = conversation ? conversation->text() : "";
  Endpoint* endpoint = nullptr;
  if (DatabaseState* state = database(id); state != nullptr && conversation)
    endpoint = this->endpoint(*state, *conversation, header.from_initiator());
  if (to.kind != routing::Destination::Kind::remote) {
    out.event = proto::EventClass::message_classify;
    out.subclass = 3;
    out.subclass_name = "Delayed";
    out.error = to.error;
    // Not for a conversation that is not here: whoever sends for it could make any name be asked for.
    if (endpoint != nullptr && !endpoint->asks) {
      if (auto asked = ask_for_route(id, to, header.to_service(), now))
        out.error = std::move(asked);
    }
    out.detail = {{"from_service", header.from_service()},
                  {"to_service", header.to_service()},
                  {"kind", kind_name(header)}};
    // GET_TRANSMISSION_STATUS shows why the ack cannot leave.
    if (endpoint != nullptr) set_status(*endpoint, out.error, now);
    trace(std::move(out));
    return;
  }
  proto::DialogMessage message;
  if (key == nullptr) {
    message = dialog::clear_message(header, body);
  } else {
    auto sealed = dialog::seal(header, body, *key, database(id)->keys);
    if (!sealed) return;  // no nonce is left: as if the message were lost
    message = std::move(*sealed);
  }
  if (traces_messages) {
    out.event = proto::EventClass::message_sent;
    out.subclass_name = kind_name(header);
    out.detail = sent_detail(sealed_header(message), message, to.address);
    if (key != nullptr) out.detail.emplace_back("session_key", key->id.text());
    trace(std::move(out));
    if (endpoint != nullptr && header.has_ack()) trace_ack_sent(*endpoint, header, now);
  }
  hand_over(to.address, std::move(message));
  // What kept acknowledgements from leaving does so no longer; messages that wait speak for themselves.
  if (endpoint != nullptr && endpoint->pending.empty() && !endpoint->status_is_of_link)
    set_status(*endpoint, std::nullopt, now);
}

// ---- status, retries, dropping ----

void Engine::State::set_status(Endpoint& endpoint, std::optional<proto::Error> status,
                               proto::TimePoint now) {
  endpoint.status_is_of_link = false;
  const bool awaits_answer =
      status && status->code == proto::ErrorCode::awaiting_broker_configuration;
  if (std::exchange(endpoint.awaits_answer, awaits_answer) != awaits_answer) touch(endpoint);
  if (endpoint.status == status) return;
  endpoint.status = std::move(status);
  if (!endpoint.status) return;
  auto out = record(proto::EventClass::message_status, 0, "Transmission Status", endpoint, now);
  out.error = endpoint.status;
  out.text = endpoint.status->text();
  trace(std::move(out));
}

void Engine::State::back_off(Endpoint& endpoint, proto::TimePoint now) {
  auto wait = kFirstRetry;
  for (int i = 0; i < endpoint.attempts && wait < kLastRetry; ++i) wait *= 2;
  ++endpoint.attempts;
  endpoint.retry_at = now + std::min(wait, kLastRetry);
  schedule(endpoint);
}

void Engine::State::drop_unsent(Endpoint& endpoint) {
  const std::uint64_t keep = std::max(endpoint.sent_highest, endpoint.acknowledged);
  if (endpoint.send_sequence <= keep) return;
  MessageLog& log = *database(endpoint.database)->messages;
  while (!endpoint.pending.empty() && endpoint.pending.back().sequence >= keep) {
    log.remove(endpoint.pending.back().place);
    endpoint.pending.pop_back();
  }
  endpoint.send_sequence = keep;
  touch(endpoint);
}

void Engine::State::drop_pending(Endpoint& endpoint) {
  MessageLog& log = *database(endpoint.database)->messages;
  for (const PendingMessage& message : endpoint.pending) log.remove(message.place);
  endpoint.pending.clear();
  endpoint.acknowledged = endpoint.send_sequence;
  endpoint.acknowledged_fragment = 0;
  endpoint.next_to_send = endpoint.send_sequence;
  endpoint.next_fragment = 0;
  endpoint.in_flight = false;
  endpoint.retry_at = proto::kNever;
  endpoint.status.reset();
  schedule(endpoint);
}

}  // namespace ssb::broker::conversation
