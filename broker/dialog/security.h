// Dialog security of single messages: sealing, opening, the service pair security header, and who
// may send.
//
//   How the engine uses it
//     transmit   no security                            clear_message
//                sequence 0 of the initiator; in full
//                security sequence 0 of the target too  seal_first   (again at each retry: it is
//                cheap while the grant lives) everything else                        seal (own
//                outbound key; acks and broker errors answer with the key of the
//                                                                     message that they answer,
//                                                                     reference D20)
//     arrive     header = parse_message(message)                                         (header.h;
//     event 161)
//                no endpoint, BEGIN from the initiator  open_first, then authorize_first (before
//                anything is created) endpoint, is_first_reply(header, keys) open_reply_first (then
//                store its session key as inbound) endpoint, otherwise                    open
//   Shape   body = AES-128-GCM ciphertext | 16 byte tag under the message key; additional data: the
//   exact header bytes; nonce: 4 zero bytes |
//           nonce_counter, big-endian. Keys and labels: keys.h.
//   Errors  Refusal: what happened, in which step of reference service-broker.md 2.7, and whether
//   the sender may hear of it. Source  protocol.md; the argument is proto/PROTOCOL.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "broker/catalog/instance.h"
#include "broker/dialog/decision.h"
#include "broker/dialog/header.h"
#include "broker/dialog/keys.h"
#include "broker/dialog/later_header.h"
#include "proto/dialog_message.h"
#include "proto/envelope.pb.h"
#include "proto/error.h"
#include "proto/trace.h"

namespace ssb::broker::dialog {

// ---- refusals ----

// Subclasses of event 158, Audit Broker Conversation.
inline constexpr int kAuditNone = 0;
inline constexpr int kAuditNoSecurityHeader = 1;
inline constexpr int kAuditNoCertificate = 2;
inline constexpr int kAuditInvalidSignature = 3;
inline constexpr int kAuditRunAsTargetFailure = 4;

// A message that is dropped. Before step 8 there is no answer of any kind: no ack, no error; the
// sender's status stays empty.
struct Refusal {
  int step = 0;  // of reference service-broker.md 2.7: 3 look-up, 4 dates, 5 private key, 6
                 // signature, 7 decryption, 8-10 authorization
  proto::EventClass event = proto::EventClass::message_undeliverable;  // or corrupted_message
  proto::Error error;               // of that event: 11229, 11230, 11215, ...
  int audit_subclass = kAuditNone;  // of event 158; kAuditNone: no such event
  std::string audit_text;           // its TextData
  std::optional<proto::Error> log;  // for the error log: 28054, 9733, ...
  bool may_answer = false;          // steps 3-7 have passed
  std::optional<proto::Error>
      answer;  // the Error message to send back, under the session key of the message (-8494)
  // Which question failed and what was looked for, for the trace: ("looked_for", "issuer CN=My
  // Service serial 2f 11 ..."), ...
  std::vector<std::pair<std::string, std::string>> detail;
};
template <typename T = void>
using Checked = boost::system::result<T, Refusal>;
// boost::system::result asks this when value() is called on a refusal: a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Refusal& refusal,
                                             const boost::source_location& where);

// The broker cannot open the master key of `database` by itself, so neither its private keys nor its session keys: 11229, and 28054 in
// the error log with error code 25 (there is no master key) or 32 (there is one, not under the service master key).
[[nodiscard]] Refusal refuse_without_master_key(const catalog::Instance& instance,
                                                store::DatabaseId database, int step,
                                                std::string audit_text);

// ---- sealing ----

// A message of a dialog without security, its body as it is.
[[nodiscard]] proto::DialogMessage clear_message(const envelope::DialogHeader& header,
                                                 proto::ByteView body);

// Seals under `key`. `header` has everything but `security`. Every call takes a new nonce, so a
// retransmission is sealed again. 9652 when the incarnation has no nonce left (close and open the
// database).
[[nodiscard]] proto::Result<proto::DialogMessage> seal(envelope::DialogHeader header,
                                                       proto::ByteView body, const SessionKey& key,
                                                       DatabaseKeys& keys);

// As `seal`, of a later message whose header is written by `writer`: made of a header with the security of `key` and of the
// incarnation of `keys`. `key` null: without security. Header and body of `message` become those of the new one, in the memory that
// they have; who sends many gives it one that was sent.
[[nodiscard]] proto::Result<void> seal_later(const LaterHeaderWriter& writer,
                                             const Varying& varying,
                                             proto::ConversationId conversation,
                                             bool from_initiator, proto::ByteView body,
                                             const SessionKey* key, DatabaseKeys& keys,
                                             proto::DialogMessage& message);
// Sets what makes a header one of `key` and of the incarnation of `keys`: all of its security but the nonce.
void set_security(envelope::DialogHeader& header, const SessionKey& key,
                  const Incarnation& incarnation);

