// Finds the passwords in the text of a batch, so that nothing that shows the text shows them.
//
//   Shape   looks at the characters and not at the syntax tree: the text is one that does not parse, and a password in a comment or
//           in dynamic SQL is one as well. It rather hides too much.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ssb::broker::tsql {

struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Whether a secret stands behind a name like this one: it is one of those words, or ends with one.
[[nodiscard]] bool names_secret(std::string_view name);
// What stands inside the quotes after PASSWORD [=], SECRET = and the like, in the order of the text.
[[nodiscard]] std::vector<TextRange> secret_ranges(std::string_view text);
// Whether something secret is shown by the characters from `begin` to `end`.
[[nodiscard]] bool shows_secret(std::string_view text, std::size_t begin, std::size_t end);

// The text with *** in place of each secret; `offset`, a place in the text, is moved along.
[[nodiscard]] std::string without_secrets(std::string_view text, std::size_t& offset);

}  // namespace ssb::broker::tsql
