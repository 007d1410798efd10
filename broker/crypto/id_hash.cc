#include "broker/crypto/id_hash.h"

#include "broker/crypto/random.h"

namespace ssb::broker::crypto {
namespace {

std::array<std::uint64_t, 2> drawn_secret() {
  std::array<std::uint8_t, 16> bytes{};
  random_bytes(bytes);
  return std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
}

}  // namespace

IdHash::IdHash() : IdHash(drawn_secret()) {}

}  // namespace ssb::broker::crypto
