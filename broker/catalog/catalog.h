// The objects of one database, in memory, each change staged as a row of the table `catalog` (kind,
// id, message).
//
//   Shape   CREATE TABLE catalog (kind INTEGER, id INTEGER, message BLOB, PRIMARY KEY (kind, id))
//           WITHOUT ROWID. Built-in objects have a row only when they were changed; a NULL message
//           is a dropped one. Kind 0 is the catalog's own: (0, 0) the time of creation, (0, k) the
//           highest id of kind k when its object was dropped, both as decimal text.
//   A change is visible at once to all sessions of the instance (DDL takes the database's write
//   lock, Instance::lock) and undone by Instance::roll_back.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "broker/catalog/table.h"
#include "broker/catalog/transaction.h"
#include "proto/catalog.pb.h"

namespace ssb::broker::catalog {

namespace pb = ssb::proto::catalog;

// The stored kind of each message type; never renumber.
enum class Kind : int {
  instance_info = 1,
  database = 2,
  login = 3,
  endpoint = 4,
  master_key = 10,
  principal = 11,
  permission = 12,
  certificate = 13,
  message_type = 14,
  contract = 15,
  queue = 16,
  service = 17,
  route = 18,
  remote_service_binding = 19,
  schema = 20,
  module = 21,
  user_table = 22,
  broker_priority = 23,
  event_notification = 24,
};

inline constexpr std::int32_t kInstanceInfoId = 1;
inline constexpr std::int32_t kMasterKeyId = 101;         // ##MS_DatabaseMasterKey##
inline constexpr std::int32_t kServiceMasterKeyId = 102;  // ##MS_ServiceMasterKey##
inline constexpr std::int32_t kFirstFixedRole = 16384;    // db_owner
// Ids of queues, tables and modules that users make lie between these two.
inline constexpr std::int32_t kFirstObjectId = 1'000'000;
inline constexpr std::int32_t kFirstBuiltInObjectId = 1'900'000'000;

class Catalog {
 public:
  // `version` grows with every change of an object.
  Catalog(store::Store& store, store::DatabaseId id, std::uint64_t& version)
      : store_(&store), id_(id), version_(&version) {}
  // Reads all rows; creates the table and the built-in objects (principals, schemas, [DEFAULT] type
  // and contract, system types, route AutoCreatedLocal, ...) when the file is new, dated `now_us`.
  void load(std::int64_t now_us);

  [[nodiscard]] store::DatabaseId id() const { return id_; }

  template <typename Object>
  [[nodiscard]] const Table<Object>& table() const {
    return std::get<Table<Object>>(tables_);
  }
  [[nodiscard]] const pb::MasterKey* master_key() const {  // nullptr: none
    return table<pb::MasterKey>().find(kMasterKeyId);
  }
  // The id that a new object of this kind gets, as the sys views number them. Queues, tables and
  // modules share one range.
  template <typename Object>
  [[nodiscard]] std::int32_t next_id() const;
  // Whether the object was there before any user's: its kind's statements answer 15151 or 9663.
  [[nodiscard]] bool is_built_in(Kind kind, std::int32_t id) const {
    return built_in_.contains({kind, id});
  }

  // Adds or replaces by id, in memory and in the transaction.
  template <typename Object>
  void put(Transaction& transaction, std::int32_t id, const Object& object);
  template <typename Object>
  void erase(Transaction& transaction, std::int32_t id);
  // Undoes one step; called by Instance::roll_back, newest first.
  void undo(const Transaction::Undo& step);

 private:
  using Tables =
      std::tuple<Table<pb::InstanceInfo>, Table<pb::Database>, Table<pb::Login>,
                 Table<pb::Endpoint>, Table<pb::MasterKey>, Table<pb::Principal>,
                 Table<pb::Permission>, Table<pb::Certificate>, Table<pb::MessageType>,
                 Table<pb::Contract>, Table<pb::Queue>, Table<pb::Service>, Table<pb::Route>,
                 Table<pb::RemoteServiceBinding>, Table<pb::Schema>, Table<pb::Module>,
                 Table<pb::UserTable>, Table<pb::BrokerPriority>, Table<pb::EventNotification>>;

  // built_in_objects.cc
  void add_built_in_objects(std::int64_t created_us);
  void add_built_in_principals(std::int64_t created_us);
  void add_built_in_broker_objects(std::int64_t created_us);
  void add_built_in_server_objects(std::int64_t created_us);
  template <typename Object>
  void add_built_in(std::int32_t id, Object object);

  template <typename Visit>
  void visit(Kind kind, const Visit& visit_table);
  void load_row(Kind kind, std::int32_t id, const std::string* message);
  void put_message(Transaction& transaction, Kind kind, std::int32_t id,
                   const std::string& message);
  void erase_message(Transaction& transaction, Kind kind, std::int32_t id);
  void execute(Transaction& transaction, const char* sql, std::vector<store::Value> parameters);

  store::Store* store_;
  store::DatabaseId id_;
  std::uint64_t* version_;
  Tables tables_;
  std::set<std::pair<Kind, std::int32_t>> built_in_;
};

}  // namespace ssb::broker::catalog
