#include "broker/store/store.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "broker/store/disk.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

using ::testing::HasSubstr;

constexpr DatabaseId kStock = 6;
constexpr std::string_view kNames = "SELECT name FROM t ORDER BY id";

// Two databases, each with a table t(id, name), in a folder (the default) or in memory.
class StoreTest : public ::testing::TestWithParam<bool> {
 protected:
  StoreTest() : store_(folder_.path(), options()) {
    for (const DatabaseId id : {kSales, kStock}) {
      store_.open_database(id);
      store_.write(id, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE)", {});
    }
    store_.flush();
  }
  static StoreOptions options() {
    StoreOptions options;
    options.in_memory = GetParam();
    return options;
  }
  // The number of rows that it changed, or -1.
  std::int64_t insert(Transaction& transaction, DatabaseId database, std::string name) {
    const auto result =
        store_.execute(transaction, database, "INSERT INTO t(name) VALUES (?1)", {std::move(name)});
    return result ? result->rows_affected : -1;
  }

  TemporaryFolder folder_;
  Store store_;
};
INSTANTIATE_TEST_SUITE_P(Storage, StoreTest, ::testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "Memory" : "Folder"; });

TEST_P(StoreTest, ATransactionReadsItsOwnWritesAndOthersDoNot) {
  Transaction one;
  Transaction two;

  ASSERT_EQ(insert(one, kSales, "mine"), 1);

  EXPECT_EQ(seen_by(store_, one, kSales, kNames), "mine");
  EXPECT_EQ(seen_by(store_, two, kSales, kNames), "");
  EXPECT_EQ(accepted(store_, kSales, kNames), "");
  EXPECT_EQ(seen_by(store_, one, kSales, kNames), "mine");
  EXPECT_FALSE(store_.has_unflushed());
}

TEST_P(StoreTest, InterleavedTransactionsAreRunAgainEachTimeAndBothAreAccepted) {
  Transaction one;
  Transaction two;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(insert(one, kSales, "a" + std::to_string(i)), 1);
    ASSERT_TRUE(store_.execute(two, kSales, "CREATE TABLE IF NOT EXISTS u(n)", {}));
    ASSERT_TRUE(store_.execute(two, kSales, "INSERT INTO u VALUES (?1)", {std::int64_t{i}}));
    EXPECT_EQ(accepted(store_, kSales, "SELECT count(*) FROM t"), "0");
  }

  ASSERT_TRUE(store_.accept(std::move(two)));
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT count(*) FROM t, u"), "25");
  ASSERT_TRUE(store_.accept(std::move(one)));

  EXPECT_EQ(accepted(store_, kSales, "SELECT group_concat(n, '') FROM u"), "01234");
  EXPECT_EQ(accepted(store_, kSales, "SELECT group_concat(name, '') FROM t"), "a0a1a2a3a4");
}

TEST_P(StoreTest, ADroppedTransactionIsRolledBack) {
  {
    Transaction dropped;
    ASSERT_EQ(insert(dropped, kSales, "gone"), 1);
  }

  Transaction next;
  EXPECT_EQ(seen_by(store_, next, kSales, kNames), "");
  store_.flush();
  EXPECT_EQ(accepted(store_, kSales, kNames), "");
}

TEST_P(StoreTest, AMovedTransactionKeepsItsWritesAndTheOldObjectIsANewOne) {
  Transaction one;
  ASSERT_EQ(insert(one, kSales, "a"), 1);

  Transaction moved = std::move(one);
  one = Transaction();
  ASSERT_EQ(insert(one, kSales, "b"), 1);

  EXPECT_EQ(seen_by(store_, moved, kSales, kNames), "a");
  EXPECT_EQ(seen_by(store_, one, kSales, kNames), "b");
}

TEST_P(StoreTest, AcceptedWritesAreSeenByOthersBeforeTheFlush) {
  Transaction one;
  ASSERT_EQ(insert(one, kSales, "a"), 1);
  ASSERT_EQ(insert(one, kStock, "b"), 1);

  ASSERT_TRUE(store_.accept(std::move(one)));

  Transaction other;
  EXPECT_EQ(accepted(store_, kSales, kNames), "a");
  EXPECT_EQ(seen_by(store_, other, kStock, kNames), "b");
  EXPECT_TRUE(store_.has_unflushed());
  store_.flush();
  EXPECT_FALSE(store_.has_unflushed());
  EXPECT_EQ(accepted(store_, kSales, kNames), "a");
}

TEST_P(StoreTest, AFlushLeavesOutWhatAnOpenTransactionWrote) {
  Transaction open;
  ASSERT_EQ(insert(open, kSales, "open"), 1);
  store_.write(kSales, "INSERT INTO t(id, name) VALUES (100, 'engine')", {});
  ASSERT_EQ(insert(open, kSales, "more"), 1);

  store_.flush();

  EXPECT_EQ(accepted(store_, kSales, kNames), "engine");
  EXPECT_EQ(seen_by(store_, open, kSales, "SELECT count(*) FROM t"), "3");
}

