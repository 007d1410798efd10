#include "broker/store/counting_disk.h"

#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

class CountingDiskTest : public testing::Test {
 protected:
  [[nodiscard]] StoreOptions options(bool flushed) {
    StoreOptions out;
    out.flushed = flushed;
    out.disk = make_counting_disk(counts_);
    return out;
  }
  void write(Store& store, int rows) {
    for (int i = 0; i < rows; ++i)
      store.write(kSales, "INSERT INTO orders VALUES (?1)", {std::int64_t{i}});
  }

  TemporaryFolder folder_;
  DiskCounts counts_;
};

TEST_F(CountingDiskTest, AFlushIsOneSyncHoweverMuchIsInIt) {
  Store store(folder_.path(), options(true));
  store.open_database(kSales);
  store.write(kSales, "CREATE TABLE orders(id)", {});
  store.flush();
  for (const int rows : {1, 500}) {
    write(store, rows);
    const std::uint64_t before = counts_.syncs;

    store.flush();

    EXPECT_EQ(counts_.syncs - before, 1U) << rows;
  }
}

TEST_F(CountingDiskTest, BytesAreThoseOfTheWriteAheadLogAndTheFiles) {
  Store store(folder_.path(), options(true));
  store.open_database(kSales);
  store.write(kSales, "CREATE TABLE orders(id)", {});
  store.flush();
  const std::uint64_t before = counts_.bytes_written;

  store.write(kSales, "INSERT INTO orders VALUES (zeroblob(100000))", {});
  store.flush();

  EXPECT_GE(counts_.bytes_written - before, 100'000U);
  EXPECT_LE(counts_.bytes_written - before, 200'000U);
  EXPECT_GT(counts_.writes, 0U);
}

TEST_F(CountingDiskTest, WhatIsNotFlushedIsWrittenAndNotSynced) {
  Store store(folder_.path(), options(false));
  store.open_database(kSales);
  store.write(kSales, "CREATE TABLE orders(id)", {});
  store.flush();
  const DiskCounts before = counts_;

  write(store, 10);
  store.flush();

  EXPECT_EQ(counts_.syncs, before.syncs);
  EXPECT_GT(counts_.bytes_written, before.bytes_written);
}

TEST_F(CountingDiskTest, TwoStoresAtOnceAreCountedEachByItself) {
  DiskCounts other_counts;
  const TemporaryFolder other_folder;
  StoreOptions other_options;
  other_options.disk = make_counting_disk(other_counts);
  Store store(folder_.path(), options(true));
  Store other(other_folder.path(), other_options);
  store.open_database(kSales);
  store.write(kSales, "CREATE TABLE orders(id)", {});
  store.flush();
  const std::uint64_t before = other_counts.bytes_written;

  write(store, 10);
  store.flush();

  EXPECT_EQ(other_counts.bytes_written, before);
}

TEST_F(CountingDiskTest, WhatWasWrittenIsThereForAStoreWithoutIt) {
  {
    Store store(folder_.path(), options(true));
    store.open_database(kSales);
    store.write(kSales, "CREATE TABLE orders(id)", {});
    write(store, 3);
    store.flush();
    store.checkpoint();
  }

  Store store(folder_.path(), {});
  store.open_database(kSales);

  EXPECT_EQ(accepted(store, kSales, "SELECT COUNT(*) FROM orders"), "3");
  EXPECT_GT(counts_.reads, 0U);
}

TEST_F(CountingDiskTest, AFolderInUseIsRefusedAsWithoutIt) {
  const Store store(folder_.path(), options(true));

  EXPECT_THROW(Store(folder_.path(), options(true)), StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::store
