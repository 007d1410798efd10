// Runs a scenario on a back end, step by step, and judges its expectations.
//
//   `:connect` closes the session of the one before it, as sqlcmd does. Beside that there are named sessions (`--# session`), each with
//   its instance; a batch that is expected to wait stays in its session, and its end is judged when it is awaited or the session ends.
//   Errors  a batch that fails as nobody expected, an expectation that is not met and a connection that fails are Failures of the
//           report; the run goes on after the first two (`:on error exit` ends it), and ends after kFailuresMax.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/scenario/expectation.h"
#include "sim/scenario/report.h"

namespace ssb::sim::scenario {

inline constexpr std::size_t kFailuresMax = 20;
inline constexpr int kAttemptsMax = 10;      // of a repeatable batch
inline constexpr int kClosingSeverity = 20;  // an error of this severity ends its connection
// When no --# clock says otherwise: the same day on every back end and on every machine.
[[nodiscard]] proto::TimePoint default_start();

class Runner {
 public:
  Runner(const Script& script, Backend& backend) : script_(script), backend_(backend) {}
  [[nodiscard]] Report run();

 private:
  struct Stop {};  // thrown to end the script, caught in run()

  [[nodiscard]] bool is_supported();
  void note_what_never_came();
  void declare_nodes();
  void run_step(const Step& step);

  // ---- runner_sessions.cc ----
  // A batch with the expectations that stand before it.
  struct Awaited {
    const Batch* batch = nullptr;
    Place place;
    std::vector<Expectation> expected;
    std::vector<Place> places;
    std::size_t step = 0;
  };
  struct Session {
    BackendSession id = 0;
    bool is_open = false;
    std::string node;
    std::string name;   // empty: that of `:connect`
    Connect connected;  // how
    std::string database;
    std::string down_reason = "there is no session";
    bool is_closed_by_error = false;
    std::optional<Awaited> waiting;
  };
  void connect(const Connect& connect, const Place& place);
  // Judges the `expect error 18456` lines before a :connect with a login; false when there is none.
  [[nodiscard]] bool judge_login(const Connect& connect, const Outcome<BackendSession>& session);
  void use_session(const UseSession& use, const Place& place);
  void open_named(Session& session, const std::string& name, const Place& place);
  void begin_waiting(Awaited batch);
  void await(const Await& await, const Place& place);
  // Tells and judges what a batch that has waited came to.
  void end_waiting(Session& session);
  // Of a batch that waits in a session that ends: what it came to, or that it never did.
  void abandon_waiting(Session& session, const std::string& why);
  void close(Session& session, const std::string& why);
  void close_all();
  // The instance has gone down, and what was open on it.
  void lose_sessions_of(const std::string& node, const std::string& why);
  void fail_without_session(const Place& place);

  void run_batch(const Batch& batch, const Place& place);
  // What the batch came to: told, remembered and judged. False: it does not run again.
  [[nodiscard]] bool take_output(Session& session, const Awaited& batch,
                                 const broker::tsql::Output& output, bool is_last);
  // One that is repeatable: again, on a new session, whenever its instance has gone down.
  [[nodiscard]] Outcome<broker::tsql::Output> run_once(const Batch& batch, const Place& place);
  // A session on the instance in use after that has gone down, in the database that was in use.
  void connect_again(const Place& place);
  // False when it failed; what was met is told once, of the last repetition.
  [[nodiscard]] bool judge_batch(const Batch& batch, const Place& place,
                                 const broker::tsql::Output& output,
                                 std::span<const Expectation> expected,
                                 std::span<const Place> places, bool is_last);
  // Whether an error in it has ended the connection.
  [[nodiscard]] static bool closes_session(const broker::tsql::Output& output);
  void check_expectation(const Expectation& expectation, const Place& place);
  [[nodiscard]] Finding look_until_met(const Expectation& expectation);
  void copy(const CopyFile& copy, const Place& place);
  void crash(const Crash& crash, const Place& place);
  void restart(const std::string& node, const Place& place);
  void remember_variables(const Session& session);
  void note_result(Session& session, const broker::tsql::Output& output, const std::string& text);
  void settle_first();
  [[nodiscard]] View view();

  void add_entry(Entry::Kind kind, const Place& place, std::string text);
  void met(const Place& place, const std::string& text);
  void fail(const Place& place, std::string what, std::string expected, std::string seen);
  // A step that must succeed; ends the script when it did not.
  void require(const Outcome<>& outcome, const Place& place, const std::string& what);

  const Script& script_;
  Backend& backend_;
  Report report_;
  std::string node_;  // of the last :connect
  Session plain_;     // of :connect
  std::map<std::pair<std::string, std::string>, Session>
      named_;                   // by instance and name, lower case
  Session* session_ = &plain_;  // in use
  bool error_exits_ = false;
  bool is_settled_ = true;
  std::size_t step_ = 0;  // that runs
  std::size_t record_mark_ = 0;
  std::uint64_t wire_mark_ = 0;
  broker::tsql::Output last_result_;
  bool has_result_ = false;
  std::string last_batch_;
  std::vector<Expectation> waiting_;  // for the next batch
  std::vector<Place> waiting_places_;
  std::map<std::pair<std::string, std::string>, std::string> variables_;
};

}  // namespace ssb::sim::scenario
