// Works of a client inside the host's process: what they write to tables goes with what they send, or not at all.
#include "proto/error_code.h"
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

constexpr const char* kInsert = "INSERT INTO \"dbo.Sent\"(n) VALUES(?1)";

class ClientTest : public testing::Test {
 protected:
  ClientTest() { pair_.a.must("USE Sender; CREATE TABLE Sent(n bigint NOT NULL PRIMARY KEY)"); }

  void run(std::function<proto::Result<ClientStep>(Client&)> work) {
    pair_.a.node->handle(ClientWork{1, std::move(work)}, pair_.a.now);
    pair_.a.commit();
  }
  // One row and one message.
  static proto::Result<ClientStep> write_and_send(Client& client, std::int64_t number) {
    const auto database = client.database("Sender");
    const auto written = client.execute(*database, kInsert, {number});
    if (!written) return written.error();
    conversation::BeginDialogRequest request;
    request.database = *database;
    request.from_service = "SenderService";
    request.to_service = "ReceiverService";
    request.contract = "C";
    request.encryption = false;
    const auto dialog = client.begin_dialog(request);
    if (!dialog) return dialog.error();
    if (auto sent = client.send(*database, *dialog, "Request", proto::Bytes{1}); !sent)
      return sent.error();
    return ClientStep::done;
  }
  // A RECEIVE of the target; what it takes is in `received_`.
  proto::Result<ClientStep> receive(Client& client) {
    const auto database = client.database("Receiver");
    conversation::ReceiveRequest request;
    request.database = *database;
    request.queue = *client.queue_of(*database, "ReceiverService");
    request.top = 10;
    auto messages = client.receive(request);
    if (!messages) return messages.error();
    received_ = std::move(*messages);
    return received_.empty() ? ClientStep::wait : ClientStep::done;
  }
  void receive_when_there_is_something() {
    pair_.b.node->handle(ClientWork{2, [this](Client& client) { return receive(client); }},
                         pair_.b.now);
    pair_.b.commit();
  }
  void answer() {
    const auto reply = [this](Client& client) -> proto::Result<ClientStep> {
      const auto sent = client.send(*client.database("Receiver"),
                                    received_.at(0).conversation_handle, "Reply", proto::Bytes{1});
      if (!sent) return sent.error();
      return ClientStep::done;
    };
    pair_.b.node->handle(ClientWork{3, reply}, pair_.b.now);
    pair_.b.commit();
  }
  void send_again() {
    pair_.a.must(
        "USE Sender; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
        "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'again')");
  }
  // One message has been answered, so later ones of both sides carry what acknowledges.
  void converse() {
    pair_.a.must(pair_.begin_and_send(1));
    ASSERT_TRUE(pair_.deliver());
    receive_when_there_is_something();
    answer();
    ASSERT_TRUE(pair_.deliver());
  }
  std::string rows() { return pair_.a.value("Sender", "SELECT COUNT(*) FROM Sent"); }

  Pair pair_{Pair::Mode::none};
  std::vector<conversation::QueuedMessage> received_;
};

TEST_F(ClientTest, WhatAWorkWritesAndSendsIsThereTogether) {
  run([](Client& client) { return write_and_send(client, 7); });
  ASSERT_TRUE(pair_.deliver());

  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(pair_.delivered(), "1");
}

TEST_F(ClientTest, AWorkThatFailsOrWaitsHasDoneNothing) {
  run([](Client& client) -> proto::Result<ClientStep> {
    static_cast<void>(write_and_send(client, 7));
    return proto::Error(proto::ErrorCode::not_supported, "going on");
  });
  bool was_asked = false;
  run([&was_asked](Client& client) -> proto::Result<ClientStep> {
    if (!std::exchange(was_asked, true)) static_cast<void>(write_and_send(client, 8));
    return ClientStep::wait;
  });
  ASSERT_TRUE(pair_.deliver());

  EXPECT_EQ(rows(), "0");
  EXPECT_EQ(pair_.delivered(), "0");
}

TEST_F(ClientTest, AStatementThatCannotBeRunIsAnErrorAndNothingIsSent) {
  run([](Client& client) { return write_and_send(client, 7); });
  std::optional<proto::Error> error;
  run([&error](Client& client) -> proto::Result<ClientStep> {
    const auto twice = write_and_send(client, 7);
    if (!twice) error = twice.error();
    return twice;
  });
  ASSERT_TRUE(pair_.deliver());

  ASSERT_TRUE(error);
  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(pair_.delivered(), "1");
}

TEST_F(ClientTest, AStatementBesideWhoChangesTheDatabaseIs1222) {
  pair_.a.must("USE Sender; BEGIN TRANSACTION; INSERT INTO Sent VALUES (1)");
  std::optional<proto::Error> error;

  run([&error](Client& client) -> proto::Result<ClientStep> {
    const auto sent = write_and_send(client, 7);
    if (!sent) error = sent.error();
    return sent;
  });

  ASSERT_TRUE(error);
  EXPECT_EQ(error->number(), 1222);
}

TEST_F(ClientTest, AnAnswerInTheNextTurnCarriesTheAcknowledgement) {
  converse();
  receive_when_there_is_something();
  send_again();
  ASSERT_EQ(pair_.a.sent.size(), 1U);
  pair_.b.arrive(pair_.a.sent.front().message);

  ASSERT_EQ(received_.size(), 1U);
  EXPECT_TRUE(pair_.b.sent.empty());
  EXPECT_EQ(pair_.b.node->deadline(), kAtOnce);
  answer();
  ASSERT_EQ(pair_.b.sent.size(), 1U);
  pair_.a.arrive(pair_.b.sent.front().message);
  EXPECT_EQ(pair_.pending(), "0");
  pair_.b.tick();
  EXPECT_EQ(pair_.b.sent.size(), 1U);
}

TEST_F(ClientTest, WithoutAnAnswerTheAcknowledgementLeavesInTheNextTurn) {
  converse();
  receive_when_there_is_something();
  send_again();
  pair_.b.arrive(pair_.a.sent.front().message);
  ASSERT_TRUE(pair_.b.sent.empty());

  pair_.b.tick();

  ASSERT_EQ(pair_.b.sent.size(), 1U);
  EXPECT_NE(pair_.b.node->deadline(), kAtOnce);
  pair_.a.arrive(pair_.b.sent.front().message);
  EXPECT_EQ(pair_.pending(), "0");
}

TEST_F(ClientTest, AReceiveThatWaitsTakesAllThatCameBeforeACommit) {
  converse();
  receive_when_there_is_something();
  send_again();
  send_again();
  ASSERT_EQ(pair_.a.sent.size(), 2U);
  for (const Transmit& transmit : pair_.a.sent)
    pair_.b.node->handle(MessageArrived{transmit.message, "peer"}, pair_.b.now);
  pair_.b.commit();

  EXPECT_EQ(received_.size(), 2U);
}

}  // namespace
}  // namespace ssb::broker::tests
