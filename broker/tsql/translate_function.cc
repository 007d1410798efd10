// Function calls: a table for those that are one SQL function of their arguments, code for the rest.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/translator_body.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;

// arguments: a letter each, what it is converted to
//   s text   i integer   f float   b varbinary   g uniqueidentifier   a as it is   x xml
//   ? the rest is optional   * the last may be repeated
// result: a type, or "=" the type of the first argument, "+" its type widened to what the text functions return
// context: D the database in use, U the current user, N the login, O the original login: arguments before the others
struct FunctionRow {
  std::string_view name;
  std::string_view arguments;
  std::string_view result;
  std::string_view sql;
  std::string_view context = {};
};

namespace {

constexpr std::array kFunctions = std::to_array<FunctionRow>({
    // texts
    {"ASCII", "s", "int", "ssb_code"},
    {"CHAR", "i", "varchar(1)", "ssb_char"},
    {"CHARINDEX", "ss?i", "int", "ssb_charindex"},
    {"CONCAT", "ss*", "nvarchar(max)", "ssb_concat"},
    {"CONCAT_WS", "sss*", "nvarchar(max)", "ssb_concat_ws"},
    {"LEFT", "si", "=", "ssb_left"},
    {"LEN", "a", "int", "ssb_len"},
    {"LOWER", "s", "=", "ssb_lower"},
    {"LTRIM", "s", "=", "ssb_ltrim"},
    {"NCHAR", "i", "nvarchar(1)", "ssb_nchar"},
    {"PARSENAME", "si", "sysname", "ssb_parsename"},
    {"PATINDEX", "ss", "int", "ssb_patindex"},
    {"QUOTENAME", "s?s", "nvarchar(258)", "ssb_quotename"},
    {"REPLACE", "sss", "+", "ssb_replace"},
    {"REPLICATE", "si", "+", "ssb_replicate"},
    {"REVERSE", "s", "=", "ssb_reverse"},
    {"RIGHT", "si", "=", "ssb_right"},
    {"RTRIM", "s", "=", "ssb_rtrim"},
    {"SPACE", "i", "varchar(8000)", "ssb_space"},
    {"STR", "f?ii", "varchar(8000)", "ssb_str"},
    {"STUFF", "siis", "+", "ssb_stuff"},
    {"TRIM", "s", "=", "ssb_trim"},
    {"UNICODE", "s", "int", "ssb_code"},
    {"UPPER", "s", "=", "ssb_upper"},
    // numbers
    {"ABS", "n", "=", "ssb_abs"},
    {"CEILING", "n", "=", "ssb_ceiling"},
    {"FLOOR", "n", "=", "ssb_floor"},
    {"POWER", "nf", "=", "ssb_power"},
    {"RAND", "?i", "float", "ssb_rand"},
    {"ROUND", "ni?i", "=", "ssb_round"},
    {"SIGN", "n", "=", "ssb_sign"},
    {"SQRT", "f", "float", "ssb_sqrt"},
    // dates, checks, digests
    {"ISDATE", "a", "int", "ssb_isdate"},
    {"ISNUMERIC", "a", "int", "ssb_isnumeric"},
    {"EOMONTH", "t?i", "date", "ssb_eomonth"},
    {"HASHBYTES", "sb", "varbinary(8000)", "ssb_hashbytes"},
    {"NEWID", "", "uniqueidentifier", "ssb_newid"},
    {"NEWSEQUENTIALID", "", "uniqueidentifier", "ssb_newid"},
    {"CRYPT_GEN_RANDOM", "i?b", "varbinary(8000)", "ssb_random_bytes"},
    // principals
    {"USER_NAME", "?i", "nvarchar(128)", "ssb_user_name", "DU"},
    {"CURRENT_USER", "", "nvarchar(128)", "ssb_user_name", "DU"},
    {"SESSION_USER", "", "nvarchar(128)", "ssb_user_name", "DU"},
    {"USER", "", "nvarchar(128)", "ssb_user_name", "DU"},
    {"USER_ID", "?s", "int", "ssb_user_id", "DU"},
    {"DATABASE_PRINCIPAL_ID", "?s", "int", "ssb_user_id", "DU"},
    {"SUSER_SNAME", "?b", "nvarchar(128)", "ssb_suser_sname", "N"},
    {"SYSTEM_USER", "", "nvarchar(128)", "ssb_suser_sname", "N"},
    {"SUSER_NAME", "?i", "nvarchar(128)", "ssb_suser_name", "N"},
    {"SUSER_ID", "?s", "int", "ssb_suser_id", "N"},
    {"SUSER_SID", "?s", "varbinary(85)", "ssb_suser_sid", "N"},
    {"ORIGINAL_LOGIN", "", "nvarchar(128)", "ssb_suser_sname", "O"},
    {"IS_MEMBER", "s", "int", "ssb_is_member", "DU"},
    {"IS_ROLEMEMBER", "s?s", "int", "ssb_is_member", "DU"},
    {"IS_SRVROLEMEMBER", "s?s", "int", "ssb_is_srvrolemember", "N"},
    {"HAS_PERMS_BY_NAME", "sss", "int", "ssb_has_perms_by_name", "DUN"},
    // databases and objects
    {"DB_NAME", "?i", "nvarchar(128)", "ssb_db_name", "D"},
    {"DB_ID", "?s", "smallint", "ssb_db_id", "D"},
    {"OBJECT_ID", "s?s", "int", "ssb_object_id", "D"},
    {"OBJECT_NAME", "i?i", "nvarchar(128)", "ssb_object_name", "D"},
    {"OBJECT_SCHEMA_NAME", "i?i", "nvarchar(128)", "ssb_object_schema_name", "D"},
    {"OBJECT_DEFINITION", "i", "nvarchar(max)", "ssb_object_definition", "D"},
    {"OBJECTPROPERTY", "is", "int", "ssb_objectproperty", "D"},
    {"OBJECTPROPERTYEX", "is", "sql_variant", "ssb_objectproperty", "D"},
    {"SCHEMA_NAME", "?i", "nvarchar(128)", "ssb_schema_name", "D"},
    {"SCHEMA_ID", "?s", "int", "ssb_schema_id", "D"},
    {"TYPE_NAME", "i", "nvarchar(128)", "ssb_type_name"},
    {"TYPE_ID", "s", "int", "ssb_type_id"},
    {"DATABASEPROPERTYEX", "ss", "sql_variant", "ssb_databasepropertyex", "D"},
    {"SERVERPROPERTY", "s", "sql_variant", "ssb_serverproperty"},
    // keys and conversations
    {"CERT_ID", "s", "int", "ssb_cert_id", "D"},
    {"CERTENCODED", "i", "varbinary(8000)", "ssb_certencoded", "D"},
    {"CERTPROPERTY", "is", "sql_variant", "ssb_certproperty", "D"},
    {"KEY_ID", "s", "int", "ssb_key_id", "D"},
    {"KEY_GUID", "s", "uniqueidentifier", "ssb_key_guid", "D"},
    {"GET_TRANSMISSION_STATUS", "g", "nvarchar(4000)", "ssb_transmission_status", "D"},
});

const FunctionRow* find_row(const std::string& name) {
  const auto* row =
      std::find_if(kFunctions.begin(), kFunctions.end(),
                   [&name](const FunctionRow& candidate) { return candidate.name == name; });
  return row == kFunctions.end() ? nullptr : row;
}

// Functions that the product has and this one does not; they say so, where a wrong name is 195.
constexpr auto kMissing = std::to_array<std::string_view>({"ENCRYPTBYKEY",
                                                           "DECRYPTBYKEY",
                                                           "ENCRYPTBYCERT",
                                                           "DECRYPTBYCERT",
                                                           "ENCRYPTBYASYMKEY",
                                                           "DECRYPTBYASYMKEY",
                                                           "ENCRYPTBYPASSPHRASE",
                                                           "DECRYPTBYPASSPHRASE",
                                                           "DECRYPTBYKEYAUTOCERT",
                                                           "DECRYPTBYKEYAUTOASYMKEY",
                                                           "SIGNBYCERT",
                                                           "VERIFYSIGNEDBYCERT",
                                                           "SIGNBYASYMKEY",
                                                           "VERIFYSIGNEDBYASYMKEY",
                                                           "ASYMKEY_ID",
                                                           "CERTPRIVATEKEY",
                                                           "SYMKEYPROPERTY",
                                                           "KEY_NAME",
                                                           "IS_OBJECTSIGNED",
                                                           "FORMAT",
                                                           "CHECKSUM",
                                                           "BINARY_CHECKSUM",
                                                           "COLUMNS_UPDATED",
                                                           "SOUNDEX",
                                                           "DIFFERENCE",
                                                           "STDEV",
                                                           "VAR",
                                                           "SIN",
                                                           "COS",
                                                           "TAN",
                                                           "LOG",
                                                           "EXP",
                                                           "JSON_VALUE",
                                                           "JSON_QUERY",
                                                           "ISJSON",
                                                           "TRANSLATE",
                                                           "COLLATIONPROPERTY",
                                                           "COLUMNPROPERTY",
                                                           "COL_NAME",
                                                           "COL_LENGTH",
                                                           "INDEXPROPERTY",
                                                           "TYPEPROPERTY",
                                                           "FILE_NAME",
                                                           "FILE_ID",
                                                           "PUBLISHINGSERVERNAME"});

constexpr auto kWindowFunctions = std::to_array<std::string_view>(
    {"ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"});

DataType sum_type(const DataType& type) {
  if (type.type == SqlType::bigint) return type;
  if (is_integer(type)) return type_of(SqlType::integer);
  if (type.type == SqlType::decimal) {
    DataType result = type;
    result.precision = 38;
    return result;
  }
  return is_exact(type) ? type_of(SqlType::money) : type_of(SqlType::floating);
}

// What a text function returns for its argument: fixed length ends, width stays.
DataType varying(const DataType& type, bool is_widened) {
  if (!is_text(type)) return type;
  const bool is_wide = is_national(type);
  int length = type.type == SqlType::sysname ? 128 : type.length;
  if (type.type == SqlType::text || type.type == SqlType::ntext) length = -1;
  if (is_widened && length > 0) length = is_wide ? 4000 : 8000;
  return type_of(is_wide ? SqlType::nvarchar : SqlType::varchar, length);
}

}  // namespace

