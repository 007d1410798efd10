// Queries: SELECT with its clauses, set operators, common tables, ORDER BY and TOP.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "broker/tsql/translator_body.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

bool has_star(const std::vector<SelectItem>& items) {
  return std::any_of(items.begin(), items.end(), [](const SelectItem& item) {
    return std::holds_alternative<Star>(item.value.node);
  });
}

// The name of an output column: its alias, or the column's own.
std::string name_of(const SelectItem& item) {
  if (!item.alias.empty()) return item.alias;
  const auto* column = std::get_if<ColumnReference>(&item.value.node);
  return column == nullptr ? std::string() : column->parts.back();
}

const char* set_operator(SetOperator op) {
  switch (op) {
    case SetOperator::none: return "";
    case SetOperator::union_distinct: return " UNION ";
    case SetOperator::union_all: return " UNION ALL ";
    case SetOperator::except: return " EXCEPT ";
    case SetOperator::intersect: return " INTERSECT ";
  }
  return "";
}

}  // namespace

std::string Translator::Body::next_alias() {
  return fmt::format("t{}", ++aliases_);
}

// ---------------------------------------------------------------- FROM

std::string Translator::Body::add_source(Scope& scope, const Relation& relation, std::string name) {
  ScopeTable table;
  table.name = std::move(name);
  table.schema = relation.schema;
  table.alias = next_alias();
  table.columns = relation.columns;
  std::string sql = relation.sql;
  if (relation.view) {
    const auto before = static_cast<store::DatabaseId>(environment_.database_id());
    environment_.enter_database(relation.view_database);
    const auto& create = std::get<CreateView>(*relation.view->statements.at(0).node);
    const SqlQuery inner = query(create.query, nullptr);
    environment_.enter_database(before);
    sql = "(" + inner.sql + ")";
    for (std::size_t i = 0; i < inner.columns.size(); ++i) {
      const OutputColumn& column = inner.columns[i];
      const std::string& alias = i < create.columns.size() ? create.columns[i] : column.name;
      table.columns.push_back(
          {alias, fmt::format("o{}", i), column.type, column.is_binary_collation});
    }
  }
  sql += " AS " + table.alias;
  add_table(scope, std::move(table));
  return sql;
}

std::string Translator::Body::derived(const TableSource& source, const Query& inner, Scope& scope,
                                      bool is_applied) {
  // APPLY may use the tables on its left; SQLite has no such subquery in FROM.
  const bool was_used = scope.is_used_from_inside;
  scope.is_used_from_inside = false;
  const SqlQuery sub = query(inner, is_applied ? &scope : scope.outer);
  if (is_applied && scope.is_used_from_inside) {
    fail(source.position,
         Error(ErrorCode::not_supported, "APPLY with a query that uses the tables before it"));
  }
  scope.is_used_from_inside = was_used;
  ScopeTable table;
  table.name = source.alias;
  table.alias = next_alias();
  for (std::size_t i = 0; i < sub.columns.size(); ++i) {
    const std::string& name =
        i < source.column_aliases.size() ? source.column_aliases[i] : sub.columns[i].name;
    table.columns.push_back(
        {name, fmt::format("o{}", i), sub.columns[i].type, sub.columns[i].is_binary_collation});
  }
  std::string sql = "(" + sub.sql + ") AS " + table.alias;
  add_table(scope, std::move(table));
  return sql;
}

std::string Translator::Body::values_table(const TableSource& source, const ValuesTable& values,
                                           Scope& scope) {
  std::vector<std::vector<SqlExpression>> rows;
  for (const auto& row : values.rows) {
    std::vector<SqlExpression>& cells = rows.emplace_back();
    for (const Expression& cell : row) cells.push_back(value(cell, scope.outer));
    if (cells.size() != rows[0].size())
      fail(source.position, Error(ErrorCode::column_count_mismatch));
  }
  ScopeTable table;
  table.name = source.alias;
  table.alias = next_alias();
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    std::vector<SqlExpression> column;
    column.reserve(rows.size());
    for (const auto& row : rows) column.push_back(row[i]);
    const std::string name =
        i < source.column_aliases.size() ? source.column_aliases[i] : std::string();
    table.columns.push_back({name, fmt::format("o{}", i), common_of(column)});
  }
  std::string sql;
  for (const auto& row : rows) {
    sql += sql.empty() ? "SELECT " : " UNION ALL SELECT ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      sql +=
          fmt::format("{}{} AS o{}", i == 0 ? "" : ",", fit(row[i], table.columns[i].type).sql, i);
    }
  }
  sql = "(" + sql + ") AS " + table.alias;
  add_table(scope, std::move(table));
  return sql;
}

