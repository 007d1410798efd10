// MESSAGE TYPE, CONTRACT, QUEUE, SERVICE; DROP of every kind of Service Broker object.
//
//   Source  reference tsql-tds.md 1.2.
#include <set>

#include "broker/catalog/kinds.h"
#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr std::int32_t kDboSchema = 1;

// The object of a name that a statement changes: 15151, also without the right to; 9663 for a system
// object.
template <typename Object>
Result<Object> to_change(StatementContext& context, ObjectKind kind, std::string_view name,
                         ObjectClass object_class) {
  const Object* found = find<Object>(current(context), name);
  if (found == nullptr) return missing(kind, name);
  if (auto allowed = require_alter(context, kind, object_class, found->id(), name); !allowed)
    return allowed.error();
  if (current(context).is_built_in(catalog::KindOf<Object>::kKind, found->id()))
    return Error(ErrorCode::system_object, std::string(name));
  return *found;
}

const char* validation_letter(MessageValidation validation) {
  switch (validation) {
    case MessageValidation::none: return "N";
    case MessageValidation::empty: return "E";
    case MessageValidation::well_formed_xml: return "X";
    case MessageValidation::valid_xml: return "S";
  }
  return "N";
}

// The schema of a queue's name; 9609 with a server part, 911 and 15151 for a database and a schema that do
// not exist. Queues of another database are not reached from here.
Result<std::int32_t> schema_of(StatementContext& context, const ObjectName& name) {
  if (!name.server.empty()) return Error(ErrorCode::too_many_name_parts, to_text(name));
  if (!name.database.empty()) {
    const auto* database = context.instance.database(std::string_view(name.database));
    if (database == nullptr) return Error(ErrorCode::unknown_database, name.database);
    if (database->id() != context.database) return unsupported("a queue of another database");
  }
  if (name.schema.empty()) return kDboSchema;
  const auto* schema = find<pb::Schema>(current(context), name.schema);
  if (schema == nullptr) return missing(ObjectKind::schema, name.schema);
  return schema->id();
}

// Queues, tables, views and procedures share the names of a schema.
bool is_object_name_taken(StatementContext& context, std::int32_t schema, std::string_view name) {
  const auto taken = [&](const auto& object) {
    return object.schema_id() == schema && catalog::names_equal(object.name(), name);
  };
  const catalog::Catalog& here = current(context);
  return here.table<pb::Queue>().find_if(taken) != nullptr ||
         here.table<pb::UserTable>().find_if(taken) != nullptr ||
         here.table<pb::Module>().find_if(taken) != nullptr;
}

Result<void> set_options(StatementContext& context, const QueueOptions& options, pb::Queue& queue) {
  if (options.retention) queue.set_is_retention_enabled(*options.retention);
  if (options.status) {
    queue.set_is_receive_enabled(*options.status);
    queue.set_is_enqueue_enabled(*options.status);
  }
  if (options.poison_message_handling)
    queue.set_is_poison_message_handling_enabled(*options.poison_message_handling);
  if (options.activation) return set_activation(context, *options.activation, queue);
  return {};
}

Result<void> add_contract(StatementContext& context, pb::Service& service,
                          const std::string& name) {
  const auto* contract = find<pb::Contract>(current(context), name);
  if (contract == nullptr) return Error(ErrorCode::unknown_contract, name);
  const auto& bound = service.contracts();
  if (std::find(bound.begin(), bound.end(), contract->id()) != bound.end())
    return Error(ErrorCode::duplicate_contract, name);
  service.add_contracts(contract->id());
  return {};
}

}  // namespace

const pb::Queue* find_queue(StatementContext& context, const ObjectName& name) {
  const auto schema = schema_of(context, name);
  if (!schema) return nullptr;
  return current(context).table<pb::Queue>().find_if([&](const pb::Queue& queue) {
    return queue.schema_id() == *schema && catalog::names_equal(queue.name(), name.name);
  });
}

// ---- message types and contracts ----

