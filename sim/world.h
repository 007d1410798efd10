// Instances on a simulated network in virtual time: the same wire::Server as on real TCP, everything else drawn from one seed.
//
//   A step of a node: the inputs that have come, one commit, then what the commit released. Steps take no virtual time; bytes do
//   (network.h). Each node has a clock of its own (node_clock.h).
//   Determinism  Each node draws its randomness, OpenSSL's included, from a stream of its own: what one node does never shifts what
//                another one draws. One World at a time in a process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/fingerprint.h"
#include "sim/hop.h"
#include "sim/memory_files.h"
#include "sim/network.h"
#include "sim/node_clock.h"
#include "sim/observer.h"
#include "sim/random.h"
#include "sim/scheduler.h"
#include "sim/storage.h"
#include "transport/wire/server.h"

namespace ssb::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  proto::TimePoint start{};
  broker::crypto::RsaKeySource keys;  // called with OpenSSL's own randomness in place
  bool as_product = false;
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;  // of a database
  int password_iterations = 1000;  // of PBKDF2: passwords of scenarios guard nothing
};

class World {
 public:
  explicit World(WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // ---- what happens at nodes; set before the first start ----
  std::function<void(HostNumber, const proto::TraceRecord&)> on_trace;
  std::function<void(HostNumber, broker::SessionId, const broker::tsql::Output&)> on_output;
  std::function<void(HostNumber, broker::SessionId)> on_finished;
  Network::Observe on_wire;
  Observer* observer =
      nullptr;  // sees what the functions above see and more; may look, changes nothing
  // Every dialog message that comes to a node from another one, before its hop's faults; true: taken away.
  std::function<bool(HostNumber from, HostNumber to, const broker::MessageArrived& arrived)> on_hop;

  // ---- nodes ----
  HostNumber add(const std::string& name);
  [[nodiscard]] std::size_t hosts() const { return nodes_.size(); }
  // Whom a host name of a route or the local host leads to.
  std::function<std::optional<HostNumber>(HostNumber from, const std::string& host)> resolve;
  [[nodiscard]] const std::string& name(HostNumber node) const;
  [[nodiscard]] bool is_running(HostNumber node) const;
  // StoreFailure: the disk failed under it; RandomFailure: its random source did. It has lost its power and may be started again.
  void start(HostNumber node);
  void stop(HostNumber node);   // clean
  void crash(HostNumber node);  // as a loss of power: what was not durable may be lost
  // A node that goes down from now on, or is down, is started again after so long.
  void return_after(HostNumber node, proto::Duration after);
  // A node whose store or memory failed has crashed; told after it.
  std::function<void(HostNumber, const std::string& reason)> on_store_failure;
  // A node that was to come back did not pass its self-test; it tries again.
  std::function<void(HostNumber, const std::string& reason)> on_start_refused;
  // What happens at the host comes here from now on: somebody else sits there. Its instance must not run.
  void take_over(HostNumber node, std::function<void(const wire::Input& input)> sitter);
  [[nodiscard]] bool is_taken_over(HostNumber node) const {
    return nodes_.at(node)->sitter != nullptr;
  }
  [[nodiscard]] wire::Server& server(HostNumber node);
  [[nodiscard]] MemoryFiles& files(HostNumber node);
  [[nodiscard]] Storage& disk(HostNumber node);
  void give(HostNumber node, wire::Input input);
  // Gives the node a message that has passed its hop, or that somebody there has made.
  void hand_over(HostNumber node, broker::MessageArrived arrived);
  // For connections that come to, or are opened from, a host where somebody else sits.
  [[nodiscard]] wire::ConnectionId next_connection(HostNumber node);

  // ---- time ----
  [[nodiscard]] proto::TimePoint now() const { return scheduler_.now(); }
  [[nodiscard]] proto::TimePoint now_at(HostNumber node) const;
  void set_skew(HostNumber node, proto::Duration skew);
  void jump(HostNumber node, proto::Duration by);  // once, from what its clock shows now
  void set_drift(HostNumber node, std::int64_t ppm);
  // Does what comes next; false when nothing does up to `latest`.
  bool run_next(proto::TimePoint latest) { return scheduler_.run_next(latest); }
  void advance_to(proto::TimePoint time) { scheduler_.advance_to(time); }
  // Bytes under way, or inputs that a node has not seen.
  [[nodiscard]] bool is_quiet() const;
  // The next moment that a settling run must reach, in the world's time.
  [[nodiscard]] proto::TimePoint settle_deadline() const;
  [[nodiscard]] std::uint64_t events_done() const { return scheduler_.events_done(); }

  // ---- faults ----
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] HopFaults& hop(HostNumber from, HostNumber to);
  // The n-th allocation from now within the node's own steps fails (1: the next; 0: none does). False: this build cannot do that.
  [[nodiscard]] bool fail_allocation(HostNumber node, std::uint64_t n);
  // How many more there may be until then; 0: none is to fail.
  [[nodiscard]] std::uint64_t allocations_until(HostNumber node) const;
  // From its next start on the node has, or has no more, another machine key than the one that its service master key is sealed under.
  void lose_machine_key(HostNumber node, bool is_lost);
  // What OpenSSL draws at that node from now on, also when it starts again. Its disk and its RSA keys are drawn elsewhere.
  void set_random_fault(HostNumber node, Random::Fault fault, std::uint64_t period);
  void note_damage() { ++probes_["key.damaged"]; }
  // Each direction between two of these is cut in the first half of the time and healed in the second, in an order that is drawn.
  void swizzle(const std::vector<HostNumber>& hosts, proto::Duration within);
  void heal();  // of network and hops
  // How often each interesting thing has happened, by name: "hop.lost", "network.corrupted", ...
  [[nodiscard]] const std::map<std::string, std::uint64_t>& probes() const { return probes_; }

