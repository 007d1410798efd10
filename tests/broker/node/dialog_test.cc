// Two nodes and a bad wire: exactly once, in order, whatever happens to messages, clocks and processes.
#include <random>

#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;

class NodeDialogTest : public testing::TestWithParam<Pair::Mode> {};
INSTANTIATE_TEST_SUITE_P(Modes, NodeDialogTest,
                         testing::Values(Pair::Mode::full, Pair::Mode::anonymous,
                                         Pair::Mode::none));

TEST_P(NodeDialogTest, MessagesArriveOnceInOrderAndAreForgottenBySender) {
  Pair pair(GetParam());

  pair.a.must(pair.begin_and_send(20));
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.delivered(), "20");
  EXPECT_EQ(pair.wrong_order(), "0");
  EXPECT_EQ(pair.pending(), "0");
}

TEST_P(NodeDialogTest, ALossyRepeatingWireStillDeliversOnceInOrder) {
  Pair pair(GetParam());
  std::mt19937 dice(7);
  const Pair::Wire bad = [&dice](bool, proto::DialogMessage&) {
    const auto roll = dice() % 10;
    return roll < 3 ? 0 : roll < 5 ? 2 : 1;
  };

  pair.a.must(pair.begin_and_send(40));
  for (int i = 0; i < 40 && pair.pending() != "0"; ++i) {
    ASSERT_TRUE(pair.deliver(bad));
    pair.advance(64s);
  }

  EXPECT_EQ(pair.delivered(), "40");
  EXPECT_EQ(pair.wrong_order(), "0");
  EXPECT_EQ(pair.pending(), "0");
}

TEST_P(NodeDialogTest, AReplyAndBothEndsLeaveTheInitiatorEmpty) {
  Pair pair(GetParam());
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());

  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
      "ReceiverQueue;"
      "SEND ON CONVERSATION @h MESSAGE TYPE Reply (N'done'); END CONVERSATION @h;");
  ASSERT_TRUE(pair.deliver());
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
      "SenderQueue;"
      "END CONVERSATION @h;");
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.a.value("Sender", "SELECT COUNT(*) FROM sys.conversation_endpoints"), "0");
  EXPECT_EQ(pair.b.value("Receiver", "SELECT state FROM sys.conversation_endpoints"), "CD");
}

TEST_P(NodeDialogTest, EachSideMayBeKilledAfterAnyMessage) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("ssb_node_dialog_" + std::to_string(::getpid()));
  for (int kill_at = 1; kill_at <= 12; ++kill_at) {
    std::filesystem::remove_all(folder);
    Pair pair(GetParam(), folder);
    int passed = 0;
    pair.a.must(pair.begin_and_send(5));
    const Pair::Wire killing = [&](bool from_a, proto::DialogMessage&) {
      if (++passed != kill_at) return 1;
      Machine& victim = from_a ? pair.b : pair.a;  // the receiver dies with the message
      victim.kill();
      victim.sent.clear();
      victim.start();
      return 0;
    };
    for (int i = 0; i < 12 && (i < 2 || pair.pending() != "0"); ++i) {
      ASSERT_TRUE(pair.deliver(killing));
      pair.advance(64s);
    }
    EXPECT_EQ(pair.delivered(), "5") << "killed at message " << kill_at;
    EXPECT_EQ(pair.wrong_order(), "0") << "killed at message " << kill_at;
    EXPECT_EQ(pair.pending(), "0") << "killed at message " << kill_at;
  }
  std::filesystem::remove_all(folder);
}

TEST(NodeSecurityTest, OneChangedByteAnywhereIsRefusedAndNamed) {
  for (const auto mode : {Pair::Mode::full, Pair::Mode::anonymous}) {
    Pair pair(mode);
    pair.a.must(pair.begin_and_send(1));
    ASSERT_EQ(pair.a.sent.size(), 1U);
    const proto::DialogMessage original = pair.a.sent.front().message;
    const std::size_t size = original.header.size() + original.body.size();
    for (std::size_t at = 0; at < size; ++at) {
      proto::DialogMessage changed = original;
      auto& byte = at < changed.header.size() ? changed.header[at]
                                              : changed.body[at - changed.header.size()];
      byte ^= 0x01;
      pair.b.traces.clear();
      pair.b.now += 3s;  // failed private key operations are limited a source; time forgives

      pair.b.arrive(changed);

      const std::size_t named = pair.b.count(EventClass::message_undeliverable) +
                                pair.b.count(EventClass::corrupted_message);
      ASSERT_GE(named, 1U) << "byte " << at;
      ASSERT_TRUE(pair.b.sent.empty()) << "an answer to a forged message, byte " << at;
    }
    EXPECT_EQ(pair.delivered(), "0");
    pair.b.arrive(original);
    EXPECT_EQ(pair.delivered(), "1");
  }
}

