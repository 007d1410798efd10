#include "broker/store/store.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "broker/store/commit_log.h"
#include "broker/store/connection.h"
#include "broker/store/disk.h"
#include "broker/store/folder.h"
#include "broker/store/journal.h"
#include "broker/store/records.h"
#include "proto/check.h"

namespace ssb::broker::store {

void throw_exception_from_error(const StoreError& error, const boost::source_location&) {
  throw StoreException(error);
}

Transaction::Transaction(Transaction&& other) noexcept
    : id_(std::exchange(other.id_, 0)), statements_(std::exchange(other.statements_, {})) {}

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  id_ = std::exchange(other.id_, 0);
  statements_ = std::exchange(other.statements_, {});
  return *this;
}

Transaction::Savepoint Transaction::savepoint() const {
  Savepoint savepoint;
  for (const auto& [database, statements] : statements_) {
    savepoint.sizes.emplace(database, statements.size());
  }
  return savepoint;
}

namespace {

// Sets the reason for which the Store must not go on, unless the guarded block reaches its end.
class FailUnlessDone {
 public:
  explicit FailUnlessDone(std::string& failure) : failure_(failure) {}
  FailUnlessDone(const FailUnlessDone&) = delete;
  FailUnlessDone& operator=(const FailUnlessDone&) = delete;
  ~FailUnlessDone() {
    if (!is_done_ && failure_.empty()) failure_ = "a durable step was interrupted";
  }
  void done() { is_done_ = true; }

 private:
  std::string& failure_;
  bool is_done_ = false;
};

StoreError not_open(DatabaseId id) {
  return {SQLITE_NOTFOUND, fmt::format("database {} is not open", id), 0};
}

}  // namespace

struct Store::State {
  // One open database. Inside SQLite's transaction stand first the statements accepted since the last
  // flush (the batch), then, above a savepoint, those of at most one Transaction (the overlay).
  struct Database {
    Database(Shared& shared, DatabaseId id, const std::string& file, bool flushed)
        : connection(shared, id, fmt::format("database {}", id), file, flushed) {}

    Connection connection;
    std::vector<Statement> batch;  // kept for a commit record only: empty when there can be none
    bool has_batch = false;
    std::uint64_t overlay = 0;     // the Transaction's id; 0: none
    std::size_t overlay_size = 0;  // how many of its statements stand
    Records records;               // those that SQLite has not got yet; in memory all
  };

  StoreOptions options;  // first: the disk outlives what is open on it
  Shared shared;
  std::optional<Folder> folder;    // none in memory
  std::optional<CommitLog> log;    // none in memory
  std::optional<Journal> journal;  // none in memory
  // What the journal has of databases that are not open.
  std::map<DatabaseId, std::vector<Journal::Entry>> unopened;
  std::map<DatabaseId, std::unique_ptr<Database>> databases;
  std::uint64_t last_transaction = 0;
  std::function<void()> write_gathered;

  void step(std::string_view name) const {
    if (options.on_step) options.on_step(name);
  }
  void check_alive() const {
    if (!shared.failure.empty()) throw StoreFailure(shared.failure);
  }
  // Views and functions may query; whatever would change what stands in SQLite under them is a bug.
  void check_idle() const {
    check_alive();
    SSB_CHECK(shared.running == 0);
  }
  [[nodiscard]] Database* find(DatabaseId id) const {
    const auto found = databases.find(id);
    return found == databases.end() ? nullptr : found->second.get();
  }

  static void begin(Database& database) {
    if (!database.connection.is_in_transaction()) database.connection.control("BEGIN IMMEDIATE");
  }
  static void begin_overlay(Database& database, std::uint64_t transaction) {
    begin(database);
    database.connection.control("SAVEPOINT overlay");
    database.overlay = transaction;
    database.overlay_size = 0;
  }
  static void roll_back_overlay(Database& database) {
    if (database.overlay == 0) return;
    database.overlay = 0;
    if (database.has_batch) {
      database.connection.control("ROLLBACK TO overlay");
      database.connection.control("RELEASE overlay");
    } else {
      database.connection.control("ROLLBACK");
    }
  }

