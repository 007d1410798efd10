// The keys of a dialog: session keys, key exchange keys and their grants, message keys, and the
// bounded caches that one open database keeps.
//
//   Shape   every derivation is HKDF-SHA-256 (key, salt, info); info begins with the label, without
//   a final zero byte:
//             wrap key     (KEK, dialog part's salt, "ssbsim 1 wrap"    | SHA-256(grant)) 16 bytes
//             auth key     (KEK, dialog part's salt, "ssbsim 1 auth"    | SHA-256(grant)) 32 reply
//             key    (initiator's session key, conversation id, "ssbsim 1 reply" | session key id)
//             32 message key  (session key, incarnation id, "ssbsim 1 message" | session key id |
//             conversation id | direction)    16
//           direction is one byte: 1 from the initiator, 0 from the target. A grant is signed as
//           "ssbsim 1 grant" | grant. The label of RSA-OAEP is SHA-256("ssbsim 1 kek" | source |
//           destination | KEK id), source and destination being SHA-256 of the certificates, source
//           32 zero bytes in anonymous security.
//   Limits  all caches are bounded and forget what was used longest ago; forgetting costs time,
//   never a message. Source  our own; the argument is proto/PROTOCOL.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/catalog/instance.h"
#include "broker/crypto/aes.h"
#include "broker/crypto/digest.h"
#include "broker/crypto/id_hash.h"
#include "broker/crypto/random.h"
#include "broker/dialog/bounded_map.h"
#include "broker/dialog/operation_counts.h"
#include "broker/keys/private_keys.h"
#include "proto/ids.h"
#include "proto/secret.h"
#include "proto/time.h"

namespace ssb::broker::dialog {

inline constexpr std::size_t kSessionKeyBytes = 16;
inline constexpr std::size_t kKekBytes = 16;
// "Every few hours" (reference service-broker.md 2.6). How long a captured grant could serve a
// thief of the target's private key.
inline constexpr proto::Duration kGrantLifetime = std::chrono::hours(4);
inline constexpr proto::Duration kGrantLifetimeMax =
    std::chrono::hours(24);  // what a receiver accepts; bounds its tombstones
// How far two honest clocks may be apart. Within it a grant is taken before its not-before and
// after its not-after; tombstones of conversations must outlive both.
inline constexpr proto::Duration kClockSkewMax = std::chrono::hours(4);
inline constexpr std::uint64_t kSealsMax =
    std::uint64_t{1} << 48;  // of one incarnation: 90 years at 100,000 a second
inline constexpr std::size_t kGrantsMax = 1024;
inline constexpr std::size_t kOpenedKeksMax = 4096;
// Some 1.5 KiB each: what a node that sends on ten thousand dialogs by turns needs, in both directions.
inline constexpr std::size_t kMessageKeysMax = 32'768;
inline constexpr std::size_t kUnwrapSourcesMax = 4096;
inline constexpr int kFailedUnwrapsMax = 16;  // at once, then
inline constexpr proto::Duration kFailedUnwrapInterval =
    std::chrono::seconds(2);  // one more in each

// What one side seals with (the initiator alone in anonymous security). Fresh for each
// conversation, never for two.
struct SessionKey {
  proto::KeyId id;
  proto::Secret key;  // kSessionKeyBytes
  // Where its message keys of both directions were found last. Who holds an entry says in `is_kept` when it goes, so a hint that outlives
  // what it points to is never followed.
  struct Hint {
    void* entry = nullptr;
    const std::uint8_t* schedule = nullptr;  // of the entry's key, to prefetch
    std::shared_ptr<const bool> is_kept;
  };
  mutable std::array<Hint, 2> hints{};

