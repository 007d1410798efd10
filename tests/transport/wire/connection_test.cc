#include "transport/wire/connection.h"

#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/transport/wire/parties.h"

namespace ssb::wire {
namespace {

using namespace std::chrono_literals;
using proto::adjacent::Close;
using test::kStart;

constexpr std::size_t kHeaderBytes = 20;

proto::DialogMessage message(std::size_t body_bytes, std::uint8_t fill = 7) {
  return {proto::Bytes(kHeaderBytes, fill), proto::Bytes(body_bytes, fill), 16, 0};
}

// An initiator and an acceptor joined back to back, which agree to go online.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : ConnectionTest(EndpointKind::service_broker) {}
  explicit ConnectionTest(EndpointKind kind) {
    ConnectionSettings settings;
    settings.id = 1;
    settings.kind = kind;
    settings.offer = parties.initiator_offer;
    settings.remote = "tcp://HOST_B:4022";
    initiator.emplace(settings, parties.initiator_authority, kStart);
    settings.id = 2;
    settings.role = Handshake::Role::acceptor;
    settings.offer = parties.acceptor_offer;
    settings.remote = "127.0.0.2:41022";
    acceptor.emplace(settings, parties.acceptor_authority, kStart);
  }

  // Carries bytes until both are silent. Returns how many went.
  std::size_t exchange(proto::TimePoint now = kStart) {
    std::size_t carried = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (auto [from, to] :
           {std::pair(&*initiator, &*acceptor), std::pair(&*acceptor, &*initiator)}) {
        if (from->needs_verdict()) from->decide(std::nullopt, now);
        const proto::Bytes bytes = from->take_output();
        if (bytes.empty()) continue;
        moved = true;
        carried += bytes.size();
        from->written(bytes.size(), now);
        to->receive(bytes, now);
      }
    }
    return carried;
  }
  void go_online() {
    initiator->connected(kStart);
    exchange();
    ASSERT_EQ(initiator->phase(), Connection::Phase::online);
    ASSERT_EQ(acceptor->phase(), Connection::Phase::online);
  }
  static void send(Connection& from, const proto::DialogMessage& what,
                   proto::TimePoint now = kStart) {
    proto::Boxcar boxcar;
    boxcar.add(what);
    from.send(boxcar, now);
  }
  static bool has_trace(Connection& connection, proto::EventClass event,
                        std::string_view subclass = {}) {
    for (const auto& record : connection.take_traces()) {
      if (record.event == event && (subclass.empty() || record.subclass_name == subclass))
        return true;
    }
    return false;
  }

  test::Parties parties;
  std::optional<Connection> initiator;
  std::optional<Connection> acceptor;
};

TEST_F(ConnectionTest, BothSidesGoOnlineAndSayWhoIsThere) {
  go_online();

  EXPECT_EQ(initiator->login().identity().login, "HOST_B_login");
  EXPECT_EQ(initiator->login_state(), 12);
  EXPECT_STREQ(login_state_name(initiator->login_state()), "ONLINE");
  EXPECT_FALSE(initiator->is_to_itself());
  EXPECT_TRUE(has_trace(*acceptor, proto::EventClass::audit_login, "Login Success"));
}

TEST_F(ConnectionTest, MessagesArriveInOrderWithWhatHopsChanged) {
  go_online();
  proto::Boxcar boxcar;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    proto::DialogMessage made = message(i, i);
    made.hops_remaining = i;
    made.time_spent_us = std::uint64_t{1000} * i;
    boxcar.add(made);
  }

  initiator->send(boxcar, kStart);
  exchange();
  const auto arrivals = acceptor->take_arrivals();

  ASSERT_EQ(arrivals.size(), 3U);
  for (std::uint8_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(arrivals[i - 1U].body, message(i, i).body);
    EXPECT_EQ(arrivals[i - 1U].hops_remaining, i);
    EXPECT_EQ(arrivals[i - 1U].time_spent_us, 1000U * i);
  }
  EXPECT_EQ(acceptor->statistics().messages_received, 3U);
}

