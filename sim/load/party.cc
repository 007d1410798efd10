#include "sim/load/party.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include "sim/load/clock.h"
#include "sim/load/control_line.h"
#include "sim/load/measures.h"
#include "sim/load/receiver.h"
#include "sim/load/sender.h"
#include "sim/scenario/data_folder.h"

namespace ssb::sim::load {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

constexpr broker::SessionId kSession = 1;
// The schedule's clock is not asked more often: a node that is at work takes what is due by itself.
constexpr Nanoseconds kNudgeGap = 50'000;

// Of /proc/self/status, "VmHWM:     1234 kB"; 0 when it is not there.
std::uint64_t status_kb(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

std::chrono::steady_clock::time_point time_point(Nanoseconds at) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(at));
}

// What is on the node's strand.
class NodeSide {
 public:
  using Say = std::function<void(json::object)>;
  NodeSide(const PartyOptions& options, Window& window, Say say)
      : options_(options), say_(std::move(say)), wake_up_(io_) {
    make_host();
    const auto fail = [this](const std::string& text) {
      say_({{"type", "failure"}, {"text", fmt::format("{}: {}", name(options_.side), text)}});
    };
    if (options.side == Side::target) {
      receiver_.emplace(*host_, options.workload, window, fail);
    } else {
      sender_.emplace(*host_, options.workload, window, fail);
      wake_up_.assign(::dup(window.descriptor()));
      await_window(window);
    }
    if (!options.workload.is_remote) return;
    control_.emplace(
        *host_, options.side, options.workload.security != Security::none,
        [this](const std::string& text) {
          say_({{"type", "control"}, {"text", text}});
        },
        fail);
    control_->open();
  }

  // Runs the strand until the host has ended.
  void run() {
    try {
      io_.run();
    } catch (const std::exception& error) {
      say_({{"type", "failure"},
            {"text", fmt::format("{}: {}", name(options_.side), error.what())}});
    }
  }
  asio::io_context& io() { return io_; }

  // ---- posted to the strand ----
  void submit(std::string text) {
    errors_.clear();
    host_->submit(kSession, std::move(text));
  }
  void begin(const Phases& phases) {
    if (sender_) sender_->begin(phases);
    if (receiver_) receiver_->begin(phases);
  }
  void pump() {
    if (sender_) sender_->pump();
  }
  void stop() {
    if (sender_) sender_->stop();
  }
  void tell_far_side(std::string text) {
    if (control_) control_->tell(std::move(text));
  }
  void end() {
    host_->shut_down([this] { io_.stop(); });
  }
  [[nodiscard]] json::object state() const {
    return {{"type", "state"},
            {"messages", sender_ ? sender_->sent() : receiver_->received()},
            {"replies", sender_ ? sender_->replied() : 0},
            {"dialogs", sender_ ? sender_->dialogs() : 0},
            {"unacknowledged", sender_ ? sender_->unacknowledged() : 0},
            {"done", !sender_ || (sender_->is_done() && sender_->unacknowledged() == 0)},
            {"trouble", trouble_}};
  }
  [[nodiscard]] Measures take_measures() {
    Measures out = sender_ ? sender_->take_measures() : receiver_->take_measures();
    out.flushes = flushes_.exchange(0);
    Costs now;
    now.dialogs = host_->server().node().engine().operation_counts();
    now.disk = disk_;
    now.network = host_->traffic();
    if (options_.has_process) read_system_calls(now);
    out.costs = since(now, std::exchange(told_, now));
    return out;
  }

