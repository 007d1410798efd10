#include "broker/dialog/header.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>

#include "broker/dialog/keys.h"
#include "proto/check.h"
#include "proto/error_code.h"
#include "proto/ids.h"

namespace ssb::broker::dialog {

namespace {

using envelope::DialogHeader;
using proto::Error;
using proto::ErrorCode;
using RuleFailure = std::optional<Error>;  // nullopt: the rule holds

template <typename Message>
proto::Bytes serialize(const Message& message) {
  proto::Bytes bytes(message.ByteSizeLong());
  SSB_CHECK(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

bool has_own_unknown_fields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}
bool has_unknown_fields(const DialogHeader& header) {
  return has_own_unknown_fields(header) || has_own_unknown_fields(header.ack()) ||
         has_own_unknown_fields(header.security()) ||
         has_own_unknown_fields(header.security().first());
}
bool has_unknown_fields(const envelope::KeyExchangeGrant& grant) {
  return has_own_unknown_fields(grant) || has_own_unknown_fields(grant.source()) ||
         has_own_unknown_fields(grant.destination());
}
bool has_unknown_fields(const envelope::DialogPart& part) {
  return has_own_unknown_fields(part);
}

// Parses bytes that are the one canonical encoding of what they say, or returns false.
//
// Why comparing with our own serialization is enough: without maps, groups and extensions, protobuf
// writes every field that is present at most once, in the order of field numbers, scalars without
// presence only when they are not zero, every varint in its shortest form, submessages with their
// own bytes by the same rules. What was parsed determines these bytes. So any input that repeats a
// field (the last one wins, or submessages merge), reorders, pads a varint, carries bits that its
// type cuts off or writes a default differs from them. Only what protobuf keeps verbatim could come
// back unchanged: unknown fields, and known numbers with another wire type, which it stores there
// too. These are refused on every level by name; a test appends one to each.
template <typename Message>
bool parse_canonical(proto::ByteView bytes, Message& message) {
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  if (has_unknown_fields(message) || message.ByteSizeLong() != bytes.size()) return false;
  return std::ranges::equal(serialize(message), bytes);
}

bool is_id(const std::string& bytes) {
  const auto guid = proto::Guid::from_bytes(proto::as_bytes(bytes));
  return guid && !guid->is_null();
}

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Well-formed UTF-8: what goes to UTF-16 and back unchanged (ill-formed input becomes U+FFFD).
bool is_utf8(const std::string& text) {
  return is_ascii(text) || proto::from_utf16le(proto::to_utf16le(text)) == text;
}

// Whether a name has at most kNameUnitsMax UTF-16 units. UTF-8 never has fewer bytes than UTF-16
// has units.
bool name_fits(const std::string& name) {
  return name.size() <= kNameUnitsMax || proto::to_utf16le(name).size() / 2 <= kNameUnitsMax;
}

// The beginning of a refused name, cut at a whole character.
std::string beginning_of(const std::string& name) {
  std::size_t size = std::min<std::size_t>(name.size(), 32);
  while (size > 0 && size < name.size() && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80)
    --size;
  return name.substr(0, size);
}

struct NameRule {
  ErrorCode missing;
  ErrorCode too_long;
};

RuleFailure check_name(const std::string& name, bool is_needed, const NameRule& rule) {
  if (name.empty()) return is_needed ? RuleFailure(Error(rule.missing)) : std::nullopt;
  if (!name_fits(name))
    return Error(rule.too_long, beginning_of(name), std::to_string(kNameUnitsMax));
  return std::nullopt;
}

RuleFailure check_text(const DialogHeader& header) {
  for (const std::string* text :
       {&header.from_service(), &header.to_service(), &header.contract(), &header.message_type()}) {
    if (!is_utf8(*text)) {
      return Error(ErrorCode::invalid_string, proto::to_hex(proto::as_bytes(beginning_of(*text))));
    }
  }
  return std::nullopt;
}

RuleFailure check_addressing(const DialogHeader& header) {
  if (!is_id(header.conversation_id())) return Error(ErrorCode::conversation_id_invalid);
  constexpr NameRule kFrom{ErrorCode::from_service_missing, ErrorCode::from_service_too_long};
  constexpr NameRule kTo{ErrorCode::to_service_missing, ErrorCode::to_service_too_long};
  constexpr NameRule kContract{ErrorCode::contract_missing, ErrorCode::contract_too_long};
  if (auto failure = check_name(header.from_service(), true, kFrom)) return failure;
  if (!is_id(header.from_broker())) {
    const std::size_t size = header.from_broker().size();
    if (size == 0 || size == kIdBytes) return Error(ErrorCode::from_broker_missing);
    return Error(ErrorCode::from_broker_size, std::to_string(size), std::to_string(kIdBytes));
  }
  if (auto failure = check_name(header.to_service(), true, kTo)) return failure;
  const bool is_to_broker_needed = !header.from_initiator() || !header.to_broker().empty();
  if (is_to_broker_needed && !is_id(header.to_broker())) return Error(ErrorCode::to_broker_missing);
  const bool is_contract_needed = header.kind() == DialogHeader::BEGIN && header.from_initiator();
  return check_name(header.contract(), is_contract_needed, kContract);
}

RuleFailure check_fragments(const DialogHeader& header, std::string_view peer) {
  if (header.total_length() > kMessageBytesMax) {
    return Error(ErrorCode::corrupt_message, peer,
                 fmt::format("a message of {} bytes", header.total_length()));
  }
  if (header.fragment_count() != fragment_count_of(header.total_length()) ||
      header.fragment_index() >= header.fragment_count()) {
    return Error(ErrorCode::corrupt_message, peer,
                 fmt::format("fragment {} of {} of {} bytes", header.fragment_index(),
                             header.fragment_count(), header.total_length()));
  }
  return std::nullopt;
}

RuleFailure check_sequenced(const DialogHeader& header, std::string_view peer) {
  const bool is_begin = header.kind() == DialogHeader::BEGIN;
  if (header.sequence() > kSequenceMax || is_begin != (header.sequence() == 0)) {
    return Error(ErrorCode::bad_sequence_number, std::to_string(header.sequence()));
  }
  if (header.is_end_dialog() && header.is_error()) return Error(ErrorCode::end_and_error_flags);
  const bool is_flagged = header.is_end_dialog() || header.is_error();
  if (is_flagged && is_begin && header.from_initiator())
    return Error(ErrorCode::end_flag_first_message);
  if (header.message_type().empty() && !is_flagged) return Error(ErrorCode::message_type_missing);
  return check_fragments(header, peer);
}

RuleFailure check_unsequenced(const DialogHeader& header, std::string_view peer) {
  if (header.sequence() != 0)
    return Error(ErrorCode::unsequenced_with_sequence, std::to_string(header.sequence()));
  if (header.is_end_dialog() || header.is_error()) return Error(ErrorCode::end_flag_unsequenced);
  if (header.fragment_index() != 0 || header.fragment_count() != 0 || header.total_length() != 0) {
    return Error(ErrorCode::corrupt_message, peer, "an unsequenced message with fragments");
  }
  if (header.kind() == DialogHeader::ACK) {
    if (!header.message_type().empty()) {
      return Error(ErrorCode::message_type_not_allowed, beginning_of(header.message_type()));
    }
    if (!header.has_ack()) return Error(ErrorCode::message_field_missing, "ack");
  }
  return std::nullopt;
}

RuleFailure check_kind(const DialogHeader& header, std::string_view peer) {
  if (!name_fits(header.message_type())) return Error(ErrorCode::message_type_missing);
  if (header.saw_first_ack() && !header.from_initiator()) {
    return Error(ErrorCode::invalid_message_flags, "saw_first_ack from the target");
  }
  if (header.ack().next_sequence() > kSequenceMax ||
      header.ack().next_fragment() > fragment_count_of(kMessageBytesMax)) {
    return Error(ErrorCode::message_field_missing, "ack");
  }
  if (is_sequenced(header)) return check_sequenced(header, peer);
  if (header.kind() == DialogHeader::ACK || header.kind() == DialogHeader::ERROR) {
    return check_unsequenced(header, peer);
  }
  return Error(ErrorCode::message_field_missing, "kind");
}

RuleFailure check_body(const DialogHeader& header, std::size_t size, std::string_view peer) {
  const std::size_t overhead = header.has_security() ? kSealOverheadBytes : 0;
  if (size < overhead) return Error(ErrorCode::sealed_body_missing, std::to_string(size));
  std::size_t expected = size - overhead;  // of an Error: any, up to a fragment
  if (header.kind() == DialogHeader::ACK) expected = 0;
  if (is_sequenced(header))
    expected = fragment_bytes_of(header.total_length(), header.fragment_index());
  if (size - overhead != expected || expected > proto::kFragmentBodyBytesMax) {
    return Error(ErrorCode::corrupt_message, peer,
                 fmt::format("a body of {} bytes", size - overhead));
  }
  return std::nullopt;
}

// ---- the security header ----

struct CertificateRule {
  ErrorCode incomplete;
  ErrorCode issuer_size;
  ErrorCode serial_size;
};

RuleFailure check_certificate_name(const envelope::CertificateName& name,
                                   const CertificateRule& rule) {
  if (name.issuer().size() > kIssuerBytesMax) {
    return Error(rule.issuer_size, std::to_string(name.issuer().size()),
                 std::to_string(kIssuerBytesMax));
  }
  if (name.serial().size() > kSerialBytesMax) {
    return Error(rule.serial_size, std::to_string(name.serial().size()),
                 std::to_string(kSerialBytesMax));
  }
  if (name.issuer().empty() || name.serial().empty() ||
      name.sha256().size() != sizeof(crypto::Sha256Digest)) {
    return Error(rule.incomplete);
  }
  return std::nullopt;
}

bool is_rsa_size(const std::string& bytes) {
  return bytes.size() >= kRsaBytesMin && bytes.size() <= kRsaBytesMax;
}

RuleFailure check_grant_times(const envelope::KeyExchangeGrant& grant) {
  // Far below the limits of TimePoint, so that adding the skew cannot overflow.
  constexpr std::int64_t kLastUs = std::int64_t{1} << 60;
  if (grant.not_before_us() < 0 || grant.not_after_us() > kLastUs ||
      grant.not_before_us() >= grant.not_after_us() ||
      grant.not_after_us() - grant.not_before_us() > kGrantLifetimeMax.count()) {
    return Error(ErrorCode::security_header_corrupt, "the times of the key exchange grant");
  }
  return std::nullopt;
}

RuleFailure check_grant(const envelope::KeyExchangeGrant& grant) {
  if (grant.version() != kSecurityVersion || grant.suite() != kSuite) {
    return Error(ErrorCode::security_version_differs,
                 fmt::format("{}.{}", grant.version(), grant.suite()));
  }
  constexpr CertificateRule kSource{ErrorCode::source_certificate_incomplete,
                                    ErrorCode::source_issuer_size, ErrorCode::source_serial_size};
  constexpr CertificateRule kDestination{ErrorCode::destination_certificate_incomplete,
                                         ErrorCode::destination_issuer_size,
                                         ErrorCode::destination_serial_size};
  if (grant.has_source()) {
    if (auto failure = check_certificate_name(grant.source(), kSource)) return failure;
  }
  if (!grant.has_destination() || grant.kek_id().empty() || grant.wrapped_kek().empty()) {
    return Error(ErrorCode::key_exchange_incomplete);
  }
  if (auto failure = check_certificate_name(grant.destination(), kDestination)) return failure;
  if (!is_id(grant.kek_id())) return Error(ErrorCode::key_exchange_key_id_invalid);
  if (!is_rsa_size(grant.wrapped_kek())) {
    return Error(ErrorCode::key_exchange_key_size, std::to_string(grant.wrapped_kek().size()));
  }
  if (!grant.only_conversation_id().empty() && !is_id(grant.only_conversation_id())) {
    return Error(ErrorCode::security_header_corrupt,
                 "the conversation id of the key exchange grant");
  }
  return check_grant_times(grant);
}

RuleFailure check_dialog_part(const envelope::DialogPart& part) {
  if (part.salt().empty()) return Error(ErrorCode::salt_missing);
  if (part.salt().size() != kSaltBytes)
    return Error(ErrorCode::salt_size, std::to_string(part.salt().size()));
  if (part.wrapped_session_key().empty()) return Error(ErrorCode::key_exchange_incomplete);
  if (part.wrapped_session_key().size() != kWrappedSessionKeyBytes) {
    return Error(ErrorCode::wrapped_session_key_size,
                 std::to_string(part.wrapped_session_key().size()));
  }
  return std::nullopt;
}

RuleFailure check_mac(const std::string& mac, const char* name) {
  if (mac.empty()) return Error(ErrorCode::authentication_code_missing, name);
  if (mac.size() != kMacBytes) {
    return Error(ErrorCode::authentication_code_size, name, std::to_string(mac.size()),
                 std::to_string(kMacBytes));
  }
  return std::nullopt;
}

RuleFailure check_security(const DialogHeader& header) {
  const envelope::Security& security = header.security();
  if (security.version() != kSecurityVersion) {
    return Error(ErrorCode::security_version_differs, std::to_string(security.version()));
  }
  if (security.session_key_id().empty()) return Error(ErrorCode::session_key_id_missing);
  if (security.session_key_id().size() != kIdBytes) {
    return Error(ErrorCode::session_key_id_size, std::to_string(security.session_key_id().size()),
                 std::to_string(kIdBytes));
  }
  if (!is_id(security.session_key_id())) return Error(ErrorCode::session_key_id_missing);
  if (security.incarnation_id().size() != kIdBytes)
    return Error(ErrorCode::message_field_missing, "incarnation_id");
  const bool is_begin = header.kind() == DialogHeader::BEGIN;
  if (!security.has_first()) {
    // The target's first message has none in anonymous security; which it is, its receiver knows.
    return is_begin && header.from_initiator()
               ? RuleFailure(Error(ErrorCode::key_exchange_incomplete))
               : std::nullopt;
  }
  if (!is_begin)
    return Error(ErrorCode::header_inconsistent, "a security header on a later message");
  if (const auto parts = parse_security_header(security.first(), header.from_initiator()); !parts)
    return parts.error();
  return std::nullopt;
}

}  // namespace

proto::Result<SecurityHeaderParts> parse_security_header(const envelope::SecurityHeader& header,
                                                         bool from_initiator) {
  if (header.ByteSizeLong() > kSecurityHeaderBytesMax) {
    return Error(ErrorCode::security_header_size, std::to_string(header.ByteSizeLong()),
                 std::to_string(kSecurityHeaderBytesMax));
  }
  if (header.grant().empty() || header.dialog_part().empty())
    return Error(ErrorCode::key_exchange_incomplete);
  SecurityHeaderParts parts;
  if (!parse_canonical(proto::as_bytes(header.grant()), parts.grant)) {
    return Error(ErrorCode::security_header_corrupt, "the key exchange grant");
  }
  if (!parse_canonical(proto::as_bytes(header.dialog_part()), parts.dialog)) {
    return Error(ErrorCode::security_header_corrupt, "the dialog part");
  }
  if (auto failure = check_grant(parts.grant)) return *failure;
  if (parts.grant.has_source() == header.grant_signature().empty())
    return Error(ErrorCode::signature_without_source);
  if (parts.grant.has_source() && !is_rsa_size(header.grant_signature())) {
    return Error(ErrorCode::signature_size, std::to_string(header.grant_signature().size()),
                 fmt::format("{} to {}", kRsaBytesMin, kRsaBytesMax));
  }
  if (auto failure = check_dialog_part(parts.dialog)) return *failure;
  if (auto failure = check_mac(header.dialog_mac(), "dialog MAC")) return *failure;
  if (from_initiator) {
    if (!header.reply_mac().empty())
      return Error(ErrorCode::header_inconsistent, "a reply MAC from the initiator");
    return parts;
  }
  // Only full security has a security header on the return.
  if (!parts.grant.has_source()) return Error(ErrorCode::source_certificate_incomplete);
  if (auto failure = check_mac(header.reply_mac(), "reply MAC")) return *failure;
  return parts;
}

proto::Result<DialogHeader> parse_header(proto::ByteView bytes, std::string_view peer) {
  if (bytes.size() > proto::kHeaderBytesMax) {
    return Error(ErrorCode::packet_too_large, std::to_string(bytes.size()),
                 std::to_string(proto::kHeaderBytesMax));
  }
  DialogHeader header;
  if (!parse_canonical(bytes, header)) {
    return Error(ErrorCode::corrupt_message, peer, "its header is not in canonical form");
  }
  if (auto failure = check_text(header)) return *failure;
  if (auto failure = check_addressing(header)) return *failure;
  if (auto failure = check_kind(header, peer)) return *failure;
  if (header.has_security()) {
    if (auto failure = check_security(header)) return *failure;
  }
  return header;
}

proto::Result<DialogHeader> parse_message(const proto::DialogMessage& message,
                                          std::string_view peer) {
  auto header = parse_header(message.header, peer);
  if (!header) return header;
  if (auto failure = check_body(*header, message.body.size(), peer)) return *failure;
  return header;
}

RuleFailure check_counts(const DialogHeader& header, std::size_t body_bytes,
                         std::string_view peer) {
  if (auto failure = check_kind(header, peer)) return failure;
  return check_body(header, body_bytes, peer);
}

proto::Bytes serialize_header(const DialogHeader& header) {
  return serialize(header);
}

std::uint32_t fragment_count_of(std::uint64_t total_length) {
  constexpr std::uint64_t kBytes = proto::kFragmentBodyBytesMax;
  SSB_CHECK(total_length <= kMessageBytesMax);
  return total_length == 0 ? 1 : static_cast<std::uint32_t>((total_length + kBytes - 1) / kBytes);
}

std::size_t fragment_bytes_of(std::uint64_t total_length, std::uint32_t fragment_index) {
  SSB_CHECK(fragment_index < fragment_count_of(total_length));
  const std::uint64_t before = std::uint64_t{fragment_index} * proto::kFragmentBodyBytesMax;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(total_length - before, proto::kFragmentBodyBytesMax));
}

}  // namespace ssb::broker::dialog
