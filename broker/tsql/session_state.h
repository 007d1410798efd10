// The inside of Session: one interpreter over several files (session_*.cc), a family of statements each.
//
//   Shape   frames are the open blocks, loops and TRYs, innermost last; modules are the batch, its procedures and dynamic batches, each
//           with variables of its own. A statement answers Outcome::done, or Outcome::waits, which leaves its frame where it is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tsql/ddl.h"
#include "broker/tsql/memory_table.h"
#include "broker/tsql/parser.h"
#include "broker/tsql/session.h"
#include "broker/tsql/translate.h"

namespace ssb::broker::tsql {

enum class Outcome { done, waits };

// What ERROR_NUMBER() and its kin answer in a CATCH block.
struct CaughtError {
  proto::Error error;
  int severity = 0;
  int line = 0;
  std::string procedure;
};

struct NameLess {
  bool operator()(const std::string& a, const std::string& b) const { return lower(a) < lower(b); }
};

struct Local {
  DataType type;
  store::Value value;
  std::shared_ptr<MemoryTable> table;  // of a table variable
};

struct Cursor {
  DataType type;
  const Query* query = nullptr;
  std::shared_ptr<const Batch> owner;
  std::vector<OutputColumn> columns;
  std::vector<store::Row> rows;
  std::int64_t position = 0;  // of the last FETCH: 0 before the first row
  bool is_open = false;
};

// SET options; a procedure's end puts back what it changed.
struct SetValues {
  bool no_count = false;
  bool xact_abort = false;
  bool quoted_identifier = true;
  std::int64_t row_count = 0;  // 0: all
  std::int64_t lock_timeout_ms = -1;
  int deadlock_priority = 0;    // -10 to 10
  std::string identity_insert;  // a table's full name
};

// A body that has variables of its own.
struct Module {
  std::shared_ptr<const Batch> batch;  // keeps the statements alive
  std::string text;
  std::string procedure;  // "" for batches
  std::int32_t procedure_id = 0;
  std::map<std::string, Local, NameLess> variables;
  std::map<std::string, std::shared_ptr<MemoryTable>, NameLess>
      temporary_tables;  // made here; gone with it, but for the batch's
  // What its end puts back or hands over.
  store::DatabaseId database = 0;
  std::size_t security_depth = 0;
  int transaction_count = 0;
  SetValues set;
  std::string result_variable;                               // EXEC @r = ...
  std::vector<std::pair<std::string, std::string>> outputs;  // parameter -> variable of the caller
  std::int64_t return_value = 0;
  bool restores_database = false;
  // INSERT ... EXEC: its result sets are collected here, and inserted at its end.
  const Insert* insert = nullptr;
  std::vector<RowSet> collected;
};

struct Frame {
  enum class Kind { module, block, loop, attempt, handler };
  Kind kind = Kind::block;
  const Statement* statements = nullptr;
  std::size_t count = 0;
  std::size_t next = 0;
  const While* loop = nullptr;
  const TryCatch* attempt = nullptr;    // of attempt
  std::shared_ptr<CaughtError> caught;  // of handler
};

struct Wait {
  enum class Kind { none, time, change };
  Kind kind = Kind::none;
  proto::TimePoint until = proto::kNever;
  std::uint64_t changes = 0;  // as last seen
  std::uint64_t transactions_ended = 0;
  std::optional<Session::Queue> queue;    // that has no message yet
  std::optional<std::uint64_t> leavings;  // as last seen, by who needs a database alone
};

// An error with where it belongs; unset line and procedure are those of the statement that runs.
struct Raised {
  proto::Error error;
  int line = 0;
  std::optional<std::string> procedure;
  std::string caret;
  bool ends_batch = false;    // THROW
  bool is_raiserror = false;  // never ends more than its statement
};

// A name inside [ ].
[[nodiscard]] std::string bracketed(const std::string& name);

struct Session::State final : public Environment {
  struct Dispatch;  // a statement to its function

  State(Session& owner, Runtime& shared, std::int32_t session_id, catalog::SecurityContext login,
        store::DatabaseId start);

