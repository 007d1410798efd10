#include "sim/attackers/sealing.h"

#include <algorithm>

namespace ssb::sim::attackers {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kSuite = 1;

Bytes text(std::string_view label) {
  return proto::to_bytes(label);
}

Bytes joined(std::string_view label, std::initializer_list<ByteView> parts) {
  Bytes out = text(label);
  for (const ByteView part : parts) append(out, part);
  return out;
}

Bytes direction_of(const Fields& header) {
  return {static_cast<std::uint8_t>(header.number(dialog_header::kFromInitiator) != 0 ? 1 : 0)};
}

Bytes kek_label(ByteView source_hash, ByteView destination_hash, ByteView kek_id) {
  return sha256(joined("ssbsim 1 kek", {source_hash, destination_hash, kek_id}));
}

Bytes nonce_of(std::uint64_t counter) {
  Bytes nonce(4);
  append_big_endian(nonce, counter, 8);
  return nonce;
}

Bytes message_key(const SessionKey& key, const Fields& header, ByteView incarnation) {
  const Bytes conversation = header.bytes(dialog_header::kConversationId);
  return hkdf(key.key, incarnation,
              joined("ssbsim 1 message", {key.id, conversation, direction_of(header)}), 16);
}

// "ssbsim 1 first", then each part with its length.
Bytes transcript(const Fields& header, const Fields& first) {
  Bytes out = text("ssbsim 1 first");
  const auto add = [&out](ByteView part) {
    append_big_endian(out, part.size(), 4);
    append(out, part);
  };
  add(first.bytes(first_part::kGrant));
  add(first.bytes(first_part::kSignature));
  add(first.bytes(first_part::kDialogPart));
  add(header.bytes(dialog_header::kConversationId));
  add(direction_of(header));
  add(header.bytes(dialog_header::kFromService));
  add(header.bytes(dialog_header::kToService));
  add(header.bytes(dialog_header::kFromBroker));
  add(header.bytes(dialog_header::kToBroker));
  add(header.message(dialog_header::kSecurity).bytes(security_part::kSessionKeyId));
  return out;
}

// Wrap and auth key of a dialog part: 16 and 32 bytes.
Bytes dialog_key(std::string_view label, ByteView kek, ByteView salt, ByteView grant,
                 std::size_t size) {
  return hkdf(kek, salt, joined(label, {sha256(grant)}), size);
}

proto::DialogMessage finish(Fields header, Fields security, ByteView body, const SessionKey& key,
                            Seal& seal) {
  const std::uint64_t counter = seal.counter++;
  security.set(security_part::kNonceCounter, counter);
  header.set_message(dialog_header::kSecurity, security);
  proto::DialogMessage message;
  message.header = header.write();
  message.body =
      gcm_seal(message_key(key, header, seal.incarnation), nonce_of(counter), message.header, body);
  return message;
}

Fields security_of(const SessionKey& key, const Seal& seal) {
  Fields security;
  security.set(security_part::kVersion, kVersion);
  security.set(security_part::kSessionKeyId, ByteView(key.id));
  security.set(security_part::kIncarnationId, ByteView(seal.incarnation));
  return security;
}

}  // namespace

std::optional<Bytes> open_kek(const Fields& grant, const Identity& identity) {
  const Fields destination = grant.message(grant_part::kDestination);
  if (destination.bytes(certificate_name::kSha256) != identity.certificate.hash())
    return std::nullopt;
  Bytes source(32);
  if (grant.has(grant_part::kSource))
    source = grant.message(grant_part::kSource).bytes(certificate_name::kSha256);
  const Bytes label =
      kek_label(source, identity.certificate.hash(), grant.bytes(grant_part::kKekId));
  return identity.key.decrypt(grant.bytes(grant_part::kWrappedKek), label);
}

std::optional<SessionKey> open_session_key(const Fields& header, const Identity& identity) {
  const Fields security = header.message(dialog_header::kSecurity);
  const Fields first = security.message(security_part::kFirst);
  const Bytes grant = first.bytes(first_part::kGrant);
  const auto parsed = Fields::parse(grant);
  if (!parsed || grant.empty()) return std::nullopt;
  const auto kek = open_kek(*parsed, identity);
  if (!kek) return std::nullopt;
  const auto part = Fields::parse(first.bytes(first_part::kDialogPart)).value_or(Fields());
  const Bytes salt = part.bytes(dialog_part::kSalt);
  const Bytes auth_key = dialog_key("ssbsim 1 auth", *kek, salt, grant, 32);
  if (hmac(auth_key, transcript(header, first)) != first.bytes(first_part::kDialogMac))
    return std::nullopt;
  const Bytes wrap_key = dialog_key("ssbsim 1 wrap", *kek, salt, grant, 16);
  auto key = unwrap(wrap_key, part.bytes(dialog_part::kWrappedSessionKey));
  if (!key) return std::nullopt;
  return SessionKey{security.bytes(security_part::kSessionKeyId), std::move(*key)};
}

