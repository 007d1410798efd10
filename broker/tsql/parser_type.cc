// Data types.
#include <algorithm>
#include <array>

#include "broker/tsql/parser_core.h"
#include "broker/tsql/types.h"

namespace ssb::broker::tsql {

namespace {

struct NamedType {
  std::string_view name;
  SqlType type;
};

// Sorted by name.
constexpr auto kTypeNames = std::to_array<NamedType>({
    {"bigint", SqlType::bigint},
    {"binary", SqlType::binary},
    {"bit", SqlType::bit},
    {"char", SqlType::character},
    {"character", SqlType::character},
    {"date", SqlType::date},
    {"datetime", SqlType::datetime},
    {"datetime2", SqlType::datetime2},
    {"datetimeoffset", SqlType::datetimeoffset},
    {"dec", SqlType::decimal},
    {"decimal", SqlType::decimal},
    {"float", SqlType::floating},
    {"image", SqlType::image},
    {"int", SqlType::integer},
    {"integer", SqlType::integer},
    {"money", SqlType::money},
    {"nchar", SqlType::nchar},
    {"ntext", SqlType::ntext},
    {"numeric", SqlType::decimal},
    {"nvarchar", SqlType::nvarchar},
    {"real", SqlType::real},
    {"rowversion", SqlType::rowversion},
    {"smalldatetime", SqlType::smalldatetime},
    {"smallint", SqlType::smallint},
    {"smallmoney", SqlType::smallmoney},
    {"sql_variant", SqlType::sql_variant},
    {"sysname", SqlType::sysname},
    {"text", SqlType::text},
    {"time", SqlType::time},
    {"timestamp", SqlType::rowversion},
    {"tinyint", SqlType::tinyint},
    {"uniqueidentifier", SqlType::uniqueidentifier},
    {"varbinary", SqlType::varbinary},
    {"varchar", SqlType::varchar},
    {"xml", SqlType::xml},
});

constexpr int kMaximumLength = -1;

}  // namespace

std::optional<DataType> Parser::plain_type(std::string_view lower_name) {
  const auto* const row = std::lower_bound(
      kTypeNames.begin(), kTypeNames.end(), lower_name,
      [](const NamedType& entry, std::string_view name) { return entry.name < name; });
  if (row == kTypeNames.end() || row->name != lower_name) return std::nullopt;
  DataType type;
  type.type = row->type;
  return type;
}

// [schema.]name [(arguments)], NATIONAL CHAR, CHAR VARYING, DOUBLE PRECISION, CURSOR
DataType Parser::data_type(TypeContext context) {
  DataType type;
  if (accept("CURSOR")) {
    type.type = SqlType::cursor;
    return type;
  }
  if (accept_all({"DOUBLE", "PRECISION"})) {
    type.type = SqlType::floating;
    type.precision = 53;
    return type;
  }
  const bool national = accept("NATIONAL");
  ObjectName name = object_name();
  const bool system =
      !name.is_qualified() || (name.database.empty() && to_lower(name.schema) == "sys");
  const std::optional<DataType> plain = system ? plain_type(to_lower(name.name)) : std::nullopt;
  if (!plain) {
    type.type = SqlType::user_defined;
    type.user_type = std::move(name);
    return type;
  }
  type = *plain;
  if (type.type == SqlType::character && accept("VARYING")) type.type = SqlType::varchar;
  if (type.type == SqlType::binary && accept("VARYING")) type.type = SqlType::varbinary;
  if (national) type.type = type.type == SqlType::varchar ? SqlType::nvarchar : SqlType::nchar;
  if (type.type == SqlType::decimal) type.precision = 18;
  if (type.type == SqlType::floating) type.precision = 53;
  if (has_seconds_scale(type.type)) type.scale = 7;
  if (at("(")) type_arguments(type);
  default_length(type, context);
  return type;
}

void Parser::default_length(DataType& type, TypeContext context) const {
  if (type.type == SqlType::sysname) type.length = 128;
  if (!has_length(type.type) || type.length != 0) return;
  type.length = context == TypeContext::conversion ? 30 : 1;
}

// (n), (max), (precision [, scale]), ([CONTENT | DOCUMENT] collection)
void Parser::type_arguments(DataType& type) {
  const Token& opening = peek();
  expect("(");
  if (has_length(type.type)) {
    const Token& argument = peek();
    type.length = accept("MAX") ? kMaximumLength : integer();
    if (type.length == 0) fail(argument);
  } else if (type.type == SqlType::decimal) {
    type.precision = integer();
    type.scale = accept(",") ? integer() : 0;
  } else if (type.type == SqlType::floating) {
    type.precision = integer();
    if (type.precision <= 24) type.type = SqlType::real;
  } else if (has_seconds_scale(type.type)) {
    type.scale = integer();
  } else if (type.type == SqlType::xml) {
    if (at_any({"CONTENT", "DOCUMENT"}) && !at(")", 1)) next();
    type.xml_schema_collection = object_name();
  } else {
    fail(opening);
  }
  expect(")");
}

}  // namespace ssb::broker::tsql
