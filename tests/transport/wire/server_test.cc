#include "transport/wire/server.h"

#include <gtest/gtest.h>

#include "tests/transport/wire/network.h"

namespace ssb::wire {
namespace {

using namespace std::chrono_literals;
using proto::EventClass;
using test::inbound_script;
using test::outbound_script;
using test::send_script;
using test::service_script;

constexpr int kUserDatabase = 5;

// Two hosts, ready to talk unless a test leaves something out.
class ServerTest : public testing::Test {
 protected:
  void make(const std::string& encryption_a = "REQUIRED ALGORITHM AES",
            const std::string& encryption_b = "REQUIRED ALGORITHM AES", bool with_connect = true,
            const std::string& expiry = "20091130") {
    network.add("HOST_A");
    network.add("HOST_B");
    network.sql("HOST_A", outbound_script("HOST_A", encryption_a, expiry));
    network.sql("HOST_B", outbound_script("HOST_B", encryption_b, expiry));
    network.sql("HOST_A", inbound_script("HOST_B"));
    network.sql("HOST_B", inbound_script("HOST_A", with_connect));
    network.sql("HOST_A", service_script("HOST_A", "HOST_B"));
    network.sql("HOST_B", service_script("HOST_B", "HOST_A"));
  }
  void send(const std::string& from, const std::string& to, const std::string& body = "'hello'") {
    network.batch(from, send_script(from, to, body));
  }
  std::string received(const std::string& host) {
    return network.ask(host, "SELECT COUNT(*) FROM q", kUserDatabase);
  }
  std::string status(const std::string& host) {
    return network.ask(host, "SELECT transmission_status FROM sys.transmission_queue",
                       kUserDatabase);
  }

