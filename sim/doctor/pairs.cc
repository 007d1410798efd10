// Which service speaks to which: what conversations, bindings and routes of the databases say.
//
//   A conversation and a binding say it for certain. A route alone may be the way back of somebody else's dialogs: it counts where the
//   other service takes a contract, and nothing certain says that it is the other one that begins.
//   Of several services of a database that a binding or a route may be for: those that have conversations with the other one, else
//   those that take no contract and so can only begin, else all.
#include <algorithm>
#include <map>
#include <set>

#include "broker/catalog/kinds.h"
#include "broker/catalog/permissions.h"
#include "broker/conversation/configuration.h"
#include "broker/conversation/message_log.h"
#include "proto/stored.pb.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

// What the conversations of one service with another one say.
struct Spoken {
  bool is_on = false;  // ENCRYPTION of any of them
  std::set<std::string> contracts;
};

struct Database {
  Place place;
  std::vector<const pb::Service*> services{};  // users', by id
  std::map<std::pair<std::int32_t, std::string>, Spoken>
      spoken{};                    // by service here and far service
  std::set<std::string> bound{};   // service names of bindings
  std::set<std::string> routed{};  // service names of routes
};

// The broker itself speaks to it, and it answers: configuration.cc asks about that.
bool is_of_configuration(const std::string& service) {
  return service == routing::kBrokerConfigurationService ||
         service == broker::conversation::kBrokersOwnServiceName;
}

class Pairs {
 public:
  Pairs(const Instances& set, const Question& question) : set_(set), question_(question) {
    for (std::size_t i = 0; i < set.all.size(); ++i) {
      if (set.all[i].instance == nullptr) continue;
      for (const auto& [id, catalog] : set.all[i].instance->databases()) {
        if (id != catalog::kTempdb && id != catalog::kModel) read({i, id}, *catalog);
      }
    }
  }

  std::vector<Pair> find() {
    std::vector<Pair> pairs;
    for (const Database& database : databases_) {
      for (const pb::Service* service : database.services) {
        if (!question_.from_service.empty() && service->name() != question_.from_service) continue;
        for (const std::string& far : partners(database, *service))
          pairs.push_back(make(database, *service, far));
      }
    }
    return pairs;
  }

 private:
  void read(const Place& place, const catalog::Catalog& catalog) {
    Database database{.place = place};
    constexpr std::int32_t kFirstOfUsers = catalog::KindOf<pb::Service>::kFirstId;
    for (const auto& [id, service] : catalog.table<pb::Service>()) {
      if (id >= kFirstOfUsers && !is_of_configuration(service.name()))
        database.services.push_back(&service);
    }
    for (const auto& [id, binding] : catalog.table<pb::RemoteServiceBinding>())
      database.bound.insert(binding.remote_service_name());
    for (const auto& [id, route] : catalog.table<pb::Route>()) {
      // Those of msdb are for what comes over the network.
      if (!route.service_name().empty() && place.database != catalog::kMsdb &&
          !is_of_configuration(route.service_name()))
        database.routed.insert(route.service_name());
    }
    read_conversations(database);
    databases_.push_back(std::move(database));
  }

  void read_conversations(Database& database) const {
    const auto& store = set_.all[database.place.subject].instance->store();
    for (const auto& [key, bytes] :
         store.records(database.place.database, broker::conversation::kConversationTable)) {
      proto::stored::Conversation row;
      if (!row.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) continue;
      // One that never sent anything may be there for its timer or its group alone.
      if (!row.is_initiator() || row.state() == "CD" || row.send_sequence() == 0) continue;
      Spoken& spoken = database.spoken[{row.service(), row.far_service()}];
      spoken.is_on = spoken.is_on || row.encryption();
      spoken.contracts.insert(row.contract_name());
    }
  }

  // The service of that name, in each database that has it.
  [[nodiscard]] std::vector<std::pair<const Database*, const pb::Service*>> places_of(
      const std::string& service) const {
    std::vector<std::pair<const Database*, const pb::Service*>> out;
    for (const Database& database : databases_) {
      for (const pb::Service* one : database.services) {
        if (one->name() == service) out.emplace_back(&database, one);
      }
    }
    return out;
  }

  [[nodiscard]] static bool speaks_to(const Database& database, const pb::Service& service,
                                      const std::string& far) {
    return database.spoken.contains({service.id(), far});
  }

