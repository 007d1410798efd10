// CREATE and ALTER DATABASE, BACKUP and RESTORE of databases.
#include <algorithm>
#include <array>

#include "broker/tsql/parser_core.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql {

namespace {

struct NamedOption {
  std::string_view name;
  DatabaseOptionKind kind;
};
constexpr auto kOptions = std::to_array<NamedOption>({
    {"DB_CHAINING", DatabaseOptionKind::db_chaining},
    {"DISABLE_BROKER", DatabaseOptionKind::disable_broker},
    {"EMERGENCY", DatabaseOptionKind::emergency},
    {"ENABLE_BROKER", DatabaseOptionKind::enable_broker},
    {"ENCRYPTION", DatabaseOptionKind::encryption},
    {"ERROR_BROKER_CONVERSATIONS", DatabaseOptionKind::error_broker_conversations},
    {"HONOR_BROKER_PRIORITY", DatabaseOptionKind::honor_broker_priority},
    {"MULTI_USER", DatabaseOptionKind::multi_user},
    {"NEW_BROKER", DatabaseOptionKind::new_broker},
    {"OFFLINE", DatabaseOptionKind::offline},
    {"ONLINE", DatabaseOptionKind::online},
    {"READ_ONLY", DatabaseOptionKind::read_only},
    {"READ_WRITE", DatabaseOptionKind::read_write},
    {"RECOVERY", DatabaseOptionKind::recovery},
    {"RESTRICTED_USER", DatabaseOptionKind::restricted_user},
    {"SINGLE_USER", DatabaseOptionKind::single_user},
    {"TRUSTWORTHY", DatabaseOptionKind::trustworthy},
});
// Options whose value is a word without =.
constexpr auto kWordOptions = std::to_array<std::string_view>(
    {"CURSOR_DEFAULT", "ENCRYPTION", "PAGE_VERIFY", "PARAMETERIZATION", "RECOVERY",
     "DATE_CORRELATION_OPTIMIZATION"});

// Options that are kept and do nothing here.
constexpr auto kKeptOptions = std::to_array<std::string_view>({"ACCELERATED_DATABASE_RECOVERY",
                                                               "ALLOW_SNAPSHOT_ISOLATION",
                                                               "ANSI_NULLS",
                                                               "ANSI_NULL_DEFAULT",
                                                               "ANSI_PADDING",
                                                               "ANSI_WARNINGS",
                                                               "ARITHABORT",
                                                               "AUTO_CLOSE",
                                                               "AUTO_CREATE_STATISTICS",
                                                               "AUTO_SHRINK",
                                                               "AUTO_UPDATE_STATISTICS",
                                                               "AUTO_UPDATE_STATISTICS_ASYNC",
                                                               "CHANGE_TRACKING",
                                                               "COMPATIBILITY_LEVEL",
                                                               "CONCAT_NULL_YIELDS_NULL",
                                                               "CONTAINMENT",
                                                               "CURSOR_CLOSE_ON_COMMIT",
                                                               "CURSOR_DEFAULT",
                                                               "DATE_CORRELATION_OPTIMIZATION",
                                                               "DEFAULT_FULLTEXT_LANGUAGE",
                                                               "DEFAULT_LANGUAGE",
                                                               "DELAYED_DURABILITY",
                                                               "FILESTREAM",
                                                               "HADR",
                                                               "MIXED_PAGE_ALLOCATION",
                                                               "NESTED_TRIGGERS",
                                                               "NUMERIC_ROUNDABORT",
                                                               "ONLINE",
                                                               "PAGE_VERIFY",
                                                               "PARAMETERIZATION",
                                                               "QUERY_STORE",
                                                               "QUOTED_IDENTIFIER",
                                                               "READ_COMMITTED_SNAPSHOT",
                                                               "READ_WRITE",
                                                               "RECOVERY",
                                                               "RECURSIVE_TRIGGERS",
                                                               "SUPPLEMENTAL_LOGGING",
                                                               "TARGET_RECOVERY_TIME",
                                                               "TRANSFORM_NOISE_WORDS",
                                                               "TWO_DIGIT_YEAR_CUTOFF",
                                                               "VARDECIMAL_STORAGE_FORMAT"});

DatabaseOptionKind option_kind(std::string_view name) {
  for (const NamedOption& option : kOptions) {
    if (option.name == name) return option.kind;
  }
  return DatabaseOptionKind::other;
}

bool is_of_broker(DatabaseOptionKind kind) {
  return kind == DatabaseOptionKind::enable_broker || kind == DatabaseOptionKind::disable_broker ||
         kind == DatabaseOptionKind::new_broker ||
         kind == DatabaseOptionKind::error_broker_conversations;
}

}  // namespace

