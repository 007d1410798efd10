// Keys, certificates, principals and permissions.
#include <fmt/format.h>

#include "broker/catalog/permissions.h"
#include "broker/catalog/view_tables.h"
#include "broker/crypto/x509.h"
#include "proto/check.h"

namespace ssb::broker::catalog {
namespace {

constexpr std::size_t kIssuerCharactersMax = 442;
constexpr std::int64_t kMasterKeyBits = 256;

std::string_view protection_text(std::string_view protection) {
  if (protection == "MK") return "ENCRYPTED_BY_MASTER_KEY";
  if (protection == "PW") return "ENCRYPTED_BY_PASSWORD";
  return "NO_PRIVATE_KEY";
}

std::string_view principal_type_text(std::string_view type, bool is_login) {
  if (type == "S") return is_login ? "SQL_LOGIN" : "SQL_USER";
  if (type == "U") return is_login ? "WINDOWS_LOGIN" : "WINDOWS_USER";
  if (type == "G") return "WINDOWS_GROUP";
  if (type == "R") return is_login ? "SERVER_ROLE" : "DATABASE_ROLE";
  if (type == "C") return is_login ? "CERTIFICATE_MAPPED_LOGIN" : "CERTIFICATE_MAPPED_USER";
  if (type == "K") return is_login ? "ASYMMETRIC_KEY_MAPPED_LOGIN" : "ASYMMETRIC_KEY_MAPPED_USER";
  return "";
}

// The security identifier made of a certificate: S-1-9-1 and the thumbprint.
std::string certificate_sid(const crypto::Sha1Digest& thumbprint) {
  std::string sid{"\x01\x06\0\0\0\0\0\x09\x01\0\0\0", 12};
  sid.append(thumbprint.begin(), thumbprint.end());
  return sid;
}

std::string certificate_sid_text(const crypto::Sha1Digest& thumbprint) {
  std::string sid_text = "S-1-9-1";
  for (std::size_t at = 0; at < thumbprint.size(); at += 4) {
    const std::uint32_t part = static_cast<std::uint32_t>(thumbprint[at]) |
                               static_cast<std::uint32_t>(thumbprint[at + 1]) << 8U |
                               static_cast<std::uint32_t>(thumbprint[at + 2]) << 16U |
                               static_cast<std::uint32_t>(thumbprint[at + 3]) << 24U;
    sid_text += fmt::format("-{}", part);
  }
  return sid_text;
}

// At most `characters` of UTF-8 text.
std::string_view cut(std::string_view text, std::size_t characters) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;  // inside a character
    if (characters == 0) return text.substr(0, at);
    --characters;
  }
  return text;
}

// "a, b" of "CN=a\\, b": the name as CREATE CERTIFICATE ... WITH SUBJECT takes it. A name of several
// parts stays as it is.
std::string simple_name(std::string_view name) {
  constexpr std::string_view kCommonName = "CN=";
  if (!name.starts_with(kCommonName)) return std::string(name);
  std::string simple;
  for (std::size_t at = kCommonName.size(); at < name.size(); ++at) {
    if (name[at] == ',' || name[at] == '+') return std::string(name);
    if (name[at] != '\\' || at + 1 == name.size()) {
      simple.push_back(name[at]);
      continue;
    }
    const auto hex = proto::from_hex(name.substr(at + 1, 2));
    if (hex && hex->size() == 1) {
      simple.push_back(static_cast<char>(hex->front()));
      at += 2;
    } else {
      simple.push_back(name[++at]);
    }
  }
  return simple;
}

