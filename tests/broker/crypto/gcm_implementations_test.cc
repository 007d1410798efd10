// That the two implementations of AES-GCM cannot be told apart, which of them is taken, and what of a key stays behind.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "broker/crypto/aes.h"
#include "broker/crypto/random.h"

namespace {

// A part of one block of memory that is looked at in the moment before the block is released.
const std::uint8_t* watched_part = nullptr;
std::size_t watched_part_bytes = 0;
bool was_part_released = false;
bool was_part_zero = false;

void release_watched(void* block) noexcept {
  const auto* const begin = static_cast<const std::uint8_t*>(block);
  const bool is_it = watched_part != nullptr && begin != nullptr && begin <= watched_part &&
                     watched_part < begin + malloc_usable_size(block);
  if (is_it) {
    was_part_zero = std::all_of(watched_part, watched_part + watched_part_bytes,
                                [](std::uint8_t b) { return b == 0; });
    was_part_released = true;
    watched_part = nullptr;
  }
  std::free(block);
}

}  // namespace

// This program's allocation, so that the tests below can see what is released.
void* operator new(std::size_t size) {
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void operator delete(void* block) noexcept {
  release_watched(block);
}
void operator delete[](void* block) noexcept {
  release_watched(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  release_watched(block);
}
void operator delete(void* block, std::size_t) noexcept {
  release_watched(block);
}

namespace ssb::broker::crypto {
namespace {

using proto::Bytes;
using proto::ByteView;
using proto::Secret;

constexpr std::size_t kSizeMax = 70'000;
constexpr std::size_t kAdditionalBytesMax = 600;

class GcmAgreementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_use_ipsec_mb()) GTEST_SKIP() << "there is one implementation alone";
  }
  Bytes drawn(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }
  // Both seal the same, and each opens what the other sealed.
  void check(std::size_t size, std::size_t additional_bytes) {
    const Secret key(drawn(random_() % 4 == 0 ? 32 : 16));
    AesGcm openssl(key, GcmUse::both, GcmImplementation::openssl);
    AesGcm ipsec_mb(key, GcmUse::both, GcmImplementation::ipsec_mb);
    const Bytes nonce = drawn(kGcmNonceBytes);
    const Bytes additional = drawn(additional_bytes);
    const Bytes plaintext = drawn(size);
    Bytes by_openssl;
    Bytes by_ipsec_mb;

    openssl.seal(nonce, additional, plaintext, by_openssl);
    ipsec_mb.seal(nonce, additional, plaintext, by_ipsec_mb);

    ASSERT_EQ(by_openssl, by_ipsec_mb) << size << " bytes, " << additional_bytes << " additional";
    ASSERT_EQ(openssl.open(nonce, additional, by_ipsec_mb), plaintext) << size;
    ASSERT_EQ(ipsec_mb.open(nonce, additional, by_openssl), plaintext) << size;
    for (AesGcm* gcm : {&openssl, &ipsec_mb}) check_damages(*gcm, nonce, additional, by_openssl);
  }
  // One bit anywhere in any of the four, drawn.
  void check_damages(AesGcm& gcm, const Bytes& nonce, const Bytes& additional,
                     const Bytes& sealed) {
    Bytes other_nonce = nonce;
    Bytes other_additional = additional;
    Bytes other_text = sealed;
    Bytes other_tag = sealed;
    flip(other_nonce);
    flip(other_additional);
    flip(std::span(other_text).first(sealed.size() - kGcmTagBytes));
    flip(std::span(other_tag).last(kGcmTagBytes));
    EXPECT_FALSE(gcm.open(other_nonce, additional, sealed));
    EXPECT_FALSE(gcm.open(nonce, additional, other_tag));
    if (!additional.empty()) EXPECT_FALSE(gcm.open(nonce, other_additional, sealed));
    if (sealed.size() > kGcmTagBytes) EXPECT_FALSE(gcm.open(nonce, additional, other_text));
  }
  void flip(std::span<std::uint8_t> bytes) {
    if (bytes.empty()) return;
    auto& byte = bytes[random_() % bytes.size()];
    byte = static_cast<std::uint8_t>(byte ^ (1U << (random_() % 8)));
  }
  std::mt19937_64 random_{20081126};
};

TEST_F(GcmAgreementTest, EverySmallSizeIsSealedAlike) {
  for (std::size_t size = 0; size <= 600; ++size)
    check(size, random_() % (kAdditionalBytesMax + 1));
}

TEST_F(GcmAgreementTest, EverySizeOfAdditionalDataIsSealedAlike) {
  for (std::size_t bytes = 0; bytes <= kAdditionalBytesMax; ++bytes) check(random_() % 64, bytes);
}

// One size of each remainder of 256, and so of 16, from the whole range.
TEST_F(GcmAgreementTest, LargeSizesOfEveryRemainderAreSealedAlike) {
  for (std::size_t remainder = 0; remainder < 256; ++remainder) {
    const std::size_t blocks = random_() % (kSizeMax / 256);
    check(blocks * 256 + remainder, random_() % (kAdditionalBytesMax + 1));
  }
  check(kSizeMax, 0);
}

// ---- which one ----

TEST(GcmChoiceTest, AllFeaturesAndTheLibraryAreNeeded) {
  const ProcessorFeatures all{.aes = true, .pclmulqdq = true, .avx2 = true, .bmi2 = true};
  EXPECT_EQ(choose_gcm(all, true), GcmImplementation::ipsec_mb);
  EXPECT_EQ(choose_gcm(all, false), GcmImplementation::openssl);
  for (const auto feature : {&ProcessorFeatures::aes, &ProcessorFeatures::pclmulqdq,
                             &ProcessorFeatures::avx2, &ProcessorFeatures::bmi2}) {
    ProcessorFeatures without = all;
    without.*feature = false;
    EXPECT_EQ(choose_gcm(without, true), GcmImplementation::openssl);
  }
}

TEST(GcmChoiceTest, AKeyTakesWhatTheProcessorHas) {
  EXPECT_EQ(chosen_gcm(), choose_gcm(processor_features(), can_use_ipsec_mb()));
  // Only that of libipsec-mb says where its schedule is.
  EXPECT_EQ(!AesGcm(random_secret(16)).schedule().empty(),
            chosen_gcm() == GcmImplementation::ipsec_mb);
}

// The kernel's list of features, asked in another way.
bool kernel_lists(const std::string& feature) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == feature) return true;
    }
    return false;
  }
  return false;
}

