// A batch that never ends: the node gives way after a slice of statements, and what was done is committed.
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

constexpr int kStatementsMax = 1000;  // more than any slice; a SEND loop spends two on each SEND

std::string endless_sends() {
  return "USE Sender; DECLARE @h uniqueidentifier; BEGIN DIALOG @h FROM SERVICE SenderService TO "
         "SERVICE 'ReceiverService' ON CONTRACT C WITH ENCRYPTION = OFF;"
         "WHILE 1 = 1 SEND ON CONVERSATION @h MESSAGE TYPE Request (N'x');";
}

// One event and its commit, as a host does it.
void submit(Machine& machine, SessionId session, std::string text) {
  machine.node->handle(BatchSubmitted{session, std::move(text)}, machine.now);
  machine.commit();
}

int pending(Machine& machine) {
  return std::stoi(machine.value("Sender", "SELECT COUNT(*) FROM sys.transmission_queue"));
}

TEST(NodeSliceTest, ABatchThatNeverEndsIsCommittedAndSentSliceBySlice) {
  Pair pair(Pair::Mode::none);

  submit(pair.a, 1, endless_sends());

  const int first = pending(pair.a);
  EXPECT_GT(first, 0);
  EXPECT_LT(first, kStatementsMax);
  EXPECT_FALSE(pair.a.sent.empty());
  EXPECT_TRUE(pair.a.node->is_busy(1));
  EXPECT_EQ(pair.a.node->deadline(), kAtOnce);
  EXPECT_EQ(pair.a.node->settle_deadline(), kAtOnce);

  pair.a.tick();

  EXPECT_GT(pending(pair.a), first);
  EXPECT_LT(pending(pair.a), 2 * kStatementsMax);
}

TEST(NodeSliceTest, WithoutACommitNoMoreIsDone) {
  Pair pair(Pair::Mode::none);
  pair.a.node->handle(BatchSubmitted{1, endless_sends()}, pair.a.now);
  const int before = pending(pair.a);

  pair.a.node->handle(TimerDue{}, pair.a.now);

  EXPECT_EQ(pending(pair.a), before);
}

TEST(NodeSliceTest, ItCanBeCancelledAndItsSessionGoesOn) {
  Pair pair(Pair::Mode::none);
  submit(pair.a, 1, endless_sends());

  pair.a.node->handle(BatchCancelled{1}, pair.a.now);
  pair.a.commit();
  pair.a.tick();

  EXPECT_FALSE(pair.a.node->is_busy(1));
  EXPECT_NE(pair.a.node->deadline(), kAtOnce);
  pair.a.must("USE Sender; SELECT 1");
}

TEST(NodeSliceTest, ANodeIsKilledWithoutLosingWhatEarlierSlicesSent) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("ssb_node_slice_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  {
    Pair pair(Pair::Mode::none, folder);
    submit(pair.a, 1, endless_sends());
    const int committed = pending(pair.a);
    pair.a.node->handle(TimerDue{}, pair.a.now);  // a slice without its commit

    pair.a.kill();
    pair.a.start();

    EXPECT_EQ(pending(pair.a), committed);
  }
  std::filesystem::remove_all(folder);
}

TEST(NodeSliceTest, OtherSessionsAndMessagesHaveTheirTurn) {
  Pair pair(Pair::Mode::none);
  pair.a.node->handle(SessionOpened{2, {}}, pair.a.now);
  pair.a.node->handle(SessionOpened{3, {}}, pair.a.now);
  submit(pair.a, 1, endless_sends());
  submit(pair.a, 3, "WHILE 1 = 1 PRINT ''");
  submit(pair.a, 2, "DECLARE @i int; SET @i = 0; WHILE @i < 1000 SET @i = @i + 1;");

  int ticks = 0;
  for (; ticks < 100 && pair.a.node->is_busy(2); ++ticks) pair.a.tick();

  EXPECT_FALSE(pair.a.node->is_busy(2));
  EXPECT_LE(ticks, 20);  // 2000 statements are some four slices, and three sessions take turns
  EXPECT_TRUE(pair.a.node->is_busy(1));
  EXPECT_TRUE(pair.a.node->is_busy(3));
}

TEST(NodeSliceTest, ALongTransactionGoesOutWholeAtItsCommit) {
  Pair pair(Pair::Mode::none);

  pair.a.must("BEGIN TRAN; " + pair.begin_and_send(2000) + " COMMIT;");
  ASSERT_TRUE(pair.deliver());

  EXPECT_EQ(pair.delivered(), "2000");
  EXPECT_EQ(pair.wrong_order(), "0");
}

TEST(NodeSliceTest, TwoRunsAreCutAtTheSameStatements) {
  std::vector<int> counts[2];
  for (auto& run : counts) {
    Pair pair(Pair::Mode::none);
    submit(pair.a, 1, endless_sends());
    for (int i = 0; i < 5; ++i) {
      run.push_back(pending(pair.a));
      pair.a.tick();
    }
  }

  EXPECT_EQ(counts[0], counts[1]);
}

}  // namespace
}  // namespace ssb::broker::tests
