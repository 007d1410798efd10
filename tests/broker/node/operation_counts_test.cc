// What each message of a dialog costs, counted, against what the protocol implies. The reasons stand beside the numbers; docs/load.md has the
// same table.
#include <gmock/gmock.h>

#include "broker/dialog/keys.h"
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using dialog::OperationCounts;
using Mode = Pair::Mode;

constexpr std::uint64_t kBodyBytes = 2;  // one digit in UTF-16

OperationCounts difference(const OperationCounts& now, const OperationCounts& before) {
  OperationCounts out = now;
  std::vector<std::uint64_t> values;
  dialog::visit_counts(before, [&](const char*, std::uint64_t value) { values.push_back(value); });
  auto next = values.begin();
  dialog::visit_counts(out, [&](const char*, std::uint64_t& value) { value -= *next++; });
  return out;
}

void expect_equal(const OperationCounts& is, const OperationCounts& implied, const char* who) {
  std::map<std::string, std::uint64_t> by_name;
  dialog::visit_counts(is, [&](const char* name, std::uint64_t value) { by_name[name] = value; });
  dialog::visit_counts(implied, [&](const char* name, std::uint64_t value) {
    EXPECT_EQ(by_name[name], value) << who << ": " << name;
  });
}

// One message from one side to the other and its acknowledgement, which is sealed too, with an empty body. One message a flush, so
// each is acknowledged by itself.
OperationCounts sender_of_a_message() {
  OperationCounts out;
  out.seals = 1;  // the message
  out.sealed_bytes = kBodyBytes;
  out.opens = 1;  // its acknowledgement: no body
  return out;
}
OperationCounts receiver_of_a_message() {
  OperationCounts out;
  out.opens = 1;
  out.opened_bytes = kBodyBytes;
  out.seals = 1;  // the acknowledgement
  return out;
}

// What both ends do more for the first message that comes under a session key, in either direction.
struct FirstCost {
  OperationCounts sender = sender_of_a_message();
  OperationCounts receiver = receiver_of_a_message();
};
// `directions`: for how many the conversation's row has a session key once this message has gone. All of a row are sealed together.
FirstCost first(Mode mode, bool is_kek_cached, std::uint64_t directions) {
  FirstCost out;
  if (mode == Mode::none) return {.sender = {}, .receiver = {}};  // nothing is sealed at all
  OperationCounts& sender = out.sender;
  OperationCounts& receiver = out.receiver;
  // The session key, wrapped once under the KEK and unwrapped once, in whatever mode and whether the KEK is new or not.
  sender.key_wraps = 1;
  receiver.key_unwraps = 1;
  // Both ends write the conversation's row with it, under the database master key; in anonymous security it is that of both directions.
  sender.keys_stored = mode == Mode::anonymous ? 2 : directions;
  receiver.keys_stored = sender.keys_stored;
  // A message key for each direction of this session key: the message goes one way, its acknowledgement the other.
  sender.message_keys = 2;
  receiver.message_keys = 2;
  if (is_kek_cached) {
    sender.grant_hits = 1;  // and no RSA at either end
    receiver.opened_kek_hits = 1;
    return out;
  }
  sender.grant_misses = 1;
  sender.rsa_wraps = 1;  // the KEK, for the far certificate
  receiver.opened_kek_misses = 1;
  receiver.rsa_unwraps = 1;
  if (mode == Mode::full) {  // anonymous security signs nothing
    sender.rsa_signs = 1;
    receiver.rsa_verifies = 1;
  }
  return out;
}

class OperationCountsTest : public testing::TestWithParam<std::pair<Mode, bool>> {
 protected:
  static Mode mode() { return GetParam().first; }
  static bool signs_every_dialog() { return GetParam().second; }
  // With a grant of each conversation's own no later dialog finds it cached. Anonymous security has no signature to ask for.
  static bool reuses_keks() { return !(signs_every_dialog() && mode() == Mode::full); }
  static OperationCounts sends() {
    return mode() == Mode::none ? OperationCounts() : sender_of_a_message();
  }
  static OperationCounts receives() {
    return mode() == Mode::none ? OperationCounts() : receiver_of_a_message();
  }

  void SetUp() override {
    pair_ = std::make_unique<Pair>(mode(), std::filesystem::path(), signs_every_dialog());
    take();
  }
  void take() {
    before_a_ = pair_->a.node->engine().operation_counts();
    before_b_ = pair_->b.node->engine().operation_counts();
  }
  // Delivers all, and compares what it cost with what is implied.
  void expect(const char* what, const OperationCounts& of_a, const OperationCounts& of_b) {
    SCOPED_TRACE(what);
    ASSERT_TRUE(pair_->deliver());
    expect_equal(difference(pair_->a.node->engine().operation_counts(), before_a_), of_a,
                 "initiator");
    expect_equal(difference(pair_->b.node->engine().operation_counts(), before_b_), of_b, "target");
    take();
  }

