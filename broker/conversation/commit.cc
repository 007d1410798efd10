// The ends of a transaction: its queued work is applied, in order, or forgotten; its locks are released.
#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
namespace {

// A dialog that was begun for its timer alone never comes to need its session keys, and the broker misses the master key for them all the
// same (28054, reference 2.4).
void log_closed_master_key(Engine::State& state, const Endpoint& endpoint, proto::TimePoint now) {
  const bool wants_keys = endpoint.is_initiator && endpoint.encryption && !endpoint.is_secured;
  if (!wants_keys || !dialog::check_master_key(state.instance, endpoint.database)) return;
  auto log = state.record(proto::EventClass::error_log, 0, "", endpoint, now);
  log.error = dialog::refuse_without_master_key(state.instance, endpoint.database, 0, {}).log;
  log.text = log.error->text();
  state.trace(std::move(log));
}

void untake(DatabaseState& database, const ReceiveWork& work) {
  database.queues[work.queue].give_back(work.group, work.orders);
}

}  // namespace

proto::Result<void> Engine::commit(catalog::Transaction&& transaction, proto::TimePoint now) {
  State& state = *state_;
  auto attachment = std::move(transaction.dialogs);
  const std::uint64_t id = transaction.id;
  auto committed = state.instance.commit(std::move(transaction));
  auto* work = static_cast<PendingWork*>(attachment.get());
  if (work == nullptr) {
    state.end_transaction(now);
    return committed;
  }
  catalog::Transaction ended;
  ended.id = id;
  ended.dialogs = std::move(attachment);
  if (!committed) {
    roll_back(std::move(ended), now);
    return committed.error();
  }
  state.is_urgent = true;
  for (Work& step : work->list) state.apply(step, now);
  state.count_receives(*work, true);
  state.release(ended);
  ++state.changes;
  state.end_transaction(now);
  return {};
}

void Engine::roll_back(catalog::Transaction&& transaction, proto::TimePoint now) {
  State& state = *state_;
  if (const auto* work = static_cast<PendingWork*>(transaction.dialogs.get())) {
    state.count_receives(*work, false);
    for (const Work& step : work->list) {
      if (const auto* received = std::get_if<ReceiveWork>(&step.what)) {
        if (DatabaseState* database = state.database(step.database)) untake(*database, *received);
      }
    }
    state.release(transaction);
    ++state.changes;
  }
  transaction.dialogs.reset();
  state.instance.roll_back(std::move(transaction));
  state.end_transaction(now);
}

Engine::Savepoint Engine::savepoint(const catalog::Transaction& transaction) const {
  const PendingWork* work = State::work_of(transaction);
  return {state_->instance.savepoint(transaction), work == nullptr ? 0 : work->list.size()};
}

void Engine::roll_back_to(catalog::Transaction& transaction, const Savepoint& savepoint) {
  State& state = *state_;
  state.instance.roll_back_to(transaction, savepoint.instance);
  auto* work = static_cast<PendingWork*>(transaction.dialogs.get());
  if (work == nullptr || work->list.size() <= savepoint.operations) return;
  for (std::size_t i = savepoint.operations; i < work->list.size(); ++i) {
    Work& step = work->list[i];
    if (const auto* received = std::get_if<ReceiveWork>(&step.what))
      untake(*state.database(step.database), *received);
    if (const auto* begun = std::get_if<BeginWork>(&step.what))
      work->begun.erase(begun->endpoint->handle);
  }
  work->list.resize(savepoint.operations);
  // The states that the transaction sees follow from the work that is left. Locks stay, as in SQL Server.
  work->states.clear();
  for (const Work& step : work->list) {
    if (const auto* sent = std::get_if<SendWork>(&step.what))
      work->states[sent->conversation] = EndpointState::conversing;
    if (const auto* ended = std::get_if<EndWork>(&step.what)) {
      const Endpoint* endpoint = state.endpoint(step.database, ended->conversation);
      const bool peer_is_done =
          endpoint != nullptr && (endpoint->state == EndpointState::disconnected_inbound ||
                                  endpoint->state == EndpointState::error);
      work->states[ended->conversation] = (ended->request.cleanup || peer_is_done)
                                              ? EndpointState::closed
                                              : EndpointState::disconnected_outbound;
    }
  }
}

void Engine::State::end_transaction(proto::TimePoint now) {
  if (!poisoned.empty()) switch_off_poisoned(now);
  if (!notifications_over.empty()) drop_notifications(now);
}

void Engine::State::release(catalog::Transaction& transaction) {
  for (const auto& [database_id, group_id] : work(transaction).locks) {
    DatabaseState* state = database(database_id);
    if (state == nullptr) continue;
    const auto found = state->locks.find(group_id);
    if (found == state->locks.end() || found->second != transaction.id) continue;
    state->locks.erase(found);
    state->index.forget_group_without_members(group_id);
  }
}

