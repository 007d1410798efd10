#include "broker/store/connection.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "broker/store/collation.h"
#include "proto/check.h"

namespace ssb::broker::store {
namespace {

constexpr std::string_view kAppliedTable = "ssb_applied";

// Their results depend on more than the database and their arguments: a statement run again would
// differ.
constexpr std::array<std::string_view, 8> kRefusedFunctions = {
    "random",       "randomblob",   "changes",          "total_changes", "last_insert_rowid",
    "current_time", "current_date", "current_timestamp"};
constexpr std::array<std::string_view, 10> kReadingPragmas = {
    "table_info", "table_xinfo",      "table_list", "index_list",      "index_info",
    "page_count", "foreign_key_list", "page_size",  "integrity_check", "index_xinfo"};

template <std::size_t kSize>
bool contains(const std::array<std::string_view, kSize>& names, const char* name) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view candidate) {
    return sqlite3_stricmp(candidate.data(), name) == 0;
  });
}

// What ends the Store: the file, not the statement, is at fault.
bool is_failure(int code) {
  switch (code & 0xFF) {
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_BUSY:
    case SQLITE_INTERNAL: return true;
    default: return false;
  }
}

int compare_texts(void*, int left_size, const void* left, int right_size, const void* right) {
  return compare_tsql({static_cast<const char*>(left), static_cast<std::size_t>(left_size)},
                      {static_cast<const char*>(right), static_cast<std::size_t>(right_size)});
}

Value read_column(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      if (text == nullptr) throw std::bad_alloc();
      return std::string(text, size);
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return bytes == nullptr ? proto::Bytes() : proto::Bytes(bytes, bytes + size);
    }
    default: return std::monostate();
  }
}

// Parameters outlive the step, so SQLite need not copy them.
struct Binder {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  int operator()(const proto::Bytes& bytes) const {
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
};

struct Returner {
  sqlite3_context* context;
  void operator()(std::monostate) const { sqlite3_result_null(context); }
  void operator()(std::int64_t value) const { sqlite3_result_int64(context, value); }
  void operator()(double value) const { sqlite3_result_double(context, value); }
  void operator()(const std::string& text) const {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void operator()(const proto::Bytes& bytes) const {
    if (bytes.empty()) return sqlite3_result_zeroblob(context, 0);
    sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  }
};

}  // namespace

Value read_value(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return sqlite3_value_int64(value);
    case SQLITE_FLOAT: return sqlite3_value_double(value);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      if (text == nullptr) throw std::bad_alloc();
      return std::string(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      return bytes == nullptr ? proto::Bytes() : proto::Bytes(bytes, bytes + size);
    }
    default: return std::monostate();
  }
}

void return_value(sqlite3_context* context, const Value& value) {
  std::visit(Returner{context}, value);
}

Connection::Connection(Shared& shared, DatabaseId id, std::string label, const std::string& file,
                       bool flushed)
    : shared_(shared), id_(id), label_(std::move(label)) {
  try {
    open(file, flushed);
  } catch (...) {
    close();
    throw;
  }
}

Connection::~Connection() {
  close();
}

void Connection::close() {
  for (CachedStatement& cached : statements_) sqlite3_finalize(cached.statement);
  // An open transaction is rolled back, and without a checkpoint nothing is written here.
  sqlite3_close(db_);
}

void Connection::open(const std::string& file, bool flushed) {
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &db_, flags, shared_.vfs);
  if (db_ == nullptr) throw std::bad_alloc();
  if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  configure(flushed);
}