std::string Translator::Body::table_function(const TableSource& source,
                                             const TableFunction& function, Scope& scope) {
  const std::string name = upper(function.call.name.name);
  if (name == "STRING_SPLIT" && function.call.arguments.size() == 2) {
    const DataType text = type_of(SqlType::nvarchar, -1);
    const std::string whole = fit(value(function.call.arguments[0], &scope), text).sql;
    const std::string separator = fit(value(function.call.arguments[1], &scope), text).sql;
    ScopeTable table;
    table.name = source.alias.empty() ? function.call.name.name : source.alias;
    table.alias = next_alias();
    table.columns.push_back({"value", "value", text});
    std::string sql =
        fmt::format("json_each(ssb_split({},{})) AS {}", whole, separator, table.alias);
    add_table(scope, std::move(table));
    return sql;
  }
  fail(source.position,
       Error(ErrorCode::not_supported, "the table function " + to_text(function.call.name)));
}

std::string Translator::Body::table_source(const TableSource& source, Scope& scope,
                                           bool is_applied) {
  if (const auto* node = std::get_if<NamedTable>(&source.node)) {
    const std::string& name = node->name.name;
    if (!node->name.is_qualified()) {
      for (auto level = common_tables_.rbegin(); level != common_tables_.rend(); ++level) {
        for (const CommonTableEntry& entry : *level) {
          if (equal_names(entry.name, name)) {
            return add_source(scope, entry.relation, source.alias.empty() ? name : source.alias);
          }
        }
      }
    }
    auto relation = environment_.relation(node->name);
    if (!relation) fail(source.position, relation.error());
    if (!source.alias.empty()) relation->schema.clear();
    return add_source(scope, *relation, source.alias.empty() ? name : source.alias);
  }
  if (const auto* node = std::get_if<TableVariable>(&source.node)) {
    const auto relation = environment_.table_variable(node->name);
    if (!relation) fail(source.position, relation.error());
    return add_source(scope, *relation, source.alias.empty() ? node->name : source.alias);
  }
  if (const auto* node = std::get_if<DerivedTable>(&source.node))
    return derived(source, *node->query, scope, is_applied);
  if (const auto* node = std::get_if<ValuesTable>(&source.node))
    return values_table(source, *node, scope);
  if (const auto* node = std::get_if<TableFunction>(&source.node))
    return table_function(source, *node, scope);
  if (const auto* node = std::get_if<XmlNodesTable>(&source.node))
    return nodes_table(source, *node, scope);
  return "(" + from_item(*std::get<JoinedTable>(source.node).inner, scope) + ")";
}

std::string Translator::Body::from_item(const FromItem& item, Scope& scope) {
  std::string sql = table_source(item.table, scope, false);
  for (const Join& join : item.joins) {
    const bool is_applied =
        join.kind == JoinKind::cross_apply || join.kind == JoinKind::outer_apply;
    const std::string right = table_source(join.right, scope, is_applied);
    const char* word = " JOIN ";
    if (join.kind == JoinKind::left || join.kind == JoinKind::outer_apply) word = " LEFT JOIN ";
    if (join.kind == JoinKind::right) word = " RIGHT JOIN ";
    if (join.kind == JoinKind::full) word = " FULL JOIN ";
    sql += word + right;
    if (join.on) sql += " ON " + condition(*join.on, &scope);
    if (join.kind == JoinKind::outer_apply) sql += " ON 1";
  }
  return sql;
}

std::string Translator::Body::from_clause(const std::vector<FromItem>& from, Scope& scope) {
  std::string sql;
  for (const FromItem& item : from) sql += (sql.empty() ? "" : " JOIN ") + from_item(item, scope);
  return sql;
}

// ---------------------------------------------------------------- the select list

