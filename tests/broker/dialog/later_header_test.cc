#include "broker/dialog/later_header.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/broker/dialog/header_examples.h"

namespace ssb::broker::dialog {
namespace {

using envelope::DialogHeader;

constexpr int kRounds = 20'000;

// Numbers of every encoded length, zero among them.
std::uint64_t any_number(std::mt19937_64& random) {
  return random() >> (random() % 65 == 64 ? 63 : random() % 64);
}

// Fields that differ from message to message; whether a rule allows them is another matter.
DialogHeader vary(DialogHeader header, std::mt19937_64& random) {
  const auto maybe = [&](auto value) { return random() % 2 == 0 ? value : decltype(value){}; };
  const bool is_ack = header.kind() == DialogHeader::ACK;
  header.set_total_length(is_ack ? 0 : maybe(random() % 300'000));
  header.set_fragment_count(is_ack ? 0 : fragment_count_of(header.total_length()));
  header.set_fragment_index(
      is_ack ? 0 : static_cast<std::uint32_t>(random() % header.fragment_count()));
  header.set_sequence(is_ack ? 0 : any_number(random) & INT64_MAX);
  header.set_lifetime_remaining_us(maybe(any_number(random)));
  header.set_saw_first_ack(random() % 2 == 0);
  if (!is_ack) header.clear_ack();
  if (is_ack || random() % 2 == 0) {
    header.mutable_ack()->set_next_sequence(maybe(any_number(random) & INT64_MAX));
    header.mutable_ack()->set_next_fragment(maybe(static_cast<std::uint32_t>(random() % 1000)));
  }
  if (header.has_security())
    header.mutable_security()->set_nonce_counter(maybe(any_number(random)));
  return header;
}

DialogHeader secured(DialogHeader header) {
  header.mutable_security()->set_version(kSecurityVersion);
  header.mutable_security()->set_session_key_id(tests::id_bytes('s'));
  header.mutable_security()->set_incarnation_id(tests::id_bytes('i'));
  return header;
}

std::vector<DialogHeader> examples() {
  return {tests::later_header(), secured(tests::later_header()),
          tests::unsequenced_header(DialogHeader::ACK),
          secured(tests::unsequenced_header(DialogHeader::ACK))};
}

std::size_t body_bytes(const DialogHeader& header) {
  const std::size_t overhead = header.has_security() ? kSealOverheadBytes : 0;
  const bool is_ack = header.kind() == DialogHeader::ACK;
  return overhead +
         (is_ack ? 0 : fragment_bytes_of(header.total_length(), header.fragment_index()));
}

// What the general code says of the bytes.
std::optional<std::string> parsed_text(const proto::Bytes& bytes, std::size_t body) {
  proto::DialogMessage message;
  message.header = bytes;
  message.body.resize(body);
  const auto header = parse_message(message);
  return header ? std::optional(header->SerializeAsString()) : std::nullopt;
}

TEST(LaterHeaderTest, TheWriterWritesTheBytesOfSerializeHeader) {
  std::mt19937_64 random(1);
  for (const DialogHeader& example : examples()) {
    const LaterHeaderWriter writer(example);
    proto::Bytes bytes(1000, 0xAA);  // nothing of what was there stays
    for (int round = 0; round < kRounds; ++round) {
      const DialogHeader header = vary(example, random);
      writer.write(varying_of(header), header.security().nonce_counter(), bytes);
      ASSERT_EQ(bytes, serialize_header(header)) << header.DebugString();
    }
  }
}

TEST(LaterHeaderTest, TheReaderGivesTheHeaderOfParseMessage) {
  std::mt19937_64 random(2);
  for (const DialogHeader& example : examples()) {
    LaterHeaderReader reader(serialize_header(example), example);
    int given = 0;
    for (int round = 0; round < kRounds; ++round) {
      const DialogHeader header = vary(example, random);
      const proto::Bytes bytes = serialize_header(header);
      const DialogHeader* read = reader.read(bytes, body_bytes(header));
      const auto parsed = parsed_text(bytes, body_bytes(header));
      ASSERT_EQ(read != nullptr, parsed.has_value()) << header.DebugString();
      if (read == nullptr) continue;
      ++given;
      ASSERT_EQ(read->SerializeAsString(), *parsed);
      ASSERT_TRUE(reader.has_given(*read));
    }
    EXPECT_GT(given, kRounds / 4);  // else nothing has been compared
  }
}

TEST(LaterHeaderTest, TheReaderTakesNoBytesThatParseMessageRefuses) {
  std::mt19937_64 random(3);
  for (const DialogHeader& example : examples()) {
    LaterHeaderReader reader(serialize_header(example), example);
    int refused = 0;
    for (int round = 0; round < kRounds; ++round) {
      const DialogHeader header = vary(example, random);
      proto::Bytes bytes = serialize_header(header);
      std::size_t body = body_bytes(header);
      switch (random() % 5) {
        case 0:
          bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
          break;
        case 1: bytes.resize(random() % bytes.size()); break;
        case 2: bytes.push_back(static_cast<std::uint8_t>(random())); break;
        case 3:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()),
                       static_cast<std::uint8_t>(random()));
          break;
        default: body += random() % 3; break;
      }
      const DialogHeader* read = reader.read(bytes, body);
      const auto parsed = parsed_text(bytes, body);
      if (!parsed) {
        ++refused;
        ASSERT_EQ(read, nullptr) << header.DebugString();
      } else if (read != nullptr) {
        ASSERT_EQ(read->SerializeAsString(), *parsed);
      }
    }
    EXPECT_GT(refused, kRounds / 4);
  }
}

TEST(LaterHeaderTest, AWholeMessageIsReadAsItsPartsAndHasTheReadersIds) {
  std::mt19937_64 random(4);
  for (const DialogHeader& example : examples()) {
    LaterHeaderReader reader(serialize_header(example), example);
    EXPECT_EQ(reader.ids().session_key.is_null(), !example.has_security());
    for (int round = 0; round < kRounds; ++round) {
      const DialogHeader header = vary(example, random);
      proto::DialogMessage message;
      message.header = serialize_header(header);
      message.body.resize(body_bytes(header));
      const auto parts = reader.read(message.header, message.body.size()) == nullptr
                             ? std::nullopt
                             : std::optional(header.SerializeAsString());

      const DialogHeader* read = reader.read(message);

      ASSERT_EQ(read != nullptr, parts.has_value());
      if (read == nullptr) continue;
      ASSERT_EQ(read->SerializeAsString(), *parts);
      const HeaderIds ids = ids_of(*read);
      EXPECT_EQ(reader.ids().conversation, ids.conversation);
      EXPECT_EQ(reader.ids().session_key, ids.session_key);
      EXPECT_EQ(reader.ids().incarnation, ids.incarnation);
    }
  }
}

TEST(LaterHeaderTest, AnotherTypeServiceOrKeyIsLeftToTheGeneralCode) {
  const DialogHeader example = secured(tests::later_header());
  LaterHeaderReader reader(serialize_header(example), example);
  ASSERT_NE(reader.read(serialize_header(example), body_bytes(example)), nullptr);

  DialogHeader type = example;
  type.set_message_type("ImageReply");
  DialogHeader key = example;
  key.mutable_security()->set_session_key_id(tests::id_bytes('x'));
  DialogHeader clear = example;
  clear.clear_security();

  for (const DialogHeader& other : {type, key, clear})
    EXPECT_EQ(reader.read(serialize_header(other), body_bytes(other)), nullptr);
}

}  // namespace
}  // namespace ssb::broker::dialog
