#include "broker/catalog/views.h"

#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/crypto/x509.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {
namespace {

using catalog::Catalog;
using catalog::kMaster;
using catalog::kMsdb;
namespace pb = catalog::pb;

constexpr const char* kNowText = "2008-11-26 09:00:00.000";

std::string to_text(const store::Value& value) {
  if (std::holds_alternative<store::Null>(value)) return "NULL";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* bytes = std::get_if<proto::Bytes>(&value)) return "0x" + proto::to_hex(*bytes);
  return "?";
}

// Reads views like a SELECT would: rows as texts by column name.
class ViewsTest : public testing::Test {
 protected:
  ViewsTest() : views(one.instance), app(one.make_database("app")) {}

  std::size_t column_index(std::string_view view, std::string_view column) {
    const auto columns = views.view_columns(view);
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const auto& each) { return each.name == column; });
    EXPECT_NE(found, columns.end()) << view << "." << column;
    return static_cast<std::size_t>(found - columns.begin());
  }
  // The value of `column` in the row whose `key_column` is `key`; "no row" when there is none.
  std::string value(std::string_view view, std::string_view key_column, std::string_view key,
                    std::string_view column, store::DatabaseId database) {
    const std::size_t key_index = column_index(view, key_column);
    const std::size_t index = column_index(view, column);
    for (const auto& row : views.view_rows(view, database, 0)) {
      if (to_text(row[key_index]) == key) return to_text(row[index]);
    }
    return "no row";
  }
  // All rows of a view, each as "a|b|c".
  std::vector<std::string> rows(std::string_view view, store::DatabaseId database) {
    std::vector<std::string> result;
    for (const auto& row : views.view_rows(view, database, 0)) {
      std::string text;
      for (const auto& each : row) text += (text.empty() ? "" : "|") + to_text(each);
      result.push_back(text);
    }
    return result;
  }
  Catalog& database() { return *one.instance.database(app); }

  TestInstance one;
  catalog::SystemViews views;
  store::DatabaseId app;
};

TEST_F(ViewsTest, ColumnsHaveSqlServersOrderAndTypes) {
  std::ifstream file(std::string(SSB_SOURCE_DIR) + "/tests/broker/catalog/sys_view_columns.txt");
  std::string line;
  int checked = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto colon = line.find(": ");
    std::string columns;
    for (const auto& column : views.view_columns(line.substr(0, colon))) {
      columns += (columns.empty() ? "" : ", ") + column.name + " " + column.declared_type;
    }
    EXPECT_EQ(columns, line.substr(colon + 2)) << line.substr(0, colon);
    ++checked;
  }
  EXPECT_EQ(checked, 43);
}

TEST_F(ViewsTest, EveryViewAnswersInEveryDatabase) {
  for (const std::string& view : views.view_names()) {
    EXPECT_FALSE(views.view_columns(view).empty()) << view;
    for (const auto& [id, catalog] : one.instance.databases()) {
      for (const auto& row : views.view_rows(view, id, 0)) {
        EXPECT_EQ(row.size(), views.view_columns(view).size()) << view;
      }
    }
  }
  EXPECT_TRUE(views.view_columns("sys.nothing").empty());
  EXPECT_TRUE(views.view_rows("sys.nothing", kMaster, 0).empty());
}

TEST_F(ViewsTest, RowsOfTheEngineComeThroughSetRows) {
  EXPECT_TRUE(views.view_rows("sys.conversation_groups", app, 0).empty());

  views.set_rows("sys.conversation_groups", [](store::DatabaseId id, std::int64_t argument) {
    return std::vector<store::Row>{{std::string("G"), std::int64_t{id}, argument}};
  });

  EXPECT_EQ(rows("sys.conversation_groups", app), std::vector<std::string>{"G|5|0"});
  EXPECT_EQ(to_text(views.view_rows("sys.conversation_groups", app, 7)[0][2]), "7");
}

