#include "sim/scenario/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/sim/scenario/fake_backend.h"

namespace ssb::sim::scenario {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Report run(FakeBackend& backend, std::string_view text) {
  const Script script = parse_script("a.sql", text, {});
  return Runner(script, backend).run();
}

NodeRecord record(std::string node, proto::EventClass event, int error_number = 0,
                  std::vector<std::pair<std::string, std::string>> detail = {}) {
  NodeRecord out{.node = std::move(node), .record = {}};
  out.record.event = event;
  if (error_number != 0)
    out.record.error = proto::Error(static_cast<proto::ErrorCode>(error_number)).with_state(84);
  out.record.detail = std::move(detail);
  return out;
}

TEST(RunnerTest, ConnectStartsOnceAndOpensASessionEachTime) {
  FakeBackend backend;

  const Report report =
      run(backend, ":connect A\nSELECT 1\nGO\n:connect B -U app -P x\nSELECT 2\nGO\n:connect A\n");

  EXPECT_THAT(backend.calls, ElementsAre("declare A", "declare B", "start A", "open A",
                                         "batch A: SELECT 1", "close", "start B", "open B as app",
                                         "batch B: SELECT 2", "close", "open A", "close"));
  EXPECT_EQ(report.verdict, Verdict::nothing_checked);
  EXPECT_EQ(exit_code(report.verdict), 0);
}

TEST(RunnerTest, AnAttackByConfigurationAsksNothingOfTheBackEnd) {
  FakeBackend backend;

  const Report report =
      run(backend, "--# catalogue B01\n:connect A\n--# attack by configuration\n");

  EXPECT_EQ(report.catalogue->id, "B01");
  EXPECT_EQ(report.entries.back().kind, Entry::Kind::attack);
  EXPECT_EQ(report.entries.back().text, "by configuration");
  EXPECT_THAT(backend.calls, Not(Contains(HasSubstr("apply"))));
}

TEST(RunnerTest, WhatAJudgeFindsFailsTheRun) {
  FakeBackend backend;
  backend.findings.push_back({.judge = "no plaintext", .node = "A", .at = {}, .text = "seen"});

  const Report report = run(backend, ":connect A\nSELECT 1\nGO\n--# expect rows 0\n");

  EXPECT_EQ(report.verdict, Verdict::failed);
  ASSERT_EQ(report.findings.size(), 1U);
}

TEST(RunnerTest, WhatAJudgeFindsOfAnAttackThatIsWeakByDesignDoesNot) {
  FakeBackend backend;
  backend.findings.push_back({.judge = "no plaintext", .node = "A", .at = {}, .text = "seen"});

  const Report report = run(backend,
                            "--# catalogue C17 weak\n:connect A\n--# attack by "
                            "configuration\n--# expect no event 161\n");

  EXPECT_EQ(report.verdict, Verdict::passed);
  ASSERT_EQ(report.findings.size(), 1U);
}

TEST(RunnerTest, UnexpectedErrorFailsWithTheLineOfTheFile) {
  FakeBackend backend;
  backend.batches["SELECT 1"] = {error_message(15581, "Db", 3, 2)};

  const Report report =
      run(backend, ":connect A\nSELECT 1\nCREATE CERTIFICATE c\nGO\nSELECT 3\nGO\n");

  EXPECT_EQ(report.verdict, Verdict::failed);
  EXPECT_EQ(exit_code(report.verdict), 1);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].place.text(), "a.sql:3");
  EXPECT_THAT(report.failures[0].seen, HasSubstr("Msg 15581, Level 16, State 3, Line 2"));
  EXPECT_THAT(backend.calls, Contains("batch A: SELECT 3"));
}

TEST(RunnerTest, OnErrorExitEndsTheScript) {
  FakeBackend backend;
  backend.batches["SELECT 1"] = {error_message(208, "x")};

  const Report report = run(backend, ":on error exit\n:connect A\nSELECT 1\nGO\nSELECT 3\nGO\n");

  EXPECT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(backend.calls, Not(Contains("batch A: SELECT 3")));
}

