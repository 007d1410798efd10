#include "sim/snapshot/database_script.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "broker/crypto/pvk.h"

namespace ssb::sim::snapshot {
namespace {

using doctor::bracketed;
using doctor::literal;

constexpr std::int64_t kDboUser = 1;
constexpr std::int64_t kGuestUser = 2;
constexpr std::int64_t kFirstOfUsers = 5;  // principals; below: dbo, guest, sys ...
constexpr std::int64_t kFirstFixedRole = 16384;
constexpr std::int64_t kFirstBrokerObject = 65536;  // message types, contracts, services, routes
constexpr std::int64_t kDatabaseClass = 0;
constexpr std::int64_t kObjectClass = 1;
constexpr std::int64_t kServiceClass = 17;
constexpr std::string_view kDefaultRoute = "AutoCreatedLocal";

bool is_permission_known(std::string_view name) {
  constexpr std::array<std::string_view, 8> kKnown{"ALTER",          "CONNECT",        "CONTROL",
                                                   "RECEIVE",        "SELECT",         "SEND",
                                                   "TAKE OWNERSHIP", "VIEW DEFINITION"};
  return std::ranges::find(kKnown, name) != kKnown.end();
}

std::string name_of(const Database& database, std::string_view section, std::string_view column,
                    std::int64_t id) {
  const Row* row = find_row(database.rows(section), column, id);
  return row == nullptr ? std::string() : row->text("name");
}

bool is_default_route(const Row& route) {
  return route.text("name") == kDefaultRoute && !route.has("remote_service_name") &&
         !route.has("broker_instance") && !route.has("lifetime") &&
         doctor::literal(route.text("address")) == "'LOCAL'";
}

}  // namespace

std::string principal_name(const Database& database, std::int64_t id) {
  return name_of(database, "database_principals", "principal_id", id);
}

// ---- principals ----

void ServerScript::write_user(const Database& database, const Row& user) {
  const std::string name = user.text("name");
  const std::string type = user.text("type");
  const auto login = logins_.find(user.text("sid"));
  const bool has_login = user.has("sid") && login != logins_.end();
  out_.run(database.name(),
           fmt::format("CREATE USER {} {}", bracketed(name),
                       has_login ? "FOR LOGIN " + bracketed(login->second) : "WITHOUT LOGIN"));
  if (!has_login && type != "S")
    note(&database, "user", fmt::format("'{}' of type {}", name, type), "WITHOUT LOGIN");
  const bool may_connect =
      std::ranges::any_of(database.rows("database_permissions"), [&](const Row& row) {
        return row.number("class") == kDatabaseClass && row.text("permission_name") == "CONNECT" &&
               row.text("state") != "D" &&
               row.number("grantee_principal_id") == user.number("principal_id");
      });
  // CREATE USER has granted it.
  if (!may_connect)
    out_.run(database.name(), fmt::format("REVOKE CONNECT FROM {}", bracketed(name)));
}

void ServerScript::write_principals(const Database& database) {
  const auto is_ours = [](const Row& row) {
    const std::int64_t id = row.number("principal_id");
    return id >= kFirstOfUsers && id < kFirstFixedRole && !row.text("name").starts_with("##");
  };
  for (const Row& row : database.rows("database_principals")) {
    if (!is_ours(row)) continue;
    if (row.text("type") == "R") {
      out_.run(database.name(), fmt::format("CREATE ROLE {}", bracketed(row.text("name"))));
    } else if (row.text("type") == "A") {
      note(&database, "left out", fmt::format("application role '{}'", row.text("name")));
    } else {
      write_user(database, row);
    }
  }
  for (const Row& row : database.rows("database_role_members")) {
    const std::int64_t member = row.number("member_principal_id");
    const Row* principal = find_row(database.rows("database_principals"), "principal_id", member);
    if (principal == nullptr || !is_ours(*principal)) continue;  // of dbo in db_owner
    out_.run(database.name(),
             fmt::format("ALTER ROLE {} ADD MEMBER {}",
                         bracketed(principal_name(database, row.number("role_principal_id"))),
                         bracketed(principal->text("name"))));
  }
  for (const Row& row : database.rows("schemas")) {
    const bool is_used = std::ranges::any_of(
        database.rows("service_queues"),
        [&](const Row& queue) { return queue.number("schema_id") == row.number("schema_id"); });
    if (is_used && row.text("name") != "dbo" && row.text("name") != "sys")
      out_.run_alone(database.name(), fmt::format("CREATE SCHEMA {}", bracketed(row.text("name"))));
  }
}

// ---- certificates ----

void ServerScript::write_certificates(const Database& database) {
  if (!database.rows("symmetric_keys").empty())
    out_.run(database.name(),
             fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}'", kImportPassword));
  for (const Row& row : database.rows("certificates")) {
    const std::string name = row.text("name");
    if (name.starts_with("##")) continue;
    const Identity& identity = identities_.of(row);
    std::string statement =
        fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {}\n  FROM BINARY = 0x{}", bracketed(name),
                    bracketed(principal_name(database, row.number("principal_id"))),
                    proto::to_hex(identity.certificate.der()));
    const std::string protection = row.text("pvt_key_encryption_type");
    if (protection != "NA") {
      statement += fmt::format(
          "\n  WITH PRIVATE KEY (BINARY = 0x{}, DECRYPTION BY PASSWORD = '{}'{})",
          proto::to_hex(broker::crypto::write_pvk(identity.key, kImportPassword)), kImportPassword,
          protection == "PW" ? fmt::format(", ENCRYPTION BY PASSWORD = '{}'", kImportPassword)
                             : "");
    }
    if (row.has("is_active_for_begin_dialog"))
      statement += fmt::format("\n  ACTIVE FOR BEGIN_DIALOG = {}",
                               row.flag("is_active_for_begin_dialog") ? "ON" : "OFF");
    out_.run(database.name(), statement);
    const auto thumbprint = identity.certificate.thumbprint();
    note(&database, "certificate", fmt::format("'{}' {}", name, row.text("thumbprint")),
         fmt::format("{} ({})", proto::to_hex(thumbprint),
                     protection == "NA" ? "public part" : "with a private key"));
  }
}