void Translator::Body::output(const SqlExpression& value, OutputColumn column, bool is_distinct,
                              SqlQuery& out, std::string& list) {
  column.type = value.type;
  column.is_binary_collation = value.is_binary_collation;
  list += (list.empty() ? "" : ",") + value.sql;
  // DISTINCT and set operators compare by the collation of the first query's columns.
  if (is_distinct && is_text(value.type) && !value.is_binary_collation) list += " COLLATE \"tsql\"";
  list += fmt::format(" AS o{}", out.columns.size());
  out.columns.push_back(std::move(column));
}

void Translator::Body::star(const Expression& at, const Star& node, Scope& scope, bool is_distinct,
                            SqlQuery& out, std::string& list) {
  const std::string qualifier = node.qualifier.empty() ? std::string() : node.qualifier.back();
  bool found = false;
  for (const ScopeTable& table : scope.tables) {
    if (!qualifier.empty() && !equal_names(table.name, qualifier)) continue;
    found = true;
    for (const SourceColumn& column : table.columns) {
      const SqlExpression value{table.alias + "." + column.sql, column.type,
                                column.is_binary_collation};
      if (std::find(scope.group_keys.begin(), scope.group_keys.end(), value.sql) ==
          scope.group_keys.end())
        scope.bare_columns.push_back({column.name, at.position});
      OutputColumn named;
      named.name = column.name;
      output(value, std::move(named), is_distinct, out, list);
    }
  }
  if (!found) fail(at, Error(ErrorCode::unknown_qualifier, qualifier.empty() ? "*" : qualifier));
}

void Translator::Body::items(const std::vector<SelectItem>& items, Scope& scope, bool is_distinct,
                             SqlQuery& out, std::string& list) {
  const bool assigns = !items.empty() && !items[0].variable.empty();
  for (const SelectItem& item : items) {
    if (item.variable.empty() == assigns)
      fail(item.value, Error(ErrorCode::select_assigns_and_returns));
    if (const auto* node = std::get_if<Star>(&item.value.node)) {
      star(item.value, *node, scope, is_distinct, out, list);
      continue;
    }
    OutputColumn column;
    column.name = name_of(item);
    column.variable = item.variable;
    column.op = item.op;
    output(value(item.value, &scope), std::move(column), is_distinct, out, list);
  }
}

// The new value of an UPDATE: that of the expression, or the column's own combined with it.
SqlExpression Translator::Body::changed(const Change& change, Scope& scope) {
  SqlExpression right = value(*change.value, &scope);
  if (change.column == nullptr || change.op == AssignmentOperator::assign) return right;
  constexpr std::array<BinaryOperator, 9> kOperators = {
      BinaryOperator::equal,    BinaryOperator::add,    BinaryOperator::subtract,
      BinaryOperator::multiply, BinaryOperator::divide, BinaryOperator::modulo,
      BinaryOperator::bit_and,  BinaryOperator::bit_or, BinaryOperator::bit_xor};
  const BinaryOperator op = kOperators.at(static_cast<std::size_t>(change.op));
  SqlExpression left = column(*change.value, *change.column, &scope);
  const bool is_minus = op == BinaryOperator::subtract;
  if (is_minus || op == BinaryOperator::add) {
    return add(*change.value, std::move(left), std::move(right), is_minus);
  }
  return arithmetic(*change.value, op, std::move(left), std::move(right));
}

