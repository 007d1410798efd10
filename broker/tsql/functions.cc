#include "broker/tsql/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "broker/crypto/digest.h"
#include "broker/store/collation.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/function_lists.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using store::StoreResult;
using store::Value;

namespace {

constexpr char kSeparator = '\x1F';

// ---------------------------------------------------------------- conversion and arithmetic

// (value, from, to, style, yields NULL instead of an error)
StoreResult<Value> cast(Arguments a) {
  auto converted = convert(std::move(a[0]), unpack(integer_of(a[1])), unpack(integer_of(a[2])),
                           static_cast<int>(integer_of(a[3])));
  if (converted) return *std::move(converted);
  if (integer_of(a[4]) != 0) return Value();
  return to_store_error(converted.error());
}

StoreResult<Value> overflow(const DataType& type) {
  return to_store_error(Error(ErrorCode::arithmetic_overflow, type_name(type)));
}

StoreResult<Value> integer_arithmetic(char op, std::int64_t left, std::int64_t right,
                                      const DataType& type) {
  std::int64_t result = 0;
  bool is_over = false;
  switch (op) {
    case '+': is_over = __builtin_add_overflow(left, right, &result); break;
    case '-': is_over = __builtin_sub_overflow(left, right, &result); break;
    case '*': is_over = __builtin_mul_overflow(left, right, &result); break;
    case '&': result = left & right; break;
    case '|': result = left | right; break;
    case '^': result = left ^ right; break;
    default:
      if (right == 0) return to_store_error(Error(ErrorCode::division_by_zero));
      if (right == -1) {
        is_over = op == '/' && __builtin_sub_overflow(std::int64_t{0}, left, &result);
      } else {
        result = op == '/' ? left / right : left % right;
      }
  }
  if (is_over) return overflow(type);
  const auto ranged = convert(Value(result), type_of(SqlType::bigint), type);
  if (!ranged) return to_store_error(ranged.error());
  return *ranged;
}

// (operator, left, right, type of the result)
StoreResult<Value> arithmetic(Arguments a) {
  if (any_null(a)) return Value();
  const char op = text_of(a[0]).front();
  const DataType type = unpack(integer_of(a[3]));
  if (is_integer(type)) {
    return integer_arithmetic(op, integer_of(a[1]), integer_of(a[2]), type);
  }
  const double left = number_of(a[1]);
  const double right = number_of(a[2]);
  if ((op == '/' || op == '%') && right == 0) {
    return to_store_error(Error(ErrorCode::division_by_zero));
  }
  double result = 0;
  switch (op) {
    case '+': result = left + right; break;
    case '-': result = left - right; break;
    case '*': result = left * right; break;
    case '/': result = left / right; break;
    default: result = std::fmod(left, right); break;
  }
  const auto rounded = convert(Value(result), type_of(SqlType::floating), type);
  if (!rounded) return to_store_error(rounded.error());
  return *rounded;
}

StoreResult<Value> join_bytes(Arguments a) {
  if (any_null(a)) return Value();
  proto::Bytes bytes = std::get<proto::Bytes>(std::move(a[0]));
  const auto& more = std::get<proto::Bytes>(a[1]);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return Value(std::move(bytes));
}

// (rows, value): the value of a subquery, which must have one row at most.
StoreResult<Value> only_one(Arguments a) {
  if (integer_of(a[0]) > 1) return to_store_error(Error(ErrorCode::subquery_many_rows));
  return std::move(a[1]);
}

// (value, pattern, escape, is case sensitive)
StoreResult<Value> like(Arguments a) {
  if (is_null(a[0]) || is_null(a[1])) return Value();
  const std::string escape = is_null(a[2]) ? std::string() : text_of(a[2]);
  const bool matches = is_like(text_of(a[0]), text_of(a[1]), escape.empty() ? '\0' : escape[0],
                               integer_of(a[3]) != 0);
  return Value(std::int64_t{matches});
}

// ---------------------------------------------------------------- mathematics

using RealFunction = double (*)(double);

StoreResult<Value> real_function(RealFunction function, const Arguments& a) {
  if (any_null(a)) return Value();
  return Value(function(number_of(a[0])));
}

// ABS, CEILING, FLOOR, SIGN keep integers as they are.
StoreResult<Value> keeping_type(const Arguments& a, std::int64_t (*whole)(std::int64_t),
                                RealFunction real) {
  if (any_null(a)) return Value();
  if (const auto* number = std::get_if<std::int64_t>(&a[0])) return Value(whole(*number));
  return Value(real(number_of(a[0])));
}

StoreResult<Value> round_to(const Arguments& a) {
  if (any_null(a)) return Value();
  const double factor = std::pow(10.0, static_cast<double>(integer_of(a[1])));
  const double number = number_of(a[0]) * factor;
  const bool truncates = a.size() > 2 && integer_of(a[2]) != 0;
  const double result = (truncates ? std::trunc(number) : std::round(number)) / factor;
  if (std::holds_alternative<std::int64_t>(a[0])) return Value(static_cast<std::int64_t>(result));
  return Value(result);
}

void register_mathematics(store::Store& store) {
  const auto add = [&store](const char* name, int count, store::ScalarFunction function) {
    store.register_function(name, count, std::move(function), store::FunctionKind::pure);
  };
  add("ssb_abs", 1, [](const Arguments& a) {
    return keeping_type(
        a, [](std::int64_t n) { return n < 0 ? -n : n; }, [](double n) { return std::abs(n); });
  });
  add("ssb_ceiling", 1, [](const Arguments& a) {
    return keeping_type(
        a, [](std::int64_t n) { return n; }, [](double n) { return std::ceil(n); });
  });
  add("ssb_floor", 1, [](const Arguments& a) {
    return keeping_type(
        a, [](std::int64_t n) { return n; }, [](double n) { return std::floor(n); });
  });
  add("ssb_sign", 1, [](const Arguments& a) {
    return keeping_type(
        a, [](std::int64_t n) { return std::int64_t{n > 0} - std::int64_t{n < 0}; },
        [](double n) { return n > 0 ? 1.0 : (n < 0 ? -1.0 : 0.0); });
  });
  add("ssb_round", -1, round_to);
  add("ssb_sqrt", 1,
      [](const Arguments& a) { return real_function([](double n) { return std::sqrt(n); }, a); });
  add("ssb_power", 2, [](const Arguments& a) -> StoreResult<Value> {
    if (any_null(a)) return Value();
    const double result = std::pow(number_of(a[0]), number_of(a[1]));
    if (!std::holds_alternative<std::int64_t>(a[0])) return Value(result);
    if (std::abs(result) > 9.2e18) return overflow(type_of(SqlType::integer));
    return Value(static_cast<std::int64_t>(result));
  });
}

// ---------------------------------------------------------------- digests

// Algorithms that the product has and this library has not answer an error, unknown ones NULL.
StoreResult<Value> hash_bytes(Arguments a) {
  if (any_null(a)) return Value();
  std::string name = text_of(a[0]);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto& bytes = std::get<proto::Bytes>(a[1]);
  if (name == "SHA" || name == "SHA1") {
    const auto digest = crypto::sha1(bytes);
    return Value(proto::Bytes(digest.begin(), digest.end()));
  }
  if (name == "SHA2_256") {
    const auto digest = crypto::sha256(bytes);
    return Value(proto::Bytes(digest.begin(), digest.end()));
  }
  if (name == "MD2" || name == "MD4" || name == "MD5" || name == "SHA2_512") {
    return to_store_error(Error(ErrorCode::not_supported, "HASHBYTES with " + name));
  }
  return Value();
}

// ---------------------------------------------------------------- LIKE

class LikeMatcher {
 public:
  LikeMatcher(char escape, bool is_case_sensitive)
      : escape_(escape), is_case_sensitive_(is_case_sensitive) {}