  test::Network network;
};

TEST_F(ServerTest, AMessageCrossesAndOneConnectionServesBothDirections) {
  make();

  send("HOST_A", "HOST_B");

  EXPECT_EQ(received("HOST_B"), "1");
  EXPECT_EQ(status("HOST_A"), "none");
  EXPECT_EQ(network.connections("HOST_A"), 1U);
  EXPECT_TRUE(network.at("HOST_A").server->is_quiet());
  EXPECT_EQ(network.ask("HOST_A", "SELECT principal_name FROM sys.dm_broker_connections"),
            "HOST_B_login");
  EXPECT_EQ(network.ask("HOST_B", "SELECT principal_name FROM sys.dm_broker_connections"),
            "HOST_A_login");
  EXPECT_EQ(network.ask("HOST_B", "SELECT login_state_desc FROM sys.dm_broker_connections"),
            "ONLINE");
  EXPECT_EQ(network.traced("HOST_B", EventClass::audit_login, "Login Success").size(),
            2U);  // its answer's too
}

TEST_F(ServerTest, ConnectionsOpenedFromBothSidesAtOnceLeaveExactlyOne) {
  make();
  network.at("HOST_A").inputs.emplace_back(
      broker::Event(broker::BatchSubmitted{1, send_script("HOST_A", "HOST_B", "'1'")}));
  network.at("HOST_B").inputs.emplace_back(
      broker::Event(broker::BatchSubmitted{1, send_script("HOST_B", "HOST_A", "'2'")}));

  network.run();

  EXPECT_EQ(received("HOST_A"), "1");
  EXPECT_EQ(received("HOST_B"), "1");
  EXPECT_EQ(network.connections("HOST_A"), 1U);
  EXPECT_EQ(network.connections("HOST_B"), 1U);
  bool has_28032 = false;
  for (const auto& record : network.traced("HOST_A", EventClass::connection)) {
    has_28032 = has_28032 || (record.error && record.error->number() == 28032);
  }
  EXPECT_TRUE(has_28032);
}

TEST_F(ServerTest, WithoutConnectBothSidesSayWhyAndAGrantHeals) {
  make("REQUIRED ALGORITHM AES", "REQUIRED ALGORITHM AES", /*with_connect=*/false);

  send("HOST_A", "HOST_B");

  EXPECT_EQ(received("HOST_B"), "0");
  EXPECT_NE(status("HOST_A").find("HOST_A_login"), std::string::npos) << status("HOST_A");
  EXPECT_NE(status("HOST_A").find("State 84"), std::string::npos) << status("HOST_A");
  ASSERT_FALSE(network.traced("HOST_A", EventClass::audit_login, "Authorization Failure").empty());
  ASSERT_FALSE(network.traced("HOST_B", EventClass::audit_login, "Authorization Failure").empty());
  network.batch("HOST_B", "USE master;\nGRANT CONNECT ON ENDPOINT::broker TO HOST_A_login;");
  network.advance(2min);
  EXPECT_EQ(received("HOST_B"), "1");
}

TEST_F(ServerTest, AnUnknownCertificateIsLetInWherePublicHasConnect) {
  network.add("HOST_A");
  network.add("HOST_B");
  for (const std::string host : {"HOST_A", "HOST_B"}) {
    const std::string peer = host == "HOST_A" ? "HOST_B" : "HOST_A";
    network.sql(host, outbound_script(host));
    network.sql(host, service_script(host, peer));
  }
  send("HOST_A", "HOST_B");
  EXPECT_NE(status("HOST_A").find("Certificate not found"), std::string::npos) << status("HOST_A");

  for (const std::string host : {"HOST_A", "HOST_B"}) {
    network.batch(host, "USE master;\nGRANT CONNECT ON ENDPOINT::broker TO [public];");
  }
  network.advance(2min);

  EXPECT_EQ(received("HOST_B"), "1");
  const auto logins = network.traced("HOST_B", EventClass::audit_login, "Login Success");
  ASSERT_FALSE(logins.empty());
  EXPECT_EQ(*logins.front().find("login"), "public");
}

TEST_F(ServerTest, AnotherCertificateOfTheSameIssuerAndSerialFailsWith28045) {
  make();
  // HOST_B loses the certificate of HOST_A for one that differs in its signature alone.
  auto certificate = network.at("HOST_B")
                         .server->node()
                         .instance()
                         .master()
                         .table<broker::catalog::pb::Certificate>()
                         .find("HOST_A_cert");
  ASSERT_NE(certificate, nullptr);
  broker::catalog::pb::Certificate changed = *certificate;
  changed.mutable_der()->back() = static_cast<char>(changed.der().back() ^ 1);
  auto& instance = network.at("HOST_B").server->node().instance();
  auto transaction = instance.begin();
  instance.master().put(transaction, changed.id(), changed);
  ASSERT_TRUE(instance.commit(std::move(transaction)));

  send("HOST_A", "HOST_B");

  EXPECT_NE(status("HOST_A").find("State 90"), std::string::npos) << status("HOST_A");
  EXPECT_EQ(received("HOST_B"), "0");
}

TEST_F(ServerTest, OfTwoCertificatesWithOneIssuerAndSerialTheWholeOneDecides) {
  make();
  // At HOST_B the look-alike stands before the certificate of HOST_A.
  auto& instance = network.at("HOST_B").server->node().instance();
  const auto* certificate =
      instance.master().table<broker::catalog::pb::Certificate>().find("HOST_A_cert");
  ASSERT_NE(certificate, nullptr);
  broker::catalog::pb::Certificate alike = *certificate;
  alike.set_name("alike");
  alike.mutable_der()->back() = static_cast<char>(alike.der().back() ^ 1);
  broker::catalog::pb::Certificate true_one = *certificate;
  true_one.set_id(certificate->id() + 100);
  auto transaction = instance.begin();
  instance.master().put(transaction, alike.id(), alike);
  instance.master().put(transaction, true_one.id(), true_one);
  ASSERT_TRUE(instance.commit(std::move(transaction)));

  send("HOST_A", "HOST_B");

  EXPECT_EQ(status("HOST_A"), "none");
  EXPECT_EQ(received("HOST_B"), "1");
}

TEST_F(ServerTest, ExpiryCutsNoConnectionAndFailsTheNextOne) {
  make("REQUIRED ALGORITHM AES", "REQUIRED ALGORITHM AES", true, "20081126 12:01:00");
  send("HOST_A", "HOST_B");
  network.advance(65s);
  send("HOST_A", "HOST_B");
  EXPECT_EQ(received("HOST_B"), "2");

  network.cut();
  send("HOST_A", "HOST_B");
  network.advance(10s);

  EXPECT_EQ(received("HOST_B"), "2");
  EXPECT_NE(status("HOST_A").find("State 85"), std::string::npos) << status("HOST_A");
}

TEST_F(ServerTest, AClosedMasterKeyStopsTheLoginWith28037) {
  make();
  network.batch("HOST_A",
                "USE master;\nALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;\nUSE d;");

  send("HOST_A", "HOST_B");

  EXPECT_NE(status("HOST_A").find("15581"), std::string::npos) << status("HOST_A");
  EXPECT_NE(status("HOST_A").find("State 88"), std::string::npos) << status("HOST_A");
}

TEST_F(ServerTest, EncryptionThatDoesNotFitIsToldOnBothSides) {
  make("DISABLED", "REQUIRED ALGORITHM AES");

  send("HOST_A", "HOST_B");

  EXPECT_NE(status("HOST_A").find("State 22"), std::string::npos) << status("HOST_A");
  EXPECT_FALSE(network.traced("HOST_A", EventClass::audit_login, "Negotiate Failure").empty());
  EXPECT_FALSE(network.traced("HOST_B", EventClass::audit_login, "Negotiate Failure").empty());
}

TEST_F(ServerTest, WithoutAStartedEndpointTheStatusIs9666) {
  make();
  network.batch("HOST_A", "USE master;\nALTER ENDPOINT broker STATE = STOPPED;\nUSE d;");

  send("HOST_A", "HOST_B");

  EXPECT_NE(status("HOST_A").find("disabled or not configured"), std::string::npos)
      << status("HOST_A");
  EXPECT_TRUE(network.at("HOST_A").listening.empty());
}

TEST_F(ServerTest, AnUnknownHostAndARefusedPortShowAsStatus) {
  make();
  network.batch("HOST_A", "ALTER ROUTE to_peer WITH ADDRESS = 'TCP://NOWHERE:4022';");
  send("HOST_A", "HOST_B");
  EXPECT_NE(status("HOST_A").find("NOWHERE"), std::string::npos) << status("HOST_A");

  network.batch("HOST_A", "ALTER ROUTE to_peer WITH ADDRESS = 'TCP://HOST_B:4999';");
  network.advance(2min);
  EXPECT_NE(status("HOST_A").find("10061"), std::string::npos) << status("HOST_A");

  network.batch("HOST_A", "ALTER ROUTE to_peer WITH ADDRESS = 'tcp://HOST_B:4022';");
  network.advance(2min);
  EXPECT_EQ(received("HOST_B"), "1");
}

TEST_F(ServerTest, AlterEndpointCutsConnectionsAndTheyComeAgain) {
  make();
  send("HOST_A", "HOST_B");
  ASSERT_EQ(network.connections("HOST_B"), 1U);

  network.batch("HOST_B",
                "USE master;\nALTER ENDPOINT broker FOR SERVICE_BROKER (ENCRYPTION = SUPPORTED "
                "ALGORITHM AES);\nUSE d;");
  EXPECT_EQ(network.connections("HOST_B"), 0U);
  bool logged = false;
  for (const auto& record : network.traced("HOST_B", EventClass::error_log)) {
    logged = logged || (record.error && record.error->number() == 11295);
  }
  EXPECT_TRUE(logged);
  send("HOST_A", "HOST_B");
  network.advance(2min);

  EXPECT_EQ(received("HOST_B"), "2");
}

TEST_F(ServerTest, ADisabledEndpointAnswersAndRefuses) {
  make();
  network.batch("HOST_B", "USE master;\nALTER ENDPOINT broker STATE = DISABLED;\nUSE d;");

  send("HOST_A", "HOST_B");

  EXPECT_EQ(network.at("HOST_B").listening.size(), 1U);
  EXPECT_NE(status("HOST_A").find("not configured or is disabled"), std::string::npos)
      << status("HOST_A");
}

TEST_F(ServerTest, APortInUseIsLoggedAs9692) {
  network.ports_in_use.insert(4022);
  network.add("HOST_A");

  network.sql("HOST_A", outbound_script("HOST_A"));

  bool logged = false;
  for (const auto& record : network.traced("HOST_A", EventClass::error_log)) {
    logged = logged || (record.error && record.error->number() == 9692);
  }
  EXPECT_TRUE(logged);
}

TEST_F(ServerTest, ACutConnectionLosesNothingInTheEnd) {
  make();
  send("HOST_A", "HOST_B");
  network.cut();
  send("HOST_A", "HOST_B");
  network.cut();
  send("HOST_A", "HOST_B");

  network.advance(5min);

  EXPECT_EQ(received("HOST_B"), "3");
  EXPECT_EQ(status("HOST_A"), "none");
}

TEST_F(ServerTest, AnIdleConnectionIsClosedAndOpenedAgainOnDemand) {
  make();
  send("HOST_A", "HOST_B");

  network.advance(5min);
  EXPECT_EQ(network.connections("HOST_A"), 0U);
  send("HOST_A", "HOST_B");

  EXPECT_EQ(received("HOST_B"), "2");
  EXPECT_EQ(status("HOST_A"), "none");
}

TEST_F(ServerTest, ARouteToItselfGoesThroughItsOwnListener) {
  make();
  network.batch(
      "HOST_A",
      "ALTER ROUTE to_peer WITH SERVICE_NAME = 'HOST_A_service', ADDRESS = 'TCP://HOST_A:4022';");

  network.batch("HOST_A",
                "DECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE HOST_A_service TO "
                "SERVICE 'HOST_A_service', "
                "'00000000-0000-0000-0000-000000000000' WITH ENCRYPTION = OFF;\nSEND ON "
                "CONVERSATION @h ('x');");

  for (const auto& record : network.traced("HOST_A", EventClass::connection)) {
    EXPECT_FALSE(record.error && record.error->number() == 28032);
  }
}

TEST_F(ServerTest, ManyMessagesOfOneBatchLeaveInFewWrites) {
  make();
  send("HOST_A", "HOST_B");
  const std::string before =
      network.ask("HOST_A", "SELECT total_sends FROM sys.dm_broker_connections");

  network.batch("HOST_A",
                "DECLARE @h uniqueidentifier, @i int;\nBEGIN DIALOG @h FROM SERVICE HOST_A_service "
                "TO SERVICE "
                "'HOST_B_service' WITH ENCRYPTION = OFF;\nSET @i = 0;\nBEGIN TRANSACTION;\nWHILE "
                "@i < 100 BEGIN\nSEND ON "
                "CONVERSATION @h ('x');\nSET @i = @i + 1;\nEND;\nCOMMIT;");

  EXPECT_EQ(received("HOST_B"), "101");
  const std::string after =
      network.ask("HOST_A", "SELECT total_sends FROM sys.dm_broker_connections");
  EXPECT_LE(std::stoi(after) - std::stoi(before), 20);
}

TEST_F(ServerTest, APeerThatStopsReadingStopsItsWriterWithoutGrowth) {
  make();
  send("HOST_A", "HOST_B");
  network.at("HOST_B").reads = false;
  const auto before = network.bytes_written;

  for (int i = 0; i < 40; ++i)
    send("HOST_A", "HOST_B", "REPLICATE(CONVERT(varbinary(max), 'x'), 200000)");

  EXPECT_LE(network.bytes_written - before, kWriteBytesMax + 2 * proto::kFrameBytesMax);
}

TEST_F(ServerTest, TooManyConnectionsThatDoNotLogInAreTurnedAway) {
  make();
  Server& server = *network.at("HOST_B").server;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kUnauthenticatedPerHostMax + 5; ++i) {
    server.handle(Accepted{server.next_connection(), EndpointKind::service_broker,
                           "10.0.0.1:" + std::to_string(1000 + i)},
                  network.now);
  }
  Outputs outputs;
  server.commit(network.now, outputs);
  for (const auto& output : outputs)
    refused += std::holds_alternative<CloseConnection>(output) ? 1 : 0;
  EXPECT_EQ(refused, 5U);
  EXPECT_FALSE(server.is_quiet());

