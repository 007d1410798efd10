// Which broker priority fits a conversation best.
#include "broker/conversation/priority.h"

#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::conversation {
namespace {

constexpr std::int32_t kContract = 65536;
constexpr std::int32_t kLocal = 65537;

class PriorityTest : public testing::Test {
 protected:
  // 0 and "": ANY.
  void add(std::int32_t contract, std::int32_t local, const std::string& remote, int priority) {
    catalog::Catalog& catalog = *test.instance.database(home);
    catalog::pb::BrokerPriority row;
    row.set_id(catalog.next_id<catalog::pb::BrokerPriority>());
    row.set_name("p" + std::to_string(row.id()));
    row.set_contract(contract);
    row.set_local_service(local);
    row.set_remote_service_name(remote);
    row.set_priority(priority);
    test.put(catalog, row);
  }
  int best(std::int32_t contract = kContract, std::int32_t local = kLocal,
           std::string_view remote = "Far") {
    return priority_of(*test.instance.database(home), contract, local, remote);
  }

  tests::TestInstance test;
  store::DatabaseId home = test.make_database("home");
};

TEST_F(PriorityTest, WhereNoneFitsItIsFive) {
  EXPECT_EQ(best(), 5);

  add(kContract + 1, 0, "", 9);
  add(0, kLocal + 1, "", 9);
  add(0, 0, "far", 9);

  EXPECT_EQ(best(), 5);
}

// From the worst fit to the best: each that comes wins over all before it, whatever its level.
TEST_F(PriorityTest, TheBestFitWinsContractBeforeLocalBeforeRemoteService) {
  const struct {
    std::int32_t contract;
    std::int32_t local;
    const char* remote;
  } fits[] = {{0, 0, ""},
              {0, 0, "Far"},
              {0, kLocal, ""},
              {0, kLocal, "Far"},
              {kContract, 0, ""},
              {kContract, 0, "Far"},
              {kContract, kLocal, ""},
              {kContract, kLocal, "Far"}};
  int level = 10;
  for (const auto& fit : fits) {
    add(fit.contract, fit.local, fit.remote, level);
    EXPECT_EQ(best(), level);
    --level;
  }
  EXPECT_EQ(best(kContract, kLocal, "Other"), 4);
  EXPECT_EQ(best(kContract + 1, kLocal + 1, "Other"), 10);
}

}  // namespace
}  // namespace ssb::broker::conversation
