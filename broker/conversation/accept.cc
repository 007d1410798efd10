// Messages whose sender is known: sequence, fragments, acknowledgements, and what each kind does to the endpoint.
#include <algorithm>
#include <utility>

#include "broker/conversation/priority.h"
#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "broker/xml/xml.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

constexpr std::string_view kDefaultName = "DEFAULT";

const pb::MessageType* type_named(const catalog::Catalog& catalog, const std::string& name) {
  return catalog.table<pb::MessageType>().find_if(
      [&name](const pb::MessageType& type) { return type.name() == name; });
}

const pb::Contract* contract_named(const catalog::Catalog& catalog, const std::string& name) {
  return catalog.table<pb::Contract>().find_if(
      [&name](const pb::Contract& contract) { return contract.name() == name; });
}

}  // namespace

std::optional<Refused> Engine::State::check_contract(const catalog::Catalog& catalog,
                                                     const pb::Service& service,
                                                     const Header& header) const {
  const pb::Contract* contract = contract_named(catalog, header.contract());
  const proto::Error event(proto::ErrorCode::contract_not_accepted, header.contract(),
                           service.name());
  if (contract == nullptr)
    return Refused{event, proto::Error(proto::ErrorCode::unknown_contract, header.contract())};
  const auto& bound = service.contracts();
  if (std::find(bound.begin(), bound.end(), contract->id()) != bound.end()) return std::nullopt;
  return Refused{event, proto::Error(proto::ErrorCode::target_service_lacks_contract,
                                     service.name(), header.contract())};
}

std::optional<Refused> Engine::State::check_type(const catalog::Catalog& catalog,
                                                 std::int32_t contract_id,
                                                 const Header& header) const {
  using proto::Error;
  using proto::ErrorCode;
  if (header.is_end_dialog() || header.is_error()) return std::nullopt;
  const std::string& name = header.message_type();
  const pb::MessageType* type = type_named(catalog, name);
  if (type == nullptr) {
    return Refused{Error(ErrorCode::received_type_unknown, name),
                   Error(ErrorCode::unknown_message_type, name)};
  }
  const pb::Contract* contract = catalog.table<pb::Contract>().find(contract_id);
  const std::string contract_name =
      contract == nullptr ? std::string(kDefaultName) : contract->name();
  const pb::Contract::Usage* usage = nullptr;
  if (contract != nullptr) {
    for (const auto& candidate : contract->usages()) {
      if (candidate.message_type() == type->id()) usage = &candidate;
    }
  }
  if (usage == nullptr) {
    return Refused{Error(ErrorCode::received_type_not_in_contract, name, contract_name),
                   Error(ErrorCode::remote_type_not_in_contract, name, contract_name)};
  }
  if (header.from_initiator() && !usage->sent_by_initiator()) {
    return Refused{Error(ErrorCode::received_target_type, name),
                   Error(ErrorCode::target_type_from_initiator, name)};
  }
  if (!header.from_initiator() && !usage->sent_by_target()) {
    return Refused{Error(ErrorCode::received_initiator_type, name),
                   Error(ErrorCode::initiator_type_from_target, name)};
  }
  if (type->validation() == "E" && header.total_length() != 0) {
    const Error fails(ErrorCode::body_fails_validation, "EMPTY", name);
    return Refused{fails, fails};
  }
  return std::nullopt;
}

// The whole body, where its type asks for XML.
std::optional<Refused> Engine::State::check_body(const catalog::Catalog& catalog,
                                                 const Header& header, proto::ByteView body) {
  using proto::Error;
  using proto::ErrorCode;
  if (header.is_error() || header.is_end_dialog()) return std::nullopt;
  const std::string& name = header.message_type();
  const pb::MessageType* type = type_named(catalog, name);
  if (type == nullptr || type->validation() != "X") return std::nullopt;
  const auto wrong = xml::why_not_well_formed(body);
  if (!wrong) return std::nullopt;
  return Refused{Error(ErrorCode::body_not_validated, name, header.from_service(), wrong->text()),
                 Error(ErrorCode::body_not_xml, name)};
}

