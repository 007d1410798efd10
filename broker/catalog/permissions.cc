#include "broker/catalog/permissions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::catalog {
namespace {

constexpr std::int32_t kDbOwner = 16384;

// A row that would answer the question: its own name on the object, or one that covers it.
struct Wanted {
  ObjectClass object_class;
  std::int32_t object;
  std::string name;
};

struct ClassRow {
  ObjectClass object_class;
  std::string_view name;       // class_desc
  std::string_view kind;       // in messages
  std::string_view alter_any;  // the database or server permission that covers ALTER
};
constexpr std::array<ClassRow, 15> kClasses{{
    {ObjectClass::database, "DATABASE", "database", ""},
    {ObjectClass::object, "OBJECT_OR_COLUMN", "object", "ALTER ANY SCHEMA"},
    {ObjectClass::schema, "SCHEMA", "schema", "ALTER ANY SCHEMA"},
    {ObjectClass::principal, "DATABASE_PRINCIPAL", "user", "ALTER ANY USER"},
    {ObjectClass::message_type, "MESSAGE_TYPE", "message type", "ALTER ANY MESSAGE TYPE"},
    {ObjectClass::contract, "SERVICE_CONTRACT", "contract", "ALTER ANY CONTRACT"},
    {ObjectClass::service, "SERVICE", "service", "ALTER ANY SERVICE"},
    {ObjectClass::remote_service_binding, "REMOTE_SERVICE_BINDING", "remote service binding",
     "ALTER ANY REMOTE SERVICE BINDING"},
    {ObjectClass::route, "ROUTE", "route", "ALTER ANY ROUTE"},
    {ObjectClass::symmetric_key, "SYMMETRIC_KEYS", "symmetric key", "ALTER ANY SYMMETRIC KEY"},
    {ObjectClass::certificate, "CERTIFICATE", "certificate", "ALTER ANY CERTIFICATE"},
    {ObjectClass::asymmetric_key, "ASYMMETRIC_KEY", "asymmetric key", "ALTER ANY ASYMMETRIC KEY"},
    {ObjectClass::server, "SERVER", "server", ""},
    {ObjectClass::login, "SERVER_PRINCIPAL", "login", "ALTER ANY LOGIN"},
    {ObjectClass::endpoint, "ENDPOINT", "endpoint", "ALTER ANY ENDPOINT"},
}};

const ClassRow* find_class(ObjectClass object_class) {
  const auto* row = std::find_if(kClasses.begin(), kClasses.end(), [&](const ClassRow& one) {
    return one.object_class == object_class;
  });
  return row == kClasses.end() ? nullptr : row;
}

struct PermissionRow {
  std::string_view name;
  std::string_view type;
};
constexpr std::array kPermissionTypes{
    PermissionRow{"ADMINISTER BULK OPERATIONS", "ADBO"},
    PermissionRow{"ALTER", "AL"},
    PermissionRow{"ALTER ANY ASYMMETRIC KEY", "ALAK"},
    PermissionRow{"ALTER ANY CERTIFICATE", "ALCF"},
    PermissionRow{"ALTER ANY CONTRACT", "ALSC"},
    PermissionRow{"ALTER ANY DATABASE", "ALDB"},
    PermissionRow{"ALTER ANY ENDPOINT", "ALHE"},
    PermissionRow{"ALTER ANY LOGIN", "ALLG"},
    PermissionRow{"ALTER ANY MESSAGE TYPE", "ALMT"},
    PermissionRow{"ALTER ANY REMOTE SERVICE BINDING", "ALSB"},
    PermissionRow{"ALTER ANY ROLE", "ALRL"},
    PermissionRow{"ALTER ANY ROUTE", "ALRT"},
    PermissionRow{"ALTER ANY SCHEMA", "ALSM"},
    PermissionRow{"ALTER ANY SERVICE", "ALSV"},
    PermissionRow{"ALTER ANY SYMMETRIC KEY", "ALSK"},
    PermissionRow{"ALTER ANY USER", "ALUS"},
    PermissionRow{"ALTER SERVER STATE", "ALSS"},
    PermissionRow{"ALTER SETTINGS", "ALST"},
    PermissionRow{"ALTER TRACE", "ALTR"},
    PermissionRow{"AUTHENTICATE", "AUTH"},
    PermissionRow{"AUTHENTICATE SERVER", "AUTH"},
    PermissionRow{"BACKUP DATABASE", "BADB"},
    PermissionRow{"CONNECT", "CO"},
    PermissionRow{"CONNECT SQL", "COSQ"},
    PermissionRow{"CONTROL", "CL"},
    PermissionRow{"CONTROL SERVER", "CL"},
    PermissionRow{"CREATE ANY DATABASE", "CRDB"},
    PermissionRow{"CREATE ASYMMETRIC KEY", "CRAK"},
    PermissionRow{"CREATE CERTIFICATE", "CRCF"},
    PermissionRow{"CREATE CONTRACT", "CRSC"},
    PermissionRow{"CREATE DATABASE", "CRDB"},
    PermissionRow{"CREATE ENDPOINT", "CRHE"},
    PermissionRow{"CREATE MESSAGE TYPE", "CRMT"},
    PermissionRow{"CREATE PROCEDURE", "CRPR"},
    PermissionRow{"CREATE QUEUE", "CRQU"},
    PermissionRow{"CREATE REMOTE SERVICE BINDING", "CRSB"},
    PermissionRow{"CREATE ROLE", "CRRL"},
    PermissionRow{"CREATE ROUTE", "CRRT"},
    PermissionRow{"CREATE SCHEMA", "CRSM"},
    PermissionRow{"CREATE SERVICE", "CRSV"},
    PermissionRow{"CREATE SYMMETRIC KEY", "CRSK"},
    PermissionRow{"CREATE TABLE", "CRTB"},
    PermissionRow{"CREATE VIEW", "CRVW"},
    PermissionRow{"DELETE", "DL"},
    PermissionRow{"EXECUTE", "EX"},
    PermissionRow{"IMPERSONATE", "IM"},
    PermissionRow{"INSERT", "IN"},
    PermissionRow{"RECEIVE", "RC"},
    PermissionRow{"REFERENCES", "RF"},
    PermissionRow{"SELECT", "SL"},
    PermissionRow{"SEND", "SN"},
    PermissionRow{"SHOWPLAN", "SPLN"},
    PermissionRow{"SHUTDOWN", "SHDN"},
    PermissionRow{"SUBSCRIBE QUERY NOTIFICATIONS", "SUQN"},
    PermissionRow{"TAKE OWNERSHIP", "TO"},
    PermissionRow{"UPDATE", "UP"},
    PermissionRow{"VIEW ANY DATABASE", "VWDB"},
    PermissionRow{"VIEW ANY DEFINITION", "VWAD"},
    PermissionRow{"VIEW DATABASE STATE", "VWDS"},
    PermissionRow{"VIEW DEFINITION", "VW"},
    PermissionRow{"VIEW SERVER STATE", "VWSS"},
};

template <typename Object>
std::optional<std::int32_t> owner_in(const Catalog& database, std::int32_t id) {
  const Object* object = database.table<Object>().find(id);
  return object == nullptr ? std::nullopt : std::optional(object->owner());
}

std::optional<std::int32_t> schema_of(const Catalog& database, std::int32_t object) {
  if (const auto* queue = database.table<pb::Queue>().find(object)) return queue->schema_id();
  if (const auto* table = database.table<pb::UserTable>().find(object)) return table->schema_id();
  if (const auto* module = database.table<pb::Module>().find(object)) return module->schema_id();
  return std::nullopt;
}

std::optional<std::int32_t> owner_of(const Catalog& database, ObjectClass object_class,
                                     std::int32_t object) {
  switch (object_class) {
    case ObjectClass::database: return kDbo;
    case ObjectClass::object: {
      const auto* queue = database.table<pb::Queue>().find(object);
      if (queue != nullptr && queue->owner() != 0) return queue->owner();
      const auto schema = schema_of(database, object);
      return schema ? owner_in<pb::Schema>(database, *schema) : std::nullopt;
    }
    case ObjectClass::schema: return owner_in<pb::Schema>(database, object);
    case ObjectClass::principal: {
      const auto* principal = database.table<pb::Principal>().find(object);
      if (principal == nullptr || principal->owning_principal() == 0) return std::nullopt;
      return principal->owning_principal();
    }
    case ObjectClass::message_type: return owner_in<pb::MessageType>(database, object);
    case ObjectClass::contract: return owner_in<pb::Contract>(database, object);
    case ObjectClass::service: return owner_in<pb::Service>(database, object);
    case ObjectClass::remote_service_binding:
      return owner_in<pb::RemoteServiceBinding>(database, object);
    case ObjectClass::route: return owner_in<pb::Route>(database, object);
    case ObjectClass::certificate: return owner_in<pb::Certificate>(database, object);
    case ObjectClass::symmetric_key: return kDbo;  // the master key
    case ObjectClass::asymmetric_key:
    case ObjectClass::server:
    case ObjectClass::login:
    case ObjectClass::endpoint: return std::nullopt;
  }
  return std::nullopt;
}

// Permission names are ASCII.
std::string upper_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

bool starts_with_word(std::string_view text, std::string_view start) {
  return text.size() > start.size() && text.substr(0, start.size()) == start;
}

void add_database_wide(std::vector<Wanted>& wanted, const std::string& permission) {
  wanted.push_back({ObjectClass::database, 0, permission});
  wanted.push_back({ObjectClass::database, 0, "CONTROL"});
  const bool is_create = starts_with_word(permission, "CREATE ");
  if (is_create) {
    wanted.push_back({ObjectClass::database, 0, "ALTER ANY " + permission.substr(7)});
  }
  if (is_create || starts_with_word(permission, "ALTER ANY ")) {
    wanted.push_back({ObjectClass::database, 0, "ALTER"});
  }
}

std::vector<Wanted> wanted_in_database(const Catalog& database, ObjectClass object_class,
                                       std::int32_t object, const std::string& permission) {
  std::vector<Wanted> wanted;
  if (object_class != ObjectClass::database) {
    wanted.push_back({object_class, object, permission});
    wanted.push_back({object_class, object, "CONTROL"});
    const ClassRow* row = find_class(object_class);
    if (row != nullptr && permission == "ALTER") {
      wanted.push_back({ObjectClass::database, 0, std::string(row->alter_any)});
    }
  }
  if (object_class == ObjectClass::object) {
    if (const auto schema = schema_of(database, object)) {
      wanted.push_back({ObjectClass::schema, *schema, permission});
      wanted.push_back({ObjectClass::schema, *schema, "CONTROL"});
    }
  }
  add_database_wide(wanted, permission);
  return wanted;
}

// What the fixed roles hold without rows: 'G', 'D' or 0.
char fixed_role_state(std::int32_t role, const Wanted& wanted) {
  if (wanted.object_class != ObjectClass::database) return 0;
  const std::string_view name = wanted.name;
  const bool is_write = name == "INSERT" || name == "UPDATE" || name == "DELETE";
  const bool is_alter_any = starts_with_word(name, "ALTER ANY ");
  const bool is_of_principals = name == "ALTER ANY USER" || name == "ALTER ANY ROLE";
  switch (role) {
    case kDbOwner: return name == "CONTROL" ? 'G' : '\0';
    case 16385: return name == "ALTER ANY USER" || name == "CONNECT" ? 'G' : '\0';
    case 16386: return name == "ALTER ANY ROLE" || name == "VIEW DEFINITION" ? 'G' : '\0';
    case 16387:
      return (is_alter_any && !is_of_principals) || starts_with_word(name, "CREATE ") ? 'G' : '\0';
    case 16389: return name == "BACKUP DATABASE" ? 'G' : '\0';
    case 16390: return name == "SELECT" ? 'G' : '\0';
    case 16391: return is_write ? 'G' : '\0';
    case 16392: return name == "SELECT" ? 'D' : '\0';
    case 16393: return is_write ? 'D' : '\0';
    default: return 0;
  }
}

bool fits(const pb::Permission& row, const Wanted& wanted) {
  return row.object_class() == static_cast<std::int32_t>(wanted.object_class) &&
         row.major_id() == wanted.object && names_equal(row.name(), wanted.name);
}

// GRANT and no DENY among the rows to `grantees`.
bool is_granted(const Catalog& database, const std::vector<std::int32_t>& grantees,
                const std::vector<Wanted>& wanted, bool is_granted_otherwise) {
  bool granted = is_granted_otherwise;
  for (const auto& [id, row] : database.table<pb::Permission>()) {
    if (!std::binary_search(grantees.begin(), grantees.end(), row.grantee())) continue;
    const bool applies = std::any_of(wanted.begin(), wanted.end(),
                                     [&row = row](const Wanted& one) { return fits(row, one); });
    if (!applies) continue;
    if (row.state() == "D") return false;
    granted = true;
  }
  return granted;
}

std::int32_t owner_login(const Instance& instance, store::DatabaseId database) {
  return instance.info(database).owner_login();
}

bool is_sysadmin(const Instance& instance, std::int32_t login) {
  const pb::Login* row = instance.master().table<pb::Login>().find(login);
  return row != nullptr && row->is_sysadmin();
}

bool may_connect(const Catalog& database, std::int32_t user) {
  return has_permission(database, user, ObjectClass::database, 0, "CONNECT");
}

std::optional<std::int32_t> user_of_login(const Instance& instance, std::int32_t login,
                                          bool sysadmin, store::DatabaseId database) {
  const Catalog& catalog = *instance.database(database);
  if (sysadmin || owner_login(instance, database) == login) return kDbo;
  const auto* user = catalog.table<pb::Principal>().find_if(
      [&](const pb::Principal& one) { return one.login() == login && one.type() != "R"; });
  if (user != nullptr) {
    return may_connect(catalog, user->id()) ? std::optional(user->id()) : std::nullopt;
  }
  return may_connect(catalog, kGuest) ? std::optional(kGuest) : std::nullopt;
}

// Whether `database` believes what TRUSTWORTHY database `home` says about who its users are.
bool is_trusted(const Instance& instance, store::DatabaseId home, store::DatabaseId database) {
  if (!instance.info(home).is_trustworthy_on()) return false;
  const std::int32_t owner = owner_login(instance, home);
  const auto user = user_of_login(instance, owner, is_sysadmin(instance, owner), database);
  return user && has_permission(*instance.database(database), *user, ObjectClass::database, 0,
                                "AUTHENTICATE");
}

std::optional<std::int32_t> foreign_user(const Instance& instance, const SecurityContext& context,
                                         store::DatabaseId database) {
  const Catalog* home = instance.database(context.user_database);
  const auto* user = home == nullptr ? nullptr : home->table<pb::Principal>().find(*context.user);
  if (user != nullptr && is_trusted(instance, context.user_database, database)) {
    const std::int32_t login =
        user->id() == kDbo ? owner_login(instance, context.user_database) : user->login();
    if (login != 0) {
      return user_of_login(instance, login, is_sysadmin(instance, login), database);
    }
  }
  return may_connect(*instance.database(database), kGuest) ? std::optional(kGuest) : std::nullopt;
}

std::string principal_name(const Instance& instance, const SecurityContext& context) {
  if (!context.user) return context.login_name;
  const Catalog* home = instance.database(context.user_database);
  const auto* user = home == nullptr ? nullptr : home->table<pb::Principal>().find(*context.user);
  return user == nullptr ? context.login_name : user->name();
}

// Permissions without which an object is not even visible.
bool hides_object(std::string_view permission) {
  constexpr std::array kHiding{
      std::string_view("ALTER"),       std::string_view("CONTROL"),
      std::string_view("REFERENCES"),  std::string_view("TAKE OWNERSHIP"),
      std::string_view("IMPERSONATE"), std::string_view("VIEW DEFINITION")};
  return std::any_of(kHiding.begin(), kHiding.end(),
                     [&](std::string_view name) { return names_equal(name, permission); });
}

proto::Error hidden(ObjectClass object_class, std::string_view object_name) {
  return proto::Error{proto::ErrorCode::object_missing_or_denied, find_class(object_class)->kind,
                      object_name};
}

proto::Result<void> require_of_login(const Instance& instance, const SecurityContext& context,
                                     ObjectClass object_class, std::int32_t object,
                                     std::string_view object_name, std::string_view permission) {
  const bool is_granted_to_login =
      !context.user &&
      (context.is_sysadmin ||
       login_has_permission(instance, context.login, object_class, object, permission));
  if (is_granted_to_login) return {};
  if (object_class == ObjectClass::server) {
    return proto::Error{proto::ErrorCode::not_permitted, permission};
  }
  return hidden(object_class, object_name);
}

const pb::Permission* find_row(const Catalog& database, ObjectClass object_class,
                               std::int32_t object, std::int32_t grantee,
                               std::string_view permission) {
  const Wanted wanted{object_class, object, std::string(permission)};
  return database.table<pb::Permission>().find_if(
      [&](const pb::Permission& row) { return row.grantee() == grantee && fits(row, wanted); });
}

template <typename Fits>
void remove_rows(Transaction& transaction, Catalog& database, const Fits& row_fits) {
  std::vector<std::int32_t> ids;
  for (const auto& [id, row] : database.table<pb::Permission>()) {
    if (row_fits(row)) ids.push_back(id);
  }
  for (const std::int32_t id : ids) database.erase<pb::Permission>(transaction, id);
}

}  // namespace