  // ---- session.cc: batches, frames, errors ----
  void submit(std::string text);
  void start(std::shared_ptr<const Batch> batch, std::string text);
  int run(proto::TimePoint time, Output& output, int statements_max);
  void step();
  void finish_frame();
  void finish_module();
  void finish_batch();
  void cancel();
  void close();
  [[nodiscard]] bool is_ready() const;
  void push(Frame::Kind kind, const StatementList& list);
  void push_one(const Statement& statement);
  void push_module(std::unique_ptr<Module> module, const StatementList& list);
  void unwind_module();
  void show_database();
  void handle(Raised raised);
  void catch_error(std::size_t attempt, const Raised& raised);
  void say(const Raised& raised);
  void emit(RowSet rows, bool counts = true);
  void count_rows(std::int64_t rows);
  [[nodiscard]] proto::Result<Outcome> execute(const Statement& statement);
  [[nodiscard]] proto::Result<Outcome> execute_other(const Statement& statement);
  [[nodiscard]] proto::Result<Outcome> define(const Statement& statement);
  [[nodiscard]] proto::Result<Outcome> alter_database(const Statement& statement);
  [[nodiscard]] proto::Result<void> execute_definition(const Statement& statement);
  [[nodiscard]] Module& module() { return *modules.back(); }
  [[nodiscard]] catalog::Instance& instance() const { return runtime.instance(); }
  [[nodiscard]] conversation::Engine& engine() const { return runtime.engine(); }
  [[nodiscard]] const catalog::SecurityContext& who() const { return security.back(); }

  // ---- session_transaction.cc ----
  // Runs `work` as one statement: behind a savepoint of the open transaction, or in a transaction of its own that commits at its end.
  [[nodiscard]] proto::Result<Outcome> atomically(
      const std::function<proto::Result<Outcome>()>& work);
  // 1205, where another session's wait has closed a circle, or this one's.
  [[nodiscard]] std::optional<proto::Error> chosen_as_victim();
  void add_savepoint(std::string name);
  [[nodiscard]] proto::Result<void> commit();
  void roll_back();
  void after_end(bool committed);
  [[nodiscard]] proto::Result<Outcome> begin_transaction(const BeginTransaction& node);
  [[nodiscard]] proto::Result<Outcome> commit_transaction();
  [[nodiscard]] proto::Result<Outcome> roll_back_transaction(const RollbackTransaction& node);
  [[nodiscard]] proto::Result<Outcome> save_transaction(const SaveTransaction& node);
  [[nodiscard]] std::string name_or_variable(const std::string& name);
  [[nodiscard]] Outcome wait_for_change(proto::TimePoint until);
  [[nodiscard]] Outcome wait_for_message(store::DatabaseId where, std::int32_t queue,
                                         proto::TimePoint until);

