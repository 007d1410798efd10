// Named sessions and batches that wait: the directives, the runner, and instances that go down under them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/runner.h"
#include "sim/scenario/script_text.h"
#include "sim/scenario/simulated.h"
#include "sim/scenario/transcript.h"
#include "tests/sim/scenario/fake_backend.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::scenario {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Script session_script(std::string_view text) {
  return parse_script("dir/a.sql", text, {});
}

std::vector<std::string> session_errors(std::string_view text) {
  std::vector<std::string> lines;
  for (const ScriptMessage& message : session_script(text).errors) lines.push_back(message.line());
  return lines;
}

Report run_sessions(FakeBackend& backend, std::string_view text) {
  return Runner(session_script(text), backend).run();
}

Report simulate_sessions(std::string_view text, std::uint64_t seed = 1) {
  const auto simulation = make_simulation({.seed = seed, .keys = test_key});
  return Runner(session_script(text), *simulation).run();
}

// ---- the directives ----

TEST(SessionDirectiveTest, WhatDoesNotFitIsToldWithItsColumn) {
  EXPECT_THAT(session_errors(":connect A\n--# session a-b\n"),
              ElementsAre("dir/a.sql:2:13: 'a-b' is no name of a session: up to 32 letters, "
                          "digits and _"));
  EXPECT_THAT(session_errors(":connect A\n--# session " + std::string(33, 'a') + "\n"),
              ElementsAre(HasSubstr("is no name of a session")));
  EXPECT_THAT(session_errors(":connect A\n--# session closed\n"),
              ElementsAre(HasSubstr("dir/a.sql:2:13: which session is closed?")));
  EXPECT_THAT(session_errors(":connect A\n--# session one shut\n"),
              ElementsAre(HasSubstr("dir/a.sql:2:17: ")));
  EXPECT_THAT(session_errors(":connect A\nSELECT 1\n--# session one\nGO\n"),
              ElementsAre(HasSubstr("dir/a.sql:3:4: the batch that began in line 2")));
}

TEST(SessionDirectiveTest, OneThatIsNotThereIsNeitherClosedNorAwaited) {
  EXPECT_THAT(session_errors(":connect A\n--# session one closed\n"),
              ElementsAre("dir/a.sql:2:13: there is no session 'one' on A here: --# session one "
                          "begins it"));
  // A name is that of a session of its instance, in any case.
  EXPECT_THAT(session_errors(":connect A\n--# session one\n:connect B\n--# session one closed\n"),
              ElementsAre(HasSubstr("there is no session 'one' on B here")));
  EXPECT_THAT(session_errors(":connect A\n--# session one\n:connect a\n--# session ONE closed\n"),
              IsEmpty());
  EXPECT_THAT(
      session_errors(":connect A\n--# session one\n--# restart A\n--# session one closed\n"),
      ElementsAre(HasSubstr("there is no session 'one' on A here")));
  EXPECT_THAT(session_errors(":connect A\n--# session one\n--# await one\n"),
              ElementsAre("dir/a.sql:3:11: no batch waits in session 'one' here; --# expect waits "
                          "stands before one that does"));
}

TEST(SessionDirectiveTest, ABatchThatWaitsRunsOnceAndIsAwaitedBeforeTheNext) {
  constexpr std::string_view kWaits = ":connect A\n--# session one\n--# expect waits\nSELECT 1\n";

  EXPECT_THAT(session_errors(std::string(kWaits) + "GO 2\n"),
              ElementsAre("dir/a.sql:4:1: a batch that is expected to wait runs once: GO without a "
                          "number"));
  EXPECT_THAT(session_errors(std::string(kWaits) + "GO\nSELECT 2\nGO\n"),
              ElementsAre("dir/a.sql:6:1: a batch waits in session 'one': --# await one lets it "
                          "end before the next one begins"));
  EXPECT_THAT(session_errors(std::string(kWaits) + "GO\n--# await one\nSELECT 2\nGO\n"), IsEmpty());
  EXPECT_THAT(session_errors(":connect A\n--# repeatable\n--# expect waits\nSELECT 1\nGO\n"),
              ElementsAre(HasSubstr("cannot be --# repeatable")));
  EXPECT_THAT(session_errors(":connect A\n--# expect waits within 3s\nSELECT 1\nGO\n"),
              ElementsAre(HasSubstr("'within' and 'on' are for expectations that stand after")));
}

TEST(SessionDirectiveTest, ThereAreNotMoreThan64AtATime) {
  std::string text = ":connect A\n";
  for (int i = 0; i < 64; ++i) text += "--# session s" + std::to_string(i) + "\n";

  EXPECT_THAT(session_errors(text), ElementsAre(HasSubstr("more than 64 sessions at a time")));
  EXPECT_THAT(session_errors(":connect A\n" + text.substr(text.find("--# session s1\n"))),
              IsEmpty());
}

