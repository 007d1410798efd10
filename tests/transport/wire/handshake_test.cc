#include "transport/wire/handshake.h"

#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/transport/wire/parties.h"

namespace ssb::wire {
namespace {

using namespace std::chrono_literals;
using proto::ErrorCode;
using test::aes_offer;
using test::key;
using test::kStart;
using test::Parties;

constexpr auto kCertificate = Negotiate::CERTIFICATE;

proto::Error no_connect() {
  return proto::Error(ErrorCode::no_connect_on_endpoint, "HOST_A_login", "84")
      .with_state(kStateNoConnect);
}

// One login for all tests that only look at what it looked like.
struct Recording {
  proto::Bytes from_initiator;
  proto::Bytes from_acceptor;
};

Recording record(Parties& parties) {
  Recording recording;
  parties.tamper = [&recording](bool from_initiator, proto::Bytes& bytes) {
    proto::Bytes& to = from_initiator ? recording.from_initiator : recording.from_acceptor;
    to.insert(to.end(), bytes.begin(), bytes.end());
  };
  parties.run();
  return recording;
}

// Whether the byte is the version in the header of a TLS record, which receivers ignore (RFC 8446 5.1). The first frame is ours.
bool is_record_version(const proto::Bytes& stream, std::size_t position) {
  std::size_t at = 4U + stream[2] * 256U + stream[3];
  while (at + 5 <= stream.size()) {
    if (position == at + 1 || position == at + 2) return true;
    at += 5U + stream[at + 3] * 256U + stream[at + 4];
  }
  return false;
}

void expect_failure(const Handshake& side, int number, int state, bool said_by_peer) {
  ASSERT_TRUE(side.failure());
  EXPECT_EQ(side.failure()->error.number(), number) << side.failure()->error.text();
  EXPECT_EQ(side.failure()->error.state, state);
  EXPECT_EQ(side.failure()->said_by_peer, said_by_peer);
}

TEST(HandshakeTest, BothSidesKnowEachOtherAndTheConnectionInTheEnd) {
  Parties parties;

  parties.run();

  ASSERT_EQ(parties.initiator->phase(), Handshake::Phase::done);
  ASSERT_EQ(parties.acceptor->phase(), Handshake::Phase::done);
  EXPECT_EQ(parties.initiator->identity().login, "HOST_B_login");
  EXPECT_EQ(parties.acceptor->identity().login, "HOST_A_login");
  EXPECT_EQ(parties.initiator->peer_offer()->instance_name(), "HOST_B");
  EXPECT_EQ(parties.acceptor->peer_fingerprint(), parties.initiator->own_fingerprint());
  EXPECT_EQ(parties.initiator->token(), parties.acceptor->token());
  EXPECT_EQ(parties.initiator->token().size(), 16U);
  auto sender = parties.initiator->release_channel();
  auto receiver = parties.acceptor->release_channel();
  ASSERT_TRUE(sender.write(proto::as_bytes("hello")));
  proto::Bytes plaintext;
  ASSERT_TRUE(receiver.receive(sender.take_output()) && receiver.read(plaintext));
  EXPECT_EQ(proto::as_text(plaintext), "hello");
}

TEST(HandshakeTest, EveryStepLeavesATraceRecordOnBothSides) {
  Parties parties;
  parties.run();

  std::string initiator;
  for (const auto& record : parties.initiator->take_traces())
    initiator += record.subclass_name + ";";
  std::string acceptor;
  for (const auto& record : parties.acceptor->take_traces()) acceptor += record.subclass_name + ";";

  EXPECT_EQ(initiator,
            "Negotiate Sent;Negotiate Received;Chosen;TLS Established;Peer Certificate;Confirmed;");
  EXPECT_EQ(acceptor, "Negotiate Received;Chosen;TLS Established;Peer Certificate;Confirmed;");
}

TEST(HandshakeTest, AStreamCutIntoSingleBytesGivesTheSameLogin) {
  Parties parties;
  parties.begin();

  for (bool moved = true; moved;) {
    moved = false;
    for (auto [from, to] : {std::pair(&*parties.initiator, &*parties.acceptor),
                            {&*parties.acceptor, &*parties.initiator}}) {
      for (const std::uint8_t byte : from->take_output()) {
        to->receive({&byte, 1}, kStart);
        moved = true;
      }
    }
  }

  EXPECT_EQ(parties.initiator->phase(), Handshake::Phase::done);
  EXPECT_EQ(parties.acceptor->phase(), Handshake::Phase::done);
}

// Reference service-broker.md 3.2: rows are the initiator, columns the acceptor.
TEST(HandshakeTest, EncryptionFollowsTheMatrix) {
  constexpr std::array kAll{Negotiate::DISABLED, Negotiate::SUPPORTED, Negotiate::REQUIRED};
  constexpr const char* kExpected[3][3] = {
      {"NONE", "NONE", "22"}, {"NONE", "AES", "AES"}, {"22", "AES", "AES"}};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      Parties parties;
      parties.initiator_offer = test::offer("HOST_A", {kCertificate}, kAll[row], {Negotiate::AES});
      parties.acceptor_offer =
          test::offer("HOST_B", {kCertificate}, kAll[column], {Negotiate::AES});

      parties.run();

      const std::string expected = kExpected[row][column];
      SCOPED_TRACE(std::to_string(row) + "," + std::to_string(column));
      if (expected == "22") {
        expect_failure(*parties.acceptor, 28027, 22, false);
        expect_failure(*parties.initiator, 28027, 22, true);
        continue;
      }
      ASSERT_EQ(parties.initiator->phase(), Handshake::Phase::done);
      ASSERT_EQ(parties.acceptor->phase(), Handshake::Phase::done);
      EXPECT_STREQ(algorithm_name(parties.initiator->algorithm()), expected.c_str());
      EXPECT_EQ(
          parties.initiator->release_channel().protocol_text(),
          expected == "AES" ? "TLSv1.3 TLS_AES_128_GCM_SHA256" : "TLSv1.2 ECDHE-RSA-NULL-SHA");
    }
  }
}

