// Conversations of one instance: statements and arriving messages in, stored effects, transmissions and trace records out.
//
//   State   endpoints in use, and an index of all endpoints, groups and messages, are in memory; bodies and rows are in the database's
//           file, and endpoints that nobody has used for long only there. Statements of a
//           T-SQL transaction are kept as a list in the transaction (Transaction::dialogs) and applied at its COMMIT; RECEIVE and every
//           statement on a conversation lock its conversation group until then.
//   Errors  the numbers of reference service-broker.md 4.2, raised as documented there; 1222 when the group is locked by another
//           transaction: the session waits for the next end of a transaction and runs the statement again.
//   Source  reference service-broker.md 1; protocol.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/action.h"
#include "broker/catalog/instance.h"
#include "broker/catalog/views.h"
#include "broker/dialog/operation_counts.h"
#include "proto/dialog_message.h"
#include "proto/ids.h"
#include "proto/secret.h"
#include "proto/time.h"

namespace ssb::broker::conversation {

struct BeginDialogRequest {
  store::DatabaseId database = 0;
  std::string from_service;
  std::string to_service;
  std::optional<std::string> broker_instance;  // GUID text or 'CURRENT DATABASE'
  std::string contract = "DEFAULT";
  std::optional<proto::ConversationHandle> related_conversation;
  std::optional<proto::ConversationGroupId> related_group;
  std::int64_t lifetime_s = 2147483647;
  bool encryption = true;
};

// A row of a queue, with the columns of RECEIVE.
struct QueuedMessage {
  int status = 1;
  int priority = 5;
  std::int64_t queuing_order = 0;
  proto::ConversationGroupId conversation_group_id;
  proto::ConversationHandle conversation_handle;
  std::int64_t message_sequence_number = 0;
  std::string service_name;
  std::int32_t service_id = 0;
  std::string service_contract_name;
  std::int32_t service_contract_id = 0;
  std::string message_type_name;
  std::int32_t message_type_id = 0;
  std::string validation = "N ";
  std::optional<proto::Bytes> message_body;  // nullopt: NULL
  proto::TimePoint enqueue_time{};
};

struct ReceiveRequest {
  store::DatabaseId database = 0;
  std::int32_t queue = 0;
  std::optional<proto::ConversationHandle> conversation;
  std::optional<proto::ConversationGroupId> group;
  std::int64_t top = INT64_MAX;
};

// What readers have done with a queue since its database was opened.
struct QueueReading {
  // RECEIVE and GET CONVERSATION GROUP that have answered, or wait for the first message.
  std::uint64_t receives = 0;
  bool last_was_empty = false;  // the last of them found nothing
  proto::TimePoint empty_at{};  // of the last that found nothing
  std::uint64_t taken = 0;      // messages received by transactions that committed
};

struct EndRequest {
  std::optional<std::int64_t> error_code;  // WITH ERROR
  std::string error_description;
  bool cleanup = false;
};

// Some 2 KiB each.
inline constexpr std::size_t kAwakeEndpointsMax = 16'384;

struct EngineOptions {
  bool as_product =
      false;  // no tombstones: replays after WITH CLEANUP are accepted, as in the product (A03)
  bool sign_every_dialog = false;  // a signature a dialog instead of one for hours
  // Records of messages on their way: Broker:Conversation, acknowledgements, what was sent and delivered, what was decided for a dialog.
  // Refusals and failures are always told.
  bool traces_messages = true;
  // Endpoints of a database that stay in memory although nothing of them is under way; the others sleep in their rows.
  std::size_t awake_endpoints_max = kAwakeEndpointsMax;
};

// How full something is whose bound is a named constant.
struct Fill {
  std::string_view what;  // "grants", "links", ...
  std::uint64_t is = 0;
  std::uint64_t at_most = 0;
};

class Engine {
 public:
  struct State;  // state.h, for this folder only
  Engine(catalog::Instance& instance, catalog::SystemViews& views, EngineOptions options = {});
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  // Opens what a database stores (at start, after CREATE DATABASE) or forgets it (before DROP DATABASE).
  void open_database(store::DatabaseId database, proto::TimePoint now);
  void close_database(store::DatabaseId database);

