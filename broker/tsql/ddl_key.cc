// Master keys, the service master key, certificates: the statements of broker/keys.
#include "broker/keys/certificates.h"
#include "broker/keys/master_key.h"
#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

keys::PrivateKeyOptions options_of(const PrivateKeyClause& clause) {
  return {clause.file, clause.binary, clause.decryption_password, clause.encryption_password};
}

// By the certificate; one that does not exist is for the statement itself to say (15151).
Result<void> may_alter(const StatementContext& context, const std::string& name) {
  const auto* found = find<pb::Certificate>(current(context), name);
  if (found == nullptr) return {};
  return require_alter(context, ObjectKind::certificate, ObjectClass::certificate, found->id(),
                       name);
}
Result<void> may_control(const StatementContext& context, const std::string& name) {
  const auto* found = find<pb::Certificate>(current(context), name);
  if (found == nullptr) return {};
  return require_drop(context, ObjectKind::certificate, ObjectClass::certificate, found->id(), name,
                      "ALTER ANY CERTIFICATE");
}

Result<void> may_change_keys(const StatementContext& context) {
  return require(context, "CONTROL");
}

// The master key as this session can open it now.
std::optional<proto::Secret> opened_master_key(const StatementContext& context) {
  auto key = keys::open_master_key(context.instance, context.database, context.open_master_keys);
  if (!key) return std::nullopt;
  return std::move(*key);
}

// Session keys of dialogs are under the master key: the engine must hear of its changes, and needs
// the key as it was and as it is now, which it may not be able to open itself. `password` opens a
// key that was made just now.
void master_key_changed(StatementContext& context, std::optional<proto::Secret> before,
                        std::string_view password = {}) {
  changed(context);
  auto& known = context.effects.master_keys_changed[context.database];
  if (before) known.push_back(std::move(*before));
  auto after = opened_master_key(context);
  if (!after && !password.empty()) {
    auto made = keys::open_by_password(context.instance, context.database, password);
    if (made) after = std::move(*made);
  }
  if (after) known.push_back(std::move(*after));
}

// Every master key may be open to the broker now that was not, or the other way round.
void service_master_key_changed(StatementContext& context) {
  for (const auto& [database, catalog] : context.instance.databases())
    context.effects.master_keys_changed.try_emplace(database);
}

}  // namespace

Result<void> run(const CreateMasterKey& node, StatementContext& context) {
  if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
  if (!node.password) return Error(ErrorCode::master_key_password_missing);
  auto made = keys::create_master_key(context.instance, context.transaction, context.database,
                                      *node.password, context.now);
  if (made) master_key_changed(context, std::nullopt);
  return made;
}

Result<void> run(const OpenMasterKey& node, StatementContext& context) {
  if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
  auto opened = keys::open_by_password(context.instance, context.database, node.password);
  if (!opened) return opened.error();
  context.open_master_keys.insert_or_assign(context.database, std::move(*opened));
  return {};
}

Result<void> run(const CloseMasterKey&, StatementContext& context) {
  if (context.open_master_keys.erase(context.database) == 0)
    return Error(ErrorCode::key_not_open, "##MS_DatabaseMasterKey##");
  return {};
}

Result<void> run(const AlterMasterKey& node, StatementContext& context) {
  if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
  auto& instance = context.instance;
  auto& transaction = context.transaction;
  auto& opened = context.open_master_keys;
  auto before = opened_master_key(context);
  auto result = [&]() -> Result<void> {
    switch (node.action) {
      case AlterMasterKeyAction::regenerate:
        return keys::regenerate_master_key(instance, transaction, context.database, node.password,
                                           node.force, opened, context.now);
      case AlterMasterKeyAction::add_service_master_key:
        return keys::add_service_master_key_encryption(instance, transaction, context.database,
                                                       opened, context.now);
      case AlterMasterKeyAction::drop_service_master_key:
        return keys::drop_service_master_key_encryption(instance, transaction, context.database,
                                                        opened, context.now);
      case AlterMasterKeyAction::add_password:
        return keys::add_password_encryption(instance, transaction, context.database, node.password,
                                             opened, context.now);
      case AlterMasterKeyAction::drop_password:
        return keys::drop_password_encryption(instance, transaction, context.database,
                                              node.password, opened, context.now);
    }
    return {};
  }();
  if (result) master_key_changed(context, std::move(before), node.password);
  return result;
}

Result<void> run(const BackupMasterKey& node, StatementContext& context) {
  if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
  if (node.url) return unsupported("BACKUP ... TO URL");
  return keys::backup_master_key(context.instance, context.database, node.file, node.password,
                                 context.open_master_keys);
}

Result<void> run(const RestoreMasterKey& node, StatementContext& context) {
  if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
  if (node.url) return unsupported("RESTORE ... FROM URL");
  auto before = opened_master_key(context);
  auto warnings = keys::restore_master_key(
      context.instance, context.transaction, context.database, node.file, node.decryption_password,
      node.encryption_password, node.force, context.open_master_keys, context.now);
  if (!warnings) return warnings.error();
  context.warnings.insert(context.warnings.end(), warnings->begin(), warnings->end());
  master_key_changed(context, std::move(before), node.encryption_password);
  return {};
}