TEST(HandshakeTest, AlgorithmsFollowTheTableAndTheAcceptorsOrder) {
  using A = Negotiate::Algorithm;
  const std::array<std::vector<A>, 4> lists{{{Negotiate::AES},
                                             {Negotiate::RC4},
                                             {Negotiate::AES, Negotiate::RC4},
                                             {Negotiate::RC4, Negotiate::AES}}};
  constexpr const char* kExpected[4][4] = {{"AES", "22", "AES", "AES"},
                                           {"22", "RC4", "RC4", "RC4"},
                                           {"AES", "RC4", "AES", "RC4"},
                                           {"AES", "RC4", "AES", "RC4"}};
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      Parties parties;
      parties.initiator_offer =
          test::offer("HOST_A", {kCertificate}, Negotiate::REQUIRED, lists[row]);
      parties.acceptor_offer =
          test::offer("HOST_B", {kCertificate}, Negotiate::SUPPORTED, lists[column]);

      parties.run();

      const std::string expected = kExpected[row][column];
      SCOPED_TRACE(std::to_string(row) + "," + std::to_string(column));
      if (expected == "22") {
        expect_failure(*parties.acceptor, 28027, 22, false);
        expect_failure(*parties.initiator, 28027, 22, true);
        continue;
      }
      ASSERT_EQ(parties.acceptor->phase(), Handshake::Phase::done);
      EXPECT_STREQ(algorithm_name(parties.initiator->algorithm()), expected.c_str());
      EXPECT_EQ(parties.acceptor->release_channel().protocol_text(),
                expected == "AES" ? "TLSv1.3 TLS_AES_128_GCM_SHA256"
                                  : "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
    }
  }
}

TEST(HandshakeTest, DisjointAuthenticationFailsWith28027State21OnBothSides) {
  Parties parties;
  parties.initiator_offer =
      test::offer("HOST_A", {Negotiate::NEGOTIATE}, Negotiate::REQUIRED, {Negotiate::AES});

  parties.run();

  expect_failure(*parties.acceptor, 28027, 21, false);
  expect_failure(*parties.initiator, 28027, 21, true);
  EXPECT_EQ(parties.initiator->failure()->audit, LoginAudit::negotiate_failure);
}

TEST(HandshakeTest, WindowsOnBothSidesSaysThatItIsNotSimulated) {
  Parties parties;
  parties.initiator_offer =
      test::offer("HOST_A", {Negotiate::NEGOTIATE}, Negotiate::REQUIRED, {Negotiate::AES});
  parties.acceptor_offer =
      test::offer("HOST_B", {Negotiate::KERBEROS}, Negotiate::REQUIRED, {Negotiate::AES});

  parties.run();

  expect_failure(*parties.initiator, 28027, 21, true);
  EXPECT_NE(
      parties.initiator->failure()->error.text().find("Windows authentication is not simulated"),
      std::string::npos);
}

