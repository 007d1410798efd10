// What many conversations cost: memory of an idle one, throughput beside them, and the time until an instance with them delivers again.
//
//   Shape   one JSON line. bytes_per_conversation is the slope of resident memory over the number of conversations, of one end: both ends
//           are in this process, so it is half of what each conversation adds. It is taken from where all bounded caches (conversations
//           awake, headers, message keys) are full, so that only what grows is in it; 0 below twice as many, where they hide it.
//           flow_messages_per_s is one more dialog's messages from SEND to RECEIVE with a thousand in each burst, beside the idle ones.
//           restart_s is from opening the target's instance to its first RECEIVE; only with --waiting, whose messages it receives;
//           restart_cpu_s is the processor time of it.
//   Units   bytes; messages a second of processor time of the one thread that runs both ends; seconds of real time for restart_s. Every
//           conversation is made with full security and one message of 64 bytes; the store is not flushed. Every body is compared with
//           what was sent: lost, repeated and changed ones are `wrong`, which must be 0.
//   Source  our own.

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/bounds/measure.h"
#include "bench/node_pair.h"

namespace {

using namespace ssb;
using bench::NodePair;

constexpr std::uint64_t kPerTransaction = 100;
constexpr std::uint64_t kBurst = 1000;            // messages under way in the flow
constexpr std::uint64_t kCachesAreFull = 40'000;  // conversations

struct Options {
  std::uint64_t conversations = 10'000;
  bool is_waiting = false;
  std::uint64_t messages = 20'000;
  std::uint64_t warm_up = 0;
  std::size_t size = 1024;
  std::size_t idle_size = 64;
  std::filesystem::path folder = std::filesystem::temp_directory_path();
};

proto::Bytes body_of(std::uint64_t number, std::size_t size) {
  proto::Bytes body(size, 0x33);
  bench::put_big_endian(std::span(body).first(8), number);
  return body;
}

class Measurement {
 public:
  explicit Measurement(const Options& options) : options_(options), pair_(options.folder) {}

  void run() {
    open_flow();
    const std::size_t empty = bench::resident_bytes();
    const std::uint64_t first_part = std::max(options_.conversations / 10, kCachesAreFull);
    fill(std::min(first_part, options_.conversations));
    const std::size_t some = bench::resident_bytes();
    fill(options_.conversations);
    const std::size_t all = bench::resident_bytes();
    if (options_.conversations >= 2 * kCachesAreFull)
      bytes_per_conversation_ = (static_cast<double>(all) - static_cast<double>(some)) / 2 /
                                static_cast<double>(options_.conversations - first_part);
    flow();
    if (options_.is_waiting) restart();
    print(empty, all);
  }
  [[nodiscard]] bool is_right() const { return wrong_ == 0; }

 private:
  // At most one conversation's messages, those of `only` when it is set. How many there were.
  std::uint64_t receive(
      std::optional<proto::ConversationHandle> only,
      const std::function<void(const broker::conversation::QueuedMessage&)>& take) {
    std::uint64_t count = 0;
    pair_.work(NodePair::kTarget, [&](broker::Client& client) -> proto::Result<broker::ClientStep> {
      for (std::uint64_t i = 0; i < kPerTransaction; ++i) {
        const auto database = client.database("d").value();
        auto messages = client.receive({.database = database,
                                        .queue = client.queue_of(database, "Target").value(),
                                        .conversation = only,
                                        .group = {}});
        if (!messages) return messages.error();
        if (messages->empty()) break;
        for (const auto& message : *messages) take(message);
        count += messages->size();
        if (only) break;
      }
      return broker::ClientStep::done;
    });
    return count;
  }
  void check(const broker::conversation::QueuedMessage& message, std::uint64_t number,
             std::size_t size) {
    if (message.message_body != body_of(number, size)) ++wrong_;
  }

  void open_flow() {
    send_flow(1);
    pair_.settle();
    receive({}, [&](const auto& message) {
      flow_target_ = message.conversation_handle;
      check(message, received_++, options_.size);
    });
    if (received_ != 1) throw std::runtime_error("the first message did not come");
  }
  void send_flow(std::uint64_t count) {
    pair_.work(
        NodePair::kInitiator, [&](broker::Client& client) -> proto::Result<broker::ClientStep> {
          const auto database = client.database("d").value();
          if (sent_ == 0) {
            const auto handle = begin(client, database);
            if (!handle) return handle.error();
            flow_initiator_ = *handle;
          }
          for (const std::uint64_t until = sent_ + count; sent_ < until; ++sent_) {
            const auto sent =
                client.send(database, flow_initiator_, "DEFAULT", body_of(sent_, options_.size));
            if (!sent) return sent.error();
          }
          return broker::ClientStep::done;
        });
  }
  static proto::Result<proto::ConversationHandle> begin(broker::Client& client,
                                                        broker::store::DatabaseId database) {
    broker::conversation::BeginDialogRequest request;
    request.database = database;
    request.from_service = "Initiator";
    request.to_service = "Target";
    return client.begin_dialog(request);
  }

