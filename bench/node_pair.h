// Two instances in one process whose messages reach each other at once: the engine with its store, without network and waiting.
//
//   Time    virtual: it stands while there is anything to do and jumps to the next deadline otherwise, so that no retry and no delayed
//           acknowledgement is ever waited for.
//   Units   the store is in a folder of its own below the given one and is not flushed (StoreOptions.flushed = false): what the disk
//           costs, durable_bound and `ssbsim load` say.
//   Errors  std::runtime_error with the text of the statement's error.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/node.h"
#include "sim/memory_files.h"

namespace ssb::bench {

// A batch of T-SQL for one of the two instances.
struct SetUpBatch {
  std::size_t instance = 0;  // 0 HOST_A, initiator; 1 HOST_B, target
  std::string text;
};
// Database d at both, full security, service Initiator on HOST_A and Target on HOST_B, each on queue q; an endpoint on `port` when it is
// not 0.
[[nodiscard]] std::vector<SetUpBatch> two_instances(int port);

// Two RSA-2048 keys for all certificates: making them is not what is measured.
[[nodiscard]] broker::crypto::RsaKeySource two_keys();

class NodePair {
 public:
  static constexpr std::size_t kInitiator = 0;
  static constexpr std::size_t kTarget = 1;
  using Work = std::function<proto::Result<broker::ClientStep>(broker::Client&)>;

  explicit NodePair(const std::filesystem::path& below);
  NodePair(const NodePair&) = delete;
  NodePair& operator=(const NodePair&) = delete;
  ~NodePair();

  // A batch of T-SQL, until it has finished.
  void run(std::size_t instance, std::string batch);
  // One transaction, until it is committed; messages that became due on the way were delivered.
  void work(std::size_t instance, Work work);
  // Hands the work in and goes on; `finished` counts.
  void start(std::size_t instance, Work work);
  [[nodiscard]] std::uint64_t finished() const { return finished_; }
  // Until nothing is under way and nothing is due but lifetimes and the like.
  void settle();
  // One turn of both instances. False: nothing was to be done.
  bool turn();
  void stop();  // both, as a loss of power
  void start_again(std::size_t instance);

 private:
  struct End {
    std::string name;
    std::unique_ptr<broker::Node> node;
    std::vector<broker::Event> inbox;
  };
  void open(End& end);
  bool turn(End& end, End& other);
  void perform(End& end, End& other, broker::NodeAction& action);

  std::filesystem::path folder_;
  sim::MemoryFiles files_;  // one for both: certificates need no copying
  broker::crypto::RsaKeySource keys_;
  proto::TimePoint now_;
  std::array<End, 2> ends_;
  std::uint64_t finished_ = 0;
};

// Bytes of this process that are in memory, after what malloc can give back was given back.
[[nodiscard]] std::size_t resident_bytes();

}  // namespace ssb::bench
