// Keys and certificates: the service master key, master keys, certificates, symmetric and asymmetric keys, database
// encryption keys, signatures.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

// FILE = 'path' | URL = 'address'
std::string Parser::file_or_url(bool& url) {
  url = at("URL");
  return option_string(url ? "URL" : "FILE");
}

// CREATE MASTER KEY [ENCRYPTION BY PASSWORD = 's']
NodePointer Parser::create_master_key() {
  CreateMasterKey key;
  if (accept_all({"ENCRYPTION", "BY"})) key.password = password();
  return node(std::move(key));
}

// OPEN MASTER KEY DECRYPTION BY PASSWORD = 's'
NodePointer Parser::open_master_key() {
  expect_all({"DECRYPTION", "BY"});
  return node(OpenMasterKey{password()});
}

// ALTER MASTER KEY [FORCE] REGENERATE WITH ENCRYPTION BY PASSWORD = 's'
//   | ADD | DROP ENCRYPTION BY SERVICE MASTER KEY | PASSWORD = 's'
NodePointer Parser::alter_master_key() {
  AlterMasterKey alter;
  alter.force = accept("FORCE");
  if (alter.force || at("REGENERATE")) {
    expect_all({"REGENERATE", "WITH", "ENCRYPTION", "BY"});
    alter.action = AlterMasterKeyAction::regenerate;
    alter.password = password();
    return node(std::move(alter));
  }
  const bool add = accept("ADD");
  if (!add) expect("DROP");
  expect_all({"ENCRYPTION", "BY"});
  if (accept_all({"SERVICE", "MASTER", "KEY"})) {
    alter.action = add ? AlterMasterKeyAction::add_service_master_key
                       : AlterMasterKeyAction::drop_service_master_key;
  } else {
    alter.action = add ? AlterMasterKeyAction::add_password : AlterMasterKeyAction::drop_password;
    alter.password = password();
  }
  return node(std::move(alter));
}

// BACKUP MASTER KEY TO FILE = 's' ENCRYPTION BY PASSWORD = 's'
NodePointer Parser::backup_master_key() {
  BackupMasterKey backup;
  expect("TO");
  backup.file = file_or_url(backup.url);
  expect_all({"ENCRYPTION", "BY"});
  backup.password = password();
  return node(std::move(backup));
}

// RESTORE MASTER KEY FROM FILE = 's' DECRYPTION BY PASSWORD = 's' ENCRYPTION BY PASSWORD = 's' [FORCE]
NodePointer Parser::restore_master_key() {
  RestoreMasterKey restore;
  expect("FROM");
  restore.file = file_or_url(restore.url);
  expect_all({"DECRYPTION", "BY"});
  restore.decryption_password = password();
  expect_all({"ENCRYPTION", "BY"});
  restore.encryption_password = password();
  restore.force = accept("FORCE");
  return node(std::move(restore));
}

// ALTER SERVICE MASTER KEY [FORCE] REGENERATE
//   | WITH OLD_ACCOUNT = 's' , OLD_PASSWORD = 's' | WITH NEW_ACCOUNT = 's' , NEW_PASSWORD = 's'
NodePointer Parser::alter_service_master_key() {
  AlterServiceMasterKey alter;
  if (accept("WITH")) {
    const bool old_account = at("OLD_ACCOUNT");
    alter.action = old_account ? AlterServiceMasterKeyAction::old_account
                               : AlterServiceMasterKeyAction::new_account;
    alter.account = option_string(old_account ? "OLD_ACCOUNT" : "NEW_ACCOUNT");
    expect(",");
    alter.password = option_string(old_account ? "OLD_PASSWORD" : "NEW_PASSWORD");
    return node(std::move(alter));
  }
  alter.force = accept("FORCE");
  expect("REGENERATE");
  return node(std::move(alter));
}

// BACKUP SERVICE MASTER KEY TO FILE = 's' ENCRYPTION BY PASSWORD = 's'
NodePointer Parser::backup_service_master_key() {
  BackupServiceMasterKey backup;
  expect("TO");
  backup.file = file_or_url(backup.url);
  expect_all({"ENCRYPTION", "BY"});
  backup.password = password();
  return node(std::move(backup));
}

// RESTORE SERVICE MASTER KEY FROM FILE = 's' DECRYPTION BY PASSWORD = 's' [FORCE]
NodePointer Parser::restore_service_master_key() {
  RestoreServiceMasterKey restore;
  expect("FROM");
  restore.file = file_or_url(restore.url);
  expect_all({"DECRYPTION", "BY"});
  restore.password = password();
  restore.force = accept("FORCE");
  return node(std::move(restore));
}

