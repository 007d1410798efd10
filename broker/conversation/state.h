// The engine's memory: endpoints, conversation groups, queues, and the work that open transactions have queued. Private to this folder.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/conversation/endpoint.h"
#include "broker/conversation/engine.h"
#include "broker/conversation/message_log.h"
#include "broker/conversation/queue_index.h"
#include "broker/conversation/system_types.h"
#include "broker/dialog/decision.h"
#include "broker/dialog/decision_cache.h"
#include "broker/dialog/header.h"
#include "broker/dialog/security.h"
#include "broker/routing/route.h"
#include "broker/routing/route_cache.h"
#include "proto/envelope.pb.h"
#include "proto/stored.pb.h"

namespace ssb::broker::conversation {

namespace pb = ssb::proto::catalog;

// Retry schedule of an unacknowledged message: 4, 8, 16, 32, then every 64 seconds (reference 1.4).
inline constexpr std::chrono::seconds kFirstRetry{4};
inline constexpr std::chrono::seconds kLastRetry{64};
// A closed target row is kept this long after the initiator saw the first ack and after the closing, or after the lifetime.
inline constexpr std::chrono::minutes kClosedRetention{30};
// A closed initiator stays this long, unseen, to acknowledge again what the target repeats because an ack was lost.
inline constexpr std::chrono::minutes kInitiatorRetention{2};
// What one conversation may have in flight before acks must come. Our own: a quarter of what a link queues at most.
inline constexpr std::size_t kWindowMessages = 256;
inline constexpr std::uint64_t kWindowBytes = 1ULL << 20;
inline constexpr std::uint32_t kWindowFragments = 16;  // of one message
// Largest message body: SQLite's limit of a value, less than the product's 2 GB (README, fidelity).
inline constexpr std::uint64_t kMessageBytesMax = 900'000'000;
// Of what peers send for queues that are off, held in one database: bodies, and 1 KiB a message (held.cc).
inline constexpr std::uint64_t kHeldBytesMax = std::uint64_t{16} * 1024 * 1024;
inline constexpr std::size_t kTombstonesMax = 100'000;
inline constexpr int kPoisonRollbacks =
    5;  // in a row, then the queue is switched off (reference 1.4)
// Retries that `settle` waits for before it takes a silent peer for a refusal: 4, 8 and 16 seconds.
inline constexpr int kSettleAttempts = 3;

// Messages that are received after one another nearly always have their class in common.
struct LastClass {
  std::uint64_t pack = 0;  // 0: none
  std::uint32_t offset = 0;
  proto::stored::MessageClass parsed;
};

// What a queue with RETENTION = ON keeps of a conversation, by queuing order (retained.cc).
struct RetainedMessage {
  QueueEntry entry;
  bool is_sent = false;
};
using RetainedMessages =
    std::map<proto::ConversationHandle, std::map<std::int64_t, RetainedMessage>>;

// What waits for queues that are off, of a conversation by queuing order (held.cc).
using HeldMessages = std::map<proto::ConversationHandle, std::map<std::int64_t, QueueEntry>>;

struct DatabaseState {
  store::DatabaseId id = 0;
  EndpointIndex index;  // of all endpoints, and of their groups
  std::map<proto::ConversationHandle, std::unique_ptr<Endpoint>> awake;
  // The awake ones, by Rest: in order of use.
  std::list<Endpoint*> used;
  std::list<Endpoint*> resting;
  std::list<Endpoint*> busy;
  std::uint64_t next_number = 1;                              // of a row
  std::map<proto::ConversationGroupId, std::uint64_t> locks;  // of groups: the transaction
  std::map<std::int32_t, QueueIndex> queues;
  std::map<std::int32_t, QueueReading> readings;      // of queues
  std::map<std::int32_t, RetainedMessages> retained;  // of queues
  HeldMessages held;
  std::uint64_t held_bytes = 0;          // of them, as kHeldBytesMax counts
  std::unique_ptr<MessageLog> messages;  // what waits, in queues and to be sent
  LastClass read_class;                  // of the message that was received last
  std::int64_t next_order = 1;
  std::map<proto::ConversationId, proto::TimePoint>
      tombstones;             // conversation ids that must not be accepted again until then
  dialog::DatabaseKeys keys;  // caches and nonces of this opening of the database
  // Requests to the Broker Configuration service: open ones, and those not to be asked again until then.
  std::map<ConfigurationRequest, proto::ConversationHandle> asked;
  std::map<ConfigurationRequest, proto::TimePoint> answered;
  std::map<std::int32_t, proto::ConversationHandle> notifying;  // of event notifications
};

// ---- the work of an open transaction, applied at COMMIT ----
struct BeginWork {
  std::unique_ptr<Endpoint> endpoint;
};
struct SendWork {
  proto::ConversationHandle conversation;
  std::string message_type;
  std::optional<proto::Bytes> body;
  bool is_retained = false;  // by the sender's queue
  proto::TimePoint at{};     // of the statement
};
struct EndWork {
  proto::ConversationHandle conversation;
  EndRequest request;
  proto::TimePoint at{};
};
struct ReceiveWork {
  std::int32_t queue;
  proto::ConversationGroupId group;
  std::vector<std::int64_t> orders;
  bool is_retained = false;  // by the queue
};
struct TimerWork {
  proto::ConversationHandle conversation;
  proto::TimePoint at;
};
struct MoveWork {
  proto::ConversationHandle conversation;
  proto::ConversationGroupId group;
};
struct Work {
  store::DatabaseId database = 0;
  std::variant<BeginWork, SendWork, EndWork, ReceiveWork, TimerWork, MoveWork> what;
};

struct PendingWork : catalog::Attachment {
  std::vector<Work> list;
  std::set<std::pair<store::DatabaseId, proto::ConversationGroupId>> locks;
  // States as this transaction sees them, where they differ from the endpoint's.
  std::map<proto::ConversationHandle, EndpointState> states;
  // Endpoints that BEGIN DIALOG made in this transaction.
  std::map<proto::ConversationHandle, const Endpoint*> begun;
};

using Header = proto::envelope::DialogHeader;
using Detail = std::vector<std::pair<std::string, std::string>>;

// A message of a conversation that may be put on a queue: opened, if it was sealed.
struct Incoming {
  const Header& header;
  proto::ByteView body;
  // As it came, for digest_of; null inside one instance.
  const dialog::Arrived* arrived = nullptr;
};

// Why a message of a new conversation, or of a wrong type, is refused: the event here, and the Error for the sender.
struct Refused {
  proto::Error error;   // of event 160
  proto::Error answer;  // sent as -number
};

// What the body of an Error message says; empty where it cannot be read.
struct BodyError {
  std::string code;
  std::string description;
};

// What was handed over for an address and waits for its link, and the conversations that wait to hand over more.
struct LinkQueue {
  std::size_t bytes = 0;
  // By priority, the highest first, where the database honours it; else all as 5. Then in the order of coming.
  std::map<int, std::deque<std::pair<store::DatabaseId, proto::ConversationHandle>>, std::greater<>>
      waiting;
  bool is_giving = false;  // room to those that wait, in their order
};
// Half of what the adjacent layer keeps for a link: the rest is for acknowledgements and what it forwards.
inline constexpr std::size_t kLinkBytesMax = std::size_t{2} * 1024 * 1024;

// How later messages of one side of a conversation are written, and those of its peer read, without doing all of it each time.
struct Lane {
  std::array<std::optional<dialog::LaterHeaderReader>, 2>
      readers;  // of sequenced messages, of acks
  std::optional<dialog::LaterHeaderWriter> writer;
  // What the writer's headers have in common, and may change.
  store::DatabaseId database = 0;
  std::string message_type;
  std::optional<proto::BrokerId> far_broker;
  std::optional<proto::KeyId> session_key_id;
};
// The conversation, and whether this side is its initiator.
using LaneName = std::pair<proto::ConversationId, bool>;
struct LaneHash {
  crypto::IdHash of_id;
  std::size_t operator()(const LaneName& name) const {
    return static_cast<std::size_t>(of_id(name.first.guid, name.second ? 1 : 0));
  }
};
// Of all databases; who sends to more conversations by turns pays as for a first message's header.
inline constexpr std::size_t kLanesMax = 16'384;

// Subclasses of event 136.
inline constexpr int kGroupCreated = 1;
inline constexpr int kGroupDropped = 2;

struct Engine::State {
  State(catalog::Instance& the_instance, EngineOptions the_options)
      : instance(the_instance),
        as_product(the_options.as_product),
        sign_every_dialog(the_options.sign_every_dialog),
        traces_messages(the_options.traces_messages),
        awake_endpoints_max(the_options.awake_endpoints_max) {}

