// Functions over the catalogs: names and ids, principals, properties, certificates, conversations; and the random ones. The first
// arguments are the context that translate_function.cc adds (database, user, login).
#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/random.h"
#include "broker/crypto/x509.h"
#include "broker/keys/key_hierarchy.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/function_lists.h"
#include "broker/tsql/functions.h"
#include "broker/tsql/translate.h"

namespace ssb::broker::tsql {
namespace {

namespace pb = catalog::pb;
using catalog::Catalog;
using catalog::Instance;
using store::StoreResult;
using store::Value;

constexpr std::int64_t kRandomBytesMax = 8000;

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

// A name in up to four parts, with or without brackets.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts{""};
  char close = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (close != '\0') {
      if (c == close && i + 1 < text.size() && text[i + 1] == close) {
        parts.back() += c;
        ++i;
      } else if (c == close) {
        close = '\0';
      } else {
        parts.back() += c;
      }
    } else if (c == '[') {
      close = ']';
    } else if (c == '"') {
      close = '"';
    } else if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// What any object of a schema has.
struct Object {
  std::int32_t id = 0;
  std::string name;
  std::int32_t schema = 0;
  std::string type;
  std::string definition;
};

std::vector<Object> objects_of(const Catalog& catalog) {
  std::vector<Object> objects;
  for (const auto& [id, table] : catalog.table<pb::UserTable>())
    objects.push_back({id, table.name(), table.schema_id(), "U ", {}});
  for (const auto& [id, queue] : catalog.table<pb::Queue>())
    objects.push_back({id, queue.name(), queue.schema_id(), "SQ", {}});
  for (const auto& [id, module] : catalog.table<pb::Module>()) {
    objects.push_back({id, module.name(), module.schema_id(), module.type(), module.definition()});
  }
  return objects;
}

// The registered functions keep it alive.
class CatalogFunctions : public std::enable_shared_from_this<CatalogFunctions> {
 public:
  CatalogFunctions(store::Store& store, const Instance& instance,
                   const conversation::Engine& engine)
      : store_(store), instance_(instance), engine_(engine) {}

  void add_all() {
    add_principals();
    add_objects();
    add_properties();
    add_keys();
    add_random();
  }

 private:
  void add(const char* name, int count, store::ScalarFunction function) {
    store_.register_function(name, count,
                             [self = shared_from_this(), body = std::move(function)](Arguments a) {
                               return body(std::move(a));
                             });
  }
  const Catalog* database(const Value& id) const {
    return instance_.database(static_cast<store::DatabaseId>(integer_of(id)));
  }

  void add_principals();
  void add_objects();
  void add_properties();
  void add_keys();
  void add_random();
  StoreResult<Value> user_name(const Arguments& a) const;
  StoreResult<Value> user_id(const Arguments& a) const;
  StoreResult<Value> is_member(const Arguments& a) const;
  StoreResult<Value> has_permissions(const Arguments& a) const;
  const pb::Login* login_of(const Arguments& a) const;
  std::optional<Object> object_named(const Arguments& a) const;
  std::optional<Object> object_numbered(const Arguments& a, std::size_t database_at) const;
  StoreResult<Value> server_property(const Arguments& a) const;
  StoreResult<Value> database_property(const Arguments& a) const;
  StoreResult<Value> object_property(const Arguments& a) const;
  StoreResult<Value> certificate_property(const Arguments& a) const;

  store::Store& store_;
  const Instance& instance_;
  const conversation::Engine& engine_;
};

// ---------------------------------------------------------------- principals

// (database, user[, id])
StoreResult<Value> CatalogFunctions::user_name(const Arguments& a) const {
  const Catalog* catalog = database(a[0]);
  const Value& id = a.size() > 2 ? a[2] : a[1];
  if (catalog == nullptr || is_null(id)) return Value();
  const auto* principal =
      catalog->table<pb::Principal>().find(static_cast<std::int32_t>(integer_of(id)));
  return principal == nullptr ? Value() : Value(principal->name());
}

// (database, user[, name])
StoreResult<Value> CatalogFunctions::user_id(const Arguments& a) const {
  const Catalog* catalog = database(a[0]);
  if (a.size() < 3) return a[1];
  if (catalog == nullptr || is_null(a[2])) return Value();
  const auto* principal = catalog->table<pb::Principal>().find(text_of(a[2]));
  return principal == nullptr ? Value() : Value(std::int64_t{principal->id()});
}

// (database, user, role[, principal])
StoreResult<Value> CatalogFunctions::is_member(const Arguments& a) const {
  const Catalog* catalog = database(a[0]);
  if (catalog == nullptr || is_null(a[2])) return Value();
  const auto* role = catalog->table<pb::Principal>().find(text_of(a[2]));
  auto member = static_cast<std::int32_t>(integer_of(a[1]));
  if (a.size() > 3) {
    const auto* other = catalog->table<pb::Principal>().find(text_of(a[3]));
    if (other == nullptr) return Value();
    member = other->id();
  }
  if (role == nullptr || role->type() != "R") return Value();
  if (member == catalog::kDbo || role->id() == catalog::kPublic) return Value(std::int64_t{1});
  std::vector<std::int32_t> pending{member};
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i] == role->id()) return Value(std::int64_t{1});
    const auto* one = catalog->table<pb::Principal>().find(pending[i]);
    if (one == nullptr) continue;
    for (const std::int32_t next : one->member_of()) {
      if (std::find(pending.begin(), pending.end(), next) == pending.end()) pending.push_back(next);
    }
  }
  return Value(std::int64_t{0});
}

