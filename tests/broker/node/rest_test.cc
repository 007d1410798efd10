// Conversations asleep: only rows, and yet whatever happens to conversations happens to them.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "broker/conversation/message_log.h"
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;
using testing::Each;
using testing::SizeIs;

constexpr std::size_t kAwake = 2;
constexpr int kDialogs = 7;

class NodeRestTest : public testing::Test {
 protected:
  NodeRestTest() = default;
  NodeRestTest(const NodeRestTest&) = delete;
  NodeRestTest& operator=(const NodeRestTest&) = delete;
  ~NodeRestTest() override { std::filesystem::remove_all(folder_); }

  // Dialogs whose first message was received and answered, so that nothing of them is under way.
  void make_dialogs(int count = kDialogs) {
    for (int i = 0; i < count; ++i) {
      pair.a.must(pair.begin_and_send(1));
      ASSERT_TRUE(pair.deliver());
      pair.b.must(
          "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle "
          "FROM ReceiverQueue; SEND ON CONVERSATION @h MESSAGE TYPE Reply ('yes');");
      ASSERT_TRUE(pair.deliver());
      pair.a.must("USE Sender; RECEIVE * FROM SenderQueue;");
      ASSERT_TRUE(pair.deliver());
    }
    flush();
  }
  // What waits for a flush keeps its conversation awake.
  void flush() {
    pair.advance(1s);
    pair.advance(1s);
  }
  static std::vector<std::string> column(Machine& machine, const std::string& database,
                                         const std::string& select) {
    const auto id = machine.node->instance().database(std::string_view(database))->id();
    std::vector<std::string> out;
    for (const auto& item : machine.node->look(id, select, machine.now)) {
      const auto* rows = std::get_if<tsql::RowSet>(&item);
      if (rows == nullptr) continue;
      for (const auto& row : rows->rows) out.push_back(std::get<std::string>(row[0]));
    }
    return out;
  }
  std::vector<std::string> senders() {
    return column(pair.a, "Sender", "SELECT conversation_handle FROM sys.conversation_endpoints");
  }
  static std::size_t awake(Machine& machine, const std::string& database) {
    return machine.node->engine().awake_endpoints(
        machine.node->instance().database(std::string_view(database))->id());
  }
  void send(const std::string& handle) {
    pair.a.must("USE Sender; SEND ON CONVERSATION '" + handle +
                "' MESSAGE TYPE Request ('again');");
  }
  // Each dialog still carries a message, which is received.
  void expect_all_alive(int count = kDialogs) {
    for (const std::string& handle : senders()) send(handle);
    ASSERT_TRUE(pair.deliver());
    EXPECT_EQ(pair.delivered(), std::to_string(count));
    EXPECT_EQ(pair.pending(), "0");
  }

  static std::filesystem::path empty_folder() {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("ssb_node_rest_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    return folder;
  }

  std::filesystem::path folder_ = empty_folder();
  Pair pair{Pair::Mode::full, folder_, false, kAwake};
};

TEST_F(NodeRestTest, NoMoreThanTheBoundAreInMemoryAndAllAreListed) {
  make_dialogs();

  EXPECT_EQ(awake(pair.a, "Sender"), kAwake);
  EXPECT_EQ(awake(pair.b, "Receiver"), kAwake);
  EXPECT_THAT(senders(), SizeIs(kDialogs));
  std::vector<proto::Guid> groups;
  for (const std::string& group :
       column(pair.b, "Receiver", "SELECT conversation_group_id FROM sys.conversation_groups"))
    groups.push_back(proto::Guid::parse(group).value());
  EXPECT_TRUE(std::ranges::is_sorted(groups));
  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_groups"),
            std::to_string(kDialogs));
  EXPECT_EQ(awake(pair.a, "Sender"), kAwake) << "who only looks wakes nobody";
  expect_all_alive();
}

TEST_F(NodeRestTest, AListSaysTheSameOfThoseThatSleepAsOfThoseThatDoNot) {
  const std::string all =
      "SELECT CAST(conversation_handle AS nvarchar(50)) + state + far_service + "
      "CAST(send_sequence AS nvarchar(9)) + CAST(receive_sequence AS nvarchar(9)) + "
      "CAST(outbound_session_key_identifier AS nvarchar(50)) + "
      "CAST(inbound_session_key_identifier AS nvarchar(50)) FROM sys.conversation_endpoints";
  make_dialogs();
  const auto asleep = column(pair.a, "Sender", all);

  for (const std::string& handle : senders()) {
    pair.a.must("USE Sender; BEGIN CONVERSATION TIMER ('" + handle + "') TIMEOUT = 60;");
    flush();
    EXPECT_EQ(column(pair.a, "Sender", all), asleep);
  }
}

