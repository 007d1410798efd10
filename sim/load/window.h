// What the target has received, told to the initiator past the network: memory that both processes map, and a wake-up when it is waited for.
//
//   Why   a closed loop must be bounded by what was received, not by what was acknowledged, and neither side may spend what is measured
//         on telling: one atomic addition a transaction, and a system call only when the initiator waits.
#pragma once

#include <atomic>
#include <cstdint>

namespace ssb::sim::load {

class Window {
 public:
  // Throws std::system_error. A process forked afterwards shares it.
  Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window();

  // ---- the target ----
  void received(std::uint64_t messages);
  // ---- the initiator ----
  [[nodiscard]] std::uint64_t received() const { return shared_->received.load(); }
  // The next received() makes the descriptor readable; look at received() once more after this.
  void wait();
  void take_wake_up();
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  struct Shared {
    std::atomic<std::uint64_t> received{0};
    std::atomic<bool> is_waiting{false};
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  Shared* shared_ = nullptr;
  int descriptor_ = -1;
};

}  // namespace ssb::sim::load
