#include "broker/catalog/catalog.h"

#include "broker/catalog/kinds.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {
namespace {

using catalog::Catalog;
using catalog::kMsdb;
namespace pb = catalog::pb;

template <typename Object>
Object make(std::int32_t id, const std::string& name) {
  Object object;
  object.set_id(id);
  object.set_name(name);
  return object;
}

template <typename Object>
void erase(TestInstance& one, Catalog& database, std::int32_t id) {
  catalog::Transaction transaction = one.instance.begin();
  database.erase<Object>(transaction, id);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));
}

// How many rows the file has beside the catalog's own.
std::size_t stored_rows(TestInstance& one, store::DatabaseId database) {
  return one.store.query(database, "SELECT * FROM catalog WHERE kind > 0", {})->rows.size();
}

TEST(CatalogTest, EveryDatabaseHasTheBuiltInObjectsWithoutRows) {
  TestInstance one;
  const auto id = one.make_database("app");
  const Catalog& app = *one.instance.database(id);

  EXPECT_EQ(app.table<pb::Principal>().find("public")->id(), 0);
  EXPECT_EQ(app.table<pb::Principal>().find("DBO")->id(), 1);
  EXPECT_EQ(app.table<pb::Principal>().find("guest")->id(), 2);
  EXPECT_EQ(app.table<pb::Principal>().find("information_schema")->id(), 3);
  EXPECT_EQ(app.table<pb::Principal>().find("sys")->id(), 4);
  EXPECT_EQ(app.table<pb::Principal>().find("db_owner")->id(), 16384);
  EXPECT_EQ(app.table<pb::Principal>().find("db_denydatawriter")->id(), 16393);
  EXPECT_EQ(app.table<pb::Principal>().size(), 14U);
  EXPECT_EQ(app.table<pb::Schema>().find("dbo")->id(), 1);
  EXPECT_EQ(app.table<pb::Schema>().find("public"), nullptr);
  EXPECT_EQ(app.table<pb::MessageType>().find("DEFAULT")->id(), 14);
  EXPECT_EQ(app.table<pb::MessageType>()
                .find("http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog")
                ->validation(),
            "E");
  EXPECT_EQ(app.table<pb::Contract>().find("DEFAULT")->id(), 6);
  EXPECT_EQ(app.table<pb::Contract>()
                .find("http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice")
                ->usages_size(),
            4);
  EXPECT_EQ(app.table<pb::Service>()
                .find("http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker")
                ->contracts_size(),
            2);
  EXPECT_EQ(app.table<pb::Queue>().find("ServiceBrokerQueue")->id(), 2041058307);
  EXPECT_EQ(app.table<pb::Route>().find("AutoCreatedLocal")->address(), "LOCAL");
  EXPECT_EQ(app.table<pb::Login>().size(), 0U);
  EXPECT_EQ(one.instance.master().table<pb::Login>().find("sa")->id(), catalog::kSa);
  EXPECT_EQ(one.instance.master().table<pb::Endpoint>().size(), 5U);
  EXPECT_EQ(stored_rows(one, id), 0U);
}

TEST(CatalogTest, NamesAreComparedWithoutCaseAndTrailingBlanks) {
  EXPECT_TRUE(catalog::names_equal("Route", "ROUTE  "));
  EXPECT_TRUE(catalog::names_equal("\xC3\x89t\xC3\xA9", "\xC3\xA9T\xC3\x89"));
  EXPECT_FALSE(catalog::names_equal("Route", " Route"));
  EXPECT_FALSE(catalog::names_equal("Route", "Routes"));
}

TEST(CatalogTest, NewIdsStartWhereTheSysViewsNumberThem) {
  TestInstance one;
  const Catalog& msdb = *one.instance.database(kMsdb);

  EXPECT_EQ(msdb.next_id<pb::Principal>(), 5);
  EXPECT_EQ(msdb.next_id<pb::Certificate>(), 256);
  EXPECT_EQ(msdb.next_id<pb::MessageType>(), 65536);
  EXPECT_EQ(msdb.next_id<pb::Contract>(), 65536);
  EXPECT_EQ(msdb.next_id<pb::Service>(), 65536);
  EXPECT_EQ(msdb.next_id<pb::Route>(), 65537);  // AutoCreatedLocal is 65536
  EXPECT_EQ(msdb.next_id<pb::RemoteServiceBinding>(), 65536);
  EXPECT_EQ(msdb.next_id<pb::Schema>(), 5);
  EXPECT_EQ(msdb.next_id<pb::Queue>(), 1'000'000);
  EXPECT_EQ(one.instance.master().next_id<pb::Login>(), 256);
  EXPECT_EQ(one.instance.master().next_id<pb::Endpoint>(), 65536);
  EXPECT_EQ(msdb.table<pb::Principal>().next_id(5), 5);
}

TEST(CatalogTest, QueuesTablesAndModulesShareTheirIds) {
  TestInstance one;
  Catalog& msdb = *one.instance.database(kMsdb);

  one.put(msdb, make<pb::Queue>(msdb.next_id<pb::Queue>(), "Q"));
  one.put(msdb, make<pb::UserTable>(msdb.next_id<pb::UserTable>(), "T"));
  one.put(msdb, make<pb::Module>(msdb.next_id<pb::Module>(), "P"));

  EXPECT_EQ(msdb.table<pb::Queue>().find("Q")->id(), 1'000'000);
  EXPECT_EQ(msdb.table<pb::UserTable>().find("T")->id(), 1'000'001);
  EXPECT_EQ(msdb.table<pb::Module>().find("P")->id(), 1'000'002);
  EXPECT_EQ(msdb.next_id<pb::Queue>(), 1'000'003);
}

