#include "broker/tsql/session.h"

#include <algorithm>

#include <fmt/format.h>

#include "broker/crypto/failure.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;

// ---------------------------------------------------------------- Session

Session::Session(Runtime& runtime, std::int32_t id, catalog::SecurityContext login,
                 store::DatabaseId database)
    : state_(std::make_unique<State>(*this, runtime, id, std::move(login), database)) {
  runtime.enter(this);
}

Session::~Session() {
  try {
    state_->close();
  } catch (const store::StoreFailure&) {
    // The store is gone, and with it what was to be rolled back; its instance ends.
  }
  state_->runtime.leave(this);
}

void Session::submit(std::string text) {
  SSB_CHECK(!state_->running);
  state_->submit(std::move(text));
}

void Session::call_procedure(store::DatabaseId database, const std::string& procedure,
                             const catalog::SecurityContext& who) {
  SSB_CHECK(!state_->running);
  state_->database = database;
  state_->is_procedure = true;
  state_->security.assign(1, who);
  state_->submit("EXECUTE " + procedure);
}

int Session::run(proto::TimePoint now, Output& out, int statements_max) {
  return state_->run(now, out, statements_max);
}
void Session::cancel(proto::TimePoint now) {
  state_->now = now;
  state_->cancel();
}
void Session::end_by_another(proto::TimePoint now) {
  state_->now = now;
  state_->roll_back();
  state_->is_ended = true;
  state_->wait = {};
  state_->runtime.left();
}
bool Session::uses(store::DatabaseId database) const {
  State& state = *state_;
  if (state.is_ended || state.closed || (state.is_procedure && !state.running)) return false;
  if (state.database == database) return true;
  return state.transaction && state.instance().has_lock(*state.transaction, database);
}
void Session::close(proto::TimePoint now) {
  state_->now = now;
  state_->close();
}
bool Session::is_running() const {
  return state_->running;
}
bool Session::is_waiting() const {
  return state_->running && state_->wait.kind != Wait::Kind::none;
}
proto::TimePoint Session::deadline() const {
  if (!state_->running) return proto::kNever;
  if (state_->wait.kind == Wait::Kind::none) return state_->now;
  return state_->wait.until;
}
bool Session::is_closed() const {
  return state_->closed;
}
std::int32_t Session::id() const {
  return state_->id;
}
store::DatabaseId Session::database() const {
  return state_->database;
}
int Session::transaction_count() const {
  return state_->transaction_count;
}
void Session::roll_back(proto::TimePoint now) {
  state_->now = now;
  state_->roll_back();
}
bool Session::has_received() const {
  return state_->received;
}
const std::optional<proto::Error>& Session::ended_by() const {
  return state_->ended_by;
}
bool Session::has_entered_procedure() const {
  return state_->entered_procedure;
}
std::optional<Session::Queue> Session::waits_for_queue() const {
  return is_waiting() ? state_->wait.queue : std::nullopt;
}
bool Session::take_endpoints_changed() {
  return std::exchange(state_->endpoints_changed, false);
}

std::optional<std::string> Session::last_variable(std::string_view name) const {
  const auto& variables =
      state_->modules.empty() ? state_->last_variables : state_->modules.front()->variables;
  const auto found = variables.find(std::string(name));
  if (found == variables.end()) return std::nullopt;
  return to_text(found->second.value, found->second.type);
}

// ---------------------------------------------------------------- batches and frames

Session::State::State(Session& owner, Runtime& shared, std::int32_t session_id,
                      catalog::SecurityContext login, store::DatabaseId start)
    : session(owner), runtime(shared), id(session_id), database(start) {
  security.push_back(std::move(login));
}

void Session::State::submit(std::string text) {
  if (closed) return;
  running = true;
  yielded = false;
  wait = {};
  received = false;
  entered_procedure = false;
  ended_by.reset();
  statement_until.reset();
  auto module = std::make_unique<Module>();
  module->text = std::move(text);
  module->security_depth = security.size();
  module->transaction_count = transaction_count;
  modules.push_back(std::move(module));
  // Parsed by the first run(), which has the output for its errors.
}

void Session::State::start(std::shared_ptr<const Batch> batch, std::string text) {
  Module& first = module();
  first.text = std::move(text);
  first.batch = std::move(batch);
  push(Frame::Kind::module, first.batch->statements);
}

