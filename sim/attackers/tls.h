// One TLS session over memory, straight on OpenSSL: any certificate of the other side is taken.
#pragma once

#include <string_view>

#include "sim/attackers/openssl_handles.h"
#include "sim/attackers/sealing.h"

namespace ssb::sim::attackers {

class Tls {
 public:
  enum class Role { client, server };
  enum class Mode { aes, chacha, clear };  // 1.3, 1.3, 1.2 without encryption

  Tls(Role role, Mode mode, const Certificate& certificate, const Rsa& key);

  // Takes bytes from the network, and moves the handshake on. False: it has failed, or was closed.
  bool receive(ByteView bytes);
  [[nodiscard]] bool is_established() const;
  [[nodiscard]] Bytes take_output();
  void write(ByteView clear);
  [[nodiscard]] Bytes read();
  [[nodiscard]] Bytes export_key(std::string_view label, ByteView context) const;
  [[nodiscard]] Certificate peer() const;  // once established

 private:
  TlsContext context_;
  TlsSession session_;
  bool is_dead_ = false;
};

}  // namespace ssb::sim::attackers
