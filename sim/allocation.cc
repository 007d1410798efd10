#include "sim/allocation.h"

#include <cstdlib>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SSB_KEEPS_OPERATOR_NEW
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SSB_KEEPS_OPERATOR_NEW
#endif
#endif

namespace ssb::sim {
namespace {

// The one variable that is not handed in: operator new takes nothing but a size. nullptr: nobody counts.
constinit thread_local std::uint64_t* counter = nullptr;

}  // namespace

#ifndef SSB_KEEPS_OPERATOR_NEW
// For operator new below, which stands outside of any namespace.
bool is_allocation_due();
bool is_allocation_due() {
  return counter != nullptr && *counter > 0 && --*counter == 0;
}
#endif

bool can_fail_allocations() {
#ifdef SSB_KEEPS_OPERATOR_NEW
  return false;
#else
  return true;
#endif
}

CountAllocations::CountAllocations(std::uint64_t& left) : before_(std::exchange(counter, &left)) {}
CountAllocations::~CountAllocations() {
  counter = before_;
}
PauseAllocations::PauseAllocations() : before_(std::exchange(counter, nullptr)) {}
PauseAllocations::~PauseAllocations() {
  counter = before_;
}

}  // namespace ssb::sim

#ifndef SSB_KEEPS_OPERATOR_NEW
void* operator new(std::size_t size) {
  if (ssb::sim::is_allocation_due()) throw std::bad_alloc();
  while (true) {
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif
