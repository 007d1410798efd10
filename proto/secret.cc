#include "proto/secret.h"

#include <cstdint>
#include <cstring>

namespace ssb::proto {

void erase_bytes(void* data, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(data, 0, size);
  asm volatile("" : : "r"(data) : "memory");  // the bytes may be read here, so the memset stays
}

bool equal_in_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  std::uint64_t difference = 0;
  const auto take = [&](std::size_t at, std::size_t count) {
    std::uint64_t of_a = 0;
    std::uint64_t of_b = 0;
    std::memcpy(&of_a, a.data() + at, count);
    std::memcpy(&of_b, b.data() + at, count);
    difference |= of_a ^ of_b;
    asm volatile("" : "+r"(difference));  // the compiler may not know it, and so not stop early
  };
  std::size_t at = 0;
  for (; at + sizeof(difference) <= a.size(); at += sizeof(difference))
    take(at, sizeof(difference));
  for (; at < a.size(); ++at) take(at, 1);
  return difference == 0;
}

}  // namespace ssb::proto