store::Row certificate_row(const pb::Certificate& row) {
  const auto x509 = crypto::X509Certificate::from_der(proto::as_bytes(row.der()));
  SSB_CHECK(x509.has_value());  // parsed before it was stored
  const auto thumbprint = x509->thumbprint();
  return {text(row.name()),
          number(row.id()),
          number(row.owner()),
          text(row.private_key_protection()),
          text(protection_text(row.private_key_protection())),
          flag(row.is_active_for_begin_dialog()),
          text(cut(simple_name(x509->issuer()), kIssuerCharactersMax)),
          text(x509->serial_text()),
          binary(certificate_sid(thumbprint)),
          text(certificate_sid_text(thumbprint)),
          text(simple_name(x509->subject())),
          text(proto::to_datetime_text(x509->not_after())),
          text(proto::to_datetime_text(x509->not_before())),
          binary(proto::as_text(thumbprint)),
          null_value(),
          date_or_null(row.private_key_backup_us())};
}

store::Row symmetric_key_row(const char* name, std::int32_t id, std::int64_t created_us,
                             std::int64_t modified_us, std::string_view key_guid) {
  return {text(name),     number(kDbo),    number(id),       number(kMasterKeyBits),
          text("A3"),     text("AES_256"), date(created_us), date(modified_us),
          guid(key_guid), null_value(),    null_value(),     null_value(),
          null_value()};
}

std::vector<store::Row> symmetric_keys(const Catalog& catalog) {
  std::vector<store::Row> rows;
  if (const pb::MasterKey* key = catalog.master_key()) {
    rows.push_back(symmetric_key_row("##MS_DatabaseMasterKey##", kMasterKeyId,
                                     key->create_date_us(), key->modify_date_us(),
                                     key->key_guid()));
  }
  if (const auto* info = catalog.table<pb::InstanceInfo>().find(kInstanceInfoId)) {
    rows.push_back(symmetric_key_row("##MS_ServiceMasterKey##", kServiceMasterKeyId,
                                     info->created_us(), info->created_us(),
                                     info->service_master_key_guid()));
  }
  return rows;
}

std::vector<store::Row> key_encryptions(const Catalog& catalog) {
  std::vector<store::Row> rows;
  if (const pb::MasterKey* key = catalog.master_key()) {
    if (!key->under_service_master_key().empty()) {
      rows.push_back({number(kMasterKeyId), null_value(), text("ESKM"),
                      text("ENCRYPTION BY MASTER KEY"), binary(key->under_service_master_key())});
    }
    for (const pb::PasswordCopy& copy : key->passwords()) {
      rows.push_back({number(kMasterKeyId), null_value(), text("ESP2"),
                      text("ENCRYPTION BY PASSWORD V2"), binary(copy.sealed())});
    }
  }
  if (const auto* info = catalog.table<pb::InstanceInfo>().find(kInstanceInfoId)) {
    rows.push_back({number(kServiceMasterKeyId), binary("\x01"), text("ESKM"),
                    text("ENCRYPTION BY MASTER KEY"), binary(info->service_master_key())});
  }
  return rows;
}

// 0 NONE, 1 INSTANCE, 3 WINDOWS.
std::int64_t authentication_type(const pb::Principal& row) {
  if (row.type() == "U") return 3;
  return row.type() == "S" && (row.login() != 0 || row.id() == kDbo) ? 1 : 0;
}
std::string_view authentication_text(std::int64_t type) {
  if (type == 3) return "WINDOWS";
  return type == 1 ? "INSTANCE" : "NONE";
}

std::string owner_sid(const Instance& instance, store::DatabaseId database) {
  const auto* owner =
      instance.master().table<pb::Login>().find(instance.info(database).owner_login());
  return owner == nullptr ? std::string() : owner->sid();
}

store::Row database_principal_row(const Instance& instance, store::DatabaseId database,
                                  const pb::Principal& row) {
  const std::int64_t authentication = authentication_type(row);
  const std::string sid = row.id() == kDbo ? owner_sid(instance, database) : row.sid();
  return {text(row.name()),
          number(row.id()),
          text(row.type()),
          text(principal_type_text(row.type(), false)),
          text_or_null(row.default_schema()),
          date(row.create_date_us()),
          date(row.modify_date_us()),
          number_or_null(row.owning_principal()),
          binary_or_null(sid),
          flag(row.is_fixed_role()),
          number(authentication),
          text(authentication_text(authentication)),
          null_value(),
          null_value(),
          flag(false)};
}

