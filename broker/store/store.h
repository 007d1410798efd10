// The durable part of an instance: one SQLite file a database, group commit, atomic over all of
// them.
//
//   A Transaction is a list of SQL statements with their parameters, per database. Its statements
//   run inside SQLite's open transaction of that database, so its owner reads its own writes;
//   nothing of it is durable, or seen by others, before `accept`. `flush` makes everything accepted
//   so far durable in one commit. Two or more databases: one commit record (the statements
//   themselves) is made durable first in the instance's own file; recovery completes whatever a
//   crash left half done.
//
//   Nothing holds a lock between calls: while one transaction's statements stand in SQLite and
//   another one wants to run, the first's are rolled back and run again when it comes back, and
//   recovery runs them once more. Statements must therefore be deterministic: random(), changes()
//   and their like are refused, datetime('now') is the caller's to avoid; what a registered
//   function or a view answered is kept with the statement and answered again. Inserted rowids
//   repeat because the caller allows at most one transaction with user DML a database; a statement
//   that changes another number of rows the second time fails.
//
//   SQL is the callers', but for what would pull the rug: BEGIN, COMMIT, SAVEPOINT, ATTACH, PRAGMA
//   other than the reading ones, and writing ssb_applied are refused. "x" is a name, never a
//   string.
//
//   Errors  a SQL error is a StoreError with SQLite's message and extended code; I/O errors, a full
//           disk and a corrupt file throw StoreFailure, and so does every later call: the instance
//           must stop (what was not flushed was never acknowledged). Exceptions that a view, a
//           function or on_step throws pass through.
//   Source  our own; SQLite 3.40, journal_mode WAL, synchronous FULL. See docs/store.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/system/result.hpp>

#include "proto/bytes.h"
#include "proto/time.h"

namespace ssb::broker::store {

using DatabaseId = std::int32_t;  // sys.databases.database_id
// std::monostate, but not trivially copied: a variant that holds nothing but strings, vectors and trivial
// types is taken for one that always holds a value by the library of GCC, which then destroys what was
// never made when a copy of it runs out of memory.
struct Null : std::monostate {
  Null() = default;
  Null(std::monostate) noexcept {}  // NOLINT(google-explicit-constructor): it is one
  Null(const Null& other) noexcept;
  Null(Null&&) noexcept = default;
  Null& operator=(const Null&) = default;
  Null& operator=(Null&&) = default;
  ~Null() = default;
};
inline Null::Null(const Null&) noexcept = default;
using Value = std::variant<Null, std::int64_t, double, std::string, proto::Bytes>;
using Row = std::vector<Value>;

struct Column {
  std::string name;
  // As declared in CREATE TABLE (where varbinary(max) and the like need quotes) or by a view; empty
  // for an expression. SQLite spells INT, INTEGER, REAL, TEXT, BLOB and ANY in upper case.
  std::string declared_type;
};
struct ResultSet {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::int64_t rows_affected = 0;
  std::int64_t last_insert_rowid = 0;
};

// Of a record: nullptr is none.
using RecordValue = std::shared_ptr<const proto::Bytes>;

// What SQLite said of a statement. `number` is a SQL Server error number when a registered function
// or view failed with one.
struct StoreError {
  int sqlite_code = 0;
  std::string message;
  int number = 0;
};
template <typename T>
using StoreResult = boost::system::result<T, StoreError>;
[[noreturn]] void throw_exception_from_error(const StoreError& error,
                                             const boost::source_location& where);

// The database is gone (I/O error, disk full, corrupt): nothing more can be promised.
class StoreFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A SQL error as an exception: what .value() on a failed StoreResult throws, and what a view may
// throw to fail its statement.
class StoreException : public std::runtime_error {
 public:
  explicit StoreException(StoreError what)
      : std::runtime_error(what.message), error(std::move(what)) {}
  StoreError error;
};

// What a registered function or a view answered while a writing statement ran; a function's value
// is one row of one column.
struct RecordedAnswer {
  std::string question;  // the name and the arguments, coded
  std::vector<Row> rows;
};

struct Statement {
  std::string sql;
  std::vector<Value> parameters;  // ?1, ?2, ...
  std::int64_t rows_affected = 0;
  std::vector<RecordedAnswer> answers{};
};

// Staged writes of one T-SQL transaction. Move-only; dropping it without accept is a rollback.
class Transaction {
 public:
  Transaction() = default;
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&& other) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() = default;

  [[nodiscard]] bool is_empty() const { return statements_.empty(); }
  [[nodiscard]] bool writes(DatabaseId database) const { return statements_.contains(database); }
  // How many statements each database has now; roll_back_to undoes later ones (SAVE TRANSACTION, a
  // failed statement).
  struct Savepoint {
    std::map<DatabaseId, std::size_t> sizes;
  };
  [[nodiscard]] Savepoint savepoint() const;

 private:
  friend class Store;
  std::uint64_t id_ = 0;  // given by the Store at the first execute
  std::map<DatabaseId, std::vector<Statement>> statements_;
};

