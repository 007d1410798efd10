// Each check both ways: what is planted into a sound set-up is found, nothing else is, and its cure cures it.
#include "sim/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/catalog/kinds.h"
#include "broker/conversation/message_log.h"
#include "tests/sim/doctor/examined.h"

namespace ssb::sim::doctor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFull = "--# clock 2020-03-01\n:r ../setup/full_security.sqlcmd\n";
constexpr const char* kAnonymous = "--# clock 2020-03-01\n:r ../setup/anonymous.sqlcmd\n";
constexpr const char* kClear =
    "--# clock 2020-03-01\n:setvar transport \"REQUIRED ALGORITHM AES\"\n"
    ":r ../setup/endpoints.sqlcmd\n:r ../setup/services.sqlcmd\n"
    ":connect HOST_B\nUSE Receiver;\nGRANT SEND ON SERVICE::ReceiverService TO public;\nGO\n";

struct Planted {
  const char* name;
  const char* base;
  const char* sql;  // what is done to it
  std::vector<std::string> found;
  enum Cure { cured, not_curable } cure = cured;
};

// Whether a dialog really works after that: two orders arrive and are acknowledged, and so does the receipt.
bool works(const std::string& text, bool encryption_on) {
  const std::string dialog =
      std::string(
          "--# mark\n:connect HOST_A\nUSE Sender;\nDECLARE @h "
          "uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE "
          "SenderService TO SERVICE 'ReceiverService' ON CONTRACT "
          "[OrderContract] WITH ENCRYPTION = ") +
      (encryption_on ? "ON" : "OFF") +
      ";\nSEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one');\nSEND ON "
      "CONVERSATION @h MESSAGE TYPE [Order] (N'two');\nGO\n--# advance 2m\n"
      "--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver\n"
      ":connect HOST_B\nUSE Receiver;\nDECLARE @h uniqueidentifier;\nRECEIVE "
      "TOP (1) @h = conversation_handle FROM ReceiverQueue;\nSEND ON "
      "CONVERSATION @h MESSAGE TYPE [Receipt] (N'three');\nGO\n--# advance "
      "2m\n--# expect delivered 1 to [SenderQueue] on HOST_A.Sender\n"
      "--# expect status none on HOST_A.Sender\n"
      "--# expect status none on HOST_B.Receiver\n";
  return examine_text(text + dialog).report.verdict == scenario::Verdict::passed;
}

class PlantedTest : public testing::TestWithParam<Planted> {};