// Claim D20, once the target has a key of its own.
TEST(NodeSecurityTest, AnAcknowledgementComesUnderTheKeyOfWhatItAnswers) {
  Pair pair(Pair::Mode::full);
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());
  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
      "ReceiverQueue; SEND ON CONVERSATION @h MESSAGE TYPE Reply (N'done');");
  ASSERT_TRUE(pair.deliver());
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'again');");
  ASSERT_EQ(pair.a.sent.size(), 1U);
  const proto::DialogMessage again = pair.a.sent.front().message;

  pair.b.arrive(again);
  pair.b.tick();

  ASSERT_EQ(pair.b.sent.size(), 1U);
  EXPECT_EQ(header_of(pair.b.sent.front().message).security().session_key_id(),
            header_of(again).security().session_key_id());
}

TEST(NodeSecurityTest, AReplayAfterCleanupMeetsTheTombstone) {
  Pair pair(Pair::Mode::full);
  pair.a.must(pair.begin_and_send(1));
  const proto::DialogMessage first = pair.a.sent.front().message;
  ASSERT_TRUE(pair.deliver());
  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
      "ReceiverQueue;"
      "END CONVERSATION @h WITH CLEANUP;");

  pair.b.arrive(first);

  EXPECT_EQ(pair.delivered(), "0");
  EXPECT_EQ(pair.b.count(EventClass::message_undeliverable, 11212), 1U);
}

TEST(NodeSecurityTest, AReplayToALiveConversationIsAcknowledgedAndNotDelivered) {
  Pair pair(Pair::Mode::full);
  pair.a.must(pair.begin_and_send(1));
  const proto::DialogMessage first = pair.a.sent.front().message;
  ASSERT_TRUE(pair.deliver());

  pair.b.arrive(first);

  EXPECT_EQ(pair.delivered(), "1");
  EXPECT_EQ(pair.b.count(EventClass::message_undeliverable, 11218), 1U);
  EXPECT_EQ(pair.b.sent.size(), 1U);
}

TEST(NodeRetryTest, AnUnansweredMessageIsSentAgainAfter4_8_16_32AndThen64Seconds) {
  Pair pair(Pair::Mode::none);
  pair.a.must(pair.begin_and_send(1));
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 6; ++i) {
    pair.a.sent.clear();
    const proto::TimePoint before = pair.a.now;
    pair.a.now = pair.a.node->deadline();
    pair.a.tick();
    ASSERT_EQ(pair.a.sent.size(), 1U);
    waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(pair.a.now - before).count());
  }

  EXPECT_EQ(waits, (std::vector<std::int64_t>{4, 8, 16, 32, 64, 64}));
}

TEST(NodeLifetimeTest, BothSidesGetError8489WhenTheLifetimeIsOver) {
  Pair pair(Pair::Mode::none);
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
      "SERVICE 'ReceiverService' "
      "ON CONTRACT C WITH ENCRYPTION = OFF, LIFETIME = 60; SEND ON CONVERSATION @h MESSAGE TYPE "
      "Request (N'0');");
  ASSERT_TRUE(pair.deliver());

  pair.advance(61s);

  const std::string errors =
      "SELECT COUNT(*) FROM %Q WHERE message_type_name = "
      "'http://schemas.microsoft.com/SQL/ServiceBroker/Error' AND "
      "CAST(message_body AS nvarchar(max)) LIKE '%-8489%'";
  std::string at_a = errors;
  std::string at_b = errors;
  at_a.replace(at_a.find("%Q"), 2, "SenderQueue");
  at_b.replace(at_b.find("%Q"), 2, "ReceiverQueue");
  EXPECT_EQ(pair.a.value("Sender", at_a), "1");
  EXPECT_EQ(pair.b.value("Receiver", at_b), "1");
  EXPECT_EQ(
      Machine::errors(pair.a.run(
          "USE Sender; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
          "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'1');")),
      std::vector<int>{8429});
}

TEST(NodeTimerTest, AConversationTimerPutsADialogTimerMessageInItsOwnQueue) {
  Pair pair(Pair::Mode::none);
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
      "SERVICE 'ReceiverService' "
      "ON CONTRACT C WITH ENCRYPTION = OFF; BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;");
  pair.advance(29s);
  EXPECT_EQ(pair.a.value("Sender", "SELECT COUNT(*) FROM SenderQueue"), "0");

  pair.advance(1s);

  EXPECT_EQ(pair.a.value("Sender", "SELECT message_type_name FROM SenderQueue"),
            "http://schemas.microsoft.com/SQL/ServiceBroker/DialogTimer");
}

TEST(NodeEndTest, EndWithErrorReachesThePeerAndDropsWhatWasNotSent) {
  Pair pair(Pair::Mode::full);
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());

  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints;"
      "END CONVERSATION @h WITH ERROR = 1234 DESCRIPTION = N'no more';");
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.b.value("Receiver", "SELECT state FROM sys.conversation_endpoints"), "ER");
  EXPECT_EQ(pair.b.value(
                "Receiver",
                "SELECT COUNT(*) FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(max)) LIKE "
                "'%<Code>1234</Code>%'"),
            "1");
}

