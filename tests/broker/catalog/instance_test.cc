#include "broker/catalog/instance.h"

#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {
namespace {

using catalog::kMaster;
using catalog::kMsdb;
using catalog::kTempdb;
namespace pb = catalog::pb;

pb::Route make_route(std::int32_t id, const std::string& name) {
  pb::Route route;
  route.set_id(id);
  route.set_name(name);
  route.set_owner(catalog::kDbo);
  route.set_address("TCP://host_b:4022");
  return route;
}

TEST(InstanceTest, FirstStartMakesTheSystemDatabases) {
  TestInstance one;

  EXPECT_EQ(one.instance.database("master")->id(), kMaster);
  EXPECT_EQ(one.instance.database("TempDB ")->id(), kTempdb);
  EXPECT_EQ(one.instance.database("model")->id(), catalog::kModel);
  EXPECT_EQ(one.instance.database("msdb")->id(), kMsdb);
  EXPECT_EQ(one.instance.database("other"), nullptr);
  EXPECT_FALSE(one.instance.info(kMaster).is_broker_enabled());
  EXPECT_FALSE(one.instance.info(catalog::kModel).is_broker_enabled());
  EXPECT_TRUE(one.instance.info(kTempdb).is_broker_enabled());
  EXPECT_TRUE(one.instance.info(kMsdb).is_broker_enabled());
  EXPECT_EQ(one.instance.info(kMaster).broker_id(), std::string(16, '\0'));
  EXPECT_EQ(one.instance.service_master_key().size(), 32U);
  EXPECT_FALSE(one.instance.id().is_null());
}

TEST(InstanceTest, UserDatabasesCountFrom5AndADroppedIdDoesNotComeBack) {
  TestInstance one;

  const auto first = one.instance.create_database("first", kNow);
  const auto second = one.instance.create_database("second", kNow);
  const auto again = one.instance.create_database("FIRST", kNow);
  ASSERT_TRUE(one.instance.drop_database(*second).has_value());
  const auto third = one.instance.create_database("third", kNow);

  EXPECT_EQ(*first, 5);
  EXPECT_EQ(*second, 6);
  EXPECT_EQ(again.error().number(), 1801);
  EXPECT_EQ(*third, 7);
  EXPECT_EQ(one.instance.database("second"), nullptr);
  EXPECT_TRUE(one.instance.info(5).is_broker_enabled());
  EXPECT_EQ(one.instance.drop_database(kMsdb).error().number(), 3702);
}

TEST(InstanceTest, ReopeningFindsWhatWasCommittedAndNothingElse) {
  TemporaryFolder folder;
  proto::InstanceId id;
  std::string broker_id;
  std::string tempdb_broker_id;
  proto::Secret service_master_key;
  {
    TestInstance one(folder.path());
    id = one.instance.id();
    service_master_key = one.instance.service_master_key().clone();
    one.make_database("kept");
    ASSERT_TRUE(one.instance.drop_database(one.make_database("dropped")).has_value());
    broker_id = one.instance.info(5).broker_id();
    tempdb_broker_id = one.instance.info(kTempdb).broker_id();
    one.put(*one.instance.database("kept"), make_route(70000, "Kept"));
    one.put(*one.instance.database("tempdb"), make_route(70000, "Temporary"));
    one.store.flush();
    one.put(*one.instance.database("kept"), make_route(70001, "NotFlushed"));
    catalog::Transaction open = one.instance.begin();
    one.instance.database("kept")->put(open, 70002, make_route(70002, "NotCommitted"));
  }

  TestInstance two(folder.path(), kNow + 24h);

  EXPECT_EQ(two.instance.id(), id);
  EXPECT_EQ(two.instance.service_master_key(), service_master_key);
  EXPECT_EQ(two.instance.database("dropped"), nullptr);
  ASSERT_NE(two.instance.database("kept"), nullptr);
  EXPECT_EQ(two.instance.info(5).broker_id(), broker_id);
  EXPECT_EQ(two.instance.info(5).create_date_us(), proto::to_unix_us(kNow));
  const auto& routes = two.instance.database("kept")->table<pb::Route>();
  EXPECT_NE(routes.find("kept"), nullptr);
  EXPECT_EQ(routes.find("NotFlushed"), nullptr);
  EXPECT_EQ(routes.find("NotCommitted"), nullptr);
  EXPECT_EQ(two.instance.database("tempdb")->table<pb::Route>().find("Temporary"), nullptr);
  EXPECT_NE(two.instance.info(kTempdb).broker_id(), tempdb_broker_id);
}

TEST(InstanceTest, AFileThatMasterDoesNotListIsDroppedAtStart) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    one.store.flush();
    one.store.open_database(9);
    one.store.write(9, "CREATE TABLE left_over (x)", {});
    one.store.flush();
  }

  TestInstance two(folder.path());

  const auto files = two.store.database_files();
  EXPECT_EQ(std::count(files.begin(), files.end(), 9), 0);
  EXPECT_EQ(std::count(files.begin(), files.end(), kMsdb), 1);
}

TEST(InstanceTest, AnotherMachineKeyOpensTheInstanceWithoutItsServiceMasterKey) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    one.store.flush();
  }

  TestInstance two(folder.path(), kNow, "another machine key");

  EXPECT_TRUE(two.instance.service_master_key().empty());
  EXPECT_NE(two.instance.database("msdb"), nullptr);
}

