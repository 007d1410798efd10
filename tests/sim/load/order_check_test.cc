#include "sim/load/order_check.h"

#include <gtest/gtest.h>

#include "sim/load/body.h"

namespace ssb::sim::load {
namespace {

proto::ConversationHandle dialog(std::uint8_t number) {
  proto::ConversationHandle handle;
  handle.guid.bytes[0] = number;
  return handle;
}

TEST(OrderCheckTest, EachDialogIsCountedByItself) {
  OrderCheck check;

  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(check.arrived(dialog(1), i), "");
    EXPECT_EQ(check.arrived(dialog(2), i), "");
  }
  EXPECT_EQ(check.ended(dialog(1), 3), "");
  EXPECT_EQ(check.open_dialogs(), 1U);
}

TEST(OrderCheckTest, ARepetitionALossAndADisorderAreSeen) {
  OrderCheck check;
  static_cast<void>(check.arrived(dialog(1), 0));
  static_cast<void>(check.arrived(dialog(1), 1));

  EXPECT_NE(check.arrived(dialog(1), 1).find("repeated"), std::string::npos);
  EXPECT_NE(check.arrived(dialog(1), 3).find("lost or out of order"), std::string::npos);
  EXPECT_NE(check.arrived(dialog(2), 1).find("message 1 came where 0 was due"), std::string::npos);
}

TEST(OrderCheckTest, ADialogThatEndsEarlyIsSeen) {
  OrderCheck check;
  static_cast<void>(check.arrived(dialog(1), 0));

  EXPECT_NE(check.ended(dialog(1), 2).find("after 1 of 2"), std::string::npos);
  EXPECT_NE(check.ended(dialog(3), 2).find("after 0 of 2"), std::string::npos);
  EXPECT_EQ(check.ended(dialog(4), 0), "");  // as many as it likes
}

TEST(BodyTest, AStampIsReadAsItWasWritten) {
  const Body body(1024);

  const auto stamp = body.read(body.stamped({.sequence = 7, .intended = 123456789}));

  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->sequence, 7U);
  EXPECT_EQ(stamp->intended, 123456789);
}

TEST(BodyTest, AChangedByteAndAnotherLengthAreSeen) {
  const Body body(64);
  auto changed = body.stamped({.sequence = 1, .intended = 2});
  changed[40] ^= 1U;
  auto longer = body.stamped({.sequence = 1, .intended = 2});
  longer.push_back(0);

  EXPECT_FALSE(body.read(changed));
  EXPECT_FALSE(body.read(longer));
  EXPECT_FALSE(body.read({}));
}

}  // namespace
}  // namespace ssb::sim::load
