// Finds the names that somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ssb::sim::scenario {

// ASCII, as keywords and instance names are compared.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string to_lower(std::string_view text);

// The candidates nearest to `name` by edit distance, best first, at most `count`; none that differs in most of its letters.
[[nodiscard]] std::vector<std::string> near_names(std::string_view name,
                                                  std::span<const std::string_view> candidates,
                                                  std::size_t count = 3);

}  // namespace ssb::sim::scenario
