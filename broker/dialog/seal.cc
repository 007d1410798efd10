// Sealing messages, and making the service pair security header of first messages.
#include <algorithm>
#include <utility>

#include "broker/catalog/permissions.h"
#include "broker/crypto/random.h"
#include "broker/crypto/x509.h"
#include "broker/dialog/security.h"
#include "broker/dialog/transcript.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::dialog {

namespace {

using envelope::DialogHeader;
using proto::Error;
using proto::ErrorCode;

crypto::AesGcm& message_key(const proto::ConversationId& conversation, bool from_initiator,
                            const SessionKey& key, DatabaseKeys& keys) {
  const MessageKeyName name{key.id, conversation, from_initiator, keys.incarnation.id()};
  crypto::AesGcm* kept = keys.messages.find(name, key);
  if (kept != nullptr && kept->can(crypto::GcmUse::seal)) return *kept;
  // One that is there opens what this same database has sealed: both ends of the dialog are in it.
  const auto use = kept == nullptr ? crypto::GcmUse::seal : crypto::GcmUse::both;
  ++keys.counts.message_keys;
  return keys.messages.keep(name, key, crypto::AesGcm(derive_message_key(key, name), use));
}

void count_seal(proto::ByteView body, DatabaseKeys& keys) {
  ++keys.counts.seals;
  keys.counts.sealed_bytes += body.size();
}

// Takes the nonce, and with it the last change of the header, and seals.
proto::Result<proto::DialogMessage> finish(DialogHeader& header, proto::ByteView body,
                                           const SessionKey& key, DatabaseKeys& keys) {
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  SSB_CHECK(conversation && body.size() <= proto::kFragmentBodyBytesMax);
  const auto counter = keys.incarnation.next_nonce();
  if (!counter) return Error(ErrorCode::session_key_not_retrievable);
  header.mutable_security()->set_nonce_counter(*counter);

  crypto::AesGcm& gcm = message_key(*conversation, header.from_initiator(), key, keys);
  proto::DialogMessage message;
  message.header = serialize_header(header);
  message.body.reserve(body.size() + kSealOverheadBytes);
  count_seal(body, keys);
  gcm.seal(nonce_of(*counter), message.header, body, message.body);
  return message;
}

// ---- the grant ----

// A certificate of the decision, parsed, with its owner's name for errors.
struct Certificate {
  const catalog::pb::Certificate* row = nullptr;
  std::shared_ptr<const crypto::X509Certificate> x509;
  std::string owner;
};

template <typename... More>
Error certificate_error(ErrorCode code, const Certificate& certificate, More... more) {
  return Error(code, certificate.owner, std::to_string(certificate.row->owner()),
               certificate.row->name(), std::move(more)...);
}

// The certificate, if it is still here and valid; `owner` is for the error when it is not.
proto::Result<Certificate> find_valid(const catalog::Catalog& database, const CertificateRef& ref,
                                      std::int32_t owner, proto::TimePoint now) {
  const catalog::pb::Certificate* row = find_certificate(database, ref);
  if (row == nullptr) {
    return Error(ErrorCode::no_certificate_for_principal, catalog::principal_name(database, owner),
                 std::to_string(owner));
  }
  Certificate found{row, keys::shared_parsed(*row),
                    catalog::principal_name(database, row->owner())};
  if (now < found.x509->not_before()) {
    return certificate_error(ErrorCode::certificate_not_yet_valid_for_dialog, found,
                             proto::to_datetime_text(found.x509->not_before()));
  }
  if (now > found.x509->not_after()) {
    return certificate_error(ErrorCode::certificate_expired_for_dialog, found,
                             proto::to_datetime_text(found.x509->not_after()));
  }
  return found;
}

void set_name(envelope::CertificateName* name, const Certificate& certificate,
              const CertificateRef& ref) {
  name->set_issuer(proto::to_string(certificate.x509->issuer_der()));
  name->set_serial(proto::to_string(certificate.x509->serial()));
  name->set_sha256(proto::to_string(ref.sha256));
}

struct GrantRequest {
  const catalog::Instance& instance;
  store::DatabaseId database;
  const FirstMessage& first;
  const KekCache::Name& name;
  std::int32_t source_owner;
  proto::TimePoint now;
  DatabaseKeys& keys;
};

// A grant never outlives its certificates: a dialog that starts later finds the next one, or hears
// of the expiry here and not by silence.
void end_with(const Certificate& certificate, KekGrant& grant) {
  grant.not_after = std::min(grant.not_after, certificate.x509->not_after() + proto::Duration(1));
}

// Makes the KEK and encrypts it for the destination.
proto::Result<void> wrap_kek(const GrantRequest& request, envelope::KeyExchangeGrant& message,
                             KekGrant& grant) {
  const catalog::Catalog& objects = *request.instance.database(request.database);
  const Parties& parties = request.first.parties;
  const auto destination =
      find_valid(objects, parties.destination, parties.remote_user, request.now);
  if (!destination) return destination.error();
  const crypto::RsaPublicKey& public_key = destination->x509->public_key();
  if (public_key.bits() < kDialogRsaBitsMin) {
    return certificate_error(ErrorCode::public_key_length, *destination,
                             std::to_string(public_key.bits()));
  }
  const auto kek_id = crypto::random_id<proto::KeyId>();
  const proto::Bytes label =
      oaep_label(request.name.source, request.name.destination, kek_id.view());
  grant.kek = request.keys.draws.draw(kKekBytes);
  end_with(*destination, grant);
  set_name(message.mutable_destination(), *destination, parties.destination);
  message.set_kek_id(proto::to_string(kek_id.view()));
  ++request.keys.counts.rsa_wraps;
  message.set_wrapped_kek(proto::to_string(public_key.encrypt_oaep(grant.kek.view(), label)));
  return {};
}

// Names the source and gives its private key.
proto::Result<crypto::RsaPrivateKey> open_source(const GrantRequest& request,
                                                 envelope::KeyExchangeGrant& message,
                                                 KekGrant& grant) {
  const catalog::Catalog& objects = *request.instance.database(request.database);
  const CertificateRef& ref = request.first.parties.source;
  const auto source = find_valid(objects, ref, request.source_owner, request.now);
  if (!source) return source.error();
  auto private_key =
      request.keys.private_keys.open(request.instance, request.database, *source->row);
  if (!private_key) return private_key.error();
  if (private_key->bits() < kDialogRsaBitsMin) {
    return certificate_error(ErrorCode::private_key_length, *source,
                             std::to_string(private_key->bits()));
  }
  end_with(*source, grant);
  set_name(message.mutable_source(), *source, ref);
  return private_key;
}

proto::Result<KekGrant> make_grant(const GrantRequest& request) {
  KekGrant grant;
  grant.not_before = request.now;
  grant.not_after = request.now + kGrantLifetime;
  envelope::KeyExchangeGrant message;
  crypto::RsaPrivateKey source_key;
  if (request.first.parties.type == SecurityType::full) {
    auto opened = open_source(request, message, grant);
    if (!opened) return opened.error();
    source_key = std::move(*opened);
  }
  if (const auto wrapped = wrap_kek(request, message, grant); !wrapped) return wrapped.error();
  message.set_version(kSecurityVersion);
  message.set_suite(kSuite);
  message.set_not_before_us(proto::to_unix_us(grant.not_before));
  message.set_not_after_us(proto::to_unix_us(grant.not_after));
  if (!request.name.only_conversation.is_null()) {
    message.set_only_conversation_id(proto::to_string(request.name.only_conversation.view()));
  }
  grant.grant = proto::to_bytes(message.SerializeAsString());
  if (source_key) {
    ++request.keys.counts.rsa_signs;
    grant.signature = source_key.sign_pss(signed_grant(grant.grant));
  }
  return grant;
}

std::int32_t owner_of_service(const catalog::Catalog& database, std::string_view name) {
  const auto* service = database.table<catalog::pb::Service>().find(name);
  return service == nullptr ? catalog::kDbo : service->owner();
}

std::string mac(const proto::Secret& key, proto::ByteView transcript) {
  return proto::to_string(crypto::hmac_sha256(key.view(), transcript));
}

}  // namespace