  catalog::Instance& instance;
  const bool as_product;
  const bool sign_every_dialog;
  const bool traces_messages;
  const std::size_t awake_endpoints_max;
  std::map<store::DatabaseId, DatabaseState> databases;
  dialog::OperationCounts counts_of_closed;
  Actions actions;
  const catalog::Transaction* reader = nullptr;  // of Engine::Reader
  std::uint64_t changes = 1;
  bool is_urgent =
      false;  // something since the last flush must be durable before anything else is said
  bool has_gathered = false;  // something waits to be written
  using Owner = std::pair<store::DatabaseId, proto::ConversationHandle>;
  std::vector<Owner> acks_due;
  std::vector<Owner> acks_held;  // due since the actions before: they leave with the next ones
  // Whose messages a transaction has received since the last actions: it may be about to answer.
  std::vector<std::pair<store::DatabaseId, proto::ConversationGroupId>> groups_received;
  std::set<std::pair<store::DatabaseId, std::int32_t>> poisoned;            // queues to switch off
  std::set<std::pair<store::DatabaseId, std::int32_t>> notifications_over;  // to drop
  std::map<std::string, LinkQueue, std::less<>>
      links;  // by address, those with something in their queue
  routing::RouteCache routes;
  dialog::DecisionCache decisions;
  dialog::BoundedMap<LaneName, Lane, LaneHash> lanes{kLanesMax};

