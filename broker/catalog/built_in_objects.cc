// What every database has before a user makes anything. Source: reference tsql-tds.md 2.1-2.3.
#include <array>
#include <string>

#include "broker/catalog/instance.h"
#include "broker/catalog/kinds.h"

namespace ssb::broker::catalog {
namespace {

constexpr std::int32_t kInformationSchema = 3;
constexpr std::int32_t kSys = 4;
constexpr std::int32_t kFirstRoute = 65536;
const char* const kNotifications = "http://schemas.microsoft.com/SQL/Notifications/";
const char* const kServiceBroker = "http://schemas.microsoft.com/SQL/ServiceBroker/";

struct FixedRole {
  std::int32_t id;
  const char* name;
};
constexpr std::array<FixedRole, 9> kFixedRoles{{{16384, "db_owner"},
                                                {16385, "db_accessadmin"},
                                                {16386, "db_securityadmin"},
                                                {16387, "db_ddladmin"},
                                                {16389, "db_backupoperator"},
                                                {16390, "db_datareader"},
                                                {16391, "db_datawriter"},
                                                {16392, "db_denydatareader"},
                                                {16393, "db_denydatawriter"}}};
constexpr std::array<FixedRole, 8> kServerRoles{{{3, "sysadmin"},
                                                 {4, "securityadmin"},
                                                 {5, "serveradmin"},
                                                 {6, "setupadmin"},
                                                 {7, "processadmin"},
                                                 {8, "diskadmin"},
                                                 {9, "dbcreator"},
                                                 {10, "bulkadmin"}}};

pb::Principal principal(std::int32_t id, const char* name, const char* type,
                        std::int64_t created_us) {
  pb::Principal result;
  result.set_id(id);
  result.set_name(name);
  result.set_type(type);
  result.set_create_date_us(created_us);
  result.set_modify_date_us(created_us);
  return result;
}

pb::Login login(std::int32_t id, const char* name, const char* type, std::int64_t created_us) {
  pb::Login result;
  result.set_id(id);
  result.set_name(name);
  result.set_type(type);
  result.set_sid(std::string(1, static_cast<char>(id)));
  result.set_default_database("master");
  result.set_create_date_us(created_us);
  result.set_modify_date_us(created_us);
  return result;
}

pb::MessageType message_type(std::int32_t id, const std::string& name, const char* validation) {
  pb::MessageType result;
  result.set_id(id);
  result.set_name(name);
  result.set_owner(kDbo);
  result.set_validation(validation);
  return result;
}

struct BuiltInUsage {
  std::int32_t contract;
  std::int32_t message_type;
  bool by_initiator;
  bool by_target;
};
constexpr std::array<BuiltInUsage, 11> kUsages{{{1, 3, true, false},
                                                {2, 4, true, false},
                                                {3, 6, true, false},
                                                {3, 7, true, false},
                                                {3, 8, true, false},
                                                {3, 9, true, false},
                                                {4, 10, true, true},
                                                {5, 11, true, false},
                                                {5, 12, false, true},
                                                {5, 13, false, true},
                                                {6, 14, true, true}}};

pb::Contract contract(std::int32_t id, const std::string& name) {
  pb::Contract result;
  result.set_id(id);
  result.set_name(name);
  result.set_owner(kDbo);
  for (const BuiltInUsage& usage : kUsages) {
    if (usage.contract != id) continue;
    auto& added = *result.add_usages();
    added.set_message_type(usage.message_type);
    added.set_sent_by_initiator(usage.by_initiator);
    added.set_sent_by_target(usage.by_target);
  }
  return result;
}

pb::Queue queue(std::int32_t id, const char* name, std::int64_t created_us) {
  pb::Queue result;
  result.set_id(id);
  result.set_name(name);
  result.set_schema_id(kDbo);
  result.set_is_receive_enabled(true);
  result.set_is_enqueue_enabled(true);
  result.set_is_poison_message_handling_enabled(true);
  result.set_create_date_us(created_us);
  result.set_modify_date_us(created_us);
  return result;
}

pb::Service service(std::int32_t id, const std::string& name, std::int32_t queue_id) {
  pb::Service result;
  result.set_id(id);
  result.set_name(name);
  result.set_owner(kDbo);
  result.set_queue(queue_id);
  return result;
}

pb::Permission permission(std::int32_t id, std::int32_t object_class, std::int32_t major,
                          std::int32_t grantee, const char* name) {
  pb::Permission result;
  result.set_id(id);
  result.set_object_class(object_class);
  result.set_major_id(major);
  result.set_grantee(grantee);
  result.set_grantor(1);  // dbo, or sa
  result.set_name(name);
  result.set_state("G");
  return result;
}

}  // namespace

template <typename Object>
void Catalog::add_built_in(std::int32_t id, Object object) {
  built_in_.emplace(KindOf<Object>::kKind, id);
  std::get<Table<Object>>(tables_).objects_.emplace(id, std::move(object));
}

void Catalog::add_built_in_objects(std::int64_t created_us) {
  add_built_in_principals(created_us);
  add_built_in_broker_objects(created_us);
  if (id_ == kMaster) add_built_in_server_objects(created_us);
}

void Catalog::add_built_in_principals(std::int64_t created_us) {
  const auto add = [&](pb::Principal one) {
    pb::Schema schema;
    schema.set_id(one.id());
    schema.set_name(one.name());
    schema.set_owner(one.id());
    if (one.id() != kPublic) add_built_in(one.id(), std::move(schema));
    const std::int32_t id = one.id();
    add_built_in(id, std::move(one));
  };
  pb::Principal everyone = principal(kPublic, "public", "R", created_us);
  everyone.set_owning_principal(kDbo);
  add(std::move(everyone));
  pb::Principal dbo = principal(kDbo, "dbo", "S", created_us);
  dbo.set_default_schema("dbo");
  dbo.add_member_of(kFirstFixedRole);
  add(std::move(dbo));
  pb::Principal guest = principal(kGuest, "guest", "S", created_us);
  guest.set_default_schema("guest");
  add(std::move(guest));
  add(principal(kInformationSchema, "INFORMATION_SCHEMA", "S", created_us));
  add(principal(kSys, "sys", "S", created_us));
  for (const FixedRole& fixed : kFixedRoles) {
    pb::Principal role = principal(fixed.id, fixed.name, "R", created_us);
    role.set_is_fixed_role(true);
    role.set_owning_principal(kDbo);
    add(std::move(role));
  }
  add_built_in(1, permission(1, 0, 0, kDbo, "CONNECT"));
  if (id_ == kMaster || id_ == kTempdb || id_ == kMsdb) {
    add_built_in(2, permission(2, 0, 0, kGuest, "CONNECT"));
  }
}

void Catalog::add_built_in_broker_objects(std::int64_t created_us) {
  const std::string notifications = kNotifications;
  const std::string broker = kServiceBroker;
  const std::string notice = broker + "BrokerConfigurationNotice";
  const std::string diagnostic = broker + "ServiceDiagnostic";
  const auto type = [this](std::int32_t id, const std::string& name, const char* validation) {
    add_built_in(id, message_type(id, name, validation));
  };
  type(1, broker + "Error", "X");
  type(2, broker + "EndDialog", "E");
  type(3, notifications + "QueryNotification", "X");
  type(4, notifications + "EventNotification", "X");
  type(5, broker + "DialogTimer", "E");
  type(6, notice + "/MissingRoute", "X");
  type(7, notice + "/FailedRoute", "X");
  type(8, notice + "/MissingRemoteServiceBinding", "X");
  type(9, notice + "/FailedRemoteServiceBinding", "X");
  type(10, broker + "ServiceEcho/Echo", "N");
  type(11, diagnostic + "/Query", "X");
  type(12, diagnostic + "/Status", "X");
  type(13, diagnostic + "/Description", "X");
  type(14, "DEFAULT", "N");

  add_built_in(1, contract(1, notifications + "PostQueryNotification"));
  add_built_in(2, contract(2, notifications + "PostEventNotification"));
  add_built_in(3, contract(3, notice));
  add_built_in(4, contract(4, broker + "ServiceEcho"));
  add_built_in(5, contract(5, diagnostic));
  add_built_in(6, contract(6, "DEFAULT"));

  const auto queue_and_service = [&](std::int32_t id, const std::string& service_name,
                                     std::int32_t queue_id, const char* queue_name) {
    add_built_in(queue_id, queue(queue_id, queue_name, created_us));
    pb::Service made = service(id, service_name, queue_id);
    if (id == 3) {
      made.add_contracts(4);
      made.add_contracts(5);
    }
    add_built_in(id, std::move(made));
  };
  queue_and_service(1, notifications + "QueryNotificationService", 1977058079,
                    "QueryNotificationErrorsQueue");
  queue_and_service(2, notifications + "EventNotificationService", 2009058193,
                    "EventNotificationErrorsQueue");
  queue_and_service(3, broker + "ServiceBroker", 2041058307, "ServiceBrokerQueue");

  pb::Route route;
  route.set_id(kFirstRoute);
  route.set_name("AutoCreatedLocal");
  route.set_owner(kDbo);
  route.set_address("LOCAL");
  add_built_in(kFirstRoute, std::move(route));
}

void Catalog::add_built_in_server_objects(std::int64_t created_us) {
  pb::Login sa = login(kSa, "sa", "S", created_us);
  sa.set_is_sysadmin(true);
  add_built_in(kSa, std::move(sa));
  add_built_in(kServerPublic, login(kServerPublic, "public", "R", created_us));
  for (const FixedRole& role : kServerRoles) {
    add_built_in(role.id, login(role.id, role.name, "R", created_us));
  }

  const std::array<const char*, 5> names{"Dedicated Admin Connection", "TSQL Local Machine",
                                         "TSQL Named Pipes", "TSQL Default TCP",
                                         "TSQL Default VIA"};
  std::int32_t permission_id = 10;
  add_built_in(permission_id,
               permission(permission_id, 100, 0, kServerPublic, "VIEW ANY DATABASE"));
  ++permission_id;
  add_built_in(permission_id, permission(permission_id, 100, 0, kSa, "CONNECT SQL"));
  for (std::int32_t id = 1; id <= static_cast<std::int32_t>(names.size()); ++id) {
    pb::Endpoint endpoint;
    endpoint.set_id(id);
    endpoint.set_name(names[static_cast<std::size_t>(id - 1)]);
    endpoint.set_owner_login(kSa);
    endpoint.set_kind(pb::Endpoint::TSQL);
    endpoint.set_create_date_us(created_us);
    endpoint.set_modify_date_us(created_us);
    add_built_in(id, std::move(endpoint));
    if (id == 1) continue;  // the DAC is for administrators
    ++permission_id;
    add_built_in(permission_id, permission(permission_id, 105, id, kServerPublic, "CONNECT"));
  }
}

}  // namespace ssb::broker::catalog
