// What the MACs of a first message cover, and the labels of its grant: shared by the sealing and the opening side.
//
//   Shape   transcript = "ssbsim 1 first", then each as u32 big-endian length | bytes: grant, grant signature, dialog part, conversation id,
//           direction (one byte, 1 from the initiator), FROM service, TO service, FROM broker, TO broker, session key id.
//   Source  our own; why these fields: proto/PROTOCOL.md.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "broker/crypto/digest.h"
#include "broker/dialog/keys.h"
#include "proto/bytes.h"
#include "proto/envelope.pb.h"

namespace ssb::broker::dialog {

[[nodiscard]] proto::Bytes transcript_of(const proto::envelope::DialogHeader& header,
                                         const proto::envelope::SecurityHeader& first);
// What the source certificate's key signs.
[[nodiscard]] proto::Bytes signed_grant(proto::ByteView grant);
// Source and destination as SHA-256 of their certificates; source zeros in anonymous security.
[[nodiscard]] proto::Bytes oaep_label(const crypto::Sha256Digest& source,
                                      const crypto::Sha256Digest& destination,
                                      proto::ByteView kek_id);
using Nonce = std::array<std::uint8_t, 12>;
[[nodiscard]] inline Nonce nonce_of(std::uint64_t counter) {
  Nonce nonce{};
  if constexpr (std::endian::native == std::endian::little) counter = __builtin_bswap64(counter);
  std::memcpy(nonce.data() + nonce.size() - sizeof(counter), &counter, sizeof(counter));
  return nonce;
}

// Dialogs refuse shorter keys: RSA-PSS and OAEP with SHA-256 do not fit below 656 bits, and nothing below this is safe.
inline constexpr int kDialogRsaBitsMin = 1024;

}  // namespace ssb::broker::dialog
