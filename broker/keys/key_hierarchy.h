// Service master key -> database master key -> private keys of certificates: making, opening, changing the protection.
//
//   Shape   sealed blob = 12 byte nonce | AES-256-GCM ciphertext | tag; additional data names what is sealed and where, so that a blob
//           moved to another row does not open. Password copies: PBKDF2-SHA-256, named iteration count.
//   Errors  15581 no master key or not openable; 15313 wrong password; 15578 exists; 15466; 15465.
//   Source  reference keys-mirroring-rds.md 1.2-1.4; layouts our own.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "broker/catalog/instance.h"
#include "broker/crypto/x509.h"

namespace ssb::broker::keys {

// Master keys that a session opened with OPEN MASTER KEY, by database; closed with the session.
using OpenMasterKeys = std::map<store::DatabaseId, proto::Secret>;

[[nodiscard]] proto::Result<void> create_master_key(catalog::Instance& instance, catalog::Transaction& transaction,
                                                    store::DatabaseId database, std::string_view password,
                                                    proto::TimePoint now);
// The master key as background work gets it: by the service master key only. 15581 otherwise.
[[nodiscard]] proto::Result<proto::Secret> open_by_service_master_key(const catalog::Instance& instance,
                                                                      store::DatabaseId database);
// The master key as a session gets it: opened by hand, else by the service master key.
[[nodiscard]] proto::Result<proto::Secret> open_master_key(const catalog::Instance& instance, store::DatabaseId database,
                                                           const OpenMasterKeys& opened);
[[nodiscard]] proto::Result<proto::Secret> open_by_password(const catalog::Instance& instance, store::DatabaseId database,
                                                            std::string_view password);
[[nodiscard]] bool is_encrypted_by_server(const catalog::Instance& instance, store::DatabaseId database);

// Seals and opens bytes under a master key (session keys of dialogs, private keys); `purpose` is bound to the blob.
[[nodiscard]] proto::Bytes seal_under(const proto::Secret& master_key, std::string_view purpose, proto::ByteView clear);
[[nodiscard]] std::optional<proto::Secret> open_under(const proto::Secret& master_key, std::string_view purpose,
                                                      proto::ByteView sealed);

// The private key of a certificate under MK, for background work. 15581 (no or closed master key), 9733, 9737 by protection.
[[nodiscard]] proto::Result<crypto::RsaPrivateKey> private_key(const catalog::Instance& instance, store::DatabaseId database,
                                                               const catalog::pb::Certificate& certificate);

// The parsed X.509 of a catalog certificate; parsed once per DER and kept (bounded).
[[nodiscard]] const crypto::X509Certificate& parsed(const catalog::pb::Certificate& certificate);

// Password policy of the product: 15116 short, 15118 simple.
[[nodiscard]] proto::Result<void> check_password_policy(std::string_view password);

}  // namespace ssb::broker::keys
