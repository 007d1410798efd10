#include "broker/crypto/openssl.h"

#include <limits>

#include <openssl/err.h>

#include "broker/crypto/failure.h"
#include "proto/check.h"

namespace ssb::broker::crypto {

std::string take_openssl_reason() {
  const unsigned long error = ERR_peek_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

void throw_openssl(const char* what) {
  throw CryptoFailure(std::string("OpenSSL: ") + what + ": " + take_openssl_reason());
}

int openssl_size(std::size_t size) {
  SSB_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(size);
}

const std::uint8_t* data_or_dummy(proto::ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.data() == nullptr ? &kNothing : bytes.data();
}

}  // namespace ssb::broker::crypto
