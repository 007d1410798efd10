// Poison messages: five rollbacks in a row switch the queue off.
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;

constexpr int kQueueDisabled = 9617;

class NodePoisonTest : public testing::Test {
 protected:
  NodePoisonTest() {
    pair_.a.must(pair_.begin_and_send(3));
    EXPECT_TRUE(pair_.deliver());
  }
  void roll_back(int times, const std::string& where = {}) {
    for (int i = 0; i < times; ++i)
      b_.must("USE Receiver; BEGIN TRAN; RECEIVE TOP (1) * FROM ReceiverQueue" + where +
              "; ROLLBACK;");
  }
  std::string is_on() {
    return b_.value("Receiver",
                    "SELECT CAST(is_receive_enabled AS int) + CAST(is_enqueue_enabled AS int) FROM "
                    "sys.service_queues WHERE name = 'ReceiverQueue'");
  }

  Pair pair_{Pair::Mode::none};
  Machine& b_ = pair_.b;
};

TEST_F(NodePoisonTest, FiveRollbacksInARowSwitchTheQueueOffAndKeepTheMessages) {
  roll_back(4);
  ASSERT_EQ(is_on(), "2");

  roll_back(1);

  EXPECT_EQ(is_on(), "0");
  EXPECT_EQ(b_.count(EventClass::queue_disabled), 1U);
  EXPECT_EQ(pair_.delivered(), "3");
  EXPECT_EQ(Machine::errors(b_.run("USE Receiver; RECEIVE * FROM ReceiverQueue")),
            std::vector<int>{kQueueDisabled});
}

TEST_F(NodePoisonTest, WhatArrivesMeanwhileIsAcknowledgedAndHeld) {
  roll_back(5);

  pair_.a.must(pair_.begin_and_send(1));
  ASSERT_TRUE(pair_.deliver());
  EXPECT_EQ(pair_.pending(), "0");
  EXPECT_EQ(pair_.delivered(), "3");
  EXPECT_EQ(b_.value("Receiver", "SELECT COUNT(*) FROM sys.transmission_queue"), "1");
  b_.must("USE Receiver; ALTER QUEUE ReceiverQueue WITH STATUS = ON;");

  EXPECT_EQ(pair_.delivered(), "4");
  EXPECT_EQ(b_.value("Receiver", "SELECT COUNT(*) FROM sys.transmission_queue"), "0");
}

TEST_F(NodePoisonTest, OnceSwitchedOnTheCountBeginsAnew) {
  roll_back(5);
  b_.must("USE Receiver; ALTER QUEUE ReceiverQueue WITH STATUS = ON;");

  roll_back(4);
  EXPECT_EQ(is_on(), "2");
  roll_back(1);
  EXPECT_EQ(is_on(), "0");
}

TEST_F(NodePoisonTest, ACommitInBetweenBeginsTheCountAnew) {
  pair_.a.must(pair_.begin_and_send(1));
  ASSERT_TRUE(pair_.deliver());
  const std::string poison = b_.value(
      "Receiver",
      "SELECT TOP (1) CAST(conversation_handle AS nvarchar(40)) FROM ReceiverQueue ORDER BY "
      "queuing_order");
  const std::string other = b_.value(
      "Receiver",
      "SELECT TOP (1) CAST(conversation_handle AS nvarchar(40)) FROM ReceiverQueue ORDER BY "
      "queuing_order DESC");
  ASSERT_NE(poison, other);
  const auto where = [](const std::string& handle) {
    return " WHERE conversation_handle = '" + handle + "'";
  };

  roll_back(4, where(poison));
  b_.must("USE Receiver; RECEIVE TOP (1) * FROM ReceiverQueue" + where(other));
  roll_back(4, where(poison));
  EXPECT_EQ(is_on(), "2");

  roll_back(1, where(poison));
  EXPECT_EQ(is_on(), "0");
}

TEST_F(NodePoisonTest, RollbacksOfAnotherMessageBeginTheCountAnew) {
  roll_back(4);
  b_.must("USE Receiver; RECEIVE TOP (1) * FROM ReceiverQueue;");

  roll_back(4);

  EXPECT_EQ(is_on(), "2");
}

TEST_F(NodePoisonTest, AStatementThatUndoesItselfIsNoRollback) {
  for (int i = 0; i < 6; ++i) {
    b_.must(
        "USE Receiver; BEGIN TRAN; SAVE TRAN s; RECEIVE TOP (1) * FROM ReceiverQueue; ROLLBACK "
        "TRAN s; COMMIT;");
  }

  EXPECT_EQ(is_on(), "2");
}

TEST_F(NodePoisonTest, PoisonMessageHandlingOffLeavesTheQueueOn) {
  b_.must("USE Receiver; ALTER QUEUE ReceiverQueue WITH POISON_MESSAGE_HANDLING (STATUS = OFF);");

  roll_back(6);

  EXPECT_EQ(is_on(), "2");
  EXPECT_EQ(b_.count(EventClass::queue_disabled), 0U);
}

TEST_F(NodePoisonTest, ADatabaseThatAnotherTransactionIsChangingIsWaitedFor) {
  b_.node->handle(SessionOpened{2, {}}, b_.now);
  b_.node->handle(BatchSubmitted{2, "USE Receiver; BEGIN TRAN; CREATE QUEUE Other;"}, b_.now);
  b_.commit();

  roll_back(5);
  EXPECT_EQ(is_on(), "2");
  b_.node->handle(BatchSubmitted{2, "COMMIT"}, b_.now);
  b_.commit();

  EXPECT_EQ(is_on(), "0");
}

TEST_F(NodePoisonTest, WhoWaitsForAMessageHearsThatTheQueueWasSwitchedOff) {
  b_.node->handle(SessionOpened{2, {}}, b_.now);
  roll_back(4);
  b_.must("USE Receiver; BEGIN TRAN; RECEIVE TOP (1) * FROM ReceiverQueue;");
  b_.node->handle(BatchSubmitted{2, "USE Receiver; WAITFOR (RECEIVE * FROM ReceiverQueue);"},
                  b_.now);
  b_.commit();
  ASSERT_TRUE(b_.node->is_busy(2));

  const tsql::Output out = b_.run("ROLLBACK");

  EXPECT_FALSE(b_.node->is_busy(2));
  EXPECT_EQ(Machine::errors(out), std::vector<int>{kQueueDisabled});
}

}  // namespace
}  // namespace ssb::broker::tests