TEST(RunnerTest, ExpectedErrorsStackAndCompanionsNeedNoLine) {
  FakeBackend backend;
  backend.batches["BACKUP"] = {error_message(15581, "a", 3), error_message(3013, "BACKUP")};
  backend.batches["BOTH"] = {error_message(33161, "a"), error_message(208, "b")};

  const Report passes = run(backend,
                            ":connect A\n--# expect error 15581 state 3\nBACKUP\nGO\n--# expect "
                            "error 33161\n--# expect error 208 level 16\nBOTH\nGO\n");
  EXPECT_EQ(passes.verdict, Verdict::passed);
  EXPECT_EQ(passes.met, 3);

  EXPECT_EQ(run(backend, ":connect A\n--# expect error 15581 state 2\nBACKUP\nGO\n").verdict,
            Verdict::failed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect error 33161\nBOTH\nGO\n").verdict,
            Verdict::failed);
  EXPECT_EQ(
      run(backend, ":connect A\n--# expect error 208\n--# expect error 33161\nBOTH\nGO\n").verdict,
      Verdict::failed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect error 208\nSELECT 1\nGO\n").verdict,
            Verdict::failed);
}

TEST(RunnerTest, WhatIsExpectedInAnotherOrderIsSaidToBe) {
  FakeBackend backend;
  backend.batches["BOTH"] = {error_message(33161, "a"), error_message(208, "b")};

  const Report report =
      run(backend, ":connect A\n--# expect error 208\n--# expect error 33161\nBOTH\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("the order is wrong"));
  EXPECT_EQ(report.met, 1);
}

TEST(RunnerTest, WhatIsMetIsCountedWhereTheBatchFailsOtherwise) {
  FakeBackend backend;
  backend.batches["X"] = {error_message(208, "x"), print_message("hello")};

  const Report report =
      run(backend,
          ":connect A\n--# expect error 208\n--# expect print 'hello'\n--# expect "
          "warning 15214\nX\nGO 3\n");

  EXPECT_EQ(report.met, 2);
  EXPECT_EQ(report.expectations, 3);
  EXPECT_EQ(report.failures.size(), 1U);
}

TEST(RunnerTest, WarningsAndPrintsAreExpectedBeforeTheBatch) {
  FakeBackend backend;
  backend.batches["X"] = {error_message(15214, "c"), print_message("hello there")};

  EXPECT_EQ(
      run(backend, ":connect A\n--# expect warning 15214\n--# expect print like 'HELLO%'\nX\nGO\n")
          .verdict,
      Verdict::passed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect warning 15213\nX\nGO\n").verdict, Verdict::failed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect print 'hello'\nX\nGO\n").verdict, Verdict::failed);
}

TEST(RunnerTest, RowsValuesAndColumnsOfTheLastResult) {
  FakeBackend backend;
  backend.batches["Q"] = {row_set(
      {"a", "b"}, {{std::string("TRUE"), std::monostate{}}, {std::string("x"), std::int64_t{1}}})};
  backend.batches["I"] = {broker::tsql::RowCount{3}};

  const Report report = run(backend,
                            ":connect A\nQ\nGO\n--# expect rows 2\n--# expect value 'TRUE'\n--# "
                            "expect columns A, b\nI\nGO\n--# expect rows 3\n");

  EXPECT_EQ(report.verdict, Verdict::passed);
  EXPECT_EQ(report.met, 4);
  EXPECT_EQ(run(backend, ":connect A\nQ\nGO\n--# expect value 'true'\n").failures.at(0).seen,
            "'TRUE'");
  EXPECT_EQ(run(backend, ":connect A\n--# expect rows 1\n").failures.at(0).seen,
            "no batch has returned anything yet");
}

TEST(RunnerTest, DatesCompareAsTimes) {
  FakeBackend backend;
  auto rows = row_set({"d"}, {{std::string("2008-11-26 00:00:00.000")}});
  rows.columns[0].type.type = broker::tsql::SqlType::datetime;
  backend.batches["Q"] = {rows};

  EXPECT_EQ(run(backend, ":connect A\nQ\nGO\n--# expect value '2008-11-26'\n").verdict,
            Verdict::passed);
  EXPECT_EQ(run(backend, ":connect A\nQ\nGO\n--# expect value '2008-11-27'\n").verdict,
            Verdict::failed);
}

TEST(RunnerTest, WithinAsksTheQueryAgainUntilItsTimeIsOver) {
  FakeBackend backend;
  backend.batches["Q"] = {row_set({"n"}, {{std::int64_t{0}}})};
  backend.on_look = [&](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select != "Q\n") return {};
    return {row_set({"n"}, {{backend.time >= default_start() + seconds(5) ? std::int64_t{1}
                                                                          : std::int64_t{0}}})};
  };

  EXPECT_EQ(run(backend, ":connect A\nQ\nGO\n--# expect within 30s value 1\n").verdict,
            Verdict::passed);
  EXPECT_EQ(backend.time, default_start() + seconds(5));
  EXPECT_EQ(run(backend, ":connect A\nQ\nGO\n--# expect within 3s value 1\n").verdict,
            Verdict::failed);
}