 private:
  void make_host() {
    const scenario::DataFolder folder(options_.folder);
    net::HostOptions host;
    host.machine_key = folder.prepare();
    host.node.name = options_.side == Side::initiator ? "LOAD_INITIATOR" : "LOAD_TARGET";
    host.node.folder = folder.store();
    host.node.traces_messages = false;
    host.node.store.flushed = options_.workload.flushed;
    host.node.sign_every_dialog = options_.workload.sign_every_dialog;
    host.node.store.disk = broker::store::make_counting_disk(disk_);
    host.node.store.on_step = [this](std::string_view) {
      if (options_.workload.flushed) ++flushes_;
    };
    host.files_folder = folder.files();
    host.listen_address = options_.address;
    host.polls_for = net::default_polls_for();
    host.keys = [this](int bits) {
      return keys_used_ < options_.keys.size() ? options_.keys[keys_used_++]
                                               : broker::crypto::RsaPrivateKey::generate(bits);
    };
    host_ = std::make_unique<net::Host>(io_, std::move(host));
    host_->on_output = [this](broker::SessionId, const broker::tsql::Output& output) {
      constexpr int kFirstErrorSeverity = 11;
      for (const auto& item : output) {
        const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
        if (message != nullptr && message->severity >= kFirstErrorSeverity)
          errors_ += fmt::format("{} {} ", message->error.number(), message->error.text());
      }
    };
    host_->on_finished = [this](broker::SessionId) { say_({{"type", "sql"}, {"error", errors_}}); };
    host_->on_trace = [this](const proto::TraceRecord& record) {
      if (!record.error || record.event == proto::EventClass::conversation) return;
      trouble_ = fmt::format("{} {}", record.error->number(), record.error->text());
    };
    host_->open_session(kSession, {});
  }

  void await_window(Window& window) {
    wake_up_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, &window](const error_code& error) {
                          if (error) return;
                          window.take_wake_up();
                          sender_->pump();
                          await_window(window);
                        });
  }

  const PartyOptions& options_;
  Say say_;
  asio::io_context io_{1};
  // Until its end is asked for: a node that has nothing to do yet is not at its end.
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  broker::store::DiskCounts disk_;  // before the host, whose store counts in it
  Costs told_;                      // of the measures before
  std::unique_ptr<net::Host> host_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
  std::optional<ControlLine> control_;
  asio::posix::stream_descriptor wake_up_;
  std::size_t keys_used_ = 0;
  std::string errors_;   // of the batch
  std::string trouble_;  // the last error that an event told of
  std::atomic<std::uint64_t> flushes_{0};
};

// The socket, the schedule's clock, the intervals.
class Party {
 public:
  Party(const PartyOptions& options, Window& window, int socket)
      : options_(options),
        socket_(io_, asio::local::stream_protocol(), socket),
        schedule_(io_),
        interval_(io_),
        node_(options, window, [this](json::object line) {
          asio::post(io_, [this, line = std::move(line)] { say(line); });
        }) {}

  void run() {
    read();
    node_thread_ = std::thread([this] { node_.run(); });
    pthread_getcpuclockid(node_thread_.native_handle(), &node_clock_);
    io_.run();
    asio::post(node_.io(), [this] { node_.io().stop(); });
    node_thread_.join();
  }

 private:
  void say(const json::object& line) {
    error_code ignored;  // the end of the other side shows in reading
    asio::write(socket_, asio::buffer(json::serialize(line) + "\n"), ignored);
  }

  void read() {
    asio::async_read_until(socket_, asio::dynamic_buffer(line_), '\n',
                           [this](const error_code& error, std::size_t size) {
                             if (error) return io_.stop();
                             const json::value line = json::parse(line_.substr(0, size - 1));
                             line_.erase(0, size);
                             take(line.as_object());
                             read();
                           });
  }

  template <typename Function>
  void on_node(Function function) {
    asio::post(node_.io(), std::move(function));
  }

  void take(const json::object& line) {
    const std::string what(line.at("do").as_string());
    if (what == "sql") {
      on_node([this, text = std::string(line.at("text").as_string())] { node_.submit(text); });
    } else if (what == "begin") {
      const auto time = [&line](const char* of) { return line.at(of).to_number<Nanoseconds>(); };
      begin(
          {.begin = time("begin"), .measured_from = time("from"), .measured_until = time("until")});
    } else if (what == "state") {
      on_node([this] { asio::post(io_, [this, line = node_.state()] { say(line); }); });
    } else if (what == "stop") {
      on_node([this] { node_.stop(); });
    } else if (what == "control") {
      on_node(
          [this, text = std::string(line.at("text").as_string())] { node_.tell_far_side(text); });
    } else if (what == "rest") {
      measure("rest");
    } else if (what == "finish") {
      measure("rest");
      on_node([this] { node_.end(); });
    }
  }

