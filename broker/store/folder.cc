#include "broker/store/folder.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace ssb::broker::store {
namespace {

// A new or removed name is durable once its folder has been synced.
void sync_folder(const std::filesystem::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!is_synced) {
    throw StoreFailure("folder " + folder.string() + " cannot be synced: " + std::strerror(error));
  }
}

}  // namespace

Folder::Folder(const std::filesystem::path& path) : path_(std::filesystem::absolute(path)) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path_, error);
  if (error) throw StoreFailure("folder " + path_.string() + ": " + error.message());
  if (is_new) sync_folder(path_.parent_path());
  const std::filesystem::path lock_file = path_ / "instance.lock";
  lock_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) {
    throw StoreFailure("folder " + path_.string() + ": " + std::strerror(errno));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(lock_);
    throw StoreFailure("folder " + path_.string() +
                       (reason == EWOULDBLOCK ? " is in use by another instance"
                                              : std::string(": ") + std::strerror(reason)));
  }
}

Folder::~Folder() {
  ::close(lock_);
}

std::string Folder::instance_file() const {
  return (path_ / "instance.ssb").string();
}

std::string Folder::database_file(DatabaseId id) const {
  return (path_ / (std::to_string(id) + ".ssb")).string();
}

bool Folder::has_database(DatabaseId id) const {
  return std::filesystem::exists(database_file(id));
}

std::vector<DatabaseId> Folder::databases() const {
  std::vector<DatabaseId> ids;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    DatabaseId id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error == std::errc() && name == std::to_string(id) + ".ssb") ids.push_back(id);
  }
  return ids;
}

void Folder::remove_database(DatabaseId id) {
  const std::string file = database_file(id);
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code error;
    std::filesystem::remove(file + suffix, error);
    if (error) throw StoreFailure(file + suffix + ": " + error.message());
  }
  sync_folder(path_);
}

}  // namespace ssb::broker::store