  // Runs a statement again as it ran before: with the answers that it got then, to the same effect.
  static StoreResult<void> rerun(Connection& connection, Statement& statement) {
    const auto lease = connection.prepare(statement.sql);
    if (!lease) return lease.error();
    const auto result = connection.run(*lease, statement.parameters, &statement.answers);
    if (!result) return result.error();
    if (result->rows_affected == statement.rows_affected) return {};
    return StoreError{SQLITE_BUSY_SNAPSHOT,
                      fmt::format("run again, a statement changed {} rows instead of {}: {}",
                                  result->rows_affected, statement.rows_affected, statement.sql),
                      0};
  }

  // Puts the transaction's statements, and no other's, on top of what was accepted.
  static StoreResult<void> stand(Database& database, std::uint64_t transaction,
                                 std::vector<Statement>& statements) {
    if (database.overlay == transaction && database.overlay_size == statements.size()) return {};
    roll_back_overlay(database);
    if (statements.empty()) return {};
    begin_overlay(database, transaction);
    for (Statement& statement : statements) {
      const auto again = rerun(database.connection, statement);
      if (!again) {
        roll_back_overlay(database);
        return again.error();
      }
      ++database.overlay_size;
    }
    return {};
  }

  void keep(Database& database, Statement statement) const {
    database.has_batch = true;
    if (log) database.batch.push_back(std::move(statement));
  }

  std::unique_ptr<Database> open(DatabaseId id);
  void create_or_recover(Database& database, bool is_new);
  void recover(Database& database);
  void take_records(Database& database);
  void checkpoint(Database& database, bool truncated);
  [[nodiscard]] bool append_records();
  void rotate_journal();
  // Which durable records a commit folds.
  enum class Fold : std::uint8_t { written, oldest, all };
  void fold(Database& database, Fold which, bool keeps_statements);
  void commit(Fold which);
  void flush();
};

constexpr std::string_view kPutRecord =
    "INSERT OR REPLACE INTO \"{}\" (key, value) VALUES (?1, ?2)";
constexpr std::string_view kEraseRecord = "DELETE FROM \"{}\" WHERE key = ?1";

std::unique_ptr<Store::State::Database> Store::State::open(DatabaseId id) {
  const bool is_new = !folder || !folder->has_database(id);
  if (is_new) step(fmt::format("create {}", id));
  const std::string file = folder ? folder->database_file(id) : ":memory:";
  auto database = std::make_unique<Database>(shared, id, file, options.flushed);
  for (const Function& function : shared.functions) database->connection.add_function(function);
  if (shared.views != nullptr) database->connection.add_views(*shared.views);
  create_or_recover(*database, is_new);
  return database;
}

// A file without the table is one whose creation a crash interrupted: no commit record knows it.
void Store::State::create_or_recover(Database& database, bool is_new) {
  Connection& connection = database.connection;
  const bool has_table =
      !is_new &&
      !connection.control("SELECT 1 FROM sqlite_schema WHERE name = 'ssb_applied'").rows.empty();
  if (has_table) {
    recover(database);
    return take_records(database);
  }
  // Records of an earlier database of this number must not be applied to this one.
  const std::int64_t applied = log ? log->last_commit() : 0;
  connection.control("BEGIN IMMEDIATE");
  connection.control("CREATE TABLE ssb_applied(commit_id INTEGER NOT NULL)");
  connection.control("INSERT INTO ssb_applied VALUES (?1)", {applied});
  connection.control("CREATE TABLE ssb_folded(sequence INTEGER NOT NULL)");
  connection.control("INSERT INTO ssb_folded VALUES (?1)",
                     {static_cast<std::int64_t>(journal ? journal->sequence() : 0)});
  connection.control("COMMIT");
  unopened.erase(connection.id());
}

