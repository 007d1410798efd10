#include "broker/conversation/message_log.h"

#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "broker/conversation/waiting.h"

namespace ssb::broker::conversation {
namespace {

namespace stored = ssb::proto::stored;

constexpr store::DatabaseId kDatabase = 5;

proto::Bytes serialized(const stored::MessageClass& common) {
  return proto::to_bytes(common.SerializeAsString());
}

// A log, and what an engine would know of it: each message's place by its order.
class MessageLogTest : public testing::Test {
 protected:
  MessageLogTest() : store_({}, {.in_memory = true, .flushed = false, .on_step = {}}) {
    store_.open_database(kDatabase);
    open();
  }
  // As a restart: what the store has, and nothing else.
  void open() {
    places_.clear();
    log_ = std::make_unique<MessageLog>(
        store_, kDatabase,
        [this](const StoredMessage& message, const stored::MessageClass&, const MessagePlace& from,
               const MessagePlace& to) {
          EXPECT_EQ(places_.at(message.order).offset, from.offset);
          EXPECT_EQ(places_.at(message.order).pack, from.pack);
          places_[message.order] = to;
        });
    log_->load([this](const StoredMessage& message, const stored::MessageClass&,
                      const MessagePlace& place) { places_[message.order] = place; });
  }
  void add(std::int64_t order, std::size_t bytes = 10, const std::string& handle = "h") {
    stored::MessageClass common;
    common.set_handle(handle);
    places_[order] = log_->add({StoredKind::queued, 7, order, 99}, serialized(common),
                               proto::Bytes(bytes, static_cast<std::uint8_t>(order)));
  }
  void remove(std::int64_t order) {
    log_->remove(places_.at(order));
    places_.erase(order);
  }
  void flush() {
    log_->write();
    store_.flush();
  }
  // Takes the last byte of the first record of a table.
  void shorten(std::string_view table) {
    const auto [key, value] = store_.records(kDatabase, table).at(0);
    proto::Bytes shorter = *value;
    shorter.pop_back();
    store_.put_record(kDatabase, table, key, std::make_shared<const proto::Bytes>(shorter));
  }
  std::size_t rows(std::string_view table) { return store_.records(kDatabase, table).size(); }
  // Every message that is known is there, as it was added.
  void expect_intact(std::size_t bytes = 10) {
    for (const auto& [order, place] : places_) {
      EXPECT_EQ(log_->message(place).order, order);
      EXPECT_EQ(log_->message(place).sequence, 7U);
      EXPECT_EQ(log_->message(place).enqueued_us, 99);
      EXPECT_EQ(proto::to_bytes(log_->body(place)),
                proto::Bytes(bytes, static_cast<std::uint8_t>(order)));
    }
  }

