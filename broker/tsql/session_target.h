// The table that INSERT, UPDATE or DELETE writes, and what a row must be to go into it.
#pragma once

#include "broker/tsql/session_state.h"

namespace ssb::broker::tsql {

// The table that a statement writes: in memory, or in the store.
struct Session::State::Target {
  TableShape shape;
  Relation relation;
  std::string name;                     // for messages
  std::shared_ptr<MemoryTable> memory;  // null: in the store
  Place place;
  std::string table;  // quoted, in the store
  [[nodiscard]] const char* row_column() const { return memory ? "n" : "_rowid_"; }
};

// The value as the column takes it: converted, whole, not NULL where NULL is not allowed.
[[nodiscard]] proto::Result<store::Value> column_value(const ColumnShape& column,
                                                       store::Value value, const DataType& type);
// No two rows with the same key: for tables in memory, and for those that SQLite checks row by row.
[[nodiscard]] proto::Result<void> check_keys(const TableShape& shape,
                                             const std::vector<store::Row>& rows);

}  // namespace ssb::broker::tsql
