#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/store/store.h"
#include "tests/broker/store/crash_workload.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

using ::testing::HasSubstr;

// Options that crash at the given step, counted from 1; 0: never. Counts in `steps`.
StoreOptions crash_at(int step, int& steps) {
  StoreOptions options;
  options.flushed =
      false;  // what a process wrote survives its end; faulty_disk_test.cc has the rest
  options.on_step = [step, &steps](std::string_view) {
    if (++steps == step) throw Crash();
  };
  return options;
}

// Opens, runs or only checks, and tells whether it was cut off.
template <typename Work>
bool crashes(const std::filesystem::path& folder, const StoreOptions& options, Work work) {
  try {
    Store store(folder, options);
    work(store);
    return false;
  } catch (const Crash&) {
    return true;
  }
}

struct CrashPlan {
  int databases;
  int batches;
  bool is_prepared;  // the databases and their tables are there: their creation has no crash points
  int recovery_steps_max;  // how many steps of each recovery are crash points too
};

// Crashes at every step of the workload once; after each one, at the steps of the recovery. Returns
// the number of steps.
int crash_everywhere(const CrashPlan& plan) {
  const TemporaryFolder prepared;
  if (plan.is_prepared) {
    CrashWorkload creation(plan.databases, /*batches=*/0);
    int steps = 0;
    Store store(prepared.path(), crash_at(0, steps));
    creation.open(store);
    creation.run(store);
    store.checkpoint();
  }
  int crash_points = 0;
  for (int step = 1;; ++step) {
    const TemporaryFolder folder;
    std::filesystem::copy(prepared.path(), folder.path(),
                          std::filesystem::copy_options::overwrite_existing);
    CrashWorkload workload(plan.databases, plan.batches);
    int steps = 0;
    const bool crashed = crashes(folder.path(), crash_at(step, steps), [&](Store& store) {
      workload.open(store);
      workload.run(store);
      if (!plan.is_prepared) store.checkpoint();
    });
    if (!crashed) return crash_points;
    ++crash_points;
    for (int again = 1; again <= plan.recovery_steps_max; ++again) {
      steps = 0;
      const bool crashed_again = crashes(folder.path(), crash_at(again, steps),
                                         [&](Store& store) { workload.open(store); });
      if (!crashed_again) break;
    }
    steps = 0;
    const StoreOptions calm = crash_at(0, steps);
    EXPECT_FALSE(crashes(folder.path(), calm, [&](Store& store) {
      workload.open(store);
      workload.check(store);
      if (!::testing::Test::HasFatalFailure()) workload.run(store);
    }));
    // What follows a recovery must not disturb the next one.
    const bool is_checked_twice = !plan.is_prepared && !::testing::Test::HasFailure();
    EXPECT_FALSE(is_checked_twice && crashes(folder.path(), calm, [&](Store& store) {
                   workload.open(store);
                   workload.check(store);
                   EXPECT_EQ(workload.acknowledged(), plan.batches);
                 }));
    if (!::testing::Test::HasFailure()) continue;
    ADD_FAILURE() << "crashed at step " << step;
    return crash_points;
  }
}

TEST(StoreRecoveryTest,
     ACrashAtAnyStepOverThreeDatabasesLeavesWholeBatchesAndEveryAcknowledgedOne) {
  EXPECT_GT(crash_everywhere(
                {.databases = 3, .batches = 7, .is_prepared = false, .recovery_steps_max = 99}),
            25);
}

TEST(StoreRecoveryTest, ACrashAtAnyStepWithFiftyDatabasesOpenLeavesWholeBatches) {
  EXPECT_GT(crash_everywhere(
                {.databases = 50, .batches = 1, .is_prepared = true, .recovery_steps_max = 0}),
            50);
}

TEST(StoreRecoveryTest, WhatWasNotFlushedIsGoneAfterACrash) {
  const TemporaryFolder folder;
  {
    Store store(folder.path(), {});
    store.open_database(5);
    store.write(5, "CREATE TABLE t(n)", {});
    store.flush();
    store.write(5, "INSERT INTO t VALUES (1)", {});
    Transaction open;
    ASSERT_TRUE(store.execute(open, 5, "INSERT INTO t VALUES (2)", {}));
  }  // destroyed without a flush: nothing is committed

  Store store(folder.path(), {});
  store.open_database(5);
  EXPECT_EQ(accepted(store, 5, "SELECT count(*) FROM t"), "0");
}

