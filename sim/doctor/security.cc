// What security a new dialog would get, decided as the engine decides it, and why it would not.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "proto/error_code.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using dialog::CertificateCandidate;
using dialog::CertificateChoice;
using proto::ErrorCode;

const pb::RemoteServiceBinding* binding_nearly(const catalog::Catalog& database,
                                               const std::string& service) {
  return database.table<pb::RemoteServiceBinding>().find_if(
      [&](const pb::RemoteServiceBinding& binding) {
        return catalog::names_equal(binding.remote_service_name(), service);
      });
}

// The user at the initiator that owns a copy of a certificate of the target service's owner; 0: nobody does.
std::int32_t proxy_of_target(const Examination& ex, const Pair& pair) {
  if (!pair.to || pair.target == nullptr) return 0;
  for (const auto& [id, theirs] : ex.objects(*pair.to).table<pb::Certificate>()) {
    if (theirs.owner() != pair.target->owner()) continue;
    const auto* ours =
        dialog::find_certificate(ex.objects(pair.from), dialog::reference_to(theirs));
    if (ours != nullptr) return ours->owner();
  }
  return 0;
}

Cure bind(const Examination& ex, const Pair& pair) {
  const catalog::Catalog& database = ex.objects(pair.from);
  Cure cure;
  std::string user = catalog::principal_name(database, proxy_of_target(ex, pair));
  if (proxy_of_target(ex, pair) == 0) {
    user = free_name<pb::Principal>(database, pair.to_service + "_proxy");
    const auto certificate =
        !pair.to || pair.target == nullptr
            ? CertificateChoice{}
            : dialog::choose_signing_certificate(ex.objects(*pair.to), pair.target->owner(),
                                                 ex.now(*pair.to));
    if (certificate.chosen) {
      deploy(cure, ex, *pair.to, certificate.taken()->name, pair.from, user, true);
    } else {
      cure.on(ex.name(pair.from), ex.database_name(pair.from))
          .run(fmt::format("CREATE USER {} WITHOUT LOGIN", bracketed(user)));
    }
  }
  cure.on(ex.name(pair.from), ex.database_name(pair.from));
  if (const auto* nearly = binding_nearly(database, pair.to_service))
    cure.run("DROP REMOTE SERVICE BINDING " + bracketed(nearly->name()));
  const std::string name = free_name<pb::RemoteServiceBinding>(database, "to_" + pair.to_service);
  return cure.run(fmt::format("CREATE REMOTE SERVICE BINDING {} TO SERVICE {} WITH USER = {}",
                              bracketed(name), literal(pair.to_service), bracketed(user)));
}

void examine_binding(Examination& ex, const Pair& pair, const dialog::SecurityDecision& decision) {
  const auto* nearly = binding_nearly(ex.objects(pair.from), pair.to_service);
  if (decision.binding.empty()) {
    if (!pair.encryption_on) return;
    if (ex.question.asks_configuration &&
        routing::has_configuration_route(ex.objects(pair.from), ex.now(pair.from))) {
      ex.not_tested(CheckId::S001, pair.from, pair.to_service,
                    "the Broker Configuration service will be asked for a binding");
      return;
    }
    std::string text =
        fmt::format("no remote service binding for {}, and ENCRYPTION is ON{}",
                    service_text(pair.to_service), pair.is_guess ? " by default" : "");
    if (nearly != nullptr)
      text += fmt::format("; binding '{}' is for '{}', and names are compared letter by letter",
                          nearly->name(), nearly->remote_service_name());
    ex.not_ok(CheckId::S001, pair.from,
              {.object = pair.to_service,
               .text = std::move(text),
               .fails = "9727: messages wait in sys.transmission_queue",
               .cure = bind(ex, pair)});
    return;
  }
  ex.ok(CheckId::S001, pair.from, pair.to_service, "binding '" + decision.binding + "'");
  const bool is_gone =
      decision.encrypt && decision.encrypt->error &&
      decision.encrypt->error->code == ErrorCode::invalid_principal_for_certificate;
  if (is_gone) {
    ex.not_ok(CheckId::S002, pair.from,
              {.object = decision.binding,
               .text = fmt::format("the user ({}) of binding '{}' does not exist any more",
                                   decision.binding_user, decision.binding),
               .fails = "9728: messages wait in sys.transmission_queue",
               .cure = bind(ex, pair)});
  } else {
    ex.ok(CheckId::S002, pair.from, decision.binding, "user '" + decision.binding_user + "'");
  }
  if (ex.question.encryption != Encryption::anonymous) return;
  if (decision.type() == dialog::SecurityType::anonymous) {
    ex.ok(CheckId::S003, pair.from, decision.binding, "ANONYMOUS = ON");
    return;
  }
  ex.not_ok(
      CheckId::S003, pair.from,
      {.object = decision.binding,
       .text = fmt::format("binding '{}' has ANONYMOUS = OFF: the dialog gets full security",
                           decision.binding),
       .fails = "what full security needs is asked for, a certificate of the sender above all",
       .cure = ex.cure_at(pair.from).run(fmt::format(
           "ALTER REMOTE SERVICE BINDING {} WITH ANONYMOUS = ON", bracketed(decision.binding)))});
}

