// The causes of causes.def as a table, with what `ssbsim explain` says of them.
#pragma once

#include <span>
#include <string_view>

#include "sim/why/why.h"

namespace ssb::sim::why {

struct KnownCause {
  std::string_view id;  // "SB-W001"
  Phase phase;
  std::string_view title;
  std::string_view errors;  // numbers of sys.messages that it shows with, with blanks between them
  std::string_view means;
  std::string_view cure;
};

[[nodiscard]] std::span<const KnownCause> all_causes();
// By its id as it is written, in either case; nullptr when there is none.
[[nodiscard]] const KnownCause* find_known_cause(std::string_view id);

}  // namespace ssb::sim::why
