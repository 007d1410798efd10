// No message key seals two messages with one nonce, and no session key serves two conversations or, in full security, two directions.
//
//   Sees    each seal of an honest instance, by the record of its sending: its incarnation id and counter. The counter is one for all
//           keys of an opening of a database, so it must grow from record to record, and an incarnation id must not come back: not at
//           another database, nor after a restart. This says more than the property, and needs one number for each incarnation.
//           Of the first kOpenedOfAKey messages of each session key and direction, as they arrive at a hop: whether the message key
//           follows from session key, conversation, direction and incarnation as proto/PROTOCOL.md says. The judge takes the session key
//           from the sender's store and derives by itself.
//   Not     From sealed messages alone an outside observer could decide little: two different messages with the same ids and the same
//           nonce are a nonce used twice or one message and its alteration by whoever is in between, and without the key nobody can tell;
//           and which message key a message has does not show at all. So records of the sealing side, and for the derivation the session
//           key, take part. Seals that a crash kept from leaving were never seen by anybody and do not count.
//           Instances that are no nodes of this world (attackers) may use their own nonces as they like.
//   Disks   make no difference: incarnation ids are not stored.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Nonces final : public Judge {
 public:
  static constexpr int kOpenedOfAKey = 2;
  static constexpr std::size_t kExpectedMax = 4096;  // seals on their way to a hop

  explicit Nonces(const Inside& inside) : Judge(inside, "nonces") {}

  [[nodiscard]] std::string_view statement() const override {
    return "no (message key, nonce) seals twice; no session key serves two conversations or, in "
           "full security, two directions";
  }
  void started(Host host) override { ++starts_[host]; }
  void traced(Host host, const proto::TraceRecord& record) override;
  void came_to_hop(Host host, const broker::MessageArrived& arrived) override;

 private:
  struct Incarnation {
    std::tuple<Host, int, std::string> opening;  // start of the host, database
    std::uint64_t next = 0;
    bool is_judged = true;
  };
  struct KeyUse {
    std::string conversation;
    // Who sealed sequenced messages with it in full security: initiator, target.
    bool by_initiator = false;
    bool by_target = false;
    bool is_judged = true;
  };
  using Seal = std::pair<std::string, std::uint64_t>;  // incarnation, counter
  struct Expected {
    EndpointPlace sender;
    std::string session_key;
  };

  void check_nonce(Host host, const proto::TraceRecord& record);
  void check_session_key(Host host, const proto::TraceRecord& record);
  void expect(Host host, const proto::TraceRecord& record);
  void made(Host host, const proto::TraceRecord& record);

  std::map<Host, int> starts_;
  std::map<std::string, Incarnation> incarnations_;
  std::map<std::string, KeyUse> session_keys_;
  std::map<std::tuple<std::string, bool>, int> opened_;  // by session key and direction
  std::map<Direction, EndpointPlace> places_;            // true: of the initiator
  std::map<Seal, Expected> expected_;
  std::deque<Seal> expected_order_;
};

}  // namespace ssb::sim::judges