  [[nodiscard]] static SessionKey make(crypto::KeyDraws& draws);
  [[nodiscard]] static SessionKey make();  // for who makes one and no other
  [[nodiscard]] SessionKey clone() const { return {id, key.clone(), {}}; }
};

// ---- session keys at rest ----
enum class KeySlot { outbound, inbound };
// Sealed under the database master key, for this conversation, side and slot only: moved to another
// row it does not open.
[[nodiscard]] proto::Bytes store_session_key(const proto::Secret& master_key,
                                             proto::ConversationId conversation, bool is_initiator,
                                             KeySlot slot, const SessionKey& key);
// nullopt when it does not open: another master key, another row, or damaged (9652, -28052).
[[nodiscard]] std::optional<SessionKey> load_session_key(const proto::Secret& master_key,
                                                         proto::ConversationId conversation,
                                                         bool is_initiator, KeySlot slot,
                                                         proto::KeyId id, proto::ByteView stored);

// ---- derivations ----
[[nodiscard]] proto::Secret derive_wrap_key(const proto::Secret& kek, proto::ByteView salt,
                                            const crypto::Sha256Digest& grant_hash);
[[nodiscard]] proto::Secret derive_auth_key(const proto::Secret& kek, proto::ByteView salt,
                                            const crypto::Sha256Digest& grant_hash);
[[nodiscard]] proto::Secret derive_reply_key(const SessionKey& initiators_key,
                                             proto::ConversationId conversation);

struct MessageKeyName {
  proto::KeyId session_key;
  proto::ConversationId conversation;
  bool from_initiator = false;
  proto::Guid incarnation;
  friend auto operator<=>(const MessageKeyName&, const MessageKeyName&) = default;
};
[[nodiscard]] proto::Secret derive_message_key(const SessionKey& key, const MessageKeyName& name);

// ---- sealing side ----
// One opening of a database: a random id, and the counter that gives every seal its own nonce. One
// counter for all conversations and keys of the database: then no nonce comes twice under any key
// even when a conversation's endpoint is forgotten and made again (replayed first message, refusals
// without an endpoint, rollback). Made at every open, restore and attach; never stored, never
// copied.
class Incarnation {
 public:
  Incarnation();
  Incarnation(const Incarnation&) = delete;
  Incarnation& operator=(const Incarnation&) = delete;
  ~Incarnation() = default;

  [[nodiscard]] const proto::Guid& id() const { return id_; }
  // 0, 1, 2, ...; nullopt for ever once kSealsMax are used: open the database again.
  [[nodiscard]] std::optional<std::uint64_t> next_nonce();
  // For tests of the end: goes on at a later number; going back is a bug (SSB_CHECK).
  void skip_to(std::uint64_t next);

 private:
  proto::Guid id_;
  std::uint64_t next_ = 0;
};

// A key exchange key that the sender made, and the signed bytes that say what it is for.
struct KekGrant {
  proto::Bytes grant;      // serialized envelope.proto KeyExchangeGrant
  proto::Bytes signature;  // empty in anonymous security
  proto::Secret kek;
  proto::TimePoint not_before;
  proto::TimePoint not_after;
};
// The sender's grants: one for each pair of certificates, ready for any number of dialogs; with --sign-every-dialog one a conversation.
class KekCache {
 public:
  struct Name {
    crypto::Sha256Digest source{};  // of the certificate; zeros in anonymous security
    crypto::Sha256Digest destination{};
    proto::ConversationId only_conversation;  // null: any
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  explicit KekCache(std::size_t size_max = kGrantsMax) : grants_(size_max) {}
  // The grant if it is good at `now`: a clock that was set back makes a new one too.
  [[nodiscard]] const KekGrant* find(const Name& name, proto::TimePoint now);
  const KekGrant& keep(const Name& name, KekGrant grant);
  void drop_certificate(const crypto::Sha256Digest& certificate);
  void clear() { grants_.clear(); }
  [[nodiscard]] std::size_t size() const { return grants_.size(); }

 private:
  friend struct DatabaseKeys;
  BoundedMap<Name, KekGrant> grants_;
};

// ---- opening side ----
// KEKs that were opened here. The name covers the whole grant and its signature (so source,
// destination, KEK id and wrapped KEK, and the dates too): a hit means that these exact bytes were
// verified and opened before, and nothing else.
class OpenedKekCache {
 public:
  struct Entry {
    crypto::Sha256Digest source{};  // zeros in anonymous security
    crypto::Sha256Digest destination{};
    proto::Secret kek;
  };
  explicit OpenedKekCache(std::size_t size_max = kOpenedKeksMax) : keks_(size_max) {}
  [[nodiscard]] static crypto::Sha256Digest name(proto::ByteView grant, proto::ByteView signature);
  [[nodiscard]] const Entry* find(const crypto::Sha256Digest& name) { return keks_.find(name); }
  void keep(const crypto::Sha256Digest& name, Entry entry) { keks_.put(name, std::move(entry)); }
  void drop_certificate(const crypto::Sha256Digest& certificate);
  void clear() { keks_.clear(); }
  [[nodiscard]] std::size_t size() const { return keks_.size(); }

