#include "broker/crypto/pvk.h"

#include <cstring>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

#include "proto/error_code.h"
#include "tests/broker/crypto/keys.h"

namespace ssb::broker::crypto {
namespace {

using proto::Bytes;
using proto::ErrorCode;

constexpr const char* kPassword = "P@ssw0rd!";

ErrorCode failure_of(const Bytes& file, std::string_view password = kPassword) {
  const auto key = read_pvk(file, password, "a.pvk");
  return key ? ErrorCode() : key.error().code;
}

Bytes with_byte(Bytes file, std::size_t at, int value) {
  file[at] = static_cast<std::uint8_t>(value);
  return file;
}

TEST(PvkTest, AKeyReturnsUnderItsPasswordAlone) {
  const Bytes file = write_pvk(test::first_key(), kPassword);

  const auto key = read_pvk(file, kPassword, "a.pvk");

  ASSERT_TRUE(key);
  EXPECT_TRUE(key->matches(test::first_key().public_key()));
  EXPECT_TRUE(key->to_pkcs8() == test::first_key().to_pkcs8());
  EXPECT_EQ(failure_of(file, "P@ssw0rd"), ErrorCode::private_key_password_wrong);
  EXPECT_EQ(failure_of(file, "p@ssw0rd!"), ErrorCode::private_key_password_wrong);
  EXPECT_EQ(failure_of(file, ""), ErrorCode::private_key_password_wrong);
}

TEST(PvkTest, TheLayoutIsTheReferences) {
  const RsaPrivateKey key = RsaPrivateKey::generate(2048);

  const Bytes encrypted = write_pvk(key, kPassword);
  const Bytes clear = write_pvk(key, "");

  EXPECT_EQ(encrypted.size(), 1212U);
  EXPECT_EQ(clear.size(), 1196U);
  EXPECT_EQ(proto::to_hex(proto::ByteView(encrypted).first(24)),
            "1EF1B5B0"
            "00000000"
            "01000000"
            "01000000"
            "10000000"
            "94040000");
  EXPECT_EQ(proto::to_hex(proto::ByteView(encrypted).subspan(40, 8)), "0702000000A40000");
  EXPECT_EQ(proto::to_hex(proto::ByteView(clear).subspan(24, 20)),
            "0702000000A40000"
            "52534132"
            "00080000"
            "01000100");
}

TEST(PvkTest, TwoFilesOfOneKeyDifferAsTheSaltIsRandom) {
  EXPECT_NE(write_pvk(test::first_key(), kPassword), write_pvk(test::first_key(), kPassword));
}

TEST(PvkTest, AFileInClearNeedsNoPassword) {
  const Bytes file = write_pvk(test::first_key(), "");

  for (const char* password : {"", "ignored"}) {
    const auto key = read_pvk(file, password, "a.pvk");
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->matches(test::first_key().public_key()));
  }
}

TEST(PvkTest, BytesThatAreNoPvkFileFailWith15208AndNameTheFile) {
  const Bytes good = write_pvk(test::first_key(), kPassword);

  const auto failed = read_pvk(with_byte(good, 0, 0x30), kPassword, "c:\\keys\\a.pvk");

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::certificate_file_bad);
  EXPECT_NE(failed.error().text().find("c:\\keys\\a.pvk"), std::string::npos);
  EXPECT_EQ(failure_of({}), ErrorCode::certificate_file_bad);
  EXPECT_EQ(failure_of(with_byte(good, 4, 1)), ErrorCode::certificate_file_bad);      // reserved
  EXPECT_EQ(failure_of(with_byte(good, 8, 3)), ErrorCode::certificate_file_bad);      // key kind
  EXPECT_EQ(failure_of(with_byte(good, 12, 2)), ErrorCode::certificate_file_bad);     // encrypted
  EXPECT_EQ(failure_of(with_byte(good, 12, 0)), ErrorCode::certificate_file_bad);     // yet salted
  EXPECT_EQ(failure_of(with_byte(good, 19, 0xFF)), ErrorCode::certificate_file_bad);  // salt
  EXPECT_EQ(failure_of(with_byte(good, 23, 0xFF)), ErrorCode::certificate_file_bad);  // blob
}

TEST(PvkTest, EveryOtherLengthFailsWith15208) {
  Bytes file = write_pvk(test::first_key(), kPassword);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(failure_of(cut), ErrorCode::certificate_file_bad) << size;
  }
  file.push_back(0);
  EXPECT_EQ(failure_of(file), ErrorCode::certificate_file_bad);
}