void Translator::Body::expect_arguments(const Expression& at, const std::string& name,
                                        const FunctionCall& call, std::size_t low,
                                        std::size_t high) {
  const std::size_t count = call.arguments.size();
  if (count >= low && count <= high) return;
  const std::string wanted = low == high ? std::to_string(low) : fmt::format("{} to {}", low, high);
  fail(at, Error(ErrorCode::wrong_argument_count, lower(name), wanted));
}

SqlExpression Translator::Body::row_function(const Expression& at, const FunctionRow& row,
                                             const FunctionCall& call, Scope* scope) {
  const std::size_t optional = row.arguments.find('?');
  const bool repeats = row.arguments.ends_with('*');
  std::string letters;
  for (const char c : row.arguments) {
    if (c != '?' && c != '*') letters += c;
  }
  const std::size_t least = optional == std::string_view::npos ? letters.size() : optional;
  expect_arguments(at, std::string(row.name), call, least, repeats ? 254 : letters.size());

  std::vector<std::string> arguments;
  for (const char c : row.context) {
    if (c == 'D') arguments.push_back(std::to_string(environment_.database_id()));
    if (c == 'U') arguments.push_back(std::to_string(environment_.user_id()));
    if (c == 'N') arguments.push_back(bind(environment_.login_name()));
    if (c == 'O') arguments.push_back(bind(environment_.original_login_name()));
  }
  DataType first = type_of(SqlType::integer);
  bool is_binary = false;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    SqlExpression argument = value(call.arguments[i], scope);
    switch (letters[std::min(i, letters.size() - 1)]) {
      case 's':
        if (!is_text(argument.type))
          argument = fit(std::move(argument), type_of(SqlType::nvarchar, -1));
        break;
      case 'i': argument = fit(std::move(argument), type_of(SqlType::integer)); break;
      case 'f': argument = fit(std::move(argument), type_of(SqlType::floating)); break;
      case 'n':
        if (!is_number(argument.type))
          argument = fit(std::move(argument), type_of(SqlType::floating));
        break;
      case 'b': argument = fit(std::move(argument), type_of(SqlType::varbinary, -1)); break;
      case 'g': argument = fit(std::move(argument), type_of(SqlType::uniqueidentifier)); break;
      case 't':
        if (!is_time(argument.type))
          argument = fit(std::move(argument), type_of(SqlType::datetime2));
        break;
      default: break;
    }
    if (i == 0) first = argument.type;
    if (i == 0) is_binary = argument.is_binary_collation;
    arguments.push_back(std::move(argument.sql));
  }
  DataType result = first;
  if (row.result == "=")
    result = varying(first, false);
  else if (row.result == "+")
    result = varying(first, true);
  else
    result = parse_type(row.result).value_or(first);
  return {fmt::format("{}({})", row.sql, fmt::join(arguments, ",")), result,
          is_binary && is_text(result)};
}

