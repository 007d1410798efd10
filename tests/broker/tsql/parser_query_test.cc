#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Select& select_of(const Query& query, std::size_t term = 0) {
  static const Select none{};
  if (term >= query.terms.size() || !std::holds_alternative<Select>(query.terms[term].node)) {
    ADD_FAILURE() << "no plain SELECT as term " << term;
    return none;
  }
  return std::get<Select>(query.terms[term].node);
}

const Query& query_of(const Batch& batch) {
  return node_of<SelectStatement>(batch).query;
}

std::string table_name(const TableSource& source) {
  const auto* const table = std::get_if<NamedTable>(&source.node);
  return table == nullptr ? "?" : to_text(table->name);
}

TEST(ParserQueryTest, ReadsEveryFormOfAnItem) {
  const Batch batch =
      parsed("SELECT *, t.*, a, b AS x, c y, d = e, 'f' = g, h AS 'i', [j k], 1 'l' FROM t");

  const Select& select = select_of(query_of(batch));
  ASSERT_EQ(select.items.size(), 10U);
  EXPECT_EQ(show(select.items[0].value), "*");
  EXPECT_EQ(show(select.items[1].value), "t.*");
  EXPECT_EQ(select.items[2].alias, "");
  EXPECT_EQ(select.items[3].alias, "x");
  EXPECT_EQ(select.items[4].alias, "y");
  EXPECT_EQ(select.items[5].alias, "d");
  EXPECT_EQ(show(select.items[5].value), "e");
  EXPECT_EQ(select.items[6].alias, "f");
  EXPECT_EQ(select.items[7].alias, "i");
  EXPECT_EQ(show(select.items[8].value), "j k");
  EXPECT_EQ(select.items[9].alias, "l");
}

TEST(ParserQueryTest, ReadsAssignmentsToVariables) {
  const Batch batch = parsed("DECLARE @a int, @b int SELECT @a = 1, @b += n FROM t");

  const Select& select = select_of(node_of<SelectStatement>(batch, 1).query);
  EXPECT_EQ(select.items[0].variable, "@a");
  EXPECT_EQ(select.items[1].op, AssignmentOperator::add);
  EXPECT_EQ(show(select.items[1].value), "n");
}

TEST(ParserQueryTest, RefusesToMixAssignmentsAndColumnsWith141) {
  EXPECT_EQ(error_of("DECLARE @a int SELECT @a = 1, 2"), 141);
}

TEST(ParserQueryTest, ReadsTheClausesInTheirOrder) {
  const Batch batch = parsed(
      "SELECT DISTINCT TOP (10) PERCENT WITH TIES a INTO #t FROM db..t WHERE a > 1 GROUP BY a, b + "
      "1 "
      "HAVING COUNT(*) > 1 ORDER BY a DESC, 2 ASC OFFSET 5 ROWS FETCH NEXT 3 ROWS ONLY OPTION "
      "(RECOMPILE)");

  const Query& query = query_of(batch);
  const Select& select = select_of(query);
  EXPECT_TRUE(select.distinct);
  EXPECT_EQ(show(select.top->count), "10");
  EXPECT_TRUE(select.top->percent);
  EXPECT_TRUE(select.top->with_ties);
  EXPECT_EQ(to_text(*select.into), "#t");
  EXPECT_EQ(table_name(select.from[0].table), "db..t");
  EXPECT_EQ(show(*select.where), "(a > 1)");
  EXPECT_EQ(show(select.group_by), "a, (b + 1)");
  EXPECT_EQ(show(*select.having), "(COUNT(*) > 1)");
  ASSERT_EQ(query.order_by.size(), 2U);
  EXPECT_TRUE(query.order_by[0].descending);
  EXPECT_FALSE(query.order_by[1].descending);
  EXPECT_EQ(show(*query.offset), "5");
  EXPECT_EQ(show(*query.fetch), "3");
}

TEST(ParserQueryTest, ReadsNamesOfUpToFourParts) {
  const Batch batch =
      parsed("SELECT 1 FROM a, b.c, d.e.f, g.h.i.j, k..l, m.n..o, master..[sys logins]");

  std::vector<std::string> names;
  for (const FromItem& item : select_of(query_of(batch)).from)
    names.push_back(table_name(item.table));
  EXPECT_THAT(names,
              ElementsAre("a", "b.c", "d.e.f", "g.h.i.j", "k..l", "m.n..o", "master..sys logins"));
  const auto& four = std::get<NamedTable>(select_of(query_of(batch)).from[3].table.node).name;
  EXPECT_EQ(four, (ObjectName{.server = "g", .database = "h", .schema = "i", .name = "j"}));
  EXPECT_EQ(error_of("SELECT 1 FROM a.b.c.d.e"), 102);
}