// ---- contracts, queues, services ----

void ServerScript::write_contracts(const Database& database) {
  for (const Row& row : database.rows("service_message_types")) {
    if (row.number("message_type_id") < kFirstBrokerObject) continue;
    const std::string validation = row.text("validation");
    out_.run(database.name(),
             fmt::format("CREATE MESSAGE TYPE {} VALIDATION = {}", bracketed(row.text("name")),
                         validation.starts_with('E')   ? "EMPTY"
                         : validation.starts_with('X') ? "WELL_FORMED_XML"
                                                       : "NONE"));
  }
  for (const Row& row : database.rows("service_contracts")) {
    const std::int64_t id = row.number("service_contract_id");
    if (id < kFirstBrokerObject) continue;
    std::string types;
    for (const Row& usage : database.rows("service_contract_message_usages")) {
      if (usage.number("service_contract_id") != id) continue;
      const bool by_both = usage.flag("is_sent_by_initiator") && usage.flag("is_sent_by_target");
      types += fmt::format("{}{} SENT BY {}", types.empty() ? "" : ", ",
                           bracketed(name_of(database, "service_message_types", "message_type_id",
                                             usage.number("message_type_id"))),
                           by_both                              ? "ANY"
                           : usage.flag("is_sent_by_initiator") ? "INITIATOR"
                                                                : "TARGET");
    }
    out_.run(database.name(),
             fmt::format("CREATE CONTRACT {} ({})", bracketed(row.text("name")), types));
  }
}

std::string ServerScript::queue_name(const Database& database, std::int64_t queue) {
  const Row* row = find_row(database.rows("service_queues"), "object_id", queue);
  const bool is_used =
      row != nullptr && std::ranges::any_of(database.rows("services"), [&](const Row& service) {
        return service.number("service_queue_id") == queue &&
               service.number("service_id") >= kFirstBrokerObject;
      });
  if (!is_used) return {};
  return fmt::format("{}.{}",
                     bracketed(name_of(database, "schemas", "schema_id", row->number("schema_id"))),
                     bracketed(row->text("name")));
}

void ServerScript::write_queues(const Database& database) {
  for (const Row& row : database.rows("service_queues")) {
    const std::string name = queue_name(database, row.number("object_id"));
    if (name.empty()) continue;
    const bool is_on = row.flag("is_receive_enabled") && row.flag("is_enqueue_enabled");
    std::string options = fmt::format("STATUS = {}, RETENTION = {}", is_on ? "ON" : "OFF",
                                      row.flag("is_retention_enabled") ? "ON" : "OFF");
    if (row.has("is_poison_message_handling_enabled") &&
        !row.flag("is_poison_message_handling_enabled"))
      options += ", POISON_MESSAGE_HANDLING (STATUS = OFF)";
    out_.run(database.name(), fmt::format("CREATE QUEUE {} WITH {}", name, options));
    if (row.has("activation_procedure"))
      note(&database, "left out",
           fmt::format("activation of queue {} by {}: no procedure comes along", name,
                       row.text("activation_procedure")));
  }
}

