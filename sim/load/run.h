// A load from its begin to its end: starts both nodes, sets them up, lets them run, waits until all has arrived, and says what came of it.
//
//   Shape   two nodes on loopback addresses of this process's own, each in its own process, or both in this one.
//   Errors  LoadFailure when the load could not be run at all; what went wrong in it stands in the result.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/load/measures.h"
#include "sim/load/workload.h"

namespace ssb::sim::load {

class LoadFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Interval {
  double seconds = 0;  // how long
  Measures initiator, target;
};

// The latency that a load is judged by: the round trip with replies, else to the RECEIVE; of a target with another clock, to the ack.
[[nodiscard]] const Histogram& latency_of(const Workload& workload, const Interval& interval);

struct LoadResult {
  Workload workload;
  int processes = 2;
  std::vector<Interval> intervals;  // of the measured time
  Interval total;                   // all of them; its histograms with what came afterwards
  std::uint64_t sent = 0;           // from the first message to the last, warm-up included
  std::uint64_t received = 0;
  std::uint64_t replied = 0;
  std::uint64_t dialogs = 0;            // begun
  bool was_stopped = false;             // on request, before its time
  std::vector<std::string> violations;  // of exactly once in order; empty is what counts

  // In the measured time, at the target.
  [[nodiscard]] double per_second() const;
};

// A target that another process runs, on whatever machine (serve_target of remote_target.h).
struct RemoteTarget {
  std::filesystem::path exchange;  // exchange.h
  std::string listen;  // "host:port" of the initiator, as the target reaches it; port 0: a free one
  std::string target;  // "host:port"; empty: as the target says
  Nanoseconds wait = 600 * kSecond;  // for its introduction
};

struct RunOptions {
  Workload workload;
  int processes = 2;
  std::filesystem::path folder;  // a new one is made in it, and removed
  std::filesystem::path key_pool;
  std::optional<RemoteTarget> remote;        // then workload.is_remote
  Nanoseconds drain_at_most = 60 * kSecond;  // without any progress
  // Called once a second with all intervals so far; may be empty.
  std::function<void(const LoadResult& so_far)> on_interval;
  // Asked often; true: end now, with what there is.
  std::function<bool()> wants_stop;
};

[[nodiscard]] LoadResult run_load(const RunOptions& options);

}  // namespace ssb::sim::load
