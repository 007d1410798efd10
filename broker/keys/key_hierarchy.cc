#include "broker/keys/key_hierarchy.h"

#include <memory>
#include <unordered_map>

#include "broker/catalog/master_key_copy.h"
#include "broker/catalog/permissions.h"
#include "broker/catalog/sealed_blob.h"
#include "broker/crypto/digest.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::keys {
namespace {

using catalog::pb::Certificate;
using catalog::pb::MasterKey;
using catalog::pb::PasswordCopy;
using proto::Error;
using proto::ErrorCode;

constexpr std::size_t kPasswordCharactersMin = 8;
constexpr std::size_t kPasswordCharactersMax = 128;
constexpr int kPasswordClassesMin = 3;
constexpr int kNotOpenableState = 3;  // as seen after a restore on another instance

std::string guid_hex(const MasterKey& row) {
  return proto::to_hex(proto::as_bytes(row.key_guid()));
}
std::string check_purpose(const MasterKey& row) {
  return "check of master key " + guid_hex(row);
}
std::string copy_purpose(const MasterKey& row) {
  return "password copy of master key " + guid_hex(row);
}
std::string private_key_purpose(const Certificate& certificate) {
  return "private key of certificate " +
         proto::to_hex(crypto::sha256(proto::as_bytes(certificate.der())));
}

Error with_owner(const catalog::Instance& instance, store::DatabaseId database, ErrorCode code,
                 const Certificate& certificate) {
  return Error{code, catalog::principal_name(*instance.database(database), certificate.owner()),
               std::to_string(certificate.owner()), certificate.name()};
}

proto::Result<crypto::RsaPrivateKey> open_private_key(const Certificate& certificate,
                                                      const proto::Secret& master_key) {
  auto key = private_key_under(certificate, master_key);
  if (key) return std::move(*key);
  return Error{ErrorCode::decryption_failed, "the private key of '" + certificate.name() +
                                                 "' is damaged, or under another master key"};
}

int character_class(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return 1;
  if (c >= 'a' && c <= 'z') return 2;
  if (c >= '0' && c <= '9') return 4;
  return 8;
}

}  // namespace

proto::Error master_key_missing(const catalog::Instance& instance, store::DatabaseId database,
                                int state) {
  return Error{ErrorCode::master_key_missing, instance.info(database).name()}.with_state(state);
}

proto::Result<void> check_password_policy(std::string_view password) {
  std::size_t characters = 0;
  int classes = 0;
  for (const char c : password) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) ++characters;  // not a continuation byte of UTF-8
    classes |= character_class(byte);
  }
  if (characters < kPasswordCharactersMin) return Error{ErrorCode::password_too_short};
  if (characters > kPasswordCharactersMax) return Error{ErrorCode::password_too_long};
  if (__builtin_popcount(static_cast<unsigned>(classes)) < kPasswordClassesMin) {
    return Error{ErrorCode::password_too_simple};
  }
  return {};
}

// ---- sealing ----

proto::Bytes seal_under(const proto::Secret& master_key, std::string_view purpose,
                        proto::ByteView clear) {
  return catalog::seal_blob(master_key, purpose, clear);
}

std::optional<proto::Secret> open_under(const proto::Secret& master_key, std::string_view purpose,
                                        proto::ByteView sealed) {
  return catalog::open_blob(master_key, purpose, sealed);
}

PasswordCopy seal_under_password(std::string_view password, int iterations,
                                 std::string_view purpose, proto::ByteView clear) {
  proto::Bytes salt(kPasswordSaltBytes);
  crypto::random_bytes(salt);
  const auto key = crypto::pbkdf2_sha256(password, salt, iterations, kMasterKeyBytes);
  PasswordCopy copy;
  copy.set_salt(proto::to_string(salt));
  copy.set_iterations(iterations);
  copy.set_sealed(proto::to_string(catalog::seal_blob(key, purpose, clear)));
  return copy;
}

std::optional<proto::Secret> open_under_password(std::string_view password,
                                                 std::string_view purpose,
                                                 const PasswordCopy& copy) {
  const auto key = crypto::pbkdf2_sha256(password, proto::as_bytes(copy.salt()), copy.iterations(),
                                         kMasterKeyBytes);
  return catalog::open_blob(key, purpose, proto::as_bytes(copy.sealed()));
}

