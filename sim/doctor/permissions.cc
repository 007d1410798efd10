// Who the sender is at the target, and what it, the service's owner and the certificate's owner may do: the four questions of
// dialog::authorize_first, each asked by itself so that all that is missing is told at once.
#include "broker/catalog/permissions.h"

#include <fmt/format.h>

#include "broker/conversation/sender_in.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using catalog::ObjectClass;

// What a permission is asked for. text: "SERVICE::[s]"; empty for the database.
struct Securable {
  ObjectClass object_class;
  std::int32_t id;
  std::string text;
};

std::string on_text(const std::string& securable) {
  return securable.empty() ? "" : " ON " + securable;
}

// What a row that covers the securable is about: the securable itself, its schema or the database.
std::string on_text(const catalog::Catalog& database, const pb::Permission& row,
                    const Securable& securable) {
  const auto object_class = static_cast<ObjectClass>(row.object_class());
  if (object_class == securable.object_class) return on_text(securable.text);
  if (object_class != ObjectClass::schema) return "";
  const auto* schema = database.table<pb::Schema>().find(row.major_id());
  return schema == nullptr ? "" : " ON SCHEMA::" + bracketed(schema->name());
}

std::string grantee_text(const catalog::Catalog& database, std::int32_t principal) {
  return principal == catalog::kPublic ? "public"
                                       : bracketed(catalog::principal_name(database, principal));
}

// "; DENY SEND to public takes it away": no GRANT helps against that.
std::string denied_text(const catalog::Catalog& database, const Securable& securable,
                        std::string_view permission, std::int32_t principal) {
  std::string out;
  for (const pb::Permission& row :
       catalog::denials(database, principal, securable.object_class, securable.id, permission))
    out += fmt::format("{} DENY {} to {}", out.empty() ? ";" : ",", row.name(),
                       grantee_text(database, row.grantee()));
  return out.empty() ? out : out + " takes it away, whatever is granted";
}

// Every DENY in the way is revoked; a GRANT alone would not win over it.
Cure allow(const Examination& ex, const Place& place, const Securable& securable,
           std::string_view permission, std::int32_t principal) {
  const catalog::Catalog& database = ex.objects(place);
  Cure cure = ex.cure_at(place);
  for (const pb::Permission& row :
       catalog::denials(database, principal, securable.object_class, securable.id, permission))
    cure.run(fmt::format("REVOKE {}{} FROM {}", row.name(), on_text(database, row, securable),
                         grantee_text(database, row.grantee())));
  return cure.run(fmt::format("GRANT {}{} TO {}", permission, on_text(securable.text),
                              grantee_text(database, principal)));
}

Securable securable_of(const pb::Service& service) {
  return {ObjectClass::service, service.id(), "SERVICE::" + bracketed(service.name())};
}

void examine_send(Examination& ex, const Pair& pair, std::int32_t sender) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  const std::string who = user_text(target, sender);
  if (catalog::has_permission(target, sender, ObjectClass::service, pair.target->id(), "SEND")) {
    ex.ok(CheckId::P001, *pair.to, pair.target->name(), who + " may SEND");
    return;
  }
  const Securable service = securable_of(*pair.target);
  ex.not_ok(CheckId::P001, *pair.to,
            {.object = pair.target->name(),
             .text = fmt::format("{} lacks SEND on {}{}", who, service_text(pair.target->name()),
                                 denied_text(target, service, "SEND", sender)),
             .fails = "11215 in event 160 here, -8494 in the sender's queue",
             .cure = allow(ex, *pair.to, service, "SEND", sender)});
}

void examine_connect(Examination& ex, const Pair& pair, std::int32_t sender) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  if (sender == catalog::kPublic) return;  // no user: the engine does not ask
  const std::string name = catalog::principal_name(target, sender);
  if (catalog::has_permission(target, sender, ObjectClass::database, 0, "CONNECT")) {
    ex.ok(CheckId::P002, *pair.to, name, "may CONNECT");
    return;
  }
  const Securable database{ObjectClass::database, 0, {}};
  ex.not_ok(CheckId::P002, *pair.to,
            {.object = name,
             .text = fmt::format("{}, who stands for the sender, has no CONNECT to the database{}",
                                 user_text(target, sender),
                                 denied_text(target, database, "CONNECT", sender)),
             .fails = "11211 in event 160 here, -8494 in the sender's queue",
             .cure = allow(ex, *pair.to, database, "CONNECT", sender)});
}

