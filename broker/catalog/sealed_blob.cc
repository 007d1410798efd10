#include "broker/catalog/sealed_blob.h"

#include <array>

#include "broker/crypto/aes.h"
#include "broker/crypto/random.h"

namespace ssb::broker::catalog {

proto::Bytes seal_blob(const proto::Secret& key, std::string_view purpose, proto::ByteView clear) {
  proto::Bytes sealed(crypto::kGcmNonceBytes);
  crypto::random_bytes(sealed);
  const proto::Bytes nonce = sealed;
  crypto::AesGcm(key).seal(nonce, proto::as_bytes(purpose), clear, sealed);
  return sealed;
}

std::optional<proto::Secret> open_blob(const proto::Secret& key, std::string_view purpose,
                                       proto::ByteView sealed) {
  if (sealed.size() < crypto::kGcmNonceBytes + crypto::kGcmTagBytes) return std::nullopt;
  auto clear =
      crypto::AesGcm(key).open(sealed.first(crypto::kGcmNonceBytes), proto::as_bytes(purpose),
                               sealed.subspan(crypto::kGcmNonceBytes));
  if (!clear) return std::nullopt;
  proto::Secret secret{proto::ByteView(*clear)};
  proto::erase_bytes(clear->data(), clear->size());
  return secret;
}

}  // namespace ssb::broker::catalog
