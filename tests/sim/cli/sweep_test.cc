// `ssbsim sweep` and `ssbsim merge` as programs: what they print, write and return.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/allocation.h"
#include "sim/cli/cli.h"
#include "sim/cli/sweep_totals.h"
#include "sim/sweep/fault_kinds.h"
#include "tests/sim/cli/ran.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    std::string name = (fs::temp_directory_path() / "ssb-sweep-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    write("good.sql", ":connect A\nUSE master;\nSELECT 1\nGO\n--# expect value 1\n");
  }
  void TearDown() override { fs::remove_all(path_); }

  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] Ran sweep(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "sweep");
    arguments.insert(arguments.end(), {"--key-pool", at("keys")});
    return run(arguments);
  }
  // The lines of type "run" of a file.
  [[nodiscard]] std::vector<std::string> runs(const std::string& name) const {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(read(name))) {
      if (json::parse(line).at("type") == "run") out.push_back(line);
    }
    return out;
  }

  fs::path path_;
};

TEST_F(SweepTest, LinesAreAHeaderTheRunsInOrderAndASummary) {
  const Ran ran = sweep({at("good.sql"), "--seeds", "3-12", "-j", "2", "--json", "-", "--canary"});

  EXPECT_EQ(ran.code, 0) << ran.err;
  const auto lines = lines_of(ran.out);
  ASSERT_THAT(lines, SizeIs(12));
  EXPECT_EQ(json::parse(lines.front()).at("identity").at("seeds"), "3-12");
  for (std::size_t i = 0; i < 10; ++i) {
    const auto line = json::parse(lines[i + 1]);
    EXPECT_EQ(line.at("run").to_number<int>(), static_cast<int>(i));
    EXPECT_EQ(line.at("seed").to_number<int>(), static_cast<int>(i) + 3);
    EXPECT_EQ(line.at("verdict"), "PASS");
  }
  const auto summary = json::parse(lines.back());
  EXPECT_EQ(summary.at("complete"), true);
  EXPECT_EQ(summary.at("canary"), "found");
  EXPECT_EQ(summary.at("runs").to_number<int>(), 10);
  EXPECT_EQ(summary.at("checked_twice").to_number<int>(), 1);
}

TEST_F(SweepTest, AFailureBecomesABundleThatRunRepeats) {
  write("bad.sql",
        ":connect A\nUSE master;\nSELECT 7 AS seven\nGO\n--# expect value 7\nSELECT 8\nGO\n"
        "--# expect value 9\n");

  const Ran ran =
      sweep({at("bad.sql"), at("good.sql"), "--seeds", "0-7", "-j", "1", "--out", at("found")});

  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("FAIL " + at("bad.sql") + ":8: expectation  x8"));
  EXPECT_THAT(ran.out, HasSubstr("repeat: ssbsim run " + at("found/bad-seed0.sql")));
  const std::string bundle = read("found/bad-seed0.sql");
  EXPECT_THAT(bundle, HasSubstr("--# expect value 9"));
  EXPECT_THAT(bundle, Not(HasSubstr("seven"))) << "not shrunk";
  EXPECT_THAT(read("found/bad-seed0.original.sql"), HasSubstr("seven"));
  const Ran again = run({"run", at("found/bad-seed0.sql"), "--key-pool", at("keys")});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.out, HasSubstr("seen      '8'"));
}

TEST_F(SweepTest, AnyShardsGiveTheSameRunsAndMergeFindsThemWhole) {
  write("other.sql", ":connect B\nSELECT 2\nGO\n--# expect value 2\n");
  const std::vector<std::string> what = {at("good.sql"), at("other.sql"), "--seeds", "0-9"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), what.begin(), what.end());
    return sweep(more);
  };
  ASSERT_EQ(with({"--json", at("whole.jsonl")}).code, 0);
  for (const char* shard : {"0/3", "1/3", "2/3"})
    ASSERT_EQ(with({"--shard", shard, "--out", at("parts")}).code, 0);

  std::vector<std::string> parts;
  for (const char* name :
       {"parts/shard-0-of-3.jsonl", "parts/shard-1-of-3.jsonl", "parts/shard-2-of-3.jsonl"}) {
    for (const std::string& line : runs(name)) parts.push_back(line);
  }
  const auto number = [](const std::string& line) {
    return json::parse(line).at("run").to_number<int>();
  };
  std::sort(parts.begin(), parts.end(),
            [&](const std::string& a, const std::string& b) { return number(a) < number(b); });
  EXPECT_EQ(parts, runs("whole.jsonl"));
  const Ran merged = run({"merge", at("parts/shard-0-of-3.jsonl"), at("parts/shard-1-of-3.jsonl"),
                          at("parts/shard-2-of-3.jsonl"), "--json"});
  EXPECT_EQ(merged.code, 0) << merged.out << merged.err;
  EXPECT_EQ(json::parse(merged.out).at("runs").to_number<int>(), 20);
}

