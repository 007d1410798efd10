#include "transport/wire/server.h"

#include <algorithm>

#include "broker/crypto/failure.h"
#include "proto/error_code.h"
#include "proto/overloaded.h"
#include "transport/wire/state.h"

namespace ssb::wire {

using broker::catalog::pb::Endpoint;
using proto::Error;
using proto::ErrorCode;
using proto::adjacent::Close;

namespace {

// OpenSSL that fails in a handshake (its random source does) costs the connection, not the instance.
template <typename Work>
void guarded(Connection& connection, proto::TimePoint now, Work work) {
  try {
    work();
  } catch (const broker::crypto::CryptoFailure& failure) {
    connection.connect_failed(
        Error(ErrorCode::connection_failed, connection.settings().remote, failure.what()), now);
  }
}

}  // namespace

Server::State::State(broker::NodeOptions options, broker::catalog::Files& files,
                     broker::crypto::RsaKeySource keys, proto::Secret machine_key,
                     proto::TimePoint now)
    : node(std::move(options), files, std::move(keys), std::move(machine_key), now),
      instance_id(node.instance().id()) {
  for (const auto& [kind, view] :
       {std::pair(EndpointKind::service_broker, "sys.dm_broker_connections"),
        std::pair(EndpointKind::database_mirroring, "sys.dm_db_mirroring_connections")}) {
    if (node.views().view_columns(view).empty()) continue;
    node.views().set_rows(
        view, [this, kind = kind, view = view](broker::store::DatabaseId, std::int64_t) {
          return connection_rows(kind, view);
        });
  }
  read_endpoints(now);
}

// ---- inputs ----

void Server::State::handle_event(const broker::Event& event, proto::TimePoint now) {
  node.handle(event, now);
}

void Server::State::accept(const Accepted& accepted, proto::TimePoint now) {
  const auto slot = endpoints.find(accepted.kind);
  if (slot == endpoints.end() || !slot->second.should_listen() ||
      !has_room_for(accepted.remote_address)) {
    outputs.emplace_back(CloseConnection{accepted.connection});
    return;
  }
  ConnectionSettings settings;
  settings.id = accepted.connection;
  settings.kind = accepted.kind;
  settings.role = Handshake::Role::acceptor;
  settings.offer = slot->second.offer;
  settings.is_disabled = slot->second.is_disabled();
  settings.remote = accepted.remote_address;
  connections[accepted.connection] =
      std::make_unique<Connection>(std::move(settings), slot->second.authority, now);
  follow(accepted.connection, now);
}

void Server::State::note_listen_result(const ListenResult& result, proto::TimePoint now) {
  const char* kind = kind_text(result.kind);
  const std::string port = std::to_string(result.port);
  if (!result.error) {
    log(Error(ErrorCode::transport_listening, kind, port), now);
    return;
  }
  Error error(result.error->code, kind, port);
  if (!result.error->parameters.empty())
    error.parameters.push_back(result.error->parameters.back());
  log(std::move(error), now);
}

void Server::State::expire(proto::TimePoint now) {
  std::vector<ConnectionId> due;
  for (const auto& [id, connection] : connections) {
    if (connection->deadline() <= now) due.push_back(id);
  }
  for (const ConnectionId id : due) {
    if (Connection* connection = find(id))
      guarded(*connection, now, [&] { connection->expire(now); });
    follow(id, now);
  }
}

void Server::State::commit_node(proto::TimePoint now) {
  is_unfinished = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    for (const broker::Event& event : std::exchange(node_events, {})) node.handle(event, now);
    node.commit(actions);
    for (broker::NodeAction& action : std::exchange(actions, {})) perform(std::move(action), now);
    for (const auto& [id, connection] : connections) {
      connection->arrivals_are_durable();
      pump(*connection, now);
    }
    if (node_events.empty()) return;
  }
  is_unfinished = true;
}

void Server::State::perform(broker::NodeAction&& action, proto::TimePoint now) {
  std::visit(
      proto::Overloaded{[&](broker::Transmit&& what) { transmit(std::move(what), now); },
                        [&](broker::Trace&& what) { outputs.emplace_back(std::move(what)); },
                        [&](broker::BatchOutput&& what) { outputs.emplace_back(std::move(what)); },
                        [&](broker::BatchFinished&& what) { outputs.emplace_back(what); },
                        [&](broker::ClientDone&& what) { outputs.emplace_back(std::move(what)); },
                        [&](broker::EndpointsChanged&&) { read_endpoints(now); }},
      std::move(action));
}

