#include <set>
#include <string>

#include <gtest/gtest.h>

#include "proto/error_code.h"

namespace ssb::proto {
namespace {

TEST(ErrorTest, ParametersStandWhereTheTextNamesThem) {
  const Error error(ErrorCode::permission_denied_on_object, "SEND", "MyService", "MyDatabase");

  EXPECT_EQ(error.number(), 229);
  EXPECT_EQ(error.severity(), 14);
  EXPECT_EQ(error.state, 1);
  EXPECT_EQ(error.text(), "SEND is not permitted on 'MyService' in database 'MyDatabase'.");
}

TEST(ErrorTest, MissingParametersAreEmptyAndSpareOnesIgnored) {
  EXPECT_EQ(Error(ErrorCode::bad_date_text).text(), "This text is not a date or time: ''.");
  EXPECT_EQ(Error(ErrorCode::bad_date_text, "x", "spare").text(),
            "This text is not a date or time: 'x'.");
}

TEST(ErrorTest, AParameterIsTakenAsItIs) {
  EXPECT_EQ(Error(ErrorCode::bad_date_text, "%1 %2 100%").text(),
            "This text is not a date or time: '%1 %2 100%'.");
}

TEST(ErrorTest, StateAndOwnSeverityAreKept) {
  Error error = Error(ErrorCode::bad_date_text, "x").with_state(7);
  EXPECT_EQ(error.state, 7);
  EXPECT_EQ(error.severity(), 16);

  error.own_severity = 20;

  EXPECT_EQ(error.severity(), 20);
  EXPECT_NE(error, Error(ErrorCode::bad_date_text, "x"));
}

TEST(ErrorTest, ANumberWithoutARowHasItsTextAsParameter) {
  const Error thrown(static_cast<ErrorCode>(50001), "my own text");

  EXPECT_EQ(find_error(50001), nullptr);
  EXPECT_EQ(thrown.text(), "my own text");
  EXPECT_EQ(thrown.severity(), 16);
  EXPECT_EQ(Error(static_cast<ErrorCode>(50001)).text(), "");
}

TEST(ErrorTest, AskingAFailureForItsValueIsABugThatNamesTheError) {
  const Result<int> failed = Error(ErrorCode::bad_date_text, "x");

  try {
    static_cast<void>(failed.value());
    FAIL() << "value() of a failure returned";
  } catch (const std::logic_error& bug) {
    EXPECT_NE(std::string(bug.what()).find("241"), std::string::npos) << bug.what();
  }
}

// The rows in the order of the file, before anything sorts them.
constexpr std::int32_t kNumbersInFile[] = {
#define SSB_ERROR(number, severity, name, text) number,
#include "proto/errors.def"
#undef SSB_ERROR
};

TEST(ErrorTableTest, NumbersAndNamesAreUnique) {
  std::set<std::int32_t> numbers;
  std::set<std::string> names;

  for (const ErrorRow& row : error_rows()) {
    EXPECT_TRUE(numbers.insert(static_cast<std::int32_t>(row.code)).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }

  EXPECT_EQ(error_rows().size(), std::size(kNumbersInFile));
  EXPECT_GT(error_rows().size(), 100U);
}

TEST(ErrorTableTest, TheFileIsOrderedByNumber) {
  for (std::size_t i = 1; i < std::size(kNumbersInFile); ++i) {
    EXPECT_LT(kNumbersInFile[i - 1], kNumbersInFile[i]);
  }
}

TEST(ErrorTableTest, EveryRowIsFoundByItsNumberAndOthersAreNot) {
  for (const ErrorRow& row : error_rows()) {
    EXPECT_EQ(find_error(static_cast<std::int32_t>(row.code)), &row);
  }
  EXPECT_EQ(find_error(0), nullptr);
  EXPECT_EQ(find_error(-1), nullptr);
  EXPECT_EQ(find_error(2'000'000'000), nullptr);
}

TEST(ErrorTableTest, SeveritiesAreInRangeAndTextsHaveNoStrayBlanks) {
  for (const ErrorRow& row : error_rows()) {
    const std::string text = row.text;
    EXPECT_GE(row.severity, 0) << row.name;
    EXPECT_LE(row.severity, 25) << row.name;
    ASSERT_FALSE(text.empty()) << row.name;
    EXPECT_EQ(text.find("  "), std::string::npos) << text;
    EXPECT_NE(text.front(), ' ') << text;
    EXPECT_NE(text.back(), ' ') << text;
  }
}

// A text that uses %3 uses %1 and %2 too: otherwise a parameter is lost.
TEST(ErrorTableTest, ParametersAreNumberedWithoutGaps) {
  for (const ErrorRow& row : error_rows()) {
    const std::string text = row.text;
    bool ended = false;
    for (char digit = '1'; digit <= '9'; ++digit) {
      const bool used = text.find(std::string("%") + digit) != std::string::npos;
      EXPECT_FALSE(used && ended) << row.name << ": " << text;
      ended = ended || !used;
    }
  }
}

}  // namespace
}  // namespace ssb::proto
