// The store on a simulated disk: what a crash leaves, and that every fault really does something.
#include "sim/storage.h"

#include <chrono>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "broker/store/store.h"
#include "tests/broker/store/crash_workload.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::sim {
namespace {

using broker::store::accepted;
using broker::store::CrashWorkload;
using broker::store::Store;
using broker::store::StoreFailure;
using broker::store::StoreOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFolder = "/node";
constexpr const char* kDatabaseFile = "/node/5.ssb";
constexpr const char* kLogFile = "/node/5.ssb-wal";
constexpr std::uint64_t kPageBytes = 8192;  // of the store

// A node's disk with a generator and a clock of its own.
struct Machine {
  explicit Machine(std::uint64_t seed)
      : generator(seed),
        storage(std::make_shared<Storage>([this] { return generator(); }, [this] { return now; })) {
  }
  [[nodiscard]] StoreOptions options() const {
    StoreOptions options;
    options.disk = storage;
    return options;
  }
  void lose_power() {
    storage->lose_power([this] { return generator(); });
  }
  void set_faults(const StorageFaults& faults) const { storage->set_faults(faults); }

  std::mt19937_64 generator;
  proto::TimePoint now = *proto::parse_datetime("2008-11-26 09:00:00");
  std::shared_ptr<Storage> storage;
};

void create_table(Store& store) {
  store.open_database(5);
  store.write(5, "CREATE TABLE t(n INTEGER PRIMARY KEY, body BLOB)", {});
  store.flush();
}

void insert(Store& store, std::int64_t n) {
  store.write(5, "INSERT INTO t VALUES (?1, ?2)",
              {n, proto::Bytes(300, static_cast<std::uint8_t>(n))});
  store.flush();
}

std::string rows_after_restart(const Machine& machine) {
  Store store(kFolder, machine.options());
  store.open_database(5);
  return accepted(store, 5, "SELECT group_concat(n, '') FROM (SELECT n FROM t ORDER BY n)");
}

// ---------------------------------------------------------------- no fault

TEST(StorageTest, AStoreSurvivesACleanCloseAndAReopen) {
  Machine machine(1);
  {
    Store store(kFolder, machine.options());
    create_table(store);
    insert(store, 1);
    EXPECT_THAT(store.database_files(), testing::ElementsAre(5));
  }

  EXPECT_EQ(rows_after_restart(machine), "1");
  EXPECT_THAT(machine.storage->files(),
              testing::ElementsAre(kDatabaseFile, kLogFile, "/node/instance.ssb",
                                   "/node/instance.ssb-records0", "/node/instance.ssb-records1",
                                   "/node/instance.ssb-records2", "/node/instance.ssb-records3",
                                   "/node/instance.ssb-wal"));
}

TEST(StorageTest, AFolderHasOneStoreAtATime) {
  Machine machine(1);
  const Store store(kFolder, machine.options());

  try {
    const Store second(kFolder, machine.options());
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_STREQ(failure.what(), "folder /node is in use by another instance");
  }
}

TEST(StorageTest, TwoDisksDoNotShareTheirFiles) {
  Machine one(1);
  Machine other(2);
  Store store(kFolder, one.options());
  create_table(store);
  insert(store, 1);
  Store second(kFolder, other.options());
  create_table(second);
  insert(second, 2);

  EXPECT_EQ(accepted(store, 5, "SELECT n FROM t"), "1");
  EXPECT_EQ(accepted(second, 5, "SELECT n FROM t"), "2");
}

TEST(StorageTest, SqlsClockIsTheVirtualOne) {
  Machine machine(1);
  Store store(kFolder, machine.options());
  store.open_database(5);

  EXPECT_EQ(accepted(store, 5, "SELECT datetime('now')"), "2008-11-26 09:00:00");
  machine.now += std::chrono::hours(3);
  EXPECT_EQ(accepted(store, 5, "SELECT datetime('now')"), "2008-11-26 12:00:00");
}

TEST(StorageTest, TheCountersOfTheFilesAddUp) {
  Machine machine(1);
  Store store(kFolder, machine.options());
  create_table(store);
  const StorageCounters before = machine.storage->counters(kLogFile);
  insert(store, 1);
  const StorageCounters after = machine.storage->counters(kLogFile);

  EXPECT_EQ(after.syncs, before.syncs + 1);  // one sync a commit: docs/store.md
  EXPECT_GE(after.bytes_written, before.bytes_written + kPageBytes);
  StorageCounters sum = machine.storage->counters(kFolder);
  const StorageCounters root = machine.storage->counters("/");
  EXPECT_EQ(root.syncs, 1U);
  sum.syncs += root.syncs;
  for (const char* suffix : {"", "-wal", "-journal"}) {
    for (const char* name : {"/node/5.ssb", "/node/instance.ssb"}) {
      const StorageCounters counters = machine.storage->counters(std::string(name) + suffix);
      sum.writes += counters.writes;
      sum.syncs += counters.syncs;
      sum.bytes_written += counters.bytes_written;
    }
  }
  EXPECT_EQ(sum.writes, machine.storage->counters().writes);
  EXPECT_EQ(sum.syncs, machine.storage->counters().syncs);
  EXPECT_EQ(sum.bytes_written, machine.storage->counters().bytes_written);
}

// ---------------------------------------------------------------- crashes

// Loses power at every step of a workload over two databases, one after the other, and at another
// one of the recovery; returns how many steps there are.
std::uint64_t crash_everywhere(std::uint64_t seed, Storage::Step step, bool tears) {
  for (std::uint64_t n = 1;; ++n) {
    Machine machine(seed * 1'000'003 + n);
    machine.set_faults({.tears_writes = tears});
    CrashWorkload workload(/*databases=*/2, /*batches=*/3);
    machine.storage->fail_at(step, n);
    bool has_stopped = false;
    try {
      Store store(kFolder, machine.options());
      workload.open(store);
      workload.run(store);
      store.checkpoint();
    } catch (const StoreFailure&) {
      has_stopped = true;
    }
    EXPECT_EQ(has_stopped, machine.storage->has_failed()) << "step " << n;
    if (!has_stopped) return n - 1;
    machine.lose_power();
    machine.storage->fail_at(Storage::Step::any, 1 + machine.generator() % 30);
    try {
      Store store(kFolder, machine.options());
      workload.open(store);
    } catch (const StoreFailure&) {
      machine.lose_power();
    }
    machine.storage->fail_at(Storage::Step::any, 0);
    Store store(kFolder, machine.options());
    workload.open(store);
    workload.check(store);
    if (!::testing::Test::HasFatalFailure()) workload.run(store);
    if (!::testing::Test::HasFailure()) continue;
    ADD_FAILURE() << "seed " << seed << ", step " << n;
    return n;
  }
}

TEST(StorageCrashTest, ALossOfPowerAtAnyStepLeavesWholeBatchesAndEveryAcknowledgedOne) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_GT(crash_everywhere(seed, Storage::Step::any, /*tears=*/false), 100U);
    if (HasFailure()) return;
  }
}

