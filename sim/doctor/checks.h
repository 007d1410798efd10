// The checks of the doctor as one table: what `--list`, `--explain` and docs/doctor.md are made of.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ssb::sim::doctor {

enum class Severity { error, warning, info };
[[nodiscard]] std::string_view severity_name(Severity severity);

enum class CheckId {
#define SSB_DOCTOR_CHECK(id, severity, errors, title, asks) id,
#include "sim/doctor/checks.def"
#undef SSB_DOCTOR_CHECK
};

struct Check {
  CheckId number{};
  std::string_view id;  // "SB-R001"
  Severity severity{};
  std::string_view errors;  // numbers of sys.messages, with blanks between them
  std::string_view title;
  std::string_view asks;
};

[[nodiscard]] std::span<const Check> all_checks();
[[nodiscard]] const Check& check_of(CheckId id);
// By its id as it is written, in either case; nullptr when there is none.
[[nodiscard]] const Check* find_check(std::string_view id);
// The table of docs/doctor.md.
[[nodiscard]] std::string checks_as_markdown();

}  // namespace ssb::sim::doctor
