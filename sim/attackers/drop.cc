// What a forwarder can do without any key: keep messages, hold them back, change their order.
#include <algorithm>
#include <utility>

#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

constexpr proto::Duration kReorderTime = std::chrono::milliseconds(20);

class Drop : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  Fate act(Sighting& sighting) override {
    const std::uint64_t most = orders_.count("times");
    if (!is_meant(sighting) || (most != 0 && dropped_ >= most)) return Fate::pass;
    const Fields header = header_of(sighting.message);
    if (orders_.has("sequence") &&
        header.number(dialog_header::kSequence) != orders_.count("sequence"))
      return Fate::pass;
    ++dropped_;
    powers_.applied(1);
    return Fate::taken;
  }

  std::uint64_t dropped_ = 0;
};

class Hold : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  Fate act(Sighting& sighting) override {
    if (!is_meant(sighting)) return Fate::pass;
    powers_.after(orders_.duration("for"), [this, sighting] {
      hand_in(sighting);
      powers_.applied(1);
    });
    return Fate::taken;
  }
};

// Collects so many, or what comes within a moment, and hands them in from the last to the first.
class Reorder : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  Fate act(Sighting& sighting) override {
    if (!is_meant(sighting)) return Fate::pass;
    if (held_.empty()) powers_.after(kReorderTime, [this] { let_go(); });
    held_.push_back(sighting);
    if (held_.size() >= orders_.count("count")) let_go();
    return Fate::taken;
  }

  void let_go() {
    std::vector<Sighting> held = std::exchange(held_, {});
    std::reverse(held.begin(), held.end());
    for (const Sighting& sighting : held) hand_in(sighting);
    if (held.size() > 1) powers_.applied(held.size());
  }

  std::vector<Sighting> held_;
};

}  // namespace

std::unique_ptr<HopAttack> make_drop(Powers& powers, const Orders& orders) {
  return std::make_unique<Drop>(powers, orders);
}
std::unique_ptr<HopAttack> make_hold(Powers& powers, const Orders& orders) {
  return std::make_unique<Hold>(powers, orders);
}
std::unique_ptr<HopAttack> make_reorder(Powers& powers, const Orders& orders) {
  return std::make_unique<Reorder>(powers, orders);
}

}  // namespace ssb::sim::attackers
