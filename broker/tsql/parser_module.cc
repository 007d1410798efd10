// Procedures and views: their text is the whole batch.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

NodePointer Parser::create_procedure() {
  return procedure(ModuleChange::create);
}
NodePointer Parser::alter_procedure() {
  return procedure(ModuleChange::alter);
}
NodePointer Parser::create_or_alter_procedure() {
  return procedure(ModuleChange::create_or_alter);
}
NodePointer Parser::create_view() {
  return view(ModuleChange::create);
}
NodePointer Parser::alter_view() {
  return view(ModuleChange::alter);
}
NodePointer Parser::create_or_alter_view() {
  return view(ModuleChange::create_or_alter);
}

// name [(] [parameter, ...] [)] [WITH option, ...] [FOR REPLICATION] AS statements to the end of the batch
NodePointer Parser::procedure(ModuleChange change) {
  require_first_in_batch();
  CreateProcedure procedure;
  procedure.change = change;
  procedure.name = object_name();
  const bool parentheses = accept("(");
  if (parentheses || at_kind(TokenKind::variable)) procedure.parameters = procedure_parameters();
  if (parentheses) expect(")");
  if (at("WITH")) procedure_options(procedure);
  accept_all({"FOR", "REPLICATION"});
  expect("AS");
  in_procedure_ = true;
  terminated_ = true;
  statements_into(procedure.body);
  if (!at_kind(TokenKind::end)) fail();
  procedure.text = std::string(text_);
  return node(std::move(procedure));
}

// WITH RECOMPILE | ENCRYPTION | EXECUTE AS ... [, ...]
void Parser::procedure_options(CreateProcedure& procedure) {
  expect("WITH");
  do {
    if (accept("RECOMPILE")) {
      procedure.recompile = true;
    } else if (accept("ENCRYPTION")) {
      procedure.encryption = true;
    } else {
      procedure.execute_as = execute_as_clause();
    }
  } while (accept(","));
}

std::vector<ProcedureParameter> Parser::procedure_parameters() {
  std::vector<ProcedureParameter> parameters;
  do {
    parameters.push_back(procedure_parameter());
  } while (accept(","));
  return parameters;
}

// @name [AS] type [VARYING] [NULL | NOT NULL] [= constant] [OUT[PUT]] [READONLY]
ProcedureParameter Parser::procedure_parameter() {
  ProcedureParameter parameter;
  parameter.position = peek().position;
  parameter.name = variable();
  accept("AS");
  parameter.type = data_type(TypeContext::declaration);
  accept("VARYING");
  if (!accept("NULL")) accept_all({"NOT", "NULL"});
  if (accept("=")) {
    const Token& token = peek();
    if (at_kind(TokenKind::variable)) fail();
    parameter.default_value =
        at_identifier() ? Expression{token.position, StringLiteral{identifier(), /*national=*/true}}
                        : literal_or_variable();
  }
  parameter.output = accept("OUTPUT") || accept("OUT");
  parameter.read_only = accept("READONLY");
  declare(parameter.name, parameter.position);
  return parameter;
}

std::vector<ProcedureParameter> Parser::parameters_only() {
  std::vector<ProcedureParameter> parameters;
  if (!at_kind(TokenKind::end)) parameters = procedure_parameters();
  if (!at_kind(TokenKind::end)) fail();
  return parameters;
}

// name [( column, ... )] [WITH option, ...] AS query [WITH CHECK OPTION]
NodePointer Parser::view(ModuleChange change) {
  require_first_in_batch();
  CreateView view;
  view.change = change;
  view.name = object_name();
  if (at("(")) view.columns = parenthesized_names();
  if (accept("WITH")) {
    do {
      if (!at_any({"SCHEMABINDING", "ENCRYPTION", "VIEW_METADATA"})) fail();
      next();
    } while (accept(","));
  }
  expect("AS");
  view.query = query();
  accept_all({"WITH", "CHECK", "OPTION"});
  accept(";");
  if (!at_kind(TokenKind::end)) fail();
  view.text = std::string(text_);
  return node(std::move(view));
}

}  // namespace ssb::broker::tsql
