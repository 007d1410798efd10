#include "broker/crypto/rsa.h"

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "broker/crypto/openssl.h"
#include "broker/crypto/random.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

constexpr int kPssSaltBytes = 32;
constexpr std::size_t kOaepOverheadBytes = std::size_t{2} * 32 + 2;  // RFC 8017 7.1.1, SHA-256
constexpr int kExponentBitsMax = 64;  // OpenSSL's own limit for large moduli

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) {
  return {key, [](EVP_PKEY* last) { EVP_PKEY_free(last); }};
}

BigNumber number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  require_openssl(EVP_PKEY_get_bn_param(key, name, &value) == 1, "RSA key numbers");
  return BigNumber(value);
}

KeyContext make_context(EVP_PKEY* key) {
  SSB_CHECK(key != nullptr);
  return KeyContext(
      require_openssl(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "RSA context"));
}

void set_oaep(EVP_PKEY_CTX* context, proto::ByteView label) {
  const bool good = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
  require_openssl(good, "OAEP settings");
  if (label.empty()) return;
  void* copy = require_openssl(OPENSSL_memdup(label.data(), label.size()), "OAEP label");
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, openssl_size(label.size())) != 1) {
    OPENSSL_free(copy);
    throw_openssl("OAEP label");
  }
}

void set_pss(EVP_PKEY_CTX* context) {
  const bool good = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kPssSaltBytes) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
  require_openssl(good, "PSS settings");
}

// ---- reading a private key ----

void free_values(ASN1_SEQUENCE_ANY* values) {
  for (int i = 0; i < sk_ASN1_TYPE_num(values); ++i) {
    const ASN1_TYPE* value = sk_ASN1_TYPE_value(values, i);
    if (value->type == V_ASN1_INTEGER) {
      OPENSSL_cleanse(value->value.integer->data,
                      static_cast<std::size_t>(value->value.integer->length));
    }
  }
  sk_ASN1_TYPE_pop_free(values, ASN1_TYPE_free);
}
void free_parameters(OSSL_PARAM* parameters) {
  for (const OSSL_PARAM* each = parameters; each != nullptr && each->key != nullptr; ++each)
    OPENSSL_cleanse(each->data, each->data_size);
  OSSL_PARAM_free(parameters);
}

using Values = Owned<ASN1_SEQUENCE_ANY, free_values>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Owned<OSSL_PARAM, free_parameters>;

// RFC 8017 A.1.2: the numbers of an RSAPrivateKey of two primes, with its version 0 in front; empty when it is something else.
std::vector<BigNumber> numbers_of(const PKCS8_PRIV_KEY_INFO* info) {
  constexpr int kNumbers = 9;
  const ASN1_OBJECT* algorithm = nullptr;
  const std::uint8_t* inner = nullptr;
  int size = 0;
  if (PKCS8_pkey_get0(&algorithm, &inner, &size, nullptr, info) != 1 ||
      OBJ_obj2nid(algorithm) != NID_rsaEncryption)
    return {};
  const std::uint8_t* at = inner;
  const Values values(d2i_ASN1_SEQUENCE_ANY(nullptr, &at, size));
  if (values == nullptr || at != inner + size || sk_ASN1_TYPE_num(values.get()) != kNumbers)
    return {};
  std::vector<BigNumber> numbers;
  for (int i = 0; i < kNumbers; ++i) {
    const ASN1_TYPE* value = sk_ASN1_TYPE_value(values.get(), i);
    if (value->type != V_ASN1_INTEGER) return {};
    numbers.emplace_back(ASN1_INTEGER_to_BN(value->value.integer, nullptr));
    const BIGNUM* number = numbers.back().get();
    const bool is_good =
        number != nullptr && BN_is_negative(number) == 0 && (BN_is_zero(number) == 1) == (i == 0);
    if (!is_good) return {};
  }
  return numbers;
}

// OpenSSL's decoders look for what a key may be for twenty times as long as it takes to read one; nullptr: ask them.
EVP_PKEY* plain_rsa_key(const PKCS8_PRIV_KEY_INFO* info) {
  static constexpr std::array kNames = {
      OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,           OSSL_PKEY_PARAM_RSA_D,
      OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,     OSSL_PKEY_PARAM_RSA_EXPONENT1,
      OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
  const std::vector<BigNumber> numbers = numbers_of(info);
  if (numbers.empty()) return nullptr;
  const Builder builder(require_openssl(OSSL_PARAM_BLD_new(), "RSA key"));
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (OSSL_PARAM_BLD_push_BN(builder.get(), kNames[i], numbers[i + 1].get()) != 1) return nullptr;
  }
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(
      require_openssl(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "RSA context"));
  EVP_PKEY* key = nullptr;
  const bool is_made =
      parameters != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1;
  return is_made ? key : nullptr;
}

DigestContext make_digest_context() {
  return DigestContext(require_openssl(EVP_MD_CTX_new(), "digest context"));
}

}  // namespace

int RsaPublicKey::bits() const {
  SSB_CHECK(key_ != nullptr);
  return EVP_PKEY_get_bits(key_.get());
}

