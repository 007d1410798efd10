// A dialog message as it travels: header bytes that are parsed once and never written again, a body, and what each hop changes.
#pragma once

#include <cstdint>

#include "proto/bytes.h"

namespace ssb::proto {

inline constexpr std::size_t kFragmentBodyBytesMax =
    std::size_t{64} * 1024;  // plaintext bytes of one fragment
inline constexpr std::size_t kHeaderBytesMax =
    std::size_t{16} * 1024;  // serialized DialogHeader, security header included
inline constexpr std::uint32_t kHopsMax = 16;

struct DialogMessage {
  Bytes header;  // serialized envelope.proto DialogHeader: the additional data of the body's AEAD
  Bytes body;    // sealed, or clear in a dialog without security
  std::uint32_t hops_remaining = kHopsMax;
  std::uint64_t time_spent_us = 0;  // on the way so far
};

// What a message counts for while it waits for a link: its bytes, and what keeps them.
inline constexpr std::size_t kMessageOverheadBytes = 64;
[[nodiscard]] inline std::size_t link_bytes_of(const DialogMessage& message) {
  return message.header.size() + message.body.size() + kMessageOverheadBytes;
}

}  // namespace ssb::proto
