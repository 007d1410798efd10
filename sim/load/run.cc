#include "sim/load/run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/load/clock.h"
#include "sim/load/peer.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Nanoseconds kMillisecond = kSecond / 1000;
constexpr Nanoseconds kSetupAtMost =
    120 * kSecond;  // RSA keys of 4096 bits, made on a busy machine
constexpr Nanoseconds kStartDelay = 20 * kMillisecond;
constexpr Nanoseconds kAskAfter = 20 * kMillisecond;
constexpr std::uint16_t kPort = 4022;
constexpr int kKeysOfASide = 2;  // the endpoint's and the service's
constexpr std::uint64_t kKeySeedOfTarget = 1 + kKeysOfASide;
constexpr std::size_t kViolationsMax = 20;

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& in) {
    fs::create_directories(in);
    std::string name = (in / "ssbsim-load-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// 127.x.y.n, x and y of this process: loads that run at once do not meet.
std::string loopback_address(int number) {
  const int process = static_cast<int>(::getpid());
  return fmt::format("127.{}.{}.{}", 1 + (process >> 8) % 254, process % 256, number);
}

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        folder_(options.folder),
        initiator_(party(Side::initiator)),
        target_(party(Side::target)) {
    result_.workload = options.workload;
    result_.processes = options.processes;
  }

  LoadResult run() {
    if (options_.processes == 1) {
      initiator_.start_thread(window_);
      target_.start_thread(window_);
    } else {
      initiator_.start_process(window_);
      target_.start_process(window_);
    }
    set_up();
    measure();
    drain();
    finish();
    return std::move(result_);
  }

 private:
  struct Standing {
    std::uint64_t sent = 0, replied = 0, received = 0, dialogs = 0, unacknowledged = 0;
    bool is_done = false;
    std::string trouble;
    friend bool operator==(const Standing&, const Standing&) = default;
  };

  PartyOptions party(Side side) const {
    PartyOptions party;
    party.side = side;
    party.workload = options_.workload;
    party.folder = folder_.path() / name(side);
    // Drawn here, before any thread: the pool makes what it lacks with a generator that all of OpenSSL then draws from.
    scenario::KeyPool pool(options_.key_pool);
    pool.start_run(side == Side::target ? kKeySeedOfTarget : 1);
    for (int i = 0; i < kKeysOfASide; ++i)
      party.keys.push_back(pool.draw(options_.workload.rsa_bits));
    party.address = loopback_address(side == Side::initiator ? 2 : 3);
    party.has_process = options_.processes != 1;
    return party;
  }
  Peer& peer(Side side) { return side == Side::initiator ? initiator_ : target_; }

  // ---- lines ----
  // Hears both for so long at most, or until `done`.
  template <typename Done>
  void hear(Nanoseconds until, Done done) {
    while (!done()) {
      const Nanoseconds left = until - monotonic_now();
      if (left <= 0) return;
      std::array<pollfd, 2> polled{pollfd{initiator_.descriptor(), POLLIN, 0},
                                   pollfd{target_.descriptor(), POLLIN, 0}};
      const Nanoseconds at_most = std::min(left / kMillisecond + 1, 50L);
      static_cast<void>(::poll(polled.data(), polled.size(), static_cast<int>(at_most)));
      for (const Side side : {Side::initiator, Side::target}) {
        const bool is_alive = peer(side).read();
        while (auto line = peer(side).next()) take(side, *line);
        if (!is_alive) throw LoadFailure(fmt::format("the node of the {} has ended", name(side)));
      }
      if (options_.wants_stop && options_.wants_stop()) result_.was_stopped = true;
    }
  }

  void take(Side side, const json::object& line) {
    const std::string type(line.at("type").as_string());
    const auto number = [&line](const char* of) { return line.at(of).to_number<std::uint64_t>(); };
    if (type == "failure") {
      violate(std::string(line.at("text").as_string()));
    } else if (type == "sql") {
      const std::string error(line.at("error").as_string());
      if (!error.empty()) throw LoadFailure(fmt::format("the {}: {}", name(side), error));
      is_batch_done_ = true;
    } else if (type == "state") {
      if (side == Side::initiator) {
        standing_.sent = number("messages");
        standing_.replied = number("replies");
        standing_.dialogs = number("dialogs");
        standing_.unacknowledged = number("unacknowledged");
        standing_.is_done = line.at("done").as_bool();
      } else {
        standing_.received = number("messages");
      }
      const std::string trouble(line.at("trouble").as_string());
      if (!trouble.empty()) standing_.trouble = fmt::format("{}: {}", name(side), trouble);
      ++states_;
    } else if (type == "interval") {
      add_interval(side, measures_of(line), line.at("at_ns").to_number<Nanoseconds>());
    } else if (type == "rest") {
      add_histograms(side, measures_of(line));
      ++rests_;
    }
  }

  void violate(const std::string& text) {
    if (result_.violations.size() < kViolationsMax) result_.violations.push_back(text);
  }

  void add_interval(Side side, const Measures& measures, Nanoseconds at) {
    std::size_t& index = heard_[static_cast<std::size_t>(side)];
    if (result_.intervals.size() <= index) result_.intervals.emplace_back();
    Interval& interval = result_.intervals[index];
    if (side == Side::target) {  // whose count is the throughput
      interval.seconds = static_cast<double>(at - last_interval_) / static_cast<double>(kSecond);
      result_.total.seconds += interval.seconds;
      last_interval_ = at;
    }
    (side == Side::initiator ? interval.initiator : interval.target) = measures;
    (side == Side::initiator ? result_.total.initiator : result_.total.target).add(measures);
    ++index;
    const std::size_t whole = std::min(heard_[0], heard_[1]);
    if (whole > shown_ && options_.on_interval) options_.on_interval(result_);
    shown_ = std::max(shown_, whole);
  }
  // What was meant to start in the measured time and was completed later: it counts in the latencies, not in the throughput.
  void add_histograms(Side side, const Measures& measures) {
    Measures late;
    late.to_ack = measures.to_ack;
    late.to_receive = measures.to_receive;
    late.round_trip = measures.round_trip;
    late.lag = measures.lag;
    late.peak_kb = measures.peak_kb;
    late.swapped_kb = measures.swapped_kb;
    (side == Side::initiator ? result_.total.initiator : result_.total.target).add(late);
  }

  // ---- the phases ----
  void batch(Side side, const std::string& text) {
    is_batch_done_ = false;
    peer(side).tell({{"do", "sql"}, {"text", text}});
    hear(monotonic_now() + kSetupAtMost, [this] { return is_batch_done_ || is_over(); });
    if (!result_.violations.empty()) throw LoadFailure(result_.violations.front());
    if (!is_batch_done_) throw LoadFailure(fmt::format("the {} does not answer", name(side)));
  }
  [[nodiscard]] bool is_over() const { return result_.was_stopped || !result_.violations.empty(); }

  void set_up() {
    const auto setup = [this](Side side) {
      return Setup{
          .security = options_.workload.security,
          .transport_encrypted = options_.workload.transport_encrypted,
          .own_port = kPort,
          .far_address = fmt::format("TCP://{}:{}", peer(other(side)).options().address, kPort)};
    };
    for (const Side side : {Side::target, Side::initiator}) {
      for (const std::string& text : own_batches(side, setup(side))) batch(side, text);
    }
    for (const Side side : {Side::target, Side::initiator}) {
      const scenario::DataFolder from(peer(other(side)).options().folder);
      const scenario::DataFolder to(peer(side).options().folder);
      for (const std::string& file : certificate_files(other(side), options_.workload.security))
        fs::copy_file(from.files() / file, to.files() / file);
      for (const std::string& text : far_batches(side, setup(side))) batch(side, text);
    }
  }

  void measure() {
    const Workload& workload = options_.workload;
    const Nanoseconds begin = monotonic_now() + kStartDelay;
    const Nanoseconds from = begin + workload.warm_up;
    const Nanoseconds until = from + workload.duration;
    last_interval_ = from;
    for (const Side side : {Side::target, Side::initiator})
      peer(side).tell({{"do", "begin"}, {"begin", begin}, {"from", from}, {"until", until}});
    const auto intervals = static_cast<std::size_t>((workload.duration + kSecond - 1) / kSecond);
    // Longer than that only when a node does not come to say so.
    hear(until + options_.drain_at_most,
         [&] { return is_over() || std::min(heard_[0], heard_[1]) >= intervals; });
  }

  void ask() {
    states_ = 0;
    for (const Side side : {Side::initiator, Side::target}) peer(side).tell({{"do", "state"}});
    hear(monotonic_now() + options_.drain_at_most, [this] { return states_ >= 2; });
    if (states_ < 2) throw LoadFailure("a node does not answer any more");
  }

  // Until all that was sent has been received, as long as there is progress.
  void drain() {
    if (is_over()) initiator_.tell({{"do", "stop"}});
    Nanoseconds progress_at = monotonic_now();
    Standing before;
    while (true) {
      ask();
      if (!result_.violations.empty()) break;
      if (standing_.is_done && standing_.received >= standing_.sent) break;
      if (!(standing_ == before)) progress_at = monotonic_now();
      before = standing_;
      if (monotonic_now() - progress_at > options_.drain_at_most) break;
      hear(monotonic_now() + kAskAfter, [] { return false; });
    }
    result_.sent = standing_.sent;
    result_.received = standing_.received;
    result_.replied = standing_.replied;
    result_.dialogs = standing_.dialogs;
    if (!result_.violations.empty()) return;
    if (result_.received != result_.sent || !standing_.is_done)
      violate(fmt::format(
          "{} messages were sent, {} received, {} not acknowledged{}{}", result_.sent,
          result_.received, standing_.unacknowledged,
          options_.workload.request_reply ? fmt::format(", {} answered", result_.replied) : "",
          standing_.trouble.empty() ? "" : " (" + standing_.trouble + ")"));
  }

  void finish() {
    for (const Side side : {Side::initiator, Side::target}) peer(side).tell({{"do", "finish"}});
    hear(monotonic_now() + options_.drain_at_most, [this] { return rests_ >= 2; });
  }

  const RunOptions& options_;
  TemporaryFolder folder_;
  Window window_;
  Peer initiator_, target_;
  LoadResult result_;
  Standing standing_;
  std::array<std::size_t, 2> heard_{};  // intervals, by side
  std::size_t shown_ = 0;
  Nanoseconds last_interval_ = 0;
  int states_ = 0, rests_ = 0;
  bool is_batch_done_ = false;
};

}  // namespace

double LoadResult::per_second() const {
  return total.seconds > 0 ? static_cast<double>(total.target.messages) / total.seconds : 0;
}

LoadResult run_load(const RunOptions& options) {
  return Run(options).run();
}

}  // namespace ssb::sim::load
