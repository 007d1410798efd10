// UPDATE, DELETE, TRUNCATE. The new rows are computed by a query first, then written one by one: so what is kept for
// replay has no function in it, and tables in SQLite and in memory go the same way.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "broker/tsql/session_target.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

namespace {

// The item of FROM that the target of UPDATE or DELETE names.
const TableSource* find_in(const std::vector<FromItem>& from, const std::string& name) {
  const auto fits = [&](const TableSource& source) {
    if (!source.alias.empty()) return equal_names(source.alias, name);
    const auto* table = std::get_if<NamedTable>(&source.node);
    return table != nullptr && equal_names(table->name.name, name);
  };
  for (const FromItem& item : from) {
    if (fits(item.table)) return &item.table;
    for (const Join& join : item.joins) {
      if (fits(join.right)) return &join.right;
    }
  }
  return nullptr;
}

std::string source_name(const TableSource& source) {
  if (!source.alias.empty()) return source.alias;
  if (const auto* table = std::get_if<NamedTable>(&source.node)) return table->name.name;
  return std::get<TableVariable>(source.node).name;
}

}  // namespace

// The rows that a statement is about: row number, the target's columns, then the new values. Each row once.
Result<std::vector<Row>> Session::State::affected_rows(const Target& target,
                                                       const std::string& name,
                                                       const std::vector<FromItem>& from,
                                                       bool is_in_from, Translator::Parts parts) {
  parts.target = name;
  parts.row_column = target.row_column();
  parts.from = &from;
  Translator translator(*this);
  Scope scope;
  std::string source;
  if (!is_in_from) source = translator.add_source(scope, target.relation, name);
  Result<Rows> found = run_translated(translator, translator.select(parts, scope, source));
  if (!found) return found.error();
  std::vector<Row> rows;
  std::set<std::int64_t> seen;
  for (Row& row : found->rows) {
    const auto* number = std::get_if<std::int64_t>(&row[0]);
    if (number != nullptr && seen.insert(*number).second) rows.push_back(std::move(row));
  }
  change_types.clear();
  for (std::size_t i = target.shape.columns.size() + 1; i < found->columns.size(); ++i) {
    change_types.push_back(found->columns[i].type);
  }
  return rows;
}

Result<Outcome> Session::State::update(const Update& node) {
  if (node.current_of) return Error(ErrorCode::not_supported, "WHERE CURRENT OF");
  return atomically([&]() -> Result<Outcome> {
    const std::string name = source_name(node.target);
    const TableSource* in_from = find_in(node.from, name);
    Result<Target> target = find_target(in_from != nullptr ? *in_from : node.target, "UPDATE");
    if (!target) return target.error();
    Translator::Parts parts;
    parts.with = &node.with;
    parts.where = node.where ? &*node.where : nullptr;
    parts.top = node.top ? &*node.top : nullptr;
    std::vector<std::optional<std::size_t>> columns;
    for (const UpdateAssignment& assignment : node.assignments) {
      if (!assignment.column && assignment.variable.empty()) {
        return Error(ErrorCode::not_supported, "modify() of the xml type");
      }
      parts.changes.push_back(
          {&assignment.value, assignment.column ? &*assignment.column : nullptr, assignment.op});
      if (!assignment.column) {
        columns.emplace_back();
        continue;
      }
      columns.push_back(target->shape.find(assignment.column->parts.back()));
      if (!columns.back()) return Error(ErrorCode::unknown_column, assignment.column->parts.back());
    }
    const Result<std::vector<Row>> found =
        affected_rows(*target, name, node.from, in_from != nullptr, std::move(parts));
    if (!found) return found.error();
    return write_updates(node, *target, *found, columns);
  });
}

Result<Outcome> Session::State::write_updates(
    const Update& node, Target& target, const std::vector<Row>& found,
    const std::vector<std::optional<std::size_t>>& columns) {
  const std::size_t width = target.shape.columns.size();
  std::vector<Row> before;
  std::vector<Row> after;
  for (const Row& row : found) {
    before.emplace_back(row.begin() + 1, row.begin() + 1 + static_cast<std::ptrdiff_t>(width));
    Row changed = before.back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Value& value = row[1 + width + i];
      if (columns[i]) {
        Result<Value> fitting =
            column_value(target.shape.columns[*columns[i]], value, change_types[i]);
        if (!fitting) return fitting.error();
        changed[*columns[i]] = *std::move(fitting);
      }
      if (!node.assignments[i].variable.empty()) {
        const Result<void> assigned = assign(node.assignments[i].variable, value, change_types[i]);
        if (!assigned) return assigned.error();
      }
    }
    after.push_back(std::move(changed));
  }
  const Result<void> completed = complete(target, after);
  if (!completed) return completed.error();
  const Result<void> written = replace_rows(target, found, after);
  if (!written) return written.error();
  if (node.output) {
    const Result<void> said = put_out(*node.output, target, after, before);
    if (!said) return said.error();
  }
  count_rows(static_cast<std::int64_t>(found.size()));
  return Outcome::done;
}

