// What two endpoints offer each other in clear, and what follows from it: authentication method and
// encryption.
//
//   Errors  28027 nothing compatible: state 20 protocol version (ours), 21 authentication, 22
//   encryption. Source  reference service-broker.md 3.1-3.2: the acceptor's order decides;
//   encryption matrix and algorithm table. Endpoints that are
//           SUPPORTED on both sides but share no algorithm do not fall back to clear: the table
//           says that they fail.
#pragma once

#include <string>
#include <string_view>

#include "broker/catalog/catalog.h"
#include "broker/crypto/tls.h"
#include "proto/adjacent.pb.h"
#include "proto/error.h"
#include "proto/ids.h"

namespace ssb::wire {

using proto::adjacent::Negotiate;

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::size_t kInstanceNameBytesMax = 128;
inline constexpr int kStateProtocolVersion = 20;
inline constexpr int kStateAuthentication = 21;
inline constexpr int kStateEncryption = 22;

// The offer of an endpoint of the catalog.
[[nodiscard]] Negotiate offer_of(const broker::catalog::pb::Endpoint& endpoint,
                                 std::string_view instance_name, proto::InstanceId instance_id);
// Whether a received one is well-formed: known values, no repetition, sizes.
[[nodiscard]] bool is_well_formed(const Negotiate& offer);
// Both always agree on CERTIFICATE or fail (Windows authentication is not simulated); the algorithm
// is the result.
[[nodiscard]] proto::Result<Negotiate::Algorithm> choose(const Negotiate& initiator,
                                                         const Negotiate& acceptor);
// What protects the bytes: ChaCha20-Poly1305 stands in for RC4 (README, "Fidelity").
[[nodiscard]] broker::crypto::TlsCipher cipher_of(Negotiate::Algorithm algorithm);

// "Service Broker" or "Database Mirroring".
[[nodiscard]] const char* kind_name(Negotiate::Kind kind);
// "CERTIFICATE", "NEGOTIATE, CERTIFICATE", in the order offered.
[[nodiscard]] std::string methods_text(const Negotiate& offer);
// "REQUIRED AES, RC4".
[[nodiscard]] std::string encryption_text(const Negotiate& offer);
[[nodiscard]] const char* algorithm_name(Negotiate::Algorithm algorithm);
// Text of a peer made fit to show: printable ASCII and UTF-8, at most `bytes_max` bytes; control
// characters and ill-formed bytes become '?'.
[[nodiscard]] std::string displayable(std::string_view text, std::size_t bytes_max);

}  // namespace ssb::wire
