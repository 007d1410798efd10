// Sends the messages of event notifications, and ends both sides of them.
#include "broker/conversation/event_notification.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "broker/conversation/state.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

constexpr std::string_view kPostEventNotification =
    "http://schemas.microsoft.com/SQL/Notifications/PostEventNotification";
constexpr std::string_view kEventNotificationType =
    "http://schemas.microsoft.com/SQL/Notifications/EventNotification";
constexpr const char* kBackgroundSpid = "30";  // in the product that of a system's session

std::string element(std::string_view name, std::string_view value) {
  const std::string tag(name);
  return "<" + tag + ">" + escaped_xml(value) + "</" + tag + ">";
}

proto::Bytes event_body(const catalog::Instance& instance, store::DatabaseId database,
                        const pb::Queue& queue, std::string_view event, proto::TimePoint now) {
  const auto* schema = instance.database(database)->table<pb::Schema>().find(queue.schema_id());
  std::string time = proto::to_datetime_text(now);
  std::replace(time.begin(), time.end(), ' ', 'T');
  return xml_body("<EVENT_INSTANCE>" + element("EventType", event) + element("PostTime", time) +
                  element("SPID", kBackgroundSpid) + element("ServerName", instance.name()) +
                  element("LoginName", "sa") + element("UserName", "dbo") +
                  element("DatabaseName", instance.info(database).name()) +
                  element("SchemaName", schema == nullptr ? "" : schema->name()) +
                  element("ObjectName", queue.name()) + element("ObjectType", "QUEUE") +
                  "</EVENT_INSTANCE>");
}

bool is_for(const pb::EventNotification& notification, std::int32_t queue, std::string_view event) {
  const auto& events = notification.events();
  return notification.queue() == queue &&
         std::find(events.begin(), events.end(), event) != events.end();
}

}  // namespace

void Engine::queue_event(store::DatabaseId id, std::int32_t queue_id, std::string_view event,
                         proto::TimePoint now) {
  const catalog::Catalog* catalog = std::as_const(state_->instance).database(id);
  const pb::Queue* queue =
      catalog == nullptr ? nullptr : catalog->table<pb::Queue>().find(queue_id);
  if (queue != nullptr) state_->queue_event(id, *queue, event, now);
}

void Engine::State::queue_event(store::DatabaseId id, const pb::Queue& queue,
                                std::string_view event, proto::TimePoint now) {
  DatabaseState* state = database(id);
  if (state == nullptr) return;
  // Copied: a conversation that fails at once takes its notification with it.
  std::vector<pb::EventNotification> told;
  std::set<std::tuple<std::string, std::string, std::string>> fanned_in;
  const catalog::Catalog& catalog = *std::as_const(instance).database(id);
  for (const auto& [number, one] : catalog.table<pb::EventNotification>()) {
    if (!is_for(one, queue.id(), event)) continue;
    const bool is_new =
        fanned_in.emplace(one.service_name(), one.broker_id(), one.creator_sid()).second;
    if (is_new || !one.fan_in()) told.push_back(one);
  }
  if (told.empty()) return;
  const proto::Bytes body = event_body(instance, id, queue, event, now);
  for (const pb::EventNotification& one : told) notify(*state, one, body, now);
}

void Engine::State::notify(DatabaseState& state, const pb::EventNotification& notification,
                           proto::ByteView body, proto::TimePoint now) {
  const auto known = state.notifying.find(notification.id());
  Endpoint* endpoint =
      known == state.notifying.end() ? nullptr : this->endpoint(state.id, known->second);
  if (endpoint == nullptr) {
    endpoint = begin_own_dialog(state, kEventNotificationService, kPostEventNotification);
    if (endpoint == nullptr) return;
    endpoint->created = now;
    endpoint->far_service = notification.service_name();
    endpoint->far_broker = proto::BrokerId::from_bytes(proto::as_bytes(notification.broker_id()));
    endpoint->notifies = notification.id();
    state.notifying[notification.id()] = endpoint->handle;
    trace_begun(*endpoint, 11, "BEGIN DIALOG", now, {{"event_notification", notification.name()}});
  }
  send_own(*endpoint, kEventNotificationType, body, now);
  ++changes;
}

void Engine::State::finish_notification(Endpoint& endpoint, const std::optional<BodyError>& error,
                                        proto::TimePoint now) {
  using proto::ErrorCode;
  const std::int32_t id = endpoint.notifies;
  const pb::EventNotification* own =
      std::as_const(instance).database(endpoint.database)->table<pb::EventNotification>().find(id);
  const std::string name = own == nullptr ? std::string() : own->name();
  auto log = record(proto::EventClass::error_log, 0, "", endpoint, now);
  log.error = error
                  ? proto::Error(ErrorCode::event_notification_failed, endpoint.handle.text(), name,
                                 error->code, error->description)
                  : proto::Error(ErrorCode::event_notification_ended, endpoint.handle.text(), name);
  log.text = log.error->text();
  trace(std::move(log));
  notifications_over.emplace(endpoint.database, id);
  close(endpoint, now);
  drop_notifications(now);
}

void Engine::State::drop_notifications(proto::TimePoint now) {
  std::erase_if(notifications_over, [&](const auto& one) {
    const catalog::Catalog* catalog = std::as_const(instance).database(one.first);
    const pb::EventNotification* own =
        catalog == nullptr ? nullptr : catalog->table<pb::EventNotification>().find(one.second);
    const std::string name = own == nullptr ? std::string() : own->name();
    if (own != nullptr && !drop_notification(one.first, one.second)) return false;
    if (DatabaseState* state = database(one.first)) state->notifying.erase(one.second);
    if (own == nullptr) return true;  // by its owner, meanwhile
    log_error(
        one.first, "",
        proto::Error(proto::ErrorCode::event_notification_dropped, name, database_name(one.first)),
        now);
    return true;
  });
}

bool Engine::State::drop_notification(store::DatabaseId id, std::int32_t notification) {
  catalog::Transaction transaction = instance.begin();
  if (!instance.lock(transaction, id)) {
    instance.roll_back(std::move(transaction));
    return false;
  }
  instance.database(id)->erase<pb::EventNotification>(transaction, notification);
  return static_cast<bool>(instance.commit(std::move(transaction)));
}

void Engine::State::end_dropped_notifications(DatabaseState& state, proto::TimePoint now) {
  if (state.notifying.empty() || instance.is_locked(state.id)) return;
  const auto& table = std::as_const(instance).database(state.id)->table<pb::EventNotification>();
  std::vector<proto::ConversationHandle> over;
  for (const auto& [id, handle] : state.notifying) {
    if (table.find(id) == nullptr) over.push_back(handle);
  }
  std::erase_if(state.notifying,
                [&table](const auto& one) { return table.find(one.first) == nullptr; });
  for (const auto handle : over) {
    if (Endpoint* endpoint = this->endpoint(state.id, handle)) endpoint->notifies = 0;
    apply_end(state.id, {handle, {}}, now);
  }
}

void Engine::State::find_notification(DatabaseState& state, EndpointIndex::Ref ref) {
  const auto seen = look_at(state, ref);
  const Endpoint& endpoint = *seen.first;
  if (endpoint.notifies == 0) return;
  if (endpoint.state == EndpointState::closed)
    notifications_over.emplace(state.id, endpoint.notifies);
  else if (endpoint.state != EndpointState::disconnected_outbound)
    state.notifying.emplace(endpoint.notifies, endpoint.handle);
}

}  // namespace ssb::broker::conversation
