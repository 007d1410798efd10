// Who sends inside one instance: the sending service's owner, as the target's database knows it.
//
//   Errors  916: the owner has no login, or its login is nobody there.
//   Source  reference service-broker.md 1.6.
#pragma once

#include "broker/catalog/instance.h"

namespace ssb::broker::conversation {

// The same user in the same database, else the user of the owner's login in `to`.
[[nodiscard]] proto::Result<std::int32_t> sender_in(const catalog::Instance& instance,
                                                    store::DatabaseId from, std::int32_t owner,
                                                    store::DatabaseId to);

}  // namespace ssb::broker::conversation
