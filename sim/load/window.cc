#include "sim/load/window.h"

#include <cerrno>
#include <new>
#include <system_error>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ssb::sim::load {

Window::Window() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    const int reason = errno;
    ::close(descriptor_);
    throw std::system_error(reason, std::generic_category(), "shared memory");
  }
  shared_ = new (memory) Shared();
}

Window::~Window() {
  ::munmap(shared_, sizeof(Shared));
  ::close(descriptor_);
}

void Window::received(std::uint64_t messages) {
  shared_->received.fetch_add(messages);
  if (!shared_->is_waiting.exchange(false)) return;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(descriptor_, &one, sizeof(one)));  // full: it is readable already
}

void Window::wait() {
  shared_->is_waiting.store(true);
}

void Window::take_wake_up() {
  std::uint64_t count = 0;
  static_cast<void>(!::read(descriptor_, &count, sizeof(count)));
}

}  // namespace ssb::sim::load
