// Time as a value that is handed in: nothing below the hosts reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ssb::proto {

using Duration = std::chrono::microseconds;
// UTC, microseconds since 1970-01-01.
using TimePoint = std::chrono::sys_time<Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

[[nodiscard]] constexpr std::int64_t to_unix_us(TimePoint t) {
  return t.time_since_epoch().count();
}
[[nodiscard]] constexpr TimePoint from_unix_us(std::int64_t us) {
  return TimePoint(Duration(us));
}

// The nearest moment that SQL Server's datetime holds: 1/300 s, in milliseconds .000, .003, .007.
[[nodiscard]] TimePoint to_datetime(TimePoint t);
// "2008-11-26 09:00:00.123": SQL Server's datetime text, UTC, of to_datetime(t). Times outside of
// the years 1 to 9999 print as the first or last moment of them, kNever among these.
[[nodiscard]] std::string to_datetime_text(TimePoint t);
// "2008-11-26T09:00:00.123456Z".
[[nodiscard]] std::string to_iso_text(TimePoint t);
// Reads what CONVERT(datetime, ...) takes under us_english: '2008-11-26', '20081126', '11/30/2013',
// 'Nov 26 2008', 'November 26, 2008', each with an optional time '13:45', '13:45:59.123',
// '1:45 PM', and ISO 8601 with T and Z. Years 1753 to 9999; two digits mean 1950 to 2049. Seven
// digits of a second are read and cut to microseconds. A time alone and an empty text are refused.
[[nodiscard]] std::optional<TimePoint> parse_datetime(std::string_view text);

}  // namespace ssb::proto
