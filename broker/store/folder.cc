#include "broker/store/folder.h"

#include <charconv>
#include <system_error>

namespace ssb::broker::store {
namespace {

std::string database_name(DatabaseId id) {
  return std::to_string(id) + ".ssb";
}

}  // namespace

std::string Folder::instance_file() const {
  return (folder_->path() / "instance.ssb").string();
}

std::string Folder::journal_file() const {
  return (folder_->path() / "instance.ssb-records").string();
}

std::string Folder::database_file(DatabaseId id) const {
  return (folder_->path() / database_name(id)).string();
}

bool Folder::has_database(DatabaseId id) const {
  return folder_->exists(database_name(id));
}

std::vector<DatabaseId> Folder::databases() const {
  std::vector<DatabaseId> ids;
  for (const std::string& name : folder_->list()) {
    DatabaseId id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error == std::errc() && name == database_name(id)) ids.push_back(id);
  }
  return ids;
}

void Folder::remove_database(DatabaseId id) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    folder_->remove(database_name(id) + suffix);
  }
  folder_->sync();
}

}  // namespace ssb::broker::store
