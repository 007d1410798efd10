// `ssbsim doctor` as it is called: output, exit codes, folders of nodes.
#include <filesystem>
#include <fstream>
#include <map>

#include <boost/json.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "broker/node.h"
#include "sim/doctor/checks.h"
#include "sim/scenario/data_folder.h"
#include "tests/sim/cli/ran.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kNoWayBack = SSB_SOURCE_DIR "/scenarios/failures/no_way_back.sql";
const std::string kFull = SSB_SOURCE_DIR "/scenarios/dialogs/full_security.sql";

class DoctorCommandTest : public testing::Test {
 protected:
  DoctorCommandTest() {
    std::string name = (fs::temp_directory_path() / "ssb-doctor-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~DoctorCommandTest() override { fs::remove_all(root_); }
  DoctorCommandTest(const DoctorCommandTest&) = delete;
  DoctorCommandTest& operator=(const DoctorCommandTest&) = delete;

  // One pool of keys for all tests of this file: making them takes longer than everything else.
  static void SetUpTestSuite() {
    std::string name = (fs::temp_directory_path() / "ssb-doctor-pool-XXXXXX").string();
    pool() = ::mkdtemp(name.data());
  }
  static void TearDownTestSuite() { fs::remove_all(pool()); }
  static fs::path& pool() {
    static fs::path folder;
    return folder;
  }

  [[nodiscard]] static Ran doctor(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "doctor");
    arguments.insert(arguments.end(), {"--key-pool", (pool() / "keys").string()});
    return run(arguments);
  }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }
  // A data folder of a node of that name, in which the batches have run.
  std::string make_folder(const std::string& name, const std::vector<std::string>& batches) const {
    const scenario::DataFolder folder(root_ / name);
    broker::NodeOptions options;
    options.name = name;
    options.folder = folder.store();
    struct NoFiles : broker::catalog::Files {
      boost::system::result<proto::Bytes, std::string> read(std::string_view) override {
        return std::string("none");
      }
      boost::system::result<void, std::string> create(std::string_view, proto::ByteView) override {
        return std::string("none");
      }
    } files;
    const proto::TimePoint now = proto::from_unix_us(1'583'020'800'000'000);
    proto::Secret key = folder.prepare();
    broker::Node node(std::move(options), files, test_key, std::move(key), now);
    node.handle(broker::SessionOpened{1, {}}, now);
    for (const std::string& batch : batches) {
      node.handle(broker::BatchSubmitted{1, batch}, now);
      broker::NodeActions actions;
      do {
        node.commit(actions);
      } while (node.is_busy(1));
    }
    node.flush();
    return (root_ / name).string();
  }
  fs::path root_;
};

TEST_F(DoctorCommandTest, AFindingIsOneLineWithItsCureAndMakesTheExitCode1) {
  const Ran ran = doctor({kNoWayBack, "--until-line", "10"});

  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("SB-R001 error   HOST_B.Receiver  no route for "
                                  "service 'SenderService' (acknowledgements cannot leave)"));
  EXPECT_THAT(ran.out,
              HasSubstr("fix: HOST_B: USE [Receiver]; CREATE ROUTE [to_SenderService] WITH "
                        "SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';\n"));
  EXPECT_THAT(ran.out, HasSubstr("1 finding (1 error, 0 warnings), "));
  EXPECT_THAT(ran.out, Not(HasSubstr(" ok   ")));
}

TEST_F(DoctorCommandTest, WithoutFaultsItSaysSoAndShowsWhatItAskedOnlyWithOk) {
  const Ran ran = doctor({kFull, "--fail-on", "warning", "--strict"});
  const Ran with_ok = doctor({kFull, "--ok"});

  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, StartsWith("0 findings, "));
  EXPECT_THAT(with_ok.out, HasSubstr("SB-K002 ok      REMUSRX64.SourceDb  "));
}

TEST_F(DoctorCommandTest, FailOnIgnoreAndTheirMistakes) {
  const std::vector<std::string> at_failure{kNoWayBack, "--until-line", "10"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = at_failure;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return doctor(arguments);
  };

  EXPECT_EQ(with({"--fail-on", "never"}).code, 0);
  const Ran ignored = with({"--ignore", "SB-R001"});
  EXPECT_EQ(ignored.code, 0);
  EXPECT_THAT(ignored.out, AllOf(StartsWith("0 findings, "), HasSubstr(", 1 ignored")));
  EXPECT_EQ(with({"--ignore", "SB-P001"}).code, 1);
  const Ran unknown = with({"--ignore", "SB-R999"});
  EXPECT_EQ(unknown.code, 10);
  EXPECT_THAT(unknown.err, HasSubstr("there is no check 'SB-R999'"));
  EXPECT_EQ(with({"--fail-on", "sometimes"}).code, 10);
  EXPECT_EQ(doctor({}).code, 10);
  EXPECT_EQ(doctor({(root_ / "absent.sql").string()}).code, 12);
  EXPECT_EQ(doctor({kFull, kNoWayBack, "--until-line", "3"}).code, 10);
  EXPECT_EQ(doctor({kFull, "--peer", "x=HOST_A"}).code, 10);
}

