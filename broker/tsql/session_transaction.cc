// Transactions: BEGIN, COMMIT, ROLLBACK, SAVE, and the transaction that each statement outside them has of its own.
#include <fmt/format.h>

#include "broker/crypto/failure.h"
#include "broker/tsql/convert.h"
#include "broker/tsql/session_state.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

using proto::Error;
using proto::ErrorCode;
using proto::Result;

Outcome Session::State::wait_for_change(proto::TimePoint until) {
  wait.kind = Wait::Kind::change;
  wait.until = until;
  wait.changes = engine().changes();
  wait.transactions_ended = instance().transactions_ended();
  return Outcome::waits;
}

Outcome Session::State::wait_for_message(store::DatabaseId where, std::int32_t queue,
                                         proto::TimePoint until) {
  engine().receive_noticed(where, queue, true, now);
  const Outcome waits = wait_for_change(until);
  wait.queue = Session::Queue{where, queue};
  return waits;
}

Result<Outcome> Session::State::atomically(const std::function<Result<Outcome>()>& work) {
  if (is_doomed) return Error(ErrorCode::transaction_doomed);
  if (!transaction) transaction = instance().begin();
  if (const auto deadlock = chosen_as_victim()) {
    if (transaction_count == 0) roll_back();
    return *deadlock;
  }
  instance().lock_waits().forget(transaction->id);
  const conversation::Engine::Savepoint before = engine().savepoint(*transaction);
  Result<Outcome> outcome = crypto::guarded(work);
  if (outcome && *outcome == Outcome::done) {
    if (transaction_count > 0) return outcome;
    const Result<void> committed = commit();
    if (!committed) return committed.error();
    return outcome;
  }
  engine().roll_back_to(*transaction, before);
  // Undone like the rows; services_dropped of earlier statements of the transaction stay.
  if (outcome) return outcome;  // waits: the statement begins again, in the same transaction
  const bool is_lock = outcome.error().code == ErrorCode::lock_timeout;
  if (is_lock && set.lock_timeout_ms != 0) {
    if (!statement_until) {
      statement_until = set.lock_timeout_ms < 0
                            ? proto::kNever
                            : now + std::chrono::milliseconds(set.lock_timeout_ms);
    }
    if (now < *statement_until) {
      // Whoever is chosen, and is not this one, notices as transactions_ended counts it.
      (void)instance().lock_waits().wait(transaction->id, {id, set.deadlock_priority});
      const auto deadlock = chosen_as_victim();
      if (!deadlock) return wait_for_change(*statement_until);
      outcome = *deadlock;
    }
  }
  instance().lock_waits().forget(transaction->id);
  if (transaction_count == 0) roll_back();
  return outcome;
}

std::optional<Error> Session::State::chosen_as_victim() {
  constexpr int kState = 51;
  const std::vector<std::int32_t>* among = instance().lock_waits().chosen_among(transaction->id);
  if (among == nullptr) return std::nullopt;
  Error error = Error(ErrorCode::deadlock_victim, std::to_string(id),
                      fmt::format("{}", fmt::join(*among, ", ")))
                    .with_state(kState);
  instance().lock_waits().forget(transaction->id);
  return error;
}

Result<void> Session::State::commit() {
  Result<void> committed = engine().commit(std::move(*transaction), now);
  transaction.reset();
  transaction_count = 0;
  savepoints.clear();
  after_end(committed.has_value());
  return committed;
}

void Session::State::roll_back() {
  is_doomed = false;
  transaction_count = 0;
  if (!savepoints.empty()) {
    for (auto& [table, before] : savepoints.front().tables) *table = before;
    // Tables that the transaction made are gone with it.
    for (auto table = temporary_tables.begin(); table != temporary_tables.end();) {
      const bool was_there = savepoints.front().names.contains(table->first);
      if (!was_there) runtime.remove(table->second->number);
      table = was_there ? std::next(table) : temporary_tables.erase(table);
    }
  }
  savepoints.clear();
  if (!transaction) return;
  engine().roll_back(std::move(*transaction), now);
  transaction.reset();
  after_end(false);
}

void Session::State::after_end(bool committed) {
  DdlEffects done = std::exchange(effects, {});
  for (const store::DatabaseId changed : done.catalogs_changed) {
    if (instance().database(changed) != nullptr) engine().catalog_changed(changed, now);
  }
  for (const auto& [changed, known] : done.master_keys_changed) {
    if (instance().database(changed) != nullptr) engine().master_key_changed(changed, known, now);
  }
  if (!committed) return;
  for (const auto& [where, service] : done.services_dropped)
    engine().service_dropped(where, service, now);
  endpoints_changed = endpoints_changed || done.endpoints_changed;
}

std::string Session::State::name_or_variable(const std::string& name) {
  if (!name.starts_with('@')) return name;
  const Local* local = find_variable(name);
  return local == nullptr ? name : to_text(local->value, local->type).value_or(std::string());
}

void Session::State::add_savepoint(std::string name) {
  Savepoint point;
  point.name = std::move(name);
  point.engine = engine().savepoint(*transaction);
  for (const auto& [key, table] : temporary_tables) {
    point.tables.emplace_back(table, *table);
    point.names.insert(key);
  }
  savepoints.push_back(std::move(point));
}

Result<Outcome> Session::State::begin_transaction(const BeginTransaction& node) {
  if (node.distributed) return Error(ErrorCode::not_supported, "distributed transactions");
  row_count = 0;
  if (transaction_count++ > 0) return Outcome::done;
  if (!transaction) transaction = instance().begin();
  add_savepoint(node.name ? name_or_variable(*node.name) : std::string());
  return Outcome::done;
}

Result<Outcome> Session::State::commit_transaction() {
  row_count = 0;
  if (transaction_count == 0) return Error(ErrorCode::commit_without_begin);
  if (is_doomed) return Error(ErrorCode::transaction_doomed);
  if (transaction_count > 1) {
    --transaction_count;
    return Outcome::done;
  }
  const Result<void> committed = commit();
  if (!committed) return committed.error();
  return Outcome::done;
}

Result<Outcome> Session::State::roll_back_transaction(const RollbackTransaction& node) {
  row_count = 0;
  if (transaction_count == 0) return Error(ErrorCode::rollback_without_begin);
  const std::string name = node.name ? name_or_variable(*node.name) : std::string();
  if (name.empty() || equal_names(name, savepoints.front().name)) {
    roll_back();
    return Outcome::done;
  }
  for (std::size_t i = savepoints.size(); i > 1; --i) {
    Savepoint& point = savepoints[i - 1];
    if (!equal_names(point.name, name)) continue;
    if (is_doomed) return Error(ErrorCode::transaction_doomed);
    engine().roll_back_to(*transaction, point.engine);
    for (auto& [table, before] : point.tables) *table = before;
    savepoints.resize(i);  // the savepoint itself stays
    return Outcome::done;
  }
  return Error(ErrorCode::unknown_savepoint, name);
}

Result<Outcome> Session::State::save_transaction(const SaveTransaction& node) {
  row_count = 0;
  if (transaction_count == 0) return Error(ErrorCode::save_without_begin);
  if (is_doomed) return Error(ErrorCode::transaction_doomed);
  add_savepoint(name_or_variable(node.name));
  return Outcome::done;
}

}  // namespace ssb::broker::tsql
