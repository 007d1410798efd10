// Who may do what: GRANT, DENY, ownership, roles.
//
//   A permission is held through a row of its own name or of one that covers it: CONTROL of the
//   object, ALTER ANY <kind>, the same name or CONTROL on the schema or database. A DENY on any of
//   them wins, but for dbo, sysadmin and the object's owner, whom DENY does not reach.
//   Source  reference tsql-tds.md 1.7, 2.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/catalog/instance.h"

namespace ssb::broker::catalog {

// Classes of sys.database_permissions and sys.server_permissions.
enum class ObjectClass : std::int32_t {
  database = 0,
  object = 1,
  schema = 3,
  principal = 4,
  message_type = 15,
  contract = 16,
  service = 17,
  remote_service_binding = 18,
  route = 19,
  symmetric_key = 24,
  certificate = 25,
  asymmetric_key = 26,
  server = 100,
  login = 101,
  endpoint = 105,
};
// "SERVICE", "OBJECT_OR_COLUMN", ... as class_desc shows them; "" for a number of no class here.
[[nodiscard]] std::string_view class_name(ObjectClass object_class);
// "SN" of SEND, "CO" of CONNECT, ...: the column type, without padding; "" for an unknown name.
[[nodiscard]] std::string_view permission_type(std::string_view permission);

// The name of a database principal; empty where there is none of this id.
[[nodiscard]] std::string principal_name(const Catalog& database, std::int32_t principal);

// Role membership goes through roles in roles; what lies deeper than this is not followed.
inline constexpr int kRoleNestingMax = 32;

// The principal, the roles that it is in at any depth, and public; ascending, each once.
[[nodiscard]] std::vector<std::int32_t> roles_of(const Catalog& database, std::int32_t principal);
[[nodiscard]] bool is_member(const Catalog& database, std::int32_t principal, std::int32_t role);

// Whether somebody stands behind the user: dbo is the login that owns the database, and after a RESTORE or an attach that may be nobody
// of this instance. Fails with 15517.
[[nodiscard]] proto::Result<void> check_resolves(const Instance& instance,
                                                 store::DatabaseId database, std::int32_t user);

// Whether a database principal has a permission: its own or a role's (public included) GRANT or the
// ownership of the object, and no DENY. dbo has all; CONTROL implies every permission on the
// object.
[[nodiscard]] bool has_permission(const Catalog& database, std::int32_t principal,
                                  ObjectClass object_class, std::int32_t object,
                                  std::string_view permission);
// The DENYs, its own, its roles' and public's, that keep a permission from a database principal whatever else is granted.
[[nodiscard]] std::vector<pb::Permission> denials(const Catalog& database, std::int32_t principal,
                                                  ObjectClass object_class, std::int32_t object,
                                                  std::string_view permission);
// Whether a login has a permission at server level (endpoint CONNECT): grant, public (login id 2),
// ownership, sysadmin; no DENY.
[[nodiscard]] bool login_has_permission(const Instance& instance, std::int32_t login,
                                        ObjectClass object_class, std::int32_t object,
                                        std::string_view permission);
// The user that a session is in a database: dbo for sysadmin and the owner, the login's user, guest
// where it may connect; 916 otherwise. A context under EXECUTE AS USER leaves its database only as
// guest, or where that database is TRUSTWORTHY and its owner is trusted by the other.
[[nodiscard]] proto::Result<std::int32_t> user_in(const Instance& instance,
                                                  const SecurityContext& context,
                                                  store::DatabaseId database);
// EXECUTE AS a database user: its database is the limit. 15517 when there is none of this id.
[[nodiscard]] proto::Result<SecurityContext> context_of_user(const Instance& instance,
                                                             store::DatabaseId database,
                                                             std::int32_t user);
// Whether a session may do something at server level. A context under EXECUTE AS USER may what its login may, where its database is
// TRUSTWORTHY and the database's owner is sysadmin; and nothing anywhere else.
[[nodiscard]] bool has_server_permission(const Instance& instance, const SecurityContext& context,
                                         std::string_view permission);
// Requires the permission of a session: 229 for objects, 262 for a database permission, 15151 where
// T-SQL hides the object; classes from 100 ask the login: 15247 for the server.
[[nodiscard]] proto::Result<void> require_permission(const Instance& instance,
                                                     const SecurityContext& context,
                                                     store::DatabaseId database,
                                                     ObjectClass object_class, std::int32_t object,
                                                     std::string_view object_name,
                                                     std::string_view permission);

// GRANT and DENY: one row for each class, object, grantee and name; a new state replaces the old
// one. CREATE USER and CREATE LOGIN grant CONNECT (class database) and CONNECT SQL (class server).
void set_permission(Transaction& transaction, Catalog& database, ObjectClass object_class,
                    std::int32_t object, std::int32_t grantee, std::int32_t grantor,
                    std::string_view permission, char state);
// REVOKE; false when there was no row.
bool remove_permission(Transaction& transaction, Catalog& database, ObjectClass object_class,
                       std::int32_t object, std::int32_t grantee, std::string_view permission);
// Removes all rows on an object that is dropped, and all rows to a principal (grantee) that is
// dropped.
void remove_permissions_on(Transaction& transaction, Catalog& database, ObjectClass object_class,
                           std::int32_t object);
void remove_permissions_to(Transaction& transaction, Catalog& database, std::int32_t grantee,
                           bool is_login);

}  // namespace ssb::broker::catalog
