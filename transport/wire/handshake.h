// The login of one connection, for both roles: negotiation in clear, TLS with both certificates,
// confirmation.
//
//   initiator                                             acceptor
//   Negotiate(offer)                        ->
//                                           <-            Negotiate(offer, chosen) |
//                                           Negotiate(offer), Close(28027, 28080)
//   TLS 1.3, or 1.2 without encryption      <->           each proves possession of its
//   certificate's key Confirm(HMAC) | Close(2803x)            <->           Confirm(HMAC) |
//   Close(2803x)       first record each way
//
//   Confirm authenticates both Negotiate frames under the exporter of TLS: who changed them in
//   clear is found out (28038). A Close says why, so that both sides can tell; it is for showing,
//   decides nothing, and leaves out what only the refusing side may know (28037 own key, 28031 TLS:
//   the peer sees that the connection was closed).
//
//   Units   kHandshakeTime for all of it, kHandshakeBytesMax received bytes.
//   Errors  28027, 28028, 28029, 28031, 28034-28038, 28045, 28080, 8407, 11247, 9755.
//   Source  our own; steps and states as reference service-broker.md 3.3-3.4.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/crypto/digest.h"
#include "proto/frame.h"
#include "proto/trace.h"
#include "transport/wire/authority.h"
#include "transport/wire/negotiation.h"

namespace ssb::wire {

inline constexpr proto::Duration kHandshakeTime = std::chrono::seconds(15);
// Two certificates of 16384 bits take less than half of it.
inline constexpr std::size_t kHandshakeBytesMax = std::size_t{32} * 1024;
inline constexpr int kStateTlsAcceptor = 53;
inline constexpr int kStateTlsInitiator = 56;
inline constexpr int kStatePeerClosed = 11;
inline constexpr int kStateUnexpected = 12;
inline constexpr int kStateNotConfigured = 23;
inline constexpr int kStateNotConfirmed = 91;
inline constexpr std::size_t kCloseParameterBytesMax = 256;

// Subclasses of Audit Broker Login.
enum class LoginAudit {
  success = 1,
  protocol_error,
  message_format_error,
  negotiate_failure,
  authentication_failure,
  authorization_failure
};

// Subclasses of our handshake_step records.
enum class HandshakeStep {
  negotiate_sent = 1,
  negotiate_received,
  chosen,
  tls_established,
  own_certificate,
  peer_certificate,
  confirmed,
  arbitration,
  online,
  failed
};

// Fills all but the time and the connection's own details.
[[nodiscard]] proto::TraceRecord step_record(HandshakeStep step, proto::TimePoint now);

struct LoginFailure {
  proto::Error error;
  LoginAudit audit = LoginAudit::protocol_error;
  bool said_by_peer = false;
};

class Handshake {
 public:
  enum class Role { initiator, acceptor };
  enum class Phase { wait_negotiate, wait_reject, tls, wait_confirm, done, failed };

  // `is_disabled`: the endpoint answers with an error (STATE = DISABLED).
  Handshake(Role role, Negotiate offer, const Authority& authority, bool is_disabled,
            proto::TimePoint now);

  // The initiator's first step, once the connection stands; fails at once when its own certificate
  // cannot be used.
  void start(proto::TimePoint now);
  void receive(proto::ByteView bytes, proto::TimePoint now);
  void peer_closed(const std::string& reason, proto::TimePoint now);
  void expire(proto::TimePoint now);
  [[nodiscard]] proto::TimePoint deadline() const;
  [[nodiscard]] proto::Bytes take_output();
  [[nodiscard]] std::vector<proto::TraceRecord> take_traces() { return std::exchange(traces_, {}); }

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_over() const { return phase_ == Phase::done || phase_ == Phase::failed; }
  [[nodiscard]] const std::optional<LoginFailure>& failure() const { return failure_; }
  [[nodiscard]] const Negotiate& own_offer() const { return own_offer_; }
  [[nodiscard]] const std::optional<Negotiate>& peer_offer() const { return peer_offer_; }
  // Column login_state of sys.dm_broker_connections.
  [[nodiscard]] int login_state() const;

  // What is known once done:
  [[nodiscard]] Negotiate::Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] const PeerIdentity& identity() const { return identity_; }
  [[nodiscard]] const broker::crypto::Sha256Digest& own_fingerprint() const {
    return own_fingerprint_;
  }
  [[nodiscard]] const broker::crypto::Sha256Digest& peer_fingerprint() const {
    return peer_fingerprint_;
  }
  // 16 bytes that both sides, and nobody else, know for this connection.
  [[nodiscard]] const proto::Bytes& token() const { return token_; }
  [[nodiscard]] broker::crypto::TlsChannel release_channel();
  [[nodiscard]] proto::FrameDecoder release_decoder();

 private:
  void send_negotiate(const Negotiate& negotiate);
  void send_clear(const proto::adjacent::AdjacentHeader& header);
  void receive_clear(proto::TimePoint now);
  void receive_negotiate(const proto::Frame& frame, proto::TimePoint now);
  void accept_offer(proto::TimePoint now);
  void accept_answer(proto::TimePoint now);
  void receive_tls(proto::ByteView bytes, proto::TimePoint now);
  void tls_established(proto::TimePoint now);
  void receive_confirm(proto::TimePoint now);
  void receive_close(const proto::adjacent::Close& close, proto::TimePoint now);
  [[nodiscard]] bool load_own_certificate(proto::TimePoint now);
  void begin_tls(proto::TimePoint now);
  [[nodiscard]] broker::crypto::Sha256Digest confirmation(Role role) const;
  // Says why to the peer where it may know, and ends.
  void refuse(proto::Error error, LoginAudit audit, proto::TimePoint now);
  void fail(proto::Error error, LoginAudit audit, bool said_by_peer, proto::TimePoint now);
  void unexpected(std::string came, std::string expected, proto::TimePoint now);
  void step(HandshakeStep step, Findings findings, proto::TimePoint now);

  Role role_;
  Phase phase_ = Phase::wait_negotiate;
  Negotiate own_offer_;
  const Authority& authority_;
  bool is_disabled_;
  proto::TimePoint deadline_;
  std::size_t received_bytes_ = 0;
  proto::FrameDecoder decoder_{proto::kHandshakeFrameBytesMax};  // in clear, then inside TLS
  proto::Bytes output_;
  std::vector<proto::TraceRecord> traces_;
  std::optional<LoginFailure> failure_;

  std::optional<OwnCertificate> own_;
  std::optional<Negotiate> peer_offer_;
  std::array<proto::Bytes, 2>
      negotiate_frames_;  // of initiator and acceptor, as they went over the wire
  Negotiate::Algorithm algorithm_ = Negotiate::ALGORITHM_NONE;
  std::optional<broker::crypto::TlsChannel> channel_;
  PeerIdentity identity_;
  broker::crypto::Sha256Digest own_fingerprint_{};
  broker::crypto::Sha256Digest peer_fingerprint_{};
  proto::Bytes token_;
};

}  // namespace ssb::wire
