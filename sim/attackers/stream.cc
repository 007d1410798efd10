// What somebody on the cable can do to the bytes of a connection: change them, cut it at any place, deliver them in other portions.
#include <map>
#include <utility>

#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

// TLS records: type, version, u16 length.
constexpr std::size_t kRecordPrefixBytes = 5;
constexpr std::uint8_t kApplicationData = 23;

// A bit of the next records that carry data.
class Tamper : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    const bool is_data = bytes.size() > kRecordPrefixBytes && bytes[0] == kApplicationData;
    if (has_begun() && is_data && left_ > 0) {
      --left_;
      const std::size_t at =
          bytes.size() - 1 - random_bytes(1)[0] % (bytes.size() - kRecordPrefixBytes);
      bytes[at] ^= static_cast<std::uint8_t>(1U << (random_bytes(1)[0] % 8U));
      powers_.applied(1);
    }
    powers_.send(wire, to_acceptor, std::move(bytes));
  }

 private:
  void start() override { left_ = orders_.count("times"); }

  std::uint64_t left_ = 0;
};

// Every connection ends after some bytes of one direction, each a step later than the one before, up to `until` bytes.
class Cut : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void opened(WireNumber wire, Host, Host) override {
    if (!has_begun()) return;
    if (limit_ > orders_.count("until")) return;
    left_[wire] = limit_;
    limit_ += orders_.count("step");
  }
  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    const auto left = left_.find(wire);
    const bool is_meant = to_acceptor == (orders_.word("direction") == "to_acceptor");
    if (left == left_.end() || !is_meant) {
      powers_.send(wire, to_acceptor, std::move(bytes));
      return;
    }
    if (bytes.size() < left->second) {
      left->second -= bytes.size();
      powers_.send(wire, to_acceptor, std::move(bytes));
      return;
    }
    bytes.resize(static_cast<std::size_t>(left->second));
    left->second = 0;
    if (!bytes.empty()) powers_.send(wire, to_acceptor, std::move(bytes));
    powers_.after(std::chrono::milliseconds(1), [this, wire] { powers_.sever(wire); });
    powers_.applied(1);
  }

 private:
  std::uint64_t limit_ = 0;
  std::map<WireNumber, std::uint64_t> left_;
};

// The same bytes in portions of so many; or all of a moment in one.
class Portion : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    if (!has_begun()) {
      powers_.send(wire, to_acceptor, std::move(bytes));
    } else if (orders_.count("bytes") == 0) {
      Bytes& held = held_[{wire, to_acceptor}];
      if (held.empty()) {
        powers_.after(std::chrono::milliseconds(2),
                      [this, wire, to_acceptor] { let_go(wire, to_acceptor); });
      }
      append(held, bytes);
    } else {
      const auto size = static_cast<std::size_t>(orders_.count("bytes"));
      for (std::size_t at = 0; at < bytes.size(); at += size) {
        const std::size_t count = std::min(size, bytes.size() - at);
        powers_.send(wire, to_acceptor, proto::to_bytes(ByteView(bytes).subspan(at, count)));
        powers_.applied(1);
      }
    }
  }

  void closing(WireNumber wire, bool to_acceptor) override { let_go(wire, to_acceptor); }

 private:
  void let_go(WireNumber wire, bool to_acceptor) {
    const auto held = held_.find({wire, to_acceptor});
    if (held == held_.end() || held->second.empty()) return;
    powers_.send(wire, to_acceptor, std::exchange(held->second, {}));
    powers_.applied(1);
  }

  std::map<std::pair<WireNumber, bool>, Bytes> held_;
};

}  // namespace

std::unique_ptr<WireAttack> make_tamper(Powers& powers, const Orders& orders) {
  return std::make_unique<Tamper>(powers, orders);
}
std::unique_ptr<WireAttack> make_cut(Powers& powers, const Orders& orders) {
  return std::make_unique<Cut>(powers, orders);
}
std::unique_ptr<WireAttack> make_portion(Powers& powers, const Orders& orders) {
  return std::make_unique<Portion>(powers, orders);
}

}  // namespace ssb::sim::attackers
