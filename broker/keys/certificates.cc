#include "broker/keys/certificates.h"

#include <chrono>

#include "broker/catalog/permissions.h"
#include "broker/crypto/pvk.h"
#include "proto/error_code.h"

namespace ssb::broker::keys {
namespace {

using catalog::Catalog;
using catalog::pb::Certificate;
using proto::Error;
using proto::ErrorCode;

constexpr int kImportedKeyBitsStep = 64;

Error missing_certificate(std::string_view name) {
  return Error{ErrorCode::object_missing_or_denied, "certificate", name};
}

const Certificate* find_certificate(const catalog::Instance& instance, store::DatabaseId database,
                                    std::string_view name) {
  return instance.database(database)->table<Certificate>().find(name);
}

std::size_t count_characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

proto::Result<proto::TimePoint> read_date(const std::optional<std::string>& text,
                                          proto::TimePoint otherwise) {
  if (!text) return std::chrono::floor<std::chrono::seconds>(otherwise);
  const auto parsed_date = proto::parse_datetime(*text);
  if (!parsed_date) return Error{ErrorCode::bad_date_text, *text};
  return proto::TimePoint(std::chrono::floor<std::chrono::seconds>(*parsed_date));
}

proto::Result<std::int32_t> find_owner(const Catalog& catalog, const NewCertificate& wanted) {
  if (!wanted.authorization) return wanted.creator;
  const auto* owner = catalog.table<catalog::pb::Principal>().find(*wanted.authorization);
  if (owner == nullptr) {
    return Error{ErrorCode::object_missing_or_denied, "user", *wanted.authorization};
  }
  if (owner->type() == "R" || owner->type() == "C") return Error{ErrorCode::owner_cannot_be_role};
  return owner->id();
}

std::vector<Error> date_warnings(const std::string& name, const crypto::X509Certificate& made,
                                 proto::TimePoint now) {
  std::vector<Error> warnings;
  if (made.not_after() < made.not_before()) {
    warnings.emplace_back(ErrorCode::expiry_before_start, name);
  }
  if (made.not_after() < now) {
    warnings.emplace_back(ErrorCode::certificate_already_expired, name,
                          proto::to_datetime_text(made.not_after()));
  }
  if (made.not_before() > now) {
    warnings.emplace_back(ErrorCode::certificate_not_yet_valid, name,
                          proto::to_datetime_text(made.not_before()));
  }
  return warnings;
}

bool is_supported_import(int bits) {
  return bits >= crypto::kRsaBitsMin && bits <= kImportedKeyBitsMax &&
         bits % kImportedKeyBitsStep == 0;
}

// Seals the key under the password, or under the master key when there is none.
proto::Result<void> protect(const catalog::Instance& instance, store::DatabaseId database,
                            Certificate& certificate, const crypto::RsaPrivateKey& key,
                            const std::optional<std::string>& password,
                            const OpenMasterKeys& opened) {
  if (password) {
    put_private_key(certificate, key, *password, instance.password_iterations());
    return {};
  }
  const auto master_key = open_master_key(instance, database, opened);
  if (!master_key) return master_key.error();
  put_private_key(certificate, key, *master_key);
  return {};
}

// What must hold before a key is made or read: a good password, or a master key that opens.
proto::Result<void> check_protection(const catalog::Instance& instance, store::DatabaseId database,
                                     const std::optional<std::string>& password,
                                     const OpenMasterKeys& opened) {
  if (password) return check_password_policy(*password);
  if (const auto key = open_master_key(instance, database, opened); !key) return key.error();
  return {};
}

proto::Result<crypto::X509Certificate> make_self_signed(
    catalog::Instance& instance, store::DatabaseId database, const NewCertificate& wanted,
    const OpenMasterKeys& opened, proto::TimePoint now, Certificate& certificate) {
  const std::size_t characters = count_characters(wanted.subject);
  if (characters == 0 || characters > kSubjectCharactersMax) {
    return Error{ErrorCode::bad_subject};
  }
  const auto start = read_date(wanted.start_date, now);
  if (!start) return start.error();
  const auto expiry = read_date(wanted.expiry_date, one_year_later(*start));
  if (!expiry) return expiry.error();
  if (auto may = check_protection(instance, database, wanted.encryption_password, opened); !may) {
    return may.error();
  }
  const crypto::RsaPrivateKey key = instance.make_rsa_key(kSelfSignedKeyBits);
  auto made = crypto::X509Certificate::make_self_signed({wanted.subject, *start, *expiry}, key);
  certificate.set_der(proto::to_string(made.der()));
  if (auto done = protect(instance, database, certificate, key, wanted.encryption_password, opened);
      !done) {
    return done.error();
  }
  return made;
}

proto::Result<crypto::RsaPrivateKey> read_key(catalog::Instance& instance,
                                              const PrivateKeyOptions& options,
                                              const crypto::X509Certificate& certificate) {
  proto::Bytes bytes;
  const std::string name = options.file.value_or("(binary)");
  if (options.file) {
    auto read = instance.files().read(*options.file);
    if (!read) return Error{ErrorCode::certificate_file_bad, name, read.error()};
    bytes = std::move(*read);
  } else {
    bytes = options.binary.value_or(proto::Bytes{});
  }
  auto key = crypto::read_pvk(bytes, options.decryption_password.value_or(""), name);
  proto::erase_bytes(bytes.data(), bytes.size());
  if (!key) return key.error();
  if (!is_supported_import(key->bits())) return Error{ErrorCode::private_key_format};
  if (!key->matches(certificate.public_key())) {
    return Error{ErrorCode::private_key_does_not_match};
  }
  return std::move(*key);
}

proto::Result<void> import_key(catalog::Instance& instance, store::DatabaseId database,
                               const PrivateKeyOptions& options,
                               const crypto::X509Certificate& public_part,
                               const OpenMasterKeys& opened, Certificate& certificate) {
  if (auto may = check_protection(instance, database, options.encryption_password, opened); !may) {
    return may.error();
  }
  const auto key = read_key(instance, options, public_part);
  if (!key) return key.error();
  return protect(instance, database, certificate, *key, options.encryption_password, opened);
}

proto::Result<crypto::X509Certificate> read_certificate(catalog::Instance& instance,
                                                        const NewCertificate& wanted) {
  if (!wanted.file) {
    auto made = crypto::X509Certificate::from_der(*wanted.binary);
    if (!made) return Error{ErrorCode::certificate_data_bad};
    return std::move(*made);
  }
  const auto bytes = instance.files().read(*wanted.file);
  if (!bytes) return Error{ErrorCode::certificate_file_bad, *wanted.file, bytes.error()};
  auto made = crypto::X509Certificate::from_der(*bytes);
  if (made) return std::move(*made);
  const bool is_pem = proto::as_text(*bytes).starts_with("-----BEGIN");
  return Error{ErrorCode::certificate_file_bad, *wanted.file,
               is_pem ? "this is PEM" : "not a DER certificate with an RSA key"};
}

proto::Result<crypto::X509Certificate> import(catalog::Instance& instance,
                                              store::DatabaseId database,
                                              const NewCertificate& wanted,
                                              const OpenMasterKeys& opened,
                                              Certificate& certificate) {
  auto made = read_certificate(instance, wanted);
  if (!made) return made.error();
  if (!is_supported_import(made->public_key().bits())) {
    return Error{ErrorCode::certificate_data_bad};
  }
  certificate.set_der(proto::to_string(made->der()));
  certificate.set_private_key_protection("NA");
  if (wanted.private_key) {
    auto done = import_key(instance, database, *wanted.private_key, *made, opened, certificate);
    if (!done) return done.error();
  }
  return std::move(*made);
}

// What in the instance needs the certificate; empty when nothing does.
std::string endpoint_using(const catalog::Instance& instance, store::DatabaseId database,
                           const Certificate& certificate) {
  if (database != catalog::kMaster) return {};
  const auto* endpoint = instance.master().table<catalog::pb::Endpoint>().find_if(
      [&](const auto& one) { return one.certificate_id() == certificate.id(); });
  return endpoint == nullptr ? std::string() : "endpoint '" + endpoint->name() + "'";
}

std::string principal_mapped_to(const catalog::Instance& instance, store::DatabaseId database,
                                const Certificate& certificate) {
  const auto is_mapped = [&](const auto& one) { return one.certificate_id() == certificate.id(); };
  const auto* user =
      instance.database(database)->table<catalog::pb::Principal>().find_if(is_mapped);
  if (user != nullptr) return "user '" + user->name() + "'";
  if (database != catalog::kMaster) return {};
  const auto* login = instance.master().table<catalog::pb::Login>().find_if(is_mapped);
  return login == nullptr ? std::string() : "login '" + login->name() + "'";
}

proto::Result<void> load_key(catalog::Instance& instance, store::DatabaseId database,
                             const PrivateKeyOptions& options, const OpenMasterKeys& opened,
                             Certificate& certificate) {
  if (!certificate.private_key().empty()) {
    return Error{ErrorCode::private_key_present, certificate.name()};
  }
  return import_key(instance, database, options, parsed(certificate), opened, certificate);
}

proto::Result<void> change_protection(const catalog::Instance& instance, store::DatabaseId database,
                                      const PrivateKeyOptions& options,
                                      const OpenMasterKeys& opened, Certificate& certificate) {
  const auto key =
      private_key_for_session(instance, database, certificate, opened, options.decryption_password);
  if (!key) return key.error();
  if (certificate.private_key_protection() != "PW" && !options.encryption_password) {
    return Error{ErrorCode::encryption_password_missing};
  }
  if (auto may = check_protection(instance, database, options.encryption_password, opened); !may) {
    return may.error();
  }
  return protect(instance, database, certificate, *key, options.encryption_password, opened);
}

}  // namespace

proto::TimePoint one_year_later(proto::TimePoint start) {
  const auto day = std::chrono::floor<std::chrono::days>(start);
  std::chrono::year_month_day date{day};
  date += std::chrono::years(1);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return std::chrono::sys_days(date) + (start - day);
}

proto::Result<CreatedCertificate> create_certificate(
    catalog::Instance& instance, catalog::Transaction& transaction, store::DatabaseId database,
    const NewCertificate& wanted, const OpenMasterKeys& opened, proto::TimePoint now) {
  Catalog& catalog = *instance.database(database);
  if (find_certificate(instance, database, wanted.name) != nullptr) {
    return Error{ErrorCode::certificate_exists, wanted.name};
  }
  const auto owner = find_owner(catalog, wanted);
  if (!owner) return owner.error();
  Certificate certificate;
  certificate.set_id(catalog.next_id<Certificate>());
  certificate.set_name(wanted.name);
  certificate.set_owner(*owner);
  certificate.set_is_active_for_begin_dialog(wanted.is_active_for_begin_dialog);
  const bool is_import = wanted.file || wanted.binary;
  const auto made = is_import
                        ? import(instance, database, wanted, opened, certificate)
                        : make_self_signed(instance, database, wanted, opened, now, certificate);
  if (!made) return made.error();
  const auto* same = catalog.table<Certificate>().find_if(
      [&](const Certificate& one) { return one.der() == certificate.der(); });
  if (same != nullptr) return Error{ErrorCode::certificate_exists, same->name()};
  catalog.put(transaction, certificate.id(), certificate);
  return CreatedCertificate{certificate.id(), date_warnings(wanted.name, *made, now)};
}

proto::Result<void> remove_private_key(catalog::Instance& instance,
                                       catalog::Transaction& transaction,
                                       store::DatabaseId database, std::string_view name) {
  const Certificate* present = find_certificate(instance, database, name);
  if (present == nullptr) return missing_certificate(name);
  if (present->private_key().empty()) return Error{ErrorCode::no_private_key, name};
  if (const auto user = endpoint_using(instance, database, *present); !user.empty()) {
    return Error{ErrorCode::certificate_in_use, name, user};
  }
  Certificate changed = *present;
  changed.set_private_key_protection("NA");
  changed.clear_private_key();
  changed.clear_private_key_password();
  instance.database(database)->put(transaction, changed.id(), changed);
  return {};
}

proto::Result<void> change_private_key(catalog::Instance& instance,
                                       catalog::Transaction& transaction,
                                       store::DatabaseId database, std::string_view name,
                                       const PrivateKeyOptions& options,
                                       const OpenMasterKeys& opened) {
  const Certificate* present = find_certificate(instance, database, name);
  if (present == nullptr) return missing_certificate(name);
  Certificate changed = *present;
  const auto done = options.has_key()
                        ? load_key(instance, database, options, opened, changed)
                        : change_protection(instance, database, options, opened, changed);
  if (!done) return done.error();
  instance.database(database)->put(transaction, changed.id(), changed);
  return {};
}

proto::Result<void> set_active_for_begin_dialog(catalog::Instance& instance,
                                                catalog::Transaction& transaction,
                                                store::DatabaseId database, std::string_view name,
                                                bool is_active) {
  const Certificate* present = find_certificate(instance, database, name);
  if (present == nullptr) return missing_certificate(name);
  Certificate changed = *present;
  changed.set_is_active_for_begin_dialog(is_active);
  instance.database(database)->put(transaction, changed.id(), changed);
  return {};
}

proto::Result<void> drop_certificate(catalog::Instance& instance, catalog::Transaction& transaction,
                                     store::DatabaseId database, std::string_view name) {
  const Certificate* present = find_certificate(instance, database, name);
  if (present == nullptr) return missing_certificate(name);
  if (const auto user = endpoint_using(instance, database, *present); !user.empty()) {
    return Error{ErrorCode::certificate_mapped, name, user};
  }
  if (const auto mapped = principal_mapped_to(instance, database, *present); !mapped.empty()) {
    return Error{ErrorCode::certificate_mapped, name, mapped};
  }
  Catalog& catalog = *instance.database(database);
  const std::int32_t id = present->id();
  remove_permissions_on(transaction, catalog, catalog::ObjectClass::certificate, id);
  catalog.erase<Certificate>(transaction, id);
  return {};
}

proto::Result<void> backup_certificate(catalog::Instance& instance,
                                       catalog::Transaction& transaction,
                                       store::DatabaseId database, std::string_view name,
                                       std::string_view file,
                                       const std::optional<PrivateKeyOptions>& private_key,
                                       const OpenMasterKeys& opened, proto::TimePoint now) {
  const Certificate* present = find_certificate(instance, database, name);
  if (present == nullptr) return missing_certificate(name);
  proto::Bytes pvk;
  if (private_key) {
    const auto key = private_key_for_session(instance, database, *present, opened,
                                             private_key->decryption_password);
    if (!key) return key.error();
    if (!private_key->encryption_password) return Error{ErrorCode::encryption_password_missing};
    if (auto policy = check_password_policy(*private_key->encryption_password); !policy) {
      return policy.error();
    }
    pvk = crypto::write_pvk(*key, *private_key->encryption_password);
  }
  const auto written = instance.files().create(file, proto::as_bytes(present->der()));
  if (!written) return Error{ErrorCode::cannot_write_file, file, written.error()};
  if (!private_key) return {};
  const std::string key_file = private_key->file.value_or("");
  const auto key_written = instance.files().create(key_file, pvk);
  if (!key_written) return Error{ErrorCode::cannot_write_file, key_file, key_written.error()};
  Certificate changed = *present;
  changed.set_private_key_backup_us(proto::to_unix_us(now));
  instance.database(database)->put(transaction, changed.id(), changed);
  return {};
}

}  // namespace ssb::broker::keys