// ---- the database master key ----

MasterKey make_master_key_row(const catalog::Instance& instance, const proto::Guid& guid,
                              const proto::Secret& key, std::string_view password,
                              bool by_service_master_key, proto::TimePoint now) {
  MasterKey row;
  row.set_key_guid(proto::to_string(guid.view()));
  row.set_check(proto::to_string(seal_under(key, check_purpose(row), {})));
  *row.add_passwords() = make_master_key_copy(instance, row, key, password);
  if (by_service_master_key) {
    row.set_under_service_master_key(
        proto::to_string(catalog::seal_service_copy(instance.service_master_key(), row, key)));
  }
  row.set_create_date_us(proto::to_unix_us(now));
  row.set_modify_date_us(proto::to_unix_us(now));
  return row;
}

bool is_key_of(const MasterKey& row, const proto::Secret& key) {
  return open_under(key, check_purpose(row), proto::as_bytes(row.check())).has_value();
}

PasswordCopy make_master_key_copy(const catalog::Instance& instance, const MasterKey& row,
                                  const proto::Secret& key, std::string_view password) {
  return seal_under_password(password, instance.password_iterations(), copy_purpose(row),
                             key.view());
}

std::optional<proto::Secret> open_master_key_copy(const MasterKey& row, const PasswordCopy& copy,
                                                  std::string_view password) {
  return open_under_password(password, copy_purpose(row), copy);
}

proto::Result<void> create_master_key(catalog::Instance& instance,
                                      catalog::Transaction& transaction, store::DatabaseId database,
                                      std::string_view password, proto::TimePoint now) {
  catalog::Catalog& catalog = *instance.database(database);
  if (catalog.master_key() != nullptr) {
    return Error{ErrorCode::master_key_exists, instance.info(database).name()};
  }
  if (auto policy = check_password_policy(password); !policy) return policy.error();
  if (instance.service_master_key().empty()) {
    return Error{ErrorCode::service_master_key_unusable};
  }
  const proto::Secret key = crypto::random_secret(kMasterKeyBytes);
  catalog.put(transaction, catalog::kMasterKeyId,
              make_master_key_row(instance, crypto::random_guid(), key, password, true, now));
  return {};
}

proto::Result<proto::Secret> open_by_service_master_key(const catalog::Instance& instance,
                                                        store::DatabaseId database) {
  const MasterKey* row = instance.database(database)->master_key();
  if (row == nullptr) return master_key_missing(instance, database, kNoMasterKeyState);
  const proto::Secret* key = instance.master_key_in_clear(database);
  if (key == nullptr) return master_key_missing(instance, database, kNotOpenableState);
  return key->clone();
}

proto::Result<proto::Secret> open_master_key(const catalog::Instance& instance,
                                             store::DatabaseId database,
                                             const OpenMasterKeys& opened) {
  const MasterKey* row = instance.database(database)->master_key();
  const auto found = opened.find(database);
  // A key opened before REGENERATE or DROP is not this database's any more.
  if (row != nullptr && found != opened.end() && is_key_of(*row, found->second)) {
    return found->second.clone();
  }
  return open_by_service_master_key(instance, database);
}

proto::Result<proto::Secret> open_by_password(const catalog::Instance& instance,
                                              store::DatabaseId database,
                                              std::string_view password) {
  const MasterKey* row = instance.database(database)->master_key();
  if (row == nullptr) return master_key_missing(instance, database, kNoMasterKeyState);
  for (const PasswordCopy& copy : row->passwords()) {
    if (auto key = open_master_key_copy(*row, copy, password)) return std::move(*key);
  }
  return Error{ErrorCode::key_not_encrypted_by_that};
}

bool is_encrypted_by_server(const catalog::Instance& instance, store::DatabaseId database) {
  return open_by_service_master_key(instance, database).has_value();
}

// ---- private keys ----

