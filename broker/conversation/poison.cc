// Poison messages: a message whose transaction rolls back again and again would be received for ever, so its queue is switched off.
//
//   Counted are rollbacks in a row that gave the same message back first; any transaction that received from the queue and committed
//   begins the count anew. A statement that failed and undid only itself is no rollback.
//   Source  reference service-broker.md 1.4; tsql-tds.md 1.8.
#include "broker/conversation/event_notification.h"
#include "broker/conversation/state.h"

namespace ssb::broker::conversation {

void Engine::State::count_receives(const PendingWork& work, bool committed) {
  std::set<std::pair<store::DatabaseId, std::int32_t>> seen;
  for (const Work& step : work.list) {
    const auto* received = std::get_if<ReceiveWork>(&step.what);
    DatabaseState* data = database(step.database);
    if (received == nullptr || received->orders.empty() || data == nullptr) continue;
    if (!seen.emplace(step.database, received->queue).second) continue;  // its first tells
    QueueIndex& index = data->queues[received->queue];
    const pb::Queue* queue =
        std::as_const(instance).database(step.database)->table<pb::Queue>().find(received->queue);
    const bool counts = !committed && queue != nullptr &&
                        queue->is_poison_message_handling_enabled() && queue->is_receive_enabled();
    const std::int64_t first = received->orders.front();
    if (index.rolled_back != first) index.rollbacks = 0;
    index.rolled_back = first;
    index.rollbacks = counts ? index.rollbacks + 1 : 0;
    if (index.rollbacks == kPoisonRollbacks) poisoned.emplace(step.database, received->queue);
  }
}

void Engine::State::switch_off_poisoned(proto::TimePoint now) {
  std::erase_if(poisoned,
                [&](const auto& queue) { return switch_off(queue.first, queue.second, now); });
}

bool Engine::State::switch_off(store::DatabaseId id, std::int32_t queue_id, proto::TimePoint now) {
  catalog::Catalog* catalog = instance.database(id);
  const pb::Queue* queue =
      catalog == nullptr ? nullptr : catalog->table<pb::Queue>().find(queue_id);
  if (queue == nullptr || database(id) == nullptr) return true;  // dropped meanwhile
  catalog::Transaction transaction = instance.begin();
  if (!instance.lock(transaction, id)) {
    instance.roll_back(std::move(transaction));
    return false;
  }
  pb::Queue off = *queue;
  off.set_is_receive_enabled(false);
  off.set_is_enqueue_enabled(false);
  off.set_modify_date_us(proto::to_unix_us(now));
  catalog->put(transaction, queue_id, off);
  if (!instance.commit(std::move(transaction))) return false;
  database(id)->queues[queue_id].rollbacks = 0;
  ++changes;  // who waits in WAITFOR (RECEIVE) hears 9617
  proto::TraceRecord out;
  out.at = now;
  out.event = proto::EventClass::queue_disabled;
  out.database = database_name(id);
  out.text = "Queue '" + off.name() + "' was switched off after " +
             std::to_string(kPoisonRollbacks) + " rollbacks in a row: a poison message.";
  out.detail = {{"queue", off.name()}, {"rollbacks", std::to_string(kPoisonRollbacks)}};
  trace(std::move(out));
  queue_event(id, off, kQueueDisabledEvent, now);
  return true;
}

}  // namespace ssb::broker::conversation
