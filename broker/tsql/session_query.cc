// SELECT: result sets, assignments, SELECT INTO.
#include <algorithm>

#include <fmt/format.h>

#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Value;

namespace {

// The first SELECT of a query, which carries INTO.
const Select* first_select(const Query& query) {
  const auto* select = std::get_if<Select>(&query.terms[0].node);
  return select != nullptr ? select : first_select(*std::get<QueryPointer>(query.terms[0].node));
}

}  // namespace

Result<Session::State::Rows> Session::State::run_translated(
    const Translator& translator, const TranslateResult<SqlQuery>& query) {
  if (!query) return query.error().error;
  Result<std::vector<store::Row>> rows = rows_of(query->sql, translator.parameters());
  if (!rows) return rows.error();
  if (set.row_count > 0 && rows->size() > static_cast<std::size_t>(set.row_count)) {
    rows->resize(static_cast<std::size_t>(set.row_count));
  }
  return Rows{query->columns, *std::move(rows)};
}

Result<Session::State::Rows> Session::State::run_query(const Query& query) {
  Translator translator(*this);
  const auto translated = translator.query(query);
  return run_translated(translator, translated);
}

RowSet Session::State::row_set(Rows rows) const {
  RowSet result;
  for (OutputColumn& column : rows.columns)
    result.columns.push_back({std::move(column.name), std::move(column.type)});
  result.rows = std::move(rows.rows);
  return result;
}

// Row by row, the last one wins; += and its kin add up.
Result<void> Session::State::assign_rows(const Rows& rows) {
  for (const store::Row& row : rows.rows) {
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      const OutputColumn& column = rows.columns[i];
      const Result<void> assigned = assign(column.variable, column.op, row[i], column.type);
      if (!assigned) return assigned.error();
    }
  }
  return {};
}

Result<Outcome> Session::State::select(const SelectStatement& node) {
  if (const Select* first = first_select(node.query); first->into)
    return select_into(node.query, *first->into);
  variables_read.clear();
  Result<Rows> rows = run_query(node.query);
  if (!rows) return rows.error();
  const bool assigns = !rows->columns.empty() && !rows->columns[0].variable.empty();
  if (!assigns) {
    emit(row_set(*std::move(rows)));
    return Outcome::done;
  }
  const std::size_t count = rows->rows.size();
  const bool is_running_total =
      count > 1 &&
      std::any_of(rows->columns.begin(), rows->columns.end(), [this](const OutputColumn& column) {
        return variables_read.contains(lower(column.variable));
      });
  if (!is_running_total) {
    const Result<void> assigned = assign_rows(*rows);
    if (!assigned) return assigned.error();
  }
  // SELECT @s = @s + name FROM ...: each row sees what the rows before it left in the variable.
  for (std::size_t i = 0; is_running_total && i < count; ++i) {
    Translator translator(*this);
    auto query = translator.query(node.query);
    if (query) query->sql = fmt::format("SELECT * FROM ({}) LIMIT 1 OFFSET {}", query->sql, i);
    const Result<Rows> one = run_translated(translator, query);
    if (!one) return one.error();
    const Result<void> assigned = assign_rows(*one);
    if (!assigned) return assigned.error();
  }
  row_count = static_cast<std::int64_t>(count);
  return Outcome::done;
}

Result<Outcome> Session::State::select_into(const Query& query, const ObjectName& into) {
  return atomically([&]() -> Result<Outcome> {
    Result<Rows> rows = run_query(query);
    if (!rows) return rows.error();
    TableShape shape;
    for (const OutputColumn& column : rows->columns) {
      if (column.name.empty()) return Error(ErrorCode::column_without_name);
      if (shape.find(column.name))
        return Error(ErrorCode::column_name_twice, column.name, into.name);
      DataType type = column.type;
      if (is_text(type) && type.length == 0 && type.type != SqlType::sysname) type.length = -1;
      shape.columns.emplace_back(column.name, type);
    }
    const auto count = static_cast<std::int64_t>(rows->rows.size());
    const Result<void> made = make_target(into, std::move(shape), {});
    if (!made) return made.error();
    TableSource source;
    source.node = NamedTable{into};
    const Result<void> written = write_rows(source, {}, *rows);
    if (!written) return written.error();
    count_rows(count);
    return Outcome::done;
  });
}

}  // namespace ssb::broker::tsql
