// A program inside the host's process: what a client does through a connection, without T-SQL text. Load generators and tests use it.
//
//   Each work is one transaction of the node: all of it is committed together, and `ClientDone` follows when it is durable.
//   Units   a work holds the node up while it runs, so it is short: some hundred messages.
//   Errors  those of the statements (engine.h); a work that returns an Error is rolled back and gets it in its ClientDone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "broker/conversation/engine.h"

namespace ssb::broker {

using ClientId = std::uint64_t;

// The statements of one work; valid only while that work runs.
class Client {
 public:
  Client(catalog::Instance& instance, conversation::Engine& engine,
         catalog::Transaction& transaction, proto::TimePoint now)
      : instance_(&instance), engine_(&engine), transaction_(&transaction), now_(now) {}

  [[nodiscard]] proto::TimePoint now() const { return now_; }
  // nullopt: there is none of that name.
  [[nodiscard]] std::optional<store::DatabaseId> database(std::string_view name) const;
  // Of the queue that a service has; nullopt: the database or the service is not there.
  [[nodiscard]] std::optional<std::int32_t> queue_of(store::DatabaseId database,
                                                     std::string_view service) const;

  [[nodiscard]] proto::Result<proto::ConversationHandle> begin_dialog(
      const conversation::BeginDialogRequest& request);
  [[nodiscard]] proto::Result<void> send(store::DatabaseId database,
                                         proto::ConversationHandle conversation,
                                         std::string_view message_type,
                                         std::optional<proto::Bytes> body);
  [[nodiscard]] proto::Result<std::vector<conversation::QueuedMessage>> receive(
      const conversation::ReceiveRequest& request);
  [[nodiscard]] proto::Result<void> end(store::DatabaseId database,
                                        proto::ConversationHandle conversation,
                                        const conversation::EndRequest& request = {});
  // One statement on the tables of the database, in the transaction of this work: what is written is durable with what is sent and
  // received, or not at all. SQL of the store (store.h), not T-SQL: a table is "schema.name". 1222 when another transaction is changing
  // the database.
  [[nodiscard]] proto::Result<store::ResultSet> execute(store::DatabaseId database,
                                                        std::string_view sql,
                                                        std::vector<store::Value> parameters);
  // Messages with a lower sequence number are at the far side, durably; nullopt: the conversation is gone.
  [[nodiscard]] std::optional<std::uint64_t> acknowledged(
      store::DatabaseId database, proto::ConversationHandle conversation) const;
  [[nodiscard]] bool is_empty(store::DatabaseId database, std::int32_t queue) const;

 private:
  catalog::Instance* instance_;
  conversation::Engine* engine_;
  catalog::Transaction* transaction_;
  proto::TimePoint now_;
};

enum class ClientStep {
  done,
  wait  // nothing happened: ask again when something has changed, as WAITFOR does
};

struct ClientWork {
  ClientId id = 0;  // chosen by the host
  std::function<proto::Result<ClientStep>(Client&)> work;
};
// The work was committed and is durable, or its error; nothing of it happened then.
struct ClientDone {
  ClientId id = 0;
  proto::Result<void> result;
};

}  // namespace ssb::broker
