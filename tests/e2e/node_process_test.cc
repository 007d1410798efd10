// Two `ssbsim node` processes: killed in the middle of 10,000 messages, started again, everything arrives once, in order.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/child.h"

namespace ssb::e2e {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kMessages = 10'000;

class NodeProcessTest : public testing::Test {
 protected:
  NodeProcessTest()
      : folder_(fs::temp_directory_path() / ("ssbsim_processes_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    // A block of loopback addresses of this process's own, so that runs side by side do not meet.
    const int block = getpid() % 200 + 20;
    a_ = "127.77." + std::to_string(block) + ".2";
    b_ = "127.77." + std::to_string(block) + ".3";
  }
  NodeProcessTest(const NodeProcessTest&) = delete;
  NodeProcessTest& operator=(const NodeProcessTest&) = delete;
  ~NodeProcessTest() override { fs::remove_all(folder_); }

  std::vector<std::string> command(const std::string& name, const std::string& listen,
                                   const std::string& peer) const {
    return {SSB_PROGRAM, "node", name,     "--data", (folder_ / name).string(),
            "--listen",  listen, "--peer", peer};
  }
  std::unique_ptr<Child> start_a() const {
    return std::make_unique<Child>(command("HOST_A", a_, "HOST_B=" + b_), folder_ / "a.log");
  }
  std::unique_ptr<Child> start_b() const {
    return std::make_unique<Child>(command("HOST_B", b_, "HOST_A=" + a_), folder_ / "b.log");
  }
  static Clock::time_point in(int seconds) { return Clock::now() + std::chrono::seconds(seconds); }

  std::string common(const std::string& host) const {
    return "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Master_key_1!';\n"
           "CREATE CERTIFICATE own WITH SUBJECT = '" +
           host +
           "';\n"
           "CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022)\n"
           "  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE own, ENCRYPTION = REQUIRED "
           "ALGORITHM AES);\n"
           "GRANT CONNECT ON ENDPOINT::broker TO public;\n"
           "CREATE DATABASE Shop;\nGO\nUSE Shop;\n"
           "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Shop_key_1!';\n"
           "CREATE USER svc WITHOUT LOGIN;\nCREATE QUEUE q;\nGRANT RECEIVE ON q TO svc;\n";
  }

  // What instance A has logged, once the text is in it (10 s at most).
  std::string log_with(const std::string& text) const {
    for (const auto until = in(10);;) {
      std::ifstream file(folder_ / "a.log");
      std::string log{std::istreambuf_iterator<char>(file), {}};
      if (log.find(text) != std::string::npos || Clock::now() > until) return log;
      poll(nullptr, 0, 20);  // until the other process has written
    }
  }
  void start_and_end() const {
    const auto a = start_a();
    a->say("CREATE DATABASE Db;\nPRINT 'made';\nGO\n");
    ASSERT_TRUE(a->wait_for("made", in(60)));
    EXPECT_EQ(a->end(SIGTERM), 0);
  }
  static int exit_code_of(const std::unique_ptr<Child>& child) {
    const int status = child->end(0);  // waits
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  fs::path folder_;
  std::string a_;
  std::string b_;
};

TEST_F(NodeProcessTest, KilledDuringTenThousandMessagesBothSidesGoOnExactlyOnceInOrder) {
  auto b = start_b();
  b->say(common("HOST_B") +
         "CREATE CERTIFICATE target AUTHORIZATION svc WITH SUBJECT = 'target';\n"
         "BACKUP CERTIFICATE target TO FILE = 'target.cer';\n"
         "CREATE SERVICE Target AUTHORIZATION svc ON QUEUE q ([DEFAULT]);\nGRANT SEND ON "
         "SERVICE::Target TO public;\n"
         "CREATE ROUTE back WITH SERVICE_NAME = 'Initiator', ADDRESS = 'TCP://HOST_A:4022';\nPRINT "
         "'b is ready';\nGO\n");
  ASSERT_TRUE(b->wait_for("b is ready", in(60)));
  fs::create_directories(folder_ / "HOST_A" / "files");
  fs::copy_file(folder_ / "HOST_B" / "files" / "target.cer",
                folder_ / "HOST_A" / "files" / "target.cer");
  auto a = start_a();
  a->say(
      common("HOST_A") +
      "CREATE SERVICE Initiator AUTHORIZATION svc ON QUEUE q;\nCREATE USER proxy WITHOUT LOGIN;\n"
      "CREATE CERTIFICATE target AUTHORIZATION proxy FROM FILE = 'target.cer';\n"
      "CREATE REMOTE SERVICE BINDING rsb TO SERVICE 'Target' WITH USER = proxy, ANONYMOUS = ON;\n"
      "CREATE ROUTE there WITH SERVICE_NAME = 'Target', ADDRESS = 'TCP://HOST_B:4022';\nPRINT 'a "
      "is ready';\nGO\n");
  ASSERT_TRUE(a->wait_for("a is ready", in(60)));

  a->say(
      "DECLARE @h uniqueidentifier, @i int; SET @i = 0; BEGIN DIALOG @h FROM SERVICE Initiator TO "
      "SERVICE 'Target';\n"
      "WHILE @i < " +
      std::to_string(kMessages) +
      " BEGIN SEND ON CONVERSATION @h (CAST(@i AS nvarchar(20))); SET @i = @i + 1; END\n"
      "PRINT 'all sent';\nGO\n");
  b->say(
      "WHILE (SELECT COUNT(*) FROM q) < 1000 WAITFOR DELAY '00:00:00.010';\nPRINT 'b holds "
      "some';\nGO\n");
  ASSERT_TRUE(b->wait_for("b holds some", in(60)));
  b->end(SIGKILL);
  ASSERT_TRUE(a->wait_for("all sent", in(120)));
  a->say("IF EXISTS (SELECT * FROM sys.transmission_queue) PRINT 'a holds the rest';\nGO\n");
  ASSERT_TRUE(a->wait_for("a holds the rest", in(60)));
  a->end(SIGKILL);
  b = start_b();
  b->say("USE Shop;\nIF (SELECT COUNT(*) FROM q) BETWEEN 1 AND " + std::to_string(kMessages - 1) +
         " PRINT 'b is back with some';\nGO\n");
  ASSERT_TRUE(b->wait_for("b is back with some", in(60)));
  a = start_a();

  bool arrived = false;
  for (const auto until = in(150); !arrived && Clock::now() < until;) {
    b->say(
        "USE Shop;\nSELECT 'count=' + CAST(COUNT(*) AS varchar(20)) + ';' FROM q;\nWAITFOR DELAY "
        "'00:00:01';\nPRINT 'asked';\nGO\n");
    arrived = b->wait_for("count=" + std::to_string(kMessages) + ";", in(10));
  }
  EXPECT_TRUE(arrived);
  b->say(
      "SELECT 'wrong=' + CAST(COUNT(*) AS varchar(20)) + ';' FROM q\n"
      "WHERE CAST(message_body AS nvarchar(20)) <> CAST(message_sequence_number AS nvarchar(20));\n"
      "SELECT 'different=' + CAST(COUNT(DISTINCT message_sequence_number) AS varchar(20)) + ';' "
      "FROM q;\nGO\n");
  EXPECT_TRUE(b->wait_for("wrong=0;", in(60)));
  EXPECT_TRUE(b->wait_for("different=" + std::to_string(kMessages) + ";", in(60)));

  EXPECT_TRUE(WIFEXITED(a->end(SIGTERM)));
  const int status = b->end(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(NodeProcessTest, AnErrorOfSeverity20EndsTheInputAndSaysSo) {
  const auto a = start_a();
  a->say("RAISERROR('the end', 20, 1) WITH LOG;\nGO\nPRINT 'too late';\nGO\n");
  ASSERT_TRUE(a->wait_for("the end", in(60)));

  EXPECT_NE(log_with("closed the session").find("closed the session"), std::string::npos);
  EXPECT_FALSE(a->wait_for("too late", in(1)));
  EXPECT_EQ(a->end(SIGTERM), 0);
}

TEST_F(NodeProcessTest, DirectivesOfSqlcmdAreAnswered) {
  const auto a = start_a();
  a->say(":connect HOST_B\nPRINT 'goes on';\nGO\n");

  EXPECT_TRUE(a->wait_for("goes on", in(60)));
  EXPECT_NE(log_with(":connect").find("':connect' is left out"), std::string::npos);
}

TEST_F(NodeProcessTest, TheLogHasListenersAndNoLineOfEveryMessage) {
  const auto a = start_a();
  a->say(common("HOST_A") +
         "CREATE SERVICE One AUTHORIZATION svc ON QUEUE q ([DEFAULT]);\n"
         "DECLARE @h uniqueidentifier;\n"
         "BEGIN DIALOG @h FROM SERVICE One TO SERVICE 'One';\nSEND ON CONVERSATION @h ('x');\n"
         "PRINT 'sent';\nGO\nDROP ENDPOINT broker;\nPRINT 'dropped';\nGO\n");
  ASSERT_TRUE(a->wait_for("dropped", in(60)));
  EXPECT_EQ(a->end(SIGTERM), 0);

  const std::string log = log_with("has ended");
  EXPECT_NE(log.find("instance HOST_A starts"), std::string::npos);
  EXPECT_NE(log.find(" info HOST_A  22 ErrorLog  9690"), std::string::npos) << log;
  EXPECT_EQ(log.find("warning"), std::string::npos) << log;
  EXPECT_EQ(log.find("Message Delivered"), std::string::npos) << log;
}

TEST_F(NodeProcessTest, OnlyTheOwnerMayReadWhatItKeeps) {
  start_and_end();

  const auto others = fs::perms::group_all | fs::perms::others_all;
  EXPECT_EQ(fs::status(folder_ / "HOST_A").permissions() & others, fs::perms::none);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "HOST_A")) {
    EXPECT_EQ(entry.status().permissions() & others, fs::perms::none) << entry.path();
    files += entry.path().extension() == ".ssb" ? 1 : 0;
  }
  EXPECT_GE(files, 5);
}

TEST_F(NodeProcessTest, ADamagedStoreOrKeyFileIsNamed) {
  start_and_end();
  const fs::path key = folder_ / "HOST_A" / "secrets" / "machine.key";
  std::ofstream(key, std::ios::binary | std::ios::trunc) << std::string(32, 'x');
  {
    const auto a = start_a();
    EXPECT_NE(log_with("33094").find("33094"), std::string::npos);
    EXPECT_EQ(a->end(SIGTERM), 0);
  }
  std::ofstream(key, std::ios::binary | std::ios::trunc) << "short";
  EXPECT_EQ(exit_code_of(start_a()), 12);
  EXPECT_NE(log_with("is not a machine key").find("is not a machine key"), std::string::npos);

  std::ofstream(key, std::ios::binary | std::ios::trunc) << std::string(32, 'x');
  fs::remove(folder_ / "HOST_A" / "store" / "1.ssb-wal");
  std::ofstream(folder_ / "HOST_A" / "store" / "1.ssb", std::ios::binary | std::ios::trunc)
      << std::string(8192, 'x');
  EXPECT_EQ(exit_code_of(start_a()), 12);
  EXPECT_NE(log_with("the store of").find("the store of"), std::string::npos);
}

TEST_F(NodeProcessTest, AnInstanceNeedsTheNameOfAServer) {
  const Child child({SSB_PROGRAM, "node", "../evil", "--data", (folder_ / "e").string()},
                    folder_ / "a.log");
  EXPECT_NE(log_with("is no name").find("is no name of an instance"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "e"));
}

// C20: OpenSSL configured with a generator that does not exist gives no random bytes.
TEST_F(NodeProcessTest, WithABrokenRandomSourceItDoesNotStartAndMakesNoKey) {
  const fs::path configuration = folder_ / "openssl.cnf";
  std::ofstream(configuration) << "openssl_conf = start\n[start]\nrandom = generator\n"
                                  "[generator]\nrandom = NO-SUCH-GENERATOR\n";
  std::vector<std::string> broken = command("HOST_A", a_, "HOST_B=" + b_);
  broken.insert(broken.begin(), {"/usr/bin/env", "OPENSSL_CONF=" + configuration.string()});

  const auto fresh = std::make_unique<Child>(broken, folder_ / "a.log");
  EXPECT_EQ(exit_code_of(fresh), 12);
  EXPECT_NE(log_with("OPENSSL_CONF").find("the random source gives nothing"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "HOST_A" / "secrets" / "machine.key"));

  start_and_end();
  const auto again = std::make_unique<Child>(broken, folder_ / "a.log");
  EXPECT_EQ(exit_code_of(again), 12);
}

}  // namespace
}  // namespace ssb::e2e
