// What happens when: events of virtual time, in the order of their time, and of their making where times are equal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
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
    events_.push_back({std::max(time, now_), ++last_number_, std::move(work)});
    std::push_heap(events_.begin(), events_.end());
  }
  // kNever: nothing is scheduled.
  [[nodiscard]] proto::TimePoint next_time() const {
    return events_.empty() ? proto::kNever : events_.front().time;
  }
  // Goes to the next event's time and does its work; false when there is none up to `latest`.
  bool run_next(proto::TimePoint latest) {
    if (next_time() > latest || events_.empty()) return false;
    std::pop_heap(events_.begin(), events_.end());
    const Event event = std::move(events_.back());
    events_.pop_back();
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
    friend bool operator<(const Event& a, const Event& b) {  // of a heap with the greatest first
      return std::pair(b.time, b.number) < std::pair(a.time, a.number);
    }
  };
  std::vector<Event> events_;  // a heap, the next one first: its bytes are moved out, not copied
  proto::TimePoint now_;
  std::uint64_t last_number_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace ssb::sim
