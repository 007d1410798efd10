// Sessions as a node drives them: budgets, waiting, cancelling, closing, activation.
#include "tests/broker/tsql/session_fixture.h"

namespace ssb::broker::tests {
namespace {

class SessionTest : public testing::Test {
 protected:
  std::string run(const std::string& text, int id = 51) {
    return output_text(fixture_.run(text, id));
  }
  tsql::Session& session(int id = 51) { return fixture_.session(id); }

  SessionFixture fixture_;
};

TEST_F(SessionTest, ALongBatchLetsOthersRunInBetween) {
  session().submit("DECLARE @i int = 0 WHILE @i < 20000 SET @i += 1 PRINT @i");
  tsql::Output out;

  session().run(kNow, out);

  EXPECT_TRUE(session().is_running());
  EXPECT_FALSE(session().is_waiting());
  EXPECT_EQ(session().deadline(), kNow);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(output_text(fixture_.resume()), "20000\n");
  EXPECT_EQ(session().deadline(), proto::kNever);
}

TEST_F(SessionTest, WaitForDelayIsDueAtItsTimeAndNotBefore) {
  EXPECT_EQ(run("WAITFOR DELAY '00:01:00' PRINT 'done'"), "");
  EXPECT_TRUE(session().is_waiting());
  EXPECT_EQ(session().deadline(), kNow + 60s);

  fixture_.now += 59s;
  EXPECT_EQ(output_text(fixture_.resume()), "");
  fixture_.now += 1s;
  EXPECT_EQ(output_text(fixture_.resume()), "done\n");
}

TEST_F(SessionTest, ABatchThatIsCancelledKeepsItsTransaction) {
  run("BEGIN TRAN WAITFOR DELAY '01:00:00' PRINT 'never'");

  session().cancel(kNow);

  EXPECT_FALSE(session().is_running());
  EXPECT_EQ(run("SELECT @@TRANCOUNT AS n"), "n int\n1\n(1 row)\n");
}

TEST_F(SessionTest, XactAbortRollsBackWhatIsCancelled) {
  run("SET XACT_ABORT ON BEGIN TRAN WAITFOR DELAY '01:00:00'");

  session().cancel(kNow);

  EXPECT_EQ(session().transaction_count(), 0);
}

TEST_F(SessionTest, ALockTimesOutWith1222) {
  run("CREATE TABLE t (a int) INSERT t VALUES (1)");
  run("BEGIN TRAN INSERT t VALUES (2)");

  EXPECT_EQ(run("SET LOCK_TIMEOUT 0 INSERT t VALUES (3)", 52).substr(0, 9), "Msg 1222,");
  EXPECT_EQ(run("SET LOCK_TIMEOUT 5000 INSERT t VALUES (3) PRINT 'on'", 52), "");
  EXPECT_EQ(session(52).deadline(), kNow + 5s);
  fixture_.now += 5s;
  const std::string late = output_text(fixture_.resume(52));
  EXPECT_EQ(late.substr(0, 9), "Msg 1222,");
  EXPECT_EQ(late.substr(late.size() - 3), "on\n");
}

TEST_F(SessionTest, ALockIsGrantedWhenItsHolderCommits) {
  run("CREATE TABLE t (a int)");
  run("BEGIN TRAN INSERT t VALUES (1)");
  EXPECT_EQ(run("INSERT t VALUES (2) SELECT COUNT(*) AS n FROM t", 52), "");
  EXPECT_TRUE(session(52).is_waiting());
  EXPECT_EQ(session(52).deadline(), proto::kNever);

  run("COMMIT");

  EXPECT_EQ(output_text(fixture_.resume(52)), "(1 row)\nn int\n2\n(1 row)\n");
}

TEST_F(SessionTest, UncommittedRowsAreSeenByTheirOwnerOnly) {
  run("CREATE TABLE t (a int)");
  run("BEGIN TRAN INSERT t VALUES (1)");

  EXPECT_EQ(run("SELECT COUNT(*) AS n FROM t"), "n int\n1\n(1 row)\n");
  EXPECT_EQ(run("SELECT COUNT(*) AS n FROM t", 52), "n int\n0\n(1 row)\n");
}

TEST_F(SessionTest, ClosingRollsBack) {
  run("CREATE TABLE t (a int)");
  run("BEGIN TRAN INSERT t VALUES (1)");

  session().close(kNow);

  EXPECT_TRUE(session().is_closed());
  EXPECT_EQ(run("SELECT COUNT(*) AS n FROM t", 52), "n int\n0\n(1 row)\n");
}

TEST_F(SessionTest, TheLastBatchKeepsItsVariables) {
  run("DECLARE @a int = 5, @b nvarchar(5) = N'xyz', @n int");

  EXPECT_EQ(session().last_variable("@A"), "5");
  EXPECT_EQ(session().last_variable("@b"), "xyz");
  EXPECT_EQ(session().last_variable("@n"), std::nullopt);
  EXPECT_EQ(session().last_variable("@other"), std::nullopt);
  run("PRINT 1");
  EXPECT_EQ(session().last_variable("@a"), std::nullopt);
}

TEST_F(SessionTest, TemporaryTablesBelongToTheirSession) {
  run("CREATE TABLE #t (a int) INSERT #t VALUES (1)");

  EXPECT_EQ(run("SELECT a FROM #t"), "a int\n1\n(1 row)\n");
  EXPECT_EQ(run("SELECT a FROM #t", 52).substr(0, 8), "Msg 208,");
}

TEST_F(SessionTest, AnActivatedProcedureRunsAsItsUserInItsDatabase) {
  run("CREATE DATABASE d");
  run("USE d CREATE USER u WITHOUT LOGIN CREATE QUEUE q");
  run("CREATE PROCEDURE act AS RECEIVE * FROM q SELECT USER_NAME() AS u, DB_NAME() AS d");
  run("GRANT EXECUTE ON act TO u GRANT RECEIVE ON q TO u");
  catalog::SecurityContext user;
  user.is_sysadmin = false;
  user.user_database = fixture_.test.instance.database("d")->id();
  user.user = fixture_.test.instance.database("d")->table<catalog::pb::Principal>().find("u")->id();
  user.login = 0;

  tsql::Session& task = session(60);
  task.call_procedure(user.user_database, "[dbo].[act]", user);
  const std::string text = output_text(fixture_.resume(60));

  EXPECT_NE(text.find("u | d\n"), std::string::npos) << text;
  EXPECT_TRUE(task.has_received());
  EXPECT_TRUE(task.has_entered_procedure());
  EXPECT_EQ(task.ended_by(), std::nullopt);
}

TEST_F(SessionTest, WhatEndsAProcedureIsToldApartFromWhatItSurvives) {
  run("CREATE PROCEDURE goes_on AS BEGIN RAISERROR('one', 16, 1) SELECT 1 / 0 END");
  run("CREATE PROCEDURE ends AS BEGIN SELECT CAST('x' AS int) END");
  tsql::Session& task = session(60);

  task.call_procedure(catalog::kMaster, "[dbo].[goes_on]", {});
  static_cast<void>(fixture_.resume(60));
  EXPECT_EQ(task.ended_by(), std::nullopt);

  task.call_procedure(catalog::kMaster, "[dbo].[ends]", {});
  static_cast<void>(fixture_.resume(60));
  ASSERT_NE(task.ended_by(), std::nullopt);
  EXPECT_EQ(task.ended_by()->number(), 245);
}

TEST_F(SessionTest, AnActivationWithoutItsProcedureFailsWith2812) {
  tsql::Session& task = session(60);

  task.call_procedure(catalog::kMaster, "[dbo].[no]]such]", {});

  EXPECT_EQ(output_text(fixture_.resume(60)).substr(0, 9), "Msg 2812,");
  EXPECT_FALSE(task.has_received());
  EXPECT_FALSE(task.has_entered_procedure());
}

TEST_F(SessionTest, EndpointsThatChangedAreToldOnce) {
  run("CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER "
      "(AUTHENTICATION = WINDOWS)");

  EXPECT_TRUE(session().take_endpoints_changed());
  EXPECT_FALSE(session().take_endpoints_changed());
}

TEST_F(SessionTest, ADatabaseInUseIsNotDropped) {
  run("CREATE DATABASE d");
  run("USE d", 52);

  EXPECT_EQ(run("DROP DATABASE d").substr(0, 9), "Msg 3702,");
  run("USE master", 52);
  EXPECT_EQ(run("DROP DATABASE d"), "");
}

TEST_F(SessionTest, SeverityTwentyEndsTheSession) {
  EXPECT_EQ(run("RAISERROR('over', 20, 1) WITH LOG PRINT 'not reached'"),
            "Msg 50000, Level 20, State 1, Line 1: over\n");
  EXPECT_TRUE(session().is_closed());
}

TEST_F(SessionTest, SeverityNineteenNeedsLog) {
  EXPECT_EQ(run("RAISERROR('x', 19, 1)").substr(0, 9), "Msg 2754,");
}

TEST_F(SessionTest, DroppedConstraintsNoLongerCount) {
  run("CREATE TABLE t (a int, b int, CONSTRAINT c CHECK (a > 0))");
  run("ALTER TABLE t ADD CONSTRAINT d DEFAULT 7 FOR b ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)");
  EXPECT_EQ(run("INSERT t (a) VALUES (1) SELECT b FROM t"), "(1 row)\nb int\n7\n(1 row)\n");
  EXPECT_EQ(run("INSERT t (a) VALUES (1)").substr(0, 9), "Msg 2627,");

  run("ALTER TABLE t DROP CONSTRAINT c ALTER TABLE t DROP CONSTRAINT d ALTER TABLE t DROP "
      "CONSTRAINT u");

  EXPECT_EQ(run("INSERT t (a) VALUES (1), (-1) SELECT a, b FROM t WHERE b IS NULL"),
            "(2 rows)\na int | b int\n1 | NULL\n-1 | NULL\n(2 rows)\n");
}

// A row for each failure that no transcript provokes.
struct ErrorCase {
  const char* name;
  const char* batch;
  int number;
};
class SessionErrorTest : public SessionTest, public testing::WithParamInterface<ErrorCase> {};

TEST_P(SessionErrorTest, IsRaised) {
  const std::string text = run(GetParam().batch);

  EXPECT_NE(text.find("Msg " + std::to_string(GetParam().number) + ","), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, SessionErrorTest,
    testing::Values(
        ErrorCase{"OrderByOutsideOfUnion", "SELECT 1 AS a UNION SELECT 2 ORDER BY b", 104},
        ErrorCase{"OrderByPosition", "SELECT 1 AS a ORDER BY 2", 108},
        ErrorCase{"TooFewValues", "DECLARE @t TABLE (a int, b int) INSERT @t (a, b) VALUES (1)",
                  109},
        ErrorCase{"TooManyValues", "DECLARE @t TABLE (a int, b int) INSERT @t (a) VALUES (1, 2)",
                  110},
        ErrorCase{"SelectTooNarrow", "DECLARE @t TABLE (a int, b int) INSERT @t (a, b) SELECT 1",
                  120},
        ErrorCase{"SelectTooWide", "DECLARE @t TABLE (a int, b int) INSERT @t (a) SELECT 1, 2",
                  121},
        ErrorCase{"AssignsAndReturns", "DECLARE @a int SELECT @a = 1, 2 AS b", 141},
        ErrorCase{"BadDelay", "WAITFOR DELAY 'soon'", 148},
        ErrorCase{"UnionWidths", "SELECT 1 UNION SELECT 1, 2", 205},
        ErrorCase{"TypeClash", "SELECT CAST(GETDATE() AS uniqueidentifier)", 206},
        ErrorCase{"Ambiguous", "SELECT name FROM sys.services a, sys.services b", 209},
        ErrorCase{"ColumnCount", "DECLARE @t TABLE (a int, b int) INSERT @t VALUES (1)", 213},
        ErrorCase{"FloatOverflow", "SELECT CAST(1e10 AS int)", 232},
        ErrorCase{"StarWithoutFrom", "SELECT *", 263},
        ErrorCase{"DateOverflow", "SELECT DATEADD(year, 9000, GETDATE())", 517},
        ErrorCase{"DatediffOverflow", "SELECT DATEDIFF(millisecond, '1900-01-01', GETDATE())", 535},
        ErrorCase{"NegativeLength", "SELECT LEFT('a', -1)", 537},
        ErrorCase{"SaveOutside", "SAVE TRAN s", 628},
        ErrorCase{"UnknownDatabase", "USE nowhere", 911},
        ErrorCase{"NamelessColumn", "SELECT 1 INTO #t", 1038},
        ErrorCase{"TwoPrimaryKeys", "CREATE TABLE t (a int PRIMARY KEY, b int, PRIMARY KEY (b))",
                  1779},
        ErrorCase{"KeyColumn", "CREATE TABLE t (a int, PRIMARY KEY (b))", 1911},
        ErrorCase{"SameIndex",
                  "CREATE TABLE t (a int) CREATE INDEX i ON t (a) CREATE INDEX i ON t (a)", 1913},
        ErrorCase{"SameColumn", "CREATE TABLE t (a int, A int)", 2705},
        ErrorCase{"UnknownType", "DECLARE @a nosuchtype", 2715},
        ErrorCase{"ReservedMessage", "RAISERROR(50000, 16, 1)", 2732},
        ErrorCase{"TwoIdentities", "CREATE TABLE t (a int IDENTITY, b int IDENTITY)", 2744},
        ErrorCase{"BadFormat", "RAISERROR('%z', 16, 1)", 2787},
        ErrorCase{"Qualifier", "SELECT x.name FROM sys.services s", 4104},
        ErrorCase{"ConstraintOverRows",
                  "CREATE TABLE t (a int) INSERT t VALUES (1), (1) ALTER TABLE t ADD CONSTRAINT u "
                  "UNIQUE (a)",
                  1750},
        ErrorCase{"NotAConstraint", "CREATE TABLE t (a int) ALTER TABLE t DROP CONSTRAINT c", 3728},
        ErrorCase{"AlterMissing", "ALTER TABLE nowhere ADD a int", 4902},
        ErrorCase{"AlterColumn", "CREATE TABLE t (a int) ALTER TABLE t DROP COLUMN b", 4924},
        ErrorCase{"UnknownSavepoint", "BEGIN TRAN ROLLBACK TRAN nope", 6401},
        ErrorCase{"IdentityColumns",
                  "CREATE TABLE t (i int IDENTITY, a int) INSERT t VALUES (1, 2)", 8101},
        ErrorCase{"FloatText", "SELECT CAST('x' AS float)", 8114},
        ErrorCase{"NoParameters", "EXEC('CREATE PROC p AS PRINT 1') EXEC p 1", 8146},
        ErrorCase{"NotOutput",
                  "EXEC('CREATE PROC p @a int AS PRINT 1') DECLARE @x int = 1 EXEC p @x OUTPUT",
                  8162},
        ErrorCase{"XqueryLiteral",
                  "DECLARE @x xml = '<a/>', @q nvarchar(9) = 'a' SELECT @x.query(@q)", 8172},
        ErrorCase{"XmlSpace", "SELECT CAST('<a b=\"1\"c=\"2\"/>' AS xml)", 9410},
        ErrorCase{"XmlName", "SELECT CAST('<p:a/>' AS xml)", 9455},
        ErrorCase{"Rethrow", "THROW", 10704},
        ErrorCase{"UnknownMessage", "RAISERROR(77777, 16, 1)", 18054},
        ErrorCase{"CursorTwice", "DECLARE c CURSOR FOR SELECT 1 DECLARE c CURSOR FOR SELECT 1",
                  16915},
        ErrorCase{"CursorClosed", "DECLARE c CURSOR FOR SELECT 1 FETCH c", 16917},
        ErrorCase{"CursorOpenTwice", "DECLARE c CURSOR FOR SELECT 1 OPEN c OPEN c", 16905},
        ErrorCase{"FetchCount",
                  "DECLARE @a int DECLARE c CURSOR FOR SELECT 1, 2 OPEN c FETCH c INTO @a", 16924},
        ErrorCase{"ThrowNumber", "THROW 49999, 'x', 1", 35100},
        ErrorCase{"ExecuteAsLogin", "EXECUTE AS LOGIN = 'nobody'", 15406},
        ErrorCase{"NotSupported", "SELECT TOP 10 PERCENT name FROM sys.services", 49998}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace ssb::broker::tests
