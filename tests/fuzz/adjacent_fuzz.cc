// The login of a connection, against any bytes: the first byte chooses the role, the rest is what the peer sends.

#include <algorithm>
#include <cstdint>
#include <string>

#include "proto/check.h"
#include "proto/error_code.h"
#include "transport/wire/handshake.h"

namespace {

using namespace ssb;
using wire::Handshake;
using wire::Negotiate;

// 2008-11-26, so that a run repeats.
constexpr proto::TimePoint kNow = proto::from_unix_us(1'227'657'600'000'000);

struct OneCertificate : wire::Authority {
  wire::OwnCertificate own;

  explicit OneCertificate(const broker::crypto::RsaPrivateKey& key)
      : own{"own",
            broker::crypto::X509Certificate::make_self_signed(
                {"own", kNow - std::chrono::hours(24), kNow + std::chrono::hours(24)}, key),
            key} {}
  proto::Result<wire::OwnCertificate> own_certificate(proto::TimePoint,
                                                      wire::Findings&) const override {
    return own;
  }
  proto::Result<wire::PeerIdentity> identify(const broker::crypto::X509Certificate&,
                                             proto::TimePoint, wire::Findings&) const override {
    return proto::Error(proto::ErrorCode::peer_certificate_invalid, "Certificate not found", "89");
  }
};

Negotiate offer() {
  Negotiate made;
  made.set_version(wire::kProtocolVersion);
  made.set_instance_name("HOST");
  made.set_instance_id(std::string(16, 'i'));
  made.set_kind(Negotiate::SERVICE_BROKER);
  made.add_authentication(Negotiate::CERTIFICATE);
  made.set_encryption(Negotiate::SUPPORTED);
  made.add_algorithms(Negotiate::AES);
  made.add_algorithms(Negotiate::RC4);
  return made;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const OneCertificate authority(broker::crypto::RsaPrivateKey::generate(1024));
  const auto role = data[0] % 2 == 0 ? Handshake::Role::initiator : Handshake::Role::acceptor;
  Handshake handshake(role, offer(), authority, data[0] % 8 >= 6, kNow);
  if (role == Handshake::Role::initiator) handshake.start(kNow);

  std::size_t output_bytes = 0;
  proto::ByteView rest(data + 1, size - 1);
  while (!rest.empty()) {
    const proto::ByteView chunk = rest.first(std::min<std::size_t>(rest.size(), 37));
    rest = rest.subspan(chunk.size());
    handshake.receive(chunk, kNow);
    output_bytes += handshake.take_output().size();
  }
  handshake.expire(kNow + wire::kHandshakeTime);

  // Nobody gets in without a key, everything ends in time and says why, and few bytes answer many.
  SSB_CHECK(handshake.phase() == Handshake::Phase::failed && handshake.failure());
  SSB_CHECK(output_bytes < 8192);
  return 0;
}
