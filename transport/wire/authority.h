// Who an endpoint is, and whom it lets in: certificates of master, their dates, owners and the
// CONNECT permission.
//
//   Errors  28036 own certificate, state 85; 28037 own private key, state 88, with the inner error
//   in the text; 28045 another
//           certificate of the same issuer and serial, state 90; 28035 peer's certificate, state
//           89; 28034 no CONNECT, state 84.
//   Source  reference service-broker.md 3.3-3.4, keys-mirroring-rds.md 3.5. There is no chain, no
//   name and no revocation check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/crypto/rsa.h"
#include "broker/crypto/x509.h"
#include "proto/error.h"
#include "proto/time.h"

namespace ssb::wire {

inline constexpr int kStateNoConnect = 84;
inline constexpr int kStateOwnCertificate = 85;
inline constexpr int kStateOwnPrivateKey = 88;
inline constexpr int kStatePeerCertificate = 89;
inline constexpr int kStateCertificateClash = 90;

struct OwnCertificate {
  std::string name;  // in master
  broker::crypto::X509Certificate certificate;
  broker::crypto::RsaPrivateKey key;
};

struct PeerIdentity {
  std::int32_t certificate_id =
      0;  // in master; 0: unknown there, and let in by the CONNECT of public
  std::string certificate_name;
  std::string login;
};

// What was found on the way to a verdict, in the order to show it: ("peer certificate", "CN=...,
// serial ..."), ...
using Findings = std::vector<std::pair<std::string, std::string>>;

class Authority {
 public:
  virtual ~Authority() = default;
  [[nodiscard]] virtual proto::Result<OwnCertificate> own_certificate(proto::TimePoint now,
                                                                      Findings& findings) const = 0;
  [[nodiscard]] virtual proto::Result<PeerIdentity> identify(
      const broker::crypto::X509Certificate& peer, proto::TimePoint now,
      Findings& findings) const = 0;
};

// The authority of an endpoint of the catalog.
class CatalogAuthority : public Authority {
 public:
  CatalogAuthority(const broker::catalog::Instance& instance,
                   broker::catalog::pb::Endpoint endpoint)
      : instance_(instance), endpoint_(std::move(endpoint)) {}
  [[nodiscard]] proto::Result<OwnCertificate> own_certificate(proto::TimePoint now,
                                                              Findings& findings) const override;
  [[nodiscard]] proto::Result<PeerIdentity> identify(const broker::crypto::X509Certificate& peer,
                                                     proto::TimePoint now,
                                                     Findings& findings) const override;

 private:
  [[nodiscard]] bool may_connect(std::int32_t login) const;
  [[nodiscard]] proto::Result<PeerIdentity> identify_unknown(Findings& findings) const;

  const broker::catalog::Instance& instance_;
  broker::catalog::pb::Endpoint endpoint_;
};

// "Certificate expired" or "Certificate not yet valid"; nullptr when `now` lies within its dates.
[[nodiscard]] const char* date_problem(const broker::crypto::X509Certificate& certificate,
                                       proto::TimePoint now);
// "CN=HOST_A, serial 2f 11 ..., thumbprint 0x..., valid ... to ...".
[[nodiscard]] std::string describe(const broker::crypto::X509Certificate& certificate);

}  // namespace ssb::wire