// ---- endpoints ----

const EndpointSlot* Server::State::started(EndpointKind kind) const {
  const auto slot = endpoints.find(kind);
  return slot != endpoints.end() && slot->second.is_started() ? &slot->second : nullptr;
}

void Server::State::log(Error error, proto::TimePoint now) {
  proto::TraceRecord record;
  record.at = now;
  record.event = proto::EventClass::error_log;
  record.text = error.text();
  record.error = std::move(error);
  outputs.emplace_back(broker::Trace{std::move(record)});
}

void Server::State::read_endpoints(proto::TimePoint now) {
  const auto& table = node.instance().master().table<Endpoint>();
  change_endpoint(
      EndpointKind::service_broker,
      table.find_if([](const Endpoint& e) { return e.kind() == Endpoint::SERVICE_BROKER; }), now);
  change_endpoint(EndpointKind::database_mirroring, table.find_if([](const Endpoint& e) {
    return e.kind() == Endpoint::DATABASE_MIRRORING;
  }),
                  now);
}

void Server::State::change_endpoint(EndpointKind kind, const Endpoint* endpoint,
                                    proto::TimePoint now) {
  const auto slot = endpoints.find(kind);
  if (slot != endpoints.end()) {
    if (endpoint != nullptr &&
        endpoint->SerializeAsString() == slot->second.endpoint.SerializeAsString())
      return;
    const Error changed(ErrorCode::endpoint_changed, slot->second.endpoint.name());
    log(changed, now);
    std::vector<ConnectionId> affected;
    for (const auto& [id, connection] : connections) {
      if (connection->settings().kind == kind) affected.push_back(id);
    }
    for (const ConnectionId id : affected) {
      find(id)->close(Close::ENDPOINT_CHANGED, now, changed);
      follow(id, now);
    }
    if (slot->second.should_listen()) {
      outputs.emplace_back(StopListening{kind});
      log(Error(ErrorCode::transport_stopped, kind_text(kind)), now);
    }
    endpoints.erase(slot);
  }
  // What failed may work now.
  for (auto& [key, link] : links) link.not_before = now;
  if (endpoint == nullptr) return;
  endpoints.try_emplace(kind,
                        EndpointSlot{*endpoint, CatalogAuthority(node.instance(), *endpoint),
                                     offer_of(*endpoint, node.instance().name(), instance_id)});
  if (endpoints.at(kind).should_listen()) {
    outputs.emplace_back(
        Listen{kind, endpoint->ip_address(), static_cast<std::uint16_t>(endpoint->port())});
  }
}

// ---- the doors ----

Server::Server(broker::NodeOptions options, broker::catalog::Files& files,
               broker::crypto::RsaKeySource keys, proto::Secret machine_key, proto::TimePoint now)
    : state_(std::make_unique<State>(std::move(options), files, std::move(keys),
                                     std::move(machine_key), now)) {}

Server::~Server() = default;

ConnectionId Server::next_connection() {
  return ++state_->last_connection;
}

void Server::handle(const Input& input, proto::TimePoint now) {
  State& state = *state_;
  state.expire(now);
  const auto with = [&](ConnectionId id, auto what) {
    Connection* connection = state.find(id);
    if (connection == nullptr) return;  // closed here while this was on its way
    guarded(*connection, now, [&] { what(*connection); });
    state.follow(id, now);
  };
  std::visit(proto::Overloaded{
                 [&](const broker::Event& event) { state.handle_event(event, now); },
                 [&](const Accepted& accepted) { state.accept(accepted, now); },
                 [&](const Connected& it) {
                   with(it.connection, [&](Connection& c) { c.connected(now); });
                 },
                 [&](const ConnectFailed& it) {
                   with(it.connection, [&](Connection& c) { c.connect_failed(it.error, now); });
                 },
                 [&](const Received& it) {
                   with(it.connection, [&](Connection& c) { c.receive(it.bytes, now); });
                 },
                 [&](const Written& it) {
                   with(it.connection, [&](Connection& c) { c.written(it.bytes, now); });
                 },
                 [&](const Closed& it) {
                   with(it.connection, [&](Connection& c) { c.peer_closed(it.reason, now); });
                 },
                 [&](const ListenResult& result) { state.note_listen_result(result, now); }},
             input);
}

void Server::commit(proto::TimePoint now, Outputs& out) {
  state_->expire(now);
  state_->commit_node(now);
  for (const auto& [id, connection] : state_->connections) state_->flush(*connection);
  out.reserve(out.size() + state_->outputs.size());  // trace records are large: moved once
  std::move(state_->outputs.begin(), state_->outputs.end(), std::back_inserter(out));
  state_->outputs.clear();
}