// CREATE CERTIFICATE name [AUTHORIZATION user] source [ACTIVE FOR BEGIN_DIALOG = on]
NodePointer Parser::create_certificate() {
  CreateCertificate certificate;
  certificate.name = identifier();
  certificate.authorization = authorization();
  if (accept("FROM")) {
    certificate_source(certificate);
  } else {
    if (accept_all({"ENCRYPTION", "BY"})) certificate.encryption_password = password();
    expect("WITH");
    certificate_subject_options(certificate);
  }
  if (accept_all({"ACTIVE", "FOR", "BEGIN_DIALOG", "="}))
    certificate.active_for_begin_dialog = on_off();
  return node(std::move(certificate));
}

// ASSEMBLY name | [EXECUTABLE] FILE = 's' [WITH ...] | BINARY = 0x... [WITH ...]
void Parser::certificate_source(CreateCertificate& certificate) {
  if (accept("ASSEMBLY")) {
    certificate.source = CertificateSource::assembly;
    certificate.assembly = identifier();
    return;
  }
  if (accept("BINARY")) {
    certificate.source = CertificateSource::binary;
    expect("=");
    certificate.binary = binary_literal();
  } else {
    certificate.source =
        accept("EXECUTABLE") ? CertificateSource::executable_file : CertificateSource::file;
    certificate.file = option_string("FILE");
  }
  if (at("WITH") && (at_all({"PRIVATE", "KEY"}, 1) || at("FORMAT", 1))) {
    next();
    certificate_file_options(certificate);
  }
}

// [FORMAT = 'PFX' ,] PRIVATE KEY ( ... )
void Parser::certificate_file_options(CreateCertificate& certificate) {
  do {
    if (at("FORMAT")) {
      once(certificate.format.has_value());
      certificate.format = option_string("FORMAT");
    } else {
      once(certificate.private_key.has_value());
      expect_all({"PRIVATE", "KEY"});
      certificate.private_key = private_key_clause();
    }
  } while (accept(","));
}

// SUBJECT = 's' [, START_DATE = 's'] [, EXPIRY_DATE = 's'] in any order
void Parser::certificate_subject_options(CreateCertificate& certificate) {
  certificate.source = CertificateSource::self_signed;
  bool subject = false;
  do {
    if (at("START_DATE")) {
      once(certificate.start_date.has_value());
      certificate.start_date = option_string("START_DATE");
    } else if (at("EXPIRY_DATE")) {
      once(certificate.expiry_date.has_value());
      certificate.expiry_date = option_string("EXPIRY_DATE");
    } else {
      once(subject);
      certificate.subject = option_string("SUBJECT");
      subject = true;
    }
  } while ((accept(",") && !at("ACTIVE")) || at_any({"SUBJECT", "START_DATE", "EXPIRY_DATE"}));
  if (!subject) fail();
}

// ( FILE = 's' | BINARY = 0x... | DECRYPTION BY PASSWORD = 's' | ENCRYPTION BY PASSWORD = 's' | ALGORITHM = 's' ... )
PrivateKeyClause Parser::private_key_clause() {
  PrivateKeyClause clause;
  expect("(");
  do {
    if (at("FILE")) {
      once(clause.file.has_value());
      clause.file = option_string("FILE");
    } else if (at("BINARY")) {
      once(clause.binary.has_value());
      expect_all({"BINARY", "="});
      clause.binary = binary_literal();
    } else if (at("DECRYPTION")) {
      once(clause.decryption_password.has_value());
      expect_all({"DECRYPTION", "BY"});
      clause.decryption_password = password();
    } else if (at("ALGORITHM")) {
      once(clause.algorithm.has_value());
      clause.algorithm = option_string("ALGORITHM");
    } else {
      once(clause.encryption_password.has_value());
      expect_all({"ENCRYPTION", "BY"});
      clause.encryption_password = password();
    }
  } while (accept(",") || !at(")"));
  expect(")");
  return clause;
}

