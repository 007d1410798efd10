#include "broker/crypto/digest.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <openssl/core_names.h>

#include "broker/crypto/openssl.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

constexpr std::size_t kHkdfBytesMax = std::size_t{255} * 32;  // RFC 5869 2.3

const EVP_MD* sha1_algorithm() {
  static const Owned<EVP_MD, EVP_MD_free> algorithm(
      require_openssl(EVP_MD_fetch(nullptr, "SHA1", nullptr), "SHA-1"));
  return algorithm.get();
}
const EVP_MD* sha256_algorithm() {
  static const Owned<EVP_MD, EVP_MD_free> algorithm(
      require_openssl(EVP_MD_fetch(nullptr, "SHA256", nullptr), "SHA-256"));
  return algorithm.get();
}

// Digests of one algorithm in a context that is kept: making one costs as much as digesting 200 bytes. What it was given last is
// overwritten before anybody else has it.
class Digester {
 public:
  explicit Digester(const EVP_MD* algorithm)
      : algorithm_(algorithm), context_(require_openssl(EVP_MD_CTX_new(), "digest context")) {
    begin();
  }

  void add(proto::ByteView bytes) {
    if (EVP_DigestUpdate(context_.get(), data_or_dummy(bytes), bytes.size()) == 1) return;
    begin();  // the next one must not find a half
    throw_openssl("digest");
  }
  template <std::size_t Size>
  void finish(std::array<std::uint8_t, Size>& out) {
    unsigned int size = 0;
    const int done = EVP_DigestFinal_ex(context_.get(), out.data(), &size);
    begin();
    require_openssl(done == 1 && size == Size, "digest");
  }

 private:
  void begin() {
    require_openssl(EVP_DigestInit_ex(context_.get(), algorithm_, nullptr) == 1, "digest");
  }

  const EVP_MD* algorithm_;
  DigestContext context_;
};

Digester& sha256_digester() {
  thread_local Digester digester(sha256_algorithm());
  return digester;
}

// OpenSSL's HMAC-SHA-256 in a context that is kept: four fifths of a new one is looking up algorithms by name.
class Mac {
 public:
  Mac() : algorithm_(require_openssl(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC")) {
    context_.reset(require_openssl(EVP_MAC_CTX_new(algorithm_.get()), "HMAC"));
    // OpenSSL only reads input parameters; its type has no const form.
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    require_openssl(EVP_MAC_CTX_set_params(context_.get(), parameters) == 1, "HMAC");
  }

  Sha256Digest of(proto::ByteView key, std::initializer_list<proto::ByteView> parts) {
    Sha256Digest out{};
    std::size_t size = 0;
    bool done = EVP_MAC_init(context_.get(), data_or_dummy(key), key.size(), nullptr) == 1;
    for (const proto::ByteView part : parts)
      done = done && EVP_MAC_update(context_.get(), data_or_dummy(part), part.size()) == 1;
    done = done && EVP_MAC_final(context_.get(), out.data(), &size, out.size()) == 1;
    // The context keeps its key until it is given another one.
    constexpr Sha256Digest kNoKey{};
    const bool is_clean = EVP_MAC_init(context_.get(), kNoKey.data(), kNoKey.size(), nullptr) == 1;
    require_openssl(done && is_clean && size == out.size(), "HMAC");
    return out;
  }

 private:
  Owned<EVP_MAC, EVP_MAC_free> algorithm_;
  MacContext context_;
};

// Of what `parts` are together.
Sha256Digest hmac_of(proto::ByteView key, std::initializer_list<proto::ByteView> parts) {
  thread_local Mac mac;
  return mac.of(key, parts);
}

}  // namespace

Sha1Digest sha1(proto::ByteView data) {
  Digester digester(sha1_algorithm());
  Sha1Digest out{};
  digester.add(data);
  digester.finish(out);
  return out;
}

Sha256Digest sha256(proto::ByteView data) {
  Digester& digester = sha256_digester();
  Sha256Digest out{};
  digester.add(data);
  digester.finish(out);
  return out;
}

Sha256Digest hmac_sha256(proto::ByteView key, proto::ByteView data) {
  return hmac_of(key, {data});
}

proto::Secret hkdf_sha256(proto::ByteView key, proto::ByteView salt, proto::ByteView info,
                          std::size_t size) {
  SSB_CHECK(!key.empty() && size > 0 && size <= kHkdfBytesMax);
  proto::Secret out(size);
  Sha256Digest extracted = hmac_of(salt, {key});
  Sha256Digest block{};
  std::size_t filled = 0;
  for (std::uint8_t number = 1; filled < size; ++number) {
    const proto::ByteView before(block.data(), number == 1 ? 0 : block.size());
    block = hmac_of(extracted, {before, info, proto::ByteView(&number, 1)});
    const std::size_t taken = std::min(block.size(), size - filled);
    std::copy_n(block.begin(), taken, out.writable().begin() + static_cast<std::ptrdiff_t>(filled));
    filled += taken;
  }
  proto::erase_bytes(extracted.data(), extracted.size());
  proto::erase_bytes(block.data(), block.size());
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