TEST(RunnerTest, AnAbsentEventMustStayAbsentForTheWholeTime) {
  FakeBackend backend;
  backend.on_step = [](FakeBackend& b) {
    if (b.time == default_start() + seconds(9))
      b.recorded.push_back(record("A", proto::EventClass::message_undeliverable, 11229));
  };

  EXPECT_EQ(run(backend, ":connect A\n--# expect within 8s no event 160\n").verdict,
            Verdict::passed);
  backend.time = default_start();
  EXPECT_EQ(run(backend, ":connect A\n--# expect within 20s no event 160\n").verdict,
            Verdict::failed);
}

TEST(RunnerTest, EventsAreOfTheNodeInUseAndSinceTheMark) {
  FakeBackend backend;
  backend.recorded = {record("B", proto::EventClass::audit_login, 28034)};
  const auto verdict = [&](std::string_view text) {
    return run(backend, ":connect B\n:connect A\n" + std::string(text)).verdict;
  };

  EXPECT_EQ(verdict("--# expect event 159 error 28034 state 84 on B\n"), Verdict::passed);
  EXPECT_EQ(verdict("--# expect event 159\n"), Verdict::failed);
  EXPECT_EQ(verdict("--# expect event 159 state 1 on B\n"), Verdict::failed);
  EXPECT_EQ(verdict("--# expect no event 159 on B\n"), Verdict::failed);
  EXPECT_EQ(verdict("--# mark\n--# expect no event 159 on B\n"), Verdict::passed);
}

TEST(RunnerTest, ErrorlogIsEvent22) {
  FakeBackend backend;
  backend.recorded = {record("A", proto::EventClass::error_log, 28054)};

  EXPECT_EQ(run(backend, ":connect A\n--# expect errorlog 28054 state 84\n").verdict,
            Verdict::passed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect errorlog 9727\n").verdict, Verdict::failed);
}

TEST(RunnerTest, DeliveredCountsTheQueueOfTheNode) {
  FakeBackend backend;
  backend.recorded = {record("A", proto::EventClass::message_delivered, 0, {{"queue", "q"}}),
                      record("A", proto::EventClass::message_delivered, 0, {{"queue", "q"}}),
                      record("B", proto::EventClass::message_delivered, 0, {{"queue", "q"}})};

  backend.on_look = [](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select == "SELECT name FROM sys.databases")
      return {row_set({"name"}, {{std::string("Db")}})};
    if (select != "SELECT name FROM sys.service_queues") return {};
    return {row_set({"name"}, {{std::string("other")}})};
  };

  EXPECT_EQ(
      run(backend,
          ":connect B\n:connect A\n--# expect delivered 2 to [Q]\n--# expect delivered 1 to q "
          "on B\n--# expect delivered 0 to other\n")
          .met,
      3);
  EXPECT_THAT(run(backend, ":connect A\n--# expect delivered 1 to other\n").failures.at(0).seen,
              HasSubstr("others went to A..q, B..q"));
}

TEST(RunnerTest, StatusFindsTheNumberInItsText) {
  FakeBackend backend;
  const std::string text = proto::Error(proto::ErrorCode::no_remote_service_binding, "Img").text();
  backend.on_look = [&](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select.find("transmission_queue") == std::string::npos) return {row_set({"name"}, {})};
    return {
        row_set({"to_service_name", "transmission_status"},
                {{std::string("Img"), "Held: " + text}, {std::string("Other"), std::string()}})};
  };
  const auto verdict = [&](std::string_view text_of) {
    return run(backend, ":connect A\n--# expect status " + std::string(text_of)).verdict;
  };

  EXPECT_EQ(verdict("9727"), Verdict::passed);
  EXPECT_EQ(verdict("9727 for Img"), Verdict::passed);
  EXPECT_EQ(verdict("9727 for img"), Verdict::failed);
  EXPECT_EQ(verdict("9731"), Verdict::failed);
  EXPECT_EQ(verdict("empty"), Verdict::passed);
  EXPECT_EQ(verdict("empty for Img"), Verdict::failed);
  EXPECT_EQ(verdict("none"), Verdict::failed);
  EXPECT_EQ(verdict("none for Nobody"), Verdict::failed);
  backend.recorded = {
      record("A", proto::EventClass::security_decision, 0, {{"to_service", "Gone"}})};
  EXPECT_EQ(verdict("none for Gone"), Verdict::passed);
  EXPECT_EQ(verdict("none for gone"), Verdict::failed);
}