// ALTER CERTIFICATE name REMOVE PRIVATE KEY | WITH PRIVATE KEY ( ... ) | WITH ACTIVE FOR BEGIN_DIALOG = on
//   | REMOVE ATTESTED OPTION
NodePointer Parser::alter_certificate() {
  AlterCertificate alter;
  alter.name = identifier();
  if (accept_all({"REMOVE", "ATTESTED", "OPTION"})) {
    alter.action = AlterCertificateAction::remove_attested_option;
  } else if (accept("REMOVE")) {
    expect_all({"PRIVATE", "KEY"});
    alter.action = AlterCertificateAction::remove_private_key;
  } else if (accept_all({"WITH", "ACTIVE"})) {
    expect_all({"FOR", "BEGIN_DIALOG", "="});
    alter.action = AlterCertificateAction::active_for_begin_dialog;
    alter.active_for_begin_dialog = on_off();
  } else {
    expect_all({"WITH", "PRIVATE", "KEY"});
    alter.action = AlterCertificateAction::private_key;
    alter.private_key = private_key_clause();
  }
  return node(std::move(alter));
}

// BACKUP CERTIFICATE name TO FILE = 's' [WITH [FORMAT = 'PFX' ,] PRIVATE KEY ( ... )]
NodePointer Parser::backup_certificate() {
  BackupCertificate backup;
  backup.name = identifier();
  expect("TO");
  backup.file = option_string("FILE");
  if (at("WITH") && (at_all({"PRIVATE", "KEY"}, 1) || at("FORMAT", 1))) {
    next();
    do {
      if (at("FORMAT")) {
        once(backup.format.has_value());
        backup.format = option_string("FORMAT");
      } else {
        once(backup.private_key.has_value());
        expect_all({"PRIVATE", "KEY"});
        backup.private_key = private_key_clause();
      }
    } while (accept(","));
  }
  return node(std::move(backup));
}

// PASSWORD = 's' | CERTIFICATE c | SYMMETRIC KEY k | ASYMMETRIC KEY a
KeyProtector Parser::key_protector() {
  KeyProtector protector;
  if (at("PASSWORD")) {
    protector.password = password();
    return protector;
  }
  if (accept("CERTIFICATE")) {
    protector.kind = KeyProtectorKind::certificate;
  } else if (accept("SYMMETRIC")) {
    expect("KEY");
    protector.kind = KeyProtectorKind::symmetric_key;
  } else {
    expect_all({"ASYMMETRIC", "KEY"});
    protector.kind = KeyProtectorKind::asymmetric_key;
  }
  protector.name = identifier();
  return protector;
}

// ENCRYPTION BY protector [, ...]
std::vector<KeyProtector> Parser::key_protectors() {
  expect_all({"ENCRYPTION", "BY"});
  std::vector<KeyProtector> protectors;
  do {
    protectors.push_back(key_protector());
  } while (accept(","));
  return protectors;
}

// CREATE SYMMETRIC KEY name [AUTHORIZATION owner] [FROM PROVIDER p] [WITH option , ...] [ENCRYPTION BY ...]
NodePointer Parser::create_symmetric_key() {
  CreateSymmetricKey key;
  key.name = identifier();
  key.authorization = authorization();
  if (accept_all({"FROM", "PROVIDER"})) key.provider = identifier();
  if (accept("WITH")) {
    do {
      if (accept_all({"ALGORITHM", "="})) {
        key.algorithm = to_upper(identifier());
      } else if (at("KEY_SOURCE")) {
        key.key_source = option_string("KEY_SOURCE");
      } else if (at("IDENTITY_VALUE")) {
        key.identity_value = option_string("IDENTITY_VALUE");
      } else if (at("PROVIDER_KEY_NAME")) {
        key.provider_key_name = option_string("PROVIDER_KEY_NAME");
      } else {
        expect_all({"CREATION_DISPOSITION", "="});
        key.creation_disposition = word();
      }
    } while (accept(",") || at_any({"ALGORITHM", "KEY_SOURCE", "IDENTITY_VALUE"}));
  }
  if (at("ENCRYPTION")) key.encryption = key_protectors();
  return node(std::move(key));
}

// ALTER SYMMETRIC KEY name ADD | DROP ENCRYPTION BY protector [, ...]
NodePointer Parser::alter_symmetric_key() {
  AlterSymmetricKey alter;
  alter.name = identifier();
  alter.add = accept("ADD");
  if (!alter.add) expect("DROP");
  alter.encryption = key_protectors();
  return node(std::move(alter));
}

// OPEN SYMMETRIC KEY name DECRYPTION BY protector [WITH PASSWORD = 's']
NodePointer Parser::open_symmetric_key() {
  OpenSymmetricKey open;
  open.name = identifier();
  expect_all({"DECRYPTION", "BY"});
  open.decryption = key_protector();
  if (open.decryption.kind != KeyProtectorKind::password && accept("WITH"))
    open.decryption.password = password();
  return node(std::move(open));
}

