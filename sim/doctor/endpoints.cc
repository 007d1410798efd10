// Whether two instances would log in to each other, asked of the adjacent layer's own authority and negotiation.
#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/error_code.h"
#include "sim/doctor/examination.h"
#include "transport/wire/authority.h"
#include "transport/wire/negotiation.h"

namespace ssb::sim::doctor {
namespace {

using proto::ErrorCode;

constexpr std::uint16_t kDefaultPort = 4022;
constexpr std::int32_t kStarted = 0;

const pb::Certificate* certificate_of(const catalog::Instance& instance,
                                      const pb::Endpoint& endpoint) {
  return instance.master().table<pb::Certificate>().find(endpoint.certificate_id());
}

Place master_of(std::size_t subject) {
  return {subject, catalog::kMaster};
}

const char* kind_text(const pb::Endpoint& endpoint) {
  return endpoint.kind() == pb::Endpoint::DATABASE_MIRRORING ? "DATABASE_MIRRORING"
                                                             : "SERVICE_BROKER";
}

// ---- one endpoint by itself ----

// Another certificate for the endpoint; its peers have to be given it.
Cure renew_endpoint(const Examination& ex, std::size_t subject, const pb::Endpoint& endpoint) {
  const std::string name = free_name<pb::Certificate>(ex.instance(master_of(subject)).master(),
                                                      endpoint.name() + "_cert");
  return ex.cure_at(master_of(subject))
      .run(fmt::format("CREATE CERTIFICATE {} WITH SUBJECT = {}", bracketed(name),
                       literal(ex.subject(master_of(subject)).name + " endpoint")))
      .run(fmt::format("ALTER ENDPOINT {} FOR {} (AUTHENTICATION = CERTIFICATE {})",
                       bracketed(endpoint.name()), kind_text(endpoint), bracketed(name)));
}

void examine_own_certificate(Examination& ex, std::size_t subject, const pb::Endpoint& endpoint) {
  const Place at = master_of(subject);
  const pb::Certificate* certificate = certificate_of(ex.instance(at), endpoint);
  if (certificate == nullptr) return;  // Windows authentication
  if (!examine_master_key(ex, at, "28037: the endpoint cannot log in anywhere, nor let anybody in"))
    return;
  wire::Findings unused;
  const auto own =
      wire::CatalogAuthority(ex.instance(at), endpoint).own_certificate(ex.now(at), unused);
  if (own) {
    ex.ok(CheckId::E006, at, endpoint.name(), "certificate '" + own->name + "'");
    return;
  }
  ex.not_ok(CheckId::E006, at,
            {.object = endpoint.name(),
             .text = fmt::format("certificate '{}' of endpoint '{}' cannot be used: {}",
                                 certificate->name(), endpoint.name(), own.error().text()),
             .fails = fmt::format("{} in event 159 of this instance: no connection",
                                  own.error().number()),
             .cure = renew_endpoint(ex, subject, endpoint)});
}

void examine_expiry(Examination& ex, std::size_t subject, const pb::Endpoint& endpoint) {
  const Place at = master_of(subject);
  const pb::Certificate* certificate = certificate_of(ex.instance(at), endpoint);
  if (certificate == nullptr) return;
  const auto left = broker::keys::parsed(*certificate).not_after() - ex.now(at);
  if (left < proto::Duration(0)) return;  // E006 says so
  if (left > kSoon) {
    ex.ok(CheckId::C014, at, certificate->name(), "lasts for " + span_text(left));
    return;
  }
  ex.not_ok(CheckId::C014, at,
            {.object = certificate->name(),
             .text = fmt::format("certificate '{}' of endpoint '{}' expires in {}; give all peers "
                                 "its successor before",
                                 certificate->name(), endpoint.name(), span_text(left)),
             .fails = "28036 here and 28035 at the peers at the next connection after that",
             .cure = renew_endpoint(ex, subject, endpoint)});
}

void examine_public(Examination& ex, std::size_t subject, const pb::Endpoint& endpoint) {
  const Place at = master_of(subject);
  if (endpoint.kind() != pb::Endpoint::SERVICE_BROKER) return;
  if (!catalog::login_has_permission(ex.instance(at), catalog::kServerPublic,
                                     catalog::ObjectClass::endpoint, endpoint.id(), "CONNECT")) {
    ex.ok(CheckId::E009, at, endpoint.name(), "not granted to public");
    return;
  }
  ex.not_ok(CheckId::E009, at,
            {.object = endpoint.name(),
             .text = fmt::format("public has CONNECT on endpoint '{}': an instance gets in with "
                                 "any certificate, known here or not",
                                 endpoint.name()),
             .fails = "none; strangers get in",
             .cure = ex.cure_at(at).run(fmt::format("REVOKE CONNECT ON ENDPOINT::{} FROM public",
                                                    bracketed(endpoint.name())))});
}

// ---- two of them ----

struct Link {
  std::size_t from;
  std::size_t to;
  std::optional<std::uint16_t> port;  // of the route's address
  std::string silence;
};

void report_no_endpoint(Examination& ex, std::size_t subject, const Link& link) {
  const Place at = master_of(subject);
  const auto& master = ex.instance(at).master();
  Cure cure = ex.cure_at(at);
  if (master.master_key() == nullptr)
    cure.run(fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}'", kPassword));
  const std::string certificate =
      free_name<pb::Certificate>(master, ex.name(at) + "_endpoint_cert");
  cure.run(fmt::format("CREATE CERTIFICATE {} WITH SUBJECT = {}", bracketed(certificate),
                       literal(ex.name(at) + " endpoint")));
  cure.run(
      fmt::format("CREATE ENDPOINT {} STATE = STARTED AS TCP (LISTENER_PORT = {}) FOR "
                  "SERVICE_BROKER (AUTHENTICATION = CERTIFICATE {}, ENCRYPTION = REQUIRED "
                  "ALGORITHM AES)",
                  bracketed(free_name<pb::Endpoint>(master, "broker_endpoint")),
                  subject == link.to ? link.port.value_or(kDefaultPort) : kDefaultPort,
                  bracketed(certificate)));
  ex.not_ok(CheckId::E001, {subject, kNoDatabase},
            {.object = "",
             .text = "there is no Service Broker endpoint",
             .fails = subject == link.from ? "9666: messages wait in sys.transmission_queue"
                                           : "9754 at the sender: nobody listens",
             .cure = std::move(cure)});
}

// nullptr: there is none, or it is not started, and that has been said.
const pb::Endpoint* examine_there(Examination& ex, std::size_t subject, const Link& link) {
  const Place at{subject, kNoDatabase};
  const pb::Endpoint* endpoint = routing::broker_endpoint(ex.instance(at));
  if (endpoint == nullptr) {
    report_no_endpoint(ex, subject, link);
    return nullptr;
  }
  ex.ok(CheckId::E001, at, "", endpoint->name());
  if (endpoint->state() == kStarted) {
    ex.ok(CheckId::E002, at, endpoint->name(), "started");
    return endpoint;
  }
  ex.not_ok(CheckId::E002, at,
            {.object = endpoint->name(),
             .text = fmt::format("endpoint '{}' is {}", endpoint->name(),
                                 endpoint->state() == 1 ? "STOPPED" : "DISABLED"),
             .fails = "9666 where it should send; 9754 or 28080 at whoever sends to it",
             .cure = ex.cure_at(master_of(subject))
                         .run(fmt::format("ALTER ENDPOINT {} STATE = STARTED",
                                          bracketed(endpoint->name())))});
  return endpoint;
}

void examine_port(Examination& ex, const Link& link, const pb::Endpoint& endpoint) {
  const Place at{link.to, kNoDatabase};
  if (!link.port) return;
  if (endpoint.port() == *link.port) {
    ex.ok(CheckId::E003, at, endpoint.name(), fmt::format("listens on {}", *link.port));
    return;
  }
  ex.not_ok(
      CheckId::E003, at,
      {.object = endpoint.name(),
       .text = fmt::format("endpoint '{}' listens on port {}, and a route of {} says {}",
                           endpoint.name(), endpoint.port(), ex.name({link.from}), *link.port),
       .fails = "9754 there: " + link.silence,
       .cure = ex.cure_at(master_of(link.to))
                   .run(fmt::format("ALTER ENDPOINT {} AS TCP (LISTENER_PORT = {})",
                                    bracketed(endpoint.name()), *link.port))});
}

void examine_negotiation(Examination& ex, const Link& link, const pb::Endpoint& one,
                         const pb::Endpoint& other) {
  const Place from{link.from, kNoDatabase};
  const Place to{link.to, kNoDatabase};
  const auto offer = [&](const Place& place, const pb::Endpoint& endpoint) {
    return wire::offer_of(endpoint, ex.name(place), ex.instance(place).id());
  };
  const wire::Negotiate mine = offer(from, one);
  const wire::Negotiate theirs = offer(to, other);
  const auto chosen = wire::choose(mine, theirs);
  if (chosen) {
    ex.ok(CheckId::E004, to, other.name(), "CERTIFICATE with " + ex.name(from));
    ex.ok(CheckId::E005, to, other.name(),
          fmt::format("{} with {}", wire::algorithm_name(*chosen), ex.name(from)));
    if (*chosen == wire::Negotiate::CLEAR) {
      ex.not_ok(
          CheckId::E010, to,
          {.object = other.name(),
           .text = fmt::format("what travels to and from {} is signed and not encrypted; "
                               "bodies are, where the dialog is",
                               ex.name(from)),
           .fails = "none; names can be read on the way",
           .cure =
               ex.cure_at(master_of(link.to))
                   .run(fmt::format("ALTER ENDPOINT {} FOR SERVICE_BROKER (ENCRYPTION = SUPPORTED "
                                    "ALGORITHM AES)",
                                    bracketed(other.name())))
                   .on(ex.name(from), "master")
                   .run(fmt::format("ALTER ENDPOINT {} FOR SERVICE_BROKER (ENCRYPTION = SUPPORTED "
                                    "ALGORITHM AES)",
                                    bracketed(one.name())))});
    } else {
      ex.ok(CheckId::E010, to, other.name(), wire::algorithm_name(*chosen));
    }
    return;
  }
  const bool is_encryption = chosen.error().state == wire::kStateEncryption;
  const auto describe = [&](const wire::Negotiate& one_offer) {
    return is_encryption ? wire::encryption_text(one_offer) : wire::methods_text(one_offer);
  };
  ex.not_ok(is_encryption ? CheckId::E005 : CheckId::E004, to,
            {.object = other.name(),
             .text = fmt::format("{} offers {}, and endpoint '{}' here {}", ex.name(from),
                                 describe(mine), other.name(), describe(theirs)),
             .fails = fmt::format("28027 state {} in event 159 of both: {}", chosen.error().state,
                                  link.silence),
             .cure = is_encryption ? ex.cure_at(master_of(link.to))
                                         .run(fmt::format("ALTER ENDPOINT {} FOR SERVICE_BROKER "
                                                          "(ENCRYPTION = SUPPORTED ALGORITHM AES "
                                                          "RC4)",
                                                          bracketed(other.name())))
                                   : Cure()});
}

// The certificate of `from`, in master of `to`, under a login that may connect.
Cure introduce(const Examination& ex, std::size_t from, std::size_t to,
               const pb::Certificate& certificate, const pb::Endpoint& endpoint) {
  const catalog::Catalog& master = ex.instance(master_of(to)).master();
  const std::string& name = ex.name({from});
  const std::string file = fmt::format("{}_to_{}.cer", certificate.name(), ex.name({to}));
  const std::string login = free_name<pb::Login>(master, name + "_login");
  const std::string user = free_name<pb::Principal>(master, name + "_user");
  return ex.cure_at(master_of(from))
      .run(fmt::format("BACKUP CERTIFICATE {} TO FILE = {}", bracketed(certificate.name()),
                       literal(file)))
      .copy(name, file, ex.name({to}))
      .on(ex.name({to}), "master")
      .run(fmt::format("CREATE LOGIN {} WITH PASSWORD = '{}'", bracketed(login), kPassword))
      .run(fmt::format("CREATE USER {} FOR LOGIN {}", bracketed(user), bracketed(login)))
      .run(fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {} FROM FILE = {}",
                       bracketed(free_name<pb::Certificate>(master, certificate.name())),
                       bracketed(user), literal(file)))
      .run(fmt::format("GRANT CONNECT ON ENDPOINT::{} TO {}", bracketed(endpoint.name()),
                       bracketed(login)));
}

// Whether `to` lets `from` in.
void examine_entry(Examination& ex, std::size_t from, std::size_t to, const pb::Endpoint& guest,
                   const pb::Endpoint& host, const std::string& silence) {
  const Place at = master_of(to);
  const std::string object = ex.name({from});
  const pb::Certificate* certificate = certificate_of(ex.instance({from}), guest);
  if (certificate == nullptr) return;  // E004 says so
  const broker::crypto::X509Certificate& x509 = broker::keys::parsed(*certificate);
  wire::Findings found;
  const auto peer = wire::CatalogAuthority(ex.instance(at), host).identify(x509, ex.now(at), found);
  if (peer) {
    ex.ok(CheckId::E007, at, object,
          peer->certificate_id == 0 ? "unknown, let in as public" : peer->certificate_name);
    ex.ok(CheckId::E008, at, object, "login '" + peer->login + "'");
    return;
  }
  const bool is_told = wire::date_problem(x509, ex.now({from})) != nullptr &&
                       ex.is_bad(CheckId::E006, master_of(from));
  if (is_told && peer.error().code == ErrorCode::peer_certificate_invalid) return;
  const std::string fails = fmt::format("{} state {} in event 159 of {}: {}", peer.error().number(),
                                        peer.error().state, ex.name(at), silence);
  if (peer.error().code == ErrorCode::no_connect_on_endpoint) {
    const std::string login = peer.error().parameters.at(0);
    ex.not_ok(
        CheckId::E008, at,
        {.object = object,
         .text = fmt::format("login '{}', which stands for {}, lacks CONNECT on endpoint '{}'",
                             login, object, host.name()),
         .fails = fails,
         .cure = ex.cure_at(at).run(fmt::format("GRANT CONNECT ON ENDPOINT::{} TO {}",
                                                bracketed(host.name()), bracketed(login)))});
    return;
  }
  const bool is_clash = peer.error().code == ErrorCode::certificate_clash;
  ex.not_ok(
      is_clash ? CheckId::E011 : CheckId::E007, at,
      {.object = object,
       .text = fmt::format("the endpoint certificate '{}' of {} ({}): {}", certificate->name(),
                           object, wire::describe(x509), peer.error().text()),
       .fails = fails,
       .cure = is_clash ? renew_endpoint(ex, from, guest)
                        : introduce(ex, from, to, *certificate, host)});
}

void examine_link(Examination& ex, const Link& link) {
  const pb::Endpoint* one = examine_there(ex, link.from, link);
  const pb::Endpoint* other = examine_there(ex, link.to, link);
  if (other != nullptr) examine_port(ex, link, *other);
  if (one == nullptr || other == nullptr) {
    ex.not_tested(CheckId::E007, master_of(link.to), ex.name({link.from}),
                  "one of the two has no endpoint");
    return;
  }
  examine_negotiation(ex, link, *one, *other);
  examine_entry(ex, link.from, link.to, *one, *other, link.silence);
  examine_entry(ex, link.to, link.from, *other, *one, link.silence);
}

void examine_way(Examination& ex, const Way& way, const std::string& silence) {
  for (const Hop& hop : way.hops) {
    if (ex.set.all[hop.from].instance == nullptr || ex.set.all[hop.to].instance == nullptr)
      continue;
    const auto address = routing::parse_address(hop.address);
    examine_link(
        ex, {hop.from, hop.to, address ? std::optional(address->port) : std::nullopt, silence});
  }
}

}  // namespace

