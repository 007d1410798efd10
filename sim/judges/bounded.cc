#include "sim/judges/bounded.h"

#include <fmt/format.h>

namespace ssb::sim::judges {

void Bounded::committed(Host host) {
  if (++steps_[host] % kStepsBetweenLooks == 0) look(host);
}

void Bounded::at_healed_end() {
  for (Host host = 0; host < inside().hosts(); ++host) look(host);
}

void Bounded::look(Host host) {
  for (const auto& fill : inside().fills(host)) {
    if (fill.is <= fill.at_most || !found_.emplace(host, fill.what).second) continue;
    find(host, fmt::format("{}: {}, and {} is the most", fill.what, fill.is, fill.at_most));
  }
}

}  // namespace ssb::sim::judges
