// One client's session: it takes batches of T-SQL text and steps them until they finish or have to
// wait.
//
//   Shape   no threads: a batch that waits (WAITFOR, a lock that another transaction holds) keeps
//   its place in a stack of frames and
//           goes on when run() is called again. Everything durable goes through the engine's
//           commit.
//   Units   one call of run() executes a bounded number of statements, so that no session
//   starves the others; then deadline()
//           is `now`.
//   Errors  as in T-SQL: an error becomes a ServerMessage, and ends its statement, its scope or its
//   batch by its number. Source  T-SQL reference, sections 1.1, 1.3, 1.8.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/instance.h"
#include "broker/conversation/engine.h"
#include "broker/tsql/output.h"
#include "broker/tsql/runtime.h"

namespace ssb::broker::tsql {

inline constexpr int kStatementsPerRun = 10'000;
inline constexpr int kProcedureNestingMax = 32;  // procedures, views and dynamic batches; error 217

class Session {
 public:
  // `id` is @@SPID. The session begins in `database`.
  Session(Runtime& runtime, std::int32_t id, catalog::SecurityContext login,
          store::DatabaseId database = catalog::kMaster);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // as close()

  // Hands over a batch; only when is_running() is false. Nothing runs before run(). `now` of a
  // batch is that of the first run().
  void submit(std::string text);
  // The same for a stored procedure without parameters, named as in T-SQL ("[dbo].[p]"), run as `who` in `database` (activation).
  // Its result sets, prints and errors come out as those of a batch do. Fails with 2812 inside the
  // batch when there is none.
  void call_procedure(store::DatabaseId database, const std::string& procedure,
                      const catalog::SecurityContext& who);
  // Steps the batch until it finishes, waits, or has executed `statements_max` statements. Returns
  // how many it executed: 0 while what it waits for has not changed.
  int run(proto::TimePoint now, Output& out, int statements_max = kStatementsPerRun);
  // Ends the batch that runs or waits, as an Attention does: no error, an open transaction stays
  // (unless XACT_ABORT is on).
  void cancel(proto::TimePoint now);
  // Another session ends this one: its transaction is rolled back now, and the batch that waits or the next one is answered with 596.
  void end_by_another(proto::TimePoint now);
  // Whether it keeps others from having the database alone: it is in use, or changed by its open transaction.
  [[nodiscard]] bool uses(store::DatabaseId database) const;
  // Rolls back, forgets temporary tables, closes keys. The session takes no more batches.
  void close(proto::TimePoint now);

  [[nodiscard]] bool is_running() const;  // a batch was submitted and has not ended
  [[nodiscard]] bool is_waiting() const;  // it waits for a message, a lock or a time
  // When run() must be called even if nothing happens; kNever when nothing is due by time.
  [[nodiscard]] proto::TimePoint deadline() const;
  // a timeout.
  [[nodiscard]] bool is_closed() const;  // by close(), or by an error of severity 20 and above

  [[nodiscard]] std::int32_t id() const;
  [[nodiscard]] store::DatabaseId database() const;
  [[nodiscard]] int transaction_count() const;  // @@TRANCOUNT
  // Ends an open transaction (activation: a procedure must not leave one, 8415).
  void roll_back(proto::TimePoint now);
  // What an activated procedure did: whether it ran a RECEIVE on the queue (28087).
  [[nodiscard]] bool has_received() const;  // since submit
  // The error that ended the batch or, of call_procedure, the procedure; nullopt: it came to its end.
  [[nodiscard]] const std::optional<proto::Error>& ended_by() const;  // since submit
  // Whether a procedure's first statement was reached: it exists, and may be executed.
  [[nodiscard]] bool has_entered_procedure() const;  // since submit
  struct Queue {
    store::DatabaseId database = 0;
    std::int32_t id = 0;
    friend bool operator==(const Queue&, const Queue&) = default;
  };
  // Of the WAITFOR (RECEIVE) or WAITFOR (GET CONVERSATION GROUP) that the session is in.
  [[nodiscard]] std::optional<Queue> waits_for_queue() const;
  // Definition statements changed endpoints since this was last asked.
  [[nodiscard]] bool take_endpoints_changed();
  // The value of a variable of the last batch (also after its end), as text; nullopt: there is
  // none, or NULL.
  [[nodiscard]] std::optional<std::string> last_variable(std::string_view name) const;

  struct State;  // the interpreter's own, in session_state.h

 private:
  std::unique_ptr<State> state_;
};

}  // namespace ssb::broker::tsql
