#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;

TEST(ParserProceduralTest, ReadsDeclarations) {
  const Batch batch = parsed(
      "DECLARE @a int = 1, @b AS nvarchar(max), @c varchar, @d decimal(9, 2), @e sysname, @f "
      "varbinary(16), @g float(10),"
      " @h datetime2, @i xml(dbo.c), @j dbo.MyType, @t TABLE (x int PRIMARY KEY, y nvarchar(10) "
      "NULL)");

  const auto& variables = node_of<DeclareVariables>(batch).variables;
  ASSERT_EQ(variables.size(), 11U);
  EXPECT_EQ(show(*variables[0].initial), "1");
  EXPECT_EQ(variables[1].type.type, SqlType::nvarchar);
  EXPECT_EQ(variables[1].type.length, -1);
  EXPECT_EQ(variables[2].type.length, 1);
  EXPECT_EQ(variables[3].type.precision, 9);
  EXPECT_EQ(variables[3].type.scale, 2);
  EXPECT_EQ(variables[4].type.type, SqlType::sysname);
  EXPECT_EQ(variables[5].type.length, 16);
  EXPECT_EQ(variables[6].type.type, SqlType::real);
  EXPECT_EQ(variables[7].type.scale, 7);
  EXPECT_EQ(to_text(variables[8].type.xml_schema_collection), "dbo.c");
  EXPECT_EQ(variables[9].type.type, SqlType::user_defined);
  EXPECT_EQ(to_text(variables[9].type.user_type), "dbo.MyType");
  ASSERT_TRUE(variables[10].table);
  EXPECT_TRUE(variables[10].table->columns.at(0).primary_key);
}

TEST(ParserProceduralTest, ReadsAssignments) {
  const Batch batch = parsed(
      "DECLARE @a int, @x xml SET @a = 1 SET @a += 2 SET @a -= 1 SET @a *= 2 SET @a /= 2 SET @a %= "
      "2 SET @a &= 1 "
      "SET @a |= 1 SET @a ^= 1 SET @x.modify('delete /a') SET @a = (SELECT MAX(b) FROM t)");

  EXPECT_EQ(node_of<SetVariable>(batch, 2).op, AssignmentOperator::add);
  EXPECT_EQ(node_of<SetVariable>(batch, 9).op, AssignmentOperator::bit_xor);
  EXPECT_EQ(show(node_of<ModifyXmlVariable>(batch, 10).change), "'delete /a'");
  EXPECT_EQ(show(node_of<SetVariable>(batch, 11).value), "(query)");
}

TEST(ParserProceduralTest, ReadsTheOptionsThatClientsSend) {
  const Batch batch = parsed(
      "set quoted_identifier on set arithabort off set numeric_roundabort off set ansi_warnings on "
      "set datefirst 7 "
      "SET NOCOUNT, XACT_ABORT ON; SET LOCK_TIMEOUT -1 SET LANGUAGE us_english SET DATEFORMAT mdy "
      "SET TEXTSIZE 2147483647 "
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ SET IDENTITY_INSERT dbo.t OFF SET "
      "STATISTICS IO ON "
      "SET DEADLOCK_PRIORITY LOW SET LANGUAGE N'Deutsch'");

  EXPECT_EQ(node_of<SetOptions>(batch, 0).value, "ON");
  EXPECT_THAT(node_of<SetOptions>(batch, 0).names, ElementsAre("QUOTED_IDENTIFIER"));
  EXPECT_EQ(node_of<SetOptions>(batch, 4).value, "7");
  EXPECT_THAT(node_of<SetOptions>(batch, 5).names, ElementsAre("NOCOUNT", "XACT_ABORT"));
  EXPECT_EQ(node_of<SetOptions>(batch, 6).value, "-1");
  EXPECT_EQ(node_of<SetOptions>(batch, 7).value, "US_ENGLISH");
  EXPECT_THAT(node_of<SetOptions>(batch, 10).names, ElementsAre("TRANSACTION ISOLATION LEVEL"));
  EXPECT_EQ(node_of<SetOptions>(batch, 10).value, "REPEATABLE READ");
  EXPECT_EQ(to_text(node_of<SetOptions>(batch, 11).table), "dbo.t");
  EXPECT_THAT(node_of<SetOptions>(batch, 12).names, ElementsAre("STATISTICS IO"));
  EXPECT_EQ(node_of<SetOptions>(batch, 14).value, "Deutsch");
  EXPECT_EQ(error_of("SET NO_SUCH_OPTION ON"), 195);
}

