// What the executors of definition statements share; private to ddl*.cc.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "broker/catalog/permissions.h"
#include "broker/tsql/ddl.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {

namespace pb = ssb::proto::catalog;
using catalog::ObjectClass;
using proto::Error;
using proto::ErrorCode;
using proto::Result;

[[nodiscard]] inline catalog::Catalog& current(const StatementContext& context) {
  return *context.instance.database(context.database);
}
[[nodiscard]] inline std::int64_t now_us(const StatementContext& context) {
  return proto::to_unix_us(context.now);
}

// Looks up by the catalog's collation, an exact spelling first: names that travel differ by their bytes.
template <typename Object>
[[nodiscard]] const Object* find(const catalog::Catalog& catalog, std::string_view name) {
  const auto& table = catalog.table<Object>();
  const Object* exact =
      table.find_if([name](const Object& object) { return object.name() == name; });
  return exact != nullptr ? exact : table.find(name);
}

// The permission in the database in use: "CREATE SERVICE", ...; 262.
[[nodiscard]] Result<void> require(const StatementContext& context, std::string_view permission);
// At server level; 15247.
[[nodiscard]] Result<void> require_server(const StatementContext& context,
                                          std::string_view permission);
// ALTER on an object of the database in use, by ownership, grant or role; 15151.
[[nodiscard]] Result<void> require_alter(const StatementContext& context, ObjectKind kind,
                                         ObjectClass object_class, std::int32_t id,
                                         std::string_view name);
// CONTROL on the object, or the permission that covers its kind: `alter_any`; 15151.
[[nodiscard]] Result<void> require_drop(const StatementContext& context, ObjectKind kind,
                                        ObjectClass object_class, std::int32_t id,
                                        std::string_view name, std::string_view alter_any);
// The owner of a new object: AUTHORIZATION's user (15151), else the user of the session.
[[nodiscard]] Result<std::int32_t> owner_of(const StatementContext& context,
                                            const std::optional<std::string>& authorization);
// Takes master's write lock too and gives its catalog.
[[nodiscard]] Result<catalog::Catalog*> lock_master(StatementContext& context);
// Marks the database in use as changed, for the engine.
inline void changed(StatementContext& context) {
  context.effects.catalogs_changed.insert(context.database);
}
[[nodiscard]] inline Error missing(ObjectKind kind, std::string_view name) {
  return Error(ErrorCode::object_missing_or_denied, to_text(kind), std::string(name));
}
[[nodiscard]] inline Error unsupported(std::string what) {
  return Error(ErrorCode::not_supported, std::move(what));
}

// Names that travel (message types, contracts, services) differ by their bytes, the others by the
// catalog's collation.
template <typename Object>
[[nodiscard]] Result<void> must_be_new(const StatementContext& context, std::string_view name) {
  constexpr bool kTravels = std::is_same_v<Object, pb::MessageType> ||
                            std::is_same_v<Object, pb::Contract> ||
                            std::is_same_v<Object, pb::Service>;
  const bool there = current(context).table<Object>().find_if([name](const Object& o) {
    return kTravels ? o.name() == name : catalog::names_equal(o.name(), name);
  }) != nullptr;
  if (there) return Error(ErrorCode::object_exists, std::string(name));
  return {};
}

// The name of a service that may be anywhere: 8412 unless it has 1 to 256 characters (ddl_route.cc).
[[nodiscard]] Result<void> check_service_name(std::string_view name);

// The queue of a name; nullptr also where its name is none (ddl_broker.cc).
[[nodiscard]] const pb::Queue* find_queue(StatementContext& context, const ObjectName& name);

// Event notifications on a queue (ddl_event_notification.cc): all of them; one by its DROP; the one that is for an event, or nullptr.
void erase_event_notifications(StatementContext& context, std::int32_t queue);
[[nodiscard]] Result<void> drop_event_notification(const Drop& node, const std::string& name,
                                                   StatementContext& context);
