// Opening the messages of a conversation whose keys are known.
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

bool has_id(const SessionKey* key, const envelope::DialogHeader& header) {
  return key != nullptr && proto::as_text(key->id.view()) == header.security().session_key_id();
}

// The key that the message may be sealed with. In full security sequenced messages come under the sender's own key alone; acks and broker
// errors answer with the key of the message that they answer (claim D20), which may be either. In anonymous security there is one key.
const SessionKey* find_key(const envelope::DialogHeader& header, const EndpointKeys& endpoint) {
  if (has_id(endpoint.inbound, header)) return endpoint.inbound;
  const bool may_be_own = endpoint.type == SecurityType::anonymous || !is_sequenced(header);
  return may_be_own && has_id(endpoint.outbound, header) ? endpoint.outbound : nullptr;
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

std::optional<proto::Bytes> open_sealed(const Arrived& message, const SessionKey& key,
                                        MessageKeys& message_keys) {
  const envelope::Security& security = message.header.security();
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(message.header.conversation_id()));
  const auto incarnation = proto::Guid::from_bytes(proto::as_bytes(security.incarnation_id()));
  SSB_CHECK(conversation && incarnation);  // parse_message has seen to it
  const MessageKeyName name{key.id, *conversation, message.header.from_initiator(), *incarnation};
  const Nonce nonce = nonce_of(security.nonce_counter());
  crypto::AesGcm* kept = message_keys.find(name, key);
  if (kept != nullptr && kept->can(crypto::GcmUse::open))
    return kept->open(nonce, message.header_bytes, message.body);
  const auto use = kept == nullptr ? crypto::GcmUse::open : crypto::GcmUse::both;
  crypto::AesGcm made(derive_message_key(key, name), use);
  auto body = made.open(nonce, message.header_bytes, message.body);
  if (body) message_keys.keep(name, key, std::move(made));
  return body;
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
    return Opened{proto::to_bytes(message.body), nullptr};
  }
  if (!header.has_security()) return refuse(ErrorCode::endpoint_secured);
  if (header.security().has_first() && endpoint.type == SecurityType::anonymous &&
      !header.from_initiator()) {
    return refuse(ErrorCode::header_inconsistent,
                  "a security header in a reply of anonymous security");
  }
  const SessionKey* key = find_key(header, endpoint);
  if (key == nullptr) return refuse(ErrorCode::session_key_differs);
  auto body = open_sealed(message, *key, keys.messages);
  if (!body) {
    Refusal refusal = refuse(ErrorCode::cannot_decrypt, "its body does not fit its header");
    refusal.event = proto::EventClass::corrupted_message;
    return refusal;
  }
  return Opened{std::move(*body), key};
}

}  // namespace ssb::broker::dialog
