#include "broker/conversation/queue_index.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::broker::conversation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

proto::ConversationGroupId group(std::uint8_t number) {
  return proto::ConversationGroupId::from_bytes(proto::Bytes(16, number)).value();
}
proto::ConversationHandle conversation(std::uint8_t number) {
  return proto::ConversationHandle::from_bytes(proto::Bytes(16, number)).value();
}
QueueEntry entry(std::int64_t order, std::uint8_t of, int priority = 5, int rank = 2) {
  QueueEntry out;
  out.order = order;
  out.conversation = conversation(of);
  out.priority = static_cast<std::uint8_t>(priority);
  out.rank = static_cast<std::uint8_t>(rank);
  return out;
}
std::vector<std::int64_t> orders(const std::vector<QueueEntry*>& entries) {
  std::vector<std::int64_t> out;
  for (const QueueEntry* one : entries) out.push_back(one->order);
  return out;
}

class QueueIndexTest : public testing::Test {
 protected:
  std::optional<proto::ConversationGroupId> next(const std::vector<std::uint8_t>& locked = {}) {
    return index.next([&](proto::ConversationGroupId id) {
      return std::none_of(locked.begin(), locked.end(),
                          [&](std::uint8_t number) { return id == group(number); });
    });
  }
  std::vector<std::int64_t> waiting(std::uint8_t of, std::size_t at_most = 100) {
    return orders(index.waiting(group(of), std::nullopt, at_most));
  }
  void take(std::uint8_t of, std::size_t at_most) {
    index.take(group(of), index.waiting(group(of), std::nullopt, at_most), 77);
  }

  QueueIndex index;
};

TEST_F(QueueIndexTest, TheGroupOfTheOldestMessageIsNextUnlessItIsLocked) {
  index.add(group(2), entry(1, 2));
  index.add(group(1), entry(2, 1));
  index.add(group(2), entry(3, 2));

  EXPECT_EQ(next(), group(2));
  EXPECT_EQ(next({2}), group(1));
  EXPECT_EQ(next({1, 2}), std::nullopt);
}

TEST_F(QueueIndexTest, AHigherPriorityGoesBeforeAnOlderMessage) {
  index.add(group(1), entry(1, 1, 5));
  index.add(group(2), entry(2, 2, 9));
  EXPECT_EQ(next(), group(2));

  index.add(group(1), entry(3, 1, 10));
  EXPECT_EQ(next(), group(1));
}

TEST_F(QueueIndexTest, ErrorsAndTimersAreReceivedBeforeOlderMessagesOfTheirGroup) {
  index.add(group(1), entry(1, 1));
  index.add(group(1), entry(2, 1, 5, 1));
  index.add(group(1), entry(3, 1, 5, 0));

  EXPECT_THAT(waiting(1), ElementsAre(3, 2, 1));
  EXPECT_THAT(waiting(1, 1), ElementsAre(3));
}

TEST_F(QueueIndexTest, WhatIsTakenWaitsNoMoreUntilItIsGivenBack) {
  for (std::int64_t order = 1; order <= 4; ++order) index.add(group(1), entry(order, 1));
  take(1, 3);

  EXPECT_THAT(waiting(1), ElementsAre(4));
  index.give_back(group(1), {1, 2, 3});
  EXPECT_THAT(waiting(1), ElementsAre(1, 2, 3, 4));
  take(1, 4);
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(QueueIndexTest, RemovedMessagesAreToldAndThoseThatAreGoneAlreadyAreNot) {
  for (std::int64_t order = 1; order <= 3; ++order) index.add(group(1), entry(order, 1));
  std::vector<std::int64_t> told;
  const auto tell = [&](const QueueEntry& removed) { told.push_back(removed.order); };

  index.remove(group(1), {1, 2}, tell);
  index.remove(group(1), {2, 3}, tell);

  EXPECT_THAT(told, ElementsAre(1, 2, 3));
  EXPECT_TRUE(index.is_empty());
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(QueueIndexTest, AConversationMovesWithItsMessagesAndTheyStayInOrder) {
  index.add(group(1), entry(1, 1));
  index.add(group(2), entry(2, 2));
  index.add(group(1), entry(3, 3));

  index.move(group(1), group(2), conversation(1));

  EXPECT_THAT(waiting(1), ElementsAre(3));
  EXPECT_THAT(waiting(2), ElementsAre(1, 2));
  EXPECT_EQ(next(), group(2));
  EXPECT_EQ(index.find(group(1), 1), nullptr);
  ASSERT_NE(index.find(group(2), 1), nullptr);
  EXPECT_EQ(index.size(), 3U);
}

TEST_F(QueueIndexTest, WhatWasTakenAndMovedIsRemovedWhereItIs) {
  index.add(group(1), entry(1, 1));
  index.add(group(1), entry(2, 1));
  take(1, 2);
  index.move(group(1), group(2), conversation(1));

  std::vector<std::int64_t> told;
  index.remove(group(1), {1}, [&](const QueueEntry& removed) { told.push_back(removed.order); });
  index.give_back(group(1), {2});

  EXPECT_THAT(told, ElementsAre(1));
  EXPECT_THAT(waiting(2), ElementsAre(2));
}

TEST_F(QueueIndexTest, WhatWasTakenAndDroppedIsNeitherRemovedNorGivenBack) {
  index.add(group(1), entry(1, 1));
  index.add(group(1), entry(2, 1));
  index.add(group(2), entry(3, 2));
  take(1, 2);
  index.move(group(1), group(2), conversation(1));
  index.remove_conversation(group(2), conversation(1), [](const QueueEntry&) {});

  index.remove(group(1), {1}, [](const QueueEntry&) { ADD_FAILURE(); });
  index.give_back(group(1), {2});

  EXPECT_THAT(waiting(2), ElementsAre(3));
  EXPECT_EQ(index.size(), 1U);
}

TEST_F(QueueIndexTest, AGroupStaysInOrderWhileItsFirstGoAndOthersCome) {
  std::int64_t newest = 0;
  std::int64_t oldest = 1;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 7; ++i) index.add(group(1), entry(++newest, 1));
    for (int i = 0; i < 5; ++i, ++oldest) {
      ASSERT_THAT(waiting(1, 1), ElementsAre(oldest));
      index.remove(group(1), {oldest}, [](const QueueEntry&) {});
    }
    ASSERT_NE(index.find(group(1), newest), nullptr);
    ASSERT_EQ(index.find(group(1), oldest - 1), nullptr);
  }
  EXPECT_EQ(index.size(), 100U);
}

TEST_F(QueueIndexTest, OneConversationOfAGroupIsDroppedAloneAndAskedAlone) {
  index.add(group(1), entry(1, 1));
  index.add(group(1), entry(2, 2));
  EXPECT_THAT(orders(index.waiting(group(1), conversation(2), 100)), ElementsAre(2));

  index.remove_conversation(group(1), conversation(1), [](const QueueEntry&) {});

  EXPECT_THAT(waiting(1), ElementsAre(2));
  EXPECT_THAT(waiting(9), IsEmpty());
}

}  // namespace
}  // namespace ssb::broker::conversation
