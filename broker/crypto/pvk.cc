#include "broker/crypto/pvk.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <openssl/core_names.h>

#include "broker/crypto/digest.h"
#include "broker/crypto/openssl.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::crypto {
namespace {

// OpenSSL frees a parameter list without wiping it.
void wipe_and_free(OSSL_PARAM* list) {
  for (OSSL_PARAM* at = list; at != nullptr && at->key != nullptr; ++at) {
    proto::erase_bytes(at->data, at->data_size);
  }
  OSSL_PARAM_free(list);
}

using Parameters = Owned<OSSL_PARAM, wipe_and_free>;
using ParameterBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;

constexpr std::uint32_t kMagic = 0xB0B5F11E;
constexpr std::uint32_t kKeyExchange = 1;
constexpr std::uint32_t kSignature = 2;
constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kSaltBytesMax = 1024;  // our own limit; writers use 16

constexpr std::size_t kBlobHeaderBytes = 8;  // always clear
constexpr std::size_t kRsaHeaderBytes = 12;  // tag, bits, public exponent
constexpr std::uint8_t kPrivateKeyBlob = 7;
constexpr std::uint8_t kBlobVersion = 2;
constexpr std::uint32_t kAlgorithmKeyExchange = 0xA400;
constexpr std::uint32_t kAlgorithmSignature = 0x2400;
constexpr std::uint32_t kTagRsa = 0x32415352;  // "RSA2"
constexpr std::uint32_t kTagDss = 0x32535344;  // "DSS2"

constexpr std::size_t kRc4KeyBytes = 16;
constexpr std::size_t kWeakKeyBytes = 5;  // 40 bits and zeros: what exports were once limited to

// Where each number stands after the RSA header, by size: whole or half of the modulus.
struct Field {
  const char* name;
  bool is_half;
};
constexpr std::array<Field, 7> kFields{{{OSSL_PKEY_PARAM_RSA_N, false},
                                        {OSSL_PKEY_PARAM_RSA_FACTOR1, true},
                                        {OSSL_PKEY_PARAM_RSA_FACTOR2, true},
                                        {OSSL_PKEY_PARAM_RSA_EXPONENT1, true},
                                        {OSSL_PKEY_PARAM_RSA_EXPONENT2, true},
                                        {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true},
                                        {OSSL_PKEY_PARAM_RSA_D, false}}};

std::size_t field_bytes(const Field& field, std::size_t bits) {
  return field.is_half ? (bits + 15) / 16 : (bits + 7) / 8;
}

std::size_t rsa_blob_bytes(std::size_t bits) {
  return std::accumulate(
      kFields.begin(), kFields.end(), kBlobHeaderBytes + kRsaHeaderBytes,
      [bits](std::size_t sum, const Field& f) { return sum + field_bytes(f, bits); });
}

void rc4(proto::ByteView key, std::span<std::uint8_t> data) {
  std::array<std::uint8_t, 256> state{};
  std::iota(state.begin(), state.end(), std::uint8_t{0});
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    j = static_cast<std::uint8_t>(j + state[i] + key[i % key.size()]);
    std::swap(state[i], state[j]);
  }
  std::uint8_t i = 0;
  j = 0;
  for (std::uint8_t& byte : data) {
    ++i;
    j = static_cast<std::uint8_t>(j + state[i]);
    std::swap(state[i], state[j]);
    byte ^= state[static_cast<std::uint8_t>(state[i] + state[j])];
  }
  proto::erase_bytes(state.data(), state.size());
}

proto::Secret rc4_key(proto::ByteView salt, std::string_view password) {
  proto::Secret text(salt.size() + password.size());
  const auto out = text.writable();
  std::copy(salt.begin(), salt.end(), out.begin());
  std::copy(password.begin(), password.end(),
            out.begin() + static_cast<std::ptrdiff_t>(salt.size()));
  Sha1Digest digest = sha1(text.view());
  proto::Secret key(proto::ByteView(digest).first(kRc4KeyBytes));
  proto::erase_bytes(digest.data(), digest.size());
  return key;
}

