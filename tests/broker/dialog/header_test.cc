#include "broker/dialog/header.h"

#include <functional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/dialog/header_examples.h"

namespace ssb::broker::tests {

namespace {

using dialog::parse_header;
using envelope::DialogHeader;
using proto::ErrorCode;

// ---- rules, a row each ----

struct Rule {
  const char* name;
  DialogHeader (*example)();
  std::function<void(DialogHeader&)> breaks;
  int number;
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's.
void PrintTo(const Rule& rule, std::ostream* out) {
  *out << rule.name;
}

DialogHeader ack_header() {
  return unsequenced_header(DialogHeader::ACK);
}
DialogHeader error_header() {
  return unsequenced_header(DialogHeader::ERROR);
}
DialogHeader secured_later_header() {
  DialogHeader header = later_header();
  set_security(header);
  return header;
}
DialogHeader secured_reply_header() {
  DialogHeader header = secured_begin_header();
  header.set_from_initiator(false);
  header.mutable_security()->mutable_first()->set_reply_mac(std::string(32, 'r'));
  return header;
}

std::function<void(DialogHeader&)> in_grant(
    const std::function<void(envelope::KeyExchangeGrant&)>& change) {
  return [change](DialogHeader& header) {
    envelope::SecurityHeader& first = *header.mutable_security()->mutable_first();
    envelope::KeyExchangeGrant grant;
    ASSERT_TRUE(grant.ParseFromString(first.grant()));
    change(grant);
    first.set_grant(grant.SerializeAsString());
  };
}
std::function<void(DialogHeader&)> in_part(
    const std::function<void(envelope::DialogPart&)>& change) {
  return [change](DialogHeader& header) {
    envelope::SecurityHeader& first = *header.mutable_security()->mutable_first();
    envelope::DialogPart part;
    ASSERT_TRUE(part.ParseFromString(first.dialog_part()));
    change(part);
    first.set_dialog_part(part.SerializeAsString());
  };
}
std::function<void(DialogHeader&)> in_first(
    const std::function<void(envelope::SecurityHeader&)>& change) {
  return [change](DialogHeader& header) { change(*header.mutable_security()->mutable_first()); };
}

const std::string kLongName(257, 'x');

class HeaderRuleTest : public testing::TestWithParam<Rule> {};

TEST_P(HeaderRuleTest, BrokenIsRefusedWithItsNumber) {
  DialogHeader header = GetParam().example();
  ASSERT_TRUE(parse_header(dialog::serialize_header(header)).has_value());

  GetParam().breaks(header);
  const auto parsed = parse_header(dialog::serialize_header(header));

  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().number(), GetParam().number) << parsed.error().text();
  EXPECT_FALSE(parsed.error().text().empty());
}

const Rule kAddressingRules[] = {
    {"no conversation id", begin_header, [](auto& h) { h.clear_conversation_id(); }, 11271},
    {"short conversation id", begin_header, [](auto& h) { h.set_conversation_id("short"); }, 11271},
    {"null conversation id", begin_header, [](auto& h) { h.set_conversation_id(id_bytes('\0')); },
     11271},
    {"no FROM service", begin_header, [](auto& h) { h.clear_from_service(); }, 11201},
    {"long FROM service", begin_header, [](auto& h) { h.set_from_service(kLongName); }, 11202},
    {"no FROM broker", begin_header, [](auto& h) { h.clear_from_broker(); }, 11203},
    {"null FROM broker", begin_header, [](auto& h) { h.set_from_broker(id_bytes('\0')); }, 11203},
    {"long FROM broker", begin_header, [](auto& h) { h.set_from_broker(std::string(17, 'f')); },
     11204},
    {"no TO service", ack_header, [](auto& h) { h.clear_to_service(); }, 11205},
    {"long TO service", begin_header, [](auto& h) { h.set_to_service(kLongName); }, 11206},
    {"no contract in BEGIN", begin_header, [](auto& h) { h.clear_contract(); }, 11207},
    {"long contract", later_header, [](auto& h) { h.set_contract(kLongName); }, 11208},
    {"short TO broker", begin_header, [](auto& h) { h.set_to_broker("t"); }, 11220},
    {"no TO broker from the target", secured_reply_header, [](auto& h) { h.clear_to_broker(); },
     11220},
};

const Rule kKindRules[] = {
    {"no kind", begin_header, [](auto& h) { h.clear_kind(); }, 28063},
    {"unknown kind", begin_header, [](auto& h) { h.set_kind(static_cast<DialogHeader::Kind>(9)); },
     28063},
    {"BEGIN with a sequence", begin_header, [](auto& h) { h.set_sequence(1); }, 11274},
    {"SEQUENCED without a sequence", later_header, [](auto& h) { h.set_sequence(0); }, 11274},
    {"sequence above bigint", later_header, [](auto& h) { h.set_sequence(std::uint64_t{1} << 63); },
     11274},
    {"end and error", later_header,
     [](auto& h) {
       h.set_is_end_dialog(true);
       h.set_is_error(true);
     },
     11275},
    {"end flag on an ack", ack_header, [](auto& h) { h.set_is_end_dialog(true); }, 11276},
    {"error flag on a broker error", error_header, [](auto& h) { h.set_is_error(true); }, 11276},
    {"end in the initiator's first", begin_header, [](auto& h) { h.set_is_end_dialog(true); },
     11277},
    {"error in the initiator's first", begin_header, [](auto& h) { h.set_is_error(true); }, 11277},
    {"no message type", later_header, [](auto& h) { h.clear_message_type(); }, 11278},
    {"long message type", later_header, [](auto& h) { h.set_message_type(kLongName); }, 11278},
    {"message type on an ack", ack_header, [](auto& h) { h.set_message_type("x"); }, 11279},
    {"sequence on an ack", ack_header, [](auto& h) { h.set_sequence(1); }, 11299},
    {"sequence on a broker error", error_header, [](auto& h) { h.set_sequence(5); }, 11299},
    {"ack without ack", ack_header, [](auto& h) { h.clear_ack(); }, 28063},
    {"acked sequence above bigint", later_header,
     [](auto& h) { h.mutable_ack()->set_next_sequence(std::uint64_t{1} << 63); }, 28063},
    {"acked fragment beyond any message", later_header,
     [](auto& h) { h.mutable_ack()->set_next_fragment(40'000); }, 28063},
    {"saw_first_ack from the target", secured_reply_header,
     [](auto& h) { h.set_saw_first_ack(true); }, 28001},
    {"no fragment count", begin_header, [](auto& h) { h.set_fragment_count(0); }, 28007},
    {"too many fragments", begin_header, [](auto& h) { h.set_fragment_count(2); }, 28007},
    {"too few fragments", begin_header, [](auto& h) { h.set_total_length(65537); }, 28007},
    {"fragment index at the count", begin_header, [](auto& h) { h.set_fragment_index(1); }, 28007},
    {"more than 2 GB", begin_header,
     [](auto& h) {
       h.set_total_length(std::uint64_t{1} << 31);
       h.set_fragment_count(1 << 15);
     },
     28007},
    {"fragments of an ack", ack_header, [](auto& h) { h.set_fragment_count(1); }, 28007},
    {"length of a broker error", error_header, [](auto& h) { h.set_total_length(1); }, 28007},
};

const Rule kSecurityRules[] = {
    {"version", secured_later_header, [](auto& h) { h.mutable_security()->set_version(2); }, 11241},
    {"no session key id", secured_later_header,
     [](auto& h) { h.mutable_security()->clear_session_key_id(); }, 11254},
    {"null session key id", secured_later_header,
     [](auto& h) { h.mutable_security()->set_session_key_id(id_bytes('\0')); }, 11254},
    {"long session key id", secured_later_header,
     [](auto& h) { h.mutable_security()->set_session_key_id(std::string(17, 'i')); }, 11267},
    {"no incarnation id", secured_later_header,
     [](auto& h) { h.mutable_security()->clear_incarnation_id(); }, 28063},
    {"first message without security header", secured_begin_header,
     [](auto& h) { h.mutable_security()->clear_first(); }, 11253},
    {"security header on a later message", secured_later_header,
     [](auto& h) {
       *h.mutable_security()->mutable_first() = secured_begin_header().security().first();
     },
     11221},
    {"grant version", secured_begin_header, in_grant([](auto& g) { g.set_version(2); }), 11241},
    {"grant suite", secured_begin_header, in_grant([](auto& g) { g.set_suite(2); }), 11241},
    {"source issuer without serial", secured_begin_header,
     in_grant([](auto& g) { g.mutable_source()->clear_serial(); }), 11250},
    {"source serial without issuer", secured_begin_header,
     in_grant([](auto& g) { g.mutable_source()->clear_issuer(); }), 11250},
    {"source without hash", secured_begin_header,
     in_grant([](auto& g) { g.mutable_source()->clear_sha256(); }), 11250},
    {"anonymous reply", secured_reply_header,
     [](auto& h) {
       in_grant([](auto& g) { g.clear_source(); })(h);
       in_first([](auto& f) { f.clear_grant_signature(); })(h);
     },
     11250},
    {"source without signature", secured_begin_header,
     in_first([](auto& f) { f.clear_grant_signature(); }), 11251},
    {"signature without source", secured_begin_header, in_grant([](auto& g) { g.clear_source(); }),
     11251},
    {"destination without serial", secured_begin_header,
     in_grant([](auto& g) { g.mutable_destination()->clear_serial(); }), 11252},
    {"destination without issuer", secured_begin_header,
     in_grant([](auto& g) { g.mutable_destination()->clear_issuer(); }), 11252},
    {"no destination", secured_begin_header, in_grant([](auto& g) { g.clear_destination(); }),
     11253},
    {"no KEK", secured_begin_header, in_grant([](auto& g) { g.clear_wrapped_kek(); }), 11253},
    {"no KEK id", secured_begin_header, in_grant([](auto& g) { g.clear_kek_id(); }), 11253},
    {"no session key", secured_begin_header,
     in_part([](auto& p) { p.clear_wrapped_session_key(); }), 11253},
    {"no grant", secured_begin_header, in_first([](auto& f) { f.clear_grant(); }), 11253},
    {"no dialog part", secured_begin_header, in_first([](auto& f) { f.clear_dialog_part(); }),
     11253},
    {"no dialog MAC", secured_begin_header, in_first([](auto& f) { f.clear_dialog_mac(); }), 11256},
    {"no reply MAC", secured_reply_header, in_first([](auto& f) { f.clear_reply_mac(); }), 11256},
    {"no salt", secured_begin_header, in_part([](auto& p) { p.clear_salt(); }), 11257},
    {"short dialog MAC", secured_begin_header, in_first([](auto& f) { f.set_dialog_mac("short"); }),
     11258},
    {"long reply MAC", secured_reply_header,
     in_first([](auto& f) { f.set_reply_mac(std::string(33, 'r')); }), 11258},
    {"reply MAC from the initiator", secured_begin_header,
     in_first([](auto& f) { f.set_reply_mac(std::string(32, 'r')); }), 11221},
    {"long source serial", secured_begin_header,
     in_grant([](auto& g) { g.mutable_source()->set_serial(std::string(65, 's')); }), 11259},
    {"long source issuer", secured_begin_header,
     in_grant([](auto& g) { g.mutable_source()->set_issuer(std::string(2049, 's')); }), 11260},
    {"long destination serial", secured_begin_header,
     in_grant([](auto& g) { g.mutable_destination()->set_serial(std::string(65, 's')); }), 11261},
    {"long destination issuer", secured_begin_header,
     in_grant([](auto& g) { g.mutable_destination()->set_issuer(std::string(2049, 's')); }), 11262},
    {"large security header", secured_begin_header,
     in_first([](auto& f) { f.set_grant(std::string(std::size_t{12} * 1024, 'g')); }), 11263},
    {"short KEK", secured_begin_header,
     in_grant([](auto& g) { g.set_wrapped_kek(std::string(47, 'w')); }), 11264},
    {"long KEK", secured_begin_header,
     in_grant([](auto& g) { g.set_wrapped_kek(std::string(2049, 'w')); }), 11264},
    {"short KEK id", secured_begin_header, in_grant([](auto& g) { g.set_kek_id("k"); }), 11265},
    {"null KEK id", secured_begin_header, in_grant([](auto& g) { g.set_kek_id(id_bytes('\0')); }),
     11265},
    {"short session key", secured_begin_header,
     in_part([](auto& p) { p.set_wrapped_session_key(std::string(16, 'w')); }), 11266},
    {"short salt", secured_begin_header, in_part([](auto& p) { p.set_salt("salt"); }), 11268},
    {"short signature", secured_begin_header, in_first([](auto& f) { f.set_grant_signature("s"); }),
     9629},
    {"grant that ends before it starts", secured_begin_header,
     in_grant([](auto& g) { g.set_not_after_us(1); }), 28066},
    {"grant for ever", secured_begin_header,
     in_grant([](auto& g) { g.set_not_after_us(std::int64_t{48} * 3600 * 1'000'000); }), 28066},
    {"grant before 1970", secured_begin_header, in_grant([](auto& g) { g.set_not_before_us(-1); }),
     28066},
    {"grant for half a conversation", secured_begin_header,
     in_grant([](auto& g) { g.set_only_conversation_id("x"); }), 28066},
    {"grant that does not parse", secured_begin_header,
     in_first([](auto& f) { f.set_grant("\xff"); }), 28066},
    {"dialog part that does not parse", secured_begin_header,
     in_first([](auto& f) { f.set_dialog_part("\xff"); }), 28066},
};

INSTANTIATE_TEST_SUITE_P(Addressing, HeaderRuleTest, testing::ValuesIn(kAddressingRules));
INSTANTIATE_TEST_SUITE_P(Kind, HeaderRuleTest, testing::ValuesIn(kKindRules));
INSTANTIATE_TEST_SUITE_P(Security, HeaderRuleTest, testing::ValuesIn(kSecurityRules));

// ---- what is allowed ----

TEST(HeaderTest, WhatWasWrittenIsReadBack) {
  for (const auto& header :
       {begin_header(), later_header(), ack_header(), error_header(), secured_begin_header(),
        secured_reply_header(), secured_later_header()}) {
    const auto parsed = parse_header(dialog::serialize_header(header));

    ASSERT_TRUE(parsed.has_value()) << parsed.error().text();
    EXPECT_EQ(parsed->SerializeAsString(), header.SerializeAsString());
  }
}

TEST(HeaderTest, TheTargetMayEndInItsFirstMessageAndTheInitiatorMayNameNoBroker) {
  DialogHeader reply = secured_reply_header();
  reply.set_is_end_dialog(true);
  reply.clear_message_type();
  DialogHeader to_any = begin_header();
  to_any.clear_to_broker();

  EXPECT_TRUE(parse_header(dialog::serialize_header(reply)).has_value());
  EXPECT_TRUE(parse_header(dialog::serialize_header(to_any)).has_value());
}

TEST(HeaderTest, NamesOf256CharactersFitWhateverTheirBytes) {
  DialogHeader header = begin_header();
  std::string name;
  for (int i = 0; i < 256; ++i) name += "\u20AC";
  header.set_to_service(name);
  EXPECT_TRUE(parse_header(dialog::serialize_header(header)).has_value());

  header.set_to_service(name + "\u20AC");
  const auto parsed = parse_header(dialog::serialize_header(header));
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, ErrorCode::to_service_too_long);
}

TEST(HeaderTest, TheLongestFieldsFitTheHeaderLimit) {
  DialogHeader header = secured_reply_header();
  std::string name;
  for (int i = 0; i < 256; ++i) name += "\u20AC";
  header.set_from_service(name);
  header.set_to_service(name);
  header.set_contract(name);
  header.set_message_type(name);
  in_grant([](auto& grant) {
    for (auto* certificate : {grant.mutable_source(), grant.mutable_destination()}) {
      certificate->set_issuer(std::string(dialog::kIssuerBytesMax, 'i'));
      certificate->set_serial(std::string(dialog::kSerialBytesMax, 's'));
    }
    grant.set_wrapped_kek(std::string(dialog::kRsaBytesMax, 'w'));
    grant.set_only_conversation_id(id_bytes('c'));
  })(header);
  in_first([](auto& first) { first.set_grant_signature(std::string(dialog::kRsaBytesMax, 's')); })(
      header);

  const auto parsed = parse_header(dialog::serialize_header(header));

  EXPECT_TRUE(parsed.has_value()) << parsed.error().text();
}

TEST(HeaderTest, ATooLargeHeaderIsRefusedWith11280BeforeItIsParsed) {
  const auto parsed = parse_header(proto::Bytes(proto::kHeaderBytesMax + 1));
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, ErrorCode::packet_too_large);
}

// ---- one header, one encoding ----

// Replaces the serialized submessage `part` inside of its owners' bytes.
using Encode = std::function<std::string(const DialogHeader&)>;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}
std::string field(int number, std::string_view bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) +
         std::string(bytes);
}
constexpr const char* kUnknown = "\xA0\x06\x01";  // field 100, varint 1

// A secured first header with `extra` appended to the message at `depth`.
std::string with_appended(int depth, const std::string& extra) {
  DialogHeader header = secured_begin_header();
  header.mutable_ack()->set_next_sequence(1);
  envelope::Security security = header.security();
  envelope::SecurityHeader first = security.first();
  const auto rebuild = [&] {
    security.clear_first();
    header.clear_security();
    std::string bytes = header.SerializeAsString();
    bytes += field(18, security.SerializeAsString() +
                           field(5, first.SerializeAsString() + (depth == 2 ? extra : "")) +
                           (depth == 1 ? extra : ""));
    return bytes + (depth == 0 ? extra : "");
  };
  switch (depth) {
    case 3: first.set_grant(first.grant() + extra); break;
    case 4: first.set_dialog_part(first.dialog_part() + extra); break;
    case 5:
    case 6: {
      envelope::KeyExchangeGrant grant = example_grant();
      const std::string source = grant.source().SerializeAsString();
      const std::string destination = grant.destination().SerializeAsString();
      grant.clear_source();
      grant.clear_destination();
      const std::string rest =
          grant.SerializeAsString();  // version and suite are its first four bytes
      first.set_grant(rest.substr(0, 4) + field(3, source + (depth == 5 ? extra : "")) +
                      field(4, destination + (depth == 6 ? extra : "")) + rest.substr(4));
      break;
    }
    case 7: {
      header.clear_security();
      header.clear_ack();
      return header.SerializeAsString() + field(17, varint(8) + varint(1) + extra);
    }
    default: break;
  }
  return rebuild();
}

TEST(HeaderTest, UnknownFieldsAreRefusedAtEveryDepth) {
  for (int depth = 0; depth <= 7; ++depth) {
    const std::string clean = with_appended(depth, "");
    const std::string extended = with_appended(depth, kUnknown);

    const auto unchanged = parse_header(proto::as_bytes(clean));
    ASSERT_TRUE(unchanged.has_value()) << depth << ": " << unchanged.error().text();
    const auto parsed = parse_header(proto::as_bytes(extended));
    ASSERT_FALSE(parsed.has_value()) << depth;
    const bool is_nested_part = depth >= 3 && depth <= 6;
    EXPECT_EQ(parsed.error().number(), is_nested_part ? 28066 : 28007) << depth;
  }
}

TEST(HeaderTest, EveryMessageOfTheEnvelopeIsCoveredByTheUnknownFieldCheck) {
  // parse_canonical lists the nested messages by hand; a new one must be added there, and here.
  std::vector<std::string> nested;
  const std::function<void(const google::protobuf::Descriptor*)> collect =
      [&](const auto* message) {
        for (int i = 0; i < message->field_count(); ++i) {
          const auto* type = message->field(i)->message_type();
          if (type == nullptr) continue;
          nested.push_back(message->name() + "." + message->field(i)->name());
          collect(type);
        }
      };
  collect(DialogHeader::descriptor());
  collect(envelope::KeyExchangeGrant::descriptor());
  collect(envelope::DialogPart::descriptor());

  EXPECT_THAT(nested,
              testing::ElementsAre("DialogHeader.ack", "DialogHeader.security", "Security.first",
                                   "KeyExchangeGrant.source", "KeyExchangeGrant.destination"));
}

TEST(HeaderTest, OtherEncodingsOfTheSameHeaderAreRefused) {
  const std::string clean = later_header().SerializeAsString();
  const std::string other_encodings[] = {
      clean + field(4, "MyService"),                             // a field twice, same value
      field(4, "Other") + clean,                                 // a field twice, the last one wins
      clean.substr(2) + clean.substr(0, 2),                      // another order
      varint(8) + std::string("\x82\x00", 2) + clean.substr(2),  // a longer varint
      clean + std::string("\x70\x00", 2),  // an explicit default: is_end_dialog = false
      clean + std::string("\x70\x02", 2),  // true, written as 2
      clean + varint(11 << 3) + varint(std::uint64_t{1} << 32),  // bits that uint32 cuts off
      clean + std::string("\x25\x01\x02\x03\x04", 5),  // from_service with another wire type
      clean + std::string("\x0B\x0C", 2),              // a group
  };
  ASSERT_TRUE(parse_header(proto::as_bytes(clean)).has_value());

  for (const std::string& bytes : other_encodings) {
    const auto parsed = parse_header(proto::as_bytes(bytes));
    ASSERT_FALSE(parsed.has_value()) << proto::to_hex(proto::as_bytes(bytes));
    EXPECT_EQ(parsed.error().code, ErrorCode::corrupt_message);
  }
}

TEST(HeaderTest, AFlippedOrMissingByteNeverReadsAsTheSameHeader) {
  const proto::Bytes clean = dialog::serialize_header(secured_begin_header());
  const auto original = parse_header(clean);
  ASSERT_TRUE(original.has_value());
  for (std::size_t at = 0; at < clean.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      proto::Bytes flipped = clean;
      flipped[at] ^= static_cast<std::uint8_t>(mask);
      const auto parsed = parse_header(flipped);
      if (parsed) {
        EXPECT_NE(parsed->SerializeAsString(), original->SerializeAsString()) << at;
      }
    }
    const auto cut =
        parse_header(proto::ByteView(clean).first(at));  // at a field's end it may parse
    if (cut) {
      EXPECT_NE(cut->SerializeAsString(), original->SerializeAsString()) << at;
    }
  }
}

