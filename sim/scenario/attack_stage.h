// Puts attackers on their seats in a World, and lends them their powers there.
//
//   Foreseen at the start of a run, so that they have seen what they repeat; at work from the script's `attack` step on. Each draws from a
//   stream of its own: an attacker never shifts what a node draws.
//   Errors  a sentence when a seat cannot be taken: an instance that is not there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/scenario/backend.h"
#include "sim/world.h"

namespace ssb::sim::scenario {

class AttackStage {
 public:
  using Find = std::function<std::optional<HostNumber>(const std::string& node)>;

  AttackStage(World& world, Find find);
  AttackStage(const AttackStage&) = delete;
  AttackStage& operator=(const AttackStage&) = delete;
  ~AttackStage();

  // Told of each private key that an attacker holds, by the SHA-256 of its certificate.
  std::function<void(const proto::Bytes& certificate_sha256)> on_private_key;
  // The attacker begins to listen. The world's hooks for attackers are taken by the first one.
  void foresee(const Attack& attack, const Place& place);
  // The script has come to it. A peer's instance must not run any more.
  [[nodiscard]] Outcome<> begin(const Place& place);
  // "attack.NAME.applied", with a zero for those who have done nothing yet.
  void add_probes(Probes& probes) const;
  // What attackers have read in clear.
  [[nodiscard]] const std::vector<proto::Bytes>& learned() const { return learned_; }

 private:
  class Seat;
  void listen();
  void listen_to_ends();

  World& world_;
  Find find_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<proto::Bytes> learned_;
};

}  // namespace ssb::sim::scenario
