#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;

TEST(ParserDataTest, ReadsInsertInEveryForm) {
  const Batch batch = parsed(
      "DECLARE @t TABLE (a int) INSERT INTO dbo.t (a, [b]) VALUES (1, DEFAULT), (NULL, -2) INSERT "
      "t SELECT 1 "
      "INSERT @t (a) EXEC sp_who 1 INSERT INTO t DEFAULT VALUES INSERT t (a) OUTPUT inserted.a, $1 "
      "INTO @t (a) "
      "VALUES (1) INSERT INTO t (SELECT 1) INSERT TOP (1) INTO t WITH (TABLOCK) (a) EXEC ('x')");

  const auto& rows = node_of<Insert>(batch, 1);
  EXPECT_THAT(rows.columns, ElementsAre("a", "b"));
  EXPECT_EQ(show(std::get<InsertRows>(rows.source).rows.at(0)), "1, DEFAULT");
  EXPECT_EQ(std::get<InsertRows>(rows.source).rows.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<InsertQuery>(node_of<Insert>(batch, 2).source));
  EXPECT_EQ(std::get<TableVariable>(node_of<Insert>(batch, 3).target.node).name, "@t");
  EXPECT_TRUE(std::holds_alternative<InsertExecute>(node_of<Insert>(batch, 3).source));
  EXPECT_TRUE(std::holds_alternative<InsertDefaultValues>(node_of<Insert>(batch, 4).source));
  const auto& output = node_of<Insert>(batch, 5).output;
  ASSERT_TRUE(output && output->into);
  EXPECT_EQ(show(output->items.at(0).value), "inserted.a");
  EXPECT_THAT(output->into_columns, ElementsAre("a"));
  EXPECT_TRUE(std::holds_alternative<InsertQuery>(node_of<Insert>(batch, 6).source));
  EXPECT_EQ(show(node_of<Insert>(batch, 7).top->count), "1");
}

TEST(ParserDataTest, DoesNotInsertFromExecuteAs) {
  EXPECT_EQ(error_of("INSERT t EXECUTE AS USER = 'u'"), 156);
}

TEST(ParserDataTest, ReadsUpdate) {
  const Batch batch = parsed(
      "DECLARE @a int, @o TABLE (a int) UPDATE TOP (5) t SET a = 1, t.b += 2, @a = c = c + 1, @a = "
      "3, d = DEFAULT, "
      "x.modify('delete /a') OUTPUT deleted.*, inserted.a INTO @o FROM dbo.t AS t JOIN u ON t.a = "
      "u.a WHERE t.a > 1 "
      "UPDATE t SET a = 1 WHERE CURRENT OF c");

  const auto& update = node_of<Update>(batch, 1);
  ASSERT_EQ(update.assignments.size(), 6U);
  EXPECT_THAT(update.assignments[1].column->parts, ElementsAre("t", "b"));
  EXPECT_EQ(update.assignments[1].op, AssignmentOperator::add);
  EXPECT_EQ(update.assignments[2].variable, "@a");
  EXPECT_THAT(update.assignments[2].column->parts, ElementsAre("c"));
  EXPECT_FALSE(update.assignments[3].column);
  EXPECT_EQ(show(update.assignments[5].value), "x.modify('delete /a')");
  EXPECT_EQ(update.output->items.size(), 2U);
  EXPECT_EQ(update.from.at(0).joins.size(), 1U);
  EXPECT_EQ(show(*update.where), "(t.a > 1)");
  EXPECT_EQ(node_of<Update>(batch, 2).current_of, "c");
}

TEST(ParserDataTest, ReadsDeleteAndTruncate) {
  const Batch batch = parsed(
      "DELETE FROM dbo.t WHERE a = 1 DELETE t DELETE TOP (1) t OUTPUT deleted.a FROM t JOIN u ON "
      "1=1 TRUNCATE TABLE t");

  EXPECT_EQ(show(*node_of<Delete>(batch, 0).where), "(a = 1)");
  EXPECT_EQ(to_text(std::get<NamedTable>(node_of<Delete>(batch, 1).target.node).name), "t");
  EXPECT_EQ(node_of<Delete>(batch, 2).from.size(), 1U);
  EXPECT_EQ(to_text(node_of<TruncateTable>(batch, 3).name), "t");
}