// CREATE ASYMMETRIC KEY name [AUTHORIZATION owner] [FROM ...] [WITH ALGORITHM = a] [ENCRYPTION BY PASSWORD = 's']
NodePointer Parser::create_asymmetric_key() {
  CreateAsymmetricKey key;
  key.name = identifier();
  key.authorization = authorization();
  if (accept("FROM")) {
    if (accept("ASSEMBLY")) {
      key.source = AsymmetricKeySource::assembly;
      key.source_name = identifier();
    } else if (accept("PROVIDER")) {
      key.source = AsymmetricKeySource::provider;
      key.source_name = identifier();
    } else {
      key.source =
          accept("EXECUTABLE") ? AsymmetricKeySource::executable_file : AsymmetricKeySource::file;
      key.source_name = option_string("FILE");
    }
  }
  if (accept("WITH")) {
    do {
      if (accept_all({"ALGORITHM", "="})) {
        key.algorithm = to_upper(identifier());
      } else if (at("PROVIDER_KEY_NAME")) {
        key.provider_key_name = option_string("PROVIDER_KEY_NAME");
      } else {
        expect_all({"CREATION_DISPOSITION", "="});
        key.creation_disposition = word();
      }
    } while (accept(","));
  }
  if (accept_all({"ENCRYPTION", "BY"})) key.encryption_password = password();
  return node(std::move(key));
}

// ALTER ASYMMETRIC KEY name REMOVE PRIVATE KEY | WITH PRIVATE KEY ( ... ) | REMOVE ATTESTED OPTION
NodePointer Parser::alter_asymmetric_key() {
  AlterAsymmetricKey alter;
  alter.name = identifier();
  if (accept_all({"REMOVE", "ATTESTED", "OPTION"})) {
    alter.action = AlterAsymmetricKeyAction::remove_attested_option;
  } else if (accept("REMOVE")) {
    expect_all({"PRIVATE", "KEY"});
    alter.action = AlterAsymmetricKeyAction::remove_private_key;
  } else {
    expect_all({"WITH", "PRIVATE", "KEY"});
    alter.action = AlterAsymmetricKeyAction::private_key;
    alter.private_key = private_key_clause();
  }
  return node(std::move(alter));
}

// ENCRYPTION BY SERVER CERTIFICATE c | ASYMMETRIC KEY a
KeyProtector Parser::server_protector() {
  expect_all({"ENCRYPTION", "BY", "SERVER"});
  if (!at_any({"CERTIFICATE", "ASYMMETRIC"})) fail();
  return key_protector();
}

// CREATE DATABASE ENCRYPTION KEY [WITH ALGORITHM = a] ENCRYPTION BY SERVER ...
NodePointer Parser::create_database_encryption_key() {
  CreateDatabaseEncryptionKey key;
  if (accept_all({"WITH", "ALGORITHM", "="})) key.algorithm = to_upper(identifier());
  key.protector = server_protector();
  return node(std::move(key));
}

// ALTER DATABASE ENCRYPTION KEY [REGENERATE WITH ALGORITHM = a] [ENCRYPTION BY SERVER ...]
NodePointer Parser::alter_database_encryption_key() {
  AlterDatabaseEncryptionKey alter;
  if (accept("REGENERATE")) {
    expect_all({"WITH", "ALGORITHM", "="});
    alter.regenerate_algorithm = to_upper(identifier());
  }
  if (at("ENCRYPTION") || !alter.regenerate_algorithm) alter.protector = server_protector();
  return node(std::move(alter));
}

NodePointer Parser::add_statement() {
  if (at_all({"SENSITIVITY", "CLASSIFICATION"})) return unsupported_statement();
  return change_signature(/*add=*/true);
}

// [COUNTER] SIGNATURE TO | FROM [class::]module BY protector [WITH PASSWORD = 's' | WITH SIGNATURE = 0x...] [, ...]
NodePointer Parser::change_signature(bool add) {
  ChangeSignature change;
  change.add = add;
  change.counter = accept("COUNTER");
  expect("SIGNATURE");
  expect(add ? "TO" : "FROM");
  change.module.kind = securable_class().value_or(ObjectKind::object);
  change.module.name = object_name();
  expect("BY");
  do {
    SignatureBy by;
    by.protector = key_protector();
    if (by.protector.kind == KeyProtectorKind::password) fail();
    if (accept_all({"WITH", "SIGNATURE", "="})) {
      by.signature = binary_literal();
    } else if (accept("WITH")) {
      by.protector.password = password();
    }
    change.by.push_back(std::move(by));
  } while (accept(","));
  return node(std::move(change));
}

}  // namespace ssb::broker::tsql
