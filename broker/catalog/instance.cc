#include "broker/catalog/instance.h"

#include <utility>

#include "broker/catalog/master_key_copy.h"
#include "broker/catalog/sealed_blob.h"
#include "broker/crypto/digest.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::catalog {
namespace {

constexpr std::size_t kServiceMasterKeyBytes = 32;
constexpr std::int32_t kRecoveryFull = 1;
constexpr std::int32_t kRecoverySimple = 3;

std::string text_of(proto::ByteView bytes) {
  return proto::to_string(bytes);
}

// What the sealed service master key is bound to.
std::string purpose(const proto::InstanceId& instance) {
  return "service master key of instance " + instance.text();
}

pb::Database make_info(store::DatabaseId id, std::string_view name, proto::TimePoint now) {
  pb::Database info;
  info.set_id(id);
  info.set_name(std::string(name));
  info.set_broker_id(text_of(crypto::random_guid().view()));
  info.set_is_broker_enabled(true);
  info.set_owner_login(kSa);
  info.set_create_date_us(proto::to_unix_us(now));
  info.set_recovery_model(kRecoveryFull);
  return info;
}

pb::Database make_system_info(store::DatabaseId id, std::string_view name, proto::TimePoint now) {
  pb::Database info = make_info(id, name, now);
  info.set_is_broker_enabled(id == kMsdb || id == kTempdb);
  if (id != kModel) info.set_recovery_model(kRecoverySimple);
  if (id == kMaster) info.set_broker_id(text_of(proto::Guid{}.view()));
  return info;
}

}  // namespace

Instance::Instance(std::string name, store::Store& store, Files& files, crypto::RsaKeySource keys,
                   proto::Secret machine_key, proto::TimePoint now)
    : name_(std::move(name)),
      store_(&store),
      files_(&files),
      keys_(std::move(keys)),
      machine_key_(crypto::hkdf_sha256(machine_key.view(), {},
                                       proto::as_bytes("ssb service master key"),
                                       kServiceMasterKeyBytes)) {
  crypto::check_random();
  open_catalog(kMaster, now);
  if (master().table<pb::InstanceInfo>().find(kInstanceInfoId) == nullptr) {
    make_new(now);
  } else {
    open_databases(now);
  }
}

void Instance::open_catalog(store::DatabaseId id, proto::TimePoint now) {
  store_->open_database(id);
  auto catalog = std::make_unique<Catalog>(*store_, id, catalog_version_);
  catalog->load(proto::to_unix_us(now));
  databases_[id] = std::move(catalog);
  ++catalog_version_;
}

void Instance::make_new(proto::TimePoint now) {
  id_ = crypto::random_id<proto::InstanceId>();
  Transaction transaction = begin();
  pb::InstanceInfo row;
  row.set_name(name_);
  row.set_instance_id(text_of(id_.view()));
  row.set_created_us(proto::to_unix_us(now));
  master().put(transaction, kInstanceInfoId, row);
  put_service_master_key(transaction, crypto::random_secret(kServiceMasterKeyBytes));
  put_info(transaction, make_system_info(kMaster, "master", now));
  put_info(transaction, make_system_info(kTempdb, "tempdb", now));
  put_info(transaction, make_system_info(kModel, "model", now));
  put_info(transaction, make_system_info(kMsdb, "msdb", now));
  for (const store::DatabaseId id : {kTempdb, kModel, kMsdb}) open_catalog(id, now);
  commit(std::move(transaction)).value();
}

void Instance::open_databases(proto::TimePoint now) {
  const auto& row = *master().table<pb::InstanceInfo>().find(kInstanceInfoId);
  const auto id = proto::InstanceId::from_bytes(proto::as_bytes(row.instance_id()));
  if (!id) throw store::StoreFailure("the instance id in master cannot be read");
  id_ = *id;
  open_service_master_key();
  // A file without a row is what is left of a CREATE or DROP DATABASE that a crash cut short.
  for (const store::DatabaseId file : store_->database_files()) {
    if (master().table<pb::Database>().find(file) == nullptr) store_->drop_database(file);
  }
  renew_tempdb(now);
  for (const auto& [database, info] : master().table<pb::Database>()) {
    if (!databases_.contains(database)) open_catalog(database, now);
  }
}

void Instance::renew_tempdb(proto::TimePoint now) {
  store_->drop_database(kTempdb);
  open_catalog(kTempdb, now);
  Transaction transaction = begin();
  put_info(transaction, make_system_info(kTempdb, "tempdb", now));
  commit(std::move(transaction)).value();
}

void Instance::open_service_master_key() {
  const auto* row = master().table<pb::InstanceInfo>().find(kInstanceInfoId);
  auto key = open_blob(machine_key_, purpose(id_), proto::as_bytes(row->service_master_key()));
  service_master_key_ = key ? std::move(*key) : proto::Secret();
  opened_master_keys_.clear();
}

const proto::Secret* Instance::master_key_in_clear(store::DatabaseId id) const {
  if (opened_at_ != catalog_version_) opened_master_keys_.clear();
  opened_at_ = catalog_version_;
  const auto [known, is_new] = opened_master_keys_.try_emplace(id);
  const Catalog* catalog = is_new ? database(id) : nullptr;
  if (catalog != nullptr && catalog->master_key() != nullptr) {
    if (auto key = open_service_copy(service_master_key_, *catalog->master_key()))
      known->second = std::move(*key);
  }
  return known->second.empty() ? nullptr : &known->second;
}

