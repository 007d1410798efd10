#include "broker/tsql/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "broker/tsql/token.h"

namespace ssb::broker::tsql {
namespace {

// Words (also as the end of a longer one: OLD_PASSWORD, @rmtpassword) that a secret follows.
constexpr std::array<std::string_view, 6> kKeys = {"PASSWORD", "PASSWD",     "PWD",
                                                   "SECRET",   "PASSPHRASE", "KEY_SOURCE"};
// Functions and procedures that take one among their arguments.
constexpr std::array<std::string_view, 14> kTakers = {
    "ENCRYPTBYPASSPHRASE", "DECRYPTBYPASSPHRASE",     "DECRYPTBYKEYAUTOCERT",
    "DECRYPTBYCERT",       "DECRYPTBYKEYAUTOASYMKEY", "DECRYPTBYASYMKEY",
    "SIGNBYCERT",          "SIGNBYASYMKEY",           "SP_ADDLOGIN",
    "SP_PASSWORD",         "SP_ADDAPPROLE",           "SP_SETAPPROLE",
    "SP_APPROLEPASSWORD",  "SP_ADDLINKEDSRVLOGIN"};

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@' || c == '#' ||
         c == '$';
}

// The word that this one is, or ends with.
const std::string_view* key_of(std::string_view upper_word) {
  const auto* const key = std::find_if(
      kKeys.begin(), kKeys.end(), [&](std::string_view one) { return upper_word.ends_with(one); });
  return key == kKeys.end() ? nullptr : key;
}

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text) {}

  std::vector<TextRange> all() {
    while (at_ < text_.size()) {
      if (is_word_character(text_[at_])) {
        take_word();
      } else {
        take_character();
      }
    }
    return std::move(ranges_);
  }

 private:
  [[nodiscard]] char at(std::size_t place) const {
    return place < text_.size() ? text_[place] : '\0';
  }
  [[nodiscard]] std::size_t after_blanks(std::size_t place) const {
    while (std::isspace(static_cast<unsigned char>(at(place))) != 0) ++place;
    return place;
  }
  [[nodiscard]] std::size_t after_word(std::size_t place) const {
    while (place < text_.size() && is_word_character(text_[place])) ++place;
    return place;
  }

  void take_character() {
    const char c = text_[at_];
    const char next = at(at_ + 1);
    if (c == '\n') in_line_comment_ = false;
    if (in_block_comment_) {
      if (c == '*' && next == '/') in_block_comment_ = false;
    } else if (!in_line_comment_) {
      if (c == '\'') {
        if (hides_strings_ && !in_string_) return hide_literal(at_);
        in_string_ = !in_string_;
      } else if (!in_string_) {
        in_line_comment_ = c == '-' && next == '-';
        in_block_comment_ = c == '/' && next == '*';
        if (c == ';') hides_strings_ = false;
      }
    }
    ++at_;
  }

  void take_word() {
    const std::size_t end = after_word(at_);
    const std::string word = to_upper(text_.substr(at_, end - at_));
    at_ = end;
    if (std::find(kTakers.begin(), kTakers.end(), word) != kTakers.end()) hides_strings_ = true;
    if (const auto* key = key_of(word)) take_secret(end, *key == kKeys.front());
  }

  // What follows a key, from `place` on: [type] = 'x', or for PASSWORD also 'x' alone or behind a word that does not belong there.
  void take_secret(std::size_t place, bool can_stand_alone) {
    std::size_t value = after_blanks(place);
    if (is_word_character(at(value)) && !(at(value) == 'N' && at(value + 1) == '\'')) {
      std::size_t type = after_blanks(after_word(value));
      if (at(type) == '(') type = after_blanks(text_.find(')', type) + 1);
      const bool is_literal = at(type) == '\'' || (at(type) == 'N' && at(type + 1) == '\'');
      if (at(type) != '=' && !(can_stand_alone && is_literal)) return;
      value = type;
    }
    const bool is_assigned = at(value) == '=';
    if (is_assigned) value = after_blanks(value + 1);
    if (!is_assigned && !can_stand_alone) return;
    if (at(value) == 'N' && at(value + 1) == '\'') ++value;
    if (at(value) == '\'') {
      // Inside a string, a quote that nothing is assigned before is the end of it.
      const bool is_end = in_string_ && !is_assigned && at(value + 1) != '\'';
      if (!is_end) hide_literal(value);
    } else if (at(value) == '"' || at(value) == '[') {
      const std::size_t close = text_.find(at(value) == '"' ? '"' : ']', value + 1);
      hide(value + 1, std::min(close, text_.size()));
    } else if (is_assigned && is_word_character(at(value)) && at(value) != '@') {
      hide(value, after_word(value));
    }
  }

  // A literal that opens at `quote`; with several quotes it is one inside of dynamic SQL, which as many end.
  void hide_literal(std::size_t quote) {
    std::size_t quotes = 0;
    while (at(quote + quotes) == '\'') ++quotes;
    if (quotes == 0) return;
    const std::size_t begin = quote + quotes;
    std::size_t end = begin;
    while (end < text_.size()) {
      if (text_[end] != '\'') {
        if (text_[end] == '\n' && in_line_comment_) break;
        ++end;
        continue;
      }
      std::size_t closing = 0;
      while (at(end + closing) == '\'') ++closing;
      // Twice as many stand for a quote in the password.
      if (closing >= quotes && closing % (2 * quotes) != 0) break;
      end += closing;
    }
    hide(begin, end);
    if (quotes == 1) {  // behind the closing quote
      at_ = std::min(end + 1, text_.size());
      if (end < text_.size() && !in_line_comment_ && !in_block_comment_) in_string_ = false;
    }
  }
  void hide(std::size_t begin, std::size_t end) {
    if (begin < end) ranges_.push_back({begin, end});
    at_ = std::max(at_, end);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_string_ = false;
  bool in_line_comment_ = false;
  bool in_block_comment_ = false;
  bool hides_strings_ = false;  // until the next ;
  std::vector<TextRange> ranges_;
};

}  // namespace

bool names_secret(std::string_view name) {
  return key_of(to_upper(name)) != nullptr;
}

std::vector<TextRange> secret_ranges(std::string_view text) {
  return Finder(text).all();
}

bool shows_secret(std::string_view text, std::size_t begin, std::size_t end) {
  const std::vector<TextRange> ranges = secret_ranges(text);
  return std::any_of(ranges.begin(), ranges.end(), [&](const TextRange& range) {
    return range.begin < end && begin < range.end;
  });
}

std::string without_secrets(std::string_view text, std::size_t& offset) {
  constexpr std::string_view kHidden = "***";
  std::string out;
  std::size_t done = 0;
  std::size_t moved = offset;
  for (const TextRange& range : secret_ranges(text)) {
    out += text.substr(done, range.begin - done);
    if (offset >= range.end) {
      moved = moved - (range.end - range.begin) + kHidden.size();
    } else if (offset > range.begin) {
      moved = out.size();
    }
    out += kHidden;
    done = range.end;
  }
  out += text.substr(done);
  offset = std::min(moved, out.size());
  return out;
}

}  // namespace ssb::broker::tsql