// (login name[, what names another login])
const pb::Login* CatalogFunctions::login_of(const Arguments& a) const {
  const auto& logins = instance_.master().table<pb::Login>();
  if (a.size() < 2) return logins.find(text_of(a[0]));
  if (const auto* id = std::get_if<std::int64_t>(&a[1]))
    return logins.find(static_cast<std::int32_t>(*id));
  if (const auto* sid = std::get_if<proto::Bytes>(&a[1])) {
    return logins.find_if(
        [&](const pb::Login& login) { return login.sid() == proto::as_text(*sid); });
  }
  return is_null(a[1]) ? nullptr : logins.find(text_of(a[1]));
}

// HAS_PERMS_BY_NAME (database, user, login, securable, class, permission): of objects, services, certificates, the database.
StoreResult<Value> CatalogFunctions::has_permissions(const Arguments& a) const {
  const Catalog* catalog = database(a[0]);
  if (catalog == nullptr || is_null(a[5])) return Value();
  const auto user = static_cast<std::int32_t>(integer_of(a[1]));
  const std::string kind = is_null(a[4]) ? "DATABASE" : upper(text_of(a[4]));
  const std::string name = text_of(a[3]);
  const std::string permission = upper(text_of(a[5]));
  catalog::ObjectClass object_class = catalog::ObjectClass::database;
  std::int32_t id = 0;
  if (kind == "OBJECT") {
    const auto object = object_named({a[0], a[3]});
    if (!object) return Value();
    object_class = catalog::ObjectClass::object;
    id = object->id;
  } else if (kind == "SERVICE") {
    const auto* service = catalog->table<pb::Service>().find(name);
    if (service == nullptr) return Value();
    object_class = catalog::ObjectClass::service;
    id = service->id();
  } else if (kind == "CERTIFICATE") {
    const auto* certificate = catalog->table<pb::Certificate>().find(name);
    if (certificate == nullptr) return Value();
    object_class = catalog::ObjectClass::certificate;
    id = certificate->id();
  } else if (kind == "SERVER") {
    const auto* login = instance_.master().table<pb::Login>().find(text_of(a[2]));
    if (login == nullptr) return Value();
    return Value(std::int64_t{catalog::login_has_permission(
        instance_, login->id(), catalog::ObjectClass::server, 0, permission)});
  } else if (kind != "DATABASE") {
    return Value();
  }
  return Value(std::int64_t{catalog::has_permission(*catalog, user, object_class, id, permission)});
}

void CatalogFunctions::add_principals() {
  add("ssb_user_name", -1, [this](const Arguments& a) { return user_name(a); });
  add("ssb_user_id", -1, [this](const Arguments& a) { return user_id(a); });
  add("ssb_is_member", -1, [this](const Arguments& a) { return is_member(a); });
  add("ssb_has_perms_by_name", 6, [this](const Arguments& a) { return has_permissions(a); });
  const auto name = [this](const Arguments& a) -> StoreResult<Value> {
    if (a.size() < 2) return a[0];
    const pb::Login* login = login_of(a);
    return login == nullptr ? Value() : Value(login->name());
  };
  add("ssb_suser_sname", -1, name);
  add("ssb_suser_name", -1, name);
  add("ssb_suser_id", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const pb::Login* login = login_of(a);
    return login == nullptr ? Value() : Value(std::int64_t{login->id()});
  });
  add("ssb_suser_sid", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const pb::Login* login = login_of(a);
    return login == nullptr ? Value() : Value(proto::to_bytes(login->sid()));
  });
  add("ssb_is_srvrolemember", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const std::string role = lower(text_of(a[1]));
    const auto* login =
        instance_.master().table<pb::Login>().find(text_of(a.size() > 2 ? a[2] : a[0]));
    if (login == nullptr) return Value();
    return Value(std::int64_t{role == "public" || login->is_sysadmin()});
  });
}

