// `ssbsim crash-sweep` and `run --crash`: what they find, and their exit codes.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/cli/cli.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kTable =
    ":connect A\nCREATE DATABASE D\nGO\nUSE D\nCREATE TABLE t (n int)\nGO\n--# repeatable\n";
constexpr std::string_view kCount =
    "\nGO\n--# repeatable\nSELECT COUNT(*) FROM t\nGO\n--# expect value 1\n";

class CrashSweepTest : public testing::Test {
 protected:
  CrashSweepTest() {
    std::string name = (fs::temp_directory_path() / "ssb-crash-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    // A client that looks first, and one that does not.
    good_ = write("good.sql", "IF NOT EXISTS (SELECT * FROM t) INSERT INTO t VALUES (1)");
    bad_ = write("bad.sql", "INSERT INTO t VALUES (1)");
  }
  CrashSweepTest(const CrashSweepTest&) = delete;
  CrashSweepTest& operator=(const CrashSweepTest&) = delete;
  ~CrashSweepTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string write(const std::string& name, std::string_view batch) const {
    std::ofstream(folder_ / name) << kTable << batch << kCount;
    return (folder_ / name).string();
  }
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--key-pool", (folder_ / "keys").string()});
    std::ostringstream out, err;
    const int code = run_program(arguments, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  fs::path folder_;
  std::string good_;
  std::string bad_;
  std::string out_;
  std::string err_;
};

TEST_F(CrashSweepTest, AClientThatLooksFirstStandsACrashInEveryStep) {
  EXPECT_EQ(run({"crash-sweep", good_, "-j", "2"}), 0);
  EXPECT_THAT(out_, HasSubstr("exit 0"));
  EXPECT_THAT(out_, Not(HasSubstr("repeat:")));
  EXPECT_EQ(run({"crash-sweep", good_, "--count", "sync"}), 0);
  EXPECT_EQ(run({"crash-sweep", good_, "--min-points", "10000"}), 2);
  EXPECT_EQ(run({"crash-sweep", good_, "--from", "100000"}), 2);
}

TEST_F(CrashSweepTest, OneThatDoesNotIsFoundAndTheCommandShownRepeatsIt) {
  EXPECT_EQ(run({"crash-sweep", bad_, "--torn", "no"}), 1);
  const std::string key = "repeat: ssbsim run " + bad_ + " --crash ";
  const std::size_t at = out_.find(key);
  ASSERT_NE(at, std::string::npos) << out_;
  const std::string point = out_.substr(at + key.size(), out_.find('\n', at) - at - key.size());

  EXPECT_EQ(run({"run", bad_, "--crash", point}), 1);
  EXPECT_THAT(out_, HasSubstr("A has gone down"));
  EXPECT_EQ(run({"run", bad_, "--net", "sim"}), 0);
}

TEST_F(CrashSweepTest, JsonHasALineForEachPointAndIsComplete) {
  EXPECT_EQ(run({"crash-sweep", good_, "--json", "--to", "2"}), 0);
  EXPECT_THAT(out_, HasSubstr(R"("point":"A:1:torn")"));
  EXPECT_THAT(out_, HasSubstr(R"("point":"A:2")"));
  EXPECT_THAT(out_, Not(HasSubstr(R"("point":"A:3")")));
  EXPECT_THAT(out_, HasSubstr(R"("complete":true)"));
  EXPECT_THAT(out_, EndsWith("\n"));
}

TEST_F(CrashSweepTest, WhatCannotBeSweptIsSaid) {
  const std::string plain = (folder_ / "plain.sql").string();
  std::ofstream(plain) << ":connect A\nSELECT 1\nGO\n--# expect value 1\n";
  const std::string broken = (folder_ / "broken.sql").string();
  std::ofstream(broken) << "--# setle\n";
  const std::string failing = write("failing.sql", "SELECT 1");

  EXPECT_EQ(run({"crash-sweep", plain}), 2);
  EXPECT_THAT(out_, HasSubstr("--# repeatable"));
  EXPECT_EQ(run({"crash-sweep", broken}), 11);
  EXPECT_EQ(run({"crash-sweep", failing}), 1);
  EXPECT_THAT(out_, HasSubstr("without a crash"));
  EXPECT_EQ(run({"crash-sweep", folder_.string() + "/gone.sql"}), 12);
  EXPECT_EQ(run({"crash-sweep", good_, "--node", "B"}), 10);
  EXPECT_THAT(err_, HasSubstr("has no instance B; it has A"));
  EXPECT_EQ(run({"crash-sweep", good_, "--from", "20", "--to", "10"}), 10);
  EXPECT_THAT(err_, HasSubstr("--to 10 is before --from 20"));
  EXPECT_EQ(run({"run", good_, "--crash", "A:999999"}), 2);
  EXPECT_THAT(out_, HasSubstr("the counted crash of A never came"));
  EXPECT_EQ(run({"run", plain, "--crash", "A:1"}), 10);
  EXPECT_EQ(run({"run", good_, "--crash", "B:1"}), 10);
  EXPECT_EQ(run({"run", good_, "--crash", "A:0"}), 10);
  EXPECT_EQ(run({"run", good_, "--crash", "A:1", "--net", "tcp"}), 10);
}

}  // namespace
}  // namespace ssb::sim::cli
