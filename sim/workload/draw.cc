// Draws the worlds of topology.h.
#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>

#include "sim/workload/topology.h"

namespace ssb::sim::workload {
namespace {

// Certificates begin and end at this hour of a day, stories begin at midnight and go on in days, and clocks differ by other hours.
constexpr int kEdgeHour = 1;
constexpr int kLongAgoHours = -40 * kHoursOfDay;

class Draw {
 public:
  explicit Draw(Random& random) : random_(random) {}

  Plan plan() {
    draw_instances();
    draw_databases();
    const std::size_t pairs = 1 + pick({6, 3, 1});
    for (std::size_t i = 0; i < pairs; ++i) draw_pair(i + 1);
    for (std::size_t i = 0; i < pairs; ++i) {
      const std::size_t faults = pick({2, 6, 2});
      for (std::size_t k = 0; k < faults; ++k) spoil(plan_.dialogs[i]);
    }
    keep_needed_master_keys();
    // Only those that a route brings together get to know each other.
    std::erase_if(world_.acquaintances, [&](const Acquaintance& a) {
      return std::none_of(world_.routes.begin(), world_.routes.end(), [&](const Route& route) {
        const std::size_t here = world_.databases[route.database].instance;
        return (here == a.verifier && route.instance == a.peer) ||
               (here == a.peer && route.instance == a.verifier);
      });
    });
    return std::move(plan_);
  }

 private:
  // An index, each as often as its weight says.
  std::size_t pick(std::initializer_list<unsigned> weights) {
    std::uint64_t sum = 0;
    for (const unsigned weight : weights) sum += weight;
    std::uint64_t at = random_.below(sum);
    std::size_t index = 0;
    for (const unsigned weight : weights) {
      if (at < weight) break;
      at -= weight;
      ++index;
    }
    return index;
  }
  bool chance(double p) { return random_.chance(p); }

  void draw_instances() {
    const std::size_t count = 2 + pick({7, 2, 1});
    for (std::size_t i = 0; i < count; ++i) {
      Instance& instance = world_.instances.emplace_back();
      instance.name = fmt::format("HOST_{}", static_cast<char>('A' + i));
      instance.skew_h = std::array{0, 2, 3}[pick({6, 1, 1})];
      instance.lets_public_connect = chance(0.15);
    }
    const std::size_t transport = pick({7, 2, 1});
    for (Instance& instance : world_.instances) {
      instance.encryption = static_cast<Instance::Encryption>(2 - transport);
      if (transport > 0 && chance(0.5)) instance.encryption = Instance::Encryption::supported;
    }
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        if (a != b) world_.acquaintances.push_back({a, b});
      }
    }
  }

  void draw_databases() {
    for (std::size_t i = 0; i < world_.instances.size(); ++i) {
      const int count = chance(0.2) ? 2 : 1;
      for (int k = 1; k <= count; ++k) {
        Database& database = world_.databases.emplace_back();
        database.name = fmt::format("Db{}{}", static_cast<char>('A' + i), k);
        database.instance = i;
      }
    }
  }

  const std::string& user(std::size_t database, const std::string& name) {
    auto& users = world_.databases[database].users;
    const auto found = std::find(users.begin(), users.end(), name);
    return found == users.end() ? users.emplace_back(name) : *found;
  }

  std::string owner_of_service(std::size_t database, const std::string& name) {
    if (chance(0.15)) return kDbo;
    if (chance(0.2)) {
      for (const Service& other : world_.services) {
        if (other.database == database && !other.owner.empty() && other.owner != kDbo)
          return other.owner;
      }
    }
    return user(database, name);
  }

  std::size_t add_service(std::size_t database, const std::string& kind, std::size_t number) {
    Service& service = world_.services.emplace_back();
    service.name = fmt::format("{}_{}", kind, number);
    service.queue = fmt::format("{}_queue_{}", kind, number);
    service.contract = fmt::format("contract_{}", number);
    service.database = database;
    service.is_target = kind == "target";
    service.owner = owner_of_service(database, fmt::format("{}_owner_{}", kind, number));
    return world_.services.size() - 1;
  }

