#include "broker/crypto/aes.h"

#include <utility>

#include "broker/crypto/gcm_openssl.h"
#include "broker/crypto/openssl.h"
#include "proto/check.h"

#if defined(__x86_64__) && defined(__GLIBC__)
#include <sys/platform/x86.h>
#endif

namespace ssb::broker::crypto {
namespace {

using Cipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;

constexpr std::size_t kWrapBlockBytes = 8;  // RFC 3394: one block of check value, then the data
constexpr std::size_t kWrapDataBytesMin = 16;

Cipher fetch(const char* name) {
  return Cipher(require_openssl(EVP_CIPHER_fetch(nullptr, name, nullptr), name));
}

const EVP_CIPHER* wrap_cipher(std::size_t key_bytes) {
  static const Cipher small = fetch("AES-128-WRAP");
  static const Cipher large = fetch("AES-256-WRAP");
  SSB_CHECK(key_bytes == 16 || key_bytes == 32);
  return key_bytes == 16 ? small.get() : large.get();
}

CipherContext make_context() {
  return CipherContext(require_openssl(EVP_CIPHER_CTX_new(), "cipher context"));
}

}  // namespace

// ---- which implementation ----

std::string_view gcm_implementation_name(GcmImplementation implementation) {
  switch (implementation) {
    case GcmImplementation::openssl: return "openssl";
    case GcmImplementation::ipsec_mb: return "ipsec_mb";
  }
  SSB_CHECK(false);
  return {};
}

ProcessorFeatures processor_features() {
#if defined(__x86_64__) && defined(__GLIBC__)
  ProcessorFeatures features;
  features.aes = CPU_FEATURE_ACTIVE(AES);
  features.pclmulqdq = CPU_FEATURE_ACTIVE(PCLMULQDQ);
  features.avx2 = CPU_FEATURE_ACTIVE(AVX2);
  features.bmi2 = CPU_FEATURE_ACTIVE(BMI2);
  return features;
#else
  return {};
#endif
}

GcmImplementation choose_gcm(const ProcessorFeatures& features, bool is_ipsec_mb_usable) {
  const bool has_all = features.aes && features.pclmulqdq && features.avx2 && features.bmi2;
  return has_all && is_ipsec_mb_usable ? GcmImplementation::ipsec_mb : GcmImplementation::openssl;
}

GcmImplementation chosen_gcm() {
  static const GcmImplementation chosen = choose_gcm(processor_features(), can_use_ipsec_mb());
  return chosen;
}

// ---- one key ----

AesGcm::AesGcm(const proto::Secret& key, GcmUse use, GcmImplementation implementation) : use_(use) {
  if (implementation == GcmImplementation::ipsec_mb) {
    ipsec_mb_.emplace(key);
  } else {
    openssl_ = std::make_unique<OpensslGcm>(key, use != GcmUse::open, use != GcmUse::seal);
  }
}

AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;
AesGcm::~AesGcm() = default;

void AesGcm::seal_into(proto::ByteView nonce, proto::ByteView additional_data,
                       proto::ByteView plaintext, std::span<std::uint8_t> sealed) {
  SSB_CHECK(nonce.size() == kGcmNonceBytes && can(GcmUse::seal));
  SSB_CHECK(sealed.size() == plaintext.size() + kGcmTagBytes);
  if (ipsec_mb_) {
    ipsec_mb_->seal(nonce, additional_data, plaintext, sealed.data());
  } else {
    openssl_->seal(nonce, additional_data, plaintext, sealed.data());
  }
}

void AesGcm::seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
                  proto::Bytes& out) {
  const std::size_t before = out.size();
  out.resize(before + plaintext.size() + kGcmTagBytes);
  try {
    seal_into(nonce, additional_data, plaintext, std::span(out).subspan(before));
  } catch (...) {
    out.resize(before);
    throw;
  }
}

bool AesGcm::open_into(proto::ByteView nonce, proto::ByteView additional_data,
                       proto::ByteView sealed, std::span<std::uint8_t> plaintext) {
  SSB_CHECK(can(GcmUse::open));
  if (nonce.size() != kGcmNonceBytes || sealed.size() < kGcmTagBytes) {
    proto::erase_bytes(plaintext.data(), plaintext.size());
    return false;
  }
  SSB_CHECK(plaintext.size() == sealed.size() - kGcmTagBytes);
  const proto::ByteView ciphertext = sealed.first(plaintext.size());
  const proto::ByteView tag = sealed.last(kGcmTagBytes);
  const bool fits = ipsec_mb_
                        ? ipsec_mb_->open(nonce, additional_data, ciphertext, tag, plaintext.data())
                        : openssl_->open(nonce, additional_data, ciphertext, tag, plaintext.data());
  if (!fits) proto::erase_bytes(plaintext.data(), plaintext.size());
  return fits;
}

std::optional<proto::Bytes> AesGcm::open(proto::ByteView nonce, proto::ByteView additional_data,
                                         proto::ByteView sealed) {
  if (nonce.size() != kGcmNonceBytes || sealed.size() < kGcmTagBytes) return std::nullopt;
  std::optional<proto::Bytes> plaintext(std::in_place, sealed.size() - kGcmTagBytes);
  if (!open_into(nonce, additional_data, sealed, *plaintext)) plaintext.reset();
  return plaintext;
}

proto::Bytes wrap_key(const proto::Secret& key_encryption_key, const proto::Secret& key) {
  SSB_CHECK(key.size() >= kWrapDataBytesMin && key.size() % kWrapBlockBytes == 0);
  const CipherContext context = make_context();
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  proto::Bytes out(key.size() + kWrapBlockBytes);
  int done = 0;
  const bool good = EVP_EncryptInit_ex(context.get(), wrap_cipher(key_encryption_key.size()),
                                       nullptr, key_encryption_key.view().data(), nullptr) == 1 &&
                    EVP_EncryptUpdate(context.get(), out.data(), &done, key.view().data(),
                                      openssl_size(key.size())) == 1;
  require_openssl(good && done == openssl_size(out.size()), "AES key wrap");
  return out;
}

std::optional<proto::Secret> unwrap_key(const proto::Secret& key_encryption_key,
                                        proto::ByteView wrapped) {
  if (wrapped.size() < kWrapDataBytesMin + kWrapBlockBytes ||
      wrapped.size() % kWrapBlockBytes != 0) {
    return std::nullopt;
  }
  const CipherContext context = make_context();
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  require_openssl(EVP_DecryptInit_ex(context.get(), wrap_cipher(key_encryption_key.size()), nullptr,
                                     key_encryption_key.view().data(), nullptr) == 1,
                  "AES key unwrap");
  proto::Secret out(wrapped.size() - kWrapBlockBytes);
  int done = 0;
  const bool good = EVP_DecryptUpdate(context.get(), out.writable().data(), &done, wrapped.data(),
                                      openssl_size(wrapped.size())) == 1;
  if (good && done == openssl_size(out.size())) return out;
  static_cast<void>(take_openssl_reason());
  return std::nullopt;
}

}  // namespace ssb::broker::crypto
