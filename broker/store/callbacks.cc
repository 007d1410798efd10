// What SQLite calls back: scalar functions, and views as eponymous virtual tables.
#include <array>
#include <memory>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "broker/store/coding.h"
#include "broker/store/connection.h"

namespace ssb::broker::store {
namespace {

std::string question_of(std::string_view name, const std::vector<Value>& arguments) {
  Writer writer;
  writer.text(name);
  writer.row(arguments);
  return proto::to_string(writer.take());
}

// ---------------------------------------------------------------- functions

struct FunctionBinding {
  Connection& connection;
  const Function& function;
};

StoreResult<Value> call(const FunctionBinding& binding, std::vector<Value> arguments) {
  Connection& connection = binding.connection;
  if (binding.function.kind == FunctionKind::pure || !connection.is_recording()) {
    return binding.function.body(std::move(arguments));
  }
  std::string question = question_of(binding.function.name, arguments);
  if (const RecordedAnswer* known = connection.find_answer(question)) return known->rows[0][0];
  StoreResult<Value> value = binding.function.body(std::move(arguments));
  if (!value) return value;
  const auto recorded = connection.record_answer(std::move(question), {Row{*value}});
  if (!recorded) return recorded.error();
  return value;
}

// No exception may pass through SQLite: it is handed to Connection::run, which throws it again.
void call_function(sqlite3_context* context, int count, sqlite3_value** values) {
  const auto& binding = *static_cast<FunctionBinding*>(sqlite3_user_data(context));
  try {
    std::vector<Value> arguments;
    arguments.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) arguments.push_back(read_value(values[i]));
    const StoreResult<Value> value = call(binding, std::move(arguments));
    if (value) return return_value(context, *value);
    sqlite3_result_error(context, value.error().message.c_str(), -1);
    binding.connection.set_callback_error(value.error());
  } catch (const StoreException& failed) {
    sqlite3_result_error(context, failed.what(), -1);
    binding.connection.set_callback_error(failed.error);
  } catch (...) {
    sqlite3_result_error(context, "exception", -1);
    binding.connection.set_callback_exception(std::current_exception());
  }
}

// ---------------------------------------------------------------- views

struct ViewBinding {
  Connection& connection;
  const ViewProvider& provider;
  std::string name;
  std::vector<Column> columns;
  // The hidden columns come after the view's own.
  [[nodiscard]] int database_column() const { return static_cast<int>(columns.size()); }
  [[nodiscard]] int argument_column() const { return database_column() + 1; }
};

struct Table : sqlite3_vtab {
  explicit Table(ViewBinding& view) : sqlite3_vtab{}, binding(view) {}
  ViewBinding& binding;
};

struct Cursor : sqlite3_vtab_cursor {
  explicit Cursor(ViewBinding& view) : sqlite3_vtab_cursor{}, binding(view) {}
  ViewBinding& binding;
  DatabaseId database = 0;
  std::int64_t argument = 0;
  std::vector<Row> rows;
  std::size_t next = 0;
};

std::string quote_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

int connect(sqlite3* db, void* client, int, const char* const*, sqlite3_vtab** table,
            char** message) {
  auto& binding = *static_cast<ViewBinding*>(client);
  try {
    std::string sql = "CREATE TABLE view(";
    for (const Column& column : binding.columns) {
      // Quoted, a type may be any text: varbinary(max) is no SQLite type otherwise.
      sql += quote_name(column.name) + ' ' + quote_name(column.declared_type) + ", ";
    }
    sql += "\"database\" INTEGER HIDDEN, \"argument\" INTEGER HIDDEN)";
    const int code = sqlite3_declare_vtab(db, sql.c_str());
    if (code != SQLITE_OK) {
      *message = sqlite3_mprintf("view %s: %s", binding.name.c_str(), sqlite3_errmsg(db));
      return code;
    }
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *table = new Table(binding);
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

// Takes `database = x` and `argument = x` away from SQLite; idxNum has bit 0 and bit 1 for the two
// that were given.
int plan(sqlite3_vtab* base, sqlite3_index_info* info) {
  const ViewBinding& binding = static_cast<Table*>(base)->binding;
  std::array<int, 2> taken{-1, -1};
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    const int hidden = constraint.iColumn - binding.database_column();
    if (hidden != 0 && hidden != 1) continue;
    // The value comes from a table further in: SQLite must put that one first.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    taken.at(static_cast<std::size_t>(hidden)) = i;
  }
  int given = 0;
  for (const std::size_t hidden : {std::size_t{0}, std::size_t{1}}) {
    if (taken.at(hidden) < 0) continue;
    info->idxNum |= 1 << hidden;
    info->aConstraintUsage[taken.at(hidden)].argvIndex = ++given;
    info->aConstraintUsage[taken.at(hidden)].omit = 1;
  }
  info->estimatedCost = 1000;
  info->estimatedRows = 1000;
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab* base, sqlite3_vtab_cursor** cursor) {
  try {
    *cursor = new Cursor(static_cast<Table*>(base)->binding);
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

int close_cursor(sqlite3_vtab_cursor* base) {
  delete static_cast<Cursor*>(base);
  return SQLITE_OK;
}

StoreResult<std::vector<Row>> rows_of(const Cursor& cursor) {
  const ViewBinding& binding = cursor.binding;
  const auto ask = [&] {
    return binding.provider.view_rows(binding.name, cursor.database, cursor.argument);
  };
  if (!binding.connection.is_recording()) return ask();
  std::string question =
      question_of(binding.name, {std::int64_t{cursor.database}, cursor.argument});
  if (const RecordedAnswer* known = binding.connection.find_answer(question)) return known->rows;
  std::vector<Row> rows = ask();
  const auto recorded = binding.connection.record_answer(std::move(question), rows);
  if (!recorded) return recorded.error();
  return rows;
}

int fail(sqlite3_vtab* table, Connection& connection, const StoreError& error) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", error.message.c_str());
  connection.set_callback_error(error);
  return SQLITE_ERROR;
}

int filter(sqlite3_vtab_cursor* base, int given, const char*, int, sqlite3_value** values) {
  auto& cursor = *static_cast<Cursor*>(base);
  Connection& connection = cursor.binding.connection;
  try {
    cursor.rows.clear();
    cursor.next = 0;
    cursor.database = connection.id();
    cursor.argument = 0;
    if ((given & 1) != 0) {
      sqlite3_value* value = *values++;
      if (sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
      const std::int64_t database = sqlite3_value_int64(value);
      cursor.database = static_cast<DatabaseId>(database);
      if (cursor.database != database) return SQLITE_OK;  // no such database
    }
    if ((given & 2) != 0) {
      if (sqlite3_value_type(*values) == SQLITE_NULL) return SQLITE_OK;
      cursor.argument = sqlite3_value_int64(*values);
    }
    StoreResult<std::vector<Row>> rows = rows_of(cursor);
    if (!rows) return fail(base->pVtab, connection, rows.error());
    cursor.rows = *std::move(rows);
    return SQLITE_OK;
  } catch (const StoreException& failed) {
    return fail(base->pVtab, connection, failed.error);
  } catch (...) {
    connection.set_callback_exception(std::current_exception());
    return SQLITE_ERROR;
  }
}

int advance(sqlite3_vtab_cursor* base) {
  ++static_cast<Cursor*>(base)->next;
  return SQLITE_OK;
}

int is_at_end(sqlite3_vtab_cursor* base) {
  const auto& cursor = *static_cast<Cursor*>(base);
  return static_cast<int>(cursor.next >= cursor.rows.size());
}

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const auto& cursor = *static_cast<Cursor*>(base);
  if (index == cursor.binding.database_column()) {
    sqlite3_result_int64(context, cursor.database);
  } else if (index == cursor.binding.argument_column()) {
    sqlite3_result_int64(context, cursor.argument);
  } else {
    const Row& row = cursor.rows[cursor.next];
    // A row shorter than its view ends in nulls.
    const auto position = static_cast<std::size_t>(index);
    if (position < row.size()) return_value(context, row[position]);
  }
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* base, sqlite3_int64* number) {
  *number = static_cast<sqlite3_int64>(static_cast<Cursor*>(base)->next);
  return SQLITE_OK;
}

// xCreate stays null: eponymous only, there is nothing to CREATE. So does xUpdate: SQLite then
// refuses to compile a write ("table sys.certificates may not be modified").
constexpr sqlite3_module make_module() {
  sqlite3_module module{};
  module.iVersion = 1;
  module.xConnect = &connect;
  module.xBestIndex = &plan;
  module.xDisconnect = &disconnect;
  module.xOpen = &open_cursor;
  module.xClose = &close_cursor;
  module.xFilter = &filter;
  module.xNext = &advance;
  module.xEof = &is_at_end;
  module.xColumn = &column;
  module.xRowid = &row_number;
  return module;
}
constexpr sqlite3_module kViewModule = make_module();

}  // namespace

void Connection::add_function(const Function& function) {
  auto binding = std::make_unique<FunctionBinding>(FunctionBinding{*this, function});
  // Innocuous, so that a DEFAULT or CHECK may call it: the schema is the instance's own.
  // SQLite calls the destructor also when the registration fails.
  const int code = sqlite3_create_function_v2(
      db_, function.name.c_str(), function.arguments, SQLITE_UTF8 | SQLITE_INNOCUOUS,
      binding.release(), &call_function, nullptr, nullptr,
      [](void* client) { delete static_cast<FunctionBinding*>(client); });
  if (code != SQLITE_OK) fail(fmt::format("function {}: {}", function.name, sqlite3_errmsg(db_)));
}

void Connection::add_views(const ViewProvider& views) {
  for (const std::string& name : views.view_names()) {
    auto binding =
        std::make_unique<ViewBinding>(ViewBinding{*this, views, name, views.view_columns(name)});
    const int code =
        sqlite3_create_module_v2(db_, name.c_str(), &kViewModule, binding.release(),
                                 [](void* client) { delete static_cast<ViewBinding*>(client); });
    if (code != SQLITE_OK) fail(fmt::format("view {}: {}", name, sqlite3_errmsg(db_)));
  }
}

}  // namespace ssb::broker::store