TEST(GcmChoiceTest, TheFeaturesAreThoseThatTheKernelLists) {
  if (std::getenv("GLIBC_TUNABLES") != nullptr) GTEST_SKIP() << "features may be masked";
  const ProcessorFeatures features = processor_features();
  EXPECT_EQ(features.aes, kernel_lists("aes"));
  EXPECT_EQ(features.pclmulqdq, kernel_lists("pclmulqdq"));
  EXPECT_EQ(features.avx2, kernel_lists("avx2"));
  EXPECT_EQ(features.bmi2, kernel_lists("bmi2"));
}

TEST(GcmChoiceTest, OpensslIsTakenWhereAvx2IsMasked) {
  if (!processor_features().avx2) {
    EXPECT_EQ(chosen_gcm(), GcmImplementation::openssl);
    return;
  }
  ASSERT_EQ(std::getenv("GLIBC_TUNABLES"), nullptr) << "it is set, and masks nothing";
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2 '" + program +
                              "' --gtest_filter=GcmChoiceTest.OpensslIsTaken* >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

// ---- what stays ----

class GcmErasedTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_use_ipsec_mb()) GTEST_SKIP() << "OpenSSL erases its own contexts";
  }
  static AesGcm make() {
    return AesGcm(random_secret(16), GcmUse::both, GcmImplementation::ipsec_mb);
  }
  static void watch(const AesGcm& gcm) {
    watched_part = gcm.schedule().data();
    watched_part_bytes = gcm.schedule().size();
    was_part_released = was_part_zero = false;
    EXPECT_GE(watched_part_bytes, 11U * 16U);  // at least the round keys
    EXPECT_FALSE(std::all_of(watched_part, watched_part + watched_part_bytes,
                             [](std::uint8_t b) { return b == 0; }));
  }
  static bool was_erased() { return was_part_released && was_part_zero; }
};

TEST_F(GcmErasedTest, AKeyIsZeroWhenItGoes) {
  auto gcm = std::make_unique<AesGcm>(make());
  watch(*gcm);

  gcm.reset();

  EXPECT_TRUE(was_erased());
}

TEST_F(GcmErasedTest, AKeyIsZeroWhenAnotherTakesItsPlace) {
  AesGcm gcm = make();
  watch(gcm);

  gcm = make();

  EXPECT_TRUE(was_erased());
}

TEST_F(GcmErasedTest, AScheduleIsAlignedToACacheLine) {
  for (int i = 0; i < 20; ++i) {
    const AesGcm gcm = make();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(gcm.schedule().data()) % 64, 0U);
  }
}

}  // namespace
}  // namespace ssb::broker::crypto
