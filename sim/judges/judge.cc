#include "sim/judges/judge.h"

#include <charconv>

#include <fmt/format.h>

namespace ssb::sim::judges {

std::uint64_t number_of(const proto::TraceRecord& record, std::string_view key) {
  const std::string text = detail_of(record, key);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string text_of(const Direction& direction) {
  return fmt::format("conversation {}, {}", direction.conversation,
                     direction.from_initiator ? "initiator to target" : "target to initiator");
}

}  // namespace ssb::sim::judges
