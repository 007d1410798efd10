// Bytes sealed under a 32 byte key for keeping in a catalog row.
//
//   Shape   12 byte random nonce | AES-256-GCM ciphertext | 16 byte tag; additional data: `purpose`,
//           which names what is sealed and where, so that a blob moved to another row does not open.
//   Source  our own.
#pragma once

#include <optional>
#include <string_view>

#include "proto/bytes.h"
#include "proto/secret.h"

namespace ssb::broker::catalog {

[[nodiscard]] proto::Bytes seal_blob(const proto::Secret& key, std::string_view purpose,
                                     proto::ByteView clear);
[[nodiscard]] std::optional<proto::Secret> open_blob(const proto::Secret& key,
                                                     std::string_view purpose,
                                                     proto::ByteView sealed);

}  // namespace ssb::broker::catalog
