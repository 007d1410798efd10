#include "broker/keys/master_key.h"

#include <optional>
#include <utility>

#include "broker/catalog/master_key_copy.h"
#include "broker/crypto/random.h"
#include "broker/keys/key_file.h"
#include "proto/error_code.h"

namespace ssb::broker::keys {
namespace {

using catalog::pb::Certificate;
using catalog::pb::MasterKey;
using proto::Error;
using proto::ErrorCode;

const char* const kMasterKeyName = "##MS_DatabaseMasterKey##";

// The row and the opened key of a database that has both, or 15581.
struct Opened {
  MasterKey row;
  proto::Secret key;
};
proto::Result<Opened> open_for_change(const catalog::Instance& instance, store::DatabaseId database,
                                      const OpenMasterKeys& opened) {
  auto key = open_master_key(instance, database, opened);
  if (!key) return key.error();
  return Opened{*instance.database(database)->master_key(), std::move(*key)};
}

void put_row(catalog::Instance& instance, catalog::Transaction& transaction,
             store::DatabaseId database, MasterKey row, proto::TimePoint now) {
  row.set_modify_date_us(proto::to_unix_us(now));
  instance.database(database)->put(transaction, catalog::kMasterKeyId, row);
}

// Seals every private key under `before` again under `after`. A key that `before` does not open, and
// that is not under `after` already (a backup restored): 15320, or by force left as it is.
proto::Result<void> reseal_private_keys(catalog::Instance& instance,
                                        catalog::Transaction& transaction,
                                        store::DatabaseId database,
                                        const std::optional<proto::Secret>& before,
                                        const proto::Secret& after, bool force) {
  catalog::Catalog& catalog = *instance.database(database);
  std::vector<Certificate> changed;
  for (const auto& [id, certificate] : catalog.table<Certificate>()) {
    if (certificate.private_key_protection() != "MK") continue;
    std::optional<crypto::RsaPrivateKey> key;
    if (before) key = private_key_under(certificate, *before);
    if (key) {
      changed.push_back(certificate);
      put_private_key(changed.back(), *key, after);
    } else if (!force && !private_key_under(certificate, after)) {
      return Error{ErrorCode::regeneration_failed, "certificate", certificate.name()};
    }
  }
  for (const Certificate& certificate : changed) {
    catalog.put(transaction, certificate.id(), certificate);
  }
  return {};
}

// The old key as REGENERATE and RESTORE need it: 15329 when it does not open, nullopt by force.
proto::Result<std::optional<proto::Secret>> open_old_key(const catalog::Instance& instance,
                                                         store::DatabaseId database,
                                                         const OpenMasterKeys& opened, bool force) {
  auto key = open_master_key(instance, database, opened);
  if (key) return std::optional<proto::Secret>(std::move(*key));
  if (force) return std::optional<proto::Secret>();
  return Error{ErrorCode::master_key_cannot_be_opened};
}

bool has_service_copy(const MasterKey& row) {
  return !row.under_service_master_key().empty();
}

void replace_opened(OpenMasterKeys& opened, store::DatabaseId database, const proto::Secret& key) {
  const auto found = opened.find(database);
  if (found != opened.end()) found->second = key.clone();
}

Error cannot_drop() {
  return Error{ErrorCode::cannot_drop_encryption, kMasterKeyName};
}

// Gives the instance another service master key and seals the copies of all databases again.
proto::Result<void> replace_service_master_key(catalog::Instance& instance,
                                               catalog::Transaction& transaction,
                                               proto::Secret after, bool force,
                                               proto::TimePoint now) {
  const proto::Secret before = instance.service_master_key().clone();
  if (before.empty() && !force) return Error{ErrorCode::master_key_cannot_be_opened};
  if (auto locked = instance.lock(transaction, catalog::kMaster); !locked) return locked.error();
  std::vector<std::pair<store::DatabaseId, MasterKey>> changed;
  for (const auto& [database, catalog] : instance.databases()) {
    const MasterKey* row = catalog->master_key();
    if (row == nullptr || !has_service_copy(*row)) continue;
    if (auto locked = instance.lock(transaction, database); !locked) return locked.error();
    if (catalog::open_service_copy(after, *row)) continue;  // a backup restored
    const auto key = catalog::open_service_copy(before, *row);
    if (!key && !force) {
      return Error{ErrorCode::regeneration_failed, "master key of database",
                   instance.info(database).name()};
    }
    MasterKey renewed = *row;
    renewed.clear_under_service_master_key();
    if (key) {
      renewed.set_under_service_master_key(
          proto::to_string(catalog::seal_service_copy(after, renewed, *key)));
    }
    changed.emplace_back(database, std::move(renewed));
  }
  for (auto& [database, row] : changed) {
    put_row(instance, transaction, database, std::move(row), now);
  }
  instance.put_service_master_key(transaction, std::move(after));
  return {};
}

}  // namespace

proto::Result<void> regenerate_master_key(catalog::Instance& instance,
                                          catalog::Transaction& transaction,
                                          store::DatabaseId database, std::string_view password,
                                          bool force, OpenMasterKeys& opened,
                                          proto::TimePoint now) {
  const MasterKey* present = instance.database(database)->master_key();
  if (present == nullptr) return master_key_missing(instance, database, kNoMasterKeyState);
  if (auto policy = check_password_policy(password); !policy) return policy.error();
  const bool by_service_master_key = has_service_copy(*present);
  if (by_service_master_key && instance.service_master_key().empty()) {
    return Error{ErrorCode::service_master_key_unusable};
  }
  const auto before = open_old_key(instance, database, opened, force);
  if (!before) return before.error();
  const proto::Secret after = crypto::random_secret(kMasterKeyBytes);
  MasterKey row = make_master_key_row(instance, crypto::random_guid(), after, password,
                                      by_service_master_key, now);
  row.set_create_date_us(present->create_date_us());
  if (auto done = reseal_private_keys(instance, transaction, database, *before, after, force);
      !done) {
    return done.error();
  }
  put_row(instance, transaction, database, std::move(row), now);
  replace_opened(opened, database, after);
  return {};
}

proto::Result<void> add_service_master_key_encryption(catalog::Instance& instance,
                                                      catalog::Transaction& transaction,
                                                      store::DatabaseId database,
                                                      const OpenMasterKeys& opened,
                                                      proto::TimePoint now) {
  auto open = open_for_change(instance, database, opened);
  if (!open) return open.error();
  if (instance.service_master_key().empty()) {
    return Error{ErrorCode::service_master_key_unusable};
  }
  open->row.set_under_service_master_key(proto::to_string(
      catalog::seal_service_copy(instance.service_master_key(), open->row, open->key)));
  put_row(instance, transaction, database, std::move(open->row), now);
  return {};
}

proto::Result<void> drop_service_master_key_encryption(catalog::Instance& instance,
                                                       catalog::Transaction& transaction,
                                                       store::DatabaseId database,
                                                       const OpenMasterKeys& opened,
                                                       proto::TimePoint now) {
  auto open = open_for_change(instance, database, opened);
  if (!open) return open.error();
  if (!has_service_copy(open->row)) return cannot_drop();
  open->row.clear_under_service_master_key();
  put_row(instance, transaction, database, std::move(open->row), now);
  return {};
}

proto::Result<void> add_password_encryption(catalog::Instance& instance,
                                            catalog::Transaction& transaction,
                                            store::DatabaseId database, std::string_view password,
                                            const OpenMasterKeys& opened, proto::TimePoint now) {
  auto open = open_for_change(instance, database, opened);
  if (!open) return open.error();
  if (auto policy = check_password_policy(password); !policy) return policy.error();
  for (const auto& copy : open->row.passwords()) {
    if (open_master_key_copy(open->row, copy, password)) {
      return Error{ErrorCode::encryption_exists};
    }
  }
  *open->row.add_passwords() = make_master_key_copy(instance, open->row, open->key, password);
  put_row(instance, transaction, database, std::move(open->row), now);
  return {};
}

proto::Result<void> drop_password_encryption(catalog::Instance& instance,
                                             catalog::Transaction& transaction,
                                             store::DatabaseId database, std::string_view password,
                                             const OpenMasterKeys& opened, proto::TimePoint now) {
  auto open = open_for_change(instance, database, opened);
  if (!open) return open.error();
  auto& copies = *open->row.mutable_passwords();
  for (int index = 0; index < copies.size(); ++index) {
    if (!open_master_key_copy(open->row, copies.Get(index), password)) continue;
    if (copies.size() == 1) return cannot_drop();
    copies.DeleteSubrange(index, 1);
    put_row(instance, transaction, database, std::move(open->row), now);
    return {};
  }
  return cannot_drop();
}

proto::Result<void> drop_master_key(catalog::Instance& instance, catalog::Transaction& transaction,
                                    store::DatabaseId database) {
  catalog::Catalog& catalog = *instance.database(database);
  if (catalog.master_key() == nullptr) {
    return Error{ErrorCode::object_missing_or_denied, "symmetric key", "master key"};
  }
  const auto* dependant = catalog.table<Certificate>().find_if(
      [](const Certificate& one) { return one.private_key_protection() == "MK"; });
  if (dependant != nullptr) {
    return Error{ErrorCode::master_key_in_use, "certificate", dependant->name()};
  }
  catalog.erase<MasterKey>(transaction, catalog::kMasterKeyId);
  return {};
}

proto::Result<void> backup_master_key(catalog::Instance& instance, store::DatabaseId database,
                                      std::string_view file, std::string_view password,
                                      const OpenMasterKeys& opened) {
  auto open = open_for_change(instance, database, opened);
  if (!open) return open.error();
  const auto guid = proto::Guid::from_bytes(proto::as_bytes(open->row.key_guid()));
  return write_key_file(instance, KeyFileKind::master_key, file, password,
                        {guid.value_or(proto::Guid{}), std::move(open->key)});
}

proto::Result<Warnings> restore_master_key(catalog::Instance& instance,
                                           catalog::Transaction& transaction,
                                           store::DatabaseId database, std::string_view file,
                                           std::string_view decryption_password,
                                           std::string_view encryption_password, bool force,
                                           OpenMasterKeys& opened, proto::TimePoint now) {
  auto contents = read_key_file(instance, KeyFileKind::master_key, file, decryption_password);
  if (!contents) return contents.error();
  if (auto policy = check_password_policy(encryption_password); !policy) return policy.error();
  const proto::Secret& after = contents->key;
  const MasterKey* present = instance.database(database)->master_key();
  const bool is_same = present != nullptr && is_key_of(*present, after);
  const bool by_service_master_key =
      present != nullptr && has_service_copy(*present) && !instance.service_master_key().empty();
  Warnings warnings;
  if (is_same) {
    warnings.emplace_back(ErrorCode::same_master_key);
  } else {
    std::optional<proto::Secret> before;
    if (present != nullptr) {
      auto old = open_old_key(instance, database, opened, force);
      if (!old) return old.error();
      before = std::move(*old);
    }
    if (auto done = reseal_private_keys(instance, transaction, database, before, after, force);
        !done) {
      return done.error();
    }
  }
  MasterKey row = make_master_key_row(instance, contents->guid, after, encryption_password,
                                      by_service_master_key, now);
  if (present != nullptr) row.set_create_date_us(present->create_date_us());
  put_row(instance, transaction, database, std::move(row), now);
  replace_opened(opened, database, after);
  return warnings;
}

proto::Result<void> regenerate_service_master_key(catalog::Instance& instance,
                                                  catalog::Transaction& transaction, bool force,
                                                  proto::TimePoint now) {
  return replace_service_master_key(instance, transaction, crypto::random_secret(kMasterKeyBytes),
                                    force, now);
}

proto::Result<void> backup_service_master_key(catalog::Instance& instance, std::string_view file,
                                              std::string_view password) {
  if (instance.service_master_key().empty()) {
    return Error{ErrorCode::service_master_key_unusable};
  }
  return write_key_file(instance, KeyFileKind::service_master_key, file, password,
                        {instance.id().guid, instance.service_master_key().clone()});
}

proto::Result<Warnings> restore_service_master_key(catalog::Instance& instance,
                                                   catalog::Transaction& transaction,
                                                   std::string_view file, std::string_view password,
                                                   bool force, proto::TimePoint now) {
  auto contents = read_key_file(instance, KeyFileKind::service_master_key, file, password);
  if (!contents) return contents.error();
  Warnings warnings;
  if (proto::equal_in_constant_time(contents->key.view(), instance.service_master_key().view())) {
    warnings.emplace_back(ErrorCode::same_master_key);
    return warnings;
  }
  if (auto done =
          replace_service_master_key(instance, transaction, std::move(contents->key), force, now);
      !done) {
    return done.error();
  }
  return warnings;
}

}  // namespace ssb::broker::keys
