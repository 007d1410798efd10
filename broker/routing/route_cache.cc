#include "broker/routing/route_cache.h"

namespace ssb::broker::routing {
namespace {

bool has_lifetimes(const catalog::Instance& instance, store::DatabaseId id) {
  const catalog::Catalog* database = instance.database(id);
  return database != nullptr && database->table<catalog::pb::Route>().find_if(
                                    [](const auto& r) { return r.lifetime_us() != 0; }) != nullptr;
}

}  // namespace

template <typename Ask>
std::shared_ptr<const Destination> RouteCache::known_or(const catalog::Instance& instance,
                                                        Answers& answers, const KeyView& key,
                                                        store::DatabaseId routes_of,
                                                        const Ask& ask) {
  if (const std::uint64_t version = instance.catalog_version(); version != version_) {
    version_ = version;
    routes_.clear();
    arrivals_.clear();
  }
  const auto known = answers.find(key);
  if (known != answers.end()) return known->second;
  auto answer = std::make_shared<const Destination>(ask());
  if (has_lifetimes(instance, routes_of)) return answer;
  if (answers.size() >= kCachedRoutesMax) answers.clear();
  const auto& [number, broker, service] = key;
  answers.emplace(Key(number, broker, std::string(service)), answer);
  return answer;
}

std::shared_ptr<const Destination> RouteCache::classify(const catalog::Instance& instance,
                                                        const Query& query, proto::TimePoint now) {
  return known_or(instance, routes_, KeyView(query.routes_of, query.broker, query.service),
                  query.routes_of, [&] { return routing::classify(instance, query, now); });
}

std::shared_ptr<const Destination> RouteCache::arrive(const catalog::Instance& instance,
                                                      const Arrival& arrival,
                                                      proto::TimePoint now) {
  return known_or(instance, arrivals_,
                  KeyView(arrival.from_initiator ? 1 : 0, arrival.broker, arrival.service),
                  catalog::kMsdb, [&] { return routing::arrive(instance, arrival, now); });
}

}  // namespace ssb::broker::routing
