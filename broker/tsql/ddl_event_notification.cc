// CREATE and DROP EVENT NOTIFICATION on queues.
//
//   Errors  2714, 15151, 9718 and 8413 of CREATE, 3701 of DROP; 49998 for ON SERVER, ON DATABASE and every event but the two of queues.
//   Source  reference tsql-tds.md 1.2. That the target need not exist yet is our reading of it.
#include "broker/conversation/event_notification.h"
#include "broker/tsql/ddl_support.h"

namespace ssb::broker::tsql::ddl {
namespace {

// The id of the broker where the target service is, as it travels.
Result<std::string> target_broker(const StatementContext& context, const std::string& instance) {
  if (catalog::names_equal(instance, "current database"))
    return context.instance.info(context.database).broker_id();
  const auto guid = proto::Guid::parse(instance);
  if (!guid) return Error(ErrorCode::bad_broker_instance, instance);
  return proto::to_string(proto::BrokerId{*guid}.view());
}

const char* scope_name(ObjectKind scope) {
  return scope == ObjectKind::server ? "ON SERVER" : "ON DATABASE";
}

Result<void> add_events(const CreateEventNotification& node, const pb::Queue& queue,
                        pb::EventNotification& notification) {
  for (const std::string& event : node.events) {
    if (event != conversation::kQueueActivationEvent && event != conversation::kQueueDisabledEvent)
      return unsupported("CREATE EVENT NOTIFICATION ... FOR " + event);
    if (event == conversation::kQueueActivationEvent && queue.is_activation_enabled())
      return Error(ErrorCode::queue_has_activation, queue.name());
    notification.add_events(event);
  }
  return {};
}

}  // namespace

Result<void> run(const CreateEventNotification& node, StatementContext& context) {
  if (node.scope != ObjectKind::queue)
    return unsupported(std::string("CREATE EVENT NOTIFICATION ... ") + scope_name(node.scope));
  const pb::Queue* queue = find_queue(context, node.queue);
  if (queue == nullptr) return missing(ObjectKind::queue, to_text(node.queue));
  if (auto allowed = require_alter(context, ObjectKind::queue, ObjectClass::object, queue->id(),
                                   to_text(node.queue));
      !allowed)
    return allowed.error();
  const auto is_taken = [&](const pb::EventNotification& other) {
    return other.queue() == queue->id() && catalog::names_equal(other.name(), node.name);
  };
  if (current(context).table<pb::EventNotification>().find_if(is_taken) != nullptr)
    return Error(ErrorCode::object_exists, node.name);
  if (auto valid = check_service_name(node.to_service); !valid) return valid.error();
  const auto broker = target_broker(context, node.broker_instance);
  if (!broker) return broker.error();
  const auto owner = current_user(context);
  if (!owner) return owner.error();
  pb::EventNotification notification;
  if (auto added = add_events(node, *queue, notification); !added) return added.error();
  notification.set_id(current(context).next_id<pb::EventNotification>());
  notification.set_name(node.name);
  notification.set_queue(queue->id());
  notification.set_fan_in(node.fan_in);
  notification.set_service_name(node.to_service);
  notification.set_broker_id(*broker);
  notification.set_owner(*owner);
  const auto* creator =
      std::as_const(context.instance).master().table<pb::Login>().find(context.who.login);
  if (creator != nullptr) notification.set_creator_sid(creator->sid());
  notification.set_create_date_us(now_us(context));
  notification.set_modify_date_us(now_us(context));
  current(context).put(context.transaction, notification.id(), notification);
  changed(context);
  return {};
}

Result<void> drop_event_notification(const Drop& node, const std::string& name,
                                     StatementContext& context) {
  if (node.on_kind != ObjectKind::queue) {
    return unsupported(std::string("DROP EVENT NOTIFICATION ... ") +
                       scope_name(node.on_kind.value_or(ObjectKind::database)));
  }
  const pb::Queue* queue = find_queue(context, node.on);
  const auto is_named = [&](const pb::EventNotification& one) {
    return one.queue() == queue->id() && catalog::names_equal(one.name(), name);
  };
  const auto* found = queue == nullptr
                          ? nullptr
                          : current(context).table<pb::EventNotification>().find_if(is_named);
  const bool allowed =
      found != nullptr &&
      require_alter(context, ObjectKind::queue, ObjectClass::object, queue->id(), to_text(node.on));
  if (!allowed) return Error(ErrorCode::cannot_drop_missing, "the event notification", name);
  current(context).erase<pb::EventNotification>(context.transaction, found->id());
  changed(context);
  return {};
}

void erase_event_notifications(StatementContext& context, std::int32_t queue) {
  std::vector<std::int32_t> on_it;
  for (const auto& [id, one] : current(context).table<pb::EventNotification>()) {
    if (one.queue() == queue) on_it.push_back(id);
  }
  for (const std::int32_t id : on_it)
    current(context).erase<pb::EventNotification>(context.transaction, id);
}

const pb::EventNotification* find_event_notification(const StatementContext& context,
                                                     std::int32_t queue, std::string_view event) {
  return current(context).table<pb::EventNotification>().find_if(
      [&](const pb::EventNotification& one) {
        const auto& events = one.events();
        return one.queue() == queue &&
               std::find(events.begin(), events.end(), event) != events.end();
      });
}

}  // namespace ssb::broker::tsql::ddl
