#include "broker/catalog/permissions.h"

#include "proto/error_code.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {
namespace {

using catalog::Catalog;
using catalog::kMaster;
using catalog::ObjectClass;
using catalog::SecurityContext;
namespace pb = catalog::pb;

// Principals of the test database. alice is in team, team in everyone_here.
constexpr std::int32_t kAlice = 5;
constexpr std::int32_t kBob = 6;
constexpr std::int32_t kTeam = 7;
constexpr std::int32_t kAllTeams = 8;
constexpr std::int32_t kOwner = 9;   // of the service
constexpr std::int32_t kAdmin = 10;  // in db_owner
constexpr std::int32_t kService = 65536;
constexpr std::int32_t kQueue = 1'000'000;
constexpr std::int32_t kSchema = 20;
constexpr std::int32_t kDbOwner = 16384;
constexpr std::int32_t kDataReader = 16390;
constexpr std::int32_t kDenyDataReader = 16392;

class PermissionsTest : public testing::Test {
 protected:
  PermissionsTest() : id(one.make_database("app")), app(*one.instance.database(id)) {
    principal(kAlice, "alice", "S", {kTeam});
    principal(kBob, "bob", "S", {});
    principal(kTeam, "team", "R", {kAllTeams});
    principal(kAllTeams, "all_teams", "R", {kTeam});  // a circle must not hang
    principal(kOwner, "owner", "S", {});
    principal(kAdmin, "admin", "S", {kDbOwner});
    pb::Service service;
    service.set_id(kService);
    service.set_name("//App/Service");
    service.set_owner(kOwner);
    one.put(app, service);
    pb::Schema schema;
    schema.set_id(kSchema);
    schema.set_name("app");
    schema.set_owner(kOwner);
    one.put(app, schema);
    pb::Queue queue;
    queue.set_id(kQueue);
    queue.set_name("Queue");
    queue.set_schema_id(kSchema);
    one.put(app, queue);
  }

  void principal(std::int32_t principal_id, const std::string& name, const std::string& type,
                 const std::vector<std::int32_t>& roles, std::int32_t login = 0) {
    pb::Principal row;
    row.set_id(principal_id);
    row.set_name(name);
    row.set_type(type);
    row.set_login(login);
    for (const std::int32_t role : roles) row.add_member_of(role);
    one.put(app, row);
  }
  void set(ObjectClass object_class, std::int32_t object, std::int32_t grantee,
           std::string_view permission, char state) {
    catalog::Transaction transaction = one.instance.begin();
    catalog::set_permission(transaction, app, object_class, object, grantee, catalog::kDbo,
                            permission, state);
    ASSERT_TRUE(one.instance.commit(std::move(transaction)));
  }
  void login(std::int32_t login_id, const std::string& name) {
    pb::Login row;
    row.set_id(login_id);
    row.set_name(name);
    row.set_type("S");
    one.put(one.instance.master(), row);
  }
  static SecurityContext as_login(std::int32_t login_id, const std::string& name) {
    SecurityContext context;
    context.login = login_id;
    context.login_name = name;
    context.is_sysadmin = false;
    return context;
  }
  SecurityContext as_user(std::int32_t user) const {
    SecurityContext context;
    context.user = user;
    context.user_database = id;
    return context;
  }
  bool may_send(std::int32_t user) {
    return catalog::has_permission(app, user, ObjectClass::service, kService, "SEND");
  }