TEST_F(ViewsTest, QueriesReachTheViewsThroughTheStore) {
  one.store.set_views(&views);

  const auto found =
      one.store.query(app, "SELECT name, address FROM \"sys.routes\"(?1)", {std::int64_t{app}});

  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->rows.size(), 1U);
  EXPECT_EQ(to_text(found->rows[0][0]), "AutoCreatedLocal");
  EXPECT_EQ(to_text(found->rows[0][1]), "LOCAL");
}

TEST_F(ViewsTest, CertificatesShowTheirX509) {
  const auto made = crypto::X509Certificate::make_self_signed({"My, certificate", kNow, kNow + 24h},
                                                              pooled_key(0));
  pb::Certificate row;
  row.set_id(256);
  row.set_name("Mine");
  row.set_owner(catalog::kDbo);
  row.set_der(proto::to_string(made.der()));
  row.set_private_key_protection("MK");
  row.set_is_active_for_begin_dialog(true);
  row.set_private_key_backup_us(proto::to_unix_us(kNow));
  one.put(database(), row);
  const auto show = [&](std::string_view column) {
    return value("sys.certificates", "name", "Mine", column, app);
  };
  const std::string thumbprint = proto::to_hex(made.thumbprint());

  EXPECT_EQ(show("certificate_id"), "256");
  EXPECT_EQ(show("principal_id"), "1");
  EXPECT_EQ(show("pvt_key_encryption_type"), "MK");
  EXPECT_EQ(show("pvt_key_encryption_type_desc"), "ENCRYPTED_BY_MASTER_KEY");
  EXPECT_EQ(show("is_active_for_begin_dialog"), "1");
  EXPECT_EQ(show("issuer_name"), "My, certificate");
  EXPECT_EQ(show("subject"), "My, certificate");
  EXPECT_EQ(show("cert_serial_number"), made.serial_text());
  EXPECT_EQ(show("thumbprint"), "0x" + thumbprint);
  EXPECT_EQ(show("sid"), "0x010600000000000901000000" + thumbprint);
  EXPECT_TRUE(show("string_sid").starts_with("S-1-9-1-"));
  EXPECT_EQ(show("start_date"), kNowText);
  EXPECT_EQ(show("expiry_date"), "2008-11-27 09:00:00.000");
  EXPECT_EQ(show("pvt_key_last_backup_date"), kNowText);
  EXPECT_EQ(show("attested_by"), "NULL");
  EXPECT_TRUE(rows("sys.certificates", kMsdb).empty());
}

TEST_F(ViewsTest, ASubjectOfSeveralPartsIsShownWhole) {
  const auto made =
      crypto::X509Certificate::make_self_signed({"CN=a, O=b", kNow, kNow + 24h}, pooled_key(0));
  pb::Certificate row;
  row.set_id(256);
  row.set_name("Parts");
  row.set_der(proto::to_string(made.der()));
  row.set_private_key_protection("NA");
  one.put(database(), row);

  EXPECT_EQ(value("sys.certificates", "name", "Parts", "subject", app), "CN=a, O=b");
  EXPECT_EQ(value("sys.certificates", "name", "Parts", "pvt_key_encryption_type_desc", app),
            "NO_PRIVATE_KEY");
}

TEST_F(ViewsTest, MasterKeysShowTheirCopies) {
  EXPECT_TRUE(rows("sys.symmetric_keys", app).empty());
  EXPECT_TRUE(rows("sys.key_encryptions", app).empty());
  EXPECT_EQ(value("sys.symmetric_keys", "symmetric_key_id", "102", "name", kMaster),
            "##MS_ServiceMasterKey##");
  pb::MasterKey key;
  key.set_key_guid(std::string(16, '\x11'));
  key.set_under_service_master_key("s");
  key.add_passwords()->set_sealed("p");
  key.add_passwords()->set_sealed("q");
  key.set_create_date_us(proto::to_unix_us(kNow));
  key.set_modify_date_us(proto::to_unix_us(kNow + 1s));
  catalog::Transaction transaction = one.instance.begin();
  database().put(transaction, catalog::kMasterKeyId, key);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));

  EXPECT_EQ(
      rows("sys.symmetric_keys", app),
      std::vector<std::string>{
          "##MS_DatabaseMasterKey##|1|101|256|A3|AES_256|2008-11-26 09:00:00.000|"
          "2008-11-26 09:00:01.000|11111111-1111-1111-1111-111111111111|NULL|NULL|NULL|NULL"});
  EXPECT_EQ(rows("sys.key_encryptions", app),
            (std::vector<std::string>{"101|NULL|ESKM|ENCRYPTION BY MASTER KEY|0x73",
                                      "101|NULL|ESP2|ENCRYPTION BY PASSWORD V2|0x70",
                                      "101|NULL|ESP2|ENCRYPTION BY PASSWORD V2|0x71"}));
  // A copy that this service master key does not open is there, but not what opens the key.
  EXPECT_EQ(value("sys.databases", "name", "app", "is_master_key_encrypted_by_server", app), "0");
}

