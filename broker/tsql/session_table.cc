// Tables, indexes, views and procedures: their definition. A user table is a SQLite table named "schema.table"; its T-SQL types stand
// in the catalog, its defaults, checks and computed columns in the text of the statements that made it.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Row;
using store::Value;

namespace pb = catalog::pb;

namespace {

// How SQLite keeps a column. Its affinity must not change a value: 10.0 of a decimal stays a double.
std::string stored_type(const ColumnShape& column) {
  switch (family_of(column.type)) {
    case Family::integer: return "INTEGER";
    case Family::exact:
    case Family::floating: return "REAL";
    case Family::text: return "TEXT COLLATE \"tsql\"";
    case Family::time:
    case Family::binary:
    case Family::guid:
    case Family::xml:
    case Family::variant:
    case Family::other: break;
  }
  return "BLOB";
}

Error unenforced(const std::string& what) {
  Error note(ErrorCode::not_supported, what + "; it is accepted and not enforced");
  note.own_severity = 10;
  return note;
}

Result<std::vector<std::size_t>> key_columns(const TableShape& shape,
                                             const std::vector<std::string>& names,
                                             const std::string& table) {
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    const auto column = shape.find(name);
    if (!column) return Error(ErrorCode::unknown_key_column, name, table);
    columns.push_back(*column);
  }
  return columns;
}

Result<void> add_key(TableShape& shape, KeyShape key, const std::string& table) {
  if (key.is_primary) {
    const bool has_one = std::any_of(shape.keys.begin(), shape.keys.end(),
                                     [](const KeyShape& one) { return one.is_primary; });
    if (has_one) return Error(ErrorCode::primary_key_exists, table);
    for (const std::size_t column : key.columns) shape.columns[column].is_nullable = false;
  }
  shape.keys.push_back(std::move(key));
  return {};
}

using NamedDefaults = std::map<std::string, const Expression*, NameLess>;

void forget_dropped(TableShape& shape, const std::vector<std::string>& names,
                    const NamedDefaults& defaults) {
  for (const std::string& name : names) {
    std::erase_if(shape.checks,
                  [&](const CheckShape& check) { return equal_names(check.name, name); });
    const auto value = defaults.find(name);
    if (value == defaults.end()) continue;
    for (ColumnShape& column : shape.columns) {
      if (column.default_value == value->second) column.default_value = nullptr;
    }
  }
}

Result<void> add_constraint(TableShape& shape, const TableConstraint& constraint,
                            const std::string& table) {
  switch (constraint.kind) {
    case TableConstraintKind::primary_key:
    case TableConstraintKind::unique: {
      Result<std::vector<std::size_t>> columns = key_columns(shape, constraint.columns, table);
      if (!columns) return columns.error();
      return add_key(shape,
                     {constraint.name, constraint.kind == TableConstraintKind::primary_key,
                      *std::move(columns)},
                     table);
    }
    case TableConstraintKind::check:
      shape.checks.push_back({constraint.name, &*constraint.value});
      return {};
    case TableConstraintKind::default_value: {
      const Result<std::vector<std::size_t>> columns =
          key_columns(shape, constraint.columns, table);
      if (!columns) return columns.error();
      for (const std::size_t column : *columns)
        shape.columns[column].default_value = &*constraint.value;
      return {};
    }
    case TableConstraintKind::foreign_key: return {};
  }
  return {};
}

}  // namespace

// ---------------------------------------------------------------- shapes

