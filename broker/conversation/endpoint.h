// One side of a conversation: a row of sys.conversation_endpoints, and where its messages stand.
//
//   Shape   send side: [acknowledged, send_sequence) wait in the transmission queue; of these, all before `next_to_send` are in flight.
//           receive side: everything before (receive_sequence, receive_fragment) has been stored.
//   Source  reference service-broker.md 1.2-1.4.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "broker/conversation/configuration.h"
#include "broker/conversation/endpoint_index.h"
#include "broker/conversation/message_log.h"
#include "broker/dialog/security.h"
#include "broker/store/store.h"
#include "proto/error.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace ssb::broker::conversation {

enum class EndpointState {
  started_outbound,
  started_inbound,
  conversing,
  disconnected_inbound,
  disconnected_outbound,
  error,
  closed
};
// "SO", "SI", "CO", "DI", "DO", "ER", "CD".
[[nodiscard]] const char* state_code(EndpointState state);
// "STARTED_OUTBOUND", ...
[[nodiscard]] const char* state_description(EndpointState state);
[[nodiscard]] std::optional<EndpointState> parse_state(std::string_view code);

// A message in the transmission queue; its body is in the message log.
struct PendingMessage {
  std::uint64_t sequence = 0;
  std::string message_type;
  bool is_end_dialog = false;
  bool is_error = false;
  bool has_body = false;
  std::uint64_t length = 0;  // plaintext bytes
  proto::TimePoint enqueued{};
  MessagePlace place{};

  [[nodiscard]] std::uint32_t fragment_count() const;
};

// What messages of an endpoint have in common as the message log keeps it, written once for all that are alike.
struct WrittenClass {
  std::uint64_t catalog_version = 0;  // 0: none
  proto::ConversationGroupId group;
  std::string message_type;
  bool has_body = false;
  int rank = 0;
  proto::Bytes bytes;
};

// Where an endpoint that is awake stands (rest.cc): `used` since the last flush, `resting` when it could sleep, `busy` when it could not.
enum class Rest : std::uint8_t { used, resting, busy };

struct Endpoint {
  // Identity.
  store::DatabaseId database = 0;
  proto::ConversationHandle handle;
  proto::ConversationId conversation;
  bool is_initiator = false;
  proto::ConversationGroupId group;
  std::int32_t service = 0;
  std::string own_service;
  std::int32_t contract = 0;
  std::string contract_name;
  std::string far_service;
  std::optional<proto::BrokerId> far_broker;
  proto::TimePoint created{};
  proto::TimePoint expires = proto::kNever;
  int priority = 5;
  EndpointState state = EndpointState::started_outbound;
  // In ER, and in CD after it: the code that the peer hears to whatever it sends, as it may hold the conversation for alive. 0: the peer
  // has ended it itself.
  std::int32_t error_for_peer = 0;
  std::unique_ptr<ConfigurationRequest> asks;  // of a conversation that the broker itself began
  std::int32_t notifies = 0;                   // the event notification whose messages it carries
  bool awaits_answer = false;                  // of one: nothing is routed before (9770)

  // Security. What a first message needs is decided once, and kept; at the target in full security for its reply.
  bool encryption = true;
  bool is_secured =
      false;  // whether `parties.type` and, with security, a session key have been settled
  dialog::Parties parties;
  std::int32_t principal = 0;      // owner of the local certificate
  std::int32_t far_principal = 0;  // who the other side is here
  std::optional<dialog::SessionKey> outbound;
  std::optional<dialog::SessionKey> inbound;
  proto::Bytes outbound_sealed;  // the keys as stored, under the database master key
  proto::Bytes inbound_sealed;
  bool reply_seen =
      false;  // initiator: a message of the target was accepted, so its identity is confirmed (claim D17)
  proto::TimePoint grant_not_after{};
  std::string
      decision_shown;  // of the last security_decision record, so that retries do not repeat it

  // Sending.
  std::uint64_t send_sequence = 0;
  std::uint64_t acknowledged = 0;
  std::uint32_t acknowledged_fragment = 0;  // of message `acknowledged`
  std::deque<PendingMessage> pending;       // the first has sequence `acknowledged`
  std::uint64_t next_to_send = 0;
  std::uint32_t next_fragment = 0;
  std::uint64_t sent_highest = 0;  // all below were handed to the transport at least once
  bool first_acknowledged = false;
  std::int64_t end_sequence = -1;
  int attempts = 0;  // since the last progress
  proto::TimePoint retry_at = proto::kNever;
  std::optional<proto::Error> status;  // transmission_status; nullopt: blank
  bool status_is_of_link = false;  // it holds until the connection is there, or another one follows
  std::string address;             // where the messages in flight went; empty: this instance
  bool is_row_of_this_run = true;  // false: read after a restart, and not written since
  bool in_flight = false;
  bool waits_for_room = false;  // in LinkQueue::waiting

  // Receiving.
  std::uint64_t receive_sequence = 0;
  std::uint32_t receive_fragment = 0;
  std::uint64_t receive_length = 0;  // bytes that the first part of a message announced
  bool ack_due = false;
  bool ack_with_inbound = true;  // under the key of the message that it answers (claim D20)

  std::unique_ptr<WrittenClass> sent_class;    // of the last message sent
  std::unique_ptr<WrittenClass> queued_class;  // of the last one put on the queue

  // Clocks.
  proto::TimePoint timer_at = proto::kNever;
  proto::TimePoint security_timestamp{};  // 1900-01-01 in the view while not set
  bool saw_first_ack = false;
  proto::TimePoint scheduled = proto::kNever;  // when the index says that it is due

  // In memory.
  EndpointIndex::Ref ref = EndpointIndex::kNone;  // kNone: not in the index yet
  bool is_dirty = false;                          // its row is to be written at the next flush
  store::RecordValue stored_head;  // as it was written last; nullptr: not since it woke
  Rest rest = Rest::used;
  std::list<Endpoint*>::iterator rest_at{};  // its place in that list

  [[nodiscard]] bool is_active() const;  // neither closed nor in error
  [[nodiscard]] dialog::EndpointKeys keys() const;
};

}  // namespace ssb::broker::conversation