// Those of the journal that are newer than what SQLite has.
void Store::State::take_records(Database& database) {
  Connection& connection = database.connection;
  if (connection.control("SELECT 1 FROM sqlite_schema WHERE name = 'ssb_folded'").rows.empty()) {
    throw StoreFailure(connection.label() +
                       " was written by an older ssbsim, whose waiting messages this one does not "
                       "read: receive them with that one, or make the instance anew");
  }
  const auto folded =
      static_cast<std::uint64_t>(connection.control_number("SELECT sequence FROM ssb_folded"));
  if (!journal) return;
  journal->know(folded);
  const auto entries = unopened.find(connection.id());
  if (entries == unopened.end()) return;
  // The files were read one after the other; from the oldest on they are in the order of their records.
  std::uint8_t generation = journal->generation();
  do {
    generation = Journal::after(generation);
    for (Journal::Entry& entry : entries->second) {
      if (entry.generation == generation && entry.sequence > folded)
        database.records.put(entry.table, entry.key, std::move(entry.value));
    }
    database.records.set_flushed(generation);
  } while (generation != journal->generation());
  unopened.erase(entries);
}

void Store::State::recover(Database& database) {
  Connection& connection = database.connection;
  const std::int64_t applied = connection.control_number("SELECT commit_id FROM ssb_applied");
  std::vector<CommitLog::Part> parts = log->parts_after(connection.id(), applied);
  if (parts.empty()) return;
  step(fmt::format("recover {}", connection.id()));
  connection.control("BEGIN IMMEDIATE");
  for (CommitLog::Part& part : parts) {
    for (Statement& statement : part.statements) {
      const auto again = rerun(connection, statement);
      if (again) continue;
      shared.failure = fmt::format("{}: commit {} cannot be completed: {}", connection.label(),
                                   part.commit, again.error().message);
      throw StoreFailure(shared.failure);
    }
  }
  connection.control("UPDATE ssb_applied SET commit_id = ?1", {parts.back().commit});
  connection.control("COMMIT");
}

void Store::State::checkpoint(Database& database, bool truncated) {
  step(fmt::format("checkpoint {}", database.connection.id()));
  database.connection.checkpoint(truncated);
}

// False: they are more than a journal holds.
bool Store::State::append_records() {
  std::uint64_t bytes = 0;
  for (const auto& [id, database] : databases) {
    for (const Records::Change& change : database->records.changes())
      bytes += Journal::bytes_of(change);
  }
  if (!Journal::has_room(bytes)) return false;
  if (bytes == 0) return true;
  for (const auto& [id, database] : databases) {
    for (const Records::Change& change : database->records.changes()) journal->add(id, change);
  }
  step("journal");
  journal->append();
  for (const auto& [id, database] : databases) database->records.set_flushed(journal->generation());
  return true;
}

// What the oldest file of the journal has and nothing newer has taken the place of goes to SQLite; then that file is written next.
void Store::State::rotate_journal() {
  SSB_CHECK(!std::any_of(databases.begin(), databases.end(), [](const auto& entry) {
    return entry.second->has_batch || !entry.second->records.changes().empty();
  }));
  if (!unopened.empty()) return commit(Fold::all);
  commit(Fold::oldest);
  for (const auto& [id, database] : databases) database->records.clear(journal->oldest());
  journal->rotate();
}