// `found` has the row numbers, `after` the rows that take their places.
Result<void> Session::State::replace_rows(Target& target, const std::vector<Row>& found,
                                          const std::vector<Row>& after) {
  if (target.memory) {
    auto all = std::make_shared<std::vector<Row>>(*target.memory->rows);
    for (std::size_t i = 0; i < found.size(); ++i) {
      (*all)[static_cast<std::size_t>(std::get<std::int64_t>(found[i][0]))] = after[i];
    }
    const Result<void> unique = check_keys(target.shape, *all);
    if (!unique) return unique.error();
    target.memory->rows = std::move(all);
    return {};
  }
  std::string changes;
  for (std::size_t i = 0; i < target.shape.columns.size(); ++i) {
    changes +=
        fmt::format("{}{}=?{}", i == 0 ? "" : ",", quote_name(target.shape.columns[i].name), i + 2);
  }
  const std::string sql = "UPDATE " + target.table + " SET " + changes + " WHERE _rowid_=?1";
  for (std::size_t i = 0; i < found.size(); ++i) {
    Row values{found[i][0]};
    values.insert(values.end(), after[i].begin(), after[i].end());
    const auto done = instance().store().execute(transaction->writes, target.place.database, sql,
                                                 std::move(values));
    if (!done) return write_error(done.error(), target);
  }
  return {};
}

Result<void> Session::State::remove_rows(Target& target, const std::vector<Row>& found) {
  if (target.memory) {
    std::set<std::size_t> gone;
    for (const Row& row : found)
      gone.insert(static_cast<std::size_t>(std::get<std::int64_t>(row[0])));
    auto rest = std::make_shared<std::vector<Row>>();
    for (std::size_t i = 0; i < target.memory->rows->size(); ++i) {
      if (!gone.contains(i)) rest->push_back((*target.memory->rows)[i]);
    }
    target.memory->rows = std::move(rest);
    return {};
  }
  for (const Row& row : found) {
    const auto done =
        instance().store().execute(transaction->writes, target.place.database,
                                   "DELETE FROM " + target.table + " WHERE _rowid_=?1", {row[0]});
    if (!done) return write_error(done.error(), target);
  }
  return {};
}

Result<Outcome> Session::State::erase(const Delete& node) {
  if (node.current_of) return Error(ErrorCode::not_supported, "WHERE CURRENT OF");
  return atomically([&]() -> Result<Outcome> {
    const std::string name = source_name(node.target);
    const TableSource* in_from = find_in(node.from, name);
    Result<Target> target = find_target(in_from != nullptr ? *in_from : node.target, "DELETE");
    if (!target) return target.error();
    Translator::Parts parts;
    parts.with = &node.with;
    parts.where = node.where ? &*node.where : nullptr;
    parts.top = node.top ? &*node.top : nullptr;
    const Result<std::vector<Row>> found =
        affected_rows(*target, name, node.from, in_from != nullptr, std::move(parts));
    if (!found) return found.error();
    const Result<void> removed = remove_rows(*target, *found);
    if (!removed) return removed.error();
    if (node.output) {
      std::vector<Row> before;
      for (const Row& row : *found) before.emplace_back(row.begin() + 1, row.end());
      const Result<void> said = put_out(*node.output, *target, {}, before);
      if (!said) return said.error();
    }
    count_rows(static_cast<std::int64_t>(found->size()));
    return Outcome::done;
  });
}

Result<Outcome> Session::State::truncate(const TruncateTable& node) {
  return atomically([&]() -> Result<Outcome> {
    TableSource source;
    source.node = NamedTable{node.name};
    Result<Target> target = find_target(source, "ALTER");
    if (!target) return target.error();
    if (target->memory) {
      target->memory->rows = std::make_shared<std::vector<Row>>();
      target->memory->has_identity_value = false;
      return Outcome::done;
    }
    const auto done = instance().store().execute(transaction->writes, target->place.database,
                                                 "DELETE FROM " + target->table, {});
    if (!done) return write_error(done.error(), *target);
    return Outcome::done;
  });
}

}  // namespace ssb::broker::tsql
