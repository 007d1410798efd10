// Files that snapshot and import write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ssb::sim::cli {

inline constexpr int kExitBadSnapshot = 11;  // as for a scenario that does not parse

// Throws std::system_error.
void write_whole_file(const std::filesystem::path& file, std::string_view text);
// With _ for what does not belong into the name of a file.
[[nodiscard]] std::string plain_file_name(std::string_view name);

}  // namespace ssb::sim::cli
