// Which program this is.
#pragma once

namespace ssb::sim::cli {

[[nodiscard]] const char* version();  // "0.1.0"
[[nodiscard]] const char*
build_id();  // the commit, with + when files differed from it; "unknown" outside a checkout

}  // namespace ssb::sim::cli
