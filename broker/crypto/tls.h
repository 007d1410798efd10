// TLS between two endpoints over memory BIOs: bytes in, bytes out, no socket, no clock.
//
//   There is no CA: the channel accepts any RSA certificate in the handshake (proof of possession
//   only) and gives it to the caller, who looks it up in master before a byte of data passes. No
//   tickets, no resumption, no renegotiation, no compression.
//   encrypted  TLS 1.3 only, AES-128-GCM or ChaCha20-Poly1305 alone, as negotiated before.
//   clear      TLS 1.2 with exactly ECDHE-RSA-NULL-SHA at security level 0, extended master secret
//              required: readable, and tampering is still caught (ENCRYPTION = DISABLED, claim
//              M13).
//   Source     RFC 8446, RFC 5246, RFC 7627, RFC 5705 / RFC 8446 7.5 (exporters).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/crypto/rsa.h"
#include "broker/crypto/x509.h"
#include "proto/bytes.h"

namespace ssb::broker::crypto {

enum class TlsCipher { aes_128_gcm, chacha20_poly1305, integrity_only };

class TlsChannel {
 public:
  enum class Role { initiator, acceptor };  // TLS client and server
  TlsChannel(Role role, TlsCipher cipher, const X509Certificate& certificate,
             const RsaPrivateKey& key);
  TlsChannel(TlsChannel&&) noexcept;
  TlsChannel& operator=(TlsChannel&&) noexcept;
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;
  ~TlsChannel();

  // Takes bytes from the network. False: the channel is dead, see failure().
  [[nodiscard]] bool receive(proto::ByteView ciphertext);
  // Moves the handshake on; call after construction (initiator) and after every receive. False:
  // dead.
  [[nodiscard]] bool advance();
  // Bytes that must go to the network now (handshake, records, alerts); empties the out buffer.
  [[nodiscard]] proto::Bytes take_output();
  [[nodiscard]] std::size_t output_bytes() const;

  [[nodiscard]] bool is_established() const;
  // The peer's certificate once it was presented and its possession proven (established).
  [[nodiscard]] std::optional<X509Certificate> peer_certificate() const;
  // Application data; only once established. False: dead.
  [[nodiscard]] bool write(proto::ByteView plaintext);
  // Appends what was decrypted so far to `plaintext`, also when it then returns false: dead or
  // closed by the peer (is_closed()).
  [[nodiscard]] bool read(proto::Bytes& plaintext);
  // receive and read, without a copy between them.
  [[nodiscard]] bool read(proto::ByteView ciphertext, proto::Bytes& plaintext);
  [[nodiscard]] bool is_closed() const;  // close_notify received
  void close();                          // queues close_notify
  // RFC 5705 exporter, 32 bytes.
  [[nodiscard]] proto::Secret export_key(std::string_view label, proto::ByteView context) const;
  // "TLSv1.3 TLS_AES_128_GCM_SHA256".
  [[nodiscard]] std::string protocol_text() const;
  // OpenSSL's reason, for 28031.
  [[nodiscard]] const std::string& failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ssb::broker::crypto
