// INSERT, UPDATE, DELETE, TRUNCATE. The new rows are computed by a query first, then written one by one: so what is kept for
// replay has no function in it, and tables in SQLite and in memory go the same way.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <sqlite3.h>

#include "broker/store/collation.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

namespace pb = catalog::pb;

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

namespace {

bool is_null(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

// Order of keys: texts by the collation, the rest by their values.
struct KeyLess {
  bool operator()(const Row& a, const Row& b) const {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto* left = std::get_if<std::string>(&a[i]);
      const auto* right = std::get_if<std::string>(&b[i]);
      const int order = left != nullptr && right != nullptr
                            ? store::compare_tsql(*left, *right)
                            : (a[i] < b[i] ? -1 : (b[i] < a[i] ? 1 : 0));
      if (order != 0) return order < 0;
    }
    return false;
  }
};

Result<void> check_keys(const TableShape& shape, const std::vector<Row>& rows) {
  for (const KeyShape& key : shape.keys) {
    std::set<Row, KeyLess> seen;
    for (const Row& row : rows) {
      Row values;
      for (const std::size_t column : key.columns) values.push_back(row[column]);
      if (!seen.insert(values).second) {
        std::string text;
        for (std::size_t i = 0; i < values.size(); ++i) {
          text += (i == 0 ? "" : ", ") +
                  to_text(values[i], shape.columns[key.columns[i]].type).value_or("NULL");
        }
        return Error(ErrorCode::duplicate_key, "(" + text + ")");
      }
    }
  }
  return {};
}

// The value as the column takes it: converted, whole, not NULL where NULL is not allowed.
Result<Value> column_value(const ColumnShape& column, Value value, const DataType& type) {
  if (is_null(value)) {
    if (!column.is_nullable) return Error(ErrorCode::null_not_allowed, column.name);
    return value;
  }
  const bool is_cut =
      (is_text(column.type) && (is_text(type) || type.type == SqlType::sql_variant)) ||
      (is_binary(column.type) && is_binary(type));
  if (is_cut && !fits(value, column.type)) return Error(ErrorCode::text_truncated, column.name);
  return convert(std::move(value), type, column.type);
}

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

Result<Session::State::Target> Session::State::find_target(const TableSource& source,
                                                           std::string_view permission) {
  Target target;
  if (const auto* variable = std::get_if<TableVariable>(&source.node)) {
    const Local* local = find_variable(variable->name);
    if (local == nullptr || !local->table) return Error(ErrorCode::unknown_object, variable->name);
    target.memory = local->table;
  } else if (const auto* named = std::get_if<NamedTable>(&source.node)) {
    target.name = to_text(named->name);
    if (named->name.name.starts_with('#')) {
      target.memory = temporary_table(named->name.name);
      if (!target.memory) return Error(ErrorCode::unknown_object, named->name.name);
    } else {
      return find_stored_target(named->name, permission);
    }
  } else {
    return Error(ErrorCode::not_supported, "changing a table through a derived table");
  }
  target.name = target.memory->name;
  target.shape = target.memory->shape;
  target.relation = relation_of(*target.memory);
  return target;
}

Result<Session::State::Target> Session::State::find_stored_target(const ObjectName& name,
                                                                  std::string_view permission) {
  const std::string schema = lower(name.schema);
  if (schema == "sys" || schema == "information_schema")
    return Error(ErrorCode::catalog_not_writable, to_text(name));
  Result<Place> place = place_of(name);
  if (!place) return place.error();
  const auto is_here = [&](const auto& object) {
    return object.schema_id() == place->schema && catalog::names_equal(object.name(), name.name);
  };
  const auto* table = place->catalog->table<pb::UserTable>().find_if(is_here);
  if (table == nullptr) {
    if (place->catalog->table<pb::Queue>().find_if(is_here) != nullptr) {
      return Error(ErrorCode::catalog_not_writable, to_text(name));
    }
    if (place->catalog->table<pb::Module>().find_if(is_here) != nullptr) {
      return Error(ErrorCode::not_supported, "changing a table through a view");
    }
    return Error(ErrorCode::unknown_object, to_text(name));
  }
  const Result<void> allowed = require(*place, table->id(), table->name(), permission);
  if (!allowed) return allowed.error();
  const Result<void> locked = instance().lock(*transaction, place->database);
  if (!locked) return locked.error();
  Result<TableShape> shape = shape_of(*table);
  if (!shape) return shape.error();
  Target target;
  target.name = table->name();
  target.shape = *std::move(shape);
  target.place = *place;
  target.table = quote_name(place->schema_name + "." + table->name());
  target.relation.sql = target.table;
  target.relation.schema = place->schema_name;
  for (const ColumnShape& column : target.shape.columns) {
    target.relation.columns.push_back({column.name, quote_name(column.name), column.type});
  }
  return target;
}

// ---------------------------------------------------------------- writing

Error Session::State::write_error(const store::StoreError& error, const Target& target) const {
  switch (error.sqlite_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Error(ErrorCode::duplicate_key, target.name + " (" + error.message + ")");
    case SQLITE_CONSTRAINT_NOTNULL: return Error(ErrorCode::null_not_allowed, error.message);
    default: return error_of(error);
  }
}

// Computed columns, then CHECKs, over rows that are not in the table yet.
Result<void> Session::State::complete(const Target& target, std::vector<Row>& rows) {
  const TableShape& shape = target.shape;
  std::vector<std::size_t> computed;
  Translator::Parts values;
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    if (shape.columns[i].computed == nullptr) continue;
    computed.push_back(i);
    values.changes.push_back({shape.columns[i].computed});
  }
  if ((computed.empty() && shape.checks.empty()) || rows.empty()) return {};
  TableShape plain;
  for (const ColumnShape& column : shape.columns)
    plain.columns.emplace_back(column.name, column.type);
  const auto look = make_table(target.name, std::move(plain));
  statement_tables.push_back(look);
  const auto query = [&](const Translator::Parts& parts) -> Result<Rows> {
    look->rows = std::make_shared<std::vector<Row>>(rows);
    Translator translator(*this);
    Scope scope;
    const std::string source = translator.add_source(scope, relation_of(*look), target.name);
    return run_translated(translator, translator.select(parts, scope, source));
  };
  if (!computed.empty()) {
    Result<Rows> results = query(values);
    if (!results) return results.error();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < computed.size(); ++c) rows[r][computed[c]] = results->rows[r][c];
    }
  }
  for (const CheckShape& check : shape.checks) {
    Translator::Parts parts;
    parts.where = check.condition;
    parts.negates_where = true;
    const Result<Rows> refused = query(parts);
    if (!refused) return refused.error();
    if (!refused->rows.empty()) {
      return Error(ErrorCode::constraint_conflict,
                   check.name.empty() ? "CHECK of " + target.name : check.name);
    }
  }
  return {};
}

