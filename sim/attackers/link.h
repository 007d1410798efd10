// The adjacent layer of a peer that is no instance: the handshake of either side, arbitration, and then frames as it likes.
//
//   negotiation in clear -> TLS -> confirmation -> arbitration -> online
//   Source  transport/wire's description of the handshake; none of its code.
#pragma once

#include <optional>
#include <string>

#include "sim/attackers/attack.h"
#include "sim/attackers/tls.h"

namespace ssb::sim::attackers {

inline constexpr std::uint16_t kBrokerPort = 4022;

// The certificate that an instance's endpoint logs in with: of master. A new one that nobody knows where there is none.
[[nodiscard]] Identity login_identity(Powers& powers, Host host);
// An offer as an endpoint with CERTIFICATE and SUPPORTED ALGORITHM AES RC4 makes it.
[[nodiscard]] Fields negotiation(ByteView instance_id);

class Link {
 public:
  Link(Powers& powers, Identity identity);

  void open(Host to, std::uint16_t port = kBrokerPort);  // as initiator
  void accept(WireNumber wire);                          // as acceptor
  void connected(WireNumber wire);
  void received(WireNumber wire, const Bytes& bytes);

  [[nodiscard]] WireNumber wire() const { return wire_; }
  [[nodiscard]] bool is_online() const { return is_online_; }
  // A frame, or what is to pass for one; inside TLS.
  void send(ByteView frame);

 private:
  void receive_negotiation();
  void begin_tls(const Fields& answer);
  void move_on();
  void receive_frame(const Frame& frame);
  [[nodiscard]] Bytes confirmation(std::string_view role) const;
  [[nodiscard]] bool is_arbiter() const;
  void flush();

  Powers& powers_;
  Identity identity_;
  Bytes instance_id_ = random_bytes(16);
  WireNumber wire_ = 0;
  bool is_initiator_ = true;
  Bytes received_;
  Bytes negotiations_[2];  // of initiator and acceptor
  std::string peers_instance_id_;
  std::optional<Tls> tls_;
  bool is_confirmed_ = false;
  bool is_online_ = false;
};

}  // namespace ssb::sim::attackers
