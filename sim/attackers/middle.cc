// In the middle of a login: the negotiation rewritten to weaken it; TLS ended here and begun again, with a certificate of its own.
#include <map>
#include <optional>
#include <utility>

#include "sim/attackers/link.h"
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

std::vector<std::uint64_t> unpacked(const Bytes& bytes) {
  std::vector<std::uint64_t> out(bytes.begin(), bytes.end());  // all are below 128
  return out;
}

// The first frame each way is in clear: rewritten. All that follows passes.
class Downgrade : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    Bytes& held = held_[{wire, to_acceptor}];
    if (!has_begun() || done_[{wire, to_acceptor}]) {
      powers_.send(wire, to_acceptor, std::move(bytes));
      return;
    }
    append(held, bytes);
    auto frame = take_frame(held);
    if (!frame) return;
    done_[{wire, to_acceptor}] = true;
    if (frame->header.has(adjacent::kNegotiate)) {
      frame->header.set_message(adjacent::kNegotiate,
                                weaker(frame->header.message(adjacent::kNegotiate)));
      powers_.applied(1);
    }
    Bytes out = write_frame(frame->header, frame->payload);
    append(out, std::exchange(held, {}));
    powers_.send(wire, to_acceptor, std::move(out));
  }

 private:
  [[nodiscard]] Fields weaker(Fields offer) const {
    const std::string& what = orders_.word("to");
    const bool is_choice = offer.number(negotiate_part::kChosenAlgorithm) != 0;
    if (what == "rc4") {
      Bytes left;
      for (const std::uint64_t algorithm : unpacked(offer.bytes(negotiate_part::kAlgorithms))) {
        if (algorithm != negotiate_part::kAes) append_varint(left, algorithm);
      }
      if (left.empty()) left = {static_cast<std::uint8_t>(negotiate_part::kRc4)};
      offer.set(negotiate_part::kAlgorithms, ByteView(left));
      if (is_choice)
        offer.set(negotiate_part::kChosenAlgorithm, std::uint64_t{negotiate_part::kRc4});
    } else {
      offer.set(negotiate_part::kEncryption, std::uint64_t{negotiate_part::kDisabled});
      offer.remove(negotiate_part::kAlgorithms);
      if (is_choice)
        offer.set(negotiate_part::kChosenAlgorithm, std::uint64_t{negotiate_part::kClear});
    }
    return offer;
  }

  std::map<std::pair<WireNumber, bool>, Bytes> held_;
  std::map<std::pair<WireNumber, bool>, bool> done_;
};

// Logs in to both sides in the place of the other. What it can read it writes down.
class ManInTheMiddle : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void opened(WireNumber wire, Host, Host) override {
    if (has_begun()) sessions_.try_emplace(wire);
  }
  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    const auto session = sessions_.find(wire);
    if (session == sessions_.end()) {
      powers_.send(wire, to_acceptor, std::move(bytes));
    } else if (session->second.to_opener) {
      relay(wire, session->second, to_acceptor, bytes);
    } else {
      negotiate(wire, session->second, to_acceptor, std::move(bytes));
    }
  }

 private:
  struct Session {
    Bytes clear[2];  // of opener and acceptor, before TLS
    std::optional<Tls> to_opener;
    std::optional<Tls> to_acceptor;
    bool is_applied = false;
  };

  void start() override {
    own_ = {};
    own_.key = Rsa::generate(2048);
    const Host model_host = powers_.host(orders_.other);
    std::optional<Certificate> model;
    if (orders_.word("certificate") == "same_names") {
      for (const Identity& identity : powers_.certificates_of(model_host)) {
        if (identity.database == "master" && !model) model = identity.certificate;
      }
    }
    own_.certificate =
        make_certificate(own_.key, "man in the middle", powers_.now() - std::chrono::hours(24),
                         powers_.now() + std::chrono::hours(24), model ? &*model : nullptr);
  }

  // Passed on as it is; the acceptor's answer says which TLS follows.
  void negotiate(WireNumber wire, Session& session, bool to_acceptor, Bytes bytes) {
    powers_.send(wire, to_acceptor, bytes);
    Bytes& clear = session.clear[to_acceptor ? 0 : 1];
    append(clear, bytes);
    if (to_acceptor) return;
    const auto frame = take_frame(clear);
    if (!frame) return;
    const std::uint64_t chosen =
        frame->header.message(adjacent::kNegotiate).number(negotiate_part::kChosenAlgorithm);
    if (chosen == 0) return;
    const Tls::Mode mode = chosen == negotiate_part::kAes   ? Tls::Mode::aes
                           : chosen == negotiate_part::kRc4 ? Tls::Mode::chacha
                                                            : Tls::Mode::clear;
    session.to_opener.emplace(Tls::Role::server, mode, own_.certificate, own_.key);
    session.to_acceptor.emplace(Tls::Role::client, mode, own_.certificate, own_.key);
    session.to_acceptor->receive({});
    flush(wire, session);
  }

  void relay(WireNumber wire, Session& session, bool from_opener, const Bytes& bytes) {
    Tls& near = from_opener ? *session.to_opener : *session.to_acceptor;
    Tls& far = from_opener ? *session.to_acceptor : *session.to_opener;
    near.receive(bytes);
    if (near.is_established() && !std::exchange(session.is_applied, true)) powers_.applied(1);
    const Bytes clear = near.read();
    if (!clear.empty()) powers_.learned(clear);
    far.write(clear);
    flush(wire, session);
  }

  void flush(WireNumber wire, Session& session) {
    if (Bytes out = session.to_opener->take_output(); !out.empty())
      powers_.send(wire, false, std::move(out));
    if (Bytes out = session.to_acceptor->take_output(); !out.empty())
      powers_.send(wire, true, std::move(out));
  }

  Identity own_;
  std::map<WireNumber, Session> sessions_;
};

}  // namespace

std::unique_ptr<WireAttack> make_downgrade(Powers& powers, const Orders& orders) {
  return std::make_unique<Downgrade>(powers, orders);
}
std::unique_ptr<WireAttack> make_man_in_the_middle(Powers& powers, const Orders& orders) {
  return std::make_unique<ManInTheMiddle>(powers, orders);
}

}  // namespace ssb::sim::attackers
