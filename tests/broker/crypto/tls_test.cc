#include "broker/crypto/tls.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/broker/crypto/keys.h"

namespace ssb::broker::crypto {
namespace {

using proto::as_bytes;
using proto::Bytes;
using proto::ByteView;
using Role = TlsChannel::Role;

constexpr std::string_view kMarker = "this text stands out on the wire";

bool contains(const Bytes& wire, std::string_view text) {
  return std::search(wire.begin(), wire.end(), text.begin(), text.end()) != wire.end();
}

// Two channels and what passed between them.
struct Pair {
  TlsChannel initiator;
  TlsChannel acceptor;

  explicit Pair(TlsCipher cipher) : Pair(cipher, cipher) {}
  Pair(TlsCipher initiators, TlsCipher acceptors)
      : initiator(Role::initiator, initiators,
                  test::make_certificate("initiator", test::first_key()), test::first_key()),
        acceptor(Role::acceptor, acceptors, test::make_certificate("acceptor", test::second_key()),
                 test::second_key()) {}

  // Carries bytes both ways until nothing moves.
  void shake_hands() {
    static_cast<void>(initiator.advance());
    for (int round = 0; round < 10; ++round) {
      if (!carry(initiator, acceptor) && !carry(acceptor, initiator)) return;
    }
  }
  static bool carry(TlsChannel& from, TlsChannel& to) {
    const Bytes bytes = from.take_output();
    if (bytes.empty()) return false;
    if (to.receive(bytes)) static_cast<void>(to.advance());
    return true;
  }
};

class TlsTest : public testing::TestWithParam<TlsCipher> {};

INSTANTIATE_TEST_SUITE_P(EveryCipher, TlsTest,
                         testing::Values(TlsCipher::aes_128_gcm, TlsCipher::chacha20_poly1305,
                                         TlsCipher::integrity_only),
                         [](const auto& parameter) -> std::string {
                           switch (parameter.param) {
                             case TlsCipher::aes_128_gcm: return "Aes128Gcm";
                             case TlsCipher::chacha20_poly1305: return "ChaCha20Poly1305";
                             case TlsCipher::integrity_only: return "IntegrityOnly";
                           }
                           return "Unknown";
                         });

TEST_P(TlsTest, BothSidesSeeTheOthersCertificate) {
  Pair pair(GetParam());

  EXPECT_FALSE(pair.initiator.peer_certificate());
  pair.shake_hands();

  ASSERT_TRUE(pair.initiator.is_established()) << pair.initiator.failure();
  ASSERT_TRUE(pair.acceptor.is_established()) << pair.acceptor.failure();
  ASSERT_TRUE(pair.initiator.peer_certificate());
  ASSERT_TRUE(pair.acceptor.peer_certificate());
  EXPECT_EQ(pair.initiator.peer_certificate()->subject(), "CN=acceptor");
  EXPECT_EQ(pair.acceptor.peer_certificate()->subject(), "CN=initiator");
}

TEST_P(TlsTest, TheNegotiatedSuiteIsExactlyTheOneAskedFor) {
  Pair pair(GetParam());
  pair.shake_hands();

  const std::string expected = [] {
    switch (GetParam()) {
      case TlsCipher::aes_128_gcm: return "TLSv1.3 TLS_AES_128_GCM_SHA256";
      case TlsCipher::chacha20_poly1305: return "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256";
      case TlsCipher::integrity_only: return "TLSv1.2 ECDHE-RSA-NULL-SHA";
    }
    return "";
  }();

  EXPECT_EQ(pair.initiator.protocol_text(), expected);
  EXPECT_EQ(pair.acceptor.protocol_text(), expected);
}

TEST_P(TlsTest, DataOfEverySizePassesBothWays) {
  Pair pair(GetParam());
  pair.shake_hands();
  for (const std::size_t size : {0U, 1U, 100U, 16384U, 16385U, 300'000U}) {
    const Bytes there(size, 0x11);
    const Bytes back(size, 0x22);
    Bytes arrived_there;
    Bytes arrived_back;

    ASSERT_TRUE(pair.initiator.write(there));
    ASSERT_TRUE(pair.acceptor.receive(pair.initiator.take_output()));
    ASSERT_TRUE(pair.acceptor.read(arrived_there)) << pair.acceptor.failure();
    ASSERT_TRUE(pair.acceptor.write(back));
    ASSERT_TRUE(pair.initiator.receive(pair.acceptor.take_output()));
    ASSERT_TRUE(pair.initiator.read(arrived_back)) << pair.initiator.failure();

    EXPECT_EQ(arrived_there, there);
    EXPECT_EQ(arrived_back, back);
  }
}

TEST_P(TlsTest, WhatIsReadWhereItLiesMayBeCutAnywhere) {
  Pair pair(GetParam());
  pair.shake_hands();
  Bytes there(50'000);
  for (std::size_t i = 0; i < there.size(); ++i) there[i] = static_cast<std::uint8_t>(i % 251);
  ASSERT_TRUE(pair.initiator.write(there));
  const Bytes wire = pair.initiator.take_output();
  Bytes arrived;

  // In pieces that end in heads and in records, one of them kept for later in between.
  std::size_t at = 0;
  for (const std::size_t size : {3U, 2U, 5U, 16'000U, 500U, 20'000U}) {
    const proto::ByteView piece = proto::ByteView(wire).subspan(at, size);
    at += size;
    if (size == 500U) {
      ASSERT_TRUE(pair.acceptor.receive(piece));
    } else {
      ASSERT_TRUE(pair.acceptor.read(piece, arrived)) << pair.acceptor.failure();
    }
  }
  EXPECT_GT(arrived.size(), 16'384U);
  ASSERT_TRUE(pair.acceptor.read(proto::ByteView(wire).subspan(at), arrived));

  EXPECT_EQ(arrived, there);
}

TEST_P(TlsTest, HandshakeAndDataMayArriveByteByByte) {
  Pair pair(GetParam());
  Bytes arrived;
  static_cast<void>(pair.initiator.advance());
  const auto trickle = [](TlsChannel& from, TlsChannel& to) {
    for (const std::uint8_t byte : from.take_output()) {
      ASSERT_TRUE(to.receive({&byte, 1}));
      ASSERT_TRUE(to.advance()) << to.failure();
    }
  };

  for (int round = 0; round < 4; ++round) {
    trickle(pair.initiator, pair.acceptor);
    trickle(pair.acceptor, pair.initiator);
  }
  ASSERT_TRUE(pair.initiator.is_established());
  ASSERT_TRUE(pair.acceptor.is_established());
  ASSERT_TRUE(pair.initiator.write(as_bytes(kMarker)));
  trickle(pair.initiator, pair.acceptor);

  ASSERT_TRUE(pair.acceptor.read(arrived));
  EXPECT_EQ(proto::as_text(arrived), kMarker);
}

TEST_P(TlsTest, ThePlaintextIsOnTheWireOnlyWithIntegrityOnly) {
  Pair pair(GetParam());
  pair.shake_hands();

  ASSERT_TRUE(pair.initiator.write(as_bytes(kMarker)));

  EXPECT_EQ(contains(pair.initiator.take_output(), kMarker),
            GetParam() == TlsCipher::integrity_only);
}

TEST_P(TlsTest, ExportedKeysAreEqualAtBothEndsAndDependOnLabelAndContext) {
  Pair pair(GetParam());
  Pair other(GetParam());
  pair.shake_hands();
  other.shake_hands();

  const proto::Secret here = pair.initiator.export_key("EXPORTER-test", as_bytes("context"));

  EXPECT_EQ(here.size(), 32U);
  EXPECT_TRUE(here == pair.acceptor.export_key("EXPORTER-test", as_bytes("context")));
  EXPECT_FALSE(here == pair.acceptor.export_key("EXPORTER-else", as_bytes("context")));
  EXPECT_FALSE(here == pair.acceptor.export_key("EXPORTER-test", as_bytes("Context")));
  EXPECT_FALSE(here == pair.acceptor.export_key("EXPORTER-test", {}));
  EXPECT_FALSE(here == other.initiator.export_key("EXPORTER-test", as_bytes("context")));
}

// The flipped byte may lengthen the record: then it is refused once that much has come.
TEST_P(TlsTest, AFlippedByteInARecordKillsTheChannelAndGivesNoData) {
  std::size_t record_bytes = 1;
  for (std::size_t at = 0; at < record_bytes; ++at) {
    Pair pair(GetParam());
    pair.shake_hands();
    ASSERT_TRUE(pair.initiator.write(as_bytes(kMarker)));
    Bytes wire = pair.initiator.take_output();
    record_bytes = wire.size();
    wire[at] ^= 0x01;
    ASSERT_TRUE(pair.initiator.write(Bytes(40'000, 'x')));
    const Bytes rest = pair.initiator.take_output();
    wire.insert(wire.end(), rest.begin(), rest.end());

    Bytes arrived;
    ASSERT_TRUE(pair.acceptor.receive(wire));
    EXPECT_FALSE(pair.acceptor.read(arrived)) << at;

    EXPECT_TRUE(arrived.empty()) << at;
    EXPECT_FALSE(pair.acceptor.is_established()) << at;
    EXPECT_FALSE(pair.acceptor.failure().empty()) << at;
    EXPECT_FALSE(pair.acceptor.receive(rest)) << at;
    EXPECT_FALSE(pair.acceptor.write(as_bytes("more"))) << at;
    EXPECT_FALSE(pair.acceptor.advance()) << at;
  }
  EXPECT_GT(record_bytes, kMarker.size());
}

TEST_P(TlsTest, ADroppedOrRepeatedRecordKillsTheChannel) {
  for (const bool repeated : {false, true}) {
    Pair pair(GetParam());
    pair.shake_hands();
    ASSERT_TRUE(pair.initiator.write(as_bytes("one")));
    const Bytes one = pair.initiator.take_output();
    ASSERT_TRUE(pair.initiator.write(as_bytes("two")));
    const Bytes two = pair.initiator.take_output();
    Bytes arrived;

    if (repeated) {
      ASSERT_TRUE(pair.acceptor.receive(one));
      ASSERT_TRUE(pair.acceptor.read(arrived));
    }
    ASSERT_TRUE(pair.acceptor.receive(repeated ? one : two));

    EXPECT_FALSE(pair.acceptor.read(arrived));
    EXPECT_EQ(proto::as_text(arrived), repeated ? "one" : "");
  }
}

TEST_P(TlsTest, AFlippedByteInTheHandshakeLeavesNoTwoEstablishedSides) {
  Pair counting(GetParam());
  static_cast<void>(counting.initiator.advance());
  const std::size_t hello_bytes = counting.initiator.take_output().size();
  for (std::size_t at = 0; at < hello_bytes; at += 7) {
    Pair pair(GetParam());
    static_cast<void>(pair.initiator.advance());
    Bytes hello = pair.initiator.take_output();
    hello[at] ^= 0x01;
    if (pair.acceptor.receive(hello)) static_cast<void>(pair.acceptor.advance());
    for (int round = 0; round < 5; ++round) {
      Pair::carry(pair.acceptor, pair.initiator);
      Pair::carry(pair.initiator, pair.acceptor);
    }

    EXPECT_FALSE(pair.initiator.is_established() && pair.acceptor.is_established()) << at;
  }
}

TEST_P(TlsTest, CloseReachesThePeerBehindTheData) {
  Pair pair(GetParam());
  pair.shake_hands();
  Bytes arrived;

  ASSERT_TRUE(pair.initiator.write(as_bytes("last words")));
  pair.initiator.close();
  pair.initiator.close();
  ASSERT_TRUE(pair.acceptor.receive(pair.initiator.take_output()));
  EXPECT_FALSE(pair.acceptor.read(arrived));

  EXPECT_EQ(proto::as_text(arrived), "last words");
  EXPECT_TRUE(pair.acceptor.is_closed());
  EXPECT_TRUE(pair.acceptor.failure().empty());
  EXPECT_FALSE(pair.acceptor.receive(as_bytes("x")));
  EXPECT_FALSE(pair.initiator.write(as_bytes("after close")));
}

TEST_P(TlsTest, NothingIsWrittenOrReadBeforeTheHandshakeEnds) {
  Pair pair(GetParam());
  Bytes arrived;

  EXPECT_FALSE(pair.initiator.write(as_bytes("early")));
  EXPECT_FALSE(pair.initiator.read(arrived));
  EXPECT_TRUE(pair.initiator.failure().empty());
  pair.shake_hands();

  EXPECT_TRUE(pair.initiator.is_established());
}

TEST_P(TlsTest, GarbageInPlaceOfAHandshakeKillsTheChannel) {
  Pair pair(GetParam());

  ASSERT_TRUE(pair.acceptor.receive(as_bytes("GET / HTTP/1.1\r\nHost: example\r\n\r\n")));
  EXPECT_FALSE(pair.acceptor.advance());

  EXPECT_FALSE(pair.acceptor.failure().empty());
  EXPECT_FALSE(pair.acceptor.is_established());
}

TEST_P(TlsTest, AChannelMovesInTheMiddleOfItsHandshake) {
  Pair pair(GetParam());
  static_cast<void>(pair.initiator.advance());
  Pair::carry(pair.initiator, pair.acceptor);

  Pair moved(std::move(pair));
  for (int round = 0; round < 5; ++round) {
    Pair::carry(moved.acceptor, moved.initiator);
    Pair::carry(moved.initiator, moved.acceptor);
  }

  EXPECT_TRUE(moved.initiator.is_established());
  ASSERT_TRUE(moved.acceptor.peer_certificate());
  EXPECT_EQ(moved.acceptor.peer_certificate()->subject(), "CN=initiator");
}

TEST(TlsDowngradeTest, SidesWithDifferentCiphersDoNotMeet) {
  const TlsCipher all[] = {TlsCipher::aes_128_gcm, TlsCipher::chacha20_poly1305,
                           TlsCipher::integrity_only};
  for (const TlsCipher here : all) {
    for (const TlsCipher there : all) {
      if (here == there) continue;
      Pair pair(here, there);

      pair.shake_hands();

      EXPECT_FALSE(pair.initiator.is_established());
      EXPECT_FALSE(pair.acceptor.is_established());
      EXPECT_FALSE(pair.acceptor.failure().empty());
      EXPECT_FALSE(pair.initiator.failure().empty()) << "the alert reaches the initiator";
    }
  }
}

TEST(TlsKeySizeTest, ExpiredCertificatesPassAsTheCallerJudgesDates) {
  const auto expired = X509Certificate::make_self_signed(
      {"expired", std::chrono::sys_days(std::chrono::year(1999) / 1 / 1),
       std::chrono::sys_days(std::chrono::year(2000) / 1 / 1)},
      test::first_key());
  TlsChannel initiator(Role::initiator, TlsCipher::aes_128_gcm, expired, test::first_key());
  TlsChannel acceptor(Role::acceptor, TlsCipher::aes_128_gcm, expired, test::first_key());

  static_cast<void>(initiator.advance());
  for (int round = 0; round < 5; ++round) {
    Pair::carry(initiator, acceptor);
    Pair::carry(acceptor, initiator);
  }

  EXPECT_TRUE(initiator.is_established());
  EXPECT_TRUE(acceptor.is_established());
}

TEST(TlsKeySizeTest, AKeyThatIsTooSmallForTheModeIsADeadChannelWithAReason) {
  const RsaPrivateKey small = RsaPrivateKey::generate(512);
  TlsChannel channel(Role::initiator, TlsCipher::aes_128_gcm,
                     test::make_certificate("small", small), small);

  EXPECT_FALSE(channel.advance());
  EXPECT_NE(channel.failure().find("own certificate"), std::string::npos) << channel.failure();
}

TEST(TlsKeySizeTest, AKeyThatIsNotTheCertificatesIsADeadChannelWithAReason) {
  TlsChannel channel(Role::acceptor, TlsCipher::aes_128_gcm,
                     test::make_certificate("first", test::first_key()), test::second_key());

  EXPECT_FALSE(channel.advance());
  EXPECT_NE(channel.failure().find("own certificate"), std::string::npos) << channel.failure();
}

// A peer made of OpenSSL alone, for what our own channel never does.
class ForeignPeer {
 public:
  explicit ForeignPeer(Role role) : context_(SSL_CTX_new(TLS_method())) {
    SSL_CTX_set_security_level(context_, 0);
    session_ = SSL_new(context_);
    SSL_set_bio(session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (role == Role::initiator) {
      SSL_set_connect_state(session_);
    } else {
      SSL_set_accept_state(session_);
    }
  }
  ForeignPeer(const ForeignPeer&) = delete;
  ForeignPeer& operator=(const ForeignPeer&) = delete;
  ForeignPeer(ForeignPeer&&) = delete;
  ForeignPeer& operator=(ForeignPeer&&) = delete;
  ~ForeignPeer() {
    SSL_free(session_);
    SSL_CTX_free(context_);
    ERR_clear_error();
  }

  SSL* native() { return session_; }
  void use(EVP_PKEY* key, const Bytes& certificate) {
    const std::uint8_t* at = certificate.data();
    X509* read = d2i_X509(nullptr, &at, static_cast<long>(certificate.size()));
    ASSERT_EQ(SSL_use_certificate(session_, read), 1);
    ASSERT_EQ(SSL_use_PrivateKey(session_, key), 1);
    X509_free(read);
  }
  // Exchanges bytes with the channel until nothing moves.
  void talk_to(TlsChannel& channel) {
    for (int round = 0; round < 10; ++round) {
      ERR_clear_error();
      static_cast<void>(SSL_do_handshake(session_));
      Bytes out(BIO_ctrl_pending(SSL_get_wbio(session_)));
      if (!out.empty()) BIO_read(SSL_get_wbio(session_), out.data(), static_cast<int>(out.size()));
      if (channel.receive(out)) static_cast<void>(channel.advance());
      const Bytes in = channel.take_output();
      if (out.empty() && in.empty()) return;
      if (!in.empty()) BIO_write(SSL_get_rbio(session_), in.data(), static_cast<int>(in.size()));
    }
  }

 private:
  SSL_CTX* context_;
  SSL* session_ = nullptr;
};

TlsChannel make_channel(Role role, TlsCipher cipher) {
  return {role, cipher, test::make_certificate("ours", test::first_key()), test::first_key()};
}

TEST_P(TlsTest, AnInitiatorWithoutCertificateIsRefused) {
  TlsChannel acceptor = make_channel(Role::acceptor, GetParam());
  ForeignPeer peer(Role::initiator);
  ASSERT_EQ(SSL_set_cipher_list(peer.native(), "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"), 1);

  peer.talk_to(acceptor);

  EXPECT_FALSE(acceptor.is_established());
  EXPECT_NE(acceptor.failure().find("certificate"), std::string::npos) << acceptor.failure();
}

TEST(TlsForeignPeerTest, ATls12InitiatorIsRefusedByTheEncryptedAcceptor) {
  for (const auto cipher : {TlsCipher::aes_128_gcm, TlsCipher::chacha20_poly1305}) {
    TlsChannel acceptor = make_channel(Role::acceptor, cipher);
    ForeignPeer peer(Role::initiator);
    peer.use(test::second_key().native(),
             test::make_certificate("theirs", test::second_key()).der());
    SSL_set_max_proto_version(peer.native(), TLS1_2_VERSION);

    peer.talk_to(acceptor);

    EXPECT_FALSE(acceptor.is_established());
    EXPECT_FALSE(acceptor.failure().empty());
  }
}

TEST(TlsForeignPeerTest, APeerWithoutExtendedMasterSecretIsRefused) {
  for (const Role ours : {Role::initiator, Role::acceptor}) {
    for (const bool extended : {true, false}) {
      TlsChannel channel = make_channel(ours, TlsCipher::integrity_only);
      ForeignPeer peer(ours == Role::initiator ? Role::acceptor : Role::initiator);
      peer.use(test::second_key().native(),
               test::make_certificate("theirs", test::second_key()).der());
      ASSERT_EQ(SSL_set_cipher_list(peer.native(), "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"), 1);
      SSL_set_verify(peer.native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
      if (!extended) SSL_set_options(peer.native(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
      static_cast<void>(channel.advance());

      peer.talk_to(channel);

      EXPECT_EQ(channel.is_established(), extended) << channel.failure();
      if (!extended) {
        EXPECT_NE(channel.failure().find("master secret"), std::string::npos) << channel.failure();
      }
    }
  }
}

TEST(TlsForeignPeerTest, APeerWithSha1SignaturesIsRefused) {
  TlsChannel acceptor = make_channel(Role::acceptor, TlsCipher::integrity_only);
  ForeignPeer peer(Role::initiator);
  peer.use(test::second_key().native(), test::make_certificate("theirs", test::second_key()).der());
  ASSERT_EQ(SSL_set_cipher_list(peer.native(), "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"), 1);
  ASSERT_EQ(SSL_set1_sigalgs_list(peer.native(), "RSA+SHA1"), 1);

  peer.talk_to(acceptor);

  EXPECT_FALSE(acceptor.is_established());
  EXPECT_FALSE(acceptor.failure().empty());
}

TEST(TlsForeignPeerTest, AnEllipticCurveCertificateIsRefused) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20300101000000Z");
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  TlsChannel acceptor = make_channel(Role::acceptor, TlsCipher::aes_128_gcm);
  ForeignPeer peer(Role::initiator);
  SSL_use_certificate(peer.native(), certificate);
  SSL_use_PrivateKey(peer.native(), key);

  peer.talk_to(acceptor);

  EXPECT_FALSE(acceptor.is_established());
  EXPECT_FALSE(acceptor.failure().empty());
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace
}  // namespace ssb::broker::crypto
