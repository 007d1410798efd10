// Text comparison of T-SQL for collation "tsql": case-insensitive, accent-sensitive, trailing
// blanks ignored.
//
//   Shape   UTF-8. Simple folding (one code point to one) of Basic Latin, Latin-1, Latin
//   Extended-A, Greek and Cyrillic
//           (U+0000..U+052F); every other code point stands for itself. The order is that of the
//           folded code points, not a dictionary's. Ill-formed bytes compare as themselves, above
//           all well-formed text.
//   Source  Unicode's CaseFolding.txt, status C and S, for the ranges above; SQL Server's CI_AS
//   collations also equate
//           kana and width, which are left out.
#pragma once

#include <string>
#include <string_view>

namespace ssb::broker::store {

// Negative, zero or positive, as strcmp.
[[nodiscard]] int compare_tsql(std::string_view left, std::string_view right);

// The simple case folding of one code point.
[[nodiscard]] char32_t fold_code_point(char32_t code_point);

}  // namespace ssb::broker::store
