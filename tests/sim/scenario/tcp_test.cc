#include "sim/scenario/tcp.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/tcp_addresses.h"
#include "sim/scenario/value_text.h"
#include "tests/sim/scenario/two_instances.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::scenario {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::HasSubstr;
using testing::IsEmpty;

struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "ssb-tcp-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path); }
};

Report run_tcp(std::string_view text, const fs::path& capture = {}) {
  const TemporaryFolder folder;
  const auto backend = make_tcp_backend({.keys = test_key,
                                         .folder = folder.path / "run",
                                         .keeps_folder = false,
                                         .capture_file = capture,
                                         .as_product = false});
  const Script script = parse_script("a.sql", text, {});
  return Runner(script, *backend).run();
}

constexpr std::string_view kSend = R"sql(
:connect HOST_A
USE Db;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h (N'hello over there');
GO
)sql";

TEST(TcpBackendTest, OneInstanceRunsBatchesAndKeepsWhatItWrote) {
  const Report report = run_tcp(
      ":connect A\nCREATE DATABASE Db\nGO\n--# restart A\n:connect A\nSELECT name FROM "
      "sys.databases WHERE name = 'Db'\nGO\n--# expect value 'Db'\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

TEST(TcpBackendTest, WaitforAndAdvanceCostNoRealTime) {
  const auto begin = std::chrono::steady_clock::now();
  const Report report = run_tcp(
      "--# clock 2010-01-01\n:connect A\nWAITFOR DELAY '12:00:00'\nGO\n--# advance 30d\nSELECT "
      "CONVERT(varchar(10), GETUTCDATE(), 120)\nGO\n--# expect value '2010-01-31'\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_GE(report.end - report.start, hours(24 * 30 + 12));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(TcpBackendTest, AWaitThatNothingCanEndIsCancelled) {
  const Report report = run_tcp(
      ":connect A\nCREATE DATABASE Db\nGO\nUSE Db\nCREATE QUEUE q\nGO\nWAITFOR (RECEIVE * FROM "
      "q)\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("waits for something that does not happen"));
}

TEST(TcpBackendTest, MessagesCrossRealSocketsAndAreRecorded) {
  const TemporaryFolder folder;
  const Report report =
      run_tcp(std::string(kTwoInstances) + std::string(kSend) +
                  "--# expect delivered 1 to q on HOST_B\n--# expect state CO for @h\n--# expect "
                  "status none\n"
                  "--# expect wire ciphertext 'hello over there' between HOST_A and HOST_B\n"
                  ":connect HOST_B\nUSE Db\nSELECT CAST(message_body AS nvarchar(100)) FROM "
                  "q\nGO\n--# expect value 'hello over there'\n",
              folder.path / "wire.pcap");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_GT(fs::file_size(folder.path / "wire.pcap"), 1000U);
}

TEST(TcpBackendTest, AMessageToACrashedInstanceArrivesAfterItsRestart) {
  const auto begin = std::chrono::steady_clock::now();
  const Report report =
      run_tcp(std::string(kTwoInstances) + "--# crash HOST_B\n" + std::string(kSend) +
              "--# expect delivered 0 to q on HOST_B\n--# advance 10m\n--# restart HOST_B\n--# "
              "expect within 5m delivered 1 to q on HOST_B\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(TcpBackendTest, FilesAreCopiedFromSandboxToSandbox) {
  const Report report = run_tcp(
      ":connect A\nCREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!'\nCREATE CERTIFICATE c "
      "WITH SUBJECT = 'x'\nBACKUP CERTIFICATE c TO FILE = 'C:\\c.cer'\nGO\n"
      "--# copy A 'C:\\c.cer' to B 'D:\\d.cer'\n:connect B\nCREATE CERTIFICATE c FROM FILE = "
      "'D:\\d.cer'\nGO\n");
  EXPECT_THAT(report.failures, IsEmpty()) << failures_of(report);

  const Report missing = run_tcp(":connect B\n:connect A\n--# copy A 'no.cer' to B\n");
  ASSERT_EQ(missing.failures.size(), 1U);
  EXPECT_THAT(missing.failures[0].seen, HasSubstr("'no.cer' on A"));
}

TEST(TcpBackendTest, LoginsNeedTheirPassword) {
  const std::string create = ":connect A\nCREATE LOGIN app WITH PASSWORD = 'Pass_word_1!'\nGO\n";

  const Report good = run_tcp(
      create +
      ":connect A -U app -P Pass_word_1!\nSELECT SUSER_NAME()\nGO\n--# expect value 'app'\n");
  const Report bad = run_tcp(create + ":connect A -U app -P Pass_word_2!\n");
  const Report unknown = run_tcp(":connect A -U nobody -P x\n");

  EXPECT_EQ(good.verdict, Verdict::passed) << failures_of(good);
  EXPECT_THAT(failures_of(bad), HasSubstr("18456"));
  EXPECT_THAT(failures_of(unknown), HasSubstr("18456"));
}

TEST(TcpBackendTest, ALoginThatIsExpectedToFailIsMet) {
  const std::string create = ":connect A\nCREATE LOGIN app WITH PASSWORD = 'Pass_word_1!'\nGO\n";

  const Report met = run_tcp(create +
                             "--# expect error 18456 level 14 state 1\n:connect A -U app -P "
                             "wrong\n:connect A\nSELECT 1\nGO\n--# expect value 1\n");
  const Report not_met =
      run_tcp(create + "--# expect error 18456\n:connect A -U app -P Pass_word_1!\n");

  EXPECT_EQ(met.verdict, Verdict::passed) << failures_of(met);
  EXPECT_EQ(met.met, 2);
  EXPECT_THAT(failures_of(not_met), HasSubstr("'app' logged in"));
}

TEST(TcpBackendTest, WhatIsNotThereDoesNotMeetANegativeExpectation) {
  const auto failure = [](std::string_view expectation) {
    return failures_of(run_tcp(
        ":connect A\nCREATE DATABASE Db\nGO\nUSE Db\nCREATE QUEUE [my queue]\nGO\n--# expect " +
        std::string(expectation) + "\n"));
  };

  EXPECT_EQ(failure("delivered 0 to [my queue]"), "");
  EXPECT_EQ(failure("delivered 0 to [My Queue] on A.Db"), "");
  EXPECT_THAT(failure("delivered 0 to [my quue]"),
              HasSubstr("there is no queue [my quue] on A; did you mean [my queue]?"));
  EXPECT_THAT(failure("delivered 0 to [my queue] on A.master"), HasSubstr("there is no queue"));
  EXPECT_THAT(failure("delivered 0 to [my queue] on A.TYPO"), HasSubstr("no database 'TYPO'"));
  EXPECT_THAT(failure("no event 160 on A.Dc"), HasSubstr("no database 'Dc'; did you mean Db?"));
  EXPECT_THAT(failure("status none for Nobody"), HasSubstr("ever to a service 'Nobody'"));
  EXPECT_EQ(failure("status none"), "");
}

TEST(TcpBackendTest, AnErrorThatClosesTheSessionIsSaidToHaveDoneSo) {
  const Report report = run_tcp(
      ":connect A\n--# expect error 50000 level 20\nRAISERROR('the end', 20, 1) WITH "
      "LOG\nGO\nSELECT "
      "2\nGO\n:connect A\nSELECT 3\nGO\n--# expect value 3\n");

  ASSERT_EQ(report.failures.size(), 1U) << failures_of(report);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("an error of severity 20 or above closed"));
  EXPECT_EQ(report.met, 2);
}

TEST(TcpBackendTest, ATextThatGrowsForEverEndsItsBatchWithError701) {
  const Report report = run_tcp(
      ":connect A\n--# expect error 701\nDECLARE @s nvarchar(max)\nSET @s = REPLICATE(CAST('x' AS "
      "varchar(max)), 100000000)\nWHILE 1 = 1 SET @s += @s\nPRINT 'not here'\nGO\n--# expect error "
      "701\nSELECT REPLICATE(CAST('x' AS varchar(max)), 2000000000)\nGO\n--# expect error "
      "701\nSELECT REPLACE(SPACE(100000), ' ', SPACE(100000))\nGO\nSELECT 1\nGO\n--# expect value "
      "1\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

TEST(TcpBackendTest, ABatchWaitsForAnotherSessionAndARestartEndsBoth) {
  const Report report = run_tcp(R"sql(
:connect HOST_A
CREATE DATABASE Db;
GO
USE Db;
CREATE TABLE t (i int);
GO
--# session one
BEGIN TRANSACTION;
INSERT Db.dbo.t VALUES (1);
GO
--# session two
--# expect waits
INSERT Db.dbo.t VALUES (2);
SELECT COUNT(*) FROM Db.dbo.t;
GO
--# session one closed
--# await two
--# expect value '1'
--# session one
BEGIN TRANSACTION;
INSERT Db.dbo.t VALUES (3);
GO
--# restart HOST_A
--# session one
SELECT CONCAT(COUNT(*), @@TRANCOUNT) FROM Db.dbo.t;
GO
--# expect value '10'
)sql");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

TEST(TcpBackendTest, ABatchThatLoopsForEverIsCancelled) {
  const TemporaryFolder folder;
  const auto backend = make_tcp_backend({.keys = test_key,
                                         .folder = folder.path / "run",
                                         .keeps_folder = false,
                                         .capture_file = {},
                                         .as_product = false,
                                         .batch_timeout = std::chrono::seconds(1)});
  const Script script = parse_script("a.sql", ":connect A\nWHILE 1 = 1 PRINT 'x'\nGO\n", {});

  const Report report = Runner(script, *backend).run();

  EXPECT_THAT(failures_of(report), HasSubstr("did not end within 1 s of real time"));
}

TEST(TcpBackendTest, SimulatorDirectivesAreInconclusive) {
  for (const char* line : {"--# net A -> B loss 5%", "--# link A -> B cut", "--# partition A | B",
                           "--# heal", "--# disk A full", "--# crash A after write 3",
                           "--# attack replay at wire A|B", "--# attack replay at hop A | B"}) {
    const Report report = run_tcp(":connect A\n:connect B\n" + std::string(line) + "\n");
    EXPECT_EQ(report.verdict, Verdict::inconclusive) << line;
    EXPECT_THAT(report.reason, HasSubstr("simulator"));
  }
}

TEST(TcpBackendTest, SkewShiftsOneClock) {
  const Report report = run_tcp(
      "--# clock 2010-01-01\n:connect A\n--# skew A +3h\nSELECT DATEPART(hour, "
      "GETUTCDATE())\nGO\n--# expect value 3\n:connect B\nSELECT DATEPART(hour, "
      "GETUTCDATE())\nGO\n--# expect value 0\n");

  EXPECT_EQ(report.verdict, Verdict::passed) << failures_of(report);
}

TEST(LoopbackBlockTest, TwoRunsNeverShareABlock) {
  LoopbackBlock one;
  LoopbackBlock other;

  EXPECT_NE(one.address_of("HOST_A"), other.address_of("HOST_A"));
  EXPECT_EQ(one.address_of("host_a"), one.address_of("HOST_A"));
}

TEST(LoopbackBlockTest, NamesResolveByFirstLabelAndLocalhostIsOneself) {
  LoopbackBlock block;
  const std::string a = block.address_of("HOST_A");
  const std::string b = block.address_of("HOST_B");

  EXPECT_EQ(block.resolve("host_b", "HOST_A"), b);
  EXPECT_EQ(block.resolve("HOST_B.corp.example", "HOST_A"), b);
  EXPECT_EQ(block.resolve("localhost", "HOST_A"), a);
  EXPECT_EQ(block.resolve(b, "HOST_A"), b);
  EXPECT_EQ(block.resolve("HOST_C", "HOST_A"), "");
}

TEST(KeyPoolTest, RunsDrawTheSameKeysInOrderAndTheFileIsPrivate) {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "cache" / "keys";
  int made = 0;
  const auto count = [&](const std::string&) { ++made; };
  KeyPool first(file, count);
  const auto a = first.draw(512);
  const auto b = first.draw(512);

  KeyPool second(file, count);
  EXPECT_TRUE(second.draw(512).matches(a.public_key()));
  EXPECT_TRUE(second.draw(512).matches(b.public_key()));
  second.start_run();
  EXPECT_TRUE(second.draw(512).matches(a.public_key()));
  EXPECT_FALSE(a.matches(b.public_key()));
  EXPECT_EQ(made, 2);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(KeyPoolTest, EveryPoolHasTheSameKeysAndTheSeedChoosesAmongThem) {
  KeyPool one("");
  KeyPool other("");
  std::vector<broker::crypto::RsaPublicKey> keys;
  for (std::size_t i = 0; i < KeyPool::kChoice + 1; ++i) keys.push_back(one.draw(512).public_key());

  other.start_run(7);
  EXPECT_TRUE(other.draw(512).matches(keys[6]));
  EXPECT_TRUE(other.draw(512).matches(keys[7]));
  other.start_run(KeyPool::kChoice);
  EXPECT_TRUE(other.draw(512).matches(keys[KeyPool::kChoice - 1]));
  EXPECT_TRUE(other.draw(512).matches(keys[0]));
}

TEST(KeyPoolTest, AFileOfAnotherVersionIsBegunAnew) {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "keys";
  std::ofstream(file) << "ssbsim throw-away RSA keys 1\nsomething";

  const auto key = KeyPool(file).draw(512);

  EXPECT_TRUE(KeyPool(file).draw(512).matches(key.public_key()));
  EXPECT_EQ(KeyPool(file).size(512), 0U);  // read when the first is drawn
  EXPECT_LT(fs::file_size(file), 600U);
}

TEST(KeyPoolTest, ARecordThatWasCutOffIsCutOffTheFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "keys";
  KeyPool pool(file);
  const auto a = pool.draw(512);
  const auto whole = fs::file_size(file);
  static_cast<void>(pool.draw(512));
  fs::resize_file(file, fs::file_size(file) - 5);

  KeyPool mended(file);
  EXPECT_TRUE(mended.draw(512).matches(a.public_key()));
  EXPECT_EQ(fs::file_size(file), whole);
}

TEST(KeyPoolTest, AnotherFileIsLeftAloneAndAMissingFolderIsNoError) {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "mine.txt";
  std::ofstream(file) << "something of mine, longer than the header of a pool";

  EXPECT_THROW(static_cast<void>(KeyPool(file).draw(512)), std::runtime_error);
  EXPECT_EQ(fs::file_size(file), 51U);
  EXPECT_EQ(KeyPool("").draw(512).bits(), 512);
}

TEST(DataFolderTest, TheMachineKeyStaysAndIsPrivate) {
  const TemporaryFolder folder;
  const DataFolder data(folder.path / "a");
  const proto::Secret key = data.prepare();

  EXPECT_EQ(key.size(), 32U);
  EXPECT_TRUE(key == data.prepare());
  const fs::path file = folder.path / "a" / "secrets" / "machine.key";
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
  EXPECT_THROW(static_cast<void>(data.prepare()), std::runtime_error);
}

}  // namespace
}  // namespace ssb::sim::scenario
