#include "sim/snapshot/identities.h"

#include <algorithm>

namespace ssb::sim::snapshot {
namespace {

// "2f 11 8a" as the views write it; empty when it is none, or no number that a certificate may have.
proto::Bytes serial_of(std::string text) {
  std::erase(text, ' ');
  constexpr std::size_t kSerialBytesMax = 20;  // RFC 5280 4.1.2.2
  const auto bytes = proto::from_hex(text);
  if (!bytes || bytes->size() > kSerialBytesMax) return {};
  return *bytes;
}

}  // namespace

const Identity& Identities::of(const Row& row) {
  const std::string thumbprint = row.text("thumbprint");
  const auto found = made_.find(thumbprint);
  if (found != made_.end()) return found->second;
  auto key = keys_(kMadeKeyBits);
  auto certificate = broker::crypto::X509Certificate::make_self_signed(
      {.subject = row.text("subject"),
       .not_before = row.date("start_date"),
       .not_after = row.date("expiry_date"),
       .issuer = row.text("issuer_name"),
       .serial = serial_of(row.text("cert_serial_number"))},
      key);
  return made_.emplace(thumbprint, Identity{std::move(certificate), std::move(key)}).first->second;
}

}  // namespace ssb::sim::snapshot
