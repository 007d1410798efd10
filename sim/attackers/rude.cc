// Peers that do not keep to the protocol: other programs on the port, lengths that lie, slow and silent ones, storms of connections.
#include <map>
#include <optional>
#include <utility>

#include "sim/attackers/link.h"
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

using Samples = std::vector<Bytes>;

Samples other_protocols() {
  Bytes client_hello = {0x16, 0x03, 0x01, 0x00, 0x2F, 0x01, 0x00, 0x00, 0x2B, 0x03, 0x03};
  append(client_hello, random_bytes(41));
  return {proto::to_bytes(std::string_view("GET / HTTP/1.1\r\nHost: evil\r\n\r\n")),
          proto::to_bytes(std::string_view("SSH-2.0-OpenSSH_9.2\r\n")),
          client_hello,
          {0x12, 0x01, 0x00, 0x2F, 0x00, 0x00, 0x01, 0x00},  // TDS PRELOGIN
          random_bytes(64)};
}

Bytes with_length(std::uint64_t length, ByteView rest) {
  Bytes out;
  append_big_endian(out, length, 4);
  append(out, rest);
  return out;
}

// Before the login: lengths at every edge, and headers that do not fit into their frame or are none.
Samples lengths() {
  Fields header;
  header.set_message(adjacent::kNegotiate, negotiation(random_bytes(16)));
  const Bytes offer = header.write();
  Samples out;
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1025},
        std::uint64_t{1} << 18U, (std::uint64_t{1} << 31U) - 1, std::uint64_t{1} << 31U,
        (std::uint64_t{1} << 32U) - 1})
    out.push_back(with_length(length, Bytes{0x00, 0x01, 0x0A}));
  out.push_back(with_length(10, Bytes{0x00, 0x00, 1, 2, 3, 4, 5, 6, 7, 8}));  // no header
  out.push_back(
      with_length(10, Bytes{0x00, 0x09, 1, 2, 3, 4, 5, 6, 7, 8}));  // longer than the frame
  out.push_back(with_length(10, Bytes{0xFF, 0xFF, 1, 2, 3, 4, 5, 6, 7, 8}));
  Bytes twice = offer;
  append(twice, offer);
  out.push_back(write_frame(ByteView(twice), {}));  // the oneof twice
  Bytes padded = offer;
  padded[0] = static_cast<std::uint8_t>(padded[0] | 0x80U);
  padded.insert(padded.begin() + 1, 0x00);  // a tag in two bytes
  out.push_back(write_frame(ByteView(padded), {}));
  out.push_back(write_frame(ByteView(offer), random_bytes(8)));  // a payload where none belongs
  return out;
}

// After the login: frames of data whose inner lengths disagree.
Samples nested_lengths() {
  Fields travel;
  travel.set(1, std::uint64_t{16});
  Fields data;
  data.set_message(1, travel);
  Fields header;
  header.set_message(adjacent::kData, data);
  const auto payload = [](std::uint64_t header_bytes, std::uint64_t body_bytes, std::size_t real) {
    Bytes out;
    append_big_endian(out, header_bytes, 4);
    append(out, Bytes(real, 0x41));
    append_big_endian(out, body_bytes, 4);
    append(out, Bytes(real, 0x42));
    return out;
  };
  constexpr std::uint64_t kHuge = (std::uint64_t{1} << 32U) - 1;
  return {write_frame(header, payload(0, 8, 8)),
          write_frame(header, payload(kHuge, 8, 8)),
          write_frame(header, payload(9, 8, 8)),
          write_frame(header, payload(8, kHuge, 8)),
          write_frame(header, payload(8, 9, 8)),
          write_frame(header, payload(8, 7, 8)),
          write_frame(header, payload(20000, 8, 8)),
          write_frame(header, Bytes{0, 0, 0}),
          write_frame(header, {}),
          with_length(kHuge, Bytes{0, 4, 1, 2, 3, 4})};
}

// A connection a sample, one after the other; each must be closed by the other side.
class Garbage : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void begin() override {
    const std::string& what = orders_.word("what");
    samples_ = what == "protocols" ? other_protocols()
               : what == "lengths" ? lengths()
                                   : nested_lengths();
    logs_in_ = what == "nested_lengths";
    if (logs_in_) identity_ = login_identity(powers_, powers_.host(orders_.node));
    next();
  }
  void connected(WireNumber wire) override {
    if (logs_in_) {
      link_->connected(wire);
    } else {
      say(wire);
    }
  }
  void received(WireNumber wire, const Bytes& bytes) override {
    if (!logs_in_) return;
    link_->received(wire, bytes);
    if (link_->is_online() && !std::exchange(has_said_, true)) say(wire);
  }
  void closed(WireNumber wire) override {
    if (wire != wire_) return;
    powers_.after(std::chrono::milliseconds(1), [this] { next(); });
  }

 private:
  void next() {
    if (said_ == samples_.size()) return;
    const Host target = powers_.host(orders_.word("to"));
    has_said_ = false;
    if (logs_in_) {
      link_.emplace(powers_, identity_);
      link_->open(target);
      wire_ = link_->wire();
    } else {
      wire_ = powers_.connect(target, kBrokerPort);
    }
  }
  void say(WireNumber wire) {
    const Bytes& sample = samples_[said_++];
    if (logs_in_) {
      link_->send(sample);
    } else {
      powers_.write(wire, sample);
    }
    powers_.applied(1);
  }

  Samples samples_;
  std::size_t said_ = 0;
  bool logs_in_ = false;
  bool has_said_ = false;
  WireNumber wire_ = 0;
  Identity identity_;
  std::optional<Link> link_;
};

