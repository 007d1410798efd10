// The bodies of a load: made once; only the stamp in front changes from message to message.
//
//   Shape   8 bytes sequence in its dialog, 8 bytes intended start (CLOCK_MONOTONIC, ns), both of this machine's order | filler
#pragma once

#include <cstdint>
#include <optional>

#include "proto/bytes.h"
#include "sim/load/workload.h"

namespace ssb::sim::load {

inline constexpr std::uint32_t kStampBytes = 16;

struct Stamp {
  std::uint64_t sequence = 0;
  Nanoseconds intended = 0;
};

class Body {
 public:
  explicit Body(std::uint32_t size_bytes);
  [[nodiscard]] proto::Bytes stamped(const Stamp& stamp) const;
  // nullopt: it has another size, or a byte of the filler is not as it was sent.
  [[nodiscard]] std::optional<Stamp> read(proto::ByteView body) const;

 private:
  proto::Bytes bytes_;
};

}  // namespace ssb::sim::load