TEST_F(ViewsTest, DatabasesShowTheirBroker) {
  const auto show = [&](std::string_view name, std::string_view column) {
    return value("sys.databases", "name", name, column, app);
  };
  const auto broker_id =
      proto::Guid::from_bytes(proto::as_bytes(one.instance.info(app).broker_id()));

  EXPECT_EQ(show("app", "database_id"), "5");
  EXPECT_EQ(show("app", "service_broker_guid"), broker_id->text());
  EXPECT_EQ(show("app", "is_broker_enabled"), "1");
  EXPECT_EQ(show("app", "create_date"), kNowText);
  EXPECT_EQ(show("app", "owner_sid"), "0x01");
  EXPECT_EQ(show("app", "recovery_model_desc"), "FULL");
  EXPECT_EQ(show("app", "is_trustworthy_on"), "0");
  EXPECT_EQ(show("app", "state_desc"), "ONLINE");
  EXPECT_EQ(show("master", "service_broker_guid"), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(show("master", "is_broker_enabled"), "0");
  EXPECT_EQ(show("msdb", "is_broker_enabled"), "1");
  pb::Database info = one.instance.info(app);
  info.set_is_trustworthy_on(true);
  info.set_is_honor_broker_priority_on(true);
  info.set_is_broker_enabled(false);
  info.set_user_access(1);
  catalog::Transaction transaction = one.instance.begin();
  one.instance.put_info(transaction, info);
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));

  EXPECT_EQ(show("app", "is_trustworthy_on"), "1");
  EXPECT_EQ(show("app", "is_honor_broker_priority_on"), "1");
  EXPECT_EQ(show("app", "is_broker_enabled"), "0");
  EXPECT_EQ(show("app", "user_access_desc"), "SINGLE_USER");
}

TEST_F(ViewsTest, PrincipalsAndTheirRoles) {
  pb::Principal user;
  user.set_id(5);
  user.set_name("alice");
  user.set_type("S");
  user.set_default_schema("dbo");
  user.add_member_of(16384);
  one.put(database(), user);
  const auto show = [&](std::string_view name, std::string_view column) {
    return value("sys.database_principals", "name", name, column, app);
  };

  EXPECT_EQ(show("alice", "principal_id"), "5");
  EXPECT_EQ(show("alice", "type_desc"), "SQL_USER");
  EXPECT_EQ(show("alice", "authentication_type_desc"), "NONE");
  EXPECT_EQ(show("dbo", "sid"), "0x01");
  EXPECT_EQ(show("dbo", "authentication_type_desc"), "INSTANCE");
  EXPECT_EQ(show("db_owner", "is_fixed_role"), "1");
  EXPECT_EQ(show("db_owner", "owning_principal_id"), "1");
  EXPECT_EQ(show("public", "type_desc"), "DATABASE_ROLE");
  EXPECT_EQ(rows("sys.database_role_members", app),
            (std::vector<std::string>{"16384|1", "16384|5"}));
  EXPECT_EQ(value("sys.server_principals", "name", "sa", "type_desc", app), "SQL_LOGIN");
  EXPECT_EQ(value("sys.server_principals", "name", "sysadmin", "is_fixed_role", app), "1");
  EXPECT_EQ(value("sys.server_principals", "name", "public", "is_fixed_role", app), "0");
  EXPECT_EQ(rows("sys.server_role_members", app), std::vector<std::string>{"3|1"});
}