Result<void> run(const CreateMessageType& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE MESSAGE TYPE"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::MessageType>(context, node.name); !fresh) return fresh.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  if (node.validation == MessageValidation::valid_xml)
    return unsupported("VALIDATION = VALID_XML WITH SCHEMA COLLECTION");
  pb::MessageType type;
  type.set_id(current(context).next_id<pb::MessageType>());
  type.set_name(node.name);
  type.set_owner(*owner);
  type.set_validation(validation_letter(node.validation.value_or(MessageValidation::none)));
  current(context).put(context.transaction, type.id(), type);
  changed(context);
  return {};
}

Result<void> run(const AlterMessageType& node, StatementContext& context) {
  auto type = to_change<pb::MessageType>(context, ObjectKind::message_type, node.name,
                                         ObjectClass::message_type);
  if (!type) return type.error();
  if (node.validation == MessageValidation::valid_xml)
    return unsupported("VALIDATION = VALID_XML WITH SCHEMA COLLECTION");
  type->set_validation(validation_letter(node.validation));
  current(context).put(context.transaction, type->id(), *type);
  changed(context);
  return {};
}

Result<void> run(const CreateContract& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE CONTRACT"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::Contract>(context, node.name); !fresh) return fresh.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  pb::Contract contract;
  contract.set_id(current(context).next_id<pb::Contract>());
  contract.set_name(node.name);
  contract.set_owner(*owner);
  std::set<std::int32_t> listed;
  bool initiator_can_send = false;
  for (const ContractMessage& message : node.messages) {
    const auto* type = find<pb::MessageType>(current(context), message.message_type);
    if (type == nullptr) return Error(ErrorCode::unknown_message_type, message.message_type);
    if (!listed.insert(type->id()).second)
      return Error(ErrorCode::duplicate_message_type, message.message_type);
    auto* usage = contract.add_usages();
    usage->set_message_type(type->id());
    usage->set_sent_by_initiator(message.sent_by != SentBy::target);
    usage->set_sent_by_target(message.sent_by != SentBy::initiator);
    initiator_can_send = initiator_can_send || message.sent_by != SentBy::target;
  }
  if (!initiator_can_send) return Error(ErrorCode::contract_without_initiator_message, node.name);
  current(context).put(context.transaction, contract.id(), contract);
  changed(context);
  return {};
}

// ---- queues ----

Result<void> run(const CreateQueue& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE QUEUE"); !allowed) return allowed.error();
  const auto schema = schema_of(context, node.name);
  if (!schema) return schema.error();
  if (is_object_name_taken(context, *schema, node.name.name))
    return Error(ErrorCode::object_exists, node.name.name);
  const auto owner = current_user(context);
  if (!owner) return owner.error();
  pb::Queue queue;
  queue.set_id(current(context).next_id<pb::Queue>());
  queue.set_name(node.name.name);
  queue.set_schema_id(*schema);
  queue.set_owner(*owner);
  queue.set_is_receive_enabled(true);
  queue.set_is_enqueue_enabled(true);
  queue.set_is_poison_message_handling_enabled(true);
  queue.set_create_date_us(now_us(context));
  queue.set_modify_date_us(now_us(context));
  if (auto set = set_options(context, node.options, queue); !set) return set.error();
  current(context).put(context.transaction, queue.id(), queue);
  changed(context);
  return {};
}

Result<void> run(const AlterQueue& node, StatementContext& context) {
  const pb::Queue* found = find_queue(context, node.name);
  if (found == nullptr) return missing(ObjectKind::queue, to_text(node.name));
  if (auto allowed = require_alter(context, ObjectKind::queue, ObjectClass::object, found->id(),
                                   to_text(node.name));
      !allowed)
    return allowed.error();
  if (current(context).is_built_in(catalog::Kind::queue, found->id()))
    return Error(ErrorCode::system_object, found->name());
  if (node.maintenance) return {};  // REBUILD and the like: there is nothing to rebuild
  pb::Queue queue = *found;
  if (auto set = set_options(context, node.options, queue); !set) return set.error();
  // Each its own: by this date a queue monitor knows that its queue was altered.
  queue.set_modify_date_us(std::max(now_us(context), found->modify_date_us() + 1));
  current(context).put(context.transaction, queue.id(), queue);
  changed(context);
  return {};
}

// ---- services ----

