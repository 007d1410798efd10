// The kinds of faults that a seed can draw: a table with a row each. A new `--#` fault word becomes part of every sweep by a row.
//
//   Shape   a fault is the text of a directive; its cure is another one, or several, given in an order in which they can stand.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"

namespace ssb::sim::sweep {

// Whom a fault is drawn for, and how strong it is.
struct FaultSeat {
  Random& random;
  std::string from;  // the instance, or the sending one of two
  std::string to;    // empty for faults of one instance
  bool is_extreme = false;
  bool is_gentle = false;                       // it must not show but in time
  std::vector<std::string> message_types = {};  // that the script names
};

struct FaultKind {
  std::string_view name;
  enum class Reach { pair, node } reach = Reach::pair;
  // What it may do to the instance: nothing; end it while nobody runs a batch on it; or only when nothing is asked of it until the
  // cure, and then even in a commit, which may be on the disk although nobody is told of it.
  enum class Ends { nothing, at_once, any_time, in_commit } ends = Ends::nothing;
  // What it does: anything; only make things late, so that scripts with faults of their own stand it, too; take other faults
  // back; move a clock, which scripts that speak of dates do not stand.
  enum class Effect { harm, lateness, cure, clock } effect = Effect::harm;
  std::string (*directive)(const FaultSeat& seat);
  // In their order: the network, the disks, then the instances themselves. "{}" is the instance.
  std::string_view cure_network, cure_disk, cure_node;
  // The counter of the simulator that shows that it did something; empty: it has none.
  std::string_view probe;
  bool is_of_secured = false;  // only for scripts all of whose dialogs are secured
};

[[nodiscard]] std::span<const FaultKind> fault_kinds();

}  // namespace ssb::sim::sweep