std::string Translator::Body::over(const Over& window, Scope* scope) {
  std::string sql;
  for (const Expression& item : window.partition_by) {
    const SqlExpression key = value(item, scope);
    sql += (sql.empty() ? "PARTITION BY " : ",") + key.sql;
    if (is_text(key.type) && !key.is_binary_collation) sql += " COLLATE \"tsql\"";
  }
  bool is_first = true;
  for (const OrderItem& item : window.order_by) {
    const SqlExpression key = value(item.value, scope);
    sql += is_first ? " ORDER BY " : ",";
    // ORDER BY (SELECT NULL) and the like: no order.
    sql += key.is_null_literal ? std::string("NULL") : key.sql;
    if (is_text(key.type) && !key.is_binary_collation) sql += " COLLATE \"tsql\"";
    if (item.descending) sql += " DESC";
    is_first = false;
  }
  return " OVER (" + sql + ")";
}

std::optional<SqlExpression> Translator::Body::aggregate(const Expression& at,
                                                         const std::string& name,
                                                         const FunctionCall& call, Scope* scope) {
  const std::string window = call.over ? over(*call.over, scope) : std::string();
  const std::string distinct = call.distinct ? "DISTINCT " : "";
  if (name == "COUNT" || name == "COUNT_BIG") {
    const DataType type = type_of(name == "COUNT" ? SqlType::integer : SqlType::bigint);
    if (call.star) return SqlExpression{"count(*)" + window, type};
    expect_arguments(at, name, call, 1, 1);
    const SqlExpression argument = value(call.arguments[0], scope);
    const bool folds = call.distinct && is_text(argument.type) && !argument.is_binary_collation;
    return SqlExpression{fmt::format("count({}{}{}){}", distinct, argument.sql,
                                     folds ? " COLLATE \"tsql\"" : "", window),
                         type};
  }
  if (name == "MIN" || name == "MAX") {
    expect_arguments(at, name, call, 1, 1);
    const SqlExpression argument = value(call.arguments[0], scope);
    const char* collation =
        is_text(argument.type) && !argument.is_binary_collation ? " COLLATE \"tsql\"" : "";
    return SqlExpression{fmt::format("{}({}{}){}", lower(name), argument.sql, collation, window),
                         argument.type, argument.is_binary_collation};
  }
  if (name == "SUM" || name == "AVG") {
    expect_arguments(at, name, call, 1, 1);
    SqlExpression argument = value(call.arguments[0], scope);
    if (!is_number(argument.type)) argument = fit(std::move(argument), type_of(SqlType::integer));
    const DataType type = sum_type(argument.type);
    const std::string sum = fmt::format("sum({}{}){}", distinct, argument.sql, window);
    const DataType wide = is_integer(type) ? type_of(SqlType::bigint) : type;
    if (name == "SUM") return cast({sum, wide}, type);
    const std::string count = fmt::format("count({}{}){}", distinct, argument.sql, window);
    return SqlExpression{fmt::format("ssb_arithmetic('/',{},{},{})", sum, count, pack(type)), type};
  }
  if (name == "STRING_AGG") {
    expect_arguments(at, name, call, 2, 2);
    const SqlExpression argument =
        fit(value(call.arguments[0], scope), type_of(SqlType::nvarchar, -1));
    const SqlExpression separator = value(call.arguments[1], scope);
    return SqlExpression{fmt::format("group_concat({},{}){}", argument.sql, separator.sql, window),
                         type_of(SqlType::nvarchar, -1)};
  }
  if (std::find(kWindowFunctions.begin(), kWindowFunctions.end(), name) == kWindowFunctions.end())
    return std::nullopt;
  if (!call.over) fail(at, Error(ErrorCode::not_supported, name + " without OVER"));
  std::string arguments;
  DataType type = type_of(SqlType::bigint);
  for (const Expression& item : call.arguments) {
    const SqlExpression argument = value(item, scope);
    if (arguments.empty() && name != "NTILE") type = argument.type;
    arguments += (arguments.empty() ? "" : ",") + argument.sql;
  }
  return SqlExpression{fmt::format("{}({}){}", lower(name), arguments, window), type};
}

