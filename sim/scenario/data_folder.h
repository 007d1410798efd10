// Where an instance keeps what is its own: its store, the sandbox of T-SQL file names, and the key of the machine.
//
//   Shape   FOLDER/store, FOLDER/files, FOLDER/secrets/machine.key (32 random bytes, mode 0600, folder 0700)
#pragma once

#include <filesystem>
#include <stdexcept>

#include "proto/secret.h"

namespace ssb::sim::scenario {

// The folder or its key cannot be used; the text is for the user.
class FolderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class DataFolder {
 public:
  explicit DataFolder(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] std::filesystem::path store() const { return root_ / "store"; }
  [[nodiscard]] std::filesystem::path files() const { return root_ / "files"; }
  [[nodiscard]] std::filesystem::path machine_key() const {
    return root_ / "secrets" / "machine.key";
  }
  // Makes the folders and the key where they are missing. Throws FolderError when that fails, or when others may read the key.
  [[nodiscard]] proto::Secret prepare() const;

 private:
  std::filesystem::path root_;
};

}  // namespace ssb::sim::scenario
