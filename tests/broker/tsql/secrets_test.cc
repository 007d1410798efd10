#include "broker/tsql/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/tsql/parser.h"

namespace ssb::broker::tsql {
namespace {

std::string hidden(std::string_view text) {
  std::size_t offset = 0;
  return without_secrets(text, offset);
}

// All that a client is told of a batch that does not parse.
std::string told(const std::string& text) {
  const auto batch = parse_batch(text);
  if (batch) return "";
  return batch.error().error.text() + "\n" + caret_line(text, batch.error().where);
}

TEST(SecretsTest, WhatFollowsPasswordIsHidden) {
  EXPECT_EQ(hidden("ENCRYPTION BY PASSWORD = 'a''b', x = 'c'"),
            "ENCRYPTION BY PASSWORD = '***', x = 'c'");
  EXPECT_EQ(hidden("by password=N'x' OLD_PASSWORD = 'y' DECRYPTION BY PASSWORD='z'"),
            "by password=N'***' OLD_PASSWORD = '***' DECRYPTION BY PASSWORD='***'");
  EXPECT_EQ(hidden("WITH PASSWORD 'x'"), "WITH PASSWORD '***'");
  EXPECT_EQ(hidden("WITH PASSWORD BOGUS 'x'"), "WITH PASSWORD BOGUS '***'");
  EXPECT_EQ(hidden("WITH PASSWORD IS N'x'"), "WITH PASSWORD IS N'***'");
  EXPECT_EQ(hidden("WITH PASSWORD = \"x\""), "WITH PASSWORD = \"***\"");
  EXPECT_EQ(hidden("WITH PASSWORD = 0x0A HASHED"), "WITH PASSWORD = *** HASHED");
  EXPECT_EQ(hidden("SECRET = 'x', KEY_SOURCE = 'y'"), "SECRET = '***', KEY_SOURCE = '***'");
  EXPECT_EQ(hidden("@rmtpassword = 'x'"), "@rmtpassword = '***'");
  EXPECT_EQ(hidden("DECLARE @password nvarchar(128) = N'x'"),
            "DECLARE @password nvarchar(128) = N'***'");
  EXPECT_EQ(hidden("EXEC sp_addlogin 'joe', 'x'; PRINT 'y'"),
            "EXEC sp_addlogin '***', '***'; PRINT 'y'");
  EXPECT_EQ(hidden("DecryptByPassPhrase('x', c)"), "DecryptByPassPhrase('***', c)");
}

TEST(SecretsTest, SoIsOneInDynamicSqlInACommentAndWithoutItsEnd) {
  EXPECT_EQ(hidden("EXEC('WITH PASSWORD = ''x'' BOGUS') PRINT 'y'"),
            "EXEC('WITH PASSWORD = ''***'' BOGUS') PRINT 'y'");
  EXPECT_EQ(hidden("EXEC('WITH PASSWORD = ''x''') PRINT 'y'"),
            "EXEC('WITH PASSWORD = ''***''') PRINT 'y'");
  EXPECT_EQ(hidden("-- PASSWORD = 'x'\nPRINT 'y'"), "-- PASSWORD = '***'\nPRINT 'y'");
  EXPECT_EQ(hidden("PASSWORD = 'x\ny"), "PASSWORD = '***");
  EXPECT_EQ(hidden("PRINT 'q PASSWORD='x'"), "PRINT 'q PASSWORD='***'");
}

TEST(SecretsTest, OrdinaryTextStays) {
  for (const char* text :
       {"PRINT 'wrong password' PRINT 'x'", "SELECT 'a secret' + 'x'",
        "ALTER LOGIN a WITH PASSWORD = @p", "SELECT password FROM t WHERE a = 'x'", "", "PASSWORD",
        "PASSWORD =", "PASSWORD = '"})
    EXPECT_EQ(hidden(text), text);
}

TEST(SecretsTest, ANameThatEndsInTheWordNamesOne) {
  for (const char* name : {"password", "LoginPassword", "-v OLD_PWD", "my_secret"})
    EXPECT_TRUE(names_secret(name)) << name;
  for (const char* name : {"", "passwords", "secretary", "word"})
    EXPECT_FALSE(names_secret(name)) << name;
}

TEST(SecretsTest, TheCaretStaysUnderItsPlace) {
  const std::string text = "CREATE MASTER KEY ENCRYPTION BY PASSWORD='TopSecret_1!' BOGUS;";
  EXPECT_EQ(told(text).substr(told(text).find('\n') + 1),
            "CREATE MASTER KEY ENCRYPTION BY PASSWORD='***' BOGUS;\n" + std::string(47, ' ') + "^");
}

TEST(SecretsTest, NoMessageShowsOne) {
  for (const char* text :
       {"CREATE LOGIN x WITH PASSWORD='TopSecret', FOO=3",
        "CREATE LOGIN x WITH PASSWORD 'TopSecret'", "CREATE LOGIN x WITH PASSWORD = TopSecret",
        "CREATE LOGIN x WITH PASSWORD = 'TopSecret",
        "CREATE LOGIN x WITH PASSWORD = N'TopSecret' (",
        "OPEN MASTER KEY DECRYPTION PASSWORD = 'TopSecret'",
        "EXEC('OPEN MASTER KEY DECRYPTION BY PASSWORD = ''TopSecret''' 'x'",
        "BOGUS BOGUS BOGUS -- PASSWORD = 'TopSecret'"}) {
    EXPECT_NE(told(text), "") << text;
    EXPECT_EQ(told(text).find("TopSecret"), std::string::npos) << told(text);
  }
}

}  // namespace
}  // namespace ssb::broker::tsql
