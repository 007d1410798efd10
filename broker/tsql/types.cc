#include "broker/tsql/types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace ssb::broker::tsql {
namespace {

struct TypeRow {
  SqlType type;
  const char* name;
  int precedence;  // the higher one wins
  Family family;
};

constexpr std::array<TypeRow, 32> kTypeRows = {{
    {SqlType::bit, "bit", 10, Family::integer},
    {SqlType::tinyint, "tinyint", 11, Family::integer},
    {SqlType::smallint, "smallint", 12, Family::integer},
    {SqlType::integer, "int", 13, Family::integer},
    {SqlType::bigint, "bigint", 14, Family::integer},
    {SqlType::decimal, "decimal", 17, Family::exact},
    {SqlType::smallmoney, "smallmoney", 15, Family::exact},
    {SqlType::money, "money", 16, Family::exact},
    {SqlType::real, "real", 18, Family::floating},
    {SqlType::floating, "float", 19, Family::floating},
    {SqlType::date, "date", 21, Family::time},
    {SqlType::time, "time", 20, Family::time},
    {SqlType::smalldatetime, "smalldatetime", 22, Family::time},
    {SqlType::datetime, "datetime", 23, Family::time},
    {SqlType::datetime2, "datetime2", 24, Family::time},
    {SqlType::datetimeoffset, "datetimeoffset", 25, Family::time},
    {SqlType::character, "char", 3, Family::text},
    {SqlType::varchar, "varchar", 4, Family::text},
    {SqlType::nchar, "nchar", 5, Family::text},
    {SqlType::nvarchar, "nvarchar", 6, Family::text},
    {SqlType::text, "text", 7, Family::text},
    {SqlType::ntext, "ntext", 7, Family::text},
    {SqlType::binary, "binary", 1, Family::binary},
    {SqlType::varbinary, "varbinary", 2, Family::binary},
    {SqlType::image, "image", 7, Family::binary},
    {SqlType::rowversion, "timestamp", 8, Family::binary},
    {SqlType::uniqueidentifier, "uniqueidentifier", 9, Family::guid},
    {SqlType::xml, "xml", 26, Family::xml},
    {SqlType::sql_variant, "sql_variant", 27, Family::variant},
    {SqlType::sysname, "sysname", 6, Family::text},
    {SqlType::cursor, "cursor", 0, Family::other},
    {SqlType::user_defined, "user type", 0, Family::other},
}};

const TypeRow& row_of(SqlType type) {
  return *std::find_if(kTypeRows.begin(), kTypeRows.end(),
                       [type](const TypeRow& row) { return row.type == type; });
}

// Both as texts or as binaries: the longer length, max (-1) above all.
int longer(int a, int b) {
  return a < 0 || b < 0 ? -1 : std::max(a, b);
}

}  // namespace

bool has_length(SqlType type) {
  return type == SqlType::character || type == SqlType::varchar || type == SqlType::nchar ||
         type == SqlType::nvarchar || type == SqlType::binary || type == SqlType::varbinary;
}

bool has_seconds_scale(SqlType type) {
  return type == SqlType::time || type == SqlType::datetime2 || type == SqlType::datetimeoffset;
}

const char* base_name(SqlType type) {
  return row_of(type).name;
}

std::string type_name(const DataType& type) {
  std::string name = type.type == SqlType::user_defined ? to_text(type.user_type)
                                                        : std::string(base_name(type.type));
  if (has_length(type.type)) {
    return type.length < 0 ? name + "(max)" : fmt::format("{}({})", name, type.length);
  }
  if (type.type == SqlType::decimal)
    return fmt::format("{}({},{})", name, type.precision, type.scale);
  if (has_seconds_scale(type.type)) return fmt::format("{}({})", name, type.scale);
  return name;
}

DataType type_of(SqlType type, int length) {
  DataType result;
  result.type = type;
  if (has_length(type)) result.length = length == 0 ? 1 : length;
  if (type == SqlType::decimal) result.precision = 18;
  if (type == SqlType::floating) result.precision = 53;
  if (has_seconds_scale(type)) result.scale = 7;
  return result;
}

