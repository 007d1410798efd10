// SHA-1 (thumbprints only), SHA-256, HMAC-SHA-256, HKDF-SHA-256, PBKDF2.
//
//   Source  FIPS 180-4, RFC 2104, RFC 5869, RFC 8018.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha1Digest sha1(proto::ByteView data);
[[nodiscard]] Sha256Digest sha256(proto::ByteView data);
[[nodiscard]] Sha256Digest hmac_sha256(proto::ByteView key, proto::ByteView data);
// Extract and expand in one; `info` separates the uses of one key.
[[nodiscard]] proto::Secret hkdf_sha256(proto::ByteView key, proto::ByteView salt,
                                        proto::ByteView info, std::size_t size);
[[nodiscard]] proto::Secret pbkdf2_sha256(std::string_view password, proto::ByteView salt,
                                          int iterations, std::size_t size);

}  // namespace ssb::broker::crypto
