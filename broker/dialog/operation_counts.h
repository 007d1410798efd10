// How often the dialogs of a database did what costs: counted where it is done, so that it can be compared with what the protocol implies.
//
//   Units   operations since the database was opened; bytes of bodies. What failed counts too: it cost the same.
//   Scope   dialog security alone. The logins of adjacent peers and TLS are a matter of connections, not of dialogs.
//   Source  our own; docs/load.md has what each message of a dialog must cost.
#pragma once

#include <cstdint>

namespace ssb::broker::dialog {

struct OperationCounts {
  // ---- RSA: of a first message without a cached key exchange key ----
  std::uint64_t rsa_signs = 0;     // of a grant, full security
  std::uint64_t rsa_verifies = 0;  // of a grant's signature
  std::uint64_t rsa_wraps = 0;     // a key exchange key, encrypted for the destination certificate
  std::uint64_t rsa_unwraps = 0;   // and decrypted with its private key
  // ---- AES-GCM: messages and acknowledgements ----
  std::uint64_t seals = 0;
  std::uint64_t sealed_bytes = 0;
  std::uint64_t opens = 0;
  std::uint64_t opened_bytes = 0;
  std::uint64_t message_keys =
      0;  // derived: one of each direction and session key while it is kept
  // ---- AES key wrap: session keys under a key exchange key ----
  std::uint64_t key_wraps = 0;
  std::uint64_t key_unwraps = 0;
  // ---- session keys at rest, under the database master key ----
  std::uint64_t keys_stored = 0;
  std::uint64_t keys_loaded = 0;
  // ---- caches of key exchange keys ----
  std::uint64_t grant_hits = 0;  // at who sends a first message
  std::uint64_t grant_misses = 0;
  std::uint64_t opened_kek_hits = 0;  // at who receives one
  std::uint64_t opened_kek_misses = 0;
};

// Each count with its name, for whoever adds them up, writes or reads them.
template <typename Counts, typename Visit>
void visit_counts(Counts& counts, Visit visit) {
  visit("rsa_signs", counts.rsa_signs);
  visit("rsa_verifies", counts.rsa_verifies);
  visit("rsa_wraps", counts.rsa_wraps);
  visit("rsa_unwraps", counts.rsa_unwraps);
  visit("seals", counts.seals);
  visit("sealed_bytes", counts.sealed_bytes);
  visit("opens", counts.opens);
  visit("opened_bytes", counts.opened_bytes);
  visit("message_keys", counts.message_keys);
  visit("key_wraps", counts.key_wraps);
  visit("key_unwraps", counts.key_unwraps);
  visit("keys_stored", counts.keys_stored);
  visit("keys_loaded", counts.keys_loaded);
  visit("grant_hits", counts.grant_hits);
  visit("grant_misses", counts.grant_misses);
  visit("opened_kek_hits", counts.opened_kek_hits);
  visit("opened_kek_misses", counts.opened_kek_misses);
}

void add(OperationCounts& sum, const OperationCounts& more);

}  // namespace ssb::broker::dialog
