// The syntax tree of names, types, expressions and queries; ast.h adds the statements.
//
//   Shape   plain move-only values. A child inside an expression is an ExpressionPointer (never
//   null unless its
//           comment says so); everywhere else an absent part is a std::optional.
//   Units   offsets and lengths are bytes of the batch's UTF-8 text; lines and columns count from
//   1, columns in
//           characters.
//   Source  T-SQL reference, sections 1.1, 1.8 and 1.9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/bytes.h"

namespace ssb::broker::tsql {

// Where something stands in the text of its batch.
struct SourcePosition {
  std::size_t offset = 0;
  std::size_t length = 0;  // of the token, or of the whole statement
  int line = 1;
  int column = 1;
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// [[[server.]database.]schema.]name with the spelling of the script and without quotes; "" = left
// out.
struct ObjectName {
  std::string server;
  std::string database;
  std::string schema;
  std::string name;
  friend bool operator==(const ObjectName&, const ObjectName&) = default;
  [[nodiscard]] bool is_qualified() const {
    return !schema.empty() || !database.empty() || !server.empty();
  }
};
// The name as T-SQL takes it, each part in brackets: [dbo].[t].
[[nodiscard]] std::string to_sql(const ObjectName& name);
// The name as written, joined with dots ("db..t"), for messages.
[[nodiscard]] inline std::string to_text(const ObjectName& name) {
  std::string text = name.server;
  if (!text.empty()) text += '.';
  text += name.database;
  if (!text.empty()) text += '.';
  text += name.schema;
  if (!text.empty()) text += '.';
  return text + name.name;
}

enum class SqlType {
  bit,
  tinyint,
  smallint,
  integer,  // int
  bigint,
  decimal,  // and numeric
  smallmoney,
  money,
  real,
  floating,  // float
  date,
  time,
  smalldatetime,
  datetime,
  datetime2,
  datetimeoffset,
  character,  // char
  varchar,
  nchar,
  nvarchar,
  text,
  ntext,
  binary,
  varbinary,
  image,
  rowversion,  // and timestamp
  uniqueidentifier,
  xml,
  sql_variant,
  sysname,
  cursor,  // DECLARE @c CURSOR only
  user_defined,
};

// The parser fills in what the script leaves to the default: length 1 in declarations and 30 in
// CAST and CONVERT, decimal(18,0), float(53), datetime2(7).
struct DataType {
  SqlType type = SqlType::integer;
  int length = 0;  // characters or bytes; -1 = max; 0 for types without one
  int precision = 0;
  int scale = 0;
  ObjectName user_type;              // of SqlType::user_defined: error 2715 is the interpreter's
  ObjectName xml_schema_collection;  // xml(collection)
  friend bool operator==(const DataType&, const DataType&) = default;
};

// ---- Expressions
// ---------------------------------------------------------------------------------------------

struct Expression;
struct Query;
using ExpressionPointer = std::unique_ptr<Expression>;
using QueryPointer = std::unique_ptr<Query>;

struct NullLiteral {};
struct StringLiteral {
  std::string value;      // UTF-8, quotes resolved
  bool national = false;  // N'...'
};
struct BinaryLiteral {
  proto::Bytes value;
};
// Fits int; greater ones are decimal literals, as in SQL Server.
struct IntegerLiteral {
  std::int32_t value = 0;
};
struct DecimalLiteral {
  std::string text;  // digits with at most one point, no sign
};
struct FloatLiteral {
  double value = 0;
  std::string text;
};
struct MoneyLiteral {
  std::int64_t ten_thousandths = 0;
};
// The word DEFAULT where a value stands: VALUES, UPDATE ... SET, arguments of EXEC.
struct DefaultValue {};

struct Variable {
  std::string name;  // with its @, as spelled; names compare without regard to case
};
// @@ROWCOUNT and the like.
struct SystemVariable {
  std::string name;  // with its @@, in upper case
};
// [[[database.]schema.]table.]column; parts of a left-out name ("db..t.c") are "".
struct ColumnReference {
  std::vector<std::string> parts;  // 1 to 4, the column last
};
// * or t.* in a select list, RECEIVE list or OUTPUT list.
struct Star {
  std::vector<std::string> qualifier;
};

enum class UnaryOperator { plus, minus, bit_not };
struct Unary {
  UnaryOperator op{};
  ExpressionPointer operand;
};

// !< is greater_equal, !> is less_equal.
enum class BinaryOperator {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  bit_and,
  bit_or,
  bit_xor,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
};
struct Binary {
  BinaryOperator op{};
  ExpressionPointer left;
  ExpressionPointer right;
};
struct Not {
  ExpressionPointer operand;
};
struct Like {
  ExpressionPointer value;
  ExpressionPointer pattern;
  ExpressionPointer escape;  // null: none
  bool negated = false;
};
// value IN (list) or value IN (query).
struct In {
  ExpressionPointer value;
  std::vector<Expression> list;
  QueryPointer query;  // null: the list counts
  bool negated = false;
};
struct Between {
  ExpressionPointer value;
  ExpressionPointer low;
  ExpressionPointer high;
  bool negated = false;
};
struct IsNull {
  ExpressionPointer value;
  bool negated = false;
};
struct Exists {
  QueryPointer query;
};
// left op ANY (query) or left op ALL (query); SOME is ANY.
struct QuantifiedComparison {
  ExpressionPointer left;
  BinaryOperator op{};
  bool all = false;
  QueryPointer query;
};
struct When {
  ExpressionPointer
      condition;  // a value to compare with the operand in the simple form, else a predicate
  ExpressionPointer result;
};
struct Case {
  ExpressionPointer operand;  // null: the searched form
  std::vector<When> whens;
  ExpressionPointer otherwise;  // null: NULL
};
// CAST, TRY_CAST, CONVERT, TRY_CONVERT.
struct Conversion {
  DataType type;
  ExpressionPointer value;
  ExpressionPointer style;   // null: none; always null for CAST
  bool yields_null = false;  // the TRY_ forms
};
struct Over;
// name(arguments). IIF has a predicate as its first argument; DATEADD and its kin a one-part
// ColumnReference.
struct FunctionCall {
  ObjectName name;
  std::vector<Expression> arguments;
  bool distinct = false;  // COUNT(DISTINCT x)
  bool star = false;      // COUNT(*)
  bool parentheses =
      true;  // false: CURRENT_TIMESTAMP, CURRENT_USER, SESSION_USER, SYSTEM_USER, USER
  std::unique_ptr<Over> over;  // null: none
};
struct ScalarSubquery {
  QueryPointer query;
};
struct Collate {
  ExpressionPointer value;
  std::string collation;
};
enum class XmlMethodKind { value, query, exist, nodes, modify };
// target.value('xpath', 'type') and its kin.
struct XmlMethod {
  XmlMethodKind kind{};
  ExpressionPointer target;
  std::vector<Expression> arguments;
};

struct Expression {
  SourcePosition position;  // of the token that names it: the operator, the function, the literal
  std::variant<NullLiteral, StringLiteral, BinaryLiteral, IntegerLiteral, DecimalLiteral,
               FloatLiteral, MoneyLiteral, DefaultValue, Variable, SystemVariable, ColumnReference,
               Star, Unary, Binary, Not, Like, In, Between, IsNull, Exists, QuantifiedComparison,
               Case, Conversion, FunctionCall, ScalarSubquery, Collate, XmlMethod>
      node;
};
// Whether it is a condition (IF, WHERE, ...) rather than a value: T-SQL has no boolean type.
[[nodiscard]] bool is_predicate(const Expression& expression);

struct OrderItem {
  Expression value;
  bool descending = false;
};
// Window frames are read and dropped.
struct Over {
  std::vector<Expression> partition_by;
  std::vector<OrderItem> order_by;
};

// ---- Queries
// -------------------------------------------------------------------------------------------------

enum class AssignmentOperator {
  assign,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  bit_and,
  bit_or,
  bit_xor
};

// An item of SELECT, RECEIVE or OUTPUT: value [AS alias], alias = value, @variable = value, or a
// Star.
struct SelectItem {
  Expression value;
  std::string alias;     // "" = none
  std::string variable;  // "" = none; with its @
  AssignmentOperator op = AssignmentOperator::assign;
};

struct Top {
  Expression count;
  bool percent = false;
  bool with_ties = false;
};

struct FromItem;
// A table, view or queue by name.
struct NamedTable {
  ObjectName name;
};
struct TableVariable {
  std::string name;  // with its @
};
struct DerivedTable {
  QueryPointer query;
};
// (VALUES (1, 'a'), (2, 'b')) AS t (c, d)
struct ValuesTable {
  std::vector<std::vector<Expression>> rows;
};
struct TableFunctionColumn {
  std::string name;
  DataType type;
  std::optional<std::string> path;
};
// A table-valued function, sys.dm_exec_sql_text(...), OPENXML(...) WITH (...).
struct TableFunction {
  FunctionCall call;
  std::vector<TableFunctionColumn> columns;  // of OPENXML ... WITH
};
// target.nodes('path') AS t(c)
struct XmlNodesTable {
  Expression call;  // an XmlMethod of kind nodes
};
// (a JOIN b ON ...)
struct JoinedTable {
  std::unique_ptr<FromItem> inner;
};
struct TableSource {
  SourcePosition position;
  std::variant<NamedTable, TableVariable, DerivedTable, ValuesTable, TableFunction, XmlNodesTable,
               JoinedTable>
      node;
  std::string alias;                        // "" = none
  std::vector<std::string> column_aliases;  // of derived tables and nodes()
  std::vector<std::string> hints;           // in upper case: NOLOCK, READPAST, ...
};

enum class JoinKind { inner, left, right, full, cross, cross_apply, outer_apply };
struct Join {
  JoinKind kind{};
  TableSource right;
  std::optional<Expression> on;  // absent for CROSS JOIN and APPLY
};
// A table and what is joined to it, from left to right.
struct FromItem {
  TableSource table;
  std::vector<Join> joins;
};

// One SELECT ... without set operators, ORDER BY and FOR XML.
struct Select {
  SourcePosition position;
  bool distinct = false;
  std::optional<Top> top;
  std::vector<SelectItem> items;
  std::optional<ObjectName> into;
  std::vector<FromItem> from;  // comma = cross join
  std::optional<Expression> where;
  std::vector<Expression> group_by;
  std::optional<Expression> having;
};

enum class SetOperator { none, union_distinct, union_all, except, intersect };
// INTERSECT binds tighter than the others: such a group is a nested Query, as a parenthesised one
// is.
struct QueryTerm {
  SetOperator op = SetOperator::none;  // to the terms before it; none for the first
  std::variant<Select, QueryPointer> node;
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  QueryPointer query;
};

enum class ForXmlMode { path, raw, automatic, explicit_mode };
struct ForXml {
  ForXmlMode mode{};
  std::optional<std::string> element;  // PATH('row'), RAW('row')
  std::optional<std::string> root;     // ROOT (then "root") or ROOT('name')
  bool type = false;
  bool elements = false;
  bool xsinil = false;
  bool binary_base64 = false;
};

struct Query {
  std::vector<CommonTable> with;
  std::vector<QueryTerm> terms;  // at least one
  std::vector<OrderItem> order_by;
  std::optional<Expression> offset;
  std::optional<Expression> fetch;
  std::optional<ForXml> for_xml;
};

}  // namespace ssb::broker::tsql
