#include "broker/crypto/x509.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/asn1.h>

#include "broker/crypto/openssl.h"
#include "broker/crypto/random.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

using Certificate = Owned<X509, X509_free>;
using Name = Owned<X509_NAME, X509_NAME_free>;
using NameEntry = Owned<X509_NAME_ENTRY, X509_NAME_ENTRY_free>;
using Time = Owned<ASN1_TIME, ASN1_TIME_free>;
using Bio = Owned<BIO, BIO_free_all>;

constexpr std::size_t kSerialBytes = 16;
constexpr long kVersion3 = 2;  // as X.509 counts

// "CN=a, O=b" in the order of the encoding, UTF-8, with separators and control characters escaped.
constexpr unsigned long kNameFlags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253 |
                                     ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT;

struct NamePart {
  int nid;
  std::string value;
};

std::optional<int> name_key(std::string_view key) {
  static constexpr std::pair<std::string_view, int> kKeys[] = {
      {"CN", NID_commonName},
      {"O", NID_organizationName},
      {"OU", NID_organizationalUnitName},
      {"C", NID_countryName},
      {"L", NID_localityName},
      {"ST", NID_stateOrProvinceName},
      {"S", NID_stateOrProvinceName},
      {"E", NID_pkcs9_emailAddress},
      {"EMAILADDRESS", NID_pkcs9_emailAddress}};
  std::string upper(key);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  for (const auto& [name, nid] : kKeys) {
    if (upper == name) return nid;
  }
  return std::nullopt;
}

// Reads "key=value, key=value": a value may be quoted, or escape a character as \, or \2C.
class NameReader {
 public:
  explicit NameReader(std::string_view text) : text_(text) {}

  // The parts, or nullopt when the text is not of that form.
  [[nodiscard]] std::optional<std::vector<NamePart>> parts() {
    std::vector<NamePart> out;
    do {
      const auto equals = text_.find('=', at_);
      if (equals == std::string_view::npos) return std::nullopt;
      const auto nid = name_key(trimmed(text_.substr(at_, equals - at_)));
      at_ = equals + 1;
      auto text = value();
      if (!nid || !text) return std::nullopt;
      out.push_back({*nid, std::move(*text)});
    } while (at_++ < text_.size());  // over the comma
    return out;
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
  }