// Into SQLite's open transaction. The statements are kept where a commit record will have to repeat them.
void Store::State::fold(Database& database, Fold which, bool keeps_statements) {
  if (database.records.is_empty()) return;
  begin(database);
  for (const auto& [table, items] : database.records.tables()) {
    const std::string put = fmt::format(kPutRecord, table);
    const std::string erase = fmt::format(kEraseRecord, table);
    for (const auto& [key, item] : items) {
      if (which == Fold::oldest && item.generation != journal->oldest()) continue;
      const std::string& sql = item.value ? put : erase;
      const std::int64_t rows = database.connection.write_record(sql, key, item.value.get());
      if (!keeps_statements) continue;
      Statement& statement = database.batch.emplace_back(Statement{sql, {key}, rows});
      if (item.value) statement.parameters.emplace_back(*item.value);
    }
  }
  const auto folded = static_cast<std::int64_t>(which == Fold::oldest ? journal->oldest_sequence()
                                                                      : journal->sequence());
  Statement statement{"UPDATE ssb_folded SET sequence = max(sequence, ?1)", {folded}, 1};
  database.connection.control(statement.sql, statement.parameters);
  if (keeps_statements) database.batch.push_back(std::move(statement));
  database.has_batch = true;
}

// Everything that was accepted, through SQLite, and records that are durable already: those of the databases that are written
// anyway, of all, or of all those of the journal's oldest file.
void Store::State::commit(Fold which) {
  std::vector<Database*> written;
  std::vector<std::unique_ptr<Database>> opened;
  for (const auto& [id, database] : databases) {
    const Records& records = database->records;
    const bool has_oldest = which == Fold::oldest && records.has(journal->oldest());
    if (database->has_batch || !records.changes().empty() || has_oldest ||
        (which == Fold::all && !records.is_empty()))
      written.push_back(database.get());
  }
  if (which == Fold::all) {
    while (!unopened.empty()) {
      const DatabaseId id = unopened.begin()->first;
      // Dropped, when there is no file.
      if (folder->has_database(id)) written.push_back(opened.emplace_back(open(id)).get());
      unopened.erase(id);
    }
  }
  for (Database* database : written) {
    roll_back_overlay(*database);
    fold(*database, which, written.size() > 1);
  }
  std::erase_if(written, [](const Database* database) { return !database->has_batch; });
  std::int64_t commit = 0;
  if (written.size() > 1 && log) {
    for (Database* database : written) log->add(database->connection.id(), database->batch);
    step("commit record");
    commit = log->commit();
  }
  for (Database* database : written) {
    if (commit != 0) {
      database->connection.control("UPDATE ssb_applied SET commit_id = ?1", {commit});
    }
    step(fmt::format("database {}", database->connection.id()));
    database->connection.control("COMMIT");
    database->batch.clear();
    database->has_batch = false;
    if (which != Fold::oldest) database->records.clear();
    if (commit != 0) log->set_complete(database->connection.id());
  }
  const bool is_folded = std::all_of(databases.begin(), databases.end(), [](const auto& entry) {
    return entry.second->records.is_empty();
  });
  if (is_folded && unopened.empty()) journal->start_anew();
  for (Database* database : written) {
    if (database->connection.is_checkpoint_due()) checkpoint(*database, false);
  }
  if (log && log->is_checkpoint_due()) {
    step("checkpoint instance");
    log->checkpoint(false);
  }
}

void Store::State::flush() {
  if (!journal) {
    for (const auto& [id, database] : databases) {
      if (!database->has_batch && database->records.changes().empty()) continue;
      step(fmt::format("database {}", id));
      database->records.set_flushed_in_memory();
      if (!database->has_batch) continue;
      roll_back_overlay(*database);
      database->connection.control("COMMIT");
      database->has_batch = false;
    }
    return;
  }
  const bool has_batch = std::any_of(databases.begin(), databases.end(),
                                     [](const auto& entry) { return entry.second->has_batch; });
  if (has_batch) {
    commit(Fold::written);
  } else if (!append_records()) {
    commit(Fold::all);
  } else if (journal->is_full()) {
    rotate_journal();
  }
}

Store::Store(const std::filesystem::path& folder, StoreOptions options)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  if (state_->options.in_memory) return;
  if (!state_->options.disk) state_->options.disk = make_machine_disk();
  state_->folder.emplace(*state_->options.disk, folder);
  state_->shared.vfs = state_->folder->vfs();
  state_->log.emplace(state_->shared, state_->folder->instance_file(), state_->options.flushed);
  state_->journal.emplace(state_->shared.vfs, state_->folder->journal_file(),
                          state_->options.flushed, [this](DatabaseId id, Journal::Entry entry) {
                            state_->unopened[id].push_back(std::move(entry));
                          });
}

