// Text in lines of a bounded width.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ssb::sim::scenario {

inline constexpr std::size_t kTextWidth = 100;

// Cuts a text into lines of at most `width` columns, at blanks where there are some.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// The text in lines of at most kTextWidth columns: the first one behind `first`, the others behind `others`.
void append_wrapped(std::string& out, const std::string& first, const std::string& others,
                    std::string_view text);

}  // namespace ssb::sim::scenario
