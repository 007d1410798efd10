// MESSAGE TYPE, CONTRACT, QUEUE, SERVICE, ROUTE, REMOTE SERVICE BINDING, BROKER PRIORITY.
//
//   Source  reference tsql-tds.md 1.2; routes: service-broker.md 1.7.
#include <set>

#include "broker/routing/route.h"
#include "broker/tsql/ddl_support.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr int kReadersMax = 32767;
constexpr std::int32_t kDboSchema = 1;
constexpr std::int32_t kExecuteAsOwner = -2;

template <typename Object>
Result<void> must_be_new(StatementContext& context, std::string_view name) {
  const bool there = current(context).table<Object>().find_if(
                         [name](const Object& o) { return o.name() == name; }) != nullptr;
  if (there) return Error(ErrorCode::object_exists, std::string(name));
  return {};
}

// The object of a name that a statement changes: 15151, and 9663 for a system object.
template <typename Object>
Result<Object> to_change(StatementContext& context, ObjectKind kind, std::string_view name,
                         catalog::Kind stored) {
  const Object* found = find<Object>(current(context), name);
  if (found == nullptr) return missing(kind, name);
  if (current(context).is_built_in(stored, found->id()))
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

// A queue's schema and name; 9609 with a server or database part, 208 for an unknown schema.
Result<std::int32_t> schema_of(StatementContext& context, const ObjectName& name) {
  if (!name.server.empty()) return Error(ErrorCode::too_many_name_parts, to_text(name));
  if (name.schema.empty()) return kDboSchema;
  const auto* schema = find<pb::Schema>(current(context), name.schema);
  if (schema == nullptr) return missing(ObjectKind::schema, name.schema);
  return schema->id();
}

const pb::Queue* find_queue(StatementContext& context, const ObjectName& name) {
  const auto schema = schema_of(context, name);
  if (!schema) return nullptr;
  return current(context).table<pb::Queue>().find_if([&](const pb::Queue& queue) {
    return queue.schema_id() == *schema && catalog::names_equal(queue.name(), name.name);
  });
}

Result<std::int32_t> execute_as(StatementContext& context, const ExecuteAsClause& clause) {
  switch (clause.kind) {
    case ExecuteAsKind::owner: return kExecuteAsOwner;
    case ExecuteAsKind::self: return current_user(context);
    case ExecuteAsKind::user: {
      const auto* user = find<pb::Principal>(current(context), clause.name);
      if (user == nullptr) return Error(ErrorCode::unknown_user, clause.name);
      return user->id();
    }
    case ExecuteAsKind::caller:
    case ExecuteAsKind::login: break;
  }
  return unsupported("this EXECUTE AS in an activation");
}

Result<void> set_activation(StatementContext& context, const QueueActivation& activation,
                            pb::Queue& queue) {
  if (activation.drop) {
    queue.set_is_activation_enabled(false);
    queue.clear_activation_procedure();
    queue.clear_max_readers();
    queue.clear_execute_as_principal();
    return {};
  }
  if (activation.procedure) queue.set_activation_procedure(to_text(*activation.procedure));
  if (activation.max_queue_readers) {
    if (*activation.max_queue_readers < 0 || *activation.max_queue_readers > kReadersMax) {
      return Error(ErrorCode::wrong_argument_type, "MAX_QUEUE_READERS", "a number from 0 to 32767");
    }
    queue.set_max_readers(*activation.max_queue_readers);
  }
  if (activation.execute_as) {
    const auto principal = execute_as(context, *activation.execute_as);
    if (!principal) return principal.error();
    queue.set_execute_as_principal(*principal);
  }
  const bool on = activation.status.value_or(queue.activation_procedure().empty() == false &&
                                             activation.procedure.has_value());
  if (on && queue.activation_procedure().empty())
    return Error(ErrorCode::activation_without_procedure, queue.name());
  if (on && queue.execute_as_principal() == 0)
    return Error(ErrorCode::activation_without_user, queue.name());
  if (on) return unsupported("internal activation (ACTIVATION with STATUS = ON)");
  queue.set_is_activation_enabled(false);
  return {};
}

Result<void> set_options(StatementContext& context, const QueueOptions& options, pb::Queue& queue) {
  if (options.retention.value_or(false)) return unsupported("RETENTION = ON");
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

bool equals_word(std::string_view text, std::string_view word) {
  return catalog::names_equal(text, word);
}

Result<void> check_address(const std::string& address) {
  if (equals_word(address, "LOCAL") || equals_word(address, "TRANSPORT") ||
      routing::parse_address(address))
    return {};
  return Error(ErrorCode::bad_route_address, address);
}

// The rules of a whole route, after an ALTER too.
Result<void> check_route(const pb::Route& route) {
  if (route.address().empty()) return Error(ErrorCode::route_needs_address, route.name());
  if (auto valid = check_address(route.address()); !valid) return valid.error();
  if (equals_word(route.address(), "TRANSPORT") && !route.service_name().empty()) {
    return Error(ErrorCode::transport_route_with_service);
  }
  if (!route.broker_instance().empty() && route.service_name().empty())
    return Error(ErrorCode::broker_instance_needs_service);
  if (route.mirror_address().empty()) return {};
  if (route.service_name().empty() || route.broker_instance().empty())
    return Error(ErrorCode::mirror_address_needs_service);
  if (!routing::parse_address(route.mirror_address()))
    return Error(ErrorCode::bad_route_address, route.mirror_address());
  if (equals_word(route.mirror_address(), route.address()))
    return Error(ErrorCode::mirror_address_same);
  return {};
}

Result<void> set_options(const StatementContext& context, const RouteOptions& options,
                         pb::Route& route) {
  if (options.service_name) route.set_service_name(*options.service_name);
  if (options.broker_instance) {
    const auto guid = proto::Guid::parse(*options.broker_instance);
    if (!guid && !options.broker_instance->empty())
      return Error(ErrorCode::bad_broker_instance, *options.broker_instance);
    route.set_broker_instance(guid ? guid->text() : "");
  }
  if (options.lifetime_s) {
    const auto expiry = context.now + std::chrono::seconds(*options.lifetime_s);
    route.set_lifetime_us(proto::to_unix_us(expiry));
  }
  if (options.address) route.set_address(*options.address);
  if (options.mirror_address) route.set_mirror_address(*options.mirror_address);
  return check_route(route);
}

// The user of a remote service binding; 15151, and 28083 for one that owns no certificates.
Result<std::int32_t> binding_user(StatementContext& context, const std::string& name) {
  const auto* user = find<pb::Principal>(current(context), name);
  if (user == nullptr) return missing(ObjectKind::user, name);
  const bool can_own = user->type() == "S" || user->type() == "U";
  if (!can_own) return Error(ErrorCode::principal_cannot_own_certificate, name);
  return user->id();
}

Result<void> set_options(StatementContext& context, const BrokerPriorityOptions& options,
                         pb::BrokerPriority& priority) {
  if (options.contract_name) {
    const auto* contract = options.contract_name->any
                               ? nullptr
                               : find<pb::Contract>(current(context), options.contract_name->name);
    if (contract == nullptr && !options.contract_name->any)
      return missing(ObjectKind::contract, options.contract_name->name);
    priority.set_contract(contract == nullptr ? 0 : contract->id());
  }
  if (options.local_service_name) {
    const auto& wanted = *options.local_service_name;
    const auto* service = wanted.any ? nullptr : find<pb::Service>(current(context), wanted.name);
    if (service == nullptr && !wanted.any) return missing(ObjectKind::service, wanted.name);
    priority.set_local_service(service == nullptr ? 0 : service->id());
  }
  if (options.remote_service_name)
    priority.set_remote_service_name(options.remote_service_name->name);
  if (options.priority_level) {
    if (*options.priority_level < 1 || *options.priority_level > 10) {
      return Error(ErrorCode::wrong_argument_type, "PRIORITY_LEVEL", "a number from 1 to 10");
    }
    priority.set_priority(*options.priority_level);
  }
  return {};
}

}  // namespace

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
  if (auto allowed = require(context, "ALTER ANY MESSAGE TYPE"); !allowed) return allowed.error();
  auto type = to_change<pb::MessageType>(context, ObjectKind::message_type, node.name,
                                         catalog::Kind::message_type);
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
  if (find_queue(context, node.name) != nullptr)
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
  if (auto allowed = require(context, "ALTER"); !allowed) return allowed.error();
  if (node.maintenance) return {};  // REBUILD and the like: there is nothing to rebuild
  pb::Queue queue = *found;
  if (auto set = set_options(context, node.options, queue); !set) return set.error();
  queue.set_modify_date_us(now_us(context));
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
  if (auto allowed = require(context, "ALTER ANY SERVICE"); !allowed) return allowed.error();
  auto service =
      to_change<pb::Service>(context, ObjectKind::service, node.name, catalog::Kind::service);
  if (!service) return service.error();
  if (!node.queue && node.contracts.empty())
    return Error(ErrorCode::alter_service_changes_nothing, node.name);
  if (node.queue) {
    const pb::Queue* queue = find_queue(context, *node.queue);
    if (queue == nullptr) return missing(ObjectKind::queue, to_text(*node.queue));
    if (queue->id() != service->queue() &&
        !context.engine.queue_is_empty(context.database, service->queue())) {
      return unsupported("ALTER SERVICE ... ON QUEUE while the old queue holds messages");
    }
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

// ---- routes and bindings ----

Result<void> run(const CreateRoute& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE ROUTE"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::Route>(context, node.name); !fresh) return fresh.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  pb::Route route;
  route.set_id(current(context).next_id<pb::Route>());
  route.set_name(node.name);
  route.set_owner(*owner);
  if (auto set = set_options(context, node.options, route); !set) return set.error();
  current(context).put(context.transaction, route.id(), route);
  changed(context);
  return {};
}

Result<void> run(const AlterRoute& node, StatementContext& context) {
  if (auto allowed = require(context, "ALTER ANY ROUTE"); !allowed) return allowed.error();
  const auto* found = find<pb::Route>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::route, node.name);
  pb::Route route = *found;
  if (auto set = set_options(context, node.options, route); !set) return set.error();
  current(context).put(context.transaction, route.id(), route);
  changed(context);
  return {};
}

Result<void> run(const CreateRemoteServiceBinding& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE REMOTE SERVICE BINDING"); !allowed)
    return allowed.error();
  if (auto fresh = must_be_new<pb::RemoteServiceBinding>(context, node.name); !fresh)
    return fresh.error();
  const auto* same = current(context).table<pb::RemoteServiceBinding>().find_if(
      [&](const pb::RemoteServiceBinding& binding) {
        return binding.remote_service_name() == node.to_service;
      });
  if (same != nullptr) return Error(ErrorCode::binding_exists, node.to_service, same->name());
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  const auto user = binding_user(context, node.user.value_or(""));
  if (!user) return user.error();
  pb::RemoteServiceBinding binding;
  binding.set_id(current(context).next_id<pb::RemoteServiceBinding>());
  binding.set_name(node.name);
  binding.set_owner(*owner);
  binding.set_remote_service_name(node.to_service);
  binding.set_remote_principal(*user);
  binding.set_is_anonymous(node.anonymous.value_or(false));
  current(context).put(context.transaction, binding.id(), binding);
  changed(context);
  return {};
}

Result<void> run(const AlterRemoteServiceBinding& node, StatementContext& context) {
  if (auto allowed = require(context, "ALTER ANY REMOTE SERVICE BINDING"); !allowed)
    return allowed.error();
  const auto* found = find<pb::RemoteServiceBinding>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::remote_service_binding, node.name);
  pb::RemoteServiceBinding binding = *found;
  if (node.user) {
    const auto user = binding_user(context, *node.user);
    if (!user) return user.error();
    binding.set_remote_principal(*user);
  }
  if (node.anonymous) binding.set_is_anonymous(*node.anonymous);
  current(context).put(context.transaction, binding.id(), binding);
  changed(context);
  return {};
}

