// The connections of a server: opening, what follows from what happened to one, and their view.
#include <algorithm>

#include "proto/error_code.h"
#include "transport/wire/state.h"

namespace ssb::wire {
namespace {

using broker::store::Value;
using proto::Error;
using proto::ErrorCode;
using proto::adjacent::Close;
using Phase = Connection::Phase;

// "127.0.0.3" of "127.0.0.3:41022".
std::string host_of(const std::string& remote_address) {
  return remote_address.substr(0, remote_address.rfind(':'));
}

Value flag(bool value) {
  return static_cast<std::int64_t>(value);
}
Value number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

struct StateText {
  int code;
  const char* text;
};
StateText state_of(Phase phase) {
  switch (phase) {
    case Phase::connecting: return {2, "CONNECTING"};
    case Phase::login: return {3, "CONNECTED"};
    case Phase::arbitrating:
    case Phase::online: return {4, "LOGGED_IN"};
    case Phase::ended: return {5, "CLOSED"};
  }
  return {5, "CLOSED"};
}

// Column encryption_algorithm of the connection views.
StateText encryption_of(Negotiate::Algorithm algorithm) {
  if (algorithm == Negotiate::CLEAR) return {1, "SIGNING ONLY"};
  if (algorithm == Negotiate::RC4) return {2, "RC4"};
  if (algorithm == Negotiate::AES) return {3, "AES"};
  return {0, "NONE"};
}

std::map<std::string, Value> row_of(const Connection& connection) {
  const ConnectionStatistics& statistics = connection.statistics();
  const Handshake& login = connection.login();
  const StateText state = state_of(connection.phase());
  const StateText encryption = encryption_of(login.algorithm());
  std::map<std::string, Value> row{
      {"connection_id", statistics.connection_id.text()},
      {"transport_stream_id", statistics.connection_id.text()},
      {"state", std::int64_t{state.code}},
      {"state_desc", std::string(state.text)},
      {"connect_time", proto::to_datetime_text(statistics.connect_time)},
      {"authentication_method", std::string("Microsoft Unified Security Protocol Provider")},
      {"last_activity_time", proto::to_datetime_text(statistics.last_activity)},
      {"is_accept", flag(!connection.is_initiator())},
      {"login_state", std::int64_t{connection.login_state()}},
      {"login_state_desc", std::string(login_state_name(connection.login_state()))},
      {"encryption_algorithm", std::int64_t{encryption.code}},
      {"encryption_algorithm_desc", std::string(encryption.text)},
      {"receives_posted", std::int64_t{1}},
      {"is_receive_flow_controlled", flag(false)},
      {"sends_posted", std::int64_t{0}},
      {"is_send_flow_controlled", flag(connection.is_send_flow_controlled())},
      {"total_bytes_sent", number(statistics.bytes_sent)},
      {"total_bytes_received", number(statistics.bytes_received)},
      {"total_fragments_sent", number(statistics.messages_sent)},
      {"total_fragments_received", number(statistics.messages_received)},
      {"total_sends", number(statistics.writes)},
      {"total_receives", number(statistics.reads)},
  };
  if (connection.is_logged_in()) {
    row["login_time"] = proto::to_datetime_text(statistics.login_time);
    row["principal_name"] = login.identity().login;
    row["peer_certificate_id"] = std::int64_t{login.identity().certificate_id};
    const auto id = proto::Guid::from_bytes(proto::as_bytes(login.peer_offer()->instance_id()));
    if (id) row["peer_arbitration_id"] = id->text();
  }
  return row;
}

}  // namespace

Connection* Server::State::find(ConnectionId id) {
  const auto found = connections.find(id);
  return found == connections.end() ? nullptr : found->second.get();
}

Connection& Server::State::open(EndpointKind kind, const broker::routing::Address& address,
                                std::string remote, proto::TimePoint now) {
  const EndpointSlot& slot = endpoints.at(kind);
  ConnectionSettings settings;
  settings.id = ++last_connection;
  settings.kind = kind;
  settings.offer = slot.offer;
  settings.remote = std::move(remote);
  const ConnectionId id = settings.id;
  auto& connection = connections[id];
  connection = std::make_unique<Connection>(std::move(settings), slot.authority, now);
  outputs.emplace_back(Connect{id, address.host, address.port});
  return *connection;
}

bool Server::State::has_room_for(const std::string& remote_address) const {
  const std::string host = host_of(remote_address);
  std::size_t all = 0;
  std::size_t from_host = 0;
  for (const auto& [id, connection] : connections) {
    if (connection->is_initiator() || connection->phase() != Phase::login) continue;
    ++all;
    if (host_of(connection->settings().remote) == host) ++from_host;
  }
  return all < kUnauthenticatedMax && from_host < kUnauthenticatedPerHostMax;
}

void Server::State::follow(ConnectionId id, proto::TimePoint now) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  arbitrate(*connection, now);
  deliver(*connection, now);
  for (proto::TraceRecord& record : connection->take_traces())
    outputs.emplace_back(broker::Trace{std::move(record)});
  if (connection->phase() == Phase::online && online.insert(id).second)
    came_online(*connection, now);
  if (connection->phase() == Phase::ended) ended(id, now);
}

