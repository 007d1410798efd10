// Batches that are made to break a parser: what is too deep is refused with its number, what is merely long is read.
#include <string>

#include <gtest/gtest.h>

#include "broker/tsql/parser.h"

namespace ssb::broker::tsql {
namespace {

constexpr std::size_t kMany = 100'000;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

int error_of(const std::string& text) {
  const auto result = parse_batch(text);
  return result ? 0 : result.error().error.number();
}

TEST(ParserBombTest, WhatIsNestedAHundredThousandTimesIsRefusedWith191) {
  EXPECT_EQ(error_of("SELECT " + repeated("(", kMany) + "1" + repeated(")", kMany)), 191);
  EXPECT_EQ(error_of("SELECT " + repeated("(", kMany)), 191);
  EXPECT_EQ(error_of("SELECT " + repeated("CASE WHEN 1 = 1 THEN ", kMany) + "1" +
                     repeated(" END", kMany)),
            191);
  EXPECT_EQ(error_of("SELECT " + repeated("(SELECT ", kMany) + "1" + repeated(")", kMany)), 191);
  EXPECT_EQ(error_of(repeated("BEGIN ", kMany) + "PRINT 1" + repeated(" END", kMany)), 191);
  EXPECT_EQ(error_of(repeated("IF 1 = 1 ", kMany) + "PRINT 1"), 191);
  EXPECT_EQ(error_of("SELECT 1 WHERE " + repeated("NOT ", kMany) + "1 = 1"), 191);
}

TEST(ParserBombTest, CommentsNestAsDeepAsTheyWant) {
  EXPECT_EQ(error_of(repeated("/*", kMany) + repeated("*/", kMany) + " PRINT 1"), 0);
  EXPECT_EQ(error_of(repeated("/*", kMany) + repeated("*/", kMany - 1)), 113);
}

TEST(ParserBombTest, WhatIsOnlyLongIsRead) {
  // NOLINTNEXTLINE(bugprone-string-constructor): so long it is meant to be
  EXPECT_EQ(error_of("PRINT '" + std::string(50'000'000, 'x') + "'"), 0);
  EXPECT_EQ(error_of(repeated("PRINT 1;", kMany)), 0);
}

}  // namespace
}  // namespace ssb::broker::tsql
