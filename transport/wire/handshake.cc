#include "transport/wire/handshake.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/check.h"
#include "proto/error_code.h"
#include "proto/secret.h"

namespace ssb::wire {
namespace {

using broker::crypto::TlsChannel;
using proto::Error;
using proto::ErrorCode;
using proto::adjacent::AdjacentHeader;
using proto::adjacent::Close;

constexpr std::string_view kConfirmLabel = "EXPORTER-ssbsim-confirm";
constexpr std::string_view kTokenLabel = "EXPORTER-ssbsim-connection";
constexpr std::size_t kTokenBytes = 16;

// What the peer may be told, and what a peer's word is shown for: all others read as a closed
// connection.
constexpr std::array kTellable{
    ErrorCode::nothing_compatible,       ErrorCode::no_connect_on_endpoint,
    ErrorCode::peer_certificate_invalid, ErrorCode::own_certificate_invalid,
    ErrorCode::certificate_clash,        ErrorCode::handshake_not_confirmed,
    ErrorCode::endpoint_not_configured,  ErrorCode::not_an_adjacent_message};

bool is_tellable(std::int32_t number) {
  return std::any_of(kTellable.begin(), kTellable.end(), [number](ErrorCode code) {
    return static_cast<std::int32_t>(code) == number;
  });
}

template <typename... Parameters>
Error stated(ErrorCode code, int state, Parameters&&... parameters) {
  return Error(code, std::string(std::forward<Parameters>(parameters))..., std::to_string(state))
      .with_state(state);
}

bool offers_certificate(const Negotiate& offer) {
  const auto& methods = offer.authentication();
  return std::find(methods.begin(), methods.end(), Negotiate::CERTIFICATE) != methods.end();
}

std::string came(const AdjacentHeader& header) {
  const auto* descriptor = AdjacentHeader::descriptor()->FindFieldByNumber(header.kind_case());
  return descriptor == nullptr ? "an empty message" : "a message '" + descriptor->name() + "'";
}

const char* step_name(HandshakeStep step) {
  switch (step) {
    case HandshakeStep::negotiate_sent: return "Negotiate Sent";
    case HandshakeStep::negotiate_received: return "Negotiate Received";
    case HandshakeStep::chosen: return "Chosen";
    case HandshakeStep::tls_established: return "TLS Established";
    case HandshakeStep::own_certificate: return "Own Certificate";
    case HandshakeStep::peer_certificate: return "Peer Certificate";
    case HandshakeStep::confirmed: return "Confirmed";
    case HandshakeStep::arbitration: return "Arbitration";
    case HandshakeStep::online: return "Online";
    case HandshakeStep::failed: return "Failed";
  }
  return "";
}

Findings offer_findings(const Negotiate& offer) {
  return {{"instance", displayable(offer.instance_name(), kInstanceNameBytesMax)},
          {"endpoint kind", kind_name(offer.kind())},
          {"authentication", methods_text(offer)},
          {"encryption", encryption_text(offer)}};
}

}  // namespace

proto::TraceRecord step_record(HandshakeStep step, proto::TimePoint now) {
  proto::TraceRecord record;
  record.at = now;
  record.event = proto::EventClass::handshake_step;
  record.subclass = static_cast<int>(step);
  record.subclass_name = step_name(step);
  return record;
}

Handshake::Handshake(Role role, Negotiate offer, const Authority& authority, bool is_disabled,
                     proto::TimePoint now)
    : role_(role),
      own_offer_(std::move(offer)),
      authority_(authority),
      is_disabled_(is_disabled),
      deadline_(now + kHandshakeTime) {}

void Handshake::start(proto::TimePoint now) {
  SSB_CHECK(role_ == Role::initiator);
  deadline_ = now + kHandshakeTime;
  // An endpoint with Windows authentication alone has no certificate to load; the choice then says what does not fit.
  if (!offers_certificate(own_offer_) || load_own_certificate(now)) send_negotiate(own_offer_);
  if (phase_ == Phase::wait_negotiate)
    step(HandshakeStep::negotiate_sent, offer_findings(own_offer_), now);
}

proto::TimePoint Handshake::deadline() const {
  return is_over() ? proto::kNever : deadline_;
}

void Handshake::expire(proto::TimePoint now) {
  if (is_over() || now < deadline_) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kHandshakeTime).count();
  fail(Error(ErrorCode::receive_failed, "the peer",
             "10060, the login took longer than " + std::to_string(seconds) + " s"),
       LoginAudit::protocol_error, false, now);
}