  // ---- session_environment.cc ----
  [[nodiscard]] proto::Result<TypedValue> variable(std::string_view name) override;
  [[nodiscard]] proto::Result<TypedValue> system_variable(std::string_view upper_name) override;
  [[nodiscard]] std::optional<TypedValue> session_function(std::string_view upper_name) override;
  [[nodiscard]] proto::Result<Relation> relation(const ObjectName& name) override;
  [[nodiscard]] proto::Result<Relation> table_variable(std::string_view name) override;
  [[nodiscard]] std::int64_t database_id() const override { return inside_view.value_or(database); }
  [[nodiscard]] std::int64_t user_id() override;
  [[nodiscard]] std::string login_name() const override { return who().login_name; }
  [[nodiscard]] std::string original_login_name() const override {
    return security.front().login_name;
  }
  void enter_database(store::DatabaseId other) override { inside_view = other; }
  [[nodiscard]] Local* find_variable(const std::string& name);
  [[nodiscard]] proto::Result<void> assign(const std::string& name, store::Value value,
                                           const DataType& type);
  [[nodiscard]] proto::Result<void> assign(const std::string& name, AssignmentOperator op,
                                           store::Value value, const DataType& type);
  [[nodiscard]] proto::Result<TypedValue> evaluate(const Expression& expression);
  [[nodiscard]] proto::Result<store::Value> evaluate_as(const Expression& expression,
                                                        const DataType& type);
  [[nodiscard]] proto::Result<std::optional<std::string>> evaluate_text(
      const Expression& expression);
  [[nodiscard]] proto::Result<bool> is_true(const Expression& condition);
  [[nodiscard]] proto::Result<std::vector<store::Row>> rows_of(
      const std::string& sql, const std::vector<store::Value>& parameters);
  [[nodiscard]] proto::Error error_of(const store::StoreError& error) const;
  [[nodiscard]] std::shared_ptr<MemoryTable> temporary_table(const std::string& name);
  [[nodiscard]] Relation relation_of(const MemoryTable& table) const;
  [[nodiscard]] std::shared_ptr<MemoryTable> make_table(std::string name, TableShape shape);
  // The database, schema and name that a name means.
  struct Place {
    catalog::Catalog* catalog = nullptr;
    store::DatabaseId database = 0;
    std::int32_t schema = 0;
    std::string schema_name;
  };
  [[nodiscard]] proto::Result<Place> place_of(const ObjectName& name);
  [[nodiscard]] proto::Result<void> require(const Place& place, std::int32_t object,
                                            const std::string& name, std::string_view permission);
  [[nodiscard]] proto::Result<Relation> foreign_table(const Place& place,
                                                      const catalog::pb::UserTable& table);
  [[nodiscard]] proto::Result<Relation> system_view(const ObjectName& name,
                                                    const std::string& view);
  void forget_statement_tables();

  // ---- session_control.cc ----
  [[nodiscard]] proto::Result<Outcome> declare(const DeclareVariables& node);
  [[nodiscard]] proto::Result<void> make_variable(const VariableDeclaration& declared);
  // What is declared in statements that may not be executed.
  [[nodiscard]] proto::Result<void> declare_within(const Statement& statement);
  [[nodiscard]] proto::Result<void> declare_within(const StatementList& list);
  [[nodiscard]] proto::Result<Outcome> set_variable(const SetVariable& node);
  [[nodiscard]] proto::Result<Outcome> set_options(const SetOptions& node);
  [[nodiscard]] proto::Result<Outcome> print(const Print& node);
  [[nodiscard]] proto::Result<Outcome> raise_error(const RaiseError& node);
  [[nodiscard]] proto::Result<Outcome> throw_error(const Throw& node);
  [[nodiscard]] proto::Result<Outcome> go_to(const GoTo& node);
  [[nodiscard]] proto::Result<Outcome> leave_loop(bool continues);
  [[nodiscard]] proto::Result<Outcome> return_from(const Return& node);
  [[nodiscard]] proto::Result<Outcome> use(const UseDatabase& node);
  [[nodiscard]] proto::Result<Outcome> wait_until(const Expression& expression, bool is_delay);
  [[nodiscard]] proto::Result<Outcome> execute_as(const ExecuteAs& node);
  [[nodiscard]] proto::Result<Outcome> revert();
  [[nodiscard]] proto::Result<catalog::SecurityContext> impersonated(ExecuteAsKind kind,
                                                                     const std::string& name);

  // ---- session_query.cc ----
  [[nodiscard]] proto::Result<Outcome> select(const SelectStatement& node);
  [[nodiscard]] proto::Result<Outcome> select_into(const Query& query, const ObjectName& into);
  struct Rows {
    std::vector<OutputColumn> columns;
    std::vector<store::Row> rows;
  };
  [[nodiscard]] proto::Result<Rows> run_query(const Query& query);
  [[nodiscard]] proto::Result<Rows> run_translated(const Translator& translator,
                                                   const TranslateResult<SqlQuery>& query);
  [[nodiscard]] proto::Result<void> assign_rows(const Rows& rows);
  [[nodiscard]] RowSet row_set(Rows rows) const;