TEST(NodeRetentionTest, AClosedTargetStays30MinutesAfterTheInitiatorSawItsFirstAck) {
  Pair pair(Pair::Mode::full);
  pair.a.must(pair.begin_and_send(2));
  ASSERT_TRUE(pair.deliver());  // message 1 says that the ack of message 0 was seen
  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints;"
      "END CONVERSATION @h;");
  ASSERT_TRUE(pair.deliver());
  ASSERT_EQ(pair.b.value("Receiver", "SELECT state FROM sys.conversation_endpoints"), "CD");

  pair.advance(29min);
  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_endpoints"), "1");
  pair.advance(2min);
  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_endpoints"), "0");
}

TEST(NodeGroupTest, ARolledBackReceiveGivesItsMessagesBackInOrder) {
  Pair pair(Pair::Mode::none);
  pair.a.must(pair.begin_and_send(3));
  ASSERT_TRUE(pair.deliver());
  pair.b.must("USE Receiver; BEGIN TRAN; RECEIVE TOP (2) * FROM ReceiverQueue;");

  pair.b.must("ROLLBACK");

  EXPECT_EQ(pair.delivered(), "3");
  EXPECT_EQ(pair.b.value("Receiver", "SELECT MIN(message_sequence_number) FROM ReceiverQueue"),
            "0");
}

TEST(NodeGroupTest, ALockedGroupIsPassedOverByAnotherSession) {
  Pair pair(Pair::Mode::none);
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());
  pair.b.node->handle(SessionOpened{2, {}}, pair.b.now);
  pair.b.must("USE Receiver; BEGIN TRAN; RECEIVE TOP (1) * FROM ReceiverQueue;");

  pair.b.output.clear();
  pair.b.node->handle(
      BatchSubmitted{2,
                     "USE Receiver; RECEIVE * FROM ReceiverQueue; RECEIVE * FROM ReceiverQueue;"},
      pair.b.now);
  pair.b.commit();

  std::vector<std::size_t> rows;
  for (const auto& item : pair.b.output) {
    if (const auto* set = std::get_if<tsql::RowSet>(&item)) rows.push_back(set->rows.size());
  }
  EXPECT_EQ(rows, (std::vector<std::size_t>{1, 0}));
}

TEST(NodeGroupTest, WaitforReceiveWakesWhenAMessageArrives) {
  Pair pair(Pair::Mode::none);
  pair.b.run(
      "USE Receiver; WAITFOR (RECEIVE TOP (1) CAST(message_body AS nvarchar(20)) AS body FROM "
      "ReceiverQueue), TIMEOUT 60000;");
  ASSERT_TRUE(pair.b.node->is_busy(1));

  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());

  EXPECT_FALSE(pair.b.node->is_busy(1));
  EXPECT_EQ(pair.delivered(), "0");
}

TEST(NodeFragmentTest, ALargeMessageArrivesWholeThroughALossyWire) {
  Pair pair(Pair::Mode::full);
  std::mt19937 dice(11);
  pair.a.must(
      "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
      "SERVICE 'ReceiverService' "
      "ON CONTRACT C; SEND ON CONVERSATION @h MESSAGE TYPE Request (REPLICATE(CAST('0123456789' AS "
      "varchar(max)), 100000));");
  for (int i = 0; i < 60 && pair.pending() != "0"; ++i) {
    ASSERT_TRUE(
        pair.deliver([&dice](bool, proto::DialogMessage&) { return dice() % 10 == 0 ? 0 : 1; }));
    pair.advance(64s);
  }

  EXPECT_EQ(pair.b.value("Receiver", "SELECT DATALENGTH(message_body) FROM ReceiverQueue"),
            "1000000");
}

// Otherwise those that send without a pause would starve those that wait.
TEST(NodeLinkTest, WhoComesNewSendsAfterThoseThatWaitForRoom) {
  Pair pair(Pair::Mode::none);
  for (int i = 0; i < 2; ++i) pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());
  const auto send = [&pair](int rank, int messages) {
    pair.a.must(
        "USE Sender; DECLARE @h uniqueidentifier, @i int; SET @i = 0; SELECT @h = "
        "conversation_handle FROM sys.conversation_endpoints ORDER BY conversation_handle " +
        std::string(rank == 0 ? "ASC" : "DESC") + "; WHILE @i < " + std::to_string(messages) +
        " BEGIN SEND ON CONVERSATION @h MESSAGE TYPE Request (REPLICATE(CAST('x' AS "
        "varchar(max)), 60000)); SET @i = @i + 1; END");
  };
  constexpr int kMessages = 60;  // 3.6 MB
  send(0, kMessages);
  const std::size_t first = pair.a.sent.size();
  ASSERT_LT(first, std::size_t{kMessages});
  for (int i = 0; i < 5; ++i) pair.a.give_room(pair.a.sent[static_cast<std::size_t>(i)]);
  ASSERT_EQ(pair.a.sent.size(), first);  // half of it must be free before those that wait get some

  send(1, 1);

  EXPECT_EQ(pair.a.sent.size(), first);
  ASSERT_TRUE(pair.deliver());  // gives the room of the first five again, which there is not
  EXPECT_EQ(pair.delivered(), std::to_string(2 + kMessages + 1));
  EXPECT_EQ(pair.pending(), "0");
}

}  // namespace
}  // namespace ssb::broker::tests
