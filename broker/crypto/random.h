// Randomness: OpenSSL's, and nothing else in this program's. The simulator replaces OpenSSL's
// source (RAND_set_rand_method).
#pragma once

#include <cstddef>
#include <span>

#include "proto/ids.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

// Public values: ids, salts, nonces.
void random_bytes(std::span<std::uint8_t> out);
// Key bytes, from the private generator.
[[nodiscard]] proto::Secret random_secret(std::size_t size);
[[nodiscard]] proto::Guid random_guid();  // version 4

template <typename Id>
[[nodiscard]] Id random_id() {
  return Id{random_guid()};
}

}  // namespace ssb::broker::crypto
