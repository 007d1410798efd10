#include "broker/tsql/convert.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "broker/xml/xml.h"
#include "proto/error_code.h"
#include "proto/ids.h"

namespace ssb::broker::tsql {
namespace {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Value;

constexpr int kStyleMax = 131;
constexpr std::array<const char*, 12> kShortMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

Error no_conversion(const DataType& from, const DataType& to) {
  return Error(ErrorCode::operand_type_clash, type_name(from), type_name(to));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// ---------------------------------------------------------------- numbers

struct Range {
  std::int64_t low;
  std::int64_t high;
};
Range range_of(const DataType& type) {
  if (type.type == SqlType::bit) return {0, 1};
  if (type.type == SqlType::tinyint) return {0, 255};
  if (type.type == SqlType::smallint) return {-32768, 32767};
  if (type.type == SqlType::integer) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

Result<Value> integer_in_range(std::int64_t number, const DataType& to) {
  if (to.type == SqlType::bit) return Value(std::int64_t{number != 0});
  const Range range = range_of(to);
  if (number < range.low || number > range.high) {
    return Error(ErrorCode::arithmetic_overflow, type_name(to));
  }
  return Value(number);
}

Result<Value> text_to_integer(const std::string& text, const DataType& from, const DataType& to) {
  std::string_view digits = trimmed(text);
  if (to.type == SqlType::bit) {
    std::string word(digits);
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word == "true") return Value(std::int64_t{1});
    if (word == "false") return Value(std::int64_t{0});
  }
  if (digits.empty()) return Value(std::int64_t{0});
  if (digits.front() == '+') digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code == std::errc::result_out_of_range) {
    return Error(ErrorCode::arithmetic_overflow, type_name(to));
  }
  if (code != std::errc() || end != digits.data() + digits.size()) {
    return Error(ErrorCode::conversion_failed, base_name(from.type), text, base_name(to.type));
  }
  return integer_in_range(number, to);
}

// Big-endian, the last bytes count.
std::int64_t bytes_to_integer(const proto::Bytes& bytes, const DataType& to) {
  std::size_t size = 8;
  if (to.type == SqlType::integer) size = 4;
  if (to.type == SqlType::smallint) size = 2;
  if (to.type == SqlType::tinyint || to.type == SqlType::bit) size = 1;
  std::uint64_t number = 0;
  const std::size_t first = bytes.size() > size ? bytes.size() - size : 0;
  for (std::size_t i = first; i < bytes.size(); ++i) number = number << 8 | bytes[i];
  if (to.type == SqlType::integer) return static_cast<std::int32_t>(number);
  if (to.type == SqlType::smallint) return static_cast<std::int16_t>(number);
  return static_cast<std::int64_t>(number);
}

Result<Value> to_integer(const Value& value, const DataType& from, const DataType& to) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return integer_in_range(*number, to);
  if (const auto* number = std::get_if<double>(&value)) {
    if (to.type == SqlType::bit) return Value(std::int64_t{*number != 0});
    const double whole =
        is_exact(from) && from.type != SqlType::decimal ? std::round(*number) : std::trunc(*number);
    const Range range = range_of(to);
    const bool fits_type = whole >= static_cast<double>(range.low) &&
                           whole <= static_cast<double>(range.high) && whole < 9.2e18;
    if (!fits_type && is_float(from)) {
      return Error(ErrorCode::overflow_for_type, base_name(to.type), fmt::format("{}", *number));
    }
    if (!fits_type) return Error(ErrorCode::arithmetic_overflow, type_name(to));
    return integer_in_range(static_cast<std::int64_t>(whole), to);
  }
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) {
    return integer_in_range(bytes_to_integer(*bytes, to), to);
  }
  if (is_text(from) || from.type == SqlType::sql_variant) {
    return text_to_integer(std::get<std::string>(value), from, to);
  }
  return no_conversion(from, to);
}

Result<double> value_to_number(const Value& value, const DataType& from, const DataType& to) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || is_time(from) || from.type == SqlType::uniqueidentifier ||
      from.type == SqlType::xml) {
    return no_conversion(from, to);
  }
  std::string digits(trimmed(*text));
  const bool is_money = to.type == SqlType::money || to.type == SqlType::smallmoney;
  if (is_money)
    digits.erase(
        std::remove_if(digits.begin(), digits.end(), [](char c) { return c == ',' || c == '$'; }),
        digits.end());
  if (digits.empty() && (is_float(to) || is_money)) return 0.0;
  const bool is_plain = digits.find_first_not_of("0123456789+-.eE") == std::string::npos;
  char* end = nullptr;
  const double number = std::strtod(digits.c_str(), &end);
  const bool is_whole_text = !digits.empty() && *end == '\0';
  const bool has_exponent = digits.find_first_of("eE") != std::string::npos;
  if (!is_plain || !is_whole_text || (has_exponent && !is_float(to))) {
    return Error(ErrorCode::conversion_error, base_name(from.type), base_name(to.type));
  }
  return number;
}

