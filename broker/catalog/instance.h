// An instance: its databases, logins, endpoints and service master key; transactions over its
// catalogs and its store.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/catalog.h"
#include "broker/catalog/files.h"
#include "broker/catalog/lock_waits.h"
#include "broker/crypto/rsa.h"
#include "proto/ids.h"
#include "proto/secret.h"
#include "proto/time.h"

namespace ssb::broker::catalog {

inline constexpr store::DatabaseId kMaster = 1;
inline constexpr store::DatabaseId kTempdb = 2;
inline constexpr store::DatabaseId kModel = 3;
inline constexpr store::DatabaseId kMsdb = 4;
inline constexpr std::int32_t kPublic = 0;
inline constexpr std::int32_t kDbo = 1;
inline constexpr std::int32_t kGuest = 2;
inline constexpr std::int32_t kSa = 1;            // login
inline constexpr std::int32_t kServerPublic = 2;  // login

// PBKDF2 rounds of a new password copy; each copy stores its own count.
inline constexpr int kPasswordIterations = 100'000;

// Who runs a statement: a login, and the database users that it (or EXECUTE AS) stands for.
struct SecurityContext {
  std::int32_t login = kSa;
  std::string login_name = "sa";
  bool is_sysadmin = true;
  // EXECUTE AS USER, and activation: fixed in `user_database`
  std::optional<std::int32_t> user;
  store::DatabaseId user_database = 0;
};

class Instance {
 public:
  // Opens what the store has, or makes a new instance: master, tempdb, model, msdb, sa, a new
  // service master key. `machine_key` protects the service master key at rest; with another one
  // than the instance was made with, the instance opens but its service master key does not.
  Instance(std::string name, store::Store& store, Files& files, crypto::RsaKeySource keys,
           proto::Secret machine_key, proto::TimePoint now);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] proto::InstanceId id() const { return id_; }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const store::Store& store() const { return *store_; }
  [[nodiscard]] Files& files() { return *files_; }
  [[nodiscard]] crypto::RsaPrivateKey make_rsa_key(int bits) const { return keys_(bits); }
  // What new password copies cost (kPasswordIterations); hosts that make thousands of instances
  // lower it.
  [[nodiscard]] int password_iterations() const { return password_iterations_; }
  void set_password_iterations(int iterations) { password_iterations_ = iterations; }

  // Another one after every change of any catalog, also of an open transaction, and of the databases: for caches.
  [[nodiscard]] std::uint64_t catalog_version() const { return catalog_version_; }

  // Databases, by id and by name; nullptr when there is none (or it is being dropped).
  [[nodiscard]] Catalog* database(store::DatabaseId id);
  [[nodiscard]] const Catalog* database(store::DatabaseId id) const;
  [[nodiscard]] Catalog* database(std::string_view name);
  [[nodiscard]] const Catalog* database(std::string_view name) const;
  [[nodiscard]] const pb::Database& info(store::DatabaseId id) const;  // the row in master
  void put_info(Transaction& transaction, const pb::Database& info);
  [[nodiscard]] std::map<store::DatabaseId, std::unique_ptr<Catalog>>& databases() {
    return databases_;
  }
  [[nodiscard]] const std::map<store::DatabaseId, std::unique_ptr<Catalog>>& databases() const {
    return databases_;
  }
  [[nodiscard]] Catalog& master() { return *database(kMaster); }
  [[nodiscard]] const Catalog& master() const { return *database(kMaster); }
  // Makes the file, the catalog and the row; not transactional (226 is raised before). Fails with
  // 1801.
  [[nodiscard]] proto::Result<store::DatabaseId> create_database(std::string_view name,
                                                                 proto::TimePoint now,
                                                                 std::int32_t owner_login = kSa);
  // Fails with 3702 for system databases. The caller knows that no session uses it.
  [[nodiscard]] proto::Result<void> drop_database(store::DatabaseId id);

  // Transactions. commit makes the work visible and ready for the next flush; both leave
  // `transaction` empty. The conversation engine wraps both (it has work of its own): sessions call
  // Engine::commit and Engine::roll_back.
  [[nodiscard]] Transaction begin();
  [[nodiscard]] proto::Result<void> commit(Transaction&& transaction);
  void roll_back(Transaction&& transaction);
  struct Savepoint {
    store::Transaction::Savepoint writes;
    std::size_t undo_size = 0;
  };
  [[nodiscard]] Savepoint savepoint(const Transaction& transaction) const;
  void roll_back_to(Transaction& transaction, const Savepoint& savepoint);
  // The write lock of a database (DDL and user DML), held to the end of the transaction. 1222 when
  // another transaction has it: the session waits and asks again after the next end of a
  // transaction.
  [[nodiscard]] proto::Result<void> lock(Transaction& transaction, store::DatabaseId database);
  // Whether this one has it.
  [[nodiscard]] bool has_lock(const Transaction& transaction, store::DatabaseId database) const {
    const auto held = write_locks_.find(database);
    return held != write_locks_.end() && held->second == transaction.id;
  }
  // Whether a transaction has it: what the database's catalog shows may still be undone.
  [[nodiscard]] bool is_locked(store::DatabaseId database) const {
    return write_locks_.contains(database);
  }
  // Counts ends of transactions, and choices of a deadlock victim, so that waiting sessions know when to ask again.
  [[nodiscard]] std::uint64_t transactions_ended() const {
    return transactions_ended_ + lock_waits_.choices();
  }
  // Of all locks that a transaction may hold; whoever refuses one tells it.
  [[nodiscard]] LockWaits& lock_waits() { return lock_waits_; }

  // The service master key in clear; never leaves the broker library. Empty when the machine key
  // does not open it: 33094 for what needs it.
  [[nodiscard]] const proto::Secret& service_master_key() const { return service_master_key_; }
  // Seals and stores another one; what it protects is the caller's to seal again
  // (keys/service_master_key.h). Undone with the transaction.
  void put_service_master_key(Transaction& transaction, proto::Secret service_master_key);
  // The master key of a database as the service master key opens it; nullptr: there is none, or it does not open. Valid until a
  // catalog or the service master key changes, which is what takes it away; it is kept in clear until then and is zeroed by the next question.
  [[nodiscard]] const proto::Secret* master_key_in_clear(store::DatabaseId id) const;

 private:
  void make_new(proto::TimePoint now);
  void open_databases(proto::TimePoint now);
  void open_catalog(store::DatabaseId id, proto::TimePoint now);
  void renew_tempdb(proto::TimePoint now);
  void open_service_master_key();
  void undo_to(Transaction& transaction, std::size_t undo_size);
  void finish(Transaction& transaction);

  std::string name_;
  proto::InstanceId id_;
  store::Store* store_;
  Files* files_;
  crypto::RsaKeySource keys_;
  proto::Secret machine_key_;  // 32 bytes derived from what the host gave
  proto::Secret service_master_key_;
  int password_iterations_ = kPasswordIterations;
  std::uint64_t catalog_version_ = 1;
  std::map<store::DatabaseId, std::unique_ptr<Catalog>> databases_;
  // What master_key_in_clear answered while catalog_version_ was `opened_at_`; an empty one does not open.
  mutable std::map<store::DatabaseId, proto::Secret> opened_master_keys_;
  mutable std::uint64_t opened_at_ = 0;
  std::map<store::DatabaseId, std::uint64_t> write_locks_;  // database -> transaction id
  std::uint64_t next_transaction_ = 1;
  std::uint64_t transactions_ended_ = 0;
  LockWaits lock_waits_;
};

}  // namespace ssb::broker::catalog
