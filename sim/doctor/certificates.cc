// Certificates on both sides of a dialog: what one side takes must be known to the other one, and last.
#include <algorithm>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/keys/key_hierarchy.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {
namespace {

using dialog::CertificateCandidate;
using dialog::CertificateChoice;

const pb::Certificate* row_of(const catalog::Catalog& database, std::int32_t id) {
  return database.table<pb::Certificate>().find(id);
}

// The same certificate in another database; nullptr: not there.
const pb::Certificate* copy_of(const catalog::Catalog& from, std::int32_t id,
                               const catalog::Catalog& to) {
  const pb::Certificate* row = row_of(from, id);
  return row == nullptr ? nullptr : dialog::find_certificate(to, dialog::reference_to(*row));
}

// Another certificate there that the look-up by issuer and serial number would find.
const pb::Certificate* namesake_of(const catalog::Catalog& from, std::int32_t id,
                                   const catalog::Catalog& to) {
  const auto& wanted = broker::keys::parsed(*row_of(from, id));
  return to.table<pb::Certificate>().find_if([&](const pb::Certificate& candidate) {
    const auto& x509 = broker::keys::parsed(candidate);
    return x509.issuer_der() == wanted.issuer_der() && x509.serial() == wanted.serial();
  });
}

std::string thumbprint(const CertificateCandidate& candidate) {
  return "thumbprint 0x" + proto::to_hex(candidate.thumbprint);
}

// Another certificate of the same owner that would do and that the other side knows.
const CertificateCandidate* known_alternative(const CertificateChoice& choice,
                                              const catalog::Catalog& from,
                                              const catalog::Catalog& to) {
  const auto found = std::ranges::find_if(choice.candidates, [&](const auto& candidate) {
    return candidate.verdict == dialog::Verdict::expires_earlier &&
           copy_of(from, candidate.id, to) != nullptr;
  });
  return found == choice.candidates.end() ? nullptr : &*found;
}

struct Sides {
  Place at;    // where the certificate is taken
  Place peer;  // where it has to be known
  std::string peer_user;
  bool is_new_user = false;
};

// What one side takes and the other one lacks. True: it is there.
bool examine_known(Examination& ex, CheckId check, const CertificateChoice& choice,
                   const Sides& sides, const std::string& why, const std::string& fails) {
  if (!choice.chosen) return false;
  const CertificateCandidate& taken = *choice.taken();
  const catalog::Catalog& here = ex.objects(sides.at);
  const catalog::Catalog& there = ex.objects(sides.peer);
  if (const pb::Certificate* copy = copy_of(here, taken.id, there)) {
    ex.ok(check, sides.peer, taken.name,
          fmt::format("'{}' of {}", copy->name(), user_text(there, copy->owner())));
    return true;
  }
  if (const pb::Certificate* other = namesake_of(here, taken.id, there)) {
    ex.not_ok(CheckId::C007, sides.peer,
              {.object = taken.name,
               .text = fmt::format("certificate '{}' here has issuer and serial number of '{}' in "
                                   "{} ({}), and is another one",
                                   other->name(), taken.name, ex.text(sides.at), thumbprint(taken)),
               .fails = "9630 or 11230 here: no answer",
               .cure = renew(ex, sides.at, choice.principal_id, sides.peer, sides.peer_user,
                             sides.is_new_user)});
    return false;
  }
  std::string text = fmt::format("{} of {} ({}, expires {} UTC) is not here; {}",
                                 certificate_text(taken), ex.text(sides.at), thumbprint(taken),
                                 proto::to_datetime_text(taken.not_after), why);
  Cure cure;
  if (const auto* known = known_alternative(choice, here, there)) {
    text += fmt::format("; '{}', which is known here, is passed over because '{}' expires later",
                        known->name, taken.name);
    cure = ex.cure_at(sides.at).run(fmt::format(
        "ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = OFF", bracketed(taken.name)));
  } else {
    deploy(cure, ex, sides.at, taken.name, sides.peer, sides.peer_user, sides.is_new_user);
  }
  ex.not_ok(check, sides.peer,
            {.object = taken.name, .text = text, .fails = fails, .cure = std::move(cure)});
  return false;
}

// A successor: it lasts, its other qualities are right or will be, and the other side knows it.
bool has_successor(const CertificateChoice& choice, const catalog::Catalog& here,
                   const catalog::Catalog& there, proto::TimePoint until) {
  return std::ranges::any_of(choice.candidates, [&](const CertificateCandidate& candidate) {
    const bool will_do = candidate.verdict == dialog::Verdict::taken ||
                         candidate.verdict == dialog::Verdict::not_active ||
                         candidate.verdict == dialog::Verdict::not_yet_valid;
    return will_do && candidate.not_after > until && candidate.not_before < until &&
           copy_of(here, candidate.id, there) != nullptr;
  });
}

void examine_last(Examination& ex, const CertificateChoice& choice, const Sides& sides) {
  if (!choice.chosen) return;
  const CertificateCandidate& taken = *choice.taken();
  const proto::TimePoint until = ex.now(sides.at) + kSoon;
  const auto left = taken.not_after - ex.now(sides.at);
  const bool is_replaced =
      has_successor(choice, ex.objects(sides.at), ex.objects(sides.peer), until);
  if (taken.not_after > until || is_replaced) {
    ex.ok(CheckId::C013, sides.at, taken.name,
          is_replaced ? "there is a successor" : "lasts for " + span_text(left));
    return;
  }
  ex.not_ok(CheckId::C013, sides.at,
            {.object = taken.name,
             .text = fmt::format("{} expires in {}, and there is no successor that {} knows",
                                 certificate_text(taken), span_text(left), ex.text(sides.peer)),
             .fails = "28025 at new dialogs from then on",
             .cure = renew(ex, sides.at, choice.principal_id, sides.peer, sides.peer_user,
                           sides.is_new_user)});
}

// The one that will be taken without anybody doing anything, once its first day has come.
void examine_next(Examination& ex, const CertificateChoice& choice, const Sides& sides) {
  if (!choice.chosen) return;
  const CertificateCandidate& taken = *choice.taken();
  for (const CertificateCandidate& candidate : choice.candidates) {
    const bool will_be_taken = candidate.verdict == dialog::Verdict::not_yet_valid &&
                               candidate.flaws == 1 && candidate.not_after > taken.not_after;
    if (!will_be_taken) continue;
    if (copy_of(ex.objects(sides.at), candidate.id, ex.objects(sides.peer)) != nullptr) {
      ex.ok(CheckId::C015, sides.at, candidate.name, "known at the peer");
      continue;
    }
    Cure cure;
    deploy(cure, ex, sides.at, candidate.name, sides.peer, sides.peer_user, sides.is_new_user);
    ex.not_ok(CheckId::C015, sides.at,
              {.object = candidate.name,
               .text = fmt::format("from {} UTC, in {}, {} takes the place of '{}', because it "
                                   "expires later, and {} does not know it",
                                   proto::to_datetime_text(candidate.not_before),
                                   span_text(candidate.not_before - ex.now(sides.at)),
                                   certificate_text(candidate), taken.name, ex.text(sides.peer)),
               .fails = "11229 there from then on: no answer",
               .cure = std::move(cure)});
  }
}

}  // namespace