Result<void> run(const CreateService& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE SERVICE"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::Service>(context, node.name); !fresh) return fresh.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  const pb::Queue* queue = find_queue(context, node.queue);
  if (queue == nullptr) return missing(ObjectKind::queue, to_text(node.queue));
  pb::Service service;
  service.set_id(current(context).next_id<pb::Service>());
  service.set_name(node.name);
  service.set_owner(*owner);
  service.set_queue(queue->id());
  for (const std::string& contract : node.contracts) {
    if (auto added = add_contract(context, service, contract); !added) return added.error();
  }
  current(context).put(context.transaction, service.id(), service);
  changed(context);
  return {};
}

Result<void> run(const AlterService& node, StatementContext& context) {
  auto service =
      to_change<pb::Service>(context, ObjectKind::service, node.name, ObjectClass::service);
  if (!service) return service.error();
  if (node.queue) {
    const pb::Queue* queue = find_queue(context, *node.queue);
    if (queue == nullptr) return missing(ObjectKind::queue, to_text(*node.queue));
    if (queue->id() != service->queue() &&
        !context.engine.queue_is_empty(context.database, service->queue())) {
      return unsupported("ALTER SERVICE ... ON QUEUE while the old queue holds messages");
    }
    if (queue->id() == service->queue() && node.contracts.empty())
      return Error(ErrorCode::alter_service_changes_nothing, node.name);
    service->set_queue(queue->id());
  }
  for (const ContractChange& change : node.contracts) {
    if (change.add) {
      if (auto added = add_contract(context, *service, change.contract); !added)
        return added.error();
      continue;
    }
    const auto* contract = find<pb::Contract>(current(context), change.contract);
    if (contract == nullptr) return Error(ErrorCode::unknown_contract, change.contract);
    auto* bound = service->mutable_contracts();
    bound->erase(std::remove(bound->begin(), bound->end(), contract->id()), bound->end());
  }
  current(context).put(context.transaction, service->id(), *service);
  changed(context);
  return {};
}

// ---- DROP ----

namespace {

// What a DROP of this kind needs where there is no CONTROL on the object.
constexpr std::string_view alter_any(ObjectClass object_class) {
  if (object_class == ObjectClass::message_type) return "ALTER ANY MESSAGE TYPE";
  if (object_class == ObjectClass::contract) return "ALTER ANY CONTRACT";
  if (object_class == ObjectClass::service) return "ALTER ANY SERVICE";
  if (object_class == ObjectClass::route) return "ALTER ANY ROUTE";
  if (object_class == ObjectClass::remote_service_binding)
    return "ALTER ANY REMOTE SERVICE BINDING";
  return "ALTER ANY SCHEMA";  // queues
}

// The object that a DROP is for: 15151, also without the right to; 9663 for a system object.
template <typename Object>
Result<const Object*> to_drop(StatementContext& context, ObjectKind kind, const std::string& name,
                              ObjectClass object_class) {
  const Object* found = find<Object>(current(context), name);
  if (found == nullptr) return missing(kind, name);
  if (auto allowed =
          require_drop(context, kind, object_class, found->id(), name, alter_any(object_class));
      !allowed)
    return allowed.error();
  // AutoCreatedLocal may be dropped, as in the product.
  const bool is_protected = object_class != ObjectClass::route;
  if (is_protected && current(context).is_built_in(catalog::KindOf<Object>::kKind, found->id()))
    return Error(ErrorCode::system_object, name);
  return found;
}

template <typename Object>
void erase(StatementContext& context, std::int32_t id, ObjectClass object_class) {
  current(context).template erase<Object>(context.transaction, id);
  catalog::remove_permissions_on(context.transaction, current(context), object_class, id);
  changed(context);
}

template <typename Object>
Result<void> drop_plain(StatementContext& context, ObjectKind kind, const std::string& name,
                        ObjectClass object_class) {
  const auto found = to_drop<Object>(context, kind, name, object_class);
  if (!found) return found.error();
  erase<Object>(context, (*found)->id(), object_class);
  return {};
}

Result<void> drop_message_type(StatementContext& context, const std::string& name) {
  const auto type =
      to_drop<pb::MessageType>(context, ObjectKind::message_type, name, ObjectClass::message_type);
  if (!type) return type.error();
  const std::int32_t id = (*type)->id();
  for (const auto& [contract_id, contract] : current(context).table<pb::Contract>()) {
    for (const auto& usage : contract.usages()) {
      if (usage.message_type() == id)
        return Error(ErrorCode::referenced_object, name, contract.name());
    }
  }
  erase<pb::MessageType>(context, id, ObjectClass::message_type);
  return {};
}

Result<void> drop_contract(StatementContext& context, const std::string& name) {
  const auto contract =
      to_drop<pb::Contract>(context, ObjectKind::contract, name, ObjectClass::contract);
  if (!contract) return contract.error();
  const std::int32_t id = (*contract)->id();
  for (const auto& [service_id, service] : current(context).table<pb::Service>()) {
    const auto& bound = service.contracts();
    const bool used = std::find(bound.begin(), bound.end(), id) != bound.end();
    if (used) return Error(ErrorCode::referenced_object, name, service.name());
  }
  erase<pb::Contract>(context, id, ObjectClass::contract);
  return {};
}

Result<void> drop_queue(StatementContext& context, const ObjectName& name) {
  const pb::Queue* queue = find_queue(context, name);
  const bool allowed =
      queue != nullptr && require_drop(context, ObjectKind::queue, ObjectClass::object, queue->id(),
                                       name.name, alter_any(ObjectClass::object));
  if (!allowed) return Error(ErrorCode::cannot_drop_missing, "the queue", to_text(name));
  if (current(context).is_built_in(catalog::Kind::queue, queue->id()))
    return Error(ErrorCode::system_object, queue->name());
  for (const auto& [id, service] : current(context).table<pb::Service>()) {
    if (service.queue() == queue->id())
      return Error(ErrorCode::referenced_object, queue->name(), service.name());
  }
  const std::int32_t id = queue->id();
  erase_event_notifications(context, id);
  erase<pb::Queue>(context, id, ObjectClass::object);
  return {};
}

Result<void> drop_service(StatementContext& context, const std::string& name) {
  const auto service =
      to_drop<pb::Service>(context, ObjectKind::service, name, ObjectClass::service);
  if (!service) return service.error();
  const std::int32_t id = (*service)->id();
  erase<pb::Service>(context, id, ObjectClass::service);
  context.effects.services_dropped.emplace_back(context.database, id);
  return {};
}

}  // namespace

