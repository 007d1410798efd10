// ROUTE, REMOTE SERVICE BINDING, BROKER PRIORITY: where messages go, whom they are for, how soon.
//
//   Source  reference tsql-tds.md 1.2; routes: service-broker.md 1.7.
#include <utility>

#include "broker/routing/route.h"
#include "broker/tsql/ddl_support.h"
#include "proto/bytes.h"
#include "proto/error_code.h"

namespace ssb::broker::tsql::ddl {
namespace {

constexpr std::int64_t kRouteLifetimeSecondsMax = 2147483647;
constexpr std::size_t kNameCharactersMax = 256;  // of what travels, and of an address
constexpr int kPriorityMax = 10;

std::size_t characters(std::string_view text) {
  return proto::to_utf16le(text).size() / 2;
}

bool equals_word(std::string_view text, std::string_view word) {
  return catalog::names_equal(text, word);
}

Result<void> check_address(const std::string& address) {
  if (equals_word(address, "LOCAL") || equals_word(address, "TRANSPORT") ||
      routing::parse_address(address))
    return {};
  return Error(ErrorCode::bad_route_address, address);
}

// The rules of a whole route, after an ALTER too.
Result<void> check_route(const pb::Route& route) {
  if (route.address().empty()) return Error(ErrorCode::route_clause_empty, "ADDRESS", route.name());
  if (auto valid = check_address(route.address()); !valid) return valid.error();
  if (equals_word(route.address(), "TRANSPORT") && !route.service_name().empty()) {
    return Error(ErrorCode::transport_route_with_service);
  }
  if (!route.broker_instance().empty() && route.service_name().empty())
    return Error(ErrorCode::broker_instance_needs_service);
  if (route.mirror_address().empty()) return {};
  if (route.service_name().empty() || route.broker_instance().empty())
    return Error(ErrorCode::mirror_address_needs_service);
  for (const std::string& address : {route.address(), route.mirror_address()}) {
    if (!routing::parse_address(address)) return Error(ErrorCode::bad_mirror_address, address);
  }
  if (equals_word(route.mirror_address(), route.address()))
    return Error(ErrorCode::mirror_address_same);
  return {};
}

// A clause that is there has a text: 9659. What is not there matches everything.
Result<void> check_given(const RouteOptions& options, const std::string& route) {
  using Clause = std::pair<const char*, const std::optional<std::string>*>;
  for (const auto& [clause, text] :
       {Clause{"SERVICE_NAME", &options.service_name},
        Clause{"BROKER_INSTANCE", &options.broker_instance}, Clause{"ADDRESS", &options.address},
        Clause{"MIRROR_ADDRESS", &options.mirror_address}}) {
    if (!text->has_value()) continue;
    if ((*text)->empty()) return Error(ErrorCode::route_clause_empty, clause, route);
    if (characters(**text) > kNameCharactersMax) {
      return Error(ErrorCode::route_clause_too_long, clause, route,
                   std::to_string(kNameCharactersMax));
    }
  }
  return {};
}

Result<void> set_options(const StatementContext& context, const RouteOptions& options,
                         pb::Route& route) {
  if (auto given = check_given(options, route.name()); !given) return given.error();
  if (options.service_name) route.set_service_name(*options.service_name);
  if (options.broker_instance) {
    const auto guid = proto::Guid::parse(*options.broker_instance);
    if (!guid) return Error(ErrorCode::bad_broker_instance, *options.broker_instance);
    route.set_broker_instance(guid->text());
  }
  if (options.lifetime_s) {
    if (*options.lifetime_s < 1 || *options.lifetime_s > kRouteLifetimeSecondsMax)
      return Error(ErrorCode::bad_route_lifetime, route.name());
    const auto expiry = context.now + std::chrono::seconds(*options.lifetime_s);
    route.set_lifetime_us(proto::to_unix_us(expiry));
  }
  if (options.address) route.set_address(*options.address);
  if (options.mirror_address) route.set_mirror_address(*options.mirror_address);
  return check_route(route);
}

// The user of a remote service binding; 15151, and 28083 for one that owns no certificates.
Result<std::int32_t> binding_user(StatementContext& context, const std::string& name) {
  const auto* user = find<pb::Principal>(current(context), name);
  if (user == nullptr) return missing(ObjectKind::user, name);
  const bool can_own = user->type() == "S" || user->type() == "U";
  if (!can_own) return Error(ErrorCode::principal_cannot_own_certificate, name);
  return user->id();
}

Result<void> set_options(StatementContext& context, const BrokerPriorityOptions& options,
                         pb::BrokerPriority& priority) {
  if (options.contract_name) {
    const auto* contract = options.contract_name->any
                               ? nullptr
                               : find<pb::Contract>(current(context), options.contract_name->name);
    if (contract == nullptr && !options.contract_name->any)
      return missing(ObjectKind::contract, options.contract_name->name);
    priority.set_contract(contract == nullptr ? 0 : contract->id());
  }
  if (options.local_service_name) {
    const auto& wanted = *options.local_service_name;
    const auto* service = wanted.any ? nullptr : find<pb::Service>(current(context), wanted.name);
    if (service == nullptr && !wanted.any) return missing(ObjectKind::service, wanted.name);
    priority.set_local_service(service == nullptr ? 0 : service->id());
  }
  if (options.remote_service_name) {
    const NameOrAny& wanted = *options.remote_service_name;
    if (!wanted.any && (wanted.name.empty() || characters(wanted.name) > kNameCharactersMax)) {
      return Error(ErrorCode::priority_name_length, "REMOTE_SERVICE_NAME", priority.name(),
                   std::to_string(kNameCharactersMax));
    }
    priority.set_remote_service_name(wanted.name);
  }
  if (options.priority_level) {
    if (*options.priority_level < 1 || *options.priority_level > kPriorityMax)
      return Error(ErrorCode::priority_level_out_of_range, "PRIORITY_LEVEL", priority.name());
    priority.set_priority(*options.priority_level);
  }
  return {};
}

// 33303 when another priority has the name, or is for the same contract and services: none of the two would be the best fit.
Result<void> must_be_unique(const StatementContext& context, const pb::BrokerPriority& priority) {
  const auto* other = current(context).table<pb::BrokerPriority>().find_if(
      [&priority](const pb::BrokerPriority& known) {
        if (known.id() == priority.id()) return false;
        return catalog::names_equal(known.name(), priority.name()) ||
               (known.contract() == priority.contract() &&
                known.local_service() == priority.local_service() &&
                known.remote_service_name() == priority.remote_service_name());
      });
  if (other == nullptr) return {};
  const auto* contract = current(context).table<pb::Contract>().find(priority.contract());
  const auto* service = current(context).table<pb::Service>().find(priority.local_service());
  const std::string& remote = priority.remote_service_name();
  const std::string any = "ANY";
  return Error(ErrorCode::priority_exists, other->name(), "CONTRACT_NAME",
               contract == nullptr ? any : contract->name(), "LOCAL_SERVICE_NAME",
               service == nullptr ? any : service->name(), "REMOTE_SERVICE_NAME",
               remote.empty() ? any : remote);
}

}  // namespace

Result<void> check_service_name(std::string_view name) {
  const std::size_t length = characters(name);
  if (length == 0 || length > kNameCharactersMax)
    return Error(ErrorCode::bad_service_name, std::to_string(length));
  return {};
}

// ---- routes and bindings ----

Result<void> run(const CreateRoute& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE ROUTE"); !allowed) return allowed.error();
  if (auto fresh = must_be_new<pb::Route>(context, node.name); !fresh) return fresh.error();
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  pb::Route route;
  route.set_id(current(context).next_id<pb::Route>());
  route.set_name(node.name);
  route.set_owner(*owner);
  if (auto set = set_options(context, node.options, route); !set) return set.error();
  current(context).put(context.transaction, route.id(), route);
  changed(context);
  return {};
}

Result<void> run(const AlterRoute& node, StatementContext& context) {
  const auto* found = find<pb::Route>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::route, node.name);
  if (auto allowed =
          require_alter(context, ObjectKind::route, ObjectClass::route, found->id(), node.name);
      !allowed)
    return allowed.error();
  pb::Route route = *found;
  if (auto set = set_options(context, node.options, route); !set) return set.error();
  current(context).put(context.transaction, route.id(), route);
  changed(context);
  return {};
}

