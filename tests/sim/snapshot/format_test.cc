// What is wrong with a snapshot is told once, with its line, its path and what to do.
#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
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

// ---- every column ----

// A snapshot whose every section of the server and of the last database has one row more, which is right: what a test then changes
// is the only thing that is wrong.
class Rows {
 public:
  Rows() : root_(boost::json::parse(sound()).as_object()) {
    // Routes and the like that the sound set-up has none of in that database.
    auto& database = last();
    database["routes"].as_array().push_back(
        {{"name", "far"},
         {"route_id", 70000},
         {"principal_id", 1},
         {"remote_service_name", "there"},
         {"broker_instance", "0f4ed222-5f97-ca19-58d1-c9642a923e01"},
         {"lifetime", "2030-01-01T00:00:00"},
         {"address", "TCP://far:4022"},
         {"mirror_address", "TCP://mirror:4022"}});
    database["remote_service_bindings"].as_array().push_back({{"name", "b"},
                                                              {"remote_service_binding_id", 70000},
                                                              {"principal_id", 1},
                                                              {"remote_service_name", "there"},
                                                              {"remote_principal_id", 1},
                                                              {"is_anonymous_on", true}});
    database["conversation_priorities"].as_array().push_back({{"name", "p"},
                                                              {"priority_id", 70000},
                                                              {"service_contract_id", 6},
                                                              {"local_service_id", 1},
                                                              {"remote_service_name", "there"},
                                                              {"priority", 9}});
    database["service_queues"].as_array().front().as_object()["activation_procedure"] = "[dbo].[p]";
  }

  boost::json::object& last() { return root_["databases"].as_array().back().as_object(); }
  boost::json::object& root() { return root_; }
  // A row of that section in which the column is not NULL; nullptr when there is none.
  static boost::json::object* row_with(boost::json::object& parent, const Section& section,
                                       std::string_view column) {
    auto* rows = parent.if_contains(section.name);
    if (rows == nullptr) return nullptr;
    for (auto& row : rows->as_array()) {
      const auto* value = row.as_object().if_contains(column);
      if (value != nullptr && !value->is_null()) return &row.as_object();
    }
    return nullptr;
  }
  [[nodiscard]] std::string text() const { return boost::json::serialize(root_); }

 private:
  boost::json::object root_;
};

// What a column does not take, whatever it is: another kind of value, and what is outside of its domain.
std::vector<boost::json::value> wrong_for(const Column& column) {
  using boost::json::value;
  switch (column.type) {
    case ColumnType::number: {
      std::vector<value> out{"1", true, 1.5, 3'000'000'000, -3'000'000'000, boost::json::array{}};
      if (column.domain.most != 0) {
        out.emplace_back(column.domain.least - 1);
        out.emplace_back(column.domain.most + 1);
      }
      return out;
    }
    case ColumnType::flag: return {0, 1, "true", "Q", boost::json::object{}};
    case ColumnType::guid: return {"QQ", "", 1, "0f4ed222-5f97-ca19-58d1-c9642a923e0"};
    case ColumnType::date: return {"QQ", "", "2024-02-30", 20240101, "2024-01-01T25:00:00"};
    case ColumnType::serial_number: return {"QQ", "", "0", "0g 11", "01  02", "01 2", 17};
    case ColumnType::binary: {
      std::vector<value> out{"QQ", "0x01", "012", 1};
      if (column.domain.least > 0) out.emplace_back("");
      if (column.domain.most > 0)
        out.emplace_back(std::string(2 * static_cast<std::size_t>(column.domain.most) + 2, '0'));
      return out;
    }
    case ColumnType::text: {
      std::vector<value> out{1, false, "a\x01", boost::json::array{"x"}};
      if (!column.domain.words.empty()) {
        out.emplace_back("QQ");
        out.emplace_back("");
        out.emplace_back(std::string(column.domain.words.front()) + " ");
      }
      if (column.domain.least > 0) out.emplace_back("");
      if (column.domain.most > 0)
        out.emplace_back(std::string(static_cast<std::size_t>(column.domain.most) + 1, 'n'));
      return out;
    }
  }
  return {};
}

void expect_each_is_told(Rows& rows, boost::json::object& row, const Section& section,
                         const std::string& path) {
  for (const Column& column : section.columns) {
    boost::json::object* found = &row;
    if (!path.empty()) found = Rows::row_with(row, section, column.name);
    ASSERT_NE(found, nullptr) << section.name << "." << column.name << ": no row has it";
    auto& value = (*found)[column.name];
    const boost::json::value right = value;
    for (const boost::json::value& wrong : wrong_for(column)) {
      value = wrong;
      const auto problems = problems_of(rows.text());
      const std::string what =
          fmt::format("{}.{} = {}", section.name, column.name, boost::json::serialize(wrong));
      ASSERT_THAT(problems, testing::Not(IsEmpty())) << what;
      EXPECT_THAT(problems[0].path, testing::EndsWith(fmt::format(".{}", column.name))) << what;
      EXPECT_THAT(problems[0].file, "A.json");
    }
    if (!column.may_be_null) {
      value = nullptr;
      const auto problems = problems_of(rows.text());
      ASSERT_THAT(problems, testing::Not(IsEmpty())) << section.name << "." << column.name;
      EXPECT_THAT(problems[0].text, HasSubstr("is missing")) << column.name;
    }
    value = right;
  }
}

