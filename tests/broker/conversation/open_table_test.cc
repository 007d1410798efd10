#include "broker/conversation/open_table.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace ssb::broker::conversation {
namespace {

struct Pair {
  std::uint32_t key = UINT32_MAX;
  std::uint32_t value = 0;
  [[nodiscard]] bool is_empty() const { return key == UINT32_MAX; }
};

// Many keys share a home, and some homes are at the end of the array.
std::uint64_t clashing_hash(std::uint32_t key) {
  return key % 3 == 0 ? UINT64_MAX : std::uint64_t{key % 17} << 59;
}
struct ClashingHash {
  std::uint64_t operator()(const Pair& pair) const { return clashing_hash(pair.key); }
};

class OpenTableTest : public testing::Test {
 protected:
  const Pair* find(std::uint32_t key) {
    return table.find(clashing_hash(key), [key](const Pair& pair) { return pair.key == key; });
  }

  OpenTable<Pair, ClashingHash> table{ClashingHash{}};
};

TEST_F(OpenTableTest, NothingIsFoundInAnEmptyOne) {
  EXPECT_EQ(find(7), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(OpenTableTest, ItHoldsWhatAMapHoldsAfterAnyAddingAndErasing) {
  std::map<std::uint32_t, std::uint32_t> model;
  std::mt19937 random(1);
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const auto key = static_cast<std::uint32_t>(random() % 300);
    const Pair* found = find(key);
    ASSERT_EQ(found != nullptr, model.contains(key)) << step;
    if (found == nullptr) {
      table.add({key, step});
      model[key] = step;
    } else {
      ASSERT_EQ(found->value, model.at(key)) << step;
      table.erase(found);
      model.erase(key);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  std::map<std::uint32_t, std::uint32_t> seen;
  table.each([&](const Pair& pair) { seen[pair.key] = pair.value; });
  EXPECT_EQ(seen, model);
}

TEST_F(OpenTableTest, WhatIsReservedFor_IsThereAndStaysThroughGrowth) {
  table.reserve(10);
  for (std::uint32_t key = 0; key < 1000; ++key) table.add({key, key + 1});

  for (std::uint32_t key = 0; key < 1000; ++key) {
    ASSERT_NE(find(key), nullptr) << key;
    EXPECT_EQ(find(key)->value, key + 1);
  }
}

}  // namespace
}  // namespace ssb::broker::conversation
