// `ssbsim attack`: what it plays, what it says, and its exit codes.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/cli/attack_catalogue.h"
#include "sim/scenario/value_text.h"
#include "tests/sim/cli/ran.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// The honest leg is `SELECT 1`; the attack is what follows.
constexpr std::string_view kSafe =
    "--# scenario safe one\n--# catalogue A01\n:connect A\nSELECT 1\nGO\n--# expect value 1\n"
    "--# attack by configuration\nSELECT 2\nGO\n--# expect value 2\n";
constexpr std::string_view kUnsafe =
    "--# scenario unsafe one\n--# catalogue A02\n:connect A\nSELECT 1\nGO\n--# expect value 1\n"
    "--# attack by configuration\nSELECT 2\nGO\n--# expect value 3\n";
constexpr std::string_view kWeak =
    "--# scenario weak one\n--# catalogue C17 weak\n:connect A\nSELECT 1\nGO\n--# expect value 1\n"
    "--# attack by configuration\nSELECT 2\nGO\n--# expect value 2\n";
constexpr std::string_view kIdle =
    "--# scenario idle one\n--# catalogue A05\n:connect A\nSELECT 1\nGO\n--# expect value 1\n"
    ":connect B\n--# attack drop at hop A|B\nSELECT 2\nGO\n--# expect value 2\n";

class AttackCommandTest : public testing::Test {
 protected:
  AttackCommandTest() {
    std::string name = (fs::temp_directory_path() / "ssb-attack-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    write("a01.sql", kSafe);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name) << text;
  }
  void remove(const std::string& name) const { fs::remove(folder_ / name); }
  [[nodiscard]] Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "attack");
    for (const std::string& more : {std::string("--from"), folder_.string(),
                                    std::string("--key-pool"), (folder_ / "keys").string()})
      arguments.push_back(more);
    return cli::run(arguments);
  }

 private:
  fs::path folder_;
};

TEST_F(AttackCommandTest, ExitCodesAreThoseOfTheWorstVerdict) {
  EXPECT_EQ(run({"--all"}).code, 0);
  write("c17.sql", kWeak);
  EXPECT_EQ(run({"--all"}).code, 0);
  write("a05.sql", kIdle);
  EXPECT_EQ(run({"--all"}).code, 2);
  write("a02.sql", kUnsafe);
  EXPECT_EQ(run({"--all"}).code, 1);
  EXPECT_EQ(run({"A01"}).code, 0);
  EXPECT_EQ(run({"A05"}).code, 2);
  EXPECT_EQ(run({"C"}).code, 0);
  EXPECT_EQ(run({}).code, 10);
  EXPECT_EQ(run({"A01", "--all"}).code, 10);
  EXPECT_EQ(run({"Z99"}).code, 10);
}

TEST_F(AttackCommandTest, EachEntryIsALineWithItsVerdict) {
  write("a02.sql", kUnsafe);
  write("a05.sql", kIdle);
  write("c17.sql", kWeak);

  const Ran ran = run({"--all"});

  EXPECT_THAT(ran.out, AllOf(HasSubstr("SAFE"), HasSubstr("UNSAFE"), HasSubstr("WEAK BY DESIGN"),
                             HasSubstr("INCONCLUSIVE")));
  EXPECT_THAT(ran.out, HasSubstr("attack.drop.applied"));
  EXPECT_THAT(ran.out, HasSubstr("expectation value 3; seen: '2'"));
  EXPECT_THAT(ran.out, HasSubstr("1 safe · 1 unsafe · 1 weak by design · 1 inconclusive"));
  EXPECT_THAT(ran.out, AllOf(ContainsRegex("B29 .* waits"), HasSubstr("no instance speaks TDS")));
  EXPECT_THAT(ran.out, AllOf(ContainsRegex("C24 .* tested"), HasSubstr("tests/tidy_test.cc")));
  EXPECT_THAT(ran.out,
              ContainsRegex("not played: [0-9]+ tested elsewhere · 1 left out · [0-9]+ waiting"));
  EXPECT_THAT(run({"A01"}).out, Not(HasSubstr("TDS")));
}