TEST(StorageCrashTest, TornWritesAreNoticedAndLeaveWholeBatches) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_GT(crash_everywhere(seed, Storage::Step::write, /*tears=*/true), 70U);
    if (HasFailure()) return;
  }
}

TEST(StorageCrashTest, AFailingSyncLeavesWholeBatches) {
  EXPECT_GT(crash_everywhere(1, Storage::Step::sync, /*tears=*/false), 20U);
}

// How many of 30 disks lost something that was acknowledged.
int disks_with_loss(std::uint32_t lying_syncs, bool flushed) {
  int losses = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Machine machine(seed);
    machine.set_faults({.lying_syncs = lying_syncs});
    {
      StoreOptions options = machine.options();
      options.flushed = flushed;
      Store store(kFolder, std::move(options));
      create_table(store);
      for (std::int64_t n = 1; n <= 5; ++n) insert(store, n);
    }
    EXPECT_EQ(machine.storage->counters().lied_syncs > 0, lying_syncs > 0);
    machine.lose_power();
    try {
      losses += rows_after_restart(machine) == "12345" ? 0 : 1;
    } catch (const StoreFailure&) {
      ++losses;
    }
  }
  return losses;
}

TEST(StorageCrashTest, ADiskThatLiesAboutSyncsLosesWhatWasAcknowledged) {
  EXPECT_EQ(disks_with_loss(/*lying_syncs=*/0, /*flushed=*/true), 0);
  EXPECT_GT(disks_with_loss(/*lying_syncs=*/1000, /*flushed=*/true), 15);
  EXPECT_GT(disks_with_loss(/*lying_syncs=*/300, /*flushed=*/true), 0);
}