// ---------------------------------------------------------------- objects

// (database, name[, type])
std::optional<Object> CatalogFunctions::object_named(const Arguments& a) const {
  std::vector<std::string> parts = parts_of(text_of(a[1]));
  const Catalog* catalog = database(a[0]);
  if (parts.size() == 3 && !parts[0].empty())
    catalog = instance_.database(std::string_view(parts[0]));
  if (catalog == nullptr || parts.size() > 3) return std::nullopt;
  const std::string schema_name =
      parts.size() > 1 && !parts[parts.size() - 2].empty() ? parts[parts.size() - 2] : "dbo";
  const auto* schema = catalog->table<pb::Schema>().find(schema_name);
  if (schema == nullptr) return std::nullopt;
  const std::string type = a.size() > 2 ? upper(text_of(a[2])) : std::string();
  for (const Object& object : objects_of(*catalog)) {
    if (object.schema != schema->id() || !equal_names(object.name, parts.back())) continue;
    if (type.empty() || object.type.substr(0, object.type.find(' ')) == type) return object;
  }
  return std::nullopt;
}

// (database, id[, database])
std::optional<Object> CatalogFunctions::object_numbered(const Arguments& a,
                                                        std::size_t database_at) const {
  const Catalog* catalog = database(a.size() > database_at ? a[database_at] : a[0]);
  if (catalog == nullptr || is_null(a[1])) return std::nullopt;
  for (const Object& object : objects_of(*catalog)) {
    if (object.id == integer_of(a[1])) return object;
  }
  return std::nullopt;
}

void CatalogFunctions::add_objects() {
  add("ssb_db_name", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const Value& id = a.size() > 1 ? a[1] : a[0];
    if (is_null(id) || database(id) == nullptr) return Value();
    return Value(instance_.info(static_cast<store::DatabaseId>(integer_of(id))).name());
  });
  add("ssb_db_id", -1, [this](const Arguments& a) -> StoreResult<Value> {
    if (a.size() < 2) return a[0];
    const Catalog* catalog =
        is_null(a[1]) ? nullptr : instance_.database(std::string_view(text_of(a[1])));
    return catalog == nullptr ? Value() : Value(std::int64_t{catalog->id()});
  });
  add("ssb_object_id", -1, [this](const Arguments& a) -> StoreResult<Value> {
    if (is_null(a[1])) return Value();
    const auto object = object_named(a);
    return object ? Value(std::int64_t{object->id}) : Value();
  });
  add("ssb_object_name", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const auto object = object_numbered(a, 2);
    return object ? Value(object->name) : Value();
  });
  add("ssb_object_schema_name", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const auto object = object_numbered(a, 2);
    const Catalog* catalog = database(a.size() > 2 ? a[2] : a[0]);
    const auto* schema = object ? catalog->table<pb::Schema>().find(object->schema) : nullptr;
    return schema == nullptr ? Value() : Value(schema->name());
  });
  add("ssb_object_definition", 2, [this](const Arguments& a) -> StoreResult<Value> {
    const auto object = object_numbered(a, 2);
    return object ? text_or_null(object->definition) : Value();
  });
  add("ssb_schema_name", -1, [this](const Arguments& a) -> StoreResult<Value> {
    if (a.size() < 2) return Value(std::string("dbo"));
    const Catalog* catalog = database(a[0]);
    if (catalog == nullptr || is_null(a[1])) return Value();
    const auto* schema =
        catalog->table<pb::Schema>().find(static_cast<std::int32_t>(integer_of(a[1])));
    return schema == nullptr ? Value() : Value(schema->name());
  });
  add("ssb_schema_id", -1, [this](const Arguments& a) -> StoreResult<Value> {
    const Catalog* catalog = database(a[0]);
    if (catalog == nullptr || (a.size() > 1 && is_null(a[1]))) return Value();
    const auto* schema =
        catalog->table<pb::Schema>().find(a.size() > 1 ? text_of(a[1]) : std::string("dbo"));
    return schema == nullptr ? Value() : Value(std::int64_t{schema->id()});
  });
}

// ---------------------------------------------------------------- properties

