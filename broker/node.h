// A node: one instance with its sessions and conversations. Events and the time in, actions out; no I/O of its own but the store.
//
//   handle() stages an event's effects; commit() makes a batch of events durable and releases what it allows: replies, transmissions,
//   trace records. deadline() is the only timer that it asks for.
//   Units   between two commits the sessions execute a bounded number of statements, so that no batch keeps the host from anything else;
//           while there is more to do deadline() is kAtOnce.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/action.h"
#include "broker/catalog/instance.h"
#include "broker/client.h"
#include "broker/conversation/engine.h"
#include "broker/sessions.h"
#include "broker/tsql/output.h"

namespace ssb::broker {

// A deadline: after the commit, as soon as other inputs have had their turn.
inline constexpr proto::TimePoint kAtOnce{};

// ---- what can happen ----
struct SessionOpened {
  SessionId session = 0;
  catalog::SecurityContext login;
};
struct SessionClosed {  // open transaction rolled back, keys closed
  SessionId session = 0;
};
struct BatchSubmitted {
  SessionId session = 0;
  std::string text;
};
struct BatchCancelled {  // Attention: ends what the session waits for
  SessionId session = 0;
};
struct MessageArrived {
  proto::DialogMessage message;
  std::string from_address;  // of the peer, for events
};
struct LinkFailed {
  std::string address;
  proto::Error error;
};
struct LinkReady {
  std::string address;
};
struct
    LinkRoom {  // so much of what was handed over for this address waits no longer (proto::link_bytes_of)
  std::string address;
  std::size_t bytes = 0;
};
struct TimerDue {};
using Event = std::variant<SessionOpened, SessionClosed, BatchSubmitted, BatchCancelled, ClientWork,
                           MessageArrived, LinkFailed, LinkReady, LinkRoom, TimerDue>;

// ---- what it asks for ----
struct BatchOutput {  // in order; several for a long batch
  SessionId session = 0;
  tsql::Output items;
};
struct BatchFinished {
  SessionId session = 0;
};
struct EndpointsChanged {
};  // endpoints of the catalog were created, altered, dropped: the adjacent layer reads them again
using NodeAction =
    std::variant<Transmit, Trace, BatchOutput, BatchFinished, ClientDone, EndpointsChanged>;
using NodeActions = std::vector<NodeAction>;

struct NodeOptions {
  std::string name;
  std::filesystem::path folder;  // of the store; unused in memory
  store::StoreOptions store;
  bool as_product = false;         // --as-product: no tombstones (A03)
  bool sign_every_dialog = false;  // --sign-every-dialog: a signature a dialog, not one for hours
  bool traces_messages = true;     // as EngineOptions: false where nobody listens
  std::size_t awake_endpoints_max = conversation::kAwakeEndpointsMax;  // as EngineOptions
};

class Node {
 public:
  Node(NodeOptions options, catalog::Files& files, crypto::RsaKeySource keys,
       proto::Secret machine_key, proto::TimePoint now);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  void handle(const Event& event, proto::TimePoint now);
  // Durable first; then appends what may now be said and done. Acknowledgements that were heard need not be durable for that: they
  // wait for the next flush, for a moment at most.
  void commit(NodeActions& out);
  // Makes all durable that commit has let wait.
  void flush();
  [[nodiscard]] proto::TimePoint deadline() const;
  // As deadline, of what `settle` waits for.
  [[nodiscard]] proto::TimePoint settle_deadline() const;

  // For the adjacent layer (certificates of master, CONNECT), and for expectations, which only look.
  [[nodiscard]] catalog::Instance& instance();
  [[nodiscard]] const catalog::Instance& instance() const;
  [[nodiscard]] catalog::SystemViews& views();
  [[nodiscard]] const conversation::Engine& engine() const;
  // Runs one SELECT as sysadmin over what is accepted, changing nothing: `expect` asks with it.
  [[nodiscard]] tsql::Output look(store::DatabaseId database, std::string_view select,
                                  proto::TimePoint now);
  // A variable of the session's last batch, as text; nullopt: there is none, or NULL.
  [[nodiscard]] std::optional<std::string> last_variable(SessionId session,
                                                         std::string_view name) const;
  // Whether the session is in the middle of a batch (waiting).
  [[nodiscard]] bool is_busy(SessionId session) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ssb::broker