  // ---- session_change.cc ----
  struct Target;
  using Changed = std::vector<store::Row>;
  [[nodiscard]] proto::Result<Target> find_target(const TableSource& source,
                                                  std::string_view permission);
  [[nodiscard]] proto::Result<Target> find_stored_target(const ObjectName& name,
                                                         std::string_view permission);
  [[nodiscard]] proto::Error write_error(const store::StoreError& error,
                                         const Target& target) const;
  [[nodiscard]] proto::Result<void> complete(const Target& target, Changed& rows);
  [[nodiscard]] proto::Result<void> add_rows(Target& target, Changed& rows, bool has_identity);
  [[nodiscard]] proto::Result<void> put_out(const OutputClause& clause, const Target& target,
                                            const Changed& inserted, const Changed& deleted);
  [[nodiscard]] proto::Result<std::vector<std::size_t>> insert_columns(
      const Target& target, const std::vector<std::string>& names, std::size_t given);
  [[nodiscard]] proto::Result<Changed> whole_rows(const Target& target,
                                                  const std::vector<std::size_t>& columns,
                                                  const Rows& given,
                                                  const std::vector<std::vector<bool>>& defaults);
  [[nodiscard]] proto::Result<Changed> put_rows(Target& target,
                                                const std::vector<std::string>& names,
                                                const Rows& given,
                                                const std::vector<std::vector<bool>>& defaults);
  [[nodiscard]] proto::Result<void> write_rows(const TableSource& into,
                                               const std::vector<std::string>& names,
                                               const Rows& given);
  [[nodiscard]] proto::Result<Rows> values_of(const InsertRows& node, const Target& target,
                                              const std::vector<std::string>& names,
                                              std::vector<std::vector<bool>>& defaults);
  [[nodiscard]] proto::Result<Outcome> insert(const Insert& node);
  [[nodiscard]] proto::Result<Outcome> insert_defaults(const Insert& node, Target& target);
  [[nodiscard]] proto::Result<void> insert_collected(const Insert& node,
                                                     std::vector<RowSet> collected);
  [[nodiscard]] proto::Result<Changed> affected_rows(const Target& target, const std::string& name,
                                                     const std::vector<FromItem>& from,
                                                     bool is_in_from, Translator::Parts parts);
  [[nodiscard]] proto::Result<Outcome> update(const Update& node);
  [[nodiscard]] proto::Result<Outcome> write_updates(
      const Update& node, Target& target, const Changed& found,
      const std::vector<std::optional<std::size_t>>& columns);
  [[nodiscard]] proto::Result<void> replace_rows(Target& target, const Changed& found,
                                                 const Changed& after);
  [[nodiscard]] proto::Result<void> remove_rows(Target& target, const Changed& found);
  [[nodiscard]] proto::Result<Outcome> erase(const Delete& node);
  [[nodiscard]] proto::Result<Outcome> truncate(const TruncateTable& node);

