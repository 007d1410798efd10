// Private keys of certificates, opened and parsed once for many dialogs.
//
//   Why     to open, parse and blind a private key of 2048 bits costs three times what a signature with it costs.
//   Shape   a memo of `private_key`, by certificate. An entry serves a row with the same certificate and the same sealed key under the same
//           master key, which `open` asks for each time: so it answers as if it had opened the key again, and what closes the master
//           key, takes the private key from the certificate or drops it, holds at once.
//   Secrets an entry has what the master key protects and must go with it: whoever holds this calls catalog_changed.
//   Errors  those of private_key.
#pragma once

#include <map>
#include <string>

#include "broker/keys/key_hierarchy.h"

namespace ssb::broker::keys {

// A database has a certificate or two that sign and decrypt for dialogs; during a rollover some more.
inline constexpr std::size_t kOpenPrivateKeysMax = 64;

class PrivateKeys {
 public:
  [[nodiscard]] proto::Result<crypto::RsaPrivateKey> open(
      const catalog::Instance& instance, store::DatabaseId database,
      const catalog::pb::Certificate& certificate);
  // Forgets the keys that `open` would not give any more.
  void catalog_changed(const catalog::Instance& instance, store::DatabaseId database);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string der;
    std::string sealed;
    proto::Secret master_key;
    crypto::RsaPrivateKey key;
    [[nodiscard]] bool serves(const catalog::pb::Certificate& certificate,
                              const proto::Secret& present) const;
  };
  std::map<std::int32_t, Entry> entries_;  // by the id of the certificate
};

}  // namespace ssb::broker::keys
