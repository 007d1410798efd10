#include "sim/load/body.h"

#include <algorithm>
#include <cstring>

namespace ssb::sim::load {

Body::Body(std::uint32_t size_bytes) : bytes_(std::max(size_bytes, kStampBytes)) {
  std::uint32_t state = 0x9E3779B9;  // any filler that no compression and no run of zeros explains
  for (std::size_t i = kStampBytes; i < bytes_.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    bytes_[i] = static_cast<std::uint8_t>(state >> 24U);
  }
}

proto::Bytes Body::stamped(const Stamp& stamp) const {
  proto::Bytes out = bytes_;
  std::memcpy(out.data(), &stamp.sequence, sizeof(stamp.sequence));
  std::memcpy(out.data() + sizeof(stamp.sequence), &stamp.intended, sizeof(stamp.intended));
  return out;
}

std::optional<Stamp> Body::read(proto::ByteView body) const {
  if (body.size() != bytes_.size() ||
      !std::equal(body.begin() + kStampBytes, body.end(), bytes_.begin() + kStampBytes))
    return std::nullopt;
  Stamp stamp;
  std::memcpy(&stamp.sequence, body.data(), sizeof(stamp.sequence));
  std::memcpy(&stamp.intended, body.data() + sizeof(stamp.sequence), sizeof(stamp.intended));
  return stamp;
}

}  // namespace ssb::sim::load
