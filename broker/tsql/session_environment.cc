// What expressions and queries find in a session: variables, functions of the session, tables by name.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sqlite3.h>

#include "broker/catalog/permissions.h"
#include "broker/store/store.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/derived_views.h"
#include "broker/tsql/functions.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;
using store::Value;

namespace {

namespace pb = catalog::pb;

constexpr const char* kVersion =
    "ssbsim: Service Broker dialog security, as Microsoft SQL Server 2019 - 15.0.2000.5";

// Columns of Service Broker's names, which compare byte by byte: the view, then the column.
constexpr auto kBinaryColumns = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"sys.services", "name"},
    {"sys.service_contracts", "name"},
    {"sys.service_message_types", "name"},
    {"sys.conversation_endpoints", "far_service"},
    {"sys.transmission_queue", "to_service_name"},
    {"sys.transmission_queue", "from_service_name"},
    {"sys.transmission_queue", "service_contract_name"},
    {"sys.transmission_queue", "message_type_name"},
    {"queue", "service_name"},
    {"queue", "service_contract_name"},
    {"queue", "message_type_name"},
});

bool is_binary_column(std::string_view view, std::string_view column) {
  return std::find(kBinaryColumns.begin(), kBinaryColumns.end(), std::pair(view, column)) !=
         kBinaryColumns.end();
}

Relation view_relation(std::string_view view, const std::vector<store::Column>& columns,
                       std::string sql) {
  Relation relation;
  relation.sql = std::move(sql);
  for (const store::Column& column : columns) {
    const DataType type = parse_type(column.declared_type).value_or(type_of(SqlType::sql_variant));
    relation.columns.push_back(
        {column.name, quote_name(column.name), type, is_binary_column(view, column.name)});
  }
  return relation;
}

TypedValue integer(std::int64_t value) {
  return {type_of(SqlType::integer), value};
}
TypedValue text(std::string value, int length = 128) {
  return {type_of(SqlType::nvarchar, length), std::move(value)};
}

}  // namespace

std::string bracketed(const std::string& name) {
  std::string result;
  for (const char c : name) {
    result += c;
    if (c == ']') result += c;
  }
  return result;
}

// ---------------------------------------------------------------- variables

Local* Session::State::find_variable(const std::string& name) {
  if (modules.empty()) return nullptr;
  const auto found = module().variables.find(name);
  return found == module().variables.end() ? nullptr : &found->second;
}

Result<TypedValue> Session::State::variable(std::string_view name) {
  variables_read.insert(lower(name));
  const Local* local = find_variable(std::string(name));
  if (local == nullptr || local->table)
    return Error(ErrorCode::variable_not_declared, std::string(name));
  return TypedValue{local->type, local->value};
}

Result<void> Session::State::assign(const std::string& name, Value value, const DataType& type) {
  Local* local = find_variable(name);
  if (local == nullptr || local->table) return Error(ErrorCode::variable_not_declared, name);
  Result<Value> converted = convert(std::move(value), type, local->type);
  if (!converted) return converted.error();
  local->value = *std::move(converted);
  return {};
}

Result<void> Session::State::assign(const std::string& name, AssignmentOperator op, Value value,
                                    const DataType& type) {
  if (op == AssignmentOperator::assign) return assign(name, std::move(value), type);
  constexpr std::array<BinaryOperator, 9> kOperators = {
      BinaryOperator::equal,    BinaryOperator::add,    BinaryOperator::subtract,
      BinaryOperator::multiply, BinaryOperator::divide, BinaryOperator::modulo,
      BinaryOperator::bit_and,  BinaryOperator::bit_or, BinaryOperator::bit_xor};
  const Result<TypedValue> before = variable(name);
  if (!before) return before.error();
  // The value comes in as a variable of a name that no script can write.
  module().variables["@ "] = Local{type, std::move(value), nullptr};
  Expression sum;
  sum.node = Binary{kOperators.at(static_cast<std::size_t>(op)), std::make_unique<Expression>(),
                    std::make_unique<Expression>()};
  std::get<Binary>(sum.node).left->node = Variable{name};
  std::get<Binary>(sum.node).right->node = Variable{"@ "};
  const Result<TypedValue> result = evaluate(sum);
  module().variables.erase("@ ");
  if (!result) return result.error();
  return assign(name, result->value, result->type);
}

