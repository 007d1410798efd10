// A whole server against a peer that is let in and then misbehaves.
#include <gtest/gtest.h>

#include "tests/transport/wire/network.h"
#include "tests/transport/wire/parties.h"

namespace ssb::wire {
namespace {

using proto::EventClass;

class HostilePeerTest : public testing::Test {
 protected:
  HostilePeerTest() {
    network.add("HOST_B");
    network.sql("HOST_B", test::outbound_script("HOST_B"));
    network.sql("HOST_B", test::service_script("HOST_B", "HOST_A"));
    network.batch("HOST_B", "USE master;\nGRANT CONNECT ON ENDPOINT::broker TO [public];\nUSE d;");
  }

  // Lets every server in, as the hostile one does not care.
  struct AnyServer : test::TableAuthority {
    using TableAuthority::TableAuthority;
    proto::Result<PeerIdentity> identify(const broker::crypto::X509Certificate&, proto::TimePoint,
                                         Findings&) const override {
      return PeerIdentity{1, "any", "any"};
    }
  };
  struct Peer {
    ConnectionId id;
    std::unique_ptr<Connection> connection;
  };

  Server& server() { return *network.at("HOST_B").server; }
  Peer connect(const AnyServer& own, const std::string& claimed_instance) {
    Peer peer{server().next_connection(), nullptr};
    ConnectionSettings settings;
    settings.offer = test::aes_offer("HOST_X");
    settings.offer.set_instance_id(claimed_instance);
    settings.remote = "HOST_B";
    peer.connection = std::make_unique<Connection>(std::move(settings), own, network.now);
    server().handle(Accepted{peer.id, EndpointKind::service_broker, "10.0.0.1:40000"}, network.now);
    peer.connection->connected(network.now);
    exchange(peer);
    return peer;
  }
  void exchange(Peer& peer) {
    for (bool moved = true; moved;) {
      moved = false;
      if (peer.connection->needs_verdict()) peer.connection->decide(std::nullopt, network.now);
      proto::Bytes bytes = peer.connection->take_output();
      if (!bytes.empty()) {
        server().handle(Received{peer.id, std::move(bytes)}, network.now);
        moved = true;
      }
      Outputs outputs;
      server().commit(network.now, outputs);
      for (Output& output : outputs) {
        if (auto* trace = std::get_if<broker::Trace>(&output)) traces.push_back(trace->record);
        if (auto* write = std::get_if<Write>(&output)) {
          server().handle(Written{write->connection, write->bytes.size()}, network.now);
          if (write->connection != peer.id) continue;
          peer.connection->receive(write->bytes, network.now);
          moved = true;
        }
      }
    }
  }
  std::size_t traced(EventClass event) {
    std::size_t found = 0;
    for (const auto& record : traces) found += record.event == event ? 1 : 0;
    return found;
  }
  static void send(Peer& peer, const proto::DialogMessage& message) {
    proto::Boxcar boxcar;
    boxcar.add(message);
    peer.connection->send(boxcar, test::kNoon);
  }

  test::Network network;
  AnyServer authority{OwnCertificate{"X", test::certificate("HOST_X", 2), test::key(2)}};
  std::vector<proto::TraceRecord> traces;
};

TEST_F(HostilePeerTest, AMessageWithoutHopsIsDroppedWith11285) {
  Peer peer = connect(authority, std::string(16, 'x'));
  ASSERT_EQ(peer.connection->phase(), Connection::Phase::online);

  send(peer, {proto::Bytes(10, 1), proto::Bytes(10, 2), 0, 0});
  exchange(peer);

  ASSERT_EQ(traced(EventClass::forwarded_message_dropped), 1U);
  for (const auto& record : traces) {
    if (record.event != EventClass::forwarded_message_dropped) continue;
    EXPECT_EQ(record.error->number(), 11285);
  }
  EXPECT_EQ(peer.connection->phase(), Connection::Phase::online);
}

TEST_F(HostilePeerTest, AHopCountOutOfRangeEndsTheConnectionWithEvent161) {
  Peer peer = connect(authority, std::string(16, 'x'));

  send(peer, {proto::Bytes(10, 1), proto::Bytes(10, 2), 1000, 0});
  exchange(peer);

  EXPECT_EQ(traced(EventClass::corrupted_message), 1U);
  ASSERT_TRUE(peer.connection->end());
  EXPECT_NE(peer.connection->end()->error->text().find("hop count"), std::string::npos);
}

TEST_F(HostilePeerTest, GarbageAsADialogHeaderLeavesTheServerAndTheConnection) {
  Peer peer = connect(authority, std::string(16, 'x'));

  for (std::uint8_t fill = 0; fill < 8; ++fill) {
    send(peer, {proto::Bytes(500, fill), proto::Bytes(500, fill), 16, UINT64_MAX});
  }
  exchange(peer);

  EXPECT_EQ(peer.connection->phase(), Connection::Phase::online);
  EXPECT_EQ(network.ask("HOST_B", "SELECT COUNT(*) FROM q", 5), "0");
}

TEST_F(HostilePeerTest, AClaimedInstanceIdEvictsNobody) {
  Peer honest = connect(authority, std::string(16, 'h'));
  ASSERT_EQ(honest.connection->phase(), Connection::Phase::online);
  const AnyServer thief_authority{
      OwnCertificate{"Y", test::certificate("HOST_Y", 1), test::key(1)}};

  Peer thief = connect(thief_authority, std::string(16, 'h'));

  EXPECT_EQ(thief.connection->phase(), Connection::Phase::online);
  EXPECT_EQ(network.ask("HOST_B", "SELECT COUNT(*) FROM sys.dm_broker_connections"), "2");
}

TEST_F(HostilePeerTest, AThirdPartyBytesAfterTheEndReachNobody) {
  Peer peer = connect(authority, std::string(16, 'x'));
  peer.connection->close(proto::adjacent::Close::IDLE, network.now);
  exchange(peer);

  server().handle(Received{peer.id, proto::Bytes(100, 0x17)}, network.now);
  server().handle(Closed{peer.id, "late"}, network.now);
  server().handle(Written{peer.id, 5}, network.now);
  Outputs outputs;
  server().commit(network.now, outputs);

  EXPECT_TRUE(server().is_quiet());
}

}  // namespace
}  // namespace ssb::wire
