// Views and functions: what SQL calls back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "broker/store/store.h"
#include "tests/broker/store/store_fixture.h"

namespace ssb::broker::store {
namespace {

constexpr DatabaseId kMaster = 1;

// Asks itself with the same text, so that the cached statement is in use each time.
constexpr std::string_view kNested = "SELECT name FROM \"sys.nested\"(5, ?1)";

// sys.certificates: one row "cert<database>"; queue: `argument` rows; sys.tables asks the store.
class Views : public ViewProvider {
 public:
  std::vector<std::string> view_names() const override {
    return {"sys.certificates", "queue", "sys.tables", "sys.broken", "sys.thrown", "sys.nested"};
  }
  std::vector<Column> view_columns(std::string_view view) const override {
    if (view == "queue") return {{"message_body", "varbinary(max)"}, {"priority", "tinyint"}};
    if (view == "sys.certificates") return {{"name", "nvarchar(128)"}, {"order", "int"}};
    return {{"name", "sysname"}};
  }
  std::vector<Row> view_rows(std::string_view view, DatabaseId database,
                             std::int64_t argument) const override {
    ++asked;
    if (view == "sys.broken") throw StoreException({SQLITE_ERROR, "no permission", 297});
    if (view == "sys.thrown") throw Crash();
    if (view == "sys.nested") {
      if (argument == 0) return {{"bottom"}};
      return store->query(database, kNested, {argument - 1})->rows;
    }
    if (view == "sys.tables") {
      return store->query(database, "SELECT name FROM sqlite_schema ORDER BY name", {})->rows;
    }
    if (view == "sys.certificates") {
      return {{"cert" + std::to_string(database) + suffix, argument}};
    }
    std::vector<Row> rows;
    for (std::int64_t i = 1; i <= argument; ++i) rows.push_back({proto::Bytes{1}, i});
    if (!rows.empty()) rows.back().pop_back();  // a short row ends in nulls
    return rows;
  }
  const Store* store = nullptr;
  std::string suffix;
  mutable int asked = 0;
};

class StoreCallbacksTest : public ::testing::Test {
 protected:
  StoreCallbacksTest() : store_("", in_memory()) {
    views_.store = &store_;
    store_.open_database(kMaster);  // before the views are set
    store_.set_views(&views_);
    store_.open_database(kSales);
    store_.write(kSales, "CREATE TABLE t(n, text TEXT)", {});
  }
  Views views_;
  Store store_;
};

TEST_F(StoreCallbacksTest, AViewHasTheColumnsAndDeclaredTypesOfItsProvider) {
  const auto rows = store_.query(kSales, "SELECT * FROM \"sys.certificates\" AS c", {});

  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->columns.size(), 2U);
  EXPECT_EQ(rows->columns[0].name, "name");
  EXPECT_EQ(rows->columns[0].declared_type, "nvarchar(128)");
  EXPECT_EQ(rows->columns[1].name, "order");
  EXPECT_EQ(rows->columns[1].declared_type, "INT");
  EXPECT_EQ(to_text(rows), "cert5,0");
}

TEST_F(StoreCallbacksTest, DeclaredTypesAreThereWithoutRowsAndAbsentOfExpressions) {
  const auto rows = store_.query(kSales, "SELECT priority, priority + 1 FROM queue(5, 0)", {});

  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->columns.at(0).declared_type, "tinyint");
  EXPECT_EQ(rows->columns.at(1).declared_type, "");
}

TEST_F(StoreCallbacksTest, ArgumentsSelectTheDatabaseAndWhatFollows) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"SELECT name FROM \"sys.certificates\"", "cert5"},
      {"SELECT name FROM \"sys.certificates\"(1)", "cert1"},
      {"SELECT name, \"order\" FROM \"sys.certificates\"(1, 9)", "cert1,9"},
      {"SELECT name FROM \"sys.certificates\" WHERE database = 7", "cert7"},
      {"SELECT database, argument FROM \"sys.certificates\"(1, 9)", "1,9"},
      {"SELECT name FROM \"sys.certificates\" WHERE database > 7", ""},
      {"SELECT name FROM \"sys.certificates\"(NULL)", ""},
      {"SELECT name FROM \"sys.certificates\"(1, NULL)", ""},
      {"SELECT name FROM \"sys.certificates\"(99999999999)", ""},
      {"SELECT name FROM \"sys.certificates\"('1')", "cert1"},
      {"SELECT count(*), sum(priority) FROM queue(5, 3)", "3,3"},
      {"SELECT priority FROM queue(5, 3) WHERE priority = 2", "2"},
      {"SELECT priority FROM queue(5, 3)", "1;2;null"},
      {"SELECT a.priority, b.priority FROM queue(5, 3) a JOIN queue(5, a.priority) b",
       "1,null;2,1;2,null"},
      {"SELECT (SELECT count(*) FROM queue(5, t.n)) FROM (SELECT 4 AS n) t", "4"},
      {"SELECT rowid FROM queue(5, 2)", "0;1"},
  };
  for (const auto& [sql, expected] : cases)
    EXPECT_EQ(accepted(store_, kSales, sql), expected) << sql;
  EXPECT_EQ(accepted(store_, kMaster, "SELECT name FROM \"sys.certificates\""), "cert1");
}

TEST_F(StoreCallbacksTest, AViewCannotBeWritten) {
  Transaction one;
  for (const std::string_view sql :
       {"DELETE FROM \"sys.certificates\"", "UPDATE \"sys.certificates\" SET name = 'x'",
        "INSERT INTO \"sys.certificates\" VALUES ('x', 1)"}) {
    EXPECT_EQ(seen_by(store_, one, kSales, sql),
              "error: table sys.certificates may not be modified");
  }
}