void ServerScript::write_services(const Database& database) {
  for (const Row& row : database.rows("services")) {
    const std::int64_t id = row.number("service_id");
    if (id < kFirstBrokerObject) continue;
    std::string contracts;
    for (const Row& usage : database.rows("service_contract_usages")) {
      if (usage.number("service_id") != id) continue;
      contracts +=
          fmt::format("{}{}", contracts.empty() ? "" : ", ",
                      bracketed(name_of(database, "service_contracts", "service_contract_id",
                                        usage.number("service_contract_id"))));
    }
    const std::string owner = principal_name(database, row.number("principal_id"));
    out_.run(database.name(),
             fmt::format("CREATE SERVICE {} AUTHORIZATION {} ON QUEUE {}{}",
                         bracketed(row.text("name")), bracketed(owner.empty() ? "dbo" : owner),
                         queue_name(database, row.number("service_queue_id")),
                         contracts.empty() ? "" : fmt::format(" ({})", contracts)));
  }
}

// ---- routes, bindings, priorities ----

void ServerScript::write_routes(const Database& database) {
  const auto& routes = database.rows("routes");
  if (std::ranges::none_of(routes, is_default_route))
    out_.run(database.name(), fmt::format("DROP ROUTE {}", bracketed(kDefaultRoute)));
  for (const Row& row : routes) {
    if (is_default_route(row)) continue;
    std::string options;
    const auto option = [&](std::string_view name, const std::string& value) {
      options += fmt::format("{}{} = {}", options.empty() ? "" : ", ", name, value);
    };
    if (row.has("remote_service_name"))
      option("SERVICE_NAME", literal(row.text("remote_service_name")));
    if (row.has("broker_instance")) {
      const std::string from = row.text("broker_instance");
      const std::string to = topology_.broker_id(from, broker_ids_);
      option("BROKER_INSTANCE", literal(to));
      note(&database, "broker id", fmt::format("route '{}': {}", row.text("name"), from),
           to == from ? "the same: no database of the snapshots has it" : to);
    }
    if (row.has("lifetime")) {
      const auto left =
          std::chrono::duration_cast<std::chrono::seconds>(row.date("lifetime") - begin_);
      constexpr std::int64_t kSecondsMax = 2'000'000'000;
      option("LIFETIME", std::to_string(std::clamp<std::int64_t>(left.count(), 1, kSecondsMax)));
    }
    bool is_known = true;
    const std::string address = topology_.address(row.text("address"), is_known);
    option("ADDRESS", literal(address));
    if (!is_known)
      note(&database, "host", fmt::format("route '{}': {}", row.text("name"), row.text("address")),
           "none of the snapshots; name it with --peer HOST=SERVER");
    else if (address != row.text("address"))
      note(&database, "host", row.text("address"), address);
    if (row.has("mirror_address"))
      note(&database, "left out", fmt::format("mirror address of route '{}'", row.text("name")));
    out_.run(database.name(),
             fmt::format("CREATE ROUTE {} WITH {}", bracketed(row.text("name")), options));
  }
}

void ServerScript::write_bindings(const Database& database) {
  for (const Row& row : database.rows("remote_service_bindings")) {
    const std::string user = principal_name(database, row.number("remote_principal_id"));
    out_.run(database.name(),
             fmt::format("CREATE REMOTE SERVICE BINDING {} TO SERVICE {} WITH USER = {}, "
                         "ANONYMOUS = {}",
                         bracketed(row.text("name")), literal(row.text("remote_service_name")),
                         bracketed(user), row.flag("is_anonymous_on") ? "ON" : "OFF"));
  }
}

