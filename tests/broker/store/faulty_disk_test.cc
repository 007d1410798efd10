#include "tests/broker/store/faulty_disk.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/broker/store/crash_workload.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {

struct FaultyDisk::File : sqlite3_file {
  FaultyDisk* disk;
  Image* image;  // none for temporary files
  sqlite3_file* real;
};

namespace {

FaultyDisk::File& of(sqlite3_file* file) {
  return *static_cast<FaultyDisk::File*>(file);
}

std::string content_of(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

// Version 1: without shared memory, which a store with exclusive locking does not use.
const sqlite3_io_methods FaultyDisk::kMethods = {
    .iVersion = 1,
    .xClose = &FaultyDisk::close,
    .xRead = &FaultyDisk::read,
    .xWrite = &FaultyDisk::write,
    .xTruncate = &FaultyDisk::truncate,
    .xSync = &FaultyDisk::sync,
    .xFileSize = &FaultyDisk::size,
    .xLock = [](sqlite3_file* file,
                int level) { return of(file).real->pMethods->xLock(of(file).real, level); },
    .xUnlock = [](sqlite3_file* file,
                  int level) { return of(file).real->pMethods->xUnlock(of(file).real, level); },
    .xCheckReservedLock =
        [](sqlite3_file* file, int* result) {
          return of(file).real->pMethods->xCheckReservedLock(of(file).real, result);
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return 4096; },
    .xDeviceCharacteristics = [](sqlite3_file*) { return 0; },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "faulty_disk";
  vfs_.pAppData = this;
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.xOpen = &FaultyDisk::open;
  vfs_.xDelete = &FaultyDisk::remove;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyDisk::arm(Fault fault, std::uint64_t at) {
  fault_ = fault;
  fails_at_ = at;
  operations_ = 0;
  has_failed_ = false;
}

int FaultyDisk::next_operation(bool is_write) {
  ++operations_;
  if (fault_ == Fault::none || operations_ < fails_at_) return SQLITE_OK;
  if (fault_ == Fault::disk_full && !is_write) return SQLITE_OK;
  has_failed_ = true;
  return fault_ == Fault::disk_full ? SQLITE_FULL : SQLITE_IOERR;
}

void FaultyDisk::apply(const Write& write, std::string& content) {
  const auto offset = static_cast<std::size_t>(write.offset);
  if (write.is_truncation) return content.resize(offset);
  if (content.size() < offset + write.bytes.size()) content.resize(offset + write.bytes.size());
  content.replace(offset, write.bytes.size(), write.bytes);
}

void FaultyDisk::restart(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (auto& [name, image] : images_) {
    if (!std::filesystem::exists(name)) continue;
    for (const Write& write : image.pending) {
      if (random() % 2 == 0) apply(write, image.durable);
    }
    image.pending.clear();
    std::ofstream(name, std::ios::binary | std::ios::trunc) << image.durable;
  }
  images_.clear();
  arm(Fault::none, 0);
}

int FaultyDisk::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
  auto* opened = new (file) File();
  opened->disk = disk;
  opened->image = nullptr;
  opened->real = reinterpret_cast<sqlite3_file*>(opened + 1);
  if (name != nullptr) {
    const auto [position, is_new] = disk->images_.try_emplace(name);
    if (is_new) position->second.durable = content_of(name);
    opened->image = &position->second;
  }
  const int code = disk->real_->xOpen(disk->real_, name, opened->real, flags, out);
  opened->pMethods = opened->real->pMethods == nullptr ? nullptr : &kMethods;
  return code;
}

int FaultyDisk::remove(sqlite3_vfs* vfs, const char* name, int /*sync*/) {
  auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
  if (disk->next_operation(false) != SQLITE_OK) return SQLITE_IOERR_DELETE;
  disk->images_.erase(name);
  return disk->real_->xDelete(disk->real_, name, 0);
}

int FaultyDisk::close(sqlite3_file* file) {
  return of(file).real->pMethods->xClose(of(file).real);
}

int FaultyDisk::read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return of(file).real->pMethods->xRead(of(file).real, to, size, offset);
}

int FaultyDisk::write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const int code = of(file).disk->next_operation(true);
  if (code != SQLITE_OK) return code == SQLITE_IOERR ? SQLITE_IOERR_WRITE : code;
  if (of(file).image != nullptr) {
    of(file).image->pending.push_back(
        {false, offset,
         std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
  }
  return of(file).real->pMethods->xWrite(of(file).real, from, size, offset);
}

int FaultyDisk::truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (of(file).disk->next_operation(false) != SQLITE_OK) return SQLITE_IOERR_TRUNCATE;
  if (of(file).image != nullptr) of(file).image->pending.push_back({true, size, {}});
  return of(file).real->pMethods->xTruncate(of(file).real, size);
}

int FaultyDisk::sync(sqlite3_file* file, int /*flags*/) {
  if (of(file).disk->next_operation(false) != SQLITE_OK) return SQLITE_IOERR_FSYNC;
  if (of(file).image == nullptr) return SQLITE_OK;
  for (const Write& write : of(file).image->pending) apply(write, of(file).image->durable);
  of(file).image->pending.clear();
  return SQLITE_OK;
}

int FaultyDisk::size(sqlite3_file* file, sqlite3_int64* size) {
  return of(file).real->pMethods->xFileSize(of(file).real, size);
}

namespace {

// Lets the disk fail at every operation of the workload, one after the other; returns their number.
std::uint64_t fail_everywhere(Fault fault) {
  FaultyDisk disk;
  for (std::uint64_t at = 1;; ++at) {
    const TemporaryFolder folder;
    CrashWorkload workload(/*databases=*/3, /*batches=*/3);
    disk.arm(fault, at);
    bool has_stopped = false;
    try {
      Store store(folder.path(), {});
      workload.open(store);
      workload.run(store);
      store.checkpoint();
    } catch (const StoreFailure&) {
      has_stopped = true;
    }
    if (disk.operations() < at) return at - 1;
    EXPECT_EQ(has_stopped, disk.has_failed()) << "operation " << at;
    // A full disk keeps what was written; only a loss of power forgets.
    if (fault == Fault::power_loss) disk.restart(/*seed=*/at);
    disk.arm(Fault::none, 0);
    Store store(folder.path(), {});
    workload.open(store);
    workload.check(store);
    if (!::testing::Test::HasFatalFailure()) workload.run(store);
    if (!::testing::Test::HasFailure()) continue;
    ADD_FAILURE() << "operation " << at;
    return at;
  }
}

TEST(StoreFaultyDiskTest, ALossOfPowerAtAnyWriteLeavesWholeBatchesAndEveryAcknowledgedOne) {
  EXPECT_GT(fail_everywhere(Fault::power_loss), 100U);
}

TEST(StoreFaultyDiskTest, ADiskThatFillsUpAtAnyWriteStopsTheStoreAndLeavesWholeBatches) {
  EXPECT_GT(fail_everywhere(Fault::disk_full), 100U);
}

// Flushes of 16 MiB each, which fill all files of the journal, and one record that lasts.
class LongFlow {
 public:
  static constexpr int kFlushes = 10;
  void run(Store& store) {
    store.open_database(5);
    store.open_records(5, "note");
    store.flush();
    put(store, "lasting", 100, 1);
    store.flush();
    for (int flush = 1; flush <= kFlushes; ++flush) {
      put(store, "changing", std::size_t{16} << 20, static_cast<std::uint8_t>(flush));
      put(store, "also lasting", 100, static_cast<std::uint8_t>(flush));
      store.flush();
      acknowledged_ = flush;
    }
  }
  void check(Store& store) const {
    store.open_database(5);
    store.open_records(5, "note");
    const auto lasting = store.record(5, "note", proto::to_bytes("lasting"));
    const auto changing = store.record(5, "note", proto::to_bytes("changing"));
    const auto also = store.record(5, "note", proto::to_bytes("also lasting"));
    ASSERT_TRUE(lasting && changing && also);
    EXPECT_EQ(*lasting, proto::Bytes(100, 1));
    EXPECT_TRUE(changing->at(0) == acknowledged_ || changing->at(0) == acknowledged_ + 1);
    EXPECT_EQ(changing->at(0), also->at(0));
    EXPECT_EQ(*changing, proto::Bytes(std::size_t{16} << 20, changing->at(0)));
  }