// "'a': not ACTIVE FOR BEGIN_DIALOG; 'b': expired ..."; of others' only where there is nothing else.
std::string reasons(const CertificateChoice& choice) {
  std::string out;
  for (const CertificateCandidate& candidate : choice.candidates) {
    if (candidate.verdict == dialog::Verdict::owned_by_other) continue;
    std::string_view reason = candidate.reason;
    constexpr std::string_view kNotTaken = "not taken: ";
    if (reason.starts_with(kNotTaken)) reason.remove_prefix(kNotTaken.size());
    out += fmt::format("{}'{}' (id {}): {}", out.empty() ? "" : "; ", candidate.name, candidate.id,
                       reason);
  }
  return out.empty() ? "it owns none" : out;
}

const CertificateCandidate* nearest(const CertificateChoice& choice) {
  const CertificateCandidate* found = nullptr;
  for (const CertificateCandidate& candidate : choice.candidates) {
    const bool is_own = candidate.verdict != dialog::Verdict::owned_by_other;
    if (is_own && (found == nullptr || candidate.flaws < found->flaws ||
                   (candidate.flaws == found->flaws && candidate.not_after > found->not_after)))
      found = &candidate;
  }
  return found;
}

// What makes one certificate usable, where one statement does; else a new one, brought to the other side.
Cure make_usable(const Examination& ex, const Place& at, const CertificateChoice& choice,
                 const Place& peer, const std::string& peer_user, bool is_new_user) {
  const CertificateCandidate* candidate = nearest(choice);
  if (candidate != nullptr && candidate->flaws == 1) {
    if (candidate->verdict == dialog::Verdict::not_active)
      return ex.cure_at(at).run(fmt::format(
          "ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = ON", bracketed(candidate->name)));
    if (candidate->verdict == dialog::Verdict::private_key_under_password)
      return ex.cure_at(at).run(fmt::format(
          "ALTER CERTIFICATE {} WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'its password')",
          bracketed(candidate->name)));
  }
  return renew(ex, at, choice.principal_id, peer, peer_user, is_new_user);
}

std::string choice_text(const Examination& ex, const Place& at, const CertificateChoice& choice,
                        std::string_view purpose) {
  std::string text = fmt::format("'{}' (id {}) has no certificate {}: {}", choice.principal,
                                 choice.principal_id, purpose, reasons(choice));
  const CertificateCandidate* candidate = nearest(choice);
  if (candidate != nullptr && candidate->verdict == dialog::Verdict::not_yet_valid)
    text += fmt::format(", valid in {}", span_text(candidate->not_before - ex.now(at)));
  return text;
}

