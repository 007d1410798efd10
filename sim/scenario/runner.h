// Runs a scenario on a back end, step by step, and judges its expectations.
//
//   One session at a time: `:connect` closes the one before it, as sqlcmd does.
//   Errors  a batch that fails as nobody expected, an expectation that is not met and a connection that fails are Failures of the
//           report; the run goes on after the first two (`:on error exit` ends it), and ends after kFailuresMax.
#pragma once

#include <map>
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
  void run_batch(const Batch& batch, const Place& place);
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
  void connect(const Connect& connect, const Place& place);
  // Judges the `expect error 18456` lines before a :connect with a login; false when there is none.
  [[nodiscard]] bool judge_login(const Connect& connect, const Outcome<BackendSession>& session);
  void check_expectation(const Expectation& expectation, const Place& place);
  [[nodiscard]] Finding look_until_met(const Expectation& expectation);
  void copy(const CopyFile& copy, const Place& place);
  void crash(const Crash& crash, const Place& place);
  void restart(const std::string& node, const Place& place);
  void drop_session();
  void remember_variables();
  void note_result(const broker::tsql::Output& output, const std::string& text);
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
  BackendSession session_ = 0;
  bool has_session_ = false;
  std::string node_;
  Connect connected_;  // how
  std::string database_;
  std::string down_reason_;  // why there is no session
  bool is_closed_by_error_ = false;
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
