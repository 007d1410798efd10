// Opening first messages: steps 3-7 of reference service-broker.md 2.7, in that order, each failure told apart.
#include <utility>

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/random.h"
#include "broker/crypto/x509.h"
#include "broker/dialog/open_sealed.h"
#include "broker/dialog/security.h"
#include "broker/dialog/transcript.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::broker::dialog {

namespace {

using proto::Error;
using proto::ErrorCode;
using StepFailure = std::optional<Refusal>;  // nullopt: the step is passed

// A certificate that the security header names, as this database has it.
struct Named {
  const catalog::pb::Certificate* row = nullptr;
  std::shared_ptr<const crypto::X509Certificate> x509;
  bool is_same = false;  // the whole certificate, not only issuer and serial number

  [[nodiscard]] const crypto::Sha256Digest& sha256() const { return x509->fingerprint(); }
};

bool has_name(const crypto::X509Certificate& certificate, const envelope::CertificateName& name) {
  return proto::as_text(certificate.issuer_der()) == name.issuer() &&
         proto::as_text(certificate.serial()) == name.serial();
}

// By issuer and serial number, as the product does; of several with the same, the one that is meant.
std::optional<Named> find_named(const catalog::Catalog& database,
                                const envelope::CertificateName& name) {
  std::optional<Named> found;
  for (const auto& [id, row] : database.table<catalog::pb::Certificate>()) {
    auto certificate = keys::shared_parsed(row);
    if (!has_name(*certificate, name)) continue;
    const bool is_same = proto::as_text(certificate->fingerprint()) == name.sha256();
    if (!found || is_same) found = Named{&row, std::move(certificate), is_same};
    if (is_same) break;
  }
  return found;
}

std::string serial_text(const std::string& serial) {
  std::string text;
  for (const char byte : serial)
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(byte));
  return text;
}

std::string name_text(const envelope::CertificateName& name) {
  const auto issuer = crypto::name_text(proto::as_bytes(name.issuer()));
  return fmt::format("issuer {} serial {}",
                     issuer ? *issuer : proto::to_hex(proto::as_bytes(name.issuer())),
                     serial_text(name.serial()));
}

std::string principal_text(const catalog::Catalog& database, std::int32_t id) {
  return fmt::format("{} (id {})", catalog::principal_name(database, id), id);
}

// One first message on its way through the steps.
class Opening {
 public:
  Opening(const catalog::Instance& instance, store::DatabaseId database, const Arrived& message,
          const SecurityHeaderParts& parts, DatabaseKeys& keys, proto::TimePoint now)
      : instance_(instance),
        database_(database),
        objects_(*instance.database(database)),
        message_(message),
        first_(message.header.security().first()),
        grant_(parts.grant),
        dialog_(parts.dialog),
        keys_(keys),
        now_(now) {}

  // The binding's user, who must own the source certificate; and the key that confirms the reply.
  void expect_reply(std::int32_t user, const SessionKey& initiators_key) {
    expected_user_ = user;
    initiators_key_ = &initiators_key;
  }

  [[nodiscard]] Checked<OpenedFirst> run() {
    if (auto refusal = look_up()) return *refusal;
    if (auto refusal = check_dates()) return *refusal;
    if (auto refusal = check_private_key()) return *refusal;
    if (auto refusal = check_signature()) return *refusal;
    return decrypt();
  }

 private:
  [[nodiscard]] StepFailure look_up();
  [[nodiscard]] StepFailure not_found(const envelope::CertificateName& name,
                                      const char* role) const;
  [[nodiscard]] StepFailure check_dates() const;
  [[nodiscard]] StepFailure check_dates_of(const Named& certificate, const char* role) const;
  [[nodiscard]] StepFailure check_private_key();
  [[nodiscard]] StepFailure check_signature() const;
  [[nodiscard]] StepFailure check_signature_of_grant() const;
  [[nodiscard]] Checked<OpenedFirst> decrypt();
  [[nodiscard]] std::optional<proto::Secret> open_kek();
  void keep_kek(const proto::Secret& kek);
  [[nodiscard]] StepFailure check_macs(const proto::Secret& kek,
                                       const crypto::Sha256Digest& grant_hash) const;
  [[nodiscard]] Checked<OpenedFirst> finish(const proto::Secret& kek, SessionKey session_key);
  [[nodiscard]] Refusal cannot_decrypt(const char* what) const;
  [[nodiscard]] OpenedFirst describe(SessionKey session_key) const;

