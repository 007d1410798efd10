// Memory that runs out: which allocation fails, and which do not count.
#include "sim/allocation.h"

#include <memory>
#include <new>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ssb::sim
