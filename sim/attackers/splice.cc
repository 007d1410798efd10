// Messages taken apart and put together otherwise: security stripped off, parts of one message on another one.
#include "sim/attackers/makers.h"

namespace ssb::sim::attackers {
namespace {

// On every message that passes, retries too.
class Strip : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  Fate act(Sighting& sighting) override {
    Fields header = header_of(sighting.message);
    Fields security = header.message(dialog_header::kSecurity);
    const Fields first = security.message(security_part::kFirst);
    if (!is_meant(sighting) || !header.has(dialog_header::kSecurity)) return Fate::pass;
    const std::string& what = orders_.word("what");
    if (what == "security") {
      clear(header, sighting.message);
    } else if (!security.has(security_part::kFirst)) {
      return Fate::pass;
    } else if (what == "header") {
      security.remove(security_part::kFirst);
      header.set_message(dialog_header::kSecurity, security);
    } else {
      security.set_message(security_part::kFirst, without_signer(first));
      header.set_message(dialog_header::kSecurity, security);
    }
    sighting.message.header = header.write();
    powers_.applied(1);
    return Fate::pass;
  }

  // As if ENCRYPTION were OFF: the attacker's own words in the place of those that it cannot read.
  void clear(Fields& header, proto::DialogMessage& message) const {
    header.remove(dialog_header::kSecurity);
    const MessageKind kind = kind_of(header);
    message.body.clear();
    if (kind != MessageKind::begin && kind != MessageKind::sequenced) return;
    message.body = proto::to_utf16le(orders_.word("body"));
    header.set(dialog_header::kTotalLength, message.body.size());
    header.set(dialog_header::kFragmentCount, std::uint64_t{1});
    header.set(dialog_header::kFragmentIndex, std::uint64_t{0});
  }

  static Fields without_signer(Fields first) {
    Fields grant = Fields::parse(first.bytes(first_part::kGrant)).value_or(Fields());
    grant.remove(grant_part::kSource);
    first.set(first_part::kGrant, ByteView(grant.write()));
    first.remove(first_part::kSignature);
    return first;
  }
};

// A part of an earlier message of the same sender, of another conversation where there is one, on each that passes.
class Splice : public HopAttack {
 public:
  using HopAttack::HopAttack;

 private:
  Fate act(Sighting& sighting) override {
    if (!is_meant(sighting)) return Fate::pass;
    Fields header = header_of(sighting.message);
    const std::string& what = orders_.word("what");
    const Sighting* donor = find_donor(sighting, what == "security_header" || what == "grant");
    if (donor == nullptr) return Fate::pass;
    const Fields from = header_of(donor->message);
    if (what == "body") {
      sighting.message.body = donor->message.body;
    } else if (what == "conversation") {
      header.set(dialog_header::kConversationId,
                 ByteView(from.bytes(dialog_header::kConversationId)));
    } else if (what == "security") {
      header.set_message(dialog_header::kSecurity, from.message(dialog_header::kSecurity));
    } else {
      Fields security = header.message(dialog_header::kSecurity);
      Fields first = from.message(dialog_header::kSecurity).message(security_part::kFirst);
      if (what == "grant") first = with_grant_of(security.message(security_part::kFirst), first);
      security.set_message(security_part::kFirst, first);
      header.set_message(dialog_header::kSecurity, security);
    }
    sighting.message.header = header.write();
    powers_.applied(1);
    return Fate::pass;
  }

  static Fields with_grant_of(Fields first, const Fields& other) {
    first.set(first_part::kGrant, ByteView(other.bytes(first_part::kGrant)));
    first.set(first_part::kSignature, ByteView(other.bytes(first_part::kSignature)));
    return first;
  }

  [[nodiscard]] const Sighting* find_donor(const Sighting& sighting, bool needs_first) const {
    const Bytes conversation = header_of(sighting.message).bytes(dialog_header::kConversationId);
    const Sighting* best = nullptr;
    for (const Sighting& candidate : history()) {
      const Fields header = header_of(candidate.message);
      const bool has_first = header.message(dialog_header::kSecurity).has(security_part::kFirst);
      if (candidate.from != sighting.from || (needs_first && !has_first)) continue;
      if (candidate.message.header == sighting.message.header) continue;
      const bool is_other = header.bytes(dialog_header::kConversationId) != conversation;
      if (best == nullptr || is_other) best = &candidate;
    }
    return best;
  }
};

}  // namespace

std::unique_ptr<HopAttack> make_strip(Powers& powers, const Orders& orders) {
  return std::make_unique<Strip>(powers, orders);
}
std::unique_ptr<HopAttack> make_splice(Powers& powers, const Orders& orders) {
  return std::make_unique<Splice>(powers, orders);
}

}  // namespace ssb::sim::attackers