std::optional<std::int32_t> sender_at_target(const Examination& ex, const Pair& pair,
                                             const Security& security) {
  if (!security.sign) return catalog::kPublic;
  const catalog::Catalog& here = ex.objects(pair.from);
  const catalog::Catalog& there = ex.objects(*pair.to);
  if (security.sign->chosen) {
    if (const auto* copy = copy_of(here, *security.sign->chosen, there)) return copy->owner();
  }
  for (const CertificateCandidate& candidate : security.sign->candidates) {
    if (candidate.verdict == dialog::Verdict::owned_by_other) continue;
    if (const auto* copy = copy_of(here, candidate.id, there)) return copy->owner();
  }
  return std::nullopt;
}

void deploy(Cure& cure, const Examination& ex, const Place& from, const std::string& certificate,
            const Place& to, const std::string& user, bool is_new_user) {
  const auto* row = ex.objects(from).table<pb::Certificate>().find(std::string_view(certificate));
  const auto* copy = row == nullptr
                         ? nullptr
                         : dialog::find_certificate(ex.objects(to), dialog::reference_to(*row));
  if (copy != nullptr) {  // it cannot be imported twice: 15232
    cure.on(ex.name(to), ex.database_name(to));
    if (is_new_user) cure.run(fmt::format("CREATE USER {} WITHOUT LOGIN", bracketed(user)));
    cure.run(fmt::format("ALTER AUTHORIZATION ON CERTIFICATE::{} TO {}", bracketed(copy->name()),
                         bracketed(user)));
    return;
  }
  const std::string file =
      fmt::format("{}_to_{}_{}.cer", certificate, ex.name(to), ex.database_name(to));
  cure.on(ex.name(from), ex.database_name(from))
      .run(
          fmt::format("BACKUP CERTIFICATE {} TO FILE = {}", bracketed(certificate), literal(file)));
  if (ex.name(from) != ex.name(to)) cure.copy(ex.name(from), file, ex.name(to));
  cure.on(ex.name(to), ex.database_name(to));
  if (is_new_user) cure.run(fmt::format("CREATE USER {} WITHOUT LOGIN", bracketed(user)));
  cure.run(fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {} FROM FILE = {}",
                       bracketed(free_name<pb::Certificate>(ex.objects(to), certificate)),
                       bracketed(user), literal(file)));
}