std::optional<SqlExpression> Translator::Body::date_function(const Expression& at,
                                                             const std::string& name,
                                                             const FunctionCall& call,
                                                             Scope* scope) {
  const auto part = [&] {
    const auto* word = std::get_if<ColumnReference>(&call.arguments[0].node);
    if (word == nullptr || word->parts.size() != 1) {
      fail(call.arguments[0], Error(ErrorCode::unknown_function_or_option, name));
    }
    return bind(lower(word->parts[0]));
  };
  const auto date = [&](std::size_t i) {
    SqlExpression argument = value(call.arguments[i], scope);
    if (is_time(argument.type)) return argument;
    return fit(std::move(argument), type_of(SqlType::datetime));
  };
  if (name == "DATEADD") {
    expect_arguments(at, name, call, 3, 3);
    const std::string which = part();
    const SqlExpression count = fit(value(call.arguments[1], scope), type_of(SqlType::integer));
    const SqlExpression when = date(2);
    return SqlExpression{
        fmt::format("ssb_dateadd({},{},{},{})", which, count.sql, when.sql, pack(when.type)),
        when.type};
  }
  if (name == "DATEDIFF" || name == "DATEDIFF_BIG") {
    expect_arguments(at, name, call, 3, 3);
    const std::string which = part();
    const DataType type = type_of(name == "DATEDIFF" ? SqlType::integer : SqlType::bigint);
    const std::string from = date(1).sql;
    return SqlExpression{
        fmt::format("ssb_datediff({},{},{},{})", which, from, date(2).sql, pack(type)), type};
  }
  if (name == "DATEPART" || name == "DATENAME") {
    expect_arguments(at, name, call, 2, 2);
    const std::string which = part();
    const bool is_name = name == "DATENAME";
    return SqlExpression{fmt::format("ssb_datepart({},{},{})", which, date(1).sql, is_name ? 1 : 0),
                         is_name ? type_of(SqlType::nvarchar, 30) : type_of(SqlType::integer)};
  }
  if (name == "YEAR" || name == "MONTH" || name == "DAY") {
    expect_arguments(at, name, call, 1, 1);
    return SqlExpression{fmt::format("ssb_datepart('{}',{},0)", lower(name), date(0).sql),
                         type_of(SqlType::integer)};
  }
  if (name == "DATEFROMPARTS") {
    expect_arguments(at, name, call, 3, 3);
    std::vector<std::string> parts;
    for (const Expression& item : call.arguments)
      parts.push_back(fit(value(item, scope), type_of(SqlType::integer)).sql);
    const DataType type = type_of(SqlType::date);
    return SqlExpression{fmt::format("ssb_datefromparts({},{})", fmt::join(parts, ","), pack(type)),
                         type};
  }
  return std::nullopt;
}

