#include "sim/cli/text_table.h"

#include <algorithm>

#include "sim/scenario/value_text.h"

namespace ssb::sim::cli {
namespace {

using scenario::display_width;

// How many bytes the first `columns` code points take.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (begins && columns-- == 0) break;
  }
  return end;
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    if (!lines.back().empty() && display_width(lines.back()) + 1 + display_width(word) > width)
      lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    while (display_width(word) > width) {
      const std::size_t bytes = bytes_of(word, width);
      lines.back() += word.substr(0, bytes);
      lines.emplace_back();
      word.remove_prefix(bytes);
    }
    lines.back() += word;
  }
  return lines;
}

std::string table_row(const std::vector<Cell>& cells) {
  std::vector<std::vector<std::string>> columns;
  std::size_t height = 1;
  for (const Cell& cell : cells) {
    columns.push_back(wrapped(cell.text, cell.width));
    height = std::max(height, columns.back().size());
  }
  std::string out;
  for (std::size_t line = 0; line < height; ++line) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string part = line < columns[i].size() ? columns[i][line] : "";
      text += " " + part +
              std::string(cells[i].width - std::min(cells[i].width, display_width(part)), ' ');
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace ssb::sim::cli
