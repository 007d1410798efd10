// What the doctor says of databases that ask a Broker Configuration service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/doctor/examined.h"

namespace ssb::sim::doctor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kConfigured =
    "--# clock 2020-03-01\n:r ../setup/full_security.sqlcmd\n"
    ":r ../setup/configuration_service.sqlcmd\n";

std::string at_home(const std::string& sql) {
  return ":connect HOST_A\nUSE Sender;\n" + sql + "\nGO\n";
}

// The same with the cures of all that is wrong.
std::string cured(std::string text) {
  for (const Finding& finding : examine_text(text).findings) {
    if (finding.verdict != Verdict::not_ok || finding.severity == Severity::info) continue;
    for (const std::string& line : finding.cure) text += line + "\n";
  }
  return text;
}

TEST(ConfigurationTest, ASoundOneIsToldAsOk) {
  const Examined examined = examine_text(kConfigured);

  EXPECT_THAT(examined.bad(), IsEmpty()) << examined.story();
  EXPECT_NE(examined.find(CheckId::R009, Verdict::ok), nullptr);
}

TEST(ConfigurationTest, AnswersThatDoNotFindBackAreFoundAndCured) {
  const std::string text = kConfigured + at_home("DROP ROUTE back_to_the_broker;");

  const Examined examined = examine_text(text);

  EXPECT_THAT(examined.bad(), ElementsAre("SB-R009 HOST_A.Sender")) << examined.story();
  EXPECT_THAT(examine_text(cured(text)).bad(), IsEmpty());
}

TEST(ConfigurationTest, ARouteThatLeadsToNoSuchServiceIsFoundAndCured) {
  const std::string text =
      kConfigured + at_home("DROP SERVICE [SQL/ServiceBroker/BrokerConfiguration];");

  const Examined examined = examine_text(text);

  EXPECT_THAT(examined.bad(), ElementsAre("SB-R009 HOST_A.Sender")) << examined.story();
  EXPECT_THAT(examine_text(cured(text)).bad(), IsEmpty());
}

TEST(ConfigurationTest, AServiceNextDoorThatOnlyAWildcardRouteLedToIsFoundAndCured) {
  const std::string text =
      kConfigured + at_home(
                        "CREATE QUEUE StockQueue;\nCREATE SERVICE StockService ON QUEUE "
                        "StockQueue ([OrderContract]);\nGO\nUSE Sender;\nDECLARE @h "
                        "uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE SenderService TO "
                        "SERVICE 'StockService' ON CONTRACT [OrderContract];\nSEND ON "
                        "CONVERSATION @h MESSAGE TYPE [Order] (N'one');");
  const std::string waits = "--# expect status 9770 for StockService\n";

  const Examined examined = examine_text(text + waits);

  EXPECT_EQ(examined.report.verdict, scenario::Verdict::passed) << examined.story();
  EXPECT_NE(examined.find(CheckId::R009, Verdict::not_ok), nullptr) << examined.story();
  const std::string well = cured(text + waits);
  EXPECT_EQ(examine_text(well).find(CheckId::R009, Verdict::not_ok), nullptr);
}

TEST(ConfigurationTest, WhatTheServiceWillBeAskedForIsNotTested) {
  const Examined examined = examine_text(
      kConfigured +
      at_home("DROP ROUTE to_receiver;\nDROP REMOTE SERVICE BINDING to_receiver;\nDECLARE @h "
              "uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE "
              "'ReceiverService' ON CONTRACT [OrderContract];\nSEND ON CONVERSATION @h MESSAGE "
              "TYPE [Order] (N'one');"));

  EXPECT_NE(examined.find(CheckId::R001, Verdict::not_tested), nullptr) << examined.story();
  EXPECT_NE(examined.find(CheckId::S001, Verdict::not_tested), nullptr) << examined.story();
  EXPECT_EQ(examined.find(CheckId::R001, Verdict::not_ok), nullptr) << examined.story();
  EXPECT_EQ(examined.find(CheckId::S001, Verdict::not_ok), nullptr) << examined.story();
}

}  // namespace
}  // namespace ssb::sim::doctor