TEST_F(ViewsTest, PermissionsOfDatabaseAndServerStandApart) {
  catalog::Transaction transaction = one.instance.begin();
  catalog::set_permission(transaction, database(), catalog::ObjectClass::service, 65536, 5,
                          catalog::kDbo, "SEND", 'W');
  catalog::set_permission(transaction, one.instance.master(), catalog::ObjectClass::endpoint, 65536,
                          256, catalog::kSa, "CONNECT", 'D');
  ASSERT_TRUE(one.instance.commit(std::move(transaction)));

  EXPECT_EQ(
      rows("sys.database_permissions", app),
      (std::vector<std::string>{"0|DATABASE|0|0|1|1|CO  |CONNECT|G|GRANT",
                                "17|SERVICE|65536|0|5|1|SN  |SEND|W|GRANT_WITH_GRANT_OPTION"}));
  const auto server = rows("sys.server_permissions", app);
  EXPECT_EQ(
      std::count(server.begin(), server.end(), "105|ENDPOINT|65536|0|256|1|CO  |CONNECT|D|DENY"),
      1);
  EXPECT_EQ(std::count(server.begin(), server.end(), "105|ENDPOINT|4|0|2|1|CO  |CONNECT|G|GRANT"),
            1);
  EXPECT_EQ(server.size(), 7U);
}

TEST_F(ViewsTest, BrokerObjects) {
  pb::MessageType type;
  type.set_id(65536);
  type.set_name("//App/Request");
  type.set_owner(1);
  type.set_validation("X");
  one.put(database(), type);
  pb::Contract contract;
  contract.set_id(65536);
  contract.set_name("//App/Contract");
  contract.set_owner(1);
  auto& usage = *contract.add_usages();
  usage.set_message_type(65536);
  usage.set_sent_by_initiator(true);
  one.put(database(), contract);
  pb::Queue queue;
  queue.set_id(1'000'000);
  queue.set_name("Queue");
  queue.set_schema_id(1);
  queue.set_is_receive_enabled(true);
  queue.set_execute_as_principal(-2);
  queue.set_activation_procedure("[dbo].[p]");
  queue.set_max_readers(4);
  queue.set_create_date_us(proto::to_unix_us(kNow));
  queue.set_modify_date_us(proto::to_unix_us(kNow));
  one.put(database(), queue);
  pb::Service service;
  service.set_id(65536);
  service.set_name("//App/Service");
  service.set_owner(1);
  service.set_queue(1'000'000);
  service.add_contracts(65536);
  one.put(database(), service);

  EXPECT_EQ(value("sys.service_message_types", "message_type_id", "65536", "validation", app),
            "X ");
  EXPECT_EQ(value("sys.service_message_types", "name", "DEFAULT", "validation_desc", app),
            "BINARY");
  EXPECT_EQ(rows("sys.service_message_types", app).size(), 15U);
  EXPECT_EQ(rows("sys.service_contracts", app).back(), "//App/Contract|65536|1");
  EXPECT_EQ(rows("sys.service_contract_message_usages", app).back(), "65536|65536|1|0");
  EXPECT_EQ(rows("sys.service_contract_message_usages", app).size(), 12U);
  EXPECT_EQ(rows("sys.services", app).back(), "//App/Service|65536|1|1000000");
  EXPECT_EQ(rows("sys.service_contract_usages", app),
            (std::vector<std::string>{"3|4", "3|5", "65536|65536"}));
  EXPECT_EQ(rows("sys.service_queue_usages", app).back(), "65536|1000000");
  EXPECT_EQ(rows("sys.service_queues", app).front(),
            fmt::format("Queue|1000000|NULL|1|0|SQ|SERVICE_QUEUE|{0}|{0}|0|0|0|4|[dbo].[p]|-2|0|1|"
                        "0|0|0",
                        kNowText));
  EXPECT_EQ(value("sys.service_queues", "name", "ServiceBrokerQueue", "is_ms_shipped", app), "1");
}