// A good negotiation, a byte at a time.
class Slow : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void begin() override { wire_ = powers_.connect(powers_.host(orders_.word("to")), kBrokerPort); }
  void connected(WireNumber) override {
    Fields header;
    header.set_message(adjacent::kNegotiate, negotiation(random_bytes(16)));
    bytes_ = write_frame(header);
    send_byte();
  }
  void closed(WireNumber) override { is_closed_ = true; }

 private:
  void send_byte() {
    if (is_closed_ || at_ == bytes_.size()) return;
    powers_.write(wire_, {bytes_[at_++]});
    powers_.applied(1);
    powers_.after(orders_.duration("every"), [this] { send_byte(); });
  }

  WireNumber wire_ = 0;
  Bytes bytes_;
  std::size_t at_ = 0;
  bool is_closed_ = false;
};

// In an instance's place: takes connections, and says nothing; or logs in and never acknowledges anything.
class Silent : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void begin() override {
    if (orders_.word("how") == "logged_in")
      identity_ = login_identity(powers_, powers_.host(orders_.node));
    powers_.listen(kBrokerPort);
  }
  void accepted(WireNumber wire) override {
    powers_.applied(1);
    if (orders_.word("how") != "logged_in") return;
    links_.try_emplace(wire, powers_, identity_).first->second.accept(wire);
  }
  void received(WireNumber wire, const Bytes& bytes) override {
    const auto link = links_.find(wire);
    if (link != links_.end()) link->second.received(wire, bytes);
  }
  void closed(WireNumber wire) override { links_.erase(wire); }

 private:
  Identity identity_;
  std::map<WireNumber, Link> links_;
};

// Connections, as many as there may be, that say nothing.
class Storm : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void begin() override {
    const Host target = powers_.host(orders_.word("to"));
    for (std::uint64_t i = 0; i < orders_.count("times"); ++i) {
      static_cast<void>(powers_.connect(target, kBrokerPort));
      powers_.applied(1);
    }
  }
};

// Logs in with a certificate that nobody there knows, or with one that is named as another one.
class Stranger : public PeerAttack {
 public:
  using PeerAttack::PeerAttack;

  void begin() override {
    const Host target = powers_.host(orders_.word("to"));
    Identity own;
    own.key = Rsa::generate(2048);
    std::optional<Certificate> model;
    if (orders_.word("certificate") == "same_names") {
      for (const Identity& identity : powers_.certificates_of(target)) {
        if (identity.database == "master" && identity.name == orders_.word("as"))
          model = identity.certificate;
      }
      if (!model) return;
    }
    own.certificate =
        make_certificate(own.key, "stranger", powers_.now() - std::chrono::hours(24),
                         powers_.now() + std::chrono::hours(24), model ? &*model : nullptr);
    link_.emplace(powers_, std::move(own));
    link_->open(target);
  }
  void connected(WireNumber wire) override {
    link_->connected(wire);
    powers_.applied(1);
  }
  void received(WireNumber wire, const Bytes& bytes) override { link_->received(wire, bytes); }

 private:
  std::optional<Link> link_;
};

}  // namespace

std::unique_ptr<PeerAttack> make_garbage(Powers& powers, const Orders& orders) {
  return std::make_unique<Garbage>(powers, orders);
}
std::unique_ptr<PeerAttack> make_slow(Powers& powers, const Orders& orders) {
  return std::make_unique<Slow>(powers, orders);
}
std::unique_ptr<PeerAttack> make_silent(Powers& powers, const Orders& orders) {
  return std::make_unique<Silent>(powers, orders);
}
std::unique_ptr<PeerAttack> make_storm(Powers& powers, const Orders& orders) {
  return std::make_unique<Storm>(powers, orders);
}
std::unique_ptr<PeerAttack> make_stranger(Powers& powers, const Orders& orders) {
  return std::make_unique<Stranger>(powers, orders);
}

}  // namespace ssb::sim::attackers
