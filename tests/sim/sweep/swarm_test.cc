#include "sim/sweep/swarm.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/runner.h"
#include "sim/scenario/script_text.h"
#include "sim/scenario/simulated.h"
#include "sim/sweep/failure_key.h"
#include "sim/sweep/outline.h"
#include "sim/sweep/shrink.h"
#include "tests/sim/scenario/two_instances.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::sweep {
namespace {

using scenario::Script;
using scenario::Step;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Ran {
  scenario::Report report;
  std::string fingerprint;
};
Ran run(const Script& script, std::uint64_t seed) {
  const auto simulation = scenario::make_simulation({.seed = seed, .keys = test_key});
  Ran out;
  out.report = scenario::Runner(script, *simulation).run();
  out.fingerprint = simulation->fingerprint().text();
  return out;
}

Script parse(const std::string& text) {
  Script script = scenario::parse_script("a.sql", text, {});
  EXPECT_THAT(script.errors, IsEmpty());
  return script;
}

Script dialog_script(const std::string& more = "") {
  return parse(std::string(scenario::kTwoInstances) + R"sql(
:connect HOST_A
USE Db;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h ('one');
SEND ON CONVERSATION @h ('two');
GO
--# expect delivered 2 to q on HOST_B.Db
--# expect status none
--# expect no event 160 on HOST_B
:connect HOST_B
USE Db;
SELECT COUNT(*) FROM q;
GO
--# expect value 2
)sql" + more);
}

std::vector<std::string> directives(const Script& script) {
  std::vector<std::string> out;
  for (const Step& step : script.steps) {
    if (!step.text.empty()) out.push_back(step.text);
  }
  return out;
}
std::string text_of(const Swarmed& swarmed) {
  return scenario::script_text(swarmed.script, "", 1);
}

PlannedFault planned(std::string_view kind, std::string directive, std::string node,
                     std::size_t step, std::optional<proto::Duration> moment = {}) {
  const auto kinds = fault_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const FaultKind& row) { return row.name == kind; });
  EXPECT_NE(found, kinds.end());
  return {.kind = &*found,
          .directive = std::move(directive),
          .node = std::move(node),
          .step = step,
          .moment = moment};
}

TEST(SwarmTest, OneSeedGivesOnePlan) {
  const Script script = dialog_script();

  const Swarmed one = with_faults(script, plan_faults(script, 7), {});
  const Swarmed again = with_faults(script, plan_faults(script, 7), {});
  const Swarmed other = with_faults(script, plan_faults(script, 8), {});

  EXPECT_EQ(text_of(one), text_of(again));
  EXPECT_NE(text_of(one), text_of(other));
}

TEST(SwarmTest, EachKindAndEachPairOfKindsOccurs) {
  const Script script = dialog_script();
  std::map<std::string, int> kinds;
  std::set<std::pair<std::string, std::string>> pairs;
  int calm = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto names = plan_faults(script, seed).kinds();
    if (names.empty()) ++calm;
    for (const std::string& one : names) {
      ++kinds[one];
      for (const std::string& other : names) pairs.insert({one, other});
    }
  }
  // Not this script: it turns encryption off.
  const std::size_t count = fault_kinds().size() - 1;
  EXPECT_EQ(kinds.count("hop.corrupt"), 0U);
  EXPECT_EQ(kinds.size(), count);
  EXPECT_EQ(pairs.size(), count * count);
  EXPECT_GT(calm, 20);
  EXPECT_LT(calm, 150);
  for (const auto& [name, times] : kinds) EXPECT_GT(times, 100) << name;
}

