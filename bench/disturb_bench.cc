// What one dialog's messages notice of others' DDL and RSA work: their latency with and without it, in turns, in one run.
//
//   Two instances on loopback TCP in this process, each on its own thread, their stores not flushed. One dialog is kept at `window` messages
//   under way. In every second phase the initiator also begins new dialogs, each with a grant of its own (a signature and a wrap here, a
//   verification and an unwrap there: NodeOptions.sign_every_dialog), creates remote service bindings, and both alter certificates.
//   Shape   one JSON line: *_p50_s and *_p99_s from SEND to the durable RECEIVE, of messages that were sent in quiet and in disturbed phases.
//   Units   seconds of real time. Bodies are compared with what was sent, in order: `wrong` must be 0, and all that was sent is received.
//   Source  our own.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "bench/bounds/measure.h"
#include "bench/node_pair.h"
#include "transport/net/host.h"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace ssb;

constexpr int kPort = 14022;
constexpr std::uint64_t kPerTransaction = 50;
constexpr std::size_t kMessagesMax = std::size_t{1}
                                     << 22;  // whose times are kept; then the run ends early
constexpr auto kTick = std::chrono::milliseconds(10);
constexpr int kPhases = 6;

struct Options {
  double seconds = 3;
  std::uint64_t window = 64;
  std::size_t size = 1024;
  int dialogs_per_tick = 1;
  int ticks_per_definition = 10;
  fs::path folder = fs::temp_directory_path();
};

// Loopback addresses that no other process of this program has.
std::string address_of(std::size_t instance) {
  const auto id = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.{}", 66 + instance, id >> 8 & 0xFF, std::max(1U, id & 0xFF));
}

// An instance, its loop and its thread. Everything but start and stop is called on the loop.
class End {
 public:
  End(std::size_t instance, const fs::path& folder, const broker::crypto::RsaKeySource& keys) {
    net::HostOptions options;
    options.node.name = instance == 0 ? "HOST_A" : "HOST_B";
    options.node.folder = folder / options.node.name;
    options.node.store.flushed = false;
    options.node.sign_every_dialog = true;
    options.files_folder = folder / "files";  // one for both: certificates need no copying
    options.listen_address = address_of(instance);
    options.resolve = [](const std::string& name) -> std::optional<std::string> {
      return address_of(name == "HOST_A" ? 0 : 1);
    };
    options.keys = keys;
    options.machine_key = proto::Secret(std::size_t{32});
    host_ = std::make_unique<net::Host>(io_, std::move(options));
    host_->on_finished = [this](broker::SessionId) { is_busy_ = false; };
    host_->on_output = [this](broker::SessionId, const broker::tsql::Output& output) {
      look_for_errors(output);
    };
    host_->open_session(1, {});
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  ~End() { stop(); }

  // Before start: runs the batch here.
  void run(const std::string& batch) {
    submit(batch);
    while (is_busy_) io_.run_one();
    if (errors_ > 0) throw std::runtime_error(error_);
  }
  // False: the one before has not finished.
  bool submit(const std::string& batch) {
    if (std::exchange(is_busy_, true)) return false;
    host_->submit(1, batch);
    return true;
  }
  void start() {
    io_.restart();
    thread_ = std::thread([this] { io_.run(); });
  }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    host_.reset();
    io_.restart();
    io_.poll();
  }
  [[nodiscard]] asio::io_context& io() { return io_; }
  [[nodiscard]] net::Host& host() { return *host_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }  // after stop

 private:
  void look_for_errors(const broker::tsql::Output& output) {
    for (const broker::tsql::OutputItem& item : output) {
      const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
      if (message == nullptr || message->severity <= 10) continue;
      ++errors_;
      error_ = message->error.text();
    }
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
  std::unique_ptr<net::Host> host_;
  std::thread thread_;
  bool is_busy_ = false;
  std::uint64_t errors_ = 0;
  std::string error_;
};

struct Folder {
  explicit Folder(const fs::path& below) {
    std::string name = below / "disturb_bench_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the benchmark");
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code gone;
    fs::remove_all(path, gone);
  }
  fs::path path;
};

// What a message carries besides its body: when and in which phase it was sent. Written by one thread, read by the other.
struct Sent {
  std::atomic<double> at{0};
  std::atomic<bool> is_disturbed{false};
};