  // For those who are no nodes: later, and with randomness of their own.
  void after(proto::Duration delay, std::function<void()> work);
  [[nodiscard]] Random split_randomness(std::string_view name) const { return random_.split(name); }
  template <typename Work>
  auto with_randomness(Random& random, Work work) {
    Random& before = openssl_.use(random);
    const std::unique_ptr<Random, std::function<void(Random*)>> back(
        &before, [this](Random* random_before) { openssl_.use(*random_before); });
    return work();
  }

  // What has happened so far, with what the disks hold and how much was drawn; two runs of one seed have the same.
  [[nodiscard]] Fingerprint fingerprint() const;
  // Runs `work` with the randomness of that node, for calls that are no inputs (a log-in, a look).
  template <typename Work>
  auto with_randomness_of(HostNumber node, Work work) {
    openssl_.use(nodes_.at(node)->random);
    return work();
  }

 private:
  struct Node {
    std::string name;
    Random random;
    Random disk_random;
    std::shared_ptr<Storage> disk{};
    MemoryFiles files{};
    NodeClock clock{};
    bool has_lost_machine_key = false;
    std::uint64_t allocations_left = 0;  // until one fails; 0: none does
    std::optional<proto::Duration> returns_after{};
    proto::TimePoint returns_at = proto::kNever;
    std::unique_ptr<wire::Server> server{};  // null: not running
    std::vector<wire::Input> inbox{};
    bool is_step_scheduled = false;
    std::uint64_t incarnation = 0;  // of what was scheduled for an earlier one nothing happens
    std::uint64_t wake_number = 0;
    proto::TimePoint wake_at = proto::kNever;
    proto::TimePoint busy_until{};  // a slow disk
    std::function<void(const wire::Input& input)> sitter{};
    wire::ConnectionId sitters_connections = 0;
  };

  [[nodiscard]] broker::crypto::RsaKeySource key_source(HostNumber node);
  [[nodiscard]] bool on_arrival(HostNumber node, const broker::MessageArrived& arrived);
  void at_once(std::function<void()> work);
  void note(HostNumber node, const proto::TraceRecord& record);
  void schedule_step(HostNumber node);
  void step(HostNumber node);
  void perform(HostNumber node, wire::Outputs&& outputs);
  void perform_when_written(HostNumber node, wire::Outputs&& outputs);
  void power_off(HostNumber node);
  void failed(HostNumber node, const char* probe, const std::string& reason);
  void schedule_wake(HostNumber node);
  void schedule_return(HostNumber node);
  void come_back(HostNumber node);
  void clock_changed(HostNumber node, const char* probe);

  WorldOptions options_;
  Random random_;
  Random swizzle_random_;
  std::uint64_t swizzle_number_ =
      0;  // of what was scheduled for one that was healed nothing happens
  SeededOpenSsl openssl_;
  Scheduler scheduler_;
  std::map<std::string, std::uint64_t> probes_;
  Fingerprint fingerprint_;
  std::string noted_;  // the last record's text: its memory is used again
  Network network_;
  std::map<std::pair<HostNumber, HostNumber>, std::unique_ptr<Hop>> hops_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::size_t under_way_ = 0;  // of what `after` is to do at once
};

}  // namespace ssb::sim
