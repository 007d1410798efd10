// Batches over several databases whose every trace can be checked after a crash: all of a batch or
// nothing of it, everything that was acknowledged, and nothing that was never accepted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "broker/store/store.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {

class CrashWorkload {
 public:
  CrashWorkload(int databases, int batches) : databases_(databases), batches_(batches) {}

  // Registers what the statements call and opens every database, which recovers it.
  void open(Store& store) {
    ++runs_;
    // Its answers differ in every run: recovery must write those that were given before the crash.
    store.register_function("token", 0, [this](const std::vector<Value>&) -> StoreResult<Value> {
      return Value(std::to_string(runs_) + "." + std::to_string(++tokens_));
    });
    for (DatabaseId id = 1; id <= databases_; ++id) store.open_database(id);
  }

  // Runs the batches that are not there yet; may be cut off by an exception anywhere.
  void run(Store& store) {
    if (!has_schema(store, 1)) {
      for (DatabaseId id = 1; id <= databases_; ++id) {
        store.write(id, "CREATE TABLE log(batch INTEGER PRIMARY KEY, payload BLOB, token TEXT)",
                    {});
        store.write(id, "CREATE TABLE counter(n INTEGER)", {});
        store.write(id, "INSERT INTO counter VALUES (0)", {});
        store.open_records(id, kRecords);
      }
      store.flush();
    }
    while (acknowledged_ < batches_) {
      run_batch(store, acknowledged_ + 1);
      acknowledged_ = attempted_;
      if (on_acknowledged) on_acknowledged();
    }
  }

  // What a crash may have left: to be called after open. Returns with acknowledged() set to what is
  // there.
  void check(Store& store) {
    const bool schema = has_schema(store, 1);
    for (DatabaseId id = 2; id <= databases_; ++id) ASSERT_EQ(has_schema(store, id), schema) << id;
    if (!schema) {
      ASSERT_EQ(acknowledged_, 0);
      return;
    }
    for (int batch = 1; batch <= attempted_; ++batch) check_batch(store, batch);
    for (DatabaseId id = 1; id <= databases_; ++id) {
      const std::string counted = accepted(store, id, "SELECT count(*) FROM log");
      ASSERT_EQ(accepted(store, id, "SELECT n FROM counter"), counted);
      const std::string beyond = "SELECT count(*) FROM log WHERE batch > ";
      ASSERT_EQ(accepted(store, id, beyond + std::to_string(attempted_)), "0");
      check_records(store, id);
    }
  }
  [[nodiscard]] int acknowledged() const { return acknowledged_; }
  void set_acknowledged(int batch) {
    acknowledged_ = batch;
    attempted_ = batch + 1;
  }
  // Of a process that is gone the tokens are not known here.
  void forget_tokens() { knows_tokens_ = false; }

  std::function<void()> on_acknowledged;

 private:
  // Every database, one, or all but one: with and without a commit record.
  [[nodiscard]] bool touches(int batch, DatabaseId id) const {
    const int chosen = 1 + batch % databases_;
    return batch % 3 == 1 || (batch % 3 == 2 ? id == chosen : id != chosen);
  }
  // Of records alone: such a flush does not go through SQLite.
  static bool is_of_records(int batch) { return batch % 3 == 0; }
  static proto::Bytes key_of(int batch) { return {static_cast<std::uint8_t>(batch)}; }
  static proto::Bytes value_of(int batch) {
    return proto::Bytes(static_cast<std::size_t>(100 * batch), static_cast<std::uint8_t>(batch));
  }

  static bool has_schema(const Store& store, DatabaseId id) {
    return accepted(store, id, "SELECT count(*) FROM sqlite_schema WHERE name = 'counter'") == "1";
  }

