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
  fill(10, 50);  // more than all files but one

  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "database 5"), 0);
  fill(50, 60);  // and more than all
  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "database 5"), 1);
  EXPECT_EQ(in_sqlite(), "1");
  fill(60, 90);

  for (std::size_t i = 0; i < kJournalFiles; ++i) {
    const auto file = folder_.path() / ("instance.ssb-records" + std::to_string(i));
    EXPECT_LE(std::filesystem::file_size(file), kJournalBytesMax + 4 * kMiB);
  }
  const auto expect_newest = [&] {
    ASSERT_EQ(store_->records(kSales, kTable).size(), 5U);
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
  for (int i = 0; i < 10; ++i) {  // all files are written, and the first one again
    put("k", large);
    store_->flush();
  }

  open();

  EXPECT_EQ(all(kOther), "x=9 ");
  EXPECT_EQ(store_->records(kSales, kTable).size(), 2U);
}

// What was written to a file; the room after it is zeros, and no record here ends in one.
std::string written(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

// A sync of a file that grows would have to write its size, too.
TEST_F(StoreRecordsTest, RoomIsSetAsideForTheJournal) {
  put("a", "1");
  store_->flush();
  const auto size = std::filesystem::file_size(journal());
  EXPECT_EQ(size, kMiB);
  put("b", std::string(kMiB / 2, '2'));
  store_->flush();
  EXPECT_EQ(std::filesystem::file_size(journal()), size);
  put("c", std::string(kMiB / 2, '3'));
  store_->flush();
  EXPECT_EQ(std::filesystem::file_size(journal()), 2 * kMiB);
}

// Whatever the end of the file looks like: what was whole before it is there, and what follows is written over it.
TEST_F(StoreRecordsTest, ATornRecordEndsTheJournal) {
  put("a", "1");
  store_->flush();
  const auto whole = written(journal()).size();
  put("b", "2");
  store_->flush();
  const auto longer = written(journal()).size();
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
  const std::string sound = written(journal());
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

// Large values are written from where they lie, between what is small.
TEST_F(StoreRecordsTest, LargeValuesAmongSmallOnesComeBackAndADamagedOneEndsTheJournal) {
  const auto value = [](char name, std::size_t bytes) { return std::string(bytes, name); };
  put("before", "0");
  store_->flush();
  const auto before = written(journal()).size();
  put("a", value('a', 300'000));
  put("b", value('b', 70'000), kOther);
  put("c", "small");
  erase("before");
  put("d", value('d', 65'536));
  store_->flush();
  put("e", "after");
  store_->flush();

  EXPECT_THAT(steps_, ElementsAre("journal", "journal", "journal"));
  open();
  EXPECT_EQ(all(), "a=" + value('a', 300'000) + " c=small d=" + value('d', 65'536) + " e=after ");
  EXPECT_EQ(all(kOther), "b=" + value('b', 70'000) + " ");
  EXPECT_EQ(in_sqlite(), "0");

  store_.reset();
  std::fstream file(journal(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(before + 400'000));  // in the value of d
  file.put('x');
  file.close();
  open();
  EXPECT_EQ(all(), "before=0 ");
  EXPECT_EQ(all(kOther), "");
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

// More than are read at once, some of them folded, some not, some only erased since.
TEST_F(StoreRecordsTest, ManyAreReadInTheOrderOfTheirKeysWhereverTheyStand) {
  const auto name = [](int i) { return std::to_string(1000 + i); };
  for (int i = 0; i < 200; i += 2) put(name(i), "folded");
  store_->flush();
  store_->checkpoint();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    if (i % 10 == 0) erase(name(i));
    if (i % 10 == 2 || i % 10 == 5) put(name(i), "new");
    if (i % 10 == 2 || i % 10 == 5)
      expected += name(i) + "=new ";
    else if (i % 2 == 0 && i % 10 != 0)
      expected += name(i) + "=folded ";
  }
  EXPECT_EQ(all(), expected);
  store_->flush();
  EXPECT_EQ(all(), expected);
  EXPECT_EQ(in_sqlite(), "100");
  open();
  EXPECT_EQ(all(), expected);
  store_->checkpoint();
  EXPECT_EQ(all(), expected);
}

TEST_F(StoreRecordsTest, ATableOfAnotherShapeIsRefused) {
  store_->write(kSales, "CREATE TABLE mine(n)", {});

  EXPECT_THROW(store_->open_records(kSales, "mine"), StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::store
