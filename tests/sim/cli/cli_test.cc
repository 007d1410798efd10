#include "sim/cli/cli.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "proto/error.h"
#include "sim/allocation.h"
#include "sim/cli/report_output.h"
#include "sim/cli/version.h"
#include "sim/doctor/checks.h"
#include "sim/why/causes.h"
#include "tests/sim/cli/ran.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "ssb-cli-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string pool() const { return (path_ / "keys").string(); }

 private:
  fs::path path_;
};

constexpr std::string_view kPasses = ":connect A\nSELECT 1\nGO\n--# expect value 1\n";
constexpr std::string_view kFails = ":connect A\nSELECT 1\nGO\n--# expect value 2\n";

TEST(CliTest, ExitCodesTellWhatHappened) {
  const Folder folder;
  const auto code_of = [&](std::string_view text) {
    return run({"run", folder.write("a.sql", text), "--key-pool", folder.pool()}).code;
  };

  EXPECT_EQ(code_of(kPasses), 0);
  EXPECT_EQ(code_of(":connect A\nSELECT 1\nGO\n"), 0);
  EXPECT_EQ(code_of(kFails), 1);
  EXPECT_EQ(code_of("--# modes sim\n:connect A\nSELECT 1\nGO\n"), 0);
  EXPECT_EQ(code_of("--# heal\n"), 0);
  EXPECT_EQ(code_of("--# setle\n"), 11);
  EXPECT_EQ(code_of("--# attack replay at wire A|B\n:connect A\n:connect B\n"), 2);
  EXPECT_EQ(code_of("--# attack repay at wire A|B\n:connect A\n:connect B\n"), 11);
  EXPECT_EQ(run({"run", folder.path() + "/gone.sql"}).code, 12);
  for (const char* needs_simulation : {"--# modes sim\n:connect A\n", "--# heal\n"}) {
    EXPECT_EQ(run({"run", folder.write("b.sql", needs_simulation), "--net", "tcp", "--key-pool",
                   folder.pool()})
                  .code,
              2)
        << needs_simulation;
  }
  EXPECT_EQ(
      run({"run", folder.write("c.sql", kPasses), "--net", "both", "--key-pool", folder.pool()})
          .code,
      0);
  // For one of them alone: that is both.
  const Ran alone = run({"run", folder.write("b.sql", "--# modes sim\n" + std::string(kPasses)),
                         "--net", "both", "--json", "--key-pool", folder.pool()});
  EXPECT_EQ(alone.code, 0) << alone.out;
  EXPECT_THAT(alone.out,
              AllOf(HasSubstr(R"("backend":"sim")"), Not(HasSubstr(R"("backend":"tcp")"))));
  for (const std::vector<std::string>& contradiction :
       {std::vector<std::string>{"--net", "carrier pigeon"},
        {"--net", "tcp", "--seed", "1"},
        {"--net", "tcp", "--check-determinism"},
        {"--net", "sim", "--keep"},
        {"--net", "both", "--pcap", folder.path() + "/x.pcap"}}) {
    std::vector<std::string> arguments{"run", folder.write("c.sql", kPasses)};
    arguments.insert(arguments.end(), contradiction.begin(), contradiction.end());
    EXPECT_EQ(run(arguments).code, 10) << contradiction.back();
  }
  EXPECT_EQ(run({"run"}).code, 10);
  EXPECT_EQ(run({"walk"}).code, 10);
  EXPECT_EQ(run({}).code, 10);
}

// How far the loop comes within a second of real time is another each time.
TEST(CliTest, TwoRunsThatDifferAreExitCode3) {
  const Folder folder;
  const std::string file =
      folder.write("a.sql", ":connect A\nWHILE 1 = 1 PRINT CAST(NEWID() AS nvarchar(36))\nGO\n");

  // Where real time cuts the loop off is chance, and may be the same place twice.
  Ran ran;
  for (int attempt = 0; attempt < 10 && ran.code != 3; ++attempt) {
    ran = run(
        {"run", file, "--check-determinism", "--batch-timeout", "1", "--key-pool", folder.pool()});
  }

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.out, HasSubstr("NONDETERMINISTIC"));
  EXPECT_THAT(ran.out, HasSubstr("two runs of seed 1 differ at"));
}

