#include "broker/dialog/transcript.h"

namespace ssb::broker::dialog {

namespace {

void append(proto::Bytes& out, proto::ByteView part) {
  out.insert(out.end(), part.begin(), part.end());
}

void append_with_length(proto::Bytes& out, proto::ByteView part) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(part.size() >> shift));
  append(out, part);
}

}  // namespace

proto::Bytes transcript_of(const proto::envelope::DialogHeader& header,
                           const proto::envelope::SecurityHeader& first) {
  const std::uint8_t direction = header.from_initiator() ? 1 : 0;
  proto::Bytes out = proto::to_bytes(std::string_view("ssbsim 1 first"));
  append_with_length(out, proto::as_bytes(first.grant()));
  append_with_length(out, proto::as_bytes(first.grant_signature()));
  append_with_length(out, proto::as_bytes(first.dialog_part()));
  append_with_length(out, proto::as_bytes(header.conversation_id()));
  append_with_length(out, {&direction, 1});
  append_with_length(out, proto::as_bytes(header.from_service()));
  append_with_length(out, proto::as_bytes(header.to_service()));
  append_with_length(out, proto::as_bytes(header.from_broker()));
  append_with_length(out, proto::as_bytes(header.to_broker()));
  append_with_length(out, proto::as_bytes(header.security().session_key_id()));
  return out;
}

proto::Bytes signed_grant(proto::ByteView grant) {
  proto::Bytes out = proto::to_bytes(std::string_view("ssbsim 1 grant"));
  append(out, grant);
  return out;
}

proto::Bytes oaep_label(const crypto::Sha256Digest& source, const crypto::Sha256Digest& destination,
                        proto::ByteView kek_id) {
  proto::Bytes out = proto::to_bytes(std::string_view("ssbsim 1 kek"));
  append(out, source);
  append(out, destination);
  append(out, kek_id);
  return proto::to_bytes(proto::ByteView(crypto::sha256(out)));
}

}  // namespace ssb::broker::dialog
