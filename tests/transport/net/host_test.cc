#include "transport/net/host.h"

#include <gtest/gtest.h>

#include "tests/transport/net/hosts.h"
#include "transport/net/capture.h"
#include "transport/wire/connection.h"

namespace ssb::net {
namespace {

using namespace std::chrono_literals;
using test::Instance;

constexpr auto kPatience =
    60s;  // of a test, for a machine under load; nothing waits that long when it works

class HostTest : public testing::Test {
 protected:
  HostTest() {
    for (Instance* instance : {&a, &b}) {
      instance->on_wire = [this](bool sent, const std::string& local, const std::string& remote,
                                 proto::ByteView bytes) {
        if (capture)
          capture->record(proto::from_unix_us(1'227'700'800'000'000), sent, local, remote, bytes);
        if (sent) bytes_sent += bytes.size();
      };
      instance->start();
    }
    port = test::free_port(a.io, b.address());
  }

  // Runs both until the condition holds.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      for (Instance* instance : {&a, &b}) {
        if (instance == paused) continue;
        instance->io.restart();
        instance->io.run_one_for(1ms);
        instance->io.poll();
      }
    }
    return true;
  }
  void sql(Instance& on, const std::string& text) {
    const int finished = on.finished;
    on.outputs.clear();
    on.host().submit(1, text);
    ASSERT_TRUE(run_until([&] { return on.finished > finished; })) << text;
    for (const auto& output : on.outputs) {
      for (const auto& item : output) {
        const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
        if (message != nullptr && message->severity > 10)
          ADD_FAILURE() << message->error.text() << " in " << text;
      }
    }
  }
  void set_up(const std::string& encryption = "REQUIRED ALGORITHM AES") {
    for (Instance* on : {&a, &b}) {
      const Instance& peer = on == &a ? b : a;
      sql(*on,
          "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Passw0rd!1';\nCREATE CERTIFICATE c WITH "
          "SUBJECT = '" +
              on->name() + "';\nCREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = " +
              std::to_string(port) +
              ") FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE c, ENCRYPTION = " + encryption +
              ");\nGRANT CONNECT ON ENDPOINT::broker TO [public];");
      sql(*on, "CREATE DATABASE d;");
      sql(*on, "USE d;\nCREATE QUEUE q;\nCREATE SERVICE " + on->name() +
                   "_service ON QUEUE q ([DEFAULT]);\nGRANT SEND ON SERVICE::" + on->name() +
                   "_service TO public;\nCREATE ROUTE to_peer WITH SERVICE_NAME = '" + peer.name() +
                   "_service', ADDRESS = 'TCP://" + peer.name() + ":" + std::to_string(port) +
                   "';");
    }
  }
  void send(const std::string& body) {
    sql(a,
        "USE d;\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE HOST_A_service TO "
        "SERVICE 'HOST_B_service' WITH "
        "ENCRYPTION = OFF;\nSEND ON CONVERSATION @h (" +
            body + ");");
  }
  [[nodiscard]] bool arrives(int count) {
    return run_until([&] { return b.ask("SELECT COUNT(*) FROM q") == std::to_string(count); });
  }

  test::TemporaryFolder folder;
  Instance a{"HOST_A", 2, folder.path()};
  Instance b{"HOST_B", 3, folder.path()};
  Instance* paused = nullptr;
  std::optional<Capture> capture;
  std::uint64_t bytes_sent = 0;
  std::uint16_t port = 0;
};

// What is posted again and again keeps its loop from sleeping, and nothing else does.
TEST(HostPollingTest, ALoopWithNothingToDoLooksAgainOnlyWhereItShall) {
  const test::TemporaryFolder folder;
  Instance sleeping("HOST_A", 2, folder.path());
  Instance polling("HOST_B", 3, folder.path());
  polling.polls_for = std::chrono::hours(1);
  constexpr int kTurns = 1000;
  for (Instance* instance : {&sleeping, &polling}) {
    instance->start();
    for (int i = 0; i < kTurns; ++i) instance->io.poll_one();
  }
  EXPECT_EQ(sleeping.io.poll_one(), 0U);
  EXPECT_EQ(polling.io.poll_one(), 1U);
}

TEST_F(HostTest, AMessageCrossesRealSocketsAndThePeerSeesTheOwnAddress) {
  set_up();

  send("'hello'");

  ASSERT_TRUE(arrives(1));
  bool seen = false;
  for (const auto& record : b.traces) {
    if (record.event != proto::EventClass::audit_login) continue;
    const std::string* from = record.find("connect string");
    seen = seen || (from != nullptr && from->starts_with(a.address() + ":"));
  }
  EXPECT_TRUE(seen);
  EXPECT_TRUE(run_until([&] { return a.host().is_quiet() && b.host().is_quiet(); }));
}

TEST_F(HostTest, AReaderThatStopsStopsItsWriterAndLosesNothing) {
  set_up();
  send("'first'");
  ASSERT_TRUE(arrives(1));
  paused = &b;
  const std::uint64_t before = bytes_sent;

  for (int i = 0; i < 30; ++i) send("REPLICATE(CONVERT(varchar(max), 'x'), 200000)");
  const auto until = std::chrono::steady_clock::now() + 200ms;
  EXPECT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > until; }));
  EXPECT_LE(bytes_sent - before, wire::kCreditBytes + 2 * proto::kFrameBytesMax);

  paused = nullptr;
  // What was dropped on the way comes by the retries of the dialogs: their time is skipped, not waited for.
  EXPECT_TRUE(run_until([&] {
    if (a.host().is_quiet() && b.host().is_quiet()) {
      a.host().clock().offset += 4s;
      b.host().clock().offset += 4s;
      a.host().wake();
      b.host().wake();
    }
    return b.ask("SELECT COUNT(*) FROM q") == "31";
  }));
}