  // ---- statements ----
  [[nodiscard]] proto::Result<proto::ConversationHandle> begin_dialog(
      catalog::Transaction& transaction, const catalog::SecurityContext& who,
      const BeginDialogRequest& request, proto::TimePoint now);
  [[nodiscard]] proto::Result<void> send(catalog::Transaction& transaction,
                                         const catalog::SecurityContext& who,
                                         store::DatabaseId database,
                                         proto::ConversationHandle conversation,
                                         std::string_view message_type,
                                         std::optional<proto::Bytes> body, proto::TimePoint now);
  // Messages of one conversation group, locked to the transaction; empty when there are none (WAITFOR waits for changes()).
  [[nodiscard]] proto::Result<std::vector<QueuedMessage>> receive(
      catalog::Transaction& transaction, const catalog::SecurityContext& who,
      const ReceiveRequest& request, proto::TimePoint now);
  // Locks the next group with messages; nullopt when there is none.
  [[nodiscard]] proto::Result<std::optional<proto::ConversationGroupId>> get_conversation_group(
      catalog::Transaction& transaction, const catalog::SecurityContext& who,
      store::DatabaseId database, std::int32_t queue, proto::TimePoint now);
  [[nodiscard]] proto::Result<void> end(catalog::Transaction& transaction,
                                        const catalog::SecurityContext& who,
                                        store::DatabaseId database,
                                        proto::ConversationHandle conversation,
                                        const EndRequest& request, proto::TimePoint now);
  [[nodiscard]] proto::Result<void> set_timer(catalog::Transaction& transaction,
                                              const catalog::SecurityContext& who,
                                              store::DatabaseId database,
                                              proto::ConversationHandle conversation,
                                              std::int64_t seconds, proto::TimePoint now);
  [[nodiscard]] proto::Result<void> move(catalog::Transaction& transaction,
                                         const catalog::SecurityContext& who,
                                         store::DatabaseId database,
                                         proto::ConversationHandle conversation,
                                         proto::ConversationGroupId group, proto::TimePoint now);
  // GET_TRANSMISSION_STATUS: '' when there is no problem; nullopt when the handle is unknown.
  [[nodiscard]] std::optional<std::string> transmission_status(
      store::DatabaseId database, proto::ConversationHandle conversation) const;

  // The sequence number up to which the far side has acknowledged what was sent, without it; nullopt when the handle is unknown.
  [[nodiscard]] std::optional<std::uint64_t> acknowledged(
      store::DatabaseId database, proto::ConversationHandle conversation) const;

  // A RECEIVE or GET CONVERSATION GROUP has answered, or waits for a message: queue monitors count no other. One that fails, also by
  // what its list does with the messages, is not told.
  void receive_noticed(store::DatabaseId database, std::int32_t queue, bool is_empty,
                       proto::TimePoint now);
  [[nodiscard]] QueueReading reading(store::DatabaseId database, std::int32_t queue) const;
  // Whether a RECEIVE of a new transaction would find a message: one of a conversation group that nobody has locked.
  [[nodiscard]] bool has_free_messages(store::DatabaseId database, std::int32_t queue) const;

  // ---- ends of transactions: the only ones a session calls ----
  [[nodiscard]] proto::Result<void> commit(catalog::Transaction&& transaction,
                                           proto::TimePoint now);
  void roll_back(catalog::Transaction&& transaction, proto::TimePoint now);
  struct Savepoint {
    catalog::Instance::Savepoint instance;
    std::size_t operations = 0;
  };
  [[nodiscard]] Savepoint savepoint(const catalog::Transaction& transaction) const;
  void roll_back_to(catalog::Transaction& transaction, const Savepoint& savepoint);