 private:
  friend struct DatabaseKeys;
  BoundedMap<crypto::Sha256Digest, Entry> keks_;
};

// How many first messages that cost an RSA private operation and then proved false a source may
// send: kFailedUnwrapsMax at once, then one each kFailedUnwrapInterval. A source is the peer's
// address and the certificate that signed, so that garbage in anonymous security that comes through
// a forwarder does not shut out those who sign. Messages whose KEK is cached are not limited.
class FailedUnwraps {
 public:
  explicit FailedUnwraps(std::size_t size_max = kUnwrapSourcesMax) : sources_(size_max) {}
  [[nodiscard]] bool may_try(std::string_view peer, const crypto::Sha256Digest& source,
                             proto::TimePoint now);
  void count_failure(std::string_view peer, const crypto::Sha256Digest& source,
                     proto::TimePoint now);
  void clear() { sources_.clear(); }
  [[nodiscard]] std::size_t size() const { return sources_.size(); }

 private:
  using Source = std::pair<std::string, crypto::Sha256Digest>;
  struct Budget {
    int failures = 0;
    proto::TimePoint counted_at;
  };
  static void forgive(Budget& budget, proto::TimePoint now);
  BoundedMap<Source, Budget> sources_;
};

// Message keys in use, of both directions. An entry holds its session key too and serves only that
// one: ids are chosen by peers, and one peer's choice must not spoil another's.
class MessageKeys {
 public:
  explicit MessageKeys(std::size_t size_max = kMessageKeysMax) : keys_(size_max) {}
  [[nodiscard]] crypto::AesGcm* find(const MessageKeyName& name, const SessionKey& key);
  // Asks for what `find` gave for this session key last, while its name is still being made.
  static void prefetch(const SessionKey& key, bool from_initiator);
  // Where that stands: for prefetch alone.
  [[nodiscard]] static proto::ByteView entry_of(const SessionKey& key, bool from_initiator) {
    const void* const entry = key.hints.at(from_initiator ? 1 : 0).entry;
    return {static_cast<const std::uint8_t*>(entry), entry == nullptr ? 0 : sizeof(Entry)};
  }
  crypto::AesGcm& keep(const MessageKeyName& name, const SessionKey& key, crypto::AesGcm made);
  // Those that were found or kept for this session key last: its dialog has ended, or rests.
  void drop(const SessionKey& key);
  void clear() { keys_.clear(); }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  // True until the entry that it is of goes or becomes another one.
  class Kept {
   public:
    Kept() = default;
    Kept(Kept&& other) noexcept = default;
    Kept& operator=(Kept&& other) noexcept {
      end();
      flag_ = std::move(other.flag_);
      return *this;
    }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { end(); }
    [[nodiscard]] std::shared_ptr<const bool> flag() const { return flag_; }

   private:
    void end() {
      if (flag_) *flag_ = false;
    }
    std::shared_ptr<bool> flag_ = std::make_shared<bool>(true);
  };
  struct Entry {
    crypto::AesGcm gcm;
    MessageKeyName name;
    proto::Secret session_key;
    Kept is_kept;
  };
  // Session key ids, conversation ids and the peers' incarnation ids are theirs to choose.
  struct Hash {
    crypto::IdHash of_id;
    std::size_t operator()(const MessageKeyName& name) const {
      return static_cast<std::size_t>(of_id(name.session_key.guid, 0) ^
                                      of_id(name.conversation.guid, name.from_initiator ? 2 : 1) ^
                                      of_id(name.incarnation, 3));
    }
  };
  [[nodiscard]] static Entry* hinted(const SessionKey::Hint& hint) {
    return hint.is_kept && *hint.is_kept ? static_cast<Entry*>(hint.entry) : nullptr;
  }
  static crypto::AesGcm& hint_at(Entry& entry, const SessionKey& key);

  BoundedMap<MessageKeyName, Entry, Hash> keys_;
};

// All that one open database keeps in memory for its dialogs. Made when it opens, gone when it
// closes.
struct DatabaseKeys {
  Incarnation incarnation;
  crypto::KeyDraws draws;  // session keys and KEKs
  KekCache grants;
  OpenedKekCache opened;
  keys::PrivateKeys private_keys;
  FailedUnwraps failed_unwraps;
  MessageKeys messages;
  OperationCounts counts;  // of what was done with these keys
  proto::Bytes
      plaintext;  // memory for what is opened: it begins with the body that was opened last
  // A new grant, and so a signature, for each dialog; it names its conversation and is worthless
  // for others (--sign-every-dialog).
  bool sign_every_dialog = false;
  // Whether OpenedFirst::detail is wanted.
  bool describes = true;

  // Call after any change of certificates or keys: forgets the KEKs of certificates that are gone,
  // and everything once the master key does not open by the service master key any more.
  void catalog_changed(const catalog::Instance& instance, store::DatabaseId database);
};

}  // namespace ssb::broker::dialog
