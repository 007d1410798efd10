// The contract between the session, which steps a batch, and the executors of its definition
// statements.
//
//   Shape   the session sets a savepoint, locks the current database, calls execute_ddl and, on an
//   error, rolls back to the savepoint;
//           outside BEGIN TRANSACTION it commits afterwards. An executor therefore may return an
//           error at any point, but checks first what it can. One that changes another database
//           (logins, endpoints and database options live in master) locks that one itself:
//           `context.instance.lock(context.transaction, catalog::kMaster)`; its 1222 goes up like
//           any error, and the session runs the statement again later.
//   Errors  226 is the executor's (in_user_transaction); warnings (severity 10) go to `warnings`,
//   and do not stop the statement.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/conversation/engine.h"
#include "broker/keys/key_hierarchy.h"
#include "broker/tsql/ast.h"
#include "proto/secret.h"

namespace ssb::broker::tsql {

// What other parts must hear of, once the statement's transaction has been committed (or undone).
struct DdlEffects {
  std::set<store::DatabaseId>
      catalogs_changed;  // Engine::catalog_changed, after commit and after roll back
  std::vector<std::pair<store::DatabaseId, std::int32_t>>
      services_dropped;  // Engine::service_dropped, after commit only
  // Engine::master_key_changed, after both; with the master keys that the statements had opened.
  std::map<store::DatabaseId, std::vector<proto::Secret>> master_keys_changed;
  bool endpoints_changed = false;  // the node's EndpointsChanged, after commit only
};

struct StatementContext {
  catalog::Instance& instance;
  conversation::Engine& engine;
  catalog::Transaction& transaction;
  const catalog::SecurityContext& who;
  store::DatabaseId database;  // in use
  keys::OpenMasterKeys& open_master_keys;
  proto::TimePoint now;
  std::vector<proto::Error>& warnings;
  DdlEffects& effects;
  bool in_user_transaction;  // inside BEGIN TRANSACTION
  // The value of an expression without columns (variables and functions included).
  std::function<proto::Result<store::Value>(const Expression&)> evaluate;
  // Whether any session, this one included, uses a database (3702 of DROP DATABASE).
  std::function<bool(store::DatabaseId)> is_in_use;
  // The other sessions that use a database, by @@SPID in order; ends them, with their transactions.
  std::function<std::vector<std::int32_t>(store::DatabaseId)> others_in;
  std::function<void(store::DatabaseId)> end_others_in;
  // The statement has waited so long: since its first attempt.
  proto::Duration waited{};
};

// The user that the session is in the database in use (catalog::user_in), as owner of what it
// creates.
[[nodiscard]] proto::Result<std::int32_t> current_user(const StatementContext& context);

// DATABASE, LOGIN, USER, ROLE, SCHEMA, keys, CERTIFICATE, ENDPOINT, the objects of Service Broker,
// GRANT, DENY, REVOKE, ALTER AUTHORIZATION, and every DROP but that of TABLE, VIEW, PROCEDURE,
// INDEX. Statements that no executor knows answer `not_supported`. Not here (the session has them):
// USE, EXECUTE AS, REVERT; tables, indexes, views and procedures.
[[nodiscard]] bool is_ddl(const Statement& statement);
[[nodiscard]] proto::Result<void> execute_ddl(const Statement& statement,
                                              StatementContext& context);

}  // namespace ssb::broker::tsql
// ddl.h: complete
