// What cryptography throws when it cannot do what valid input asks for: OpenSSL fails, or its random source does.
//
//   Errors  whoever runs a statement or handles a message makes 15209 of it, and goes on (PROTOCOL.md, "When the random source
//           fails"). Where half of a change has been made already it ends the instance, as a failing disk does.
#pragma once

#include <stdexcept>
#include <type_traits>

#include "proto/error.h"
#include "proto/error_code.h"

namespace ssb::broker::crypto {

class CryptoFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Nothing was drawn, or what was drawn is no randomness.
class RandomFailure : public CryptoFailure {
 public:
  using CryptoFailure::CryptoFailure;
};

// What `work`, which gives a proto::Result, comes to: error 15209 where cryptography fails in it.
template <typename Work>
std::invoke_result_t<Work> guarded(const Work& work) {
  try {
    return work();
  } catch (const CryptoFailure& failure) {
    return proto::Error(proto::ErrorCode::encryption_failed, failure.what());
  }
}

}  // namespace ssb::broker::crypto
