#include "sim/load/run.h"

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sim/load/setup_sql.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Loads of a moment between two real nodes. Nothing here depends on how fast the machine is.
class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ssb-load-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.folder = folder_;
    options_.key_pool = folder_ / "keys";
    options_.processes = 1;
    options_.workload.rsa_bits = 1024;
    options_.workload.dialogs = 3;
    options_.workload.arrival = Arrival::constant;
    options_.workload.rate = 50;
    options_.workload.flushed = false;
    options_.workload.warm_up = 0;
    options_.workload.duration = kSecond;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
  RunOptions options_;
};

TEST_F(RunTest, EachSecurityModeDeliversExactlyOnceInOrder) {
  for (const Security security : {Security::full, Security::anonymous, Security::none}) {
    options_.workload.security = security;

    const LoadResult result = run_load(options_);

    EXPECT_THAT(result.violations, IsEmpty()) << name(security);
    EXPECT_EQ(result.sent, 50U) << name(security);
    EXPECT_EQ(result.received, 50U) << name(security);
    // Each was meant in the measured time, and each has each of its latencies.
    EXPECT_EQ(result.total.initiator.lag.count(), 50U) << name(security);
    EXPECT_EQ(result.total.target.to_receive.count(), 50U) << name(security);
    EXPECT_EQ(result.total.initiator.to_ack.count(), 50U) << name(security);
  }
}

TEST_F(RunTest, NodesInProcessesOfTheirOwnDoTheSame) {
  options_.processes = 2;
  options_.workload.flushed = true;

  const LoadResult result = run_load(options_);

  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_EQ(result.received, 50U);
  EXPECT_EQ(result.intervals.size(), 1U);
  EXPECT_GT(result.total.initiator.cpu, 0);
  EXPECT_GT(result.total.target.flushes, 0U);
}

TEST_F(RunTest, EachRequestIsAnsweredAndDialogsEndAfterTheirMessages) {
  options_.workload.request_reply = true;
  options_.workload.per_dialog = 5;

  const LoadResult result = run_load(options_);

  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_EQ(result.replied, 50U);
  EXPECT_EQ(result.total.initiator.round_trip.count(), 50U);
  EXPECT_GE(result.dialogs, 10U);
  EXPECT_LE(result.dialogs, 12U);  // of three at a time: the last two need not be full
}

TEST_F(RunTest, ANewDialogForEachMessage) {
  options_.workload.per_dialog = 1;

  const LoadResult result = run_load(options_);

  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_EQ(result.received, 50U);
  EXPECT_EQ(result.dialogs, 50U);
}

TEST_F(RunTest, AClosedLoopKeepsItsWindow) {
  options_.workload.arrival = Arrival::closed;
  options_.workload.in_flight = 1;

  const LoadResult result = run_load(options_);

  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_GT(result.received, 0U);
  // One at a time: no transaction has two.
  EXPECT_EQ(result.total.initiator.messages, result.total.initiator.transactions);
}

TEST_F(RunTest, AWishToStopEndsItWithAllThatWasSent) {
  options_.workload.duration = 600 * kSecond;
  bool has_begun = false;
  options_.on_interval = [&has_begun](const LoadResult&) { has_begun = true; };
  options_.wants_stop = [&has_begun] { return has_begun; };

  const LoadResult result = run_load(options_);

  EXPECT_TRUE(result.was_stopped);
  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_GT(result.received, 0U);
  EXPECT_EQ(result.received, result.sent);
  EXPECT_LT(result.intervals.size(), 600U);
}

