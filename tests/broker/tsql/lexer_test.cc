#include "broker/tsql/lexer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(std::string_view text, bool quoted_identifier = true) {
  std::vector<std::string> result;
  for (const Token& token : tokenize(text, quoted_identifier).tokens)
    result.emplace_back(token.text);
  return result;
}

Token first(std::string_view text, bool quoted_identifier = true) {
  return tokenize(text, quoted_identifier).tokens.front();
}

TEST(LexerTest, CutsWordsNumbersAndSymbolsAndEndsWithAnEmptyToken) {
  EXPECT_THAT(texts("a.b<=1+.5"), ElementsAre("a", ".", "b", "<=", "1", "+", ".5", ""));
  EXPECT_THAT(texts("x!<y<>z!=1 ENDPOINT::e"),
              ElementsAre("x", "!<", "y", "<>", "z", "!=", "1", "ENDPOINT", "::", "e", ""));
  EXPECT_THAT(texts("@a+=1 @@ROWCOUNT #t ##t"),
              ElementsAre("@a", "+=", "1", "@@ROWCOUNT", "#t", "##t", ""));
}

TEST(LexerTest, TellsADotBetweenNamesFromADecimalPoint) {
  EXPECT_THAT(texts("master..syslogins"), ElementsAre("master", ".", ".", "syslogins", ""));
  EXPECT_THAT(texts("[a].5"), ElementsAre("[a]", ".", "5", ""));
  EXPECT_EQ(first("1.").kind, TokenKind::decimal);
}

TEST(LexerTest, ClassifiesLiterals) {
  EXPECT_EQ(first("12").kind, TokenKind::integer);
  EXPECT_EQ(first("1.50").kind, TokenKind::decimal);
  EXPECT_EQ(first("1e-3").kind, TokenKind::floating);
  EXPECT_EQ(first("1E").text, "1E");
  EXPECT_EQ(first("0xAb").kind, TokenKind::binary);
  EXPECT_EQ(first("$1.5").kind, TokenKind::money);
  EXPECT_EQ(first("$action").kind, TokenKind::word);
  EXPECT_EQ(first("'x'").kind, TokenKind::string);
  EXPECT_EQ(first("N'x'").kind, TokenKind::national_string);
  EXPECT_EQ(first("n'x'").kind, TokenKind::national_string);
}

TEST(LexerTest, ResolvesDoubledQuotes) {
  EXPECT_EQ(value_of(first("'it''s'")), "it's");
  EXPECT_EQ(value_of(first("N''")), "");
  EXPECT_EQ(value_of(first("[a]]b]")), "a]b");
  EXPECT_EQ(value_of(first("\"a\"\"b\"")), "a\"b");
}

TEST(LexerTest, JoinsLinesAtABackslashInsideStringsAndBinaries) {
  EXPECT_EQ(value_of(first("'ab\\\ncd'")), "abcd");
  EXPECT_EQ(value_of(first("'ab\\\r\ncd\\'")), "abcd\\");
  EXPECT_EQ(proto::to_hex(binary_of(first("0xAB\\\nCD"))), "ABCD");
}

TEST(LexerTest, PadsABinaryOfOddLength) {
  EXPECT_EQ(proto::to_hex(binary_of(first("0xABC"))), "0ABC");
  EXPECT_TRUE(binary_of(first("0x")).empty());
}

TEST(LexerTest, ReadsDoubleQuotesAsAStringWithQuotedIdentifierOff) {
  EXPECT_EQ(first("\"x\"", /*quoted_identifier=*/true).kind, TokenKind::quoted_identifier);
  EXPECT_EQ(first("\"x\"", /*quoted_identifier=*/false).kind, TokenKind::string);
}

TEST(LexerTest, SkipsLineCommentsAndNestedBlockComments) {
  EXPECT_THAT(texts("a--b 'c\nd"), ElementsAre("a", "d", ""));
  EXPECT_THAT(texts("a/* x /* y */ 'z */b"), ElementsAre("a", "b", ""));
}

TEST(LexerTest, SkipsNoBreakSpaceAndByteOrderMark) {
  EXPECT_THAT(texts("\xEF\xBB\xBFselect\xC2\xA0"
                    "1"),
              ElementsAre("select", "1", ""));
}

TEST(LexerTest, CountsLinesAndCharactersNotBytes) {
  const TokenList list = tokenize("PRINT 'ä\nö' x\r\n  y", true);

  ASSERT_EQ(list.tokens.size(), 5U);
  EXPECT_EQ(list.tokens[1].position,
            (SourcePosition{.offset = 6, .length = 7, .line = 1, .column = 7}));
  EXPECT_EQ(list.tokens[2].position,
            (SourcePosition{.offset = 14, .length = 1, .line = 2, .column = 4}));
  EXPECT_EQ(list.tokens[3].position,
            (SourcePosition{.offset = 19, .length = 1, .line = 3, .column = 3}));
}

TEST(LexerTest, KeepsAnUnclosedQuoteAsErrorTokenWith105) {
  const TokenList list = tokenize("PRINT 'abc", true);

  ASSERT_EQ(list.tokens.size(), 3U);
  EXPECT_EQ(list.tokens[1].kind, TokenKind::error);
  EXPECT_EQ(list.tokens[1].position.column, 7);
  EXPECT_EQ(list.error, proto::Error(proto::ErrorCode::unclosed_quote, "abc"));
}

TEST(LexerTest, KeepsAnUnclosedCommentAsErrorTokenWith113) {
  const TokenList list = tokenize("x /* a /* b */", true);

  EXPECT_EQ(list.tokens[1].kind, TokenKind::error);
  EXPECT_EQ(list.error.number(), 113);
}

TEST(LexerTest, RefusesNamesOfMoreThan128CharactersWith103) {
  EXPECT_EQ(tokenize(std::string(129, 'a'), true).error.number(), 103);
  EXPECT_EQ(tokenize("[" + std::string(129, 'a') + "]", true).error.number(), 103);
  EXPECT_EQ(tokenize("@" + std::string(128, 'a'), true).error.number(), 103);
  EXPECT_EQ(tokenize(std::string(128, 'a'), true).tokens.size(), 2U);

  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xC3\xA4";
  EXPECT_EQ(tokenize(umlauts, true).tokens.front().kind, TokenKind::word);
}

TEST(TokenTest, ComparesKeywordsWithoutRegardToCaseAndNeverQuotedOnes) {
  EXPECT_TRUE(is(first("sElEcT"), "SELECT"));
  EXPECT_FALSE(is(first("[SELECT]"), "SELECT"));
  EXPECT_FALSE(is(first("'SELECT'"), "SELECT"));
  EXPECT_TRUE(is_reserved("select"));
  EXPECT_FALSE(is_reserved("queue"));
}

TEST(TokenTest, ClipsTextBetweenCharacters) {
  EXPECT_EQ(clipped("abc", 2), "ab");
  EXPECT_EQ(clipped("a\xC3\xA4", 2), "a");
  EXPECT_EQ(clipped("a", 2), "a");
}

}  // namespace
}  // namespace ssb::broker::tsql