std::optional<Result<void>> drop_broker_object(ObjectKind kind, const ObjectName& name,
                                               StatementContext& context) {
  if (kind == ObjectKind::message_type) return drop_message_type(context, name.name);
  if (kind == ObjectKind::contract) return drop_contract(context, name.name);
  if (kind == ObjectKind::queue) return drop_queue(context, name);
  if (kind == ObjectKind::service) return drop_service(context, name.name);
  if (kind == ObjectKind::route)
    return drop_plain<pb::Route>(context, kind, name.name, ObjectClass::route);
  if (kind == ObjectKind::remote_service_binding) {
    return drop_plain<pb::RemoteServiceBinding>(context, kind, name.name,
                                                ObjectClass::remote_service_binding);
  }
  if (kind == ObjectKind::broker_priority) return drop_priority(context, name.name);
  return std::nullopt;
}

bool exists(ObjectKind kind, const ObjectName& name, StatementContext& context) {
  const catalog::Catalog& catalog = current(context);
  const catalog::Catalog& master = context.instance.master();
  if (kind == ObjectKind::message_type) return find<pb::MessageType>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::contract) return find<pb::Contract>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::queue) return find_queue(context, name) != nullptr;
  if (kind == ObjectKind::service) return find<pb::Service>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::route) return find<pb::Route>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::remote_service_binding)
    return find<pb::RemoteServiceBinding>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::broker_priority)
    return find<pb::BrokerPriority>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::user || kind == ObjectKind::role)
    return find<pb::Principal>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::schema) return find<pb::Schema>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::certificate) return find<pb::Certificate>(catalog, name.name) != nullptr;
  if (kind == ObjectKind::login) return find<pb::Login>(master, name.name) != nullptr;
  if (kind == ObjectKind::endpoint) return find<pb::Endpoint>(master, name.name) != nullptr;
  if (kind == ObjectKind::database)
    return context.instance.database(std::string_view(name.name)) != nullptr;
  return true;  // the DROP itself says what it thinks of the kind
}

}  // namespace ssb::broker::tsql::ddl