  // ---- look-ups (lookup.cc) ----
  DatabaseState* database(store::DatabaseId id);
  // All, sorted; a copy: endpoints come and go in loops over it.
  std::vector<proto::ConversationHandle> handles(store::DatabaseId id);
  // Wakes it. The pointer holds until a flush, `rest_early` or remove_endpoint.
  Endpoint* endpoint(store::DatabaseId database, proto::ConversationHandle handle);
  Endpoint* endpoint(DatabaseState& state, proto::ConversationId conversation, bool is_initiator);
  // The endpoint as the transaction sees it: one that it began, or a stored one that is not closed; 8426 otherwise.
  // `with_closed_rows`: also one whose row still stands in the view, as that of a target does.
  proto::Result<const Endpoint*> visible(const catalog::Transaction& transaction,
                                         store::DatabaseId database,
                                         proto::ConversationHandle handle,
                                         bool with_closed_rows = false);
  EndpointState state_in(const catalog::Transaction& transaction, const Endpoint& endpoint) const;
  // Takes the group's lock for the transaction: 1222 when another one has it.
  proto::Result<void> lock_group(catalog::Transaction& transaction, DatabaseState& database,
                                 proto::ConversationGroupId group);
  const pb::Service* service(store::DatabaseId database, std::int32_t id) const;
  const pb::Queue* queue_of(store::DatabaseId database, std::int32_t service) const;
  std::string database_name(store::DatabaseId id) const;
  static PendingWork& work(catalog::Transaction& transaction);
  static const PendingWork* work_of(const catalog::Transaction& transaction);

  // ---- sleep (rest.cc) ----
  Endpoint* awake(DatabaseState& state, EndpointIndex::Ref ref);  // kNone: nullptr
  // What is in memory or, of one that sleeps, what its row says; nothing changes. The second holds the first where it was read.
  using Seen = std::pair<const Endpoint*, std::unique_ptr<Endpoint>>;
  Seen look_at(DatabaseState& state, EndpointIndex::Ref ref);
  void use(Endpoint& endpoint);  // whatever may change it says so
  // Writes the rows of those that changed, and puts to sleep who may and has not been used for longest, until few are awake.
  void rest(DatabaseState& state);
  // The same, in a loop over many endpoints that keeps no pointer to any.
  void rest_early(DatabaseState& state);
  void put_to_sleep(DatabaseState& state, Endpoint& endpoint);

