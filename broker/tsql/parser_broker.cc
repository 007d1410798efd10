// Service Broker objects: message types, contracts, queues, services, routes, bindings, priorities, notifications.
// Commas between options may be missing, as SQL Server's own parser accepts it.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

namespace {

constexpr int kDefaultPriority = 5;

}  // namespace

// 102, or 156 for a keyword, at an option that the same list has given before: which of the two was meant is not ours to choose.
void Parser::once(bool is_given) const {
  if (is_given) fail();
}

// CREATE MESSAGE TYPE name [AUTHORIZATION owner] [VALIDATION = ...]
NodePointer Parser::create_message_type() {
  CreateMessageType type;
  type.name = identifier();
  type.authorization = authorization();
  if (at("VALIDATION")) type.validation = message_validation(type.schema_collection);
  return node(std::move(type));
}

// ALTER MESSAGE TYPE name VALIDATION = ...
NodePointer Parser::alter_message_type() {
  AlterMessageType type;
  type.name = identifier();
  type.validation = message_validation(type.schema_collection);
  return node(std::move(type));
}

// VALIDATION = NONE | EMPTY | WELL_FORMED_XML | VALID_XML WITH SCHEMA COLLECTION name
MessageValidation Parser::message_validation(ObjectName& schema_collection) {
  expect_all({"VALIDATION", "="});
  if (accept("NONE")) return MessageValidation::none;
  if (accept("EMPTY")) return MessageValidation::empty;
  if (accept("WELL_FORMED_XML")) return MessageValidation::well_formed_xml;
  expect_all({"VALID_XML", "WITH", "SCHEMA", "COLLECTION"});
  schema_collection = object_name();
  return MessageValidation::valid_xml;
}

// CREATE CONTRACT name [AUTHORIZATION owner] ( type SENT BY INITIATOR | TARGET | ANY [, ...] )
NodePointer Parser::create_contract() {
  CreateContract contract;
  contract.name = identifier();
  contract.authorization = authorization();
  expect("(");
  do {
    ContractMessage message;
    message.message_type = identifier();
    expect_all({"SENT", "BY"});
    if (accept("INITIATOR")) {
      message.sent_by = SentBy::initiator;
    } else if (accept("TARGET")) {
      message.sent_by = SentBy::target;
    } else {
      expect("ANY");
      message.sent_by = SentBy::any;
    }
    contract.messages.push_back(std::move(message));
  } while (accept(","));
  expect(")");
  return node(std::move(contract));
}

// CREATE QUEUE name [WITH option ...] [ON filegroup]
NodePointer Parser::create_queue() {
  CreateQueue queue;
  queue.name = object_name();
  if (accept("WITH")) queue.options = queue_options();
  if (accept("ON")) {
    queue.filegroup = accept("PRIMARY") ? "PRIMARY" : accept("DEFAULT") ? "DEFAULT" : identifier();
  }
  return node(std::move(queue));
}

// ALTER QUEUE name WITH option ... | REBUILD ... | REORGANIZE ... | MOVE TO filegroup
NodePointer Parser::alter_queue() {
  AlterQueue queue;
  queue.name = object_name();
  if (at_any({"REBUILD", "REORGANIZE", "MOVE"})) {
    queue.maintenance = word();
    if (accept("TO")) identifier();
    if (at_all({"WITH", "("})) {
      next();
      skip_parentheses();
    }
    return node(std::move(queue));
  }
  expect("WITH");
  queue.options = queue_options();
  return node(std::move(queue));
}

// STATUS = on | RETENTION = on | ACTIVATION ( ... ) | POISON_MESSAGE_HANDLING ( STATUS = on )
QueueOptions Parser::queue_options() {
  QueueOptions options;
  do {
    if (at("STATUS")) {
      once(options.status.has_value());
      expect_all({"STATUS", "="});
      options.status = on_off();
    } else if (at("RETENTION")) {
      once(options.retention.has_value());
      expect_all({"RETENTION", "="});
      options.retention = on_off();
    } else if (at("ACTIVATION")) {
      once(options.activation.has_value());
      expect("ACTIVATION");
      options.activation = queue_activation();
    } else {
      once(options.poison_message_handling.has_value());
      expect_all({"POISON_MESSAGE_HANDLING", "(", "STATUS", "="});
      options.poison_message_handling = on_off();
      expect(")");
    }
  } while (accept(",") || at_any({"STATUS", "RETENTION", "ACTIVATION", "POISON_MESSAGE_HANDLING"}));
  return options;
}

