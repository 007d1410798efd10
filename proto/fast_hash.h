// Hashes for telling differences and damage, at the speed of memory: XXH3. Whoever wants to can make two messages with one hash, so nothing
// that decides about trust may ask them: that is SHA-256's (broker/crypto/digest.h).
//
//   Shape   the same for the same bytes on every machine and in every build.
//   Source  xxHash's specification of XXH3.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "proto/bytes.h"

namespace ssb::proto {

[[nodiscard]] std::uint64_t fast_hash_64(ByteView bytes, std::uint64_t seed);

// Of the parts one after the other, as if they stood in one piece.
[[nodiscard]] std::uint64_t fast_hash_64(std::span<const ByteView> parts, std::uint64_t seed);

// Most significant byte first, as xxHash prints it.
[[nodiscard]] std::array<std::uint8_t, 16> fast_hash_128(std::span<const ByteView> parts);

}  // namespace ssb::proto
