// The key schedule of dialog security, a second time: from the argument in proto/PROTOCOL.md, not from the engine.
//
//   Opens what it has the keys for, and makes messages that the engine must accept exactly when it would accept them from itself.
//   Units   session keys and KEKs 16 bytes; ids 16.
//   Errors  nullopt where a key does not fit.
#pragma once

#include <optional>

#include "proto/time.h"
#include "sim/attackers/ciphers.h"
#include "sim/attackers/layout.h"

namespace ssb::sim::attackers {

struct SessionKey {
  Bytes id;
  Bytes key;
};

// A certificate with its private key, own or stolen.
struct Identity {
  std::string database;
  std::string name;
  Certificate certificate;
  Rsa key;
};

// ---- opening ----
// The KEK of a grant for `identity`; nullopt when it is for another, or does not open.
[[nodiscard]] std::optional<Bytes> open_kek(const Fields& grant, const Identity& identity);
// The session key that a first message brings, with everything that its MAC covers checked.
[[nodiscard]] std::optional<SessionKey> open_session_key(const Fields& header,
                                                         const Identity& identity);
[[nodiscard]] std::optional<Bytes> open_body(const proto::DialogMessage& message,
                                             const SessionKey& key);

// ---- making ----
// Seals under a key that is known; everything of `header` but its security stays as it is.
struct Seal {
  Bytes incarnation = random_bytes(16);
  std::uint64_t counter = 0;  // the next one
};
[[nodiscard]] proto::DialogMessage seal(Fields header, ByteView body, const SessionKey& key,
                                        Seal& seal);
// What a first message says about keys. Everything may be given, to be wrong in one thing alone.
struct FirstRecipe {
  const Identity* source = nullptr;  // null: anonymous
  Certificate destination;
  Bytes kek = random_bytes(16);
  Bytes kek_id = random_bytes(16);
  Bytes wrapped_kek{};  // empty: the KEK, wrapped for the destination
  proto::TimePoint not_before{};
  proto::Duration lifetime = std::chrono::hours(4);
};
[[nodiscard]] Fields make_grant(const FirstRecipe& recipe);
[[nodiscard]] Bytes sign_grant(ByteView grant, const Rsa& key);
// A whole first message: the service pair security header around this grant, then the body.
[[nodiscard]] proto::DialogMessage seal_first(Fields header, ByteView body, ByteView grant,
                                              ByteView signature, ByteView kek,
                                              const SessionKey& key, proto::TimePoint created,
                                              Seal& seal);
[[nodiscard]] proto::DialogMessage seal_first(const Fields& header, ByteView body,
                                              const FirstRecipe& recipe, const SessionKey& key,
                                              Seal& seal);

[[nodiscard]] Fields name_of(const Certificate& certificate);

}  // namespace ssb::sim::attackers