  void begin(const Phases& phases) {
    phases_ = phases;
    on_node([this] { node_.begin(phases_); });
    const Workload& workload = options_.workload;
    if (options_.side == Side::initiator && !workload.is_closed()) {
      arrivals_.emplace(workload.arrival, workload.rate, workload.seed);
      // A node that was killed: what was meant while it was not there is no lateness of the schedule.
      while (phases_.begin + arrivals_->next() < started_) arrivals_->pop();
      keep_schedule();
    }
    next_interval_ = phases_.measured_from;
    while (next_interval_ <= started_ && next_interval_ < phases_.measured_until)
      next_interval_ += kSecond;
    keep_intervals();
  }

  // ---- the schedule ----
  void keep_schedule() {
    const Nanoseconds next = phases_.begin + arrivals_->next();
    if (next >= phases_.measured_until) return;
    schedule_.expires_at(time_point(std::max(next, last_nudge_ + kNudgeGap)));
    schedule_.async_wait([this](const error_code& error) {
      if (error) return;
      constexpr std::size_t kAtOnce = 4096;
      const Nanoseconds now = monotonic_now();
      const auto due =
          arrivals_->due(now - phases_.begin, phases_.measured_until - phases_.begin, kAtOnce);
      for (const Nanoseconds at : due) {
        if (phases_.measures(phases_.begin + at)) lag_.record(now - phases_.begin - at);
      }
      last_nudge_ = now;
      if (!is_nudged_.exchange(true)) {
        on_node([this] {
          is_nudged_.store(false);
          node_.pump();
        });
      }
      keep_schedule();
    });
  }

  // ---- the intervals ----
  void keep_intervals() {
    interval_.expires_at(time_point(next_interval_));
    interval_.async_wait([this](const error_code& error) {
      if (error) return;
      const bool is_first = next_interval_ == phases_.measured_from;
      measure(is_first ? "" : "interval");
      const bool is_last = next_interval_ >= phases_.measured_until;
      next_interval_ = std::min(next_interval_ + kSecond, phases_.measured_until);
      if (!is_last) keep_intervals();
    });
  }
  // "": what came before is left out.
  void measure(const char* type) {
    on_node([this, type] {
      auto measures = std::make_shared<Measures>(node_.take_measures());
      const Nanoseconds at = monotonic_now();
      asio::post(io_, [this, type = std::string(type), measures, at] {
        const Nanoseconds own = read_clock(CLOCK_THREAD_CPUTIME_ID);
        const Nanoseconds node = options_.has_process ? read_clock(CLOCK_PROCESS_CPUTIME_ID) - own
                                                      : read_clock(node_clock_);
        // Bodies are made and checked on the node's strand, and are no work of the node.
        measures->cpu = node - std::exchange(node_cpu_, node) - measures->generator_cpu;
        measures->generator_cpu += own - std::exchange(own_cpu_, own);
        measures->lag = std::exchange(lag_, {});
        measures->peak_kb = status_kb("VmHWM:");
        measures->resident_kb = status_kb("VmRSS:");
        measures->swapped_kb = status_kb("VmSwap:");
        if (type.empty()) {
          // Counts begin here. What is timed was meant to start from here on, and may have been quick.
          keep_histograms(*measures);
          return;
        }
        measures->add(std::exchange(carried_, {}));
        json::object line{{"type", type}, {"at_ns", at}};
        for (auto& [name, value] : to_json(*measures)) line[name] = value;
        say(line);
      });
    });
  }

  void keep_histograms(const Measures& measures) {
    carried_.lag = measures.lag;
    carried_.to_ack = measures.to_ack;
    carried_.to_receive = measures.to_receive;
    carried_.round_trip = measures.round_trip;
  }

  const PartyOptions& options_;
  asio::io_context io_{1};
  asio::local::stream_protocol::socket socket_;
  asio::steady_timer schedule_;
  asio::steady_timer interval_;
  NodeSide node_;
  std::thread node_thread_;
  clockid_t node_clock_{};
  std::string line_;
  Phases phases_;
  std::optional<Arrivals> arrivals_;
  std::atomic<bool> is_nudged_{false};
  const Nanoseconds started_ = monotonic_now();
  Nanoseconds last_nudge_ = 0;
  Nanoseconds next_interval_ = 0;
  Nanoseconds node_cpu_ = 0, own_cpu_ = 0;
  Histogram lag_;
  Measures carried_;
};

}  // namespace

void serve_party(const PartyOptions& options, Window& window, int socket) {
  Party(options, window, socket).run();
}

}  // namespace ssb::sim::load
