// What a session says, and what an error ends: the statement, the procedure, the batch or the session; or a CATCH takes it.
#include <algorithm>

#include "broker/tsql/session_state.h"

namespace ssb::broker::tsql {

using proto::Error;

namespace {

// Which part of a batch an error ends when no TRY takes it.
enum class Reach { statement, scope, batch };

Reach reach_of(const Error& error) {
  switch (error.number()) {
    // Names that are bound late: the procedure or batch that has them cannot be compiled.
    case 195:
    case 207:
    case 208:
    case 209:
    case 4104: return Reach::scope;
    // Conversions, too deep a nesting, values too large, and transactions that must not go on.
    case 217:
    case 241:
    case 245:
    case 701:
    case 911:
    case 1205:
    case 3930:
    case 8114:
    case 8169: return Reach::batch;
    default: return Reach::statement;
  }
}

bool is_compile_error(const Error& error) {
  return reach_of(error) == Reach::scope;
}

constexpr int kFatalSeverity = 20;

}  // namespace

void Session::State::say(const Raised& what) {
  ServerMessage message;
  message.error = what.error;
  message.severity = what.error.number() == 0 ? 0 : what.error.severity();
  message.line = what.line != 0 ? what.line : line;
  message.procedure = what.procedure.value_or(modules.empty() ? std::string() : module().procedure);
  message.caret = what.caret;
  if (out != nullptr) out->emplace_back(std::move(message));
}

void Session::State::emit(RowSet rows, bool counts) {
  const auto count = static_cast<std::int64_t>(rows.rows.size());
  row_count = count;
  const auto collector = std::find_if(modules.rbegin(), modules.rend(), [](const auto& candidate) {
    return candidate->insert != nullptr;
  });
  if (collector != modules.rend()) {
    (*collector)->collected.push_back(std::move(rows));
    return;
  }
  out->emplace_back(std::move(rows));
  if (counts && !set.no_count) out->emplace_back(RowCount{count});
}

void Session::State::count_rows(std::int64_t rows) {
  row_count = rows;
  if (!set.no_count) out->emplace_back(RowCount{rows});
}

// Ends what the error ends, or hands it to a CATCH.
void Session::State::handle(Raised what) {
  const Error& error = what.error;
  const int severity = error.severity();
  last_error = error.number();
  if (what.line == 0) what.line = line;
  if (!what.procedure) what.procedure = module().procedure;
  if (severity <= 10) {
    say(what);
    return;
  }
  if (severity >= kFatalSeverity) {
    say(what);
    ended_by = error;
    roll_back();
    finish_batch();
    closed = true;
    return;
  }
  Reach reach = reach_of(error);
  if (what.ends_batch) reach = Reach::batch;
  const bool aborts = set.xact_abort && !what.is_raiserror;
  // A compile error cannot be caught where it happens, only by the caller of its procedure.
  std::size_t limit = frames.size();
  if (is_compile_error(error)) {
    while (limit > 0 && frames[limit - 1].kind != Frame::Kind::module) --limit;
  }
  for (std::size_t i = limit; i > 0; --i) {
    if (frames[i - 1].kind != Frame::Kind::attempt) continue;
    if (transaction_count > 0 && (aborts || (reach == Reach::batch && !what.ends_batch))) {
      is_doomed = true;
    }
    catch_error(i - 1, what);
    return;
  }
  say(what);
  if (aborts) reach = Reach::batch;
  if (reach == Reach::statement) return;
  if (reach != Reach::scope || modules.size() <= 2) ended_by = error;
  if (reach == Reach::scope && modules.size() > 1) {
    while (frames.back().kind != Frame::Kind::module) frames.pop_back();
    frames.back().next = frames.back().count;
    return;
  }
  if (reach == Reach::batch && (aborts || !what.ends_batch)) roll_back();
  finish_batch();
}

// Leaves every frame inside the TRY, and goes on in its CATCH.
void Session::State::catch_error(std::size_t attempt, const Raised& what) {
  const TryCatch& node = *frames[attempt].attempt;
  while (frames.size() > attempt + 1) {
    const bool is_module = frames.back().kind == Frame::Kind::module;
    frames.pop_back();
    if (is_module) unwind_module();
  }
  frames.pop_back();
  push(Frame::Kind::handler, node.handler);
  auto caught = std::make_shared<CaughtError>();
  caught->error = what.error;
  caught->severity = what.error.severity();
  caught->line = what.line;
  caught->procedure = what.procedure.value_or(std::string());
  frames.back().caught = std::move(caught);
}

}  // namespace ssb::broker::tsql