TEST(FormatTest, WhatNoColumnTakesIsToldWithItsPath) {
  Rows rows;
  ASSERT_THAT(problems_of(rows.text()), IsEmpty());

  for (const Section& section : server_sections())
    expect_each_is_told(rows, rows.root(), section, "$");
  for (const Section& section : database_sections())
    expect_each_is_told(rows, rows.last(), section, "$.databases[]");
  expect_each_is_told(rows, rows.last(), database_head(), "");

  EXPECT_THAT(problems_of(rows.text()), IsEmpty());
}

TEST(FormatTest, EveryWordOfADomainIsTaken) {
  Rows rows;
  const auto each = [&](boost::json::object& parent, const Section& section) {
    for (const Column& column : section.columns) {
      for (const std::string_view word : column.domain.words) {
        boost::json::object* row = Rows::row_with(parent, section, column.name);
        ASSERT_NE(row, nullptr) << section.name << "." << column.name;
        const boost::json::value right = (*row)[column.name];
        (*row)[column.name] = word;
        EXPECT_THAT(problems_of(rows.text()), IsEmpty()) << column.name << " = " << word;
        (*row)[column.name] = right;
      }
    }
  };
  for (const Section& section : server_sections()) each(rows.root(), section);
  for (const Section& section : database_sections()) each(rows.last(), section);
}

TEST(FormatTest, ProblemsSayWhatIsAllowed) {
  struct Case {
    const char* section;
    const char* column;
    boost::json::value value;
    const char* says;
  };
  for (const Case& one : {
           Case{"certificates", "pvt_key_encryption_type", "QQ",
                "is \"QQ\", not one of \"NA\", \"MK\", \"PW\", \"SK\"; take the snapshot again"},
           Case{"database_principals", "type", "Q", "is \"Q\", not one of \"S\", \"U\""},
           Case{"service_message_types", "validation", "Q", "not one of \"N\", \"E\", \"X\""},
           Case{"database_permissions", "state", "X", "not one of \"G\", \"W\", \"D\", \"R\""},
           Case{"routes", "lifetime", "QQ", "is \"QQ\", not a text with a date"},
           Case{"routes", "broker_instance", "QQ", "is \"QQ\", not a text with a GUID"},
           Case{"routes", "remote_service_name", "", "with 0 characters, not 1 to 256"},
           Case{"conversation_priorities", "priority", 11,
                "is 11, not a whole number from 1 to 10"},
           Case{"certificates", "thumbprint", "AB", "with 1 bytes, not 20 to 32"},
           Case{"certificates", "cert_serial_number", "Q", "hexadecimal digits, two a byte"},
       }) {
    Rows rows;
    auto* row = Rows::row_with(
        rows.last(), {.name = one.section, .view = {}, .where = {}, .columns = {}}, one.column);
    ASSERT_NE(row, nullptr) << one.column;
    (*row)[one.column] = one.value;
    const auto problems = problems_of(rows.text());
    ASSERT_THAT(problems, SizeIs(1)) << one.column;
    EXPECT_THAT(problems[0].message(), HasSubstr(one.says));
  }
}

TEST(FormatTest, MasterAndMsdbMustBeThere) {
  for (const std::string name : {"master", "msdb"}) {
    Rows rows;
    auto& databases = rows.root()["databases"].as_array();
    databases.erase(std::find_if(databases.begin(), databases.end(), [&](const auto& one) {
      return one.as_object().at("name").as_string() == name;
    }));
    const auto problems = problems_of(rows.text());
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_THAT(problems[0].message(), HasSubstr("$.databases: " + name + " is missing"));
  }
}

TEST(FormatTest, ACertificateEndsAfterItBegins) {
  Rows rows;
  auto* row = Rows::row_with(
      rows.last(), {.name = "certificates", .view = {}, .where = {}, .columns = {}}, "expiry_date");
  (*row)["expiry_date"] = "1999-01-01T00:00:00";
  const auto problems = problems_of(rows.text());
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].message(), HasSubstr("].expiry_date: is 1999-01-01T00:00:00, before"));
}

// Any one byte changed: read, or refused with a place; never anything else.
TEST(FormatTest, AChangedByteIsReadOrRefused) {
  constexpr std::size_t kStep = 61;  // so that every column is hit by some
  constexpr std::string_view kBytes = "\"Q0,}\x80";
  std::size_t read = 0;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < sound().size(); at += kStep) {
    std::string text = sound();
    text[at] = kBytes[at / kStep % kBytes.size()];
    std::vector<Problem> problems;
    const auto one = read_snapshot("A.json", text, problems);
    ASSERT_EQ(one.has_value(), problems.empty()) << at;
    ++(one ? read : refused);
    for (const Problem& problem : problems) ASSERT_THAT(problem.message(), StartsWith("A.json:"));
  }
  EXPECT_GT(read, 10U);
  EXPECT_GT(refused, 100U);
}

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