  [[nodiscard]] bool matches(std::string_view text, std::string_view pattern) const {
    // Backtracks to the last % only: linear in text times pattern.
    std::optional<std::pair<std::string_view, std::string_view>> retry;
    while (true) {
      if (!pattern.empty() && pattern.front() == '%') {
        pattern.remove_prefix(1);
        retry.emplace(text, pattern);
        continue;
      }
      if (pattern.empty() && is_blank(text)) return true;
      std::string_view rest = pattern;
      if (!text.empty() && !pattern.empty() && takes(text, rest)) {
        text.remove_prefix(character_size(text));
        pattern = rest;
        continue;
      }
      if (!retry || retry->first.empty()) return false;
      retry->first.remove_prefix(character_size(retry->first));
      text = retry->first;
      pattern = retry->second;
    }
  }

 private:
  // Trailing blanks of the text do not count.
  static bool is_blank(std::string_view text) {
    return text.find_first_not_of(' ') == std::string_view::npos;
  }
  [[nodiscard]] bool equal(std::string_view a, std::string_view b) const {
    if (is_case_sensitive_) return a == b;
    return store::compare_tsql(a, b) == 0 && (a == " ") == (b == " ");
  }
  // Whether the pattern's first item takes the text's first character; moves the pattern behind it.
  [[nodiscard]] bool takes(std::string_view text, std::string_view& pattern) const {
    const std::string_view character = text.substr(0, character_size(text));
    if (escape_ != '\0' && pattern.front() == escape_ && pattern.size() > 1) {
      pattern.remove_prefix(1);
    } else if (pattern.front() == '_') {
      pattern.remove_prefix(1);
      return true;
    } else if (pattern.front() == '[') {
      const std::size_t end = pattern.find(']', 1);
      if (end != std::string_view::npos) {
        const bool is_in = in_set(character, pattern.substr(1, end - 1));
        pattern.remove_prefix(end + 1);
        return is_in;
      }
    }
    const std::string_view wanted = pattern.substr(0, character_size(pattern));
    pattern.remove_prefix(wanted.size());
    return equal(character, wanted);
  }
  [[nodiscard]] bool in_set(std::string_view character, std::string_view set) const {
    const bool is_negated = set.starts_with('^');
    if (is_negated) set.remove_prefix(1);
    bool found = false;
    while (!set.empty()) {
      const std::string_view low = set.substr(0, character_size(set));
      set.remove_prefix(low.size());
      std::string_view high = low;
      if (set.size() > 1 && set.front() == '-') {
        set.remove_prefix(1);
        high = set.substr(0, character_size(set));
        set.remove_prefix(high.size());
      }
      found = found || equal(character, low) || is_between(low, character, high);
    }
    return found != is_negated;
  }
  [[nodiscard]] bool is_between(std::string_view low, std::string_view c,
                                std::string_view high) const {
    if (is_case_sensitive_) return low <= c && c <= high;
    return store::compare_tsql(low, c) <= 0 && store::compare_tsql(c, high) <= 0;
  }

