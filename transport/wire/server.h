// A whole server without I/O: a node and its adjacent layer. Hosts (transport/net on Asio, sim in
// virtual time) feed it what their sockets, clocks and clients say, and perform what it asks for.
//
//   Dialog messages that the node transmits become frames on connections that this class opens,
//   keeps, shares and closes; frames that arrive become events of the node. Routes that lead to
//   this same instance come back through its own listener like any other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/node.h"

namespace ssb::wire {

using ConnectionId = std::uint64_t;  // unique in one run of the server, never reused
enum class EndpointKind { service_broker, database_mirroring };

// ---- from the host ----
struct Accepted {
  ConnectionId connection;  // chosen by the host: next_connection()
  EndpointKind kind;
  std::string remote_address;  // "127.0.0.3:41022"
};
struct Connected {
  ConnectionId connection;
};
struct ConnectFailed {
  ConnectionId connection;
  proto::Error error;  // 9783 unknown host, 9754 otherwise
};
struct Received {
  ConnectionId connection;
  proto::Bytes bytes;
};
struct Written {  // the host's send buffer took these; a reader that stops reading stops its writer
                  // here
  ConnectionId connection;
  std::size_t bytes;
};
struct Closed {  // by the peer or by a failure; never after CloseConnection
  ConnectionId connection;
  std::string reason;  // empty: orderly
};
struct ListenResult {
  EndpointKind kind;
  std::uint16_t port;
  std::optional<proto::Error> error;  // 9692 in use, 9693 otherwise
};
using Input = std::variant<broker::Event, Accepted, Connected, ConnectFailed, Received, Written,
                           Closed, ListenResult>;

// ---- to the host ----
struct Connect {
  ConnectionId connection;
  std::string host;  // as the route names it; the host resolves it
  std::uint16_t port;
};
struct Write {
  ConnectionId connection;
  proto::Bytes bytes;
};
struct CloseConnection {  // after all that was written before
  ConnectionId connection;
};
struct Listen {
  EndpointKind kind;
  std::string ip_address;  // empty: ALL
  std::uint16_t port;
};
struct StopListening {
  EndpointKind kind;
};
using Output =
    std::variant<broker::Trace, broker::BatchOutput, broker::BatchFinished, broker::ClientDone,
                 Connect, Write, CloseConnection, Listen, StopListening>;
using Outputs = std::vector<Output>;

class Server {
 public:
  Server(broker::NodeOptions options, broker::catalog::Files& files,
         broker::crypto::RsaKeySource keys, proto::Secret machine_key, proto::TimePoint now);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] ConnectionId next_connection();
  void handle(const Input& input, proto::TimePoint now);
  // Durable first, then what may be done. Call after each batch of inputs, and once after
  // construction (listeners start).
  void commit(proto::TimePoint now, Outputs& out);
  [[nodiscard]] proto::TimePoint deadline() const;
  [[nodiscard]] proto::TimePoint settle_deadline() const;  // what `settle` waits for
  // Nothing buffered for a connection, no handshake under way.
  [[nodiscard]] bool is_quiet() const;
  // As Engine::fills, of the adjacent layer.
  [[nodiscard]] std::vector<broker::conversation::Fill> fills() const;
  // Opens a connection to the mirroring endpoint of another instance and logs in there; the trace tells how it went. 9785, 9666.
  [[nodiscard]] proto::Result<void> connect_mirroring(std::string_view address,
                                                      proto::TimePoint now);
  // Orderly end: connections closed, everything committed.
  void shut_down(proto::TimePoint now, Outputs& out);

  // For what a lossy or hostile forwarder on the way would do: sees each dialog message that a peer has sent before the node does, and
  // may change it. True: it was taken away; whoever took it may hand it in as an event, later, changed, or twice.
  using Interceptor = std::function<bool(broker::MessageArrived& arrived)>;
  void intercept(Interceptor interceptor);

  [[nodiscard]] broker::Node& node();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ssb::wire
