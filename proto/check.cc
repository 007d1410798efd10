#include "proto/check.h"

#include <cstdio>
#include <cstdlib>

namespace ssb::proto {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: SSB_CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace ssb::proto
