// Messages through two whole nodes and their adjacent layers, sockets left out: from SEND and its COMMIT to RECEIVE and its COMMIT.
//
//   Units  items are messages that were received; processor time of one thread that does both nodes' work. `per_transaction` messages
//          are sent, and received, in one transaction each. Everything is checked: each message arrives once, in order.
//          new_dialogs: items are dialogs of full security with a cached key exchange key, BEGIN DIALOG, one message of 1 KiB and END
//          CONVERSATION in a transaction, which 64 waiting RECEIVEs take and end; `at_once` of them are begun together.
//          store: 0 in memory, 1 in files of the current folder that are never flushed, 2 in files, flushed at each commit.

#include <array>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include "transport/wire/server.h"

namespace {

using namespace ssb;
using proto::Bytes;

enum class StoreKind { memory, unflushed, flushed };

const proto::TimePoint kNoon = *proto::parse_datetime("2008-11-26 12:00:00");
constexpr const char* kType = "DEFAULT";

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

class SharedFiles : public broker::catalog::Files {
 public:
  boost::system::result<Bytes, std::string> read(std::string_view name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return std::string("no such file");
    return found->second;
  }
  boost::system::result<void, std::string> create(std::string_view name,
                                                  proto::ByteView contents) override {
    files_[std::string(name)] = proto::to_bytes(contents);
    return {};
  }

 private:
  std::map<std::string, Bytes, std::less<>> files_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fmt::format("node_bench.{}.{}", ::getpid(), ++count)) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  static inline int count = 0;
  std::filesystem::path path_;
};

// Some key pairs for all certificates of all runs: to make one costs a quarter of a second.
broker::crypto::RsaPrivateKey pooled_key() {
  static const std::array<broker::crypto::RsaPrivateKey, 4> pool{
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048),
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048)};
  static std::size_t next = 0;
  return pool.at(next++ % pool.size());
}

