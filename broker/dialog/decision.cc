#include "broker/dialog/decision.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "broker/crypto/x509.h"
#include "broker/dialog/security.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/error_code.h"

namespace ssb::broker::dialog {

namespace {

using proto::Error;
using proto::ErrorCode;

// Certificates of others are listed only to help, where the owner has none to use.
constexpr std::size_t kOthersShownMax = 16;

enum class Purpose { sign, encrypt };

std::string date_text(proto::TimePoint t) {
  return proto::to_datetime_text(t).substr(0, 10);
}

std::string owner_text(const catalog::Catalog& database, std::int32_t id) {
  const auto* principal = database.table<catalog::pb::Principal>().find(id);
  return principal == nullptr ? fmt::format("id {}", id)
                              : fmt::format("{} (id {})", principal->name(), id);
}

// What is wrong with the candidate, in the order of Verdict; it keeps the first and counts all.
class Flaws {
 public:
  Flaws(CertificateCandidate& candidate, const std::string& principal)
      : candidate_(candidate), principal_(principal) {}

  template <typename... More>
  void add(Verdict verdict, ErrorCode code, std::string_view reason, More... more) {
    if (candidate_.flaws++ > 0) return;
    candidate_.verdict = verdict;
    candidate_.error = Error(code, principal_, std::to_string(candidate_.owner), candidate_.name,
                             std::move(more)...);
    candidate_.reason = fmt::format("not taken: {}", reason);
  }

