// A disk for crash tests: SQLite's default VFS over real files, that stops or fills up at a chosen
// write and forgets what was not synced.
//
//   Shape   every write, truncation, sync and deletion of a file counts as one operation, from 1.
//   Source  our own; the model is that a sync makes all earlier writes of its file durable, and
//   that of the others any subset
//           survives a loss of power, each write wholly or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace ssb::broker::store {

enum class Fault { none, power_loss, disk_full };

// While it lives, it is SQLite's default VFS. One at a time.
class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  // From operation `at` on, counted from now, every operation fails; disk_full fails writes only.
  void arm(Fault fault, std::uint64_t at);
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  // Some operation was refused since arm.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  // After a loss of power, with every file closed: puts each file back to what was synced, plus
  // those later writes that a generator seeded with `seed` picks; then the disk works again.
  void restart(std::uint64_t seed);

  struct File;
  static const sqlite3_io_methods kMethods;

 private:
  struct Write {
    bool is_truncation;
    std::int64_t offset;  // or the new size
    std::string bytes;
  };
  struct Image {
    std::string durable;
    std::vector<Write> pending;
  };
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync);
  static int close(sqlite3_file* file);
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static int size(sqlite3_file* file, sqlite3_int64* size);
  static void apply(const Write& write, std::string& content);
  // SQLITE_OK when the next operation may happen.
  [[nodiscard]] int next_operation(bool is_write);

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  Fault fault_ = Fault::none;
  std::uint64_t fails_at_ = 0;
  std::uint64_t operations_ = 0;
  bool has_failed_ = false;
  std::map<std::string, Image> images_;
};

}  // namespace ssb::broker::store
