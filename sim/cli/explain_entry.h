// What `ssbsim explain` says of a number, an event class, a check of the doctor or a cause of `why`: as text, or as one line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/cli/cli.h"

namespace ssb::sim::cli {

// An error number; -8494 of an Error message is 8494. Of a number that never comes from ssbsim it says why not.
void explain_number(Context& context, std::int32_t number, bool as_json);
void explain_event(Context& context, std::int32_t number, bool as_json);
// Whether that is meant as the id of a check or of a cause: "SB-".
[[nodiscard]] bool is_finding_id(std::string_view text);
void explain_finding_id(Context& context, const std::string& id, bool as_json);

}  // namespace ssb::sim::cli