TEST(SwarmTest, MessagesAreChangedOnlyWhereAllDialogsAreSecured) {
  const auto kinds_of = [](const std::string& options) {
    const Script script = parse(std::string(scenario::kTwoInstances) +
                                ":connect HOST_A\nUSE Db;\nDECLARE @h uniqueidentifier;\n"
                                "BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'b_service'" +
                                options +
                                ";\nSEND ON CONVERSATION @h MESSAGE TYPE [An Order] ('one');\nGO\n"
                                "--# settle\n");
    std::set<std::string> names;
    std::set<std::string> filters;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const Plan plan = plan_faults(script, seed);
      names.merge(plan.kinds());
      for (const PlannedFault& fault : plan.faults) {
        const std::size_t at = fault.directive.find(" only ");
        if (at != std::string::npos) filters.insert(fault.directive.substr(at + 1));
      }
    }
    return std::pair(names, filters);
  };

  const auto [secured, filters] = kinds_of("");
  EXPECT_THAT(secured, Contains("hop.corrupt"));
  EXPECT_THAT(filters, testing::IsSupersetOf({"only end", "only type [An Order]", "only ack"}));
  EXPECT_THAT(kinds_of(" WITH ENCRYPTION = OFF").first, Not(Contains("hop.corrupt")));
  EXPECT_THAT(kinds_of(" WITH LIFETIME = 9, encryption=\n\tOFF").first,
              Not(Contains("hop.corrupt")));
}

TEST(SwarmTest, EveryDirectiveOfAPlanIsOneOfTheLanguage) {
  const Script script = dialog_script();
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string text = text_of(with_faults(script, plan_faults(script, seed), {}));
    EXPECT_THAT(scenario::parse_script("b.sql", text, {}).errors, IsEmpty()) << text;
  }
}

TEST(SwarmTest, ExpectationsHoldUnderEverySeedAndTheBundleRepeatsTheRun) {
  const Script script = dialog_script();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Swarmed swarmed = with_faults(script, plan_faults(script, seed), {});

    const Ran ran = run(swarmed.script, seed);
    const Ran bundle = run(scenario::parse_script("b.sql", text_of(swarmed), {}), seed);

    EXPECT_EQ(ran.report.verdict, scenario::Verdict::passed)
        << seed << ": " << failures_of(ran.report) << text_of(swarmed);
    EXPECT_EQ(ran.fingerprint, bundle.fingerprint) << seed;
  }
}

TEST(SwarmTest, FaultsAreCuredBeforeAnExpectationLooks) {
  const Script script = dialog_script();
  std::size_t send = script.steps.size();
  while (std::get_if<scenario::Batch>(&script.steps[--send].action) == nullptr ||
         !has_word(std::get<scenario::Batch>(script.steps[send].action).text, {"SEND"})) {
  }
  Plan plan;
  plan.faults = {
      planned("partition", "partition HOST_A | HOST_B", "", send),
      planned("disk.full", "disk HOST_B full", "HOST_B", send + 1, proto::Duration(1000))};
  plan.exposures[send + 1] = std::chrono::seconds(5);

  const Swarmed swarmed = with_faults(script, plan, {});

  EXPECT_THAT(
      directives(swarmed.script),
      ElementsAre("clock 2020-03-01", "partition HOST_A | HOST_B", "advance 1ms",
                  "disk HOST_B full", "advance 4999ms", "heal", "disk HOST_B ok", "disk HOST_B ok",
                  "restart HOST_B", "advance 2m", "expect delivered 2 to q on HOST_B.Db",
                  "expect status none", "settle", "expect value 2", "heal all"));
  EXPECT_THAT(swarmed.left_out, ElementsAre(HasSubstr("expect no event 160")));
}

TEST(SwarmTest, WhatAnInstanceMayNotHaveToldIsNotAsked) {
  const Script script = dialog_script();
  Plan plan;
  std::size_t delivered = 0;
  while (std::get_if<scenario::Expectation>(&script.steps[delivered].action) == nullptr)
    ++delivered;
  plan.faults = {planned("crash.at_sync", "crash HOST_B after sync 0", "HOST_B", delivered,
                         proto::Duration(1000))};
  plan.exposures[delivered] = std::chrono::seconds(5);

  const Swarmed swarmed = with_faults(script, plan, {});

  EXPECT_THAT(swarmed.left_out, Contains(HasSubstr("expect delivered 2")));
  EXPECT_THAT(directives(swarmed.script), Contains("settle"));
}

