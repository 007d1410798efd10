#include "broker/dialog/later_header.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "broker/crypto/prefetch.h"
#include "proto/check.h"

namespace ssb::broker::dialog {
namespace {

using envelope::DialogHeader;

constexpr std::uint32_t kVarint = 0;  // protobuf's wire types
constexpr std::uint32_t kBytes = 2;

// Numbers of DialogHeader's fields from the first that varies, and of those of its submessages.
enum Field : std::uint32_t {
  kSequence = 10,
  kFragmentIndex = 11,
  kFragmentCount = 12,
  kTotalLength = 13,
  kIsEndDialog = 14,
  kIsError = 15,
  kLifetime = 16,
  kAck = 17,
  kSecurity = 18,
  kSawFirstAck = 19,
};
constexpr std::uint32_t kAckSequence = 1;
constexpr std::uint32_t kAckFragment = 2;
constexpr std::uint32_t kNonceCounter = 4;

// Writes where there is room for all that may come.
class FieldWriter {
 public:
  explicit FieldWriter(std::uint8_t* at) : at_(at) {}

  void varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) *at_++ = static_cast<std::uint8_t>(number | 0x80);
    *at_++ = static_cast<std::uint8_t>(number);
  }
  // A scalar without presence: nothing when it is zero.
  void number(std::uint32_t field, std::uint64_t number) {
    if (number == 0) return;
    varint((field << 3) | kVarint);
    varint(number);
  }
  void bytes(proto::ByteView bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  [[nodiscard]] const std::uint8_t* at() const { return at_; }

 private:
  std::uint8_t* at_;
};
std::size_t varint_bytes(std::uint64_t number) {
  std::size_t bytes = 1;
  for (; number >= 0x80; number >>= 7) ++bytes;
  return bytes;
}
std::size_t number_bytes(std::uint32_t field, std::uint64_t number) {
  return number == 0 ? 0 : varint_bytes((field << 3) | kVarint) + varint_bytes(number);
}

bool begins_with(proto::ByteView bytes, proto::ByteView beginning) {
  return proto::as_text(bytes).starts_with(proto::as_text(beginning));
}

// Reads canonical fields in ascending order; once something is not canonical it is bad for good.
class FieldReader {
 public:
  explicit FieldReader(proto::ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] bool is_at_end() const { return bytes_.empty(); }
  // Whether the next field is this one; then its tag is behind us. Fields must be asked for in ascending order.
  bool next_is(std::uint32_t field, std::uint32_t wire_type) {
    const std::uint64_t wanted = (field << 3) | wire_type;
    const std::size_t size = varint_bytes(wanted);
    if (bytes_.size() < size) return false;
    std::uint64_t found = bytes_[0] & 0x7F;
    if (size == 2) found |= std::uint64_t{bytes_[1]} << 7;
    const bool is_it = found == wanted && (size == 1) == (bytes_[0] < 0x80);
    if (is_it) bytes_ = bytes_.subspan(size);
    return is_it;
  }
  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const std::uint8_t byte = bytes_[0];
      bytes_ = bytes_.subspan(1);
      if (shift == 63 && byte > 1) break;
      number |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte >= 0x80) continue;
      if (byte == 0 && shift > 0) break;  // not the shortest
      return number;
    }
    is_good_ = false;
    return 0;
  }
  // The field's value if it is there, else 0; there it must not be 0.
  std::uint64_t number(std::uint32_t field,
                       std::uint64_t at_most = std::numeric_limits<std::uint64_t>::max()) {
    if (!next_is(field, kVarint)) return 0;
    const std::uint64_t value = varint();
    if (value == 0 || value > at_most) is_good_ = false;
    return value;
  }
  proto::ByteView bytes() {
    const std::uint64_t size = varint();
    if (!is_good_ || size > bytes_.size()) {
      is_good_ = false;
      return {};
    }
    const proto::ByteView out = bytes_.first(static_cast<std::size_t>(size));
    bytes_ = bytes_.subspan(out.size());
    return out;
  }
  bool skip(proto::ByteView expected) {
    const bool fits = begins_with(bytes_, expected);
    if (fits) bytes_ = bytes_.subspan(expected.size());
    return fits;
  }

 private:
  proto::ByteView bytes_;
  bool is_good_ = true;
};

