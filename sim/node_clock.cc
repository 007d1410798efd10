#include "sim/node_clock.h"

namespace ssb::sim {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

// The products are taken in two parts: a year of microseconds times a million would not fit.
proto::TimePoint NodeClock::shows(proto::TimePoint world) const {
  const std::int64_t passed = (world - since_).count();
  if (ppm_ == 0) return shown_ + proto::Duration(passed);
  const std::int64_t rate = kMillion + ppm_;
  return shown_ + proto::Duration(passed / kMillion * rate + (passed % kMillion) * rate / kMillion);
}

proto::TimePoint NodeClock::world_time_of(proto::TimePoint shown) const {
  if (shown == proto::kNever) return proto::kNever;
  const std::int64_t wanted = (shown - shown_).count();
  if (ppm_ == 0 || wanted <= 0) return since_ + proto::Duration(wanted);
  const std::int64_t rate = kMillion + ppm_;
  if (rate <= 0) return proto::kNever;
  // Rounded up: a node that is woken then finds its deadline reached.
  const std::int64_t rest = (wanted % rate * kMillion + rate - 1) / rate;
  constexpr std::int64_t kLongest = std::int64_t{1} << 60;  // no moment that a run reaches
  if (wanted / rate > kLongest / kMillion) return proto::kNever;
  return since_ + proto::Duration(wanted / rate * kMillion + rest);
}

}  // namespace ssb::sim
