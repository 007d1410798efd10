#include "sim/snapshot/json.h"

#include <algorithm>

#include <fmt/format.h>

#include "proto/bytes.h"

namespace ssb::sim::snapshot {
namespace {

constexpr char32_t kLastOfBasicPlane = 0xFFFF;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > first;
  };
  const std::size_t first = at;
  if (!digits() || (text[first] == '0' && at - first > 1)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

std::string one_line(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code > 0x20 && code < 0x7F ? fmt::format("'{}'", c) : fmt::format("byte {:#04x}", code);
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  JsonValue whole() {
    JsonValue value = read(0);
    skip_blanks();
    if (at_ < text_.size())
      fail(fmt::format("{} after the end of the value: one file is one snapshot",
                       one_line(text_[at_])));
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const { throw BadJson(line_, text); }
  [[noreturn]] void fail_at_end() const {
    fail("the text ends in the middle of a value: the file is cut off; take the snapshot again");
  }

  void skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }
  // Whether the next character inside of a token is there; line breaks of clients are left out.
  bool is_inside() {
    for (; at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r'); ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
    return at_ < text_.size();
  }
  char next_inside() {
    if (!is_inside()) fail_at_end();
    return text_[at_++];
  }
  char peek() {
    skip_blanks();
    if (at_ >= text_.size()) fail_at_end();
    return text_[at_];
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, std::string_view where) {
    if (!accept(c)) fail(fmt::format("{} where '{}' {}", one_line(text_[at_]), c, where));
  }

  JsonValue read(int depth) {
    if (depth > kJsonDepthMax) fail(fmt::format("values nested deeper than {}", kJsonDepthMax));
    if (++values_ > kJsonValuesMax) fail(fmt::format("more than {} values", kJsonValuesMax));
    JsonValue value;
    const char c = peek();
    value.line = line_;
    if (c == '{') {
      read_object(value, depth);
    } else if (c == '[') {
      read_array(value, depth);
    } else if (c == '"') {
      value.kind = JsonValue::Kind::text;
      value.text = read_text();
    } else {
      read_word(value);
    }
    return value;
  }

  void read_object(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::object;
    ++at_;
    if (accept('}')) return;
    do {
      if (peek() != '"') fail(fmt::format("{} where a name begins with '\"'", one_line(peek())));
      std::string name = read_text();
      if (value.find(name) != nullptr) fail(fmt::format("\"{}\" stands twice in one object", name));
      if (value.members.size() >= kMembersMax)
        fail(fmt::format("more than {} names in one object", kMembersMax));
      expect(':', "follows a name");
      value.members.emplace_back(std::move(name), read(depth + 1));
    } while (accept(','));
    expect('}', "or ',' follows a value");
  }

  void read_array(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::array;
    ++at_;
    if (accept(']')) return;
    do {
      value.items.push_back(read(depth + 1));
    } while (accept(','));
    expect(']', "or ',' follows a value");
  }

  void read_word(JsonValue& value) {
    std::string word;
    constexpr std::size_t kWordMax = 64;
    while (is_inside() && word.size() < kWordMax) {
      const char c = text_[at_];
      const bool is_part =
          is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
      if (!is_part) break;
      word.push_back(c);
      ++at_;
    }
    if (word.empty())
      fail(at_ < text_.size() ? fmt::format("{} where a value begins", one_line(text_[at_]))
                              : "no value");
    if (word == "null") return;
    if (word == "true" || word == "false") {
      value.kind = JsonValue::Kind::flag;
      value.flag = word == "true";
      return;
    }
    if (!is_number(word)) {
      constexpr std::string_view kWords[] = {"null", "true", "false"};
      const bool is_begin = at_ == text_.size() && std::ranges::any_of(kWords, [&](auto one) {
                              return one.starts_with(word);
                            });
      if (is_begin) fail_at_end();
      fail(fmt::format("'{}' is no value of JSON", word));
    }
    value.kind = JsonValue::Kind::number;
    value.text = std::move(word);
  }

  std::string read_text() {
    std::string out;
    ++at_;
    while (true) {
      const char c = next_inside();
      if (c == '"') return out;
      if (c != '\\') {
        if (static_cast<unsigned char>(c) < 0x20)
          fail(fmt::format("{} in a text, not escaped", one_line(c)));
        out.push_back(c);
        continue;
      }
      read_escape(out);
    }
  }

  void read_escape(std::string& out) {
    constexpr std::string_view kNamed = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char c = next_inside();
    if (const std::size_t found = kNamed.find(c); found != std::string_view::npos) {
      out.push_back(kMeant[found]);
    } else if (c == 'u') {
      append(out, read_code_point());
    } else {
      fail(fmt::format("\\ before {} in a text", one_line(c)));
    }
  }

  char32_t read_unit() {
    char32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      char c = next_inside();
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
      const std::size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos) fail("\\u without four hexadecimal digits");
      unit = unit * 16 + static_cast<char32_t>(digit);
    }
    return unit;
  }
  char32_t read_code_point() {
    const char32_t first = read_unit();
    if (first >= 0xDC00 && first < 0xE000) fail("half of a surrogate pair");
    if (first < 0xD800 || first >= 0xE000) return first;
    if (next_inside() != '\\' || next_inside() != 'u') fail("half of a surrogate pair");
    const char32_t second = read_unit();
    if (second < 0xDC00 || second >= 0xE000) fail("half of a surrogate pair");
    return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
  }
  static void append(std::string& out, char32_t c) {
    const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) {
      put(0xC0 | (c >> 6U));
    } else if (c <= kLastOfBasicPlane) {
      put(0xE0 | (c >> 12U));
      put(0x80 | ((c >> 6U) & 0x3F));
    } else {
      put(0xF0 | (c >> 18U));
      put(0x80 | ((c >> 12U) & 0x3F));
      put(0x80 | ((c >> 6U) & 0x3F));
    }
    put(0x80 | (c & 0x3F));
  }

  static constexpr std::size_t kMembersMax = 256;  // each is compared with those before it

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::size_t values_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view kind_text(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::null: return "null";
    case JsonValue::Kind::flag: return "true or false";
    case JsonValue::Kind::number: return "a number";
    case JsonValue::Kind::text: return "a text";
    case JsonValue::Kind::array: return "an array";
    case JsonValue::Kind::object: return "an object";
  }
  return "";
}

JsonValue parse_json(std::string_view bytes) {
  if (bytes.size() > kJsonBytesMax)
    throw BadJson(1, fmt::format("{} bytes, more than {}: name the databases that matter with "
                                 "snapshot-query --database",
                                 bytes.size(), kJsonBytesMax));
  if (bytes.starts_with("\xFF\xFE")) {
    const std::string text = proto::from_utf16le(proto::as_bytes(bytes.substr(2)));
    return JsonReader(text).whole();
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return JsonReader(bytes).whole();
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace ssb::sim::snapshot
