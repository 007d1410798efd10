// Both nodes of a load with what drives them: started, set up, told to begin, asked how far they are, ended. What a load and a soak share.
//
//   Shape   two nodes on loopback addresses of this process's own, each in its own process, or both in this one.
//   Errors  LoadFailure when the load could not be run at all; what went wrong in it stands in the result.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "sim/load/exchange.h"
#include "sim/load/peer.h"
#include "sim/load/run.h"
#include "sim/load/window.h"

namespace ssb::sim::load {

// A folder of its own that goes with it. Throws std::system_error.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& in);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline constexpr std::uint16_t kLoadPort = 4022;
// 127.x.y.n, x and y of this process: loads that run at once do not meet.
[[nodiscard]] std::string loopback_address(int number);
// Where a side listens; 4 and 5 are free for who stands between.
[[nodiscard]] std::string address_of(Side side);

// How far both are, as they said when they were asked last.
struct Standing {
  std::uint64_t sent = 0, replied = 0, received = 0, dialogs = 0, unacknowledged = 0;
  bool is_done = false;
  std::string trouble;
  friend bool operator==(const Standing&, const Standing&) = default;
};

class NodePair {
 public:
  using OnMeasures = std::function<void(Side side, const Measures& measures, Nanoseconds at)>;
  // `on_interval` hears of each second of each side; `on_rest` of what came after the last.
  NodePair(const RunOptions& options, OnMeasures on_interval, OnMeasures on_rest);
  NodePair(const NodePair&) = delete;
  NodePair& operator=(const NodePair&) = delete;
  ~NodePair() = default;

  void start();
  // `heard_at`: the address by which the other side reaches this one.
  using AddressOf = std::function<std::string(Side heard_at)>;
  void set_up(const AddressOf& address_of_side);
  // As RunOptions::remote says: the initiator alone, and what the target must know of it.
  void set_up_remote();
  [[nodiscard]] Phases begin();
  // Hears both for so long at most, or until `done`.
  void hear(Nanoseconds until, const std::function<bool()>& done);
  // Runs T-SQL at a side. Throws LoadFailure when it fails.
  void batch(Side side, const std::string& text);
  void copy_file(Side from, const std::string& file);
  // Until all that was sent has been received, as long as there is progress.
  void drain();
  void finish();

  // As kill -9, and a new process on what is left; told to begin as the first one was.
  void kill(Side side);
  void restart(Side side);

  [[nodiscard]] bool is_over() const { return result_.was_stopped || !result_.violations.empty(); }
  void violate(const std::string& text);
  [[nodiscard]] LoadResult& result() { return result_; }

 private:
  [[nodiscard]] PartyOptions party(Side side) const;
  [[nodiscard]] Peer& peer(Side side) { return side == Side::initiator ? initiator_ : target_; }
  void take(Side side, const boost::json::object& line);
  void ask();
  // To the target's own process, or by the control dialog to another machine.
  void tell(Side side, boost::json::object line);
  [[nodiscard]] std::string introduce(const HostPort& own);
  void begin(Side side);

  const RunOptions& options_;
  HostPort own_;  // where the initiator listens; of a remote target's only
  OnMeasures on_interval_;
  OnMeasures on_rest_;
  TemporaryFolder folder_;
  Window window_;
  Peer initiator_, target_;
  Phases phases_;
  LoadResult result_;
  Standing standing_;
  int states_ = 0, rests_ = 0;
  bool is_batch_done_ = false;
  bool has_said_bye_ = false;
};

}  // namespace ssb::sim::load