  char escape_;
  bool is_case_sensitive_;
};

}  // namespace

std::size_t character_size(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  const std::size_t size = byte < 0x80 ? 1 : (byte < 0xE0 ? 2 : (byte < 0xF0 ? 3 : 4));
  return std::min(size, text.size());
}

bool any_null(const Arguments& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), is_null);
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) return proto::to_string(*bytes);
  return {};
}
std::int64_t integer_of(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value)) return static_cast<std::int64_t>(*number);
  return 0;
}
double number_of(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return 0;
}

store::StoreError to_store_error(const Error& error) {
  std::string text = std::to_string(error.state);
  for (const std::string& parameter : error.parameters) text += kSeparator + parameter;
  return {SQLITE_ERROR, std::move(text), error.number()};
}

Error from_store_error(const store::StoreError& error) {
  Error result;
  result.code = static_cast<ErrorCode>(error.number);
  std::string_view rest = error.message;
  std::size_t end = rest.find(kSeparator);
  result.state = std::atoi(std::string(rest.substr(0, end)).c_str());
  while (end != std::string_view::npos) {
    rest.remove_prefix(end + 1);
    end = rest.find(kSeparator);
    result.parameters.emplace_back(rest.substr(0, end));
  }
  return result;
}

bool is_like(std::string_view text, std::string_view pattern, char escape, bool is_case_sensitive) {
  return LikeMatcher(escape, is_case_sensitive).matches(text, pattern);
}

void register_pure_functions(store::Store& store) {
  const auto add = [&store](const char* name, int count, store::ScalarFunction function) {
    store.register_function(name, count, std::move(function), store::FunctionKind::pure);
  };
  add("ssb_cast", 5, cast);
  add("ssb_arithmetic", 4, arithmetic);
  add("ssb_join_bytes", 2, join_bytes);
  add("ssb_only_one", 2, only_one);
  add("ssb_like", 4, like);
  add("ssb_hashbytes", 2, hash_bytes);
  register_mathematics(store);
  register_text_functions(store);
  register_date_functions(store);
  register_xml_functions(store);
}

}  // namespace ssb::broker::tsql
