// The journal of an instance: the records of each flush that concerned nothing else, one after the other in a file that is
// written from its start again when SQLite has them all.
//
//   Shape   record | record | ...; what follows the last whole one is old or torn
//           record  = 4 bytes magic "ssbj" | 4 bytes length of its entries | 8 bytes sequence, one more than the record before it
//                     | 8 bytes check | entries; numbers little-endian
//           check   = XXH3-64 of sequence and entries, seeded with the check of the record before it; of the first with 0
//           entry   = 4 bytes database | 1 byte length, table | 2 bytes length, key | 4 bytes length, value; length 2^32-1: erased
//   Why nothing old is read after something new: the first record says where it stands by its sequence, which databases compare
//   with what they have folded; every other one carries the check of its predecessor.
//   Errors  StoreFailure of the file; a record whose check holds and whose entries do not parse is damage.
//   Source  our own; as of SQLite's write-ahead log, a write of a sector leaves its other bytes alone.
#pragma once

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

// Recovery reads no more than this, and memory holds no more of what is not folded.
inline constexpr std::uint64_t kJournalBytesMax = std::uint64_t{64} << 20;

class Journal {
 public:
  // Opens or makes the file; `vfs` as of Shared. What stands in it is read at once.
  struct Entry {
    std::uint64_t sequence = 0;
    std::string table;
    proto::Bytes key;
    RecordValue value;  // nullptr: erased
  };
  using See = std::function<void(DatabaseId, Entry)>;
  Journal(const char* vfs, std::string file, bool flushed, const See& see);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // Of the last record; the next one has one more.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  // A database has folded as far as this.
  void know(std::uint64_t sequence);

  // Whether a record of so many bytes, the sum of bytes_of its changes, can be appended.
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;
  [[nodiscard]] static std::uint64_t bytes_of(const Records::Change& change);
  // Builds the next record: `add` for each change, then `append`, which makes it durable.
  void add(DatabaseId database, const Records::Change& change);
  void append();

  // Nothing in it is needed any more.
  void start_anew();

 private:
  [[noreturn]] void fail(const char* what) const;
  void read(const See& see);
  void read_at(std::span<std::uint8_t> to, std::uint64_t offset);
  void write_at(proto::ByteView from, std::uint64_t offset);

  const std::string name_;
  const bool flushed_;
  std::unique_ptr<std::uint8_t[]> memory_;  // of the open file
  sqlite3_file* file_ = nullptr;
  std::uint64_t end_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t check_ = 0;  // of the last record, 0 at the start
  proto::Bytes record_;
};

}  // namespace ssb::broker::store
