// Records of one database: rows of a key and a value that the engine writes without SQL, and what of them SQLite has not got yet.
//
//   Most of what the engine writes is short-lived: a pack of messages is written, and gone some flushes later. So a flush that
//   concerns records alone appends them to the journal (journal.h), and SQLite gets only what still differs when the journal is
//   full or when a flush goes through SQLite anyway: they are *folded*. Until then they are here.
//
//   Shape   a table is name(key BLOB PRIMARY KEY, value BLOB) in the database's file
//   Source  our own; the argument is in docs/store.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/store.h"
#include "proto/bytes.h"

namespace ssb::broker::store {

// How many files the journal has, which are written by turns.
inline constexpr std::size_t kJournalFiles = 4;

class Records {
 public:
  struct Item {
    RecordValue value;            // nullptr: erased
    bool is_changed = false;      // since the last flush
    std::uint8_t generation = 0;  // the journal file that has it; meaningless while it is changed
  };
  using Table = std::map<proto::Bytes, Item>;

  void put(std::string_view table, proto::ByteView key, RecordValue value);
  // nullptr: SQLite knows.
  [[nodiscard]] const Item* find(std::string_view table, proto::ByteView key) const;
  // nullptr: nothing of that table.
  [[nodiscard]] const Table* table(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Table, std::less<>>& tables() const { return tables_; }

  struct Change {
    const std::string* table;
    const proto::Bytes* key;
    Item* item;
  };
  // Since the last flush, in the order of their first change.
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] bool is_empty() const { return tables_.empty(); }

  // They are in the journal file of this generation.
  void set_flushed(std::uint8_t generation);
  // The same without SQLite below, which would have to be told what is erased.
  void set_flushed_in_memory();
  // SQLite has them all.
  void clear();
  // SQLite has those of this generation.
  void clear(std::uint8_t generation);
  // How many items the journal file of each generation has, by items: nothing else needs it.
  [[nodiscard]] bool has(std::uint8_t generation) const { return counts_.at(generation) > 0; }

 private:
  std::map<std::string, Table, std::less<>> tables_;
  std::vector<Change> changes_;
  std::array<std::size_t, kJournalFiles> counts_{};  // of items that are not changed, by generation
};

}  // namespace ssb::broker::store
