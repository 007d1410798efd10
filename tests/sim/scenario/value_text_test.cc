#include "sim/scenario/value_text.h"

#include <gtest/gtest.h>

#include "tests/sim/scenario/fake_backend.h"

namespace ssb::sim::scenario {
namespace {

TEST(ValueTextTest, ValuesCompareAsText) {
  EXPECT_EQ(value_text(std::monostate{}), "NULL");
  EXPECT_EQ(value_text(std::int64_t{-7}), "-7");
  EXPECT_EQ(value_text(1.5), "1.5");
  EXPECT_EQ(value_text(proto::Bytes{0xab, 0x01}), "0xAB01");
  EXPECT_EQ(value_text(std::string("x")), "x");
}

TEST(ValueTextTest, TablesHaveHeadersDashesRowsAndTheirCount) {
  const auto rows = row_set({"name", "n"}, {{std::string("Größe"), std::int64_t{7}},
                                            {std::string("x\ny"), std::monostate{}}});

  EXPECT_EQ(table_text(rows),
            "name     n\n"
            "----- ----\n"
            "Größe    7\n"
            "x y   NULL\n"
            "\n"
            "(2 rows affected)\n");
}

TEST(ValueTextTest, WideCellsAreCut) {
  EXPECT_EQ(table_text(row_set({"a"}, {{std::string("abcdefgh")}}), 5),
            "a\n-----\nabcd…\n\n(1 row affected)\n");
}

TEST(ValueTextTest, ErrorsShowNumberLevelStateAndLine) {
  EXPECT_EQ(message_text(error_message(3902, "", 1, 4)),
            "Msg 3902, Level 16, State 1, Line 4\nCOMMIT without BEGIN TRANSACTION.\n");
  EXPECT_EQ(message_text(print_message("hi")), "hi\n");
}

TEST(ValueTextTest, LikePatterns) {
  EXPECT_TRUE(matches_like("Hello World", "hello%"));
  EXPECT_TRUE(matches_like("abcabd", "%ab_"));
  EXPECT_TRUE(matches_like("a5c", "a[0-9]c"));
  EXPECT_FALSE(matches_like("a5c", "a[^0-9]c"));
  EXPECT_TRUE(matches_like("", "%"));
  EXPECT_FALSE(matches_like("", "_"));
  EXPECT_FALSE(matches_like("abc", "ab"));
  EXPECT_TRUE(matches_like("a%b", "a[%]b"));
  EXPECT_FALSE(matches_like("x", "[]"));
}

}  // namespace
}  // namespace ssb::sim::scenario
