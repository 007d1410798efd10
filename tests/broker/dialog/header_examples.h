// Headers that every rule accepts, to change one field of.
#pragma once

#include <string>

#include "broker/dialog/header.h"
#include "broker/dialog/keys.h"

namespace ssb::broker::tests {

namespace envelope = proto::envelope;

inline std::string id_bytes(char filler) {
  return std::string(16, filler);
}

inline envelope::DialogHeader begin_header() {
  envelope::DialogHeader header;
  header.set_kind(envelope::DialogHeader::BEGIN);
  header.set_conversation_id(id_bytes('c'));
  header.set_from_initiator(true);
  header.set_from_service("MyService");
  header.set_to_service("ImageProcessor");
  header.set_from_broker(id_bytes('f'));
  header.set_to_broker(id_bytes('t'));
  header.set_contract("ImageContract");
  header.set_message_type("ImageRequest");
  header.set_fragment_count(1);
  header.set_total_length(5);
  header.set_lifetime_remaining_us(60'000'000);
  return header;
}

inline envelope::DialogHeader later_header() {
  envelope::DialogHeader header = begin_header();
  header.set_kind(envelope::DialogHeader::SEQUENCED);
  header.set_sequence(7);
  return header;
}

inline envelope::DialogHeader unsequenced_header(envelope::DialogHeader::Kind kind) {
  envelope::DialogHeader header = begin_header();
  header.set_kind(kind);
  header.set_fragment_count(0);
  header.set_total_length(0);
  header.clear_message_type();
  header.mutable_ack()->set_next_sequence(1);
  return header;
}

inline envelope::KeyExchangeGrant example_grant() {
  envelope::KeyExchangeGrant grant;
  grant.set_version(1);
  grant.set_suite(1);
  for (auto* name : {grant.mutable_source(), grant.mutable_destination()}) {
    name->set_issuer("an encoded name");
    name->set_serial("serial");
    name->set_sha256(std::string(32, 'h'));
  }
  grant.set_kek_id(id_bytes('k'));
  grant.set_wrapped_kek(std::string(256, 'w'));
  grant.set_not_before_us(1);
  grant.set_not_after_us(2);
  return grant;
}

inline envelope::DialogPart example_dialog_part() {
  envelope::DialogPart part;
  part.set_created_us(1);
  part.set_salt(id_bytes('s'));
  part.set_wrapped_session_key(std::string(24, 'w'));
  return part;
}

inline envelope::SecurityHeader example_security_header(const envelope::KeyExchangeGrant& grant,
                                                        const envelope::DialogPart& part) {
  envelope::SecurityHeader first;
  first.set_grant(grant.SerializeAsString());
  if (grant.has_source()) first.set_grant_signature(std::string(256, 'g'));
  first.set_dialog_part(part.SerializeAsString());
  first.set_dialog_mac(std::string(32, 'm'));
  return first;
}

inline void set_security(envelope::DialogHeader& header) {
  envelope::Security& security = *header.mutable_security();
  security.set_version(1);
  security.set_session_key_id(id_bytes('i'));
  security.set_incarnation_id(id_bytes('n'));
  security.set_nonce_counter(3);
}

inline envelope::DialogHeader secured_begin_header() {
  envelope::DialogHeader header = begin_header();
  set_security(header);
  *header.mutable_security()->mutable_first() =
      example_security_header(example_grant(), example_dialog_part());
  return header;
}

}  // namespace ssb::broker::tests
