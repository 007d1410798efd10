// The back end in virtual time: every instance is a node of a sim::World, and the seed decides everything that could go either way.
//
//   Time    goes on only through directives, `settle`, WAITFOR and the network; batches and RSA take none.
//   Errors  a Reason for what the scenario asks of an instance that is not there. What waits for a part that is not built yet is
//           `unsupported` before the run.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/conversation/engine.h"
#include "broker/crypto/rsa.h"
#include "sim/fingerprint.h"
#include "sim/scenario/backend.h"

namespace ssb::sim::scenario {

struct SimulatedOptions {
  std::uint64_t seed = 1;
  broker::crypto::RsaKeySource keys{};
  std::filesystem::path capture_file{};  // pcap of everything between the instances; empty: none
  bool as_product = false;               // no tombstones (A03)
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;  // of a database
  bool is_judged = true;                                                       // by sim/judges
  bool wants_all_faults = true;  // one that is counted and does not come makes a run inconclusive
  // Of one batch, in real time, which is handed in: a loop that never ends takes no virtual time. Without a clock there is no bound.
  std::chrono::seconds batch_timeout{120};
  std::function<std::chrono::steady_clock::time_point()> real_time{};
};

class Simulation : public Backend {
 public:
  [[nodiscard]] virtual Fingerprint fingerprint() const = 0;
  // How many things have happened: bytes that arrived, steps of instances, timers.
  [[nodiscard]] virtual std::uint64_t events_done() const = 0;
  // How many of those steps there may be until the crash that is armed on it; 0: none is.
  [[nodiscard]] virtual std::uint64_t steps_until_crash(const std::string& node,
                                                        Crash::Counted counted) const = 0;
  // The instances themselves, for who only looks.
  struct Seen {
    std::string name;
    const broker::catalog::Instance* instance = nullptr;  // null: it does not run
    proto::TimePoint now{};                               // by its own clock
  };
  [[nodiscard]] virtual std::vector<Seen> instances() const = 0;  // in the order of declaration
  // The number, in that list, of the one that a host name of a route leads to.
  [[nodiscard]] virtual std::optional<std::size_t> leads_to(std::size_t from,
                                                            const std::string& host) const = 0;
};
[[nodiscard]] std::unique_ptr<Simulation> make_simulation(SimulatedOptions options);

}  // namespace ssb::sim::scenario
