// Draws faults from a seed and puts them into a script, so that its expectations must hold as without them.
//
//   Swarm   each seed switches whole kinds of faults off and drives others to extremes; each kind draws from a stream of its own, so
//           that a new row of the table changes nothing about the others.
//   Where   A script passes in phases: batches, which take no time, and then a step that lets time pass (an expectation, settle,
//           advance, until). Faults are set between the batches of a phase, or at moments of the exposure, a time that is put in at
//           its end. Then all is cured, and the retries of what was lost get their time, before the script goes on.
//   Left out  `no event` and `no errorlog` after the first fault: a repeated message is refused with 160, a lost connection has its
//           events. `rows`, `value` and `columns` of a batch that looks at dm_ views or GET_TRANSMISSION_STATUS: what is in memory.
//           `delivered` once an instance may have ended in a commit (in a step of its disk, or a slow one): a message that is on the
//           disk may be told of by nobody.
//   Gentle  Scripts with faults or crashes of their own, of the catalogue, and those that depend on time (LIFETIME, timers, WAITFOR, an
//           `until` less than a day ahead, mirroring partners), get only what time alone shows, and no time is put into them. Those with
//           attackers get nothing: what an attacker sees first is a matter of time. Nor do those with an `until` within a minute. Those
//           that set hops or links themselves get no fault of that kind, which would take the place of theirs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario/script.h"
#include "sim/sweep/fault_kinds.h"

namespace ssb::sim::sweep {

struct PlannedFault {
  const FaultKind* kind = nullptr;
  std::string directive;
  std::string node = {};  // of faults of one instance
  std::size_t step = 0;   // it is set before this step of the script
  // In the exposure before that step, so much after its start; nullopt: between batches.
  std::optional<proto::Duration> moment{};
  proto::Duration lasts{
      0};  // an instance that was ended stays down for so long in an exposure; 0: to its end
};
struct Plan {
  std::vector<PlannedFault> faults;                  // by step, then moment
  std::map<std::size_t, proto::Duration> exposures;  // by the step that they stand before
  bool is_gentle = false;

  // The names of the kinds that are in it.
  [[nodiscard]] std::set<std::string> kinds() const;
};
// A pure function of both. Without faults for some seeds: those try other random numbers, and every expectation.
[[nodiscard]] Plan plan_faults(const scenario::Script& script, std::uint64_t seed);

struct Swarmed {
  scenario::Script script;
  std::vector<std::string> left_out;  // "a.sql:12: expect no event 160 (why)"
};
// The script with the faults of the plan. `steps`: those of the script that are kept, all when empty; of faults before a step that
// is left out nothing happens.
[[nodiscard]] Swarmed with_faults(const scenario::Script& script, const Plan& plan,
                                  const std::vector<bool>& steps);

}  // namespace ssb::sim::sweep
