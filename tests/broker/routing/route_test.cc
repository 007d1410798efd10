#include "broker/routing/route.h"

#include "broker/routing/route_cache.h"
#include "proto/error_code.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::routing {
namespace {

using namespace std::chrono_literals;
using catalog::kMsdb;
using proto::ErrorCode;
using Kind = Destination::Kind;

constexpr const char* kElsewhere = "11111111-2222-3333-4444-555555555555";
constexpr const char* kElsewhereToo = "AAAAAAAA-2222-3333-4444-555555555555";

struct RouteSpec {
  std::string name;
  std::string service;
  std::string broker;
  std::string address;
  std::string mirror = "";
  proto::Duration lifetime{};  // none: for ever
};

// Two user databases; `home` has no routes until a test adds some.
class RouteTest : public testing::Test {
 protected:
  RouteTest() : home(test.make_database("home")), other(test.make_database("other")) {
    drop_routes(home);
  }

  void drop_routes(store::DatabaseId database) {
    catalog::Catalog& catalog = *test.instance.database(database);
    std::vector<std::int32_t> ids;
    for (const auto& [id, route] : catalog.table<catalog::pb::Route>()) ids.push_back(id);
    catalog::Transaction transaction = test.instance.begin();
    for (const std::int32_t id : ids) catalog.erase<catalog::pb::Route>(transaction, id);
    ASSERT_TRUE(test.instance.commit(std::move(transaction)).has_value());
  }
  void add_route(store::DatabaseId database, const RouteSpec& spec) {
    catalog::Catalog& catalog = *test.instance.database(database);
    catalog::pb::Route route;
    route.set_id(catalog.next_id<catalog::pb::Route>());
    route.set_name(spec.name);
    route.set_owner(catalog::kDbo);
    route.set_service_name(spec.service);
    route.set_broker_instance(spec.broker);
    route.set_address(spec.address);
    route.set_mirror_address(spec.mirror);
    if (spec.lifetime != proto::Duration{})
      route.set_lifetime_us(proto::to_unix_us(tests::kNow + spec.lifetime));
    test.put(catalog, route);
  }
  void add_service(store::DatabaseId database, const std::string& name) {
    catalog::Catalog& catalog = *test.instance.database(database);
    catalog::pb::Service service;
    service.set_id(catalog.next_id<catalog::pb::Service>());
    service.set_name(name);
    service.set_owner(catalog::kDbo);
    test.put(catalog, service);
  }
  void disable_broker(store::DatabaseId database) {
    catalog::pb::Database info = test.instance.info(database);
    info.set_is_broker_enabled(false);
    catalog::Transaction transaction = test.instance.begin();
    test.instance.put_info(transaction, info);
    ASSERT_TRUE(test.instance.commit(std::move(transaction)).has_value());
  }
  proto::BrokerId broker_of(store::DatabaseId database) {
    return *proto::BrokerId::from_bytes(proto::as_bytes(test.instance.info(database).broker_id()));
  }
  static proto::BrokerId broker(const char* text) {
    return *proto::BrokerId::from_bytes(proto::Guid::parse(text)->view());
  }
  Destination to(std::string_view service, std::optional<proto::BrokerId> broker_id = {},
                 proto::Duration later = {}) {
    return classify(test.instance, {home, service, broker_id}, tests::kNow + later);
  }