std::string_view class_name(ObjectClass object_class) {
  const ClassRow* row = find_class(object_class);
  return row == nullptr ? std::string_view() : row->name;
}

std::string_view permission_type(std::string_view permission) {
  const auto* row =
      std::find_if(kPermissionTypes.begin(), kPermissionTypes.end(),
                   [&](const PermissionRow& one) { return names_equal(one.name, permission); });
  return row == kPermissionTypes.end() ? std::string_view() : row->type;
}

std::string principal_name(const Catalog& database, std::int32_t principal) {
  const auto* row = database.table<pb::Principal>().find(principal);
  return row == nullptr ? std::string() : row->name();
}

std::vector<std::int32_t> roles_of(const Catalog& database, std::int32_t principal) {
  std::set<std::int32_t> found{principal, kPublic};
  std::vector<std::int32_t> edge{principal};
  for (int depth = 0; depth < kRoleNestingMax && !edge.empty(); ++depth) {
    std::vector<std::int32_t> next;
    for (const std::int32_t id : edge) {
      const auto* row = database.table<pb::Principal>().find(id);
      if (row == nullptr) continue;
      for (const std::int32_t role : row->member_of()) {
        if (found.insert(role).second) next.push_back(role);
      }
    }
    edge = std::move(next);
  }
  return {found.begin(), found.end()};
}

