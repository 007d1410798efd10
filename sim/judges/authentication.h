// What a secured dialog acts on was sent by whom its receiver takes for the sender: the holder of the certificate that it recorded.
//
//   Sees    each message of a secured dialog that changed something (delivered, END, Error, acknowledgement) names the digest of its header
//           and sealed body (broker/conversation/state.h digest_of). The record of its sending at an honest instance must name the same: so
//           conversation, direction, services, brokers, sequence, acknowledgement and body are those that were sent, byte for byte.
//           Each first message that was accepted: the certificates that its receiver recorded are in its database and valid, the
//           destination's private key is there, the sender's user may CONNECT and SEND, the destination's owner has CONTROL of the
//           service; a first reply comes from the user of the binding; the sending instance held the source's private key; and both
//           rows name the same certificates, services and brokers. Asked of catalogs and rows, not of the code that accepted.
//   Peers   an instance that is no node of this world speaks for itself: a conversation under a certificate whose private key no honest
//           instance has is its own affair. One under a certificate that an honest instance holds is not, until an attacker has its
//           private key, too: he then is who it names. Who may SEND is asked all the same.
//   Not     fragments before the last one of a message: the engine makes no record of them (their tags, and the last one's digest, are what
//           there is); two messages made to have one XXH3-128, which no attacker of the simulator tries. What the catalog said when the message was accepted is asked twice, as it arrives and as the record comes: that neither moment
//           allowed it is a finding.
//   Disks   make no difference: a lost record is one of a message that never left.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "proto/envelope.pb.h"
#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Authentication final : public Judge {
 public:
  static constexpr std::size_t kSentMax = 200'000;

  explicit Authentication(const Inside& inside) : Judge(inside, "authentication") {}

  [[nodiscard]] std::string_view statement() const override {
    return "what a secured dialog acts on was sent, byte for byte, by the holder of the "
           "certificate that was recorded";
  }
  void traced(Host host, const proto::TraceRecord& record) override;
  void passed_hop(Host host, const broker::MessageArrived& arrived) override;
  void disclosed(const broker::crypto::Sha256Digest& certificate) override;

 private:
  using Digest = broker::crypto::Sha256Digest;
  struct Sent {
    Host host = 0;
    Direction direction;
    std::string from_service;
    std::string to_service;
  };
  // The certificates of a first message.
  struct Pair {
    std::optional<Digest> source;  // none in anonymous security
    Digest destination{};
  };
  // What one side knows of the other.
  struct Peer {
    bool is_secured = false;
    bool is_judged = false;
    std::optional<Pair> first = {};  // of the first message that it accepted from there
  };

  void sent(Host host, const proto::TraceRecord& record);
  void accepted(Host host, const proto::TraceRecord& record);
  void confirmed_identity(Host host, const proto::TraceRecord& record, bool is_reply);
  void check_agreement(Host host, const proto::TraceRecord& record, const Pair& pair,
                       bool is_reply);
  // Whether what this side takes from the other one must be from an instance of this world.
  [[nodiscard]] bool is_judged(const EndpointPlace& place, bool is_initiator, Peer& peer);
  // Why these certificates should not have been accepted; empty: they may be.
  [[nodiscard]] std::string objection(Host host, const std::string& database,
                                      const std::string& service, const Pair& pair,
                                      std::optional<std::int32_t> binding_user) const;
  // Whether somebody else may hold the session keys of this side's conversation.
  [[nodiscard]] bool is_disclosed(const EndpointPlace& place, const Peer& peer) const;
  [[nodiscard]] bool is_disclosed(const Pair& pair) const;
  [[nodiscard]] bool is_held_by_an_instance(const Digest& certificate);

  std::map<std::string, Sent> sent_;  // by digest of the message
  std::deque<std::string> sent_order_;
  bool has_forgotten_ = false;
  std::map<Direction, std::set<Digest>> held_;  // private keys where the first message was sealed
  std::map<Direction, EndpointPlace> places_;   // true: of the initiator
  std::map<EndpointPlace, Peer> peers_;
  std::set<Digest> honest_keys_;
  std::set<Digest> disclosed_;  // of certificates whose private keys attackers have
  std::set<std::pair<Host, Direction>> allowed_on_arrival_;
};

}  // namespace ssb::sim::judges