Store::~Store() = default;

void Store::set_views(const ViewProvider* views) {
  SSB_CHECK(views != nullptr && state_->shared.views == nullptr);
  state_->check_idle();
  state_->shared.views = views;
  for (const auto& [id, database] : state_->databases) database->connection.add_views(*views);
}

void Store::register_function(std::string name, int arguments, ScalarFunction function,
                              FunctionKind kind) {
  state_->check_idle();
  const Function& added = state_->shared.functions.emplace_back(
      Function{std::move(name), arguments, std::move(function), kind});
  for (const auto& [id, database] : state_->databases) database->connection.add_function(added);
}

void Store::open_database(DatabaseId id) {
  State& state = *state_;
  state.check_idle();
  if (state.find(id) != nullptr) return;
  FailUnlessDone guard(state.shared.failure);
  auto database = state.open(id);
  if (state.log) state.log->set_complete(id);
  state.databases.emplace(id, std::move(database));
  guard.done();
}

void Store::drop_database(DatabaseId id) {
  State& state = *state_;
  state.check_idle();
  FailUnlessDone guard(state.shared.failure);
  state.step(fmt::format("drop {}", id));
  state.databases.erase(id);
  state.unopened.erase(id);
  if (state.folder) {
    state.folder->remove_database(id);
    state.log->set_complete(id);
  }
  guard.done();
}

std::vector<DatabaseId> Store::database_files() const {
  std::set<DatabaseId> ids;
  if (state_->folder) {
    for (const DatabaseId id : state_->folder->databases()) ids.insert(id);
  }
  for (const auto& [id, database] : state_->databases) ids.insert(id);
  return {ids.begin(), ids.end()};
}

StoreResult<ResultSet> Store::execute(Transaction& transaction, DatabaseId id, std::string_view sql,
                                      std::vector<Value> parameters) {
  state_->check_idle();
  auto* const database = state_->find(id);
  if (database == nullptr) return not_open(id);
  if (transaction.id_ == 0) transaction.id_ = ++state_->last_transaction;
  const auto kept = transaction.statements_.find(id);
  std::vector<Statement> none;
  const auto standing = State::stand(*database, transaction.id_,
                                     kept == transaction.statements_.end() ? none : kept->second);
  if (!standing) return standing.error();

  const Connection::Bounded bounded(database->connection);
  const auto lease = database->connection.prepare(sql);
  if (!lease) return lease.error();
  if (lease->is_readonly()) return database->connection.run(*lease, parameters, nullptr);

  if (database->overlay != transaction.id_) State::begin_overlay(*database, transaction.id_);
  Statement statement{std::string(sql), std::move(parameters)};
  // Not counted as standing before it has succeeded: should it throw, the next call starts anew.
  const std::size_t size = std::exchange(database->overlay_size, SIZE_MAX);
  auto result = database->connection.run(*lease, statement.parameters, &statement.answers);
  if (!result) {
    // SQLite undoes the statement itself, but for OR FAIL: rolling back is always right.
    State::roll_back_overlay(*database);
    return result;
  }
  database->overlay_size = size + 1;
  statement.rows_affected = result->rows_affected;
  transaction.statements_[id].push_back(std::move(statement));
  return result;
}

StoreResult<ResultSet> Store::query(DatabaseId id, std::string_view sql,
                                    const std::vector<Value>& parameters) const {
  state_->check_alive();
  auto* const database = state_->find(id);
  if (database == nullptr) return not_open(id);
  if (!database->connection.is_running()) State::roll_back_overlay(*database);
  const Connection::Bounded bounded(database->connection);
  const auto lease = database->connection.prepare(sql);
  if (!lease) return lease.error();
  if (!lease->is_readonly()) {
    return StoreError{SQLITE_READONLY, "query takes statements that read only", 0};
  }
  return database->connection.run(*lease, parameters, nullptr);
}

