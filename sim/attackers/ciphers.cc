#include "sim/attackers/ciphers.h"

#include <stdexcept>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "sim/attackers/openssl_handles.h"

namespace ssb::sim::attackers {
namespace {

constexpr std::size_t kHashBytes = 32;

int size_of(ByteView bytes) {
  return static_cast<int>(bytes.size());
}

// OAEP with SHA-256 everywhere; OpenSSL takes the label over and frees it.
void set_oaep(EVP_PKEY_CTX* context, ByteView label) {
  must(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1, "OAEP");
  must(EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1, "OAEP");
  must(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1, "OAEP");
  void* copy = OPENSSL_memdup(label.data(), label.size());
  must(EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, size_of(label)) == 1, "OAEP label");
}

void set_pss(EVP_PKEY_CTX* context) {
  must(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1, "PSS");
  must(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1, "PSS");
}

}  // namespace

void must(bool good, const char* what) {
  if (good) return;
  ERR_clear_error();
  throw std::runtime_error(std::string("an attacker's OpenSSL failed: ") + what);
}

Bytes random_bytes(std::size_t size) {
  Bytes out(size);
  must(RAND_bytes(out.data(), static_cast<int>(size)) == 1, "random bytes");
  return out;
}

Bytes sha256(ByteView data) {
  Bytes out(kHashBytes);
  must(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_sha256(), nullptr) == 1,
       "SHA-256");
  return out;
}

Bytes hmac(ByteView key, ByteView data) {
  Bytes out(kHashBytes);
  static constexpr std::uint8_t kNothing = 0;
  const std::uint8_t* key_data = key.empty() ? &kNothing : key.data();
  must(HMAC(EVP_sha256(), key_data, size_of(key), data.data(), data.size(), out.data(), nullptr) !=
           nullptr,
       "HMAC");
  return out;
}

// RFC 5869, spelled out: extract, then expand.
Bytes hkdf(ByteView key, ByteView salt, ByteView info, std::size_t size) {
  const Bytes zeros(kHashBytes);
  const Bytes extracted = hmac(salt.empty() ? ByteView(zeros) : salt, key);
  Bytes out;
  Bytes block;
  for (std::uint8_t counter = 1; out.size() < size; ++counter) {
    Bytes input = block;
    append(input, info);
    input.push_back(counter);
    block = hmac(extracted, input);
    append(out, block);
  }
  out.resize(size);
  return out;
}

Bytes gcm_seal(ByteView key, ByteView nonce, ByteView additional, ByteView clear) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(clear.size() + kTagBytes);
  int written = 0;
  must(EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()) == 1,
       "AES-GCM");
  must(EVP_EncryptUpdate(context.get(), nullptr, &written, additional.data(),
                         size_of(additional)) == 1,
       "AES-GCM");
  if (!clear.empty()) {
    must(EVP_EncryptUpdate(context.get(), out.data(), &written, clear.data(), size_of(clear)) == 1,
         "AES-GCM");
  }
  std::uint8_t* const tag = out.data() + clear.size();
  must(EVP_EncryptFinal_ex(context.get(), tag, &written) == 1, "AES-GCM");
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1, "AES-GCM");
  return out;
}

std::optional<Bytes> gcm_open(ByteView key, ByteView nonce, ByteView additional, ByteView sealed) {
  if (sealed.size() < kTagBytes) return std::nullopt;
  const CipherContext context(EVP_CIPHER_CTX_new());
  const ByteView text = sealed.first(sealed.size() - kTagBytes);
  Bytes tag = proto::to_bytes(sealed.last(kTagBytes));
  Bytes out(text.size());
  int written = 0;
  must(EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()) == 1,
       "AES-GCM");
  must(EVP_DecryptUpdate(context.get(), nullptr, &written, additional.data(),
                         size_of(additional)) == 1,
       "AES-GCM");
  if (!text.empty()) {
    must(EVP_DecryptUpdate(context.get(), out.data(), &written, text.data(), size_of(text)) == 1,
         "AES-GCM");
  }
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1,
       "AES-GCM");
  std::uint8_t rest = 0;
  if (EVP_DecryptFinal_ex(context.get(), &rest, &written) == 1) return out;
  ERR_clear_error();
  return std::nullopt;
}

namespace {

CipherContext wrap_context() {
  CipherContext context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  return context;
}

}  // namespace

Bytes wrap(ByteView key, ByteView clear) {
  const CipherContext context = wrap_context();
  Bytes out(clear.size() + 8);
  int written = 0;
  must(
      EVP_EncryptInit_ex(context.get(), EVP_aes_128_wrap(), nullptr, key.data(), nullptr) == 1 &&
          EVP_EncryptUpdate(context.get(), out.data(), &written, clear.data(), size_of(clear)) == 1,
      "key wrap");
  return out;
}

std::optional<Bytes> unwrap(ByteView key, ByteView wrapped) {
  if (wrapped.size() < 24) return std::nullopt;
  const CipherContext context = wrap_context();
  Bytes out(wrapped.size());
  int written = 0;
  must(EVP_DecryptInit_ex(context.get(), EVP_aes_128_wrap(), nullptr, key.data(), nullptr) == 1,
       "key wrap");
  if (EVP_DecryptUpdate(context.get(), out.data(), &written, wrapped.data(), size_of(wrapped)) !=
      1) {
    ERR_clear_error();
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(written));
  return out;
}