Result<TypedValue> Session::State::system_variable(std::string_view name) {
  if (name == "@@ROWCOUNT") return integer(row_count);
  if (name == "@@ERROR") return integer(last_error);
  if (name == "@@TRANCOUNT") return integer(transaction_count);
  if (name == "@@SPID") return TypedValue{type_of(SqlType::smallint), std::int64_t{id}};
  if (name == "@@FETCH_STATUS") return integer(fetch_status);
  if (name == "@@NESTLEVEL") return integer(static_cast<std::int64_t>(modules.size()) - 1);
  if (name == "@@PROCID") return integer(module().procedure_id);
  if (name == "@@SERVERNAME") return text(instance().name());
  if (name == "@@SERVICENAME") return text("MSSQLSERVER");
  if (name == "@@VERSION") return text(kVersion, 300);
  if (name == "@@IDENTITY") return *session_function("SCOPE_IDENTITY");
  if (name == "@@LANGUAGE") return text("us_english");
  if (name == "@@LANGID") return TypedValue{type_of(SqlType::smallint), std::int64_t{0}};
  if (name == "@@DATEFIRST") return TypedValue{type_of(SqlType::tinyint), std::int64_t{7}};
  if (name == "@@LOCK_TIMEOUT") return integer(set.lock_timeout_ms);
  if (name == "@@TEXTSIZE") return integer(INT32_MAX);
  if (name == "@@MAX_PRECISION") return TypedValue{type_of(SqlType::tinyint), std::int64_t{38}};
  if (name == "@@MICROSOFTVERSION") return integer(15 << 24 | 2000);
  if (name == "@@OPTIONS") return integer(set.no_count ? 5496 + 512 : 5496);
  return Error(ErrorCode::variable_not_declared, std::string(name));
}

std::optional<TypedValue> Session::State::session_function(std::string_view name) {
  constexpr auto kClocks = std::to_array<std::pair<std::string_view, SqlType>>({
      {"GETDATE", SqlType::datetime},
      {"GETUTCDATE", SqlType::datetime},
      {"CURRENT_TIMESTAMP", SqlType::datetime},
      {"SYSDATETIME", SqlType::datetime2},
      {"SYSUTCDATETIME", SqlType::datetime2},
      {"SYSDATETIMEOFFSET", SqlType::datetimeoffset},
  });
  for (const auto& [clock, sql_type] : kClocks) {
    if (clock == name) return TypedValue{type_of(sql_type), time_text(now, type_of(sql_type))};
  }
  if (name == "XACT_STATE") {
    return TypedValue{type_of(SqlType::smallint),
                      std::int64_t{is_doomed ? -1 : (transaction_count > 0 ? 1 : 0)}};
  }
  if (name == "SCOPE_IDENTITY") {
    DataType type = type_of(SqlType::decimal);
    type.precision = 38;
    return TypedValue{type, last_identity};
  }
  if (name == "ROWCOUNT_BIG") return TypedValue{type_of(SqlType::bigint), row_count};
  if (name == "APP_NAME") return text("ssbsim");
  if (name == "HOST_NAME") return TypedValue{type_of(SqlType::nvarchar, 128), Value()};
  if (name == "PI") return TypedValue{type_of(SqlType::floating), 3.14159265358979};
  if (!name.starts_with("ERROR_")) return std::nullopt;
  std::shared_ptr<CaughtError> caught;
  for (const Frame& frame : frames) {
    if (frame.kind == Frame::Kind::handler) caught = frame.caught;
  }
  const bool is_text_function = name == "ERROR_MESSAGE" || name == "ERROR_PROCEDURE";
  if (!caught)
    return TypedValue{
        is_text_function ? type_of(SqlType::nvarchar, 4000) : type_of(SqlType::integer), Value()};
  if (name == "ERROR_NUMBER") return integer(caught->error.number());
  if (name == "ERROR_SEVERITY") return integer(caught->severity);
  if (name == "ERROR_STATE") return integer(caught->error.state);
  if (name == "ERROR_LINE") return integer(caught->line);
  if (name == "ERROR_MESSAGE") return text(caught->error.text(), 4000);
  if (name != "ERROR_PROCEDURE") return std::nullopt;
  if (caught->procedure.empty()) return TypedValue{type_of(SqlType::nvarchar, 128), Value()};
  return text(caught->procedure);
}

