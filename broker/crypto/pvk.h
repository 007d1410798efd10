// The .pvk private key file of BACKUP CERTIFICATE ... WITH PRIVATE KEY and CREATE CERTIFICATE ...
// FROM FILE.
//
//   Shape   the PVK container (reference: keys-mirroring-rds.md 1.5): 24 byte header, 16 byte salt,
//           PRIVATEKEYBLOB under RC4 with the first 16 bytes of SHA-1(salt | password). Own RC4:
//           OpenSSL 3 has it only in the legacy provider. An empty password writes the key in
//           clear.
//   Errors  15208 not a PVK file; 15464 a key of another kind or size; 15465 wrong password, or
//           none given.
#pragma once

#include <string_view>

#include "broker/crypto/rsa.h"
#include "proto/error.h"

namespace ssb::broker::crypto {

[[nodiscard]] proto::Bytes write_pvk(const RsaPrivateKey& key, std::string_view password);
[[nodiscard]] proto::Result<RsaPrivateKey> read_pvk(proto::ByteView file, std::string_view password,
                                                    std::string_view file_name);

}  // namespace ssb::broker::crypto