bool is_member(const Catalog& database, std::int32_t principal, std::int32_t role) {
  const auto roles = roles_of(database, principal);
  return std::binary_search(roles.begin(), roles.end(), role);
}

bool has_permission(const Catalog& database, std::int32_t principal, ObjectClass object_class,
                    std::int32_t object, std::string_view permission) {
  if (principal == kDbo) return true;
  const auto owner = owner_of(database, object_class, object);
  if (owner == principal) return true;
  const std::vector<std::int32_t> grantees = roles_of(database, principal);
  bool granted = owner && std::binary_search(grantees.begin(), grantees.end(), *owner);
  const auto wanted = wanted_in_database(database, object_class, object, upper_case(permission));
  for (const std::int32_t role : grantees) {
    for (const Wanted& one : wanted) {
      const char state = fixed_role_state(role, one);
      if (state == 'D') return false;
      granted = granted || state == 'G';
    }
  }
  return is_granted(database, grantees, wanted, granted);
}

std::vector<pb::Permission> denials(const Catalog& database, std::int32_t principal,
                                    ObjectClass object_class, std::int32_t object,
                                    std::string_view permission) {
  const std::vector<std::int32_t> grantees = roles_of(database, principal);
  const std::vector<Wanted> wanted =
      wanted_in_database(database, object_class, object, upper_case(permission));
  std::vector<pb::Permission> out;
  for (const auto& [id, row] : database.table<pb::Permission>()) {
    const bool is_of_them = std::binary_search(grantees.begin(), grantees.end(), row.grantee());
    if (row.state() != "D" || !is_of_them) continue;
    const bool applies = std::any_of(wanted.begin(), wanted.end(),
                                     [&row = row](const Wanted& one) { return fits(row, one); });
    if (applies) out.push_back(row);
  }
  return out;
}

