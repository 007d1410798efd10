#include "sim/sweep/shrink.h"

#include <algorithm>

namespace ssb::sim::sweep {
namespace {

std::vector<std::size_t> parts_of(const std::vector<bool>& kept) {
  std::vector<std::size_t> parts;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i]) parts.push_back(i);
  }
  return parts;
}

}  // namespace

std::vector<bool> shrink(std::vector<bool> start, int& attempts,
                         const std::function<bool(const std::vector<bool>& kept)>& fails) {
  std::vector<bool> kept = std::move(start);
  std::size_t chunk = parts_of(kept).size();
  while (chunk > 0 && attempts > 0) {
    bool has_shrunk = false;
    const std::vector<std::size_t> parts = parts_of(kept);
    // From the end: what comes later depends on what comes earlier.
    for (std::size_t end = parts.size(); end > 0 && attempts > 0; end -= std::min(end, chunk)) {
      std::vector<bool> less = kept;
      for (std::size_t i = end - std::min(end, chunk); i < end; ++i) less[parts[i]] = false;
      if (less == kept) continue;
      --attempts;
      if (!fails(less)) continue;
      kept = std::move(less);
      has_shrunk = true;
    }
    if (chunk == 1 && !has_shrunk) break;
    if (!has_shrunk || chunk > 1) chunk = std::max<std::size_t>(1, chunk / 2);
  }
  return kept;
}

}  // namespace ssb::sim::sweep
