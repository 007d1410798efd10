#include "proto/sandbox.h"

#include <cctype>
#include <utility>

namespace ssb::proto {
namespace {

constexpr std::size_t kComponentBytesMax = 255;
constexpr std::size_t kComponentsMax = 16;

}  // namespace

std::vector<std::string> sandbox_components(std::string_view name) {
  std::string path(name);
  for (char& c : path) {
    if (c == '\\') c = '/';
  }
  const bool has_drive =
      path.size() >= 2 && path[1] == ':' && std::isalpha(static_cast<unsigned char>(path[0])) != 0;
  if (has_drive) path.erase(0, 2);
  std::vector<std::string> components;
  std::string component;
  for (const char c : path + "/") {
    if (c != '/') {
      component.push_back(c);
      continue;
    }
    const std::string taken = std::exchange(component, {});
    if (taken.empty() || taken == ".") continue;
    const bool is_bad =
        taken == ".." || taken == "?" || taken.size() > kComponentBytesMax ||
        taken.find_first_of(std::string_view("\0:*?\"<>|\n\r", 10)) != std::string::npos;
    if (is_bad || components.size() == kComponentsMax) return {};
    components.push_back(taken);
  }
  return components;
}

std::string folded_component(std::string_view component) {
  std::string folded(component);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace ssb::proto
