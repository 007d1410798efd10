// Self-signed certificates as CREATE CERTIFICATE makes them, and reading those of others.
//
//   Shape   DER. Issuer equals subject unless one is asked for; 'text' becomes CN=text, 'CN=a, O=b' is taken
//           as it is.
//   Units   times UTC, whole seconds. serial: 16 bytes, printed as "2f 11 ...".
//   Errors  nullopt for bytes that are no certificate in DER (and nothing after it) with a sound
//           RSA key of 384 to 16384 bits and a serial number that is not negative. Signature and
//           dates are not judged here.
//   Source  RFC 5280.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/crypto/digest.h"
#include "broker/crypto/rsa.h"
#include "proto/time.h"

using X509 = struct x509_st;

namespace ssb::broker::crypto {

// Far above any certificate with a key of 16384 bits.
inline constexpr std::size_t kCertificateBytesMax = 65536;

struct CertificateRequest {
  std::string subject;
  proto::TimePoint not_before;
  proto::TimePoint not_after;
  std::string issuer{};   // empty: the subject
  proto::Bytes serial{};  // big-endian; empty: drawn at random
};

class X509Certificate {
 public:
  // Signed with SHA-256 by its own key, whoever the issuer is said to be.
  [[nodiscard]] static X509Certificate make_self_signed(const CertificateRequest& request,
                                                        const RsaPrivateKey& key);
  [[nodiscard]] static std::optional<X509Certificate> from_der(proto::ByteView der);

  [[nodiscard]] const proto::Bytes& der() const { return der_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }  // "CN=..., O=..."
  [[nodiscard]] const std::string& issuer() const { return issuer_; }
  // The encoded name: what look-ups compare.
  [[nodiscard]] const proto::Bytes& issuer_der() const { return issuer_der_; }
  [[nodiscard]] const proto::Bytes& serial() const { return serial_; }  // big-endian
  [[nodiscard]] std::string serial_text() const;                        // "2f 11 8a ..."
  [[nodiscard]] proto::TimePoint not_before() const { return not_before_; }
  [[nodiscard]] proto::TimePoint not_after() const { return not_after_; }
  [[nodiscard]] Sha1Digest thumbprint() const { return sha1(der_); }
  [[nodiscard]] const Sha256Digest& fingerprint() const {
    return fingerprint_;
  }  // SHA-256 of der()
  [[nodiscard]] const RsaPublicKey& public_key() const { return public_key_; }

 private:
  static std::optional<X509Certificate> read(X509* certificate);

  proto::Bytes der_;
  Sha256Digest fingerprint_{};
  std::string subject_;
  std::string issuer_;
  proto::Bytes issuer_der_;
  proto::Bytes serial_;
  proto::TimePoint not_before_;
  proto::TimePoint not_after_;
  RsaPublicKey public_key_;
};

// The text of an encoded name ("CN=..., O=..."), as issuer() shows it; nullopt when it is none. For
// showing what a peer named.
[[nodiscard]] std::optional<std::string> name_text(proto::ByteView der);

}  // namespace ssb::broker::crypto
