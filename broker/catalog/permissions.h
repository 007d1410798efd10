// Who may do what: GRANT, DENY, ownership, roles.
#pragma once

#include <string_view>

#include "broker/catalog/instance.h"

namespace ssb::broker::catalog {

// Classes of sys.database_permissions and sys.server_permissions.
enum class ObjectClass : std::int32_t {
  database = 0, object = 1, schema = 3, principal = 4, message_type = 15, contract = 16, service = 17,
  remote_service_binding = 18, route = 19, symmetric_key = 24, certificate = 25, asymmetric_key = 26,
  server = 100, login = 101, endpoint = 105,
};

// Whether a database principal has a permission: its own or a role's (public included) GRANT or the ownership of the object, and no DENY.
// dbo has all; CONTROL implies every permission on the object.
[[nodiscard]] bool has_permission(const Catalog& database, std::int32_t principal, ObjectClass object_class,
                                  std::int32_t object, std::string_view permission);
// Whether a login has a permission at server level (endpoint CONNECT): grant, public (login id 2), ownership, sysadmin; no DENY.
[[nodiscard]] bool login_has_permission(const Instance& instance, std::int32_t login, ObjectClass object_class,
                                        std::int32_t object, std::string_view permission);
// The user that a session is in a database: dbo for sysadmin and the owner, the login's user, guest where it may connect; 916 otherwise.
[[nodiscard]] proto::Result<std::int32_t> user_in(const Instance& instance, const SecurityContext& context,
                                                  store::DatabaseId database);
// Requires the permission of a session: 229 for objects, 262 for a database permission, 15151 where T-SQL hides the object.
[[nodiscard]] proto::Result<void> require_permission(const Instance& instance, const SecurityContext& context,
                                                     store::DatabaseId database, ObjectClass object_class,
                                                     std::int32_t object, std::string_view object_name,
                                                     std::string_view permission);

}  // namespace ssb::broker::catalog