TEST(StorageCrashTest, AStoreThatDoesNotSyncLosesWhatWasAccepted) {
  EXPECT_GT(disks_with_loss(/*lying_syncs=*/0, /*flushed=*/false), 15);
}

TEST(StorageCrashTest, AKilledProcessLosesNothingThatWasWritten) {
  Machine machine(1);
  StoreOptions unflushed = machine.options();
  unflushed.flushed = false;
  Store store(kFolder, unflushed);
  create_table(store);
  insert(store, 1);

  machine.storage->kill();

  EXPECT_EQ(rows_after_restart(machine), "1");
}

TEST(StorageCrashTest, WhatADeadStoreStillDoesReachesNothing) {
  Machine machine(1);
  auto dead = std::make_unique<Store>(kFolder, machine.options());
  create_table(*dead);
  insert(*dead, 1);
  dead->write(5, "INSERT INTO t VALUES (2, NULL)", {});

  machine.lose_power();
  Store store(kFolder, machine.options());
  store.open_database(5);
  const auto fingerprint = machine.storage->fingerprint();

  EXPECT_THROW(dead->flush(), StoreFailure);
  EXPECT_THROW(dead->drop_database(5), StoreFailure);
  dead.reset();
  EXPECT_EQ(machine.storage->fingerprint(), fingerprint);
  EXPECT_EQ(accepted(store, 5, "SELECT n FROM t"), "1");
  EXPECT_THROW(Store(kFolder, machine.options()), StoreFailure);  // the lock is the new one's
}

TEST(StorageCrashTest, ADroppedDatabaseDoesNotComeBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Machine machine(seed);
    {
      Store store(kFolder, machine.options());
      create_table(store);
      store.drop_database(5);
    }
    machine.lose_power();

    EXPECT_TRUE(Store(kFolder, machine.options()).database_files().empty());
  }
}

// ---------------------------------------------------------------- failing operations

TEST(StorageFaultTest, ALastingFailureHoldsUntilTheDiskIsRevived) {
  Machine machine(1);
  {
    Store store(kFolder, machine.options());
    create_table(store);
    machine.storage->fail_at(Storage::Step::write, 2);
    EXPECT_FALSE(machine.storage->has_failed());
    EXPECT_THROW(insert(store, 1), StoreFailure);
  }
  EXPECT_TRUE(machine.storage->has_failed());
  EXPECT_THROW(rows_after_restart(machine), StoreFailure);

  machine.storage->revive();

  EXPECT_EQ(rows_after_restart(machine), "null");
}

TEST(StorageFaultTest, APassingFailureStopsTheStoreAndNotTheDisk) {
  for (const Storage::Step step : {Storage::Step::write, Storage::Step::sync}) {
    Machine machine(1);
    {
      Store store(kFolder, machine.options());
      create_table(store);
      insert(store, 1);
      machine.storage->fail_at(step, 1, Storage::Failure::passing);
      EXPECT_THROW(insert(store, 2), StoreFailure);
      EXPECT_THROW(insert(store, 3), StoreFailure);
    }
    EXPECT_TRUE(machine.storage->has_failed());

    const std::string rows = rows_after_restart(machine);
    EXPECT_TRUE(rows == "1" || rows == "12") << rows;
  }
}