TEST_P(StoreTest, RollingBackToASavepointUndoesLaterStatementsInEveryDatabase) {
  Transaction one;
  ASSERT_EQ(insert(one, kSales, "kept"), 1);
  const auto savepoint = one.savepoint();
  ASSERT_EQ(insert(one, kSales, "undone"), 1);
  ASSERT_EQ(insert(one, kStock, "undone"), 1);

  store_.roll_back_to(one, savepoint);

  EXPECT_FALSE(one.writes(kStock));
  EXPECT_EQ(seen_by(store_, one, kSales, kNames), "kept");
  EXPECT_EQ(seen_by(store_, one, kStock, kNames), "");
  ASSERT_EQ(insert(one, kSales, "later"), 1);
  ASSERT_TRUE(store_.accept(std::move(one)));
  EXPECT_EQ(accepted(store_, kSales, kNames), "kept;later");
}

TEST_P(StoreTest, RollingBackToTheStartLeavesAnEmptyTransaction) {
  Transaction one;
  const auto start = one.savepoint();
  ASSERT_EQ(insert(one, kSales, "undone"), 1);

  store_.roll_back_to(one, start);

  EXPECT_TRUE(one.is_empty());
  ASSERT_TRUE(store_.accept(std::move(one)));
  EXPECT_FALSE(store_.has_unflushed());
}

TEST_P(StoreTest, AFailingStatementLeavesNothingAndIsNotKept) {
  store_.write(kSales, "INSERT INTO t VALUES (3, 'taken')", {});
  for (const std::string_view conflict : {"", "OR FAIL "}) {
    Transaction one;
    ASSERT_EQ(insert(one, kSales, "first"), 1);
    const std::string sql =
        "INSERT " + std::string(conflict) + "INTO t(name) VALUES ('partial'), ('taken'), ('never')";

    const auto failed = store_.execute(one, kSales, sql, {});

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().sqlite_code, SQLITE_CONSTRAINT_UNIQUE);
    EXPECT_EQ(failed.error().message, "UNIQUE constraint failed: t.name");
    EXPECT_EQ(failed.error().number, 0);
    EXPECT_EQ(seen_by(store_, one, kSales, kNames), "taken;first") << sql;
  }
}

TEST_P(StoreTest, CreateTableInsideATransactionIsRunAgainWithItsRows) {
  Transaction one;
  ASSERT_TRUE(store_.execute(one, kSales, "CREATE TABLE fresh(a INTEGER, b nvarchar(10))", {}));
  ASSERT_TRUE(store_.execute(one, kSales, "INSERT INTO fresh VALUES (1, 'x')", {}));
  EXPECT_THAT(accepted(store_, kSales, "SELECT * FROM fresh"), HasSubstr("no such table"));

  const auto rows = store_.execute(one, kSales, "SELECT * FROM fresh", {});

  ASSERT_TRUE(rows);
  EXPECT_EQ(to_text(rows), "1,x");
  EXPECT_EQ(rows->columns[1].name, "b");
  EXPECT_EQ(rows->columns[1].declared_type, "nvarchar(10)");
  ASSERT_TRUE(store_.accept(std::move(one)));
  EXPECT_EQ(accepted(store_, kSales, "SELECT * FROM fresh"), "1,x");
}

TEST_P(StoreTest, AcceptFailsAndKeepsNothingAnywhereWhenAStatementNoLongerFits) {
  Transaction one;
  ASSERT_EQ(insert(one, kStock, "a"), 1);
  ASSERT_EQ(insert(one, kSales, "same"), 1);
  store_.write(kSales, "INSERT INTO t(name) VALUES ('same')", {});

  const auto failed = store_.accept(std::move(one));

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().sqlite_code, SQLITE_CONSTRAINT_UNIQUE);
  EXPECT_EQ(accepted(store_, kStock, kNames), "");
  EXPECT_EQ(accepted(store_, kSales, kNames), "same");
}

TEST_P(StoreTest, AStatementThatChangesAnotherNumberOfRowsWhenRunAgainFails) {
  store_.write(kSales, "INSERT INTO t VALUES (1, 'a')", {});
  Transaction one;
  ASSERT_TRUE(store_.execute(one, kSales, "UPDATE t SET name = name || '!'", {}));
  store_.write(kSales, "INSERT INTO t VALUES (2, 'b')", {});

  const auto failed = store_.execute(one, kSales, kNames, {});

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().sqlite_code, SQLITE_BUSY_SNAPSHOT);
  EXPECT_THAT(failed.error().message, HasSubstr("changed 2 rows instead of 1"));
}

TEST_P(StoreTest, ValuesOfEveryTypeComeBackAsTheyWere) {
  const std::vector<Value> values = {std::monostate(),       std::int64_t{-1}, 0.5,
                                     std::string("a\0b", 3), std::string(),    proto::Bytes{0, 255},
                                     proto::Bytes()};

  const auto rows = store_.query(kSales, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7", values);

  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows.at(0), values);
}

