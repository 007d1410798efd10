// Cursors. Each is a snapshot: OPEN runs the query and keeps its rows, FETCH walks over them.
#include <algorithm>

#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;

Result<Cursor*> Session::State::find_cursor(const std::string& name) {
  const auto found = cursors.find(name);
  if (found == cursors.end()) return Error(ErrorCode::unknown_cursor, name);
  return &found->second;
}

Result<Outcome> Session::State::declare_cursor(const DeclareCursor& node) {
  const bool is_variable = node.name.starts_with('@');
  if (!is_variable && cursors.contains(node.name))
    return Error(ErrorCode::cursor_exists, node.name);
  Cursor cursor;
  cursor.query = &node.query;
  cursor.owner = module().batch;
  cursors[node.name] = std::move(cursor);
  row_count = 0;
  return Outcome::done;
}

Result<Outcome> Session::State::open_cursor(const OpenCursor& node) {
  const Result<Cursor*> cursor = find_cursor(node.name);
  if (!cursor) return cursor.error();
  if ((*cursor)->is_open) return Error(ErrorCode::cursor_already_open);
  Result<Rows> rows = run_query(*(*cursor)->query);
  if (!rows) return rows.error();
  (*cursor)->columns = std::move(rows->columns);
  (*cursor)->rows = std::move(rows->rows);
  (*cursor)->position = 0;
  (*cursor)->is_open = true;
  fetch_status = 0;
  return Outcome::done;
}

Result<Outcome> Session::State::fetch(const FetchCursor& node) {
  const Result<Cursor*> found = find_cursor(node.name);
  if (!found) return found.error();
  Cursor& cursor = **found;
  if (!cursor.is_open) return Error(ErrorCode::cursor_not_open);
  const auto count = static_cast<std::int64_t>(cursor.rows.size());
  std::int64_t offset = 0;
  if (node.row) {
    const auto value = evaluate_as(*node.row, type_of(SqlType::bigint));
    if (!value) return value.error();
    const auto* number = std::get_if<std::int64_t>(&*value);
    offset = number == nullptr ? 0 : *number;
  }
  std::int64_t position = 0;
  switch (node.orientation) {
    case FetchOrientation::next: position = cursor.position + 1; break;
    case FetchOrientation::prior: position = cursor.position - 1; break;
    case FetchOrientation::first: position = 1; break;
    case FetchOrientation::last: position = count; break;
    case FetchOrientation::absolute: position = offset < 0 ? count + 1 + offset : offset; break;
    case FetchOrientation::relative: position = cursor.position + offset; break;
  }
  cursor.position = std::clamp<std::int64_t>(position, 0, count + 1);
  const bool is_there = cursor.position >= 1 && cursor.position <= count;
  fetch_status = is_there ? 0 : -1;
  row_count = is_there ? 1 : 0;
  if (node.into.empty()) {
    Rows one;
    one.columns = cursor.columns;
    if (is_there) one.rows.push_back(cursor.rows[static_cast<std::size_t>(cursor.position - 1)]);
    emit(row_set(std::move(one)));
    return Outcome::done;
  }
  if (node.into.size() != cursor.columns.size()) return Error(ErrorCode::fetch_into_count);
  if (!is_there) return Outcome::done;
  const store::Row& row = cursor.rows[static_cast<std::size_t>(cursor.position - 1)];
  for (std::size_t i = 0; i < node.into.size(); ++i) {
    const Result<void> assigned = assign(node.into[i], row[i], cursor.columns[i].type);
    if (!assigned) return assigned.error();
  }
  return Outcome::done;
}

Result<Outcome> Session::State::close_cursor(const std::string& name, bool forgets) {
  const Result<Cursor*> cursor = find_cursor(name);
  if (!cursor) return cursor.error();
  row_count = 0;
  if (forgets) {
    cursors.erase(name);
    return Outcome::done;
  }
  if (!(*cursor)->is_open) return Error(ErrorCode::cursor_not_open);
  (*cursor)->is_open = false;
  (*cursor)->rows.clear();
  return Outcome::done;
}

}  // namespace ssb::broker::tsql