TEST(HandshakeTest, CertificatesAreUsedWhereWindowsComesFirstOnBothSides) {
  Parties parties;
  parties.initiator_offer =
      test::offer("HOST_A", {Negotiate::NTLM, kCertificate}, Negotiate::REQUIRED, {Negotiate::AES});
  parties.acceptor_offer =
      test::offer("HOST_B", {Negotiate::NTLM, kCertificate}, Negotiate::REQUIRED, {Negotiate::AES});

  parties.run();

  EXPECT_EQ(parties.initiator->phase(), Handshake::Phase::done);
}

TEST(HandshakeTest, ADisabledEndpointAnswersWith28080) {
  Parties parties;
  parties.acceptor_is_disabled = true;

  parties.run();

  expect_failure(*parties.initiator, 28080, kStateNotConfigured, true);
}

TEST(HandshakeTest, AnEndpointOfAnotherKindAnswersWith28080) {
  Parties parties;
  parties.initiator_offer.set_kind(Negotiate::DATABASE_MIRRORING);

  parties.run();

  expect_failure(*parties.acceptor, 28080, kStateNotConfigured, false);
  expect_failure(*parties.initiator, 28080, kStateNotConfigured, true);
}

TEST(HandshakeTest, ALoginWithoutConnectIsToldToBothSidesWithState84) {
  Parties parties;
  parties.acceptor_authority.peers.insert_or_assign(
      parties.initiator_authority.own->certificate.fingerprint(), no_connect());

  parties.run();

  expect_failure(*parties.acceptor, 28034, 84, false);
  expect_failure(*parties.initiator, 28034, 84, true);
  EXPECT_EQ(parties.initiator->failure()->audit, LoginAudit::authorization_failure);
  EXPECT_EQ(parties.initiator->failure()->error.text(), parties.acceptor->failure()->error.text());
}

TEST(HandshakeTest, AnUnknownCertificateOfTheAcceptorIsToldToItWithState89) {
  Parties parties;
  parties.initiator_authority.peers.clear();

  parties.run();

  expect_failure(*parties.initiator, 28035, 89, false);
  expect_failure(*parties.acceptor, 28035, 89, true);
}

TEST(HandshakeTest, AnOwnCertificateThatCannotBeUsedStopsTheInitiatorBeforeItSaysAnything) {
  Parties parties;
  parties.initiator_authority.own =
      proto::Error(ErrorCode::own_certificate_invalid, "Certificate expired", "85").with_state(85);

  parties.begin();

  expect_failure(*parties.initiator, 28036, 85, false);
  EXPECT_TRUE(parties.initiator->take_output().empty());
}

TEST(HandshakeTest, WindowsAuthenticationOnBothSidesIsSaidToBeNotSimulated) {
  Parties parties;
  for (auto* offer : {&parties.initiator_offer, &parties.acceptor_offer}) {
    offer->clear_authentication();
    offer->add_authentication(Negotiate::NEGOTIATE);
  }
  const auto none = proto::Error(ErrorCode::own_certificate_invalid, "Certificate not found", "85")
                        .with_state(85);
  parties.initiator_authority.own = none;
  parties.acceptor_authority.own = none;

  parties.run();

  expect_failure(*parties.acceptor, 28027, kStateAuthentication, false);
  EXPECT_EQ(parties.initiator->failure()->error.number(), 28027);
  EXPECT_NE(parties.initiator->failure()->error.text().find("not simulated"), std::string::npos);
}

TEST(HandshakeTest, AnOwnKeyThatCannotBeOpenedIsTheAcceptorsSecret) {
  Parties parties;
  parties.acceptor_authority.own =
      proto::Error(ErrorCode::own_private_key_unusable, "15581, no master key", "88")
          .with_state(kStateOwnPrivateKey);

  parties.run();

  expect_failure(*parties.acceptor, 28037, 88, false);
  expect_failure(*parties.initiator, 28028, kStatePeerClosed, false);
}

TEST(HandshakeTest, AnEndpointWithAnotherKeyThanItsCertificateFailsOnItsOwnSide) {
  Parties parties;
  parties.acceptor_authority.own =
      OwnCertificate{"HOST_B_cert", parties.acceptor_authority.own->certificate, key(2)};

  parties.run();

  expect_failure(*parties.acceptor, 28031, kStateTlsAcceptor, false);
  EXPECT_EQ(parties.initiator->phase(), Handshake::Phase::failed);
}