  // Up to the next bare comma or the end; nullopt for an empty value and an open quote or escape.
  std::optional<std::string> value() {
    std::string out;
    std::size_t kept = 0;  // blanks behind this are trimmed, unless escaped or quoted
    bool quoted = false;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        quoted = !quoted;
        kept = out.size();
        continue;
      }
      if (c == ',' && !quoted) break;
      if (c == '\\') {
        if (!escaped(out)) return std::nullopt;
        kept = out.size();
        continue;
      }
      out.push_back(c);
      if (c != ' ' || quoted) kept = out.size();
    }
    if (quoted || kept == 0) return std::nullopt;
    out.resize(kept);
    return out;
  }

  // At a backslash; ends on the last character of the escape.
  bool escaped(std::string& out) {
    if (at_ + 1 >= text_.size()) return false;
    if (const auto hex = proto::from_hex(text_.substr(at_ + 1, 2)); hex && hex->size() == 1) {
      out.push_back(static_cast<char>(hex->front()));
      at_ += 2;
    } else {
      out.push_back(text_[++at_]);
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Country and e-mail have their own string types where their characters allow it.
int string_type(const NamePart& part) {
  const bool ascii = std::all_of(part.value.begin(), part.value.end(),
                                 [](char c) { return c >= 0x20 && c < 0x7F; });
  const bool letters = std::all_of(part.value.begin(), part.value.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
  if (part.nid == NID_countryName && letters) return V_ASN1_PRINTABLESTRING;
  if (part.nid == NID_pkcs9_emailAddress && ascii) return V_ASN1_IA5STRING;
  return V_ASN1_UTF8STRING;
}

// Entries are made with their string type given, because the convenient function enforces the upper
// bounds of RFC 5280 (64 characters for CN) and SQL Server's names have 128.
Name make_name(const std::string& subject) {
  // Ill-formed UTF-8 becomes U+FFFD, so that the name can be printed.
  const std::string text = proto::from_utf16le(proto::to_utf16le(subject));
  auto parts = NameReader(text).parts();
  if (!parts) parts = std::vector<NamePart>{{NID_commonName, text}};
  Name name(require_openssl(X509_NAME_new(), "certificate name"));
  for (NamePart& part : *parts) {
    part.value = proto::from_utf16le(proto::to_utf16le(part.value));  // \FF is not UTF-8 either
    const NameEntry entry(X509_NAME_ENTRY_create_by_NID(nullptr, part.nid, string_type(part),
                                                        data_or_dummy(proto::as_bytes(part.value)),
                                                        openssl_size(part.value.size())));
    require_openssl(entry != nullptr && X509_NAME_add_entry(name.get(), entry.get(), -1, 0) == 1,
                    "certificate name");
  }
  return name;
}

// Whole seconds, UTCTime until 2049 and GeneralizedTime after it; years beyond 9999 end there.
Time make_time(proto::TimePoint t) {
  using std::chrono::sys_days;
  using std::chrono::year;
  constexpr proto::TimePoint kFirst = sys_days(year(1) / 1 / 1);
  constexpr proto::TimePoint kLast =
      sys_days(year(9999) / 12 / 31) + std::chrono::hours(24) - std::chrono::seconds(1);
  const auto at = std::chrono::floor<std::chrono::seconds>(std::clamp(t, kFirst, kLast));
  const auto date = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day ymd(date);
  const std::chrono::hh_mm_ss time(at - date);
  const std::string text =
      fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}Z", static_cast<int>(ymd.year()),
                  static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  Time out(require_openssl(ASN1_TIME_new(), "certificate time"));
  require_openssl(ASN1_TIME_set_string_X509(out.get(), text.c_str()) == 1, "certificate time");
  return out;
}

std::optional<proto::TimePoint> read_time(const ASN1_TIME* time) {
  std::tm fields{};
  // With a null pointer OpenSSL would read the clock.
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(fields.tm_year + 1900),
      std::chrono::month(static_cast<unsigned>(fields.tm_mon + 1)),
      std::chrono::day(static_cast<unsigned>(fields.tm_mday))};
  if (!date.ok()) return std::nullopt;
  return proto::TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(fields.tm_hour) +
         std::chrono::minutes(fields.tm_min) + std::chrono::seconds(fields.tm_sec);
}

std::optional<std::string> read_name(const X509_NAME* name) {
  const Bio out(require_openssl(BIO_new(BIO_s_mem()), "memory BIO"));
  if (X509_NAME_print_ex(out.get(), name, 0, kNameFlags) < 0) return std::nullopt;
  const char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

std::optional<proto::Bytes> encoded_name(const X509_NAME* name) {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(name, &bytes, &size) != 1) return std::nullopt;
  return proto::Bytes(bytes, bytes + size);
}

// RFC 5280 4.1.2.2: a positive number. Its sign is not part of what look-ups compare, so others are
// refused.
std::optional<proto::Bytes> read_serial(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  if (serial == nullptr || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) return std::nullopt;
  const std::uint8_t* bytes = ASN1_STRING_get0_data(serial);
  return proto::Bytes(bytes, bytes + ASN1_STRING_length(serial));
}

proto::Bytes encode(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  proto::Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* at = out.data();
  if (i2d_X509(certificate, &at) != size) return {};
  return out;
}

proto::Bytes random_serial() {
  proto::Bytes bytes(kSerialBytes);
  random_bytes(bytes);
  bytes[0] &= 0x7F;                 // positive without a leading zero byte
  if (bytes[0] == 0) bytes[0] = 1;  // and 16 bytes long, so never zero
  return bytes;
}

void set_serial(X509* certificate, const proto::Bytes& bytes) {
  const BigNumber number(
      require_openssl(BN_bin2bn(bytes.data(), openssl_size(bytes.size()), nullptr), "serial"));
  ASN1_INTEGER* serial = X509_get_serialNumber(certificate);
  require_openssl(BN_to_ASN1_INTEGER(number.get(), serial) != nullptr, "serial");
}

}  // namespace