TEST(StoreRecoveryTest, AfterAnInterruptedFlushTheStoreRefusesToGoOn) {
  const TemporaryFolder folder;
  StoreOptions options;
  options.on_step = [](std::string_view step) {
    if (step == "database 6") throw Crash();
  };
  Store store(folder.path(), options);
  for (const DatabaseId id : {5, 6}) {
    store.open_database(id);
    store.write(id, "CREATE TABLE t(n)", {});
  }

  EXPECT_THROW(store.flush(), Crash);

  EXPECT_THROW(store.flush(), StoreFailure);
  EXPECT_THROW(store.write(5, "INSERT INTO t VALUES (1)", {}), StoreFailure);
}

TEST(StoreRecoveryTest, ARecordOfADroppedDatabaseIsNotAppliedToItsSuccessor) {
  const TemporaryFolder folder;
  {
    Store store(folder.path(), {});
    for (const DatabaseId id : {5, 6}) {
      store.open_database(id);
      store.write(id, "CREATE TABLE t(n)", {});
    }
    store.flush();  // its record is forgotten with the next one only
    store.drop_database(6);
  }

  for (int opened = 0; opened < 2; ++opened) {
    Store store(folder.path(), {});
    store.open_database(6);
    EXPECT_EQ(accepted(store, 6, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), "0");
  }
}

TEST(StoreRecoveryTest, ARecordWaitsForADatabaseThatIsOpenedLater) {
  const TemporaryFolder folder;
  StoreOptions options;
  options.on_step = [](std::string_view step) {
    if (step == "database 7") throw Crash();
  };
  const auto create = [](Store& store, DatabaseId id) {
    store.open_database(id);
    store.write(id, "CREATE TABLE t(n)", {});
  };
  try {
    Store store(folder.path(), options);
    for (const DatabaseId id : {5, 6, 7}) create(store, id);
    store.flush();
    FAIL();
  } catch (const Crash&) {
  }
  {
    Store store(folder.path(), {});
    for (const DatabaseId id : {5, 6}) {
      store.open_database(id);
      store.write(id, "INSERT INTO t VALUES (1)", {});
    }
    store.flush();  // another record, while 7 still needs the first
    store.checkpoint();
  }

  Store store(folder.path(), {});
  store.open_database(7);

  EXPECT_EQ(accepted(store, 7, "SELECT count(*) FROM t"), "0");
}

TEST(StoreRecoveryTest, ADamagedCommitRecordIsAFailureThatNamesIt) {
  const TemporaryFolder folder;
  StoreOptions options;
  options.on_step = [](std::string_view step) {
    if (step == "database 5") throw Crash();
  };
  try {
    Store store(folder.path(), options);
    for (const DatabaseId id : {5, 6}) {
      store.open_database(id);
      store.write(id, "CREATE TABLE t(n)", {});
    }
    store.flush();
    FAIL();
  } catch (const Crash&) {
  }
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() / "instance.ssb").c_str(), &raw), SQLITE_OK);
  const char* damage = "UPDATE ssb_commit SET statements = substr(statements, 1, 5)";
  ASSERT_EQ(sqlite3_exec(raw, damage, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);

  Store store(folder.path(), {});
  try {
    store.open_database(5);
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("commit record 1 of database 5 is damaged"));
  }
}

TEST(StoreRecoveryTest, AStatementThatCannotBeRunAgainIsAFailureThatNamesTheCommit) {
  const TemporaryFolder folder;
  StoreOptions options;
  options.on_step = [](std::string_view step) {
    if (step == "database 5") throw Crash();
  };
  try {
    Store store(folder.path(), options);
    store.register_function(
        "pure", 0, [](const std::vector<Value>&) { return Value(); }, FunctionKind::pure);
    for (const DatabaseId id : {5, 6}) {
      store.open_database(id);
      store.write(id, "CREATE TABLE t AS SELECT pure() AS n", {});
    }
    store.flush();
    FAIL();
  } catch (const Crash&) {
  }

  Store store(folder.path(), {});  // without the function
  try {
    store.open_database(5);
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("commit 1 cannot be completed: no such function: pure"));
  }
}

