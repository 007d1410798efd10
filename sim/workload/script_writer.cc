#include "sim/workload/script_writer.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "proto/overloaded.h"

namespace ssb::sim::workload {
namespace {

constexpr const char* kPassword = "Pass_word_1!";

std::string file_of(std::string_view certificate) {
  return fmt::format("{}.cer", certificate);
}

void make(const Certificate& certificate, ScriptWriter& out) {
  out.statement(fmt::format(
      "CREATE CERTIFICATE {} AUTHORIZATION {}{} WITH SUBJECT = '{}', START_DATE = '{}', "
      "EXPIRY_DATE = '{}'{};",
      certificate.name, certificate.owner,
      certificate.key == PrivateKey::under_password
          ? fmt::format(" ENCRYPTION BY PASSWORD = '{}'", kPassword)
          : "",
      certificate.name, date_text(certificate.start_h), date_text(certificate.expiry_h),
      certificate.is_active ? "" : " ACTIVE FOR BEGIN_DIALOG = OFF"));
  out.statement(fmt::format("BACKUP CERTIFICATE {} TO FILE = '{}';", certificate.name,
                            file_of(certificate.name)));
  if (certificate.key == PrivateKey::none)
    out.statement(fmt::format("ALTER CERTIFICATE {} REMOVE PRIVATE KEY;", certificate.name));
}

std::string permission_text(const Permission& permission, const std::string& service) {
  switch (permission.kind) {
    case Permission::Kind::send:
      return fmt::format("GRANT SEND ON SERVICE::{} TO {};", service, permission.user);
    case Permission::Kind::deny_send:
      return fmt::format("DENY SEND ON SERVICE::{} TO {};", service, permission.user);
    case Permission::Kind::control:
      return fmt::format("GRANT CONTROL ON SERVICE::{} TO {};", service, permission.user);
  }
  return "";
}

std::string route_text(const Route& route, const World& world, std::string_view prefix = "") {
  return fmt::format(
      "CREATE ROUTE {2}to_{0} WITH SERVICE_NAME = '{0}', ADDRESS = 'TCP://{1}:4022';",
      route.service, world.instances[route.instance].name, prefix);
}
std::string binding_text(const Binding& binding) {
  return fmt::format(
      "CREATE REMOTE SERVICE BINDING to_{0} TO SERVICE '{0}' WITH USER = {1}, ANONYMOUS = {2};",
      binding.service, binding.user, binding.is_anonymous ? "ON" : "OFF");
}

std::string encryption_text(const Instance& instance) {
  const std::string algorithm =
      instance.algorithm == Instance::Algorithm::aes ? " ALGORITHM AES" : " ALGORITHM RC4";
  switch (instance.encryption) {
    case Instance::Encryption::disabled: return "DISABLED";
    case Instance::Encryption::supported: return "SUPPORTED" + algorithm;
    case Instance::Encryption::required: return "REQUIRED" + algorithm;
  }
  return "";
}

void write_instance(const World& world, std::size_t index, ScriptWriter& out) {
  const Instance& instance = world.instances[index];
  constexpr int kExpiredSinceHours = -kSetupDays / 2 * kHoursOfDay;
  constexpr int kNeverInAStoryHours = 5000 * kHoursOfDay;
  out.in_master(index);
  out.statement(fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}';", kPassword));
  out.statement(fmt::format(
      "CREATE CERTIFICATE {0} WITH SUBJECT = '{0} endpoint', EXPIRY_DATE = '{1}';", instance.name,
      date_text(instance.has_expired_certificate ? kExpiredSinceHours : kNeverInAStoryHours)));
  out.statement(fmt::format(
      "CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER "
      "(AUTHENTICATION = CERTIFICATE {}, ENCRYPTION = {});",
      instance.name, encryption_text(instance)));
  out.statement(fmt::format("BACKUP CERTIFICATE {0} TO FILE = '{0}.cer';", instance.name));
  if (instance.lets_public_connect) out.statement("GRANT CONNECT ON ENDPOINT::broker TO public;");
  out.go();
}

void write_acquaintances(const World& world, std::size_t verifier, ScriptWriter& out) {
  std::vector<const Acquaintance*> mine;
  for (const Acquaintance& known : world.acquaintances) {
    if (known.verifier == verifier) mine.push_back(&known);
  }
  out.in_master(verifier);
  for (const Acquaintance* known : mine) {
    const std::string& peer = world.instances[known->peer].name;
    if (known->has_certificate)
      out.directive(
          fmt::format("copy {} '{}.cer' to {}", peer, peer, world.instances[verifier].name));
  }
  for (const Acquaintance* known : mine) {
    const std::string& peer = world.instances[known->peer].name;
    out.statement(
        fmt::format("CREATE LOGIN {}_login WITH PASSWORD = '{}'; CREATE USER {}_user FOR LOGIN "
                    "{}_login;",
                    peer, kPassword, peer, peer));
    if (known->has_certificate)
      out.statement(fmt::format(
          "CREATE CERTIFICATE {0} AUTHORIZATION {0}_user FROM FILE = '{0}.cer';", peer));
    if (known->may_connect)
      out.statement(fmt::format("GRANT CONNECT ON ENDPOINT::broker TO {}_login;", peer));
  }
  out.go();
}

void write_services(const World& world, std::size_t index, ScriptWriter& out) {
  for (std::size_t s = 0; s < world.services.size(); ++s) {
    const Service& service = world.services[s];
    if (service.database != index) continue;
    const std::string number = service.contract.substr(service.contract.rfind('_') + 1);
    const bool knows_contract = service.contract_is != Service::Contract::unknown;
    if (knows_contract) {
      out.statement(fmt::format(
          "CREATE MESSAGE TYPE order_{0}; CREATE MESSAGE TYPE receipt_{0}; CREATE CONTRACT {1} "
          "(order_{0} SENT BY INITIATOR, receipt_{0} SENT BY TARGET);",
          number, service.contract));
    }
    const bool is_bound = service.is_target && service.contract_is == Service::Contract::bound;
    out.statement(fmt::format("CREATE QUEUE {};", service.queue));
    out.statement(fmt::format("CREATE SERVICE {} AUTHORIZATION {} ON QUEUE {}{};", service.name,
                              service.owner, service.queue,
                              is_bound ? fmt::format(" ({})", service.contract) : ""));
    if (service.owner_may_receive && service.owner != kDbo)
      out.statement(fmt::format("GRANT RECEIVE ON {} TO {};", service.queue, service.owner));
    for (const Permission& permission : service.permissions)
      out.statement(permission_text(permission, service.name));
  }
}

void write_database(const World& world, std::size_t index, ScriptWriter& out) {
  const Database& database = world.databases[index];
  out.in_master(database.instance);
  out.statement(fmt::format("CREATE DATABASE {};", database.name));
  out.go();
  out.in(index);
  if (database.master_key != MasterKey::absent)
    out.statement(fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}';", kPassword));
  for (const std::string& user : database.users)
    out.statement(fmt::format("CREATE USER {} WITHOUT LOGIN;", user));
  for (const Certificate& certificate : database.certificates) {
    if (certificate.made_in.empty()) make(certificate, out);
  }
  if (!database.has_default_route) out.statement("DROP ROUTE AutoCreatedLocal;");
  for (const Route& route : world.routes) {
    if (route.database == index) out.statement(route_text(route, world));
  }
  write_services(world, index, out);
  out.go();
}

// The file of a certificate, brought to where a database is.
std::string bring_file(const World& world, const std::string& from_database,
                       const std::string& certificate, std::size_t to, ScriptWriter& out) {
  std::string name = out.new_file(certificate);
  for (const Database& from : world.databases) {
    if (from.name == from_database)
      out.directive(fmt::format("copy {} '{}' to {} '{}'", world.instances[from.instance].name,
                                file_of(certificate),
                                world.instances[world.databases[to].instance].name, name));
  }
  return name;
}
void import(const Certificate& certificate, const std::string& file, ScriptWriter& out) {
  out.statement(fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {} FROM FILE = '{}'{};",
                            certificate.name, certificate.owner, file,
                            certificate.is_active ? "" : " ACTIVE FOR BEGIN_DIALOG = OFF"));
}

// What comes from other databases, and what must wait for it.
void write_foreign(const World& world, std::size_t index, ScriptWriter& out) {
  const Database& database = world.databases[index];
  out.in(index);
  std::vector<std::string> files;
  for (const Certificate& certificate : database.certificates) {
    if (!certificate.made_in.empty())
      files.push_back(bring_file(world, certificate.made_in, certificate.name, index, out));
  }
  auto file = files.begin();
  for (const Certificate& certificate : database.certificates) {
    if (!certificate.made_in.empty()) import(certificate, *file++, out);
  }
  for (const Binding& binding : world.bindings) {
    if (binding.database == index) out.statement(binding_text(binding));
  }
  if (database.master_key == MasterKey::needs_password)
    out.statement("ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;");
  out.go();
}

}  // namespace

