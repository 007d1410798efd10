// Judges over a real World: silent while all is well, loud when something is done that the engine cannot undo.
//
//   What only a bug of the engine could do (a nonce twice, a message acted on that nobody sent) is planted in the observations here
//   (Doctored), and in the engine itself by tests/mutants.
#include <functional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/judges/judges.h"
#include "sim/judges/world_inside.h"
#include "sim/world.h"
#include "tests/sim/judges/two_hosts.h"
#include "tests/sim/test_key.h"

namespace ssb::sim::judges {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;

// Believes every disk, if it is told to.
class Trusting final : public WorldInside {
 public:
  using WorldInside::WorldInside;
  bool is_credulous = false;
  bool is_disk_honest(Host host) const override {
    return is_credulous || WorldInside::is_disk_honest(host);
  }
};

// The judges, told something else than what happened.
class Doctored final : public Observer {
 public:
  explicit Doctored(Judges& judges) : judges_(judges) {}
  std::function<void(proto::TraceRecord&)> doctor;
  std::vector<broker::MessageArrived> arrivals;

  void started(Host host) override { judges_.started(host); }
  void committed(Host host) override { judges_.committed(host); }
  void traced(Host host, const proto::TraceRecord& record) override {
    proto::TraceRecord told = record;
    if (doctor) doctor(told);
    judges_.traced(host, told);
  }
  void ending(Host host, End end) override { judges_.ending(host, end); }
  void sent_bytes(Host host, const std::string& local, const std::string& remote,
                  proto::ByteView bytes) override {
    judges_.sent_bytes(host, local, remote, bytes);
  }
  void came_to_hop(Host host, const broker::MessageArrived& arrived) override {
    if (host == kB) arrivals.push_back(arrived);
    judges_.came_to_hop(host, arrived);
  }
  void passed_hop(Host host, const broker::MessageArrived& arrived) override {
    judges_.passed_hop(host, arrived);
  }