Result<void> Session::State::add_column(TableShape& shape, const ColumnDefinition& definition,
                                        const std::string& table) {
  if (shape.find(definition.name))
    return Error(ErrorCode::column_name_twice, definition.name, table);
  if (definition.type.type == SqlType::user_defined) {
    return Error(ErrorCode::unknown_type, to_text(definition.type.user_type));
  }
  if (definition.identity && shape.identity_column())
    return Error(ErrorCode::two_identity_columns, table);
  if (definition.identity && definition.identity->increment == 0) {
    return Error(ErrorCode::not_supported, "IDENTITY with increment 0");
  }
  ColumnShape column(definition.name, definition.type);
  column.identity = definition.identity;
  column.is_nullable = definition.nullable.value_or(!definition.identity.has_value());
  column.default_value = definition.default_value ? &*definition.default_value : nullptr;
  if (definition.computed) {
    column.computed = &*definition.computed;
    TableShape plain;
    for (const ColumnShape& one : shape.columns) plain.columns.emplace_back(one.name, one.type);
    const auto look = make_table(table, std::move(plain));
    statement_tables.push_back(look);
    Translator translator(*this);
    Scope scope;
    std::ignore = translator.add_source(scope, relation_of(*look), table);
    const auto value = translator.value(*definition.computed, &scope);
    if (!value) return value.error().error;
    column.type = value->type;
  }
  shape.columns.push_back(std::move(column));
  const std::size_t index = shape.columns.size() - 1;
  for (const Expression& check : definition.checks) shape.checks.push_back({"", &check});
  if (definition.primary_key || definition.unique) {
    return add_key(shape, {"", definition.primary_key, {index}}, table);
  }
  return {};
}

Result<TableShape> Session::State::shape_of(const TableDefinition& definition,
                                            const std::string& table) {
  TableShape shape;
  // Computed columns come last in the making: they see the others.
  for (const ColumnDefinition& column : definition.columns) {
    const Result<void> added = add_column(shape, column, table);
    if (!added) return added.error();
    if (column.references) warnings.push_back(unenforced("FOREIGN KEY"));
  }
  for (const TableConstraint& constraint : definition.constraints) {
    const Result<void> added = add_constraint(shape, constraint, table);
    if (!added) return added.error();
    if (constraint.kind == TableConstraintKind::foreign_key)
      warnings.push_back(unenforced("FOREIGN KEY"));
  }
  if (shape.columns.size() > kColumnsMax) {
    return Error(ErrorCode::not_supported,
                 fmt::format("tables of more than {} columns", kColumnsMax));
  }
  return shape;
}

// Columns from the catalog; defaults, checks and computed columns from the definitions.
Result<TableShape> Session::State::shape_of(const pb::UserTable& table) {
  TableShape shape;
  for (const auto& column : table.columns()) {
    ColumnShape& added = shape.columns.emplace_back(
        column.name(), parse_type(column.declared_type()).value_or(type_of(SqlType::sql_variant)));
    added.is_nullable = column.is_nullable();
    if (column.is_identity()) added.identity = Identity{};
  }
  NamedDefaults named_defaults;
  for (const std::string& text : table.definitions()) {
    Result<std::shared_ptr<const Batch>> batch = runtime.parsed(text);
    if (!batch) return batch.error();
    const StatementNode* node = (*batch)->statements.at(0).node.get();
    const auto* create = std::get_if<CreateTable>(node);
    const auto* alter = std::get_if<AlterTable>(node);
    SSB_CHECK(create != nullptr || alter != nullptr);  // no other statement is kept there
    const TableDefinition& definition = create != nullptr ? create->definition : alter->added;
    for (const ColumnDefinition& column : definition.columns) {
      const auto index = shape.find(column.name);
      if (!index) continue;  // dropped since
      if (column.default_value) shape.columns[*index].default_value = &*column.default_value;
      if (column.computed) shape.columns[*index].computed = &*column.computed;
      for (const Expression& check : column.checks) shape.checks.push_back({"", &check});
    }
    for (const TableConstraint& constraint : definition.constraints) {
      if (constraint.kind == TableConstraintKind::check ||
          constraint.kind == TableConstraintKind::default_value) {
        const Result<void> added = add_constraint(shape, constraint, table.name());
        if (!added) return added.error();
      }
    }
    for (const TableConstraint& constraint : definition.constraints) {
      if (constraint.kind != TableConstraintKind::default_value) continue;
      named_defaults[constraint.name] = &*constraint.value;
    }
    if (alter != nullptr) forget_dropped(shape, alter->drop_constraints, named_defaults);
    shape.owners.push_back(*std::move(batch));
  }
  return shape;
}

// ---------------------------------------------------------------- CREATE TABLE