  // Until there are `count` conversations beside the flow.
  void fill(std::uint64_t count) {
    while (made_ < count) {
      pair_.work(
          NodePair::kInitiator, [&](broker::Client& client) -> proto::Result<broker::ClientStep> {
            const auto database = client.database("d").value();
            for (std::uint64_t i = 0; i < kPerTransaction && made_ < count; ++i, ++made_) {
              const auto handle = begin(client, database);
              if (!handle) return handle.error();
              const auto sent =
                  client.send(database, *handle, "DEFAULT", body_of(made_, options_.idle_size));
              if (!sent) return sent.error();
            }
            return broker::ClientStep::done;
          });
      pair_.settle();
      if (!options_.is_waiting) drain();
    }
  }
  // The conversations' order in the queue is theirs; each number once.
  void drain() {
    std::vector<std::uint64_t> numbers;
    while (receive({}, [&](const auto& message) {
             numbers.push_back(bench::get_big_endian(std::span(*message.message_body).first(8)));
             check(message, numbers.back(), options_.idle_size);
           }) > 0) {
    }
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint64_t number : numbers) wrong_ += number == drained_++ ? 0 : 1;
    if (drained_ != made_) wrong_ += made_ - drained_;
  }

  void flow() {
    pass(options_.warm_up);
    const double start = bench::process_cpu_seconds();
    pass(options_.messages);
    flow_rate_ = static_cast<double>(options_.messages) / (bench::process_cpu_seconds() - start);
  }
  void pass(std::uint64_t count) {
    const std::uint64_t end = sent_ + count;
    while (sent_ < end) {
      for (std::uint64_t burst = 0; burst < kBurst && sent_ < end; burst += kPerTransaction)
        send_flow(std::min(kPerTransaction, end - sent_));
      pair_.settle();
      while (receive(flow_target_, [&](const auto& message) {
               check(message, received_++, options_.size);
             }) > 0) {
      }
    }
    if (received_ != sent_) wrong_ += sent_ - received_;
  }

  void restart() {
    pair_.settle();
    pair_.stop();
    const double start = bench::wall_seconds();
    const double cpu_start = bench::process_cpu_seconds();
    pair_.start_again(NodePair::kTarget);
    std::uint64_t came = 0;
    pair_.work(NodePair::kTarget, [&](broker::Client& client) -> proto::Result<broker::ClientStep> {
      const auto database = client.database("d").value();
      const auto messages = client.receive({.database = database,
                                            .queue = client.queue_of(database, "Target").value(),
                                            .conversation = {},
                                            .group = {},
                                            .top = 1});
      if (!messages) return messages.error();
      came = messages->size();
      return broker::ClientStep::done;
    });
    restart_s_ = bench::wall_seconds() - start;
    restart_cpu_s_ = bench::process_cpu_seconds() - cpu_start;
    if (came != 1) ++wrong_;
  }

  void print(std::size_t empty, std::size_t all) const {
    bench::JsonLine("idle_bench")
        .count("conversations", options_.conversations)
        .count("waiting", options_.is_waiting ? options_.conversations : 0)
        .count("size", options_.size)
        .count("idle_size", options_.idle_size)
        .count("resident_bytes_empty", empty)
        .count("resident_bytes", all)
        .number("bytes_per_conversation", bytes_per_conversation_)
        .count("flow_messages", options_.messages)
        .number("flow_messages_per_s", flow_rate_)
        .number("restart_s", restart_s_)
        .number("restart_cpu_s", restart_cpu_s_)
        .count("received", received_ + drained_)
        .count("wrong", wrong_)
        .print();
  }

  Options options_;
  NodePair pair_;
  proto::ConversationHandle flow_initiator_;
  proto::ConversationHandle flow_target_;
  std::uint64_t sent_ = 0;      // in the flow
  std::uint64_t received_ = 0;  // of it
  std::uint64_t made_ = 0;      // conversations beside it
  std::uint64_t drained_ = 0;   // messages of those
  std::uint64_t wrong_ = 0;
  double bytes_per_conversation_ = 0;
  double flow_rate_ = 0;
  double restart_s_ = 0;
  double restart_cpu_s_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Memory, throughput and restart with many conversations. Example: idle_bench --conversations "
      "100000 --waiting");
  app.add_option("--conversations", options.conversations,
                 "how many, beside the one that is measured")
      ->capture_default_str()
      ->check(CLI::Range(10, 10'000'000));
  app.add_flag("--waiting", options.is_waiting,
               "their messages stay in the target's queue; measures a restart too");
  app.add_option("--messages", options.messages, "of the flow")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--warm-up", options.warm_up,
                 "messages of the flow before it is measured: after a great many conversations, "
                 "until the journal has moved what making them wrote")
      ->capture_default_str();
  app.add_option("--size", options.size, "bytes of a body of the flow")
      ->capture_default_str()
      ->check(CLI::Range(8, 65536));
  app.add_option("--idle-size", options.idle_size, "bytes of a body of the other conversations")
      ->capture_default_str()
      ->check(CLI::Range(8, 65536));
  app.add_option("--folder", options.folder, "where the stores are")
      ->capture_default_str()
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    Measurement measurement(options);
    measurement.run();
    return measurement.is_right() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "idle_bench: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