TEST_F(NodeRestTest, WhoSleepsAndWakesSealsUnderNoNonceThatWasUsed) {
  make_dialogs();
  for (int round = 0; round < 3; ++round) {
    for (const std::string& handle : senders()) {
      send(handle);
      ASSERT_TRUE(pair.deliver());
      flush();
    }
  }
  Machine& a = pair.a;
  std::set<std::string> nonces;
  std::size_t sealed = 0;
  for (const auto& record : a.traces) {
    if (record.event != EventClass::message_sent) continue;
    std::string name;
    for (const auto& [key, value] : record.detail) {
      if (key == "incarnation" || key == "nonce" || key == "session_key") name += value + " ";
    }
    ++sealed;
    nonces.insert(name);
  }
  EXPECT_GE(sealed, 4U * kDialogs);
  EXPECT_EQ(nonces.size(), sealed);
  EXPECT_EQ(pair.pending(), "0");
}

TEST_F(NodeRestTest, TimersOfThoseThatSleepFireInTheirOrder) {
  make_dialogs();
  const auto handles = senders();
  for (std::size_t i = 0; i < handles.size(); ++i) {
    pair.a.must(fmt::format("USE Sender; BEGIN CONVERSATION TIMER ('{}') TIMEOUT = {};", handles[i],
                            60 + 10 * ((i * 3) % handles.size())));
  }
  flush();
  ASSERT_EQ(awake(pair.a, "Sender"), kAwake);
  EXPECT_LE(pair.a.node->settle_deadline(), pair.a.now + 60s);

  pair.advance(200s);

  const auto came = column(pair.a, "Sender", "SELECT conversation_handle FROM SenderQueue");
  ASSERT_THAT(came, SizeIs(handles.size()));
  for (std::size_t i = 0; i < handles.size(); ++i)
    EXPECT_EQ(came[(i * 3) % handles.size()], handles[i]);
}

TEST_F(NodeRestTest, WhoSleepsThroughARestartIsFoundAndItsTimerFires) {
  make_dialogs();
  const auto handles = senders();
  pair.a.must("USE Sender; BEGIN CONVERSATION TIMER ('" + handles[3] + "') TIMEOUT = 100;");
  flush();

  for (Machine* machine : {&pair.a, &pair.b}) {
    machine->kill();
    machine->start();
  }
  EXPECT_EQ(awake(pair.a, "Sender"), 0U);
  EXPECT_EQ(senders(), handles);
  EXPECT_LE(pair.a.node->settle_deadline(), pair.a.now + 100s);
  pair.advance(100s);

  EXPECT_EQ(column(pair.a, "Sender", "SELECT conversation_handle FROM SenderQueue"),
            std::vector{handles[3]});
  expect_all_alive();
}

TEST_F(NodeRestTest, WhatWaitsForThoseThatSleepIsReceivedAfterARestart) {
  make_dialogs();
  for (const std::string& handle : senders()) send(handle);
  ASSERT_TRUE(pair.deliver());
  flush();
  pair.b.kill();
  pair.b.start();

  EXPECT_EQ(pair.delivered(), std::to_string(kDialogs));
  for (int i = 0; i < kDialogs; ++i) {
    pair.b.must(
        "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
        "ReceiverQueue; END CONVERSATION @h;");
  }
  ASSERT_TRUE(pair.deliver());
  EXPECT_EQ(pair.delivered(), "0");
  EXPECT_THAT(column(pair.a, "Sender", "SELECT state FROM sys.conversation_endpoints"),
              testing::AllOf(SizeIs(kDialogs), Each("DI")));
}

TEST_F(NodeRestTest, ClosedOnesGoWhenTheirTimeIsOverAndLeaveTheirTombstones) {
  make_dialogs();
  for (const std::string& handle : senders()) {
    send(handle);  // it says that the first acknowledgement was seen
    ASSERT_TRUE(pair.deliver());
    pair.a.must("USE Sender; END CONVERSATION '" + handle + "';");
    ASSERT_TRUE(pair.deliver());
  }
  for (const std::string& handle :
       column(pair.b, "Receiver", "SELECT conversation_handle FROM sys.conversation_endpoints"))
    pair.b.must("USE Receiver; END CONVERSATION '" + handle + "';");
  ASSERT_TRUE(pair.deliver());
  flush();
  ASSERT_THAT(column(pair.b, "Receiver", "SELECT state FROM sys.conversation_endpoints"),
              testing::AllOf(SizeIs(kDialogs), Each("CD")));

  pair.advance(40min);

  EXPECT_THAT(column(pair.b, "Receiver", "SELECT state FROM sys.conversation_endpoints"),
              testing::IsEmpty());
  EXPECT_EQ(awake(pair.b, "Receiver"), 0U);
  EXPECT_EQ(awake(pair.a, "Sender"), 0U);
}

TEST_F(NodeRestTest, AnotherMasterKeyReachesTheKeysOfThoseThatSleep) {
  make_dialogs();

  pair.a.must(
      "USE Sender; ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Another_key_1!';");
  pair.a.kill();
  pair.a.start();

  expect_all_alive();
}