void examine_control(Examination& ex, const Pair& pair, const Security& security) {
  if (!security.encrypt || !security.encrypt->chosen) return;
  const catalog::Catalog& initiator = ex.objects(pair.from);
  const catalog::Catalog& target = ex.objects(*pair.to);
  const auto* ours = initiator.table<pb::Certificate>().find(*security.encrypt->chosen);
  const auto* theirs = dialog::find_certificate(target, dialog::reference_to(*ours));
  if (theirs == nullptr) return;  // C004 says so
  const std::string owner = catalog::principal_name(target, theirs->owner());
  if (catalog::has_permission(target, theirs->owner(), ObjectClass::service, pair.target->id(),
                              "CONTROL")) {
    ex.ok(CheckId::P003, *pair.to, pair.target->name(), "'" + owner + "' has CONTROL");
    return;
  }
  const Securable service = securable_of(*pair.target);
  ex.not_ok(CheckId::P003, *pair.to,
            {.object = pair.target->name(),
             .text = fmt::format("{}, the owner of certificate '{}' that the sender encrypts for, "
                                 "lacks CONTROL on {}{}",
                                 user_text(target, theirs->owner()), theirs->name(),
                                 service_text(pair.target->name()),
                                 denied_text(target, service, "CONTROL", theirs->owner())),
             .fails = "28056 in event 160 here: no answer",
             .cure = allow(ex, *pair.to, service, "CONTROL", theirs->owner())});
}

void examine_receive(Examination& ex, const Pair& pair) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  const pb::Queue* queue = target.table<pb::Queue>().find(pair.target->queue());
  if (queue == nullptr) return;
  const std::string owner = catalog::principal_name(target, pair.target->owner());
  if (catalog::has_permission(target, pair.target->owner(), ObjectClass::object, queue->id(),
                              "RECEIVE")) {
    ex.ok(CheckId::P004, *pair.to, queue->name(), "'" + owner + "' may RECEIVE");
    return;
  }
  const Securable securable{ObjectClass::object, queue->id(), bracketed(queue->name())};
  ex.not_ok(
      CheckId::P004, *pair.to,
      {.object = queue->name(),
       .text = fmt::format("{}, the owner of {}, lacks RECEIVE on queue '{}'{}",
                           user_text(target, pair.target->owner()),
                           service_text(pair.target->name()), queue->name(),
                           denied_text(target, securable, "RECEIVE", pair.target->owner())),
       .fails = "8401 in event 160 here and event 158 subclass 4: the sender's status stays empty",
       .cure = allow(ex, *pair.to, securable, "RECEIVE", pair.target->owner())});
}

void examine_owner(Examination& ex, const Pair& pair) {
  const Place& at = *pair.to;
  const auto resolved = catalog::check_resolves(ex.instance(at), at.database, pair.target->owner());
  if (resolved) {
    ex.ok(CheckId::P007, at, pair.target->name(), "its owner is there");
    return;
  }
  ex.not_ok(
      CheckId::P007, at,
      {.object = pair.target->name(),
       .text = fmt::format("dbo owns {}, and the login that owns database '{}' is none of this "
                           "instance, as after a RESTORE from another one",
                           service_text(pair.target->name()), ex.database_name(at)),
       .fails = pair.is_local
                    ? "28005 with 15517 inside: messages wait in sys.transmission_queue"
                    : "28005 with 15517 inside, in event 160 here, and event 158 subclass 4: "
                      "the sender's status stays empty",
       .cure = ex.cure_at(at).run(fmt::format("ALTER AUTHORIZATION ON DATABASE::{} TO [sa]",
                                              bracketed(ex.database_name(at))))});
}

