#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

using testing::ElementsAre;

TEST(ParserDatabaseTest, ReadsCreateDatabase) {
  const Batch batch = parsed(
      "CREATE DATABASE [my db] CONTAINMENT = NONE ON PRIMARY (NAME = a, FILENAME = 'a.mdf', SIZE = "
      "10MB), FILEGROUP fg "
      "CONTAINS FILESTREAM (NAME = c) LOG ON (NAME = b) COLLATE Latin1_General_CI_AS WITH "
      "TRUSTWORTHY ON, DB_CHAINING OFF "
      "CREATE DATABASE d CREATE DATABASE e ON (FILENAME = 'x') FOR ATTACH");

  const auto& database = node_of<CreateDatabase>(batch);
  EXPECT_EQ(database.name, "my db");
  EXPECT_EQ(database.collation, "Latin1_General_CI_AS");
  ASSERT_EQ(database.options.size(), 2U);
  EXPECT_EQ(database.options[0].kind, DatabaseOptionKind::trustworthy);
  EXPECT_EQ(database.options[0].on, true);
  EXPECT_TRUE(node_of<CreateDatabase>(batch, 2).for_attach);
}

TEST(ParserDatabaseTest, ReadsDatabaseOptions) {
  const Batch batch = parsed(
      "ALTER DATABASE d SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE alter database current set "
      "recovery full, "
      "honor_broker_priority on, NEW_BROKER, ENCRYPTION SUSPEND, COMPATIBILITY_LEVEL = 130, "
      "PAGE_VERIFY CHECKSUM, "
      "READ_COMMITTED_SNAPSHOT ON, TARGET_RECOVERY_TIME = 60 SECONDS, HADR with rollback "
      "after 10 seconds "
      "ALTER DATABASE d SET SINGLE_USER WITH NO_WAIT ALTER DATABASE d SET ENCRYPTION OFF");

  EXPECT_EQ(node_of<AlterDatabase>(batch, 0).options.at(0).kind, DatabaseOptionKind::enable_broker);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 0).termination->kind,
            TerminationKind::rollback_immediate);
  const auto& many = node_of<AlterDatabase>(batch, 1);
  EXPECT_EQ(many.name, "");
  ASSERT_EQ(many.options.size(), 9U);
  EXPECT_EQ(many.options[0].kind, DatabaseOptionKind::recovery);
  EXPECT_EQ(many.options[0].value, "FULL");
  EXPECT_EQ(many.options[1].on, true);
  EXPECT_EQ(many.options[3].value, "SUSPEND");
  EXPECT_EQ(many.options[4].value, "130");
  EXPECT_EQ(many.options[6].kind, DatabaseOptionKind::other);
  EXPECT_EQ(many.options[7].value, "60 SECONDS");
  EXPECT_EQ(many.options[8].name, "HADR");
  EXPECT_EQ(many.termination->after_s, 10);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 2).termination->kind, TerminationKind::no_wait);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 3).options.at(0).on, false);
}

TEST(ParserDatabaseTest, ReadsMirroringAndOtherChanges) {
  const Batch batch = parsed(
      "ALTER DATABASE d SET PARTNER = 'TCP://h:7024' ALTER DATABASE d SET PARTNER FAILOVER ALTER "
      "DATABASE d SET PARTNER "
      "SAFETY OFF ALTER DATABASE d SET PARTNER TIMEOUT 20 ALTER DATABASE d SET WITNESS = "
      "'TCP://w:7024' "
      "ALTER DATABASE d SET WITNESS OFF ALTER DATABASE d MODIFY NAME = e ALTER DATABASE d COLLATE "
      "x "
      "ALTER DATABASE d ADD FILE (NAME = x)");

  EXPECT_EQ(node_of<AlterDatabase>(batch, 0).partner->address, "TCP://h:7024");
  EXPECT_EQ(node_of<AlterDatabase>(batch, 1).partner->action, PartnerAction::failover);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 2).partner->action, PartnerAction::safety_off);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 3).partner->timeout_s, 20);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 4).witness->address, "TCP://w:7024");
  EXPECT_FALSE(node_of<AlterDatabase>(batch, 5).witness->address);
  EXPECT_EQ(node_of<AlterDatabase>(batch, 6).new_name, "e");
  EXPECT_EQ(node_of<AlterDatabase>(batch, 7).collation, "x");
  EXPECT_EQ(node_of<AlterDatabase>(batch, 8).other, "ADD FILE");
}

