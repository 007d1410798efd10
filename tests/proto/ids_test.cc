#include "proto/ids.h"

#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

namespace ssb::proto {
namespace {

constexpr const char* kText = "6F9619FF-8B86-D011-B42D-00C04FC964FF";

TEST(GuidTest, TheFirstThreeGroupsAreStoredLittleEndian) {
  const auto guid = Guid::parse(kText);

  ASSERT_TRUE(guid);
  EXPECT_EQ(to_hex(guid->view()), "FF19966F868B11D0B42D00C04FC964FF");
  EXPECT_EQ(guid->text(), kText);
  EXPECT_EQ(Guid::from_bytes(guid->view()), guid);
}

TEST(GuidTest, BracesAndLowerCaseAreRead) {
  const auto expected = Guid::parse(kText);

  EXPECT_EQ(Guid::parse("{6F9619FF-8B86-D011-B42D-00C04FC964FF}"), expected);
  EXPECT_EQ(Guid::parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"), expected);
}

TEST(GuidTest, OtherTextsAreNoGuid) {
  for (const char* text :
       {"", "6F9619FF8B86D011B42D00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964F",
        "6F9619FF-8B86-D011-B42D-00C04FC964FF0", "6F9619FF-8B86-D011-B42D-00C04FC964FG",
        "{6F9619FF-8B86-D011-B42D-00C04FC964FF", "(6F9619FF-8B86-D011-B42D-00C04FC964FF)",
        "6F9619FF08B86-D011-B42D-00C04FC964FF", "6F9619F--8B86-D011-B42D-00C04FC964FF",
        "{{F9619FF-8B86-D011-B42D-00C04FC964F}}"}) {
    EXPECT_FALSE(Guid::parse(text)) << text;
  }
}

TEST(GuidTest, OnlySixteenBytesAreAGuid) {
  EXPECT_TRUE(Guid::from_bytes(Bytes(16)));
  EXPECT_FALSE(Guid::from_bytes(Bytes(15)));
  EXPECT_FALSE(Guid::from_bytes(Bytes(17)));
  EXPECT_FALSE(Guid::from_bytes({}));
}

TEST(GuidTest, NullIsAllZeros) {
  EXPECT_TRUE(Guid().is_null());
  EXPECT_EQ(Guid().text(), "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(Guid::parse(kText)->is_null());
}

TEST(GuidTest, GuidsAreOrderedByTheirStoredBytes) {
  Guid low;
  Guid high;
  low.bytes[0] = 1;
  high.bytes[0] = 2;
  low.bytes[15] = 0xFF;

  EXPECT_LT(low, high);
  EXPECT_NE(low, high);
}

TEST(TypedGuidTest, KindsDoNotMixButConvertFromTheirBytes) {
  static_assert(!std::is_convertible_v<ConversationHandle, ConversationId>);
  static_assert(!std::is_convertible_v<Guid, KeyId>);
  const auto id = BrokerId::from_bytes(Guid::parse(kText)->view());

  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), kText);
  EXPECT_FALSE(id->is_null());
  EXPECT_TRUE(BrokerId().is_null());
  EXPECT_FALSE(BrokerId::from_bytes(Bytes(3)));
}

TEST(TypedGuidTest, IdsAreKeysOfUnorderedSets) {
  std::unordered_set<KeyId> ids;
  for (std::uint8_t i = 0; i < 100; ++i) {
    KeyId id;
    id.guid.bytes[7] = i;
    ids.insert(id);
    ids.insert(id);
  }

  EXPECT_EQ(ids.size(), 100U);
}

}  // namespace
}  // namespace ssb::proto
