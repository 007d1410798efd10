// The journal of an instance: the records of each flush that concerned nothing else, one after the other in one of some files, which
// are written by turns. When one is full, the oldest, of which SQLite has everything by then, is written next, from its start. So
// what is short-lived has the time of all files but one to go before it is folded.
//
//   Shape   kJournalFiles files: record | record | ...; what follows the last whole one is old, torn or empty
//           record  = 4 bytes magic "ssbj" | 4 bytes length of its entries | 8 bytes sequence, more than in the record before it
//                     | 8 bytes check | entries; numbers little-endian
//           check   = XXH3-64 of sequence and entries, seeded with the check of the record before it; of the first with 0
//           entry   = 4 bytes database | 1 byte length, table | 2 bytes length, key | 4 bytes length, value; length 2^32-1: erased
//   Why nothing old is read after something new: the first record says where it stands by its sequence, which databases compare
//   with what they have folded; every other one carries the check of its predecessor.
//   Room    is set aside in large pieces: a sync of a file that grows has to write its size, too.
//   Errors  StoreFailure of the file; a record whose check holds and whose entries do not parse is damage.
//   Source  our own; as of SQLite's write-ahead log, a write of a sector leaves its other bytes alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "broker/store/records.h"
#include "broker/store/store.h"
#include "proto/bytes.h"

namespace ssb::broker::store {

// Of each file; the last record may go beyond it. Recovery reads no more than twice this.
inline constexpr std::uint64_t kJournalBytesMax = std::uint64_t{32} << 20;

class Journal {
 public:
  // Opens or makes the files; `vfs` as of Shared. What stands in them is read at once, each file from its start.
  struct Entry {
    std::uint64_t sequence = 0;
    std::uint8_t generation = 0;  // which file
    std::string table;
    proto::Bytes key;
    RecordValue value;  // nullptr: erased
  };
  using See = std::function<void(DatabaseId, Entry)>;
  Journal(const char* vfs, const std::string& file, bool flushed, const See& see);

  // Of the last record.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  // A database has folded as far as this.
  void know(std::uint64_t sequence) { sequence_ = std::max(sequence_, sequence); }

  // Whether a record of so many bytes, the sum of bytes_of its changes, can be appended.
  [[nodiscard]] static bool has_room(std::uint64_t bytes) { return bytes <= kJournalBytesMax; }
  [[nodiscard]] static std::uint64_t bytes_of(const Records::Change& change);
  // Builds the next record: `add` for each change, then `append`, which makes it durable.
  void add(DatabaseId database, const Records::Change& change);
  void append();

  // The file that is written now, and the one that is written next; between them stand the others, in the order of their age.
  [[nodiscard]] std::uint8_t generation() const { return current_; }
  [[nodiscard]] std::uint8_t oldest() const { return after(current_); }
  [[nodiscard]] static std::uint8_t after(std::uint8_t generation) {
    return static_cast<std::uint8_t>((generation + 1U) % kJournalFiles);
  }
  [[nodiscard]] bool is_full() const { return files_[current_].end >= kJournalBytesMax; }
  // Of the last record of the oldest file; 0: it has none.
  [[nodiscard]] std::uint64_t oldest_sequence() const { return files_[oldest()].sequence; }
  // Nothing in the oldest file is needed any more: it is written next, from its start.
  void rotate();
  // Nothing in any is needed any more.
  void start_anew();

 private:
  class File {
   public:
    File() = default;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();
    void open(const char* vfs, std::string name);
    void read_at(std::span<std::uint8_t> to, std::uint64_t offset);
    void write_at(proto::ByteView from, std::uint64_t offset);
    void sync();
    // Before a write at `end`.
    void make_room_for(std::uint64_t bytes);
    [[nodiscard]] std::uint64_t size();
    [[noreturn]] void fail(const char* what) const;

    std::uint64_t end = 0;
    std::uint64_t sequence = 0;  // of its last record
    std::uint64_t check = 0;     // of its last record, 0 at the start

   private:
    std::string name_;
    std::uint64_t room_ = 0;                  // what the file system has set aside for it
    std::unique_ptr<std::uint8_t[]> memory_;  // of the open file
    sqlite3_file* file_ = nullptr;
  };
  void read(std::uint8_t generation, const See& see);

  [[nodiscard]] std::vector<proto::ByteView> parts() const;

  const bool flushed_;
  std::array<File, kJournalFiles> files_;
  std::uint8_t current_ = 0;
  std::uint64_t sequence_ = 0;
  // The next record, in order: of `record_` as far as `at`, then `value`, which is large and written from where it lies.
  struct Lent {
    std::size_t at;
    RecordValue value;
  };
  proto::Bytes record_;
  std::vector<Lent> lent_;
};

}  // namespace ssb::broker::store
