// Dialogs between databases of one instance, and what a crash leaves of a commit over several of them.
#include <fmt/format.h>
#include <unistd.h>

#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

struct Crash {};

class NodeLocalTest : public testing::Test {
 protected:
  NodeLocalTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("ssb_node_local_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  NodeLocalTest(const NodeLocalTest&) = delete;
  NodeLocalTest& operator=(const NodeLocalTest&) = delete;
  ~NodeLocalTest() override { std::filesystem::remove_all(folder_); }

  // Databases D0 to D<count - 1>, each with a service of its own.
  void make_databases(Machine& machine, int count) {
    for (int i = 0; i < count; ++i) {
      machine.must(fmt::format("CREATE DATABASE D{}", i));
      machine.must(
          fmt::format("USE D{0}; CREATE TABLE sent (n int); CREATE QUEUE q{0}; "
                      "CREATE SERVICE S{0} ON QUEUE q{0} ([DEFAULT]);",
                      i));
    }
  }

  std::filesystem::path folder_;
  std::map<std::string, proto::Bytes> files_;
};

TEST_F(NodeLocalTest, FiftyDatabasesOfOneInstanceTalkToTheirNeighbours) {
  Machine machine("A", folder_, &files_);
  make_databases(machine, 50);
  for (int i = 0; i < 50; ++i) {
    machine.must("USE D" + std::to_string(i) +
                 "; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE S" +
                 std::to_string(i) + " TO SERVICE 'S" + std::to_string((i + 1) % 50) +
                 "' WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h ('hello');");
  }

  machine.kill();
  machine.start();

  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(machine.value("D" + n, "SELECT COUNT(*) FROM q" + n), "1") << n;
  }
}

// A message moves from one database's table to another one's queue in one transaction: after a crash at any step both are there, or
// neither.
TEST_F(NodeLocalTest, ACrashAtAnyStepLeavesACommitOverTwoDatabasesWholeOrUndone) {
  const std::string work =
      "USE D0; BEGIN TRAN; INSERT INTO sent VALUES (1); DECLARE @h uniqueidentifier;"
      "BEGIN DIALOG @h FROM SERVICE S0 TO SERVICE 'S1' WITH ENCRYPTION = OFF; SEND ON CONVERSATION "
      "@h ('x'); COMMIT;";
  int undone = 0;
  int whole = 0;
  bool crashed = true;
  for (int crash_at = 1; crashed; ++crash_at) {
    ASSERT_LT(crash_at, 100);
    std::filesystem::remove_all(folder_);
    crashed = false;
    int step = 0;
    bool armed = false;
    Machine machine("A", folder_, &files_);
    make_databases(machine, 2);
    machine.kill();
    machine.on_step = [&](std::string_view) {
      if (armed && ++step == crash_at) {
        crashed = true;
        throw Crash{};
      }
    };
    machine.start();
    armed = true;
    try {
      machine.run(work);
    } catch (const Crash&) {
    }
    armed = false;
    machine.kill();
    machine.start();
    const std::string sent = machine.value("D0", "SELECT COUNT(*) FROM sent");
    const std::string arrived = machine.value("D1", "SELECT COUNT(*) FROM q1");
    EXPECT_EQ(sent, arrived) << "crash at step " << crash_at;
    EXPECT_EQ(machine.value("D0", "SELECT COUNT(*) FROM sys.transmission_queue"), "0");
    if (sent == "1") ++whole;
    if (sent == "0") ++undone;
  }

  EXPECT_GE(undone, 1);
  EXPECT_GE(whole, 2);  // at least one crash after the commit record, and the run without a crash
}

TEST_F(NodeLocalTest, AMessageForAQueueThatIsOffWaitsInTheTransmissionQueueWith9749) {
  Machine machine("A", {}, &files_);
  make_databases(machine, 2);
  machine.must("USE D1; ALTER QUEUE q1 WITH STATUS = OFF;");

  machine.must(
      "USE D0; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE S0 TO SERVICE 'S1' WITH "
      "ENCRYPTION = OFF;"
      "SEND ON CONVERSATION @h ('x');");

  EXPECT_EQ(machine.value("D0",
                          "SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status "
                          "LIKE '%busy or disabled%'"),
            "1");
  machine.must("USE D1; ALTER QUEUE q1 WITH STATUS = ON;");
  machine.tick();
  EXPECT_EQ(machine.value("D1", "SELECT COUNT(*) FROM q1"), "1");
}

}  // namespace
}  // namespace ssb::broker::tests
