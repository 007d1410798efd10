// TCP in virtual time: what arrives, when, and what each fault really does.
#include "sim/network.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// Two hosts; host 1 listens on port 4022. What happens is told as words, with the virtual milliseconds.
class NetworkTest : public testing::Test {
 protected:
  NetworkTest()
      : network_(scheduler_, Random(1),
                 [this](HostNumber host, const wire::Input& input) { note(host, input); }, {}) {
    network_.next_connection = [this](HostNumber) { return ++last_id_; };
    network_.probe = [this](const char* name) { ++probes_[name]; };
    network_.listen(1, {wire::EndpointKind::service_broker, "", 4022});
    log_.clear();
  }

  void note(HostNumber host, const wire::Input& input) {
    const auto at = std::to_string(
        std::chrono::duration_cast<milliseconds>(scheduler_.now().time_since_epoch()).count());
    const std::string who = at + " " + std::to_string(host) + " ";
    if (const auto* accepted = std::get_if<wire::Accepted>(&input)) {
      server_id_ = accepted->connection;
      log_.push_back(who + "accepted");
    } else if (std::holds_alternative<wire::Connected>(input)) {
      log_.push_back(who + "connected");
    } else if (const auto* failed = std::get_if<wire::ConnectFailed>(&input)) {
      log_.push_back(who + "failed " + std::to_string(failed->error.number()));
    } else if (const auto* received = std::get_if<wire::Received>(&input)) {
      log_.push_back(who + std::string(received->bytes.begin(), received->bytes.end()));
    } else if (const auto* closed = std::get_if<wire::Closed>(&input)) {
      log_.push_back(who + "closed" + (closed->reason.empty() ? "" : " " + closed->reason));
    } else if (const auto* written = std::get_if<wire::Written>(&input)) {
      if (out().clog.count() > 0) log_.push_back(who + "written " + std::to_string(written->bytes));
    } else if (const auto* result = std::get_if<wire::ListenResult>(&input)) {
      log_.push_back(who + "listens" + (result->error ? " no" : ""));
    }
  }
  void run(proto::Duration time = std::chrono::hours(1)) {
    const auto latest = scheduler_.now() + time;
    while (scheduler_.run_next(latest)) {
    }
  }
  void connect(wire::ConnectionId id = 7) {
    network_.connect(0, id, 1, "B", 4022);
    run();
    log_.clear();
  }
  static proto::Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }
  // The link from host 0 to host 1, and back.
  LinkSettings& out() { return network_.link(0, 1); }

  Scheduler scheduler_{proto::TimePoint()};
  Network network_;
  std::vector<std::string> log_;
  std::map<std::string, int> probes_;
  wire::ConnectionId last_id_ = 100;
  wire::ConnectionId server_id_ = 0;
};

TEST_F(NetworkTest, AConnectionTakesARoundTripAndBytesArriveInOrder) {
  out().delay = milliseconds(10);
  network_.link(1, 0).delay = milliseconds(5);

  network_.connect(0, 7, 1, "B", 4022);
  run();
  network_.write(0, 7, bytes("one"));
  network_.write(0, 7, bytes("two"));
  run();
  network_.write(1, server_id_, bytes("back"));
  run();

  EXPECT_THAT(log_,
              ElementsAre("10 1 accepted", "15 0 connected", "25 1 one", "25 1 two", "30 0 back"));
  EXPECT_TRUE(network_.is_quiet());
}

TEST_F(NetworkTest, NoListenerRefusesAndNoSuchHostIsUnknown) {
  network_.connect(0, 7, 1, "B", 4023);
  network_.connect(0, 8, std::nullopt, "nowhere", 4022);
  run();

  EXPECT_THAT(log_, ElementsAre("0 0 failed 9783", "0 0 failed 9754"));
}

TEST_F(NetworkTest, APortThatIsTakenIsNotListenedOnTwice) {
  network_.listen(1, {wire::EndpointKind::database_mirroring, "", 4022});
  network_.stop_listening(1, wire::EndpointKind::service_broker);
  network_.listen(1, {wire::EndpointKind::database_mirroring, "", 4022});

  EXPECT_THAT(log_, ElementsAre("0 1 listens no", "0 1 listens"));
}

