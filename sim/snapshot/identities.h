// Fresh certificates in place of those of a snapshot: the same issuer, subject, serial number and dates, another key.
//
//   One certificate (by its thumbprint) is made once, so that it is the same on every server that has it.
//   Errors  none: a serial number that is not hexadecimal is drawn.
#pragma once

#include <map>
#include <string>

#include "broker/crypto/rsa.h"
#include "broker/crypto/x509.h"
#include "sim/snapshot/snapshot.h"

namespace ssb::sim::snapshot {

inline constexpr int kMadeKeyBits = 2048;  // catalog views do not tell the length

struct Identity {
  broker::crypto::X509Certificate certificate;
  broker::crypto::RsaPrivateKey key;
};

class Identities {
 public:
  explicit Identities(broker::crypto::RsaKeySource keys) : keys_(std::move(keys)) {}
  // Of a row of certificates.
  [[nodiscard]] const Identity& of(const Row& row);

 private:
  broker::crypto::RsaKeySource keys_;
  std::map<std::string, Identity> made_;  // by thumbprint
};

}  // namespace ssb::sim::snapshot
