// Messages for a queue with STATUS = OFF: held by the target's database, and on the queue, once and in order, when it is on again.
#include <unistd.h>

#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;

constexpr int kQueueDisabled = 11219;
const std::string kOff = "USE Receiver; ALTER QUEUE ReceiverQueue WITH STATUS = OFF;";
const std::string kOn = "USE Receiver; ALTER QUEUE ReceiverQueue WITH STATUS = ON;";

class NodeHeldTest : public testing::Test {
 protected:
  NodeHeldTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("ssb_node_held_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  NodeHeldTest(const NodeHeldTest&) = delete;
  NodeHeldTest& operator=(const NodeHeldTest&) = delete;
  ~NodeHeldTest() override { std::filesystem::remove_all(folder_); }

  static std::string held(Pair& pair) {
    return pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.transmission_queue");
  }
  static void send(Pair& pair, int messages) {
    pair.a.must(pair.begin_and_send(messages));
    EXPECT_TRUE(pair.deliver());
  }

  std::filesystem::path folder_;
};

TEST_F(NodeHeldTest, RepeatedMessagesAreHeldOnceAndComeInOrder) {
  Pair pair(Pair::Mode::full);
  pair.b.must(kOff);

  pair.a.must(pair.begin_and_send(5));
  ASSERT_TRUE(pair.deliver([](bool, proto::DialogMessage&) { return 3; }));
  EXPECT_EQ(pair.pending(), "0");
  EXPECT_EQ(held(pair), "5");
  EXPECT_EQ(pair.delivered(), "0");
  pair.b.must(kOn);

  EXPECT_EQ(pair.delivered(), "5");
  EXPECT_EQ(pair.wrong_order(), "0");
  EXPECT_EQ(held(pair), "0");
  EXPECT_EQ(pair.b.count(EventClass::message_undeliverable, kQueueDisabled), 0U);
}

TEST_F(NodeHeldTest, ARestartKeepsThemAndWhereTheySleep) {
  Pair pair(Pair::Mode::full, folder_, false, /*awake_endpoints_max=*/0);
  pair.b.must(kOff);
  send(pair, 3);
  send(pair, 2);

  pair.b.kill();
  pair.b.start();
  EXPECT_EQ(held(pair), "5");
  pair.b.must(kOn);
  pair.b.kill();
  pair.b.start();

  EXPECT_EQ(pair.delivered(), "5");
  EXPECT_EQ(pair.wrong_order(), "0");
  EXPECT_EQ(held(pair), "0");
}

TEST_F(NodeHeldTest, OnUncommittedLetsNothingPassThoseThatAreHeld) {
  Pair pair(Pair::Mode::none);
  pair.b.must(kOff);
  pair.a.must(pair.begin_and_send(2));
  ASSERT_TRUE(pair.deliver());
  pair.b.must("BEGIN TRAN; " + kOn);
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'2');");
  ASSERT_TRUE(pair.deliver());
  EXPECT_EQ(held(pair), "3");

  pair.b.must("ROLLBACK");
  EXPECT_EQ(held(pair), "3");
  pair.b.must("BEGIN TRAN; " + kOn + "COMMIT");

  EXPECT_EQ(pair.delivered(), "3");
  EXPECT_EQ(pair.wrong_order(), "0");
}

TEST_F(NodeHeldTest, TheyGoToTheQueueOfTheirServiceAndTheGroupOfTheirConversation) {
  Pair pair(Pair::Mode::none);
  pair.b.must(kOff);
  send(pair, 1);

  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier, @own uniqueidentifier, @g uniqueidentifier;"
      "SELECT @h = conversation_handle FROM sys.conversation_endpoints;"
      "BEGIN DIALOG @own FROM SERVICE ReceiverService TO SERVICE 'SenderService' ON CONTRACT C;"
      "SELECT @g = conversation_group_id FROM sys.conversation_endpoints WHERE conversation_handle "
      "= "
      "@own; MOVE CONVERSATION @h TO @g;");
  pair.b.must("USE Receiver; CREATE QUEUE Other; ALTER SERVICE ReceiverService ON QUEUE Other;");

  EXPECT_EQ(pair.b.value("Receiver",
                         "SELECT COUNT(*) FROM Other WHERE conversation_group_id IN (SELECT "
                         "conversation_group_id FROM sys.conversation_endpoints WHERE is_initiator "
                         "= 1)"),
            "1");
  EXPECT_EQ(held(pair), "0");
  pair.b.must("USE Receiver; RECEIVE * FROM Other;");
}

// The pack of what is held goes with what was received before it was written, so the held message moves.
TEST_F(NodeHeldTest, AMessageThatMovesInTheLogIsFoundAgain) {
  Pair pair(Pair::Mode::none, folder_);
  pair.a.must(
      "USE Sender; CREATE ROUTE other WITH SERVICE_NAME = 'OtherService', ADDRESS = "
      "'TCP://B:4022';");
  pair.b.must(
      "USE Receiver; CREATE QUEUE Other; CREATE SERVICE OtherService ON QUEUE Other (C); GRANT "
      "SEND ON SERVICE::OtherService TO public;");
  pair.b.must(kOff);
  pair.a.must(pair.begin_and_send(1));
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
      "SERVICE 'OtherService' ON CONTRACT C WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h MESSAGE "
      "TYPE Request (REPLICATE(N'x', 4000));");

  for (const Transmit& transmit : std::exchange(pair.a.sent, {}))
    pair.b.node->handle(MessageArrived{transmit.message, "peer"}, pair.b.now);
  pair.b.must("USE Receiver; RECEIVE * FROM Other;");
  pair.b.must(kOn);

  EXPECT_EQ(pair.delivered(), "1");
  EXPECT_EQ(pair.wrong_order(), "0");
}

TEST_F(NodeHeldTest, MoreThanTheBoundIsRefusedWith11219AndStaysAtTheSender) {
  Pair pair(Pair::Mode::none);
  pair.b.must(kOff);
  const std::string begin =
      "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
      "SERVICE 'ReceiverService' ON CONTRACT C WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h "
      "MESSAGE TYPE Request (REPLICATE(CAST('x' AS varchar(max)), 5500000));";
  for (int i = 0; i < 3; ++i) {
    pair.a.must(begin);
    ASSERT_TRUE(pair.deliver());
  }
  EXPECT_EQ(held(pair), "3");
  EXPECT_EQ(pair.pending(), "0");

  pair.a.must(begin);
  ASSERT_TRUE(pair.deliver());
  EXPECT_EQ(held(pair), "3");
  EXPECT_EQ(pair.pending(), "1");
  EXPECT_EQ(pair.b.count(EventClass::message_undeliverable, kQueueDisabled), 1U);
  pair.b.must(kOn);
  EXPECT_EQ(pair.delivered(), "3");
  pair.advance(64s);
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.delivered(), "4");
  EXPECT_EQ(pair.pending(), "0");
  for (const conversation::Fill& fill : pair.b.node->engine().fills()) {
    EXPECT_FALSE(fill.what == "bytes of messages held for queues that are off" && fill.is != 0);
  }
}

}  // namespace
}  // namespace ssb::broker::tests
