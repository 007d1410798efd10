// One SQLite connection: opens it, caches its statements and runs one of them. It knows nothing of
// T-SQL transactions.
//
//   Errors  what the caller of a statement can act on is a StoreError; everything else throws
//   StoreFailure and is remembered in
//           Shared::failure, so that the whole Store refuses to go on.
//   Source  our own, over SQLite's C interface.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "broker/store/limits.h"
#include "broker/store/store.h"

namespace ssb::broker::store {

inline constexpr std::size_t kCachedStatementsMax = 256;     // a connection
inline constexpr std::size_t kRecordedAnswersMax = 1 << 20;  // a statement
// Twice SQLite's: packs of messages are long, and each page costs the log two writes.
inline constexpr int kPageBytes = 8192;
inline constexpr int kWalPagesMax = 2048;  // 16 MiB; then flush checkpoints

struct Function {
  std::string name;
  int arguments;
  ScalarFunction body;
  FunctionKind kind;
};

// What all connections of a Store have in common.
struct Shared {
  std::list<Function> functions;  // a list, because SQLite holds pointers to them
  const ViewProvider* views = nullptr;
  const char* vfs = nullptr;  // SQLite's, which connections open with; nullptr: its default
  std::string failure;        // why the Store must not go on; empty while it may
  int running = 0;            // statements, nested ones included
};

// The answers that functions and views give to a writing statement: recorded the first time,
// repeated after it.
struct Answers {
  std::vector<RecordedAnswer>* recorded;  // grows when a question is new
  std::vector<bool> is_used;
  std::size_t next = 0;
};

class Connection {
  struct CachedStatement {
    std::string sql;
    sqlite3_stmt* statement = nullptr;
    bool is_busy = false;
    bool is_cached = true;
    bool is_internal = false;
  };
  using Position = std::list<CachedStatement>::iterator;

 public:
  // `file` is a path or ":memory:"; `label` names the database in failures.
  Connection(Shared& shared, DatabaseId id, std::string label, const std::string& file,
             bool flushed);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Keeps values and rows to kValueBytesMax while it lives: SQLITE_TOOBIG.
  class Bounded {
   public:
    explicit Bounded(Connection& connection)
        : db_(connection.db_),
          before_(sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, static_cast<int>(kValueBytesMax))) {}
    Bounded(const Bounded&) = delete;
    Bounded& operator=(const Bounded&) = delete;
    ~Bounded() { sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, before_); }

   private:
    sqlite3* db_;
    int before_;
  };

  // A prepared statement on loan from the cache; reset and given back at the end.
  class Lease {
   public:
    Lease(Connection& owner, Position position) : owner_(&owner), position_(position) {}
    Lease(Lease&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), position_(other.position_) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (owner_ != nullptr) owner_->give_back(position_);
    }
    [[nodiscard]] bool is_readonly() const { return sqlite3_stmt_readonly(get()) != 0; }
    [[nodiscard]] sqlite3_stmt* get() const { return position_->statement; }

   private:
    Connection* owner_;
    Position position_;
  };

  [[nodiscard]] StoreResult<Lease> prepare(std::string_view sql);
  // Runs it to its end. Answers are recorded and repeated when `answers` is given: for statements
  // that write.
  [[nodiscard]] StoreResult<ResultSet> run(const Lease& lease, const std::vector<Value>& parameters,
                                           std::vector<RecordedAnswer>* answers);
  // A statement of the store itself, exempt from what callers may not do; any error is a
  // StoreFailure.
  ResultSet control(std::string_view sql, const std::vector<Value>& parameters = {});
  // Such a statement about one record: ?1 is its key and ?2, where the statement has one, its value. How many rows it changed.
  std::int64_t write_record(std::string_view sql, proto::ByteView key, const proto::Bytes* value);
  // The one integer that such a statement gives; a file that gives anything else is damaged.
  [[nodiscard]] std::int64_t control_number(std::string_view sql);

  void add_function(const Function& function);
  void add_views(const ViewProvider& views);

  [[nodiscard]] bool is_in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  // A statement is running: the call comes from inside a view or a function.
  [[nodiscard]] bool is_running() const { return frame_ != nullptr; }
  [[nodiscard]] bool is_checkpoint_due() const { return wal_pages_ > kWalPagesMax; }
  // The log is written from its start again afterwards; `truncated`: and gives its room back.
  void checkpoint(bool truncated);
  [[nodiscard]] DatabaseId id() const { return id_; }
  [[nodiscard]] const std::string& label() const { return label_; }

  // For the callbacks of functions and views, which run inside `run`.
  [[nodiscard]] RecordedAnswer* find_answer(std::string_view question);
  [[nodiscard]] StoreResult<void> record_answer(std::string question, std::vector<Row> rows);
  [[nodiscard]] bool is_recording() const {
    return frame_ != nullptr && frame_->answers.recorded != nullptr;
  }
  void set_callback_error(StoreError error) { frame_->error = std::move(error); }
  void set_callback_exception(std::exception_ptr exception) {
    frame_->exception = std::move(exception);
  }

 private:
  // One running statement; they nest when a view or a function queries its own database.
  struct Frame {
    Frame* outer;
    Answers answers;
    StoreError error{};
    std::exception_ptr exception{};
  };
  class Running;

  static int authorize(void* self, int action, const char* first, const char* second,
                       const char* schema, const char* trigger);
  void open(const std::string& file, bool flushed);
  void configure(bool flushed);
  void close();
  [[nodiscard]] StoreResult<sqlite3_stmt*> compile(std::string_view sql);
  void give_back(Position position);
  void trim_cache();
  [[nodiscard]] StoreResult<void> bind(sqlite3_stmt* statement,
                                       const std::vector<Value>& parameters);
  [[nodiscard]] int step_to_end(sqlite3_stmt* statement, ResultSet& result);
  // The connection's last error: as a StoreError, or thrown when it ends the Store.
  [[nodiscard]] StoreError last_error(int code);
  [[noreturn]] void fail(const std::string& what);

  Shared& shared_;
  const DatabaseId id_;
  const std::string label_;
  sqlite3* db_ = nullptr;
  std::list<CachedStatement> statements_;  // most recently used first
  // By SQL text; [1] holds the store's own statements, which no caller may run.
  std::array<std::unordered_map<std::string_view, Position>, 2> by_sql_;
  Frame* frame_ = nullptr;
  bool is_internal_ = false;
  int wal_pages_ = 0;
};

// Binds and reads single values; shared with the callbacks.
[[nodiscard]] Value read_value(sqlite3_value* value);
void return_value(sqlite3_context* context, const Value& value);

}  // namespace ssb::broker::store
