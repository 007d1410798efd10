#include "sim/load/report.h"

#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/load/merge.h"
#include "tests/sim/load/result_of.h"

namespace ssb::sim::load {
namespace {

using test::good_result;
using test::report_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string lines_of(const Report& report) {
  std::string out = header_line(report) + "\n";
  std::size_t index = 0;
  for (const Interval& interval : report.result.intervals)
    out += interval_line(index++, interval) + "\n";
  return out + summary_line(report, 0) + "\n";
}

TEST(ReportTest, AFileReadsAsItWasWritten) {
  Report report = report_of(good_result());
  report.result.workload.security = Security::anonymous;
  report.result.workload.per_dialog = 12;
  report.result.violations = {"one \"thing\""};
  report.verdict = judge(report.result);

  const Report read = read_report(lines_of(report));

  EXPECT_EQ(lines_of(read), lines_of(report));
  EXPECT_EQ(text_of(read), text_of(report));
}

TEST(ReportTest, AFileThatIsCutOffIsNotComplete) {
  std::string lines = lines_of(report_of(good_result()));
  lines.erase(lines.rfind("{\"type\":\"summary\""));

  EXPECT_FALSE(read_report(lines).is_complete);
  lines.resize(lines.size() - 20);
  EXPECT_THROW(static_cast<void>(read_report(lines)), std::runtime_error);
}

TEST(ReportTest, WhatIsNoLoadIsRefused) {
  EXPECT_THROW(static_cast<void>(read_report("")), std::runtime_error);
  EXPECT_THROW(static_cast<void>(read_report("{\"type\": \"header\"}\n")), std::runtime_error);
  EXPECT_THROW(static_cast<void>(read_report("no json\n")), std::runtime_error);
}

TEST(ReportTest, TheTextHasTheVerdictTheRatesAndTheLatencies) {
  const std::string text = text_of(report_of(good_result()));

  EXPECT_THAT(text, HasSubstr("VALID: full security, RSA-2048"));
  EXPECT_THAT(text, HasSubstr("received  1000/s over 10.0 s; offered 1000/s"));
  EXPECT_THAT(text, HasSubstr("send to receive          2.000     2.000"));
  EXPECT_THAT(text, HasSubstr("0.1 % of it used"));
  EXPECT_THAT(text,
              HasSubstr("0 dialogs, 10000 sent, 10000 received: each exactly once and in order"));
}

TEST(ReportTest, TheCostsOfTheNodesAddUpToTheirProcessorTime) {
  const Report report = report_of(good_result());

  const auto costs = costs_of(report);

  double nodes = 0;
  for (std::size_t i = 0; i + 1 < costs.size(); ++i)
    nodes += costs[i].us;         // the last is the generator
  EXPECT_NEAR(nodes, 100, 1e-6);  // 2 x 50 ms for 1,000 messages
}

TEST(ReportTest, OperationsAreOfAThousandMessagesAndThoseThatNeverWereAreLeftOutOfTheText) {
  LoadResult result = good_result();
  result.total.initiator.costs.dialogs.rsa_signs = 50;
  result.total.target.costs.dialogs.rsa_verifies = 25;

  const Report report = report_of(result);

  EXPECT_THAT(text_of(report),
              HasSubstr("RSA sign                            5.00          0.00\n"));
  EXPECT_THAT(text_of(report),
              HasSubstr("RSA verify                          0.00          2.50\n"));
  EXPECT_THAT(text_of(report), Not(HasSubstr("RSA wrap")));
  EXPECT_THAT(html_of(report), HasSubstr("<th>RSA sign</th><td>5.00</td><td>0.00</td>"));
  EXPECT_THAT(html_of(report), HasSubstr("<th>RSA wrap</th><td>0.00</td><td>0.00</td>"));
  EXPECT_EQ(read_report(lines_of(report)).result.total.initiator.costs.dialogs.rsa_signs, 50U);
}

TEST(ReportTest, DialogEncryptionCostsWhatWasSealedAndOpened) {
  LoadResult result = good_result();
  constexpr std::uint64_t kBytes = 10'000 * 1024;  // each message once
  result.total.initiator.costs.dialogs.sealed_bytes = kBytes;
  result.total.target.costs.dialogs.opened_bytes = kBytes;

  const auto costs = costs_of(report_of(result));

  EXPECT_THAT(costs.front().what, HasSubstr("dialog AES-GCM"));
  EXPECT_NEAR(costs.front().us, 2 * 1e6 / 1'010'000, 1e-6);  // the ceiling of the report
}

TEST(ReportTest, TheCsvHasARowForEachSecond) {
  LoadResult result = good_result();
  result.intervals.back().initiator.costs.disk.syncs = 1;
  result.intervals.back().target.costs.disk.syncs = 2;
  result.intervals.back().target.costs.disk.bytes_written = 4096;
  result.intervals.back().initiator.costs.dialogs.rsa_signs = 1;
  result.intervals.back().target.costs.dialogs.rsa_verifies = 1;

  const std::string csv = csv_of(report_of(result));

  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 11);
  EXPECT_THAT(csv, HasSubstr("\n9,1.000,1000,1000,1000.0,50.000,50.000,0,3,4,2,0,0,0,0,0.050"));
}

TEST(ReportTest, ThePageNeedsNoNetworkAndNoTextOfOthersIsMarkup) {
  const std::string page = html_of(report_of(good_result()));

  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<processor>")));
  EXPECT_THAT(page, HasSubstr("a &lt;processor&gt; &amp; more"));
  EXPECT_THAT(page, HasSubstr("Latency by percentile"));
  EXPECT_THAT(page, HasSubstr("Messages a second over time"));
  EXPECT_THAT(page, HasSubstr("Share of the ceiling: 0.1 %"));
  EXPECT_THAT(page, HasSubstr("send to receive          2.000"));
}

TEST(MergeTest, ShardsAddUpToTheirWhole) {
  const Merged merged =
      merge({{"a", report_of(good_result(), "0/2")}, {"b", report_of(good_result(), "1/2")}});

  EXPECT_TRUE(merged.report.is_complete);
  EXPECT_EQ(merged.report.result.received, 20'000U);
  EXPECT_DOUBLE_EQ(merged.report.result.per_second(), 2000);
  Histogram whole = good_result().total.target.to_receive;
  whole.add(good_result().total.target.to_receive);
  EXPECT_EQ(merged.report.result.total.target.to_receive.buckets(), whole.buckets());
  EXPECT_TRUE(merged.report.verdict.is_valid());
}

TEST(MergeTest, WhatIsMissingTwiceOrCutOffIsSaid) {
  Report cut = report_of(good_result(), "2/3");
  cut.is_complete = false;

  const Merged merged = merge(
      {{"a", report_of(good_result(), "0/3")}, {"b", report_of(good_result(), "0/3")}, {"c", cut}});

  EXPECT_FALSE(merged.report.is_complete);
  EXPECT_EQ(merged.duplicates, 1);
  EXPECT_EQ(merged.report.result.received, 10'000U);
  EXPECT_THAT(merged.missing,
              ElementsAre("'c' is not complete", "shard 1/3 is missing", "shard 2/3 is missing"));
}

TEST(MergeTest, DifferentLoadsAreRefused) {
  Report other = report_of(good_result(), "1/2");
  other.result.workload.size_bytes = 100;

  EXPECT_THROW(static_cast<void>(merge({{"a", report_of(good_result(), "0/2")}, {"b", other}})),
               std::runtime_error);
}

TEST(MergeTest, TheVerdictOfAShardIsThatOfAll) {
  LoadResult late = good_result();
  late.total.initiator.lag.record(50'000'000, 5'000);

  const Merged merged =
      merge({{"a", report_of(good_result(), "0/2")}, {"b", report_of(late, "1/2")}});

  EXPECT_THAT(merged.report.verdict.reasons, ElementsAre(HasSubstr("shard 1/2")));
}

}  // namespace
}  // namespace ssb::sim::load
