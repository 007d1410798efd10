// The queue monitor as a machine: what it starts, when, and what it never starts.
#include "broker/queue_monitor.h"

#include <gtest/gtest.h>

namespace ssb::broker {
namespace {

using namespace std::chrono_literals;

constexpr proto::TimePoint kStart = proto::from_unix_us(1'000'000'000'000'000);

// A monitor and the queue that it looks at.
class QueueMonitorTest : public testing::Test {
 protected:
  QueueMonitorTest() { static_cast<void>(monitor.wants_start(seen, now)); }
  bool wants() { return monitor.wants_start(seen, now); }
  void message_waits() { seen.has_free_messages = true; }
  void receive(bool finds) {
    ++seen.reading.receives;
    seen.reading.last_was_empty = !finds;
    seen.has_free_messages = seen.has_free_messages && finds;
  }
  // Started, and has received one of several messages.
  void start_and_receive() {
    message_waits();
    ASSERT_TRUE(wants());
    monitor.started(now);
    receive(true);
    EXPECT_FALSE(wants());
  }

  QueueMonitor monitor;
  QueueMonitor::Seen seen{.reading = {}, .has_free_messages = false, .has_free_reader = true};
  proto::TimePoint now = kStart;
};

TEST_F(QueueMonitorTest, AnEmptyQueueStartsNothing) {
  now += 1h;

  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.state(), MonitorState::inactive);
  EXPECT_EQ(monitor.deadline(), proto::kNever);
}

TEST_F(QueueMonitorTest, AMessageStartsOneAndNotASecondBeforeAReceive) {
  message_waits();

  EXPECT_TRUE(wants());
  monitor.started(now);
  EXPECT_EQ(monitor.state(), MonitorState::notified);
  EXPECT_EQ(monitor.activated_at(), now);
  now += 1h;
  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.deadline(), proto::kNever);
}

TEST_F(QueueMonitorTest, WithoutAFreeReaderNothingIsStarted) {
  message_waits();
  seen.has_free_reader = false;

  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.deadline(), proto::kNever);
}

TEST_F(QueueMonitorTest, AReceiveThatFindsNothingMakesItInactive) {
  start_and_receive();

  receive(false);

  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.state(), MonitorState::inactive);
}

TEST_F(QueueMonitorTest, AnotherIsStartedAfterFiveSecondsWithMessages) {
  start_and_receive();
  EXPECT_EQ(monitor.state(), MonitorState::receives_occurring);
  EXPECT_EQ(monitor.deadline(), now + kMonitorPeriod);
  EXPECT_EQ(monitor.settle_deadline(), proto::kNever);

  now += kMonitorPeriod - 1us;
  EXPECT_FALSE(wants());
  now += 1us;
  EXPECT_TRUE(wants());
}

TEST_F(QueueMonitorTest, OneThatEndsAndLeavesMessagesIsReplacedAtOnce) {
  start_and_receive();

  monitor.ended(TaskEnd::took_messages, seen.reading, now);

  EXPECT_TRUE(wants());
}

TEST_F(QueueMonitorTest, OneThatEndsWithoutAReceiveIsNotReplaced) {
  message_waits();
  ASSERT_TRUE(wants());
  monitor.started(now);

  monitor.ended(TaskEnd::took_nothing, seen.reading, now);
  now += 1h;

  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.state(), MonitorState::notified);
}

TEST_F(QueueMonitorTest, AReceiveOfAnySessionFreesOneThatIsStuck) {
  message_waits();
  ASSERT_TRUE(wants());
  monitor.started(now);
  monitor.ended(TaskEnd::took_nothing, seen.reading, now);
  now += 1h;

  receive(true);

  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.state(), MonitorState::receives_occurring);
  EXPECT_EQ(monitor.deadline(), now + kMonitorPeriod);
  now += kMonitorPeriod;
  EXPECT_TRUE(wants());
}

TEST_F(QueueMonitorTest, WhatWasRolledBackIsTriedAgainAfterPausesThatGrow) {
  proto::Duration pause = kFirstPause;
  for (int i = 0; i < 20; ++i) {
    start_and_receive();
    monitor.ended(TaskEnd::took_nothing, seen.reading, now);
    ASSERT_FALSE(wants()) << i;
    EXPECT_EQ(monitor.deadline(), now + pause) << i;
    now = monitor.deadline();
    pause = std::min(pause * 2, kMonitorPeriod);
  }
  EXPECT_EQ(pause, kMonitorPeriod);

  start_and_receive();
  monitor.ended(TaskEnd::took_messages, seen.reading, now);

  EXPECT_TRUE(wants());
}

TEST_F(QueueMonitorTest, WhatCouldNotStartIsTriedEachFiveSecondsAndDoesNotHoldSettle) {
  message_waits();
  ASSERT_TRUE(wants());
  monitor.started(now);

  monitor.ended(TaskEnd::could_not_start, seen.reading, now);

  EXPECT_EQ(monitor.state(), MonitorState::inactive);
  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.deadline(), now + kMonitorPeriod);
  EXPECT_EQ(monitor.settle_deadline(), proto::kNever);
  now += kMonitorPeriod - 1us;
  EXPECT_FALSE(wants());
  EXPECT_EQ(monitor.settle_deadline(), proto::kNever);
  now += 1us;
  EXPECT_TRUE(wants());
}

TEST_F(QueueMonitorTest, ReceivesBeforeItsTimeDoNotCount) {
  QueueMonitor later;
  seen.reading.receives = 7;
  message_waits();

  EXPECT_TRUE(later.wants_start(seen, now));
  EXPECT_EQ(later.state(), MonitorState::inactive);
}

}  // namespace
}  // namespace ssb::broker
