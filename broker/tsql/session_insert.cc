// INSERT of VALUES, of a query, of defaults, of what a procedure selects. Rows are computed first, then written one by one.
#include <algorithm>

#include "broker/tsql/session_target.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

// The columns that an INSERT gives: those of its list, or all that take a value.
Result<std::vector<std::size_t>> Session::State::insert_columns(
    const Target& target, const std::vector<std::string>& names, std::size_t given) {
  std::vector<std::size_t> columns;
  const bool gives_identity = lower(target.name) == set.identity_insert;
  for (const std::string& name : names) {
    const auto column = target.shape.find(name);
    if (!column) return Error(ErrorCode::unknown_column, name);
    if (target.shape.columns[*column].identity && !gives_identity) {
      return Error(ErrorCode::identity_insert_off, target.name);
    }
    columns.push_back(*column);
  }
  if (!names.empty()) return columns;
  for (std::size_t i = 0; i < target.shape.columns.size(); ++i) {
    const ColumnShape& column = target.shape.columns[i];
    if (!column.identity && column.computed == nullptr && column.type.type != SqlType::rowversion)
      columns.push_back(i);
  }
  if (given != columns.size()) {
    const bool for_identity = given == columns.size() + 1 && target.shape.identity_column();
    return for_identity ? Error(ErrorCode::identity_needs_columns, target.name)
                        : Error(ErrorCode::column_count_mismatch);
  }
  return columns;
}

