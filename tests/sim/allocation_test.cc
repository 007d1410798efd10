// Memory that runs out: which allocation fails, and which do not count.
#include "sim/allocation.h"

#include <memory>
#include <new>

#include <gtest/gtest.h>

#include "broker/store/store.h"
#include "broker/tsql/xpath.h"

namespace ssb::sim {
namespace {

// The compiler must not see that it is for nothing.
std::unique_ptr<int> allocate() {
  auto made = std::make_unique<int>(1);
  *static_cast<volatile int*>(made.get()) = 2;
  return made;
}

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_fail_allocations()) GTEST_SKIP() << "a sanitizer has its own operator new";
  }
};

TEST_F(AllocationTest, TheNthAllocationFailsAndNoOther) {
  std::uint64_t left = 3;
  const CountAllocations counting(left);

  EXPECT_NE(allocate(), nullptr);
  EXPECT_NE(allocate(), nullptr);
  EXPECT_EQ(left, 1U);
  EXPECT_THROW((void)allocate(), std::bad_alloc);
  EXPECT_NE(allocate(), nullptr);
  EXPECT_EQ(left, 0U);
}

TEST_F(AllocationTest, NothingCountsWhenNobodyDoesOrInAPause) {
  std::uint64_t left = 1;
  { const CountAllocations counting(left); }
  EXPECT_NE(allocate(), nullptr);

  const CountAllocations counting(left);
  {
    const PauseAllocations pause;
    EXPECT_NE(allocate(), nullptr);
  }
  EXPECT_EQ(left, 1U);
  EXPECT_THROW((void)allocate(), std::bad_alloc);
}

// GCC's variant of strings and vectors alone would destroy what was never made.
TEST_F(AllocationTest, ACopyOfAValueThatRunsOutOfMemoryChangesNothing) {
  const std::string text(100, 'x');
  const std::vector<broker::store::Value> row = {std::int64_t{1}, text, proto::Bytes(100), text};
  const std::vector<broker::tsql::XmlItem> items = {1.0, true, text};
  // The row itself, its two texts and its bytes; the list, and its text.
  for (std::uint64_t n = 1; n <= 4; ++n) {
    std::uint64_t left = n;
    const CountAllocations counting(left);
    EXPECT_THROW(std::vector<broker::store::Value>{row}, std::bad_alloc) << n;
  }
  for (std::uint64_t n = 1; n <= 2; ++n) {
    std::uint64_t left = n;
    const CountAllocations counting(left);
    EXPECT_THROW(std::vector<broker::tsql::XmlItem>{items}, std::bad_alloc) << n;
  }
  EXPECT_EQ(std::get<std::string>(row[3]), text);
}

}  // namespace
}  // namespace ssb::sim
