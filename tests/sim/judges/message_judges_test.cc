// Judges of what becomes of messages and conversations, each with a stream that is honest and one that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/envelope.pb.h"
#include "sim/judges/endpoints.h"
#include "sim/judges/exactly_once_in_order.h"
#include "sim/judges/liveness.h"
#include "sim/judges/nothing_acknowledged_is_lost.h"
#include "sim/judges/recovery.h"
#include "tests/sim/judges/fake_inside.h"

namespace ssb::sim::judges {
namespace {

using namespace std::chrono_literals;
using proto::EventClass;
using testing::HasSubstr;

// ---- exactly once, in order ----

struct ExactlyOnceInOrderTest : testing::Test {
  FakeInside inside;
  ExactlyOnceInOrder judge{inside, false};
  void send(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) judge.traced(kA, send_record(i));
  }
};

TEST_F(ExactlyOnceInOrderTest, SaysNothingWhenAllComesOnceInOrder) {
  send(3);
  for (const std::uint64_t i : {0U, 1U, 2U}) judge.traced(kB, delivered_record(i));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(ExactlyOnceInOrderTest, FindsASecondDelivery) {
  send(2);
  for (const std::uint64_t i : {0U, 1U, 1U}) judge.traced(kB, delivered_record(i));

  EXPECT_THAT(text_of(judge), HasSubstr("message 1 was delivered again"));
}

TEST_F(ExactlyOnceInOrderTest, FindsAGap) {
  send(3);
  for (const std::uint64_t i : {0U, 2U}) judge.traced(kB, delivered_record(i));

  EXPECT_THAT(text_of(judge), HasSubstr("message 2 was delivered where 1 was next"));
}

TEST_F(ExactlyOnceInOrderTest, FindsWhatNoSendHasCommitted) {
  send(1);
  for (const std::uint64_t i : {0U, 1U}) judge.traced(kB, delivered_record(i));

  EXPECT_THAT(text_of(judge), HasSubstr("no SEND has committed it"));
}

TEST_F(ExactlyOnceInOrderTest, FindsANumberThatWasGivenTwice) {
  send(2);
  judge.traced(kA, send_record(1));

  EXPECT_THAT(text_of(judge), HasSubstr("SEND took number 1, which a committed SEND had before"));
}

TEST_F(ExactlyOnceInOrderTest, ARestartedReceiverMayBeAheadOfItsRecords) {
  send(3);
  judge.traced(kB, delivered_record(0));
  auto target = row_of(false);
  target.row.set_receive_sequence(2);
  inside.rows = {target};

  judge.started(kB);
  judge.traced(kB, delivered_record(2));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(ExactlyOnceInOrderTest, FindsAReceiverThatForgotADelivery) {
  send(2);
  for (const std::uint64_t i : {0U, 1U}) judge.traced(kB, delivered_record(i));
  auto target = row_of(false);
  target.row.set_receive_sequence(1);
  inside.rows = {target};

  judge.started(kB);

  EXPECT_THAT(text_of(judge), HasSubstr("message 1 is expected, and 2 had been delivered"));
}

static StoredEndpoint accepting_row(std::uint64_t receive_sequence) {
  auto target = row_of(false);
  target.row.set_state("CO");
  target.row.set_receive_sequence(receive_sequence);
  return target;
}

TEST_F(ExactlyOnceInOrderTest, AHeldMessageIsDeliveredLaterAlsoAfterARestart) {
  send(2);
  judge.traced(kB, held_record(0));
  judge.traced(kB, held_record(1));
  inside.rows = {accepting_row(2)};
  inside.held = {{0, 1}, true};

  judge.started(kB);
  judge.traced(kB, delivered_record(0));
  judge.traced(kB, delivered_record(1));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(ExactlyOnceInOrderTest, FindsAHeldMessageThatARestartForgot) {
  send(2);
  judge.traced(kB, held_record(0));
  judge.traced(kB, held_record(1));
  inside.rows = {accepting_row(2)};
  inside.held = {{0}, true};

  judge.started(kB);

  EXPECT_THAT(text_of(judge), HasSubstr("message 1 is not held any more"));
}

TEST_F(ExactlyOnceInOrderTest, FindsAMessageThatIsHeldAgain) {
  send(1);
  judge.traced(kB, held_record(0));
  judge.traced(kB, delivered_record(0));
  judge.traced(kB, held_record(0));

  EXPECT_THAT(text_of(judge), HasSubstr("message 0 was held again"));
}

TEST_F(ExactlyOnceInOrderTest, DoesNotHoldAHostToWhatItsDiskLiedAbout) {
  send(2);
  for (const std::uint64_t i : {0U, 1U}) judge.traced(kB, delivered_record(i));
  auto target = row_of(false);
  target.row.set_receive_sequence(0);
  inside.rows = {target};
  inside.has_lied = true;

  judge.started(kB);
  judge.traced(kB, delivered_record(0));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(ExactlyOnceInOrderTest, OnlyACopyWithTheSameKeyMayMakeAConversationToo) {
  const auto made_at_both = [&](std::uint8_t key_of_b) {
    broker::crypto::Sha256Digest key{};
    inside.all_certificates[kA] = {{.name = "a", .sha256 = key, .has_private_key = true}};
    key[0] = key_of_b;
    inside.all_certificates[kB] = {{.name = "b", .sha256 = key, .has_private_key = true}};
    ExactlyOnceInOrder one(inside, false);
    one.traced(kA, send_record(0));
    one.traced(kA, sent_record(true, {{"session_key", "k"}}));
    one.traced(kB, conversation_record(kDialogCreated, false));
    one.traced(kA, conversation_record(kDialogCreated, false));
    return text_of(one);
  };

  EXPECT_EQ(made_at_both(0), "");
  EXPECT_THAT(made_at_both(1), HasSubstr("was made a second time"));
}

TEST_F(ExactlyOnceInOrderTest, FindsASecuredConversationThatIsMadeAgain) {
  send(1);
  judge.traced(kA, sent_record(true, {{"session_key", "k"}}));
  judge.traced(kB, conversation_record(kDialogCreated, false));
  judge.traced(kB, conversation_record(kDialogCreated, false));
  ExactlyOnceInOrder product(inside, true);
  product.traced(kA, send_record(0));
  product.traced(kA, sent_record(true, {{"session_key", "k"}}));
  product.traced(kB, conversation_record(kDialogCreated, false));
  product.traced(kB, conversation_record(kDialogCreated, false));

  EXPECT_THAT(text_of(judge), HasSubstr("was made a second time"));
  EXPECT_EQ(text_of(product), "");
}

// ---- nothing acknowledged is lost ----

struct NothingAcknowledgedIsLostTest : testing::Test {
  NothingAcknowledgedIsLostTest() {
    auto initiator = row_of(true);
    initiator.row.set_acknowledged(2);
    auto target = row_of(false);
    target.row.set_receive_sequence(2);
    inside.rows = {initiator, target};
    judge.traced(kA, conversation_record(kBeginDialog, true));
    judge.traced(kB, conversation_record(kDialogCreated, false));
  }
  void acknowledge(std::uint64_t next) {
    judge.traced(kA, ack_received({{"ack", std::to_string(next)}}));
  }
  FakeInside inside;
  NothingAcknowledgedIsLost judge{inside};
};

TEST_F(NothingAcknowledgedIsLostTest, SaysNothingWhenTheReceiverHasIt) {
  acknowledge(2);
  judge.ending(kB, Observer::End::lost_power);
  judge.started(kB);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NothingAcknowledgedIsLostTest, FindsAReceiverThatAcknowledgedMoreThanItHas) {
  inside.rows[1].row.set_receive_sequence(1);

  acknowledge(2);

  EXPECT_THAT(text_of(judge), HasSubstr("2 messages were acknowledged, and 1 are stored"));
}

TEST_F(NothingAcknowledgedIsLostTest, OfTwoTargetsEitherMayHaveAnswered) {
  NothingAcknowledgedIsLost two(inside);
  two.traced(kA, conversation_record(kBeginDialog, true));
  two.traced(kA, conversation_record(kDialogCreated, false));
  two.traced(kB, conversation_record(kDialogCreated, false));
  auto initiator = row_of(true);
  initiator.row.set_acknowledged(2);
  auto target = row_of(false);
  target.row.set_receive_sequence(1);
  inside.rows = {initiator, target};

  two.traced(kA, ack_received({{"ack", "2"}}));

  EXPECT_EQ(text_of(two), "");
}

TEST_F(NothingAcknowledgedIsLostTest, FindsWhatACrashOfTheReceiverTook) {
  acknowledge(2);
  judge.ending(kB, Observer::End::store_failed);
  inside.rows[1].row.set_receive_sequence(0);

  judge.started(kB);

  EXPECT_THAT(text_of(judge), HasSubstr("2 messages were acknowledged, and 0 are stored"));
}

TEST_F(NothingAcknowledgedIsLostTest, FindsAnEndpointThatIsGone) {
  judge.ending(kB, Observer::End::lost_power);
  inside.rows.pop_back();

  judge.started(kB);

  EXPECT_THAT(text_of(judge), HasSubstr("its target endpoint in Db is gone"));
}

TEST_F(NothingAcknowledgedIsLostTest, AnEndpointMayGoAfterItWasCleanedUpOrItsBrokerWasMadeNew) {
  judge.traced(kB, conversation_record(kEndWithCleanup, false));
  judge.ending(kB, Observer::End::store_failed);
  inside.rows.pop_back();
  judge.started(kB);
  inside.broker = "another";
  inside.rows.clear();
  judge.started(kA);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NothingAcknowledgedIsLostTest, AnAcknowledgementThatTheSenderIgnoredCountsForNothing) {
  acknowledge(7);

  EXPECT_EQ(text_of(judge), "");
}

// ---- liveness ----

struct LivenessTest : testing::Test {
  LivenessTest() {
    inside.time = proto::from_unix_us(1'000'000'000);
    inside.waits = {{{kA, "Db", kInitiator}, kConversation, true, 3, ""}};
  }
  FakeInside inside;
  Liveness judge{inside};
};

TEST_F(LivenessTest, FindsAMessageThatWaitsWithoutAReason) {
  judge.at_healed_end();

  EXPECT_THAT(text_of(judge), HasSubstr("3 messages wait in Db without a status"));
}

TEST_F(LivenessTest, AStatusIsAReason) {
  inside.waits[0].status = "there is no route";

  judge.at_healed_end();

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(LivenessTest, ARefusalIsAReasonWhileItIsFresh) {
  judge.traced(kB, record_of(EventClass::message_undeliverable, false, "Sequenced Message"));
  judge.at_healed_end();
  EXPECT_EQ(text_of(judge), "");

  inside.time += 10min;
  judge.at_healed_end();
  EXPECT_THAT(text_of(judge), HasSubstr("nobody has refused one"));
}

// ---- recovery ----

struct RecoveryTest : testing::Test {
  RecoveryTest() {
    inside.tables = {{"Db.conversation", {1}}, {"Db.q", {2}}};
    judge.started(kA);
  }
  FakeInside inside;
  Recovery judge{inside};
};

TEST_F(RecoveryTest, SaysNothingWhenAllIsAsItWas) {
  judge.ending(kA, Observer::End::lost_power);
  judge.started(kA);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(RecoveryTest, FindsDamage) {
  judge.ending(kA, Observer::End::store_failed);
  inside.problems = {"Db: row 3 missing from index"};

  judge.started(kA);

  EXPECT_THAT(text_of(judge), HasSubstr("row 3 missing from index"));
}

TEST_F(RecoveryTest, FindsATableThatChangedBetweenTwoSteps) {
  judge.ending(kA, Observer::End::lost_power);
  inside.tables["Db.q"] = {3};

  judge.started(kA);

  EXPECT_THAT(text_of(judge), HasSubstr("Db.q is not what it was"));
}

TEST_F(RecoveryTest, AnEndInTheMiddleOfACommitMayHaveChangedTables) {
  judge.ending(kA, Observer::End::store_failed);
  inside.tables["Db.q"] = {3};

  judge.started(kA);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(RecoveryTest, FindsALocalDeliveryThatOneOfTwoDatabasesHas) {
  auto sender = row_of(true);
  sender.row.set_acknowledged(1);
  auto receiver = row_of(false);
  receiver.place.host = kA;
  receiver.place.database = "Other";
  inside.rows = {sender, receiver};
  judge.ending(kA, Observer::End::store_failed);

  judge.started(kA);

  EXPECT_THAT(text_of(judge), HasSubstr("Db has handed over 1 messages, and Other has 0"));
}

TEST_F(RecoveryTest, WhatALyingDiskLostIsNotTheStoresFault) {
  judge.ending(kA, Observer::End::lost_power);
  inside.tables.clear();
  inside.has_lied = true;

  judge.started(kA);

  EXPECT_EQ(text_of(judge), "");
}

// ---- endpoints ----

struct EndpointsTest : testing::Test {
  EndpointsTest() {
    inside.time = proto::from_unix_us(1'000'000'000);
    inside.rows = {row_of(true), row_of(false)};
    judge.traced(kA, conversation_record(kBeginDialog, true));
    judge.traced(kB, conversation_record(kDialogCreated, false));
  }
  void end_both() {
    judge.traced(kA, conversation_record(kEndConversation, true));
    judge.traced(kB, conversation_record(kEndConversation, false));
  }
  void close_target() { judge.traced(kB, conversation_record(kTerminateDialog, false)); }
  FakeInside inside;
  Endpoints judge{inside};
};

TEST_F(EndpointsTest, SaysNothingOfAConversationThatGoesOn) {
  judge.traced(kA, conversation_record(kEndConversation, true));
  inside.time += 1h;

  judge.at_healed_end();
  judge.at_end();

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(EndpointsTest, FindsASideThatIsNotClosedAfterBothEnded) {
  end_both();
  inside.rows[0].row.set_state("DO");
  inside.rows.pop_back();
  inside.time += 10min;

  judge.at_healed_end();

  EXPECT_THAT(text_of(judge), HasSubstr("its initiator is in state DO"));
}

TEST_F(EndpointsTest, FindsAClosedRowThatStays) {
  end_both();
  close_target();
  inside.rows[1].row.set_state("CD");
  inside.rows[1].row.set_security_timestamp_us(proto::to_unix_us(inside.time + 30min));
  inside.rows.erase(inside.rows.begin());

  inside.time += 29min;
  judge.at_healed_end();
  EXPECT_EQ(text_of(judge), "");

  inside.time += 10min;
  judge.at_healed_end();
  EXPECT_THAT(text_of(judge), HasSubstr("closed row of its target in Db should be gone"));
}

TEST_F(EndpointsTest, FindsAClosedRowThatWentEarly) {
  close_target();
  inside.rows.pop_back();

  judge.at_end();

  EXPECT_THAT(text_of(judge), HasSubstr("the closed row of its target in Db went before"));
}

TEST_F(EndpointsTest, AClosedRowMayGoOnceTheInitiatorHasSeenItsFirstAcknowledgement) {
  proto::envelope::DialogHeader header;
  header.set_conversation_id(proto::to_string(proto::Guid::parse(kConversation)->view()));
  header.set_from_initiator(true);
  header.set_saw_first_ack(true);
  broker::MessageArrived arrived;
  arrived.message.header = proto::to_bytes(header.SerializeAsString());
  judge.passed_hop(kB, arrived);
  close_target();
  inside.rows.pop_back();

  inside.time += 31min;
  judge.at_end();

  EXPECT_EQ(text_of(judge), "");
}

}  // namespace
}  // namespace ssb::sim::judges
