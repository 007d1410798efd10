// Every bit, or one of every byte, and every length: the exhaustive changes of one message that its receiver has not seen yet. All the
// changed copies go before it; then it is passed on itself, or not.
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Where the bytes of the security part stand in a header: its fields stand in the order of their numbers.
Range security_range(const Fields& header) {
  Fields before;
  Fields with;
  for (const Field& field : header.all()) {
    if (field.number < dialog_header::kSecurity) before.add(field);
    if (field.number <= dialog_header::kSecurity) with.add(field);
  }
  return {before.write().size(), with.write().size()};
}

class ChangedCopies : public HopAttack {
 public:
  using HopAttack::HopAttack;

 protected:
  virtual void hand_in_copies(const Sighting& sighting) = 0;

  void hand_in_changed(const Sighting& copy) {
    ++copies_;
    hand_in(copy);
  }

 private:
  Fate act(Sighting& sighting) override {
    if (is_done_ || !is_meant(sighting)) return Fate::pass;
    is_done_ = true;
    hand_in_copies(sighting);
    powers_.applied(copies_);
    if (orders_.word("original") == "pass") hand_in(sighting);
    return Fate::taken;
  }

  bool is_done_ = false;
  std::uint64_t copies_ = 0;
};

class Flip : public ChangedCopies {
 public:
  using ChangedCopies::ChangedCopies;

 private:
  void hand_in_copies(const Sighting& sighting) override {
    const std::string& part = orders_.word("part");
    const proto::DialogMessage& message = sighting.message;
    if (part == "body" || part == "all") {
      flip(sighting, &proto::DialogMessage::body, {0, message.body.size()});
    }
    if (part == "security") {
      flip(sighting, &proto::DialogMessage::header, security_range(header_of(message)));
    }
    if (part == "header" || part == "all") {
      flip(sighting, &proto::DialogMessage::header, {0, message.header.size()});
    }
  }

  void flip(const Sighting& sighting, Bytes proto::DialogMessage::*bytes, Range range) {
    const bool every_bit = orders_.word("each") == "bit";
    for (std::size_t at = range.begin; at < range.end; ++at) {
      const unsigned chosen = random_bytes(1)[0] % 8U;
      for (unsigned bit = 0; bit < 8; ++bit) {
        if (!every_bit && bit != chosen) continue;
        Sighting copy = sighting;
        (copy.message.*bytes)[at] ^= static_cast<std::uint8_t>(1U << bit);
        hand_in_changed(copy);
      }
    }
  }
};

class Truncate : public ChangedCopies {
 public:
  using ChangedCopies::ChangedCopies;

 private:
  void hand_in_copies(const Sighting& sighting) override {
    cut(sighting, &proto::DialogMessage::header);
    cut(sighting, &proto::DialogMessage::body);
  }

  void cut(const Sighting& sighting, Bytes proto::DialogMessage::*bytes) {
    const std::size_t size = (sighting.message.*bytes).size();
    for (std::size_t length = 0; length < size; ++length) {
      Sighting copy = sighting;
      (copy.message.*bytes).resize(length);
      hand_in_changed(copy);
    }
  }
};

}  // namespace

std::unique_ptr<HopAttack> make_flip(Powers& powers, const Orders& orders) {
  return std::make_unique<Flip>(powers, orders);
}
std::unique_ptr<HopAttack> make_truncate(Powers& powers, const Orders& orders) {
  return std::make_unique<Truncate>(powers, orders);
}

}  // namespace ssb::sim::attackers
