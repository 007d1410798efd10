// LOGIN, USER, ROLE, SCHEMA.
#include "broker/crypto/digest.h"
#include "broker/crypto/random.h"
#include "broker/keys/key_hierarchy.h"
#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kSidBytes = 16;

proto::Bytes random_sid() {
  proto::Bytes sid(kSidBytes);
  crypto::random_bytes(sid);
  return sid;
}

void set_password(const StatementContext& context, pb::Login& login, const std::string& password) {
  proto::Bytes salt(kSaltBytes);
  crypto::random_bytes(salt);
  const proto::Secret hash =
      crypto::pbkdf2_sha256(password, salt, context.instance.password_iterations(), kHashBytes);
  login.set_password_salt(proto::to_string(salt));
  login.set_password_hash(proto::to_string(hash.view()));
}

Result<void> apply(const StatementContext& context, const LoginOptions& options, pb::Login& login) {
  if (options.password) {
    if (options.check_policy.value_or(true)) {
      if (auto strong = keys::check_password_policy(*options.password); !strong)
        return strong.error();
    }
    set_password(context, login, *options.password);
  }
  if (options.hashed_password) return unsupported("PASSWORD = ... HASHED");
  if (options.sid) login.set_sid(proto::to_string(*options.sid));
  if (options.default_database) {
    if (context.instance.database(std::string_view(*options.default_database)) == nullptr) {
      return Error(ErrorCode::unknown_database, *options.default_database);
    }
    login.set_default_database(*options.default_database);
  }
  if (options.new_name) {
    const auto* other = find<pb::Login>(context.instance.master(), *options.new_name);
    if (other != nullptr && other->id() != login.id())
      return Error(ErrorCode::login_exists, *options.new_name);
    login.set_name(*options.new_name);
  }
  login.set_modify_date_us(now_us(context));
  return {};
}

// Gives a user the login of CREATE USER or ALTER USER; 15007, and 15063 for one that has another user here.
Result<void> map_to_login(const StatementContext& context, const std::string& name,
                          pb::Principal& user) {
  const auto* login = find<pb::Login>(context.instance.master(), name);
  if (login == nullptr) return Error(ErrorCode::unknown_login, name);
  const auto* taken = current(context).table<pb::Principal>().find_if(
      [&](const pb::Principal& p) { return p.login() == login->id() && p.id() != user.id(); });
  if (taken != nullptr) return Error(ErrorCode::login_has_user);
  user.set_login(login->id());
  user.set_type(login->type() == "C" ? "C" : login->type() == "U" ? "U" : "S");
  user.set_sid(login->sid());
  return {};
}

// 15023 when another principal of this database has the name already.
Result<void> must_be_free(const StatementContext& context, const std::string& name,
                          std::int32_t id) {
  const auto* other = find<pb::Principal>(current(context), name);
  if (other != nullptr && other->id() != id) return Error(ErrorCode::user_exists, name);
  return {};
}

Result<void> map_user(StatementContext& context, const CreateUser& node, pb::Principal& user) {
  switch (node.source) {
    case UserSource::without_login:
      user.set_type("S");
      user.set_sid(proto::to_string(node.sid.value_or(random_sid())));
      return {};
    case UserSource::login:
      return map_to_login(context, node.source_name.empty() ? node.name : node.source_name, user);
    case UserSource::certificate: {
      const auto* certificate = find<pb::Certificate>(current(context), node.source_name);
      if (certificate == nullptr) return missing(ObjectKind::certificate, node.source_name);
      user.set_type("C");
      user.set_certificate_id(certificate->id());
      user.set_sid(proto::to_string(random_sid()));
      return {};
    }
    case UserSource::asymmetric_key:
    case UserSource::password: break;
  }
  return unsupported("this kind of CREATE USER");
}