Connection* Server::State::other_of(const Connection& connection, Phase at_least) {
  for (const auto& [id, other] : connections) {
    if (other.get() != &connection && other->phase() >= at_least &&
        other->phase() != Phase::ended && other->peer_key() == connection.peer_key()) {
      return other.get();
    }
  }
  return nullptr;
}

Connection* Server::State::with_token(const Connection& asking, const proto::Bytes& token) {
  for (const auto& [id, other] : connections) {
    const bool is_it = other.get() != &asking && other->is_logged_in() &&
                       other->peer_key() == asking.peer_key() && other->login().token() == token;
    if (is_it) return other.get();
  }
  return nullptr;
}

void Server::State::arbitrate(Connection& connection, proto::TimePoint now) {
  if (connection.needs_verdict()) {
    // The two ends of a connection to this same instance are both here: neither is in the other's way.
    const Connection* other =
        connection.is_to_itself() ? nullptr : other_of(connection, Phase::online);
    connection.decide(other == nullptr ? std::nullopt : std::optional(other->login().token()), now);
  }
  if (connection.question()) {
    connection.answer(with_token(connection, *connection.question()) != nullptr, now);
  }
  if (connection.superseded()) {
    Connection* other = with_token(connection, *connection.superseded());
    connection.proceed(now);
    if (other != nullptr) {
      other->close(Close::DUPLICATE, now);
      follow(other->settings().id, now);
    }
  }
}

void Server::State::deliver(Connection& connection, proto::TimePoint now) {
  for (proto::DialogMessage& message : connection.take_arrivals()) {
    if (message.hops_remaining == 0) {
      proto::TraceRecord record;
      record.at = now;
      record.event = proto::EventClass::forwarded_message_dropped;
      record.error = Error(ErrorCode::hop_limit_reached, connection.settings().remote,
                           std::to_string(proto::kHopsMax));
      record.text = record.error->text();
      record.detail = {{"peer", connection.settings().remote}};
      outputs.emplace_back(broker::Trace{std::move(record)});
      continue;
    }
    --message.hops_remaining;
    broker::MessageArrived arrived{std::move(message), connection.settings().remote};
    if (interceptor && interceptor(arrived)) continue;
    node.handle(std::move(arrived), now);
  }
}

void Server::State::came_online(const Connection& connection, proto::TimePoint) {
  for (auto& [key, link] : links) {
    if (link.connection != connection.settings().id) continue;
    link.back_off = proto::Duration(0);
    link.last_error.reset();
    link_ready(link);
  }
}

void Server::State::ended(ConnectionId id, proto::TimePoint now) {
  const auto found = connections.find(id);
  flush(*found->second);
  outputs.emplace_back(CloseConnection{id});
  const std::unique_ptr<Connection> connection = std::move(found->second);
  connections.erase(found);
  online.erase(id);
  Connection* other = connection->end()->kind == ConnectionEnd::Kind::duplicate
                          ? other_of(*connection, Phase::arbitrating)
                          : nullptr;
  for (auto& [key, link] : links) {
    if (link.connection == id) link_lost(link, *connection, other, now);
  }
}

void Server::State::flush(Connection& connection) {
  proto::Bytes bytes = connection.take_output();
  if (!bytes.empty()) outputs.emplace_back(Write{connection.settings().id, std::move(bytes)});
}

std::vector<broker::store::Row> Server::State::connection_rows(EndpointKind kind,
                                                               std::string_view view) const {
  const auto columns = const_cast<broker::Node&>(node).views().view_columns(view);
  std::vector<broker::store::Row> rows;
  for (const auto& [id, connection] : connections) {
    if (connection->settings().kind != kind) continue;
    const auto values = row_of(*connection);
    broker::store::Row& row = rows.emplace_back();
    for (const auto& column : columns) {
      const auto value = values.find(column.name);
      row.push_back(value == values.end() ? Value() : value->second);
    }
  }
  return rows;
}

}  // namespace ssb::wire