  template <typename... Parameters>
  [[nodiscard]] Error certificate_error(ErrorCode code, const Named& certificate,
                                        Parameters... more) const {
    return Error(code, catalog::principal_name(objects_, certificate.row->owner()),
                 std::to_string(certificate.row->owner()), certificate.row->name(),
                 std::move(more)...);
  }
  [[nodiscard]] crypto::Sha256Digest source_hash() const {
    return source_ ? source_->sha256() : crypto::Sha256Digest{};
  }

  const catalog::Instance& instance_;
  store::DatabaseId database_;
  const catalog::Catalog& objects_;
  const Arrived& message_;
  const envelope::SecurityHeader& first_;
  const envelope::KeyExchangeGrant& grant_;
  const envelope::DialogPart& dialog_;
  DatabaseKeys& keys_;
  proto::TimePoint now_;
  std::optional<std::int32_t> expected_user_;
  const SessionKey* initiators_key_ = nullptr;

  std::optional<Named> source_;
  Named destination_;
  crypto::RsaPrivateKey private_key_;  // only without a cached KEK
  crypto::Sha256Digest grant_name_{};
  const OpenedKekCache::Entry* cached_ = nullptr;
};

// ---- step 3: are the certificates here? ----

StepFailure Opening::not_found(const envelope::CertificateName& name, const char* role) const {
  Refusal refusal;
  refusal.step = 3;
  refusal.error =
      Error(ErrorCode::security_context_missing,
            fmt::format("no {} certificate with {} in this database", role, name_text(name)));
  refusal.audit_subclass = kAuditNoCertificate;
  refusal.audit_text = "Cert not found";
  refusal.detail.emplace_back("looked_for",
                              fmt::format("{} certificate: {}", role, name_text(name)));
  // Of the same issuer, as after a roll-over in the wrong order: what is here instead.
  for (const auto& [id, row] : objects_.table<catalog::pb::Certificate>()) {
    const crypto::X509Certificate& certificate = keys::parsed(row);
    if (proto::as_text(certificate.issuer_der()) != name.issuer()) continue;
    refusal.detail.emplace_back("found_instead",
                                fmt::format("{} serial {}", row.name(), certificate.serial_text()));
  }
  return refusal;
}

StepFailure Opening::look_up() {
  if (grant_.has_source()) {
    source_ = find_named(objects_, grant_.source());
    if (!source_) return not_found(grant_.source(), "source");
  }
  auto destination = find_named(objects_, grant_.destination());
  if (!destination) return not_found(grant_.destination(), "destination");
  destination_ = std::move(*destination);
  if (expected_user_ && source_->row->owner() != *expected_user_) {
    Refusal refusal;
    refusal.step = 3;
    refusal.error = Error(
        ErrorCode::security_context_missing,
        fmt::format(
            "the reply's source certificate '{}' belongs to {}, not to {}, the user of the binding",
            source_->row->name(), principal_text(objects_, source_->row->owner()),
            principal_text(objects_, *expected_user_)));
    refusal.audit_subclass = kAuditNoCertificate;
    refusal.audit_text = "Cert not found";
    return refusal;
  }
  grant_name_ = OpenedKekCache::name(proto::as_bytes(first_.grant()),
                                     proto::as_bytes(first_.grant_signature()));
  cached_ = keys_.opened.find(grant_name_);
  ++(cached_ != nullptr ? keys_.counts.opened_kek_hits : keys_.counts.opened_kek_misses);
  return std::nullopt;
}

// ---- step 4: dates ----

StepFailure Opening::check_dates_of(const Named& certificate, const char* role) const {
  const bool is_early = now_ < certificate.x509->not_before();
  if (!is_early && now_ <= certificate.x509->not_after()) return std::nullopt;
  Refusal refusal;
  refusal.step = 4;
  refusal.error =
      is_early ? certificate_error(ErrorCode::certificate_not_yet_valid_for_dialog, certificate,
                                   proto::to_datetime_text(certificate.x509->not_before()))
               : certificate_error(ErrorCode::certificate_expired_for_dialog, certificate,
                                   proto::to_datetime_text(certificate.x509->not_after()));
  refusal.audit_subclass = kAuditNoCertificate;
  refusal.audit_text = "Not in valid time period";
  refusal.detail.emplace_back("certificate", fmt::format("{} ({})", certificate.row->name(), role));
  return refusal;
}