void examine_endpoint(Examination& ex, std::size_t subject) {
  for (const auto& [id, endpoint] :
       ex.instance(master_of(subject)).master().table<pb::Endpoint>()) {
    const bool is_ours = endpoint.kind() == pb::Endpoint::SERVICE_BROKER ||
                         endpoint.kind() == pb::Endpoint::DATABASE_MIRRORING;
    if (!is_ours) continue;
    examine_own_certificate(ex, subject, endpoint);
    examine_expiry(ex, subject, endpoint);
    examine_public(ex, subject, endpoint);
  }
}

void examine_endpoints_of_pair(Examination& ex, const Pair& pair) {
  constexpr const char* kWaits = "messages wait in sys.transmission_queue";
  constexpr const char* kSilence = "acknowledgements and replies cannot leave";
  examine_way(ex, pair.way, kWaits);
  if (!pair.to || pair.target == nullptr) return;
  const Way back = follow(ex.set, *pair.to, pair.sender->name(),
                          broker_of(ex.instance(pair.from), pair.from.database), false);
  examine_way(ex, back, kSilence);
  // Routes that are missing say nothing about the endpoints.
  const bool is_apart = pair.to->subject != pair.from.subject;
  if (!is_apart) return;
  if (pair.way.hops.empty())
    examine_link(ex, {pair.from.subject, pair.to->subject, std::nullopt, kWaits});
  else if (back.hops.empty())
    examine_link(ex, {pair.to->subject, pair.from.subject, std::nullopt, kSilence});
}

}  // namespace ssb::sim::doctor
