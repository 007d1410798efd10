// Logins, users, roles, schemas, permissions and ownership.
#include <array>

#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

namespace {

constexpr std::size_t kClassWordsMax = 4;

struct ClassWords {
  std::array<std::string_view, kClassWordsMax> words;
  ObjectKind kind;
};
// What may stand before ::.
constexpr auto kClasses = std::to_array<ClassWords>({
    {{"OBJECT"}, ObjectKind::object},
    {{"SERVER"}, ObjectKind::server},
    {{"DATABASE"}, ObjectKind::database},
    {{"LOGIN"}, ObjectKind::login},
    {{"USER"}, ObjectKind::user},
    {{"ROLE"}, ObjectKind::role},
    {{"SERVER", "ROLE"}, ObjectKind::server_role},
    {{"APPLICATION", "ROLE"}, ObjectKind::application_role},
    {{"SCHEMA"}, ObjectKind::schema},
    {{"CERTIFICATE"}, ObjectKind::certificate},
    {{"SYMMETRIC", "KEY"}, ObjectKind::symmetric_key},
    {{"ASYMMETRIC", "KEY"}, ObjectKind::asymmetric_key},
    {{"ENDPOINT"}, ObjectKind::endpoint},
    {{"MESSAGE", "TYPE"}, ObjectKind::message_type},
    {{"CONTRACT"}, ObjectKind::contract},
    {{"SERVICE"}, ObjectKind::service},
    {{"ROUTE"}, ObjectKind::route},
    {{"REMOTE", "SERVICE", "BINDING"}, ObjectKind::remote_service_binding},
    {{"XML", "SCHEMA", "COLLECTION"}, ObjectKind::xml_schema_collection},
    {{"EVENT", "NOTIFICATION"}, ObjectKind::event_notification},
    {{"TYPE"}, ObjectKind::type},
    {{"ASSEMBLY"}, ObjectKind::assembly},
    {{"FULLTEXT", "CATALOG"}, ObjectKind::fulltext_catalog},
    {{"AVAILABILITY", "GROUP"}, ObjectKind::availability_group},
});

}  // namespace

// CREATE LOGIN name WITH option, ... | FROM WINDOWS [WITH ...] | FROM CERTIFICATE c | FROM ASYMMETRIC KEY k
NodePointer Parser::create_login() {
  CreateLogin login;
  login.name = identifier();
  if (accept("FROM")) {
    if (accept("WINDOWS")) {
      login.source = LoginSource::windows;
      if (accept("WITH")) login.options = login_options();
    } else if (accept("CERTIFICATE")) {
      login.source = LoginSource::certificate;
      login.source_name = identifier();
    } else {
      expect_all({"ASYMMETRIC", "KEY"});
      login.source = LoginSource::asymmetric_key;
      login.source_name = identifier();
    }
    return node(std::move(login));
  }
  expect("WITH");
  if (!at("PASSWORD")) fail();
  login.options = login_options();
  return node(std::move(login));
}

// ALTER LOGIN name ENABLE | DISABLE | WITH option, ... | ADD | DROP CREDENTIAL c
NodePointer Parser::alter_login() {
  AlterLogin alter;
  alter.name = identifier();
  if (accept("ENABLE")) {
    alter.enable = true;
  } else if (accept("DISABLE")) {
    alter.enable = false;
  } else if (accept_all({"ADD", "CREDENTIAL"})) {
    alter.options.credential = identifier();
  } else if (accept_all({"DROP", "CREDENTIAL"})) {
    identifier();
    alter.options.credential = "";
  } else {
    expect("WITH");
    alter.options = login_options();
  }
  return node(std::move(alter));
}

LoginOptions Parser::login_options() {
  LoginOptions options;
  do {
    if (at("PASSWORD")) {
      once(options.password || options.hashed_password);
      login_password(options);
    } else if (at("OLD_PASSWORD")) {
      once(options.old_password.has_value());
      options.old_password = option_string("OLD_PASSWORD");
    } else if (at("SID")) {
      once(options.sid.has_value());
      expect_all({"SID", "="});
      options.sid = binary_literal();
    } else if (at("DEFAULT_DATABASE")) {
      once(options.default_database.has_value());
      expect_all({"DEFAULT_DATABASE", "="});
      options.default_database = identifier();
    } else if (at("DEFAULT_LANGUAGE")) {
      once(options.default_language.has_value());
      expect_all({"DEFAULT_LANGUAGE", "="});
      options.default_language = identifier();
    } else if (at("CHECK_POLICY")) {
      once(options.check_policy.has_value());
      expect_all({"CHECK_POLICY", "="});
      options.check_policy = on_off();
    } else if (at("CHECK_EXPIRATION")) {
      once(options.check_expiration.has_value());
      expect_all({"CHECK_EXPIRATION", "="});
      options.check_expiration = on_off();
    } else if (at("CREDENTIAL")) {
      once(options.credential.has_value());
      expect_all({"CREDENTIAL", "="});
      options.credential = identifier();
    } else if (at("NO")) {
      once(options.credential.has_value());
      expect_all({"NO", "CREDENTIAL"});
      options.credential = "";
    } else {
      once(options.new_name.has_value());
      expect_all({"NAME", "="});
      options.new_name = identifier();
    }
  } while (accept(","));
  return options;
}

