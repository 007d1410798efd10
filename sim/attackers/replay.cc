// Replay and reflection: messages that were really sent, another time, somewhere else, or back to who sent them.
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

class Replay : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  void start() override {
    powers_.after(orders_.duration("after"), [this] { repeat(meant_history()); });
  }

  void repeat(const std::vector<Sighting>& seen) {
    if (seen.empty()) return;
    const std::string& which = orders_.word("which");
    for (std::uint64_t i = 0; i < orders_.count("times"); ++i) {
      if (which == "first") send(seen.front());
      if (which == "last") send(seen.back());
      if (which == "each") {
        for (const Sighting& sighting : seen) send(sighting);
      }
    }
  }

  void send(Sighting sighting) {
    if (orders_.has("to")) sighting.to = powers_.host(orders_.word("to"));
    hand_in(sighting);
    powers_.applied(1);
  }
};

class Reflect : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  void start() override {
    for (Sighting& sighting : meant_history()) {
      std::swap(sighting.from, sighting.to);
      sighting.message.header = turned(header_of(sighting.message)).write();
      sighting.message.hops_remaining = proto::kHopsMax;
      hand_in(sighting);
      powers_.applied(1);
    }
  }

  [[nodiscard]] Fields turned(Fields header) const {
    const std::string& how = orders_.word("how");
    if (how == "plain") return header;
    exchange(header, dialog_header::kFromService, dialog_header::kToService);
    exchange(header, dialog_header::kFromBroker, dialog_header::kToBroker);
    if (header.bytes(dialog_header::kFromBroker).empty())
      header.set(dialog_header::kFromBroker, ByteView(random_bytes(16)));
    if (how == "readdressed") return header;
    const bool from_initiator = header.number(dialog_header::kFromInitiator) != 0;
    header.set(dialog_header::kFromInitiator, std::uint64_t{from_initiator ? 0U : 1U});
    header.remove(dialog_header::kSawFirstAck);  // only from an initiator
    return header;
  }

  static void exchange(Fields& header, std::uint32_t one, std::uint32_t other) {
    const Bytes kept = header.bytes(one);
    header.set(one, ByteView(header.bytes(other)));
    header.set(other, ByteView(kept));
  }
};

// The same bytes of the stream again: TLS's sequence numbers are asked.
class ReplayOfBytes : public WireAttack {
 public:
  using WireAttack::WireAttack;

  void bytes(WireNumber wire, bool to_acceptor, Bytes bytes) override {
    powers_.send(wire, to_acceptor, bytes);
    if (!has_begun() || left_ == 0) return;
    --left_;
    powers_.send(wire, to_acceptor, std::move(bytes));
    powers_.applied(1);
  }

 private:
  void start() override { left_ = orders_.count("times"); }

  std::uint64_t left_ = 0;
};

}  // namespace

std::unique_ptr<HopAttack> make_replay(Powers& powers, const Orders& orders) {
  return std::make_unique<Replay>(powers, orders);
}
std::unique_ptr<WireAttack> make_replay_of_bytes(Powers& powers, const Orders& orders) {
  return std::make_unique<ReplayOfBytes>(powers, orders);
}
std::unique_ptr<HopAttack> make_reflect(Powers& powers, const Orders& orders) {
  return std::make_unique<Reflect>(powers, orders);
}

}  // namespace ssb::sim::attackers