std::uint32_t read_u32(proto::ByteView bytes, std::size_t at) {
  SSB_CHECK(at + 4 <= bytes.size());
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

void write_u32(std::span<std::uint8_t> out, std::size_t at, std::uint32_t value) {
  SSB_CHECK(at + 4 <= out.size());
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

BigNumber number_of(const RsaPrivateKey& key, const char* name) {
  BIGNUM* value = nullptr;
  require_openssl(EVP_PKEY_get_bn_param(key.native(), name, &value) == 1, "RSA key numbers");
  return BigNumber(value);
}

// The RSA2 structure behind the clear blob header.
proto::Secret make_blob(const RsaPrivateKey& key) {
  const auto bits = static_cast<std::size_t>(key.bits());
  proto::Secret blob(rsa_blob_bytes(bits));
  const auto out = blob.writable();
  out[0] = kPrivateKeyBlob;
  out[1] = kBlobVersion;
  write_u32(out, 4, kAlgorithmKeyExchange);
  write_u32(out, 8, kTagRsa);
  write_u32(out, 12, static_cast<std::uint32_t>(bits));
  const BigNumber exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  require_openssl(BN_bn2lebinpad(exponent.get(), out.data() + 16, 4) == 4,
                  "a PVK file holds public exponents of 32 bits");
  std::size_t at = kBlobHeaderBytes + kRsaHeaderBytes;
  for (const Field& field : kFields) {
    const BigNumber number = number_of(key, field.name);
    const int size = openssl_size(field_bytes(field, bits));
    require_openssl(BN_bn2lebinpad(number.get(), out.data() + at, size) == size,
                    "a PVK file holds two primes of half the modulus");
    at += field_bytes(field, bits);
  }
  return blob;
}

// What a blob holds, in the order of kFields.
struct RsaNumbers {
  BigNumber exponent;
  std::array<BigNumber, kFields.size()> fields;
};

RsaNumbers read_numbers(proto::ByteView blob, std::size_t bits) {
  const auto number = [&blob](std::size_t at, std::size_t size) {
    const proto::ByteView bytes = blob.subspan(at, size);
    return BigNumber(
        require_openssl(BN_lebin2bn(bytes.data(), openssl_size(size), nullptr), "RSA number"));
  };
  RsaNumbers out;
  out.exponent = number(16, 4);
  std::size_t at = kBlobHeaderBytes + kRsaHeaderBytes;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const std::size_t size = field_bytes(kFields[i], bits);
    out.fields[i] = number(at, size);
    at += size;
  }
  return out;
}

// Whether the numbers are those of one key: n = p q, d e = 1, dp = d and dq = d, qinv q = 1, each
// by its modulus. OpenSSL takes any numbers and would compute nonsense, or fault, with others.
bool is_one_key(const RsaNumbers& numbers) {
  const BigNumber& n = numbers.fields[0];
  const BigNumber& p = numbers.fields[1];
  const BigNumber& q = numbers.fields[2];
  const BigNumber& dp = numbers.fields[3];
  const BigNumber& dq = numbers.fields[4];
  const BigNumber& qinv = numbers.fields[5];
  const BigNumber& d = numbers.fields[6];
  const BigNumberContext context(require_openssl(BN_CTX_new(), "big numbers"));
  const BigNumber t(require_openssl(BN_new(), "big number"));
  const BigNumber less(require_openssl(BN_new(), "big number"));
  const auto one_by = [&](const BigNumber& a, const BigNumber& b, const BIGNUM* modulus) {
    return BN_mod_mul(t.get(), a.get(), b.get(), modulus, context.get()) == 1 && BN_is_one(t.get());
  };
  const auto fits_prime = [&](const BigNumber& prime, const BigNumber& exponent) {
    if (BN_is_odd(prime.get()) == 0 || BN_is_one(prime.get()) == 1) return false;
    return BN_sub(less.get(), prime.get(), BN_value_one()) == 1 &&
           one_by(numbers.exponent, d, less.get()) &&
           BN_mod(t.get(), d.get(), less.get(), context.get()) == 1 &&
           BN_cmp(t.get(), exponent.get()) == 0;
  };
  return BN_mul(t.get(), p.get(), q.get(), context.get()) == 1 && BN_cmp(t.get(), n.get()) == 0 &&
         fits_prime(p, dp) && fits_prime(q, dq) && BN_cmp(qinv.get(), p.get()) < 0 &&
         one_by(qinv, q, p.get()) && BN_cmp(d.get(), n.get()) < 0;
}

RsaPrivateKey make_key(const RsaNumbers& numbers) {
  const ParameterBuilder builder(require_openssl(OSSL_PARAM_BLD_new(), "RSA key"));
  bool good =
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, numbers.exponent.get()) == 1;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    good = good &&
           OSSL_PARAM_BLD_push_BN(builder.get(), kFields[i].name, numbers.fields[i].get()) == 1;
  }
  require_openssl(good, "RSA key");
  const Parameters parameters(require_openssl(OSSL_PARAM_BLD_to_param(builder.get()), "RSA key"));
  const KeyContext context(
      require_openssl(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "RSA key"));
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1;
  require_openssl(made, "RSA key");
  return RsaPrivateKey(std::shared_ptr<EVP_PKEY>(key, [](EVP_PKEY* last) { EVP_PKEY_free(last); }));
}

proto::Error not_a_pvk(std::string_view file_name, const char* what) {
  return proto::Error(proto::ErrorCode::certificate_file_bad, file_name, what);
}

// The parts of a file whose lengths have been checked.
struct Container {
  bool is_encrypted = false;
  proto::ByteView salt;
  proto::ByteView blob;
};

