#include "proto/secret.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace {

// One block of memory that is looked at in the moment before it is released.
const void* watched = nullptr;
std::size_t watched_bytes = 0;
bool was_released = false;
bool was_zero = false;

void release(void* block) noexcept {
  if (block != nullptr && block == watched) {
    const auto* bytes = static_cast<const std::uint8_t*>(block);
    was_zero = std::all_of(bytes, bytes + watched_bytes, [](std::uint8_t b) { return b == 0; });
    was_released = true;
    watched = nullptr;
  }
  std::free(block);
}

}  // namespace

// This program's allocation, so that the tests below can see what is released.
void* operator new(std::size_t size) {
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  release(block);
}

namespace ssb::proto {
namespace {

class Watch {
 public:
  explicit Watch(ByteView bytes) {
    watched = bytes.data();
    watched_bytes = bytes.size();
    was_released = was_zero = false;
  }
  [[nodiscard]] std::string seen() const {
    if (!was_released) return "not released";
    return was_zero ? "zero when released" : "still there when released";
  }
};

TEST(SecretTest, ErasedBytesAreZeroAndItsNeighboursAreNot) {
  std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};

  erase_bytes(bytes.data() + 2, 4);
  erase_bytes(nullptr, 0);

  EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{1, 2, 0, 0, 0, 0, 7, 8}));
}

TEST(SecretTest, BytesAreComparedToTheLast) {
  const Bytes bytes{1, 2, 3, 4};

  EXPECT_TRUE(equal_in_constant_time(bytes, Bytes{1, 2, 3, 4}));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_FALSE(equal_in_constant_time(bytes, Bytes{1, 2, 3}));
  EXPECT_FALSE(equal_in_constant_time(bytes, {}));
  for (std::size_t bit = 0; bit < 32; ++bit) {
    Bytes other = bytes;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(equal_in_constant_time(bytes, other)) << bit;
  }
}

TEST(SecretTest, SecretsMoveAndAreNotCopiedByAccident) {
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_copy_assignable_v<Secret>);
  Secret first(Bytes{1, 2, 3});

  Secret second(std::move(first));
  const Secret copy = second.clone();
  Secret third(Bytes{9});
  third = std::move(second);

  EXPECT_TRUE(third == copy);
  EXPECT_EQ(third.size(), 3U);
  EXPECT_TRUE(first.empty());   // NOLINT(bugprone-use-after-move): what moving leaves is promised
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SecretTest, AssigningToItselfKeepsTheBytes) {
  Secret secret(Bytes{1, 2, 3});
  Secret& same = secret;

  secret = std::move(same);

  EXPECT_EQ(to_hex(secret.view()), "010203");
}

TEST(SecretTest, WhatASecretHeldIsZeroWhenItGoes) {
  auto secret = std::make_unique<Secret>(Bytes(64, 0xAA));
  Watch watch(secret->view());

  secret.reset();

  EXPECT_EQ(watch.seen(), "zero when released");
}

TEST(SecretTest, WhatASecretHeldIsZeroWhenItIsReplaced) {
  Secret secret(Bytes(64, 0xAA));
  Watch watch(secret.view());

  secret = Secret(Bytes(64, 0xBB));

  EXPECT_EQ(watch.seen(), "zero when released");
}

TEST(SecretTest, TheWatchSeesOrdinaryBytesThatAreNotErased) {
  auto bytes = std::make_unique<Bytes>(64, std::uint8_t{0xAA});
  Watch watch(*bytes);

  bytes.reset();

  EXPECT_EQ(watch.seen(), "still there when released");
}

TEST(SecretTest, AFreshSecretOfASizeIsZero) {
  const Secret secret(5);

  EXPECT_EQ(to_hex(secret.view()), "0000000000");
}

}  // namespace
}  // namespace ssb::proto