TEST_F(NetworkTest, JitterNeverReordersBytes) {
  connect();
  out().jitter = milliseconds(50);

  for (char c = 'a'; c <= 'z'; ++c) network_.write(0, 7, bytes(std::string(1, c)));
  run();

  std::string seen;
  for (const std::string& line : log_) seen += line.back();
  EXPECT_EQ(seen, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(probes_["network.jittered"], 26);
  EXPECT_GT(scheduler_.now().time_since_epoch(), milliseconds(25));
}

TEST_F(NetworkTest, BandwidthSpreadsBytesOverTime) {
  connect();
  out().bytes_per_second = 1000;
  const auto start = scheduler_.now();

  network_.write(0, 7, proto::Bytes(500));
  network_.write(0, 7, proto::Bytes(500));
  run();

  EXPECT_GE(scheduler_.now() - start, seconds(1));
  EXPECT_LT(scheduler_.now() - start, seconds(1) + milliseconds(1));
}

TEST_F(NetworkTest, AStallHoldsBytesBackAndLosesNone) {
  connect();
  out().stalled_until = scheduler_.now() + seconds(5);

  network_.write(0, 7, bytes("late"));
  run(seconds(4));
  EXPECT_TRUE(log_.empty());
  run();

  EXPECT_THAT(log_, ElementsAre("5000 1 late"));
  EXPECT_EQ(probes_["network.stalled"], 1);
}

TEST_F(NetworkTest, CorruptionChangesExactlyOneByteOfOneWrite) {
  connect();
  out().corrupt_next = 1;

  network_.write(0, 7, bytes("aaaaaaaa"));
  network_.write(0, 7, bytes("aaaaaaaa"));
  run();

  ASSERT_EQ(log_.size(), 2U);
  const std::string first = log_[0].substr(log_[0].rfind(' ') + 1);
  EXPECT_EQ(std::count(first.begin(), first.end(), 'a'), 7);
  EXPECT_EQ(probes_["network.corrupted"], 1);
  EXPECT_THAT(log_[1], testing::EndsWith("aaaaaaaa"));
}

TEST_F(NetworkTest, APartitionHoldsBytesUntilItHeals) {
  connect();
  network_.partition(0, 1);

  network_.write(0, 7, bytes("one"));
  network_.write(1, server_id_, bytes("back"));
  run(seconds(60));
  EXPECT_TRUE(log_.empty());
  network_.heal();
  run();

  EXPECT_EQ(log_.size(), 2U);
}

TEST_F(NetworkTest, APartitionThatLastsEndsTheConnectionsThatWait) {
  connect();
  network_.partition(0, 1);

  network_.write(0, 7, bytes("lost"));
  run(std::chrono::hours(1));
  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 closed timed out")));
  network_.heal();
  run();

  EXPECT_THAT(log_.back(), testing::EndsWith("1 closed connection reset by peer"));
}

TEST_F(NetworkTest, APartitionThatHealedIsForgottenByTheNextOne) {
  connect();
  network_.partition(0, 1);
  network_.write(0, 7, bytes("kept"));
  run(std::chrono::minutes(5));
  network_.heal();
  run(std::chrono::minutes(1));
  network_.partition(0, 1);
  run();

  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("1 kept")));
}

TEST_F(NetworkTest, ConnectingThroughAPartitionTimesOut) {
  network_.partition(0, 1);

  network_.connect(0, 7, 1, "B", 4022);
  run();

  EXPECT_THAT(log_, ElementsAre("21000 0 failed 9754"));
}

TEST_F(NetworkTest, OneDirectionCanBeBlockedAlone) {
  connect();
  network_.block(0, 1);

  network_.write(0, 7, bytes("held"));
  network_.write(1, server_id_, bytes("back"));
  run(seconds(60));
  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 back")));
  network_.unblock(0, 1);
  run(seconds(60));

  EXPECT_THAT(log_.back(), testing::EndsWith("1 held"));
  EXPECT_EQ(probes_["network.partitioned"], 2);
}

TEST_F(NetworkTest, OfOneWhoseBytesArriveButWhoHearsNothingTheConnectionEnds) {
  connect();
  network_.block(1, 0);

  network_.write(0, 7, bytes("there"));
  run();

  EXPECT_THAT(log_,
              ElementsAre(testing::EndsWith("1 there"), testing::EndsWith("0 closed timed out"),
                          testing::EndsWith("1 closed connection reset by peer")));
}