  network.advance(kHandshakeTime + 1s);  // then the slow ones are cut off
  EXPECT_TRUE(server.is_quiet());
}

TEST_F(ServerTest, MirroringEndpointsLogInByTheSameRules) {
  for (const std::string host : {"HOST_A", "HOST_B"}) {
    network.add(host);
    network.sql(
        host, "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Passw0rd!1';\nCREATE CERTIFICATE " +
                  host + "_cert WITH SUBJECT = '" + host +
                  "', EXPIRY_DATE = '20091130';\nCREATE ENDPOINT mirroring STATE = "
                  "STARTED AS TCP (LISTENER_PORT = 7024) FOR DATABASE_MIRRORING (AUTHENTICATION = "
                  "CERTIFICATE " +
                  host +
                  "_cert, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL);\nBACKUP CERTIFICATE " +
                  host + "_cert TO FILE = '" + host +
                  ".cer';\nGRANT CONNECT ON ENDPOINT::mirroring TO [public];");
  }
  // Unknown certificates are never let in here, whatever public may.
  ASSERT_TRUE(network.at("HOST_A").server->connect_mirroring("TCP://HOST_B:7024", network.now));
  network.run();
  ASSERT_FALSE(network.traced("HOST_B", EventClass::audit_login, "Authentication Failure").empty());

  for (const std::string host : {"HOST_A", "HOST_B"}) {
    const std::string peer = host == "HOST_A" ? "HOST_B" : "HOST_A";
    network.sql(host,
                "CREATE LOGIN p WITH PASSWORD = 'Passw0rd!1';\nCREATE USER p FOR LOGIN p;\nCREATE "
                "CERTIFICATE " +
                    peer + "_cert AUTHORIZATION p FROM FILE = '" + peer +
                    ".cer';\nGRANT CONNECT ON ENDPOINT::mirroring TO p;");
  }
  ASSERT_TRUE(network.at("HOST_A").server->connect_mirroring("TCP://HOST_B:7024", network.now));
  network.run();

  EXPECT_EQ(network.traced("HOST_B", EventClass::audit_login, "Login Success").size(), 1U);
  EXPECT_EQ(
      network.at("HOST_A").server->connect_mirroring("nonsense", network.now).error().number(),
      9785);
}

TEST_F(ServerTest, ShuttingDownTellsThePeer) {
  make();
  send("HOST_A", "HOST_B");
  Outputs outputs;

  network.at("HOST_B").server->shut_down(network.now, outputs);

  std::size_t writes = 0;
  std::size_t closes = 0;
  for (const auto& output : outputs) {
    writes += std::holds_alternative<Write>(output) ? 1 : 0;
    closes += std::holds_alternative<CloseConnection>(output) ? 1 : 0;
  }
  EXPECT_EQ(writes, 1U);
  EXPECT_EQ(closes, 1U);
}

}  // namespace
}  // namespace ssb::wire
