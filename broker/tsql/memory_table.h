// Tables that live in a session: #temp tables, table variables, and rows that a statement only looks at.
//
//   Shape   rows are shared until they change, so that a snapshot for ROLLBACK costs a pointer. SQL reads them as
//           "rows"(database, number): column n is the row's index, column c0, c1, ... its values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/store/store.h"
#include "broker/tsql/ast.h"
#include "broker/tsql/types.h"

namespace ssb::broker::tsql {

inline constexpr std::size_t kColumnsMax = 128;  // of a memory table

struct ColumnShape {
  ColumnShape(std::string column, DataType declared)
      : name(std::move(column)), type(std::move(declared)) {}
  std::string name;
  DataType type;
  bool is_nullable = true;
  std::optional<Identity> identity;
  const Expression* default_value = nullptr;  // in one of the shape's owners
  const Expression* computed = nullptr;
};
struct KeyShape {
  std::string name;
  bool is_primary = false;
  std::vector<std::size_t> columns;
};
struct CheckShape {
  std::string name;
  const Expression* condition = nullptr;
};
// What CREATE TABLE says of a table, wherever its rows are.
struct TableShape {
  std::vector<ColumnShape> columns;
  std::vector<KeyShape> keys;
  std::vector<CheckShape> checks;
  std::vector<std::shared_ptr<const Batch>> owners;  // of the expressions

  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] std::optional<std::size_t> identity_column() const;
};

struct MemoryTable {
  std::string name;  // "#t", "@t"
  TableShape shape;
  std::shared_ptr<const std::vector<store::Row>> rows = std::make_shared<std::vector<store::Row>>();
  std::int64_t last_identity = 0;
  bool has_identity_value = false;
  std::int64_t number = 0;  // of Runtime::add
};

}  // namespace ssb::broker::tsql
