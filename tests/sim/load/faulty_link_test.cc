#include "sim/load/faulty_link.h"

#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/load/clock.h"
#include "sim/load/node_pair.h"

namespace ssb::sim::load {
namespace {

sockaddr_in at(const std::string& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(kLoadPort);
  ::inet_pton(AF_INET, address.c_str(), &out.sin_addr);
  return out;
}

// One connection through it: the test is both ends.
class FaultyLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    const sockaddr_in own = at(loopback_address(7));
    ASSERT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0);
    ASSERT_EQ(::listen(listener_, 1), 0);
    connect();
  }
  void connect() {
    opener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in link = at(loopback_address(6));
    ASSERT_EQ(::connect(opener_, reinterpret_cast<const sockaddr*>(&link), sizeof(link)), 0);
    other_ = ::accept(listener_, nullptr, nullptr);
    ASSERT_GE(other_, 0);
  }
  void TearDown() override {
    for (const int each : {opener_, other_, listener_}) ::close(each);
  }
  static void say(int to, const std::string& text) {
    ASSERT_EQ(::send(to, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static std::string hear(int from, std::size_t size) {
    std::string out(size, ' ');
    const ssize_t count = ::recv(from, out.data(), size, MSG_WAITALL);
    return count < 0 ? std::string("error") : out.substr(0, static_cast<std::size_t>(count));
  }

  FaultyLink link_{{{.listen_address = loopback_address(6),
                     .to_address = loopback_address(7),
                     .port = kLoadPort}}};
  int listener_ = -1, opener_ = -1, other_ = -1;
};

TEST_F(FaultyLinkTest, BytesPassBothWaysUnchangedAndAnEndIsPassedOn) {
  const std::string much(300'000, 'x');  // more than its buffers

  say(opener_, "there");
  EXPECT_EQ(hear(other_, 5), "there");
  say(other_, much);
  EXPECT_EQ(hear(opener_, much.size()), much);
  ::shutdown(opener_, SHUT_WR);
  EXPECT_EQ(hear(other_, 1), "");
  say(other_, "last");
  EXPECT_EQ(hear(opener_, 4), "last");
}

TEST_F(FaultyLinkTest, ACutResetsBothEndsAndANewConnectionPasses) {
  say(opener_, "there");
  EXPECT_EQ(hear(other_, 5), "there");

  link_.cut();

  EXPECT_EQ(hear(opener_, 1), "error");
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(hear(other_, 1), "error");
  ::close(opener_);
  ::close(other_);
  connect();
  say(opener_, "again");
  EXPECT_EQ(hear(other_, 5), "again");
}

TEST_F(FaultyLinkTest, WhatIsSentWhileItStandsStillComesAfterwards) {
  const Nanoseconds before = monotonic_now();
  link_.stall();
  // It may not have heard of it yet: what is said goes on being said until it has.
  std::size_t said = 0;
  for (; monotonic_now() - before < FaultyLink::kStall / 2; ++said) say(opener_, "x");

  EXPECT_EQ(hear(other_, said), std::string(said, 'x'));
  EXPECT_GE(monotonic_now() - before, FaultyLink::kStall);
}

}  // namespace
}  // namespace ssb::sim::load