SqlQuery Translator::Body::select(const Parts& parts, Scope& scope, std::string sources) {
  std::string with;
  common_tables_.emplace_back();
  if (parts.with != nullptr) with = with_clause(*parts.with, scope.outer);
  if (parts.from != nullptr && !parts.from->empty()) {
    const std::string more = from_clause(*parts.from, scope);
    sources += (sources.empty() ? "" : " JOIN ") + more;
  }
  SqlQuery out;
  std::string list;
  if (!parts.target.empty()) {
    const auto target = std::find_if(
        scope.tables.begin(), scope.tables.end(),
        [&](const ScopeTable& table) { return equal_names(table.name, parts.target); });
    if (target == scope.tables.end()) {
      fail(SourcePosition(), Error(ErrorCode::unknown_object, parts.target));
    }
    output({target->alias + "." + parts.row_column, type_of(SqlType::bigint)}, {}, false, out,
           list);
    for (const SourceColumn& column : target->columns) {
      output({target->alias + "." + column.sql, column.type}, {}, false, out, list);
    }
  }
  for (const Change& change : parts.changes) output(changed(change, scope), {}, false, out, list);
  if (parts.items != nullptr) items(*parts.items, scope, false, out, list);
  out.sql = with + "SELECT " + (list.empty() ? "1" : list);
  if (!sources.empty()) out.sql += " FROM " + sources;
  if (parts.where != nullptr) {
    out.sql += (parts.negates_where ? " WHERE NOT " : " WHERE ") + condition(*parts.where, &scope);
  }
  if (parts.top != nullptr) {
    if (parts.top->percent)
      fail(parts.top->count, Error(ErrorCode::not_supported, "TOP ... PERCENT"));
    out.sql += " LIMIT " + row_limit(parts.top->count, scope.outer);
  }
  common_tables_.pop_back();
  return out;
}

// ---------------------------------------------------------------- queries

std::string Translator::Body::order_by(const std::vector<OrderItem>& order, const SqlQuery& query,
                                       Scope& scope, OrderRule rule) {
  const bool outputs_only = rule == OrderRule::outputs_of_set;
  const bool is_distinct = rule == OrderRule::outputs_of_distinct;
  std::string sql;
  for (const OrderItem& item : order) {
    std::string key;
    std::optional<std::size_t> position;
    if (const auto* ordinal = std::get_if<IntegerLiteral>(&item.value.node)) {
      position = static_cast<std::size_t>(ordinal->value - 1);
      if (ordinal->value < 1 || *position >= query.columns.size()) {
        fail(item.value, Error(ErrorCode::bad_order_position, std::to_string(ordinal->value)));
      }
    }
    const auto* name = std::get_if<ColumnReference>(&item.value.node);
    if (name != nullptr && (name->parts.size() == 1 || rule != OrderRule::any)) {
      for (std::size_t i = 0; i < query.columns.size() && !position; ++i) {
        if (equal_names(query.columns[i].name, name->parts.back())) position = i;
      }
    }
    bool folds = false;
    if (position) {
      key = fmt::format("o{}", *position);
      const OutputColumn& column = query.columns[*position];
      folds = is_text(column.type) && !column.is_binary_collation;
    } else if (outputs_only) {
      fail(item.value, Error(ErrorCode::order_not_in_select));
    } else if (is_distinct && name != nullptr) {
      fail(item.value, Error(ErrorCode::distinct_order_not_in_select));
    } else {
      const SqlExpression by = value(item.value, &scope);
      key = by.sql;
      folds = is_text(by.type) && !by.is_binary_collation;
    }
    sql += (sql.empty() ? " ORDER BY " : ",") + key + (folds ? " COLLATE \"tsql\"" : "") +
           (item.descending ? " DESC" : "");
  }
  return sql;
}

// A constant or a variable below zero is refused; SQLite would take it as no limit.
std::string Translator::Body::row_limit(const Expression& count, Scope* outer) {
  const SqlExpression limit = fit(value(count, outer), type_of(SqlType::bigint));
  const std::string held = with_values(limit.sql);
  if (held.starts_with("(-") || held.starts_with("?i-"))
    fail(count, Error(ErrorCode::negative_top));
  return "max(0," + limit.sql + ")";
}

std::string Translator::Body::limit(const Query& query, const std::optional<Top>& top,
                                    Scope* outer) {
  if (top) {
    const auto* count = std::get_if<IntegerLiteral>(&top->count.node);
    if (top->percent && count != nullptr && count->value == 100) return {};
    if (top->percent) fail(top->count, Error(ErrorCode::not_supported, "TOP ... PERCENT"));
    if (top->with_ties) fail(top->count, Error(ErrorCode::not_supported, "TOP ... WITH TIES"));
    return " LIMIT " + row_limit(top->count, outer);
  }
  if (!query.offset) return {};
  const std::string count = query.fetch ? row_limit(*query.fetch, outer) : "-1";
  return " LIMIT " + count + " OFFSET " +
         fit(value(*query.offset, outer), type_of(SqlType::bigint)).sql;
}

