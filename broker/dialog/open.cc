// Opening the messages of a conversation whose keys are known.
#include <algorithm>
#include <span>
#include <utility>

#include "broker/dialog/open_sealed.h"
#include "broker/dialog/security.h"
#include "broker/dialog/transcript.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::dialog {

namespace {

using proto::Error;
using proto::ErrorCode;

constexpr int kOpeningStep = 7;
// Error codes inside of 28054 (reference 2.4).
constexpr const char* kNoMasterKey = "25";
constexpr const char* kMasterKeyNotOpenable = "32";

template <typename... Parameters>
Refusal refuse(ErrorCode code, Parameters&&... parameters) {
  Refusal refusal;
  refusal.step = kOpeningStep;
  refusal.error = Error(code, std::forward<Parameters>(parameters)...);
  return refusal;
}

bool has_id(const SessionKey* key, const proto::KeyId& id) {
  return key != nullptr && key->id == id;
}

// The key that the message may be sealed with. In full security sequenced messages come under the sender's own key alone; acks and broker
// errors answer with the key of the message that they answer (claim D20), which may be either. In anonymous security there is one key.
const SessionKey* find_key(const envelope::DialogHeader& header, const HeaderIds& ids,
                           const EndpointKeys& endpoint) {
  if (has_id(endpoint.inbound, ids.session_key)) return endpoint.inbound;
  const bool may_be_own = endpoint.type == SecurityType::anonymous || !is_sequenced(header);
  return may_be_own && has_id(endpoint.outbound, ids.session_key) ? endpoint.outbound : nullptr;
}

}  // namespace

Refusal refuse_without_master_key(const catalog::Instance& instance, store::DatabaseId database,
                                  int step, std::string audit_text) {
  const bool exists = instance.database(database)->master_key() != nullptr;
  Refusal refusal;
  refusal.step = step;
  refusal.error =
      Error(ErrorCode::security_context_missing, "the database master key does not open");
  refusal.audit_subclass = kAuditNoCertificate;
  refusal.audit_text = std::move(audit_text);
  refusal.log = Error(ErrorCode::broker_cannot_open_master_key, instance.info(database).name(),
                      exists ? kMasterKeyNotOpenable : kNoMasterKey);
  return refusal;
}

std::optional<proto::ByteView> open_sealed(const Arrived& message, const SessionKey& key,
                                           DatabaseKeys& keys, proto::Bytes& memory) {
  const Nonce nonce = nonce_of(message.header.security().nonce_counter());
  const HeaderIds ids = message.ids != nullptr ? *message.ids : ids_of(message.header);
  ++keys.counts.opens;
  if (message.body.size() < kSealOverheadBytes) return std::nullopt;
  const std::size_t body_bytes = message.body.size() - kSealOverheadBytes;
  keys.counts.opened_bytes += body_bytes;
  if (memory.size() < body_bytes) memory.resize(body_bytes);
  const std::span<std::uint8_t> body = std::span(memory).first(body_bytes);
  const MessageKeyName name{key.id, ids.conversation, message.header.from_initiator(),
                            ids.incarnation};
  const auto opened_by = [&](crypto::AesGcm& gcm) -> std::optional<proto::ByteView> {
    if (!gcm.open_into(nonce, message.header_bytes, message.body, body)) return std::nullopt;
    return body;
  };
  crypto::AesGcm* kept = keys.messages.find(name, key);
  if (kept != nullptr && kept->can(crypto::GcmUse::open)) {
    if (message.ids != nullptr) {
      message.ids->key_entry = MessageKeys::entry_of(key, name.from_initiator);
      message.ids->key_schedule = kept->schedule();
    }
    return opened_by(*kept);
  }
  const auto use = kept == nullptr ? crypto::GcmUse::open : crypto::GcmUse::both;
  ++keys.counts.message_keys;
  crypto::AesGcm made(derive_message_key(key, name), use);
  const auto opened = opened_by(made);
  if (opened) keys.messages.keep(name, key, std::move(made));
  return opened;
}

bool is_first_reply(const envelope::DialogHeader& header, const EndpointKeys& keys) {
  return keys.type == SecurityType::full && keys.is_initiator && keys.inbound == nullptr &&
         !header.from_initiator() && header.kind() == envelope::DialogHeader::BEGIN;
}

Checked<Opened> open(const Arrived& message, const EndpointKeys& endpoint, DatabaseKeys& keys) {
  const envelope::DialogHeader& header = message.header;
  if (header.from_initiator() == endpoint.is_initiator) {
    return refuse(ErrorCode::header_inconsistent, "its direction is that of its receiver");
  }
  if (endpoint.type == SecurityType::none) {
    if (header.has_security()) return refuse(ErrorCode::endpoint_not_secured);
    return Opened{message.body, nullptr};
  }
  if (!header.has_security()) return refuse(ErrorCode::endpoint_secured);
  if (header.security().has_first() && endpoint.type == SecurityType::anonymous &&
      !header.from_initiator()) {
    return refuse(ErrorCode::header_inconsistent,
                  "a security header in a reply of anonymous security");
  }
  const HeaderIds ids = message.ids != nullptr ? *message.ids : ids_of(header);
  const SessionKey* key = find_key(header, ids, endpoint);
  if (key == nullptr) return refuse(ErrorCode::session_key_differs);
  const auto body = open_sealed(message, *key, keys, keys.plaintext);
  if (!body) {
    Refusal refusal = refuse(ErrorCode::cannot_decrypt, "its body does not fit its header");
    refusal.event = proto::EventClass::corrupted_message;
    return refusal;
  }
  return Opened{*body, key};
}

}  // namespace ssb::broker::dialog
