#include "sim/load/ceiling.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include <openssl/evp.h>

#include "sim/load/clock.h"

namespace ssb::sim::load {

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
