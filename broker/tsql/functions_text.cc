// Text functions: positions and lengths count UTF-16 code units, as SQL Server's do.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "broker/store/collation.h"
#include "broker/store/limits.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/function_lists.h"
#include "broker/tsql/functions.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {
namespace {

using store::StoreResult;
using store::Value;

constexpr std::size_t kQuotedNameMax = 128;

// Asked while a text grows: what is longer could not be handed back.
bool is_too_long(std::size_t size) {
  return size > store::kValueBytesMax;
}
store::StoreError too_long() {
  return to_store_error(proto::Error(proto::ErrorCode::out_of_memory));
}

std::string_view without_trailing_blanks(std::string_view text) {
  const std::size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}
std::string_view without_leading_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// `count` units from the 1-based `start`; a start below 1 takes from the count.
std::string_view slice(std::string_view text, std::int64_t start, std::int64_t count) {
  if (start < 1) {
    count += start - 1;
    start = 1;
  }
  if (count <= 0) return {};
  const std::string_view head = text_prefix(text, static_cast<std::size_t>(start - 1));
  return text_prefix(text.substr(head.size()), static_cast<std::size_t>(count));
}

proto::Bytes slice(const proto::Bytes& bytes, std::int64_t start, std::int64_t count) {
  if (start < 1) {
    count += start - 1;
    start = 1;
  }
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (count <= 0 || start > size) return {};
  const std::int64_t end = std::min(size, start - 1 + std::min(count, size));
  return {bytes.begin() + (start - 1), bytes.begin() + end};
}

// Whether `text` begins with `prefix` without regard to case; simple folding keeps sizes apart, so characters are compared one by one.
std::size_t prefix_match(std::string_view text, std::string_view prefix) {
  std::size_t used = 0;
  while (!prefix.empty()) {
    if (used == text.size()) return std::string_view::npos;
    const std::string_view a = text.substr(used, character_size(text.substr(used)));
    const std::string_view b = prefix.substr(0, character_size(prefix));
    if (store::compare_tsql(a, b) != 0 || (a == " ") != (b == " ")) return std::string_view::npos;
    used += a.size();
    prefix.remove_prefix(b.size());
  }
  return used;
}

// Byte position of `needle` at or after `from`, and how many bytes it takes there.
struct TextMatch {
  std::size_t at = std::string_view::npos;
  std::size_t size = 0;
};
TextMatch find_text(std::string_view text, std::string_view needle, std::size_t from) {
  for (std::size_t at = from; at < text.size(); at += character_size(text.substr(at))) {
    const std::size_t size = prefix_match(text.substr(at), needle);
    if (size != std::string_view::npos) return {at, size};
  }
  return {};
}

StoreResult<Value> length(const Arguments& a) {
  if (any_null(a)) return Value();
  if (const auto* bytes = std::get_if<proto::Bytes>(&a[0])) {
    return Value(static_cast<std::int64_t>(bytes->size()));
  }
  return Value(static_cast<std::int64_t>(text_length(without_trailing_blanks(text_of(a[0])))));
}

// (value, type)
StoreResult<Value> data_length(const Arguments& a) {
  if (any_null(a)) return Value();
  const DataType type = unpack(integer_of(a[1]));
  if (const auto* bytes = std::get_if<proto::Bytes>(&a[0])) {
    return Value(static_cast<std::int64_t>(bytes->size()));
  }
  if (is_text(type) || type.type == SqlType::xml || type.type == SqlType::sql_variant) {
    const auto units = static_cast<std::int64_t>(text_length(text_of(a[0])));
    return Value(is_text(type) && !is_national(type) ? units : units * 2);
  }
  std::int64_t size = 8;
  if (type.type == SqlType::bit || type.type == SqlType::tinyint) size = 1;
  if (type.type == SqlType::smallint) size = 2;
  if (type.type == SqlType::integer || type.type == SqlType::real) size = 4;
  if (type.type == SqlType::uniqueidentifier) size = 16;
  if (type.type == SqlType::date) size = 3;
  return Value(size);
}

StoreResult<Value> substring(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::int64_t start = integer_of(a[1]);
  const std::int64_t count = integer_of(a[2]);
  if (count < 0) {
    return to_store_error(proto::Error(proto::ErrorCode::bad_text_length, "SUBSTRING"));
  }
  if (const auto* bytes = std::get_if<proto::Bytes>(&a[0])) {
    return Value(slice(*bytes, start, count));
  }
  return Value(std::string(slice(text_of(a[0]), start, count)));
}

StoreResult<Value> left(const Arguments& a) {
  if (any_null(a)) return Value();
  if (integer_of(a[1]) < 0) {
    return to_store_error(proto::Error(proto::ErrorCode::bad_text_length, "LEFT"));
  }
  return Value(std::string(slice(text_of(a[0]), 1, integer_of(a[1]))));
}
StoreResult<Value> right(const Arguments& a) {
  if (any_null(a)) return Value();
  if (integer_of(a[1]) < 0) {
    return to_store_error(proto::Error(proto::ErrorCode::bad_text_length, "RIGHT"));
  }
  const std::string text = text_of(a[0]);
  const auto units = static_cast<std::int64_t>(text_length(text));
  const std::int64_t count = std::min(units, integer_of(a[1]));
  return Value(std::string(slice(text, units - count + 1, count)));
}

// (needle, text[, start])
StoreResult<Value> char_index(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::string needle = text_of(a[0]);
  const std::string text = text_of(a[1]);
  const std::int64_t start = a.size() > 2 ? std::max<std::int64_t>(1, integer_of(a[2])) : 1;
  if (needle.empty()) return Value(std::int64_t{0});
  const std::size_t from = text_prefix(text, static_cast<std::size_t>(start - 1)).size();
  const TextMatch found = find_text(text, needle, from);
  if (found.at == std::string_view::npos) return Value(std::int64_t{0});
  return Value(static_cast<std::int64_t>(text_length(std::string_view(text).substr(0, found.at))) +
               1);
}

StoreResult<Value> pattern_index(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::string pattern = text_of(a[0]);
  const std::string text = text_of(a[1]);
  const bool floats = pattern.starts_with('%');
  const std::string rest = floats ? pattern.substr(1) : pattern;
  std::int64_t position = 1;
  for (std::size_t at = 0; at <= text.size();) {
    if (is_like(std::string_view(text).substr(at), rest, '\0', false)) return Value(position);
    if (!floats || at == text.size()) break;
    const std::size_t size = character_size(std::string_view(text).substr(at));
    position += size == 4 ? 2 : 1;
    at += size;
  }
  return Value(std::int64_t{0});
}

StoreResult<Value> replace(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::string text = text_of(a[0]);
  const std::string needle = text_of(a[1]);
  const std::string with = text_of(a[2]);
  if (needle.empty()) return Value(text);
  std::string result;
  std::size_t at = 0;
  while (true) {
    const TextMatch found = find_text(text, needle, at);
    result.append(text, at, found.at == std::string_view::npos ? std::string::npos : found.at - at);
    if (found.at == std::string_view::npos) return Value(std::move(result));
    result += with;
    if (is_too_long(result.size())) return too_long();
    at = found.at + found.size;
  }
}

// (text, start, length, inserted)
StoreResult<Value> stuff(const Arguments& a) {
  if (is_null(a[0]) || is_null(a[1]) || is_null(a[2])) return Value();
  const std::string text = text_of(a[0]);
  const std::int64_t start = integer_of(a[1]);
  const std::int64_t count = integer_of(a[2]);
  if (start < 1 || count < 0 || start > static_cast<std::int64_t>(text_length(text)))
    return Value();
  const std::string_view head = slice(text, 1, start - 1);
  const std::string_view gone = slice(text, start, count);
  return Value(std::string(head) + text_of(a[3]) + text.substr(head.size() + gone.size()));
}

StoreResult<Value> replicate(const Arguments& a) {
  if (any_null(a) || integer_of(a[1]) < 0) return Value();
  const std::string text = text_of(a[0]);
  const auto count = static_cast<std::size_t>(integer_of(a[1]));
  if (!text.empty() && count > store::kValueBytesMax / text.size()) return too_long();
  std::string result;
  result.reserve(text.size() * count);
  for (std::size_t i = 0; i < count && !text.empty(); ++i) result += text;
  return Value(std::move(result));
}

StoreResult<Value> reverse(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::string text = text_of(a[0]);
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(std::string_view(text).substr(at));
    result.insert(0, text, at, size);
    at += size;
  }
  return Value(std::move(result));
}

