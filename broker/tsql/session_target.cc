// Finding the table that a statement writes; computed columns, checks, keys, identity values; OUTPUT.
#include "broker/tsql/session_target.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <sqlite3.h>

#include "broker/store/collation.h"
#include "broker/tsql/convert.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

namespace pb = catalog::pb;

namespace {

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

}  // namespace

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
  return write_rows(*clause.into, clause.into_columns, *result);
}

}  // namespace ssb::broker::tsql
