// Expressions: values and predicates. T-SQL has no boolean type, so a position takes either the one or the other.
#include <algorithm>
#include <array>
#include <charconv>

#include "broker/tsql/parser_core.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

namespace {

constexpr std::size_t kDecimalDigitsMax = 38;
constexpr std::size_t kMoneyFractionDigits = 4;

struct XmlMethodName {
  std::string_view name;
  XmlMethodKind kind;
};
constexpr auto kXmlMethods = std::to_array<XmlMethodName>({{"VALUE", XmlMethodKind::value},
                                                           {"QUERY", XmlMethodKind::query},
                                                           {"EXIST", XmlMethodKind::exist},
                                                           {"NODES", XmlMethodKind::nodes},
                                                           {"MODIFY", XmlMethodKind::modify}});

struct OperatorSymbol {
  std::string_view symbol;
  BinaryOperator op;
};
constexpr auto kAdditive = std::to_array<OperatorSymbol>({{"+", BinaryOperator::add},
                                                          {"-", BinaryOperator::subtract},
                                                          {"&", BinaryOperator::bit_and},
                                                          {"|", BinaryOperator::bit_or},
                                                          {"^", BinaryOperator::bit_xor}});
constexpr auto kMultiplicative = std::to_array<OperatorSymbol>({{"*", BinaryOperator::multiply},
                                                                {"/", BinaryOperator::divide},
                                                                {"%", BinaryOperator::modulo}});
constexpr auto kComparison = std::to_array<OperatorSymbol>({{"=", BinaryOperator::equal},
                                                            {"<>", BinaryOperator::not_equal},
                                                            {"!=", BinaryOperator::not_equal},
                                                            {"<=", BinaryOperator::less_equal},
                                                            {">=", BinaryOperator::greater_equal},
                                                            {"!<", BinaryOperator::greater_equal},
                                                            {"!>", BinaryOperator::less_equal},
                                                            {"<", BinaryOperator::less},
                                                            {">", BinaryOperator::greater}});

template <std::size_t size>
std::optional<BinaryOperator> find_operator(const std::array<OperatorSymbol, size>& row,
                                            const Token& token) {
  for (const OperatorSymbol& entry : row) {
    if (is(token, entry.symbol)) return entry.op;
  }
  return std::nullopt;
}

std::optional<XmlMethodKind> find_xml_method(const Token& token) {
  for (const XmlMethodName& entry : kXmlMethods) {
    if (is(token, entry.name)) return entry.kind;
  }
  return std::nullopt;
}

// The ten-thousandths of "$12.34567", rounded; nullopt when they do not fit.
std::optional<std::int64_t> ten_thousandths(std::string_view text) {
  text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  const bool round_up =
      fraction.size() > kMoneyFractionDigits && fraction[kMoneyFractionDigits] >= '5';
  fraction.resize(kMoneyFractionDigits, '0');
  digits += fraction;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || value == INT64_MAX) return std::nullopt;
  return value + (round_up ? 1 : 0);
}

}  // namespace

// A value: no comparison outside of CASE, IIF and subqueries.
Expression Parser::expression() {
  const Nested nested(*this);
  if (expression_depth_++ == 0) operators_ = 0;
  Expression value = additive(/*predicates=*/false);
  --expression_depth_;
  return value;
}

// A condition.
Expression Parser::predicate() {
  const Nested nested(*this);
  if (expression_depth_++ == 0) operators_ = 0;
  Expression value = disjunction();
  require_predicate(value);
  --expression_depth_;
  return value;
}

Expression Parser::value_or_default() {
  if (!at("DEFAULT")) return expression();
  return Expression{next().position, DefaultValue{}};
}

// An identifier arrives as a string, so that names and variables look alike to the interpreter.
Expression Parser::name_or_variable() {
  if (at_kind(TokenKind::variable)) return literal_or_variable();
  const SourcePosition where = peek().position;
  return Expression{where, StringLiteral{.value = identifier(), .national = true}};
}

