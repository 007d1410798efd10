// What the judges may look at beside the stream of observations: the durable rows and the catalogs of running nodes. They only look.
//
//   Everything is read from a node's store or catalog at the moment of the call, nothing from the conversation engine's memory: a judge does
//   not believe what it judges. A node that does not run, or whose disk has failed, shows nothing.
//   Source  rows: broker/conversation/storage.cc, proto/stored.proto.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/conversation/engine.h"
#include "broker/crypto/digest.h"
#include "broker/dialog/keys.h"
#include "proto/stored.pb.h"
#include "sim/observer.h"

namespace ssb::sim::judges {

using Host = Observer::Host;

// One side of a conversation, wherever it is.
struct EndpointPlace {
  Host host = 0;
  std::string database;  // name
  std::string handle;    // GUID text
  friend auto operator<=>(const EndpointPlace&, const EndpointPlace&) = default;
};

struct StoredEndpoint {
  EndpointPlace place;
  std::string conversation;  // GUID text
  proto::stored::Conversation row;
};

struct QueuedBody {
  std::int64_t order = 0;
  std::string handle;
  std::uint64_t sequence = 0;
  proto::Bytes body;
};

// A conversation with messages in its transmission queue.
struct WaitingEndpoint {
  EndpointPlace place;
  std::string conversation;
  bool is_initiator = false;
  std::uint64_t messages = 0;
  std::string status;  // transmission_status
};

// Messages that an endpoint has accepted for a queue that is off.
struct HeldBack {
  std::set<std::uint64_t> sequences;  // of the application
  bool is_queue_off = false;
};

// A certificate as a database has it.
struct CertificateFacts {
  std::string name;
  broker::crypto::Sha256Digest sha256{};
  std::int32_t owner = 0;
  proto::TimePoint not_before{};
  proto::TimePoint not_after{};
  bool has_private_key = false;
};

// The contents of an instance at one moment: a digest of every table of every database but tempdb, by "database.table".
using Contents = std::map<std::string, broker::crypto::Sha256Digest>;

class Inside {
 public:
  Inside() = default;
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  virtual ~Inside() = default;

  // ---- the world ----
  [[nodiscard]] virtual std::size_t hosts() const = 0;
  [[nodiscard]] virtual std::string name(Host host) const = 0;
  [[nodiscard]] virtual bool is_running(Host host) const = 0;
  [[nodiscard]] virtual proto::TimePoint now() const = 0;
  [[nodiscard]] virtual proto::TimePoint now_at(Host host) const = 0;
  // False once it has reported a sync that it did not do: then what was told as durable need not be.
  [[nodiscard]] virtual bool is_disk_honest(Host host) const = 0;

  // ---- stores ----
  [[nodiscard]] virtual std::vector<StoredEndpoint> endpoints(Host host) const = 0;
  [[nodiscard]] virtual std::optional<StoredEndpoint> endpoint(
      const EndpointPlace& place) const = 0;
  // The body of a message that waits to be acknowledged; nullopt: none there, or it has none.
  [[nodiscard]] virtual std::optional<proto::Bytes> waiting_body(const EndpointPlace& place,
                                                                 std::uint64_t sequence) const = 0;
  [[nodiscard]] virtual std::vector<WaitingEndpoint> waiting(Host host) const = 0;
  [[nodiscard]] virtual HeldBack held_back(const StoredEndpoint& endpoint) const = 0;
  [[nodiscard]] virtual Contents contents(Host host) const = 0;
  // What PRAGMA integrity_check finds, a line each; empty: all is well.
  [[nodiscard]] virtual std::vector<std::string> damage(Host host) const = 0;
  [[nodiscard]] virtual std::vector<broker::conversation::Fill> fills(Host host) const = 0;

  // ---- catalogs ----
  [[nodiscard]] virtual std::vector<std::string> databases(Host host) const = 0;
  [[nodiscard]] virtual bool has_service(Host host, const std::string& database,
                                         const std::string& service) const = 0;
  [[nodiscard]] virtual std::string broker_id(Host host, const std::string& database) const = 0;
  [[nodiscard]] virtual std::vector<CertificateFacts> certificates(
      Host host, const std::string& database) const = 0;
  // "SEND", "CONTROL" on a service; "CONNECT" to the database.
  [[nodiscard]] virtual bool may(Host host, const std::string& database, std::int32_t principal,
                                 const char* permission, const std::string& service) const = 0;
  // The session key with this id that the endpoint holds; nullopt: none, or the master key does not open.
  [[nodiscard]] virtual std::optional<broker::dialog::SessionKey> session_key(
      const EndpointPlace& place, const std::string& key_id) const = 0;
};

}  // namespace ssb::sim::judges