proto::TimePoint Server::deadline() const {
  if (state_->is_unfinished) return proto::TimePoint{};
  proto::TimePoint soonest = state_->node.deadline();
  for (const auto& [id, connection] : state_->connections)
    soonest = std::min(soonest, connection->deadline());
  return soonest;
}

proto::TimePoint Server::settle_deadline() const {
  if (state_->is_unfinished) return proto::TimePoint{};
  proto::TimePoint soonest = state_->node.settle_deadline();
  for (const auto& [id, connection] : state_->connections)
    soonest = std::min(soonest, connection->settle_deadline());
  return soonest;
}

bool Server::is_quiet() const {
  const auto has_nothing_under_way = [](const auto& entry) {
    return entry.second->phase() == Connection::Phase::online;
  };
  const auto has_nothing_waiting = [](const auto& entry) { return entry.second.queue.empty(); };
  return !state_->is_unfinished && state_->node_events.empty() && state_->outputs.empty() &&
         std::all_of(state_->connections.begin(), state_->connections.end(),
                     has_nothing_under_way) &&
         std::all_of(state_->links.begin(), state_->links.end(), has_nothing_waiting);
}

std::vector<broker::conversation::Fill> Server::fills() const {
  using broker::conversation::Fill;
  Fill links{"links", state_->links.size(), kLinksMax};
  Fill queue{"bytes that wait for a link", 0, kLinkQueueBytesMax};
  Fill spellings{"spellings of an address", 0, kSpellingsMax};
  Fill strangers{"connections that have not logged in", 0, kUnauthenticatedMax};
  // Beyond the bound on data a connection writes what keeps it alive, up to twice as much.
  Fill unwritten{"bytes that wait for a socket", 0, 2 * kWriteBytesMax + proto::kFrameBytesMax};
  Fill unconsumed{"bytes that arrived and are not durable", 0,
                  kCreditBytes + proto::kFrameBytesMax};
  for (const auto& [key, link] : state_->links) {
    queue.is = std::max<std::uint64_t>(queue.is, link.queued_bytes);
    spellings.is = std::max<std::uint64_t>(spellings.is, link.spellings.size());
  }
  for (const auto& [id, connection] : state_->connections) {
    const bool is_stranger =
        !connection->is_initiator() && connection->phase() == Connection::Phase::login;
    if (is_stranger) ++strangers.is;
    unwritten.is = std::max<std::uint64_t>(unwritten.is, connection->unwritten_bytes());
    unconsumed.is = std::max(unconsumed.is, connection->unconsumed_bytes());
  }
  return {links, queue, spellings, strangers, unwritten, unconsumed};
}

proto::Result<void> Server::connect_mirroring(std::string_view address, proto::TimePoint now) {
  const auto parsed = broker::routing::parse_address(address);
  if (!parsed) return Error(ErrorCode::invalid_route_address, std::string(address));
  if (state_->started(EndpointKind::database_mirroring) == nullptr) {
    return Error(ErrorCode::endpoint_disabled, kind_text(EndpointKind::database_mirroring));
  }
  const ConnectionId id =
      state_->open(EndpointKind::database_mirroring, *parsed, std::string(address), now)
          .settings()
          .id;
  state_->follow(id, now);
  return {};
}

void Server::shut_down(proto::TimePoint now, Outputs& out) {
  state_->node.commit(state_->actions);
  state_->node.flush();
  for (broker::NodeAction& action : std::exchange(state_->actions, {}))
    state_->perform(std::move(action), now);
  std::vector<ConnectionId> all;
  for (const auto& [id, connection] : state_->connections) {
    state_->pump(*connection, now);
    all.push_back(id);
  }
  for (auto& [key, link] : state_->links) link.queue.clear();  // nothing is opened for it again
  for (const ConnectionId id : all) {
    state_->find(id)->close(Close::SHUT_DOWN, now);
    state_->follow(id, now);
  }
  for (const auto& [kind, slot] : state_->endpoints) {
    if (slot.should_listen()) state_->outputs.emplace_back(StopListening{kind});
  }
  state_->endpoints.clear();
  commit(now, out);
}

void Server::intercept(Interceptor interceptor) {
  state_->interceptor = std::move(interceptor);
}

broker::Node& Server::node() {
  return state_->node;
}

}  // namespace ssb::wire