TEST_F(RunTest, WhatTheNodesDidIsCounted) {
  options_.processes = 2;
  options_.workload.flushed = true;
  options_.workload.per_dialog = 1;

  const LoadResult cached = run_load(options_);
  options_.workload.sign_every_dialog = true;
  const LoadResult signed_each = run_load(options_);

  const Costs& initiator = cached.total.initiator.costs;
  const Costs& target = cached.total.target.costs;
  EXPECT_LE(initiator.dialogs.rsa_signs, 1U);  // the first dialog may be before the first second
  EXPECT_GE(initiator.dialogs.grant_hits, 40U);
  EXPECT_GE(target.dialogs.opened_kek_hits, 40U);
  EXPECT_GE(initiator.dialogs.sealed_bytes, 40U * options_.workload.size_bytes);
  EXPECT_GE(target.dialogs.opened_bytes, 40U * options_.workload.size_bytes);
  for (const Costs* costs : {&initiator, &target}) {
    EXPECT_GT(costs->disk.syncs, 0U);
    EXPECT_GT(costs->disk.bytes_written, 0U);
    EXPECT_GT(costs->network.sends, 0U);
    EXPECT_GT(costs->network.receives, 0U);
  }
  // What is received in the flush that it came in is never written; what is sent is, before it leaves.
  EXPECT_GE(initiator.disk.bytes_written, 40U * options_.workload.size_bytes);
  EXPECT_GE(initiator.network.sent_bytes, 40U * options_.workload.size_bytes);
  EXPECT_GE(target.network.received_bytes, 40U * options_.workload.size_bytes);
  const auto& each = signed_each.total.initiator.costs.dialogs;
  EXPECT_EQ(each.grant_hits, 0U);
  EXPECT_GE(each.rsa_signs, 40U);
  EXPECT_EQ(each.rsa_signs, each.rsa_wraps);
  EXPECT_GE(signed_each.total.target.costs.dialogs.rsa_verifies, 40U);
}

TEST_F(RunTest, AFolderThatCannotBeWrittenIsNoRun) {
  options_.folder = "/proc/nowhere";

  EXPECT_THROW(static_cast<void>(run_load(options_)), std::exception);
}

// A file may have so many bytes; beyond it a write fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(RunTest, ANodeWhoseDiskIsFullSaysSo) {
  const FileSizeLimit limit(rlim_t{4} << 20);
  options_.processes = 2;
  options_.drain_at_most = kSecond;
  options_.workload.arrival = Arrival::closed;
  options_.workload.size_bytes = 16384;

  const LoadResult result = run_load(options_);

  EXPECT_THAT(result.violations, Contains(HasSubstr("journal")));
}

TEST(SetupSqlTest, OnlyWhatTheModeNeedsIsMade) {
  const load::Setup full{
      .security = Security::full, .own_port = 4022, .far_address = "TCP://b:4022"};
  load::Setup anonymous = full;
  anonymous.security = Security::anonymous;
  load::Setup none = full;
  none.security = Security::none;
  none.transport_encrypted = false;

  EXPECT_THAT(far_batches(Side::initiator, full), Contains(HasSubstr("ANONYMOUS = OFF")));
  EXPECT_THAT(far_batches(Side::initiator, anonymous), Contains(HasSubstr("ANONYMOUS = ON")));
  EXPECT_THAT(far_batches(Side::initiator, none), Not(Contains(HasSubstr("BINDING"))));
  EXPECT_THAT(far_batches(Side::target, full), Contains(HasSubstr("TO initiator_proxy")));
  EXPECT_THAT(far_batches(Side::target, anonymous), Contains(HasSubstr("TO public")));
  EXPECT_THAT(own_batches(Side::target, none), Contains(HasSubstr("ENCRYPTION = DISABLED")));
  EXPECT_EQ(certificate_files(Side::initiator, Security::anonymous).size(), 1U);
  EXPECT_EQ(certificate_files(Side::target, Security::anonymous).size(), 2U);
}

TEST(SetupSqlTest, ACertificateIsReplacedInStepsAndTheLastTwoAreKept) {
  const Rollover first = rollover_of(Side::target, 1);
  const Rollover third = rollover_of(Side::target, 3);

  EXPECT_THAT(first.make, HasSubstr("ACTIVE FOR BEGIN_DIALOG = OFF"));
  EXPECT_THAT(first.make, HasSubstr("USE LoadTarget"));
  EXPECT_THAT(first.take, HasSubstr("AUTHORIZATION target_proxy FROM FILE = '" + first.file));
  EXPECT_TRUE(first.drop_own.empty());
  EXPECT_THAT(third.drop_own, HasSubstr("DROP CERTIFICATE target_service_1"));
  EXPECT_THAT(rollover_of(Side::target, 2).drop_taken,
              HasSubstr("DROP CERTIFICATE target_service;"));
}

}  // namespace
}  // namespace ssb::sim::load
