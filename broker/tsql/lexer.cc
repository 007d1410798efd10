#include "broker/tsql/lexer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "proto/error_code.h"

namespace ssb::broker::tsql {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_not_ascii(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '#' ||
         is_not_ascii(c);
}
bool continues_word(char c) {
  return starts_word(c) || is_digit(c) || c == '@' || c == '$';
}

class Lexer {
 public:
  Lexer(std::string_view text, bool quoted_identifier)
      : text_(text), quoted_identifier_(quoted_identifier) {
    list_.tokens.reserve(text.size() / 5 + 2);
  }

  TokenList run() {
    while (true) {
      skip_blanks();
      if (failed_ || at_end()) break;
      token();
      if (failed_) break;
    }
    offset_ = text_.size();
    push(TokenKind::end, offset_);
    return std::move(list_);
  }

 private:
  [[nodiscard]] bool at_end() const { return offset_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }
  [[nodiscard]] bool looking_at(std::string_view what) const {
    return text_.substr(offset_, what.size()) == what;
  }

  // Counts lines and characters once, as the offsets only grow.
  SourcePosition position(std::size_t offset, std::size_t length) {
    for (; counted_ < offset; ++counted_) {
      if (text_[counted_] == '\n') {
        ++line_;
        column_ = 1;
      } else if (!is_continuation_byte(text_[counted_])) {
        ++column_;
      }
    }
    return {.offset = offset, .length = length, .line = line_, .column = column_};
  }

  void push(TokenKind kind, std::size_t begin) {
    const std::size_t length = offset_ - begin;
    list_.tokens.push_back({kind, position(begin, length), text_.substr(begin, length)});
  }

  void fail(std::size_t begin, proto::Error error) {
    offset_ = text_.size();
    push(TokenKind::error, begin);
    list_.error = std::move(error);
    failed_ = true;
  }

  // Control characters and the no-break space, which pasted scripts have, count as blanks; so does
  // a byte order mark.
  bool skip_blank() {
    if (!at_end() && static_cast<unsigned char>(peek()) <= ' ') {
      ++offset_;
    } else if (looking_at("\xC2\xA0")) {
      offset_ += 2;
    } else if (looking_at("\xEF\xBB\xBF")) {
      offset_ += 3;
    } else {
      return false;
    }
    return true;
  }

  void skip_blanks() {
    while (!failed_) {
      if (looking_at("--")) {
        offset_ = std::min(text_.find('\n', offset_), text_.size());
      } else if (looking_at("/*")) {
        skip_comment();
      } else if (!skip_blank()) {
        return;
      }
    }
  }

  void skip_comment() {
    const std::size_t begin = offset_;
    std::size_t depth = 0;
    while (!at_end()) {
      if (looking_at("/*")) {
        ++depth;
        offset_ += 2;
      } else if (looking_at("*/")) {
        --depth;
        offset_ += 2;
        if (depth == 0) return;
      } else {
        ++offset_;
      }
    }
    fail(begin, proto::Error(proto::ErrorCode::unclosed_comment));
  }

  void token() {
    const char c = peek();
    if ((c == 'n' || c == 'N') && peek(1) == '\'') {
      quoted(TokenKind::national_string, 1, '\'');
    } else if (starts_word(c)) {
      word(TokenKind::word);
    } else if (c == '@') {
      word(peek(1) == '@' ? TokenKind::system_variable : TokenKind::variable);
    } else if (c == '\'') {
      quoted(TokenKind::string, 0, '\'');
    } else if (c == '"') {
      quoted(quoted_identifier_ ? TokenKind::quoted_identifier : TokenKind::string, 0, '"');
    } else if (c == '[') {
      quoted(TokenKind::quoted_identifier, 0, ']');
    } else if (c == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      binary();
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) {
      number();
    } else if (c == '$') {
      money();
    } else {
      symbol();
    }
  }

  // t.5 is a name, a dot and a number; .5 alone is a number.
  [[nodiscard]] bool follows_name() const {
    return offset_ > 0 && (continues_word(text_[offset_ - 1]) || text_[offset_ - 1] == ']' ||
                           text_[offset_ - 1] == '"');
  }

