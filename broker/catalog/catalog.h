// The objects of one database, in memory, each change staged as a row of the table `catalog` (kind, id, message).
//
//   Shape   CREATE TABLE catalog (kind INTEGER, id INTEGER, message BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID
//   A change is visible at once to all sessions of the instance (DDL takes the database's write lock, Instance::lock) and undone by
//   Instance::roll_back.
#pragma once

#include <string>

#include "broker/catalog/table.h"
#include "broker/catalog/transaction.h"
#include "proto/catalog.pb.h"

namespace ssb::broker::catalog {

namespace pb = ssb::proto::catalog;

// The stored kind of each message type; never renumber.
enum class Kind : int {
  instance_info = 1, database = 2, login = 3, endpoint = 4,
  master_key = 10, principal = 11, permission = 12, certificate = 13, message_type = 14, contract = 15, queue = 16,
  service = 17, route = 18, remote_service_binding = 19, schema = 20, module = 21, user_table = 22, broker_priority = 23,
};

class Catalog {
 public:
  Catalog(store::Store& store, store::DatabaseId id) : store_(&store), id_(id) {}
  // Reads all rows; creates the table and the built-in objects (principals, schemas, [DEFAULT] type and contract, system types,
  // route AutoCreatedLocal, ...) when the file is new.
  void load(std::int64_t now_us);

  [[nodiscard]] store::DatabaseId id() const { return id_; }

  template <typename Object>
  [[nodiscard]] const Table<Object>& table() const;
  [[nodiscard]] const pb::MasterKey* master_key() const;  // nullptr: none

  // Adds or replaces by id, in memory and in the transaction.
  template <typename Object>
  void put(Transaction& transaction, std::int32_t id, const Object& object);
  template <typename Object>
  void erase(Transaction& transaction, std::int32_t id);
  // Undoes one step; called by Instance::roll_back, newest first.
  void undo(const Transaction::Undo& step);

 private:
  void put_message(Transaction& transaction, Kind kind, std::int32_t id, const std::string& message);
  void erase_message(Transaction& transaction, Kind kind, std::int32_t id);

  store::Store* store_;
  store::DatabaseId id_;
  Table<pb::InstanceInfo> instance_info_;
  Table<pb::Database> databases_;
  Table<pb::Login> logins_;
  Table<pb::Endpoint> endpoints_;
  Table<pb::MasterKey> master_keys_;
  Table<pb::Principal> principals_;
  Table<pb::Permission> permissions_;
  Table<pb::Certificate> certificates_;
  Table<pb::MessageType> message_types_;
  Table<pb::Contract> contracts_;
  Table<pb::Queue> queues_;
  Table<pb::Service> services_;
  Table<pb::Route> routes_;
  Table<pb::RemoteServiceBinding> remote_service_bindings_;
  Table<pb::Schema> schemas_;
  Table<pb::Module> modules_;
  Table<pb::UserTable> user_tables_;
  Table<pb::BrokerPriority> broker_priorities_;
};

}  // namespace ssb::broker::catalog
