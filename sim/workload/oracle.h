// Says, from the reference alone, what becomes of a dialog in a world: which security, which certificates, delivered or not, and where it shows.
//
//   Independent of the engine: nothing of broker/ or transport/ is included here (tests/tidy_test.cc), so that a mistake would have to be made
//   twice to go unseen.
//   Left open, because the reference does (Branch::open; no story is made of these): which of several reasons is told first (two
//   candidates that fail differently, signer and receiver's certificate at once, either of them or the binding and the master key); two certificates
//   with the same latest expiry; what answers when a refused sender cannot be reached; whether 28056 and 8401 are told to the sender;
//   which number stands for "no route" (9750, 9793 and 9796 all fit) and for a connection that the other side refused; a queue that is
//   off; dialogs inside of one instance; permission to connect to the database; whether a dialog's second message leaves before the
//   first one is acknowledged.
//   Source  service-broker.md 1.4, 1.7, 1.8, 2.2 to 2.8, 3.2 to 3.4; failure-corpus.md F08, F09, F12, F14, F17, F21; claims D01 to D20, R01 to R19.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/workload/topology.h"

namespace ssb::sim::workload {

enum class Security { none, anonymous, full };

// Which line of the reference decided. Each one occurs in generated scenarios (tests/sim/workload).
enum class Branch {
  delivered_none,
  delivered_anonymous,
  delivered_full,
  delivered_without_way_back,  // 1.8 (3): acknowledged in vain
  no_binding,                  // 9727
  sender_has_no_certificate,  // 9731, here and below for the service's owner, then for the binding's user
  sender_key_is_absent,        // 9733
  sender_key_under_password,   // 9737
  sender_not_active,           // 9767
  sender_not_yet_valid,        // 28024
  sender_expired,              // 28025
  binding_user_has_none,       // 9731
  binding_user_not_active,     // 9767
  binding_user_not_yet_valid,  // 28024
  binding_user_expired,        // 28025
  sender_master_key,           // 28050
  no_route,
  wrong_host,             // the instance has no such service
  unknown_broker,         // 9795
  transport_negotiation,  // 28027
  transport_unknown_peer_at_sender,
  transport_unknown_peer_at_target,  // 28035 state 89
  transport_no_connect_at_sender,
  transport_no_connect_at_target,  // 28034 state 84
  transport_expired,               // 28035, 28036
  target_lacks_source,             // 11229, 158/2
  target_lacks_destination,        // 11229, 158/2
  target_source_date,
  target_destination_date,
  target_key_absent,
  target_key_under_password,
  target_master_key,  // 28054
  refused_user,       // 11215, -8494
  refused_public,     // 11215, -8494, anonymous or none
  refused_denied,     // a DENY goes before a GRANT to public
  refused_control,    // 28056
  refused_receive,    // 8401, 158/4
  contract_not_bound,
  contract_unknown,       // -8408, -8425
  reply_of_another_user,  // signed by a certificate that is not the binding's user's
  open,
};
inline constexpr int kBranches = static_cast<int>(Branch::open) + 1;
[[nodiscard]] const char* branch_name(Branch branch);

struct ExpectedEvent {
  std::size_t instance = 0;
  int event = 0;
  std::optional<int> subclass, error, state;
};

// What can be seen of messages in one direction of a dialog once everything has come to rest.
struct Forecast {
  Branch branch = Branch::open;
  Security security = Security::none;
  bool is_delivered = false;
  enum class Status {
    none,
    empty,
    number,
    any,
    unchecked
  } status = Status::none;  // in the sender's transmission queue
  int number = 0;           // of Status::number
  std::vector<ExpectedEvent> events;
  std::vector<ExpectedEvent>
      later_events;  // after retries: of a connection that is only tried again after a while, too
  std::optional<int> queue_error;  // in the sender's queue; the conversation is then in error
  std::string signed_with, encrypted_for;  // certificates; empty: none
  std::string source_user;                 // who the sender is at the receiver
  std::string why;                         // the line of the decision table
};

// Message 0 of the initiator.
[[nodiscard]] Forecast forecast_first(const World& world, const Dialog& dialog);
// The target's first message, once the initiator's was delivered with security `first`.
[[nodiscard]] Forecast forecast_reply(const World& world, const Dialog& dialog,
                                      const Forecast& first);
// A later message of a side whose first one has been acknowledged: session keys alone count (2.10).
[[nodiscard]] Forecast forecast_later(const World& world, const Dialog& dialog,
                                      const Forecast& first, bool from_initiator);

}  // namespace ssb::sim::workload