TEST(PvkTest, OtherKindsAndSizesOfKeysFailWith15464) {
  const Bytes clear = write_pvk(test::first_key(), "");
  const std::size_t blob = 24;

  EXPECT_EQ(failure_of(with_byte(clear, blob, 6)), ErrorCode::private_key_format);
  EXPECT_EQ(failure_of(with_byte(clear, blob + 1, 3)), ErrorCode::private_key_format);
  EXPECT_EQ(failure_of(with_byte(clear, blob + 5, 0x22)), ErrorCode::private_key_format);  // DSS
  EXPECT_EQ(failure_of(with_byte(clear, blob + 9, 'X')), ErrorCode::private_key_format);
  EXPECT_EQ(failure_of(with_byte(clear, blob + 13, 0)), ErrorCode::private_key_format);  // 0 bits
  EXPECT_EQ(failure_of(with_byte(clear, blob + 14, 1)), ErrorCode::private_key_format);  // 66560
  EXPECT_EQ(failure_of(with_byte(clear, blob + 13, 8)), ErrorCode::private_key_format);  // 2048
  EXPECT_EQ(failure_of(with_byte(clear, blob + 12, 0xF8)), ErrorCode::private_key_format);  // 1272
  EXPECT_EQ(failure_of(with_byte(clear, blob + 16, 2)), ErrorCode::private_key_format);     // even
}

TEST(PvkTest, NumbersThatAreNoKeyFailWith15464) {
  const Bytes clear = write_pvk(test::first_key(), "");
  for (std::size_t at = 24 + 20; at < clear.size(); ++at) {
    EXPECT_EQ(failure_of(with_byte(clear, at, clear[at] ^ 0x04)), ErrorCode::private_key_format)
        << at;
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(PvkTest, ADamagedEncryptedFileNeverGivesAKey) {
  const Bytes file = write_pvk(test::first_key(), kPassword);
  for (std::size_t at = 24; at < file.size(); ++at) {
    if (at >= 40 + 2 && at < 40 + 8 && at != 40 + 4 && at != 40 + 5) continue;  // unused head
    EXPECT_NE(failure_of(with_byte(file, at, file[at] ^ 0x20)), ErrorCode()) << at;
  }
}

// The last word on the layout, the encryption and the password's bytes: OpenSSL's own reader.
class PvkOpenSslTest : public testing::Test {
 protected:
  void SetUp() override {
    legacy_ = OSSL_PROVIDER_load(nullptr, "legacy");
    base_ = OSSL_PROVIDER_load(nullptr, "default");
    if (legacy_ == nullptr) {
      ERR_clear_error();
      GTEST_SKIP() << "OpenSSL's legacy provider, which has RC4, is not installed";
    }
  }
  void TearDown() override {
    if (legacy_ != nullptr) OSSL_PROVIDER_unload(legacy_);
    if (base_ != nullptr) OSSL_PROVIDER_unload(base_);
  }
  static int give_password(char* out, int size, int, void* password) {
    const auto* text = static_cast<const char*>(password);
    const auto length = static_cast<int>(std::strlen(text));
    if (length > size) return -1;
    std::memcpy(out, text, static_cast<std::size_t>(length));
    return length;
  }
  static RsaPrivateKey read_by_openssl(const Bytes& file, const char* password) {
    BIO* bio = BIO_new_mem_buf(file.data(), static_cast<int>(file.size()));
    EVP_PKEY* key = b2i_PVK_bio(bio, give_password, const_cast<char*>(password));
    BIO_free(bio);
    ERR_clear_error();
    return RsaPrivateKey({key, [](EVP_PKEY* last) { EVP_PKEY_free(last); }});
  }
  static Bytes write_by_openssl(const RsaPrivateKey& key, int level, const char* password) {
    BIO* bio = BIO_new(BIO_s_mem());
    EXPECT_GT(i2b_PVK_bio(bio, key.native(), level, give_password, const_cast<char*>(password)), 0);
    Bytes out(BIO_ctrl_pending(bio));
    BIO_read(bio, out.data(), static_cast<int>(out.size()));
    BIO_free(bio);
    return out;
  }

 private:
  OSSL_PROVIDER* legacy_ = nullptr;
  OSSL_PROVIDER* base_ = nullptr;
};

TEST_F(PvkOpenSslTest, OpenSslReadsOurFiles) {
  for (const char* password : {kPassword, "", "пароль"}) {
    const RsaPrivateKey key = read_by_openssl(write_pvk(test::first_key(), password), password);
    ASSERT_NE(key.native(), nullptr) << password;
    EXPECT_TRUE(key.matches(test::first_key().public_key()));
  }
  EXPECT_EQ(read_by_openssl(write_pvk(test::first_key(), kPassword), "wrong").native(), nullptr);
}

TEST_F(PvkOpenSslTest, WeReadOpenSslsFilesStrongWeakAndClear) {
  constexpr int kClear = 0;
  constexpr int kWeak = 1;
  constexpr int kStrong = 2;
  for (const int level : {kClear, kWeak, kStrong}) {
    const Bytes file = write_by_openssl(test::first_key(), level, kPassword);
    const auto key = read_pvk(file, kPassword, "a.pvk");
    ASSERT_TRUE(key) << level << ": " << key.error().number();
    EXPECT_TRUE(key->matches(test::first_key().public_key()));
    if (level != kClear) {
      EXPECT_EQ(failure_of(file, "wrong"), ErrorCode::private_key_password_wrong);
    }
  }
}

}  // namespace
}  // namespace ssb::broker::crypto