TEST_F(NodeRestTest, KeysThatNothingOpensAnyMoreErrorThoseThatSleep) {
  make_dialogs();

  pair.a.must(
      "USE Sender; ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;"
      "ALTER MASTER KEY FORCE REGENERATE WITH ENCRYPTION BY PASSWORD = 'Another_key_1!';");

  EXPECT_EQ(
      pair.a.value("Sender", "SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER'"),
      std::to_string(kDialogs));
  EXPECT_EQ(pair.a.value("Sender", "SELECT COUNT(*) FROM SenderQueue"), std::to_string(kDialogs));
  flush();
  EXPECT_EQ(awake(pair.a, "Sender"), kAwake);
}

TEST_F(NodeRestTest, ErrorBrokerConversationsErrorsThoseThatSleep) {
  make_dialogs();

  pair.a.must("ALTER DATABASE Sender SET ERROR_BROKER_CONVERSATIONS;");
  flush();

  EXPECT_THAT(column(pair.a, "Sender", "SELECT state FROM sys.conversation_endpoints"),
              testing::AllOf(SizeIs(kDialogs), Each("ER")));
  EXPECT_EQ(pair.a.value("Sender", "SELECT COUNT(*) FROM SenderQueue"), std::to_string(kDialogs));
}

TEST_F(NodeRestTest, NewBrokerRemovesThoseThatSleep) {
  make_dialogs();

  pair.b.must("ALTER DATABASE Receiver SET NEW_BROKER;");

  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_endpoints"), "0");
  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_groups"), "0");
  EXPECT_EQ(awake(pair.b, "Receiver"), 0U);
}

TEST_F(NodeRestTest, ADroppedServiceTakesThoseThatSleepAlongAndTellsTheirPeers) {
  make_dialogs();

  pair.b.must("USE Receiver; DROP SERVICE ReceiverService;");
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.b.value("Receiver", "SELECT COUNT(*) FROM sys.conversation_endpoints"), "0");
  EXPECT_THAT(column(pair.a, "Sender", "SELECT state FROM sys.conversation_endpoints"),
              testing::AllOf(SizeIs(kDialogs), Each("ER")));
}

TEST_F(NodeRestTest, WhoHasSomethingToSendDoesNotSleep) {
  make_dialogs();

  for (const std::string& handle : senders()) send(handle);
  flush();
  EXPECT_EQ(awake(pair.a, "Sender"), static_cast<std::size_t>(kDialogs));
  EXPECT_EQ(pair.pending(), std::to_string(kDialogs));

  ASSERT_TRUE(pair.deliver());
  flush();
  EXPECT_EQ(awake(pair.a, "Sender"), kAwake);
}

TEST_F(NodeRestTest, WhoWasMovedIsInItsNewGroupAfterARestart) {
  make_dialogs(2);
  const std::string all = "SELECT conversation_group_id FROM sys.conversation_endpoints";
  const std::string group = column(pair.a, "Sender", all).at(1);

  pair.a.must("USE Sender; MOVE CONVERSATION '" + senders().at(0) + "' TO '" + group + "';");
  flush();
  pair.a.kill();
  pair.a.start();

  EXPECT_THAT(column(pair.a, "Sender", all), testing::ElementsAre(group, group));
  EXPECT_EQ(pair.a.value("Sender", "SELECT COUNT(*) FROM sys.conversation_groups"), "1");
  expect_all_alive(2);
}

TEST_F(NodeRestTest, AMessageWritesTheRowAndNotTheHeadWhichItDoesNotChange) {
  make_dialogs(1);
  const store::Store& store = pair.a.node->instance().store();
  const auto id = pair.a.node->instance().database(std::string_view("Sender"))->id();
  const std::string handle = senders().at(0);
  const auto key = pair.a.node->engine().record_key(
      id, proto::ConversationHandle{proto::Guid::parse(handle).value()});
  ASSERT_TRUE(key);
  const auto row = store.record(id, conversation::kConversationTable, *key);
  const auto head = store.record(id, conversation::kConversationHeadTable, *key);
  ASSERT_TRUE(row && head);

  send(handle);
  ASSERT_TRUE(pair.deliver());
  flush();

  EXPECT_NE(store.record(id, conversation::kConversationTable, *key), row);
  EXPECT_EQ(store.record(id, conversation::kConversationHeadTable, *key), head);
}

TEST_F(NodeRestTest, ADatabaseOfAnOlderShapeIsRefused) {
  make_dialogs(1);
  store::Store& store = pair.a.node->instance().store();
  const auto id = pair.a.node->instance().database(std::string_view("Sender"))->id();
  store.checkpoint();  // nothing is left to be written to it
  store.write(id, "DROP TABLE conversation_head", {});
  store.flush();
  pair.a.kill();

  EXPECT_THROW(pair.a.start(), store::StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::tests
