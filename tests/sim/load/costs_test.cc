#include "sim/load/costs.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ssb::sim::load {
namespace {

// Each count another number.
Costs numbered(std::uint64_t first) {
  Costs out;
  visit_costs(out, [&](const char*, std::uint64_t& value) { value = first++; });
  return out;
}

TEST(CostsTest, WhatHasComeSinceIsTheDifferenceOfEachCount) {
  const Costs since_then = since(numbered(100), numbered(58));

  visit_costs(since_then,
              [](const char* name, std::uint64_t value) { EXPECT_EQ(value, 42U) << name; });
}

TEST(CostsTest, OperationsAreForAThousandMessagesOfEachNode) {
  Costs initiator;
  initiator.dialogs.rsa_signs = 5;
  initiator.disk.bytes_written = 2048;
  Costs target;
  target.disk.syncs = 100;

  const auto operations = operations_of(initiator, target, 500);

  const auto of = [&](const std::string& what) {
    const auto found = std::find_if(operations.begin(), operations.end(),
                                    [&](const Operation& one) { return one.what == what; });
    return found == operations.end() ? Operation{} : *found;
  };
  EXPECT_DOUBLE_EQ(of("RSA sign").initiator, 10);
  EXPECT_DOUBLE_EQ(of("RSA sign").target, 0);
  EXPECT_DOUBLE_EQ(of("written to files, KiB").initiator, 4);
  EXPECT_DOUBLE_EQ(of("fsync or fdatasync").target, 200);
}

TEST(CostsTest, TheSystemsCallsAreThoseOfThisProcess) {
  Costs before;
  read_system_calls(before);
  Costs after;
  read_system_calls(after);  // which reads

  EXPECT_GT(after.read_calls, before.read_calls);
}

}  // namespace
}  // namespace ssb::sim::load
