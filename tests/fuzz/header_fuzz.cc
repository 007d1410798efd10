// Dialog message headers come from peers: any bytes. What is accepted is canonical, within its limits, and opens under no key.

#include <cstdint>

#include "broker/crypto/x509.h"
#include "broker/dialog/security.h"
#include "proto/check.h"

namespace {

using namespace ssb;
using namespace ssb::broker;

// A body of the size that the header asks for is well formed, any other is not.
void check_body_size(const proto::envelope::DialogHeader& header, proto::ByteView bytes) {
  proto::DialogMessage message;
  message.header = proto::to_bytes(bytes);
  std::size_t size = header.has_security() ? dialog::kSealOverheadBytes : 0;
  if (dialog::is_sequenced(header))
    size += dialog::fragment_bytes_of(header.total_length(), header.fragment_index());
  message.body.resize(size);
  SSB_CHECK(dialog::parse_message(message).has_value());
  message.body.resize(size + proto::kFragmentBodyBytesMax + 1);
  SSB_CHECK(!dialog::parse_message(message).has_value());
}

void check_security(const proto::envelope::DialogHeader& header, proto::ByteView bytes) {
  const proto::envelope::Security& security = header.security();
  if (security.has_first()) {
    const auto parts = dialog::parse_security_header(security.first(), header.from_initiator());
    SSB_CHECK(parts.has_value());
    static_cast<void>(crypto::name_text(proto::as_bytes(parts->grant.destination().issuer())));
  }
  // Its receiver has a key of that very id; without the key's bytes nobody can have made the tag.
  dialog::SessionKey key = dialog::SessionKey::make();
  key.id = *proto::KeyId::from_bytes(proto::as_bytes(security.session_key_id()));
  dialog::DatabaseKeys keys;
  const proto::Bytes body(dialog::kSealOverheadBytes);
  const dialog::Arrived message{header, bytes, body, "peer"};
  const auto opened = dialog::open(
      message, {dialog::SecurityType::full, !header.from_initiator(), nullptr, &key}, keys);
  SSB_CHECK(!opened.has_value() && !opened.error().may_answer && keys.messages.size() == 0);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const proto::ByteView input(data, size);
  const auto header = dialog::parse_header(input);
  if (!header) {
    SSB_CHECK(!header.error().text().empty());
    return 0;
  }
  SSB_CHECK(dialog::serialize_header(*header) == proto::to_bytes(input));
  SSB_CHECK(header->conversation_id().size() == dialog::kIdBytes);
  SSB_CHECK(header->total_length() <= dialog::kMessageBytesMax);
  SSB_CHECK(dialog::is_sequenced(*header) || header->sequence() == 0);
  check_body_size(*header, input);
  if (header->has_security()) check_security(*header, input);
  return 0;
}