// PASSWORD = 's' | 0x... HASHED [OLD_PASSWORD = 's'] [MUST_CHANGE] [UNLOCK]
void Parser::login_password(LoginOptions& options) {
  expect_all({"PASSWORD", "="});
  if (at_kind(TokenKind::binary)) {
    options.hashed_password = binary_literal();
    expect("HASHED");
  } else {
    options.password = string_literal();
  }
  if (at("OLD_PASSWORD")) options.old_password = option_string("OLD_PASSWORD");
  while (at_any({"MUST_CHANGE", "UNLOCK"})) {
    options.must_change = options.must_change || at("MUST_CHANGE");
    options.unlock = options.unlock || at("UNLOCK");
    next();
  }
}

// CREATE USER name [FOR | FROM LOGIN l | CERTIFICATE c | ASYMMETRIC KEY k] | [WITHOUT LOGIN] [WITH option, ...]
NodePointer Parser::create_user() {
  CreateUser user;
  user.name = principal();
  if (accept("FOR") || accept("FROM")) {
    if (accept("CERTIFICATE")) {
      user.source = UserSource::certificate;
    } else if (accept("ASYMMETRIC")) {
      expect("KEY");
      user.source = UserSource::asymmetric_key;
    } else {
      expect("LOGIN");
    }
    user.source_name = identifier();
  } else if (accept_all({"WITHOUT", "LOGIN"})) {
    user.source = UserSource::without_login;
  }
  if (at("WITH") && at_any({"DEFAULT_SCHEMA", "SID", "PASSWORD", "DEFAULT_LANGUAGE",
                            "ALLOW_ENCRYPTED_VALUE_MODIFICATIONS"},
                           1)) {
    next();
    user_options(user);
  }
  return node(std::move(user));
}

void Parser::user_options(CreateUser& user) {
  do {
    if (at("DEFAULT_SCHEMA")) {
      once(user.default_schema.has_value());
      expect_all({"DEFAULT_SCHEMA", "="});
      user.default_schema = identifier();
    } else if (at("SID")) {
      once(user.sid.has_value());
      expect_all({"SID", "="});
      user.sid = binary_literal();
    } else if (at("PASSWORD")) {
      once(user.password.has_value());
      user.source = UserSource::password;
      user.password = password();
    } else if (accept_all({"DEFAULT_LANGUAGE", "="})) {
      option_value();
    } else {
      expect_all({"ALLOW_ENCRYPTED_VALUE_MODIFICATIONS", "="});
      on_off();
    }
  } while (accept(","));
}

// ALTER USER name WITH NAME = n | DEFAULT_SCHEMA = s | LOGIN = l [, ...]
NodePointer Parser::alter_user() {
  AlterUser alter;
  alter.name = principal();
  expect("WITH");
  do {
    if (at("NAME")) {
      once(alter.new_name.has_value());
      expect_all({"NAME", "="});
      alter.new_name = identifier();
    } else if (at("DEFAULT_SCHEMA")) {
      once(alter.default_schema.has_value());
      expect_all({"DEFAULT_SCHEMA", "="});
      alter.default_schema = identifier();
    } else {
      once(alter.login.has_value());
      expect_all({"LOGIN", "="});
      alter.login = identifier();
    }
  } while (accept(","));
  return node(std::move(alter));
}

NodePointer Parser::create_role() {
  return new_role(/*server=*/false);
}
NodePointer Parser::create_server_role() {
  return new_role(/*server=*/true);
}
NodePointer Parser::alter_role() {
  return changed_role(/*server=*/false);
}
NodePointer Parser::alter_server_role() {
  return changed_role(/*server=*/true);
}

// CREATE [SERVER] ROLE name [AUTHORIZATION owner]
NodePointer Parser::new_role(bool server) {
  CreateRole role;
  role.server = server;
  role.name = identifier();
  role.authorization = authorization();
  return node(std::move(role));
}

// ALTER [SERVER] ROLE name ADD MEMBER m | DROP MEMBER m | WITH NAME = n
NodePointer Parser::changed_role(bool server) {
  AlterRole role;
  role.server = server;
  role.name = principal();
  if (accept_all({"ADD", "MEMBER"})) {
    role.add_member = principal();
  } else if (accept_all({"DROP", "MEMBER"})) {
    role.drop_member = principal();
  } else {
    expect_all({"WITH", "NAME", "="});
    role.new_name = identifier();
  }
  return node(std::move(role));
}

