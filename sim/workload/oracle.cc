#include "sim/workload/oracle.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace ssb::sim::workload {
namespace {

// Event classes, service-broker.md 3.7.
constexpr int kErrorLog = 22;
constexpr int kClassify = 141;
constexpr int kAuditConversation = 158;
constexpr int kAuditLogin = 159;
constexpr int kUndeliverable = 160;
constexpr int kDelayed = 3;             // subclass of 141
constexpr int kNoCertificate = 2;       // subclass of 158
constexpr int kRunAsTargetFailure = 4;  // subclass of 158
constexpr int kNegotiateFailure = 4;    // subclass of 159
constexpr int kStateAlgorithms = 22;    // 3.4
constexpr int kStateNoConnect = 84;
constexpr int kStatePeerCertificate = 89;

using Status = Forecast::Status;

Forecast open_case(std::string why) {
  Forecast forecast;
  forecast.branch = Branch::open;
  forecast.status = Status::unchecked;
  forecast.why = "left open: " + std::move(why);
  return forecast;
}

Forecast waits(Branch branch, int number, std::string why) {
  Forecast forecast;
  forecast.branch = branch;
  forecast.status = Status::number;
  forecast.number = number;
  forecast.why = fmt::format("{} at the sender: {}", number, why);
  return forecast;
}

Forecast dropped(Branch branch, std::vector<ExpectedEvent> events, std::string why) {
  Forecast forecast;
  forecast.branch = branch;
  forecast.status = Status::empty;
  forecast.events = std::move(events);
  forecast.why = "no answer: " + std::move(why);
  return forecast;
}

// ---- 2.2: which certificate ----

enum class Unfit { none_owned, no_key, password, not_active, not_yet, expired };
struct Choice {
  const Certificate* certificate = nullptr;
  std::optional<Unfit> unfit;  // why there is none, when all candidates agree
  bool is_open = false;
};

std::vector<Unfit> faults_of(const Certificate& certificate, bool is_to_sign, int now_h) {
  std::vector<Unfit> faults;
  if (is_to_sign && certificate.key == PrivateKey::none) faults.push_back(Unfit::no_key);
  if (is_to_sign && certificate.key == PrivateKey::under_password)
    faults.push_back(Unfit::password);
  if (!certificate.is_active) faults.push_back(Unfit::not_active);
  if (now_h < certificate.start_h) faults.push_back(Unfit::not_yet);
  if (now_h > certificate.expiry_h) faults.push_back(Unfit::expired);
  return faults;
}

Choice choose(const Database& database, const std::string& owner, bool is_to_sign, int now_h) {
  Choice choice;
  std::set<Unfit> reasons;
  bool is_mixed = false;
  for (const Certificate& candidate : database.certificates) {
    if (candidate.owner != owner) continue;
    const std::vector<Unfit> faults = faults_of(candidate, is_to_sign, now_h);
    if (faults.empty()) {
      if (choice.certificate != nullptr && choice.certificate->expiry_h == candidate.expiry_h)
        choice.is_open = true;
      if (choice.certificate == nullptr || candidate.expiry_h > choice.certificate->expiry_h)
        choice.certificate = &candidate;
      continue;
    }
    is_mixed = is_mixed || faults.size() > 1;
    reasons.insert(faults.begin(), faults.end());
  }
  if (choice.certificate != nullptr) return choice;
  if (reasons.empty()) {
    choice.unfit = Unfit::none_owned;
  } else if (reasons.size() == 1 && !is_mixed) {
    choice.unfit = *reasons.begin();
  } else {
    choice.is_open = true;
  }
  return choice;
}

struct Failure {
  Branch branch;
  int number;
};
Failure failure_of(Unfit unfit, bool is_to_sign) {
  switch (unfit) {
    case Unfit::none_owned:
      return {is_to_sign ? Branch::sender_has_no_certificate : Branch::binding_user_has_none, 9731};
    case Unfit::no_key: return {Branch::sender_key_is_absent, 9733};
    case Unfit::password: return {Branch::sender_key_under_password, 9737};
    case Unfit::not_active:
      return {is_to_sign ? Branch::sender_not_active : Branch::binding_user_not_active, 9767};
    case Unfit::not_yet:
      return {is_to_sign ? Branch::sender_not_yet_valid : Branch::binding_user_not_yet_valid,
              28024};
    case Unfit::expired:
      return {is_to_sign ? Branch::sender_expired : Branch::binding_user_expired, 28025};
  }
  return {Branch::open, 0};
}

// What the sender needs for a first message: nothing is wrong, or why it waits.
struct Keys {
  const Certificate* sign = nullptr;  // none in anonymous security
  const Certificate* encrypt = nullptr;
  std::optional<Forecast> problem;
};
Keys sender_keys(const Database& database, const std::string& signer, const std::string& far_user,
                 bool is_signed, int now_h) {
  Keys keys;
  std::vector<Forecast> problems;
  const auto take = [&](const std::string& owner, bool is_to_sign, const Certificate*& out) {
    const Choice choice = choose(database, owner, is_to_sign, now_h);
    out = choice.certificate;
    if (choice.is_open) {
      problems.push_back(open_case("which candidate of " + owner + " decides"));
    } else if (choice.unfit) {
      const Failure failure = failure_of(*choice.unfit, is_to_sign);
      problems.push_back(waits(failure.branch, failure.number,
                               fmt::format("{} has no certificate to {}", owner,
                                           is_to_sign ? "sign with" : "encrypt for")));
    }
  };
  take(far_user, false, keys.encrypt);
  if (is_signed) take(signer, true, keys.sign);
  if (database.master_key != MasterKey::opens_by_itself) {
    problems.push_back(waits(Branch::sender_master_key, 28050,
                             "the master key of " + database.name + " does not open by itself"));
  }
  if (problems.size() > 1) {
    keys.problem = open_case("which of two reasons is told first");
  } else if (!problems.empty()) {
    keys.problem = std::move(problems.front());
  }
  return keys;
}

// ---- 1.7 and 3: on the way ----

const Route* only_route(const World& world, std::size_t database, const std::string& service,
                        bool& is_open) {
  const Route* found = nullptr;
  for (const Route& route : world.routes) {
    if (route.database != database || route.service != service) continue;  // byte for byte
    is_open = is_open || found != nullptr;
    found = &route;
  }
  return found;
}

std::optional<Forecast> negotiation(const World& world, std::size_t from, std::size_t to) {
  using Encryption = Instance::Encryption;
  const Instance& a = world.instances[from];
  const Instance& b = world.instances[to];
  const bool has_clear =
      a.encryption == Encryption::disabled || b.encryption == Encryption::disabled;
  const bool has_required =
      a.encryption == Encryption::required || b.encryption == Encryption::required;
  if (has_clear && !has_required) return std::nullopt;
  if (!has_clear && a.algorithm == b.algorithm) return std::nullopt;
  if (!has_clear && !has_required)
    return open_case("two algorithms, and both sides could do without");
  Forecast forecast =
      waits(Branch::transport_negotiation, 28027, "the endpoints agree on no encryption");
  for (const std::size_t node : {from, to})
    forecast.later_events.push_back(
        {node, kAuditLogin, kNegotiateFailure, 28027, kStateAlgorithms});
  return forecast;
}

// Whether the two instances can connect; both ask the same of each other (3.3).
std::optional<Forecast> connection_problem(const World& world, std::size_t from, std::size_t to) {
  if (from == to) return open_case("dialogs inside of one instance");
  if (world.instances[from].has_expired_certificate ||
      world.instances[to].has_expired_certificate) {
    Forecast forecast;
    forecast.branch = Branch::transport_expired;
    forecast.status = Status::any;
    forecast.why = "the certificate of an endpoint has expired";
    return forecast;
  }
  if (auto problem = negotiation(world, from, to)) return problem;
  std::vector<Forecast> problems;
  for (const auto& [verifier, peer] : {std::pair(from, to), std::pair(to, from)}) {
    const Acquaintance* known = world.acquaintance(verifier, peer);
    if (known == nullptr) return open_case("instances that were never introduced");
    if (world.instances[verifier].lets_public_connect ||
        (known->has_certificate && known->may_connect))
      continue;
    const bool is_sender = verifier == from;
    const int number = known->has_certificate ? 28034 : 28035;
    const int state = known->has_certificate ? kStateNoConnect : kStatePeerCertificate;
    const Branch branch = known->has_certificate
                              ? (is_sender ? Branch::transport_no_connect_at_sender
                                           : Branch::transport_no_connect_at_target)
                              : (is_sender ? Branch::transport_unknown_peer_at_sender
                                           : Branch::transport_unknown_peer_at_target);
    Forecast forecast =
        waits(branch, number,
              fmt::format("{} refuses the connection with {}", world.instances[verifier].name,
                          world.instances[peer].name));
    if (!is_sender) {
      forecast.status = Status::any;
      forecast.why = fmt::format("{} at the receiver, which refuses the connection", number);
    }
    forecast.later_events.push_back({verifier, kAuditLogin, std::nullopt, number, state});
    problems.push_back(std::move(forecast));
  }
  if (problems.size() > 1) return open_case("both sides refuse the connection");
  if (problems.empty()) return std::nullopt;
  return std::move(problems.front());
}

std::optional<Forecast> way_problem(const World& world, std::size_t from_database,
                                    const Service& to) {
  bool is_open = false;
  const Route* route = only_route(world, from_database, to.name, is_open);
  if (is_open) return open_case("two routes of one service");
  if (route == nullptr) {
    Forecast forecast;
    forecast.branch = Branch::no_route;
    forecast.status = Status::any;
    forecast.why = "no route to " + to.name;
    return forecast;
  }
  const std::size_t here = world.databases[from_database].instance;
  if (auto problem = connection_problem(world, here, route->instance)) return problem;
  if (route->instance != world.databases[to.database].instance) {
    return dropped(
        Branch::wrong_host, {{route->instance, kUndeliverable, {}, {}, {}}},
        fmt::format("{} has no service {}", world.instances[route->instance].name, to.name));
  }
  return std::nullopt;
}

// ---- 2.7: steps 3 to 7 at the receiver ----

std::optional<Forecast> opening_problem(const World& world, std::size_t receiver,
                                        const std::string& source, const std::string& destination) {
  const Database& database = world.databases[receiver];
  const std::size_t node = database.instance;
  const int now_h = world.now_at(node);
  const std::vector<ExpectedEvent> not_found = {{node, kAuditConversation, kNoCertificate, {}, {}},
                                                {node, kUndeliverable, {}, 11229, {}}};
  const std::vector<ExpectedEvent> audited = {{node, kAuditConversation, {}, {}, {}},
                                              {node, kUndeliverable, {}, {}, {}}};
  const Certificate* target = world.certificate(receiver, destination);
  const Certificate* signer = source.empty() ? nullptr : world.certificate(receiver, source);
  const auto is_in_time = [&](const Certificate& c) {
    return c.start_h <= now_h && now_h <= c.expiry_h;
  };
  if (!source.empty() && signer == nullptr)
    return dropped(Branch::target_lacks_source, not_found,
                   database.name + " does not hold " + source);
  if (target == nullptr)
    return dropped(Branch::target_lacks_destination, not_found,
                   database.name + " does not hold " + destination);
  if (signer != nullptr && !is_in_time(*signer))
    return dropped(Branch::target_source_date, audited,
                   source + " is not valid by the receiver's clock");
  if (!is_in_time(*target))
    return dropped(Branch::target_destination_date, audited,
                   destination + " is not valid by the receiver's clock");
  const bool is_locked = database.master_key != MasterKey::opens_by_itself;
  if (is_locked && target->key != PrivateKey::under_master_key)
    return open_case("a private key and a master key that cannot be used");
  if (target->key == PrivateKey::none)
    return dropped(Branch::target_key_absent, audited, destination + " has no private key there");
  if (target->key == PrivateKey::under_password)
    return dropped(Branch::target_key_under_password, audited,
                   "the private key of " + destination + " is under a password");
  if (is_locked) {
    std::vector<ExpectedEvent> events = audited;
    events.push_back({node, kErrorLog, {}, 28054, {}});
    return dropped(Branch::target_master_key, events,
                   "the master key of " + database.name + " does not open by itself");
  }
  return std::nullopt;
}

// ---- 2.7: steps 8 to 11 ----

bool has(const Service& service, Permission::Kind kind, std::string_view user) {
  return std::any_of(service.permissions.begin(), service.permissions.end(),
                     [&](const Permission& p) { return p.kind == kind && p.user == user; });
}
bool has_control(const Service& service, const std::string& user) {
  return user == kDbo || user == service.owner || has(service, Permission::Kind::control, user);
}
bool may_send(const Service& service, const std::string& user) {
  if (user == kDbo || user == service.owner) return true;
  if (has(service, Permission::Kind::deny_send, user)) return false;
  return has(service, Permission::Kind::send, user) ||
         has(service, Permission::Kind::control, user) ||
         has(service, Permission::Kind::send, "public");
}

Forecast refused(Branch branch, std::vector<ExpectedEvent> events, std::optional<int> queue_error,
                 std::string why) {
  Forecast forecast;
  forecast.branch = branch;
  forecast.status = Status::unchecked;
  forecast.events = std::move(events);
  forecast.queue_error = queue_error;
  forecast.why = queue_error ? fmt::format("Error {}: {}", *queue_error, why) : why;
  return forecast;
}

std::optional<Forecast> acceptance_problem(const World& world, const Service& service,
                                           const std::string& user,
                                           const std::string& destination) {
  const Database& database = world.databases[service.database];
  const std::size_t node = database.instance;
  if (!may_send(service, user)) {
    const Branch branch = user == "public" ? Branch::refused_public
                          : has(service, Permission::Kind::deny_send, user) &&
                                  has(service, Permission::Kind::send, "public")
                              ? Branch::refused_denied
                              : Branch::refused_user;
    return refused(branch, {{node, kUndeliverable, {}, 11215, {}}}, -8494,
                   fmt::format("{} may not send to {}", user, service.name));
  }
  if (!destination.empty()) {
    const Certificate* certificate = world.certificate(service.database, destination);
    if (certificate != nullptr && !has_control(service, certificate->owner))
      return refused(Branch::refused_control, {{node, kUndeliverable, {}, 28056, {}}}, {},
                     fmt::format("28056 at the receiver: {}, the owner of {}, has no CONTROL on {}",
                                 certificate->owner, destination, service.name));
  }
  if (service.owner != kDbo && !service.owner_may_receive)
    return refused(Branch::refused_receive,
                   {{node, kUndeliverable, {}, 8401, {}},
                    {node, kAuditConversation, kRunAsTargetFailure, {}, {}}},
                   {}, fmt::format("8401 at the receiver: {} may not receive", service.owner));
  const std::vector<ExpectedEvent> undeliverable = {{node, kUndeliverable, {}, {}, {}}};
  if (service.contract_is == Service::Contract::unknown)
    return refused(Branch::contract_unknown, undeliverable, -8425,
                   service.contract + " is not known");
  if (service.contract_is == Service::Contract::not_bound)
    return refused(Branch::contract_not_bound, undeliverable, -8408,
                   fmt::format("{} is not bound to {}", service.name, service.contract));
  return std::nullopt;
}

// Whether acknowledgements and errors find their way to the sender; its reason otherwise.
std::optional<Forecast> way_back_problem(const World& world, const Service& sender,
                                         const Service& receiver) {
  return way_problem(world, receiver.database, sender);
}

Forecast accepted(Branch branch, Security security, std::string why) {
  Forecast forecast;
  forecast.branch = branch;
  forecast.security = security;
  forecast.is_delivered = true;
  forecast.why = "delivered, " + std::move(why);
  return forecast;
}

Branch delivered_with(Security security) {
  switch (security) {
    case Security::none: return Branch::delivered_none;
    case Security::anonymous: return Branch::delivered_anonymous;
    case Security::full: return Branch::delivered_full;
  }
  return Branch::open;
}

// What is known of a message that is refused or accepted, put together with whether an answer arrives.
Forecast answered(const World& world, const Service& from, const Service& to, Forecast forecast) {
  const auto problem = way_back_problem(world, from, to);
  if (!problem) return forecast;
  if (problem->branch == Branch::open || !forecast.is_delivered)
    return open_case("what becomes of an answer that cannot be sent");
  forecast.branch = Branch::delivered_without_way_back;
  forecast.status = Status::empty;
  forecast.why += ", but no acknowledgement comes back: " + problem->why;
  const std::size_t node = world.databases[to.database].instance;
  if (problem->branch == Branch::no_route)
    forecast.events.push_back({node, kClassify, kDelayed, {}, {}});  // F17
  forecast.later_events.push_back({node, kUndeliverable, {}, 11218, {}});
  return forecast;
}

}  // namespace