proto::Result<Container> read_container(proto::ByteView file, std::string_view file_name) {
  if (file.size() < kHeaderBytes || read_u32(file, 0) != kMagic) {
    return not_a_pvk(file_name, "a PVK file begins with 1E F1 B5 B0");
  }
  const std::uint32_t key_kind = read_u32(file, 8);
  const std::uint32_t encrypted = read_u32(file, 12);
  const std::size_t salt_bytes = read_u32(file, 16);
  const std::size_t blob_bytes = read_u32(file, 20);
  const bool header_fits = read_u32(file, 4) == 0 && encrypted <= 1 &&
                           (key_kind == kKeyExchange || key_kind == kSignature) &&
                           salt_bytes <= kSaltBytesMax && (encrypted == 1) == (salt_bytes > 0);
  if (!header_fits) return not_a_pvk(file_name, "its header has values that no PVK file has");
  const std::size_t rest = file.size() - kHeaderBytes;
  if (rest < salt_bytes || rest - salt_bytes != blob_bytes ||
      blob_bytes < kBlobHeaderBytes + kRsaHeaderBytes) {
    return not_a_pvk(file_name, "its length does not fit its header");
  }
  return Container{encrypted == 1, file.subspan(kHeaderBytes, salt_bytes),
                   file.subspan(kHeaderBytes + salt_bytes)};
}

// The blob in clear, by the strong and then the weak form of the key; nullopt: neither fits.
std::optional<proto::Secret> decrypt(const Container& container, std::string_view password) {
  proto::Secret key = rc4_key(container.salt, password);
  for (const bool weak : {false, true}) {
    if (weak)
      std::fill(key.writable().begin() + kWeakKeyBytes, key.writable().end(), std::uint8_t{0});
    proto::Secret blob(container.blob);
    rc4(key.view(), blob.writable().subspan(kBlobHeaderBytes));
    const std::uint32_t tag = read_u32(blob.view(), kBlobHeaderBytes);
    if (tag == kTagRsa || tag == kTagDss) return blob;
  }
  return std::nullopt;
}

}  // namespace

proto::Bytes write_pvk(const RsaPrivateKey& key, std::string_view password) {
  SSB_CHECK(static_cast<bool>(key));
  proto::Secret blob = make_blob(key);
  const bool is_encrypted = !password.empty();
  const std::size_t salt_bytes = is_encrypted ? kSaltBytes : 0;
  proto::Bytes out(kHeaderBytes + salt_bytes);
  write_u32(out, 0, kMagic);
  write_u32(out, 8, kKeyExchange);
  write_u32(out, 12, is_encrypted ? 1 : 0);
  write_u32(out, 16, static_cast<std::uint32_t>(salt_bytes));
  write_u32(out, 20, static_cast<std::uint32_t>(blob.size()));
  if (is_encrypted) {
    const auto salt = std::span(out).subspan(kHeaderBytes);
    random_bytes(salt);
    rc4(rc4_key(salt, password).view(), blob.writable().subspan(kBlobHeaderBytes));
  }
  out.insert(out.end(), blob.view().begin(), blob.view().end());
  return out;
}

proto::Result<RsaPrivateKey> read_pvk(proto::ByteView file, std::string_view password,
                                      std::string_view file_name) {
  const auto container = read_container(file, file_name);
  if (!container) return container.error();
  const auto unsupported = proto::Error(proto::ErrorCode::private_key_format);
  const proto::ByteView head = container->blob;
  const std::uint32_t algorithm = read_u32(head, 4);
  if (head[0] != kPrivateKeyBlob || head[1] != kBlobVersion ||
      (algorithm != kAlgorithmKeyExchange && algorithm != kAlgorithmSignature)) {
    return unsupported;
  }
  std::optional<proto::Secret> blob;
  if (!container->is_encrypted) {
    blob.emplace(container->blob);
  } else if (!password.empty()) {
    blob = decrypt(*container, password);
  }
  if (!blob) return proto::Error(proto::ErrorCode::private_key_password_wrong);

  const proto::ByteView clear = blob->view();
  const std::size_t bits = read_u32(clear, 12);
  if (read_u32(clear, 8) != kTagRsa || bits < static_cast<std::size_t>(kRsaBitsMin) ||
      bits > static_cast<std::size_t>(kRsaBitsMax) || clear.size() < rsa_blob_bytes(bits)) {
    return unsupported;
  }
  const RsaNumbers numbers = read_numbers(clear, bits);
  const auto modulus_bits = static_cast<std::size_t>(BN_num_bits(numbers.fields[0].get()));
  if (modulus_bits != bits || !is_one_key(numbers)) {
    static_cast<void>(take_openssl_reason());
    return unsupported;
  }
  RsaPrivateKey key = make_key(numbers);
  if (!key.public_key().is_sound()) return unsupported;
  return key;
}

}  // namespace ssb::broker::crypto
