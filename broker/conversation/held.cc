// Messages for a queue with STATUS = OFF: accepted and acknowledged, and held until the queue is on again.
//
//   Shape   a held message is stored as a queued one is, with its queuing order and under another kind (StoredKind::held), so it is
//           durable before its acknowledgement leaves, and sequence and replay protection are what they are for every message. The
//           queue's index does not have it: neither SELECT nor RECEIVE nor activation come upon it; sys.transmission_queue of this
//           database does, with 9749. What stood on the queue before stays there.
//   Release at the end of the transaction that enables the queue, all at once, in the order of their coming; in the same step, and so
//           in the same durable commit, as the queue's row. Until then whatever else comes for such a conversation is held behind it.
//   Which   all that would be put on the queue: messages of the peer, its end and its error, errors of this broker, DialogTimer. They
//           change the endpoint when they come, as always; only RECEIVE waits. Whatever takes a conversation's messages off its queue
//           (END CONVERSATION, DROP SERVICE, NEW_BROKER) drops the held ones.
//   Bound   nobody drains a queue that is off, and its release is one step of the node, which writes each message anew and answers
//           nobody meanwhile: 0.4 s for 64 MiB on the machine of docs/performance.md, so a tenth of a second for kHeldBytesMax, 16 MiB,
//           each message counted with 1 KiB beside its body. So much of what peers send is held in a database; beyond it a message is
//           refused (11219) without an acknowledgement, and stays with its sender, which tries again. What this side makes itself is
//           not refused: it has no sender to stay with, and is one error and one DialogTimer a conversation.
//   Left    a dialog inside one instance: its message stays in the sender's database, with the same status (local.cc).
//   Source  reference service-broker.md 2.7, step 12.
#include <algorithm>
#include <map>

#include "broker/conversation/state.h"
#include "proto/check.h"
#include "proto/error_code.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {
namespace {

// Beside its body, of a message: its place in memory, its head in a pack, and the record that tells of its release.
constexpr std::uint64_t kHeldMessageBytes = 1024;
constexpr std::uint8_t kRankOfPeer = 2;

std::uint64_t counted(const QueueEntry& entry) {
  return entry.rank < kRankOfPeer ? 0 : kHeldMessageBytes + entry.place.body_bytes;
}

}  // namespace

bool Engine::State::is_held_back(const Endpoint& endpoint) const {
  const auto state = databases.find(endpoint.database);
  if (state != databases.end() && state->second.held.contains(endpoint.handle)) return true;
  const pb::Queue* queue = queue_of(endpoint.database, endpoint.service);
  return queue != nullptr && !queue->is_enqueue_enabled();
}

bool Engine::State::has_room_to_hold(const Endpoint& endpoint, std::uint64_t body_bytes) const {
  const std::uint64_t held = databases.at(endpoint.database).held_bytes;
  return held + kHeldMessageBytes + body_bytes <= kHeldBytesMax;
}

void Engine::State::hold(const Endpoint& endpoint, const QueueEntry& entry,
                         std::string_view message_type, proto::TimePoint now) {
  DatabaseState& state = *database(endpoint.database);
  state.held[endpoint.handle][entry.order] = entry;
  state.held_bytes += counted(entry);
  auto out = record(proto::EventClass::message_status, 0, "Held", endpoint, now);
  out.error = proto::Error(proto::ErrorCode::target_queue_busy);
  out.text = out.error->text();
  if (!is_made_by_broker(message_type))  // ends and errors have records of their own
    out.detail.emplace_back("sequence", std::to_string(entry.sequence));
  trace(std::move(out));
}

void Engine::State::load_held(DatabaseState& state, const QueueEntry& entry) {
  if (state.index.find(entry.conversation) == EndpointIndex::kNone) return;
  const bool is_new = state.held[entry.conversation].insert_or_assign(entry.order, entry).second;
  if (is_new) state.held_bytes += counted(entry);  // else it has moved
}

void Engine::State::drop_held(const Endpoint& endpoint) {
  DatabaseState& state = *database(endpoint.database);
  const auto found = state.held.find(endpoint.handle);
  if (found == state.held.end()) return;
  for (const auto& [order, entry] : found->second) {
    state.messages->remove(entry.place);
    state.held_bytes -= counted(entry);
  }
  state.held.erase(found);
  is_urgent = true;
}

void Engine::State::release_held(DatabaseState& state, proto::TimePoint now) {
  std::map<std::int64_t, std::pair<QueueEntry, const pb::Queue*>> free;
  for (const auto& [handle, messages] : state.held) {
    const auto& at = state.index.at(state.index.find(handle));
    const pb::Queue* queue = queue_of(state.id, state.index.group(at.group)->service);
    if (queue == nullptr || !queue->is_enqueue_enabled()) continue;
    for (const auto& [order, entry] : messages) free.emplace(order, std::pair(entry, queue));
  }
  if (free.empty()) return;
  for (const auto& [order, held] : free) {
    put_on_queue(state, held.first, *held.second, now);
    state.held_bytes -= counted(held.first);
    state.held.erase(held.first.conversation);
  }
  is_urgent = true;
  has_gathered = true;
  ++changes;
}

void Engine::State::put_on_queue(DatabaseState& state, QueueEntry entry, const pb::Queue& queue,
                                 proto::TimePoint now) {
  MessageLog& log = *state.messages;
  StoredMessage message = log.message(entry.place);
  message.kind = StoredKind::queued;
  // Copied: they may stand in the pack that is added to.
  const proto::Bytes body = proto::to_bytes(log.body(entry.place));
  const proto::ByteView bytes = log.message_class(entry.place);
  proto::stored::MessageClass common;
  SSB_CHECK(common.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  common.set_queue(queue.id());  // ALTER SERVICE ... ON QUEUE may have come between
  log.remove(entry.place);
  entry.place = log.add(message, serialized(common), body);
  const auto ref = state.index.find(entry.conversation);
  state.queues[queue.id()].add(state.index.at(ref).group, entry);
  if (!traces_messages || is_made_by_broker(common.message_type_name())) return;
  const auto seen = look_at(state, ref);
  trace_delivered(*seen.first, common.message_type_name(), entry.sequence, body.size(), now);
}

}  // namespace ssb::broker::conversation
