// The decisions that were made last, for as long as the catalog and the dates of certificates let them stand.
//
//   Shape   a memo of decide_security and decide_reply. One holds while no catalog of the instance changes, and from the time it was made
//           until the first certificate that was looked at begins or ends to be valid. What it needs of the master key is the catalog's too.
//   Source  our own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "broker/dialog/decision.h"

namespace ssb::broker::dialog {

inline constexpr std::size_t kDecisionsMax = 1024;

class DecisionCache {
 public:
  using Answer = std::shared_ptr<const SecurityDecision>;
  [[nodiscard]] Answer decide_security(const catalog::Instance& instance,
                                       store::DatabaseId database, std::int32_t service_owner,
                                       std::string_view to_service, bool encryption_on,
                                       proto::TimePoint now);
  [[nodiscard]] Answer decide_reply(const catalog::Instance& instance, store::DatabaseId database,
                                    std::int32_t service_owner, std::int32_t initiator_user,
                                    proto::TimePoint now);

 private:
  enum class Kind : std::uint8_t { begin_clear, begin_encrypted, reply };
  // Service owner; initiator's user, of a reply; service, of another one.
  using Key = std::tuple<store::DatabaseId, Kind, std::int32_t, std::int32_t, std::string>;
  struct Entry {
    Answer answer;
    proto::TimePoint from;
    proto::TimePoint until;  // included
  };
  template <typename Decide>
  Answer known_or(const catalog::Instance& instance, const Key& key, proto::TimePoint now,
                  const Decide& decide);

  std::uint64_t version_ = 0;
  std::map<Key, Entry> entries_;
};

}  // namespace ssb::broker::dialog
