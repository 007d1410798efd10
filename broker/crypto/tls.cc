#include "broker/crypto/tls.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <span>
#include <utility>

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
constexpr std::size_t kOutputBytesExpectedMax = std::size_t{1280} * 1024;
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

// Bytes between OpenSSL and the network: appended at the end, taken from the front. OpenSSL's own memory BIO copies and clears
// them once more on the way.
struct Pipe {
  proto::Bytes bytes;
  std::size_t taken = 0;
  proto::ByteView lent;        // follows `bytes`; its owner has it until keep_lent
  std::exception_ptr failure;  // of memory, thrown once OpenSSL has returned

  void append(proto::ByteView more) {
    const std::size_t needed = bytes.size() + more.size();
    if (needed > bytes.capacity()) bytes.reserve(std::max(needed, 2 * bytes.capacity()));
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  void keep_lent() { append(std::exchange(lent, {})); }
  std::size_t take(std::span<std::uint8_t> to) {
    if (bytes.empty()) {
      const std::size_t size = std::min(to.size(), lent.size());
      std::copy_n(lent.begin(), size, to.begin());
      lent = lent.subspan(size);
      return size;
    }
    const std::size_t size = std::min(to.size(), bytes.size() - taken);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(taken), size, to.begin());
    taken += size;
    if (taken == bytes.size()) {
      bytes.clear();
      taken = 0;
    }
    return size;
  }
  void rethrow() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

// Whatever is thrown, the pipe has nothing of it afterwards.
class Lending {
 public:
  Lending(Pipe& pipe, proto::ByteView bytes) : pipe_(pipe) { pipe_.lent = bytes; }
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;
  ~Lending() { pipe_.lent = {}; }

 private:
  Pipe& pipe_;
};

Pipe& pipe_of(BIO* bio) {
  return *static_cast<Pipe*>(BIO_get_data(bio));
}

int write_to_pipe(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept {
  BIO_clear_retry_flags(bio);
  Pipe& pipe = pipe_of(bio);
  try {
    pipe.append({reinterpret_cast<const std::uint8_t*>(from), size});
  } catch (...) {
    pipe.failure = std::current_exception();
    return 0;
  }
  *written = size;
  return 1;
}

// An empty pipe means "later", not the end.
int read_from_pipe(BIO* bio, char* to, std::size_t size, std::size_t* read) noexcept {
  BIO_clear_retry_flags(bio);
  *read = pipe_of(bio).take({reinterpret_cast<std::uint8_t*>(to), size});
  if (*read == 0) BIO_set_retry_read(bio);
  return *read == 0 ? 0 : 1;
}

long control_pipe(BIO*, int command, long, void*) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* pipe_method() {
  using Method = Owned<BIO_METHOD, BIO_meth_free>;
  static const Method method = [] {
    Method made(require_openssl(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe"),
                                "BIO method"));
    const bool good = BIO_meth_set_write_ex(made.get(), write_to_pipe) == 1 &&
                      BIO_meth_set_read_ex(made.get(), read_from_pipe) == 1 &&
                      BIO_meth_set_ctrl(made.get(), control_pipe) == 1;
    require_openssl(good, "BIO method");
    return made;
  }();
  return method.get();
}

Bio make_bio(Pipe& pipe) {
  Bio bio(require_openssl(BIO_new(pipe_method()), "BIO"));
  BIO_set_data(bio.get(), &pipe);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace

struct TlsChannel::State {
  Pipe incoming;  // before the session, which reads and writes them
  Pipe outgoing;
  std::size_t last_output_bytes = 0;
  Context context;
  Session session;
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
  SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // In place of OpenSSL's chain building, which would look at dates and thus at the clock.
  SSL_CTX_set_cert_verify_callback(settings, &State::accept_certificate, nullptr);
  const bool good = SSL_CTX_set_num_tickets(settings, 0) == 1 &&
                    SSL_CTX_set1_sigalgs_list(settings, kSignatures) == 1 &&
                    SSL_CTX_set1_groups_list(settings, kGroups) == 1;
  require_openssl(good, "TLS settings");

  session.reset(require_openssl(SSL_new(settings), "TLS session"));
  Bio in = make_bio(incoming);
  Bio out = make_bio(outgoing);
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
  state_->incoming.append(ciphertext);
  return true;
}

bool TlsChannel::advance() {
  if (state_->is_dead) return false;
  if (state_->is_established) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->session.get());
  state_->outgoing.rethrow();
  return result == 1 ? state_->finish_handshake() : state_->goes_on(result);
}

proto::Bytes TlsChannel::take_output() {
  state_->last_output_bytes = state_->outgoing.bytes.size();
  return std::exchange(state_->outgoing.bytes, {});
}

std::size_t TlsChannel::output_bytes() const {
  return state_->outgoing.bytes.size();
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
  // A flow writes about as much each time, and growing copies what is there.
  Pipe& out = state_->outgoing;
  if (out.bytes.empty())
    out.bytes.reserve(std::min(state_->last_output_bytes, kOutputBytesExpectedMax));
  std::size_t written = 0;
  const int result =
      SSL_write_ex(state_->session.get(), plaintext.data(), plaintext.size(), &written);
  state_->outgoing.rethrow();
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

bool TlsChannel::read(proto::ByteView ciphertext, proto::Bytes& plaintext) {
  if (state_->is_dead || state_->is_closed_by_peer) return false;
  const Lending lending(state_->incoming, ciphertext);
  const bool good = read(plaintext);
  state_->incoming.keep_lent();
  return good;
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