TEST_F(StoreCallbacksTest, AViewThatFailsWithANumberGivesThatNumber) {
  const auto failed = store_.query(kSales, "SELECT * FROM \"sys.broken\"", {});

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().number, 297);
  EXPECT_EQ(failed.error().message, "no permission");
  EXPECT_EQ(accepted(store_, kSales, "SELECT 1"), "1");
}

TEST_F(StoreCallbacksTest, AnExceptionOfAViewPassesThroughAndTheStoreGoesOn) {
  Transaction one;
  EXPECT_THROW(static_cast<void>(store_.execute(
                   one, kSales, "INSERT INTO t(n) SELECT 1 FROM \"sys.thrown\"", {})),
               Crash);

  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT count(*) FROM t"), "0");
  ASSERT_TRUE(store_.execute(one, kSales, "INSERT INTO t(n) VALUES (1)", {}));
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT count(*) FROM t"), "1");
}

TEST_F(StoreCallbacksTest, AViewMayQueryAndSeesWhatTheStatementSees) {
  Transaction one;
  ASSERT_TRUE(store_.execute(one, kSales, "CREATE TABLE mine(n)", {}));

  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT name FROM \"sys.tables\""),
            "mine;ssb_applied;ssb_folded;t");
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT name FROM \"sys.tables\"(1)"),
            "ssb_applied;ssb_folded");
  EXPECT_EQ(accepted(store_, kSales, "SELECT name FROM \"sys.tables\""),
            "ssb_applied;ssb_folded;t");
  EXPECT_EQ(to_text(store_.query(kSales, kNested, {std::int64_t{3}})), "bottom");
}

TEST_F(StoreCallbacksTest, AFunctionGetsItsArgumentsAndGivesAValue) {
  store_.register_function(
      "describe", -1,
      [](const std::vector<Value>& arguments) -> StoreResult<Value> {
        std::string text;
        for (const Value& value : arguments) text += to_text(value) + "|";
        return Value(text);
      },
      FunctionKind::pure);

  EXPECT_EQ(accepted(store_, kSales, "SELECT describe(1, 'x', NULL, x'00FF', 0.5)"),
            "1|x|null|0x00FF|0.500000|");
  EXPECT_EQ(accepted(store_, kSales, "SELECT describe()"), "");
  store_.open_database(9);
  EXPECT_EQ(accepted(store_, 9, "SELECT describe(2)"), "2|");
}

TEST_F(StoreCallbacksTest, AFunctionThatFailsGivesItsNumberAndUndoesTheStatement) {
  store_.register_function("divide", 2, [](std::vector<Value> arguments) -> StoreResult<Value> {
    const auto divisor = std::get<std::int64_t>(arguments[1]);
    if (divisor == 0) return StoreError{0, "Divide by zero error encountered.", 8134};
    return Value(std::get<std::int64_t>(arguments[0]) / divisor);
  });
  Transaction one;

  const auto failed = store_.execute(
      one, kSales, "INSERT INTO t(n) SELECT divide(6, column1) FROM (VALUES (3), (0))", {});

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().number, 8134);
  EXPECT_EQ(failed.error().message, "Divide by zero error encountered.");
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT count(*) FROM t"), "0");
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT divide(6, 3)"), "2");
}

TEST_F(StoreCallbacksTest, AFunctionThatThrowsPassesThrough) {
  store_.register_function("boom", 0,
                           [](const std::vector<Value>&) -> StoreResult<Value> { throw Crash(); });

  EXPECT_THROW(static_cast<void>(store_.query(kSales, "SELECT boom()", {})), Crash);

  EXPECT_EQ(accepted(store_, kSales, "SELECT 1"), "1");
}

TEST_F(StoreCallbacksTest, AFunctionThatChangesTheStoreUnderItsStatementStopsTheProgram) {
  store_.register_function("meddle", 0, [this](const std::vector<Value>&) -> StoreResult<Value> {
    store_.flush();
    return Value(std::int64_t{0});
  });

  EXPECT_DEATH(static_cast<void>(store_.query(kSales, "SELECT meddle()", {})), "running == 0");
}

TEST_F(StoreCallbacksTest, AFunctionMayBeADefaultOfAColumn) {
  store_.register_function("newid", 0, [](const std::vector<Value>&) { return Value("id"); });
  store_.write(kSales, "CREATE TABLE d(n, id DEFAULT (newid()))", {});
  store_.write(kSales, "INSERT INTO d(n) VALUES (1)", {});

  EXPECT_EQ(accepted(store_, kSales, "SELECT id FROM d"), "id");
}

TEST_F(StoreCallbacksTest, RunAgainAWriteGetsTheAnswersThatItGotTheFirstTime) {
  int calls = 0;
  store_.register_function("counter", 0,
                           [&](const std::vector<Value>&) { return Value(std::int64_t{++calls}); });
  Transaction one;
  ASSERT_TRUE(store_.execute(one, kSales,
                             "INSERT INTO t SELECT counter(), name FROM"
                             " \"sys.certificates\", (VALUES (1), (2))",
                             {}));
  views_.suffix = "changed";
  const int asked = views_.asked;

  EXPECT_EQ(accepted(store_, kSales, "SELECT count(*) FROM t"), "0");  // rolls it back
  EXPECT_EQ(seen_by(store_, one, kSales, "SELECT * FROM t"), "1,cert5;2,cert5");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(views_.asked, asked);
}

}  // namespace
}  // namespace ssb::broker::store