void put_private_key(Certificate& certificate, const crypto::RsaPrivateKey& key,
                     const proto::Secret& master_key) {
  certificate.set_private_key_protection("MK");
  certificate.clear_private_key_password();
  certificate.set_private_key(proto::to_string(
      seal_under(master_key, private_key_purpose(certificate), key.to_pkcs8().view())));
}

void put_private_key(Certificate& certificate, const crypto::RsaPrivateKey& key,
                     std::string_view password, int iterations) {
  auto copy = seal_under_password(password, iterations, private_key_purpose(certificate),
                                  key.to_pkcs8().view());
  certificate.set_private_key_protection("PW");
  certificate.set_private_key(std::move(*copy.mutable_sealed()));
  copy.clear_sealed();
  *certificate.mutable_private_key_password() = std::move(copy);
}

std::optional<crypto::RsaPrivateKey> private_key_under(const Certificate& certificate,
                                                       const proto::Secret& master_key) {
  const auto der = open_under(master_key, private_key_purpose(certificate),
                              proto::as_bytes(certificate.private_key()));
  if (!der) return std::nullopt;
  auto key = crypto::RsaPrivateKey::from_pkcs8(der->view());
  SSB_CHECK(key.has_value());  // authenticated: it is what was sealed
  return key;
}

proto::Result<crypto::RsaPrivateKey> private_key(const catalog::Instance& instance,
                                                 store::DatabaseId database,
                                                 const Certificate& certificate) {
  if (certificate.private_key().empty()) {
    return with_owner(instance, database, ErrorCode::certificate_without_private_key, certificate);
  }
  if (certificate.private_key_protection() == "PW") {
    return with_owner(instance, database, ErrorCode::private_key_under_password, certificate);
  }
  const auto master_key = open_by_service_master_key(instance, database);
  if (!master_key) return master_key.error();
  return open_private_key(certificate, *master_key);
}

proto::Result<crypto::RsaPrivateKey> private_key_for_session(
    const catalog::Instance& instance, store::DatabaseId database, const Certificate& certificate,
    const OpenMasterKeys& opened, const std::optional<std::string>& password) {
  if (certificate.private_key().empty()) {
    return Error{ErrorCode::no_private_key, certificate.name()};
  }
  if (certificate.private_key_protection() != "PW") {
    if (password) return Error{ErrorCode::decryption_password_not_needed};
    const auto master_key = open_master_key(instance, database, opened);
    if (!master_key) return master_key.error();
    return open_private_key(certificate, *master_key);
  }
  if (!password) return Error{ErrorCode::private_key_needs_password, certificate.name()};
  PasswordCopy copy = certificate.private_key_password();
  copy.set_sealed(certificate.private_key());
  const auto der = open_under_password(*password, private_key_purpose(certificate), copy);
  if (!der) return Error{ErrorCode::private_key_password_wrong};
  auto key = crypto::RsaPrivateKey::from_pkcs8(der->view());
  SSB_CHECK(key.has_value());
  return std::move(*key);
}

std::shared_ptr<const crypto::X509Certificate> shared_parsed(const Certificate& certificate) {
  // A memo of a pure function, in two generations: when the young one is full it becomes the old
  // one, so that what was returned lately stays. It changes no result, only the time it takes.
  using Memo = std::unordered_map<std::string, std::shared_ptr<const crypto::X509Certificate>>;
  thread_local Memo young;
  thread_local Memo old;
  const std::string& der = certificate.der();
  if (const auto found = young.find(der); found != young.end()) return found->second;
  std::shared_ptr<const crypto::X509Certificate> one;
  if (auto found = old.extract(der); !found.empty()) {
    one = std::move(found.mapped());
  } else {
    auto made = crypto::X509Certificate::from_der(proto::as_bytes(der));
    SSB_CHECK(made.has_value());  // CREATE CERTIFICATE parsed it before storing it
    one = std::make_shared<const crypto::X509Certificate>(std::move(*made));
  }
  if (young.size() >= kParsedCertificatesMax) {
    old = std::move(young);
    young.clear();
  }
  return young.emplace(der, std::move(one)).first->second;
}

const crypto::X509Certificate& parsed(const Certificate& certificate) {
  return *shared_parsed(certificate);
}

}  // namespace ssb::broker::keys
