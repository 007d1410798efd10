// The folder of an instance: the names of its files, and durable removal.
//
//   Shape   instance.lock (empty, locked while open) | instance.ssb (commit records) |
//           instance.ssb-records0 to 3 (the journal) | <database id>.ssb, each .ssb with SQLite's -wal beside it.
//   Errors  StoreFailure naming the folder: it cannot be made, or another Store has it.
//   Source  our own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "broker/store/disk.h"
#include "broker/store/store.h"

namespace ssb::broker::store {

class Folder {
 public:
  Folder(Disk& disk, const std::filesystem::path& path) : folder_(disk.open_folder(path)) {}

  [[nodiscard]] const char* vfs() const { return folder_->vfs(); }
  [[nodiscard]] std::string instance_file() const;
  [[nodiscard]] std::string journal_file() const;  // 0 or 1 follows
  [[nodiscard]] std::string database_file(DatabaseId id) const;
  [[nodiscard]] bool has_database(DatabaseId id) const;
  [[nodiscard]] std::vector<DatabaseId> databases() const;
  void remove_database(DatabaseId id);

 private:
  const std::unique_ptr<LockedFolder> folder_;
};

}  // namespace ssb::broker::store
