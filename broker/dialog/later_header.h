// Headers of the later messages of one side of a conversation: what they have in common is encoded, and checked, once.
//
//   The writer gives the bytes of serialize_header, the reader the answer of parse_header, for the same header; whatever is out of
//   the ordinary it leaves to that. Neither is a second format: tests compare both with the general code.
//
//   Shape   common part: fields 1 to 9 of DialogHeader; then those of `Varying` in the order of their numbers, field 18 with the
//           same version, session key id and incarnation id each time
//   Source  proto/envelope.proto; protobuf's encoding
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/dialog/header.h"
#include "proto/bytes.h"
#include "proto/dialog_message.h"
#include "proto/ids.h"

namespace ssb::broker::dialog {

// What changes from one message to the next. Fields of DialogHeader.
struct Varying {
  std::uint64_t sequence = 0;
  std::uint32_t fragment_index = 0;
  std::uint32_t fragment_count = 0;
  std::uint64_t total_length = 0;
  bool is_end_dialog = false;
  bool is_error = false;
  std::uint64_t lifetime_remaining_us = 0;
  struct Ack {
    std::uint64_t next_sequence = 0;
    std::uint32_t next_fragment = 0;
  };
  std::optional<Ack> ack;
  bool saw_first_ack = false;
};
[[nodiscard]] Varying varying_of(const envelope::DialogHeader& header);
void set_varying(envelope::DialogHeader& header, const Varying& varying);

class LaterHeaderWriter {
 public:
  // `header` with its security, if any: all that later ones will have in common with it.
  explicit LaterHeaderWriter(const envelope::DialogHeader& header);
  // Makes `out` the header's bytes. `nonce_counter` counts only with security.
  void write(const Varying& varying, std::uint64_t nonce_counter, proto::Bytes& out) const;

 private:
  // In one place, as both are read for each message: the common part, then that of the security without its nonce.
  proto::Bytes template_;
  std::size_t common_bytes_ = 0;
  bool has_security_ = false;
};

// What names the message key of a header.
struct HeaderIds {
  proto::ConversationId conversation;
  proto::KeyId session_key;  // null without security, as the next
  proto::Guid incarnation;
  // Where that key was found last: asked for before the header is read, never followed.
  mutable proto::ByteView key_entry;
  mutable proto::ByteView key_schedule;
};
[[nodiscard]] HeaderIds ids_of(const envelope::DialogHeader& header);

class LaterHeaderReader {
 public:
  // `bytes` have been accepted by parse_header as `header`.
  LaterHeaderReader(proto::ByteView bytes, const envelope::DialogHeader& header);
  // The header that parse_message would give for these; nullptr: ask it. Holds until the next call. Of a message, its body and its key
  // come nearer meanwhile.
  [[nodiscard]] const envelope::DialogHeader* read(const proto::DialogMessage& message);
  [[nodiscard]] const envelope::DialogHeader* read(proto::ByteView bytes, std::size_t body_bytes);

  // Whether it is the one that `read` gave last.
  [[nodiscard]] bool has_given(const envelope::DialogHeader& header) const {
    return &header == &header_;
  }
  // Of every header that `read` gives.
  [[nodiscard]] const HeaderIds& ids() const { return ids_; }

 private:
  bool read_varying(proto::ByteView bytes, std::uint64_t& nonce_counter);
  [[nodiscard]] proto::ByteView common() const {
    return proto::ByteView(template_).first(common_bytes_);
  }
  [[nodiscard]] proto::ByteView security() const {
    return proto::ByteView(template_).subspan(common_bytes_);
  }

  // As the writer's.
  proto::Bytes template_;
  std::size_t common_bytes_ = 0;
  bool has_security_ = false;
  HeaderIds ids_;
  Varying varying_;
  envelope::DialogHeader header_;
};

}  // namespace ssb::broker::dialog