class Measurement {
 public:
  explicit Measurement(const Options& options)
      : options_(options),
        folder_(options.folder),
        keys_(bench::two_keys()),
        a_(0, folder_.path, keys_),
        b_(1, folder_.path, keys_),
        ticks_(a_.io()) {
    for (const bench::SetUpBatch& batch : bench::two_instances(kPort))
      (batch.instance == 0 ? a_ : b_).run(batch.text);
    // The database owner's: a dialog takes the certificate of its service's owner that is valid for longest.
    for (End* end : {&a_, &b_}) end->run("USE d; CREATE CERTIFICATE spare WITH SUBJECT = 'spare'");
  }

  void run() {
    a_.start();
    b_.start();
    asio::post(b_.io(), [this] { receive(); });
    asio::post(a_.io(), [this] {
      pump();
      tick();
    });
    wait_until([this] { return received_ > 0; });
    for (int phase = 0; phase < kPhases; ++phase) {
      is_disturbed_ = phase % 2 == 1;
      std::this_thread::sleep_for(std::chrono::duration<double>(options_.seconds / kPhases));
    }
    is_disturbed_ = false;
    is_over_ = true;
    wait_until([this] { return received_ == sent_ && others_received_ == others_sent_; });
    a_.stop();
    b_.stop();
    wrong_ += a_.errors() + b_.errors() + (received_ == sent_ ? 0 : 1);
  }
  [[nodiscard]] bool print() {
    bench::JsonLine line("disturb_bench");
    line.number("seconds", options_.seconds)
        .count("window", options_.window)
        .count("size", options_.size);
    for (const bool is_disturbed : {false, true}) {
      std::vector<double>& all = latencies_.at(is_disturbed ? 1 : 0);
      std::sort(all.begin(), all.end());
      if (all.empty()) ++wrong_;
      const auto at = [&](std::size_t percent) {
        return all.empty() ? 0 : all[all.size() * percent / 100];
      };
      const std::string name = is_disturbed ? "disturbed" : "quiet";
      line.count(name + "_messages", all.size())
          .number(name + "_p50_s", at(50))
          .number(name + "_p99_s", at(99));
    }
    line.count("dialogs", others_sent_)
        .count("definitions", definitions_)
        .count("sent", sent_)
        .count("received", received_)
        .count("wrong", wrong_)
        .print();
    return wrong_ == 0;
  }