void ServerScript::write_priorities(const Database& database) {
  for (const Row& row : database.rows("conversation_priorities")) {
    const auto or_any = [](const std::string& name) { return name.empty() ? "ANY" : name; };
    const std::string contract = name_of(database, "service_contracts", "service_contract_id",
                                         row.number("service_contract_id"));
    const std::string service =
        name_of(database, "services", "service_id", row.number("local_service_id"));
    const std::string remote = row.text("remote_service_name");
    out_.run(database.name(),
             fmt::format("CREATE BROKER PRIORITY {} FOR CONVERSATION SET (CONTRACT_NAME = {}, "
                         "LOCAL_SERVICE_NAME = {}, REMOTE_SERVICE_NAME = {}, PRIORITY_LEVEL = {})",
                         bracketed(row.text("name")),
                         or_any(contract.empty() ? "" : bracketed(contract)),
                         or_any(service.empty() ? "" : bracketed(service)),
                         or_any(remote.empty() ? "" : literal(remote)), row.number("priority")));
  }
}

// ---- permissions and options ----

void ServerScript::write_permissions(const Database& database) {
  for (const Row& row : database.rows("database_permissions")) {
    const std::int64_t object_class = row.number("class");
    const std::int64_t grantee = row.number("grantee_principal_id");
    const std::string name = row.text("permission_name");
    std::string on;
    if (object_class == kServiceClass) {
      const std::int64_t service = row.number("major_id");
      if (service < kFirstBrokerObject) continue;
      on = name_of(database, "services", "service_id", service);
      if (!on.empty()) on = " ON SERVICE::" + bracketed(on);
    } else if (object_class == kObjectClass) {
      on = queue_name(database, row.number("major_id"));
      if (!on.empty()) on.insert(0, " ON ");
    } else if (object_class == kDatabaseClass && name == "CONTROL") {
      on = fmt::format(" ON DATABASE::{}", bracketed(database.name()));
    } else if (object_class == kDatabaseClass && name == "CONNECT") {
      const bool is_denied = row.text("state") == "D";
      const bool is_of_user = grantee >= kFirstOfUsers && grantee < kFirstFixedRole;
      // CREATE USER has granted the rest.
      const bool is_guests =
          grantee == kGuestUser && database.name() != "master" && database.name() != "msdb";
      if (!is_guests && !(is_denied && is_of_user) && grantee != 0) continue;
    } else {
      continue;
    }
    const std::string to = principal_name(database, grantee);
    if ((on.empty() && object_class != kDatabaseClass) || grantee == kDboUser ||
        to.starts_with("##"))
      continue;
    if (!is_permission_known(name)) {
      note(&database, "left out", fmt::format("{}{} of '{}'", name, on, to));
      continue;
    }
    const bool is_denied = row.text("state") == "D";
    out_.run(database.name(),
             fmt::format("{} {}{} TO {}{}", is_denied ? "DENY" : "GRANT", name, on, bracketed(to),
                         row.text("state") == "W" ? " WITH GRANT OPTION" : ""));
  }
}

void ServerScript::write_options(const Database& database) {
  const std::string name = database.name();
  const bool is_of_users = name != "master" && name != "msdb";
  const auto alter = [&](std::string_view option) {
    out_.run("master", fmt::format("ALTER DATABASE {} SET {}", bracketed(name), option));
  };
  if (is_of_users) {
    if (database.head.flag("is_trustworthy_on")) alter("TRUSTWORTHY ON");
    if (database.head.flag("is_honor_broker_priority_on")) alter("HONOR_BROKER_PRIORITY ON");
    const auto owner = logins_.find(database.head.text("owner_sid"));
    if (owner != logins_.end())
      out_.run("master", fmt::format("ALTER AUTHORIZATION ON DATABASE::{} TO {}", bracketed(name),
                                     bracketed(owner->second)));
    const auto id = broker_ids_.find({instance_, name});
    if (id != broker_ids_.end())
      note(&database, "broker id", database.head.text("service_broker_guid"), id->second);
  }
  if (!database.head.flag("is_broker_enabled") && name != "master") alter("DISABLE_BROKER");
  if (!database.rows("symmetric_keys").empty() &&
      !database.head.flag("is_master_key_encrypted_by_server"))
    out_.run(name, fmt::format("OPEN MASTER KEY DECRYPTION BY PASSWORD = '{}';\n"
                               "ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY",
                               kImportPassword));
}

void ServerScript::write_database(const Database& database) {
  write_principals(database);
  write_certificates(database);
  write_contracts(database);
  write_queues(database);
  write_services(database);
  write_routes(database);
  write_bindings(database);
  write_priorities(database);
  write_permissions(database);
}

}  // namespace ssb::sim::snapshot