double rounded(double number, int scale) {
  const double factor = std::pow(10.0, scale);
  const double scaled = number * factor;
  // 1.005 * 100 is 100.49999999999999: the last bits must not decide.
  constexpr double kNudge = 1 + 4e-16;
  return std::abs(scaled) < 1e15 ? std::round(scaled * kNudge) / factor : number;
}

Result<Value> to_inexact(const Value& value, const DataType& from, const DataType& to) {
  const Result<double> number = value_to_number(value, from, to);
  if (!number) return number.error();
  if (!std::isfinite(*number)) return Error(ErrorCode::arithmetic_overflow, type_name(to));
  if (is_float(to)) {
    return Value(to.type == SqlType::real ? static_cast<double>(static_cast<float>(*number))
                                          : *number);
  }
  const int scale = to.type == SqlType::decimal ? to.scale : 4;
  const int whole_digits = to.type == SqlType::decimal ? to.precision - to.scale : 15;
  const double result = rounded(*number, scale);
  if (std::abs(result) >= std::pow(10.0, whole_digits)) {
    return Error(ErrorCode::arithmetic_overflow, type_name(to));
  }
  return Value(result);
}

// ---------------------------------------------------------------- dates

struct CalendarTime {
  int year, month, day, hour, minute, second, microsecond;
};
CalendarTime calendar_time(proto::TimePoint time) {
  const auto date = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day ymd(date);
  const std::chrono::hh_mm_ss<proto::Duration> clock(time - date);
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

// ".1234567" cut to so many digits.
std::string fraction(int microsecond, int digits) {
  if (digits <= 0) return {};
  const std::string seven = fmt::format("{:06}0", microsecond);
  return "." + seven.substr(0, static_cast<std::size_t>(std::min(digits, 7)));
}

int fraction_digits(const DataType& type) {
  if (type.type == SqlType::datetime) return 3;
  return has_seconds_scale(type.type) ? type.scale : 0;
}

std::string clock_text(const CalendarTime& m, const DataType& type) {
  return fmt::format("{:02}:{:02}:{:02}", m.hour, m.minute, m.second) +
         fraction(m.microsecond, fraction_digits(type));
}

// "Nov 26 2008  9:05AM"
std::string long_text(const CalendarTime& m, bool with_date, bool with_time) {
  std::string text;
  if (with_date) {
    text = fmt::format("{} {:>2} {:04}", kShortMonths.at(static_cast<std::size_t>(m.month - 1)),
                       m.day, m.year);
  }
  if (!with_time) return text;
  if (!text.empty()) text += ' ';
  return text + fmt::format("{:>2}:{:02}{}", m.hour % 12 == 0 ? 12 : m.hour % 12, m.minute,
                            m.hour < 12 ? "AM" : "PM");
}

std::optional<std::string> styled_date(const CalendarTime& m, int style) {
  const int short_year = m.year % 100;
  const char* month = kShortMonths.at(static_cast<std::size_t>(m.month - 1));
  switch (style) {
    case 1: return fmt::format("{:02}/{:02}/{:02}", m.month, m.day, short_year);
    case 101: return fmt::format("{:02}/{:02}/{:04}", m.month, m.day, m.year);
    case 102: return fmt::format("{:04}.{:02}.{:02}", m.year, m.month, m.day);
    case 103: return fmt::format("{:02}/{:02}/{:04}", m.day, m.month, m.year);
    case 104: return fmt::format("{:02}.{:02}.{:04}", m.day, m.month, m.year);
    case 105: return fmt::format("{:02}-{:02}-{:04}", m.day, m.month, m.year);
    case 106: return fmt::format("{:02} {} {:04}", m.day, month, m.year);
    case 107: return fmt::format("{} {:02}, {:04}", month, m.day, m.year);
    case 110: return fmt::format("{:02}-{:02}-{:04}", m.month, m.day, m.year);
    case 111: return fmt::format("{:04}/{:02}/{:02}", m.year, m.month, m.day);
    case 12: return fmt::format("{:02}{:02}{:02}", short_year, m.month, m.day);
    case 112: return fmt::format("{:04}{:02}{:02}", m.year, m.month, m.day);
    case 23: return fmt::format("{:04}-{:02}-{:02}", m.year, m.month, m.day);
    default: return std::nullopt;
  }
}

Result<std::string> styled_time(proto::TimePoint time, const DataType& from, int style) {
  const CalendarTime m = calendar_time(time);
  const bool with_date = from.type != SqlType::time;
  const bool with_time = from.type != SqlType::date;
  const bool is_old = from.type == SqlType::datetime || from.type == SqlType::smalldatetime;
  if (style == kNoStyle) style = is_old ? 0 : 121;
  if (style == 0 || style == 100) return long_text(m, with_date, with_time);
  if (auto text = styled_date(m, style)) return *text;
  const std::string date = fmt::format("{:04}-{:02}-{:02}", m.year, m.month, m.day);
  DataType digits = from;
  if (from.type == SqlType::smalldatetime) digits.type = SqlType::date;
  switch (style) {
    case 8:
    case 24:
    case 108: return fmt::format("{:02}:{:02}:{:02}", m.hour, m.minute, m.second);
    case 14:
    case 114:
      return fmt::format("{:02}:{:02}:{:02}:{:03}", m.hour, m.minute, m.second,
                         m.microsecond / 1000);
    case 20:
    case 120:
      if (!with_time) return date;
      return (with_date ? date + " " : "") +
             fmt::format("{:02}:{:02}:{:02}", m.hour, m.minute, m.second);
    case 21:
    case 25:
    case 121: {
      if (!with_time) return date;
      if (from.type == SqlType::smalldatetime) digits.type = SqlType::datetime;
      const std::string zone = from.type == SqlType::datetimeoffset ? " +00:00" : "";
      return (with_date ? date + " " : "") + clock_text(m, digits) + zone;
    }
    case 126:
    case 127: {
      if (!with_time) return date;
      std::string clock = clock_text(m, digits);
      if (is_old && m.microsecond < 1000) clock.resize(8);  // no fraction when it is zero
      const bool with_zone = style == 127 || from.type == SqlType::datetimeoffset;
      return (with_date ? date + "T" : "") + clock + (with_zone ? "Z" : "");
    }
    default: return Error(ErrorCode::not_supported, fmt::format("CONVERT style {}", style));
  }
}

Result<Value> to_time(const Value& value, const DataType& from, const DataType& to) {
  std::optional<proto::TimePoint> time;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (from.type == SqlType::uniqueidentifier || from.type == SqlType::xml)
      return no_conversion(from, to);
    time = parse_time(*text);
    if (!time) return Error(ErrorCode::bad_date_text, *text);
  } else if (is_number(from) &&
             (to.type == SqlType::datetime || to.type == SqlType::smalldatetime)) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    const double days = whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
    if (std::abs(days) > 2958463) return Error(ErrorCode::arithmetic_overflow, type_name(to));
    const proto::TimePoint start = std::chrono::sys_days(std::chrono::year(1900) / 1 / 1);
    time = start + proto::Duration(static_cast<std::int64_t>(days * 86'400e6));
  } else {
    return no_conversion(from, to);
  }
  return Value(time_text(*time, to));
}

// ---------------------------------------------------------------- texts and bytes

std::string latin1_to_utf8(proto::ByteView bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const std::uint8_t byte : bytes) {
    if (byte < 0x80) {
      text += static_cast<char>(byte);
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

proto::Bytes utf8_to_latin1(std::string_view text) {
  const proto::Bytes wide = proto::to_utf16le(text);
  proto::Bytes bytes;
  bytes.reserve(wide.size() / 2);
  for (std::size_t i = 0; i + 1 < wide.size(); i += 2) {
    bytes.push_back(wide[i + 1] == 0 ? wide[i] : std::uint8_t{'?'});
  }
  return bytes;
}

std::string float_text(double number, int style) {
  if (style == 1) return fmt::format("{:.7e}", number);
  if (style == 2) return fmt::format("{:.15e}", number);
  std::string text = fmt::format("{:.6g}", number);
  const std::size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  const int power = std::atoi(text.c_str() + exponent + 1);
  return text.substr(0, exponent) + fmt::format("e{}{:03}", power < 0 ? '-' : '+', std::abs(power));
}

Result<std::string> number_text(const Value& value, const DataType& from, int style) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  const double number = std::get<double>(value);
  if (from.type == SqlType::decimal) return fmt::format("{:.{}f}", number, from.scale);
  if (is_exact(from)) return fmt::format("{:.{}f}", number, style == 2 ? 4 : 2);
  return float_text(number, style == kNoStyle ? 0 : style);
}

Result<std::string> value_to_text(const Value& value, const DataType& from, const DataType& to,
                                  int style) {
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) {
    if (style == 1) return "0x" + proto::to_hex(*bytes);
    if (style == 2) return proto::to_hex(*bytes);
    return is_national(to) ? proto::from_utf16le(*bytes) : latin1_to_utf8(*bytes);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (!is_time(from)) return *text;
    const auto time = parse_time(*text);
    if (!time) return *text;
    return styled_time(*time, from, style);
  }
  return number_text(value, from, style);
}

Result<Value> to_text_type(const Value& value, const DataType& from, const DataType& to,
                           int style) {
  Result<std::string> text = value_to_text(value, from, to, style);
  if (!text) return text.error();
  if (to.type == SqlType::text || to.type == SqlType::ntext || to.length < 0)
    return Value(*std::move(text));
  const auto limit = static_cast<std::size_t>(to.type == SqlType::sysname ? 128 : to.length);
  const std::size_t length = text_length(*text);
  if (length > limit) {
    if (is_integer(from) && !is_national(to)) return Value(std::string("*"));
    if (is_number(from)) return Error(ErrorCode::arithmetic_overflow, type_name(to));
    return Value(std::string(text_prefix(*text, limit)));
  }
  if (is_fixed_length(to)) text->append(limit - length, ' ');
  return Value(*std::move(text));
}

proto::Bytes integer_bytes(std::int64_t number, const DataType& from, const DataType& to) {
  std::size_t size = 4;
  if (from.type == SqlType::bigint) size = 8;
  if (from.type == SqlType::smallint) size = 2;
  if (from.type == SqlType::tinyint || from.type == SqlType::bit) size = 1;
  const std::size_t limit = to.length < 0 ? size : static_cast<std::size_t>(to.length);
  proto::Bytes bytes(to.type == SqlType::binary ? limit : std::min(size, limit));
  for (std::size_t i = 0; i < std::min(bytes.size(), size); ++i) {
    bytes[bytes.size() - 1 - i] =
        static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i));
  }
  return bytes;
}