TEST(CliTest, ACountedFaultThatNeverCameShowsNothing) {
  const Folder folder;
  const auto run_with = [&](const std::string& before, const std::string& after) {
    const std::string file = folder.write(
        "a.sql", ":connect A\n" + before +
                     "CREATE DATABASE D\nGO\nSELECT 1\nGO\n--# expect value 1\n" + after);
    return run({"run", file, "--net", "sim", "--key-pool", folder.pool()});
  };

  for (const auto& [fault, words] :
       {std::pair("--# crash A after write 100000\n", "the counted crash of A never came: 99"),
        std::pair("--# disk A fails sync 9999\n", "the counted failure of the disk of A"),
        std::pair("--# disk A misdirects 9999\n", "the misdirected write of A"),
        std::pair("--# crash A after allocation 10000000\n", "at a counted allocation of A")}) {
    if (!can_fail_allocations() && std::string(fault).find("allocation") != std::string::npos)
      continue;  // a sanitizer has its own operator new
    const Ran ran = run_with(fault, "");
    EXPECT_EQ(ran.code, 2) << fault << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("INCONCLUSIVE")) << fault;
    EXPECT_THAT(ran.out, HasSubstr(words)) << fault;
    EXPECT_EQ(run_with(fault, "--# heal all\n").code, 2) << fault;
  }
  // One that the script takes back itself, and one that comes.
  EXPECT_EQ(run_with("--# disk A fails sync 9999\n", "--# disk A ok\n").code, 0);
  EXPECT_EQ(run_with("", "--# disk A misdirects 1\nCREATE DATABASE E\nGO\n").code, 0);
}

TEST(CliTest, SeedsAreNumbersThatFit) {
  const Folder folder;
  const std::string file = folder.write("a.sql", kPasses);
  for (const char* seed : {"-1", "99999999999999999999999", "0x10", "", "1.5"}) {
    EXPECT_EQ(run({"run", file, "--seed", seed, "--key-pool", folder.pool()}).code, 10) << seed;
    EXPECT_EQ(run({"crash-sweep", file, "--seed", seed}).code, 10) << seed;
    EXPECT_EQ(run({"attack", file, "--seed", seed}).code, 10) << seed;
    EXPECT_EQ(run({"generate", seed}).code, 10) << seed;
  }
  EXPECT_EQ(run({"run", file, "--seed", "999999999999999999", "--key-pool", folder.pool()}).code,
            0);
}

TEST(CliTest, NumbersOutOfRangeAreRefusedInALine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"sweep", "a.sql", "-j", "0"},
        {"crash-sweep", "a.sql", "--every", "0"},
        {"crash-sweep", "a.sql", "--every", "-3"},
        {"run", "a.sql", "--batch-timeout", "0"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, 10) << arguments.back();
    EXPECT_LT(ran.err.size(), 200U) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("no number from 1")) << arguments.back();
  }
}

TEST(CliTest, WhatCannotBeWrittenToStandardOutputIsExitCode12) {
  const Folder folder;
  const std::string file = folder.write("a.sql", kPasses);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"version"},
        {"--help"},
        {"run", file, "--json", "--key-pool", folder.pool()},
        {"run", file, "--key-pool", folder.pool()},
        {"sweep", file, "--seeds", "0-3", "--json", "-", "--key-pool", folder.pool()}}) {
    std::ostream out(nullptr);  // takes nothing, as a full disk
    std::ostringstream err;
    EXPECT_EQ(run_program(arguments, out, err), 12) << arguments.front();
    EXPECT_THAT(err.str(), HasSubstr("standard output")) << arguments.front();
  }
}

// D25: a terminal obeys what it is sent.
TEST(CliTest, WhatScriptsAndValuesSayIsNeverSentToTheTerminalAsAControl) {
  const Folder folder;
  const std::string clear = "\x1B[2J";
  const std::string value = folder.write(
      "a.sql", "--# scenario A title " + clear + "\n:connect A\nSELECT N'" + clear + "' AS [a" +
                   clear + "b];\nPRINT N'" + clear + "';\nGO\n--# expect value '" + clear +
                   "x'\nSELECT * FROM [no" + clear + "table];\nGO\n");
  const std::string broken = folder.write("b.sql", "--# set" + clear + "le\n");

  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"run", value, "--results"},
        {"run", value, "--json"},
        {"run", broken},
        {"attack", value},
        {"sweep", value, "--seeds", "0-0"}}) {
    std::vector<std::string> all = arguments;
    if (arguments[0] != "run" || arguments[1] != broken)
      all.insert(all.end(), {"--key-pool", folder.pool()});
    const Ran ran = run(all);
    EXPECT_EQ((ran.out + ran.err).find('\x1B'), std::string::npos) << arguments[0];
    EXPECT_THAT(ran.out + ran.err, HasSubstr("u001b")) << arguments[0] << ran.out << ran.err;
  }
}