// Two servers; what one writes the other reads at its next turn.
class Pair {
 public:
  Pair(StoreKind store, const std::string& security) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      broker::NodeOptions options;
      options.name = i == 0 ? "HOST_A" : "HOST_B";
      options.folder = folder_.path() / options.name;
      options.traces_messages = false;
      options.store.in_memory = store == StoreKind::memory;
      options.store.flushed = store == StoreKind::flushed;
      hosts_[i].server = std::make_unique<wire::Server>(
          std::move(options), files_, [](int) { return pooled_key(); }, proto::Secret(32), now_);
      hosts_[i].inputs.emplace_back(broker::Event(broker::SessionOpened{1, {}}));
    }
    set_up(security);
  }

  // Runs one client's work on a host until it is done.
  template <typename Work>
  void work(std::size_t host, Work&& work) {
    bool done = false;
    hosts_[host].inputs.emplace_back(broker::Event(
        broker::ClientWork{++client_, [&](broker::Client& client) {
                             work(client);
                             done = true;
                             return proto::Result<broker::ClientStep>(broker::ClientStep::done);
                           }}));
    // NOLINTNEXTLINE(bugprone-infinite-loop): the step does the work
    while (!done) require(step(), "nothing moves");
  }
  // Hands one client's work in; the client's number, under which `finished` tells of its end.
  broker::ClientId start(std::size_t host,
                         std::function<proto::Result<broker::ClientStep>(broker::Client&)> work) {
    hosts_[host].inputs.emplace_back(broker::Event(broker::ClientWork{++client_, std::move(work)}));
    return client_;
  }
  std::vector<broker::ClientId> take_finished() { return std::exchange(finished_, {}); }
  bool step() {
    now_ += std::chrono::microseconds(10);
    bool moved = false;
    for (std::size_t i = 0; i < hosts_.size(); ++i) moved = step(i) || moved;
    return moved;
  }

 private:
  struct Host {
    std::unique_ptr<wire::Server> server;
    std::deque<wire::Input> inputs;
    std::map<wire::ConnectionId, wire::ConnectionId> peers;  // own connection -> the other host's
    bool failed = false;
  };

  void sql(std::size_t host, const std::string& batch) {
    hosts_[host].inputs.emplace_back(broker::Event(broker::BatchSubmitted{1, batch}));
    while (step()) {
    }
  }
  void set_up(const std::string& security) {
    const std::array<std::string, 2> names{"HOST_A", "HOST_B"};
    for (std::size_t i = 0; i < 2; ++i) {
      sql(i, fmt::format(
                 "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Passw0rd!1';"
                 "CREATE CERTIFICATE {0}_cert WITH SUBJECT = '{0}', EXPIRY_DATE = '20301130';"
                 "CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR "
                 "SERVICE_BROKER (AUTHENTICATION = CERTIFICATE {0}_cert, ENCRYPTION = REQUIRED "
                 "ALGORITHM AES);"
                 "BACKUP CERTIFICATE {0}_cert TO FILE = '{0}.cer';",
                 names[i]));
      sql(i, "CREATE DATABASE d;");
      sql(i, fmt::format(
                 "USE d; CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Passw0rd!1';"
                 "CREATE QUEUE q; CREATE USER owner WITHOUT LOGIN;"
                 "CREATE CERTIFICATE {0}_service_cert AUTHORIZATION owner WITH SUBJECT = '{0}', "
                 "EXPIRY_DATE = '20301130';"
                 "BACKUP CERTIFICATE {0}_service_cert TO FILE = '{0}_service.cer';"
                 "CREATE SERVICE {0}_service AUTHORIZATION owner ON QUEUE q ([DEFAULT]);"
                 "GRANT RECEIVE ON q TO owner;"
                 "CREATE ROUTE to_peer WITH SERVICE_NAME = '{1}_service', ADDRESS = "
                 "'TCP://{1}:4022';",
                 names[i], names[1 - i]));
    }
    for (std::size_t i = 0; i < 2; ++i) {
      sql(i,
          fmt::format("USE master; CREATE LOGIN peer_login WITH PASSWORD = 'Passw0rd!1';"
                      "CREATE USER peer_user FOR LOGIN peer_login;"
                      "CREATE CERTIFICATE peer_cert AUTHORIZATION peer_user FROM FILE = '{0}.cer';"
                      "GRANT CONNECT ON ENDPOINT::broker TO peer_login;",
                      names[1 - i]));
      sql(i, fmt::format(
                 "USE d; CREATE USER peer WITHOUT LOGIN;"
                 "CREATE CERTIFICATE peer_cert AUTHORIZATION peer FROM FILE = '{0}_service.cer';"
                 "CREATE REMOTE SERVICE BINDING binding TO SERVICE '{0}_service' WITH USER = peer, "
                 "ANONYMOUS = {2};"
                 "GRANT SEND ON SERVICE::{1}_service TO {3};"
                 "USE msdb; CREATE ROUTE to_here WITH SERVICE_NAME = '{1}_service', ADDRESS = "
                 "'LOCAL';",
                 names[1 - i], names[i], security == "anonymous" ? "ON" : "OFF",
                 security == "full" ? "peer" : "public"));
    }
    require(!hosts_[0].failed && !hosts_[1].failed, "the set-up failed");
  }

  bool step(std::size_t i) {
    Host& host = hosts_[i];
    const bool had_input = !host.inputs.empty();
    for (const wire::Input& input : std::exchange(host.inputs, {}))
      host.server->handle(input, now_);
    wire::Outputs outputs;
    host.server->commit(now_, outputs);
    if (host.server->node().deadline() == broker::kAtOnce)
      host.inputs.emplace_back(broker::Event(broker::TimerDue{}));
    for (wire::Output& output : outputs) perform(i, output);
    return had_input || !outputs.empty();
  }
  void perform(std::size_t i, wire::Output& output) {
    Host& host = hosts_[i];
    Host& other = hosts_[1 - i];
    if (auto* write = std::get_if<wire::Write>(&output)) {
      host.inputs.emplace_back(wire::Written{write->connection, write->bytes.size()});
      other.inputs.emplace_back(
          wire::Received{host.peers.at(write->connection), std::move(write->bytes)});
    } else if (auto* connect = std::get_if<wire::Connect>(&output)) {
      const wire::ConnectionId id = other.server->next_connection();
      host.peers[connect->connection] = id;
      other.peers[id] = connect->connection;
      other.inputs.emplace_back(
          wire::Accepted{id, wire::EndpointKind::service_broker, "127.0.0.1:40000"});
      host.inputs.emplace_back(wire::Connected{connect->connection});
    } else if (const auto* done = std::get_if<broker::ClientDone>(&output)) {
      require(done->result.has_value(), "a transaction failed");
      finished_.push_back(done->id);
    } else if (auto* listen = std::get_if<wire::Listen>(&output)) {
      host.inputs.emplace_back(wire::ListenResult{listen->kind, listen->port, std::nullopt});
    } else if (auto* batch = std::get_if<broker::BatchOutput>(&output)) {
      for (const auto& item : batch->items) {
        const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
        if (message == nullptr || message->severity <= 10) continue;
        fmt::print(stderr, "{}\n", message->error.text());
        host.failed = true;
      }
    }
  }

  TemporaryFolder folder_;
  SharedFiles files_;
  std::array<Host, 2> hosts_;
  proto::TimePoint now_ = kNoon;
  broker::ClientId client_ = 0;
  std::vector<broker::ClientId> finished_;
};