Result<void> Session::State::require_create(const Place& place, std::string_view permission,
                                            const std::string& name) {
  const Result<void> allowed =
      catalog::require_permission(instance(), who(), place.database, catalog::ObjectClass::database,
                                  0, instance().info(place.database).name(), permission);
  if (!allowed) return allowed.error();
  const auto is_here = [&](const auto& object) {
    return object.schema_id() == place.schema && catalog::names_equal(object.name(), name);
  };
  if (place.catalog->table<pb::UserTable>().find_if(is_here) != nullptr ||
      place.catalog->table<pb::Queue>().find_if(is_here) != nullptr ||
      place.catalog->table<pb::Module>().find_if(is_here) != nullptr) {
    return Error(ErrorCode::object_exists, name);
  }
  return {};
}

Result<void> Session::State::run_definition(store::DatabaseId where, const std::string& sql) {
  const auto done = instance().store().execute(transaction->writes, where, sql, {});
  if (!done) return error_of(done.error());
  return {};
}

Result<void> Session::State::store_table(const Place& place, const std::string& name,
                                         const TableShape& shape,
                                         std::vector<std::string> definitions) {
  pb::UserTable row;
  row.set_id(place.catalog->next_id<pb::UserTable>());
  row.set_name(name);
  row.set_schema_id(place.schema);
  row.set_create_date_us(proto::to_unix_us(now));
  for (std::string& definition : definitions) row.add_definitions(std::move(definition));
  std::string sql;
  std::int64_t seed = 1;
  for (const ColumnShape& column : shape.columns) {
    auto* stored = row.add_columns();
    stored->set_name(column.name);
    stored->set_declared_type(type_name(column.type));
    stored->set_is_nullable(column.is_nullable);
    stored->set_is_identity(column.identity.has_value());
    sql += (sql.empty() ? "" : ", ") + quote_name(column.name) + " ";
    if (!column.identity) {
      sql += stored_type(column);
      continue;
    }
    if (column.identity->increment != 1)
      return Error(ErrorCode::not_supported, "IDENTITY with another increment than 1");
    seed = column.identity->seed;
    sql += "INTEGER PRIMARY KEY AUTOINCREMENT";
  }
  for (const KeyShape& key : shape.keys) {
    const bool is_identity =
        key.columns.size() == 1 && shape.columns[key.columns[0]].identity.has_value();
    if (is_identity) continue;
    sql += ", UNIQUE (";
    for (std::size_t i = 0; i < key.columns.size(); ++i)
      sql += (i == 0 ? "" : ",") + quote_name(shape.columns[key.columns[i]].name);
    sql += ")";
  }
  const std::string table = place.schema_name + "." + name;
  const Result<void> made =
      run_definition(place.database, "CREATE TABLE " + quote_name(table) + " (" + sql + ")");
  if (!made) return made.error();
  if (seed != 1) {
    const auto seeded = instance().store().execute(
        transaction->writes, place.database, "INSERT INTO sqlite_sequence(name,seq) VALUES(?1,?2)",
        {table, seed - 1});
    if (!seeded) return error_of(seeded.error());
  }
  place.catalog->put(*transaction, row.id(), row);
  effects.catalogs_changed.insert(place.database);
  return {};
}

Result<void> Session::State::make_target(const ObjectName& name, TableShape shape,
                                         std::vector<std::string> definitions) {
  if (name.name.starts_with('#')) {
    // A procedure's own goes with it; the batch's stays for the session.
    Module& owner = module();
    auto& tables = modules.size() > 1 ? owner.temporary_tables : temporary_tables;
    if (tables.contains(name.name)) return Error(ErrorCode::object_exists, name.name);
    if (owner.batch) shape.owners.push_back(owner.batch);
    tables[name.name] = make_table(name.name, std::move(shape));
    return {};
  }
  const Result<Place> place = place_of(name);
  if (!place) return place.error();
  const Result<void> allowed = require_create(*place, "CREATE TABLE", name.name);
  if (!allowed) return allowed.error();
  const Result<void> locked = instance().lock(*transaction, place->database);
  if (!locked) return locked.error();
  return store_table(*place, name.name, shape, std::move(definitions));
}

