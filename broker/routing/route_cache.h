// What classify and arrive answered last, for as long as no catalog of the instance changes.
//
//   A message of a running conversation asks the same as the one before it. Answers from routes with a lifetime are not kept: time
//   changes them too.
//   Source  our own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "broker/routing/route.h"

namespace ssb::broker::routing {

inline constexpr std::size_t kCachedRoutesMax = 1024;

class RouteCache {
 public:
  // As routing::classify.
  [[nodiscard]] std::shared_ptr<const Destination> classify(const catalog::Instance& instance,
                                                            const Query& query,
                                                            proto::TimePoint now);
  // As routing::arrive.
  [[nodiscard]] std::shared_ptr<const Destination> arrive(const catalog::Instance& instance,
                                                          const Arrival& arrival,
                                                          proto::TimePoint now);

 private:
  // By the database whose routes count; of arrivals by 1 for an initiator's message, 0 for a target's.
  using Key = std::tuple<store::DatabaseId, std::optional<proto::BrokerId>, std::string>;
  using KeyView = std::tuple<store::DatabaseId, std::optional<proto::BrokerId>, std::string_view>;
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
    static KeyView view(const Key& key) {
      return {std::get<0>(key), std::get<1>(key), std::get<2>(key)};
    }
    static const KeyView& view(const KeyView& key) { return key; }
  };
  using Answers = std::map<Key, std::shared_ptr<const Destination>, Less>;
  template <typename Ask>
  std::shared_ptr<const Destination> known_or(const catalog::Instance& instance, Answers& answers,
                                              const KeyView& key, store::DatabaseId routes_of,
                                              const Ask& ask);

  std::uint64_t version_ = 0;
  Answers routes_;
  Answers arrivals_;
};

}  // namespace ssb::broker::routing
