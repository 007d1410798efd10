// The heads of CREATE, ALTER, DROP, OPEN, CLOSE, BACKUP and RESTORE, and DROP itself.
#include <array>

#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

namespace {

struct KindWords {
  std::array<std::string_view, 4> words;
  ObjectKind kind;
};

// What DROP takes a list of names for. Longer heads stand before their beginnings.
constexpr auto kDropKinds = std::to_array<KindWords>({
    {{"DATABASE"}, ObjectKind::database},
    {{"LOGIN"}, ObjectKind::login},
    {{"USER"}, ObjectKind::user},
    {{"ROLE"}, ObjectKind::role},
    {{"SERVER", "ROLE"}, ObjectKind::server_role},
    {{"APPLICATION", "ROLE"}, ObjectKind::application_role},
    {{"SCHEMA"}, ObjectKind::schema},
    {{"CREDENTIAL"}, ObjectKind::credential},
    {{"CERTIFICATE"}, ObjectKind::certificate},
    {{"SYMMETRIC", "KEY"}, ObjectKind::symmetric_key},
    {{"ASYMMETRIC", "KEY"}, ObjectKind::asymmetric_key},
    {{"ENDPOINT"}, ObjectKind::endpoint},
    {{"MESSAGE", "TYPE"}, ObjectKind::message_type},
    {{"CONTRACT"}, ObjectKind::contract},
    {{"QUEUE"}, ObjectKind::queue},
    {{"SERVICE"}, ObjectKind::service},
    {{"ROUTE"}, ObjectKind::route},
    {{"REMOTE", "SERVICE", "BINDING"}, ObjectKind::remote_service_binding},
    {{"BROKER", "PRIORITY"}, ObjectKind::broker_priority},
    {{"EVENT", "NOTIFICATION"}, ObjectKind::event_notification},
    {{"XML", "SCHEMA", "COLLECTION"}, ObjectKind::xml_schema_collection},
    {{"TABLE"}, ObjectKind::table},
    {{"VIEW"}, ObjectKind::view},
    {{"PROCEDURE"}, ObjectKind::procedure},
    {{"PROC"}, ObjectKind::procedure},
    {{"FUNCTION"}, ObjectKind::function},
    {{"TRIGGER"}, ObjectKind::trigger},
    {{"INDEX"}, ObjectKind::index},
    {{"TYPE"}, ObjectKind::type},
    {{"SYNONYM"}, ObjectKind::synonym},
    {{"SEQUENCE"}, ObjectKind::sequence},
    {{"STATISTICS"}, ObjectKind::statistics},
    {{"ASSEMBLY"}, ObjectKind::assembly},
    {{"FULLTEXT", "CATALOG"}, ObjectKind::fulltext_catalog},
    {{"AVAILABILITY", "GROUP"}, ObjectKind::availability_group},
});

}  // namespace

