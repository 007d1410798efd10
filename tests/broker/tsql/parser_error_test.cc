#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

struct SyntaxErrorCase {
  std::string_view text;
  std::int32_t number;
  std::string_view parameter;  // of the error text; "" = not looked at
  int line;
  int column;
  std::size_t length;
};

class ParserErrorTest : public testing::TestWithParam<SyntaxErrorCase> {};

TEST_P(ParserErrorTest, NamesNumberTokenAndPosition) {
  const SyntaxErrorCase& expected = GetParam();

  const ParseFailure failure = failure_of(expected.text);

  EXPECT_EQ(failure.error.number(), expected.number) << expected.text;
  EXPECT_EQ(failure.where.line, expected.line) << expected.text;
  EXPECT_EQ(failure.where.column, expected.column) << expected.text;
  EXPECT_EQ(failure.where.length, expected.length) << expected.text;
  EXPECT_EQ(failure.error.severity(), 15) << expected.text;
  if (!expected.parameter.empty()) {
    ASSERT_FALSE(failure.error.parameters.empty()) << expected.text;
    EXPECT_EQ(failure.error.parameters[0], expected.parameter) << expected.text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, ParserErrorTest,
    testing::Values(SyntaxErrorCase{"PRINT 1\nSELEC 1", 102, "SELEC", 2, 1, 5},
                    SyntaxErrorCase{"SELECT a FROM", 102, "FROM", 1, 10, 4},
                    SyntaxErrorCase{"SELECT ,", 102, ",", 1, 8, 1},
                    SyntaxErrorCase{"SELECT FROM t", 156, "FROM", 1, 8, 4},
                    SyntaxErrorCase{"CREATE QUEUE select", 156, "select", 1, 14, 6},
                    SyntaxErrorCase{"ALTER QUEUE q\n\tWITH STATUS = ONN", 102, "ONN", 2, 16, 3},
                    SyntaxErrorCase{"PRINT [a b] 'x y'", 102, "x y", 1, 13, 5},
                    SyntaxErrorCase{"PRINT 'abc", 105, "abc", 1, 7, 4},
                    SyntaxErrorCase{"SELECT [abc", 105, "abc", 1, 8, 4},
                    SyntaxErrorCase{"PRINT 1 /* x", 113, "", 1, 9, 4},
                    SyntaxErrorCase{"PRINT @a", 137, "@a", 1, 7, 2},
                    SyntaxErrorCase{"SET @a = 1", 137, "@a", 1, 5, 2},
                    SyntaxErrorCase{"DECLARE @a int, @A int", 134, "@A", 1, 17, 2},
                    SyntaxErrorCase{"SELECT * FROM @t", 1087, "@t", 1, 15, 2},
                    SyntaxErrorCase{"PRINT \\", 102, "\\", 1, 7, 1},
                    SyntaxErrorCase{"IF 1=1 SELECT 1; ELSE ELSE", 156, "ELSE", 1, 23, 4},
                    SyntaxErrorCase{"END", 156, "END", 1, 1, 3},
                    SyntaxErrorCase{"SELECT 1 GO SELECT 2 3", 102, "3", 1, 22, 1},
                    SyntaxErrorCase{"SELECT [] FROM t", 102, "", 1, 8, 2}));

TEST(ParserErrorTest, PrefersASyntaxErrorToAnUndeclaredVariableBeforeIt) {
  EXPECT_EQ(error_of("PRINT @missing SELECT ,"), 102);
  EXPECT_EQ(error_of("PRINT @first PRINT @second"), 137);
  EXPECT_EQ(failure_of("PRINT @first PRINT @second").error.parameters.at(0), "@first");
}

TEST(ParserErrorTest, ReportsWhatIsWrongBeforeAnUnclosedQuote) {
  EXPECT_EQ(error_of("SELECT , 'abc"), 102);
  EXPECT_EQ(error_of("SELECT 1 'abc"), 105);
}

TEST(ParserErrorTest, ChecksVariablesInTheOrderOfTheText) {
  EXPECT_EQ(error_of("PRINT @a DECLARE @a int"), 137);
  EXPECT_EQ(error_of("DECLARE @a int = @a"), 137);
  EXPECT_TRUE(parse_batch("IF 1=2 BEGIN DECLARE @a int END PRINT @A"));
  EXPECT_TRUE(parse_batch("CREATE PROC p @a int AS PRINT @a"));
  EXPECT_EQ(error_of("CREATE PROC p @a int AS DECLARE @a int"), 134);
  EXPECT_TRUE(parse_batch("EXEC p @name = 1"));
  EXPECT_EQ(error_of("EXEC p @name"), 137);
  EXPECT_TRUE(parse_batch("PRINT @a", {.variables = {"@A"}, .quoted_identifier = true}));
}

TEST(ParserErrorTest, ReadsDoubleQuotesAsTextWithQuotedIdentifierOff) {
  const ParseOptions off{.variables = {}, .quoted_identifier = false};

  EXPECT_EQ(show(node_of<Print>(parsed("PRINT \"a\"", off)).value), "'a'");
  EXPECT_EQ(show(node_of<Print>(parsed("PRINT \"a\"")).value), "a");
}

TEST(ParserErrorTest, TakesAnEmptyBatch) {
  EXPECT_TRUE(parsed("").statements.empty());
  EXPECT_TRUE(parsed(" -- nothing\n ;;").statements.empty());
}

TEST(ParserErrorTest, GivesEveryStatementItsPlaceAndLength) {
  const std::string text = "PRINT 1;\n  IF 1=1\n    PRINT 'ä' ;";
  const Batch batch = parsed(text);

  ASSERT_EQ(batch.statements.size(), 2U);
  EXPECT_EQ(batch.statements[0].position,
            (SourcePosition{.offset = 0, .length = 7, .line = 1, .column = 1}));
  const SourcePosition& second = batch.statements[1].position;
  EXPECT_EQ(second.line, 2);
  EXPECT_EQ(second.column, 3);
  EXPECT_EQ(text.substr(second.offset, second.length), "IF 1=1\n    PRINT 'ä'");
}

TEST(CaretLineTest, PutsTheCaretUnderTheColumn) {
  const std::string text = "PRINT 1\n\tSELECT ä, x FROM\r\nPRINT 2";

  EXPECT_EQ(caret_line(text, {.offset = 6, .length = 1, .line = 1, .column = 7}),
            "PRINT 1\n      ^");
  EXPECT_EQ(caret_line(text, {.offset = 20, .length = 1, .line = 2, .column = 12}),
            "\tSELECT ä, x FROM\n\t          ^");
  EXPECT_EQ(caret_line("", {}), "\n^");
  EXPECT_EQ(caret_line("a\n", {.offset = 2, .length = 0, .line = 2, .column = 1}), "\n^");
}

TEST(CaretLineTest, CutsLongLinesAroundTheColumn) {
  const std::string text = std::string(500, 'a') + "X" + std::string(500, 'b');

  const std::string lines =
      caret_line(text, {.offset = 500, .length = 1, .line = 1, .column = 501});

  const std::size_t line_end = lines.find('\n');
  EXPECT_EQ(line_end, 120U);
  EXPECT_EQ(lines[lines.size() - line_end - 2], lines.at(60));
  EXPECT_EQ(lines.at(60), 'X');
  EXPECT_EQ(lines.size() - line_end - 2, 60U);
}

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const auto& file :
       std::filesystem::directory_iterator(SSB_SOURCE_DIR "/tests/fuzz/corpus/tsql")) {
    std::ifstream stream(file.path());
    std::stringstream text;
    text << stream.rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

// The scripts of the reference articles on mirroring, replacing certificates and key recovery are among them.
TEST(ParserCorpusTest, ParsesEveryScript) {
  const std::vector<std::string> texts = corpus();

  ASSERT_GE(texts.size(), 6U);
  for (const std::string& text : texts) EXPECT_FALSE(parsed(text).statements.empty());
}

// Pieces of this size keep the work linear in the size of the corpus.
constexpr std::size_t kPieceBytes = 1500;

TEST(ParserCorpusTest, SurvivesTruncationAtEveryByte) {
  for (const std::string& text : corpus()) {
    for (std::size_t begin = 0; begin < text.size(); begin += kPieceBytes) {
      const std::string_view piece = std::string_view(text).substr(begin, kPieceBytes);
      for (std::size_t length = 0; length <= piece.size(); ++length) {
        const ParseResult<Batch> result = parse_batch(piece.substr(0, length));
        if (result) continue;
        EXPECT_LE(result.error().where.offset + result.error().where.length, length);
        EXPECT_GE(result.error().where.line, 1);
        EXPECT_FALSE(caret_line(piece, result.error().where).empty());
      }
    }
  }
}

TEST(ParserCorpusTest, SurvivesTheLossOfAnyToken) {
  for (const std::string& text : corpus()) {
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find_first_of(" \n(),", begin + 1), text.size());
      const ParseResult<Batch> result = parse_batch(text.substr(0, begin) + text.substr(end));
      if (!result) {
        EXPECT_NE(result.error().error.number(), 0);
      }
      begin = end;
    }
  }
}

