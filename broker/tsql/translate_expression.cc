// Expressions: literals, names, operators, conversions and conditions.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/table.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/translator_body.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

// Different values have different texts.
struct KeyText {
  std::string operator()(std::monostate) const { return "n"; }
  std::string operator()(std::int64_t number) const { return "i" + std::to_string(number); }
  std::string operator()(double number) const { return fmt::format("d{}", number); }
  std::string operator()(const std::string& text) const {
    return "t" + std::to_string(text.size()) + ":" + text;
  }
  std::string operator()(const proto::Bytes& bytes) const { return "b" + proto::to_hex(bytes); }
};

constexpr int kTextBytesMax = 8000;          // of varchar(n) and varbinary(n)
constexpr std::size_t kInlineBytesMax = 64;  // longer binary literals are bound

const char* operator_text(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::add: return "+";
    case BinaryOperator::subtract: return "-";
    case BinaryOperator::multiply: return "*";
    case BinaryOperator::divide: return "/";
    case BinaryOperator::modulo: return "%";
    case BinaryOperator::bit_and: return "&";
    case BinaryOperator::bit_or: return "|";
    case BinaryOperator::bit_xor: return "^";
    case BinaryOperator::equal: return "=";
    case BinaryOperator::not_equal: return "<>";
    case BinaryOperator::less: return "<";
    case BinaryOperator::less_equal: return "<=";
    case BinaryOperator::greater: return ">";
    case BinaryOperator::greater_equal: return ">=";
    case BinaryOperator::logical_and: return "AND";
    case BinaryOperator::logical_or: return "OR";
  }
  return "";
}

DataType decimal_type(int precision, int scale) {
  DataType type = type_of(SqlType::decimal);
  type.precision = std::min(38, precision);
  type.scale = std::min(scale, type.precision);
  return type;
}

// Of + - * / % over exact types, as the product's table has it.
DataType exact_result(BinaryOperator op, const DataType& a, const DataType& b) {
  const bool is_money = a.type != SqlType::decimal && b.type != SqlType::decimal;
  if (is_money) return common_type(a, b);
  const DataType x = as_decimal(a);
  const DataType y = as_decimal(b);
  const int whole = std::max(x.precision - x.scale, y.precision - y.scale);
  const int scale = std::max(x.scale, y.scale);
  if (op == BinaryOperator::multiply) {
    return decimal_type(x.precision + y.precision + 1, x.scale + y.scale);
  }
  if (op == BinaryOperator::divide) {
    const int quotient = std::max(6, x.scale + y.precision + 1);
    const int precision = x.precision - x.scale + y.scale + quotient;
    return decimal_type(precision,
                        precision > 38 ? std::max(6, quotient - (precision - 38)) : quotient);
  }
  return decimal_type(whole + scale + 1, scale);
}

bool is_same_kind(const DataType& a, const DataType& b) {
  if (family_of(a) != family_of(b)) return false;
  return !is_time(a) || (a.type == b.type && a.scale == b.scale);
}

}  // namespace

std::string quote_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c;
    if (c == '"') text += '"';
  }
  return text + '"';
}

bool equal_names(std::string_view a, std::string_view b) {
  return catalog::names_equal(a, b);
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

void Translator::Body::fail(const Expression& at, Error error) {
  throw Failure{{std::move(error), at.position}};
}
void Translator::Body::fail(SourcePosition at, Error error) {
  throw Failure{{std::move(error), at}};
}

std::string Translator::Body::bind(store::Value value) {
  parameters.push_back(std::move(value));
  return fmt::format("?{}", parameters.size());
}

std::string Translator::Body::with_values(const std::string& sql) const {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    std::size_t number = 0;
    std::size_t end = i + 1;
    if (sql[i] == '?') {
      while (end < sql.size() && sql[end] >= '0' && sql[end] <= '9')
        number = number * 10 + static_cast<std::size_t>(sql[end++] - '0');
    }
    if (number == 0 || number > parameters.size()) {
      out += sql[i];
      continue;
    }
    out += "?" + std::visit(KeyText{}, parameters[number - 1]);
    i = end - 1;
  }
  return out;
}

SqlExpression Translator::Body::bound(const TypedValue& value) {
  return {bind(value.value), value.type};
}

