// What a transaction has pending, as its own session sees it before COMMIT: the statements of its list, played over copies.
//
//   Shape   a conversation that the transaction has touched, with the values that its row will show; nothing of the engine changes.
//   Left    a message to a service of this instance is in sys.transmission_queue until COMMIT, which puts it on the queue.
//   Source  the product shows a session its own uncommitted rows (READ COMMITTED).
#pragma once

#include <map>
#include <vector>

#include "broker/conversation/state.h"

namespace ssb::broker::conversation {

struct OwnMessage {
  PendingMessage message;                             // without a place in the log
  const std::optional<proto::Bytes>* body = nullptr;  // null: NULL, or written at COMMIT
};

struct OwnConversation {
  const Endpoint* begun = nullptr;  // not in the index yet
  EndpointState state = EndpointState::started_outbound;
  proto::ConversationGroupId group;
  std::uint64_t send_sequence = 0;
  std::int64_t end_sequence = -1;
  proto::TimePoint timer_at = proto::kNever;
  bool is_ended = false;       // its messages are off the queue
  bool drops_pending = false;  // and those that were waiting to be sent are gone
  bool is_gone = false;        // and so is its row
  std::vector<OwnMessage> sent;
};

class OwnWork {
 public:
  // Of the transaction that reads now, in one database; empty where it has nothing pending.
  OwnWork(Engine::State& state, store::DatabaseId database);

  [[nodiscard]] const std::map<proto::ConversationHandle, OwnConversation>& conversations() const {
    return conversations_;
  }
  // nullptr: untouched.
  [[nodiscard]] const OwnConversation* find(proto::ConversationHandle handle) const;
  [[nodiscard]] bool has_received(const QueueEntry& entry) const;
  // Its messages are off the queue, then.
  [[nodiscard]] bool has_ended(proto::ConversationHandle handle) const;
  // Where MOVE CONVERSATION has put it, else `committed`.
  [[nodiscard]] proto::ConversationGroupId group_of(proto::ConversationHandle handle,
                                                    proto::ConversationGroupId committed) const;

 private:
  void play(const Work& work);
  OwnConversation* touched(proto::ConversationHandle handle);
  void send(OwnConversation& own, const SendWork& work);
  void end(OwnConversation& own, const EndWork& work);
  static void queue(OwnConversation& own, PendingMessage message, proto::TimePoint at,
                    const std::optional<proto::Bytes>* body);

  Engine::State& state_;
  const store::DatabaseId database_;
  std::uint64_t transaction_ = 0;  // 0: none
  std::map<proto::ConversationHandle, OwnConversation> conversations_;
};

}  // namespace ssb::broker::conversation