// Rows of the given columns become whole rows. A null cell in `defaults` takes the column's default.
Result<std::vector<Row>> Session::State::whole_rows(
    const Target& target, const std::vector<std::size_t>& columns, const Rows& given,
    const std::vector<std::vector<bool>>& defaults) {
  std::vector<Row> rows;
  for (std::size_t r = 0; r < given.rows.size(); ++r) {
    Row row(target.shape.columns.size());
    std::vector<bool> is_set(row.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (r < defaults.size() && defaults[r][c]) continue;
      const ColumnShape& column = target.shape.columns[columns[c]];
      Result<Value> value = column_value(column, given.rows[r][c], given.columns[c].type);
      if (!value) return value.error();
      row[columns[c]] = *std::move(value);
      is_set[columns[c]] = true;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      const ColumnShape& column = target.shape.columns[i];
      if (is_set[i] || column.identity || column.computed != nullptr) continue;
      Value value;
      DataType type = column.type;
      if (column.default_value != nullptr) {
        Result<TypedValue> made = evaluate(*column.default_value);
        if (!made) return made.error();
        value = std::move(made->value);
        type = made->type;
      } else if (column.type.type == SqlType::rowversion) {
        value = proto::Bytes(8);
      }
      Result<Value> fitting = column_value(column, std::move(value), type);
      if (!fitting) return fitting.error();
      row[i] = *std::move(fitting);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<Row>> Session::State::put_rows(Target& target,
                                                  const std::vector<std::string>& names,
                                                  const Rows& given,
                                                  const std::vector<std::vector<bool>>& defaults) {
  const Result<std::vector<std::size_t>> columns =
      insert_columns(target, names, given.columns.size());
  if (!columns) return columns.error();
  if (columns->size() != given.columns.size()) {
    return Error(given.columns.size() < columns->size() ? ErrorCode::insert_select_too_few
                                                        : ErrorCode::insert_select_too_many);
  }
  Result<std::vector<Row>> rows = whole_rows(target, *columns, given, defaults);
  if (!rows) return rows.error();
  const Result<void> complete_rows = complete(target, *rows);
  if (!complete_rows) return complete_rows.error();
  const auto identity = target.shape.identity_column();
  const bool has_identity =
      identity && std::find(columns->begin(), columns->end(), *identity) != columns->end();
  const Result<void> added = add_rows(target, *rows, has_identity);
  if (!added) return added.error();
  return rows;
}

Result<void> Session::State::write_rows(const TableSource& into,
                                        const std::vector<std::string>& names, const Rows& given) {
  Result<Target> target = find_target(into, "INSERT");
  if (!target) return target.error();
  const auto rows = put_rows(*target, names, given, {});
  if (!rows) return rows.error();
  return {};
}

// The rows of VALUES, each cell by itself: types may differ from row to row.
Result<Session::State::Rows> Session::State::values_of(const InsertRows& node, const Target& target,
                                                       const std::vector<std::string>& names,
                                                       std::vector<std::vector<bool>>& defaults) {
  Rows given;
  const Result<std::vector<std::size_t>> columns =
      insert_columns(target, names, node.rows[0].size());
  if (!columns) return columns.error();
  for (const std::size_t column : *columns) {
    OutputColumn described;
    described.type = target.shape.columns[column].type;
    given.columns.push_back(std::move(described));
  }
  for (const std::vector<Expression>& cells : node.rows) {
    if (cells.size() != columns->size()) {
      return Error(cells.size() < columns->size() ? ErrorCode::values_too_few
                                                  : ErrorCode::values_too_many);
    }
    Row& row = given.rows.emplace_back();
    std::vector<bool>& is_default = defaults.emplace_back(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      is_default[i] = std::holds_alternative<DefaultValue>(cells[i].node);
      if (is_default[i]) {
        row.emplace_back();
        continue;
      }
      Result<TypedValue> cell = evaluate(cells[i]);
      if (!cell) return cell.error();
      Result<Value> value =
          column_value(target.shape.columns[(*columns)[i]], std::move(cell->value), cell->type);
      if (!value) return value.error();
      row.push_back(*std::move(value));
    }
  }
  return given;
}

Result<Outcome> Session::State::insert(const Insert& node) {
  if (const auto* source = std::get_if<InsertExecute>(&node.source)) {
    const StatementNode* execute = source->execute->node.get();
    if (const auto* named = std::get_if<Execute>(execute)) return call(*named, &node);
    return call_text(std::get<ExecuteText>(*execute), &node);
  }
  return atomically([&]() -> Result<Outcome> {
    Result<Target> target = find_target(node.target, "INSERT");
    if (!target) return target.error();
    Rows given;
    std::vector<std::vector<bool>> defaults;
    std::vector<std::string> names = node.columns;
    if (const auto* values = std::get_if<InsertRows>(&node.source)) {
      Result<Rows> cells = values_of(*values, *target, names, defaults);
      if (!cells) return cells.error();
      given = *std::move(cells);
    } else if (const auto* query = std::get_if<InsertQuery>(&node.source)) {
      Translator translator(*this);
      Result<Rows> selected = run_translated(translator, translator.query(query->query));
      if (!selected) return selected.error();
      given = *std::move(selected);
    } else {
      return insert_defaults(node, *target);
    }
    const Result<std::vector<Row>> rows = put_rows(*target, names, given, defaults);
    if (!rows) return rows.error();
    if (node.output) {
      const Result<void> said = put_out(*node.output, *target, *rows, {});
      if (!said) return said.error();
    }
    count_rows(static_cast<std::int64_t>(rows->size()));
    return Outcome::done;
  });
}

Result<Outcome> Session::State::insert_defaults(const Insert& node, Target& target) {
  Rows one;
  one.rows.emplace_back();
  Result<std::vector<Row>> rows = whole_rows(target, {}, one, {});
  if (!rows) return rows.error();
  const Result<void> complete_rows = complete(target, *rows);
  if (!complete_rows) return complete_rows.error();
  const Result<void> added = add_rows(target, *rows, false);
  if (!added) return added.error();
  if (node.output) {
    const Result<void> said = put_out(*node.output, target, *rows, {});
    if (!said) return said.error();
  }
  count_rows(1);
  return Outcome::done;
}

// The end of INSERT ... EXEC.
Result<void> Session::State::insert_collected(const Insert& node, std::vector<RowSet> collected) {
  const Result<Outcome> done = atomically([&]() -> Result<Outcome> {
    std::int64_t count = 0;
    for (RowSet& set_of_rows : collected) {
      Rows rows;
      for (ResultColumn& column : set_of_rows.columns) {
        OutputColumn described;
        described.type = column.type;
        rows.columns.push_back(std::move(described));
      }
      rows.rows = std::move(set_of_rows.rows);
      count += static_cast<std::int64_t>(rows.rows.size());
      const Result<void> written = write_rows(node.target, node.columns, rows);
      if (!written) return written.error();
    }
    count_rows(count);
    return Outcome::done;
  });
  if (!done) return done.error();
  // A lock that is taken cannot be waited for here: the procedure is over.
  if (*done == Outcome::waits) {
    wait = {};
    statement_until.reset();
    return Error(ErrorCode::lock_timeout, "INSERT ... EXEC");
  }
  return {};
}

}  // namespace ssb::broker::tsql
