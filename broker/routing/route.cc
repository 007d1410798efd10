#include "broker/routing/route.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "proto/error_code.h"

namespace ssb::broker::routing {
namespace {

using catalog::pb::Route;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) {
      return (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
    };
    return lower(x) == lower(y);
  });
}

bool is_expired(const Route& route, proto::TimePoint now) {
  return route.lifetime_us() != 0 && route.lifetime_us() <= proto::to_unix_us(now);
}

std::vector<const Route*> live_routes(const catalog::Catalog& database, proto::TimePoint now) {
  std::vector<const Route*> routes;
  for (const auto& [id, route] : database.table<Route>()) {
    if (!is_expired(route, now)) routes.push_back(&route);
  }
  return routes;
}

template <typename Fits>
std::vector<const Route*> matching(const std::vector<const Route*>& routes, Fits fits) {
  std::vector<const Route*> found;
  std::copy_if(routes.begin(), routes.end(), std::back_inserter(found),
               [&](const Route* r) { return fits(*r); });
  return found;
}

bool names_broker(const Route& route, const std::optional<proto::BrokerId>& broker) {
  return broker && !route.broker_instance().empty() &&
         equals_ignoring_case(route.broker_instance(), broker->text());
}

bool leads_to_configuration(const Route& route) {
  return route.service_name() == kBrokerConfigurationService;
}

// Steps 1 to 5 of the match; `step` tells which one it was. Step 4 matches nothing: the message waits for
// what the Broker Configuration service answers.
std::vector<const Route*> match(const std::vector<const Route*>& routes, const Query& query,
                                int& step) {
  step = 1;
  auto found = matching(routes, [&](const Route& r) {
    return r.service_name() == query.service && names_broker(r, query.broker);
  });
  if (!found.empty()) return found;
  step = 2;
  found = matching(routes, [&](const Route& r) {
    return r.service_name() == query.service && r.broker_instance().empty();
  });
  if (!found.empty()) return found;
  if (!query.broker) {
    step = 3;
    found = matching(routes, [&](const Route& r) {
      return r.service_name() == query.service && !r.broker_instance().empty();
    });
    if (!found.empty()) {
      const std::string& first = found.front()->broker_instance();
      return matching(
          found, [&](const Route& r) { return equals_ignoring_case(r.broker_instance(), first); });
    }
  }
  step = kAskingStep;
  const bool is_configured = std::any_of(routes.begin(), routes.end(),
                                         [](const Route* r) { return leads_to_configuration(*r); });
  if (is_configured) return {};
  step = 5;
  return matching(routes, [](const Route& r) {
    return r.service_name().empty() && r.broker_instance().empty();
  });
}

Destination remote(const Route& route, int step, std::string address) {
  Destination destination;
  destination.route = route.name();
  destination.step = step;
  if (!parse_address(address)) {
    destination.error = proto::Error(proto::ErrorCode::invalid_route_address, address);
    return destination;
  }
  destination.kind = Destination::Kind::remote;
  destination.address = std::move(address);
  return destination;
}

Destination local(store::DatabaseId database, std::string route, int step) {
  Destination destination;
  destination.kind = Destination::Kind::local;
  destination.database = database;
  destination.route = std::move(route);
  destination.step = step;
  return destination;
}

Destination delayed(proto::Error error, int step) {
  Destination destination;
  destination.step = step;
  destination.error = std::move(error);
  return destination;
}

// 9793 where no route is for the service, else 9750.
proto::Error unmatched(const std::vector<const Route*>& routes, const Query& query) {
  const bool is_known = std::any_of(routes.begin(), routes.end(), [&query](const Route* r) {
    return r->service_name() == query.service;
  });
  const auto code =
      is_known ? proto::ErrorCode::no_route_matches : proto::ErrorCode::target_service_not_found;
  return proto::Error(code, std::string(query.service));
}

// What a service name says of where it is: "TCP://host:port", with or without a "/" and more behind it.
std::string address_in_name(std::string_view service) {
  constexpr std::string_view kSlashes = "://";
  const auto slashes = service.find(kSlashes);
  if (slashes == std::string_view::npos) return std::string(service);
  return std::string(service.substr(0, service.find('/', slashes + kSlashes.size())));
}

// The choice inside the matched set: a mirrored pair, LOCAL where the service is here, an address,
// TRANSPORT. Of a mirrored pair only the first address is used.
std::optional<Destination> choose(const catalog::Instance& instance,
                                  const std::vector<const Route*>& set, const Query& query,
                                  int step) {
  for (const Route* route : set) {
    if (!route->mirror_address().empty()) return remote(*route, step, route->address());
  }
  for (const Route* route : set) {
    if (!equals_ignoring_case(route->address(), "LOCAL")) continue;
    const auto database = locate(instance, query.service, query.broker, query.routes_of);
    if (database) return local(*database, route->name(), step);
  }
  for (const Route* route : set) {
    const bool named = !equals_ignoring_case(route->address(), "LOCAL") &&
                       !equals_ignoring_case(route->address(), "TRANSPORT");
    if (named) return remote(*route, step, route->address());
  }
  for (const Route* route : set) {
    if (equals_ignoring_case(route->address(), "TRANSPORT"))
      return remote(*route, step, address_in_name(query.service));
  }
  return std::nullopt;
}

}  // namespace

