#include "broker/activation.h"

#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/conversation/event_notification.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker {
namespace {

using proto::Error;
using proto::ErrorCode;
namespace pb = catalog::pb;

constexpr std::int32_t kExecuteAsOwner = -2;
constexpr std::size_t kLogTextMax = 2'048;  // as the text of a message in SQL Server
enum Subclass { kStarted = 1, kEnded = 2, kAborted = 3 };

const char* subclass_name(int subclass) {
  switch (subclass) {
    case kStarted: return "Started";
    case kEnded: return "Ended";
    default: return "Aborted";
  }
}

std::int32_t user_of(const pb::Queue& queue) {
  return queue.execute_as_principal() == kExecuteAsOwner ? queue.owner()
                                                         : queue.execute_as_principal();
}

// What a message of a procedure says in the error log; nothing of what has no place there.
std::optional<std::string> line_of(const tsql::OutputItem& item) {
  const auto* message = std::get_if<tsql::ServerMessage>(&item);
  if (message == nullptr) return std::nullopt;
  // The count of transactions is the task's own to say (8415).
  if (message->error.code == ErrorCode::transaction_count_mismatch && message->procedure.empty())
    return std::nullopt;
  if (message->error.number() == 0) return message->error.text();
  return fmt::format("{} (error {}, state {})", message->error.text(), message->error.number(),
                     message->error.state);
}

// The first error of what came out.
std::optional<Error> error_in(const tsql::Output& said) {
  for (const tsql::OutputItem& item : said) {
    const auto* message = std::get_if<tsql::ServerMessage>(&item);
    if (message != nullptr && message->severity > 10) return message->error;
  }
  return std::nullopt;
}

store::Value time_or_null(proto::TimePoint at) {
  if (at == proto::TimePoint{}) return std::monostate{};
  return proto::to_datetime_text(at);
}

}  // namespace

Activation::Activation(catalog::Instance& instance, conversation::Engine& engine,
                       tsql::Runtime& runtime, catalog::SystemViews& views, Sessions& sessions)
    : instance_(instance), engine_(engine), runtime_(runtime), sessions_(sessions) {
  register_views(views);
}

// ---- monitors ----

void Activation::find_monitors(proto::TimePoint now) {
  if (monitors_found_at_ == instance_.catalog_version()) return;
  const std::uint64_t version = instance_.catalog_version();
  bool all_known = true;
  std::erase_if(monitors_, [&](const auto& one) {
    return std::as_const(instance_).database(one.first.first) == nullptr;
  });
  for (const auto& [id, database] : std::as_const(instance_).databases()) {
    // What a transaction is changing counts when it has ended.
    if (instance_.is_locked(id)) {
      all_known = false;
    } else {
      find_monitors_in(id, now);
    }
  }
  monitors_found_at_ = all_known ? version : 0;
}

std::set<std::int32_t> Activation::queues_with_notification(store::DatabaseId database) const {
  std::set<std::int32_t> out;
  const auto& all = std::as_const(instance_).database(database)->table<pb::EventNotification>();
  for (const auto& [id, one] : all) {
    const auto& events = one.events();
    if (std::find(events.begin(), events.end(), conversation::kQueueActivationEvent) !=
        events.end())
      out.insert(one.queue());
  }
  return out;
}

void Activation::find_monitors_in(store::DatabaseId database, proto::TimePoint now) {
  const auto& queues = std::as_const(instance_).database(database)->table<pb::Queue>();
  const bool is_on = instance_.info(database).is_broker_enabled();
  const std::set<std::int32_t> notified = queues_with_notification(database);
  const auto is_monitored = [&](const pb::Queue& queue) {
    return is_on && queue.is_receive_enabled() &&
           (queue.is_activation_enabled() || notified.contains(queue.id()));
  };
  std::erase_if(monitors_, [&](const auto& one) {
    if (one.first.first != database) return false;
    const pb::Queue* queue = queues.find(one.first.second);
    return queue == nullptr || !is_monitored(*queue) ||
           queue->modify_date_us() != one.second.version ||
           queue->is_activation_enabled() == one.second.is_external;
  });
  for (const auto& [id, queue] : queues) {
    const QueueName name{database, id};
    if (!is_monitored(queue) || monitors_.contains(name)) continue;
    const bool is_external = !queue.is_activation_enabled();
    monitors_[name] = {queue.modify_date_us(), queue.max_readers(), is_external, {}};
    if (is_external || queue.max_readers() != 0) continue;
    const std::string& where = instance_.info(database).name();
    log(where,
        Error(ErrorCode::activation_without_readers, queue.name(), where,
              queue.activation_procedure()),
        now);
  }
}

bool Activation::check(proto::TimePoint now) {
  find_monitors(now);
  forget_ended();
  bool has_started = false;
  for (auto& [name, monitored] : monitors_) {
    const pb::Queue* queue =
        std::as_const(instance_).database(name.first)->table<pb::Queue>().find(name.second);
    if (queue == nullptr) continue;  // a transaction that has not ended drops it
    has_started = check(name, *queue, monitored, now) || has_started;
  }
  checked_at_ = engine_.changes();
  return has_started;
}

