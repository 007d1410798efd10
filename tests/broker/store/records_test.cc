// Records and the journal that their flushes go to: what is there after which end, and what SQLite gets.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/store/journal.h"
#include "broker/store/store.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

using testing::ElementsAre;

constexpr DatabaseId kOther = 6;
constexpr std::string_view kTable = "note";
constexpr std::size_t kMiB = std::size_t{1} << 20;

class StoreRecordsTest : public testing::Test {
 protected:
  StoreRecordsTest() { open(); }
  void open() {
    store_.reset();
    StoreOptions options;
    options.on_step = [this](std::string_view step) { steps_.emplace_back(step); };
    store_ = std::make_unique<Store>(folder_.path(), options);
    for (const DatabaseId id : {kSales, kOther}) {
      store_->open_database(id);
      store_->open_records(id, kTable);
    }
    store_->flush();
    steps_.clear();
  }
  void put(std::string_view key, std::string_view value, DatabaseId id = kSales) {
    store_->put_record(id, kTable, proto::to_bytes(key),
                       std::make_shared<const proto::Bytes>(proto::to_bytes(value)));
  }
  void erase(std::string_view key, DatabaseId id = kSales) {
    store_->erase_record(id, kTable, proto::to_bytes(key));
  }
  std::string all(DatabaseId id = kSales) {
    std::string out;
    for (const auto& [key, value] : store_->records(id, kTable)) {
      out += proto::to_string(key) + "=" + proto::to_string(*value) + " ";
      EXPECT_EQ(*store_->record(id, kTable, key), *value);
    }
    return out;
  }
  std::string in_sqlite() { return accepted(*store_, kSales, "SELECT count(*) FROM note"); }
  std::string journal() const { return (folder_.path() / "instance.ssb-records0").string(); }

  TemporaryFolder folder_;
  std::vector<std::string> steps_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreRecordsTest, AFlushOfRecordsAloneIsOneStepAndComesBackWithoutSqlite) {
  put("a", "1");
  put("b", "2", kOther);
  store_->flush();
  put("a", "3");
  put("c", "4");
  store_->flush();

  EXPECT_THAT(steps_, ElementsAre("journal", "journal"));
  EXPECT_EQ(in_sqlite(), "0");
  open();
  EXPECT_EQ(all(), "a=3 c=4 ");
  EXPECT_EQ(all(kOther), "b=2 ");
  EXPECT_EQ(in_sqlite(), "0");
}

TEST_F(StoreRecordsTest, WhatWasNotFlushedIsGone) {
  put("a", "1");
  store_->flush();
  put("a", "2");
  erase("b");
  EXPECT_TRUE(store_->has_unflushed());

  open();

  EXPECT_EQ(all(), "a=1 ");
}

TEST_F(StoreRecordsTest, AFlushOfAWriteFoldsTheRecordsOfThatDatabaseWithIt) {
  put("a", "1");
  put("b", "1");
  put("x", "9", kOther);
  store_->flush();
  erase("b");
  store_->write(kSales, "CREATE TABLE t(n)", {});
  store_->flush();

  EXPECT_THAT(steps_, ElementsAre("journal", "database 5"));
  EXPECT_EQ(in_sqlite(), "1");
  open();
  EXPECT_EQ(all(), "a=1 ");
  EXPECT_EQ(all(kOther), "x=9 ");
}

TEST_F(StoreRecordsTest, WhatWasErasedStaysErasedWhereverItWas) {
  for (const char* key : {"folded", "journaled", "both"}) put(key, "1");
  store_->checkpoint();  // nothing is folded that was not flushed
  EXPECT_EQ(in_sqlite(), "0");
  store_->flush();
  store_->checkpoint();
  EXPECT_EQ(in_sqlite(), "3");
  put("new", "1");
  erase("both");
  store_->flush();
  erase("new");
  erase("folded");
  store_->flush();

  EXPECT_EQ(all(), "journaled=1 ");
  open();
  EXPECT_EQ(all(), "journaled=1 ");
  store_->checkpoint();
  EXPECT_EQ(in_sqlite(), "1");
  open();
  EXPECT_EQ(all(), "journaled=1 ");
}