std::optional<DataType> parse_type(std::string_view declared) {
  std::string name;
  std::array<int, 2> numbers{0, 0};
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < declared.size() && declared[at] != '(' && declared[at] != ' ') {
    const char c = declared[at++];
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::size_t open = declared.find('(');
  while (open != std::string_view::npos && count < 2) {
    at = declared.find_first_of("0123456789mM", at);
    if (at == std::string_view::npos) break;
    if (declared[at] == 'm' || declared[at] == 'M') {
      numbers[count++] = -1;
      break;
    }
    const char* end = declared.data() + declared.size();
    const auto parsed = std::from_chars(declared.data() + at, end, numbers[count]);
    ++count;
    at = static_cast<std::size_t>(parsed.ptr - declared.data());
  }
  if (name == "numeric") name = "decimal";
  if (name == "integer") name = "int";
  if (name == "rowversion") name = "timestamp";
  const auto* row =
      std::find_if(kTypeRows.begin(), kTypeRows.end(),
                   [&name](const TypeRow& candidate) { return name == candidate.name; });
  if (row == kTypeRows.end() || row->type == SqlType::user_defined) return std::nullopt;
  DataType type = type_of(row->type, numbers[0]);
  if (type.type == SqlType::decimal && count > 0) type.precision = numbers[0];
  if (type.type == SqlType::decimal && count > 1) type.scale = numbers[1];
  if (has_seconds_scale(type.type) && count > 0) type.scale = numbers[0];
  return type;
}

Family family_of(const DataType& type) {
  return row_of(type.type).family;
}

bool is_text(const DataType& type) {
  return family_of(type) == Family::text;
}
bool is_national(const DataType& type) {
  return type.type == SqlType::nchar || type.type == SqlType::nvarchar ||
         type.type == SqlType::ntext || type.type == SqlType::sysname;
}
bool is_binary(const DataType& type) {
  return family_of(type) == Family::binary;
}
bool is_integer(const DataType& type) {
  return family_of(type) == Family::integer;
}
bool is_exact(const DataType& type) {
  return family_of(type) == Family::exact;
}
bool is_float(const DataType& type) {
  return family_of(type) == Family::floating;
}
bool is_number(const DataType& type) {
  return is_integer(type) || is_exact(type) || is_float(type);
}
bool is_time(const DataType& type) {
  return family_of(type) == Family::time;
}
bool is_fixed_length(const DataType& type) {
  return type.type == SqlType::character || type.type == SqlType::nchar ||
         type.type == SqlType::binary;
}

DataType as_decimal(const DataType& type) {
  constexpr std::array<std::pair<SqlType, int>, 5> kDigits = {{{SqlType::bit, 1},
                                                               {SqlType::tinyint, 3},
                                                               {SqlType::smallint, 5},
                                                               {SqlType::integer, 10},
                                                               {SqlType::bigint, 19}}};
  if (type.type == SqlType::decimal) return type;
  DataType result = type_of(SqlType::decimal);
  result.precision = 19;
  result.scale = 4;  // money
  for (const auto& [integer, digits] : kDigits) {
    if (type.type != integer) continue;
    result.precision = digits;
    result.scale = 0;
  }
  return result;
}

DataType common_type(const DataType& a, const DataType& b) {
  const bool a_wins = row_of(a.type).precedence >= row_of(b.type).precedence;
  DataType result = a_wins ? a : b;
  const DataType& other = a_wins ? b : a;
  if (result.type == SqlType::decimal && (is_integer(other) || is_exact(other))) {
    const DataType left = as_decimal(a);
    const DataType right = as_decimal(b);
    result.scale = std::max(left.scale, right.scale);
    const int whole = std::max(left.precision - left.scale, right.precision - right.scale);
    result.precision = std::min(38, whole + result.scale);
  } else if (has_length(result.type) && has_length(other.type)) {
    if (result.type == SqlType::nchar && other.type == SqlType::varchar) {
      result.type = SqlType::nvarchar;  // padding ends with the first variable length
    }
    result.length = longer(a.length, b.length);
  } else if (result.type == SqlType::sysname && has_length(other.type)) {
    result = type_of(SqlType::nvarchar, longer(128, other.length));
  } else if (has_length(result.type) && other.type == SqlType::sysname) {
    result = type_of(SqlType::nvarchar, longer(128, result.length));
  } else if (has_seconds_scale(result.type) && has_seconds_scale(other.type)) {
    result.scale = std::max(a.scale, b.scale);
  }
  return result;
}

std::int64_t pack(const DataType& type) {
  return static_cast<std::int64_t>(type.type) | (static_cast<std::int64_t>(type.length + 1) << 8) |
         (static_cast<std::int64_t>(type.precision) << 32) |
         (static_cast<std::int64_t>(type.scale) << 40);
}

DataType unpack(std::int64_t packed) {
  DataType type;
  type.type = static_cast<SqlType>(packed & 0xFF);
  type.length = static_cast<int>((packed >> 8) & 0xFFFFFF) - 1;
  type.precision = static_cast<int>((packed >> 32) & 0xFF);
  type.scale = static_cast<int>((packed >> 40) & 0xFF);
  return type;
}

}  // namespace ssb::broker::tsql