// (name[, quote])
StoreResult<Value> quoted_name(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::string name = text_of(a[0]);
  const std::string given = a.size() > 1 ? text_of(a[1]) : std::string("[");
  if (text_length(name) > kQuotedNameMax || given.empty()) return Value();
  char open = given[0];
  char close = open;
  if (open == '[' || open == ']') {
    open = '[';
    close = ']';
  } else if (open == '(' || open == ')') {
    open = '(';
    close = ')';
  } else if (open != '\'' && open != '"' && open != '`') {
    return Value();
  }
  std::string result(1, open);
  for (const char c : name) {
    result += c;
    if (c == close) result += c;
  }
  return Value(result + close);
}

// NULL counts as empty.
StoreResult<Value> concat(const Arguments& a) {
  std::string result;
  for (const Value& value : a) {
    result += text_of(value);
    if (is_too_long(result.size())) return too_long();
  }
  return Value(std::move(result));
}

StoreResult<Value> concat_with_separator(const Arguments& a) {
  std::string result;
  bool is_first = true;
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (is_null(a[i])) continue;
    if (!is_first) result += text_of(a[0]);
    result += text_of(a[i]);
    if (is_too_long(result.size())) return too_long();
    is_first = false;
  }
  return Value(std::move(result));
}

std::string utf8_of(std::uint32_t code) {
  const proto::Bytes wide{static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(code >> 8)};
  return proto::from_utf16le(wide);
}