  void run_batch(Store& store, int batch) {
    attempted_ = batch;
    Transaction never;
    Transaction kept;
    for (DatabaseId id = 1; id <= databases_; ++id) {
      if (!touches(batch, id)) continue;
      put_records(store, id, batch);
      if (is_of_records(batch)) continue;
      must(store, kept, id, "INSERT INTO log VALUES (?1, ?2, token())",
           {std::int64_t{batch}, proto::Bytes(300, static_cast<std::uint8_t>(batch))});
      must(store, never, id, "INSERT INTO log VALUES (999999, NULL, NULL)", {});
      must(store, kept, id, "CREATE TABLE extra" + std::to_string(batch) + "(n)", {});
      tokens_seen_[{batch, id}] =
          seen_by(store, kept, id, "SELECT token FROM log WHERE batch = " + std::to_string(batch));
    }
    if (!store.accept(std::move(kept))) throw std::runtime_error("accept failed");
    for (DatabaseId id = 1; id <= databases_; ++id) {
      if (touches(batch, id) && !is_of_records(batch))
        store.write(id, "UPDATE counter SET n = n + 1", {});
    }
    store.flush();
  }
  // One that stays, one that each batch writes over, one that every other batch erases.
  static void put_records(Store& store, DatabaseId id, int batch) {
    const auto put = [&](const proto::Bytes& key) {
      store.put_record(id, kRecords, key, std::make_shared<const proto::Bytes>(value_of(batch)));
    };
    put(key_of(batch));
    put(kLast);
    if (batch % 2 == 1) {
      put(kSometimes);
    } else {
      store.erase_record(id, kRecords, kSometimes);
    }
  }
  void check_records(const Store& store, DatabaseId id) const {
    int last = 0;
    std::size_t count = 0;
    for (int batch = 1; batch <= attempted_; ++batch) {
      const RecordValue value = store.record(id, kRecords, key_of(batch));
      if (!value) continue;
      ASSERT_TRUE(touches(batch, id));
      ASSERT_EQ(*value, value_of(batch));
      last = batch;
      ++count;
    }
    const RecordValue found = store.record(id, kRecords, kLast);
    ASSERT_EQ(found == nullptr, last == 0);
    if (found) ASSERT_EQ(*found, value_of(last)) << "database " << id;
    ASSERT_EQ(store.record(id, kRecords, kSometimes) != nullptr, last % 2 == 1);
    ASSERT_EQ(store.records(id, kRecords).size(),
              count + (last > 0 ? 1U : 0U) + (last % 2 == 1 ? 1U : 0U));
  }
  static void must(Store& store, Transaction& transaction, DatabaseId id, std::string_view sql,
                   std::vector<Value> parameters) {
    const auto result = store.execute(transaction, id, sql, std::move(parameters));
    if (!result) throw std::runtime_error(result.error().message);
  }

  void check_batch(Store& store, int batch) {
    int present = 0;
    int expected = 0;
    for (DatabaseId id = 1; id <= databases_; ++id) {
      const std::string number = std::to_string(batch);
      const std::string token =
          accepted(store, id, "SELECT token FROM log WHERE batch = " + number);
      const std::string table =
          accepted(store, id, "SELECT 1 FROM sqlite_schema WHERE name = 'extra" + number + "'");
      ASSERT_EQ(token.empty(), table.empty()) << "batch " << batch << " in database " << id;
      ASSERT_TRUE(token.empty() || touches(batch, id));
      const bool has_record = store.record(id, kRecords, key_of(batch)) != nullptr;
      if (is_of_records(batch))
        ASSERT_TRUE(token.empty());
      else
        ASSERT_EQ(token.empty(), !has_record) << "batch " << batch << " in database " << id;
      if (touches(batch, id)) ++expected;
      if (has_record) ++present;
      if (!token.empty() && knows_tokens_) {
        const std::string& before = tokens_seen_[{batch, id}];
        ASSERT_EQ(token, before) << "batch " << batch << " in database " << id;
      }
    }
    ASSERT_TRUE(present == 0 || present == expected)
        << "batch " << batch << ": in " << present << " of " << expected << " databases";
    ASSERT_TRUE(batch > acknowledged_ || present == expected) << "lost batch " << batch;
    if (batch == acknowledged_ + 1 && present == expected) acknowledged_ = batch;
  }

  static constexpr std::string_view kRecords = "note";
  inline static const proto::Bytes kLast{1, 1};
  inline static const proto::Bytes kSometimes{1, 2};

  const int databases_;
  const int batches_;
  int acknowledged_ = 0;
  int attempted_ = 0;
  int runs_ = 0;
  int tokens_ = 0;
  bool knows_tokens_ = true;
  std::map<std::pair<int, DatabaseId>, std::string> tokens_seen_;
};

}  // namespace ssb::broker::store
