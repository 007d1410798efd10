// Queries: SELECT, set operators, FROM and its joins, WITH, ORDER BY, FOR XML.
#include <algorithm>
#include <array>

#include "broker/tsql/parser_core.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

// Table hints that may stand in parentheses without WITH.
constexpr auto kHints = std::to_array<std::string_view>(
    {"FORCESEEK", "HOLDLOCK", "NOEXPAND", "NOLOCK", "NOWAIT", "PAGLOCK", "READCOMMITTED",
     "READCOMMITTEDLOCK", "READPAST", "READUNCOMMITTED", "REPEATABLEREAD", "ROWLOCK",
     "SERIALIZABLE", "SNAPSHOT", "TABLOCK", "TABLOCKX", "UPDLOCK", "XLOCK"});

struct AssignmentSymbol {
  std::string_view symbol;
  AssignmentOperator op;
};
constexpr auto kAssignments =
    std::to_array<AssignmentSymbol>({{"=", AssignmentOperator::assign},
                                     {"+=", AssignmentOperator::add},
                                     {"-=", AssignmentOperator::subtract},
                                     {"*=", AssignmentOperator::multiply},
                                     {"/=", AssignmentOperator::divide},
                                     {"%=", AssignmentOperator::modulo},
                                     {"&=", AssignmentOperator::bit_and},
                                     {"|=", AssignmentOperator::bit_or},
                                     {"^=", AssignmentOperator::bit_xor}});

bool takes_condition(JoinKind kind) {
  switch (kind) {
    case JoinKind::inner:
    case JoinKind::left:
    case JoinKind::right:
    case JoinKind::full: return true;
    case JoinKind::cross:
    case JoinKind::cross_apply:
    case JoinKind::outer_apply: return false;
  }
  return false;
}

}  // namespace

bool Parser::at_query(std::size_t ahead) const {
  return at("SELECT", ahead);
}

// One or more ( and then SELECT.
bool Parser::at_parenthesized_query() const {
  std::size_t ahead = 0;
  while (ahead < kNestingMax && at("(", ahead)) ++ahead;
  return ahead > 0 && at_query(ahead);
}

// [WITH ...] term (UNION [ALL] | EXCEPT | INTERSECT term)* [ORDER BY ...] [FOR XML ...] [OPTION (...)]
Query Parser::query() {
  const Nested nested(*this);
  Query query;
  if (at("WITH")) query.with = common_tables();
  query_body(query);
  query_tail(query);
  return query;
}

// WITH name [(column, ...)] AS ( query ) [, ...]
std::vector<CommonTable> Parser::common_tables() {
  expect("WITH");
  return common_table_list();
}

std::vector<CommonTable> Parser::common_table_list() {
  std::vector<CommonTable> tables;
  do {
    CommonTable table;
    table.name = identifier();
    if (at("(")) table.columns = parenthesized_names();
    expect_all({"AS", "("});
    table.query = box(query());
    expect(")");
    tables.push_back(std::move(table));
  } while (accept(","));
  return tables;
}

void Parser::query_body(Query& query) {
  query.terms.push_back(intersection());
  while (true) {
    SetOperator op = SetOperator::none;
    if (accept("UNION")) {
      op = accept("ALL") ? SetOperator::union_all : SetOperator::union_distinct;
    } else if (accept("EXCEPT")) {
      op = SetOperator::except;
    } else {
      return;
    }
    QueryTerm term = intersection();
    term.op = op;
    query.terms.push_back(std::move(term));
  }
}

// INTERSECT binds tighter, so that a group of its own results.
QueryTerm Parser::intersection() {
  QueryTerm first = query_primary();
  if (!at("INTERSECT")) return first;
  Query group;
  group.terms.push_back(std::move(first));
  while (accept("INTERSECT")) {
    QueryTerm term = query_primary();
    term.op = SetOperator::intersect;
    group.terms.push_back(std::move(term));
  }
  return QueryTerm{SetOperator::none, box(std::move(group))};
}

QueryTerm Parser::query_primary() {
  if (!at("(")) return QueryTerm{SetOperator::none, select_specification()};
  const Nested nested(*this);
  expect("(");
  Query inner;
  query_body(inner);
  expect(")");
  return QueryTerm{SetOperator::none, box(std::move(inner))};
}