TEST(ParserProceduralTest, ReadsIfAndElseWithAndWithoutSemicolons) {
  const Batch batch = parsed(
      "IF 1=1 PRINT 'a'; ELSE IF 2=2 BEGIN PRINT 'b' PRINT 'c' END ELSE PRINT 'd'; PRINT 'e'");

  ASSERT_EQ(batch.statements.size(), 2U);
  const If& outer = node_of<If>(batch);
  ASSERT_TRUE(outer.otherwise);
  const If& inner = std::get<If>(*outer.otherwise->node);
  EXPECT_EQ(std::get<Block>(*inner.then->node).statements.size(), 2U);
  EXPECT_TRUE(inner.otherwise);
}

TEST(ParserProceduralTest, TellsBlocksFromTheStatementsThatBeginAndEndLikeThem) {
  const Batch batch = parsed(
      "DECLARE @h uniqueidentifier BEGIN BEGIN TRAN END CONVERSATION @h COMMIT END "
      "BEGIN BEGIN CONVERSATION TIMER (@h) TIMEOUT = 1 BEGIN TRY END CONVERSATION @h; END TRY "
      "BEGIN CATCH END CATCH END");

  ASSERT_EQ(batch.statements.size(), 3U);
  EXPECT_EQ(node_of<Block>(batch, 1).statements.size(), 3U);
  const Block& second = node_of<Block>(batch, 2);
  ASSERT_EQ(second.statements.size(), 2U);
  const auto& try_catch = std::get<TryCatch>(*second.statements[1].node);
  EXPECT_EQ(try_catch.body.size(), 1U);
  EXPECT_TRUE(try_catch.handler.empty());
}

TEST(ParserProceduralTest, RefusesAnEmptyBlock) {
  EXPECT_EQ(error_of("BEGIN END PRINT 1"), 156);
  EXPECT_EQ(error_of("BEGIN PRINT 1"), 102);
  EXPECT_EQ(error_of("PRINT 1 END"), 156);
}

TEST(ParserProceduralTest, ReadsLoopsAndRefusesBreakAndContinueOutside) {
  const Batch batch = parsed("WHILE (1=1) BEGIN IF 1=1 BREAK CONTINUE END");

  EXPECT_TRUE(std::holds_alternative<Block>(*node_of<While>(batch).body->node));
  EXPECT_EQ(error_of("BREAK"), 135);
  EXPECT_EQ(error_of("WHILE 1=1 PRINT 1 CONTINUE"), 136);
}

TEST(ParserProceduralTest, ReadsLabelsAndGoto) {
  const Batch batch = parsed("GOTO done PRINT 1 done: PRINT 2");

  EXPECT_EQ(node_of<GoTo>(batch).label, "done");
  EXPECT_EQ(node_of<Label>(batch, 2).name, "done");
  EXPECT_EQ(error_of("GOTO nowhere"), 133);
  EXPECT_EQ(error_of("a: PRINT 1 A: PRINT 2"), 132);
}

TEST(ParserProceduralTest, ReadsErrorsRaised) {
  const Batch batch = parsed(
      "DECLARE @m nvarchar(100) RAISERROR (N'a %s %d', 16, 1, 'x', @m) WITH LOG, NOWAIT RAISERROR "
      "(50001, -1, @m) "
      "PRINT 1; THROW 50000, @m, 1; THROW");

  const auto& raised = node_of<RaiseError>(batch, 1);
  EXPECT_EQ(show(raised.message), "N'a %s %d'");
  EXPECT_EQ(show(raised.arguments), "'x', @m");
  EXPECT_TRUE(raised.log && raised.no_wait && !raised.set_error);
  EXPECT_EQ(show(node_of<RaiseError>(batch, 2).severity), "(-1)");
  EXPECT_EQ(show(*node_of<Throw>(batch, 4).number), "50000");
  EXPECT_FALSE(node_of<Throw>(batch, 5).number);
  EXPECT_EQ(error_of("RAISERROR ('a' + 'b', 16, 1)"), 102);
}

