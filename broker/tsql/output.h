// What a batch says to its client, in order: result sets, row counts, messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/store/store.h"
#include "broker/tsql/ast.h"
#include "proto/error.h"

namespace ssb::broker::tsql {

struct ResultColumn {
  std::string name;
  DataType type;
};
// Values: NULL monostate; bit/int/bigint int64; float double; text UTF-8; binary Bytes;
// uniqueidentifier its upper-case text; datetime "2008-11-26 09:00:00.123"; xml text.
struct RowSet {
  std::vector<ResultColumn> columns;
  std::vector<store::Row> rows;
};
struct RowCount {
  std::int64_t rows = 0;
};
// An error (severity above 10), a warning or information (10), or PRINT (0).
struct ServerMessage {
  proto::Error error;  // PRINT: number 0, the text as first parameter
  int severity = 0;
  int line = 0;           // 1-based in the batch or procedure
  std::string procedure;  // empty in a batch
  std::string caret;      // of errors: the source line and a ^ under the place; may be empty
};
struct DatabaseChanged {
  std::string database;
};
using OutputItem = std::variant<RowSet, RowCount, ServerMessage, DatabaseChanged>;
using Output = std::vector<OutputItem>;

}  // namespace ssb::broker::tsql