bool login_has_permission(const Instance& instance, std::int32_t login, ObjectClass object_class,
                          std::int32_t object, std::string_view permission) {
  if (is_sysadmin(instance, login)) return true;
  const Catalog& master = instance.master();
  if (object_class == ObjectClass::endpoint) {
    const auto* endpoint = master.table<pb::Endpoint>().find(object);
    if (endpoint != nullptr && endpoint->owner_login() == login) return true;
  }
  const std::string name = upper_case(permission);
  std::vector<Wanted> wanted{{object_class, object, name},
                             {ObjectClass::server, 0, "CONTROL SERVER"}};
  if (object_class != ObjectClass::server) {
    wanted.push_back({object_class, object, "CONTROL"});
    if (name == "ALTER") {
      wanted.push_back({ObjectClass::server, 0, std::string(find_class(object_class)->alter_any)});
    }
    if (name == "VIEW DEFINITION") {
      wanted.push_back({ObjectClass::server, 0, "VIEW ANY DEFINITION"});
    }
  } else if (starts_with_word(name, "CREATE ANY ")) {
    wanted.push_back({ObjectClass::server, 0, "ALTER ANY " + name.substr(11)});
  } else if (starts_with_word(name, "CREATE ")) {
    wanted.push_back({ObjectClass::server, 0, "ALTER ANY " + name.substr(7)});
  }
  std::vector<std::int32_t> grantees{login, kServerPublic};
  std::sort(grantees.begin(), grantees.end());
  return is_granted(master, grantees, wanted, false);
}