TEST_F(DoctorCommandTest, AWarningFailsOnlyWhereItIsAskedTo) {
  const std::string file = write("a.sql",
                                 "--# clock 2020-03-01\n:connect HOST_A\nCREATE MASTER KEY "
                                 "ENCRYPTION BY PASSWORD = 'Pass_word_1!';\nCREATE CERTIFICATE c "
                                 "WITH SUBJECT = 'A', EXPIRY_DATE = '2020-03-10';\nCREATE ENDPOINT "
                                 "e STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR "
                                 "SERVICE_BROKER (AUTHENTICATION = CERTIFICATE c);\nGO\n");

  EXPECT_EQ(doctor({file}).code, 0);
  const Ran ran = doctor({file, "--fail-on", "warning"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("SB-C014 warning HOST_A.master  "));
  EXPECT_THAT(ran.out, HasSubstr("expires in 9 d 0 h"));
}

TEST_F(DoctorCommandTest, WhatCouldNotBeTestedIsExitCode2OnlyWhenItIsStrict) {
  const std::string file = write("a.sql", ":r " + kFull + "\n--# crash VSQL2K5EXPRESS\n");

  const Ran ran = doctor({file, "--strict"});

  EXPECT_EQ(ran.code, 2) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("could not test: SB-R003 VSQL2K5EXPRESS"));
  EXPECT_EQ(doctor({file}).code, 0);
}

TEST_F(DoctorCommandTest, JsonHasALineForEachFinding) {
  const Ran ran = doctor({kNoWayBack, "--until-line", "10", "--json"});

  std::istringstream lines(ran.out);
  std::map<std::string, std::vector<boost::json::object>> by_type;
  for (std::string line; std::getline(lines, line);) {
    auto object = boost::json::parse(line).as_object();
    const std::string type(object.at("type").as_string());
    by_type[type].push_back(std::move(object));
  }

  ASSERT_EQ(by_type["finding"].size(), 1U) << ran.out;
  const auto& finding = by_type["finding"].front();
  EXPECT_EQ(finding.at("id"), "SB-R001");
  EXPECT_EQ(finding.at("severity"), "error");
  EXPECT_EQ(finding.at("verdict"), "NOT OK");
  EXPECT_EQ(finding.at("instance"), "HOST_B");
  EXPECT_EQ(finding.at("database"), "Receiver");
  EXPECT_EQ(finding.at("object"), "SenderService");
  EXPECT_EQ(finding.at("errors").as_array().front(), 9793);
  EXPECT_EQ(finding.at("cure").as_array().front(), ":connect HOST_B");
  ASSERT_EQ(by_type["summary"].size(), 1U);
  EXPECT_EQ(by_type["summary"].front().at("errors"), 1);
  EXPECT_EQ(by_type["summary"].front().at("exit_code"), 1);
}

TEST_F(DoctorCommandTest, CuresAreLinesThatTheScenarioTakes) {
  const Ran cures = doctor({kNoWayBack, "--until-line", "9", "--cures"});
  ASSERT_EQ(cures.code, 1);
  std::ifstream in(kNoWayBack);
  std::string text;
  std::string line;
  for (int i = 1; i < 9 && std::getline(in, line); ++i) text += line + "\n";
  const std::string folder = SSB_SOURCE_DIR "/scenarios/setup/";
  text.replace(text.find("../setup/"), 9, folder);

  const Ran cured = doctor({write("cured.sql", text + cures.out), "--fail-on", "warning"});

  EXPECT_EQ(cured.code, 0) << text << cures.out << cured.out;
}

TEST_F(DoctorCommandTest, ABatchThatFailsIsANoteAndAScriptThatDoesNotParseIsExitCode11) {
  const std::string failing = write("failing.sql", ":connect HOST_A\nDROP ENDPOINT nobody;\nGO\n");
  const std::string broken = write("broken.sql", "--# nonsense\n");

  const Ran ran = doctor({failing, kFull});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("note: " + failing + ":2: unexpected error: "));
  EXPECT_EQ(doctor({broken}).code, 11);
}

TEST_F(DoctorCommandTest, ABatchThatIsNoSqlIsExitCode11AndTheRestIsLookedAt) {
  const Ran nothing = doctor({write("nothing.sql", ":connect HOST_A\nCREATE QUEUE;\nGO\n")});
  EXPECT_EQ(nothing.code, 11);
  EXPECT_THAT(nothing.err, HasSubstr("nothing.sql: a batch is no T-SQL and has not run"));
  EXPECT_THAT(nothing.out, HasSubstr("unexpected error: Msg "));

  const Ran rest = doctor({write("rest.sql", ":r " + kFull + "\nSELECT FROM WHERE;\nGO\n")});
  EXPECT_EQ(rest.code, 11);
  EXPECT_THAT(rest.out, AllOf(HasSubstr("0 findings, "), Not(HasSubstr("no dialog"))));
  // An expectation of that error makes it a part of the scenario.
  const Ran meant = doctor({write("meant.sql", ":r " + kFull +
                                                   "\n--# expect error 156\nSELECT FROM WHERE;\n"
                                                   "GO\n")});
  EXPECT_EQ(meant.code, 0) << meant.out << meant.err;
}