Result<proto::Bytes> bytes_of(const Value& value, const DataType& from, const DataType& to,
                              int style) {
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) return *bytes;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return integer_bytes(*number, from, to);
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || is_time(from)) return no_conversion(from, to);
  if (from.type == SqlType::uniqueidentifier) {
    const auto guid = proto::Guid::parse(*text);
    if (!guid) return Error(ErrorCode::bad_guid_text, *text);
    return proto::to_bytes(guid->view());
  }
  if (from.type == SqlType::xml) {
    proto::Bytes bytes{0xFF, 0xFE};
    const proto::Bytes body = proto::to_utf16le(*text);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
  }
  if (style == 1 || style == 2) {
    const bool prefixed = text->starts_with("0x") || text->starts_with("0X");
    const auto bytes = proto::from_hex(std::string_view(*text).substr(prefixed ? 2 : 0));
    if (!bytes || (style == 1) != prefixed) {
      return Error(ErrorCode::conversion_error, base_name(from.type), base_name(to.type));
    }
    return *bytes;
  }
  return text_bytes(*text, is_national(from));
}

Result<Value> to_binary_type(const Value& value, const DataType& from, const DataType& to,
                             int style) {
  Result<proto::Bytes> bytes = bytes_of(value, from, to, style);
  if (!bytes) return bytes.error();
  if (to.length > 0 && to.type != SqlType::image) {
    const auto limit = static_cast<std::size_t>(to.length);
    if (bytes->size() > limit || to.type == SqlType::binary) bytes->resize(limit);
  }
  return Value(*std::move(bytes));
}