// ( DROP ) | ( [STATUS = on] [PROCEDURE_NAME = name] [MAX_QUEUE_READERS = n] [EXECUTE AS ...] )
QueueActivation Parser::queue_activation() {
  QueueActivation activation;
  expect("(");
  if (accept("DROP")) {
    activation.drop = true;
    expect(")");
    return activation;
  }
  do {
    if (at("STATUS")) {
      once(activation.status.has_value());
      expect_all({"STATUS", "="});
      activation.status = on_off();
    } else if (at("PROCEDURE_NAME")) {
      once(activation.procedure.has_value());
      expect_all({"PROCEDURE_NAME", "="});
      activation.procedure = object_name();
    } else if (at("MAX_QUEUE_READERS")) {
      once(activation.max_queue_readers.has_value());
      expect_all({"MAX_QUEUE_READERS", "="});
      activation.max_queue_readers = integer();
    } else {
      once(activation.execute_as.has_value());
      if (at("CALLER", 2)) fail(peek(2));
      activation.execute_as = execute_as_clause();
    }
  } while (accept(",") || !at(")"));
  expect(")");
  return activation;
}

// CREATE SERVICE name [AUTHORIZATION owner] ON QUEUE queue [( contract [, ...] )]
NodePointer Parser::create_service() {
  CreateService service;
  service.name = identifier();
  service.authorization = authorization();
  expect_all({"ON", "QUEUE"});
  service.queue = object_name();
  if (at("(")) service.contracts = parenthesized_names();
  return node(std::move(service));
}

// ALTER SERVICE name [ON QUEUE queue] [( ADD | DROP CONTRACT contract [, ...] )]
NodePointer Parser::alter_service() {
  AlterService service;
  service.name = identifier();
  if (accept_all({"ON", "QUEUE"})) service.queue = object_name();
  if (!service.queue && !at("(")) fail();
  if (accept("(")) {
    do {
      ContractChange change;
      change.add = accept("ADD");
      if (!change.add) expect("DROP");
      expect("CONTRACT");
      change.contract = identifier();
      service.contracts.push_back(std::move(change));
    } while (accept(","));
    expect(")");
  }
  return node(std::move(service));
}

// CREATE ROUTE name [AUTHORIZATION owner] WITH option ...
NodePointer Parser::create_route() {
  CreateRoute route;
  route.name = identifier();
  route.authorization = authorization();
  expect("WITH");
  route.options = route_options();
  return node(std::move(route));
}

NodePointer Parser::alter_route() {
  AlterRoute route;
  route.name = identifier();
  expect("WITH");
  route.options = route_options();
  return node(std::move(route));
}

// SERVICE_NAME = 's' | BROKER_INSTANCE = 's' | LIFETIME = n | ADDRESS = 's' | MIRROR_ADDRESS = 's'
RouteOptions Parser::route_options() {
  RouteOptions options;
  do {
    if (at("SERVICE_NAME")) {
      once(options.service_name.has_value());
      options.service_name = option_string("SERVICE_NAME");
    } else if (at("BROKER_INSTANCE")) {
      once(options.broker_instance.has_value());
      options.broker_instance = option_string("BROKER_INSTANCE");
    } else if (at("LIFETIME")) {
      once(options.lifetime_s.has_value());
      expect_all({"LIFETIME", "="});
      options.lifetime_s = big_integer();
    } else if (at("MIRROR_ADDRESS")) {
      once(options.mirror_address.has_value());
      options.mirror_address = option_string("MIRROR_ADDRESS");
    } else {
      once(options.address.has_value());
      options.address = option_string("ADDRESS");
    }
  } while (accept(",") ||
           at_any({"SERVICE_NAME", "BROKER_INSTANCE", "LIFETIME", "ADDRESS", "MIRROR_ADDRESS"}));
  return options;
}

