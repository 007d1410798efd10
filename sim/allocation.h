// Memory that runs out on request: while allocations are counted, the n-th one throws std::bad_alloc.
//
//   operator new of the whole program is replaced, in allocation.cc alone, as C++ has no other place to fail one; while nobody counts
//   it costs one comparison. Builds with a sanitizer keep that one's operator new and cannot fail allocations.
//   What C code allocates (SQLite, OpenSSL) is not counted.
//   Units   one counter a thread: allocations of other threads do not count.
#pragma once

#include <cstdint>

namespace ssb::sim {

[[nodiscard]] bool can_fail_allocations();

// While it lives, each allocation of this thread takes one off `left`, and the one that makes it 0 fails; 0: none does.
class CountAllocations {
 public:
  explicit CountAllocations(std::uint64_t& left);
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  ~CountAllocations();

 private:
  std::uint64_t* before_;
};

// While it lives, none of this thread counts: what the simulator itself does in the middle of a node's step.
class PauseAllocations {
 public:
  PauseAllocations();
  PauseAllocations(const PauseAllocations&) = delete;
  PauseAllocations& operator=(const PauseAllocations&) = delete;
  ~PauseAllocations();

 private:
  std::uint64_t* before_;
};

}  // namespace ssb::sim
