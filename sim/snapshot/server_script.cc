#include <algorithm>

#include <fmt/format.h>

#include "sim/snapshot/database_script.h"

namespace ssb::sim::snapshot {
namespace {

using doctor::bracketed;

constexpr std::int64_t kSaLogin = 1;
constexpr std::int64_t kPublicLogin = 2;
constexpr std::int64_t kEndpointClass = 105;

// "NONE, RC4, AES" as the clause of CREATE ENDPOINT.
std::string encryption_text(std::string text) {
  if (text == "NONE") return "DISABLED";
  constexpr std::string_view kNone = "NONE, ";
  const bool is_supported = text.starts_with(kNone);
  if (is_supported) text.erase(0, kNone.size());
  std::erase(text, ',');
  return fmt::format("{} ALGORITHM {}", is_supported ? "SUPPORTED" : "REQUIRED", text);
}

bool is_encryption_known(std::string_view text) {
  constexpr std::string_view kKnown[] = {"NONE",          "RC4",      "AES",      "NONE, RC4",
                                         "NONE, AES",     "RC4, AES", "AES, RC4", "NONE, RC4, AES",
                                         "NONE, AES, RC4"};
  return std::ranges::find(kKnown, text) != std::end(kKnown);
}

}  // namespace

void ServerScript::note(const Database* database, std::string kind, std::string from,
                        std::string to) {
  mapping_.push_back({database == nullptr ? instance_ : instance_ + "." + database->name(),
                      std::move(kind), std::move(from), std::move(to)});
}

bool ServerScript::is_login_needed(const Row& login) const {
  const std::string type = login.text("type");
  if (type == "R" || login.number("principal_id") == kSaLogin) return false;
  const std::string sid = login.text("sid");
  for (const Database& database : snapshot_.databases) {
    if (database.head.text("owner_sid") == sid) return true;
    for (const Row& user : database.rows("database_principals")) {
      if (!sid.empty() && user.text("sid") == sid && !user.text("name").starts_with("##"))
        return true;
    }
  }
  return std::ranges::any_of(snapshot_.rows("server_permissions"), [&](const Row& permission) {
    return permission.number("grantee_principal_id") == login.number("principal_id") &&
           find_row(snapshot_.rows("service_broker_endpoints"), "endpoint_id",
                    permission.number("major_id")) != nullptr;
  });
}

void ServerScript::write_logins() {
  for (const Row& login : snapshot_.rows("server_principals")) {
    if (!is_login_needed(login)) continue;
    const std::string name = login.text("name");
    const std::string type = login.text("type");
    if (type == "U" || type == "G") {
      out_.run("master", fmt::format("CREATE LOGIN {} FROM WINDOWS", bracketed(name)));
    } else {
      out_.run("master", fmt::format("CREATE LOGIN {} WITH PASSWORD = '{}'", bracketed(name),
                                     kImportPassword));
      note(nullptr, "login", name,
           type == "S" ? "its password is another one" : "a login with a password");
    }
    if (login.flag("is_disabled"))
      out_.run("master", fmt::format("ALTER LOGIN {} DISABLE", bracketed(name)));
    if (login.has("sid")) logins_[login.text("sid")] = name;
    for (const Row& member : snapshot_.rows("server_role_members")) {
      if (member.number("member_principal_id") != login.number("principal_id")) continue;
      const Row* role = find_row(snapshot_.rows("server_principals"), "principal_id",
                                 member.number("role_principal_id"));
      if (role != nullptr && role->text("name") == "sysadmin")
        out_.run("master",
                 fmt::format("ALTER SERVER ROLE sysadmin ADD MEMBER {}", bracketed(name)));
    }
  }
}

// "NTLM, CERTIFICATE" as the clause of CREATE ENDPOINT.
std::string ServerScript::authentication_text(const Row& endpoint,
                                              const std::string& certificate) const {
  std::string out;
  std::string rest = endpoint.text("connection_auth_desc");
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    const std::string one = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 2);
    if (!out.empty()) out += " ";
    out += one == "CERTIFICATE" ? "CERTIFICATE " + certificate : "WINDOWS " + one;
  }
  return out;
}

void ServerScript::write_endpoint() {
  for (const Row& endpoint : snapshot_.rows("service_broker_endpoints")) {
    const std::string name = endpoint.text("name");
    const Row* certificate = find_row(snapshot_.find("master")->rows("certificates"),
                                      "certificate_id", endpoint.number("certificate_id"));
    const std::string authentication = endpoint.text("connection_auth_desc");
    const bool is_readable = is_encryption_known(endpoint.text("encryption_algorithm_desc")) &&
                             std::ranges::all_of(authentication, [](char c) {
                               return (c >= 'A' && c <= 'Z') || c == ',' || c == ' ';
                             });
    if (!is_readable) {
      note(nullptr, "left out",
           fmt::format("endpoint '{}': authentication '{}' or encryption '{}' is not known here",
                       name, authentication, endpoint.text("encryption_algorithm_desc")));
      continue;
    }
    const Row* tcp =
        find_row(snapshot_.rows("tcp_endpoints"), "endpoint_id", endpoint.number("endpoint_id"));
    const std::string state = endpoint.text("state_desc");
    std::string options = fmt::format(
        "AUTHENTICATION = {}, ENCRYPTION = {}",
        authentication_text(endpoint,
                            certificate == nullptr ? "" : bracketed(certificate->text("name"))),
        encryption_text(endpoint.text("encryption_algorithm_desc")));
    if (endpoint.flag("is_message_forwarding_enabled")) {
      options += ", MESSAGE_FORWARDING = ENABLED";
      if (endpoint.number("message_forwarding_size") > 0)
        options +=
            fmt::format(", MESSAGE_FORWARD_SIZE = {}", endpoint.number("message_forwarding_size"));
    }
    out_.run("master", fmt::format("CREATE ENDPOINT {} STATE = {} AS TCP (LISTENER_PORT = {}) FOR "
                                   "SERVICE_BROKER ({})",
                                   bracketed(name),
                                   state == "STARTED" || state == "DISABLED" ? state : "STOPPED",
                                   tcp->number("port"), options));
  }
}

void ServerScript::write_server_permissions() {
  for (const Row& permission : snapshot_.rows("server_permissions")) {
    if (permission.number("class") != kEndpointClass) continue;
    const Row* endpoint = find_row(snapshot_.rows("service_broker_endpoints"), "endpoint_id",
                                   permission.number("major_id"));
    const Row* grantee = find_row(snapshot_.rows("server_principals"), "principal_id",
                                  permission.number("grantee_principal_id"));
    const bool is_connect = permission.text("permission_name") == "CONNECT";
    if (endpoint == nullptr || grantee == nullptr || !is_connect ||
        grantee->number("principal_id") == kSaLogin)
      continue;
    const bool is_public = grantee->number("principal_id") == kPublicLogin;
    out_.run("master", fmt::format("{} CONNECT ON ENDPOINT::{} TO {}",
                                   permission.text("state") == "D" ? "DENY" : "GRANT",
                                   bracketed(endpoint->text("name")),
                                   is_public ? "public" : bracketed(grantee->text("name"))));
  }
}

void ServerScript::write() {
  write_logins();
  const Database& master = *snapshot_.find("master");
  write_database(master);
  write_endpoint();
  write_server_permissions();
  for (const Database& database : snapshot_.databases) {
    if (database.name() != "master") write_database(database);
  }
  for (const Database& database : snapshot_.databases) write_options(database);
}

}  // namespace ssb::sim::snapshot
