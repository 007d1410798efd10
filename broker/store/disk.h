// What the store asks of the file system: the seam at which a simulated disk takes the place of the
// machine's.
//
//   Errors  StoreFailure naming the folder or the file.
//   Source  our own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ssb::broker::store {

// A folder for as long as one Store has it; its end gives the lock back. What it is asked for once
// its disk has crashed under it fails.
class LockedFolder {
 public:
  LockedFolder() = default;
  LockedFolder(const LockedFolder&) = delete;
  LockedFolder& operator=(const LockedFolder&) = delete;
  virtual ~LockedFolder() = default;

  [[nodiscard]] virtual const std::filesystem::path& path() const = 0;  // absolute
  // The SQLite VFS that connections to its files open with; nullptr: SQLite's default.
  [[nodiscard]] virtual const char* vfs() const = 0;
  [[nodiscard]] virtual bool exists(const std::string& name) const = 0;
  [[nodiscard]] virtual std::vector<std::string> list() const = 0;  // names, in any order
  // Nothing when there is none. Durable, like a creation, once the folder has been synced.
  virtual void remove(const std::string& name) = 0;
  virtual void sync() = 0;
};

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  // Makes the folder, durably, when it is not there. StoreFailure when another Store has it. The
  // disk must outlive it.
  [[nodiscard]] virtual std::unique_ptr<LockedFolder> open_folder(
      const std::filesystem::path& path) = 0;
};

// The disk of the machine that runs this.
[[nodiscard]] std::shared_ptr<Disk> make_machine_disk();

}  // namespace ssb::broker::store
