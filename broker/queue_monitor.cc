#include "broker/queue_monitor.h"

#include <algorithm>

namespace ssb::broker {

std::string_view state_description(MonitorState state) {
  switch (state) {
    case MonitorState::inactive: return "INACTIVE";
    case MonitorState::notified: return "NOTIFIED";
    case MonitorState::receives_occurring: return "RECEIVES_OCCURRING";
  }
  return "";
}

void QueueMonitor::notice(const conversation::QueueReading& reading, proto::TimePoint now) {
  const bool is_new = has_seen_ && reading.receives != receives_;
  receives_ = reading.receives;
  has_seen_ = true;
  if (!is_new) return;
  if (reading.last_was_empty) {
    state_ = MonitorState::inactive;
  } else if (state_ != MonitorState::receives_occurring) {
    state_ = MonitorState::receives_occurring;
    since_ = now;
  }
}

bool QueueMonitor::wants_start(const Seen& seen, proto::TimePoint now) {
  notice(seen.reading, now);
  due_ = proto::kNever;
  if (!seen.has_free_messages || !seen.has_free_reader) return false;
  if (state_ == MonitorState::notified) return false;
  const bool is_more = state_ == MonitorState::receives_occurring && !replaces_;
  const proto::TimePoint at =
      is_more ? std::max(since_ + kMonitorPeriod, not_before_) : not_before_;
  if (now >= at) return true;
  due_ = at;
  is_polling_ = is_more || pause_polls_;
  return false;
}

void QueueMonitor::started(proto::TimePoint now) {
  state_ = MonitorState::notified;
  activated_at_ = now;
  replaces_ = false;
}

void QueueMonitor::ended(TaskEnd how, const conversation::QueueReading& reading,
                         proto::TimePoint now) {
  notice(reading, now);
  replaces_ = state_ == MonitorState::receives_occurring;
  switch (how) {
    case TaskEnd::took_messages:
      pause_ = kFirstPause;
      not_before_ = now;
      return;
    case TaskEnd::took_nothing:
      not_before_ = now + pause_;
      pause_polls_ = pause_ == kMonitorPeriod;
      pause_ = std::min(pause_ * 2, kMonitorPeriod);
      return;
    case TaskEnd::could_not_start:
      state_ = MonitorState::inactive;
      not_before_ = now + kMonitorPeriod;
      pause_polls_ = true;
      return;
  }
}

}  // namespace ssb::broker
