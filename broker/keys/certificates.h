// CREATE, ALTER, DROP and BACKUP CERTIFICATE on plain arguments.
//
//   Units   dates UTC, whole seconds; the default expiry is the same day a calendar year later.
//   Errors  as each function says; warnings (severity 10) come beside the result.
//   Source  reference keys-mirroring-rds.md 1.4, 1.5, 1.12; tsql-tds.md 1.4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/keys/key_hierarchy.h"

namespace ssb::broker::keys {

inline constexpr int kSelfSignedKeyBits = 2048;   // the product's from 2016 to 2019
inline constexpr int kImportedKeyBitsMax = 4096;  // and a multiple of 64
inline constexpr std::size_t kSubjectCharactersMax = 128;

// WITH PRIVATE KEY ( ... ): where a key comes from, and its passwords there and here.
struct PrivateKeyOptions {
  std::optional<std::string> file;
  std::optional<proto::Bytes> binary;
  std::optional<std::string> decryption_password;
  std::optional<std::string> encryption_password;

  [[nodiscard]] bool has_key() const { return file || binary; }
};

struct NewCertificate {
  std::string name;
  std::optional<std::string> authorization;  // a user's name
  std::int32_t creator = catalog::kDbo;      // the owner without AUTHORIZATION
  // One of the three: FROM FILE, FROM BINARY, or WITH SUBJECT.
  std::optional<std::string> file;
  std::optional<proto::Bytes> binary;
  std::string subject;
  std::optional<std::string> start_date;           // of WITH SUBJECT
  std::optional<std::string> expiry_date;          // of WITH SUBJECT
  std::optional<std::string> encryption_password;  // of WITH SUBJECT
  std::optional<PrivateKeyOptions> private_key;    // of FROM FILE and FROM BINARY
  bool is_active_for_begin_dialog = true;
};
struct CreatedCertificate {
  std::int32_t id = 0;
  std::vector<proto::Error> warnings;  // 15213, 15214, 15215
};

// 15232 the name or the same certificate exists; 15151 no such owner; 15345 the owner is a role or
// mapped to a certificate; 15212 subject; 241 date; 15208 file; 15297 binary; 15464, 15465, 15474
// private key; 15581 no master key; 15116-15118 password.
[[nodiscard]] proto::Result<CreatedCertificate> create_certificate(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    const NewCertificate& wanted, const OpenMasterKeys& opened, proto::TimePoint now);

// REMOVE PRIVATE KEY. 15151; 15246 there is none; 15352 an endpoint needs it.
[[nodiscard]] proto::Result<void> remove_private_key(catalog::Instance& instance,
                                                     catalog::Transaction& transaction,
                                                     store::DatabaseId database,
                                                     std::string_view name);
// WITH PRIVATE KEY: with a key, loads it (15332 there is one already, and the errors of CREATE).
// Without, changes the protection: only DECRYPTION BY PASSWORD makes PW to MK, only ENCRYPTION makes
// MK to PW, both change the password. 15246 no key; 15334, 15465, 15147 by decryption password;
// 15146 nothing to change to.
[[nodiscard]] proto::Result<void> change_private_key(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view name, const PrivateKeyOptions& options, const OpenMasterKeys& opened);
// WITH ACTIVE FOR BEGIN_DIALOG. 15151.
[[nodiscard]] proto::Result<void> set_active_for_begin_dialog(catalog::Instance& instance,
                                                              catalog::Transaction& transaction,
                                                              store::DatabaseId database,
                                                              std::string_view name,
                                                              bool is_active);
// 15151; 15559 an endpoint, a user or a login depends on it. Its permissions go too.
[[nodiscard]] proto::Result<void> drop_certificate(catalog::Instance& instance,
                                                   catalog::Transaction& transaction,
                                                   store::DatabaseId database,
                                                   std::string_view name);
// Writes the DER to `file`; with `private_key`, the key as PVK to its file under its encryption
// password (decryption: of a key under a password). The files stay when the transaction does not.
// 15151; 15246, 15334, 15465, 15147, 15581 by the key; 15146 no encryption password; 15116-15118;
// 15240 a file exists or cannot be written.
[[nodiscard]] proto::Result<void> backup_certificate(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view name, std::string_view file,
    const std::optional<PrivateKeyOptions>& private_key, const OpenMasterKeys& opened,
    proto::TimePoint now);

// The same day and time of the next year; 28 February for 29 February.
[[nodiscard]] proto::TimePoint one_year_later(proto::TimePoint start);

}  // namespace ssb::broker::keys