TEST(SessionDirectiveTest, WrittenOutItReadsAsBefore) {
  const Script script = session_script(
      ":connect A\n--# session one\n--# expect waits\nSELECT 1\nGO\n--# session\n--# await one\n"
      "--# session one closed\n");

  const std::string text = script_text(script, "", std::nullopt);

  EXPECT_THAT(text, HasSubstr("--# session one\n--# expect waits\nSELECT 1\nGO\n--# session\n--# "
                              "await one\n--# session one closed\n"));
  EXPECT_THAT(session_errors(text), IsEmpty());
}

// ---- the runner ----

TEST(NamedSessionTest, EachIsMadeOnceAsTheLastConnectWasAndOutlivesIt) {
  FakeBackend backend;

  const Report report = run_sessions(backend,
                                     ":connect A -U joe -P x\n--# session one\nONE\nGO\n--# "
                                     "session\nPLAIN\nGO\n:connect B\n:connect A\n--# session "
                                     "One\nAGAIN\nGO\n--# session one closed\nLAST\nGO\n");

  EXPECT_EQ(report.verdict, Verdict::nothing_checked);
  EXPECT_THAT(backend.calls,
              ElementsAre("declare A", "declare B", "start A", "open A as joe", "open A as joe",
                          "batch A: ONE", "batch A: PLAIN", "close", "start B", "open B", "close",
                          "open A", "batch A: AGAIN", "close", "batch A: LAST", "close"));
}

TEST(NamedSessionTest, IsNamedInTheStoryAndInTheTranscript) {
  FakeBackend backend;
  backend.batches["ONE"] = {row_set({"x"}, {{std::string("1")}})};

  const Report report =
      run_sessions(backend, ":connect A\n--# session one\nONE\nGO\n--# expect value '1'\n");

  EXPECT_EQ(transcript(report),
            "connected A\nconnected A in session one\nbatch in session one\nrow | 1\n1 rows\nmet "
            "value '1'\n");
}

TEST(NamedSessionTest, IsGoneWithItsInstanceAndSaysSo) {
  FakeBackend backend;

  const Report report =
      run_sessions(backend, ":connect A\n--# session one\nONE\nGO\n--# restart A\nTWO\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].place.text(), "dir/a.sql:6");
  EXPECT_EQ(report.failures[0].seen,
            "the session ended when A was restarted; --# session one begins a new one");
  FakeBackend other;
  EXPECT_TRUE(
      run_sessions(
          other, ":connect A\n--# session one\nONE\nGO\n--# restart A\n--# session one\nTWO\nGO\n")
          .failures.empty());
}

TEST(NamedSessionTest, IsClosedByASevereErrorAndTheOthersGoOn) {
  FakeBackend backend;
  auto severe = error_message(596, "");
  severe.severity = 21;
  backend.batches["ONE"] = {severe};

  const Report report =
      run_sessions(backend,
                   ":connect A\n--# session one\n--# expect error 596\nONE\nGO\nTWO\nGO\n"
                   "--# session\nPLAIN\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].seen,
            "an error of severity 20 or above closed the session; --# session one begins a new "
            "one");
  EXPECT_THAT(backend.calls, Contains("batch A: PLAIN"));
}

TEST(WaitingBatchTest, EndsWhenItIsAwaitedAndIsJudgedThen) {
  FakeBackend backend;
  backend.waiting.insert("SLOW");
  backend.batches["SLOW"] = {error_message(1222, "x"), row_set({"x"}, {{std::string("late")}})};
  backend.batches["QUICK"] = {row_set({"x"}, {{std::string("soon")}})};
  backend.on_batch = [](FakeBackend& fake, BackendSession session) {
    if (session == 1) fake.waiting.clear();  // QUICK frees it
  };

  const Report report =
      run_sessions(backend,
                   ":connect A\n--# session one\n--# expect waits\n--# expect error "
                   "1222\nSLOW\nGO\n--# session\nQUICK\nGO\n--# expect value 'soon'\n--# "
                   "await one\n--# expect value 'late'\n");

  EXPECT_EQ(report.verdict, Verdict::passed);
  EXPECT_EQ(report.met, 4);
  EXPECT_THAT(transcript(report), HasSubstr("met waits\nbatch in session one\n(waits)\n"));
}

TEST(WaitingBatchTest, OneThatDoesNotWaitIsAFailureAndIsJudgedAtOnce) {
  FakeBackend backend;
  backend.batches["QUICK"] = {error_message(208, "x")};

  const Report report =
      run_sessions(backend, ":connect A\n--# expect waits\n--# expect error 208\nQUICK\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].expected, "waits");
  EXPECT_EQ(report.failures[0].seen, "the batch has ended");
  EXPECT_EQ(report.met, 1);
}

TEST(WaitingBatchTest, MayStillWaitAtTheEndUnlessMoreWasExpectedOfIt) {
  FakeBackend backend;
  backend.waiting.insert("SLOW");
  EXPECT_EQ(run_sessions(backend, ":connect A\n--# expect waits\nSLOW\nGO\n").verdict,
            Verdict::passed);

  FakeBackend other;
  other.waiting.insert("SLOW");
  const Report report =
      run_sessions(other, ":connect A\n--# expect waits\n--# expect error 1222\nSLOW\nGO\n");
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].expected, "error 1222");
  EXPECT_EQ(report.failures[0].seen, "the batch still waited: the script has ended");
}