// ---- a stream of messages over some dialogs ----

class Stream {
 public:
  Stream(Pair& pair, std::size_t dialogs, std::size_t body_bytes, bool encryption)
      : pair_(pair), body_(body_bytes, 0x5A) {
    pair_.work(0, [&](broker::Client& client) {
      database_ = client.database("d").value();
      queue_ = client.queue_of(database_, "HOST_A_service").value();
      broker::conversation::BeginDialogRequest request;
      request.database = database_;
      request.from_service = "HOST_A_service";
      request.to_service = "HOST_B_service";
      request.encryption = encryption;
      for (std::size_t i = 0; i < dialogs; ++i)
        handles_.push_back(client.begin_dialog(request).value());
    });
    for (std::size_t i = 0; i < dialogs; ++i) send(1);
    while (received_ < sent_) receive(1000);
  }
  void send(std::size_t count) {
    pair_.work(0, [&](broker::Client& client) {
      const proto::ConversationHandle handle = handles_[next_++ % handles_.size()];
      for (std::size_t i = 0; i < count; ++i) client.send(database_, handle, kType, body_).value();
      sent_ += count;
    });
  }
  void receive(std::size_t count) {
    std::size_t got = 0;
    pair_.work(1, [&](broker::Client& client) {
      broker::conversation::ReceiveRequest request;
      request.database = database_;
      request.queue = queue_;
      request.top = static_cast<std::int64_t>(count);
      const auto messages = client.receive(request).value();
      for (const auto& message : messages) {
        std::int64_t& expected = expected_[message.conversation_handle];
        require(message.message_sequence_number == expected++ &&
                    message.message_body->size() == body_.size(),
                "a message is lost, repeated or out of order");
      }
      got = messages.size();
    });
    received_ += got;
    if (got == 0) pair_.step();
  }
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  Pair& pair_;
  Bytes body_;
  broker::store::DatabaseId database_ = 0;
  std::int32_t queue_ = 0;
  std::vector<proto::ConversationHandle> handles_;
  std::map<proto::ConversationHandle, std::int64_t> expected_;
  std::size_t next_ = 0;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

constexpr std::size_t kInFlight = 4096;

void stream(benchmark::State& state, const std::string& security) {
  const auto body_bytes = static_cast<std::size_t>(state.range(0));
  const auto per_transaction = static_cast<std::size_t>(state.range(1));
  Pair pair(static_cast<StoreKind>(state.range(2)), security);
  Stream messages(pair, 16, body_bytes, security != "none");
  const std::size_t before = messages.received();
  for (auto _ : state) {
    if (messages.sent() - messages.received() < kInFlight) messages.send(per_transaction);
    messages.receive(per_transaction);
  }
  while (messages.received() < messages.sent()) messages.receive(per_transaction);
  state.SetItemsProcessed(static_cast<std::int64_t>(messages.received() - before));
  state.SetBytesProcessed(state.items_processed() * state.range(0));
}

void arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"body_bytes", "per_transaction", "store"});
  for (const std::int64_t store : {0, 1, 2})
    for (const std::int64_t bytes : {1024, 16384}) benchmark->Args({bytes, 100, store});
}
BENCHMARK_CAPTURE(stream, full, "full")->Apply(arguments);
BENCHMARK_CAPTURE(stream, none, "none")->Apply(arguments);