TEST(RunnerTest, QueueErrorLooksAtTheBodiesInEitherEncoding) {
  FakeBackend backend;
  backend.on_look = [&](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select != "SELECT message_body FROM [q]") return {error_message(208, "x")};
    return {row_set({"message_body"}, {{proto::to_utf16le("<Error><Code>-8494</Code></Error>")}})};
  };

  EXPECT_EQ(run(backend, ":connect A\n--# expect queue error -8494 in q\n").verdict,
            Verdict::passed);
  EXPECT_EQ(run(backend, ":connect A\n--# expect queue error -8490 in q\n").verdict,
            Verdict::failed);
  EXPECT_THAT(run(backend, ":connect A\n--# expect queue error -8494 in r\n").failures.at(0).seen,
              HasSubstr("error 208"));
}

TEST(RunnerTest, StateAsksForTheVariablesLastValue) {
  FakeBackend backend;
  backend.variables["@h"] = "AA";
  backend.on_look = [&](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select.find("conversation_handle = 'AA'") == std::string::npos)
      return {row_set({"state", "state_desc"}, {})};
    return {row_set({"state", "state_desc"}, {{std::string("CO"), std::string("CONVERSING")}})};
  };

  EXPECT_EQ(run(backend, ":connect A\nX\nGO\n--# expect state CO for @h\n").verdict,
            Verdict::passed);
  EXPECT_EQ(run(backend, ":connect A\nX\nGO\n--# expect state DI for @h\n").failures.at(0).seen,
            "CO (CONVERSING)");
  EXPECT_THAT(run(backend, ":connect A\nX\nGO\n--# expect state CO for @g\n").failures.at(0).seen,
              HasSubstr("no batch on A has given @g a value"));
}

TEST(RunnerTest, WireExpectationsSearchWhatWasSentSinceTheMark) {
  FakeBackend backend;
  backend.sent = {{"A", "B", "xxsecret"}};
  const auto verdict = [&](std::string_view text) {
    return run(backend, ":connect C\n:connect B\n:connect A\n" + std::string(text)).verdict;
  };

  EXPECT_EQ(verdict("--# expect wire plaintext 'secret'\n"), Verdict::passed);
  EXPECT_EQ(verdict("--# expect wire plaintext 'secret' between A and B\n"), Verdict::passed);
  EXPECT_EQ(verdict("--# expect wire ciphertext 'secret'\n"), Verdict::failed);
  EXPECT_EQ(verdict("--# expect wire ciphertext 'hidden'\n"), Verdict::passed);
  EXPECT_EQ(verdict("--# expect wire ciphertext 'hidden' between A and C\n"), Verdict::failed);
  EXPECT_EQ(verdict("--# mark\n--# expect wire ciphertext 'secret'\n"), Verdict::failed);
}

TEST(RunnerTest, ExpectationsSettleFirstAndOnlyOnce) {
  FakeBackend backend;

  run(backend,
      ":connect A\nX\nGO\n--# expect no event 160\n--# expect no event 161\nY\nGO\n--# expect no "
      "event 160\n");

  EXPECT_EQ(std::count(backend.calls.begin(), backend.calls.end(), "settle"), 2);
}

TEST(RunnerTest, TheClockStartsWhereTheScriptSaysAndGoesForward) {
  FakeBackend backend;

  const Report report = run(
      backend,
      "--# clock 2010-01-01\n:connect A\n--# advance 1d\n--# until 2010-01-03\n--# skew A -5s\n");

  EXPECT_EQ(report.end - report.start, std::chrono::hours(48));
  EXPECT_THAT(backend.calls, Contains("skew A -5 s"));
  EXPECT_EQ(run(backend, "--# clock 2010-01-01\n:connect A\n--# until 2009-01-01\n").verdict,
            Verdict::failed);
}

TEST(RunnerTest, AfterACrashTheSessionIsGone) {
  FakeBackend backend;

  const Report report = run(backend, ":connect A\n--# crash A\n--# restart A\nX\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen,
              HasSubstr("the session ended when A was restarted; :connect A again"));
  EXPECT_THAT(backend.calls, Contains("crash A"));
  EXPECT_EQ(run(backend, ":connect A\n--# restart A\n:connect A\nX\nGO\n").failures.size(), 0U);
}

