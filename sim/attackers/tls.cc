#include "sim/attackers/tls.h"

#include <array>

#include <openssl/err.h>

namespace ssb::sim::attackers {
namespace {

int take_any(X509_STORE_CTX*, void*) {
  return 1;
}

void set_mode(SSL_CTX* context, Tls::Mode mode) {
  const int version = mode == Tls::Mode::clear ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  if (mode == Tls::Mode::clear) {
    SSL_CTX_set_security_level(context, 0);
    must(SSL_CTX_set_cipher_list(context, "ECDHE-RSA-NULL-SHA:@SECLEVEL=0") == 1, "TLS");
    return;
  }
  const char* suite =
      mode == Tls::Mode::aes ? "TLS_AES_128_GCM_SHA256" : "TLS_CHACHA20_POLY1305_SHA256";
  must(SSL_CTX_set_ciphersuites(context, suite) == 1, "TLS");
}

}  // namespace

Tls::Tls(Role role, Mode mode, const Certificate& certificate, const Rsa& key)
    : context_(SSL_CTX_new(TLS_method())) {
  set_mode(context_.get(), mode);
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context_.get(), 0);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context_.get(), take_any, nullptr);
  session_.reset(SSL_new(context_.get()));
  SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(session_.get()), -1);
  const std::uint8_t* at = certificate.der.data();
  const X509Handle own(d2i_X509(nullptr, &at, static_cast<long>(certificate.der.size())));
  must(SSL_use_certificate(session_.get(), own.get()) == 1, "TLS certificate");
  must(SSL_use_PrivateKey(session_.get(), key.native()) == 1, "TLS key");
  if (role == Role::client) {
    SSL_set_connect_state(session_.get());
  } else {
    SSL_set_accept_state(session_.get());
  }
}

bool Tls::is_established() const {
  return !is_dead_ && SSL_is_init_finished(session_.get()) == 1;
}

bool Tls::receive(ByteView bytes) {
  if (is_dead_) return false;
  if (!bytes.empty())
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
  if (is_established()) return true;
  const int result = SSL_do_handshake(session_.get());
  if (result == 1 || SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ) return true;
  ERR_clear_error();
  is_dead_ = true;
  return false;
}

Bytes Tls::take_output() {
  BIO* out = SSL_get_wbio(session_.get());
  Bytes bytes(BIO_ctrl_pending(out));
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void Tls::write(ByteView clear) {
  if (clear.empty() || !is_established()) return;
  SSL_write(session_.get(), clear.data(), static_cast<int>(clear.size()));
}

Bytes Tls::read() {
  Bytes out;
  std::array<std::uint8_t, 16384> record{};
  for (;;) {
    const int size = is_established()
                         ? SSL_read(session_.get(), record.data(), static_cast<int>(record.size()))
                         : 0;
    if (size <= 0) {
      ERR_clear_error();
      return out;
    }
    append(out, ByteView(record).first(static_cast<std::size_t>(size)));
  }
}

Bytes Tls::export_key(std::string_view label, ByteView context) const {
  Bytes out(32);
  must(SSL_export_keying_material(session_.get(), out.data(), out.size(), label.data(),
                                  label.size(), context.data(), context.size(), 1) == 1,
       "TLS exporter");
  return out;
}

Certificate Tls::peer() const {
  const X509Handle peer(SSL_get1_peer_certificate(session_.get()));
  must(peer != nullptr, "TLS peer");
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(peer.get(), &der);
  must(size > 0, "TLS peer");
  const Bytes copy(der, der + size);
  OPENSSL_free(der);
  return *Certificate::parse(copy);
}

}  // namespace ssb::sim::attackers
