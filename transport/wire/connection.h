// One adjacent connection, from its TCP connection to its end: login, arbitration, data, keep-alive.
//
//   connecting -> login -> arbitrating -> online -> ended
//
//   Arbitration   of two connections that the same two authenticated certificates (and, where instances share one, instance ids) have to
//                 each other, one stays. One side alone decides, the one with the greater (certificate, instance id), the arbiter:
//                   PROCEED          no other one: both go online.
//                   DUPLICATE(token) another one is online. The peer agrees (DUPLICATE), then this one ends (28032); or it does not know
//                                    that other one any more (PROCEED: it restarted, or saw it fail), then the other one ends.
//                 A claimed instance id evicts nobody: only the holder of the same certificate gets that far.
//   Flow control  Credit: a sender is at most kCreditBytes of payload ahead of what its peer has made durable. Below it, kWriteBytesMax
//                 bytes wait for the socket; more is not made.
//   Time          keep-alive is asked for after kKeepAliveAfter without a byte, and answered within kKeepAliveTime; a connection without
//                 data for kIdleTime is closed by its initiator, and by its acceptor kIdleGrace later.
//   Errors        those of Handshake; 9754, 9755, 9759; 8407 and 28007 for bad frames; 28032 of the one that gives way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "proto/ids.h"
#include "transport/wire/handshake.h"
#include "transport/wire/server.h"

namespace ssb::wire {

inline constexpr std::size_t kCreditBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kWriteBytesMax = std::size_t{256} * 1024;
inline constexpr proto::Duration kConnectTime = std::chrono::seconds(15);
inline constexpr proto::Duration kArbitrationTime = std::chrono::seconds(15);
inline constexpr proto::Duration kIdleTime = std::chrono::seconds(90);
inline constexpr proto::Duration kIdleGrace = std::chrono::seconds(30);
inline constexpr proto::Duration kKeepAliveAfter = std::chrono::seconds(20);
inline constexpr proto::Duration kKeepAliveTime = std::chrono::seconds(20);

// What a connection is opened with.
struct ConnectionSettings {
  ConnectionId id = 0;
  EndpointKind kind = EndpointKind::service_broker;
  Handshake::Role role = Handshake::Role::initiator;
  Negotiate offer;
  bool is_disabled = false;  // the endpoint only answers with errors
  std::string remote;        // "127.0.0.3:41022", or the address that it is opened to
};

// Why a connection ended, for the links that used it.
struct ConnectionEnd {
  enum class Kind { idle, duplicate, failed };
  Kind kind = Kind::failed;
  std::optional<proto::Error> error;  // failed, duplicate
};

// For sys.dm_broker_connections.
struct ConnectionStatistics {
  proto::Guid connection_id;
  proto::TimePoint connect_time{};
  proto::TimePoint login_time{};
  proto::TimePoint last_activity{};
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t writes = 0;
  std::uint64_t reads = 0;
};

// "Service Broker", "Database Mirroring": the transport as errors and traces name it.
[[nodiscard]] const char* kind_text(EndpointKind kind);
// "WAIT ARBITRATION", ...: column login_state_desc.
[[nodiscard]] const char* login_state_name(int state);

class Connection {
 public:
  enum class Phase { connecting, login, arbitrating, online, ended };
  // Who is at the other end: two connections with the same key lead to the same instance.
  using PeerKey = std::tuple<EndpointKind, broker::crypto::Sha256Digest, std::string>;

