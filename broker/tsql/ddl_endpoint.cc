// CREATE, ALTER and DROP ENDPOINT.
//
//   Source  reference service-broker.md 3.1 (rules and codes), tsql-tds.md 1.5.
#include "broker/keys/key_hierarchy.h"
#include "broker/tsql/ddl_support.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr int kPortMin = 1024;
constexpr int kPortMax = 32767;
constexpr int kForwardSizeDefault = 10;  // MB

std::int32_t state_code(EndpointState state) {
  switch (state) {
    case EndpointState::started: return 0;
    case EndpointState::stopped: return 1;
    case EndpointState::disabled: return 2;
  }
  return 1;
}

const char* payload_name(pb::Endpoint::Kind kind) {
  return kind == pb::Endpoint::SERVICE_BROKER ? "SERVICE_BROKER" : "DATABASE_MIRRORING";
}

// 1 NTLM 2 KERBEROS 3 NEGOTIATE 4 CERTIFICATE 5-7 Windows first 8-10 certificate first.
std::int32_t authentication_code(const EndpointAuthentication& authentication) {
  std::int32_t windows = 0;
  if (authentication.windows) {
    switch (*authentication.windows) {
      case WindowsAuthentication::ntlm: windows = 1; break;
      case WindowsAuthentication::kerberos: windows = 2; break;
      case WindowsAuthentication::negotiate: windows = 3; break;
    }
  }
  if (!authentication.certificate) return windows;
  if (windows == 0) return 4;
  return (authentication.certificate_first ? 7 : 4) + windows;
}

// REQUIRED: 1 RC4 2 AES 5 RC4,AES 6 AES,RC4; SUPPORTED: the same with NONE, 3 4 7 8; DISABLED 0.
std::int32_t encryption_code(const EndpointEncryption& encryption) {
  if (encryption.mode == EndpointEncryptionMode::disabled) return 0;
  const bool required = encryption.mode == EndpointEncryptionMode::required;
  const auto& algorithms = encryption.algorithms;
  if (algorithms.size() < 2) {
    const bool rc4 = !algorithms.empty() && algorithms.front() == EndpointAlgorithm::rc4;
    if (rc4) return required ? 1 : 3;
    return required ? 2 : 4;
  }
  if (algorithms.front() == EndpointAlgorithm::rc4) return required ? 5 : 7;
  return required ? 6 : 8;
}

// The endpoint certificate: in master, its private key under master's master key, valid now. 15151, 28055.
Result<std::int32_t> certificate_id(const StatementContext& context, const std::string& name) {
  const auto* certificate = find<pb::Certificate>(context.instance.master(), name);
  if (certificate == nullptr) return missing(ObjectKind::certificate, name);
  const auto& parsed = keys::parsed(*certificate);
  const bool valid = parsed.not_before() <= context.now && context.now <= parsed.not_after();
  if (certificate->private_key_protection() != "MK" || !valid)
    return Error(ErrorCode::certificate_unfit_for_endpoint, name);
  return certificate->id();
}

Result<void> set_tcp(StatementContext& context, const EndpointTcp& tcp, pb::Endpoint& endpoint) {
  if (tcp.listener_port) {
    if (*tcp.listener_port < kPortMin || *tcp.listener_port > kPortMax) {
      return Error(ErrorCode::wrong_argument_type, "LISTENER_PORT", "a number from 1024 to 32767");
    }
    endpoint.set_port(*tcp.listener_port);
  }
  if (tcp.listener_ip)
    endpoint.set_ip_address(catalog::names_equal(*tcp.listener_ip, "ALL") ? "" : *tcp.listener_ip);
  if (endpoint.port() == 0)
    return Error(ErrorCode::incorrect_syntax, "TCP");  // LISTENER_PORT is a must
  const auto* other =
      context.instance.master().table<pb::Endpoint>().find_if([&](const pb::Endpoint& candidate) {
        return candidate.id() != endpoint.id() && candidate.port() == endpoint.port() &&
               candidate.kind() != pb::Endpoint::TSQL &&
               (candidate.ip_address().empty() || endpoint.ip_address().empty() ||
                candidate.ip_address() == endpoint.ip_address());
      });
  if (other != nullptr)
    return Error(ErrorCode::endpoint_port_taken, other->name(), std::to_string(endpoint.port()));
  return {};
}

// Windows accounts are not simulated: an endpoint that has nothing else is created, and refuses every connection with 28027.
void warn_of_windows(StatementContext& context, const pb::Endpoint& endpoint) {
  if (endpoint.connection_auth() < 1 || endpoint.connection_auth() > 3) return;
  Error note(ErrorCode::not_supported,
             "Windows authentication; every connection of endpoint '" + endpoint.name() +
                 "' fails with 28027 until ALTER ENDPOINT gives it AUTHENTICATION = CERTIFICATE. "
                 "Windows accounts are not simulated");
  note.own_severity = 10;
  context.warnings.push_back(std::move(note));
}

Result<void> set_options(const StatementContext& context, const EndpointOptions& options,
                         pb::Endpoint& endpoint) {
  if (options.authentication) {
    endpoint.set_connection_auth(authentication_code(*options.authentication));
    endpoint.set_certificate_id(0);
    if (options.authentication->certificate) {
      const auto certificate = certificate_id(context, *options.authentication->certificate);
      if (!certificate) return certificate.error();
      endpoint.set_certificate_id(*certificate);
    }
  }
  if (options.encryption) endpoint.set_encryption_algorithm(encryption_code(*options.encryption));
  if (options.message_forwarding)
    endpoint.set_is_message_forwarding_enabled(*options.message_forwarding);
  if (options.message_forward_size_mb)
    endpoint.set_message_forwarding_size(*options.message_forward_size_mb);
  if (options.role) {
    endpoint.set_role(*options.role == EndpointRole::partner   ? 1
                      : *options.role == EndpointRole::witness ? 2
                                                               : 3);
  }
  return {};
}