// ---- RSA ----

Rsa Rsa::generate(int bits) {
  return Rsa(std::shared_ptr<EVP_PKEY>(EVP_RSA_gen(static_cast<unsigned>(bits)), EVP_PKEY_free));
}

std::optional<Rsa> Rsa::from_pkcs8(ByteView der) {
  const std::uint8_t* at = der.data();
  std::shared_ptr<EVP_PKEY> key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())),
                                EVP_PKEY_free);
  if (key == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  return Rsa(std::move(key));
}

std::size_t Rsa::size_bytes() const {
  return static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
}

Bytes Rsa::encrypt(ByteView clear, ByteView label) const {
  const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  must(EVP_PKEY_encrypt_init(context.get()) == 1, "OAEP");
  set_oaep(context.get(), label);
  Bytes out(size_bytes());
  std::size_t size = out.size();
  must(EVP_PKEY_encrypt(context.get(), out.data(), &size, clear.data(), clear.size()) == 1, "OAEP");
  return out;
}

std::optional<Bytes> Rsa::decrypt(ByteView sealed, ByteView label) const {
  const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  must(EVP_PKEY_decrypt_init(context.get()) == 1, "OAEP");
  set_oaep(context.get(), label);
  Bytes out(size_bytes());
  std::size_t size = out.size();
  if (EVP_PKEY_decrypt(context.get(), out.data(), &size, sealed.data(), sealed.size()) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

Bytes Rsa::sign(ByteView message) const {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // the digest context's
  must(EVP_DigestSignInit(context.get(), &settings, EVP_sha256(), nullptr, key_.get()) == 1, "PSS");
  set_pss(settings);
  Bytes out(size_bytes());
  std::size_t size = out.size();
  must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1,
       "PSS");
  return out;
}

bool Rsa::verify(ByteView message, ByteView signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  must(EVP_DigestVerifyInit(context.get(), &settings, EVP_sha256(), nullptr, key_.get()) == 1,
       "PSS");
  set_pss(settings);
  const bool good = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

// ---- certificates ----

std::optional<Certificate> Certificate::parse(ByteView der) {
  const std::uint8_t* at = der.data();
  const X509Handle parsed(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (parsed == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  Certificate out;
  out.der = proto::to_bytes(der);
  std::uint8_t* issuer = nullptr;
  const int issuer_size = i2d_X509_NAME(X509_get_issuer_name(parsed.get()), &issuer);
  must(issuer_size > 0, "issuer");
  out.issuer.assign(issuer, issuer + issuer_size);
  OPENSSL_free(issuer);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(parsed.get());
  const std::uint8_t* serial_at = ASN1_STRING_get0_data(serial);
  out.serial.assign(serial_at, serial_at + ASN1_STRING_length(serial));
  out.key = Rsa(std::shared_ptr<EVP_PKEY>(X509_get_pubkey(parsed.get()), EVP_PKEY_free));
  return out;
}

Certificate make_certificate(const Rsa& key, const std::string& subject,
                             proto::TimePoint not_before, proto::TimePoint not_after,
                             const Certificate* names_as) {
  const X509Handle made(X509_new());
  const auto seconds = [](proto::TimePoint time) {
    return static_cast<time_t>(proto::to_unix_us(time) / 1'000'000);
  };
  must(X509_set_version(made.get(), X509_VERSION_3) == 1, "certificate");
  must(ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(not_before)) != nullptr, "dates");
  must(ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(not_after)) != nullptr, "dates");
  must(X509_set_pubkey(made.get(), key.native()) == 1, "certificate");
  if (names_as != nullptr) {
    const std::uint8_t* at = names_as->der.data();
    const X509Handle model(d2i_X509(nullptr, &at, static_cast<long>(names_as->der.size())));
    must(model != nullptr, "model certificate");
    must(X509_set_subject_name(made.get(), X509_get_subject_name(model.get())) == 1 &&
             X509_set_issuer_name(made.get(), X509_get_issuer_name(model.get())) == 1 &&
             X509_set_serialNumber(made.get(), X509_get_serialNumber(model.get())) == 1,
         "names");
  } else {
    Bytes serial = random_bytes(8);
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3FU) | 0x40U);
    must(ASN1_STRING_set(X509_get_serialNumber(made.get()), serial.data(), 8) == 1, "serial");
    X509_NAME* name = X509_get_subject_name(made.get());
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const std::uint8_t*>(subject.data()),
                                    static_cast<int>(subject.size()), -1, 0) == 1,
         "name");
    must(X509_set_issuer_name(made.get(), name) == 1, "issuer");
  }
  must(X509_sign(made.get(), key.native(), EVP_sha256()) > 0, "signature");
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(made.get(), &der);
  must(size > 0, "certificate");
  const Bytes copy(der, der + size);
  OPENSSL_free(der);
  return *Certificate::parse(copy);
}

}  // namespace ssb::sim::attackers
