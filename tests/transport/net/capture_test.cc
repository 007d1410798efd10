#include "transport/net/capture.h"

#include <array>
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "tests/transport/net/hosts.h"

namespace ssb::net {
namespace {

constexpr proto::TimePoint kAt = proto::from_unix_us(1'227'700'800'123'456);
const std::string kA = "127.0.0.2:41000";
const std::string kB = "127.0.0.3:4022";

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> block{};
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe))
    output.append(block.data(), got);
  ::pclose(pipe);
  return output;
}

TEST(CaptureTest, ATextIsFoundInBothEncodingsAcrossPartsAndOnlyBetweenItsHosts) {
  Capture capture;
  capture.record(kAt, true, kA, kB, proto::as_bytes("...the sec"));
  capture.record(kAt, true, kB, kA, proto::as_bytes("in between"));
  capture.record(kAt, true, kA, kB, proto::as_bytes("ret..."));
  const proto::Bytes wide = proto::to_utf16le("großes Geheimnis");
  capture.record(kAt, true, kB, kA, proto::ByteView(wide).first(9));
  capture.record(kAt, true, kB, kA, proto::ByteView(wide).subspan(9));

  EXPECT_TRUE(capture.contains("the secret", "127.0.0.2", "127.0.0.3"));
  EXPECT_TRUE(capture.contains("the secret", "127.0.0.3", "127.0.0.2"));
  EXPECT_TRUE(capture.contains("großes Geheimnis", "", ""));
  EXPECT_FALSE(capture.contains("the secret", "127.0.0.2", "127.0.0.4"));
  EXPECT_FALSE(capture.contains("secin", "", ""));  // of two directions
  EXPECT_FALSE(capture.contains("the secret!", "", ""));
  EXPECT_FALSE(capture.contains("", "", ""));
}

TEST(CaptureTest, WhatWasBeforeAMarkDoesNotCount) {
  Capture capture;
  capture.record(kAt, true, kA, kB, proto::as_bytes("before"));
  const auto mark = capture.position();
  capture.record(kAt, true, kA, kB, proto::as_bytes("after"));

  EXPECT_FALSE(capture.contains("before", "", "", mark));
  EXPECT_TRUE(capture.contains("after", "", "", mark));
  EXPECT_EQ(capture.bytes_between("", "", mark), 5U);
}

TEST(CaptureTest, BytesBetweenKnownHostsAreRecordedOnce) {
  Capture capture;
  capture.add_host("127.0.0.2");
  capture.add_host("127.0.0.3");

  capture.record(kAt, true, kA, kB, proto::as_bytes("hello"));
  capture.record(kAt, false, kB, kA, proto::as_bytes("hello"));
  capture.record(kAt, false, kB, "127.0.0.9:50000", proto::as_bytes("stranger"));

  EXPECT_EQ(capture.bytes_between("", ""), 13U);
}

TEST(CaptureTest, TsharkReadsTheFileAndFindsNothingWrong) {
  if (output_of("command -v tshark").empty()) GTEST_SKIP() << "tshark is not installed";
  test::TemporaryFolder folder;
  const auto file = folder.path() / "x.pcap";
  {
    Capture capture(file);
    capture.record(kAt, true, kA, kB, proto::as_bytes("first"));
    capture.record(kAt, true, kB, kA, proto::Bytes(70'000, 'x'));
    capture.record(kAt, true, kA, kB, proto::as_bytes("second"));
    capture.record(kAt, true, "[::1]:5000", "[::1]:4022", proto::as_bytes("six"));
  }

  const std::string fields = output_of(
      "tshark -r " + file.string() +
      " -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -T fields -e ip.src -e tcp.len "
      "-e ip.checksum.status -e tcp.checksum.status -e tcp.analysis.flags 2>&1");
  const std::string expected =
      "127.0.0.2\t0\t1\t1\t\n127.0.0.3\t0\t1\t1\t\n127.0.0.2\t0\t1\t1\t\n127.0.0.2\t5\t1\t1\t\n"
      "127.0.0.3\t32768\t1\t1\t\n127.0.0.3\t32768\t1\t1\t\n127.0.0.3\t4464\t1\t1\t\n127.0.0."
      "2\t6\t1\t1\t\n";
  EXPECT_TRUE(fields.find(expected) != std::string::npos) << fields;
  const std::string stream =
      output_of("tshark -r " + file.string() + " -q -z follow,tcp,ascii,0 2>&1");
  EXPECT_NE(stream.find("second"), std::string::npos);
}

}  // namespace
}  // namespace ssb::net
