#include "proto/trace.h"

namespace ssb::proto {

const char* event_class_name(EventClass event) {
  switch (event) {
    case EventClass::error_log: return "ErrorLog";
    case EventClass::conversation: return "Broker:Conversation";
    case EventClass::conversation_group: return "Broker:Conversation Group";
    case EventClass::connection: return "Broker:Connection";
    case EventClass::message_classify: return "Broker:Message Classify";
    case EventClass::queue_disabled: return "Broker:Queue Disabled";
    case EventClass::remote_message_acknowledgement: return "Broker:Remote Message Acknowledgement";
    case EventClass::audit_conversation: return "Audit Broker Conversation";
    case EventClass::audit_login: return "Audit Broker Login";
    case EventClass::message_undeliverable: return "Broker:Message Undeliverable";
    case EventClass::corrupted_message: return "Broker:Corrupted Message";
    case EventClass::activation: return "Broker:Activation";
    case EventClass::forwarded_message_dropped: return "Broker:Forwarded Message Dropped";
    case EventClass::security_decision: return "Security Decision";
    case EventClass::message_sent: return "Message Sent";
    case EventClass::message_delivered: return "Message Delivered";
    case EventClass::handshake_step: return "Handshake Step";
    case EventClass::message_status: return "Message Status";
  }
  return "unknown";
}

}  // namespace ssb::proto