// What a principal still owns, for 15138; nullopt: nothing.
std::optional<std::string> owned_by(const catalog::Catalog& catalog, std::int32_t principal) {
  const auto owned = [principal](const auto& table) {
    return table.find_if([principal](const auto& object) { return object.owner() == principal; });
  };
  if (const auto* service = owned(catalog.table<pb::Service>()))
    return "the service '" + service->name() + "'";
  if (const auto* certificate = owned(catalog.table<pb::Certificate>()))
    return "the certificate '" + certificate->name() + "'";
  if (const auto* queue = owned(catalog.table<pb::Queue>()))
    return "the queue '" + queue->name() + "'";
  if (const auto* contract = owned(catalog.table<pb::Contract>()))
    return "the contract '" + contract->name() + "'";
  if (const auto* type = owned(catalog.table<pb::MessageType>()))
    return "the message type '" + type->name() + "'";
  if (const auto* route = owned(catalog.table<pb::Route>()))
    return "the route '" + route->name() + "'";
  if (const auto* schema = owned(catalog.table<pb::Schema>()))
    return "the schema '" + schema->name() + "'";
  const auto* role = catalog.table<pb::Principal>().find_if([principal](const pb::Principal& row) {
    return row.type() == "R" && row.owning_principal() == principal;
  });
  if (role != nullptr) return "the role '" + role->name() + "'";
  if (const auto* binding = owned(catalog.table<pb::RemoteServiceBinding>()))
    return "the remote service binding '" + binding->name() + "'";
  return std::nullopt;
}

Result<void> drop_user_or_role(StatementContext& context, ObjectKind kind,
                               const std::string& name) {
  catalog::Catalog& catalog = current(context);
  const auto* principal = find<pb::Principal>(catalog, name);
  const bool is_role = principal != nullptr && principal->type() == "R";
  if (principal == nullptr || is_role != (kind == ObjectKind::role)) return missing(kind, name);
  if (auto allowed = require_drop(context, kind, ObjectClass::principal, principal->id(), name,
                                  is_role ? "ALTER ANY ROLE" : "ALTER ANY USER");
      !allowed)
    return allowed.error();
  if (catalog.is_built_in(catalog::Kind::principal, principal->id()))
    return Error(ErrorCode::system_object, name);
  const std::int32_t id = principal->id();
  if (const auto owned = owned_by(catalog, id))
    return Error(ErrorCode::principal_owns_object, name, *owned);
  const auto* binding = catalog.table<pb::RemoteServiceBinding>().find_if(
      [id](const pb::RemoteServiceBinding& row) { return row.remote_principal() == id; });
  if (binding != nullptr)
    return Error(ErrorCode::principal_of_binding, name, "remote service binding", binding->name());
  catalog.erase<pb::Principal>(context.transaction, id);
  catalog::remove_permissions_to(context.transaction, catalog, id, false);
  catalog::remove_permissions_on(context.transaction, catalog, ObjectClass::principal, id);
  changed(context);
  return {};
}

// The login that a statement changes: 15151, also without the right to.
Result<const pb::Login*> login_to_change(const StatementContext& context,
                                         const catalog::Catalog& master, const std::string& name) {
  const auto* login = find<pb::Login>(master, name);
  if (login == nullptr || !require_server(context, "ALTER ANY LOGIN"))
    return missing(ObjectKind::login, name);
  return login;
}

Result<void> drop_login(StatementContext& context, const std::string& name) {
  const auto master = lock_master(context);
  if (!master) return master.error();
  const auto login = login_to_change(context, **master, name);
  if (!login) return login.error();
  const std::int32_t id = (*login)->id();
  if ((*master)->is_built_in(catalog::Kind::login, id))
    return Error(ErrorCode::system_object, name);
  for (const auto& [number, database] : (*master)->table<pb::Database>()) {
    if (database.owner_login() == id)
      return Error(ErrorCode::login_owns_database, name, database.name());
  }
  const auto* endpoint = (*master)->table<pb::Endpoint>().find_if(
      [id](const pb::Endpoint& one) { return one.owner_login() == id; });
  if (endpoint != nullptr) return Error(ErrorCode::login_owns_endpoint, name, endpoint->name());
  (*master)->erase<pb::Login>(context.transaction, id);
  catalog::remove_permissions_to(context.transaction, **master, id, true);
  catalog::remove_permissions_on(context.transaction, **master, ObjectClass::login, id);
  context.effects.catalogs_changed.insert(catalog::kMaster);
  return {};
}

// Of a role that exists.
Result<void> change_member(StatementContext& context, const std::string& role_name,
                           const std::string& member_name, bool add) {
  catalog::Catalog& catalog = current(context);
  const auto* role = find<pb::Principal>(catalog, role_name);
  const auto* member = find<pb::Principal>(catalog, member_name);
  if (member == nullptr) return missing(ObjectKind::user, member_name);
  pb::Principal row = *member;
  auto* roles = row.mutable_member_of();
  roles->erase(std::remove(roles->begin(), roles->end(), role->id()), roles->end());
  if (add) row.add_member_of(role->id());
  catalog.put(context.transaction, row.id(), row);
  changed(context);
  return {};
}

}  // namespace

