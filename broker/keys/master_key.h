// ALTER, DROP, BACKUP and RESTORE of master keys, on plain arguments.
//
//   REGENERATE and RESTORE give the database another key: every private key under the old one is
//   sealed again. What cannot be is an error (15320, or 15329 for the old key itself) or, by FORCE,
//   lost. Session keys of dialogs are the engine's: Engine::master_key_changed, afterwards.
//   `opened` is the session's; keys in it that were replaced are replaced there too. (After a roll
//   back they open nothing: open_master_key asks whether a key is the row's.)
//   Errors  15116-15118 passwords that encrypt; the others as each function says.
//   Source  reference keys-mirroring-rds.md 1.2, 1.3.
#pragma once

#include <string_view>
#include <vector>

#include "broker/keys/key_hierarchy.h"

namespace ssb::broker::keys {

// What a statement has to say beside its success: severity 10, 15588.
using Warnings = std::vector<proto::Error>;

// ---- database master key ----

// ALTER MASTER KEY [FORCE] REGENERATE WITH ENCRYPTION BY PASSWORD. 15581 none; 15329, 15320.
// Old passwords are replaced by the new one; a copy under the service master key is kept.
[[nodiscard]] proto::Result<void> regenerate_master_key(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view password, bool force, OpenMasterKeys& opened, proto::TimePoint now);
// ADD ENCRYPTION BY SERVICE MASTER KEY: writes the copy, over an old one. 15581; 33094.
[[nodiscard]] proto::Result<void> add_service_master_key_encryption(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    const OpenMasterKeys& opened, proto::TimePoint now);
// DROP ENCRYPTION BY SERVICE MASTER KEY. 15581 none or not openable; 15558 there is no such copy.
[[nodiscard]] proto::Result<void> drop_service_master_key_encryption(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    const OpenMasterKeys& opened, proto::TimePoint now);
// ADD ENCRYPTION BY PASSWORD. 15581; 15579 the key is under that password already.
[[nodiscard]] proto::Result<void> add_password_encryption(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view password, const OpenMasterKeys& opened, proto::TimePoint now);
// DROP ENCRYPTION BY PASSWORD. 15581; 15558 it is not under that password, or that is the last one.
[[nodiscard]] proto::Result<void> drop_password_encryption(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view password, const OpenMasterKeys& opened, proto::TimePoint now);
// DROP MASTER KEY. 15151 none; 15580 names a certificate whose private key is under it.
[[nodiscard]] proto::Result<void> drop_master_key(catalog::Instance& instance,
                                                  catalog::Transaction& transaction,
                                                  store::DatabaseId database);
// BACKUP MASTER KEY TO FILE. 15581; 15240.
[[nodiscard]] proto::Result<void> backup_master_key(catalog::Instance& instance,
                                                    store::DatabaseId database,
                                                    std::string_view file,
                                                    std::string_view password,
                                                    const OpenMasterKeys& opened);
// RESTORE MASTER KEY FROM FILE ... DECRYPTION BY ... ENCRYPTION BY ... [FORCE]. 15317, 15466 file;
// 15329, 15320. A database without master key gets one that the service master key does not open.
// The same key again: 15588, and only the passwords change.
[[nodiscard]] proto::Result<Warnings> restore_master_key(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    std::string_view file, std::string_view decryption_password,
    std::string_view encryption_password, bool force, OpenMasterKeys& opened, proto::TimePoint now);

// ---- service master key; the transaction takes the write locks of the databases it changes ----

// ALTER SERVICE MASTER KEY [FORCE] REGENERATE. 15329 it does not open; 15320 names the database whose
// master key copy does not open; by FORCE that copy is removed. 1222.
[[nodiscard]] proto::Result<void> regenerate_service_master_key(catalog::Instance& instance,
                                                                catalog::Transaction& transaction,
                                                                bool force, proto::TimePoint now);
// BACKUP SERVICE MASTER KEY TO FILE. 33094; 15240.
[[nodiscard]] proto::Result<void> backup_service_master_key(catalog::Instance& instance,
                                                            std::string_view file,
                                                            std::string_view password);
// RESTORE SERVICE MASTER KEY FROM FILE ... [FORCE]: REGENERATE with the file's key. 15317, 15466;
// 15588 the same key.
[[nodiscard]] proto::Result<Warnings> restore_service_master_key(catalog::Instance& instance,
                                                                 catalog::Transaction& transaction,
                                                                 std::string_view file,
                                                                 std::string_view password,
                                                                 bool force, proto::TimePoint now);

}  // namespace ssb::broker::keys
