#include "sim/scenario/tcp.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <stdexcept>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "sim/node_clock.h"
#include "sim/scenario/backend_parts.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/near.h"
#include "sim/scenario/tcp_addresses.h"
#include "transport/net/capture.h"
#include "transport/net/host.h"

namespace ssb::sim::scenario {
namespace {

using broker::tsql::Output;
using proto::Duration;
using proto::kNever;
using proto::TimePoint;
using SteadyClock = std::chrono::steady_clock;

// Quiet, with every byte that was sent received: nothing more comes but by time.
constexpr std::chrono::milliseconds kQuietWhenAllArrived{2};
// Quiet, with bytes that may have been lost with a closed connection.
constexpr std::chrono::milliseconds kQuiet{50};
// What one turn of the loop takes of virtual time at most: waiting for the network counts, the processor's work does not.
constexpr Duration kTickMax = std::chrono::milliseconds(1);
// Of real time, for one step of a scenario: something keeps itself busy.
constexpr std::chrono::seconds kStepRealTimeMax{120};
// Of passwords in scenarios: they guard nothing, and a run has many.
constexpr int kPasswordIterations = 1000;
constexpr int kExactStopsMax = 500;   // of an advance
constexpr int kCoarseStopsMax = 500;  // after those

struct Instance {
  std::string name;
  std::filesystem::path folder;
  NodeClock clock;
  std::unique_ptr<net::Host> host;  // null: not running
};

class TcpBackend : public Backend {
 public:
  explicit TcpBackend(TcpOptions options)
      : options_(std::move(options)), capture_(options_.capture_file) {
    std::filesystem::create_directories(options_.folder);
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (!error) signal_ = signal;
    });
  }
  TcpBackend(const TcpBackend&) = delete;
  TcpBackend& operator=(const TcpBackend&) = delete;
  ~TcpBackend() override;

  std::optional<std::string> unsupported(const Step& step) const override;
  std::optional<std::string> unsupported(const InstanceOptions& options) const override;
  void declare(const std::string& node, const InstanceOptions* options) override;
  bool is_running(const std::string& node) const override;
  Outcome<> start(const std::string& node) override;
  Outcome<> stop(const std::string& node) override;
  Outcome<> crash(const std::string& node) override;
  Outcome<> copy_file(const CopyFile& copy) override;
  Outcome<BackendSession> open_session(const std::string& node, const std::string& login,
                                       const std::string& password) override;
  void close_session(BackendSession session) override;
  bool is_open(BackendSession session) const override { return sessions_.find(session) != nullptr; }
  Outcome<> begin_batch(BackendSession session, const std::string& text) override;
  void go_on(BackendSession id) override {
    const auto real_latest = SteadyClock::now() + options_.batch_timeout;
    pump([&] { return has_ended(id) || SteadyClock::now() >= real_latest; });
  }
  bool has_ended(BackendSession id) const override {
    const auto* session = sessions_.find(id);
    return session == nullptr || session->is_finished;
  }
  Outcome<Output> end_batch(BackendSession session) override;
  std::optional<std::string> variable(BackendSession session, const std::string& name) override;
  void set_start(TimePoint start) override;
  TimePoint now() const override { return now_; }
  void advance_to(TimePoint time) override;
  void skew(const std::string& node, Duration by) override;
  void jump(const std::string& node, Duration by) override;
  void drift(const std::string& node, std::int64_t ppm) override;
  void settle(Duration at_most) override;
  bool step(TimePoint until) override;
  Outcome<> apply(const Step& fault) override;
  const std::vector<NodeRecord>& records() const override { return records_; }
  std::uint64_t wire_position() const override { return capture_.position(); }
  WireFinding find_on_wire(const std::string& text, std::uint64_t from, const std::string& one,
                           const std::string& other) const override;
  Outcome<Output> look(const std::string& node, const std::string& database,
                       const std::string& select) override;

 private:
  [[nodiscard]] Instance* find(const std::string& node);
  [[nodiscard]] const Instance* find(const std::string& node) const;
  [[nodiscard]] std::unique_ptr<net::Host> make_host(Instance& instance);
  void record_bytes(bool sent, const std::string& local, const std::string& remote,
                    proto::ByteView bytes);

  // ---- the loop ----
  template <typename Done>
  bool pump(Done done);  // until done() or quiet; false: it never became quiet
  void pump_until_quiet() {
    pump([] { return false; });
  }
  [[nodiscard]] bool all_arrived() const;
  enum class Deadlines { all, of_settle };
  [[nodiscard]] TimePoint next_deadline(Deadlines which) const;
  void jump_to(TimePoint time);
  void tick();
  void set_clocks();