TEST(WaitingBatchTest, WhatItCameToIsJudgedAtTheEndThoughNobodyAwaitsIt) {
  FakeBackend backend;
  backend.waiting.insert("SLOW");
  backend.batches["SLOW"] = {error_message(1205, "x")};
  backend.on_batch = [](FakeBackend& fake, BackendSession session) {
    if (session == 2) fake.waiting.clear();
  };

  const Report report =
      run_sessions(backend, ":connect A\n--# expect waits\nSLOW\nGO\n--# session two\nQUICK\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("Msg 1205"));
}

TEST(WaitingBatchTest, EndsBeforeTheNextOfItsSessionWhereTheAwaitIsLeftOut) {
  FakeBackend backend;
  backend.waiting.insert("SLOW");
  backend.batches["SLOW"] = {error_message(208, "x")};
  backend.on_batch = [](FakeBackend& fake, BackendSession session) {
    if (session == 2) fake.waiting.clear();
  };
  Script script = session_script(
      ":connect A\n--# expect waits\nSLOW\nGO\n--# session two\nQUICK\nGO\n--# session\n--# "
      "await\nNEXT\nGO\n");
  std::erase_if(script.steps,
                [](const Step& step) { return std::holds_alternative<Await>(step.action); });

  const Report report = Runner(script, backend).run();

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].seen, HasSubstr("Msg 208"));
  EXPECT_THAT(backend.calls, Contains("batch A: NEXT"));
}

TEST(WaitingBatchTest, OneThatNeverEndsFailsWhenItIsAwaited) {
  FakeBackend backend;
  backend.waiting.insert("SLOW");

  const Report report =
      run_sessions(backend, ":connect A\n--# expect waits\nSLOW\nGO\n--# await\nSELECT 1\nGO\n");

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].what, "the batch does not end");
  EXPECT_THAT(backend.calls, Not(Contains("batch A: SELECT 1")));
}

// ---- instances ----

constexpr std::string_view kTwoAtOneTable = R"sql(
:connect HOST_A
CREATE DATABASE Db;
GO
USE Db;
CREATE TABLE t (i int);
GO
--# session one
USE Db;
DECLARE @mine int = 7;
BEGIN TRANSACTION;
INSERT t VALUES (1);
GO
--# session two
--# expect waits
USE Db;
INSERT t VALUES (2);
SELECT COUNT(*) FROM t;
GO
)sql";

TEST(SimulatedSessionsTest, ATransactionEndsWithItsSessionAndTheOtherOneGoesOn) {
  const std::string text =
      std::string(kTwoAtOneTable) + "--# session one closed\n--# await two\n--# expect value '1'\n";

  const Report report = simulate_sessions(text);
  EXPECT_EQ(report.verdict, Verdict::passed);
  EXPECT_EQ(transcript(report), transcript(simulate_sessions(text)));
}

TEST(SimulatedSessionsTest, EachHasItsOwnDatabaseOptionsAndImpersonation) {
  const Report report = simulate_sessions(R"sql(
:connect HOST_A
CREATE DATABASE Db;
GO
USE Db;
CREATE USER joe WITHOUT LOGIN;
GO
--# session one
SELECT DB_NAME();
GO
--# expect value 'master'
USE Db;
SET LOCK_TIMEOUT 0;
EXECUTE AS USER = 'joe';
BEGIN TRANSACTION;
GO
--# session
SELECT CONCAT(DB_NAME(), USER_NAME(), @@LOCK_TIMEOUT, @@TRANCOUNT);
GO
--# expect value 'Dbdbo-10'
--# session one
SELECT CONCAT(DB_NAME(), USER_NAME(), @@LOCK_TIMEOUT, @@TRANCOUNT);
GO
--# expect value 'Dbjoe01'
)sql");

  EXPECT_EQ(report.verdict, Verdict::passed);
  EXPECT_EQ(report.met, 3);
}

TEST(SimulatedSessionsTest, ACrashEndsThemAndWhatTheyHadNotCommitted) {
  const Report report = simulate_sessions(std::string(kTwoAtOneTable) + R"sql(
--# crash HOST_A
--# restart HOST_A
:connect HOST_A
SELECT COUNT(*) FROM Db.dbo.t;
GO
--# expect value '0'
--# session one
SELECT @@TRANCOUNT;
GO
--# expect value '0'
)sql");

  EXPECT_EQ(report.verdict, Verdict::passed);
}

TEST(SimulatedSessionsTest, OneWhoseInstanceWentDownByItselfSaysSo) {
  const Report report = simulate_sessions(R"sql(
:connect HOST_A
CREATE DATABASE Db;
GO
--# session one
SELECT 1;
GO
--# session
--# crash HOST_A after write 0 back after 1s
CREATE TABLE Db.dbo.t (i int);
GO
--# advance 10s
--# session one
SELECT 2;
GO
--# expect value '2'
)sql");

  EXPECT_EQ(report.verdict, Verdict::passed);
}

}  // namespace
}  // namespace ssb::sim::scenario