proto::ConversationHandle Engine::State::new_handle(store::DatabaseId id,
                                                    const proto::Guid& drawn) const {
  const proto::ConversationHandle handle{drawn};
  const auto state = databases.find(id);
  if (state != databases.end() && state->second.index.find(handle) != EndpointIndex::kNone)
    throw crypto::RandomFailure("the random source gives a handle that it gave before");
  return handle;
}

std::unique_ptr<Endpoint> Engine::State::target_of(const Header& header, store::DatabaseId id,
                                                   const pb::Service& service,
                                                   proto::TimePoint now) const {
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->database = id;
  const auto drawn = crypto::random_guids<2>();
  endpoint->handle = new_handle(id, drawn[0]);
  endpoint->conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()))
          .value_or(proto::ConversationId{});
  endpoint->is_initiator = false;
  endpoint->group = proto::ConversationGroupId{drawn[1]};
  endpoint->service = service.id();
  endpoint->own_service = service.name();
  endpoint->contract_name = header.contract();
  const catalog::Catalog& catalog = *std::as_const(instance).database(id);
  if (const auto* contract = contract_named(catalog, header.contract()))
    endpoint->contract = contract->id();
  endpoint->priority =
      priority_of(catalog, endpoint->contract, service.id(), header.from_service());
  endpoint->far_service = header.from_service();
  endpoint->far_broker = proto::BrokerId::from_bytes(proto::as_bytes(header.from_broker()));
  endpoint->created = now;
  if (header.lifetime_remaining_us() != 0) {
    const auto longest = static_cast<std::uint64_t>(
        std::chrono::duration_cast<proto::Duration>(std::chrono::seconds(2147483647)).count());
    endpoint->expires = now + proto::Duration(static_cast<std::int64_t>(
                                  std::min(header.lifetime_remaining_us(), longest)));
  }
  endpoint->state = EndpointState::started_inbound;
  return endpoint;
}

Detail Engine::State::digest_detail(const Incoming& incoming) const {
  if (!traces_messages || incoming.arrived == nullptr || !incoming.header.has_security()) return {};
  return {{"message_xxh3",
           digest_of(incoming.header, incoming.arrived->header_bytes, incoming.arrived->body)}};
}

void Engine::State::trace_acknowledgement(const Endpoint& endpoint, const Incoming& incoming,
                                          proto::TimePoint now) {
  const Header& header = incoming.header;
  const bool is_ack = header.kind() == Header::ACK;
  auto out = record(proto::EventClass::remote_message_acknowledgement, is_ack ? 4 : 3,
                    is_ack ? "Ack Received" : "Message With Ack Received", endpoint, now);
  out.detail.emplace_back("ack", std::to_string(header.ack().next_sequence()));
  out.detail.emplace_back("fragment", std::to_string(header.ack().next_fragment()));
  for (auto& digest : digest_detail(incoming)) out.detail.push_back(std::move(digest));
  trace(std::move(out));
}

void Engine::State::trace_delivered(const Endpoint& endpoint, const std::string& message_type,
                                    std::uint64_t sequence, std::size_t body_bytes,
                                    proto::TimePoint now) {
  auto out = record(proto::EventClass::message_delivered, 0, "Delivered", endpoint, now);
  const pb::Queue* queue = queue_of(endpoint.database, endpoint.service);
  out.detail.emplace_back("queue", queue == nullptr ? "" : queue->name());
  out.detail.emplace_back("message_type", message_type);
  out.detail.emplace_back("sequence", std::to_string(sequence));
  out.detail.emplace_back("body_bytes", std::to_string(body_bytes));
  trace(std::move(out));
}