bool Activation::check(const QueueName& name, const pb::Queue& queue, Monitored& monitored,
                       proto::TimePoint now) {
  QueueMonitor::Seen seen;
  seen.reading = engine_.reading(name.first, name.second);
  seen.has_free_messages = engine_.has_free_messages(name.first, name.second);
  seen.has_free_reader = monitored.is_external || (tasks_of(name) < monitored.readers_max &&
                                                   tasks_.size() < kActivatedTasksMax);
  if (!monitored.monitor.wants_start(seen, now)) return false;
  if (monitored.is_external) {
    notify(name, monitored, now);
    return false;
  }
  start(name, queue, monitored, now);
  return true;
}

// Told before the messages are there: one that goes to the same queue does not make it be told again.
void Activation::notify(const QueueName& name, Monitored& monitored, proto::TimePoint now) {
  monitored.monitor.started(now);
  proto::TraceRecord record;
  record.at = now;
  record.event = proto::EventClass::activation;
  record.subclass = kStarted;
  record.subclass_name = subclass_name(kStarted);
  record.database = instance_.info(name.first).name();
  record.text = fmt::format("QUEUE_ACTIVATION notification on {}", name_of(name));
  record.detail = {{"queue", name_of(name)}};
  records_.push_back(std::move(record));
  engine_.queue_event(name.first, name.second, conversation::kQueueActivationEvent, now);
}

// ---- tasks ----

void Activation::start(const QueueName& name, const pb::Queue& queue, Monitored& monitored,
                       proto::TimePoint now) {
  Task task;
  task.queue = name;
  task.version = monitored.version;
  task.database = instance_.info(name.first).name();
  task.queue_name = name_of(name);
  task.procedure = queue.activation_procedure();
  task.user = user_of(queue);
  task.taken_before = task.taken = engine_.reading(name.first, name.second).taken;
  monitored.monitor.started(now);
  const auto context = catalog::context_of_user(instance_, name.first, task.user);
  if (!context) {
    log_output(task, context.error().text(), now);
    tell(task, kAborted, context.error(), now);
    monitored.monitor.ended(TaskEnd::could_not_start, engine_.reading(name.first, name.second),
                            now);
    return;
  }
  const SessionId id = free_session();
  const auto place = static_cast<std::int32_t>(id - kFirstActivatedSession);
  auto session =
      std::make_unique<tsql::Session>(runtime_, kFirstActivatedSpid + place, *context, name.first);
  session->call_procedure(name.first, task.procedure, *context);
  sessions_[id] = std::move(session);
  tell(task, kStarted, std::nullopt, now);
  tasks_[id] = std::move(task);
}

void Activation::ran(SessionId id, int statements, const tsql::Output& said, proto::TimePoint now) {
  Task& task = tasks_.at(id);
  tsql::Session& session = *sessions_.at(id);
  for (const tsql::OutputItem& item : said) {
    if (auto line = line_of(item)) log_output(task, *std::move(line), now);
  }
  if (!session.has_entered_procedure() && !task.refused) task.refused = error_in(said);
  if (session.is_running()) {
    count_statements(task, session, statements, now);
  } else {
    end(id, task, now);
  }
}

void Activation::count_statements(Task& task, const tsql::Session& session, int statements,
                                  proto::TimePoint now) {
  const std::uint64_t taken = engine_.reading(task.queue.first, task.queue.second).taken;
  const bool took = std::exchange(task.taken, taken) != taken;
  if (took || (session.is_waiting() && session.deadline() > now)) {
    task.statements = 0;
    task.rests = 0;
    task.is_loop = false;
    return;
  }
  task.statements += statements;
  if (task.statements < kStatementsPerRest) return;
  task.statements = 0;
  proto::Duration rest = kFirstRest;
  for (int i = kShortRests; i < task.rests && rest < kRestMax; ++i) rest *= 2;
  ++task.rests;
  task.rests_until = now + std::min(rest, kRestMax);
  task.is_loop = rest >= kRestMax;
}

// The session stays, ended, until nobody is in the middle of the sessions.
void Activation::end(SessionId id, Task& task, proto::TimePoint now) {
  tsql::Session& session = *sessions_.at(id);
  task.has_ended = true;
  std::optional<Error> why;
  if (session.transaction_count() > 0) {
    session.roll_back(now);
    why = Error(ErrorCode::activated_procedure_left_transaction, task.procedure);
  }
  const std::optional<Error> failed = session.ended_by() ? session.ended_by() : task.refused;
  if (failed) {
    why = Error(ErrorCode::activated_task_aborted, std::to_string(failed->number()),
                std::to_string(failed->state), task.procedure);
  } else if (!why && !session.has_received()) {
    why = Error(ErrorCode::activated_procedure_did_not_receive, task.procedure, task.queue_name);
  }
  if (why) log(task.database, *why, now);
  tell(task, why ? kAborted : kEnded, why, now);
  const auto found = monitors_.find(task.queue);
  if (found == monitors_.end() || found->second.version != task.version) return;
  const conversation::QueueReading reading = engine_.reading(task.queue.first, task.queue.second);
  TaskEnd how = TaskEnd::took_messages;
  if (reading.taken == task.taken_before) how = TaskEnd::took_nothing;
  if (!session.has_entered_procedure()) how = TaskEnd::could_not_start;
  found->second.monitor.ended(how, reading, now);
}