SqlExpression Translator::Body::text_literal(const StringLiteral& literal) {
  const std::size_t length = std::max<std::size_t>(1, text_length(literal.value));
  const auto limit = static_cast<std::size_t>(literal.national ? kTextBytesMax / 2 : kTextBytesMax);
  const DataType type = type_of(literal.national ? SqlType::nvarchar : SqlType::varchar,
                                length > limit ? -1 : static_cast<int>(length));
  return {bind(literal.value), type};
}

SqlExpression Translator::Body::decimal_literal(const DecimalLiteral& literal) {
  const std::size_t point = literal.text.find('.');
  const std::size_t digits = literal.text.size() - (point == std::string::npos ? 0 : 1);
  const std::size_t scale = point == std::string::npos ? 0 : literal.text.size() - point - 1;
  std::string sql = point == std::string::npos ? literal.text + ".0" : literal.text + "0";
  if (sql.starts_with('.')) sql = "0" + sql;
  return {sql, decimal_type(static_cast<int>(std::max<std::size_t>(1, digits)),
                            static_cast<int>(scale))};
}

SqlExpression Translator::Body::cast(SqlExpression from, const DataType& to, int style,
                                     bool yields_null) {
  return {fmt::format("ssb_cast({},{},{},{},{})", from.sql, pack(from.type), pack(to), style,
                      yields_null ? 1 : 0),
          to, from.is_binary_collation, false};
}

SqlExpression Translator::Body::fit(SqlExpression from, const DataType& to) {
  if (from.is_null_literal) return {"NULL", to, false, true};
  if (is_same_kind(from.type, to) || to.type == SqlType::sql_variant) {
    return {std::move(from.sql), to, from.is_binary_collation};
  }
  return cast(std::move(from), to);
}

DataType Translator::Body::common_of(const std::vector<SqlExpression>& all) {
  std::optional<DataType> common;
  for (const SqlExpression& one : all) {
    if (one.is_null_literal) continue;
    common = common ? common_type(*common, one.type) : one.type;
  }
  return common.value_or(type_of(SqlType::integer));
}

// ---------------------------------------------------------------- names

SqlExpression Translator::Body::column(const Expression& at, const ColumnReference& reference,
                                       Scope* scope) {
  const std::string& name = reference.parts.back();
  const std::size_t qualifiers = reference.parts.size() - 1;
  const std::string qualifier = qualifiers > 0 ? reference.parts[qualifiers - 1] : std::string();
  const std::string schema = qualifiers > 1 ? reference.parts[qualifiers - 2] : std::string();
  bool knows_qualifier = qualifiers == 0;
  for (Scope* level = scope; level != nullptr; level = level->outer) {
    std::optional<SqlExpression> found;
    for (const ScopeTable& table : level->tables) {
      if (qualifiers > 0 && !equal_names(table.name, qualifier)) continue;
      if (!schema.empty() && !equal_names(table.schema, schema)) continue;
      knows_qualifier = true;
      for (const SourceColumn& column : table.columns) {
        if (!equal_names(column.name, name)) continue;
        if (found) fail(at, Error(ErrorCode::ambiguous_column, name));
        found =
            SqlExpression{table.alias + "." + column.sql, column.type, column.is_binary_collation};
      }
    }
    if (!found) continue;
    for (Scope* inner = scope; inner != level; inner = inner->outer)
      inner->is_used_from_inside = true;
    if (level != scope) level->is_used_from_inside = true;
    const auto& keys = level->group_keys;
    if (std::find(keys.begin(), keys.end(), found->sql) == keys.end())
      level->bare_columns.push_back({name, at.position});
    return *found;
  }
  if (knows_qualifier) fail(at, Error(ErrorCode::unknown_column, name));
  std::string full = reference.parts[0];
  for (std::size_t i = 1; i < reference.parts.size(); ++i) full += "." + reference.parts[i];
  fail(at, Error(ErrorCode::unknown_qualifier, full));
}

// ---------------------------------------------------------------- operators