void Engine::State::accept(Endpoint& endpoint, const Incoming& incoming, proto::TimePoint now) {
  const Header& header = incoming.header;
  const store::DatabaseId id = endpoint.database;
  const proto::ConversationHandle handle = endpoint.handle;
  if (!endpoint.far_broker) {  // the dialog is pinned to the broker that answered
    endpoint.far_broker = proto::BrokerId::from_bytes(proto::as_bytes(header.from_broker()));
    touch(endpoint);
  }
  if (endpoint.is_initiator && !endpoint.reply_seen && dialog::is_sequenced(header)) {
    endpoint.reply_seen = true;
    touch(endpoint);
  }
  if (!endpoint.is_initiator && header.saw_first_ack() && !endpoint.saw_first_ack) {
    endpoint.saw_first_ack = true;
    endpoint.security_timestamp = now + kClosedRetention;
    touch(endpoint);
    schedule(endpoint);
  }
  if (header.has_ack()) {
    if (traces_messages) trace_acknowledgement(endpoint, incoming, now);
    acknowledge(endpoint, header.ack().next_sequence(), header.ack().next_fragment(), now);
  }
  if (Endpoint* still = this->endpoint(id, handle)) {
    if (dialog::is_sequenced(header))
      accept_sequenced(*still, incoming, now);
    else if (header.kind() == Header::ERROR)
      accept_broker_error(*still, incoming.body, digest_detail(incoming), now);
  }
  if (Endpoint* still = this->endpoint(id, handle); still != nullptr && still->is_active())
    pump(*still, now);
}

void Engine::State::accept_sequenced(Endpoint& endpoint, const Incoming& incoming,
                                     proto::TimePoint now) {
  using proto::Error;
  using proto::ErrorCode;
  const Header& header = incoming.header;
  const auto at = std::pair(header.sequence(), header.fragment_index());
  const auto expected = std::pair(endpoint.receive_sequence, endpoint.receive_fragment);
  if (at != expected) {
    const auto error = at < expected
                           ? Error(ErrorCode::duplicate_message, std::to_string(header.sequence()))
                           : Error(ErrorCode::out_of_sequence, std::to_string(header.sequence()),
                                   std::to_string(endpoint.receive_sequence));
    undeliverable(endpoint.database, header, error, {}, now);
    ack_due(endpoint);
    return;
  }
  if (header.is_end_dialog() || header.is_error()) {
    endpoint.error_for_peer = 0;  // now it knows
  } else if (endpoint.error_for_peer != 0) {
    undeliverable(endpoint.database, header, Error(ErrorCode::endpoint_already_closed), {}, now);
    tell_error(endpoint, now);
    return;  // no ack: nobody will receive it, and its sender believes so until it hears the error
  }
  const bool open = endpoint.is_active() && endpoint.state != EndpointState::disconnected_outbound;
  const pb::Queue* queue = queue_of(endpoint.database, endpoint.service);
  if (open && queue != nullptr && is_held_back(endpoint) &&
      !has_room_to_hold(endpoint, header.total_length())) {
    undeliverable(endpoint.database, header,
                  Error(ErrorCode::destination_queue_disabled, queue->name()), {}, now);
    return;  // no ack: the sender tries again
  }
  const bool in_parts = header.fragment_count() > 1;
  const catalog::Catalog& catalog = *std::as_const(instance).database(endpoint.database);
  const auto refuse = [&](const Refused& wrong) {
    undeliverable(endpoint.database, header, wrong.error, {}, now);
    tell_peer(endpoint, -std::int64_t{wrong.answer.number()}, wrong.answer.text(), now);
  };
  std::optional<Refused> wrong;
  if (open) wrong = check_type(catalog, endpoint.contract, header);
  if (open && !wrong && !in_parts) wrong = check_body(catalog, header, incoming.body);
  if (wrong) return refuse(*wrong);
  // The number of parts follows from the length.
  if (header.fragment_index() > 0 && header.total_length() != endpoint.receive_length) {
    auto out = record(proto::EventClass::corrupted_message, 0, "", endpoint, now);
    out.error = Error(ErrorCode::corrupt_message, header.from_service(),
                      "a part of a message whose first part announced another length");
    out.text = out.error->text();
    trace(std::move(out));
    return;  // what is here stays: the true part may still come
  }
  proto::Bytes whole;
  const bool complete = !in_parts || store_fragment(endpoint, incoming, whole);
  if (open && complete && in_parts) wrong = check_body(catalog, header, whole);
  if (complete) {
    if (!wrong) ++endpoint.receive_sequence;
    endpoint.receive_fragment = 0;
    endpoint.receive_length = 0;
  } else {
    ++endpoint.receive_fragment;
    endpoint.receive_length = header.total_length();
  }
  touch(endpoint);
  if (wrong) return refuse(*wrong);
  ack_due(endpoint);
  if (!complete) return;
  deliver(endpoint, {header, in_parts ? proto::ByteView(whole) : incoming.body, incoming.arrived},
          now);
}