  TcpOptions options_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
  int signal_ = 0;
  LoopbackBlock addresses_;
  std::map<std::string, Instance> instances_;  // by lower-case name
  Sessions<Instance*> sessions_;
  std::vector<NodeRecord> records_;
  net::Capture capture_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  TimePoint now_{};
  SteadyClock::time_point last_tick_ = SteadyClock::now();
};

TcpBackend::~TcpBackend() {
  for (auto& [name, instance] : instances_) instance.host.reset();
  std::error_code ignored;
  if (!options_.keeps_folder) std::filesystem::remove_all(options_.folder, ignored);
}

// ---- what needs the simulator ----

std::optional<std::string> TcpBackend::unsupported(const Step& step) const {
  if (!needs_simulation(step)) return std::nullopt;
  return "this directive needs the simulator back end; this run is on real TCP";
}

std::optional<std::string> TcpBackend::unsupported(const InstanceOptions& options) const {
  if (options.tds_port)
    return "tds= needs an instance that speaks TDS, which this back end does not start";
  if (options.port)
    return "port= needs the simulator back end; on real TCP the port is what CREATE ENDPOINT says";
  return std::nullopt;
}

Outcome<> TcpBackend::apply(const Step&) {
  return Reason{.text = "this needs the simulator back end"};
}

// ---- instances ----

Instance* TcpBackend::find(const std::string& node) {
  const auto found = instances_.find(to_lower(node));
  return found == instances_.end() ? nullptr : &found->second;
}
const Instance* TcpBackend::find(const std::string& node) const {
  const auto found = instances_.find(to_lower(node));
  return found == instances_.end() ? nullptr : &found->second;
}

void TcpBackend::declare(const std::string& node, const InstanceOptions* options) {
  Instance& instance = instances_[to_lower(node)];
  if (!instance.name.empty()) return;
  instance.name = node;
  // Never the name itself as a folder: it is the script's.
  instance.folder = options != nullptr && !options->folder.empty()
                        ? std::filesystem::path(options->folder)
                        : options_.folder / fmt::format("node{}", instances_.size());
  capture_.add_host(addresses_.address_of(node));
  if (options == nullptr) return;
  for (const std::string& host : options->hosts) addresses_.add_name(node, host);
}

bool TcpBackend::is_running(const std::string& node) const {
  const Instance* instance = find(node);
  return instance != nullptr && instance->host != nullptr;
}

std::unique_ptr<net::Host> TcpBackend::make_host(Instance& instance) {
  const DataFolder folder(instance.folder);
  net::HostOptions host;
  host.machine_key = folder.prepare();
  host.node.name = instance.name;
  host.node.folder = folder.store();
  host.node.store.flushed =
      false;  // a crash here ends a host, not the machine: what was written is there
  host.node.as_product = options_.as_product;
  host.node.awake_endpoints_max = options_.awake_endpoints_max;
  host.files_folder = folder.files();
  host.listen_address = addresses_.address_of(instance.name);
  host.clock.stopped_at = instance.clock.shows(now_);
  host.keys = options_.keys;
  host.resolve = [this,
                  name = instance.name](const std::string& wanted) -> std::optional<std::string> {
    std::string address = addresses_.resolve(wanted, name);
    return address.empty() ? std::nullopt : std::optional(std::move(address));
  };
  host.on_wire = [this](bool sent, const std::string& local, const std::string& remote,
                        proto::ByteView bytes) { record_bytes(sent, local, remote, bytes); };
  auto made = std::make_unique<net::Host>(io_, std::move(host));
  made->server().node().instance().set_password_iterations(kPasswordIterations);
  made->on_trace = [this, name = instance.name](const proto::TraceRecord& record) {
    records_.push_back({.node = name, .record = record});
  };
  made->on_output = [this](broker::SessionId id, const Output& output) {
    sessions_.add_output(id, output);
  };
  made->on_finished = [this](broker::SessionId id) { sessions_.finish(id); };
  return made;
}

Outcome<> TcpBackend::start(const std::string& node) {
  Instance* instance = find(node);
  if (instance == nullptr) return Reason{.text = fmt::format("there is no instance {}", node)};
  if (instance->host) return {};
  try {
    instance->host = make_host(*instance);
    pump_until_quiet();
  } catch (const std::exception& failure) {
    instance->host.reset();
    return Reason{.text = failure.what(), .is_environment = true};
  }
  return {};
}