  store::Store store_;
  std::unique_ptr<MessageLog> log_;
  std::map<std::int64_t, MessagePlace> places_;
};

TEST_F(MessageLogTest, MessagesOfOneFlushStandInOnePackAndComeBackAfterARestart) {
  for (int order = 1; order <= 100; ++order) add(order);
  flush();
  EXPECT_EQ(rows(kHeadsTable), 1U);
  EXPECT_EQ(rows(kPackTable), 1U);

  open();

  EXPECT_EQ(places_.size(), 100U);
  expect_intact();
}

TEST_F(MessageLogTest, WhatWasRemovedStaysRemovedAndTheLastOneTakesTheRowAlong) {
  for (int order = 1; order <= 20; ++order) add(order);
  flush();
  for (int order = 1; order <= 20; order += 2) remove(order);
  flush();
  EXPECT_EQ(rows(kRemovedTable), 1U);

  open();

  EXPECT_EQ(places_.size(), 10U);
  expect_intact();
  for (int order = 2; order <= 20; order += 2) remove(order);
  flush();
  for (const auto table : {kPackTable, kHeadsTable, kRemovedTable}) EXPECT_EQ(rows(table), 0U);
  EXPECT_EQ(log_->sizes().packs, 0U);
}

TEST_F(MessageLogTest, WhatComesAndGoesBetweenTwoFlushesIsNeverWritten) {
  add(1);
  remove(1);
  flush();

  EXPECT_EQ(rows(kPackTable), 0U);
  EXPECT_EQ(log_->sizes().packs, 0U);
}

TEST_F(MessageLogTest, APackThatIsMostlyGoneBeforeItsFlushIsWrittenWithoutWhatIsGone) {
  for (int order = 1; order <= 100; ++order) add(order, 1000);
  for (int order = 1; order <= 90; ++order) remove(order);
  flush();

  std::size_t bytes = 0;
  for (const auto table : {kHeadsTable, kPackTable}) {
    for (const auto& [key, value] : store_.records(kDatabase, table)) bytes += value->size();
  }
  EXPECT_LT(bytes, 20'000U);
  expect_intact(1000);
  open();
  EXPECT_EQ(places_.size(), 10U);
  expect_intact(1000);
}

TEST_F(MessageLogTest, APackTakesNoMoreThanItsBoundAndALargerMessageIsAlone) {
  for (int order = 1; order <= 8; ++order) add(order, kPackBytes / 2);
  flush();
  EXPECT_GE(rows(kPackTable), 8U);
  add(9, kPackBytes * 2);
  add(10, 10);
  flush();

  EXPECT_NE(places_.at(9).pack, places_.at(10).pack);
  EXPECT_EQ(log_->body(places_.at(9)).size(), kPackBytes * 2);
}

TEST_F(MessageLogTest, ClassesAreKeptOncePerChangeAndBelongToTheirMessages) {
  add(1, 10, "one");
  add(2, 10, "one");
  add(3, 10, "two");
  add(4, 10, "one");
  flush();
  open();

  for (const auto& [order, handle] :
       std::map<std::int64_t, std::string>{{1, "one"}, {2, "one"}, {3, "two"}, {4, "one"}}) {
    stored::MessageClass common;
    const auto bytes = log_->message_class(places_.at(order));
    ASSERT_TRUE(common.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(common.handle(), handle) << order;
  }
}

TEST_F(MessageLogTest, MemoryIsBoundedHoweverMuchWaitsAndAllOfItCanBeRead) {
  constexpr std::size_t kBody = 200'000;
  constexpr std::int64_t kCount = 2 * kPackCacheBytes / kBody;
  for (std::int64_t order = 1; order <= kCount; ++order) {
    add(order, kBody);
    flush();
  }

  EXPECT_LE(log_->sizes().cached_bytes, kPackCacheBytes);
  expect_intact(kBody);
  EXPECT_LE(log_->sizes().cached_bytes, kPackCacheBytes);
}

TEST_F(MessageLogTest, SpaceOfRemovedMessagesIsBoundedEvenWhenOneOfEachPackWaitsForEver) {
  constexpr std::size_t kBody = 50'000;
  std::int64_t order = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 5; ++i) add(++order, kBody);
    flush();
    for (std::int64_t gone = order - 3; gone <= order; ++gone) remove(gone);
    flush();
  }

  const auto sizes = log_->sizes();
  EXPECT_LE(sizes.dead_bytes, sizes.live_bytes + kDeadBytesMax + kPackBytes * 20);
  EXPECT_EQ(places_.size(), 300U);
  expect_intact(kBody);
  open();
  EXPECT_EQ(places_.size(), 300U);
  expect_intact(kBody);
}

TEST_F(MessageLogTest, ADamagedPackIsAStoreFailure) {
  add(1);
  flush();
  shorten(kHeadsTable);

  EXPECT_THROW(open(), store::StoreFailure);
}

TEST_F(MessageLogTest, APackWhoseBodiesAreShorterThanItsHeadsSayIsAStoreFailure) {
  add(1);
  flush();
  shorten(kPackTable);
  open();

  EXPECT_THROW(static_cast<void>(log_->body(places_.at(1))), store::StoreFailure);
  EXPECT_THROW(static_cast<void>(waiting_messages(store_, kDatabase)), store::StoreFailure);
}

TEST_F(MessageLogTest, AStartReadsNoBody) {
  constexpr std::size_t kBody = 200'000;
  for (std::int64_t order = 1; order <= 20; ++order) add(order, kBody);
  flush();

  open();

  EXPECT_EQ(places_.size(), 20U);
  EXPECT_EQ(log_->sizes().cached_bytes, 0U);
  EXPECT_EQ(log_->sizes().live_bytes, 20 * (kBody + 40));
  expect_intact(kBody);
}

TEST_F(MessageLogTest, WaitingMessagesAreSeenFromOutside) {
  for (int order = 1; order <= 3; ++order) add(order);
  flush();
  remove(2);
  flush();

  const auto seen = waiting_messages(store_, kDatabase);

  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].message.order, 1);
  EXPECT_EQ(seen[1].message.order, 3);
  EXPECT_EQ(seen[1].body, proto::Bytes(10, 3));
}

TEST_F(MessageLogTest, AStoreOfAnOlderShapeIsRefusedAndNotLost) {
  store_.write(kDatabase, "DROP TABLE message_pack", {});
  store_.write(kDatabase, "CREATE TABLE message_pack (pack INTEGER PRIMARY KEY, data BLOB)", {});

  EXPECT_THROW(open(), store::StoreFailure);
}

TEST_F(MessageLogTest, AWaitingBodyIsFoundWhereverOneLooksFirst) {
  const auto send = [this](const std::string& handle, std::uint64_t sequence, bool has_body) {
    stored::MessageClass common;
    common.set_handle(handle);
    common.set_has_body(has_body);
    return log_->add({StoredKind::transmission, sequence, 0, 99}, serialized(common),
                     proto::Bytes(kPackBytes / 4, static_cast<std::uint8_t>(sequence)));
  };
  const auto body_of = [this](const std::string& handle, std::uint64_t sequence,
                              std::uint64_t& pack) {
    return find_waiting_body(store_, kDatabase, proto::as_bytes(handle), sequence, pack);
  };
  std::map<std::uint64_t, MessagePlace> sent;
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    sent[sequence] = send("h", sequence, true);
    static_cast<void>(send("other", sequence + 100, true));
  }
  static_cast<void>(send("h", 50, false));
  add(7);  // a queued one, with sequence 7
  flush();
  log_->remove(sent.at(3));
  flush();
  ASSERT_GT(sent.at(19).pack, sent.at(0).pack + 2);

  for (std::uint64_t first = 0; first < sent.at(19).pack + 2; ++first) {
    for (const auto& [sequence, place] : sent) {
      std::uint64_t pack = first;
      const auto body = body_of("h", sequence, pack);
      ASSERT_EQ(body.has_value(), sequence != 3) << first << " " << sequence;
      if (!body) continue;
      EXPECT_EQ(*body, proto::Bytes(kPackBytes / 4, static_cast<std::uint8_t>(sequence)));
      EXPECT_EQ(pack, place.pack);
    }
    std::uint64_t pack = first;
    EXPECT_FALSE(body_of("h", 100, pack));  // the other one's
    EXPECT_FALSE(body_of("h", 50, pack));   // has none
    EXPECT_FALSE(body_of("none", 1, pack));
    EXPECT_EQ(pack, first);
  }
}

}  // namespace
}  // namespace ssb::broker::conversation