TEST(StorageFaultTest, AFullDiskIsAFailureAndTheStoreIsIntactOnceThereIsRoom) {
  Machine machine(1);
  std::int64_t acknowledged = 0;
  {
    Store store(kFolder, machine.options());
    create_table(store);
    machine.set_faults({.capacity_bytes = machine.storage->used_bytes() + 100'000});
    try {
      for (; acknowledged < 1000; ++acknowledged) insert(store, acknowledged + 1);
      FAIL();
    } catch (const StoreFailure& failure) {
      EXPECT_STREQ(failure.what(), "database 5: database or disk is full");
    }
  }
  EXPECT_GT(acknowledged, 5);
  EXPECT_LE(machine.storage->used_bytes(), machine.storage->faults().capacity_bytes);

  machine.set_faults({});

  Store store(kFolder, machine.options());
  store.open_database(5);
  EXPECT_EQ(accepted(store, 5, "SELECT count(*), max(n) FROM t"),
            std::to_string(acknowledged) + "," + std::to_string(acknowledged));
  EXPECT_EQ(accepted(store, 5, "PRAGMA integrity_check"), "ok");
  insert(store, 1000);
}

TEST(StorageFaultTest, ASlowDiskTakesVirtualTime) {
  Machine machine(1);
  Store store(kFolder, machine.options());
  create_table(store);
  EXPECT_EQ(machine.storage->take_delay().count(), 0);
  machine.set_faults(
      {.write_delay = std::chrono::milliseconds(1), .sync_delay = std::chrono::milliseconds(10)});
  const StorageCounters before = machine.storage->counters();
  insert(store, 1);
  const StorageCounters after = machine.storage->counters();

  const auto writes = static_cast<std::int64_t>(after.writes - before.writes);
  EXPECT_GT(writes, 0);
  EXPECT_EQ(machine.storage->take_delay(), std::chrono::milliseconds(writes + 10));
  EXPECT_EQ(machine.storage->take_delay().count(), 0);
}

TEST(StorageFaultTest, AFailureThatPassesLeavesTheLastingOneArmed) {
  Machine machine(1);
  Store store(kFolder, machine.options());
  create_table(store);
  machine.storage->fail_at(Storage::Step::any, 1000);
  machine.storage->fail_at(Storage::Step::write, 1, Storage::Failure::passing);

  EXPECT_THROW(insert(store, 1), StoreFailure);

  EXPECT_EQ(machine.storage->steps_until(Storage::Failure::passing), 0U);
  const std::uint64_t left = machine.storage->steps_until(Storage::Failure::lasting);
  EXPECT_GT(left, 0U);
  EXPECT_LT(left, 1000U);
}

TEST(StorageFaultTest, AReadThatFailsStopsTheStoreOnce) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    Machine machine(1);
    std::vector<std::string> probes;
    machine.storage->probe = [&](const char* name) { probes.emplace_back(name); };
    {
      Store store(kFolder, machine.options());
      create_table(store);
      insert(store, 1);
    }
    machine.storage->fail_at(Storage::Step::read, n, Storage::Failure::passing);

    EXPECT_THROW(rows_after_restart(machine), StoreFailure) << n;
    EXPECT_THAT(probes, ElementsAre("storage.read_failed"));
    EXPECT_EQ(rows_after_restart(machine), "1") << n;
  }
}

TEST(StorageFaultTest, AnUnreadableFileIsThereAgainOnceItCanBeRead) {
  Machine machine(1);
  {
    Store store(kFolder, machine.options());
    create_table(store);
    insert(store, 1);
  }
  for (const char* file : {kDatabaseFile, ""}) {
    machine.set_faults({.unreadable = file});
    EXPECT_THROW(rows_after_restart(machine), StoreFailure) << file;
    machine.set_faults({});
    EXPECT_EQ(rows_after_restart(machine), "1") << file;
  }
  machine.set_faults({.unreadable = "/node/6.ssb"});
  EXPECT_EQ(rows_after_restart(machine), "1");
}

TEST(StorageFaultTest, AMisdirectedWriteIsReportedDoneAndIsNotWhereItBelongs) {
  int losses = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Machine machine(seed);
    int misdirected = 0;
    machine.storage->probe = [&](const char* name) {
      if (std::string_view(name) == "storage.misdirected") ++misdirected;
    };
    {
      Store store(kFolder, machine.options());
      create_table(store);
      insert(store, 1);
      machine.storage->misdirect_at(1);
      insert(store, 2);
      EXPECT_EQ(misdirected, 1);
    }
    machine.lose_power();
    try {
      losses += rows_after_restart(machine) == "12" ? 0 : 1;
    } catch (const StoreFailure&) {
      ++losses;
    }
  }
  EXPECT_GT(losses, 5);
}