TEST(HeaderTest, TextThatIsNotUtf8IsRefusedWith28064AndNothingIsLogged) {
  const std::string texts[] = {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"};
  testing::internal::CaptureStderr();
  for (const std::string& text : texts) {
    DialogHeader header = begin_header();
    header.set_contract(text);
    const auto parsed = parse_header(dialog::serialize_header(header));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_string);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");  // a peer must not be able to fill a log
}

// ---- bodies ----

TEST(MessageTest, TheBodyHasTheSizeThatTheHeaderSays) {
  struct Row {
    DialogHeader header;
    std::size_t body;
    int number;  // 0: accepted
  };
  DialogHeader secured_ack = ack_header();
  set_security(secured_ack);
  DialogHeader last_fragment = later_header();
  last_fragment.set_total_length(proto::kFragmentBodyBytesMax + 10);
  last_fragment.set_fragment_count(2);
  last_fragment.set_fragment_index(1);
  DialogHeader first_fragment = last_fragment;
  first_fragment.set_fragment_index(0);
  const Row rows[] = {
      {begin_header(), 5, 0},
      {begin_header(), 4, 28007},
      {begin_header(), 6, 28007},
      {secured_begin_header(), 5 + 16, 0},
      {secured_begin_header(), 15, 11255},
      {secured_begin_header(), 5, 11255},
      {secured_begin_header(), 5 + 17, 28007},
      {ack_header(), 0, 0},
      {ack_header(), 1, 28007},
      {secured_ack, 16, 0},
      {secured_ack, 0, 11255},
      {secured_ack, 17, 28007},
      {error_header(), 300, 0},
      {error_header(), proto::kFragmentBodyBytesMax, 0},
      {error_header(), proto::kFragmentBodyBytesMax + 1, 28007},
      {first_fragment, proto::kFragmentBodyBytesMax, 0},
      {first_fragment, 10, 28007},
      {last_fragment, 10, 0},
      {last_fragment, proto::kFragmentBodyBytesMax, 28007},
  };

  for (const Row& row : rows) {
    proto::DialogMessage message;
    message.header = dialog::serialize_header(row.header);
    message.body = proto::Bytes(row.body);
    const auto parsed = dialog::parse_message(message, "TCP://far:4022");
    EXPECT_EQ(parsed.has_value() ? 0 : parsed.error().number(), row.number) << row.body;
  }
}

TEST(MessageTest, FragmentsCoverTheMessageExactly) {
  constexpr std::uint64_t kBytes = proto::kFragmentBodyBytesMax;
  EXPECT_EQ(dialog::fragment_count_of(0), 1u);
  EXPECT_EQ(dialog::fragment_count_of(kBytes), 1u);
  EXPECT_EQ(dialog::fragment_count_of(kBytes + 1), 2u);
  EXPECT_EQ(dialog::fragment_count_of(dialog::kMessageBytesMax), 32768u);
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, kBytes - 1, kBytes, kBytes + 1, 3 * kBytes}) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < dialog::fragment_count_of(length); ++i)
      sum += dialog::fragment_bytes_of(length, i);
    EXPECT_EQ(sum, length);
  }
}

}  // namespace

}  // namespace ssb::broker::tests
