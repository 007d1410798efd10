// Internal activation: the queue monitors of an instance, and the sessions that run the procedures which they start.
//
//   Shape   a monitor for each queue with STATUS = ON in a database with an enabled broker that has ACTIVATION (STATUS = ON) or an event
//           notification for QUEUE_ACTIVATION: there it tells instead of starting, and who receives is not its affair. It begins anew when
//           the queue is altered, and with the instance. An activated session is one of the node's, under a number of its own kind, and
//           ends with its procedure. Switching a queue or its activation off starts no more; what runs ends by itself.
//   Errors  never to a client: 9724 in the error log for each line that a procedure writes, 28087, 28088 and 8415 there and in
//           Broker:Activation (163) for one that is aborted, 9648 in the error log for a queue without readers.
//   Source  reference service-broker.md 1.5, 3.7; tsql-tds.md 1.8.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/catalog/views.h"
#include "broker/conversation/engine.h"
#include "broker/queue_monitor.h"
#include "broker/sessions.h"
#include "broker/tsql/runtime.h"
#include "proto/trace.h"

namespace ssb::broker {

// Of all queues together; who waits for a place is started when one is free. Ours: in the product the worker threads end first.
inline constexpr std::size_t kActivatedTasksMax = 1024;
inline constexpr SessionId kFirstActivatedSession = 0x8000'0000;
inline constexpr std::int32_t kFirstActivatedSpid = 31'000;
// A procedure that executes so many statements without waiting or taking a message rests for a moment, and for longer when it goes on
// so: a loop without end costs a node little, and a simulation less than its time.
inline constexpr int kStatementsPerRest = 2'048;
inline constexpr int kShortRests = 8;
inline constexpr proto::Duration kFirstRest = std::chrono::milliseconds(10);
inline constexpr proto::Duration kRestMax = std::chrono::seconds(5);

class Activation {
 public:
  Activation(catalog::Instance& instance, conversation::Engine& engine, tsql::Runtime& runtime,
             catalog::SystemViews& views, Sessions& sessions);
  Activation(const Activation&) = delete;
  Activation& operator=(const Activation&) = delete;
  ~Activation() = default;

  // What the catalogs of the databases that were opened ask for; it is started with the first check.
  void open(proto::TimePoint now) { find_monitors(now); }
  [[nodiscard]] static bool owns(SessionId session) { return session >= kFirstActivatedSession; }
  // Whether an activated session may go on now.
  [[nodiscard]] bool may_run(SessionId session, proto::TimePoint now) const;
  // An activated session has executed so many statements and said this.
  void ran(SessionId session, int statements, const tsql::Output& said, proto::TimePoint now);
  // Between the turns of the sessions: forgets those that have ended and starts what the monitors want. True: somebody is to run.
  bool check(proto::TimePoint now);

  // When check or a session of this is due, though nothing happens.
  [[nodiscard]] proto::TimePoint deadline() const;
  [[nodiscard]] proto::TimePoint settle_deadline() const;
  // What is to be told since this was asked last.
  [[nodiscard]] std::vector<proto::TraceRecord> take_records() {
    return std::exchange(records_, {});
  }

 private:
  using QueueName = std::pair<store::DatabaseId, std::int32_t>;
  struct Monitored {
    std::int64_t version = 0;  // when the queue was altered last
    int readers_max = 0;
    bool is_external = false;  // tells event notifications
    QueueMonitor monitor;
  };
  struct Task {
    QueueName queue;
    std::int64_t version = 0;  // of the queue's monitor
    std::string database;      // by name: it may be dropped, as a procedure can leave it
    std::string queue_name;    // as in messages: database.schema.queue
    std::string procedure;
    std::int32_t user = 0;
    std::optional<proto::Error> refused;  // why the procedure was not entered
    std::uint64_t taken_before = 0;       // QueueReading::taken when it was started
    std::uint64_t taken = 0;              // as last seen
    int statements = 0;                   // since it waited, took or rested
    int rests = 0;                        // since it waited or took
    proto::TimePoint rests_until{};
    bool is_loop = false;  // its last rest is the longest
    bool has_ended = false;
  };
  using Tasks = std::map<SessionId, Task>;

  void find_monitors(proto::TimePoint now);
  [[nodiscard]] std::set<std::int32_t> queues_with_notification(store::DatabaseId database) const;
  void find_monitors_in(store::DatabaseId database, proto::TimePoint now);
  // What a monitor wants now; true: somebody is to run.
  bool check(const QueueName& name, const catalog::pb::Queue& queue, Monitored& monitored,
             proto::TimePoint now);
  void start(const QueueName& name, const catalog::pb::Queue& queue, Monitored& monitored,
             proto::TimePoint now);
  void end(SessionId id, Task& task, proto::TimePoint now);
  void count_statements(Task& task, const tsql::Session& session, int statements,
                        proto::TimePoint now);
  void forget_ended();
  // Something has happened since the monitors were asked.
  [[nodiscard]] bool is_unchecked() const {
    return !monitors_.empty() && checked_at_ != engine_.changes();
  }
  [[nodiscard]] int tasks_of(const QueueName& name) const;
  [[nodiscard]] SessionId free_session() const;
  [[nodiscard]] std::string name_of(const QueueName& name) const;
  enum class Loops {
    counted,
    left_out
  };  // those that have gone on for so long that each rest is the longest
  [[nodiscard]] proto::TimePoint due_of_tasks(Loops loops) const;

  void log(const std::string& database, proto::Error error, proto::TimePoint now);
  void log_output(const Task& task, std::string text, proto::TimePoint now);
  void notify(const QueueName& name, Monitored& monitored, proto::TimePoint now);
  void tell(const Task& task, int subclass, const std::optional<proto::Error>& error,
            proto::TimePoint now);
  void register_views(catalog::SystemViews& views);
  [[nodiscard]] std::vector<store::Row> monitor_rows() const;
  [[nodiscard]] std::vector<store::Row> task_rows() const;

  catalog::Instance& instance_;
  conversation::Engine& engine_;
  tsql::Runtime& runtime_;
  Sessions& sessions_;
  std::map<QueueName, Monitored> monitors_;
  Tasks tasks_;
  std::vector<proto::TraceRecord> records_;
  std::uint64_t monitors_found_at_ = 0;  // Instance::catalog_version; 0: look again
  std::uint64_t checked_at_ = 0;         // Engine::changes
};

}  // namespace ssb::broker
