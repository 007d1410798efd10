// A set of instances, its snapshots, and what import makes of them: the doctor finds the same, and a trial dialog ends alike.
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/snapshot/trial.h"
#include "tests/sim/snapshot/taken.h"

namespace ssb::sim::snapshot {
namespace {

using testing::IsEmpty;

std::string imported(const std::vector<std::string>& texts,
                     std::vector<Mapping>* mapping = nullptr) {
  std::vector<Problem> problems;
  std::vector<Snapshot> snapshots;
  for (const std::string& text : texts) {
    auto one = read_snapshot("A.json", text, problems);
    EXPECT_TRUE(one.has_value()) << problems.front().message();
    if (one) snapshots.push_back(std::move(*one));
  }
  const Topology topology(snapshots, {});
  const Played databases("databases.sql", topology.databases_script());
  BrokerIds ids;
  for (const doctor::Subject& subject : databases.instances.all)
    add_broker_ids(subject.name, *subject.instance, ids);
  std::size_t drawn = 1;  // others than those of the original
  Identities identities([&drawn](int) { return doctor::next_key(drawn); });
  std::vector<Mapping> all;
  std::string script = topology.topology_script(identities, ids, all);
  if (mapping != nullptr) *mapping = std::move(all);
  return script;
}

std::vector<std::string> bad(const Played& run) {
  return doctor::Examined{.report = {}, .findings = doctor::examine(run.instances, {})}.bad(true);
}

std::string trial_text(const std::string& file, const std::string& text, const Played& run) {
  const auto dialogs = doctor::find_dialogs(
      run.instances, {.from_service = "SenderService", .to_service = "ReceiverService"});
  EXPECT_EQ(dialogs.size(), 1U);
  doctor::Dialog dialog = dialogs.at(0);
  std::size_t drawn = 0;
  const Trial trial = run_trial(
      file, text + trial_script(dialog, run.instances.all), dialog, run.instances.all,
      [&drawn](int) { return doctor::next_key(drawn); }, with_files());
  std::string out = trial.is_delivered ? "delivered" : "not delivered";
  std::set<std::string> refused;
  for (const Refused& one : trial.refused)
    refused.insert(fmt::format("; {} state {} at {}", one.number, one.state, one.place));
  for (const std::string& one : refused) out += one;
  return out;
}

struct Case {
  const char* name;
  const char* file;
  const char* before;  // up to this text of the file; "": all
  std::string more;
  std::vector<std::string> finds;  // by the doctor
  std::string trial;
};

class RoundTripTest : public testing::TestWithParam<Case> {};

TEST_P(RoundTripTest, FindsAndFailsTheSame) {
  const Case& one = GetParam();
  const bool is_own = std::string_view(one.file).empty();
  const std::string file = is_own ? kFile : doctor::kScenarios + one.file;
  std::string text = is_own ? kSound : doctor::text_of(file);
  if (std::string_view(one.before) != "") {
    ASSERT_NE(text.find(one.before), std::string::npos);
    text = text.substr(0, text.find(one.before));
  }
  text += one.more;
  const Played original(file, text);
  for (const std::string& wanted : one.finds) EXPECT_THAT(bad(original), testing::Contains(wanted));

  const std::string script = imported(original.snapshots());
  const Played copy("topology.sql", script);

  EXPECT_EQ(copy.failures(), "");
  EXPECT_THAT(bad(copy), testing::ElementsAreArray(bad(original))) << script.substr(0, 4000);
  const std::string trial = trial_text("trial.sql", script, copy);
  EXPECT_EQ(trial, trial_text(file, text, original));
  if (!one.trial.empty()) {
    EXPECT_EQ(trial, one.trial);
  }
}

const std::string kAtA = ":connect HOST_A\nUSE Sender;\n";
const std::string kAtB = ":connect HOST_B\nUSE Receiver;\n";

INSTANTIATE_TEST_SUITE_P(
    Topologies, RoundTripTest,
    testing::Values(
        Case{"Healthy", "", "", "", {}, "delivered"},
        Case{"Anonymous",
             "",
             "",
             kAtA + "ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = ON;\nGO\n" + kAtB +
                 "GRANT SEND ON SERVICE::ReceiverService TO public;\nGO\n",
             {},
             "delivered"},
        Case{"MissingCertificateAtTheTarget",
             "",
             "",
             kAtB + "DROP CERTIFICATE sender_cert;\nGO\n",
             {"SB-C003 HOST_B.Receiver"},
             "not delivered; 11229 state 1 at HOST_B.Receiver"},
        Case{"ExpiredCertificate",
             "failures/expired_certificate.sql",
             "--# note A new certificate",
             "",
             {"SB-C001 HOST_A.Sender"},
             "not delivered; 28025 state 1 at HOST_A.Sender"},
        Case{"NoSend",
             "",
             "",
             kAtB + "REVOKE SEND ON SERVICE::ReceiverService FROM sender_user;\nGO\n",
             {"SB-P001 HOST_B.Receiver"},
             "not delivered; 11215 state 1 at HOST_B.Receiver"},
        Case{"WrongRouteAddress",
             "",
             "",
             kAtA + "ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_B:4099';\nGO\n",
             {"SB-E003 HOST_B"},
             "not delivered; 9754 state 1 at HOST_A; 9754 state 1 at HOST_A.Sender"},
        Case{"WrongBrokerId",
             "",
             "",
             kAtA + "DROP ROUTE to_receiver;\nCREATE ROUTE to_receiver WITH SERVICE_NAME = "
                    "'ReceiverService', BROKER_INSTANCE = 'D8D4D268-00A3-4C62-8F91-634B89B1E315', "
                    "ADDRESS = 'TCP://HOST_B:4022';\nGO\n",
             {"SB-R004 HOST_A.Sender"},
             "delivered"},
        Case{"ExpiredRoute",
             "",
             "",
             kAtA + "ALTER ROUTE to_receiver WITH LIFETIME = 60;\nGO\n--# advance 5m\n",
             {"SB-R001 HOST_A.Sender"},
             "not delivered; 9796 state 1 at HOST_A.Sender"},
        Case{"StoppedEndpoint",
             "",
             "",
             ":connect HOST_B\nALTER ENDPOINT broker_endpoint STATE = STOPPED;\nGO\n",
             {"SB-E002 HOST_B"},
             "not delivered; 9754 state 1 at HOST_A; 9754 state 1 at HOST_A.Sender"},
        Case{
            "NoConnect",
            "",
            "",
            ":connect HOST_B\nREVOKE CONNECT ON ENDPOINT::broker_endpoint FROM HOST_A_login;\nGO\n",
            {"SB-E008 HOST_B.master"},
            ""},
        Case{"NoBinding",
             "failures/no_binding.sql",
             "--# note The cure",
             "",
             {"SB-S001 HOST_A.Sender"},
             "not delivered; 9727 state 1 at HOST_A.Sender"},
        Case{"NoWayBack",
             "failures/no_way_back.sql",
             "--# note The cure",
             "",
             {"SB-R001 HOST_B.Receiver"},
             "delivered"},
        Case{"QueueOff",
             "",
             "",
             kAtB + "ALTER QUEUE ReceiverQueue WITH STATUS = OFF;\nGO\n",
             {"SB-Q002 HOST_B.Receiver"},
             ""},
        Case{"MasterKeyNotUnderTheServiceMasterKey",
             "",
             "",
             kAtB + "ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;\nGO\n",
             {"SB-K002 HOST_B.Receiver"},
             "not delivered; 11229 state 1 at HOST_B.Receiver; 28054 state 1 at HOST_B.Receiver"}),
    [](const auto& one) { return std::string(one.param.name); });

// A route that names the broker id of a database names the new one of its copy.
TEST(TopologyTest, ARouteByBrokerInstanceLeadsToTheSameDatabase) {
  std::vector<Problem> problems;
  const std::string guid =
      read_snapshot("B.json", Played(kFile, kSound).snapshots().at(1), problems)
          ->find("Receiver")
          ->head.text("service_broker_guid");
  const std::string text = kSound + kAtA +
                           "DROP ROUTE to_receiver;\nCREATE ROUTE to_receiver WITH SERVICE_NAME = "
                           "'ReceiverService', BROKER_INSTANCE = '" +
                           guid + "', ADDRESS = 'TCP://HOST_B:4022';\nGO\n";
  const Played original(kFile, text);
  ASSERT_THAT(bad(original), IsEmpty());

  const Played copy("topology.sql", imported(original.snapshots()));

  EXPECT_EQ(copy.failures(), "");
  EXPECT_THAT(bad(copy), IsEmpty());
  const auto texts = copy.snapshots();
  const auto here = read_snapshot("A.json", texts.at(0), problems);
  const auto there = read_snapshot("B.json", texts.at(1), problems);
  const auto& routes = here->find("Sender")->rows("routes");
  EXPECT_EQ(routes.back().text("broker_instance"),
            there->find("Receiver")->head.text("service_broker_guid"));
}

TEST(TopologyTest, ACertificateOnTwoServersIsTheSameFreshOne) {
  const auto texts = Played(kFile, kSound).snapshots();
  std::vector<Mapping> mapping;

  static_cast<void>(imported(texts, &mapping));

  std::map<std::string, std::set<std::string>> to;
  for (const Mapping& one : mapping) {
    if (one.kind == "certificate") to[one.from].insert(one.to.substr(0, one.to.find(' ')));
  }
  EXPECT_EQ(to.size(), 4U);
  for (const auto& [from, fresh] : to) {
    EXPECT_EQ(fresh.size(), 1U) << from;
    EXPECT_THAT(from, testing::Not(testing::HasSubstr(*fresh.begin())));
  }
}

// Serial number, issuer, dates, owner, state: all that the views say of a certificate but its thumbprint.
TEST(TopologyTest, ASnapshotOfTheCopySaysTheSameButForKeys) {
  const auto texts = Played(kFile, kSound).snapshots();

  const auto again = Played("topology.sql", imported(texts)).snapshots();

  std::vector<Problem> problems;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto before = read_snapshot("A.json", texts[i], problems);
    const auto after = read_snapshot("A.json", again[i], problems);
    ASSERT_TRUE(before && after);
    for (const Database& database : before->databases) {
      const auto& old = database.rows("certificates");
      const auto& fresh = after->find(database.name())->rows("certificates");
      ASSERT_EQ(old.size(), fresh.size());
      for (std::size_t row = 0; row < old.size(); ++row) {
        for (const Column& column : database_sections()[5].columns) {
          if (column.name == "thumbprint") continue;
          EXPECT_EQ(old[row].text(column.name), fresh[row].text(column.name)) << column.name;
        }
      }
    }
  }
}

// Each SELECT of the query runs here, but for FOR JSON, which this front does not have.
TEST(QueryTest, AsksForColumnsThatAreThere) {
  std::string script = kSound + ":connect HOST_A\n";
  const auto ask = [&](const Section& section, const std::string& database) {
    script += section_select(section, database) + ";\nGO\n";
  };
  for (const Section& section : server_sections()) ask(section, "master");
  for (const Section& section : database_sections()) ask(section, "[Sender]");
  ask(database_head(), "");

  const Played run(kFile, script);

  EXPECT_EQ(run.failures(), "");
}

}  // namespace
}  // namespace ssb::sim::snapshot