void examine_local(Examination& ex, const Pair& pair) {
  const auto sender = broker::conversation::sender_in(ex.instance(pair.from), pair.from.database,
                                                      pair.sender->owner(), pair.to->database);
  const std::string owner = catalog::principal_name(ex.objects(pair.from), pair.sender->owner());
  if (sender) {
    ex.ok(CheckId::P005, *pair.to, owner, "is " + user_text(ex.objects(*pair.to), *sender));
    examine_send(ex, pair, *sender);
    return;
  }
  const pb::Principal* user =
      ex.objects(pair.from).table<pb::Principal>().find(pair.sender->owner());
  const pb::Login* login =
      user == nullptr ? nullptr
                      : ex.instance(pair.from).master().table<pb::Login>().find(user->login());
  const pb::Principal* known =
      login == nullptr ? nullptr
                       : ex.objects(*pair.to).table<pb::Principal>().find_if(
                             [&](const pb::Principal& one) { return one.login() == login->id(); });
  Cure cure;
  if (known != nullptr)
    cure = allow(ex, *pair.to, {ObjectClass::database, 0, ""}, "CONNECT", known->id());
  else if (login != nullptr)
    cure.on(ex.name(*pair.to), ex.database_name(*pair.to))
        .run(fmt::format("CREATE USER {} FOR LOGIN {}",
                         bracketed(free_name<pb::Principal>(ex.objects(*pair.to), owner)),
                         bracketed(login->name())));
  ex.not_ok(CheckId::P005, *pair.to,
            {.object = owner,
             .text = fmt::format("{}, the owner of {} in {}, {}",
                                 user_text(ex.objects(pair.from), pair.sender->owner()),
                                 service_text(pair.sender->name()), ex.text(pair.from),
                                 login == nullptr ? "has no login, so nobody stands for it here: "
                                                    "give the service to a user with a login"
                                                  : "is nobody here"),
             .fails = "916: messages wait in sys.transmission_queue",
             .cure = std::move(cure)});
}

// Users of their own: no role, not dbo, guest or the service's owner.
std::vector<std::string> senders_without_certificate(const Examination& ex, const Pair& pair) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  std::vector<std::string> out;
  if (pair.target == nullptr) return out;
  for (const auto& [id, principal] : target.table<pb::Principal>()) {
    constexpr std::int32_t kFirstUser = 5;
    if (id < kFirstUser || principal.type() == "R" || id == pair.target->owner()) continue;
    const bool has_certificate = target.table<pb::Certificate>().find_if(
                                     [user = principal.id()](const pb::Certificate& one) {
                                       return one.owner() == user;
                                     }) != nullptr;
    if (!has_certificate &&
        catalog::has_permission(target, id, ObjectClass::service, pair.target->id(), "SEND"))
      out.push_back(principal.name());
  }
  return out;
}

}  // namespace

void examine_reader(Examination& ex, const Place& place, const pb::Queue& queue,
                    const pb::Module& procedure) {
  constexpr std::int32_t kExecuteAsOwner = -2;
  const catalog::Catalog& database = ex.objects(place);
  const std::int32_t user = queue.execute_as_principal() == kExecuteAsOwner
                                ? queue.owner()
                                : queue.execute_as_principal();
  const std::string name = catalog::principal_name(database, user);
  if (catalog::has_permission(database, user, ObjectClass::object, procedure.id(), "EXECUTE")) {
    ex.ok(CheckId::P006, place, queue.name(), "'" + name + "' may execute it");
    return;
  }
  const Securable securable{ObjectClass::object, procedure.id(), bracketed(procedure.name())};
  ex.not_ok(
      CheckId::P006, place,
      {.object = queue.name(),
       .text = fmt::format("queue '{}' activates procedure '{}' as {}, who lacks EXECUTE on it{}",
                           queue.name(), procedure.name(), user_text(database, user),
                           denied_text(database, securable, "EXECUTE", user)),
       .fails = "229 in a line of 9724, and 28088, in the error log, each five seconds: messages "
                "are received by nobody",
       .cure = allow(ex, place, securable, "EXECUTE", user)});
}

std::pair<std::string, bool> stand_in(const Examination& ex, const Pair& pair,
                                      const Security& security) {
  const std::string base = pair.sender->name() + "_user";
  if (!pair.to) return {base, true};
  const catalog::Catalog& target = ex.objects(*pair.to);
  const auto known = sender_at_target(ex, pair, security);
  if (known && *known != catalog::kPublic) return {catalog::principal_name(target, *known), false};
  // With SEND for public everybody may, and nobody is meant.
  const auto waiting = senders_without_certificate(ex, pair);
  if (waiting.size() == 1) return {waiting.front(), false};
  return {free_name<pb::Principal>(target, base), true};
}

void examine_permissions(Examination& ex, const Pair& pair, const Security& security) {
  examine_owner(ex, pair);
  if (pair.is_local) {
    examine_local(ex, pair);
    return;
  }
  examine_receive(ex, pair);
  examine_control(ex, pair, security);
  const auto sender = sender_at_target(ex, pair, security);
  if (!sender) {
    ex.not_tested(CheckId::P001, *pair.to, pair.target->name(),
                  "who the sender will be here is not known: its certificate is not here");
    return;
  }
  examine_connect(ex, pair, *sender);
  examine_send(ex, pair, *sender);
}

}  // namespace ssb::sim::doctor