std::string Translator::Body::group_by(const Select& select, Scope& scope) {
  std::string sql;
  std::vector<std::string> keys;
  for (const Expression& group : select.group_by) {
    const SqlExpression key = value(group, &scope);
    sql += (sql.empty() ? " GROUP BY " : ",") + key.sql;
    if (is_text(key.type) && !key.is_binary_collation) sql += " COLLATE \"tsql\"";
    keys.push_back(with_values(key.sql));
  }
  scope.group_keys = std::move(keys);
  scope.bare_columns.clear();
  return sql;
}

// One SELECT; with `has_tail` it carries the query's ORDER BY and OFFSET.
SqlQuery Translator::Body::single(const Select& select, const Query& query, Scope* outer,
                                  bool has_tail) {
  Scope scope;
  scope.outer = outer;
  const bool is_set_operand = query.terms.size() > 1;
  const std::string sources = from_clause(select.from, scope);
  SqlQuery out;
  std::string list;
  if (sources.empty() && has_star(select.items)) {
    fail(select.items[0].value, Error(ErrorCode::star_without_from));
  }
  const std::string groups = group_by(select, scope);
  items(select.items, scope, select.distinct || is_set_operand, out, list);
  const std::string having =
      select.having ? " HAVING " + condition(*select.having, &scope) : std::string();
  const bool is_grouped = scope.has_aggregate || !groups.empty() || select.having;
  if (is_grouped && !scope.bare_columns.empty()) {
    const Scope::BareColumn& bare = scope.bare_columns.front();
    fail(bare.where, Error(ErrorCode::column_not_grouped, bare.name));
  }
  out.sql = std::string("SELECT ") + (select.distinct ? "DISTINCT " : "") + list;
  if (!sources.empty()) out.sql += " FROM " + sources;
  if (select.where) {
    scope.forbids_aggregates = true;
    out.sql += " WHERE " + condition(*select.where, &scope);
    scope.forbids_aggregates = false;
  }
  out.sql += groups + having;
  if (has_tail) {
    out.sql += order_by(query.order_by, out, scope,
                        select.distinct ? OrderRule::outputs_of_distinct : OrderRule::any);
  }
  out.sql += limit(query, select.top, outer);
  return out;
}

std::string Translator::Body::with_clause(const std::vector<CommonTable>& with, Scope* outer) {
  std::string sql;
  for (const CommonTable& table : with) {
    const std::string alias = fmt::format("w{}", ++aliases_);
    Relation relation;
    relation.sql = alias;
    const auto describe = [&](const SqlQuery& query) {
      relation.columns.clear();
      for (std::size_t i = 0; i < query.columns.size(); ++i) {
        const std::string& name =
            i < table.columns.size() ? table.columns[i] : query.columns[i].name;
        relation.columns.push_back({name, fmt::format("o{}", i), query.columns[i].type,
                                    query.columns[i].is_binary_collation});
      }
    };
    // A table that uses itself gets its columns from its first query, translated once more for that.
    if (table.query->terms.size() > 1) {
      if (const auto* first = std::get_if<Select>(&table.query->terms[0].node)) {
        const std::size_t parameters_before = parameters.size();
        const int aliases_before = aliases_;
        Query alone;
        alone.terms.emplace_back();
        describe(single(*first, alone, outer, false));
        parameters.resize(parameters_before);
        aliases_ = aliases_before;
        common_tables_.back().push_back({table.name, relation});
      }
    }
    const SqlQuery query = terms(*table.query, outer, false);
    if (table.query->terms.size() > 1 && !common_tables_.back().empty() &&
        common_tables_.back().back().name == table.name) {
      common_tables_.back().pop_back();
    }
    describe(query);
    common_tables_.back().push_back({table.name, relation});
    std::string columns;
    for (std::size_t i = 0; i < query.columns.size(); ++i)
      columns += fmt::format("{}o{}", i == 0 ? "" : ",", i);
    sql += fmt::format("{}{}({}) AS ({})", sql.empty() ? "WITH RECURSIVE " : ",", alias, columns,
                       query.sql);
  }
  return sql.empty() ? sql : sql + " ";
}

