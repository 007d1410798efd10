// SELECT, INSERT, UPDATE, DELETE and TRUNCATE as statements.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

// The word SELECT or a parenthesis still stands here.
NodePointer Parser::select_statement() {
  return node(SelectStatement{query()});
}
NodePointer Parser::insert_statement() {
  return insert({});
}
NodePointer Parser::update_statement() {
  return update({});
}
NodePointer Parser::delete_statement() {
  return remove({});
}

// table | @t, with hints
TableSource Parser::modification_target() {
  TableSource target;
  target.position = peek().position;
  if (at_kind(TokenKind::variable)) {
    target.node = TableVariable{table_variable()};
  } else {
    target.node = NamedTable{object_name()};
  }
  if (at_all({"WITH", "("}) || at_old_hint()) table_hints(target);
  return target;
}

// INSERT [TOP ( n )] [INTO] target [( column, ... )] [OUTPUT ...] source
NodePointer Parser::insert(std::vector<CommonTable> with) {
  Insert insert;
  insert.with = std::move(with);
  if (at("TOP")) insert.top = top_clause();
  accept("INTO");
  insert.target = modification_target();
  if (at("(") && !at_parenthesized_query()) {
    expect("(");
    do {
      insert.columns.push_back(object_name().name);
    } while (accept(","));
    expect(")");
  }
  insert.output = output_clause();
  insert_source(insert);
  return node(std::move(insert));
}

// VALUES rows | query | EXEC ... | DEFAULT VALUES
void Parser::insert_source(Insert& insert) {
  if (at("VALUES")) {
    insert.source = InsertRows{value_rows()};
  } else if (at_any({"EXEC", "EXECUTE"})) {
    const Token& token = peek();
    InsertExecute source{nested_statement()};
    const StatementNode& inner = *source.execute->node;
    if (!std::holds_alternative<Execute>(inner) && !std::holds_alternative<ExecuteText>(inner))
      fail(token);
    insert.source = std::move(source);
  } else if (accept_all({"DEFAULT", "VALUES"})) {
    insert.source = InsertDefaultValues{};
  } else {
    insert.source = InsertQuery{query()};
  }
  option_clause();
}

// UPDATE [TOP ( n )] target SET assignment, ... [OUTPUT ...] [FROM ...] [WHERE ...]
NodePointer Parser::update(std::vector<CommonTable> with) {
  Update update;
  update.with = std::move(with);
  if (at("TOP")) update.top = top_clause();
  update.target = modification_target();
  expect("SET");
  do {
    update.assignments.push_back(update_assignment());
  } while (accept(","));
  update.output = output_clause();
  if (at("FROM")) update.from = from_list();
  modification_filter(update.where, update.current_of);
  option_clause();
  return node(std::move(update));
}

// column op value | @v op value | @v = column op value | column.modify('...')
UpdateAssignment Parser::update_assignment() {
  UpdateAssignment assignment;
  if (at_kind(TokenKind::variable)) {
    assignment.variable = declared_variable();
    const bool column_follows = at("=") && at_identifier(1) && assignment_operator_at(2);
    if (!column_follows) {
      const std::optional<AssignmentOperator> op = accept_assignment_operator();
      if (!op) fail();
      assignment.op = *op;
      assignment.value = expression();
      return assignment;
    }
    expect("=");
  }
  ColumnReference column;
  const SourcePosition where = peek().position;
  column.parts.push_back(identifier());
  while (at(".") && !at_xml_method()) {
    next();
    column.parts.push_back(identifier());
  }
  if (at_xml_method()) {
    assignment.value = xml_method(Expression{where, std::move(column)});
    return assignment;
  }
  const std::optional<AssignmentOperator> op = accept_assignment_operator();
  if (!op) fail();
  assignment.op = *op;
  assignment.column = std::move(column);
  assignment.value = value_or_default();
  return assignment;
}

// DELETE [TOP ( n )] [FROM] target [OUTPUT ...] [FROM ...] [WHERE ...]
NodePointer Parser::remove(std::vector<CommonTable> with) {
  Delete statement;
  statement.with = std::move(with);
  if (at("TOP")) statement.top = top_clause();
  accept("FROM");
  statement.target = modification_target();
  statement.output = output_clause();
  if (at("FROM")) statement.from = from_list();
  modification_filter(statement.where, statement.current_of);
  option_clause();
  return node(std::move(statement));
}

// WHERE condition | WHERE CURRENT OF cursor
void Parser::modification_filter(std::optional<Expression>& where,
                                 std::optional<std::string>& current_of) {
  if (!accept("WHERE")) return;
  if (accept_all({"CURRENT", "OF"})) {
    current_of = cursor_name();
  } else {
    where = predicate();
  }
}

// OUTPUT item, ... [INTO target [( column, ... )]]
std::optional<OutputClause> Parser::output_clause() {
  if (!accept("OUTPUT")) return std::nullopt;
  OutputClause output;
  output.items = select_items();
  if (accept("INTO")) {
    output.into = modification_target();
    if (at("(") && !at_parenthesized_query()) output.into_columns = parenthesized_names();
  }
  return output;
}

NodePointer Parser::truncate_statement() {
  return node(TruncateTable{object_name()});
}

}  // namespace ssb::broker::tsql
