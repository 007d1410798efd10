#include "broker/crypto/aes.h"

#include "broker/crypto/openssl.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

using Cipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;

constexpr std::size_t kWrapBlockBytes = 8;  // RFC 3394: one block of check value, then the data
constexpr std::size_t kWrapDataBytesMin = 16;

Cipher fetch(const char* name) {
  return Cipher(require_openssl(EVP_CIPHER_fetch(nullptr, name, nullptr), name));
}

// Fetched once: a fetch costs more than sealing a small message.
const EVP_CIPHER* gcm_cipher(std::size_t key_bytes) {
  static const Cipher small = fetch("AES-128-GCM");
  static const Cipher large = fetch("AES-256-GCM");
  SSB_CHECK(key_bytes == 16 || key_bytes == 32);
  return key_bytes == 16 ? small.get() : large.get();
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

struct AesGcm::Contexts {
  CipherContext seal;  // null: not made for it
  CipherContext open;
};

AesGcm::AesGcm(const proto::Secret& key, GcmUse use) : contexts_(std::make_unique<Contexts>()) {
  const EVP_CIPHER* cipher = gcm_cipher(key.size());
  const auto* bytes = key.view().data();
  if (use != GcmUse::open) {
    contexts_->seal = make_context();
    require_openssl(EVP_EncryptInit_ex(contexts_->seal.get(), cipher, nullptr, bytes, nullptr) == 1,
                    "AES-GCM key");
  }
  if (use != GcmUse::seal) {
    contexts_->open = make_context();
    require_openssl(EVP_DecryptInit_ex(contexts_->open.get(), cipher, nullptr, bytes, nullptr) == 1,
                    "AES-GCM key");
  }
}

bool AesGcm::can(GcmUse use) const {
  return (use == GcmUse::open || contexts_->seal) && (use == GcmUse::seal || contexts_->open);
}

AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;
AesGcm::~AesGcm() = default;

void AesGcm::seal(proto::ByteView nonce, proto::ByteView additional_data, proto::ByteView plaintext,
                  proto::Bytes& out) {
  SSB_CHECK(nonce.size() == kGcmNonceBytes);
  EVP_CIPHER_CTX* const context = contexts_->seal.get();
  SSB_CHECK(context != nullptr);
  const std::size_t before = out.size();
  const int additional_size = openssl_size(additional_data.size());
  const int plaintext_size = openssl_size(plaintext.size());
  out.resize(before + plaintext.size() + kGcmTagBytes);
  std::uint8_t* const ciphertext = out.data() + before;
  std::uint8_t* const tag = ciphertext + plaintext.size();
  int done = 0;
  bool good = EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1;
  if (!additional_data.empty()) {
    good = good &&
           EVP_EncryptUpdate(context, nullptr, &done, additional_data.data(), additional_size) == 1;
  }
  if (!plaintext.empty()) {
    good = good &&
           EVP_EncryptUpdate(context, ciphertext, &done, plaintext.data(), plaintext_size) == 1;
  }
  good = good && EVP_EncryptFinal_ex(context, tag, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, tag) == 1;
  if (!good) {
    out.resize(before);
    throw_openssl("AES-GCM seal");
  }
}

std::optional<proto::Bytes> AesGcm::open(proto::ByteView nonce, proto::ByteView additional_data,
                                         proto::ByteView sealed) {
  if (nonce.size() != kGcmNonceBytes || sealed.size() < kGcmTagBytes) return std::nullopt;
  EVP_CIPHER_CTX* const context = contexts_->open.get();
  SSB_CHECK(context != nullptr);
  const proto::ByteView ciphertext = sealed.first(sealed.size() - kGcmTagBytes);
  const proto::ByteView tag = sealed.last(kGcmTagBytes);
  const int additional_size = openssl_size(additional_data.size());
  const int ciphertext_size = openssl_size(ciphertext.size());
  proto::Bytes plaintext(ciphertext.size());
  int done = 0;
  bool good = EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1;
  if (!additional_data.empty()) {
    good = good &&
           EVP_DecryptUpdate(context, nullptr, &done, additional_data.data(), additional_size) == 1;
  }
  if (!ciphertext.empty()) {
    good = good && EVP_DecryptUpdate(context, plaintext.data(), &done, ciphertext.data(),
                                     ciphertext_size) == 1;
  }
  // OpenSSL only reads the tag; its signature has no const form.
  good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes,
                                     const_cast<std::uint8_t*>(tag.data())) == 1;
  require_openssl(good, "AES-GCM open");
  std::uint8_t none = 0;  // GCM has no padding: the last step writes nothing
  if (EVP_DecryptFinal_ex(context, &none, &done) == 1) return plaintext;
  proto::erase_bytes(plaintext.data(), plaintext.size());
  static_cast<void>(take_openssl_reason());
  return std::nullopt;
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