proto::Result<std::int32_t> user_in(const Instance& instance, const SecurityContext& context,
                                    store::DatabaseId database) {
  SSB_CHECK(instance.database(database) != nullptr);
  std::optional<std::int32_t> user;
  if (!context.user) {
    user = user_of_login(instance, context.login, context.is_sysadmin, database);
  } else if (context.user_database == database) {
    user = context.user;
  } else {
    user = foreign_user(instance, context, database);
  }
  if (user) return *user;
  return proto::Error{proto::ErrorCode::no_access_to_database, principal_name(instance, context),
                      instance.info(database).name()};
}

proto::Result<void> check_resolves(const Instance& instance, store::DatabaseId database,
                                   std::int32_t user) {
  const bool has_owner =
      instance.master().table<pb::Login>().find(owner_login(instance, database)) != nullptr;
  if (user != kDbo || has_owner) return {};
  return proto::Error{proto::ErrorCode::cannot_execute_as_user, "dbo"};
}

proto::Result<SecurityContext> context_of_user(const Instance& instance, store::DatabaseId database,
                                               std::int32_t user) {
  const auto* principal = instance.database(database)->table<pb::Principal>().find(user);
  if (principal == nullptr)
    return proto::Error{proto::ErrorCode::cannot_execute_as_user, std::to_string(user)};
  if (auto resolved = check_resolves(instance, database, user); !resolved) return resolved.error();
  const auto* login = instance.master().table<pb::Login>().find(principal->login());
  SecurityContext context;
  context.login = principal->login();
  context.login_name = login == nullptr ? principal->name() : login->name();
  context.is_sysadmin = false;
  context.user = user;
  context.user_database = database;
  return context;
}

