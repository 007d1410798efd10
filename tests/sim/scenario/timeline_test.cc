#include "sim/scenario/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "sim/scenario/value_text.h"
#include "tests/sim/scenario/fake_backend.h"

namespace ssb::sim::scenario {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

NodeRecord record(std::string node, proto::EventClass event, std::string subclass,
                  std::vector<std::pair<std::string, std::string>> detail) {
  NodeRecord out{.node = std::move(node), .record = {}};
  out.record.at = default_start() + microseconds(310);
  out.record.event = event;
  out.record.subclass_name = std::move(subclass);
  out.record.detail = std::move(detail);
  return out;
}

Report passing_report() {
  Report report;
  report.file = "a.sql";
  report.title = "full-security";
  report.verdict = Verdict::passed;
  report.nodes = {"HOST_A", "HOST_B"};
  report.start = default_start();
  report.end = default_start() + std::chrono::seconds(64);
  report.expectations = report.met = 2;
  report.records = {
      record("HOST_A", proto::EventClass::security_decision, "Begin",
             {{"from_service", "My"},
              {"to_service", "Img"},
              {"security", "full"},
              {"binding", "ToImg"},
              {"sign", "My_2009"}}),
      record("HOST_A", proto::EventClass::message_sent, "BEGIN",
             {{"kind", "BEGIN"},
              {"sequence", "0"},
              {"bytes", "1412"},
              {"address", "TCP://HOST_B:4022"},
              {"kek", "new"},
              {"session_key", "K"}}),
      record("HOST_A", proto::EventClass::handshake_step, "", {}),
      record("HOST_B", proto::EventClass::message_sent, "ACK",
             {{"kind", "ACK"},
              {"ack", "1"},
              {"bytes", "300"},
              {"address", "TCP://HOST_A:4022"},
              {"session_key", "K"}}),
      record("HOST_B", proto::EventClass::message_delivered, "Delivered",
             {{"queue", "q"}, {"message_type", "Hi"}}),
  };
  return report;
}

TEST(TimelineTest, TellsTheStoryOfARunThatPassed) {
  const Report report = passing_report();

  const std::string text = Timeline(report, {.events = EventChoice::some,
                                             .shows_results = false,
                                             .build = "abc",
                                             .repeat = "ssbsim run a.sql",
                                             .real_ms = 38})
                               .text();

  EXPECT_EQ(
      text,
      "full-security   build abc   2 nodes  0 dialogs  virtual 2008-11-26 09:00:00Z\n"
      "\n"
      "  vtime         node          event                              detail\n"
      "  +0.000310     HOST_A        BEGIN DIALOG  My → Img             full\n"
      "                              ├ binding    ToImg\n"
      "                              └ sign       My_2009\n"
      "  +0.000310     HOST_A→HOST_B msg 0  DSH+body  1,412 B           KEK new · session s1 new\n"
      "  +0.000310     HOST_B→HOST_A ack up to 1  300 B                 session s1\n"
      "  +0.000310     HOST_B        delivered to [q]                   Hi\n"
      "  …             1 more event   (--events all to list)\n"
      "\n"
      "  expectations  2 of 2 met      batches 0      delivered 1 message\n"
      "PASS in 38 ms (virtual 1 min 4 s)   exit 0\n"
      "  repeat: ssbsim run a.sql\n");
}

TEST(TimelineTest, AllEventsAreListedOnRequestAndNoneOnRequest) {
  const Report report = passing_report();

  EXPECT_THAT(Timeline(report, {.events = EventChoice::all,
                                .shows_results = false,
                                .build = {},
                                .repeat = {},
                                .real_ms = 0})
                  .text(),
              HasSubstr("10004 Handshake Step"));
  EXPECT_THAT(Timeline(report, {.events = EventChoice::none,
                                .shows_results = false,
                                .build = {},
                                .repeat = {},
                                .real_ms = 0})
                  .text(),
              Not(HasSubstr("vtime")));
}

TEST(TimelineTest, EqualEventsInARowAreFolded) {
  Report report = passing_report();
  report.records = {report.records[3], report.records[3], report.records[3]};
  report.records[0].record.detail.pop_back();
  report.records[1].record.detail.pop_back();
  report.records[2].record.detail.pop_back();

  EXPECT_THAT(Timeline(report, {}).text(), HasSubstr("ack up to 1  300 B  ×3"));
}

TEST(TimelineTest, AFailureShowsWhatWasExpectedSeenAndKnown) {
  Report report = passing_report();
  report.verdict = Verdict::failed;
  report.failures.push_back({.place = {.file = "a.sql", .line = 47, .column = 1},
                             .what = "expectation",
                             .expected = "delivered 1 to [q]",
                             .seen = "0 to [q]",
                             .known = {"still waiting", "B  160"}});

  const std::string text = Timeline(report, {}).text();

  EXPECT_THAT(text, HasSubstr("FAIL  expectation   a.sql:47\n"
                              "      expected  delivered 1 to [q]\n"
                              "      seen      0 to [q]\n"
                              "      known     still waiting\n"
                              "                B  160\n"));
  EXPECT_THAT(text, HasSubstr("FAIL in 0 ms (virtual 1 min 4 s)   exit 1\n"));
}

TEST(TimelineTest, NothingIsWiderThanAHundredColumns) {
  Report report = passing_report();
  std::string words;
  for (int i = 0; i < 60; ++i) words += "wörd ";
  report.records.push_back(record("HOST_B", proto::EventClass::message_status, "", {}));
  report.records.back().record.text = words + std::string(250, 'x');
  report.entries.push_back({.kind = Entry::Kind::note,
                            .place = {},
                            .record = 6,
                            .at = {},
                            .node = {},
                            .text = words,
                            .output = {}});
  report.failures.push_back({.place = {.file = "a.sql", .line = 1, .column = 1},
                             .what = "expectation",
                             .expected = words,
                             .seen = words + "\n" + words,
                             .known = {words}});

  std::istringstream lines(Timeline(report, {}).text());
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(display_width(line), kTimelineWidth) << line;
}

// What a target says at each of the sender's tries.
void add_refusal(Report& report, proto::Duration after, const std::string& reason) {
  for (const auto event :
       {proto::EventClass::audit_conversation, proto::EventClass::message_undeliverable}) {
    const std::string port = std::to_string(after.count());
    report.records.push_back(record("HOST_B", event, "Refused",
                                    {{"looked_for", reason}, {"peer", "127.0.0.1:" + port}}));
    report.records.back().record.at = default_start() + after;
    report.records.back().record.error = proto::Error(proto::ErrorCode::security_context_missing);
  }
}

TEST(TimelineTest, ARefusalThatIsRepeatedAtEachRetryIsOneLine) {
  Report report = passing_report();
  report.records.clear();
  add_refusal(report, std::chrono::seconds(1), "CN=one");
  add_refusal(report, std::chrono::seconds(5) + microseconds(40), "CN=one");
  add_refusal(report, std::chrono::seconds(13), "CN=one");
  add_refusal(report, std::chrono::seconds(29), "CN=two");

  const std::string some = Timeline(report, {}).text();
  TimelineOptions all;
  all.events = EventChoice::all;
  const std::string everything = Timeline(report, all).text();

  EXPECT_THAT(some, HasSubstr("\n  +5.000040     HOST_B        158, 160 again                     "
                              "4 s later\n"
                              "  +13.000000    HOST_B        158, 160 again                     "
                              "8 s later\n"));
  const auto count = [](const std::string& text, const std::string& what) {
    int found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count(some, "CN=one"), 2);
  EXPECT_EQ(count(some, "CN=two"), 2);
  EXPECT_EQ(count(everything, "CN=one"), 6);
  EXPECT_THAT(everything, Not(HasSubstr("again")));
}

TEST(TimelineTest, ADelayedDecisionIsNotShownAsNoSecurity) {
  Report report = passing_report();
  report.records = {record("HOST_A", proto::EventClass::security_decision, "Begin",
                           {{"from_service", "My"}, {"to_service", "Img"}, {"security", "none"}}),
                    record("HOST_A", proto::EventClass::security_decision, "Begin",
                           {{"from_service", "My"}, {"to_service", "Img"}, {"security", "full"}})};
  report.records[0].record.error = proto::Error(proto::ErrorCode::no_remote_service_binding);
  report.records[1].record.error = proto::Error(proto::ErrorCode::no_certificate_for_principal);

  const std::string text = Timeline(report, {}).text();

  EXPECT_THAT(text, HasSubstr("BEGIN DIALOG  My → Img             delayed (9727)\n"));
  EXPECT_THAT(text, HasSubstr("BEGIN DIALOG  My → Img             full, delayed (9731)\n"));
}

TEST(TimelineTest, ABrokersErrorNamesItsQueueAndCodeAndIsNoDelivery) {
  Report report = passing_report();
  report.records = {record("HOST_A", proto::EventClass::message_delivered, "Broker Error",
                           {{"error_queue", "q"}})};
  report.records[0].record.text = "-8494";

  const std::string text = Timeline(report, {}).text();

  EXPECT_THAT(text, HasSubstr("broker's error to [q]              -8494\n"));
  EXPECT_THAT(text, HasSubstr("delivered 0 messages"));
}

TEST(TimelineTest, LongTimesAreDaysAndHours) {
  Report report = passing_report();
  report.records = {report.records[4]};
  report.records[0].record.at =
      default_start() + std::chrono::hours(24 * 30) + std::chrono::minutes(61);

  EXPECT_THAT(Timeline(report, {}).text(), HasSubstr("+30d 01:01:00"));
}

TEST(TimelineTest, TellsWhatAJudgeFoundAfterTheVerdict) {
  Report report = passing_report();
  report.verdict = Verdict::failed;
  report.findings = {{.judge = "nonces",
                      .node = "HOST_A",
                      .at = default_start() + std::chrono::seconds(3),
                      .text = "nonce 7 sealed a second time"}};

  const std::string text = Timeline(report, {}).text();

  EXPECT_THAT(text, HasSubstr("HOST_A  nonces: nonce 7 sealed a second time"));
  EXPECT_LT(text.find("FAIL in"), text.find("JUDGE"));
}

}  // namespace
}  // namespace ssb::sim::scenario
