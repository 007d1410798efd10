// The initiator's side of the Broker Configuration service: who asks, who waits for the answer, and what becomes of both.
#include "broker/conversation/configuration.h"

#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

using Kind = ConfigurationRequest::Kind;

constexpr std::string_view kNotice =
    "http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice";

std::string root_name(Kind kind) {
  return kind == Kind::route ? "MissingRoute" : "MissingRemoteServiceBinding";
}

std::string kind_text(Kind kind) {
  return kind == Kind::route ? "route" : "remote service binding";
}

proto::Bytes request_body(const ConfigurationRequest& request) {
  const std::string root = root_name(request.kind);
  return xml_body("<" + root + " xmlns=\"" + std::string(kNotice) + "/" + root +
                  "\"><SERVICE_NAME>" + escaped_xml(request.service) + "</SERVICE_NAME></" + root +
                  ">");
}

proto::Error awaiting(const ConfigurationRequest& request, proto::ConversationHandle handle) {
  return proto::Error(proto::ErrorCode::awaiting_broker_configuration, kind_text(request.kind),
                      request.service, handle.text());
}

}  // namespace

Endpoint* Engine::State::begin_own_dialog(DatabaseState& state, std::int32_t service,
                                          std::string_view contract_name) {
  const catalog::Catalog& catalog = *std::as_const(instance).database(state.id);
  const pb::Service* own = catalog.table<pb::Service>().find(service);
  const pb::Contract* contract = catalog.table<pb::Contract>().find(contract_name);
  const auto drawn = crypto::guarded([&]() -> proto::Result<std::array<proto::Guid, 3>> {
    const auto guids = crypto::random_guids<3>();
    static_cast<void>(new_handle(state.id, guids[1]));
    if (state.index.find(proto::ConversationId{guids[2]}, true) != EndpointIndex::kNone)
      throw crypto::RandomFailure("the random source gives an id that it gave before");
    return guids;
  });
  if (own == nullptr || contract == nullptr || !drawn) return nullptr;
  auto made = std::make_unique<Endpoint>();
  made->database = state.id;
  made->group = proto::ConversationGroupId{(*drawn)[0]};
  made->handle = proto::ConversationHandle{(*drawn)[1]};
  made->conversation = proto::ConversationId{(*drawn)[2]};
  made->is_initiator = true;
  made->service = own->id();
  made->own_service = own->name();
  made->contract = contract->id();
  made->contract_name = contract->name();
  made->encryption = false;
  Endpoint& endpoint = *made;
  add_endpoint(std::move(made));
  return &endpoint;
}

void Engine::State::send_own(Endpoint& endpoint, std::string_view type, proto::ByteView body,
                             proto::TimePoint now) {
  PendingMessage message;
  message.message_type = type;
  message.has_body = true;
  message.length = body.size();
  message.enqueued = now;
  endpoint.state = EndpointState::conversing;
  queue_for_sending(endpoint, std::move(message), body);
  schedule(endpoint);
  pump(endpoint, now);
}

bool Engine::State::own_dialog_over(Endpoint& endpoint, const std::optional<BodyError>& error,
                                    proto::TimePoint now) {
  if (endpoint.asks)
    finish_request(endpoint, error, now);
  else if (endpoint.notifies != 0)
    finish_notification(endpoint, error, now);
  else
    return false;
  return true;
}

Endpoint* Engine::State::begin_request(DatabaseState& state, const ConfigurationRequest& request,
                                       proto::TimePoint now) {
  Endpoint* endpoint = begin_own_dialog(state, kBrokersOwnService, kNotice);
  if (endpoint == nullptr) return nullptr;
  endpoint->far_service = routing::kBrokerConfigurationService;
  endpoint->created = now;
  endpoint->asks = std::make_unique<ConfigurationRequest>(request);
  trace_begun(*endpoint, 11, "BEGIN DIALOG", now,
              {{"asks_for", kind_text(request.kind)}, {"asks_about", request.service}});
  return endpoint;
}