TEST(ParserDatabaseTest, ReadsBackupAndRestore) {
  const Batch batch = parsed(
      "DECLARE @p nvarchar(100) = 'x' BACKUP DATABASE d TO DISK = 'a.bak', URL = 's3://b' WITH "
      "FORMAT, STATS = 10, "
      "NAME = N'n', ENCRYPTION (ALGORITHM = AES_256, SERVER CERTIFICATE = c) BACKUP LOG @p TO DISK "
      "= @p WITH NORECOVERY "
      "RESTORE DATABASE d FROM DISK = 'a.bak' WITH MOVE 'a' TO 'b', REPLACE, STATS = 5 RESTORE LOG "
      "d FROM dev "
      "RESTORE DATABASE d WITH RECOVERY RESTORE HEADERONLY FROM DISK = 'a' RESTORE VERIFYONLY FROM "
      "DISK = 'a'");

  const auto& backup = node_of<BackupDatabase>(batch, 1);
  EXPECT_EQ(backup.devices.at(1).kind, BackupDeviceKind::url);
  EXPECT_EQ(backup.options.at(1).value, "10");
  EXPECT_EQ(backup.encryption->server_certificate, "c");
  EXPECT_TRUE(node_of<BackupDatabase>(batch, 2).log);
  EXPECT_EQ(node_of<BackupDatabase>(batch, 2).devices.at(0).location, "@p");
  EXPECT_EQ(node_of<RestoreDatabase>(batch, 3).moves.at(0).file, "b");
  EXPECT_EQ(node_of<RestoreDatabase>(batch, 4).devices.at(0).kind, BackupDeviceKind::named);
  EXPECT_TRUE(node_of<RestoreDatabase>(batch, 5).devices.empty());
  EXPECT_EQ(node_of<RestoreDatabase>(batch, 6).kind, RestoreKind::header_only);
}

TEST(ParserDatabaseTest, ReadsLogins) {
  const Batch batch = parsed(
      "CREATE LOGIN l WITH PASSWORD = 'p' MUST_CHANGE, SID = 0x01, DEFAULT_DATABASE = [d], "
      "CHECK_POLICY = OFF "
      "CREATE LOGIN m WITH PASSWORD = 0xAB HASHED CREATE LOGIN [D\\u] FROM WINDOWS WITH "
      "DEFAULT_LANGUAGE = us_english "
      "CREATE LOGIN n FROM CERTIFICATE c ALTER LOGIN l DISABLE ALTER LOGIN l WITH PASSWORD = 'q' "
      "OLD_PASSWORD = 'p' UNLOCK, "
      "NAME = k");

  EXPECT_TRUE(node_of<CreateLogin>(batch, 0).options.must_change);
  EXPECT_EQ(proto::to_hex(*node_of<CreateLogin>(batch, 0).options.sid), "01");
  EXPECT_EQ(node_of<CreateLogin>(batch, 0).options.check_policy, false);
  EXPECT_EQ(proto::to_hex(*node_of<CreateLogin>(batch, 1).options.hashed_password), "AB");
  EXPECT_EQ(node_of<CreateLogin>(batch, 2).source, LoginSource::windows);
  EXPECT_EQ(node_of<CreateLogin>(batch, 3).source_name, "c");
  EXPECT_EQ(node_of<AlterLogin>(batch, 4).enable, false);
  EXPECT_EQ(node_of<AlterLogin>(batch, 5).options.old_password, "p");
  EXPECT_EQ(node_of<AlterLogin>(batch, 5).options.new_name, "k");
  EXPECT_EQ(error_of("CREATE LOGIN l WITH DEFAULT_DATABASE = d"), 102);
}

