// AES-GCM of Intel's multi-buffer library (libipsec-mb), one message at a time: private to broker/crypto.
//
//   Shape   a key is one block of 1,024 bytes, aligned to a cache line: round keys, powers of the hash key, the two functions of its
//           size. It seals and opens.
//   Source  intel-ipsec-mb 1.3, its direct GCM functions; NIST SP 800-38D
#pragma once

#include <cstdint>
#include <memory>

#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

// Whether the library is built in and has found functions of its AVX2 architecture or better that give the known answers.
[[nodiscard]] bool can_use_ipsec_mb();

// Needs can_use_ipsec_mb(). 16 or 32 byte keys; erased when it goes.
class IpsecMbGcm {
 public:
  explicit IpsecMbGcm(const proto::Secret& key);
  IpsecMbGcm(IpsecMbGcm&& other) noexcept = default;
  IpsecMbGcm& operator=(IpsecMbGcm&& other) noexcept;
  IpsecMbGcm(const IpsecMbGcm&) = delete;
  IpsecMbGcm& operator=(const IpsecMbGcm&) = delete;
  ~IpsecMbGcm() { erase(); }

  // Ciphertext and tag; `sealed` has room for both and may begin where the plaintext does.
  void seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
            std::uint8_t* sealed) const;
  // Writes what the ciphertext deciphers to, even if the tag does not fit: the caller erases it then.
  [[nodiscard]] bool open(proto::ByteView nonce, proto::ByteView additional_data,
                          proto::ByteView ciphertext, proto::ByteView tag,
                          std::uint8_t* plaintext) const;
  // What both read: for prefetch alone.
  [[nodiscard]] proto::ByteView schedule() const;

 private:
  struct Key;
  void erase() noexcept;
  [[nodiscard]] Key& key() const;

  // Of one ordinary operator new, so that allocations count the same whichever implementation runs; the key is aligned within.
  std::unique_ptr<std::uint8_t[]> memory_;
};

}  // namespace ssb::broker::crypto