Expression Parser::string_or_variable() {
  if (!at_string() && !at_kind(TokenKind::variable)) fail();
  return literal_or_variable();
}

// A constant with or without sign, a variable, NULL.
Expression Parser::literal_or_variable() {
  const Token& token = peek();
  if (token.kind == TokenKind::variable) {
    return Expression{token.position, Variable{declared_variable()}};
  }
  if (accept("NULL")) return Expression{token.position, NullLiteral{}};
  if (at_any({"-", "+"})) {
    const UnaryOperator op = at("-") ? UnaryOperator::minus : UnaryOperator::plus;
    next();
    return Expression{token.position, Unary{op, box(literal())}};
  }
  return literal();
}

// Whether a value can begin here. A bare column name does not count: it may be the next statement.
bool Parser::at_expression() const {
  switch (peek().kind) {
    case TokenKind::string:
    case TokenKind::national_string:
    case TokenKind::binary:
    case TokenKind::integer:
    case TokenKind::decimal:
    case TokenKind::floating:
    case TokenKind::money:
    case TokenKind::variable:
    case TokenKind::system_variable: return true;
    case TokenKind::symbol: return at_any({"(", "-", "+", "~"});
    case TokenKind::word:
      return at_any({"NULL", "CASE"}) ||
             (at("(", 1) &&
              (at_identifier() || at_any({"CONVERT", "TRY_CONVERT", "COALESCE", "NULLIF"})));
    case TokenKind::quoted_identifier:
    case TokenKind::error:
    case TokenKind::end: return false;
  }
  return false;
}

void Parser::require_value(const Expression& value) const {
  if (is_predicate(value)) fail();
}

void Parser::require_predicate(const Expression& value) const {
  if (is_predicate(value)) return;
  if (at_kind(TokenKind::error)) fail();
  const bool over = at_kind(TokenKind::end) && index_ > 0;
  const Token& near = over ? list_.tokens[index_ - 1] : peek();
  fail(Error(ErrorCode::condition_expected, clipped(value_of(near), kIdentifierCharactersMax)),
       near.position);
}

Expression Parser::binary(BinaryOperator op, Expression left, Expression right,
                          const Token& token) {
  if (++operators_ > kOperatorsPerExpressionMax) {
    fail(Error(ErrorCode::statement_nested_too_deeply, std::to_string(kOperatorsPerExpressionMax)),
         token.position);
  }
  return Expression{token.position, Binary{op, box(std::move(left)), box(std::move(right))}};
}

// conjunction (OR conjunction)*; a value in parentheses passes through as it is.
Expression Parser::disjunction() {
  Expression left = conjunction();
  while (at("OR")) {
    require_predicate(left);
    const Token& token = next();
    Expression right = conjunction();
    require_predicate(right);
    left = binary(BinaryOperator::logical_or, std::move(left), std::move(right), token);
  }
  return left;
}

Expression Parser::conjunction() {
  Expression left = negation();
  while (at("AND")) {
    require_predicate(left);
    const Token& token = next();
    Expression right = negation();
    require_predicate(right);
    left = binary(BinaryOperator::logical_and, std::move(left), std::move(right), token);
  }
  return left;
}

Expression Parser::negation() {
  if (!at("NOT")) return comparison();
  const Nested nested(*this);
  const Token& token = next();
  Expression operand = negation();
  require_predicate(operand);
  return Expression{token.position, Not{box(std::move(operand))}};
}

Expression Parser::comparison() {
  if (at("EXISTS")) return exists_expression();
  Expression left = additive(/*predicates=*/true);
  if (is_predicate(left)) return left;
  return rest_of_comparison(std::move(left));
}