  tests::TestInstance test;
  store::DatabaseId home;
  store::DatabaseId other;
};

void expect_remote(const Destination& to, int step, const std::string& route,
                   const std::string& address) {
  EXPECT_EQ(to.kind, Kind::remote);
  EXPECT_EQ(to.step, step);
  EXPECT_EQ(to.route, route);
  EXPECT_EQ(to.address, address);
  EXPECT_FALSE(to.error);
}

void expect_local(const Destination& to, int step, const std::string& route,
                  store::DatabaseId database) {
  EXPECT_EQ(to.kind, Kind::local);
  EXPECT_EQ(to.step, step);
  EXPECT_EQ(to.route, route);
  EXPECT_EQ(to.database, database);
}

void expect_delayed(const Destination& to, int step, ErrorCode code) {
  EXPECT_EQ(to.kind, Kind::delayed);
  EXPECT_EQ(to.step, step);
  ASSERT_TRUE(to.error);
  EXPECT_EQ(to.error->code, code);
}

// ---- the seven steps of the match ----

TEST_F(RouteTest, Step1TakesTheRouteOfTheServiceAndTheBrokerBeforeAllOthers) {
  add_route(home, {"any", "", "", "TCP://any:4022"});
  add_route(home, {"service", "s", "", "TCP://service:4022"});
  add_route(home, {"wrong", "s", kElsewhereToo, "TCP://wrong:4022"});
  add_route(home, {"both", "s", kElsewhere, "TCP://both:4022"});

  expect_remote(to("s", broker(kElsewhere)), 1, "both", "TCP://both:4022");
}

TEST_F(RouteTest, Step1ComparesBrokerInstancesWithoutCase) {
  add_route(home, {"both", "s", "aaaaaaaa-2222-3333-4444-555555555555", "TCP://both:4022"});

  expect_remote(to("s", broker(kElsewhereToo)), 1, "both", "TCP://both:4022");
}

TEST_F(RouteTest, Step2TakesTheRouteOfTheServiceWithoutABroker) {
  add_route(home, {"any", "", "", "TCP://any:4022"});
  add_route(home, {"wrong", "s", kElsewhereToo, "TCP://wrong:4022"});
  add_route(home, {"service", "s", "", "TCP://service:4022"});

  expect_remote(to("s", broker(kElsewhere)), 2, "service", "TCP://service:4022");
  expect_remote(to("s"), 2, "service", "TCP://service:4022");
}

TEST_F(RouteTest, Step3TakesOneBrokerWhenTheDialogNamesNone) {
  add_route(home, {"any", "", "", "TCP://any:4022"});
  add_route(home, {"first", "s", kElsewhere, "TCP://first:4022"});
  add_route(home, {"second", "s", kElsewhereToo, "LOCAL"});
  add_service(home, "s");

  // The LOCAL route is of another broker: it is not in the set, or it would have been chosen.
  expect_remote(to("s"), 3, "first", "TCP://first:4022");
}

TEST_F(RouteTest, Step3IsNotForADialogThatNamesABroker) {
  add_route(home, {"any", "", "", "TCP://any:4022"});
  add_route(home, {"wrong", "s", kElsewhereToo, "TCP://wrong:4022"});

  expect_remote(to("s", broker(kElsewhere)), 5, "any", "TCP://any:4022");
}

TEST_F(RouteTest, Step4ARouteToTheConfigurationServiceHoldsWhatOnlyAWildcardWouldTake) {
  add_route(home, {"any", "", "", "LOCAL"});
  add_route(home, {"own", "own", "", "LOCAL"});
  add_route(home, {"bcn", "SQL/ServiceBroker/BrokerConfiguration", "", "TCP://bcn:4022"});
  add_service(home, "s");
  add_service(home, "own");

  add_route(home, {"elsewhere", "far", kElsewhere, "TCP://far:4022"});

  expect_delayed(to("s"), 4, ErrorCode::target_service_not_found);
  expect_delayed(to("s", broker_of(home)), 4, ErrorCode::target_service_not_found);
  expect_delayed(to("far", broker_of(home)), 4, ErrorCode::no_route_matches);
  expect_local(to("own"), 2, "own", home);
  expect_remote(to("SQL/ServiceBroker/BrokerConfiguration"), 2, "bcn", "TCP://bcn:4022");
}

TEST_F(RouteTest, Step5TakesTheRouteWithoutServiceAndBroker) {
  add_route(home, {"stranger", "t", "", "TCP://stranger:4022"});
  add_route(home, {"any", "", "", "TCP://any:4022"});

  expect_remote(to("s"), 5, "any", "TCP://any:4022");
  expect_remote(to("s", broker(kElsewhere)), 5, "any", "TCP://any:4022");
}

TEST_F(RouteTest, Step6FindsTheBrokerInThisInstanceWithoutAnyRoute) {
  add_service(other, "s");

  expect_local(to("s", broker_of(other)), 6, "", other);
}

TEST_F(RouteTest, Step7SaysThatTheServiceNameIsUnknown) {
  add_service(other, "s");

  expect_delayed(to("s"), 7, ErrorCode::target_service_not_found);
  expect_delayed(to("s", broker(kElsewhere)), 7, ErrorCode::target_service_not_found);
}

TEST_F(RouteTest, Step7SaysThatNoRouteMatchesWhenOneOfTheServiceIsForAnotherBroker) {
  add_route(home, {"wrong", "s", kElsewhereToo, "TCP://wrong:4022"});

  expect_delayed(to("s", broker(kElsewhere)), 7, ErrorCode::no_route_matches);
}

TEST_F(RouteTest, ADatabaseThatIsGoneHasNoRoutes) {
  const auto gone = classify(test.instance, {99, "s", std::nullopt}, tests::kNow);

  expect_delayed(gone, 7, ErrorCode::no_route_matches);
}

// ---- the choice inside the matched set ----

TEST_F(RouteTest, AMirroredPairComesBeforeLocal) {
  add_service(home, "s");
  add_route(home, {"local", "s", kElsewhere, "LOCAL"});
  add_route(home, {"mirrored", "s", kElsewhere, "TCP://one:4022", "TCP://two:4022"});

  expect_remote(to("s"), 3, "mirrored", "TCP://one:4022");
}

TEST_F(RouteTest, LocalComesBeforeAnAddressWhereTheServiceIsHere) {
  add_service(other, "s");
  add_route(home, {"address", "s", "", "TCP://far:4022"});
  add_route(home, {"local", "s", "", "local"});  // the word is not case-sensitive

  expect_local(to("s"), 2, "local", other);
}

TEST_F(RouteTest, LocalIsSkippedWhereTheServiceIsNotHere) {
  add_route(home, {"local", "s", "", "LOCAL"});
  add_route(home, {"address", "s", "", "TCP://far:4022"});

  expect_remote(to("s"), 2, "address", "TCP://far:4022");
}

TEST_F(RouteTest, LocalAloneWithoutTheServiceDelaysWith9796) {
  add_route(home, {"AutoCreatedLocal", "", "", "LOCAL"});

  expect_delayed(to("nowhere"), 5, ErrorCode::local_service_not_found);
  expect_delayed(to("nowhere", broker(kElsewhere)), 5, ErrorCode::local_service_not_found);
}

TEST_F(RouteTest, AnAddressComesBeforeTransport) {
  const std::string name = "TCP://named:4022/s";
  add_route(home, {"transport", "", "", "TRANSPORT"});
  add_route(home, {"address", "", "", "TCP://far:4022"});

  expect_remote(to(name), 5, "address", "TCP://far:4022");
}

TEST_F(RouteTest, TransportTakesTheAddressFromTheServiceName) {
  add_route(home, {"transport", "", "", "Transport"});

  expect_remote(to("TCP://named:4022"), 5, "transport", "TCP://named:4022");
  expect_remote(to("tcp://named:4023/inventory/s"), 5, "transport", "tcp://named:4023");
}

TEST_F(RouteTest, TransportWithoutAnAddressInTheNameDelaysWith9785) {
  add_route(home, {"transport", "", "", "TRANSPORT"});

  const auto plain = to("s");
  const auto http = to("http://named:80/s");

  expect_delayed(plain, 5, ErrorCode::invalid_route_address);
  EXPECT_EQ(plain.route, "transport");
  expect_delayed(http, 5, ErrorCode::invalid_route_address);
}

TEST_F(RouteTest, AStoredAddressThatIsNoneDelaysWith9785) {
  add_route(home, {"broken", "s", "", "TCP://far"});

  expect_delayed(to("s"), 2, ErrorCode::invalid_route_address);
}

TEST_F(RouteTest, OfSeveralAddressesTheOldestRouteIsTaken) {
  add_route(home, {"z", "s", "", "TCP://first:4022"});
  add_route(home, {"a", "s", "", "TCP://second:4022"});

  expect_remote(to("s"), 2, "z", "TCP://first:4022");
}

// ---- names, lifetimes, databases ----

TEST_F(RouteTest, ServiceNamesCompareByteForByte) {
  add_route(home, {"lower", "Service", "", "TCP://far:4022"});
  add_service(home, "Local");
  add_route(home, {"any", "", "", "LOCAL"});

  expect_remote(to("Service"), 2, "lower", "TCP://far:4022");
  expect_delayed(to("service"), 5, ErrorCode::local_service_not_found);
  expect_delayed(to("Service "), 5, ErrorCode::local_service_not_found);
  expect_delayed(to("local"), 5, ErrorCode::local_service_not_found);
  expect_local(to("Local"), 5, "any", home);
}

TEST_F(RouteTest, AnExpiredRouteIsPassedOverButStays) {
  add_route(home, {"short", "s", "", "TCP://short:4022", "", 10s});
  add_route(home, {"any", "", "", "TCP://any:4022"});

  expect_remote(to("s", {}, 9s), 2, "short", "TCP://short:4022");
  expect_remote(to("s", {}, 10s), 5, "any", "TCP://any:4022");
  EXPECT_NE(test.instance.database(home)->table<catalog::pb::Route>().find("short"), nullptr);
}

TEST_F(RouteTest, AnExpiredRouteDoesNotMakeItsServiceKnown) {
  add_route(home, {"short", "s", "", "TCP://short:4022", "", 10s});

  expect_delayed(to("s", {}, 11s), 7, ErrorCode::target_service_not_found);
}

TEST_F(RouteTest, AnExpiredRouteToTheConfigurationServiceHoldsNothing) {
  add_route(home, {"bcn", "SQL/ServiceBroker/BrokerConfiguration", "", "TCP://bcn:4022", "", 10s});
  add_route(home, {"any", "", "", "TCP://any:4022"});

  expect_remote(to("s", {}, 10s), 5, "any", "TCP://any:4022");
}

TEST_F(RouteTest, WhatComesFromTheNetworkUsesTheRoutesOfMsdbAlone) {
  add_route(home, {"home", "s", "", "TCP://home:4022"});
  add_route(kMsdb, {"onward", "s", "", "TCP://onward:4022"});

  const auto arrived = classify(test.instance, {kMsdb, "s", std::nullopt}, tests::kNow);
  const auto not_there = classify(test.instance, {kMsdb, "t", std::nullopt}, tests::kNow);

  expect_remote(arrived, 2, "onward", "TCP://onward:4022");          // to be forwarded
  expect_delayed(not_there, 5, ErrorCode::local_service_not_found);  // by AutoCreatedLocal
}

TEST_F(RouteTest, WhatComesFromTheNetworkReachesAServiceOfAnyDatabase) {
  add_service(other, "s");

  const auto arrived = classify(test.instance, {kMsdb, "s", std::nullopt}, tests::kNow);

  expect_local(arrived, 5, "AutoCreatedLocal", other);
}

TEST_F(RouteTest, ABrokerOfThisInstanceIsLocatedBeforeTheServiceName) {
  add_service(home, "s");
  add_service(other, "s");
  add_route(home, {"any", "", "", "LOCAL"});

  expect_local(to("s"), 5, "any", home);
  expect_local(to("s", broker_of(other)), 5, "any", other);
}

// ---- locate ----

TEST_F(RouteTest, LocatePassesOverDatabasesWhoseBrokerIsDisabled) {
  add_service(home, "s");
  const auto third = test.make_database("third");
  add_service(third, "s");
  disable_broker(home);

  EXPECT_EQ(locate(test.instance, "s", std::nullopt, other), third);
  EXPECT_EQ(locate(test.instance, "S", std::nullopt, other), std::nullopt);
}

TEST_F(RouteTest, LocateGivesADisabledBrokerThatIsNamed) {
  disable_broker(other);  // the arrival says that it is disabled, not that it is unknown

  EXPECT_EQ(locate(test.instance, "s", broker_of(other), home), other);
  EXPECT_EQ(locate(test.instance, "s", broker(kElsewhere), home), std::nullopt);
}

TEST_F(RouteTest, OfTwoDatabasesWithOneBrokerIdTheEnabledOneIsFound) {
  catalog::pb::Database copy = test.instance.info(other);
  copy.set_broker_id(test.instance.info(home).broker_id());
  catalog::Transaction transaction = test.instance.begin();
  test.instance.put_info(transaction, copy);
  ASSERT_TRUE(test.instance.commit(std::move(transaction)).has_value());
  disable_broker(home);

  EXPECT_EQ(find_broker(test.instance, broker_of(home))->id(), other);
}

// ---- addresses ----

struct AddressCase {
  const char* text;
  const char* host;  // nullptr: no address
  std::uint16_t port;
};

TEST(ParseAddressTest, TakesHostAndPortAndNothingElse) {
  const AddressCase cases[] = {
      {"TCP://host:4022", "host", 4022},
      {"tcp://10.0.0.1:1", "10.0.0.1", 1},
      {"Tcp://h.example.com:65535", "h.example.com", 65535},
      {"TCP://[fe80::1]:4022", "fe80::1", 4022},
      {"", nullptr, 0},
      {"LOCAL", nullptr, 0},
      {"TCP://", nullptr, 0},
      {"TCP://host", nullptr, 0},
      {"TCP://:4022", nullptr, 0},
      {"TCP://host:", nullptr, 0},
      {"TCP://host:0", nullptr, 0},
      {"TCP://host:65536", nullptr, 0},
      {"TCP://host:-1", nullptr, 0},
      {"TCP://host:4022 ", nullptr, 0},
      {"TCP://host:4022/s", nullptr, 0},
      {"TCP://ho st:4022", nullptr, 0},
      {"TCP://ho/st:4022", nullptr, 0},
      {"TCP://[]:4022", nullptr, 0},
      {"TCP://[fe80::1:4022", nullptr, 0},
      {"TCP://fe80::1:4022", nullptr, 0},
      {"HTTP://host:4022", nullptr, 0},
  };
  for (const AddressCase& one : cases) {
    const auto address = parse_address(one.text);
    ASSERT_EQ(address.has_value(), one.host != nullptr) << one.text;
    if (!address) continue;
    EXPECT_EQ(address->host, one.host) << one.text;
    EXPECT_EQ(address->port, one.port) << one.text;
  }
}

class RouteCacheTest : public RouteTest {
 protected:
  std::shared_ptr<const Destination> cached(std::string_view service, proto::Duration later = {}) {
    return cache.classify(test.instance, {home, service, {}}, tests::kNow + later);
  }
  RouteCache cache;
};

TEST_F(RouteCacheTest, AnswersTheSameUntilACatalogChangesAlsoInAnOpenTransaction) {
  add_route(home, {"R", "S", "", "TCP://one:4022"});
  const auto first = cached("S");
  EXPECT_EQ(cached("S"), first);
  expect_remote(*first, 2, "R", "TCP://one:4022");

  drop_routes(home);
  EXPECT_EQ(cached("S")->kind, Kind::delayed);
  add_route(home, {"R", "S", "", "TCP://two:4022"});
  expect_remote(*cached("S"), 2, "R", "TCP://two:4022");

  catalog::Catalog& catalog = *test.instance.database(home);
  catalog::Transaction transaction = test.instance.begin();
  const std::int32_t id = catalog.table<catalog::pb::Route>().begin()->first;
  catalog.erase<catalog::pb::Route>(transaction, id);
  EXPECT_EQ(cached("S")->kind, Kind::delayed);
  test.instance.roll_back(std::move(transaction));
  expect_remote(*cached("S"), 2, "R", "TCP://two:4022");
}

TEST_F(RouteCacheTest, ARouteWithALifetimeIsLookedAtEachTime) {
  add_route(home, {"R", "S", "", "TCP://one:4022", "", 1h});

  EXPECT_EQ(cached("S")->kind, Kind::remote);
  EXPECT_EQ(cached("S", 2h)->kind, Kind::delayed);
}

TEST_F(RouteCacheTest, KnowsWhereWhatArrivesBelongsUntilItDoesNot) {
  const Arrival reply{"s", broker_of(other), false};
  const auto arrived = [&](const Arrival& arrival) {
    return cache.arrive(test.instance, arrival, tests::kNow);
  };
  const auto first = arrived(reply);
  EXPECT_EQ(arrived(reply), first);
  expect_local(*first, 0, "", other);
  // The same names from an initiator are another question.
  expect_local(*arrived({"s", broker_of(other), true}), 5, "AutoCreatedLocal", other);

  ASSERT_TRUE(test.instance.drop_database(other).has_value());

  expect_delayed(*arrived(reply), 5, ErrorCode::local_service_not_found);
}

// ---- what comes over the network ----

class ArrivalTest : public RouteTest {
 protected:
  Destination arrived(std::string_view service, std::optional<proto::BrokerId> named = {},
                      bool from_initiator = true) {
    return arrive(test.instance, {service, named, from_initiator}, tests::kNow);
  }
  void set_forwarding(bool is_enabled) {
    catalog::Catalog& master = test.instance.master();
    catalog::pb::Endpoint endpoint;
    endpoint.set_id(master.next_id<catalog::pb::Endpoint>());
    endpoint.set_name("broker");
    endpoint.set_kind(catalog::pb::Endpoint::SERVICE_BROKER);
    endpoint.set_is_message_forwarding_enabled(is_enabled);
    test.put(master, endpoint);
  }
};

TEST_F(ArrivalTest, ATargetsMessageToABrokerOfThisInstanceNeedsNoRoute) {
  drop_routes(kMsdb);

  expect_local(arrived("s", broker_of(home), false), 0, "", home);
  expect_delayed(arrived("s", broker(kElsewhere), false), 7, ErrorCode::target_service_not_found);
  expect_delayed(arrived("s", {}, false), 7, ErrorCode::target_service_not_found);
}

TEST_F(ArrivalTest, AnInitiatorsMessageIsRoutedByMsdbAlsoWhereItsBrokerIsHere) {
  add_route(kMsdb, {"onward", "s", "", "TCP://onward:4022"});

  expect_remote(arrived("s", broker_of(home)), 2, "onward", "TCP://onward:4022");
  expect_local(arrived("other", broker_of(home)), 5, "AutoCreatedLocal", home);
}

TEST_F(ArrivalTest, ABrokerOfThisInstanceIsFoundWhereTheRoutesOfMsdbLeadNowhere) {
  drop_routes(kMsdb);
  add_route(kMsdb, {"broken", "s", "", "TCP://nowhere"});

  expect_local(arrived("s", broker_of(home)), 0, "", home);
  expect_delayed(arrived("s"), 2, ErrorCode::invalid_route_address);
}

TEST_F(ArrivalTest, WhereMsdbHasARouteToTheConfigurationServiceItIsAskedFirst) {
  add_route(kMsdb, {"bcn", "SQL/ServiceBroker/BrokerConfiguration", "", "LOCAL"});

  expect_delayed(arrived("s", broker_of(home)), 4, ErrorCode::target_service_not_found);
  expect_local(arrived("s", broker_of(home), false), 0, "", home);
}

TEST_F(ArrivalTest, WhatIsRefusedIs11294WhereTheInstanceForwardsElse9795Or11210) {
  const Arrival named{"s", broker(kElsewhere), true};
  EXPECT_EQ(refusal_of(test.instance, {"s", {}, true}).code, ErrorCode::to_service_not_found);
  EXPECT_EQ(refusal_of(test.instance, named).code, ErrorCode::broker_id_unknown);

  set_forwarding(true);

  EXPECT_EQ(refusal_of(test.instance, {"s", {}, true}).code, ErrorCode::no_route_to_forward);
  EXPECT_EQ(refusal_of(test.instance, named).code, ErrorCode::no_route_to_forward);
}

TEST_F(ArrivalTest, AnInstanceThatDoesNotForwardIsNoForwarder) {
  set_forwarding(false);

  EXPECT_EQ(refusal_of(test.instance, {"s", {}, true}).code, ErrorCode::to_service_not_found);
}

TEST_F(RouteTest, ARouteToTheConfigurationServiceCountsUntilItExpires) {
  const auto has_it = [this](proto::Duration later) {
    return has_configuration_route(*test.instance.database(home), tests::kNow + later);
  };
  EXPECT_FALSE(has_it(0s));

  add_route(home, {"any", "", "", "LOCAL"});
  EXPECT_FALSE(has_it(0s));
  add_route(home, {"bcn", "SQL/ServiceBroker/BrokerConfiguration", "", "LOCAL", "", 10s});

  EXPECT_TRUE(has_it(9s));
  EXPECT_FALSE(has_it(10s));
}

}  // namespace
}  // namespace ssb::broker::routing