TEST_F(StoreRecordsTest, AFullJournalIsWrittenFromItsStartAgainAndSqliteGetsWhatLasts) {
  const std::string large(3 * kMiB, 'x');
  const auto fill = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      put("k" + std::to_string(i % 4), std::to_string(i) + large);
      store_->flush();
    }
  };
  put("lasting", "1");
  erase("never there");
  store_->flush();
  fill(10, 50);  // more than one file

  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "database 5"), 0);
  fill(50, 60);  // and more than two
  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "database 5"), 1);
  EXPECT_EQ(in_sqlite(), "1");
  fill(60, 90);

  for (const char* file : {"instance.ssb-records0", "instance.ssb-records1"})
    EXPECT_LE(std::filesystem::file_size(folder_.path() / file), kJournalBytesMax + 4 * kMiB);
  const auto expect_newest = [&] {
    ASSERT_EQ(store_->record_keys(kSales, kTable).size(), 5U);
    for (int i = 86; i < 90; ++i) {
      const auto value =
          store_->record(kSales, kTable, proto::to_bytes("k" + std::to_string(i % 4)));
      ASSERT_TRUE(value);
      EXPECT_EQ(proto::to_string(*value).substr(0, 2), std::to_string(i));
    }
    EXPECT_EQ(proto::to_string(*store_->record(kSales, kTable, proto::to_bytes("lasting"))), "1");
  };
  expect_newest();
  open();
  expect_newest();
  erase("lasting");
  store_->flush();
  open();
  EXPECT_EQ(store_->record(kSales, kTable, proto::to_bytes("lasting")), nullptr);
}

TEST_F(StoreRecordsTest, ARecordThatNoJournalHoldsGoesThroughSqlite) {
  put("a", std::string(kJournalBytesMax, 'x'));
  store_->flush();

  EXPECT_THAT(steps_, ElementsAre("database 5", "checkpoint 5"));
  open();
  EXPECT_EQ(store_->record(kSales, kTable, proto::to_bytes("a"))->size(), kJournalBytesMax);
}

TEST_F(StoreRecordsTest, ADatabaseOfTheSameNumberHasNothingOfTheOneBefore) {
  put("a", "1");
  put("x", "9", kOther);
  store_->flush();
  store_->drop_database(kSales);
  open();
  EXPECT_EQ(all(), "");
  put("b", "2");
  store_->flush();

  open();

  EXPECT_EQ(all(), "b=2 ");
  EXPECT_EQ(all(kOther), "x=9 ");
}

TEST_F(StoreRecordsTest, WhatTheJournalHasOfADatabaseThatIsNotOpenIsKept) {
  put("x", "9", kOther);
  put("a", "1");
  store_->flush();
  store_.reset();
  store_ = std::make_unique<Store>(folder_.path(), StoreOptions{});
  store_->open_database(kSales);
  const std::string large(20 * kMiB, 'x');
  for (int i = 0; i < 5; ++i) {
    put("k", large);
    store_->flush();
  }

  open();

  EXPECT_EQ(all(kOther), "x=9 ");
  EXPECT_EQ(store_->record_keys(kSales, kTable).size(), 2U);
}

// Whatever the end of the file looks like: what was whole before it is there, and what follows is written over it.
TEST_F(StoreRecordsTest, ATornRecordEndsTheJournal) {
  put("a", "1");
  store_->flush();
  const auto whole = std::filesystem::file_size(journal());
  put("b", "2");
  store_->flush();
  const auto longer = std::filesystem::file_size(journal());
  for (auto size = whole; size < longer; ++size) {
    store_.reset();
    std::filesystem::resize_file(journal(), size);
    open();
    ASSERT_EQ(all(), "a=1 ") << size;
    put("b", "2");
    store_->flush();
  }
  open();
  EXPECT_EQ(all(), "a=1 b=2 ");
}

TEST_F(StoreRecordsTest, ADamagedByteNeverGivesAnotherValue) {
  put("a", "1");
  store_->flush();
  put("b", "22");
  store_->flush();
  store_.reset();
  std::ifstream in(journal(), std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at = 0; at < sound.size(); ++at) {
    store_.reset();
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(journal(), std::ios::binary | std::ios::trunc) << damaged;
    open();
    const std::string left = all();
    EXPECT_TRUE(left.empty() || left == "a=1 ") << left << " at " << at;
  }
}

TEST_F(StoreRecordsTest, InMemoryTheyAreThereUntilTheyAreErased) {
  Store store({}, in_memory());
  store.open_database(kSales);
  store.open_records(kSales, kTable);
  const proto::Bytes key{1};
  store.put_record(kSales, kTable, key, std::make_shared<const proto::Bytes>(key));
  store.flush();
  EXPECT_FALSE(store.has_unflushed());
  EXPECT_EQ(*store.record(kSales, kTable, key), key);

  store.erase_record(kSales, kTable, key);
  store.flush();

  EXPECT_EQ(store.record(kSales, kTable, key), nullptr);
  EXPECT_TRUE(store.records(kSales, kTable).empty());
}

TEST_F(StoreRecordsTest, ATableOfAnotherShapeIsRefused) {
  store_->write(kSales, "CREATE TABLE mine(n)", {});

  EXPECT_THROW(store_->open_records(kSales, "mine"), StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::store