// ---------------------------------------------------------------- bit rot

// A database whose pages are all in its file, and none in a log.
void fill_and_checkpoint(const Machine& machine) {
  Store store(kFolder, machine.options());
  create_table(store);
  for (std::int64_t n = 1; n <= 100; ++n) {
    store.write(5, "INSERT INTO t VALUES (?1, ?2)",
                {n, proto::Bytes(300, static_cast<std::uint8_t>(n))});
  }
  store.flush();
  store.checkpoint();
}

// All that the database says of itself; what it reports as damaged starts with "damaged".
std::string state_of(const Machine& machine) {
  try {
    Store store(kFolder, machine.options());
    store.open_database(5);
    const std::string integrity = accepted(store, 5, "PRAGMA integrity_check");
    if (integrity != "ok") return "damaged: " + integrity;
    return accepted(store, 5, "SELECT n, hex(body) FROM t ORDER BY n");
  } catch (const StoreFailure& failure) {
    return std::string("damaged: ") + failure.what();
  }
}

std::string state_with_rot(std::uint64_t offset, std::uint8_t mask) {
  Machine machine(1);
  fill_and_checkpoint(machine);
  EXPECT_TRUE(machine.storage->rot(kDatabaseFile, offset, mask));
  return state_of(machine);
}

TEST(StorageRotTest, ADrawnPlaceIsOneBitOfWhatIsDurable) {
  Machine machine(1);
  EXPECT_FALSE(machine.storage->rot_anywhere());
  fill_and_checkpoint(machine);
  int rotted = 0;
  machine.storage->probe = [&](const char* name) {
    if (std::string_view(name) == "storage.rotted") ++rotted;
  };

  std::set<broker::crypto::Sha256Digest> seen = {machine.storage->fingerprint()};
  constexpr int kTimes = 20;
  for (int i = 0; i < kTimes; ++i) {
    EXPECT_TRUE(machine.storage->rot_anywhere());
    seen.insert(machine.storage->fingerprint());
  }

  EXPECT_EQ(rotted, kTimes);
  EXPECT_EQ(seen.size(), kTimes + 1U);
}

TEST(StorageRotTest, RotInTheStructureOfAPageIsReported) {
  Machine machine(1);
  fill_and_checkpoint(machine);
  const std::uint64_t size = machine.storage->size(kDatabaseFile);
  ASSERT_GE(size, 5 * kPageBytes);

  for (std::uint64_t page = 0; page < size; page += kPageBytes) {
    // The first page starts with the header of the file. Then: the kind of the page, how many cells
    // it has, and where they start (https://sqlite.org/fileformat.html, 1.6).
    const std::uint64_t header = page == 0 ? 100 : page;
    for (const std::uint64_t byte : {0U, 3U, 4U, 5U, 6U, 8U, 9U}) {
      EXPECT_THAT(state_with_rot(header + byte, 0x40), HasSubstr("damaged"))
          << "page " << page / kPageBytes << " byte " << byte;
    }
  }
  EXPECT_THAT(state_with_rot(0, 0x01), HasSubstr("not a database"));
}

TEST(StorageRotTest, RotAnywhereIsReportedOrChangesOneValue) {
  Machine machine(1);
  fill_and_checkpoint(machine);
  const std::string healthy = state_of(machine);
  const std::uint64_t size = machine.storage->size(kDatabaseFile);
  int reported = 0;
  int silent = 0;
  for (std::uint64_t offset = 37; offset < size; offset += 211) {
    const std::string state = state_with_rot(offset, 0x10);
    if (state.starts_with("damaged")) {
      ++reported;
    } else if (state != healthy) {
      // SQLite has no checksums in its pages: of a byte within a value it cannot tell.
      ++silent;
      ASSERT_EQ(state.size(), healthy.size());
      int different = 0;
      for (std::size_t i = 0; i < state.size(); ++i) different += state[i] == healthy[i] ? 0 : 1;
      EXPECT_EQ(different, 1) << "offset " << offset;
    }
  }

  EXPECT_GT(reported, 0);
  EXPECT_GT(silent, 0);
  RecordProperty("reported", reported);
  RecordProperty("silent", silent);
}

