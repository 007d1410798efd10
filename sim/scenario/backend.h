// What a scenario is run on: instances with a clock and a network, real (tcp.h) or simulated.
//
//   Errors  operations that can fail give a Reason: a sentence for the report. What the back end cannot do at all (a network fault on
//           real TCP) is known before the run: see `unsupported`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "broker/tsql/output.h"
#include "proto/trace.h"
#include "sim/scenario/script.h"

namespace ssb::sim::scenario {

struct Reason {
  std::string text;  // lines
  bool is_environment =
      false;  // a port, the disk, a permission: not the scenario's fault, exit code 12
  std::optional<broker::tsql::ServerMessage> message = std::nullopt;  // what a client would be told
};
template <typename T = void>
using Outcome = boost::system::result<T, Reason>;
[[noreturn]] void throw_exception_from_error(const Reason& reason,
                                             const boost::source_location& where);

struct NodeRecord {
  std::string node;
  proto::TraceRecord record;
};

// What a search in the recorded bytes comes to.
struct WireFinding {
  std::uint64_t bytes_seen = 0;  // recorded there; a search in nothing proves nothing
  bool is_found = false;
};

// What one of the judges saw that no scenario may show, whatever it expects.
struct JudgeFinding {
  std::string judge;  // "exactly once in order"
  std::string node;
  proto::TimePoint at{};
  std::string text;  // lines
};
// How often each interesting thing has happened, by name: "hop.lost", "attack.replay.applied".
using Probes = std::map<std::string, std::uint64_t>;

using BackendSession = std::uint64_t;  // unique in one run

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // Why this step needs another back end, or nullopt. Asked for every step before the first one runs.
  [[nodiscard]] virtual std::optional<std::string> unsupported(const Step& step) const = 0;
  [[nodiscard]] virtual std::optional<std::string> unsupported(
      const InstanceOptions& options) const = 0;

  // ---- instances; names compare without case ----
  // Gives a name its address, before anything runs.
  virtual void declare(const std::string& node, const InstanceOptions* options) = 0;
  [[nodiscard]] virtual bool is_running(const std::string& node) const = 0;
  [[nodiscard]] virtual Outcome<> start(const std::string& node) = 0;
  [[nodiscard]] virtual Outcome<> stop(const std::string& node) = 0;  // clean
  [[nodiscard]] virtual Outcome<> crash(
      const std::string& node) = 0;  // what was not flushed is lost
  [[nodiscard]] virtual Outcome<> copy_file(const CopyFile& copy) = 0;

  // ---- sessions ----
  [[nodiscard]] virtual Outcome<BackendSession> open_session(const std::string& node,
                                                             const std::string& login,
                                                             const std::string& password) = 0;
  virtual void close_session(BackendSession session) = 0;
  // False once its instance has gone down.
  [[nodiscard]] virtual bool is_open(BackendSession session) const = 0;
  // Hands a batch over.
  [[nodiscard]] virtual Outcome<> begin_batch(BackendSession session, const std::string& text) = 0;
  // Lets happen what happens at this moment, or until the batch has ended.
  virtual void go_on(BackendSession session) = 0;
  // Whether the batch that was begun has ended, or its instance has gone down.
  [[nodiscard]] virtual bool has_ended(BackendSession session) const = 0;
  // Goes on to its end; WAITFOR lets virtual time pass.
  [[nodiscard]] virtual Outcome<broker::tsql::Output> end_batch(BackendSession session) = 0;
  // From its beginning to its end.
  [[nodiscard]] Outcome<broker::tsql::Output> run_batch(BackendSession session,
                                                        const std::string& text) {
    if (auto begun = begin_batch(session, text); !begun) return begun.error();
    return end_batch(session);
  }
  // The value of a variable as the session's last batch left it; nullopt when that batch did not declare it.
  [[nodiscard]] virtual std::optional<std::string> variable(BackendSession session,
                                                            const std::string& name) = 0;

  // ---- time ----
  virtual void set_start(proto::TimePoint start) = 0;
  [[nodiscard]] virtual proto::TimePoint now() const = 0;  // without any node's skew
  virtual void advance_to(proto::TimePoint time) = 0;
  virtual void skew(const std::string& node, proto::Duration by) = 0;
  virtual void jump(const std::string& node, proto::Duration by) = 0;
  virtual void drift(const std::string& node, std::int64_t ppm) = 0;
  virtual void settle(proto::Duration at_most) = 0;
  // Lets things go on until something has happened; false once `until` is reached.
  [[nodiscard]] virtual bool step(proto::TimePoint until) = 0;
  // Told of every attack of the script before the first step runs: attackers listen from the start.
  virtual void foresee(const Step&) {}
  // Faults and attackers of the simulator.
  [[nodiscard]] virtual Outcome<> apply(const Step& fault) = 0;

  // ---- judging ----
  // Asked once, at the end of a run.
  [[nodiscard]] virtual std::vector<JudgeFinding> judge() { return {}; }
  [[nodiscard]] virtual Probes probes() const { return {}; }
  // Counted faults that the script asked for and that have not come: a line each. Asked once, at the end of a run.
  [[nodiscard]] virtual std::vector<std::string> faults_not_come() const { return {}; }
  // False where they, and attackers, are drawn, or belong to another seed: then it is normal that some do not come.
  [[nodiscard]] virtual bool wants_all_faults() const { return true; }

  // What attackers have read in clear where they should not be able to.
  [[nodiscard]] virtual std::vector<proto::Bytes> read_by_attackers() const { return {}; }

  // ---- looking ----
  [[nodiscard]] virtual const std::vector<NodeRecord>& records() const = 0;  // since the start
  // How much the nodes have sent so far, below TLS; `from` of a search.
  [[nodiscard]] virtual std::uint64_t wire_position() const = 0;
  // Looks for a text, in UTF-8 and in UTF-16, in what went between the two nodes (both empty: any) since then.
  [[nodiscard]] virtual WireFinding find_on_wire(const std::string& text, std::uint64_t from,
                                                 const std::string& one,
                                                 const std::string& other) const = 0;
  // One SELECT as sysadmin, changing nothing.
  [[nodiscard]] virtual Outcome<broker::tsql::Output> look(const std::string& node,
                                                           const std::string& database,
                                                           const std::string& select) = 0;
};

}  // namespace ssb::sim::scenario
