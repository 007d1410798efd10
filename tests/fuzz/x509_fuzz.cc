// Certificates come from files, from CREATE CERTIFICATE ... FROM BINARY and from peers: any bytes.

#include <cstdint>

#include "broker/crypto/x509.h"
#include "proto/check.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssb;
  const proto::ByteView input(data, size);
  const auto certificate = broker::crypto::X509Certificate::from_der(input);
  if (!certificate) return 0;

  // What was read is what was given, and the key can be computed with.
  SSB_CHECK(certificate->der() == proto::to_bytes(input));
  SSB_CHECK(certificate->serial_text().size() + 1 == certificate->serial().size() * 3);
  const broker::crypto::RsaPublicKey& key = certificate->public_key();
  SSB_CHECK(key.is_sound());
  if (key.bits() > 4096) return 0;  // slow, and nothing else
  SSB_CHECK(!key.verify_pss(input, certificate->thumbprint()));
  if (key.oaep_plaintext_bytes_max() >= 16) {
    SSB_CHECK(!key.encrypt_oaep(proto::Bytes(16), {}).empty());
  }
  return 0;
}
