#include "broker/crypto/x509.h"

#include <set>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/broker/crypto/keys.h"

namespace ssb::broker::crypto {
namespace {

using proto::Bytes;
using proto::TimePoint;
using std::chrono::sys_days;
using std::chrono::year;

X509Certificate certificate_of(const std::string& subject) {
  return test::make_certificate(subject, test::first_key());
}

X509Certificate certificate_between(TimePoint from, TimePoint to) {
  return X509Certificate::make_self_signed({"times", from, to}, test::first_key());
}

// The last ASN.1 tag among the two times: 0x17 UTCTime, 0x18 GeneralizedTime.
int tag_of_not_after(const X509Certificate& certificate) {
  const std::uint8_t* at = certificate.der().data();
  X509* read = d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size()));
  const int type = ASN1_STRING_type(X509_get0_notAfter(read));
  X509_free(read);
  return type;
}

TEST(X509Test, ASelfSignedCertificateSaysWhatWasAsked) {
  const TimePoint from = sys_days(year(2008) / 11 / 26) + std::chrono::hours(9);
  const TimePoint to = sys_days(year(2013) / 11 / 30) + std::chrono::seconds(59);

  const auto made =
      X509Certificate::make_self_signed({"Host A certificate", from, to}, test::first_key());

  EXPECT_EQ(made.subject(), "CN=Host A certificate");
  EXPECT_EQ(made.issuer(), made.subject());
  EXPECT_EQ(made.not_before(), from);
  EXPECT_EQ(made.not_after(), to);
  EXPECT_TRUE(test::first_key().matches(made.public_key()));
  EXPECT_FALSE(test::second_key().matches(made.public_key()));
  EXPECT_EQ(made.thumbprint(), sha1(made.der()));
  EXPECT_EQ(made.fingerprint(), sha256(made.der()));
}

TEST(X509Test, ItsOwnKeySignedItWithSha256) {
  const auto made = certificate_of("signed");
  const std::uint8_t* at = made.der().data();
  X509* read = d2i_X509(nullptr, &at, static_cast<long>(made.der().size()));
  ASSERT_NE(read, nullptr);

  EXPECT_EQ(X509_verify(read, test::first_key().native()), 1);
  EXPECT_NE(X509_verify(read, test::second_key().native()), 1);
  EXPECT_EQ(X509_get_signature_nid(read), NID_sha256WithRSAEncryption);
  X509_free(read);
  ERR_clear_error();
}

TEST(X509Test, SerialNumbersHaveSixteenBytesArePositiveAndDiffer) {
  std::set<Bytes> seen;
  for (int i = 0; i < 50; ++i) {
    const auto made = certificate_of("serial");
    EXPECT_EQ(made.serial().size(), 16U);
    EXPECT_LT(made.serial()[0], 0x80);
    EXPECT_NE(made.serial()[0], 0);
    seen.insert(made.serial());
  }
  EXPECT_EQ(seen.size(), 50U);
}

TEST(X509Test, TheSerialNumberPrintsAsBytesWithBlanks) {
  const auto made = certificate_of("serial");

  const std::string text = made.serial_text();

  ASSERT_EQ(text.size(), 16 * 3 - 1U);
  std::string hex = text;
  std::erase(hex, ' ');
  EXPECT_EQ(proto::from_hex(hex), made.serial());
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef "), std::string::npos);
}

TEST(X509Test, ReadingItsOwnEncodingGivesTheSameCertificate) {
  const auto made = certificate_of("CN=round, O=trip");

  const auto read = X509Certificate::from_der(made.der());

  ASSERT_TRUE(read);
  EXPECT_EQ(read->der(), made.der());
  EXPECT_EQ(read->subject(), "CN=round, O=trip");
  EXPECT_EQ(read->issuer_der(), made.issuer_der());
  EXPECT_EQ(read->serial(), made.serial());
  EXPECT_EQ(read->not_after(), made.not_after());
}

struct SubjectCase {
  const char* asked;
  const char* subject;
};

TEST(X509Test, SubjectsAreTakenAsNamesWhereTheyAreAndAsCommonNameOtherwise) {
  const SubjectCase cases[] = {
      {"abc", "CN=abc"},
      {"CN=a, O=b", "CN=a, O=b"},
      {"C=US, CN=x", "C=US, CN=x"},
      {"cn = a ,o=b", "CN=a, O=b"},
      {"CN=a, OU=b, O=c, L=d, ST=e, C=DE", "CN=a, OU=b, O=c, L=d, ST=e, C=DE"},
      {"S=Bavaria, E=x@example.com", "ST=Bavaria, emailAddress=x@example.com"},
      {"CN=\"a, b\", O=c", "CN=a\\, b, O=c"},
      {"CN=a\\, b, O=c", "CN=a\\, b, O=c"},
      {"CN=a\\2Cb", "CN=a\\,b"},
      {"C=Germany, CN=x", "C=Germany, CN=x"},
      {"DBM certificate for A, B", "CN=DBM certificate for A\\, B"},
      {"weight=5", "CN=weight=5"},
      {"CN=a, weight=5", "CN=CN=a\\, weight=5"},
      {"CN=", "CN=CN="},
      {"CN=a,", "CN=CN=a\\,"},
      {"CN=\"open", "CN=CN=\\\"open"},
      {"CN=end\\", "CN=CN=end\\\\"},
      {"", "CN="},
      {"Zürich 漢字 😀", "CN=Zürich 漢字 😀"},
      {"line\nbreak", "CN=line\\0Abreak"},
      {"ill\xFF"
       "formed",
       "CN=ill\xEF\xBF\xBD"
       "formed"},
  };
  for (const auto& [asked, subject] : cases) {
    EXPECT_EQ(certificate_of(asked).subject(), subject) << asked;
  }
}

