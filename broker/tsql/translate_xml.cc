// XML inside queries: FOR XML, the methods of the xml type, nodes().
#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/for_xml.h"
#include "broker/tsql/translator_body.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

constexpr const char* kForXmlColumn = "XML_F52E2B61-18A1-11d1-B105-00805F49916B";

const StringLiteral& literal_of(const Expression& expression) {
  const auto* literal = std::get_if<StringLiteral>(&expression.node);
  if (literal == nullptr)
    throw TranslateFailure{Error(ErrorCode::xquery_not_literal), expression.position};
  return *literal;
}

}  // namespace

// target, query, and the variables that sql:variable() names.
std::string Translator::Body::xml_arguments(const XmlMethod& method, Scope* scope) {
  const SqlExpression target = fit(value(*method.target, scope), type_of(SqlType::xml));
  const std::string& query = literal_of(method.arguments.at(0)).value;
  std::string arguments = target.sql + "," + bind(query);
  constexpr std::string_view kCall = "sql:variable(";
  for (std::size_t at = query.find(kCall); at != std::string::npos;
       at = query.find(kCall, at + 1)) {
    const std::size_t start = query.find('@', at);
    const std::size_t end = query.find_first_of("\"')", start);
    if (start == std::string::npos || end == std::string::npos) continue;
    const std::string name = query.substr(start, end - start);
    const auto held = environment_.variable(name);
    if (!held) fail(method.arguments[0], held.error());
    arguments += "," + bind(name) + "," + fit(bound(*held), type_of(SqlType::nvarchar, -1)).sql;
  }
  return arguments;
}

SqlExpression Translator::Body::xml_method(const Expression& at, const XmlMethod& method,
                                           Scope* scope) {
  const std::size_t wanted = method.kind == XmlMethodKind::value ? 2 : 1;
  if (method.arguments.size() != wanted) {
    fail(at, Error(ErrorCode::wrong_argument_count, "of the xml type", std::to_string(wanted)));
  }
  try {
    const std::string arguments = xml_arguments(method, scope);
    switch (method.kind) {
      case XmlMethodKind::value: {
        const std::string& name = literal_of(method.arguments[1]).value;
        const auto type = parse_type(name);
        if (!type) fail(method.arguments[1], Error(ErrorCode::unknown_type, name));
        return cast({"ssb_xml_value(" + arguments + ")", type_of(SqlType::nvarchar, -1)}, *type);
      }
      case XmlMethodKind::query: return {"ssb_xml_query(" + arguments + ")", type_of(SqlType::xml)};
      case XmlMethodKind::exist: return {"ssb_xml_exist(" + arguments + ")", type_of(SqlType::bit)};
      case XmlMethodKind::nodes:
      case XmlMethodKind::modify: break;
    }
  } catch (const TranslateFailure& failure) {
    throw Failure{failure};
  }
  fail(at, Error(ErrorCode::not_supported, "modify() of the xml type"));
}

// A row a node; json_each may use the tables before it.
std::string Translator::Body::nodes_table(const TableSource& source, const XmlNodesTable& nodes,
                                          Scope& scope) {
  const auto& method = std::get<XmlMethod>(nodes.call.node);
  ScopeTable table;
  try {
    const std::string arguments = xml_arguments(method, &scope);
    table.name = source.alias;
    table.alias = next_alias();
    const std::string column =
        source.column_aliases.empty() ? std::string() : source.column_aliases[0];
    table.columns.push_back({column, "value", type_of(SqlType::xml)});
    std::string sql = fmt::format("json_each(ssb_xml_nodes({})) AS {}", arguments, table.alias);
    add_table(scope, std::move(table));
    return sql;
  } catch (const TranslateFailure& failure) {
    throw Failure{failure};
  }
}

// All rows of the query become one text.
SqlQuery Translator::Body::for_xml(const Query& query, Scope* outer) {
  const ForXml& clause = *query.for_xml;
  const auto* select = std::get_if<Select>(&query.terms[0].node);
  const SourcePosition where = select != nullptr ? select->position : SourcePosition();
  if (clause.mode == ForXmlMode::explicit_mode)
    fail(where, Error(ErrorCode::not_supported, "FOR XML EXPLICIT"));
  if (clause.xsinil) fail(where, Error(ErrorCode::not_supported, "XSINIL of FOR XML"));
  const SqlQuery inner = plain_query(query, outer);
  ForXmlRow row;
  row.is_path = clause.mode == ForXmlMode::path;
  row.has_elements = clause.elements;
  row.element = clause.element.value_or("row");
  if (clause.mode == ForXmlMode::automatic) {
    const bool is_plain =
        select != nullptr && select->from.size() == 1 && select->from[0].joins.empty();
    if (!is_plain) fail(where, Error(ErrorCode::not_supported, "FOR XML AUTO over several tables"));
    const TableSource& table = select->from[0].table;
    const auto* named = std::get_if<NamedTable>(&table.node);
    row.element = !table.alias.empty() || named == nullptr ? table.alias : named->name.name;
  }
  std::string values;
  for (std::size_t i = 0; i < inner.columns.size(); ++i) {
    row.columns.emplace_back(inner.columns[i].name, inner.columns[i].type);
    values += fmt::format(",o{}", i);
  }
  const std::string root = clause.root ? bind(*clause.root) : "NULL";
  SqlQuery out;
  out.sql = fmt::format(
      "SELECT ssb_for_xml_root(group_concat(ssb_for_xml_row({}{}),''),{}) AS o0 FROM ({})",
      bind(row.text()), values, root, inner.sql);
  OutputColumn column;
  column.name = clause.type ? "" : kForXmlColumn;
  column.type = clause.type ? type_of(SqlType::xml) : type_of(SqlType::nvarchar, -1);
  out.columns.push_back(std::move(column));
  return out;
}

}  // namespace ssb::broker::tsql