std::optional<SqlExpression> Translator::Body::choice(const Expression& at, const std::string& name,
                                                      const FunctionCall& call, Scope* scope) {
  const auto all = [&] {
    std::vector<SqlExpression> values;
    for (const Expression& item : call.arguments) values.push_back(value(item, scope));
    return values;
  };
  if (name == "ISNULL") {
    expect_arguments(at, name, call, 2, 2);
    SqlExpression first = value(call.arguments[0], scope);
    SqlExpression second = value(call.arguments[1], scope);
    if (first.is_null_literal) return second;
    if (second.is_null_literal) return first;
    const DataType type = first.type;
    if (!(second.type == type)) second = cast(std::move(second), type);
    return SqlExpression{"coalesce(" + first.sql + "," + second.sql + ")", type,
                         first.is_binary_collation};
  }
  if (name == "COALESCE") {
    expect_arguments(at, name, call, 2, 254);
    const std::vector<SqlExpression> values = all();
    const DataType type = common_of(values);
    std::string sql;
    for (const SqlExpression& one : values) sql += (sql.empty() ? "" : ",") + fit(one, type).sql;
    return SqlExpression{"coalesce(" + sql + ")", type};
  }
  if (name == "NULLIF") {
    expect_arguments(at, name, call, 2, 2);
    const SqlExpression first = value(call.arguments[0], scope);
    const std::string test = comparison("=", first, value(call.arguments[1], scope));
    return SqlExpression{fmt::format("(CASE WHEN {} THEN NULL ELSE {} END)", test, first.sql),
                         first.type, first.is_binary_collation};
  }
  if (name == "IIF") {
    expect_arguments(at, name, call, 3, 3);
    const std::string test = condition(call.arguments[0], scope);
    const SqlExpression yes = value(call.arguments[1], scope);
    const SqlExpression no = value(call.arguments[2], scope);
    const DataType type = common_of({yes, no});
    return SqlExpression{fmt::format("(CASE WHEN {} THEN {} ELSE {} END)", test, fit(yes, type).sql,
                                     fit(no, type).sql),
                         type};
  }
  if (name == "CHOOSE") {
    expect_arguments(at, name, call, 2, 254);
    std::vector<SqlExpression> values = all();
    const std::string index = fit(values[0], type_of(SqlType::integer)).sql;
    values.erase(values.begin());
    const DataType type = common_of(values);
    std::string sql = "(CASE " + index;
    for (std::size_t i = 0; i < values.size(); ++i)
      sql += fmt::format(" WHEN {} THEN {}", i + 1, fit(values[i], type).sql);
    return SqlExpression{sql + " END)", type};
  }
  return std::nullopt;
}

