// Date functions. Dates come as texts of their type and go as texts of a type that is given.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/function_lists.h"
#include "broker/tsql/functions.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {
namespace {

using proto::Error;
using proto::ErrorCode;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using store::StoreResult;
using store::Value;

constexpr std::array<const char*, 12> kMonthNames{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<const char*, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday"};

enum class Part {
  year,
  quarter,
  month,
  day_of_year,
  day,
  week,
  weekday,
  hour,
  minute,
  second,
  millisecond,
  microsecond,
  nanosecond
};

std::optional<Part> part_of(std::string_view name) {
  struct Name {
    std::string_view text;
    Part part;
  };
  constexpr std::array<Name, 37> kNames{{
      {"year", Part::year},       {"yy", Part::year},
      {"yyyy", Part::year},       {"quarter", Part::quarter},
      {"qq", Part::quarter},      {"q", Part::quarter},
      {"month", Part::month},     {"mm", Part::month},
      {"m", Part::month},         {"dayofyear", Part::day_of_year},
      {"dy", Part::day_of_year},  {"y", Part::day_of_year},
      {"day", Part::day},         {"dd", Part::day},
      {"d", Part::day},           {"week", Part::week},
      {"wk", Part::week},         {"ww", Part::week},
      {"weekday", Part::weekday}, {"dw", Part::weekday},
      {"w", Part::weekday},       {"hour", Part::hour},
      {"hh", Part::hour},         {"minute", Part::minute},
      {"mi", Part::minute},       {"n", Part::minute},
      {"second", Part::second},   {"ss", Part::second},
      {"s", Part::second},        {"millisecond", Part::millisecond},
      {"ms", Part::millisecond},  {"microsecond", Part::microsecond},
      {"mcs", Part::microsecond}, {"nanosecond", Part::nanosecond},
      {"ns", Part::nanosecond},   {"iso_week", Part::week},
      {"isowk", Part::week},
  }};
  for (const Name& candidate : kNames) {
    if (candidate.text == name) return candidate.part;
  }
  return std::nullopt;
}

struct Moment {
  year_month_day date;
  sys_days days;
  proto::Duration clock;
};
Moment moment_of(proto::TimePoint time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  return {year_month_day(days), days, time - days};
}

std::int64_t months_of(const year_month_day& date) {
  return static_cast<std::int64_t>(static_cast<int>(date.year())) * 12 +
         static_cast<unsigned>(date.month()) - 1;
}

std::optional<proto::TimePoint> add_months(proto::TimePoint time, std::int64_t months) {
  const Moment moment = moment_of(time);
  const std::int64_t total = months_of(moment.date) + months;
  if (total < 12 || total >= 120'000) return std::nullopt;
  const std::chrono::year year(static_cast<int>(total / 12));
  const std::chrono::month month(static_cast<unsigned>(total % 12 + 1));
  const std::chrono::day last =
      std::chrono::year_month_day_last(year, std::chrono::month_day_last(month)).day();
  return proto::TimePoint(sys_days(year / month / std::min(moment.date.day(), last))) +
         moment.clock;
}

std::int64_t microseconds_of(Part part) {
  switch (part) {
    case Part::week: return 7LL * 86'400'000'000;
    case Part::hour: return 3'600'000'000;
    case Part::minute: return 60'000'000;
    case Part::second: return 1'000'000;
    case Part::millisecond: return 1'000;
    case Part::microsecond: return 1;
    case Part::nanosecond: return 0;
    case Part::year:
    case Part::quarter:
    case Part::month:
    case Part::day_of_year:
    case Part::day:
    case Part::weekday: return 86'400'000'000;
  }
  return 0;
}

std::optional<proto::TimePoint> add(Part part, std::int64_t count, proto::TimePoint time) {
  if (part == Part::year) return add_months(time, count * 12);
  if (part == Part::quarter) return add_months(time, count * 3);
  if (part == Part::month) return add_months(time, count);
  if (part == Part::nanosecond) return time + proto::Duration(count / 1000);
  std::int64_t change = 0;
  if (__builtin_mul_overflow(count, microseconds_of(part), &change)) return std::nullopt;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(proto::to_unix_us(time), change, &sum)) return std::nullopt;
  const proto::TimePoint result = proto::from_unix_us(sum);
  const int year = static_cast<int>(moment_of(result).date.year());
  if (year < 1 || year > 9999) return std::nullopt;
  return result;
}

Error unknown_part(const std::string& name) {
  return Error(ErrorCode::unknown_function_or_option, name);
}

// (part, count, date, type of the result)
StoreResult<Value> date_add(const Arguments& a) {
  const auto part = part_of(text_of(a[0]));
  if (!part) return to_store_error(unknown_part(text_of(a[0])));
  if (is_null(a[1]) || is_null(a[2])) return Value();
  const auto time = parse_time(text_of(a[2]));
  if (!time) return to_store_error(Error(ErrorCode::bad_date_text, text_of(a[2])));
  const auto sum = add(*part, integer_of(a[1]), *time);
  const DataType type = unpack(integer_of(a[3]));
  if (!sum) return to_store_error(Error(ErrorCode::date_overflow, type_name(type)));
  return Value(time_text(*sum, type));
}

// Boundaries crossed, not whole units.
std::int64_t difference(Part part, proto::TimePoint from, proto::TimePoint to) {
  const Moment a = moment_of(from);
  const Moment b = moment_of(to);
  switch (part) {
    case Part::year: return static_cast<int>(b.date.year()) - static_cast<int>(a.date.year());
    case Part::quarter: return months_of(b.date) / 3 - months_of(a.date) / 3;
    case Part::month: return months_of(b.date) - months_of(a.date);
    case Part::day:
    case Part::weekday:
    case Part::day_of_year: return (b.days - a.days).count();
    case Part::week: {
      // Weeks begin on Sunday; 1970-01-01 was a Thursday.
      const auto week = [](sys_days days) {
        return std::chrono::floor<std::chrono::weeks>(days.time_since_epoch() +
                                                      std::chrono::days(4))
            .count();
      };
      return week(b.days) - week(a.days);
    }
    case Part::nanosecond: return (to - from).count() * 1000;
    case Part::hour:
    case Part::minute:
    case Part::second:
    case Part::millisecond:
    case Part::microsecond: {
      const std::int64_t unit = microseconds_of(part);
      const auto index = [unit](proto::TimePoint t) {
        const std::int64_t us = proto::to_unix_us(t);
        return us >= 0 ? us / unit : -((-us + unit - 1) / unit);
      };
      return index(to) - index(from);
    }
  }
  return 0;
}

// (part, from, to, type of the result)
StoreResult<Value> date_difference(const Arguments& a) {
  const auto part = part_of(text_of(a[0]));
  if (!part) return to_store_error(unknown_part(text_of(a[0])));
  if (is_null(a[1]) || is_null(a[2])) return Value();
  const auto from = parse_time(text_of(a[1]));
  const auto to = parse_time(text_of(a[2]));
  if (!from || !to)
    return to_store_error(Error(ErrorCode::bad_date_text, text_of(from ? a[2] : a[1])));
  const auto result = convert(Value(difference(*part, *from, *to)), type_of(SqlType::bigint),
                              unpack(integer_of(a[3])));
  if (!result) return to_store_error(Error(ErrorCode::datediff_overflow));
  return *result;
}

std::int64_t part_value(Part part, proto::TimePoint time) {
  const Moment m = moment_of(time);
  const std::int64_t clock = m.clock.count();
  const auto year_start = sys_days(m.date.year() / 1 / 1);
  switch (part) {
    case Part::year: return static_cast<int>(m.date.year());
    case Part::quarter: return (static_cast<unsigned>(m.date.month()) - 1) / 3 + 1;
    case Part::month: return static_cast<unsigned>(m.date.month());
    case Part::day: return static_cast<unsigned>(m.date.day());
    case Part::day_of_year: return (m.days - year_start).count() + 1;
    case Part::weekday: return std::chrono::weekday(m.days).c_encoding() + 1;
    case Part::week: {
      const auto first = std::chrono::weekday(year_start).c_encoding();
      return ((m.days - year_start).count() + first) / 7 + 1;
    }
    case Part::hour: return clock / 3'600'000'000;
    case Part::minute: return clock / 60'000'000 % 60;
    case Part::second: return clock / 1'000'000 % 60;
    case Part::millisecond: return clock / 1000 % 1000;
    case Part::microsecond: return clock % 1'000'000;
    case Part::nanosecond: return clock % 1'000'000 * 1000;
  }
  return 0;
}

// (part, date, whether the name is wanted)
StoreResult<Value> date_part(const Arguments& a) {
  const auto part = part_of(text_of(a[0]));
  if (!part) return to_store_error(unknown_part(text_of(a[0])));
  if (is_null(a[1])) return Value();
  const auto time = parse_time(text_of(a[1]));
  if (!time) return to_store_error(Error(ErrorCode::bad_date_text, text_of(a[1])));
  const std::int64_t value = part_value(*part, *time);
  if (integer_of(a[2]) == 0) return Value(value);
  if (*part == Part::month)
    return Value(std::string(kMonthNames.at(static_cast<std::size_t>(value - 1))));
  if (*part == Part::weekday)
    return Value(std::string(kDays.at(static_cast<std::size_t>(value - 1))));
  return Value(fmt::format("{}", value));
}

StoreResult<Value> is_date(const Arguments& a) {
  const auto* text = std::get_if<std::string>(&a[0]);
  return Value(std::int64_t{text != nullptr && !text->empty() && parse_time(*text).has_value()});
}

// (year, month, day, type of the result)
StoreResult<Value> date_from_parts(const Arguments& a) {
  for (const Value& value : a) {
    if (is_null(value)) return Value();
  }
  const year_month_day date(std::chrono::year(static_cast<int>(integer_of(a[0]))),
                            std::chrono::month(static_cast<unsigned>(integer_of(a[1]))),
                            std::chrono::day(static_cast<unsigned>(integer_of(a[2]))));
  const DataType type = unpack(integer_of(a[3]));
  if (!date.ok()) return to_store_error(Error(ErrorCode::date_overflow, type_name(type)));
  return Value(time_text(sys_days(date), type));
}

StoreResult<Value> end_of_month(const Arguments& a) {
  if (is_null(a[0])) return Value();
  auto time = parse_time(text_of(a[0]));
  if (!time) return to_store_error(Error(ErrorCode::bad_date_text, text_of(a[0])));
  if (a.size() > 1) time = add_months(*time, integer_of(a[1]));
  const DataType type = type_of(SqlType::date);
  if (!time) return to_store_error(Error(ErrorCode::date_overflow, type_name(type)));
  const year_month_day date = moment_of(*time).date;
  return Value(time_text(sys_days(date.year() / date.month() / std::chrono::last), type));
}

}  // namespace

void register_date_functions(store::Store& store) {
  const auto add_function = [&store](const char* name, int count, store::ScalarFunction function) {
    store.register_function(name, count, std::move(function), store::FunctionKind::pure);
  };
  add_function("ssb_dateadd", 4, date_add);
  add_function("ssb_datediff", 4, date_difference);
  add_function("ssb_datepart", 3, date_part);
  add_function("ssb_isdate", 1, is_date);
  add_function("ssb_datefromparts", 4, date_from_parts);
  add_function("ssb_eomonth", -1, end_of_month);
}

}  // namespace ssb::broker::tsql