TEST(CliTest, ABundleOfAnotherBuildIsReplayedWithAWarning) {
  const Folder folder;
  const std::string head = "-- Found by ssbsim sweep, version 0.1.0 build ";
  const auto err_of = [&](const std::string& text) {
    return run({"run", folder.write("b.sql", text), "--key-pool", folder.pool()}).err;
  };

  EXPECT_THAT(err_of(head + "0ddba11.\n" + std::string(kPasses)),
              HasSubstr("was found with build 0ddba11"));
  EXPECT_EQ(err_of(head + std::string(build_id()) + ".\n" + std::string(kPasses)), "");
  EXPECT_EQ(err_of(std::string(kPasses)), "");
}

TEST(CliTest, WhatCannotRunIsSaidBeforeAnythingRuns) {
  const Folder folder;
  const std::string file = folder.write("a.sql", kPasses);

  const Ran gone = run({"run", folder.path() + "/gone.sql"});
  const Ran unwritable = run({"run", file, "--key-pool", folder.pool(), "--junit",
                              folder.path() + "/no/such/folder/report.xml"});
  const Ran mistyped = run({"frob"});

  EXPECT_THAT(gone.err, HasSubstr("gone.sql"));
  EXPECT_EQ(unwritable.code, 12);
  EXPECT_THAT(unwritable.err, HasSubstr("report.xml"));
  EXPECT_EQ(unwritable.out, "");
  EXPECT_EQ(mistyped.code, 10);
  EXPECT_THAT(mistyped.err, HasSubstr("no subcommand 'frob'"));
}

TEST(CliTest, AScriptThatDoesNotParseHasNoTime) {
  const Folder folder;

  const Ran ran = run({"run", folder.write("a.sql", "--# setle\n"), "--key-pool", folder.pool()});

  EXPECT_THAT(ran.out, HasSubstr("a.sql:1:5: unknown directive 'setle'"));
  EXPECT_THAT(ran.out, HasSubstr("DOES NOT PARSE   exit 11"));
  EXPECT_EQ(ran.out.find("virtual"), std::string::npos);
}

