// Lines of a table whose cells go on below themselves: nothing is cut, and no line is wider than its columns.
//
//   Units   columns of a terminal, one for each code point. A word that is wider than its column goes on in the next line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ssb::sim::cli {

// At blanks; without any text one empty line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

struct Cell {
  std::string text;
  std::size_t width = 1;
};
// " one  two\n": a blank before each cell, none at the end of a line.
[[nodiscard]] std::string table_row(const std::vector<Cell>& cells);

}  // namespace ssb::sim::cli
