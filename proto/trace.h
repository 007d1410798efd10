// One record for each event that SQL Server's tracing would show, and for each decision that it does not show.
//
//   Source  event class numbers and subclasses: SQL Server's (reference service-broker.md 3.7); `decision` and the like are ours.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/error.h"
#include "proto/time.h"

namespace ssb::proto {

enum class EventClass : int {
  error_log = 22,
  conversation = 124,
  conversation_group = 136,
  connection = 138,
  message_classify = 141,
  queue_disabled = 143,
  remote_message_acknowledgement = 149,
  audit_conversation = 158,
  audit_login = 159,
  message_undeliverable = 160,
  corrupted_message = 161,
  activation = 163,
  forwarded_message_dropped = 191,
  // Ours, not SQL Server's:
  security_decision =
      10001,  // security type and certificates of a dialog, each candidate with its reason
  message_sent = 10002,       // a dialog message handed to the transport: kind, bytes, keys
  message_delivered = 10003,  // a message put on its queue
  handshake_step = 10004,     // a step of the adjacent handshake
  message_status = 10005,     // transmission_status of a waiting message changed
};

// "Broker:Message Undeliverable", ...
[[nodiscard]] const char* event_class_name(EventClass event);

struct TraceRecord {
  TimePoint at{};
  EventClass event{};
  int subclass = 0;
  std::string subclass_name;
  std::string database;         // name; empty at instance level
  std::string conversation_id;  // GUID text; empty when none
  std::optional<Error> error;   // with its state
  std::string text;             // TextData
  // What else there is to know, in the order to show it: ("from_service", "MyService"), ("binding", "ToImg (user ImgProc_proxy)"),
  // ("candidate", "MyService_2009: taken, expires latest"), ("bytes", "1412"), ...
  std::vector<std::pair<std::string, std::string>> detail;

  [[nodiscard]] const std::string* find(std::string_view key) const {
    for (const auto& [name, value] : detail) {
      if (name == key) return &value;
    }
    return nullptr;
  }
};

}  // namespace ssb::proto
