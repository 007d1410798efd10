// proto/explain.json as it was when the program was built.
#pragma once

#include <string>

namespace ssb::sim::cli {

[[nodiscard]] std::string explain_json();

}  // namespace ssb::sim::cli
