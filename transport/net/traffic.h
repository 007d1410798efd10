// What the sockets of a host have asked of the system, for whoever measures it.
//
//   Units   calls that moved bytes, and these bytes, since the start. One that found nothing to read or no room is not seen: Asio hides it.
#pragma once

#include <cstdint>

namespace ssb::net {

struct Traffic {
  std::uint64_t sends = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t receives = 0;
  std::uint64_t received_bytes = 0;
};

}  // namespace ssb::net