struct FirstMessage {
  Parties parties;           // of decide_security or decide_reply
  proto::TimePoint created;  // when the conversation was made, by this side's clock
  // The initiator's session key: set exactly in the target's first message (full security).
  const SessionKey* initiators_key = nullptr;
};
// As `seal`, with the service pair security header: makes or reuses the grant, wraps `key` under
// its KEK. All fragments of message 0. 9731 a certificate of the decision is gone; 28024, 28025 not
// valid any more; 9733, 9737, 15581 its private key does not open; 9734, 9735 its key is too small.
// These become transmission_status, and a later retry heals by itself.
[[nodiscard]] proto::Result<proto::DialogMessage> seal_first(
    const catalog::Instance& instance, store::DatabaseId database, envelope::DialogHeader header,
    proto::ByteView body, const FirstMessage& first, const SessionKey& key, DatabaseKeys& keys,
    proto::TimePoint now);
// The service pair security header alone, as seal_first makes it; the header's `security` has
// version and session key id by then.
[[nodiscard]] proto::Result<envelope::SecurityHeader> make_security_header(
    const catalog::Instance& instance, store::DatabaseId database,
    const envelope::DialogHeader& header, const FirstMessage& first, const SessionKey& key,
    DatabaseKeys& keys, proto::TimePoint now);

// ---- opening ----

// A message as it arrived: header_bytes parsed once into header, by parse_message.
struct Arrived {
  const envelope::DialogHeader& header;
  proto::ByteView header_bytes;
  proto::ByteView body;
  std::string_view peer;           // address of the adjacent peer
  const HeaderIds* ids = nullptr;  // of the header, where they are at hand
};

// A first message whose sender and key are known now; who may do what has not been asked yet.
struct OpenedFirst {
  SecurityType type = SecurityType::none;
  std::int32_t source_user = catalog::kPublic;    // who the sender is here: the owner of the source
                                                  // certificate, public without one
  std::optional<std::int32_t> destination_owner;  // of the certificate that the key was encrypted
                                                  // for; none without security
  CertificateRef source;                          // set in full security
  CertificateRef destination;                     // set in full and anonymous security
  std::optional<SessionKey> session_key;  // to store as inbound; in anonymous security outbound too
  proto::TimePoint
      created{};  // of the conversation, by the sender's clock; authenticated in full security
  proto::TimePoint
      grant_not_after{};  // a tombstone of the conversation id lives until this and kClockSkewMax
  bool was_kek_cached = false;
  proto::Bytes body;
  std::vector<std::pair<std::string, std::string>>
      detail;  // ("identity", "MyService_user (id 5)"), ("kek", "cached"), ...
};

// At the target, for BEGIN from the initiator without an endpoint: steps 3-7. Changes nothing but
// caches.
[[nodiscard]] Checked<OpenedFirst> open_first(const catalog::Instance& instance,
                                              store::DatabaseId database, const Arrived& message,
                                              DatabaseKeys& keys, proto::TimePoint now);

// A message is put on the queue as the owner of its service. Fails with 28005, which has 15517 inside, where nobody is that owner.
[[nodiscard]] proto::Result<void> check_enqueue(const catalog::Instance& instance,
                                                store::DatabaseId database,
                                                const catalog::pb::Service& service);

// Steps 8-10, at the target: the sender's user needs CONNECT to the database (11211; not asked of
// public, which is no user) and SEND on the service (11215, answered with -8494); the owner of the
// destination certificate needs CONTROL on the service (28056); the service's owner needs RECEIVE
// on its queue (8401).
[[nodiscard]] Checked<> authorize_first(const catalog::Instance& instance,
                                        store::DatabaseId database,
                                        const catalog::pb::Service& service,
                                        const OpenedFirst& opened);

// The keys of one side of a conversation.
struct EndpointKeys {
  SecurityType type = SecurityType::none;
  bool is_initiator = false;
  const SessionKey* outbound =
      nullptr;  // none, or the target's before it has replied in full security: null
  const SessionKey* inbound = nullptr;  // full security at the initiator: null before the reply.
                                        // Anonymous: same key as outbound, or null
};
// Whether the message is the target's first in full security and its session key is not known yet:
// open_reply_first then.
[[nodiscard]] bool is_first_reply(const envelope::DialogHeader& header, const EndpointKeys& keys);

// At the initiator, in full security. As open_first without authorization, and stricter than the
// product: the source certificate must belong to `parties.remote_user`, the binding's user, and the
// header must be confirmed under the initiator's own session key.
[[nodiscard]] Checked<OpenedFirst> open_reply_first(const catalog::Instance& instance,
                                                    store::DatabaseId database,
                                                    const Arrived& message, const Parties& parties,
                                                    const SessionKey& initiators_key,
                                                    DatabaseKeys& keys, proto::TimePoint now);

struct Opened {
  // Of a sealed message in keys.plaintext, until the next one is opened; of a clear one in the message itself.
  proto::ByteView body;
  const SessionKey* key =
      nullptr;  // the one of `keys` that it was sealed with: answer with it. Null without security
};
// Any message of a conversation whose keys are known, retransmitted first messages too. 11231 the
// message is secured and the endpoint is not; 11232 the reverse; 11233 another session key id;
// 11221 the endpoint's own direction (reflected), or a security header where none belongs; 11230
// the tag does not fit (event 161).
[[nodiscard]] Checked<Opened> open(const Arrived& message, const EndpointKeys& endpoint,
                                   DatabaseKeys& keys);

}  // namespace ssb::broker::dialog

// security.h: complete