Result<Outcome> Session::State::create_table(const CreateTable& node, const Statement& statement) {
  return atomically([&]() -> Result<Outcome> {
    Result<TableShape> shape = shape_of(node.definition, node.name.name);
    if (!shape) return shape.error();
    const std::string text =
        module().text.substr(statement.position.offset, statement.position.length);
    const Result<void> made = make_target(node.name, *std::move(shape), {text});
    if (!made) return made.error();
    return Outcome::done;
  });
}

// ---------------------------------------------------------------- ALTER TABLE

Result<Outcome> Session::State::alter_table(const AlterTable& node, const Statement& statement) {
  return atomically([&]() -> Result<Outcome> {
    if (node.action == AlterTableAction::other)
      return Outcome::done;  // storage options: read and dropped
    TableSource source;
    source.node = NamedTable{node.name};
    if (node.name.name.starts_with('#')) return alter_temporary_table(node);
    const Result<Place> place = place_of(node.name);
    if (!place) return place.error();
    const auto* found =
        place->catalog->table<pb::UserTable>().find_if([&](const pb::UserTable& table) {
          return table.schema_id() == place->schema &&
                 catalog::names_equal(table.name(), node.name.name);
        });
    if (found == nullptr) return Error(ErrorCode::cannot_alter_missing, to_text(node.name));
    const Result<void> allowed = require(*place, found->id(), found->name(), "ALTER");
    if (!allowed) return allowed.error();
    const Result<void> locked = instance().lock(*transaction, place->database);
    if (!locked) return locked.error();
    pb::UserTable table = *found;
    table.add_definitions(
        module().text.substr(statement.position.offset, statement.position.length));
    const std::string name = quote_name(place->schema_name + "." + table.name());
    const Result<void> changed = change_table(*place, table, name, node);
    if (!changed) return changed.error();
    place->catalog->put(*transaction, table.id(), table);
    effects.catalogs_changed.insert(place->database);
    return Outcome::done;
  });
}

Result<Outcome> Session::State::alter_temporary_table(const AlterTable& node) {
  const auto table = temporary_table(node.name.name);
  if (!table) return Error(ErrorCode::cannot_alter_missing, node.name.name);
  if (node.action != AlterTableAction::add)
    return Error(ErrorCode::not_supported, "this ALTER TABLE of a temporary table");
  for (const ColumnDefinition& column : node.added.columns) {
    const Result<void> added = add_column(table->shape, column, table->name);
    if (!added) return added.error();
  }
  for (const TableConstraint& constraint : node.added.constraints) {
    const Result<void> added = add_constraint(table->shape, constraint, table->name);
    if (!added) return added.error();
  }
  table->shape.owners.push_back(module().batch);
  auto rows = std::make_shared<std::vector<Row>>(*table->rows);
  for (Row& row : *rows) row.resize(table->shape.columns.size());
  table->rows = std::move(rows);
  return Outcome::done;
}