TEST(ParserDatabaseTest, ReadsUsersAndRoles) {
  const Batch batch = parsed(
      "CREATE USER a CREATE USER b FOR LOGIN l WITH DEFAULT_SCHEMA = s CREATE USER c WITHOUT LOGIN "
      "CREATE USER d FROM CERTIFICATE e ALTER USER a WITH NAME = f, LOGIN = m CREATE ROLE r "
      "AUTHORIZATION dbo "
      "ALTER ROLE r ADD MEMBER a ALTER ROLE r DROP MEMBER a ALTER SERVER ROLE sysadmin ADD MEMBER "
      "l");

  EXPECT_EQ(node_of<CreateUser>(batch, 0).source, UserSource::login);
  EXPECT_EQ(node_of<CreateUser>(batch, 0).source_name, "");
  EXPECT_EQ(node_of<CreateUser>(batch, 1).default_schema, "s");
  EXPECT_EQ(node_of<CreateUser>(batch, 2).source, UserSource::without_login);
  EXPECT_EQ(node_of<CreateUser>(batch, 3).source, UserSource::certificate);
  EXPECT_EQ(node_of<AlterUser>(batch, 4).login, "m");
  EXPECT_EQ(node_of<CreateRole>(batch, 5).authorization, "dbo");
  EXPECT_EQ(node_of<AlterRole>(batch, 6).add_member, "a");
  EXPECT_TRUE(node_of<AlterRole>(batch, 8).server);
  const Batch schema = parsed("CREATE SCHEMA s AUTHORIZATION u");
  EXPECT_EQ(node_of<CreateSchema>(schema).authorization, "u");
}

TEST(ParserDatabaseTest, ReadsPermissionsOnEveryKindOfSecurable) {
  const Batch batch = parsed(
      "GRANT CONNECT ON ENDPOINT::e TO [l] GRANT SEND ON SERVICE::[//s] TO public, u WITH GRANT "
      "OPTION AS dbo "
      "GRANT RECEIVE, SELECT (a, b) ON dbo.q TO u GRANT VIEW DEFINITION ON CERTIFICATE::c TO u "
      "GRANT CONTROL ON REMOTE SERVICE BINDING :: b TO u DENY EXEC ON SCHEMA::s TO u CASCADE "
      "REVOKE GRANT OPTION FOR IMPERSONATE ON USER::v FROM u CASCADE GRANT CONTROL SERVER TO l "
      "GRANT ALL PRIVILEGES TO u "
      "GRANT SELECT ON OBJECT::dbo.t (a) TO u GRANT CONTROL ON SYMMETRIC KEY::k TO u");

  const auto& connect = node_of<ChangePermission>(batch, 0);
  EXPECT_EQ(connect.on->kind, ObjectKind::endpoint);
  EXPECT_EQ(connect.permissions.at(0).name, "CONNECT");
  const auto& send = node_of<ChangePermission>(batch, 1);
  EXPECT_EQ(send.on->name.name, "//s");
  EXPECT_THAT(send.principals, ElementsAre("public", "u"));
  EXPECT_TRUE(send.with_grant_option);
  EXPECT_EQ(send.as, "dbo");
  EXPECT_EQ(node_of<ChangePermission>(batch, 2).on->kind, ObjectKind::object);
  EXPECT_THAT(node_of<ChangePermission>(batch, 2).permissions.at(1).columns, ElementsAre("a", "b"));
  EXPECT_EQ(node_of<ChangePermission>(batch, 3).permissions.at(0).name, "VIEW DEFINITION");
  EXPECT_EQ(node_of<ChangePermission>(batch, 4).on->kind, ObjectKind::remote_service_binding);
  EXPECT_EQ(node_of<ChangePermission>(batch, 5).verb, PermissionVerb::deny);
  EXPECT_EQ(node_of<ChangePermission>(batch, 5).permissions.at(0).name, "EXECUTE");
  EXPECT_TRUE(node_of<ChangePermission>(batch, 6).grant_option_for);
  EXPECT_FALSE(node_of<ChangePermission>(batch, 7).on);
  EXPECT_EQ(node_of<ChangePermission>(batch, 8).permissions.at(0).name, "ALL");
  EXPECT_THAT(node_of<ChangePermission>(batch, 9).permissions.at(0).columns, ElementsAre("a"));
  EXPECT_EQ(node_of<ChangePermission>(batch, 10).on->kind, ObjectKind::symmetric_key);
  EXPECT_EQ(error_of("GRANT SEND ON NONSENSE::s TO u"), 102);
}

TEST(ParserDatabaseTest, ReadsAlterAuthorization) {
  const Batch batch = parsed(
      "ALTER AUTHORIZATION ON MESSAGE TYPE::[//m] TO u ALTER AUTHORIZATION ON DATABASE::d TO sa "
      "ALTER AUTHORIZATION ON dbo.t TO SCHEMA OWNER");

  EXPECT_EQ(node_of<AlterAuthorization>(batch, 0).on.kind, ObjectKind::message_type);
  EXPECT_EQ(node_of<AlterAuthorization>(batch, 1).to, "sa");
  EXPECT_FALSE(node_of<AlterAuthorization>(batch, 2).to);
}

}  // namespace
}  // namespace ssb::broker::tsql
