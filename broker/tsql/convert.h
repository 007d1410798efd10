// Values between the types of T-SQL: CAST, CONVERT with its styles, and every implicit conversion.
//
//   Shape   nvarchar <-> varbinary is UTF-16LE; varchar <-> varbinary is Windows-1252 (its
//   0x80-0x9F as Latin-1); xml -> varbinary is
//           UTF-16LE behind FF FE, and varbinary -> xml reads UTF-16LE with or without that mark,
//           else UTF-8.
//   Errors  245 text to integer, 8114 text to another number, 241 dates, 8169 uniqueidentifier,
//   8115 overflow, 206 no such conversion. Source  T-SQL reference, sections 1.3 and 1.9.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "broker/store/store.h"
#include "broker/tsql/types.h"
#include "proto/error.h"
#include "proto/time.h"

namespace ssb::broker::tsql {

inline constexpr int kNoStyle = -1;

[[nodiscard]] inline bool is_null(const store::Value& value) {
  return std::holds_alternative<store::Null>(value);
}

// NULL stays NULL. Text that is too long is cut, as CAST and variables do; columns check before
// (fits).
[[nodiscard]] proto::Result<store::Value> convert(store::Value value, const DataType& from,
                                                  const DataType& to, int style = kNoStyle);
// Whether a value of the type keeps all of itself in a column of that type: otherwise 8152.
[[nodiscard]] bool fits(const store::Value& value, const DataType& type);

// As PRINT and messages show a value; NULL is nullopt.
[[nodiscard]] std::optional<std::string> to_text(const store::Value& value, const DataType& type);

// A date or time of day as its type keeps it, and back.
[[nodiscard]] std::string time_text(proto::TimePoint time, const DataType& type);
[[nodiscard]] std::optional<proto::TimePoint> parse_time(std::string_view text);

// Bytes of a text for SEND, HASHBYTES, CAST to varbinary.
[[nodiscard]] proto::Bytes text_bytes(std::string_view text, bool national);
// Length in UTF-16 code units.
[[nodiscard]] std::size_t text_length(std::string_view utf8);
// The first `units` UTF-16 code units.
[[nodiscard]] std::string_view text_prefix(std::string_view utf8, std::size_t units);

}  // namespace ssb::broker::tsql
