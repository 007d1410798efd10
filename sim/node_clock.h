// A node's own clock: it may be wrong by a constant, go too fast or too slow, stand still, and be set by hand.
//
//   Shape   shows(world) = what it showed at the last change + (world - then) * (1 + parts per million)
//   Units   microseconds; a rate of -1,000,000 ppm stands still, slower there is none.
//   Source  our own.
#pragma once

#include <cstdint>

#include "proto/time.h"

namespace ssb::sim {

inline constexpr std::int64_t kDriftPpmMin = -1'000'000;
inline constexpr std::int64_t kDriftPpmMax = 1'000'000;

class NodeClock {
 public:
  [[nodiscard]] proto::TimePoint shows(proto::TimePoint world) const;
  // The world's time at which it first shows this; kNever: it stands still before that. In the past when it shows it already.
  [[nodiscard]] proto::TimePoint world_time_of(proto::TimePoint shown) const;

  // From `world` on. The rate stays as it is.
  void set_skew(proto::TimePoint world, proto::Duration skew) { set(world, world + skew); }
  void jump(proto::TimePoint world, proto::Duration by) { set(world, shows(world) + by); }
  void set_drift(proto::TimePoint world, std::int64_t ppm) {
    set(world, shows(world));
    ppm_ = ppm;
  }

 private:
  void set(proto::TimePoint world, proto::TimePoint shown) {
    since_ = world;
    shown_ = shown;
  }

  proto::TimePoint since_{};
  proto::TimePoint shown_{};
  std::int64_t ppm_ = 0;
};

}  // namespace ssb::sim