  // ---- session_table.cc ----
  // A new table, in memory for a #name. `definitions` are the statements that describe it, for the catalog.
  [[nodiscard]] proto::Result<void> make_target(const ObjectName& name, TableShape shape,
                                                std::vector<std::string> definitions);
  [[nodiscard]] proto::Result<Outcome> create_table(const CreateTable& node,
                                                    const Statement& statement);
  [[nodiscard]] proto::Result<Outcome> alter_table(const AlterTable& node,
                                                   const Statement& statement);
  [[nodiscard]] proto::Result<Outcome> alter_temporary_table(const AlterTable& node);
  [[nodiscard]] proto::Result<void> change_table(const Place& place, catalog::pb::UserTable& table,
                                                 const std::string& name, const AlterTable& node);
  [[nodiscard]] proto::Result<void> drop_constraint(const Place& place,
                                                    const catalog::pb::UserTable& table,
                                                    const std::string& name);
  [[nodiscard]] proto::Result<void> append_column(const Place& place, catalog::pb::UserTable& table,
                                                  const std::string& name, TableShape& shape,
                                                  const ColumnDefinition& definition);
  [[nodiscard]] proto::Result<void> change_column(const Place& place,
                                                  const catalog::pb::UserTable& table,
                                                  const std::string& name,
                                                  catalog::pb::UserTable::Column& column,
                                                  const ColumnDefinition& to);
  [[nodiscard]] proto::Result<void> add_column(TableShape& shape,
                                               const ColumnDefinition& definition,
                                               const std::string& table);
  [[nodiscard]] proto::Result<void> require_create(const Place& place, std::string_view permission,
                                                   const std::string& name);
  [[nodiscard]] proto::Result<void> run_definition(store::DatabaseId where, const std::string& sql);
  [[nodiscard]] proto::Result<bool> drop_one(const Drop& node, const ObjectName& name);
  [[nodiscard]] proto::Result<bool> drop_index(const Drop& node, const ObjectName& name);
  [[nodiscard]] proto::Result<Outcome> create_index(const CreateIndex& node);
  [[nodiscard]] proto::Result<Outcome> create_module(const ObjectName& name, ModuleChange change,
                                                     const char* type, const std::string& text,
                                                     std::int32_t execute_as);
  [[nodiscard]] proto::Result<Outcome> create_procedure(const CreateProcedure& node);
  [[nodiscard]] proto::Result<Outcome> create_view(const CreateView& node);
  [[nodiscard]] proto::Result<Outcome> drop(const Drop& node);
  [[nodiscard]] proto::Result<void> store_table(const Place& place, const std::string& name,
                                                const TableShape& shape,
                                                std::vector<std::string> definitions);
  [[nodiscard]] proto::Result<TableShape> shape_of(const catalog::pb::UserTable& table);
  [[nodiscard]] proto::Result<TableShape> shape_of(const TableDefinition& definition,
                                                   const std::string& table);

  // ---- session_dialog.cc ----
  [[nodiscard]] proto::Result<Outcome> begin_dialog(const BeginDialog& node);
  [[nodiscard]] proto::Result<Outcome> send(const Send& node);
  [[nodiscard]] proto::Result<Outcome> receive(const Receive& node,
                                               std::optional<proto::TimePoint> until);
  [[nodiscard]] proto::Result<void> deliver(const Receive& node,
                                            std::vector<conversation::QueuedMessage> messages);
  [[nodiscard]] proto::Result<Outcome> get_group(const GetConversationGroup& node,
                                                 std::optional<proto::TimePoint> until);
  [[nodiscard]] proto::Result<Outcome> wait_for(const WaitFor& node);
  [[nodiscard]] proto::Result<Outcome> end_conversation(const EndConversation& node);
  [[nodiscard]] proto::Result<Outcome> move(const MoveConversation& node);
  [[nodiscard]] proto::Result<Outcome> set_timer(const BeginConversationTimer& node);
  [[nodiscard]] proto::Result<std::optional<proto::Guid>> evaluate_guid(
      const Expression& expression);
  [[nodiscard]] proto::Result<proto::ConversationHandle> evaluate_handle(
      const Expression& expression);
  [[nodiscard]] proto::Result<const catalog::pb::Queue*> queue_of(const ObjectName& name,
                                                                  store::DatabaseId& where);

