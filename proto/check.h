// SSB_CHECK: our own bugs stop the program, in every build. Never on what a peer or a user sends.
#pragma once

namespace ssb::proto {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace ssb::proto

#define SSB_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::ssb::proto::check_failed(#condition, __FILE__, __LINE__))