void Activation::forget_ended() {
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (task->second.has_ended) {
      sessions_.erase(task->first);
      task = tasks_.erase(task);
    } else {
      ++task;
    }
  }
}

bool Activation::may_run(SessionId session, proto::TimePoint now) const {
  const auto found = tasks_.find(session);
  return found != tasks_.end() && found->second.rests_until <= now;
}

int Activation::tasks_of(const QueueName& name) const {
  return static_cast<int>(std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& task) {
    return task.second.queue == name && !task.second.has_ended;
  }));
}

SessionId Activation::free_session() const {
  SessionId id = kFirstActivatedSession;
  for (const auto& [taken, task] : tasks_) {
    if (taken != id) break;
    ++id;
  }
  return id;
}

// ---- deadlines ----

proto::TimePoint Activation::due_of_tasks(Loops loops) const {
  proto::TimePoint due = proto::kNever;
  for (const auto& [id, task] : tasks_) {
    if (task.has_ended || (task.is_loop && loops == Loops::left_out)) continue;
    due = std::min(due, std::max(sessions_.at(id)->deadline(), task.rests_until));
  }
  return due;
}

proto::TimePoint Activation::deadline() const {
  if (is_unchecked()) return {};
  proto::TimePoint due = due_of_tasks(Loops::counted);
  for (const auto& [name, monitored] : monitors_) due = std::min(due, monitored.monitor.deadline());
  return due;
}

proto::TimePoint Activation::settle_deadline() const {
  if (is_unchecked()) return {};
  proto::TimePoint due = due_of_tasks(Loops::left_out);
  for (const auto& [name, monitored] : monitors_)
    due = std::min(due, monitored.monitor.settle_deadline());
  return due;
}

// ---- what is told ----

std::string Activation::name_of(const QueueName& name) const {
  const catalog::Catalog* catalog = std::as_const(instance_).database(name.first);
  const pb::Queue* queue =
      catalog == nullptr ? nullptr : catalog->table<pb::Queue>().find(name.second);
  if (queue == nullptr) return {};
  const pb::Schema* schema = catalog->table<pb::Schema>().find(queue->schema_id());
  return fmt::format("{}.{}.{}", instance_.info(name.first).name(),
                     schema == nullptr ? std::string() : schema->name(), queue->name());
}

void Activation::log(const std::string& database, Error error, proto::TimePoint now) {
  proto::TraceRecord record;
  record.at = now;
  record.event = proto::EventClass::error_log;
  record.database = database;
  record.text = error.text();
  record.error = std::move(error);
  records_.push_back(std::move(record));
}

void Activation::log_output(const Task& task, std::string text, proto::TimePoint now) {
  if (text.size() > kLogTextMax) {
    std::size_t end = kLogTextMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // in UTF-8
    text.resize(end);
  }
  log(task.database,
      Error(ErrorCode::activated_procedure_output, task.procedure, task.queue_name,
            std::move(text)),
      now);
}

void Activation::tell(const Task& task, int subclass, const std::optional<Error>& error,
                      proto::TimePoint now) {
  proto::TraceRecord record;
  record.at = now;
  record.event = proto::EventClass::activation;
  record.subclass = subclass;
  record.subclass_name = subclass_name(subclass);
  record.database = task.database;
  record.text = error ? error->text() : fmt::format("{} on {}", task.procedure, task.queue_name);
  record.error = error;
  record.detail = {{"queue", task.queue_name}, {"procedure", task.procedure}};
  records_.push_back(std::move(record));
}

// ---- views ----

void Activation::register_views(catalog::SystemViews& views) {
  views.set_rows("sys.dm_broker_queue_monitors",
                 [this](store::DatabaseId, std::int64_t) { return monitor_rows(); });
  views.set_rows("sys.dm_broker_activated_tasks",
                 [this](store::DatabaseId, std::int64_t) { return task_rows(); });
}

std::vector<store::Row> Activation::monitor_rows() const {
  std::vector<store::Row> rows;
  for (const auto& [name, monitored] : monitors_) {
    const tsql::Session::Queue queue{name.first, name.second};
    const auto waiting = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& one) {
      return one.second->waits_for_queue() == queue;
    });
    rows.push_back({std::int64_t{name.first}, std::int64_t{name.second},
                    std::string(state_description(monitored.monitor.state())),
                    time_or_null(engine_.reading(name.first, name.second).empty_at),
                    time_or_null(monitored.monitor.activated_at()), std::int64_t{waiting}});
  }
  return rows;
}

std::vector<store::Row> Activation::task_rows() const {
  std::vector<store::Row> rows;
  for (const auto& [id, task] : tasks_) {
    if (task.has_ended) continue;
    rows.push_back({std::int64_t{sessions_.at(id)->id()}, std::int64_t{task.queue.first},
                    std::int64_t{task.queue.second}, task.procedure, std::int64_t{task.user}});
  }
  return rows;
}

}  // namespace ssb::broker
