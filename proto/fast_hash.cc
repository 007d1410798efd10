#include "proto/fast_hash.h"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's switch
#include <xxhash.h>

namespace ssb::proto {
std::uint64_t fast_hash_64(ByteView bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t fast_hash_64(std::span<const ByteView> parts, std::uint64_t seed) {
  if (parts.size() == 1) return fast_hash_64(parts.front(), seed);
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset_withSeed(&state, seed);
  for (const ByteView part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return XXH3_64bits_digest(&state);
}

std::array<std::uint8_t, 16> fast_hash_128(std::span<const ByteView> parts) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (const ByteView part : parts) XXH3_128bits_update(&state, part.data(), part.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
  return std::to_array(canonical.digest);
}

}  // namespace ssb::proto