TEST(ParserProceduralTest, ReadsReturnWithAValueOnlyInProcedures) {
  EXPECT_FALSE(node_of<Return>(parsed("RETURN SELECT 1")).value);
  EXPECT_EQ(error_of("RETURN 1"), 178);
  const Batch batch = parsed("CREATE PROC p AS RETURN (1)");
  EXPECT_TRUE(std::get<Return>(*node_of<CreateProcedure>(batch).body.at(0).node).value);
}

TEST(ParserProceduralTest, ReadsExecuteInEveryForm) {
  const Batch batch = parsed(
      "DECLARE @r int, @p sysname, @s nvarchar(max) EXEC @r = dbo.p 1, N'x', @a = @s OUTPUT, @b = "
      "DEFAULT, @c = -5, "
      "@d = NULL, word WITH RECOMPILE EXECUTE @p EXEC ('USE ' + @s) AS USER = 'u' EXEC sp_who "
      "PRINT 1 EXEC a..p @@SPID "
      "EXEC (@s) AT remote");

  const auto& call = node_of<Execute>(batch, 1);
  EXPECT_EQ(call.result, "@r");
  EXPECT_EQ(to_text(call.procedure), "dbo.p");
  EXPECT_TRUE(call.recompile);
  ASSERT_EQ(call.arguments.size(), 7U);
  EXPECT_EQ(call.arguments[2].name, "@a");
  EXPECT_TRUE(call.arguments[2].output);
  EXPECT_EQ(show(call.arguments[3].value), "DEFAULT");
  EXPECT_EQ(show(call.arguments[4].value), "(-5)");
  EXPECT_EQ(show(call.arguments[6].value), "N'word'");
  EXPECT_EQ(node_of<Execute>(batch, 2).procedure_variable, "@p");
  EXPECT_EQ(show(node_of<ExecuteText>(batch, 3).text), "('USE ' + @s)");
  EXPECT_EQ(node_of<ExecuteText>(batch, 3).as->name, "u");
  EXPECT_TRUE(node_of<Execute>(batch, 4).arguments.empty());
  EXPECT_EQ(to_text(node_of<Execute>(batch, 6).procedure), "a..p");
  EXPECT_EQ(node_of<ExecuteText>(batch, 7).at_server, "remote");
}

TEST(ParserProceduralTest, RunsABareProcedureNameOnlyAtTheStartOfTheBatch) {
  const Batch batch = parsed("sp_configure 'show advanced options', 1; RECONFIGURE");

  EXPECT_EQ(node_of<Execute>(batch).arguments.size(), 2U);
  EXPECT_EQ(node_of<Reconfigure>(batch, 1).override_values, false);
  EXPECT_EQ(error_of("PRINT 1; sp_who"), 102);
}

TEST(ParserProceduralTest, ReadsTransactions) {
  const Batch batch = parsed(
      "BEGIN TRAN BEGIN TRANSACTION t WITH MARK 'm' BEGIN DISTRIBUTED TRAN COMMIT COMMIT TRAN t "
      "COMMIT WORK "
      "SAVE TRANSACTION s ROLLBACK TRAN s ROLLBACK ROLLBACK WORK COMMIT TRANSACTION SEND ON "
      "CONVERSATION 'x'");

  EXPECT_FALSE(node_of<BeginTransaction>(batch, 0).name);
  EXPECT_EQ(node_of<BeginTransaction>(batch, 1).name, "t");
  EXPECT_TRUE(node_of<BeginTransaction>(batch, 2).distributed);
  EXPECT_EQ(node_of<CommitTransaction>(batch, 4).name, "t");
  EXPECT_EQ(node_of<SaveTransaction>(batch, 6).name, "s");
  EXPECT_EQ(node_of<RollbackTransaction>(batch, 7).name, "s");
  EXPECT_FALSE(node_of<CommitTransaction>(batch, 10).name);
  EXPECT_EQ(batch.statements.size(), 12U);
}