Destination classify(const catalog::Instance& instance, const Query& query, proto::TimePoint now) {
  const catalog::Catalog* database = instance.database(query.routes_of);
  if (database == nullptr)
    return delayed(proto::Error(proto::ErrorCode::no_route_matches, std::string(query.service)), 7);
  const auto routes = live_routes(*database, now);
  int step = 0;
  const auto set = match(routes, query, step);
  if (auto chosen = choose(instance, set, query, step)) return *chosen;
  if (step == kAskingStep) return delayed(unmatched(routes, query), step);
  if (query.broker) {
    if (const auto here = locate(instance, query.service, query.broker, query.routes_of))
      return local(*here, "", 6);
  }
  if (!set.empty())
    return delayed(
        proto::Error(proto::ErrorCode::local_service_not_found, std::string(query.service)), step);
  return delayed(unmatched(routes, query), 7);
}

Destination arrive(const catalog::Instance& instance, const Arrival& arrival,
                   proto::TimePoint now) {
  const catalog::Catalog* named = arrival.broker ? find_broker(instance, *arrival.broker) : nullptr;
  if (named != nullptr && !arrival.from_initiator) return local(named->id(), "", 0);
  if (!instance.info(catalog::kMsdb).is_broker_enabled())
    return delayed(proto::Error(proto::ErrorCode::broker_disabled_in_msdb), 0);
  Destination routed = classify(instance, {catalog::kMsdb, arrival.service, arrival.broker}, now);
  const bool stays =
      named != nullptr && routed.kind == Destination::Kind::delayed && routed.step != kAskingStep;
  return stays ? local(named->id(), "", 0) : routed;
}

proto::Error refusal_of(const catalog::Instance& instance, const Arrival& arrival) {
  if (!instance.info(catalog::kMsdb).is_broker_enabled())
    return proto::Error(proto::ErrorCode::broker_disabled_in_msdb);
  const catalog::pb::Endpoint* endpoint = broker_endpoint(instance);
  if (endpoint != nullptr && endpoint->is_message_forwarding_enabled())
    return proto::Error(proto::ErrorCode::no_route_to_forward, std::string(arrival.service));
  if (arrival.broker)
    return proto::Error(proto::ErrorCode::broker_id_unknown, arrival.broker->text());
  return proto::Error(proto::ErrorCode::to_service_not_found, std::string(arrival.service));
}

bool has_configuration_route(const catalog::Catalog& database, proto::TimePoint now) {
  return database.table<Route>().find_if([now](const Route& route) {
    return leads_to_configuration(route) && !is_expired(route, now);
  }) != nullptr;
}

const catalog::pb::Endpoint* broker_endpoint(const catalog::Instance& instance) {
  using catalog::pb::Endpoint;
  return instance.master().table<Endpoint>().find_if(
      [](const Endpoint& endpoint) { return endpoint.kind() == Endpoint::SERVICE_BROKER; });
}

const catalog::pb::Service* find_service(const catalog::Catalog& database, std::string_view name) {
  return database.table<catalog::pb::Service>().find_if(
      [name](const catalog::pb::Service& service) { return service.name() == name; });
}

const catalog::Catalog* find_broker(const catalog::Instance& instance, proto::BrokerId broker) {
  const catalog::Catalog* disabled = nullptr;
  for (const auto& [id, database] : instance.databases()) {
    const auto& info = instance.info(id);
    if (proto::as_text(broker.view()) != info.broker_id()) continue;
    if (info.is_broker_enabled()) return database.get();
    disabled = database.get();  // of two databases with one id only one may be enabled: prefer it
  }
  return disabled;
}

std::optional<store::DatabaseId> locate(const catalog::Instance& instance, std::string_view service,
                                        const std::optional<proto::BrokerId>& broker,
                                        store::DatabaseId preferred) {
  if (broker) {
    const catalog::Catalog* database = find_broker(instance, *broker);
    if (database == nullptr) return std::nullopt;
    return database->id();
  }
  const catalog::Catalog* own = instance.database(preferred);
  if (own != nullptr && find_service(*own, service) != nullptr) return preferred;
  for (const auto& [id, database] : instance.databases()) {
    if (find_service(*database, service) != nullptr && instance.info(id).is_broker_enabled())
      return id;
  }
  return std::nullopt;
}

std::optional<Address> parse_address(std::string_view text) {
  constexpr std::string_view kScheme = "tcp://";
  if (text.size() <= kScheme.size() ||
      !equals_ignoring_case(text.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  text.remove_prefix(kScheme.size());
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  // Of an IPv6 address without brackets nobody can tell which part is the port.
  if (host.find_first_of("[]") != std::string_view::npos ||
      (!is_bracketed && host.find(':') != std::string_view::npos))
    return std::nullopt;
  Address address;
  address.host = std::string(host);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  const bool whole = failure == std::errc() && end == port.data() + port.size();
  if (!whole || address.port == 0 || address.host.find_first_of(" /\t") != std::string::npos)
    return std::nullopt;
  return address;
}

}  // namespace ssb::broker::routing