// All terms with their operators, without WITH.
SqlQuery Translator::Body::terms(const Query& query, Scope* outer, bool is_nested) {
  if (query.terms.size() == 1) {
    if (const auto* select = std::get_if<Select>(&query.terms[0].node))
      return single(*select, query, outer, true);
    return this->query(*std::get<QueryPointer>(query.terms[0].node), outer);
  }
  SqlQuery out;
  std::vector<SqlQuery> parts;
  for (const QueryTerm& term : query.terms) {
    const auto* select = std::get_if<Select>(&term.node);
    SqlQuery part = select != nullptr ? single(*select, query, outer, false)
                                      : this->query(*std::get<QueryPointer>(term.node), outer);
    if (select == nullptr || select->top) part.sql = "SELECT * FROM (" + part.sql + ")";
    if (!parts.empty() && part.columns.size() != parts[0].columns.size()) {
      const SourcePosition where = select != nullptr ? select->position : SourcePosition();
      fail(where, Error(ErrorCode::set_operands_differ));
    }
    parts.push_back(std::move(part));
  }
  out.columns = parts[0].columns;
  for (std::size_t i = 0; i < out.columns.size(); ++i) {
    for (const SqlQuery& part : parts)
      out.columns[i].type = common_type(out.columns[i].type, part.columns[i].type);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // A part whose values are of another kind is converted around itself.
    std::string list;
    bool converts = false;
    for (std::size_t c = 0; c < out.columns.size(); ++c) {
      const std::string name = fmt::format("o{}", c);
      const SqlExpression item = fit({name, parts[i].columns[c].type}, out.columns[c].type);
      converts = converts || item.sql != name;
      list += fmt::format("{}{} AS {}", c == 0 ? "" : ",", item.sql, name);
    }
    if (converts) parts[i].sql = "SELECT " + list + " FROM (" + parts[i].sql + ")";
    out.sql += set_operator(query.terms[i].op) + parts[i].sql;
  }
  Scope none;
  if (!query.order_by.empty() || query.offset) {
    out.sql = "SELECT * FROM (" + out.sql + ")" +
              order_by(query.order_by, out, none, OrderRule::outputs_of_set);
    out.sql += limit(query, std::nullopt, outer);
  } else if (is_nested) {
    out.sql = "SELECT * FROM (" + out.sql + ")";
  }
  return out;
}

SqlQuery Translator::Body::plain_query(const Query& query, Scope* outer) {
  common_tables_.emplace_back();
  const std::string with = with_clause(query.with, outer);
  SqlQuery out = terms(query, outer, false);
  out.sql = with + out.sql;
  common_tables_.pop_back();
  return out;
}

SqlQuery Translator::Body::query(const Query& query, Scope* outer) {
  if (query.for_xml) return for_xml(query, outer);
  return plain_query(query, outer);
}

// ---------------------------------------------------------------- Translator

Translator::Translator(Environment& environment) : body_(std::make_unique<Body>(environment)) {}
Translator::~Translator() = default;

TranslateResult<SqlExpression> Translator::value(const Expression& expression, Scope* scope) {
  return catching<SqlExpression>([&] { return body_->value(expression, scope); });
}
TranslateResult<SqlExpression> Translator::condition(const Expression& expression, Scope* scope) {
  return catching<SqlExpression>([&] {
    return SqlExpression{body_->condition(expression, scope), type_of(SqlType::bit)};
  });
}
TranslateResult<SqlQuery> Translator::query(const Query& query, Scope* outer) {
  return catching<SqlQuery>([&] { return body_->query(query, outer); });
}
TranslateResult<SqlQuery> Translator::select(const Parts& parts, Scope& scope,
                                             std::string sources) {
  return catching<SqlQuery>([&] { return body_->select(parts, scope, std::move(sources)); });
}
std::string Translator::add_source(Scope& scope, const Relation& relation, std::string name) {
  return body_->add_source(scope, relation, std::move(name));
}
const std::vector<store::Value>& Translator::parameters() const {
  return body_->parameters;
}

void throw_exception_from_error(const TranslateFailure& failure,
                                const boost::source_location& where) {
  proto::throw_exception_from_error(failure.error, where);
}

}  // namespace ssb::broker::tsql
