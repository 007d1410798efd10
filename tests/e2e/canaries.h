// Secrets that a test knows, and the search for them in what the program has written.
//
//   Shape   a canary is looked for as it stands, as UTF-16LE where it is a text, reversed where it is a number, in hexadecimal and in base64.
//   Left    what a script writes down is no secret from whoever has the script: bundles of `sweep` are scripts, and hold their passwords. The
//           memory of a running process is not searched; that keys are erased there is tests/proto/secret_test.cc's.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "proto/bytes.h"

namespace ssb::e2e {

// The body of a secured dialog.
inline constexpr std::string_view kSecuredRequest = "heron-in-the-secured-request";

// Every password begins alike.
inline std::string password(const std::string& what) {
  return "Canary_" + what + "_1!";
}

// What was written, by a name that a failure shows.
using Artefacts = std::map<std::string, std::string>;

// A secret, in every form in which it could stand somewhere.
struct Canary {
  std::string name;
  std::vector<std::string> forms;
};

inline std::string hex_of(std::string_view bytes, const char* digits) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

// The bytes, as hexadecimal, and as the parts of a base64 text that begin at any of its three places.
inline void add_forms(std::vector<std::string>& forms, std::string bytes) {
  forms.push_back(hex_of(bytes, "0123456789abcdef"));
  forms.push_back(hex_of(bytes, "0123456789ABCDEF"));
  for (std::size_t begin = 0; begin < 3 && bytes.size() >= begin + 6; ++begin) {
    const std::size_t size = std::min<std::size_t>(12, (bytes.size() - begin) / 3 * 3);
    std::array<unsigned char, 17> text{};
    EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(bytes.data()) + begin,
                    static_cast<int>(size));
    forms.emplace_back(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size / 3 * 4));
  }
  forms.push_back(std::move(bytes));
}

inline Canary text_canary(const std::string& text) {
  Canary canary{text, {}};
  add_forms(canary.forms, text);
  const proto::Bytes wide = proto::to_utf16le(text);
  add_forms(canary.forms, {wide.begin(), wide.end()});
  return canary;
}

// Pieces of 16 bytes, of both byte orders: a file may hold a long number in several places.
inline Canary bytes_canary(std::string name, proto::ByteView bytes) {
  constexpr std::size_t kPiece = 16;
  constexpr std::size_t kStep = 32;
  Canary canary{std::move(name), {}};
  for (std::size_t at = 0; at + kPiece <= bytes.size(); at += kStep) {
    std::string piece(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                      bytes.begin() + static_cast<std::ptrdiff_t>(at + kPiece));
    add_forms(canary.forms, piece);
    std::reverse(piece.begin(), piece.end());
    add_forms(canary.forms, piece);
  }
  return canary;
}

// "canary in artefact" for each that is there.
inline std::vector<std::string> found(const std::vector<Canary>& canaries,
                                      const Artefacts& artefacts) {
  std::vector<std::string> places;
  for (const Canary& canary : canaries) {
    for (const auto& artefact : artefacts) {
      const bool is_there = std::any_of(
          canary.forms.begin(), canary.forms.end(),
          [&](const std::string& form) { return artefact.second.find(form) != std::string::npos; });
      if (is_there) places.push_back(canary.name + " in " + artefact.first);
    }
  }
  return places;
}

inline std::string contents_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void add_folder(Artefacts& artefacts, const std::string& prefix,
                       const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      artefacts[prefix + std::filesystem::relative(entry.path(), folder).string()] =
          contents_of(entry.path());
  }
}

// The numbers of an RSA key that only its owner knows.
inline void add_private_numbers(std::vector<Canary>& canaries, const std::string& name,
                                EVP_PKEY* key) {
  for (const char* number : {OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
                             OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_EXPONENT1}) {
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key, number, &value) != 1) throw std::runtime_error("RSA numbers");
    proto::Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value)));
    BN_bn2bin(value, bytes.data());
    BN_clear_free(value);
    canaries.push_back(bytes_canary(name + " " + number, bytes));
  }
}

class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ssb::e2e
