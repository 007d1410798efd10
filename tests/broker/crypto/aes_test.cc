#include "broker/crypto/aes.h"

#include <gtest/gtest.h>

#include "broker/crypto/random.h"
#include "tests/broker/crypto/vectors.h"

namespace ssb::broker::crypto {
namespace {

using proto::Bytes;
using proto::Secret;
using proto::to_hex;

Bytes joined(Bytes front, const Bytes& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// The bytes with one bit changed.
Bytes with_flipped_bit(Bytes bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
  return bytes;
}

// Each test of a key runs on each implementation that works here.
class AesGcmTest : public testing::TestWithParam<GcmImplementation> {
 protected:
  void SetUp() override {
    if (GetParam() == GcmImplementation::ipsec_mb && !can_use_ipsec_mb())
      GTEST_SKIP() << "libipsec-mb is not there, or this processor is none for it";
  }
  static AesGcm make(const Secret& key) { return AesGcm(key, GcmUse::both, GetParam()); }
};
std::string name_of(const testing::TestParamInfo<GcmImplementation>& info) {
  return std::string(gcm_implementation_name(info.param));
}
const auto kImplementations =
    testing::Values(GcmImplementation::openssl, GcmImplementation::ipsec_mb);

TEST_P(AesGcmTest, SealsAndOpensThePublishedVectors) {
  for (const auto& row : test::read_vectors("aes_gcm.txt")) {
    if (row.is_refused()) continue;
    AesGcm gcm = make(Secret(row.bytes("key")));
    const Bytes sealed = joined(row.bytes("ciphertext"), row.bytes("tag"));

    Bytes out;
    gcm.seal(row.bytes("nonce"), row.bytes("aad"), row.bytes("plaintext"), out);
    const auto opened = gcm.open(row.bytes("nonce"), row.bytes("aad"), sealed);

    EXPECT_EQ(to_hex(out), to_hex(sealed)) << row.text("name");
    ASSERT_TRUE(opened) << row.text("name");
    EXPECT_EQ(to_hex(*opened), to_hex(row.bytes("plaintext"))) << row.text("name");
  }
}

TEST_P(AesGcmTest, RefusesThePublishedForgeries) {
  int refused = 0;
  for (const auto& row : test::read_vectors("aes_gcm.txt")) {
    if (!row.is_refused()) continue;
    ++refused;
    AesGcm gcm = make(Secret(row.bytes("key")));
    const Bytes sealed = joined(row.bytes("ciphertext"), row.bytes("tag"));
    EXPECT_FALSE(gcm.open(row.bytes("nonce"), row.bytes("aad"), sealed)) << row.text("name");
  }
  EXPECT_GT(refused, 0);
}

TEST_P(AesGcmTest, WhatIsSealedOpensForEverySizeUpTo100000) {
  AesGcm gcm = make(random_secret(16));
  const Bytes aad(33, 0x5A);
  Bytes nonce(kGcmNonceBytes);
  for (std::size_t size = 0; size <= 100'000; size = size < 300 ? size + 1 : size * 5 / 4) {
    Bytes plaintext(size);
    random_bytes(plaintext);
    random_bytes(nonce);
    Bytes sealed;

    gcm.seal(nonce, aad, plaintext, sealed);
    const auto opened = gcm.open(nonce, aad, sealed);

    ASSERT_EQ(sealed.size(), size + kGcmTagBytes);
    ASSERT_TRUE(opened) << size;
    ASSERT_EQ(*opened, plaintext) << size;
  }
}

TEST_P(AesGcmTest, SealAppendsBehindWhatIsThere) {
  AesGcm gcm = make(random_secret(32));
  const Bytes nonce(kGcmNonceBytes, 1);
  Bytes out{1, 2, 3};

  gcm.seal(nonce, {}, Bytes{9, 9}, out);

  ASSERT_EQ(out.size(), 3 + 2 + kGcmTagBytes);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 3), (Bytes{1, 2, 3}));
  EXPECT_EQ(gcm.open(nonce, {}, proto::ByteView(out).subspan(3)), (Bytes{9, 9}));
}

TEST_P(AesGcmTest, SealsAndOpensWhereThePlaintextStands) {
  AesGcm gcm = make(random_secret(16));
  const Bytes nonce(kGcmNonceBytes, 1);
  const Bytes aad{4, 5, 6};
  for (const std::size_t size : {0, 1, 15, 16, 17, 255, 256, 257, 1024, 70'000}) {
    Bytes plaintext(size);
    random_bytes(plaintext);
    Bytes elsewhere;
    gcm.seal(nonce, aad, plaintext, elsewhere);

    Bytes in_place = plaintext;
    in_place.resize(size + kGcmTagBytes);
    gcm.seal_into(nonce, aad, proto::ByteView(in_place).first(size), in_place);
    ASSERT_EQ(in_place, elsewhere) << size;

    ASSERT_TRUE(gcm.open_into(nonce, aad, in_place, std::span(in_place).first(size))) << size;
    ASSERT_EQ(Bytes(in_place.begin(), in_place.end() - kGcmTagBytes), plaintext) << size;
  }
}

TEST_P(AesGcmTest, AContextForOneUseIsForThatAlone) {
  const Secret key = random_secret(16);

  EXPECT_TRUE(AesGcm(key, GcmUse::seal, GetParam()).can(GcmUse::seal));
  EXPECT_FALSE(AesGcm(key, GcmUse::seal, GetParam()).can(GcmUse::open));
  EXPECT_FALSE(AesGcm(key, GcmUse::open, GetParam()).can(GcmUse::seal));
  EXPECT_TRUE(AesGcm(key, GcmUse::both, GetParam()).can(GcmUse::open));
}

INSTANTIATE_TEST_SUITE_P(Gcm, AesGcmTest, kImplementations, name_of);

class AesGcmForgeryTest : public AesGcmTest {
 protected:
  void SetUp() override {
    AesGcmTest::SetUp();
    if (IsSkipped()) return;
    gcm_ = make(random_secret(16));
    gcm_.seal(nonce_, aad_, plaintext_, sealed_);
  }

  AesGcm gcm_{random_secret(16)};
  const Bytes nonce_ = Bytes(kGcmNonceBytes, 7);
  const Bytes aad_{1, 2, 3, 4, 5, 6, 7};
  const Bytes plaintext_ = proto::to_bytes("a small message");
  Bytes sealed_;
};

TEST_P(AesGcmForgeryTest, EveryFlippedBitOfCiphertextAndTagIsRefused) {
  for (std::size_t bit = 0; bit < sealed_.size() * 8; ++bit) {
    EXPECT_FALSE(gcm_.open(nonce_, aad_, with_flipped_bit(sealed_, bit))) << bit;
  }
  EXPECT_EQ(gcm_.open(nonce_, aad_, sealed_), plaintext_);
}

TEST_P(AesGcmForgeryTest, EveryFlippedBitOfNonceAndAdditionalDataIsRefused) {
  for (std::size_t bit = 0; bit < nonce_.size() * 8; ++bit) {
    EXPECT_FALSE(gcm_.open(with_flipped_bit(nonce_, bit), aad_, sealed_)) << bit;
  }
  for (std::size_t bit = 0; bit < aad_.size() * 8; ++bit) {
    EXPECT_FALSE(gcm_.open(nonce_, with_flipped_bit(aad_, bit), sealed_)) << bit;
  }
  EXPECT_EQ(gcm_.open(nonce_, aad_, sealed_), plaintext_);
}

TEST_P(AesGcmForgeryTest, EveryShorterOrLongerTextIsRefused) {
  for (std::size_t size = 0; size < sealed_.size(); ++size) {
    EXPECT_FALSE(gcm_.open(nonce_, aad_, proto::ByteView(sealed_).first(size))) << size;
  }
  EXPECT_FALSE(gcm_.open(nonce_, aad_, joined(sealed_, Bytes{0})));
  EXPECT_FALSE(gcm_.open(nonce_, proto::ByteView(aad_).first(6), sealed_));
  EXPECT_FALSE(gcm_.open(proto::ByteView(nonce_).first(11), aad_, sealed_));
}

TEST_P(AesGcmForgeryTest, AnotherKeyIsRefused) {
  AesGcm other = make(random_secret(16));

  EXPECT_FALSE(other.open(nonce_, aad_, sealed_));
}

TEST_P(AesGcmForgeryTest, TheKeyMovesWithItsOwner) {
  AesGcm moved(std::move(gcm_));

  EXPECT_EQ(moved.open(nonce_, aad_, sealed_), plaintext_);
  AesGcm assigned = make(random_secret(32));
  assigned = std::move(moved);
  EXPECT_EQ(assigned.open(nonce_, aad_, sealed_), plaintext_);
}

TEST_P(AesGcmForgeryTest, NothingStaysOfARefusedPlaintext) {
  Bytes plaintext(plaintext_.size(), 0xAA);
  const Bytes damaged = with_flipped_bit(sealed_, sealed_.size() * 8 - 1);

  EXPECT_FALSE(gcm_.open_into(nonce_, aad_, damaged, plaintext));

  EXPECT_EQ(plaintext, Bytes(plaintext_.size()));
}

INSTANTIATE_TEST_SUITE_P(Gcm, AesGcmForgeryTest, kImplementations, name_of);

TEST(AesGcmDeathTest, AKeyOfAnotherSizeIsABug) {
  EXPECT_DEATH(AesGcm(Secret(24)), "key_bytes");
}

TEST(AesKeyWrapTest, WrapsAndUnwrapsThePublishedVectors) {
  for (const auto& row : test::read_vectors("aes_key_wrap.txt")) {
    const Secret kek(row.bytes("kek"));
    const auto unwrapped = unwrap_key(kek, row.bytes("wrapped"));
    if (row.is_refused()) {
      EXPECT_FALSE(unwrapped) << row.text("name");
      continue;
    }
    ASSERT_TRUE(unwrapped) << row.text("name");
    EXPECT_EQ(to_hex(unwrapped->view()), to_hex(row.bytes("key"))) << row.text("name");
    EXPECT_EQ(to_hex(wrap_key(kek, Secret(row.bytes("key")))), to_hex(row.bytes("wrapped")))
        << row.text("name");
  }
}

TEST(AesKeyWrapTest, EveryFlippedBitIsRefused) {
  const Secret kek = random_secret(32);
  const Secret key = random_secret(32);
  const Bytes wrapped = wrap_key(kek, key);

  for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    EXPECT_FALSE(unwrap_key(kek, with_flipped_bit(wrapped, bit))) << bit;
  }
  EXPECT_TRUE(unwrap_key(kek, wrapped) == key);
}

TEST(AesKeyWrapTest, AnotherKeyAndEveryOtherLengthAreRefused) {
  const Secret kek = random_secret(16);
  const Bytes wrapped = wrap_key(kek, random_secret(16));

  EXPECT_FALSE(unwrap_key(random_secret(16), wrapped));
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_FALSE(unwrap_key(kek, proto::ByteView(wrapped).first(size))) << size;
  }
  EXPECT_FALSE(unwrap_key(kek, joined(wrapped, Bytes(8))));
}

TEST(AesKeyWrapDeathTest, KeysShorterThanTwoBlocksAreABug) {
  EXPECT_DEATH(static_cast<void>(wrap_key(Secret(16), Secret(8))), "kWrapDataBytesMin");
}

}  // namespace
}  // namespace ssb::broker::crypto