bool Session::State::is_ready() const {
  if (wait.kind == Wait::Kind::none || now >= wait.until) return true;
  return wait.kind == Wait::Kind::change &&
         (wait.changes != engine().changes() ||
          wait.transactions_ended != instance().transactions_ended() ||
          (wait.leavings && *wait.leavings != runtime.leavings()));
}

int Session::State::run(proto::TimePoint time, Output& output, int statements_max) {
  if (!running) return 0;
  now = time;
  if (!is_ready()) return 0;
  wait = {};
  out = &output;
  if (is_ended) {
    Raised what;
    what.error = Error(ErrorCode::session_ended_by_another, std::to_string(id));
    if (frames.empty()) what.line = 1;  // of a batch that nobody has read
    handle(std::move(what));
    out = nullptr;
    return 1;
  }
  if (frames.empty()) {
    ParseOptions options;
    options.quoted_identifier = set.quoted_identifier;
    const std::string text = module().text;
    ParseResult<Batch> batch = parse_batch(text, options);
    if (batch) {
      start(std::make_shared<const Batch>(*std::move(batch)), text);
    } else {
      const ParseFailure& failure = batch.error();
      Raised what;
      what.error = failure.error;
      what.line = failure.where.line;
      what.caret = caret_line(text, failure.where);
      last_error = failure.error.number();
      say(what);
      finish_batch();
    }
  }
  int steps = 0;
  for (; running && wait.kind == Wait::Kind::none && steps < statements_max; ++steps) step();
  out = nullptr;
  return steps;
}

void Session::State::push(Frame::Kind kind, const StatementList& list) {
  Frame frame;
  frame.kind = kind;
  frame.statements = list.data();
  frame.count = list.size();
  frames.push_back(std::move(frame));
}

void Session::State::push_one(const Statement& statement) {
  Frame frame;
  frame.statements = &statement;
  frame.count = 1;
  frames.push_back(std::move(frame));
}

void Session::State::push_module(std::unique_ptr<Module> module, const StatementList& list) {
  modules.push_back(std::move(module));
  push(Frame::Kind::module, list);
}

void Session::State::step() {
  Frame& frame = frames.back();
  if (frame.next == frame.count) {
    finish_frame();
    return;
  }
  const Statement& statement = frame.statements[frame.next];
  ++frame.next;
  line = statement.position.line;
  warnings.clear();
  raised.reset();
  inside_view.reset();
  const Module* const home = &module();
  const Result<Outcome> outcome = crypto::guarded([&] { return execute(statement); });
  forget_statement_tables();
  for (const Error& warning : warnings) {
    Raised what;
    what.error = warning;
    say(what);
  }
  if (!outcome) {
    statement_until.reset();
    statement_since.reset();
    Raised what = raised.value_or(Raised{});
    what.error = outcome.error();
    // Where nothing more exact is known, it is the statement; what a script raises itself needs no place.
    const bool is_here = !raised && &module() == home;
    if (is_here && statement.position.offset < home->text.size())
      what.caret = caret_line(home->text, statement.position);
    handle(std::move(what));
    return;
  }
  if (*outcome == Outcome::waits) {
    --frames.back().next;
    return;
  }
  statement_until.reset();
  statement_since.reset();
}

void Session::State::finish_frame() {
  Frame& frame = frames.back();
  switch (frame.kind) {
    case Frame::Kind::module: finish_module(); return;
    case Frame::Kind::loop: {
      line = frame.statements->position.line;
      const Result<bool> again = crypto::guarded([&] { return is_true(frame.loop->condition); });
      if (!again) {
        frames.pop_back();
        Raised what;
        what.error = again.error();
        handle(std::move(what));
        return;
      }
      if (*again) {
        frame.next = 0;
      } else {
        frames.pop_back();
      }
      return;
    }
    case Frame::Kind::block:
    case Frame::Kind::attempt:
    case Frame::Kind::handler: frames.pop_back(); return;
  }
}

// Says that another database is in use.
void Session::State::show_database() {
  shown_database = database;
  if (out != nullptr) out->emplace_back(DatabaseChanged{instance().info(database).name()});
}