StepFailure Opening::check_dates() const {
  if (source_) {
    if (auto refusal = check_dates_of(*source_, "source")) return refusal;
  }
  if (auto refusal = check_dates_of(destination_, "destination")) return refusal;
  const auto not_before = proto::from_unix_us(grant_.not_before_us());
  const auto not_after = proto::from_unix_us(grant_.not_after_us());
  if (now_ + kClockSkewMax >= not_before && now_ < not_after + kClockSkewMax) return std::nullopt;
  Refusal refusal;
  refusal.step = 4;
  refusal.error = Error(ErrorCode::grant_out_of_time, proto::to_datetime_text(not_before),
                        proto::to_datetime_text(not_after), proto::to_datetime_text(now_));
  refusal.audit_subclass = kAuditNoCertificate;
  refusal.audit_text = "Not in valid time period";
  return refusal;
}

// ---- step 5: can the private key be used? ----

StepFailure Opening::check_private_key() {
  const catalog::pb::Certificate& row = *destination_.row;
  Refusal refusal;
  refusal.step = 5;
  refusal.audit_subclass = kAuditNoCertificate;
  refusal.audit_text = "Private key not found";
  refusal.detail.emplace_back("certificate", row.name());
  if (row.private_key_protection() == "PW") {
    refusal.error = certificate_error(ErrorCode::private_key_under_password, destination_);
    return refusal;
  }
  if (row.private_key_protection() != "MK") {
    refusal.error = certificate_error(ErrorCode::certificate_without_private_key, destination_);
    return refusal;
  }
  if (!keys::open_by_service_master_key(instance_, database_))
    return refuse_without_master_key(instance_, database_, refusal.step, refusal.audit_text);
  const int bits = destination_.x509->public_key().bits();
  if (bits < kDialogRsaBitsMin) {
    refusal.error =
        certificate_error(ErrorCode::private_key_length, destination_, std::to_string(bits));
    refusal.audit_text = "Private key size incompatible with crypto provider";
    return refusal;
  }
  if (grant_.wrapped_kek().size() != static_cast<std::size_t>((bits + 7) / 8)) {
    refusal.error =
        Error(ErrorCode::key_exchange_key_size, std::to_string(grant_.wrapped_kek().size()));
    refusal.audit_text = "Private key size incompatible with the encrypted key exchange key";
    return refusal;
  }
  if (cached_ != nullptr) return std::nullopt;  // no RSA work to do with it
  // Nor will there be where step 7 refuses without any: opening the key alone costs a flood's receiver most of its time.
  if (!keys_.failed_unwraps.may_try(message_.peer, source_hash(), now_)) return std::nullopt;
  auto key = keys_.private_keys.open(instance_, database_, row);
  if (!key) {
    refusal.error = key.error();
    return refusal;
  }
  private_key_ = std::move(*key);
  return std::nullopt;
}

// ---- step 6: who signed? ----

StepFailure Opening::check_signature_of_grant() const {
  Refusal refusal;
  refusal.step = 6;
  refusal.audit_subclass = kAuditInvalidSignature;
  refusal.audit_text = "Invalid Signature";
  refusal.detail.emplace_back("certificate", source_->row->name());
  const crypto::RsaPublicKey& key = source_->x509->public_key();
  if (!source_->is_same) {
    refusal.error = Error(ErrorCode::signature_does_not_match, source_->row->name());
    refusal.detail.emplace_back("reason", "same issuer and serial number, but another certificate");
    return refusal;
  }
  if (key.bits() < kDialogRsaBitsMin) {
    refusal.error =
        certificate_error(ErrorCode::public_key_length, *source_, std::to_string(key.bits()));
    refusal.audit_text = "Public key size incompatible with crypto provider";
    return refusal;
  }
  const auto expected = static_cast<std::size_t>((key.bits() + 7) / 8);
  if (first_.grant_signature().size() != expected) {
    refusal.error =
        Error(ErrorCode::signature_size, std::to_string(first_.grant_signature().size()),
              std::to_string(expected));
    refusal.audit_text = "Public key size incompatible with the security header's signature";
    return refusal;
  }
  if (cached_ != nullptr) return std::nullopt;  // verified when these same bytes were
  ++keys_.counts.rsa_verifies;
  if (key.verify_pss(signed_grant(proto::as_bytes(first_.grant())),
                     proto::as_bytes(first_.grant_signature()))) {
    return std::nullopt;
  }
  refusal.error = Error(ErrorCode::signature_does_not_match, source_->row->name());
  return refusal;
}