std::int64_t Session::State::user_id() {
  const auto user =
      catalog::user_in(instance(), who(), static_cast<store::DatabaseId>(database_id()));
  return user ? *user : catalog::kGuest;
}

// ---------------------------------------------------------------- evaluation

Error Session::State::error_of(const store::StoreError& error) const {
  if (error.number != 0) return from_store_error(error);
  // What T-SQL leaves to the data: the rest is a translation that SQLite does not take.
  if ((error.sqlite_code & 0xFF) == SQLITE_TOOBIG) return Error(ErrorCode::out_of_memory);
  return Error(ErrorCode::not_supported, "this statement (" + error.message + ")");
}

Result<std::vector<store::Row>> Session::State::rows_of(const std::string& sql,
                                                        const std::vector<Value>& parameters) {
  const conversation::Engine::Reader reader(engine(), transaction ? &*transaction : nullptr);
  auto result = transaction
                    ? instance().store().execute(transaction->writes, database, sql, parameters)
                    : instance().store().query(database, sql, parameters);
  if (!result) return error_of(result.error());
  return std::move(result->rows);
}

Result<TypedValue> Session::State::evaluate(const Expression& expression) {
  // What needs no SQL.
  if (const auto* node = std::get_if<Variable>(&expression.node)) return variable(node->name);
  if (const auto* node = std::get_if<SystemVariable>(&expression.node))
    return system_variable(node->name);
  if (const auto* node = std::get_if<IntegerLiteral>(&expression.node)) return integer(node->value);
  Translator translator(*this);
  const auto translated = translator.value(expression);
  if (!translated) return translated.error().error;
  const auto rows = rows_of("SELECT " + translated->sql, translator.parameters());
  if (!rows) return rows.error();
  return TypedValue{translated->is_null_literal ? type_of(SqlType::integer) : translated->type,
                    rows->at(0).at(0)};
}

Result<Value> Session::State::evaluate_as(const Expression& expression, const DataType& type) {
  const Result<TypedValue> value = evaluate(expression);
  if (!value) return value.error();
  return convert(value->value, value->type, type);
}

