// Who the sender is at the target, and what it, the service's owner and the certificate's owner may do: the four questions of
// dialog::authorize_first, each asked by itself so that all that is missing is told at once.
#include "broker/catalog/permissions.h"

#include <fmt/format.h>

#include "broker/conversation/sender_in.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using catalog::ObjectClass;

void examine_send(Examination& ex, const Pair& pair, std::int32_t sender) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  const std::string who = user_text(target, sender);
  if (catalog::has_permission(target, sender, ObjectClass::service, pair.target->id(), "SEND")) {
    ex.ok(CheckId::P001, *pair.to, pair.target->name(), who + " may SEND");
    return;
  }
  const std::string grantee =
      sender == catalog::kPublic ? "public" : bracketed(catalog::principal_name(target, sender));
  ex.not_ok(CheckId::P001, *pair.to,
            {.object = pair.target->name(),
             .text = fmt::format("{} lacks SEND on {}", who, service_text(pair.target->name())),
             .fails = "11215 in event 160 here, -8494 in the sender's queue",
             .cure = ex.cure_at(*pair.to).run(fmt::format(
                 "GRANT SEND ON SERVICE::{} TO {}", bracketed(pair.target->name()), grantee))});
}

void examine_connect(Examination& ex, const Pair& pair, std::int32_t sender) {
  const catalog::Catalog& target = ex.objects(*pair.to);
  if (sender == catalog::kPublic) return;  // no user: the engine does not ask
  const std::string name = catalog::principal_name(target, sender);
  if (catalog::has_permission(target, sender, ObjectClass::database, 0, "CONNECT")) {
    ex.ok(CheckId::P002, *pair.to, name, "may CONNECT");
    return;
  }
  ex.not_ok(CheckId::P002, *pair.to,
            {.object = name,
             .text = fmt::format("{}, who stands for the sender, has no CONNECT to the database",
                                 user_text(target, sender)),
             .fails = "11211 in event 160 here, -8494 in the sender's queue",
             .cure = ex.cure_at(*pair.to).run("GRANT CONNECT TO " + bracketed(name))});
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
  ex.not_ok(CheckId::P003, *pair.to,
            {.object = pair.target->name(),
             .text = fmt::format("{}, the owner of certificate '{}' that the sender encrypts for, "
                                 "lacks CONTROL on {}",
                                 user_text(target, theirs->owner()), theirs->name(),
                                 service_text(pair.target->name())),
             .fails = "28056 in event 160 here: no answer",
             .cure = ex.cure_at(*pair.to).run(fmt::format("GRANT CONTROL ON SERVICE::{} TO {}",
                                                          bracketed(pair.target->name()),
                                                          bracketed(owner)))});
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
  ex.not_ok(
      CheckId::P004, *pair.to,
      {.object = queue->name(),
       .text = fmt::format("{}, the owner of {}, lacks RECEIVE on queue '{}'",
                           user_text(target, pair.target->owner()),
                           service_text(pair.target->name()), queue->name()),
       .fails = "8401 in event 160 here and event 158 subclass 4: the sender's status stays empty",
       .cure = ex.cure_at(*pair.to).run(
           fmt::format("GRANT RECEIVE ON {} TO {}", bracketed(queue->name()), bracketed(owner)))});
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
  Cure cure;
  if (login != nullptr)
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
