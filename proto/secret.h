// Key bytes: move-only, zeroed when they go, compared in constant time, never printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proto/bytes.h"

namespace ssb::proto {

// Overwrites memory in a way that the compiler may not drop.
void erase_bytes(void* data, std::size_t size) noexcept;
// True when both have the same size and bytes; takes the same time wherever they differ.
[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b) noexcept;

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : bytes_(size) {}
  explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  // A second holder, made knowingly.
  [[nodiscard]] Secret clone() const { return Secret(view()); }
  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t> writable() noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  friend bool operator==(const Secret& a, const Secret& b) noexcept {
    return equal_in_constant_time(a.view(), b.view());
  }

 private:
  void wipe() noexcept { erase_bytes(bytes_.data(), bytes_.size()); }
  Bytes bytes_;
};

}  // namespace ssb::proto