TEST_P(StoreTest, AWriteTellsRowsAffectedAndTheLastRowid) {
  const ResultSet two = store_.write(kSales, "INSERT INTO t VALUES (7, 'x'), (9, 'y')", {});
  const ResultSet deleted = store_.write(kSales, "DELETE FROM t", {});
  const ResultSet schema = store_.write(kSales, "CREATE TABLE u(n)", {});

  EXPECT_EQ(two.rows_affected, 2);
  EXPECT_EQ(two.last_insert_rowid, 9);
  EXPECT_EQ(deleted.rows_affected, 2);
  EXPECT_EQ(schema.rows_affected, 0);
}

TEST_P(StoreTest, StatementsThatWouldEndOrLeaveTheTransactionAreRefused) {
  for (const std::string_view sql :
       {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE overlay", "ATTACH ':memory:' AS x",
        "PRAGMA journal_mode = DELETE", "INSERT INTO t(name) VALUES (random())",
        "INSERT INTO t(name) VALUES (hex(randomblob(4)))",
        "INSERT INTO t(name) VALUES (CURRENT_TIMESTAMP)", "SELECT last_insert_rowid()",
        "UPDATE ssb_applied SET commit_id = 0", "DELETE FROM ssb_applied", "DROP TABLE ssb_applied",
        "ALTER TABLE ssb_applied ADD COLUMN x"}) {
    Transaction one;
    const auto refused = store_.execute(one, kSales, sql, {});

    ASSERT_FALSE(refused) << sql;
    EXPECT_THAT(refused.error().message, HasSubstr("not authorized")) << sql;
  }
  EXPECT_THAT(accepted(store_, kSales, "PRAGMA table_info(t)"), HasSubstr("name,TEXT"));
}

TEST_P(StoreTest, MalformedUseIsAStoreErrorWithoutEffect) {
  Transaction one;
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"SELEC 1", "syntax error"},
      {"", "no SQL statement"},
      {" -- nothing", "no SQL statement"},
      {"SELECT 1; SELECT 2", "more than one"},
      {"SELECT 1; SELEC", "more than one"},
      {"SELECT ?1, ?2", "has 2 parameters, 0 were given"},
      {"SELECT \"no_such_column\"", "no such column"},
  };
  for (const auto& [sql, message] : cases) {
    EXPECT_THAT(seen_by(store_, one, kSales, sql), HasSubstr(message)) << sql;
  }
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT 1; -- and no more\n ;"), "1");
  EXPECT_THAT(seen_by(store_, one, 99, "SELECT 1"), HasSubstr("database 99 is not open"));
  EXPECT_THAT(accepted(store_, kSales, "DELETE FROM t"), HasSubstr("read only"));
  EXPECT_TRUE(one.is_empty());
}

TEST_P(StoreTest, AFailingEngineWriteStopsTheStore) {
  EXPECT_THROW(store_.write(kSales, "INSERT INTO no_such_table VALUES (1)", {}), StoreFailure);

  EXPECT_THROW(store_.flush(), StoreFailure);
  EXPECT_THROW(static_cast<void>(store_.query(kSales, kNames, {})), StoreFailure);
}

TEST_P(StoreTest, AStatementThatRollsTheWholeBatchBackStopsTheStore) {
  store_.write(kSales, "INSERT INTO t VALUES (1, 'a')", {});
  Transaction one;

  EXPECT_THROW(static_cast<void>(
                   store_.execute(one, kSales, "INSERT OR ROLLBACK INTO t(name) VALUES ('a')", {})),
               StoreFailure);

  EXPECT_THROW(store_.flush(), StoreFailure);
}

TEST_P(StoreTest, ADroppedDatabaseIsGoneWithWhatWasAcceptedForIt) {
  store_.write(kSales, "INSERT INTO t(name) VALUES ('x')", {});
  store_.write(kStock, "INSERT INTO t(name) VALUES ('y')", {});

  store_.drop_database(kStock);
  store_.flush();

  EXPECT_EQ(store_.database_files(), std::vector<DatabaseId>{kSales});
  EXPECT_THAT(accepted(store_, kStock, kNames), HasSubstr("not open"));
  EXPECT_EQ(accepted(store_, kSales, kNames), "x");
  store_.open_database(kStock);
  EXPECT_EQ(accepted(store_, kStock, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), "0");
}

TEST_P(StoreTest, MoreDistinctStatementsThanTheCacheHoldsStillRun) {
  for (int i = 0; i < 600; ++i) {
    const std::string sql = "SELECT " + std::to_string(i % 300);
    EXPECT_EQ(accepted(store_, kSales, sql), std::to_string(i % 300));
  }
}

TEST(MachineDiskTest, AFolderOfSeveralNewLevelsIsMadeAndAFileInTheWayIsNamed) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  const auto disk = make_machine_disk();

  EXPECT_EQ(disk->open_folder(folder.path() / "a" / "." / "b" / "c" / "")->path(),
            folder.path() / "a" / "b" / "c" / "");
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a" / "b" / "c" / "instance.lock"));
  EXPECT_THROW(static_cast<void>(disk->open_folder(folder.path() / "file" / "d")), StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::store
