// The types of T-SQL: their names, families, precedence, and the type that two of them become
// together.
//
//   Shape   a stored value is one of store::Value; the type says how to read it:
//             bit, integers            int64
//             decimal, money, float    double (15 digits: what SQL Server keeps beyond them is
//             lost) texts, xml               UTF-8 binaries                 bytes uniqueidentifier
//             upper-case text dates and times          "2008-11-26 09:00:00.123", cut or extended
//             as the type has it; texts of one type compare
//   Source  T-SQL reference, section 1.9; precedence as in SQL Server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/tsql/expression_ast.h"

namespace ssb::broker::tsql {

// "nvarchar", "int".
[[nodiscard]] const char* base_name(SqlType type);
// "nvarchar(50)", "varbinary(max)", "decimal(10,2)".
[[nodiscard]] std::string type_name(const DataType& type);
// The type of a declaration as a catalog or a view writes it; nullopt when it is none.
[[nodiscard]] std::optional<DataType> parse_type(std::string_view declared);

// What a type's values are, whatever their size.
enum class Family { integer, exact, floating, time, text, binary, guid, xml, variant, other };
[[nodiscard]] Family family_of(const DataType& type);

[[nodiscard]] DataType type_of(SqlType type, int length = 0);  // with usual precision and scale

// Which types a declaration gives a length: "varchar(10)".
[[nodiscard]] bool has_length(SqlType type);
// Which types it gives the digits of their seconds: "time(3)".
[[nodiscard]] bool has_seconds_scale(SqlType type);

[[nodiscard]] bool is_text(
    const DataType& type);  // char, varchar, nchar, nvarchar, text, ntext, sysname
[[nodiscard]] bool is_national(const DataType& type);  // UTF-16: nchar, nvarchar, ntext, sysname
[[nodiscard]] bool is_binary(const DataType& type);    // binary, varbinary, image, rowversion
[[nodiscard]] bool is_integer(const DataType& type);   // bit included
[[nodiscard]] bool is_exact(const DataType& type);     // decimal, money
[[nodiscard]] bool is_float(const DataType& type);
[[nodiscard]] bool is_number(const DataType& type);
[[nodiscard]] bool is_time(const DataType& type);          // dates and times
[[nodiscard]] bool is_fixed_length(const DataType& type);  // char, nchar, binary: padded

// The type that CASE, COALESCE, UNION, comparison and arithmetic convert both sides to: that of the
// higher precedence, widened.
[[nodiscard]] DataType common_type(const DataType& a, const DataType& b);

// An exact or integer type as the decimal that holds all its values.
[[nodiscard]] DataType as_decimal(const DataType& type);

// A type as one number, so that SQL can hand it to a function, and back. Names of user types are
// lost.
[[nodiscard]] std::int64_t pack(const DataType& type);
[[nodiscard]] DataType unpack(std::int64_t packed);

}  // namespace ssb::broker::tsql
