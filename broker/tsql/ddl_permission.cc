// GRANT, DENY, REVOKE, ALTER AUTHORIZATION.
//
//   Source  reference tsql-tds.md 1.7.
#include "broker/catalog/kinds.h"
#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

// What a permission is about: where its row lives, and the id there.
struct Target {
  catalog::Catalog* where = nullptr;
  ObjectClass object_class{};
  std::int32_t id = 0;
  bool is_server = false;  // principals are logins
  std::string name;
};

template <typename Object>
Result<Target> found_in(catalog::Catalog& where, ObjectClass object_class, ObjectKind kind,
                        const std::string& name) {
  const Object* object = find<Object>(where, name);
  if (object == nullptr) return missing(kind, name);
  return Target{&where, object_class, object->id(), false, object->name()};
}

// OBJECT::, or no class: a queue, table, view or procedure; without a schema, of dbo.
Result<Target> object_target(StatementContext& context, const ObjectName& name) {
  catalog::Catalog& here = current(context);
  const auto* schema = find<pb::Schema>(here, name.schema.empty() ? "dbo" : name.schema);
  if (schema == nullptr) return missing(ObjectKind::object, to_text(name));
  const auto named = [&](const auto& object) {
    return object.schema_id() == schema->id() && catalog::names_equal(object.name(), name.name);
  };
  const auto found = [&](const auto& object) {
    return Target{&here, ObjectClass::object, object.id(), false, object.name()};
  };
  if (const auto* queue = here.table<pb::Queue>().find_if(named)) return found(*queue);
  if (const auto* table = here.table<pb::UserTable>().find_if(named)) return found(*table);
  if (const auto* module = here.table<pb::Module>().find_if(named)) return found(*module);
  return missing(ObjectKind::object, to_text(name));
}

Result<Target> server_target(StatementContext& context, ObjectClass object_class, std::int32_t id,
                             std::string name) {
  if (context.database != catalog::kMaster) return Error(ErrorCode::server_scope_only_in_master);
  const auto master = lock_master(context);
  if (!master) return master.error();
  return Target{*master, object_class, id, true, std::move(name)};
}

Result<Target> target_of(StatementContext& context, const Securable& on) {
  catalog::Catalog& here = current(context);
  const std::string& name = on.name.name;
  if (on.kind == ObjectKind::object || on.kind == ObjectKind::queue)
    return object_target(context, on.name);
  if (on.kind == ObjectKind::server)
    return server_target(context, ObjectClass::server, 0, "server");
  if (on.kind == ObjectKind::endpoint) {
    const auto* endpoint = find<pb::Endpoint>(context.instance.master(), name);
    if (endpoint == nullptr) return missing(on.kind, name);
    return server_target(context, ObjectClass::endpoint, endpoint->id(), endpoint->name());
  }
  if (on.kind == ObjectKind::login) {
    const auto* login = find<pb::Login>(context.instance.master(), name);
    if (login == nullptr) return missing(on.kind, name);
    return server_target(context, ObjectClass::login, login->id(), login->name());
  }
  if (on.kind == ObjectKind::database)
    return Target{&here, ObjectClass::database, 0, false, context.instance.info(here.id()).name()};
  if (on.kind == ObjectKind::service)
    return found_in<pb::Service>(here, ObjectClass::service, on.kind, name);
  if (on.kind == ObjectKind::contract)
    return found_in<pb::Contract>(here, ObjectClass::contract, on.kind, name);
  if (on.kind == ObjectKind::message_type)
    return found_in<pb::MessageType>(here, ObjectClass::message_type, on.kind, name);
  if (on.kind == ObjectKind::certificate)
    return found_in<pb::Certificate>(here, ObjectClass::certificate, on.kind, name);
  if (on.kind == ObjectKind::route)
    return found_in<pb::Route>(here, ObjectClass::route, on.kind, name);
  if (on.kind == ObjectKind::schema)
    return found_in<pb::Schema>(here, ObjectClass::schema, on.kind, name);
  if (on.kind == ObjectKind::user || on.kind == ObjectKind::role) {
    return found_in<pb::Principal>(here, ObjectClass::principal, on.kind, name);
  }
  if (on.kind == ObjectKind::remote_service_binding) {
    return found_in<pb::RemoteServiceBinding>(here, ObjectClass::remote_service_binding, on.kind,
                                              name);
  }
  return unsupported(std::string("permissions on this class: ") + to_text(on.kind));
}

