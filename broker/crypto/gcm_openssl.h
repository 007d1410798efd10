// AES-GCM of OpenSSL with kept contexts: private to broker/crypto.
#pragma once

#include <cstdint>

#include "broker/crypto/openssl.h"
#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

// 16 or 32 byte keys. A context does one of both; OpenSSL erases it when it goes.
class OpensslGcm {
 public:
  OpensslGcm(const proto::Secret& key, bool does_seal, bool does_open);

  // Ciphertext and tag; `sealed` has room for both and may begin where the plaintext does.
  void seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
            std::uint8_t* sealed);
  // Writes what the ciphertext deciphers to, even if the tag does not fit: the caller erases it then.
  [[nodiscard]] bool open(proto::ByteView nonce, proto::ByteView additional_data,
                          proto::ByteView ciphertext, proto::ByteView tag, std::uint8_t* plaintext);

 private:
  CipherContext seal_;  // null: not made for it
  CipherContext open_;
};

}  // namespace ssb::broker::crypto
