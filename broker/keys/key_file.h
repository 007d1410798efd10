// The file of BACKUP MASTER KEY and BACKUP SERVICE MASTER KEY.
//
//   Shape   "SSBKEY" | u8 version 1 | u8 kind (1 master key, 2 service master key) | 16 byte salt |
//           u32 iterations, big-endian | sealed blob of 16 byte key guid | 32 byte key.
//           The blob's key is PBKDF2-SHA-256 of the password; its additional data names the kind.
//   Errors  15317 missing, not such a file, or of the other kind; 15466 wrong password; 15240.
//   Source  our own: the product's format is not public.
#pragma once

#include <string_view>

#include "broker/keys/key_hierarchy.h"

namespace ssb::broker::keys {

enum class KeyFileKind : std::uint8_t { master_key = 1, service_master_key = 2 };

struct KeyFileContents {
  proto::Guid guid;
  proto::Secret key;
};

// The password obeys the policy (15116-15118).
[[nodiscard]] proto::Result<void> write_key_file(catalog::Instance& instance, KeyFileKind kind,
                                                 std::string_view file, std::string_view password,
                                                 const KeyFileContents& contents);
[[nodiscard]] proto::Result<KeyFileContents> read_key_file(catalog::Instance& instance,
                                                           KeyFileKind kind, std::string_view file,
                                                           std::string_view password);

}  // namespace ssb::broker::keys