TEST_F(SweepTest, MergeNamesWhatIsMissingTwiceOrForeign) {
  for (const char* shard : {"0/2", "1/2"})
    ASSERT_EQ(sweep({at("good.sql"), "--seeds", "0-9", "--shard", shard, "--out", at("p")}).code,
              0);
  ASSERT_EQ(sweep({at("good.sql"), "--seeds", "0-8", "--shard", "1/2", "--out", at("q")}).code, 0);
  const std::string one = at("p/shard-0-of-2.jsonl");
  const std::string two = at("p/shard-1-of-2.jsonl");

  const Ran missing = run({"merge", one});
  const Ran twice = run({"merge", one, two, two});
  const Ran foreign = run({"merge", one, at("q/shard-1-of-2.jsonl")});
  std::string cut = read("p/shard-1-of-2.jsonl");
  cut.resize(cut.size() - 5);
  write("cut.jsonl", cut);
  const Ran torn = run({"merge", one, at("cut.jsonl")});
  std::string changed = read("p/shard-1-of-2.jsonl");
  const std::size_t print = changed.find("statements ") + 11;
  changed[print] = changed[print] == '0' ? '1' : '0';
  write("changed.jsonl", changed);
  const Ran contradiction = run({"merge", one, two, at("changed.jsonl")});

  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.out, HasSubstr("shard 1/2 is missing"));
  EXPECT_EQ(twice.code, 0);
  EXPECT_THAT(twice.out, HasSubstr("runs were there twice"));
  EXPECT_EQ(foreign.code, 10);
  EXPECT_THAT(foreign.err, HasSubstr("different sweeps (seeds"));
  EXPECT_EQ(torn.code, 2);
  EXPECT_THAT(torn.out, HasSubstr("is not complete"));
  EXPECT_EQ(contradiction.code, 3);
  EXPECT_THAT(contradiction.out, HasSubstr("came out differently"));
}

TEST_F(SweepTest, AStoppedSweepGoesOnAndComesToTheSameLines) {
  const std::vector<std::string> what = {at("good.sql"), "--seeds", "0-19"};
  const auto to = [&](const std::string& name) {
    auto arguments = what;
    arguments.insert(arguments.end(), {"--json", at(name)});
    return sweep(arguments);
  };
  ASSERT_EQ(to("whole.jsonl").code, 0);
  const auto lines = lines_of(read("whole.jsonl"));
  std::string begun;
  for (std::size_t i = 0; i < 8; ++i) begun += lines[i] + "\n";
  write("part.jsonl.partial", begun + lines[8].substr(0, 30));  // killed in the middle of a write

  const Ran ran = to("part.jsonl");

  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("goes on after 7 runs"));
  EXPECT_EQ(runs("part.jsonl"), runs("whole.jsonl"));
  EXPECT_FALSE(fs::exists(at("part.jsonl.partial")));
  auto summary = json::parse(lines_of(read("part.jsonl")).back()).as_object();
  auto expected = json::parse(lines.back()).as_object();
  summary.erase("real_s");
  expected.erase("real_s");
  EXPECT_EQ(json::serialize(summary), json::serialize(expected));
}

TEST_F(SweepTest, AFinishedSweepIsNotDoneAgainAndAnotherOneIsNotOverwritten) {
  const std::vector<std::string> what = {at("good.sql"), "--seeds", "0-3", "--json", at("a.jsonl")};
  ASSERT_EQ(sweep(what).code, 0);
  const std::string before = read("a.jsonl");

  const Ran again = sweep(what);
  const Ran other = sweep({at("good.sql"), "--seeds", "0-4", "--json", at("a.jsonl")});
  write("b.jsonl", "no sweep\n");
  const Ran foreign = sweep({at("good.sql"), "--json", at("b.jsonl")});

  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("is finished"));
  EXPECT_EQ(other.code, 10);
  EXPECT_THAT(other.err, HasSubstr("is of another sweep (seeds: \"0-3\" there, \"0-4\" here)"));
  EXPECT_EQ(foreign.code, 10);
  EXPECT_EQ(read("a.jsonl"), before);
  EXPECT_EQ(read("b.jsonl"), "no sweep\n");
}