Result<catalog::Catalog*> prepare(StatementContext& context, const char* statement) {
  if (context.in_user_transaction) return Error(ErrorCode::not_in_transaction, statement);
  return lock_master(context);
}

// The endpoint that ALTER and DROP are for: 15151, also without the right to; 7873 for those of T-SQL.
Result<const pb::Endpoint*> to_change(const StatementContext& context,
                                      const catalog::Catalog& master, const std::string& name,
                                      const char* permission) {
  const auto* found = find<pb::Endpoint>(master, name);
  if (found == nullptr) return missing(ObjectKind::endpoint, name);
  const bool allowed =
      catalog::require_permission(context.instance, context.who, catalog::kMaster,
                                  ObjectClass::endpoint, found->id(), name, permission)
          .has_value() ||
      require_server(context, "ALTER ANY ENDPOINT").has_value();
  if (!allowed) return missing(ObjectKind::endpoint, name);
  if (master.is_built_in(catalog::Kind::endpoint, found->id()))
    return Error(ErrorCode::endpoint_built_in, name);
  return found;
}

void endpoint_changed(StatementContext& context) {
  context.effects.endpoints_changed = true;
  context.effects.catalogs_changed.insert(catalog::kMaster);
}

}  // namespace

Result<void> run(const CreateEndpoint& node, StatementContext& context) {
  const auto master = prepare(context, "CREATE ENDPOINT");
  if (!master) return master.error();
  if (auto allowed = require_server(context, "CREATE ENDPOINT"); !allowed) return allowed.error();
  const auto* same_name = find<pb::Endpoint>(**master, node.name);
  if (same_name != nullptr && (*master)->is_built_in(catalog::Kind::endpoint, same_name->id()))
    return Error(ErrorCode::endpoint_name_reserved, node.name);
  if (same_name != nullptr) return Error(ErrorCode::named_object_exists, "endpoint", node.name);
  if (node.options.payload == EndpointPayload::tsql)
    return unsupported("CREATE ENDPOINT ... FOR TSQL");
  pb::Endpoint endpoint;
  endpoint.set_kind(node.options.payload == EndpointPayload::service_broker
                        ? pb::Endpoint::SERVICE_BROKER
                        : pb::Endpoint::DATABASE_MIRRORING);
  const auto* same = (*master)->table<pb::Endpoint>().find_if(
      [&](const pb::Endpoint& other) { return other.kind() == endpoint.kind(); });
  if (same != nullptr)
    return Error(ErrorCode::endpoint_type_exists, payload_name(endpoint.kind()), same->name());
  endpoint.set_id((*master)->next_id<pb::Endpoint>());
  endpoint.set_name(node.name);
  endpoint.set_owner_login(context.who.login);
  if (node.authorization) {
    const auto* login = find<pb::Login>(**master, *node.authorization);
    if (login == nullptr) return missing(ObjectKind::login, *node.authorization);
    endpoint.set_owner_login(login->id());
  }
  endpoint.set_state(state_code(node.state.value_or(EndpointState::stopped)));
  endpoint.set_connection_auth(3);
  endpoint.set_encryption_algorithm(2);
  endpoint.set_message_forwarding_size(kForwardSizeDefault);
  endpoint.set_create_date_us(now_us(context));
  endpoint.set_modify_date_us(now_us(context));
  if (auto set = set_tcp(context, node.tcp, endpoint); !set) return set.error();
  if (auto set = set_options(context, node.options, endpoint); !set) return set.error();
  (*master)->put(context.transaction, endpoint.id(), endpoint);
  warn_of_windows(context, endpoint);
  endpoint_changed(context);
  return {};
}

Result<void> run(const AlterEndpoint& node, StatementContext& context) {
  const auto master = prepare(context, "ALTER ENDPOINT");
  if (!master) return master.error();
  const auto found = to_change(context, **master, node.name, "ALTER");
  if (!found) return found.error();
  if (!node.state && !node.tcp && !node.options)
    return Error(ErrorCode::endpoint_not_changed, node.name);
  pb::Endpoint endpoint = **found;
  if (node.state) endpoint.set_state(state_code(*node.state));
  if (node.tcp) {
    if (auto set = set_tcp(context, *node.tcp, endpoint); !set) return set.error();
  }
  if (node.options) {
    const auto kind = node.options->payload == EndpointPayload::service_broker
                          ? pb::Endpoint::SERVICE_BROKER
                          : pb::Endpoint::DATABASE_MIRRORING;
    if (kind != endpoint.kind()) return Error(ErrorCode::endpoint_payload_fixed, node.name);
    if (auto set = set_options(context, *node.options, endpoint); !set) return set.error();
    if (node.options->authentication) warn_of_windows(context, endpoint);
  }
  endpoint.set_modify_date_us(now_us(context));
  (*master)->put(context.transaction, endpoint.id(), endpoint);
  endpoint_changed(context);
  return {};
}

Result<void> drop_endpoint(const std::string& name, StatementContext& context) {
  const auto master = prepare(context, "DROP ENDPOINT");
  if (!master) return master.error();
  const auto found = to_change(context, **master, name, "CONTROL");
  if (!found) return found.error();
  const std::int32_t id = (*found)->id();
  (*master)->erase<pb::Endpoint>(context.transaction, id);
  catalog::remove_permissions_on(context.transaction, **master, ObjectClass::endpoint, id);
  endpoint_changed(context);
  return {};
}

}  // namespace ssb::broker::tsql::ddl