Result<void> Session::State::change_table(const Place& place, pb::UserTable& table,
                                          const std::string& name, const AlterTable& node) {
  if (node.action == AlterTableAction::drop) {
    for (const std::string& constraint : node.drop_constraints) {
      const Result<void> dropped = drop_constraint(place, table, constraint);
      if (!dropped) return dropped.error();
    }
    for (const std::string& column : node.drop_columns) {
      const auto* rows = table.mutable_columns();
      const auto at = std::find_if(rows->begin(), rows->end(), [&](const auto& one) {
        return equal_names(one.name(), column);
      });
      if (at == rows->end()) return Error(ErrorCode::alter_column_missing, column, table.name());
      const Result<void> dropped = run_definition(
          place.database, "ALTER TABLE " + name + " DROP COLUMN " + quote_name(at->name()));
      if (!dropped) return dropped.error();
      table.mutable_columns()->erase(at);
    }
    return {};
  }
  if (node.action == AlterTableAction::alter_column) {
    for (auto& column : *table.mutable_columns()) {
      if (!equal_names(column.name(), node.column->name)) continue;
      return change_column(place, table, name, column, *node.column);
    }
    return Error(ErrorCode::alter_column_missing, node.column->name, table.name());
  }
  Result<TableShape> shape = shape_of(table);
  if (!shape) return shape.error();
  for (const ColumnDefinition& definition : node.added.columns) {
    if (definition.references) warnings.push_back(unenforced("FOREIGN KEY"));
    const Result<void> added = append_column(place, table, name, *shape, definition);
    if (!added) return added.error();
  }
  for (const TableConstraint& constraint : node.added.constraints) {
    if (constraint.kind == TableConstraintKind::foreign_key)
      warnings.push_back(unenforced("FOREIGN KEY"));
    const bool is_key = constraint.kind == TableConstraintKind::primary_key ||
                        constraint.kind == TableConstraintKind::unique;
    if (!is_key) continue;
    std::string columns;
    for (const std::string& column : constraint.columns) {
      if (!shape->find(column)) return Error(ErrorCode::unknown_key_column, column, table.name());
      columns += (columns.empty() ? "" : ",") + quote_name(column);
    }
    const std::string index = place.schema_name + "." + table.name() + "." + constraint.name;
    const Result<void> made = run_definition(
        place.database,
        fmt::format("CREATE UNIQUE INDEX {} ON {} ({})", quote_name(index), name, columns));
    if (!made) return Error(ErrorCode::cannot_create_constraint, "rows with the same key exist");
  }
  return {};
}

// CHECK and DEFAULT end with the definition that drops them; a key that ALTER TABLE added is an index.
Result<void> Session::State::drop_constraint(const Place& place, const pb::UserTable& table,
                                             const std::string& name) {
  for (const std::string& text : table.definitions()) {
    const Result<std::shared_ptr<const Batch>> batch = runtime.parsed(text);
    if (!batch) return batch.error();
    const StatementNode* node = (*batch)->statements.at(0).node.get();
    const auto* create = std::get_if<CreateTable>(node);
    const TableDefinition& definition =
        create != nullptr ? create->definition : std::get<AlterTable>(*node).added;
    for (const TableConstraint& constraint : definition.constraints) {
      if (!equal_names(constraint.name, name)) continue;
      const bool is_key = constraint.kind == TableConstraintKind::primary_key ||
                          constraint.kind == TableConstraintKind::unique;
      if (!is_key) return {};
      if (create != nullptr) {
        return Error(ErrorCode::not_supported, "dropping a key that CREATE TABLE made");
      }
      return run_definition(
          place.database, "DROP INDEX " + quote_name(place.schema_name + "." + table.name() + "." +
                                                     constraint.name));
    }
  }
  return Error(ErrorCode::not_a_constraint, name);
}

Result<void> Session::State::append_column(const Place& place, pb::UserTable& table,
                                           const std::string& name, TableShape& shape,
                                           const ColumnDefinition& definition) {
  if (definition.identity)
    return Error(ErrorCode::not_supported, "ALTER TABLE ADD of an IDENTITY column");
  const Result<void> added = add_column(shape, definition, table.name());
  if (!added) return added.error();
  const ColumnShape& column = shape.columns.back();
  const Result<void> made =
      run_definition(place.database, "ALTER TABLE " + name + " ADD COLUMN " +
                                         quote_name(column.name) + " " + stored_type(column));
  if (!made) return made.error();
  auto* stored = table.add_columns();
  stored->set_name(column.name);
  stored->set_declared_type(type_name(column.type));
  stored->set_is_nullable(column.is_nullable);
  if (column.is_nullable) return {};
  // NOT NULL: rows that are there take the default.
  Value value;
  if (column.default_value != nullptr) {
    Result<Value> made_value = evaluate_as(*column.default_value, column.type);
    if (!made_value) return made_value.error();
    value = *std::move(made_value);
  }
  const auto filled = instance().store().execute(
      transaction->writes, place.database,
      "UPDATE " + name + " SET " + quote_name(column.name) + "=?1", {value});
  if (!filled) return error_of(filled.error());
  if (filled->rows_affected > 0 && is_null(value)) {
    return Error(ErrorCode::null_not_allowed, column.name);
  }
  return {};
}

