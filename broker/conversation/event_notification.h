// Event notifications on queues: what the broker sends to a service when something happens to a queue.
//
//   Shape   a conversation of the database's own service .../Notifications/EventNotificationService with the notification's target, contract
//           .../Notifications/PostEventNotification, without ENCRYPTION and with the longest LIFETIME. It begins with the first
//           event, serves all later ones, and ends with DROP EVENT NOTIFICATION. Each event is one message .../EventNotification,
//           XML in UTF-16LE with a byte order mark:
//           <EVENT_INSTANCE><EventType>e</EventType><PostTime>t</PostTime><SPID>n</SPID><ServerName>s</ServerName>
//           <LoginName>sa</LoginName><UserName>dbo</UserName><DatabaseName>d</DatabaseName><SchemaName>c</SchemaName>
//           <ObjectName>q</ObjectName><ObjectType>QUEUE</ObjectType></EVENT_INSTANCE>, on one line
//   Errors  17003 or 17004 in the error log when the conversation ends before, and 17005 as the notification is dropped then.
//   Source  reference tsql-tds.md 1.2; a QUEUE_ACTIVATION message as a public script shows one. Ours: that BROKER_QUEUE_DISABLED looks alike,
//           that SPID is always the same, that the conversation begins so late and is ENCRYPTION = OFF, and that the
//           notification is dropped at once: in the product at the next event.
#pragma once

#include <cstdint>
#include <string_view>

namespace ssb::broker::conversation {

inline constexpr std::string_view kQueueActivationEvent = "QUEUE_ACTIVATION";
inline constexpr std::string_view kQueueDisabledEvent = "BROKER_QUEUE_DISABLED";
// The database's own service of that name (broker/catalog/built_in_objects.cc).
inline constexpr std::int32_t kEventNotificationService = 2;

}  // namespace ssb::broker::conversation