TEST(InstanceTest, RollBackUndoesNewestFirstOverSeveralDatabases) {
  TestInstance one;
  one.make_database("first");
  catalog::Catalog& first = *one.instance.database("first");
  catalog::Catalog& msdb = *one.instance.database("msdb");
  one.put(first, make_route(70000, "Original"));
  catalog::Transaction transaction = one.instance.begin();

  pb::Route changed = make_route(70000, "Changed");
  first.put(transaction, 70000, changed);
  changed.set_name("ChangedAgain");
  first.put(transaction, 70000, changed);
  first.erase<pb::Route>(transaction, 70000);
  msdb.put(transaction, 70000, make_route(70000, "InMsdb"));
  pb::Database info = one.instance.info(5);
  info.set_is_trustworthy_on(true);
  one.instance.put_info(transaction, info);
  EXPECT_EQ(first.table<pb::Route>().find(70000), nullptr);
  one.instance.roll_back(std::move(transaction));

  ASSERT_NE(first.table<pb::Route>().find(70000), nullptr);
  EXPECT_EQ(first.table<pb::Route>().find(70000)->name(), "Original");
  EXPECT_EQ(msdb.table<pb::Route>().find(70000), nullptr);
  EXPECT_FALSE(one.instance.info(5).is_trustworthy_on());
}

TEST(InstanceTest, RollBackToASavepointKeepsWhatCameBefore) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    catalog::Catalog& msdb = *one.instance.database("msdb");
    catalog::Transaction transaction = one.instance.begin();
    msdb.put(transaction, 70000, make_route(70000, "Before"));
    const auto savepoint = one.instance.savepoint(transaction);
    msdb.put(transaction, 70001, make_route(70001, "After"));
    msdb.put(transaction, 70000, make_route(70000, "ChangedAfter"));

    one.instance.roll_back_to(transaction, savepoint);
    EXPECT_EQ(msdb.table<pb::Route>().find(70000)->name(), "Before");
    EXPECT_EQ(msdb.table<pb::Route>().find(70001), nullptr);
    msdb.put(transaction, 70002, make_route(70002, "Later"));
    ASSERT_TRUE(one.instance.commit(std::move(transaction)).has_value());
    one.store.flush();
  }

  TestInstance two(folder.path());

  const auto& routes = two.instance.database("msdb")->table<pb::Route>();
  EXPECT_EQ(routes.find(70000)->name(), "Before");
  EXPECT_EQ(routes.find(70001), nullptr);
  EXPECT_EQ(routes.find(70002)->name(), "Later");
}

TEST(InstanceTest, RollBackBringsTheServiceMasterKeyBack) {
  TestInstance one;
  const proto::Secret before = one.instance.service_master_key().clone();
  catalog::Transaction transaction = one.instance.begin();
  const std::string other(32, 'k');

  one.instance.put_service_master_key(transaction, proto::Secret(proto::as_bytes(other)));
  EXPECT_FALSE(one.instance.service_master_key() == before);
  one.instance.roll_back(std::move(transaction));

  EXPECT_TRUE(one.instance.service_master_key() == before);
}

TEST(InstanceTest, TheWriteLockOfADatabaseIsHeldToTheEndOfTheTransaction) {
  TestInstance one;
  catalog::Transaction first = one.instance.begin();
  catalog::Transaction second = one.instance.begin();
  const auto ended = one.instance.transactions_ended();

  EXPECT_TRUE(one.instance.lock(first, kMsdb).has_value());
  EXPECT_TRUE(one.instance.lock(first, kMsdb).has_value());
  EXPECT_EQ(one.instance.lock(second, kMsdb).error().number(), 1222);
  EXPECT_TRUE(one.instance.lock(second, kMaster).has_value());
  ASSERT_TRUE(one.instance.commit(std::move(first)).has_value());
  EXPECT_EQ(one.instance.transactions_ended(), ended + 1);
  EXPECT_TRUE(one.instance.lock(second, kMsdb).has_value());
  one.instance.roll_back(std::move(second));
  EXPECT_EQ(one.instance.transactions_ended(), ended + 2);
  catalog::Transaction third = one.instance.begin();
  EXPECT_TRUE(one.instance.lock(third, kMsdb).has_value());
}

TEST(InstanceTest, ACommitThatTheStoreRefusesIsUndoneInMemoryToo) {
  TestInstance one;
  catalog::Catalog& msdb = *one.instance.database("msdb");
  one.store.write(kMsdb, "CREATE TABLE t (x INTEGER UNIQUE)", {});
  catalog::Transaction transaction = one.instance.begin();
  msdb.put(transaction, 70000, make_route(70000, "Staged"));
  ASSERT_TRUE(one.store.execute(transaction.writes, kMsdb, "INSERT INTO t VALUES (1)", {}));
  one.store.write(kMsdb, "INSERT INTO t VALUES (1)", {});

  const auto done = one.instance.commit(std::move(transaction));

  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(msdb.table<pb::Route>().find(70000), nullptr);
}

}  // namespace
}  // namespace ssb::broker::tests