 private:
  CertificateCandidate& candidate_;
  const std::string& principal_;
};

CertificateCandidate describe_certificate(const catalog::pb::Certificate& certificate) {
  const crypto::X509Certificate& x509 = keys::parsed(certificate);
  CertificateCandidate candidate;
  candidate.id = certificate.id();
  candidate.name = certificate.name();
  candidate.owner = certificate.owner();
  candidate.not_before = x509.not_before();
  candidate.not_after = x509.not_after();
  candidate.thumbprint = x509.thumbprint();
  return candidate;
}

CertificateCandidate examine(const catalog::pb::Certificate& certificate,
                             const std::string& principal, Purpose purpose, proto::TimePoint now) {
  CertificateCandidate candidate = describe_certificate(certificate);
  Flaws flaws(candidate, principal);
  if (purpose == Purpose::sign && certificate.private_key_protection() == "PW") {
    flaws.add(Verdict::private_key_under_password, ErrorCode::private_key_under_password,
              "its private key is under a password");
  } else if (purpose == Purpose::sign && certificate.private_key_protection() != "MK") {
    flaws.add(Verdict::no_private_key, ErrorCode::certificate_without_private_key,
              "no private key");
  }
  if (!certificate.is_active_for_begin_dialog()) {
    flaws.add(Verdict::not_active, ErrorCode::certificate_not_active,
              "not ACTIVE FOR BEGIN_DIALOG");
  }
  if (now < candidate.not_before) {
    const std::string from = proto::to_datetime_text(candidate.not_before);
    flaws.add(Verdict::not_yet_valid, ErrorCode::certificate_not_yet_valid_for_dialog,
              fmt::format("not valid before {} UTC", from), from);
  }
  if (now > candidate.not_after) {
    const std::string until = proto::to_datetime_text(candidate.not_after);
    flaws.add(Verdict::expired, ErrorCode::certificate_expired_for_dialog,
              fmt::format("expired {} UTC", until), until);
  }
  return candidate;
}

void add_others(const catalog::Catalog& database, CertificateChoice& choice) {
  std::size_t others = 0;
  for (const auto& [id, certificate] : database.table<catalog::pb::Certificate>()) {
    if (certificate.owner() == choice.principal_id) continue;
    if (++others > kOthersShownMax) break;
    CertificateCandidate candidate = describe_certificate(certificate);
    candidate.verdict = Verdict::owned_by_other;
    candidate.reason =
        fmt::format("not taken: owned by {}", owner_text(database, certificate.owner()));
    choice.candidates.push_back(std::move(candidate));
  }
  std::ranges::sort(choice.candidates, {}, &CertificateCandidate::id);
}

// The candidate nearest to being usable: fewest flaws, then latest expiry, then made last.
const CertificateCandidate& best_of(const std::vector<CertificateCandidate>& candidates) {
  return *std::ranges::min_element(candidates, [](const auto& a, const auto& b) {
    return std::tuple(a.flaws, b.not_after, b.id) < std::tuple(b.flaws, a.not_after, a.id);
  });
}

CertificateChoice choose(const catalog::Catalog& database, std::int32_t owner, Purpose purpose,
                         proto::TimePoint now) {
  CertificateChoice choice;
  choice.principal_id = owner;
  const auto* principal = database.table<catalog::pb::Principal>().find(owner);
  if (principal == nullptr) {
    choice.error =
        Error(ErrorCode::invalid_principal_for_certificate, std::string(), std::to_string(owner));
    return choice;
  }
  choice.principal = principal->name();
  for (const auto& [id, certificate] : database.table<catalog::pb::Certificate>()) {
    if (certificate.owner() != owner) continue;
    choice.candidates.push_back(examine(certificate, choice.principal, purpose, now));
    if (choice.candidates.back().flaws == 0) ++choice.valid;
  }
  if (choice.valid == 0) {
    choice.error = choice.candidates.empty() ? Error(ErrorCode::no_certificate_for_principal,
                                                     choice.principal, std::to_string(owner))
                                             : *best_of(choice.candidates).error;
    add_others(database, choice);
    return choice;
  }
  choice.chosen = best_of(choice.candidates).id;
  for (CertificateCandidate& candidate : choice.candidates) {
    if (candidate.flaws > 0) continue;
    const bool is_taken = candidate.id == *choice.chosen;
    candidate.verdict = is_taken ? Verdict::taken : Verdict::expires_earlier;
    candidate.reason = is_taken ? fmt::format("taken: latest expiry of {} valid", choice.valid)
                                : fmt::format("not taken: {} expires later", choice.taken()->name);
    if (!is_taken && candidate.not_after == choice.taken()->not_after) {
      candidate.reason = fmt::format("not taken: {} expires at the same time and was made later",
                                     choice.taken()->name);
    }
  }
  return choice;
}

const catalog::pb::RemoteServiceBinding* find_binding(const catalog::Catalog& database,
                                                      std::string_view to_service) {
  for (const auto& [id, binding] : database.table<catalog::pb::RemoteServiceBinding>()) {
    if (binding.remote_service_name() == to_service) return &binding;
  }
  return nullptr;
}

CertificateRef reference_to_chosen(const catalog::Catalog& database,
                                   const CertificateChoice& choice) {
  return reference_to(*database.table<catalog::pb::Certificate>().find(*choice.chosen));
}

// Takes the choices into the decision; the first that found nothing delays the dialog.
void take_choices(const catalog::Catalog& database, SecurityDecision& decision) {
  if (decision.sign && decision.sign->error) {
    decision.delayed = decision.sign->error;
  } else if (decision.encrypt && decision.encrypt->error) {
    decision.delayed = decision.encrypt->error;
  } else {
    if (decision.sign) decision.parties.source = reference_to_chosen(database, *decision.sign);
    if (decision.encrypt)
      decision.parties.destination = reference_to_chosen(database, *decision.encrypt);
  }
}

std::string choice_text(const CertificateChoice& choice) {
  const CertificateCandidate* taken = choice.taken();
  if (taken == nullptr)
    return fmt::format("none usable of '{}' (id {})", choice.principal, choice.principal_id);
  return fmt::format("{} expires {} thumbprint {} latest of {} valid", taken->name,
                     date_text(taken->not_after), proto::to_hex(taken->thumbprint), choice.valid);
}

}  // namespace

const char* security_type_name(SecurityType type) {
  switch (type) {
    case SecurityType::none: return "none";
    case SecurityType::anonymous: return "anonymous";
    case SecurityType::full: return "full";
  }
  return "";
}

const CertificateCandidate* CertificateChoice::taken() const {
  const auto found = std::ranges::find_if(
      candidates, [this](const CertificateCandidate& candidate) { return candidate.id == chosen; });
  return chosen && found != candidates.end() ? &*found : nullptr;
}

CertificateChoice choose_signing_certificate(const catalog::Catalog& database, std::int32_t owner,
                                             proto::TimePoint now) {
  return choose(database, owner, Purpose::sign, now);
}

CertificateChoice choose_encryption_certificate(const catalog::Catalog& database, std::int32_t user,
                                                proto::TimePoint now) {
  return choose(database, user, Purpose::encrypt, now);
}

CertificateRef reference_to(const catalog::pb::Certificate& certificate) {
  return {certificate.id(), keys::parsed(certificate).fingerprint()};
}

const catalog::pb::Certificate* find_certificate(const catalog::Catalog& database,
                                                 const CertificateRef& ref) {
  const auto& certificates = database.table<catalog::pb::Certificate>();
  const auto is_it = [&ref](const catalog::pb::Certificate& certificate) {
    return keys::parsed(certificate).fingerprint() == ref.sha256;
  };
  const auto* remembered = certificates.find(ref.id);
  if (remembered != nullptr && is_it(*remembered)) return remembered;
  return certificates.find_if(is_it);
}

std::optional<Error> check_master_key(const catalog::Instance& instance,
                                      store::DatabaseId database) {
  if (keys::open_by_service_master_key(instance, database)) return std::nullopt;
  return Error(ErrorCode::session_keys_need_master_key, instance.info(database).name());
}

std::optional<Error> check_local(const catalog::Instance& instance, store::DatabaseId database,
                                 store::DatabaseId to, bool encryption_on) {
  if (!encryption_on) return std::nullopt;
  if (auto missing = check_master_key(instance, database)) return missing;
  if (to == database || keys::open_by_service_master_key(instance, to)) return std::nullopt;
  return refuse_without_master_key(instance, to, 0, "").log;
}

SecurityDecision decide_security(const catalog::Instance& instance, store::DatabaseId database,
                                 std::int32_t service_owner, std::string_view to_service,
                                 bool encryption_on, proto::TimePoint now) {
  const catalog::Catalog& objects = *instance.database(database);
  SecurityDecision decision;
  decision.encryption_on = encryption_on;
  const catalog::pb::RemoteServiceBinding* binding = find_binding(objects, to_service);
  if (binding != nullptr) {
    decision.parties.type = binding->is_anonymous() ? SecurityType::anonymous : SecurityType::full;
    decision.parties.remote_user = binding->remote_principal();
    decision.binding = binding->name();
    const auto* user = objects.table<catalog::pb::Principal>().find(binding->remote_principal());
    decision.binding_user =
        user == nullptr ? fmt::format("id {}", binding->remote_principal()) : user->name();
    if (!binding->is_anonymous())
      decision.sign = choose_signing_certificate(objects, service_owner, now);
    decision.encrypt = choose_encryption_certificate(objects, binding->remote_principal(), now);
    take_choices(objects, decision);
  } else if (encryption_on) {
    decision.delayed = Error(ErrorCode::no_remote_service_binding, to_service);
  }
  if (binding != nullptr || encryption_on) {
    if (auto failure = check_master_key(instance, database)) decision.delayed = std::move(failure);
  }
  return decision;
}

SecurityDecision decide_reply(const catalog::Instance& instance, store::DatabaseId database,
                              std::int32_t service_owner, std::int32_t initiator_user,
                              proto::TimePoint now) {
  const catalog::Catalog& objects = *instance.database(database);
  SecurityDecision decision;
  decision.parties.type = SecurityType::full;
  decision.parties.remote_user = initiator_user;
  decision.sign = choose_signing_certificate(objects, service_owner, now);
  decision.encrypt = choose_encryption_certificate(objects, initiator_user, now);
  take_choices(objects, decision);
  if (objects.table<catalog::pb::Principal>().find(initiator_user) == nullptr) {
    decision.delayed =
        Error(ErrorCode::user_dropped_before_key_exchange, std::to_string(initiator_user));
  }
  if (auto failure = check_master_key(instance, database)) decision.delayed = std::move(failure);
  return decision;
}

std::vector<std::pair<std::string, std::string>> describe(const SecurityDecision& decision) {
  std::vector<std::pair<std::string, std::string>> lines;
  lines.emplace_back("security", security_type_name(decision.type()));
  lines.emplace_back("encryption", decision.encryption_on ? "ON" : "OFF");
  if (!decision.binding.empty()) {
    lines.emplace_back("binding",
                       fmt::format("{} (user {})", decision.binding, decision.binding_user));
  }
  if (decision.encrypt) lines.emplace_back("encrypt", choice_text(*decision.encrypt));
  if (decision.sign) lines.emplace_back("sign", choice_text(*decision.sign));
  const auto add_candidates = [&lines](const std::optional<CertificateChoice>& choice,
                                       const char* purpose) {
    if (!choice) return;
    for (const CertificateCandidate& candidate : choice->candidates) {
      lines.emplace_back("candidate", fmt::format("{} of '{}', to {}: {}", candidate.name,
                                                  choice->principal, purpose, candidate.reason));
    }
  };
  add_candidates(decision.encrypt, "encrypt");
  add_candidates(decision.sign, "sign");
  if (decision.delayed) lines.emplace_back("delayed", decision.delayed->text());
  return lines;
}

}  // namespace ssb::broker::dialog
