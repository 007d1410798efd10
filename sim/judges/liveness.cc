#include "sim/judges/liveness.h"

#include <fmt/format.h>

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;

namespace {

bool is_reason(const TraceRecord& record) {
  constexpr int kDelayed = 3;
  switch (static_cast<int>(record.event)) {
    case static_cast<int>(EventClass::message_classify): return record.subclass == kDelayed;
    case static_cast<int>(EventClass::audit_conversation):
    case static_cast<int>(EventClass::message_undeliverable):
    case static_cast<int>(EventClass::corrupted_message):
    case static_cast<int>(EventClass::forwarded_message_dropped): return true;
    default: return false;
  }
}

}  // namespace

void Liveness::traced(Host, const TraceRecord& record) {
  if (!is_reason(record) || record.conversation_id.empty()) return;
  if (reasons_.size() < kConversationsMax || reasons_.contains(record.conversation_id))
    reasons_[record.conversation_id] = inside().now();
}

void Liveness::at_healed_end() {
  if (reasons_.size() >= kConversationsMax) return;
  for (Host host = 0; host < inside().hosts(); ++host) {
    for (const WaitingEndpoint& waiting : inside().waiting(host)) {
      if (!waiting.status.empty()) continue;
      const auto reason = reasons_.find(waiting.conversation);
      const bool is_explained =
          reason != reasons_.end() && inside().now() - reason->second <= kReasonAge;
      if (is_explained) continue;
      find(host, fmt::format("{}: {} messages wait in {} without a status, and nobody has refused "
                             "one",
                             text_of({waiting.conversation, waiting.is_initiator}),
                             waiting.messages, waiting.place.database));
    }
  }
}

}  // namespace ssb::sim::judges
