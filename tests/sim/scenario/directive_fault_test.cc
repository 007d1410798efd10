// The `--#` lines that set faults, and the batches that may run again.
#include "sim/scenario/directive_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/script.h"

namespace ssb::sim::scenario {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

template <typename What>
What parse(std::string_view text) {
  const auto parsed = parse_directive(text);
  if (const auto* problem = std::get_if<DirectiveError>(&parsed)) {
    ADD_FAILURE() << text << ": " << problem->message;
    return {};
  }
  return std::get<What>(std::get<Directive>(parsed));
}

TEST(DirectiveFaultTest, ClocksDriftAndJump) {
  EXPECT_EQ(parse<Drift>("drift HOST_B +50ppm").ppm, 50);
  EXPECT_EQ(parse<Drift>("drift HOST_B -1000000PPM").ppm, -1'000'000);
  EXPECT_EQ(parse<Jump>("jump HOST_B -2h").by, -hours(2));
  EXPECT_EQ(parse<Jump>("jump HOST_B +3d").node, "HOST_B");
}

TEST(DirectiveFaultTest, ACrashCountsWhatItSaysAndMayComeBack) {
  const auto write = parse<Crash>("crash B after write 17");
  EXPECT_EQ(write.after, 17);
  EXPECT_EQ(write.counted, Crash::Counted::write);
  EXPECT_EQ(write.returns_after, std::nullopt);
  EXPECT_EQ(parse<Crash>("crash B after sync 0").counted, Crash::Counted::sync);
  EXPECT_EQ(parse<Crash>("crash B after step 3").counted, Crash::Counted::step);
  const auto allocation = parse<Crash>("crash B after allocation 3 back after 1s");
  EXPECT_EQ(allocation.counted, Crash::Counted::allocation);
  EXPECT_EQ(allocation.returns_after, seconds(1));
  const auto now = parse<Crash>("crash B back after 5s");
  EXPECT_EQ(now.after, std::nullopt);
  EXPECT_EQ(now.returns_after, seconds(5));
}

TEST(DirectiveFaultTest, TheNetworksFaults) {
  const auto net = parse<NetFault>("net A -> B corrupt 5% only type [Order]");
  EXPECT_DOUBLE_EQ(*net.corrupt, 0.05);
  EXPECT_EQ(net.only_for_type, "Order");
  EXPECT_EQ(parse<NetFault>("net A -> B loss 1% only END").only, "end");
  const auto link = parse<LinkFault>("link A -> B jitter 5ms clog 2s connect refused delay 0ms");
  EXPECT_EQ(link.jitter, milliseconds(5));
  EXPECT_EQ(link.clog, seconds(2));
  EXPECT_EQ(link.connect, "refused");
  EXPECT_TRUE(parse<Partition>("partition A -> B").is_one_way);
  EXPECT_FALSE(parse<Partition>("partition A | B").is_one_way);
  const auto swizzle = parse<Swizzle>("swizzle A | B | C for 30s");
  EXPECT_THAT(swizzle.nodes, ElementsAre("A", "B", "C"));
  EXPECT_EQ(swizzle.within, seconds(30));
}

TEST(DirectiveFaultTest, DisksAndKeys) {
  EXPECT_DOUBLE_EQ(parse<DiskFault>("disk B lying").share, 1);
  EXPECT_DOUBLE_EQ(parse<DiskFault>("disk B lying 30%").share, 0.3);
  EXPECT_EQ(parse<DiskFault>("disk B unreadable '/store/1.ssb'").file, "/store/1.ssb");
  const auto fails = parse<DiskFault>("disk B fails read 3");
  EXPECT_EQ(fails.mode, "fails");
  EXPECT_EQ(fails.counted, "read");
  EXPECT_EQ(fails.n, 3);
  EXPECT_EQ(parse<DiskFault>("disk B misdirects 2").n, 2);
  const auto rot = parse<DiskFault>("disk B rot '/store/1.ssb' 4096");
  EXPECT_EQ(rot.offset, 4096);
  EXPECT_EQ(parse<DiskFault>("disk B rot").file, "");
  EXPECT_EQ(parse<KeyFault>("key B machine lost").verb, KeyFault::Verb::machine_lost);
  EXPECT_EQ(parse<KeyFault>("key B machine found").verb, KeyFault::Verb::machine_found);
  const auto damage = parse<KeyFault>("key B.[My Db] damage certificate [a b]");
  EXPECT_EQ(damage.node, "B");
  EXPECT_EQ(damage.database, "My Db");
  EXPECT_EQ(damage.name, "a b");
  EXPECT_EQ(parse<KeyFault>("key B.Db damage master").verb, KeyFault::Verb::damage_master);
}

TEST(DirectiveFaultTest, RandomSources) {
  const auto plain = parse<RandomFault>("random B repeats");
  EXPECT_EQ(plain.node, "B");
  EXPECT_EQ(plain.mode, "repeats");
  EXPECT_EQ(plain.period, 1);
  EXPECT_EQ(parse<RandomFault>("random B repeats 2").period, 2);
  for (const std::string mode : {"constant", "fails", "ok"})
    EXPECT_EQ(parse<RandomFault>("random B " + mode).mode, mode);
  EXPECT_TRUE(std::holds_alternative<DirectiveError>(parse_directive("random B constant 2")));
  EXPECT_TRUE(std::holds_alternative<DirectiveError>(parse_directive("random B odd")));
}

TEST(DirectiveFaultTest, WhatDoesNotFitIsRefusedAtItsColumn) {
  const auto column_of = [](std::string_view text) {
    const auto parsed = parse_directive(text);
    const auto* error = std::get_if<DirectiveError>(&parsed);
    return error == nullptr ? 0 : error->column;
  };
  EXPECT_EQ(column_of("drift B 50"), 9);
  EXPECT_EQ(column_of("drift B -1000001ppm"), 9);
  EXPECT_EQ(column_of("jump B"), 7);
  EXPECT_EQ(column_of("crash B after lunch 3"), 15);
  EXPECT_EQ(column_of("crash B after write"), 20);
  EXPECT_EQ(column_of("net A -> B loss 5% only ping"), 25);
  EXPECT_EQ(column_of("link A -> B connect never"), 21);
  EXPECT_EQ(column_of("partition A B"), 13);
  EXPECT_EQ(column_of("partition A | a"), 15);
  EXPECT_EQ(column_of("partition A -> A"), 16);
  EXPECT_EQ(column_of("swizzle A | B | A for 3s"), 17);
  EXPECT_EQ(column_of("net A -> A loss 5%"), 10);
  EXPECT_EQ(column_of("link A -> A cut"), 11);
  EXPECT_EQ(column_of("attack drop at hop A|A"), 22);
  EXPECT_EQ(column_of("attack tamper at wire A | A"), 27);
  EXPECT_EQ(column_of("swizzle A for 3s"), 11);
  EXPECT_EQ(column_of("swizzle A | B for 0s"), 19);
  EXPECT_EQ(column_of("disk B melted"), 8);
  EXPECT_EQ(column_of("disk B fails read 0"), 19);
  EXPECT_EQ(column_of("disk B fails"), 13);
  EXPECT_EQ(column_of("disk B rot '/store/1.ssb'"), 26);
  EXPECT_EQ(column_of("key B damage master"), 5);
  EXPECT_EQ(column_of("key B.Db machine lost"), 5);
}

TEST(DirectiveFaultTest, RepeatableIsOfTheNextBatchAlone) {
  const Script script =
      parse_script("a.sql", ":connect A\n--# repeatable\nSELECT 1\nGO\nSELECT 2\nGO\n", {});

  ASSERT_TRUE(script.errors.empty());
  EXPECT_TRUE(std::get<Batch>(script.steps.at(1).action).is_repeatable);
  EXPECT_FALSE(std::get<Batch>(script.steps.at(2).action).is_repeatable);
  const Script open = parse_script("a.sql", ":connect A\n--# repeatable\n", {});
  ASSERT_EQ(open.errors.size(), 1U);
  EXPECT_THAT(open.errors[0].line(), HasSubstr("a.sql:2:"));
}

TEST(DirectiveFaultTest, FaultsNeedTheSimulatorAndClocksDoNot) {
  const auto needs = [](const std::string& text) {
    const Script script = parse_script("a.sql", ":connect A\n:connect B\n--# " + text + "\n", {});
    EXPECT_TRUE(script.errors.empty()) << text;
    return needs_simulation(script.steps.back());
  };
  for (const char* text : {"crash A after step 3", "crash A back after 1s", "swizzle A|B for 1s",
                           "partition A -> B", "key A machine lost", "disk A lying"})
    EXPECT_TRUE(needs(text)) << text;
  for (const char* text : {"crash A", "drift A 5ppm", "jump A 1h", "skew A 1h"})
    EXPECT_FALSE(needs(text)) << text;
}

TEST(DirectiveFaultTest, AFaultOfAnInstanceThatNobodyConnectsToDoesNotParse) {
  for (const char* text :
       {"drift X 5ppm", "jump X 1h", "swizzle A|X for 1s", "key X machine lost"}) {
    const Script script = parse_script("a.sql", std::string(":connect A\n--# ") + text + "\n", {});
    EXPECT_EQ(script.errors.size(), 1U) << text;
  }
}

}  // namespace
}  // namespace ssb::sim::scenario