bool has_server_permission(const Instance& instance, const SecurityContext& context,
                           std::string_view permission) {
  if (context.user) {
    const Catalog* home = instance.database(context.user_database);
    const auto* user = home == nullptr ? nullptr : home->table<pb::Principal>().find(*context.user);
    if (user == nullptr || !instance.info(context.user_database).is_trustworthy_on()) return false;
    const std::int32_t owner = owner_login(instance, context.user_database);
    const std::int32_t login = user->id() == kDbo ? owner : user->login();
    return is_sysadmin(instance, owner) && login != 0 &&
           login_has_permission(instance, login, ObjectClass::server, 0, permission);
  }
  return context.is_sysadmin ||
         login_has_permission(instance, context.login, ObjectClass::server, 0, permission);
}

proto::Result<void> require_permission(const Instance& instance, const SecurityContext& context,
                                       store::DatabaseId database, ObjectClass object_class,
                                       std::int32_t object, std::string_view object_name,
                                       std::string_view permission) {
  if (object_class >= ObjectClass::server) {
    return require_of_login(instance, context, object_class, object, object_name, permission);
  }
  const auto user = user_in(instance, context, database);
  if (!user) return user.error();
  if (has_permission(*instance.database(database), *user, object_class, object, permission)) {
    return {};
  }
  const std::string& database_name = instance.info(database).name();
  if (object_class == ObjectClass::database) {
    return proto::Error{proto::ErrorCode::permission_denied_in_database, permission, database_name};
  }
  if (hides_object(permission)) return hidden(object_class, object_name);
  return proto::Error{proto::ErrorCode::permission_denied_on_object, permission, object_name,
                      database_name};
}