[[nodiscard]] const pb::EventNotification* find_event_notification(const StatementContext& context,
                                                                   std::int32_t queue,
                                                                   std::string_view event);

// ACTIVATION ( ... ) of CREATE QUEUE and ALTER QUEUE.
Result<void> set_activation(StatementContext& context, const QueueActivation& activation,
                            pb::Queue& queue);

// One function a statement, in the file of its family.
Result<void> run(const CreateDatabase& node, StatementContext& context);
Result<void> run(const AlterDatabase& node, StatementContext& context);
Result<void> run(const CreateLogin& node, StatementContext& context);
Result<void> run(const AlterLogin& node, StatementContext& context);
Result<void> run(const CreateUser& node, StatementContext& context);
Result<void> run(const AlterUser& node, StatementContext& context);
Result<void> run(const CreateRole& node, StatementContext& context);
Result<void> run(const AlterRole& node, StatementContext& context);
Result<void> run(const CreateSchema& node, StatementContext& context);
Result<void> run(const ChangePermission& node, StatementContext& context);
Result<void> run(const AlterAuthorization& node, StatementContext& context);
Result<void> run(const CreateMasterKey& node, StatementContext& context);
Result<void> run(const OpenMasterKey& node, StatementContext& context);
Result<void> run(const CloseMasterKey& node, StatementContext& context);
Result<void> run(const AlterMasterKey& node, StatementContext& context);
Result<void> run(const BackupMasterKey& node, StatementContext& context);
Result<void> run(const RestoreMasterKey& node, StatementContext& context);
Result<void> run(const AlterServiceMasterKey& node, StatementContext& context);
Result<void> run(const BackupServiceMasterKey& node, StatementContext& context);
Result<void> run(const RestoreServiceMasterKey& node, StatementContext& context);
Result<void> run(const CreateCertificate& node, StatementContext& context);
Result<void> run(const AlterCertificate& node, StatementContext& context);
Result<void> run(const BackupCertificate& node, StatementContext& context);
Result<void> run(const CreateEndpoint& node, StatementContext& context);
Result<void> run(const AlterEndpoint& node, StatementContext& context);
Result<void> run(const CreateMessageType& node, StatementContext& context);
Result<void> run(const AlterMessageType& node, StatementContext& context);
Result<void> run(const CreateContract& node, StatementContext& context);
Result<void> run(const CreateQueue& node, StatementContext& context);
Result<void> run(const AlterQueue& node, StatementContext& context);
Result<void> run(const CreateService& node, StatementContext& context);
Result<void> run(const AlterService& node, StatementContext& context);
Result<void> run(const CreateRoute& node, StatementContext& context);
Result<void> run(const AlterRoute& node, StatementContext& context);
Result<void> run(const CreateRemoteServiceBinding& node, StatementContext& context);
Result<void> run(const AlterRemoteServiceBinding& node, StatementContext& context);
Result<void> run(const CreateEventNotification& node, StatementContext& context);
Result<void> run(const CreateBrokerPriority& node, StatementContext& context);
Result<void> run(const AlterBrokerPriority& node, StatementContext& context);

// DROP of one object; nullopt when the family has no such kind.
std::optional<Result<void>> drop_broker_object(ObjectKind kind, const ObjectName& name,
                                               StatementContext& context);
Result<void> drop_priority(StatementContext& context, const std::string& name);
std::optional<Result<void>> drop_principal(ObjectKind kind, const ObjectName& name,
                                           StatementContext& context);
std::optional<Result<void>> drop_other(ObjectKind kind, const ObjectName& name,
                                       StatementContext& context);
Result<void> drop_database(const std::string& name, StatementContext& context);
Result<void> drop_endpoint(const std::string& name, StatementContext& context);
Result<void> drop_key_or_certificate(ObjectKind kind, const std::string& name,
                                     StatementContext& context);
[[nodiscard]] bool exists(ObjectKind kind, const ObjectName& name, StatementContext& context);

}  // namespace ssb::broker::tsql::ddl
