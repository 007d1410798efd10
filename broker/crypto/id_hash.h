// Hashes of ids under a secret of this process: peers choose conversation ids, and must not choose where they fall.
//
//   Source  SipHash-1-3, Aumasson and Bernstein 2012, over two words of the id and one that says what it is an id of.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "proto/ids.h"

namespace ssb::broker::crypto {

class IdHash {
 public:
  // Draws its secret: RandomFailure.
  IdHash();
  explicit IdHash(std::array<std::uint64_t, 2> secret) : secret_(secret) {}

  [[nodiscard]] std::uint64_t operator()(const proto::Guid& id, std::uint64_t kind) const {
    State state{secret_[0] ^ 0x736f6d6570736575ULL, secret_[1] ^ 0x646f72616e646f6dULL,
                secret_[0] ^ 0x6c7967656e657261ULL, secret_[1] ^ 0x7465646279746573ULL};
    const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(id.bytes);
    for (const std::uint64_t word : {words[0], words[1], kind}) {
      state.d ^= word;
      state.mix();
      state.a ^= word;
    }
    state.c ^= 0xFF;
    for (int i = 0; i < 3; ++i) state.mix();
    return state.a ^ state.b ^ state.c ^ state.d;
  }

 private:
  struct State {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t c;
    std::uint64_t d;
    void mix() {
      a += b;
      b = std::rotl(b, 13) ^ a;
      a = std::rotl(a, 32);
      c += d;
      d = std::rotl(d, 16) ^ c;
      a += d;
      d = std::rotl(d, 21) ^ a;
      c += b;
      b = std::rotl(b, 17) ^ c;
      c = std::rotl(c, 32);
    }
  };

  std::array<std::uint64_t, 2> secret_;
};

}  // namespace ssb::broker::crypto