StoreResult<Value> character(const Arguments& a) {
  if (any_null(a) || integer_of(a[0]) < 0 || integer_of(a[0]) > 0xFFFF) return Value();
  return Value(utf8_of(static_cast<std::uint32_t>(integer_of(a[0]))));
}

StoreResult<Value> code_of_first(const Arguments& a) {
  if (any_null(a)) return Value();
  const proto::Bytes wide = proto::to_utf16le(text_of(a[0]));
  if (wide.size() < 2) return Value();
  return Value(static_cast<std::int64_t>(wide[0] | wide[1] << 8));
}

// Simple folding of ASCII and Latin-1; the collation folds more, but has no way back to capitals.
std::string change_case(std::string text, bool to_upper) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (to_upper ? (byte >= 'a' && byte <= 'z') : (byte >= 'A' && byte <= 'Z')) {
      text[i] = static_cast<char>(byte ^ 0x20);
    } else if (byte == 0xC3 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[i + 1]);
      const bool is_lower = next >= 0xA0 && next != 0xB7 && next != 0xBF;
      const bool is_upper = next >= 0x80 && next < 0x9F && next != 0x97;
      if (to_upper ? is_lower : is_upper) text[i + 1] = static_cast<char>(next ^ 0x20);
      ++i;
    }
  }
  return text;
}

// STR(number[, length[, decimals]])
StoreResult<Value> padded_number(const Arguments& a) {
  if (any_null(a)) return Value();
  const std::int64_t size = a.size() > 1 ? std::clamp<std::int64_t>(integer_of(a[1]), 0, 8000) : 10;
  const std::int64_t decimals =
      a.size() > 2 ? std::clamp<std::int64_t>(integer_of(a[2]), 0, 16) : 0;
  const std::string text = fmt::format("{:.{}f}", number_of(a[0]), decimals);
  if (static_cast<std::int64_t>(text.size()) > size) {
    return Value(std::string(static_cast<std::size_t>(size), '*'));
  }
  return Value(fmt::format("{:>{}}", text, size));
}

