// The inside of `examine`: what is asked about, and what has been found so far. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/dialog/decision.h"
#include "broker/routing/route.h"
#include "sim/doctor/cure.h"
#include "sim/doctor/doctor.h"

namespace ssb::sim::doctor {

namespace catalog = broker::catalog;
namespace dialog = broker::dialog;
namespace routing = broker::routing;
namespace pb = broker::catalog::pb;
using broker::store::DatabaseId;

inline constexpr DatabaseId kNoDatabase = 0;  // the instance as a whole

struct Place {
  std::size_t subject = 0;
  DatabaseId database = kNoDatabase;
  friend auto operator<=>(const Place&, const Place&) = default;
};

class Examination {
 public:
  Examination(const Instances& the_set, const Question& the_question)
      : set(the_set), question(the_question) {}

  const Instances& set;
  const Question& question;

  [[nodiscard]] const Subject& subject(const Place& place) const {
    return set.all.at(place.subject);
  }
  [[nodiscard]] const catalog::Instance& instance(const Place& place) const {
    return *subject(place).instance;
  }
  [[nodiscard]] const catalog::Catalog& objects(const Place& place) const {
    return *instance(place).database(place.database);
  }
  [[nodiscard]] const std::string& name(const Place& place) const { return subject(place).name; }
  [[nodiscard]] std::string database_name(const Place& place) const;
  // "HOST_B.Db"
  [[nodiscard]] std::string text(const Place& place) const;
  [[nodiscard]] proto::TimePoint now(const Place& place) const { return subject(place).now; }
  // A cure that begins there.
  [[nodiscard]] Cure cure_at(const Place& place) const;

  struct Bad {
    std::string object;
    std::string text;
    std::string fails;
    Cure cure{};
  };
  void not_ok(CheckId check, const Place& place, Bad bad);
  void ok(CheckId check, const Place& place, std::string object, std::string text);
  void not_tested(CheckId check, const Place& place, std::string object, std::string text);
  [[nodiscard]] bool is_bad(CheckId check, const Place& place) const;
  // How many findings are NOT OK so far.
  [[nodiscard]] std::size_t bad_count() const;

  [[nodiscard]] std::vector<Finding> take();

 private:
  void add(CheckId check, Verdict verdict, const Place& place, Bad bad);