Result<Value> to_guid(const Value& value, const DataType& from, const DataType& to) {
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) {
    proto::Bytes sixteen = *bytes;
    sixteen.resize(16);
    return Value(proto::Guid::from_bytes(sixteen)->text());
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || is_time(from) || from.type == SqlType::xml) return no_conversion(from, to);
  std::string_view digits = trimmed(*text);
  // What follows the 36 characters is cut, as the product does.
  if (digits.size() > 38) digits = digits.substr(0, digits.front() == '{' ? 38 : 36);
  if (digits.size() > 36 && digits.front() != '{') digits = digits.substr(0, 36);
  const auto guid = proto::Guid::parse(digits);
  if (!guid) return Error(ErrorCode::bad_guid_text, *text);
  return Value(guid->text());
}

Result<Value> to_xml(const Value& value, const DataType& from, const DataType& to) {
  std::string text;
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) {
    text = xml::text_of_bytes(*bytes);
  } else if (std::holds_alternative<std::string>(value) && is_text(from)) {
    text = std::get<std::string>(value);
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // the mark of UTF-16, as text
  } else {
    return no_conversion(from, to);
  }
  const auto document = xml::parse_xml(text);
  if (!document) return document.error();
  return Value(xml::to_text(**document));
}

}  // namespace