NodePointer Parser::create_statement() {
  static constexpr auto kHeads = std::to_array<Head>({
      {{"MESSAGE", "TYPE"}, &Parser::create_message_type},
      {{"CONTRACT"}, &Parser::create_contract},
      {{"QUEUE"}, &Parser::create_queue},
      {{"SERVICE"}, &Parser::create_service},
      {{"ROUTE"}, &Parser::create_route},
      {{"REMOTE", "SERVICE", "BINDING"}, &Parser::create_remote_service_binding},
      {{"BROKER", "PRIORITY"}, &Parser::create_broker_priority},
      {{"EVENT", "NOTIFICATION"}, &Parser::create_event_notification},
      {{"XML", "SCHEMA", "COLLECTION"}, &Parser::create_xml_schema_collection},
      {{"MASTER", "KEY"}, &Parser::create_master_key},
      {{"CERTIFICATE"}, &Parser::create_certificate},
      {{"SYMMETRIC", "KEY"}, &Parser::create_symmetric_key},
      {{"ASYMMETRIC", "KEY"}, &Parser::create_asymmetric_key},
      {{"DATABASE", "ENCRYPTION", "KEY"}, &Parser::create_database_encryption_key},
      {{"ENDPOINT"}, &Parser::create_endpoint},
      {{"LOGIN"}, &Parser::create_login},
      {{"USER"}, &Parser::create_user},
      {{"ROLE"}, &Parser::create_role},
      {{"SERVER", "ROLE"}, &Parser::create_server_role},
      {{"SCHEMA"}, &Parser::create_schema},
      {{"TABLE"}, &Parser::create_table},
      {{"UNIQUE"}, &Parser::create_index},
      {{"CLUSTERED"}, &Parser::create_index},
      {{"NONCLUSTERED"}, &Parser::create_index},
      {{"INDEX"}, &Parser::create_index},
      {{"OR", "ALTER", "PROCEDURE"}, &Parser::create_or_alter_procedure},
      {{"OR", "ALTER", "PROC"}, &Parser::create_or_alter_procedure},
      {{"OR", "ALTER", "VIEW"}, &Parser::create_or_alter_view},
      {{"OR", "ALTER", "FUNCTION"}, &Parser::unsupported_module},
      {{"OR", "ALTER", "TRIGGER"}, &Parser::unsupported_module},
      {{"PROCEDURE"}, &Parser::create_procedure},
      {{"PROC"}, &Parser::create_procedure},
      {{"VIEW"}, &Parser::create_view},
      {{"FUNCTION"}, &Parser::unsupported_module},
      {{"TRIGGER"}, &Parser::unsupported_module},
      {{"DATABASE", "AUDIT", "SPECIFICATION"}, &Parser::unsupported_statement},
      {{"DATABASE", "SCOPED", "CREDENTIAL"}, &Parser::unsupported_statement},
      {{"SERVER", "AUDIT", "SPECIFICATION"}, &Parser::unsupported_statement},
      {{"DATABASE"}, &Parser::create_database},
      {{"SERVER", "AUDIT"}, &Parser::unsupported_statement},
      {{"AGGREGATE"}, &Parser::unsupported_statement},
      {{"APPLICATION", "ROLE"}, &Parser::unsupported_statement},
      {{"ASSEMBLY"}, &Parser::unsupported_statement},
      {{"AVAILABILITY", "GROUP"}, &Parser::unsupported_statement},
      {{"COLUMN"}, &Parser::unsupported_statement},
      {{"CREDENTIAL"}, &Parser::unsupported_statement},
      {{"CRYPTOGRAPHIC", "PROVIDER"}, &Parser::unsupported_statement},
      {{"DEFAULT"}, &Parser::unsupported_statement},
      {{"EVENT", "SESSION"}, &Parser::unsupported_statement},
      {{"EXTERNAL"}, &Parser::unsupported_statement},
      {{"FULLTEXT"}, &Parser::unsupported_statement},
      {{"PARTITION"}, &Parser::unsupported_statement},
      {{"PRIMARY", "XML", "INDEX"}, &Parser::unsupported_statement},
      {{"RESOURCE", "POOL"}, &Parser::unsupported_statement},
      {{"RULE"}, &Parser::unsupported_statement},
      {{"SECURITY", "POLICY"}, &Parser::unsupported_statement},
      {{"SEQUENCE"}, &Parser::unsupported_statement},
      {{"SPATIAL", "INDEX"}, &Parser::unsupported_statement},
      {{"STATISTICS"}, &Parser::unsupported_statement},
      {{"SYNONYM"}, &Parser::unsupported_statement},
      {{"TYPE"}, &Parser::unsupported_statement},
      {{"WORKLOAD", "GROUP"}, &Parser::unsupported_statement},
      {{"XML", "INDEX"}, &Parser::unsupported_statement},
  });
  if (NodePointer node = dispatch(kHeads)) return node;
  fail();
}

NodePointer Parser::alter_statement() {
  static constexpr auto kHeads = std::to_array<Head>({
      {{"MESSAGE", "TYPE"}, &Parser::alter_message_type},
      {{"QUEUE"}, &Parser::alter_queue},
      {{"SERVICE", "MASTER", "KEY"}, &Parser::alter_service_master_key},
      {{"SERVICE"}, &Parser::alter_service},
      {{"ROUTE"}, &Parser::alter_route},
      {{"REMOTE", "SERVICE", "BINDING"}, &Parser::alter_remote_service_binding},
      {{"BROKER", "PRIORITY"}, &Parser::alter_broker_priority},
      {{"MASTER", "KEY"}, &Parser::alter_master_key},
      {{"CERTIFICATE"}, &Parser::alter_certificate},
      {{"SYMMETRIC", "KEY"}, &Parser::alter_symmetric_key},
      {{"ASYMMETRIC", "KEY"}, &Parser::alter_asymmetric_key},
      {{"DATABASE", "ENCRYPTION", "KEY"}, &Parser::alter_database_encryption_key},
      {{"DATABASE", "AUDIT", "SPECIFICATION"}, &Parser::unsupported_statement},
      {{"DATABASE", "SCOPED"}, &Parser::unsupported_statement},
      {{"DATABASE"}, &Parser::alter_database},
      {{"ENDPOINT"}, &Parser::alter_endpoint},
      {{"LOGIN"}, &Parser::alter_login},
      {{"USER"}, &Parser::alter_user},
      {{"ROLE"}, &Parser::alter_role},
      {{"SERVER", "ROLE"}, &Parser::alter_server_role},
      {{"AUTHORIZATION"}, &Parser::alter_authorization},
      {{"TABLE"}, &Parser::alter_table},
      {{"PROCEDURE"}, &Parser::alter_procedure},
      {{"PROC"}, &Parser::alter_procedure},
      {{"VIEW"}, &Parser::alter_view},
      {{"FUNCTION"}, &Parser::unsupported_module},
      {{"TRIGGER"}, &Parser::unsupported_module},
      {{"APPLICATION", "ROLE"}, &Parser::unsupported_statement},
      {{"ASSEMBLY"}, &Parser::unsupported_statement},
      {{"AVAILABILITY", "GROUP"}, &Parser::unsupported_statement},
      {{"CREDENTIAL"}, &Parser::unsupported_statement},
      {{"CRYPTOGRAPHIC", "PROVIDER"}, &Parser::unsupported_statement},
      {{"EVENT", "SESSION"}, &Parser::unsupported_statement},
      {{"FULLTEXT"}, &Parser::unsupported_statement},
      {{"INDEX"}, &Parser::unsupported_statement},
      {{"PARTITION"}, &Parser::unsupported_statement},
      {{"RESOURCE"}, &Parser::unsupported_statement},
      {{"SCHEMA"}, &Parser::unsupported_statement},
      {{"SECURITY", "POLICY"}, &Parser::unsupported_statement},
      {{"SEQUENCE"}, &Parser::unsupported_statement},
      {{"SERVER", "AUDIT"}, &Parser::unsupported_statement},
      {{"SERVER", "CONFIGURATION"}, &Parser::unsupported_statement},
      {{"WORKLOAD", "GROUP"}, &Parser::unsupported_statement},
      {{"XML", "SCHEMA", "COLLECTION"}, &Parser::unsupported_statement},
  });
  if (NodePointer node = dispatch(kHeads)) return node;
  fail();
}

