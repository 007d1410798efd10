#include "broker/crypto/random.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

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
