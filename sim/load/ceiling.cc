#include "sim/load/ceiling.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "sim/load/clock.h"

namespace ssb::sim::load {
namespace {

using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

// Microseconds of one `operation`, which says whether it went well.
template <typename Operation>
double cost_us(Nanoseconds at_least, Operation operation) {
  std::uint64_t count = 0;
  const Nanoseconds begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
  Nanoseconds spent = 0;
  while (spent < at_least) {
    if (!operation()) throw std::runtime_error("RSA cannot be measured");
    ++count;
    spent = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
  }
  return static_cast<double>(spent) / static_cast<double>(count) / 1e3;
}

Context context_of(EVP_PKEY* key, int (*start)(EVP_PKEY_CTX*), int padding) {
  Context context(EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free);
  const bool is_good = context != nullptr && start(context.get()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1;
  const bool has_digest =
      is_good && (padding == RSA_PKCS1_PSS_PADDING
                      ? EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256())
                      : EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256())) == 1;
  if (!has_digest) throw std::runtime_error("RSA cannot be measured");
  return context;
}

}  // namespace

RsaCosts rsa_costs(EVP_PKEY* key, Nanoseconds at_least) {
  constexpr std::array<std::uint8_t, 32> kDigest{};
  constexpr std::array<std::uint8_t, 16> kKey{};
  std::vector<std::uint8_t> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::vector<std::uint8_t> wrapped(signature.size());
  std::vector<std::uint8_t> opened(signature.size());
  std::size_t size = 0;
  const auto sign = [&] {
    const Context context = context_of(key, &EVP_PKEY_sign_init, RSA_PKCS1_PSS_PADDING);
    size = signature.size();
    return EVP_PKEY_sign(context.get(), signature.data(), &size, kDigest.data(), kDigest.size()) ==
           1;
  };
  const auto verify = [&] {
    const Context context = context_of(key, &EVP_PKEY_verify_init, RSA_PKCS1_PSS_PADDING);
    return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), kDigest.data(),
                           kDigest.size()) == 1;
  };
  const auto wrap = [&] {
    const Context context = context_of(key, &EVP_PKEY_encrypt_init, RSA_PKCS1_OAEP_PADDING);
    size = wrapped.size();
    return EVP_PKEY_encrypt(context.get(), wrapped.data(), &size, kKey.data(), kKey.size()) == 1;
  };
  const auto unwrap = [&] {
    const Context context = context_of(key, &EVP_PKEY_decrypt_init, RSA_PKCS1_OAEP_PADDING);
    size = opened.size();
    return EVP_PKEY_decrypt(context.get(), opened.data(), &size, wrapped.data(), wrapped.size()) ==
           1;
  };
  RsaCosts out;
  out.sign_us = cost_us(at_least, sign);
  out.verify_us = cost_us(at_least, verify);
  out.wrap_us = cost_us(at_least, wrap);
  out.unwrap_us = cost_us(at_least, unwrap);
  return out;
}

double seals_per_second(std::uint32_t size_bytes, Nanoseconds at_least) {
  constexpr int kRound = 64;
  constexpr std::array<std::uint8_t, 16> kKey{};
  std::array<std::uint8_t, 12> nonce{};
  std::array<std::uint8_t, 16> tag{};
  const std::vector<std::uint8_t> body(size_bytes);
  std::vector<std::uint8_t> sealed(size_bytes + tag.size());
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX* raw = context.get();
  bool is_good = raw != nullptr && EVP_EncryptInit_ex(raw, EVP_aes_128_gcm(), nullptr, kKey.data(),
                                                      nonce.data()) == 1;
  std::uint64_t count = 0;
  const Nanoseconds begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
  Nanoseconds spent = 0;
  while (is_good && spent < at_least) {
    for (int i = 0; i < kRound && is_good; ++i, ++count) {
      nonce[count % nonce.size()] ^= static_cast<std::uint8_t>(count);
      int written = 0;
      is_good = EVP_EncryptInit_ex(raw, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
                EVP_EncryptUpdate(raw, sealed.data(), &written, body.data(),
                                  static_cast<int>(body.size())) == 1 &&
                EVP_EncryptFinal_ex(raw, sealed.data() + written, &written) == 1 &&
                EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag.size()),
                                    tag.data()) == 1;
    }
    spent = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
  }
  if (!is_good || spent <= 0) throw std::runtime_error("AES-128-GCM cannot be measured");
  return static_cast<double>(count) * static_cast<double>(kSecond) / static_cast<double>(spent);
}

}  // namespace ssb::sim::load