StepFailure Opening::check_signature() const {
  if (source_) {
    if (auto refusal = check_signature_of_grant()) return refusal;
  }
  const std::string& only = grant_.only_conversation_id();
  if (only.empty() || only == message_.header.conversation_id()) return std::nullopt;
  Refusal refusal;
  refusal.step = 6;
  refusal.error =
      Error(ErrorCode::header_inconsistent, "its key exchange grant is for another conversation");
  refusal.audit_subclass = kAuditInvalidSignature;
  refusal.audit_text = "Invalid Signature";
  return refusal;
}

// ---- step 7: KEK, session key, body ----

Refusal Opening::cannot_decrypt(const char* what) const {
  Refusal refusal;
  refusal.step = 7;
  refusal.error = Error(ErrorCode::cannot_decrypt, what);
  return refusal;
}

std::optional<proto::Secret> Opening::open_kek() {
  if (cached_ != nullptr) return cached_->kek.clone();
  const proto::Bytes label =
      oaep_label(source_hash(), destination_.sha256(), proto::as_bytes(grant_.kek_id()));
  ++keys_.counts.rsa_unwraps;
  auto kek = private_key_.decrypt_oaep(proto::as_bytes(grant_.wrapped_kek()), label);
  if (!kek || kek->size() != kKekBytes) return std::nullopt;
  return std::move(*kek);
}

StepFailure Opening::check_macs(const proto::Secret& kek,
                                const crypto::Sha256Digest& grant_hash) const {
  const proto::Bytes transcript = transcript_of(message_.header, first_);
  const proto::Secret auth_key = derive_auth_key(kek, proto::as_bytes(dialog_.salt()), grant_hash);
  const auto expected = crypto::hmac_sha256(auth_key.view(), transcript);
  if (!proto::equal_in_constant_time(expected, proto::as_bytes(first_.dialog_mac()))) {
    return cannot_decrypt("the MAC of its security header does not fit");
  }
  if (initiators_key_ == nullptr) return std::nullopt;
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(message_.header.conversation_id()));
  const proto::Secret reply_key = derive_reply_key(*initiators_key_, *conversation);
  const auto expected_reply = crypto::hmac_sha256(reply_key.view(), transcript);
  if (!proto::equal_in_constant_time(expected_reply, proto::as_bytes(first_.reply_mac()))) {
    return cannot_decrypt("the reply does not know the initiator's session key");
  }
  return std::nullopt;
}

void Opening::keep_kek(const proto::Secret& kek) {
  if (cached_ != nullptr) return;
  keys_.opened.keep(grant_name_, {source_hash(), destination_.sha256(), kek.clone()});
}

Checked<OpenedFirst> Opening::decrypt() {
  if (!destination_.is_same)
    return cannot_decrypt("it is for another certificate with the same issuer and serial number");
  if (cached_ == nullptr && !keys_.failed_unwraps.may_try(message_.peer, source_hash(), now_)) {
    return cannot_decrypt("too many messages from there could not be decrypted; it waits");
  }
  bool is_at_fault = cached_ == nullptr;
  const auto refuse = [&](Refusal refusal) -> Checked<OpenedFirst> {
    if (is_at_fault) keys_.failed_unwraps.count_failure(message_.peer, source_hash(), now_);
    return refusal;
  };
  // Whether RSA or the MAC failed costs the same time: a random key takes the place of the one that did not open.
  // Drawn first: RSA would fail, and seem the peer's fault, where the random source does.
  auto decoy = crypto::random_secret(kKekBytes);
  auto kek = open_kek();
  const bool is_opened = kek.has_value();
  if (!is_opened) kek = std::move(decoy);
  if (is_opened && source_) {
    // Signed, so it is the source's whatever else is wrong: others who replay the grant with rubbish
    // cost no more RSA, and are not held against the source.
    keep_kek(*kek);
    is_at_fault = false;
  }
  const crypto::Sha256Digest grant_hash = crypto::sha256(proto::as_bytes(first_.grant()));
  auto mac_failure = check_macs(*kek, grant_hash);
  if (!is_opened) return refuse(cannot_decrypt("its key exchange key does not open"));
  if (mac_failure) return refuse(std::move(*mac_failure));

  const proto::Secret wrap_key = derive_wrap_key(*kek, proto::as_bytes(dialog_.salt()), grant_hash);
  ++keys_.counts.key_unwraps;
  auto session_key = crypto::unwrap_key(wrap_key, proto::as_bytes(dialog_.wrapped_session_key()));
  if (!session_key) return refuse(cannot_decrypt("its session key does not open"));
  if (session_key->size() != kSessionKeyBytes) {
    Refusal refusal = cannot_decrypt("");
    refusal.error = Error(ErrorCode::session_key_size);
    return refuse(std::move(refusal));
  }
  const auto id =
      proto::KeyId::from_bytes(proto::as_bytes(message_.header.security().session_key_id()));
  SSB_CHECK(id);
  auto opened = finish(*kek, SessionKey{*id, std::move(*session_key), {}});
  return opened ? std::move(opened) : refuse(opened.error());
}