TEST_F(ConnectionTest, AReaderThatDoesNotMakeDurableStopsItsWriterAtTheCredit) {
  go_online();
  std::size_t sent = 0;
  while (initiator->can_send()) {
    send(*initiator, message(60'000));
    exchange();
    sent += 60'000;
  }
  EXPECT_GE(sent, kCreditBytes - 120'000);
  EXPECT_LE(sent, kCreditBytes + proto::kFrameBytesMax);
  EXPECT_TRUE(initiator->is_send_flow_controlled());

  acceptor->arrivals_are_durable();
  exchange();

  EXPECT_TRUE(initiator->can_send());
}

TEST_F(ConnectionTest, AWriterWaitsForASocketThatTakesNothing) {
  go_online();
  std::size_t sent = 0;
  while (initiator->can_send()) {
    send(*initiator, message(60'000));
    sent += initiator->take_output().size();  // given to the host, never reported as written
  }

  EXPECT_LE(sent, kWriteBytesMax + proto::kFrameBytesMax);
  initiator->written(sent, kStart);
  EXPECT_TRUE(initiator->can_send());
  while (initiator->can_send()) {  // until the peer's credit is used up
    send(*initiator, message(60'000));
    const std::size_t bytes = initiator->take_output().size();
    sent += bytes;
    initiator->written(bytes, kStart);
  }
  EXPECT_GE(sent, kCreditBytes - proto::kFrameBytesMax);
  EXPECT_LE(sent, kCreditBytes + 2 * proto::kFrameBytesMax);
}

TEST_F(ConnectionTest, ASilentPeerIsAskedAndThenLeft) {
  go_online();
  const auto ask_at = initiator->deadline();
  EXPECT_EQ(ask_at, kStart + kKeepAliveAfter);
  EXPECT_EQ(initiator->settle_deadline(), proto::kNever);

  initiator->expire(ask_at);
  EXPECT_FALSE(initiator->take_output().empty());
  EXPECT_EQ(initiator->deadline(), ask_at + kKeepAliveTime);
  initiator->expire(ask_at + kKeepAliveTime);

  ASSERT_TRUE(initiator->end());
  EXPECT_EQ(initiator->end()->kind, ConnectionEnd::Kind::failed);
  EXPECT_EQ(initiator->end()->error->number(), 9755);
}

TEST_F(ConnectionTest, AnAnsweredKeepAliveKeepsTheConnection) {
  go_online();
  const auto ask_at = initiator->deadline();

  initiator->expire(ask_at);
  exchange(ask_at);

  EXPECT_EQ(initiator->phase(), Connection::Phase::online);
  EXPECT_EQ(initiator->deadline(), ask_at + kKeepAliveAfter);
}

TEST_F(ConnectionTest, AfterAJumpOfTheClockTheInitiatorClosesTheIdleConnectionInOrder) {
  go_online();

  initiator->expire(kStart + std::chrono::hours(720));
  exchange(kStart + std::chrono::hours(720));

  ASSERT_TRUE(initiator->end() && acceptor->end());
  EXPECT_EQ(initiator->end()->kind, ConnectionEnd::Kind::idle);
  EXPECT_EQ(acceptor->end()->kind, ConnectionEnd::Kind::idle);
}

TEST_F(ConnectionTest, AnAlteredRecordEndsTheConnectionWith9755) {
  go_online();
  send(*initiator, message(100));
  proto::Bytes bytes = initiator->take_output();
  bytes[bytes.size() / 2] ^= 1;

  acceptor->receive(bytes, kStart);

  ASSERT_TRUE(acceptor->end());
  EXPECT_EQ(acceptor->end()->error->number(), 9755);
  EXPECT_TRUE(acceptor->take_arrivals().empty());
}

TEST_F(ConnectionTest, AReplayedRecordEndsTheConnection) {
  go_online();
  send(*initiator, message(100));
  const proto::Bytes bytes = initiator->take_output();

  acceptor->receive(bytes, kStart);
  acceptor->receive(bytes, kStart);

  EXPECT_EQ(acceptor->take_arrivals().size(), 1U);
  EXPECT_EQ(acceptor->phase(), Connection::Phase::ended);
}

TEST_F(ConnectionTest, AnEndOfStreamWithoutAReasonIsAFailure) {
  go_online();

  acceptor->peer_closed("", kStart);

  ASSERT_TRUE(acceptor->end());
  EXPECT_EQ(acceptor->end()->error->number(), 9755);
}

TEST_F(ConnectionTest, WhatTheOwnerRefusesIsEvent161OnBothSides) {
  go_online();

  acceptor->refuse_data(proto::Error(proto::ErrorCode::corrupt_message, "HOST_A", "a reason"),
                        kStart);
  exchange();

  EXPECT_TRUE(has_trace(*acceptor, proto::EventClass::corrupted_message));
  EXPECT_TRUE(has_trace(*initiator, proto::EventClass::corrupted_message));
  ASSERT_TRUE(initiator->end());
  EXPECT_NE(initiator->end()->error->text().find("a reason"), std::string::npos);
}

TEST_F(ConnectionTest, TheOrderlyEndsAreToldApart) {
  go_online();

  initiator->close(Close::ENDPOINT_CHANGED, kStart,
                   proto::Error(proto::ErrorCode::endpoint_changed, "broker"));
  exchange();

  EXPECT_EQ(initiator->end()->error->number(), 11295);
  EXPECT_EQ(acceptor->end()->error->number(), 9755);
  EXPECT_NE(acceptor->end()->error->text().find("endpoint was changed"), std::string::npos);
}

TEST_F(ConnectionTest, AConnectionThatNobodyAnswersFailsWith9754) {
  EXPECT_EQ(initiator->deadline(), kStart + kConnectTime);

  initiator->expire(kStart + kConnectTime);

  ASSERT_TRUE(initiator->end());
  EXPECT_EQ(initiator->end()->error->number(), 9754);
  EXPECT_TRUE(has_trace(*initiator, proto::EventClass::connection, "Connect Failed"));
}

TEST_F(ConnectionTest, ARefusedLoginIsAuditedAndLoggedOnBothSides) {
  parties.acceptor_authority.peers.insert_or_assign(
      parties.initiator_authority.own->certificate.fingerprint(),
      proto::Error(proto::ErrorCode::no_connect_on_endpoint, "HOST_A_login", "84")
          .with_state(kStateNoConnect));

  initiator->connected(kStart);
  exchange();

  for (Connection* side : {&*initiator, &*acceptor}) {
    ASSERT_TRUE(side->end());
    EXPECT_EQ(side->end()->error->number(), 28034);
    bool audited = false;
    bool logged = false;
    for (const auto& record : side->take_traces()) {
      if (record.event == proto::EventClass::audit_login) {
        audited = true;
        EXPECT_EQ(record.subclass, static_cast<int>(LoginAudit::authorization_failure));
        EXPECT_EQ(record.error->state, 84);
        EXPECT_EQ(*record.find("login"), "HOST_A_login");
        EXPECT_EQ(*record.find("decided by"), side == &*acceptor ? "this instance" : "the peer");
      }
      if (record.event == proto::EventClass::error_log) {
        logged = true;
        EXPECT_EQ(record.error->number(), 28048);
      }
    }
    EXPECT_TRUE(audited && logged);
  }
}

TEST_F(ConnectionTest, ThePeerThatHoldsTheGreaterCertificateDecides) {
  initiator->connected(kStart);
  for (int i = 0; i < 8; ++i) {  // as exchange, without a verdict
    for (auto [from, to] :
         {std::pair(&*initiator, &*acceptor), std::pair(&*acceptor, &*initiator)}) {
      const proto::Bytes bytes = from->take_output();
      if (!bytes.empty()) to->receive(bytes, kStart);
    }
  }

  ASSERT_EQ(initiator->phase(), Connection::Phase::arbitrating);
  ASSERT_EQ(acceptor->phase(), Connection::Phase::arbitrating);
  EXPECT_NE(initiator->needs_verdict(), acceptor->needs_verdict());
  EXPECT_EQ(initiator->needs_verdict(),
            initiator->login().own_fingerprint() > initiator->login().peer_fingerprint());
  EXPECT_EQ(initiator->settle_deadline(), kStart + kArbitrationTime);
}

class ArbitrationTest : public ConnectionTest {
 protected:
  // Both logged in; `arbiter` has been told of another connection, `other_side` has the question.
  void propose(const proto::Bytes& token) {
    initiator->connected(kStart);
    for (int i = 0; i < 8; ++i) carry();
    arbiter = initiator->needs_verdict() ? &*initiator : &*acceptor;
    other_side = initiator->needs_verdict() ? &*acceptor : &*initiator;
    arbiter->decide(token, kStart);
    carry();
    ASSERT_TRUE(other_side->question());
    ASSERT_EQ(*other_side->question(), token);
  }
  void carry() {
    for (auto [from, to] :
         {std::pair(&*initiator, &*acceptor), std::pair(&*acceptor, &*initiator)}) {
      const proto::Bytes bytes = from->take_output();
      if (!bytes.empty()) to->receive(bytes, kStart);
    }
  }
  Connection* arbiter = nullptr;
  Connection* other_side = nullptr;
};

TEST_F(ArbitrationTest, WhereBothKnowTheOtherConnectionThisOneEndsWith28032) {
  propose(proto::Bytes(16, 1));

  other_side->answer(true, kStart);
  carry();
  carry();

  for (Connection* side : {arbiter, other_side}) {
    ASSERT_TRUE(side->end());
    EXPECT_EQ(side->end()->kind, ConnectionEnd::Kind::duplicate);
    EXPECT_EQ(side->end()->error->number(), 28032);
  }
}

TEST_F(ArbitrationTest, WhereThePeerLostTheOtherConnectionThisOneProceeds) {
  propose(proto::Bytes(16, 1));

  other_side->answer(false, kStart);
  carry();
  ASSERT_TRUE(arbiter->superseded());
  EXPECT_EQ(*arbiter->superseded(), proto::Bytes(16, 1));
  arbiter->proceed(kStart);
  carry();

  EXPECT_EQ(arbiter->phase(), Connection::Phase::online);
  EXPECT_EQ(other_side->phase(), Connection::Phase::online);
}

TEST_F(ArbitrationTest, APeerThatDoesNotAnswerIsLeftInTime) {
  propose(proto::Bytes(16, 1));

  arbiter->expire(kStart + kArbitrationTime);

  ASSERT_TRUE(arbiter->end());
  EXPECT_EQ(arbiter->end()->error->number(), 9755);
}

class MirroringConnectionTest : public ConnectionTest {
 protected:
  MirroringConnectionTest() : ConnectionTest(EndpointKind::database_mirroring) {}
};

TEST_F(MirroringConnectionTest, DataIsRefusedWhileThereIsNoMirroring) {
  go_online();

  send(*initiator, message(10));
  exchange();

  EXPECT_TRUE(acceptor->take_arrivals().empty());
  EXPECT_EQ(acceptor->phase(), Connection::Phase::ended);
  EXPECT_EQ(initiator->phase(), Connection::Phase::ended);
}

}  // namespace
}  // namespace ssb::wire
