// Which security a dialog gets, and with which certificates: decided from the catalog, with every
// candidate and why it was not taken.
//
//   Shape   reference service-broker.md 2.3, decided when the dialog first has something to
//   transmit and again at each retry while delayed:
//             service owner's      ENCRYPTION  no binding  ANONYMOUS = ON  ANONYMOUS = OFF
//             certificate usable   ON          9727        anonymous       full
//             certificate usable   OFF         none        anonymous       full
//             none usable          ON          9727        anonymous       9731 or the reason of
//             the best candidate none usable          OFF         none        anonymous       9731
//             or the reason of the best candidate
//           Wherever security is asked for (ENCRYPTION = ON, or a binding) the master key must open
//           by the service master key: 28050, asked first, as its absence is what the product
//           reports first.
//   Errors  a decision that fails is no failure of the call: `delayed` holds what
//   transmission_status shows, and the dialog waits.
//           9727 no binding; 9728 principal dropped; 9731 no certificate; 9733 no private key; 9737
//           key under a password; 9767 not active; 9768 the initiator's user was dropped before the
//           reply; 28024 not yet valid; 28025 expired; 28050.
//   Source  reference service-broker.md 2.1-2.4, 2.10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/catalog/instance.h"
#include "broker/crypto/digest.h"
#include "proto/error.h"
#include "proto/time.h"

namespace ssb::broker::dialog {

enum class SecurityType : int {
  none = 0,
  anonymous = 1,
  full = 2
};  // stored with endpoints: never renumber
[[nodiscard]] const char* security_type_name(SecurityType type);

// Why a certificate was taken or not. Of several reasons, the first in this order is given.
enum class Verdict {
  taken,            // the latest expiry of those that qualify
  expires_earlier,  // qualifies, but another one expires later (or at the same time, and has a
                    // higher id)
  owned_by_other,   // shown only when none qualifies
  no_private_key,   // signing only
  private_key_under_password,  // signing only
  not_active,                  // ACTIVE FOR BEGIN_DIALOG = OFF
  not_yet_valid,
  expired,
};

struct CertificateCandidate {
  std::int32_t id = 0;
  std::string name;
  std::int32_t owner = 0;
  proto::TimePoint not_before;
  proto::TimePoint not_after;
  crypto::Sha1Digest thumbprint{};
  Verdict verdict{};
  int flaws = 0;  // how many of the conditions fail
  std::optional<proto::Error>
      error;  // of the verdict; absent for taken, expires_earlier, owned_by_other
  std::string
      reason;  // "taken: latest expiry of 2 valid", "not taken: not ACTIVE FOR BEGIN_DIALOG", ...
};

struct CertificateChoice {
  std::string principal;  // name, or "" when dropped
  std::int32_t principal_id = 0;
  std::vector<CertificateCandidate> candidates;  // by certificate id
  std::optional<std::int32_t> chosen;            // certificate id
  std::size_t valid = 0;                         // how many qualify
  std::optional<proto::Error> error;             // set exactly when nothing was chosen

  [[nodiscard]] const CertificateCandidate* taken() const;
};

// The certificate that speaks for `owner`: private key under the master key, active, valid at `now`
// (both ends included), latest expiry; of equal expiries the one with the highest certificate id,
// the one made last.
[[nodiscard]] CertificateChoice choose_signing_certificate(const catalog::Catalog& database,
                                                           std::int32_t owner,
                                                           proto::TimePoint now);
// The certificate to encrypt for the peer that `user` stands for: as above, without the private
// key.
[[nodiscard]] CertificateChoice choose_encryption_certificate(const catalog::Catalog& database,
                                                              std::int32_t user,
                                                              proto::TimePoint now);

// A certificate as an endpoint remembers it: ids are used again after a DROP, so the hash decides
// and the id only finds it fast.
struct CertificateRef {
  std::int32_t id = 0;
  crypto::Sha256Digest sha256{};

  [[nodiscard]] bool is_set() const { return id != 0; }
  friend bool operator==(const CertificateRef&, const CertificateRef&) = default;
};
[[nodiscard]] CertificateRef reference_to(const catalog::pb::Certificate& certificate);
// The certificate, under whatever id it now has (imported again); nullptr when it is gone.
[[nodiscard]] const catalog::pb::Certificate* find_certificate(const catalog::Catalog& database,
                                                               const CertificateRef& ref);

// What a first message needs of its decision, fixed for the dialog (reference 2.10: only new
// conversations use a new certificate).
struct Parties {
  SecurityType type = SecurityType::none;
  CertificateRef source;       // set in full security
  CertificateRef destination;  // set in full and anonymous security
  std::int32_t remote_user =
      0;  // the binding's user at the initiator, the initiator's user at the target
};

struct SecurityDecision {
  Parties parties;
  bool encryption_on = true;
  std::string binding;                       // name; empty: none matched
  std::string binding_user;                  // name of its user
  std::optional<CertificateChoice> sign;     // looked for in full security
  std::optional<CertificateChoice> encrypt;  // looked for in full and anonymous security
  std::optional<proto::Error> delayed;  // the dialog waits, with this as its transmission_status

  [[nodiscard]] SecurityType type() const { return parties.type; }
};

// The initiator's decision for a dialog that leaves the instance. `service_owner` owns the FROM
// service; `to_service` is compared byte by byte with the binding's service name.
[[nodiscard]] SecurityDecision decide_security(const catalog::Instance& instance,
                                               store::DatabaseId database,
                                               std::int32_t service_owner,
                                               std::string_view to_service, bool encryption_on,
                                               proto::TimePoint now);
// The target's decision for its first reply in full security: its service owner's certificate, and
// one of the user that authenticated the initiator. (Anonymous and none need no decision: the reply
// has no security header.)
[[nodiscard]] SecurityDecision decide_reply(const catalog::Instance& instance,
                                            store::DatabaseId database, std::int32_t service_owner,
                                            std::int32_t initiator_user, proto::TimePoint now);
// A dialog inside of the instance is neither encrypted nor authorized, but with ENCRYPTION = ON its
// session keys still need a master key on each side (reference 1.6, 2.3, 2.4): 28050 for the
// sender's database, 28054 for the one that it goes `to`; or nullopt.
[[nodiscard]] std::optional<proto::Error> check_local(const catalog::Instance& instance,
                                                      store::DatabaseId database,
                                                      store::DatabaseId to, bool encryption_on);
// 28050 when the master key does not open by the service master key.
[[nodiscard]] std::optional<proto::Error> check_master_key(const catalog::Instance& instance,
                                                           store::DatabaseId database);

// The decision as detail of a trace record (proto/trace.h), in the order to show it:
//   ("security", "full") ("binding", "ToImg (user ImgProc_proxy)") ("encrypt", "ImgProc_2009
//   expires 2009-12-12 thumbprint 1EF5... latest of 2 valid") ("sign", ...) ("candidate",
//   "MyService_2008 of MyService_owner, to sign: not taken: not ACTIVE FOR BEGIN_DIALOG") ...
//   ("delayed", text of the error).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe(
    const SecurityDecision& decision);

}  // namespace ssb::broker::dialog
