#include "transport/wire/authority.h"

#include "broker/catalog/permissions.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/bytes.h"
#include "proto/error_code.h"

namespace ssb::wire {
namespace {

using broker::catalog::pb::Certificate;
using broker::crypto::X509Certificate;
using proto::Error;
using proto::ErrorCode;

constexpr std::int32_t kPublicLogin = 2;

template <typename... Parameters>
Error refusal(ErrorCode code, int state, Parameters&&... parameters) {
  return Error(code, std::forward<Parameters>(parameters)..., std::to_string(state))
      .with_state(state);
}

}  // namespace

const char* date_problem(const X509Certificate& certificate, proto::TimePoint now) {
  if (now < certificate.not_before()) return "Certificate not yet valid";
  if (now > certificate.not_after()) return "Certificate expired";
  return nullptr;
}

std::string describe(const X509Certificate& certificate) {
  return certificate.subject() + ", serial " + certificate.serial_text() + ", thumbprint 0x" +
         proto::to_hex(certificate.thumbprint()) + ", valid " +
         proto::to_datetime_text(certificate.not_before()) + " to " +
         proto::to_datetime_text(certificate.not_after()) + " UTC";
}

bool CatalogAuthority::may_connect(std::int32_t login) const {
  return broker::catalog::login_has_permission(
      instance_, login, broker::catalog::ObjectClass::endpoint, endpoint_.id(), "CONNECT");
}

proto::Result<OwnCertificate> CatalogAuthority::own_certificate(proto::TimePoint now,
                                                                Findings& findings) const {
  const auto* certificate =
      instance_.master().table<Certificate>().find(endpoint_.certificate_id());
  if (certificate == nullptr) {
    return refusal(ErrorCode::own_certificate_invalid, kStateOwnCertificate,
                   "Certificate not found");
  }
  const X509Certificate& parsed = broker::keys::parsed(*certificate);
  findings.emplace_back("own certificate", certificate->name() + " (" + describe(parsed) + ")");
  if (const char* problem = date_problem(parsed, now)) {
    return refusal(ErrorCode::own_certificate_invalid, kStateOwnCertificate, problem);
  }
  auto key = broker::keys::private_key(instance_, broker::catalog::kMaster, *certificate);
  if (!key) {
    return refusal(ErrorCode::own_private_key_unusable, kStateOwnPrivateKey,
                   std::to_string(key.error().number()) + ", " + key.error().text());
  }
  return OwnCertificate{certificate->name(), parsed, std::move(*key)};
}

proto::Result<PeerIdentity> CatalogAuthority::identify_unknown(Findings& findings) const {
  findings.emplace_back("found in master", "no");
  const bool is_broker = endpoint_.kind() == broker::catalog::pb::Endpoint::SERVICE_BROKER;
  if (!is_broker || !may_connect(kPublicLogin)) {
    return refusal(ErrorCode::peer_certificate_invalid, kStatePeerCertificate,
                   "Certificate not found");
  }
  findings.emplace_back("CONNECT", "granted to public");
  return PeerIdentity{0, {}, "public"};
}

proto::Result<PeerIdentity> CatalogAuthority::identify(const X509Certificate& peer,
                                                       proto::TimePoint now,
                                                       Findings& findings) const {
  findings.emplace_back("peer certificate", describe(peer));
  const auto& master = instance_.master();
  // The whole certificate decides; one that shares no more than issuer and serial number is a clash.
  const auto* found = master.table<Certificate>().find_if([&](const Certificate& candidate) {
    return broker::keys::parsed(candidate).der() == peer.der();
  });
  if (found == nullptr) {
    found = master.table<Certificate>().find_if([&](const Certificate& candidate) {
      const X509Certificate& parsed = broker::keys::parsed(candidate);
      return parsed.issuer_der() == peer.issuer_der() && parsed.serial() == peer.serial();
    });
  }
  if (found != nullptr) {
    findings.emplace_back("found in master",
                          found->name() + " (id " + std::to_string(found->id()) + ")");
    if (broker::keys::parsed(*found).der() != peer.der()) {
      return refusal(ErrorCode::certificate_clash, kStateCertificateClash, found->name());
    }
  }
  if (const char* problem = date_problem(peer, now)) {
    return refusal(ErrorCode::peer_certificate_invalid, kStatePeerCertificate, problem);
  }
  if (found == nullptr) return identify_unknown(findings);

  const auto* owner = master.table<broker::catalog::pb::Principal>().find(found->owner());
  // dbo of master is the login sa; a user without login has what public has.
  const std::int32_t login_id = found->owner() == broker::catalog::kDbo   ? broker::catalog::kSa
                                : owner == nullptr || owner->login() == 0 ? kPublicLogin
                                                                          : owner->login();
  const auto* login = master.table<broker::catalog::pb::Login>().find(login_id);
  const std::string owner_name = owner == nullptr ? std::to_string(found->owner()) : owner->name();
  const std::string login_name =
      login == nullptr || login_id == kPublicLogin ? owner_name : login->name();
  findings.emplace_back(
      "owner", "user " + owner_name + ", login " +
                   (login == nullptr || login_id == kPublicLogin ? "none" : login->name()));
  const bool allowed = may_connect(login_id);
  findings.emplace_back("CONNECT", allowed ? "granted" : "missing");
  if (!allowed) return refusal(ErrorCode::no_connect_on_endpoint, kStateNoConnect, login_name);
  return PeerIdentity{found->id(), found->name(), login_name};
}

}  // namespace ssb::wire
