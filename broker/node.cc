#include "broker/node.h"

#include <algorithm>

#include "broker/activation.h"
#include "broker/tsql/runtime.h"
#include "broker/tsql/session.h"
#include "proto/check.h"

namespace ssb::broker {
namespace {

constexpr std::int32_t kFirstSpid = 51;  // user sessions begin there, as in the product
constexpr SessionId kLookSession = 0;
// What all sessions together execute between two commits: a batch that never ends must not keep the
// host from its commit, from other inputs and from a signal. Some 10 ms when half of them are SENDs.
constexpr int kStatementsPerSlice = 512;
// What may wait for a flush waits no longer than this: after a crash so much is sent again.
constexpr proto::Duration kFlushDelayMax = std::chrono::milliseconds(20);

}  // namespace

struct Node::State {
  State(NodeOptions the_options, catalog::Files& files, crypto::RsaKeySource keys,
        proto::Secret machine_key, proto::TimePoint opened_at)
      : options(std::move(the_options)),
        store(options.folder, options.store),
        instance(options.name, store, files, std::move(keys), std::move(machine_key), opened_at),
        views(instance),
        engine(instance, views,
               {options.as_product, options.sign_every_dialog, options.traces_messages,
                options.awake_endpoints_max}),
        runtime(instance, engine, views),
        activation(instance, engine, runtime, views, sessions) {
    for (const auto& [id, database] : instance.databases()) engine.open_database(id, opened_at);
    activation.open(opened_at);
  }

  tsql::Session& session(SessionId id) {
    const auto found = sessions.find(id);
    SSB_CHECK(found != sessions.end());
    return *found->second;
  }

  // Runs one session as far as the slice goes, and keeps what it says. The time is that of the event.
  void step(SessionId id) {
    tsql::Session& running = session(id);
    if (!running.is_running() || unsettled) return;
    if (Activation::owns(id) && !activation.may_run(id, now)) return;
    BatchOutput output{id, {}};
    const int executed = running.run(now, output.items, statements_left);
    statements_left -= executed;
    if (statements_left == 0) {
      unsettled = true;
      turn = id + 1;
    }
    if (running.take_endpoints_changed()) released.emplace_back(EndpointsChanged{});
    if (Activation::owns(id)) {
      activation.ran(id, executed, output.items, now);
      return;
    }
    if (!output.items.empty()) released.emplace_back(std::move(output));
    if (!running.is_running()) released.emplace_back(BatchFinished{id});
  }

  // Runs one client's work as one transaction. False: it waits for a change.
  bool try_work(const ClientWork& client) {
    catalog::Transaction transaction = instance.begin();
    Client statements(instance, engine, transaction, now);
    const auto step = client.work(statements);
    if (step && *step == ClientStep::done) {
      released.emplace_back(ClientDone{client.id, engine.commit(std::move(transaction), now)});
      return true;
    }
    engine.roll_back(std::move(transaction), now);
    if (step) return false;
    released.emplace_back(ClientDone{client.id, step.error()});
    return true;
  }
  // Once for all events of a commit: a RECEIVE then takes what came together.
  void work_waiting() {
    if (clients.empty() || asked_at == engine.changes()) return;
    const auto all = std::exchange(clients, {});
    for (const ClientWork& client : all) {
      asked_at = engine.changes();  // before: its own rollback is no change that it waits for
      if (!try_work(client)) clients.push_back(client);
    }
    asked_at = engine.changes();
    step_waiting();
  }

  // What one session or message did may be what others wait for: all are asked, in turn, until
  // nobody moves. It ends: what moves others is a statement, and those are counted.
  void step_waiting() {
    bool moved = true;
    while (moved && !unsettled) {
      const std::uint64_t seen_changes = engine.changes();
      const std::uint64_t seen_ends = instance.transactions_ended();
      const std::uint64_t seen_leavings = runtime.leavings();
      const auto first = sessions.lower_bound(turn);
      for (auto next = first; next != sessions.end() && !unsettled; ++next) step(next->first);
      for (auto next = sessions.begin(); next != first && !unsettled; ++next) step(next->first);
      moved = seen_changes != engine.changes() || seen_ends != instance.transactions_ended() ||
              seen_leavings != runtime.leavings();
      if (!moved && !unsettled) moved = activation.check(now);
    }
    for (proto::TraceRecord& record : activation.take_records())
      released.emplace_back(Trace{std::move(record)});
  }

  // Of the sessions that hosts have opened.
  [[nodiscard]] proto::TimePoint sessions_due() const {
    proto::TimePoint due = proto::kNever;
    for (const auto& [id, session] : sessions) {
      if (!Activation::owns(id)) due = std::min(due, session->deadline());
    }
    return due;
  }

