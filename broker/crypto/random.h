// Randomness: OpenSSL's, and nothing else in this program's. The simulator replaces OpenSSL's
// source (RAND_set_rand_method).
//
//   Tests   each draw comes with a second one that is thrown away: a source that gives constant
//           bytes, or the same again, is noticed before anything uses them. KeyDraws remembers keys;
//           check_random looks at more draws, when an instance starts. That a source can be guessed
//           no test finds.
//   Errors  RandomFailure: the source gives nothing, constant bytes, or what it gave before.
//   Source  repetition count test, SP 800-90B 4.4.1; continuous test, FIPS 140-2 4.9.2. False
//           alarms: one in 2^64 draws.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <span>

#include "broker/crypto/digest.h"
#include "proto/ids.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

// Public values: ids, salts, nonces.
void random_bytes(std::span<std::uint8_t> out);
// Key bytes, from the private generator.
[[nodiscard]] proto::Secret random_secret(std::size_t size);
[[nodiscard]] proto::Guid random_guid();  // version 4
void fill_guids(std::span<proto::Guid> out);

template <typename Id>
[[nodiscard]] Id random_id() {
  return Id{random_guid()};
}
// Several that are needed together, for the price of one: a draw costs the same for 16 bytes and for 100.
template <std::size_t Count>
[[nodiscard]] std::array<proto::Guid, Count> random_guids() {
  std::array<proto::Guid, Count> guids;
  fill_guids(guids);
  return guids;
}

// The self-test of both generators: so many draws of each must all differ, and none may be constant.
inline constexpr int kSelfTestDraws = 64;
void check_random();

// Keys of dialogs: none comes twice among the latest kRemembered, nor from a source that repeats
// itself within kWitnesses draws. So the first of two equal keys is found out, too, and not used.
class KeyDraws {
 public:
  static constexpr std::size_t kRemembered = 256;
  static constexpr int kWitnesses = 8;
  [[nodiscard]] proto::Secret draw(std::size_t size);

 private:
  std::deque<Sha256Digest> seen_;  // of the keys, which it does not keep
};

}  // namespace ssb::broker::crypto
