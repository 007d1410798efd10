// What every file of this folder needs from OpenSSL: owners, and failures as exceptions. Private to
// broker/crypto.
//
//   Errors  CryptoFailure (failure.h) with OpenSSL's reason, for failures on valid input. The error queue
//   is left empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "proto/bytes.h"

namespace ssb::broker::crypto {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using BigNumber = Owned<BIGNUM, BN_clear_free>;
using BigNumberContext = Owned<BN_CTX, BN_CTX_free>;
using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using KdfContext = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using MacContext = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;

// OpenSSL's reason for its first failure, or "no reason given"; empties the error queue.
[[nodiscard]] std::string take_openssl_reason();
[[noreturn]] void throw_openssl(const char* what);
inline void require_openssl(bool succeeded, const char* what) {
  if (!succeeded) throw_openssl(what);
}
template <typename T>
[[nodiscard]] T* require_openssl(T* made, const char* what) {
  if (made == nullptr) throw_openssl(what);
  return made;
}

// The length as OpenSSL's int; longer input is a bug of ours, every limit is far below.
[[nodiscard]] int openssl_size(std::size_t size);

// Never null, as some of OpenSSL's functions take a null pointer for "unchanged" rather than
// "empty".
[[nodiscard]] const std::uint8_t* data_or_dummy(proto::ByteView bytes);

}  // namespace ssb::broker::crypto
