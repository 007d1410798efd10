#include "transport/net/patience.h"

#include <algorithm>

namespace ssb::net {
namespace {

// Of some messages of a kilobyte, and of no full read.
constexpr std::size_t kSmallTurnBytes = std::size_t{8} * 1024;
constexpr int kMemory = 8;  // the share of the last one in a mean
constexpr int kLongestWaits =
    4;  // a single long wait counts as so many limits, so that few short ones make up for it
constexpr int kFirstRefusals = 256;
constexpr int kMostRefusals = 65536;

}  // namespace

void Patience::worked(std::size_t bytes) {
  usual_bytes_ = (usual_bytes_ * (kMemory - 1) + bytes) / kMemory;
}

void Patience::waited(Duration time) {
  usual_wait_ = (usual_wait_ * (kMemory - 1) + std::min(time, limit_ * kLongestWaits)) / kMemory;
  if (refusals_ > 0) {
    --refusals_;
  } else if (last_refusals_ > 0) {
    --last_refusals_;  // as many times without an interruption, and it is forgotten
  }
}

void Patience::interrupted() {
  if (refusals_ > 0) return;
  last_refusals_ = std::clamp(2 * last_refusals_, kFirstRefusals, kMostRefusals);
  refusals_ = last_refusals_;
}

Patience::Duration Patience::now() const {
  const bool is_worth_it =
      refusals_ == 0 && usual_wait_ <= limit_ && usual_bytes_ <= kSmallTurnBytes;
  return is_worth_it ? limit_ : Duration(0);
}

}  // namespace ssb::net
