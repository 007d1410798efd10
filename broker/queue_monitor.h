// When a queue's procedure is started: the machine behind a row of sys.dm_broker_queue_monitors. It knows no sessions and starts nothing.
//
//   Shape   INACTIVE --messages wait--> NOTIFIED --RECEIVE finds some--> RECEIVES_OCCURRING --RECEIVE finds none--> INACTIVE
//           In RECEIVES_OCCURRING one more is started where one ends that leaves messages, and where kMonitorPeriod passes in which no
//           RECEIVE found the queue empty. NOTIFIED starts nothing, however long it lasts: any session's RECEIVE ends it.
//   Source  reference service-broker.md 1.4, 1.5. The pauses after a procedure that received nothing are ours: in the product it is
//           started again at once, which in virtual time would never end.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/conversation/engine.h"
#include "proto/time.h"

namespace ssb::broker {

inline constexpr proto::Duration kMonitorPeriod = std::chrono::seconds(5);
inline constexpr proto::Duration kFirstPause = std::chrono::milliseconds(10);

enum class MonitorState { inactive, notified, receives_occurring };
// "INACTIVE", "NOTIFIED", "RECEIVES_OCCURRING".
[[nodiscard]] std::string_view state_description(MonitorState state);

// How a started procedure ended.
enum class TaskEnd {
  took_messages,    // transactions of the queue's readers committed while it ran
  took_nothing,     // none did: what it received has come back
  could_not_start,  // no such procedure, or the user may not execute it
};

class QueueMonitor {
 public:
  // What the queue looks like now.
  struct Seen {
    conversation::QueueReading reading;
    bool has_free_messages = false;
    bool has_free_reader = false;  // fewer procedures run than MAX_QUEUE_READERS
  };
  // Whether to start one procedure now; then `started` is the next call.
  [[nodiscard]] bool wants_start(const Seen& seen, proto::TimePoint now);
  void started(proto::TimePoint now);
  void ended(TaskEnd how, const conversation::QueueReading& reading, proto::TimePoint now);

  [[nodiscard]] MonitorState state() const { return state_; }
  [[nodiscard]] proto::TimePoint activated_at() const { return activated_at_; }
  // When wants_start must be asked again though nothing happens; of the last question.
  [[nodiscard]] proto::TimePoint deadline() const { return due_; }
  // Without what only polls: another reader, and another try of what could not start.
  [[nodiscard]] proto::TimePoint settle_deadline() const {
    return is_polling_ ? proto::kNever : due_;
  }

 private:
  void notice(const conversation::QueueReading& reading, proto::TimePoint now);

  MonitorState state_ = MonitorState::inactive;
  std::uint64_t receives_ = 0;     // as last seen
  bool has_seen_ = false;          // receives_ is of this queue
  bool replaces_ = false;          // one that had received has ended since the last start
  proto::TimePoint since_{};       // no RECEIVE has found the queue empty since then
  proto::TimePoint not_before_{};  // of the next start
  bool pause_polls_ = false;       // until not_before_: `settle` need not wait for it
  proto::Duration pause_ = kFirstPause;
  proto::TimePoint activated_at_{};
  proto::TimePoint due_ = proto::kNever;
  bool is_polling_ = false;
};

}  // namespace ssb::broker