// Also < = and > = with a blank in between.
std::optional<BinaryOperator> Parser::comparison_operator() {
  const std::optional<BinaryOperator> op = find_operator(kComparison, peek());
  if (!op) return op;
  next();
  if (*op == BinaryOperator::less && accept("=")) return BinaryOperator::less_equal;
  if (*op == BinaryOperator::less && accept(">")) return BinaryOperator::not_equal;
  if (*op == BinaryOperator::greater && accept("=")) return BinaryOperator::greater_equal;
  return op;
}

// value op value, value op ANY (query), [NOT] LIKE, IN, BETWEEN, IS [NOT] NULL
Expression Parser::rest_of_comparison(Expression left) {
  const Token& token = peek();
  if (const std::optional<BinaryOperator> op = comparison_operator()) {
    if (at_any({"ANY", "SOME", "ALL"}) && at("(", 1)) {
      const bool all = is(next(), "ALL");
      expect("(");
      QuantifiedComparison quantified{box(std::move(left)), *op, all, box(query())};
      expect(")");
      return Expression{token.position, std::move(quantified)};
    }
    return binary(*op, std::move(left), additive(/*predicates=*/false), token);
  }
  if (accept("IS")) {
    const bool negated = accept("NOT");
    expect("NULL");
    return Expression{token.position, IsNull{box(std::move(left)), negated}};
  }
  const bool negated = at("NOT") && at_any({"LIKE", "IN", "BETWEEN"}, 1) && accept("NOT");
  if (accept("LIKE")) {
    Like like{box(std::move(left)), box(additive(/*predicates=*/false)), nullptr, negated};
    if (accept("ESCAPE")) like.escape = box(additive(/*predicates=*/false));
    return Expression{token.position, std::move(like)};
  }
  if (accept("BETWEEN")) {
    Expression low = additive(/*predicates=*/false);
    expect("AND");
    Expression high = additive(/*predicates=*/false);
    return Expression{token.position, Between{box(std::move(left)), box(std::move(low)),
                                              box(std::move(high)), negated}};
  }
  if (accept("IN")) {
    In in{box(std::move(left)), {}, nullptr, negated};
    expect("(");
    if (at_query()) {
      in.query = box(query());
    } else {
      do {
        in.list.push_back(expression());
      } while (accept(","));
    }
    expect(")");
    return Expression{token.position, std::move(in)};
  }
  return left;
}

Expression Parser::additive(bool predicates) {
  Expression left = multiplicative(predicates);
  while (const std::optional<BinaryOperator> op = find_operator(kAdditive, peek())) {
    require_value(left);
    const Token& token = next();
    left = binary(*op, std::move(left), multiplicative(/*predicates=*/false), token);
  }
  return left;
}

Expression Parser::multiplicative(bool predicates) {
  Expression left = unary(predicates);
  while (const std::optional<BinaryOperator> op = find_operator(kMultiplicative, peek())) {
    require_value(left);
    const Token& token = next();
    left = binary(*op, std::move(left), unary(/*predicates=*/false), token);
  }
  return left;
}

Expression Parser::unary(bool predicates) {
  if (!at_any({"-", "+", "~"})) return postfix(predicates);
  const Nested nested(*this);
  const Token& token = next();
  const UnaryOperator op = is(token, "-")   ? UnaryOperator::minus
                           : is(token, "+") ? UnaryOperator::plus
                                            : UnaryOperator::bit_not;
  return Expression{token.position, Unary{op, box(unary(/*predicates=*/false))}};
}

// primary [COLLATE name] [.method(...)]
Expression Parser::postfix(bool predicates) {
  Expression value = primary(predicates);
  while (true) {
    if (at("COLLATE")) {
      require_value(value);
      const Token& token = next();
      Collate collate{box(std::move(value)), identifier()};
      value = Expression{token.position, std::move(collate)};
    } else if (at_xml_method()) {
      require_value(value);
      value = xml_method(std::move(value));
    } else {
      return value;
    }
  }
}