NodePointer Parser::open_statement() {
  if (accept_all({"MASTER", "KEY"})) return open_master_key();
  if (accept_all({"SYMMETRIC", "KEY"})) return open_symmetric_key();
  return open_cursor();
}

NodePointer Parser::close_statement() {
  if (accept_all({"MASTER", "KEY"})) return node(CloseMasterKey{});
  if (accept_all({"ALL", "SYMMETRIC", "KEYS"})) return node(CloseSymmetricKey{});
  if (accept_all({"SYMMETRIC", "KEY"})) return node(CloseSymmetricKey{identifier()});
  return close_cursor();
}

NodePointer Parser::backup_statement() {
  if (accept("CERTIFICATE")) return backup_certificate();
  if (accept_all({"MASTER", "KEY"})) return backup_master_key();
  if (accept_all({"SERVICE", "MASTER", "KEY"})) return backup_service_master_key();
  if (accept("DATABASE")) return backup_database(/*log=*/false);
  if (!at_any({"LOG", "TRAN", "TRANSACTION"})) fail();
  next();
  return backup_database(/*log=*/true);
}

NodePointer Parser::restore_statement() {
  if (accept_all({"MASTER", "KEY"})) return restore_master_key();
  if (accept_all({"SERVICE", "MASTER", "KEY"})) return restore_service_master_key();
  return restore_database();
}

std::optional<ObjectKind> Parser::drop_kind() {
  for (const KindWords& row : kDropKinds) {
    std::size_t count = 0;
    while (count < row.words.size() && !row.words[count].empty() && at(row.words[count], count))
      ++count;
    if (count < row.words.size() && !row.words[count].empty()) continue;
    index_ += count;
    return row.kind;
  }
  return std::nullopt;
}

// DROP kind [IF EXISTS] name [, ...] [ON ...]
NodePointer Parser::drop_statement() {
  if (at("SIGNATURE") || at_all({"COUNTER", "SIGNATURE"})) return change_signature(/*add=*/false);
  Drop drop;
  if (accept_all({"MASTER", "KEY"})) {
    drop.kind = ObjectKind::master_key;
    return node(std::move(drop));
  }
  if (accept_all({"DATABASE", "ENCRYPTION", "KEY"})) {
    drop.kind = ObjectKind::database_encryption_key;
    return node(std::move(drop));
  }
  if (at_all({"DATABASE", "AUDIT", "SPECIFICATION"}) || at_all({"DATABASE", "SCOPED"}) ||
      at_all({"SERVER", "AUDIT"}) || at_all({"EVENT", "SESSION"}) ||
      at_any({"AGGREGATE", "COLUMN", "CRYPTOGRAPHIC", "DEFAULT", "EXTERNAL", "FULLTEXT",
              "PARTITION", "RESOURCE", "RULE", "SECURITY", "WORKLOAD"})) {
    next();
    return unsupported_statement();
  }
  const std::optional<ObjectKind> kind = drop_kind();
  if (!kind) fail();
  drop.kind = *kind;
  drop.if_exists = accept_all({"IF", "EXISTS"});
  do {
    drop.names.push_back(object_name());
  } while (accept(","));
  if (*kind == ObjectKind::event_notification || *kind == ObjectKind::index ||
      *kind == ObjectKind::trigger) {
    drop_scope(drop);
  }
  accept_all({"REMOVE", "PROVIDER", "KEY"});
  return node(std::move(drop));
}

// ON SERVER | DATABASE | ALL SERVER | QUEUE q | table
void Parser::drop_scope(Drop& drop) {
  if (!accept("ON")) return;
  if (accept("SERVER") || accept_all({"ALL", "SERVER"})) {
    drop.on_kind = ObjectKind::server;
  } else if (accept("DATABASE")) {
    drop.on_kind = ObjectKind::database;
  } else {
    drop.on_kind = accept("QUEUE") ? ObjectKind::queue : ObjectKind::table;
    drop.on = object_name();
  }
}

}  // namespace ssb::broker::tsql
