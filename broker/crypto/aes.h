// AES-GCM with a kept context, and AES key wrap.
//
//   Shape   sealed = ciphertext (as long as the plaintext) | 16 byte tag; nonce 12 bytes, never
//           repeated under a key.
//   Source  NIST SP 800-38D, RFC 3394.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;

// What a context is made for: each costs about a kilobyte.
enum class GcmUse { both, seal, open };

// One key, its schedule computed once; 16 or 32 byte keys.
class AesGcm {
 public:
  explicit AesGcm(const proto::Secret& key, GcmUse use = GcmUse::both);
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;
  ~AesGcm();

  [[nodiscard]] bool can(GcmUse use) const;
  // Appends ciphertext and tag to `out`. Needs can(GcmUse::seal), as `open` needs can(GcmUse::open).
  void seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
            proto::Bytes& out);
  // The plaintext, or nullopt when the tag does not fit; nothing of a refused plaintext is
  // returned.
  [[nodiscard]] std::optional<proto::Bytes> open(proto::ByteView nonce,
                                                 proto::ByteView additional_data,
                                                 proto::ByteView sealed);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// RFC 3394 with the default initial value; key sizes 16 and 32, data a multiple of 8 and at least
// 16 bytes.
[[nodiscard]] proto::Bytes wrap_key(const proto::Secret& key_encryption_key,
                                    const proto::Secret& key);
[[nodiscard]] std::optional<proto::Secret> unwrap_key(const proto::Secret& key_encryption_key,
                                                      proto::ByteView wrapped);

}  // namespace ssb::broker::crypto
