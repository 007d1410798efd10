#include "broker/store/coding.h"

#include <limits>

#include <gtest/gtest.h>

namespace ssb::broker::store {
namespace {

std::vector<Statement> examples() {
  Statement insert{"INSERT INTO t VALUES (?1, ?2)",
                   {std::monostate(), std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max(), -0.0, 1e300, std::string("a\0b", 3),
                    std::string(), proto::Bytes(), proto::Bytes(300, 0xFF)},
                   3};
  insert.answers = {{"question", {{std::int64_t{1}, std::string("x")}, {}}}, {"", {}}};
  return {insert, {"CREATE TABLE u(n)", {}, 0}, insert};
}

proto::Bytes written(const std::vector<Statement>& statements) {
  Writer writer;
  for (const Statement& statement : statements) writer.statement(statement);
  return writer.take();
}

void expect_equal(const Statement& actual, const Statement& expected) {
  EXPECT_EQ(actual.sql, expected.sql);
  EXPECT_EQ(actual.parameters, expected.parameters);
  EXPECT_EQ(actual.rows_affected, expected.rows_affected);
  ASSERT_EQ(actual.answers.size(), expected.answers.size());
  for (std::size_t i = 0; i < actual.answers.size(); ++i) {
    EXPECT_EQ(actual.answers[i].question, expected.answers[i].question);
    EXPECT_EQ(actual.answers[i].rows, expected.answers[i].rows);
  }
}

TEST(StoreCodingTest, StatementsComeBackAsTheyWere) {
  const proto::Bytes bytes = written(examples());

  Reader reader(bytes);
  for (const Statement& expected : examples()) {
    ASSERT_FALSE(reader.is_at_end());
    expect_equal(reader.statement(), expected);
  }

  EXPECT_TRUE(reader.is_at_end());
  EXPECT_FALSE(reader.is_bad());
}

TEST(StoreCodingTest, TheSameTextIsWrittenOnce) {
  const Statement statement{std::string(1000, 'x'), {}, 0};

  EXPECT_LT(written({statement, statement}).size(), written({statement}).size() + 10);
}

TEST(StoreCodingTest, AWriterStartsAnewAfterTake) {
  Writer writer;
  writer.statement(examples()[1]);
  const proto::Bytes first = writer.take();
  writer.statement(examples()[1]);

  EXPECT_EQ(writer.take(), first);
  EXPECT_EQ(writer.size(), 0U);
}

TEST(StoreCodingTest, EveryPrefixOfAStatementIsBad) {
  const proto::Bytes bytes = written({examples()[0]});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader reader(proto::ByteView(bytes).first(size));
    static_cast<void>(reader.statement());
    EXPECT_TRUE(reader.is_bad()) << size;
  }
}

TEST(StoreCodingTest, EveryDamagedByteIsBadOrAnotherStatementAndNeverAllocatesMuch) {
  const proto::Bytes good = written({examples()[0]});
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      proto::Bytes bytes = good;
      bytes[i] = static_cast<std::uint8_t>(value);
      Reader reader(bytes);
      const Statement read = reader.statement();
      EXPECT_LE(read.parameters.size(), bytes.size());
      EXPECT_LE(read.answers.size(), bytes.size());
    }
  }
}

TEST(StoreCodingTest, ACountBeyondTheRestIsBad) {
  // Text 0 of length 0, then 2^62 parameters.
  const proto::Bytes bytes = {0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F};
  Reader reader(bytes);

  const Statement read = reader.statement();

  EXPECT_TRUE(reader.is_bad());
  EXPECT_TRUE(read.parameters.empty());
}

}  // namespace
}  // namespace ssb::broker::store
