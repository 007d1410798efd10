#include "sim/load/arrivals.h"

#include <cmath>

#include "proto/check.h"

namespace ssb::sim::load {

Arrivals::Arrivals(Arrival arrival, double rate, std::uint64_t seed)
    : arrival_(arrival), mean_gap_(static_cast<double>(kSecond) / rate), random_(seed) {
  SSB_CHECK(rate > 0);
  if (arrival_ == Arrival::poisson) pop();  // the first comes after a gap like all others
}

double Arrivals::gap() {
  if (arrival_ != Arrival::poisson) return mean_gap_;
  return -std::log(1 - random_.unit()) * mean_gap_;
}

void Arrivals::pop() {
  at_ += gap();
  next_ = static_cast<Nanoseconds>(at_);
}

std::vector<Nanoseconds> Arrivals::due(Nanoseconds now, Nanoseconds until, std::size_t most) {
  std::vector<Nanoseconds> out;
  while (out.size() < most && next_ <= now && next_ < until) {
    out.push_back(next_);
    pop();
  }
  return out;
}

}  // namespace ssb::sim::load
