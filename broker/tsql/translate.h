// T-SQL expressions and queries as SQL of SQLite, with their static types.
//
//   Shape   every name is resolved here: a source in FROM gets an alias t1, t2, ... of its own, an output column is called o0, o1, ...;
//           T-SQL names never reach SQLite but as quoted names of tables, views and columns. Variables, @@variables and functions that
//           answer once a statement (GETDATE, NEWID, ERROR_MESSAGE) are bound as parameters.
//   Types   operands are converted by T-SQL's precedence with "ssb_cast", so that SQLite's own affinities never decide. Text compares
//           under collation "tsql"; names of Service Broker (binary) compare byte by byte.
//   Errors  207, 208, 209, 4104 names; 195, 174 functions; 116, 120, 121, 205; not_supported for what has no translation. A failure
//           carries the position of its expression.
//   Source  T-SQL reference, section 1.9.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/store.h"
#include "broker/tsql/ast.h"
#include "broker/tsql/types.h"
#include "proto/error.h"

namespace ssb::broker::tsql {

struct TypedValue {
  DataType type;
  store::Value value;
};

struct SourceColumn {
  std::string name;
  std::string sql;  // quoted, without alias
  DataType type;
  bool is_binary_collation = false;
};
// What a name in FROM stands for.
struct Relation {
  std::string sql;  // as it stands in FROM: "dbo.t", "sys.databases"(5), "rows"(5,17)
  std::vector<SourceColumn> columns;
  std::string schema;  // to match schema.table.column
  std::shared_ptr<const Batch>
      view;  // a CreateView: translated in place of `sql`, in `view_database`
  store::DatabaseId view_database = 0;
};

// What the translator asks its session.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual proto::Result<TypedValue> variable(std::string_view name) = 0;  // 137
  [[nodiscard]] virtual proto::Result<TypedValue> system_variable(std::string_view upper_name) = 0;
  // Functions that answer once a statement; nullopt: not one of these.
  [[nodiscard]] virtual std::optional<TypedValue> session_function(std::string_view upper_name) = 0;
  [[nodiscard]] virtual proto::Result<Relation> relation(const ObjectName& name) = 0;  // 208
  [[nodiscard]] virtual proto::Result<Relation> table_variable(std::string_view name) = 0;
  // Of the database in use, and of who runs the statement: arguments of functions like USER_NAME.
  [[nodiscard]] virtual std::int64_t database_id() const = 0;
  [[nodiscard]] virtual std::int64_t user_id() = 0;
  [[nodiscard]] virtual std::string login_name() const = 0;
  [[nodiscard]] virtual std::string original_login_name() const = 0;
  // Names inside a view are those of its own database.
  virtual void enter_database(store::DatabaseId database) = 0;
};

struct SqlExpression {
  std::string sql;
  DataType type;
  bool is_binary_collation = false;
  bool is_null_literal = false;
};

struct OutputColumn {
  std::string name;
  DataType type;
  bool is_binary_collation = false;
  std::string variable;  // of @v = value; "" = none
  AssignmentOperator op = AssignmentOperator::assign;
};
struct SqlQuery {
  std::string sql;
  std::vector<OutputColumn> columns;
};

// A source that is visible to column references.
struct ScopeTable {
  std::string name;    // alias or table name
  std::string schema;  // "" with an alias
  std::string alias;   // t1
  std::vector<SourceColumn> columns;
};
struct Scope {
  std::vector<ScopeTable> tables;
  Scope* outer = nullptr;
  bool is_used_from_inside = false;  // by a query further in: it is correlated

  // For 147 and 8120. A column is bare while it stands in no aggregate and is no key of GROUP BY.
  struct BareColumn {
    std::string name;
    SourcePosition where;
  };
  std::vector<BareColumn> bare_columns;
  std::vector<std::string> group_keys;  // as SQL, with the values of its parameters
  bool has_aggregate = false;
  bool forbids_aggregates = false;  // in WHERE
};

struct TranslateFailure {
  proto::Error error;
  SourcePosition where;
};
template <typename T>
using TranslateResult = boost::system::result<T, TranslateFailure>;
[[noreturn]] void throw_exception_from_error(const TranslateFailure& failure,
                                             const boost::source_location& where);

// One statement's translation: parameters add up over all calls.
class Translator {
 public:
  explicit Translator(Environment& environment);
  Translator(const Translator&) = delete;
  Translator& operator=(const Translator&) = delete;
  ~Translator();

  [[nodiscard]] TranslateResult<SqlExpression> value(const Expression& expression,
                                                     Scope* scope = nullptr);
  [[nodiscard]] TranslateResult<SqlExpression> condition(const Expression& expression,
                                                         Scope* scope = nullptr);
  [[nodiscard]] TranslateResult<SqlQuery> query(const Query& query, Scope* outer = nullptr);
  // SELECT over sources that the caller chose, in part: UPDATE, DELETE, OUTPUT, RECEIVE, checks. What is null or empty is left out.
  struct Change {  // a new value; with `column`, column op value
    const Expression* value = nullptr;
    const ColumnReference* column = nullptr;
    AssignmentOperator op = AssignmentOperator::assign;
  };
  struct Parts {
    const std::vector<CommonTable>* with = nullptr;
    // The source, by its name in the scope, whose rows are changed: its row number and its columns come first in the result.
    std::string target;
    std::string row_column;  // "_rowid_" or "n"
    std::vector<Change> changes;
    const std::vector<SelectItem>* items = nullptr;
    const std::vector<FromItem>* from = nullptr;
    const Expression* where = nullptr;
    bool negates_where = false;  // rows for which it is false
    const Top* top = nullptr;
  };
  // `scope` has the sources that are there already, `sources` their SQL for FROM ("" = none).
  [[nodiscard]] TranslateResult<SqlQuery> select(const Parts& parts, Scope& scope,
                                                 std::string sources);
  // Adds a source under a new alias; returns its SQL for FROM.
  std::string add_source(Scope& scope, const Relation& relation, std::string name);

  [[nodiscard]] const std::vector<store::Value>& parameters() const;

  class Body;  // translator_body.h

 private:
  std::unique_ptr<Body> body_;
};

// "name" with its quotes doubled.
[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] bool equal_names(std::string_view a, std::string_view b);  // catalog::names_equal
[[nodiscard]] std::string upper(std::string_view text);                  // ASCII
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace ssb::broker::tsql
