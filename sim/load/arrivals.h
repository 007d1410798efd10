// When the messages of an open loop are meant to start, whatever becomes of the ones before: the schedule does not wait.
//
//   Units   nanoseconds from the begin of the run. The same seed gives the same schedule, so two of them run alike.
#pragma once

#include <vector>

#include "sim/load/workload.h"
#include "sim/random.h"

namespace ssb::sim::load {

class Arrivals {
 public:
  // `rate` messages a second, above 0; constant or Poisson.
  Arrivals(Arrival arrival, double rate, std::uint64_t seed);
  // The next intended start.
  [[nodiscard]] Nanoseconds next() const { return next_; }
  void pop();
  // Those that are due at `now` and before `until`, at most so many, oldest first: what is late is still sent.
  [[nodiscard]] std::vector<Nanoseconds> due(Nanoseconds now, Nanoseconds until, std::size_t most);

 private:
  [[nodiscard]] double gap();
  Arrival arrival_;
  double mean_gap_;
  Random random_;
  double at_ = 0;
  Nanoseconds next_ = 0;
};

}  // namespace ssb::sim::load
