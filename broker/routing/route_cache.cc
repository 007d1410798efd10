#include "broker/routing/route_cache.h"

#include <algorithm>

namespace ssb::broker::routing {

void RouteCache::follow(const catalog::Instance& instance) {
  const std::uint64_t version = instance.catalog_version();
  if (version == version_) return;
  version_ = version;
  routes_.clear();
  brokers_.clear();
}

std::shared_ptr<const Destination> RouteCache::classify(const catalog::Instance& instance,
                                                        const Query& query, proto::TimePoint now) {
  follow(instance);
  const auto known = routes_.find(KeyView(query.routes_of, query.broker, query.service));
  if (known != routes_.end()) return known->second;
  auto answer = std::make_shared<const Destination>(routing::classify(instance, query, now));
  const catalog::Catalog* database = instance.database(query.routes_of);
  const bool has_lifetimes =
      database != nullptr && database->table<catalog::pb::Route>().find_if([](const auto& route) {
        return route.lifetime_us() != 0;
      }) != nullptr;
  if (has_lifetimes) return answer;
  if (routes_.size() >= kCachedRoutesMax) routes_.clear();
  routes_.emplace(Key(query.routes_of, query.broker, std::string(query.service)), answer);
  return answer;
}

std::optional<store::DatabaseId> RouteCache::find_broker(const catalog::Instance& instance,
                                                         proto::BrokerId broker) {
  follow(instance);
  const auto known = brokers_.find(broker);
  if (known != brokers_.end()) return known->second;
  const catalog::Catalog* database = routing::find_broker(instance, broker);
  const auto answer = database == nullptr ? std::nullopt : std::optional(database->id());
  if (brokers_.size() >= kCachedRoutesMax) brokers_.clear();
  brokers_.emplace(broker, answer);
  return answer;
}

}  // namespace ssb::broker::routing