TEST_F(DoctorCommandTest, WhereNoDialogIsToBeAskedAboutNothingIsSound) {
  const std::string empty = write("empty.sql", ":connect HOST_A\nCREATE DATABASE d;\nGO\n");
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {}, {"--strict"}, {"--fail-on", "never"}, {"--fail-on", "warning"}}) {
    std::vector<std::string> arguments{empty};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran ran = doctor(arguments);
    EXPECT_EQ(ran.code, 2) << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("could not test: no dialog to ask about"),
                               HasSubstr(" 1 not tested\n")));
  }
  const Ran as_json = doctor({empty, "--json"});
  EXPECT_THAT(as_json.out, AllOf(HasSubstr("could not test: no dialog"),
                                 HasSubstr("\"not_tested\":1"), HasSubstr("\"exit_code\":2")));
  // Beside a set that has one it is told, and counts when it is strict.
  EXPECT_EQ(doctor({kFull, empty}).code, 0);
  EXPECT_EQ(doctor({kFull, empty, "--strict"}).code, 2);
}

TEST_F(DoctorCommandTest, ManyScenariosAreSetsOfTheirOwnWithOneSum) {
  const Ran ran = doctor({kFull, kFull});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, StartsWith(kFull + "\n0 findings, "));
  EXPECT_THAT(ran.out, HasSubstr("\n\n0 findings, "));
}

TEST_F(DoctorCommandTest, ListAndExplainTellOfEveryCheck) {
  const Ran list = doctor({"--list"});
  EXPECT_EQ(list.code, 0);
  for (const doctor::Check& check : doctor::all_checks()) {
    EXPECT_THAT(list.out, HasSubstr(std::string(check.id)));
    const Ran ran = doctor({"--explain", std::string(check.id)});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr(std::string(check.asks)));
  }
  EXPECT_EQ(doctor({"--explain", "SB-X001"}).code, 10);
}

// ---- folders of nodes ----

constexpr const char* kSender =
    "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!'; CREATE CERTIFICATE c WITH SUBJECT "
    "= "
    "'A', EXPIRY_DATE = '2090-01-01'; CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = "
    "4022) FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE c); CREATE DATABASE Db;";
constexpr const char* kSenderDb =
    "USE Db; CREATE QUEUE q; CREATE SERVICE a_service ON QUEUE q; CREATE ROUTE r WITH SERVICE_NAME "
    "= 'b_service', ADDRESS = 'TCP://10.0.0.3:4022';";
constexpr const char* kReceiverDb =
    "USE Db; CREATE QUEUE q; CREATE SERVICE b_service ON QUEUE q ([DEFAULT]); GRANT SEND ON "
    "SERVICE::b_service TO public; CREATE ROUTE r WITH SERVICE_NAME = 'a_service', ADDRESS = "
    "'TCP://host_a.example.com:4022';";

TEST_F(DoctorCommandTest, DataFoldersAreOneSetAndStayAsTheyAre) {
  const std::string a = make_folder("HOST_A", {kSender, kSenderDb});
  const std::string b = make_folder("HOST_B", {kSender, kReceiverDb});
  const auto times = [&] {
    std::map<std::string, fs::file_time_type> out;
    for (const auto& entry : fs::recursive_directory_iterator(root_))
      out[entry.path().string()] = fs::last_write_time(entry.path());
    return out;
  };
  const auto before = times();

  const Ran alone = doctor({a, b});
  EXPECT_THAT(alone.out, HasSubstr("could not test: SB-R002 HOST_A.Db")) << alone.out << alone.err;
  const Ran ran = doctor({a, b, "--peer", "10.0.0.3=HOST_B"});

  // Neither endpoint knows the other's certificate; everything else is right.
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("SB-E007 error   HOST_A.master"));
  EXPECT_THAT(ran.out, HasSubstr("SB-E007 error   HOST_B.master"));
  EXPECT_THAT(ran.out, HasSubstr("2 findings (2 errors, 0 warnings)"));
  EXPECT_EQ(times(), before);
  EXPECT_EQ(doctor({a, b, "--peer", "10.0.0.3=HOST_C"}).code, 10);
}

TEST_F(DoctorCommandTest, AFolderThatANodeServesIsRefused) {
  const std::string a = make_folder("HOST_A", {kSender});
  const std::string lock = write("HOST_A/lock", "");
  const int held = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);

  const Ran ran = doctor({a});

  EXPECT_EQ(ran.code, 12);
  EXPECT_THAT(ran.err, HasSubstr("stop it, or give a copy of the folder"));
  ::close(held);
  EXPECT_EQ(doctor({a}).code, 2);  // there is nothing in it
}

}  // namespace
}  // namespace ssb::sim::cli