TEST(ParserOptionTest, RefusesAnOptionThatIsGivenTwice) {
  struct Twice {
    std::string_view text;
    std::string_view option;
    std::int32_t number = 102;
  };
  for (const Twice& one : {
           Twice{"CREATE ROUTE r WITH ADDRESS = 'LOCAL', ADDRESS = 'LOCAL'", "ADDRESS"},
           Twice{"ALTER ROUTE r WITH LIFETIME = 1, SERVICE_NAME = 's', LIFETIME = 2", "LIFETIME"},
           Twice{"CREATE REMOTE SERVICE BINDING b TO SERVICE 's' WITH ANONYMOUS = ON, USER = u, "
                 "ANONYMOUS = OFF",
                 "ANONYMOUS"},
           Twice{"CREATE REMOTE SERVICE BINDING b TO SERVICE 's' WITH USER = u, USER = v", "USER",
                 156},
           Twice{"ALTER QUEUE q WITH STATUS = ON, RETENTION = ON, STATUS = OFF", "STATUS"},
           Twice{"CREATE BROKER PRIORITY p FOR CONVERSATION SET (PRIORITY_LEVEL = 1, "
                 "PRIORITY_LEVEL = 2)",
                 "PRIORITY_LEVEL"},
           Twice{"BEGIN DIALOG @h FROM SERVICE s TO SERVICE 't' WITH LIFETIME = 1, LIFETIME = 2",
                 "LIFETIME"},
           Twice{"ALTER QUEUE q WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = p, STATUS = OFF)",
                 "STATUS"},
           Twice{"CREATE QUEUE q WITH ACTIVATION (PROCEDURE_NAME = p, PROCEDURE_NAME = p)",
                 "PROCEDURE_NAME"},
           Twice{"ALTER QUEUE q WITH ACTIVATION (MAX_QUEUE_READERS = 1 MAX_QUEUE_READERS = 1)",
                 "MAX_QUEUE_READERS"},
           Twice{"ALTER QUEUE q WITH ACTIVATION (EXECUTE AS SELF, EXECUTE AS OWNER)", "EXECUTE",
                 156},
           Twice{"CREATE CERTIFICATE c WITH SUBJECT = 's', SUBJECT = 't'", "SUBJECT"},
           Twice{"CREATE CERTIFICATE c WITH SUBJECT = 's', START_DATE = '1', START_DATE = '2'",
                 "START_DATE"},
           Twice{"CREATE CERTIFICATE c WITH EXPIRY_DATE = '1', SUBJECT = 's', EXPIRY_DATE = '2'",
                 "EXPIRY_DATE"},
           Twice{"CREATE CERTIFICATE c WITH SUBJECT = 's' ACTIVE FOR BEGIN_DIALOG = ON "
                 "ACTIVE FOR BEGIN_DIALOG = OFF",
                 "ACTIVE"},
           Twice{"CREATE CERTIFICATE c FROM FILE = 'f' WITH PRIVATE KEY (FILE = 'k', FILE = 'l')",
                 "FILE", 156},
           Twice{"ALTER CERTIFICATE c WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'a', "
                 "DECRYPTION BY PASSWORD = 'b')",
                 "DECRYPTION"},
           Twice{"BACKUP CERTIFICATE c TO FILE = 'f' WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = "
                 "'a', FILE = 'k', ENCRYPTION BY PASSWORD = 'b')",
                 "ENCRYPTION"},
           Twice{"ALTER DATABASE d SET TRUSTWORTHY ON, HONOR_BROKER_PRIORITY ON, TRUSTWORTHY OFF",
                 "TRUSTWORTHY"},
           Twice{"ALTER DATABASE d SET ENABLE_BROKER, NEW_BROKER", "NEW_BROKER"},
           Twice{"ALTER DATABASE d SET DISABLE_BROKER, ERROR_BROKER_CONVERSATIONS",
                 "ERROR_BROKER_CONVERSATIONS"},
           Twice{"CREATE DATABASE d WITH TRUSTWORTHY ON, TRUSTWORTHY ON", "TRUSTWORTHY"},
           Twice{"CREATE DATABASE d FOR ATTACH WITH NEW_BROKER, NEW_BROKER", "NEW_BROKER"},
           Twice{"CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1, LISTENER_PORT = 2) FOR "
                 "SERVICE_BROKER ()",
                 "LISTENER_PORT"},
           Twice{"CREATE ENDPOINT e AS TCP (LISTENER_IP = ALL, LISTENER_IP = ALL) FOR "
                 "SERVICE_BROKER ()",
                 "LISTENER_IP"},
           Twice{"CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1) FOR SERVICE_BROKER ("
                 "AUTHENTICATION = WINDOWS, AUTHENTICATION = CERTIFICATE c)",
                 "AUTHENTICATION"},
           Twice{"ALTER ENDPOINT e FOR SERVICE_BROKER (ENCRYPTION = DISABLED, ENCRYPTION = "
                 "REQUIRED)",
                 "ENCRYPTION"},
           Twice{"ALTER ENDPOINT e FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED, "
                 "MESSAGE_FORWARDING = DISABLED)",
                 "MESSAGE_FORWARDING"},
           Twice{"ALTER ENDPOINT e FOR SERVICE_BROKER (MESSAGE_FORWARD_SIZE = 1, "
                 "MESSAGE_FORWARD_SIZE = 2)",
                 "MESSAGE_FORWARD_SIZE"},
           Twice{"ALTER ENDPOINT e FOR DATABASE_MIRRORING (ROLE = ALL, ROLE = WITNESS)", "ROLE"},
           Twice{"ALTER ENDPOINT e STATE = STARTED, STATE = STOPPED", "STATE"},
           Twice{"CREATE LOGIN l WITH PASSWORD = 'p', SID = 0x01, SID = 0x02", "SID"},
           Twice{"ALTER LOGIN l WITH PASSWORD = 'p', PASSWORD = 'q'", "PASSWORD"},
           Twice{"ALTER LOGIN l WITH NO CREDENTIAL, CREDENTIAL = c", "CREDENTIAL"},
           Twice{"CREATE USER u WITH DEFAULT_SCHEMA = a, DEFAULT_SCHEMA = b", "DEFAULT_SCHEMA"},
           Twice{"ALTER USER u WITH LOGIN = a, LOGIN = b", "LOGIN"},
       }) {
    const ParseFailure failure = failure_of(one.text);

    EXPECT_EQ(failure.error.number(), one.number) << one.text;
    EXPECT_EQ(failure.where.offset, one.text.rfind(one.option)) << one.text;
    EXPECT_EQ(failure.where.length, one.option.size()) << one.text;
  }
}

}  // namespace
}  // namespace ssb::broker::tsql
