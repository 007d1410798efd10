#include "sim/cli/safe_output.h"

#include <utility>

#include <fmt/format.h>

namespace ssb::sim::cli {
namespace {

std::string escaped(unsigned code) {
  return fmt::format("\\u{:04x}", code);
}

bool is_control(unsigned char c) {
  constexpr unsigned char kBlank = 0x20;
  constexpr unsigned char kDelete = 0x7F;
  return (c < kBlank && c != '\n' && c != '\t') || c == kDelete;
}

// In UTF-8: the controls U+0080 to U+009F begin with C2, the marks of direction U+202A to U+202E and U+2066 to U+2069 with E2.
bool may_begin(std::string_view held) {
  return held == "\xC2" || held == "\xE2" || held == "\xE2\x80" || held == "\xE2\x81";
}

// The code of a whole character that must not pass; 0: it may.
unsigned forbidden(std::string_view character) {
  if (character.size() == 2 && character[0] == '\xC2') {
    const auto last = static_cast<unsigned char>(character[1]);
    return last >= 0x80 && last <= 0x9F ? last : 0;
  }
  if (character.size() == 3) {
    const auto last = static_cast<unsigned char>(character[2]);
    const unsigned code = (character[1] == '\x80' ? 0x2000U : 0x2040U) | (last & 0x3FU);
    const bool turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return turns && last >= 0x80 && last <= 0xBF ? code : 0;
  }
  return 0;
}

}  // namespace

void SafeBuffer::take(char c) {
  if (!held_.empty()) {
    held_ += c;
    if (may_begin(held_)) return;
    if (const unsigned code = forbidden(held_); code != 0) {
      out_ += escaped(code);
      held_.clear();
      return;
    }
    // No such character: what was held passes, and this byte is looked at by itself.
    held_.pop_back();
    out_ += std::exchange(held_, {});
  }
  if (may_begin(std::string_view(&c, 1))) {
    held_ = c;
  } else if (is_control(static_cast<unsigned char>(c))) {
    out_ += escaped(static_cast<unsigned char>(c));
  } else {
    out_ += c;
  }
}

std::streambuf::int_type SafeBuffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

std::streamsize SafeBuffer::xsputn(const char* text, std::streamsize size) {
  for (const char c : std::string_view(text, static_cast<std::size_t>(size))) take(c);
  below_.write(out_.data(), static_cast<std::streamsize>(out_.size()));
  out_.clear();
  return below_ ? size : 0;
}

int SafeBuffer::sync() {
  return below_.flush() ? 0 : -1;
}

}  // namespace ssb::sim::cli