StoreResult<Value> is_numeric(const Arguments& a) {
  if (any_null(a)) return Value(std::int64_t{0});
  if (!std::holds_alternative<std::string>(a[0])) {
    return Value(std::int64_t{!std::holds_alternative<proto::Bytes>(a[0])});
  }
  const DataType text = type_of(SqlType::nvarchar, -1);
  const bool fits_float = convert(a[0], text, type_of(SqlType::floating)).has_value();
  const std::string digits = text_of(a[0]);
  const bool has_digit = digits.find_first_of("0123456789") != std::string::npos;
  return Value(std::int64_t{fits_float && has_digit});
}

StoreResult<Value> parse_name(const Arguments& a) {
  if (any_null(a)) return Value();
  std::vector<std::string> parts{""};
  bool is_quoted = false;
  for (const char c : text_of(a[0])) {
    if (c == '[' && !is_quoted) {
      is_quoted = true;
    } else if (c == ']' && is_quoted) {
      is_quoted = false;
    } else if (c == '.' && !is_quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const std::int64_t wanted = integer_of(a[1]);
  if (wanted < 1 || wanted > static_cast<std::int64_t>(parts.size()) || parts.size() > 4)
    return Value();
  const std::string& part = parts[parts.size() - static_cast<std::size_t>(wanted)];
  return part.empty() ? Value() : Value(part);
}

// A function of one text.
store::ScalarFunction of_text(std::string (*function)(const std::string&)) {
  return [function](Arguments a) -> StoreResult<Value> {
    if (any_null(a)) return Value();
    return Value(function(text_of(a[0])));
  };
}

}  // namespace

void register_text_functions(store::Store& store) {
  const auto add = [&store](const char* name, int count, store::ScalarFunction function) {
    store.register_function(name, count, std::move(function), store::FunctionKind::pure);
  };
  add("ssb_len", 1, length);
  add("ssb_datalength", 2, data_length);
  add("ssb_substring", 3, substring);
  add("ssb_left", 2, left);
  add("ssb_right", 2, right);
  add("ssb_charindex", -1, char_index);
  add("ssb_patindex", 2, pattern_index);
  add("ssb_replace", 3, replace);
  add("ssb_stuff", 4, stuff);
  add("ssb_replicate", 2, replicate);
  add("ssb_space", 1, [](const Arguments& a) { return replicate({std::string(" "), a[0]}); });
  add("ssb_reverse", 1, reverse);
  add("ssb_quotename", -1, quoted_name);
  add("ssb_concat", -1, concat);
  add("ssb_concat_ws", -1, concat_with_separator);
  add("ssb_char", 1, [](const Arguments& a) -> StoreResult<Value> {
    if (any_null(a) || integer_of(a[0]) > 255) return Value();
    return character(a);
  });
  add("ssb_nchar", 1, character);
  add("ssb_code", 1, code_of_first);
  add("ssb_upper", 1, of_text([](const std::string& text) { return change_case(text, true); }));
  add("ssb_lower", 1, of_text([](const std::string& text) { return change_case(text, false); }));
  add("ssb_ltrim", 1,
      of_text([](const std::string& text) { return std::string(without_leading_blanks(text)); }));
  add("ssb_rtrim", 1,
      of_text([](const std::string& text) { return std::string(without_trailing_blanks(text)); }));
  add("ssb_trim", 1, of_text([](const std::string& text) {
        return std::string(without_trailing_blanks(without_leading_blanks(text)));
      }));
  add("ssb_str", -1, padded_number);
  add("ssb_isnumeric", 1, is_numeric);
  add("ssb_parsename", 2, parse_name);
}

}  // namespace ssb::broker::tsql
