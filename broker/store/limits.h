// Sizes that the store keeps to.
#pragma once

#include <cstddef>

namespace ssb::broker::store {

// Of one value, and of one row, in what T-SQL computes (SQL Server: 2^31-1 bytes): a loop that doubles a text meets this bound, and
// error 701, before it meets the end of the memory. What peers send may be larger.
inline constexpr std::size_t kValueBytesMax = std::size_t{256} * 1024 * 1024;

}  // namespace ssb::broker::store
