// What a run of an attack script comes to: whether the honest case worked, whether the attack did, and what shows it.
//
//   inconclusive    the sanity leg failed or checks nothing, or an attacker never did anything, or the script could not run
//   unsafe          an expectation after the attack is not met, or a judge found something in a script that is not weak
//   weak by design  the attack works, as the entry says (`--# catalogue C17 weak`)
//   safe            all else
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/report.h"

namespace ssb::sim::scenario {

enum class AttackVerdict { safe, weak_by_design, unsafe, inconclusive };
// "SAFE", "WEAK BY DESIGN", "UNSAFE", "INCONCLUSIVE".
[[nodiscard]] const char* verdict_name(AttackVerdict verdict);

// One way in which nodes refused something after the attack had begun.
struct Refusals {
  int event = 0;
  int subclass = 0;  // of 158 and 159
  int error = 0;     // 0: none
  int state = 0;
  std::string node;
  std::uint64_t count = 0;

  // "160/11218 at HOST_B ×3", "158.3 at HOST_B".
  [[nodiscard]] std::string text() const;
};

struct AttackResult {
  bool is_sane = false;
  AttackVerdict verdict = AttackVerdict::inconclusive;
  std::string reason;              // of inconclusive and unsafe: lines
  std::vector<Refusals> refusals;  // the most frequent first
  std::uint64_t applied = 0;       // of all attackers
  std::uint64_t delivered = 0;     // messages put on queues after the attack had begun
  std::uint64_t errors_sent = 0;   // Error messages of brokers
  std::size_t bodies_read = 0;

  // One line.
  [[nodiscard]] std::string evidence() const;
};

[[nodiscard]] AttackResult judge_attack(const Report& report);

}  // namespace ssb::sim::scenario
