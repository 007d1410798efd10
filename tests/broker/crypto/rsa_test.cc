#include "broker/crypto/rsa.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "broker/crypto/random.h"
#include "tests/broker/crypto/keys.h"
#include "tests/broker/crypto/vectors.h"

namespace ssb::broker::crypto {
namespace {

using proto::as_bytes;
using proto::Bytes;
using proto::to_hex;

RsaPublicKey read_public_key(const Bytes& spki) {
  const std::uint8_t* at = spki.data();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
  return RsaPublicKey({key, [](EVP_PKEY* last) { EVP_PKEY_free(last); }});
}

TEST(RsaTest, OaepDecryptsThePublishedVectors) {
  std::optional<RsaPrivateKey> key;
  for (const auto& row : test::read_vectors("rsa_oaep_sha256.txt")) {
    if (row.has("pkcs8")) key = RsaPrivateKey::from_pkcs8(row.bytes("pkcs8"));
    ASSERT_TRUE(key) << row.text("name");
    const auto plaintext = key->decrypt_oaep(row.bytes("ciphertext"), row.bytes("label"));
    if (row.is_refused()) {
      EXPECT_FALSE(plaintext) << row.text("name");
      continue;
    }
    ASSERT_TRUE(plaintext) << row.text("name");
    EXPECT_EQ(to_hex(plaintext->view()), to_hex(row.bytes("plaintext"))) << row.text("name");
  }
}

TEST(RsaTest, PssVerifiesThePublishedVectors) {
  RsaPublicKey key;
  for (const auto& row : test::read_vectors("rsa_pss_sha256.txt")) {
    if (row.has("spki")) key = read_public_key(row.bytes("spki"));
    ASSERT_TRUE(key.is_sound()) << row.text("name");
    EXPECT_EQ(key.verify_pss(row.bytes("message"), row.bytes("signature")), !row.is_refused())
        << row.text("name");
  }
}

TEST(RsaTest, WhatIsEncryptedDecryptsUnderTheSameKeyAndLabelOnly) {
  const RsaPublicKey public_key = test::first_key().public_key();
  const Bytes secret{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

  const Bytes ciphertext = public_key.encrypt_oaep(secret, as_bytes("label"));

  const auto opened = test::first_key().decrypt_oaep(ciphertext, as_bytes("label"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(opened->view()), to_hex(secret));
  EXPECT_FALSE(test::first_key().decrypt_oaep(ciphertext, as_bytes("Label")));
  EXPECT_FALSE(test::first_key().decrypt_oaep(ciphertext, {}));
  EXPECT_FALSE(test::second_key().decrypt_oaep(ciphertext, as_bytes("label")));
}

TEST(RsaTest, OaepTakesTextsUpToItsLimitAndThrowsAboveIt) {
  const RsaPublicKey key = test::first_key().public_key();
  ASSERT_EQ(key.oaep_plaintext_bytes_max(), 62U);  // 128 - 66

  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{62}}) {
    const Bytes text(size, 0xAB);
    const auto opened = test::first_key().decrypt_oaep(key.encrypt_oaep(text, {}), {});
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(to_hex(opened->view()), to_hex(text)) << size;
  }
  EXPECT_THROW(static_cast<void>(key.encrypt_oaep(Bytes(63), {})), std::runtime_error);
}

TEST(RsaTest, DamagedOaepCiphertextsAreRefused) {
  const Bytes good = test::first_key().public_key().encrypt_oaep(Bytes(16, 1), {});

  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    EXPECT_FALSE(test::first_key().decrypt_oaep(bad, {})) << at;
  }
  EXPECT_FALSE(test::first_key().decrypt_oaep({}, {}));
  EXPECT_FALSE(test::first_key().decrypt_oaep(Bytes(127), {}));
  EXPECT_FALSE(test::first_key().decrypt_oaep(Bytes(129), {}));
  EXPECT_FALSE(test::first_key().decrypt_oaep(Bytes(128, 0xFF), {}));
}

TEST(RsaTest, ASignatureHoldsForItsMessageAndKeyOnly) {
  const Bytes signature = test::first_key().sign_pss(as_bytes("the grant"));
  const RsaPublicKey key = test::first_key().public_key();

  EXPECT_TRUE(key.verify_pss(as_bytes("the grant"), signature));
  EXPECT_FALSE(key.verify_pss(as_bytes("The grant"), signature));
  EXPECT_FALSE(key.verify_pss({}, signature));
  EXPECT_FALSE(test::second_key().public_key().verify_pss(as_bytes("the grant"), signature));
  EXPECT_FALSE(key.verify_pss(as_bytes("the grant"), {}));
  EXPECT_FALSE(key.verify_pss(as_bytes("the grant"), proto::ByteView(signature).first(127)));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    Bytes bad = signature;
    bad[at] ^= 1;
    EXPECT_FALSE(key.verify_pss(as_bytes("the grant"), bad)) << at;
  }
}

