// Reads JSON of others into values that know their line, so that whatever is wrong later can be pointed at.
//
//   Shape   RFC 8259, in UTF-8 or UTF-16 (with a byte order mark). A line break inside of a string, a number or a word is left out:
//           clients break long lines there, and JSON itself has none.
//   Units   lines are 1-based.
//   Errors  BadJson, with the line: what is not JSON, more than kJsonBytesMax, kJsonDepthMax or kJsonValuesMax.
//   Source  own: Boost.JSON's values do not know where they stood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssb::sim::snapshot {

inline constexpr std::size_t kJsonBytesMax = 100'000'000;
inline constexpr int kJsonDepthMax = 16;
inline constexpr std::size_t kJsonValuesMax = 5'000'000;

struct BadJson : std::runtime_error {
  BadJson(int the_line, const std::string& text) : std::runtime_error(text), line(the_line) {}
  int line;
};

struct JsonValue {
  enum class Kind { null, flag, number, text, array, object };
  Kind kind = Kind::null;
  int line = 1;
  bool flag = false;
  std::string text{};  // of a text; of a number as written
  std::vector<JsonValue> items{};
  std::vector<std::pair<std::string, JsonValue>> members{};  // in their order, names unique

  [[nodiscard]] const JsonValue* find(std::string_view name) const;
};
// "an object", "a number", ...
[[nodiscard]] std::string_view kind_text(JsonValue::Kind kind);

[[nodiscard]] JsonValue parse_json(std::string_view bytes);

// "text" with what JSON escapes.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace ssb::sim::snapshot