store::Row server_principal_row(const pb::Login& row) {
  const bool is_role = row.type() == "R";
  return {text(row.name()),
          number(row.id()),
          binary_or_null(row.sid()),
          text(row.type()),
          text(principal_type_text(row.type(), true)),
          flag(row.is_disabled()),
          date(row.create_date_us()),
          date(row.modify_date_us()),
          is_role ? null_value() : text_or_null(row.default_database()),
          is_role ? null_value() : text("us_english"),
          null_value(),
          is_role ? number(kSa) : null_value(),
          flag(is_role && row.id() > kServerPublic && row.id() <= 10)};
}

// The columns of sys.server_principals up to credential_id, and three more.
store::Row sql_login_row(const pb::Login& row) {
  store::Row out = server_principal_row(row);
  out.resize(11);
  out.push_back(flag(true));
  out.push_back(flag(false));
  out.push_back(binary_or_null(row.password_hash()));
  return out;
}

std::string_view state_text(std::string_view state) {
  if (state == "D") return "DENY";
  if (state == "W") return "GRANT_WITH_GRANT_OPTION";
  return "GRANT";
}

std::vector<store::Row> permissions(const Catalog& catalog, bool is_server) {
  std::vector<store::Row> rows;
  for (const auto& [id, row] : catalog.table<pb::Permission>()) {
    const auto object_class = static_cast<ObjectClass>(row.object_class());
    if ((object_class >= ObjectClass::server) != is_server) continue;
    rows.push_back({number(row.object_class()), text(class_name(object_class)),
                    number(row.major_id()), number(0), number(row.grantee()), number(row.grantor()),
                    padded(permission_type(row.name()), 4), text(row.name()), text(row.state()),
                    text(state_text(row.state()))});
  }
  return rows;
}

std::vector<store::Row> database_role_members(const Catalog& catalog) {
  std::vector<store::Row> rows;
  for (const auto& [id, row] : catalog.table<pb::Principal>()) {
    for (const std::int32_t role : row.member_of()) {
      rows.push_back({number(role), number(id)});
    }
  }
  return rows;
}

constexpr const char* kPermissionColumns =
    "class tinyint, class_desc nvarchar(60), major_id int, minor_id int, "
    "grantee_principal_id int, grantor_principal_id int, type char(4), "
    "permission_name nvarchar(128), state char(1), state_desc nvarchar(60)";

void add_key_views(const Instance& instance, const AddView& add) {
  add("sys.certificates",
      "name sysname, certificate_id int, principal_id int, pvt_key_encryption_type char(2), "
      "pvt_key_encryption_type_desc nvarchar(60), is_active_for_begin_dialog bit, "
      "issuer_name nvarchar(442), cert_serial_number nvarchar(64), sid varbinary(85), "
      "string_sid nvarchar(128), subject nvarchar(4000), expiry_date datetime, "
      "start_date datetime, thumbprint varbinary(32), attested_by nvarchar(260), "
      "pvt_key_last_backup_date datetime",
      [&instance](store::DatabaseId database, std::int64_t) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : instance.database(database)->table<pb::Certificate>()) {
          rows.push_back(certificate_row(row));
        }
        return rows;
      });
  add("sys.symmetric_keys",
      "name sysname, principal_id int, symmetric_key_id int, key_length int, "
      "key_algorithm char(2), algorithm_desc nvarchar(60), create_date datetime, "
      "modify_date datetime, key_guid uniqueidentifier, key_thumbprint sql_variant, "
      "provider_type nvarchar(60), cryptographic_provider_guid uniqueidentifier, "
      "cryptographic_provider_algid sql_variant",
      [&instance](store::DatabaseId database, std::int64_t) {
        return symmetric_keys(*instance.database(database));
      });
  add("sys.asymmetric_keys",
      "name sysname, principal_id int, asymmetric_key_id int, pvt_key_encryption_type char(2), "
      "pvt_key_encryption_type_desc nvarchar(60), thumbprint varbinary(32), algorithm char(2), "
      "algorithm_desc nvarchar(60), key_length int, sid varbinary(85), string_sid nvarchar(128), "
      "public_key varbinary(max), attested_by nvarchar(260), provider_type nvarchar(60), "
      "cryptographic_provider_guid uniqueidentifier, cryptographic_provider_algid sql_variant",
      nullptr);
  add("sys.key_encryptions",
      "key_id int, thumbprint varbinary(32), crypt_type char(4), crypt_type_desc nvarchar(60), "
      "crypt_property varbinary(max)",
      [&instance](store::DatabaseId database, std::int64_t) {
        return key_encryptions(*instance.database(database));
      });
}