proto::DialogMessage clear_message(const DialogHeader& header, proto::ByteView body) {
  SSB_CHECK(!header.has_security());
  proto::DialogMessage message;
  message.header = serialize_header(header);
  message.body = proto::to_bytes(body);
  return message;
}

void set_security(DialogHeader& header, const SessionKey& key, const Incarnation& incarnation) {
  envelope::Security& security = *header.mutable_security();
  security.set_version(kSecurityVersion);
  security.set_session_key_id(proto::to_string(key.id.view()));
  security.set_incarnation_id(proto::to_string(incarnation.id().view()));
}

proto::Result<void> seal_later(const LaterHeaderWriter& writer, const Varying& varying,
                               proto::ConversationId conversation, bool from_initiator,
                               proto::ByteView body, const SessionKey* key, DatabaseKeys& keys,
                               proto::DialogMessage& message) {
  SSB_CHECK(body.size() <= proto::kFragmentBodyBytesMax);
  if (key == nullptr) {
    writer.write(varying, 0, message.header);
    message.body.assign(body.begin(), body.end());
    return {};
  }
  const auto counter = keys.incarnation.next_nonce();
  if (!counter) return Error(ErrorCode::session_key_not_retrievable);
  MessageKeys::prefetch(*key, from_initiator);  // it comes while the header is written
  const Nonce nonce = nonce_of(*counter);
  writer.write(varying, *counter, message.header);
  message.body.resize(body.size() + kSealOverheadBytes);
  count_seal(body, keys);
  message_key(conversation, from_initiator, *key, keys)
      .seal_into(nonce, message.header, body, message.body);
  return {};
}

