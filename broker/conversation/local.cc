// Dialogs inside one instance: a message goes straight to the target queue, without keys, certificates or remote authorization.
//
//   Who sends is the owner of the sending service, seen from the target database: the same user in the same database, else the user of
//   the owner's login there (916 when there is none). Source: reference service-broker.md 1.6.
#include "broker/catalog/permissions.h"
#include "broker/conversation/sender_in.h"
#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/dialog/decision.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
proto::Result<std::int32_t> sender_in(const catalog::Instance& instance, store::DatabaseId from,
                                      std::int32_t owner, store::DatabaseId to) {
  if (from == to) return owner;
  const catalog::Catalog& source = *instance.database(from);
  const pb::Principal* principal = source.table<pb::Principal>().find(owner);
  std::int32_t login_id = principal == nullptr ? 0 : principal->login();
  if (owner == catalog::kDbo) login_id = instance.info(from).owner_login();
  const pb::Login* login = instance.master().table<pb::Login>().find(login_id);
  const std::string name = login != nullptr       ? login->name()
                           : principal != nullptr ? principal->name()
                                                  : "";
  if (login == nullptr)
    return proto::Error(proto::ErrorCode::no_access_to_database, name, instance.info(to).name());
  catalog::SecurityContext who;
  who.login = login->id();
  who.login_name = login->name();
  who.is_sysadmin = login->is_sysadmin();
  return catalog::user_in(instance, who, to);
}

void Engine::State::pump_local(Endpoint& endpoint, const routing::Destination& to,
                               proto::TimePoint now) {
  const auto missing =
      dialog::check_local(instance, endpoint.database, to.database, endpoint.encryption);
  if (missing) {
    if (missing->code == proto::ErrorCode::broker_cannot_open_master_key)
      log_error(to.database, endpoint.conversation.text(), *missing, now);
    set_status(endpoint, missing, now);
    back_off(endpoint, now);
    return;
  }
  endpoint.is_secured = true;
  const store::DatabaseId id = endpoint.database;
  const proto::ConversationHandle handle = endpoint.handle;
  for (;;) {
    Endpoint* sender = this->endpoint(id, handle);
    if (sender == nullptr || sender->pending.empty()) return;
    const PendingMessage message = sender->pending.front();
    if (!deliver_local(*sender, message, to.database, now)) return;
    sender = this->endpoint(id, handle);
    if (sender == nullptr) return;
    sender->sent_highest = std::max(sender->sent_highest, message.sequence + 1);
    if (!sender->far_broker)
      sender->far_broker =
          proto::BrokerId::from_bytes(proto::as_bytes(instance.info(to.database).broker_id()));
    acknowledge(*sender, message.sequence + 1, 0, now);
  }
}

// Nothing is sealed under them inside the instance: they are made and kept as the product does, so that each side's master key is asked
// for, and a message from the network cannot pass for one of this dialog.
proto::Result<void> Engine::State::share_keys(Endpoint& from, Endpoint& target) {
  auto shared = crypto::guarded([&]() -> proto::Result<void> {
    from.outbound = dialog::SessionKey::make(database(from.database)->keys.draws);
    target.outbound = dialog::SessionKey::make(database(target.database)->keys.draws);
    from.inbound = target.outbound->clone();
    target.inbound = from.outbound->clone();
    if (auto kept = keep_keys(from); !kept) return kept;
    return keep_keys(target);
  });
  if (!shared) {
    from.outbound.reset();
    from.inbound.reset();
  }
  return shared;
}

