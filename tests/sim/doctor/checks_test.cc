// The table of checks: ids that people put into scripts and tickets, and what is written of them.
#include "sim/doctor/checks.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error.h"
#include "tests/sim/doctor/examined.h"

namespace ssb::sim::doctor {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::SizeIs;

// Never renumber, never use a number again: add at the end of a group.
constexpr std::string_view kGolden[] = {
    "SB-B001 error",   "SB-B002 warning", "SB-B003 error", "SB-B004 error",   "SB-Q001 error",
    "SB-Q002 error",   "SB-Q003 warning", "SB-Q004 error", "SB-Q005 error",   "SB-Q006 warning",
    "SB-R001 error",   "SB-R002 error",   "SB-R003 error", "SB-R004 error",   "SB-R005 warning",
    "SB-R006 warning", "SB-R007 error",   "SB-R008 error", "SB-R009 error",   "SB-S001 error",
    "SB-S002 error",   "SB-S003 error",   "SB-C001 error", "SB-C002 error",   "SB-C003 error",
    "SB-C004 error",   "SB-C005 error",   "SB-C006 error", "SB-C007 error",   "SB-C008 error",
    "SB-C009 error",   "SB-C010 error",   "SB-C011 error", "SB-C012 error",   "SB-C013 warning",
    "SB-C014 warning", "SB-C015 warning", "SB-K001 error", "SB-K002 error",   "SB-K003 error",
    "SB-E001 error",   "SB-E002 error",   "SB-E003 error", "SB-E004 error",   "SB-E005 error",
    "SB-E006 error",   "SB-E007 error",   "SB-E008 error", "SB-E009 warning", "SB-E010 info",
    "SB-E011 error",   "SB-P001 error",   "SB-P002 error", "SB-P003 error",   "SB-P004 error",
    "SB-P005 error",   "SB-P006 warning", "SB-P007 error"};

TEST(ChecksTest, IdsAndSeveritiesAreThoseOfTheGoldenList) {
  std::vector<std::string> ids;
  for (const Check& check : all_checks())
    ids.push_back(std::string(check.id) + " " + std::string(severity_name(check.severity)));

  EXPECT_THAT(ids, ElementsAreArray(kGolden));
}

TEST(ChecksTest, EachIsFoundByItsNumberAndByItsIdInEitherCase) {
  std::set<std::string_view> titles;
  for (const Check& check : all_checks()) {
    EXPECT_EQ(&check_of(check.number), &check);
    EXPECT_EQ(find_check(check.id), &check);
    EXPECT_FALSE(check.asks.empty());
    titles.insert(check.title);
  }
  EXPECT_THAT(titles, SizeIs(all_checks().size()));
  EXPECT_EQ(find_check("sb-r001"), &check_of(CheckId::R001));
  EXPECT_EQ(find_check("SB-R999"), nullptr);
}

TEST(ChecksTest, EveryErrorNumberThatACheckExplainsIsInTheErrorTable) {
  for (const Check& check : all_checks()) {
    std::istringstream in{std::string(check.errors)};
    for (int number = 0; in >> number;)
      EXPECT_NE(proto::find_error(number), nullptr) << check.id << ": " << number;
    EXPECT_TRUE(in.eof()) << check.id << ": " << check.errors;
  }
}

TEST(ChecksTest, TheTableOfTheDocsIsThisOne) {
  EXPECT_THAT(text_of(SSB_SOURCE_DIR "/docs/doctor.md"), HasSubstr(checks_as_markdown()));
}

}  // namespace
}  // namespace ssb::sim::doctor