std::string time_text(proto::TimePoint time, const DataType& type) {
  if (type.type == SqlType::smalldatetime)
    time = std::chrono::floor<std::chrono::minutes>(time + std::chrono::seconds(30));
  if (type.type == SqlType::datetime) time = proto::to_datetime(time);
  const CalendarTime m = calendar_time(time);
  std::string date = fmt::format("{:04}-{:02}-{:02}", m.year, m.month, m.day);
  if (type.type == SqlType::date) return date;
  if (type.type == SqlType::time) return clock_text(m, type);
  const std::string zone = type.type == SqlType::datetimeoffset ? " +00:00" : "";
  return date + " " + clock_text(m, type) + zone;
}

std::optional<proto::TimePoint> parse_time(std::string_view text) {
  std::string_view rest = trimmed(text);
  if (rest.empty()) return std::chrono::sys_days(std::chrono::year(1900) / 1 / 1);
  proto::Duration offset{0};
  // "... +02:00" of a datetimeoffset.
  if (rest.size() > 6 && (rest[rest.size() - 6] == '+' || rest[rest.size() - 6] == '-') &&
      rest[rest.size() - 3] == ':' && rest.find(':') < rest.size() - 3) {
    const int hours = std::atoi(std::string(rest.substr(rest.size() - 5, 2)).c_str());
    const int minutes = std::atoi(std::string(rest.substr(rest.size() - 2)).c_str());
    offset = std::chrono::minutes(hours * 60 + minutes);
    if (rest[rest.size() - 6] == '-') offset = -offset;
    rest = trimmed(rest.substr(0, rest.size() - 6));
  }
  auto time = proto::parse_datetime(rest);
  if (!time && rest.find(':') != std::string_view::npos) {
    time = proto::parse_datetime("1900-01-01 " + std::string(rest));
  }
  if (!time) return std::nullopt;
  return *time - offset;
}

proto::Bytes text_bytes(std::string_view text, bool national) {
  return national ? proto::to_utf16le(text) : utf8_to_latin1(text);
}

std::size_t text_length(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::string_view text_prefix(std::string_view utf8, std::size_t units) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if ((byte & 0xC0) == 0x80) continue;
    used += byte >= 0xF0 ? 2 : 1;
    if (used > units) return utf8.substr(0, i);
  }
  return utf8;
}

Result<Value> convert(Value value, const DataType& from, const DataType& to, int style) {
  if (is_null(value)) return value;
  if (style > kStyleMax)
    return Error(ErrorCode::not_supported, fmt::format("CONVERT style {}", style));
  switch (family_of(to)) {
    case Family::integer: return to_integer(value, from, to);
    case Family::exact:
    case Family::floating: return to_inexact(value, from, to);
    case Family::time: return to_time(value, from, to);
    case Family::text: return to_text_type(value, from, to, style);
    case Family::binary: return to_binary_type(value, from, to, style);
    case Family::guid: return to_guid(value, from, to);
    case Family::xml:
      if (from.type == SqlType::xml) return value;
      return to_xml(value, from, to);
    case Family::variant: return value;
    case Family::other: break;
  }
  return no_conversion(from, to);
}

bool fits(const Value& value, const DataType& type) {
  if (type.length < 0) return true;
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) {
    return !is_binary(type) || type.length == 0 ||
           bytes->size() <= static_cast<std::size_t>(type.length);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || !is_text(type)) return true;
  const std::size_t limit =
      type.type == SqlType::sysname ? 128 : static_cast<std::size_t>(type.length);
  if (limit == 0) return true;  // text and ntext
  // Trailing blanks do not count.
  const std::size_t last = text->find_last_not_of(' ');
  return text_length(std::string_view(*text).substr(0, last == std::string::npos ? 0 : last + 1)) <=
         limit;
}

std::optional<std::string> to_text(const Value& value, const DataType& type) {
  if (is_null(value)) return std::nullopt;
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) return "0x" + proto::to_hex(*bytes);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const Result<std::string> text = number_text(value, type, kNoStyle);
  return text ? std::optional(*text) : std::nullopt;
}

}  // namespace ssb::broker::tsql