void examine_choices(Examination& ex, const Pair& pair, const Security& security) {
  const Place peer = pair.to.value_or(pair.from);
  if (const auto& sign = security.sign) {
    const auto [user, is_new] = stand_in(ex, pair, security);
    if (sign->chosen) {
      ex.ok(CheckId::C001, pair.from, pair.sender->name(),
            certificate_text(*sign->taken()) + " " + sign->taken()->reason);
    } else {
      ex.not_ok(CheckId::C001, pair.from,
                {.object = pair.sender->name(),
                 .text = choice_text(ex, pair.from, *sign,
                                     "to sign with for " + service_text(pair.sender->name())),
                 .fails = failure_text(*sign->error, "messages wait in sys.transmission_queue"),
                 .cure = make_usable(ex, pair.from, *sign, peer, user, is_new)});
    }
  }
  const auto& encrypt = security.encrypt;
  if (!encrypt || ex.is_bad(CheckId::S002, pair.from)) return;
  if (encrypt->chosen) {
    ex.ok(CheckId::C002, pair.from, pair.to_service,
          certificate_text(*encrypt->taken()) + " " + encrypt->taken()->reason);
    return;
  }
  // The public part comes from the target's owner; what it lacks is made there.
  Cure cure;
  std::string clocks;
  const CertificateCandidate* candidate = nearest(*encrypt);
  if (candidate != nullptr && candidate->flaws == 1 &&
      candidate->verdict == dialog::Verdict::not_active) {
    cure = make_usable(ex, pair.from, *encrypt, peer, "", false);
  } else if (pair.to && pair.target != nullptr) {
    const auto theirs = dialog::choose_signing_certificate(ex.objects(*pair.to),
                                                           pair.target->owner(), ex.now(*pair.to));
    const auto* ours =
        theirs.chosen
            ? dialog::find_certificate(
                  ex.objects(pair.from),
                  dialog::reference_to(
                      *ex.objects(*pair.to).table<pb::Certificate>().find(*theirs.chosen)))
            : nullptr;
    if (ours != nullptr && ours->owner() == encrypt->principal_id)
      clocks = "; it is valid by the clock of " + ex.name(*pair.to);
    else if (theirs.chosen)
      deploy(cure, ex, *pair.to, theirs.taken()->name, pair.from, encrypt->principal, false);
    else
      cure = renew(ex, *pair.to, pair.target->owner(), pair.from, encrypt->principal, false);
  }
  ex.not_ok(CheckId::C002, pair.from,
            {.object = pair.to_service,
             .text = choice_text(ex, pair.from, *encrypt,
                                 "to encrypt with for " + service_text(pair.to_service)) +
                     clocks,
             .fails = failure_text(*encrypt->error, "messages wait in sys.transmission_queue"),
             .cure = std::move(cure)});
}

Security decide(const Examination& ex, const Pair& pair) {
  Security security;
  security.decision =
      dialog::decide_security(ex.instance(pair.from), pair.from.database, pair.sender->owner(),
                              pair.to_service, pair.encryption_on, ex.now(pair.from));
  security.sign = security.decision.sign;
  security.encrypt = security.decision.encrypt;
  if (!security.decision.binding.empty() || !pair.encryption_on) return security;
  // Without the binding full security is what was meant where the sender has a certificate.
  const auto sign = dialog::choose_signing_certificate(ex.objects(pair.from), pair.sender->owner(),
                                                       ex.now(pair.from));
  if (nearest(sign) != nullptr) security.sign = sign;
  if (const std::int32_t proxy = proxy_of_target(ex, pair); proxy != 0)
    security.encrypt =
        dialog::choose_encryption_certificate(ex.objects(pair.from), proxy, ex.now(pair.from));
  return security;
}

}  // namespace

void examine_security(Examination& ex, const Pair& pair) {
  constexpr const char* kAtSender = "28050: messages wait in sys.transmission_queue";
  if (pair.is_local) {
    if (pair.encryption_on) (void)examine_master_key(ex, pair.from, kAtSender);
    if (pair.encryption_on && pair.to && pair.to->database != pair.from.database) {
      (void)examine_master_key(ex, *pair.to,
                               "28054 in the sender's transmission_status and in the error log");
    }
    if (pair.target != nullptr) examine_permissions(ex, pair, {});
    return;
  }
  // It may be the way back of dialogs that somebody out of sight begins.
  if (pair.is_route_only && pair.target == nullptr) return;
  const Security security = decide(ex, pair);
  if (pair.encryption_on || !security.decision.binding.empty())
    (void)examine_master_key(ex, pair.from, kAtSender);
  examine_binding(ex, pair, security.decision);
  examine_choices(ex, pair, security);
  if (!pair.to || pair.target == nullptr) return;
  if (pair.encryption_on || !security.is_none()) {
    (void)examine_master_key(ex, *pair.to,
                             "28054 in the error log and 11229 in event 160 here: no answer, the "
                             "sender's status stays empty");
  }
  examine_certificates(ex, pair, security);
  examine_permissions(ex, pair, security);
  try_dialog(ex, pair, security);
}

}  // namespace ssb::sim::doctor