Result<void> run(const CreateLogin& node, StatementContext& context) {
  if (auto allowed = require_server(context, "ALTER ANY LOGIN"); !allowed) return allowed.error();
  const auto master = lock_master(context);
  if (!master) return master.error();
  if (find<pb::Login>(**master, node.name) != nullptr)
    return Error(ErrorCode::login_exists, node.name);
  pb::Login login;
  login.set_id((*master)->next_id<pb::Login>());
  login.set_name(node.name);
  login.set_create_date_us(now_us(context));
  login.set_sid(proto::to_string(random_sid()));
  login.set_default_database("master");
  switch (node.source) {
    case LoginSource::password: login.set_type("S"); break;
    case LoginSource::windows: login.set_type("U"); break;
    case LoginSource::certificate: {
      const auto* certificate = find<pb::Certificate>(**master, node.source_name);
      if (certificate == nullptr) return missing(ObjectKind::certificate, node.source_name);
      login.set_type("C");
      login.set_certificate_id(certificate->id());
      break;
    }
    case LoginSource::asymmetric_key: return unsupported("CREATE LOGIN ... FROM ASYMMETRIC KEY");
  }
  if (auto applied = apply(context, node.options, login); !applied) return applied.error();
  (*master)->put(context.transaction, login.id(), login);
  catalog::set_permission(context.transaction, **master, ObjectClass::server, 0, login.id(),
                          context.who.login, "CONNECT SQL", 'G');
  context.effects.catalogs_changed.insert(catalog::kMaster);
  return {};
}

Result<void> run(const AlterLogin& node, StatementContext& context) {
  const auto master = lock_master(context);
  if (!master) return master.error();
  const auto found = login_to_change(context, **master, node.name);
  if (!found) return found.error();
  pb::Login login = **found;
  if (node.enable) login.set_is_disabled(!*node.enable);
  if (auto applied = apply(context, node.options, login); !applied) return applied.error();
  (*master)->put(context.transaction, login.id(), login);
  context.effects.catalogs_changed.insert(catalog::kMaster);
  return {};
}

Result<void> run(const CreateUser& node, StatementContext& context) {
  if (auto allowed = require(context, "ALTER ANY USER"); !allowed) return allowed.error();
  if (auto free = must_be_free(context, node.name, 0); !free) return free.error();
  pb::Principal user;
  user.set_id(current(context).next_id<pb::Principal>());
  user.set_name(node.name);
  user.set_default_schema(node.default_schema.value_or("dbo"));
  user.set_create_date_us(now_us(context));
  user.set_modify_date_us(now_us(context));
  if (auto mapped = map_user(context, node, user); !mapped) return mapped.error();
  current(context).put(context.transaction, user.id(), user);
  catalog::set_permission(context.transaction, current(context), ObjectClass::database, 0,
                          user.id(), catalog::kDbo, "CONNECT", 'G');
  changed(context);
  return {};
}

Result<void> run(const AlterUser& node, StatementContext& context) {
  const auto* found = find<pb::Principal>(current(context), node.name);
  const bool is_user = found != nullptr && found->type() != "R";
  if (!is_user || !require(context, "ALTER ANY USER")) return missing(ObjectKind::user, node.name);
  if (current(context).is_built_in(catalog::Kind::principal, found->id()))
    return Error(ErrorCode::system_object, node.name);
  pb::Principal user = *found;
  if (node.new_name) {
    if (auto free = must_be_free(context, *node.new_name, user.id()); !free) return free.error();
    user.set_name(*node.new_name);
  }
  if (node.default_schema) user.set_default_schema(*node.default_schema);
  if (node.login) {
    if (auto mapped = map_to_login(context, *node.login, user); !mapped) return mapped.error();
  }
  user.set_modify_date_us(now_us(context));
  current(context).put(context.transaction, user.id(), user);
  changed(context);
  return {};
}

Result<void> run(const CreateRole& node, StatementContext& context) {
  if (node.server) return unsupported("CREATE SERVER ROLE");
  if (auto allowed = require(context, "CREATE ROLE"); !allowed) return allowed.error();
  if (auto free = must_be_free(context, node.name, 0); !free) return free.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  pb::Principal role;
  role.set_id(current(context).next_id<pb::Principal>());
  role.set_name(node.name);
  role.set_type("R");
  role.set_owning_principal(*owner);
  role.set_create_date_us(now_us(context));
  role.set_modify_date_us(now_us(context));
  current(context).put(context.transaction, role.id(), role);
  changed(context);
  return {};
}

