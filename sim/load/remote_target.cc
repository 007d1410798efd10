#include "sim/load/remote_target.h"

#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "sim/load/clock.h"
#include "sim/load/node_pair.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"

namespace ssb::sim::load {
namespace {

namespace json = boost::json;

constexpr Nanoseconds kAskAfter = kSecond / 20;
constexpr Nanoseconds kSetupAtMost = 120 * kSecond;
constexpr Nanoseconds kLastWords = 2 * kSecond;  // for the answer to the initiator's leave
constexpr std::uint64_t kKeySeed = 3;            // as of the target of a load on one machine
constexpr int kKeys = 2;

class Target {
 public:
  explicit Target(const TargetOptions& options)
      : options_(options), own_(address(options)), folder_(options.folder) {}

  TargetResult run() {
    const auto initiator = introduction();
    if (!initiator) return result_;
    result_.workload = *initiator->workload;
    start(*initiator->workload);
    set_up(*initiator);
    note(fmt::format("ready at {}: {}", own_.text(), describe(result_.workload)));
    last_heard_ = monotonic_now();
    while (!has_left_ && !wants_end()) hear_once();
    if (has_left_) hear_until(monotonic_now() + kLastWords, [] { return false; });
    peer_->tell({{"do", "finish"}});
    hear_until(monotonic_now() + kLastWords, [this] { return is_over_; });
    return result_;
  }

 private:
  static HostPort address(const TargetOptions& options) {
    const auto listen = parse_host_port(options.listen);
    if (!listen) throw LoadFailure(fmt::format("'{}' is no host:port", options.listen));
    return with_free_port(*listen);
  }
  void note(const std::string& line) {
    if (options_.on_note) options_.on_note(line);
  }
  bool wants_end() {
    const bool is_silent = has_begun_ && monotonic_now() - last_heard_ > options_.silence;
    if (is_silent) note("nothing was heard of the initiator any more");
    if (is_silent || (options_.wants_stop && options_.wants_stop())) result_.was_stopped = true;
    return result_.was_stopped;
  }

  // ---- before ----
  std::optional<Introduction> introduction() {
    note(fmt::format("waiting for '{}'", (options_.exchange / "initiator.json").string()));
    const Nanoseconds until = monotonic_now() + options_.wait;
    while (!wants_end()) {
      auto found = read_introduction(options_.exchange, Side::initiator);
      const auto answered = read_introduction(options_.exchange, Side::target);
      const bool is_new = found && (!answered || answered->load != found->load);
      if (is_new && found->workload) return found;
      if (monotonic_now() > until)
        throw LoadFailure(fmt::format("'{}' has no initiator.json of a load that is not served yet",
                                      options_.exchange.string()));
      static_cast<void>(::poll(nullptr, 0, static_cast<int>(kAskAfter / 1'000'000)));
    }
    return std::nullopt;
  }

  void start(const Workload& workload) {
    PartyOptions party;
    party.side = Side::target;
    party.workload = workload;
    party.folder = folder_.path() / name(Side::target);
    scenario::KeyPool pool(options_.key_pool);
    pool.start_run(kKeySeed);
    for (int i = 0; i < kKeys; ++i) party.keys.push_back(pool.draw(workload.rsa_bits));
    party.address = own_.host;
    peer_.emplace(std::move(party));
    peer_->start_process(window_);
  }

  void set_up(const Introduction& initiator) {
    const Setup setup{.security = result_.workload.security,
                      .transport_encrypted = result_.workload.transport_encrypted,
                      .has_control = true,
                      .own_port = own_.port,
                      .far_address = "TCP://" + initiator.address};
    const scenario::DataFolder data(peer_->options().folder);
    for (const std::string& text : own_batches(Side::target, setup)) batch(text);
    write_certificates(data.files(), initiator);
    for (const std::string& text : far_batches(Side::target, setup)) batch(text);
    Introduction own;
    own.load = initiator.load;
    own.address = own_.text();
    own.certificates = read_certificates(data.files(), Side::target, setup.security);
    write_introduction(options_.exchange, Side::target, own);
  }
  void batch(const std::string& text) {
    is_batch_done_ = false;
    peer_->tell({{"do", "sql"}, {"text", text}});
    hear_until(monotonic_now() + kSetupAtMost, [this] { return is_batch_done_; });
    if (!is_batch_done_) throw LoadFailure("the node does not answer");
  }

  // ---- lines ----
  template <typename Done>
  void hear_until(Nanoseconds until, Done done) {
    while (!done() && !is_over_ && monotonic_now() < until) hear_once();
  }
  void hear_once() {
    pollfd polled{peer_->descriptor(), POLLIN, 0};
    static_cast<void>(::poll(&polled, 1, static_cast<int>(kAskAfter / 1'000'000)));
    const bool is_alive = peer_->read();
    while (const auto line = peer_->next()) take(*line);
    if (is_alive) return;
    if (!has_left_) throw LoadFailure("the node has ended");
    is_over_ = true;
  }

  void take(json::object line) {
    const std::string type(line.at("type").as_string());
    if (type == "control") {
      last_heard_ = monotonic_now();
      return obey(json::parse(line.at("text").as_string()).as_object());
    }
    if (type == "sql") {
      const std::string error(line.at("error").as_string());
      if (!error.empty()) throw LoadFailure(error);
      is_batch_done_ = true;
      return;
    }
    if (type == "failure") result_.violation = std::string(line.at("text").as_string());
    if (type == "state") result_.received = line.at("messages").to_number<std::uint64_t>();
    if (auto* at = line.if_contains("at_ns")) *at = at->to_number<Nanoseconds>() - offset_;
    if (!has_left_) say(line);
  }
  void say(const json::object& line) {
    peer_->tell({{"do", "control"}, {"text", json::serialize(line)}});
  }

  // What the initiator wants, in its own time.
  void obey(json::object line) {
    const std::string what(line.at("do").as_string());
    if (what == "bye") {
      say({{"type", "bye"}});
      has_left_ = true;
      return;
    }
    if (what == "begin") {
      has_begun_ = true;
      offset_ = monotonic_now() - line.at("now").to_number<Nanoseconds>();
      for (const char* of : {"begin", "from", "until"})
        line[of] = line.at(of).to_number<Nanoseconds>() + offset_;
    }
    if (what == "finish") line["do"] = "rest";  // the end itself waits for its leave
    peer_->tell(line);
  }

  const TargetOptions& options_;
  HostPort own_;
  TemporaryFolder folder_;
  Window window_;
  std::optional<Peer> peer_;
  TargetResult result_;
  Nanoseconds offset_ = 0;  // this clock less the initiator's
  Nanoseconds last_heard_ = 0;
  bool has_begun_ = false, has_left_ = false, is_batch_done_ = false, is_over_ = false;
};

}  // namespace

TargetResult serve_target(const TargetOptions& options) {
  return Target(options).run();
}

}  // namespace ssb::sim::load
