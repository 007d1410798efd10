// OpenSSL's objects with their owners, for the attackers' own use of it.
#pragma once

#include <memory>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace ssb::sim::attackers {

template <auto free>
struct Freer {
  template <typename Object>
  void operator()(Object* object) const {
    free(object);
  }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using X509Handle = std::unique_ptr<X509, Freer<X509_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using TlsSession = std::unique_ptr<SSL, Freer<SSL_free>>;

// Throws std::runtime_error when OpenSSL failed on valid input.
void must(bool good, const char* what);

}  // namespace ssb::sim::attackers
