// Checks that each message of a load comes exactly once and in the order of its dialog.
//
//   A dialog's messages are numbered from 0 by who sends them. What was sent and never came shows in the count alone: compare it.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "proto/ids.h"

namespace ssb::sim::load {

class OrderCheck {
 public:
  // The next message of a dialog that was under way before: it is known from elsewhere.
  void expect(proto::ConversationHandle dialog, std::uint64_t sequence) {
    next_[dialog] = sequence;
  }
  // Empty, or what is wrong with it.
  [[nodiscard]] std::string arrived(proto::ConversationHandle dialog, std::uint64_t sequence);
  // The far side ended it; `expected` messages it had, 0 when that is not known.
  [[nodiscard]] std::string ended(proto::ConversationHandle dialog, std::uint64_t expected);
  [[nodiscard]] std::size_t open_dialogs() const { return next_.size(); }

 private:
  std::unordered_map<proto::ConversationHandle, std::uint64_t> next_;
};

}  // namespace ssb::sim::load