// What a signer may choose beside the key, as OpenSSL names it.
struct SigningCase {
  const char* what;
  int padding;
  const EVP_MD* hash;
  const EVP_MD* mask_hash;
  int salt_bytes;
};

Bytes sign_as(const SigningCase& one, const RsaPrivateKey& key, proto::ByteView message) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* choice = nullptr;
  std::size_t size = 512;
  Bytes out(size);
  bool good = EVP_DigestSignInit(context, &choice, one.hash, nullptr, key.native()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(choice, one.padding) == 1;
  if (one.padding == RSA_PKCS1_PSS_PADDING) {
    good = good && EVP_PKEY_CTX_set_rsa_mgf1_md(choice, one.mask_hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(choice, one.salt_bytes) == 1;
  }
  good = good && EVP_DigestSign(context, out.data(), &size, message.data(), message.size()) == 1;
  EVP_MD_CTX_free(context);
  out.resize(good ? size : 0);
  return out;
}

TEST(RsaTest, ASignatureOfAnotherPaddingHashOrSaltIsNone) {
  const RsaPublicKey key = test::first_key().public_key();
  const EVP_MD* sha256 = EVP_sha256();
  const SigningCase ours{"as we sign", RSA_PKCS1_PSS_PADDING, sha256, sha256, 32};
  const SigningCase others[] = {
      {"PKCS#1 v1.5", RSA_PKCS1_PADDING, sha256, sha256, 0},
      {"no salt", RSA_PKCS1_PSS_PADDING, sha256, sha256, 0},
      {"a short salt", RSA_PKCS1_PSS_PADDING, sha256, sha256, 31},
      {"the longest salt", RSA_PKCS1_PSS_PADDING, sha256, sha256, RSA_PSS_SALTLEN_MAX},
      {"another hash", RSA_PKCS1_PSS_PADDING, EVP_sha384(), EVP_sha384(), 32},
      {"another mask", RSA_PKCS1_PSS_PADDING, sha256, EVP_sha1(), 32},
  };

  ASSERT_TRUE(key.verify_pss(as_bytes("m"), sign_as(ours, test::first_key(), as_bytes("m"))));
  for (const SigningCase& other : others) {
    const Bytes signature = sign_as(other, test::first_key(), as_bytes("m"));
    ASSERT_FALSE(signature.empty()) << other.what;
    EXPECT_FALSE(key.verify_pss(as_bytes("m"), signature)) << other.what;
  }
  ERR_clear_error();
}

// With e = 3 whoever finds a cube root forges where the padding is read leniently: numbers that need no private key.
TEST(RsaTest, WithExponentThreeNoNumberOfAnAttackersIsASignature) {
  EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr);
  BIGNUM* three = BN_new();
  EVP_PKEY* made = nullptr;
  ASSERT_TRUE(BN_set_word(three, 3) == 1 && EVP_PKEY_keygen_init(maker) == 1 &&
              EVP_PKEY_CTX_set_rsa_keygen_bits(maker, 1024) == 1 &&
              EVP_PKEY_CTX_set1_rsa_keygen_pubexp(maker, three) == 1 &&
              EVP_PKEY_keygen(maker, &made) == 1);
  BN_free(three);
  EVP_PKEY_CTX_free(maker);
  const RsaPrivateKey key({made, [](EVP_PKEY* last) { EVP_PKEY_free(last); }});
  const RsaPublicKey open = key.public_key();

  ASSERT_TRUE(open.verify_pss(as_bytes("m"), key.sign_pss(as_bytes("m"))));
  Bytes trailing = key.sign_pss(as_bytes("m"));
  trailing.push_back(0);
  EXPECT_FALSE(open.verify_pss(as_bytes("m"), trailing));
  for (const std::uint8_t root : Bytes{0, 1, 2, 255}) {
    Bytes number(128);
    for (const std::size_t at : {127U, 100U, 86U, 0U}) {
      number[at] = root;
      EXPECT_FALSE(open.verify_pss(as_bytes("m"), number)) << int{root} << " at " << at;
    }
  }
  ERR_clear_error();
}