// Rows that no table holds: the sys views and queues, computed when asked.
class ViewProvider {
 public:
  virtual ~ViewProvider() = default;
  // Columns of the view, or empty when there is none of that name. Asked once a view and
  // connection.
  [[nodiscard]] virtual std::vector<Column> view_columns(std::string_view view) const = 0;
  [[nodiscard]] virtual std::vector<std::string> view_names() const = 0;
  // The rows as database `database` shows them; `argument` is what follows it: FROM
  // "sys.certificates"(5), "queue"(5, 65540). Left out, they are the database that the statement
  // runs in and 0; NULL gives no rows. May call Store::query, which then sees what the running
  // statement sees, and nothing else of the Store.
  [[nodiscard]] virtual std::vector<Row> view_rows(std::string_view view, DatabaseId database,
                                                   std::int64_t argument) const = 0;
};

// A scalar SQL function: values in, a value or a StoreError (with `number` set for a T-SQL error)
// out.
using ScalarFunction = std::function<StoreResult<Value>(std::vector<Value> arguments)>;
// pure: depends on its arguments alone, so that its answers need not be kept.
enum class FunctionKind { recorded, pure };

class Disk;

struct StoreOptions {
  bool in_memory = false;
  bool flushed = true;  // false: synchronous OFF, for benchmarks that say so
  // Crash tests: called before each durable step with its name ("create 5", "recover 5", "journal", "commit
  // record", "database 5", "checkpoint 5", "drop 5"); may throw, which fails the Store.
  std::function<void(std::string_view step)> on_step;
  std::shared_ptr<Disk> disk{};  // disk.h; nullptr: the machine's. Without use in memory
};

class Store {
 public:
  // Opens the instance's folder (made when absent) and locks it: StoreFailure when another Store
  // has it. Databases are recovered one by one, as open_database opens them: register functions and
  // views first, since statements that are run again may call them.
  Store(const std::filesystem::path& folder, StoreOptions options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  void set_views(const ViewProvider* views);  // before the first execute that names a view
  // `arguments` -1 for any number. Registered on every connection, present and future; usable in
  // DEFAULT and CHECK as well. Text comparison of T-SQL is collation "tsql" (collation.h).
  void register_function(std::string name, int arguments, ScalarFunction function,
                         FunctionKind kind = FunctionKind::recorded);

  // Opens or creates the file of a database and completes what a crash left half done in it;
  // idempotent. The file is durable on return. drop closes and deletes it at once, with what was
  // accepted for it (never recovered: the caller's catalog says which databases exist, and calls
  // drop for those it does not know).
  void open_database(DatabaseId id);
  void drop_database(DatabaseId id);
  [[nodiscard]] std::vector<DatabaseId> database_files() const;  // on disk or open

  // Runs one statement, seeing what was accepted and what `transaction` wrote. A statement that
  // writes is kept in the transaction.
  [[nodiscard]] StoreResult<ResultSet> execute(Transaction& transaction, DatabaseId database,
                                               std::string_view sql, std::vector<Value> parameters);
  // Reads what was accepted, durable or not.
  [[nodiscard]] StoreResult<ResultSet> query(DatabaseId database, std::string_view sql,
                                             const std::vector<Value>& parameters) const;
  void roll_back_to(Transaction& transaction, const Transaction::Savepoint& savepoint);
  // The transaction's writes become everyone's, in this order, durable at the next flush.
  // A failure (a replay that no longer fits what was accepted meanwhile) leaves nothing of it
  // anywhere.
  [[nodiscard]] StoreResult<void> accept(Transaction&& transaction);
  // A write of the engine itself, accepted at once. Prepared statements are cached by SQL text.
  // Throws StoreFailure on any error.
  ResultSet write(DatabaseId database, std::string_view sql, std::vector<Value> parameters);

  // ---- records: rows of the engine itself, a key and a value in a table of no other columns ----
  // Accepted at once and durable with the next flush, as what `write` writes, and much cheaper: a flush of records alone goes
  // to the instance's journal (docs/store.md). SQL does not see them before they are folded: read them with these.
  // Makes the table when it is not there; StoreFailure when one of that name has another shape. Large are values of more than some
  // hundred bytes.
  enum class Values { small, large };
  void open_records(DatabaseId database, std::string_view table, Values values = Values::small);
  void put_record(DatabaseId database, std::string_view table, proto::ByteView key,
                  RecordValue value);
  void erase_record(DatabaseId database, std::string_view table, proto::ByteView key);
  [[nodiscard]] RecordValue record(DatabaseId database, std::string_view table,
                                   proto::ByteView key) const;
  struct Record {
    proto::Bytes key;
    RecordValue value;
  };
  // By key, some read at a time: together they may be larger than memory. `see` may read records and change none.
  void each_record(DatabaseId database, std::string_view table,
                   const std::function<void(Record)>& see) const;
  [[nodiscard]] std::vector<Record> records(DatabaseId database, std::string_view table) const;

  // Called at the beginning of each flush, to write what its owner has gathered in memory since the last one: what
  // stands beside accepted transactions must not become durable without it, nor they without what stands in memory.
  void before_flush(std::function<void()> write_gathered);
  // Makes all that was accepted durable, over all databases or over none. Does nothing when nothing
  // was written.
  void flush();
  [[nodiscard]] bool has_unflushed() const;
  // Folds all records, and moves the write-ahead logs into the database files; a host calls it when idle. Databases with
  // unflushed writes are left out. flush does the same for a journal or a log beyond its bound.
  void checkpoint();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ssb::broker::store
