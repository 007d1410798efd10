// Which priority a new conversation gets, at either side: that of the broker priority which fits it best.
//
//   Shape   a broker priority names a contract, a local service, a remote service, or any of them (ANY). The contract counts most, then
//           the local service, then the remote one; services of other names do not fit at all. None fits: 5.
//   Source  reference service-broker.md 1.5.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/catalog/catalog.h"

namespace ssb::broker::conversation {

inline constexpr int kDefaultPriority = 5;

[[nodiscard]] int priority_of(const catalog::Catalog& database, std::int32_t contract,
                              std::int32_t local_service, std::string_view remote_service);

}  // namespace ssb::broker::conversation
