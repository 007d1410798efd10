#include "sim/load/exchange.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "sim/load/run.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;

class ExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ssb-exchange-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void write(const std::string& text) const { std::ofstream(folder_ / "target.json") << text; }
  fs::path folder_;
};

TEST_F(ExchangeTest, AnIntroductionReadsAsItWasWritten) {
  Introduction introduction;
  introduction.load = "one";
  introduction.address = "10.0.0.1:4022";
  introduction.certificates["a.cer"] = {1, 2, 0xFF};
  introduction.workload.emplace().size_bytes = 77;
  introduction.workload->security = Security::anonymous;

  write_introduction(folder_ / "new", Side::initiator, introduction);
  const auto read = read_introduction(folder_ / "new", Side::initiator);

  ASSERT_TRUE(read);
  EXPECT_EQ(read->load, "one");
  EXPECT_EQ(read->address, "10.0.0.1:4022");
  EXPECT_EQ(read->certificates, introduction.certificates);
  EXPECT_EQ(read->workload->size_bytes, 77U);
  EXPECT_EQ(read->workload->security, Security::anonymous);
  EXPECT_FALSE(read_introduction(folder_ / "new", Side::target));
}

TEST_F(ExchangeTest, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "{}", "[]", R"({"load": "a", "address": "b", "certificates": {"x": "zz"}})",
        R"({"load": "a", "address": "b", "certificates": {"../x": "00"}})"}) {
    write(text);

    EXPECT_THROW(static_cast<void>(read_introduction(folder_, Side::target)), LoadFailure) << text;
  }
}

TEST_F(ExchangeTest, AFolderThatCannotBeWrittenIsAFailure) {
  EXPECT_THROW(write_introduction("/proc/nowhere", Side::target, {}), LoadFailure);
}

TEST(HostPortTest, IsReadAndWritten) {
  for (const char* text : {"127.0.0.1:4022", "host:1", "[::1]:4022"}) {
    const auto read = parse_host_port(text);

    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->text(), text);
  }
  for (const char* text :
       {"", ":1", "host", "host:", "host:x", "host:70000", "::1:4022", "[]:1", "h:1x"})
    EXPECT_FALSE(parse_host_port(text)) << text;
}

TEST(HostPortTest, PortZeroBecomesOneThatAnEndpointMayHave) {
  const HostPort free = with_free_port({.host = "127.0.0.1", .port = 0});

  EXPECT_GE(free.port, 1024);
  EXPECT_LE(free.port, 32767);
  EXPECT_EQ(with_free_port({.host = "127.0.0.1", .port = 4022}).port, 4022);
  for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{4022}})
    EXPECT_THROW(static_cast<void>(with_free_port({.host = "a.name", .port = port})), LoadFailure);
}

}  // namespace
}  // namespace ssb::sim::load