// Puts back what the innermost module changed and forgets it; its frames are gone already.
void Session::State::unwind_module() {
  const Module& ended = module();
  if (modules.size() == 1) last_variables = ended.variables;
  if (modules.size() > 1) {
    const SetValues changed = set;
    set = ended.set;
    set.identity_insert = changed.identity_insert;
    if (ended.restores_database) database = ended.database;
    if (shown_database && *shown_database != database) show_database();
  }
  for (const auto& [name, local] : ended.variables) {
    if (local.table) runtime.remove(local.table->number);
  }
  for (const auto& [name, table] : ended.temporary_tables) runtime.remove(table->number);
  const std::size_t depth = ended.security_depth;
  if (modules.size() > 1 && security.size() > depth) {
    security.erase(security.begin() + static_cast<std::ptrdiff_t>(depth), security.end());
  }
  modules.pop_back();
}

void Session::State::finish_module() {
  frames.pop_back();
  if (modules.size() == 1) {
    finish_batch();
    return;
  }
  Module& ended = module();
  const std::int64_t value = ended.return_value;
  const std::string result = ended.result_variable;
  std::vector<std::pair<std::string, TypedValue>> outputs;
  for (const auto& [parameter, variable] : ended.outputs) {
    const auto found = ended.variables.find(parameter);
    if (found != ended.variables.end()) {
      outputs.emplace_back(variable, TypedValue{found->second.type, found->second.value});
    }
  }
  const Insert* insert = ended.insert;
  std::vector<RowSet> collected = std::move(ended.collected);
  const int count_before = ended.transaction_count;
  const bool was_procedure = !ended.procedure.empty();
  unwind_module();
  line = frames.back().statements[frames.back().next - 1].position.line;

  Result<void> assigned;
  if (!result.empty()) assigned = assign(result, value, type_of(SqlType::integer));
  for (const auto& [variable, typed] : outputs) {
    if (assigned) assigned = assign(variable, typed.value, typed.type);
  }
  if (assigned && insert != nullptr) assigned = insert_collected(*insert, std::move(collected));
  if (assigned && was_procedure && count_before != transaction_count) {
    assigned = Error(ErrorCode::transaction_count_mismatch, std::to_string(count_before),
                     std::to_string(transaction_count));
  }
  if (!assigned) {
    Raised what;
    what.error = assigned.error();
    handle(std::move(what));
  }
}

void Session::State::finish_batch() {
  frames.clear();
  while (modules.size() > 1) unwind_module();
  if (is_doomed) {
    roll_back();
    Raised what;
    what.error = Error(ErrorCode::doomed_at_batch_end);
    say(what);
  }
  if (transaction_count == 0 && transaction) roll_back();
  if (!modules.empty()) unwind_module();
  wait = {};
  statement_until.reset();
  statement_since.reset();
  running = false;
  if (is_procedure) runtime.left();
}

void Session::State::cancel() {
  if (!running) return;
  Output nowhere;
  out = &nowhere;
  const bool ends_transaction = set.xact_abort || transaction_count == 0;
  frames.clear();
  if (ends_transaction) roll_back();
  if (transaction) instance().lock_waits().forget(transaction->id);
  finish_batch();
  out = nullptr;
}

void Session::State::close() {
  if (closed) return;
  cancel();
  roll_back();
  for (const auto& [name, table] : temporary_tables) runtime.remove(table->number);
  temporary_tables.clear();
  cursors.clear();
  open_master_keys.clear();
  closed = true;
  runtime.left();
}

// ---------------------------------------------------------------- statements

Result<Outcome> Session::State::execute(const Statement& statement) {
  const StatementNode* node = statement.node.get();
  // The commonest first; the rest by name in execute_other.
  if (const auto* block = std::get_if<Block>(node)) {
    push(Frame::Kind::block, block->statements);
    return Outcome::done;
  }
  if (const auto* branch = std::get_if<If>(node)) {
    const Result<bool> holds = is_true(branch->condition);
    if (!holds) return holds.error();
    row_count = 0;
    const Statement* taken = *holds ? branch->then.get() : branch->otherwise.get();
    const Statement* left_out = *holds ? branch->otherwise.get() : branch->then.get();
    if (left_out != nullptr) {
      const Result<void> declared = declare_within(*left_out);
      if (!declared) return declared.error();
    }
    if (taken != nullptr) push_one(*taken);
    return Outcome::done;
  }
  if (const auto* loop = std::get_if<While>(node)) {
    const Result<bool> holds = is_true(loop->condition);
    if (!holds) return holds.error();
    if (!*holds) {
      const Result<void> declared = declare_within(*loop->body);
      if (!declared) return declared.error();
      return Outcome::done;
    }
    push_one(*loop->body);
    frames.back().kind = Frame::Kind::loop;
    frames.back().loop = loop;
    return Outcome::done;
  }
  if (const auto* attempt = std::get_if<TryCatch>(node)) {
    const Result<void> declared = declare_within(statement);
    if (!declared) return declared.error();
    push(Frame::Kind::attempt, attempt->body);
    frames.back().attempt = attempt;
    return Outcome::done;
  }
  if (std::holds_alternative<Label>(*node)) return Outcome::done;
  const bool keeps_error = std::holds_alternative<RaiseError>(*node);
  Result<Outcome> outcome = execute_other(statement);
  if (outcome && *outcome == Outcome::done && !keeps_error) last_error = 0;
  return outcome;
}