Outcome<> TcpBackend::stop(const std::string& node) {
  Instance* instance = find(node);
  if (instance == nullptr || !instance->host) return not_running(node);
  bool is_done = false;
  instance->host->shut_down([&] { is_done = true; });
  pump([&] { return is_done; });
  instance->host.reset();
  sessions_.close_all_of(instance);
  if (!is_done) return Reason{.text = fmt::format("{} did not end in time", node)};
  pump_until_quiet();
  return {};
}

Outcome<> TcpBackend::crash(const std::string& node) {
  Instance* instance = find(node);
  if (instance == nullptr || !instance->host) return not_running(node);
  instance->host.reset();
  sessions_.close_all_of(instance);
  return {};  // its peers learn of it when time goes on
}

Outcome<> TcpBackend::copy_file(const CopyFile& copy) {
  const Instance* from = find(copy.from_node);
  const Instance* to = find(copy.to_node);
  if (from == nullptr || to == nullptr) return Reason{.text = "there is no such instance"};
  std::filesystem::create_directories(DataFolder(to->folder).files());
  net::SandboxFiles from_files(DataFolder(from->folder).files());
  net::SandboxFiles to_files(DataFolder(to->folder).files());
  return copy_between(from_files, to_files, copy);
}

void TcpBackend::record_bytes(bool sent, const std::string& local, const std::string& remote,
                              proto::ByteView bytes) {
  (sent ? bytes_sent_ : bytes_received_) += bytes.size();
  capture_.record(now(), sent, local, remote, bytes);
}

WireFinding TcpBackend::find_on_wire(const std::string& text, std::uint64_t from,
                                     const std::string& one, const std::string& other) const {
  const std::string one_address = one.empty() ? "" : addresses_.resolve(one, one);
  const std::string other_address = other.empty() ? "" : addresses_.resolve(other, other);
  const bool is_unknown =
      one_address.empty() != one.empty() || other_address.empty() != other.empty();
  if (is_unknown) return {};
  return {.bytes_seen = capture_.bytes_between(one_address, other_address, from),
          .is_found = capture_.contains(text, one_address, other_address, from)};
}

// ---- sessions ----

Outcome<BackendSession> TcpBackend::open_session(const std::string& node, const std::string& login,
                                                 const std::string& password) {
  Instance* instance = find(node);
  if (instance == nullptr || !instance->host) return not_running(node);
  auto context = context_of(instance->host->server().node().instance(), login, password);
  if (!context) return context.error();
  const BackendSession id = sessions_.open(instance);
  instance->host->open_session(static_cast<broker::SessionId>(id), *std::move(context));
  return id;
}

void TcpBackend::close_session(BackendSession id) {
  const auto* session = sessions_.find(id);
  if (session == nullptr) return;
  if (session->owner->host) {
    session->owner->host->close_session(static_cast<broker::SessionId>(id));
    pump_until_quiet();
  }
  sessions_.close(id);
}

Outcome<> TcpBackend::begin_batch(BackendSession id, const std::string& text) {
  auto* running = sessions_.find(id);
  if (running == nullptr || !running->owner->host)
    return Reason{.text = "the instance is not running"};
  running->output.clear();
  running->is_finished = false;
  running->owner->host->submit(static_cast<broker::SessionId>(id), text);
  return {};
}

Outcome<Output> TcpBackend::end_batch(BackendSession id) {
  auto* running = sessions_.find(id);
  if (running == nullptr || !running->owner->host)
    return Reason{.text = "the instance is not running"};
  const TimePoint latest = now() + kBatchMax;
  const auto real_latest = SteadyClock::now() + options_.batch_timeout;
  while (!running->is_finished) {
    pump([&] { return running->is_finished || SteadyClock::now() >= real_latest; });
    if (running->is_finished) break;
    const bool is_out_of_time = SteadyClock::now() >= real_latest;
    const TimePoint next = next_deadline(Deadlines::all);
    if (next <= latest && !is_out_of_time) {
      jump_to(next);
      continue;
    }
    running->owner->host->cancel(static_cast<broker::SessionId>(id));
    pump([&] { return running->is_finished; });
    if (!running->is_finished) return Reason{.text = "the batch could not be cancelled"};
    return batch_cancelled(is_out_of_time, options_.batch_timeout);
  }
  return std::exchange(running->output, {});
}

std::optional<std::string> TcpBackend::variable(BackendSession id, const std::string& name) {
  const auto* session = sessions_.find(id);
  if (session == nullptr || !session->owner->host) return std::nullopt;
  return session->owner->host->server().node().last_variable(static_cast<broker::SessionId>(id),
                                                             name);
}