bool Engine::State::store_fragment(Endpoint& endpoint, const Incoming& incoming,
                                   proto::Bytes& whole) {
  const Header& header = incoming.header;
  store::Store& store = instance.store();
  const std::uint32_t index = header.fragment_index();
  if (index + 1 < header.fragment_count()) {
    store.put_record(endpoint.database, kFragmentTable, fragment_key(endpoint.handle, index),
                     std::make_shared<const proto::Bytes>(proto::to_bytes(incoming.body)));
    return false;
  }
  whole.reserve(static_cast<std::size_t>(header.total_length()));
  for (std::uint32_t i = 0; i < index; ++i) {
    const proto::Bytes key = fragment_key(endpoint.handle, i);
    const store::RecordValue part = store.record(endpoint.database, kFragmentTable, key);
    if (!part)
      throw store::StoreFailure("a part of a message is missing: the database file is damaged");
    whole.insert(whole.end(), part->begin(), part->end());
    store.erase_record(endpoint.database, kFragmentTable, key);
  }
  whole.insert(whole.end(), incoming.body.begin(), incoming.body.end());
  return true;
}

void Engine::State::deliver(Endpoint& endpoint, const Incoming& incoming, proto::TimePoint now) {
  const Header& header = incoming.header;
  const proto::ByteView body = incoming.body;
  const bool may_receive = endpoint.is_active() &&
                           endpoint.state != EndpointState::disconnected_outbound &&
                           endpoint.state != EndpointState::disconnected_inbound;
  if (header.is_error()) {
    trace_conversation(endpoint, 8, "Received END CONVERSATION WITH ERROR", now,
                       digest_detail(incoming));
    drop_pending(endpoint);
    if (endpoint.state == EndpointState::disconnected_outbound) {
      close(endpoint, now);
    } else if (may_receive && !own_dialog_over(endpoint, read_error_body(body), now)) {
      endpoint.state = EndpointState::error;
      enqueue(endpoint, {std::string(kErrorType), header.sequence(), 1, body}, now);
    }
    schedule(endpoint);
    return;
  }
  if (!may_receive) return;  // acknowledged and dropped: nobody will receive it
  if (header.is_end_dialog()) {
    endpoint.state = EndpointState::disconnected_inbound;
    trace_conversation(endpoint, 7, "Received END CONVERSATION", now, digest_detail(incoming));
    if (own_dialog_over(endpoint, std::nullopt, now)) return;
    enqueue(endpoint, {std::string(kEndDialogType), header.sequence(), 2, std::nullopt}, now);
    if (!endpoint.pending.empty())
      set_status(endpoint, proto::Error(proto::ErrorCode::peer_ended), now);
    return;
  }
  endpoint.state = EndpointState::conversing;
  trace_conversation(endpoint, 6, "Received Sequenced Message", now, digest_detail(incoming));
  if (traces_messages && !is_held_back(endpoint))
    trace_delivered(endpoint, header.message_type(), header.sequence(), body.size(), now);
  // An empty message and one without a body are one thing on the wire, as in the product: NULL.
  std::optional<proto::ByteView> stored;
  if (!body.empty()) stored = body;
  enqueue(endpoint, {header.message_type(), header.sequence(), 2, stored}, now);
}

void Engine::State::accept_broker_error(Endpoint& endpoint, proto::ByteView body, Detail digest,
                                        proto::TimePoint now) {
  if (!endpoint.is_active()) {
    if (std::exchange(endpoint.error_for_peer, 0) != 0) touch(endpoint);  // it knows by itself
    return;
  }
  trace_conversation(endpoint, 9, "Received Broker Error Message", now, std::move(digest));
  auto out = record(proto::EventClass::message_delivered, 0, "Broker Error", endpoint, now);
  out.text = read_error_body(body).code;
  // Not `queue`, which tells where messages of the application went.
  const pb::Queue* queue = queue_of(endpoint.database, endpoint.service);
  out.detail.emplace_back("error_queue", queue == nullptr ? "" : queue->name());
  trace(std::move(out));
  hear_error(endpoint, body, now);
}

}  // namespace ssb::broker::conversation