TEST_F(AttackCommandTest, WhatNoScriptPlaysIsALineWithTheReason) {
  const Ran waits = run({"B29", "A01"});
  const Ran tested = run({"A15"});

  EXPECT_EQ(waits.code, 0);
  EXPECT_THAT(waits.out, AllOf(ContainsRegex("B29 .* waits"), HasSubstr("TDS"), HasSubstr("SAFE")));
  EXPECT_EQ(tested.code, 2) << "nothing was played";
  EXPECT_THAT(tested.out, ContainsRegex("A15 .* tested"));
  EXPECT_THAT(run({"C25"}).out, ContainsRegex("C25 .* left out"));
  EXPECT_THAT(run({"A99"}).err, HasSubstr("no entry"));
}

TEST_F(AttackCommandTest, WhereNothingWasPlayedNothingIsKnown) {
  remove("a01.sql");

  EXPECT_EQ(run({"--all"}).code, 2);
}

TEST_F(AttackCommandTest, GroupsAreThoseThatAreNamed) {
  write("a02.sql", kUnsafe);
  write("c17.sql", kWeak);

  EXPECT_EQ(run({"--group", "C"}).code, 0);
  const Ran both = run({"--group", "A,C"});
  EXPECT_EQ(both.code, 1);
  EXPECT_THAT(both.out, AllOf(HasSubstr(" A01 "), HasSubstr(" C17 "), Not(HasSubstr(" B29 "))));
  EXPECT_EQ(run({"--group", "Z"}).code, 10);
  EXPECT_EQ(run({"--group", "A01"}).code, 10);
}

TEST_F(AttackCommandTest, EachOfManySeedsCounts) {
  write(
      "b01.sql",
      "--# scenario half of the seeds\n--# catalogue B01\n:connect A\nSELECT 1\nGO\n--# expect "
      "value 1\n--# attack by configuration\nSELECT CASE WHEN CAST(NEWID() AS nvarchar(36)) < '8' "
      "THEN 1 ELSE 2 END\nGO\n--# expect value 1\n");

  const Ran same = run({"A01", "--seeds", "5"});
  const Ran half = run({"B01", "--seeds", "24"});

  EXPECT_THAT(same.out, ContainsRegex("SAFE +5 "));
  EXPECT_EQ(half.code, 1);
  EXPECT_THAT(half.out, ContainsRegex("UNSAFE +[0-9]+/24 "));
  EXPECT_THAT(half.out, ContainsRegex("seed [0-9]+: "));
  EXPECT_EQ(run({"A01", "--seeds", "0"}).code, 10);
}

// Tombstones keep the first message of a dialog from a second delivery; the product has none.
TEST_F(AttackCommandTest, WhatIsUnsafeAsTheProductAloneIsNoFailure) {
  write("a02.sql", kUnsafe);
  const std::string a03 = SSB_SOURCE_DIR "/scenarios/attacks/a03_replay_after_cleanup.sql";

  const Ran product = run({a03, "--as-product"});
  const Ran both = run({"A02", "--as-product"});

  EXPECT_EQ(product.code, 0) << product.out;
  EXPECT_THAT(product.out, AllOf(HasSubstr("UNSAFE (as the"), HasSubstr("product)"),
                                 HasSubstr("strict: SAFE"), HasSubstr("1 unsafe as the product")));
  EXPECT_EQ(both.code, 1);
}

TEST_F(AttackCommandTest, NoLineIsWiderThanATerminalAndNoTitleIsCut) {
  const std::string title =
      "a title of many words that no column of the table could hold in one line, to its very end";
  std::string text(kSafe);
  text.replace(text.find("safe one"), 8, title);
  write("a01.sql", text);

  const Ran ran = run({"--all"});

  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(scenario::display_width(line), 100U) << line;
  EXPECT_THAT(ran.out, HasSubstr("very end"));
}

TEST_F(AttackCommandTest, WhatAScriptDoesNotShowStandsBelowIt) {
  std::string text(kSafe);
  text.replace(text.find("A01"), 3, "C11");
  write("c11.sql", text);

  const Ran ran = run({"C11"});

  EXPECT_THAT(ran.out, AllOf(HasSubstr("SAFE"), HasSubstr("of time nothing is measured"),
                             HasSubstr("tests/tidy_test.cc")));
}