void Parser::query_tail(Query& query) {
  if (at("ORDER")) {
    query.order_by = order_items();
    if (accept("OFFSET")) {
      query.offset = expression();
      if (!accept("ROWS")) expect("ROW");
      if (accept("FETCH")) {
        if (!accept("NEXT")) expect("FIRST");
        query.fetch = expression();
        if (!accept("ROWS")) expect("ROW");
        expect("ONLY");
      }
    }
  }
  if (at_all({"FOR", "XML"})) query.for_xml = for_xml();
  accept_all({"FOR", "BROWSE"});
  option_clause();
}

// SELECT [ALL | DISTINCT] [TOP ...] items [INTO t] [FROM ...] [WHERE ...] [GROUP BY ...] [HAVING ...]
Select Parser::select_specification() {
  Select select;
  select.position = peek().position;
  expect("SELECT");
  select.distinct = accept("DISTINCT");
  if (!select.distinct) accept("ALL");
  if (at("TOP")) select.top = top_clause();
  select.items = select_items();
  const auto assignments =
      std::count_if(select.items.begin(), select.items.end(),
                    [](const SelectItem& item) { return !item.variable.empty(); });
  if (assignments != 0 && static_cast<std::size_t>(assignments) != select.items.size()) {
    note(Error(ErrorCode::select_assigns_and_returns), select.position);
  }
  if (accept("INTO")) select.into = object_name();
  if (at("FROM")) select.from = from_list();
  if (accept("WHERE")) select.where = predicate();
  if (accept_all({"GROUP", "BY"})) {
    do {
      select.group_by.push_back(expression());
    } while (accept(","));
  }
  if (accept("HAVING")) select.having = predicate();
  return select;
}

// TOP n | TOP ( value ) [PERCENT] [WITH TIES]
Top Parser::top_clause() {
  expect("TOP");
  Top top;
  if (accept("(")) {
    top.count = expression();
    expect(")");
  } else {
    if (!at_kind(TokenKind::integer) && !at_kind(TokenKind::decimal)) fail();
    top.count = literal();
  }
  top.percent = accept("PERCENT");
  top.with_ties = accept_all({"WITH", "TIES"});
  return top;
}

std::vector<SelectItem> Parser::select_items() {
  std::vector<SelectItem> items;
  do {
    items.push_back(select_item());
  } while (accept(","));
  return items;
}

std::optional<AssignmentOperator> Parser::assignment_operator_at(std::size_t ahead) const {
  for (const AssignmentSymbol& entry : kAssignments) {
    if (at(entry.symbol, ahead)) return entry.op;
  }
  return std::nullopt;
}

std::optional<AssignmentOperator> Parser::accept_assignment_operator() {
  const std::optional<AssignmentOperator> op = assignment_operator_at(0);
  if (op) next();
  return op;
}

bool Parser::at_qualified_star() const {
  std::size_t ahead = 0;
  while (at_identifier(ahead) && at(".", ahead + 1)) ahead += 2;
  return ahead > 0 && at("*", ahead);
}

// * | t.* | @v = value | alias = value | value [[AS] alias]
SelectItem Parser::select_item() {
  SelectItem item;
  const SourcePosition where = peek().position;
  if (accept("*")) {
    item.value = Expression{where, Star{}};
    return item;
  }
  if (at_qualified_star()) {
    Star star;
    while (!accept("*")) {
      star.qualifier.push_back(identifier());
      expect(".");
    }
    item.value = Expression{where, std::move(star)};
    return item;
  }
  if (at_kind(TokenKind::variable) && assignment_operator_at(1)) {
    item.variable = declared_variable();
    item.op = accept_assignment_operator().value_or(AssignmentOperator::assign);
    item.value = expression();
    return item;
  }
  if ((at_identifier() || at_string()) && at("=", 1)) {
    item.alias = value_of(next());
    expect("=");
    item.value = expression();
    return item;
  }
  item.value = expression();
  if (accept("AS")) {
    item.alias = at_string() ? string_literal() : identifier();
  } else if (at_alias() || at_string()) {
    item.alias = value_of(next());
  }
  return item;
}

bool Parser::at_alias() const {
  return at_identifier() && !at_statement_head();
}