Result<void> Session::State::change_column(const Place& place, const pb::UserTable& table,
                                           const std::string& name, pb::UserTable::Column& column,
                                           const ColumnDefinition& to) {
  const DataType before =
      parse_type(column.declared_type()).value_or(type_of(SqlType::sql_variant));
  if (family_of(before) != family_of(to.type)) {
    return Error(ErrorCode::not_supported, "ALTER COLUMN to a type of another kind");
  }
  const std::string quoted = quote_name(column.name());
  auto rows = instance().store().execute(transaction->writes, place.database,
                                         "SELECT _rowid_," + quoted + " FROM " + name, {});
  if (!rows) return error_of(rows.error());
  const bool is_nullable = to.nullable.value_or(true);
  const std::string update = fmt::format("UPDATE {} SET {}=?2 WHERE _rowid_=?1", name, quoted);
  for (const Row& row : rows->rows) {
    if (!is_nullable && is_null(row[1])) return Error(ErrorCode::null_not_allowed, column.name());
    if (!fits(row[1], to.type))
      return Error(ErrorCode::text_truncated, table.name() + "." + column.name());
    Result<Value> value = convert(row[1], before, to.type);
    if (!value) return value.error();
    const auto done = instance().store().execute(transaction->writes, place.database, update,
                                                 {row[0], *std::move(value)});
    if (!done) return error_of(done.error());
  }
  column.set_declared_type(type_name(to.type));
  column.set_is_nullable(is_nullable);
  return {};
}

// ---------------------------------------------------------------- indexes

Result<Outcome> Session::State::create_index(const CreateIndex& node) {
  return atomically([&]() -> Result<Outcome> {
    if (node.where) return Error(ErrorCode::not_supported, "filtered indexes");
    std::vector<std::string> names;
    for (const IndexColumn& column : node.columns) names.push_back(column.name);
    if (node.table.name.starts_with('#')) {
      const auto table = temporary_table(node.table.name);
      if (!table) return Error(ErrorCode::unknown_object, node.table.name);
      Result<std::vector<std::size_t>> columns = key_columns(table->shape, names, table->name);
      if (!columns) return columns.error();
      if (node.unique) table->shape.keys.push_back({node.name, false, *std::move(columns)});
      return Outcome::done;
    }
    const Result<Place> place = place_of(node.table);
    if (!place) return place.error();
    const auto* table =
        place->catalog->table<pb::UserTable>().find_if([&](const pb::UserTable& one) {
          return one.schema_id() == place->schema &&
                 catalog::names_equal(one.name(), node.table.name);
        });
    if (table == nullptr) return Error(ErrorCode::unknown_object, to_text(node.table));
    const Result<void> allowed = require(*place, table->id(), table->name(), "ALTER");
    if (!allowed) return allowed.error();
    const Result<void> locked = instance().lock(*transaction, place->database);
    if (!locked) return locked.error();
    const Result<TableShape> shape = shape_of(*table);
    if (!shape) return shape.error();
    const Result<std::vector<std::size_t>> columns = key_columns(*shape, names, table->name());
    if (!columns) return columns.error();
    const std::string full = place->schema_name + "." + table->name();
    std::string list;
    for (std::size_t i = 0; i < columns->size(); ++i) {
      list += (i == 0 ? "" : ",") + quote_name(shape->columns[(*columns)[i]].name) +
              (node.columns[i].descending ? " DESC" : "");
    }
    const auto known =
        rows_of("SELECT 1 FROM sqlite_schema WHERE type='index' AND name=?1 COLLATE NOCASE",
                {full + "." + node.name});
    if (!known) return known.error();
    if (!known->empty()) return Error(ErrorCode::index_exists, node.name, table->name());
    const auto made = instance().store().execute(
        transaction->writes, place->database,
        std::string("CREATE ") + (node.unique ? "UNIQUE " : "") + "INDEX " +
            quote_name(full + "." + node.name) + " ON " + quote_name(full) + " (" + list + ")",
        {});
    if (!made)
      return node.unique ? Error(ErrorCode::duplicate_key, node.name) : error_of(made.error());
    return Outcome::done;
  });
}

}  // namespace ssb::broker::tsql
