// Activated sessions inside a node: what their host sees of them, restarts, loops without end.
#include <filesystem>

#include <unistd.h>

#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using namespace std::chrono_literals;

class NodeActivationTest : public testing::Test {
 protected:
  explicit NodeActivationTest(std::filesystem::path folder = {})
      : machine_("A", std::move(folder), &files_) {
    machine_.must("CREATE DATABASE Shop");
    machine_.must(
        "USE Shop; CREATE QUEUE Asks; CREATE QUEUE Orders; CREATE TABLE taken (body int);"
        "CREATE SERVICE Web ON QUEUE Asks; CREATE SERVICE Store ON QUEUE Orders ([DEFAULT])");
  }
  void activate(const std::string& body, const std::string& readers = "1") {
    machine_.must("CREATE PROCEDURE take AS " + body);
    machine_.must(
        "ALTER QUEUE Orders WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take, "
        "MAX_QUEUE_READERS = " +
        readers + ", EXECUTE AS SELF)");
  }
  void order(int number) {
    machine_.must(
        "USE Shop; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE Web TO SERVICE "
        "'Store' "
        "WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h (CAST(" +
        std::to_string(number) + " AS varbinary(10)))");
  }
  // Lets time pass as a host does: timer by timer.
  void pass(proto::Duration time) {
    const proto::TimePoint until = machine_.now + time;
    for (int i = 0; i < 10'000 && machine_.node->deadline() <= until; ++i) {
      machine_.now = std::max(machine_.now, machine_.node->deadline());
      machine_.tick();
    }
    machine_.now = until;
  }
  std::string taken() { return machine_.value("Shop", "SELECT COUNT(*) FROM taken"); }
  std::string tasks() {
    return machine_.value("Shop", "SELECT COUNT(*) FROM sys.dm_broker_activated_tasks");
  }
  std::string monitor() {
    return machine_.value("Shop", "SELECT state FROM sys.dm_broker_queue_monitors");
  }

  std::map<std::string, proto::Bytes> files_;
  Machine machine_;
};

constexpr const char* kTakeOne =
    "BEGIN DECLARE @b int; RECEIVE TOP (1) @b = CAST(message_body AS int) FROM Orders;"
    "IF @b IS NOT NULL INSERT INTO taken VALUES (@b); END";

TEST_F(NodeActivationTest, AProcedureWithoutALoopIsStartedOnceForEachMessage) {
  activate(kTakeOne);

  machine_.must("USE Shop; BEGIN TRANSACTION");
  for (int i = 0; i < 5; ++i) order(i);
  machine_.must("COMMIT");
  pass(1s);

  EXPECT_EQ(taken(), "5");
  EXPECT_EQ(machine_.count(proto::EventClass::activation), 10);
  EXPECT_EQ(tasks(), "0");
  EXPECT_EQ(monitor(), "RECEIVES_OCCURRING");
}

TEST_F(NodeActivationTest, ItsHostHearsNoBatchOfASessionThatItDoesNotKnow) {
  activate("BEGIN PRINT 'begun'; SELECT 1; RECEIVE * FROM Orders; END");

  NodeActions actions;
  machine_.node->handle(
      BatchSubmitted{1,
                     "DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE Web TO SERVICE "
                     "'Store' WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h (0x01)"},
      machine_.now);
  machine_.node->commit(actions);

  int told = 0;
  for (const NodeAction& action : actions) {
    const auto* output = std::get_if<BatchOutput>(&action);
    const auto* finished = std::get_if<BatchFinished>(&action);
    EXPECT_TRUE(output == nullptr || output->session == 1);
    EXPECT_TRUE(finished == nullptr || finished->session == 1);
    const auto* trace = std::get_if<Trace>(&action);
    if (trace != nullptr && trace->record.error && trace->record.error->number() == 9724) ++told;
  }
  EXPECT_EQ(told, 1);
}

