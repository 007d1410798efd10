// What the parser tests share: parse or fail the test, and print expressions with every pair of parentheses.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "broker/tsql/parser.h"

namespace ssb::broker::tsql {

inline Batch parsed(std::string_view text, const ParseOptions& options = {}) {
  ParseResult<Batch> result = parse_batch(text, options);
  if (result) return std::move(*result);
  const ParseFailure& failure = result.error();
  ADD_FAILURE() << "Msg " << failure.error.number() << ", line " << failure.where.line << ": "
                << failure.error.text() << '\n'
                << caret_line(text, failure.where);
  return {};
}

inline ParseFailure failure_of(std::string_view text, const ParseOptions& options = {}) {
  const ParseResult<Batch> result = parse_batch(text, options);
  if (!result) return result.error();
  ADD_FAILURE() << "parses, but should not: " << text;
  return {};
}

inline std::int32_t error_of(std::string_view text) {
  return failure_of(text).error.number();
}

// The node of the statement with this number, which is of type T; a default one when it is not.
template <typename T>
const T& node_of(const Batch& batch, std::size_t number = 0) {
  static const T none{};
  if (number >= batch.statements.size()) {
    ADD_FAILURE() << "only " << batch.statements.size() << " statements";
    return none;
  }
  const T* node = std::get_if<T>(batch.statements[number].node.get());
  if (node == nullptr) {
    ADD_FAILURE() << "statement " << number << " is of another kind, index "
                  << batch.statements[number].node->index();
    return none;
  }
  return *node;
}

inline std::string show(const Expression& expression);

inline std::string show(const std::vector<Expression>& expressions) {
  std::string text;
  for (const Expression& expression : expressions) {
    if (!text.empty()) text += ", ";
    text += show(expression);
  }
  return text;
}

inline std::string show(const DataType& type) {
  std::string text = std::to_string(static_cast<int>(type.type));
  if (type.length != 0) text += ":" + std::to_string(type.length);
  return text;
}

struct ShowExpression {
  std::string operator()(const NullLiteral&) const { return "NULL"; }
  std::string operator()(const StringLiteral& node) const {
    return (node.national ? "N'" : "'") + node.value + "'";
  }
  std::string operator()(const BinaryLiteral& node) const {
    return "0x" + proto::to_hex(node.value);
  }
  std::string operator()(const IntegerLiteral& node) const { return std::to_string(node.value); }
  std::string operator()(const DecimalLiteral& node) const { return "dec " + node.text; }
  std::string operator()(const FloatLiteral& node) const { return "float " + node.text; }
  std::string operator()(const MoneyLiteral& node) const {
    return "$" + std::to_string(node.ten_thousandths);
  }
  std::string operator()(const DefaultValue&) const { return "DEFAULT"; }
  std::string operator()(const Variable& node) const { return node.name; }
  std::string operator()(const SystemVariable& node) const { return node.name; }
  std::string operator()(const ColumnReference& node) const {
    std::string text;
    for (const std::string& part : node.parts) text += (text.empty() ? "" : ".") + part;
    return text;
  }
  std::string operator()(const Star& node) const {
    std::string text;
    for (const std::string& part : node.qualifier) text += part + '.';
    return text + '*';
  }
  std::string operator()(const Unary& node) const {
    static constexpr std::string_view kSymbols = "+-~";
    return std::string("(") + kSymbols[static_cast<std::size_t>(node.op)] + show(*node.operand) +
           ")";
  }
  std::string operator()(const Binary& node) const {
    static constexpr const char* kSymbols[] = {"+", "-",  "*", "/",  "%", "&",  "|",   "^",
                                               "=", "<>", "<", "<=", ">", ">=", "AND", "OR"};
    return "(" + show(*node.left) + " " + kSymbols[static_cast<std::size_t>(node.op)] + " " +
           show(*node.right) + ")";
  }
  std::string operator()(const Not& node) const { return "(NOT " + show(*node.operand) + ")"; }
  std::string operator()(const Like& node) const {
    return "(" + show(*node.value) + negation(node.negated) + " LIKE " + show(*node.pattern) +
           (node.escape ? " ESCAPE " + show(*node.escape) : "") + ")";
  }
  std::string operator()(const In& node) const {
    return "(" + show(*node.value) + negation(node.negated) + " IN (" +
           (node.query ? "query" : show(node.list)) + "))";
  }
  std::string operator()(const Between& node) const {
    return "(" + show(*node.value) + negation(node.negated) + " BETWEEN " + show(*node.low) +
           " AND " + show(*node.high) + ")";
  }
  std::string operator()(const IsNull& node) const {
    return "(" + show(*node.value) + " IS" + negation(node.negated) + " NULL)";
  }
  std::string operator()(const Exists&) const { return "EXISTS(query)"; }
  std::string operator()(const QuantifiedComparison& node) const {
    return "(" + show(*node.left) + (node.all ? " op ALL" : " op ANY") + " (query))";
  }
  std::string operator()(const Case& node) const {
    std::string text = "CASE";
    if (node.operand) text += " " + show(*node.operand);
    for (const When& when : node.whens)
      text += " WHEN " + show(*when.condition) + " THEN " + show(*when.result);
    if (node.otherwise) text += " ELSE " + show(*node.otherwise);
    return text + " END";
  }
  std::string operator()(const Conversion& node) const {
    return std::string(node.yields_null ? "TRY_" : "") + "CONVERT(" + show(node.type) + ", " +
           show(*node.value) + (node.style ? ", " + show(*node.style) : "") + ")";
  }
  std::string operator()(const FunctionCall& node) const {
    std::string text = to_text(node.name);
    if (!node.parentheses) return text;
    text += std::string("(") + (node.distinct ? "DISTINCT " : "") +
            (node.star ? "*" : show(node.arguments)) + ")";
    if (node.over) {
      text += " OVER(" + show(node.over->partition_by) + ";";
      for (const OrderItem& item : node.over->order_by)
        text += show(item.value) + (item.descending ? " DESC" : "");
      text += ")";
    }
    return text;
  }
  std::string operator()(const ScalarSubquery&) const { return "(query)"; }
  std::string operator()(const Collate& node) const {
    return show(*node.value) + " COLLATE " + node.collation;
  }
  std::string operator()(const XmlMethod& node) const {
    static constexpr const char* kNames[] = {"value", "query", "exist", "nodes", "modify"};
    return show(*node.target) + "." + kNames[static_cast<std::size_t>(node.kind)] + "(" +
           show(node.arguments) + ")";
  }
  static std::string negation(bool negated) { return negated ? " NOT" : ""; }
};

inline std::string show(const Expression& expression) {
  return std::visit(ShowExpression{}, expression.node);
}

}  // namespace ssb::broker::tsql
