// RETENTION = ON: what services on a queue received and sent stays on it until the conversation ends on that side.
//
//   A retained message is a record of its own, apart from those that wait, so neither RECEIVE nor GET CONVERSATION GROUP nor
//   a queue monitor comes upon it, and a queue without the option pays nothing. A received one is written anew as it leaves the queue,
//   with its queuing order; a sent one is a copy. Both change with the transaction that received or sent them. Kept are messages
//   of RECEIVE and of SEND; what END CONVERSATION sends is not, as nothing is kept from there on.
//   Source  reference service-broker.md 1.5 (status 0 and 3). That a sent message shows the service that sent it, and that
//           one which a transaction sends is seen when that has committed, is our own.
#include <algorithm>

#include "broker/conversation/own_work.h"
#include "broker/conversation/state.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
namespace {

constexpr int kRetainedReceived = 0;
constexpr int kRetainedSent = 3;

}  // namespace

void Engine::State::retain_received(DatabaseState& state, std::int32_t queue,
                                    const QueueEntry& entry) {
  MessageLog& log = *state.messages;
  StoredMessage message = log.message(entry.place);
  message.kind = StoredKind::retained_received;
  // Copied: they may stand in the pack that is added to.
  const proto::Bytes message_class = proto::to_bytes(log.message_class(entry.place));
  const proto::Bytes body = proto::to_bytes(log.body(entry.place));
  log.remove(entry.place);
  if (state.index.find(entry.conversation) == EndpointIndex::kNone) return;
  RetainedMessage& kept = state.retained[queue][entry.conversation][entry.order];
  kept.entry = entry;
  kept.entry.taken_by = 0;
  kept.entry.place = log.add(message, message_class, body);
}

void Engine::State::retain_sent(Endpoint& endpoint, const NewMessage& message,
                                proto::TimePoint now) {
  DatabaseState& state = *database(endpoint.database);
  const pb::Service* service = this->service(endpoint.database, endpoint.service);
  if (service == nullptr) return;
  RetainedMessage kept;
  kept.is_sent = true;
  kept.entry.order = state.next_order++;
  kept.entry.conversation = endpoint.handle;
  kept.entry.sequence = message.sequence;
  kept.entry.priority = static_cast<std::uint8_t>(endpoint.priority);
  kept.entry.place = state.messages->add(
      {StoredKind::retained_sent, message.sequence, kept.entry.order, proto::to_unix_us(now)},
      queued_class_of(endpoint, *service, message), message.body.value_or(proto::ByteView()));
  state.retained[service->queue()][endpoint.handle][kept.entry.order] = kept;
}

void Engine::State::load_retained(DatabaseState& state, const StoredMessage& message,
                                  const proto::stored::MessageClass& message_class,
                                  const MessagePlace& place) {
  const auto handle =
      proto::ConversationHandle::from_bytes(proto::as_bytes(message_class.handle()));
  if (!handle || state.index.find(*handle) == EndpointIndex::kNone) return;
  RetainedMessage& kept = state.retained[message_class.queue()][*handle][message.order];
  kept.is_sent = message.kind == StoredKind::retained_sent;
  kept.entry.order = message.order;
  kept.entry.conversation = *handle;
  kept.entry.sequence = message.sequence;
  kept.entry.rank = static_cast<std::uint8_t>(message_class.rank());
  kept.entry.priority = static_cast<std::uint8_t>(message_class.priority());
  kept.entry.place = place;
}

void Engine::State::drop_retained(const Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  for (auto& [queue, conversations] : state.retained) {
    const auto found = conversations.find(endpoint.handle);
    if (found == conversations.end()) continue;
    for (const auto& [order, kept] : found->second) state.messages->remove(kept.entry.place);
    conversations.erase(found);
    is_urgent = true;
  }
}

std::vector<QueuedMessage> Engine::State::queue_contents(DatabaseState& state, std::int32_t queue) {
  std::vector<QueuedMessage> out;
  const OwnWork own(*this, state.id);  // of the session that asks
  if (const auto found = state.queues.find(queue); found != state.queues.end()) {
    const auto* row = std::as_const(instance).database(state.id)->table<pb::Queue>().find(queue);
    const bool retains = row != nullptr && row->is_retention_enabled();
    for (const auto& [group, entry] : found->second.all()) {
      const bool is_gone =
          own.has_ended(entry->conversation) || (!retains && own.has_received(*entry));
      if (is_gone) continue;
      out.push_back(read_queued(state.id, own.group_of(entry->conversation, group), *entry));
      if (retains && entry->taken_by != 0) out.back().status = kRetainedReceived;
    }
  }
  const auto retained = state.retained.find(queue);
  if (retained == state.retained.end() || retained->second.empty()) return out;
  for (const auto& [handle, messages] : retained->second) {
    if (own.has_ended(handle)) continue;
    const auto group = own.group_of(handle, state.index.at(state.index.find(handle)).group);
    for (const auto& [order, kept] : messages) {
      out.push_back(read_queued(state.id, group, kept.entry));
      out.back().status = kept.is_sent ? kRetainedSent : kRetainedReceived;
    }
  }
  std::sort(out.begin(), out.end(), [](const QueuedMessage& a, const QueuedMessage& b) {
    return a.queuing_order < b.queuing_order;
  });
  return out;
}

}  // namespace ssb::broker::conversation
