// The passwords of the tests of keys; the policy lets both pass.
#pragma once

#include <string>

namespace ssb::broker::tests {

inline const std::string kPassword = "Pa$$w0rd";
inline const std::string kOther = "0therPa$$";

}  // namespace ssb::broker::tests