  NodeOptions options;
  store::Store store;
  catalog::Instance instance;
  catalog::SystemViews views;
  conversation::Engine engine;
  tsql::Runtime runtime;
  Sessions sessions;
  Activation activation;            // whose sessions are among them
  std::vector<ClientWork> clients;  // whose work waits
  std::uint64_t asked_at = 0;       // Engine::changes when they were asked last
  NodeActions released;             // of sessions, since the last commit
  proto::TimePoint now{};
  proto::TimePoint flush_at = proto::kNever;  // what may wait must not wait longer
  int statements_left = kStatementsPerSlice;
  bool unsettled = false;  // the slice is used up: sessions go on with the event after the commit
  SessionId turn = 0;      // who goes first then
};

Node::Node(NodeOptions options, catalog::Files& files, crypto::RsaKeySource keys,
           proto::Secret machine_key, proto::TimePoint now)
    : state_(std::make_unique<State>(std::move(options), files, std::move(keys),
                                     std::move(machine_key), now)) {}

Node::~Node() = default;

void Node::handle(const Event& event, proto::TimePoint now) {
  State& state = *state_;
  state.now = now;
  if (const auto* opened = std::get_if<SessionOpened>(&event)) {
    const auto spid = kFirstSpid + static_cast<std::int32_t>(opened->session);
    state.sessions[opened->session] =
        std::make_unique<tsql::Session>(state.runtime, spid, opened->login);
    return;
  }
  state.unsettled = state.statements_left == 0;
  if (const auto* closed = std::get_if<SessionClosed>(&event)) {
    if (state.sessions.contains(closed->session)) {
      state.session(closed->session).close(now);
      state.sessions.erase(closed->session);
    }
  } else if (const auto* batch = std::get_if<BatchSubmitted>(&event)) {
    state.session(batch->session).submit(batch->text);
    state.step(batch->session);
  } else if (const auto* cancelled = std::get_if<BatchCancelled>(&event)) {
    if (state.sessions.contains(cancelled->session) &&
        state.session(cancelled->session).is_running()) {
      state.session(cancelled->session).cancel(now);
      if (!state.session(cancelled->session).is_running())
        state.released.emplace_back(BatchFinished{cancelled->session});
    }
  } else if (const auto* client = std::get_if<ClientWork>(&event)) {
    if (!state.try_work(*client)) state.clients.push_back(*client);
  } else if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    state.engine.message_arrived(arrived->message, arrived->from_address, now);
  } else if (const auto* failed = std::get_if<LinkFailed>(&event)) {
    state.engine.link_failed(failed->address, failed->error, now);
  } else if (const auto* ready = std::get_if<LinkReady>(&event)) {
    state.engine.link_ready(ready->address, now);
  } else if (const auto* room = std::get_if<LinkRoom>(&event)) {
    state.engine.link_room(room->address, room->bytes, now);
  }
  state.engine.expire(now);
  state.step_waiting();
}

void Node::commit(NodeActions& out) {
  State& state = *state_;
  state.work_waiting();
  Actions actions;
  state.engine.take_actions(actions, state.now);
  const bool must = state.engine.needs_flush() || state.store.has_unflushed() ||
                    !state.released.empty() || state.flush_at <= state.now;
  if (must) {
    flush();  // nothing below was said before this line
  } else if (state.engine.has_gathered()) {
    state.flush_at = std::min(state.flush_at, state.now + kFlushDelayMax);
  }
  state.statements_left = kStatementsPerSlice;
  out.reserve(out.size() + actions.size() + state.released.size());
  for (Action& action : actions) {
    std::visit([&out](auto& what) { out.emplace_back(std::move(what)); }, action);
  }
  for (NodeAction& action : state.released) out.push_back(std::move(action));
  state.released.clear();
}

void Node::flush() {
  state_->store.flush();
  state_->flush_at = proto::kNever;
}

proto::TimePoint Node::deadline() const {
  if (state_->unsettled) return kAtOnce;
  return std::min({state_->engine.deadline(), state_->flush_at, state_->sessions_due(),
                   state_->activation.deadline()});
}

proto::TimePoint Node::settle_deadline() const {
  if (state_->unsettled) return kAtOnce;
  return std::min({state_->engine.settle_deadline(), state_->sessions_due(),
                   state_->activation.settle_deadline()});
}

catalog::Instance& Node::instance() {
  return state_->instance;
}
const catalog::Instance& Node::instance() const {
  return state_->instance;
}
catalog::SystemViews& Node::views() {
  return state_->views;
}
const conversation::Engine& Node::engine() const {
  return state_->engine;
}

tsql::Output Node::look(store::DatabaseId database, std::string_view select, proto::TimePoint now) {
  tsql::Session session(state_->runtime, kFirstSpid + static_cast<std::int32_t>(kLookSession), {},
                        database);
  tsql::Output out;
  session.submit(std::string(select));
  session.run(now, out);
  if (session.is_running()) session.cancel(now);
  session.roll_back(now);
  return out;
}

std::optional<std::string> Node::last_variable(SessionId session, std::string_view name) const {
  const auto found = state_->sessions.find(session);
  return found == state_->sessions.end() ? std::nullopt : found->second->last_variable(name);
}

bool Node::is_busy(SessionId session) const {
  const auto found = state_->sessions.find(session);
  return found != state_->sessions.end() && found->second->is_running();
}

}  // namespace ssb::broker