  void make_certificates(std::size_t database, const std::string& owner) {
    std::size_t count = 1 + pick({6, 3, 1});
    for (const Certificate& certificate : world_.databases[database].certificates)
      count -= certificate.owner == owner && certificate.made_in.empty() && count > 0 ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) make_certificate(database, owner);
  }
  Certificate& make_certificate(std::size_t database, const std::string& owner) {
    const int days = 100 + static_cast<int>(random_.below(600));
    Certificate certificate{.name = fmt::format("cert_{}", ++certificates_),
                            .owner = owner,
                            .start_h = kLongAgoHours + kEdgeHour,
                            .expiry_h = unused_expiry(world_, days * kHoursOfDay + kEdgeHour),
                            .is_active = true,
                            .key = PrivateKey::under_master_key,
                            .made_in = ""};
    return world_.databases[database].certificates.emplace_back(std::move(certificate));
  }
  // Those that an owner made, to another database, where they belong to `far_user`.
  void copy_certificates(std::size_t from, const std::string& owner, std::size_t to,
                         const std::string& far_user) {
    const auto all = world_.databases[from].certificates;
    for (const Certificate& certificate : all) {
      if (certificate.owner != owner || !certificate.made_in.empty()) continue;
      if (world_.certificate(to, certificate.name) != nullptr) continue;
      apply(CopyCertificate{from, to, certificate.name, far_user}, world_);
    }
  }

  void draw_pair(std::size_t number) {
    std::size_t here = random_.below(world_.databases.size());
    std::size_t there = here;
    while (world_.databases[there].instance == world_.databases[here].instance)
      there = random_.below(world_.databases.size());
    Dialog dialog;
    dialog.from = add_service(here, "initiator", number);
    dialog.to = add_service(there, "target", number);
    dialog.wants_encryption = chance(0.7);
    dialog.orders = 1 + static_cast<int>(random_.below(4));
    dialog.receipts = 1 + static_cast<int>(random_.below(3));
    const Service from = world_.services[dialog.from];
    const Service to = world_.services[dialog.to];
    world_.routes.push_back({here, to.name, world_.databases[there].instance});
    world_.routes.push_back({there, from.name, world_.databases[here].instance});
    const std::size_t security = pick({2, 3, 6});  // none, anonymous, full
    std::string sender = "public";
    if (security == 0) {
      dialog.wants_encryption = false;
    } else {
      const std::string proxy = user(here, fmt::format("target_proxy_{}", number));
      make_certificates(there, to.owner);
      copy_certificates(there, to.owner, here, proxy);
      world_.bindings.push_back({here, to.name, proxy, security == 1});
    }
    if (security == 2) {
      sender = user(there, fmt::format("initiator_user_{}", number));
      make_certificates(here, from.owner);
      copy_certificates(here, from.owner, there, sender);
      if (chance(0.2)) sender = "public";
    }
    world_.services[dialog.to].permissions.push_back({Permission::Kind::send, sender});
    plan_.dialogs.push_back(dialog);
  }

  // ---- what may be wrong ----

  void for_each_of(std::size_t database, const std::string& owner,
                   const std::function<void(Certificate&)>& change) {
    for (Certificate& certificate : world_.databases[database].certificates) {
      if (certificate.owner == owner) change(certificate);
    }
  }
  // Dates are the same wherever a certificate is held.
  void set_dates(const std::string& name, int start_h, int expiry_h) {
    for (Database& database : world_.databases) {
      for (Certificate& certificate : database.certificates) {
        if (certificate.name != name) continue;
        certificate.start_h = start_h;
        certificate.expiry_h = expiry_h;
      }
    }
  }
  void spoil_dates(std::size_t database, const std::string& owner) {
    const bool is_expired = chance(0.5);
    std::vector<Certificate> all = world_.databases[database].certificates;
    for (const Certificate& c : all) {
      if (c.owner != owner) continue;
      const int day = kHoursOfDay * static_cast<int>(1 + random_.below(20));
      if (is_expired) {
        set_dates(c.name, c.start_h, unused_expiry(world_, -day + kEdgeHour));
      } else {
        set_dates(c.name, day + kEdgeHour, c.expiry_h);
      }
    }
  }
  // Valid where it is chosen, and not where it is looked up: the two clocks differ.
  void spoil_clocks(const Dialog& dialog) {
    const std::size_t owner = chance(0.5) ? dialog.from : dialog.to;
    const bool is_expired = chance(0.5);
    constexpr int kAheadHours = 3;
    world_.instances[instance_of(dialog.from)].skew_h = is_expired ? 0 : kAheadHours;
    world_.instances[instance_of(dialog.to)].skew_h = is_expired ? kAheadHours : 0;
    const std::vector<Certificate> all = world_.databases[database_of(owner)].certificates;
    for (const Certificate& c : all) {
      if (c.owner != world_.services[owner].owner) continue;
      if (is_expired) {
        set_dates(c.name, c.start_h, kEdgeHour);
      } else {
        set_dates(c.name, kEdgeHour, c.expiry_h);
      }
    }
  }
  std::size_t database_of(std::size_t service) const { return world_.services[service].database; }
  std::size_t instance_of(std::size_t service) const {
    return world_.databases[database_of(service)].instance;
  }
  // Of a certificate that the owner of the service made: its key.
  void spoil_key(std::size_t service, PrivateKey key) {
    for_each_of(database_of(service), world_.services[service].owner, [&](Certificate& c) {
      if (c.made_in.empty()) c.key = key;
    });
  }

  void spoil_binding(Dialog& dialog) {
    const std::size_t here = database_of(dialog.from);
    const std::string& name = world_.services[dialog.to].name;
    for (std::size_t i = 0; i < world_.bindings.size(); ++i) {
      Binding& binding = world_.bindings[i];
      if (binding.database != here || binding.service != name) continue;
      switch (pick({3, 2, 2})) {
        case 0:
          world_.bindings.erase(world_.bindings.begin() + static_cast<std::ptrdiff_t>(i));
          dialog.wants_encryption = chance(0.8);
          break;
        case 1: binding.is_anonymous = !binding.is_anonymous; break;
        default: binding.user = user(here, "stranger"); break;
      }
      return;
    }
    dialog.wants_encryption = true;
  }

  void spoil_signer(const Dialog& dialog) {
    const Service& from = world_.services[dialog.from];
    switch (pick({2, 2, 2, 3, 2})) {
      case 0: spoil_key(dialog.from, PrivateKey::none); break;
      case 1: spoil_key(dialog.from, PrivateKey::under_password); break;
      case 2:
        for_each_of(from.database, from.owner, [](Certificate& c) { c.is_active = false; });
        break;
      case 3: spoil_dates(from.database, from.owner); break;
      default:
        drop_where(from.database, [&](const Certificate& c) { return c.owner == from.owner; });
        break;
    }
  }
  // One more certificate, newer than all others, which is not what the far side knows, or not what counts.
  void add_newer(const Dialog& dialog) {
    const bool is_signer = chance(0.5);
    const std::size_t service = is_signer ? dialog.from : dialog.to;
    const std::size_t database = database_of(service);
    Certificate& newer = make_certificate(database, world_.services[service].owner);
    newer.expiry_h = unused_expiry(world_, 900 * kHoursOfDay + kEdgeHour);
    switch (pick({3, 1, 1, 1, 4})) {
      case 0: break;  // not copied
      case 1: newer.is_active = false; break;
      case 2: newer.key = PrivateKey::under_password; break;
      case 3: newer.start_h = 30 * kHoursOfDay + kEdgeHour; break;
      default: {
        const std::string name = newer.name;
        const std::size_t to = database_of(is_signer ? dialog.to : dialog.from);
        const std::string owner = user(to, "stranger");
        apply(CopyCertificate{database, to, name, owner}, world_);
        break;
      }
    }
  }

  void drop_where(std::size_t database, const std::function<bool(const Certificate&)>& which) {
    for (const Certificate& c : world_.databases[database].certificates) {
      if (!which(c)) continue;
      const bool is_dropped =
          std::any_of(plan_.afterwards.begin(), plan_.afterwards.end(), [&](const Change& change) {
            const auto& drop = std::get<DropCertificate>(change);
            return drop.database == database && drop.name == c.name;
          });
      if (!is_dropped) plan_.afterwards.push_back(DropCertificate{database, c.name});
    }
  }
  // What the receiver holds of the sender, or the sender of the receiver.
  void spoil_copies(const Dialog& dialog) {
    const bool is_at_target = chance(0.7);
    const Service& near = world_.services[is_at_target ? dialog.to : dialog.from];
    const Service& far = world_.services[is_at_target ? dialog.from : dialog.to];
    const std::string& far_database = world_.databases[far.database].name;
    const auto is_copy = [&](const Certificate& c) { return c.made_in == far_database; };
    const auto change_all = [&](const std::function<void(Certificate&)>& change) {
      for (Certificate& c : world_.databases[near.database].certificates) {
        if (is_copy(c)) change(c);
      }
    };
    switch (pick({3, 2, 1, 1, 2})) {
      case 0: drop_where(near.database, is_copy); break;
      case 1: {
        const std::string stranger = user(near.database, "stranger");
        change_all([&](Certificate& c) { c.owner = stranger; });
        break;
      }
      case 2: change_all([](Certificate& c) { c.owner = kDbo; }); break;
      case 3: change_all([&](Certificate& c) { c.owner = near.owner; }); break;
      default: change_all([](Certificate& c) { c.is_active = false; }); break;
    }
  }

  void spoil_target(Dialog& dialog) {
    Service& to = world_.services[dialog.to];
    switch (pick({2, 2, 3, 2, 2, 2, 4, 3})) {
      case 0: spoil_key(dialog.to, PrivateKey::none); break;
      case 1: spoil_key(dialog.to, PrivateKey::under_password); break;
      case 2: spoil_dates(to.database, to.owner); break;
      case 3:
        drop_where(to.database,
                   [&](const Certificate& c) { return c.owner == to.owner && c.made_in.empty(); });
        break;
      case 4: dialog.names_unknown_broker = true; break;
      case 5: to.owner_may_receive = false; break;
      case 6:
        to.contract_is = chance(0.5) ? Service::Contract::not_bound : Service::Contract::unknown;
        break;
      default: {  // certificates of somebody who has nothing to do with the service
        const std::string outsider = user(to.database, "outsider");
        for_each_of(to.database, to.owner, [&](Certificate& c) { c.owner = outsider; });
        if (chance(0.3)) to.permissions.push_back({Permission::Kind::control, outsider});
        break;
      }
    }
  }

  void spoil_permissions(const Dialog& dialog) {
    Service& to = world_.services[dialog.to];
    const std::vector<Permission> before = to.permissions;
    switch (pick({3, 2, 2})) {
      case 0: to.permissions.clear(); break;
      case 1:
        to.permissions = {{Permission::Kind::send, "public"}};
        for (const Permission& p : before) {
          if (p.user != "public") to.permissions.push_back({Permission::Kind::deny_send, p.user});
        }
        break;
      default: to.permissions = {{Permission::Kind::send, user(to.database, "stranger")}}; break;
    }
  }

  void spoil_master_key(const Dialog& dialog) {
    const std::size_t at = database_of(chance(0.5) ? dialog.from : dialog.to);
    world_.databases[at].master_key = MasterKey::absent;
  }
  // Private keys under it cannot be made without it, even those that are taken away again: then it only does not open by itself.
  void keep_needed_master_keys() {
    for (Database& database : world_.databases) {
      const bool is_needed = std::any_of(
          database.certificates.begin(), database.certificates.end(), [](const Certificate& c) {
            return c.made_in.empty() && c.key != PrivateKey::under_password;
          });
      if (is_needed && database.master_key == MasterKey::absent)
        database.master_key = MasterKey::needs_password;
    }
  }

  void spoil_routes(const Dialog& dialog) {
    const bool is_back = chance(0.4);
    const std::size_t at = database_of(is_back ? dialog.to : dialog.from);
    const std::string& name = world_.services[is_back ? dialog.from : dialog.to].name;
    const std::size_t kind = pick({2, 2, 1, 8});
    for (std::size_t i = 0; i < world_.routes.size(); ++i) {
      Route& route = world_.routes[i];
      if (route.database != at || route.service != name) continue;
      if (kind == 2) {
        route.service.front() = static_cast<char>(route.service.front() - 'a' + 'A');
      } else if (kind == 3 && world_.instances.size() > 2 && !is_back) {
        const std::size_t right = route.instance;
        while (route.instance == right || route.instance == world_.databases[at].instance)
          route.instance = random_.below(world_.instances.size());
      } else {
        world_.routes.erase(world_.routes.begin() + static_cast<std::ptrdiff_t>(i));
        if (kind == 1) world_.databases[at].has_default_route = false;
      }
      return;
    }
  }

  void spoil_transport(const Dialog& dialog) {
    const bool is_from = chance(0.5);
    const std::size_t one = instance_of(is_from ? dialog.from : dialog.to);
    const std::size_t other = instance_of(is_from ? dialog.to : dialog.from);
    world_.instances[one].lets_public_connect = false;
    switch (pick({3, 3, 1, 1, 1})) {
      case 0: known(one, other).has_certificate = false; break;
      case 1: known(one, other).may_connect = false; break;
      case 2: world_.instances[one].has_expired_certificate = true; break;
      case 3:
        world_.instances[one].encryption = Instance::Encryption::disabled;
        world_.instances[other].encryption = Instance::Encryption::required;
        break;
      default: world_.instances[one].algorithm = Instance::Algorithm::rc4; break;
    }
  }
  Acquaintance& known(std::size_t verifier, std::size_t peer) {
    return *std::find_if(
        world_.acquaintances.begin(), world_.acquaintances.end(),
        [&](const Acquaintance& a) { return a.verifier == verifier && a.peer == peer; });
  }

  void spoil(Dialog& dialog) {
    switch (pick({3, 4, 3, 4, 7, 3, 2, 4, 3, 3})) {
      case 0: spoil_binding(dialog); break;
      case 1: spoil_signer(dialog); break;
      case 2: add_newer(dialog); break;
      case 3: spoil_copies(dialog); break;
      case 4: spoil_target(dialog); break;
      case 5: spoil_permissions(dialog); break;
      case 6: spoil_master_key(dialog); break;
      case 7: spoil_routes(dialog); break;
      case 8: spoil_transport(dialog); break;
      default: spoil_clocks(dialog); break;
    }
  }

  Random& random_;
  Plan plan_;
  World& world_ = plan_.world;
  int certificates_ = 0;
};

}  // namespace

Plan draw_plan(Random& random) {
  return Draw(random).plan();
}

}  // namespace ssb::sim::workload