// ---- priorities ----

Result<void> run(const CreateBrokerPriority& node, StatementContext& context) {
  if (auto allowed = require(context, "CONTROL"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::BrokerPriority>(context, node.name); !fresh)
    return fresh.error();
  pb::BrokerPriority priority;
  priority.set_id(current(context).next_id<pb::BrokerPriority>());
  priority.set_name(node.name);
  priority.set_priority(5);
  if (auto set = set_options(context, node.options, priority); !set) return set.error();
  current(context).put(context.transaction, priority.id(), priority);
  changed(context);
  return {};
}

Result<void> run(const AlterBrokerPriority& node, StatementContext& context) {
  if (auto allowed = require(context, "CONTROL"); !allowed) return allowed.error();
  const auto* found = find<pb::BrokerPriority>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::broker_priority, node.name);
  pb::BrokerPriority priority = *found;
  if (auto set = set_options(context, node.options, priority); !set) return set.error();
  current(context).put(context.transaction, priority.id(), priority);
  changed(context);
  return {};
}

// ---- DROP ----

namespace {

template <typename Object>
Result<void> drop_plain(StatementContext& context, ObjectKind kind, const std::string& name,
                        catalog::Kind stored, ObjectClass object_class) {
  auto found = to_change<Object>(context, kind, name, stored);
  if (!found) return found.error();
  current(context).template erase<Object>(context.transaction, found->id());
  if (object_class != ObjectClass::database) {
    catalog::remove_permissions_on(context.transaction, current(context), object_class,
                                   found->id());
  }
  changed(context);
  return {};
}

Result<void> drop_message_type(StatementContext& context, const std::string& name) {
  const auto* type = find<pb::MessageType>(current(context), name);
  if (type != nullptr) {
    for (const auto& [id, contract] : current(context).table<pb::Contract>()) {
      for (const auto& usage : contract.usages()) {
        if (usage.message_type() == type->id())
          return Error(ErrorCode::referenced_object, name, contract.name());
      }
    }
  }
  return drop_plain<pb::MessageType>(context, ObjectKind::message_type, name,
                                     catalog::Kind::message_type, ObjectClass::message_type);
}

Result<void> drop_contract(StatementContext& context, const std::string& name) {
  const auto* contract = find<pb::Contract>(current(context), name);
  if (contract != nullptr) {
    for (const auto& [id, service] : current(context).table<pb::Service>()) {
      const auto& bound = service.contracts();
      const bool used = std::find(bound.begin(), bound.end(), contract->id()) != bound.end();
      if (used) return Error(ErrorCode::referenced_object, name, service.name());
    }
  }
  return drop_plain<pb::Contract>(context, ObjectKind::contract, name, catalog::Kind::contract,
                                  ObjectClass::contract);
}

Result<void> drop_queue(StatementContext& context, const ObjectName& name) {
  const pb::Queue* queue = find_queue(context, name);
  if (queue == nullptr) return Error(ErrorCode::cannot_drop_missing, "the queue", to_text(name));
  if (current(context).is_built_in(catalog::Kind::queue, queue->id()))
    return Error(ErrorCode::system_object, queue->name());
  for (const auto& [id, service] : current(context).table<pb::Service>()) {
    if (service.queue() == queue->id())
      return Error(ErrorCode::referenced_object, queue->name(), service.name());
  }
  const std::int32_t id = queue->id();
  current(context).erase<pb::Queue>(context.transaction, id);
  catalog::remove_permissions_on(context.transaction, current(context), ObjectClass::object, id);
  changed(context);
  return {};
}

Result<void> drop_service(StatementContext& context, const std::string& name) {
  const auto* service = find<pb::Service>(current(context), name);
  const std::int32_t id = service == nullptr ? 0 : service->id();
  auto dropped = drop_plain<pb::Service>(context, ObjectKind::service, name, catalog::Kind::service,
                                         ObjectClass::service);
  if (dropped) context.effects.services_dropped.emplace_back(context.database, id);
  return dropped;
}

}  // namespace