TEST(StoreRecoveryTest, ASecondStoreOnTheSameFolderFailsAndNamesIt) {
  const TemporaryFolder folder;
  const Store first(folder.path(), {});

  try {
    const Store second(folder.path(), {});
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(folder.path().string()));
    EXPECT_THAT(failure.what(), HasSubstr("in use"));
  }
}

TEST(StoreRecoveryTest, TheFolderIsFreeAgainWhenTheStoreIsGone) {
  const TemporaryFolder folder;
  { const Store first(folder.path() / "deep" / "er", {}); }

  EXPECT_NO_THROW(const Store second(folder.path() / "deep" / "er", {}));
}

TEST(StoreRecoveryTest, AFileThatIsNoDatabaseIsAFailureThatNamesTheDatabase) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "5.ssb") << std::string(10000, 'x');
  Store store(folder.path(), {});

  try {
    store.open_database(5);
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("database 5: file is not a database"));
  }
}

TEST(StoreRecoveryTest, DatabaseFilesAreListedByNumberAndNothingElse) {
  const TemporaryFolder folder;
  {
    Store store(folder.path(), {});
    for (const DatabaseId id : {32767, 1, 5}) store.open_database(id);
  }
  std::ofstream(folder.path() / "notes.txt") << "x";
  std::ofstream(folder.path() / "007.ssb") << "x";

  const Store store(folder.path(), {});

  EXPECT_EQ(store.database_files(), (std::vector<DatabaseId>{1, 5, 32767}));
}

TEST(StoreRecoveryTest, ALongLogIsCheckpointedByFlushSoThatItStaysBounded) {
  const TemporaryFolder folder;
  StoreOptions options;
  int checkpoints = 0;
  options.flushed = false;
  options.on_step = [&](std::string_view step) { checkpoints += step == "checkpoint 5" ? 1 : 0; };
  Store store(folder.path(), options);
  store.open_database(5);
  store.write(5, "CREATE TABLE t(n)", {});
  for (int i = 0; i < 60; ++i) {
    store.write(5, "INSERT INTO t VALUES (?1)", {proto::Bytes(1 << 20, 7)});
    store.flush();
  }

  EXPECT_GE(checkpoints, 3);
  EXPECT_LT(std::filesystem::file_size(folder.path() / "5.ssb-wal"), std::uintmax_t{32} << 20);
}

// The child reports each acknowledged batch through a pipe until it is killed in the middle of one.
[[noreturn]] void run_until_killed(const std::filesystem::path& folder, int pipe) {
  Store store(folder, {});
  CrashWorkload workload(3, 1 << 20);
  workload.on_acknowledged = [pipe] {
    const char byte = 'a';
    if (write(pipe, &byte, 1) != 1) _exit(1);
  };
  workload.open(store);
  workload.run(store);
  _exit(0);
}

TEST(StoreRecoveryTest, AProcessKilledAtAnyMomentLosesNoAcknowledgedBatch) {
  for (int round = 0; round < 5; ++round) {
    const TemporaryFolder folder;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) run_until_killed(folder.path(), ends[1]);
    close(ends[1]);
    int acknowledged = 0;
    char byte = 0;
    while (acknowledged < 5 + round && read(ends[0], &byte, 1) == 1) ++acknowledged;
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (read(ends[0], &byte, 1) == 1) ++acknowledged;
    close(ends[0]);

    CrashWorkload workload(3, acknowledged + 3);
    workload.set_acknowledged(acknowledged);
    workload.forget_tokens();
    Store store(folder.path(), {});
    workload.open(store);
    workload.check(store);
    if (HasFatalFailure()) return;
    workload.run(store);
  }
}

}  // namespace
}  // namespace ssb::broker::store