TEST_P(PlantedTest, IsFoundAloneAndItsCureCuresIt) {
  const Planted& planted = GetParam();
  const std::string text = std::string(planted.base) + planted.sql;

  const Examined examined = examine_text(text);

  EXPECT_THAT(examined.bad(), ElementsAreArray(planted.found)) << examined.story();
  EXPECT_THAT(examined.report.failures, IsEmpty()) << examined.story();
  for (const Finding& finding : examined.findings) {
    if (finding.verdict != Verdict::not_ok) continue;
    EXPECT_FALSE(finding.text.empty());
    EXPECT_FALSE(finding.fails.empty());
  }
  // The engine is of the same opinion. (Two are about other dialogs than this one.)
  const bool is_of_another = std::string_view(planted.name) == "NobodyHasTheService" ||
                             std::string_view(planted.name) == "ContractUnknownThere";
  const bool is_on = planted.base == kFull || planted.base == kAnonymous;
  const bool has_errors =
      std::any_of(examined.findings.begin(), examined.findings.end(), [](const Finding& finding) {
        return finding.verdict == Verdict::not_ok && finding.severity == Severity::error;
      });
  if (!is_of_another) {
    EXPECT_EQ(works(text, is_on), !has_errors);
  }
  if (planted.cure == Planted::not_curable) return;
  // What was hidden behind it may come to light.
  constexpr int kRounds = 4;
  std::string cured_text = text;
  Examined cured = examined;
  for (int round = 0; round < kRounds && !cured.bad().empty(); ++round) {
    for (const Finding& finding : cured.findings) {
      if (finding.verdict != Verdict::not_ok || finding.severity == Severity::info) continue;
      for (const std::string& line : finding.cure) cured_text += line + "\n";
    }
    cured = examine_text(cured_text);
  }
  EXPECT_THAT(cured.bad(), IsEmpty()) << cured_text << cured.story();
  EXPECT_THAT(cured.report.failures, IsEmpty()) << cured_text << cured.story();
  if (!is_of_another) {
    EXPECT_TRUE(works(cured_text, is_on)) << cured_text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Brokers, PlantedTest,
    testing::Values(Planted{"DisabledAtTheTarget",
                            kFull,
                            ":connect HOST_B\nALTER DATABASE Receiver SET DISABLE_BROKER;\nGO\n",
                            {"SB-B001 HOST_B.Receiver"}},
                    Planted{"DisabledAtTheSender",
                            kFull,
                            ":connect HOST_A\nALTER DATABASE Sender SET DISABLE_BROKER;\nGO\n",
                            {"SB-B001 HOST_A.Sender"}},
                    Planted{"MsdbDisabledAtTheTarget",
                            kFull,
                            ":connect HOST_B\nALTER DATABASE msdb SET DISABLE_BROKER;\nGO\n",
                            {"SB-B004 HOST_B.msdb"}},
                    Planted{"ClocksTooFarApart",
                            kFull,
                            "--# skew HOST_B +9h\n",
                            {"SB-B003 HOST_B.Receiver"},
                            Planted::not_curable}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Services, PlantedTest,
    testing::Values(
        Planted{"NobodyHasTheService",
                kFull,
                ":connect HOST_A\nUSE Sender;\nCREATE REMOTE SERVICE BINDING nobody TO SERVICE "
                "'NobodyService' WITH USER = receiver_proxy;\nGO\n",
                {"SB-Q001 HOST_A.Sender"},
                Planted::not_curable},
        Planted{
            "QueueOfTheTargetDisabled",
            kFull,
            ":connect HOST_B\nUSE Receiver;\nALTER QUEUE ReceiverQueue WITH STATUS = OFF;\nGO\n",
            {"SB-Q002 HOST_B.Receiver"}},
        Planted{"QueueOfTheSenderDisabled",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER QUEUE SenderQueue WITH STATUS = OFF;\nGO\n",
                {"SB-Q002 HOST_A.Sender"}},
        Planted{"NoContractTaken",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nALTER SERVICE ReceiverService (DROP CONTRACT "
                "[OrderContract]);\nGO\n",
                {"SB-Q004 HOST_B.Receiver"}},
        Planted{"ContractUnknownThere",
                kFull,
                ":connect HOST_A\nUSE Sender;\nCREATE CONTRACT [Express] ([Order] SENT BY "
                "INITIATOR);\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE "
                "SenderService TO SERVICE 'ReceiverService' ON CONTRACT [Express];\nSEND ON "
                "CONVERSATION @h MESSAGE TYPE [Order] (N'an order');\nGO\n",
                {"SB-Q004 HOST_B.Receiver"}},
        Planted{
            "ContractTheOtherWayRound",
            kFull,
            ":connect HOST_B\nUSE Receiver;\nALTER SERVICE ReceiverService (DROP CONTRACT "
            "[OrderContract]);\nDROP CONTRACT [OrderContract];\nCREATE CONTRACT [OrderContract] "
            "([Order] SENT BY TARGET, [Receipt] SENT BY INITIATOR);\nALTER SERVICE "
            "ReceiverService (ADD CONTRACT [OrderContract]);\nGO\n",
            {"SB-Q005 HOST_B.Receiver"},
            Planted::not_curable},
        Planted{"ActivationWithoutReaders",
                kFull,
                ":connect HOST_A\nUSE Sender;\nGO\nCREATE PROCEDURE take AS RECEIVE TOP (1) * FROM "
                "SenderQueue;\nGO\nALTER QUEUE SenderQueue WITH ACTIVATION (STATUS = ON, "
                "PROCEDURE_NAME "
                "= take, MAX_QUEUE_READERS = 0, EXECUTE AS OWNER);\nGO\n",
                {"SB-Q006 HOST_A.Sender"}},
        Planted{
            "ActivatedByWhoMayNotExecute",
            kFull,
            ":connect HOST_A\nUSE Sender;\nCREATE USER clerk WITHOUT LOGIN;\nGO\nCREATE PROCEDURE "
            "take AS RECEIVE TOP (1) * FROM SenderQueue;\nGO\nALTER QUEUE SenderQueue WITH "
            "ACTIVATION (STATUS = ON, PROCEDURE_NAME = take, MAX_QUEUE_READERS = 1, EXECUTE AS "
            "'clerk');\nDENY EXECUTE ON take TO clerk;\nGO\n",
            {"SB-P006 HOST_A.Sender"}}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Routes, PlantedTest,
    testing::Values(
        Planted{"NoneThere",
                kFull,
                ":connect HOST_A\nUSE Sender;\nDROP ROUTE to_receiver;\nGO\n",
                {"SB-R001 HOST_A.Sender"}},
        Planted{"NoneBack",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nDROP ROUTE to_sender;\nGO\n",
                {"SB-R001 HOST_B.Receiver"}},
        Planted{"ForAnotherSpelling",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER ROUTE to_receiver WITH SERVICE_NAME = "
                "'receiverservice';\nGO\n",
                {"SB-R001 HOST_A.Sender"}},
        Planted{"ToAnUnknownHost",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER ROUTE to_receiver WITH ADDRESS = "
                "'TCP://NOWHERE:4022';\nGO\n",
                {"SB-R002 HOST_A.Sender"}},
        Planted{"MsdbWithoutAutoCreatedLocal",
                kFull,
                ":connect HOST_B\nUSE msdb;\nDROP ROUTE AutoCreatedLocal;\nGO\n",
                {"SB-R003 HOST_B.msdb"}},
        Planted{"OfAnotherBroker",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER ROUTE to_receiver WITH BROKER_INSTANCE = "
                "'11111111-2222-3333-4444-555555555555';\nGO\n",
                {"SB-R004 HOST_A.Sender"}},
        Planted{"EndsSoon",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER ROUTE to_receiver WITH LIFETIME = "
                "86400;\nGO\n",
                {"SB-R005 HOST_A.Sender"}},
        Planted{"TwoDatabasesHaveTheService",
                kFull,
                ":connect HOST_B\nCREATE DATABASE Second;\nGO\nUSE Second;\nCREATE QUEUE "
                "q;\nCREATE SERVICE ReceiverService ON QUEUE q;\nGO\n",
                {"SB-R006 HOST_B"},
                Planted::not_curable},
        Planted{"Circle",
                kFull,
                ":connect HOST_A\nALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER "
                "(MESSAGE_FORWARDING = ENABLED);\nUSE msdb;\nCREATE ROUTE r WITH SERVICE_NAME = "
                "'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';\nGO\n:connect HOST_B\nALTER "
                "ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);\nUSE "
                "msdb;\nCREATE ROUTE r WITH SERVICE_NAME = 'ReceiverService', ADDRESS = "
                "'TCP://HOST_A:4022';\nGO\n",
                {"SB-R008 HOST_A.Sender"},
                Planted::not_curable}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Bindings, PlantedTest,
    testing::Values(
        Planted{"None",
                kFull,
                ":connect HOST_A\nUSE Sender;\nDROP REMOTE SERVICE BINDING to_receiver;\nGO\n",
                {"SB-S001 HOST_A.Sender"}},
        Planted{"ForAnotherSpelling",
                kFull,
                ":connect HOST_A\nUSE Sender;\nDROP REMOTE SERVICE BINDING to_receiver;\nCREATE "
                "REMOTE SERVICE BINDING to_receiver TO SERVICE 'RECEIVERSERVICE' WITH USER = "
                "receiver_proxy;\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE "
                "SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];\nSEND ON "
                "CONVERSATION @h MESSAGE TYPE [Order] (N'an order');\nGO\n",
                {"SB-Q001 HOST_A.Sender", "SB-S001 HOST_A.Sender"}}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Certificates, PlantedTest,
    testing::Values(
        Planted{"SignerNotActive",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER CERTIFICATE sender_cert WITH ACTIVE FOR "
                "BEGIN_DIALOG = OFF;\nGO\n",
                {"SB-C001 HOST_A.Sender"}},
        Planted{"SignerWithoutPrivateKey",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER CERTIFICATE sender_cert REMOVE PRIVATE "
                "KEY;\nGO\n",
                {"SB-C001 HOST_A.Sender"}},
        Planted{"CopyOfTheTargetsNotActive",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER CERTIFICATE receiver_cert WITH ACTIVE FOR "
                "BEGIN_DIALOG = OFF;\nGO\n",
                {"SB-C002 HOST_A.Sender"}},
        Planted{"TheTargetsIsMissing",
                kAnonymous,
                ":connect HOST_A\nUSE Sender;\nDROP CERTIFICATE receiver_cert;\nGO\n",
                {"SB-C002 HOST_A.Sender"}},
        Planted{"SignerUnknownAtTheTarget",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nDROP CERTIFICATE sender_cert;\nGO\n",
                {"SB-C003 HOST_B.Receiver"}},
        Planted{"LatestExpiryWins",
                kFull,
                ":connect HOST_A\nUSE Sender;\nCREATE CERTIFICATE unrelated AUTHORIZATION "
                "sender_owner WITH SUBJECT = 'for something else', EXPIRY_DATE = "
                "'2039-06-01';\nGO\n",
                {"SB-C003 HOST_B.Receiver"}},
        Planted{"TheTargetHasANewOne",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nDROP CERTIFICATE receiver_cert;\nCREATE "
                "CERTIFICATE receiver_cert AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver "
                "service', EXPIRY_DATE = '2039-01-01';\nGO\n",
                {"SB-C004 HOST_B.Receiver"}},
        Planted{"PrivateKeyGoneAtTheTarget",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nALTER CERTIFICATE receiver_cert REMOVE PRIVATE "
                "KEY;\nGO\n",
                {"SB-C005 HOST_B.Receiver"}},
        Planted{"OverByTheTargetsClock",
                kFull,
                "--# skew HOST_B +6900d\n",
                {"SB-C006 HOST_B.Receiver"},
                Planted::not_curable},
        Planted{"TargetCannotSign",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nALTER CERTIFICATE receiver_cert WITH ACTIVE FOR "
                "BEGIN_DIALOG = OFF;\nGO\n",
                {"SB-C009 HOST_B.Receiver"}},
        Planted{"TargetCannotEncrypt",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nALTER CERTIFICATE sender_cert WITH ACTIVE FOR "
                "BEGIN_DIALOG = OFF;\nGO\n",
                {"SB-C010 HOST_B.Receiver"}},
        Planted{"SignerOfTheReplyUnknown",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nCREATE CERTIFICATE newer AUTHORIZATION "
                "receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = "
                "'2039-06-01';\nGO\n",
                {"SB-C011 HOST_A.Sender"}},
        Planted{"ReplyForACertificateThatIsGone",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nCREATE CERTIFICATE odd AUTHORIZATION sender_user "
                "WITH SUBJECT = 'nobody has it', EXPIRY_DATE = '2039-06-01';\nGO\n",
                {"SB-C012 HOST_A.Sender"}},
        Planted{"BothExpireSoon",
                kFull,
                "--# until 2038-12-15\n",
                {"SB-C013 HOST_A.Sender", "SB-C013 HOST_B.Receiver"}},
        Planted{"NextOneUnknown",
                kFull,
                ":connect HOST_A\nUSE Sender;\nCREATE CERTIFICATE next AUTHORIZATION sender_owner "
                "WITH SUBJECT = 'next', START_DATE = '2030-01-01', EXPIRY_DATE = "
                "'2040-01-01';\nGO\n",
                {"SB-C015 HOST_A.Sender"}}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Keys, PlantedTest,
    testing::Values(
        Planted{"NoneAtTheSender",
                kAnonymous,
                ":connect HOST_A\nUSE Sender;\nDROP MASTER KEY;\nGO\n",
                {"SB-K001 HOST_A.Sender"}},
        Planted{
            "NotUnderTheServiceMasterKeyAtTheTarget",
            kFull,
            ":connect HOST_B\nUSE Receiver;\nALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER "
            "KEY;\nGO\n",
            {"SB-K002 HOST_B.Receiver"},
            Planted::not_curable},
        Planted{"NotUnderTheServiceMasterKeyAtTheSender",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER "
                "KEY;\nGO\n",
                {"SB-K002 HOST_A.Sender"},
                Planted::not_curable},
        Planted{"ServiceMasterKeyClosed",
                kFull,
                "--# key HOST_A machine lost\n--# restart HOST_A\n",
                {"SB-K003 HOST_A"},
                Planted::not_curable}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Endpoints, PlantedTest,
    testing::Values(
        Planted{"NoneAtTheTarget",
                kFull,
                ":connect HOST_B\nDROP ENDPOINT broker_endpoint;\nGO\n",
                {"SB-E001 HOST_B"}},
        Planted{"Stopped",
                kFull,
                ":connect HOST_B\nALTER ENDPOINT broker_endpoint STATE = STOPPED;\nGO\n",
                {"SB-E002 HOST_B"}},
        Planted{"AnotherPort",
                kFull,
                ":connect HOST_A\nUSE Sender;\nALTER ROUTE to_receiver WITH ADDRESS = "
                "'TCP://HOST_B:4023';\nGO\n",
                {"SB-E003 HOST_B"}},
        Planted{
            "WindowsAuthentication",
            kFull,
            ":connect HOST_B\nALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION "
            "= WINDOWS NEGOTIATE);\nGO\n",
            {"SB-E004 HOST_A", "SB-E004 HOST_B"},
            Planted::not_curable},
        Planted{"NoEncryptionInCommon",
                kFull,
                ":connect HOST_B\nALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (ENCRYPTION = "
                "DISABLED);\nGO\n",
                {"SB-E005 HOST_A", "SB-E005 HOST_B"}},
        Planted{"OwnCertificateExpired",
                kClear,
                "--# until 2040-06-01\n",
                {"SB-E006 HOST_A.master", "SB-E006 HOST_B.master"}},
        Planted{"CertificateUnknownAtThePeer",
                kFull,
                ":connect HOST_B\nDROP CERTIFICATE HOST_A_cert;\nGO\n",
                {"SB-E007 HOST_B.master"}},
        Planted{"NoConnect",
                kFull,
                ":connect HOST_B\nREVOKE CONNECT ON ENDPOINT::broker_endpoint FROM "
                "HOST_A_login;\nGO\n",
                {"SB-E008 HOST_B.master"}},
        Planted{"ConnectForPublic",
                kFull,
                ":connect HOST_B\nGRANT CONNECT ON ENDPOINT::broker_endpoint TO public;\nGO\n",
                {"SB-E009 HOST_B.master"}},
        Planted{"CertificateExpiresSoon",
                kClear,
                "--# until 2039-12-20\n",
                {"SB-C014 HOST_A.master", "SB-C014 HOST_B.master"}},
        Planted{"MasterKeyOfMasterClosed",
                kFull,
                ":connect HOST_B\nALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;\nGO\n",
                {"SB-K002 HOST_B.master"},
                Planted::not_curable}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Permissions, PlantedTest,
    testing::Values(
        Planted{
            "OwnerOfTheDatabaseIsNobody",
            kClear,
            ":connect HOST_B\nUSE Receiver;\nALTER AUTHORIZATION ON SERVICE::ReceiverService TO "
            "dbo;\nGO\n--# owner HOST_B.Receiver lost\n",
            {"SB-P007 HOST_B.Receiver"}},
        Planted{"NoSend",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nREVOKE SEND ON SERVICE::ReceiverService FROM "
                "sender_user;\nGO\n",
                {"SB-P001 HOST_B.Receiver"}},
        Planted{"NoSendForPublic",
                kAnonymous,
                ":connect HOST_B\nUSE Receiver;\nREVOKE SEND ON SERVICE::ReceiverService FROM "
                "public;\nGO\n",
                {"SB-P001 HOST_B.Receiver"}},
        Planted{"SendDeniedToPublic",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nDENY SEND ON SERVICE::ReceiverService TO "
                "public;\nGO\n",
                {"SB-P001 HOST_B.Receiver"}},
        Planted{"SendDeniedToARole",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nCREATE ROLE Silent;\nALTER ROLE Silent ADD MEMBER "
                "sender_user;\nDENY CONTROL ON SERVICE::ReceiverService TO Silent;\nGO\n",
                {"SB-P001 HOST_B.Receiver"}},
        Planted{"ConnectDeniedToTheDatabase",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nDENY CONNECT TO sender_user;\nGO\n",
                {"SB-P002 HOST_B.Receiver"}},
        Planted{"NoConnectToTheDatabase",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nREVOKE CONNECT FROM sender_user;\nGO\n",
                {"SB-P002 HOST_B.Receiver"}},
        Planted{"NoControl",
                kAnonymous,
                ":connect HOST_B\nUSE Receiver;\nCREATE USER other WITHOUT LOGIN;\nALTER "
                "AUTHORIZATION ON CERTIFICATE::receiver_cert TO other;\nGO\n",
                {"SB-P003 HOST_B.Receiver"}},
        Planted{"NoReceive",
                kFull,
                ":connect HOST_B\nUSE Receiver;\nREVOKE RECEIVE ON ReceiverQueue FROM "
                "receiver_owner;\nGO\n",
                {"SB-P004 HOST_B.Receiver"}}),
    [](const auto& planted) { return planted.param.name; });

// ---- a forwarder ----

// HOST_A and HOST_B know the endpoint of HOST_C only, which has the routes in msdb.
constexpr const char* kForwarder = R"sql(--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_C
--# copy HOST_A 'C:\HOST_A_cert.cer' to HOST_C
--# copy HOST_B 'C:\HOST_B_cert.cer' to HOST_C
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_C_master_1!';
CREATE CERTIFICATE HOST_C_cert WITH SUBJECT = 'HOST_C endpoint', EXPIRY_DATE = '2040-01-01';
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_C_cert, ENCRYPTION = REQUIRED ALGORITHM AES,
                      MESSAGE_FORWARDING = ENABLED);
BACKUP CERTIFICATE HOST_C_cert TO FILE = 'HOST_C_cert.cer';
CREATE LOGIN a_login WITH PASSWORD = 'Host_A_login_1!';
CREATE USER a_user FOR LOGIN a_login;
CREATE CERTIFICATE HOST_A_cert AUTHORIZATION a_user FROM FILE = 'C:\HOST_A_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO a_login;
CREATE LOGIN b_login WITH PASSWORD = 'Host_B_login_1!';
CREATE USER b_user FOR LOGIN b_login;
CREATE CERTIFICATE HOST_B_cert AUTHORIZATION b_user FROM FILE = 'C:\HOST_B_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO b_login;
USE msdb;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
:connect HOST_A
--# copy HOST_C 'HOST_C_cert.cer' to HOST_A
CREATE LOGIN c_login WITH PASSWORD = 'Host_C_login_1!';
CREATE USER c_user FOR LOGIN c_login;
CREATE CERTIFICATE HOST_C_cert AUTHORIZATION c_user FROM FILE = 'HOST_C_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO c_login;
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_C:4022';
GO
:connect HOST_B
--# copy HOST_C 'HOST_C_cert.cer' to HOST_B
CREATE LOGIN c_login WITH PASSWORD = 'Host_C_login_1!';
CREATE USER c_user FOR LOGIN c_login;
CREATE CERTIFICATE HOST_C_cert AUTHORIZATION c_user FROM FILE = 'HOST_C_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO c_login;
USE Receiver;
ALTER ROUTE to_sender WITH ADDRESS = 'TCP://HOST_C:4022';
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
)sql";

INSTANTIATE_TEST_SUITE_P(
    Forwarders, PlantedTest,
    testing::Values(Planted{"NotForwarding",
                            kForwarder,
                            ":connect HOST_C\nALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER "
                            "(MESSAGE_FORWARDING = DISABLED);\nGO\n",
                            {"SB-R007 HOST_C"}},
                    Planted{"WithoutARouteInMsdb",
                            kForwarder,
                            ":connect HOST_C\nUSE msdb;\nDROP ROUTE to_receiver;\nGO\n",
                            {"SB-R003 HOST_C.msdb"}},
                    Planted{"WithoutTheWayBack",
                            kForwarder,
                            ":connect HOST_C\nUSE msdb;\nDROP ROUTE to_sender;\nGO\n",
                            {"SB-R003 HOST_C.msdb"}},
                    Planted{"UnknownAtTheTarget",
                            kForwarder,
                            ":connect HOST_B\nDROP CERTIFICATE HOST_C_cert;\nGO\n",
                            {"SB-E007 HOST_B.master"}}),
    [](const auto& planted) { return planted.param.name; });

// ---- sound set-ups, and questions ----

// What the doctor says that event 160 will show is what it shows.
TEST(DoctorTest, NamesTheErrorThatTheTargetRaises) {
  struct Case {
    const char* sql;
    int number;
  };
  for (const Case& one : {Case{"ALTER DATABASE Receiver SET DISABLE_BROKER;\n", 11210},
                          Case{"ALTER DATABASE msdb SET DISABLE_BROKER;\n", 9789}}) {
    const std::string said = std::to_string(one.number) + " in event 160";
    const std::string text = std::string(kFull) + ":connect HOST_B\n" + one.sql + "GO\n";

    const Examined examined = examine_text(text);
    const Examined sent =
        examine_text(text + ":setvar body \"x\"\n:r ../setup/send_order.sqlcmd\n--# advance 5s\n" +
                     "--# expect event 160 error " + std::to_string(one.number) + " on HOST_B\n");

    EXPECT_THAT(sent.report.failures, IsEmpty()) << one.sql << sent.story();
    const bool is_said = std::ranges::any_of(examined.findings, [&](const Finding& finding) {
      return finding.verdict == Verdict::not_ok && finding.fails.find(said) != std::string::npos;
    });
    EXPECT_TRUE(is_said) << said << examined.story();
  }
}

TEST(DoctorTest, SaysWhereAMessageForAQueueThatIsOffIsHeld) {
  const std::string text = std::string(kFull) +
                           ":connect HOST_B\nUSE Receiver;\n"
                           "ALTER QUEUE ReceiverQueue WITH STATUS = OFF;\nGO\n";

  const Examined examined = examine_text(text);
  const Examined sent =
      examine_text(text + ":setvar body \"x\"\n:r ../setup/send_order.sqlcmd\n--# settle\n" +
                   "--# expect status 9749 for ReceiverService on HOST_B.Receiver\n"
                   "--# expect status none on HOST_A.Sender\n");

  EXPECT_THAT(sent.report.failures, IsEmpty()) << sent.story();
  const Finding* finding = examined.find(CheckId::Q002, Verdict::not_ok);
  ASSERT_NE(finding, nullptr) << examined.story();
  EXPECT_TRUE(finding->fails.starts_with("9749 in sys.transmission_queue here")) << finding->fails;
}

TEST(DoctorTest, ASenderThatNobodyHasIsAFinding) {
  const Examined examined =
      examine_text(kFull, {.from_service = "SenderServic", .to_service = "ReceiverService"});

  EXPECT_THAT(examined.bad(), ElementsAre("SB-Q001 HOST_A")) << examined.story();
}

TEST(DoctorTest, FindsNothingInSoundSetUpsAndSaysWhatItAsked) {
  for (const char* base : {kFull, kAnonymous, kClear, kForwarder}) {
    const Examined examined = examine_text(base);

    EXPECT_THAT(examined.bad(true), IsEmpty()) << examined.story();
    EXPECT_EQ(examined.find(CheckId::R001, Verdict::not_tested), nullptr);
    for (const CheckId check : {CheckId::B001, CheckId::Q001, CheckId::R001, CheckId::R003,
                                CheckId::E007, CheckId::P001, CheckId::P004, CheckId::B003})
      EXPECT_NE(examined.find(check, Verdict::ok), nullptr) << check_of(check).id;
  }
  const Examined full = examine_text(kFull);
  for (const CheckId check :
       {CheckId::S001, CheckId::C001, CheckId::C002, CheckId::C003, CheckId::C004, CheckId::C005,
        CheckId::C009, CheckId::C010, CheckId::C011, CheckId::C012, CheckId::K002, CheckId::P003})
    EXPECT_NE(full.find(check, Verdict::ok), nullptr) << check_of(check).id;
}

TEST(DoctorTest, AForwarderIsPartOfTheWay) {
  const Examined examined = examine_text(kForwarder);

  const Finding* forwards = examined.find(CheckId::R007, Verdict::ok);
  ASSERT_NE(forwards, nullptr);
  EXPECT_EQ(forwards->place(), "HOST_C");
}

TEST(DoctorTest, AClearTransportIsToldAndNoFault) {
  const Examined examined = examine_text(
      "--# clock 2020-03-01\n:setvar transport DISABLED\n:r ../setup/full_security_over.sqlcmd\n");

  EXPECT_THAT(examined.bad(), IsEmpty()) << examined.story();
  EXPECT_THAT(examined.bad(true), Contains("SB-E010 HOST_B"));
}

TEST(DoctorTest, AQuestionNarrowsToOnePairAndOneKindOfSecurity) {
  Question question{.from_service = "SenderService", .to_service = "ReceiverService"};
  question.encryption = Encryption::on;

  EXPECT_THAT(examine_text(kClear, question).bad(), ElementsAre("SB-S001 HOST_A.Sender"));

  question.encryption = Encryption::off;
  EXPECT_THAT(examine_text(kClear, question).bad(), IsEmpty());

  question.encryption = Encryption::anonymous;
  EXPECT_THAT(examine_text(kFull, question).bad(), ElementsAre("SB-S003 HOST_A.Sender"));
  EXPECT_THAT(examine_text(kAnonymous, question).bad(), IsEmpty());

  question = {.from_service = "SenderService", .to_service = "ReceiverService"};
  question.contract = "DEFAULT";
  EXPECT_THAT(examine_text(kFull, question).bad(), ElementsAre("SB-Q004 HOST_B.Receiver"));

  question = {.from_service = "NoSuchService"};
  EXPECT_EQ(examine_text(kFull, question).find(CheckId::R001, Verdict::ok), nullptr);
}

TEST(DoctorTest, AnAskedForPairIsExaminedWithoutRouteBindingOrConversation) {
  const std::string bare = std::string(kClear) +
                           ":connect HOST_A\nUSE Sender;\nDROP ROUTE to_receiver;\nGO\n"
                           ":connect HOST_B\nUSE Receiver;\nDROP ROUTE to_sender;\nGO\n";
  EXPECT_THAT(examine_text(bare).bad(), IsEmpty());

  const Question question{.from_service = "SenderService", .to_service = "ReceiverService"};
  EXPECT_THAT(examine_text(bare, question).bad(),
              ElementsAre("SB-R001 HOST_A.Sender", "SB-R001 HOST_B.Receiver"));
}

TEST(DoctorTest, WhatDoesNotRunCouldNotBeTested) {
  const Examined examined = examine_text(std::string(kFull) + "--# crash HOST_B\n");

  EXPECT_THAT(examined.bad(), IsEmpty()) << examined.story();
  ASSERT_NE(examined.find(CheckId::R003, Verdict::not_tested), nullptr) << examined.story();
  EXPECT_EQ(examined.find(CheckId::R003, Verdict::not_tested)->text, "it does not run");
}

// Corpus F20.
TEST(DoctorTest, FourPlantedOmissionsGiveExactlyFourFindings) {
  const std::string text =
      "--# clock 2020-03-01\n:r ../setup/services.sqlcmd\n"
      ":connect HOST_A\nCREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_A_master_1!';\n"
      "CREATE CERTIFICATE HOST_A_cert WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = "
      "'2040-01-01';\nCREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = "
      "4022) "
      "FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_cert, ENCRYPTION = REQUIRED "
      "ALGORITHM AES);\nUSE Sender;\nDROP ROUTE to_receiver;\nGO\n"
      ":connect HOST_B\nUSE Receiver;\nDROP ROUTE to_sender;\nGO\n"
      ":connect HOST_A\nUSE Sender;\nDECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE "
      "SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = "
      "OFF;\nSEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'the first order');\nGO\n";

  const Examined examined = examine_text(text);

  EXPECT_THAT(examined.bad(), ElementsAre("SB-E001 HOST_B", "SB-P001 HOST_B.Receiver",
                                          "SB-R001 HOST_A.Sender", "SB-R001 HOST_B.Receiver"))
      << examined.story();
}

// A route may be the way back of dialogs that somebody begins who is not in sight: nothing is said of their security.
TEST(DoctorTest, ARouteAloneToAServiceOutOfSightIsNoDialogToSecure) {
  const Examined examined =
      examine_text(std::string(kFull) +
                   ":connect HOST_C\nSELECT 1;\nGO\n:connect HOST_B\nUSE Receiver;\nCREATE ROUTE "
                   "elsewhere WITH SERVICE_NAME = 'ElsewhereService', ADDRESS = "
                   "'TCP://HOST_C:4022';\nGO\n--# crash HOST_C\n");

  EXPECT_THAT(examined.bad(), IsEmpty()) << examined.story();
  EXPECT_NE(examined.find(CheckId::Q001, Verdict::not_tested), nullptr) << examined.story();
}

// ---- one instance ----

constexpr const char* kSameInstance = R"sql(--# clock 2020-03-01
:connect HOST_A
CREATE LOGIN owner_login WITH PASSWORD = 'Owner_login_1!';
CREATE DATABASE Here;
CREATE DATABASE There;
GO
USE There;
CREATE QUEUE ThereQueue;
CREATE SERVICE ThereService ON QUEUE ThereQueue ([DEFAULT]);
GO
USE Here;
CREATE USER here_owner FOR LOGIN owner_login;
CREATE QUEUE HereQueue;
CREATE SERVICE HereService AUTHORIZATION here_owner ON QUEUE HereQueue;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'ThereService';
SEND ON CONVERSATION @h ('over the fence');
GO
)sql";

TEST(DoctorTest, InsideOneInstanceAskForMasterKeyUserAndSendOneAfterTheOther) {
  std::string text = kSameInstance;
  const auto cure = [&] {
    std::string lines;
    for (const Finding& finding : examine_text(text).findings) {
      for (const std::string& line : finding.cure) lines += line + "\n";
    }
    text += lines;
  };

  EXPECT_THAT(examine_text(text).bad(),
              ElementsAre("SB-K001 HOST_A.Here", "SB-K001 HOST_A.There", "SB-P005 HOST_A.There"));
  cure();
  EXPECT_THAT(examine_text(text).bad(), ElementsAre("SB-P001 HOST_A.There"));
  cure();
  EXPECT_THAT(examine_text(text).bad(), IsEmpty()) << examine_text(text).story();
}

// ---- what no statement of this product makes: a copy of a database, a procedure that was dropped under its queue ----

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() : id(make_database("Db")) {}

  // The engine that keeps conversations there is not part of this.
  broker::store::DatabaseId make_database(std::string_view name) {
    const auto made = instance.create_database(name, kNow).value();
    for (const auto& [each, unused] : instance.databases())
      store.open_records(each, broker::conversation::kConversationTable);
    return made;
  }

  [[nodiscard]] std::vector<Finding> findings() const {
    const Instances set{
        .all = {{.name = "HOST_A", .instance = &instance, .now = kNow}},
        .resolve = [](std::size_t, const std::string&) { return std::optional<std::size_t>(); }};
    return examine(set, {});
  }
  [[nodiscard]] static const Finding* bad(CheckId check, const std::vector<Finding>& all) {
    const auto found = std::find_if(all.begin(), all.end(), [check](const Finding& finding) {
      return finding.check == check && finding.verdict == Verdict::not_ok;
    });
    return found == all.end() ? nullptr : &*found;
  }
  template <typename Work>
  void change(Work work) {
    auto transaction = instance.begin();
    work(transaction);
    instance.commit(std::move(transaction)).value();
  }

  struct NoFiles : broker::catalog::Files {
    boost::system::result<proto::Bytes, std::string> read(std::string_view) override {
      return std::string("none");
    }
    boost::system::result<void, std::string> create(std::string_view, proto::ByteView) override {
      return std::string("none");
    }
  };
  const proto::TimePoint kNow = proto::from_unix_us(1'583'020'800'000'000);
  broker::store::Store store{
      "unused", broker::store::StoreOptions{.in_memory = true, .flushed = false, .on_step = {}}};
  NoFiles files;
  broker::catalog::Instance instance{
      "HOST_A",
      store,
      files,
      [](int bits) { return broker::crypto::RsaPrivateKey::generate(bits); },
      proto::Secret(std::size_t{32}),
      kNow};
  broker::store::DatabaseId id = 0;
};

TEST_F(CatalogTest, ADatabaseWithTheBrokerIdOfAnotherOneIsFound) {
  const auto copy = make_database("Copy");
  EXPECT_EQ(bad(CheckId::B002, findings()), nullptr);

  change([&](auto& transaction) {
    auto info = instance.info(copy);
    info.set_broker_id(instance.info(id).broker_id());
    instance.put_info(transaction, info);
  });

  const auto all = findings();
  ASSERT_NE(bad(CheckId::B002, all), nullptr);
  EXPECT_EQ(bad(CheckId::B002, all)->place(), "HOST_A.Copy");
  EXPECT_THAT(bad(CheckId::B002, all)->text, HasSubstr("HOST_A.Db"));
  EXPECT_THAT(bad(CheckId::B002, all)->cure, Contains("ALTER DATABASE [Copy] SET NEW_BROKER;"));
}

TEST_F(CatalogTest, AQueueThatActivatesAProcedureThatIsGoneIsFound) {
  broker::catalog::pb::Queue queue;
  queue.set_id(1'000'001);
  queue.set_name("q");
  queue.set_is_enqueue_enabled(true);
  queue.set_is_activation_enabled(true);
  queue.set_activation_procedure("[dbo].[process]");
  change([&](auto& transaction) { instance.database(id)->put(transaction, queue.id(), queue); });
  const auto without = findings();
  ASSERT_NE(bad(CheckId::Q003, without), nullptr);
  EXPECT_EQ(bad(CheckId::Q003, without)->object, "q");

  broker::catalog::pb::Module procedure;
  procedure.set_id(1'000'002);
  procedure.set_name("process");
  change([&](auto& transaction) {
    instance.database(id)->put(transaction, procedure.id(), procedure);
  });
  EXPECT_EQ(bad(CheckId::Q003, findings()), nullptr);
}

TEST_F(CatalogTest, ABindingWhoseUserIsGoneIsFound) {
  broker::catalog::pb::Service service;
  service.set_id(70'000);
  service.set_name("a_service");
  service.set_owner(broker::catalog::kDbo);
  broker::catalog::pb::RemoteServiceBinding binding;
  binding.set_id(70'001);
  binding.set_name("to_far");
  binding.set_remote_service_name("far_service");
  binding.set_remote_principal(broker::catalog::kDbo);
  const auto put_all = [&] {
    change([&](auto& transaction) {
      instance.database(id)->put(transaction, service.id(), service);
      instance.database(id)->put(transaction, binding.id(), binding);
    });
  };
  put_all();
  EXPECT_EQ(bad(CheckId::S002, findings()), nullptr);

  binding.set_remote_principal(99);
  put_all();

  const auto all = findings();
  ASSERT_NE(bad(CheckId::S002, all), nullptr);
  EXPECT_THAT(bad(CheckId::S002, all)->text, HasSubstr("id 99"));
  EXPECT_EQ(bad(CheckId::C002, all), nullptr);
}

}  // namespace
}  // namespace ssb::sim::doctor
