#include "sim/scenario/server_name.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace ssb::sim::scenario {
namespace {

constexpr std::size_t kServerNameMax = 128;

bool is_name_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  constexpr unsigned char kFirstNotAscii = 0x80;
  return byte >= kFirstNotAscii || std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '$' ||
         c == '#';
}

// Parts between single dots, none of them empty.
bool is_host(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '.' || is_name_character(c); });
}

}  // namespace

bool is_server_name(std::string_view name) {
  if (name.size() > kServerNameMax) return false;
  const std::size_t slash = name.find('\\');
  if (slash == std::string_view::npos) return is_host(name);
  const std::string_view instance = name.substr(slash + 1);
  return is_host(name.substr(0, slash)) && !instance.empty() &&
         std::all_of(instance.begin(), instance.end(), is_name_character);
}

std::string not_a_server_name(std::string_view name) {
  return fmt::format("'{}' is no name of an instance: letters, digits, _ - $ #, like HOST_A", name);
}

}  // namespace ssb::sim::scenario