  void word(TokenKind kind) {
    const std::size_t begin = offset_;
    ++offset_;
    while (!at_end() && continues_word(peek()) && !looking_at("\xC2\xA0")) ++offset_;
    const std::string_view text = text_.substr(begin, offset_ - begin);
    if (is_too_long(text)) return fail_too_long(begin, text);
    push(kind, begin);
  }

  static bool is_too_long(std::string_view name) {
    if (name.size() <= kIdentifierCharactersMax) return false;
    return name.size() - static_cast<std::size_t>(
                             std::count_if(name.begin(), name.end(), is_continuation_byte)) >
           kIdentifierCharactersMax;
  }

  void fail_too_long(std::size_t begin, std::string_view name) {
    fail(begin,
         proto::Error(proto::ErrorCode::identifier_too_long, clipped(name, kErrorTextBytesMax)));
  }

  // A literal or identifier whose closing character is doubled inside.
  void quoted(TokenKind kind, std::size_t prefix, char closing) {
    const std::size_t begin = offset_;
    offset_ += prefix + 1;
    while (true) {
      offset_ = text_.find(closing, offset_);
      if (offset_ == std::string_view::npos) {
        const std::string_view content = text_.substr(begin + prefix + 1);
        return fail(begin, proto::Error(proto::ErrorCode::unclosed_quote,
                                        clipped(content, kErrorTextBytesMax)));
      }
      ++offset_;
      if (peek() != closing) break;
      ++offset_;
    }
    if (kind == TokenKind::quoted_identifier) {
      const std::string name = value_of({kind, {}, text_.substr(begin, offset_ - begin)});
      if (is_too_long(name)) return fail_too_long(begin, name);
    }
    push(kind, begin);
  }

  void binary() {
    const std::size_t begin = offset_;
    offset_ += 2;
    while (true) {
      if (is_hex_digit(peek())) {
        ++offset_;
      } else if (looking_at("\\\n")) {
        offset_ += 2;
      } else if (looking_at("\\\r\n")) {
        offset_ += 3;
      } else {
        break;
      }
    }
    push(TokenKind::binary, begin);
  }

  void number() {
    const std::size_t begin = offset_;
    TokenKind kind = TokenKind::integer;
    while (is_digit(peek())) ++offset_;
    if (peek() == '.') {
      kind = TokenKind::decimal;
      ++offset_;
      while (is_digit(peek())) ++offset_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      kind = TokenKind::floating;  // 1E alone is 1E0
      offset_ += 1 + (is_digit(peek(1 + sign)) ? sign : 0);
      while (is_digit(peek())) ++offset_;
    }
    push(kind, begin);
  }

  // $1.50 is money; $action and the like are words.
  void money() {
    const std::size_t begin = offset_;
    if (starts_word(peek(1))) return word(TokenKind::word);
    ++offset_;
    while (is_digit(peek())) ++offset_;
    if (peek() == '.') {
      ++offset_;
      while (is_digit(peek())) ++offset_;
    }
    push(TokenKind::money, begin);
  }

  void symbol() {
    static constexpr auto kPairs = std::to_array<std::string_view>(
        {"<=", ">=", "<>", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "::"});
    const std::size_t begin = offset_;
    const bool pair = std::any_of(kPairs.begin(), kPairs.end(),
                                  [this](std::string_view symbols) { return looking_at(symbols); });
    offset_ += pair ? 2 : 1;
    push(TokenKind::symbol, begin);
  }

  std::string_view text_;
  bool quoted_identifier_;
  std::size_t offset_ = 0;
  std::size_t counted_ = 0;  // lines and columns are known up to here
  int line_ = 1;
  int column_ = 1;
  bool failed_ = false;
  TokenList list_;
};

}  // namespace

TokenList tokenize(std::string_view text, bool quoted_identifier) {
  return Lexer(text, quoted_identifier).run();
}

}  // namespace ssb::broker::tsql
