#include <string>

#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

const ParseOptions kOperandVariables{.variables = {"@x", "@y", "@doc"}, .quoted_identifier = true};

std::string value(std::string_view text) {
  const Batch batch = parsed("PRINT " + std::string(text), kOperandVariables);
  return show(node_of<Print>(batch).value);
}

std::string condition(std::string_view text) {
  const Batch batch = parsed("IF " + std::string(text) + " PRINT 1", kOperandVariables);
  return show(node_of<If>(batch).condition);
}

std::int32_t value_error(std::string_view text) {
  return failure_of("PRINT " + std::string(text), kOperandVariables).error.number();
}

TEST(ParserExpressionTest, ReadsEveryKindOfLiteral) {
  EXPECT_EQ(value("'a''b'"), "'a'b'");
  EXPECT_EQ(value("N'ä'"), "N'ä'");
  EXPECT_EQ(value("0x1f"), "0x1F");
  EXPECT_EQ(value("2147483647"), "2147483647");
  EXPECT_EQ(value("2147483648"), "dec 2147483648");
  EXPECT_EQ(value("1.50"), "dec 1.50");
  EXPECT_EQ(value("1e3"), "float 1e3");
  EXPECT_EQ(value("NULL"), "NULL");
  EXPECT_EQ(value("$12.5"), "$125000");
  EXPECT_EQ(value("$0.00005"), "$1");
  EXPECT_EQ(value("$"), "$0");
}

TEST(ParserExpressionTest, RefusesNumbersOfMoreThan38DigitsWith1007) {
  EXPECT_EQ(value(std::string(38, '9')), "dec " + std::string(38, '9'));
  EXPECT_EQ(value_error(std::string(39, '9')), 1007);
}

TEST(ParserExpressionTest, BindsMultiplicationTighterThanAdditionAndBitOperators) {
  EXPECT_EQ(value("1 + 2 * 3"), "(1 + (2 * 3))");
  EXPECT_EQ(value("1 - 2 - 3"), "((1 - 2) - 3)");
  EXPECT_EQ(value("1 & 2 + 3 | 4 ^ 5"), "((((1 & 2) + 3) | 4) ^ 5)");
  EXPECT_EQ(value("(1 + 2) * 3 % 4 / 5"), "((((1 + 2) * 3) % 4) / 5)");
  EXPECT_EQ(value("-@x + ~1"), "((-@x) + (~1))");
  EXPECT_EQ(value("1 -1"), "(1 - 1)");
}

TEST(ParserExpressionTest, BindsAndTighterThanOrAndNotTighterThanAnd) {
  EXPECT_EQ(condition("1=1 OR 2=2 AND NOT 3=3"), "((1 = 1) OR ((2 = 2) AND (NOT (3 = 3))))");
  EXPECT_EQ(condition("(1=1 OR 2=2) AND 3=3"), "(((1 = 1) OR (2 = 2)) AND (3 = 3))");
  EXPECT_EQ(condition("((@x + 1) * 2) > (3)"), "(((@x + 1) * 2) > 3)");
}

TEST(ParserExpressionTest, ReadsEveryComparison) {
  EXPECT_EQ(condition("1 <> 2"), "(1 <> 2)");
  EXPECT_EQ(condition("1 != 2"), "(1 <> 2)");
  EXPECT_EQ(condition("1 !< 2"), "(1 >= 2)");
  EXPECT_EQ(condition("1 !> 2"), "(1 <= 2)");
  EXPECT_EQ(condition("1 > = 2"), "(1 >= 2)");
  EXPECT_EQ(condition("1 < > 2"), "(1 <> 2)");
}

TEST(ParserExpressionTest, ReadsPredicates) {
  EXPECT_EQ(condition("@x LIKE 'a%' ESCAPE '!'"), "(@x LIKE 'a%' ESCAPE '!')");
  EXPECT_EQ(condition("@x NOT LIKE N'_'"), "(@x NOT LIKE N'_')");
  EXPECT_EQ(condition("@x IN (1, @y, 3)"), "(@x IN (1, @y, 3))");
  EXPECT_EQ(condition("@x NOT IN (SELECT a FROM t)"), "(@x NOT IN (query))");
  EXPECT_EQ(condition("@x NOT BETWEEN 1 AND 2 AND 1 = 1"),
            "((@x NOT BETWEEN 1 AND 2) AND (1 = 1))");
  EXPECT_EQ(condition("@x IS NULL"), "(@x IS NULL)");
  EXPECT_EQ(condition("@x IS NOT NULL"), "(@x IS NOT NULL)");
  EXPECT_EQ(condition("NOT EXISTS (SELECT * FROM t)"), "(NOT EXISTS(query))");
  EXPECT_EQ(condition("@x = ANY (SELECT 1)"), "(@x op ANY (query))");
  EXPECT_EQ(condition("@x >= ALL (SELECT 1)"), "(@x op ALL (query))");
}

TEST(ParserExpressionTest, ReadsBothFormsOfCase) {
  EXPECT_EQ(value("CASE @x WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END"),
            "CASE @x WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END");
  EXPECT_EQ(value("CASE WHEN @x > 1 OR @y IS NULL THEN 1 END"),
            "CASE WHEN ((@x > 1) OR (@y IS NULL)) THEN 1 END");
}