SqlExpression Translator::Body::unary(const Expression& at, const Unary& node, Scope* scope) {
  SqlExpression operand = value(*node.operand, scope);
  if (node.op == UnaryOperator::plus || operand.is_null_literal) return operand;
  if (node.op == UnaryOperator::bit_not) {
    if (!is_integer(operand.type))
      fail(at, Error(ErrorCode::operand_type_clash, type_name(operand.type), "~"));
    if (operand.type.type == SqlType::bit) return {"(1-" + operand.sql + ")", operand.type};
    return {"(~" + operand.sql + ")", operand.type};
  }
  if (!is_number(operand.type)) operand = fit(std::move(operand), type_of(SqlType::integer));
  return {"(-" + operand.sql + ")", operand.type};
}

SqlExpression Translator::Body::arithmetic(const Expression& at, BinaryOperator op,
                                           SqlExpression left, SqlExpression right) {
  if (left.is_null_literal) left.type = right.type;
  if (right.is_null_literal) right.type = left.type;
  DataType common = common_type(left.type, right.type);
  if (is_text(common))
    common = type_of(SqlType::integer);  // '6' / '2' is not a number to SQL Server either
  if (is_binary(common)) common = type_of(SqlType::integer);
  if (!is_number(common)) {
    fail(at, Error(ErrorCode::operand_type_clash, type_name(left.type), type_name(right.type)));
  }
  if (common.type == SqlType::bit) common = type_of(SqlType::integer);
  const auto number = [&](SqlExpression side) {
    return is_number(side.type) || side.is_null_literal ? side : cast(std::move(side), common);
  };
  left = number(std::move(left));
  right = number(std::move(right));
  const bool is_bitwise = op == BinaryOperator::bit_and || op == BinaryOperator::bit_or ||
                          op == BinaryOperator::bit_xor;
  if (is_bitwise && !is_integer(common)) {
    fail(at, Error(ErrorCode::operand_type_clash, type_name(left.type), type_name(right.type)));
  }
  const DataType result = is_exact(common) ? exact_result(op, left.type, right.type) : common;
  return {fmt::format("ssb_arithmetic('{}',{},{},{})", operator_text(op), left.sql, right.sql,
                      pack(result)),
          result};
}

SqlExpression Translator::Body::add(const Expression& at, SqlExpression left, SqlExpression right,
                                    bool is_minus) {
  const BinaryOperator op = is_minus ? BinaryOperator::subtract : BinaryOperator::add;
  if (left.is_null_literal) left.type = right.type;
  if (right.is_null_literal) right.type = left.type;
  if (!is_minus && is_text(left.type) && is_text(right.type)) {
    const bool is_wide = is_national(left.type) || is_national(right.type);
    const auto size = [](const DataType& type) {
      return type.type == SqlType::sysname ? 128 : type.length;
    };
    const int sum =
        size(left.type) < 1 || size(right.type) < 1 ? -1 : size(left.type) + size(right.type);
    const bool is_max = sum < 0 || sum > (is_wide ? kTextBytesMax / 2 : kTextBytesMax);
    return {"(" + left.sql + "||" + right.sql + ")",
            type_of(is_wide ? SqlType::nvarchar : SqlType::varchar, is_max ? -1 : sum),
            left.is_binary_collation || right.is_binary_collation};
  }
  if (!is_minus && is_binary(left.type) && is_binary(right.type)) {
    return {"ssb_join_bytes(" + left.sql + "," + right.sql + ")", type_of(SqlType::varbinary, -1)};
  }
  if (!is_minus && ((is_binary(left.type) && is_text(right.type)) ||
                    (is_text(left.type) && is_binary(right.type)))) {
    const DataType text = common_type(left.type, right.type);
    return add(at, fit(std::move(left), text), fit(std::move(right), text), false);
  }
  if (is_time(left.type) && is_integer(right.type)) {
    const std::string days = is_minus ? "(-" + right.sql + ")" : right.sql;
    return {fmt::format("ssb_dateadd('day',{},{},{})", days, left.sql, pack(left.type)), left.type};
  }
  if (is_time(left.type) || is_time(right.type)) {
    fail(at, Error(ErrorCode::not_supported,
                   "arithmetic of dates other than date + days; use DATEADD and DATEDIFF"));
  }
  return arithmetic(at, op, std::move(left), std::move(right));
}

