#include "broker/conversation/endpoint_index.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::broker::conversation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

proto::Guid guid(std::uint32_t number) {
  proto::Guid out;
  for (std::size_t i = 0; i < 4; ++i)
    out.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return out;
}
proto::ConversationHandle handle_id(std::uint32_t number) {
  return {guid(number)};
}
proto::ConversationId conversation_id(std::uint32_t number) {
  return {guid(number)};
}
proto::ConversationGroupId group_id(std::uint32_t number) {
  return {guid(number)};
}
proto::TimePoint second(int number) {
  return proto::TimePoint(std::chrono::seconds(number));
}

class EndpointIndexTest : public testing::Test {
 protected:
  EndpointIndex::Ref add(std::uint32_t number, std::uint32_t of_group, std::int32_t service = 1) {
    EndpointIndex::Entry entry;
    entry.handle = handle_id(number);
    entry.conversation = conversation_id(number);
    entry.is_initiator = true;
    entry.group = group_id(of_group);
    entry.number = number;
    return index.add(entry, service);
  }
  // Who is due, in order; none stays.
  std::vector<proto::ConversationHandle> drain() {
    std::vector<proto::ConversationHandle> out;
    while (index.first_due() != EndpointIndex::kNone) {
      const auto first = index.first_due();
      out.push_back(index.at(first).handle);
      index.set_due(first, proto::kNever);
    }
    return out;
  }

  EndpointIndex index{IdHash({1, 2})};
};

TEST_F(EndpointIndexTest, AnEndpointIsFoundByItsHandleAndByItsSideOfTheConversation) {
  const auto ref = add(7, 1);

  EXPECT_EQ(index.find(handle_id(7)), ref);
  EXPECT_EQ(index.find(conversation_id(7), true), ref);
  EXPECT_EQ(index.find(conversation_id(7), false), EndpointIndex::kNone);
  EXPECT_EQ(index.find(handle_id(8)), EndpointIndex::kNone);
}

TEST_F(EndpointIndexTest, TheSecondOfAHandleOrOfASideIsNotTaken) {
  add(7, 1);

  EXPECT_EQ(add(7, 2), EndpointIndex::kNone);
  EXPECT_EQ(index.size(), 1U);
}

TEST_F(EndpointIndexTest, WhoIsDueComesByTimeAndThenByHandle) {
  for (const std::uint32_t number : {4U, 2U, 9U, 1U}) index.set_due(add(number, 1), second(10));
  index.set_due(index.find(handle_id(9)), second(5));
  index.set_due(index.find(handle_id(2)), second(20));
  add(3, 1);

  EXPECT_THAT(drain(), ElementsAre(handle_id(9), handle_id(1), handle_id(4), handle_id(2)));
}

TEST_F(EndpointIndexTest, TheDueOnesAreInOrderAfterAnyChanges) {
  std::mt19937 random(3);
  std::set<std::pair<proto::TimePoint, proto::ConversationHandle>> model;
  for (std::uint32_t number = 1; number <= 500; ++number) add(number, number);
  const auto forget = [&](EndpointIndex::Ref ref) {
    model.erase({index.at(ref).due, index.at(ref).handle});
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto number = static_cast<std::uint32_t>(random() % 500 + 1);
    const auto ref = index.find(handle_id(number));
    forget(ref);
    if (step % 7 == 0) {
      index.remove(ref);
      add(number, number);
      continue;
    }
    const bool is_never = step % 11 == 0;
    const auto at = is_never ? proto::kNever : second(static_cast<int>(random() % 40));
    index.set_due(ref, at);
    if (!is_never) model.emplace(at, handle_id(number));
    ASSERT_EQ(index.at(index.first_due()).handle, model.begin()->second) << step;
  }
  std::vector<proto::ConversationHandle> wanted;
  for (const auto& [at, own] : model) wanted.push_back(own);
  EXPECT_EQ(drain(), wanted);
}

TEST_F(EndpointIndexTest, ListsAreSorted) {
  for (const std::uint32_t number : {300U, 2U, 70'000U}) add(number, 1000 - number % 1000);

  EXPECT_THAT(index.handles(), ElementsAre(handle_id(2), handle_id(300), handle_id(70'000)));
  std::vector<proto::ConversationGroupId> groups;
  for (const auto& one : index.groups()) groups.push_back(one.id);
  EXPECT_THAT(groups, ElementsAre(group_id(700), group_id(998), group_id(1000)));
}

TEST_F(EndpointIndexTest, AGroupGoesWithItsLastMemberWhenNobodyHoldsIt) {
  add(1, 5, 8);
  add(2, 5, 8);
  index.hold_group(group_id(6), 9);
  ASSERT_EQ(index.group(group_id(5))->members, 2U);

  index.set_group(index.find(handle_id(2)), group_id(6));
  index.remove(index.find(handle_id(1)));
  index.forget_group_without_members(group_id(5));
  index.forget_group_without_members(group_id(6));

  EXPECT_EQ(index.group(group_id(5)), nullptr);
  ASSERT_NE(index.group(group_id(6)), nullptr);
  EXPECT_EQ(index.group(group_id(6))->members, 1U);
  EXPECT_EQ(index.group(group_id(6))->service, 8);
}

TEST_F(EndpointIndexTest, TheFirstTimerIsOfThoseThatHaveOne) {
  const auto ref = add(1, 1);
  index.set_due(ref, second(30));
  const auto other = add(2, 2);
  index.set_due(other, second(10));
  EXPECT_EQ(index.first_timer(), proto::kNever);

  index.set_timer(ref, true);
  index.set_timer(other, true);
  EXPECT_EQ(index.first_timer(), second(10));
  index.set_timer(other, false);
  EXPECT_EQ(index.first_timer(), second(30));
  index.remove(ref);
  EXPECT_EQ(index.first_timer(), proto::kNever);
}

TEST_F(EndpointIndexTest, PlacesOfThoseThatWentAreUsedAgainAndAllStaysFound) {
  for (std::uint32_t number = 1; number <= 5000; ++number) add(number, number);
  for (std::uint32_t number = 1; number <= 5000; number += 2) {
    index.remove(index.find(handle_id(number)));
    index.forget_group_without_members(group_id(number));
  }
  for (std::uint32_t number = 10'001; number <= 12'500; ++number) {
    EXPECT_LT(add(number, number), 5000U);
  }

  EXPECT_EQ(index.size(), 5000U);
  for (std::uint32_t number = 2; number <= 5000; number += 2) {
    ASSERT_NE(index.find(handle_id(number)), EndpointIndex::kNone) << number;
    ASSERT_EQ(index.find(handle_id(number - 1)), EndpointIndex::kNone) << number;
  }
}

// What goal 11 of docs/benchmarks.md counts on.
TEST_F(EndpointIndexTest, AnEntryTakesNoMoreThan80Bytes) {
  EXPECT_LE(sizeof(EndpointIndex::Entry), 80U);
  EXPECT_LE(sizeof(EndpointIndex::Group), 24U);
}

TEST(IdHashTest, IsSipHash13OfTheThreeWords) {
  const IdHash one({1, 2});
  const IdHash other({1, 3});
  proto::Guid id = guid(77);

  EXPECT_NE(one(id, 0), other(id, 0));
  EXPECT_NE(one(id, 0), one(id, 1));
  EXPECT_EQ(one(id, 0), IdHash({1, 2})(id, 0));
}

}  // namespace
}  // namespace ssb::broker::conversation
