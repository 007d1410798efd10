// What a load is: how many messages of which size on how many dialogs, when they are sent, and how they are secured.
//
//   Units   times in nanoseconds of CLOCK_MONOTONIC, which all processes of one machine share.
//   Source  our own.
#pragma once

#include <cstdint>
#include <string>

namespace ssb::sim::load {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kSecond = 1'000'000'000;

enum class Security { full, anonymous, none };
enum class Arrival { closed, constant, poisson };

struct Workload {
  Security security = Security::full;
  bool transport_encrypted = true;  // TLS between the nodes
  int rsa_bits = 2048;
  std::uint32_t size_bytes = 1024;
  std::uint32_t dialogs = 16;    // that are sent on at the same time
  std::uint64_t per_dialog = 0;  // messages, then a new one is begun; 0: they are never ended
  std::uint32_t per_transaction = 100;  // SENDs, and messages that RECEIVE takes, at most
  std::uint32_t receivers = 2;          // that wait in RECEIVE at the same time
  std::uint32_t in_flight = 4096;       // closed loop: sent and not yet received
  Arrival arrival = Arrival::closed;
  double rate = 0;  // messages a second, of all shards: open loop
  std::uint64_t seed = 1;
  bool request_reply = false;
  bool flushed = true;
  bool sign_every_dialog = false;  // a grant and a signature a dialog, nothing cached
  // Both sides write how far each dialog is into a table of their own, in the transactions that send and receive: what a node
  // that was killed goes on with, and is checked against.
  bool keeps_progress = false;
  bool is_remote = false;  // the target is on another machine, whose clock is another
  Nanoseconds warm_up = 2 * kSecond;
  Nanoseconds duration = 10 * kSecond;

  [[nodiscard]] bool is_closed() const { return arrival == Arrival::closed; }
};

[[nodiscard]] const char* name(Security security);
[[nodiscard]] const char* name(Arrival arrival);
// "full security, RSA-2048, 1024 bytes, 16 dialogs, ...": one line, closed loop named as such.
[[nodiscard]] std::string describe(const Workload& workload);

// The phases of a run: messages whose intended start lies in [measured_from, measured_until) are measured.
struct Phases {
  Nanoseconds begin = 0;
  Nanoseconds measured_from = 0;
  Nanoseconds measured_until = 0;

  [[nodiscard]] bool measures(Nanoseconds at) const {
    return at >= measured_from && at < measured_until;
  }
};

}  // namespace ssb::sim::load