void ScriptWriter::in_master(std::size_t instance) {
  move_to(instance, "");
}
void ScriptWriter::in(std::size_t database) {
  move_to(world_.databases[database].instance, world_.databases[database].name);
}
void ScriptWriter::move_to(std::size_t instance, const std::string& database) {
  const std::string& name = world_.instances[instance].name;
  const std::string there = name + "." + database;
  if (there == here_) return;
  go();
  here_ = there;
  text_ += ":connect " + name + "\n";
  use_ = database.empty() ? "" : "USE " + database + ";\n";
}
void ScriptWriter::statement(std::string_view sql) {
  batch_ += sql;
  batch_ += '\n';
}
void ScriptWriter::go() {
  if (batch_.empty()) return;
  text_ += use_ + batch_ + "GO\n";
  use_.clear();
  batch_.clear();
}
void ScriptWriter::directive(std::string_view text) {
  go();
  text_ += fmt::format("--# {}\n", text);
}
void ScriptWriter::heading(std::string_view text) {
  go();
  text_ += fmt::format("\n-- {}\n", text);
}
std::string ScriptWriter::place(std::size_t database) const {
  const Database& there = world_.databases[database];
  return fmt::format("{}.{}", world_.instances[there.instance].name, there.name);
}
std::string ScriptWriter::new_file(std::string_view certificate) {
  return fmt::format("{}_{}.cer", certificate, ++files_);
}
std::string ScriptWriter::take_text() {
  go();
  return std::move(text_);
}

