#include "broker/keys/private_keys.h"

#include <utility>

namespace ssb::broker::keys {

bool PrivateKeys::Entry::serves(const catalog::pb::Certificate& certificate,
                                const proto::Secret& present) const {
  const bool is_same_key = proto::equal_in_constant_time(proto::as_bytes(certificate.private_key()),
                                                         proto::as_bytes(sealed)) &&
                           proto::equal_in_constant_time(master_key.view(), present.view());
  return is_same_key && certificate.private_key_protection() == "MK" && certificate.der() == der;
}

proto::Result<crypto::RsaPrivateKey> PrivateKeys::open(
    const catalog::Instance& instance, store::DatabaseId database,
    const catalog::pb::Certificate& certificate) {
  const proto::Secret* master_key = instance.master_key_in_clear(database);
  const auto known = entries_.find(certificate.id());
  if (known != entries_.end() && master_key != nullptr &&
      known->second.serves(certificate, *master_key))
    return known->second.key;
  auto opened = private_key(instance, database, certificate);
  if (!opened || master_key == nullptr) return opened;
  if (known == entries_.end() && entries_.size() >= kOpenPrivateKeysMax) entries_.clear();
  entries_.insert_or_assign(certificate.id(), Entry{certificate.der(), certificate.private_key(),
                                                    master_key->clone(), *opened});
  return opened;
}

void PrivateKeys::catalog_changed(const catalog::Instance& instance, store::DatabaseId database) {
  const proto::Secret* master_key = instance.master_key_in_clear(database);
  const auto& certificates = instance.database(database)->table<catalog::pb::Certificate>();
  std::erase_if(entries_, [&](const auto& entry) {
    const auto* row = certificates.find(entry.first);
    return row == nullptr || master_key == nullptr || !entry.second.serves(*row, *master_key);
  });
}

}  // namespace ssb::broker::keys
