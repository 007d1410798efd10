// Private key files come from whoever gives the operator a .pvk: any bytes.

#include <cstdint>

#include "broker/crypto/pvk.h"
#include "proto/check.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssb;
  const proto::ByteView input(data, size);
  for (const char* password : {"", "password"}) {
    const auto key = broker::crypto::read_pvk(input, password, "input.pvk");
    if (!key) continue;

    // A key that was accepted can be stored and used.
    const auto again = broker::crypto::RsaPrivateKey::from_pkcs8(key->to_pkcs8().view());
    SSB_CHECK(again && again->matches(key->public_key()));
    if (key->bits() > 4096) continue;  // slow, and nothing else
    static_cast<void>(key->decrypt_oaep(input, {}));
    const auto copy =
        broker::crypto::read_pvk(broker::crypto::write_pvk(*key, password), password, "copy.pvk");
    SSB_CHECK(copy && copy->matches(key->public_key()));
  }
  return 0;
}
