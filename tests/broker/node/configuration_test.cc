// Requests to the Broker Configuration service: what scenarios/configuration does not reach.
#include "broker/conversation/configuration.h"

#include <unistd.h>

#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

constexpr const char* kStatus =
    "SELECT TOP (1) LEFT(transmission_status, 40) FROM sys.transmission_queue WHERE "
    "to_service_name "
    "= 'Far'";
constexpr const char* kRequests =
    "SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_system = 1";

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("ssb_configuration_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    machine_ = std::make_unique<Machine>("A", folder_, &files_);
    machine_->must("CREATE DATABASE D");
    machine_->must(
        "USE D; CREATE QUEUE q; CREATE SERVICE S ON QUEUE q; CREATE QUEUE asked;"
        "CREATE SERVICE [SQL/ServiceBroker/BrokerConfiguration] ON QUEUE asked "
        "([http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice]);"
        "CREATE ROUTE configuration WITH SERVICE_NAME = 'SQL/ServiceBroker/BrokerConfiguration', "
        "ADDRESS = 'LOCAL';"
        "CREATE ROUTE back WITH SERVICE_NAME = "
        "'http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker', ADDRESS = 'LOCAL';");
  }
  ConfigurationTest(const ConfigurationTest&) = delete;
  ConfigurationTest& operator=(const ConfigurationTest&) = delete;
  ~ConfigurationTest() override {
    machine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void send_to(const std::string& service) {
    machine_->must(
        "USE D; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE S TO SERVICE '" +
        service + "' WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h ('x');");
  }
  // Lets what is due now be done.
  void catch_up() {
    while (machine_->node->deadline() <= machine_->now) machine_->tick();
  }
  std::string status() { return machine_->value("D", kStatus); }
  std::string asked() { return machine_->value("D", "SELECT COUNT(*) FROM asked"); }

  std::filesystem::path folder_;
  std::map<std::string, proto::Bytes> files_;
  std::unique_ptr<Machine> machine_;
};

TEST_F(ConfigurationTest, OneThatIsCleanedUpWasNotAnsweredAndIsAskedAgainAtOnce) {
  send_to("Far");
  EXPECT_EQ(status(), "The Broker Configuration service was ask");
  EXPECT_EQ(asked(), "1");

  machine_->must(
      "USE D; DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM "
      "sys.conversation_endpoints WHERE is_system = 1; END CONVERSATION @h WITH CLEANUP;");
  catch_up();

  EXPECT_EQ(status(), "The Broker Configuration service was ask");
  EXPECT_EQ(asked(), "2");
  EXPECT_EQ(machine_->value("D", kRequests), "1");
  EXPECT_EQ(machine_->count(proto::EventClass::error_log, 9761), 0U);
}

TEST_F(ConfigurationTest, OneThatIsOpenOutlivesARestartAndIsNotAskedTwice) {
  send_to("Far");

  machine_->kill();
  machine_->start();
  catch_up();

  EXPECT_EQ(status(), "The Broker Configuration service was ask");
  EXPECT_EQ(asked(), "1");
  EXPECT_EQ(machine_->value("D", kRequests), "1");
}

TEST_F(ConfigurationTest, WhoWaitsAndWhatWasAnsweredOutliveARestart) {
  send_to("Far");
  machine_->must("USE D; CREATE ROUTE far WITH SERVICE_NAME = 'Far', ADDRESS = 'TCP://far:4022';");
  machine_->kill();
  machine_->start();
  catch_up();
  EXPECT_EQ(status(), "The Broker Configuration service was ask");
  EXPECT_TRUE(machine_->sent.empty());

  machine_->must(
      "USE D; DROP ROUTE far; DECLARE @h uniqueidentifier; RECEIVE TOP (1) @h = "
      "conversation_handle FROM asked; END CONVERSATION @h;");
  machine_->kill();
  machine_->start();
  catch_up();

  EXPECT_EQ(status(), "The target service name 'Far' was not fo");
  EXPECT_EQ(asked(), "0");
  machine_->now += conversation::kAskedAgainAfter;
  catch_up();
  EXPECT_EQ(asked(), "1");
}

TEST_F(ConfigurationTest, ADialogToTheServiceItselfNeverAsksForIt) {
  machine_->must(
      "USE D; ALTER ROUTE configuration WITH BROKER_INSTANCE = "
      "'11111111-2222-3333-4444-555555555555', ADDRESS = 'TCP://far:4022';");

  send_to("Far");
  catch_up();

  EXPECT_EQ(machine_->value("D", kRequests), "1");
  ASSERT_FALSE(machine_->sent.empty());
  EXPECT_EQ(machine_->sent.front().address, "TCP://far:4022");
}

TEST_F(ConfigurationTest, NoMoreThanTheBoundAreOpen) {
  constexpr auto kMax = conversation::kConfigurationRequestsMax;
  machine_->must(
      "USE D; DECLARE @h uniqueidentifier, @i int = 0; DECLARE @far nvarchar(20); WHILE @i < " +
      std::to_string(kMax) +
      " BEGIN SET @far = N'F' + CAST(@i AS nvarchar(10)); BEGIN DIALOG @h FROM SERVICE S TO "
      "SERVICE "
      "@far WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h ('x'); SET @i = @i + 1; END");
  EXPECT_EQ(asked(), std::to_string(kMax));

  send_to("Far");

  EXPECT_EQ(asked(), std::to_string(kMax));
  EXPECT_EQ(status(), "The target service name 'Far' was not fo");
  for (const auto& fill : machine_->node->engine().fills()) EXPECT_LE(fill.is, fill.at_most);
}

}  // namespace
}  // namespace ssb::broker::tests
