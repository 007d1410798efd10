// Asks the processor for memory before it is read: by whoever goes through many dialogs in turn and knows early what comes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ssb::broker::crypto {

inline constexpr std::size_t kCacheLineBytes = 64;

// Reads nothing: any address may be given, also one that is no longer valid.
inline void prefetch(const void* memory, std::size_t bytes) {
  const auto* const begin = static_cast<const std::uint8_t*>(memory);
  for (std::size_t at = 0; at < bytes; at += kCacheLineBytes) __builtin_prefetch(begin + at);
}

}  // namespace ssb::broker::crypto