const char* branch_name(Branch branch) {
  static constexpr std::array kNames = {"delivered_none",
                                        "delivered_anonymous",
                                        "delivered_full",
                                        "delivered_without_way_back",
                                        "no_binding",
                                        "sender_has_no_certificate",
                                        "sender_key_is_absent",
                                        "sender_key_under_password",
                                        "sender_not_active",
                                        "sender_not_yet_valid",
                                        "sender_expired",
                                        "binding_user_has_none",
                                        "binding_user_not_active",
                                        "binding_user_not_yet_valid",
                                        "binding_user_expired",
                                        "sender_master_key",
                                        "no_route",
                                        "wrong_host",
                                        "unknown_broker",
                                        "transport_negotiation",
                                        "transport_unknown_peer_at_sender",
                                        "transport_unknown_peer_at_target",
                                        "transport_no_connect_at_sender",
                                        "transport_no_connect_at_target",
                                        "transport_expired",
                                        "target_lacks_source",
                                        "target_lacks_destination",
                                        "target_source_date",
                                        "target_destination_date",
                                        "target_key_absent",
                                        "target_key_under_password",
                                        "target_master_key",
                                        "refused_user",
                                        "refused_public",
                                        "refused_denied",
                                        "refused_control",
                                        "refused_receive",
                                        "contract_not_bound",
                                        "contract_unknown",
                                        "reply_of_another_user",
                                        "open"};
  static_assert(kNames.size() == kBranches);
  return kNames[static_cast<std::size_t>(branch)];
}