struct Session::State::Dispatch {
  State& self;
  const Statement& statement;
  Result<Outcome> operator()(const DeclareVariables& node) const { return self.declare(node); }
  Result<Outcome> operator()(const SetVariable& node) const { return self.set_variable(node); }
  Result<Outcome> operator()(const SetOptions& node) const { return self.set_options(node); }
  Result<Outcome> operator()(const Print& node) const { return self.print(node); }
  Result<Outcome> operator()(const RaiseError& node) const { return self.raise_error(node); }
  Result<Outcome> operator()(const Throw& node) const { return self.throw_error(node); }
  Result<Outcome> operator()(const Break&) const { return self.leave_loop(false); }
  Result<Outcome> operator()(const Continue&) const { return self.leave_loop(true); }
  Result<Outcome> operator()(const GoTo& node) const { return self.go_to(node); }
  Result<Outcome> operator()(const Return& node) const { return self.return_from(node); }
  Result<Outcome> operator()(const UseDatabase& node) const { return self.use(node); }
  Result<Outcome> operator()(const ExecuteAs& node) const { return self.execute_as(node); }
  Result<Outcome> operator()(const Revert&) const { return self.revert(); }
  Result<Outcome> operator()(const BeginTransaction& node) const {
    return self.begin_transaction(node);
  }
  Result<Outcome> operator()(const CommitTransaction&) const { return self.commit_transaction(); }
  Result<Outcome> operator()(const RollbackTransaction& node) const {
    return self.roll_back_transaction(node);
  }
  Result<Outcome> operator()(const SaveTransaction& node) const {
    return self.save_transaction(node);
  }
  Result<Outcome> operator()(const SelectStatement& node) const { return self.select(node); }
  Result<Outcome> operator()(const Insert& node) const { return self.insert(node); }
  Result<Outcome> operator()(const Update& node) const { return self.update(node); }
  Result<Outcome> operator()(const Delete& node) const { return self.erase(node); }
  Result<Outcome> operator()(const TruncateTable& node) const { return self.truncate(node); }
  Result<Outcome> operator()(const CreateTable& node) const {
    return self.create_table(node, statement);
  }
  Result<Outcome> operator()(const AlterTable& node) const {
    return self.alter_table(node, statement);
  }
  Result<Outcome> operator()(const CreateIndex& node) const { return self.create_index(node); }
  Result<Outcome> operator()(const CreateProcedure& node) const {
    return self.create_procedure(node);
  }
  Result<Outcome> operator()(const CreateView& node) const { return self.create_view(node); }
  Result<Outcome> operator()(const Drop& node) const {
    return is_ddl(statement) ? self.define(statement) : self.drop(node);
  }
  Result<Outcome> operator()(const BeginDialog& node) const { return self.begin_dialog(node); }
  Result<Outcome> operator()(const Send& node) const { return self.send(node); }
  Result<Outcome> operator()(const Receive& node) const { return self.receive(node, std::nullopt); }
  Result<Outcome> operator()(const GetConversationGroup& node) const {
    return self.get_group(node, std::nullopt);
  }
  Result<Outcome> operator()(const WaitFor& node) const { return self.wait_for(node); }
  Result<Outcome> operator()(const EndConversation& node) const {
    return self.end_conversation(node);
  }
  Result<Outcome> operator()(const MoveConversation& node) const { return self.move(node); }
  Result<Outcome> operator()(const BeginConversationTimer& node) const {
    return self.set_timer(node);
  }
  Result<Outcome> operator()(const Execute& node) const { return self.call(node); }
  Result<Outcome> operator()(const ExecuteText& node) const { return self.call_text(node); }
  Result<Outcome> operator()(const DeclareCursor& node) const { return self.declare_cursor(node); }
  Result<Outcome> operator()(const OpenCursor& node) const { return self.open_cursor(node); }
  Result<Outcome> operator()(const FetchCursor& node) const { return self.fetch(node); }
  Result<Outcome> operator()(const CloseCursor& node) const {
    return self.close_cursor(node.name, false);
  }
  Result<Outcome> operator()(const DeallocateCursor& node) const {
    return self.close_cursor(node.name, true);
  }
  Result<Outcome> operator()(const Dbcc&) const {
    return Outcome::done;
  }  // accepted, as documented
  Result<Outcome> operator()(const Checkpoint&) const { return Outcome::done; }
  Result<Outcome> operator()(const Reconfigure&) const { return Outcome::done; }
  Result<Outcome> operator()(const Kill&) const { return Error(ErrorCode::not_supported, "KILL"); }
  Result<Outcome> operator()(const ModifyXmlVariable&) const {
    return Error(ErrorCode::not_supported, "modify() of the xml type");
  }
  Result<Outcome> operator()(const Unsupported& node) const {
    return Error(ErrorCode::not_supported, node.head);
  }
  template <typename Definition>
  Result<Outcome> operator()(const Definition&) const {
    return self.define(statement);
  }
};