void Store::roll_back_to(Transaction& transaction, const Transaction::Savepoint& savepoint) {
  state_->check_idle();
  for (auto kept = transaction.statements_.begin(); kept != transaction.statements_.end();) {
    const auto wanted = savepoint.sizes.find(kept->first);
    const std::size_t size = wanted == savepoint.sizes.end() ? 0 : wanted->second;
    SSB_CHECK(size <= kept->second.size());
    if (size < kept->second.size()) {
      auto* const database = state_->find(kept->first);
      if (database != nullptr && database->overlay == transaction.id_) {
        State::roll_back_overlay(*database);
      }
      kept->second.resize(size);
    }
    kept = size == 0 ? transaction.statements_.erase(kept) : std::next(kept);
  }
}

StoreResult<void> Store::accept(Transaction&& accepted) {
  state_->check_idle();
  Transaction transaction = std::move(accepted);
  const auto forget = [&] {
    for (const auto& [id, database] : state_->databases) {
      if (database->overlay == transaction.id_) State::roll_back_overlay(*database);
    }
  };
  for (auto& [id, statements] : transaction.statements_) {
    auto* const database = state_->find(id);
    const auto standing = database == nullptr
                              ? StoreResult<void>(not_open(id))
                              : State::stand(*database, transaction.id_, statements);
    if (standing) continue;
    forget();
    return standing.error();
  }
  for (auto& [id, statements] : transaction.statements_) {
    auto& database = *state_->find(id);
    database.connection.control("RELEASE overlay");
    database.overlay = 0;
    for (Statement& statement : statements) state_->keep(database, std::move(statement));
  }
  return {};
}

ResultSet Store::write(DatabaseId id, std::string_view sql, std::vector<Value> parameters) {
  state_->check_idle();
  FailUnlessDone guard(state_->shared.failure);
  const auto fail = [&](const StoreError& error) {
    state_->shared.failure = fmt::format("database {}: {}: {}", id, error.message, sql);
    throw StoreFailure(state_->shared.failure);
  };
  auto* const database = state_->find(id);
  if (database == nullptr) fail(not_open(id));
  State::roll_back_overlay(*database);
  const auto lease = database->connection.prepare(sql);
  if (!lease) fail(lease.error());
  const bool is_write = !lease->is_readonly();
  if (is_write) State::begin(*database);
  Statement statement{std::string(sql), std::move(parameters)};
  auto result = database->connection.run(*lease, statement.parameters,
                                         is_write ? &statement.answers : nullptr);
  if (!result) fail(result.error());
  statement.rows_affected = result->rows_affected;
  if (is_write) state_->keep(*database, std::move(statement));
  guard.done();
  return *std::move(result);
}

void Store::open_records(DatabaseId id, std::string_view table, Values values) {
  state_->check_idle();
  auto* const database = state_->find(id);
  SSB_CHECK(database != nullptr);
  Connection& connection = database->connection;
  const Value name = std::string(table);
  constexpr const char* kColumns = "SELECT name FROM pragma_table_info(?1)";
  const ResultSet columns = connection.control(kColumns, {name});
  if (columns.rows.empty()) {
    // In a tree of keys SQLite reads a whole entry to compare its key: large values stand apart from their keys.
    write(id,
          fmt::format("CREATE TABLE \"{}\" (key BLOB PRIMARY KEY, value BLOB){}", table,
                      values == Values::small ? " WITHOUT ROWID" : ""),
          {});
    return;
  }
  const auto* first = std::get_if<std::string>(&columns.rows[0][0]);
  if (first != nullptr && *first == "key") return;
  throw StoreFailure(fmt::format("{}: its table {} was written by another version of ssbsim",
                                 connection.label(), table));
}

