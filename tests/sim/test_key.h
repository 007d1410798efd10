// The one RSA key of tests that do not look at keys: making one costs 0.3 s.
#pragma once

#include "broker/crypto/rsa.h"

namespace ssb::sim {

// A fresh object each time, as of the pool: see key_pool.cc.
inline broker::crypto::RsaPrivateKey test_key(int) {
  static const auto pkcs8 = broker::crypto::RsaPrivateKey::generate(2048).to_pkcs8();
  return *broker::crypto::RsaPrivateKey::from_pkcs8(pkcs8.view());
}

}  // namespace ssb::sim