TEST(RunnerTest, FailedLoginEndsTheScript) {
  FakeBackend backend;

  const Report report = run(backend, ":connect A -U app -P wrong\nX\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("18456"));
  EXPECT_THAT(backend.calls, Not(Contains("batch A: X")));
}

TEST(RunnerTest, WhatNeedsTheSimulatorIsInconclusiveBeforeAnythingRuns) {
  FakeBackend backend;

  const Report report = run(backend, ":connect A\n:connect B\nX\nGO\n--# net A -> B loss 5%\n");

  EXPECT_EQ(report.verdict, Verdict::inconclusive);
  EXPECT_EQ(exit_code(report.verdict), 2);
  EXPECT_EQ(report.reason, "a.sql:5: needs the simulator");
  EXPECT_THAT(backend.calls, IsEmpty());
}

TEST(RunnerTest, AScriptWithErrorsIsNotRun) {
  FakeBackend backend;

  const Report report = run(backend, ":connect A\n--# setle\n");

  EXPECT_EQ(exit_code(report.verdict), 11);
  EXPECT_THAT(backend.calls, IsEmpty());
}

TEST(RunnerTest, GoWithACountRepeatsTheBatchAndItsExpectations) {
  FakeBackend backend;
  backend.batches["X"] = {error_message(208, "x")};

  const Report report = run(backend, ":connect A\n--# expect error 208\nX\nGO 3\n");

  EXPECT_EQ(report.verdict, Verdict::passed);
  EXPECT_EQ(report.batches, 3);
  EXPECT_EQ(report.met, 1);
}

TEST(RunnerTest, ManyFailuresEndTheRun) {
  FakeBackend backend;
  backend.batches["X"] = {error_message(208, "x")};
  std::string text = ":connect A\n";
  for (int i = 0; i < 30; ++i) text += "X\nGO\n";

  EXPECT_EQ(run(backend, text).failures.size(), kFailuresMax);
}

TEST(RunnerTest, AFailureSaysWhatTheNodesKnow) {
  FakeBackend backend;
  backend.recorded = {record("B", proto::EventClass::message_undeliverable, 11229)};
  backend.on_look = [&](const auto&, const auto&, const auto& select) -> broker::tsql::Output {
    if (select == "SELECT name FROM sys.databases")
      return {row_set({"name"}, {{std::string("Src")}})};
    return {
        row_set({"to_service_name", "transmission_status"}, {{std::string("Img"), std::string()}})};
  };

  const Report report = run(backend, ":connect A\n--# expect delivered 1 to q\n");

  EXPECT_THAT(report.failures.at(0).known,
              ElementsAre("still in A.Src's transmission queue: a message to 'Img', status EMPTY",
                          HasSubstr("B  Broker:Message Undeliverable 160, error 11229 state 84")));
}

TEST(RunnerTest, WhatIsKnownOfDialogsComesBeforeTheChatterOfConnections) {
  FakeBackend backend;
  NodeRecord of_dialog = record("B", proto::EventClass::message_undeliverable, 11229);
  of_dialog.record.conversation_id = "C1";
  backend.recorded = {of_dialog};
  for (int state = 1; state <= 9; ++state) {
    backend.recorded.push_back(record("A", proto::EventClass::handshake_step, 28034));
    backend.recorded.back().record.error->state = state;
  }

  const Report report = run(backend, ":connect A\n--# expect rows 1\n");

  const auto& known = report.failures.at(0).known;
  ASSERT_EQ(known.size(), 6U);
  EXPECT_THAT(known.front(), HasSubstr("error 11229"));
  EXPECT_THAT(known.back(), HasSubstr("state 9"));
}

TEST(ReportTest, TheMoreSevereVerdictDecidesForManyFiles) {
  EXPECT_EQ(worse(Verdict::passed, Verdict::nothing_checked), Verdict::nothing_checked);
  EXPECT_EQ(worse(Verdict::failed, Verdict::inconclusive), Verdict::failed);
  EXPECT_EQ(worse(Verdict::failed, Verdict::does_not_parse), Verdict::does_not_parse);
  EXPECT_EQ(worse(Verdict::environment, Verdict::passed), Verdict::environment);
}

}  // namespace
}  // namespace ssb::sim::scenario