// ---- new dialogs of one message each ----

class NewDialogs {
 public:
  explicit NewDialogs(Pair& pair) : pair_(pair), body_(1024, 0x5A) {
    pair_.work(0, [&](broker::Client& client) { source_ = client.database("d").value(); });
    pair_.work(1, [&](broker::Client& client) {
      target_ = client.database("d").value();
      queue_ = client.queue_of(target_, "HOST_B_service").value();
    });
    for (std::size_t i = 0; i < kReceivers; ++i) receive();
    run_all(kWarmUp);  // the key exchange key is made with the first one
  }
  // Until each of `count` new dialogs has ended at both. A name for profilers: callgrind's --toggle-collect='*NewDialogs::run(*'.
  [[gnu::noinline]] void run(std::size_t count) { run_all(count); }

 private:
  static constexpr std::size_t kReceivers = 64;
  static constexpr std::size_t kWarmUp = 1000;

  void run_all(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) begin();
    const std::size_t until = ended_ + count;
    // Then what the last ones leave behind: acknowledgements of their ends.
    while (pair_.step() || ended_ < until) {
      for (const broker::ClientId client : pair_.take_finished()) {
        if (receivers_.erase(client) != 0) receive();
      }
    }
    require(received_ == ended_, "a message is lost or repeated");
  }
  void begin() {
    pair_.start(0, [this](broker::Client& client) -> proto::Result<broker::ClientStep> {
      broker::conversation::BeginDialogRequest request;
      request.database = source_;
      request.from_service = "HOST_A_service";
      request.to_service = "HOST_B_service";
      const auto handle = client.begin_dialog(request).value();
      client.send(source_, handle, kType, body_).value();
      client.end(source_, handle).value();
      return broker::ClientStep::done;
    });
  }
  void receive() {
    receivers_.insert(
        pair_.start(1, [this](broker::Client& client) -> proto::Result<broker::ClientStep> {
          broker::conversation::ReceiveRequest request;
          request.database = target_;
          request.queue = queue_;
          request.top = 100;
          const auto messages = client.receive(request).value();
          for (const auto& message : messages) {
            if (message.message_type_name == kType) {
              require(message.message_body == body_, "a message is not as it was sent");
              ++received_;
            } else {
              client.end(target_, message.conversation_handle).value();
              ++ended_;
            }
          }
          return messages.empty() ? broker::ClientStep::wait : broker::ClientStep::done;
        }));
  }

  Pair& pair_;
  Bytes body_;
  broker::store::DatabaseId source_ = 0;
  broker::store::DatabaseId target_ = 0;
  std::int32_t queue_ = 0;
  std::set<broker::ClientId> receivers_;
  std::size_t received_ = 0;
  std::size_t ended_ = 0;
};

void new_dialogs(benchmark::State& state) {
  const auto at_once = static_cast<std::size_t>(state.range(0));
  Pair pair(static_cast<StoreKind>(state.range(1)), "full");
  NewDialogs dialogs(pair);
  for (auto _ : state) dialogs.run(at_once);
  state.SetItemsProcessed(static_cast<std::int64_t>(at_once) * state.iterations());
}
BENCHMARK(new_dialogs)->ArgNames({"at_once", "store"})->Args({16, 0})->Args({16, 1})->Args({64, 1});

}  // namespace

BENCHMARK_MAIN();
