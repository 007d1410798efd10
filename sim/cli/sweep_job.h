// One run of a sweep, in the process that does it: which scenario, with which faults, and what came of it as a JSON line.
//
//   Shape   a request: "run N [twice] [faults STEPS]": the number of the run; twice and compared; with only some of its faults and
//           steps, a 0 or 1 each ("-": all). "canary". "file NAME": a bundle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/conversation/engine.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/script.h"
#include "sim/sweep/shard.h"
#include "sim/sweep/swarm.h"

namespace ssb::sim::cli {

// What a sweep is over; the same in all of its processes.
struct SweepSubject {
  std::vector<scenario::Script> scripts;  // empty: generated ones
  sweep::Runs runs;
  int batch_timeout_s = 120;
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;

  [[nodiscard]] bool is_generated() const { return scripts.empty(); }
  [[nodiscard]] scenario::Script script(const sweep::RunId& id) const;
};

struct SweepRequest {
  std::uint64_t run = 0;
  bool is_twice = false;
  std::vector<bool> faults = {}, steps = {};  // empty: all

  [[nodiscard]] std::string text() const;
};

// The script of a run as it is done, and as a bundle.
struct SweepCase {
  sweep::RunId id;
  scenario::Script base;
  sweep::Plan plan;  // the faults that stay
  sweep::Swarmed swarmed;
};
[[nodiscard]] SweepCase sweep_case(const SweepSubject& subject, const SweepRequest& request);
// A scenario that fails on purpose: a sweep that does not see it sees nothing.
[[nodiscard]] std::string canary_text();

class SweepJob {
 public:
  SweepJob(const SweepSubject& subject, const std::string& key_pool_file)
      : subject_(subject), pool_(key_pool_file) {}
  // A JSON line, without its end.
  [[nodiscard]] std::string run(const std::string& request);

 private:
  const SweepSubject& subject_;
  scenario::KeyPool pool_;
};

}  // namespace ssb::sim::cli
