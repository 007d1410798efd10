// What the broker asks of the Broker Configuration service: a route, or a remote service binding, for a service.
//
//   Shape   a conversation of the database's own service .../ServiceBroker/ServiceBroker with 'SQL/ServiceBroker/BrokerConfiguration',
//           contract .../BrokerConfigurationNotice, without ENCRYPTION and with the longest LIFETIME, and one message in it, XML in
//           UTF-16LE with a byte order mark:
//           <MissingRoute xmlns=".../BrokerConfigurationNotice/MissingRoute"><SERVICE_NAME>s</SERVICE_NAME></MissingRoute>
//           The answer is its end, with or without an error. What the service did is seen in the routes and bindings alone.
//   Errors  9770 while it is open; 9761 in the error log when it ends with an error.
//   Source  reference service-broker.md 1.7 step 4, 2.9. That a request is ENCRYPTION = OFF, and when it is asked again, is our own.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ssb::broker::conversation {

struct ConfigurationRequest {
  enum class Kind { route = 1, binding = 2 };  // as stored
  Kind kind = Kind::route;
  std::string service;

  friend auto operator<=>(const ConfigurationRequest&, const ConfigurationRequest&) = default;
};

// The database's own service of that name (broker/catalog/built_in_objects.cc).
inline constexpr std::int32_t kBrokersOwnService = 3;
inline constexpr std::string_view kBrokersOwnServiceName =
    "http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker";
// After an answer the same is not asked again for so long. Undocumented; longer than the retries, so that a service that cannot help is
// not asked with each of them.
inline constexpr std::chrono::minutes kAskedAgainAfter{10};
// Open requests of a database, and answers remembered: names come from dialogs, and over the network.
inline constexpr std::size_t kConfigurationRequestsMax = 1000;

}  // namespace ssb::broker::conversation