void Instance::put_service_master_key(Transaction& transaction, proto::Secret service_master_key) {
  SSB_CHECK(service_master_key.size() == kServiceMasterKeyBytes);
  pb::InstanceInfo row = *master().table<pb::InstanceInfo>().find(kInstanceInfoId);
  row.set_service_master_key(
      text_of(seal_blob(machine_key_, purpose(id_), service_master_key.view())));
  row.set_service_master_key_guid(text_of(crypto::random_guid().view()));
  master().put(transaction, kInstanceInfoId, row);
  service_master_key_ = std::move(service_master_key);
  opened_master_keys_.clear();
}

Catalog* Instance::database(store::DatabaseId id) {
  return const_cast<Catalog*>(std::as_const(*this).database(id));
}

const Catalog* Instance::database(store::DatabaseId id) const {
  const auto found = databases_.find(id);
  return found == databases_.end() ? nullptr : found->second.get();
}

Catalog* Instance::database(std::string_view name) {
  return const_cast<Catalog*>(std::as_const(*this).database(name));
}

const Catalog* Instance::database(std::string_view name) const {
  const pb::Database* row = master().table<pb::Database>().find(name);
  return row == nullptr ? nullptr : database(row->id());
}

const pb::Database& Instance::info(store::DatabaseId id) const {
  const pb::Database* row = master().table<pb::Database>().find(id);
  SSB_CHECK(row != nullptr);
  return *row;
}

void Instance::put_info(Transaction& transaction, const pb::Database& info) {
  master().put(transaction, info.id(), info);
}

proto::Result<store::DatabaseId> Instance::create_database(std::string_view name,
                                                           proto::TimePoint now,
                                                           std::int32_t owner_login) {
  if (master().table<pb::Database>().find(name) != nullptr) {
    return proto::Error{proto::ErrorCode::database_exists, name};
  }
  // No lock on master: the session that asks may hold it, and the new row is nobody else's.
  Transaction transaction = begin();
  const store::DatabaseId id = master().next_id<pb::Database>();
  crypto::check_random();  // it is drawn from more than once when the file is there already
  pb::Database row = make_info(id, name, now);
  open_catalog(id, now);
  row.set_owner_login(owner_login);
  put_info(transaction, row);
  if (auto done = commit(std::move(transaction)); !done) return done.error();
  return id;
}

proto::Result<void> Instance::drop_database(store::DatabaseId id) {
  const std::string name = info(id).name();
  if (id <= kMsdb) return proto::Error{proto::ErrorCode::database_in_use, name};
  Transaction transaction = begin();
  master().erase<pb::Database>(transaction, id);
  if (auto done = commit(std::move(transaction)); !done) return done.error();
  databases_.erase(id);
  ++catalog_version_;
  write_locks_.erase(id);
  // The row's end must be durable before the file goes: a crash between the two would otherwise
  // bring back an empty database under the old name.
  store_->flush();
  store_->drop_database(id);
  return {};
}

Transaction Instance::begin() {
  Transaction transaction;
  transaction.id = next_transaction_++;
  return transaction;
}

proto::Result<void> Instance::commit(Transaction&& transaction) {
  const auto accepted = store_->accept(std::move(transaction.writes));
  if (!accepted) {
    const store::StoreError& error = accepted.error();
    undo_to(transaction, 0);
    finish(transaction);
    if (error.number != 0) {
      return proto::Error{static_cast<proto::ErrorCode>(error.number), error.message};
    }
    return proto::Error{proto::ErrorCode::constraint_conflict, error.message};
  }
  finish(transaction);
  return {};
}

void Instance::roll_back(Transaction&& transaction) {
  store_->roll_back_to(transaction.writes, {});
  undo_to(transaction, 0);
  finish(transaction);
}

Instance::Savepoint Instance::savepoint(const Transaction& transaction) const {
  return {transaction.writes.savepoint(), transaction.undo.size()};
}

void Instance::roll_back_to(Transaction& transaction, const Savepoint& savepoint) {
  store_->roll_back_to(transaction.writes, savepoint.writes);
  undo_to(transaction, savepoint.undo_size);
}

void Instance::undo_to(Transaction& transaction, std::size_t undo_size) {
  bool is_key_undone = false;
  while (transaction.undo.size() > undo_size) {
    const Transaction::Undo step = std::move(transaction.undo.back());
    transaction.undo.pop_back();
    if (Catalog* catalog = database(step.database); catalog != nullptr) catalog->undo(step);
    if (step.kind == static_cast<int>(Kind::instance_info)) is_key_undone = true;
  }
  if (is_key_undone) open_service_master_key();
}

void Instance::finish(Transaction& transaction) {
  std::erase_if(write_locks_, [&](const auto& lock) { return lock.second == transaction.id; });
  lock_waits_.forget(transaction.id);
  ++transactions_ended_;
  transaction = Transaction{};
}

proto::Result<void> Instance::lock(Transaction& transaction, store::DatabaseId database) {
  const auto [held, is_new] = write_locks_.emplace(database, transaction.id);
  if (is_new || held->second == transaction.id) return {};
  lock_waits_.refused(transaction.id, held->second);
  return proto::Error{proto::ErrorCode::lock_timeout,
                      "another transaction is changing database '" + info(database).name() + "'"};
}

}  // namespace ssb::broker::catalog