TEST(SwarmTest, ASessionWhoseInstanceCrashedIsConnectedAgainWhereItWas) {
  const Script script =
      parse(":connect A -U joe -P secret\nUSE [my db];\nGO\nSELECT 1;\nGO\n--# expect value 1\n");
  Plan plan;
  plan.faults = {planned("crash", "crash A", "A", 2)};

  const std::string text = text_of(with_faults(script, plan, {}));

  EXPECT_THAT(text, HasSubstr("--# crash A\n--# restart A\n:connect A -U joe -P secret\n"
                              "USE [my db];\nGO\nSELECT 1;\n"));
}

TEST(SwarmTest, AnInstanceIsNotEndedUnderASessionThatHasSomethingOpen) {
  for (const char* batch : {"BEGIN TRAN", "OPEN MASTER KEY DECRYPTION BY PASSWORD = 'x'",
                            "EXECUTE AS USER = 'x'", "SET NOCOUNT ON", "CREATE TABLE #t (a int)"}) {
    const Script script =
        parse(std::string(":connect A\n") + batch + "\nGO\nSELECT 1\nGO\n--# expect value 1\n");
    Plan plan;
    plan.faults = {planned("crash", "crash A", "A", 2),
                   planned("crash", "crash A", "A", 3, proto::Duration(5))};
    plan.exposures[3] = std::chrono::seconds(1);

    EXPECT_THAT(text_of(with_faults(script, plan, {})), Not(HasSubstr("crash A"))) << batch;
  }
}

TEST(SwarmTest, ScriptsWithFaultsOfTheirOwnOrWithTimersGetOnlyWhatTimeShows) {
  for (const char* more :
       {"--# crash HOST_B\n--# restart HOST_B\n", "WAITFOR (RECEIVE * FROM q), TIMEOUT 5;\nGO\n",
        "--# until 2020-03-01T01:00Z\n",
        "--# until 2021-01-01\n--# advance 1h\n--# until 2021-01-01T02:00Z\n"}) {
    const Script script = dialog_script(more);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const Plan plan = plan_faults(script, seed);
      EXPECT_TRUE(plan.is_gentle);
      EXPECT_TRUE(plan.exposures.empty());
      for (const PlannedFault& fault : plan.faults)
        EXPECT_EQ(fault.kind->effect, FaultKind::Effect::lateness);
      EXPECT_THAT(with_faults(script, plan, {}).left_out, Each(HasSubstr("expect no event")));
    }
  }
}

TEST(SwarmTest, AHopOrLinkThatTheScriptSetsStaysAsItSetsIt) {
  const auto kinds_of = [](const std::string& more) {
    std::set<std::string> kinds;
    const Script script = dialog_script(more);
    for (std::uint64_t seed = 0; seed < 50; ++seed) kinds.merge(plan_faults(script, seed).kinds());
    return kinds;
  };

  EXPECT_THAT(kinds_of("--# net HOST_A -> HOST_B delay 2h only begin\n"),
              ElementsAre("link.delay"));
  EXPECT_THAT(kinds_of("--# link HOST_A -> HOST_B clog 2s\n"), ElementsAre("hop.delay"));
  EXPECT_THAT(kinds_of("--# link HOST_A -> HOST_B cut\n--# net HOST_A -> HOST_B loss 1%\n"),
              IsEmpty());
}

TEST(SwarmTest, WhatGoesFromSecondToSecondGetsNoFaults) {
  const Script script =
      dialog_script("--# until 2021-01-01T00:00:00Z\n--# until 2021-01-01T00:00:01Z\n");
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_THAT(plan_faults(script, seed).faults, IsEmpty());
}

TEST(SwarmTest, AMomentThatIsFarAheadLeavesTimeForFaults) {
  EXPECT_FALSE(plan_faults(dialog_script("--# until 2020-06-01\n"), 3).is_gentle);
}

