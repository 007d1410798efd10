#include "transport/wire/connection.h"

#include <algorithm>

#include "broker/crypto/failure.h"
#include "broker/crypto/random.h"
#include "proto/check.h"
#include "proto/error_code.h"

namespace ssb::wire {
namespace {

using proto::Error;
using proto::ErrorCode;
using proto::adjacent::AdjacentHeader;
using proto::adjacent::Arbitration;
using proto::adjacent::Close;

// Subclasses of Broker:Connection.
enum : int {
  kConnecting = 1,
  kConnected,
  kConnectFailed,
  kClosing,
  kClosed,
  kAccept,
  kSendError,
  kReceiveError
};

const char* connection_subclass_name(int subclass) {
  constexpr const char* kNames[] = {
      "",       "Connecting", "Connected",     "Connect Failed",  "Closing",
      "Closed", "Accept",     "Send IO Error", "Receive IO Error"};
  return kNames[subclass];
}

const char* audit_name(LoginAudit audit) {
  switch (audit) {
    case LoginAudit::success: return "Login Success";
    case LoginAudit::protocol_error: return "Login Protocol Error";
    case LoginAudit::message_format_error: return "Message Format Error";
    case LoginAudit::negotiate_failure: return "Negotiate Failure";
    case LoginAudit::authentication_failure: return "Authentication Failure";
    case LoginAudit::authorization_failure: return "Authorization Failure";
  }
  return "";
}

proto::TraceRecord record_of(proto::EventClass event, int subclass, const char* subclass_name,
                             proto::TimePoint now) {
  proto::TraceRecord record;
  record.at = now;
  record.event = event;
  record.subclass = subclass;
  record.subclass_name = subclass_name;
  return record;
}

}  // namespace

const char* kind_text(EndpointKind kind) {
  return kind == EndpointKind::service_broker ? "Service Broker" : "Database Mirroring";
}

const char* login_state_name(int state) {
  constexpr const char* kNames[] = {"INITIAL",          "WAIT LOGIN NEGOTIATE",
                                    "ONE ISC",          "ONE ASC",
                                    "TWO ISC",          "TWO ASC",
                                    "WAIT ISC Confirm", "WAIT ASC Confirm",
                                    "WAIT REJECT",      "WAIT PRE-MASTER SECRET",
                                    "WAIT VALIDATION",  "WAIT ARBITRATION",
                                    "ONLINE",           "ERROR"};
  return kNames[state];
}

Connection::Connection(ConnectionSettings settings, const Authority& authority,
                       proto::TimePoint now)
    : settings_(std::move(settings)),
      login_(settings_.role, settings_.offer, authority, settings_.is_disabled, now),
      phase_deadline_(now + kConnectTime) {
  statistics_.connect_time = now;
  statistics_.last_activity = now;
  try {
    statistics_.connection_id = broker::crypto::random_guid();
  } catch (
      const broker::crypto::RandomFailure& failure) {  // nor would TLS have keys that nobody knows
    connect_failed(Error(ErrorCode::connection_failed, settings_.remote, failure.what()), now);
    return;
  }
  trace_connection(is_initiator() ? kConnecting : kAccept, std::nullopt, now);
  if (!is_initiator()) phase_ = Phase::login;
}

// ---- from the host ----

void Connection::connected(proto::TimePoint now) {
  if (phase_ != Phase::connecting) return;
  phase_ = Phase::login;
  trace_connection(kConnected, std::nullopt, now);
  login_.start(now);
  follow_login(now);
}

void Connection::connect_failed(const Error& error, proto::TimePoint now) {
  if (phase_ == Phase::ended) return;
  finish({ConnectionEnd::Kind::failed, error}, kConnectFailed, now);
}

void Connection::receive(proto::ByteView bytes, proto::TimePoint now) {
  if (phase_ == Phase::ended || phase_ == Phase::connecting) return;
  statistics_.bytes_received += bytes.size();
  ++statistics_.reads;
  statistics_.last_activity = now;
  last_heard_ = now;
  keep_alive_sent_.reset();
  if (phase_ == Phase::login) {
    login_.receive(bytes, now);
    follow_login(now);
    return;
  }
  const bool readable = channel_->read(bytes, decoder_.input());
  receive_frames(now);
  if (readable || phase_ == Phase::ended) return;
  fail(ErrorCode::receive_failed,
       channel_->is_closed() ? "10054, the peer closed the connection without a reason"
                             : "the bytes were altered on the way (" + channel_->failure() + ")",
       now);
}

void Connection::written(std::size_t bytes, proto::TimePoint now) {
  unwritten_bytes_ -= std::min(bytes, unwritten_bytes_);
  statistics_.last_activity = now;
}

void Connection::peer_closed(const std::string& reason, proto::TimePoint now) {
  if (phase_ == Phase::ended) return;
  if (phase_ == Phase::connecting) {
    connect_failed(Error(ErrorCode::connection_failed, settings_.remote, reason), now);
  } else if (phase_ == Phase::login) {
    login_.peer_closed(reason, now);
    follow_login(now);
  } else {
    fail(ErrorCode::receive_failed,
         reason.empty() ? "10054, the peer closed the connection without a reason"
                        : "10054, " + reason,
         now);
  }
}

proto::TimePoint Connection::settle_deadline() const {
  switch (phase_) {
    case Phase::connecting:
    case Phase::arbitrating: return phase_deadline_;
    case Phase::login: return login_.deadline();
    case Phase::online:
    case Phase::ended: return proto::kNever;
  }
  return proto::kNever;
}

proto::TimePoint Connection::deadline() const {
  if (phase_ != Phase::online) return settle_deadline();
  const proto::TimePoint idle =
      last_data_ + kIdleTime + (is_initiator() ? proto::Duration(0) : kIdleGrace);
  return std::min(
      idle, keep_alive_sent_ ? *keep_alive_sent_ + kKeepAliveTime : last_heard_ + kKeepAliveAfter);
}

void Connection::expire(proto::TimePoint now) {
  if (phase_ == Phase::ended || now < deadline()) return;
  if (phase_ == Phase::connecting) {
    connect_failed(Error(ErrorCode::connection_failed, settings_.remote, "10060, no answer"), now);
  } else if (phase_ == Phase::login) {
    login_.expire(now);
    follow_login(now);
  } else if (phase_ == Phase::arbitrating) {
    fail(ErrorCode::receive_failed, "10060, the peer did not answer the arbitration", now);
  } else if (now >= last_data_ + kIdleTime + (is_initiator() ? proto::Duration(0) : kIdleGrace)) {
    close(Close::IDLE, now);
  } else if (keep_alive_sent_) {
    fail(ErrorCode::receive_failed, "10060, the peer did not answer the keep-alive", now);
  } else {
    keep_alive_sent_ = now;
    AdjacentHeader header;
    header.mutable_keep_alive()->set_number(++keep_alive_number_);
    write(header);
  }
}

// ---- login ----

void Connection::follow_login(proto::TimePoint now) {
  auto steps = login_.take_traces();
  for (proto::TraceRecord& record : steps) {
    record.detail.emplace_back("peer", settings_.remote);
    traces_.push_back(std::move(record));
  }
  const proto::Bytes bytes = login_.take_output();
  output_.insert(output_.end(), bytes.begin(), bytes.end());
  if (login_.phase() == Handshake::Phase::done) {
    login_done(now);
  } else if (login_.phase() == Handshake::Phase::failed) {
    trace_login(now);
    Error error = login_.failure()->error;
    // The product's status of a peer that just goes away: 9755 with 10054. The audit says 28028.
    if (error.code == ErrorCode::peer_closed_handshake) {
      error = Error(ErrorCode::receive_failed, settings_.remote,
                    "10054, the peer closed the connection during the login");
    } else if (error.code == ErrorCode::receive_failed ||
               error.code == ErrorCode::handshake_message_corrupt) {
      error.parameters.front() = settings_.remote;
    }
    finish({ConnectionEnd::Kind::failed, std::move(error)}, kClosing, now);
  }
}

void Connection::login_done(proto::TimePoint now) {
  phase_ = Phase::arbitrating;
  phase_deadline_ = now + kArbitrationTime;
  channel_.emplace(login_.release_channel());
  decoder_ = login_.release_decoder();
  decoder_.set_limit(proto::kFrameBytesMax);
  statistics_.login_time = now;
  last_heard_ = now;
  last_data_ = now;
  trace_login(now);
  needs_verdict_ = is_arbiter();
  receive_frames(now);
}

Connection::PeerKey Connection::peer_key() const {
  const auto& offer = login_.peer_offer();
  return {settings_.kind, login_.peer_fingerprint(), offer ? offer->instance_id() : std::string()};
}

bool Connection::is_to_itself() const {
  return peer_key() ==
         PeerKey{settings_.kind, login_.own_fingerprint(), settings_.offer.instance_id()};
}

bool Connection::is_arbiter() const {
  const PeerKey own{settings_.kind, login_.own_fingerprint(), settings_.offer.instance_id()};
  const PeerKey peer = peer_key();
  return own == peer ? !is_initiator() : own > peer;
}

int Connection::login_state() const {
  switch (phase_) {
    case Phase::connecting: return 0;
    case Phase::login:
    case Phase::arbitrating: return login_.login_state();
    case Phase::online: return 12;
    case Phase::ended: return 13;
  }
  return 13;
}

// ---- arbitration ----

void Connection::decide(const std::optional<proto::Bytes>& other, proto::TimePoint now) {
  SSB_CHECK(needs_verdict_);
  needs_verdict_ = false;
  if (!other) {
    proceed(now);
    return;
  }
  trace_arbitration("another connection with this peer is online: this one should give way", now);
  proposed_ = other;
  write_arbitration(Arbitration::DUPLICATE, *other);
}

void Connection::proceed(proto::TimePoint now) {
  superseded_.reset();
  proposed_.reset();
  write_arbitration(Arbitration::PROCEED, {});
  go_online(now);
}

void Connection::answer(bool is_known, proto::TimePoint now) {
  SSB_CHECK(question_);
  const proto::Bytes token = *std::exchange(question_, std::nullopt);
  write_arbitration(is_known ? Arbitration::DUPLICATE : Arbitration::PROCEED, token);
  trace_arbitration(is_known ? "the peer prefers another connection, and so does this side"
                             : "the peer prefers a connection that this side has no more",
                    now);
  if (is_known) close(Close::DUPLICATE, now);
}

void Connection::receive_arbitration(const Arbitration& arbitration, proto::TimePoint now) {
  const proto::Bytes other = proto::to_bytes(arbitration.other());
  const bool is_verdict = arbitration.verdict() == Arbitration::PROCEED ||
                          arbitration.verdict() == Arbitration::DUPLICATE;
  if (phase_ != Phase::arbitrating || !is_verdict) {
    refuse_data(Error(ErrorCode::corrupt_message, settings_.remote, "an arbitration out of turn"),
                now);
  } else if (is_arbiter()) {
    if (!proposed_ || other != *proposed_) {
      refuse_data(Error(ErrorCode::corrupt_message, settings_.remote,
                        "an arbitration that was not asked for"),
                  now);
    } else if (arbitration.verdict() == Arbitration::DUPLICATE) {
      close(Close::DUPLICATE, now);
    } else {
      superseded_ = other;
    }
  } else if (arbitration.verdict() == Arbitration::DUPLICATE) {
    question_ = other;
  } else {
    go_online(now);
  }
}

void Connection::go_online(proto::TimePoint now) {
  phase_ = Phase::online;
  last_data_ = now;
  proto::TraceRecord record = step_record(HandshakeStep::online, now);
  record.detail = {{"role", is_initiator() ? "initiator" : "target"},
                   {"login", login_.identity().login},
                   {"encryption", algorithm_name(login_.algorithm())},
                   {"protocol", channel_->protocol_text()},
                   {"peer", settings_.remote}};
  traces_.push_back(std::move(record));
}

// ---- data ----

bool Connection::can_send() const {
  return phase_ == Phase::online && sent_bytes_ - peer_consumed_bytes_ < kCreditBytes &&
         unsent_bytes() < kWriteBytesMax;
}

void Connection::send(proto::Boxcar& boxcar, proto::TimePoint now) {
  SSB_CHECK(can_send());
  sent_bytes_ += boxcar.payload_bytes();
  statistics_.messages_sent += boxcar.messages();
  last_data_ = now;
  advertised_bytes_ = consumed_bytes_;
  write_bytes(boxcar.take(consumed_bytes_));
}

void Connection::arrivals_are_durable() {
  consumed_bytes_ = received_bytes_;
  if (phase_ != Phase::online || consumed_bytes_ - advertised_bytes_ < kCreditBytes / 4) return;
  advertised_bytes_ = consumed_bytes_;
  AdjacentHeader header;
  header.mutable_credit()->set_consumed_bytes(consumed_bytes_);
  write(header);
}

void Connection::receive_frames(proto::TimePoint now) {
  while (is_logged_in()) {
    auto next = decoder_.next();
    if (!next) {
      refuse_data(next.error(), now);
      return;
    }
    if (!*next) return;
    receive_frame(**next, now);
  }
}

void Connection::receive_frame(const proto::Frame& frame, proto::TimePoint now) {
  const AdjacentHeader& header = frame.header;
  if (header.has_arbitration()) {
    receive_arbitration(header.arbitration(), now);
  } else if (header.has_close()) {
    receive_close(header.close(), now);
  } else if (phase_ == Phase::online && header.has_data()) {
    receive_data(frame, now);
  } else if (phase_ == Phase::online && header.has_credit()) {
    take_credit(header.credit().consumed_bytes(), now);
  } else if (phase_ == Phase::online && header.has_keep_alive()) {
    if (header.keep_alive().is_answer()) return;
    AdjacentHeader answer;
    answer.mutable_keep_alive()->set_is_answer(true);
    answer.mutable_keep_alive()->set_number(header.keep_alive().number());
    write(answer);
    if (unsent_bytes() > 2 * kWriteBytesMax) {
      fail(ErrorCode::send_failed, "the peer asks, and does not read", now);
    }
  } else {
    refuse_data(Error(ErrorCode::corrupt_message, settings_.remote, "a message out of turn"), now);
  }
}

void Connection::receive_data(const proto::Frame& frame, proto::TimePoint now) {
  if (settings_.kind == EndpointKind::database_mirroring) {
    refuse_data(Error(ErrorCode::corrupt_message, settings_.remote,
                      "there is no mirroring session for this data"),
                now);
    return;
  }
  auto messages = proto::split_boxcar(frame, settings_.remote);
  if (!messages) {
    refuse_data(messages.error(), now);
    return;
  }
  received_bytes_ += frame.payload.size();
  if (received_bytes_ - advertised_bytes_ > kCreditBytes + proto::kFrameBytesMax) {
    refuse_data(
        Error(ErrorCode::corrupt_message, settings_.remote, "it sends more than its credit"), now);
    return;
  }
  take_credit(frame.header.data().consumed_bytes(), now);
  if (phase_ == Phase::ended) return;
  last_data_ = now;
  statistics_.messages_received += messages->size();
  std::move(messages->begin(), messages->end(), std::back_inserter(arrivals_));
}

void Connection::take_credit(std::uint64_t consumed_bytes, proto::TimePoint now) {
  if (consumed_bytes < peer_consumed_bytes_ || consumed_bytes > sent_bytes_) {
    refuse_data(Error(ErrorCode::corrupt_message, settings_.remote, "its credit is out of range"),
                now);
    return;
  }
  peer_consumed_bytes_ = consumed_bytes;
}

void Connection::receive_close(const Close& close, proto::TimePoint now) {
  const std::string parameter = displayable(close.parameter(), kCloseParameterBytesMax);
  if (close.reason() == Close::IDLE) {
    finish({ConnectionEnd::Kind::idle, std::nullopt}, kClosing, now);
  } else if (close.reason() == Close::DUPLICATE) {
    finish({ConnectionEnd::Kind::duplicate, Error(ErrorCode::duplicate_connection)}, kClosing, now);
  } else if (close.reason() == Close::CORRUPT) {
    const Error error(ErrorCode::receive_failed, settings_.remote,
                      "the peer refused what it received: " + parameter);
    trace_corrupted(error, true, now);
    finish({ConnectionEnd::Kind::failed, error}, kReceiveError, now);
  } else if (close.reason() == Close::ENDPOINT_CHANGED) {
    fail(ErrorCode::receive_failed, "the peer's endpoint was changed", now);
  } else if (close.reason() == Close::SHUT_DOWN) {
    fail(ErrorCode::receive_failed, "the peer shut down", now);
  } else {
    fail(ErrorCode::receive_failed, "the peer closed the connection", now);
  }
}

void Connection::refuse_data(Error error, proto::TimePoint now) {
  if (phase_ == Phase::ended) return;
  trace_corrupted(error, false, now);
  AdjacentHeader header;
  header.mutable_close()->set_reason(Close::CORRUPT);
  header.mutable_close()->set_error(error.number());
  header.mutable_close()->set_state(error.state);
  header.mutable_close()->set_parameter(error.text().substr(0, kCloseParameterBytesMax));
  write(header);
  finish({ConnectionEnd::Kind::failed, std::move(error)}, kReceiveError, now);
}

void Connection::close(Close::Reason reason, proto::TimePoint now, std::optional<Error> error) {
  if (phase_ == Phase::ended) return;
  if (is_logged_in()) {
    AdjacentHeader header;
    header.mutable_close()->set_reason(reason);
    write(header);
  }
  ConnectionEnd end;
  if (reason == Close::IDLE) {
    end.kind = ConnectionEnd::Kind::idle;
  } else if (reason == Close::DUPLICATE) {
    end.kind = ConnectionEnd::Kind::duplicate;
    end.error = Error(ErrorCode::duplicate_connection);
  } else {
    end.error =
        error ? std::move(*error)
              : Error(ErrorCode::receive_failed, settings_.remote, "this instance shuts down");
  }
  finish(std::move(end), kClosing, now);
}

void Connection::fail(ErrorCode code, std::string reason, proto::TimePoint now) {
  const int subclass = code == ErrorCode::send_failed ? kSendError : kReceiveError;
  finish({ConnectionEnd::Kind::failed, Error(code, settings_.remote, std::move(reason))}, subclass,
         now);
}

void Connection::finish(ConnectionEnd end, int closing_subclass, proto::TimePoint now) {
  if (phase_ == Phase::ended) return;
  trace_connection(closing_subclass, end.error, now);
  if (closing_subclass != kConnectFailed) trace_connection(kClosed, std::nullopt, now);
  phase_ = Phase::ended;
  needs_verdict_ = false;
  question_.reset();
  superseded_.reset();
  end_ = std::move(end);
  if (channel_) channel_->close();
}

// ---- output ----

void Connection::write(const AdjacentHeader& header) {
  write_bytes(proto::encode_frame(header));
}

std::size_t Connection::unsent_bytes() const {
  return unwritten_bytes_ + output_.size() + (channel_ ? channel_->output_bytes() : 0);
}

void Connection::write_bytes(proto::ByteView frame) {
  // A channel that fails here fails at the next receive too, where it is noticed.
  static_cast<void>(channel_->write(frame));
}

void Connection::write_arbitration(Arbitration::Verdict verdict, const proto::Bytes& other) {
  AdjacentHeader header;
  header.mutable_arbitration()->set_verdict(verdict);
  header.mutable_arbitration()->set_other(proto::to_string(other));
  write(header);
}

proto::Bytes Connection::take_output() {
  if (channel_) {
    proto::Bytes records = channel_->take_output();
    if (output_.empty())
      output_ = std::move(records);
    else
      output_.insert(output_.end(), records.begin(), records.end());
  }
  unwritten_bytes_ += output_.size();
  statistics_.bytes_sent += output_.size();
  if (!output_.empty()) ++statistics_.writes;
  return std::exchange(output_, {});
}

std::vector<proto::TraceRecord> Connection::take_traces() {
  return std::exchange(traces_, {});
}

void Connection::trace_connection(int subclass, const std::optional<Error>& error,
                                  proto::TimePoint now) {
  auto record =
      record_of(proto::EventClass::connection, subclass, connection_subclass_name(subclass), now);
  record.error = error;
  if (error) record.text = error->text();
  record.detail = {{"peer", settings_.remote},
                   {"role", is_initiator() ? "initiator" : "target"},
                   {"endpoint kind", kind_text(settings_.kind)}};
  traces_.push_back(std::move(record));
}

void Connection::trace_login(proto::TimePoint now) {
  const auto& failure = login_.failure();
  const LoginAudit audit = failure ? failure->audit : LoginAudit::success;
  auto record =
      record_of(proto::EventClass::audit_login, static_cast<int>(audit), audit_name(audit), now);
  const auto& peer = login_.peer_offer();
  record.detail = {
      {"endpoint kind", kind_text(settings_.kind)},
      {"role", is_initiator() ? "initiator" : "target"},
      {"local methods", methods_text(settings_.offer)},
      {"remote methods", peer ? methods_text(*peer) : ""},
      {"provider", login_.algorithm() == Negotiate::ALGORITHM_NONE ? "" : "CERTIFICATE"},
      {"encryption", algorithm_name(login_.algorithm())},
      {"connect string", settings_.remote},
      {"login state", login_state_name(login_.login_state())}};
  const std::string& user = failure && failure->error.code == ErrorCode::no_connect_on_endpoint &&
                                    !failure->error.parameters.empty()
                                ? failure->error.parameters.front()
                                : login_.identity().login;
  if (!user.empty()) record.detail.emplace_back("login", user);
  if (failure) {
    record.error = failure->error;
    record.text = failure->error.text();
    record.detail.emplace_back("decided by", failure->said_by_peer ? "the peer" : "this instance");
  }
  auto logged = record_of(proto::EventClass::error_log, 0, "", now);
  const char* kind = kind_text(settings_.kind);
  if (!failure) {
    logged.error = Error(ErrorCode::login_succeeded, kind, user, settings_.remote);
  } else if (user.empty()) {
    logged.error = Error(ErrorCode::login_failed, kind, record.text, settings_.remote);
  } else {
    logged.error =
        Error(ErrorCode::login_failed_for_user, kind, record.text, settings_.remote, user);
  }
  logged.text = logged.error->text();
  traces_.push_back(std::move(record));
  traces_.push_back(std::move(logged));
}

void Connection::trace_corrupted(const Error& error, bool said_by_peer, proto::TimePoint now) {
  auto record = record_of(proto::EventClass::corrupted_message, 0, "", now);
  record.error = error;
  record.text = error.text();
  record.detail = {{"peer", settings_.remote},
                   {"decided by", said_by_peer ? "the peer" : "this instance"}};
  traces_.push_back(std::move(record));
}

void Connection::trace_arbitration(const char* decision, proto::TimePoint now) {
  proto::TraceRecord record = step_record(HandshakeStep::arbitration, now);
  record.detail = {{"role", is_initiator() ? "initiator" : "target"},
                   {"decision", decision},
                   {"peer", settings_.remote}};
  traces_.push_back(std::move(record));
}

}  // namespace ssb::wire
