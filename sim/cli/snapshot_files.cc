#include "sim/cli/snapshot_files.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace ssb::sim::cli {

void write_whole_file(const std::filesystem::path& file, std::string_view text) {
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush())
    throw std::system_error(errno == 0 ? EIO : errno, std::generic_category(), file.string());
}

std::string plain_file_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    if (!is_plain) c = '_';
  }
  return out;
}

}  // namespace ssb::sim::cli
