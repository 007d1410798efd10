#include "sim/cli/option_checks.h"

#include <fmt/format.h>

namespace ssb::sim::cli {
namespace {

constexpr std::size_t kDigitsMax = 9;
constexpr std::size_t kSeedDigitsMax = 18;

bool is_number(const std::string& text, std::size_t digits_max) {
  return !text.empty() && text.size() <= digits_max &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string positive_number(const std::string& text) {
  if (is_number(text, kDigitsMax) && text.find_first_not_of('0') != std::string::npos) return "";
  return fmt::format("'{}' is no number from 1 to 999999999", text);
}

std::string number_from_0(const std::string& text) {
  if (is_number(text, kDigitsMax)) return "";
  return fmt::format("'{}' is no number from 0 to 999999999", text);
}

std::string seed_number(const std::string& text) {
  if (is_number(text, kSeedDigitsMax)) return "";
  return fmt::format("'{}' is no number from 0 to 999999999999999999", text);
}

}  // namespace ssb::sim::cli
