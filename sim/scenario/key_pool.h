// A file with RSA key pairs for scenarios, so that a run does not spend its time on making them. Throw-away keys: the n-th key of a size is
// made from a seed that stands in key_pool.cc, so that a run repeats on any machine (with the same OpenSSL), and everybody knows them all.
// `ssbsim node` never uses it.
//
//   Shape   the line "ssbsim throw-away RSA keys 2\n", then one record a key: u32 bits | u32 n | n bytes PKCS#8, big-endian. Mode 0600,
//           locked (flock) while it is read or written; a record that a crash cut off is cut off the file. A file of another version is
//           begun anew.
//   Errors  a file that is not a pool throws; one that cannot be made or opened does not: keys are then made for this run only.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker/crypto/rsa.h"

namespace ssb::sim::scenario {

class KeyPool {
 public:
  // Told before each key that has to be made.
  using Progress = std::function<void(const std::string& text)>;

  explicit KeyPool(std::filesystem::path file, Progress on_progress = {});

  // A new run: the seed chooses which key of a size the first request for that size gets; the next one gets the next key.
  void start_run(std::uint64_t seed = 1) {
    seed_ = seed;
    drawn_.clear();
  }
  [[nodiscard]] broker::crypto::RsaPrivateKey draw(int bits);
  // How many keys of a size are known.
  [[nodiscard]] std::size_t size(int bits) const;
  static constexpr std::size_t kChoice = 16;  // seeds choose among so many keys of a size

 private:
  struct Record {
    int bits = 0;
    proto::Secret pkcs8;
  };
  // Makes the file hold more than `wanted` keys of this size, making them where it does not.
  void fill(int bits, std::size_t wanted);
  void read_records(int descriptor);
  void append(int descriptor, int bits, const broker::crypto::RsaPrivateKey& key);

  std::filesystem::path file_;
  Progress on_progress_;
  std::map<int, std::vector<broker::crypto::RsaPrivateKey>> keys_;
  std::map<int, std::size_t> drawn_;
  std::uint64_t seed_ = 1;
};

// In the user's cache folder: XDG_CACHE_HOME, else HOME/.cache; `environment` reads both. Empty when there is neither.
[[nodiscard]] std::filesystem::path default_key_pool(
    const std::function<std::string(const char* name)>& environment);

}  // namespace ssb::sim::scenario
