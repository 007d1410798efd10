// Judges of what others may read, forge and wear out, each with a stream that is honest and one that is not.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/envelope.pb.h"
#include "sim/judges/authentication.h"
#include "sim/judges/bounded.h"
#include "sim/judges/judges.h"
#include "sim/judges/no_plaintext.h"
#include "sim/judges/nonces.h"
#include "tests/sim/judges/fake_inside.h"

namespace ssb::sim::judges {
namespace {

using namespace std::chrono_literals;
using proto::EventClass;
using proto::envelope::DialogHeader;
using testing::HasSubstr;
using testing::Not;

std::string wide(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out.push_back(c);
    out.push_back('\0');
  }
  return out;
}

// ---- no plaintext ----

constexpr const char* kSecret = "the launch code is 0451";

struct NoPlaintextTest : testing::Test {
  NoPlaintextTest() { judge.traced(kA, conversation_record(kBeginDialog, true)); }
  void send(std::uint64_t sequence, const std::string& body, bool is_secured = true) {
    inside.bodies[{kInitiator, sequence}] = body;
    Details details{
        {"sequence", std::to_string(sequence)}, {"fragment", "0"}, {"message_type", "DEFAULT"}};
    if (is_secured) details.emplace_back("session_key", "k");
    judge.traced(kA, sent_record(true, details));
  }
  void on_link(const std::string& bytes) {
    judge.sent_bytes(kA, "10.0.0.1:5000", "10.0.0.2:4022", proto::as_bytes(bytes));
  }
  FakeInside inside;
  NoPlaintext judge{inside};
};

TEST_F(NoPlaintextTest, SaysNothingOfBytesThatShowNoBody) {
  send(0, kSecret);
  on_link("the launch is at four; 0451 is no body of ours");

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NoPlaintextTest, FindsABodyAsItIsAndInTheOtherEncodings) {
  for (const auto& [body, bytes] :
       {std::pair(std::string(kSecret), std::string(kSecret)),
        std::pair(std::string(kSecret), wide(kSecret)), std::pair(wide(kSecret), wide(kSecret)),
        std::pair(wide(kSecret), std::string(kSecret))}) {
    NoPlaintext fresh(inside);
    fresh.traced(kA, conversation_record(kBeginDialog, true));
    inside.bodies[{kInitiator, 0}] = body;
    fresh.traced(kA, sent_record(true, {{"sequence", "0"},
                                        {"fragment", "0"},
                                        {"message_type", "DEFAULT"},
                                        {"session_key", "k"}}));
    fresh.sent_bytes(kA, "a", "b", proto::as_bytes("xxx" + bytes + "yyy"));
    EXPECT_THAT(text_of(fresh), HasSubstr("the body of message 0 is readable in bytes from a to b"))
        << body.size();
  }
}

TEST_F(NoPlaintextTest, FindsABodyAcrossTheBorderOfTwoWrites) {
  send(0, kSecret);
  const std::string text = kSecret;
  on_link("..." + text.substr(0, 11));
  on_link(text.substr(11) + "...");

  EXPECT_THAT(text_of(judge), HasSubstr("readable"));
}

TEST_F(NoPlaintextTest, FindsTheMiddleAndTheEndOfALongBody) {
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += std::to_string(i) + ",";
  for (const std::size_t offset : {body.size() / 2 & ~std::size_t{1}, body.size() - 24}) {
    NoPlaintext fresh(inside);
    fresh.traced(kA, conversation_record(kBeginDialog, true));
    inside.bodies[{kInitiator, 0}] = body;
    fresh.traced(kA, sent_record(true, {{"sequence", "0"},
                                        {"fragment", "0"},
                                        {"message_type", "DEFAULT"},
                                        {"session_key", "k"}}));
    fresh.sent_bytes(kA, "a", "b", proto::as_bytes(body.substr(offset, 24)));
    EXPECT_EQ(fresh.findings().size(), 1U) << offset;
  }
}

TEST_F(NoPlaintextTest, FindsABodyBetweenTheAdjacentLayers) {
  send(0, kSecret);
  broker::MessageArrived arrived;
  arrived.message.body = proto::to_bytes(std::string("...") + kSecret);
  arrived.from_address = "10.0.0.1:5000";

  judge.came_to_hop(kB, arrived);

  EXPECT_THAT(text_of(judge), HasSubstr("between the adjacent layers"));
  EXPECT_THAT(text_of(judge), Not(HasSubstr("0451"))) << "a finding tells where, never what";
}

TEST_F(NoPlaintextTest, WhatAlsoWentWithoutSecurityIsNoSecret) {
  send(0, kSecret);
  send(1, std::string("I said: ") + kSecret, false);
  on_link(kSecret);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NoPlaintextTest, ShortAndMonotonousBodiesAreLeftOut) {
  send(0, "secret");
  send(1, std::string(64, '\0'));
  on_link("secret" + std::string(64, '\0'));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NoPlaintextTest, ForgetsOldBodiesAndKeepsTheLast) {
  const std::uint64_t count = NoPlaintext::kBodiesMax * NoPlaintext::kSampleOf * 3;
  for (std::uint64_t i = 0; i < count; i += NoPlaintext::kSampleOf) {
    for (std::uint64_t j = 0; j < NoPlaintext::kSampleOf; ++j)
      send(i + j, "body number " + std::to_string(1'000'000 + i));
  }
  on_link("body number " + std::to_string(1'000'000));
  EXPECT_EQ(text_of(judge), "");

  on_link("body number " + std::to_string(1'000'000 + count - NoPlaintext::kSampleOf));
  EXPECT_THAT(text_of(judge), HasSubstr("readable"));
}

// ---- authentication ----

broker::crypto::Sha256Digest digest_of(std::uint8_t first) {
  broker::crypto::Sha256Digest out{};
  out[0] = first;
  return out;
}

struct AuthenticationTest : testing::Test {
  AuthenticationTest() {
    inside.time = proto::from_unix_us(1'000'000'000);
    const auto valid = [&](const char* name, std::uint8_t id, std::int32_t owner, bool is_own) {
      return CertificateFacts{name,  digest_of(id), owner, inside.time - 1h, inside.time + 1h,
                              is_own};
    };
    inside.all_certificates[kA] = {valid("a", 1, 1, true), valid("b_seen", 2, 5, false)};
    inside.all_certificates[kB] = {valid("a_seen", 1, 6, false), valid("b", 2, 1, true)};
    auto initiator = row_of(true);
    initiator.row.set_own_service("a_service");
    initiator.row.set_far_service("b_service");
    initiator.row.mutable_parties()->set_destination_sha256(proto::to_string(digest_of(2)));
    auto target = row_of(false);
    target.row.set_own_service("b_service");
    target.row.set_far_service("a_service");
    inside.rows = {initiator, target};
    judge.traced(kA, conversation_record(kBeginDialog, true));
  }
  void send(const char* digest, bool is_initiator = true) {
    judge.traced(is_initiator ? kA : kB,
                 sent_record(is_initiator,
                             {{"kind", "BEGIN"}, {"session_key", "k"}, {"message_xxh3", digest}}));
  }
  void accept_first() {
    judge.traced(kB, conversation_record(kDialogCreated, false));
    judge.traced(kB, record_of(EventClass::security_decision, false, "Accepted",
                               {{"security", "full"},
                                {"source_certificate", "a_seen"},
                                {"destination_certificate", "b"}}));
  }
  void receive(const char* digest) {
    judge.traced(kB, conversation_record(6, false, {{"message_xxh3", digest}}));
  }
  FakeInside inside;
  Authentication judge{inside};
};

TEST_F(AuthenticationTest, SaysNothingWhenWhatWasSentIsWhatIsReceived) {
  send("d0");
  accept_first();
  receive("d0");
  send("r0", false);
  judge.traced(kA, conversation_record(6, true, {{"message_xxh3", "r0"}}));

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(AuthenticationTest, FindsAMessageThatNobodyHasSent) {
  send("d0");
  accept_first();
  receive("altered");

  EXPECT_THAT(text_of(judge), HasSubstr("a message was acted on that no instance has sent"));
}

TEST_F(AuthenticationTest, FindsAForgedAcknowledgement) {
  send("d0");
  judge.traced(kA, ack_received({{"ack", "1"}, {"message_xxh3", "forged"}}));

  EXPECT_THAT(text_of(judge), HasSubstr("(Ack Received): a message was acted on that no instance"));
}

TEST_F(AuthenticationTest, FindsAReflectedMessage) {
  send("d0");
  judge.traced(kA, conversation_record(6, true, {{"message_xxh3", "d0"}}));

  EXPECT_THAT(text_of(judge), HasSubstr("initiator to target"));
}

TEST_F(AuthenticationTest, FindsAMessageWithoutSecurityInASecuredDialog) {
  send("d0");
  accept_first();
  judge.traced(kB, conversation_record(6, false));

  EXPECT_THAT(text_of(judge), HasSubstr("a message without security was acted on"));
}

TEST_F(AuthenticationTest, FindsAFirstMessageUnderACertificateThatIsGone) {
  send("d0");
  inside.all_certificates[kB].erase(inside.all_certificates[kB].begin());
  accept_first();

  EXPECT_THAT(text_of(judge), HasSubstr("a certificate that it recorded is not in its database"));
}

TEST_F(AuthenticationTest, FindsAFirstMessageUnderACertificateThatHasExpired) {
  send("d0");
  inside.all_certificates[kB][0].not_after = inside.time - 1min;
  accept_first();

  EXPECT_THAT(text_of(judge), HasSubstr("its source certificate a_seen is not valid then"));
}

TEST_F(AuthenticationTest, FindsASenderWithoutPermission) {
  for (const char* permission : {"CONNECT", "SEND", "CONTROL"}) {
    inside.refused = {permission};
    Authentication fresh(inside);
    fresh.traced(kA, conversation_record(kBeginDialog, true));
    fresh.traced(
        kA, sent_record(true, {{"kind", "BEGIN"}, {"session_key", "k"}, {"message_xxh3", "d0"}}));
    fresh.traced(kB, record_of(EventClass::security_decision, false, "Accepted",
                               {{"security", "full"},
                                {"source_certificate", "a_seen"},
                                {"destination_certificate", "b"}}));
    EXPECT_THAT(text_of(fresh), HasSubstr(permission));
  }
}

TEST_F(AuthenticationTest, FindsAReplyOfAnotherThanTheBindingsUser) {
  send("d0");
  accept_first();
  inside.rows[0].row.mutable_parties()->set_remote_user(7);  // b_seen belongs to 5
  send("r0", false);
  judge.traced(kA, record_of(EventClass::security_decision, true, "Confirmed",
                             {{"security", "full"},
                              {"source_certificate", "b_seen"},
                              {"destination_certificate", "a"}}));

  EXPECT_THAT(text_of(judge), HasSubstr("its source certificate is not the binding user's"));
}

TEST_F(AuthenticationTest, FindsAHolderWithoutThePrivateKey) {
  inside.all_certificates[kA][0].has_private_key = false;
  send("d0");
  inside.all_certificates[kA][0].has_private_key = true;
  accept_first();

  EXPECT_THAT(text_of(judge), HasSubstr("does not hold the source certificate's private key"));
}

TEST_F(AuthenticationTest, FindsSidesThatMeanDifferentServices) {
  send("d0");
  inside.rows[1].row.set_far_service("c_service");
  accept_first();

  EXPECT_THAT(text_of(judge), HasSubstr("both sides name different services"));
}

TEST_F(AuthenticationTest, APeerOfItsOwnSpeaksForItself) {
  inside.all_certificates[kB][0].sha256 = digest_of(9);  // no honest instance has that key
  accept_first();
  receive("of its own");

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(AuthenticationTest, WhoHasAStolenKeyIsWhoItNames) {
  send("d0");
  accept_first();
  receive("d0");
  judge.disclosed(digest_of(9));  // of nobody here
  receive("forged before");
  EXPECT_THAT(text_of(judge), HasSubstr("that no instance has sent"));
  const std::string before = text_of(judge);

  judge.disclosed(digest_of(1));
  receive("forged with the key");

  EXPECT_EQ(text_of(judge), before);
}

// ---- nonces ----

struct NoncesTest : testing::Test {
  NoncesTest() { judge.started(kA); }
  void seal(std::uint64_t nonce, Details more = {}, const std::string& incarnation = "i") {
    Details details{
        {"session_key", "k"}, {"incarnation", incarnation}, {"nonce", std::to_string(nonce)}};
    details.insert(details.end(), more.begin(), more.end());
    judge.traced(kA, sent_record(true, details));
  }
  FakeInside inside;
  Nonces judge{inside};
};

TEST_F(NoncesTest, SaysNothingOfACounterThatGrows) {
  for (const std::uint64_t nonce : {0U, 1U, 5U}) seal(nonce);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NoncesTest, FindsANonceThatIsUsedAgain) {
  for (const std::uint64_t nonce : {0U, 1U, 1U}) seal(nonce);

  EXPECT_THAT(text_of(judge), HasSubstr("nonce 1 of incarnation i sealed a second time"));
}

TEST_F(NoncesTest, FindsAnIncarnationThatComesBackAfterARestart) {
  seal(0);
  judge.started(kA);
  seal(1);

  EXPECT_THAT(text_of(judge), HasSubstr("incarnation id i came back"));
}

TEST_F(NoncesTest, FindsASessionKeyOfTwoConversations) {
  seal(0, {{"security", "full"}});
  auto other = sent_record(
      true, {{"session_key", "k"}, {"security", "full"}, {"incarnation", "i"}, {"nonce", "1"}});
  other.conversation_id = "another";
  judge.traced(kA, other);

  EXPECT_THAT(text_of(judge), HasSubstr("serves conversation"));
}

TEST_F(NoncesTest, AKeyThatOnlyAnswersUseIsItsMakersAffair) {
  seal(0);
  auto other = sent_record(true, {{"session_key", "k"}, {"incarnation", "i"}, {"nonce", "1"}});
  other.conversation_id = "another";
  judge.traced(kA, other);

  EXPECT_EQ(text_of(judge), "");
}

TEST_F(NoncesTest, FindsASessionKeyOfBothDirectionsInFullSecurityAlone) {
  const auto seal_both = [&](const char* security, const char* key, std::uint64_t nonce) {
    for (const bool is_initiator : {true, false}) {
      judge.traced(kA, sent_record(is_initiator, {{"session_key", key},
                                                  {"security", security},
                                                  {"incarnation", "i"},
                                                  {"nonce", std::to_string(nonce++)}}));
    }
  };
  seal_both("anonymous", "k1", 0);
  EXPECT_EQ(text_of(judge), "");

  seal_both("full", "k2", 2);
  EXPECT_THAT(text_of(judge), HasSubstr("session key k2 serves both directions"));
}

// ---- bounded ----

TEST(BoundedTest, FindsWhatIsFullerThanItsBoundOnceEach) {
  FakeInside inside;
  inside.full = {{"links", 1024, 1024}, {"tombstones", 7, 6}};
  Bounded judge(inside);

  for (std::uint64_t i = 0; i < 3 * Bounded::kStepsBetweenLooks; ++i) judge.committed(kA);

  EXPECT_EQ(text_of(judge), "tombstones: 7, and 6 is the most\n");
}

// ---- all of them ----

TEST(JudgesTest, EachHasAStatementAndAnotherName) {
  FakeInside inside;
  const Judges judges(inside);
  std::set<std::string_view> names;

  for (const auto& [judge, text] : judges.statements()) {
    EXPECT_TRUE(names.insert(judge).second);
    EXPECT_FALSE(text.empty());
    EXPECT_THAT(std::string(text), Not(HasSubstr("\n")));
  }

  EXPECT_EQ(names.size(), 9U);
}

TEST(JudgesTest, FindingsComeByTime) {
  FakeInside inside;
  Judges judges(inside);
  inside.time = proto::from_unix_us(5);
  for (const std::uint64_t nonce : {1U, 1U}) {
    judges.traced(kA, sent_record(true, {{"session_key", "k"},
                                         {"incarnation", "i"},
                                         {"nonce", std::to_string(nonce)}}));
  }
  inside.time = proto::from_unix_us(3);
  for (const std::uint64_t i : {0U, 0U}) judges.traced(kB, delivered_record(i));

  const auto findings = judges.findings();

  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].judge, "exactly once in order");
  EXPECT_EQ(findings[0].node, "B");
  EXPECT_EQ(findings[1].judge, "nonces");
}

}  // namespace
}  // namespace ssb::sim::judges
