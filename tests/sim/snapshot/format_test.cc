// What is wrong with a snapshot is told once, with its line, its path and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/snapshot/taken.h"

namespace ssb::sim::snapshot {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string& sound() {
  static const std::string text = Played(kFile, kSound).snapshots().at(0);
  return text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

std::vector<Problem> problems_of(const std::string& text) {
  std::vector<Problem> problems;
  const auto read = read_snapshot("A.json", text, problems);
  EXPECT_EQ(read.has_value(), problems.empty());
  return problems;
}

TEST(FormatTest, WhatCaptureWritesIsSound) {
  EXPECT_THAT(problems_of(sound()), IsEmpty());
}

struct Wrong {
  const char* name;
  std::string text;
  const char* place;  // begin of the message
  const char* says;
};

class WrongTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTest, IsToldOnceWithItsPlace) {
  const auto problems = problems_of(GetParam().text);

  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].message(), StartsWith(GetParam().place));
  EXPECT_THAT(problems[0].message(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongTest,
    testing::Values(
        Wrong{"NoFormat", "{}", "A.json:1: $.format: ", "this is no snapshot"},
        Wrong{"NoVersion", replaced(sound(), "\"version\": 1,\n", ""),
              "A.json:1: $.version: ", "write \"version\": 1"},
        Wrong{"NewerVersion", replaced(sound(), "\"version\": 1", "\"version\": 2"),
              "A.json:3: $.version: ", "is 2, and this ssbsim reads version 1"},
        Wrong{"WrongType",
              replaced(sound(), "\"is_broker_enabled\": true", "\"is_broker_enabled\": 1"),
              "A.json:", "].is_broker_enabled: is a number, not true or false"},
        Wrong{"BadDate", replaced(sound(), "2020-03-01T", "2020-13-01T"),
              "A.json:6: $.taken_at: ", "is no date"},
        Wrong{"BadThumbprint", replaced(sound(), "\"thumbprint\": \"", "\"thumbprint\": \"x"),
              "A.json:", "].thumbprint: is \"x"},
        Wrong{"MissingSection", replaced(sound(), "\"certificates\"", "\"certificate\""),
              "A.json:", ".certificates: is missing"},
        Wrong{"DanglingOwner",
              replaced(sound(), "\"certificate_id\": 256, \"principal_id\": 1",
                       "\"certificate_id\": 256, \"principal_id\": 77"),
              "A.json:", "the owner has the id 77, which is not in database_principals"},
        Wrong{"ControlCharacter", replaced(sound(), "\"HOST_A_cert\"", "\"HOST\\nGO\""),
              "A.json:", "].name: has a control character"},
        Wrong{"RouteToNowhere",
              replaced(sound(), "\"address\": \"LOCAL\"", "\"address\": \"gopher://\""),
              "A.json:", "].address: is 'gopher://', not TCP://host:port"},
        Wrong{"Truncated", sound().substr(0, sound().size() / 2), "A.json:", "the file is cut off"},
        Wrong{"TooDeep", std::string(100, '['), "A.json:1: ", "nested deeper than 16"},
        Wrong{"NotJson", "SELECT 1", "A.json:1: ", "where a value begins"},
        Wrong{"TwoValues", sound() + "x", "A.json:", "one file is one snapshot"},
        Wrong{"TwoOfAName", "{\"a\": 1, \"a\": 2}", "A.json:1: ", "stands twice in one object"}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(FormatTest, MoreThan100MegabytesAreRefused) {
  const auto problems = problems_of(std::string(kJsonBytesMax + 1, ' '));

  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].message(), HasSubstr("100000001 bytes, more than 100000000"));
}

TEST(FormatTest, TheSameServerInTwoFilesIsToldOnce) {
  std::vector<Problem> problems;
  std::vector<Snapshot> both;
  both.push_back(*read_snapshot("A.json", sound(), problems));
  both.push_back(*read_snapshot("B.json", sound(), problems));

  check_together(both, problems);

  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].message(),
            "B.json:1: $.server: 'HOST_A' is the server of 'A.json', too; give each server once");
}

TEST(FormatTest, LinesThatAClientHasBrokenAreReadAsOne) {
  const std::size_t middle = sound().find("HOST_A_cert") + 4;

  EXPECT_THAT(problems_of(std::string(sound()).insert(middle, "\r\n")), IsEmpty());
}

TEST(FormatTest, Utf16WithAByteOrderMarkIsRead) {
  const proto::Bytes wide = proto::to_utf16le(sound());

  EXPECT_THAT(problems_of("\xFF\xFE" + proto::to_string(wide)), IsEmpty());
}

}  // namespace
}  // namespace ssb::sim::snapshot