void add_principal_views(const Instance& instance, const AddView& add) {
  add("sys.database_principals",
      "name sysname, principal_id int, type char(1), type_desc nvarchar(60), "
      "default_schema_name sysname, create_date datetime, modify_date datetime, "
      "owning_principal_id int, sid varbinary(85), is_fixed_role bit, authentication_type int, "
      "authentication_type_desc nvarchar(60), default_language_name sysname, "
      "default_language_lcid int, allow_encrypted_value_modifications bit",
      [&instance](store::DatabaseId database, std::int64_t) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : instance.database(database)->table<pb::Principal>()) {
          rows.push_back(database_principal_row(instance, database, row));
        }
        return rows;
      });
  add("sys.server_principals",
      "name sysname, principal_id int, sid varbinary(85), type char(1), type_desc nvarchar(60), "
      "is_disabled bit, create_date datetime, modify_date datetime, "
      "default_database_name sysname, default_language_name sysname, credential_id int, "
      "owning_principal_id int, is_fixed_role bit",
      [&instance](store::DatabaseId, std::int64_t) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : instance.master().table<pb::Login>()) {
          rows.push_back(server_principal_row(row));
        }
        return rows;
      });
  add("sys.sql_logins",
      "name sysname, principal_id int, sid varbinary(85), type char(1), type_desc nvarchar(60), "
      "is_disabled bit, create_date datetime, modify_date datetime, "
      "default_database_name sysname, default_language_name sysname, credential_id int, "
      "is_policy_checked bit, is_expiration_checked bit, password_hash varbinary(256)",
      [&instance](store::DatabaseId, std::int64_t) {
        std::vector<store::Row> rows;
        for (const auto& [id, row] : instance.master().table<pb::Login>()) {
          if (row.type() == "S") rows.push_back(sql_login_row(row));
        }
        return rows;
      });
  add("sys.database_role_members", "role_principal_id int, member_principal_id int",
      [&instance](store::DatabaseId database, std::int64_t) {
        return database_role_members(*instance.database(database));
      });
  add("sys.server_role_members", "role_principal_id int, member_principal_id int",
      [&instance](store::DatabaseId, std::int64_t) {
        constexpr std::int64_t kSysadmin = 3;
        std::vector<store::Row> rows;
        for (const auto& [id, row] : instance.master().table<pb::Login>()) {
          if (row.is_sysadmin()) rows.push_back({number(kSysadmin), number(id)});
        }
        return rows;
      });
}

}  // namespace

void add_security_views(const Instance& instance, const AddView& add) {
  add_key_views(instance, add);
  add_principal_views(instance, add);
  add("sys.database_permissions", kPermissionColumns,
      [&instance](store::DatabaseId database, std::int64_t) {
        return permissions(*instance.database(database), false);
      });
  add("sys.server_permissions", kPermissionColumns, [&instance](store::DatabaseId, std::int64_t) {
    return permissions(instance.master(), true);
  });
}

}  // namespace ssb::broker::catalog
