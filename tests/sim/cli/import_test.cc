// snapshot and import as a user calls them.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/cli/scenario_files.h"
#include "tests/sim/cli/ran.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    folder_ =
        fs::path(testing::TempDir()) /
        ("import_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~ImportTest() override { fs::remove_all(folder_); }
  ImportTest(const ImportTest&) = delete;
  ImportTest& operator=(const ImportTest&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  Ran take(const std::string& scenario, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"snapshot",   SSB_SOURCE_DIR "/scenarios/" + scenario,
                                       "--out",      path("taken"),
                                       "--key-pool", path("keys")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Ran import(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"import",
                                       path("taken/HOST_A.json"),
                                       path("taken/HOST_B.json"),
                                       "--out",
                                       path("out"),
                                       "--key-pool",
                                       path("keys")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  fs::path folder_;
};

TEST_F(ImportTest, AHealthySetIsDeliveredAndItsFilesRun) {
  ASSERT_EQ(take("failures/no_send_permission.sql").code, 0);

  const Ran ran = import();

  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("SenderService -> ReceiverService  delivered"));
  EXPECT_THAT(ran.out, HasSubstr("8 certificates with fresh keys"));
  EXPECT_TRUE(fs::exists(path("out/mapping.txt")));
  EXPECT_EQ(run({"run", path("out/trial_1.sql"), "--net", "sim", "--key-pool", path("keys")}).code,
            0);
}

TEST_F(ImportTest, WhatFailsIsToldWithNumberStateAndPlace) {
  ASSERT_EQ(take("failures/no_send_permission.sql", {"--until-line", "9"}).code, 0);

  const Ran ran = import();

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("SB-P001 error   HOST_B.Receiver"));
  EXPECT_THAT(ran.out, HasSubstr("11215 state 1 at HOST_B.Receiver"));
  EXPECT_EQ(import({"--fail-on", "never"}).code, 0);
  EXPECT_THAT(import({"--json"}).out, HasSubstr("\"delivered\":false"));
}

TEST_F(ImportTest, ABadSnapshotIsExitCode11WithItsPlace) {
  ASSERT_EQ(take("failures/no_send_permission.sql").code, 0);
  fs::resize_file(path("taken/HOST_B.json"), fs::file_size(path("taken/HOST_B.json")) / 2);

  const Ran ran = import();

  EXPECT_EQ(ran.code, 11);
  EXPECT_THAT(ran.err, HasSubstr("HOST_B.json:"));
  EXPECT_THAT(ran.err, HasSubstr("the file is cut off"));
}

// A route that CREATE ROUTE refuses: what would be found then is not of the servers that were taken.
TEST_F(ImportTest, ATopologyThatDoesNotBuildIsExitCode11) {
  ASSERT_EQ(take("failures/no_send_permission.sql").code, 0);
  std::string text = *read_file(path("taken/HOST_A.json"));
  const std::string address = "TCP://HOST_B:4022";
  ASSERT_NE(text.find(address), std::string::npos);
  text.replace(text.find(address), address.size(), "TRANSPORT");
  std::ofstream(path("taken/HOST_A.json")) << text;

  const Ran ran = import();

  EXPECT_EQ(ran.code, 11);
  EXPECT_THAT(ran.err, HasSubstr("does not build"));
  EXPECT_THAT(ran.err, HasSubstr("Msg 9745"));
}

TEST_F(ImportTest, APeerThatIsNoServerIsAUsageErrorAndForeignFilesStay) {
  ASSERT_EQ(take("failures/no_send_permission.sql").code, 0);
  EXPECT_EQ(import({"--peer", "10.0.0.3=HOST_Z"}).code, 10);

  fs::create_directories(path("out"));
  std::ofstream(path("out/topology.sql")) << "SELECT 1";
  EXPECT_EQ(import().code, 10);
}

TEST(SnapshotQueryTest, ReadsAndNamesTheDatabases) {
  const Ran ran = run({"snapshot-query", "--database", "Sales", "O'Hara"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("name IN (N'Sales', N'O''Hara')"));
  EXPECT_THAT(ran.out, HasSubstr("VIEW ANY DEFINITION"));
  for (const char* changing :
       {"CREATE ", "ALTER ", "INSERT ", "UPDATE ", "DELETE ", "password_hash"})
    EXPECT_THAT(ran.out, testing::Not(HasSubstr(changing)));
}

}  // namespace
}  // namespace ssb::sim::cli