bool Engine::State::deliver_local(Endpoint& from, const PendingMessage& message,
                                  store::DatabaseId to, proto::TimePoint now) {
  Header header = header_of(from, message.sequence == 0 ? Header::BEGIN : Header::SEQUENCED);
  header.set_contract(from.contract_name);
  if (!message.is_end_dialog && !message.is_error) header.set_message_type(message.message_type);
  header.set_sequence(message.sequence);
  header.set_fragment_count(1);
  header.set_total_length(message.length);
  header.set_is_end_dialog(message.is_end_dialog);
  header.set_is_error(message.is_error);
  if (from.expires != proto::kNever)
    header.set_lifetime_remaining_us(static_cast<std::uint64_t>((from.expires - now).count()));

  const auto wait = [&](proto::Error status) {
    set_status(from, std::move(status), now);
    back_off(from, now);
    return false;
  };
  if (!instance.info(to).is_broker_enabled()) {
    return wait(proto::Error(proto::ErrorCode::target_broker_disabled, database_name(to)));
  }
  DatabaseState& state = *database(to);
  Endpoint* target = endpoint(state, from.conversation, !from.is_initiator);
  // A later message makes no endpoint: the one that took the first is gone.
  if (target == nullptr && (!from.is_initiator || message.sequence > 0)) {
    fail(from, -8462, proto::Error(proto::ErrorCode::remote_endpoint_gone).text(), now);
    return false;
  }
  if (target == nullptr) target = begin_local(from, header, to, now);
  if (target == nullptr) return false;
  if (target->error_for_peer != 0 && !message.is_end_dialog && !message.is_error) {
    const proto::Error answer(static_cast<proto::ErrorCode>(-target->error_for_peer));
    fail(from, target->error_for_peer, answer.text(), now);
    return false;
  }
  if (is_held_back(*target)) return wait(proto::Error(proto::ErrorCode::target_queue_busy));
  // Copied: what the target stores may stand in the same log.
  const proto::Bytes body =
      proto::to_bytes(pending_body(from, message).value_or(proto::ByteView()));
  auto wrong = check_type(*instance.database(to), target->contract, header);
  if (!wrong) wrong = check_body(*instance.database(to), header, body);
  if (wrong) {
    undeliverable(to, header, wrong->error, {}, now);
    fail(from, -wrong->answer.number(), wrong->answer.text(), now);
    return false;
  }
  auto classified = record(proto::EventClass::message_classify, 1, "Local", from, now);
  trace(std::move(classified));
  if (!from.is_initiator) target->reply_seen = true;
  accept_sequenced(*target, {header, body}, now);
  if (Endpoint* still = target) still->ack_due = false;
  if (from.is_initiator && !target->saw_first_ack) {  // delivered is acknowledged, here
    target->saw_first_ack = true;
    target->security_timestamp = now + kClosedRetention;
    touch(*target);
    schedule(*target);
  }
  return true;
}

Endpoint* Engine::State::begin_local(Endpoint& from, const Header& header, store::DatabaseId to,
                                     proto::TimePoint now) {
  const auto wait = [&](proto::Error status) {
    set_status(from, std::move(status), now);
    back_off(from, now);
    return nullptr;
  };
  const catalog::Catalog& catalog = *std::as_const(instance).database(to);
  const pb::Service* service = routing::find_service(catalog, from.far_service);
  if (service == nullptr) {
    if (!from.far_broker)
      return wait(proto::Error(proto::ErrorCode::local_service_not_found, from.far_service));
    undeliverable(to, header,
                  proto::Error(proto::ErrorCode::to_service_not_found, from.far_service), {}, now);
    const proto::Error answer(proto::ErrorCode::remote_service_unknown, from.far_service);
    fail(from, -answer.number(), answer.text(), now);
    return nullptr;
  }
  const pb::Service* sending = this->service(from.database, from.service);
  const auto sender =
      sender_in(instance, from.database, sending == nullptr ? 0 : sending->owner(), to);
  if (!sender) return wait(sender.error());
  if (!catalog::has_permission(catalog, *sender, catalog::ObjectClass::service, service->id(),
                               "SEND")) {
    const pb::Principal* user = catalog.table<pb::Principal>().find(*sender);
    undeliverable(to, header,
                  proto::Error(proto::ErrorCode::sender_lacks_send,
                               user == nullptr ? "" : user->name(), std::to_string(*sender),
                               database_name(to), std::to_string(to), service->name()),
                  {}, now);
    const proto::Error answer(proto::ErrorCode::no_permission_on_service, service->name());
    fail(from, -answer.number(), answer.text(), now);
    return nullptr;
  }
  if (const auto wrong = check_contract(catalog, *service, header)) {
    undeliverable(to, header, wrong->error, {}, now);
    fail(from, -wrong->answer.number(), wrong->answer.text(), now);
    return nullptr;
  }
  if (const auto enqueued = dialog::check_enqueue(instance, to, *service); !enqueued)
    return wait(enqueued.error());
  auto drawn = crypto::guarded([&]() -> proto::Result<std::unique_ptr<Endpoint>> {
    return target_of(header, to, *service, now);
  });
  if (!drawn) return wait(drawn.error());
  std::unique_ptr<Endpoint> made = std::move(*drawn);
  made->is_secured = true;
  made->encryption = from.encryption;
  made->far_principal = *sender;
  if (from.encryption && from.database != to) {
    if (const auto shared = share_keys(from, *made); !shared) return wait(shared.error());
  }
  Endpoint* target = made.get();
  add_endpoint(std::move(made));
  touch(*target);
  schedule(*target);
  trace_begun(*target, 12, "Dialog Created", now);
  return target;
}

bool Engine::State::tell_here(const Endpoint& endpoint, proto::ByteView body,
                              proto::TimePoint now) {
  const auto route = routes.classify(
      instance, {endpoint.database, endpoint.far_service, endpoint.far_broker}, now);
  if (route->kind != routing::Destination::Kind::local) return false;
  DatabaseState* state = database(route->database);
  Endpoint* peer = state == nullptr
                       ? nullptr
                       : this->endpoint(*state, endpoint.conversation, !endpoint.is_initiator);
  if (peer != nullptr) accept_broker_error(*peer, body, {}, now);
  return true;
}

}  // namespace ssb::broker::conversation
