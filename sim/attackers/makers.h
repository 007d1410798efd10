// The attacks of this folder, for the table alone.
#pragma once

#include <memory>

#include "sim/attackers/attack.h"

namespace ssb::sim::attackers {

// replay.cc
[[nodiscard]] std::unique_ptr<HopAttack> make_replay(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<WireAttack> make_replay_of_bytes(Powers& powers,
                                                               const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_reflect(Powers& powers, const Orders& orders);
// drop.cc
[[nodiscard]] std::unique_ptr<HopAttack> make_drop(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_hold(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_reorder(Powers& powers, const Orders& orders);
// flip.cc
[[nodiscard]] std::unique_ptr<HopAttack> make_flip(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_truncate(Powers& powers, const Orders& orders);
// splice.cc
[[nodiscard]] std::unique_ptr<HopAttack> make_strip(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_splice(Powers& powers, const Orders& orders);
// forge.cc, impersonate.cc, eavesdrop.cc
[[nodiscard]] std::unique_ptr<HopAttack> make_forge(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_impersonate(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<PeerAttack> make_impersonate_as_peer(Powers& powers,
                                                                   const Orders& orders);
[[nodiscard]] std::unique_ptr<HopAttack> make_eavesdrop(Powers& powers, const Orders& orders);
// stream.cc, middle.cc
[[nodiscard]] std::unique_ptr<WireAttack> make_tamper(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<WireAttack> make_cut(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<WireAttack> make_portion(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<WireAttack> make_downgrade(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<WireAttack> make_man_in_the_middle(Powers& powers,
                                                                 const Orders& orders);
// rude.cc
[[nodiscard]] std::unique_ptr<PeerAttack> make_garbage(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<PeerAttack> make_slow(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<PeerAttack> make_silent(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<PeerAttack> make_storm(Powers& powers, const Orders& orders);
[[nodiscard]] std::unique_ptr<PeerAttack> make_stranger(Powers& powers, const Orders& orders);

}  // namespace ssb::sim::attackers