proto::Bytes common_of(const DialogHeader& header) {
  DialogHeader common;
  common.set_kind(header.kind());
  common.set_conversation_id(header.conversation_id());
  common.set_from_initiator(header.from_initiator());
  common.set_from_service(header.from_service());
  common.set_to_service(header.to_service());
  common.set_from_broker(header.from_broker());
  common.set_to_broker(header.to_broker());
  common.set_contract(header.contract());
  common.set_message_type(header.message_type());
  return serialize_header(common);
}

std::optional<proto::Bytes> security_of(const DialogHeader& header) {
  if (!header.has_security()) return std::nullopt;
  SSB_CHECK(!header.security().has_first());
  envelope::Security common;
  common.set_version(header.security().version());
  common.set_session_key_id(header.security().session_key_id());
  common.set_incarnation_id(header.security().incarnation_id());
  return proto::to_bytes(common.SerializeAsString());
}

}  // namespace

Varying varying_of(const DialogHeader& header) {
  Varying varying;
  varying.sequence = header.sequence();
  varying.fragment_index = header.fragment_index();
  varying.fragment_count = header.fragment_count();
  varying.total_length = header.total_length();
  varying.is_end_dialog = header.is_end_dialog();
  varying.is_error = header.is_error();
  varying.lifetime_remaining_us = header.lifetime_remaining_us();
  if (header.has_ack())
    varying.ack = Varying::Ack{header.ack().next_sequence(), header.ack().next_fragment()};
  varying.saw_first_ack = header.saw_first_ack();
  return varying;
}

void set_varying(DialogHeader& header, const Varying& varying) {
  header.set_sequence(varying.sequence);
  header.set_fragment_index(varying.fragment_index);
  header.set_fragment_count(varying.fragment_count);
  header.set_total_length(varying.total_length);
  header.set_is_end_dialog(varying.is_end_dialog);
  header.set_is_error(varying.is_error);
  header.set_lifetime_remaining_us(varying.lifetime_remaining_us);
  header.clear_ack();
  if (varying.ack) {
    header.mutable_ack()->set_next_sequence(varying.ack->next_sequence);
    header.mutable_ack()->set_next_fragment(varying.ack->next_fragment);
  }
  header.set_saw_first_ack(varying.saw_first_ack);
}

LaterHeaderWriter::LaterHeaderWriter(const DialogHeader& header)
    : template_(common_of(header)), common_bytes_(template_.size()) {
  const auto security = security_of(header);
  has_security_ = security.has_value();
  if (security) template_.insert(template_.end(), security->begin(), security->end());
}

void LaterHeaderWriter::write(const Varying& varying, std::uint64_t nonce_counter,
                              proto::Bytes& out) const {
  constexpr std::size_t kVaryingBytesMax = 128;
  const proto::ByteView fixed(template_);
  out.resize(fixed.size() + kVaryingBytesMax);
  FieldWriter writer(out.data());
  writer.bytes(fixed.first(common_bytes_));
  writer.number(kSequence, varying.sequence);
  writer.number(kFragmentIndex, varying.fragment_index);
  writer.number(kFragmentCount, varying.fragment_count);
  writer.number(kTotalLength, varying.total_length);
  writer.number(kIsEndDialog, varying.is_end_dialog ? 1 : 0);
  writer.number(kIsError, varying.is_error ? 1 : 0);
  writer.number(kLifetime, varying.lifetime_remaining_us);
  if (varying.ack) {
    writer.varint((kAck << 3) | kBytes);
    writer.varint(number_bytes(kAckSequence, varying.ack->next_sequence) +
                  number_bytes(kAckFragment, varying.ack->next_fragment));
    writer.number(kAckSequence, varying.ack->next_sequence);
    writer.number(kAckFragment, varying.ack->next_fragment);
  }
  if (has_security_) {
    const proto::ByteView security = fixed.subspan(common_bytes_);
    writer.varint((kSecurity << 3) | kBytes);
    writer.varint(security.size() + number_bytes(kNonceCounter, nonce_counter));
    writer.bytes(security);
    writer.number(kNonceCounter, nonce_counter);
  }
  writer.number(kSawFirstAck, varying.saw_first_ack ? 1 : 0);
  out.resize(static_cast<std::size_t>(writer.at() - out.data()));
}

