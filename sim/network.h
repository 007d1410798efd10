// A network of TCP connections in virtual time: ordered bytes with delay, jitter, bandwidth, stalls, clogs, cuts, corruption, partitions
// of one direction or both, and connections that are refused or never answered.
//
//   Bytes of one direction arrive in order or, once the connection has ended, not at all: loss on a real wire is delay to TCP, and so it
//   is here. What a hostile or lossy forwarder does to whole dialog messages is wire::Hop's business, not this class's.
//   Units  a direction without a bandwidth has none; delays are one way.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "sim/random.h"
#include "sim/scheduler.h"
#include "transport/wire/server.h"

namespace ssb::sim {

using HostNumber = std::size_t;

// Of one direction between two hosts.
struct LinkSettings {
  proto::Duration delay = std::chrono::microseconds(100);
  proto::Duration jitter{0};  // 0 to this much more, drawn for each write
  std::optional<std::int64_t> bytes_per_second = {};
  proto::TimePoint stalled_until{};
  std::uint64_t partitions = 0;  // how many there have been
  bool is_partitioned = false;   // what is sent waits; new connections fail
  int corrupt_next = 0;          // so many of the next writes get one byte changed
  // Bytes are taken at once and come out together, at the next multiple of this time.
  proto::Duration clog{0};
  enum class Connects : std::uint8_t { answered, refused, lost };
  Connects connects = Connects::answered;  // new connections that `from` opens
};

inline constexpr proto::Duration kConnectTimeout =
    std::chrono::seconds(21);  // TCP's own, of three SYNs
inline constexpr proto::Duration kRetransmitTimeout =
    std::chrono::minutes(15);  // RFC 1122 R2, as commonly set

class Network {
 public:
  // What happens to a host: inputs of its server.
  using Deliver = std::function<void(HostNumber host, wire::Input input)>;
  // Every byte string when it is sent and when it is received; addresses "10.0.0.1:4022".
  using Observe = std::function<void(HostNumber host, bool sent, const std::string& local,
                                     const std::string& remote, proto::ByteView bytes)>;

  Network(Scheduler& scheduler, Random random, Deliver deliver, Observe observe);

  // ---- what a host asks for ----
  // `target` nullopt: no host of that name.
  void connect(HostNumber from, wire::ConnectionId id, std::optional<HostNumber> target,
               const std::string& name, std::uint16_t port);
  void write(HostNumber from, wire::ConnectionId id, proto::Bytes bytes);
  void close(HostNumber from, wire::ConnectionId id);
  void listen(HostNumber host, const wire::Listen& listen);
  void stop_listening(HostNumber host, wire::EndpointKind kind);
  // The host is gone at once: its peers learn of it as of a reset.
  void remove_host(HostNumber host);
  // Told what a fault has done: "network.corrupted", "network.clogged", ...
  std::function<void(const char* name)> probe = [](const char*) {};
  // For the ids of connections that arrive.
  std::function<wire::ConnectionId(HostNumber host)> next_connection;

  // ---- an attacker on the wire ----
  struct Tapped {
    std::uint64_t connection = 0;  // the same for both ends, never reused
    HostNumber opener = 0;
    HostNumber acceptor = 0;
  };
  // Every write of a connection between two hosts; true: taken, and what goes on is what is injected.
  using Tap = std::function<bool(const Tapped& where, bool to_acceptor, const proto::Bytes& bytes)>;
  Tap tap;
  // One end closes: what was taken of its bytes and not injected by then is lost.
  std::function<void(const Tapped& where, bool to_acceptor)> tap_closing;
  // In order behind what has been sent that way.
  void inject(std::uint64_t connection, bool to_acceptor, proto::Bytes bytes);
  void sever(std::uint64_t connection);  // ends it, as of a reset

  // ---- faults ----
  [[nodiscard]] LinkSettings& link(HostNumber from, HostNumber to) { return links_[{from, to}]; }
  void cut(HostNumber one, HostNumber other);  // ends every connection between them
  void partition(HostNumber one, HostNumber other);
  // One direction alone: what goes the other way arrives, but its sender hears nothing of that.
  void block(HostNumber from, HostNumber to);
  void unblock(HostNumber from, HostNumber to);
  void heal();

  [[nodiscard]] bool is_quiet() const { return in_flight_ == 0; }  // bytes and closes under way
  [[nodiscard]] static std::string address_of(HostNumber host);
  // Of "10.0.0.1:4022" or "10.0.0.1"; nullopt: not one of these.
  [[nodiscard]] static std::optional<HostNumber> host_of(std::string_view address);

 private:
  using EndKey = std::pair<HostNumber, wire::ConnectionId>;
  // One end of a connection. A generation is never reused, ids are: a server that is started again begins anew.
  struct End {
    EndKey peer;
    std::uint64_t generation = 0;
    bool is_opener = false;
    std::string local;
    std::string remote;
    proto::TimePoint wire_free_at{};  // when the outgoing direction has taken what was written
    proto::TimePoint last_arrival{};
  };

  void attempt(const EndKey& from, std::uint64_t generation, HostNumber target,
               const std::string& name, std::uint16_t port);
  void fail_connect(const EndKey& from, std::uint64_t generation, proto::Error error,
                    proto::Duration after);
  [[nodiscard]] static Tapped tapped(const EndKey& key, const End& end);
  [[nodiscard]] bool is_tapped(const EndKey& key, const End& end, const proto::Bytes& bytes);
  // When the writer is told that its bytes have been taken; `before`: it has been, or is, in another way.
  enum class TellWriter : std::uint8_t { before, at_arrival };
  void send(End& from, HostNumber from_host, proto::Bytes bytes, TellWriter tell);
  void arrive(const EndKey& to, std::uint64_t generation, HostNumber from_host, proto::Bytes bytes,
              TellWriter tell);
  void tell_writer(const EndKey& writer, std::uint64_t generation, std::size_t bytes);
  // Tells the other end, after all that was written before.
  void send_close(End from, HostNumber from_host, const std::string& reason);
  void time_out(const EndKey& key, std::uint64_t generation,
                const std::pair<HostNumber, HostNumber>& blocked, std::uint64_t partition);
  // Now, or once the partition is over.
  void depart(HostNumber from, HostNumber to, std::function<void()> work);
  [[nodiscard]] proto::TimePoint arrival(End& from, HostNumber from_host, std::size_t bytes);
  [[nodiscard]] End* find(const EndKey& key, std::uint64_t generation);
  void post(proto::TimePoint time, std::function<void()> work);

  Scheduler& scheduler_;
  Random random_;
  Deliver deliver_;
  Observe observe_;
  std::map<std::pair<HostNumber, HostNumber>, LinkSettings> links_;
  std::map<EndKey, End> ends_;
  std::map<EndKey, std::uint64_t> connecting_;  // generation of the attempt
  std::map<std::pair<HostNumber, std::uint16_t>, wire::EndpointKind> listeners_;
  std::map<std::pair<HostNumber, HostNumber>, std::deque<std::function<void()>>> held_;
  std::uint64_t last_generation_ = 0;
  std::uint16_t last_client_port_ = 49151;
  std::size_t in_flight_ = 0;
};

}  // namespace ssb::sim
