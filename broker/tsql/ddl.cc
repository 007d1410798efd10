#include "broker/tsql/ddl.h"

#include <type_traits>

#include "broker/tsql/ddl_support.h"

namespace ssb::broker::tsql {

proto::Result<std::int32_t> current_user(const StatementContext& context) {
  return catalog::user_in(context.instance, context.who, context.database);
}

namespace ddl {

Result<void> require(const StatementContext& context, std::string_view permission) {
  return catalog::require_permission(context.instance, context.who, context.database,
                                     ObjectClass::database, 0,
                                     context.instance.info(context.database).name(), permission);
}

Result<void> require_server(const StatementContext& context, std::string_view permission) {
  return catalog::require_permission(context.instance, context.who, catalog::kMaster,
                                     ObjectClass::server, 0, "server", permission);
}

Result<void> require_alter(const StatementContext& context, ObjectKind kind,
                           ObjectClass object_class, std::int32_t id, std::string_view name) {
  if (catalog::require_permission(context.instance, context.who, context.database, object_class, id,
                                  name, "ALTER"))
    return {};
  return missing(kind, name);
}

Result<void> require_drop(const StatementContext& context, ObjectKind kind,
                          ObjectClass object_class, std::int32_t id, std::string_view name,
                          std::string_view alter_any) {
  if (catalog::require_permission(context.instance, context.who, context.database, object_class, id,
                                  name, "CONTROL") ||
      require(context, alter_any))
    return {};
  return missing(kind, name);
}

Result<std::int32_t> owner_of(const StatementContext& context,
                              const std::optional<std::string>& authorization) {
  if (!authorization) return current_user(context);
  const auto* user =
      find<pb::Principal>(*context.instance.database(context.database), *authorization);
  if (user == nullptr) return missing(ObjectKind::user, *authorization);
  return user->id();
}

Result<catalog::Catalog*> lock_master(StatementContext& context) {
  if (auto locked = context.instance.lock(context.transaction, catalog::kMaster); !locked)
    return locked.error();
  return &context.instance.master();
}

namespace {

// Statements that the grammar has and this program does not do.
template <typename Node>
constexpr const char* name_of_unsupported() {
  if constexpr (std::is_same_v<Node, BackupDatabase>)
    return "BACKUP DATABASE";
  else if constexpr (std::is_same_v<Node, RestoreDatabase>)
    return "RESTORE DATABASE";
  else if constexpr (std::is_same_v<Node, CreateSymmetricKey>)
    return "CREATE SYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, OpenSymmetricKey>)
    return "OPEN SYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, CloseSymmetricKey>)
    return "CLOSE SYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, AlterSymmetricKey>)
    return "ALTER SYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, CreateAsymmetricKey>)
    return "CREATE ASYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, AlterAsymmetricKey>)
    return "ALTER ASYMMETRIC KEY";
  else if constexpr (std::is_same_v<Node, CreateDatabaseEncryptionKey>)
    return "CREATE DATABASE ENCRYPTION KEY";
  else if constexpr (std::is_same_v<Node, AlterDatabaseEncryptionKey>)
    return "ALTER DATABASE ENCRYPTION KEY";
  else if constexpr (std::is_same_v<Node, ChangeSignature>)
    return "ADD SIGNATURE";
  else if constexpr (std::is_same_v<Node, CreateXmlSchemaCollection>)
    return "CREATE XML SCHEMA COLLECTION";
  else
    return nullptr;
}

template <typename Node>
concept Executable = requires(const Node& node, StatementContext& context) {
  run(node, context);
};

Result<void> drop_one(ObjectKind kind, const ObjectName& name, StatementContext& context) {
  if (auto dropped = drop_broker_object(kind, name, context)) return *dropped;
  if (auto dropped = drop_principal(kind, name, context)) return *dropped;
  if (auto dropped = drop_other(kind, name, context)) return *dropped;
  return unsupported(std::string("DROP of a ") + to_text(kind));
}

Result<void> drop_all(const Drop& node, StatementContext& context) {
  if (node.names.empty()) return drop_one(node.kind, {}, context);  // master key
  for (const ObjectName& name : node.names) {
    if (node.if_exists && !exists(node.kind, name, context)) continue;
    auto dropped = node.kind == ObjectKind::event_notification
                       ? drop_event_notification(node, name.name, context)
                       : drop_one(node.kind, name, context);
    if (!dropped) return dropped.error();
  }
  return {};
}

struct Execute {
  StatementContext& context;
  template <typename Node>
  Result<void> operator()(const Node& node) const {
    if constexpr (std::is_same_v<Node, Drop>)
      return drop_all(node, context);
    else if constexpr (Executable<Node>)
      return ddl::run(node, context);
    else if constexpr (name_of_unsupported<Node>() != nullptr)
      return unsupported(name_of_unsupported<Node>());
    else
      return unsupported("this statement");
  }
};

}  // namespace

std::optional<Result<void>> drop_other(ObjectKind kind, const ObjectName& name,
                                       StatementContext& context) {
  if (kind == ObjectKind::database) return drop_database(name.name, context);
  if (kind == ObjectKind::endpoint) return drop_endpoint(name.name, context);
  if (kind == ObjectKind::certificate || kind == ObjectKind::master_key) {
    return drop_key_or_certificate(kind, name.name, context);
  }
  return std::nullopt;
}

}  // namespace ddl

bool is_ddl(const Statement& statement) {
  return std::visit(
      [](const auto& node) {
        using Node = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<Node, Drop>) {
          return node.kind != ObjectKind::table && node.kind != ObjectKind::view &&
                 node.kind != ObjectKind::procedure && node.kind != ObjectKind::index;
        } else {
          return ddl::Executable<Node> || ddl::name_of_unsupported<Node>() != nullptr;
        }
      },
      static_cast<const StatementVariant&>(*statement.node));
}

proto::Result<void> execute_ddl(const Statement& statement, StatementContext& context) {
  return std::visit(ddl::Execute{context}, static_cast<const StatementVariant&>(*statement.node));
}

}  // namespace ssb::broker::tsql