TEST(SwarmTest, ClocksAreMovedOnlyWhereNoDatesAreSpokenOf) {
  const auto moves_clock = [](const Script& script) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      for (const PlannedFault& fault : plan_faults(script, seed).faults) {
        if (fault.kind->effect == FaultKind::Effect::clock) return true;
      }
    }
    return false;
  };

  EXPECT_TRUE(moves_clock(dialog_script()));
  EXPECT_FALSE(moves_clock(dialog_script("--# until 2020-06-01\n")));
  EXPECT_FALSE(moves_clock(
      dialog_script("CREATE CERTIFICATE c WITH SUBJECT = 's', START_DATE = '2020-02-29';\nGO\n")));
}

TEST(SwarmTest, AtItsEndAllIsPutRightAndTheJudgesAreAsked) {
  const Script script = dialog_script(
      "--# partition HOST_A | HOST_B\n--# disk HOST_B torn\n"
      "--# crash HOST_B\n");

  const auto lines = directives(with_faults(script, {}, {}).script);

  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), "heal all");
}

TEST(SwarmTest, WithoutFaultsNothingIsLeftOut) {
  const Swarmed swarmed = with_faults(dialog_script(), {}, {});

  EXPECT_THAT(swarmed.left_out, IsEmpty());
  EXPECT_THAT(directives(swarmed.script), Contains("expect no event 160 on HOST_B"));
}

// Planted: a kind of fault that nothing cures.
constexpr FaultKind kPlanted{.name = "planted",
                             .reach = FaultKind::Reach::node,
                             .ends = FaultKind::Ends::nothing,
                             .effect = FaultKind::Effect::harm,
                             .directive = nullptr,
                             .cure_network = "",
                             .cure_disk = "",
                             .cure_node = "",
                             .probe = ""};

TEST(SwarmTest, ShrinkingFindsTheOneGuiltyFault) {
  const Script script = dialog_script();
  Plan plan;
  for (int i = 0; i < 6; ++i)
    plan.faults.push_back(planned("hop.loss", "net HOST_A -> HOST_B loss 20%", "", 6));
  plan.faults.insert(
      plan.faults.begin() + 4,
      {.kind = &kPlanted, .directive = "disk HOST_B full", .node = "HOST_B", .step = 6});
  const auto key_with = [&](const std::vector<bool>& kept) {
    Plan less = plan;
    less.faults.clear();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i]) less.faults.push_back(plan.faults[i]);
    }
    return failure_key(run(with_faults(script, less, {}).script, 1).report, false);
  };
  const std::vector<bool> all(plan.faults.size(), true);
  const std::string key = key_with(all);
  ASSERT_THAT(key, StartsWith("a.sql:"));
  int attempts = 100;

  const auto left =
      shrink(all, attempts, [&](const std::vector<bool>& kept) { return key_with(kept) == key; });

  EXPECT_EQ(left, (std::vector<bool>{false, false, false, false, true, false, false}));
}

TEST(FailureKeyTest, ThePlaceAndTheKindMakeTheKey) {
  scenario::Report report;
  report.file = "s.sql";
  report.verdict = scenario::Verdict::failed;
  report.failures = {{.place = {.file = "s.sql", .line = 7},
                      .what = "expectation",
                      .expected = "delivered 12 to [q34]",
                      .seen = "3",
                      .known = {}}};

  EXPECT_EQ(failure_key(report, false), "s.sql:7: expectation");
  EXPECT_EQ(failure_key(report, true), "s.sql: expectation, delivered # to [q#]");
  report.findings = {{.judge = "exactly once", .node = "B", .at = {}, .text = "twice"}};
  EXPECT_EQ(failure_key(report, false), "s.sql: judge exactly once");
  EXPECT_THAT(failure_text(report), HasSubstr("exactly once on B: twice"));
  report = {};
  report.verdict = scenario::Verdict::passed;
  EXPECT_EQ(failure_key(report, false), "");
}

}  // namespace
}  // namespace ssb::sim::sweep