Expression Parser::primary(bool predicates) {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::string:
    case TokenKind::national_string:
    case TokenKind::binary:
    case TokenKind::integer:
    case TokenKind::decimal:
    case TokenKind::floating:
    case TokenKind::money: return literal();
    case TokenKind::variable: return literal_or_variable();
    case TokenKind::system_variable:
      next();
      return Expression{token.position, SystemVariable{to_upper(token.text)}};
    case TokenKind::word: return word_expression();
    case TokenKind::quoted_identifier: return name_expression();
    case TokenKind::symbol:
      if (!at("(")) fail();
      return parenthesized(predicates);
    case TokenKind::error:
    case TokenKind::end: fail();
  }
  fail();
}

Expression Parser::literal() {
  const Token& token = next();
  const SourcePosition& where = token.position;
  const char* const begin = token.text.data();
  const char* const end = begin + token.text.size();
  if (token.kind == TokenKind::string || token.kind == TokenKind::national_string) {
    return Expression{where,
                      StringLiteral{value_of(token), token.kind == TokenKind::national_string}};
  }
  if (token.kind == TokenKind::binary) return Expression{where, BinaryLiteral{binary_of(token)}};
  if (token.kind == TokenKind::integer) {
    std::int32_t value = 0;
    if (std::from_chars(begin, end, value).ec == std::errc{})
      return Expression{where, IntegerLiteral{value}};
  }
  if (token.kind == TokenKind::integer || token.kind == TokenKind::decimal) {
    if (token.text.size() > kDecimalDigitsMax + (token.kind == TokenKind::decimal ? 1 : 0)) {
      fail(Error(ErrorCode::number_too_long, clipped(token.text, kIdentifierCharactersMax)), where);
    }
    return Expression{where, DecimalLiteral{std::string(token.text)}};
  }
  if (token.kind == TokenKind::floating) {
    double value = 0;
    if (std::from_chars(begin, end, value).ec != std::errc{}) fail(token);
    return Expression{where, FloatLiteral{value, std::string(token.text)}};
  }
  if (token.kind == TokenKind::money) {
    const std::optional<std::int64_t> value = ten_thousandths(token.text);
    if (!value) fail(token);
    return Expression{where, MoneyLiteral{*value}};
  }
  fail(token);
}

Expression Parser::word_expression() {
  const Token& token = peek();
  if (accept("NULL")) return Expression{token.position, NullLiteral{}};
  if (at("CASE")) return case_expression();
  if (at("(", 1)) {
    if (at_any({"CAST", "TRY_CAST"})) return cast_expression();
    if (at_any({"CONVERT", "TRY_CONVERT"})) return convert_expression();
    if (at_any({"COALESCE", "NULLIF", "LEFT", "RIGHT", "IDENTITY"})) {
      ObjectName name;
      name.name = std::string(next().text);
      return function_call(std::move(name), token.position);
    }
  } else if (at_any({"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"})) {
    FunctionCall call;
    call.name.name = std::string(next().text);
    call.parentheses = false;
    return Expression{token.position, std::move(call)};
  }
  return name_expression();
}

// (query), (value) or, where predicates may stand, (predicate)
Expression Parser::parenthesized(bool predicates) {
  const Nested nested(*this);
  const Token& token = peek();
  expect("(");
  if (at_query()) {
    ScalarSubquery subquery{box(query())};
    expect(")");
    return Expression{token.position, std::move(subquery)};
  }
  Expression value = predicates ? disjunction() : additive(/*predicates=*/false);
  expect(")");
  return value;
}

// CASE [value] (WHEN condition THEN value)+ [ELSE value] END
Expression Parser::case_expression() {
  const Token& token = next();
  Case result;
  if (!at("WHEN")) result.operand = box(expression());
  do {
    expect("WHEN");
    When when;
    when.condition = box(result.operand ? expression() : predicate());
    expect("THEN");
    when.result = box(expression());
    result.whens.push_back(std::move(when));
  } while (at("WHEN"));
  if (accept("ELSE")) result.otherwise = box(expression());
  expect("END");
  return Expression{token.position, std::move(result)};
}