TEST(CatalogTest, TheIdOfADroppedObjectDoesNotComeBackAfterARestart) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    Catalog& msdb = *one.instance.database(kMsdb);
    one.put(msdb, make<pb::Service>(65536, "Kept"));
    one.put(msdb, make<pb::Service>(65537, "Dropped"));
    erase<pb::Service>(one, msdb, 65537);
    EXPECT_EQ(msdb.next_id<pb::Service>(), 65538);
    one.store.flush();
  }

  TestInstance two(folder.path());

  const Catalog& msdb = *two.instance.database(kMsdb);
  EXPECT_EQ(msdb.table<pb::Service>().find("Dropped"), nullptr);
  EXPECT_EQ(msdb.next_id<pb::Service>(), 65538);
}

TEST(CatalogTest, ChangedAndDroppedBuiltInObjectsStaySoAfterARestart) {
  TemporaryFolder folder;
  std::int64_t created_us = 0;
  {
    TestInstance one(folder.path());
    Catalog& master = one.instance.master();
    pb::Login sa = *master.table<pb::Login>().find(catalog::kSa);
    created_us = sa.create_date_us();
    sa.set_name("renamed");
    one.put(master, sa);
    erase<pb::Route>(one, *one.instance.database(kMsdb), 65536);
    one.store.flush();
  }

  TestInstance two(folder.path(), kNow + 24h);

  EXPECT_EQ(two.instance.master().table<pb::Login>().find(catalog::kSa)->name(), "renamed");
  EXPECT_EQ(two.instance.master().table<pb::Login>().find(2)->create_date_us(), created_us);
  EXPECT_EQ(two.instance.database(kMsdb)->table<pb::Route>().find("AutoCreatedLocal"), nullptr);
  EXPECT_NE(two.instance.master().table<pb::Route>().find("AutoCreatedLocal"), nullptr);
  EXPECT_TRUE(two.instance.master().is_built_in(catalog::Kind::login, catalog::kSa));
  EXPECT_FALSE(two.instance.master().is_built_in(catalog::Kind::login, 256));
}

TEST(CatalogTest, ADroppedBuiltInObjectComesBackByRollBack) {
  TestInstance one;
  Catalog& msdb = *one.instance.database(kMsdb);
  catalog::Transaction transaction = one.instance.begin();

  msdb.erase<pb::Route>(transaction, 65536);
  EXPECT_EQ(msdb.table<pb::Route>().find("AutoCreatedLocal"), nullptr);
  one.instance.roll_back(std::move(transaction));

  EXPECT_NE(msdb.table<pb::Route>().find("AutoCreatedLocal"), nullptr);
  EXPECT_EQ(stored_rows(one, kMsdb), 0U);
}

TEST(CatalogTest, EveryKindIsStoredAndReadAgain) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    Catalog& msdb = *one.instance.database(kMsdb);
    catalog::Transaction transaction = one.instance.begin();
    const auto put_one = [&]<typename Object>(Object object) {
      object.set_id(500'000);
      object.set_name("stored");
      msdb.put(transaction, 500'000, object);
    };
    put_one(pb::Database{});
    put_one(pb::Login{});
    put_one(pb::Endpoint{});
    put_one(pb::Principal{});
    put_one(pb::Permission{});
    put_one(pb::Certificate{});
    put_one(pb::MessageType{});
    put_one(pb::Contract{});
    put_one(pb::Queue{});
    put_one(pb::Service{});
    put_one(pb::Route{});
    put_one(pb::RemoteServiceBinding{});
    put_one(pb::Schema{});
    put_one(pb::Module{});
    put_one(pb::UserTable{});
    put_one(pb::BrokerPriority{});
    pb::MasterKey key;
    key.set_key_guid("0123456789abcdef");
    msdb.put(transaction, catalog::kMasterKeyId, key);
    ASSERT_TRUE(one.instance.commit(std::move(transaction)));
    one.store.flush();
  }

  TestInstance two(folder.path());
  const Catalog& msdb = *two.instance.database(kMsdb);
  const auto expect_one = [&]<typename Object>(const Object&) {
    const Object* found = msdb.table<Object>().find(500'000);
    ASSERT_NE(found, nullptr) << Object::descriptor()->name();
    EXPECT_EQ(found->name(), "stored");
  };
  expect_one(pb::Database{});
  expect_one(pb::Login{});
  expect_one(pb::Endpoint{});
  expect_one(pb::Principal{});
  expect_one(pb::Permission{});
  expect_one(pb::Certificate{});
  expect_one(pb::MessageType{});
  expect_one(pb::Contract{});
  expect_one(pb::Queue{});
  expect_one(pb::Service{});
  expect_one(pb::Route{});
  expect_one(pb::RemoteServiceBinding{});
  expect_one(pb::Schema{});
  expect_one(pb::Module{});
  expect_one(pb::UserTable{});
  expect_one(pb::BrokerPriority{});
  ASSERT_NE(msdb.master_key(), nullptr);
  EXPECT_EQ(msdb.master_key()->key_guid(), "0123456789abcdef");
}

TEST(CatalogTest, ARowThatCannotBeReadStopsTheInstance) {
  TestInstance one;
  one.store.open_database(9);
  std::uint64_t version = 0;
  Catalog first(one.store, 9, version);
  first.load(0);
  one.store.write(9, "INSERT INTO catalog VALUES (18, 70000, x'FFFFFF')", {});
  Catalog second(one.store, 9, version);
  EXPECT_THROW(second.load(0), store::StoreFailure);
  one.store.write(9, "DELETE FROM catalog WHERE kind = 18", {});
  one.store.write(9, "INSERT INTO catalog VALUES (99, 1, x'')", {});
  Catalog third(one.store, 9, version);
  EXPECT_THROW(third.load(0), store::StoreFailure);
}

}  // namespace
}  // namespace ssb::broker::tests