Forecast forecast_first(const World& world, const Dialog& dialog) {
  const Service& from = world.services[dialog.from];
  const Service& to = world.services[dialog.to];
  const Database& here = world.databases[from.database];
  const Binding* binding = world.binding(from.database, to.name);
  Security security = Security::none;
  Keys keys;
  if (binding != nullptr) {
    security = binding->is_anonymous ? Security::anonymous : Security::full;
    keys = sender_keys(here, from.owner, binding->user, security == Security::full,
                       world.now_at(here.instance));
  } else if (dialog.wants_encryption && here.master_key != MasterKey::opens_by_itself) {
    keys.problem = open_case("no binding, and no master key either");
  } else if (dialog.wants_encryption) {
    keys.problem = waits(Branch::no_binding, 9727, "ENCRYPTION = ON and no binding for " + to.name);
  }
  const auto way = way_problem(world, from.database, to);
  if (keys.problem) {
    // Which of the two is told when both stand in the way is nobody's to say.
    return way && way->status != Status::empty ? open_case("security and the way both fail")
                                               : *keys.problem;
  }
  const std::string sign = keys.sign == nullptr ? "" : keys.sign->name;
  const std::string encrypt = keys.encrypt == nullptr ? "" : keys.encrypt->name;
  const auto with_keys = [&](Forecast forecast) {
    forecast.security = security;
    forecast.signed_with = sign;
    forecast.encrypted_for = encrypt;
    return forecast;
  };
  if (way) return with_keys(*way);
  if (dialog.names_unknown_broker)
    return with_keys(
        dropped(Branch::unknown_broker,
                {{world.databases[to.database].instance, kUndeliverable, {}, 9795, {}}},
                "no database has the broker id"));
  if (security != Security::none) {
    if (const auto problem = opening_problem(world, to.database, sign, encrypt))
      return with_keys(*problem);
  }
  const std::string user =
      security == Security::full ? world.certificate(to.database, sign)->owner : "public";
  Forecast forecast;
  if (auto problem = acceptance_problem(world, to, user, encrypt)) {
    forecast = *problem;
  } else {
    forecast = accepted(delivered_with(security), security, "as " + user);
  }
  if (forecast.is_delivered || forecast.queue_error) forecast = answered(world, from, to, forecast);
  forecast.source_user = user;
  return with_keys(std::move(forecast));
}