void Connection::configure(bool flushed) {
  for (const auto& [option, value] :
       {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1}, std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        std::pair{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, std::pair{SQLITE_DBCONFIG_DQS_DML, 0},
        std::pair{SQLITE_DBCONFIG_DQS_DDL, 0}, std::pair{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}}) {
    if (sqlite3_db_config(db_, option, value, nullptr) != SQLITE_OK) fail(sqlite3_errmsg(db_));
  }
  sqlite3_set_authorizer(db_, &Connection::authorize, this);
  const int code =
      sqlite3_create_collation_v2(db_, "tsql", SQLITE_UTF8, nullptr, &compare_texts, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  // The folder is locked by the Store; this spares the shared-memory file and its locking.
  control("PRAGMA locking_mode = EXCLUSIVE");
  control(flushed ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
  control(fmt::format("PRAGMA page_size = {}", kPageBytes));  // of a new file
  control("PRAGMA journal_mode = WAL");                       // "memory" for a database in memory
  control("PRAGMA temp_store = MEMORY");
  // In place of SQLite's automatic checkpoint, which would run inside COMMIT: flush decides.
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

// Called while SQLite compiles a statement, also again after a change of the schema.
int Connection::authorize(void* self, int action, const char* first, const char* second,
                          const char* /*schema*/, const char* /*trigger*/) {
  if (static_cast<Connection*>(self)->is_internal_) return SQLITE_OK;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return SQLITE_DENY;
    case SQLITE_PRAGMA: return contains(kReadingPragmas, first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION: return contains(kRefusedFunctions, second) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_DROP_TABLE:
      return sqlite3_stricmp(first, kAppliedTable.data()) == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_ALTER_TABLE:
      return sqlite3_stricmp(second, kAppliedTable.data()) == 0 ? SQLITE_DENY : SQLITE_OK;
    default: return SQLITE_OK;
  }
}

void Connection::fail(const std::string& what) {
  const std::string text = label_ + ": " + what;
  if (shared_.failure.empty()) shared_.failure = text;
  throw StoreFailure(text);
}

StoreError Connection::last_error(int code) {
  if ((code & 0xFF) == SQLITE_NOMEM) {
    shared_.failure = label_ + ": out of memory";
    throw std::bad_alloc();
  }
  const std::string message = sqlite3_errmsg(db_);
  if (is_failure(code)) fail(message);
  return {code, message, 0};
}

StoreResult<sqlite3_stmt*> Connection::compile(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const auto size = static_cast<int>(std::min<std::size_t>(sql.size(), 1'000'000'000));
  int code =
      sqlite3_prepare_v3(db_, sql.data(), size, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (code != SQLITE_OK) return last_error(code);
  if (statement == nullptr) return StoreError{SQLITE_MISUSE, "no SQL statement", 0};
  // Whatever follows may be blanks, comments and semicolons only.
  while (tail != sql.data() + sql.size()) {
    sqlite3_stmt* second = nullptr;
    const auto rest = static_cast<int>(sql.data() + sql.size() - tail);
    code = sqlite3_prepare_v3(db_, tail, rest, 0, &second, &tail);
    if (code == SQLITE_OK && second == nullptr) continue;
    sqlite3_finalize(second);
    sqlite3_finalize(statement);
    return StoreError{SQLITE_MISUSE, "more than one SQL statement", 0};
  }
  return statement;
}

StoreResult<Connection::Lease> Connection::prepare(std::string_view sql) {
  auto& by_sql = by_sql_[is_internal_ ? 1 : 0];
  const auto found = by_sql.find(sql);
  if (found != by_sql.end() && !found->second->is_busy) {
    const Position position = found->second;
    statements_.splice(statements_.begin(), statements_, position);
    position->is_busy = true;
    return Lease(*this, position);
  }
  const StoreResult<sqlite3_stmt*> compiled = compile(sql);
  if (!compiled) return compiled.error();
  // The same text may be running already, further out: then this one is not for the cache.
  const bool is_cached = found == by_sql.end();
  statements_.push_front({std::string(sql), *compiled, true, is_cached, is_internal_});
  if (is_cached) by_sql.emplace(statements_.front().sql, statements_.begin());
  return Lease(*this, statements_.begin());
}

void Connection::give_back(Position position) {
  sqlite3_reset(position->statement);
  sqlite3_clear_bindings(position->statement);
  position->is_busy = false;
  if (!position->is_cached) {
    sqlite3_finalize(position->statement);
    statements_.erase(position);
    return;
  }
  trim_cache();
}

void Connection::trim_cache() {
  while (statements_.size() > kCachedStatementsMax && !statements_.back().is_busy) {
    const CachedStatement& oldest = statements_.back();
    by_sql_[oldest.is_internal ? 1 : 0].erase(oldest.sql);
    sqlite3_finalize(oldest.statement);
    statements_.pop_back();
  }
}

StoreResult<void> Connection::bind(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
  const int wanted = sqlite3_bind_parameter_count(statement);
  if (static_cast<std::size_t>(wanted) != parameters.size()) {
    return StoreError{
        SQLITE_RANGE,
        fmt::format("the statement has {} parameters, {} were given", wanted, parameters.size()),
        0};
  }
  int index = 0;
  for (const Value& value : parameters) {
    const int code = std::visit(Binder{statement, ++index}, value);
    if (code != SQLITE_OK) return last_error(code);
  }
  return {};
}

int Connection::step_to_end(sqlite3_stmt* statement, ResultSet& result) {
  const int columns = sqlite3_column_count(statement);
  int code = sqlite3_step(statement);
  // Names come after the first step, which compiles anew when the schema has changed.
  for (int i = 0; i < columns; ++i) {
    const char* name = sqlite3_column_name(statement, i);
    const char* type = sqlite3_column_decltype(statement, i);
    result.columns.push_back({name == nullptr ? "" : name, type == nullptr ? "" : type});
  }
  while (code == SQLITE_ROW) {
    Row& row = result.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(read_column(statement, i));
    code = sqlite3_step(statement);
  }
  return code;
}

// The innermost running statement of its connection, for as long as it lives.
class Connection::Running {
 public:
  Running(Connection& connection, Frame& frame) : connection_(connection) {
    connection_.frame_ = &frame;
    ++connection_.shared_.running;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    connection_.frame_ = connection_.frame_->outer;
    --connection_.shared_.running;
  }

 private:
  Connection& connection_;
};

StoreResult<ResultSet> Connection::run(const Lease& lease, const std::vector<Value>& parameters,
                                       std::vector<RecordedAnswer>* answers) {
  sqlite3_stmt* statement = lease.get();
  const StoreResult<void> bound = bind(statement, parameters);
  if (!bound) return bound.error();

  const bool was_in_transaction = is_in_transaction();
  const std::int64_t changes_before = sqlite3_total_changes64(db_);
  Frame frame{frame_, {answers, std::vector<bool>(answers == nullptr ? 0 : answers->size())}};
  ResultSet result;
  const int code = [&] {
    const Running running(*this, frame);
    return step_to_end(statement, result);
  }();
  if (code != SQLITE_DONE) {
    sqlite3_reset(statement);  // ends the statement; it keeps the error for last_error
    if (frame.exception) std::rethrow_exception(frame.exception);
    StoreError error = last_error(code);
    if (was_in_transaction && !is_in_transaction()) {
      fail("a statement rolled the whole batch back: " + error.message);
    }
    if ((code & 0xFF) == SQLITE_ERROR && !frame.error.message.empty()) return frame.error;
    return error;
  }
  // Statements other than INSERT, UPDATE and DELETE leave the count of the last one.
  if (sqlite3_total_changes64(db_) != changes_before) {
    result.rows_affected = sqlite3_changes64(db_);
    result.last_insert_rowid = sqlite3_last_insert_rowid(db_);
  }
  return result;
}

namespace {

// What the store itself runs may do what no caller may.
class Internal {
 public:
  explicit Internal(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  Internal(const Internal&) = delete;
  Internal& operator=(const Internal&) = delete;
  ~Internal() { flag_ = before_; }

 private:
  bool& flag_;
  bool before_;
};

}  // namespace

ResultSet Connection::control(std::string_view sql, const std::vector<Value>& parameters) {
  const Internal internal(is_internal_);
  const StoreResult<Lease> lease = prepare(sql);
  if (!lease) fail(lease.error().message);
  sqlite3_stmt* statement = lease->get();
  const StoreResult<void> bound = bind(statement, parameters);
  if (!bound) fail(bound.error().message);
  ResultSet result;
  const int code = step_to_end(statement, result);
  if (code != SQLITE_DONE) fail(last_error(code).message);
  return result;
}

std::int64_t Connection::write_record(std::string_view sql, proto::ByteView key,
                                      const proto::Bytes* value) {
  const Internal internal(is_internal_);
  const StoreResult<Lease> lease = prepare(sql);
  if (!lease) fail(lease.error().message);
  sqlite3_stmt* const statement = lease->get();
  int code = sqlite3_bind_blob64(statement, 1, key.data(), key.size(), SQLITE_STATIC);
  if (code == SQLITE_OK && value != nullptr) code = Binder{statement, 2}(*value);
  const std::int64_t before = sqlite3_total_changes64(db_);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) fail(last_error(code).message);
  return sqlite3_total_changes64(db_) == before ? 0 : sqlite3_changes64(db_);
}

std::int64_t Connection::control_number(std::string_view sql) {
  const ResultSet found = control(sql);
  const bool is_one = found.rows.size() == 1 && found.rows[0].size() == 1;
  const auto* number = is_one ? std::get_if<std::int64_t>(&found.rows[0][0]) : nullptr;
  if (number == nullptr) fail("the file is damaged: " + std::string(sql));
  return *number;
}

void Connection::checkpoint(bool truncated) {
  const int mode = truncated ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  wal_pages_ = 0;
}

RecordedAnswer* Connection::find_answer(std::string_view question) {
  Answers& answers = frame_->answers;
  const std::size_t known = answers.is_used.size();
  // Run again, a statement asks in the same order unless SQLite chose another plan: look ahead,
  // then from the start.
  for (std::size_t n = 0; n < known; ++n) {
    const std::size_t i = (answers.next + n) % known;
    if (answers.is_used[i] || (*answers.recorded)[i].question != question) continue;
    answers.is_used[i] = true;
    answers.next = i + 1;
    return &(*answers.recorded)[i];
  }
  return nullptr;
}

StoreResult<void> Connection::record_answer(std::string question, std::vector<Row> rows) {
  std::vector<RecordedAnswer>& recorded = *frame_->answers.recorded;
  if (recorded.size() >= kRecordedAnswersMax) {
    return StoreError{SQLITE_TOOBIG, "too many answers of functions and views to record", 0};
  }
  recorded.push_back({std::move(question), std::move(rows)});
  return {};
}

}  // namespace ssb::broker::store
