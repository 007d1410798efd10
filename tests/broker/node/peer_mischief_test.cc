// What a true peer does wrong: parts that do not fit together, messages that never become whole, answers of a second target.
#include "broker/conversation/message_log.h"
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;
using proto::envelope::DialogHeader;

// 150,000 bytes go in three parts.
constexpr std::string_view kSendThreeParts =
    "USE Sender; DECLARE @h uniqueidentifier;"
    "BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT C WITH "
    "ENCRYPTION = OFF;"
    "SEND ON CONVERSATION @h MESSAGE TYPE Request "
    "(REPLICATE(CAST(N'x' AS nvarchar(max)), 75000));";

std::size_t parts_stored(Machine& machine) {
  const auto database = machine.node->instance().database(std::string_view("Receiver"))->id();
  return machine.node->instance().store().records(database, conversation::kFragmentTable).size();
}

TEST(NodeFragmentTest, APartOfAnotherLengthIsRefusedAndTheTrueOneStillCompletesTheMessage) {
  Pair pair(Pair::Mode::none);
  pair.a.must(std::string(kSendThreeParts));
  int forged = 0;
  const Pair::Wire forging = [&](bool from_a, proto::DialogMessage& message) {
    if (!from_a || header_of(message).fragment_index() != 1) return 1;
    DialogHeader header = header_of(message);
    header.set_total_length(100'000);
    header.set_fragment_count(2);
    const std::string bytes = header.SerializeAsString();
    proto::DialogMessage other = message;
    other.header.assign(bytes.begin(), bytes.end());
    other.body.resize(100'000 - proto::kFragmentBodyBytesMax);
    pair.b.arrive(other);
    ++forged;
    return 1;
  };

  ASSERT_TRUE(pair.deliver(forging));

  EXPECT_EQ(forged, 1);
  EXPECT_EQ(pair.b.count(EventClass::corrupted_message, 28007), 1U);
  EXPECT_EQ(pair.b.value("Receiver", "SELECT DATALENGTH(message_body) FROM ReceiverQueue"),
            "150000");
  EXPECT_EQ(pair.delivered(), "1");
}

TEST(NodeFragmentTest, CleanupInTheMiddleOfAMessageLeavesNoPartBehind) {
  Pair pair(Pair::Mode::none);
  pair.a.must(std::string(kSendThreeParts));
  const Pair::Wire cutting = [&](bool from_a, proto::DialogMessage& message) {
    return from_a && header_of(message).fragment_index() == 2 ? 0 : 1;
  };
  ASSERT_TRUE(pair.deliver(cutting));
  ASSERT_EQ(parts_stored(pair.b), 2U);

  pair.b.must(
      "USE Receiver; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints; END CONVERSATION @h WITH CLEANUP;");

  EXPECT_EQ(parts_stored(pair.b), 0U);
}

TEST(NodeSecondTargetTest, AnAnswerOfAnotherBrokerThanTheFirstIsToldSoAndChangesNothing) {
  Pair pair(Pair::Mode::none);
  pair.a.must(pair.begin_and_send(1));
  proto::DialogMessage second;
  const Pair::Wire copying = [&](bool from_a, proto::DialogMessage& message) {
    if (from_a) return 1;
    DialogHeader header = header_of(message);
    header.set_from_broker(std::string(16, 'C'));
    const std::string bytes = header.SerializeAsString();
    second = message;
    second.header.assign(bytes.begin(), bytes.end());
    return 1;
  };
  ASSERT_TRUE(pair.deliver(copying));
  ASSERT_EQ(pair.pending(), "0");

  pair.a.arrive(second);

  EXPECT_EQ(pair.a.count(EventClass::message_undeliverable, 8495), 1U);
  ASSERT_EQ(pair.a.sent.size(), 1U);
  const DialogHeader answer = header_of(pair.a.sent.front().message);
  EXPECT_EQ(answer.kind(), DialogHeader::ERROR);
  EXPECT_EQ(answer.to_broker(), std::string(16, 'C'));
  EXPECT_EQ(pair.a.value("Sender", "SELECT state FROM sys.conversation_endpoints"), "CO");
}

}  // namespace
}  // namespace ssb::broker::tests