// FROM item [, ...]
std::vector<FromItem> Parser::from_list() {
  expect("FROM");
  std::vector<FromItem> items;
  do {
    items.push_back(from_item());
  } while (accept(","));
  return items;
}

// table (join table [ON condition])*; also a JOIN b JOIN c ON ... ON ..., where the inner pair goes first
FromItem Parser::from_item() {
  FromItem item{table_source(), {}};
  joins(item);
  return item;
}

void Parser::joins(FromItem& item) {
  while (const std::optional<JoinKind> kind = accept_join()) {
    Join join{*kind, table_source(), std::nullopt};
    if (takes_condition(*kind)) {
      if (at_qualified_join()) {
        const Nested nested(*this);
        JoinedTable group{std::make_unique<FromItem>()};
        TableSource source;
        source.position = join.right.position;
        group.inner->table = std::move(join.right);
        joins(*group.inner);
        source.node = std::move(group);
        join.right = std::move(source);
      }
      expect("ON");
      join.on = predicate();
    }
    item.joins.push_back(std::move(join));
  }
}

bool Parser::at_qualified_join() const {
  return at_any({"JOIN", "INNER"}) || (at_any({"LEFT", "RIGHT", "FULL"}) && !at("(", 1));
}

std::optional<JoinKind> Parser::accept_join() {
  if (accept_all({"CROSS", "JOIN"})) return JoinKind::cross;
  if (accept_all({"CROSS", "APPLY"})) return JoinKind::cross_apply;
  if (accept_all({"OUTER", "APPLY"})) return JoinKind::outer_apply;
  if (!at_qualified_join()) return std::nullopt;
  JoinKind kind = JoinKind::inner;
  if (accept("LEFT")) {
    kind = JoinKind::left;
  } else if (accept("RIGHT")) {
    kind = JoinKind::right;
  } else if (accept("FULL")) {
    kind = JoinKind::full;
  } else {
    accept("INNER");
  }
  if (kind != JoinKind::inner) accept("OUTER");
  if (at_any({"LOOP", "HASH", "MERGE", "REMOTE"}) && at("JOIN", 1)) next();
  expect("JOIN");
  return kind;
}

TableSource Parser::table_source() {
  const Nested nested(*this);
  TableSource source;
  source.position = peek().position;
  if (at("(")) {
    parenthesized_table(source);
  } else if (at_kind(TokenKind::variable) && at_all({".", "NODES", "("}, 1)) {
    source.node = XmlNodesTable{postfix(/*predicates=*/false)};
  } else if (at_kind(TokenKind::variable)) {
    source.node = TableVariable{table_variable()};
  } else if (at("OPENXML")) {
    open_xml(source);
  } else {
    named_table(source);
  }
  table_alias(source);
  return source;
}

// ( query ) | ( VALUES rows ) | ( joined tables )
void Parser::parenthesized_table(TableSource& source) {
  if (at_parenthesized_query()) {
    expect("(");
    source.node = DerivedTable{box(query())};
  } else if (at("VALUES", 1)) {
    expect("(");
    source.node = ValuesTable{value_rows()};
  } else {
    expect("(");
    source.node = JoinedTable{std::make_unique<FromItem>(from_item())};
  }
  expect(")");
}

// name | function(...) | column.nodes('path')
void Parser::named_table(TableSource& source) {
  std::size_t behind = 1;
  while (at(".", behind)) behind += at(".", behind + 1) ? 1 : 2;
  if (!at("(", behind) || at_old_hint(behind)) {
    source.node = NamedTable{object_name()};
    return;
  }
  Expression call = postfix(/*predicates=*/false);
  if (auto* const function = std::get_if<FunctionCall>(&call.node)) {
    source.node = TableFunction{std::move(*function), {}};
  } else if (std::holds_alternative<XmlMethod>(call.node)) {
    source.node = XmlNodesTable{std::move(call)};
  } else {
    fail();
  }
}