namespace {

// The first day by which everything of this owner has ended, where that is later than the year that a new one lasts: of two the one
// that expires later is taken. Empty: the year is enough.
std::string expiry_clause(const Examination& ex, const Place& owner_at, std::int32_t owner,
                          const Place& peer, const std::string& peer_user) {
  constexpr std::size_t kDateLength = 10;
  constexpr auto kYear = std::chrono::days(365);
  proto::TimePoint latest = ex.now(owner_at);
  const auto see = [&](const Place& place, std::int32_t id) {
    for (const auto& [number, row] : ex.objects(place).table<pb::Certificate>()) {
      if (row.owner() == id) latest = std::max(latest, broker::keys::parsed(row).not_after());
    }
  };
  see(owner_at, owner);
  const auto* stand_in = ex.objects(peer).table<pb::Principal>().find(std::string_view(peer_user));
  if (stand_in != nullptr) see(peer, stand_in->id());
  if (latest + std::chrono::days(1) < ex.now(owner_at) + kYear) return "";
  return fmt::format(", EXPIRY_DATE = {}",
                     literal(proto::to_datetime_text(latest + kYear).substr(0, kDateLength)));
}

}  // namespace

Cure renew(const Examination& ex, const Place& owner_at, std::int32_t owner, const Place& peer,
           const std::string& peer_user, bool is_new_user) {
  const std::string user = catalog::principal_name(ex.objects(owner_at), owner);
  const std::string name = free_name<pb::Certificate>(ex.objects(owner_at), user + "_new_cert");
  Cure cure = ex.cure_at(owner_at);
  if (ex.objects(owner_at).master_key() == nullptr)
    cure.run(fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}'", kPassword));
  cure.run(fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {} WITH SUBJECT = {}{}",
                       bracketed(name), bracketed(user), literal(user),
                       expiry_clause(ex, owner_at, owner, peer, peer_user)));
  if (!peer_user.empty() && peer != owner_at)
    deploy(cure, ex, owner_at, name, peer, peer_user, is_new_user);
  return cure;
}

void examine_certificates(Examination& ex, const Pair& pair, const Security& security) {
  if (const auto& sign = security.sign) {
    const auto [user, is_new_user] = stand_in(ex, pair, security);
    const Sides sides{pair.from, *pair.to, user, is_new_user};
    (void)examine_known(ex, CheckId::C003, *sign, sides,
                        fmt::format("{} signs with it", service_text(pair.sender->name())),
                        "11229 in event 160 and 158 \"Cert not found\" here: no answer, the "
                        "sender's status stays empty");
    examine_last(ex, *sign, sides);
    examine_next(ex, *sign, sides);
  }
  if (const auto& encrypt = security.encrypt) {
    const std::string owner = catalog::principal_name(ex.objects(*pair.to), pair.target->owner());
    const Sides sides{pair.from, *pair.to, owner, false};
    const bool is_known = !encrypt->chosen || copy_of(ex.objects(pair.from), *encrypt->chosen,
                                                      ex.objects(*pair.to)) != nullptr;
    if (is_known) {
      if (encrypt->chosen) ex.ok(CheckId::C004, *pair.to, encrypt->taken()->name, "here");
    } else if (namesake_of(ex.objects(pair.from), *encrypt->chosen, ex.objects(*pair.to)) !=
               nullptr) {
      (void)examine_known(ex, CheckId::C004, *encrypt, sides, "", "");
    } else {
      // A public copy at the initiator cannot be brought back: the target's own certificate goes there.
      Cure cure;
      const auto theirs = dialog::choose_signing_certificate(
          ex.objects(*pair.to), pair.target->owner(), ex.now(*pair.to));
      cure.on(ex.name(pair.from), ex.database_name(pair.from))
          .run(fmt::format("DROP CERTIFICATE {}", bracketed(encrypt->taken()->name)));
      const bool is_there = theirs.chosen && copy_of(ex.objects(*pair.to), *theirs.chosen,
                                                     ex.objects(pair.from)) != nullptr;
      if (theirs.chosen && !is_there)
        deploy(cure, ex, *pair.to, theirs.taken()->name, pair.from, encrypt->principal, false);
      ex.not_ok(
          CheckId::C004, *pair.to,
          {.object = encrypt->taken()->name,
           .text = fmt::format("{} encrypts for {} ({}), and it is not here", ex.text(pair.from),
                               certificate_text(*encrypt->taken()), thumbprint(*encrypt->taken())),
           .fails = "11229 in event 160 and 158 \"Cert not found\" here: no answer, the "
                    "sender's status stays empty",
           .cure = std::move(cure)});
    }
  }
  if (!security.encrypt) return;
  // The target's own, which the initiator's copy goes with.
  const auto theirs = dialog::choose_signing_certificate(ex.objects(*pair.to), pair.target->owner(),
                                                         ex.now(*pair.to));
  const Sides back{*pair.to, pair.from, security.encrypt->principal, false};
  examine_last(ex, theirs, back);
  examine_next(ex, theirs, back);
}

}  // namespace ssb::sim::doctor