StoreResult<Value> CatalogFunctions::server_property(const Arguments& a) const {
  const std::string name = lower(text_of(a[0]));
  if (name == "servername" || name == "machinename" || name == "computernamephysicalnetbios")
    return Value(instance_.name());
  if (name == "productversion") return Value(std::string("15.0.2000.5"));
  if (name == "productlevel") return Value(std::string("RTM"));
  if (name == "productmajorversion") return Value(std::string("15"));
  if (name == "edition") return Value(std::string("Developer Edition (64-bit)"));
  if (name == "engineedition") return Value(std::int64_t{3});
  if (name == "collation") return Value(std::string("Latin1_General_CI_AS"));
  if (name == "isclustered" || name == "ishadrenabled" || name == "isintegratedsecurityonly" ||
      name == "issingleuser" || name == "isfulltextinstalled") {
    return Value(std::int64_t{0});
  }
  return Value();
}

// (database in use, name, property)
StoreResult<Value> CatalogFunctions::database_property(const Arguments& a) const {
  const Catalog* catalog = instance_.database(std::string_view(text_of(a[1])));
  if (catalog == nullptr) return Value();
  const pb::Database& info = instance_.info(catalog->id());
  const std::string name = lower(text_of(a[2]));
  constexpr std::array<const char*, 4> kRecovery = {"FULL", "FULL", "BULK_LOGGED", "SIMPLE"};
  constexpr std::array<const char*, 3> kAccess = {"MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"};
  if (name == "status") return Value(std::string("ONLINE"));
  if (name == "recovery")
    return Value(std::string(
        kRecovery.at(static_cast<std::size_t>(std::clamp(info.recovery_model(), 0, 3)))));
  if (name == "useraccess")
    return Value(
        std::string(kAccess.at(static_cast<std::size_t>(std::clamp(info.user_access(), 0, 2)))));
  if (name == "updateability")
    return Value(std::string(info.is_read_only() ? "READ_ONLY" : "READ_WRITE"));
  if (name == "collation") return Value(std::string("Latin1_General_CI_AS"));
  return Value();
}

// (database, id, property)
StoreResult<Value> CatalogFunctions::object_property(const Arguments& a) const {
  const auto object = object_numbered(a, 9);
  if (!object) return Value();
  const std::string name = lower(text_of(a[2]));
  const auto is = [&](const char* type) { return Value(std::int64_t{object->type == type}); };
  if (name == "isprocedure") return is("P ");
  if (name == "isusertable" || name == "istable") return is("U ");
  if (name == "isview") return is("V ");
  if (name == "isqueue") return is("SQ");
  if (name == "ismsshipped")
    return Value(std::int64_t{object->id >= catalog::kFirstBuiltInObjectId});
  if (name == "schemaid") return Value(std::int64_t{object->schema});
  return Value();
}

void CatalogFunctions::add_properties() {
  add("ssb_serverproperty", 1, [this](const Arguments& a) { return server_property(a); });
  add("ssb_databasepropertyex", 3, [this](const Arguments& a) { return database_property(a); });
  add("ssb_objectproperty", 3, [this](const Arguments& a) { return object_property(a); });
  // Types have the ids of sys.types.
  constexpr auto kTypes = std::to_array<std::pair<int, const char*>>({
      {34, "image"},
      {35, "text"},
      {36, "uniqueidentifier"},
      {40, "date"},
      {41, "time"},
      {42, "datetime2"},
      {43, "datetimeoffset"},
      {48, "tinyint"},
      {52, "smallint"},
      {56, "int"},
      {58, "smalldatetime"},
      {59, "real"},
      {60, "money"},
      {61, "datetime"},
      {62, "float"},
      {98, "sql_variant"},
      {99, "ntext"},
      {104, "bit"},
      {106, "decimal"},
      {108, "numeric"},
      {122, "smallmoney"},
      {127, "bigint"},
      {165, "varbinary"},
      {167, "varchar"},
      {173, "binary"},
      {175, "char"},
      {189, "timestamp"},
      {231, "nvarchar"},
      {239, "nchar"},
      {241, "xml"},
      {256, "sysname"},
  });
  add("ssb_type_name", 1, [kTypes](const Arguments& a) -> StoreResult<Value> {
    for (const auto& [id, name] : kTypes) {
      if (!is_null(a[0]) && integer_of(a[0]) == id) return Value(std::string(name));
    }
    return Value();
  });
  add("ssb_type_id", 1, [kTypes](const Arguments& a) -> StoreResult<Value> {
    for (const auto& [id, name] : kTypes) {
      if (equal_names(text_of(a[0]), name)) return Value(std::int64_t{id});
    }
    return Value();
  });
}