// In a process of its own, which gets the signal when it has written some lines.
TEST_F(SweepTest, ASignalStopsItWithACheckpointThatIsUsed) {
  const std::vector<std::string> what = {"sweep",  at("good.sql"), "--seeds",    "0-1000000",
                                         "--json", at("a.jsonl"),  "--key-pool", at("keys")};
  const pid_t child = ::fork();
  if (child == 0) {
    std::ostringstream out, err;
    ::_exit(run_program(what, out, err));
  }
  while (lines_of(read("a.jsonl.partial")).size() < 4) ::poll(nullptr, 0, 10);
  ::kill(child, SIGTERM);
  int status = 0;
  ::waitpid(child, &status, 0);

  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kExitStopped);
  EXPECT_FALSE(fs::exists(at("a.jsonl")));
  const std::string partial = read("a.jsonl.partial");
  EXPECT_TRUE(partial.ends_with("}\n"));
  EXPECT_GE(lines_of(partial).size(), 4U);
}

TEST_F(SweepTest, TheBudgetEndsItWithASummary) {
  const Ran ran = sweep({at("good.sql"), "--seeds", "0-1000000", "--budget", "1ms", "--json", "-"});

  EXPECT_EQ(ran.code, kExitBudget);
  const auto summary = json::parse(lines_of(ran.out).back());
  EXPECT_EQ(summary.at("complete"), true);
  EXPECT_EQ(summary.at("budget_exhausted"), true);
}

TEST_F(SweepTest, OneThatItsBudgetEndedGoesOnUntilAllRunsAreDone) {
  const std::vector<std::string> what = {at("good.sql"), "--seeds", "0-19", "--out", at("found")};
  auto in_no_time = what;
  in_no_time.insert(in_no_time.end(), {"--budget", "1ms"});

  const Ran first = sweep(in_no_time);
  const Ran second = sweep(in_no_time);
  const Ran merged = run({"merge", at("found/shard-0-of-1.jsonl.partial")});
  const Ran third = sweep(what);
  const Ran fourth = sweep(in_no_time);

  EXPECT_EQ(first.code, kExitBudget);
  EXPECT_THAT(first.out, HasSubstr("the same command goes on from"));
  EXPECT_EQ(second.code, kExitBudget) << second.err;
  EXPECT_EQ(merged.code, 2);
  EXPECT_EQ(third.code, 0) << third.err;
  EXPECT_THAT(runs("found/shard-0-of-1.jsonl"), SizeIs(20));
  EXPECT_FALSE(fs::exists(at("found/shard-0-of-1.jsonl.partial")));
  EXPECT_EQ(fourth.code, 0);
  EXPECT_THAT(fourth.err, HasSubstr("'" + at("found/shard-0-of-1.jsonl") + "' is finished"));
}

TEST_F(SweepTest, AFinishedSweepKeepsItsExitCode) {
  write("bad.sql", ":connect A\nSELECT 8\nGO\n--# expect value 9\n");
  const std::vector<std::string> what = {at("bad.sql"), "--seeds", "0-1", "--json", at("a.jsonl")};
  ASSERT_EQ(sweep(what).code, 1);

  const Ran again = sweep(what);

  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("is finished, with exit code 1"));
}

TEST_F(SweepTest, ALimitOfMemoryThatNoProcessCanKeepIsRefused) {
  const Ran absurd = sweep({at("good.sql"), "--seeds", "0-1", "--mem-limit", "1k"});

  EXPECT_EQ(absurd.code, 10);
  EXPECT_THAT(absurd.err, HasSubstr("--mem-limit is 256 MB or more"));
}

TEST_F(SweepTest, TheSmallestLimitOfMemoryIsEnoughForASmallScenario) {
  if (!can_fail_allocations())
    GTEST_SKIP() << "a sanitizer reserves more address space than any limit";

  const Ran enough = sweep({at("good.sql"), "--seeds", "0-1", "--mem-limit", "256MB"});

  EXPECT_EQ(enough.code, 0) << enough.out;
}

TEST_F(SweepTest, ADeviceIsNoCheckpoint) {
  const Ran ran = sweep({at("good.sql"), "--seeds", "0-1", "--json", "/dev/full"});

  EXPECT_EQ(ran.code, 10);
  EXPECT_THAT(ran.err, HasSubstr("'/dev/full' is no regular file"));
}

TEST_F(SweepTest, RunsAreBoundedForAllShardsTogether) {
  const Ran one = sweep({at("good.sql"), "--seeds", "0-99", "--max-runs", "7", "--json", "-"});

  EXPECT_EQ(one.code, 0);
  EXPECT_THAT(lines_of(one.out), SizeIs(9));
}

