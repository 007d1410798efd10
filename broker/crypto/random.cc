#include "broker/crypto/random.h"

#include <openssl/rand.h>

#include "broker/crypto/openssl.h"

namespace ssb::broker::crypto {

void random_bytes(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  require_openssl(RAND_bytes(out.data(), openssl_size(out.size())) == 1, "random bytes");
}

proto::Secret random_secret(std::size_t size) {
  proto::Secret secret(size);
  if (size == 0) return secret;
  require_openssl(RAND_priv_bytes(secret.writable().data(), openssl_size(size)) == 1, "random key");
  return secret;
}

proto::Guid random_guid() {
  proto::Guid guid;
  random_bytes(guid.bytes);
  // The third group is stored little-endian: its printed first digit, the version, is in byte 7.
  guid.bytes[7] = static_cast<std::uint8_t>((guid.bytes[7] & 0x0F) | 0x40);
  guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3F) | 0x80);
  return guid;
}

}  // namespace ssb::broker::crypto