std::optional<proto::Error> Engine::State::ask(store::DatabaseId id,
                                               const ConfigurationRequest& request,
                                               proto::TimePoint now) {
  DatabaseState& state = *database(id);
  if (!state.asked.contains(request)) {
    const auto answered = state.answered.find(request);
    if (answered != state.answered.end() && answered->second > now) return std::nullopt;
    if (state.asked.size() >= kConfigurationRequestsMax) return std::nullopt;
    Endpoint* asking = begin_request(state, request, now);
    if (asking == nullptr) return std::nullopt;
    state.asked.emplace(request, asking->handle);
    send_own(*asking, std::string(kNotice) + "/" + root_name(request.kind), request_body(request),
             now);
  }
  const auto open = state.asked.find(request);  // what cannot even be sent may be over already
  if (open == state.asked.end()) return std::nullopt;
  return awaiting(request, open->second);
}

std::optional<proto::Error> Engine::State::ask_for_route(store::DatabaseId id,
                                                         const routing::Destination& to,
                                                         const std::string& service,
                                                         proto::TimePoint now) {
  if (to.kind != routing::Destination::Kind::delayed || to.step != routing::kAskingStep)
    return std::nullopt;
  return ask(id, {Kind::route, service}, now);
}

std::optional<proto::Error> Engine::State::awaited_answer(const Endpoint& endpoint) {
  if (!endpoint.awaits_answer) return std::nullopt;
  const DatabaseState& state = *database(endpoint.database);
  for (const Kind kind : {Kind::route, Kind::binding}) {
    const auto open = state.asked.find({kind, endpoint.far_service});
    if (open != state.asked.end()) return awaiting(open->first, open->second);
  }
  return std::nullopt;
}

std::optional<proto::Error> Engine::State::ask_for_binding(const Endpoint& endpoint,
                                                           const dialog::SecurityDecision& decision,
                                                           proto::TimePoint now) {
  if (!endpoint.is_initiator || endpoint.asks || !decision.binding.empty()) return std::nullopt;
  const catalog::Catalog& catalog = *std::as_const(instance).database(endpoint.database);
  if (!routing::has_configuration_route(catalog, now)) return std::nullopt;
  return ask(endpoint.database, {Kind::binding, endpoint.far_service}, now);
}

void Engine::State::finish_request(Endpoint& endpoint, const std::optional<BodyError>& error,
                                   proto::TimePoint now) {
  if (error) {
    auto log = record(proto::EventClass::error_log, 0, "", endpoint, now);
    log.error = proto::Error(proto::ErrorCode::broker_configuration_failed,
                             kind_text(endpoint.asks->kind), endpoint.asks->service,
                             endpoint.handle.text(), error->code, error->description);
    log.text = log.error->text();
    trace(std::move(log));
  }
  close(endpoint, now);
}

void Engine::State::request_over(Endpoint& endpoint, bool is_answered, proto::TimePoint now) {
  if (!endpoint.asks) return;
  DatabaseState& state = *database(endpoint.database);
  const auto open = state.asked.find(*endpoint.asks);
  if (open == state.asked.end() || open->second != endpoint.handle) return;
  state.asked.erase(open);
  std::erase_if(state.answered, [now](const auto& answer) { return answer.second <= now; });
  // So long the closed row stays, too: a restart knows it from there.
  if (is_answered) endpoint.security_timestamp = now + kAskedAgainAfter;
  if (is_answered && state.answered.size() < kConfigurationRequestsMax)
    state.answered.insert_or_assign(*endpoint.asks, now + kAskedAgainAfter);
  for (auto& [handle, waiting] : state.awake) {
    const bool waits = !waiting->pending.empty() && waiting->awaits_answer &&
                       waiting->far_service == endpoint.asks->service;
    if (!waits) continue;
    waiting->attempts = 0;
    waiting->retry_at = now;
    schedule(*waiting);
  }
}

void Engine::State::find_request(DatabaseState& state, EndpointIndex::Ref ref) {
  const auto seen = look_at(state, ref);
  const Endpoint& endpoint = *seen.first;
  if (!endpoint.asks) return;
  if (endpoint.state == EndpointState::closed)
    state.answered[*endpoint.asks] = endpoint.security_timestamp;
  else
    state.asked.emplace(*endpoint.asks, endpoint.handle);
}

}  // namespace ssb::broker::conversation