TEST(ParserProceduralTest, ReadsCursors) {
  const Batch batch = parsed(
      "DECLARE @a int, @c CURSOR DECLARE c SCROLL CURSOR LOCAL FAST_FORWARD FOR SELECT 1 FOR READ "
      "ONLY OPEN c "
      "FETCH NEXT FROM c INTO @a, @a FETCH ABSOLUTE -1 FROM c FETCH c SET @c = CURSOR LOCAL FOR "
      "SELECT 2 "
      "CLOSE c DEALLOCATE GLOBAL c OPEN @c");

  EXPECT_THAT(node_of<DeclareCursor>(batch, 1).options,
              ElementsAre("SCROLL", "LOCAL", "FAST_FORWARD", "READ_ONLY"));
  EXPECT_EQ(node_of<FetchCursor>(batch, 3).into.size(), 2U);
  EXPECT_EQ(node_of<FetchCursor>(batch, 4).orientation, FetchOrientation::absolute);
  EXPECT_EQ(node_of<DeclareCursor>(batch, 6).name, "@c");
  EXPECT_EQ(node_of<DeallocateCursor>(batch, 8).name, "c");
  EXPECT_EQ(node_of<OpenCursor>(batch, 9).name, "@c");
}

TEST(ParserProceduralTest, ReadsExecuteAsAndTheSmallStatements) {
  const Batch batch = parsed(
      "DECLARE @k varbinary(100) EXECUTE AS USER = N'u' WITH COOKIE INTO @k REVERT WITH COOKIE = "
      "@k "
      "EXEC AS LOGIN = 'l' WITH NO REVERT EXECUTE AS CALLER REVERT USE [my db] KILL 53 "
      "DBCC TRACEON (4631, -1) WITH NO_INFOMSGS CHECKPOINT 5 RECONFIGURE WITH OVERRIDE");

  EXPECT_EQ(node_of<ExecuteAs>(batch, 1).cookie, "@k");
  EXPECT_TRUE(node_of<Revert>(batch, 2).cookie);
  EXPECT_TRUE(node_of<ExecuteAs>(batch, 3).no_revert);
  EXPECT_EQ(node_of<ExecuteAs>(batch, 3).kind, ExecuteAsKind::login);
  EXPECT_EQ(node_of<ExecuteAs>(batch, 4).kind, ExecuteAsKind::caller);
  EXPECT_EQ(node_of<UseDatabase>(batch, 6).name, "my db");
  EXPECT_EQ(show(node_of<Kill>(batch, 7).session), "53");
  EXPECT_EQ(node_of<Dbcc>(batch, 8).command, "TRACEON");
  EXPECT_THAT(node_of<Dbcc>(batch, 8).arguments, ElementsAre("4631", "-", "1"));
  EXPECT_TRUE(node_of<Reconfigure>(batch, 10).override_values);
}

