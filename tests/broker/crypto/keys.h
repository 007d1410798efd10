// Key pairs and certificates for tests: generated once a program, 1024 bits for speed.
#pragma once

#include <string>

#include "broker/crypto/rsa.h"
#include "broker/crypto/x509.h"

namespace ssb::test {

inline const broker::crypto::RsaPrivateKey& first_key() {
  static const auto key = broker::crypto::RsaPrivateKey::generate(1024);
  return key;
}

inline const broker::crypto::RsaPrivateKey& second_key() {
  static const auto key = broker::crypto::RsaPrivateKey::generate(1024);
  return key;
}

inline broker::crypto::X509Certificate make_certificate(const std::string& subject,
                                                        const broker::crypto::RsaPrivateKey& key) {
  using std::chrono::sys_days;
  using std::chrono::year;
  return broker::crypto::X509Certificate::make_self_signed(
      {subject, sys_days(year(2013) / 11 / 1), sys_days(year(2014) / 11 / 1)}, key);
}

}  // namespace ssb::test