bool is_server_permission(const std::string& name) {
  return name == "CONNECT SQL" || name == "CONTROL SERVER" || name == "VIEW SERVER STATE" ||
         name == "CREATE ENDPOINT" || name == "ALTER ANY ENDPOINT" || name == "ALTER ANY LOGIN" ||
         name == "CREATE ANY DATABASE" || name == "ALTER ANY DATABASE" ||
         name == "VIEW ANY DEFINITION";
}

// Permissions that only an object has, and the database as a whole has not.
bool is_of_objects_only(std::string_view name) {
  return name == "SEND" || name == "RECEIVE" || name == "IMPERSONATE";
}

bool is_of_data(std::string_view name) {
  return name == "SELECT" || name == "INSERT" || name == "UPDATE" || name == "DELETE" ||
         name == "EXECUTE" || name == "RECEIVE" || name == "REFERENCES";
}

// Whether a permission makes sense on the class; 4606 otherwise.
bool fits(ObjectClass object_class, const std::string& name) {
  if (object_class == ObjectClass::server) return is_server_permission(name);
  if (object_class == ObjectClass::database) return !is_of_objects_only(name);
  const bool is_general = name == "CONTROL" || name == "ALTER" || name == "VIEW DEFINITION" ||
                          name == "TAKE OWNERSHIP" || name == "ALL";
  if (is_general) return true;
  if (object_class == ObjectClass::service) return name == "SEND";
  if (object_class == ObjectClass::endpoint) return name == "CONNECT";
  if (object_class == ObjectClass::login || object_class == ObjectClass::principal)
    return name == "IMPERSONATE";
  if (object_class == ObjectClass::object || object_class == ObjectClass::schema)
    return is_of_data(name);
  const bool can_be_referenced = object_class == ObjectClass::message_type ||
                                 object_class == ObjectClass::contract ||
                                 object_class == ObjectClass::certificate;
  return can_be_referenced && name == "REFERENCES";
}

Result<std::int32_t> grantee_in(const StatementContext& context, const Target& target,
                                const std::string& name) {
  if (target.is_server) {
    const auto* login = find<pb::Login>(context.instance.master(), name);
    if (login != nullptr) return login->id();
    return missing(ObjectKind::login, name);
  }
  const auto* principal = find<pb::Principal>(*target.where, name);
  if (principal == nullptr) return missing(ObjectKind::user, name);
  return principal->id();
}

// Whom GRANT, DENY and REVOKE do not reach: sa, dbo, and oneself; 4624. (An object's owner is not looked at.)
bool is_above_permissions(const Target& target, std::int32_t grantee, std::int32_t grantor) {
  return grantee == grantor || grantee == (target.is_server ? catalog::kSa : catalog::kDbo);
}

Result<void> may_change(const StatementContext& context, const Target& target) {
  if (target.is_server) return require_server(context, "CONTROL SERVER");
  return catalog::require_permission(context.instance, context.who, target.where->id(),
                                     target.object_class, target.id, target.name, "CONTROL");
}

// Gives an object another owner: 15151, and 9663 for a system object.
template <typename Object>
Result<void> give(StatementContext& context, ObjectKind kind, const std::string& name,
                  const Object* found, std::int32_t owner) {
  catalog::Catalog& where = current(context);
  if (found == nullptr) return missing(kind, name);
  constexpr bool kIsRoute = std::is_same_v<Object, pb::Route>;  // AutoCreatedLocal is the user's
  if (!kIsRoute && where.is_built_in(catalog::KindOf<Object>::kKind, found->id()))
    return Error(ErrorCode::system_object, name);
  Object object = *found;
  object.set_owner(owner);
  where.put(context.transaction, object.id(), object);
  context.effects.catalogs_changed.insert(where.id());
  return {};
}

Result<void> give_endpoint_or_database(StatementContext& context, const Securable& on,
                                       const std::string& to) {
  const auto master = lock_master(context);
  if (!master) return master.error();
  const auto* login = find<pb::Login>(**master, to);
  if (login == nullptr) return missing(ObjectKind::login, to);
  if (on.kind == ObjectKind::endpoint) {
    const auto* found = find<pb::Endpoint>(**master, on.name.name);
    if (found == nullptr) return missing(on.kind, on.name.name);
    pb::Endpoint endpoint = *found;
    endpoint.set_owner_login(login->id());
    (*master)->put(context.transaction, endpoint.id(), endpoint);
  } else {
    const catalog::Catalog* database = context.instance.database(std::string_view(on.name.name));
    if (database == nullptr) return Error(ErrorCode::unknown_database, on.name.name);
    pb::Database info = context.instance.info(database->id());
    info.set_owner_login(login->id());
    context.instance.put_info(context.transaction, info);
    context.effects.catalogs_changed.insert(database->id());
  }
  context.effects.catalogs_changed.insert(catalog::kMaster);
  return {};
}

}  // namespace