 private:
  template <typename Condition>
  void wait_until(const Condition& condition) {
    constexpr double kAtMost = 30;
    for (const double start = bench::wall_seconds(); !condition();) {
      if (bench::wall_seconds() - start > kAtMost)
        throw std::runtime_error(fmt::format(
            "messages did not arrive: {} of {} in the flow, {} of {} others", received_.load(),
            sent_.load(), others_received_.load(), others_sent_.load()));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  proto::Bytes body_of(std::uint64_t number) const {
    proto::Bytes body(options_.size, 0x33);
    bench::put_big_endian(std::span(body).first(8), number);
    return body;
  }
  static proto::Result<proto::ConversationHandle> begin(broker::Client& client,
                                                        broker::store::DatabaseId database) {
    broker::conversation::BeginDialogRequest request;
    request.database = database;
    request.from_service = "Initiator";
    request.to_service = "Target";
    return client.begin_dialog(request);
  }
  void must(const proto::Result<void>& result) {
    if (!result) {
      ++wrong_;
      fmt::print(stderr, "disturb_bench: {}\n", result.error().text());
    }
  }

  // ---- on the initiator's loop ----
  void pump() {
    const std::uint64_t free = options_.window - (sent_ - received_);
    if (is_over_ || is_sending_ || free == 0 || sent_ + options_.window >= kMessagesMax) return;
    is_sending_ = true;
    a_.host().run([this, count = std::min(free, kPerTransaction)](
                      broker::Client& client) { return send(client, count); },
                  [this](const proto::Result<void>& result) {
                    must(result);
                    is_sending_ = false;
                    pump();
                  });
  }
  proto::Result<broker::ClientStep> send(broker::Client& client, std::uint64_t count) {
    const auto database = client.database("d").value();
    if (!flow_) {
      const auto handle = begin(client, database);
      if (!handle) return handle.error();
      flow_ = *handle;
    }
    for (; count > 0; --count) {
      Sent& one = times_[sent_];
      one.at = bench::wall_seconds();
      one.is_disturbed = is_disturbed_.load();
      const auto sent = client.send(database, *flow_, "DEFAULT", body_of(sent_));
      if (!sent) return sent.error();
      ++sent_;
    }
    return broker::ClientStep::done;
  }
  void tick() {
    if (is_over_) return;
    if (is_disturbed_) disturb();
    ticks_.expires_after(kTick);
    ticks_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) tick();
    });
  }
  void disturb() {
    for (int i = 0; i < options_.dialogs_per_tick; ++i) {
      a_.host().run(
          [this](broker::Client& client) -> proto::Result<broker::ClientStep> {
            const auto database = client.database("d").value();
            const auto handle = begin(client, database);
            if (!handle) return handle.error();
            const auto sent = client.send(database, *handle, "DEFAULT", proto::Bytes(1, 1));
            if (!sent) return sent.error();
            ++others_sent_;
            return broker::ClientStep::done;
          },
          [this](const proto::Result<void>& result) { must(result); });
    }
    if (++tick_number_ % options_.ticks_per_definition != 0) return;
    const std::string alter =
        fmt::format("USE d; ALTER CERTIFICATE spare WITH ACTIVE FOR BEGIN_DIALOG = {};",
                    definitions_ % 2 == 0 ? "OFF" : "ON");
    if (a_.submit(alter +
                  fmt::format(
                      "CREATE REMOTE SERVICE BINDING b{0} TO SERVICE 'Other {0}' WITH USER = proxy",
                      definitions_.load())))
      ++definitions_;
    asio::post(b_.io(), [this, alter] { b_.submit(alter); });
  }

  // ---- on the target's loop ----
  void receive() {
    b_.host().run([this](broker::Client& client) { return take(client); },
                  [this](const proto::Result<void>& result) {
                    must(result);
                    count_taken();
                    asio::post(a_.io(), [this] { pump(); });
                    receive();
                  });
  }
  proto::Result<broker::ClientStep> take(broker::Client& client) {
    taken_.clear();
    const auto database = client.database("d").value();
    const auto queue = client.queue_of(database, "Target").value();
    auto messages =
        client.receive({.database = database, .queue = queue, .conversation = {}, .group = {}});
    if (!messages) return messages.error();
    for (auto& message : *messages) taken_.push_back(std::move(*message.message_body));
    return messages->empty() ? broker::ClientStep::wait : broker::ClientStep::done;
  }
  void count_taken() {
    const double now = bench::wall_seconds();
    for (const proto::Bytes& body : taken_) {
      if (body.size() == 1) {
        ++others_received_;
        continue;
      }
      const std::uint64_t number = received_;
      if (body != body_of(number)) ++wrong_;
      latencies_.at(times_[number].is_disturbed ? 1 : 0).push_back(now - times_[number].at);
      ++received_;
    }
  }

  Options options_;
  Folder folder_;
  broker::crypto::RsaKeySource keys_;
  End a_;
  End b_;
  asio::steady_timer ticks_;
  std::vector<Sent> times_ = std::vector<Sent>(kMessagesMax);
  std::atomic<bool> is_disturbed_{false};
  std::atomic<bool> is_over_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> others_sent_{0};
  std::atomic<std::uint64_t> others_received_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<std::uint64_t> definitions_{0};
  // The initiator's.
  std::optional<proto::ConversationHandle> flow_;
  bool is_sending_ = false;
  int tick_number_ = 0;
  // The target's.
  std::vector<proto::Bytes> taken_;
  std::array<std::vector<double>, 2> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Latency of a dialog while others begin, and bindings and certificates change. Example: "
      "disturb_bench --seconds 6");
  app.add_option("--seconds", options.seconds, "of all six phases together")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--window", options.window, "messages under way, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(8, 65536));
  app.add_option("--dialogs-per-tick", options.dialogs_per_tick, "new ones every 10 ms")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  app.add_option("--ticks-per-definition", options.ticks_per_definition,
                 "a binding and two altered certificates every so many 10 ms")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--folder", options.folder, "where the stores are")
      ->capture_default_str()
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    Measurement measurement(options);
    measurement.run();
    return measurement.print() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "disturb_bench: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
