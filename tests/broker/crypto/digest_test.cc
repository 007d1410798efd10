#include "broker/crypto/digest.h"

#include <gtest/gtest.h>

#include "tests/broker/crypto/vectors.h"

namespace ssb::broker::crypto {
namespace {

using proto::as_bytes;
using proto::to_hex;

// FIPS 180-4's examples, as NIST publishes them.
TEST(DigestTest, Sha1AndSha256OfTheStandardsExamples) {
  EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "A9993E364706816ABA3E25717850C26C9CD0D89D");
  EXPECT_EQ(to_hex(sha1({})), "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
  EXPECT_EQ(to_hex(sha256({})), "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
}

TEST(DigestTest, HmacAnswersAsRfc4231) {
  for (const auto& row : test::read_vectors("hmac_sha256.txt")) {
    EXPECT_EQ(to_hex(hmac_sha256(row.bytes("key"), row.bytes("data"))), to_hex(row.bytes("mac")))
        << row.text("name");
  }
}

TEST(DigestTest, HmacTakesAnEmptyKeyAndEmptyData) {
  EXPECT_EQ(to_hex(hmac_sha256({}, {})),
            "B613679A0814D9EC772F95D778C35FC5FF1697C493715653C6C712144292C5AD");
}

TEST(DigestTest, HkdfAnswersAsRfc5869) {
  for (const auto& row : test::read_vectors("hkdf_sha256.txt")) {
    const std::size_t size = std::stoul(row.text("size"));
    const proto::Secret out =
        hkdf_sha256(row.bytes("key"), row.bytes("salt"), row.bytes("info"), size);
    EXPECT_EQ(to_hex(out.view()), to_hex(row.bytes("out"))) << row.text("name");
  }
}

TEST(DigestTest, HkdfGivesOtherBytesForOtherUses) {
  const proto::Bytes key(16, 7);

  const proto::Secret wrap = hkdf_sha256(key, {}, as_bytes("wrap"), 16);
  const proto::Secret auth = hkdf_sha256(key, {}, as_bytes("auth"), 16);

  EXPECT_FALSE(wrap == auth);
}

// RFC 7914 section 11 gives these two answers of PBKDF2-HMAC-SHA-256.
TEST(DigestTest, Pbkdf2AnswersAsRfc7914) {
  EXPECT_EQ(to_hex(pbkdf2_sha256("passwd", as_bytes("salt"), 1, 64).view()),
            "55AC046E56E3089FEC1691C22544B605F94185216DDE0465E68B9D57C20DACBC"
            "49CA9CCCF179B645991664B39D77EF317C71B845B1E30BD509112041D3A19783");
  EXPECT_EQ(to_hex(pbkdf2_sha256("Password", as_bytes("NaCl"), 80000, 64).view()),
            "4DDCD8F60B98BE21830CEE5EF22701F9641A4418D04C0414AEFF08876B34AB56"
            "A1D425A1225833549ADB841B51C9B3176A272BDEBBA1D078478F62B397F33C8D");
}

TEST(DigestTest, Pbkdf2TakesAnEmptyPassword) {
  EXPECT_FALSE(pbkdf2_sha256("", as_bytes("salt"), 1, 16) ==
               pbkdf2_sha256("x", as_bytes("salt"), 1, 16));
}

}  // namespace
}  // namespace ssb::broker::crypto