// CREATE REMOTE SERVICE BINDING name [AUTHORIZATION owner] TO SERVICE 's' WITH USER = user [,] [ANONYMOUS = on]
NodePointer Parser::create_remote_service_binding() {
  CreateRemoteServiceBinding binding;
  binding.name = identifier();
  binding.authorization = authorization();
  expect_all({"TO", "SERVICE"});
  binding.to_service = string_literal();
  binding_options(binding.user, binding.anonymous);
  return node(std::move(binding));
}

NodePointer Parser::alter_remote_service_binding() {
  AlterRemoteServiceBinding binding;
  binding.name = identifier();
  binding_options(binding.user, binding.anonymous);
  return node(std::move(binding));
}

void Parser::binding_options(std::optional<std::string>& user, std::optional<bool>& anonymous) {
  expect("WITH");
  do {
    if (at("ANONYMOUS")) {
      once(anonymous.has_value());
      expect_all({"ANONYMOUS", "="});
      anonymous = on_off();
    } else {
      once(user.has_value());
      expect_all({"USER", "="});
      user = principal();
    }
  } while (accept(",") || at_any({"USER", "ANONYMOUS"}));
}

// CREATE BROKER PRIORITY name FOR CONVERSATION [SET ( option ... )]
NodePointer Parser::create_broker_priority() {
  CreateBrokerPriority priority;
  priority.name = identifier();
  priority.options = broker_priority_options();
  return node(std::move(priority));
}

NodePointer Parser::alter_broker_priority() {
  AlterBrokerPriority priority;
  priority.name = identifier();
  priority.options = broker_priority_options();
  return node(std::move(priority));
}

// CONTRACT_NAME = name | ANY; LOCAL_SERVICE_NAME = name | ANY; REMOTE_SERVICE_NAME = 'name' | ANY;
// PRIORITY_LEVEL = n | DEFAULT
BrokerPriorityOptions Parser::broker_priority_options() {
  BrokerPriorityOptions options;
  expect_all({"FOR", "CONVERSATION"});
  if (!accept("SET")) return options;
  expect("(");
  do {
    if (at("CONTRACT_NAME")) {
      once(options.contract_name.has_value());
      expect_all({"CONTRACT_NAME", "="});
      options.contract_name = name_or_any();
    } else if (at("LOCAL_SERVICE_NAME")) {
      once(options.local_service_name.has_value());
      expect_all({"LOCAL_SERVICE_NAME", "="});
      options.local_service_name = name_or_any();
    } else if (at("REMOTE_SERVICE_NAME")) {
      once(options.remote_service_name.has_value());
      expect_all({"REMOTE_SERVICE_NAME", "="});
      options.remote_service_name = name_or_any();
    } else {
      once(options.priority_level.has_value());
      expect_all({"PRIORITY_LEVEL", "="});
      options.priority_level = accept("DEFAULT") ? kDefaultPriority : integer();
    }
  } while (accept(",") || !at(")"));
  expect(")");
  return options;
}

NameOrAny Parser::name_or_any() {
  if (accept("ANY")) return {.any = true, .name = {}};
  return {.any = false, .name = at_string() ? string_literal() : identifier()};
}

// CREATE EVENT NOTIFICATION name ON SERVER | DATABASE | QUEUE queue [WITH FAN_IN] FOR event [, ...]
//   TO SERVICE 's' , 'broker'
NodePointer Parser::create_event_notification() {
  CreateEventNotification notification;
  notification.name = identifier();
  expect("ON");
  if (accept("SERVER")) {
    notification.scope = ObjectKind::server;
  } else if (accept("DATABASE")) {
    notification.scope = ObjectKind::database;
  } else {
    expect("QUEUE");
    notification.scope = ObjectKind::queue;
    notification.queue = object_name();
  }
  notification.fan_in = accept_all({"WITH", "FAN_IN"});
  expect("FOR");
  do {
    notification.events.push_back(to_upper(identifier()));
  } while (accept(","));
  expect_all({"TO", "SERVICE"});
  notification.to_service = string_literal();
  expect(",");
  notification.broker_instance = string_literal();
  return node(std::move(notification));
}

// CREATE XML SCHEMA COLLECTION name AS expression
NodePointer Parser::create_xml_schema_collection() {
  CreateXmlSchemaCollection collection;
  collection.name = object_name();
  expect("AS");
  collection.schema = expression();
  return node(std::move(collection));
}

}  // namespace ssb::broker::tsql