  // ---- storage (storage.cc) ----
  void load(DatabaseState& database, proto::TimePoint now);
  void load_index(DatabaseState& database);
  // The endpoint as its row says: as after a restart, and with what only sleep keeps when it has slept.
  std::unique_ptr<Endpoint> read_endpoint(DatabaseState& state, EndpointIndex::Ref ref);
  void store_endpoint(const DatabaseState& state, Endpoint& endpoint);
  void touch(Endpoint& endpoint);  // its row is written at the next flush, which must not wait
  // As touch, of what a crash may undo without harm: the flush may wait for others.
  void touch_later(Endpoint& endpoint);
  void schedule(Endpoint& endpoint);  // when it is due
  void add_endpoint(std::unique_ptr<Endpoint> endpoint);
  void remove_endpoint(Endpoint& endpoint, proto::TimePoint now);
  void keep_tombstone(store::DatabaseId id, proto::ConversationId conversation,
                      proto::TimePoint until);
  // Before each flush: messages and endpoints that changed.
  void write_changes();
  void load_message(DatabaseState& database, const StoredMessage& message,
                    const proto::stored::MessageClass& message_class, const MessagePlace& place,
                    proto::TimePoint now);
  void message_moved(DatabaseState& database, const StoredMessage& message,
                     const proto::stored::MessageClass& message_class, const MessagePlace& to);
  // Of a message that waits to be sent; nullopt: NULL. Holds until messages are added or written.
  std::optional<proto::ByteView> pending_body(const Endpoint& endpoint,
                                              const PendingMessage& message) const;

  // ---- session keys at rest (session_keys.cc) ----
  // Seals the endpoint's session keys for its row; fails when one of them is not known in clear, or nothing can be sealed.
  [[nodiscard]] proto::Result<void> keep_keys(Endpoint& endpoint);
  // Opens those that are closed and that this master key opens. Nothing is opened before it is needed.
  void open_keys(Endpoint& endpoint, const proto::Secret& master_key);
  // Whether the session keys, if any, are open; opens them if the broker can open the master key by itself.
  bool can_use_keys(Endpoint& endpoint);
  // Seals the stored keys under `present` that are under one of `known`; false: nothing opens one of them.
  bool reseal_keys(Endpoint& endpoint, const proto::Secret& present,
                   const std::vector<proto::Secret>& known);

  // ---- applying a transaction (commit.cc) ----
  void apply(Work& work, proto::TimePoint now);
  void apply_send(store::DatabaseId database, SendWork& work, proto::TimePoint now);
  void apply_end(store::DatabaseId database, const EndWork& work, proto::TimePoint now);
  void apply_receive(store::DatabaseId database, const ReceiveWork& work);
  void apply_move(store::DatabaseId database, const MoveWork& work, proto::TimePoint now);
  void release(catalog::Transaction& transaction);
  void cleanup(Endpoint& endpoint,
               proto::TimePoint now);  // END CONVERSATION WITH CLEANUP, and NEW_BROKER

  // ---- poison messages (poison.cc) ----
  void count_receives(const PendingWork& work, bool committed);
  // Switches the poisoned queues off; those whose database another transaction is changing wait for its end.
  void switch_off_poisoned(proto::TimePoint now);
  // What others had to wait for that want the catalog.
  void end_transaction(proto::TimePoint now);
  bool switch_off(store::DatabaseId database, std::int32_t queue, proto::TimePoint now);

