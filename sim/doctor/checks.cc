#include "sim/doctor/checks.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace ssb::sim::doctor {
namespace {

constexpr std::array kChecks{
#define SSB_DOCTOR_CHECK(id, severity, errors, title, asks) \
  Check{CheckId::id, "SB-" #id, Severity::severity, errors, title, asks},
#include "sim/doctor/checks.def"
#undef SSB_DOCTOR_CHECK
};

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::toupper(static_cast<unsigned char>(x)) ==
           std::toupper(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::info: return "info";
  }
  return "";
}

std::span<const Check> all_checks() {
  return kChecks;
}

const Check& check_of(CheckId id) {
  return kChecks.at(static_cast<std::size_t>(id));
}

const Check* find_check(std::string_view id) {
  const auto* found =
      std::ranges::find_if(kChecks, [id](const Check& check) { return is_same(check.id, id); });
  return found == kChecks.end() ? nullptr : found;
}

std::string checks_as_markdown() {
  std::string out = "| id | severity | checks | asks | explains |\n|---|---|---|---|---|\n";
  for (const Check& check : kChecks) {
    out += fmt::format("| {} | {} | {} | {} | {} |\n", check.id, severity_name(check.severity),
                       check.title, check.asks, check.errors);
  }
  return out;
}

}  // namespace ssb::sim::doctor