void set_permission(Transaction& transaction, Catalog& database, ObjectClass object_class,
                    std::int32_t object, std::int32_t grantee, std::int32_t grantor,
                    std::string_view permission, char state) {
  const pb::Permission* present = find_row(database, object_class, object, grantee, permission);
  pb::Permission row;
  row.set_id(present == nullptr ? database.next_id<pb::Permission>() : present->id());
  row.set_object_class(static_cast<std::int32_t>(object_class));
  row.set_major_id(object);
  row.set_grantee(grantee);
  row.set_grantor(grantor);
  row.set_name(upper_case(permission));
  row.set_state(std::string(1, state));
  database.put(transaction, row.id(), row);
}

bool remove_permission(Transaction& transaction, Catalog& database, ObjectClass object_class,
                       std::int32_t object, std::int32_t grantee, std::string_view permission) {
  const pb::Permission* present = find_row(database, object_class, object, grantee, permission);
  if (present == nullptr) return false;
  database.erase<pb::Permission>(transaction, present->id());
  return true;
}

void remove_permissions_on(Transaction& transaction, Catalog& database, ObjectClass object_class,
                           std::int32_t object) {
  remove_rows(transaction, database, [&](const pb::Permission& row) {
    return row.object_class() == static_cast<std::int32_t>(object_class) &&
           row.major_id() == object;
  });
}

void remove_permissions_to(Transaction& transaction, Catalog& database, std::int32_t grantee,
                           bool is_login) {
  constexpr auto kFirstOfServer = static_cast<std::int32_t>(ObjectClass::server);
  remove_rows(transaction, database, [&](const pb::Permission& row) {
    return row.grantee() == grantee && (row.object_class() >= kFirstOfServer) == is_login;
  });
}

}  // namespace ssb::broker::catalog