HeaderIds ids_of(const DialogHeader& header) {
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  SSB_CHECK(conversation);  // parse_header has seen to it
  HeaderIds ids;
  ids.conversation = *conversation;
  if (!header.has_security()) return ids;
  const envelope::Security& security = header.security();
  const auto session_key = proto::KeyId::from_bytes(proto::as_bytes(security.session_key_id()));
  const auto incarnation = proto::Guid::from_bytes(proto::as_bytes(security.incarnation_id()));
  SSB_CHECK(session_key && incarnation);
  ids.session_key = *session_key;
  ids.incarnation = *incarnation;
  return ids;
}

LaterHeaderReader::LaterHeaderReader(proto::ByteView bytes, const DialogHeader& header)
    : template_(common_of(header)),
      common_bytes_(template_.size()),
      ids_(ids_of(header)),
      header_(header) {
  SSB_CHECK(begins_with(bytes, template_));
  const auto security = security_of(header);
  has_security_ = security.has_value();
  if (security) template_.insert(template_.end(), security->begin(), security->end());
}

bool LaterHeaderReader::read_varying(proto::ByteView bytes, std::uint64_t& nonce_counter) {
  constexpr std::uint64_t kUint32Max = std::numeric_limits<std::uint32_t>::max();
  FieldReader reader(bytes);
  varying_.sequence = reader.number(kSequence);
  varying_.fragment_index = static_cast<std::uint32_t>(reader.number(kFragmentIndex, kUint32Max));
  varying_.fragment_count = static_cast<std::uint32_t>(reader.number(kFragmentCount, kUint32Max));
  varying_.total_length = reader.number(kTotalLength);
  varying_.is_end_dialog = reader.number(kIsEndDialog, 1) != 0;
  varying_.is_error = reader.number(kIsError, 1) != 0;
  varying_.lifetime_remaining_us = reader.number(kLifetime);
  varying_.ack.reset();
  if (reader.next_is(kAck, kBytes)) {
    FieldReader ack(reader.bytes());
    varying_.ack = Varying::Ack{0, 0};
    varying_.ack->next_sequence = ack.number(kAckSequence);
    varying_.ack->next_fragment = static_cast<std::uint32_t>(ack.number(kAckFragment, kUint32Max));
    if (!ack.is_good() || !ack.is_at_end()) return false;
  }
  if (reader.next_is(kSecurity, kBytes) != has_security_) return false;
  if (has_security_) {
    FieldReader security_fields(reader.bytes());
    if (!security_fields.skip(security())) return false;
    nonce_counter = security_fields.number(kNonceCounter);
    if (!security_fields.is_good() || !security_fields.is_at_end()) return false;
  }
  varying_.saw_first_ack = reader.number(kSawFirstAck, 1) != 0;
  return reader.is_good() && reader.is_at_end();
}

const DialogHeader* LaterHeaderReader::read(const proto::DialogMessage& message) {
  constexpr std::size_t kBodyBytesMax = 512;  // more of it comes by itself once it is begun
  crypto::prefetch(&header_, sizeof(header_));
  crypto::prefetch(ids_.key_entry.data(), ids_.key_entry.size());
  crypto::prefetch(ids_.key_schedule.data(), ids_.key_schedule.size());
  crypto::prefetch(message.body.data(), std::min(message.body.size(), kBodyBytesMax));
  return read(message.header, message.body.size());
}

const DialogHeader* LaterHeaderReader::read(proto::ByteView bytes, std::size_t body_bytes) {
  const bool is_ours = bytes.size() <= proto::kHeaderBytesMax && begins_with(bytes, common());
  std::uint64_t nonce_counter = 0;
  if (!is_ours || !read_varying(bytes.subspan(common_bytes_), nonce_counter)) return nullptr;
  set_varying(header_, varying_);
  if (has_security_) header_.mutable_security()->set_nonce_counter(nonce_counter);
  return check_counts(header_, body_bytes, {}) ? nullptr : &header_;
}

}  // namespace ssb::broker::dialog