TEST_F(ViewsTest, RoutesBindingsAndPriorities) {
  pb::Route route;
  route.set_id(65537);
  route.set_name("ToB");
  route.set_owner(1);
  route.set_service_name("//B/Service");
  route.set_address("TCP://host_b:4022");
  route.set_lifetime_us(proto::to_unix_us(kNow));
  one.put(database(), route);
  pb::RemoteServiceBinding binding;
  binding.set_id(65536);
  binding.set_name("ToBBinding");
  binding.set_owner(1);
  binding.set_remote_service_name("//B/Service");
  binding.set_remote_principal(5);
  binding.set_is_anonymous(true);
  one.put(database(), binding);
  pb::BrokerPriority priority;
  priority.set_id(65536);
  priority.set_name("High");
  priority.set_local_service(65536);
  priority.set_priority(9);
  one.put(database(), priority);

  EXPECT_EQ(rows("sys.routes", app),
            (std::vector<std::string>{
                "AutoCreatedLocal|65536|1|NULL|NULL|NULL|LOCAL|NULL",
                fmt::format("ToB|65537|1|//B/Service|NULL|{}|TCP://host_b:4022|NULL", kNowText)}));
  EXPECT_EQ(rows("sys.remote_service_bindings", app),
            std::vector<std::string>{"ToBBinding|65536|1|//B/Service|0|5|1"});
  EXPECT_EQ(rows("sys.conversation_priorities", app),
            std::vector<std::string>{"65536|High|NULL|65536|NULL|9"});
}

TEST_F(ViewsTest, EndpointsOfUsersAndTheBuiltInOnes) {
  pb::Endpoint endpoint;
  endpoint.set_id(65536);
  endpoint.set_name("BrokerEndpoint");
  endpoint.set_owner_login(1);
  endpoint.set_kind(pb::Endpoint::SERVICE_BROKER);
  endpoint.set_state(1);
  endpoint.set_port(4022);
  endpoint.set_connection_auth(4);
  endpoint.set_certificate_id(256);
  endpoint.set_encryption_algorithm(2);
  endpoint.set_message_forwarding_size(10);
  one.put(one.instance.master(), endpoint);
  endpoint.set_id(65537);
  endpoint.set_name("Mirroring");
  endpoint.set_kind(pb::Endpoint::DATABASE_MIRRORING);
  endpoint.set_ip_address("127.0.0.1");
  endpoint.set_role(3);
  endpoint.set_encryption_algorithm(0);
  one.put(one.instance.master(), endpoint);

  EXPECT_EQ(rows("sys.endpoints", app).size(), 7U);
  EXPECT_EQ(rows("sys.endpoints", app).front(),
            "Dedicated Admin Connection|1|1|2|TCP|2|TSQL|0|STARTED|1");
  EXPECT_EQ(value("sys.endpoints", "endpoint_id", "3", "protocol_desc", app), "NAMED_PIPES");
  EXPECT_EQ(rows("sys.tcp_endpoints", app).size(), 4U);
  EXPECT_EQ(value("sys.tcp_endpoints", "name", "BrokerEndpoint", "ip_address", app), "NULL");
  EXPECT_EQ(value("sys.tcp_endpoints", "name", "Mirroring", "ip_address", app), "127.0.0.1");
  EXPECT_EQ(rows("sys.service_broker_endpoints", app),
            std::vector<std::string>{"BrokerEndpoint|65536|1|2|TCP|3|SERVICE_BROKER|1|STOPPED|0|0|"
                                     "10|4|CERTIFICATE|256|2|AES"});
  EXPECT_EQ(rows("sys.database_mirroring_endpoints", app),
            std::vector<std::string>{"Mirroring|65537|1|2|TCP|4|DATABASE_MIRRORING|1|STOPPED|0|3|"
                                     "ALL|0|4|CERTIFICATE|256|0|NONE"});
}