TEST(ParserExpressionTest, ReadsConversionsWithLength30ByDefault) {
  const std::string varchar = std::to_string(static_cast<int>(SqlType::varchar));
  const std::string integer = std::to_string(static_cast<int>(SqlType::integer));

  EXPECT_EQ(value("CAST(@x AS varchar)"), "CONVERT(" + varchar + ":30, @x)");
  EXPECT_EQ(value("TRY_CAST(@x AS int)"), "TRY_CONVERT(" + integer + ", @x)");
  EXPECT_EQ(value("CONVERT(varchar(max), @x, 121)"), "CONVERT(" + varchar + ":-1, @x, 121)");
  EXPECT_EQ(value("TRY_CONVERT(int, @x)"), "TRY_CONVERT(" + integer + ", @x)");
}

TEST(ParserExpressionTest, ReadsFunctions) {
  EXPECT_EQ(value("GETUTCDATE()"), "GETUTCDATE()");
  EXPECT_EQ(value("dbo.f(1, DEFAULT)"), "dbo.f(1, DEFAULT)");
  EXPECT_EQ(value("LEFT('a', 1) + RIGHT('b', 2)"), "(LEFT('a', 1) + RIGHT('b', 2))");
  EXPECT_EQ(value("COALESCE(@x, NULLIF(@y, 1))"), "COALESCE(@x, NULLIF(@y, 1))");
  EXPECT_EQ(value("IIF(@x > 1, 'a', 'b')"), "IIF((@x > 1), 'a', 'b')");
  EXPECT_EQ(value("DATEADD(day, 1, CURRENT_TIMESTAMP)"), "DATEADD(day, 1, CURRENT_TIMESTAMP)");
  EXPECT_EQ(value("(SELECT COUNT(*) FROM t)"), "(query)");
  EXPECT_EQ(value("COUNT(DISTINCT a)"), "COUNT(DISTINCT a)");
  EXPECT_EQ(value("ROW_NUMBER() OVER (PARTITION BY a, b ORDER BY c DESC)"),
            "ROW_NUMBER() OVER(a, b;c DESC)");
  EXPECT_EQ(value("@@rowcount"), "@@ROWCOUNT");
}

TEST(ParserExpressionTest, ReadsXmlMethodsOfVariablesColumnsAndSubqueries) {
  EXPECT_EQ(value("@doc.value('(/a)[1]', 'int')"), "@doc.value('(/a)[1]', 'int')");
  EXPECT_EQ(value("t.body.query('/a').exist('b')"), "t.body.query('/a').exist('b')");
  EXPECT_EQ(value("CAST(@x AS xml).value('.', 'int')").substr(0, 8), "CONVERT(");
  EXPECT_EQ(value("(SELECT 1 FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)')"),
            "(query).value('.', 'nvarchar(max)')");
}

TEST(ParserExpressionTest, ReadsColumnsOfUpToFourPartsAndCollate) {
  EXPECT_EQ(value("[a].[b].c"), "a.b.c");
  EXPECT_EQ(value("db..t.c"), "db..t.c");
  EXPECT_EQ(value("a COLLATE Latin1_General_BIN2 + 'x'"), "(a COLLATE Latin1_General_BIN2 + 'x')");
  EXPECT_EQ(value_error("a.b.c.d.e"), 102);
}

TEST(ParserExpressionTest, RefusesAComparisonWhereAValueIsNeeded) {
  EXPECT_EQ(value_error("1 = 1"), 102);
  EXPECT_EQ(value_error("(1 = 1)"), 102);
  EXPECT_EQ(error_of("IF (1=1) + 1 = 2 PRINT 1"), 102);
  EXPECT_EQ(error_of("IF (1=1) = (2=2) PRINT 1"), 102);
}

TEST(ParserExpressionTest, RefusesAValueWhereAConditionIsNeededWith4145) {
  const ParseFailure failure = failure_of("IF 1 PRINT 2");

  EXPECT_EQ(failure.error, proto::Error(proto::ErrorCode::condition_expected, "PRINT"));
  EXPECT_EQ(failure.where.column, 6);
  EXPECT_EQ(error_of("SELECT 1 WHERE 1"), 4145);
  EXPECT_EQ(error_of("IF 1 AND 2=2 PRINT 1"), 4145);
  EXPECT_EQ(error_of("IF NOT 1 PRINT 1"), 4145);
}

TEST(ParserExpressionTest, BoundsTheDepthOfParenthesesAndTheLengthOfChainsWith191) {
  const auto parentheses = [](std::size_t count) {
    return "PRINT " + std::string(count, '(') + "1" + std::string(count, ')');
  };
  EXPECT_TRUE(parse_batch(parentheses(kNestingMax - 2)));
  EXPECT_EQ(error_of(parentheses(kNestingMax)), 191);
  EXPECT_EQ(error_of(parentheses(100000)), 191);
  EXPECT_EQ(error_of("PRINT " + std::string(100000, '~') + "1"), 191);
  EXPECT_EQ(error_of("IF " + std::string(400000, '(')), 191);

  const auto chain = [](int operators) {
    std::string text = "PRINT 1";
    for (int i = 0; i < operators; ++i) text += "+1";
    return text;
  };
  EXPECT_TRUE(parse_batch(chain(kOperatorsPerExpressionMax)));
  EXPECT_EQ(error_of(chain(kOperatorsPerExpressionMax + 1)), 191);
}

TEST(ParserExpressionTest, KeepsThePositionOfTheOperator) {
  const Batch batch = parsed("PRINT 1 +\n  2");

  const Expression& sum = node_of<Print>(batch).value;
  EXPECT_EQ(sum.position.column, 9);
  EXPECT_EQ(std::get<Binary>(sum.node).right->position.line, 2);
}

}  // namespace
}  // namespace ssb::broker::tsql
