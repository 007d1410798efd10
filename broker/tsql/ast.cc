#include "broker/tsql/ast.h"

#include <variant>

namespace ssb::broker::tsql {

std::string to_sql(const ObjectName& name) {
  std::string sql;
  for (const std::string* part : {&name.server, &name.database, &name.schema, &name.name}) {
    if (sql.empty() && part->empty()) continue;
    if (!sql.empty()) sql += '.';
    if (part->empty()) continue;  // db..t
    sql += '[';
    for (const char c : *part) sql.append(c == ']' ? 2 : 1, c);
    sql += ']';
  }
  return sql;
}

namespace {

bool is_predicate_operator(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::equal:
    case BinaryOperator::not_equal:
    case BinaryOperator::less:
    case BinaryOperator::less_equal:
    case BinaryOperator::greater:
    case BinaryOperator::greater_equal:
    case BinaryOperator::logical_and:
    case BinaryOperator::logical_or: return true;
    case BinaryOperator::add:
    case BinaryOperator::subtract:
    case BinaryOperator::multiply:
    case BinaryOperator::divide:
    case BinaryOperator::modulo:
    case BinaryOperator::bit_and:
    case BinaryOperator::bit_or:
    case BinaryOperator::bit_xor: return false;
  }
  return false;
}

}  // namespace

bool is_predicate(const Expression& expression) {
  if (const auto* binary = std::get_if<Binary>(&expression.node)) {
    return is_predicate_operator(binary->op);
  }
  return std::holds_alternative<Not>(expression.node) ||
         std::holds_alternative<Like>(expression.node) ||
         std::holds_alternative<In>(expression.node) ||
         std::holds_alternative<Between>(expression.node) ||
         std::holds_alternative<IsNull>(expression.node) ||
         std::holds_alternative<Exists>(expression.node) ||
         std::holds_alternative<QuantifiedComparison>(expression.node);
}

const char* to_text(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::object: return "object";
    case ObjectKind::server: return "server";
    case ObjectKind::database: return "database";
    case ObjectKind::login: return "login";
    case ObjectKind::user: return "user";
    case ObjectKind::role: return "role";
    case ObjectKind::server_role: return "server role";
    case ObjectKind::application_role: return "application role";
    case ObjectKind::schema: return "schema";
    case ObjectKind::credential: return "credential";
    case ObjectKind::master_key: return "master key";
    case ObjectKind::certificate: return "certificate";
    case ObjectKind::symmetric_key: return "symmetric key";
    case ObjectKind::asymmetric_key: return "asymmetric key";
    case ObjectKind::database_encryption_key: return "database encryption key";
    case ObjectKind::endpoint: return "endpoint";
    case ObjectKind::message_type: return "message type";
    case ObjectKind::contract: return "contract";
    case ObjectKind::queue: return "queue";
    case ObjectKind::service: return "service";
    case ObjectKind::route: return "route";
    case ObjectKind::remote_service_binding: return "remote service binding";
    case ObjectKind::broker_priority: return "broker priority";
    case ObjectKind::event_notification: return "event notification";
    case ObjectKind::xml_schema_collection: return "XML schema collection";
    case ObjectKind::table: return "table";
    case ObjectKind::view: return "view";
    case ObjectKind::procedure: return "procedure";
    case ObjectKind::function: return "function";
    case ObjectKind::trigger: return "trigger";
    case ObjectKind::index: return "index";
    case ObjectKind::type: return "type";
    case ObjectKind::synonym: return "synonym";
    case ObjectKind::sequence: return "sequence";
    case ObjectKind::statistics: return "statistics";
    case ObjectKind::assembly: return "assembly";
    case ObjectKind::fulltext_catalog: return "full-text catalog";
    case ObjectKind::availability_group: return "availability group";
  }
  return "object";
}

void DeleteStatementNode::operator()(StatementNode* node) const {
  delete node;
}

}  // namespace ssb::broker::tsql