  // Whether what the database says of `far` may be meant for this of its services.
  [[nodiscard]] static bool may_be_for(const Database& database, const pb::Service& service,
                                       const std::string& far) {
    if (speaks_to(database, service, far)) return true;
    const auto any = [&](auto holds) { return std::ranges::any_of(database.services, holds); };
    if (any([&](const pb::Service* one) { return speaks_to(database, *one, far); })) return false;
    if (any([](const pb::Service* one) { return one->contracts().empty(); }))
      return service.contracts().empty();
    return true;
  }

  // A route for a service that nobody has is what is left of somebody.
  [[nodiscard]] bool is_somewhere(const std::string& service) const {
    const bool sees_all = set_.is_whole && std::ranges::all_of(set_.all, [](const Subject& one) {
                            return one.instance != nullptr;
                          });
    return !sees_all || !places_of(service).empty();
  }

  [[nodiscard]] bool is_way_back(const pb::Service& service, const std::string& far) const {
    for (const auto& [database, other] : places_of(far)) {
      const bool is_certain = speaks_to(*database, *other, service.name()) ||
                              (database->bound.contains(service.name()) &&
                               may_be_for(*database, *other, service.name()));
      if (is_certain || other->contracts().empty()) return true;
    }
    return false;
  }

  [[nodiscard]] std::set<std::string> partners(const Database& database,
                                               const pb::Service& service) const {
    std::set<std::string> out;
    const bool is_named = !question_.from_service.empty() && !question_.to_service.empty();
    if (is_named) return {question_.to_service};
    for (const auto& [between, spoken] : database.spoken) {
      if (between.first == service.id()) out.insert(between.second);
    }
    for (const std::string& far : database.bound) {
      if (may_be_for(database, service, far)) out.insert(far);
    }
    for (const std::string& far : database.routed) {
      const bool is_own = std::ranges::any_of(
          database.services, [&](const pb::Service* one) { return one->name() == far; });
      if (!is_own && is_somewhere(far) && may_be_for(database, service, far) &&
          !is_way_back(service, far))
        out.insert(far);
    }
    if (!question_.to_service.empty())
      std::erase_if(out, [&](const std::string& far) { return far != question_.to_service; });
    return out;
  }

  [[nodiscard]] Pair make(const Database& database, const pb::Service& service,
                          const std::string& far) const {
    Pair pair;
    pair.from = database.place;
    pair.sender = &service;
    pair.to_service = far;
    pair.way = follow(set_, pair.from, far, std::nullopt, true);
    if (pair.way.end == Way::End::arrived) {
      pair.to = pair.way.place;
      pair.target = routing::find_service(catalog_of(*pair.to), far);
    } else if (const auto places = places_of(far); !places.empty()) {
      pair.to = places.front().first->place;
      pair.target = places.front().second;
    }
    pair.is_local = pair.to && pair.to->subject == pair.from.subject && pair.way.hops.empty();
    const auto spoken = database.spoken.find({service.id(), far});
    const bool is_known = spoken != database.spoken.end();
    const bool is_named = !question_.from_service.empty() && !question_.to_service.empty();
    pair.is_route_only = !is_named && !is_known && !database.bound.contains(far);
    if (is_known)
      pair.contracts.assign(spoken->second.contracts.begin(), spoken->second.contracts.end());
    if (!question_.contract.empty()) pair.contracts = {question_.contract};
    if (question_.encryption) {
      pair.encryption_on = *question_.encryption != Encryption::off;
    } else if (is_known) {
      pair.encryption_on = spoken->second.is_on;
    } else {
      pair.is_guess = true;
      pair.encryption_on = database.bound.contains(far) || !may_public_send(pair);
    }
    return pair;
  }

  [[nodiscard]] const catalog::Catalog& catalog_of(const Place& place) const {
    return *set_.all[place.subject].instance->database(place.database);
  }

  // A service that lets public SEND is there for dialogs without security, unless a binding says otherwise.
  [[nodiscard]] bool may_public_send(const Pair& pair) const {
    return pair.target != nullptr &&
           catalog::has_permission(catalog_of(*pair.to), catalog::kPublic,
                                   catalog::ObjectClass::service, pair.target->id(), "SEND");
  }

  const Instances& set_;
  const Question& question_;
  std::vector<Database> databases_;
};

}  // namespace

std::vector<Pair> find_pairs(const Instances& set, const Question& question) {
  return Pairs(set, question).find();
}

}  // namespace ssb::sim::doctor