TEST(ParserQueryTest, ReadsEveryJoin) {
  const Batch batch = parsed(
      "SELECT 1 FROM a JOIN b ON 1=1 INNER HASH JOIN c ON 1=1 LEFT OUTER JOIN d AS e ON 1=1 RIGHT "
      "JOIN f ON 1=1 "
      "FULL OUTER JOIN g ON 1=1 CROSS JOIN h CROSS APPLY dbo.fn(a.x) AS i OUTER APPLY (SELECT 2) j "
      "(k)");

  const FromItem& item = select_of(query_of(batch)).from.at(0);
  std::vector<JoinKind> kinds;
  for (const Join& join : item.joins) kinds.push_back(join.kind);
  EXPECT_THAT(kinds, ElementsAre(JoinKind::inner, JoinKind::inner, JoinKind::left, JoinKind::right,
                                 JoinKind::full, JoinKind::cross, JoinKind::cross_apply,
                                 JoinKind::outer_apply));
  EXPECT_EQ(item.joins[2].right.alias, "e");
  EXPECT_EQ(to_text(std::get<TableFunction>(item.joins[6].right.node).call.name), "dbo.fn");
  EXPECT_THAT(item.joins[7].right.column_aliases, ElementsAre("k"));
  EXPECT_FALSE(item.joins[5].on);
  EXPECT_EQ(error_of("SELECT 1 FROM a JOIN b"), 102);
}

TEST(ParserQueryTest, ReadsJoinsWithTheInnerPairFirst) {
  const Batch batch = parsed("SELECT 1 FROM a LEFT JOIN b JOIN c ON b.x = c.x ON a.x = b.x");

  const FromItem& item = select_of(query_of(batch)).from.at(0);
  ASSERT_EQ(item.joins.size(), 1U);
  EXPECT_EQ(show(*item.joins[0].on), "(a.x = b.x)");
  const FromItem& inner = *std::get<JoinedTable>(item.joins[0].right.node).inner;
  EXPECT_EQ(table_name(inner.table), "b");
  EXPECT_EQ(show(*inner.joins.at(0).on), "(b.x = c.x)");
}

TEST(ParserQueryTest, KeepsTableHintsInEverySpelling) {
  const Batch batch = parsed(
      "SELECT 1 FROM a WITH (NOLOCK), b (readpast, updlock) x, c AS y (NOLOCK), d WITH (INDEX(ix) "
      "HOLDLOCK) z");

  const Select& select = select_of(query_of(batch));
  EXPECT_THAT(select.from[0].table.hints, ElementsAre("NOLOCK"));
  EXPECT_THAT(select.from[1].table.hints, ElementsAre("READPAST", "UPDLOCK"));
  EXPECT_EQ(select.from[1].table.alias, "x");
  EXPECT_THAT(select.from[2].table.hints, ElementsAre("NOLOCK"));
  EXPECT_THAT(select.from[3].table.hints, ElementsAre("INDEX", "HOLDLOCK"));
  EXPECT_EQ(select.from[3].table.alias, "z");
}

TEST(ParserQueryTest, ReadsTheOtherTableSources) {
  const Batch batch = parsed(
      "DECLARE @t TABLE (a int), @x xml, @h int "
      "SELECT 1 FROM @t AS v, @x.nodes('/a') AS n(c), (VALUES (1, 'a'), (2, 'b')) w (d, e), "
      "(SELECT 1 AS f) g, "
      "((a JOIN b ON 1=1) JOIN c ON 1=1), OPENXML(@h, '/r', 2) WITH (id int '@id', name "
      "nvarchar(10)) AS o");

  const Select& select = select_of(node_of<SelectStatement>(batch, 1).query);
  EXPECT_EQ(std::get<TableVariable>(select.from[0].table.node).name, "@t");
  EXPECT_EQ(show(std::get<XmlNodesTable>(select.from[1].table.node).call), "@x.nodes('/a')");
  EXPECT_THAT(select.from[1].table.column_aliases, ElementsAre("c"));
  EXPECT_EQ(std::get<ValuesTable>(select.from[2].table.node).rows.size(), 2U);
  EXPECT_EQ(select.from[3].table.alias, "g");
  EXPECT_TRUE(std::holds_alternative<JoinedTable>(select.from[4].table.node));
  const auto& open_xml = std::get<TableFunction>(select.from[5].table.node);
  ASSERT_EQ(open_xml.columns.size(), 2U);
  EXPECT_EQ(open_xml.columns[0].path, "@id");
  EXPECT_EQ(open_xml.columns[1].type.length, 10);
}