bool RsaPublicKey::is_sound() const {
  if (key_ == nullptr || EVP_PKEY_is_a(key_.get(), "RSA") != 1) return false;
  const int size = bits();
  if (size < kRsaBitsMin || size > kRsaBitsMax) return false;
  const BigNumber modulus = number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N);
  const BigNumber exponent = number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E);
  return BN_is_odd(modulus.get()) == 1 && BN_is_negative(modulus.get()) == 0 &&
         BN_is_odd(exponent.get()) == 1 && BN_is_negative(exponent.get()) == 0 &&
         BN_is_one(exponent.get()) == 0 && BN_num_bits(exponent.get()) <= kExponentBitsMax;
}

std::size_t RsaPublicKey::oaep_plaintext_bytes_max() const {
  const auto modulus_bytes = static_cast<std::size_t>((bits() + 7) / 8);
  return modulus_bytes - std::min(modulus_bytes, kOaepOverheadBytes);
}

proto::Bytes RsaPublicKey::encrypt_oaep(proto::ByteView plaintext, proto::ByteView label) const {
  const KeyContext context = make_context(key_.get());
  require_openssl(EVP_PKEY_encrypt_init(context.get()) == 1, "OAEP encryption");
  set_oaep(context.get(), label);
  proto::Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = out.size();
  require_openssl(EVP_PKEY_encrypt(context.get(), out.data(), &size, data_or_dummy(plaintext),
                                   plaintext.size()) == 1,
                  "OAEP encryption");
  out.resize(size);
  return out;
}

bool RsaPublicKey::verify_pss(proto::ByteView message, proto::ByteView signature) const {
  SSB_CHECK(key_ != nullptr);
  const DigestContext context = make_digest_context();
  EVP_PKEY_CTX* settings = nullptr;
  if (EVP_DigestVerifyInit_ex(context.get(), &settings, "SHA256", nullptr, nullptr, key_.get(),
                              nullptr) != 1) {
    throw_openssl("PSS verification");
  }
  set_pss(settings);
  if (EVP_DigestVerify(context.get(), data_or_dummy(signature), signature.size(),
                       data_or_dummy(message), message.size()) == 1) {
    return true;
  }
  static_cast<void>(take_openssl_reason());
  return false;
}

RsaPrivateKey RsaPrivateKey::generate(int bits) {
  SSB_CHECK(bits >= 512 && bits <= kRsaBitsMax);  // OpenSSL makes none below 512
  check_random();  // with a source that repeats itself the search for primes may not end
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits));
  return RsaPrivateKey(share(require_openssl(key, "RSA key generation")));
}

std::optional<RsaPrivateKey> RsaPrivateKey::from_pkcs8(proto::ByteView der) {
  const std::uint8_t* at = der.data();
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(openssl_size(der.size()))));
  std::optional<RsaPrivateKey> out;
  if (info != nullptr && at == der.data() + der.size()) {
    EVP_PKEY* plain = plain_rsa_key(info.get());
    RsaPrivateKey key(
        share(plain != nullptr ? plain : EVP_PKCS82PKEY_ex(info.get(), nullptr, nullptr)));
    if (key.public_key().is_sound()) out = std::move(key);
  }
  if (!out) static_cast<void>(take_openssl_reason());
  return out;
}

proto::Secret RsaPrivateKey::to_pkcs8() const {
  SSB_CHECK(key_ != nullptr);
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      require_openssl(EVP_PKEY2PKCS8(key_.get()), "PKCS#8"));
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  require_openssl(size > 0, "PKCS#8");
  proto::Secret out(static_cast<std::size_t>(size));
  std::uint8_t* at = out.writable().data();
  require_openssl(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at) == size, "PKCS#8");
  return out;
}

bool RsaPrivateKey::matches(const RsaPublicKey& other) const {
  if (key_ == nullptr || other.native() == nullptr) return false;
  const bool equal = EVP_PKEY_eq(key_.get(), other.native()) == 1;
  if (!equal) static_cast<void>(take_openssl_reason());
  return equal;
}

std::optional<proto::Secret> RsaPrivateKey::decrypt_oaep(proto::ByteView ciphertext,
                                                         proto::ByteView label) const {
  const KeyContext context = make_context(key_.get());
  require_openssl(EVP_PKEY_decrypt_init(context.get()) == 1, "OAEP decryption");
  set_oaep(context.get(), label);
  proto::Secret whole(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = whole.size();
  if (EVP_PKEY_decrypt(context.get(), whole.writable().data(), &size, data_or_dummy(ciphertext),
                       ciphertext.size()) == 1) {
    return proto::Secret(whole.view().first(size));
  }
  static_cast<void>(take_openssl_reason());
  return std::nullopt;
}

proto::Bytes RsaPrivateKey::sign_pss(proto::ByteView message) const {
  SSB_CHECK(key_ != nullptr);
  const DigestContext context = make_digest_context();
  EVP_PKEY_CTX* settings = nullptr;
  if (EVP_DigestSignInit_ex(context.get(), &settings, "SHA256", nullptr, nullptr, key_.get(),
                            nullptr) != 1) {
    throw_openssl("PSS signature");
  }
  set_pss(settings);
  proto::Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = out.size();
  require_openssl(
      EVP_DigestSign(context.get(), out.data(), &size, data_or_dummy(message), message.size()) == 1,
      "PSS signature");
  out.resize(size);
  return out;
}

}  // namespace ssb::broker::crypto