void Handshake::peer_closed(const std::string& reason, proto::TimePoint now) {
  if (is_over()) return;
  Error error = stated(ErrorCode::peer_closed_handshake, kStatePeerClosed);
  if (!reason.empty()) error.parameters.push_back(reason);
  fail(std::move(error), LoginAudit::protocol_error, false, now);
}

proto::Bytes Handshake::take_output() {
  if (channel_) {
    const proto::Bytes records = channel_->take_output();
    output_.insert(output_.end(), records.begin(), records.end());
  }
  return std::exchange(output_, {});
}

int Handshake::login_state() const {
  switch (phase_) {
    case Phase::wait_negotiate: return 1;
    case Phase::wait_reject: return 8;
    case Phase::tls: return role_ == Role::initiator ? 2 : 3;
    case Phase::wait_confirm: return 10;
    case Phase::done: return 11;
    case Phase::failed: return 13;
  }
  return 0;
}

TlsChannel Handshake::release_channel() {
  SSB_CHECK(phase_ == Phase::done && channel_);
  return std::move(*channel_);
}

proto::FrameDecoder Handshake::release_decoder() {
  return std::move(decoder_);
}

void Handshake::receive(proto::ByteView bytes, proto::TimePoint now) {
  if (is_over()) return;
  received_bytes_ += bytes.size();
  if (received_bytes_ > kHandshakeBytesMax) {
    refuse(Error(ErrorCode::not_an_adjacent_message, "too many bytes before the login"),
           LoginAudit::message_format_error, now);
    return;
  }
  if (phase_ == Phase::tls || phase_ == Phase::wait_confirm) {
    receive_tls(bytes, now);
    return;
  }
  decoder_.append(bytes);
  receive_clear(now);
}

void Handshake::receive_clear(proto::TimePoint now) {
  while (phase_ == Phase::wait_negotiate || phase_ == Phase::wait_reject) {
    auto next = decoder_.next();
    if (!next) {
      refuse(next.error(), LoginAudit::message_format_error, now);
      return;
    }
    if (!*next) return;
    const proto::Frame& frame = **next;
    if (frame.header.has_close()) {
      receive_close(frame.header.close(), now);
    } else if (frame.header.has_negotiate() && phase_ == Phase::wait_negotiate) {
      receive_negotiate(frame, now);
    } else {
      unexpected(came(frame.header),
                 phase_ == Phase::wait_reject ? "the reason of a refusal" : "the negotiation", now);
    }
  }
  if (phase_ != Phase::tls) return;
  const proto::Bytes rest = decoder_.take_rest();
  if (!rest.empty()) receive_tls(rest, now);
}

void Handshake::receive_negotiate(const proto::Frame& frame, proto::TimePoint now) {
  const Negotiate& offer = frame.header.negotiate();
  const bool is_answer = role_ == Role::initiator;
  const bool has_choice = offer.chosen_authentication() != 0 || offer.chosen_algorithm() != 0;
  if (!is_well_formed(offer) || (has_choice && !is_answer)) {
    refuse(Error(ErrorCode::handshake_message_corrupt, "the peer", "negotiation"),
           LoginAudit::message_format_error, now);
    return;
  }
  peer_offer_ = offer;
  negotiate_frames_[is_answer ? 1 : 0] = proto::encode_frame(frame.header);
  step(HandshakeStep::negotiate_received, offer_findings(offer), now);
  if (is_answer) {
    accept_answer(now);
  } else {
    accept_offer(now);
  }
}

void Handshake::accept_offer(proto::TimePoint now) {
  if (is_disabled_ || peer_offer_->kind() != own_offer_.kind()) {
    send_negotiate(own_offer_);
    refuse(stated(ErrorCode::endpoint_not_configured, kStateNotConfigured,
                  kind_name(peer_offer_->kind())),
           LoginAudit::negotiate_failure, now);
    return;
  }
  const auto chosen = choose(*peer_offer_, own_offer_);
  if (!chosen) {
    send_negotiate(own_offer_);  // without a choice: the peer sees what does not fit
    refuse(chosen.error(), LoginAudit::negotiate_failure, now);
    return;
  }
  if (!load_own_certificate(now)) return;
  algorithm_ = *chosen;
  Negotiate answer = own_offer_;
  answer.set_chosen_authentication(Negotiate::CERTIFICATE);
  answer.set_chosen_algorithm(algorithm_);
  send_negotiate(answer);
  begin_tls(now);
}