SqlExpression Translator::Body::binary(const Expression& at, const Binary& node, Scope* scope) {
  SqlExpression left = value(*node.left, scope);
  SqlExpression right = value(*node.right, scope);
  if (node.op == BinaryOperator::add || node.op == BinaryOperator::subtract) {
    return add(at, std::move(left), std::move(right), node.op == BinaryOperator::subtract);
  }
  return arithmetic(at, node.op, std::move(left), std::move(right));
}

SqlExpression Translator::Body::case_value(const Case& node, Scope* scope) {
  std::vector<std::string> conditions;
  std::vector<SqlExpression> results;
  for (const When& when : node.whens) {
    if (node.operand) {
      conditions.push_back(
          comparison("=", value(*node.operand, scope), value(*when.condition, scope)));
    } else {
      conditions.push_back(condition(*when.condition, scope));
    }
    results.push_back(value(*when.result, scope));
  }
  if (node.otherwise) results.push_back(value(*node.otherwise, scope));
  const DataType type = common_of(results);
  std::string sql = "CASE";
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    sql += " WHEN " + conditions[i] + " THEN " + fit(results[i], type).sql;
  }
  if (node.otherwise) sql += " ELSE " + fit(results.back(), type).sql;
  return {"(" + sql + " END)", type};
}

SqlExpression Translator::Body::conversion(const Conversion& node, Scope* scope) {
  SqlExpression from = value(*node.value, scope);
  if (node.type.type == SqlType::user_defined) {
    fail(*node.value, Error(ErrorCode::unknown_type, to_text(node.type.user_type)));
  }
  if (from.is_null_literal) return {"NULL", node.type};
  if (!node.style) return cast(std::move(from), node.type, kNoStyle, node.yields_null);
  const SqlExpression style = fit(value(*node.style, scope), type_of(SqlType::integer));
  return {fmt::format("ssb_cast({},{},{},coalesce({},-1),{})", from.sql, pack(from.type),
                      pack(node.type), style.sql, node.yields_null ? 1 : 0),
          node.type};
}

SqlExpression Translator::Body::subquery_value(const Expression& at, const Query& inner,
                                               Scope* scope) {
  const SqlQuery sub = query(inner, scope);
  if (sub.columns.size() != 1) fail(at, Error(ErrorCode::subquery_many_columns));
  const OutputColumn& column = sub.columns[0];
  if (inner.for_xml) return {"(" + sub.sql + ")", column.type};
  return {fmt::format("(SELECT ssb_only_one(count(*),max(o0)) FROM ({}))", sub.sql), column.type,
          column.is_binary_collation};
}

