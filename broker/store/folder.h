// The folder of an instance: its lock, the names of its files, and durable removal.
//
//   Shape   instance.lock (empty, locked while open) | instance.ssb (commit records) | <database
//   id>.ssb, each with SQLite's
//           -wal beside it.
//   Errors  StoreFailure naming the folder: it cannot be made, or another Store has it.
//   Source  our own; flock(2), which the system gives up when the process ends in whatever way.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "broker/store/store.h"

namespace ssb::broker::store {

class Folder {
 public:
  explicit Folder(const std::filesystem::path& path);
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] std::string instance_file() const;
  [[nodiscard]] std::string database_file(DatabaseId id) const;
  [[nodiscard]] bool has_database(DatabaseId id) const;
  [[nodiscard]] std::vector<DatabaseId> databases() const;
  void remove_database(DatabaseId id);

 private:
  const std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace ssb::broker::store
