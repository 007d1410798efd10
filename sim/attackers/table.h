// Every attack by its name: what it does, where it may sit, which entries of the catalogue it is for, and its parameters.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sim/attackers/attack.h"

namespace ssb::sim::attackers {

struct ParameterForm {
  enum class Kind { choice, count, duration, node, text };
  enum class Seats { all, hop, peer };  // where it means something
  std::string_view name;
  Kind kind = Kind::choice;
  std::string_view standard;  // the value without one; durations in microseconds
  std::string_view choices;   // of Kind::choice: "any begin sequenced"
  Seats seats = Seats::all;
  bool is_required = false;
};

template <typename Seat>
using Maker = std::unique_ptr<Seat> (*)(Powers& powers, const Orders& orders);

struct AttackForm {
  std::string_view name;
  std::string_view entries;  // of the catalogue
  std::string_view what;     // one line
  std::vector<ParameterForm> parameters;
  // The seats that it may have; at least one.
  Maker<HopAttack> at_hop = nullptr;
  Maker<WireAttack> at_wire = nullptr;
  Maker<PeerAttack> as_peer = nullptr;
};

[[nodiscard]] const std::vector<AttackForm>& attacks();
[[nodiscard]] const AttackForm* find_attack(std::string_view name);

}  // namespace ssb::sim::attackers