std::optional<SqlExpression> Translator::Body::special(const Expression& at,
                                                       const std::string& name,
                                                       const FunctionCall& call, Scope* scope) {
  if (name == "OBJECT_ID" && !call.arguments.empty()) {
    // OBJECT_ID('tempdb..#t'): temporary tables are the session's; SQL Server gives them negative ids.
    const auto* literal = std::get_if<StringLiteral>(&call.arguments[0].node);
    const std::size_t mark = literal == nullptr ? std::string::npos : literal->value.find('#');
    if (mark == std::string::npos) return std::nullopt;
    ObjectName temporary;
    temporary.name = literal->value.substr(mark);
    if (temporary.name.ends_with(']')) temporary.name.pop_back();
    const bool is_there = environment_.relation(temporary).has_value();
    return SqlExpression{is_there ? "-1" : "NULL", type_of(SqlType::integer), false, !is_there};
  }
  if (name == "DATALENGTH") {
    expect_arguments(at, name, call, 1, 1);
    const SqlExpression argument = value(call.arguments[0], scope);
    return SqlExpression{fmt::format("ssb_datalength({},{})", argument.sql, pack(argument.type)),
                         type_of(SqlType::integer)};
  }
  if (name == "SUBSTRING") {
    expect_arguments(at, name, call, 3, 3);
    SqlExpression text = value(call.arguments[0], scope);
    if (!is_text(text.type) && !is_binary(text.type))
      text = fit(std::move(text), type_of(SqlType::nvarchar, -1));
    const std::string start = fit(value(call.arguments[1], scope), type_of(SqlType::integer)).sql;
    const std::string count = fit(value(call.arguments[2], scope), type_of(SqlType::integer)).sql;
    const DataType type = is_binary(text.type) ? type_of(SqlType::varbinary, text.type.length)
                                               : varying(text.type, false);
    return SqlExpression{fmt::format("ssb_substring({},{},{})", text.sql, start, count), type};
  }
  return std::nullopt;
}

// With OVER it is no aggregate of the query: its columns stay bare.
void Translator::Body::note_aggregate(const Expression& at, const FunctionCall& call, Scope* scope,
                                      std::size_t bare_before) {
  if (call.over || scope == nullptr) return;
  if (scope->forbids_aggregates) fail(at, Error(ErrorCode::aggregate_in_where));
  scope->has_aggregate = true;
  scope->bare_columns.resize(bare_before);
}

SqlExpression Translator::Body::function(const Expression& at, const FunctionCall& call,
                                         Scope* scope) {
  if (call.name.is_qualified()) {
    fail(at, Error(ErrorCode::not_supported, "the user-defined function " + to_text(call.name)));
  }
  const std::string name = upper(call.name.name);
  const std::size_t bare_before = scope != nullptr ? scope->bare_columns.size() : 0;
  if (auto result = aggregate(at, name, call, scope)) {
    note_aggregate(at, call, scope, bare_before);
    return *result;
  }
  if (auto result = choice(at, name, call, scope)) return *result;
  if (auto result = special(at, name, call, scope)) return *result;
  if (auto result = date_function(at, name, call, scope)) return *result;
  if (const FunctionRow* row = find_row(name)) return row_function(at, *row, call, scope);
  if (call.arguments.empty()) {
    if (const auto known = environment_.session_function(name)) return bound(*known);
  }
  if (std::find(kMissing.begin(), kMissing.end(), name) != kMissing.end()) {
    fail(at, Error(ErrorCode::not_supported, "the function " + name));
  }
  fail(at, Error(ErrorCode::unknown_function_or_option, call.name.name));
}

}  // namespace ssb::broker::tsql