Result<void> run(const CreateRemoteServiceBinding& node, StatementContext& context) {
  if (auto allowed = require(context, "CREATE REMOTE SERVICE BINDING"); !allowed)
    return allowed.error();
  if (auto fresh = must_be_new<pb::RemoteServiceBinding>(context, node.name); !fresh)
    return fresh.error();
  if (auto valid = check_service_name(node.to_service); !valid) return valid.error();
  const auto* same = current(context).table<pb::RemoteServiceBinding>().find_if(
      [&](const pb::RemoteServiceBinding& binding) {
        return binding.remote_service_name() == node.to_service;
      });
  if (same != nullptr) return Error(ErrorCode::binding_exists, node.to_service, same->name());
  if (!node.user) return Error(ErrorCode::incorrect_syntax, node.name);  // WITH USER is a must
  const auto owner = owner_of(context, node.authorization);
  if (!owner) return owner.error();
  const auto user = binding_user(context, *node.user);
  if (!user) return user.error();
  pb::RemoteServiceBinding binding;
  binding.set_id(current(context).next_id<pb::RemoteServiceBinding>());
  binding.set_name(node.name);
  binding.set_owner(*owner);
  binding.set_remote_service_name(node.to_service);
  binding.set_remote_principal(*user);
  binding.set_is_anonymous(node.anonymous.value_or(false));
  current(context).put(context.transaction, binding.id(), binding);
  changed(context);
  return {};
}

