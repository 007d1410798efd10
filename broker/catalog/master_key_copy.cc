#include "broker/catalog/master_key_copy.h"

#include <string>

#include "broker/catalog/sealed_blob.h"

namespace ssb::broker::catalog {
namespace {

std::string purpose(const pb::MasterKey& row) {
  return "service copy of master key " + proto::to_hex(proto::as_bytes(row.key_guid()));
}

}  // namespace

proto::Bytes seal_service_copy(const proto::Secret& service_master_key, const pb::MasterKey& row,
                               const proto::Secret& master_key) {
  return seal_blob(service_master_key, purpose(row), master_key.view());
}

std::optional<proto::Secret> open_service_copy(const proto::Secret& service_master_key,
                                               const pb::MasterKey& row) {
  if (service_master_key.empty()) return std::nullopt;
  return open_blob(service_master_key, purpose(row),
                   proto::as_bytes(row.under_service_master_key()));
}

}  // namespace ssb::broker::catalog