TEST_F(NodeActivationTest, ALoopWithoutEndLeavesTheNodeItsTime) {
  activate("WHILE 1 = 1 RECEIVE * FROM Orders");
  order(1);

  pass(20s);

  EXPECT_EQ(tasks(), "1");
  EXPECT_GT(machine_.node->deadline(), machine_.now);
  EXPECT_EQ(machine_.node->settle_deadline(), proto::kNever);
  order(2);
  pass(5s);
  EXPECT_EQ(machine_.value("Shop", "SELECT COUNT(*) FROM Orders"), "0");
}

TEST_F(NodeActivationTest, WhatIsRolledBackForEverDoesNotStopTime) {
  machine_.must("USE Shop; ALTER QUEUE Orders WITH POISON_MESSAGE_HANDLING (STATUS = OFF)");
  activate("BEGIN BEGIN TRANSACTION; RECEIVE * FROM Orders; ROLLBACK; END");
  order(1);

  pass(1min);

  EXPECT_GT(machine_.node->deadline(), machine_.now);
  EXPECT_EQ(machine_.value("Shop", "SELECT COUNT(*) FROM Orders"), "1");
  // 10 ms, 20 ms, ... up to 5 s, and every 5 s then.
  const auto told = machine_.count(proto::EventClass::activation);
  EXPECT_GT(told, 2 * 15U);
  EXPECT_LT(told, 2 * 30U);
}

TEST_F(NodeActivationTest, ReadersThatWaitTakeWhatComesAndNoMoreAreStarted) {
  activate(
      "BEGIN DECLARE @b int; WHILE 1 = 1 BEGIN WAITFOR (RECEIVE TOP (1) @b = CAST(message_body AS "
      "int) FROM Orders); INSERT INTO taken VALUES (@b); END; END",
      "5");
  for (int i = 0; i < 3; ++i) {
    order(i);
    pass(20s);
  }

  EXPECT_EQ(taken(), "3");
  EXPECT_EQ(tasks(), "1");
  EXPECT_EQ(monitor(), "INACTIVE");
  EXPECT_EQ(machine_.value("Shop", "SELECT tasks_waiting FROM sys.dm_broker_queue_monitors"), "1");
  EXPECT_EQ(machine_.node->settle_deadline(), proto::kNever);
}

TEST_F(NodeActivationTest, RunningProceduresOutliveTheirActivation) {
  activate(
      "BEGIN RECEIVE * FROM Orders; WAITFOR DELAY '00:00:10'; INSERT INTO taken VALUES (1); END");
  order(1);
  machine_.must("USE Shop; ALTER QUEUE Orders WITH ACTIVATION (DROP)");
  EXPECT_EQ(tasks(), "1");

  pass(11s);

  EXPECT_EQ(tasks(), "0");
  EXPECT_EQ(taken(), "1");
}

class NodeActivationRestartTest : public NodeActivationTest {
 protected:
  NodeActivationRestartTest() : NodeActivationTest(fresh_folder()) {}
  ~NodeActivationRestartTest() override {
    machine_.kill();
    std::filesystem::remove_all(folder());
  }
  static std::filesystem::path folder() {
    return std::filesystem::temp_directory_path() /
           ("ssb_activation_" + std::to_string(::getpid()));
  }
  static std::filesystem::path fresh_folder() {
    std::filesystem::remove_all(folder());
    return folder();
  }
};

TEST_F(NodeActivationRestartTest, ANodeThatEndsInAProcedureStartsItAgainWithTheMessage) {
  activate(
      "BEGIN BEGIN TRANSACTION; RECEIVE * FROM Orders; INSERT INTO taken VALUES (1);"
      "WAITFOR DELAY '00:00:10'; COMMIT; END");
  order(1);
  EXPECT_EQ(tasks(), "1");

  machine_.kill();
  machine_.start();

  EXPECT_EQ(taken(), "0");
  EXPECT_EQ(machine_.node->deadline(), kAtOnce);
  pass(11s);
  EXPECT_EQ(taken(), "1");
  EXPECT_EQ(tasks(), "0");
}

}  // namespace
}  // namespace ssb::broker::tests