Result<void> run(const AlterRemoteServiceBinding& node, StatementContext& context) {
  const auto* found = find<pb::RemoteServiceBinding>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::remote_service_binding, node.name);
  if (auto allowed = require_alter(context, ObjectKind::remote_service_binding,
                                   ObjectClass::remote_service_binding, found->id(), node.name);
      !allowed)
    return allowed.error();
  pb::RemoteServiceBinding binding = *found;
  if (node.user) {
    const auto user = binding_user(context, *node.user);
    if (!user) return user.error();
    binding.set_remote_principal(*user);
  }
  if (node.anonymous) binding.set_is_anonymous(*node.anonymous);
  current(context).put(context.transaction, binding.id(), binding);
  changed(context);
  return {};
}

// ---- priorities ----

Result<void> run(const CreateBrokerPriority& node, StatementContext& context) {
  if (auto allowed = require(context, "ALTER"); !allowed) return allowed.error();
  pb::BrokerPriority priority;
  priority.set_id(current(context).next_id<pb::BrokerPriority>());
  priority.set_name(node.name);
  priority.set_priority(5);
  if (auto set = set_options(context, node.options, priority); !set) return set.error();
  if (auto unique = must_be_unique(context, priority); !unique) return unique.error();
  current(context).put(context.transaction, priority.id(), priority);
  changed(context);
  return {};
}

Result<void> run(const AlterBrokerPriority& node, StatementContext& context) {
  if (auto allowed = require(context, "ALTER"); !allowed) return allowed.error();
  const auto* found = find<pb::BrokerPriority>(current(context), node.name);
  if (found == nullptr) return missing(ObjectKind::broker_priority, node.name);
  pb::BrokerPriority priority = *found;
  if (auto set = set_options(context, node.options, priority); !set) return set.error();
  if (auto unique = must_be_unique(context, priority); !unique) return unique.error();
  current(context).put(context.transaction, priority.id(), priority);
  changed(context);
  return {};
}

Result<void> drop_priority(StatementContext& context, const std::string& name) {
  if (auto allowed = require(context, "ALTER"); !allowed) return allowed.error();
  const auto* priority = find<pb::BrokerPriority>(current(context), name);
  if (priority == nullptr) return missing(ObjectKind::broker_priority, name);
  current(context).erase<pb::BrokerPriority>(context.transaction, priority->id());
  changed(context);
  return {};
}

}  // namespace ssb::broker::tsql::ddl
