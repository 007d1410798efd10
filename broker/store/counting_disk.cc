#include "broker/store/counting_disk.h"

#include <cstddef>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "broker/store/store.h"

namespace ssb::broker::store {
namespace {

// An open file, in the memory that SQLite gives for it; the file that it stands for follows it there.
struct CountingFile : sqlite3_file {
  DiskCounts* counts;

  static constexpr std::size_t kAlignment = alignof(std::max_align_t);
  static constexpr std::size_t size() {
    return (sizeof(sqlite3_file) + sizeof(counts) + kAlignment - 1) / kAlignment * kAlignment;
  }
  sqlite3_file* base() {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(this) + size());
  }
};
static_assert(sizeof(CountingFile) <= CountingFile::size());

CountingFile& self(sqlite3_file* file) {
  return *static_cast<CountingFile*>(file);
}
sqlite3_file* base(sqlite3_file* file) {
  return self(file).base();
}
const sqlite3_io_methods& of_base(sqlite3_file* file) {
  return *base(file)->pMethods;
}

int close_file(sqlite3_file* file) {
  return of_base(file).xClose(base(file));
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  ++self(file).counts->reads;
  self(file).counts->bytes_read += static_cast<std::uint64_t>(size);
  return of_base(file).xRead(base(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  ++self(file).counts->writes;
  self(file).counts->bytes_written += static_cast<std::uint64_t>(size);
  return of_base(file).xWrite(base(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return of_base(file).xTruncate(base(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  ++self(file).counts->syncs;
  return of_base(file).xSync(base(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return of_base(file).xFileSize(base(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return of_base(file).xLock(base(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return of_base(file).xUnlock(base(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* is_reserved) {
  return of_base(file).xCheckReservedLock(base(file), is_reserved);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return of_base(file).xFileControl(base(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return of_base(file).xSectorSize(base(file));
}
int device_characteristics(sqlite3_file* file) {
  return of_base(file).xDeviceCharacteristics(base(file));
}

// Of version 1: the store locks its files for itself alone, so their write-ahead logs need no shared memory.
constexpr sqlite3_io_methods kMethods = {1,
                                         &close_file,
                                         &read_file,
                                         &write_file,
                                         &truncate_file,
                                         &sync_file,
                                         &file_size,
                                         &lock_file,
                                         &unlock_file,
                                         &check_reserved_lock,
                                         &file_control,
                                         &sector_size,
                                         &device_characteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

// A VFS that opens counting files and leaves all else to the one that it is a copy of.
struct CountingVfs : sqlite3_vfs {
  sqlite3_vfs* under;
  DiskCounts* counts;
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& counting = *static_cast<CountingVfs*>(vfs);
  file->pMethods = nullptr;  // unless it is open: then SQLite closes it
  self(file).counts = counting.counts;
  sqlite3_file* under = base(file);
  under->pMethods = nullptr;
  const int code = counting.under->xOpen(counting.under, name, under, flags, out_flags);
  if (code == SQLITE_OK) {
    file->pMethods = &kMethods;
  } else if (under->pMethods != nullptr) {
    under->pMethods->xClose(under);
  }
  return code;
}

class CountingFolder : public LockedFolder {
 public:
  CountingFolder(std::unique_ptr<LockedFolder> under, DiskCounts& counts)
      : under_(std::move(under)), counts_(counts) {
    sqlite3_vfs* found = sqlite3_vfs_find(under_->vfs());
    if (found == nullptr) throw StoreFailure("SQLite has no VFS");
    static_cast<sqlite3_vfs&>(vfs_) = *found;
    vfs_.under = found;
    vfs_.counts = &counts;
    vfs_.pNext = nullptr;
    vfs_.szOsFile += static_cast<int>(CountingFile::size());
    vfs_.xOpen = &open_file;
    vfs_.zName = name_.c_str();
    if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw StoreFailure("SQLite takes no VFS");
  }
  CountingFolder(const CountingFolder&) = delete;
  CountingFolder& operator=(const CountingFolder&) = delete;
  ~CountingFolder() override { sqlite3_vfs_unregister(&vfs_); }

  [[nodiscard]] const std::filesystem::path& path() const override { return under_->path(); }
  [[nodiscard]] const char* vfs() const override { return name_.c_str(); }
  [[nodiscard]] bool exists(const std::string& name) const override { return under_->exists(name); }
  [[nodiscard]] std::vector<std::string> list() const override { return under_->list(); }
  void remove(const std::string& name) override { under_->remove(name); }
  void sync() override {
    ++counts_.syncs;
    under_->sync();
  }

 private:
  std::unique_ptr<LockedFolder> under_;
  DiskCounts& counts_;
  // Of its own as long as it lives, in whatever thread others are made.
  const std::string name_ = fmt::format("ssb-counting-{}", fmt::ptr(this));
  CountingVfs vfs_{};
};

class CountingDisk : public Disk {
 public:
  explicit CountingDisk(DiskCounts& counts) : counts_(counts) {}
  [[nodiscard]] std::unique_ptr<LockedFolder> open_folder(
      const std::filesystem::path& path) override {
    return std::make_unique<CountingFolder>(under_->open_folder(path), counts_);
  }

 private:
  std::shared_ptr<Disk> under_ = make_machine_disk();
  DiskCounts& counts_;
};

}  // namespace

std::shared_ptr<Disk> make_counting_disk(DiskCounts& counts) {
  return std::make_shared<CountingDisk>(counts);
}

}  // namespace ssb::broker::store