void write_setup(const Plan& plan, ScriptWriter& out) {
  const World& world = plan.world;
  out.heading("Instances, their endpoints, and whom each of them knows.");
  for (std::size_t i = 0; i < world.instances.size(); ++i) write_instance(world, i, out);
  for (std::size_t i = 0; i < world.instances.size(); ++i) write_acquaintances(world, i, out);
  out.heading("Databases: what each makes itself, and then what it gets from others.");
  for (std::size_t i = 0; i < world.databases.size(); ++i) write_database(world, i, out);
  for (std::size_t i = 0; i < world.databases.size(); ++i) write_foreign(world, i, out);
  for (const Change& change : plan.afterwards) write_change(change, world, out);
  out.heading("The story.");
  out.directive(fmt::format("until {}", kStoryBegins));
  for (const Instance& instance : world.instances) {
    if (instance.skew_h != 0)
      out.directive(fmt::format("skew {} +{}h", instance.name, instance.skew_h));
  }
}

void write_change(const Change& change, const World& before, ScriptWriter& out) {
  std::visit(
      proto::Overloaded{
          [&](const MakeCertificate& c) {
            out.in(c.database);
            make(c.certificate, out);
            out.go();
          },
          [&](const CopyCertificate& c) {
            out.in(c.to);
            const std::string file =
                bring_file(before, before.databases[c.from].name, c.name, c.to, out);
            out.statement(fmt::format("CREATE CERTIFICATE {} AUTHORIZATION {} FROM FILE = '{}';",
                                      c.name, c.owner, file));
            out.go();
          },
          [&](const SetActive& c) {
            out.in(c.database);
            out.statement(fmt::format("ALTER CERTIFICATE {} WITH ACTIVE FOR BEGIN_DIALOG = {};",
                                      c.name, c.is_active ? "ON" : "OFF"));
            out.go();
          },
          [&](const DropCertificate& c) {
            out.in(c.database);
            out.statement(fmt::format("DROP CERTIFICATE {};", c.name));
            out.go();
          },
          [&](const SetPermission& c) {
            const Service& service = before.services[c.service];
            out.in(service.database);
            out.statement(c.is_revoked ? fmt::format("REVOKE SEND ON SERVICE::{} FROM {};",
                                                     service.name, c.permission.user)
                                       : permission_text(c.permission, service.name));
            out.go();
          },
          [&](const AddBinding& c) {
            out.in(c.binding.database);
            out.statement(binding_text(c.binding));
            out.go();
          },
          [&](const AddRoute& c) {
            out.in(c.route.database);
            out.statement(route_text(c.route, before, "new_"));
            out.go();
          },
          [&](const SetMasterKey& c) {
            out.in(c.database);
            if (c.state == MasterKey::needs_password) {
              out.statement("ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;");
            } else {
              out.statement(
                  fmt::format("OPEN MASTER KEY DECRYPTION BY PASSWORD = '{}';", kPassword));
              out.statement("ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;");
              out.statement("CLOSE MASTER KEY;");
            }
            out.go();
          },
          [&](const PassTime& c) { out.directive(fmt::format("advance {}h", c.hours)); },
          [&](const RestartInstance& c) {
            const std::string& name = before.instances[c.instance].name;
            if (c.is_crash) out.directive("crash " + name);
            out.directive("restart " + name);
            out.leave();
          },
      },
      change);
}

}  // namespace ssb::sim::workload
