// Safe, unsafe, weak, inconclusive: each by what a report has in it, and by nothing else.
#include "sim/scenario/attack_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::sim::scenario {
namespace {

using testing::HasSubstr;
using Kind = Entry::Kind;

// A report in the order of its story; a failed entry has its failure.
Report report_of(std::initializer_list<Kind> kinds) {
  Report report;
  report.verdict = Verdict::passed;
  for (const Kind kind : kinds) {
    Entry entry;
    entry.kind = kind;
    entry.record = report.records.size();
    if (kind == Kind::failed) {
      report.verdict = Verdict::failed;
      entry.failure = report.failures.size();
      report.failures.push_back({.place = {.file = "a.sql", .line = 7},
                                 .what = "expectation",
                                 .expected = "delivered 0",
                                 .seen = "1",
                                 .known = {}});
    }
    report.entries.push_back(entry);
  }
  report.probes["attack.replay.applied"] = 1;
  return report;
}

void add_record(Report& report, proto::EventClass event, int number) {
  proto::TraceRecord record;
  record.event = event;
  if (number != 0) record.error = proto::Error(static_cast<proto::ErrorCode>(number));
  report.records.push_back({.node = "B", .record = record});
}

TEST(AttackVerdictTest, BothLegsMetIsSafe) {
  const AttackResult result = judge_attack(report_of({Kind::met, Kind::attack, Kind::met}));

  EXPECT_TRUE(result.is_sane);
  EXPECT_EQ(result.verdict, AttackVerdict::safe);
  EXPECT_EQ(result.reason, "");
}

TEST(AttackVerdictTest, AWeakEntryWhoseAttackWorksIsWeakByDesign) {
  Report report = report_of({Kind::met, Kind::attack, Kind::met});
  report.catalogue = Catalogue{.id = "C17", .is_weak = true};

  EXPECT_EQ(judge_attack(report).verdict, AttackVerdict::weak_by_design);
}

TEST(AttackVerdictTest, AFailureAfterTheAttackIsUnsafeAndNamed) {
  const AttackResult result =
      judge_attack(report_of({Kind::met, Kind::attack, Kind::met, Kind::failed}));

  EXPECT_TRUE(result.is_sane);
  EXPECT_EQ(result.verdict, AttackVerdict::unsafe);
  EXPECT_EQ(result.reason, "a.sql:7: expectation delivered 0; seen: 1");
}

TEST(AttackVerdictTest, AFindingOfAJudgeIsUnsafe) {
  Report report = report_of({Kind::met, Kind::attack, Kind::met});
  report.verdict = Verdict::failed;
  report.findings.push_back({.judge = "exactly once", .node = "B", .at = {}, .text = "twice"});

  const AttackResult result = judge_attack(report);

  EXPECT_EQ(result.verdict, AttackVerdict::unsafe);
  EXPECT_THAT(result.reason, HasSubstr("twice"));
}

TEST(AttackVerdictTest, WhatJudgesFindOfAWeakEntryIsItsWeakness) {
  Report report = report_of({Kind::met, Kind::attack, Kind::met});
  report.findings.push_back({.judge = "exactly once", .node = "B", .at = {}, .text = "twice"});
  EXPECT_EQ(judge_attack(report).verdict, AttackVerdict::unsafe);

  report.catalogue = Catalogue{.id = "C17", .is_weak = true};
  EXPECT_EQ(judge_attack(report).verdict, AttackVerdict::weak_by_design);
}

TEST(AttackVerdictTest, AFailureBeforeTheAttackIsInconclusive) {
  const AttackResult result =
      judge_attack(report_of({Kind::met, Kind::failed, Kind::attack, Kind::failed}));

  EXPECT_FALSE(result.is_sane);
  EXPECT_EQ(result.verdict, AttackVerdict::inconclusive);
  EXPECT_THAT(result.reason, HasSubstr("sanity leg failed"));
}

TEST(AttackVerdictTest, NothingCheckedOnEitherSideIsInconclusive) {
  EXPECT_EQ(judge_attack(report_of({Kind::attack, Kind::met})).verdict,
            AttackVerdict::inconclusive);
  EXPECT_EQ(judge_attack(report_of({Kind::met, Kind::attack})).verdict,
            AttackVerdict::inconclusive);
  EXPECT_EQ(judge_attack(report_of({Kind::met, Kind::met})).verdict, AttackVerdict::inconclusive);
}

TEST(AttackVerdictTest, AnAttackerThatDidNothingIsInconclusive) {
  Report report = report_of({Kind::met, Kind::attack, Kind::met});
  report.probes["attack.replay.applied"] = 0;

  const AttackResult result = judge_attack(report);

  EXPECT_EQ(result.verdict, AttackVerdict::inconclusive);
  EXPECT_THAT(result.reason, HasSubstr("attack.replay.applied"));
}

TEST(AttackVerdictTest, AScriptThatDoesNotParseIsInconclusive) {
  Report report;
  report.verdict = Verdict::does_not_parse;
  report.problems.push_back({.place = {.file = "a.sql", .line = 3}, .text = "unknown attack"});

  EXPECT_THAT(judge_attack(report).reason, HasSubstr("a.sql:3:1: unknown attack"));
}

TEST(AttackVerdictTest, TheEvidenceCountsWhatCameAfterTheAttack) {
  Report report = report_of({Kind::met});
  add_record(report, proto::EventClass::message_undeliverable, 11218);
  Entry attack;
  attack.kind = Kind::attack;
  attack.record = report.records.size();
  report.entries.push_back(attack);
  report.entries.push_back(report.entries.front());
  add_record(report, proto::EventClass::message_undeliverable, 11217);
  add_record(report, proto::EventClass::corrupted_message, 28007);
  add_record(report, proto::EventClass::corrupted_message, 28007);

  const AttackResult result = judge_attack(report);

  EXPECT_EQ(result.evidence(), "161/28007 at B ×2, 160/11217 at B, delivered 0");
}

}  // namespace
}  // namespace ssb::sim::scenario
