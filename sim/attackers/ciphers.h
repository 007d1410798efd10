// The primitives of the protocol, straight on OpenSSL: the attackers' own, so that a mistake in the engine's wrappers does not cancel out.
//
//   Errors  nullopt and false for bytes that do not fit; std::runtime_error when OpenSSL fails on valid input.
//   Source  RFC 5869, RFC 3394, RFC 8017, SP 800-38D, RFC 5280.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proto/bytes.h"
#include "proto/time.h"
#include "sim/attackers/fields.h"

using EVP_PKEY = struct evp_pkey_st;

namespace ssb::sim::attackers {

[[nodiscard]] Bytes random_bytes(std::size_t size);
[[nodiscard]] Bytes sha256(ByteView data);
[[nodiscard]] Bytes hmac(ByteView key, ByteView data);
[[nodiscard]] Bytes hkdf(ByteView key, ByteView salt, ByteView info, std::size_t size);
inline constexpr std::size_t kTagBytes = 16;
// AES-128-GCM; the tag follows the ciphertext.
[[nodiscard]] Bytes gcm_seal(ByteView key, ByteView nonce, ByteView additional, ByteView clear);
[[nodiscard]] std::optional<Bytes> gcm_open(ByteView key, ByteView nonce, ByteView additional,
                                            ByteView sealed);
// RFC 3394 with a key of 16 bytes.
[[nodiscard]] Bytes wrap(ByteView key, ByteView clear);
[[nodiscard]] std::optional<Bytes> unwrap(ByteView key, ByteView wrapped);

// An RSA key, public or private.
class Rsa {
 public:
  Rsa() = default;
  explicit Rsa(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  [[nodiscard]] static Rsa generate(int bits);
  [[nodiscard]] static std::optional<Rsa> from_pkcs8(ByteView der);
  [[nodiscard]] Bytes encrypt(ByteView clear, ByteView label) const;  // OAEP, SHA-256
  [[nodiscard]] std::optional<Bytes> decrypt(ByteView sealed, ByteView label) const;
  [[nodiscard]] Bytes sign(ByteView message) const;  // PSS, SHA-256, salt of 32 bytes
  [[nodiscard]] bool verify(ByteView message, ByteView signature) const;
  [[nodiscard]] std::size_t size_bytes() const;
  [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

// What a certificate says, and its bytes.
struct Certificate {
  Bytes der;
  Bytes issuer;  // DER
  Bytes serial;  // big-endian, without leading zeros
  Rsa key;       // public

  [[nodiscard]] static std::optional<Certificate> parse(ByteView der);
  [[nodiscard]] Bytes hash() const { return sha256(der); }
};
// A self-signed one. `names_as`: takes issuer, subject and serial number from there, to be mistaken for it.
[[nodiscard]] Certificate make_certificate(const Rsa& key, const std::string& subject,
                                           proto::TimePoint not_before, proto::TimePoint not_after,
                                           const Certificate* names_as = nullptr);

}  // namespace ssb::sim::attackers
