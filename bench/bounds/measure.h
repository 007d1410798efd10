// What the bounds share: clocks, AES-128-GCM through a kept OpenSSL context, and the JSON line that each of them prints.
//
//   A bound is what this machine can do with the same cryptography, network and disk and nothing of ours: no part of the engine is
//   linked, so that no change of the engine moves it.
//   Units   seconds as double; sizes in bytes.
//   Errors  std::runtime_error, which ends the program with exit code 1: a bound that failed is no bound.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <time.h>

namespace ssb::bench {

inline constexpr std::size_t kKeyBytes = 16;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kAdditionalBytes = 64;  // about a dialog header's fixed part

using Bytes = std::vector<std::uint8_t>;

inline void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + " failed");
}

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
inline double wall_seconds() {
  return seconds_of(CLOCK_MONOTONIC);
}
inline double thread_cpu_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
inline double process_cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

inline void put_big_endian(std::span<std::uint8_t> out, std::uint64_t value) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}
inline std::uint64_t get_big_endian(std::span<const std::uint8_t> in) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : in) value = (value << 8) | byte;
  return value;
}

// One direction of AES-128-GCM with its key schedule kept; nothing is allocated after construction.
class KeptGcm {
 public:
  enum class Does { seal, open };
  KeptGcm(Does does, std::span<const std::uint8_t> key) : does_(does) {
    init(EVP_aes_128_gcm(), key);
  }
  KeptGcm(KeptGcm&& other) noexcept
      : does_(other.does_), context_(std::exchange(other.context_, nullptr)) {}
  KeptGcm& operator=(KeptGcm&&) = delete;
  KeptGcm(const KeptGcm&) = delete;
  KeptGcm& operator=(const KeptGcm&) = delete;
  ~KeptGcm() { EVP_CIPHER_CTX_free(context_); }

  // Computes the key schedule again in the same context.
  void set_key(std::span<const std::uint8_t> key) { init(nullptr, key); }
  // `out` has room for the body and its tag.
  void seal(std::uint64_t nonce, std::span<const std::uint8_t> additional,
            std::span<const std::uint8_t> body, std::uint8_t* out) {
    int done = 0;
    const auto size = static_cast<int>(body.size());
    require(EVP_EncryptInit_ex(context_, nullptr, nullptr, nullptr, set_nonce(nonce)) == 1 &&
                EVP_EncryptUpdate(context_, nullptr, &done, additional.data(),
                                  static_cast<int>(additional.size())) == 1 &&
                EVP_EncryptUpdate(context_, out, &done, body.data(), size) == 1 &&
                EVP_EncryptFinal_ex(context_, out + size, &done) == 1 &&
                EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + size) == 1,
            "a seal");
  }
  // False: the tag does not fit. `out` has room for the body.
  [[nodiscard]] bool open(std::uint64_t nonce, std::span<const std::uint8_t> additional,
                          std::span<const std::uint8_t> sealed, std::uint8_t* out) {
    int done = 0;
    const auto size = static_cast<int>(sealed.size() - kTagBytes);
    auto* tag = const_cast<std::uint8_t*>(sealed.data() + size);  // OpenSSL only reads it
    return EVP_DecryptInit_ex(context_, nullptr, nullptr, nullptr, set_nonce(nonce)) == 1 &&
           EVP_DecryptUpdate(context_, nullptr, &done, additional.data(),
                             static_cast<int>(additional.size())) == 1 &&
           EVP_DecryptUpdate(context_, out, &done, sealed.data(), size) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1 &&
           EVP_DecryptFinal_ex(context_, out + size, &done) == 1;
  }

 private:
  void init(const EVP_CIPHER* cipher, std::span<const std::uint8_t> key) {
    require(EVP_CipherInit_ex(context_, cipher, nullptr, key.data(), nullptr,
                              does_ == Does::seal ? 1 : 0) == 1,
            "a key schedule");
  }
  const std::uint8_t* set_nonce(std::uint64_t nonce) {
    put_big_endian(std::span(nonce_).last(8), nonce);
    return nonce_.data();
  }
  Does does_;
  EVP_CIPHER_CTX* context_ = EVP_CIPHER_CTX_new();
  std::array<std::uint8_t, kNonceBytes> nonce_{};
};

// {"name":"seal_bound","size":1024,...}: in the order in which it was put together.
class JsonLine {
 public:
  explicit JsonLine(std::string_view name) : text_(fmt::format(R"({{"name":"{}")", name)) {}
  JsonLine& text(std::string_view key, std::string_view value) {  // without characters to escape
    text_ += fmt::format(R"(,"{}":"{}")", key, value);
    return *this;
  }
  JsonLine& count(std::string_view key, std::uint64_t value) {
    text_ += fmt::format(R"(,"{}":{})", key, value);
    return *this;
  }
  JsonLine& number(std::string_view key, double value) {
    text_ += fmt::format(R"(,"{}":{:.6g})", key, value);
    return *this;
  }
  void print() const { fmt::print("{}}}\n", text_); }

 private:
  std::string text_;
};

}  // namespace ssb::bench
