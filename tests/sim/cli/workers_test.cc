#include "sim/cli/workers.h"

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ssb::sim::cli {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::string work(const std::string& request) {
  if (request == "die") std::raise(SIGKILL);
  if (request == "leave") ::_exit(7);
  if (request == "throw") throw std::runtime_error("on purpose");
  if (request == "no memory") throw std::bad_alloc();
  if (request == "hang") {
    while (true) ::pause();
  }
  if (request == "allocate") {
    std::string much(std::size_t{1} << 30, 'x');
    return std::to_string(much.size());
  }
  return "did " + request;
}

Workers::Done ask(Workers& workers, std::uint64_t tag, const std::string& request) {
  workers.give(tag, request);
  while (true) {
    const auto done = workers.wait(milliseconds(1000));
    if (!done.empty()) return done.front();
  }
}

TEST(WorkersTest, RequestsAreAnsweredByProcessesOfTheirOwn) {
  Workers workers({.count = 2}, work);
  workers.give(1, "a");
  workers.give(2, "b");
  EXPECT_FALSE(workers.has_free());

  std::map<std::uint64_t, std::string> replies;
  while (!workers.is_idle()) {
    for (const auto& done : workers.wait(milliseconds(1000))) replies[done.tag] = done.reply;
  }

  EXPECT_EQ(replies, (std::map<std::uint64_t, std::string>{{1, "did a"}, {2, "did b"}}));
}

TEST(WorkersTest, ARequestThatKillsItsProcessIsTheOnlyOneLost) {
  Workers workers({.count = 1}, work);

  EXPECT_EQ(ask(workers, 1, "a").reply, "did a");
  EXPECT_THAT(ask(workers, 2, "die").death, HasSubstr("signal 9"));
  EXPECT_THAT(ask(workers, 3, "leave").death, HasSubstr("code 7"));
  EXPECT_THAT(ask(workers, 4, "throw").death, HasSubstr("code 13"));
  EXPECT_EQ(ask(workers, 4, "no memory").death, "ran out of memory");
  const Workers::Done after = ask(workers, 5, "b");
  EXPECT_EQ(after.tag, 5U);
  EXPECT_EQ(after.reply, "did b");
  EXPECT_EQ(after.death, "");
}

TEST(WorkersTest, OneThatHangsIsKilled) {
  Workers workers({.count = 1, .at_most = milliseconds(1)}, work);

  const Workers::Done done = ask(workers, 1, "hang");

  EXPECT_THAT(done.death, HasSubstr("no answer within"));
  EXPECT_TRUE(workers.is_idle());
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(WorkersTest, MemoryIsBounded) {
  Workers workers({.count = 1, .memory_bytes = std::uint64_t{512} << 20}, work);

  EXPECT_THAT(ask(workers, 1, "allocate").death,
              HasSubstr("ran out of memory: it may use 512 MB (--mem-limit)"));
}
#endif

}  // namespace
}  // namespace ssb::sim::cli
