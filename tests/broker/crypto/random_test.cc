#include "broker/crypto/random.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ssb::broker::crypto {
namespace {

TEST(RandomTest, ManyGuidsDifferAndAllAreOfVersionFour) {
  std::set<std::string> seen;

  for (int i = 0; i < 1000; ++i) {
    const std::string text = random_guid().text();
    EXPECT_EQ(text[14], '4') << text;
    EXPECT_NE(std::string("89AB").find(text[19]), std::string::npos) << text;
    seen.insert(text);
  }

  EXPECT_EQ(seen.size(), 1000U);
}

TEST(RandomTest, TypedIdsAreDrawnLikeGuids) {
  const auto id = random_id<proto::KeyId>();

  EXPECT_FALSE(id.is_null());
  EXPECT_EQ(id.text()[14], '4');
}

TEST(RandomTest, SecretsHaveTheirSizeAndDiffer) {
  const proto::Secret one = random_secret(16);
  const proto::Secret other = random_secret(16);

  EXPECT_EQ(one.size(), 16U);
  EXPECT_FALSE(one == other);
  EXPECT_TRUE(random_secret(0).empty());
}

TEST(RandomTest, TheSelfTestPassesWithOpenSslsOwnSource) {
  EXPECT_NO_THROW(check_random());
}

TEST(RandomTest, KeyDrawsForgetNoneOfTheLatest) {
  KeyDraws draws;
  std::set<std::string> seen;

  for (std::size_t i = 0; i < KeyDraws::kRemembered + 10; ++i)
    seen.insert(proto::to_string(draws.draw(16).view()));

  EXPECT_EQ(seen.size(), KeyDraws::kRemembered + 10);
}

// OpenSSL notices the fork: parent and child have one state, and must not have one stream.
TEST(RandomTest, AForkedProcessDrawsOtherBytes) {
  static_cast<void>(random_secret(16));  // seeded before the fork
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);

  const pid_t child = ::fork();
  if (child == 0) {
    const proto::Secret drawn = random_secret(16);
    const auto written = ::write(ends[1], drawn.view().data(), drawn.size());
    ::_exit(written == 16 ? 0 : 1);
  }
  const proto::Secret here = random_secret(16);
  std::array<std::uint8_t, 16> there{};
  const auto got = ::read(ends[0], there.data(), there.size());
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  ::close(ends[1]);

  ASSERT_EQ(status, 0);
  ASSERT_EQ(got, 16);
  EXPECT_FALSE(here == proto::Secret{proto::ByteView(there)});
}

TEST(RandomTest, BytesAreFilledToTheLast) {
  std::array<std::uint8_t, 32> ored{};

  for (int i = 0; i < 64; ++i) {
    std::array<std::uint8_t, 32> drawn{};
    random_bytes(drawn);
    for (std::size_t at = 0; at < drawn.size(); ++at) ored[at] |= drawn[at];
  }

  for (const auto byte : ored) EXPECT_EQ(byte, 0xFF);
  random_bytes({});
}

}  // namespace
}  // namespace ssb::broker::crypto