// CREATE DATABASE name [CONTAINMENT = c] [ON files] [LOG ON files] [COLLATE c] [WITH option, ...] [FOR ATTACH ...]
NodePointer Parser::create_database() {
  CreateDatabase database;
  database.name = identifier();
  if (accept_all({"CONTAINMENT", "="})) word();
  if (accept("ON")) skip_database_files();
  if (accept_all({"LOG", "ON"})) skip_database_files();
  if (accept("COLLATE")) database.collation = identifier();
  if (accept("WITH")) {
    database_options(database.options);
  }
  if (accept("FOR")) {
    if (!accept("ATTACH")) expect("ATTACH_REBUILD_LOG");
    database.for_attach = true;
    if (accept("WITH")) {
      database_options(database.options);
    }
  }
  return node(std::move(database));
}

// [PRIMARY] ( ... ) [, ( ... )] [, FILEGROUP name [word ...] ( ... )]
void Parser::skip_database_files() {
  accept("PRIMARY");
  do {
    if (accept("FILEGROUP")) {
      identifier();
      while (!at("(")) word();
    }
    skip_parentheses();
  } while (accept(","));
}

// ALTER DATABASE name | CURRENT SET ... | MODIFY NAME = n | COLLATE c | ADD | MODIFY | REMOVE ...
NodePointer Parser::alter_database() {
  AlterDatabase alter;
  if (!accept("CURRENT")) alter.name = identifier();
  if (accept("SET")) {
    alter_database_set(alter);
  } else if (accept_all({"MODIFY", "NAME", "="})) {
    alter.new_name = identifier();
  } else if (accept("COLLATE")) {
    alter.collation = identifier();
  } else {
    if (!at_any({"ADD", "MODIFY", "REMOVE"})) fail();
    alter.other = word();
    *alter.other += ' ' + word();
    while (!at_kind(TokenKind::end) && !at(";")) next();
  }
  return node(std::move(alter));
}

// SET PARTNER ... | SET WITNESS ... | SET option, ... [WITH termination]
void Parser::alter_database_set(AlterDatabase& alter) {
  if (accept("PARTNER")) {
    alter.partner = set_partner();
    return;
  }
  if (accept("WITNESS")) {
    alter.witness = set_witness();
    return;
  }
  database_options(alter.options);
  if (at("WITH") && at_any({"ROLLBACK", "NO_WAIT"}, 1)) alter.termination = termination();
}

// option, ...: each once, and of the four that say what becomes of the broker one.
void Parser::database_options(std::vector<DatabaseOption>& options) {
  do {
    const SourcePosition where = peek().position;
    DatabaseOption option = database_option();
    const bool is_given =
        std::any_of(options.begin(), options.end(), [&option](const DatabaseOption& given) {
          return given.name == option.name ||
                 (is_of_broker(given.kind) && is_of_broker(option.kind));
        });
    if (is_given) fail(proto::Error(proto::ErrorCode::incorrect_syntax, option.name), where);
    options.push_back(std::move(option));
  } while (accept(","));
}

// NAME | NAME ON | OFF | NAME = value | NAME word | NAME = ON ( ... )
DatabaseOption Parser::database_option() {
  DatabaseOption option;
  option.position = peek().position;
  option.name = word();
  option.kind = option_kind(option.name);
  const bool is_known =
      option.kind != DatabaseOptionKind::other ||
      std::find(kKeptOptions.begin(), kKeptOptions.end(), option.name) != kKeptOptions.end();
  if (!is_known)
    fail(proto::Error(proto::ErrorCode::incorrect_syntax, option.name), option.position);
  const bool equals = accept("=");
  const bool word_option =
      std::find(kWordOptions.begin(), kWordOptions.end(), option.name) != kWordOptions.end();
  if (at_any({"ON", "OFF"})) {
    option.on = on_off();
  } else if (equals) {
    option.value = option_value();
    if (at_kind(TokenKind::word) && at_any({"MINUTES", "SECONDS", "DAYS", "HOURS"}))
      *option.value += ' ' + word();
  } else if (word_option) {
    option.value = word();
  }
  if (at("(")) skip_parentheses();
  return option;
}

// PARTNER [=] 'address' | FAILOVER | FORCE_SERVICE_ALLOW_DATA_LOSS | OFF | RESUME | SUSPEND | SAFETY FULL | OFF
//   | TIMEOUT n
SetPartner Parser::set_partner() {
  SetPartner partner;
  accept("=");
  if (at_string()) {
    partner.address = string_literal();
  } else if (accept("FAILOVER")) {
    partner.action = PartnerAction::failover;
  } else if (accept("FORCE_SERVICE_ALLOW_DATA_LOSS")) {
    partner.action = PartnerAction::force_service_allow_data_loss;
  } else if (accept("OFF")) {
    partner.action = PartnerAction::off;
  } else if (accept("RESUME")) {
    partner.action = PartnerAction::resume;
  } else if (accept("SUSPEND")) {
    partner.action = PartnerAction::suspend;
  } else if (accept("SAFETY")) {
    partner.action = accept("FULL") ? PartnerAction::safety_full : PartnerAction::safety_off;
    if (partner.action == PartnerAction::safety_off) expect("OFF");
  } else {
    expect("TIMEOUT");
    partner.action = PartnerAction::timeout;
    partner.timeout_s = integer();
  }
  return partner;
}