  std::vector<Finding> findings_;
};

// ---- where a message goes ----

struct Hop {
  std::size_t from = 0;
  std::size_t to = 0;
  std::string address;
};
struct Way {
  enum class End {
    arrived,
    no_route,
    bad_address,
    unknown_host,
    not_running,
    refused_there,
    asked,  // step 4 of the match: a Broker Configuration service decides
    circle
  };
  End end = End::no_route;
  std::vector<Hop> hops;  // none: inside one instance
  Place place;            // where it ends: the database, or where it is not known on
  std::string route;      // the first one that matched
  std::string host;       // unknown_host
  std::optional<proto::Error> error;
};
// As the engine would send it, and as each instance on the way would take it.
[[nodiscard]] Way follow(const Instances& set, const Place& from, const std::string& service,
                         const std::optional<proto::BrokerId>& broker, bool from_initiator);

// The address that leads to an instance: its name and the port of its endpoint.
[[nodiscard]] std::string address_of(const Subject& subject);

// ---- the pairs ----

struct Pair {
  Place from;
  const pb::Service* sender = nullptr;
  std::string to_service;
  bool encryption_on = true;
  bool is_route_only = false;          // nothing but a route says that there is such a dialog
  bool is_guess = false;               // nobody said whether ENCRYPTION is ON
  std::vector<std::string> contracts;  // that conversations or the question name
  Way way;
  std::optional<Place> to;              // the database of the target, as far as it is known
  const pb::Service* target = nullptr;  // null: not there
  bool is_local = false;
};
[[nodiscard]] std::vector<Pair> find_pairs(const Instances& set, const Question& question);

// ---- the groups of checks ----

void examine_instance(Examination& ex, std::size_t subject);  // brokers.cc
// Whether the broker of msdb, by whose routes an instance takes messages, is disabled.
[[nodiscard]] bool is_without_msdb(const Examination& ex, std::size_t subject);  // brokers.cc
void examine_pair_of_brokers(Examination& ex, const Pair& pair);                 // brokers.cc
void examine_question(Examination& ex);                           // services.cc: its FROM SERVICE
void examine_target(Examination& ex, const Pair& pair);           // services.cc
void examine_routes(Examination& ex, const Pair& pair);           // routes.cc
void examine_configuration(Examination& ex, const Place& place);  // configuration.cc
// Of a way that ends with asking: whether a route is missing that only an own wildcard route made needless.
void report_asked(Examination& ex, const std::string& service, const Way& way);  // configuration.cc
void examine_endpoints_of_pair(Examination& ex, const Pair& pair);               // endpoints.cc
void examine_endpoint(Examination& ex, std::size_t subject);                     // endpoints.cc
// false: it does not open by itself. For whom: "session keys of dialogs".
bool examine_master_key(Examination& ex, const Place& place, const std::string& fails);  // keys.cc
void examine_service_master_key(Examination& ex, std::size_t subject);                   // keys.cc
void examine_security(Examination& ex, const Pair& pair);  // security.cc

// What is asked of the certificates of a pair after the decision; certificates.cc.
struct Security {
  dialog::SecurityDecision decision;
  std::optional<dialog::CertificateChoice> sign;  // also without a binding, where it can be guessed
  std::optional<dialog::CertificateChoice> encrypt;
  [[nodiscard]] bool is_none() const { return !sign && !encrypt; }
};
void examine_certificates(Examination& ex, const Pair& pair, const Security& security);
// Who the sender is in the target's database: the owner of its certificate, or public; nullopt: not known there.
[[nodiscard]] std::optional<std::int32_t> sender_at_target(const Examination& ex, const Pair& pair,
                                                           const Security& security);
// Who is to hold the sender's certificate at the target, and whether that user has to be made: who stands for the sender; else the one
// user who may SEND and owns no certificate, as where a certificate was dropped; else somebody new.
[[nodiscard]] std::pair<std::string, bool> stand_in(const Examination& ex, const Pair& pair,
                                                    const Security& security);
void examine_permissions(Examination& ex, const Pair& pair, const Security& security);
// Who runs the procedure that the queue activates; permissions.cc.
void examine_reader(Examination& ex, const Place& place, const pb::Queue& queue,
                    const pb::Module& procedure);
// A first message and its reply, sealed and opened as the engine does; says what none of the findings has said. trial.cc.
void try_dialog(Examination& ex, const Pair& pair, const Security& security);

// The lines that bring a certificate from one database to another one, under that user; made there when `is_new_user`.
void deploy(Cure& cure, const Examination& ex, const Place& from, const std::string& certificate,
            const Place& to, const std::string& user, bool is_new_user);
// A new certificate of a principal that is valid now, brought to the other side under the user that holds the old one there.
[[nodiscard]] Cure renew(const Examination& ex, const Place& owner_at, std::int32_t owner,
                         const Place& peer, const std::string& peer_user, bool is_new_user);

// "user 'sender_owner' (id 5)"
[[nodiscard]] std::string user_text(const catalog::Catalog& database, std::int32_t id);
// "certificate 'sender_cert' (id 256)"
[[nodiscard]] std::string certificate_text(const dialog::CertificateCandidate& candidate);
// "3 h 12 m", "12 d 4 h"
[[nodiscard]] std::string span_text(proto::Duration span);
[[nodiscard]] std::string service_text(const std::string& service);
[[nodiscard]] proto::BrokerId broker_of(const catalog::Instance& instance, DatabaseId database);
// "9793: messages wait in sys.transmission_queue"
[[nodiscard]] std::string failure_text(const proto::Error& error, std::string_view where);

}  // namespace ssb::sim::doctor