TEST(CliTest, NoPasswordIsShown) {
  const Folder folder;
  const std::string file = folder.write(
      "a.sql",
      ":connect A\nCREATE MASTER KEY ENCRYPTION BY PASSWORD='TopSecret_1!' BOGUS;\nGO\n"
      "CREATE LOGIN x WITH PASSWORD = N'TopSecret_1!', FOO = 3\nGO\n"
      "CREATE LOGIN x WITH PASSWORD 'TopSecret_1!'\nGO\n"
      "EXEC('CREATE LOGIN x WITH PASSWORD=''TopSecret_1!'' BOGUS')\nGO\n"
      ":connect A -U sa -P TopSecret_1!\n");

  for (const char* option : {"--results", "--json"}) {
    const Ran ran = run({"run", file, "--key-pool", folder.pool(), option, "--junit",
                         folder.path() + "/report.xml"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("***"));
    for (const std::string& text : {ran.out, ran.err, folder.read("report.xml")})
      EXPECT_EQ(text.find("TopSecret"), std::string::npos) << text;
  }
}

TEST(CliTest, AScriptThatChecksNothingIsNotCalledPassed) {
  const Folder folder;

  const Ran ran = run(
      {"run", folder.write("a.sql", ":connect A\nSELECT 1\nGO\n"), "--key-pool", folder.pool()});

  EXPECT_THAT(ran.out, HasSubstr("RAN, nothing checked"));
}

TEST(CliTest, AFolderRunsEverySqlFileBelowItAndTheWorstDecides) {
  const Folder folder;
  folder.write("s/a.sql", kPasses);
  folder.write("s/deep/b.sql", kFails);
  folder.write("s/c.txt", "not one");

  const Ran ran = run({"run", folder.path() + "/s", "--key-pool", folder.pool(), "--junit",
                       folder.path() + "/report.xml"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 passed, 1 failed\n"));
  EXPECT_THAT(ran.out, HasSubstr("b.sql:4"));
  const std::string xml = folder.read("report.xml");
  EXPECT_THAT(xml, HasSubstr("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
  EXPECT_THAT(xml, HasSubstr("<failure message="));
}

TEST(CliTest, OnlyRegularFilesAreIncluded) {
  const Folder folder;
  folder.write("b.sql", "SELECT 1\nGO\n");

  EXPECT_EQ(
      run({"run", folder.write("a.sql", ":connect A\n:r b.sql\n"), "--key-pool", folder.pool()})
          .code,
      0);
  for (const char* no_file : {"/dev/zero", "/proc/self/fd/0", "."}) {
    const Ran ran = run({"run", folder.write("a.sql", fmt::format(":r {}\n", no_file))});
    EXPECT_EQ(ran.code, 11) << no_file;
    EXPECT_THAT(ran.out + ran.err, HasSubstr("cannot be read")) << no_file;
  }
}

TEST(CliTest, APasswordGivenAsAVariableIsInNothingThatIsWritten) {
  const Folder folder;
  const std::string script = folder.write(
      "a.sql",
      ":connect A\nCREATE LOGIN joe WITH PASSWORD = '$(LoginPassword)';\nGO\n--# expect value 2\n");
  const std::string junit = folder.path() + "/report.xml";

  for (const char* option : {"-v", "--variable"}) {
    for (const bool is_json : {false, true}) {
      std::vector<std::string> arguments = {
          "run",         script,    option, "LoginPassword=Word_of_joe_1!",
          "Other=shown", "--junit", junit,  "--key-pool",
          folder.pool()};
      if (is_json) arguments.emplace_back("--json");
      const Ran ran = run(arguments);
      EXPECT_EQ(ran.code, 1);
      EXPECT_THAT(ran.out, HasSubstr("Other=shown"));
      EXPECT_THAT(ran.out, HasSubstr("LoginPassword=***"));
      EXPECT_THAT(ran.out + ran.err + folder.read("report.xml"), Not(HasSubstr("Word_of_joe")));
    }
  }
  const Ran glued = run({"run", script, "--variable=LoginPassword=Word_of_joe_1!", "--json",
                         "--key-pool", folder.pool()});
  EXPECT_THAT(glued.out, HasSubstr("LoginPassword=***"));
  EXPECT_THAT(glued.out, Not(HasSubstr("Word_of_joe")));
}

TEST(CliTest, JsonIsOneObjectALineFromHeaderToSummary) {
  const Folder folder;

  const Ran ran =
      run({"run", folder.write("a.sql", kFails), "--key-pool", folder.pool(), "--json"});

  std::istringstream in(ran.out);
  std::vector<boost::json::object> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(boost::json::parse(line).as_object());
  ASSERT_GE(lines.size(), 4U);
  EXPECT_EQ(lines.front().at("type"), "header");
  EXPECT_EQ(lines.back().at("type"), "summary");
  EXPECT_EQ(lines.back().at("complete"), true);
  EXPECT_EQ(lines.back().at("exit"), 1);
  const auto is_failure = [](const boost::json::object& line) {
    return line.at("type") == "not met";
  };
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), is_failure), 1);
}

TEST(CliTest, TheRunCanBeRepeatedByTheLineThatItPrints) {
  const Folder folder;
  const std::string file = folder.write("a b.sql", kPasses);

  const Ran ran = run({"run", file, "--key-pool", folder.pool()});

  EXPECT_THAT(ran.out,
              HasSubstr("repeat: ssbsim run '" + file + "' --key-pool " + folder.pool() + "\n"));
}

TEST(CliTest, VariablesComeFromTheCommandLine) {
  const Folder folder;
  const std::string file =
      folder.write("a.sql", ":connect A\nSELECT '$(Name)'\nGO\n--# expect value 'x=y'\n");

  EXPECT_EQ(run({"run", file, "--key-pool", folder.pool(), "-v", "Name=x=y"}).code, 0);
  EXPECT_EQ(run({"run", file, "--key-pool", folder.pool(), "-v", "Name"}).code, 10);
  EXPECT_EQ(run({"run", file, "--key-pool", folder.pool()}).code, 11);
}

TEST(CliTest, ResultsAreShownOnRequest) {
  const Folder folder;
  const std::string file = folder.write("a.sql", ":connect A\nSELECT 7 AS seven\nGO\n");

  EXPECT_THAT(run({"run", file, "--key-pool", folder.pool(), "--results"}).out,
              HasSubstr("A: seven\n"));

  const std::string wide =
      folder.write("b.sql", ":connect A\nSELECT '" + std::string(300, 'y') + "z' AS wide\nGO\n");
  const auto out = [&](const char* width) {
    return run({"run", wide, "--key-pool", folder.pool(), "--results", "--width", width}).out;
  };
  EXPECT_EQ(out("100").find("yz"), std::string::npos);
  EXPECT_THAT(out("0"), HasSubstr("yz"));
  EXPECT_THAT(out("400"), HasSubstr("yz"));
}

TEST(CliTest, ExplainKnowsEveryNumberAndNamesNearOnes) {
  EXPECT_THAT(run({"explain", "9727"}).out,
              StartsWith("9727  no_remote_service_binding   severity 16\n"));
  EXPECT_THAT(run({"explain", "--", "-8494"}).out, StartsWith("8494  "));
  const Ran unknown = run({"explain", "9729"});
  EXPECT_EQ(unknown.code, 10);
  EXPECT_THAT(unknown.err, HasSubstr("9727"));
  EXPECT_EQ(run({"explain", "word"}).code, 10);
  EXPECT_THAT(run({"explain", "event", "160"}).out,
              StartsWith("event 160  Broker:Message Undeliverable\n"));
  EXPECT_THAT(run({"explain", "event", "5"}).err, HasSubstr("160"));
  EXPECT_EQ(run({"explain", "event"}).code, 10);
  EXPECT_EQ(run({"explain", "160", "2"}).code, 10);
  EXPECT_THAT(run({"explain", "9277"}).err, HasSubstr("9727"));
  EXPECT_EQ(run({"explain", "66666"}).err.find("near"), std::string::npos);
}

boost::json::object only_line(const Ran& ran) {
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1) << ran.out << ran.err;
  return boost::json::parse(ran.out).as_object();
}

TEST(CliTest, ExplainSaysOfANumberThatNeverComesWhyNot) {
  const Ran mirroring = run({"explain", "1418"});
  EXPECT_EQ(mirroring.code, 0);
  EXPECT_THAT(mirroring.out, StartsWith("1418  never comes from ssbsim\n"));
  EXPECT_THAT(mirroring.out, HasSubstr("no mirroring"));
  const Ran in_range = run({"explain", "--", "-9726"});
  EXPECT_EQ(in_range.code, 0);
  EXPECT_THAT(in_range.out, AllOf(StartsWith("9726  never comes"), HasSubstr("9727")));
  // 9714 is in no public table, beside 9713 and 9715, which are and never come.
  EXPECT_EQ(run({"explain", "9713"}).code, 0);
  EXPECT_EQ(run({"explain", "9714"}).code, 10);
  const boost::json::object line = only_line(run({"explain", "1418", "--json"}));
  EXPECT_EQ(line.at("type"), "absent");
  EXPECT_EQ(line.at("number"), 1418);
}

TEST(CliTest, ExplainTakesTheIdsOfChecksAndCauses) {
  for (const doctor::Check& check : doctor::all_checks()) {
    const std::string id(check.id);
    const Ran ran = run({"explain", id});
    EXPECT_EQ(ran.code, 0) << id;
    EXPECT_THAT(ran.out, AllOf(StartsWith(id + "  "), HasSubstr(std::string(check.asks)),
                               HasSubstr(std::string(doctor::severity_name(check.severity)))));
  }
  for (const why::KnownCause& cause : why::all_causes()) {
    const std::string id(cause.id);
    EXPECT_NE(cause.means, "") << id << " has no row in sim/why/cause_texts.def";
    EXPECT_NE(cause.cure, "") << id;
    std::istringstream numbers{std::string(cause.errors)};
    for (int number = 0; numbers >> number;)
      EXPECT_NE(proto::find_error(number), nullptr) << id << " " << number;
    EXPECT_TRUE(numbers.eof()) << id << " " << cause.errors;
    for (const Ran& ran : {run({"explain", id}), run({"doctor", "--explain", id})}) {
      EXPECT_EQ(ran.code, 0) << id;
      EXPECT_THAT(ran.out, AllOf(StartsWith(id + "  "), HasSubstr(std::string(cause.means)),
                                 HasSubstr(std::string(cause.cure))));
    }
  }
  EXPECT_THAT(run({"explain", "sb-w003"}).out, StartsWith("SB-W003  "));
  const Ran unknown = run({"explain", "SB-W006"});
  EXPECT_EQ(unknown.code, 10);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean SB-"));
  EXPECT_EQ(run({"explain", "SB-R001", "--message", "3"}).code, 10);
}

TEST(CliTest, ExplainSaysTheSameAsJson) {
  const boost::json::object error = only_line(run({"explain", "9727", "--json"}));
  EXPECT_EQ(error.at("type"), "error");
  EXPECT_EQ(error.at("number"), 9727);
  EXPECT_EQ(error.at("severity"), 16);
  EXPECT_TRUE(error.contains("causes"));
  const boost::json::object check = only_line(run({"explain", "SB-R001", "--json"}));
  EXPECT_EQ(check.at("type"), "check");
  EXPECT_EQ(check.at("severity"), "error");
  EXPECT_EQ(check.at("explains"), (boost::json::array{9793, 9750, 9796}));
  const boost::json::object cause = only_line(run({"explain", "SB-W008", "--json"}));
  EXPECT_EQ(cause.at("type"), "cause");
  EXPECT_EQ(cause.at("phase"), "8 of 9: acknowledgement");
  EXPECT_EQ(cause.at("explains"), (boost::json::array{11218}));
  EXPECT_EQ(only_line(run({"doctor", "--explain", "SB-R001", "--json"})), check);
  const boost::json::object event = only_line(run({"explain", "event", "160", "--json"}));
  EXPECT_EQ(event.at("name"), "Broker:Message Undeliverable");
  EXPECT_EQ(event.at("number"), 160);
}

TEST(CliTest, GeneratePrintsOrWritesTheScenarioOfItsNumber) {
  const Folder folder;
  const std::string file = folder.path() + "/seven.sql";
  const Ran printed = run({"generate", "7"});

  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.out, StartsWith("--# scenario Generated from seed 7\n"));
  EXPECT_EQ(run({"generate", "7", "--output", file}).out, "");
  EXPECT_EQ(folder.read("seven.sql"), printed.out);
  EXPECT_NE(run({"generate", "8"}).out, printed.out);
  EXPECT_EQ(run({"generate"}).code, 10);
  EXPECT_EQ(run({"generate", "seven"}).code, 10);
  EXPECT_EQ(run({"generate", "7", "--output", folder.path() + "/none/7.sql"}).code, 12);
}

