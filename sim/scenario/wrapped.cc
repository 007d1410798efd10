#include "sim/scenario/wrapped.h"

#include <algorithm>

#include "sim/scenario/value_text.h"

namespace ssb::sim::scenario {

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    if (text.front() == '\n') {
      lines.emplace_back();
      text.remove_prefix(1);
      continue;
    }
    std::size_t end = text.find_first_of(" \n", 1);
    std::string_view word = text.substr(0, end);
    if (!lines.back().empty() && display_width(lines.back()) + display_width(word) > width) {
      lines.emplace_back();
      while (word.starts_with(' ')) word.remove_prefix(1);
    }
    while (display_width(word) > width) {  // a word that fits no line
      std::size_t bytes = word.size();
      while (display_width(word.substr(0, bytes)) > width) --bytes;
      while (bytes < word.size() && (static_cast<unsigned char>(word[bytes]) & 0xC0U) == 0x80U)
        --bytes;
      lines.back() = word.substr(0, bytes);
      lines.emplace_back();
      word.remove_prefix(bytes);
    }
    lines.back() += word;
    text.remove_prefix(std::min(end, text.size()));
  }
  return lines;
}

void append_wrapped(std::string& out, const std::string& first, const std::string& others,
                    std::string_view text) {
  bool is_first = true;
  for (const std::string& line : wrapped(text, kTextWidth - display_width(others))) {
    std::string whole = (is_first ? first : others) + line;
    whole.erase(whole.find_last_not_of(' ') + 1);
    out += whole + "\n";
    is_first = false;
  }
}

}  // namespace ssb::sim::scenario