TEST(ParserDataTest, ReadsCreateTable) {
  const Batch batch = parsed(
      "CREATE TABLE dbo.t (id int IDENTITY(10, -1) NOT NULL CONSTRAINT PK PRIMARY KEY CLUSTERED "
      "WITH (FILLFACTOR = 80),"
      " n nvarchar(50) COLLATE Latin1_General_BIN NULL DEFAULT ('x'), g uniqueidentifier "
      "ROWGUIDCOL UNIQUE,"
      " c AS id * 2 PERSISTED, h int CHECK (h > 0) REFERENCES dbo.u (id) ON DELETE CASCADE ON "
      "UPDATE SET NULL,"
      " CONSTRAINT UQ UNIQUE NONCLUSTERED (n ASC, h DESC), CHECK (id < 5), FOREIGN KEY (h) "
      "REFERENCES u,) ON [PRIMARY]");

  const auto& columns = node_of<CreateTable>(batch).definition.columns;
  ASSERT_EQ(columns.size(), 5U);
  EXPECT_EQ(columns[0].identity->seed, 10);
  EXPECT_EQ(columns[0].identity->increment, -1);
  EXPECT_EQ(columns[0].nullable, false);
  EXPECT_TRUE(columns[0].primary_key);
  EXPECT_EQ(columns[1].collation, "Latin1_General_BIN");
  EXPECT_EQ(show(*columns[1].default_value), "'x'");
  EXPECT_TRUE(columns[2].unique && columns[2].row_guid);
  EXPECT_TRUE(columns[3].computed && columns[3].persisted);
  EXPECT_EQ(show(columns[4].checks.at(0)), "(h > 0)");
  EXPECT_EQ(columns[4].references->on_delete, ForeignKeyAction::cascade);
  EXPECT_EQ(columns[4].references->on_update, ForeignKeyAction::set_null);
  const auto& constraints = node_of<CreateTable>(batch).definition.constraints;
  ASSERT_EQ(constraints.size(), 3U);
  EXPECT_EQ(constraints[0].name, "UQ");
  EXPECT_THAT(constraints[0].columns, ElementsAre("n", "h"));
  EXPECT_EQ(constraints[1].kind, TableConstraintKind::check);
  EXPECT_EQ(to_text(constraints[2].references->table), "u");
}

TEST(ParserDataTest, ReadsAlterTableAndCreateIndex) {
  const Batch batch = parsed(
      "ALTER TABLE t ADD a int NULL, CONSTRAINT d DEFAULT 1 FOR b ALTER TABLE t DROP CONSTRAINT d, "
      "COLUMN a, b "
      "ALTER TABLE t ALTER COLUMN a bigint NOT NULL ALTER TABLE t NOCHECK CONSTRAINT ALL; "
      "CREATE UNIQUE CLUSTERED INDEX i ON dbo.t (a, b DESC) INCLUDE (c) WHERE a > 1 WITH (ONLINE = "
      "ON) ON [PRIMARY]");

  EXPECT_EQ(node_of<AlterTable>(batch, 0).added.constraints.at(0).kind,
            TableConstraintKind::default_value);
  EXPECT_THAT(node_of<AlterTable>(batch, 1).drop_constraints, ElementsAre("d"));
  EXPECT_THAT(node_of<AlterTable>(batch, 1).drop_columns, ElementsAre("a", "b"));
  EXPECT_EQ(node_of<AlterTable>(batch, 2).column->type.type, SqlType::bigint);
  EXPECT_EQ(node_of<AlterTable>(batch, 3).other, "NOCHECK");
  const auto& index = node_of<CreateIndex>(batch, 4);
  EXPECT_TRUE(index.unique && index.clustered && index.columns.at(1).descending);
  EXPECT_THAT(index.included, ElementsAre("c"));
}

TEST(ParserDataTest, ReadsDropWithIfExistsAndLists) {
  const Batch batch = parsed(
      "DROP TABLE IF EXISTS a, b.c DROP PROC p DROP VIEW v DROP INDEX i ON dbo.t DROP DATABASE IF "
      "EXISTS d, e "
      "DROP MESSAGE TYPE [//x], y DROP EVENT NOTIFICATION n ON QUEUE dbo.q DROP MASTER KEY DROP "
      "SYMMETRIC KEY k "
      "DROP DATABASE ENCRYPTION KEY DROP REMOTE SERVICE BINDING b DROP BROKER PRIORITY p DROP "
      "SERVER ROLE r");

  EXPECT_TRUE(node_of<Drop>(batch, 0).if_exists);
  EXPECT_EQ(to_text(node_of<Drop>(batch, 0).names.at(1)), "b.c");
  EXPECT_EQ(node_of<Drop>(batch, 1).kind, ObjectKind::procedure);
  EXPECT_EQ(node_of<Drop>(batch, 3).on_kind, ObjectKind::table);
  EXPECT_EQ(node_of<Drop>(batch, 4).names.size(), 2U);
  EXPECT_EQ(node_of<Drop>(batch, 5).kind, ObjectKind::message_type);
  EXPECT_EQ(node_of<Drop>(batch, 6).on_kind, ObjectKind::queue);
  EXPECT_EQ(to_text(node_of<Drop>(batch, 6).on), "dbo.q");
  EXPECT_EQ(node_of<Drop>(batch, 7).kind, ObjectKind::master_key);
  EXPECT_EQ(node_of<Drop>(batch, 9).kind, ObjectKind::database_encryption_key);
  EXPECT_EQ(node_of<Drop>(batch, 12).kind, ObjectKind::server_role);
  EXPECT_EQ(error_of("DROP NONSENSE x"), 102);
}

}  // namespace
}  // namespace ssb::broker::tsql
