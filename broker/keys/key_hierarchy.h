// Service master key -> database master key -> private keys of certificates: making, opening,
// changing the protection.
//
//   Shape   sealed blob = 12 byte nonce | AES-256-GCM ciphertext | tag; additional data names what is
//           sealed and where, so that a blob moved to another row does not open. Password copies:
//           PBKDF2-SHA-256, named iteration count.
//   Errors  15581 no master key (state 1) or not openable (state 3); 15313 wrong password; 15578
//           exists; 15466; 15465.
//   Source  reference keys-mirroring-rds.md 1.2-1.4; layouts our own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/instance.h"
#include "broker/crypto/x509.h"

namespace ssb::broker::keys {

inline constexpr std::size_t kMasterKeyBytes = 32;
inline constexpr std::size_t kPasswordSaltBytes = 16;
inline constexpr int kNoMasterKeyState = 1;  // of 15581

// Master keys that a session opened with OPEN MASTER KEY, by database; closed with the session.
using OpenMasterKeys = std::map<store::DatabaseId, proto::Secret>;

// ---- the database master key; master_key.h has ALTER, DROP, BACKUP and RESTORE ----
[[nodiscard]] proto::Result<void> create_master_key(catalog::Instance& instance,
                                                    catalog::Transaction& transaction,
                                                    store::DatabaseId database,
                                                    std::string_view password,
                                                    proto::TimePoint now);
// The master key as background work gets it: by the service master key only. 15581 otherwise.
[[nodiscard]] proto::Result<proto::Secret> open_by_service_master_key(
    const catalog::Instance& instance, store::DatabaseId database);
// The master key as a session gets it: opened by hand, else by the service master key.
[[nodiscard]] proto::Result<proto::Secret> open_master_key(const catalog::Instance& instance,
                                                           store::DatabaseId database,
                                                           const OpenMasterKeys& opened);
// 15581 no master key, 15313 no copy is under this password.
[[nodiscard]] proto::Result<proto::Secret> open_by_password(const catalog::Instance& instance,
                                                            store::DatabaseId database,
                                                            std::string_view password);
// Whether open_by_service_master_key succeeds.
[[nodiscard]] bool is_encrypted_by_server(const catalog::Instance& instance,
                                          store::DatabaseId database);

// ---- sealing ----
// Seals and opens bytes under a master key (session keys of dialogs, private keys); `purpose` is
// bound to the blob.
[[nodiscard]] proto::Bytes seal_under(const proto::Secret& master_key, std::string_view purpose,
                                      proto::ByteView clear);
[[nodiscard]] std::optional<proto::Secret> open_under(const proto::Secret& master_key,
                                                      std::string_view purpose,
                                                      proto::ByteView sealed);
// The same under a password, with a new salt; open gives nullopt for another password.
[[nodiscard]] catalog::pb::PasswordCopy seal_under_password(std::string_view password,
                                                            int iterations,
                                                            std::string_view purpose,
                                                            proto::ByteView clear);
[[nodiscard]] std::optional<proto::Secret> open_under_password(
    std::string_view password, std::string_view purpose, const catalog::pb::PasswordCopy& copy);

// ---- private keys ----
// What seals a certificate's private key: the master key (empty password) or a password.
void put_private_key(catalog::pb::Certificate& certificate, const crypto::RsaPrivateKey& key,
                     const proto::Secret& master_key);
void put_private_key(catalog::pb::Certificate& certificate, const crypto::RsaPrivateKey& key,
                     std::string_view password, int iterations);
// The private key of a certificate under MK, for background work. 15581 (no or closed master key),
// 15466 (it is under another master key), 9733, 9737 by protection.
[[nodiscard]] proto::Result<crypto::RsaPrivateKey> private_key(
    const catalog::Instance& instance, store::DatabaseId database,
    const catalog::pb::Certificate& certificate);
// As a statement gets it: 15246 none; 15334 it is under a password and none was given, 15465 wrong
// password; 15147 a password for a key under the master key.
[[nodiscard]] proto::Result<crypto::RsaPrivateKey> private_key_for_session(
    const catalog::Instance& instance, store::DatabaseId database,
    const catalog::pb::Certificate& certificate, const OpenMasterKeys& opened,
    const std::optional<std::string>& password);

// The private key of a certificate under MK by this master key; nullopt when it is under another.
[[nodiscard]] std::optional<crypto::RsaPrivateKey> private_key_under(
    const catalog::pb::Certificate& certificate, const proto::Secret& master_key);

// The parsed X.509 of a catalog certificate; parsed once per DER and kept. What it returns stays
// valid until this thread has parsed kParsedCertificatesMax other certificates.
inline constexpr std::size_t kParsedCertificatesMax = 512;
[[nodiscard]] const crypto::X509Certificate& parsed(const catalog::pb::Certificate& certificate);
// The same, for who keeps it longer.
[[nodiscard]] std::shared_ptr<const crypto::X509Certificate> shared_parsed(
    const catalog::pb::Certificate& certificate);

// Password policy of the product: 15116 short, 15117 long, 15118 simple.
[[nodiscard]] proto::Result<void> check_password_policy(std::string_view password);

// ---- shared by the files of this folder ----
[[nodiscard]] proto::Error master_key_missing(const catalog::Instance& instance,
                                              store::DatabaseId database, int state);
// A master key's row: one password copy, and a copy under the service master key when
// `by_service_master_key`.
[[nodiscard]] catalog::pb::MasterKey make_master_key_row(
    const catalog::Instance& instance, const proto::Guid& guid, const proto::Secret& key,
    std::string_view password, bool by_service_master_key, proto::TimePoint now);
// Whether `key` is the key of this row.
[[nodiscard]] bool is_key_of(const catalog::pb::MasterKey& row, const proto::Secret& key);
[[nodiscard]] catalog::pb::PasswordCopy make_master_key_copy(const catalog::Instance& instance,
                                                             const catalog::pb::MasterKey& row,
                                                             const proto::Secret& key,
                                                             std::string_view password);
[[nodiscard]] std::optional<proto::Secret> open_master_key_copy(
    const catalog::pb::MasterKey& row, const catalog::pb::PasswordCopy& copy,
    std::string_view password);

}  // namespace ssb::broker::keys
