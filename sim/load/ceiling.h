// What one core of this machine can seal: AES-128-GCM through a kept context, bodies of the load's size. The bound that shares are of.
//
//   Units   processor time of this thread, so that what else runs does not count.
//   Source  benchmarks.md, procedure point 2; OpenSSL's EVP, not the engine's own cipher, which is what is compared with it.
#pragma once

#include <cstdint>

#include "sim/load/workload.h"

using EVP_PKEY = struct evp_pkey_st;

namespace ssb::sim::load {

// One RSA operation each, as dialogs use them (PSS and OAEP with SHA-256), in microseconds.
struct RsaCosts {
  double sign_us = 0, verify_us = 0, wrap_us = 0, unwrap_us = 0;
};
[[nodiscard]] RsaCosts rsa_costs(EVP_PKEY* key, Nanoseconds at_least = kSecond / 50);

[[nodiscard]] double seals_per_second(std::uint32_t size_bytes, Nanoseconds at_least = kSecond / 5);

}  // namespace ssb::sim::load
