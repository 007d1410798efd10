// The copy of a database master key that the service master key opens: what makes a master key open
// by itself, and what sys.databases.is_master_key_encrypted_by_server tells.
#pragma once

#include <optional>

#include "broker/catalog/catalog.h"
#include "proto/secret.h"

namespace ssb::broker::catalog {

// `service_master_key` is not empty.
[[nodiscard]] proto::Bytes seal_service_copy(const proto::Secret& service_master_key,
                                             const pb::MasterKey& row,
                                             const proto::Secret& master_key);
// nullopt: there is no copy, or this service master key does not open it.
[[nodiscard]] std::optional<proto::Secret> open_service_copy(
    const proto::Secret& service_master_key, const pb::MasterKey& row);

}  // namespace ssb::broker::catalog