Forecast forecast_reply(const World& world, const Dialog& dialog, const Forecast& first) {
  if (first.security != Security::full) return forecast_later(world, dialog, first, false);
  const Service& initiator = world.services[dialog.from];
  const Service& target = world.services[dialog.to];
  const Database& here = world.databases[target.database];
  const Keys keys =
      sender_keys(here, target.owner, first.source_user, true, world.now_at(here.instance));
  const auto way = way_problem(world, target.database, initiator);
  if (keys.problem)
    return way && way->status != Status::empty ? open_case("security and the way both fail")
                                               : *keys.problem;
  Forecast forecast;
  if (way) {
    forecast = *way;
  } else if (const auto problem =
                 opening_problem(world, initiator.database, keys.sign->name, keys.encrypt->name)) {
    forecast = *problem;
  } else {
    const Binding* binding = world.binding(initiator.database, target.name);
    const Certificate* source = world.certificate(initiator.database, keys.sign->name);
    if (binding == nullptr) {
      forecast = open_case("a reply when the binding is gone");
    } else if (source->owner != binding->user) {
      forecast =
          dropped(Branch::reply_of_another_user,
                  {{world.databases[initiator.database].instance, kUndeliverable, {}, {}, {}}},
                  fmt::format("{} is not a certificate of {}", source->name, binding->user));
    } else {
      forecast = answered(world, target, initiator,
                          accepted(Branch::delivered_full, Security::full, "as " + source->owner));
    }
  }
  forecast.security = Security::full;
  forecast.signed_with = keys.sign->name;
  forecast.encrypted_for = keys.encrypt->name;
  return forecast;
}

Forecast forecast_later(const World& world, const Dialog& dialog, const Forecast& first,
                        bool from_initiator) {
  const Service& from = world.services[from_initiator ? dialog.from : dialog.to];
  const Service& to = world.services[from_initiator ? dialog.to : dialog.from];
  const Database& here = world.databases[from.database];
  const Database& there = world.databases[to.database];
  const auto way = way_problem(world, from.database, to);
  if (first.security != Security::none) {
    if (here.master_key != MasterKey::opens_by_itself)
      return open_case("a session key that the sender cannot open");
    if (way) return *way;
    if (there.master_key != MasterKey::opens_by_itself) {
      return dropped(Branch::target_master_key, {{there.instance, kErrorLog, {}, 28054, {}}},
                     "the master key of " + there.name + " does not open by itself");
    }
  }
  if (way) return *way;
  return answered(
      world, from, to,
      accepted(delivered_with(first.security), first.security, "under the session keys"));
}

}  // namespace ssb::sim::workload
