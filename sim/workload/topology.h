// A small made-up world of instances, databases, certificates and permissions, as values, and what a story changes in it.
//
//   Units   hours from the beginning of the story (kStoryBegins, UTC); a certificate is valid from start_h to expiry_h, and no moment of
//           a story falls on either. Setting up takes place kSetupDays before.
//   Names   a certificate's name is unique in the world and the same in every database that holds it: it stands for issuer and serial
//           number. Users have no login; 'dbo' owns each database.
//   Source  our own; the objects are those of service-broker.md 2.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/random.h"

namespace ssb::sim::workload {

inline constexpr std::string_view kStoryBegins = "2020-03-01";
inline constexpr int kSetupDays = 60;
inline constexpr int kHoursOfDay = 24;
inline constexpr const char* kDbo = "dbo";

enum class PrivateKey { none, under_master_key, under_password };
enum class MasterKey { absent, opens_by_itself, needs_password };

// As one database holds it.
struct Certificate {
  std::string name;
  std::string owner;
  int start_h = 0;
  int expiry_h = 0;
  bool is_active = true;  // FOR BEGIN_DIALOG
  PrivateKey key = PrivateKey::none;
  std::string made_in;  // the database that made it, when this is a copy from a file
};

struct Database {
  std::string name;
  std::size_t instance = 0;
  MasterKey master_key = MasterKey::opens_by_itself;
  bool has_default_route = true;  // AutoCreatedLocal
  std::vector<std::string> users;
  std::vector<Certificate> certificates;
};

struct Permission {
  enum class Kind { send, deny_send, control } kind = Kind::send;
  std::string user;  // or "public"
};

struct Service {
  std::string name;
  std::string queue;
  std::string contract;  // of the dialogs to it
  std::size_t database = 0;
  std::string owner;
  bool is_target = false;
  bool owner_may_receive = true;
  enum class Contract { bound, not_bound, unknown } contract_is = Contract::bound;
  std::vector<Permission> permissions;
};

struct Binding {
  std::size_t database = 0;
  std::string service;
  std::string user;
  bool is_anonymous = false;
};

struct Route {
  std::size_t database = 0;
  std::string service;  // as the route spells it
  std::size_t instance = 0;
};

struct Instance {
  std::string name;
  int skew_h = 0;
  enum class Encryption { disabled, supported, required } encryption = Encryption::required;
  enum class Algorithm { aes, rc4 } algorithm = Algorithm::aes;
  bool has_expired_certificate = false;  // its endpoint's, since before the story
  bool lets_public_connect = false;
};

// What one instance's master knows of another one.
struct Acquaintance {
  std::size_t verifier = 0;
  std::size_t peer = 0;
  bool has_certificate = true;
  bool may_connect = true;
};

struct World {
  int now_h = 0;
  std::vector<Instance> instances;
  std::vector<Acquaintance> acquaintances;
  std::vector<Database> databases;
  std::vector<Service> services;
  std::vector<Binding> bindings;
  std::vector<Route> routes;

  [[nodiscard]] int now_at(std::size_t instance) const {
    return now_h + instances[instance].skew_h;
  }
  [[nodiscard]] const Acquaintance* acquaintance(std::size_t verifier, std::size_t peer) const;
  [[nodiscard]] const Certificate* certificate(std::size_t database, std::string_view name) const;
  [[nodiscard]] const Binding* binding(std::size_t database, std::string_view service) const;
};

// What is begun between two services; everything else follows from the world.
struct Dialog {
  std::size_t from = 0;  // index of the initiating service
  std::size_t to = 0;
  bool wants_encryption = true;       // ENCRYPTION = ON
  bool names_unknown_broker = false;  // TO SERVICE 'x', 'a GUID that no database has'
  int orders = 1;                     // messages of the initiator before anything else happens
  int receipts = 1;                   // of the target
};

// ---- what a story changes ----
struct MakeCertificate {
  std::size_t database = 0;
  Certificate certificate;
};
struct CopyCertificate {
  std::size_t from = 0, to = 0;  // databases
  std::string name;
  std::string owner;
};
struct SetActive {
  std::size_t database = 0;
  std::string name;
  bool is_active = true;
};
struct DropCertificate {
  std::size_t database = 0;
  std::string name;
};
struct SetPermission {
  std::size_t service = 0;
  Permission permission;
  bool is_revoked = false;
};
struct AddBinding {
  Binding binding;
};
struct AddRoute {
  Route route;
};
struct SetMasterKey {  // from needs_password to opens_by_itself, or back
  std::size_t database = 0;
  MasterKey state = MasterKey::opens_by_itself;
};
struct PassTime {
  int hours = 0;
};
struct RestartInstance {
  std::size_t instance = 0;
  bool is_crash = false;
};
using Change =
    std::variant<MakeCertificate, CopyCertificate, SetActive, DropCertificate, SetPermission,
                 AddBinding, AddRoute, SetMasterKey, PassTime, RestartInstance>;
void apply(const Change& change, World& world);

// "2020-03-01 13:00" of an hour of the story.
[[nodiscard]] std::string date_text(int hour);

// A world, what is done to it once it stands, and the dialogs that are begun in it, one after the other.
struct Plan {
  World world;                     // as it is set up
  std::vector<Change> afterwards;  // certificates that are dropped again
  std::vector<Dialog> dialogs;
};
// Right for each of its dialogs, and then made wrong here and there.
[[nodiscard]] Plan draw_plan(Random& random);
// Hours that no other certificate of the world expires at.
[[nodiscard]] int unused_expiry(const World& world, int from_h);

}  // namespace ssb::sim::workload
