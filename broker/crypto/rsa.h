// RSA key pairs: generation, OAEP-SHA-256 and PSS-SHA-256.
//
//   Errors  a null optional or false when a peer's or file's bytes do not fit; exceptions when
//           OpenSSL fails on valid input.
//   Source  RFC 8017; PSS with salt length 32 and MGF1-SHA-256.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "proto/bytes.h"
#include "proto/secret.h"

using EVP_PKEY = struct evp_pkey_st;

namespace ssb::broker::crypto {

inline constexpr int kRsaBitsMin = 384;
inline constexpr int kRsaBitsMax = 16384;

// A public key, shared and immutable.
class RsaPublicKey {
 public:
  RsaPublicKey() = default;
  explicit RsaPublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  [[nodiscard]] int bits() const;
  // RSA of kRsaBitsMin to kRsaBitsMax, modulus and exponent odd, exponent 3 to 2^64: OpenSSL can
  // compute with it.
  [[nodiscard]] bool is_sound() const;
  // What encrypt_oaep takes at most: 0 for keys of 528 bits and less, which cannot do OAEP at all.
  [[nodiscard]] std::size_t oaep_plaintext_bytes_max() const;
  [[nodiscard]] proto::Bytes encrypt_oaep(proto::ByteView plaintext, proto::ByteView label) const;
  [[nodiscard]] bool verify_pss(proto::ByteView message, proto::ByteView signature) const;
  [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

class RsaPrivateKey {
 public:
  RsaPrivateKey() = default;
  explicit RsaPrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  [[nodiscard]] static RsaPrivateKey generate(int bits);
  // PKCS#8 DER in clear; keep it in a Secret and store it only wrapped.
  [[nodiscard]] static std::optional<RsaPrivateKey> from_pkcs8(proto::ByteView der);
  [[nodiscard]] proto::Secret to_pkcs8() const;
  [[nodiscard]] RsaPublicKey public_key() const { return RsaPublicKey(key_); }
  [[nodiscard]] bool matches(const RsaPublicKey& other) const;
  [[nodiscard]] int bits() const { return public_key().bits(); }
  [[nodiscard]] std::optional<proto::Secret> decrypt_oaep(proto::ByteView ciphertext,
                                                          proto::ByteView label) const;
  [[nodiscard]] proto::Bytes sign_pss(proto::ByteView message) const;
  [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }
  [[nodiscard]] explicit operator bool() const { return key_ != nullptr; }

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

// Where CREATE CERTIFICATE gets its key pairs: `node` generates, scenarios and tests draw from a
// cached pool.
using RsaKeySource = std::function<RsaPrivateKey(int bits)>;

}  // namespace ssb::broker::crypto
