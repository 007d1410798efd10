// Values, result sets and messages as sqlcmd shows them.
#pragma once

#include <string>
#include <string_view>

#include "broker/tsql/output.h"

namespace ssb::sim::scenario {

// NULL, 1/0 for bit, 0xAB.. and GUIDs in upper case, dates as ISO text.
[[nodiscard]] std::string value_text(const broker::store::Value& value);
// Column headers, a line of dashes, the rows, "(n rows affected)". A column is at most `column_width_max` wide.
[[nodiscard]] std::string table_text(const broker::tsql::RowSet& rows,
                                     std::size_t column_width_max = 256);
// "Msg 15581, Level 16, State 3, Line 4" and the text; PRINT only its text.
[[nodiscard]] std::string message_text(const broker::tsql::ServerMessage& message);
// All of a batch's output, one after the other.
[[nodiscard]] std::string output_text(const broker::tsql::Output& output,
                                      std::size_t column_width_max = 256);

// T-SQL LIKE, ignoring case: % _ [set] [^set].
[[nodiscard]] bool matches_like(std::string_view text, std::string_view pattern);
// How many columns a UTF-8 text takes on a terminal: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text);
// The text cut to `width` columns, with … at its end when something is missing.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

}  // namespace ssb::sim::scenario
