// The inside of Translator: one class over several files, a family of nodes each.
//
//   Errors  `fail` throws a Failure, which the public functions of Translator catch: passing results up by hand through every node
//           would drown the translation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker/tsql/translate.h"

namespace ssb::broker::tsql {

struct FunctionRow;  // translate_function.cc

class Translator::Body {
 public:
  struct Failure {
    TranslateFailure what;
  };

  explicit Body(Environment& environment) : environment_(environment) {}

  // translate_expression.cc
  SqlExpression value(const Expression& expression, Scope* scope);
  struct ValueOf;  // of each kind of expression
  std::string condition(const Expression& expression, Scope* scope);
  // translate_query.cc
  SqlQuery query(const Query& query, Scope* outer);
  SqlQuery select(const Parts& parts, Scope& scope, std::string sources);
  std::string add_source(Scope& scope, const Relation& relation, std::string name);

  [[noreturn]] void fail(const Expression& at, proto::Error error);
  [[noreturn]] void fail(SourcePosition at, proto::Error error);
  std::string bind(store::Value value);
  // SQL with its parameters' values in place of their numbers: equal texts are equal expressions.
  [[nodiscard]] std::string with_values(const std::string& sql) const;

  std::vector<store::Value> parameters;

 private:
  // ---- expressions ----
  SqlExpression text_literal(const StringLiteral& literal);
  SqlExpression decimal_literal(const DecimalLiteral& literal);
  SqlExpression bound(const TypedValue& value);
  SqlExpression column(const Expression& at, const ColumnReference& reference, Scope* scope);
  SqlExpression unary(const Expression& at, const Unary& unary, Scope* scope);
  SqlExpression binary(const Expression& at, const Binary& binary, Scope* scope);
  SqlExpression arithmetic(const Expression& at, BinaryOperator op, SqlExpression left,
                           SqlExpression right);
  SqlExpression add(const Expression& at, SqlExpression left, SqlExpression right, bool is_minus);
  SqlExpression case_value(const Case& node, Scope* scope);
  SqlExpression conversion(const Conversion& node, Scope* scope);
  SqlExpression subquery_value(const Expression& at, const Query& inner, Scope* scope);
  std::string xml_arguments(const XmlMethod& method, Scope* scope);
  SqlExpression xml_method(const Expression& at, const XmlMethod& method, Scope* scope);
  SqlExpression truth(const Expression& at, Scope* scope);
  std::string comparison(const char* op, SqlExpression left, SqlExpression right);
  std::string like(const Like& node, Scope* scope);
  std::string in(const Expression& at, const In& node, Scope* scope);
  std::string quantified(const Expression& at, const QuantifiedComparison& node, Scope* scope);
  SqlExpression cast(SqlExpression from, const DataType& to, int style = -1,
                     bool yields_null = false);
  // As cast, unless the values are alike already.
  SqlExpression fit(SqlExpression from, const DataType& to);
  DataType common_of(const std::vector<SqlExpression>& all);

  // ---- functions, translate_function.cc ----
  SqlExpression function(const Expression& at, const FunctionCall& call, Scope* scope);
  std::optional<SqlExpression> aggregate(const Expression& at, const std::string& name,
                                         const FunctionCall& call, Scope* scope);
  void note_aggregate(const Expression& at, const FunctionCall& call, Scope* scope,
                      std::size_t bare_before);
  // ISNULL, COALESCE, NULLIF, IIF, CHOOSE.
  std::optional<SqlExpression> choice(const Expression& at, const std::string& name,
                                      const FunctionCall& call, Scope* scope);
  std::optional<SqlExpression> special(const Expression& at, const std::string& name,
                                       const FunctionCall& call, Scope* scope);
  std::optional<SqlExpression> date_function(const Expression& at, const std::string& name,
                                             const FunctionCall& call, Scope* scope);
  SqlExpression row_function(const Expression& at, const FunctionRow& row, const FunctionCall& call,
                             Scope* scope);
  std::string over(const Over& window, Scope* scope);
  void expect_arguments(const Expression& at, const std::string& name, const FunctionCall& call,
                        std::size_t low, std::size_t high);

  // ---- queries ----
  struct CommonTableEntry {
    std::string name;
    Relation relation;
  };
  SqlQuery terms(const Query& query, Scope* outer, bool is_nested);
  SqlQuery plain_query(const Query& query, Scope* outer);
  SqlQuery single(const Select& select, const Query& query, Scope* outer, bool has_tail);
  std::string with_clause(const std::vector<CommonTable>& with, Scope* outer);
  std::string from_clause(const std::vector<FromItem>& from, Scope& scope);
  std::string from_item(const FromItem& item, Scope& scope);
  std::string table_source(const TableSource& source, Scope& scope, bool is_applied);
  std::string derived(const TableSource& source, const Query& query, Scope& scope, bool is_applied);
  std::string values_table(const TableSource& source, const ValuesTable& values, Scope& scope);
  std::string nodes_table(const TableSource& source, const XmlNodesTable& nodes, Scope& scope);
  std::string table_function(const TableSource& source, const TableFunction& function,
                             Scope& scope);
  void add_table(Scope& scope, ScopeTable table) { scope.tables.push_back(std::move(table)); }
  std::string next_alias();
  SqlExpression changed(const Change& change, Scope& scope);
  void items(const std::vector<SelectItem>& items, Scope& scope, bool is_distinct, SqlQuery& out,
             std::string& list);
  void star(const Expression& at, const Star& star, Scope& scope, bool is_distinct, SqlQuery& out,
            std::string& list);
  void output(const SqlExpression& value, OutputColumn column, bool is_distinct, SqlQuery& out,
              std::string& list);
  // What ORDER BY may name: anything, or columns of the result alone.
  enum class OrderRule { any, outputs_of_distinct, outputs_of_set };
  std::string order_by(const std::vector<OrderItem>& order, const SqlQuery& query, Scope& scope,
                       OrderRule rule);
  std::string limit(const Query& query, const std::optional<Top>& top, Scope* outer);
  std::string row_limit(const Expression& count, Scope* outer);
  std::string group_by(const Select& select, Scope& scope);
  SqlQuery for_xml(const Query& query, Scope* outer);

  Environment& environment_;
  std::vector<std::vector<CommonTableEntry>> common_tables_;
  int aliases_ = 0;
};

// Runs `work`, turning a Failure into the error of the result.
template <typename Result, typename Work>
TranslateResult<Result> catching(Work work) {
  try {
    return work();
  } catch (const Translator::Body::Failure& failure) {
    return failure.what;
  }
}

}  // namespace ssb::broker::tsql
