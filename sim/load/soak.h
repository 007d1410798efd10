// A load that goes on for long while things break: certificates replaced at both ends, nodes killed and started again, connections cut
// and held up. Whether each message still comes exactly once and in order, and whether memory and latency stay as they are.
//
//   Plan    one fault in each gap of kGap, or kFaultsMin of them when that is shorter, in the order of FaultKind by turns. Nodes are
//           killed in the first part alone (kKillsUntil): memory is looked at over the rest, in one life of each node.
//   Check   both nodes keep how far each dialog is in a table of their own, written in the transactions that send and receive
//           (progress.h): a message lost or repeated over a kill is one that does not fit it. At the end all that was sent must have come.
//   Errors  LoadFailure when it could not be run at all.
//   Source  our own.
#pragma once

#include <string>
#include <vector>

#include "sim/load/node_pair.h"

namespace ssb::sim::load {

enum class FaultKind {
  replace_target_certificate,
  cut,
  kill_target,
  stall,
  replace_initiator_certificate,
  kill_initiator
};
[[nodiscard]] const char* name(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::cut;
  Nanoseconds at = 0;  // from the begin of what is measured
};
[[nodiscard]] std::vector<Fault> soak_plan(Nanoseconds duration, Security security);

// A second of it, both sides.
struct SoakSecond {
  bool is_quiet = false;  // no fault is near
  std::uint64_t sent = 0, received = 0;
  std::uint64_t initiator_kb = 0, target_kb = 0;  // resident; 0: the node was not there to say
  double p50_ms = 0, p99_ms = 0;  // send to receive, of what was received in it; 0: nothing
};

struct SoakResult {
  Workload workload;
  double found_per_second = 0;  // the maximum, when it was looked for
  std::vector<Fault> faults;    // that were done
  std::vector<SoakSecond> seconds;
  // The second with which the last life of a node begins.
  std::size_t initiator_life = 0, target_life = 0;
  LoadResult load;  // counts and violations; its intervals are not kept
};

struct SoakOptions {
  RunOptions run;  // with its rate
  double found_per_second = 0;
  std::function<void(const std::string& line)> on_line;  // a second, a fault
};
[[nodiscard]] SoakResult run_soak(const SoakOptions& options);

}  // namespace ssb::sim::load