// Adds whole rows; identity values that SQLite gives are filled in.
Result<void> Session::State::add_rows(Target& target, std::vector<Row>& rows, bool has_identity) {
  const std::optional<std::size_t> identity = target.shape.identity_column();
  if (target.memory) {
    MemoryTable& table = *target.memory;
    auto all = std::make_shared<std::vector<Row>>(*table.rows);
    for (Row& row : rows) {
      if (identity && !has_identity) {
        const Identity& rule = *table.shape.columns[*identity].identity;
        table.last_identity =
            table.has_identity_value ? table.last_identity + rule.increment : rule.seed;
        table.has_identity_value = true;
        row[*identity] = table.last_identity;
        last_identity = static_cast<double>(table.last_identity);
      }
      all->push_back(row);
    }
    const Result<void> unique = check_keys(table.shape, *all);
    if (!unique) return unique.error();
    table.rows = std::move(all);
    return {};
  }
  std::string names;
  std::string marks;
  std::vector<std::size_t> written;
  for (std::size_t i = 0; i < target.shape.columns.size(); ++i) {
    if (identity == i && !has_identity) continue;
    names += (written.empty() ? "" : ",") + quote_name(target.shape.columns[i].name);
    written.push_back(i);
    marks += fmt::format("{}?{}", written.size() == 1 ? "" : ",", written.size());
  }
  const std::string sql =
      written.empty() ? "INSERT INTO " + target.table + " DEFAULT VALUES"
                      : "INSERT INTO " + target.table + " (" + names + ") VALUES (" + marks + ")";
  for (Row& row : rows) {
    Row values;
    for (const std::size_t i : written) values.push_back(row[i]);
    const auto done = instance().store().execute(transaction->writes, target.place.database, sql,
                                                 std::move(values));
    if (!done) return write_error(done.error(), target);
    if (identity && !has_identity) {
      row[*identity] = done->last_insert_rowid;
      last_identity = static_cast<double>(done->last_insert_rowid);
    }
  }
  return {};
}

// What OUTPUT says of the changed rows; `inserted` or `deleted` is empty for DELETE and INSERT.
Result<void> Session::State::put_out(const OutputClause& clause, const Target& target,
                                     const std::vector<Row>& inserted,
                                     const std::vector<Row>& deleted) {
  TableShape both;
  const std::size_t width = target.shape.columns.size();
  for (int half = 0; half < 2; ++half) {
    for (const ColumnShape& column : target.shape.columns)
      both.columns.emplace_back(column.name, column.type);
  }
  const auto changes = make_table("output", std::move(both));
  statement_tables.push_back(changes);
  auto rows = std::make_shared<std::vector<Row>>();
  for (std::size_t i = 0; i < std::max(inserted.size(), deleted.size()); ++i) {
    Row row = i < inserted.size() ? inserted[i] : Row(width);
    const Row gone = i < deleted.size() ? deleted[i] : Row(width);
    row.insert(row.end(), gone.begin(), gone.end());
    rows->push_back(std::move(row));
  }
  changes->rows = std::move(rows);

  Translator translator(*this);
  Scope scope;
  const std::string source = translator.add_source(scope, relation_of(*changes), "inserted");
  ScopeTable second = scope.tables[0];
  const auto middle = static_cast<std::ptrdiff_t>(width);
  scope.tables[0].columns.erase(scope.tables[0].columns.begin() + middle,
                                scope.tables[0].columns.end());
  second.name = "deleted";
  second.columns.erase(second.columns.begin(), second.columns.begin() + middle);
  scope.tables.push_back(std::move(second));
  if (inserted.empty() && !deleted.empty())
    scope.tables.erase(scope.tables.begin());
  else if (deleted.empty())
    scope.tables.pop_back();
  Translator::Parts parts;
  parts.items = &clause.items;
  Result<Rows> result = run_translated(translator, translator.select(parts, scope, source));
  if (!result) return result.error();
  if (!clause.into) {
    emit(row_set(*std::move(result)), false);
    return {};
  }
  return write_rows(*clause.into, clause.into_columns, *std::move(result));
}

// ---------------------------------------------------------------- INSERT

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
                                        const std::vector<std::string>& names, Rows given) {
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
      const Result<void> written = write_rows(node.target, node.columns, std::move(rows));
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

// ---------------------------------------------------------------- UPDATE and DELETE

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