// [TRY_]CAST ( value AS type )
Expression Parser::cast_expression() {
  const Token& token = next();
  Conversion conversion;
  conversion.yields_null = is(token, "TRY_CAST");
  expect("(");
  conversion.value = box(expression());
  expect("AS");
  conversion.type = data_type(TypeContext::conversion);
  expect(")");
  return Expression{token.position, std::move(conversion)};
}

// [TRY_]CONVERT ( type , value [, style] )
Expression Parser::convert_expression() {
  const Token& token = next();
  Conversion conversion;
  conversion.yields_null = is(token, "TRY_CONVERT");
  expect("(");
  conversion.type = data_type(TypeContext::conversion);
  expect(",");
  conversion.value = box(expression());
  if (accept(",")) conversion.style = box(expression());
  expect(")");
  return Expression{token.position, std::move(conversion)};
}

Expression Parser::exists_expression() {
  const Token& token = next();
  expect("(");
  Exists exists{box(query())};
  expect(")");
  return Expression{token.position, std::move(exists)};
}

// A column, or a function with up to four parts.
Expression Parser::name_expression() {
  const SourcePosition where = peek().position;
  ColumnReference column;
  column.parts.push_back(identifier());
  while (at(".") && !at_xml_method()) {
    next();
    if (column.parts.size() == 4) fail();
    column.parts.push_back(at(".") ? std::string() : identifier());
  }
  if (!at("(")) return Expression{where, std::move(column)};
  ObjectName name;
  name.name = std::move(column.parts.back());
  const std::size_t count = column.parts.size();
  if (count > 1) name.schema = std::move(column.parts[count - 2]);
  if (count > 2) name.database = std::move(column.parts[count - 3]);
  if (count > 3) name.server = std::move(column.parts[0]);
  return function_call(std::move(name), where);
}

// name ( [DISTINCT | ALL] [* | argument, ...] ) [OVER (...)]
Expression Parser::function_call(ObjectName name, const SourcePosition& where) {
  FunctionCall call;
  call.name = std::move(name);
  const bool condition_first = !call.name.is_qualified() && to_upper(call.name.name) == "IIF";
  expect("(");
  call.distinct = accept("DISTINCT");
  if (!call.distinct) accept("ALL");
  if (at("*") && at(")", 1)) {
    next();
    call.star = true;
  } else if (!at(")")) {
    call.arguments.push_back(condition_first ? predicate() : value_or_default());
    while (accept(",")) call.arguments.push_back(value_or_default());
  }
  expect(")");
  if (at("OVER")) call.over = over_clause();
  return Expression{where, std::move(call)};
}

// OVER ( [PARTITION BY value, ...] [ORDER BY item, ...] [ROWS | RANGE ...] )
std::unique_ptr<Over> Parser::over_clause() {
  expect_all({"OVER", "("});
  auto over = std::make_unique<Over>();
  if (accept_all({"PARTITION", "BY"})) {
    do {
      over->partition_by.push_back(expression());
    } while (accept(","));
  }
  if (at("ORDER")) over->order_by = order_items();
  if (at_any({"ROWS", "RANGE"})) {
    while (!at(")")) next();
  }
  expect(")");
  return over;
}

bool Parser::at_xml_method() const {
  return at(".") && find_xml_method(peek(1)) && at("(", 2);
}

// target.value('path', 'type') and its kin
Expression Parser::xml_method(Expression target) {
  expect(".");
  const Token& token = next();
  XmlMethod method{
      find_xml_method(token).value_or(XmlMethodKind::value), box(std::move(target)), {}};
  expect("(");
  do {
    method.arguments.push_back(expression());
  } while (accept(","));
  expect(")");
  if (auto* path = std::get_if<StringLiteral>(&method.arguments.front().node))
    path->value.insert(0, xquery_prolog_);
  return Expression{token.position, std::move(method)};
}

}  // namespace ssb::broker::tsql
