#include "broker/crypto/tls.h"

#include <array>
#include <exception>

#include <openssl/err.h>

#include "broker/crypto/openssl.h"
#include "proto/check.h"

namespace ssb::broker::crypto {
namespace {

using Context = Owned<SSL_CTX, SSL_CTX_free>;
using Session = Owned<SSL, SSL_free>;
using Bio = Owned<BIO, BIO_free_all>;
using Certificate = Owned<X509, X509_free>;

constexpr std::size_t kRecordBytesMax = 16384;
constexpr std::size_t kExportedKeyBytes = 32;
constexpr const char* kSignatures =
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
constexpr const char* kGroups = "X25519:P-256:P-384";
// RSA of 1024 bits still works at level 1; level 0 alone has suites without encryption.
constexpr int kSecurityLevelEncrypted = 1;
constexpr int kSecurityLevelIntegrityOnly = 0;

void set_tls13(SSL_CTX* context, const char* suite) {
  const bool good = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_ciphersuites(context, suite) == 1;
  require_openssl(good, suite);
  SSL_CTX_set_security_level(context, kSecurityLevelEncrypted);
}

void set_integrity_only(SSL_CTX* context) {
  const bool good = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(context, "ECDHE-RSA-NULL-SHA:@SECLEVEL=0") == 1;
  require_openssl(good, "ECDHE-RSA-NULL-SHA");
  SSL_CTX_set_security_level(context, kSecurityLevelIntegrityOnly);
}

void set_cipher(SSL_CTX* context, TlsCipher cipher) {
  switch (cipher) {
    case TlsCipher::aes_128_gcm: return set_tls13(context, "TLS_AES_128_GCM_SHA256");
    case TlsCipher::chacha20_poly1305: return set_tls13(context, "TLS_CHACHA20_POLY1305_SHA256");
    case TlsCipher::integrity_only: return set_integrity_only(context);
  }
}

}  // namespace

struct TlsChannel::State {
  Context context;
  Session session;
  BIO* incoming = nullptr;  // both owned by the session
  BIO* outgoing = nullptr;
  std::optional<X509Certificate> peer;
  std::string failure;
  bool is_dead = false;
  bool is_established = false;
  bool is_closed_by_peer = false;
  bool is_closed_by_us = false;

  State(Role role, TlsCipher cipher);
  bool die(std::string reason);
  // Asks OpenSSL what the result of a step means. False: the session is over.
  bool goes_on(int result);
  bool finish_handshake();
  static int accept_certificate(X509_STORE_CTX* store, void*) noexcept;
};

TlsChannel::State::State(Role role, TlsCipher cipher)
    : context(require_openssl(SSL_CTX_new(TLS_method()), "TLS context")) {
  SSL_CTX* const settings = context.get();
  set_cipher(settings, cipher);
  SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // In place of OpenSSL's chain building, which would look at dates and thus at the clock.
  SSL_CTX_set_cert_verify_callback(settings, &State::accept_certificate, nullptr);
  const bool good = SSL_CTX_set_num_tickets(settings, 0) == 1 &&
                    SSL_CTX_set1_sigalgs_list(settings, kSignatures) == 1 &&
                    SSL_CTX_set1_groups_list(settings, kGroups) == 1;
  require_openssl(good, "TLS settings");

  session.reset(require_openssl(SSL_new(settings), "TLS session"));
  Bio in(require_openssl(BIO_new(BIO_s_mem()), "memory BIO"));
  Bio out(require_openssl(BIO_new(BIO_s_mem()), "memory BIO"));
  incoming = in.get();
  outgoing = out.get();
  BIO_set_mem_eof_return(incoming, -1);  // an empty buffer means "later", not the end
  SSL_set_bio(session.get(), in.release(), out.release());
  SSL_set_app_data(session.get(), this);
  if (role == Role::initiator) {
    SSL_set_connect_state(session.get());
  } else {
    SSL_set_accept_state(session.get());
  }
}

bool TlsChannel::State::die(std::string reason) {
  is_dead = true;
  failure = std::move(reason);
  ERR_clear_error();
  return false;
}

bool TlsChannel::State::goes_on(int result) {
  switch (SSL_get_error(session.get(), result)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ: return true;
    case SSL_ERROR_ZERO_RETURN:
      is_closed_by_peer = true;
      if (!is_established) return die("closed by the peer in the handshake");
      return false;
    default: return die(take_openssl_reason());
  }
}

bool TlsChannel::State::finish_handshake() {
  SSL* const tls = session.get();
  if (SSL_version(tls) == TLS1_2_VERSION && SSL_get_extms_support(tls) != 1) {
    return die("the peer has no extended master secret");
  }
  if (!peer) return die("the peer presented no certificate");
  is_established = true;
  return true;
}

// Any RSA certificate that we can read: OpenSSL has the peer prove possession of its key, and all
// else is the caller's to judge.
int TlsChannel::State::accept_certificate(X509_STORE_CTX* store, void*) noexcept {
  try {
    const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
    auto* tls = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, index));
    auto* state = static_cast<State*>(SSL_get_app_data(tls));
    X509* presented = X509_STORE_CTX_get0_cert(store);
    const int size = presented == nullptr ? 0 : i2d_X509(presented, nullptr);
    if (size > 0) {
      proto::Bytes der(static_cast<std::size_t>(size));
      std::uint8_t* at = der.data();
      if (i2d_X509(presented, &at) == size) state->peer = X509Certificate::from_der(der);
    }
    if (state->peer) return 1;
  } catch (const std::exception&) {
    // Refused below: nothing may be thrown through OpenSSL.
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

TlsChannel::TlsChannel(Role role, TlsCipher cipher, const X509Certificate& certificate,
                       const RsaPrivateKey& key)
    : state_(std::make_unique<State>(role, cipher)) {
  const std::uint8_t* at = certificate.der().data();
  const Certificate own(d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size())));
  SSL* const tls = state_->session.get();
  const bool good = own != nullptr && SSL_use_certificate(tls, own.get()) == 1 &&
                    SSL_use_PrivateKey(tls, key.native()) == 1 && SSL_check_private_key(tls) == 1;
  // A key that is too small for the mode is the operator's mistake, not an exception.
  if (!good) static_cast<void>(state_->die("own certificate: " + take_openssl_reason()));
}