 private:
  Judges& judges_;
};

// Two instances with endpoints that trust each other, and services without dialog security: a_service on A, b_service on B.
struct WorldJudgesTest : testing::Test {
  explicit WorldJudgesTest(bool as_product = false)
      : world({.seed = 1, .start = kStart, .keys = test_key, .as_product = as_product}) {
    world.observer = &doctored;
    world.add("HOST_A");
    world.add("HOST_B");
    world.resolve = [](Host, const std::string& host) -> std::optional<HostNumber> {
      if (host == "HOST_A") return kA;
      return host == "HOST_B" ? std::optional(kB) : std::nullopt;
    };
    world.on_finished = [this](Host, broker::SessionId) { is_finished = true; };
    for (const Host host : {kA, kB}) set_up(host);
  }
  void set_up(Host host) {
    start(host);
    batch(host,
          "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';"
          "CREATE CERTIFICATE c WITH SUBJECT = 'c', EXPIRY_DATE = '2030-01-01';"
          "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER "
          "(AUTHENTICATION = CERTIFICATE c, ENCRYPTION = DISABLED);"
          "GRANT CONNECT ON ENDPOINT::e TO public; CREATE DATABASE Db;");
    const char own = host == kA ? 'a' : 'b';
    const char far = host == kA ? 'b' : 'a';
    batch(host, fmt::format("USE Db; CREATE QUEUE q; CREATE SERVICE {0}_service ON QUEUE q "
                            "([DEFAULT]); GRANT SEND ON SERVICE::{0}_service TO public; "
                            "CREATE ROUTE r WITH SERVICE_NAME = '{1}_service', ADDRESS = "
                            "'TCP://HOST_{2}:4022';",
                            own, far, host == kA ? 'B' : 'A'));
  }
  void start(Host host) {
    world.start(host);
    session[host] = ++last_session;
    world.give(host, broker::Event(broker::SessionOpened{session[host], {}}));
  }
  void batch(Host host, const std::string& text) {
    is_finished = false;
    world.give(host, broker::Event(broker::BatchSubmitted{session[host], text}));
    while (!is_finished && world.run_next(world.now() + 1min)) {
    }
  }
  void pass(proto::Duration time) {
    const auto until = world.now() + time;
    while (world.run_next(until)) {
    }
    world.advance_to(until);
  }
  // With an open dialog that the later ones of a test use, too.
  void send(const std::string& body) {
    batch(kA,
          "USE Db; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE a_service TO "
          "SERVICE 'b_service' WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h ('" +
              body + "');");
    pass(1s);
  }
  std::vector<std::string> names() {
    judges.at_end();
    std::vector<std::string> out;
    for (const Finding& finding : judges.findings()) out.push_back(finding.judge);
    return out;
  }
  static constexpr proto::TimePoint kStart{std::chrono::sys_days(std::chrono::year(2020) / 3 / 1)};
  World world;
  Trusting inside{world};
  Judges judges{inside};
  Doctored doctored{judges};
  std::map<Host, broker::SessionId> session;
  broker::SessionId last_session = 0;
  bool is_finished = false;
};

constexpr const char* kBody = "all that glitters is not gold";
constexpr const char* kEndOne =
    "USE Db; DECLARE @h uniqueidentifier; SELECT TOP (1) @h = conversation_handle FROM "
    "sys.conversation_endpoints WHERE state NOT IN ('CD', 'DO') ORDER BY is_initiator; "
    "END CONVERSATION @h;";
constexpr const char* kSendAgain =
    "USE Db; DECLARE @h uniqueidentifier; SELECT TOP (1) @h = conversation_handle FROM "
    "sys.conversation_endpoints; SEND ON CONVERSATION @h ('again');";

TEST_F(WorldJudgesTest, AreSilentOverDeliveriesCrashesAndEndings) {
  send(kBody);
  for (const Host host : {kA, kB}) {
    world.crash(host);
    start(host);
    send(kBody);
  }
  for (int i = 0; i < 3; ++i) {
    for (const Host host : {kB, kA}) batch(host, kEndOne);
    pass(1min);
  }
  pass(2h);
  judges.at_healed_end();

  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(WorldJudgesTest, FindWhatALyingDiskLostWhenToldThatItIsHonest) {
  inside.is_credulous = true;
  send(kBody);
  StorageFaults lies;
  lies.lying_syncs = 1000;
  world.disk(kB).set_faults(lies);

  // What survives is drawn anew at each crash, and each judge needs another loss.
  const auto has_found_all = [&] {
    const auto found = names();
    return std::set<std::string>(found.begin(), found.end()).size() >= 3;
  };
  for (int i = 0; i < 64 && !has_found_all(); ++i) {
    batch(kA, kSendAgain);
    pass(1s);
    world.crash(kB);
    try {
      start(kB);
    } catch (const broker::store::StoreFailure&) {
      break;
    }
  }

  EXPECT_THAT(names(), Contains("nothing acknowledged is lost"));
  EXPECT_THAT(names(), Contains("exactly once in order"));
  EXPECT_THAT(names(), Contains("recovery"));
}

TEST_F(WorldJudgesTest, ExcuseWhatALyingDiskLost) {
  StorageFaults lies;
  lies.lying_syncs = 1000;
  world.disk(kB).set_faults(lies);
  send(kBody);
  world.crash(kB);
  try {
    start(kB);
    send(kBody);
  } catch (const broker::store::StoreFailure&) {  // nothing is left to start from
  }

  EXPECT_THAT(names(), Not(Contains("recovery")));
  EXPECT_THAT(names(), Not(Contains("nothing acknowledged is lost")));
}

TEST_F(WorldJudgesTest, FindAMessageThatWaitsForAHopThatIsNotHealed) {
  world.hop(kA, kB).loss = 1;
  send(kBody);
  pass(10min);

  judges.at_healed_end();

  EXPECT_THAT(names(), Contains("liveness"));
}

TEST_F(WorldJudgesTest, FindAClearBodyThatIsToldToBeSecured) {
  doctored.doctor = [](proto::TraceRecord& record) {
    if (record.event == proto::EventClass::message_sent) {
      record.detail.emplace_back("session_key", "told");
      record.detail.emplace_back("message_xxh3", "told");
    }
  };
  send(kBody);

  EXPECT_THAT(names(), Contains("no plaintext"));
  EXPECT_THAT(names(), Contains("authentication"))
      << "and the message itself has no digest that says who sent it";
}

TEST_F(WorldJudgesTest, FindADeliveryThatIsToldOutOfOrder) {
  doctored.doctor = [](proto::TraceRecord& record) {
    if (record.event != proto::EventClass::message_delivered) return;
    for (auto& [key, value] : record.detail) {
      if (key == "sequence") value = "7";
    }
  };
  send(kBody);

  EXPECT_THAT(names(), Contains("exactly once in order"));
}

TEST_F(WorldJudgesTest, FindAClosedRowThatSomebodyDeleted) {
  send(kBody);
  batch(kB, kEndOne);
  pass(1s);
  batch(kA, kEndOne);
  pass(1s);
  auto& instance = world.server(kB).node().instance();
  const auto database = instance.database("Db")->id();
  const auto table = broker::conversation::kConversationTable;
  for (const auto& [key, row] : instance.store().records(database, table))
    instance.store().erase_record(database, table, key);

  EXPECT_THAT(names(), Contains("endpoints"));
}

TEST_F(WorldJudgesTest, ALocalConversationThatEndedGoesAwayOnBothSides) {
  batch(kA,
        "USE Db; CREATE SERVICE local_service ON QUEUE q ([DEFAULT]); DECLARE @h "
        "uniqueidentifier; BEGIN DIALOG @h FROM SERVICE a_service TO SERVICE 'local_service' "
        "WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h ('one');");
  for (int i = 0; i < 2; ++i) batch(kA, kEndOne);
  pass(2h);
  judges.at_healed_end();

  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace ssb::sim::judges
