#include "broker/store/collation.h"

#include <cstddef>
#include <cstdint>

namespace ssb::broker::store {
namespace {

constexpr char32_t kIllFormedBase = 0x110000;  // above every code point, so that it equals none

// Takes one code point off the front of `text`, which is not empty; an ill-formed byte counts as
// one of its own.
char32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    text.remove_prefix(1);
    return lead;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  bool is_well_formed = lead >= 0xC2 && lead <= 0xF4 && text.size() >= length;
  char32_t code_point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; is_well_formed && i < length; ++i) {
    is_well_formed = (byte(i) & 0xC0) == 0x80;
    code_point = code_point << 6 | (byte(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (!is_well_formed || code_point < kSmallest[length] || code_point > 0x10FFFF ||
      (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    text.remove_prefix(1);
    return kIllFormedBase + lead;
  }
  text.remove_prefix(length);
  return code_point;
}

bool is_between(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

char32_t fold_latin(char32_t c) {
  if (c == 0xB5) return 0x3BC;  // micro sign: Greek mu
  if (is_between(c, 0xC0, 0xDE)) return c == 0xD7 ? c : c + 32;
  if (c == 0x178) return 0xFF;
  if (c == 0x17F) return U's';             // long s
  if (c == 0x130 || c == 0x149) return c;  // fold to two code points only
  const bool even_is_upper = is_between(c, 0x100, 0x137) || is_between(c, 0x14A, 0x177);
  const bool odd_is_upper = is_between(c, 0x139, 0x148) || is_between(c, 0x179, 0x17E);
  if ((even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1)) return c + 1;
  return c;
}

char32_t fold_greek(char32_t c) {
  if (is_between(c, 0x391, 0x3AB)) return c == 0x3A2 ? c : c + 32;
  if (is_between(c, 0x3D8, 0x3EF)) return c % 2 == 0 ? c + 1 : c;
  switch (c) {
    case 0x345: return 0x3B9;
    case 0x370:
    case 0x372:
    case 0x376: return c + 1;
    case 0x37F: return 0x3F3;
    case 0x386: return 0x3AC;
    case 0x388:
    case 0x389:
    case 0x38A: return c + 37;
    case 0x38C: return 0x3CC;
    case 0x38E:
    case 0x38F: return c + 63;
    case 0x3C2: return 0x3C3;  // final sigma
    case 0x3CF: return 0x3D7;
    case 0x3D0: return 0x3B2;
    case 0x3D1:
    case 0x3F4: return 0x3B8;
    case 0x3D5: return 0x3C6;
    case 0x3D6: return 0x3C0;
    case 0x3F0: return 0x3BA;
    case 0x3F1: return 0x3C1;
    case 0x3F5: return 0x3B5;
    case 0x3F7:
    case 0x3FA: return c + 1;
    case 0x3F9: return 0x3F2;
    case 0x3FD:
    case 0x3FE:
    case 0x3FF: return c - 130;
    default: return c;
  }
}

char32_t fold_cyrillic(char32_t c) {
  if (c < 0x410) return c + 80;
  if (c < 0x430) return c + 32;
  if (c == 0x4C0) return 0x4CF;
  if (is_between(c, 0x4C1, 0x4CE)) return c % 2 == 1 ? c + 1 : c;
  const bool even_is_upper =
      is_between(c, 0x460, 0x481) || is_between(c, 0x48A, 0x4BF) || is_between(c, 0x4D0, 0x52F);
  return even_is_upper && c % 2 == 0 ? c + 1 : c;
}

}  // namespace

char32_t fold_code_point(char32_t c) {
  if (c < 0x80) return is_between(c, U'A', U'Z') ? c + 32 : c;
  if (c < 0x180) return fold_latin(c);
  if (is_between(c, 0x345, 0x3FF)) return fold_greek(c);
  if (is_between(c, 0x400, 0x52F)) return fold_cyrillic(c);
  return c;
}

int compare_tsql(std::string_view left, std::string_view right) {
  const auto without_trailing_blanks = [](std::string_view text) {
    const std::size_t last = text.find_last_not_of(' ');
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
  };
  left = without_trailing_blanks(left);
  right = without_trailing_blanks(right);
  while (!left.empty() && !right.empty()) {
    const char32_t a = fold_code_point(take_code_point(left));
    const char32_t b = fold_code_point(take_code_point(right));
    if (a != b) return a < b ? -1 : 1;
  }
  return static_cast<int>(!left.empty()) - static_cast<int>(!right.empty());
}

}  // namespace ssb::broker::store