Result<void> run(const ChangePermission& node, StatementContext& context) {
  Result<Target> target = Target{};
  if (node.on) {
    target = target_of(context, *node.on);
  } else {
    const bool server =
        !node.permissions.empty() && is_server_permission(node.permissions.front().name);
    target = server
                 ? server_target(context, ObjectClass::server, 0, "server")
                 : Result<Target>(Target{&current(context), ObjectClass::database, 0, false, ""});
  }
  if (!target) return target.error();
  if (auto allowed = may_change(context, *target); !allowed) return allowed.error();
  const auto grantor =
      target->is_server ? Result<std::int32_t>(context.who.login) : current_user(context);
  if (!grantor) return grantor.error();
  for (const Permission& permission : node.permissions) {
    if (!permission.columns.empty()) return unsupported("permissions on columns");
    if (!fits(target->object_class, permission.name)) {
      return Error(ErrorCode::permission_does_not_fit, permission.name,
                   std::string(catalog::class_name(target->object_class)));
    }
    for (const std::string& name : node.principals) {
      const auto grantee = grantee_in(context, *target, name);
      if (!grantee) return grantee.error();
      if (is_above_permissions(*target, *grantee, *grantor))
        return Error(ErrorCode::permission_of_owner);
      if (node.verb == PermissionVerb::revoke) {
        catalog::remove_permission(context.transaction, *target->where, target->object_class,
                                   target->id, *grantee, permission.name);
        continue;
      }
      const char state = node.verb == PermissionVerb::deny ? 'D'
                         : node.with_grant_option          ? 'W'
                                                           : 'G';
      catalog::set_permission(context.transaction, *target->where, target->object_class, target->id,
                              *grantee, *grantor, permission.name, state);
    }
  }
  context.effects.catalogs_changed.insert(target->where->id());
  return {};
}

Result<void> run(const AlterAuthorization& node, StatementContext& context) {
  const ObjectKind kind = node.on.kind;
  const std::string to = node.to.value_or("dbo");
  if (kind == ObjectKind::endpoint || kind == ObjectKind::database) {
    if (auto allowed = require_server(context, "CONTROL SERVER"); !allowed) return allowed.error();
    return give_endpoint_or_database(context, node.on, to);
  }
  if (auto allowed = require(context, "CONTROL"); !allowed) return allowed.error();
  const auto* owner = find<pb::Principal>(current(context), to);
  if (owner == nullptr) return missing(ObjectKind::user, to);
  catalog::Catalog& here = current(context);
  const std::string& name = node.on.name.name;
  if (kind == ObjectKind::certificate && owner->type() != "S" && owner->type() != "U")
    return Error(ErrorCode::owner_cannot_be_role);
  const auto give_named = [&]<typename Object>(const Object* found) {
    return give(context, kind, name, found, owner->id());
  };
  if (kind == ObjectKind::service) return give_named(find<pb::Service>(here, name));
  if (kind == ObjectKind::certificate) return give_named(find<pb::Certificate>(here, name));
  if (kind == ObjectKind::contract) return give_named(find<pb::Contract>(here, name));
  if (kind == ObjectKind::message_type) return give_named(find<pb::MessageType>(here, name));
  if (kind == ObjectKind::route) return give_named(find<pb::Route>(here, name));
  if (kind == ObjectKind::schema) return give_named(find<pb::Schema>(here, name));
  if (kind == ObjectKind::remote_service_binding)
    return give_named(find<pb::RemoteServiceBinding>(here, name));
  if (kind == ObjectKind::object || kind == ObjectKind::queue) {
    const auto target = object_target(context, node.on.name);
    if (!target) return target.error();
    const auto* queue = here.table<pb::Queue>().find(target->id);
    if (queue == nullptr) return unsupported("ALTER AUTHORIZATION on a table, view or procedure");
    return give_named(queue);
  }
  return unsupported(std::string("ALTER AUTHORIZATION on this class: ") + to_text(kind));
}

}  // namespace ssb::broker::tsql::ddl
