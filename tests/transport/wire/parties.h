// Two sides of a login joined back to back, without sockets, catalogs or clocks.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "broker/crypto/x509.h"
#include "proto/error_code.h"
#include "transport/wire/handshake.h"

namespace ssb::wire::test {

inline constexpr proto::TimePoint kStart =
    proto::from_unix_us(1'227'690'000'000'000);  // 2008-11-26 09:00

// Keys cost time: each program makes three.
inline const broker::crypto::RsaPrivateKey& key(std::size_t index) {
  static const std::array<broker::crypto::RsaPrivateKey, 3> keys{
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048),
      broker::crypto::RsaPrivateKey::generate(2048)};
  return keys.at(index);
}

inline broker::crypto::X509Certificate certificate(std::string subject, std::size_t key_index,
                                                   int from_day = -1, int to_day = 365) {
  const auto day = std::chrono::hours(24);
  return broker::crypto::X509Certificate::make_self_signed(
      {std::move(subject), kStart + from_day * day, kStart + to_day * day}, key(key_index));
}

// What master would answer: own certificate, and peers by the hash of their certificate.
struct TableAuthority : Authority {
  proto::Result<OwnCertificate> own;
  std::map<broker::crypto::Sha256Digest, proto::Result<PeerIdentity>> peers;

  explicit TableAuthority(OwnCertificate certificate) : own(std::move(certificate)) {}
  proto::Result<OwnCertificate> own_certificate(proto::TimePoint, Findings&) const override {
    return own;
  }
  proto::Result<PeerIdentity> identify(const broker::crypto::X509Certificate& peer,
                                       proto::TimePoint, Findings&) const override {
    const auto found = peers.find(peer.fingerprint());
    if (found != peers.end()) return found->second;
    return proto::Error(proto::ErrorCode::peer_certificate_invalid, "Certificate not found", "89")
        .with_state(kStatePeerCertificate);
  }
};

inline Negotiate offer(std::string name, const std::vector<Negotiate::Authentication>& methods,
                       Negotiate::Requirement requirement,
                       const std::vector<Negotiate::Algorithm>& algorithms) {
  Negotiate made;
  made.set_version(kProtocolVersion);
  made.set_instance_name(name);
  made.set_instance_id(std::string(16, name.back()));
  made.set_kind(Negotiate::SERVICE_BROKER);
  for (const auto method : methods) made.add_authentication(method);
  made.set_encryption(requirement);
  if (requirement != Negotiate::DISABLED) {
    for (const auto algorithm : algorithms) made.add_algorithms(algorithm);
  }
  return made;
}

inline Negotiate aes_offer(std::string name) {
  return offer(std::move(name), {Negotiate::CERTIFICATE}, Negotiate::REQUIRED, {Negotiate::AES});
}

// An initiator and an acceptor; `pump` carries bytes until both are silent, through `tamper` when it is set.
struct Parties {
  TableAuthority initiator_authority{
      OwnCertificate{"HOST_A_cert", certificate("HOST_A", 0), key(0)}};
  TableAuthority acceptor_authority{
      OwnCertificate{"HOST_B_cert", certificate("HOST_B", 1), key(1)}};
  Negotiate initiator_offer = aes_offer("HOST_A");
  Negotiate acceptor_offer = aes_offer("HOST_B");
  bool acceptor_is_disabled = false;
  std::optional<Handshake> initiator;
  std::optional<Handshake> acceptor;
  std::function<void(bool from_initiator, proto::Bytes&)> tamper = [](bool, proto::Bytes&) {};

  Parties() {
    initiator_authority.peers.insert_or_assign(acceptor_authority.own->certificate.fingerprint(),
                                               PeerIdentity{256, "HOST_B_cert", "HOST_B_login"});
    acceptor_authority.peers.insert_or_assign(initiator_authority.own->certificate.fingerprint(),
                                              PeerIdentity{257, "HOST_A_cert", "HOST_A_login"});
  }

  void begin() {
    initiator.emplace(Handshake::Role::initiator, initiator_offer, initiator_authority, false,
                      kStart);
    acceptor.emplace(Handshake::Role::acceptor, acceptor_offer, acceptor_authority,
                     acceptor_is_disabled, kStart);
    initiator->start(kStart);
  }
  // False once neither has anything to say.
  bool exchange() {
    bool moved = false;
    for (const bool from_initiator : {true, false}) {
      Handshake& from = from_initiator ? *initiator : *acceptor;
      Handshake& to = from_initiator ? *acceptor : *initiator;
      proto::Bytes bytes = from.take_output();
      const bool ended = from.phase() == Handshake::Phase::failed;
      if (!bytes.empty()) {
        moved = true;
        tamper(from_initiator, bytes);
        to.receive(bytes, kStart);
      }
      if (ended && !to.is_over()) {
        to.peer_closed("", kStart);
        moved = true;
      }
    }
    return moved;
  }
  void run() {
    begin();
    while (exchange()) {
    }
  }
};

}  // namespace ssb::wire::test