TEST_F(AttackCommandTest, JsonIsALineEachBetweenHeaderAndSummary) {
  const Ran ran = run({"A01", "--json"});

  std::istringstream lines(ran.out);
  std::vector<boost::json::object> objects;
  for (std::string line; std::getline(lines, line);)
    objects.push_back(boost::json::parse(line).as_object());
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(objects[0].at("type"), "header");
  EXPECT_EQ(objects[1].at("id"), "A01");
  EXPECT_EQ(objects[1].at("verdict"), "SAFE");
  EXPECT_EQ(objects[2].at("safe"), 1);
  EXPECT_EQ(objects[2].at("complete"), true);
}

TEST_F(AttackCommandTest, JsonTellsWhatIsTestedElsewhereFromWhatWaits) {
  const Ran ran = run({"--all", "--json"});

  std::istringstream lines(ran.out);
  std::map<std::string, int> counts;
  boost::json::object last;
  for (std::string line; std::getline(lines, line);) {
    last = boost::json::parse(line).as_object();
    const std::string type(last.at("type").as_string());
    ++counts[type];
    if (type == "tested") {
      EXPECT_FALSE(last.at("paths").as_array().empty()) << line;
    }
    if (type == "waiting") {
      EXPECT_FALSE(last.contains("paths")) << line;
    }
  }
  EXPECT_GT(counts["tested"], 5);
  EXPECT_EQ(last.at("tested"), counts["tested"]);
  EXPECT_EQ(last.at("waiting"), counts["waiting"]);
}

TEST(AttackCatalogueTest, PathsAreFoundInTheirText) {
  EXPECT_THAT(named_paths("x: tests/a.cc, scenarios/b.sql; tests/c"),
              ElementsAre("tests/a.cc", "scenarios/b.sql", "tests/c"));
  EXPECT_TRUE(named_paths("no contests/x here").empty());
}

TEST(AttackCatalogueTest, WhatIsTestedElsewhereNamesFilesThatExist) {
  int entries = 0;
  for (const CatalogueEntry& entry : catalogue_entries()) {
    EXPECT_LE((entry.waits.empty() ? 0 : 1) + (entry.tested.empty() ? 0 : 1) +
                  (entry.decided.empty() ? 0 : 1),
              1)
        << entry.id;
    if (entry.tested.empty()) continue;
    ++entries;
    const auto paths = named_paths(entry.tested);
    EXPECT_FALSE(paths.empty()) << entry.id;
    for (const std::string_view path : paths)
      EXPECT_TRUE(fs::is_regular_file(fs::path(SSB_SOURCE_DIR) / path)) << entry.id << " " << path;
  }
  EXPECT_GT(entries, 5);
}

// Every script of the source tree plays an entry that is in the table, and none that the table says nobody plays.
TEST(AttackCatalogueTest, TableAndScriptsAgree) {
  std::set<std::string> ids;
  for (const CatalogueEntry& entry : catalogue_entries())
    EXPECT_TRUE(ids.insert(std::string(entry.id)).second) << entry.id;
  std::set<std::string> played;
  for (const auto& file :
       fs::directory_iterator(fs::path(SSB_SOURCE_DIR) / "scenarios" / "attacks")) {
    std::ifstream in(file.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto at = text.find("--# catalogue ");
    ASSERT_NE(at, std::string::npos) << file.path();
    const std::string id = text.substr(at + 14, 3);
    const CatalogueEntry* entry = find_entry(id);
    ASSERT_NE(entry, nullptr) << file.path();
    EXPECT_TRUE(entry->has_script()) << file.path();
    played.insert(id);
  }
  // And what is neither tested elsewhere nor waiting nor left out has a script.
  for (const CatalogueEntry& entry : catalogue_entries())
    EXPECT_EQ(played.contains(std::string(entry.id)), entry.has_script()) << entry.id;
}

}  // namespace
}  // namespace ssb::sim::cli