  // ---- queues (queue.cc) ----
  struct NewMessage {
    std::string type;
    std::uint64_t sequence = 0;
    int rank = 2;
    std::optional<proto::ByteView> body;  // nullopt: NULL
  };
  void enqueue(Endpoint& endpoint, const NewMessage& message, proto::TimePoint now);
  const proto::Bytes& queued_class_of(Endpoint& endpoint, const pb::Service& service,
                                      const NewMessage& message);
  void enqueue_error(Endpoint& endpoint, std::int64_t code, std::string_view description,
                     proto::TimePoint now);
  void drop_queued(const Endpoint& endpoint);
  QueuedMessage read_queued(store::DatabaseId database, proto::ConversationGroupId group,
                            const QueueEntry& entry);

  // ---- a queue that is off (held.cc) ----
  // Whether what comes for its queue is held: the queue is off, or more of the conversation is held.
  [[nodiscard]] bool is_held_back(const Endpoint& endpoint) const;
  [[nodiscard]] bool has_room_to_hold(const Endpoint& endpoint, std::uint64_t body_bytes) const;
  void hold(const Endpoint& endpoint, const QueueEntry& entry, std::string_view message_type,
            proto::TimePoint now);
  static void load_held(DatabaseState& state, const QueueEntry& entry);
  void drop_held(const Endpoint& endpoint);
  // Puts on their queues what is held for those that are on by now.
  void release_held(DatabaseState& state, proto::TimePoint now);
  void put_on_queue(DatabaseState& state, QueueEntry entry, const pb::Queue& queue,
                    proto::TimePoint now);

  // ---- RETENTION = ON (retained.cc) ----
  // A message that leaves its queue by RECEIVE, or that SEND has numbered.
  void retain_received(DatabaseState& state, std::int32_t queue, const QueueEntry& entry);
  void retain_sent(Endpoint& endpoint, const NewMessage& message, proto::TimePoint now);
  void load_retained(DatabaseState& state, const StoredMessage& message,
                     const proto::stored::MessageClass& message_class, const MessagePlace& place);
  // At the conversation's end.
  void drop_retained(const Endpoint& endpoint);
  // Rows of a queue as SELECT sees them, waiting and retained ones, by queuing order.
  std::vector<QueuedMessage> queue_contents(DatabaseState& state, std::int32_t queue);

  // ---- sending (transmit.cc) ----
  void queue_for_sending(Endpoint& endpoint, PendingMessage message, proto::ByteView body);
  // Sends what the window allows, where the routes say. May close and remove the endpoint.
  void pump(Endpoint& endpoint, proto::TimePoint now);
  void pump_remote(Endpoint& endpoint, const routing::Destination& to, proto::TimePoint now);
  bool secure(Endpoint& endpoint, proto::TimePoint now);
  void show_decision(Endpoint& endpoint, const dialog::SecurityDecision& decision,
                     proto::TimePoint now);
  // A session key of its own, kept; on failure the caller forgets it.
  [[nodiscard]] proto::Result<void> make_keys(Endpoint& endpoint, dialog::SecurityType type);
  bool secure_first(Endpoint& endpoint, const dialog::SecurityDecision& decision,
                    proto::TimePoint now);
  bool transmit_fragment(Endpoint& endpoint, const PendingMessage& message, std::uint32_t fragment,
                         proto::TimePoint now);
  // The header that a message of this fragment has, security left out.
  Header header_of(const Endpoint& endpoint, const PendingMessage& message,
                   const dialog::Varying& varying) const;
  [[nodiscard]] dialog::Varying varying_of(const Endpoint& endpoint, const PendingMessage& message,
                                           std::uint32_t fragment, proto::TimePoint now) const;
  const dialog::LaterHeaderWriter& writer_of(const Endpoint& endpoint,
                                             const PendingMessage& message,
                                             const dialog::SessionKey* key);
  [[nodiscard]] proto::Result<proto::DialogMessage> seal_fragment(Endpoint& endpoint,
                                                                  const PendingMessage& message,
                                                                  const dialog::Varying& varying,
                                                                  bool with_header,
                                                                  proto::TimePoint now);
  proto::ByteView body_part(const Endpoint& endpoint, const PendingMessage& message,
                            std::uint32_t fragment) const;
  Header header_of(const Endpoint& endpoint, Header::Kind kind) const;
  void acknowledge(Endpoint& endpoint, std::uint64_t next_sequence, std::uint32_t next_fragment,
                   proto::TimePoint now);
  void send_due_acks(proto::TimePoint now);
  // Hands a message over for an address, and counts it.
  void hand_over(const std::string& address, proto::DialogMessage message);
  // Whether the address' queue takes more; if not, the endpoint waits for its turn.
  bool has_room(Endpoint& endpoint);
  void send_ack(Endpoint& endpoint, proto::TimePoint now);
  void ack_due(Endpoint& endpoint);
  void set_status(Endpoint& endpoint, std::optional<proto::Error> status, proto::TimePoint now);
  void back_off(Endpoint& endpoint, proto::TimePoint now);
  void drop_unsent(Endpoint& endpoint);
  void drop_pending(Endpoint& endpoint);
  // Seals an unsequenced message under `key` (null: no security) and hands it over; the place it goes to is looked up now.
  void send_unsequenced(store::DatabaseId database, const Header& header, proto::ByteView body,
                        const dialog::SessionKey* key, proto::TimePoint now);

