#include "broker/dialog/keys.h"

#include <algorithm>
#include <set>

#include "broker/crypto/prefetch.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/check.h"

namespace ssb::broker::dialog {

namespace {

// The concatenation of label and parts, all but at most one of fixed size.
template <typename... Parts>
proto::Bytes join(std::string_view label, const Parts&... parts) {
  proto::Bytes joined = proto::to_bytes(label);
  const auto append = [&joined](proto::ByteView part) {
    joined.insert(joined.end(), part.begin(), part.end());
  };
  (append(parts), ...);
  return joined;
}

proto::Secret derive_from_kek(const proto::Secret& kek, proto::ByteView salt,
                              const crypto::Sha256Digest& grant_hash, std::string_view label,
                              std::size_t size) {
  return crypto::hkdf_sha256(kek.view(), salt, join(label, proto::ByteView(grant_hash)), size);
}

std::string storage_purpose(proto::ConversationId conversation, bool is_initiator, KeySlot slot,
                            proto::KeyId id) {
  std::string purpose = "session key ";
  purpose += id.text();
  purpose += slot == KeySlot::outbound ? " outbound of " : " inbound of ";
  purpose += is_initiator ? "initiator of " : "target of ";
  return purpose + conversation.text();
}

}  // namespace

SessionKey SessionKey::make() {
  crypto::KeyDraws draws;
  return make(draws);
}

SessionKey SessionKey::make(crypto::KeyDraws& draws) {
  return {crypto::random_id<proto::KeyId>(), draws.draw(kSessionKeyBytes)};
}

proto::Bytes store_session_key(const proto::Secret& master_key, proto::ConversationId conversation,
                               bool is_initiator, KeySlot slot, const SessionKey& key) {
  return keys::seal_under(master_key, storage_purpose(conversation, is_initiator, slot, key.id),
                          key.key.view());
}

std::optional<SessionKey> load_session_key(const proto::Secret& master_key,
                                           proto::ConversationId conversation, bool is_initiator,
                                           KeySlot slot, proto::KeyId id, proto::ByteView stored) {
  auto key =
      keys::open_under(master_key, storage_purpose(conversation, is_initiator, slot, id), stored);
  if (!key || key->size() != kSessionKeyBytes) return std::nullopt;
  return SessionKey{id, std::move(*key), {}};
}

proto::Secret derive_wrap_key(const proto::Secret& kek, proto::ByteView salt,
                              const crypto::Sha256Digest& grant_hash) {
  return derive_from_kek(kek, salt, grant_hash, "ssbsim 1 wrap", kKekBytes);
}

proto::Secret derive_auth_key(const proto::Secret& kek, proto::ByteView salt,
                              const crypto::Sha256Digest& grant_hash) {
  return derive_from_kek(kek, salt, grant_hash, "ssbsim 1 auth", 32);
}

proto::Secret derive_reply_key(const SessionKey& initiators_key,
                               proto::ConversationId conversation) {
  return crypto::hkdf_sha256(initiators_key.key.view(), conversation.view(),
                             join("ssbsim 1 reply", initiators_key.id.view()), 32);
}

proto::Secret derive_message_key(const SessionKey& key, const MessageKeyName& name) {
  const std::uint8_t direction = name.from_initiator ? 1 : 0;
  const proto::Bytes info = join("ssbsim 1 message", name.session_key.view(),
                                 name.conversation.view(), proto::ByteView(&direction, 1));
  return crypto::hkdf_sha256(key.key.view(), name.incarnation.view(), info, kSessionKeyBytes);
}

// ---- Incarnation ----

Incarnation::Incarnation() : id_(crypto::random_guid()) {}

std::optional<std::uint64_t> Incarnation::next_nonce() {
  if (next_ >= kSealsMax) return std::nullopt;
  return next_++;
}

void Incarnation::skip_to(std::uint64_t next) {
  SSB_CHECK(next >= next_);
  next_ = next;
}

// ---- KekCache, OpenedKekCache ----

const KekGrant* KekCache::find(const Name& name, proto::TimePoint now) {
  const KekGrant* grant = grants_.find(name);
  return grant != nullptr && grant->not_before <= now && now < grant->not_after ? grant : nullptr;
}

const KekGrant& KekCache::keep(const Name& name, KekGrant grant) {
  return grants_.put(name, std::move(grant));
}

void KekCache::drop_certificate(const crypto::Sha256Digest& certificate) {
  grants_.erase_if([&](const Name& name, const KekGrant&) {
    return name.source == certificate || name.destination == certificate;
  });
}

crypto::Sha256Digest OpenedKekCache::name(proto::ByteView grant, proto::ByteView signature) {
  // Both parts have a fixed size, so that no other grant and signature give the same bytes.
  return crypto::sha256(join("ssbsim 1 opened", crypto::sha256(grant), crypto::sha256(signature)));
}

void OpenedKekCache::drop_certificate(const crypto::Sha256Digest& certificate) {
  keks_.erase_if([&](const crypto::Sha256Digest&, const Entry& entry) {
    return entry.source == certificate || entry.destination == certificate;
  });
}

// ---- FailedUnwraps ----

void FailedUnwraps::forgive(Budget& budget, proto::TimePoint now) {
  if (now < budget.counted_at) budget.counted_at = now;  // the clock was set back
  const auto forgiven = (now - budget.counted_at) / kFailedUnwrapInterval;
  if (forgiven >= budget.failures) {
    budget = {0, now};
  } else {
    budget.failures -= static_cast<int>(forgiven);
    budget.counted_at += forgiven * kFailedUnwrapInterval;
  }
}

bool FailedUnwraps::may_try(std::string_view peer, const crypto::Sha256Digest& source,
                            proto::TimePoint now) {
  Budget* budget = sources_.find({std::string(peer), source});
  if (budget == nullptr) return true;
  forgive(*budget, now);
  return budget->failures < kFailedUnwrapsMax;
}

void FailedUnwraps::count_failure(std::string_view peer, const crypto::Sha256Digest& source,
                                  proto::TimePoint now) {
  const Source name{std::string(peer), source};
  Budget* budget = sources_.find(name);
  if (budget == nullptr) budget = &sources_.put(name, Budget{0, now});
  forgive(*budget, now);
  budget->failures = std::min(budget->failures + 1, kFailedUnwrapsMax);
}

// ---- MessageKeys ----

crypto::AesGcm& MessageKeys::hint_at(Entry& entry, const SessionKey& key) {
  key.hints.at(entry.name.from_initiator ? 1 : 0) = {&entry, entry.gcm.schedule().data(),
                                                     entry.is_kept.flag()};
  return entry.gcm;
}

crypto::AesGcm* MessageKeys::find(const MessageKeyName& name, const SessionKey& key) {
  Entry* known = hinted(key.hints.at(name.from_initiator ? 1 : 0));
  if (known != nullptr && known->name == name) return &known->gcm;
  Entry* entry = keys_.find(name);
  const bool is_it =
      entry != nullptr && proto::equal_in_constant_time(entry->session_key.view(), key.key.view());
  return is_it ? &hint_at(*entry, key) : nullptr;
}

void MessageKeys::prefetch(const SessionKey& key, bool from_initiator) {
  constexpr std::size_t kScheduleBytes = 1024;  // of a key of libipsec-mb
  const SessionKey::Hint& hint = key.hints.at(from_initiator ? 1 : 0);
  if (hint.schedule == nullptr) return;
  crypto::prefetch(hint.entry, sizeof(Entry));
  crypto::prefetch(hint.schedule, kScheduleBytes);
}

crypto::AesGcm& MessageKeys::keep(const MessageKeyName& name, const SessionKey& key,
                                  crypto::AesGcm made) {
  return hint_at(keys_.put(name, Entry{std::move(made), name, key.key.clone(), {}}), key);
}

void MessageKeys::drop(const SessionKey& key) {
  for (const SessionKey::Hint& hint : key.hints) {
    // A copy: the entry goes with its name.
    if (const Entry* entry = hinted(hint)) keys_.erase(MessageKeyName(entry->name));
  }
}

// ---- DatabaseKeys ----

void DatabaseKeys::catalog_changed(const catalog::Instance& instance, store::DatabaseId database) {
  private_keys.catalog_changed(instance, database);
  if (!keys::open_by_service_master_key(instance, database)) {
    grants.clear();
    opened.clear();
    messages.clear();
    return;
  }
  std::set<crypto::Sha256Digest> present{crypto::Sha256Digest{}};  // zeros: no certificate
  for (const auto& [id, certificate] :
       instance.database(database)->table<catalog::pb::Certificate>()) {
    present.insert(crypto::sha256(proto::as_bytes(certificate.der())));
  }
  const auto is_gone = [&present](const crypto::Sha256Digest& certificate) {
    return !present.contains(certificate);
  };
  grants.grants_.erase_if([&](const KekCache::Name& name, const KekGrant&) {
    return is_gone(name.source) || is_gone(name.destination);
  });
  opened.keks_.erase_if([&](const auto&, const OpenedKekCache::Entry& entry) {
    return is_gone(entry.source) || is_gone(entry.destination);
  });
}

}  // namespace ssb::broker::dialog