TEST(HandshakeTest, ANegotiationChangedOnTheWayIsFoundOutByTheConfirmation) {
  // Both sides are SUPPORTED; the wire makes both believe that the other one is DISABLED.
  Parties parties;
  parties.initiator_offer.set_encryption(Negotiate::SUPPORTED);
  parties.acceptor_offer.set_encryption(Negotiate::SUPPORTED);
  parties.tamper = [](bool, proto::Bytes& bytes) {
    proto::FrameDecoder decoder(proto::kFrameBytesMax);
    decoder.append(bytes);
    auto frame = decoder.next();
    if (!frame || !*frame || !(*frame)->header.has_negotiate()) return;
    Negotiate& negotiate = *(*frame)->header.mutable_negotiate();
    negotiate.set_encryption(Negotiate::DISABLED);
    negotiate.clear_algorithms();
    if (negotiate.chosen_algorithm() != 0) negotiate.set_chosen_algorithm(Negotiate::CLEAR);
    bytes = proto::encode_frame((*frame)->header);
  };

  parties.run();

  EXPECT_EQ(parties.initiator->failure()->error.number(), 28038);
  EXPECT_EQ(parties.acceptor->failure()->error.number(), 28038);
}

TEST(HandshakeTest, AnyByteFlippedInEitherDirectionFailsCleanly) {
  Parties reference;
  const Recording recording = record(reference);
  ASSERT_EQ(reference.initiator->phase(), Handshake::Phase::done);

  for (const bool of_initiator : {true, false}) {
    const proto::Bytes& stream = of_initiator ? recording.from_initiator : recording.from_acceptor;
    const std::size_t size = stream.size();
    for (std::size_t position = 0; position < size; position += (position < 100 ? 1 : 7)) {
      Parties parties;
      std::size_t passed = 0;
      parties.tamper = [&](bool from_initiator, proto::Bytes& bytes) {
        if (from_initiator != of_initiator) return;
        if (position >= passed && position < passed + bytes.size())
          bytes[position - passed] ^= 0x20;
        passed += bytes.size();
      };
      parties.run();
      // A length may have grown: then both wait, and the time-out ends it.
      parties.initiator->expire(kStart + kHandshakeTime);
      parties.acceptor->expire(kStart + kHandshakeTime);
      const bool both_done = parties.initiator->phase() == Handshake::Phase::done &&
                             parties.acceptor->phase() == Handshake::Phase::done;
      ASSERT_FALSE(both_done && !is_record_version(stream, position))
          << of_initiator << " " << position;
    }
  }
}

TEST(HandshakeTest, AConnectionCutAtAnyByteFailsWith28028) {
  Parties reference;
  const Recording recording = record(reference);

  for (std::size_t size = 0; size < recording.from_initiator.size();
       size += (size < 100 ? 1 : 13)) {
    Parties parties;
    std::size_t left = size;
    parties.tamper = [&](bool from_initiator, proto::Bytes& bytes) {
      if (!from_initiator) return;
      bytes.resize(std::min(left, bytes.size()));
      left -= bytes.size();
    };
    parties.run();
    ASSERT_FALSE(parties.acceptor->is_over()) << size;
    parties.acceptor->peer_closed("10054", kStart);
    expect_failure(*parties.acceptor, 28028, kStatePeerClosed, false);
  }
}

TEST(HandshakeTest, ASlowPeerFailsWith9755WhenTheTimeIsOver) {
  Parties parties;
  parties.begin();

  parties.acceptor->expire(kStart + kHandshakeTime - 1us);
  EXPECT_EQ(parties.acceptor->phase(), Handshake::Phase::wait_negotiate);
  EXPECT_EQ(parties.acceptor->deadline(), kStart + kHandshakeTime);
  parties.acceptor->expire(kStart + kHandshakeTime);

  expect_failure(*parties.acceptor, 9755, 1, false);
  EXPECT_EQ(parties.acceptor->deadline(), proto::kNever);
}

TEST(HandshakeTest, AnotherProtocolOnThePortFailsWith8407AndIsToldSo) {
  Parties parties;
  parties.begin();

  parties.acceptor->receive(proto::as_bytes("GET / HTTP/1.1\r\n"), kStart);

  expect_failure(*parties.acceptor, 8407, 1, false);
  EXPECT_LT(parties.acceptor->take_output().size(), 200U);
}