TEST(RsaTest, TwoSignaturesOfOneMessageDifferAsTheSaltIsRandom) {
  const Bytes one = test::first_key().sign_pss(as_bytes("m"));
  const Bytes two = test::first_key().sign_pss(as_bytes("m"));

  EXPECT_NE(one, two);
  EXPECT_TRUE(test::first_key().public_key().verify_pss(as_bytes("m"), one));
  EXPECT_TRUE(test::first_key().public_key().verify_pss(as_bytes("m"), two));
}

TEST(RsaTest, Pkcs8ReturnsTheSameKey) {
  const proto::Secret der = test::first_key().to_pkcs8();

  const auto read = RsaPrivateKey::from_pkcs8(der.view());

  ASSERT_TRUE(read);
  EXPECT_EQ(read->bits(), 1024);
  EXPECT_TRUE(read->matches(test::first_key().public_key()));
  EXPECT_FALSE(read->matches(test::second_key().public_key()));
  EXPECT_TRUE(read->to_pkcs8() == der);
}

TEST(RsaTest, DamagedPkcs8IsRefusedOrIsAnotherKeyButNeverThrows) {
  const proto::Secret der = test::first_key().to_pkcs8();
  const Bytes good = proto::to_bytes(der.view());

  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(RsaPrivateKey::from_pkcs8(proto::ByteView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(RsaPrivateKey::from_pkcs8(longer));
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 0x81;
    EXPECT_NO_THROW(static_cast<void>(RsaPrivateKey::from_pkcs8(bad))) << at;
  }
}

TEST(RsaTest, AKeyOfAnotherKindIsNotSoundAndNotRead) {
  EVP_PKEY* curve = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  ASSERT_NE(curve, nullptr);
  const std::shared_ptr<EVP_PKEY> key(curve, [](EVP_PKEY* last) { EVP_PKEY_free(last); });

  EXPECT_FALSE(RsaPublicKey(key).is_sound());
  EXPECT_FALSE(RsaPrivateKey::from_pkcs8(RsaPrivateKey(key).to_pkcs8().view()));
}

TEST(RsaTest, AnEmptyKeyMatchesNothing) {
  EXPECT_FALSE(static_cast<bool>(RsaPrivateKey()));
  EXPECT_FALSE(RsaPrivateKey().matches(test::first_key().public_key()));
  EXPECT_FALSE(test::first_key().matches(RsaPublicKey()));
  EXPECT_FALSE(RsaPublicKey().is_sound());
}

TEST(RsaTest, SmallKeysAreSoundButTooSmallForOaep) {
  const RsaPrivateKey small = RsaPrivateKey::generate(512);

  EXPECT_TRUE(small.public_key().is_sound());
  EXPECT_EQ(small.public_key().oaep_plaintext_bytes_max(), 0U);
  EXPECT_THROW(static_cast<void>(small.public_key().encrypt_oaep(Bytes(1), {})),
               std::runtime_error);
}

TEST(RsaTest, FailuresLeaveNoErrorBehindForTheNextCaller) {
  EXPECT_FALSE(test::first_key().decrypt_oaep(Bytes(128, 1), {}));
  EXPECT_FALSE(test::first_key().public_key().verify_pss(as_bytes("m"), Bytes(128, 1)));
  EXPECT_FALSE(RsaPrivateKey::from_pkcs8(Bytes{0x30, 0x03, 1, 2, 3}));

  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace ssb::broker::crypto
