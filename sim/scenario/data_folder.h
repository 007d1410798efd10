// Where an instance keeps what is its own: its store, the sandbox of T-SQL file names, and the key of the machine.
//
//   Shape   FOLDER/store, FOLDER/files, FOLDER/secrets/machine.key (32 random bytes, mode 0600, folder 0700)
#pragma once

#include <filesystem>

#include "proto/secret.h"

namespace ssb::sim::scenario {

class DataFolder {
 public:
  explicit DataFolder(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] std::filesystem::path store() const { return root_ / "store"; }
  [[nodiscard]] std::filesystem::path files() const { return root_ / "files"; }
  // Makes the folders and the key where they are missing. Throws std::runtime_error when that fails, or when others may read the key.
  [[nodiscard]] proto::Secret prepare() const;

 private:
  std::filesystem::path root_;
};

}  // namespace ssb::sim::scenario