Result<std::optional<std::string>> Session::State::evaluate_text(const Expression& expression) {
  const Result<Value> value = evaluate_as(expression, type_of(SqlType::nvarchar, -1));
  if (!value) return value.error();
  const auto* found = std::get_if<std::string>(&*value);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Result<bool> Session::State::is_true(const Expression& condition) {
  Translator translator(*this);
  const auto translated = translator.condition(condition);
  if (!translated) return translated.error().error;
  const auto rows = rows_of("SELECT " + translated->sql, translator.parameters());
  if (!rows) return rows.error();
  const auto* truth = std::get_if<std::int64_t>(&rows->at(0).at(0));
  return truth != nullptr && *truth != 0;
}

// ---------------------------------------------------------------- names

Result<Session::State::Place> Session::State::place_of(const ObjectName& name) {
  Place place;
  const Error missing(ErrorCode::unknown_object, to_text(name));
  if (!name.server.empty() && !catalog::names_equal(name.server, instance().name())) return missing;
  const auto in_use = static_cast<store::DatabaseId>(database_id());
  place.catalog =
      name.database.empty() ? instance().database(in_use) : instance().database(name.database);
  if (place.catalog == nullptr) return missing;
  place.database = place.catalog->id();
  const auto user = catalog::user_in(instance(), who(), place.database);
  if (!user) return user.error();
  std::string wanted = name.schema;
  if (wanted.empty()) {
    const auto* principal = place.catalog->table<pb::Principal>().find(*user);
    if (principal != nullptr) wanted = principal->default_schema();
  }
  if (wanted.empty()) wanted = "dbo";
  const auto* schema = place.catalog->table<pb::Schema>().find(wanted);
  if (schema == nullptr) return missing;
  place.schema = schema->id();
  place.schema_name = schema->name();
  return place;
}

Result<void> Session::State::require(const Place& place, std::int32_t object,
                                     const std::string& name, std::string_view permission) {
  // Ownership chaining: what a procedure names itself is not asked for again.
  if (!modules.empty() && !module().procedure.empty() && place.database == database) return {};
  return catalog::require_permission(instance(), who(), place.database,
                                     catalog::ObjectClass::object, object, name, permission);
}

std::shared_ptr<MemoryTable> Session::State::temporary_table(const std::string& name) {
  for (auto level = modules.rbegin(); level != modules.rend(); ++level) {
    const auto found = (*level)->temporary_tables.find(name);
    if (found != (*level)->temporary_tables.end()) return found->second;
  }
  const auto found = temporary_tables.find(name);
  return found == temporary_tables.end() ? nullptr : found->second;
}

Relation Session::State::relation_of(const MemoryTable& table) const {
  Relation relation;
  relation.sql = fmt::format("\"rows\"({},{})", database, table.number);
  for (std::size_t i = 0; i < table.shape.columns.size(); ++i) {
    const ColumnShape& column = table.shape.columns[i];
    relation.columns.push_back({column.name, fmt::format("c{}", i), column.type});
  }
  return relation;
}

std::shared_ptr<MemoryTable> Session::State::make_table(std::string name, TableShape shape) {
  auto table = std::make_shared<MemoryTable>();
  table->name = std::move(name);
  table->shape = std::move(shape);
  table->number = runtime.add(table.get());
  return table;
}

Result<Relation> Session::State::table_variable(std::string_view name) {
  const Local* local = find_variable(std::string(name));
  if (local == nullptr || !local->table) return Error(ErrorCode::unknown_object, std::string(name));
  return relation_of(*local->table);
}

// A user table of another database is read whole, once for the statement.
Result<Relation> Session::State::foreign_table(const Place& place, const pb::UserTable& table) {
  std::string sql;
  TableShape shape;
  for (const auto& column : table.columns()) {
    sql += (sql.empty() ? "SELECT " : ",") + quote_name(column.name());
    shape.columns.emplace_back(
        column.name(), parse_type(column.declared_type()).value_or(type_of(SqlType::sql_variant)));
  }
  sql += " FROM " + quote_name(place.schema_name + "." + table.name());
  auto result = transaction
                    ? instance().store().execute(transaction->writes, place.database, sql, {})
                    : instance().store().query(place.database, sql, {});
  if (!result) return error_of(result.error());
  auto copy = make_table(table.name(), std::move(shape));
  copy->rows = std::make_shared<std::vector<store::Row>>(std::move(result->rows));
  statement_tables.push_back(copy);
  Relation relation = relation_of(*copy);
  relation.schema = place.schema_name;
  return relation;
}

Result<Relation> Session::State::system_view(const ObjectName& name, const std::string& view) {
  const auto columns = runtime.views().view_columns(view);
  const char* derived = columns.empty() ? derived_view(view) : nullptr;
  if (columns.empty() && derived == nullptr) return Error(ErrorCode::unknown_object, to_text(name));
  // Each sees the row of its own session.
  const bool is_of_server = view.starts_with("sys.dm_") && view != "sys.dm_exec_sessions";
  if (is_of_server && !catalog::has_server_permission(instance(), who(), "VIEW SERVER STATE"))
    return Error(ErrorCode::view_server_state_denied, "VIEW SERVER STATE", view);
  store::DatabaseId where = static_cast<store::DatabaseId>(database_id());
  if (!name.database.empty()) {
    const catalog::Catalog* other = instance().database(name.database);
    if (other == nullptr) return Error(ErrorCode::unknown_object, to_text(name));
    where = other->id();
    const auto user = catalog::user_in(instance(), who(), where);
    if (!user) return user.error();
  }
  if (derived != nullptr) {
    auto batch = runtime.parsed(derived);
    if (!batch) return batch.error();
    Relation relation;
    relation.schema = name.schema;
    relation.view = *std::move(batch);
    relation.view_database = where;
    return relation;
  }
  Relation relation = view_relation(view, columns, fmt::format("{}({})", quote_name(view), where));
  relation.schema = name.schema;
  return relation;
}

Result<Relation> Session::State::relation(const ObjectName& name) {
  if (name.name.starts_with('#')) {
    const auto table = temporary_table(name.name);
    if (!table) return Error(ErrorCode::unknown_object, name.name);
    return relation_of(*table);
  }
  const std::string schema = lower(name.schema);
  if (schema == "sys") return system_view(name, "sys." + lower(name.name));
  if (schema == "information_schema")
    return system_view(name, "information_schema." + lower(name.name));
  const Result<Place> place = place_of(name);
  if (!place) return place.error();
  const auto is_here = [&](const auto& object) {
    return object.schema_id() == place->schema && catalog::names_equal(object.name(), name.name);
  };
  if (const auto* table = place->catalog->table<pb::UserTable>().find_if(is_here)) {
    const Result<void> allowed = require(*place, table->id(), table->name(), "SELECT");
    if (!allowed) return allowed.error();
    if (place->database != database) return foreign_table(*place, *table);
    Relation relation;
    relation.sql = quote_name(place->schema_name + "." + table->name());
    relation.schema = place->schema_name;
    for (const auto& column : table->columns()) {
      const DataType type =
          parse_type(column.declared_type()).value_or(type_of(SqlType::sql_variant));
      relation.columns.push_back({column.name(), quote_name(column.name()), type});
    }
    return relation;
  }
  if (const auto* queue = place->catalog->table<pb::Queue>().find_if(is_here)) {
    const Result<void> allowed = require(*place, queue->id(), queue->name(), "SELECT");
    if (!allowed) return allowed.error();
    Relation relation =
        view_relation("queue", runtime.views().view_columns("queue"),
                      fmt::format("\"queue\"({},{})", place->database, queue->id()));
    relation.schema = place->schema_name;
    return relation;
  }
  const auto is_view = [&](const pb::Module& module) {
    return module.type() == "V " && is_here(module);
  };
  if (const auto* view = place->catalog->table<pb::Module>().find_if(is_view)) {
    const Result<void> allowed = require(*place, view->id(), view->name(), "SELECT");
    if (!allowed) return allowed.error();
    auto batch = runtime.parsed(view->definition());
    if (!batch) return batch.error();
    Relation relation;
    relation.schema = place->schema_name;
    relation.view = *std::move(batch);
    relation.view_database = place->database;
    return relation;
  }
  // sysdatabases, master..sysprocesses: the views that SQL Server 2000 had.
  if (schema.empty() || schema == "dbo") {
    const std::string old = "sys." + lower(name.name);
    if (old.starts_with("sys.sys") && derived_view(old) != nullptr) return system_view(name, old);
  }
  return Error(ErrorCode::unknown_object, to_text(name));
}

void Session::State::forget_statement_tables() {
  for (const auto& table : statement_tables) runtime.remove(table->number);
  statement_tables.clear();
}

}  // namespace ssb::broker::tsql
