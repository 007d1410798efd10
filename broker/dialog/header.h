// The dialog message header: strict reading, checked field by field; writing.
//
//   Shape   proto/envelope.proto. Accepted bytes are exactly what serialize_header writes for the
//   same header: unknown fields (at any
//           depth), repeated occurrences of a field, longer varints and explicit defaults are
//           refused. Grant and dialog part likewise.
//   Units   lengths in bytes unless a name says otherwise; names count UTF-16 units, as nvarchar
//   does. Errors  11201-11208, 11220, 11221 addressing; 11241 version; 11250-11268 security header;
//   11271, 11274-11279, 11299 kind, sequence,
//           flags, type; 11280 size; 28007 bytes that do not parse, fragments; 28001 flags; 28063 a
//           missing field; 28066 a nested part.
//   Source  numbers: reference service-broker.md 2.5 and 4.4; limits without a note are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/dialog_message.h"
#include "proto/envelope.pb.h"
#include "proto/error.h"

namespace ssb::broker::dialog {

namespace envelope = ssb::proto::envelope;

inline constexpr std::size_t kNameUnitsMax = 256;             // nvarchar(256)
inline constexpr std::uint64_t kSequenceMax = INT64_MAX;      // message_sequence_number is a bigint
inline constexpr std::uint64_t kMessageBytesMax = INT32_MAX;  // 8459
inline constexpr std::uint32_t kSecurityVersion = 1;
inline constexpr std::uint32_t kSuite = 1;
inline constexpr std::size_t kIdBytes = 16;
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kMacBytes = 32;
inline constexpr std::size_t kWrappedSessionKeyBytes = 24;  // RFC 3394: 16 bytes and 8 of check
inline constexpr std::size_t kSealOverheadBytes = 16;       // GCM tag
inline constexpr std::size_t kIssuerBytesMax = 2048;
inline constexpr std::size_t kSerialBytesMax =
    64;                                            // RFC 5280 allows 20; old certificates exceed it
inline constexpr std::size_t kRsaBytesMin = 48;    // 384 bits
inline constexpr std::size_t kRsaBytesMax = 2048;  // 16384 bits
inline constexpr std::size_t kSecurityHeaderBytesMax =
    std::size_t{12} * 1024;  // fits kHeaderBytesMax beside five names

// Reads and checks. `peer` is only for the text of 28007.
[[nodiscard]] proto::Result<envelope::DialogHeader> parse_header(
    proto::ByteView bytes, std::string_view peer = "the network");
// The header of a whole message, whose body size is checked against it too (11255: sealed but too
// short for its tag).
[[nodiscard]] proto::Result<envelope::DialogHeader> parse_message(
    const proto::DialogMessage& message, std::string_view peer = "the network");
// The rules of parse_message for what changes from one message of a conversation to the next: kind, flags, sequence, fragments,
// acknowledgement, and the size of the body. nullopt: they hold.
[[nodiscard]] std::optional<proto::Error> check_counts(const envelope::DialogHeader& header,
                                                       std::size_t body_bytes,
                                                       std::string_view peer);
[[nodiscard]] proto::Bytes serialize_header(const envelope::DialogHeader& header);

// The two parts inside of a service pair security header, with the rules of 11250-11268.
struct SecurityHeaderParts {
  envelope::KeyExchangeGrant grant;
  envelope::DialogPart dialog;
};
[[nodiscard]] proto::Result<SecurityHeaderParts> parse_security_header(
    const envelope::SecurityHeader& header, bool from_initiator);

// How a message of `total_length` plaintext bytes is cut: at least one fragment, each of
// kFragmentBodyBytesMax but the last.
[[nodiscard]] std::uint32_t fragment_count_of(std::uint64_t total_length);
[[nodiscard]] std::size_t fragment_bytes_of(std::uint64_t total_length,
                                            std::uint32_t fragment_index);

[[nodiscard]] inline bool is_sequenced(const envelope::DialogHeader& header) {
  return header.kind() == envelope::DialogHeader::BEGIN ||
         header.kind() == envelope::DialogHeader::SEQUENCED;
}

}  // namespace ssb::broker::dialog