// WITNESS [=] 'address' | OFF
SetWitness Parser::set_witness() {
  accept("=");
  SetWitness witness;
  if (!accept("OFF")) witness.address = string_literal();
  return witness;
}

// WITH ROLLBACK IMMEDIATE | ROLLBACK AFTER n [SECONDS] | NO_WAIT
Termination Parser::termination() {
  expect("WITH");
  Termination termination;
  if (accept("NO_WAIT")) {
    termination.kind = TerminationKind::no_wait;
  } else if (accept_all({"ROLLBACK", "AFTER"})) {
    termination.kind = TerminationKind::rollback_after;
    termination.after_s = integer();
    accept("SECONDS");
  } else {
    expect_all({"ROLLBACK", "IMMEDIATE"});
  }
  return termination;
}

std::string Parser::name_or_variable_text() {
  if (at_kind(TokenKind::variable)) return declared_variable();
  return identifier();
}

// A literal without quotes, a signed number, a word in upper case, a variable.
std::string Parser::option_value() {
  if (accept("-")) return "-" + std::to_string(integer());
  if (at_kind(TokenKind::variable)) return declared_variable();
  if (at_kind(TokenKind::word)) return word();
  if (at_kind(TokenKind::symbol)) fail();
  return value_of(next());
}

// DISK = 's' | URL = 's' | TAPE = 's' | device
BackupDevice Parser::backup_device() {
  BackupDevice device;
  if (accept("DISK")) {
    device.kind = BackupDeviceKind::disk;
  } else if (accept("URL")) {
    device.kind = BackupDeviceKind::url;
  } else if (accept("TAPE")) {
    device.kind = BackupDeviceKind::tape;
  } else {
    device.kind = BackupDeviceKind::named;
    device.location = name_or_variable_text();
    return device;
  }
  expect("=");
  device.location = at_kind(TokenKind::variable) ? declared_variable() : string_literal();
  return device;
}

std::vector<BackupDevice> Parser::backup_devices() {
  std::vector<BackupDevice> devices;
  do {
    devices.push_back(backup_device());
  } while (accept(","));
  return devices;
}

// NAME | NAME = value
GenericOption Parser::generic_option() {
  GenericOption option;
  option.name = word();
  if (accept("=")) option.value = option_value();
  if (at("(")) skip_parentheses();
  return option;
}

// ENCRYPTION ( ALGORITHM = a , SERVER CERTIFICATE = c | SERVER ASYMMETRIC KEY = a )
BackupEncryption Parser::backup_encryption() {
  BackupEncryption encryption;
  expect_all({"ENCRYPTION", "(", "ALGORITHM", "="});
  encryption.algorithm = to_upper(identifier());
  expect_all({",", "SERVER"});
  if (accept_all({"CERTIFICATE", "="})) {
    encryption.server_certificate = identifier();
  } else {
    expect_all({"ASYMMETRIC", "KEY", "="});
    encryption.server_asymmetric_key = identifier();
  }
  expect(")");
  return encryption;
}

// BACKUP DATABASE | LOG name TO device, ... [WITH option, ...]
NodePointer Parser::backup_database(bool log) {
  BackupDatabase backup;
  backup.log = log;
  backup.database = name_or_variable_text();
  expect("TO");
  backup.devices = backup_devices();
  if (accept("WITH")) {
    do {
      if (at_all({"ENCRYPTION", "("})) {
        backup.encryption = backup_encryption();
      } else {
        backup.options.push_back(generic_option());
      }
    } while (accept(","));
  }
  return node(std::move(backup));
}

// RESTORE DATABASE | LOG name [FROM device, ...] [WITH option, ... | MOVE 'file' TO 's']
//   | RESTORE HEADERONLY | FILELISTONLY | VERIFYONLY | LABELONLY FROM device, ... [WITH ...]
NodePointer Parser::restore_database() {
  RestoreDatabase restore;
  if (accept("DATABASE")) {
    restore.kind = RestoreKind::database;
  } else if (accept("LOG") || accept("TRAN") || accept("TRANSACTION")) {
    restore.kind = RestoreKind::log;
  } else if (accept("HEADERONLY")) {
    restore.kind = RestoreKind::header_only;
  } else if (accept("FILELISTONLY")) {
    restore.kind = RestoreKind::filelist_only;
  } else if (accept("LABELONLY")) {
    restore.kind = RestoreKind::label_only;
  } else {
    expect("VERIFYONLY");
    restore.kind = RestoreKind::verify_only;
  }
  const bool names_database =
      restore.kind == RestoreKind::database || restore.kind == RestoreKind::log;
  if (names_database) restore.database = name_or_variable_text();
  if (!names_database || at("FROM")) {
    expect("FROM");
    restore.devices = backup_devices();
  }
  if (accept("WITH")) {
    do {
      if (accept("MOVE")) {
        RestoreMove move;
        move.logical_name = string_literal();
        expect("TO");
        move.file = string_literal();
        restore.moves.push_back(std::move(move));
      } else {
        restore.options.push_back(generic_option());
      }
    } while (accept(","));
  }
  return node(std::move(restore));
}

}  // namespace ssb::broker::tsql
