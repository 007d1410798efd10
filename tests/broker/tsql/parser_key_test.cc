#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/tsql/parse_helpers.h"

namespace ssb::broker::tsql {
namespace {

TEST(ParserKeyTest, ReadsMasterKeyStatements) {
  const Batch batch = parsed(
      "CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<1_Strong_Password!>' CREATE MASTER KEY "
      "OPEN MASTER KEY DECRYPTION BY PASSWORD = 'a' CLOSE MASTER KEY "
      "ALTER MASTER KEY FORCE REGENERATE WITH ENCRYPTION BY PASSWORD = 'b' "
      "ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY ALTER MASTER KEY DROP ENCRYPTION BY "
      "PASSWORD = N'c' "
      "BACKUP MASTER KEY TO FILE = 'f' ENCRYPTION BY PASSWORD = 'd' "
      "RESTORE MASTER KEY FROM URL = 'https://x' DECRYPTION BY PASSWORD = 'e' ENCRYPTION BY "
      "PASSWORD = 'f' FORCE");

  EXPECT_EQ(node_of<CreateMasterKey>(batch, 0).password, "<1_Strong_Password!>");
  EXPECT_FALSE(node_of<CreateMasterKey>(batch, 1).password);
  EXPECT_EQ(node_of<OpenMasterKey>(batch, 2).password, "a");
  node_of<CloseMasterKey>(batch, 3);
  EXPECT_TRUE(node_of<AlterMasterKey>(batch, 4).force);
  EXPECT_EQ(node_of<AlterMasterKey>(batch, 4).action, AlterMasterKeyAction::regenerate);
  EXPECT_EQ(node_of<AlterMasterKey>(batch, 5).action, AlterMasterKeyAction::add_service_master_key);
  EXPECT_EQ(node_of<AlterMasterKey>(batch, 6).action, AlterMasterKeyAction::drop_password);
  EXPECT_EQ(node_of<AlterMasterKey>(batch, 6).password, "c");
  EXPECT_EQ(node_of<BackupMasterKey>(batch, 7).file, "f");
  EXPECT_TRUE(node_of<RestoreMasterKey>(batch, 8).url && node_of<RestoreMasterKey>(batch, 8).force);
  EXPECT_EQ(node_of<RestoreMasterKey>(batch, 8).encryption_password, "f");
}

TEST(ParserKeyTest, WantsAPasswordToBeALiteral) {
  EXPECT_EQ(error_of("DECLARE @p nvarchar(10) CREATE MASTER KEY ENCRYPTION BY PASSWORD = @p"), 102);
}

TEST(ParserKeyTest, ReadsServiceMasterKeyStatements) {
  const Batch batch = parsed(
      "BACKUP SERVICE MASTER KEY TO FILE = 'f' ENCRYPTION BY PASSWORD = 'p' "
      "RESTORE SERVICE MASTER KEY FROM FILE = 'f' DECRYPTION BY PASSWORD = 'p' FORCE ALTER SERVICE "
      "MASTER KEY REGENERATE "
      "ALTER SERVICE MASTER KEY FORCE REGENERATE ALTER SERVICE MASTER KEY WITH NEW_ACCOUNT = 'a', "
      "NEW_PASSWORD = 'p'");

  EXPECT_EQ(node_of<BackupServiceMasterKey>(batch, 0).password, "p");
  EXPECT_TRUE(node_of<RestoreServiceMasterKey>(batch, 1).force);
  EXPECT_FALSE(node_of<AlterServiceMasterKey>(batch, 2).force);
  EXPECT_TRUE(node_of<AlterServiceMasterKey>(batch, 3).force);
  EXPECT_EQ(node_of<AlterServiceMasterKey>(batch, 4).action,
            AlterServiceMasterKeyAction::new_account);
}

TEST(ParserKeyTest, ReadsSelfSignedCertificatesWithAndWithoutCommas) {
  const Batch batch = parsed(
      "create certificate c authorization dbo with subject = 'My Service', start_date = "
      "'2008-11-26' "
      "active for begin_dialog=off CREATE CERTIFICATE d ENCRYPTION BY PASSWORD = 'p' WITH SUBJECT "
      "= 's', "
      "EXPIRY_DATE = '11/30/2013', ACTIVE FOR BEGIN_DIALOG = ON CREATE CERTIFICATE e WITH "
      "EXPIRY_DATE = '1', SUBJECT = 't'");

  const auto& first = node_of<CreateCertificate>(batch);
  EXPECT_EQ(first.source, CertificateSource::self_signed);
  EXPECT_EQ(first.authorization, "dbo");
  EXPECT_EQ(first.subject, "My Service");
  EXPECT_EQ(first.start_date, "2008-11-26");
  EXPECT_FALSE(first.expiry_date);
  EXPECT_EQ(first.active_for_begin_dialog, false);
  EXPECT_EQ(node_of<CreateCertificate>(batch, 1).encryption_password, "p");
  EXPECT_EQ(node_of<CreateCertificate>(batch, 1).active_for_begin_dialog, true);
  EXPECT_EQ(node_of<CreateCertificate>(batch, 2).subject, "t");
  EXPECT_FALSE(node_of<CreateCertificate>(batch, 2).active_for_begin_dialog);
}

TEST(ParserKeyTest, ReadsCertificatesFromFilesBinariesAndAssemblies) {
  const Batch batch = parsed(
      "CREATE CERTIFICATE a FROM FILE = 'a.cer' WITH PRIVATE KEY (FILE = 'a.pvk', DECRYPTION BY "
      "PASSWORD = 'd', "
      "ENCRYPTION BY PASSWORD = 'e') ACTIVE FOR BEGIN_DIALOG = OFF "
      "CREATE CERTIFICATE b FROM BINARY = 0x3082 WITH PRIVATE KEY (BINARY = 0x1EF1 DECRYPTION BY "
      "PASSWORD = 'd') "
      "CREATE CERTIFICATE c FROM EXECUTABLE FILE = 'x.dll' CREATE CERTIFICATE d FROM ASSEMBLY x "
      "CREATE CERTIFICATE e AUTHORIZATION u FROM FILE = 'a.pfx' WITH FORMAT = 'PFX', PRIVATE KEY "
      "(DECRYPTION BY "
      "PASSWORD = 'd')");

  const auto& file = node_of<CreateCertificate>(batch);
  EXPECT_EQ(file.source, CertificateSource::file);
  EXPECT_EQ(file.private_key->file, "a.pvk");
  EXPECT_EQ(file.private_key->decryption_password, "d");
  EXPECT_EQ(file.private_key->encryption_password, "e");
  EXPECT_EQ(file.active_for_begin_dialog, false);
  EXPECT_EQ(proto::to_hex(node_of<CreateCertificate>(batch, 1).binary), "3082");
  EXPECT_EQ(proto::to_hex(*node_of<CreateCertificate>(batch, 1).private_key->binary), "1EF1");
  EXPECT_EQ(node_of<CreateCertificate>(batch, 2).source, CertificateSource::executable_file);
  EXPECT_EQ(node_of<CreateCertificate>(batch, 3).assembly, "x");
  EXPECT_EQ(node_of<CreateCertificate>(batch, 4).format, "PFX");
}

TEST(ParserKeyTest, RefusesCertificatesWithoutSubject) {
  EXPECT_EQ(error_of("CREATE CERTIFICATE c WITH EXPIRY_DATE = '1'"), 102);
  EXPECT_EQ(error_of("CREATE CERTIFICATE c"), 102);
  EXPECT_EQ(error_of("CREATE CERTIFICATE c WITH PRIVATE KEY ()"), 102);
}

TEST(ParserKeyTest, ReadsAlterAndBackupCertificate) {
  const Batch batch = parsed(
      "alter certificate c with active for begin_dialog = on ALTER CERTIFICATE c REMOVE PRIVATE "
      "KEY "
      "ALTER CERTIFICATE c WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'n', DECRYPTION BY PASSWORD "
      "= 'o') "
      "ALTER CERTIFICATE c REMOVE ATTESTED OPTION backup certificate c to file = "
      "'c:\\shared\\c.cer' "
      "BACKUP CERTIFICATE c TO FILE = 'c' WITH PRIVATE KEY (FILE = 'k', ENCRYPTION BY PASSWORD = "
      "'p')");

  EXPECT_TRUE(node_of<AlterCertificate>(batch, 0).active_for_begin_dialog);
  EXPECT_EQ(node_of<AlterCertificate>(batch, 1).action, AlterCertificateAction::remove_private_key);
  EXPECT_EQ(node_of<AlterCertificate>(batch, 2).private_key.decryption_password, "o");
  EXPECT_EQ(node_of<AlterCertificate>(batch, 3).action,
            AlterCertificateAction::remove_attested_option);
  EXPECT_EQ(node_of<BackupCertificate>(batch, 4).file, "c:\\shared\\c.cer");
  EXPECT_EQ(node_of<BackupCertificate>(batch, 5).private_key->file, "k");
}

TEST(ParserKeyTest, ReadsSymmetricAndAsymmetricKeys) {
  const Batch batch = parsed(
      "CREATE SYMMETRIC KEY #k AUTHORIZATION u WITH ALGORITHM = aes_256, KEY_SOURCE = 's', "
      "IDENTITY_VALUE = 'i' "
      "ENCRYPTION BY CERTIFICATE c, PASSWORD = 'p', SYMMETRIC KEY k, ASYMMETRIC KEY a "
      "OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c WITH PASSWORD = 'p' OPEN SYMMETRIC KEY k "
      "DECRYPTION BY "
      "PASSWORD = 'q' CLOSE SYMMETRIC KEY k CLOSE ALL SYMMETRIC KEYS ALTER SYMMETRIC KEY k DROP "
      "ENCRYPTION BY PASSWORD = 'x'"
      "CREATE ASYMMETRIC KEY a WITH ALGORITHM = RSA_2048 ENCRYPTION BY PASSWORD = 'p' "
      "CREATE ASYMMETRIC KEY b AUTHORIZATION u FROM FILE = 'f' ALTER ASYMMETRIC KEY a REMOVE "
      "PRIVATE KEY");

  const auto& key = node_of<CreateSymmetricKey>(batch);
  EXPECT_EQ(key.name, "#k");
  EXPECT_EQ(key.algorithm, "AES_256");
  EXPECT_EQ(key.key_source, "s");
  EXPECT_EQ(key.identity_value, "i");
  ASSERT_EQ(key.encryption.size(), 4U);
  EXPECT_EQ(key.encryption[1].password, "p");
  EXPECT_EQ(key.encryption[3].kind, KeyProtectorKind::asymmetric_key);
  EXPECT_EQ(node_of<OpenSymmetricKey>(batch, 1).decryption.name, "c");
  EXPECT_EQ(node_of<OpenSymmetricKey>(batch, 1).decryption.password, "p");
  EXPECT_EQ(node_of<OpenSymmetricKey>(batch, 2).decryption.kind, KeyProtectorKind::password);
  EXPECT_EQ(node_of<CloseSymmetricKey>(batch, 3).name, "k");
  EXPECT_FALSE(node_of<CloseSymmetricKey>(batch, 4).name);
  EXPECT_FALSE(node_of<AlterSymmetricKey>(batch, 5).add);
  EXPECT_EQ(node_of<CreateAsymmetricKey>(batch, 6).encryption_password, "p");
  EXPECT_EQ(node_of<CreateAsymmetricKey>(batch, 7).source, AsymmetricKeySource::file);
  EXPECT_EQ(node_of<AlterAsymmetricKey>(batch, 8).action,
            AlterAsymmetricKeyAction::remove_private_key);
}

TEST(ParserKeyTest, ReadsDatabaseEncryptionKeysAndSignatures) {
  const Batch batch = parsed(
      "CREATE DATABASE ENCRYPTION KEY WITH ALGORITHM = AES_256 ENCRYPTION BY SERVER CERTIFICATE c "
      "ALTER DATABASE ENCRYPTION KEY REGENERATE WITH ALGORITHM = AES_128 "
      "ALTER DATABASE ENCRYPTION KEY ENCRYPTION BY SERVER ASYMMETRIC KEY a "
      "ADD COUNTER SIGNATURE TO OBJECT::dbo.p BY CERTIFICATE c WITH PASSWORD = 'x' "
      "ADD SIGNATURE TO dbo.p BY CERTIFICATE c WITH SIGNATURE = 0xAA, ASYMMETRIC KEY a DROP "
      "SIGNATURE FROM p BY CERTIFICATE c");

  EXPECT_EQ(node_of<CreateDatabaseEncryptionKey>(batch, 0).protector.name, "c");
  EXPECT_EQ(node_of<AlterDatabaseEncryptionKey>(batch, 1).regenerate_algorithm, "AES_128");
  EXPECT_EQ(node_of<AlterDatabaseEncryptionKey>(batch, 2).protector->kind,
            KeyProtectorKind::asymmetric_key);
  EXPECT_TRUE(node_of<ChangeSignature>(batch, 3).counter);
  EXPECT_EQ(to_text(node_of<ChangeSignature>(batch, 3).module.name), "dbo.p");
  EXPECT_EQ(node_of<ChangeSignature>(batch, 3).by.at(0).protector.password, "x");
  EXPECT_EQ(node_of<ChangeSignature>(batch, 4).by.size(), 2U);
  EXPECT_EQ(proto::to_hex(*node_of<ChangeSignature>(batch, 4).by.at(0).signature), "AA");
  EXPECT_FALSE(node_of<ChangeSignature>(batch, 5).add);
}

TEST(ParserKeyTest, ReadsEndpoints) {
  const Batch batch = parsed(
      "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT=7024, LISTENER_IP = ALL) FOR "
      "DATABASE_MIRRORING "
      "(AUTHENTICATION = CERTIFICATE c, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL) "
      "CREATE ENDPOINT f AUTHORIZATION sa AS TCP (LISTENER_PORT = 4022 LISTENER_IP = (10.0.0.1)) "
      "FOR SERVICE_BROKER ("
      "AUTHENTICATION = WINDOWS KERBEROS CERTIFICATE c ENCRYPTION = SUPPORTED ALGORITHM RC4 AES "
      "MESSAGE_FORWARDING = ENABLED "
      "MESSAGE_FORWARD_SIZE = 5) ALTER ENDPOINT f FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE "
      "d) "
      "ALTER ENDPOINT f STATE = STOPPED AS TCP (LISTENER_IP = ('::1')) CREATE ENDPOINT g AS TCP "
      "(LISTENER_PORT = 1) FOR TSQL ()"
      "CREATE ENDPOINT h AS TCP (LISTENER_PORT = 2) FOR DATA_MIRRORING (ROLE = WITNESS, ENCRYPTION "
      "= DISABLED)");

  const auto& mirroring = node_of<CreateEndpoint>(batch);
  EXPECT_EQ(mirroring.state, EndpointState::started);
  EXPECT_EQ(mirroring.tcp.listener_port, 7024);
  EXPECT_EQ(mirroring.options.payload, EndpointPayload::database_mirroring);
  EXPECT_EQ(mirroring.options.authentication->certificate, "c");
  EXPECT_FALSE(mirroring.options.authentication->windows);
  EXPECT_EQ(mirroring.options.encryption->mode, EndpointEncryptionMode::required);
  EXPECT_EQ(mirroring.options.role, EndpointRole::all);
  const auto& broker = node_of<CreateEndpoint>(batch, 1);
  EXPECT_FALSE(broker.state);
  EXPECT_EQ(broker.tcp.listener_ip, "10.0.0.1");
  EXPECT_EQ(broker.options.authentication->windows, WindowsAuthentication::kerberos);
  EXPECT_FALSE(broker.options.authentication->certificate_first);
  EXPECT_THAT(broker.options.encryption->algorithms,
              testing::ElementsAre(EndpointAlgorithm::rc4, EndpointAlgorithm::aes));
  EXPECT_EQ(broker.options.message_forwarding, true);
  EXPECT_EQ(broker.options.message_forward_size_mb, 5);
  EXPECT_EQ(node_of<AlterEndpoint>(batch, 2).options->authentication->certificate, "d");
  EXPECT_EQ(node_of<AlterEndpoint>(batch, 3).tcp->listener_ip, "::1");
  EXPECT_EQ(node_of<CreateEndpoint>(batch, 4).options.payload, EndpointPayload::tsql);
  EXPECT_EQ(node_of<CreateEndpoint>(batch, 5).options.role, EndpointRole::witness);
}

TEST(ParserKeyTest, RefusesOptionsOfTheOtherKindOfEndpoint) {
  EXPECT_EQ(
      error_of("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1) FOR SERVICE_BROKER (ROLE = ALL)"),
      102);
  EXPECT_EQ(error_of("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1) FOR DATABASE_MIRRORING "
                     "(MESSAGE_FORWARDING = ENABLED)"),
            102);
  EXPECT_EQ(
      error_of(
          "CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1) FOR SERVICE_BROKER (AUTHENTICATION = )"),
      102);
}

}  // namespace
}  // namespace ssb::broker::tsql
