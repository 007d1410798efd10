#include "broker/crypto/digest.h"

#include <openssl/core_names.h>

#include "broker/crypto/openssl.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> digest(proto::ByteView data, const EVP_MD* algorithm) {
  std::array<std::uint8_t, Size> out{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(data_or_dummy(data), data.size(), out.data(), &size, algorithm, nullptr);
  require_openssl(done == 1 && size == Size, "digest");
  return out;
}

OSSL_PARAM octets(const char* name, proto::ByteView bytes) {
  // OpenSSL only reads input parameters; its type has no const form.
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(data_or_dummy(bytes)),
                                           bytes.size());
}

OSSL_PARAM sha256_name() {
  return OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_DIGEST, const_cast<char*>("SHA256"), 0);
}

}  // namespace

Sha1Digest sha1(proto::ByteView data) {
  static const Owned<EVP_MD, EVP_MD_free> algorithm(
      require_openssl(EVP_MD_fetch(nullptr, "SHA1", nullptr), "SHA-1"));
  return digest<20>(data, algorithm.get());
}

Sha256Digest sha256(proto::ByteView data) {
  static const Owned<EVP_MD, EVP_MD_free> algorithm(
      require_openssl(EVP_MD_fetch(nullptr, "SHA256", nullptr), "SHA-256"));
  return digest<32>(data, algorithm.get());
}

Sha256Digest hmac_sha256(proto::ByteView key, proto::ByteView data) {
  static const Owned<EVP_MAC, EVP_MAC_free> algorithm(
      require_openssl(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC"));
  const MacContext context(require_openssl(EVP_MAC_CTX_new(algorithm.get()), "HMAC"));
  const OSSL_PARAM parameters[] = {sha256_name(), OSSL_PARAM_construct_end()};
  Sha256Digest out{};
  std::size_t size = 0;
  const bool done = EVP_MAC_init(context.get(), data_or_dummy(key), key.size(), parameters) == 1 &&
                    EVP_MAC_update(context.get(), data_or_dummy(data), data.size()) == 1 &&
                    EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 &&
                    size == out.size();
  require_openssl(done, "HMAC");
  return out;
}

proto::Secret hkdf_sha256(proto::ByteView key, proto::ByteView salt, proto::ByteView info,
                          std::size_t size) {
  static const Owned<EVP_KDF, EVP_KDF_free> algorithm(
      require_openssl(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "HKDF"));
  SSB_CHECK(!key.empty() && size > 0);
  const KdfContext context(require_openssl(EVP_KDF_CTX_new(algorithm.get()), "HKDF"));
  const OSSL_PARAM parameters[] = {sha256_name(), octets(OSSL_KDF_PARAM_KEY, key),
                                   octets(OSSL_KDF_PARAM_SALT, salt),
                                   octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  proto::Secret out(size);
  require_openssl(EVP_KDF_derive(context.get(), out.writable().data(), size, parameters) == 1,
                  "HKDF");
  return out;
}

proto::Secret pbkdf2_sha256(std::string_view password, proto::ByteView salt, int iterations,
                            std::size_t size) {
  SSB_CHECK(iterations > 0 && size > 0);
  proto::Secret out(size);
  const int done = PKCS5_PBKDF2_HMAC(
      reinterpret_cast<const char*>(data_or_dummy(proto::as_bytes(password))),
      openssl_size(password.size()), data_or_dummy(salt), openssl_size(salt.size()), iterations,
      EVP_sha256(), openssl_size(size), out.writable().data());
  require_openssl(done == 1, "PBKDF2");
  return out;
}

}  // namespace ssb::broker::crypto
