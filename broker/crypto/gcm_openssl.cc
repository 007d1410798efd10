#include "broker/crypto/gcm_openssl.h"

#include <openssl/err.h>

#include "broker/crypto/aes.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

using GcmCipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;

// Fetched once: a fetch costs more than sealing a small message.
const EVP_CIPHER* gcm_cipher(std::size_t key_bytes) {
  static const GcmCipher small(
      require_openssl(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr), "AES-128-GCM"));
  static const GcmCipher large(
      require_openssl(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "AES-256-GCM"));
  SSB_CHECK(key_bytes == 16 || key_bytes == 32);
  return key_bytes == 16 ? small.get() : large.get();
}

CipherContext make_gcm_context(const proto::Secret& key, int does_seal) {
  CipherContext context(require_openssl(EVP_CIPHER_CTX_new(), "cipher context"));
  require_openssl(EVP_CipherInit_ex(context.get(), gcm_cipher(key.size()), nullptr,
                                    key.view().data(), nullptr, does_seal) == 1,
                  "AES-GCM key");
  return context;
}

}  // namespace

OpensslGcm::OpensslGcm(const proto::Secret& key, bool does_seal, bool does_open) {
  if (does_seal) seal_ = make_gcm_context(key, 1);
  if (does_open) open_ = make_gcm_context(key, 0);
}

void OpensslGcm::seal(proto::ByteView nonce, proto::ByteView additional_data,
                      proto::ByteView plaintext, std::uint8_t* sealed) {
  EVP_CIPHER_CTX* const context = seal_.get();
  SSB_CHECK(context != nullptr);
  std::uint8_t* const tag = sealed + plaintext.size();
  int done = 0;
  bool good = EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1;
  if (!additional_data.empty()) {
    good = good && EVP_EncryptUpdate(context, nullptr, &done, additional_data.data(),
                                     openssl_size(additional_data.size())) == 1;
  }
  if (!plaintext.empty()) {
    good = good && EVP_EncryptUpdate(context, sealed, &done, plaintext.data(),
                                     openssl_size(plaintext.size())) == 1;
  }
  good = good && EVP_EncryptFinal_ex(context, tag, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, tag) == 1;
  require_openssl(good, "AES-GCM seal");
}

bool OpensslGcm::open(proto::ByteView nonce, proto::ByteView additional_data,
                      proto::ByteView ciphertext, proto::ByteView tag, std::uint8_t* plaintext) {
  EVP_CIPHER_CTX* const context = open_.get();
  SSB_CHECK(context != nullptr);
  int done = 0;
  bool good = EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1;
  if (!additional_data.empty()) {
    good = good && EVP_DecryptUpdate(context, nullptr, &done, additional_data.data(),
                                     openssl_size(additional_data.size())) == 1;
  }
  if (!ciphertext.empty()) {
    good = good && EVP_DecryptUpdate(context, plaintext, &done, ciphertext.data(),
                                     openssl_size(ciphertext.size())) == 1;
  }
  // OpenSSL only reads the tag; its signature has no const form.
  good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes,
                                     const_cast<std::uint8_t*>(tag.data())) == 1;
  require_openssl(good, "AES-GCM open");
  std::uint8_t none = 0;  // GCM has no padding: the last step writes nothing
  if (EVP_DecryptFinal_ex(context, &none, &done) == 1) return true;
  ERR_clear_error();
  return false;
}

}  // namespace ssb::broker::crypto