Outcome<Output> TcpBackend::look(const std::string& node, const std::string& database,
                                 const std::string& select) {
  Instance* instance = find(node);
  if (instance == nullptr || !instance->host) return not_running(node);
  return look_into(instance->host->server().node(), node, database, select,
                   instance->host->clock().now());
}

// ---- the loop ----

bool TcpBackend::all_arrived() const {
  if (bytes_sent_ != bytes_received_) return false;
  return std::all_of(instances_.begin(), instances_.end(), [](const auto& entry) {
    const auto& host = entry.second.host;
    return !host || (host->is_quiet() && host->server().deadline() > host->clock().now());
  });
}

template <typename Done>
bool TcpBackend::pump(Done done) {
  const auto latest = SteadyClock::now() + kStepRealTimeMax;
  auto last_activity = SteadyClock::now();
  while (!done()) {
    io_.restart();
    tick();
    if (io_.run_one_for(std::chrono::milliseconds(1)) > 0) {
      if (signal_ != 0) throw Interrupted{signal_};
      last_activity = SteadyClock::now();
      if (last_activity > latest) return false;
      continue;
    }
    const auto quiet = SteadyClock::now() - last_activity;
    if (quiet >= kQuiet) {
      bytes_received_ = bytes_sent_;  // the rest went down with its connection
      return true;
    }
    if (quiet >= kQuietWhenAllArrived && all_arrived()) return true;
  }
  return true;
}

TimePoint TcpBackend::next_deadline(Deadlines which) const {
  TimePoint next = kNever;
  for (const auto& [key, instance] : instances_) {
    if (!instance.host) continue;
    const wire::Server& server = instance.host->server();
    const TimePoint deadline =
        which == Deadlines::all ? server.deadline() : server.settle_deadline();
    next = std::min(next, instance.clock.world_time_of(deadline));
  }
  return next;
}

void TcpBackend::set_clocks() {
  for (auto& [key, instance] : instances_) {
    if (instance.host) instance.host->clock().stopped_at = instance.clock.shows(now_);
  }
}

void TcpBackend::jump_to(TimePoint time) {
  now_ = std::max(now_, time);
  set_clocks();
  for (auto& [key, instance] : instances_) {
    if (instance.host) instance.host->wake();
  }
}

void TcpBackend::tick() {
  const auto real = SteadyClock::now();
  now_ += std::min(std::chrono::duration_cast<Duration>(real - last_tick_), kTickMax);
  last_tick_ = real;
  set_clocks();
}

void TcpBackend::set_start(TimePoint start) {
  now_ = start;
}

void TcpBackend::skew(const std::string& node, Duration by) {
  if (Instance* instance = find(node)) instance->clock.set_skew(now_, by);
  jump_to(now_);
}

void TcpBackend::jump(const std::string& node, Duration by) {
  if (Instance* instance = find(node)) instance->clock.jump(now_, by);
  jump_to(now_);
}

void TcpBackend::drift(const std::string& node, std::int64_t ppm) {
  if (Instance* instance = find(node)) instance->clock.set_drift(now_, ppm);
  jump_to(now_);
}

void TcpBackend::advance_to(TimePoint time) {
  for (int stop = 0; stop < kExactStopsMax + kCoarseStopsMax; ++stop) {
    pump_until_quiet();
    TimePoint next = next_deadline(Deadlines::all);
    if (next >= time) break;
    // Something is due over and over: a long time is then crossed in strides.
    if (stop >= kExactStopsMax)
      next = std::max(next, now() + (time - now()) / (kExactStopsMax + kCoarseStopsMax - stop));
    jump_to(next);
  }
  jump_to(time);
  pump_until_quiet();
}

void TcpBackend::settle(Duration at_most) {
  const TimePoint latest = now() + at_most;
  const auto real_latest = SteadyClock::now() + kStepRealTimeMax;
  while (true) {
    pump_until_quiet();
    const TimePoint next = next_deadline(Deadlines::of_settle);
    if (next > latest || SteadyClock::now() > real_latest) return;
    jump_to(next);
  }
}

bool TcpBackend::step(TimePoint until) {
  pump_until_quiet();
  if (now() >= until) return false;
  jump_to(std::min(until, next_deadline(Deadlines::all)));
  pump_until_quiet();
  return now() < until;
}

}  // namespace

std::unique_ptr<Backend> make_tcp_backend(TcpOptions options) {
  return std::make_unique<TcpBackend>(std::move(options));
}

}  // namespace ssb::sim::scenario