  // ---- session_module.cc ----
  [[nodiscard]] proto::Result<Outcome> call(const Execute& node, const Insert* insert = nullptr);
  [[nodiscard]] proto::Result<Outcome> call_text(const ExecuteText& node,
                                                 const Insert* insert = nullptr);
  [[nodiscard]] proto::Result<Outcome> run_text(const std::string& text,
                                                std::unique_ptr<Module> module,
                                                const ParseOptions& options);
  struct Argument {
    std::string name;
    TypedValue value;
    std::string variable;  // of the caller, for OUTPUT
    bool is_default = false;
  };
  [[nodiscard]] proto::Result<std::vector<Argument>> arguments_of(
      const std::vector<ExecuteArgument>& list);
  [[nodiscard]] proto::Result<void> bind_arguments(
      Module& callee, const std::vector<ProcedureParameter>& parameters,
      const std::vector<Argument>& arguments);
  [[nodiscard]] proto::Result<Outcome> execute_sql(const std::vector<Argument>& arguments,
                                                   const Execute& node, const Insert* insert);
  [[nodiscard]] proto::Result<Outcome> system_procedure(const std::string& name,
                                                        const Execute& node, const Insert* insert);
  [[nodiscard]] proto::Result<Outcome> assign_result(const std::string& variable_name,
                                                     std::int64_t value);
  [[nodiscard]] static bool is_known_system_procedure(std::string_view name);
  [[nodiscard]] proto::Result<Outcome> help_text(const std::string& name);
  [[nodiscard]] std::unique_ptr<Module> new_module() const;
  [[nodiscard]] proto::Result<Outcome> call_procedure(const ObjectName& name,
                                                      const std::vector<Argument>& arguments,
                                                      const std::string& result_variable,
                                                      const Insert* insert);

  // ---- session_cursor.cc ----
  [[nodiscard]] proto::Result<Outcome> declare_cursor(const DeclareCursor& node);
  [[nodiscard]] proto::Result<Outcome> open_cursor(const OpenCursor& node);
  [[nodiscard]] proto::Result<Outcome> fetch(const FetchCursor& node);
  [[nodiscard]] proto::Result<Outcome> close_cursor(const std::string& name, bool forgets);
  [[nodiscard]] proto::Result<Cursor*> find_cursor(const std::string& name);

  Session& session;
  Runtime& runtime;
  const std::int32_t id;
  store::DatabaseId database;
  std::optional<store::DatabaseId> shown_database;  // by the last USE
  std::optional<store::DatabaseId> inside_view;     // names are those of this database
  std::vector<catalog::SecurityContext> security;   // EXECUTE AS; the login first

  bool running = false;
  bool closed = false;
  bool is_ended = false;      // by another session; it says so when it runs again
  bool is_procedure = false;  // call_procedure: it is nowhere before and after that
  bool yielded = false;
  proto::TimePoint now{};
  Output* out = nullptr;
  Wait wait;
  std::optional<proto::TimePoint> statement_until;  // of a WAITFOR that has begun
  std::optional<proto::TimePoint> statement_since;  // the first attempt of ALTER DATABASE

  std::vector<Frame> frames;
  std::vector<std::unique_ptr<Module>> modules;
  std::map<std::string, Local, NameLess> last_variables;
  int line = 0;  // of the statement that runs

  std::optional<catalog::Transaction> transaction;
  int transaction_count = 0;
  std::string transaction_name;
  bool is_doomed = false;
  using TemporaryTables = std::map<std::string, std::shared_ptr<MemoryTable>, NameLess>;
  struct Savepoint {
    std::string name;
    conversation::Engine::Savepoint engine;
    std::vector<std::pair<std::shared_ptr<MemoryTable>, MemoryTable>> tables;
    std::set<std::string, NameLess> names;  // of the temporary tables that were there
  };
  std::vector<Savepoint> savepoints;  // the first is BEGIN TRANSACTION itself
  DdlEffects effects;
  bool endpoints_changed = false;

  TemporaryTables temporary_tables;                            // of the session
  std::vector<std::shared_ptr<MemoryTable>> statement_tables;  // of the statement that runs
  std::set<std::string> variables_read;  // by the query that runs, in lower case
  std::vector<DataType> change_types;    // of affected_rows' new values
  std::map<std::string, Cursor, NameLess> cursors;
  SetValues set;
  keys::OpenMasterKeys open_master_keys;
  std::int64_t row_count = 0;
  std::int32_t last_error = 0;
  std::int64_t fetch_status = 0;
  store::Value last_identity;
  bool received = false;
  bool entered_procedure = false;
  std::optional<proto::Error> ended_by;
  std::vector<proto::Error> warnings;
  // What `handle` needs to know beyond the error that a statement returned.
  std::optional<Raised> raised;
};

}  // namespace ssb::broker::tsql
