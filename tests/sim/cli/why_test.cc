// What `run` says of messages that are not delivered, kept runs, and which scenarios provoke an error number.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/cli/explain_data.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/version.h"
#include "tests/sim/cli/ran.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A service that no route leads to: nothing needs a key.
constexpr std::string_view kNoRoute =
    ":connect A\n"
    "CREATE DATABASE Shop;\n"
    "GO\n"
    "USE Shop;\n"
    "DROP ROUTE AutoCreatedLocal;\n"
    "CREATE QUEUE q;\n"
    "CREATE SERVICE ordering ON QUEUE q;\n"
    "CREATE QUEUE t;\n"
    "CREATE SERVICE warehouse ON QUEUE t ([DEFAULT]);\n"
    "GO\n"
    "DECLARE @h uniqueidentifier;\n"
    "BEGIN DIALOG @h FROM SERVICE ordering TO SERVICE 'warehouse' WITH ENCRYPTION = OFF;\n"
    "SEND ON CONVERSATION @h MESSAGE TYPE [DEFAULT] (N'an order');\n"
    "GO\n"
    "--# expect status {}\n";

class WhyCliTest : public testing::Test {
 protected:
  WhyCliTest() {
    std::string name = (fs::temp_directory_path() / "ssb-why-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~WhyCliTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return path(name);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string failing() const {
    return write("fails.sql", fmt::format(fmt::runtime(kNoRoute), "none"));
  }
  [[nodiscard]] std::string passing() const {
    return write("passes.sql", fmt::format(fmt::runtime(kNoRoute), "9793"));
  }
  [[nodiscard]] Ran run_on(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--key-pool", path("keys")});
    return run(arguments);
  }
  // A kept run of the passing scenario.
  [[nodiscard]] std::string kept() const {
    EXPECT_EQ(run_on({"run", passing(), "--bundle", path("kept")}).code, 0);
    return path("kept");
  }
  void replace_in_kept(const std::string& from, const std::string& to) const {
    std::string text = read("kept");
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << text;
    (void)write("kept", text.replace(at, from.size(), to));
  }

 private:
  fs::path folder_;
};

TEST_F(WhyCliTest, AnExpectationThatFailsIsExplainedWithACureThatWasTried) {
  const Ran ran = run_on({"run", failing(), "--net", "sim"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WHY   message 0 of 'ordering' to 'warehouse'"),
                             HasSubstr("phase 1 of 9: leaving the sender at A.Shop"),
                             HasSubstr("SB-R001"), HasSubstr("CREATE ROUTE [to_warehouse]"),
                             HasSubstr("tried in a fork: delivered"),
                             HasSubstr("exactly once, nothing else changed")));
}

TEST_F(WhyCliTest, OverTcpTheSimulatorIsAskedAndThatIsSaid) {
  const Ran ran = run_on({"run", failing(), "--net", "tcp"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("over TCP nothing can be played again"), HasSubstr("SB-R001")));
}

TEST_F(WhyCliTest, WhatPassesIsExplainedWhenAskedAndWhatFailsIsNotWhenForbidden) {
  EXPECT_THAT(run_on({"run", passing()}).out, Not(HasSubstr("WHY")));
  const Ran asked = run_on({"run", passing(), "--why"});
  EXPECT_EQ(asked.code, 0);
  EXPECT_THAT(asked.out, HasSubstr("SB-R001"));
  EXPECT_THAT(run_on({"run", failing(), "--no-why"}).out, Not(HasSubstr("WHY")));
  EXPECT_EQ(run_on({"run", failing(), "--no-why", "--why"}).code, 10);
}

TEST_F(WhyCliTest, ARunUpToALineLeavesOutWhatStandsBelow) {
  const Ran ran = run_on({"run", failing(), "--until-line", "11", "--why"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("WHY   no message waits"));
}

TEST_F(WhyCliTest, ProgramsAreToldTheSame) {
  const Ran ran =
      run_on({"run", failing(), "--net", "sim", "--json", "--junit", path("junit.xml")});

  std::istringstream lines(ran.out);
  boost::json::object why;
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line).as_object();
    if (object.at("type").as_string() == "why") why = object;
  }
  ASSERT_TRUE(why.contains("causes")) << ran.out;
  const auto& cause = why.at("causes").as_array().at(0).as_object();
  EXPECT_EQ(cause.at("id").as_string(), "SB-R001");
  EXPECT_EQ(cause.at("phase").as_int64(), 1);
  EXPECT_FALSE(cause.at("held").as_array().empty());
  EXPECT_EQ(why.at("trial").as_object().at("outcome").as_string(), "helped");
  EXPECT_THAT(read("junit.xml"), AllOf(HasSubstr("WHY"), HasSubstr("SB-R001")));
}

