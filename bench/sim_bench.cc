// The simulator's speed: messages of one secured dialog a second between two simulated instances, with real cryptography, on one core.
//
//   Shape   one JSON line. messages_per_s without judges, judged_messages_per_s with all of them; events_per_s as the scheduler counts.
//           The same work for the same seed.
//   Units   messages a second of processor time, from SEND (a hundred a transaction) over the simulated TCP with its TLS to RECEIVE. Bodies
//           are compared with what was sent; wrong counts those that differ, are missing or too many, and what judges find. It must be 0.
//   Source  our own.

#include <cstdlib>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/bounds/measure.h"
#include "bench/node_pair.h"
#include "sim/judges/judges.h"
#include "sim/judges/world_inside.h"
#include "sim/world.h"

namespace {

using namespace ssb;

constexpr std::uint64_t kPerTransaction = 100;
constexpr int kPort = 14022;

struct Options {
  std::uint64_t messages = 50'000;
  std::size_t size = 1024;
  std::uint64_t seed = 1;
};

class Run {
 public:
  Run(const Options& options, const broker::crypto::RsaKeySource& keys, bool is_judged)
      : options_(options), world_(world_options(options, keys)), inside_(world_) {
    if (is_judged) world_.observer = &judges_.emplace(inside_);
    world_.resolve = [](sim::HostNumber,
                        const std::string& host) -> std::optional<sim::HostNumber> {
      return host == "HOST_A" ? 0 : 1;
    };
    world_.on_finished = [this](sim::HostNumber, broker::SessionId) { ++finished_; };
    for (const char* name : {"HOST_A", "HOST_B"}) {
      const sim::HostNumber host = world_.add(name);
      world_.start(host);
      world_.give(host, broker::Event(broker::SessionOpened{1, {}}));
    }
    share_files();
  }

  // Messages a second.
  double measure() {
    const std::uint64_t events = world_.events_done();
    const double start = bench::process_cpu_seconds();
    wait_for_messages();
    send();
    while (received_ < options_.messages && world_.run_next(proto::kNever)) {
    }
    const double seconds = bench::process_cpu_seconds() - start;
    events_per_s = static_cast<double>(world_.events_done() - events) / seconds;
    if (received_ != options_.messages) wrong += 1;
    if (judges_) {
      judges_->at_end();
      wrong += judges_->findings().size();
    }
    return static_cast<double>(options_.messages) / seconds;
  }
  double events_per_s = 0;
  std::uint64_t wrong = 0;

 private:
  static sim::WorldOptions world_options(const Options& options,
                                         const broker::crypto::RsaKeySource& keys) {
    sim::WorldOptions out;
    out.seed = options.seed;
    out.start = *proto::parse_datetime("2024-01-01 09:00:00");
    out.keys = keys;
    return out;
  }
  // Every batch of the set-up; certificate files go from where they were written to the other instance.
  void share_files() {
    for (bench::SetUpBatch& batch : bench::two_instances(kPort)) {
      const std::uint64_t before = finished_;
      world_.give(batch.instance, broker::Event(broker::BatchSubmitted{1, std::move(batch.text)}));
      while (finished_ == before && world_.run_next(proto::kNever)) {
      }
      for (const char* file : {"t.cer", "i.cer"}) {
        const auto bytes = world_.files(batch.instance).read(file);
        if (bytes)
          (void)world_.files(1 - batch.instance).create(file, *bytes);  // there already: as it was
      }
    }
  }
  proto::Bytes body_of(std::uint64_t number) const {
    proto::Bytes body(options_.size, 0x33);
    bench::put_big_endian(std::span(body).first(8), number);
    return body;
  }
  // One transaction; the next is handed in when this one has run.
  void send() {
    world_.give(0, broker::Event(broker::ClientWork{
                       1, [this](broker::Client& client) -> proto::Result<broker::ClientStep> {
                         const auto database = client.database("d").value();
                         if (!dialog_) {
                           broker::conversation::BeginDialogRequest request;
                           request.database = database;
                           request.from_service = "Initiator";
                           request.to_service = "Target";
                           const auto handle = client.begin_dialog(request);
                           if (!handle) return handle.error();
                           dialog_ = *handle;
                         }
                         for (std::uint64_t i = 0; i < kPerTransaction && sent_ < options_.messages;
                              ++i, ++sent_) {
                           const auto sent =
                               client.send(database, *dialog_, "DEFAULT", body_of(sent_));
                           if (!sent) return sent.error();
                         }
                         if (sent_ < options_.messages)
                           world_.after(std::chrono::microseconds(1), [this] { send(); });
                         return broker::ClientStep::done;
                       }}));
  }
  void wait_for_messages() {
    world_.give(1,
                broker::Event(broker::ClientWork{
                    2, [this](broker::Client& client) -> proto::Result<broker::ClientStep> {
                      const auto database = client.database("d").value();
                      const auto queue = client.queue_of(database, "Target").value();
                      const auto messages = client.receive(
                          {.database = database, .queue = queue, .conversation = {}, .group = {}});
                      if (!messages) return messages.error();
                      if (messages->empty()) return broker::ClientStep::wait;
                      for (const auto& message : *messages)
                        wrong += message.message_body == body_of(received_++) ? 0 : 1;
                      if (received_ < options_.messages)
                        world_.after(std::chrono::microseconds(1), [this] { wait_for_messages(); });
                      return broker::ClientStep::done;
                    }}));
  }

  Options options_;
  sim::World world_;
  sim::judges::WorldInside inside_;
  std::optional<sim::judges::Judges> judges_;
  std::uint64_t finished_ = 0;
  std::optional<proto::ConversationHandle> dialog_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

int run(const Options& options) {
  const auto keys = bench::two_keys();
  double free_rate = 0;
  double judged_rate = 0;
  double events_per_s = 0;
  std::uint64_t wrong = 0;
  for (const bool is_judged : {false, true}) {  // one World at a time in a process
    Run one(options, keys, is_judged);
    (is_judged ? judged_rate : free_rate) = one.measure();
    if (!is_judged) events_per_s = one.events_per_s;
    wrong += one.wrong;
  }
  bench::JsonLine("sim_bench")
      .count("messages", options.messages)
      .count("size", options.size)
      .count("seed", options.seed)
      .number("messages_per_s", free_rate)
      .number("cpu_s_per_message", 1 / free_rate)
      .number("judged_messages_per_s", judged_rate)
      .number("events_per_s", events_per_s)
      .count("wrong", wrong)
      .print();
  return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The simulator's speed. Example: sim_bench --messages 20000");
  app.add_option("--messages", options.messages, "from one instance to the other")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(8, 65536));
  app.add_option("--seed", options.seed, "of the simulated world")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "sim_bench: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
