#include "broker/client.h"

#include <utility>

#include "broker/routing/route.h"
#include "proto/error_code.h"

namespace ssb::broker {

std::optional<store::DatabaseId> Client::database(std::string_view name) const {
  const catalog::Catalog* found = std::as_const(*instance_).database(name);
  return found == nullptr ? std::nullopt : std::optional(found->id());
}

std::optional<std::int32_t> Client::queue_of(store::DatabaseId database,
                                             std::string_view service) const {
  const catalog::Catalog* catalog = std::as_const(*instance_).database(database);
  if (catalog == nullptr) return std::nullopt;
  const auto* found = routing::find_service(*catalog, std::string(service));
  return found == nullptr ? std::nullopt : std::optional(found->queue());
}

proto::Result<proto::ConversationHandle> Client::begin_dialog(
    const conversation::BeginDialogRequest& request) {
  return engine_->begin_dialog(*transaction_, {}, request, now_);
}

proto::Result<void> Client::send(store::DatabaseId database, proto::ConversationHandle conversation,
                                 std::string_view message_type, std::optional<proto::Bytes> body) {
  return engine_->send(*transaction_, {}, database, conversation, message_type, std::move(body),
                       now_);
}

proto::Result<std::vector<conversation::QueuedMessage>> Client::receive(
    const conversation::ReceiveRequest& request) {
  auto received = engine_->receive(*transaction_, {}, request, now_);
  if (received) engine_->receive_noticed(request.database, request.queue, received->empty(), now_);
  return received;
}

proto::Result<void> Client::end(store::DatabaseId database, proto::ConversationHandle conversation,
                                const conversation::EndRequest& request) {
  return engine_->end(*transaction_, {}, database, conversation, request, now_);
}

proto::Result<store::ResultSet> Client::execute(store::DatabaseId database, std::string_view sql,
                                                std::vector<store::Value> parameters) {
  if (const auto locked = instance_->lock(*transaction_, database); !locked) return locked.error();
  auto result =
      instance_->store().execute(transaction_->writes, database, sql, std::move(parameters));
  if (!result)
    return proto::Error(proto::ErrorCode::not_supported,
                        "this statement (" + result.error().message + ")");
  return std::move(*result);
}

std::optional<std::uint64_t> Client::acknowledged(store::DatabaseId database,
                                                  proto::ConversationHandle conversation) const {
  return engine_->acknowledged(database, conversation);
}

bool Client::is_empty(store::DatabaseId database, std::int32_t queue) const {
  return engine_->queue_is_empty(database, queue);
}

}  // namespace ssb::broker
