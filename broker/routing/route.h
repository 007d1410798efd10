// Where a dialog message goes: to a database of this instance, to an address, or nowhere yet.
//
//   Errors  9750 nothing matches; 9793 a service name that no route knows; 9796 LOCAL matched but there is no such service; 9785 address.
//   Source  reference service-broker.md 1.7: the seven steps of the match, the four of the choice; names compare byte for byte.
//           Step 4 only delays here: who asks the Broker Configuration service is broker/conversation/configuration.cc.
//           Left out: the second address of a mirrored pair, the random pick among several addresses (the route with the
//           lowest id is taken).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/instance.h"
#include "proto/ids.h"

namespace ssb::broker::routing {

// A route to this service makes step 4 of the match apply.
inline constexpr std::string_view kBrokerConfigurationService =
    "SQL/ServiceBroker/BrokerConfiguration";
inline constexpr int kAskingStep = 4;

struct Destination {
  enum class Kind { local, remote, delayed };
  Kind kind = Kind::delayed;
  store::DatabaseId database = 0;  // local
  std::string address;             // remote: "TCP://host:port"
  std::string route;  // name of the route that matched; empty for step 6 and the reply short cut
  int step = 0;       // of the match, 1 to 7
  std::optional<proto::Error> error;  // delayed: what transmission_status shows
};

struct Query {
  store::DatabaseId routes_of =
      0;  // the conversation's database, or msdb for what came over the network
  std::string_view service;
  std::optional<proto::BrokerId> broker;
};

[[nodiscard]] Destination classify(const catalog::Instance& instance, const Query& query,
                                   proto::TimePoint now);

// A message that came over the network.
struct Arrival {
  std::string_view service;
  std::optional<proto::BrokerId> broker;  // that it names
  bool from_initiator = true;
};
// Where it belongs: a target's message whose broker is here needs no route (the reply short cut), everything else is routed by msdb. A
// broker of this instance is found also where the routes of msdb lead nowhere, but not where they say to ask first. With the broker of
// msdb disabled only the short cut is left.
[[nodiscard]] Destination arrive(const catalog::Instance& instance, const Arrival& arrival,
                                 proto::TimePoint now);
// What is said of one that `arrive` delays: 9789 (event 160) without the broker of msdb, 11294 (event 191) where the instance forwards,
// else 9795 or 11210 (event 160).
[[nodiscard]] proto::Error refusal_of(const catalog::Instance& instance, const Arrival& arrival);

// Whether the database has a route to the Broker Configuration service that has not expired.
[[nodiscard]] bool has_configuration_route(const catalog::Catalog& database, proto::TimePoint now);
// The endpoint of the instance for Service Broker, or nullptr.
[[nodiscard]] const catalog::pb::Endpoint* broker_endpoint(const catalog::Instance& instance);

// The database of this instance that a message is for: by broker id, else the preferred one, else any with the service; nullopt: none.
[[nodiscard]] std::optional<store::DatabaseId> locate(const catalog::Instance& instance,
                                                      std::string_view service,
                                                      const std::optional<proto::BrokerId>& broker,
                                                      store::DatabaseId preferred);
// The service of exactly this name, or nullptr.
[[nodiscard]] const catalog::pb::Service* find_service(const catalog::Catalog& database,
                                                       std::string_view name);
// The database with this broker id, or nullptr.
[[nodiscard]] const catalog::Catalog* find_broker(const catalog::Instance& instance,
                                                  proto::BrokerId broker);

// "TCP://host:port" in its parts; nullopt when it is none.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

}  // namespace ssb::broker::routing
