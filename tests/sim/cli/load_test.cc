// `ssbsim load` and `ssbsim merge` of its files, as a user calls them.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "sim/cli/load_files.h"
#include "tests/sim/cli/ran.h"
#include "tests/sim/load/result_of.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using load::test::good_result;
using load::test::report_of;
using testing::AnyOf;
using testing::HasSubstr;

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ssb-load-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

  // A load of a moment; 4 is what a busy machine gives.
  [[nodiscard]] Ran load(std::vector<std::string> more) const {
    std::vector<std::string> all = {"load",
                                    "--rate",
                                    "50",
                                    "--duration",
                                    "0.5",
                                    "--warm-up",
                                    "0",
                                    "--processes",
                                    "1",
                                    "--rsa-bits",
                                    "1024",
                                    "--data",
                                    folder_.string(),
                                    "--key-pool",
                                    path("keys")};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  [[nodiscard]] std::string write(const std::string& name, const load::Report& report) const {
    LoadOutputs outputs;
    outputs.json = path(name);
    std::ostringstream ignored;
    outputs.write(report, 0, ignored);
    return outputs.json;
  }

  fs::path folder_;
};

TEST_F(LoadTest, ALoadWritesItsResultInEveryForm) {
  const Ran ran =
      load({"--json", path("a.jsonl"), "--csv", path("a.csv"), "--html", path("a.html")});

  EXPECT_THAT(ran.code, AnyOf(0, 4)) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("each exactly once and in order"));
  EXPECT_TRUE(fs::exists(path("a.csv")));
  EXPECT_TRUE(fs::exists(path("a.html")));
  const load::Report report = read_load(path("a.jsonl"));
  EXPECT_TRUE(report.is_complete);
  EXPECT_EQ(report.result.sent, report.result.received);
  EXPECT_GT(report.seals(), 0);
  EXPECT_FALSE(fs::exists(path("a.jsonl.partial")));
}

TEST_F(LoadTest, AFinishedFileIsShownAndNotRunAgain) {
  ASSERT_THAT(load({"--json", path("a.jsonl"), "--quiet"}).code, AnyOf(0, 4));
  const auto written = fs::last_write_time(path("a.jsonl"));

  const Ran again = load({"--json", path("a.jsonl"), "--quiet"});
  const Ran other = load({"--json", path("a.jsonl"), "--quiet", "--size", "100"});

  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("each exactly once and in order"));
  EXPECT_EQ(fs::last_write_time(path("a.jsonl")), written);
  EXPECT_EQ(other.code, 10);
  EXPECT_THAT(other.err, HasSubstr("of another load"));
}

TEST_F(LoadTest, WhatCannotBeIsAUsageError) {
  EXPECT_EQ(run({"load", "--shard", "3/2"}).code, 10);
  EXPECT_EQ(run({"load", "--arrivals", "poisson"}).code, 10);
  EXPECT_EQ(run({"load", "--size", "4"}).code, 10);
  EXPECT_EQ(run({"load", "--security", "some"}).code, 10);
  EXPECT_EQ(run({"load", "compare", path("nothing"), path("nothing")}).code, 12);
  std::ofstream(path("text")) << "hello\n";
  EXPECT_EQ(run({"load", "show", path("text")}).code, 10);
}

TEST_F(LoadTest, ShardsAreMerged) {
  const std::string a = write("a.jsonl", report_of(good_result(), "0/2"));
  const std::string b = write("b.jsonl", report_of(good_result(), "1/2"));

  const Ran both = run({"merge", a, b});
  const Ran one = run({"merge", a});
  const Ran json = run({"merge", a, b, "--json"});

  EXPECT_EQ(both.code, 0) << both.err;
  EXPECT_THAT(both.out, HasSubstr("received  2000/s"));
  EXPECT_EQ(one.code, 2);
  EXPECT_THAT(one.err, HasSubstr("shard 1/2 is missing"));
  EXPECT_THAT(json.out, HasSubstr("\"complete\":true}\n"));
}