  // ---- the Broker Configuration service (configuration.cc) ----
  // Begins its conversation; nullptr: nothing can be drawn, or the database lacks the broker's own objects.
  Endpoint* begin_request(DatabaseState& state, const ConfigurationRequest& request,
                          proto::TimePoint now);
  // Asks, unless it is open already. What the message shows that waits for the answer; nullopt: nothing was asked.
  std::optional<proto::Error> ask(store::DatabaseId database, const ConfigurationRequest& request,
                                  proto::TimePoint now);
  // The same where the match says so: nullopt where it does not.
  std::optional<proto::Error> ask_for_route(store::DatabaseId database,
                                            const routing::Destination& to,
                                            const std::string& service, proto::TimePoint now);
  // The same for an initiator's dialog without a binding, where there is a service to ask.
  std::optional<proto::Error> ask_for_binding(const Endpoint& endpoint,
                                              const dialog::SecurityDecision& decision,
                                              proto::TimePoint now);
  // What it shows if it was told to wait and the request is still open: then the routes are not looked at.
  std::optional<proto::Error> awaited_answer(const Endpoint& endpoint);
  // The answer has come, or an error in its place.
  void finish_request(Endpoint& endpoint, const std::optional<BodyError>& error,
                      proto::TimePoint now);
  // Of any endpoint that closes: if it is an open request, who waits for it goes on. One that was not answered may be asked again.
  void request_over(Endpoint& endpoint, bool is_answered, proto::TimePoint now);
  // A conversation of one of the broker's own services, which the caller completes; nullptr: nothing can be drawn, or the database
  // lacks the broker's own objects.
  Endpoint* begin_own_dialog(DatabaseState& state, std::int32_t service, std::string_view contract);
  void send_own(Endpoint& endpoint, std::string_view type, proto::ByteView body,
                proto::TimePoint now);
  // The broker's own conversation has ended, or could not go on; false: it is none.
  bool own_dialog_over(Endpoint& endpoint, const std::optional<BodyError>& error,
                       proto::TimePoint now);
  // At the opening of a database, of a conversation of the broker's own service: whether it is an open request.
  void find_request(DatabaseState& state, EndpointIndex::Ref ref);

  // ---- event notifications (event_notification.cc) ----
  void queue_event(store::DatabaseId database, const pb::Queue& queue, std::string_view event,
                   proto::TimePoint now);
  void notify(DatabaseState& state, const pb::EventNotification& notification, proto::ByteView body,
              proto::TimePoint now);
  void finish_notification(Endpoint& endpoint, const std::optional<BodyError>& error,
                           proto::TimePoint now);
  // Of those whose conversations have ended, unless another transaction has the catalog: then with its end.
  void drop_notifications(proto::TimePoint now);
  bool drop_notification(store::DatabaseId database, std::int32_t id);
  // Ends the conversations of those that have been dropped.
  void end_dropped_notifications(DatabaseState& state, proto::TimePoint now);
  // At the opening of a database.
  void find_notification(DatabaseState& state, EndpointIndex::Ref ref);

