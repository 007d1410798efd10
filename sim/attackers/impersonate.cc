// A forwarder, or a peer, with valid certificates of its own, that begins dialogs it should not: see craft.h for the list.
#include <optional>
#include <utility>

#include "sim/attackers/craft.h"
#include "sim/attackers/link.h"
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

bool is_first_of_initiator(const proto::DialogMessage& message) {
  const Fields header = header_of(message);
  return kind_of(header) == MessageKind::begin && header.number(dialog_header::kFromInitiator) != 0;
}

// The certificate that signs dialogs: one of a database that is not master.
const Identity* signer_of(const std::vector<Identity>& identities) {
  for (const Identity& identity : identities) {
    if (identity.database != "master") return &identity;
  }
  return nullptr;
}

// The target's certificate by its name, or the one that the model's key was encrypted for.
std::optional<Certificate> destination_of(const std::vector<Identity>& certificates,
                                          const std::string& name,
                                          const proto::DialogMessage& model) {
  const Bytes grant = header_of(model)
                          .message(dialog_header::kSecurity)
                          .message(security_part::kFirst)
                          .bytes(first_part::kGrant);
  const Bytes hash = Fields::parse(grant)
                         .value_or(Fields())
                         .message(grant_part::kDestination)
                         .bytes(certificate_name::kSha256);
  for (const Identity& identity : certificates) {
    if (name.empty() ? identity.certificate.hash() == hash : identity.name == name)
      return identity.certificate;
  }
  return std::nullopt;
}

// What both seats have in common.
class Crafter {
 public:
  Crafter(Powers& powers, const Orders& orders) : powers_(powers), orders_(orders) {}

  [[nodiscard]] std::vector<proto::DialogMessage> make(const proto::DialogMessage& model,
                                                       Host owner, Host target) const {
    const std::vector<Identity> identities = powers_.keys_of(owner);
    CraftOrder order;
    order.what = orders_.word("what");
    order.model = model;
    order.source = signer_of(identities);
    order.now = powers_.now();
    order.times = orders_.count("times");
    order.body = orders_.word("body");
    const bool needs_source = order.what != "anonymous" && order.what != "garbage";
    const auto destination =
        destination_of(powers_.certificates_of(target), orders_.word("destination"), model);
    if (!destination || (needs_source && order.source == nullptr)) return {};
    order.destination = *destination;
    return craft(order);
  }

 private:
  Powers& powers_;
  const Orders& orders_;
};

// From what has passed before; or, with `when passing`, from the next first message, which is kept (its sender will repeat it).
class ImpersonateAtHop : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  void start() override {
    if (orders_.word("when") == "passing") return;
    const Sighting* model = nullptr;
    for (const Sighting& sighting : history()) {
      if (is_meant(sighting) && is_first_of_initiator(sighting.message)) model = &sighting;
    }
    if (model != nullptr) send(*model);
  }

  Fate act(Sighting& sighting) override {
    if (orders_.word("when") != "passing" || is_done_ || !is_meant(sighting) ||
        !is_first_of_initiator(sighting.message))
      return Fate::pass;
    is_done_ = true;
    send(sighting);
    return Fate::taken;
  }

  void send(const Sighting& model) {
    const Host owner = orders_.has("keys") ? powers_.host(orders_.word("keys")) : model.from;
    for (proto::DialogMessage& message :
         Crafter(powers_, orders_).make(model.message, owner, model.to)) {
      hand_in({model.from, model.to, std::move(message)});
      powers_.applied(1);
    }
  }

  bool is_done_ = false;
};

class ImpersonateAsPeer : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void see(const Sighting& sighting) override {
    const bool is_own = sighting.from == powers_.host(orders_.node);
    if (is_own && is_first_of_initiator(sighting.message)) model_ = sighting.message;
  }
  void begin() override {
    const Host target = powers_.host(orders_.word("to"));
    if (!model_) return;
    messages_ = Crafter(powers_, orders_).make(*model_, powers_.host(orders_.node), target);
    link_.emplace(powers_, login_identity(powers_, powers_.host(orders_.node)));
    link_->open(target);
  }
  void connected(WireNumber wire) override { link_->connected(wire); }
  void received(WireNumber wire, const Bytes& bytes) override {
    link_->received(wire, bytes);
    if (!link_->is_online() || messages_.empty()) return;
    powers_.applied(messages_.size());
    for (const proto::DialogMessage& message : std::exchange(messages_, {}))
      link_->send(write_data({message}, 0));
  }

 private:
  std::optional<proto::DialogMessage> model_;
  std::vector<proto::DialogMessage> messages_;
  std::optional<Link> link_;
};

}  // namespace

std::unique_ptr<HopAttack> make_impersonate(Powers& powers, const Orders& orders) {
  return std::make_unique<ImpersonateAtHop>(powers, orders);
}
std::unique_ptr<PeerAttack> make_impersonate_as_peer(Powers& powers, const Orders& orders) {
  return std::make_unique<ImpersonateAsPeer>(powers, orders);
}

}  // namespace ssb::sim::attackers