// CREATE SCHEMA name [AUTHORIZATION owner] | AUTHORIZATION owner
NodePointer Parser::create_schema() {
  require_first_in_batch();
  CreateSchema schema;
  if (at("AUTHORIZATION")) {
    schema.authorization = authorization();
    schema.name = *schema.authorization;
  } else {
    schema.name = identifier();
    schema.authorization = authorization();
  }
  return node(std::move(schema));
}

// permission [( column, ... )] [, ...]; a permission is one or more words, reserved or not
std::vector<Permission> Parser::permissions() {
  std::vector<Permission> permissions;
  do {
    Permission permission;
    permission.name = word();
    while (at_kind(TokenKind::word) && !at_any({"ON", "TO", "FROM"}))
      permission.name += ' ' + word();
    if (permission.name == "EXEC") permission.name = "EXECUTE";
    if (permission.name == "ALL PRIVILEGES") permission.name = "ALL";
    if (at("(")) permission.columns = parenthesized_names();
    permissions.push_back(std::move(permission));
  } while (accept(","));
  return permissions;
}

// class ::, if one stands here
std::optional<ObjectKind> Parser::securable_class() {
  std::size_t count = 0;
  while (count < kClassWordsMax && at_kind(TokenKind::word, count)) ++count;
  if (count == 0 || !at("::", count)) return std::nullopt;
  for (const ClassWords& row : kClasses) {
    std::size_t matched = 0;
    while (matched < row.words.size() && !row.words[matched].empty() &&
           at(row.words[matched], matched))
      ++matched;
    if (matched != count || (matched < row.words.size() && !row.words[matched].empty())) continue;
    index_ += count + 1;
    return row.kind;
  }
  fail();
}

// ON [class::]name [( column, ... )]
std::optional<Securable> Parser::securable(std::vector<Permission>& permissions) {
  if (!accept("ON")) return std::nullopt;
  Securable securable;
  const std::optional<ObjectKind> kind = securable_class();
  securable.kind = kind.value_or(ObjectKind::object);
  if (!kind && at("SERVER") && at_any({"TO", "FROM"}, 1)) {
    next();
    securable.kind = ObjectKind::server;
    return securable;
  }
  securable.name = at("PUBLIC")
                       ? ObjectName{.server = {}, .database = {}, .schema = {}, .name = principal()}
                       : object_name();
  if (at("(")) {
    const std::vector<std::string> columns = parenthesized_names();
    for (Permission& permission : permissions) permission.columns = columns;
  }
  return securable;
}

std::vector<std::string> Parser::principals() {
  std::vector<std::string> names;
  do {
    names.push_back(principal());
  } while (accept(","));
  return names;
}

// GRANT permission, ... [ON securable] TO principal, ... [WITH GRANT OPTION] [AS principal]
NodePointer Parser::grant_statement() {
  ChangePermission grant;
  grant.verb = PermissionVerb::grant;
  grant.permissions = permissions();
  grant.on = securable(grant.permissions);
  expect("TO");
  grant.principals = principals();
  grant.with_grant_option = accept_all({"WITH", "GRANT", "OPTION"});
  if (accept("AS")) grant.as = principal();
  return node(std::move(grant));
}

// DENY permission, ... [ON securable] TO principal, ... [CASCADE] [AS principal]
NodePointer Parser::deny_statement() {
  ChangePermission deny;
  deny.verb = PermissionVerb::deny;
  deny.permissions = permissions();
  deny.on = securable(deny.permissions);
  expect("TO");
  deny.principals = principals();
  deny.cascade = accept("CASCADE");
  if (accept("AS")) deny.as = principal();
  return node(std::move(deny));
}

// REVOKE [GRANT OPTION FOR] permission, ... [ON securable] TO | FROM principal, ... [CASCADE] [AS principal]
NodePointer Parser::revoke_statement() {
  ChangePermission revoke;
  revoke.verb = PermissionVerb::revoke;
  revoke.grant_option_for = accept_all({"GRANT", "OPTION", "FOR"});
  revoke.permissions = permissions();
  revoke.on = securable(revoke.permissions);
  if (!accept("TO")) expect("FROM");
  revoke.principals = principals();
  revoke.cascade = accept("CASCADE");
  if (accept("AS")) revoke.as = principal();
  return node(std::move(revoke));
}

// ALTER AUTHORIZATION ON [class::]name TO principal | SCHEMA OWNER
NodePointer Parser::alter_authorization() {
  AlterAuthorization alter;
  expect("ON");
  alter.on.kind = securable_class().value_or(ObjectKind::object);
  alter.on.name = object_name();
  expect("TO");
  if (!accept_all({"SCHEMA", "OWNER"})) alter.to = principal();
  return node(std::move(alter));
}

}  // namespace ssb::broker::tsql