void Store::put_record(DatabaseId id, std::string_view table, proto::ByteView key,
                       RecordValue value) {
  state_->check_alive();
  auto* const database = state_->find(id);
  SSB_CHECK(database != nullptr && !key.empty() && value != nullptr);
  database->records.put(table, key, std::move(value));
}

void Store::erase_record(DatabaseId id, std::string_view table, proto::ByteView key) {
  state_->check_alive();
  auto* const database = state_->find(id);
  SSB_CHECK(database != nullptr && !key.empty());
  database->records.put(table, key, nullptr);
}

namespace {

// Of one table, read by one statement.
constexpr std::size_t kRecordsAtOnce = 64;

RecordValue to_record_value(Value& value) {
  auto* const bytes = std::get_if<proto::Bytes>(&value);
  return std::make_shared<const proto::Bytes>(bytes == nullptr ? proto::Bytes()
                                                               : std::move(*bytes));
}

}  // namespace

RecordValue Store::record(DatabaseId id, std::string_view table, proto::ByteView key) const {
  state_->check_alive();
  auto* const database = state_->find(id);
  SSB_CHECK(database != nullptr);
  if (const Records::Item* item = database->records.find(table, key)) return item->value;
  if (!state_->journal) return nullptr;
  ResultSet found = database->connection.control(
      fmt::format("SELECT value FROM \"{}\" WHERE key = ?1", table), {proto::to_bytes(key)});
  return found.rows.empty() ? nullptr : to_record_value(found.rows[0][0]);
}

// What SQLite has, and in its place or beside it what it has not got yet.
void Store::each_record(DatabaseId id, std::string_view table,
                        const std::function<void(Record)>& see) const {
  state_->check_alive();
  auto* const database = state_->find(id);
  SSB_CHECK(database != nullptr);
  static const Records::Table none;
  const Records::Table* newer = database->records.table(table);
  if (newer == nullptr) newer = &none;
  auto next = newer->begin();
  const auto see_next = [&] {
    if (next->second.value) see({next->first, next->second.value});
    ++next;
  };
  const std::string select = fmt::format(
      "SELECT key, value FROM \"{}\" WHERE key > ?1 ORDER BY key LIMIT {}", table, kRecordsAtOnce);
  proto::Bytes last;  // less than any key
  for (bool is_end = false; !is_end;) {
    ResultSet older = database->connection.control(select, {last});
    is_end = older.rows.size() < kRecordsAtOnce;
    for (Row& row : older.rows) {
      last = std::move(std::get<proto::Bytes>(row[0]));
      while (next != newer->end() && next->first < last) see_next();
      if (next == newer->end() || next->first != last) see({last, to_record_value(row[1])});
    }
  }
  while (next != newer->end()) see_next();
}

std::vector<Store::Record> Store::records(DatabaseId id, std::string_view table) const {
  std::vector<Record> out;
  each_record(id, table, [&](Record record) { out.push_back(std::move(record)); });
  return out;
}

void Store::before_flush(std::function<void()> write_gathered) {
  state_->write_gathered = std::move(write_gathered);
}

void Store::flush() {
  state_->check_idle();
  if (state_->write_gathered) state_->write_gathered();
  FailUnlessDone guard(state_->shared.failure);
  state_->flush();
  guard.done();
}

bool Store::has_unflushed() const {
  for (const auto& [id, database] : state_->databases) {
    if (database->has_batch || !database->records.changes().empty()) return true;
  }
  return false;
}

void Store::checkpoint() {
  State& state = *state_;
  state.check_idle();
  FailUnlessDone guard(state.shared.failure);
  if (!state.options.in_memory) {
    if (!has_unflushed()) state.commit(State::Fold::all);
    for (const auto& [id, database] : state.databases) {
      if (database->has_batch) continue;
      State::roll_back_overlay(*database);
      state.checkpoint(*database, true);
    }
    state.step("checkpoint instance");
    state.log->forget_complete();
    state.log->checkpoint(true);
  }
  guard.done();
}

}  // namespace ssb::broker::store
