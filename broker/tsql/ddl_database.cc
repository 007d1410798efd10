// CREATE, ALTER and DROP DATABASE.
//
//   Broker options and SINGLE_USER need the database alone: other sessions that use it are waited for, or ended WITH ROLLBACK.
//   A new database is made at once (not inside a transaction: 226) and its broker is enabled. Broker options reach into conversations:
//   Engine::set_broker.
#include <array>

#include <fmt/format.h>

#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

Result<void> outside_transaction(const StatementContext& context, const char* statement) {
  if (context.in_user_transaction) return Error(ErrorCode::not_in_transaction, statement);
  return {};
}

// A failing ALTER DATABASE says why, and then 5069, which is its error (@@ERROR, CATCH). A lock is waited
// for, without a word.
Error failed(StatementContext& context, const Error& why) {
  if (why.code == ErrorCode::lock_timeout) return why;
  context.warnings.push_back(why);
  return Error(ErrorCode::alter_database_failed);
}

bool is_system(store::DatabaseId id) {
  return id <= catalog::kMsdb;
}

std::optional<conversation::Engine::BrokerOption> broker_option(DatabaseOptionKind kind) {
  using Option = conversation::Engine::BrokerOption;
  if (kind == DatabaseOptionKind::enable_broker) return Option::enable_broker;
  if (kind == DatabaseOptionKind::disable_broker) return Option::disable_broker;
  if (kind == DatabaseOptionKind::new_broker) return Option::new_broker;
  if (kind == DatabaseOptionKind::error_broker_conversations)
    return Option::error_broker_conversations;
  return std::nullopt;
}

Result<void> is_possible(DatabaseOptionKind kind) {
  if (kind == DatabaseOptionKind::read_only) return unsupported("SET READ_ONLY");
  if (kind == DatabaseOptionKind::offline) return unsupported("SET OFFLINE");
  if (kind == DatabaseOptionKind::emergency) return unsupported("SET EMERGENCY");
  if (kind == DatabaseOptionKind::encryption)
    return unsupported("SET ENCRYPTION (transparent data encryption)");
  return {};
}

// Other sessions are kept out (924), messages are not: SQL Server then takes none from the network (28015, 28075; of msdb 9790).
void warn_of_single_user(StatementContext& context, const DatabaseOption& option) {
  if (option.kind != DatabaseOptionKind::single_user) return;
  Error note(ErrorCode::not_supported,
             "what SET SINGLE_USER does to messages: they are let in as before, "
             "unlike SQL Server (28015, 28075, 9790). That is not there");
  note.own_severity = 10;
  context.warnings.push_back(std::move(note));
}

Result<void> set_option(StatementContext& context, store::DatabaseId id,
                        const DatabaseOption& option) {
  if (const auto broker = broker_option(option.kind)) {
    context.effects.catalogs_changed.insert(id);
    return context.engine.set_broker(context.transaction, id, *broker, context.now);
  }
  if (auto possible = is_possible(option.kind); !possible) return possible.error();
  warn_of_single_user(context, option);
  pb::Database info = context.instance.info(id);
  const bool on = option.on.value_or(true);
  switch (option.kind) {
    case DatabaseOptionKind::trustworthy: info.set_is_trustworthy_on(on); break;
    case DatabaseOptionKind::honor_broker_priority: info.set_is_honor_broker_priority_on(on); break;
    case DatabaseOptionKind::recovery: {
      const std::string value = option.value.value_or("");
      info.set_recovery_model(value == "FULL" ? 1 : value == "BULK_LOGGED" ? 2 : 3);
      break;
    }
    case DatabaseOptionKind::multi_user: info.set_user_access(0); break;
    case DatabaseOptionKind::single_user: info.set_user_access(1); break;
    case DatabaseOptionKind::restricted_user: info.set_user_access(2); break;
    case DatabaseOptionKind::read_write: info.set_is_read_only(false); break;
    case DatabaseOptionKind::online: break;
    case DatabaseOptionKind::db_chaining:
    case DatabaseOptionKind::other:
      (*info.mutable_other_options())[option.name] =
          option.on ? (on ? "ON" : "OFF") : option.value.value_or("ON");
      break;
    // broker_option took these.
    case DatabaseOptionKind::enable_broker:
    case DatabaseOptionKind::disable_broker:
    case DatabaseOptionKind::new_broker:
    case DatabaseOptionKind::error_broker_conversations:
    // is_possible refused these.
    case DatabaseOptionKind::read_only:
    case DatabaseOptionKind::offline:
    case DatabaseOptionKind::emergency:
    case DatabaseOptionKind::encryption: break;
  }
  context.instance.put_info(context.transaction, info);
  context.effects.catalogs_changed.insert(id);
  return {};
}

// Which options are for a session that has the database alone. MULTI_USER and those of the catalog are not.
bool needs_alone(const DatabaseOption& option) {
  return broker_option(option.kind) || option.kind == DatabaseOptionKind::single_user;
}

