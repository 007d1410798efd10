// What stands between the two nodes of a soak: TCP connections passed on byte by byte, which can be cut in the middle of anything, or made
// to stand still.
//
//   Shape   a process of its own, forked before any thread. It listens once for each node and passes what comes to it, whichever side
//           opened the connection. A byte down its socket is what it is to do: 'c' cuts every connection (both ends see a reset), 's'
//           stops passing anything on for kStall.
//   Why     a cut that a node makes itself ends between two writes; one on the way ends anywhere, and what was sent is lost.
//   Units   a buffer of at most kBufferBytes for each direction: who sends is held up as by a slow network, not buffered for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "sim/load/workload.h"

namespace ssb::sim::load {

class FaultyLink {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;
  static constexpr Nanoseconds kStall = kSecond;

  struct Way {
    std::string listen_address;
    std::string to_address;
    std::uint16_t port = 0;  // of both
  };
  // Listens when it returns. Before any thread of this process. Throws std::system_error.
  explicit FaultyLink(const std::vector<Way>& ways);
  FaultyLink(const FaultyLink&) = delete;
  FaultyLink& operator=(const FaultyLink&) = delete;
  ~FaultyLink();

  void cut() { tell('c'); }
  void stall() { tell('s'); }

 private:
  void tell(char what);
  int descriptor_ = -1;
  pid_t pid_ = -1;
};

}  // namespace ssb::sim::load
