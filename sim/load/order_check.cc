#include "sim/load/order_check.h"

#include <fmt/format.h>

namespace ssb::sim::load {

std::string OrderCheck::arrived(proto::ConversationHandle dialog, std::uint64_t sequence) {
  std::uint64_t& next = next_[dialog];
  if (sequence == next) {
    ++next;
    return "";
  }
  return fmt::format("dialog {}: message {} came where {} was due ({})", dialog.text(), sequence,
                     next, sequence < next ? "repeated" : "lost or out of order");
}

std::string OrderCheck::ended(proto::ConversationHandle dialog, std::uint64_t expected) {
  const auto found = next_.extract(dialog);
  const std::uint64_t came = found ? found.mapped() : 0;
  if (expected == 0 || came == expected) return "";
  return fmt::format("dialog {} ended after {} of {} messages", dialog.text(), came, expected);
}

}  // namespace ssb::sim::load