  Connection(ConnectionSettings settings, const Authority& authority, proto::TimePoint now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  // ---- from the host ----
  void connected(proto::TimePoint now);
  void connect_failed(const proto::Error& error, proto::TimePoint now);
  void receive(proto::ByteView bytes, proto::TimePoint now);
  void written(std::size_t bytes, proto::TimePoint now);
  void peer_closed(const std::string& reason, proto::TimePoint now);
  void expire(proto::TimePoint now);
  [[nodiscard]] proto::TimePoint deadline() const;
  // As deadline, without keep-alive and idle close.
  [[nodiscard]] proto::TimePoint settle_deadline() const;

  // ---- arbitration: the owner of all connections answers these ----
  [[nodiscard]] bool needs_verdict() const { return needs_verdict_; }
  // `other`: the token of the connection to the same peer that is online, if there is one.
  void decide(const std::optional<proto::Bytes>& other, proto::TimePoint now);
  // The peer would give this one up for the connection with the token: does it exist here?
  [[nodiscard]] const std::optional<proto::Bytes>& question() const { return question_; }
  void answer(bool is_known, proto::TimePoint now);
  // The peer does not know the other one any more: it ends, then this one proceeds.
  [[nodiscard]] const std::optional<proto::Bytes>& superseded() const { return superseded_; }
  void proceed(proto::TimePoint now);

  // ---- data ----
  [[nodiscard]] bool can_send() const;
  // Needs can_send().
  void send(proto::Boxcar& boxcar, proto::TimePoint now);
  [[nodiscard]] std::vector<proto::DialogMessage> take_arrivals() {
    return std::exchange(arrivals_, {});
  }
  // What arrived so far is durable: the peer may send as much again.
  void arrivals_are_durable();
  // Ends in order: IDLE; DUPLICATE with 28032; ENDPOINT_CHANGED and SHUT_DOWN with the error for the links here.
  void close(proto::adjacent::Close::Reason reason, proto::TimePoint now,
             std::optional<proto::Error> error = std::nullopt);
  // Ends for what the owner found wrong with arrivals; told to the peer (event 161 on both sides).
  void refuse_data(proto::Error error, proto::TimePoint now);

  // ---- output ----
  [[nodiscard]] proto::Bytes take_output();
  [[nodiscard]] std::vector<proto::TraceRecord> take_traces();

  // ---- state ----
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const std::optional<ConnectionEnd>& end() const { return end_; }
  [[nodiscard]] const ConnectionSettings& settings() const { return settings_; }
  [[nodiscard]] const Handshake& login() const { return login_; }
  [[nodiscard]] bool is_initiator() const { return settings_.role == Handshake::Role::initiator; }
  [[nodiscard]] bool is_logged_in() const {
    return phase_ == Phase::arbitrating || phase_ == Phase::online;
  }
  [[nodiscard]] PeerKey peer_key() const;
  // Both ends are this instance's.
  [[nodiscard]] bool is_to_itself() const;
  [[nodiscard]] int login_state() const;
  [[nodiscard]] const ConnectionStatistics& statistics() const { return statistics_; }
  // What waits for its socket; what arrived and is not durable yet.
  [[nodiscard]] std::size_t unwritten_bytes() const { return unwritten_bytes_ + output_.size(); }
  [[nodiscard]] std::uint64_t unconsumed_bytes() const { return received_bytes_ - consumed_bytes_; }
  [[nodiscard]] bool is_send_flow_controlled() const {
    return phase_ == Phase::online && !can_send();
  }

 private:
  void follow_login(proto::TimePoint now);
  void login_done(proto::TimePoint now);
  void receive_frames(proto::TimePoint now);
  void receive_frame(const proto::Frame& frame, proto::TimePoint now);
  void receive_arbitration(const proto::adjacent::Arbitration& arbitration, proto::TimePoint now);
  void receive_data(const proto::Frame& frame, proto::TimePoint now);
  void receive_close(const proto::adjacent::Close& close, proto::TimePoint now);
  void take_credit(std::uint64_t consumed_bytes, proto::TimePoint now);
  void go_online(proto::TimePoint now);
  void write(const proto::adjacent::AdjacentHeader& header);
  void write_bytes(proto::ByteView frame);
  [[nodiscard]] std::size_t unsent_bytes() const;
  void write_arbitration(proto::adjacent::Arbitration::Verdict verdict, const proto::Bytes& other);
  void finish(ConnectionEnd end, int closing_subclass, proto::TimePoint now);
  void fail(proto::ErrorCode code, std::string reason, proto::TimePoint now);
  void trace_connection(int subclass, const std::optional<proto::Error>& error,
                        proto::TimePoint now);
  void trace_login(proto::TimePoint now);
  void trace_corrupted(const proto::Error& error, bool said_by_peer, proto::TimePoint now);
  void trace_arbitration(const char* decision, proto::TimePoint now);
  [[nodiscard]] bool is_arbiter() const;

  ConnectionSettings settings_;
  Handshake login_;
  Phase phase_ = Phase::connecting;
  std::optional<ConnectionEnd> end_;
  proto::TimePoint phase_deadline_;  // of connecting and arbitrating

  std::optional<broker::crypto::TlsChannel> channel_;
  proto::FrameDecoder decoder_{proto::kFrameBytesMax};
  proto::Bytes output_;
  std::size_t unwritten_bytes_ = 0;  // given to the host, not yet taken by its socket

  bool needs_verdict_ = false;
  std::optional<proto::Bytes> proposed_;  // the arbiter's DUPLICATE awaits its answer
  std::optional<proto::Bytes> question_;
  std::optional<proto::Bytes> superseded_;

  std::vector<proto::DialogMessage> arrivals_;
  std::uint64_t sent_bytes_ = 0;           // payload
  std::uint64_t peer_consumed_bytes_ = 0;  // of them
  std::uint64_t received_bytes_ = 0;       // payload
  std::uint64_t consumed_bytes_ = 0;       // of them, durable
  std::uint64_t advertised_bytes_ = 0;     // of them, told to the peer

  proto::TimePoint last_data_{};
  proto::TimePoint last_heard_{};
  std::optional<proto::TimePoint> keep_alive_sent_;
  std::uint64_t keep_alive_number_ = 0;

  ConnectionStatistics statistics_;
  std::vector<proto::TraceRecord> traces_;
};

}  // namespace ssb::wire
