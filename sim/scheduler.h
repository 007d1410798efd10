// What happens when: events of virtual time, in the order of their time, and of their making where times are equal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "proto/check.h"
#include "proto/time.h"

namespace ssb::sim {

class Scheduler {
 public:
  using Work = std::function<void()>;

  explicit Scheduler(proto::TimePoint start) : now_(start) {}

  [[nodiscard]] proto::TimePoint now() const { return now_; }
  // Never before now.
  void at(proto::TimePoint time, Work work) {
    events_.push({std::max(time, now_), ++last_number_, std::move(work)});
  }
  // kNever: nothing is scheduled.
  [[nodiscard]] proto::TimePoint next_time() const {
    return events_.empty() ? proto::kNever : events_.top().time;
  }
  // Goes to the next event's time and does its work; false when there is none up to `latest`.
  bool run_next(proto::TimePoint latest) {
    if (events_.empty() || events_.top().time > latest) return false;
    // The queue gives no mutable access to its top; the copy of a std::function is the price.
    const Event event = events_.top();
    events_.pop();
    now_ = event.time;
    ++done_;
    event.work();
    return true;
  }
  // Lets time pass; nothing may be due in between.
  void advance_to(proto::TimePoint time) {
    SSB_CHECK(next_time() >= time);
    now_ = std::max(now_, time);
  }
  [[nodiscard]] std::uint64_t events_done() const { return done_; }

 private:
  struct Event {
    proto::TimePoint time;
    std::uint64_t number;
    Work work;
    friend bool operator<(const Event& a, const Event& b) {  // of a queue with the greatest first
      return std::pair(b.time, b.number) < std::pair(a.time, a.number);
    }
  };
  std::priority_queue<Event> events_;
  proto::TimePoint now_;
  std::uint64_t last_number_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace ssb::sim