TEST(HandshakeTest, EndlessBytesBeforeTheLoginAreCutOff) {
  Parties parties;
  parties.begin();
  ASSERT_TRUE(parties.exchange());  // both are in TLS now

  // Well-formed TLS records of no known content would be refused at once; so would a huge handshake message.
  proto::Bytes flood(kHandshakeBytesMax + 1);
  parties.acceptor->receive(flood, kStart);

  EXPECT_EQ(parties.acceptor->phase(), Handshake::Phase::failed);
}

TEST(HandshakeTest, MessagesOutOfTurnFailWith28029) {
  Parties parties;
  parties.begin();
  proto::adjacent::AdjacentHeader header;
  header.mutable_data()->add_messages();

  parties.acceptor->receive(proto::encode_frame(header, proto::Bytes(9)), kStart);

  expect_failure(*parties.acceptor, 28029, kStateUnexpected, false);
}

TEST(HandshakeTest, ANegotiationWithUnknownOrRepeatedValuesFailsWith11247) {
  const auto spoil = [](auto change) {
    Negotiate negotiate = aes_offer("HOST_A");
    change(negotiate);
    Parties parties;
    parties.begin();
    proto::adjacent::AdjacentHeader header;
    *header.mutable_negotiate() = negotiate;
    parties.acceptor->receive(proto::encode_frame(header), kStart);
    return parties.acceptor->failure() ? parties.acceptor->failure()->error.number() : 0;
  };

  EXPECT_EQ(spoil([](Negotiate&) {}), 0);
  EXPECT_EQ(spoil([](Negotiate& n) { n.set_instance_id("short"); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.set_instance_name(std::string(129, 'x')); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.clear_authentication(); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.add_authentication(Negotiate::CERTIFICATE); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.add_algorithms(static_cast<Negotiate::Algorithm>(9)); }),
            11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.add_algorithms(Negotiate::CLEAR); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.clear_kind(); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.set_encryption(Negotiate::DISABLED); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.set_chosen_algorithm(Negotiate::AES); }), 11247);
  EXPECT_EQ(spoil([](Negotiate& n) { n.set_version(2); }), 28027);
}

TEST(HandshakeTest, ARefusalOfAnUnknownKindReadsAsAClosedConnection) {
  Parties parties;
  parties.begin();
  proto::adjacent::AdjacentHeader header;
  header.mutable_close()->set_reason(proto::adjacent::Close::REFUSED);
  header.mutable_close()->set_error(50000);
  header.mutable_close()->set_parameter("a text of the peer's choice");

  parties.initiator->receive(proto::encode_frame(header), kStart);

  expect_failure(*parties.initiator, 28028, kStatePeerClosed, false);
}

TEST(HandshakeTest, ARefusalsTextIsMadeFitToShow) {
  Parties parties;
  parties.begin();
  proto::adjacent::AdjacentHeader header;
  header.mutable_close()->set_reason(proto::adjacent::Close::REFUSED);
  header.mutable_close()->set_error(28034);
  header.mutable_close()->set_state(84);
  header.mutable_close()->set_parameter("a\x1b[31m\r\nb\xC3");

  parties.initiator->receive(proto::encode_frame(header), kStart);

  ASSERT_TRUE(parties.initiator->failure());
  EXPECT_EQ(parties.initiator->failure()->error.parameters.front(), "a?[31m??b\xEF\xBF\xBD");
}

TEST(HandshakeTest, AnAcceptorThatChoosesAgainstTheRulesIsLeft) {
  Parties parties;
  parties.initiator_offer.set_encryption(Negotiate::SUPPORTED);
  parties.acceptor_offer.set_encryption(Negotiate::SUPPORTED);
  parties.tamper = [](bool from_initiator, proto::Bytes& bytes) {
    if (from_initiator) return;
    proto::FrameDecoder decoder(proto::kFrameBytesMax);
    decoder.append(bytes);
    auto frame = decoder.next();
    if (!frame || !*frame || !(*frame)->header.has_negotiate()) return;
    (*frame)->header.mutable_negotiate()->set_chosen_algorithm(Negotiate::CLEAR);
    bytes = proto::encode_frame((*frame)->header);
  };

  parties.run();

  expect_failure(*parties.initiator, 28027, kStateEncryption, false);
}

}  // namespace
}  // namespace ssb::wire