TlsChannel::TlsChannel(TlsChannel&&) noexcept = default;
TlsChannel& TlsChannel::operator=(TlsChannel&&) noexcept = default;
TlsChannel::~TlsChannel() = default;

bool TlsChannel::receive(proto::ByteView ciphertext) {
  if (state_->is_dead || state_->is_closed_by_peer) return false;
  if (ciphertext.empty()) return true;
  const int size = openssl_size(ciphertext.size());
  require_openssl(BIO_write(state_->incoming, ciphertext.data(), size) == size, "memory BIO");
  return true;
}

bool TlsChannel::advance() {
  if (state_->is_dead) return false;
  if (state_->is_established) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->session.get());
  return result == 1 ? state_->finish_handshake() : state_->goes_on(result);
}

proto::Bytes TlsChannel::take_output() {
  proto::Bytes out(BIO_ctrl_pending(state_->outgoing));
  if (out.empty()) return out;
  const int size = openssl_size(out.size());
  require_openssl(BIO_read(state_->outgoing, out.data(), size) == size, "memory BIO");
  return out;
}

bool TlsChannel::is_established() const {
  return state_->is_established && !state_->is_dead;
}

std::optional<X509Certificate> TlsChannel::peer_certificate() const {
  return state_->is_established ? state_->peer : std::nullopt;
}

bool TlsChannel::write(proto::ByteView plaintext) {
  if (!is_established() || state_->is_closed_by_us) return false;
  if (plaintext.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  const int result =
      SSL_write_ex(state_->session.get(), plaintext.data(), plaintext.size(), &written);
  if (result == 1) return true;
  static_cast<void>(state_->goes_on(result));
  // The buffer for output has no end, so there is nothing to wait for.
  if (!state_->is_dead) static_cast<void>(state_->die("the record could not be written"));
  return false;
}

bool TlsChannel::read(proto::Bytes& plaintext) {
  if (!is_established() || state_->is_closed_by_peer) return false;
  std::array<std::uint8_t, kRecordBytesMax> record;
  for (;;) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(state_->session.get(), record.data(), record.size(), &size);
    if (result != 1) return state_->goes_on(result);
    plaintext.insert(plaintext.end(), record.data(), record.data() + size);
  }
}

bool TlsChannel::is_closed() const {
  return state_->is_closed_by_peer;
}

void TlsChannel::close() {
  if (!is_established() || state_->is_closed_by_us) return;
  state_->is_closed_by_us = true;
  ERR_clear_error();
  if (SSL_shutdown(state_->session.get()) < 0) ERR_clear_error();
}

proto::Secret TlsChannel::export_key(std::string_view label, proto::ByteView context) const {
  SSB_CHECK(is_established());
  proto::Secret out(kExportedKeyBytes);
  const int done = SSL_export_keying_material(
      state_->session.get(), out.writable().data(), out.size(), label.data(), label.size(),
      data_or_dummy(context), context.size(), /*use_context=*/1);
  require_openssl(done == 1, "TLS exporter");
  return out;
}

std::string TlsChannel::protocol_text() const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(state_->session.get());
  if (cipher == nullptr) return "none";
  return std::string(SSL_get_version(state_->session.get())) + " " + SSL_CIPHER_get_name(cipher);
}

const std::string& TlsChannel::failure() const {
  return state_->failure;
}

}  // namespace ssb::broker::crypto