TEST(ParserProceduralTest, ReadsProceduresAndKeepsTheirText) {
  const std::string text =
      "  -- why\nCREATE PROCEDURE [dbo].[p] (@a int, @b nvarchar(10) = N'x' OUT, @c t READONLY, @d "
      "int = -1)\n"
      "WITH EXECUTE AS 'u', RECOMPILE AS\nPRINT @a; BEGIN PRINT @b END";
  const Batch batch = parsed(text);

  const auto& procedure = node_of<CreateProcedure>(batch);
  EXPECT_EQ(procedure.change, ModuleChange::create);
  EXPECT_EQ(to_text(procedure.name), "dbo.p");
  ASSERT_EQ(procedure.parameters.size(), 4U);
  EXPECT_TRUE(procedure.parameters[1].output);
  EXPECT_EQ(show(*procedure.parameters[1].default_value), "N'x'");
  EXPECT_TRUE(procedure.parameters[2].read_only);
  EXPECT_EQ(show(*procedure.parameters[3].default_value), "(-1)");
  EXPECT_EQ(procedure.execute_as->name, "u");
  EXPECT_TRUE(procedure.recompile);
  EXPECT_EQ(procedure.body.size(), 2U);
  EXPECT_EQ(procedure.text, text);
  EXPECT_EQ(node_of<CreateProcedure>(parsed("ALTER PROC p AS PRINT 1")).change,
            ModuleChange::alter);
  EXPECT_EQ(node_of<CreateProcedure>(parsed("CREATE OR ALTER PROC p AS PRINT 1")).change,
            ModuleChange::create_or_alter);
  EXPECT_EQ(error_of("CREATE PROC p () AS PRINT 1"), 102);
  EXPECT_EQ(error_of("CREATE PROC p @a int PRINT 1"), 156);
}

TEST(ParserProceduralTest, ReadsViews) {
  const Batch batch =
      parsed("CREATE VIEW dbo.v (a, b) WITH SCHEMABINDING AS SELECT 1, 2 WITH CHECK OPTION;");

  EXPECT_THAT(node_of<CreateView>(batch).columns, ElementsAre("a", "b"));
  EXPECT_EQ(error_of("CREATE VIEW v AS SELECT 1 AS a PRINT 1"), 156);
}

TEST(ParserProceduralTest, WantsModulesAndSchemasFirstInTheBatchWith111) {
  const ParseFailure failure = failure_of("PRINT 1\nCREATE PROCEDURE p AS PRINT 2");

  EXPECT_EQ(failure.error,
            proto::Error(proto::ErrorCode::must_be_first_in_batch, "CREATE PROCEDURE"));
  EXPECT_EQ(failure.where.line, 2);
  EXPECT_EQ(error_of("PRINT 1 ALTER VIEW v AS SELECT 1"), 111);
  EXPECT_EQ(error_of("PRINT 1 CREATE SCHEMA s"), 111);
  EXPECT_EQ(error_of("PRINT 1 CREATE TRIGGER t ON u FOR INSERT AS PRINT 1"), 111);
}

TEST(ParserProceduralTest, TakesUnsupportedStatementsToTheNextSemicolon) {
  const Batch batch =
      parsed("CREATE ASSEMBLY a FROM (SELECT 1; SELECT 2) WITH x; PRINT 1 CREATE SYNONYM s FOR t");

  EXPECT_EQ(node_of<Unsupported>(batch, 0).head, "CREATE ASSEMBLY");
  EXPECT_EQ(batch.statements.size(), 3U);
  EXPECT_EQ(node_of<Unsupported>(batch, 2).head, "CREATE SYNONYM");
  EXPECT_EQ(
      node_of<Unsupported>(parsed("CREATE TRIGGER t ON u AFTER INSERT AS PRINT 1; PRINT 2")).head,
      "CREATE TRIGGER");
  EXPECT_EQ(error_of("CREATE ASSEMBLY 'x"), 105);
  EXPECT_EQ(error_of("CREATE NONSENSE x"), 102);
}

TEST(ParserProceduralTest, ReadsTheParametersOfSpExecutesql) {
  const auto parameters = parse_parameters("@a int, @b nvarchar(10) = N'x' OUTPUT");

  ASSERT_TRUE(parameters);
  ASSERT_EQ(parameters->size(), 2U);
  EXPECT_EQ((*parameters)[1].name, "@b");
  EXPECT_TRUE((*parameters)[1].output);
  EXPECT_TRUE(parse_parameters("  ")->empty());
  EXPECT_EQ(parse_parameters("@a int PRINT").error().error.number(), 156);
  EXPECT_EQ(parse_parameters("@a int, @A int").error().error.number(), 134);
}

}  // namespace
}  // namespace ssb::broker::tsql