TEST_F(HostTest, AfterAKillThePeersMessageArrivesAtTheNextStart) {
  set_up();
  send("'first'");
  ASSERT_TRUE(arrives(1));

  b.kill();
  paused = &b;
  send("'second'");
  ASSERT_TRUE(run_until(
      [&] { return a.ask("SELECT transmission_status FROM sys.transmission_queue").size() > 4; }));
  paused = nullptr;
  b.start();

  EXPECT_TRUE(run_until([&] {
    a.host().clock().offset += 1s;
    a.host().wake();
    return b.ask("SELECT COUNT(*) FROM q") == "2";
  }));
}

TEST_F(HostTest, APortInUseIsReportedAs9692) {
  boost::asio::ip::tcp::acceptor other(b.io, {boost::asio::ip::make_address(b.address()), port});

  set_up();

  bool logged = false;
  for (const auto& record : b.traces)
    logged = logged || (record.error && record.error->number() == 9692);
  EXPECT_TRUE(logged);
}

TEST_F(HostTest, AnUnknownHostIsReportedAs9783) {
  set_up();
  sql(a, "USE d;\nALTER ROUTE to_peer WITH ADDRESS = 'TCP://NOWHERE:4022';");

  send("'x'");

  EXPECT_TRUE(run_until([&] {
    return a.ask("SELECT transmission_status FROM sys.transmission_queue").find("NOWHERE") !=
           std::string::npos;
  }));
}

TEST_F(HostTest, TheWireShowsPlaintextWithoutEncryptionAndNoneWithIt) {
  capture.emplace(folder.path() / "clear.pcap");
  capture->add_host(a.address());
  capture->add_host(b.address());
  set_up("DISABLED");
  send("'a secret of the body'");
  ASSERT_TRUE(arrives(1));
  send("N'another one'");
  ASSERT_TRUE(arrives(2));

  EXPECT_TRUE(capture->contains("a secret of the body", a.address(), b.address()));
  EXPECT_TRUE(capture->contains("another one", a.address(), b.address()));
  EXPECT_FALSE(capture->contains("a secret of the body", a.address(), "127.0.0.1"));
  EXPECT_GT(capture->bytes_between(a.address(), b.address()), 1000U);
}

TEST_F(HostTest, TheWireShowsNoPlaintextWithEncryption) {
  capture.emplace();
  set_up("REQUIRED ALGORITHM AES");
  send("'a secret of the body'");
  ASSERT_TRUE(arrives(1));

  EXPECT_FALSE(capture->contains("a secret of the body", "", ""));
  EXPECT_TRUE(capture->contains("HOST_A", "", ""));  // the negotiation is in clear
  EXPECT_GT(capture->bytes_between("", ""), 1000U);
}

TEST_F(HostTest, ShutDownEndsInOrderAndSaysSo) {
  set_up();
  send("'x'");
  ASSERT_TRUE(arrives(1));
  bool done = false;

  b.host().shut_down([&] { done = true; });

  EXPECT_TRUE(run_until([&] { return done; }));
  EXPECT_TRUE(run_until([&] {
    for (const auto& record : a.traces) {
      if (record.event == proto::EventClass::connection &&
          record.text.find("shut down") != std::string::npos)
        return true;
    }
    return false;
  }));
}

TEST_F(HostTest, ABatchThatNeverEndsStopsNeitherTheWireNorTheEnd) {
  set_up();
  a.host().submit(1,
                  "USE d;\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE "
                  "HOST_A_service TO SERVICE 'HOST_B_service' WITH ENCRYPTION = OFF;\n"
                  "WHILE 1 = 1 SEND ON CONVERSATION @h ('x');");
  // One handler at a time: of those that are ready there is no end.
  const auto run_one_by_one = [&](const auto& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      for (Instance* instance : {&a, &b}) {
        instance->io.restart();
        instance->io.run_one_for(1ms);
      }
    }
    return condition();
  };

  EXPECT_TRUE(run_one_by_one([&] { return b.ask("SELECT COUNT(*) FROM q") != "0"; }));
  bool done = false;
  a.host().shut_down([&] { done = true; });
  EXPECT_TRUE(run_one_by_one([&] { return done; }));
}

TEST_F(HostTest, AHostThatIsDestroyedWithWorkUnderWayLeavesNothingBehind) {
  set_up();
  send("'x'");
  a.host().submit(1, "USE d;\nWAITFOR (RECEIVE * FROM q), TIMEOUT 60000;");

  a.kill();
  b.kill();

  a.io.restart();
  b.io.restart();
  a.io.run_for(100ms);
  b.io.run_for(100ms);
  EXPECT_TRUE(a.io.stopped() && b.io.stopped());  // no timer, no socket is left
}

}  // namespace
}  // namespace ssb::net