 private:
  static void put(Store& store, std::string_view key, std::size_t bytes, std::uint8_t value) {
    store.put_record(5, "note", proto::to_bytes(key),
                     std::make_shared<const proto::Bytes>(bytes, value));
  }
  int acknowledged_ = 0;
};

TEST(StoreFaultyDiskTest, ALossOfPowerWhileTheJournalChangesItsFilesLosesNothing) {
  FaultyDisk disk;
  std::vector<std::uint64_t> folds;  // operations at which one begins
  {
    const TemporaryFolder folder;
    StoreOptions options;
    options.on_step = [&](std::string_view step) {
      if (step == "database 5" && disk.operations() > 1000) folds.push_back(disk.operations());
    };
    disk.arm(Fault::none, 0);
    Store store(folder.path(), options);
    LongFlow flow;
    flow.run(store);
    flow.check(store);
  }
  ASSERT_EQ(folds.size(), 1U);
  // Each costs 150 MB: some of the operations before, in and after the fold.
  for (std::uint64_t at = folds[0] - 1; at < folds[0] + 14; at += 5) {
    const TemporaryFolder folder;
    LongFlow flow;
    disk.restart(at);
    disk.arm(Fault::power_loss, at);
    try {
      Store store(folder.path(), {});
      flow.run(store);
    } catch (const StoreFailure&) {
    }
    ASSERT_TRUE(disk.has_failed()) << at;
    disk.restart(at);
    Store store(folder.path(), {});
    flow.check(store);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "operation " << at;
  }
}

TEST(StoreFaultyDiskTest, AFullDiskIsAFailureThatNamesTheDatabaseAndTheReason) {
  FaultyDisk disk;
  const TemporaryFolder folder;
  Store store(folder.path(), {});
  store.open_database(5);
  store.write(5, "CREATE TABLE t(n)", {});

  disk.arm(Fault::disk_full, 1);

  try {
    store.flush();
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_STREQ(failure.what(), "database 5: database or disk is full");
  }
  EXPECT_THROW(store.write(5, "DELETE FROM t", {}), StoreFailure);
}

// The test of the disk itself: it does harm where a store does not sync.
TEST(StoreFaultyDiskTest, ALossOfPowerForgetsWhatWasNotSynced) {
  FaultyDisk disk;
  StoreOptions unflushed;
  unflushed.flushed = false;
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const TemporaryFolder folder;
    {
      Store store(folder.path(), unflushed);
      store.open_database(5);
      store.write(5, "CREATE TABLE t(n)", {});
      store.flush();
    }
    disk.restart(seed);
    try {
      Store store(folder.path(), unflushed);
      store.open_database(5);
      lost += accepted(store, 5, "SELECT count(*) FROM t") == "0" ? 0 : 1;
    } catch (const StoreFailure&) {
      ++lost;
    }
  }

  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace ssb::broker::store