TEST_F(LoadTest, ADifferentLoadIsNotMerged) {
  load::Report other = report_of(good_result(), "1/2");
  other.result.workload.dialogs = 7;

  const Ran ran =
      run({"merge", write("a.jsonl", report_of(good_result(), "0/2")), write("b.jsonl", other)});

  EXPECT_EQ(ran.code, 10);
  EXPECT_THAT(ran.err, HasSubstr("of different loads"));
}

TEST_F(LoadTest, FilesAreComparedAndShown) {
  const std::string a = write("a.jsonl", report_of(good_result()));

  const Ran compared = run({"load", "compare", a, a});
  const Ran shown = run({"load", "show", a, "--html", path("a.html")});

  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_THAT(compared.out, HasSubstr("no difference"));
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("VALID: full security"));
  EXPECT_TRUE(fs::exists(path("a.html")));
}

TEST_F(LoadTest, WhatWasStoppedStaysAPartialFile) {
  load::Report report = report_of(good_result());
  report.is_complete = false;

  static_cast<void>(write("a.jsonl", report));

  EXPECT_FALSE(fs::exists(path("a.jsonl")));
  EXPECT_FALSE(read_load(path("a.jsonl.partial")).is_complete);
}

TEST_F(LoadTest, ASignatureADialogIsSaidAndCounted) {
  const Ran ran =
      load({"--messages-per-dialog", "1", "--sign-every-dialog", "--json", path("a.jsonl")});

  EXPECT_THAT(ran.code, AnyOf(0, 4)) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("a signature a dialog"));
  EXPECT_THAT(ran.out, HasSubstr("RSA sign "));
  const auto report = read_load(path("a.jsonl"));
  EXPECT_EQ(report.result.total.initiator.costs.dialogs.grant_hits, 0U);
  EXPECT_GT(report.rsa.sign_us, 0);
}

TEST_F(LoadTest, AShortSoakLosesNothingAndSaysThatItShowsNoMore) {
  const Ran ran = run({"load", "soak", "--duration", "2", "--warm-up", "0", "--find-duration", "2",
                       "--share", "0.05", "--rsa-bits", "1024", "--not-flushed", "--data",
                       folder_.string(), "--key-pool", path("keys"), "--json", path("soak.jsonl")});

  EXPECT_EQ(ran.code, 4) << ran.out << ran.err;  // too short for memory and latency
  EXPECT_THAT(ran.out, HasSubstr("each exactly once and in order"));
  EXPECT_THAT(ran.out, HasSubstr("5 % of "));
  EXPECT_THAT(ran.out, HasSubstr("1 x the target killed and started again"));
  EXPECT_THAT(ran.err, HasSubstr("the initiator's certificate replaced"));
  std::ifstream in(path("soak.jsonl"));
  std::string first;
  std::string last;
  std::getline(in, first);
  for (std::string line; std::getline(in, line);) last = line;
  EXPECT_THAT(first, HasSubstr("\"kind\":\"soak\""));
  EXPECT_THAT(last, HasSubstr("\"verdict\":\"INVALID\""));
  EXPECT_THAT(last, HasSubstr("\"violations\":[]"));
}

TEST_F(LoadTest, WhatATargetElsewhereNeedsIsAskedFor) {
  const std::string exchange = path("exchange");
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"load", "--target", "127.0.0.1:4022"},
        {"load", "--exchange", exchange},
        {"load", "--exchange", exchange, "--listen", "nowhere"},
        {"load", "--exchange", exchange, "--listen", "127.0.0.1:0", "--target", "x"},
        {"load", "--exchange", exchange, "--listen", "127.0.0.1:0", "--find-max"},
        {"load", "target", "--exchange", exchange, "--listen", "nowhere"}}) {
    const Ran ran = run(wrong);

    EXPECT_EQ(ran.code, 10) << ran.err;
  }
  EXPECT_FALSE(fs::exists(exchange));
}

TEST_F(LoadTest, ATargetToWhichNobodyComesGivesUp) {
  const Ran ran = run({"load", "target", "--exchange", path("exchange"), "--listen", "127.0.0.1:0",
                       "--wait", "0.1", "--data", folder_.string(), "--key-pool", path("keys")});

  EXPECT_EQ(ran.code, 12);
  EXPECT_THAT(ran.err, HasSubstr("has no initiator.json"));
}

}  // namespace
}  // namespace ssb::sim::cli