X509Certificate X509Certificate::make_self_signed(const CertificateRequest& request,
                                                  const RsaPrivateKey& key) {
  SSB_CHECK(static_cast<bool>(key));
  const Certificate certificate(require_openssl(X509_new(), "certificate"));
  set_serial(certificate.get(), request.serial.empty() ? random_serial() : request.serial);
  const Name name = make_name(request.subject);
  const Name issuer = make_name(request.issuer.empty() ? request.subject : request.issuer);
  const Time not_before = make_time(request.not_before);
  const Time not_after = make_time(request.not_after);
  const bool good = X509_set_version(certificate.get(), kVersion3) == 1 &&
                    X509_set_subject_name(certificate.get(), name.get()) == 1 &&
                    X509_set_issuer_name(certificate.get(), issuer.get()) == 1 &&
                    X509_set1_notBefore(certificate.get(), not_before.get()) == 1 &&
                    X509_set1_notAfter(certificate.get(), not_after.get()) == 1 &&
                    X509_set_pubkey(certificate.get(), key.native()) == 1 &&
                    X509_sign(certificate.get(), key.native(), EVP_sha256()) > 0;
  require_openssl(good, "certificate");
  auto out = from_der(encode(certificate.get()));
  require_openssl(out.has_value(), "certificate");
  return std::move(*out);
}

std::optional<X509Certificate> X509Certificate::from_der(proto::ByteView der) {
  if (der.empty() || der.size() > kCertificateBytesMax) return std::nullopt;
  const std::uint8_t* at = der.data();
  const Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  std::optional<X509Certificate> out;
  // Encoded again and compared: other encodings of the same certificate would have other
  // thumbprints.
  const auto whole = certificate ? encode(certificate.get()) : proto::Bytes();
  if (!whole.empty() && std::equal(whole.begin(), whole.end(), der.begin(), der.end())) {
    out = read(certificate.get());
  }
  if (out) {
    out->der_ = whole;
    out->fingerprint_ = sha256(whole);
  }
  static_cast<void>(take_openssl_reason());
  return out;
}

std::optional<X509Certificate> X509Certificate::read(X509* certificate) {
  auto subject = read_name(X509_get_subject_name(certificate));
  auto issuer = read_name(X509_get_issuer_name(certificate));
  auto issuer_der = encoded_name(X509_get_issuer_name(certificate));
  auto serial = read_serial(certificate);
  const auto not_before = read_time(X509_get0_notBefore(certificate));
  const auto not_after = read_time(X509_get0_notAfter(certificate));
  RsaPublicKey key(std::shared_ptr<EVP_PKEY>(X509_get_pubkey(certificate),
                                             [](EVP_PKEY* last) { EVP_PKEY_free(last); }));
  if (!subject || !issuer || !issuer_der || !serial || !not_before || !not_after ||
      !key.is_sound()) {
    return std::nullopt;
  }
  X509Certificate out;
  out.subject_ = std::move(*subject);
  out.issuer_ = std::move(*issuer);
  out.issuer_der_ = std::move(*issuer_der);
  out.serial_ = std::move(*serial);
  out.not_before_ = *not_before;
  out.not_after_ = *not_after;
  out.public_key_ = std::move(key);
  return out;
}

std::string X509Certificate::serial_text() const {
  std::string out;
  for (const std::uint8_t byte : serial_) {
    fmt::format_to(std::back_inserter(out), "{}{:02x}", out.empty() ? "" : " ", byte);
  }
  return out;
}

std::optional<std::string> name_text(proto::ByteView der) {
  if (der.size() > kCertificateBytesMax) return std::nullopt;
  const std::uint8_t* next = data_or_dummy(der);
  const Name name(d2i_X509_NAME(nullptr, &next, openssl_size(der.size())));
  if (name == nullptr) {
    static_cast<void>(take_openssl_reason());
    return std::nullopt;
  }
  return read_name(name.get());
}

}  // namespace ssb::broker::crypto
