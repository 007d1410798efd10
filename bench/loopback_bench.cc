// Two nodes on loopback TCP in one process and thread: messages of one dialog a second, end to end, from SEND to the target's queue.
//
//   Units   items are messages; bytes are bodies. The store is not flushed (StoreOptions.flushed = false), so that the disk is not what
//           is measured; the transport is encrypted, the dialog has no, anonymous or full security.
#include <filesystem>
#include <memory>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <unistd.h>

#include "transport/net/host.h"

namespace {

namespace fs = std::filesystem;
using namespace ssb;

constexpr int kMessages = 2000;  // of one measured batch

broker::crypto::RsaKeySource pooled_keys() {
  static const auto pool = std::make_shared<std::vector<broker::crypto::RsaPrivateKey>>();
  while (pool->size() < 2) pool->push_back(broker::crypto::RsaPrivateKey::generate(2048));
  const auto next = std::make_shared<std::size_t>(0);
  return [next](int) { return (*pool)[(*next)++ % pool->size()]; };
}

class TwoNodes {
 public:
  TwoNodes()
      : folder_(fs::temp_directory_path() / ("ssb_loopback_bench_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    a_ = start("HOST_A", "127.66.6.2");
    b_ = start("HOST_B", "127.66.6.3");
    for (net::Host* host : {a_.get(), b_.get()}) {
      host->on_finished = [this](broker::SessionId) { ++finished_; };
      host->open_session(1, {});
    }
    b_->on_trace = [this](const proto::TraceRecord& record) {
      if (record.event == proto::EventClass::message_delivered) ++delivered_;
    };
    set_up();
  }
  TwoNodes(const TwoNodes&) = delete;
  TwoNodes& operator=(const TwoNodes&) = delete;
  ~TwoNodes() {
    a_.reset();
    b_.reset();
    io_.restart();
    boost::system::error_code ignored;
    io_.poll(ignored);
    std::error_code gone;
    fs::remove_all(folder_, gone);
  }

  void run(net::Host& host, const std::string& batch) {
    const int before = finished_;
    host.submit(1, batch);
    while (finished_ == before) pump();
  }
  void wait_for_deliveries(int count) {
    while (delivered_ < count) pump();
    delivered_ = 0;
  }
  net::Host& a() { return *a_; }
  net::Host& b() { return *b_; }

 private:
  void pump() {
    io_.restart();
    io_.run_one_for(std::chrono::milliseconds(5));
    io_.poll();
  }
  std::unique_ptr<net::Host> start(const std::string& name, const std::string& address) {
    net::HostOptions options;
    options.node.name = name;
    options.node.folder = folder_ / name / "store";
    options.node.store.flushed = false;
    options.files_folder = folder_ / "files";  // one for both: certificates need no copying
    options.listen_address = address;
    options.resolve = [](const std::string& host) -> std::optional<std::string> {
      return host == "HOST_A" ? "127.66.6.2" : "127.66.6.3";
    };
    options.keys = pooled_keys();
    options.machine_key = proto::Secret(std::size_t{32});
    return std::make_unique<net::Host>(io_, std::move(options));
  }
  void set_up() {
    for (net::Host* host : {a_.get(), b_.get()}) {
      run(*host,
          "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Master_key_1!'; CREATE CERTIFICATE c WITH "
          "SUBJECT = 'endpoint';"
          "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 14022) FOR SERVICE_BROKER "
          "(AUTHENTICATION = CERTIFICATE c);"
          "GRANT CONNECT ON ENDPOINT::e TO public; CREATE DATABASE d;");
      run(*host,
          "USE d; CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Database_key_1!'; CREATE USER svc "
          "WITHOUT LOGIN; CREATE QUEUE q;"
          "GRANT RECEIVE ON q TO svc;");
    }
    run(*b_,
        "USE d; CREATE CERTIFICATE target AUTHORIZATION svc WITH SUBJECT = 'target'; BACKUP "
        "CERTIFICATE target TO FILE = 't.cer';"
        "CREATE SERVICE Target AUTHORIZATION svc ON QUEUE q ([DEFAULT]); GRANT SEND ON "
        "SERVICE::Target TO public;"
        "CREATE ROUTE r WITH SERVICE_NAME = 'Initiator', ADDRESS = 'TCP://HOST_A:14022';");
    run(*a_,
        "USE d; CREATE CERTIFICATE initiator AUTHORIZATION svc WITH SUBJECT = 'initiator'; BACKUP "
        "CERTIFICATE initiator TO FILE = 'i.cer';"
        "CREATE SERVICE Initiator AUTHORIZATION svc ON QUEUE q; CREATE USER proxy WITHOUT LOGIN;"
        "CREATE CERTIFICATE target AUTHORIZATION proxy FROM FILE = 't.cer';"
        "CREATE ROUTE r WITH SERVICE_NAME = 'Target', ADDRESS = 'TCP://HOST_B:14022';");
    run(*b_,
        "USE d; CREATE USER initiator WITHOUT LOGIN; CREATE CERTIFICATE initiator AUTHORIZATION "
        "initiator FROM FILE = 'i.cer';"
        "GRANT SEND ON SERVICE::Target TO initiator;");
  }

  boost::asio::io_context io_;
  fs::path folder_;
  std::unique_ptr<net::Host> a_;
  std::unique_ptr<net::Host> b_;
  int finished_ = 0;
  int delivered_ = 0;
};

enum Mode : std::int64_t { kNone, kAnonymous, kFull };

void loopback(benchmark::State& state) {
  TwoNodes nodes;
  const auto mode = static_cast<Mode>(state.range(1));
  if (mode != kNone) {
    nodes.run(nodes.a(), std::string("USE d; CREATE REMOTE SERVICE BINDING rsb TO SERVICE 'Target' "
                                     "WITH USER = proxy, ANONYMOUS = ") +
                             (mode == kAnonymous ? "ON" : "OFF"));
  }
  const std::string batch =
      "USE d; DECLARE @h uniqueidentifier, @i int, @body varchar(max); SET @i = 0; SET @body = "
      "REPLICATE('x', " +
      std::to_string(state.range(0)) +
      "); BEGIN DIALOG @h FROM SERVICE Initiator TO SERVICE 'Target' WITH ENCRYPTION = OFF;"
      "BEGIN TRAN; WHILE @i < " +
      std::to_string(kMessages) +
      " BEGIN SEND ON CONVERSATION @h (@body); SET @i = @i + 1; END; COMMIT;";
  for (auto _ : state) {
    nodes.run(nodes.a(), batch);
    nodes.wait_for_deliveries(kMessages);
  }
  state.SetItemsProcessed(state.iterations() * kMessages);
  state.SetBytesProcessed(state.iterations() * kMessages * state.range(0));
  state.SetLabel(mode == kNone ? "none" : mode == kAnonymous ? "anonymous" : "full");
}
BENCHMARK(loopback)
    ->ArgNames({"body_bytes", "security"})
    ->ArgsProduct({{100, 1024, 16384}, {kNone, kAnonymous, kFull}})
    ->Unit(benchmark::kMillisecond)
    ->MinTime(1.0)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
