#include "sim/scenario/attack_stage.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "broker/keys/key_hierarchy.h"
#include "proto/check.h"
#include "sim/attackers/table.h"

namespace ssb::sim::scenario {
namespace {

using attackers::Bytes;
using attackers::Host;
using attackers::WireNumber;

attackers::Orders orders_of(const Attack& attack) {
  attackers::Orders orders{.node = attack.node, .other = attack.other, .parameters = {}};
  for (const Attack::Parameter& parameter : attack.parameters)
    orders.parameters[parameter.name] = parameter.value;
  return orders;
}

// The certificates of an instance; with private keys only those that its master keys open.
std::vector<attackers::Identity> identities_of(broker::catalog::Instance& instance,
                                               bool with_keys) {
  std::vector<attackers::Identity> out;
  for (const auto& [database, catalog] : instance.databases()) {
    for (const auto& [id, row] : catalog->table<broker::catalog::pb::Certificate>()) {
      attackers::Identity identity;
      identity.database = instance.info(database).name();
      identity.name = row.name();
      auto certificate = attackers::Certificate::parse(proto::as_bytes(row.der()));
      if (!certificate) continue;
      identity.certificate = std::move(*certificate);
      if (with_keys) {
        const auto key = broker::keys::private_key(instance, database, row);
        if (!key) continue;
        auto own = attackers::Rsa::from_pkcs8(key->to_pkcs8().view());
        if (!own) continue;
        identity.key = std::move(*own);
      }
      out.push_back(std::move(identity));
    }
  }
  return out;
}

}  // namespace

// One attacker with its powers.
class AttackStage::Seat : public attackers::Powers {
 public:
  Seat(AttackStage& stage, Attack attack, Place place)
      : stage_(stage),
        attack_(std::move(attack)),
        place_(std::move(place)),
        random_(stage.world_.split_randomness(fmt::format("attacker {}", stage.seats_.size()))) {
    const attackers::AttackForm* form = attackers::find_attack(attack_.name);
    SSB_CHECK(form != nullptr);
    const attackers::Orders orders = orders_of(attack_);
    work([&] {
      if (attack_.seat == Attack::Seat::hop) hop_ = form->at_hop(*this, orders);
      if (attack_.seat == Attack::Seat::wire) wire_ = form->at_wire(*this, orders);
      if (attack_.seat == Attack::Seat::peer) peer_ = form->as_peer(*this, orders);
    });
  }

  [[nodiscard]] const Attack& attack() const { return attack_; }
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] std::uint64_t times_applied() const { return applied_; }

  Outcome<> begin() {
    for (const std::string& node : {attack_.node, attack_.other}) {
      if (!node.empty() && !stage_.find_(node))
        return Reason{.text = fmt::format("there is no instance {}", node)};
    }
    work([&] {
      if (hop_) hop_->begin();
      if (wire_) wire_->begin();
      if (peer_) take_over();
    });
    return {};
  }

  // ---- what the world shows ----
  [[nodiscard]] bool is_between(HostNumber one, HostNumber other) const {
    const auto node = stage_.find_(attack_.node);
    const auto peer = stage_.find_(attack_.other);
    if (attack_.seat == Attack::Seat::peer) return node == one || node == other;
    return (node == one && peer == other) || (node == other && peer == one);
  }
  // True: taken away. A message that was changed is handed in as if it had come so.
  bool see(HostNumber from, HostNumber to, const broker::MessageArrived& arrived) {
    attackers::Sighting sighting{from, to, arrived.message};
    if (peer_) {
      work([&] { peer_->see(sighting); });
      return false;
    }
    if (!hop_) return false;
    attackers::Fate fate = attackers::Fate::pass;
    work([&] { fate = hop_->see(sighting); });
    if (fate == attackers::Fate::taken) return true;
    if (sighting.message.header == arrived.message.header &&
        sighting.message.body == arrived.message.body)
      return false;
    stage_.world_.hand_over(to, {std::move(sighting.message), arrived.from_address});
    return true;
  }
  bool tap(const Network::Tapped& where, bool to_acceptor, const Bytes& bytes) {
    if (!wire_) return false;
    work([&] {
      if (opened_.insert(where.connection).second)
        wire_->opened(where.connection, where.opener, where.acceptor);
      wire_->bytes(where.connection, to_acceptor, bytes);
    });
    return true;
  }

  void closing(const Network::Tapped& where, bool to_acceptor) {
    if (wire_) work([&] { wire_->closing(where.connection, to_acceptor); });
  }

