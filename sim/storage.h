// The disk of one simulated node, in memory: the same Store runs on it as on the machine's, through
// an SQLite VFS of its own.
//
//   What was not synced survives a crash or does not, as disk_image.h says. Faults are set from
//   outside, at any moment; nothing here happens by chance but what a generator that was handed in
//   decides, and no time passes but what take_delay reports.
//   SQLite's own generator (the salts of its write-ahead logs) is the process's: each Storage that
//   is made seeds it anew, and with the last one it goes back to the system's randomness.
//
//   Units   bytes. Names of files are absolute and normal: "/node/5.ssb", "/node/5.ssb-wal".
//   Errors  SQLITE_IOERR, SQLITE_FULL; StoreFailure from what a Folder asks.
//   Source  our own; SQLite's VFS interface, version 1 (https://sqlite.org/vfs.html).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/store/disk.h"
#include "proto/time.h"
#include "sim/disk_image.h"

namespace ssb::sim {

inline constexpr std::uint64_t kCapacityBytes = std::uint64_t{256} << 20;

struct StorageFaults {
  // What no longer fits is refused with SQLITE_FULL; what is there already may be overwritten.
  std::uint64_t capacity_bytes = kCapacityBytes;
  // So many of 1000 syncs are reported done and are not.
  std::uint32_t lying_syncs = 0;
  bool tears_writes = false;  // the last write before a loss of power may end at any byte
  // Reads of this file fail, "": of every file.
  std::optional<std::string> unreadable{};
  proto::Duration write_delay{0};
  proto::Duration sync_delay{0};
};

struct StorageCounters {
  std::uint64_t steps = 0;  // all that changes something: also creations, removals, resizings
  std::uint64_t writes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t lied_syncs = 0;  // of `syncs`
  std::uint64_t bytes_written = 0;
  std::uint64_t reads = 0;  // of the whole disk only; no steps
};

class Storage final : public broker::store::Disk {
 public:
  using Clock = std::function<proto::TimePoint()>;

  // `draw` decides which syncs lie and seeds SQLite; both must outlive the Storage, which must
  // outlive every connection on it (a Store keeps its disk alive).
  Storage(Draw draw, Clock clock);
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage() override;

  // A relative path is one from "/".
  [[nodiscard]] std::unique_ptr<broker::store::LockedFolder> open_folder(
      const std::filesystem::path& path) override;

  // ---- faults
  void set_faults(const StorageFaults& faults);
  [[nodiscard]] const StorageFaults& faults() const;

  enum class Step : std::uint8_t { write, sync, read, any };  // any: of those that change something
  // last: from then on every operation fails, reading as well, until revive or lose_power: the
  // moment of a crash. passing: that one operation alone.
  enum class Failure : std::uint8_t { lasting, passing };
  // The n-th such step from now fails with SQLITE_IOERR (1: the next); 0: none does. A write that
  // fails for good was under way: lose_power may leave parts of it. One of each Failure is armed at
  // a time.
  void fail_at(Step step, std::uint64_t n, Failure failure = Failure::lasting);
  // How many more of those steps there may be until then; 0: nothing is armed.
  [[nodiscard]] std::uint64_t steps_until(Failure failure) const;
  // The n-th write from now lands in another place of its file, and is reported done.
  void misdirect_at(std::uint64_t n);
  // How many more writes there may be until then; 0: nothing is armed.
  [[nodiscard]] std::uint64_t writes_until_misdirected() const;
  // No fault is set any more, and none is armed.
  void make_well();
  [[nodiscard]] bool has_failed() const;  // since the last fail_at
  [[nodiscard]] bool is_failing() const;  // for good, until revive or lose_power
  void revive();

  // The process has died, the machine has not: everything written stays. What was open answers
  // SQLITE_IOERR from now on, and a new Store may open the folder.
  void kill();
  // The machine has lost power and is up again: kill, forget, revive.
  void lose_power(const Draw& draw);

  // Flips the bits of `mask` in a durable byte; false when there is no such byte.
  bool rot(const std::string& file, std::uint64_t offset, std::uint8_t mask);
  // One bit in a drawn place of a drawn file; false when nothing is durable.
  bool rot_anywhere();

  // Told what a fault has done: "storage.read_failed", "storage.sync_lied", ...
  std::function<void(const char* name)> probe = [](const char*) {};

  // The virtual time that the disk has taken since the last call.
  [[nodiscard]] proto::Duration take_delay();

  // ---- looking
  // While one lives, operations neither fail nor count down to a failure: for those who look from outside through a Store.
  class Look {
   public:
    explicit Look(Storage& storage);
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;
    ~Look();

   private:
    Storage& storage_;
    bool was_looking_;
  };
  [[nodiscard]] StorageCounters counters() const;
  // Since the Storage was made, whatever became of the file; of a folder, its syncs.
  [[nodiscard]] StorageCounters counters(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> files() const;
  [[nodiscard]] std::uint64_t size(const std::string& file) const;  // 0 when there is none
  [[nodiscard]] std::uint64_t used_bytes() const;
  // Over names and contents, as seen and as durable.
  [[nodiscard]] broker::crypto::Sha256Digest fingerprint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ssb::sim