void Engine::State::apply(Work& work, proto::TimePoint now) {
  if (database(work.database) == nullptr)
    return;  // dropped meanwhile, and its conversations with it
  if (auto* begun = std::get_if<BeginWork>(&work.what)) {
    Endpoint& endpoint = *begun->endpoint;
    add_endpoint(std::move(begun->endpoint));
    touch(endpoint);
    schedule(endpoint);
    trace_begun(endpoint, 11, "BEGIN DIALOG", now);
  } else if (auto* sent = std::get_if<SendWork>(&work.what)) {
    apply_send(work.database, *sent, now);
  } else if (const auto* ended = std::get_if<EndWork>(&work.what)) {
    apply_end(work.database, *ended, now);
  } else if (const auto* received = std::get_if<ReceiveWork>(&work.what)) {
    apply_receive(work.database, *received);
  } else if (const auto* timer = std::get_if<TimerWork>(&work.what)) {
    if (Endpoint* endpoint = this->endpoint(work.database, timer->conversation)) {
      endpoint->timer_at = timer->at;
      log_closed_master_key(*this, *endpoint, now);
      touch(*endpoint);
      schedule(*endpoint);
    }
  } else if (const auto* moved = std::get_if<MoveWork>(&work.what)) {
    apply_move(work.database, *moved, now);
  }
}

void Engine::State::apply_send(store::DatabaseId id, SendWork& work, proto::TimePoint now) {
  Endpoint* endpoint = this->endpoint(id, work.conversation);
  if (endpoint == nullptr) return;
  // An error or an end of the peer may have come between SEND and COMMIT: the message is dropped, as one sent just before is.
  const bool open = endpoint->state == EndpointState::started_outbound ||
                    endpoint->state == EndpointState::started_inbound ||
                    endpoint->state == EndpointState::conversing;
  if (!open) return;
  endpoint->state = EndpointState::conversing;
  PendingMessage message;
  message.message_type = std::move(work.message_type);
  message.has_body = work.body.has_value();
  message.length = work.body ? work.body->size() : 0;
  message.enqueued = now;
  if (traces_messages) {
    trace_conversation(*endpoint, 1, "SEND Message", now,
                       {{"sequence", std::to_string(endpoint->send_sequence)}});
  }
  if (work.is_retained) {
    NewMessage kept{message.message_type, endpoint->send_sequence, 2, std::nullopt};
    if (message.length != 0) kept.body = *work.body;  // nothing is NULL, as where it arrives
    retain_sent(*endpoint, kept, now);
  }
  queue_for_sending(*endpoint, std::move(message),
                    work.body ? proto::ByteView(*work.body) : proto::ByteView());
  pump(*endpoint, now);
}

void Engine::State::apply_end(store::DatabaseId id, const EndWork& work, proto::TimePoint now) {
  Endpoint* endpoint = this->endpoint(id, work.conversation);
  if (endpoint == nullptr) return;
  drop_queued(*endpoint);
  if (work.request.cleanup) {
    trace_conversation(*endpoint, 13, "END CONVERSATION WITH CLEANUP", now);
    cleanup(*endpoint, now);
    return;
  }
  trace_conversation(*endpoint, work.request.error_code ? 3 : 2,
                     work.request.error_code ? "END CONVERSATION WITH ERROR" : "END CONVERSATION",
                     now);
  endpoint->timer_at = proto::kNever;
  const bool peer_is_done = endpoint->state == EndpointState::disconnected_inbound ||
                            endpoint->state == EndpointState::error;
  const bool nothing_ever_sent = endpoint->state == EndpointState::started_outbound;
  if (peer_is_done || nothing_ever_sent) {
    close(*endpoint, now);
    return;
  }
  endpoint->state = EndpointState::disconnected_outbound;
  PendingMessage message;
  proto::Bytes body;
  message.enqueued = now;
  if (work.request.error_code) {
    drop_unsent(*endpoint);
    if (endpoint->is_initiator && endpoint->send_sequence == 0) {
      close(*endpoint, now);  // nobody has heard of it, and an Error is no first message (11277)
      return;
    }
    message.is_error = true;
    message.message_type = kErrorType;
    body = error_body(*work.request.error_code, work.request.error_description);
    message.has_body = true;
    message.length = body.size();
  } else {
    message.is_end_dialog = true;
    message.message_type = kEndDialogType;
  }
  endpoint->end_sequence = static_cast<std::int64_t>(endpoint->send_sequence);
  queue_for_sending(*endpoint, std::move(message), body);
  pump(*endpoint, now);
}

void Engine::State::apply_receive(store::DatabaseId id, const ReceiveWork& work) {
  DatabaseState& state = *database(id);
  groups_received.emplace_back(id, work.group);
  state.readings[work.queue].taken += work.orders.size();
  // What END CONVERSATION in the same transaction dropped is gone already.
  state.queues[work.queue].remove(work.group, work.orders, [&](const QueueEntry& entry) {
    if (work.is_retained)
      retain_received(state, work.queue, entry);
    else
      state.messages->remove(entry.place);
  });
}

void Engine::State::apply_move(store::DatabaseId id, const MoveWork& work, proto::TimePoint now) {
  Endpoint* endpoint = this->endpoint(id, work.conversation);
  if (endpoint == nullptr || endpoint->group == work.group) return;
  DatabaseState& state = *database(id);
  state.index.set_group(endpoint->ref, work.group);
  if (state.index.group(endpoint->group)->members == 0) trace_group(*endpoint, kGroupDropped, now);
  for (auto& [queue_id, queue] : state.queues)
    queue.move(endpoint->group, work.group, endpoint->handle);
  endpoint->group = work.group;
  if (state.index.group(work.group)->members == 1) trace_group(*endpoint, kGroupCreated, now);
  touch(*endpoint);
}

void Engine::State::cleanup(Endpoint& endpoint, proto::TimePoint now) {
  request_over(endpoint, false, now);
  drop_pending(endpoint);
  drop_queued(endpoint);
  if (!as_product && !endpoint.is_initiator) bury(endpoint, now);
  remove_endpoint(endpoint, now);
}

}  // namespace ssb::broker::conversation
