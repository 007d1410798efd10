// Known answers between the engine and the attackers' own implementation of the wire format: what one seals the other opens, byte for byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/frame.h"
#include "sim/attackers/layout.h"
#include "sim/attackers/sealing.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::sim::attackers {
namespace {

using broker::tests::decide;
using broker::tests::Dialog;
using broker::tests::Initiator;
using broker::tests::kNow;
using broker::tests::kReply;
using broker::tests::kRequest;
using broker::tests::Parsed;
using broker::tests::Target;

Identity identity_of(const broker::crypto::X509Certificate& certificate,
                     const broker::crypto::RsaPrivateKey& key) {
  Identity identity;
  identity.certificate = *Certificate::parse(certificate.der());
  identity.key = *Rsa::from_pkcs8(key.to_pkcs8().view());
  return identity;
}
Identity target_identity() {
  return identity_of(Initiator::peers_certificate(), broker::tests::target_key());
}
Identity initiator_identity() {
  return identity_of(Initiator::certificate(), broker::tests::initiator_key());
}

TEST(SecondImplementationTest, FieldsReadAndWriteAHeaderOfTheEngineUnchanged) {
  Initiator initiator;
  Target target;
  Dialog dialog(initiator, target);
  const proto::DialogMessage message = dialog.first(decide(initiator));

  const auto fields = Fields::parse(message.header);

  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->write(), message.header);
  EXPECT_EQ(kind_of(*fields), MessageKind::begin);
  EXPECT_EQ(proto::to_string(fields->bytes(dialog_header::kToService)), "ImageProcessor");
}

TEST(SecondImplementationTest, FieldsRefuseWhatIsCutShort) {
  for (const Bytes& bytes : {Bytes{0x80}, Bytes{0x08}, Bytes{0x12, 0x05, 1, 2}, Bytes{0x00, 0x01},
                             Bytes{0x09, 1, 2, 3}, Bytes{0x0B}}) {
    EXPECT_FALSE(Fields::parse(bytes)) << proto::to_hex(bytes);
  }
}

TEST(SecondImplementationTest, AStolenKeyOpensWhatTheEngineSealed) {
  for (const bool is_anonymous : {false, true}) {
    Initiator initiator(is_anonymous);
    Target target;
    Dialog dialog(initiator, target);
    const proto::DialogMessage message = dialog.first(decide(initiator));

    const auto key = open_session_key(header_of(message), target_identity());

    ASSERT_TRUE(key);
    EXPECT_EQ(key->key, proto::to_bytes(dialog.initiators_key->key.view()));
    EXPECT_EQ(proto::to_string(*open_body(message, *key)), kRequest);
    EXPECT_FALSE(open_session_key(header_of(message), initiator_identity()));
  }
}

TEST(SecondImplementationTest, AStolenKeyOpensTheReplyToo) {
  Initiator initiator;
  Target target;
  Dialog dialog(initiator, target);
  const auto opened = dialog.open_at_target(dialog.first(decide(initiator)));
  ASSERT_TRUE(opened);
  const auto decision = broker::dialog::decide_reply(target.instance(), target.database,
                                                     target.owner, opened->source_user, kNow);
  const auto reply = dialog.first_reply(decision, *opened->session_key);
  ASSERT_TRUE(reply);

  const auto key = open_session_key(header_of(*reply), initiator_identity());

  ASSERT_TRUE(key);
  EXPECT_EQ(proto::to_string(*open_body(*reply, *key)), kReply);
}

// The header of a message, without security, as an attacker writes it.
Fields clear_header(const Dialog& dialog, std::uint64_t sequence, std::size_t length) {
  const auto header = broker::tests::message_header(dialog.conversation, true, sequence, length);
  return *Fields::parse(proto::as_bytes(header.SerializeAsString()));
}

TEST(SecondImplementationTest, TheEngineOpensWhatAnAttackerSealedWithTheSendersKey) {
  const Identity source = initiator_identity();
  for (const bool is_anonymous : {false, true}) {
    Initiator initiator;
    Target target;
    Dialog dialog(initiator, target);
    FirstRecipe recipe;
    recipe.source = is_anonymous ? nullptr : &source;
    recipe.destination = target_identity().certificate;
    recipe.not_before = kNow;
    const SessionKey key{random_bytes(16), random_bytes(16)};
    Seal sealing;
    const Bytes body = proto::to_bytes(std::string_view("made by hand"));

    const proto::DialogMessage message =
        seal_first(clear_header(dialog, 0, body.size()), body, recipe, key, sealing);
    const auto opened = dialog.open_at_target(message);

    ASSERT_TRUE(opened) << opened.error().error.text();
    EXPECT_EQ(opened->body, body);
    EXPECT_EQ(proto::to_bytes(opened->session_key->key.view()), key.key);
    EXPECT_EQ(opened->type, is_anonymous ? broker::dialog::SecurityType::anonymous
                                         : broker::dialog::SecurityType::full);
  }
}

TEST(SecondImplementationTest, FramesAreThoseOfTheEngine) {
  proto::adjacent::AdjacentHeader header;
  header.mutable_keep_alive()->set_number(300);
  Fields keep_alive;
  keep_alive.set(2, std::uint64_t{300});
  Fields own;
  own.set_message(adjacent::kKeepAlive, keep_alive);
  EXPECT_EQ(write_frame(own), proto::encode_frame(header));

  proto::Boxcar boxcar;
  const proto::DialogMessage message{.header = {1, 2, 3}, .body = {4, 5}};
  boxcar.add(message);
  boxcar.add(message);
  EXPECT_EQ(write_data({message, message}, 7), proto::to_bytes(boxcar.take(7)));

  Bytes bytes = proto::encode_frame(header);
  append(bytes, Bytes{0x00});
  const auto frame = take_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->header.message(adjacent::kKeepAlive).number(2), 300U);
  EXPECT_EQ(bytes, Bytes{0x00});
}

TEST(SecondImplementationTest, CiphersGiveTheirPublishedAnswers) {
  const auto hex = [](std::string_view text) { return *proto::from_hex(text); };
  // RFC 5869, test case 1.
  EXPECT_EQ(
      hkdf(Bytes(22, 0x0B), hex("000102030405060708090A0B0C"), hex("F0F1F2F3F4F5F6F7F8F9"), 42),
      hex("3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865"));
  // RFC 3394, 4.1.
  const Bytes wrapped = hex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5");
  const Bytes kek = hex("000102030405060708090A0B0C0D0E0F");
  const Bytes clear = hex("00112233445566778899AABBCCDDEEFF");
  EXPECT_EQ(wrap(kek, clear), wrapped);
  EXPECT_EQ(unwrap(kek, wrapped), clear);
  EXPECT_EQ(unwrap(clear, wrapped), std::nullopt);
  // The GCM specification, test cases 1 and 2.
  EXPECT_EQ(gcm_seal(Bytes(16), Bytes(12), {}, {}), hex("58E2FCCEFA7E3061367F1D57A4E7455A"));
  EXPECT_EQ(gcm_seal(Bytes(16), Bytes(12), {}, Bytes(16)),
            hex("0388DACE60B6A392F328C2B971B2FE78AB6E47D42CEC13BDF53A67B21257BDDF"));
  EXPECT_EQ(gcm_open(Bytes(16), Bytes(12), {}, hex("58E2FCCEFA7E3061367F1D57A4E7455B")),
            std::nullopt);
}

}  // namespace
}  // namespace ssb::sim::attackers