  // While it lives, the views and GET_TRANSMISSION_STATUS show what this transaction has pending, as its own session sees it. They nest.
  class Reader {
   public:
    Reader(Engine& engine, const catalog::Transaction* transaction);  // nullptr: nothing is pending
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();

   private:
    Engine& engine_;
    const catalog::Transaction* before_;
  };

  // ---- DDL that reaches into conversations ----
  enum class BrokerOption { enable_broker, disable_broker, new_broker, error_broker_conversations };
  [[nodiscard]] proto::Result<void> set_broker(catalog::Transaction& transaction,
                                               store::DatabaseId database, BrokerOption option,
                                               proto::TimePoint now);
  // Call after any DDL of services, queues, contracts, routes, bindings, certificates, permissions or keys has been committed or
  // undone: caches are dropped, what waits for them is tried again at once. `dropped_service` errors its conversations (8470).
  void catalog_changed(store::DatabaseId database, proto::TimePoint now);
  void service_dropped(store::DatabaseId database, std::int32_t service, proto::TimePoint now);
  // An event of a queue: its event notifications that are for it send a message each.
  void queue_event(store::DatabaseId database, std::int32_t queue, std::string_view event,
                   proto::TimePoint now);
  [[nodiscard]] bool queue_is_empty(store::DatabaseId database, std::int32_t queue) const;
  // Call after any change of a master key or of what opens it has been committed or undone; `known` are the master keys that the
  // statements had opened, old and new. Session keys are sealed again under the present key; conversations whose keys none of them
  // opens are errored (-28052). While the broker cannot open the master key by itself, it forgets the session keys that it had opened.
  void master_key_changed(store::DatabaseId database, const std::vector<proto::Secret>& known,
                          proto::TimePoint now);

  // ---- network ----
  void message_arrived(const proto::DialogMessage& message, std::string_view from_address,
                       proto::TimePoint now);
  // The link to an address failed: waiting messages show the error, and are tried again by the retry schedule.
  void link_failed(std::string_view address, const proto::Error& error, proto::TimePoint now);
  void link_ready(std::string_view address, proto::TimePoint now);
  // Of what was handed over for this address so much has left the link's queue: conversations that wait for room go on, by turns.
  void link_room(std::string_view address, std::size_t bytes, proto::TimePoint now);

  // ---- time and output ----
  void expire(proto::TimePoint now);  // retries, timers, lifetimes, retention that are due
  [[nodiscard]] proto::TimePoint deadline() const;
  // The next deadline that `settle` waits for: everything but retries of what was already refused, lifetimes and retention.
  [[nodiscard]] proto::TimePoint settle_deadline() const;
  // Ends a batch of events: appends what must be done once the store has been flushed. The rows that changed are written by that flush.
  void take_actions(Actions& out, proto::TimePoint now);
  // Whether the actions taken, and what the callers say, need what was changed to be durable.
  [[nodiscard]] bool needs_flush() const;
  // Whether something has changed that is not in the store yet, needed or not.
  [[nodiscard]] bool has_gathered() const;
  // Grows with every change that a waiting RECEIVE could be waiting for.
  [[nodiscard]] std::uint64_t changes() const;
  // Of everything that peers and time could let grow; what there is several of, the fullest.
  [[nodiscard]] std::vector<Fill> fills() const;
  // What the dialogs of all databases have cost since the start, those of closed ones too.
  [[nodiscard]] dialog::OperationCounts operation_counts() const;
  // How many endpoints of a database are in memory: for tests.
  [[nodiscard]] std::size_t awake_endpoints(store::DatabaseId database) const;
  // Under which key the store has a conversation, awake or asleep: for those who look from outside.
  [[nodiscard]] std::optional<proto::Bytes> record_key(
      store::DatabaseId database, proto::ConversationHandle conversation) const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace ssb::broker::conversation