TEST(StorageRotTest, RotInTheInstancesFileIsReportedOrHarmless) {
  Machine machine(1);
  fill_and_checkpoint(machine);
  const std::string healthy = state_of(machine);
  const std::string file = std::string(kFolder) + "/instance.ssb";
  int reported = 0;
  for (std::uint64_t offset = 3; offset < machine.storage->size(file); offset += 61) {
    Machine rotten(1);
    fill_and_checkpoint(rotten);
    ASSERT_TRUE(rotten.storage->rot(file, offset, 0x10));
    const std::string state = state_of(rotten);
    const bool is_reported = state.starts_with("damaged");
    reported += is_reported ? 1 : 0;
    EXPECT_TRUE(is_reported || state == healthy) << "offset " << offset;
  }

  EXPECT_GT(reported, 0);
}

TEST(StorageRotTest, RotInALogLeavesTheCommitsBeforeIt) {
  const std::string all = "123456789";
  std::set<std::string> seen;
  for (std::uint64_t offset = 0;; offset += 997) {
    Machine machine(1);
    {
      Store store(kFolder, machine.options());
      create_table(store);
      store.checkpoint();
      for (std::int64_t n = 1; n <= 9; ++n) insert(store, n);
    }
    if (!machine.storage->rot(kLogFile, offset, 0x01)) break;
    const std::string rows = rows_after_restart(machine);
    if (rows == "null") continue;
    EXPECT_TRUE(all.starts_with(rows)) << rows;
    seen.insert(rows);
  }

  EXPECT_GE(seen.size(), 8U);
  EXPECT_FALSE(Machine(1).storage->rot(kLogFile, 0, 1));
}

// ---------------------------------------------------------------- determinism

// What all faults together leave of a workload.
std::string trace_of(std::uint64_t seed) {
  Machine machine(seed);
  machine.set_faults({.lying_syncs = 100, .tears_writes = true});
  std::string trace;
  for (std::uint64_t n = 20; n < 200; n += 20) {
    machine.storage->fail_at(Storage::Step::any, n);
    CrashWorkload workload(/*databases=*/2, /*batches=*/3);
    try {
      Store store(kFolder, machine.options());
      workload.open(store);
      workload.run(store);
    } catch (const StoreFailure& failure) {
      trace += failure.what();
    } catch (const std::runtime_error& failure) {
      trace += failure.what();  // the workload starts anew on what is there already
    }
    trace += proto::to_hex(machine.storage->fingerprint()) + "\n";
    machine.lose_power();
    trace += proto::to_hex(machine.storage->fingerprint()) + "\n";
  }
  return trace;
}

TEST(StorageDeterminismTest, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const std::string first = trace_of(1);
  std::uint64_t elsewhere = 0;
  sqlite3_randomness(sizeof elsewhere, &elsewhere);  // as a store on the machine's disk would

  EXPECT_EQ(trace_of(1), first);
  EXPECT_NE(trace_of(2), first);
}

TEST(StorageDeterminismTest, TheFingerprintKnowsTheSeedWithoutAnyFault) {
  const auto fingerprint = [](std::uint64_t seed) {
    Machine machine(seed);
    Store store(kFolder, machine.options());
    create_table(store);
    return proto::to_hex(machine.storage->fingerprint());
  };

  EXPECT_EQ(fingerprint(1), fingerprint(1));
  EXPECT_NE(fingerprint(1), fingerprint(2));
}

TEST(StorageDeterminismTest, WithTheLastStorageSqliteGoesBackToTheSystemsRandomness) {
  const auto number_after_a_storage = [] {
    { const Machine machine(1); }
    std::uint64_t number = 0;
    sqlite3_randomness(sizeof number, &number);
    return number;
  };

  EXPECT_NE(number_after_a_storage(), number_after_a_storage());
}

}  // namespace
}  // namespace ssb::sim
