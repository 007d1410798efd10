#include "broker/dialog/operation_counts.h"

#include <vector>

namespace ssb::broker::dialog {

void add(OperationCounts& sum, const OperationCounts& more) {
  std::vector<std::uint64_t> values;
  visit_counts(more, [&](const char*, std::uint64_t value) { values.push_back(value); });
  auto next = values.begin();
  visit_counts(sum, [&](const char*, std::uint64_t& value) { value += *next++; });
}

}  // namespace ssb::broker::dialog
