// Where a dialog message goes: to a database of this instance, to an address, or nowhere yet.
//
//   Errors  9750 nothing matches; 9793 a service name that no route knows; 9796 LOCAL matched but there is no such service; 9785 address.
//   Source  reference service-broker.md 1.7: the seven steps of the match, the four of the choice; names compare byte for byte.
//           Left out: the request to the Broker Configuration service (step 4 only delays), the second address of a mirrored
//           pair, the random pick among several addresses (the route with the lowest id is taken).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/instance.h"
#include "proto/ids.h"

namespace ssb::broker::routing {

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