// OPENXML ( document, 'path' [, flags] ) [WITH ( column type ['path'], ... )]
void Parser::open_xml(TableSource& source) {
  TableFunction table;
  const SourcePosition where = peek().position;
  ObjectName name;
  name.name = std::string(next().text);
  Expression call = function_call(std::move(name), where);
  table.call = std::move(std::get<FunctionCall>(call.node));
  if (accept_all({"WITH", "("})) {
    do {
      TableFunctionColumn column;
      column.name = identifier();
      column.type = data_type(TypeContext::declaration);
      if (at_string()) column.path = string_literal();
      table.columns.push_back(std::move(column));
    } while (accept(","));
    expect(")");
  }
  source.node = std::move(table);
}

// [(hints)] [[AS] alias [(column, ...)]] [[WITH] (hints)]
void Parser::table_alias(TableSource& source) {
  table_hints(source);
  if (accept("AS") || at_alias()) source.alias = identifier();
  if (!source.alias.empty() && at("(") && !at_old_hint())
    source.column_aliases = parenthesized_names();
  table_hints(source);
}

bool Parser::at_old_hint(std::size_t ahead) const {
  if (!at("(", ahead) || !(at(")", ahead + 2) || at(",", ahead + 2))) return false;
  return std::any_of(kHints.begin(), kHints.end(),
                     [&](std::string_view hint) { return at(hint, ahead + 1); });
}

// Only a table can be meant by WITH ( here; WITH name is a common table expression after a missing semicolon.
void Parser::table_hints(TableSource& source) {
  if (at_all({"WITH", "("})) {
    next();
    hint_list(source);
  } else if (at("WITH") && at_identifier(1)) {
    const Token& name = peek(1);
    fail(Error(ErrorCode::possible_cte, value_of(name)), name.position);
  } else if (at_old_hint()) {
    hint_list(source);
  }
}

void Parser::hint_list(TableSource& source) {
  expect("(");
  do {
    source.hints.push_back(word());
    if (at("(")) {
      skip_parentheses();
    } else if (accept("=")) {
      next();
    }
    accept(",");
  } while (!at(")"));
  expect(")");
}

// VALUES ( value, ... ) [, ...]
std::vector<std::vector<Expression>> Parser::value_rows() {
  expect("VALUES");
  std::vector<std::vector<Expression>> rows;
  do {
    expect("(");
    std::vector<Expression> row;
    do {
      row.push_back(value_or_default());
    } while (accept(","));
    expect(")");
    rows.push_back(std::move(row));
  } while (accept(","));
  return rows;
}

// ORDER BY value [ASC | DESC] [, ...]
std::vector<OrderItem> Parser::order_items() {
  expect_all({"ORDER", "BY"});
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    item.value = expression();
    item.descending = accept("DESC");
    if (!item.descending) accept("ASC");
    items.push_back(std::move(item));
  } while (accept(","));
  return items;
}

// FOR XML PATH [('row')] | RAW [('row')] | AUTO | EXPLICIT [, TYPE | ROOT [('name')] | ELEMENTS | BINARY BASE64]*
ForXml Parser::for_xml() {
  expect_all({"FOR", "XML"});
  has_for_xml_ = true;
  ForXml clause;
  if (accept("PATH")) {
    clause.mode = ForXmlMode::path;
  } else if (accept("RAW")) {
    clause.mode = ForXmlMode::raw;
  } else if (accept("AUTO")) {
    clause.mode = ForXmlMode::automatic;
  } else {
    expect("EXPLICIT");
    clause.mode = ForXmlMode::explicit_mode;
  }
  const auto name_in_parentheses = [this]() -> std::optional<std::string> {
    if (!accept("(")) return std::nullopt;
    std::string name = string_literal();
    expect(")");
    return name;
  };
  if (clause.mode == ForXmlMode::path || clause.mode == ForXmlMode::raw)
    clause.element = name_in_parentheses();
  while (accept(",")) {
    if (accept("TYPE")) {
      clause.type = true;
    } else if (accept("ROOT")) {
      clause.root = name_in_parentheses().value_or("root");
    } else if (accept("ELEMENTS")) {
      clause.elements = true;
      clause.xsinil = accept("XSINIL");
      if (!clause.xsinil) accept("ABSENT");
    } else {
      expect_all({"BINARY", "BASE64"});
      clause.binary_base64 = true;
    }
  }
  return clause;
}

// OPTION ( hints ): read and dropped.
void Parser::option_clause() {
  if (accept("OPTION")) skip_parentheses();
}

}  // namespace ssb::broker::tsql