std::optional<Result<void>> drop_broker_object(ObjectKind kind, const ObjectName& name,
                                               StatementContext& context) {
  const bool mine = kind == ObjectKind::message_type || kind == ObjectKind::contract ||
                    kind == ObjectKind::queue || kind == ObjectKind::service ||
                    kind == ObjectKind::route || kind == ObjectKind::remote_service_binding ||
                    kind == ObjectKind::broker_priority;
  if (!mine) return std::nullopt;
  if (auto allowed = require(context, "CONTROL"); !allowed) return Result<void>(allowed.error());
  if (kind == ObjectKind::message_type) return drop_message_type(context, name.name);
  if (kind == ObjectKind::contract) return drop_contract(context, name.name);
  if (kind == ObjectKind::queue) return drop_queue(context, name);
  if (kind == ObjectKind::service) return drop_service(context, name.name);
  if (kind == ObjectKind::route) {
    // AutoCreatedLocal may be dropped, as in the product.
    const auto* route = find<pb::Route>(current(context), name.name);
    if (route == nullptr) return Result<void>(missing(kind, name.name));
    current(context).erase<pb::Route>(context.transaction, route->id());
    changed(context);
    return Result<void>();
  }
  if (kind == ObjectKind::remote_service_binding) {
    return drop_plain<pb::RemoteServiceBinding>(context, kind, name.name,
                                                catalog::Kind::remote_service_binding,
                                                ObjectClass::remote_service_binding);
  }
  return drop_plain<pb::BrokerPriority>(context, kind, name.name, catalog::Kind::broker_priority,
                                        ObjectClass::database);
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