void Handshake::accept_answer(proto::TimePoint now) {
  if (peer_offer_->chosen_algorithm() == Negotiate::ALGORITHM_NONE) {
    phase_ = Phase::wait_reject;
    return;
  }
  const auto chosen = choose(own_offer_, *peer_offer_);
  if (!chosen) {
    fail(chosen.error(), LoginAudit::negotiate_failure, false, now);
    return;
  }
  if (peer_offer_->kind() != own_offer_.kind() ||
      peer_offer_->chosen_authentication() != Negotiate::CERTIFICATE ||
      peer_offer_->chosen_algorithm() != *chosen) {
    fail(stated(ErrorCode::nothing_compatible, kStateEncryption,
                "encryption algorithm: the peer's choice breaks the rules"),
         LoginAudit::negotiate_failure, false, now);
    return;
  }
  algorithm_ = *chosen;
  begin_tls(now);
}

bool Handshake::load_own_certificate(proto::TimePoint now) {
  Findings findings;
  auto own = authority_.own_certificate(now, findings);
  if (!findings.empty()) step(HandshakeStep::own_certificate, std::move(findings), now);
  if (!own) {
    refuse(own.error(), LoginAudit::authentication_failure, now);
    return false;
  }
  own_ = std::move(*own);
  own_fingerprint_ = own_->certificate.fingerprint();
  return true;
}

void Handshake::begin_tls(proto::TimePoint now) {
  step(HandshakeStep::chosen,
       {{"authentication", "CERTIFICATE"},
        {"encryption", algorithm_name(algorithm_)},
        {"rule", own_offer_.encryption() == Negotiate::DISABLED ||
                         peer_offer_->encryption() == Negotiate::DISABLED
                     ? "a DISABLED side, no REQUIRED one: clear, signed"
                     : "first of the acceptor's algorithms that the initiator has"}},
       now);
  const auto role =
      role_ == Role::initiator ? TlsChannel::Role::initiator : TlsChannel::Role::acceptor;
  channel_.emplace(role, cipher_of(algorithm_), own_->certificate, own_->key);
  phase_ = Phase::tls;
  receive_tls({}, now);  // the initiator speaks first
}

void Handshake::receive_tls(proto::ByteView bytes, proto::TimePoint now) {
  proto::Bytes plaintext;
  bool alive = channel_->receive(bytes) && channel_->advance();
  if (alive && phase_ == Phase::tls && channel_->is_established()) tls_established(now);
  if (is_over()) return;
  if (alive && phase_ == Phase::wait_confirm) {
    alive = channel_->read(plaintext);
    // A dead channel has lost what it was about to say; one that the peer closed in order has not.
    if (channel_->is_established()) {
      decoder_.append(plaintext);
      receive_confirm(now);
    }
  }
  if (alive || is_over()) return;
  if (channel_->is_closed()) {
    peer_closed("", now);
    return;
  }
  const int state = role_ == Role::acceptor ? kStateTlsAcceptor : kStateTlsInitiator;
  fail(stated(ErrorCode::handshake_os_failure, state, channel_->failure()),
       LoginAudit::protocol_error, false, now);
}

void Handshake::tls_established(proto::TimePoint now) {
  step(HandshakeStep::tls_established, {{"protocol", channel_->protocol_text()}}, now);
  const auto peer = channel_->peer_certificate();
  SSB_CHECK(peer);  // an established channel has one
  peer_fingerprint_ = peer->fingerprint();
  const proto::Secret token = channel_->export_key(kTokenLabel, {});
  token_ = proto::to_bytes(token.view().first(kTokenBytes));
  phase_ = Phase::wait_confirm;

  Findings findings;
  auto identity = authority_.identify(*peer, now, findings);
  findings.emplace_back("decision",
                        identity ? "login " + identity->login : identity.error().text());
  step(HandshakeStep::peer_certificate, std::move(findings), now);
  if (!identity) {
    const bool is_permission = identity.error().code == ErrorCode::no_connect_on_endpoint;
    refuse(identity.error(),
           is_permission ? LoginAudit::authorization_failure : LoginAudit::authentication_failure,
           now);
    return;
  }
  identity_ = std::move(*identity);
  AdjacentHeader confirm;
  confirm.mutable_confirm()->set_mac(proto::to_string(confirmation(role_)));
  // A channel that fails here says so at the next receive.
  static_cast<void>(channel_->write(proto::encode_frame(confirm)));
}

broker::crypto::Sha256Digest Handshake::confirmation(Role role) const {
  proto::Bytes both = negotiate_frames_[0];
  both.insert(both.end(), negotiate_frames_[1].begin(), negotiate_frames_[1].end());
  const proto::Secret key = channel_->export_key(kConfirmLabel, broker::crypto::sha256(both));
  return broker::crypto::hmac_sha256(
      key.view(), proto::as_bytes(role == Role::initiator ? "initiator" : "acceptor"));
}