Result<Outcome> Session::State::execute_other(const Statement& statement) {
  return std::visit(Dispatch{*this, statement}, *statement.node);
}

// Definition statements: the executors of ddl.h.
Result<Outcome> Session::State::define(const Statement& statement) {
  if (std::holds_alternative<AlterDatabase>(*statement.node)) return alter_database(statement);
  return atomically([&]() -> Result<Outcome> {
    const Result<void> locked = instance().lock(*transaction, database);
    if (!locked) return locked.error();
    const Result<void> executed = execute_definition(statement);
    if (!executed) return executed.error();
    return Outcome::done;
  });
}

// Takes its locks itself, may need the database alone, and says 5061 where others have 1222.
Result<Outcome> Session::State::alter_database(const Statement& statement) {
  const AlterDatabase& node = std::get<AlterDatabase>(*statement.node);
  if (!statement_since) statement_since = now;
  Result<Outcome> outcome = atomically([&]() -> Result<Outcome> {
    const Result<void> executed = execute_definition(statement);
    if (!executed) return executed.error();
    return Outcome::done;
  });
  if (outcome && *outcome == Outcome::waits) {
    wait.leavings = runtime.leavings();
    const bool ends_others =
        node.termination && node.termination->kind == TerminationKind::rollback_after;
    const proto::TimePoint ends_at =
        ends_others ? *statement_since + std::chrono::seconds(node.termination->after_s)
                    : proto::kNever;
    wait.until = std::min(wait.until, ends_at);
  }
  if (outcome || outcome.error().code != ErrorCode::lock_timeout) return outcome;
  const catalog::Catalog* altered =
      instance().database(node.name.empty() ? instance().info(database).name() : node.name);
  warnings.emplace_back(ErrorCode::database_lock_not_granted,
                        altered == nullptr ? node.name : instance().info(altered->id()).name());
  return Error(ErrorCode::alter_database_failed);
}

Result<void> Session::State::execute_definition(const Statement& statement) {
  StatementContext context{instance(),
                           engine(),
                           *transaction,
                           who(),
                           database,
                           open_master_keys,
                           now,
                           warnings,
                           effects,
                           transaction_count > 0,
                           [this](const Expression& expression) -> Result<store::Value> {
                             const auto value = evaluate(expression);
                             if (!value) return value.error();
                             return value->value;
                           },
                           [this](store::DatabaseId other) { return runtime.is_in_use(other); },
                           [this](store::DatabaseId where) {
                             std::vector<std::int32_t> ids;
                             for (const Session* other : runtime.others_in(where, session))
                               ids.push_back(other->id());
                             return ids;
                           },
                           [this](store::DatabaseId where) {
                             for (Session* other : runtime.others_in(where, session))
                               other->end_by_another(now);
                           },
                           now - statement_since.value_or(now)};
  return execute_ddl(statement, context);
}

}  // namespace ssb::broker::tsql
