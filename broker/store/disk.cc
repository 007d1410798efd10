// The machine's disk. The lock is flock(2), which the system gives up when the process ends in
// whatever way.
#include "broker/store/disk.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "broker/store/store.h"

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

// Every level that is new is durable in the one above it before the next one is made.
void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return;
  if (folder.has_relative_path()) make_folders(folder.parent_path());
  const bool is_new = std::filesystem::create_directory(folder, error);
  if (error) throw StoreFailure("folder " + folder.string() + ": " + error.message());
  if (is_new) sync_folder(folder.parent_path());
}

class MachineFolder : public LockedFolder {
 public:
  explicit MachineFolder(const std::filesystem::path& path)
      : path_(std::filesystem::absolute(path).lexically_normal()) {
    make_folders(path_);
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
  MachineFolder(const MachineFolder&) = delete;
  MachineFolder& operator=(const MachineFolder&) = delete;
  ~MachineFolder() override { ::close(lock_); }

  [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
  [[nodiscard]] const char* vfs() const override { return nullptr; }
  [[nodiscard]] bool exists(const std::string& name) const override {
    return std::filesystem::exists(path_ / name);
  }
  [[nodiscard]] std::vector<std::string> list() const override {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  void remove(const std::string& name) override {
    const std::filesystem::path file = path_ / name;
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error) throw StoreFailure(file.string() + ": " + error.message());
  }
  void sync() override { sync_folder(path_); }

 private:
  const std::filesystem::path path_;
  int lock_ = -1;
};

class MachineDisk : public Disk {
 public:
  [[nodiscard]] std::unique_ptr<LockedFolder> open_folder(
      const std::filesystem::path& path) override {
    return std::make_unique<MachineFolder>(path);
  }
};

}  // namespace

std::shared_ptr<Disk> make_machine_disk() {
  return std::make_shared<MachineDisk>();
}

}  // namespace ssb::broker::store