std::optional<Bytes> open_body(const proto::DialogMessage& message, const SessionKey& key) {
  const Fields header = header_of(message);
  const Fields security = header.message(dialog_header::kSecurity);
  if (security.bytes(security_part::kSessionKeyId) != key.id) return std::nullopt;
  const Bytes incarnation = security.bytes(security_part::kIncarnationId);
  return gcm_open(message_key(key, header, incarnation),
                  nonce_of(security.number(security_part::kNonceCounter)), message.header,
                  message.body);
}

proto::DialogMessage seal(Fields header, ByteView body, const SessionKey& key, Seal& seal) {
  return finish(std::move(header), security_of(key, seal), body, key, seal);
}

Fields name_of(const Certificate& certificate) {
  Fields name;
  name.set(certificate_name::kIssuer, ByteView(certificate.issuer));
  name.set(certificate_name::kSerial, ByteView(certificate.serial));
  name.set(certificate_name::kSha256, ByteView(certificate.hash()));
  return name;
}

Fields make_grant(const FirstRecipe& recipe) {
  Fields grant;
  grant.set(grant_part::kVersion, kVersion);
  grant.set(grant_part::kSuite, kSuite);
  if (recipe.source != nullptr)
    grant.set_message(grant_part::kSource, name_of(recipe.source->certificate));
  grant.set_message(grant_part::kDestination, name_of(recipe.destination));
  grant.set(grant_part::kKekId, ByteView(recipe.kek_id));
  Bytes wrapped = recipe.wrapped_kek;
  if (wrapped.empty()) {
    const Bytes source = recipe.source == nullptr ? Bytes(32) : recipe.source->certificate.hash();
    wrapped = recipe.destination.key.encrypt(
        recipe.kek, kek_label(source, recipe.destination.hash(), recipe.kek_id));
  }
  grant.set(grant_part::kWrappedKek, ByteView(wrapped));
  grant.set(grant_part::kNotBefore,
            static_cast<std::uint64_t>(proto::to_unix_us(recipe.not_before)));
  grant.set(grant_part::kNotAfter,
            static_cast<std::uint64_t>(proto::to_unix_us(recipe.not_before + recipe.lifetime)));
  return grant;
}

Bytes sign_grant(ByteView grant, const Rsa& key) {
  return key.sign(joined("ssbsim 1 grant", {grant}));
}

proto::DialogMessage seal_first(Fields header, ByteView body, ByteView grant, ByteView signature,
                                ByteView kek, const SessionKey& key, proto::TimePoint created,
                                Seal& seal) {
  const Bytes salt = random_bytes(16);
  Fields part;
  part.set(dialog_part::kCreated, static_cast<std::uint64_t>(proto::to_unix_us(created)));
  part.set(dialog_part::kSalt, ByteView(salt));
  part.set(dialog_part::kWrappedSessionKey,
           ByteView(wrap(dialog_key("ssbsim 1 wrap", kek, salt, grant, 16), key.key)));
  Fields first;
  first.set(first_part::kGrant, grant);
  first.set(first_part::kSignature, signature);
  first.set(first_part::kDialogPart, ByteView(part.write()));
  Fields security = security_of(key, seal);
  header.set_message(dialog_header::kSecurity, security);
  const Bytes mac =
      hmac(dialog_key("ssbsim 1 auth", kek, salt, grant, 32), transcript(header, first));
  first.set(first_part::kDialogMac, ByteView(mac));
  security.set_message(security_part::kFirst, first);
  return finish(std::move(header), std::move(security), body, key, seal);
}

proto::DialogMessage seal_first(const Fields& header, ByteView body, const FirstRecipe& recipe,
                                const SessionKey& key, Seal& seal) {
  const Bytes grant = make_grant(recipe).write();
  const Bytes signature =
      recipe.source == nullptr ? Bytes() : sign_grant(grant, recipe.source->key);
  return seal_first(header, body, grant, signature, recipe.kek, key, recipe.not_before, seal);
}

}  // namespace ssb::sim::attackers