// ---------------------------------------------------------------- keys and conversations

// (database, id, property)
StoreResult<Value> CatalogFunctions::certificate_property(const Arguments& a) const {
  const Catalog* catalog = database(a[0]);
  const auto* certificate =
      catalog == nullptr
          ? nullptr
          : catalog->table<pb::Certificate>().find(static_cast<std::int32_t>(integer_of(a[1])));
  if (certificate == nullptr) return Value();
  const crypto::X509Certificate& parsed = keys::parsed(*certificate);
  const std::string name = lower(text_of(a[2]));
  const DataType datetime = type_of(SqlType::datetime);
  if (name == "expiry_date") return Value(time_text(parsed.not_after(), datetime));
  if (name == "start_date") return Value(time_text(parsed.not_before(), datetime));
  if (name == "subject") return Value(parsed.subject());
  if (name == "issuer_name") return Value(parsed.issuer());
  return Value();
}

void CatalogFunctions::add_keys() {
  add("ssb_cert_id", 2, [this](const Arguments& a) -> StoreResult<Value> {
    const Catalog* catalog = database(a[0]);
    const auto* found =
        catalog == nullptr || is_null(a[1])
            ? nullptr
            : catalog->table<pb::Certificate>().find(parts_of(text_of(a[1])).back());
    return found == nullptr ? Value() : Value(std::int64_t{found->id()});
  });
  add("ssb_certencoded", 2, [this](const Arguments& a) -> StoreResult<Value> {
    const Catalog* catalog = database(a[0]);
    const auto* found =
        catalog == nullptr || is_null(a[1])
            ? nullptr
            : catalog->table<pb::Certificate>().find(static_cast<std::int32_t>(integer_of(a[1])));
    return found == nullptr ? Value() : Value(proto::to_bytes(found->der()));
  });
  add("ssb_certproperty", 3, [this](const Arguments& a) { return certificate_property(a); });
  // The database master key is the only symmetric key there is.
  const auto is_master_key = [this](const Arguments& a) -> const pb::MasterKey* {
    const Catalog* catalog = database(a[0]);
    const bool is_named = !is_null(a[1]) && equal_names(text_of(a[1]), "##MS_DatabaseMasterKey##");
    return catalog != nullptr && is_named ? catalog->master_key() : nullptr;
  };
  add("ssb_key_id", 2, [is_master_key](const Arguments& a) -> StoreResult<Value> {
    return is_master_key(a) == nullptr ? Value() : Value(std::int64_t{catalog::kMasterKeyId});
  });
  add("ssb_key_guid", 2, [is_master_key](const Arguments& a) -> StoreResult<Value> {
    const pb::MasterKey* key = is_master_key(a);
    if (key == nullptr) return Value();
    const auto guid = proto::Guid::from_bytes(proto::as_bytes(key->key_guid()));
    return guid ? Value(guid->text()) : Value();
  });
  add("ssb_transmission_status", 2, [this](const Arguments& a) -> StoreResult<Value> {
    const auto guid = proto::Guid::parse(text_of(a[1]));
    if (is_null(a[1]) || !guid) return Value();
    const auto status = engine_.transmission_status(
        static_cast<store::DatabaseId>(integer_of(a[0])), proto::ConversationHandle{*guid});
    return Value(status.value_or(""));  // '' where there is no such conversation, too
  });
}

// ---------------------------------------------------------------- random

void CatalogFunctions::add_random() {
  add("ssb_newid", 0,
      [](const Arguments&) -> StoreResult<Value> { return Value(crypto::random_guid().text()); });
  add("ssb_random_bytes", -1, [](const Arguments& a) -> StoreResult<Value> {
    const std::int64_t size = integer_of(a[0]);
    if (is_null(a[0]) || size < 1 || size > kRandomBytesMax) return Value();
    proto::Bytes bytes(static_cast<std::size_t>(size));
    crypto::random_bytes(bytes);
    return Value(std::move(bytes));
  });
  add("ssb_rand", -1, [](const Arguments&) -> StoreResult<Value> {
    const proto::Guid guid = crypto::random_guid();
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i < 16; ++i) bits = bits << 8 | guid.bytes.at(i);
    return Value(static_cast<double>(bits >> 12 & 0xFFFFFFFFFFFF) / 281474976710656.0);
  });
}

}  // namespace

void register_catalog_functions(store::Store& store, const catalog::Instance& instance,
                                const conversation::Engine& engine) {
  std::make_shared<CatalogFunctions>(store, instance, engine)->add_all();
}

}  // namespace ssb::broker::tsql