Result<void> run(const AlterServiceMasterKey& node, StatementContext& context) {
  if (auto allowed = require_server(context, "CONTROL SERVER"); !allowed) return allowed.error();
  if (node.action != AlterServiceMasterKeyAction::regenerate)
    return unsupported("ALTER SERVICE MASTER KEY WITH an account");
  auto result = keys::regenerate_service_master_key(context.instance, context.transaction,
                                                    node.force, context.now);
  if (result) service_master_key_changed(context);
  return result;
}

Result<void> run(const BackupServiceMasterKey& node, StatementContext& context) {
  if (auto allowed = require_server(context, "CONTROL SERVER"); !allowed) return allowed.error();
  if (node.url) return unsupported("BACKUP ... TO URL");
  return keys::backup_service_master_key(context.instance, node.file, node.password);
}

Result<void> run(const RestoreServiceMasterKey& node, StatementContext& context) {
  if (auto allowed = require_server(context, "CONTROL SERVER"); !allowed) return allowed.error();
  if (node.url) return unsupported("RESTORE ... FROM URL");
  auto warnings = keys::restore_service_master_key(context.instance, context.transaction, node.file,
                                                   node.password, node.force, context.now);
  if (!warnings) return warnings.error();
  service_master_key_changed(context);
  context.warnings.insert(context.warnings.end(), warnings->begin(), warnings->end());
  return {};
}

Result<void> run(const CreateCertificate& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE CERTIFICATE"); !allowed) return allowed.error();
  if (node.format) return unsupported("FORMAT = 'PFX'");
  keys::NewCertificate wanted;
  switch (node.source) {
    case CertificateSource::self_signed: break;
    case CertificateSource::file: wanted.file = node.file; break;
    case CertificateSource::binary: wanted.binary = node.binary; break;
    case CertificateSource::executable_file: return unsupported("FROM EXECUTABLE FILE");
    case CertificateSource::assembly: return unsupported("FROM ASSEMBLY");
  }
  const auto creator = current_user(context);
  if (!creator) return creator.error();
  wanted.name = node.name;
  wanted.authorization = node.authorization;
  wanted.creator = *creator;
  wanted.subject = node.subject;
  wanted.start_date = node.start_date;
  wanted.expiry_date = node.expiry_date;
  wanted.encryption_password = node.encryption_password;
  if (node.private_key) wanted.private_key = options_of(*node.private_key);
  wanted.is_active_for_begin_dialog = node.active_for_begin_dialog.value_or(true);
  const auto made =
      keys::create_certificate(context.instance, context.transaction, context.database, wanted,
                               context.open_master_keys, context.now);
  if (!made) return made.error();
  context.warnings.insert(context.warnings.end(), made->warnings.begin(), made->warnings.end());
  changed(context);
  return {};
}

Result<void> run(const AlterCertificate& node, StatementContext& context) {
  if (auto allowed = may_alter(context, node.name); !allowed) return allowed.error();
  auto& instance = context.instance;
  auto& transaction = context.transaction;
  changed(context);
  switch (node.action) {
    case AlterCertificateAction::remove_private_key:
      return keys::remove_private_key(instance, transaction, context.database, node.name);
    case AlterCertificateAction::private_key:
      return keys::change_private_key(instance, transaction, context.database, node.name,
                                      options_of(node.private_key), context.open_master_keys);
    case AlterCertificateAction::active_for_begin_dialog:
      return keys::set_active_for_begin_dialog(instance, transaction, context.database, node.name,
                                               node.active_for_begin_dialog);
    case AlterCertificateAction::remove_attested_option: break;
  }
  return unsupported("REMOVE ATTESTED OPTION");
}

Result<void> run(const BackupCertificate& node, StatementContext& context) {
  if (auto allowed = may_control(context, node.name); !allowed) return allowed.error();
  if (node.format) return unsupported("FORMAT = 'PFX'");
  std::optional<keys::PrivateKeyOptions> private_key;
  if (node.private_key) private_key = options_of(*node.private_key);
  return keys::backup_certificate(context.instance, context.transaction, context.database,
                                  node.name, node.file, private_key, context.open_master_keys,
                                  context.now);
}

Result<void> drop_key_or_certificate(ObjectKind kind, const std::string& name,
                                     StatementContext& context) {
  if (kind == ObjectKind::master_key) {
    if (auto allowed = may_change_keys(context); !allowed) return allowed.error();
    auto dropped = keys::drop_master_key(context.instance, context.transaction, context.database);
    if (dropped) master_key_changed(context, std::nullopt);
    return dropped;
  }
  if (auto allowed = may_control(context, name); !allowed) return allowed.error();
  changed(context);
  return keys::drop_certificate(context.instance, context.transaction, context.database, name);
}

}  // namespace ssb::broker::tsql::ddl