  // ---- inside one instance (local.cc) ----
  void pump_local(Endpoint& endpoint, const routing::Destination& to, proto::TimePoint now);
  // False: the message waits (status) or the conversation failed.
  bool deliver_local(Endpoint& from, const PendingMessage& message, store::DatabaseId to,
                     proto::TimePoint now);
  Endpoint* begin_local(Endpoint& from, const Header& header, store::DatabaseId to,
                        proto::TimePoint now);
  // Session keys for a dialog between two databases.
  [[nodiscard]] proto::Result<void> share_keys(Endpoint& from, Endpoint& target);
  // An Error to the other side, if what the conversation sends stays in this instance; false: it does not.
  bool tell_here(const Endpoint& endpoint, proto::ByteView body, proto::TimePoint now);

  // ---- receiving (arrive.cc: keys and identities; accept.cc: sequence and queues) ----
  void arrived(const proto::DialogMessage& message, std::string_view from_address,
               proto::TimePoint now);
  void parsed(const proto::DialogMessage& message, const Header& header,
              const dialog::HeaderIds* ids, std::string_view from_address, proto::TimePoint now);
  // The next headers like this one are read without parsing all of them.
  void remember_header(const dialog::Arrived& message);
  // What no route of msdb takes.
  void not_taken(const Header& header, const routing::Arrival& arrival,
                 const routing::Destination& to, std::string_view from_address,
                 proto::TimePoint now);
  void forward(const proto::DialogMessage& message, const Header& header,
               const routing::Destination& to, proto::TimePoint now);
  void arrived_first(DatabaseState& database, const dialog::Arrived& message, proto::TimePoint now);
  // Who the parties are and under which keys, as the first message has proved it; fails when its session key cannot be kept.
  [[nodiscard]] proto::Result<void> take_security(Endpoint& endpoint, dialog::OpenedFirst& opened);
  // Who sent a first message, as it has proved it.
  void trace_identity(const Endpoint& endpoint, const char* what, const dialog::OpenedFirst& opened,
                      proto::TimePoint now);
  void begin_target(DatabaseState& database, const dialog::Arrived& message,
                    dialog::OpenedFirst opened, proto::TimePoint now);
  dialog::Refusal refuse_closed_keys(const Endpoint& endpoint) const;
  void arrived_at(Endpoint& endpoint, const dialog::Arrived& message, proto::TimePoint now);
  void accept(Endpoint& endpoint, const Incoming& incoming, proto::TimePoint now);
  void accept_sequenced(Endpoint& endpoint, const Incoming& incoming, proto::TimePoint now);
  bool store_fragment(Endpoint& endpoint, const Incoming& incoming, proto::Bytes& whole);
  void deliver(Endpoint& endpoint, const Incoming& incoming, proto::TimePoint now);
  void accept_broker_error(Endpoint& endpoint, proto::ByteView body, Detail digest,
                           proto::TimePoint now);
  std::optional<Refused> check_contract(const catalog::Catalog& catalog, const pb::Service& service,
                                        const Header& header) const;
  std::optional<Refused> check_type(const catalog::Catalog& catalog, std::int32_t contract,
                                    const Header& header) const;
  static std::optional<Refused> check_body(const catalog::Catalog& catalog, const Header& header,
                                           proto::ByteView body);
  // RandomFailure when it is in use.
  [[nodiscard]] proto::ConversationHandle new_handle(store::DatabaseId id,
                                                     const proto::Guid& drawn) const;
  std::unique_ptr<Endpoint> target_of(const Header& header, store::DatabaseId database,
                                      const pb::Service& service, proto::TimePoint now) const;
  void answer_error(store::DatabaseId database, const Header& header, const dialog::SessionKey* key,
                    const proto::Error& answer, proto::TimePoint now);
  void undeliverable(store::DatabaseId database, const Header& header, const proto::Error& error,
                     Detail detail, proto::TimePoint now);
  void refused(store::DatabaseId database, const dialog::Arrived& message,
               const dialog::Refusal& refusal, proto::TimePoint now);

