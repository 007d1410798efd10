// What a catalog object's type says about it: its stored kind and the first id that users' objects
// get.
#pragma once

#include "broker/catalog/catalog.h"

namespace ssb::broker::catalog {

template <typename Object>
struct KindOf;

#define SSB_CATALOG_KINDS(X)                             \
  X(InstanceInfo, instance_info, kInstanceInfoId)        \
  X(Database, database, 5)                               \
  X(Login, login, 256)                                   \
  X(Endpoint, endpoint, 65536)                           \
  X(MasterKey, master_key, kMasterKeyId)                 \
  X(Principal, principal, 5)                             \
  X(Permission, permission, 65536)                       \
  X(Certificate, certificate, 256)                       \
  X(MessageType, message_type, 65536)                    \
  X(Contract, contract, 65536)                           \
  X(Queue, queue, kFirstObjectId)                        \
  X(Service, service, 65536)                             \
  X(Route, route, 65536)                                 \
  X(RemoteServiceBinding, remote_service_binding, 65536) \
  X(Schema, schema, 5)                                   \
  X(Module, module, kFirstObjectId)                      \
  X(UserTable, user_table, kFirstObjectId)               \
  X(BrokerPriority, broker_priority, 65536)              \
  X(EventNotification, event_notification, kFirstObjectId)

#define SSB_CATALOG_KIND(Type, name, first)           \
  template <>                                         \
  struct KindOf<pb::Type> {                           \
    static constexpr Kind kKind = Kind::name;         \
    static constexpr std::int32_t kFirstId = (first); \
  };
SSB_CATALOG_KINDS(SSB_CATALOG_KIND)
#undef SSB_CATALOG_KIND

}  // namespace ssb::broker::catalog
