// The numbers of the fields of our headers, and the framing of the adjacent layer: the layout as published, written down once more.
//
//   Shape   frame: u32 length of what follows | u16 header length | header | payload, big-endian. Payload of data: for each message
//           u32 length | header | u32 length | body.
//   Source  proto/envelope.proto, proto/adjacent.proto, read by a person.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "proto/dialog_message.h"
#include "sim/attackers/fields.h"

namespace ssb::sim::attackers {

// ---- dialog layer ----
namespace dialog_header {
enum : std::uint32_t {
  kKind = 1,
  kConversationId,
  kFromInitiator,
  kFromService,
  kToService,
  kFromBroker,
  kToBroker,
  kContract,
  kMessageType,
  kSequence,
  kFragmentIndex,
  kFragmentCount,
  kTotalLength,
  kIsEndDialog,
  kIsError,
  kLifetime,
  kAck,
  kSecurity,
  kSawFirstAck
};
}
enum class MessageKind : std::uint64_t { none, begin, sequenced, ack, broker_error };
namespace ack_part {
enum : std::uint32_t { kNextSequence = 1, kNextFragment };
}
namespace security_part {
enum : std::uint32_t { kVersion = 1, kSessionKeyId, kIncarnationId, kNonceCounter, kFirst };
}
namespace first_part {
enum : std::uint32_t { kGrant = 1, kSignature, kDialogPart, kDialogMac, kReplyMac };
}
namespace certificate_name {
enum : std::uint32_t { kIssuer = 1, kSerial, kSha256 };
}
namespace grant_part {
enum : std::uint32_t {
  kVersion = 1,
  kSuite,
  kSource,
  kDestination,
  kKekId,
  kWrappedKek,
  kNotBefore,
  kNotAfter,
  kOnlyConversation
};
}
namespace dialog_part {
enum : std::uint32_t { kCreated = 1, kSalt, kWrappedSessionKey };
}

// ---- adjacent layer ----
namespace adjacent {
enum : std::uint32_t { kNegotiate = 1, kConfirm, kArbitration, kData, kKeepAlive, kCredit, kClose };
}
namespace negotiate_part {
enum : std::uint32_t {
  kVersion = 1,
  kInstanceName,
  kInstanceId,
  kKind,
  kMirroringRole,
  kAuthentication,
  kEncryption,
  kAlgorithms,
  kChosenAuthentication,
  kChosenAlgorithm
};
// Of kEncryption and kAlgorithms.
enum : std::uint64_t { kDisabled = 1, kSupported = 2, kRequired = 3 };
enum : std::uint64_t { kClear = 1, kRc4 = 2, kAes = 3 };
}  // namespace negotiate_part

struct Frame {
  Fields header;
  Bytes payload;
};
[[nodiscard]] Bytes write_frame(const Fields& header, ByteView payload = {});
[[nodiscard]] Bytes write_frame(ByteView header, ByteView payload);
// Takes the oldest whole frame off the front; nullopt when there is none, or when its header is no header.
[[nodiscard]] std::optional<Frame> take_frame(Bytes& bytes);

// A frame of data with these messages.
[[nodiscard]] Bytes write_data(const std::vector<proto::DialogMessage>& messages,
                               std::uint64_t consumed_bytes);
void append_big_endian(Bytes& out, std::uint64_t value, unsigned size);

// ---- looking at dialog messages ----
[[nodiscard]] Fields header_of(const proto::DialogMessage& message);
[[nodiscard]] MessageKind kind_of(const Fields& header);

}  // namespace ssb::sim::attackers