struct Translator::Body::ValueOf {
  Body& self;
  const Expression& at;
  Scope* scope;
  SqlExpression operator()(const NullLiteral&) const {
    return {"NULL", type_of(SqlType::integer), false, true};
  }
  SqlExpression operator()(const StringLiteral& node) const { return self.text_literal(node); }
  SqlExpression operator()(const BinaryLiteral& node) const {
    const auto length = static_cast<int>(std::max<std::size_t>(1, node.value.size()));
    const DataType type = type_of(SqlType::varbinary, length > kTextBytesMax ? -1 : length);
    if (node.value.size() > kInlineBytesMax) return {self.bind(node.value), type};
    return {"x'" + proto::to_hex(node.value) + "'", type};
  }
  SqlExpression operator()(const IntegerLiteral& node) const {
    return {std::to_string(node.value), type_of(SqlType::integer)};
  }
  SqlExpression operator()(const DecimalLiteral& node) const { return self.decimal_literal(node); }
  SqlExpression operator()(const FloatLiteral& node) const {
    return {self.bind(node.value), type_of(SqlType::floating)};
  }
  SqlExpression operator()(const MoneyLiteral& node) const {
    return {self.bind(static_cast<double>(node.ten_thousandths) / 10'000), type_of(SqlType::money)};
  }
  SqlExpression operator()(const DefaultValue&) const {
    self.fail(at, Error(ErrorCode::incorrect_syntax_keyword, "DEFAULT"));
  }
  SqlExpression operator()(const Variable& node) const {
    const auto value = self.environment_.variable(node.name);
    if (!value) self.fail(at, value.error());
    return self.bound(*value);
  }
  SqlExpression operator()(const SystemVariable& node) const {
    const auto value = self.environment_.system_variable(node.name);
    if (!value) self.fail(at, value.error());
    return self.bound(*value);
  }
  SqlExpression operator()(const ColumnReference& node) const {
    return self.column(at, node, scope);
  }
  SqlExpression operator()(const Star&) const {
    self.fail(at, Error(ErrorCode::incorrect_syntax, "*"));
  }
  SqlExpression operator()(const Unary& node) const { return self.unary(at, node, scope); }
  SqlExpression operator()(const Binary& node) const {
    if (is_predicate(at)) return self.truth(at, scope);
    return self.binary(at, node, scope);
  }
  SqlExpression operator()(const Not&) const { return self.truth(at, scope); }
  SqlExpression operator()(const Like&) const { return self.truth(at, scope); }
  SqlExpression operator()(const In&) const { return self.truth(at, scope); }
  SqlExpression operator()(const Between&) const { return self.truth(at, scope); }
  SqlExpression operator()(const IsNull&) const { return self.truth(at, scope); }
  SqlExpression operator()(const Exists&) const { return self.truth(at, scope); }
  SqlExpression operator()(const QuantifiedComparison&) const { return self.truth(at, scope); }
  SqlExpression operator()(const Case& node) const { return self.case_value(node, scope); }
  SqlExpression operator()(const Conversion& node) const { return self.conversion(node, scope); }
  SqlExpression operator()(const FunctionCall& node) const {
    return self.function(at, node, scope);
  }
  SqlExpression operator()(const ScalarSubquery& node) const {
    return self.subquery_value(at, *node.query, scope);
  }
  SqlExpression operator()(const Collate& node) const {
    SqlExpression result = self.value(*node.value, scope);
    const std::string collation = upper(node.collation);
    result.is_binary_collation =
        collation.find("_BIN") != std::string::npos || collation.find("_CS_") != std::string::npos;
    return result;
  }
  SqlExpression operator()(const XmlMethod& node) const { return self.xml_method(at, node, scope); }
};

SqlExpression Translator::Body::value(const Expression& at, Scope* scope) {
  const std::size_t bare_before = scope != nullptr ? scope->bare_columns.size() : 0;
  SqlExpression result = std::visit(ValueOf{*this, at, scope}, at.node);
  if (scope != nullptr && scope->bare_columns.size() > bare_before && !scope->group_keys.empty()) {
    const auto& keys = scope->group_keys;
    if (std::find(keys.begin(), keys.end(), with_values(result.sql)) != keys.end())
      scope->bare_columns.resize(bare_before);
  }
  return result;
}

// ---------------------------------------------------------------- conditions

SqlExpression Translator::Body::truth(const Expression& at, Scope* scope) {
  return {condition(at, scope), type_of(SqlType::bit)};
}

std::string Translator::Body::comparison(const char* op, SqlExpression left, SqlExpression right) {
  if (left.is_null_literal || right.is_null_literal) return "(" + left.sql + op + right.sql + ")";
  const bool is_variant =
      left.type.type == SqlType::sql_variant || right.type.type == SqlType::sql_variant;
  const bool are_numbers = is_number(left.type) && is_number(right.type);
  if (!is_variant && !are_numbers) {
    const DataType common = common_type(left.type, right.type);
    left = fit(std::move(left), common);
    right = fit(std::move(right), common);
  }
  if (!is_variant && !is_text(left.type)) return "(" + left.sql + op + right.sql + ")";
  const bool is_binary = left.is_binary_collation || right.is_binary_collation;
  return fmt::format("({} COLLATE {}{}{})", left.sql, is_binary ? "BINARY" : "\"tsql\"", op,
                     right.sql);
}

std::string Translator::Body::like(const Like& node, Scope* scope) {
  const auto text = [&](const Expression& expression) {
    SqlExpression side = value(expression, scope);
    return is_text(side.type) ? side : fit(std::move(side), type_of(SqlType::nvarchar, -1));
  };
  const SqlExpression left = text(*node.value);
  const SqlExpression pattern = text(*node.pattern);
  const std::string escape = node.escape ? text(*node.escape).sql : "NULL";
  return fmt::format("({}ssb_like({},{},{},{}))", node.negated ? "NOT " : "", left.sql, pattern.sql,
                     escape, left.is_binary_collation || pattern.is_binary_collation ? 1 : 0);
}

std::string Translator::Body::in(const Expression& at, const In& node, Scope* scope) {
  SqlExpression left = value(*node.value, scope);
  std::string list;
  if (node.query) {
    const SqlQuery sub = query(*node.query, scope);
    if (sub.columns.size() != 1) fail(at, Error(ErrorCode::subquery_many_columns));
    const DataType common = common_type(left.type, sub.columns[0].type);
    const SqlExpression item = fit({"o0", sub.columns[0].type}, common);
    list = item.sql == "o0" ? sub.sql : "SELECT " + item.sql + " FROM (" + sub.sql + ")";
    left.is_binary_collation = left.is_binary_collation || sub.columns[0].is_binary_collation;
    left = fit(std::move(left), common);
  } else {
    std::vector<SqlExpression> all{left};
    for (const Expression& item : node.list) all.push_back(value(item, scope));
    const DataType common = common_of(all);
    left = fit(std::move(left), common);
    for (std::size_t i = 1; i < all.size(); ++i) {
      left.is_binary_collation = left.is_binary_collation || all[i].is_binary_collation;
      list += (i > 1 ? "," : "") + fit(all[i], common).sql;
    }
  }
  std::string collation;
  if (is_text(left.type))
    collation = left.is_binary_collation ? " COLLATE BINARY" : " COLLATE \"tsql\"";
  return fmt::format("({}{} {}IN ({}))", left.sql, collation, node.negated ? "NOT " : "", list);
}

std::string Translator::Body::quantified(const Expression& at, const QuantifiedComparison& node,
                                         Scope* scope) {
  const SqlQuery sub = query(*node.query, scope);
  if (sub.columns.size() != 1) fail(at, Error(ErrorCode::subquery_many_columns));
  const SqlExpression item{"o0", sub.columns[0].type, sub.columns[0].is_binary_collation};
  const std::string test = comparison(operator_text(node.op), value(*node.left, scope), item);
  if (node.all) return fmt::format("(NOT EXISTS (SELECT 1 FROM ({}) WHERE NOT {}))", sub.sql, test);
  return fmt::format("(EXISTS (SELECT 1 FROM ({}) WHERE {}))", sub.sql, test);
}

std::string Translator::Body::condition(const Expression& at, Scope* scope) {
  if (const auto* node = std::get_if<Binary>(&at.node)) {
    const char* op = operator_text(node->op);
    if (node->op == BinaryOperator::logical_and || node->op == BinaryOperator::logical_or) {
      return "(" + condition(*node->left, scope) + " " + op + " " + condition(*node->right, scope) +
             ")";
    }
    if (is_predicate(at))
      return comparison(op, value(*node->left, scope), value(*node->right, scope));
  }
  if (const auto* node = std::get_if<Not>(&at.node))
    return "(NOT " + condition(*node->operand, scope) + ")";
  if (const auto* node = std::get_if<Like>(&at.node)) return like(*node, scope);
  if (const auto* node = std::get_if<In>(&at.node)) return in(at, *node, scope);
  if (const auto* node = std::get_if<Between>(&at.node)) {
    const SqlExpression middle = value(*node->value, scope);
    const std::string low = comparison(">=", middle, value(*node->low, scope));
    const std::string high = comparison("<=", middle, value(*node->high, scope));
    return fmt::format("({}({} AND {}))", node->negated ? "NOT " : "", low, high);
  }
  if (const auto* node = std::get_if<IsNull>(&at.node)) {
    return "(" + value(*node->value, scope).sql + (node->negated ? " IS NOT NULL)" : " IS NULL)");
  }
  if (const auto* node = std::get_if<Exists>(&at.node)) {
    return "(EXISTS (" + query(*node->query, scope).sql + "))";
  }
  if (const auto* node = std::get_if<QuantifiedComparison>(&at.node))
    return quantified(at, *node, scope);
  // The parser lets only predicates come here.
  fail(at, Error(ErrorCode::not_supported, "this condition"));
}

}  // namespace ssb::broker::tsql