TEST_F(WhyCliTest, AKeptRunIsExplainedWithoutItsScenario) {
  const std::string file = kept();
  fs::remove(path("passes.sql"));

  const Ran ran = run_on({"explain", file});

  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("SB-R001"), HasSubstr("delivered")));
  EXPECT_THAT(run_on({"explain", file, "--message", "0"}).out, HasSubstr("SB-R001"));
  EXPECT_THAT(run_on({"explain", file, "--message", "5"}).out, Not(HasSubstr("SB-R001")));
  const Ran no_guid = run_on({"explain", file, "--conversation", "nobody"});
  EXPECT_EQ(no_guid.code, 10);
  EXPECT_THAT(no_guid.err, HasSubstr("a GUID, not 'nobody'"));
  const Ran nobody =
      run_on({"explain", file, "--conversation", "11111111-2222-3333-4444-555555555555"});
  EXPECT_EQ(nobody.code, 10);
  EXPECT_THAT(nobody.err, HasSubstr("there is no conversation"));
  EXPECT_EQ(nobody.out, "");
  EXPECT_THAT(run_on({"explain", file, "--json"}).out, HasSubstr("\"type\":\"why\""));
}

TEST_F(WhyCliTest, AnotherBuildIsWarnedOfAndAnotherWayIsRefused) {
  const std::string file = kept();

  replace_in_kept(std::string("\"build\":\"") + build_id(), "\"build\":\"0000000");
  const Ran warned = run_on({"explain", file});
  EXPECT_EQ(warned.code, 0);
  EXPECT_THAT(warned.err, HasSubstr("was kept by build 0000000"));

  replace_in_kept("\"seed\":1", "\"seed\":2");
  const Ran refused = run_on({"explain", file});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("another way"));
  EXPECT_EQ(refused.out, "");
}

TEST_F(WhyCliTest, WhatIsNoKeptRunIsRefused) {
  const std::string file = kept();
  replace_in_kept("\"shape\":1", "\"shape\":9");
  EXPECT_EQ(run_on({"explain", file}).code, 10);
  EXPECT_EQ(run_on({"explain", write("other", "{}")}).code, 10);
  EXPECT_EQ(run_on({"explain", write("other", "--# a scenario")}).code, 10);
  EXPECT_EQ(run({"explain", "9727", "--message", "1"}).code, 10);
  EXPECT_EQ(run_on({"run", passing(), "--net", "tcp", "--bundle", path("b")}).code, 10);
}

// ---- which scenarios provoke a number ----

std::set<int> numbers_of(const scenario::Script& script) {
  std::set<int> out;
  for (const scenario::Step& step : script.steps) {
    const auto* expectation = std::get_if<scenario::Expectation>(&step.action);
    if (expectation == nullptr) continue;
    if (const auto* error = std::get_if<scenario::ExpectError>(&expectation->what))
      out.insert(error->number);
    if (const auto* warning = std::get_if<scenario::ExpectWarning>(&expectation->what))
      out.insert(warning->number);
    if (const auto* status = std::get_if<scenario::ExpectStatus>(&expectation->what))
      out.insert(status->number);
    if (const auto* error = std::get_if<scenario::ExpectQueueError>(&expectation->what))
      out.insert(std::abs(error->number));
    const auto* value = std::get_if<scenario::ExpectValue>(&expectation->what);
    if (value != nullptr && value->value.text.starts_with('-'))  // the Code of an Error message
      out.insert(std::abs(std::atoi(value->value.text.c_str())));
    const auto* event = std::get_if<scenario::ExpectEvent>(&expectation->what);
    if (event != nullptr && !event->is_absent && event->error) out.insert(*event->error);
  }
  return out;
}

// The scenarios themselves run in CI, so that what they expect comes.
TEST(ScenarioNumbersTest, EachScenarioIsThereAndExpectsTheNumber) {
  std::istringstream lines(scenario_numbers());
  std::map<std::string, std::set<int>> expected;  // by scenario
  int number = 0;
  int count = 0;
  for (std::string scenario; lines >> number >> scenario; ++count) {
    const std::string file = std::string(SSB_SOURCE_DIR "/") + scenario;
    ASSERT_TRUE(fs::exists(file)) << scenario;
    if (!expected.contains(scenario)) expected[scenario] = numbers_of(read_script(file, {}));
    EXPECT_TRUE(expected[scenario].contains(number)) << scenario << " does not provoke " << number;
  }
  EXPECT_GT(count, 200);
}

TEST(ScenarioNumbersTest, ExplainNamesThem) {
  EXPECT_THAT(run({"explain", "9727"}).out, HasSubstr("scenarios/failures/no_binding.sql"));
  EXPECT_THAT(run({"explain", "11229"}).out, HasSubstr(" more"));
}

}  // namespace
}  // namespace ssb::sim::cli