  // ---- endings (ending.cc) ----
  void fail(Endpoint& endpoint, std::int64_t code, std::string_view description,
            proto::TimePoint now);  // Error into its own queue
  // Into ER by an Error, of this broker or of the peer's. False: the conversation is over without it, as its application has ended it or
  // it is the broker's own.
  bool enter_error(Endpoint& endpoint, const BodyError& error, proto::TimePoint now);
  // An Error of the broker at the peer: this endpoint is errored by it.
  void hear_error(Endpoint& endpoint, proto::ByteView body, proto::TimePoint now);
  void close(Endpoint& endpoint, proto::TimePoint now);
  void bury(const Endpoint& endpoint,
            proto::TimePoint now);  // leaves a tombstone of its conversation id
  void expire_endpoint(Endpoint& endpoint, proto::TimePoint now);

  // To the peer, what an endpoint in ER has for it, if anything.
  void tell_error(Endpoint& endpoint, proto::TimePoint now);
  // An Error that the broker makes itself, to the peer, without changing the endpoint here. Best effort: it is not repeated by itself.
  void tell_peer(Endpoint& endpoint, std::int64_t code, std::string_view description,
                 proto::TimePoint now);

  // ---- views (views.cc) ----
  void register_views(catalog::SystemViews& views);

  // ---- trace ----
  void trace(proto::TraceRecord record) { actions.emplace_back(Trace{std::move(record)}); }
  proto::TraceRecord record(proto::EventClass event, int subclass, std::string subclass_name,
                            const Endpoint& endpoint, proto::TimePoint now) const;
  // Into the error log of the instance, about a database; `conversation` is empty where it is about none.
  void log_error(store::DatabaseId database, std::string conversation, proto::Error error,
                 proto::TimePoint now);
  void trace_conversation(const Endpoint& endpoint, int subclass, const char* name,
                          proto::TimePoint now, Detail more = {});
  // Its first record: BEGIN DIALOG here, or Dialog Created for one that another side has begun.
  void trace_begun(const Endpoint& endpoint, int subclass, const char* name, proto::TimePoint now,
                   Detail more = {});
  // Create where this is the first conversation of its group, Drop where it was the last one.
  void trace_group(const Endpoint& endpoint, int subclass, proto::TimePoint now);
  void trace_ack_sent(const Endpoint& endpoint, const Header& header, proto::TimePoint now);
  // What the records of an accepted message say of it: its digest, where anybody listens.
  Detail digest_detail(const Incoming& incoming) const;
  // A message of the application has been put on its queue.
  void trace_delivered(const Endpoint& endpoint, const std::string& message_type,
                       std::uint64_t sequence, std::size_t body_bytes, proto::TimePoint now);
  void trace_acknowledgement(const Endpoint& endpoint, const Incoming& incoming,
                             proto::TimePoint now);
  void trace_sent(const Endpoint& endpoint, const proto::DialogMessage& sealed, const char* kek,
                  proto::TimePoint now);
};

// Names a sealed message in the records of who sent and who accepted it: XXH3-128 over its header and its sealed body, in hexadecimal
// digits. A name for readers and judges, not a proof: what a message is accepted by is its tag. Empty without security: bodies are not for
// traces, nor what tells whether two are alike.
[[nodiscard]] std::string digest_of(const Header& parsed, proto::ByteView header,
                                    proto::ByteView body);

// The key of a part of a message that is arriving (storage.cc).
[[nodiscard]] proto::Bytes fragment_key(const proto::ConversationHandle& handle,
                                        std::uint32_t fragment);

// A row as the engine's tables hold it (storage.cc).
[[nodiscard]] proto::Bytes serialized(const google::protobuf::MessageLite& row);

// XML as the broker writes it: UTF-16LE with a byte order mark.
[[nodiscard]] proto::Bytes xml_body(std::string_view xml);
[[nodiscard]] std::string escaped_xml(std::string_view text);
// The body of an Error message, and what is in one.
[[nodiscard]] proto::Bytes error_body(std::int64_t code, std::string_view description);
[[nodiscard]] BodyError read_error_body(proto::ByteView body);

}  // namespace ssb::broker::conversation
