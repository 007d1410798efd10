// Reading: what recorded and passing messages give to whoever has stolen an instance's private keys, or one session key of them.
#include "sim/attackers/knowledge.h"
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

class Eavesdrop : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  void start() override {
    knowledge_.add(powers_.keys_of(powers_.host(orders_.word("keys"))));
    for (const Sighting& sighting : history()) {
      if (is_one_key() && !knowledge_.session_keys().empty()) break;
      if (is_meant(sighting)) knowledge_.learn(sighting.message);
    }
    for (const Sighting& sighting : history()) read(sighting);
  }

  Fate act(Sighting& sighting) override {
    if (!is_one_key()) knowledge_.learn(sighting.message);
    read(sighting);
    return Fate::pass;
  }

  [[nodiscard]] bool is_one_key() const { return orders_.word("scope") == "one_key"; }

  void read(const Sighting& sighting) {
    const auto body = knowledge_.open(sighting.message);
    if (!body || body->empty()) return;
    powers_.learned(*body);
    powers_.applied(1);
  }

  Knowledge knowledge_;
};

}  // namespace

std::unique_ptr<HopAttack> make_eavesdrop(Powers& powers, const Orders& orders) {
  return std::make_unique<Eavesdrop>(powers, orders);
}

}  // namespace ssb::sim::attackers