TEST(X509Test, ASubjectReadAgainIsTheSameName) {
  for (const char* subject : {"a, b", "CN=a, O=\" b \"", "x=\\y+z;", "#1"}) {
    const auto first = certificate_of(subject);
    const auto second = certificate_of(first.subject());
    EXPECT_EQ(first.issuer_der(), second.issuer_der()) << first.subject();
  }
}

TEST(X509Test, CommonNamesMayHave128CharactersAndMore) {
  for (const std::size_t size : {64U, 65U, 128U, 1000U}) {
    const std::string name(size, 'n');
    EXPECT_EQ(certificate_of(name).subject(), "CN=" + name);
    EXPECT_EQ(certificate_of("O=x, CN=" + name).subject(), "O=x, CN=" + name);
  }
}

TEST(X509Test, TimesAfter2049AreGeneralizedAndReadBack) {
  const TimePoint last_utc = sys_days(year(2049) / 12 / 31) + std::chrono::hours(23);
  const TimePoint first_general = sys_days(year(2050) / 1 / 1);
  const TimePoint far = sys_days(year(9999) / 12 / 31) + std::chrono::hours(23);

  const auto until_utc = certificate_between(sys_days(year(1950) / 1 / 1), last_utc);
  const auto until_general = certificate_between(sys_days(year(1900) / 2 / 28), first_general);
  const auto until_far = certificate_between(sys_days(year(2000) / 2 / 29), far);

  EXPECT_EQ(until_utc.not_after(), last_utc);
  EXPECT_EQ(tag_of_not_after(until_utc), V_ASN1_UTCTIME);
  EXPECT_EQ(until_general.not_before(), TimePoint(sys_days(year(1900) / 2 / 28)));
  EXPECT_EQ(until_general.not_after(), first_general);
  EXPECT_EQ(tag_of_not_after(until_general), V_ASN1_GENERALIZEDTIME);
  EXPECT_EQ(until_far.not_before(), TimePoint(sys_days(year(2000) / 2 / 29)));
  EXPECT_EQ(until_far.not_after(), far);
}

TEST(X509Test, TimesAreWholeSecondsAndNeverEndsWithTheYear9999) {
  const TimePoint from = sys_days(year(2020) / 1 / 1) + std::chrono::microseconds(1'999'999);

  const auto made = certificate_between(from, proto::kNever);

  EXPECT_EQ(made.not_before(), TimePoint(sys_days(year(2020) / 1 / 1)) + std::chrono::seconds(1));
  EXPECT_EQ(made.not_after(), TimePoint(sys_days(year(10000) / 1 / 1)) - std::chrono::seconds(1));
}

TEST(X509Test, TruncatedOrLengthenedBytesAreNoCertificate) {
  const Bytes good = certificate_of("cut").der();

  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(X509Certificate::from_der(proto::ByteView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(X509Certificate::from_der(longer));
  EXPECT_FALSE(X509Certificate::from_der(Bytes(kCertificateBytesMax + 1, 0x30)));
  EXPECT_FALSE(X509Certificate::from_der(proto::as_bytes("-----BEGIN CERTIFICATE-----\n")));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(X509Test, ADamagedByteGivesNoCertificateOrOneWithAnotherThumbprint) {
  const auto good = certificate_of("flip");

  for (std::size_t at = 0; at < good.der().size(); ++at) {
    Bytes bad = good.der();
    bad[at] ^= 0x11;
    const auto read = X509Certificate::from_der(bad);
    if (read) {
      EXPECT_NE(read->thumbprint(), good.thumbprint()) << at;
      EXPECT_EQ(read->der(), bad) << at;
    }
  }
}

TEST(X509Test, AnEncodingWithALongerLengthThanNeededIsRefused) {
  const Bytes good = certificate_of("BER").der();
  ASSERT_EQ(good[1], 0x82);
  Bytes longer{0x30, 0x83, 0x00};
  longer.insert(longer.end(), good.begin() + 2, good.end());

  EXPECT_FALSE(X509Certificate::from_der(longer));
}

// A certificate of another shape than ours, signed by its own key.
Bytes foreign_certificate(EVP_PKEY* key, long serial) {
  X509* made = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(made), "20200101000000Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(made), "20300101000000Z");
  X509_set_pubkey(made, key);
  X509_sign(made, key, EVP_sha256());
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(made, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  X509_free(made);
  return out;
}

TEST(X509Test, OtherKeysThanRsaAreRefused) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");

  EXPECT_FALSE(X509Certificate::from_der(foreign_certificate(key, 1)));
  EVP_PKEY_free(key);
}

TEST(X509Test, NegativeSerialNumbersAreRefusedAndSmallOnesRead) {
  EVP_PKEY* key = test::first_key().native();

  const auto small = X509Certificate::from_der(foreign_certificate(key, 7));

  ASSERT_TRUE(small);
  EXPECT_EQ(small->serial_text(), "07");
  EXPECT_EQ(small->subject(), "");
  EXPECT_FALSE(X509Certificate::from_der(foreign_certificate(key, -7)));
}

}  // namespace
}  // namespace ssb::broker::crypto
