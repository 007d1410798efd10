#include "sim/attackers/link.h"

#include <utility>

namespace ssb::sim::attackers {
namespace {

constexpr std::uint64_t kCertificateMethod = 4;
constexpr std::uint64_t kServiceBroker = 1;
constexpr std::uint64_t kProceed = 1;

Bytes packed(std::initializer_list<std::uint64_t> values) {
  Bytes out;
  for (const std::uint64_t value : values) append_varint(out, value);
  return out;
}

}  // namespace

Identity login_identity(Powers& powers, Host host) {
  for (Identity& identity : powers.keys_of(host)) {
    if (identity.database == "master") return std::move(identity);
  }
  Identity own;
  own.name = "stranger";
  own.key = Rsa::generate(2048);
  own.certificate = make_certificate(own.key, "stranger", powers.now() - std::chrono::hours(24),
                                     powers.now() + std::chrono::hours(24));
  return own;
}

Fields negotiation(ByteView instance_id) {
  Fields offer;
  offer.set(negotiate_part::kVersion, std::uint64_t{1});
  offer.set(negotiate_part::kInstanceName, proto::as_bytes("EVIL"));
  offer.set(negotiate_part::kInstanceId, instance_id);
  offer.set(negotiate_part::kKind, kServiceBroker);
  offer.set(negotiate_part::kAuthentication, ByteView(packed({kCertificateMethod})));
  offer.set(negotiate_part::kEncryption, std::uint64_t{negotiate_part::kSupported});
  offer.set(negotiate_part::kAlgorithms,
            ByteView(packed({negotiate_part::kAes, negotiate_part::kRc4})));
  return offer;
}

Link::Link(Powers& powers, Identity identity) : powers_(powers), identity_(std::move(identity)) {}

void Link::open(Host to, std::uint16_t port) {
  is_initiator_ = true;
  wire_ = powers_.connect(to, port);
}

void Link::accept(WireNumber wire) {
  is_initiator_ = false;
  wire_ = wire;
}

void Link::connected(WireNumber wire) {
  if (wire != wire_ || !is_initiator_) return;
  Fields header;
  header.set_message(adjacent::kNegotiate, negotiation(instance_id_));
  negotiations_[0] = write_frame(header);
  powers_.write(wire_, negotiations_[0]);
}

void Link::received(WireNumber wire, const Bytes& bytes) {
  if (wire != wire_) return;
  if (tls_) {
    tls_->receive(bytes);
    move_on();
    return;
  }
  append(received_, bytes);
  receive_negotiation();
}

void Link::receive_negotiation() {
  const Bytes before = received_;
  const auto frame = take_frame(received_);
  if (!frame || !frame->header.has(adjacent::kNegotiate)) return;
  const Bytes whole(before.begin(), before.end() - static_cast<std::ptrdiff_t>(received_.size()));
  Fields offer = frame->header.message(adjacent::kNegotiate);
  peers_instance_id_ = proto::to_string(offer.bytes(negotiate_part::kInstanceId));
  if (is_initiator_) {
    negotiations_[1] = whole;
    begin_tls(offer);
    return;
  }
  negotiations_[0] = whole;
  Fields answer = negotiation(instance_id_);
  answer.set(negotiate_part::kChosenAuthentication, kCertificateMethod);
  answer.set(negotiate_part::kChosenAlgorithm, std::uint64_t{negotiate_part::kAes});
  Fields header;
  header.set_message(adjacent::kNegotiate, answer);
  negotiations_[1] = write_frame(header);
  powers_.write(wire_, negotiations_[1]);
  begin_tls(answer);
}

void Link::begin_tls(const Fields& answer) {
  const std::uint64_t algorithm = answer.number(negotiate_part::kChosenAlgorithm);
  if (algorithm == 0) return;  // refused
  const Tls::Mode mode = algorithm == negotiate_part::kAes   ? Tls::Mode::aes
                         : algorithm == negotiate_part::kRc4 ? Tls::Mode::chacha
                                                             : Tls::Mode::clear;
  tls_.emplace(is_initiator_ ? Tls::Role::client : Tls::Role::server, mode, identity_.certificate,
               identity_.key);
  tls_->receive(std::exchange(received_, {}));
  move_on();
}

void Link::move_on() {
  if (tls_->is_established() && !is_confirmed_) {
    is_confirmed_ = true;
    Fields confirm;
    confirm.set(1, ByteView(confirmation(is_initiator_ ? "initiator" : "acceptor")));
    Fields header;
    header.set_message(adjacent::kConfirm, confirm);
    send(write_frame(header));
  }
  append(received_, tls_->read());
  while (const auto frame = take_frame(received_)) receive_frame(*frame);
  flush();
}

void Link::receive_frame(const Frame& frame) {
  Fields arbitration;
  arbitration.set(1, kProceed);
  Fields header;
  header.set_message(adjacent::kArbitration, arbitration);
  if (frame.header.has(adjacent::kConfirm) && is_arbiter()) {
    is_online_ = true;
    send(write_frame(header));
  } else if (frame.header.has(adjacent::kArbitration)) {
    is_online_ = frame.header.message(adjacent::kArbitration).number(1) == kProceed;
  } else if (frame.header.has(adjacent::kKeepAlive)) {
    Fields answer = frame.header.message(adjacent::kKeepAlive);
    if (answer.number(1) != 0) return;
    answer.set(1, std::uint64_t{1});
    Fields reply;
    reply.set_message(adjacent::kKeepAlive, answer);
    send(write_frame(reply));
  }
}

// Both of one kind: the greater certificate, then the greater instance id.
bool Link::is_arbiter() const {
  return std::pair(identity_.certificate.hash(), proto::to_string(instance_id_)) >
         std::pair(tls_->peer().hash(), peers_instance_id_);
}

Bytes Link::confirmation(std::string_view role) const {
  Bytes both = negotiations_[0];
  append(both, negotiations_[1]);
  return hmac(tls_->export_key("EXPORTER-ssbsim-confirm", sha256(both)), proto::as_bytes(role));
}

void Link::send(ByteView frame) {
  tls_->write(frame);
  flush();
}

void Link::flush() {
  Bytes out = tls_->take_output();
  if (!out.empty()) powers_.write(wire_, std::move(out));
}

}  // namespace ssb::sim::attackers
