// Names of the message types that the broker itself puts on a queue (reference service-broker.md 1.3).
#pragma once

#include <string_view>

namespace ssb::broker::conversation {

inline constexpr std::string_view kErrorType =
    "http://schemas.microsoft.com/SQL/ServiceBroker/Error";
inline constexpr std::string_view kEndDialogType =
    "http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog";
inline constexpr std::string_view kDialogTimerType =
    "http://schemas.microsoft.com/SQL/ServiceBroker/DialogTimer";

// Of no application: what the broker itself puts on a queue, and the ends of a peer.
[[nodiscard]] inline bool is_made_by_broker(std::string_view message_type) {
  return message_type == kErrorType || message_type == kEndDialogType ||
         message_type == kDialogTimerType;
}

}  // namespace ssb::broker::conversation