TEST(ParserQueryTest, BindsIntersectTighterThanUnionAndExcept) {
  const Batch batch =
      parsed("SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3 EXCEPT (SELECT 4 UNION SELECT 5)");

  const Query& query = query_of(batch);
  ASSERT_EQ(query.terms.size(), 3U);
  EXPECT_EQ(query.terms[1].op, SetOperator::union_all);
  const Query& group = *std::get<QueryPointer>(query.terms[1].node);
  EXPECT_EQ(group.terms.at(1).op, SetOperator::intersect);
  EXPECT_EQ(query.terms[2].op, SetOperator::except);
  EXPECT_EQ(std::get<QueryPointer>(query.terms[2].node)->terms.at(1).op,
            SetOperator::union_distinct);
}

TEST(ParserQueryTest, ReadsCommonTablesAfterASemicolonOrAtTheStart) {
  const Batch batch = parsed("WITH a (x) AS (SELECT 1), b AS (SELECT x FROM a) SELECT * FROM b");

  const Query& query = query_of(batch);
  ASSERT_EQ(query.with.size(), 2U);
  EXPECT_EQ(query.with[0].name, "a");
  EXPECT_THAT(query.with[0].columns, ElementsAre("x"));
  EXPECT_THAT(query.with[1].columns, IsEmpty());
  EXPECT_EQ(parsed("PRINT 1; WITH a AS (SELECT 1 AS x) DELETE FROM a").statements.size(), 2U);
  EXPECT_EQ(parsed("IF 1=1 WITH a AS (SELECT 1 AS x) SELECT * FROM a").statements.size(), 1U);
}

TEST(ParserQueryTest, RefusesCommonTablesWithoutSemicolonWith319Or336) {
  const ParseFailure after_print = failure_of("PRINT 1\nWITH a AS (SELECT 1 AS x) SELECT * FROM a");
  const ParseFailure after_from =
      failure_of("SELECT * FROM t\nWITH a AS (SELECT 1 AS x) SELECT * FROM a");

  EXPECT_EQ(after_print.error.number(), 319);
  EXPECT_EQ(after_print.where.line, 2);
  EXPECT_EQ(after_from.error, proto::Error(proto::ErrorCode::possible_cte, "a"));
  EXPECT_EQ(after_from.where.column, 6);
}

TEST(ParserQueryTest, ReadsForXml) {
  const Batch batch = parsed(
      "SELECT 1 FOR XML PATH('r'), ROOT('rs'), TYPE, ELEMENTS XSINIL SELECT 1 FOR XML RAW, ROOT, "
      "BINARY BASE64 "
      "SELECT 1 FOR XML AUTO SELECT 1 FOR XML PATH('')");

  const ForXml& path = *node_of<SelectStatement>(batch, 0).query.for_xml;
  EXPECT_EQ(path.mode, ForXmlMode::path);
  EXPECT_EQ(path.element, "r");
  EXPECT_EQ(path.root, "rs");
  EXPECT_TRUE(path.type && path.elements && path.xsinil);
  const ForXml& raw = *node_of<SelectStatement>(batch, 1).query.for_xml;
  EXPECT_FALSE(raw.element);
  EXPECT_EQ(raw.root, "root");
  EXPECT_TRUE(raw.binary_base64);
  EXPECT_EQ(node_of<SelectStatement>(batch, 2).query.for_xml->mode, ForXmlMode::automatic);
  EXPECT_EQ(node_of<SelectStatement>(batch, 3).query.for_xml->element, "");
}

TEST(ParserQueryTest, DoesNotTakeTheNextStatementForAnAlias) {
  const Batch batch = parsed(
      "DECLARE @h uniqueidentifier SELECT 1 SEND ON CONVERSATION @h SELECT * FROM t RECEIVE TOP "
      "(1) * FROM q "
      "SELECT * FROM t GET CONVERSATION GROUP @h FROM q SELECT a FROM t again: GOTO again");

  EXPECT_EQ(batch.statements.size(), 10U);
  EXPECT_EQ(select_of(node_of<SelectStatement>(batch, 3).query).from[0].table.alias, "");
}

}  // namespace
}  // namespace ssb::broker::tsql
