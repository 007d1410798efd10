// AES-GCM with a kept key schedule, and AES key wrap.
//
//   Two implementations of GCM do the same to the byte: that of libipsec-mb, which uses the processor's widest AES and carry-less
//   multiplication, and OpenSSL's. The processor's features choose; nobody else needs to know.
//
//   Shape   sealed = ciphertext (as long as the plaintext) | 16 byte tag; nonce 12 bytes, never
//           repeated under a key.
//   Source  NIST SP 800-38D, RFC 3394.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "broker/crypto/gcm_ipsec_mb.h"
#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::crypto {

class OpensslGcm;

inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;

// ---- which implementation ----

enum class GcmImplementation { openssl, ipsec_mb };
[[nodiscard]] std::string_view gcm_implementation_name(GcmImplementation implementation);

// Of the processor, as far as the C library reports them as usable: what it is told to leave alone by
// GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2 is not among them.
struct ProcessorFeatures {
  bool aes = false;
  bool pclmulqdq = false;
  bool avx2 = false;
  bool bmi2 = false;
};
[[nodiscard]] ProcessorFeatures processor_features();
// By features alone: a processor with AVX2 seals faster with libipsec-mb at every size, with VAES three times as fast.
[[nodiscard]] GcmImplementation choose_gcm(const ProcessorFeatures& features,
                                           bool is_ipsec_mb_usable);
// What choose_gcm says of this processor and this build. The same for the whole life of the process.
[[nodiscard]] GcmImplementation chosen_gcm();

// ---- one key ----

// What a context of OpenSSL's is made for: each costs about a kilobyte. The other implementation keeps to it all the same.
enum class GcmUse { both, seal, open };

// One key, its schedule computed once; 16 or 32 byte keys. Erased when it goes.
class AesGcm {
 public:
  explicit AesGcm(const proto::Secret& key, GcmUse use = GcmUse::both,
                  GcmImplementation implementation = chosen_gcm());
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;
  ~AesGcm();

  [[nodiscard]] bool can(GcmUse use) const { return use_ == GcmUse::both || use_ == use; }
  // What sealing and opening read of the key: for prefetch alone. Empty where that is not known.
  [[nodiscard]] proto::ByteView schedule() const {
    return ipsec_mb_ ? ipsec_mb_->schedule() : proto::ByteView();
  }

  // Ciphertext and tag into `sealed`, which is exactly as long; it may begin where the plaintext does, and else does not overlap it.
  // Needs can(GcmUse::seal), as `open` needs can(GcmUse::open).
  void seal_into(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
                 std::span<std::uint8_t> sealed);
  // Appends ciphertext and tag to `out`.
  void seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
            proto::Bytes& out);

  // The plaintext into `plaintext`, which is exactly as long (sealed without its tag). False when the tag does not fit: then it is
  // zeros, and nothing of what was refused stays.
  [[nodiscard]] bool open_into(proto::ByteView nonce, proto::ByteView additional_data,
                               proto::ByteView sealed, std::span<std::uint8_t> plaintext);
  // The plaintext, or nullopt when the tag does not fit; nothing of a refused plaintext is
  // returned.
  [[nodiscard]] std::optional<proto::Bytes> open(proto::ByteView nonce,
                                                 proto::ByteView additional_data,
                                                 proto::ByteView sealed);

 private:
  // One of the two.
  std::optional<IpsecMbGcm> ipsec_mb_;
  std::unique_ptr<OpensslGcm> openssl_;
  GcmUse use_;
};

// RFC 3394 with the default initial value; key sizes 16 and 32, data a multiple of 8 and at least
// 16 bytes.
[[nodiscard]] proto::Bytes wrap_key(const proto::Secret& key_encryption_key,
                                    const proto::Secret& key);
[[nodiscard]] std::optional<proto::Secret> unwrap_key(const proto::Secret& key_encryption_key,
                                                      proto::ByteView wrapped);

}  // namespace ssb::broker::crypto