  void begin() { pair_->a.must(pair_->begin_and_send(1)); }
  void send_more() {
    pair_->a.must(
        "USE Sender; DECLARE @h uniqueidentifier; SELECT TOP (1) @h = conversation_handle FROM "
        "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'1');");
  }
  void reply() {
    pair_->b.must(
        "USE Receiver; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = conversation_handle FROM "
        "ReceiverQueue; SEND ON CONVERSATION @h MESSAGE TYPE Reply (N'1');");
  }

  std::unique_ptr<Pair> pair_;
  OperationCounts before_a_, before_b_;
};
INSTANTIATE_TEST_SUITE_P(Modes, OperationCountsTest,
                         testing::Values(std::pair(Mode::full, false), std::pair(Mode::full, true),
                                         std::pair(Mode::anonymous, false),
                                         std::pair(Mode::anonymous, true),
                                         std::pair(Mode::none, false)));

TEST_P(OperationCountsTest, EachMessageCostsWhatTheProtocolImplies) {
  const FirstCost first_message = first(mode(), false, 1);
  begin();
  expect("the first message", first_message.sender, first_message.receiver);

  send_more();
  expect("a later message", sends(), receives());

  reply();
  if (mode() == Mode::full) {
    // The target's own session key, under a KEK of the other direction. The rows hold two session keys by now.
    const FirstCost first_reply = first(mode(), false, 2);
    expect("the first reply", first_reply.receiver, first_reply.sender);
  } else {
    // In anonymous security it is sealed under the initiator's session key: as any later message.
    expect("the first reply", receives(), sends());
  }

  reply();
  expect("a later reply", receives(), sends());
}

TEST_P(OperationCountsTest, ALaterDialogCostsNoRsaWhileTheKeyExchangeKeyIsCached) {
  begin();
  ASSERT_TRUE(pair_->deliver());
  reply();
  ASSERT_TRUE(pair_->deliver());
  take();

  begin();
  const FirstCost first_message = first(mode(), reuses_keks(), 1);
  expect("the first message", first_message.sender, first_message.receiver);

  reply();
  if (mode() == Mode::full) {
    const FirstCost first_reply = first(mode(), reuses_keks(), 2);
    expect("the first reply", first_reply.receiver, first_reply.sender);
  } else {
    expect("the first reply", receives(), sends());
  }
}

TEST_P(OperationCountsTest, AGrantThatHasRunOutIsMadeAgain) {
  begin();
  ASSERT_TRUE(pair_->deliver());
  pair_->advance(dialog::kGrantLifetime);
  ASSERT_TRUE(pair_->deliver());
  take();

  begin();
  const FirstCost cost = first(mode(), false, 1);
  expect("the first message", cost.sender, cost.receiver);
}

TEST_P(OperationCountsTest, EachFragmentIsSealedAndOpenedAlone) {
  begin();
  ASSERT_TRUE(pair_->deliver());
  take();
  constexpr std::uint64_t kFragments = 3;
  constexpr std::uint64_t kLength = (kFragments - 1) * proto::kFragmentBodyBytesMax + 2;

  pair_->a.must(
      "USE Sender; DECLARE @h uniqueidentifier, @body nvarchar(max); SET @body = "
      "REPLICATE(CAST(N'x' AS nvarchar(max)), " +
      std::to_string(kLength / 2) +
      "); SELECT TOP (1) @h = conversation_handle FROM sys.conversation_endpoints; SEND ON "
      "CONVERSATION @h MESSAGE TYPE Request (@body);");
  OperationCounts sender;
  OperationCounts receiver;
  if (mode() != Mode::none) {
    sender.seals = receiver.opens = kFragments;
    sender.sealed_bytes = receiver.opened_bytes = kLength;
    receiver.seals = sender.opens = kFragments;  // each was durable, and acknowledged, by itself
  }
  expect("a message of three fragments", sender, receiver);
}

TEST(OperationCountsOfAClosedDatabaseTest, AreKept) {
  Pair pair(Mode::full);
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());
  const OperationCounts before = pair.a.node->engine().operation_counts();

  pair.a.must("USE master; DROP DATABASE Sender");

  EXPECT_EQ(before.rsa_signs, 1U);
  expect_equal(pair.a.node->engine().operation_counts(), before, "initiator");
}

TEST(OperationCountsOfARestartTest, StoredSessionKeysAreOpenedOnceEachAndNotBeforeTheyAreNeeded) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("ssb_counts_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  Pair pair(Mode::full, folder);
  pair.a.must(pair.begin_and_send(1));
  ASSERT_TRUE(pair.deliver());

  pair.a.kill();
  pair.a.start();

  expect_equal(pair.a.node->engine().operation_counts(), {}, "initiator");
  for (int i = 0; i < 2; ++i) {
    pair.a.must(
        "USE Sender; DECLARE @h uniqueidentifier; SELECT TOP (1) @h = conversation_handle FROM "
        "sys.conversation_endpoints; SEND ON CONVERSATION @h MESSAGE TYPE Request (N'1');");
    ASSERT_TRUE(pair.deliver());
    // Its own; the target has not answered.
    EXPECT_EQ(pair.a.node->engine().operation_counts().keys_loaded, 1U);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ssb::broker::tests
