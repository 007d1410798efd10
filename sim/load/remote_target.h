// The target of a load whose initiator is another process, on whatever machine: sets itself up, receives, checks, and says what came.
//
//   It waits for the initiator's introduction in the exchange folder, answers with its own, and then does what the lines of the control
//   dialog say until the initiator takes its leave. Times in them are of the initiator's clock; both ways they are set over here.
//   Errors  LoadFailure.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "sim/load/workload.h"

namespace ssb::sim::load {

struct TargetOptions {
  std::filesystem::path exchange;
  std::string listen;  // "host:port", as the initiator reaches it; port 0: a free one
  std::filesystem::path folder;
  std::filesystem::path key_pool;
  Nanoseconds wait = 600 * kSecond;  // for the introduction
  Nanoseconds silence =
      120 * kSecond;  // of the initiator, once the load has begun: then it has gone
  std::function<bool()> wants_stop;
  std::function<void(const std::string& line)> on_note;
};

struct TargetResult {
  Workload workload;
  std::uint64_t received = 0;
  std::string violation;     // empty is what counts
  bool was_stopped = false;  // on request, or by silence
};
[[nodiscard]] TargetResult serve_target(const TargetOptions& options);

}  // namespace ssb::sim::load