  // ---- powers ----
  [[nodiscard]] proto::TimePoint now() const override { return stage_.world_.now(); }
  void after(proto::Duration delay, std::function<void()> task) override {
    stage_.world_.after(delay, [this, task = std::move(task)] { work(task); });
  }
  void applied(std::uint64_t times) override { applied_ += times; }
  void learned(const Bytes& body) override { stage_.learned_.push_back(body); }
  [[nodiscard]] Host host(const std::string& name) const override {
    const auto found = stage_.find_(name);
    SSB_CHECK(found);  // the script's parser knows all of its names
    return *found;
  }
  [[nodiscard]] std::vector<attackers::Identity> keys_of(Host host) override {
    const auto kept = kept_keys_.find(host);
    auto identities = kept != kept_keys_.end() ? kept->second : read_identities(host, true);
    for (const attackers::Identity& identity : identities) {
      if (stage_.on_private_key) stage_.on_private_key(identity.certificate.hash());
    }
    return identities;
  }
  [[nodiscard]] std::vector<attackers::Identity> certificates_of(Host host) override {
    return read_identities(host, false);
  }
  void hand_in(Host from, Host to, proto::DialogMessage message) override {
    stage_.world_.hand_over(
        to, {std::move(message), fmt::format("{}:4022", Network::address_of(from))});
  }
  void send(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    stage_.world_.network().inject(wire, to_acceptor, std::move(bytes));
  }
  void sever(WireNumber wire) override { stage_.world_.network().sever(wire); }
  [[nodiscard]] WireNumber connect(Host to, std::uint16_t port) override {
    const WireNumber id = stage_.world_.next_connection(own_host());
    stage_.world_.network().connect(own_host(), id, to, stage_.world_.name(to), port);
    return id;
  }
  void listen(std::uint16_t port) override {
    stage_.world_.network().listen(
        own_host(), {.kind = wire::EndpointKind::service_broker, .ip_address = {}, .port = port});
  }
  void write(WireNumber wire, Bytes bytes) override {
    stage_.world_.network().write(own_host(), wire, std::move(bytes));
  }
  void close(WireNumber wire) override { stage_.world_.network().close(own_host(), wire); }

  // What the instance that gives its place up has, before it goes down.
  void remember_keys() {
    const HostNumber host = own_host();
    if (!peer_ || !stage_.world_.is_running(host)) return;
    kept_keys_[host] = read_identities(host, true);
  }

 private:
  template <typename Work>
  void work(const Work& task) {
    stage_.world_.with_randomness(random_, [&] { task(); });
  }
  // An instance that is down shows nothing.
  [[nodiscard]] std::vector<attackers::Identity> read_identities(Host host, bool with_keys) const {
    if (!stage_.world_.is_running(host)) return {};
    return identities_of(stage_.world_.server(host).node().instance(), with_keys);
  }
  [[nodiscard]] HostNumber own_host() const { return host(attack_.node); }

  void take_over() {
    kept_keys_.try_emplace(own_host());  // an attacker without an instance has none
    stage_.world_.take_over(own_host(), [this](const wire::Input& input) {
      work([&] {
        if (const auto* it = std::get_if<wire::Accepted>(&input)) peer_->accepted(it->connection);
        if (const auto* it = std::get_if<wire::Connected>(&input)) peer_->connected(it->connection);
        if (const auto* it = std::get_if<wire::Received>(&input))
          peer_->received(it->connection, it->bytes);
        if (const auto* it = std::get_if<wire::Closed>(&input)) peer_->closed(it->connection);
        if (const auto* it = std::get_if<wire::ConnectFailed>(&input))
          peer_->closed(it->connection);
      });
    });
    peer_->begin();
  }

  AttackStage& stage_;
  Attack attack_;
  Place place_;
  Random random_;
  std::uint64_t applied_ = 0;
  std::set<WireNumber> opened_;
  std::map<Host, std::vector<attackers::Identity>> kept_keys_;
  std::unique_ptr<attackers::HopAttack> hop_;
  std::unique_ptr<attackers::WireAttack> wire_;
  std::unique_ptr<attackers::PeerAttack> peer_;
};

AttackStage::AttackStage(World& world, Find find) : world_(world), find_(std::move(find)) {}
AttackStage::~AttackStage() = default;

void AttackStage::listen() {
  world_.on_hop = [this](HostNumber from, HostNumber to, const broker::MessageArrived& arrived) {
    for (const auto& seat : seats_) {
      if (seat->is_between(from, to) && seat->see(from, to, arrived)) return true;
    }
    return false;
  };
  world_.network().tap = [this](const Network::Tapped& where, bool to_acceptor,
                                const Bytes& bytes) {
    for (const auto& seat : seats_) {
      if (seat->is_between(where.opener, where.acceptor) && seat->tap(where, to_acceptor, bytes))
        return true;
    }
    return false;
  };
}

void AttackStage::listen_to_ends() {
  world_.network().tap_closing = [this](const Network::Tapped& where, bool to_acceptor) {
    for (const auto& seat : seats_) {
      if (seat->is_between(where.opener, where.acceptor)) seat->closing(where, to_acceptor);
    }
  };
}

void AttackStage::foresee(const Attack& attack, const Place& place) {
  if (seats_.empty()) {
    listen();
    listen_to_ends();
  }
  seats_.push_back(std::make_unique<Seat>(*this, attack, place));
}

Outcome<> AttackStage::begin(const Place& place) {
  for (const auto& seat : seats_) {
    if (!(seat->place() == place)) continue;
    if (seat->attack().seat == Attack::Seat::peer) {
      const auto host = find_(seat->attack().node);
      seat->remember_keys();
      if (host && world_.is_running(*host)) world_.stop(*host);
    }
    return seat->begin();
  }
  return Reason{.text = "nobody has foreseen this attack"};
}

void AttackStage::add_probes(Probes& probes) const {
  for (const auto& seat : seats_)
    probes[fmt::format("attack.{}.applied", seat->attack().name)] += seat->times_applied();
}

}  // namespace ssb::sim::scenario