Checked<OpenedFirst> Opening::finish(const proto::Secret& kek, SessionKey session_key) {
  proto::Bytes body;
  if (!open_sealed(message_, session_key, keys_, body))
    return cannot_decrypt("its body does not fit its header");
  OpenedFirst opened = describe(std::move(session_key));
  opened.body = std::move(body);
  keep_kek(kek);
  return opened;
}

OpenedFirst Opening::describe(SessionKey session_key) const {
  OpenedFirst opened;
  opened.type = source_ ? SecurityType::full : SecurityType::anonymous;
  opened.destination_owner = destination_.row->owner();
  opened.destination = {destination_.row->id(), destination_.sha256()};
  opened.session_key = std::move(session_key);
  opened.created = proto::from_unix_us(dialog_.created_us());
  opened.grant_not_after = proto::from_unix_us(grant_.not_after_us());
  opened.was_kek_cached = cached_ != nullptr;
  if (source_) {
    opened.source_user = source_->row->owner();
    opened.source = {source_->row->id(), source_->sha256()};
  }
  if (!keys_.describes) return opened;
  opened.detail.emplace_back("security", security_type_name(opened.type));
  if (source_) {
    opened.detail.emplace_back("identity", principal_text(objects_, opened.source_user));
    opened.detail.emplace_back("source_certificate", source_->row->name());
  } else {
    opened.detail.emplace_back("identity", "public");
  }
  opened.detail.emplace_back("destination_certificate", destination_.row->name());
  opened.detail.emplace_back("kek",
                             opened.was_kek_cached ? "cached" : "opened with the private key");
  return opened;
}

// The two parts of a header that parse_message has accepted.
SecurityHeaderParts parts_of(const envelope::DialogHeader& header) {
  auto parts = parse_security_header(header.security().first(), header.from_initiator());
  SSB_CHECK(parts.has_value());
  return std::move(*parts);
}

}  // namespace

Checked<OpenedFirst> open_first(const catalog::Instance& instance, store::DatabaseId database,
                                const Arrived& message, DatabaseKeys& keys, proto::TimePoint now) {
  SSB_CHECK(message.header.kind() == envelope::DialogHeader::BEGIN &&
            message.header.from_initiator());
  if (!message.header.has_security()) {
    OpenedFirst opened;
    opened.body = proto::to_bytes(message.body);
    opened.detail.emplace_back("security", security_type_name(SecurityType::none));
    opened.detail.emplace_back("identity", "public");
    return opened;
  }
  const SecurityHeaderParts parts = parts_of(message.header);
  return Opening(instance, database, message, parts, keys, now).run();
}

Checked<OpenedFirst> open_reply_first(const catalog::Instance& instance, store::DatabaseId database,
                                      const Arrived& message, const Parties& parties,
                                      const SessionKey& initiators_key, DatabaseKeys& keys,
                                      proto::TimePoint now) {
  SSB_CHECK(message.header.kind() == envelope::DialogHeader::BEGIN &&
            !message.header.from_initiator());
  SSB_CHECK(parties.type == SecurityType::full);
  if (!message.header.security().has_first()) {
    Refusal refusal;
    refusal.step = 3;
    refusal.error = message.header.has_security() ? Error(ErrorCode::security_context_missing,
                                                          "the reply has no security header")
                                                  : Error(ErrorCode::endpoint_secured);
    refusal.audit_subclass = kAuditNoSecurityHeader;
    refusal.audit_text = "No Security Header";
    return refusal;
  }
  const SecurityHeaderParts parts = parts_of(message.header);
  Opening opening(instance, database, message, parts, keys, now);
  opening.expect_reply(parties.remote_user, initiators_key);
  return opening.run();
}

}  // namespace ssb::broker::dialog