// Nobody else uses the database then, or they are ended; else it is waited for (1222 to the session), or 5070.
Result<void> take_alone(StatementContext& context, store::DatabaseId id,
                        const AlterDatabase& node) {
  if (std::none_of(node.options.begin(), node.options.end(), needs_alone)) return {};
  const std::vector<std::int32_t> others = context.others_in(id);
  if (others.empty()) return {};
  const std::string& name = context.instance.info(id).name();
  constexpr int kUsedByOthers = 2;  // state
  const std::string who = fmt::format("{}", fmt::join(others, ", "));
  if (node.termination && node.termination->kind == TerminationKind::no_wait)
    return failed(context,
                  Error(ErrorCode::database_used_by_others, name, who).with_state(kUsedByOthers));
  const bool ends_others =
      node.termination && (node.termination->kind == TerminationKind::rollback_immediate ||
                           context.waited >= std::chrono::seconds(node.termination->after_s));
  if (!ends_others)
    return Error(ErrorCode::lock_timeout,
                 fmt::format("database '{}' is used by session(s) {}", name, who));
  context.end_others_in(id);
  context.warnings.emplace_back(ErrorCode::others_are_rolled_back, std::to_string(others.size()),
                                name);
  return {};
}

}  // namespace

Result<void> run(const CreateDatabase& node, StatementContext& context) {
  if (auto outside = outside_transaction(context, "CREATE DATABASE"); !outside)
    return outside.error();
  if (!require_server(context, "CREATE ANY DATABASE"))
    return Error(ErrorCode::permission_denied_in_database, "CREATE DATABASE", "master");
  if (node.for_attach) return unsupported("CREATE DATABASE ... FOR ATTACH");
  for (const DatabaseOption& option : node.options) {  // before there is anything to undo
    if (auto possible = is_possible(option.kind); !possible) return possible.error();
  }
  const auto id = context.instance.create_database(node.name, context.now, context.who.login);
  if (!id) return id.error();
  context.engine.open_database(*id, context.now);
  for (const DatabaseOption& option : node.options) {
    if (auto set = set_option(context, *id, option); !set) return set.error();
  }
  context.effects.catalogs_changed.insert(*id);
  return {};
}

Result<void> run(const AlterDatabase& node, StatementContext& context) {
  if (auto outside = outside_transaction(context, "ALTER DATABASE"); !outside)
    return outside.error();
  const catalog::Catalog* found = node.name.empty()
                                      ? context.instance.database(context.database)
                                      : context.instance.database(std::string_view(node.name));
  if (found == nullptr) {
    return failed(context, Error(ErrorCode::database_missing_or_denied_alter, node.name));
  }
  const bool allowed = catalog::require_permission(context.instance, context.who, found->id(),
                                                   ObjectClass::database, 0, node.name, "ALTER")
                           .has_value() ||
                       require_server(context, "ALTER ANY DATABASE").has_value();
  if (!allowed) {
    return failed(context, Error(ErrorCode::database_missing_or_denied_alter,
                                 context.instance.info(found->id()).name()));
  }
  if (node.partner || node.witness) return unsupported("ALTER DATABASE ... SET PARTNER or WITNESS");
  if (node.new_name) return unsupported("ALTER DATABASE ... MODIFY NAME");
  if (node.collation || node.other) return {};  // files and collation have no meaning here
  if (auto alone = take_alone(context, found->id(), node); !alone) return alone.error();
  if (auto master = lock_master(context); !master) return master.error();
  if (auto locked = context.instance.lock(context.transaction, found->id()); !locked)
    return locked.error();
  for (const DatabaseOption& option : node.options) {
    if (auto set = set_option(context, found->id(), option); !set)
      return failed(context, set.error());
  }
  return {};
}

Result<void> drop_database(const std::string& name, StatementContext& context) {
  if (auto outside = outside_transaction(context, "DROP DATABASE"); !outside)
    return outside.error();
  const catalog::Catalog* found = context.instance.database(std::string_view(name));
  if (found == nullptr) return Error(ErrorCode::cannot_drop_missing, "the database", name);
  const store::DatabaseId id = found->id();
  const bool allowed = catalog::require_permission(context.instance, context.who, id,
                                                   ObjectClass::database, 0, name, "CONTROL")
                           .has_value() ||
                       require_server(context, "ALTER ANY DATABASE").has_value();
  if (!allowed) return Error(ErrorCode::cannot_drop_missing, "the database", name);
  if (is_system(id)) return Error(ErrorCode::system_object, name);
  if (id == context.database || context.is_in_use(id))
    return Error(ErrorCode::database_in_use, name);
  context.engine.close_database(id);
  if (auto dropped = context.instance.drop_database(id); !dropped) {
    context.engine.open_database(id, context.now);
    return dropped.error();
  }
  return {};
}

}  // namespace ssb::broker::tsql::ddl