Result<void> run(const AlterRole& node, StatementContext& context) {
  if (node.server) {  // only sysadmin has a meaning here
    const auto master = lock_master(context);
    if (!master) return master.error();
    if (auto allowed = require_server(context, "ALTER ANY LOGIN"); !allowed) return allowed.error();
    const std::string name = node.add_member.value_or(node.drop_member.value_or(""));
    const auto* found = find<pb::Login>(**master, name);
    if (found == nullptr) return missing(ObjectKind::login, name);
    if (!catalog::names_equal(node.name, "sysadmin"))
      return unsupported("members of the server role '" + node.name + "'");
    pb::Login login = *found;
    login.set_is_sysadmin(node.add_member.has_value());
    (*master)->put(context.transaction, login.id(), login);
    context.effects.catalogs_changed.insert(catalog::kMaster);
    return {};
  }
  const auto* found = find<pb::Principal>(current(context), node.name);
  const bool is_role = found != nullptr && found->type() == "R";
  if (!is_role) return missing(ObjectKind::role, node.name);
  if (auto allowed = require_drop(context, ObjectKind::role, ObjectClass::principal, found->id(),
                                  node.name, "ALTER ANY ROLE");
      !allowed)
    return allowed.error();
  if (node.add_member) return change_member(context, node.name, *node.add_member, true);
  if (node.drop_member) return change_member(context, node.name, *node.drop_member, false);
  if (current(context).is_built_in(catalog::Kind::principal, found->id()))
    return Error(ErrorCode::system_object, node.name);
  pb::Principal role = *found;
  if (node.new_name) {
    if (auto free = must_be_free(context, *node.new_name, role.id()); !free) return free.error();
    role.set_name(*node.new_name);
  }
  current(context).put(context.transaction, role.id(), role);
  changed(context);
  return {};
}

Result<void> run(const CreateSchema& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE SCHEMA"); !allowed) return allowed.error();
  const std::string name = node.name.empty() ? node.authorization.value_or("") : node.name;
  if (find<pb::Schema>(current(context), name) != nullptr)
    return Error(ErrorCode::object_exists, name);
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  pb::Schema schema;
  schema.set_id(current(context).next_id<pb::Schema>());
  schema.set_name(name);
  schema.set_owner(*owner);
  current(context).put(context.transaction, schema.id(), schema);
  changed(context);
  return {};
}

std::optional<Result<void>> drop_principal(ObjectKind kind, const ObjectName& name,
                                           StatementContext& context) {
  if (kind == ObjectKind::login) return drop_login(context, name.name);
  if (kind != ObjectKind::user && kind != ObjectKind::role && kind != ObjectKind::schema)
    return std::nullopt;
  if (kind != ObjectKind::schema) return drop_user_or_role(context, kind, name.name);
  const auto* schema = find<pb::Schema>(current(context), name.name);
  if (schema == nullptr) return Result<void>(missing(kind, name.name));
  const std::int32_t id = schema->id();
  if (auto allowed =
          require_drop(context, kind, ObjectClass::schema, id, name.name, "ALTER ANY SCHEMA");
      !allowed)
    return Result<void>(allowed.error());
  if (current(context).is_built_in(catalog::Kind::schema, id))
    return Result<void>(Error(ErrorCode::system_object, name.name));
  const auto in_schema = [id](const auto& object) { return object.schema_id() == id; };
  const auto* queue = current(context).table<pb::Queue>().find_if(in_schema);
  const auto* table = current(context).table<pb::UserTable>().find_if(in_schema);
  const auto* module = current(context).table<pb::Module>().find_if(in_schema);
  const std::string user = queue != nullptr    ? queue->name()
                           : table != nullptr  ? table->name()
                           : module != nullptr ? module->name()
                                               : "";
  if (!user.empty()) return Result<void>(Error(ErrorCode::referenced_object, name.name, user));
  current(context).erase<pb::Schema>(context.transaction, id);
  catalog::remove_permissions_on(context.transaction, current(context), ObjectClass::schema, id);
  changed(context);
  return Result<void>();
}

}  // namespace ssb::broker::tsql::ddl