  TestInstance one;
  store::DatabaseId id;
  Catalog& app;
};

struct Row {
  ObjectClass object_class;
  std::int32_t object;
  std::int32_t grantee;
  const char* permission;
  char state;
};
struct Case {
  const char* what;
  std::vector<Row> rows;
  std::int32_t principal;
  ObjectClass object_class;
  std::int32_t object;
  const char* permission;
  bool expected;
};

constexpr auto kServiceClass = ObjectClass::service;
constexpr auto kObjectClass = ObjectClass::object;
constexpr auto kDatabaseClass = ObjectClass::database;

const std::vector<Case> kCases{
    {"nothing granted", {}, kBob, kServiceClass, kService, "SEND", false},
    {"own grant",
     {{kServiceClass, kService, kBob, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"grant with grant option",
     {{kServiceClass, kService, kBob, "SEND", 'W'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"another's grant",
     {{kServiceClass, kService, kAlice, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"grant on another object",
     {{kServiceClass, 65537, kBob, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"grant of another permission",
     {{kServiceClass, kService, kBob, "REFERENCES", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"grant on another class",
     {{ObjectClass::contract, kService, kBob, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"grant to public",
     {{kServiceClass, kService, catalog::kPublic, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"grant to a role",
     {{kServiceClass, kService, kTeam, "SEND", 'G'}},
     kAlice,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"grant to a role in a role",
     {{kServiceClass, kService, kAllTeams, "SEND", 'G'}},
     kAlice,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"grant to a role of others",
     {{kServiceClass, kService, kTeam, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"deny wins over a grant",
     {{kServiceClass, kService, kTeam, "SEND", 'D'},
      {kServiceClass, kService, kAlice, "SEND", 'G'}},
     kAlice,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"deny to public wins",
     {{kServiceClass, kService, catalog::kPublic, "SEND", 'D'},
      {kServiceClass, kService, kBob, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"CONTROL implies",
     {{kServiceClass, kService, kBob, "CONTROL", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"deny of CONTROL denies",
     {{kServiceClass, kService, kBob, "CONTROL", 'D'},
      {kServiceClass, kService, kBob, "SEND", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"CONTROL of the database implies",
     {{kDatabaseClass, 0, kBob, "CONTROL", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"dbo has all, denied or not",
     {{kServiceClass, kService, catalog::kPublic, "SEND", 'D'}},
     catalog::kDbo,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"the owner has all, denied or not",
     {{kServiceClass, kService, catalog::kPublic, "SEND", 'D'}},
     kOwner,
     kServiceClass,
     kService,
     "SEND",
     true},
    {"db_owner has all", {}, kAdmin, kServiceClass, kService, "CONTROL", true},
    {"db_owner may be denied",
     {{kServiceClass, kService, kAdmin, "SEND", 'D'}},
     kAdmin,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"the owner of the schema owns the queue", {}, kOwner, kObjectClass, kQueue, "RECEIVE", true},
    {"RECEIVE on the queue",
     {{kObjectClass, kQueue, kBob, "receive", 'G'}},
     kBob,
     kObjectClass,
     kQueue,
     "RECEIVE",
     true},
    {"SELECT on the schema",
     {{ObjectClass::schema, kSchema, kBob, "SELECT", 'G'}},
     kBob,
     kObjectClass,
     kQueue,
     "SELECT",
     true},
    {"SELECT on the database",
     {{kDatabaseClass, 0, kBob, "SELECT", 'G'}},
     kBob,
     kObjectClass,
     kQueue,
     "SELECT",
     true},
    {"deny on the database covers the object",
     {{kDatabaseClass, 0, kBob, "SELECT", 'D'}, {kObjectClass, kQueue, kBob, "SELECT", 'G'}},
     kBob,
     kObjectClass,
     kQueue,
     "SELECT",
     false},
    {"ALTER ANY SERVICE covers ALTER",
     {{kDatabaseClass, 0, kBob, "ALTER ANY SERVICE", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "ALTER",
     true},
    {"ALTER ANY SERVICE does not cover SEND",
     {{kDatabaseClass, 0, kBob, "ALTER ANY SERVICE", 'G'}},
     kBob,
     kServiceClass,
     kService,
     "SEND",
     false},
    {"ALTER ANY ROUTE covers CREATE ROUTE",
     {{kDatabaseClass, 0, kBob, "ALTER ANY ROUTE", 'G'}},
     kBob,
     kDatabaseClass,
     0,
     "CREATE ROUTE",
     true},
    {"ALTER covers CREATE QUEUE",
     {{kDatabaseClass, 0, kBob, "ALTER", 'G'}},
     kBob,
     kDatabaseClass,
     0,
     "CREATE QUEUE",
     true},
    {"CONNECT is not everyone's", {}, kBob, kDatabaseClass, 0, "CONNECT", false},
    {"guest has no CONNECT in a user database",
     {},
     catalog::kGuest,
     kDatabaseClass,
     0,
     "CONNECT",
     false},
};

TEST_F(PermissionsTest, GrantsDeniesRolesOwnersAndControl) {
  for (const Case& one_case : kCases) {
    catalog::Transaction transaction = one.instance.begin();
    for (const Row& row : one_case.rows) {
      catalog::set_permission(transaction, app, row.object_class, row.object, row.grantee,
                              catalog::kDbo, row.permission, row.state);
    }

    EXPECT_EQ(catalog::has_permission(app, one_case.principal, one_case.object_class,
                                      one_case.object, one_case.permission),
              one_case.expected)
        << one_case.what;

    one.instance.roll_back(std::move(transaction));
  }
}

TEST_F(PermissionsTest, FixedRolesHoldWithoutRows) {
  principal(30, "reader", "S", {kDataReader});
  principal(31, "denied", "S", {kDataReader, kDenyDataReader});

  EXPECT_TRUE(catalog::has_permission(app, 30, ObjectClass::object, kQueue, "SELECT"));
  EXPECT_FALSE(catalog::has_permission(app, 30, ObjectClass::object, kQueue, "DELETE"));
  EXPECT_FALSE(catalog::has_permission(app, 31, ObjectClass::object, kQueue, "SELECT"));
  EXPECT_TRUE(catalog::is_member(app, kAlice, kAllTeams));
  EXPECT_TRUE(catalog::is_member(app, kAlice, catalog::kPublic));
  EXPECT_FALSE(catalog::is_member(app, kBob, kTeam));
}

TEST_F(PermissionsTest, SetReplacesAndRemoveRemoves) {
  set(ObjectClass::service, kService, kBob, "SEND", 'G');
  const auto rows = app.table<pb::Permission>().size();
  set(ObjectClass::service, kService, kBob, "send", 'D');
  EXPECT_EQ(app.table<pb::Permission>().size(), rows);
  EXPECT_FALSE(may_send(kBob));
  set(ObjectClass::service, kService, kBob, "SEND", 'G');
  EXPECT_TRUE(may_send(kBob));

  catalog::Transaction transaction = one.instance.begin();
  EXPECT_TRUE(
      catalog::remove_permission(transaction, app, ObjectClass::service, kService, kBob, "SEND"));
  EXPECT_FALSE(
      catalog::remove_permission(transaction, app, ObjectClass::service, kService, kBob, "SEND"));
  EXPECT_FALSE(may_send(kBob));
  one.instance.roll_back(std::move(transaction));
  EXPECT_TRUE(may_send(kBob));
}

TEST_F(PermissionsTest, RowsGoWithTheirObjectOrPrincipal) {
  set(ObjectClass::service, kService, kBob, "SEND", 'G');
  set(ObjectClass::object, kQueue, kBob, "RECEIVE", 'G');
  set(ObjectClass::service, kService, kAlice, "SEND", 'G');
  const auto before = app.table<pb::Permission>().size();
  catalog::Transaction transaction = one.instance.begin();

  catalog::remove_permissions_on(transaction, app, ObjectClass::object, kQueue);
  EXPECT_EQ(app.table<pb::Permission>().size(), before - 1);
  catalog::remove_permissions_to(transaction, app, kBob, true);  // as a login: nothing
  EXPECT_EQ(app.table<pb::Permission>().size(), before - 1);
  catalog::remove_permissions_to(transaction, app, kBob, false);
  EXPECT_EQ(app.table<pb::Permission>().size(), before - 2);
  EXPECT_TRUE(may_send(kAlice));
  one.instance.roll_back(std::move(transaction));
}

TEST_F(PermissionsTest, ASessionIsDboItsUserOrGuestAnd916Otherwise) {
  login(256, "bob_login");
  login(257, "stranger");
  login(258, "database_owner");
  principal(kBob, "bob", "S", {}, 256);
  pb::Database info = one.instance.info(id);
  info.set_owner_login(258);
  catalog::Transaction transaction = one.instance.begin();
  one.instance.put_info(transaction, info);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));
  const auto user = [&](const SecurityContext& context) {
    return catalog::user_in(one.instance, context, id);
  };

  EXPECT_EQ(*user(SecurityContext{}), catalog::kDbo);
  EXPECT_EQ(*user(as_login(258, "database_owner")), catalog::kDbo);
  EXPECT_EQ(user(as_login(256, "bob_login")).error(),
            proto::Error(proto::ErrorCode::no_access_to_database, "bob_login", "app"));
  set(ObjectClass::database, 0, kBob, "CONNECT", 'G');
  EXPECT_EQ(*user(as_login(256, "bob_login")), kBob);
  set(ObjectClass::database, 0, kBob, "CONNECT", 'D');
  EXPECT_EQ(user(as_login(256, "bob_login")).error().number(), 916);
  EXPECT_EQ(user(as_login(257, "stranger")).error().number(), 916);
  set(ObjectClass::database, 0, catalog::kGuest, "CONNECT", 'G');
  EXPECT_EQ(*user(as_login(257, "stranger")), catalog::kGuest);
  EXPECT_EQ(*catalog::user_in(one.instance, as_login(257, "stranger"), kMaster), catalog::kGuest);
}

TEST_F(PermissionsTest, ExecuteAsUserStaysInItsDatabaseUnlessItIsTrusted) {
  const auto other = one.make_database("other");
  const auto user_in_other = [&](std::int32_t user) {
    return catalog::user_in(one.instance, as_user(user), other);
  };

  EXPECT_EQ(*catalog::user_in(one.instance, as_user(kBob), id), kBob);
  EXPECT_EQ(user_in_other(kBob).error(),
            proto::Error(proto::ErrorCode::no_access_to_database, "bob", "other"));
  EXPECT_EQ(user_in_other(catalog::kDbo).error().number(), 916);
  EXPECT_EQ(*catalog::user_in(one.instance, as_user(kBob), kMaster), catalog::kGuest);

  pb::Database info = one.instance.info(id);
  info.set_is_trustworthy_on(true);
  catalog::Transaction transaction = one.instance.begin();
  one.instance.put_info(transaction, info);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));
  EXPECT_EQ(*user_in_other(catalog::kDbo), catalog::kDbo);  // its owner is sa
  EXPECT_EQ(user_in_other(kBob).error().number(), 916);     // without a login still nobody
}

TEST_F(PermissionsTest, AUserOfADatabaseIsOfTheServerOnlyWhereTheDatabaseIsTrustworthy) {
  const auto may = [&](const SecurityContext& context) {
    return catalog::has_server_permission(one.instance, context, "VIEW SERVER STATE");
  };
  EXPECT_TRUE(may({}));  // sa
  EXPECT_FALSE(may(as_user(catalog::kDbo)));
  EXPECT_FALSE(may(as_user(kBob)));

  pb::Database info = one.instance.info(id);
  info.set_is_trustworthy_on(true);
  catalog::Transaction transaction = one.instance.begin();
  one.instance.put_info(transaction, info);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));

  EXPECT_TRUE(may(as_user(catalog::kDbo)));  // its owner is sa
  EXPECT_FALSE(may(as_user(kBob)));          // without a login still nobody
}

TEST_F(PermissionsTest, TheContextOfAUserStaysInItsDatabase) {
  const auto context = catalog::context_of_user(one.instance, id, kBob);

  ASSERT_TRUE(context);
  EXPECT_EQ(context->user, kBob);
  EXPECT_EQ(context->user_database, id);
  EXPECT_FALSE(context->is_sysadmin);
  EXPECT_EQ(context->login_name, "bob");
  EXPECT_EQ(catalog::context_of_user(one.instance, id, 4711).error().number(), 15517);
}

TEST_F(PermissionsTest, RequireAnswers229And262And15151) {
  const auto require = [&](ObjectClass object_class, std::int32_t object, std::string_view name,
                           std::string_view permission) {
    return catalog::require_permission(one.instance, as_user(kBob), id, object_class, object, name,
                                       permission);
  };

  EXPECT_EQ(require(ObjectClass::object, kQueue, "Queue", "RECEIVE").error(),
            proto::Error(proto::ErrorCode::permission_denied_on_object, "RECEIVE", "Queue", "app"));
  EXPECT_EQ(require(ObjectClass::database, 0, "app", "CREATE ROUTE").error(),
            proto::Error(proto::ErrorCode::permission_denied_in_database, "CREATE ROUTE", "app"));
  EXPECT_EQ(require(ObjectClass::service, kService, "S", "ALTER").error(),
            proto::Error(proto::ErrorCode::object_missing_or_denied, "service", "S"));
  set(ObjectClass::object, kQueue, kBob, "RECEIVE", 'G');
  EXPECT_TRUE(require(ObjectClass::object, kQueue, "Queue", "RECEIVE"));
}

TEST_F(PermissionsTest, LoginsHaveWhatTheyPublicAndOwnershipGive) {
  login(256, "HOST_B_login");
  pb::Endpoint endpoint;
  endpoint.set_id(65536);
  endpoint.set_name("BrokerEndpoint");
  endpoint.set_owner_login(257);
  one.put(one.instance.master(), endpoint);
  login(257, "owner");
  const auto may_connect = [&](std::int32_t login_id) {
    return catalog::login_has_permission(one.instance, login_id, ObjectClass::endpoint, 65536,
                                         "CONNECT");
  };
  const auto set_on_server = [&](ObjectClass object_class, std::int32_t object,
                                 std::int32_t grantee, std::string_view permission, char state) {
    catalog::Transaction transaction = one.instance.begin();
    catalog::set_permission(transaction, one.instance.master(), object_class, object, grantee,
                            catalog::kSa, permission, state);
    ASSERT_TRUE(one.instance.commit(std::move(transaction)));
  };

  EXPECT_TRUE(may_connect(catalog::kSa));
  EXPECT_TRUE(may_connect(257));
  EXPECT_FALSE(may_connect(256));
  EXPECT_TRUE(catalog::login_has_permission(one.instance, 256, ObjectClass::endpoint, 4,
                                            "CONNECT"));  // TSQL Default TCP
  set_on_server(ObjectClass::endpoint, 65536, catalog::kServerPublic, "CONNECT", 'G');
  EXPECT_TRUE(may_connect(256));
  set_on_server(ObjectClass::endpoint, 65536, 256, "CONNECT", 'D');
  EXPECT_FALSE(may_connect(256));
  set_on_server(ObjectClass::server, 0, 256, "ALTER ANY ENDPOINT", 'G');
  EXPECT_TRUE(
      catalog::login_has_permission(one.instance, 256, ObjectClass::endpoint, 65536, "ALTER"));
  EXPECT_TRUE(
      catalog::login_has_permission(one.instance, 256, ObjectClass::server, 0, "CREATE ENDPOINT"));
  EXPECT_FALSE(catalog::login_has_permission(one.instance, 256, ObjectClass::server, 0,
                                             "CREATE ANY DATABASE"));
}

TEST_F(PermissionsTest, ServerPermissionsAreTheLogins) {
  login(256, "someone");
  const auto require = [&](const SecurityContext& context) {
    return catalog::require_permission(one.instance, context, kMaster, ObjectClass::server, 0, "",
                                       "CREATE ENDPOINT");
  };

  EXPECT_TRUE(require(SecurityContext{}));
  EXPECT_EQ(require(as_login(256, "someone")).error(),
            proto::Error(proto::ErrorCode::not_permitted, "CREATE ENDPOINT"));
  EXPECT_EQ(require(as_user(catalog::kDbo)).error().number(), 15247);
  EXPECT_EQ(catalog::require_permission(one.instance, as_login(256, "someone"), kMaster,
                                        ObjectClass::endpoint, 65536, "E", "ALTER")
                .error(),
            proto::Error(proto::ErrorCode::object_missing_or_denied, "endpoint", "E"));
}

TEST_F(PermissionsTest, TypeCodesAndClassNames) {
  EXPECT_EQ(catalog::permission_type("SEND"), "SN");
  EXPECT_EQ(catalog::permission_type("connect"), "CO");
  EXPECT_EQ(catalog::permission_type("CREATE REMOTE SERVICE BINDING"), "CRSB");
  EXPECT_EQ(catalog::permission_type("FLY"), "");
  EXPECT_EQ(catalog::class_name(ObjectClass::service), "SERVICE");
  EXPECT_EQ(catalog::class_name(ObjectClass::object), "OBJECT_OR_COLUMN");
  EXPECT_EQ(catalog::class_name(static_cast<ObjectClass>(77)), "");
}

}  // namespace
}  // namespace ssb::broker::tests