TEST_F(ViewsTest, TablesColumnsAndModules) {
  pb::UserTable table;
  table.set_id(1'000'000);
  table.set_name("T");
  table.set_schema_id(1);
  const auto add_column = [&](const char* name, const char* type, bool nullable) {
    auto& column = *table.add_columns();
    column.set_name(name);
    column.set_declared_type(type);
    column.set_is_nullable(nullable);
  };
  add_column("id", "int", false);
  add_column("body", "nvarchar(50)", true);
  add_column("blob", "varbinary(max)", true);
  add_column("price", "decimal(10, 2)", true);
  add_column("name", "sysname", false);
  table.mutable_columns(0)->set_is_identity(true);
  one.put(database(), table);
  pb::Module module;
  module.set_id(1'000'001);
  module.set_name("P");
  module.set_schema_id(1);
  module.set_type("P ");
  module.set_definition("CREATE PROCEDURE P AS RETURN");
  one.put(database(), module);
  module.set_id(1'000'002);
  module.set_name("V");
  module.set_type("V ");
  one.put(database(), module);
  const auto column = [&](std::string_view name, std::string_view what) {
    return value("sys.columns", "name", name, what, app);
  };

  EXPECT_EQ(column("id", "system_type_id"), "56");
  EXPECT_EQ(column("id", "is_identity"), "1");
  EXPECT_EQ(column("id", "is_nullable"), "0");
  EXPECT_EQ(column("body", "system_type_id"), "231");
  EXPECT_EQ(column("body", "max_length"), "100");
  EXPECT_EQ(column("body", "column_id"), "2");
  EXPECT_EQ(column("blob", "max_length"), "-1");
  EXPECT_EQ(column("blob", "collation_name"), "NULL");
  EXPECT_EQ(column("price", "precision"), "10");
  EXPECT_EQ(column("price", "scale"), "2");
  EXPECT_EQ(column("name", "user_type_id"), "256");
  EXPECT_EQ(value("sys.tables", "name", "T", "max_column_id_used", app), "5");
  EXPECT_EQ(value("sys.objects", "name", "T", "type", app), "U ");
  EXPECT_EQ(value("sys.objects", "name", "V", "type_desc", app), "VIEW");
  EXPECT_EQ(value("sys.objects", "name", "ServiceBrokerQueue", "type", app), "SQ");
  EXPECT_EQ(rows("sys.procedures", app).size(), 1U);
  EXPECT_EQ(value("sys.sql_modules", "object_id", "1000001", "definition", app),
            "CREATE PROCEDURE P AS RETURN");
  EXPECT_EQ(value("sys.schemas", "name", "dbo", "schema_id", app), "1");
}

TEST_F(ViewsTest, LoginsTypesAndMirroringForClientsThatAsk) {
  EXPECT_EQ(rows("sys.sql_logins", app),
            std::vector<std::string>{fmt::format(
                "sa|1|0x01|S|SQL_LOGIN|0|{0}|{0}|master|us_english|NULL|1|0|NULL", kNowText)});
  EXPECT_EQ(value("sys.types", "name", "int", "system_type_id", app), "56");
  EXPECT_EQ(value("sys.types", "name", "nvarchar", "max_length", app), "8000");
  EXPECT_EQ(value("sys.types", "name", "sysname", "user_type_id", app), "256");
  EXPECT_EQ(value("sys.database_mirroring", "database_id", "5", "mirroring_guid", app), "NULL");
}

TEST_F(ViewsTest, AHigherLayerAddsAViewOfItsOwn) {
  views.add("sys.dm_own", "a int, b decimal(10, 2)", nullptr);

  ASSERT_EQ(views.view_columns("sys.dm_own").size(), 2U);
  EXPECT_EQ(views.view_columns("sys.dm_own")[1].declared_type, "decimal(10, 2)");
  EXPECT_TRUE(rows("sys.dm_own", app).empty());
}

TEST_F(ViewsTest, MessagesAreTheErrorTable) {
  EXPECT_EQ(rows("sys.messages", app).size(), proto::error_rows().size());
  EXPECT_EQ(value("sys.messages", "message_id", "8429", "severity", app), "16");
  EXPECT_EQ(value("sys.messages", "message_id", "8429", "language_id", app), "1033");
}

}  // namespace
}  // namespace ssb::broker::tests