proto::Result<proto::DialogMessage> seal(DialogHeader header, proto::ByteView body,
                                         const SessionKey& key, DatabaseKeys& keys) {
  SSB_CHECK(!header.has_security());
  set_security(header, key, keys.incarnation);
  return finish(header, body, key, keys);
}

proto::Result<envelope::SecurityHeader> make_security_header(
    const catalog::Instance& instance, store::DatabaseId database, const DialogHeader& header,
    const FirstMessage& first, const SessionKey& key, DatabaseKeys& keys, proto::TimePoint now) {
  const bool is_full = first.parties.type == SecurityType::full;
  SSB_CHECK(first.parties.type != SecurityType::none);
  SSB_CHECK(header.from_initiator() == (first.initiators_key == nullptr));
  SSB_CHECK(header.from_initiator() || is_full);
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  SSB_CHECK(conversation);

  KekCache::Name name{.source = is_full ? first.parties.source.sha256 : crypto::Sha256Digest{},
                      .destination = first.parties.destination.sha256,
                      .only_conversation = {}};
  if (keys.sign_every_dialog && is_full) name.only_conversation = *conversation;
  const KekGrant* grant = keys.grants.find(name, now);
  ++(grant == nullptr ? keys.counts.grant_misses : keys.counts.grant_hits);
  if (grant == nullptr) {
    const std::int32_t owner =
        owner_of_service(*instance.database(database), header.from_service());
    auto made = make_grant({instance, database, first, name, owner, now, keys});
    if (!made) return made.error();
    grant = &keys.grants.keep(name, std::move(*made));
  }

  proto::Bytes salt(kSaltBytes);
  crypto::random_bytes(salt);
  const crypto::Sha256Digest grant_hash = crypto::sha256(grant->grant);
  const proto::Secret wrap_key = derive_wrap_key(grant->kek, salt, grant_hash);
  envelope::DialogPart part;
  part.set_created_us(proto::to_unix_us(first.created));
  part.set_salt(proto::to_string(salt));
  ++keys.counts.key_wraps;
  part.set_wrapped_session_key(proto::to_string(crypto::wrap_key(wrap_key, key.key)));

  envelope::SecurityHeader made;
  made.set_grant(proto::to_string(grant->grant));
  made.set_grant_signature(proto::to_string(grant->signature));
  made.set_dialog_part(part.SerializeAsString());
  const proto::Bytes transcript = transcript_of(header, made);
  made.set_dialog_mac(mac(derive_auth_key(grant->kek, salt, grant_hash), transcript));
  if (first.initiators_key != nullptr) {
    made.set_reply_mac(mac(derive_reply_key(*first.initiators_key, *conversation), transcript));
  }
  return made;
}

proto::Result<proto::DialogMessage> seal_first(const catalog::Instance& instance,
                                               store::DatabaseId database, DialogHeader header,
                                               proto::ByteView body, const FirstMessage& first,
                                               const SessionKey& key, DatabaseKeys& keys,
                                               proto::TimePoint now) {
  SSB_CHECK(!header.has_security() && header.kind() == DialogHeader::BEGIN);
  set_security(header, key, keys.incarnation);
  auto made = make_security_header(instance, database, header, first, key, keys, now);
  if (!made) return made.error();
  *header.mutable_security()->mutable_first() = std::move(*made);
  return finish(header, body, key, keys);
}

}  // namespace ssb::broker::dialog