TEST_F(NetworkTest, ConnectingThroughOneBlockedDirectionTimesOutEitherWay) {
  for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 0)}) {
    log_.clear();
    const auto begin = scheduler_.now();
    network_.block(static_cast<HostNumber>(from), static_cast<HostNumber>(to));
    network_.connect(0, 7, 1, "B", 4022);
    run(seconds(30));
    EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 failed 9754")));
    EXPECT_GE(scheduler_.now() - begin, kConnectTimeout);
    network_.unblock(static_cast<HostNumber>(from), static_cast<HostNumber>(to));
  }
}

TEST_F(NetworkTest, AClogTakesBytesAtOnceAndGivesThemOutInBursts) {
  connect();
  out().clog = seconds(10);

  network_.write(0, 7, bytes("a"));
  run(seconds(3));
  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 written 1")));
  scheduler_.advance_to(scheduler_.now() + seconds(3));
  network_.write(0, 7, bytes("b"));
  run();

  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 written 1"), testing::EndsWith("0 written 1"),
                                "10000 1 a", "10000 1 b"));
  EXPECT_EQ(probes_["network.clogged"], 2);
}

TEST_F(NetworkTest, NewConnectionsCanBeRefusedOrNeverAnsweredWhileOldOnesLive) {
  connect();
  out().connects = LinkSettings::Connects::refused;
  network_.connect(0, 8, 1, "B", 4022);
  run();
  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 failed 9754")));
  EXPECT_LT(scheduler_.now().time_since_epoch(), seconds(1));

  out().connects = LinkSettings::Connects::lost;
  network_.connect(0, 9, 1, "B", 4022);
  run();
  network_.write(0, 7, bytes("alive"));
  run();

  EXPECT_THAT(log_[1], testing::EndsWith("0 failed 9754"));
  EXPECT_GT(scheduler_.now().time_since_epoch(), kConnectTimeout);
  EXPECT_THAT(log_[2], testing::EndsWith("1 alive"));
  EXPECT_EQ(probes_["network.connect_refused"], 1);
  EXPECT_EQ(probes_["network.connect_lost"], 1);
}

TEST_F(NetworkTest, ACutEndsBothEndsAndWhatWasUnderWayIsLost) {
  connect();

  network_.write(0, 7, bytes("lost"));
  network_.cut(1, 0);
  run();

  EXPECT_EQ(probes_["network.cut"], 1);
  EXPECT_THAT(log_, testing::UnorderedElementsAre(testing::HasSubstr("0 closed connection reset"),
                                                  testing::HasSubstr("1 closed connection reset")));
}

TEST_F(NetworkTest, ACloseComesAfterTheBytesBeforeIt) {
  connect();

  network_.write(0, 7, bytes("last"));
  network_.close(0, 7);
  run();

  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("1 last"), testing::EndsWith("1 closed")));
}

TEST_F(NetworkTest, AHostThatIsGoneResetsItsPeersAndRefusesNewOnes) {
  connect();

  network_.remove_host(1);
  run();
  network_.connect(0, 8, 1, "B", 4022);
  run();

  EXPECT_THAT(log_, ElementsAre(testing::EndsWith("0 closed connection reset by peer"),
                                testing::EndsWith("0 failed 9754")));
}

TEST_F(NetworkTest, AnIdThatIsUsedAgainGetsNothingOfItsFormerLife) {
  connect();
  network_.write(1, server_id_, bytes("old"));
  network_.remove_host(0);
  network_.connect(0, 7, 1, "B", 4022);
  run();

  for (const std::string& line : log_) EXPECT_THAT(line, testing::Not(testing::EndsWith("old")));
  EXPECT_THAT(log_.back(), testing::EndsWith("0 connected"));
}

TEST_F(NetworkTest, AddressesLeadBackToTheirHosts) {
  for (const HostNumber host : {HostNumber{0}, HostNumber{1}, HostNumber{254}, HostNumber{700}})
    EXPECT_EQ(Network::host_of(Network::address_of(host) + ":4022"), host);
  EXPECT_EQ(Network::host_of("127.0.0.1:4022"), std::nullopt);
  EXPECT_EQ(Network::host_of("10.0.0.0"), std::nullopt);
  EXPECT_EQ(Network::host_of("10.0."), std::nullopt);
}

}  // namespace
}  // namespace ssb::sim