TEST(CliTest, VersionAsTextAndJson) {
  EXPECT_THAT(run({"version"}).out, StartsWith("ssbsim 0."));
  EXPECT_TRUE(boost::json::parse(run({"version", "--json"}).out).as_object().contains("build"));
}

TEST(CliTest, EverySubcommandHasHelpWithAnExample) {
  for (const char* command : {"run", "node", "generate", "explain", "version"}) {
    const Ran ran = run({command, "--help"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("Example")) << command;
  }
  EXPECT_EQ(run({"--help"}).code, 0);
}

TEST(ReportOutputTest, XmlIsEscaped) {
  FinishedRun run;
  run.report.file = "a<b>&\"c\x01.sql";
  run.report.verdict = scenario::Verdict::does_not_parse;
  run.report.problems.push_back({{.file = "a.sql", .line = 1, .column = 2}, "x < y"});

  const std::string xml = junit_xml({run});

  EXPECT_THAT(xml, HasSubstr("name=\"a&lt;b&gt;&amp;&quot;c.sql\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"DOES NOT PARSE\">a.sql:1:2: x &lt; y"));
}

TEST(ReportOutputTest, AJudgesFindingIsALineOfJsonAndAFailureOfJUnit) {
  FinishedRun run;
  run.report.file = "a.sql";
  run.report.verdict = scenario::Verdict::failed;
  run.report.findings = {{.judge = "nonces", .node = "A", .at = {}, .text = "nonce 7 again"}};

  EXPECT_THAT(json_lines(run),
              Contains(AllOf(HasSubstr("\"type\":\"finding\""), HasSubstr("\"judge\":\"nonces\""),
                             HasSubstr("\"text\":\"nonce 7 again\""))));
  EXPECT_THAT(junit_xml({run}), HasSubstr("<failure message=\"nonces\" type=\"judge\">"));
}

}  // namespace
}  // namespace ssb::sim::cli
