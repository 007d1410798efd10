// The inside of wire::Server: endpoints, connections, and the links that use them.
//
//   A link is an address of a route with what waits to go there. It opens a connection when it has something to send and none, attaches
//   to the one that arbitration keeps, and loses what waits when the connection fails: the dialog layer sends it again by its own
//   schedule, after LinkFailed has told it why. Beyond kLinkQueueBytesMax messages are dropped without a word, and LinkReady follows
//   when half of the queue has left. After an attempt that failed the next one is delayed, doubling from kBackOffMin to
//   kBackOffMax; what comes in between fails at once with the same error. A connection that had been logged in is opened again at once.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/routing/route.h"
#include "transport/wire/connection.h"
#include "transport/wire/server.h"

namespace ssb::wire {

inline constexpr std::size_t kLinkQueueBytesMax = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kLinksMax = 1024;
inline constexpr std::size_t kSpellingsMax = 16;  // of one link's address
inline constexpr std::size_t kUnauthenticatedMax = 64;
inline constexpr std::size_t kUnauthenticatedPerHostMax = 16;
inline constexpr proto::Duration kBackOffMin = std::chrono::milliseconds(250);
inline constexpr proto::Duration kBackOffMax = std::chrono::seconds(4);
inline constexpr int kRoundsMax = 8;  // of node and links answering each other in one commit

// One endpoint of the catalog, as it was when it was last read.
struct EndpointSlot {
  broker::catalog::pb::Endpoint endpoint;
  CatalogAuthority authority;
  Negotiate offer;

  [[nodiscard]] bool is_started() const { return endpoint.state() == 0; }
  [[nodiscard]] bool is_disabled() const { return endpoint.state() == 2; }
  [[nodiscard]] bool should_listen() const { return is_started() || is_disabled(); }
};

struct Waiting {
  proto::DialogMessage message;
  proto::TimePoint since{};
  const std::string* spelling = nullptr;  // of Link::spellings; null: too many
};

struct Link {
  broker::routing::Address address;
  std::set<std::string> spellings;  // as routes write it: the engine knows the link by these
  std::deque<Waiting> queue;
  std::size_t queued_bytes = 0;
  bool has_dropped = false;
  ConnectionId connection = 0;  // 0: none
  proto::TimePoint not_before{};
  proto::Duration back_off{0};
  std::optional<proto::Error> last_error;
};

struct Server::State {
  State(broker::NodeOptions options, broker::catalog::Files& files,
        broker::crypto::RsaKeySource keys, proto::Secret machine_key, proto::TimePoint now);

  // ---- inputs (server.cc) ----
  void handle_event(const broker::Event& event, proto::TimePoint now);
  void accept(const Accepted& accepted, proto::TimePoint now);
  void note_listen_result(const ListenResult& result, proto::TimePoint now);
  void expire(proto::TimePoint now);
  void commit_node(proto::TimePoint now);
  void perform(broker::NodeAction&& action, proto::TimePoint now);

  // ---- endpoints (server.cc) ----
  void read_endpoints(proto::TimePoint now);
  void change_endpoint(EndpointKind kind, const broker::catalog::pb::Endpoint* endpoint,
                       proto::TimePoint now);
  [[nodiscard]] const EndpointSlot* started(EndpointKind kind) const;
  void log(proto::Error error, proto::TimePoint now);

  // ---- connections (connections.cc) ----
  [[nodiscard]] Connection* find(ConnectionId id);
  Connection& open(EndpointKind kind, const broker::routing::Address& address, std::string remote,
                   proto::TimePoint now);
  // After anything happened to a connection: arbitration, arrivals, traces, its end.
  void follow(ConnectionId id, proto::TimePoint now);
  void arbitrate(Connection& connection, proto::TimePoint now);
  void deliver(Connection& connection, proto::TimePoint now);
  void came_online(const Connection& connection, proto::TimePoint now);
  void ended(ConnectionId id, proto::TimePoint now);
  void flush(Connection& connection);
  // Another connection to the same peer that got so far and has not ended.
  [[nodiscard]] Connection* other_of(const Connection& connection, Connection::Phase at_least);
  [[nodiscard]] Connection* with_token(const Connection& asking, const proto::Bytes& token);
  [[nodiscard]] bool has_room_for(const std::string& remote_address) const;
  [[nodiscard]] std::vector<broker::store::Row> connection_rows(EndpointKind kind,
                                                                std::string_view view) const;

  // ---- links (links.cc) ----
  void transmit(broker::Transmit&& transmit, proto::TimePoint now);
  // Sets `last_link` to the link of the address, which is made where there is none.
  void find_link(const broker::routing::Address& address, const std::string& spelling);
  void connect_link(Link& link, proto::TimePoint now);
  void fail_link(Link& link, const proto::Error& error, bool delays, proto::TimePoint now);
  void link_failed(const std::set<std::string>& spellings, const proto::Error& error);
  void link_ready(const Link& link);
  void link_lost(Link& link, const Connection& lost, Connection* other, proto::TimePoint now);
  void pump(Connection& connection, proto::TimePoint now);
  void forget_idle_links();

  broker::Node node;
  Interceptor interceptor;  // may be empty
  proto::InstanceId instance_id;
  ConnectionId last_connection = 0;
  std::map<EndpointKind, EndpointSlot> endpoints;
  std::map<ConnectionId, std::unique_ptr<Connection>> connections;
  std::set<ConnectionId> online;      // those whose links have been told
  std::map<std::string, Link> links;  // "host:port" in lower case
  // Of the message that was handed over last: most follow another one to the same address.
  Link* last_link = nullptr;
  const std::string* last_spelling = nullptr;  // one of its spellings; null: it has too many
  std::vector<broker::Event> node_events;      // what links have to tell the node
  Outputs outputs;
  broker::NodeActions actions;
  proto::Boxcar boxcar;        // of one pump at a time; kept, as it has the room of a full one
  bool is_unfinished = false;  // a commit stopped at kRoundsMax
};

}  // namespace ssb::wire