TEST_F(SweepTest, WhatCannotBeDoneIsSaidBeforeAnythingRuns) {
  write("broken.sql", "--# no such thing\n");
  for (const auto& [arguments, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "takes scenarios"},
           {{at("good.sql"), "--seeds", "9-1"}, "--seeds"},
           {{at("good.sql"), "--shard", "2/2"}, "--shard"},
           {{at("good.sql"), "--budget", "soon"}, "--budget"},
           {{at("broken.sql")}, "does not parse"}}) {
    const Ran ran = sweep(arguments);
    EXPECT_EQ(ran.code, 10) << message;
    EXPECT_THAT(ran.err, HasSubstr(message));
  }
}

json::object run_line(const char* text) {
  return json::parse(text).as_object();
}

TEST(SweepTotalsTest, TheMostSevereCodeWins) {
  EXPECT_EQ(worse_exit(0, 2), 2);
  EXPECT_EQ(worse_exit(2, 1), 1);
  EXPECT_EQ(worse_exit(3, 1), 3);
  EXPECT_EQ(worse_exit(13, 3), 13);
  EXPECT_EQ(worse_exit(kExitBudget, 0), kExitBudget);
  EXPECT_EQ(worse_exit(kExitBudget, 2), 2);
}

TEST(SweepTotalsTest, ProbesThatNothingHitAreListed) {
  SweepTotals totals;
  const std::size_t known = totals.probes_known();

  totals.add(run_line(R"({"run":4,"scenario":"a.sql","seed":9,"code":0,"events":3,
      "faults":["crash"],"probes":{"hop.lost":2,"event.160":1,"new.one":1}})"));

  EXPECT_EQ(totals.probes_known(), known + 1);
  EXPECT_EQ(totals.probes_hit(), 3U);
  EXPECT_EQ(totals.events(), 3U);
  EXPECT_THAT(totals.text(), HasSubstr("hop.repeated"));
  EXPECT_THAT(totals.text(), HasSubstr("fault partition"));
  EXPECT_THAT(totals.text(), Not(HasSubstr("fault crash,")));
  const auto probe = totals.json().at("probes").at("hop.lost").as_object();
  EXPECT_EQ(probe.at("seed").to_number<int>(), 9);
}

TEST(SweepTotalsTest, WhatTheRunsCoveredIsCounted) {
  SweepTotals totals;
  totals.add(run_line(R"({"run":0,"scenario":"a.sql","seed":0,"code":0,"faults":[]})"));
  totals.add(run_line(R"({"run":1,"scenario":"b.sql","seed":0,"code":0,"faults":["hop.delay"]})"));
  totals.add(
      run_line(R"({"run":2,"scenario":"a.sql","seed":1,"code":0,"faults":["crash","hop.delay"]})"));
  totals.add(run_line(R"({"run":4,"scenario":"a.sql","seed":2,"code":0,"faults":["heal"]})"));

  EXPECT_THAT(totals.text(), HasSubstr("2 scenarios, 1 to 3 seeds each; runs with faults 1, with "
                                       "delay only 1, without faults 2"));
  EXPECT_EQ(totals.json().at("with_faults").to_number<int>(), 1);
  EXPECT_EQ(totals.json().at("with_delay_only").to_number<int>(), 1);
  EXPECT_EQ(totals.json().at("without_faults").to_number<int>(), 2);
  EXPECT_EQ(json::serialize(totals.json().at("seeds_each")), "[1,3]");
}

TEST(SweepTotalsTest, EachKindOfFaultHasAProbe) {
  for (const auto& kind : sweep::fault_kinds()) {
    if (kind.effect == sweep::FaultKind::Effect::cure) continue;
    EXPECT_FALSE(kind.probe.empty()) << kind.name;
  }
}

TEST(SweepTotalsTest, FailuresAreGroupedUnderTheFirstRun) {
  SweepTotals totals;
  totals.add(
      run_line(R"({"run":8,"scenario":"a.sql","seed":8,"code":1,"key":"k","failure":"later"})"));
  totals.add(
      run_line(R"({"run":3,"scenario":"a.sql","seed":3,"code":1,"key":"k","failure":"first"})"));
  totals.add(run_line(R"({"run":9,"scenario":"b.sql","seed":9,"code":0,"differs":"at wire"})"));

  ASSERT_THAT(totals.groups(), SizeIs(1));
  EXPECT_EQ(totals.groups().at("k").count, 2U);
  EXPECT_EQ(totals.groups().at("k").seed, 3U);
  EXPECT_EQ(totals.groups().at("k").failure, "first");
  EXPECT_EQ(totals.exit_code(), kExitNondeterministic);
  EXPECT_THAT(totals.text(), HasSubstr("NONDETERMINISTIC b.sql seed 9: at wire"));
}

}  // namespace
}  // namespace ssb::sim::cli