void Handshake::receive_confirm(proto::TimePoint now) {
  auto next = decoder_.next();
  if (!next) {
    refuse(next.error(), LoginAudit::message_format_error, now);
    return;
  }
  if (!*next) return;
  const AdjacentHeader& header = (*next)->header;
  if (header.has_close()) {
    receive_close(header.close(), now);
    return;
  }
  if (!header.has_confirm()) {
    unexpected(came(header), "the confirmation", now);
    return;
  }
  const auto expected = confirmation(role_ == Role::initiator ? Role::acceptor : Role::initiator);
  if (!proto::equal_in_constant_time(proto::as_bytes(header.confirm().mac()), expected)) {
    refuse(stated(ErrorCode::handshake_not_confirmed, kStateNotConfirmed),
           LoginAudit::authentication_failure, now);
    return;
  }
  phase_ = Phase::done;
  step(HandshakeStep::confirmed, {{"negotiation", "the same on both sides"}}, now);
}

void Handshake::receive_close(const Close& close, proto::TimePoint now) {
  if (close.reason() != Close::REFUSED || !is_tellable(close.error())) {
    peer_closed("", now);
    return;
  }
  Error error(static_cast<ErrorCode>(close.error()));
  error.state = close.state();
  const std::string parameter = displayable(close.parameter(), kCloseParameterBytesMax);
  if (!parameter.empty()) error.parameters.push_back(parameter);
  error.parameters.push_back(std::to_string(close.state()));
  const bool is_permission = error.code == ErrorCode::no_connect_on_endpoint;
  const bool is_negotiation = error.code == ErrorCode::nothing_compatible ||
                              error.code == ErrorCode::endpoint_not_configured;
  fail(std::move(error),
       is_permission    ? LoginAudit::authorization_failure
       : is_negotiation ? LoginAudit::negotiate_failure
                        : LoginAudit::authentication_failure,
       true, now);
}

void Handshake::send_clear(const AdjacentHeader& header) {
  const proto::Bytes frame = proto::encode_frame(header);
  output_.insert(output_.end(), frame.begin(), frame.end());
}

void Handshake::send_negotiate(const Negotiate& negotiate) {
  AdjacentHeader header;
  *header.mutable_negotiate() = negotiate;
  negotiate_frames_[role_ == Role::initiator ? 0 : 1] = proto::encode_frame(header);
  send_clear(header);
}

void Handshake::refuse(Error error, LoginAudit audit, proto::TimePoint now) {
  // Before the first byte of TLS the acceptor alone may answer in clear: the initiator's next bytes
  // would be taken for TLS.
  const bool in_clear = !channel_ && role_ == Role::acceptor;
  if (is_tellable(error.number()) && (in_clear || phase_ == Phase::wait_confirm)) {
    AdjacentHeader header;
    Close& close = *header.mutable_close();
    close.set_reason(Close::REFUSED);
    close.set_error(error.number());
    close.set_state(error.state);
    if (error.parameters.size() > 1)
      close.set_parameter(error.parameters.front().substr(0, kCloseParameterBytesMax));
    if (in_clear) {
      send_clear(header);
    } else {
      static_cast<void>(channel_->write(proto::encode_frame(header)));
    }
  }
  fail(std::move(error), audit, false, now);
}

void Handshake::fail(Error error, LoginAudit audit, bool said_by_peer, proto::TimePoint now) {
  step(HandshakeStep::failed,
       {{"decided by", said_by_peer ? "the peer" : "this instance"}, {"reason", error.text()}},
       now);
  traces_.back().error = error;
  failure_ = LoginFailure{std::move(error), audit, said_by_peer};
  phase_ = Phase::failed;
  if (channel_) channel_->close();
}

void Handshake::unexpected(std::string what, std::string expected, proto::TimePoint now) {
  refuse(stated(ErrorCode::unexpected_handshake_message, kStateUnexpected, std::move(what),
                std::move(expected)),
         LoginAudit::protocol_error, now);
}

void Handshake::step(HandshakeStep step, Findings findings, proto::TimePoint now) {
  proto::TraceRecord record = step_record(step, now);
  record.detail = std::move(findings);
  record.detail.insert(record.detail.begin(),
                       {"role", role_ == Role::initiator ? "initiator" : "target"});
  traces_.push_back(std::move(record));
}

}  // namespace ssb::wire
